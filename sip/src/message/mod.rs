//! SIP messages: reading them from the wire, looking into them, writing them.
//!
//! What RFC 3261 demands of every message stands in typed fields, so a [`Request`] that exists is
//! one that can be answered. Everything else stands in [`Headers`].

mod address;
mod cseq;
mod error;
mod escape;
mod fields;
mod headers;
mod host;
mod lex;
pub mod limits;
mod method;
mod params;
mod reader;
mod reason;
mod stream;
mod uri;
mod via;
mod vocabulary;
mod writer;

pub use address::NameAddr;
pub use cseq::CSeq;
pub use error::{Fault, ParseError, PartialRequest, SyntaxError};
pub use headers::Headers;
pub use host::Host;
pub use lex::{is_token, quote, split_commas, unquote};
pub use method::Method;
pub use params::Params;
pub use reader::parse_datagram;
pub use reason::reason_phrase;
pub use stream::StreamReader;
pub use uri::{SipUri, TelUri, Uri};
pub use via::{MAGIC_COOKIE, Via};
pub use writer::Names;

/// A SIP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

/// A request (RFC 3261 §7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// Of whom. Any scheme; one that is not supported is answered with 416.
    pub uri: Uri,
    /// Where the response goes.
    pub top_via: Via,
    /// Where it goes from there.
    pub lower_vias: Vec<Via>,
    /// Hops left. Absent in requests of RFC 2543.
    pub max_forwards: Option<u8>,
    /// Who asks.
    pub from: NameAddr,
    /// Who is asked, logically.
    pub to: NameAddr,
    /// Identifies the call.
    pub call_id: String,
    /// Orders the requests of a call. Its method is the request's.
    pub cseq: CSeq,
    /// All other header fields.
    pub headers: Headers,
    /// The body; Content-Length is counted from it.
    pub body: Vec<u8>,
}

/// A response (RFC 3261 §7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 100 to 699.
    pub status: u16,
    /// The reason phrase, for people. From the network: any text.
    pub reason: String,
    /// The Via of the sender of the request.
    pub top_via: Via,
    /// The Vias of those before it.
    pub lower_vias: Vec<Via>,
    /// The request's From.
    pub from: NameAddr,
    /// The request's To, with the answering side's tag.
    pub to: NameAddr,
    /// The request's Call-ID.
    pub call_id: String,
    /// The request's CSeq.
    pub cseq: CSeq,
    /// All other header fields.
    pub headers: Headers,
    /// The body; Content-Length is counted from it.
    pub body: Vec<u8>,
}

impl Response {
    /// The response to a request, with the usual reason phrase. Via, From, To, Call-ID and CSeq
    /// are copied, for 100 the Timestamp too (RFC 3261 §8.2.6). The To tag is the caller's part.
    pub fn new(request: &Request, status: u16) -> Self {
        let mut headers = Headers::new();
        if let Some(timestamp) = request.headers.get("Timestamp").filter(|_| status == 100) {
            headers.push("Timestamp", timestamp);
        }
        Self {
            status,
            reason: reason_phrase(status).to_owned(),
            top_via: request.top_via.clone(),
            lower_vias: request.lower_vias.clone(),
            from: request.from.clone(),
            to: request.to.clone(),
            call_id: request.call_id.clone(),
            cseq: request.cseq.clone(),
            headers,
            body: Vec::new(),
        }
    }
}

impl Message {
    /// The request, if it is one.
    pub fn as_request(&self) -> Option<&Request> {
        match self {
            Self::Request(request) => Some(request),
            Self::Response(_) => None,
        }
    }

    /// The response, if it is one.
    pub fn as_response(&self) -> Option<&Response> {
        match self {
            Self::Request(_) => None,
            Self::Response(response) => Some(response),
        }
    }

    /// The Call-ID.
    pub fn call_id(&self) -> &str {
        match self {
            Self::Request(request) => &request.call_id,
            Self::Response(response) => &response.call_id,
        }
    }

    /// The topmost Via.
    pub fn top_via(&self) -> &Via {
        match self {
            Self::Request(request) => &request.top_via,
            Self::Response(response) => &response.top_via,
        }
    }
}
