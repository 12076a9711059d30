//! What is written beside an exported recording: who, when, how long, how good.
//! `docs/recording-sidecar.schema.json` describes it.

use ringbook_media::recorder::Pause;
use serde_json::{Value, json};

use super::calls::{call_json, rounded, seconds, utc};
use crate::model::{Analysis, RecordingState};
use crate::store::RecordingLine;

/// The sidecar's version, its `schema` field: raised when a field changes its meaning or goes.
/// Fields may be added within a version.
pub const SIDECAR_VERSION: u32 = 1;

/// The sidecar for a recording exported as `file`, whose octets have this hash and length, and which was paused there.
pub fn sidecar(
    line: &RecordingLine,
    file: &str,
    (sha256, size): (&[u8; 32], u64),
    pauses: &[Pause],
) -> Value {
    let recording = &line.recording;
    let call = &line.call.record;
    let text = |text: &str| {
        if text.is_empty() {
            Value::Null
        } else {
            json!(text)
        }
    };
    json!({
        "schema": SIDECAR_VERSION,
        "recording": recording.id,
        "file": file,
        "started_at": utc(recording.started_at),
        "duration_s": seconds(recording.duration),
        "channels": channels(recording.channels),
        "sample_rate": recording.sample_rate,
        "codec": recording.codec,
        "size": size,
        "sha256": hex(sha256),
        "intact": recording.sha256.map(|stored| stored == *sha256),
        "state": recording.state,
        "pauses": pauses.iter().map(pause_json).collect::<Vec<_>>(),
        "direction": call.direction,
        "parties": {
            "agent": {
                "account": text(&call.account),
                "extension": text(&call.extension),
                "employee": text(&call.employee),
            },
            "remote": {
                "number": call.number,
                "text": match call.direction {
                    crate::model::Direction::Incoming => &call.caller,
                    crate::model::Direction::Outgoing => &call.callee,
                },
                "name": text(&call.remote_name),
            },
        },
        "client": line.call.client_name.as_ref().map(|name| json!({
            "id": call.client,
            "name": name,
            "category": line.call.category,
        })),
        "call": {
            "id": call.call,
            "status": call.status,
            "started_at": utc(call.started_at),
            "answered_at": call.answered_at.map(utc),
            "ended_at": call.ended_at.map(utc),
            "ring_s": seconds(call.ring),
            "hold_s": seconds(call.hold),
            "talk_s": seconds(call.talk),
            "end_reason": call.end_reason,
            "codec": call.codec,
        },
        "statistics": call.quality.as_ref().map(|quality| json!({
            "packets_sent": quality.packets_sent,
            "packets_received": quality.packets_received,
            "packets_lost": quality.packets_lost,
            "loss": rounded(quality.loss()),
            "jitter_ms": rounded(quality.jitter_ms),
            "rtt_ms": quality.rtt_ms.map(rounded),
            "mos": quality.mos.map(rounded),
        })),
        "analysis": line.analysis.as_ref().map(analysis_json),
    })
}

/// A stretch that is silent because somebody paused the recording.
fn pause_json(pause: &Pause) -> Value {
    json!({ "from_s": seconds(pause.from), "to_s": seconds(pause.to) })
}

/// What listening found, or `error`.
fn analysis_json(analysis: &Analysis) -> Value {
    let mut json = match &analysis.found {
        Ok(found) => json!(found),
        Err(error) => json!({ "error": error }),
    };
    json["analysed_at"] = json!(utc(analysis.analysed_at));
    json
}

/// A recording as the command line prints it.
pub fn recording_json(line: &RecordingLine) -> Value {
    let recording = &line.recording;
    let state: RecordingState = recording.state;
    json!({
        "recording": recording.id,
        "file": recording.file,
        "started_at": utc(recording.started_at),
        "duration_s": seconds(recording.duration),
        "channels": recording.channels,
        "sample_rate": recording.sample_rate,
        "codec": recording.codec,
        "size": recording.size,
        "sha256": recording.sha256.as_ref().map(|hash| hex(hash)),
        "state": state,
        "missing": line.missing,
        "analysis": line.analysis.as_ref().map(analysis_json),
        "call": call_json(&line.call),
    })
}

/// What each channel holds, in their order in the file.
fn channels(count: u8) -> Vec<&'static str> {
    match count {
        2 => vec!["agent", "client"],
        1 => vec!["mixed"],
        _ => Vec::new(),
    }
}

/// Octets in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
