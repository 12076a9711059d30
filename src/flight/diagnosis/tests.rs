//! Each rule with a call that it speaks of, beside one that it does not.
#![allow(clippy::unwrap_used)]

use jiff::ToSpan;

use super::*;
use crate::flight::record::{Note, Sample};
use crate::flight::sample;
use crate::model::{CallId, CallStatus};

/// The call of [`sample::flight`]: answered after five seconds, a minute long, all well.
fn call() -> CallRecord {
    let began = sample::began();
    CallRecord {
        status: CallStatus::Answered,
        answered_at: Some(began + 5020.milliseconds()),
        ended_at: Some(began + 65.seconds()),
        end_reason: Some(EndReason::RemoteHangup),
        ..CallRecord::begin(CallId::new(), Direction::Outgoing, began)
    }
}

/// An outgoing call that got these answers to its INVITE and was never answered.
fn unanswered(answers: &[&str], reason: EndReason) -> (CallRecord, Flight) {
    let last = answers
        .last()
        .and_then(|answer| answer.get(..3)?.parse().ok());
    let record = CallRecord {
        status: CallStatus::Failed,
        answered_at: None,
        end_reason: Some(reason),
        sip_status: last,
        ..call()
    };
    let mut flight = sample::flight();
    flight.messages.truncate(1);
    let answer =
        |(n, status): (usize, &&str)| sample::answer(100 * n as u32 + 50, status, "INVITE");
    flight
        .messages
        .extend(answers.iter().enumerate().map(answer));
    flight.samples.clear();
    flight.notes.clear();
    (record, flight)
}

fn found(flight: &Flight) -> Vec<Finding> {
    findings(&call(), flight)
}

/// The sample flight with its counters changed by `change`, given each sample's number from 1.
fn with_samples(change: impl Fn(u64, &mut Sample)) -> Flight {
    let mut flight = sample::flight();
    for (place, sample) in flight.samples.iter_mut().enumerate() {
        change(place as u64 + 1, sample);
    }
    flight
}

fn note(flight: &mut Flight, at_ms: u32, what: Happening) {
    flight.notes.push(Note { at_ms, what });
    flight.notes.sort_by_key(|note| note.at_ms);
}

#[test]
fn a_good_call_has_no_finding_and_says_so() {
    assert_eq!(found(&sample::flight()), []);
    let text = sentence(&call(), &sample::flight());
    assert!(
        text.starts_with("Nothing was wrong with this call (opinion score 4."),
        "{text}"
    );
}

#[test]
fn a_password_that_is_not_accepted_is_the_lines_trouble() {
    for (answers, status) in [
        (
            &[
                "407 Proxy Authentication Required",
                "407 Proxy Authentication Required",
            ][..],
            407,
        ),
        (&["401 Unauthorized"], 401),
        (&["401 Unauthorized", "403 Forbidden"], 403),
    ] {
        let (record, flight) = unanswered(answers, EndReason::AuthFailed);
        assert_eq!(
            findings(&record, &flight),
            [Finding::AuthTrouble { status }]
        );
    }
    // A 403 without any challenge is about the call.
    let (record, flight) = unanswered(&["403 Forbidden"], EndReason::AuthFailed);
    let expected = Finding::Refused {
        status: 403,
        by_us: false,
    };
    assert_eq!(findings(&record, &flight), [expected]);
}

#[test]
fn a_refusal_is_told_with_its_status_and_what_it_means() {
    let (record, flight) = unanswered(&["100 Trying", "404 Not Found"], EndReason::NotFound);
    assert_eq!(
        sentence(&record, &flight),
        "The call was refused: there is no such number (404)."
    );
    let (mut record, mut flight) =
        unanswered(&["488 Not Acceptable Here"], EndReason::NotAcceptable);
    record.direction = Direction::Incoming;
    flight
        .messages
        .iter_mut()
        .for_each(|message| message.sent = !message.sent);
    assert_eq!(
        findings(&record, &flight),
        [Finding::Refused {
            status: 488,
            by_us: true
        }]
    );
}

