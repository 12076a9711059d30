//! RFC 4475 on the wire: every torture message sent to the running phone, its reaction judged, and
//! the phone asked after each whether it still lives.

use std::fs;
use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Phone, Setup, Transport, together};

#[test]
fn rfc_4475_all_49_messages_get_the_right_reaction_over_udp() {
    judge_reactions(Transport::Udp);
}

#[test]
fn rfc_4475_all_49_messages_get_the_right_reaction_over_tcp() {
    judge_reactions(Transport::Tcp);
}

fn judge_reactions(transport: Transport) {
    let Some(shared) = shared() else {
        eprintln!("skipped: no ../shared beside this clone, so no RFC 4475 messages");
        return;
    };
    let _turn = together();
    let phone = Phone::start(&Setup::unregistered("127.0.0.1"));
    let output = Command::new("python3")
        .arg(shared.join("tools/torture_wire.py"))
        .args(["127.0.0.1", &phone.port().to_string()])
        .arg(shared.join("corpora/rfc4475"))
        .env("MODE", transport.parameter())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    let judged = report.lines().count();
    let wrong: Vec<&str> = report
        .lines()
        .filter(|line| !line.contains("\tok\t"))
        .collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        wrong.is_empty(),
        "{} of {judged} wrong:\n{}\n{errors}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(judged, 49, "not every message was judged: {errors}");
}

fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    shared
        .join("corpora/rfc4475/manifest.json")
        .exists()
        .then_some(shared)
}

#[test]
fn rfc_5118_all_12_messages_get_the_right_reaction_over_ipv6() {
    let Some(shared) = shared() else {
        eprintln!("skipped: no ../shared beside this clone, so no RFC 5118 messages");
        return;
    };
    let _turn = together();
    let folder = shared.join("corpora/rfc5118");
    let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&manifest).unwrap();
    let phone = Phone::start(&Setup::unregistered("[::1]"));
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, phone.port()));
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let file = case["file"].as_str().unwrap();
            let bytes = fs::read(folder.join("wire_fixedcl").join(file)).unwrap();
            let got = reaction(address, &bytes);
            let allowed = case["udp_reaction_allowed"].as_array().unwrap();
            let fits = |allowed: &Value| match (&got, allowed.as_str().unwrap()) {
                (None, "silent") => true,
                (Some(status), "1xx+2xx") => *status < 300,
                (Some(status), text) => text == status.to_string(),
                (None, _) => false,
            };
            let right = allowed.iter().any(fits) || got.is_none() && goes_elsewhere(case);
            assert_eq!(
                reaction(address, &options(address)),
                Some(200),
                "dead after {file}"
            );
            (!right).then(|| format!("{file}: {got:?} of {allowed:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cases.len(), 12);
}

/// A Via that names another transport may be answered there.
fn goes_elsewhere(case: &Value) -> bool {
    case["top_via_transport"] != "UDP"
}

/// The status that the phone answers to a datagram, from the port that its Via names.
fn reaction(phone: SocketAddr, message: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(message);
    let port = via_port(&text);
    let socket = UdpSocket::bind((Ipv6Addr::LOCALHOST, port)).unwrap();
    socket.send_to(message, phone).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(1200)))
        .unwrap();
    let mut buffer = [0; 65_536];
    let (length, _) = socket.recv_from(&mut buffer).ok()?;
    let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
    answer.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
}

/// The port behind the first Via's host, or the usual one.
fn via_port(text: &str) -> u16 {
    let via = text.lines().find_map(|line| {
        line.strip_prefix("Via:")
            .map(|via| via.split(';').next().unwrap_or_default().trim())
    });
    let host = via
        .and_then(|via| via.split_whitespace().nth(1))
        .unwrap_or_default();
    let port = match host.rsplit_once("]:") {
        Some((_, port)) => port.parse().ok(),
        None if host.contains('[') => None,
        None => host
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok()),
    };
    port.unwrap_or(5060)
}

fn options(phone: SocketAddr) -> Vec<u8> {
    format!(
        "OPTIONS sip:{phone} SIP/2.0\r\nVia: SIP/2.0/UDP [::1]:5060;branch=z9hG4bK{id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:probe@[::1]>;tag=p\r\nTo: <sip:{phone}>\r\n\
         Call-ID: {id}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        id = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos()
    )
    .into_bytes()
}
