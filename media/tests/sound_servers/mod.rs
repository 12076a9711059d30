//! Sound servers of the tests' own: each test starts one, with a runtime directory of its own, and runs itself again
//! as a program that knows no other one.
#![allow(dead_code)]

use std::{
    collections::VecDeque,
    fs::File,
    io::Read,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::RwLock,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use ringbook_media::signal::{has_tone, power};

/// How long anything is waited for that is sure to come.
const DEADLINE: Duration = Duration::from_secs(20);

/// Set in the program that a test runs itself as.
const SERVED: &str = "RINGBOOK_SOUND_SERVER";
/// What the monitors of sinks are heard at, in Hz.
pub const RATE: u32 = 48_000;
/// How long a change may take until it is heard.
pub const CHANGE: Duration = Duration::from_secs(1);

/// Which sound server.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    PulseAudio,
    PipeWire,
}

/// Whether this program runs with a sound server of its own.
pub fn is_served() -> bool {
    std::env::var_os(SERVED).is_some()
}

/// Runs `body` in a program of its own with a sound server that has these null sinks (arguments of the module).
/// `test` is the calling test's name.
pub fn with(kind: Kind, test: &str, sinks: &[&str], body: impl FnOnce()) {
    if is_served() {
        return body();
    }
    let _together = OTHERS.read();
    run(kind, test, sinks);
}

/// As [`with`], while no other test of this program runs: for what a busy machine would spoil.
pub fn with_alone(kind: Kind, test: &str, sinks: &[&str], body: impl FnOnce()) {
    if is_served() {
        return body();
    }
    let _alone = OTHERS.write();
    run(kind, test, sinks);
}

/// Held by tests that mind no others, and by those that do.
static OTHERS: RwLock<()> = RwLock::new(());

fn run(kind: Kind, test: &str, sinks: &[&str]) {
    let ended = serve(kind, sinks, |itself| {
        itself
            .args([test, "--exact", "--nocapture"])
            .stderr(Stdio::inherit())
            .output()
            .unwrap()
    });
    let said = String::from_utf8_lossy(&ended.stdout);
    // A name that no test has would pass as well.
    let has_run = said.contains("test result: ok. 1 passed");
    assert!(has_run, "{test} failed with {kind:?}: {said}");
}

/// Starts a sound server, and has `run` start this program again, which will know no other one.
pub fn serve<T>(kind: Kind, sinks: &[&str], run: impl FnOnce(&mut Command) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let runtime = folder.path();
    let _server = Server::start(kind, runtime);
    for sink in sinks {
        // The test's program has the server in its environment, this one has not.
        let loaded = in_runtime(Command::new("pactl"), runtime)
            .args(["load-module", "module-null-sink"])
            .args(sink.split(' '))
            .output()
            .unwrap();
        assert!(loaded.status.success(), "{loaded:?}");
    }
    let itself = Command::new(std::env::current_exe().unwrap());
    run(in_runtime(itself, runtime).env(SERVED, "1"))
}

fn in_runtime(mut program: Command, runtime: &Path) -> Command {
    program
        .env("XDG_RUNTIME_DIR", runtime)
        .env("HOME", runtime)
        .env("LC_ALL", "C")
        .env_remove("PULSE_SERVER")
        .env_remove("PULSE_RUNTIME_PATH")
        .env_remove("DISPLAY")
        .env_remove("DBUS_SESSION_BUS_ADDRESS");
    program
}

/// The programs of a running server; they end with it.
pub struct Server(Vec<Child>);

