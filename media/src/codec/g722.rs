//! ITU-T G.722 at 64 kbit/s, written from the Recommendation and bit-exact with its Appendix II
//! sequences. (The `audio-codec` crate's G.722 starts its quantisers in a wrong state and fails
//! those sequences.)
//!
//! 16 kHz audio is split into two bands of 8 kHz by a quadrature mirror filter; the lower is coded
//! with six bits a sample, the higher with two, each by adaptive differential PCM. Names and
//! numbers of blocks are the Recommendation's.

/// The mirror filter's coefficients of even index; those of odd index are the same backwards
/// (Table 11).
const MIRROR: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
const TAPS: usize = 24;
/// Samples coded at a time, an even number.
pub(super) const BLOCK: usize = 320;

/// Decision levels of the lower band's 60-level quantiser (Table 14, Q6).
const LOWER_LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023,
    1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// Output levels of the lower band by its six-bit code (Table 18, QM6).
const LOWER_OUTPUTS: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
    -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776,
    -2400, -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280,
    11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776,
    2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
/// What adapts the lower predictor: by the four upper bits of the code (Table 17, QM4).
const LOWER_ADAPTATION: [i32; 16] = [
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584,
    1200, 0,
];
/// The lower scale factor's step by the same four bits (Tables 19 and 20, WL by RL42).
const LOWER_STEPS: [i32; 16] = [
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
];
/// The higher band by its two bits: output level (QM2) and the scale factor's step (WH by RH2).
const HIGHER_OUTPUTS: [i32; 4] = [-7408, -1616, 7408, 1616];
const HIGHER_STEPS: [i32; 4] = [798, -214, 798, -214];
/// The higher band's one decision level (Table 14, Q2).
const HIGHER_LEVEL: i32 = 564;
/// 2^(n/32), n = 0..31, times 2048 (Table 21, ILB).
const INVERSE_LOG: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

fn saturate(value: i32) -> i32 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX))
}

/// The adaptive predictor of a band (block 4).
#[derive(Debug, Clone, Default)]
struct Predictor {
    /// The signal's estimate, and the part of it from the zeros.
    estimate: i32,
    from_zeros: i32,
    /// Reconstructed and partially reconstructed signal, newest first.
    reconstructed: [i32; 2],
    partial: [i32; 2],
    poles: [i32; 2],
    /// Quantised differences, newest first.
    differences: [i32; 6],
    zeros: [i32; 6],
}

impl Predictor {
    fn adapt(&mut self, difference: i32) {
        let reconstructed = saturate(self.estimate + difference); // RECONS
        let partial = saturate(self.from_zeros + difference); // PARREC
        let same = [
            partial < 0 && self.partial[0] < 0 || partial >= 0 && self.partial[0] >= 0,
            partial < 0 && self.partial[1] < 0 || partial >= 0 && self.partial[1] >= 0,
        ];

        // UPPOL2
        let first = saturate(self.poles[0] << 2);
        let first = if same[0] { -first } else { first }.min(32_767);
        let second =
            (first >> 7) + if same[1] { 128 } else { -128 } + ((self.poles[1] * 32_512) >> 15);
        let second = second.clamp(-12_288, 12_288);
        // UPPOL1
        let first = saturate(if same[0] { 192 } else { -192 } + ((self.poles[0] * 32_640) >> 15));
        let most = saturate(15_360 - second);
        self.poles = [first.clamp(-most, most), second];

        // UPZERO
        let step = if difference == 0 { 0 } else { 128 };
        for (zero, past) in self.zeros.iter_mut().zip(&self.differences) {
            let same = (*past < 0) == (difference < 0);
            *zero = saturate(if same { step } else { -step } + ((*zero * 32_640) >> 15));
        }

        // DELAYA
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];

        // FILTEP, FILTEZ, PREDIC
        let scaled =
            |coefficient: &i32, signal: &i32| (*coefficient * saturate(*signal << 1)) >> 15;
        let from_poles = self
            .poles
            .iter()
            .zip(&self.reconstructed)
            .map(|(a, r)| scaled(a, r));
        let from_zeros = self
            .zeros
            .iter()
            .zip(&self.differences)
            .map(|(b, d)| scaled(b, d));
        self.from_zeros = saturate(from_zeros.sum());
        self.estimate = saturate(saturate(from_poles.sum()) + self.from_zeros);
    }
}

/// The quantiser's scale (blocks 3L and 3H): LOGSCL/H and SCALEL/H.
#[derive(Debug, Clone)]
struct Scale {
    factor: i32,
    log: i32,
    most: i32,
    shift: i32,
}

impl Scale {
    fn adapt(&mut self, step: i32) {
        self.log = (((self.log * 127) >> 7) + step).clamp(0, self.most);
        let mantissa = INVERSE_LOG[(self.log >> 6) as usize & 31];
        let shift = self.shift - (self.log >> 11);
        self.factor = if shift < 0 {
            mantissa << -shift
        } else {
            mantissa >> shift
        } << 2;
    }
}

