//! What can be wrong with a message, and how to answer it.

use super::{Method, NameAddr, Via};

/// What is wrong with one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// A method that is no token.
    #[error("the method is not a token")]
    Method,
    /// No `scheme:` in front.
    #[error("the URI has no scheme")]
    Scheme,
    /// A space, a control character or a delimiter in a URI.
    #[error("the URI holds a character that has to be escaped")]
    UriCharacter,
    /// An empty user, or a second `@`.
    #[error("the URI's user is malformed")]
    User,
    /// No host, or no host that could be one. IPv6 addresses stand in brackets.
    #[error("the host is malformed")]
    Host,
    /// A port that is no number up to 65535.
    #[error("the port is malformed")]
    Port,
    /// `%` without two hexadecimal digits.
    #[error("a percent escape is malformed")]
    Escape,
    /// `?` without `name=value`.
    #[error("the URI's header part is malformed")]
    UriHeader,
    /// Header fields where only an address is allowed.
    #[error("the Request-URI may not carry header fields")]
    UriHeadersInRequest,
    /// A tel URI without digits.
    #[error("the telephone number is malformed")]
    Number,
    /// An empty or malformed parameter.
    #[error("a parameter is malformed")]
    Param,
    /// A parameter that may stand only once.
    #[error("a parameter stands twice")]
    RepeatedParam,
    /// More parameters than the limit.
    #[error("too many parameters")]
    TooManyParams,
    /// A quoted string that does not end, or stands where none may.
    #[error("a quoted string is malformed")]
    QuotedString,
    /// A missing `<` or `>`.
    #[error("the address is not enclosed in <>")]
    Brackets,
    /// A Via that does not read `SIP/2.0/transport host`.
    #[error("sent-protocol or sent-by is malformed")]
    Via,
    /// A Via of another protocol version.
    #[error("the protocol version is not 2.0")]
    Version,
    /// A CSeq that does not read `number method`, or whose number does not fit 32 bits.
    #[error("number or method is malformed")]
    CSeq,
    /// A Call-ID that is empty or holds spaces or other than visible ASCII characters.
    #[error("the identifier is malformed")]
    CallId,
    /// A Max-Forwards outside 0 to 255.
    #[error("the number is not within 0 to 255")]
    MaxForwards,
    /// An empty element in a list.
    #[error("an element of the list is empty")]
    EmptyElement,
}

/// What is wrong with a message. The text serves as reason phrase (RFC 3261 §8.2.2 ff.).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing but line ends: a keep-alive.
    #[error("Empty")]
    Empty,
    /// Not a SIP message at all.
    #[error("Not SIP")]
    NotSip,
    /// The request line is not `method SP uri SP version`.
    #[error("Malformed request line")]
    RequestLine,
    /// The Request-URI cannot be read.
    #[error("Malformed Request-URI: {0}")]
    RequestUri(SyntaxError),
    /// The status line is not `version SP code SP reason`.
    #[error("Malformed status line")]
    StatusLine,
    /// SIP, but not SIP/2.0.
    #[error("Version not supported")]
    Version,
    /// No empty line behind the header fields.
    #[error("Header fields do not end")]
    Unterminated,
    /// A line that is no header field, or a line end that is not CR LF.
    #[error("Malformed header line")]
    HeaderLine,
    /// A mandatory header field is absent.
    #[error("Missing {0} header field")]
    Missing(&'static str),
    /// A header field that may stand only once stands twice.
    #[error("Repeated {0} header field")]
    Repeated(&'static str),
    /// A header field cannot be read.
    #[error("Malformed {0} header field: {1}")]
    Field(&'static str, SyntaxError),
    /// The method in CSeq is not the request's.
    #[error("CSeq method does not match")]
    CSeqMethod,
    /// Content-Length is no number.
    #[error("Malformed Content-Length header field")]
    ContentLength,
    /// The datagram ends before the body does.
    #[error("Body shorter than Content-Length")]
    BodyTooShort,
    /// The message is longer than the limit.
    #[error("Message too large")]
    MessageTooLarge,
    /// A header field is longer than the limit.
    #[error("Header field too large")]
    HeaderTooLarge,
    /// More header fields than the limit.
    #[error("Too many header fields")]
    TooManyHeaders,
    /// More Via values than the limit.
    #[error("Too many Via values")]
    TooManyVias,
}

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct ParseError {
    pub(super) fault: Fault,
    pub(super) respond_to: Option<Box<PartialRequest>>,
    pub(super) fatal: bool,
}

impl ParseError {
    /// What is wrong. Its text serves as the reason phrase of the answer.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The status to answer with. `None`: drop the message in silence.
    pub fn status(&self) -> Option<u16> {
        self.respond_to.as_ref()?;
        Some(match self.fault {
            Fault::Version | Fault::Field(_, SyntaxError::Version) => 505,
            Fault::MessageTooLarge
            | Fault::HeaderTooLarge
            | Fault::TooManyHeaders
            | Fault::TooManyVias => 513,
            _ => 400,
        })
    }

    /// What could be read of the request, enough to answer it. `None` for responses, for ACK, to
    /// which nothing answers (RFC 3261 §17.1.1.3), and where there is no Via to answer along.
    pub fn respond_to(&self) -> Option<&PartialRequest> {
        self.respond_to.as_deref()
    }

    /// Whether the stream it came over has to be closed, because nobody can tell where the next
    /// message starts (RFC 3261 §18.3).
    pub fn is_fatal_for_stream(&self) -> bool {
        self.fatal
    }
}

/// The header fields of a refused request that its response has to carry, as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialRequest {
    /// Where the response goes. `received` and `rport` are to be added to it (RFC 3261 §18.2.1).
    pub top_via: Via,
    pub(super) method: Option<Method>,
    pub(super) lower_vias: Vec<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) call_id: Option<String>,
    pub(super) cseq: Option<String>,
}

impl PartialRequest {
    /// The method, where the request line could be read that far.
    pub fn method(&self) -> Option<&Method> {
        self.method.as_ref()
    }

    /// The Call-ID as it was written.
    pub fn call_id(&self) -> Option<&str> {
        self.call_id.as_deref()
    }

    /// The response on the wire: Via, From, To, Call-ID and CSeq copied as they were written,
    /// `to_tag` added where the To can be read and has none (RFC 3261 §8.2.6.2).
    pub fn response(&self, status: u16, reason: &str, to_tag: &str) -> Vec<u8> {
        let mut text = format!("SIP/2.0 {status} {}\r\n", one_line(reason));
        let top_via = self.top_via.to_string();
        let to = self.to.as_deref().map(|to| with_tag(to, to_tag));
        let vias = std::iter::once(&top_via)
            .chain(&self.lower_vias)
            .map(|via| ("Via", via));
        let copied = [
            ("From", self.from.as_ref()),
            ("To", to.as_ref()),
            ("Call-ID", self.call_id.as_ref()),
            ("CSeq", self.cseq.as_ref()),
        ];
        let copied = copied
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        for (name, value) in vias.chain(copied) {
            text.extend([name, ": ", &one_line(value), "\r\n"]);
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        text.into_bytes()
    }
}

fn with_tag(to: &str, tag: &str) -> String {
    match NameAddr::parse(to) {
        Ok(address) if address.tag().is_none() => format!("{to};tag={tag}"),
        _ => to.to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
