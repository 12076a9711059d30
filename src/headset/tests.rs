#![allow(clippy::unwrap_used, clippy::expect_used)]

mod descriptors;

use std::time::{Duration, Instant};

use self::descriptors::*;
use super::descriptor::Telephone;
use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// A headset and a clock.
struct Desk {
    headset: Headset,
    now: Instant,
}

impl Desk {
    fn with(descriptor: &str) -> Self {
        Self {
            headset: Headset::new(Telephone::read(&bytes(descriptor)).unwrap()),
            now: Instant::now(),
        }
    }

    fn ms(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self
    }

    fn show(&mut self, lamps: Lamps) -> Vec<Vec<u8>> {
        self.headset.show(self.now, lamps)
    }

    fn hear(&mut self, report: &[u8]) -> Vec<Press> {
        self.headset.hear(self.now, report).presses
    }
}

const MUTED: Lamps = Lamps {
    mute: true,
    ..Lamps::TALKING
};

/// What a headset is written for ringing, talking, talking without a microphone, and talking on hold.
fn shown(descriptor: &str) -> [Vec<Vec<u8>>; 4] {
    let held = Lamps {
        hold: true,
        ..Lamps::TALKING
    };
    [Lamps::RINGING, Lamps::TALKING, MUTED, held].map(|lamps| Desk::with(descriptor).show(lamps))
}

#[test]
fn the_lamps_of_real_headsets_are_in_the_bits_that_they_say() {
    // Off-hook, mute, ring and hold are bits 0 to 3 of report 2, which has two bytes.
    for jabra in [JABRA_EVOLVE_LINK, JABRA_BIZ_2400, YEALINK_WH66] {
        assert_eq!(
            shown(jabra),
            [
                vec![vec![2, 4, 0]],
                vec![vec![2, 1, 0]],
                vec![vec![2, 3, 0]],
                vec![vec![2, 9, 0]]
            ]
        );
    }
    // A report for every lamp: 0x21 ring, 0x23 mute, 0x24 off-hook, 0x25 hold.
    assert_eq!(
        shown(POLY_BT700),
        [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0], [0, 0, 1, 1]].map(|on| {
            let ids = [0x21, 0x23, 0x24, 0x25];
            ids.into_iter()
                .zip(on)
                .map(|(id, on)| vec![id, on])
                .collect::<Vec<_>>()
        })
    );
    // The same in another order: 9 mute, 0x17 off-hook, 0x18 ring, 0x20 hold.
    assert_eq!(
        shown(BLACKWIRE_5220)[2],
        [vec![9, 1], vec![0x17, 1], vec![0x18, 0], vec![0x20, 0]]
    );
    // Report 9: mute, off-hook, ring, …; report 3: off-hook, microphone, ring, mute, …, hold.
    assert_eq!(shown(SENNHEISER_SC_660)[0], [vec![9, 4]]);
    assert_eq!(shown(SENNHEISER_SC_660)[2], [vec![9, 3]]);
    assert_eq!(
        shown(EPOS_IMPACT_D1),
        [
            vec![vec![3, 4]],
            vec![vec![3, 1]],
            vec![vec![3, 9]],
            vec![vec![3, 0x21]]
        ]
    );
}

#[test]
fn what_is_no_telephone_is_left_alone() {
    assert_eq!(Telephone::read(&bytes(LOGITECH_G535)), None);
    assert_eq!(Telephone::read(&[]), None);
    for end in 1..bytes(JABRA_EVOLVE_LINK).len() {
        // Cut short it is nothing, or a smaller telephone, but no crash.
        let _ = Telephone::read(&bytes(JABRA_EVOLVE_LINK)[..end]);
    }
    // A usage before any page; more usages, and more fields, than anything has; a long item; an item cut off.
    let telephone = bytes(JABRA_EVOLVE_LINK);
    for beginning in [
        &[0x09, 0x05][..],
        &[0x05, 0x0b, 0x2b, 0xff, 0xff, 0xff, 0x7f],
        &[0x05, 0x0b, 0x97, 0xff, 0xff, 0xff, 0x7f],
        &[0x05, 0x0b, 0x76, 0x00, 0x10],
        &[0x05, 0x0b, 0xfe, 0x01, 0x00, 0x00],
    ] {
        let descriptor = [beginning, &telephone].concat();
        assert_eq!(Telephone::read(&descriptor), None, "{beginning:02x?}");
    }
    assert_eq!(
        Telephone::read(&[&telephone[..], &[0x06, 0x00]].concat()),
        None
    );
    let mut desk = Desk::with(JABRA_EVOLVE_LINK);
    desk.show(Lamps::RINGING);
    for report in [&[][..], &[2], &[9, 1], &[4, 1, 0]] {
        assert_eq!(desk.hear(report), [], "{report:?}");
    }
}

