//! The messages of a call as a ladder: this phone on the left, the other side on the right.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::record::{FIRST_MESSAGES, Flight, Happening, Message, Note};
use super::sip_text;
use crate::printable::printable;
use crate::tr;

/// The column of times with the gap behind it.
const TIMES: usize = 12;
/// Narrower lanes hold no text; wider ones are hard to follow.
const LANES: std::ops::RangeInclusive<usize> = 24..=96;

/// One step of the ladder, from the top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step<'f> {
    /// The ends of the messages that follow, which are told when they change.
    Ends(&'f Message),
    /// A message.
    Message(&'f Message),
    /// Something else that happened.
    Note(&'f Note),
    /// So many messages are not kept.
    Gap(u32),
}

/// What happened, in order.
pub fn steps(flight: &Flight) -> Vec<Step<'_>> {
    let mut steps = Vec::with_capacity(flight.messages.len() + flight.notes.len() + 2);
    let mut ends = None;
    let mut notes = flight.notes.iter().peekable();
    for (place, message) in flight.messages.iter().enumerate() {
        while let Some(note) = notes.next_if(|note| note.at_ms < message.at_ms) {
            steps.push(Step::Note(note));
        }
        if ends.replace((message.local, message.remote)) != Some((message.local, message.remote)) {
            steps.push(Step::Ends(message));
        }
        steps.push(Step::Message(message));
        if flight.dropped > 0 && place + 1 == FIRST_MESSAGES.min(flight.messages.len()) {
            steps.push(Step::Gap(flight.dropped));
        }
    }
    steps.extend(notes.map(Step::Note));
    steps
}

/// The ladder as text, `width` columns wide where that is enough for anything.
pub fn ladder(flight: &Flight, width: usize) -> String {
    let mut drawing = Drawing {
        text: String::new(),
        lane: width
            .saturating_sub(TIMES + 2)
            .clamp(*LANES.start(), *LANES.end()),
    };
    for step in steps(flight) {
        match step {
            Step::Ends(message) => drawing.heading(message),
            Step::Message(message) => drawing.message(message),
            Step::Note(note) => drawing.note(note),
            Step::Gap(dropped) => drawing.gap(dropped),
        }
    }
    drawing.text
}

struct Drawing {
    text: String,
    /// Columns between the two lines.
    lane: usize,
}

impl Drawing {
    fn message(&mut self, message: &Message) {
        // An arrow, a dash, a space on each side of the text.
        let room = self.lane - 6;
        for (place, line) in wrapped(&label(message), room).into_iter().enumerate() {
            let fill = room - line.width();
            let dash = if place == 0 { "─" } else { " " };
            let (left, right) = match (place, message.sent) {
                (0, true) => ("──", "→"),
                (0, false) => ("←─", "─"),
                _ => ("  ", " "),
            };
            self.times(message.at_ms, place == 0);
            let tail = dash.repeat(fill + 1);
            let _ = writeln!(self.text, "│{left} {line} {tail}{right}│");
        }
    }

    fn note(&mut self, note: &Note) {
        for (place, line) in wrapped(&said(&note.what), self.lane - 4)
            .into_iter()
            .enumerate()
        {
            let bullet = if place == 0 { "·" } else { " " };
            let fill = " ".repeat(self.lane - 3 - line.width());
            self.times(note.at_ms, place == 0);
            let _ = writeln!(self.text, "│ {bullet} {line}{fill}│");
        }
    }

    fn gap(&mut self, dropped: u32) {
        let _ = writeln!(self.text, "{:TIMES$}⋮ {}", "", not_kept(dropped));
    }

    fn heading(&mut self, message: &Message) {
        let (way, there) = ends(message);
        let room = self.lane + 2;
        match (way.width() + there.width() + 1).cmp(&room) {
            std::cmp::Ordering::Greater => {
                let _ = writeln!(self.text, "{:TIMES$}{way}\n{:TIMES$}↔ {there}", "", "");
            }
            _ => {
                let gap = " ".repeat(room - way.width() - there.width());
                let _ = writeln!(self.text, "{:TIMES$}{way}{gap}{there}", "");
            }
        }
    }

    fn times(&mut self, at_ms: u32, shown: bool) {
        let time = match shown {
            true => time(at_ms),
            false => String::new(),
        };
        let _ = write!(self.text, "{time:>width$}  ", width = TIMES - 2);
    }
}

/// `0.310 s`: since the call began.
pub fn time(at_ms: u32) -> String {
    format!("{}.{:03} s", at_ms / 1000, at_ms % 1000)
}

/// What the two ends of the ladder are called: ours and the other.
pub fn ends(message: &Message) -> (String, String) {
    (
        format!("{} · {}", tr!("this phone"), message.local),
        format!("{} · {}", message.remote, message.transport),
    )
}

/// That messages of a very long call are not kept.
pub fn not_kept(messages: u32) -> String {
    tr!("messages that are not kept: {n}", n = messages)
}

/// `INVITE sip:bob@office.example · SDP`, `200 OK (INVITE) · SDP`.
pub fn label(message: &Message) -> String {
    let line = message.first_line();
    let mut label = match message.status() {
        Some(_) => format!(
            "{} ({})",
            line.strip_prefix("SIP/2.0 ").unwrap_or(line),
            message.method()
        ),
        None => line.strip_suffix(" SIP/2.0").unwrap_or(line).to_owned(),
    };
    let carries_sdp = sip_text::header(&message.text, "Content-Type", "c")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/sdp"));
    if carries_sdp {
        label.push_str(" · SDP");
    }
    printable(&label)
}

/// What happened, in a few words.
pub fn said(what: &Happening) -> String {
    let text = match what {
        Happening::Media {
            codec,
            remote,
            send,
            receive,
        } => {
            let (codec, remote) = (codec.to_uppercase(), *remote);
            match (send, receive) {
                (true, true) => tr!(
                    "sound: {codec}, both ways, with {remote}",
                    codec = codec,
                    remote = remote
                ),
                (true, false) => tr!(
                    "sound: {codec}, only from here, to {remote}",
                    codec = codec,
                    remote = remote
                ),
                (false, true) => tr!(
                    "sound: {codec}, only to here, from {remote}",
                    codec = codec,
                    remote = remote
                ),
                (false, false) => tr!("sound: none for the moment"),
            }
        }
        Happening::Held { by_us: true } => tr!("held here"),
        Happening::Held { by_us: false } => tr!("held by the other side"),
        Happening::Resumed { by_us: true } => tr!("taken back here"),
        Happening::Resumed { by_us: false } => tr!("taken back by the other side"),
        Happening::FirstPacket => tr!("the other side's sound begins"),
        Happening::NoRtp { for_s } => tr!("nothing heard for {for_s} s", for_s = for_s),
        Happening::RecordingPaused => tr!("recording paused"),
        Happening::RecordingResumed => tr!("recording resumed"),
        Happening::Refused { error } => tr!("the sound cannot run: {error}", error = error),
        Happening::DeviceLost { device, reason } => tr!(
            "the {device} fails: {reason}",
            device = device_name(device),
            reason = reason
        ),
        Happening::DeviceReplaced { device, by } => tr!(
            "the {device} is not there; {default} serves",
            device = device_name(device),
            default = by
        ),
        Happening::DeviceBack { device } => {
            tr!("the {device} works again", device = device_name(device))
        }
    };
    printable(&text)
}

/// A device's name, for people.
pub(super) fn device_name(device: &str) -> String {
    match device {
        "input" => tr!("microphone"),
        "ring" => tr!("bell"),
        "ring_also" => tr!("second bell"),
        "ringtone" => tr!("ringtone"),
        _ => tr!("loudspeaker"),
    }
}

/// `text` in lines of at most `room` columns, broken at spaces where there are any.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let width = word.width();
        if used > 0 && used + 1 + width > room {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { break };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        if width <= room {
            line.push_str(word);
            used += width;
            continue;
        }
        for c in word.chars() {
            let width = c.width().unwrap_or(0);
            if used + width > room {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
            used += width;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flight::sample;

    #[test]
    fn the_ladder_reads_from_the_top_with_times_arrows_and_what_happened() {
        let flight = sample::flight();
        let drawn = ladder(&flight, 76);
        assert_eq!(drawn, include_str!("ladder_sample.txt"), "\n{drawn}");
    }

    #[test]
    fn every_line_of_the_lanes_is_as_wide_as_the_terminal_and_no_text_is_lost() {
        let mut flight = sample::flight();
        let long = format!(
            "INVITE sip:{}@office.example SIP/2.0\r\n\r\n",
            "人ы".repeat(80)
        );
        flight.messages[0].text = long;
        for width in [40, 77, 110] {
            let drawn = ladder(&flight, width);
            let lanes = drawn.lines().filter(|line| line.contains('│'));
            let widths: Vec<usize> = lanes.map(UnicodeWidthStr::width).collect();
            let expected = width.min(TIMES + 2 + LANES.end());
            assert!(
                widths.iter().all(|width| *width == expected),
                "{widths:?}\n{drawn}"
            );
            let letters = |text: &str| text.chars().filter(|c| "人ы".contains(*c)).count();
            assert_eq!(letters(&drawn), 160);
        }
    }

    #[test]
    fn a_strangers_message_cannot_steer_the_terminal() {
        let mut flight = sample::flight();
        flight.messages[0].text = "BYE \u{1b}[2J\u{202e} SIP/2.0\r\n\r\n".to_owned();
        let drawn = ladder(&flight, 100);
        assert!(
            !drawn.contains('\u{1b}') && !drawn.contains('\u{202e}'),
            "{drawn}"
        );
    }

    #[test]
    fn what_was_not_kept_is_said() {
        let mut flight = sample::flight();
        flight.dropped = 7;
        assert!(ladder(&flight, 80).contains("⋮ messages that are not kept: 7"));
    }
}
