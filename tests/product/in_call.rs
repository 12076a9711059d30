//! During a conversation: hold, a second call, keys, the recording, transfer.

use ringbook::app::Input;
use ringbook::model::CallId;
use ringbook::phone::command::{Command, CommandError, RecordAction, Reply};
use ringbook::phone::view::{CallView, RecordingView};
use ringbook_media::engine::{MediaEvent, StreamId};

use crate::office::{Office, settings};

/// An office in conversation, and the call.
fn talking(more: &str) -> (Office, CallId) {
    let mut office = Office::open(settings(more));
    let call = office.dial("200");
    office.peer_answers();
    assert_eq!(office.states().last(), Some(&"established"));
    (office, call)
}

fn calls(office: &mut Office) -> Vec<CallView> {
    match office.command(Command::Calls) {
        Ok(Reply::Calls(calls)) => calls,
        other => panic!("{other:?}"),
    }
}

#[test]
fn hold_and_resume_are_told_counted_and_refused_where_they_do_not_fit() {
    let (mut office, call) = talking("");
    office.command(Command::Hold(call)).unwrap();
    assert!(calls(&mut office)[0].on_hold);
    let again = office.command(Command::Hold(call)).unwrap_err();
    assert_eq!(
        again.to_string(),
        "the call cannot be held now: it is held already"
    );
    office.ms(10_000);
    office.command(Command::Resume(call)).unwrap();
    office.ms(5000);
    office.command(Command::Hangup(call)).unwrap();
    let (row, _) = office.only_row();
    assert!(
        (10.0..10.2).contains(&row.record.hold.as_secs_f64()),
        "{:?}",
        row.record.hold
    );
    assert!(
        row.record.talk.as_secs_f64() > 15.0,
        "hold is part of the talk"
    );
    let by: Vec<_> = office
        .told("call")
        .iter()
        .filter(|call| call["by"] != serde_json::Value::Null)
        .map(|call| format!("{} {}", call["state"], call["by"]))
        .collect();
    assert_eq!(by, [r#""held" "local""#, r#""resumed" "local""#]);
}

#[test]
fn the_other_sides_hold_is_told() {
    let (mut office, call) = talking("");
    office.peer_does(|peer, now, call| peer.hold(now, call).unwrap());
    assert!(calls(&mut office)[0].remote_hold);
    office.peer_does(|peer, now, call| peer.resume(now, call).unwrap());
    assert!(!calls(&mut office)[0].remote_hold);
    let by: Vec<_> = office
        .told("call")
        .iter()
        .filter(|c| c["by"] == "remote")
        .map(|c| c["state"].clone())
        .collect();
    assert_eq!(by, ["held", "resumed"]);
    office.command(Command::Hangup(call)).unwrap();
}

#[test]
fn a_person_talks_to_one_party_at_a_time() {
    let (mut office, first) = talking("");
    office.call_in_as("300");
    let second = calls(&mut office)
        .into_iter()
        .find(|call| call.id != first)
        .unwrap()
        .id;
    office.command(Command::Answer(second)).unwrap();
    let held = |office: &mut Office| -> Vec<(CallId, bool)> {
        calls(office)
            .iter()
            .map(|call| (call.id, call.on_hold))
            .collect()
    };
    let both = held(&mut office);
    assert!(
        both.contains(&(first, true)) && both.contains(&(second, false)),
        "{both:?}"
    );
    office.command(Command::Resume(first)).unwrap();
    let both = held(&mut office);
    assert!(
        both.contains(&(first, false)) && both.contains(&(second, true)),
        "{both:?}"
    );
    let third = office.dial("200");
    assert!(held(&mut office).contains(&(first, true)));
    for call in [first, second, third] {
        office.command(Command::Hangup(call)).unwrap();
    }
    office.ms(1000);
    assert_eq!(office.rows().len(), 3);
}

#[test]
fn a_second_caller_beeps_instead_of_ringing() {
    let (mut office, _) = talking("");
    office.effects.clear();
    office.call_in_as("300");
    assert_eq!(
        office
            .effects
            .iter()
            .filter(|effect| *effect == "Tone")
            .count(),
        1
    );
}

#[test]
fn keys_go_to_the_other_side_and_come_from_it() {
    let (mut office, call) = talking("");
    office.effects.clear();
    let keys = |digits: &str| Command::Dtmf {
        call,
        digits: digits.to_owned(),
    };
    office.command(keys("12 34*#a")).unwrap();
    assert!(office.effects.contains(&"Digits".to_owned()));
    for bad in ["", "12x", "é", &"1".repeat(65)] {
        assert!(
            matches!(office.command(keys(bad)), Err(CommandError::BadDigits(_))),
            "{bad:?}"
        );
    }
    office.input(Input::Media(MediaEvent::Digit {
        stream: StreamId(1),
        digit: '7',
    }));
    let told = office.told("dtmf");
    assert_eq!(
        (&told[0]["digit"], &told[0]["call"]),
        (&"7".into(), &call.to_string().into())
    );
}

#[test]
fn a_recording_is_steered_by_hand_and_each_has_its_row() {
    let (mut office, call) = talking("[recording]\nmode = \"on-demand\"\n");
    let state = |office: &mut Office| calls(office)[0].recording;
    let steer = |office: &mut Office, action| office.command(Command::Record { call, action });
    assert_eq!(state(&mut office), RecordingView::Off);
    let error = steer(&mut office, RecordAction::Pause)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "the recording cannot be paused now: it is off");
    for (action, expected) in [
        (RecordAction::Start, RecordingView::On),
        (RecordAction::Pause, RecordingView::Paused),
        (RecordAction::Resume, RecordingView::On),
        (RecordAction::Stop, RecordingView::Off),
    ] {
        steer(&mut office, action).unwrap();
        assert_eq!(state(&mut office), expected);
    }
    office.ms(2000);
    steer(&mut office, RecordAction::Start).unwrap();
    office.ms(2000);
    office.command(Command::Hangup(call)).unwrap();
    let told: Vec<_> = office
        .told("recording")
        .iter()
        .map(|r| r["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        told,
        [
            "started", "paused", "resumed", "finished", "started", "finished"
        ]
    );
    let files: Vec<_> = office
        .told("recording")
        .iter()
        .map(|r| r["file"].as_str().unwrap().to_owned())
        .collect();
    assert_ne!(
        files[0], files[5],
        "the second recording has a file of its own"
    );
    let rows = office
        .store
        .read(|r| r.recordings(&ringbook::store::RecordingFilter::default(), 0, 10))
        .unwrap();
    assert_eq!(rows.len(), 2);
}

#[test]
fn a_call_with_no_sound_is_told_and_then_ended() {
    let (mut office, _) = talking("");
    let silent = |for_s| {
        Input::Media(MediaEvent::NoRtp {
            stream: StreamId(1),
            for_s,
        })
    };
    office.input(silent(5));
    assert_eq!(office.told("notice")[0]["kind"], "media");
    office.input(silent(30));
    office.ms(1000);
    assert_eq!(office.only_row().1, "answered no_audio");
}

#[test]
fn muting_is_shown() {
    let (mut office, call) = talking("");
    office.command(Command::Mute { call, on: true }).unwrap();
    assert!(calls(&mut office)[0].muted);
}

#[test]
fn a_transfer_that_is_refused_leaves_the_call_as_it_was() {
    let (mut office, call) = talking("");
    let target = "102".to_owned();
    office
        .command(Command::TransferBlind { call, target })
        .unwrap();
    office.ms(1000);
    // The peer, as we do ourselves, takes no REFER from outside.
    assert_eq!(office.told("notice")[0]["kind"], "transfer");
    office.command(Command::Hold(call)).unwrap();
    assert!(calls(&mut office)[0].on_hold);
}

#[test]
fn s1_9_a_conversation_that_lasts_too_long_is_told_of_once() {
    let (mut office, call) = talking("[notifications]\nlong_call_minutes = 10\n");
    let told = |office: &Office| -> Vec<String> {
        let notices = office.told("notice");
        let long = notices.iter().filter(|told| told["kind"] == "long_call");
        long.map(|told| told["text"].as_str().unwrap().to_owned())
            .collect()
    };
    office.ms(598_000);
    assert_eq!(told(&office), [""; 0]);
    assert!(!calls(&mut office)[0].too_long);
    office.ms(4000);
    let text = "The call with 200 has lasted for 10 minutes";
    assert_eq!(told(&office), [text]);
    assert!(calls(&mut office)[0].too_long, "S5.22: live");
    assert_eq!(office.told("notice")[0]["call"], call.to_string(), "S5.23");
    office.command(Command::Hold(call)).unwrap();
    office.ms(60_000);
    office.command(Command::Resume(call)).unwrap();
    office.ms(2000);
    assert_eq!(told(&office), [text]);
}

#[test]
fn s5_21_s5_23_a_row_is_marked_by_the_limit_of_its_kind_and_a_setting_tells_it_when_the_call_is_over()
 {
    let limits = "[[too_long]]\nminutes = 2\ncategory = \"problem\"\n[[too_long]]\nminutes = 1\n\
        direction = \"outgoing\"\n[notifications]\nlong_calls_told = \"after\"\n";
    for (seconds, too_long) in [(59, false), (61, true)] {
        let (mut office, call) = talking(limits);
        office.ms(seconds * 1000 - 500);
        assert!(office.told("notice").is_empty(), "not while it goes on");
        office.command(Command::Hangup(call)).unwrap();
        office.ms(500);
        let (row, _) = office.only_row();
        assert_eq!(row.record.too_long, too_long, "{:?}", row.record.talk);
        let told = office.told("notice");
        assert_eq!(told.len(), usize::from(too_long), "{told:?}");
        if too_long {
            assert_eq!(told[0]["text"], "The call with 200 has lasted for 1 minute");
            assert_eq!(told[0]["call"], call.to_string());
        }
    }
}
