//! A crash between the ring and the end: the caller is not forgotten.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Phone, SETTINGS, profile, run};

fn invite(phone: SocketAddr, from: SocketAddr) -> String {
    let body = "v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                m=audio 50002 RTP/AVP 8\r\n";
    format!(
        "INVITE sip:101@{phone} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKring\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+77011112233@127.0.0.1>;tag=ring\r\nTo: <sip:101@{phone}>\r\n\
         Call-ID: ring\r\nCSeq: 1 INVITE\r\nContact: <sip:+77011112233@{from}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn listed(profile: &std::path::Path, what: &[&str]) -> Value {
    let output = run(profile, &[what, &["list", "--format", "json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_caller_whom_a_crash_cut_off_while_it_rang_is_owed_a_call_at_the_next_start() {
    let dir = profile(SETTINGS);
    let mut phone = Phone::start(dir.path());
    let address: SocketAddr = phone.ready["udp"][0].as_str().unwrap().parse().unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let invite = invite(address, peer.local_addr().unwrap());
    peer.send_to(invite.as_bytes(), address).unwrap();
    let call = phone.wait("call")["call"].clone();
    // The row goes to the disk beside the ringing; whoever reads it finds it there soon.
    let deadline = Instant::now() + Duration::from_secs(60);
    while listed(dir.path(), &["log"]).as_array().unwrap().is_empty() {
        assert!(Instant::now() < deadline, "no row while it rings");
    }
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
