//! Everybody outside: parties behind a user agent of their own, and callers and servers of their own
//! words, who do what no well-made user agent does.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ringbook_sip::message::{Message, Method, Request, Response, Uri, parse_datagram};
use ringbook_sip::resolve::ResolveError;
use ringbook_sip::sdp::{Beside, Codec, Direction, LocalMedia, SrtpPolicy};
use ringbook_sip::user_agent::{
    self, AccountConfig, CallHandle, Event, Output, Transport, UserAgent,
};

use super::world::{OTHERS, PHONE, address};

/// How a number behaves that is called.
#[derive(Debug, Clone)]
pub enum Manner {
    /// No answer at all.
    Silent,
    /// It rings for ever.
    Rings,
    /// It turns the call away after so many milliseconds.
    Refuses(u64, u16),
    /// It answers after so many milliseconds and hangs up so many later.
    Answers(u64, u64),
    /// It sends the caller on.
    Redirects(String),
    /// It wants to know who calls, and then answers.
    Challenges,
    /// Two telephones ring, and both answer.
    Forks,
}

/// What a party does later, of itself.
enum Later {
    Answer,
    Refuse(u16),
    HangUp,
}

/// A call of somebody's own words.
#[derive(Debug, Clone)]
struct Raw {
    number: String,
    branch: String,
    /// The phone's tag, once it has one.
    tag: Option<String>,
    cseq: u32,
    headers: String,
}

pub struct Others {
    agent: UserAgent,
    pub wake: Option<Instant>,
    out: Vec<(SocketAddr, Vec<u8>)>,
    handles: BTreeMap<String, CallHandle>,
    numbers: BTreeMap<CallHandle, String>,
    accounts: BTreeMap<String, user_agent::AccountId>,
    pub manners: BTreeMap<String, Manner>,
    later: Vec<(Instant, CallHandle, Later)>,
    raw: BTreeMap<String, Raw>,
}

fn media() -> LocalMedia {
    LocalMedia {
        address: "127.0.0.2".parse().unwrap(),
        rtp_port: 50_000,
        rtcp_port: None,
        codecs: vec![Codec::Pcma],
        opus_dtx: false,
        direction: Direction::SendRecv,
        srtp: SrtpPolicy::Off,
        dtls: None,
        keys: Vec::new(),
        ice: None,
        session_id: 5,
        version: 1,
        beside: Beside::default(),
    }
}

const SDP: &str = "v=0\r\no=- 7 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n\
                   m=audio 50002 RTP/AVP 8\r\n";

impl Others {
    pub fn new(seed: u64) -> Self {
        let mut bytes = [9; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut agent = UserAgent::new(user_agent::Config::default(), bytes);
        agent.add_listener(Transport::Udp, address(OTHERS));
        Self {
            agent,
            wake: None,
            out: Vec::new(),
            handles: BTreeMap::new(),
            numbers: BTreeMap::new(),
            accounts: BTreeMap::new(),
            manners: BTreeMap::new(),
            later: Vec::new(),
            raw: BTreeMap::new(),
        }
    }

    /// Somebody has this number, and behaves like this when called.
    pub fn is(&mut self, number: &str, manner: Manner) {
        let aor = Uri::parse(&format!("sip:{number}@127.0.0.2")).unwrap();
        let account = AccountConfig {
            register: false,
            ..AccountConfig::new(aor, Uri::parse("sip:127.0.0.2").unwrap())
        };
        let account = self.agent.add_account(account);
        self.accounts.insert(number.to_owned(), account);
        self.manners.insert(number.to_owned(), manner);
    }

    /// What goes over the network now.
    pub fn drain(&mut self, now: Instant) -> Vec<(SocketAddr, Vec<u8>)> {
        loop {
            match self.agent.poll_output() {
                Output::Transmit(transmit) => self.out.push((transmit.remote, transmit.bytes)),
                Output::Resolve { query, .. } => {
                    let answer = Err(ResolveError::NotFound);
                    self.agent.handle_resolved(now, query, answer);
                }
                Output::Event(event) => self.on_event(now, event),
                Output::Timeout(at) => {
                    let later = self.later.iter().map(|(at, ..)| *at);
                    self.wake = later.chain(at).min();
                    return std::mem::take(&mut self.out);
                }
                _ => {}
            }
        }
    }

    pub fn timeout(&mut self, now: Instant) {
        let due = self.later.extract_if(.., |(at, ..)| *at <= now);
        for (_, call, what) in due.collect::<Vec<_>>() {
            // Who hung up meanwhile has nothing left to do.
            let _ = match what {
                Later::Answer => self.agent.answer(now, call, media()).map(drop),
                Later::Refuse(status) => self.agent.reject(now, call, status),
                Later::HangUp => self.agent.hangup(now, call),
            };
        }
        self.agent.handle_timeout(now);
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Incoming {
                call,
                called,
                replaces,
                ..
            } => {
                let number = called.user().unwrap_or_default().into_owned();
                self.take(now, call, &number, replaces.is_some());
                self.handles.insert(number.clone(), call);
                self.numbers.insert(call, number);
            }
            Event::TransferAsked { call, .. } => {
                let asked = self.agent.accept_transfer(now, call);
                // Whoever has hung up meanwhile is not followed.
                let _ = asked.and_then(|()| self.agent.follow_transfer(now, call, media()));
            }
            Event::Transfer {
                call, done: true, ..
            } => drop(self.agent.hangup(now, call)),
            _ => {}
        }
    }