/// Hook reports and the mute press of a headset: on hook, off hook, mute down with the hook off.
fn reports(descriptor: &str) -> [Vec<u8>; 3] {
    match descriptor {
        POLY_BT700 => [vec![0x20, 0], vec![0x20, 1], vec![0x20, 3]],
        BLACKWIRE_5220 => [vec![8, 0], vec![8, 2], vec![8, 3]],
        SENNHEISER_SC_660 => [vec![8, 0], vec![8, 2], vec![8, 3]],
        EPOS_IMPACT_D1 => [vec![2, 0], vec![2, 1], vec![2, 9]],
        _ => [vec![2, 0, 0], vec![2, 1, 0], vec![2, 5, 0]],
    }
}

const ALL: [&str; 7] = [
    JABRA_EVOLVE_LINK,
    JABRA_BIZ_2400,
    POLY_BT700,
    BLACKWIRE_5220,
    SENNHEISER_SC_660,
    EPOS_IMPACT_D1,
    YEALINK_WH66,
];

#[test]
fn a_press_answers_and_the_next_one_hangs_up() {
    for descriptor in ALL {
        let [on_hook, off_hook, mute] = reports(descriptor);
        let mut desk = Desk::with(descriptor);
        desk.show(Lamps::RINGING);
        assert_eq!(desk.hear(&off_hook), [Press::Answer]);
        assert!(
            !desk.ms(20).show(Lamps::TALKING).is_empty(),
            "it is told that the call is up"
        );
        // Told again with every other button.
        assert_eq!(desk.ms(3_000).hear(&mute), [Press::ToggleMute]);
        desk.show(MUTED);
        assert_eq!(desk.ms(50).hear(&off_hook), [], "let go");
        assert_eq!(desk.ms(1_000).hear(&mute), [Press::ToggleMute]);
        desk.show(Lamps::TALKING);
        assert_eq!(desk.ms(50).hear(&off_hook), []);
        assert_eq!(desk.ms(1_000).hear(&on_hook), [Press::HangUp]);
        assert!(!desk.ms(20).show(Lamps::IDLE).is_empty());
        assert_eq!(desk.ms(3_000).hear(&on_hook), []);
    }
}

#[test]
fn what_a_headset_answers_to_its_lamps_is_no_press() {
    for descriptor in ALL {
        let [on_hook, off_hook, _] = reports(descriptor);
        let mut desk = Desk::with(descriptor);
        // Answered at the computer: the headset takes its hook off after its radio link is up.
        desk.show(Lamps::RINGING);
        desk.ms(500).show(Lamps::TALKING);
        assert_eq!(desk.ms(1_200).hear(&off_hook), []);
        // The other side hangs up: it puts it on again.
        desk.ms(9_000).show(Lamps::IDLE);
        assert_eq!(desk.ms(300).hear(&on_hook), []);
        // And somebody calls right then.
        desk.show(Lamps::RINGING);
        assert_eq!(desk.ms(700).hear(&off_hook), [Press::Answer]);
    }
}

#[test]
fn an_answer_that_comes_late_takes_no_other_call() {
    let [on_hook, off_hook, _] = reports(JABRA_EVOLVE_LINK);
    let mut desk = Desk::with(JABRA_EVOLVE_LINK);
    desk.show(Lamps::TALKING);
    desk.ms(100).show(Lamps::IDLE);
    desk.ms(100).show(Lamps::RINGING);
    assert_eq!(
        desk.ms(200).hear(&off_hook),
        [],
        "the answer to the call before"
    );
    assert_eq!(desk.ms(100).hear(&on_hook), []);
    assert_eq!(desk.ms(1_500).hear(&off_hook), [Press::Answer]);
}

#[test]
fn a_headset_that_answers_nothing_works_as_well() {
    let [on_hook, off_hook, _] = reports(JABRA_EVOLVE_LINK);
    let mut desk = Desk::with(JABRA_EVOLVE_LINK);
    desk.show(Lamps::RINGING);
    assert_eq!(desk.hear(&off_hook), [Press::Answer]);
    desk.show(Lamps::TALKING);
    // The far side hangs up and the headset does not notice: its hook stays off, and the next press puts it on.
    desk.ms(5_000).show(Lamps::IDLE);
    desk.ms(5_000).show(Lamps::RINGING);
    assert_eq!(desk.ms(1_000).hear(&on_hook), [Press::Answer]);
}

