//! Open tasks as iCalendar (RFC 5545): a to-do each, for any calendar.

use std::io::Write;

use jiff::Timestamp;

use super::ExportError;
use crate::model::TaskLine;
use crate::store::{Reader, TaskFilter, TaskState};
use crate::{tr, trn};

/// The longest line, octets, without its end (§3.1).
const MOST: usize = 75;

/// Writes the open tasks, what is due first, as they stand at `now`.
pub fn tasks_as_calendar(
    store: &Reader<'_>,
    now: Timestamp,
    mut output: impl Write,
) -> Result<(), ExportError> {
    let open = TaskFilter {
        state: Some(TaskState::Open),
        ..TaskFilter::default()
    };
    let begin = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Ringbook//Tasks//EN",
    ];
    write_lines(begin, &mut output)?;
    store.each_task(&open, None, |line| -> Result<(), ExportError> {
        write_lines(to_do(&line, now), &mut output)
    })?;
    write_lines(["END:VCALENDAR"], &mut output)?;
    Ok(output.flush()?)
}

/// A task as a to-do. Its UID is the task's id, so that a calendar knows it again.
fn to_do(line: &TaskLine, now: Timestamp) -> [String; 10] {
    let task = &line.task;
    let name = line.client_name.as_ref().filter(|name| !name.is_empty());
    let number = task.number.map(|number| number.international());
    let number = number.unwrap_or_else(|| task.caller.clone());
    let whom = name.unwrap_or(&number);
    let lost = trn!("{n} lost call", "{n} lost calls", n = task.calls);
    [
        "BEGIN:VTODO".to_owned(),
        format!("UID:{}", task.id),
        format!("DTSTAMP:{}", utc(now)),
        format!("CREATED:{}", utc(task.opened_at)),
        format!("LAST-MODIFIED:{}", utc(task.last_at)),
        format!("DUE:{}", utc(task.due_at)),
        format!("SUMMARY:{}", text(&tr!("Call {name} back", name = whom))),
        format!("DESCRIPTION:{}", text(&format!("{number}: {lost}"))),
        "STATUS:NEEDS-ACTION".to_owned(),
        "END:VTODO".to_owned(),
    ]
}

/// §3.3.5, in UTC.
fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// §3.3.11: a text with what would end it escaped; other control characters are not allowed in it.
fn text(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' | '\r' => escaped.push_str("\\n"),
            '\t' => escaped.push(c),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

fn write_lines(
    lines: impl IntoIterator<Item = impl AsRef<str>>,
    output: &mut impl Write,
) -> Result<(), ExportError> {
    for line in lines {
        write_folded(line.as_ref(), output)?;
    }
    Ok(())
}

/// A line in pieces, each but the first behind a space, none of which cuts a character (§3.1).
fn write_folded(line: &str, output: &mut impl Write) -> Result<(), ExportError> {
    let (mut rest, mut room, mut before) = (line, MOST, "");
    while rest.len() > room {
        let end = rest.floor_char_boundary(room);
        write!(output, "{before}{}\r\n", &rest[..end])?;
        (rest, room, before) = (&rest[end..], MOST - 1, " ");
    }
    Ok(write!(output, "{before}{rest}\r\n")?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn folded(line: &str) -> String {
        let mut output = Vec::new();
        write_folded(line, &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(text("a;b,c\\d\r\ne\nf\u{7}"), "a\\;b\\,c\\\\d\\ne\\nf");
    }

    proptest! {
        #[test]
        fn lines_are_folded_at_75_octets_without_cutting_a_character(line in "[a-zЖ安😀 ]{0,300}") {
            let folded = folded(&line);
            prop_assert_eq!(folded.replace("\r\n ", ""), format!("{line}\r\n"));
            prop_assert!(folded.split("\r\n").all(|piece| piece.len() <= MOST));
        }
    }
}