    fn take(&mut self, now: Instant, call: CallHandle, number: &str, at_once: bool) {
        let ms = Duration::from_millis;
        if at_once {
            let _ = self.agent.answer(now, call, media());
            return self.later.push((now + ms(3_000), call, Later::HangUp));
        }
        let _ = self.agent.ring(now, call);
        match self.manners.get(number) {
            Some(Manner::Refuses(after, status)) => {
                self.later
                    .push((now + ms(*after), call, Later::Refuse(*status)));
            }
            Some(Manner::Answers(after, talk)) => {
                self.later.push((now + ms(*after), call, Later::Answer));
                self.later
                    .push((now + ms(after + talk), call, Later::HangUp));
            }
            Some(Manner::Challenges) => self.later.push((now + ms(700), call, Later::Answer)),
            Some(Manner::Redirects(to)) => {
                let target = Uri::parse(&format!("sip:{to}@{OTHERS}")).unwrap();
                let _ = self.agent.forward(now, call, &target);
            }
            _ => {}
        }
    }

    /// Words from the network.
    pub fn datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        let Ok(message) = parse_datagram(bytes) else {
            return;
        };
        let known = self.raw.contains_key(message.call_id());
        match &message {
            Message::Request(request) if known || self.is_odd(request) => self.serve(request),
            Message::Response(response) if known => self.hear(response),
            _ => self
                .agent
                .handle_datagram(now, address(OTHERS), from, bytes),
        }
    }

    /// What these parties do when a script says so; nothing where they are not in a call.
    pub fn act(&mut self, now: Instant, number: &str, act: &Act) {
        let Some(&call) = self.handles.get(number) else {
            return self.act_raw(number, act);
        };
        // What the call is not in a state for is not done.
        let _ = match act {
            Act::HangUp => self.agent.hangup(now, call),
            Act::Hold => self.agent.hold(now, call),
            Act::Resume => self.agent.resume(now, call),
            Act::Refer(to) => {
                let target = Uri::parse(&format!("sip:{to}@{OTHERS}")).unwrap();
                self.agent.refer(now, call, &target, None)
            }
            Act::Cancel(_) | Act::Again | Act::Merge => Ok(()),
        };
    }

    /// Calls the phone.
    pub fn call(&mut self, now: Instant, number: &str) {
        self.is(number, Manner::Rings);
        let target = Uri::parse(&format!("sip:101@{PHONE}")).unwrap();
        let account = self.accounts[number];
        let call = self.agent.invite(now, account, &target, media()).unwrap();
        self.handles.insert(number.to_owned(), call);
    }
}

/// What a party may do in a call.
#[derive(Debug, Clone)]
pub enum Act {
    HangUp,
    Hold,
    Resume,
    Refer(String),
    /// The INVITE is taken back, with this `Reason`.
    Cancel(&'static str),
    /// The INVITE comes once more.
    Again,
    /// The INVITE comes once more, by another way (RFC 3261 §8.2.2.2).
    Merge,
}

/// Calls of somebody's own words.
impl Others {
    /// An INVITE with these headers besides.
    pub fn call_raw(&mut self, number: &str, headers: &str) {
        let call_id = format!("raw{number}");
        let raw = Raw {
            number: number.to_owned(),
            branch: format!("z9hG4bK{number}"),
            tag: None,
            cseq: 1,
            headers: headers.to_owned(),
        };
        self.say(&call_id, &raw, "INVITE", 1, &raw.branch);
        self.raw.insert(call_id, raw);
    }

    /// `Replaces` for the call of somebody's own words; none where it does not stand.
    pub fn replaces(&self, number: &str) -> Option<String> {
        let call_id = format!("raw{number}");
        let tag = self.raw.get(&call_id)?.tag.clone()?;
        Some(format!(
            "Replaces: {call_id};to-tag={tag};from-tag=t{number}\r\n"
        ))
    }

