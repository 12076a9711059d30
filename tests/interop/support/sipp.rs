//! SIPp: a peer that follows one of the scenarios in `sipp/` to the letter, once.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;

use super::{Program, eventually, free_port, scenario, udp_is_bound};

/// A scenario gives up after this long, which fails its test.
const LIMIT_S: &str = "40";

pub struct Sipp {
    program: Program,
    port: u16,
    folder: TempDir,
}

impl Sipp {
    /// A peer that calls `sip:101@127.0.0.1:{phone}` at once. Its SDP names `sound_port`.
    pub fn call(scenario: &str, phone: u16, sound_port: u16) -> Sipp {
        Sipp::call_with(scenario, phone, sound_port, &[])
    }

    /// The same for a scenario with blanks such as `[target]`, filled like this.
    pub fn call_with(scenario: &str, phone: u16, sound_port: u16, blanks: &[(&str, &str)]) -> Sipp {
        Sipp::call_from(free_port(), scenario, phone, sound_port, blanks)
    }

    /// The same from a port of choice.
    pub fn call_from(
        port: u16,
        scenario: &str,
        phone: u16,
        sound_port: u16,
        blanks: &[(&str, &str)],
    ) -> Sipp {
        let target = format!("127.0.0.1:{phone}");
        Sipp::start(scenario, port, sound_port, blanks, &[&target])
    }

    /// A peer that waits to be called. Its SDP names `sound_port`.
    pub fn wait_for_call(scenario: &str, sound_port: u16) -> Sipp {
        Sipp::wait_with(scenario, sound_port, &[])
    }

    /// The same for a scenario with blanks.
    pub fn wait_with(scenario: &str, sound_port: u16, blanks: &[(&str, &str)]) -> Sipp {
        let peer = Sipp::start(scenario, free_port(), sound_port, blanks, &[]);
        eventually("SIPp's socket", || udp_is_bound(peer.port).then_some(()));
        peer
    }

    fn start(
        scenario: &str,
        port: u16,
        sound_port: u16,
        blanks: &[(&str, &str)],
        more: &[&str],
    ) -> Sipp {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scenario.xml");
        fs::write(&file, scenario::read(scenario)).unwrap();
        let file = file.display().to_string();
        let (port_text, sound_port) = (port.to_string(), sound_port.to_string());
        let mut arguments = vec!["-sf", &file, "-m", "1", "-i", "127.0.0.1", "-p", &port_text];
        arguments.extend(["-key", "sound_port", &sound_port, "-nostdin"]);
        arguments.extend(
            blanks
                .iter()
                .flat_map(|(name, value)| ["-key", name, value]),
        );
        arguments.extend(["-timeout", LIMIT_S, "-timeout_error"]);
        arguments.extend(["-trace_err", "-error_file", "errors.log"]);
        arguments.extend(["-trace_msg", "-message_file", "messages.log"]);
        arguments.extend(more);
        let program = Program::start("/usr/bin/sipp", &arguments, folder.path());
        Sipp {
            program,
            port,
            folder,
        }
    }

    /// Where it waits, as `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Waits until the phone has told in SDP where it takes sound.
    pub fn wait_sound_address(&self) -> SocketAddr {
        eventually("the phone's SDP", || {
            let messages = self.messages();
            let sdp = messages
                .received("")
                .find(|message| message.text.contains("m=audio "))?;
            let port = sdp
                .text
                .split("m=audio ")
                .nth(1)?
                .split(' ')
                .next()?
                .parse()
                .ok()?;
            Some(SocketAddr::from(([127, 0, 0, 1], port)))
        })
    }

    /// Waits for the scenario's end; fails the test where it did not go as written.
    pub fn finish(mut self) -> Messages {
        let status = self.program.wait_exit(Duration::from_secs(50));
        let messages = self.messages();
        if !status.success() {
            panic!(
                "the scenario failed: {}\n{}",
                self.read("errors.log"),
                messages.0
            );
        }
        messages
    }

    /// Waits until this many messages that begin so have reached the peer.
    pub fn wait_received(&self, beginning: &str, count: usize) {
        let what = format!("{count} of {beginning:?} at SIPp");
        eventually(&what, || {
            (self.messages().count_received(beginning) >= count).then_some(())
        });
    }

    /// Every message so far.
    pub fn messages(&self) -> Messages {
        Messages(self.read("messages.log"))
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }
}

/// Every message of a scenario, as SIPp noted them.
pub struct Messages(String);

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Noted<'a> {
    /// The time of the day.
    pub at: Duration,
    pub text: &'a str,
}

impl Messages {
    /// How many messages that begin so the peer received.
    pub fn count_received(&self, beginning: &str) -> usize {
        self.received(beginning).count()
    }

    /// The messages that begin so and that the peer received.
    pub fn received(&self, beginning: &str) -> impl Iterator<Item = Noted<'_>> {
        self.noted("message received [", beginning)
    }

    /// The messages that begin so and that the peer sent.
    pub fn sent(&self, beginning: &str) -> impl Iterator<Item = Noted<'_>> {
        self.noted("message sent (", beginning)
    }

    fn noted(&self, kind: &'static str, beginning: &str) -> impl Iterator<Item = Noted<'_>> {
        // A line of dashes with date and time, one that says what it is, an empty one, the message.
        let notes = self
            .0
            .split("\n-----")
            .map(|note| note.trim_start_matches('-'));
        let noted = notes.filter_map(move |note| {
            let (when, rest) = note.split_once('\n')?;
            let (what, text) = rest.split_once("\n\n")?;
            what.contains(kind).then_some(Noted {
                at: time_of_day(when)?,
                text,
            })
        });
        noted.filter(move |message| message.text.starts_with(beginning))
    }
}

impl<'a> Noted<'a> {
    /// The value of a header in its long form.
    pub fn header(&self, name: &str) -> &'a str {
        let lines = self.text.lines();
        let value = lines
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .next();
        value.unwrap_or_else(|| panic!("no {name} in {}", self.text))
    }
}

/// `… 2026-11-28 12:17:31.123456`
fn time_of_day(text: &str) -> Option<Duration> {
    let mut parts = text.split_whitespace().next_back()?.split(':');
    let mut next = || parts.next()?.parse::<f64>().ok();
    let (hours, minutes, seconds) = (next()?, next()?, next()?);
    Some(Duration::from_secs_f64(
        hours * 3600.0 + minutes * 60.0 + seconds,
    ))
}
