//! Conferences: who is in them, and what holds for all of their calls.

use ringbook::app::Input;
use ringbook::model::CallId;
use ringbook::phone::command::{Command, CommandError, RecordAction, Reply};
use ringbook::phone::view::{CallPhase, CallView, RecordingView};
use ringbook_media::engine::{MediaEvent, StreamId};
use ringbook_sip::user_agent::CallHandle;

use crate::office::{Office, settings};

fn calls(office: &mut Office) -> Vec<CallView> {
    match office.command(Command::Calls) {
        Ok(Reply::Calls(calls)) => calls,
        other => panic!("{other:?}"),
    }
}

/// So many callers who all have been answered: all but the last are on hold.
fn office<const N: usize>() -> (Office, [CallHandle; N], [CallId; N]) {
    let mut office = Office::open(settings(""));
    let peers = ["201", "202", "203", "204"];
    let handles = std::array::from_fn(|caller| {
        let handle = office.call_in_as(peers[caller]);
        let ringing = calls(&mut office).into_iter();
        let ringing = ringing.filter(|call| call.state == CallPhase::Incoming);
        let [call] = ringing.map(|call| call.id).collect::<Vec<_>>()[..] else {
            panic!("one call rings")
        };
        office.command(Command::Answer(call)).unwrap();
        office.ms(100);
        handle
    });
    let ids = calls(&mut office).into_iter().map(|call| call.id);
    let ids = ids.collect::<Vec<_>>().try_into().unwrap();
    (office, handles, ids)
}

fn conference() -> (Office, [CallHandle; 2], [CallId; 2]) {
    let (mut office, handles, [one, two]) = office();
    let command = Command::Conference {
        call: one,
        with: two,
    };
    office.command(command).unwrap();
    office.ms(100);
    (office, handles, [one, two])
}

/// Of each call: whether we hold it, whether it is muted, how many it is joined with.
fn stand(office: &mut Office) -> Vec<(bool, bool, usize)> {
    let stand = |call: &CallView| (call.on_hold, call.muted, call.joined_with.len());
    calls(office).iter().map(stand).collect()
}

const TALKS: (bool, bool, usize) = (false, false, 1);

#[test]
fn two_calls_are_joined_and_both_are_off_hold() {
    let (mut office, _, [one, two]) = office();
    assert_eq!(stand(&mut office), [(true, false, 0), (false, false, 0)]);
    let command = Command::Conference {
        call: one,
        with: two,
    };
    office.command(command).unwrap();
    office.ms(100);
    assert_eq!(stand(&mut office), [TALKS, TALKS]);
    assert_eq!(office.joined, [StreamId(1), StreamId(2)]);
    let states = office.states();
    assert_eq!(states[states.len() - 3..], ["resumed", "joined", "joined"]);
    let told = office.told("call");
    let [first, second] = told[told.len() - 2..] else {
        panic!("two events")
    };
    assert_eq!(first["joined_with"][0], two.to_string());
    assert_eq!(second["joined_with"][0], one.to_string());
}

#[test]
fn one_party_is_put_on_hold_and_taken_back_while_the_other_stays() {
    let (mut office, _, [one, _]) = conference();
    office.command(Command::Hold(one)).unwrap();
    assert_eq!(stand(&mut office), [(true, false, 1), TALKS]);
    office.command(Command::Resume(one)).unwrap();
    assert_eq!(stand(&mut office), [TALKS, TALKS]);
    assert_eq!(office.joined.len(), 2);
}

#[test]
fn when_one_party_leaves_the_other_call_goes_on_as_any_call() {
    let (mut office, [first, _], [one, two]) = conference();
    office.ms(3000);
    office.peer_hangs_up(first);
    office.ms(100);
    assert_eq!(stand(&mut office), [(false, false, 0)]);
    assert_eq!(office.joined, []);
    let parted: Vec<_> = office
        .told("call")
        .into_iter()
        .filter(|call| call["state"] == "parted")
        .collect();
    assert_eq!(parted.len(), 1);
    assert_eq!(parted[0]["call"], two.to_string());
    // It is held, resumed and ended as ever; both calls have their row.
    office.command(Command::Hold(two)).unwrap();
    office.command(Command::Resume(two)).unwrap();
    office.command(Command::Hangup(two)).unwrap();
    office.ms(3000);
    assert_eq!(
        office.said(),
        ["201 answered remote_hangup", "202 answered local_hangup"]
    );
    assert!(office.rows().iter().all(|row| row.recording.is_some()));
    assert_ne!(one, two);
}

