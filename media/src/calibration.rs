//! How the loudspeaker is heard in the microphone: a short test signal is played, found again in what the microphone
//! hears, and told as a delay and a level. Frames in, frames out, on the ticks of the media thread.

use std::f32::consts::PI;

use realfft::{RealFftPlanner, num_complex::Complex};

use crate::signal::power;

/// Samples a second of what is played and heard.
pub const RATE: u32 = 16_000;

const FRAME: usize = RATE as usize / 50;
/// Ticks that a sound card may take to open and to begin: 5 s.
const PATIENCE: usize = 250;
/// Ticks in which the cards' clocks are followed before anything is measured, then those of the noise.
const SETTLING: usize = 25;
const LISTENING: usize = 50;
/// How often the signal is played, and how many ticks lie between its beginnings.
const REPEATS: usize = 3;
const PERIOD: usize = 50;

/// The signal sweeps evenly between these, in Hz: what small loudspeakers play and telephones carry.
const SWEEP: [f32; 2] = [200.0, 7_000.0];
const SWEEP_LEN: usize = RATE as usize * 3 / 10;
/// Its peak: well heard, far from distortion.
const SWEEP_PEAK: f32 = 0.25;
/// Samples in which it rises and falls.
const SWEEP_EDGE: usize = RATE as usize / 50;
/// The longest delay that is found, in samples: what a period leaves.
const LAGS: usize = PERIOD * FRAME - SWEEP_LEN;

/// By how much the signal has to stand above what else correlates with it; noise alone stays below 5.
const FOUND: f32 = 7.0;
/// How far the delays of two repeats may lie apart, in samples: 5 ms.
const AGREEMENT: usize = RATE as usize / 200;
/// Reflections that belong to the echo, in samples: 0.1 s.
const ROOM: usize = RATE as usize / 10;
/// Below this peak a microphone delivers zeros: the last bit of 16.
const NOTHING: f32 = 0.000_03;
/// Samples from here on are clipped, and so many of them are no accident.
const CLIPPED: f32 = 0.98;
const CLIPPED_LEAST: usize = 4;

/// What was found out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// Whether a loudspeaker plays.
    pub loudspeaker: bool,
    /// What the microphone does.
    pub microphone: Microphone,
    /// The loudspeaker in the microphone; `None`: it is not heard there.
    pub echo: Option<Echo>,
}

/// What a microphone does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Microphone {
    /// There is none.
    Absent,
    /// It delivers nothing but zeros: it is switched off.
    Mute,
    /// It hears.
    Hears {
        /// What it hears while nothing plays, dBFS.
        noise_dbfs: f32,
        /// Whether the test signal was too loud for it.
        clipped: bool,
    },
}

/// The loudspeaker as the microphone hears it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Echo {
    /// From the media thread through loudspeaker, air and microphone back to it, ms.
    pub delay_ms: f32,
    /// How loud it is beside what was played, dB; negative is quieter.
    pub level_db: f32,
}

/// A calibration that goes on.
pub struct Measurement {
    sweep: Vec<f32>,
    heard: Vec<f32>,
    /// Ticks until both devices worked.
    waited: usize,
    /// Ticks since then.
    ticks: usize,
    microphone: bool,
    loudspeaker: bool,
}

impl Default for Measurement {
    fn default() -> Self {
        Self {
            sweep: sweep(),
            heard: Vec::with_capacity(FRAME * Self::TICKS),
            waited: 0,
            ticks: 0,
            microphone: false,
            loudspeaker: false,
        }
    }
}

impl Measurement {
    const TICKS: usize = SETTLING + LISTENING + REPEATS * PERIOD;

    /// One tick of 20 ms: what the microphone has heard (`None`: it is not open) and whether the loudspeaker plays what
    /// it is given. The signal is added to `play`, the frame that it is given now. True: that was the last one.
    pub fn tick(
        &mut self,
        microphone: Option<&[f32]>,
        loudspeaker: bool,
        play: &mut [f32],
    ) -> bool {
        self.microphone = microphone.is_some();
        self.loudspeaker = loudspeaker;
        let works = self.microphone && self.loudspeaker;
        if self.ticks == 0 && !works && self.waited < PATIENCE {
            self.waited += 1;
            return false;
        }
        // A device that is missing is not measured, and one that vanishes ends the measurement.
        if !works && (!self.microphone || self.ticks > SETTLING + LISTENING) {
            return true;
        }
        let start = self.heard.len();
        self.heard.extend_from_slice(microphone.unwrap_or(&[]));
        self.heard.resize(start + FRAME, 0.0);
        self.add_sweep(play);
        self.ticks += 1;
        self.ticks >= Self::TICKS
    }

    fn add_sweep(&self, play: &mut [f32]) {
        let Some(tick) = self.ticks.checked_sub(SETTLING + LISTENING) else {
            return;
        };
        let at = tick % PERIOD * FRAME;
        for (sample, swept) in play.iter_mut().zip(self.sweep.iter().skip(at)) {
            *sample += swept;
        }
    }

