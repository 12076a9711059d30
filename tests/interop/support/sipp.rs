//! SIPp: a peer that follows one of the scenarios in `sipp/` to the letter, once.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{Program, eventually, free_port};

/// A scenario gives up after this long, which fails its test.
const LIMIT_S: &str = "30";

pub struct Sipp {
    program: Program,
    port: u16,
    folder: TempDir,
}

impl Sipp {
    /// A peer that calls `sip:101@127.0.0.1:{phone}` at once. Its SDP names `sound_port`.
    pub fn call(scenario: &str, phone: u16, sound_port: u16) -> Sipp {
        let target = format!("127.0.0.1:{phone}");
        Sipp::start(scenario, free_port(), sound_port, &[&target])
    }

    /// A peer that waits to be called. Its SDP names `sound_port`.
    pub fn wait_for_call(scenario: &str, sound_port: u16) -> Sipp {
        let peer = Sipp::start(scenario, free_port(), sound_port, &[]);
        eventually("SIPp's socket", || {
            UdpSocket::bind(("127.0.0.1", peer.port)).err()
        });
        peer
    }

    fn start(scenario: &str, port: u16, sound_port: u16, more: &[&str]) -> Sipp {
        let folder = tempfile::tempdir().unwrap();
        let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/sipp");
        let file = scenarios
            .join(scenario)
            .with_extension("xml")
            .display()
            .to_string();
        let (port_text, sound_port) = (port.to_string(), sound_port.to_string());
        let mut arguments = vec!["-sf", &file, "-m", "1", "-i", "127.0.0.1", "-p", &port_text];
        arguments.extend(["-key", "sound_port", &sound_port, "-nostdin"]);
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
            let messages = Messages(self.read("messages.log"));
            let sdp = messages
                .received()
                .find(|message| message.contains("m=audio "))?;
            let port = sdp
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
        let status = self.program.wait_exit(Duration::from_secs(40));
        let messages = self.read("messages.log");
        if !status.success() {
            panic!(
                "the scenario failed: {}\n{messages}",
                self.read("errors.log")
            );
        }
        Messages(messages)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }
}

/// Every message of a scenario, as SIPp noted them.
pub struct Messages(String);

impl Messages {
    /// How many messages that begin so the peer received.
    pub fn count_received(&self, beginning: &str) -> usize {
        self.received()
            .filter(|message| message.starts_with(beginning))
            .count()
    }

    fn received(&self) -> impl Iterator<Item = &str> {
        let notes = self.0.split("message received [").skip(1);
        notes
            .filter_map(|note| note.split_once("\n\n"))
            .map(|(_, message)| message.split("\n-----").next().unwrap_or(message))
    }
}
