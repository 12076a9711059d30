//! Ringbook itself, as a script meets it: settings in a file, events on standard output, commands by `ctl`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::{
    Journal, PATIENCE, Place, Program, Transport, Wav, eventually, free_port, password, signal, wav,
};

const RINGBOOK: &str = env!("CARGO_BIN_EXE_ringbook");

/// A profile with settings, of which a test changes what it is about.
pub struct Setup {
    /// The line's user; its digest password is [`password`].
    pub user: &'static str,
    /// `host:port` of the line's domain.
    pub domain: String,
    /// Whether and how the line registers there.
    pub register: Option<Transport>,
    /// Where it registers; by default the domain, by that transport.
    pub registrar: Option<String>,
    /// The server that every request goes by, where it is not for the target to say.
    pub proxy: Option<String>,
    /// As the settings name codecs.
    pub codec: &'static str,
    pub input: Input,
    /// Whether what the loudspeaker plays is written down, for [`Phone::heard`].
    pub hears: bool,
    /// Whether the default loudspeaker plays, where nothing is written down.
    pub plays: bool,
    pub records: bool,
    pub answers_itself: bool,
    /// Whether the line's calls are encrypted, as the settings say it.
    pub srtp: &'static str,
    /// Whether its offers have keys where others can read them.
    pub keys_in_clear: bool,
    /// In which network it is.
    pub place: Place,
    /// Whom the line believes, for TLS.
    pub ca_file: Option<PathBuf>,
    /// Further lines of the account.
    pub account: String,
    /// Further lines of `[media]`.
    pub media: &'static str,
    /// Further lines of `[audio]`.
    pub audio: &'static str,
    /// Further lines of `[sip]`.
    pub sip: String,
    /// Further lines at the end of the settings, in tables of their own.
    pub more: &'static str,
}

impl Setup {
    /// Line 101 without a registrar; PCMU; answers nothing by itself.
    pub fn unregistered(domain: &str) -> Setup {
        Setup {
            user: "101",
            domain: domain.to_owned(),
            register: None,
            registrar: None,
            proxy: None,
            codec: "pcmu",
            input: Input::Tone(440.0),
            hears: true,
            plays: false,
            records: true,
            answers_itself: false,
            srtp: "optional",
            keys_in_clear: false,
            place: Place::here(),
            ca_file: None,
            account: String::new(),
            media: "",
            audio: "",
            sip: String::new(),
            more: "",
        }
    }

    /// A line of `domain`'s that registers and answers by itself.
    pub fn registered(user: &'static str, domain: &str, transport: Transport) -> Setup {
        let register = Some(transport);
        Setup {
            user,
            register,
            answers_itself: true,
            ..Setup::unregistered(domain)
        }
    }
}

/// What the microphone hears.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    Silence,
    /// What the call itself plays.
    Loop,
    /// A tone of this frequency.
    Tone(f64),
    /// The default microphone.
    Microphone,
}

pub struct Phone {
    program: Program,
    events: Arc<Journal<Value>>,
    port: u16,
    profile: TempDir,
}

/// What a command printed and whether it said that it went well.
pub struct Answer {
    pub ok: bool,
    pub json: Value,
    pub errors: String,
}

impl Phone {
    /// Starts the phone without a window and waits until its sockets are bound.
    pub fn start(setup: &Setup) -> Phone {
        Phone::start_as(setup, &["--headless"])
    }

    /// Starts the phone with its window on the present display.
    pub fn start_windowed(setup: &Setup) -> Phone {
        Phone::start_as(setup, &[])
    }

    fn start_as(setup: &Setup, arguments: &[&str]) -> Phone {
        let profile = tempfile::tempdir().unwrap();
        let port = free_port();
        write_settings(setup, port, profile.path());
        Phone::start_in(&setup.place, profile, port, arguments)
    }

    /// Starts again after [`kill`](Self::kill).
    pub fn restart(self) -> Phone {
        Phone::start_in(&Place::here(), self.profile, self.port, &["--headless"])
    }

    fn start_in(place: &Place, profile: TempDir, port: u16, arguments: &[&str]) -> Phone {
        let folder = profile.path().display().to_string();
        let arguments = [arguments, &["--profile", &folder]].concat();
        let program = Program::start_at(place, RINGBOOK, &arguments, profile.path());
        let events = parse(&program.output);
        let phone = Phone {
            program,
            events,
            port,
            profile,
        };
        phone.wait("ready", |_| true);
        phone
    }

