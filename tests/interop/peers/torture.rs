//! RFC 4475 on the wire: every torture message sent to the running phone, its reaction judged, and
//! the phone asked after each whether it still lives.

use std::path::{Path, PathBuf};
use std::process::Command;

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
