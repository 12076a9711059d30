//! Decoded audio waiting to be heard, in the rate of the one who hears.

use crate::codec::CodecError;

/// Samples and RTP clock units of the same second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) samples: u32,
    pub(super) units: u32,
}

impl Rate {
    pub(super) fn units(self, samples: usize) -> i64 {
        samples as i64 * i64::from(self.units) / i64::from(self.samples)
    }

    pub(super) fn samples(self, units: i64) -> usize {
        (units.max(0) * i64::from(self.samples) / i64::from(self.units)) as usize
    }
}

/// The queue, and a resampler if the peer sends with a codec of another rate than ours.
pub(super) struct Playout {
    samples: Vec<f32>,
    start: usize,
    resampling: Option<Resampling>,
}

struct Resampling {
    inner: audio_codec::resampler::BoxedResampler,
    from: usize,
    to: usize,
    input: Vec<i16>,
    output: Vec<i16>,
}

impl Playout {
    /// A queue of audio at rate `from`, heard at rate `to`.
    pub(super) fn new(from: u32, to: u32) -> Result<Self, CodecError> {
        let resampling = if from == to {
            None
        } else {
            Some(Resampling::new(from, to)?)
        };
        Ok(Playout {
            samples: Vec::new(),
            start: 0,
            resampling,
        })
    }

    /// Samples waiting, at their own rate.
    pub(super) fn held(&self) -> usize {
        self.samples.len() - self.start
    }

    /// How many samples, at their own rate, are missing for a frame of `len` heard samples.
    pub(super) fn missing(&self, len: usize) -> usize {
        let needed = match &self.resampling {
            Some(resampling) => len * resampling.from / resampling.to,
            None => len,
        };
        needed.saturating_sub(self.held())
    }

    pub(super) fn push(&mut self, samples: &[f32]) {
        self.samples.drain(..self.start);
        self.start = 0;
        self.samples.extend_from_slice(samples);
    }

    /// Fills `out`; what is missing is silence.
    pub(super) fn pop(&mut self, out: &mut [f32]) {
        let needed = match &self.resampling {
            Some(resampling) => out.len() * resampling.from / resampling.to,
            None => out.len(),
        };
        let taken = needed.min(self.held());
        let samples = &self.samples[self.start..self.start + taken];
        match &mut self.resampling {
            Some(resampling) => resampling.convert(samples, out),
            None => {
                out[..taken].copy_from_slice(samples);
                out[taken..].fill(0.0);
            }
        }
        self.start += taken;
    }
}

impl Resampling {
    fn new(from: u32, to: u32) -> Result<Self, CodecError> {
        let (from, to) = (from as usize, to as usize);
        let inner =
            audio_codec::resampler::BoxedResampler::new(from, to).map_err(CodecError::Resampler)?;
        Ok(Resampling {
            inner,
            from,
            to,
            input: Vec::new(),
            output: Vec::new(),
        })
    }

    fn convert(&mut self, samples: &[f32], out: &mut [f32]) {
        self.input.clear();
        self.input
            .extend(samples.iter().map(|sample| (sample * 32_768.0) as i16));
        self.output
            .resize(self.inner.max_output_samples(self.input.len()), 0);
        let len = self
            .inner
            .resample_into(&self.input, &mut self.output)
            .unwrap_or(0);
        let len = len.min(out.len());
        for (sample, pcm) in out.iter_mut().zip(&self.output[..len]) {
            *sample = f32::from(*pcm) / 32_768.0;
        }
        out[len..].fill(0.0);
    }
}
