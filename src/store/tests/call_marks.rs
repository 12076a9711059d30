//! What a person writes of a call.

use jiff::Timestamp;

use crate::model::{CallId, CallLine, CallRecord, CallStatus, Direction};
use crate::store::{CallFilter, Grouping, Store, StoreError};

fn call() -> CallRecord {
    CallRecord::begin(CallId::new(), Direction::Incoming, Timestamp::UNIX_EPOCH)
}

/// A store with so many calls.
fn store<const N: usize>() -> (Store, [CallId; N]) {
    let mut store = Store::in_memory().unwrap();
    let calls = std::array::from_fn(|_| call());
    store
        .write(|w| calls.iter().try_for_each(|call| w.save_call(call)))
        .unwrap();
    (store, calls.map(|call| call.call))
}

fn line(store: &Store, call: CallId) -> CallLine {
    store.read(|r| r.find_call(call)).unwrap().unwrap()
}

fn found(store: &Store, filter: &CallFilter) -> Vec<CallId> {
    let lines = store.read(|r| r.calls(filter, 0, 100)).unwrap();
    let count = store.read(|r| r.count_calls(filter)).unwrap();
    assert_eq!(count, lines.len() as u64);
    lines.into_iter().map(|line| line.record.call).collect()
}

#[test]
fn what_a_person_writes_stays_when_the_phone_writes_the_row_anew() {
    let mut store = Store::in_memory().unwrap();
    let mut call = call();
    let id = call.call;
    store.write(|w| w.save_call(&call)).unwrap();
    let written = store.write(|w| {
        w.set_call_note(id, "  Wants a discount\nof 5 % ")?;
        w.add_call_tag(id, "complaint")
    });
    written.unwrap();
    store.write(|w| w.save_call(&call)).unwrap();
    call.ended_at = Some(Timestamp::UNIX_EPOCH);
    call.status = CallStatus::Answered;
    store.write(|w| w.save_call(&call)).unwrap();
    let line = line(&store, id);
    assert_eq!(line.record, call);
    assert_eq!(line.note, "Wants a discount\nof 5 %");
    assert_eq!(line.tags, ["complaint"]);
    store.write(|w| w.set_call_note(id, " ")).unwrap();
    assert_eq!(self::line(&store, id).note, "");
}

#[test]
fn tags_keep_their_order_are_tidied_and_come_once_in_any_case() {
    let (mut store, [call]) = store();
    for tag in ["Lead ", "new  \n client", "lead", "Жалоба", "ЖАЛОБА"] {
        store.write(|w| w.add_call_tag(call, tag)).unwrap();
    }
    assert_eq!(line(&store, call).tags, ["Lead", "new client", "Жалоба"]);
    store
        .write(|w| w.remove_call_tag(call, "NEW client"))
        .unwrap();
    store.write(|w| w.add_call_tag(call, "a")).unwrap();
    assert_eq!(line(&store, call).tags, ["Lead", "Жалоба", "a"]);
}

#[test]
fn what_is_too_long_too_much_or_about_nothing_is_refused() {
    let (mut store, [call]) = store();
    let long = "ж".repeat(32 * 1024);
    store.write(|w| w.set_call_note(call, &long)).unwrap();
    let refused = |answer: Result<(), StoreError>| answer.unwrap_err().to_string();
    let text = refused(store.write(|w| w.set_call_note(call, &format!("{long}.."))));
    assert!(text.ends_with("is not allowed; allowed: at most 64 KiB"));
    assert!(text.chars().count() < 200, "{text}");
    assert_eq!(line(&store, call).note, long);

    for bad in ["", " ", "a;b", "a\u{0}", "\u{200b}", &"t".repeat(65)] {
        let text = refused(store.write(|w| w.add_call_tag(call, bad)));
        assert!(text.contains("1 to 64 characters without a semicolon"));
    }
    for n in 0..100 {
        let tag = format!("tag {n}");
        store.write(|w| w.add_call_tag(call, &tag)).unwrap();
    }
    store.write(|w| w.add_call_tag(call, "TAG 7")).unwrap();
    let text = refused(store.write(|w| w.add_call_tag(call, "one more")));
    assert!(text.ends_with("allowed: at most 100 tags of one call"));

    let nobody = CallId::new();
    let missing = format!("no call {nobody}");
    assert_eq!(
        refused(store.write(|w| w.set_call_note(nobody, "n"))),
        missing
    );
    assert_eq!(
        refused(store.write(|w| w.add_call_tag(nobody, "t"))),
        missing
    );
    assert_eq!(
        refused(store.write(|w| w.remove_call_tag(nobody, "t"))),
        missing
    );
    let text = refused(store.write(|w| w.remove_call_tag(call, "never")));
    assert_eq!(text, "no tag never");
}

#[test]
fn s5_10_calls_are_found_by_a_tag_and_by_a_part_of_the_note_in_any_case_and_script() {
    let (mut store, [first, second, third]) = store();
    store
        .write(|w| {
            w.set_call_note(first, "Просит скидку")?;
            w.set_call_note(second, "100 % sûr")?;
            w.add_call_tag(first, "Lead")?;
            w.add_call_tag(third, "lead")
        })
        .unwrap();
    let text = |text: &str| CallFilter {
        text: Some(text.to_owned()),
        ..CallFilter::default()
    };
    let tag = |tag: &str| CallFilter {
        tag: Some(tag.to_owned()),
        ..CallFilter::default()
    };
    assert_eq!(found(&store, &text("СКИДК")), [first]);
    assert_eq!(found(&store, &text("% SUR")), [second]);
    assert_eq!(found(&store, &text("_")), []);
    assert_eq!(found(&store, &tag("LEAD")), [third, first]);
    assert_eq!(found(&store, &tag("le")), []);
    let both = CallFilter {
        text: Some("скидку".to_owned()),
        ..tag("lead")
    };
    assert_eq!(found(&store, &both), [first]);
    let days = store.read(|r| r.call_groups(&both, Grouping::Line, &jiff::tz::TimeZone::UTC));
    assert_eq!(days.unwrap()[0].calls, 1);

    let steps = |filter: &CallFilter| store.read(|r| r.plan_of_calls(filter)).unwrap().join("\n");
    assert!(steps(&text("x")).contains("calls_with_note"));
    let by_tag = steps(&tag("x"));
    assert!(
        by_tag.contains("call_tags_by_tag") && !by_tag.contains("SCAN c"),
        "{by_tag}"
    );
}
