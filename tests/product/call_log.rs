//! What the rows of the log say of calls: which way, what led to them, who took them, how long they were.

use ringbook::app::Input;
use ringbook::export::call_json;
use ringbook::model::{CallLine, CallOrigin, CallStatus, Direction, Employee, EmployeeId};
use ringbook::phone::command::{Command, ForwardWhen, Reply};
use ringbook::store::{TaskFilter, TaskState};
use ringbook_sip::message::Uri;

use crate::office::{Office, PEER, PHONE, settings};

/// An office whose line has the mailbox `*97`.
fn with_mailbox(more: &str) -> Office {
    let mut settings = settings(more);
    settings.accounts[0].mailbox = Some("*97".into());
    Office::open(settings)
}

/// The rows of the log, the oldest first.
fn log(office: &Office) -> Vec<CallLine> {
    let mut rows = office.rows();
    rows.sort_by_key(|row| row.record.call);
    rows
}

/// How the latest call came about.
fn latest(office: &Office) -> (Direction, Option<CallOrigin>) {
    let record = log(office).pop().unwrap().record;
    (record.direction, record.origin)
}

/// We call, are answered, and talk for five seconds.
fn talk(office: &mut Office, target: &str) {
    let call = office.dial(target);
    office.peer_answers();
    office.ms(5000);
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
}

fn owed(office: &Office) -> usize {
    let open = TaskFilter {
        state: Some(TaskState::Open),
        ..TaskFilter::default()
    };
    office.store.read(|r| r.tasks(&open, None)).unwrap().len()
}

#[test]
fn s5_5_whose_mailbox_has_answered_us_was_not_spoken_with() {
    let mut office = Office::open(settings(""));
    let caller = office.call_in();
    office.ms(1000);
    office.peer_hangs_up(caller);
    office.ms(1000);
    assert_eq!(owed(&office), 1);
    office.peer_is("voicemail");
    let call = office.dial("200");
    // RFC 4458 §2: the mailbox of 200, since 200 is busy.
    let mailbox = Uri::parse("sip:voicemail@127.0.0.2:5060;target=200;cause=486").unwrap();
    office.peer_does(|peer, now, call| peer.forward(now, call, &mailbox).unwrap());
    office.ms(100);
    office.peer_answers();
    office.ms(5000);
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
    assert_eq!(
        office.said(),
        ["200 missed cancelled", "101 voicemail local_hangup"]
    );
    let row = log(&office).pop().unwrap();
    assert_eq!(row.record.talk.as_secs(), 5, "it is paid for all the same");
    assert!(!row.record.conversation_took_place());
    assert_eq!(owed(&office), 1, "who called in vain is still waiting");
}

#[test]
fn s5_5_the_lines_own_mailbox_is_no_conversation_either() {
    let mut office = with_mailbox("");
    office.peer_is("*97");
    talk(&mut office, "*97");
    assert_eq!(office.said(), ["101 voicemail local_hangup"]);
    // Nobody took it: it was no mailbox then.
    office.dial("*97");
    office.peer_does(|peer, now, call| peer.reject(now, call, 486).unwrap());
    office.ms(1000);
    assert_eq!(office.said()[1], "101 busy busy");
}

#[test]
fn s5_5_a_caller_who_is_sent_to_the_mailbox_is_voicemail_and_owed_a_call() {
    for rules in [
        "[phone]\nforward_always = \"*97\"\n",
        "[phone]\nforward_no_answer = \"*97\"\nforward_after_s = 2\n",
    ] {
        let mut office = with_mailbox(rules);
        office.call_in();
        office.ms(4000);
        assert_eq!(office.said(), ["200 voicemail transferred"], "{rules}");
        assert_eq!(owed(&office), 1, "{rules}");
    }
    // To somebody else it is as ever.
    let mut office = with_mailbox("[phone]\nforward_always = \"102\"\n");
    office.call_in();
    office.ms(4000);
    assert_eq!(office.said(), ["200 missed transferred"]);
    assert_eq!(owed(&office), 0);
}