#[test]
fn a_conference_ends_with_one_call_in_conversation_and_the_other_on_hold() {
    let (mut office, _, [one, two]) = conference();
    office.command(Command::Split(one)).unwrap();
    office.ms(100);
    assert_eq!(stand(&mut office), [(false, false, 0), (true, false, 0)]);
    assert_eq!(office.joined, []);
    let refused = office.command(Command::Split(two));
    assert!(matches!(refused, Err(CommandError::WrongState { .. })));
}

#[test]
fn another_call_puts_the_whole_conference_on_hold() {
    let (mut office, _, _) = conference();
    office.peer_is("300");
    office.dial("300");
    let held: Vec<bool> = calls(&mut office).iter().map(|c| c.on_hold).collect();
    assert_eq!(held, [true, true, false]);
}

#[test]
fn who_is_muted_in_a_conference_is_heard_by_nobody() {
    let (mut office, _, [one, two]) = conference();
    for (call, on) in [(one, true), (two, false)] {
        office.command(Command::Mute { call, on }).unwrap();
        assert_eq!(stand(&mut office), [(false, on, 1), (false, on, 1)]);
    }
    // Who was muted before is so for all that join.
    let (mut office, _, [one, two]) = crate::conference::office();
    let mute = Command::Mute {
        call: two,
        on: true,
    };
    office.command(mute).unwrap();
    let command = Command::Conference {
        call: one,
        with: two,
    };
    office.command(command).unwrap();
    assert_eq!(stand(&mut office), [(false, true, 1), (false, true, 1)]);
}

fn recordings(office: &mut Office) -> Vec<RecordingView> {
    office.ms(100);
    calls(office).iter().map(|call| call.recording).collect()
}

fn record(office: &mut Office, call: CallId, action: RecordAction) {
    office.command(Command::Record { call, action }).unwrap();
}

#[test]
fn what_is_said_in_a_pause_is_in_the_recording_of_no_call() {
    use RecordingView::{Off, On, Paused};
    let (mut office, _, [one, two]) = conference();
    record(&mut office, one, RecordAction::Pause);
    assert_eq!(recordings(&mut office), [Paused, Paused]);
    record(&mut office, two, RecordAction::Stop);
    assert_eq!(recordings(&mut office), [Paused, Off]);
    // A recording that begins now waits with the other.
    record(&mut office, two, RecordAction::Start);
    assert_eq!(recordings(&mut office), [Paused, Paused]);
    record(&mut office, two, RecordAction::Resume);
    assert_eq!(recordings(&mut office), [On, On]);

    let (mut office, _, [one, two]) = crate::conference::office();
    record(&mut office, one, RecordAction::Pause);
    assert_eq!(recordings(&mut office), [Paused, On]);
    let command = Command::Conference {
        call: one,
        with: two,
    };
    office.command(command).unwrap();
    assert_eq!(recordings(&mut office), [Paused, Paused]);
}

#[test]
fn a_third_party_may_join_and_a_second_conference_may_not() {
    let (mut office, _, [one, two, three, four]) = office();
    let join = |office: &mut Office, call, with| office.command(Command::Conference { call, with });
    join(&mut office, one, two).unwrap();
    let refused = join(&mut office, three, four);
    assert_eq!(refused, Err(CommandError::OtherConference));
    join(&mut office, four, two).unwrap();
    office.ms(100);
    assert_eq!(office.joined, [1, 2, 4].map(StreamId));
    let joined: Vec<usize> = stand(&mut office).iter().map(|call| call.2).collect();
    assert_eq!(joined, [2, 2, 0, 2]);
    let again = join(&mut office, one, four);
    assert!(matches!(again, Err(CommandError::WrongState { .. })));
    assert_eq!(join(&mut office, one, one), Err(CommandError::OneCall));
}

#[test]
fn only_conversations_can_be_joined() {
    let (mut office, _, [one]) = office();
    office.call_in_as("202");
    let ringing = calls(&mut office)[1].id;
    let refused = office.command(Command::Conference {
        call: one,
        with: ringing,
    });
    assert!(matches!(refused, Err(CommandError::WrongState { .. })));
    assert_eq!(stand(&mut office), [(false, false, 0); 2]);
}

#[test]
fn keys_go_to_the_party_they_are_for_and_those_of_a_party_are_told_as_its_own() {
    let (mut office, _, [_, two]) = conference();
    let digits = "1".to_owned();
    office.command(Command::Dtmf { call: two, digits }).unwrap();
    let sent = office.effects.iter().filter(|name| *name == "Digits");
    assert_eq!(sent.count(), 1);
    let stream = StreamId(2);
    office.input(Input::Media(MediaEvent::Digit { stream, digit: '5' }));
    let told = office.told("dtmf");
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0]["call"].as_str(), told[0]["digit"].as_str()),
        (Some(two.to_string().as_str()), Some("5"))
    );
}
