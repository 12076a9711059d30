//! A headset with buttons: what it shows and what its buttons do.

use ringbook::app::Input;
use ringbook::headset::{Lamps, News, Press};
use ringbook::model::CallId;
use ringbook::phone::command::Command;

use crate::office::{Office, settings};

/// An office with a headset.
fn office() -> Office {
    let mut office = Office::open(settings(""));
    office.input(Input::Watch(true));
    office.input(Input::Headset(News::Plugged(true)));
    office
}

fn press(office: &mut Office, press: Press) {
    office.input(Input::Headset(News::Pressed(press)));
}

#[test]
fn the_ring_lamp_lights_a_press_answers_and_the_next_one_hangs_up() {
    let mut office = office();
    assert_eq!(office.lamps, [], "nothing to be shown yet");
    office.call_in();
    assert_eq!(
        office.lamps,
        [Lamps {
            ring: true,
            ..Lamps::IDLE
        }]
    );
    press(&mut office, Press::Answer);
    office.ms(100);
    assert_eq!(office.states().last(), Some(&"established"));
    assert_eq!(office.lamps.last(), Some(&Lamps::TALKING));
    press(&mut office, Press::HangUp);
    office.ms(100);
    assert_eq!(office.states().last(), Some(&"ended"));
    assert_eq!(office.lamps.last(), Some(&Lamps::IDLE));
    // Pressed again, it means nothing.
    for nothing in [
        Press::HangUp,
        Press::Answer,
        Press::ToggleMute,
        Press::ToggleHold,
    ] {
        press(&mut office, nothing);
    }
    assert_eq!(office.lamps.len(), 3);
}

#[test]
fn a_caller_is_turned_away() {
    let mut office = office();
    office.call_in();
    press(&mut office, Press::Reject);
    office.ms(100);
    assert_eq!(office.states().last(), Some(&"ended"));
    assert_eq!(office.lamps.last(), Some(&Lamps::IDLE));
}

fn talking() -> (Office, CallId) {
    let mut office = office();
    let call = office.dial("200");
    office.peer_answers();
    assert_eq!(office.lamps.last(), Some(&Lamps::TALKING));
    (office, call)
}

#[test]
fn the_mute_lamp_follows_wherever_the_microphone_is_switched() {
    let (mut office, call) = talking();
    let muted = Lamps {
        mute: true,
        ..Lamps::TALKING
    };
    press(&mut office, Press::ToggleMute);
    assert!(office.only_view().muted);
    assert_eq!(office.lamps.last(), Some(&muted));
    office.command(Command::Mute { call, on: false }).unwrap();
    assert_eq!(office.lamps.last(), Some(&Lamps::TALKING));
    press(&mut office, Press::Mute(true));
    press(&mut office, Press::Mute(true));
    assert!(office.only_view().muted);
    assert_eq!(office.lamps.last(), Some(&muted));
    press(&mut office, Press::ToggleMute);
    assert!(!office.only_view().muted);
}

#[test]
fn hold_is_pressed_and_shown() {
    let (mut office, call) = talking();
    let held = Lamps {
        hold: true,
        ..Lamps::TALKING
    };
    press(&mut office, Press::ToggleHold);
    office.ms(100);
    assert!(office.only_view().on_hold);
    assert_eq!(office.lamps.last(), Some(&held));
    press(&mut office, Press::ToggleHold);
    office.ms(100);
    assert!(!office.only_view().on_hold);
    assert_eq!(office.lamps.last(), Some(&Lamps::TALKING));
    office.command(Command::Hold(call)).unwrap();
    office.ms(100);
    assert_eq!(office.lamps.last(), Some(&held));
}

#[test]
fn redial_calls_whom_we_have_called_last() {
    let (mut office, call) = talking();
    press(&mut office, Press::Redial);
    assert_eq!(
        office
            .told("call")
            .iter()
            .filter(|call| call["state"] == "dialing")
            .count(),
        1
    );
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1_000);
    press(&mut office, Press::Redial);
    let dialled: Vec<_> = office
        .told("call")
        .iter()
        .filter(|call| call["state"] == "dialing")
        .map(|call| call["to"].clone())
        .collect();
    assert_eq!(dialled.len(), 2);
    assert_eq!(dialled[0], dialled[1]);
}

#[test]
fn without_a_headset_nothing_is_shown() {
    let mut office = Office::open(settings(""));
    office.call_in();
    assert_eq!(office.lamps, []);
    // Plugged in while it rings, it rings.
    office.input(Input::Headset(News::Plugged(true)));
    assert_eq!(
        office.lamps,
        [Lamps {
            ring: true,
            ..Lamps::IDLE
        }]
    );
    office.input(Input::Headset(News::Plugged(false)));
    office.command(Command::DoNotDisturb(false)).unwrap();
    assert_eq!(office.lamps.len(), 1);
}