#[test]
fn s5_5_every_end_has_a_status_of_its_own() {
    let ends = |office: &Office| office.said().last().cloned().unwrap();
    let mut office = with_mailbox("");
    // Answered.
    let caller = office.call_in();
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.peer_hangs_up(caller);
    office.ms(1000);
    assert_eq!(ends(&office), "200 answered remote_hangup");
    // Abandoned by the caller.
    let caller = office.call_in();
    office.peer_hangs_up(caller);
    office.ms(1000);
    assert_eq!(ends(&office), "200 missed cancelled");
    // Turned away.
    office.call_in();
    let call = office.call();
    office.command(Command::Reject(call)).unwrap();
    office.ms(1000);
    assert_eq!(ends(&office), "200 rejected rejected");
    // Sent to the mailbox.
    let target = Some("*97".to_owned());
    let when = ForwardWhen::Always;
    office.command(Command::Forward { when, target }).unwrap();
    office.call_in();
    office.ms(1000);
    assert_eq!(ends(&office), "200 voicemail transferred");
    // Busy, and failed, at the other end.
    for (status, expected) in [(486, "101 busy busy"), (500, "101 failed failed")] {
        office.dial("200");
        office.peer_does(|peer, now, call| peer.reject(now, call, status).unwrap());
        office.ms(1000);
        assert_eq!(ends(&office), expected);
    }
}

#[test]
fn s5_12_direction_is_the_sip_role_and_what_led_to_a_call_is_told_beside_it() {
    let mut office = Office::open(settings("[phone]\nask_links = false\n"));
    office.peer_is("+77011112233");
    let caller = office.call_in();
    office.ms(100);
    assert_eq!(latest(&office), (Direction::Incoming, None));
    office.peer_hangs_up(caller);
    office.ms(1000);
    office.peer_is("300");
    talk(&mut office, "300");
    assert_eq!(
        latest(&office),
        (Direction::Outgoing, Some(CallOrigin::Dialled))
    );
    let link = Command::Link("tel:+77011112233".to_owned());
    let Ok(Reply::Dialed { call }) = office.command(link) else {
        panic!("a link is dialled")
    };
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
    assert_eq!(
        latest(&office),
        (Direction::Outgoing, Some(CallOrigin::Link))
    );
}

#[test]
fn s5_12_a_link_that_a_person_was_asked_about_is_one_too() {
    let mut office = Office::open(settings(""));
    office.input(Input::Watch(true));
    office.peer_is("+77011112233");
    let asked = office.command(Command::Link("tel:+77011112233".to_owned()));
    let Ok(Reply::Asked { asked }) = asked else {
        panic!("{asked:?}")
    };
    office.dial(&asked);
    office.command(Command::ForgetLink).unwrap();
    assert_eq!(
        latest(&office),
        (Direction::Outgoing, Some(CallOrigin::Link))
    );
    office.dial("+77011112233");
    assert_eq!(
        latest(&office),
        (Direction::Outgoing, Some(CallOrigin::Dialled))
    );
}

#[test]
fn s5_12_who_was_owed_a_call_is_called_back_until_people_have_talked() {
    let mut office = Office::open(settings(""));
    let caller = office.call_in_as("+77011112233");
    office.ms(1000);
    office.peer_hangs_up(caller);
    office.ms(1000);
    // In vain, then with success, and once more for another reason.
    let call = office.dial("8 701 111 22 33");
    office.ms(100);
    office.command(Command::Hangup(call)).unwrap();
    office.ms(1000);
    for _ in 0..2 {
        talk(&mut office, "8 701 111 22 33");
    }
    let origins: Vec<_> = log(&office).iter().map(|row| row.record.origin).collect();
    assert_eq!(
        origins,
        [
            None,
            Some(CallOrigin::Callback),
            Some(CallOrigin::Callback),
            Some(CallOrigin::Dialled)
        ]
    );
}