#[test]
fn who_turned_the_call_away_or_took_it_back_needs_no_explanation() {
    for reason in [EndReason::Cancelled, EndReason::Rejected] {
        let (record, flight) = unanswered(&["180 Ringing", "487 Request Terminated"], reason);
        assert_eq!(findings(&record, &flight), []);
    }
    let (record, flight) = unanswered(&["180 Ringing"], EndReason::Cancelled);
    assert_eq!(
        sentence(&record, &flight),
        "The call was not answered; nothing was wrong with it."
    );
}

#[test]
fn silence_of_the_server_is_told_with_the_number_of_tries() {
    let (record, mut flight) = unanswered(&[], EndReason::Timeout);
    flight
        .messages
        .extend((1..7).map(|n| sample::request(500 << n, "INVITE")));
    assert_eq!(findings(&record, &flight), [Finding::NoAnswer { tries: 7 }]);
    flight.messages.clear();
    assert_eq!(findings(&record, &flight), [Finding::NeverSent]);
}

#[test]
fn a_device_that_failed_is_named_with_its_moment() {
    let mut flight = sample::flight();
    let lost = |device: &str| Happening::DeviceLost {
        device: device.into(),
        reason: "unplugged".into(),
    };
    note(&mut flight, 20_000, lost("ring"));
    assert_eq!(found(&flight), []);
    note(&mut flight, 32_500, lost("input"));
    assert_eq!(
        sentence(&call(), &flight),
        "The microphone failed 0:32 into the call."
    );
}

#[test]
fn a_change_of_our_address_is_seen_by_our_end_of_the_messages() {
    let mut flight = sample::flight();
    for message in &mut flight.messages[5..] {
        message.local = "198.51.100.9:5060".parse().unwrap();
    }
    assert_eq!(found(&flight), [Finding::NetworkChanged { at_ms: 65_000 }]);
}

#[test]
fn one_way_audio_says_which_way() {
    let deaf = with_samples(|_, sample| sample.received = 0);
    assert_eq!(found(&deaf)[0], Finding::NothingHeard);
    let mute = with_samples(|_, sample| sample.remote_loss = 1.0);
    assert_eq!(found(&mute)[0], Finding::NothingSaid);
    let dead = with_samples(|_, sample| (sample.received, sample.sent) = (0, 0));
    assert_eq!(found(&dead)[0], Finding::NoSound);
    // Who only listens is not told that nothing was said.
    let mut listens = with_samples(|_, sample| sample.sent = 0);
    for note in &mut listens.notes {
        if let Happening::Media { send, .. } = &mut note.what {
            *send = false;
        }
    }
    assert_eq!(found(&listens), []);
}

#[test]
fn a_sound_that_stops_and_stays_away_is_told_and_a_gap_is_not() {
    let mut stopped = with_samples(|n, sample| sample.received = (n * 250).min(1000));
    note(&mut stopped, 31_000, Happening::NoRtp { for_s: 5 });
    assert_eq!(found(&stopped), [Finding::SoundStopped { at_ms: 26_000 }]);
    let mut gap = sample::flight();
    note(&mut gap, 31_000, Happening::NoRtp { for_s: 5 });
    assert_eq!(found(&gap), []);
}

#[test]
fn loss_on_the_way_here_and_there_is_told_in_percent() {
    let lossy = |per_sample: u64| {
        with_samples(move |n, sample| {
            sample.lost = n * per_sample;
            sample.received = n * (250 - per_sample);
            sample.concealed = n * per_sample;
        })
    };
    assert_eq!(found(&lossy(3)), []);
    let told = sentence(&call(), &lossy(15));
    assert_eq!(
        told,
        "6 % of what the other side said was lost on the network."
    );
    let there = with_samples(|_, sample| sample.remote_loss = 0.05);
    assert_eq!(
        sentence(&call(), &there),
        "5 % of what we said was lost on the network."
    );
}

#[test]
fn late_packets_are_not_called_lost() {
    let late = with_samples(|n, sample| {
        sample.late = n * 10;
        sample.concealed = n * 10;
    });
    let found = found(&late);
    assert!(
        matches!(found[..], [Finding::Late { percent }] if percent == 4.0),
        "{found:?}"
    );
}

