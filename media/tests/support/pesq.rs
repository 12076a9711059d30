//! PESQ of what was heard, by the package `pesq` of PyPI.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::speech::{RATE, Speech, at_rate};

/// What PESQ listens to: telephone band (P.862 with P.862.1) or wide band (P.862.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    Narrow,
    Wide,
}

impl Band {
    fn rate(self) -> u32 {
        match self {
            Band::Narrow => 8_000,
            Band::Wide => RATE,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Band::Narrow => "nb",
            Band::Wide => "wb",
        }
    }
}

/// Scores heard speech, many pieces at a time.
pub struct Listener {
    python: PathBuf,
    folder: tempfile::TempDir,
    lines: String,
    /// Pairs noted of each piece.
    pieces: Vec<usize>,
}

impl Listener {
    /// With a Python that has the package.
    pub fn new(python: PathBuf) -> Self {
        Listener {
            python,
            folder: tempfile::tempdir().unwrap(),
            lines: String::new(),
            pieces: Vec::new(),
        }
    }

    /// Notes what was heard, at `rate`, of the speech: of the same length but for delays.
    pub fn note(&mut self, band: Band, speech: &Speech, heard: &[f32], rate: u32) {
        let spoken = speech.at(band.rate());
        let heard = at_rate(heard, rate, band.rate());
        let piece = self.pieces.len();
        let mut pairs = 0;
        for (index, (spoken, heard)) in spoken
            .clips(&spoken.samples)
            .zip(spoken.clips(&heard))
            .enumerate()
        {
            let name = |side| {
                self.folder
                    .path()
                    .join(format!("{piece}-{index}-{side}.wav"))
            };
            let (said, got) = (name("said"), name("heard"));
            write(&said, band.rate(), spoken);
            write(&got, band.rate(), heard);
            let line = format!("{}\t{}\t{}\n", band.name(), said.display(), got.display());
            self.lines.push_str(&line);
            pairs += 1;
        }
        self.pieces.push(pairs);
    }

    /// The mean score, MOS-LQO, of each piece noted.
    pub fn scores(self) -> Vec<f32> {
        let mut child = Command::new(&self.python)
            .args(["-c", include_str!("listen.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(self.lines.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "PESQ ended with {}", output.status);
        let told = String::from_utf8(output.stdout).unwrap();
        let mut scores = told.lines().map(|score| score.parse::<f32>().unwrap());
        let mean = |pairs: &usize| scores.by_ref().take(*pairs).sum::<f32>() / *pairs as f32;
        self.pieces.iter().map(mean).collect()
    }
}

fn write(path: &Path, rate: u32, samples: &[f32]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        file.write_sample((sample * 32_767.0) as i16).unwrap();
    }
    file.finalize().unwrap();
}
