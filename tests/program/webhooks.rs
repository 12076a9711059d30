//! Events on their way to web servers: in order, signed, again and again, and after a restart.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::tasks::Caller;
use super::{Phone, SETTINGS, ctl, profile};

/// 32 octets of `k`.
const SECRET: &str = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=";
const DEADLINE: Duration = Duration::from_secs(60);

/// A request that arrived.
#[derive(Debug)]
struct Arrived {
    head: String,
    body: String,
}

impl Arrived {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found
            .unwrap_or_else(|| panic!("no {name}: {}", self.head))
            .1
    }

    /// The event, whose signature is verified.
    fn event(&self) -> Value {
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let key = STANDARD.decode(&SECRET[6..]).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{timestamp}.{}", self.body).as_bytes());
        let signature = self
            .header("webhook-signature")
            .strip_prefix("v1,")
            .unwrap();
        mac.verify_slice(&STANDARD.decode(signature).unwrap())
            .unwrap();
        let now = jiff::Timestamp::now().as_second();
        let age = now - timestamp.parse::<i64>().unwrap();
        assert!((0..=60).contains(&age), "{age}");
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A web server that answers with these, one after the other, and the last again and again.
struct Server {
    url: String,
    arrived: Receiver<Arrived>,
}

/// How a request is answered; silence is waiting until the phone hangs up.
#[derive(Clone, Copy)]
enum Reply {
    Status(&'static str),
    Silence,
}

const TAKEN: Reply = Reply::Status("204 No Content\r\n");

impl Server {
    fn start(replies: &'static [Reply]) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), replies)
    }

    fn on(listener: TcpListener, replies: &'static [Reply]) -> Self {
        let url = format!("http://{}/calls", listener.local_addr().unwrap());
        let (send, arrived) = channel();
        thread::spawn(move || {
            let mut replies = replies.iter().copied();
            let mut last = TAKEN;
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                // The phone keeps its connection for the next event.
                while let Some(request) = read(&mut stream) {
                    last = replies.next().unwrap_or(last);
                    if !answer(&mut stream, request, last, &send) {
                        break;
                    }
                }
            }
        });
        Self { url, arrived }
    }

    fn next(&self) -> Arrived {
        self.arrived
            .recv_timeout(DEADLINE)
            .expect("an event arrives")
    }
}

fn answer(stream: &mut TcpStream, request: Arrived, reply: Reply, send: &Sender<Arrived>) -> bool {
    send.send(request).unwrap();
    match reply {
        Reply::Status(head) => {
            let answer = format!("HTTP/1.1 {head}Content-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).is_ok()
        }
        Reply::Silence => {
            while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
            false
        }
    }
}

fn read(stream: &mut TcpStream) -> Option<Arrived> {
    let mut octets = Vec::new();
    let end = loop {
        if let Some(end) = octets.windows(4).position(|it| it == b"\r\n\r\n") {
            break end;
        }
        let mut more = [0; 4096];
        let length = stream.read(&mut more).ok().filter(|&length| length > 0)?;
        octets.extend_from_slice(&more[..length]);
    };
    let head = String::from_utf8(octets[..end].to_vec()).unwrap();
    let mut arrived = Arrived {
        head,
        body: String::new(),
    };
    let length: usize = arrived.header("content-length").parse().unwrap();
    let mut body = octets[end + 4..].to_vec();
    let left = length - body.len();
    body.resize(length, 0);
    stream.read_exact(&mut body[length - left..]).ok()?;
    arrived.body = String::from_utf8(body).unwrap();
    Some(arrived)
}

fn webhook(name: &str, url: &str, events: &str) -> String {
    format!(
        "[[webhook]]\nname = \"{name}\"\nurl = \"{url}\"\nsecret = \"{SECRET}\"\nevents = [{events}]\n"
    )
}

/// A caller who gives up: two events of the call, and a task.
fn missed(phone: &mut Phone, profile: &Path, number: &str) {
    let caller = Caller::new(phone, number);
    caller.ring(phone, profile);
    caller.give_up();
    phone.wait("task");
}

/// As [`missed`], for whoever waits for what comes before the task.
fn lose(phone: &mut Phone, profile: &Path) {
    let caller = Caller::new(phone, "+77011112233");
    caller.ring(phone, profile);
    caller.give_up();
}

fn states(receiver: &Server, count: usize) -> Vec<String> {
    let state = |_| {
        receiver.next().event()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    (0..count).map(state).collect()
}

#[test]
fn events_are_posted_in_order_signed_and_again_until_they_are_taken() {
    const FAILS_TWICE: &[Reply] = &[
        Reply::Status("500 Oh\r\n"),
        Reply::Status("503 Oh\r\n"),
        TAKEN,
    ];
    let receiver = Server::start(FAILS_TWICE);
    let dir = profile(&format!(
        "{SETTINGS}{}",
        webhook("crm", &receiver.url, "\"call\", \"task\"")
    ));
    let mut phone = Phone::start(dir.path());
    let caller = Caller::new(&phone, "+77011112233");
    caller.ring(&mut phone, dir.path());
    let first = receiver.next();
    caller.give_up();
    let again = receiver.next();
    let third = receiver.next();
    for attempt in [&again, &third] {
        assert_eq!(attempt.header("webhook-id"), first.header("webhook-id"));
        assert_eq!(attempt.body, first.body);
    }
    assert_eq!(first.event()["state"], "incoming");
    assert!(
        first.head.starts_with("POST /calls HTTP/1.1\r\n"),
        "{}",
        first.head
    );
    third.event();
    let arrived = [receiver.next(), receiver.next(), receiver.next()];
    ctl(dir.path(), &["quit"]).unwrap();
    let told = phone.rest();
    // The same that standard output has, in its order.
    let wanted = |event: &&Value| event["event"] == "call" || event["event"] == "task";
    let printed: Vec<&Value> = told.iter().filter(wanted).collect();
    let events = arrived.each_ref().map(Arrived::event);
    assert_eq!(events.each_ref().as_slice(), printed);
    let notices: Vec<&Value> = told.iter().filter(|it| it["kind"] == "webhook").collect();
    let [notice] = notices[..] else {
        panic!("it was told once: {notices:?}");
    };
    let text = notice["text"].as_str().unwrap();
    assert!(
        text.contains("crm cannot be told of events: HTTP 500. They wait"),
        "{text}"
    );
}

#[test]
fn events_for_a_server_that_is_away_outlive_the_phone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}/calls");
    let secret = format!("secret = \"{SECRET}\"");
    let printed = format!("secret_command = \"echo {SECRET}\"");
    let webhook = webhook("crm", &url, "\"call\"").replace(&secret, &printed);
    let dir = profile(&format!("{SETTINGS}{webhook}"));
    let mut phone = Phone::start(dir.path());
    missed(&mut phone, dir.path(), "+77011112233");
    ctl(dir.path(), &["quit"]).unwrap();
    assert!(phone.wait_exit().success());

    let receiver = Server::on(TcpListener::bind(address).unwrap(), &[TAKEN]);
    let mut phone = Phone::start(dir.path());
    assert_eq!(states(&receiver, 3), ["incoming", "ringing", "ended"]);
    // What was told is told once: the next is of the next call.
    missed(&mut phone, dir.path(), "+77011112244");
    let next = receiver.next().event();
    assert_eq!(
        (&next["state"], &next["number"]),
        (&"incoming".into(), &"+77011112244".into())
    );
}

#[test]
fn a_server_that_hangs_holds_up_neither_the_phone_nor_another_server() {
    let hanging = Server::start(&[Reply::Silence]);
    let good = Server::start(&[TAKEN]);
    let dir = profile(&format!(
        "{SETTINGS}{}{}",
        webhook("hanging", &hanging.url, "\"call\""),
        webhook("good", &good.url, "\"call\"")
    ));
    let mut phone = Phone::start(dir.path());
    missed(&mut phone, dir.path(), "+77011112233");
    assert_eq!(states(&good, 3), ["incoming", "ringing", "ended"]);
    hanging.next();
    let begin = Instant::now();
    ctl(dir.path(), &["quit"]).unwrap();
    assert!(phone.wait_exit().success());
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn a_server_that_sends_us_elsewhere_is_not_followed_and_told_of_once() {
    const AWAY: &[Reply] = &[Reply::Status(
        "307 Away\r\nLocation: http://evil.example/\r\n",
    )];
    let receiver = Server::start(AWAY);
    let dir = profile(&format!(
        "{SETTINGS}{}",
        webhook("crm", &receiver.url, "\"call\"")
    ));
    let mut phone = Phone::start(dir.path());
    lose(&mut phone, dir.path());
    let (first, again) = (receiver.next(), receiver.next());
    assert_eq!(first.header("webhook-id"), again.header("webhook-id"));
    receiver.next();
    let notice = phone.wait("notice");
    let text = notice["text"].as_str().unwrap();
    assert!(
        text.contains("sends us on to http://evil.example/"),
        "{text}"
    );
    ctl(dir.path(), &["quit"]).unwrap();
    assert!(!phone.rest().iter().any(|event| event["kind"] == "webhook"));
}

#[test]
fn a_server_without_a_good_certificate_is_told_nothing() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key =
        rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(std::sync::Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![certified.cert.der().clone()], key)
    .unwrap();
    let config = std::sync::Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, heard) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(std::sync::Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut octets = [0; 65536];
            let read = stream.read(&mut octets).unwrap_or(0);
            send.send(octets[..read].to_vec()).unwrap();
            let _ = stream
                .write_all(b"HTTP/1.1 204 Taken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let url = format!("https://localhost:{port}/");
    let trusting = |extra: &str| {
        let webhook = webhook("crm", &url, "\"call\"");
        profile(&format!("{SETTINGS}{webhook}{extra}"))
    };
    let dir = trusting("");
    let mut phone = Phone::start(dir.path());
    lose(&mut phone, dir.path());
    let notice = phone.wait("notice");
    assert_eq!(notice["kind"], "webhook", "{notice}");
    assert_eq!(heard.recv_timeout(DEADLINE).unwrap(), b"");
    drop(phone);

    let dir = trusting("ca_file = \"ca.pem\"\n");
    let pem = dir.path().join("ca.pem");
    fs::write(&pem, certified.cert.pem()).unwrap();
    let settings = fs::read_to_string(dir.path().join("settings.toml")).unwrap();
    let settings = settings.replace("ca.pem", pem.to_str().unwrap());
    fs::write(dir.path().join("settings.toml"), settings).unwrap();
    let mut phone = Phone::start(dir.path());
    missed(&mut phone, dir.path(), "+77011112233");
    let told = loop {
        let told = heard.recv_timeout(DEADLINE).unwrap();
        if !told.is_empty() {
            break told;
        }
    };
    assert!(told.starts_with(b"POST / HTTP/1.1\r\n"));
}