    fn act_raw(&mut self, number: &str, act: &Act) {
        let call_id = format!("raw{number}");
        let Some(raw) = self.raw.get_mut(&call_id) else {
            return;
        };
        raw.cseq += 1;
        let raw = raw.clone();
        match act {
            Act::HangUp if raw.tag.is_some() => {
                let branch = format!("{}{}", raw.branch, raw.cseq);
                self.say(&call_id, &raw, "BYE", raw.cseq, &branch);
            }
            Act::HangUp => self.say(&call_id, &raw, "CANCEL", 1, &raw.branch),
            Act::Cancel(reason) => {
                let headers = (*reason).to_owned();
                let cancel = Raw { headers, ..raw };
                self.say(&call_id, &cancel, "CANCEL", 1, &cancel.branch);
            }
            Act::Again => self.say(&call_id, &raw, "INVITE", 1, &raw.branch),
            Act::Merge => {
                let branch = format!("{}m", raw.branch);
                self.say(&call_id, &raw, "INVITE", 1, &branch);
            }
            Act::Hold | Act::Resume | Act::Refer(_) => {}
        }
    }

    fn say(&mut self, call_id: &str, raw: &Raw, method: &str, cseq: u32, branch: &str) {
        let in_dialog = matches!(method, "BYE" | "ACK");
        let tag = raw.tag.as_ref().filter(|_| in_dialog);
        let to = tag.map_or(String::new(), |tag| format!(";tag={tag}"));
        let (headers, body) = match method {
            "INVITE" => (
                format!("{}Content-Type: application/sdp\r\n", raw.headers),
                SDP,
            ),
            "CANCEL" => (raw.headers.clone(), ""),
            _ => (String::new(), ""),
        };
        let number = &raw.number;
        let text = format!(
            "{method} sip:101@{PHONE} SIP/2.0\r\nVia: SIP/2.0/UDP {OTHERS};branch={branch}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{number}@127.0.0.2>;tag=t{number}\r\n\
             To: <sip:101@{PHONE}>{to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:{number}@{OTHERS}>\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.out.push((address(PHONE), text.into_bytes()));
    }

    /// The phone answers an INVITE of somebody's own words.
    fn hear(&mut self, response: &Response) {
        let is_invite = response.cseq.method == Method::Invite;
        let Some(raw) = self.raw.get_mut(&response.call_id) else {
            return;
        };
        if !is_invite || response.status < 200 {
            return;
        }
        let tag = response.to.tag().map(str::to_owned);
        let branch = match response.status {
            // What was merged has another transaction.
            300.. => response.top_via.branch().unwrap_or_default().to_owned(),
            _ => format!("{}ack", raw.branch),
        };
        if response.status < 300 {
            raw.tag = tag.clone();
        }
        let raw = Raw { tag, ..raw.clone() };
        self.say(&response.call_id, &raw, "ACK", response.cseq.seq, &branch);
    }

    /// Whether no user agent is behind the number that is called.
    fn is_odd(&self, request: &Request) -> bool {
        let number = request.uri.user().unwrap_or_default();
        match self.manners.get(number.as_ref()) {
            Some(Manner::Silent | Manner::Forks) => true,
            Some(Manner::Challenges) => {
                !request.headers.has("Proxy-Authorization") && request.method != Method::Bye
            }
            _ => false,
        }
    }

    /// Servers that are no user agents.
    fn serve(&mut self, request: &Request) {
        let number = request.uri.user().unwrap_or_default().into_owned();
        let manner = self.manners.get(&number).cloned();
        match (&request.method, manner) {
            (Method::Ack, _) | (_, Some(Manner::Silent)) => {}
            (Method::Invite, Some(Manner::Challenges)) => {
                let mut response = Response::new(request, 407);
                response.to.set_tag("proxy");
                let challenge = "Digest realm=\"office\", nonce=\"abc\", algorithm=MD5";
                response.headers.push("Proxy-Authenticate", challenge);
                self.answer(response);
            }
            (Method::Invite, Some(Manner::Forks)) if request.to.tag().is_none() => {
                for (tag, status) in [("a", 180), ("b", 180), ("a", 200), ("b", 200)] {
                    let mut response = Response::new(request, status);
                    response.to.set_tag(tag);
                    self.answer_with_sound(response, &number);
                }
            }
            (Method::Invite, _) => {
                let response = Response::new(request, 200);
                self.answer_with_sound(response, &number);
            }
            _ => self.answer(Response::new(request, 200)),
        }
    }

    fn answer_with_sound(&mut self, mut response: Response, number: &str) {
        let contact = format!("<sip:{number}@{OTHERS}>");
        response.headers.push("Contact", contact);
        if response.status == 200 {
            response.headers.push("Content-Type", "application/sdp");
            response.body = SDP.as_bytes().to_vec();
        }
        self.answer(response);
    }

    fn answer(&mut self, response: Response) {
        self.out.push((address(PHONE), response.to_bytes()));
    }
}
