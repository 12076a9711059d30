//! What a person writes of a call while it goes on.

use ringbook::app::Input;
use ringbook::automation::Body;
use ringbook::phone::command::Command;

use crate::office::{Office, settings};

#[test]
fn what_is_written_during_a_call_outlives_the_heartbeat_and_the_end_of_the_call() {
    let mut office = Office::open(settings(""));
    office.input(Input::Watch(true));
    let peer = office.call_in_as("87011112233");
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    office.ms(1000);
    let written = office.store.write(|w| {
        w.set_call_note(call, "Wants a discount")?;
        w.add_call_tag(call, "lead")
    });
    written.unwrap();
    let edition = |office: &Office| office.view.as_ref().unwrap().log_edition;
    let before = edition(&office);
    office.input(Input::Tell(Body::Marks {
        call,
        note: "Wants a discount".to_owned(),
        tags: vec!["lead".to_owned()],
    }));
    assert_eq!(edition(&office), before + 1, "the list is out of date");
    let told = office.told("marks");
    assert_eq!(told[0]["note"], "Wants a discount");
    assert_eq!(told[0]["tags"][0], "lead");

    let seen = |office: &Office| office.only_row().0.record.last_seen_at;
    let before = seen(&office);
    office.ms(3000);
    assert!(seen(&office) > before, "the phone writes the row anew");
    office.peer_hangs_up(peer);
    office.ms(1000);
    let (row, _) = office.only_row();
    assert!(row.record.ended_at.is_some());
    assert_eq!(row.note, "Wants a discount");
    assert_eq!(row.tags, ["lead"]);
}