#[test]
fn gaps_that_the_network_does_not_explain_are_this_computers() {
    let made_up = with_samples(|n, sample| sample.concealed = n * 10);
    let found_there = found(&made_up);
    assert!(
        matches!(found_there[..], [Finding::Starved { percent }] if (3.5..4.5).contains(&percent)),
        "{found_there:?}"
    );
    let mut unsent = with_samples(|n, sample| sample.sent = n * 100);
    unsent.notes.retain(|note| {
        !matches!(
            note.what,
            Happening::Held { .. } | Happening::Resumed { .. }
        )
    });
    // Opus may say nothing in silence; PCMA always speaks.
    assert_eq!(found(&unsent), []);
    set_codec(&mut unsent, "g722");
    let found_there = found(&unsent);
    assert!(
        matches!(found_there[..], [Finding::Starved { .. }]),
        "{found_there:?}"
    );
}

fn set_codec(flight: &mut Flight, word: &str) {
    for note in &mut flight.notes {
        if let Happening::Media { codec, .. } = &mut note.what {
            *codec = word.into();
        }
    }
}

#[test]
fn jitter_and_delay_are_told_from_their_thresholds_on() {
    let jitter =
        |ms| with_samples(move |n, sample| sample.jitter_ms = if n == 4 { ms } else { 1.0 });
    assert_eq!(found(&jitter(39.0)), []);
    assert_eq!(found(&jitter(55.0)), [Finding::Jitter { ms: 55.0 }]);
    let far = |ms| with_samples(move |_, sample| sample.rtt_ms = Some(ms));
    assert_eq!(found(&far(599.0)), []);
    assert_eq!(found(&far(700.0)), [Finding::Delay { ms: 700.0 }]);
}

#[test]
fn a_slow_set_up_and_a_silent_start_are_told_in_seconds() {
    let mut slow = sample::flight();
    slow.messages[2].at_ms = 7_300;
    assert_eq!(
        sentence(&call(), &slow),
        "It took 7.3 s until the other side rang."
    );
    let mut silent = sample::flight();
    for note in &mut silent.notes {
        if note.what == Happening::FirstPacket {
            note.at_ms = 8_000;
        }
    }
    assert_eq!(found(&silent), [Finding::SilentStart { ms: 2_980 }]);
}

#[test]
fn a_codec_explains_a_sound_and_is_no_trouble() {
    let mut narrow = sample::flight();
    set_codec(&mut narrow, "pcma");
    assert_eq!(
        found(&narrow),
        [Finding::NarrowBand {
            codec: "pcma".into()
        }]
    );
    assert!(sentence(&call(), &narrow).starts_with("Nothing was wrong"));
    let mut changed = sample::flight();
    let media = Happening::Media {
        codec: "pcmu".into(),
        remote: "192.0.2.2:40000".parse().unwrap(),
        send: true,
        receive: true,
    };
    note(&mut changed, 20_000, media);
    let expected = Finding::CodecChanged {
        from: "opus".into(),
        to: "pcmu".into(),
    };
    assert_eq!(found(&changed), [expected]);
}

#[test]
fn a_poor_score_without_any_cause_is_admitted() {
    // Just below every threshold, and all at once.
    let poor = with_samples(|n, sample| {
        sample.lost = n * 4;
        sample.late = n * 4;
        sample.concealed = n * 8;
        sample.rtt_ms = Some(590.0);
        sample.delay_ms = 300.0;
        sample.mos = 2.4;
    });
    assert_eq!(found(&poor), []);
    let text = sentence(&call(), &poor);
    assert!(text.contains("for no reason that was seen"), "{text}");
}

#[test]
fn the_cause_comes_before_its_effects() {
    let mut flight = with_samples(|n, sample| sample.lost = n * 30);
    let lost = Happening::DeviceLost {
        device: "output".into(),
        reason: String::new(),
    };
    note(&mut flight, 20_000, lost);
    let found = found(&flight);
    assert!(
        matches!(
            found[..],
            [Finding::DeviceLost { .. }, Finding::Loss { .. }, ..]
        ),
        "{found:?}"
    );
}

#[test]
fn a_call_of_a_moment_is_not_judged() {
    let mut flight = sample::flight();
    flight.samples.truncate(1);
    flight.samples[0].at_ms = 6_000;
    flight.samples[0].received = 0;
    assert_eq!(found(&flight), []);
}
