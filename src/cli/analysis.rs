//! `ringbook recording analysis`: who spoke how much.

use std::io::Write;

use jiff::tz::TimeZone;

use super::recording::{began, with};
use crate::model::{AnalysisFlag, Findings};
use crate::store::RecordingLine;
use crate::table::write_table;
use crate::tr;
use crate::words::clock;

/// Prints what listening to these recordings found.
pub fn print(lines: &[RecordingLine], output: &mut dyn Write) -> anyhow::Result<()> {
    if lines.is_empty() {
        return Ok(writeln!(output, "{}", tr!("No recordings."))?);
    }
    let zone = TimeZone::system();
    let row = |line: &RecordingLine| {
        let (numbers, remark) = match line.analysis.as_ref().map(|analysis| &analysis.found) {
            Some(Ok(found)) => (numbers(found), flags(&found.flags)),
            Some(Err(error)) => (Default::default(), error.clone()),
            None => (Default::default(), tr!("not analysed yet")),
        };
        let [agent, client, silence, overlap, longest_silence, monologue] = numbers;
        [
            began(line, &zone),
            clock(line.recording.duration),
            with(line),
            agent,
            client,
            silence,
            overlap,
            longest_silence,
            monologue,
            remark,
        ]
    };
    write_table(
        output,
        [
            tr!("Began"),
            tr!("Length"),
            tr!("With"),
            tr!("Agent speaks"),
            tr!("Client speaks"),
            tr!("Silence"),
            tr!("Both at once"),
            tr!("Longest silence"),
            tr!("Agent's longest monologue"),
            tr!("What stands out"),
        ],
        &lines.iter().map(row).collect::<Vec<_>>(),
    )?;
    Ok(())
}

fn numbers(found: &Findings) -> [String; 6] {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    [
        percent(found.agent),
        percent(found.client),
        percent(found.silence),
        percent(found.overlap),
        clock(found.longest_silence),
        clock(found.longest_monologue),
    ]
}

/// What stands out, in words.
fn flags(flags: &[AnalysisFlag]) -> String {
    let word = |flag: &AnalysisFlag| match flag {
        AnalysisFlag::TooShort => tr!("too short"),
        AnalysisFlag::OneSided => tr!("one side is silent"),
        AnalysisFlag::LongSilence => tr!("a long silence"),
        AnalysisFlag::MuchOverlap => tr!("much talk at once"),
    };
    flags.iter().map(word).collect::<Vec<_>>().join(", ")
}
