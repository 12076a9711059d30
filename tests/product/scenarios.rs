//! Scenarios: who rings first, whom next, and who has the call in the end.

use std::time::Duration;

use ringbook::app::Input;
use ringbook::model::{CallLine, Client, ClientPhone, Employee, EmployeeId};
use ringbook::phone::command::{Command, CommandError, Reply};
use ringbook_sip::message::{Message, Request, Uri};
use ringbook_sip::user_agent::CallHandle;

use crate::office::{Office, PEER, PHONE, settings};

/// The office with these scenarios, where Bek sits at 102.
fn office(scenarios: &str) -> Office {
    let mut office = Office::open(settings(scenarios));
    office.input(Input::Watch(true));
    for user in ["102", "103"] {
        office.peer_is(user);
    }
    for (extension, name) in [("101", "Anna"), ("102", "Bek")] {
        let employee = Employee {
            id: EmployeeId::new(),
            name: name.into(),
            extension: extension.into(),
        };
        office.store.write(|w| w.save_employee(&employee)).unwrap();
    }
    office
}

/// A step of a scenario; `for_s` of 0: without end.
fn step(ring: &str, for_s: u32) -> String {
    let patience = match for_s {
        0 => String::new(),
        _ => format!("for_s = {for_s}\n"),
    };
    format!("[[scenario.step]]\nring = [{ring}]\n{patience}")
}

/// 101 for 15 s, then 102.
fn one_after_the_other() -> String {
    format!(
        "[[scenario]]\n{}{}",
        step("\"here\"", 15),
        step("\"102\"", 20)
    )
}

/// The requests of this method that went to `user`'s phone, and when.
fn sent_to<'a>(office: &'a Office, method: &str, user: &str) -> Vec<(Duration, &'a Request)> {
    let from: std::net::SocketAddr = PHONE.parse().unwrap();
    let sent = office.wire.iter().filter(|(_, sender, _)| *sender == from);
    sent.filter_map(|(at, _, message)| match message {
        Message::Request(r)
            if r.method.as_str() == method && r.to.uri.user().as_deref() == Some(user) =>
        {
            Some((*at, r))
        }
        _ => None,
    })
    .collect()
}

fn is_called(office: &Office, user: &str) -> bool {
    !sent_to(office, "INVITE", user).is_empty()
}

/// The only call of the log, with its legs.
fn row(office: &Office) -> CallLine {
    let (line, _) = office.only_row();
    let found = office.store.read(|r| r.find_call(line.record.call));
    found.unwrap().unwrap()
}

/// Who rang, as `extension employee outcome seconds`.
fn legs(office: &Office) -> Vec<String> {
    let legs = row(office).record.legs;
    let seconds = |leg: &ringbook::model::CallLeg| {
        let ended = leg.ended_at.map(|ended| ended.duration_since(leg.rang_at));
        ended.map_or("-".into(), |lasted| lasted.as_secs().to_string())
    };
    let told = |leg: &ringbook::model::CallLeg| {
        let (outcome, lasted) = (leg.outcome, seconds(leg));
        format!("{} {} {outcome} {lasted}", leg.extension, leg.employee)
    };
    legs.iter().map(told).collect()
}

fn gives_up(office: &mut Office, caller: CallHandle) {
    office.peer_hangs_up(caller);
    office.ms(1_000);
}

#[test]
fn s5_17_the_first_of_a_scenario_rings_first_in_twenty_of_twenty_calls() {
    for (first, scenario) in [
        ("101", one_after_the_other()),
        (
            "102",
            format!(
                "[[scenario]]\n{}{}",
                step("\"102\"", 15),
                step("\"here\"", 20)
            ),
        ),
    ] {
        let mut office = office(&scenario);
        for call in 1..=20 {
            let caller = office.call_in_as(&format!("30{call}"));
            for _ in 0..14 {
                office.ms(1_000);
                let elsewhere = sent_to(&office, "INVITE", "102").len();
                match first {
                    "101" => assert!(office.bell.is_some() && elsewhere == 0, "{call}"),
                    _ => assert!(office.bell.is_none() && elsewhere == call, "{call}"),
                }
            }
            gives_up(&mut office, caller);
            assert!(office.bell.is_none());
        }
        assert!(
            office
                .said()
                .iter()
                .all(|row| row.ends_with("missed cancelled"))
        );
        assert_eq!(office.rows().len(), 20);
    }
}