#[derive(Debug, Clone)]
struct LowerBand {
    predictor: Predictor,
    scale: Scale,
}

impl LowerBand {
    fn new() -> Self {
        let scale = Scale {
            factor: 32,
            log: 0,
            most: 18_432,
            shift: 8,
        };
        LowerBand {
            predictor: Predictor::default(),
            scale,
        }
    }

    fn encode(&mut self, sample: i32) -> u8 {
        let difference = saturate(sample - self.predictor.estimate); // SUBTRA
        let size = if difference < 0 {
            !difference
        } else {
            difference
        };
        // QUANTL: the levels rise, so that the place is where they stop being reached.
        let place =
            LOWER_LEVELS.partition_point(|level| size >= (level * self.scale.factor) >> 12) as u8;
        let code = match (difference < 0, place) {
            (true, 0..=1) => 63 - place,
            (true, _) => 33 - place,
            (false, _) => 61 - place,
        };
        self.adapt(code);
        code
    }

    fn decode(&mut self, code: u8) -> i32 {
        let code = code & 0x3f;
        // INVQBL, RECONS, LIMIT
        let difference = (self.scale.factor * LOWER_OUTPUTS[usize::from(code)]) >> 15;
        let sample = (self.predictor.estimate + difference).clamp(-16_384, 16_383);
        self.adapt(code);
        sample
    }

    fn adapt(&mut self, code: u8) {
        let upper = usize::from(code >> 2);
        let difference = (self.scale.factor * LOWER_ADAPTATION[upper]) >> 15; // INVQAL
        self.scale.adapt(LOWER_STEPS[upper]);
        self.predictor.adapt(difference);
    }
}

#[derive(Debug, Clone)]
struct HigherBand {
    predictor: Predictor,
    scale: Scale,
}

impl HigherBand {
    fn new() -> Self {
        let scale = Scale {
            factor: 8,
            log: 0,
            most: 22_528,
            shift: 10,
        };
        HigherBand {
            predictor: Predictor::default(),
            scale,
        }
    }

    fn encode(&mut self, sample: i32) -> u8 {
        let difference = saturate(sample - self.predictor.estimate); // SUBTRA
        let size = if difference < 0 {
            !difference
        } else {
            difference
        };
        let far = size >= (HIGHER_LEVEL * self.scale.factor) >> 12; // QUANTH
        let code = match (difference < 0, far) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        self.adapt(code);
        code
    }

    fn decode(&mut self, code: u8) -> i32 {
        let difference = self.difference(code);
        let sample = (self.predictor.estimate + difference).clamp(-16_384, 16_383);
        self.adapt(code);
        sample
    }

    fn difference(&self, code: u8) -> i32 {
        (self.scale.factor * HIGHER_OUTPUTS[usize::from(code & 3)]) >> 15 // INVQAH
    }

    fn adapt(&mut self, code: u8) {
        let difference = self.difference(code);
        self.scale.adapt(HIGHER_STEPS[usize::from(code & 3)]);
        self.predictor.adapt(difference);
    }
}

/// The mirror filter over 24 values: the sums of those of even and of odd index.
fn mirror(window: &[i32]) -> (i32, i32) {
    let (mut even, mut odd) = (0, 0);
    for ((pair, forwards), backwards) in
        window.chunks_exact(2).zip(&MIRROR).zip(MIRROR.iter().rev())
    {
        even += pair[0] * forwards;
        odd += pair[1] * backwards;
    }
    (even, odd)
}

/// 16 kHz audio in, an octet for each two samples out.
#[derive(Debug, Clone)]
pub(super) struct Encoder {
    lower: LowerBand,
    higher: HigherBand,
    history: [i32; TAPS - 2],
}

impl Encoder {
    pub(super) fn new() -> Self {
        Encoder {
            lower: LowerBand::new(),
            higher: HigherBand::new(),
            history: [0; TAPS - 2],
        }
    }

    /// Encodes at most [`BLOCK`] samples, an even number; tells the octets written.
    pub(super) fn encode(&mut self, samples: &[i16], codes: &mut [u8]) -> usize {
        let mut line = [0_i32; TAPS - 2 + BLOCK];
        let len = samples.len().min(BLOCK) / 2 * 2;
        line[..TAPS - 2].copy_from_slice(&self.history);
        for (place, sample) in line[TAPS - 2..].iter_mut().zip(&samples[..len]) {
            *place = i32::from(*sample);
        }
        for (index, code) in codes.iter_mut().take(len / 2).enumerate() {
            let (even, odd) = mirror(&line[2 * index..2 * index + TAPS]);
            let lower = self.lower.encode((even + odd) >> 14);
            let higher = self.higher.encode((odd - even) >> 14);
            *code = higher << 6 | lower;
        }
        self.history.copy_from_slice(&line[len..len + TAPS - 2]);
        (len / 2).min(codes.len())
    }
}

/// Octets in, two samples of 16 kHz audio for each out.
#[derive(Debug, Clone)]
pub(super) struct Decoder {
    lower: LowerBand,
    higher: HigherBand,
    history: [i32; TAPS - 2],
}

