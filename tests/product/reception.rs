//! What a call meets before it rings, and where calls are sent on to: each leaves one right row.

use ringbook::app::Input;
use ringbook::phone::command::{Command, CommandError, ForwardWhen, Reply};
use ringbook_sip::message::{Message, Method, Uri};

use crate::office::{Office, settings};

fn office(phone: &str) -> Office {
    Office::open(settings(&format!("[phone]\n{phone}\n")))
}

fn sent_to(office: &Office) -> Vec<String> {
    let contacts = office
        .wire
        .iter()
        .filter_map(|(_, _, message)| match message {
            Message::Response(r) if r.status == 302 => r.headers.get("Contact").map(str::to_owned),
            _ => None,
        });
    contacts.collect()
}

#[test]
fn who_is_not_to_be_disturbed_has_missed_the_call() {
    let mut office = office("do_not_disturb = true");
    office.call_in();
    office.ms(1000);
    assert_eq!(
        (office.answers(), office.said()),
        (vec![480], vec!["200 missed no_answer".into()])
    );
    assert!(!office.effects.contains(&"Tone".to_owned()));
    office.command(Command::DoNotDisturb(false)).unwrap();
    office.call_in_as("300");
    assert_eq!(office.answers(), [480, 180]);
}

#[test]
fn every_caller_is_sent_on_and_was_answered_here_by_nobody() {
    let mut office = office("forward_always = \"8 701 111 22 33\"");
    office.call_in();
    office.ms(1000);
    assert_eq!(sent_to(&office), ["<sip:+77011112233@127.0.0.2:5060>"]);
    assert_eq!(office.said(), ["200 missed transferred"]);
}

#[test]
fn a_second_caller_waits_hears_busy_or_is_sent_on() {
    for (rules, answers, second) in [
        ("", vec![180, 180], "300 in_progress -"),
        ("call_waiting = false", vec![180, 486], "300 busy busy"),
        ("max_calls = 1", vec![180, 486], "300 busy busy"),
        (
            "call_waiting = false\nforward_busy = \"102\"",
            vec![180, 302],
            "300 missed transferred",
        ),
        (
            "max_calls = 1\nforward_busy = \"102\"",
            vec![180, 302],
            "300 missed transferred",
        ),
        // Who must not be disturbed is not, whatever else is set.
        (
            "do_not_disturb = true\nforward_busy = \"102\"",
            vec![480, 480],
            "300 missed no_answer",
        ),
    ] {
        let mut office = office(rules);
        office.call_in();
        office.call_in_as("300");
        office.ms(1000);
        assert_eq!(
            (office.answers(), &office.said()[1][..]),
            (answers, second),
            "{rules}"
        );
    }
}

#[test]
fn a_caller_nobody_answers_in_time_is_sent_on() {
    let mut office = office("forward_no_answer = \"102\"\nforward_after_s = 5");
    office.call_in();
    office.ms(4000);
    assert_eq!(office.answers(), [180]);
    office.ms(3000);
    assert_eq!(office.answers(), [180, 302]);
    assert_eq!(sent_to(&office), ["<sip:102@127.0.0.2:5060>"]);
    assert_eq!(office.said(), ["200 missed transferred"]);
}

#[test]
fn forwarding_is_switched_while_the_phone_runs_and_shown() {
    let mut office = office("");
    let forward = |target: &str| Command::Forward {
        when: ForwardWhen::Always,
        target: Some(target.to_owned()),
    };
    let refused = office.command(forward("two words")).unwrap_err();
    assert!(matches!(refused, CommandError::BadTarget(_)), "{refused}");
    office.command(forward("102")).unwrap();
    let Ok(Reply::Status(status)) = office.command(Command::Status) else {
        panic!()
    };
    assert_eq!(status.absence.forward_always.as_deref(), Some("102"));
    office.call_in();
    assert_eq!(office.answers(), [302]);
    let off = Command::Forward {
        when: ForwardWhen::Always,
        target: None,
    };
    office.command(off).unwrap();
    office.call_in_as("300");
    assert_eq!(office.answers(), [302, 180]);
}

