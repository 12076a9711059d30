//! Lines: registration as it is told, passwords, and a clean end.

use ringbook::app::Input;
use ringbook::phone::command::Command;
use ringbook::settings::Whose;
use ringbook_sip::message::{Message, Method};

use crate::office::{Office, settings};

fn registering() -> Office {
    let mut settings = settings("");
    settings.accounts[0].register = true;
    Office::open(settings)
}

#[test]
fn the_phone_is_ready_and_its_first_word_is_register() {
    let mut office = registering();
    office.ms(10);
    let first = &office.wire[0].2;
    assert!(matches!(first, Message::Request(request) if request.method == Method::Register));
    let ready = office.told("ready")[0];
    assert_eq!(ready["udp"][0], "127.0.0.1:5060");
    assert_eq!(office.told("registration")[0]["state"], "registering");
}

#[test]
fn a_clean_end_hangs_up_and_writes_down_every_call() {
    let mut office = Office::open(settings(""));
    office.call_in();
    let ringing = office.call();
    let talking = office.dial("200");
    office.peer_answers();
    office.command(Command::Quit).unwrap();
    office.ms(500);
    assert!(office.exited);
    let said: Vec<_> = office
        .rows()
        .iter()
        .map(|row| (row.record.call, row.record.status.as_str()))
        .collect();
    assert!(said.contains(&(ringing, "missed")), "{said:?}");
    assert!(said.contains(&(talking, "answered")), "{said:?}");
}

#[test]
fn a_silent_network_delays_the_end_by_three_seconds_at_most() {
    let mut office = registering();
    office.call_in();
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.ms(1000);
    office.lose = |_| true;
    office.command(Command::Quit).unwrap();
    office.ms(3000);
    assert!(office.exited);
    assert_eq!(office.only_row().1, "answered local_hangup");
}

#[test]
fn a_call_whose_end_nobody_confirms_is_written_down_all_the_same() {
    let mut office = Office::open(settings(""));
    office.lose = |_| true;
    office.dial("200");
    office.command(Command::Quit).unwrap();
    office.ms(3000);
    assert!(office.exited);
    assert_eq!(office.only_row().1, "cancelled cancelled");
}

#[test]
fn a_phone_that_ends_takes_no_call_and_makes_none() {
    let mut office = registering();
    office.lose = |message| matches!(message, Message::Request(r) if r.method == Method::Register);
    office.command(Command::Quit).unwrap();
    let dial = Command::Dial {
        target: "200".into(),
        account: None,
    };
    assert_eq!(
        office.command(dial).unwrap_err().to_string(),
        "the phone is ending"
    );
}

#[test]
fn a_password_that_is_not_in_the_settings_is_asked_for_before_the_line_registers() {
    let mut settings = settings("");
    settings.accounts[0].register = true;
    settings.accounts[0].password = None;
    settings.accounts[0].password_command = Some("pass show office".into());
    let aor = settings.accounts[0].aor.clone();
    let mut office = Office::open(settings);
    assert!(office.effects.contains(&"FindPassword".to_owned()));
    assert!(office.wire.is_empty());
    office.input(Input::Password {
        aor: &aor,
        whose: Whose::Line,
        found: Err("pass: not found".into()),
    });
    assert_eq!(office.told("notice")[0]["kind"], "password");
    office.ms(10);
    assert!(
        !office.wire.is_empty(),
        "a registrar may ask for no password"
    );
}

#[test]
fn a_call_waits_for_the_password_of_its_line() {
    let mut settings = settings("");
    settings.accounts[0].password = None;
    settings.accounts[0].password_command = Some("pass show office".into());
    let aor = settings.accounts[0].aor.clone();
    let mut office = Office::open(settings);
    office.dial("200");
    office.ms(100);
    assert!(office.wire.is_empty());
    assert_eq!(office.states().last(), Some(&"dialing"));
    office.input(Input::Password {
        aor: &aor,
        whose: Whose::Line,
        found: Ok("secret".into()),
    });
    office.ms(20);
    office.peer_answers();
    assert_eq!(office.states().last(), Some(&"established"));
}
