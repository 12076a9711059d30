//! From the wire to a message: RFC 3261 §7 and §25, with RFC 4475 and RFC 5118 in mind.

use super::error::PartialRequest;
use super::fields::{Head, find_head_end};
use super::lex::{is_token_byte, split_commas};
use super::{
    CSeq, Fault, Headers, Message, Method, NameAddr, ParseError, Request, Response, SyntaxError,
    Uri, Via, limits,
};

/// Reads the message in a datagram: one in, one out. Octets behind Content-Length are ignored;
/// without Content-Length the body is the rest (RFC 3261 §18.3).
pub fn parse_datagram(bytes: &[u8]) -> Result<Message, ParseError> {
    // Line ends in front of the start line are ignored (RFC 3261 §7.5).
    let start = bytes.iter().position(|byte| !b"\r\n".contains(byte));
    let Some(start) = start else {
        return Err(refuse(&Head::default(), Fault::Empty));
    };
    let bytes = &bytes[start..];
    let head_end = match find_head_end(bytes, 0) {
        Ok(Some(head_end)) => head_end,
        Ok(None) if bytes.len() <= limits::MESSAGE => {
            return Err(refuse(&read_unfinished(bytes), Fault::Unterminated));
        }
        Ok(None) => return Err(refuse(&read_unfinished(bytes), Fault::MessageTooLarge)),
        Err(fault) => return Err(refuse(&read_unfinished(bytes), fault)),
    };
    let (head, rest) = split_head(bytes, head_end);
    if bytes.len() > limits::MESSAGE {
        return Err(refuse(&head, Fault::MessageTooLarge));
    }
    let body = match head.content_length() {
        Ok(None) => Ok(rest),
        Ok(Some(length)) => rest.get(..length).ok_or(Fault::BodyTooShort),
        Err(fault) => Err(fault),
    };
    match body {
        Ok(body) => parse_message(&head, body),
        Err(fault) => Err(refuse(&head, fault)),
    }
}

/// Splits a message behind its header fields, whose end was found.
pub(super) fn split_head(bytes: &[u8], head_end: usize) -> (Head<'_>, &[u8]) {
    let (head, rest) = bytes.split_at(head_end);
    (Head::read(&head[..head.len() - 2]), rest)
}

/// Reads the complete lines of header fields that do not end.
pub(super) fn read_unfinished(bytes: &[u8]) -> Head<'_> {
    let bytes = &bytes[..bytes.len().min(limits::MESSAGE)];
    let end = bytes
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| at + 1);
    Head::read(&bytes[..end])
}

/// Reads a message from its parts.
pub(super) fn parse_message(head: &Head<'_>, body: &[u8]) -> Result<Message, ParseError> {
    let read = || {
        if let Some(fault) = head.fault {
            return Err(fault);
        }
        match head.start_line.get(..4) {
            Some(start) if start.eq_ignore_ascii_case(b"SIP/") => parse_response(head, body),
            _ => parse_request(head, body),
        }
    };
    read().map_err(|fault| refuse(head, fault))
}

fn parse_request(head: &Head<'_>, body: &[u8]) -> Result<Message, Fault> {
    let (method, uri) = parse_request_line(head.start_line)?;
    let common = Common::read(head)?;
    if common.cseq.method != method {
        return Err(Fault::CSeqMethod);
    }
    let mut max_forwards = None;
    if let Some(text) = head.single("Max-Forwards")? {
        let hops = text.parse();
        max_forwards =
            Some(hops.map_err(|_| Fault::Field("Max-Forwards", SyntaxError::MaxForwards))?);
    }
    for name in ["Contact", "Route", "Record-Route"] {
        check_addresses(head, name)?;
    }
    let Common {
        top_via,
        lower_vias,
        from,
        to,
        call_id,
        cseq,
    } = common;
    let (headers, body) = (other_headers(head), body.to_vec());
    Ok(Message::Request(Request {
        method,
        uri,
        top_via,
        lower_vias,
        max_forwards,
        from,
        to,
        call_id,
        cseq,
        headers,
        body,
    }))
}

fn parse_response(head: &Head<'_>, body: &[u8]) -> Result<Message, Fault> {
    let (status, reason) = parse_status_line(head.start_line)?;
    let Common {
        top_via,
        lower_vias,
        from,
        to,
        call_id,
        cseq,
    } = Common::read(head)?;
    // A route that cannot be read would send the dialog's requests elsewhere.
    check_addresses(head, "Record-Route")?;
    let (headers, body) = (other_headers(head), body.to_vec());
    Ok(Message::Response(Response {
        status,
        reason,
        top_via,
        lower_vias,
        from,
        to,
        call_id,
        cseq,
        headers,
        body,
    }))
}

/// `Method SP Request-URI SP SIP-Version`, with exactly one space each (RFC 3261 §7.1).
fn parse_request_line(line: &[u8]) -> Result<(Method, Uri), Fault> {
    let line = std::str::from_utf8(line).map_err(|_| Fault::RequestLine)?;
    let mut parts = line.split(' ');
    let (Some(method), Some(uri), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Fault::RequestLine);
    };
    check_version(version)?;
    let method = Method::parse(method).map_err(|_| Fault::RequestLine)?;
    let uri = Uri::parse(uri).map_err(Fault::RequestUri)?;
    // RFC 3261 §19.1.1: no header fields in a Request-URI, they must never become real ones.
    if uri.as_sip().is_some_and(|uri| !uri.headers.is_empty()) {
        return Err(Fault::RequestUri(SyntaxError::UriHeadersInRequest));
    }
    Ok((method, uri))
}

