//! Messages out of a stream (TCP, TLS).

use super::fields::find_head_end;
use super::lex::is_token_byte;
use super::reader::{parse_message, read_unfinished, refuse, split_head};
use super::{Fault, Message, ParseError, limits};

/// Cuts a stream into messages by Content-Length (RFC 3261 §18.3).
///
/// Push what was received, then call [`StreamReader::next`] until it gives `None`: the buffer
/// then holds less than one message, at most [`limits::MESSAGE`] octets.
#[derive(Debug, Default)]
pub struct StreamReader {
    buffer: Vec<u8>,
    /// Where the unread part of the buffer starts.
    start: usize,
    /// How far behind `start` the end of the header fields was sought in vain.
    searched: usize,
    /// Octets of the message at `start`, once its header fields are complete.
    expected: Option<usize>,
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
        self.skip_keep_alives();
        let bytes = self.unread();
        if self.closed || bytes.is_empty() {
            return None;
        }
        if !is_token_byte(bytes[0]) {
            return Some(self.give_up(Fault::NotSip));
        }
        if let Some(expected) = self.expected {
            return self.take_complete(expected);
        }
        let Some(head_end) = find_head_end(bytes, self.searched) else {
            if bytes.len() > limits::MESSAGE {
                return Some(self.give_up(Fault::MessageTooLarge));
            }
            self.searched = bytes.len();
            return None;
        };
        match frame(bytes, head_end) {
            Ok(expected) => {
                self.expected = Some(expected);
                self.take_complete(expected)
            }
            Err(fault) => Some(self.give_up_at(head_end, fault)),
        }
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
        while self.expected.is_none() && self.unread().starts_with(b"\r\n") {
            self.start += 2;
            self.pings += u32::from(self.half_ping);
            self.half_ping = !self.half_ping;
        }
        // Half of a line end waits for its other half.
        if !self.unread().is_empty() && self.unread() != b"\r" {
            self.half_ping = false;
        }
    }

    fn take_complete(&mut self, expected: usize) -> Option<Result<Message, ParseError>> {
        let message = self.buffer[self.start..].get(..expected)?;
        let head_end = find_head_end(message, 0)?;
        let (head, body) = split_head(message, head_end);
        let result = parse_message(&head, body).map_err(|error| ParseError {
            // Past a limit nothing is trusted any more.
            fatal: error.status() == Some(513) || head.fault.is_some(),
            ..error
        });
        self.start += expected;
        (self.searched, self.expected) = (0, None);
        if result.as_ref().is_err_and(ParseError::is_fatal_for_stream) {
            self.close();
        }
        Some(result)
    }

    fn give_up(&mut self, fault: Fault) -> Result<Message, ParseError> {
        let error = refuse(&read_unfinished(self.unread()), fault);
        self.close();
        Err(ParseError {
            fatal: true,
            ..error
        })
    }

    fn give_up_at(&mut self, head_end: usize, fault: Fault) -> Result<Message, ParseError> {
        let error = refuse(&split_head(self.unread(), head_end).0, fault);
        self.close();
        Err(ParseError {
            fatal: true,
            ..error
        })
    }

    fn close(&mut self) {
        self.closed = true;
        (self.buffer, self.start) = (Vec::new(), 0);
    }
}

/// Octets of the message whose header fields end at `head_end`. On a stream Content-Length is
/// mandatory (RFC 3261 §18.3).
fn frame(bytes: &[u8], head_end: usize) -> Result<usize, Fault> {
    if head_end > limits::MESSAGE {
        return Err(Fault::MessageTooLarge);
    }
    let length = split_head(bytes, head_end).0.content_length()?;
    let length = length.ok_or(Fault::Missing("Content-Length"))?;
    match head_end.checked_add(length) {
        Some(total) if total <= limits::MESSAGE => Ok(total),
        _ => Err(Fault::MessageTooLarge),
    }
}
