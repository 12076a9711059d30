//! `ringbook check` against servers that fail in one way each.

use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use ringbook::model::{CallId, CallRecord, CallStatus, Direction};
use ringbook::store::Store;
use ringbook_sip::message::{Message, Response, parse_datagram};

use super::{profile, run};

/// A registrar that answers every REGISTER with one status, or not at all.
struct Registrar {
    port: u16,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Registrar {
    fn answering(status: Option<u16>, received: &'static str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let port = socket.local_addr().unwrap().port();
        let ended = Arc::new(AtomicBool::new(false));
        let over = ended.clone();
        let serve = move || {
            let mut buffer = [0; 65_536];
            while !over.load(Ordering::Relaxed) {
                let Ok((length, source)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                let Ok(Message::Request(request)) = parse_datagram(&buffer[..length]) else {
                    continue;
                };
                let Some(status) = status else { continue };
                let mut response = Response::new(&request, status);
                response.to.set_tag("registrar");
                let via = &mut response.top_via.params;
                via.set("received", Some(received));
                via.set("rport", Some(&source.port().to_string()));
                for contact in request.headers.get_all("Contact") {
                    response.headers.push("Contact", contact);
                }
                let _ = socket.send_to(&response.to_bytes(), source);
            }
        };
        Self {
            port,
            ended,
            thread: Some(thread::spawn(serve)),
        }
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the check prints for a line at `server`, and whether everything worked.
fn checked(server: &str, more: &str) -> (String, bool) {
    checked_line(server, "", more)
}

/// The same with further keys of the line.
fn checked_line(server: &str, line: &str, more: &str) -> (String, bool) {
    let settings = format!(
        "[[account]]\naor = \"sip:101@127.0.0.1\"\nregistrar = \"sip:{server}\"\npassword = \"x\"\n\
         {line}[sip]\nbind = \"127.0.0.1\"\nudp_port = 0\ntcp_port = 0\ntls_port = 0\n\
         [audio]\ninput = \"silence\"\noutput = \"null\"\nring = \"null\"\n{more}"
    );
    let dir = profile(&settings);
    let output = run(dir.path(), &["check"]);
    let text = String::from_utf8(output.stdout).unwrap();
    (text, output.status.success())
}

#[test]
fn a_line_that_works_is_told_step_by_step() {
    let registrar = Registrar::answering(Some(200), "127.0.0.1");
    let (text, works) = checked(&format!("127.0.0.1:{}", registrar.port), "");
    assert!(works, "{text}");
    for step in [
        "ok      Server:",
        "ok      Registration:",
        "ok      Address: the server sees",
    ] {
        assert!(text.contains(step), "{step}\n{text}");
    }
    assert!(text.contains("Audio ports"), "{text}");
}

#[test]
fn s5_15_a_line_on_which_no_caller_has_a_number_is_told_to_ask_for_clip() {
    let dir = profile(
        "[[account]]\naor = \"sip:101@127.0.0.1\"\nregister = false\n\
         [audio]\ninput = \"silence\"\noutput = \"null\"\nring = \"null\"\n",
    );
    let mut store = Store::open(&dir.path().join("ringbook.db")).unwrap();
    let call = |store: &mut Store, hidden: bool| {
        let now = Timestamp::now();
        let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, now);
        (call.hidden, call.status, call.ended_at) = (hidden, CallStatus::Missed, Some(now));
        call.account = "sip:101@127.0.0.1".into();
        if !hidden {
            call.caller = "+77011112233".into();
        }
        store.write(|w| w.save_call(&call)).unwrap();
    };
    let check = || {
        let output = run(dir.path(), &["check"]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!check().contains("Callers' numbers"), "nobody has called");
    for _ in 0..3 {
        call(&mut store, true);
    }
    let text = check();
    assert!(text.contains("FAILED  Callers' numbers"), "{text}");
    assert!(text.contains("CLIP"), "{text}");
    call(&mut store, false);
    let text = check();
    assert!(
        text.contains("ok      Callers' numbers: 1 of the last 4"),
        "{text}"
    );
}

#[test]
fn a_nat_on_the_way_is_told() {
    let registrar = Registrar::answering(Some(200), "198.51.100.7");
    let (text, works) = checked(&format!("127.0.0.1:{}", registrar.port), "");
    assert!(works && text.contains("as 198.51.100.7:"), "{text}");
}

#[test]
fn what_a_stun_server_sees_is_told_and_one_that_is_silent_is_the_step_that_failed() {
    let registrar = Registrar::answering(Some(200), "127.0.0.1");
    let server = format!("127.0.0.1:{}", registrar.port);
    let keys = |stun: u16| format!("ice = \"on\"\nstun_server = \"127.0.0.1:{stun}\"\n");
    let (text, works) = checked_line(&server, &keys(stun_server()), "");
    let told = "sees this phone as 198.51.100.7:31234, here it is 127.0.0.1:";
    assert!(works && text.contains(told), "{text}");
    let (_silent, port) = taken_pair();
    let (text, works) = checked_line(&server, &keys(port), "");
    assert!(!works && text.contains("FAILED  STUN server"), "{text}");
}

/// A STUN server that sees everybody as 198.51.100.7:31234 (RFC 8489 §14.2).
fn stun_server() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut request = [0; 548];
        while let Ok((20.., source)) = socket.recv_from(&mut request) {
            let mut answer = vec![1, 1, 0, 12];
            answer.extend(&request[4..20]);
            answer.extend([0, 0x20, 0, 8, 0, 1]);
            answer.extend((31_234_u16 ^ 0x2112).to_be_bytes());
            answer.extend([198 ^ 0x21, 51 ^ 0x12, 100 ^ 0xa4, 7 ^ 0x42]);
            let _ = socket.send_to(&answer, source);
        }
    });
    port
}

#[test]
fn a_server_that_says_nothing_is_the_step_that_failed() {
    let registrar = Registrar::answering(None, "");
    let (text, works) = checked(&format!("127.0.0.1:{}", registrar.port), "");
    assert!(!works);
    assert!(text.contains("FAILED  Server: 127.0.0.1:"), "{text}");
    assert!(!text.contains("Registration"), "{text}");
}

#[test]
fn a_refusal_is_the_step_that_failed_with_its_remedy() {
    for (status, remedy) in [
        (403, "Check username and password"),
        (404, "Check the line's address"),
        (503, "Ask the provider"),
    ] {
        let registrar = Registrar::answering(Some(status), "127.0.0.1");
        let (text, works) = checked(&format!("127.0.0.1:{}", registrar.port), "");
        assert!(!works);
        assert!(text.contains("ok      Server:"), "{text}");
        assert!(text.contains("FAILED  Registration:"), "{text}");
        assert!(text.contains(remedy), "{text}");
    }
}

#[test]
fn a_port_that_takes_no_connection_is_the_step_that_failed() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let (text, works) = checked(&format!("127.0.0.1:{port};transport=tcp"), "");
    assert!(!works);
    assert!(text.contains("FAILED  Connection:"), "{text}");
}

