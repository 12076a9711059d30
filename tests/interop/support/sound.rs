//! The other end of a call's sound, for peers that speak only SIP: RTP with PCMU and RFC 4733 digits.

use std::f64::consts::TAU;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{eventually, signal};

const RATE: u32 = 8000;
const FRAME: usize = 160;
const FRAME_TIME: Duration = Duration::from_millis(20);
const PCMU: u8 = 0;
const DIGITS: u8 = 101;
const KEYS: &str = "0123456789*#ABCD";

pub struct Sound {
    socket: UdpSocket,
    heard: Arc<Mutex<Heard>>,
    ended: Arc<AtomicBool>,
}

#[derive(Default)]
struct Heard {
    samples: Vec<f32>,
    digits: String,
    last_digit: Option<u32>,
}

impl Sound {
    /// A socket that listens from now on.
    pub fn new() -> Sound {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let sound = Sound {
            socket,
            heard: Arc::default(),
            ended: Arc::default(),
        };
        let (socket, heard) = (sound.socket.try_clone().unwrap(), Arc::clone(&sound.heard));
        sound.while_open(move |_| {
            let mut packet = [0; 2048];
            if let Ok(length) = socket.recv(&mut packet) {
                lock(&heard).take(&packet[..length]);
            }
        });
        sound
    }

    pub fn port(&self) -> u16 {
        self.socket.local_addr().unwrap().port()
    }

    /// Sends a tone of `hz` from now on, a frame each 20 ms; with `digits`, presses those keys
    /// first. One key takes 120 ms and is followed by 80 ms of the tone.
    pub fn send(&self, to: SocketAddr, hz: f64, digits: &str) {
        let socket = self.socket.try_clone().unwrap();
        let keys: Vec<u8> = digits
            .chars()
            .map(|key| KEYS.find(key).unwrap() as u8)
            .collect();
        let start = Instant::now();
        self.while_open(move |frame| {
            let due = start + FRAME_TIME * frame;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let (key, phase) = (frame as usize / 10, frame % 10);
            let packet = match keys.get(key) {
                Some(&key) if phase < 6 => digit_packet(frame, phase, key),
                _ => tone_packet(frame, hz),
            };
            let _ = socket.send_to(&packet, to);
        });
    }

    /// Waits until this much sound has been heard.
    pub fn wait_heard(&self, seconds: f64) {
        let enough = (seconds * f64::from(RATE)) as usize;
        eventually("sound from the phone", || {
            (lock(&self.heard).samples.len() >= enough).then_some(())
        });
    }

    /// Waits until these keys have been heard, each once.
    pub fn wait_digits(&self, digits: &str) {
        eventually(&format!("the keys {digits} from the phone"), || {
            (lock(&self.heard).digits == digits).then_some(())
        });
    }

    /// For how many seconds the phone has sent a tone of `hz`.
    pub fn seconds_of_tone(&self, hz: f64) -> f64 {
        signal::seconds_of_tone(&lock(&self.heard).samples, RATE, hz)
    }

    fn while_open(&self, mut step: impl FnMut(u32) + Send + 'static) {
        let ended = Arc::clone(&self.ended);
        thread::spawn(move || {
            let mut count = 0;
            while !ended.load(Ordering::Relaxed) {
                step(count);
                count += 1;
            }
        });
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

impl Heard {
    fn take(&mut self, packet: &[u8]) {
        let [_, kind, _, _, t0, t1, t2, t3, _, _, _, _, payload @ ..] = packet else {
            return;
        };
        match kind & 0x7f {
            PCMU => self
                .samples
                .extend(payload.iter().map(|&byte| decode(byte))),
            DIGITS if !payload.is_empty() => {
                // All packets of one key carry the time it began at.
                let began = u32::from_be_bytes([*t0, *t1, *t2, *t3]);
                if self.last_digit.replace(began) != Some(began) {
                    self.digits
                        .extend(KEYS.chars().nth(usize::from(payload[0])));
                }
            }
            _ => {}
        }
    }
}

fn tone_packet(frame: u32, hz: f64) -> Vec<u8> {
    let mut packet = header(frame, PCMU, frame * FRAME as u32);
    let first = f64::from(frame) * FRAME as f64;
    packet.extend((0..FRAME).map(|n| {
        let phase = TAU * hz * (first + n as f64) / f64::from(RATE);
        encode((0.5 * phase.sin()) as f32)
    }));
    packet
}

/// RFC 4733 §2.3: event, end bit and volume, duration; the last three packets are the end, thrice.
fn digit_packet(frame: u32, phase: u32, key: u8) -> Vec<u8> {
    let mut packet = header(frame, DIGITS, (frame - phase) * FRAME as u32);
    let duration = ((phase.min(3) + 1) * FRAME as u32) as u16;
    packet.extend([key, if phase >= 3 { 0x8a } else { 0x0a }]);
    packet.extend(duration.to_be_bytes());
    packet
}

fn header(sequence: u32, kind: u8, timestamp: u32) -> Vec<u8> {
    let mut header = vec![0x80, kind];
    header.extend((sequence as u16).to_be_bytes());
    header.extend(timestamp.to_be_bytes());
    header.extend(*b"peer");
    header
}

/// ITU-T G.711 µ-law.
fn encode(sample: f32) -> u8 {
    let magnitude = (sample.abs() * 32635.0) as u32 + 132;
    let exponent = 31 - magnitude.leading_zeros().min(24) - 7;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    let sign = if sample < 0.0 { 0x80 } else { 0 };
    !((sign | exponent << 4 | mantissa) as u8)
}

fn decode(byte: u8) -> f32 {
    let code = u32::from(!byte);
    let magnitude = ((((code & 0x0f) << 3) + 132) << ((code & 0x70) >> 4)) as f32 - 132.0;
    (if code & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }) / 32768.0
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_sample_survives_its_code() {
    for step in -100..=100 {
        let sample = step as f32 / 100.0;
        let back = decode(encode(sample));
        assert!(
            (back - sample).abs() <= sample.abs() * 0.04 + 0.001,
            "{sample} became {back}"
        );
    }
}

#[test]
fn one_end_of_the_sound_hears_the_other() {
    let (here, there) = (Sound::new(), Sound::new());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, there.port()));
    here.send(address, 440.0, "42#");
    there.wait_digits("42#");
    there.wait_heard(0.5);
    assert!(there.seconds_of_tone(440.0) > 0.3);
    assert_eq!(there.seconds_of_tone(1000.0), 0.0);
}
