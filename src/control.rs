//! The control socket: one line of JSON in, one line of JSON out.
//!
//! A request is an object with a `verb`; the answer is `{"ok": true, "result": …}` or
//! `{"ok": false, "error": "…"}`. A connection may ask any number of times, one after the other.

mod request;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader as AsyncBufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

pub use self::request::Request;

use crate::driver::AppHandle;
use crate::profile::Profile;

/// The longest line either side reads.
const MAX_LINE: u64 = 1024 * 1024;
/// Connections served at once.
const MAX_CLIENTS: usize = 32;
/// A client that says nothing for this long is let go.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a client waits for the phone.
const ANSWER: Duration = Duration::from_secs(10);
/// How long the last answers may take to be written.
const LAST_ANSWERS: Duration = Duration::from_millis(200);
/// `sun_path` holds 108 octets with its end.
const MAX_PATH: usize = 100;

#[derive(Debug, Serialize, Deserialize)]
struct Response {
    ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Response {
    fn new(answer: Result<Value, String>) -> Self {
        match answer {
            Ok(result) => Self {
                ok: true,
                result: Some(result),
                error: None,
            },
            Err(error) => Self {
                ok: false,
                result: None,
                error: Some(error),
            },
        }
    }
}

/// The served socket; its file goes when this is dropped.
pub struct Serving {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
    answering: Arc<Semaphore>,
}

impl Serving {
    /// Waits until the answers that are due are written: whoever said `quit` hears that it is done.
    pub async fn finish(self) {
        let everyone = u32::try_from(MAX_CLIENTS).unwrap_or(1);
        let _ = timeout(LAST_ANSWERS, self.answering.acquire_many(everyone)).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Serves the socket of the phone behind `handle`. Whoever calls this holds the profile's lock,
/// so a socket that is there already is one that a killed phone left behind.
pub fn serve(handle: AppHandle) -> io::Result<Serving> {
    let path = handle.profile().control_socket();
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = short_path(&path, |path| UnixListener::bind(path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    }
    let places = Arc::new(Semaphore::new(MAX_CLIENTS));
    let answering = Arc::new(Semaphore::new(MAX_CLIENTS));
    let answers = answering.clone();
    let task = tokio::spawn(async move {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (handle, answers) = (handle.clone(), answers.clone());
                    tokio::spawn(async move {
                        // A client that goes away in the middle needs no answer.
                        let _ = attend(stream, handle, &answers).await;
                        drop(place);
                    });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    });
    Ok(Serving {
        path,
        task,
        answering,
    })
}

async fn attend(stream: UnixStream, handle: AppHandle, answers: &Semaphore) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = AsyncBufReader::new(read);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut lines).take(MAX_LINE);
        match timeout(PATIENCE, bounded.read_until(b'\n', &mut line)).await {
            Ok(Ok(1..)) => {}
            _ => return Ok(()),
        }
        let _answering = answers.acquire().await;
        let response = Response::new(respond(&line, &handle).await);
        let mut text = serde_json::to_vec(&response)?;
        text.push(b'\n');
        write.write_all(&text).await?;
        if line.last() != Some(&b'\n') {
            return Ok(());
        }
    }
}

async fn respond(line: &[u8], handle: &AppHandle) -> Result<Value, String> {
    let request: Request = serde_json::from_slice(line)
        .map_err(|error| format!("the request cannot be read: {error}"))?;
    match request {
        Request::TaskClosed { task } => handle.tell_closed(task),
        Request::TariffsChanged {} => handle.read_tariffs(),
        Request::SettingsChanged {} => handle.read_settings().map_err(|error| error.to_string())?,
        Request::CallMarked { call } => handle.tell_marked(call),
        request => return carry_out(request, handle).await,
    }
    Ok(Value::Object(serde_json::Map::new()))
}

async fn carry_out(request: Request, handle: &AppHandle) -> Result<Value, String> {
    let command = request.command()?;
    let (send, answered) = oneshot::channel();
    handle.command(command, move |answer| drop(send.send(answer)));
    let answer = answered
        .await
        .map_err(|_| "the phone has ended".to_owned())?;
    let reply = answer.map_err(|error| error.to_string())?;
    serde_json::to_value(reply).map_err(|error| error.to_string())
}

/// Why the phone did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens.
    #[error("no Ringbook is running on the profile {}", dir.display())]
    NotRunning {
        /// The profile.
        dir: PathBuf,
    },
    /// The connection broke.
    #[error("the running Ringbook does not answer: {0}")]
    Broken(#[from] io::Error),
    /// The phone refused.
    #[error("{0}")]
    Refused(String),
}

/// Asks the phone that runs on `profile` and waits for its answer.
pub fn ask(profile: &Profile, request: &Request) -> Result<Value, ControlError> {
    let path = profile.control_socket();
    let mut stream = short_path(&path, |path| BlockingStream::connect(path)).map_err(|error| {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                ControlError::NotRunning {
                    dir: profile.dir().to_owned(),
                }
            }
            _ => ControlError::Broken(error),
        }
    })?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    let mut line = serde_json::to_vec(request).map_err(io::Error::from)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream)
        .take(MAX_LINE)
        .read_line(&mut answer)?;
    let response: Response = serde_json::from_str(&answer).map_err(io::Error::from)?;
    match response {
        Response {
            ok: true, result, ..
        } => Ok(result.unwrap_or_default()),
        Response { error, .. } => Err(ControlError::Refused(error.unwrap_or_default())),
    }
}

/// Uses a socket by a path that fits the system's limit: a long one is reached through its
/// directory's descriptor.
fn short_path<T>(path: &Path, with: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    if path.as_os_str().len() <= MAX_PATH {
        return with(path);
    }
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let dir = File::open(dir)?;
    with(
        &Path::new("/proc/self/fd")
            .join(dir.as_raw_fd().to_string())
            .join(name),
    )
}
