//! A crash between the ring and the end: no caller is forgotten, and none is owed two calls.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Phone, SETTINGS, ctl, profile, run};

/// Somebody outside with a number.
pub struct Caller {
    socket: UdpSocket,
    phone: SocketAddr,
    number: String,
}

impl Caller {
    pub fn new(phone: &Phone, number: &str) -> Self {
        Self {
            socket: UdpSocket::bind("127.0.0.1:0").unwrap(),
            phone: phone.ready["udp"][0].as_str().unwrap().parse().unwrap(),
            number: number.to_owned(),
        }
    }

    fn invite(&self) {
        let body = "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                    m=audio 50002 RTP/AVP 8\r\n";
        let from = self.socket.local_addr().unwrap();
        let contact = format!("Contact: <sip:{}@{from}>\r\n", self.number);
        self.send(
            "INVITE",
            &format!("{contact}Content-Type: application/sdp\r\n"),
            body,
        );
    }

    /// Calls, and waits until the phone has told of it and its row is on the disk.
    pub fn ring(&self, phone: &mut Phone, profile: &Path) -> Value {
        let rows = listed(profile, &["log"]).as_array().unwrap().len();
        self.invite();
        let call = phone.wait("call")["call"].clone();
        let deadline = Instant::now() + Duration::from_secs(60);
        while listed(profile, &["log"]).as_array().unwrap().len() == rows {
            assert!(Instant::now() < deadline, "no row while it rings");
        }
        call
    }

    pub fn give_up(&self) {
        self.send("CANCEL", "", "");
    }

    fn send(&self, method: &str, headers: &str, body: &str) {
        let (phone, from) = (self.phone, self.socket.local_addr().unwrap());
        let number = &self.number;
        let message = format!(
            "{method} sip:101@{phone} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {from};branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:{number}@127.0.0.1>;tag=ring\r\nTo: <sip:101@{phone}>\r\n\
             Call-ID: {number}\r\nCSeq: 1 {method}\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.socket.send_to(message.as_bytes(), phone).unwrap();
    }
}

fn listed(profile: &Path, what: &[&str]) -> Value {
    let output = run(profile, &[what, &["list", "--format", "json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_caller_whom_a_crash_cut_off_while_it_rang_is_owed_a_call_at_the_next_start() {
    let dir = profile(SETTINGS);
    let mut phone = Phone::start(dir.path());
    let call = Caller::new(&phone, "+77011112233").ring(&mut phone, dir.path());
    phone.signal("-KILL");
    phone.wait_exit();
    assert!(listed(dir.path(), &["task"]).as_array().unwrap().is_empty());

    let mut phone = Phone::start(dir.path());
    let told = phone.wait("task");
    assert_eq!((&told["state"], &told["call"]), (&"opened".into(), &call));
    let tasks = listed(dir.path(), &["task"]);
    assert_eq!(tasks.as_array().unwrap().len(), 1);
    assert_eq!(tasks[0]["task"], told["task"]);
    assert_eq!(tasks[0]["caller"], "+77011112233");
    let row = &listed(dir.path(), &["log"])[0];
    assert_eq!(
        (&row["status"], &row["call"]),
        (&"interrupted".into(), &call)
    );
}

#[test]
fn a_running_phone_tells_its_scripts_of_a_task_that_was_closed_for_a_reason() {
    let dir = profile(SETTINGS);
    let mut phone = Phone::start(dir.path());
    let caller = Caller::new(&phone, "+77011112233");
    caller.ring(&mut phone, dir.path());
    caller.give_up();
    let opened = phone.wait("task");
    assert_eq!(opened["state"], "opened");
    let closed = run(
        dir.path(),
        &[
            "task",
            "close",
            "+77011112233",
            "--reason",
            "A wrong number",
        ],
    );
    assert!(closed.status.success(), "{closed:?}");
    let told = phone.wait("task");
    assert_eq!(
        (&told["state"], &told["task"]),
        (&"closed".into(), &opened["task"])
    );
    assert_eq!(
        (&told["call"], &told["reason"]),
        (&Value::Null, &"A wrong number".into())
    );
    // Of one that is not there nothing is told.
    let nobody = "01a20180-1f58-7a54-aaba-bcbf22d44cd2";
    ctl(dir.path(), &["task-closed", nobody]).unwrap();
    assert_eq!(ctl(dir.path(), &["status"]).unwrap()["calls"], 0);
}

#[test]
fn wherever_a_crash_comes_while_a_caller_gives_up_one_call_is_owed() {
    let dir = profile(SETTINGS);
    for round in 0..6 {
        let mut phone = Phone::start(dir.path());
        let number = format!("+7701111220{round}");
        let caller = Caller::new(&phone, &number);
        caller.ring(&mut phone, dir.path());
        caller.give_up();
        // At once; when the phone has heard of it; when row and task are said to be on the disk.
        match round % 3 {
            0 => {}
            1 => while phone.wait("call")["state"] != "ended" {},
            _ => drop(phone.wait("task")),
        }
        phone.signal("-KILL");
        phone.wait_exit();

        let mut phone = Phone::start(dir.path());
        // What it says of the store, the store has: it is asked when the phone has opened it.
        let next = Caller::new(&phone, "+77029998877");
        next.ring(&mut phone, dir.path());
        let tasks = listed(dir.path(), &["task"]);
        let tasks = tasks.as_array().unwrap().iter();
        let owed: Vec<&Value> = tasks.filter(|task| task["caller"] == *number).collect();
        assert_eq!(owed.len(), 1, "round {round}: {owed:?}");
        assert_eq!(owed[0]["calls"], 1, "round {round}");
    }
}
