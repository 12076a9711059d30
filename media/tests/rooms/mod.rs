//! Recorded speech, and rooms to hear it in: everything repeats.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod figures;

use std::{path::Path, sync::LazyLock};

use realfft::RealFftPlanner;
use ringbook_media::{
    codec::{Codec, Decoder},
    signal::power,
};

/// Samples a second of the speech and the rooms.
pub const RATE: u32 = 16_000;

/// Where Debian's packages asterisk-core-sounds-*-g722 put recorded speech.
const SOUNDS: &str = "/usr/share/asterisk/sounds";
/// Half a minute of it.
const OCTETS: usize = 30 * RATE as usize / 2;

/// Seconds of English speech at −26 dBFS: the other side.
pub fn english(seconds: f32) -> Vec<f32> {
    static SPEECH: LazyLock<Vec<f32>> = LazyLock::new(|| decode("en_US_f_Allison"));
    beginning(&SPEECH, seconds)
}

/// Seconds of Russian speech at −26 dBFS: the person here.
pub fn russian(seconds: f32) -> Vec<f32> {
    static SPEECH: LazyLock<Vec<f32>> = LazyLock::new(|| decode("ru_RU_f_IvrvoiceRU"));
    beginning(&SPEECH, seconds)
}

fn beginning(speech: &[f32], seconds: f32) -> Vec<f32> {
    scaled(speech[..(seconds * RATE as f32) as usize].to_vec(), -26.0)
}

fn decode(voice: &str) -> Vec<f32> {
    let path = Path::new(SOUNDS).join(voice).join("demo-instruct.g722");
    let octets = std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; run scripts/install-packages test",
            path.display()
        )
    });
    let mut decoder = Decoder::new(Codec::G722).unwrap();
    let mut samples = Vec::new();
    let mut block = [0.0; 320];
    for payload in octets[..OCTETS].chunks(160) {
        let len = decoder.decode(payload, &mut block).unwrap();
        samples.extend_from_slice(&block[..len]);
    }
    samples
}

/// The signal at another level, dBFS, measured where it is not silent.
pub fn scaled(mut samples: Vec<f32>, dbfs: f32) -> Vec<f32> {
    let gain = 10_f32.powf((dbfs - active_level(&samples)) / 20.0);
    samples.iter_mut().for_each(|sample| *sample *= gain);
    samples
}

/// The level of the 20 ms blocks within 25 dB of the loudest, dBFS.
pub fn active_level(samples: &[f32]) -> f32 {
    let blocks: Vec<f32> = samples
        .chunks_exact(RATE as usize / 50)
        .map(power)
        .collect();
    let loudest = blocks.iter().copied().fold(0.0, f32::max);
    let active: Vec<f32> = blocks
        .into_iter()
        .filter(|block| *block > loudest / 316.0)
        .collect();
    db(active.iter().sum::<f32>() / active.len().max(1) as f32)
}

/// A power in decibels.
pub fn db(power: f32) -> f32 {
    10.0 * power.max(1e-12).log10()
}

/// Random numbers that repeat.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Even in `0.0..1.0`.
    fn roll(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// Roughly normal, of variance 1 (Irwin and Hall).
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.roll()).sum::<f32>() - 6.0
    }
}

/// Steady noise of a fan, more of it at the low end, at this level, dBFS.
pub fn noise(seed: u64, dbfs: f32, len: usize) -> Vec<f32> {
    let mut dice = Dice::new(seed);
    let mut last = 0.0;
    let mut samples: Vec<f32> = (0..len)
        .map(|_| {
            last = 0.8 * last + dice.normal();
            last
        })
        .collect();
    let gain = 10_f32.powf((dbfs - db(power(&samples))) / 20.0);
    samples.iter_mut().for_each(|sample| *sample *= gain);
    samples
}

