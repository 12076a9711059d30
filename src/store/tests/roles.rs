//! What a seat sees and may do.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::WHO;
use crate::flight::{Flight, Landed, Retention};
use crate::model::{
    Act, CallId, CallRecord, CallStatus, Client, Cost, Deed, Direction, Money, OwnCalls,
    RecordingId, RecordingRow, RecordingState, Right, Role, Seat,
};
use crate::reports::{Period, SHORT_ABANDON};
use crate::store::{
    AuditFilter, CallFilter, Grouping, Hours, RecordingFilter, Result, Store, StoreError,
    TimelineFilter,
};

const OWN: &str = "sip:101@office.example";

/// A store with a recorded call each of our own line, of our extension on another line, and of
/// somebody else, all with one client.
struct Office {
    store: Store,
    client: Client,
    calls: [CallId; 3],
    recordings: [RecordingId; 3],
}

impl Office {
    fn new() -> Self {
        let mut store = Store::in_memory().unwrap();
        let client = Client::named("Ivan", Timestamp::UNIX_EPOCH);
        store.write(|w| w.save_client(&client)).unwrap();
        let made = [
            (OWN, ""),
            ("sip:hall@office.example", "101"),
            ("sip:o'hara@x", "102"),
        ];
        let made = made.map(|(account, extension)| {
            let (call, recording) = recorded(account, extension, &client);
            let flight = Landed {
                flight: Flight {
                    call_id: String::new(),
                    began: call.started_at,
                    messages: Vec::new(),
                    dropped: 0,
                    samples: Vec::new(),
                    notes: Vec::new(),
                },
                retention: Retention {
                    ladders: 10,
                    days: 10_000,
                },
            };
            store
                .write(|w| {
                    w.save_call(&call)?;
                    w.save_recording(&recording)?;
                    w.save_flight(call.call, call.started_at, &flight)
                })
                .unwrap();
            (call.call, recording.id)
        });
        Self {
            store,
            client,
            calls: made.map(|(call, _)| call),
            recordings: made.map(|(_, recording)| recording),
        }
    }

    fn sit(&mut self, role: Role, sees: Option<OwnCalls>) {
        self.store.seat = Seat { role, sees };
    }
}

fn recorded(account: &str, extension: &str, client: &Client) -> (CallRecord, RecordingRow) {
    let started_at: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, started_at);
    (call.account, call.extension) = (account.to_owned(), extension.to_owned());
    call.client = Some(client.id);
    call.status = CallStatus::Answered;
    call.answered_at = Some(started_at);
    call.ended_at = Some(started_at + 1.minute());
    call.talk = Duration::from_secs(60);
    call.cost = Some(Cost {
        amount: Money {
            minor: 20,
            currency: "EUR".to_owned(),
        },
        tariff: "all".to_owned(),
    });
    let recording = RecordingRow {
        id: RecordingId::new(),
        call: call.call,
        file: format!("{}.wav", call.call),
        started_at,
        duration: Duration::from_secs(60),
        channels: 2,
        sample_rate: 8000,
        codec: "pcm_s16le".to_owned(),
        size: 44,
        sha256: None,
        state: RecordingState::Finished,
    };
    (call, recording)
}