#[test]
fn s5_17_variants_obey_the_clock() {
    // It is Sunday, five past nine.
    for (variants, rings) in [
        ("days = \"mon-sat\"", "103"),
        ("days = \"sun\"", "102"),
        ("days = \"sun\"\nhours = \"09:00-18:00\"", "102"),
        ("hours = \"09:06-18:00\"", "103"),
        ("hours = \"18:00-09:00\"", "103"),
        ("hours = \"18:00-09:06\"", "102"),
    ] {
        let scenarios = format!(
            "[[scenario]]\n{variants}\n{}[[scenario]]\n{}",
            step("\"102\"", 0),
            step("\"103\"", 0)
        );
        let mut office = office(&scenarios);
        office.call_in();
        let called = ["102", "103"].map(|user| is_called(&office, user));
        assert_eq!(called, [rings == "102", rings == "103"], "{variants}");
    }
}

#[test]
fn s5_18_nobody_answers_for_fifteen_seconds_and_the_next_one_rings_and_both_legs_are_one_call() {
    let mut office = office(&one_after_the_other());
    let caller = office.call_in();
    let began = office.wire[0].0;
    office.ms(14_000);
    assert!(office.bell.is_some() && !is_called(&office, "102"));
    office.ms(2_000);
    let rang = sent_to(&office, "INVITE", "102")[0].0 - began;
    assert!(
        rang.abs_diff(Duration::from_secs(15)) < Duration::from_millis(200),
        "{rang:?}"
    );
    // It rings no longer here, and nobody here is shown what is not theirs.
    assert!(office.bell.is_none() && office.view.as_ref().unwrap().calls.is_empty());
    assert_eq!(office.answers(), [180]);
    office.phone_does("102", |peer, now, call| peer.ring(now, call).unwrap());
    office.ms(3_000);
    office.phone_answers("102");
    assert_eq!(office.answers(), [180, 200]);
    assert_eq!(office.patched.len(), 1);
    office.ms(60_000);
    gives_up(&mut office, caller);
    // Either side's BYE ends the other.
    assert_eq!(sent_to(&office, "BYE", "102").len(), 1);

    let (line, said) = office.only_row();
    assert_eq!(said, "answered remote_hangup");
    let (record, name) = (&line.record, line.record.employee.as_str());
    assert_eq!((record.extension.as_str(), name), ("102", "Bek"));
    assert_eq!(record.caller, "200");
    assert!(record.talk.abs_diff(Duration::from_secs(60)) < Duration::from_millis(100));
    assert!(record.ring.abs_diff(Duration::from_secs(19)) < Duration::from_secs(1));
    assert!(line.recording.is_some());
    assert_eq!(
        legs(&office),
        ["101 Anna no_answer 15", "102 Bek answered 64"]
    );
    let events = office.told("leg");
    let told = events.iter().map(|leg| {
        format!(
            "{} {}",
            leg["extension"].as_str().unwrap(),
            leg["state"].as_str().unwrap()
        )
    });
    let told: Vec<_> = told.collect();
    let expected = [
        "101 ringing",
        "101 no_answer",
        "102 ringing",
        "102 answered",
        "102 answered",
    ];
    assert_eq!(told, expected);
}

#[test]
fn s5_18_the_colleague_hangs_up_and_the_caller_hears_it() {
    let mut office = office(&format!("[[scenario]]\n{}", step("\"102\"", 0)));
    office.call_in();
    office.phone_answers("102");
    office.ms(5_000);
    office.phone_does("102", |peer, now, call| peer.hangup(now, call).unwrap());
    office.ms(1_000);
    assert_eq!(sent_to(&office, "BYE", "200").len(), 1);
    assert_eq!(office.only_row().1, "answered local_hangup");
    assert!(matches!(office.command(Command::Calls), Ok(Reply::Calls(calls)) if calls.is_empty()));
}