#[test]
fn s5_12_a_call_that_another_party_has_sent_us_to_is_outgoing() {
    let mut office = Office::open(settings(""));
    let caller = office.call_in();
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.peer_is("300");
    let target = Uri::parse("sip:300@127.0.0.2:5060").unwrap();
    office.peer_now(|peer, now| peer.refer(now, caller, &target, None).unwrap());
    office.ms(100);
    assert_eq!(
        latest(&office),
        (Direction::Outgoing, Some(CallOrigin::Transfer))
    );
    assert_eq!(log(&office)[0].record.direction, Direction::Incoming);
}

#[test]
fn s5_15_a_hidden_number_is_hidden_in_the_row() {
    let mut office = Office::open(settings(""));
    office.hear_invite("hidden", "Privacy: id\r\n");
    office.ms(100);
    let row = log(&office).remove(0);
    assert!(row.record.hidden && row.record.number.is_none());
    assert_eq!(row.record.caller, "");
    assert_eq!(call_json(&row)["hidden"], true);
}

/// A seat of the ring group 101, whose own internal number is another, in a house where Bek has 102.
fn seat(extension: &str) -> Office {
    let mut settings = settings("");
    settings.accounts[0].extension = Some(extension.to_owned());
    let mut office = Office::open(settings);
    let bek = Employee {
        id: EmployeeId::new(),
        name: "Bek".into(),
        extension: "102".into(),
    };
    office.store.write(|w| w.save_employee(&bek)).unwrap();
    office
}

#[test]
fn s5_16_of_a_ring_group_the_row_says_who_answered() {
    let mut first = seat("101");
    first.hear_invite("group", "");
    let mut second = seat("102");
    let caller = second.call_in();
    let call = second.call();
    second.command(Command::Answer(call)).unwrap();
    second.ms(5000);
    second.peer_hangs_up(caller);
    second.ms(1000);
    // RFC 3326: whoever has forked the call tells the others.
    first.hear(&format!(
        "CANCEL sip:101@{PHONE} SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bKgroup\r\n\
         Max-Forwards: 70\r\nFrom: <sip:300@127.0.0.2>;tag=raw\r\nTo: <sip:101@{PHONE}>\r\n\
         Call-ID: group\r\nCSeq: 1 CANCEL\r\n\
         Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\nContent-Length: 0\r\n\r\n"
    ));
    first.ms(1000);
    let row = log(&second).remove(0).record;
    assert_eq!(
        (row.status, &*row.extension, &*row.employee),
        (CallStatus::Answered, "102", "Bek")
    );
    let row = log(&first).remove(0).record;
    assert_eq!(row.status, CallStatus::AnsweredElsewhere);
    assert!(row.answered_at.is_none() && row.employee.is_empty());
}

#[test]
fn s5_19_talk_ring_and_hold_are_counted_each_for_itself() {
    let mut office = Office::open(settings(""));
    let caller = office.call_in();
    office.ms(4_000);
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.ms(20_000);
    office.command(Command::Hold(call)).unwrap();
    office.ms(10_000);
    office.command(Command::Resume(call)).unwrap();
    // With the 20 ms that each command takes, 61 s between the 200 and the BYE.
    office.ms(61_000 - 30_000 - 3 * 20);
    office.peer_hangs_up(caller);
    office.ms(1000);
    let row = log(&office).remove(0);
    let near = |millis: u128, expected: u128| millis.abs_diff(expected) < 50;
    let [ring, talk, hold] = [row.record.ring, row.record.talk, row.record.hold];
    assert!(near(talk.as_millis(), 61_000), "{talk:?}");
    assert!(near(ring.as_millis(), 4_020), "{ring:?}");
    assert!(near(hold.as_millis(), 10_020), "{hold:?}");
    let json = call_json(&row);
    assert_eq!(json["talk_s"].as_f64().unwrap().round(), 61.0);
    assert_eq!(json["hold_s"].as_f64().unwrap().round(), 10.0);
    assert_eq!(json["ring_s"].as_f64().unwrap().round(), 4.0);
}
