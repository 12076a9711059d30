//! What many calls at once cost: each is looped by the engine, a caller in this process sends and measures.
//!
//! `cargo bench -p ringbook-media --bench looped_calls -- CALLS SECONDS [record] [spread]`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use ringbook_media::{
    codec::Codec,
    device::{DeviceSettings, InputDevice, OutputDevice},
    engine::{Engine, EngineConfig, MediaCommand, StreamId, bind_rtp_pair},
    recorder::RecordingFormat,
    stream::StreamConfig,
    voice_processing::VoiceSettings,
};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const TICK: Duration = Duration::from_millis(20);

/// One caller's socket and what it saw.
struct Caller {
    socket: UdpSocket,
    to: SocketAddr,
    offset: Duration,
    next: u32,
    delays: Vec<f64>,
    gaps: Vec<f64>,
    last: Option<Instant>,
    seen: u32,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |index: usize, default| {
        arguments
            .get(index)
            .map_or(default, |text: &String| text.parse().unwrap())
    };
    let (calls, seconds) = (number(1, 100), number(2, 10));
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let config = EngineConfig {
        devices: DeviceSettings::without_bell(InputDevice::Loop, OutputDevice::Null),
        voice: VoiceSettings::OFF,
        cname: "bench".into(),
        seed: 1,
    };
    let engine = Engine::start(config, Box::new(|_| {})).unwrap();
    let handle = engine.handle();
    let folder = std::env::temp_dir().join(format!("looped-calls-{}", std::process::id()));
    let mut callers: Vec<Caller> = (0..calls)
        .map(|index| {
            let stream = StreamId(index.into());
            let (rtp, rtcp) = bind_rtp_pair(LOOPBACK, 30_000..=39_999).unwrap();
            let to = rtp.local_addr().unwrap();
            let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            let config = StreamConfig {
                remote_rtcp: (LOOPBACK, 9).into(),
                ..StreamConfig::plain(Codec::Pcmu, 0, socket.local_addr().unwrap())
            };
            handle.send(MediaCommand::Open {
                stream,
                rtp,
                rtcp,
                certificate: None,
            });
            handle.send(MediaCommand::Configure { stream, config });
            if has("record") {
                let file = folder.join(format!("{index}.wav"));
                handle.send(MediaCommand::RecordStart {
                    stream,
                    file,
                    format: RecordingFormat::Wav,
                });
            }
            let offset = if has("spread") {
                TICK * index / calls
            } else {
                Duration::ZERO
            };
            Caller {
                socket,
                to,
                offset,
                next: 0,
                delays: vec![],
                gaps: vec![],
                last: None,
                seen: 0,
            }
        })
        .collect();
    thread::sleep(Duration::from_millis(500));
    let before = thread_times();
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds.into());
    while Instant::now() < end {
        for caller in &mut callers {
            caller.turn(begin);
        }
        thread::sleep(Duration::from_micros(500));
    }
    let elapsed = begin.elapsed().as_secs_f64();
    for ((name, ms), (_, ms_before)) in thread_times().into_iter().zip(before) {
        println!(
            "{name:>12}: {:.2} % of a core",
            (ms - ms_before) / 10.0 / elapsed
        );
    }
    let collect = |pick: fn(&Caller) -> &Vec<f64>| {
        let mut all: Vec<f64> = callers.iter().flat_map(pick).copied().collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let (delays, gaps) = (
        collect(|caller| &caller.delays),
        collect(|caller| &caller.gaps),
    );
    let at = |all: &[f64], part: f64| {
        all.get((all.len() as f64 * part) as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    println!(
        "delay in to out, ms: p50 {:.1} p99 {:.1}",
        at(&delays, 0.5),
        at(&delays, 0.99)
    );
    println!(
        "off the 20 ms pace, ms: p50 {:.2} p99 {:.2}",
        at(&gaps, 0.5),
        at(&gaps, 0.99)
    );
    let sent: u32 = callers.iter().map(|caller| caller.next).sum();
    println!(
        "sent {sent}, back {}",
        callers.iter().map(|caller| caller.seen).sum::<u32>()
    );
    let memory = fs::read_to_string("/proc/self/status").unwrap();
    println!(
        "{}",
        memory
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap()
    );
    drop(engine);
    let _ = fs::remove_dir_all(folder);
}

impl Caller {
    /// Sends what is due, takes what has come.
    fn turn(&mut self, begin: Instant) {
        let now = Instant::now();
        while begin + self.offset + TICK * self.next <= now {
            let mut packet = [0_u8; 172];
            packet[0] = 0x80;
            packet[2..4].copy_from_slice(&(self.next as u16).to_be_bytes());
            packet[4..8].copy_from_slice(&(self.next * 160).to_be_bytes());
            packet[8..12].copy_from_slice(&[1, 2, 3, 4]);
            packet[12..].fill(pattern(self.next));
            self.socket.send_to(&packet, self.to).unwrap();
            self.next += 1;
        }
        let mut packet = [0_u8; 2_048];
        while let Ok((len, _)) = self.socket.recv_from(&mut packet) {
            self.seen += 1;
            let now = Instant::now();
            if let Some(last) = self.last.replace(now) {
                self.gaps
                    .push(((now - last).as_secs_f64() * 1_000.0 - 20.0).abs());
            }
            // Each packet has one value throughout: the youngest sent packet of that value is what comes back.
            let value = packet[12 + (len - 12) / 2];
            let sent = (0..self.next)
                .rev()
                .take(32)
                .find(|sent| pattern(*sent) == value);
            if let Some(sent) = sent {
                let at = begin + self.offset + TICK * sent;
                self.delays
                    .push(now.duration_since(at).as_secs_f64() * 1_000.0);
            }
        }
    }
}

/// The µ-law octet that packet `index` is filled with: quiet, so that the jitter buffer takes it for a pause and may
/// shorten it, and another one for each of 32 in a row.
fn pattern(index: u32) -> u8 {
    0xe0 + (index % 32) as u8
}

/// CPU time of our threads in milliseconds, by name.
fn thread_times() -> Vec<(String, f64)> {
    let mut times = vec![];
    for task in fs::read_dir("/proc/self/task").unwrap() {
        let folder = task.unwrap().path();
        let name = fs::read_to_string(folder.join("comm")).unwrap();
        let stat = fs::read_to_string(folder.join("schedstat")).unwrap();
        let nanoseconds: f64 = stat.split(' ').next().unwrap().parse().unwrap();
        times.push((name.trim().to_owned(), nanoseconds / 1e6));
    }
    times.sort_by(|a, b| a.0.cmp(&b.0));
    times
}
