//! The file of a recording on its way to whoever asks for it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use hyper::StatusCode;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::problem::Problem;
use super::range::{Wanted, wanted};
use super::request::Asked;
use super::server::{Content, Reply};
use crate::export::recording_path;
use crate::model::RecordingRow;

/// What is read at once, octets.
const CHUNK: usize = 64 * 1024;
/// Chunks that wait for a slow reader.
const AHEAD: usize = 4;

/// A recording's file, open.
pub(super) struct Sound {
    file: File,
    length: u64,
    kind: &'static str,
    /// Tells this content from any other; none where its hash was never known.
    tag: Option<String>,
}

impl Sound {
    pub fn open(recordings: &Path, row: &RecordingRow) -> Result<Self, Problem> {
        let missing = |error: &dyn std::fmt::Display| {
            Problem::not_found(format!("the file of the recording cannot be read: {error}"))
        };
        let path = recording_path(recordings, &row.file).map_err(|error| missing(&error))?;
        let file = File::open(&path).map_err(|error| missing(&error))?;
        let known = file.metadata().map_err(|error| missing(&error))?;
        let ending = path.extension().and_then(|ending| ending.to_str());
        let hex = |hash: &[u8; 32]| -> String {
            hash.iter().map(|octet| format!("{octet:02x}")).collect()
        };
        Ok(Self {
            file,
            length: known.len(),
            kind: match ending {
                Some("opus" | "ogg") => "audio/ogg",
                _ => "audio/wav",
            },
            tag: row.sha256.as_ref().map(|hash| format!("\"{}\"", hex(hash))),
        })
    }

    /// All of it, or the part that is asked for.
    pub fn reply(self, asked: &Asked) -> Result<Reply, Problem> {
        // A part of another content than the one that is known to whoever asks is of no use (RFC 9110 §13.1.5).
        let is_same = asked.if_range.is_none() || asked.if_range == self.tag;
        let header = asked.range.as_deref().filter(|_| is_same);
        let length = self.length;
        let (status, part) = match header.map_or(Wanted::Whole, |header| wanted(header, length)) {
            Wanted::Whole => (StatusCode::OK, 0..length),
            Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
            Wanted::Unsatisfiable => {
                let detail = format!("the recording has {length} octets");
                let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail);
                return Ok(
                    Reply::problem(&problem).with(CONTENT_RANGE, format!("bytes */{length}"))
                );
            }
        };
        let mut reply = Reply {
            status,
            content: Content::Empty,
            headers: vec![
                (CONTENT_TYPE, self.kind.to_owned()),
                (ACCEPT_RANGES, "bytes".to_owned()),
            ],
            news: None,
        };
        if let Some(tag) = &self.tag {
            reply.headers.push((ETAG, tag.clone()));
        }
        if status == StatusCode::PARTIAL_CONTENT {
            let (first, last) = (part.start, part.end.saturating_sub(1));
            let told = format!("bytes {first}-{last}/{length}");
            reply.headers.push((CONTENT_RANGE, told));
        }
        let flow =
            Flow::start(self.file, part).map_err(|error| Problem::busy(error.to_string()))?;
        reply.content = Content::Flow(flow);
        Ok(reply)
    }
}

/// Octets of a file, read on a thread of their own, not faster than they are sent.
pub(super) struct Flow {
    chunks: Receiver<io::Result<Bytes>>,
    left: u64,
}

impl Flow {
    fn start(file: File, part: Range<u64>) -> io::Result<Self> {
        let (send, chunks) = channel(AHEAD);
        let left = part.end - part.start;
        let thread = thread::Builder::new().name("api-file".to_owned());
        thread.spawn(move || {
            if let Err(error) = read(file, &part, &send) {
                let _ = send.blocking_send(Err(error));
            }
        })?;
        Ok(Self { chunks, left })
    }
}

/// Reads until the end of the part, or until nobody listens.
fn read(mut file: File, part: &Range<u64>, send: &Sender<io::Result<Bytes>>) -> io::Result<()> {
    file.seek(SeekFrom::Start(part.start))?;
    let mut rest = file.take(part.end - part.start);
    loop {
        let mut chunk = vec![0; CHUNK];
        let length = rest.read(&mut chunk)?;
        chunk.truncate(length);
        if length == 0 || send.blocking_send(Ok(chunk.into())).is_err() {
            return Ok(());
        }
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let chunk = std::task::ready!(self.chunks.poll_recv(context));
        if let Some(Ok(chunk)) = &chunk {
            self.left = self.left.saturating_sub(chunk.len() as u64);
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