impl Server {
    /// Starts one and waits until it answers.
    pub fn start(kind: Kind, runtime: &Path) -> Self {
        let programs: &[&[&str]] = match kind {
            Kind::PulseAudio => &[&[
                "pulseaudio",
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
                "--realtime=no",
                "--high-priority=no",
                "-L",
                "module-native-protocol-unix auth-anonymous=1",
            ]],
            // The session manager wants a bus, and whoever comes first must find the others.
            Kind::PipeWire => &[
                &["pipewire"],
                &["dbus-run-session", "--", "wireplumber"],
                &["pipewire-pulse"],
            ],
        };
        let mut server = Self(Vec::new());
        for program in programs {
            let log = File::create(runtime.join(format!("{}.log", program[0]))).unwrap();
            let started = in_runtime(Command::new(program[0]), runtime)
                .args(&program[1..])
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .process_group(0)
                .spawn();
            server.0.push(started.unwrap_or_else(|error| {
                panic!("{}: {error}; see scripts/install-packages", program[0])
            }));
            if program[0] == "pipewire" {
                until("PipeWire", || answer_of("pw-cli", runtime, &["info", "0"]));
            }
        }
        let has_default = |info: &String| match kind {
            Kind::PulseAudio => true,
            // Its session manager is there as well.
            Kind::PipeWire => !info.contains("Default Sink: @"),
        };
        until("sound server", || {
            answer_of("pactl", runtime, &["info"]).filter(has_default)
        });
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for program in &mut self.0 {
            // The bus has started programs of its own, in the same group.
            let group = format!("-{}", program.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = program.wait();
        }
    }
}

/// Asks a program again and again until it has an answer; nobody tells that a server has started.
fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "no {what}");
    }
}

/// What a program says, where it succeeds.
fn answer_of(program: &str, runtime: &Path, arguments: &[&str]) -> Option<String> {
    let answer = in_runtime(Command::new(program), runtime)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; see scripts/install-packages"));
    let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    answer.status.success().then_some(text)
}

/// Asks the server of this test.
pub fn pactl(arguments: &[&str]) -> String {
    let answer = Command::new("pactl").args(arguments).output().unwrap();
    assert!(answer.status.success(), "{arguments:?}: {answer:?}");
    String::from_utf8_lossy(&answer.stdout).trim().to_owned()
}

/// Makes a null sink; what is returned unloads it.
pub fn load_sink(arguments: &str) -> String {
    let mut all = vec!["load-module", "module-null-sink"];
    all.extend(arguments.split(' '));
    pactl(&all)
}

/// Makes a microphone that hears what a sink plays; what is returned unloads it. A sink's own monitor is no microphone
/// unless it is named.
pub fn load_microphone(name: &str, sink: &str) -> String {
    let (name, master) = (
        format!("source_name={name}"),
        format!("master={sink}.monitor"),
    );
    pactl(&["load-module", "module-remap-source", &name, &master])
}

/// The module of the null sink of this name.
pub fn module_of(sink: &str) -> String {
    let modules = pactl(&["list", "short", "modules"]);
    let is_it = |line: &&str| {
        let mut words = line.split_whitespace();
        words.any(|word| word == format!("sink_name={sink}"))
    };
    let line = modules.lines().find(is_it).expect(sink);
    line.split_whitespace().next().unwrap().to_owned()
}

/// 10 ms of what a source says.
pub struct Block {
    /// When its last sample was there.
    pub at: Instant,
    /// At [`RATE`].
    pub samples: Vec<f32>,
}

impl Block {
    pub fn has_tone(&self, frequency: f32) -> bool {
        has_tone(&self.samples, RATE, frequency)
    }
}

/// Listens to a source.
pub struct Ear {
    program: Child,
    blocks: Receiver<Block>,
}