    /// Where it takes SIP, over UDP and TCP.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn pid(&self) -> u32 {
        self.program.pid()
    }

    /// The first event of this name for which `wanted` holds.
    pub fn wait(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait_from(0, name, wanted)
    }

    /// The same, of the events after the first `from`.
    pub fn wait_from(&self, from: usize, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait_within(PATIENCE, from, name, wanted)
    }

    /// The same for something that takes its time.
    pub fn wait_within(
        &self,
        patience: Duration,
        from: usize,
        name: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let pick = |event: &Value| (event["event"] == name && wanted(event)).then(|| event.clone());
        let found = self.events.wait(from, patience, pick);
        found.unwrap_or_else(|| {
            self.program
                .fail(&format!("has told of no such event: {name}"))
        })
    }

    /// The first event for which `wanted` holds.
    pub fn wait_any(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let pick = |event: &Value| wanted(event).then(|| event.clone());
        let found = self.events.wait(0, PATIENCE, pick);
        found.unwrap_or_else(|| self.program.fail("has told of none of the awaited events"))
    }

    /// The number of events so far.
    pub fn events(&self) -> usize {
        self.events.len()
    }

    pub fn wait_registered(&self) {
        self.wait("registration", |event| event["state"] == "registered");
    }

    /// Waits until a call reaches this state; gives the event.
    pub fn wait_call(&self, state: &str) -> Value {
        self.wait("call", |event| event["state"] == state)
    }

    /// Calls somebody; gives the call's id.
    pub fn dial(&self, target: &str) -> String {
        let call = self.must(&["dial", target])["call"].clone();
        call.as_str()
            .unwrap_or_else(|| panic!("dial told no call but {call}"))
            .to_owned()
    }

    /// `ringbook ctl …`, which must go well.
    pub fn must(&self, arguments: &[&str]) -> Value {
        let answer = self.ctl(arguments);
        assert!(
            answer.ok,
            "ctl {arguments:?} failed: {} {}",
            answer.json, answer.errors
        );
        answer.json
    }

    /// `ringbook ctl …`
    pub fn ctl(&self, arguments: &[&str]) -> Answer {
        self.run(&[&["ctl"], arguments].concat())
    }

    /// The call log.
    pub fn log(&self) -> Vec<Value> {
        let answer = self.run(&["log", "list", "--format", "json"]);
        assert!(answer.ok, "log list failed: {}", answer.errors);
        answer
            .json
            .as_array()
            .unwrap_or_else(|| panic!("no array: {}", answer.json))
            .clone()
    }

    /// The log's one row; fails the test where there is none or more.
    pub fn only_row(&self) -> Value {
        let rows = self.log();
        assert_eq!(rows.len(), 1, "the log has not exactly one row: {rows:#?}");
        rows.into_iter().next().unwrap()
    }

    /// A sub-command on this phone's profile.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        let mut command = Command::new(RINGBOOK);
        command
            .args(arguments)
            .arg("--profile")
            .arg(self.profile.path())
            .env("LC_ALL", "C.UTF-8");
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let json = serde_json::from_str(&text).unwrap_or(Value::String(text.into_owned()));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        Answer {
            ok: output.status.success(),
            json,
            errors,
        }
    }

    /// What came out of its loudspeaker so far.
    pub fn heard(&self) -> Wav {
        Wav::read(&self.profile.path().join("heard.wav"))
    }

    /// Every recording's file.
    pub fn recordings(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        collect_wav(&self.profile.path().join("recordings"), &mut found);
        found
    }

    /// The recording of its one call, once it is finished.
    pub fn recording(&self) -> Wav {
        self.wait("recording", |event| event["state"] == "finished");
        let files = self.recordings();
        assert_eq!(files.len(), 1, "not exactly one recording: {files:?}");
        Wav::read(&files[0])
    }

    /// Waits until its one recording has grown by this much from now on.
    pub fn wait_recorded_more(&self, seconds: f64) {
        self.wait_recorded(self.recording_seconds() + seconds);
    }

    /// Waits until its one recording has grown to this length.
    pub fn wait_recorded(&self, seconds: f64) {
        eventually(&format!("{seconds} s of recording"), || {
            (self.recording_seconds() >= seconds).then_some(())
        });
    }

    /// How long its one recording is so far.
    pub fn recording_seconds(&self) -> f64 {
        let file = self.recordings().into_iter().next();
        file.and_then(|file| wav::seconds_so_far(&file))
            .unwrap_or_default()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.program.kill();
    }

    /// Asks it to end, and waits until it has.
    pub fn quit(&mut self) {
        self.must(&["quit"]);
        let status = self.program.wait_exit(PATIENCE);
        assert!(status.success(), "the phone ended with {status}");
    }
}