impl Decoder {
    pub(super) fn new() -> Self {
        Decoder {
            lower: LowerBand::new(),
            higher: HigherBand::new(),
            history: [0; TAPS - 2],
        }
    }

    /// Decodes at most half of [`BLOCK`] octets; tells the samples written.
    pub(super) fn decode(&mut self, codes: &[u8], samples: &mut [i16]) -> usize {
        let mut line = [0_i32; TAPS - 2 + BLOCK];
        let len = codes.len().min(BLOCK / 2);
        line[..TAPS - 2].copy_from_slice(&self.history);
        for (pair, code) in line[TAPS - 2..].chunks_exact_mut(2).zip(&codes[..len]) {
            let lower = self.lower.decode(*code);
            let higher = self.higher.decode(code >> 6);
            pair.copy_from_slice(&[lower + higher, lower - higher]);
        }
        for (index, pair) in samples.chunks_exact_mut(2).take(len).enumerate() {
            let (sum, difference) = mirror(&line[2 * index..2 * index + TAPS]);
            pair.copy_from_slice(&[
                saturate(difference >> 11) as i16,
                saturate(sum >> 11) as i16,
            ]);
        }
        self.history
            .copy_from_slice(&line[2 * len..2 * len + TAPS - 2]);
        (2 * len).min(samples.len() / 2 * 2)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods)]
    use super::*;
    use crate::signal;

    /// The words of a test sequence of Appendix II, without those that say "reset" (bit 0 set).
    fn words(name: &str) -> Option<Vec<u16>> {
        let folder = "../../shared/corpora/sipx-corpora/sipx-audio/corpus/g722";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(folder)
            .join(name);
        let octets = std::fs::read(&path).ok();
        if octets.is_none() {
            eprintln!("skipped: no G.722 test sequences at {}", path.display());
        }
        let words = octets?
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect::<Vec<_>>();
        let words: Vec<_> = words.into_iter().filter(|word| word & 1 == 0).collect();
        assert!(words.len() >= 768);
        Some(words)
    }

    fn sample(word: &u16) -> i32 {
        i32::from(*word as i16) >> 1
    }

    #[test]
    fn the_encoder_gives_the_codes_of_appendix_ii() {
        for (input, codes) in [("bt1c1.xmt", "bt2r1.cod"), ("bt1c2.xmt", "bt2r2.cod")] {
            let (Some(input), Some(codes)) = (words(input), words(codes)) else {
                return;
            };
            let (mut lower, mut higher) = (LowerBand::new(), HigherBand::new());
            for (index, (input, code)) in input.iter().zip(&codes).enumerate() {
                let input = sample(input);
                let got = higher.encode(input) << 6 | lower.encode(input);
                assert_eq!(got, (code >> 8) as u8, "sample {index}");
            }
        }
    }

    #[test]
    fn the_decoder_gives_the_samples_of_appendix_ii() {
        for (codes, low, high) in [
            ("bt2r1.cod", "bt3l1.rc1", "bt3h1.rc0"),
            ("bt2r2.cod", "bt3l2.rc1", "bt3h2.rc0"),
            ("bt1d3.cod", "bt3l3.rc1", "bt3h3.rc0"),
        ] {
            let (Some(codes), Some(low), Some(high)) = (words(codes), words(low), words(high))
            else {
                return;
            };
            let (mut lower, mut higher) = (LowerBand::new(), HigherBand::new());
            for (index, code) in codes.iter().map(|word| (word >> 8) as u8).enumerate() {
                assert_eq!(
                    lower.decode(code),
                    sample(&low[index]),
                    "lower sample {index}"
                );
                assert_eq!(
                    higher.decode(code >> 6),
                    sample(&high[index]),
                    "higher sample {index}"
                );
            }
        }
    }

    #[test]
    fn tones_of_both_bands_come_through_in_their_place_and_loudness() {
        for frequency in [300.0, 1_000.0, 3_400.0, 5_000.0, 6_500.0] {
            let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
            let mut heard = Vec::new();
            for block in signal::tone(16_000, frequency, 0.5, 16_000).chunks(BLOCK) {
                let pcm: Vec<i16> = block
                    .iter()
                    .map(|sample| (sample * 32_768.0) as i16)
                    .collect();
                let (mut codes, mut out) = ([0; BLOCK / 2], [0; BLOCK]);
                assert_eq!(encoder.encode(&pcm, &mut codes), BLOCK / 2);
                assert_eq!(decoder.decode(&codes, &mut out), BLOCK);
                heard.extend(out.map(|sample| f32::from(sample) / 32_768.0));
            }
            let power = signal::power_at(&heard[1_600..], 16_000, frequency);
            assert!(
                (10.0 * (power / 0.125).log10()).abs() < 1.0,
                "{frequency} Hz: {power}"
            );
            let noise = signal::tone_to_noise(&heard[1_600..], 16_000, frequency);
            assert!(noise > 14.0, "{frequency} Hz: {noise} dB");
        }
    }
}
