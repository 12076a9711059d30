//! S1.1, S5.1: what was not ordered is not there.

use ringbook::app::Input;
use ringbook::phone::command::{Command, CommandError, RecordAction};
use ringbook::store::TaskFilter;

use crate::office::{Office, settings};

/// An incoming call, answered, five seconds long.
fn a_call(more: &str) -> Office {
    let mut office = Office::open(settings(more));
    office.effects.clear();
    let peer = office.call_in();
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.ms(5000);
    office.peer_hangs_up(peer);
    office.ms(1000);
    assert_eq!(
        office.states(),
        ["incoming", "ringing", "established", "ended"]
    );
    office
}

#[test]
fn s1_1_without_the_card_nothing_is_looked_up_and_nothing_shown() {
    let office = a_call("[modules]\ncaller_card = false\n");
    assert!(!office.effects.contains(&"FindCaller".to_owned()));
    assert!(office.told("caller_card").is_empty());
    assert_eq!(office.rows().len(), 1);
}

#[test]
fn s5_1_without_the_log_no_row_is_written() {
    let office = a_call("[modules]\ncall_log = false\n");
    assert!(office.rows().is_empty());
    assert_eq!(office.told("caller_card").len(), 1);
}

#[test]
fn s1_1_without_tasks_nobody_is_owed_a_call() {
    for modules in ["tasks = false", "call_log = false"] {
        let mut office = Office::open(settings(&format!("[modules]\n{modules}\n")));
        let peer = office.call_in();
        office.ms(1000);
        office.peer_hangs_up(peer);
        office.ms(1000);
        assert!(office.told("task").is_empty(), "{modules}");
        let all = office.store.read(|r| r.tasks(&TaskFilter::default(), None));
        assert!(all.unwrap().is_empty(), "{modules}");
    }
}

#[test]
fn without_recording_nothing_is_recorded_even_on_demand() {
    let office = a_call("[modules]\nrecording = false\n");
    assert!(office.told("recording").is_empty());
    let mut office = Office::open(settings("[modules]\nrecording = false\n"));
    let call = office.dial("200");
    office.peer_answers();
    let refused = office.command(Command::Record {
        call,
        action: RecordAction::Start,
    });
    assert_eq!(
        refused,
        Err(CommandError::ModuleOff {
            module: "recording"
        })
    );
}

#[test]
fn mode_never_records_nothing() {
    let office = a_call("[recording]\nmode = \"never\"\n");
    assert!(office.told("recording").is_empty());
}

#[test]
fn views_are_made_only_while_somebody_watches() {
    let mut office = Office::open(settings(""));
    office.call_in();
    assert!(office.view.is_none());
    office.input(Input::Watch(true));
    let view = office
        .view
        .clone()
        .expect("whoever begins to look sees everything");
    assert_eq!((view.accounts.len(), view.calls.len()), (1, 1));
    assert_eq!(view.calls[0].title, "200");
    let call = office.call();
    office.command(Command::Reject(call)).unwrap();
    assert!(office.view.as_ref().unwrap().calls.is_empty());
}