    /// What was found out.
    pub fn finish(self) -> Calibration {
        let none = Calibration {
            loudspeaker: self.loudspeaker,
            microphone: Microphone::Absent,
            echo: None,
        };
        let quiet = self
            .heard
            .get(SETTLING * FRAME..(SETTLING + LISTENING) * FRAME);
        let (true, Some(quiet)) = (self.microphone, quiet) else {
            return none;
        };
        if self.heard.iter().all(|sample| sample.abs() < NOTHING) {
            let microphone = Microphone::Mute;
            return Calibration { microphone, ..none };
        }
        let noise = median(quiet.chunks_exact(FRAME).map(power).collect());
        let loud = self.heard.iter().filter(|sample| sample.abs() >= CLIPPED);
        Calibration {
            microphone: Microphone::Hears {
                noise_dbfs: decibels(noise),
                clipped: loud.count() >= CLIPPED_LEAST,
            },
            echo: self.echo(noise),
            ..none
        }
    }

    fn echo(&self, noise: f32) -> Option<Echo> {
        let periods = self.heard.get((SETTLING + LISTENING) * FRAME..)?;
        let mut finder = Finder::new(&self.sweep);
        let mut found: Vec<Found> = periods
            .chunks_exact(PERIOD * FRAME)
            .filter_map(|period| finder.find(period, noise))
            .collect();
        found.sort_by_key(|found| found.lag);
        // Chance finds something anywhere, but not twice at the same place.
        let agree = |pair: &&[Found]| pair[1].lag - pair[0].lag <= AGREEMENT;
        let pair = found.windows(2).find(agree)?;
        Some(Echo {
            delay_ms: (pair[0].lag + pair[1].lag) as f32 * 500.0 / RATE as f32,
            level_db: decibels((pair[0].gain + pair[1].gain) / 2.0),
        })
    }
}

/// The test signal: a sweep with soft edges.
fn sweep() -> Vec<f32> {
    let rate = RATE as f32;
    let seconds = SWEEP_LEN as f32 / rate;
    let edge = |n: usize| {
        let inside = n.min(SWEEP_LEN - 1 - n) as f32 / SWEEP_EDGE as f32;
        0.5 - 0.5 * (PI * inside.min(1.0)).cos()
    };
    let sample = |n: usize| {
        let time = n as f32 / rate;
        let cycles = time * (SWEEP[0] + (SWEEP[1] - SWEEP[0]) * time / (2.0 * seconds));
        SWEEP_PEAK * edge(n) * (2.0 * PI * cycles.fract()).sin()
    };
    (0..SWEEP_LEN).map(sample).collect()
}

/// The signal found in one period.
struct Found {
    /// Where it begins, in samples.
    lag: usize,
    /// Its power beside what was played.
    gain: f32,
}

/// Looks for the signal by correlation.
struct Finder {
    planner: RealFftPlanner<f32>,
    /// The signal's spectrum, turned round in time.
    pattern: Vec<Complex<f32>>,
    energy: f32,
}

impl Finder {
    const LEN: usize = (PERIOD * FRAME + SWEEP_LEN).next_power_of_two();

    fn new(sweep: &[f32]) -> Self {
        let mut planner = RealFftPlanner::new();
        let mut pattern = spectrum(&mut planner, sweep);
        pattern.iter_mut().for_each(|bin| *bin = bin.conj());
        Self {
            planner,
            pattern,
            energy: sweep.iter().map(|sample| sample * sample).sum(),
        }
    }

    fn find(&mut self, period: &[f32], noise: f32) -> Option<Found> {
        let correlation = self.correlate(period);
        let peak = correlation.iter().copied().fold(0.0, f32::max);
        if peak <= FOUND * median(correlation.clone()) / 0.674_5 {
            return None;
        }
        // The straight way comes before its reflections, even where one of them is louder.
        let lag = correlation.iter().position(|level| *level >= 0.5 * peak)?;
        let heard = &period[lag..(lag + SWEEP_LEN + ROOM).min(period.len())];
        let all: f32 = heard.iter().map(|sample| sample * sample).sum();
        let hum = noise * heard.len() as f32;
        // Within noise only the correlation tells how much of it is the signal.
        let gain = match all > 2.0 * hum {
            true => (all - hum) / self.energy,
            false => (peak / self.energy).powi(2),
        };
        Some(Found { lag, gain })
    }

    /// How much of the signal there is at each lag.
    fn correlate(&mut self, period: &[f32]) -> Vec<f32> {
        let mut product = spectrum(&mut self.planner, period);
        for (bin, pattern) in product.iter_mut().zip(&self.pattern) {
            *bin *= pattern;
        }
        let back = self.planner.plan_fft_inverse(Self::LEN);
        let mut out = back.make_output_vec();
        // Fails for buffers of another length alone.
        let _ = back.process(&mut product, &mut out);
        out.truncate(LAGS);
        let scale = |sample: f32| sample.abs() / Self::LEN as f32;
        out.into_iter().map(scale).collect()
    }
}

fn spectrum(planner: &mut RealFftPlanner<f32>, samples: &[f32]) -> Vec<Complex<f32>> {
    let forward = planner.plan_fft_forward(Finder::LEN);
    let mut padded = samples.to_vec();
    padded.resize(Finder::LEN, 0.0);
    let mut bins = forward.make_output_vec();
    // Fails for buffers of another length alone.
    let _ = forward.process(&mut padded, &mut bins);
    bins
}

fn median(mut values: Vec<f32>) -> f32 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

fn decibels(power: f32) -> f32 {
    10.0 * power.max(1e-12).log10()
}