#[test]
fn s5_18_the_caller_gives_up_and_the_colleague_has_missed_the_call() {
    let mut office = office(&one_after_the_other());
    let caller = office.call_in();
    office.ms(16_000);
    office.phone_does("102", |peer, now, call| peer.ring(now, call).unwrap());
    gives_up(&mut office, caller);
    let cancelled = sent_to(&office, "CANCEL", "102");
    assert_eq!(cancelled.len(), 1);
    assert_eq!(cancelled[0].1.headers.get("Reason"), None);
    assert_eq!(office.only_row().1, "missed cancelled");
    assert_eq!(
        legs(&office),
        ["101 Anna no_answer 15", "102 Bek gave_up 1"]
    );
}

#[test]
fn s5_18_all_ring_at_once_and_whoever_is_quicker_has_the_call() {
    let scenario = format!("[[scenario]]\n{}", step("\"here\", \"102\", \"103\"", 30));
    let mut here = office(&scenario);
    here.call_in();
    assert!(here.bell.is_some() && is_called(&here, "102") && is_called(&here, "103"));
    for user in ["102", "103"] {
        here.phone_does(user, |peer, now, call| peer.ring(now, call).unwrap());
    }
    let call = here.call();
    here.command(Command::Answer(call)).unwrap();
    for user in ["102", "103"] {
        let cancelled = sent_to(&here, "CANCEL", user);
        let reason = "SIP;cause=200;text=\"Call completed elsewhere\"";
        assert_eq!(cancelled[0].1.headers.get("Reason"), Some(reason));
    }
    assert!(here.patched.is_empty() && here.only_view().id == call);
    assert_eq!(
        legs(&here)[1..],
        ["102 Bek elsewhere 0", "103  elsewhere 0"]
    );
    assert_eq!(row(&here).record.extension, "101");

    let mut there = office(&scenario);
    there.call_in();
    there.phone_answers("103");
    there.ms(100);
    assert!(there.bell.is_none() && there.patched.len() == 1);
    let told: Vec<_> = legs(&there);
    assert_eq!(
        told,
        [
            "101 Anna elsewhere 0",
            "102 Bek elsewhere 0",
            "103  answered -"
        ]
    );
    assert_eq!(row(&there).record.extension, "103");
}

#[test]
fn s5_18_who_is_busy_or_turns_the_call_away_is_not_waited_for() {
    let scenario = format!(
        "[[scenario]]\n{}{}{}",
        step("\"102\"", 30),
        step("\"here\"", 30),
        step("\"103\"", 30)
    );
    let mut office = office(&scenario);
    office.call_in();
    office.phone_does("102", |peer, now, call| {
        peer.reject(now, call, 486).unwrap()
    });
    office.ms(100);
    assert!(office.bell.is_some(), "it rings here at once");
    let call = office.call();
    office.command(Command::Reject(call)).unwrap();
    office.ms(100);
    assert!(office.bell.is_none() && is_called(&office, "103"));
    office.phone_does("103", |peer, now, call| {
        peer.reject(now, call, 603).unwrap()
    });
    office.ms(1_000);
    assert_eq!(office.answers(), [180, 480]);
    assert_eq!(office.only_row().1, "missed no_answer");
    let told: Vec<_> = legs(&office);
    assert_eq!(
        told,
        ["102 Bek busy 0", "101 Anna declined 0", "103  declined 0"]
    );
}

#[test]
fn s5_18_whom_nobody_answers_is_sent_on_or_hears_that_nobody_is_there() {
    for (otherwise, answer, said) in [
        ("", 480, "missed no_answer"),
        ("otherwise = \"200\"\n", 302, "missed transferred"),
    ] {
        let steps = format!("{}{}", step("\"here\"", 5), step("\"102\"", 5));
        let mut office = office(&format!("[[scenario]]\n{otherwise}{steps}"));
        office.call_in();
        office.ms(12_000);
        assert_eq!(office.answers(), [180, answer]);
        assert_eq!(office.only_row().1, said);
        assert_eq!(
            legs(&office),
            ["101 Anna no_answer 5", "102 Bek no_answer 5"]
        );
    }
}