/// `SIP-Version SP Status-Code SP Reason-Phrase`; the phrase may be empty (RFC 3261 §7.2), and
/// the space in front of an empty phrase is often forgotten.
fn parse_status_line(line: &[u8]) -> Result<(u16, String), Fault> {
    let line = String::from_utf8_lossy(line);
    let (version, rest) = line.split_once(' ').ok_or(Fault::StatusLine)?;
    check_version(version)?;
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    match code.parse() {
        Ok(status @ 100..=699) if is_code => Ok((status, reason.to_owned())),
        _ => Err(Fault::StatusLine),
    }
}

fn check_version(text: &str) -> Result<(), Fault> {
    if text.eq_ignore_ascii_case("SIP/2.0") {
        return Ok(());
    }
    let number = match text.get(..4) {
        Some(name) if name.eq_ignore_ascii_case("SIP/") => &text[4..],
        _ => return Err(Fault::RequestLine),
    };
    let is_number = number.split_once('.').is_some_and(|(major, minor)| {
        [major, minor]
            .iter()
            .all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    });
    Err(if is_number {
        Fault::Version
    } else {
        Fault::RequestLine
    })
}

/// What requests and responses both must have (RFC 3261 §8.1.1).
struct Common {
    top_via: Via,
    lower_vias: Vec<Via>,
    from: NameAddr,
    to: NameAddr,
    call_id: String,
    cseq: CSeq,
}

impl Common {
    fn read(head: &Head<'_>) -> Result<Self, Fault> {
        let (top_via, lower_vias) = parse_vias(head)?;
        let from = parse_party(head, "From")?;
        let to = parse_party(head, "To")?;
        let call_id = mandatory(head, "Call-ID")?;
        if call_id.is_empty() || !call_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Fault::Field("Call-ID", SyntaxError::CallId));
        }
        let cseq = mandatory(head, "CSeq")?;
        let cseq = CSeq::parse(cseq).map_err(|error| Fault::Field("CSeq", error))?;
        Ok(Self {
            top_via,
            lower_vias,
            from,
            to,
            call_id: call_id.to_owned(),
            cseq,
        })
    }
}

fn mandatory<'a>(head: &'a Head<'_>, name: &'static str) -> Result<&'a str, Fault> {
    head.single(name)?.ok_or(Fault::Missing(name))
}

fn parse_party(head: &Head<'_>, name: &'static str) -> Result<NameAddr, Fault> {
    let party = NameAddr::parse(mandatory(head, name)?);
    let checked = party.and_then(|party| party.params.refuse_repeated("tag").map(|()| party));
    checked.map_err(|error| Fault::Field(name, error))
}

fn parse_vias(head: &Head<'_>) -> Result<(Via, Vec<Via>), Fault> {
    let mut vias = head.values("Via").flat_map(split_commas);
    let parse = |text| Via::parse(text).map_err(|error| Fault::Field("Via", error));
    let top_via = parse(vias.next().ok_or(Fault::Missing("Via"))?)?;
    let mut lower_vias = Vec::new();
    for via in vias {
        if lower_vias.len() + 1 == limits::VIAS {
            return Err(Fault::TooManyVias);
        }
        lower_vias.push(parse(via)?);
    }
    Ok((top_via, lower_vias))
}

fn check_addresses(head: &Head<'_>, name: &'static str) -> Result<(), Fault> {
    for element in head.values(name).flat_map(split_commas) {
        let checked = match element {
            "" => Err(SyntaxError::EmptyElement),
            "*" if name == "Contact" => Ok(()),
            address => NameAddr::parse(address).map(|_| ()),
        };
        checked.map_err(|error| Fault::Field(name, error))?;
    }
    Ok(())
}

const TYPED: [&str; 7] = [
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Max-Forwards",
    "Content-Length",
];

fn other_headers(head: &Head<'_>) -> Headers {
    let mut headers = Headers::new();
    for field in &head.fields {
        if !TYPED
            .iter()
            .any(|name| field.name.eq_ignore_ascii_case(name))
        {
            headers.push(field.name, field.value.as_ref());
        }
    }
    headers
}

/// Refuses a message, with what is needed to answer it.
pub(super) fn refuse(head: &Head<'_>, fault: Fault) -> ParseError {
    ParseError {
        fault,
        respond_to: partial_request(head).map(Box::new),
        fatal: false,
    }
}

fn partial_request(head: &Head<'_>) -> Option<PartialRequest> {
    // A request line starts with a method and ends with some version of SIP.
    let line = head.start_line;
    let method_end = line.iter().position(|&byte| !is_token_byte(byte))?;
    let is_sip = line
        .windows(5)
        .any(|window| window.eq_ignore_ascii_case(b" SIP/"));
    if line[method_end] != b' ' || !is_sip {
        return None;
    }
    let method = Method::parse(std::str::from_utf8(&line[..method_end]).ok()?).ok();
    if method == Some(Method::Ack) {
        return None;
    }
    let mut vias = head.values("Via").flat_map(split_commas);
    let top_via = Via::parse_leniently(vias.next()?)?;
    let lower_vias = vias.filter(|via| !via.is_empty()).take(limits::VIAS - 1);
    let first = |name: &'static str| head.values(name).next().map(str::to_owned);
    Some(PartialRequest {
        method,
        top_via,
        lower_vias: lower_vias.map(str::to_owned).collect(),
        from: first("From"),
        to: first("To"),
        call_id: first("Call-ID"),
        cseq: first("CSeq"),
    })
}