#[test]
fn a_button_that_springs_back_is_pressed_once() {
    let [on_hook, off_hook, _] = reports(POLY_BT700);
    let mut desk = Desk::with(POLY_BT700);
    desk.show(Lamps::RINGING);
    assert_eq!(desk.hear(&off_hook), [Press::Answer]);
    assert_eq!(desk.ms(120).hear(&on_hook), [], "let go");
    desk.show(Lamps::TALKING);
    assert_eq!(desk.ms(4_000).hear(&off_hook), [Press::HangUp]);
    assert_eq!(desk.ms(120).hear(&on_hook), [], "let go");
}

#[test]
fn a_press_that_means_nothing_is_put_back() {
    let [on_hook, off_hook, mute] = reports(JABRA_EVOLVE_LINK);
    let mut desk = Desk::with(JABRA_EVOLVE_LINK);
    let reaction = desk.headset.hear(desk.now, &off_hook);
    assert_eq!(reaction.presses, []);
    assert_eq!(reaction.reports, [vec![2, 0, 0]]);
    assert_eq!(desk.ms(1_000).hear(&on_hook), []);
    assert_eq!(
        desk.ms(1_000).hear(&mute[..]),
        [],
        "there is nothing to mute"
    );
}

#[test]
fn a_mute_at_the_computer_lights_the_lamp_and_its_echo_switches_nothing_back() {
    let [_, off_hook, mute] = reports(JABRA_EVOLVE_LINK);
    let mut desk = Desk::with(JABRA_EVOLVE_LINK);
    desk.show(Lamps::TALKING);
    desk.ms(1_000).hear(&off_hook);
    assert_eq!(desk.ms(3_000).show(MUTED), [vec![2, 3, 0]]);
    assert_eq!(desk.ms(100).hear(&mute), [], "its echo");
    assert_eq!(desk.ms(50).hear(&off_hook), []);
    assert_eq!(desk.ms(2_000).hear(&mute), [Press::ToggleMute]);
    assert_eq!(desk.show(Lamps::TALKING), [vec![2, 1, 0]]);
}

#[test]
fn flash_holds_or_takes_the_one_who_waits_and_redial_calls_again() {
    let mut desk = Desk::with(JABRA_EVOLVE_LINK);
    let (redial, none) = (&[2, 16, 0][..], &[2, 0, 0][..]);
    assert_eq!(desk.hear(redial), [Press::Redial]);
    desk.hear(none);
    desk.show(Lamps::TALKING);
    desk.ms(1_000).hear(&[2, 1, 0]);
    assert_eq!(desk.ms(1_000).hear(&[2, 9, 0]), [Press::ToggleHold]);
    desk.hear(&[2, 1, 0]);
    desk.show(Lamps {
        ring: true,
        ..Lamps::TALKING
    });
    assert_eq!(desk.ms(1_000).hear(&[2, 9, 0]), [Press::Answer]);
    assert_eq!(
        desk.hear(&[2, 17, 0]),
        [],
        "nobody is called again in a call"
    );
}

#[test]
fn drop_turns_a_caller_away_and_ends_a_call() {
    // Report 8: mute, hook, flash, redial, drop.
    let mut desk = Desk::with(SENNHEISER_SC_660);
    desk.show(Lamps::RINGING);
    assert_eq!(desk.hear(&[8, 16]), [Press::Reject]);
    assert_eq!(desk.hear(&[8, 0]), []);
    desk.show(Lamps::TALKING);
    assert_eq!(desk.ms(100).hear(&[8, 18]), [Press::HangUp]);
}

#[test]
fn a_mute_switch_that_stays_says_how_it_stands() {
    // A telephone without report numbers: hook and mute with no preferred state, off-hook and mute lamps.
    let descriptor =
        "050b0901a101150025010920092f7501950281229506810105080917090995029122950691 01c0";
    let mut desk = Desk::with(&descriptor.replace(' ', ""));
    assert_eq!(desk.show(Lamps::TALKING), [vec![0, 1]]);
    assert_eq!(desk.ms(100).hear(&[1]), [], "the echo");
    assert_eq!(desk.ms(3_000).hear(&[3]), [Press::Mute(true)]);
    assert_eq!(desk.show(MUTED), [vec![0, 3]]);
    assert_eq!(desk.ms(1_000).hear(&[1]), [Press::Mute(false)]);
    desk.show(Lamps::TALKING);
    assert_eq!(desk.ms(1_000).hear(&[0]), [Press::HangUp]);
}
