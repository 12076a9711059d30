//! A voice in bands of 8 kHz, as WebRTC's processing takes it: up to 8 kHz, up to 16, and what is above.

pub use sonora::three_band_filter_bank::NUM_BANDS;
use sonora::three_band_filter_bank::{FULL_BAND_SIZE, SPLIT_BAND_SIZE, ThreeBandFilterBank};
use sonora_common_audio::push_sinc_resampler::PushSincResampler;

use crate::random::Random;

/// Samples a second of each band.
pub const BAND_RATE: u32 = 16_000;
/// Samples of each band in 10 ms and in 20.
pub const HALF_LEN: usize = SPLIT_BAND_SIZE;
pub const BAND_LEN: usize = 2 * HALF_LEN;
/// Samples in bands have the scale of 16-bit integers.
const FULL_SCALE: f32 = 32_768.0;
/// Noise of so much of a 16-bit step, which nobody hears. In the silence of zeros all filters fade into numbers too small for
/// the processor's quick way, and take fourteen times as long; to switch those numbers off takes unsafe code.
const DITHER: f32 = 0.2;

/// 20 ms of a voice, the lowest band first. The upper ones of a voice of up to 16 kHz are silent.
pub type Bands = [Vec<f32>; NUM_BANDS];

/// No sound.
pub fn silence() -> Bands {
    std::array::from_fn(|_| vec![0.0; BAND_LEN])
}

/// Takes frames of one rate apart into bands, and puts them together again.
pub struct FilterBank {
    rate: u32,
    /// To the inner rate and back, where it is another.
    resamplers: Option<[PushSincResampler; 2]>,
    /// Where there is more than the lowest band.
    bank: Option<ThreeBandFilterBank>,
    /// 20 ms at the inner rate.
    whole: Vec<f32>,
    dither: Random,
}

impl FilterBank {
    /// For frames of 20 ms at `rate`, Hz. Banks of other seeds have another noise.
    pub fn new(rate: u32, seed: u64) -> Self {
        let has_upper = rate > BAND_RATE;
        let inner = if has_upper {
            NUM_BANDS as u32 * BAND_RATE
        } else {
            BAND_RATE
        };
        let (outside, inside) = (rate as usize / 50, inner as usize / 50);
        let resamplers = || {
            [(outside, inside), (inside, outside)]
                .map(|(from, to)| PushSincResampler::new(from, to))
        };
        Self {
            rate,
            resamplers: (rate != inner).then(resamplers),
            bank: has_upper.then(ThreeBandFilterBank::new),
            whole: vec![0.0; inside],
            dither: Random::new(seed),
        }
    }

    /// The rate of its frames, Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The rate at which they are worked on, Hz.
    pub fn inner_rate(&self) -> u32 {
        self.whole.len() as u32 * 50
    }

    /// Takes a frame in. What it gives is at the inner rate.
    pub fn enter(&mut self, frame: &[f32]) {
        match &mut self.resamplers {
            Some([inwards, _]) => {
                inwards.resample(frame, &mut self.whole);
            }
            None => self.whole.copy_from_slice(frame),
        }
    }

    /// Takes what is in it apart.
    pub fn split(&mut self, bands: &mut Bands) {
        for sample in &mut self.whole {
            *sample = *sample * FULL_SCALE + (self.dither.next_f32() - 0.5) * DITHER;
        }
        let Some(bank) = &mut self.bank else {
            let [lowest, upper @ ..] = bands;
            lowest.copy_from_slice(&self.whole);
            upper.iter_mut().for_each(|band| band.fill(0.0));
            return;
        };
        let (halves, _) = self.whole.as_chunks::<FULL_BAND_SIZE>();
        for (index, half) in halves.iter().enumerate() {
            let mut split = [[0.0; HALF_LEN]; NUM_BANDS];
            bank.analysis(half, &mut split);
            for (band, split) in bands.iter_mut().zip(&split) {
                band.as_chunks_mut().0[index] = *split;
            }
        }
    }

    /// Puts it together again.
    pub fn merge(&mut self, bands: &Bands) {
        match &mut self.bank {
            None => self.whole.copy_from_slice(&bands[0]),
            Some(bank) => {
                let (halves, _) = self.whole.as_chunks_mut::<FULL_BAND_SIZE>();
                for (index, half) in halves.iter_mut().enumerate() {
                    let split = bands.each_ref().map(|band| band.as_chunks().0[index]);
                    bank.synthesis(&split, half);
                }
            }
        }
        for sample in &mut self.whole {
            *sample /= FULL_SCALE;
        }
    }

    /// What is in it, at the inner rate.
    pub fn whole(&mut self) -> &mut [f32] {
        &mut self.whole
    }

    /// Gives out what is in it as a frame.
    pub fn leave(&mut self, frame: &mut [f32]) {
        match &mut self.resamplers {
            Some([_, outwards]) => {
                outwards.resample(&self.whole, frame);
            }
            None => frame.copy_from_slice(&self.whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{power, tone};

    /// What a bank makes of a signal that is taken apart and put together, and the bands of its last frame.
    fn through(rate: u32, signal: &[f32]) -> (Vec<f32>, Bands) {
        let (mut bank, mut bands) = (FilterBank::new(rate, 1), silence());
        let mut out = signal.to_vec();
        for frame in out.chunks_exact_mut(rate as usize / 50) {
            bank.enter(frame);
            bank.split(&mut bands);
            bank.merge(&bands);
            bank.leave(frame);
        }
        (out, bands)
    }

    #[test]
    fn a_voice_taken_apart_is_put_together_within_a_decibel() {
        for (rate, pitches) in [
            (8_000, &[300.0, 2_500.0][..]),
            (16_000, &[300.0, 7_000.0]),
            (48_000, &[300.0, 9_000.0, 18_000.0]),
        ] {
            for pitch in pitches {
                let signal = tone(rate, *pitch, 0.3, rate as usize);
                let (out, _) = through(rate, &signal);
                let settled = rate as usize / 10;
                let change = power(&out[settled..]) / power(&signal[settled..]);
                assert!((0.8..1.1).contains(&change), "{rate}, {pitch}: {change}");
            }
        }
    }

    #[test]
    fn each_band_holds_its_8_khz() {
        for (pitch, band) in [(2_000.0, 0), (12_000.0, 1), (20_000.0, 2)] {
            let (_, bands) = through(48_000, &tone(48_000, pitch, 0.3, 9_600));
            let [wanted, other] = [true, false].map(|is_wanted| {
                let bands = bands.iter().enumerate();
                let bands = bands.filter(|(index, _)| (*index == band) == is_wanted);
                bands.map(|(_, samples)| power(samples)).sum::<f32>()
            });
            assert!(wanted > 100.0 * other, "{pitch}: {wanted}, {other}");
        }
    }

    #[test]
    fn silence_is_never_quite_zero_and_never_heard() {
        for rate in [8_000, 16_000, 48_000] {
            let (out, bands) = through(rate, &vec![0.0; rate as usize]);
            assert!(
                bands[0]
                    .iter()
                    .all(|sample| sample.abs() > f32::MIN_POSITIVE)
            );
            assert!(power(&out) < 1e-11, "{rate}: {}", power(&out));
        }
    }
}