#[test]
fn ports_for_the_sound_that_are_taken_are_named() {
    let registrar = Registrar::answering(Some(200), "127.0.0.1");
    let (_taken, port) = taken_pair();
    let more = format!("[media]\nrtp_ports = \"{port}-{}\"\n", port + 1);
    let (text, works) = checked(&format!("127.0.0.1:{}", registrar.port), &more);
    assert!(!works);
    assert!(text.contains("FAILED  Audio ports"), "{text}");
}

#[test]
fn more_calls_than_there_are_ports_for_are_named() {
    let registrar = Registrar::answering(Some(200), "127.0.0.1");
    let sip = format!("127.0.0.1:{}", registrar.port);
    let ports = "[media]\nrtp_ports = \"43000-43019\"\n";
    for (most, found) in [
        (10, "ok      Audio ports"),
        (
            11,
            "FAILED  Audio ports: 43000-43019 are ports for 10 calls, and [phone] max_calls allows 11",
        ),
    ] {
        let (text, works) = checked(&sip, &format!("{ports}[phone]\nmax_calls = {most}\n"));
        assert_eq!(works, most == 10, "{text}");
        assert!(text.contains(found), "{text}");
    }
}

/// An even port that nobody else can have while the socket lives.
fn taken_pair() -> (UdpSocket, u16) {
    loop {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        if port.is_multiple_of(2) {
            return (socket, port);
        }
    }
}
