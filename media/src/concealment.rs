//! Voice in place of lost packets for codecs without concealment of their own.
//!
//! While nobody knows what follows, the last pitch periods go on and fade, in the manner of ITU-T G.711
//! Appendix I but without its delay. As soon as the packet after the gap is there, the rest of the gap is bridged
//! from both sides: the past goes on, the future is led up to by its own first periods, the one's time is bent a
//! little so that both are in phase, and one goes over into the other.

use crate::pitch;

/// Pitch periods sought in the past, ms: 200 Hz down to 66 Hz; a higher voice shows at twice its period.
const MIN_LAG_MS: f32 = 5.0;
const MAX_LAG_MS: f32 = 15.0;
/// And in the one packet that the future is known by.
const MIN_FUTURE_LAG_MS: f32 = 2.5;
const MAX_FUTURE_LAG_MS: f32 = 12.5;
/// Enough for three of the longest periods and a quarter.
const HISTORY_MS: f32 = 48.75;
/// The stretch compared when the period is sought: in the past, and in the future.
const COMPARED_MS: f32 = 20.0;
const FUTURE_COMPARED_MS: f32 = 7.5;
/// One period for so long, then two, then three: a single one repeated turns into a buzz.
const PERIOD_STEP_MS: f32 = 10.0;
const MAX_PERIODS: usize = 3;
/// Full volume until here, silence there.
const FADE_FROM_MS: f32 = 20.0;
const FADE_TO_MS: f32 = 120.0;
/// The made-up voice goes over into the real one within this long, longer after longer losses.
const JOIN_MS: f32 = 4.0;
const MAX_JOIN_MS: f32 = 10.0;
/// The longest gap that is bridged, ms: beyond it both sides have nothing to do with each other.
const BRIDGE_MS: f32 = 80.0;
/// What bending time costs in likeness, for the most that it may be bent.
const BEND_PENALTY: f32 = 0.05;

/// What was heard last, and the loss that is being concealed.
#[derive(Debug)]
pub(crate) struct Concealment {
    sample_rate: u32,
    history: Vec<f32>,
    /// The history as it was when the loss began, newest first. As the bridge, it has no room before the first loss.
    before: Vec<f32>,
    loss: Option<Periods>,
    /// What leads to the next packet, once that is known.
    bridge: Bridge,
}

/// The way over a gap whose end is known.
#[derive(Debug, Default)]
struct Bridge {
    /// What is heard of it, from `given` to `end`, and then the first of what it leads to.
    samples: Vec<f32>,
    given: usize,
    end: usize,
    /// The past going on, as room to work in.
    past: Vec<f32>,
}

impl Bridge {
    fn left(&self) -> &[f32] {
        &self.samples[self.given..self.end]
    }

    /// Gives what there is of it, and tells how much.
    fn give(&mut self, out: &mut [f32]) -> usize {
        let left = self.left();
        let len = left.len().min(out.len());
        out[..len].copy_from_slice(&left[..len]);
        self.given += len;
        len
    }

    /// What would be heard next if it led on.
    fn ahead(&self) -> &[f32] {
        &self.samples[self.given..]
    }

    fn clear(&mut self) {
        self.samples.clear();
        (self.given, self.end) = (0, 0);
    }
}

/// The last pitch periods before a loss, going on. Also those after it, backwards.
#[derive(Debug, Clone, Copy)]
struct Periods {
    sample_rate: u32,
    lag: usize,
    repeated: Repeat,
    /// The fewer periods repeated until just now, and how many samples of them still fade.
    fewer: Option<(Repeat, usize)>,
    /// Samples made up so far.
    elapsed: usize,
    /// The step from the last real sample to the first made-up one, taken out over a quarter.
    step: f32,
}

/// The last `len` samples before the loss, over and over.
#[derive(Debug, Clone, Copy)]
struct Repeat {
    len: usize,
    quarter: usize,
    position: usize,
}

