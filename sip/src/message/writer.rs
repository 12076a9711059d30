//! From a message to the wire.

use std::fmt;
use std::io::Write;

use super::vocabulary::abbreviate;
use super::{CSeq, Headers, Message, NameAddr, Request, Response, Via};

impl Message {
    /// The message as it goes onto the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }
}

impl Request {
    /// The request as it goes onto the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.written(Wire::new(self.body.len()))
    }

    /// The same with shorter names, for a message that has to be small (RFC 3261 §7.3.3).
    pub fn to_brief_bytes(&self, names: Names) -> Vec<u8> {
        self.written(Wire {
            names,
            ..Wire::new(self.body.len())
        })
    }

    fn written(&self, mut wire: Wire) -> Vec<u8> {
        wire.line(format_args!("{} {} SIP/2.0", self.method, self.uri));
        wire.vias(&self.top_via, &self.lower_vias);
        if let Some(hops) = self.max_forwards {
            wire.field("Max-Forwards", hops);
        }
        wire.parties(&self.from, &self.to, &self.call_id, &self.cseq);
        wire.finish(&self.headers, &self.body)
    }
}

impl Response {
    /// The response as it goes onto the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut wire = Wire::new(self.body.len());
        wire.line(format_args!("SIP/2.0 {} {}", self.status, self.reason));
        wire.vias(&self.top_via, &self.lower_vias);
        wire.parties(&self.from, &self.to, &self.call_id, &self.cseq);
        wire.finish(&self.headers, &self.body)
    }
}

/// Compact names that everybody reads; the stack of Linphone, for one, makes nothing of `k` and `x`.
const READ_BY_ALL: &str = "cfilmtv";

/// How the names of header fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// In full.
    Full,
    /// Compact where everybody reads it.
    Common,
    /// Compact wherever there is such a name.
    Compact,
}

struct Wire {
    bytes: Vec<u8>,
    names: Names,
}

impl Wire {
    fn new(body: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(1024 + body),
            names: Names::Full,
        }
    }

    /// One line. A line end inside it would start a header field that nobody meant: it becomes a
    /// space.
    fn line(&mut self, text: fmt::Arguments<'_>) {
        let start = self.bytes.len();
        // Writing to a vector cannot fail.
        let _ = self.bytes.write_fmt(text);
        for byte in &mut self.bytes[start..] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        self.bytes.extend_from_slice(b"\r\n");
    }

    fn field(&mut self, name: &str, value: impl fmt::Display) {
        let brief = abbreviate(name);
        let name = match self.names {
            Names::Common if READ_BY_ALL.contains(brief) => brief,
            Names::Compact => brief,
            _ => name,
        };
        self.line(format_args!("{name}: {value}"));
    }

    fn vias(&mut self, top: &Via, lower: &[Via]) {
        self.field("Via", top);
        for via in lower {
            self.field("Via", via);
        }
    }

    fn parties(&mut self, from: &NameAddr, to: &NameAddr, call_id: &str, cseq: &CSeq) {
        self.field("From", from);
        self.field("To", to);
        self.field("Call-ID", call_id);
        self.field("CSeq", cseq);
    }

    fn finish(mut self, headers: &Headers, body: &[u8]) -> Vec<u8> {
        for (name, value) in headers.iter() {
            self.field(name, value);
        }
        self.field("Content-Length", body.len());
        self.bytes.extend_from_slice(b"\r\n");
        self.bytes.extend_from_slice(body);
        self.bytes
    }
}
