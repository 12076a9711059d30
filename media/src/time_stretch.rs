//! Makes a stretch of voice a pitch period longer or shorter without changing its pitch (WSOLA).

use crate::pitch;

/// Periods taken out or put in, ms.
const MIN_LAG_MS: f32 = 2.5;
const MAX_LAG_MS: f32 = 12.5;
/// The length over which one period goes over into another.
const OVERLAP_MS: f32 = 5.0;
/// Voice is touched only where it repeats itself this well.
const LIKE_ENOUGH: f32 = 0.85;
/// Below this mean square it is a pause whatever it is like, -55 dBFS; above the other, -32 dBFS,
/// it is none; between them the noise floor decides.
const SILENT: f32 = 3e-6;
const LOUD: f32 = 6e-4;
/// A pause is at most this much louder than the floor.
const ABOVE_FLOOR: f32 = 3.0;
/// How fast the floor follows the signal up; it falls at once by half the way.
const FLOOR_RISE: f32 = 0.002;

/// Tells pauses, in which any change goes unheard, from voice.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    floor: Option<f32>,
}

impl Pauses {
    pub(crate) fn is_pause(&mut self, block: &[f32]) -> bool {
        let power = block.iter().map(|sample| sample * sample).sum::<f32>() / block.len() as f32;
        let floor = self.floor.get_or_insert(power);
        let speed = if power < *floor { 0.5 } else { FLOOR_RISE };
        *floor += speed * (power - *floor);
        power < SILENT || (power < LOUD && power < *floor * ABOVE_FLOOR)
    }
}

/// The period by which the block may change; `None` where a change would be heard.
fn period(block: &[f32], sample_rate: u32, most: usize, pause: bool) -> Option<usize> {
    let overlap = pitch::samples_of(OVERLAP_MS, sample_rate);
    let min = pitch::samples_of(MIN_LAG_MS, sample_rate);
    let max = pitch::samples_of(MAX_LAG_MS, sample_rate)
        .min(block.len().saturating_sub(overlap))
        .min(most);
    if max < min {
        return None;
    }
    if pause {
        return Some(max);
    }
    let lag = pitch::best_lag(block, sample_rate, overlap, min, max);
    (lag.likeness >= LIKE_ENOUGH).then_some(lag.samples)
}

/// Takes out one period of at most `most` samples, in a `pause` just as many; the block then ends
/// that much sooner. Tells how many samples were taken out.
pub(crate) fn shorten(block: &mut [f32], sample_rate: u32, most: usize, pause: bool) -> usize {
    let Some(lag) = period(block, sample_rate, most, pause) else {
        return 0;
    };
    let overlap = pitch::samples_of(OVERLAP_MS, sample_rate);
    for index in 0..overlap {
        let rise = (index + 1) as f32 / (overlap + 1) as f32;
        block[index] = block[index] * (1.0 - rise) + block[index + lag] * rise;
    }
    block.copy_within(overlap + lag.., overlap);
    lag
}

/// Puts in `most` samples in a `pause`, and in a voice one period of at most as many. `block` is the room; the first
/// `len` samples of it are the voice. Tells how many samples were put in.
pub(crate) fn lengthen(
    block: &mut [f32],
    len: usize,
    sample_rate: u32,
    most: usize,
    pause: bool,
) -> usize {
    let overlap = pitch::samples_of(OVERLAP_MS, sample_rate);
    let room = (block.len() - len).min(len.saturating_sub(overlap));
    let most = most.min(room);
    let lag = match pause {
        true => most,
        false => period(&block[..len], sample_rate, most, false).unwrap_or(0),
    };
    if lag == 0 {
        return 0;
    }
    // Once up to a period's end, then again from its start: the second time moves up.
    block.copy_within(..len, lag);
    // What followed the first period fades out under the second's start; it now lies one lag up.
    for index in 0..overlap {
        let rise = (index + 1) as f32 / (overlap + 1) as f32;
        let first = block.get(index + 2 * lag).copied().unwrap_or_default();
        block[index + lag] = first * (1.0 - rise) + block[index + lag] * rise;
    }
    lag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;

    fn largest_step(samples: &[f32]) -> f32 {
        samples
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn a_voice_loses_or_gains_a_period_and_keeps_its_pitch_without_a_click() {
        for rate in [8_000_u32, 16_000, 48_000] {
            let frame = rate as usize / 50;
            let voice = signal::tone(rate, 200.0, 0.5, frame * 3);
            let whole = rate as usize / 100..; // pitch 5 ms: lags of 5 or 10 ms

            let mut shorter = voice.clone();
            let taken = shorten(&mut shorter[frame..2 * frame], rate, frame, false);
            assert!(
                taken > 0 && taken.is_multiple_of(rate as usize / 200),
                "{taken} at {rate}"
            );
            shorter.drain(2 * frame - taken..2 * frame);

            let mut block = voice[frame..2 * frame].to_vec();
            block.resize(2 * frame, 0.0);
            let put = lengthen(&mut block, frame, rate, frame, false);
            assert!(
                put > 0 && put.is_multiple_of(rate as usize / 200),
                "{put} at {rate}"
            );
            let mut longer = voice[..frame].to_vec();
            longer.extend_from_slice(&block[..frame + put]);
            longer.extend_from_slice(&voice[2 * frame..]);

            let natural = largest_step(&voice);
            for changed in [&shorter, &longer] {
                assert!(largest_step(changed) < 1.2 * natural, "a click at {rate}");
                assert!(signal::tone_to_noise(&changed[whole.clone()], rate, 200.0) > 20.0);
            }
        }
    }

    #[test]
    fn noise_is_left_alone_and_a_pause_changes_by_as_much_as_is_asked() {
        let mut random = crate::random::Random::new(1);
        let mut noise: Vec<f32> = (0..160).map(|_| random.next_f32() - 0.5).collect();
        assert_eq!(shorten(&mut noise, 8_000, 160, false), 0);
        let mut pause = [0.0; 320];
        assert_eq!(shorten(&mut pause[..160], 8_000, 40, true), 40);
        assert_eq!(lengthen(&mut pause, 160, 8_000, 30, true), 30);
        assert_eq!(
            shorten(&mut pause[..160], 8_000, 10, true),
            0,
            "less than the least period"
        );
    }
}
