//! The program as a script meets it, with no other program beside it: start, control socket, end.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod analysis;
mod api;
mod bills;
mod calendar;
mod call_logs;
mod check;
mod contacts;
mod databases;
mod datagrams;
mod hooks;
mod import;
mod log;
mod marks;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/python.rs"]
mod python;
mod recordings;
mod report_sheets;
mod reports;
mod roles;
mod sources;
mod streams;
mod tariffs;
mod tasks;
mod webhooks;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const RINGBOOK: &str = env!("CARGO_BIN_EXE_ringbook");

/// A line that does not register; everything on any free port of loopback.
const SETTINGS: &str = "[[account]]\naor = \"sip:101@127.0.0.1\"\nregister = false\n\
    [sip]\nbind = \"127.0.0.1\"\nudp_port = 0\ntcp_port = 0\n\
    [audio]\ninput = \"silence\"\noutput = \"null\"\nring = \"null\"\n";

struct Phone {
    child: Child,
    lines: Option<BufReader<ChildStdout>>,
    /// Its first word.
    ready: Value,
}

impl Phone {
    fn start(profile: &Path) -> Self {
        let mut child = ringbook(profile, &["--headless"]);
        child.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = child.spawn().unwrap();
        let lines = Some(BufReader::new(child.stdout.take().unwrap()));
        let mut phone = Self {
            child,
            lines,
            ready: Value::Null,
        };
        phone.ready = phone.wait("ready");
        phone
    }

