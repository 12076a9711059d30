//! Fields of the card from outside the store, asked of real servers: the card waits for none of them.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Phone, SETTINGS, ctl, profile};

/// A web server that lets everybody wait.
struct Silent {
    url: String,
    /// Those who wait now, and the most there have been.
    waiting: Arc<(AtomicUsize, AtomicUsize)>,
}

impl Silent {
    fn start() -> Self {
        let waiting: Arc<(AtomicUsize, AtomicUsize)> = Arc::default();
        let counted = Arc::clone(&waiting);
        let url = serve(move |mut stream| {
            let now = counted.0.fetch_add(1, Ordering::SeqCst) + 1;
            counted.1.fetch_max(now, Ordering::SeqCst);
            // Until the phone hangs up.
            while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
            counted.0.fetch_sub(1, Ordering::SeqCst);
        });
        Self { url, waiting }
    }

    fn most(&self) -> usize {
        self.waiting.1.load(Ordering::SeqCst)
    }
}

/// Serves everybody on a thread of their own.
fn serve(one: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let one = Arc::new(one);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let one = Arc::clone(&one);
            thread::spawn(move || one(stream.unwrap()));
        }
    });
    url
}

fn source(name: &str, url: &str) -> String {
    format!(
        "[[source]]\nname = \"{name}\"\ntype = \"http\"\nurl = \"{url}/{{number}}\"\nfield = \"limit\"\n"
    )
}

/// Calls the phone, and lets it ring.
pub fn call(peer: &UdpSocket, phone: &Phone, n: usize) {
    let here = peer.local_addr().unwrap();
    let there = phone.ready["udp"][0].as_str().unwrap();
    let request = format!(
        "INVITE sip:101@{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{n}\r\n\
         From: <sip:+77011112233@{here}>;tag={n}\r\nTo: <sip:101@{there}>\r\nCall-ID: {n}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:x@{here}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    peer.send_to(request.as_bytes(), there).unwrap();
}

pub fn peer() -> UdpSocket {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let deadline = Some(Duration::from_secs(30));
    peer.set_read_timeout(deadline).unwrap();
    peer
}

/// Reads what the phone says until it says that it rings.
pub fn hear_ringing(peer: &UdpSocket) {
    let mut octets = [0; 4096];
    loop {
        let length = peer.recv(&mut octets).expect("the phone rings");
        if octets[..length].starts_with(b"SIP/2.0 180") {
            return;
        }
    }
}

/// The states of the card's fields from outside, by their names, and their values.
pub fn fields(card: &Value) -> Vec<(String, String, String)> {
    let text = |field: &Value, key: &str| field[key].as_str().unwrap().to_owned();
    let fields = card["card"]["sourced"].as_array().unwrap();
    let field = |field| {
        (
            text(field, "name"),
            text(field, "state"),
            text(field, "value"),
        )
    };
    fields.iter().map(field).collect()
}

#[test]
fn s4_25_twenty_sources_that_answer_late_or_never_hold_up_neither_ringing_nor_card() {
    let silent = Silent::start();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&asked);
    let erp = serve(move |mut stream| {
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        let request = String::from_utf8_lossy(&request[..length]).into_owned();
        heard.lock().unwrap().push(request);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"limit\": 500}";
        stream.write_all(answer).unwrap();
    });
    let mut sources = source("Limit", &erp);
    sources.push_str(
        "[[source]]\nname = \"Manager\"\ntype = \"csv\"\nfile = \"m.csv\"\nkey = \"phone\"\nfield = \"who\"\n",
    );
    for n in 3..=20 {
        write!(sources, "{}", source(&format!("Silent {n}"), &silent.url)).unwrap();
    }
    let dir = profile(&format!("{SETTINGS}{sources}"));
    fs::write(
        dir.path().join("m.csv"),
        "phone;who\n8 701 111 22 33;Anna\n",
    )
    .unwrap();
    let mut phone = Phone::start(dir.path());
    let peer = peer();
    call(&peer, &phone, 1);
    hear_ringing(&peer);
    // The silent servers never answer, and yet the card comes, and then all that there is to come.
    let mut card = phone.wait("caller_card");
    assert_eq!(fields(&card).len(), 20);
    let waits = |card: &Value| fields(card).iter().any(|field| field.1 == "waiting");
    assert!(waits(&card), "{card}");
    while waits(&card) {
        card = phone.wait("caller_card");
    }
    for (name, state, value) in fields(&card) {
        let expected = match name.as_str() {
            "Limit" => ("here", "500"),
            "Manager" => ("here", "Anna"),
            _ => ("no_data", ""),
        };
        assert_eq!((state.as_str(), value.as_str()), expected, "{name}");
    }
    let asked = asked.lock().unwrap();
    assert!(
        asked[0].starts_with("GET /%2B77011112233 HTTP/1.1\r\n"),
        "{asked:?}"
    );
}

#[test]
fn a_source_that_hangs_keeps_no_more_than_four_threads_and_not_the_end_of_the_phone() {
    const CALLS: usize = 10;
    let silent = Silent::start();
    let dir = profile(&format!("{SETTINGS}{}", source("Limit", &silent.url)));
    let mut phone = Phone::start(dir.path());
    let peer = peer();
    for n in 1..=CALLS {
        call(&peer, &phone, n);
    }
    let mut without = 0;
    while without < CALLS {
        let card = phone.wait("caller_card");
        without += usize::from(fields(&card)[0].1 == "no_data");
    }
    assert!((1..=4).contains(&silent.most()), "{}", silent.most());
    call(&peer, &phone, CALLS + 1);
    ctl(dir.path(), &["quit"]).unwrap();
    assert!(phone.wait_exit().success());
}