#[test]
fn what_was_switched_is_seen_and_stays_until_the_settings_say_something_else() {
    let rules = |text: &str| Box::new(settings(&format!("[phone]\n{text}\n")));
    let mut office = office("forward_busy = \"102\"");
    office.input(Input::Watch(true));
    office.command(Command::DoNotDisturb(true)).unwrap();
    let seen = |office: &Office| office.view.as_ref().unwrap().absence.clone();
    assert!(seen(&office).do_not_disturb);
    assert_eq!(seen(&office).forward_busy.as_deref(), Some("102"));
    let other = rules("forward_busy = \"103\"\nmax_calls = 3");
    office.command(Command::SetSettings(other)).unwrap();
    assert!(seen(&office).do_not_disturb);
    assert_eq!(seen(&office).forward_busy.as_deref(), Some("103"));
    office.call_in();
    assert_eq!(office.answers(), [480]);
}

#[test]
fn a_call_that_asks_to_be_answered_is_where_that_is_allowed_and_nobody_talks() {
    let wish = "Answer-Mode: Auto\r\n";
    let mut office = office("");
    office.hear_invite("polite", wish);
    assert_eq!(office.answers(), [180], "not by default");
    let mut office = self::office("intercom = \"trusted\"");
    office.hear_invite("ordinary", "");
    assert_eq!(office.answers(), [180]);
    office.hear_invite("interrupting", wish);
    assert_eq!(office.answers(), [180, 180], "nobody is spoken into");
    let mut office = self::office("intercom = \"trusted\"");
    office.hear_invite("intercom", wish);
    assert_eq!(office.answers()[0], 200);
    assert_eq!(office.told("notice").len(), 1);
    assert_eq!(office.states(), ["incoming", "established"]);
}

#[test]
fn who_sent_a_call_on_to_us_is_told() {
    let mut office = office("");
    office.input(Input::Watch(true));
    office.hear_invite(
        "diverted",
        "Diversion: <sip:104@127.0.0.2>;reason=no-answer\r\n",
    );
    office.ms(100);
    assert_eq!(office.told("call")[0]["diverted_by"], "104");
    let view = office.only_view();
    assert_eq!(view.diverted_by.as_deref(), Some("104"));
    assert_eq!(view.card.unwrap().diverted_by, "104");
    assert_eq!(office.rows()[0].record.diverted_by, "104");
}

#[test]
fn a_redirected_call_goes_on_unless_that_is_refused() {
    let target = Uri::parse("sip:300@127.0.0.2:5060").unwrap();
    let mut office = office("");
    office.peer_is("300");
    office.dial("200");
    office.peer_does(|peer, now, call| peer.forward(now, call, &target).unwrap());
    office.ms(100);
    office.peer_answers();
    assert_eq!(office.states(), ["dialing", "established"]);
    assert_eq!(
        office.told("notice")[0]["text"],
        "The call goes on to sip:300@127.0.0.2:5060"
    );
    let mut office = self::office("redirects = \"refuse\"");
    office.dial("200");
    office.peer_does(|peer, now, call| peer.forward(now, call, &target).unwrap());
    office.ms(1000);
    assert_eq!(office.said(), ["101 failed failed"]);
}

#[test]
fn an_anonymous_call_hides_the_line() {
    let hidden = |office: &Office| {
        let invite = office
            .wire
            .iter()
            .find_map(|(_, _, message)| match message {
                Message::Request(r) if r.method == Method::Invite => Some(r.clone()),
                _ => None,
            });
        invite.unwrap().from.uri.to_string() == "sip:anonymous@anonymous.invalid"
    };
    // Small enough for a datagram (RFC 3261 §18.1.1).
    let small = "[media]\ncodecs = [\"pcma\"]\nsrtp = \"off\"\n";
    let mut office = Office::open(settings(small));
    let dial = Command::DialAnonymously {
        target: "200".to_owned(),
        account: None,
    };
    office.command(dial).unwrap();
    assert!(hidden(&office));
    let mut settings = settings(small);
    settings.accounts[0].anonymous = true;
    let mut office = Office::open(settings);
    office.dial("200");
    assert!(hidden(&office));
}