impl Repeat {
    fn next(&mut self, before: &[f32]) -> f32 {
        let left = self.len - self.position; // to the seam where the end meets the start
        let sample = before[left - 1];
        self.position = (self.position + 1) % self.len;
        if left > self.quarter {
            return sample;
        }
        // What led up to the start fades in, so that the seam is smooth.
        let rise = 1.0 - left as f32 / (self.quarter + 1) as f32;
        sample * (1.0 - rise) + before[self.len + left - 1] * rise
    }
}

impl Periods {
    /// From `before`, newest first, whose period is this `lag`.
    fn new(before: &[f32], sample_rate: u32, lag: usize) -> Self {
        Periods {
            sample_rate,
            lag,
            repeated: Repeat {
                len: lag,
                quarter: lag / 4,
                position: 0,
            },
            fewer: None,
            elapsed: 0,
            step: before[0] - before[lag],
        }
    }

    /// The next sample, as loud as the last ones were.
    fn next_even(&mut self, before: &[f32]) -> f32 {
        let count = self.repeated.len / self.lag;
        let turn = pitch::samples_of(PERIOD_STEP_MS, self.sample_rate) * count;
        let room = before.len() >= (count + 1) * self.lag + self.repeated.quarter;
        if count < MAX_PERIODS && room && self.elapsed == turn {
            let more = Repeat {
                len: self.repeated.len + self.lag,
                position: self.repeated.position % self.lag,
                ..self.repeated
            };
            let fewer = std::mem::replace(&mut self.repeated, more);
            self.fewer = Some((fewer, more.quarter));
        }
        let quarter = self.repeated.quarter;
        let mut sample = self.repeated.next(before);
        if let Some((fewer, left)) = &mut self.fewer {
            let fall = *left as f32 / (quarter + 1) as f32;
            sample = sample * (1.0 - fall) + fewer.next(before) * fall;
            *left -= 1;
            if *left == 0 {
                self.fewer = None;
            }
        }
        if self.elapsed < quarter {
            sample += self.step * (1.0 - (self.elapsed + 1) as f32 / (quarter + 1) as f32);
        }
        self.elapsed += 1;
        sample
    }

    /// The next sample, fading.
    fn next(&mut self, before: &[f32]) -> f32 {
        let gain = fade(self.elapsed, self.sample_rate);
        self.next_even(before) * gain
    }
}

/// The volume after so many samples made up.
fn fade(elapsed: usize, sample_rate: u32) -> f32 {
    let ms = elapsed as f32 * 1_000.0 / sample_rate as f32;
    1.0 - ((ms - FADE_FROM_MS) / (FADE_TO_MS - FADE_FROM_MS)).clamp(0.0, 1.0)
}

impl Concealment {
    pub(crate) fn new(sample_rate: u32) -> Self {
        let len = pitch::samples_of(HISTORY_MS, sample_rate);
        Concealment {
            sample_rate,
            history: vec![0.0; len],
            before: Vec::new(),
            loss: None,
            bridge: Bridge::default(),
        }
    }

    fn samples(&self, ms: f32) -> usize {
        pitch::samples_of(ms, self.sample_rate)
    }

    fn ms(&self, samples: usize) -> f32 {
        samples as f32 * 1_000.0 / self.sample_rate as f32
    }

    /// Whether what was heard last was made up.
    pub(crate) fn is_concealing(&self) -> bool {
        self.loss.is_some()
    }

    /// Takes decoded audio, and joins it to what was made up before it, if anything was. `is_expected`: it is what
    /// [`Concealment::lead_to`] has led to, and not one that has come late and goes before it.
    pub(crate) fn receive(&mut self, frame: &mut [f32], is_expected: bool) {
        if let Some(mut loss) = self.loss.take()
            && !(is_expected && self.is_bridged())
        {
            let longer = 0.4 * (self.ms(loss.elapsed) - PERIOD_STEP_MS).max(0.0);
            let join = self
                .samples((JOIN_MS + longer).min(MAX_JOIN_MS))
                .min(frame.len());
            let ahead = self.bridge.ahead();
            for (index, sample) in frame[..join].iter_mut().enumerate() {
                let rise = (index + 1) as f32 / (join + 1) as f32;
                let blind = loss.next(&self.before);
                let made = ahead.get(index).copied().unwrap_or(blind);
                *sample = *sample * rise + made * (1.0 - rise);
            }
        }
        self.bridge.clear();
        self.remember(frame);
    }

