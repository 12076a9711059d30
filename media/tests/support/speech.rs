//! Recorded speech: what three people say to callers, two women and a man, in English, Russian and Italian.
//! Debian's packages asterisk-core-sounds-*-g722 bring it (Allison Smith, Carlo, IvrvoiceRU; CC-BY-SA 3.0).

use std::fs;
use std::path::Path;

use ringbook_media::codec::{Codec, Decoder};
use ringbook_media::resample::convert_all;

const FOLDER: &str = "/usr/share/asterisk/sounds";
const RECORDINGS: [&str; 6] = [
    "en_US_f_Allison/priv-callee-options",
    "it_IT_m_Carlo/priv-callee-options",
    "ru_RU_f_IvrvoiceRU/priv-callee-options",
    "en_US_f_Allison/demo-congrats",
    "it_IT_m_Carlo/demo-congrats",
    "ru_RU_f_IvrvoiceRU/demo-congrats",
];
/// The rate of the recordings.
pub const RATE: u32 = 16_000;
/// Seconds of each recording that make a clip, and the silence before the next.
const CLIP_S: usize = 8;
const PAUSE_S: usize = 1;
/// Speech is brought to this level, dB below full scale (ITU-T P.56 says -26 for what is talked).
const LEVEL_DB: f32 = -26.0;

/// A conversation's one side and where in it each clip stands.
pub struct Speech {
    /// Samples a second.
    pub rate: u32,
    /// All clips with silence between them.
    pub samples: Vec<f32>,
    clips: usize,
}

impl Speech {
    /// The first `clips` clips, two of each recording at most, at 16 kHz.
    ///
    /// # Panics
    /// The packages are not installed: `scripts/install-packages test` does that.
    pub fn load(clips: usize) -> Self {
        let mut samples = Vec::new();
        for index in 0..clips {
            let recording = RECORDINGS[index % RECORDINGS.len()];
            let mut clip = decode(recording);
            let from = index / RECORDINGS.len() * CLIP_S * RATE as usize;
            clip.drain(..from);
            clip.truncate(CLIP_S * RATE as usize);
            level(&mut clip);
            samples.extend(clip);
            samples.resize(samples.len() + PAUSE_S * RATE as usize, 0.0);
        }
        Speech {
            rate: RATE,
            samples,
            clips,
        }
    }

    /// The same at another rate.
    pub fn at(&self, rate: u32) -> Self {
        Speech {
            rate,
            samples: at_rate(&self.samples, self.rate, rate),
            clips: self.clips,
        }
    }

    /// The clips of it, each with the silence after it, as found in something of the same length.
    pub fn clips<'a>(&self, heard: &'a [f32]) -> impl Iterator<Item = &'a [f32]> {
        let len = (CLIP_S + PAUSE_S) * self.rate as usize;
        (0..self.clips).map(move |index| {
            let end = ((index + 1) * len).min(heard.len());
            &heard[(index * len).min(end)..end]
        })
    }
}

fn decode(recording: &str) -> Vec<f32> {
    let path = Path::new(FOLDER).join(recording).with_extension("g722");
    let octets = fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; scripts/install-packages test", path.display())
    });
    let mut decoder = Decoder::new(Codec::G722).unwrap();
    let mut samples = Vec::new();
    let mut block = [0.0; 320];
    for payload in octets.chunks(160) {
        let len = decoder.decode(payload, &mut block).unwrap();
        samples.extend_from_slice(&block[..len]);
    }
    samples
}

fn level(clip: &mut [f32]) {
    // The mean over what is spoken, not over the pauses.
    let spoken: Vec<f32> = clip
        .chunks(320)
        .map(ringbook_media::signal::power)
        .filter(|power| *power > 1e-5)
        .collect();
    let mean = spoken.iter().sum::<f32>() / spoken.len().max(1) as f32;
    let gain = (10.0_f32.powf(LEVEL_DB / 10.0) / mean).sqrt();
    for sample in clip {
        *sample = (*sample * gain).clamp(-1.0, 1.0);
    }
}

/// A sound at another rate.
pub fn at_rate(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    match from == to {
        true => samples.to_vec(),
        false => convert_all(samples, from, to),
    }
}