    /// The next event of this name.
    fn wait(&mut self, name: &str) -> Value {
        let lines = self.lines.as_mut().unwrap();
        loop {
            let mut line = String::new();
            let read = lines.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "the phone ended before it told of {name}");
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["event"] == name {
                return event;
            }
        }
    }

    /// Every event to the phone's end, which somebody has asked for.
    fn rest(&mut self) -> Vec<Value> {
        let lines = self.lines.take().unwrap().lines();
        let event = |line: std::io::Result<String>| serde_json::from_str(&line.unwrap()).unwrap();
        lines.map(event).collect()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    fn wait_exit(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ringbook(profile: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(RINGBOOK);
    command.arg("--profile").arg(profile).args(arguments);
    command
}

fn run(profile: &Path, arguments: &[&str]) -> Output {
    ringbook(profile, arguments).output().unwrap()
}

fn ctl(profile: &Path, arguments: &[&str]) -> Result<Value, String> {
    let output = run(profile, &[&["ctl"], arguments].concat());
    match output.status.code() {
        Some(0) => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        Some(1) => Err(String::from_utf8(output.stderr).unwrap()),
        code => panic!("ctl {arguments:?} ended with {code:?}"),
    }
}

fn profile(settings: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("settings.toml"), settings).unwrap();
    dir
}

fn message(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_phone_that_is_told_to_quit_ends_in_order() {
    let dir = profile(SETTINGS);
    let phone = Phone::start(dir.path());
    let status = ctl(dir.path(), &["status"]).unwrap();
    assert_eq!(
        (&status["accounts"], &status["calls"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(ctl(dir.path(), &["calls"]).unwrap(), json!([]));
    assert_eq!(
        ctl(dir.path(), &["accounts"]).unwrap()[0]["state"],
        "unregistered"
    );
    assert_eq!(ctl(dir.path(), &["quit"]).unwrap(), json!({}));
    assert!(phone.wait_exit().success());
    assert!(!dir.path().join("control.sock").exists());
    let gone = ctl(dir.path(), &["status"]).unwrap_err();
    assert!(
        gone.contains("no Ringbook is running on the profile"),
        "{gone}"
    );
}

#[test]
fn sigterm_ends_the_phone_in_order_and_sigint_too() {
    for signal in ["-TERM", "-INT"] {
        let dir = profile(SETTINGS);
        let phone = Phone::start(dir.path());
        phone.signal(signal);
        assert!(phone.wait_exit().success(), "{signal}");
    }
}

#[test]
fn a_silent_registrar_does_not_keep_the_phone_from_ending() {
    let registrar = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = registrar.local_addr().unwrap();
    let line = format!("aor = \"sip:101@{address}\"\nregister = true");
    let settings = SETTINGS.replace("aor = \"sip:101@127.0.0.1\"\nregister = false", &line);
    let dir = profile(&settings);
    let phone = Phone::start(dir.path());
    // It was asked, and says nothing.
    assert!(registrar.recv(&mut [0; 2048]).unwrap() > 0);
    let begin = Instant::now();
    phone.signal("-TERM");
    assert!(phone.wait_exit().success());
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn a_second_phone_refuses_and_hands_a_link_over() {
    let dir = profile(SETTINGS);
    let mut phone = Phone::start(dir.path());
    let refusal = message(&run(dir.path(), &["--headless"]));
    assert!(
        refusal.contains("another Ringbook is running on the profile"),
        "{refusal}"
    );
    let code = message(&run(dir.path(), &["--", "tel:*21*104%23"]));
    assert!(code.contains("nobody is there to be asked"), "{code}");
    let handed = run(dir.path(), &["--", "tel:+7-701-111-22-33"]);
    assert!(handed.status.success());
    let call = phone.wait("call");
    let answer: Value = serde_json::from_slice(&handed.stdout).unwrap();
    assert_eq!(answer["call"], call["call"]);
    assert_eq!(
        (call["state"].as_str(), call["number"].as_str()),
        (Some("dialing"), Some("+77011112233"))
    );
}

#[test]
fn what_a_killed_phone_left_behind_is_in_nobodys_way() {
    let dir = profile(SETTINGS);
    let phone = Phone::start(dir.path());
    phone.signal("-KILL");
    phone.wait_exit();
    assert!(
        dir.path().join("control.sock").exists(),
        "the test has lost its subject"
    );
    let _again = Phone::start(dir.path());
    ctl(dir.path(), &["status"]).unwrap();
}

#[test]
fn the_control_socket_is_for_its_owner_alone() {
    let dir = profile(SETTINGS);
    let _phone = Phone::start(dir.path());
    let mode = fs::metadata(dir.path().join("control.sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_phone() {
    let dir = profile(SETTINGS);
    let mut phone = Phone::start(dir.path());
    drop(phone.lines.take());
    for _ in 0..3 {
        ctl(dir.path(), &["dial", "sip:1@127.0.0.1:9"]).unwrap();
    }
    assert_eq!(ctl(dir.path(), &["status"]).unwrap()["accounts"], 1);
    ctl(dir.path(), &["quit"]).unwrap();
    assert!(phone.wait_exit().success());
}

#[test]
fn ctl_says_what_is_wrong_with_a_request() {
    let dir = profile(SETTINGS);
    let _phone = Phone::start(dir.path());
    let refused = |arguments: &[&str]| ctl(dir.path(), arguments).unwrap_err();
    let nobody = "01a20180-1f58-7a54-aaba-bcbf22d44cd2";
    assert!(refused(&["answer", nobody]).contains("there is no call 01a20180"));
    assert!(refused(&["dial", "two words"]).contains("neither a number nor a user name"));
    let line = refused(&["dial", "102", "--account", "sip:9@nowhere"]);
    assert!(
        line.contains("there is no line sip:9@nowhere; allowed: sip:101@127.0.0.1"),
        "{line}"
    );
    for wrong in [
        &["answer", "x"][..],
        &["mute", nobody, "maybe"],
        &["transfer", nobody],
    ] {
        let output = run(dir.path(), &[&["ctl"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn the_control_socket_answers_nonsense_and_goes_on() {
    let dir = profile(SETTINGS);
    let _phone = Phone::start(dir.path());
    let stream = UnixStream::connect(dir.path().join("control.sock")).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut ask = |line: &str| -> Value {
        (&stream).write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        lines.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    };
    for nonsense in [
        "\n",
        "{\n",
        "[]\n",
        "{\"verb\":\"fly\"}\n",
        "{\"verb\":\"dial\"}\n",
        "\u{0}\n",
    ] {
        let answer = ask(nonsense);
        assert_eq!(answer["ok"], false, "{nonsense:?}");
        assert!(answer["error"].is_string());
    }
    let unknown = ask("{\"verb\":\"status\",\"call\":1}\n");
    assert_eq!(unknown["ok"], false, "an unknown field is refused");
    assert_eq!(ask("{\"verb\":\"status\"}\n")["result"]["accounts"], 1);
}

#[test]
fn the_control_socket_reads_no_endless_line() {
    let dir = profile(SETTINGS);
    let _phone = Phone::start(dir.path());
    let mut stream = UnixStream::connect(dir.path().join("control.sock")).unwrap();
    let chunk = vec![b'x'; 64 * 1024];
    // The phone answers after its limit and hangs up; until then it takes what comes.
    while stream.write_all(&chunk).is_ok() {}
    let mut rest = String::new();
    let _ = stream.read_to_string(&mut rest);
    ctl(dir.path(), &["status"]).unwrap();
}

#[test]
fn settings_that_are_wrong_are_refused_with_file_and_line() {
    let dir = profile(&SETTINGS.replace("udp_port", "upd_port"));
    let refusal = message(&run(dir.path(), &["--headless"]));
    assert!(
        refusal.contains("settings.toml:6: unknown key \"upd_port\" in [sip]; allowed: udp_port"),
        "{refusal}"
    );
}

#[test]
fn a_port_that_is_taken_is_named_with_its_setting() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let dir = profile(&SETTINGS.replace("udp_port = 0", &format!("udp_port = {port}")));
    let refusal = message(&run(dir.path(), &["--headless"]));
    assert!(
        refusal.contains(&format!(
            "UDP port {port} cannot be used; set [sip] udp_port"
        )),
        "{refusal}"
    );
}

#[test]
fn a_profile_far_down_has_a_control_socket_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let deep: PathBuf = dir.path().join("d".repeat(60)).join("e".repeat(60));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("settings.toml"), SETTINGS).unwrap();
    let _phone = Phone::start(&deep);
    assert_eq!(ctl(&deep, &["status"]).unwrap()["accounts"], 1);
}

#[test]
fn check_says_in_plain_words_what_does_not_work() {
    let dir = profile(SETTINGS);
    let good = run(dir.path(), &["check"]);
    assert!(good.status.success());
    let text = String::from_utf8(good.stdout).unwrap();
    assert!(text.contains("Registration: not wanted"), "{text}");
    let bad = profile(&SETTINGS.replace("101@127.0.0.1", "101@nowhere.invalid"));
    let output = run(bad.path(), &["check"]);
    message(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("FAILED  Server's name: nowhere.invalid cannot be found"),
        "{text}"
    );
}
