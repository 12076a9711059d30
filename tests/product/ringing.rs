//! What the person at this phone hears of calls beside voices: bells and the tones of their country.

use std::path::Path;

use ringbook::model::{CategoryId, Client, PhoneNumber};
use ringbook::phone::command::Command;
use ringbook::phone::ringer::Ring;
use ringbook::settings::{CategoryRingtone, Ringtone, Settings};
use ringbook_media::tone::{Bell, Signal, Tone, TonePlan};

use crate::office::{Office, settings};

/// A line in Germany.
fn german() -> Settings {
    let mut settings = settings("");
    settings.accounts[0].country = Some("DE".parse().unwrap());
    settings
}

fn network(signal: Signal, country: &str) -> Option<Tone> {
    Some(Tone::Network(signal, TonePlan::of(country)))
}

fn ending(signal: Signal) -> Option<Tone> {
    Some(Tone::Ending(signal, TonePlan::of("DE")))
}

#[test]
fn it_rings_at_the_other_end_as_in_the_country_of_the_line_or_of_the_settings() {
    for (chosen, heard) in [(None, "DE"), (Some("US"), "US")] {
        let mut settings = german();
        settings.audio.tones = chosen.map(|country| country.parse().unwrap());
        let mut office = Office::open(settings);
        office.dial("200");
        assert_eq!(office.tones, []);
        office.peer_does(|peer, now, call| peer.ring(now, call).unwrap());
        office.ms(1000);
        assert_eq!(office.tones, [network(Signal::Ringback, heard)]);
        office.peer_answers();
        office.ms(1000);
        assert_eq!(office.tones.last(), Some(&None));
    }
}

#[test]
fn how_a_call_of_ours_ended_is_heard_where_the_other_side_says_so() {
    for (status, expected) in [
        (486, ending(Signal::Busy)),
        (603, ending(Signal::Busy)),
        (404, ending(Signal::Information)),
        (500, ending(Signal::Congestion)),
        (503, ending(Signal::Congestion)),
        (480, None),
    ] {
        let mut office = Office::open(german());
        office.dial("200");
        office.peer_does(|peer, now, call| peer.ring(now, call).unwrap());
        office.peer_does(|peer, now, call| peer.reject(now, call, status).unwrap());
        office.ms(1000);
        assert_eq!(office.tones.last(), Some(&expected), "{status}");
        // The next call silences it.
        office.call_in();
        assert_eq!(office.tones.last(), Some(&None), "{status}");
    }
}

#[test]
fn nothing_is_said_of_the_end_of_a_call_that_we_gave_up_or_beside_another_one() {
    let mut office = Office::open(german());
    let call = office.dial("200");
    office.peer_does(|peer, now, call| peer.ring(now, call).unwrap());
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
    assert_eq!(office.tones.last(), Some(&None));
    let mut office = Office::open(german());
    office.call_in();
    let first = office.call();
    office.command(Command::Answer(first)).unwrap();
    office.ms(1000);
    office.tones.clear();
    office.dial("200");
    office.peer_does(|peer, now, call| peer.reject(now, call, 486).unwrap());
    office.ms(1000);
    let brief = |tone: &Option<Tone>| tone.is_some_and(Tone::is_brief);
    assert!(!office.tones.iter().any(brief), "{:?}", office.tones);
}

#[test]
fn a_second_caller_beeps_as_in_the_country_of_the_conversation() {
    let mut office = Office::open(german());
    office.call_in();
    let first = office.call();
    office.command(Command::Answer(first)).unwrap();
    office.ms(1000);
    office.call_in_as("300");
    office.ms(1000);
    assert_eq!(office.bell, None);
    assert_eq!(office.tones, [network(Signal::CallWaiting, "DE")]);
}

#[test]
fn a_key_is_heard_once_and_only_where_it_is_wanted() {
    for wanted in [true, false] {
        let mut settings = german();
        settings.audio.key_tones = wanted;
        let mut office = Office::open(settings);
        office.call_in();
        let call = office.call();
        office.command(Command::Answer(call)).unwrap();
        office.ms(1000);
        let digits = |digits: &str| Command::Dtmf {
            call,
            digits: digits.to_owned(),
        };
        office.command(digits("5")).unwrap();
        office.command(digits("123")).unwrap();
        let expected = if wanted {
            vec![Some(Tone::Key('5'))]
        } else {
            vec![]
        };
        assert_eq!(office.tones, expected);
    }
}

#[test]
fn a_line_rings_with_its_file_and_a_category_in_its_own_way() {
    let mut settings = german();
    settings.accounts[0].ringtone_file = Some("line.wav".into());
    settings.ringtones = vec![CategoryRingtone {
        category: CategoryId::new("vip"),
        ringtone: Ringtone::Chimes,
        file: None,
    }];
    let mut office = Office::open(settings);
    let peer = office.call_in();
    assert_eq!(office.ring_file.as_deref(), Some(Path::new("line.wav")));
    office.peer_hangs_up(peer);
    office.ms(1000);
    assert_eq!((office.bell, &office.ring_file), (None, &None));
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let number = PhoneNumber::from_e164("+77011112233").unwrap();
    let vip = Client {
        category: CategoryId::new("vip"),
        ..Client::named("Ivan Petrov", now).with_phone(number)
    };
    office.store.write(|w| w.save_client(&vip)).unwrap();
    office.call_in_as("+77011112233");
    office.ms(100);
    assert_eq!(office.bell, Some(Tone::Ringing(Bell::Chimes)));
}

#[test]
fn a_file_is_heard_before_it_is_chosen() {
    let mut office = Office::open(german());
    let ring = Ring {
        bell: Ringtone::Deep,
        file: Some("storm.wav".into()),
    };
    office.command(Command::TryRingtone(Some(ring))).unwrap();
    assert_eq!(office.ring_file.as_deref(), Some(Path::new("storm.wav")));
    office.command(Command::TryRingtone(None)).unwrap();
    assert_eq!((office.bell, &office.ring_file), (None, &None));
}