    /// The gap has been bridged to its end: what comes now follows by itself.
    fn is_bridged(&self) -> bool {
        self.bridge.end > 0 && self.bridge.left().is_empty()
    }

    /// Makes up what follows; nobody knows what comes after it, unless [`Concealment::lead_to`] has said so.
    pub(crate) fn conceal(&mut self, out: &mut [f32]) {
        let mut loss = match self.loss {
            Some(loss) => loss,
            None => self.begin(),
        };
        let ready = self.bridge.give(out);
        // Beneath the bridge, time goes on for who has to do without it.
        for _ in 0..ready {
            loss.next_even(&self.before);
        }
        for sample in &mut out[ready..] {
            *sample = loss.next(&self.before);
        }
        if ready < out.len() {
            self.leave_bridge(&mut out[ready..]);
        }
        self.loss = Some(loss);
        self.remember(out);
    }

    /// What the bridge led to has not come: what was made up without it takes over from it.
    fn leave_bridge(&mut self, out: &mut [f32]) {
        let join = self.samples(JOIN_MS).min(out.len());
        let ahead = self.bridge.ahead().iter();
        for (index, (sample, ahead)) in out[..join].iter_mut().zip(ahead).enumerate() {
            let rise = (index + 1) as f32 / (join + 1) as f32;
            *sample = *sample * rise + ahead * (1.0 - rise);
        }
        self.bridge.clear();
    }

    /// The packet that begins so many samples from now is `future`: the gap up to it will be bridged. Longer
    /// gaps than [`BRIDGE_MS`], and futures too short to have a period, are left alone.
    pub(crate) fn lead_to(&mut self, future: &[f32], gap: usize) {
        let max = self.samples(MAX_FUTURE_LAG_MS);
        let compared = self.samples(FUTURE_COMPARED_MS);
        let fits = gap <= self.samples(BRIDGE_MS) && future.len() >= max + compared;
        if gap == 0 || !fits || !self.bridge.left().is_empty() {
            return;
        }
        let begun = match self.loss {
            Some(loss) => loss,
            None => self.begin(),
        };
        let mut forwards = begun;
        let min = self.samples(MIN_FUTURE_LAG_MS);
        // Read from its beginning on, the future is its own past, backwards.
        let period = pitch::best_lag(future, self.sample_rate, compared, min, max).samples;
        let mut backwards = Periods::new(future, self.sample_rate, period);

        let reach = forwards.lag / 2;
        let elapsed = forwards.elapsed;
        let Bridge {
            samples,
            given,
            end,
            past,
        } = &mut self.bridge;
        past.clear();
        past.extend((0..gap + reach + 2).map(|_| forwards.next_even(&self.before)));
        samples.clear();
        (*given, *end) = (0, gap);
        samples.resize(gap, 0.0);
        for sample in samples.iter_mut().rev() {
            *sample = backwards.next(future);
        }
        let bend = best_bend(past, samples, reach, self.sample_rate);
        for (index, sample) in samples.iter_mut().enumerate() {
            let rise = (index + 1) as f32 / (gap + 1) as f32;
            let before = bent(past, index, rise, bend) * fade(elapsed + index, self.sample_rate);
            *sample = before * (1.0 - rise) + *sample * rise;
        }
        let head = pitch::samples_of(MAX_JOIN_MS, self.sample_rate);
        self.bridge.samples.extend_from_slice(&future[..head]);
        self.loss.get_or_insert(begun);
    }