/// A room with a loudspeaker and a microphone in it.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub name: &'static str,
    /// Time in which its sound fades by 60 dB, s.
    pub rt60: f32,
    /// From when the loudspeaker is given a sound until the microphone hears it, ms.
    pub delay_ms: f32,
    /// How much quieter than the loudspeaker's signal its echo is in the microphone, dB.
    pub loss_db: f32,
    /// How far the loudspeaker bends what it is given; 0: not at all.
    pub bend: f32,
    /// Steady noise in the microphone, dBFS.
    pub noise_dbfs: f32,
    pub seed: u64,
}

/// A quick sound card on a desk, a sound server, a meeting room, loudspeakers turned up.
pub const ROOMS: [Room; 6] = [
    room("desk", 0.2, 20.0, 10.0, 2),
    room("office", 0.3, 60.0, 12.0, 1),
    room("meeting room", 0.5, 90.0, 12.0, 3),
    room("loudspeaker turned up", 0.4, 130.0, 0.0, 5),
    room("sound server", 0.3, 200.0, 12.0, 4),
    Room {
        bend: 3.0,
        ..room("poor loudspeaker", 0.4, 75.0, 0.0, 21)
    },
];

const fn room(name: &'static str, rt60: f32, delay_ms: f32, loss_db: f32, seed: u64) -> Room {
    Room {
        name,
        rt60,
        delay_ms,
        loss_db,
        bend: 0.0,
        noise_dbfs: -78.0,
        seed,
    }
}

impl Room {
    /// What the microphone gets of a pulse in the loudspeaker: the straight way, then a tail of reflections that fades
    /// exponentially (Polack's model).
    pub fn response(&self) -> Vec<f32> {
        let (delay, rate) = (
            (self.delay_ms * RATE as f32 / 1_000.0) as usize,
            RATE as f32,
        );
        let mut dice = Dice::new(self.seed);
        let decay = -6.908 / (self.rt60 * rate);
        let tail = (0..(self.rt60 * rate) as usize)
            .map(|n| 0.08 * dice.normal() * (decay * n as f32).exp());
        let mut response = vec![0.0; delay];
        response.extend(tail);
        response[delay] += 1.0;
        let energy: f32 = response.iter().map(|tap| tap * tap).sum();
        let gain = 10_f32.powf(-self.loss_db / 20.0) / energy.sqrt();
        response.iter_mut().for_each(|tap| *tap *= gain);
        response
    }

    /// What the microphone hears of what the loudspeaker plays.
    pub fn echo(&self, played: &[f32]) -> Vec<f32> {
        let bent: Vec<f32> = played.iter().map(|sample| self.bent(*sample)).collect();
        convolve(&bent, &self.response())
    }

    /// A loudspeaker at its end: it gives out less than it is given, and more to one side than to the other.
    fn bent(&self, sample: f32) -> f32 {
        match self.bend {
            0.0 => sample,
            bend => (bend * sample).tanh() / bend + 0.3 * bend * sample * sample,
        }
    }

    pub fn noise(&self, len: usize) -> Vec<f32> {
        noise(self.seed + 100, self.noise_dbfs, len)
    }
}

/// The first signal through a filter, as long as the first.
pub fn convolve(signal: &[f32], response: &[f32]) -> Vec<f32> {
    let len = (signal.len() + response.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, back) = (planner.plan_fft_forward(len), planner.plan_fft_inverse(len));
    let spectrum_of = |samples: &[f32]| {
        let mut padded = samples.to_vec();
        padded.resize(len, 0.0);
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut padded, &mut spectrum).unwrap();
        spectrum
    };
    let mut product = spectrum_of(signal);
    for (bin, other) in product.iter_mut().zip(spectrum_of(response)) {
        *bin *= other;
    }
    let mut out = vec![0.0; len];
    back.process(&mut product, &mut out).unwrap();
    out.truncate(signal.len());
    out.iter_mut().for_each(|sample| *sample /= len as f32);
    out
}

/// Adds signals up.
pub fn sum(signals: &[&[f32]]) -> Vec<f32> {
    let len = signals.iter().map(|signal| signal.len()).min().unwrap_or(0);
    (0..len)
        .map(|at| signals.iter().map(|signal| signal[at]).sum())
        .collect()
}