#[test]
fn s5_17_who_calls_decides_when_the_client_book_has_said_it_or_is_late() {
    let scenarios = format!(
        "[[scenario]]\ncategory = \"vip\"\n{}[[scenario]]\ncallers = \"unknown\"\n{}",
        step("\"102\"", 0),
        step("\"103\"", 0)
    );
    // A client of another category rings here, as without scenarios.
    for (category, late, rings) in [
        (Some("vip"), 200, "102"),
        (Some("ordinary"), 200, "101"),
        (None, 200, "103"),
        // Whoever is not known in time is not known.
        (Some("vip"), 3_000, "103"),
    ] {
        let mut office = office(&scenarios);
        office.slow_lookup = Duration::from_millis(late);
        if let Some(category) = category {
            let mut client = Client::named("Ivan", jiff::Timestamp::UNIX_EPOCH);
            client.category = ringbook::model::CategoryId::new(category);
            let number = ringbook::model::PhoneNumber::from_e164("+77011112233").unwrap();
            client.phones = vec![ClientPhone::new(number)];
            office.store.write(|w| w.save_client(&client)).unwrap();
        }
        office.call_in_as("+77011112233");
        office.ms(100);
        assert!(
            office.bell.is_none() && !is_called(&office, "102"),
            "it is asked first"
        );
        office.ms(1_700);
        let rung = [
            office.bell.is_some(),
            is_called(&office, "102"),
            is_called(&office, "103"),
        ];
        let expected = ["101", "102", "103"].map(|phone| phone == rings);
        assert_eq!(rung, expected, "{category:?} {late}");
    }
}

#[test]
fn s5_18_whoever_is_not_to_be_disturbed_or_talks_is_passed_over() {
    for rules in ["do_not_disturb = true", "call_waiting = false"] {
        let mut office = office(&format!("[phone]\n{rules}\n{}", one_after_the_other()));
        if rules.starts_with("call_waiting") {
            office.dial("200");
            office.peer_answers();
        }
        office.call_in_as("300");
        assert!(
            office.bell.is_none() && is_called(&office, "102"),
            "{rules}"
        );
        office.phone_answers("102");
        // Whom the person here talks with is not put on hold for it.
        assert!(!office.effects.contains(&"Hold".to_owned()));
        office.ms(1_000);
        assert_eq!(office.patched.len(), 1, "{rules}");
    }
}

#[test]
fn s5_18_the_phone_that_rings_is_told_who_calls() {
    let mut office = office(&format!("[[scenario]]\n{}", step("\"102\"", 0)));
    office.call_in_as("+77011112233");
    let invite = sent_to(&office, "INVITE", "102")[0].1;
    assert_eq!(invite.from.display.as_deref(), Some("+7 701 111 2233"));
    let asserted = invite.headers.get("P-Asserted-Identity").unwrap();
    assert!(
        asserted.ends_with("<sip:+77011112233@127.0.0.2>"),
        "{asserted}"
    );
    let way = invite.headers.get("History-Info").unwrap();
    assert!(
        way.starts_with("<sip:101@127.0.0.2:5060?Reason=SIP%3Bcause%3D302>;index=1"),
        "{way}"
    );
}

#[test]
fn s5_18_a_call_that_a_colleague_has_is_only_ended_here() {
    let mut office = office(&format!("[[scenario]]\n{}", step("\"102\"", 0)));
    office.call_in();
    office.phone_answers("102");
    office.ms(100);
    let call = office.call();
    for command in [
        Command::Hold(call),
        Command::Mute { call, on: true },
        Command::TransferBlind {
            call,
            target: "103".into(),
        },
    ] {
        let refused = office.command(command).unwrap_err();
        assert_eq!(refused, CommandError::Colleagues);
    }
    let Ok(Reply::Calls(calls)) = office.command(Command::Calls) else {
        panic!()
    };
    assert_eq!(calls[0].taken_by.as_deref(), Some("102"));
    assert!(office.view.as_ref().unwrap().calls.is_empty());
    // A caller who rings meanwhile is not one too many.
    office.call_in_as("300");
    assert_eq!(office.answers(), [180, 200, 180]);
    office.command(Command::Hangup(call)).unwrap();
    office.ms(500);
    assert_eq!(
        (
            sent_to(&office, "BYE", "102").len(),
            sent_to(&office, "BYE", "200").len()
        ),
        (1, 1)
    );
}