    fn remember(&mut self, heard: &[f32]) {
        let len = self.history.len();
        if heard.len() >= len {
            self.history.copy_from_slice(&heard[heard.len() - len..]);
        } else {
            self.history.copy_within(heard.len().., 0);
            self.history[len - heard.len()..].copy_from_slice(heard);
        }
    }

    fn begin(&mut self) -> Periods {
        self.before.clear();
        self.before.extend(self.history.iter().rev());
        let (min, max) = (self.samples(MIN_LAG_MS), self.samples(MAX_LAG_MS));
        let compared = self.samples(COMPARED_MS);
        let lag = pitch::best_lag(&self.before, self.sample_rate, compared, min, max).samples;
        Periods::new(&self.before, self.sample_rate, lag)
    }
}

/// The past going on at `index`, its time bent by `bend` samples at the end of the gap and by less before.
fn bent(past: &[f32], index: usize, share: f32, bend: isize) -> f32 {
    let at = (index as f32 + bend as f32 * share).max(0.0);
    let (whole, part) = (at as usize, at.fract());
    let next = past[(whole + 1).min(past.len() - 1)];
    past[whole.min(past.len() - 1)] * (1.0 - part) + next * part
}

/// By how many samples the past's time must be bent until the end of the gap, so that it is most like what leads
/// to the future. The first third of the gap does not count: there the past is heard anyway.
fn best_bend(past: &[f32], future: &[f32], reach: usize, sample_rate: u32) -> isize {
    let gap = future.len();
    // Half a step of 8 kHz is near enough.
    let step = (sample_rate as usize / 8_000).max(1);
    let reach = reach as isize;
    let likeness = |bend: isize| {
        let (mut product, mut here, mut there) = (0.0_f32, 1e-9_f32, 1e-9_f32);
        for index in (gap / 3..gap).step_by(step) {
            let a = bent(past, index, (index + 1) as f32 / (gap + 1) as f32, bend);
            let b = future[index];
            product += a * b;
            here += a * a;
            there += b * b;
        }
        let cost = BEND_PENALTY * bend.unsigned_abs() as f32 / reach.max(1) as f32;
        product / (here * there).sqrt() - cost
    };
    let likely = |bend: isize| (bend, likeness(bend));
    (-reach..=reach)
        .step_by(step)
        .map(likely)
        .max_by(|one, other| one.1.total_cmp(&other.1))
        .map_or(0, |(bend, _)| bend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;

    /// A tone through losses of the given frames of 20 ms.
    fn heard(rate: u32, lost: &[usize]) -> Vec<f32> {
        let frame = rate as usize / 50;
        let mut voice = signal::tone(rate, 205.0, 0.5, frame * 50);
        let mut concealment = Concealment::new(rate);
        for (index, frame) in voice.chunks_exact_mut(frame).enumerate() {
            if lost.contains(&index) {
                concealment.conceal(frame);
            } else {
                concealment.receive(frame, false);
            }
        }
        voice
    }

    fn largest_step(samples: &[f32]) -> f32 {
        samples
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn a_lost_frame_of_a_steady_voice_is_hardly_heard() {
        for rate in [8_000, 16_000] {
            let heard = heard(rate, &[20]);
            let frame = rate as usize / 50;
            let around = &heard[19 * frame..22 * frame];
            assert!(
                signal::tone_to_noise(around, rate, 205.0) > 12.0,
                "at {rate}"
            );
            let natural = largest_step(&heard[..10 * frame]);
            assert!(largest_step(&heard) < 1.6 * natural, "a click at {rate}");
        }
    }

    #[test]
    fn a_long_loss_fades_to_silence_within_120_ms_and_the_voice_comes_back_without_a_click() {
        let heard = heard(8_000, &[20, 21, 22, 23, 24, 25, 26]);
        assert_eq!(signal::power(&heard[26 * 160..27 * 160]), 0.0);
        assert!(largest_step(&heard) < 1.6 * largest_step(&heard[..1_600]));
        assert!(signal::has_tone(&heard[28 * 160..29 * 160], 8_000, 205.0));
    }

    #[test]
    fn a_gap_whose_end_is_known_is_bridged_in_phase() {
        for rate in [8_000, 16_000] {
            // A voice whose pitch moves: whoever goes on with the last period is out of phase 60 ms later.
            let (frame, mut phase) = (rate as usize / 50, 0.0_f32);
            let voice: Vec<f32> = (0..frame * 50)
                .map(|at| {
                    let hz = 160.0 + 20.0 * at as f32 / rate as f32;
                    phase += std::f32::consts::TAU * hz / rate as f32;
                    0.3 * phase.sin() + 0.15 * (2.0 * phase).sin()
                })
                .collect();
            let gap = 20 * frame..23 * frame;
            let error = |knows: bool| {
                let mut heard = voice.clone();
                let mut concealment = Concealment::new(rate);
                concealment.receive(&mut heard[..gap.start], false);
                if knows {
                    concealment.lead_to(&voice[gap.end..gap.end + frame], gap.len());
                }
                for frame in heard[gap.clone()].chunks_exact_mut(frame) {
                    concealment.conceal(frame);
                }
                concealment.receive(&mut heard[gap.end..], knows);
                assert!(largest_step(&heard) < 1.3 * largest_step(&voice));
                let around = gap.start..gap.end + frame;
                let differences = heard[around.clone()].iter().zip(&voice[around]);
                differences
                    .map(|(one, other)| (one - other).powi(2))
                    .sum::<f32>()
            };
            let (bridged, blind) = (error(true), error(false));
            assert!(bridged < 0.6 * blind, "{bridged} against {blind} at {rate}");
        }
    }

    #[test]
    fn futures_and_gaps_that_cannot_be_bridged_are_left_alone() {
        for (future, gap) in [(0, 160), (159, 160), (160, 0), (160, 641)] {
            let mut voice = signal::tone(8_000, 205.0, 0.5, 1_600);
            let (mut knowing, mut blind) = (Concealment::new(8_000), Concealment::new(8_000));
            knowing.receive(&mut voice, false);
            blind.receive(&mut voice, false);
            knowing.lead_to(&vec![0.7; future], gap);
            let (mut one, mut other) = ([0.0; 160], [0.0; 160]);
            knowing.conceal(&mut one);
            blind.conceal(&mut other);
            assert_eq!(one, other, "{future} {gap}");
        }
    }

    #[test]
    fn whatever_comes_after_a_bridge_joins_without_a_click() {
        for hz in [110.0, 133.0, 157.0, 181.0, 205.0] {
            let voice = signal::tone(8_000, hz, 0.5, 8_000);
            let natural = largest_step(&voice);
            // So much of the gap is heard before the missing packet comes after all; or the gap goes on, and
            // another packet comes than the one that was led to.
            for (heard_of_gap, comes_from) in [(160, 3_200), (64, 3_200), (240, 3_440)] {
                let mut heard = voice[..3_200].to_vec();
                let mut concealment = Concealment::new(8_000);
                concealment.receive(&mut heard, false);
                concealment.lead_to(&voice[3_360..3_520], 160);
                let mut gap = vec![0.0; heard_of_gap];
                concealment.conceal(&mut gap);
                let mut late = voice[comes_from..comes_from + 160].to_vec();
                concealment.receive(&mut late, false);
                let heard = [heard, gap, late].concat();
                let step = largest_step(&heard);
                assert!(
                    step < 1.6 * natural,
                    "{hz} Hz, {heard_of_gap}: {step} for {natural}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_made_up_from_silence() {
        let mut concealment = Concealment::new(8_000);
        let mut out = [1.0; 160];
        concealment.conceal(&mut out);
        assert_eq!(signal::power(&out), 0.0);
    }
}
