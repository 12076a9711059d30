//! How the user agent reacts to the torture messages of RFC 4475 and RFC 5118, byte for byte.

use crate::support;

use std::path::{Path, PathBuf};
use std::time::Instant;

use ringbook_sip::user_agent::Output;
use serde_json::Value;
use support::*;

fn corpus(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/corpora")
        .join(name);
    if !path.join("manifest.json").exists() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// A user agent, with an account or taking direct calls.
fn agent(with_account: bool) -> Agent {
    let mut agent = Agent::new("ua", "10.0.0.1:5060", 7);
    if with_account {
        agent.ua.add_account(account("101", "sip:10.0.0.1"));
    }
    agent
}

/// The statuses of everything sent within a second of virtual time in answer to the message.
fn react(agent: &mut Agent, now: &mut Instant, bytes: &[u8]) -> Vec<u16> {
    let peer = addr("10.0.0.9:5060");
    let local = agent.address;
    agent.ua.handle_datagram(*now, local, peer, bytes);
    let call_id = call_id(bytes);
    let end = *now + secs(1);
    let mut statuses = Vec::new();
    loop {
        match agent.ua.poll_output() {
            Output::Transmit(transmit) => {
                assert_eq!(transmit.remote.ip(), peer.ip(), "a response to a stranger");
                // The answer to a request without a Call-ID cannot be read as a whole either.
                let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
                let Some(status) = text.strip_prefix("SIP/2.0 ") else {
                    panic!("sent {text}")
                };
                // Earlier calls go on meanwhile.
                if call_id.is_none() || self::call_id(&transmit.bytes) == call_id {
                    statuses.push(status[..3].parse().unwrap());
                }
            }
            Output::Timeout(Some(at)) if at <= end => {
                *now = at;
                agent.ua.handle_timeout(at);
            }
            Output::Timeout(_) => break,
            _ => {}
        }
    }
    *now = end;
    statuses
}

fn is_alive(agent: &mut Agent, now: Instant, serial: usize) -> bool {
    let (local, peer) = (agent.address, addr("10.0.0.8:5060"));
    let ping = format!(
        "OPTIONS sip:ping@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.8;branch=z9hG4bKp{serial}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:p@10.0.0.8>;tag=p\r\nTo: <sip:ping@10.0.0.1>\r\n\
         Call-ID: ping{serial}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    agent.ua.handle_datagram(now, local, peer, ping.as_bytes());
    matches!(agent.ua.poll_output(), Output::Transmit(t) if t.bytes.starts_with(b"SIP/2.0 200"))
}

/// The Call-ID as it was written.
fn call_id(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let line = lines.find(|line| {
        let name = line.split(':').next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case("call-id") || name.eq_ignore_ascii_case("i")
    })?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn is_allowed(row: &Value, statuses: &[u16]) -> bool {
    let mut allowed: Vec<String> = row["udp_reaction_allowed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_str().unwrap().to_owned())
        .collect();
    if row["or_404_if_uri_not_ours"].as_bool() == Some(true) {
        allowed.push("404".to_owned());
    }
    match statuses {
        [] => allowed.iter().any(|known| known == "silent"),
        _ => statuses.iter().any(|status| {
            allowed.contains(&status.to_string())
                || (*status < 300 && allowed.iter().any(|known| known == "1xx+2xx"))
        }),
    }
}

/// Each message meets a user agent of its own, or all meet the same one.
fn check(name: &str, with_account: bool, together: bool) {
    let Some(path) = corpus(name) else { return };
    let manifest = std::fs::read(path.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let rows = manifest.as_array().unwrap();
    assert!(!rows.is_empty());
    let mut wrong = Vec::new();
    let (mut ua, mut now) = (agent(with_account), Instant::now());
    for (serial, row) in rows.iter().enumerate() {
        let file = row["file"].as_str().unwrap();
        let bytes = [path.join("wire_fixedcl").join(file), path.join(file)]
            .into_iter()
            .find_map(|path| std::fs::read(path).ok())
            .unwrap_or_else(|| panic!("{file} is not in the corpus"));
        if !together {
            ua = agent(with_account);
        }
        let statuses = react(&mut ua, &mut now, &bytes);
        assert!(
            is_alive(&mut ua, now, serial),
            "{file} broke the user agent"
        );
        if !is_allowed(row, &statuses) {
            wrong.push(format!(
                "{file}: {statuses:?}, allowed {}",
                row["udp_reaction_allowed"]
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_message_of_rfc_4475_gets_an_allowed_reaction_when_direct_calls_are_taken() {
    check("rfc4475", false, false);
}

#[test]
fn every_message_of_rfc_4475_gets_an_allowed_reaction_with_an_account() {
    check("rfc4475", true, false);
}

#[test]
fn every_message_of_rfc_5118_gets_an_allowed_reaction() {
    check("rfc5118", false, false);
}

/// They share branches: what tells them apart is Call-ID and CSeq.
#[test]
fn all_messages_one_after_the_other_get_allowed_reactions_from_one_user_agent() {
    for with_account in [false, true] {
        check("rfc4475", with_account, true);
        check("rfc5118", with_account, true);
    }
}
