//! A call's flight told whole: what was wrong, every message, and how the sound fared; for the
//! person who asks, for programs, and for the provider.

use std::io::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::pseudonymous::pseudonymous;
use super::statistics::{Interval, condensed, total};
use super::{Flight, diagnosis, ladder};
use crate::export::call_json;
use crate::model::{CallLine, CallRecord};
use crate::table::write_table;
use crate::tr;

/// Columns of the statistics.
pub const COLUMNS: usize = 11;
/// Rows of statistics that a person looks through.
pub const ROWS: usize = 12;
/// The width of the provider's copy, columns.
const WIDTH: usize = 100;

/// For people, `width` columns wide.
///
/// # Errors
/// Those of `output`.
pub fn as_text(
    call: &CallRecord,
    flight: &Flight,
    width: usize,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    writeln!(output, "{}", diagnosis::sentence(call, flight))?;
    for finding in diagnosis::findings(call, flight).iter().skip(1) {
        writeln!(output, "  {}", finding.text())?;
    }
    writeln!(output, "\n{}", ladder::ladder(flight, width))?;
    statistics(flight, output)
}

fn statistics(flight: &Flight, output: &mut dyn Write) -> anyhow::Result<()> {
    let intervals = condensed(flight, ROWS);
    let Some(total) = total(flight) else {
        return Ok(writeln!(output, "{}", tr!("There was no sound."))?);
    };
    let mut rows: Vec<_> = intervals
        .iter()
        .map(|interval| row(interval, time(interval)))
        .collect();
    if rows.len() > 1 {
        rows.push(row(&total, tr!("whole call")));
    }
    Ok(write_table(output, headings(), &rows)?)
}

/// What stands in the columns of a [`row`].
pub fn headings() -> [String; COLUMNS] {
    [
        tr!("Until"),
        tr!("Sent"),
        tr!("Received"),
        tr!("Lost"),
        tr!("Late"),
        tr!("Made up"),
        tr!("Jitter"),
        tr!("Round trip"),
        tr!("Buffer"),
        tr!("Lost there"),
        tr!("Score"),
    ]
}

/// One interval's figures with their units; empty where there is none.
pub fn row(interval: &Interval, until: String) -> [String; COLUMNS] {
    let percent = |share: f32| format!("{:.1} %", share * 100.0);
    let ms = |ms: f32| format!("{ms:.0} ms");
    [
        until,
        interval.sent.to_string(),
        interval.received.to_string(),
        percent(interval.loss),
        percent(interval.late),
        percent(interval.concealed),
        ms(interval.jitter_ms),
        interval.rtt_ms.map(ms).unwrap_or_default(),
        ms(interval.delay_ms),
        percent(interval.remote_loss),
        interval
            .mos
            .map(|mos| format!("{mos:.1}"))
            .unwrap_or_default(),
    ]
}

/// `1:05`: the end of an interval, in minutes and seconds since the call began.
pub fn time(interval: &Interval) -> String {
    let seconds = interval.to_ms / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// For programs.
pub fn as_json(line: &CallLine, flight: &Flight) -> Value {
    told_as_json(&line.record, call_json(line), flight)
}

/// For the provider: nothing in it says who called whom, from where, or through whom.
///
/// # Errors
/// Those of `output`.
pub fn bundle(
    line: &CallLine,
    flight: &Flight,
    as_json: bool,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let (call, flight) = (&line.record, pseudonymous(flight));
    let facts = json!({
        "program": concat!("Ringbook ", env!("CARGO_PKG_VERSION")),
        "direction": call.direction,
        "status": call.status,
        "end_reason": call.end_reason,
        "sip_status": call.sip_status,
        "started_at": call.started_at,
        "ended_at": call.ended_at,
        "ring_s": call.ring.as_secs_f64(),
        "talk_s": call.talk.as_secs_f64(),
    });
    if as_json {
        serde_json::to_writer_pretty(&mut *output, &told_as_json(call, facts, &flight))?;
        return Ok(writeln!(output)?);
    }
    for (name, value) in facts.as_object().into_iter().flatten() {
        writeln!(output, "{name}: {value}")?;
    }
    writeln!(output)?;
    as_text(call, &flight, WIDTH, output)?;
    for message in &flight.messages {
        let arrow = if message.sent { "→" } else { "←" };
        let (local, remote) = (message.local, message.remote);
        let (at, transport) = (message.at_ms, &message.transport);
        writeln!(
            output,
            "\n---- {at} ms · {transport} · {local} {arrow} {remote}\n"
        )?;
        writeln!(output, "{}", message.text.replace("\r\n", "\n").trim_end())?;
    }
    Ok(())
}

fn told_as_json(call: &CallRecord, facts: Value, flight: &Flight) -> Value {
    #[derive(Serialize)]
    struct Told<'f> {
        #[serde(flatten)]
        finding: &'f diagnosis::Finding,
        text: String,
    }
    let findings = diagnosis::findings(call, flight);
    let told: Vec<Told<'_>> = findings
        .iter()
        .map(|finding| Told {
            finding,
            text: finding.text(),
        })
        .collect();
    json!({
        "call": facts,
        "sentence": diagnosis::sentence(call, flight),
        "findings": told,
        "statistics": {
            "total": total(flight),
            "intervals": crate::flight::statistics::intervals(flight),
        },
        "flight": flight,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::flight::sample;
    use crate::model::{CallId, CallRecord, Direction};

    fn line() -> CallLine {
        let mut record = CallRecord::begin(CallId::new(), Direction::Outgoing, sample::began());
        record.answered_at = Some(sample::began() + std::time::Duration::from_millis(5020));
        record.caller = "+77011112233".into();
        record.remote_name = "Ivan Petrov".into();
        record.account = "sip:101@office.example".into();
        CallLine {
            record,
            client_name: Some("Ivan Petrov".into()),
            category: None,
            recording: Some("2026/ivan.wav".into()),
            missing: None,
            note: String::new(),
            tags: Vec::new(),
        }
    }

    fn text(write: impl FnOnce(&mut Vec<u8>) -> anyhow::Result<()>) -> String {
        let mut output = Vec::new();
        write(&mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_person_reads_the_sentence_first_then_the_ladder_then_the_figures() {
        let shown = text(|output| as_text(&line().record, &sample::flight(), 100, output));
        let place = |part: &str| {
            shown
                .find(part)
                .unwrap_or_else(|| panic!("{part}\n{shown}"))
        };
        assert_eq!(place("Nothing was wrong with this call"), 0);
        assert!(place("INVITE sip:bob@office.example") < place("Round trip"));
        assert!(place("whole call") > place("1:05"));
    }

    #[test]
    fn a_program_gets_the_same_as_one_object() {
        let told = as_json(&line(), &sample::flight());
        assert_eq!(told["flight"]["messages"][2]["at_ms"], 310);
        assert_eq!(told["statistics"]["total"]["received"], 3000);
        assert_eq!(told["call"]["direction"], "outgoing");
        assert!(
            told["sentence"]
                .as_str()
                .unwrap()
                .starts_with("Nothing was wrong")
        );
    }

    #[test]
    fn the_bundle_names_nobody_in_either_form() {
        for as_json in [false, true] {
            let shown = text(|output| bundle(&line(), &sample::flight(), as_json, output));
            for secret in [
                "Ivan",
                "77011112233",
                "office.example",
                "bob",
                "alice",
                "192.0.2.",
            ] {
                assert!(!shown.contains(secret), "{secret} in\n{shown}");
            }
            assert!(shown.contains("user-1@host-1.invalid"), "{shown}");
            assert!(shown.contains("198.18.0.1"), "{shown}");
        }
    }
}
