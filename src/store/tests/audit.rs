//! The audit: lines come, and none goes.

use std::time::Duration;

use jiff::{Timestamp, ToSpan};

use crate::model::{
    Act, CallId, CallRecord, Deed, Direction, RecordingId, RecordingRow, RecordingState, Right,
};
use crate::store::{AuditFilter, Store};

/// A store with a call and its recording.
fn recorded() -> (Store, RecordingRow) {
    let mut store = Store::in_memory().unwrap();
    let call = CallRecord::begin(CallId::new(), Direction::Incoming, Timestamp::UNIX_EPOCH);
    let recording = RecordingRow {
        id: RecordingId::new(),
        call: call.call,
        file: "2026/11/22/a.wav".to_owned(),
        started_at: Timestamp::UNIX_EPOCH,
        duration: Duration::from_secs(61),
        channels: 2,
        sample_rate: 8000,
        codec: "pcm_s16le".to_owned(),
        size: 44,
        sha256: None,
        state: RecordingState::Finished,
    };
    store
        .write(|w| {
            w.save_call(&call)?;
            w.save_recording(&recording)
        })
        .unwrap();
    (store, recording)
}

#[test]
fn s5_30_each_listening_export_and_deletion_leaves_a_line_that_stays() {
    let (mut store, row) = recorded();
    let before = Timestamp::now() - 1.second();
    for act in [Act::Listen, Act::Export] {
        let found = store.write(|w| w.audit_recording("101 Anna", act, row.id, ""));
        assert_eq!(found.unwrap(), row);
    }
    store
        .write(|w| w.audit("bek", Right::ExportClients, &Deed::export("clients", None)))
        .unwrap();
    store
        .write(|w| w.delete_recording("101 Anna", row.id))
        .unwrap();
    let lines = |filter: &AuditFilter| store.read(|r| r.audit(filter, 10)).unwrap();
    let all = lines(&AuditFilter::default());
    let told: Vec<_> = all
        .iter()
        .map(|line| (&*line.who, line.deed.act, &*line.deed.what))
        .collect();
    assert_eq!(
        told,
        [
            ("101 Anna", Act::Delete, "2026/11/22/a.wav"),
            ("bek", Act::Export, "clients"),
            ("101 Anna", Act::Export, "2026/11/22/a.wav"),
            ("101 Anna", Act::Listen, "2026/11/22/a.wav"),
        ]
    );
    let deed = &all[0].deed;
    assert_eq!((deed.call, deed.recording), (Some(row.call), Some(row.id)));

    let exports = AuditFilter {
        from: Some(before),
        act: Some(Act::Export),
        ..AuditFilter::default()
    };
    assert_eq!(lines(&exports).len(), 2);
    let earlier = AuditFilter {
        to: Some(before),
        ..AuditFilter::default()
    };
    assert!(lines(&earlier).is_empty());

    for change in ["DELETE FROM audit", "UPDATE audit SET who = 'nobody'"] {
        let refused = store.connection.execute_batch(change).unwrap_err();
        assert!(refused.to_string().contains("the audit sta"), "{refused}");
    }
    assert_eq!(lines(&AuditFilter::default()), all);
}

#[test]
fn s5_30_what_cannot_be_written_into_the_audit_is_refused() {
    let (mut store, row) = recorded();
    let nobody = RecordingId::new();
    let refused = store.write(|w| w.audit_recording("101 Anna", Act::Listen, nobody, ""));
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!("no recording {nobody}")
    );
    let full = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END";
    store.connection.execute_batch(full).unwrap();
    let refused = store.write(|w| w.delete_recording("101 Anna", row.id));
    assert!(refused.unwrap_err().to_string().contains("full"));
    let kept = store.read(|r| r.find_recording(row.id)).unwrap();
    assert_eq!(kept, Some(row));
}