/// What `ringbook check` prints for this line.
pub fn check(setup: &Setup) -> String {
    let profile = tempfile::tempdir().unwrap();
    write_settings(setup, free_port(), profile.path());
    let folder = profile.path().display().to_string();
    let mut check = std::process::Command::new(RINGBOOK);
    let output = check
        .env("LC_ALL", "C")
        .args(["check", "--profile", &folder])
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

fn write_settings(setup: &Setup, port: u16, profile: &Path) {
    let Setup {
        user,
        domain,
        codec,
        answers_itself,
        srtp,
        keys_in_clear,
        account,
        media,
        audio,
        sip,
        more,
        ..
    } = setup;
    let registrar = match (&setup.registrar, setup.register) {
        (Some(registrar), _) => registrar.clone(),
        (None, Some(transport)) => format!("sip:{domain};transport={}", transport.parameter()),
        (None, None) => format!("sip:{domain}"),
    };
    let input = match setup.input {
        Input::Silence => "silence".to_owned(),
        Input::Loop => "loop".to_owned(),
        Input::Microphone => "default".to_owned(),
        Input::Tone(hz) => {
            let file = profile.join("speech.wav");
            // A whole number of waves: the phone plays it again and again.
            Wav::write(&file, 16_000, 1, &signal::tone(hz, 16_000, 1.0));
            format!("file:{}", file.display())
        }
    };
    let output = match (setup.hears, setup.plays) {
        (true, _) => format!("file:{}", profile.join("heard.wav").display()),
        (false, true) => "default".to_owned(),
        (false, false) => "null".to_owned(),
    };
    let trust = match &setup.ca_file {
        Some(file) => format!("ca_file = \"{}\"", file.display()),
        None => String::new(),
    };
    let proxy = match &setup.proxy {
        Some(proxy) => format!("outbound_proxy = \"{proxy}\""),
        None => String::new(),
    };
    let bind = match (domain.starts_with('['), setup.place.is_here()) {
        (true, _) => "::1",
        (false, true) => "127.0.0.1",
        (false, false) => "0.0.0.0",
    };
    let settings = format!(
        "[[account]]\n\
         aor = \"sip:{user}@{domain}\"\n\
         display_name = \"Anna\"\n\
         extension = \"{user}\"\n\
         company = \"Alfa LLC\"\n\
         password = \"{password}\"\n\
         registrar = \"{registrar}\"\n\
         register = {register}\n\
         srtp = \"{srtp}\"\n\
         keys_in_clear = {keys_in_clear}\n\
         {trust}\n\
         {proxy}\n\
         {account}\n\
         [sip]\n\
         bind = \"{bind}\"\n\
         udp_port = {port}\n\
         tcp_port = {port}\n\
         {sip}\n\
         [media]\n\
         codecs = [\"{codec}\"]\n\
         {media}\n\
         [audio]\n\
         input = \"{input}\"\n\
         output = \"{output}\"\n\
         ring = \"null\"\n\
         {audio}\n\
         [recording]\n\
         mode = \"{recording}\"\n\
         [phone]\n\
         auto_answer = {answers_itself}\n\
         {more}\n",
        password = password(user),
        register = setup.register.is_some(),
        recording = if setup.records { "always" } else { "never" },
    );
    fs::write(profile.join("settings.toml"), settings).unwrap();
}

/// Reads each line of standard output as the JSON object that it must be.
fn parse(output: &Arc<Journal<String>>) -> Arc<Journal<Value>> {
    let journal = Arc::new(Journal::new());
    let (lines, events) = (Arc::clone(output), Arc::clone(&journal));
    thread::spawn(move || {
        let mut seen = 0;
        while let Some(line) = lines.wait_any(seen) {
            seen += 1;
            // What is no JSON breaks the contract; a wait for it shows the line.
            events.push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
        }
        events.close();
    });
    journal
}

fn collect_wav(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_wav(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "wav") {
            found.push(path);
        }
    }
}
