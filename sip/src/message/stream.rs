//! Messages out of a stream (TCP, TLS).

use super::fields::find_head_end;
use super::lex::is_token_byte;
use super::reader::{parse_message, read_unfinished, refuse, split_head};
use super::{Fault, Message, ParseError, limits};

/// How long a message is.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// Octets up to the body.
    head: usize,
    /// Octets of the body.
    body: usize,
}

/// Cuts a stream into messages by Content-Length (RFC 3261 §18.3).
///
/// Push what was received, then call [`StreamReader::next`] until it gives `None`: the buffer
/// then holds less than one message, at most [`limits::MESSAGE`] octets.
#[derive(Debug, Default)]
pub struct StreamReader {
    buffer: Vec<u8>,
    /// Where the unread part of the buffer starts.
    start: usize,
    /// Octets of the message in front of it.
    taken: usize,
    /// How far behind `start` the end of the header fields was sought in vain.
    searched: usize,
    /// The message at `start`, once its header fields are complete.
    frame: Option<Frame>,
    half_ping: bool,
    pings: u32,
    closed: bool,
}

impl StreamReader {
    /// A reader at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what was received.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.closed {
            return;
        }
        self.taken = 0;
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, or why there is none. After an error that is fatal for the stream
    /// nothing more comes.
    #[expect(clippy::should_implement_trait, reason = "more may come after `None`")]
    pub fn next(&mut self) -> Option<Result<Message, ParseError>> {
        self.taken = 0;
        self.skip_keep_alives();
        let bytes = self.unread();
        // Half of a line end waits for its other half.
        if self.closed || bytes.is_empty() || bytes == b"\r" {
            return None;
        }
        if !is_token_byte(bytes[0]) {
            return Some(self.give_up(Fault::NotSip));
        }
        if let Some(frame) = self.frame {
            return self.take_complete(frame);
        }
        let found = match find_head_end(bytes, self.searched) {
            Ok(Some(head_end)) => frame(bytes, head_end),
            Ok(None) if bytes.len() <= limits::MESSAGE => {
                self.searched = bytes.len();
                return None;
            }
            Ok(None) => Err(Fault::MessageTooLarge),
            Err(fault) => Err(fault),
        };
        match found {
            Ok(frame) => {
                self.frame = Some(frame);
                self.take_complete(frame)
            }
            Err(fault) => Some(self.give_up(fault)),
        }
    }

    /// The octets of the message that [`StreamReader::next`] gave last, until more is pushed or
    /// asked for; empty where it gave none.
    pub fn taken(&self) -> &[u8] {
        &self.buffer[self.start - self.taken..self.start]
    }

    /// How many pings came since the last call. Each is to be answered with one CR LF
    /// (RFC 5626 §3.5.1).
    pub fn take_pings(&mut self) -> u32 {
        std::mem::take(&mut self.pings)
    }

    /// Whether a message has begun and is not complete.
    pub fn is_in_message(&self) -> bool {
        !self.closed && !self.unread().is_empty()
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Between messages, two line ends are a ping and one is a pong or padding.
    fn skip_keep_alives(&mut self) {
        while self.frame.is_none() && self.unread().starts_with(b"\r\n") {
            self.start += 2;
            self.pings += u32::from(self.half_ping);
            self.half_ping = !self.half_ping;
        }
        if !matches!(self.unread(), b"" | b"\r") {
            self.half_ping = false;
        }
    }

    fn take_complete(&mut self, frame: Frame) -> Option<Result<Message, ParseError>> {
        let message = self.unread().get(..frame.head + frame.body)?;
        let (head, body) = split_head(message, frame.head);
        let result = parse_message(&head, body);
        self.taken = frame.head + frame.body;
        self.start += self.taken;
        (self.searched, self.frame) = (0, None);
        Some(result)
    }

    /// After this nobody can tell where the next message starts.
    fn give_up(&mut self, fault: Fault) -> Result<Message, ParseError> {
        let error = refuse(&read_unfinished(self.unread()), fault);
        self.close();
        Err(ParseError {
            fatal: true,
            ..error
        })
    }

    fn close(&mut self) {
        self.closed = true;
        (self.buffer, self.start, self.taken) = (Vec::new(), 0, 0);
    }
}

/// The length of the message whose header fields end at `head_end`. On a stream Content-Length is
/// mandatory (RFC 3261 §18.3), and lines that cannot be read may hide another one.
fn frame(bytes: &[u8], head_end: usize) -> Result<Frame, Fault> {
    if head_end > limits::MESSAGE {
        return Err(Fault::MessageTooLarge);
    }
    let (head, _) = split_head(bytes, head_end);
    if let Some(fault) = head.fault {
        return Err(fault);
    }
    let body = head
        .content_length()?
        .ok_or(Fault::Missing("Content-Length"))?;
    match head_end.checked_add(body) {
        Some(total) if total <= limits::MESSAGE => Ok(Frame {
            head: head_end,
            body,
        }),
        _ => Err(Fault::MessageTooLarge),
    }
}