/// How many calls each question over the log finds.
fn counted(office: &Office) -> Vec<u64> {
    let all = CallFilter::default();
    let period = Period {
        from: "2026-11-01T00:00:00Z".parse().unwrap(),
        to: "2026-12-01T00:00:00Z".parse().unwrap(),
    };
    let nine = CallFilter {
        hours: Some(Hours {
            from: jiff::civil::time(9, 0, 0, 0),
            to: jiff::civil::time(10, 0, 0, 0),
            zone: TimeZone::UTC,
        }),
        ..CallFilter::default()
    };
    let read = |r: &crate::store::Reader<'_>| -> Result<Vec<u64>> {
        let found = |count: usize| count as u64;
        let shown = |ids: &[CallId]| -> Result<u64> {
            let mut seen = 0;
            for id in ids {
                let (line, flight) = (r.find_call(*id)?, r.find_flight(*id)?);
                assert_eq!(line.is_some(), flight.is_some());
                seen += u64::from(line.is_some());
            }
            Ok(seen)
        };
        let timeline = r.timeline(office.client.id, TimelineFilter::All, 0, 100)?;
        let recordings = r.recordings(&RecordingFilter::default(), 0, 100)?;
        Ok(vec![
            found(r.calls_of(&all.clone().into(), 0, 100)?.len()),
            found(r.calls_of(&nine.into(), 0, 100)?.len()),
            r.count_calls(&all)?,
            r.call_groups(&all, Grouping::Line, &TimeZone::UTC)?
                .iter()
                .map(|group| group.calls)
                .sum(),
            shown(&office.calls)?,
            found(recordings.len()),
            r.count_recordings(&RecordingFilter::default())?,
            office
                .recordings
                .iter()
                .map(|id| r.find_recording(*id))
                .filter(|row| matches!(row, Ok(Some(_))))
                .count() as u64,
            found(timeline.len()) / 2,
            r.cost_totals(&all)?.iter().map(|total| total.calls).sum(),
            r.handling(period, TimeZone::UTC)?
                .together
                .all
                .conversations,
            r.lost(period, TimeZone::UTC, SHORT_ABANDON)?.all.calls(),
            r.service(period, TimeZone::UTC, SHORT_ABANDON, SHORT_ABANDON)?
                .all
                .offered
                .calls(),
            r.busiest(period, TimeZone::UTC, SHORT_ABANDON)?
                .all
                .offered
                .calls(),
        ])
    };
    office.store.read(read).unwrap()
}

#[test]
fn s5_30_an_agent_sees_the_seats_own_calls_alone_wherever_calls_are_read() {
    let mut office = Office::new();
    assert_eq!(counted(&office), [3; 14]);
    let own = OwnCalls {
        lines: vec![OWN.to_owned()],
        extensions: vec!["101".to_owned(), String::new()],
    };
    office.sit(Role::Agent, Some(own));
    assert_eq!(counted(&office), [2; 14]);
    let quoted = OwnCalls {
        lines: vec!["sip:o'hara@x".to_owned()],
        extensions: Vec::new(),
    };
    office.sit(Role::Agent, Some(quoted));
    assert_eq!(counted(&office), [1; 14]);
    office.sit(Role::Agent, Some(OwnCalls::default()));
    assert_eq!(counted(&office), [0; 14]);
    office.sit(Role::Agent, None);
    assert_eq!(counted(&office), [3; 14]);
}

#[test]
fn s5_30_what_an_agent_does_not_see_can_be_neither_heard_nor_marked() {
    let mut office = Office::new();
    let own = OwnCalls {
        lines: vec![OWN.to_owned()],
        extensions: Vec::new(),
    };
    office.sit(Role::Agent, Some(own));
    let ([own, _, other], [heard, _, not]) = (office.calls, office.recordings);
    let store = &mut office.store;
    store
        .write(|w| w.audit_recording(WHO, Act::Listen, heard, ""))
        .unwrap();
    let refused = store.write(|w| w.audit_recording(WHO, Act::Listen, not, ""));
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!("no recording {not}")
    );
    store.write(|w| w.set_call_note(own, "good")).unwrap();
    for refused in [
        store.write(|w| w.set_call_note(other, "mine")),
        store.write(|w| w.add_call_tag(other, "mine")),
        store.write(|w| w.remove_call_tag(other, "mine")),
    ] {
        assert_eq!(refused.unwrap_err().to_string(), format!("no call {other}"));
    }
    office.sit(Role::Manager, None);
    let lines = office.store.read(|r| r.audit(&AuditFilter::default(), 10));
    assert_eq!(lines.unwrap().len(), 1);
}

