//! What every test of one phone and one peer does, and what the log must say afterwards.

use serde_json::Value;

use crate::support::{Messages, Phone, Setup, Sipp, Sound};

/// What the peer says.
pub const PEER_HZ: f64 = 1000.0;
/// What the phone says.
pub const PHONE_HZ: f64 = 440.0;

/// A phone that answers only when told to.
pub fn start(more: &'static str) -> Phone {
    Phone::start(&Setup {
        more,
        ..Setup::unregistered("127.0.0.1")
    })
}

/// A phone whose line belongs to `domain`, so that it answers that domain's challenges.
pub fn start_calling(domain: &str) -> Phone {
    Phone::start(&Setup::unregistered(domain))
}

/// A phone, and a peer that calls it.
pub fn called_by(scenario: &str) -> (Phone, Sipp, Sound) {
    let phone = start("");
    let sound = Sound::new();
    let peer = Sipp::call(scenario, phone.port(), sound.port());
    (phone, peer, sound)
}

/// A peer whose domain the phone's line is of, and the phone's call to it.
pub fn calls(scenario: &str) -> (Phone, Sipp, Sound, String) {
    calls_with(scenario, &[], "")
}

/// The same with blanks of the scenario filled, and with further settings of `[phone]`.
pub fn calls_with(
    scenario: &str,
    blanks: &[(&str, &str)],
    more: &'static str,
) -> (Phone, Sipp, Sound, String) {
    let sound = Sound::new();
    let peer = Sipp::wait_with(scenario, sound.port(), blanks);
    let phone = Phone::start(&Setup {
        more,
        ..Setup::unregistered(&peer.address())
    });
    let call = phone.dial(&format!("sip:200@{}", peer.address()));
    (phone, peer, sound, call)
}

/// Takes the call that comes in; gives its id.
pub fn answer(phone: &Phone) -> String {
    let call = call_id(&phone.wait_call("incoming"));
    phone.must(&["answer", &call]);
    phone.wait_call("established");
    call
}

/// The call that an event tells of.
pub fn call_id(event: &Value) -> String {
    event["call"]
        .as_str()
        .unwrap_or_else(|| panic!("no call in {event}"))
        .to_owned()
}

/// Waits for the call's end and gives the log's only row, which must say this, with the two numbers
/// in their columns (S5.14).
pub fn check_row(phone: &Phone, direction: &str, status: &str, end_reason: &str) -> Value {
    let ended = phone.wait_call("ended");
    let row = phone.only_row();
    assert_eq!(row["call"], ended["call"], "{row}");
    assert_eq!(row["direction"], direction, "{row}");
    check(&row, status, end_reason);
    let (caller, called) = if direction == "incoming" {
        ("200", "101")
    } else {
        ("101", "200")
    };
    assert_eq!(row["caller"], caller, "{row}");
    assert_eq!(row["callee"], called, "{row}");
    row
}

/// Waits until the call is over, and gives its row.
pub fn row_of(phone: &Phone, call: &str) -> Value {
    phone.wait("call", |event| {
        event["state"] == "ended" && event["call"] == call
    });
    let rows = phone.log();
    let mut of_call = rows.iter().filter(|row| row["call"] == call);
    let row = of_call
        .next()
        .unwrap_or_else(|| panic!("no row of {call}: {rows:#?}"));
    assert!(of_call.next().is_none(), "two rows of {call}: {rows:#?}");
    row.clone()
}

/// The row must say this of how the call went. `answered` is a call that was taken here: most peers
/// send no sound, and then the status says that nobody heard both sides (S5.5).
pub fn check(row: &Value, status: &str, end_reason: &str) {
    let status = match (status, row["conversation"].as_bool()) {
        ("answered", Some(false)) => "one_way",
        _ => status,
    };
    assert_eq!(
        [&row["status"], &row["end_reason"]],
        [status, end_reason],
        "{row}"
    );
}

/// What the phone answered to the peer's hold and to its end, by requests of this method.
pub fn check_held_and_resumed(messages: &Messages, method: &str) {
    let directions: Vec<&str> = messages
        .received("SIP/2.0 200")
        .filter(|response| response.header("CSeq").ends_with(method))
        .filter_map(|response| {
            response
                .text
                .lines()
                .find(|line| ["a=recvonly", "a=sendrecv"].contains(line))
        })
        .collect();
    let [.., held, resumed] = directions[..] else {
        panic!("{directions:?}");
    };
    assert_eq!([held, resumed], ["a=recvonly", "a=sendrecv"]);
}
