//! baresip: a phone of another house, steered over its TCP control socket.

use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Journal, PATIENCE, Program, Transport, Wav, eventually, free_port, password, wav};

/// How baresip takes part in a test.
pub struct Line<'a> {
    pub user: &'a str,
    /// `host:port` of the registrar.
    pub registrar: &'a str,
    pub transport: Transport,
    /// As baresip names codecs: `PCMU/8000/1`, `G722/16000/1`, `opus/48000/2`.
    pub codec: &'a str,
    /// It says nothing but this tone.
    pub tone_hz: u32,
    pub answers_itself: bool,
    /// As baresip names it: `srtp`, `srtp-mand`, `dtls_srtp`; empty for none.
    pub encryption: &'a str,
    /// As baresip names it: `ice`; empty for none.
    pub nat: &'a str,
}

pub struct Baresip {
    program: Program,
    control: TcpStream,
    events: Arc<Journal<Value>>,
    folder: TempDir,
}

impl Baresip {
    /// Starts it and waits until it is registered.
    pub fn start(line: &Line) -> Baresip {
        let folder = tempfile::tempdir().unwrap();
        let control = free_port();
        write_settings(line, control, &folder);
        let folder_name = folder.path().display().to_string();
        let program = Program::start("/usr/bin/baresip", &["-f", &folder_name], folder.path());
        program.wait_line(&program.output, "200 OK");
        let control = TcpStream::connect((Ipv4Addr::LOCALHOST, control)).unwrap();
        let events = read_events(control.try_clone().unwrap());
        Baresip {
            program,
            control,
            events,
            folder,
        }
    }

    pub fn dial(&mut self, target: &str) {
        self.command("dial", target);
    }

    pub fn hang_up(&mut self) {
        self.command("hangup", "");
    }

    /// Waits for an event of this type, such as `CALL_ESTABLISHED`.
    pub fn wait(&self, kind: &str) -> Value {
        self.wait_for(kind, |_| true)
    }

    /// The same for one of which `wanted` holds.
    pub fn wait_for(&self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let pick = |event: &Value| (event["type"] == kind && wanted(event)).then(|| event.clone());
        self.events.wait(0, PATIENCE, pick).unwrap_or_else(|| {
            self.program.fail(&format!(
                "has not told of {kind} but: {:?}",
                self.events.all()
            ))
        })
    }

    /// Waits until it has decoded this much of the other side.
    pub fn wait_heard(&self, seconds: f64) {
        eventually(&format!("{seconds} s of audio at baresip"), || {
            (self.seconds_heard()? >= seconds).then_some(())
        });
    }

    /// The same, from now on.
    pub fn wait_heard_more(&self, seconds: f64) {
        self.wait_heard(self.seconds_heard().unwrap_or(0.0) + seconds);
    }

    fn seconds_heard(&self) -> Option<f64> {
        let dumps = self.dumps("-dec.wav").into_iter();
        dumps.map(|path| wav::seconds_so_far(&path)).sum()
    }

    /// What it has decoded of the other side, once its call has ended.
    pub fn heard(&self) -> Wav {
        let dumps = self.dumps("-dec.wav");
        let pieces = dumps.iter().map(|path| Wav::read(path));
        let whole = pieces.reduce(Wav::followed_by);
        whole.unwrap_or_else(|| self.program.fail("has heard nothing"))
    }

    /// The files into which the filter `sndfile` writes what passes it: another one whenever the
    /// sound begins anew, the oldest first.
    fn dumps(&self, ending: &str) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        paths.retain(|path| path.to_string_lossy().ends_with(ending));
        paths.sort();
        paths
    }

    /// Sends one command and waits until baresip has done it.
    pub fn command(&mut self, name: &str, parameters: &str) {
        let from = self.events.len();
        let text = json!({ "command": name, "params": parameters, "token": name }).to_string();
        // A netstring: length, colon, text, comma.
        write!(self.control, "{}:{text},", text.len()).unwrap();
        let pick = |event: &Value| (event["response"] == true).then(|| event["ok"] == true);
        match self.events.wait(from, PATIENCE, pick) {
            Some(true) => {}
            done => self
                .program
                .fail(&format!("answered {done:?} to {name} {parameters}")),
        }
    }
}

fn write_settings(line: &Line, control: u16, folder: &TempDir) {
    let Line {
        user,
        registrar,
        transport,
        codec,
        tone_hz,
        encryption,
        nat,
        ..
    } = line;
    let encryption = match *encryption {
        "" => String::new(),
        name => format!(";mediaenc={name}"),
    };
    let nat = match *nat {
        "" => String::new(),
        name => format!(";medianat={name}"),
    };
    let path = folder.path().display();
    let settings = format!(
        "sip_listen 127.0.0.1:{sip}\n\
         net_interface 127.0.0.1\n\
         rtp_ports 10000-19999\n\
         rtcp_mux {mux}\n\
         module_path /usr/lib/baresip/modules\n\
         module_tmp uuid.so\n\
         module_tmp account.so\n\
         module g711.so\n\
         module g722.so\n\
         module opus.so\n\
         module ausine.so\n\
         module aubridge.so\n\
         module sndfile.so\n\
         module srtp.so\n\
         module dtls_srtp.so\n\
         module ice.so\n\
         module_app menu.so\n\
         module_app ctrl_tcp.so\n\
         ctrl_tcp_listen 127.0.0.1:{control}\n\
         audio_source ausine,{tone_hz}\n\
         audio_player aubridge,sink\n\
         ausrc_srate 48000\n\
         ausrc_channels 2\n\
         snd_path {path}\n",
        sip = free_port(),
        mux = if nat.is_empty() { "no" } else { "yes" },
    );
    let account = format!(
        "<sip:{user}@{registrar};transport={transport}>;auth_user={user};auth_pass={password};\
         regint=60;audio_codecs={codec};answermode={answer}{encryption}{nat}\n",
        transport = transport.parameter(),
        password = password(user),
        answer = if line.answers_itself {
            "auto"
        } else {
            "manual"
        },
    );
    fs::write(folder.path().join("config"), settings).unwrap();
    fs::write(folder.path().join("accounts"), account).unwrap();
    fs::write(folder.path().join("contacts"), "").unwrap();
}

/// Reads the control socket's netstrings of JSON in a thread of their own.
fn read_events(stream: TcpStream) -> Arc<Journal<Value>> {
    let journal = Arc::new(Journal::new());
    let events = Arc::clone(&journal);
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        while let Some(event) = read_netstring(&mut reader) {
            events.push(event);
        }
        events.close();
    });
    journal
}

fn read_netstring(reader: &mut impl Read) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut byte = [0];
        reader.read_exact(&mut byte).ok()?;
        match byte[0] {
            digit @ b'0'..=b'9' => length = length * 10 + usize::from(digit - b'0'),
            _ => break,
        }
    }
    let mut text = vec![0; length + 1];
    reader.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text[..length]).ok()
}
