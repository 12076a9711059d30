//! A peer made of a socket and plain text, for what a proper user agent will not do: to lose
//! messages, to send two at once, to count repetitions. It also times answers for the benchmark.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::PATIENCE;

pub struct RawPeer {
    socket: UdpSocket,
    calls: u32,
}

/// A message as it came, with what the answers to it need.
#[derive(Clone, Debug)]
pub struct Received {
    pub at: Instant,
    pub source: SocketAddr,
    pub text: String,
}

/// A call that this peer makes.
pub struct RawCall {
    target: SocketAddr,
    local: SocketAddr,
    caller: String,
    id: String,
    to_tag: String,
}

impl RawPeer {
    pub fn new() -> RawPeer {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        RawPeer { socket, calls: 0 }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// A new call from the user `caller` to user 101 at `target`; nothing is sent yet.
    pub fn call(&mut self, caller: &str, target: SocketAddr) -> RawCall {
        self.calls += 1;
        let local = self.address();
        let id = format!("{}-{}", local.port(), self.calls);
        RawCall {
            target,
            local,
            caller: caller.to_owned(),
            id,
            to_tag: String::new(),
        }
    }

    pub fn send(&self, text: &str, to: SocketAddr) {
        self.socket.send_to(text.as_bytes(), to).unwrap();
    }

    /// The next message that begins so; others are passed over.
    pub fn expect(&self, beginning: &str) -> Received {
        let found = self.receive_within(PATIENCE, beginning);
        found.unwrap_or_else(|| panic!("no {beginning:?} within {PATIENCE:?}"))
    }

    /// The same, or `None` when none comes in this time.
    pub fn receive_within(&self, patience: Duration, beginning: &str) -> Option<Received> {
        let deadline = Instant::now() + patience;
        let mut buffer = [0; 65_536];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.socket.set_read_timeout(Some(left)).unwrap();
            let Ok((length, source)) = self.socket.recv_from(&mut buffer) else {
                continue;
            };
            let at = Instant::now();
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with(beginning) {
                return Some(Received { at, source, text });
            }
        }
    }
}

impl RawCall {
    /// The call's INVITE with an offer of PCMU at `sound_port`.
    pub fn invite(&self, sound_port: u16) -> String {
        self.invite_to(sound_port, "0 PCMU/8000")
    }

    /// The same with an offer of one codec alone, as in `a=rtpmap`.
    pub fn invite_to(&self, sound_port: u16, codec: &str) -> String {
        let body = sdp(sound_port, codec);
        let content = format!(
            "Contact: <sip:{}@{}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            self.caller,
            self.local,
            body.len()
        );
        self.request("INVITE", "INVITE", 1) + &content
    }

    pub fn cancel(&self) -> String {
        self.request("CANCEL", "INVITE", 1) + "Content-Length: 0\r\n\r\n"
    }

    /// The ACK of this final response, inside the INVITE's transaction where it is a refusal.
    pub fn ack(&mut self, response: &Received) -> String {
        let to = response.header("To");
        self.to_tag = to
            .split_once(";tag=")
            .map(|(_, tag)| format!(";tag={tag}"))
            .unwrap_or_default();
        let accepted = response.text.starts_with("SIP/2.0 2");
        let transaction = if accepted { "ACK" } else { "INVITE" };
        self.request("ACK", transaction, 1) + "Content-Length: 0\r\n\r\n"
    }

    pub fn bye(&self) -> String {
        self.request("BYE", "BYE", 2) + "Content-Length: 0\r\n\r\n"
    }

    fn request(&self, method: &str, transaction: &str, sequence: u32) -> String {
        let RawCall {
            target,
            local,
            caller,
            id,
            to_tag,
        } = self;
        format!(
            "{method} sip:101@{target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {local};branch=z9hG4bK-{id}-{transaction};rport\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:{caller}@{local}>;tag=raw-{id}\r\n\
             To: <sip:101@{target}>{to_tag}\r\n\
             Call-ID: {id}@raw\r\n\
             CSeq: {sequence} {method}\r\n"
        )
    }
}

impl Received {
    /// Where its SDP takes sound.
    pub fn sound_address(&self) -> SocketAddr {
        let port = self
            .text
            .split("m=audio ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        let port = port.and_then(|port| port.parse().ok());
        SocketAddr::new(
            self.source.ip(),
            port.unwrap_or_else(|| panic!("no SDP in {}", self.text)),
        )
    }

    /// The value of a header in its long form.
    pub fn header(&self, name: &str) -> &str {
        let line = self
            .text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.text))
    }

    /// A response to this request, with an answer at `sound_port` where one is given.
    pub fn respond(&self, status: &str, contact: SocketAddr, sound_port: Option<u16>) -> String {
        let copied = ["Via", "From", "Call-ID", "CSeq"]
            .map(|name| format!("{name}: {}\r\n", self.header(name)));
        let body = sound_port.map(|port| sdp(port, "0 PCMU/8000"));
        let body = body.unwrap_or_default();
        format!(
            "SIP/2.0 {status}\r\n{}To: {};tag=raw\r\nContact: <sip:200@{contact}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            copied.concat(),
            self.header("To").split(";tag=").next().unwrap_or_default(),
            body.len()
        )
    }
}

fn sdp(sound_port: u16, codec: &str) -> String {
    let payload_type = codec.split(' ').next().unwrap_or_default();
    format!(
        "v=0\r\no=raw 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {sound_port} RTP/AVP {payload_type} 101\r\na=rtpmap:{codec}\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
    )
}
