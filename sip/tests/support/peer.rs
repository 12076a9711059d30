//! A peer that says exactly what a test tells it to.

use std::net::SocketAddr;

use ringbook_sip::message::{Request, Response};

use super::{World, addr};

/// Where the scripted peer is.
pub const PEER: &str = "10.0.0.9:5060";

/// A session description of the peer's.
pub fn sdp(port: u16, version: u32, direction: &str) -> String {
    format!(
        "v=0\r\no=- 7 {version} IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8 0\r\na={direction}\r\n"
    )
}

/// One dialog as the peer sees it, from the INVITE it sends.
pub struct Peer {
    pub ua: SocketAddr,
    pub uri: String,
    pub call_id: String,
    pub from: String,
    pub to: String,
    pub cseq: u32,
    pub branch: u32,
}

impl Peer {
    /// A peer that calls `user` at the agent `ua`.
    pub fn calling(user: &str, ua: SocketAddr) -> Peer {
        Peer {
            ua,
            uri: format!("sip:{user}@{ua}"),
            call_id: format!("call-of-{user}"),
            from: "\"Peer\" <sip:peer@10.0.0.9>;tag=peer".to_owned(),
            to: format!("<sip:{user}@{ua}>"),
            cseq: 0,
            branch: 0,
        }
    }

    /// The peer's side of a dialog that the agent's INVITE made with a 2xx.
    pub fn called(invite: &Request, ua: SocketAddr, tag: &str) -> Peer {
        Peer {
            ua,
            uri: invite.headers.contacts()[0].uri.to_string(),
            call_id: invite.call_id.clone(),
            from: format!("{};tag={tag}", invite.to),
            to: invite.from.to_string(),
            cseq: 100,
            branch: 500,
        }
    }

    /// A new request with the next number and a new branch.
    pub fn request(&mut self, method: &str, headers: &str, body: &str) -> Vec<u8> {
        self.cseq += 1;
        self.branch += 1;
        self.text(method, self.cseq, headers, body)
    }

    /// A request with the present branch and a number of choice: ACK and CANCEL, mostly.
    pub fn text(&self, method: &str, cseq: u32, headers: &str, body: &str) -> Vec<u8> {
        let Peer {
            uri,
            call_id,
            from,
            to,
            branch,
            ..
        } = self;
        let content = match body {
            "" => String::new(),
            _ if headers.contains("Content-Type") => String::new(),
            _ => "Content-Type: application/sdp\r\n".to_owned(),
        };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bK{branch}\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:peer@{PEER}>\r\n{headers}{content}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// Sends to the agent.
    pub fn send(&self, world: &mut World, bytes: Vec<u8>) {
        world.datagram(addr(PEER), self.ua, bytes);
    }

    /// The other party's tag, out of a response.
    pub fn learn(&mut self, response: &Response) {
        self.to = response.to.to_string();
        if let Some(contact) = response.headers.contacts().first() {
            self.uri = contact.uri.to_string();
        }
    }
}

/// Sends a response of the peer's to a request that reached it.
pub fn respond(
    world: &mut World,
    request: &Request,
    status: u16,
    tag: &str,
    edit: impl FnOnce(&mut Response),
) {
    let mut response = Response::new(request, status);
    if !tag.is_empty() && response.to.tag().is_none() {
        response.to.set_tag(tag);
    }
    if status > 100 {
        response
            .headers
            .push("Contact", format!("<sip:peer@{PEER}>"));
    }
    edit(&mut response);
    let via = &request.top_via;
    let port = via.port.unwrap_or(5060);
    let to = SocketAddr::new(via.host.ip().expect("a Via with an address"), port);
    world.datagram(addr(PEER), to, response.to_bytes());
}

/// Puts a session description into a response.
pub fn with_sdp(response: &mut Response, body: &str) {
    response.headers.push("Content-Type", "application/sdp");
    response.body = body.as_bytes().to_vec();
}