/// What the store says to each thing that takes a right.
fn refused(office: &mut Office) -> Vec<Right> {
    let (client, recording) = (office.client.id, office.recordings[0]);
    let double = Client::named("Ivan", Timestamp::UNIX_EPOCH);
    office.store.write(|w| w.save_client(&double)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let backup = dir.path().join("backup.db");
    let store = &mut office.store;
    let calls = Deed::export("calls", None);
    let done: Vec<Result<()>> = vec![
        store.try_out(|w| w.audit(WHO, Right::See, &calls)),
        store.try_out(|w| w.audit_recording(WHO, Act::Listen, recording, "").map(drop)),
        store.try_out(|w| w.audit(WHO, Right::Report, &Deed::export("report", None))),
        store.try_out(|w| w.audit(WHO, Right::ExportCalls, &calls)),
        store.try_out(|w| {
            w.audit_recording(WHO, Act::Export, recording, "/")
                .map(drop)
        }),
        store.try_out(|w| w.audit(WHO, Right::ExportClients, &calls)),
        store.try_out(|w| w.delete_recording(WHO, recording)),
        store.try_out(|w| w.delete_client(WHO, client)),
        store.try_out(|w| w.merge_clients(WHO, client, double.id)),
        store
            .read(|r| r.audit(&AuditFilter::default(), 1))
            .map(drop),
        store.try_out(|w| {
            w.price_calls(&CallFilter::default(), None, 10, |_| None)
                .map(drop)
        }),
        store.backup_to(&backup),
        Store::restore(&backup, &backup, &store.seat, Timestamp::now()).map(drop),
    ];
    let right = |done: Result<()>| match done {
        Err(StoreError::Refused { role, right }) => {
            assert!(!role.may(right));
            Some(right)
        }
        _ => None,
    };
    done.into_iter().filter_map(right).collect()
}

#[test]
fn s5_30_each_role_is_refused_what_it_may_not_at_the_stores_edge() {
    let mut office = Office::new();
    assert_eq!(refused(&mut office), []);
    let managers = [
        Right::ExportClients,
        Right::DeleteRecordings,
        Right::DeleteClients,
        Right::DeleteClients,
        Right::ReadAudit,
        Right::ApplyTariffs,
        Right::Backup,
        Right::Backup,
    ];
    office.sit(Role::Reviewer, None);
    assert_eq!(refused(&mut office), managers);
    office.sit(Role::Agent, None);
    let more = [Right::ExportCalls, Right::ExportRecordings];
    assert_eq!(refused(&mut office), [&more[..], &managers].concat());
    let error = office
        .store
        .backup_to(std::path::Path::new("/nowhere"))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Not allowed here: backing up and restoring. The role of this seat is agent; it takes: manager."
    );
}

#[test]
fn s5_30_a_deleted_and_a_merged_client_leave_a_line_that_says_who() {
    let mut office = Office::new();
    let double = Client::named("Ivan Petrov", Timestamp::UNIX_EPOCH);
    let ivan = office.client.id;
    office
        .store
        .write(|w| {
            w.save_client(&double)?;
            w.merge_clients(WHO, ivan, double.id)?;
            w.delete_client("bek", ivan)
        })
        .unwrap();
    let lines = office.store.read(|r| r.audit(&AuditFilter::default(), 10));
    let told: Vec<_> = lines
        .unwrap()
        .into_iter()
        .map(|line| (line.who, line.deed.act, line.deed.what, line.deed.detail))
        .collect();
    let merged = format!("Ivan Petrov → {ivan} Ivan");
    let client = |id| format!("client {id}");
    assert_eq!(
        told,
        [
            (
                "bek".to_owned(),
                Act::Delete,
                client(ivan),
                "Ivan".to_owned()
            ),
            (WHO.to_owned(), Act::Delete, client(double.id), merged),
        ]
    );
}