impl Ear {
    pub fn at(source: &str) -> Self {
        let mut program = Command::new("parec")
            .args(["--raw", "--format=float32le", "--channels=1"])
            .args(["--latency-msec=5", "--process-time-msec=5"])
            .arg(format!("--rate={RATE}"))
            .arg(format!("--device={source}"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("parec: see scripts/install-packages");
        let mut sound = program.stdout.take().unwrap();
        let (send, blocks) = channel();
        thread::spawn(move || {
            let mut bytes = [0; RATE as usize / 100 * 4];
            while sound.read_exact(&mut bytes).is_ok() {
                let samples = bytes.chunks_exact(4);
                let samples = samples.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
                let block = Block {
                    at: Instant::now(),
                    samples: samples.collect(),
                };
                if send.send(block).is_err() {
                    return;
                }
            }
        });
        Self { program, blocks }
    }

    pub fn next(&self) -> Block {
        self.blocks
            .recv_timeout(DEADLINE)
            .expect("a source that says something")
    }

    /// Waits until the tone has been heard for 50 ms; what came before `since` does not count. Returns when it began.
    pub fn wait_for_tone(&self, frequency: f32, since: Instant) -> Instant {
        let end = since + DEADLINE;
        let mut last = VecDeque::new();
        loop {
            let block = self.next();
            assert!(block.at < end, "no tone of {frequency} Hz");
            if block.at < since || !block.has_tone(frequency) {
                last.clear();
                continue;
            }
            last.push_back(block.at);
            if last.len() == 5 {
                return last[0];
            }
        }
    }

    /// How loud it is over so many blocks from now on.
    pub fn power(&self, blocks: usize) -> f32 {
        (0..blocks)
            .map(|_| power(&self.next().samples))
            .sum::<f32>()
            / blocks as f32
    }
}

/// Where a tone begins after silence, by the server's monitor.
fn wait_for_onset(ear: &Ear) -> Instant {
    let (mut quiet, end) = (0, Instant::now() + DEADLINE);
    loop {
        assert!(Instant::now() < end, "nothing is heard");
        let block = ear.next();
        let begin = block.samples.iter().position(|sample| sample.abs() > 0.05);
        match begin {
            None => quiet += 1,
            Some(begin) if quiet >= 10 => {
                let left = (block.samples.len() - begin) as f64 / f64::from(RATE);
                return block.at - Duration::from_secs_f64(left);
            }
            Some(_) => quiet = 0,
        }
    }
}

/// The packets of [`packets_to_ear`] that have a tone begin with every 25th.
const BURST: u16 = 25;
/// The first bursts meet a jitter buffer that still settles.
const SETTLING: usize = 5;

/// Sends a call bursts of 100 ms every 500 ms, in packets of PCMU with this payload type at the pace of a telephone;
/// returns how long after the first packet of each it is heard, in the order of length.
pub fn packets_to_ear(payload_type: u8, send: impl Fn(&[u8]) + Send, ear: &Ear) -> Vec<Duration> {
    let (tell, told) = channel();
    let (heard_enough, enough) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let begin = Instant::now();
            for index in 0_u16.. {
                let due = begin + Duration::from_millis(20) * u32::from(index);
                let pause = due.saturating_duration_since(Instant::now());
                if enough.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let is_loud = index % BURST < 5;
                let mut packet = vec![0x80, payload_type];
                packet.extend(index.to_be_bytes());
                packet.extend((u32::from(index) * 160).to_be_bytes());
                packet.extend(7_u32.to_be_bytes());
                // µ-law: a square wave of 1000 Hz, or silence.
                packet.extend((0..160).map(|sample| match (is_loud, sample / 4 % 2) {
                    (true, 0) => 0x90_u8,
                    (true, _) => 0x10,
                    (false, _) => 0xff,
                }));
                let now = Instant::now();
                send(&packet);
                if index % BURST == 0 && tell.send(now).is_err() {
                    return;
                }
            }
        });
        let mut said: Vec<Instant> = Vec::new();
        let mut delays: Vec<Duration> = (0..40)
            .map(|_| wait_for_onset(ear))
            .filter_map(|heard| {
                said.extend(told.try_iter());
                // Bursts are half a second apart: the last one that had been said by then.
                let said = said.iter().rfind(|said| **said < heard)?;
                Some(heard - *said)
            })
            .skip(SETTLING)
            .collect();
        drop(heard_enough);
        delays.sort();
        delays
    })
}

impl Drop for Ear {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Says a tone into a sink until it is dropped.
pub struct Mouth {
    program: Child,
}

impl Mouth {
    pub fn at(sink: &str, frequency: f32) -> Self {
        let mut program = Command::new("pacat")
            .args(["--raw", "--format=float32le", "--channels=1"])
            .arg("--latency-msec=50")
            .arg(format!("--rate={RATE}"))
            .arg(format!("--device={sink}"))
            .stdin(Stdio::piped())
            .spawn()
            .expect("pacat: see scripts/install-packages");
        let mut mouth = program.stdin.take().unwrap();
        thread::spawn(move || {
            let second = ringbook_media::signal::tone(RATE, frequency, 0.4, RATE as usize);
            let bytes: Vec<u8> = second
                .iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect();
            while std::io::Write::write_all(&mut mouth, &bytes).is_ok() {}
        });
        Self { program }
    }
}

impl Drop for Mouth {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