#[test]
fn s5_18_the_colleague_sends_the_caller_on() {
    let mut office = office(&format!("[[scenario]]\n{}", step("\"102\"", 0)));
    office.call_in();
    office.phone_answers("102");
    office.ms(1_000);
    let target = Uri::parse(&format!("sip:103@{PEER}")).unwrap();
    office.phone_does("102", |peer, now, call| {
        peer.refer(now, call, &target, None).unwrap()
    });
    office.ms(1_000);
    assert!(is_called(&office, "103"));
    office.phone_answers("103");
    office.ms(1_000);
    assert_eq!(office.patched.len(), 2);
    assert_eq!(
        office.patched[0][0], office.patched[1][0],
        "the caller stays"
    );
    office.phone_does("102", |peer, now, call| {
        // It may have gone by itself: it has done its part.
        let _ = peer.hangup(now, call);
    });
    office.ms(5_000);
    assert_eq!(office.only_row().1, "in_progress -");
    office.phone_does("103", |peer, now, call| peer.hangup(now, call).unwrap());
    office.ms(1_000);
    assert_eq!(office.only_row().1, "answered local_hangup");
    assert_eq!(row(&office).record.extension, "103");
    assert_eq!(legs(&office), ["102 Bek answered 2", "103  answered 7"]);
}

#[test]
fn s5_18_the_phone_ends_and_so_does_everything_that_rings() {
    for answered in [false, true] {
        let mut office = office(&format!("[[scenario]]\n{}", step("\"102\"", 0)));
        office.call_in();
        if answered {
            office.phone_answers("102");
        } else {
            office.phone_does("102", |peer, now, call| peer.ring(now, call).unwrap());
        }
        office.ms(500);
        office.input(Input::Command {
            request: ringbook::app::RequestId(999),
            command: Command::Quit,
        });
        office.ms(3_000);
        let ended = sent_to(&office, if answered { "BYE" } else { "CANCEL" }, "102");
        assert_eq!(ended.len(), 1);
        assert!(office.exited);
    }
}

#[test]
fn s5_18_s5_5_a_colleagues_mailbox_that_takes_the_call_was_no_conversation() {
    let mut office = office(&format!("[[scenario]]\n{}", step("\"102\"", 0)));
    office.peer_is("voicemail");
    let caller = office.call_in();
    let mailbox = Uri::parse("sip:voicemail@127.0.0.2:5060;target=102;cause=486").unwrap();
    office.phone_does("102", |peer, now, call| {
        peer.forward(now, call, &mailbox).unwrap();
    });
    office.phone_answers("voicemail");
    office.ms(5_000);
    gives_up(&mut office, caller);
    assert_eq!(office.only_row().1, "voicemail remote_hangup");
}

#[test]
fn s5_18_a_step_whose_phones_cannot_be_called_is_passed_over_and_none_after_it_is() {
    let steps = [
        step("\"two words\"", 30),
        step("\"102\", \"not a number\"", 5),
        step("\"103\"", 30),
    ];
    let mut office = office(&format!("[[scenario]]\n{}", steps.concat()));
    office.call_in();
    assert!(is_called(&office, "102") && !is_called(&office, "103"));
    office.ms(6_000);
    assert!(is_called(&office, "103"));
    let told: Vec<_> = legs(&office);
    assert_eq!(
        told,
        [
            "two words  failed 0",
            "102 Bek no_answer 5",
            "not a number  failed 0",
            "103  ringing -"
        ]
    );
    assert_eq!(office.answers(), [180]);
}
