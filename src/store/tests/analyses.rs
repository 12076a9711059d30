//! What listening to recordings found, kept.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::{
    Analysis, AnalysisFlag, CallId, CallRecord, Direction, Findings, RecordingId, RecordingRow,
    RecordingState,
};
use crate::store::Store;

/// A call that began at this second and its recording; over, unless it goes on.
fn recorded(store: &mut Store, second: i64, goes_on: bool) -> RecordingRow {
    let at = Timestamp::from_second(second).unwrap();
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, at);
    call.ended_at = (!goes_on).then_some(at);
    let row = RecordingRow {
        id: RecordingId::new(),
        call: call.call,
        file: RecordingRow::file_name(call.call, at, "wav"),
        started_at: at,
        duration: Duration::from_secs(60),
        channels: 2,
        sample_rate: 8_000,
        codec: "pcm_s16le".to_owned(),
        size: 0,
        sha256: None,
        state: RecordingState::Finished,
    };
    store
        .write(|w| {
            w.save_call(&call)?;
            w.save_recording(&row)
        })
        .unwrap();
    row
}

fn next(store: &Store) -> Option<RecordingId> {
    let row = store.read(|r| r.recording_to_analyse()).unwrap();
    row.map(|row| row.id)
}

#[test]
fn s1_29_an_analysis_comes_back_as_it_was_kept_and_is_not_made_twice() {
    let mut store = Store::in_memory().unwrap();
    let older = recorded(&mut store, 100, false);
    let newer = recorded(&mut store, 200, false);
    let _talking = recorded(&mut store, 300, true);
    let findings = Findings {
        agent: 0.5,
        client: 0.25,
        silence: 0.35,
        overlap: 0.1,
        longest_silence: Duration::from_millis(12_340),
        longest_monologue: Duration::from_millis(20_020),
        interrupted_by_agent: 2,
        interrupted_by_client: 1,
        flags: vec![AnalysisFlag::LongSilence, AnalysisFlag::MuchOverlap],
    };
    let at = Timestamp::from_second(400).unwrap();
    let results = [Ok(findings), Err("the file is not there".to_owned())];
    for (row, found) in [&newer, &older].into_iter().zip(results) {
        assert_eq!(next(&store), Some(row.id), "the latest first");
        let analysis = Analysis {
            recording: row.id,
            analysed_at: at,
            found,
        };
        store.write(|w| w.save_analysis(&analysis)).unwrap();
        let kept = store.read(|r| r.find_analysis(row.id)).unwrap();
        assert_eq!(kept, Some(analysis));
    }
    assert_eq!(next(&store), None);
}

#[test]
fn a_recording_that_was_deleted_is_not_analysed() {
    let mut store = Store::in_memory().unwrap();
    let row = recorded(&mut store, 100, false);
    store
        .write(|w| w.delete_recording("101 Anna", row.id))
        .unwrap();
    assert_eq!(next(&store), None);
}
