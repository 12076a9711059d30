//! G.711 and G.722: a fixed number of samples in an octet, no framing.

use super::{Codec, CodecError, MAX_PACKET_MS};

/// Samples converted at a time, on the stack.
const BLOCK: usize = 320;

/// Samples in one octet of payload.
fn samples_per_octet(codec: Codec) -> usize {
    (codec.sample_rate() / 8_000) as usize
}

fn codec_type(codec: Codec) -> audio_codec::CodecType {
    match codec {
        Codec::G722 => audio_codec::CodecType::G722,
        Codec::Pcma => audio_codec::CodecType::PCMA,
        Codec::Pcmu | Codec::Opus => audio_codec::CodecType::PCMU,
    }
}

pub(super) struct WaveformEncoder {
    codec: Codec,
    inner: Box<dyn audio_codec::Encoder>,
}

impl WaveformEncoder {
    pub(super) fn new(codec: Codec) -> Self {
        WaveformEncoder {
            codec,
            inner: audio_codec::create_encoder(codec_type(codec)),
        }
    }

    pub(super) fn encode(
        &mut self,
        samples: &[f32],
        payload: &mut [u8],
    ) -> Result<usize, CodecError> {
        let mut written = 0;
        let mut pcm = [0_i16; BLOCK];
        for block in samples.chunks(BLOCK) {
            for (pcm, sample) in pcm.iter_mut().zip(block) {
                *pcm = (sample * 32_768.0).round() as i16; // saturates
            }
            let room = payload.get_mut(written..).unwrap_or_default();
            written += self
                .inner
                .encode_into(&pcm[..block.len()], room)
                .map_err(|source| CodecError::Waveform {
                    codec: self.codec,
                    source,
                })?;
        }
        Ok(written)
    }
}

pub(super) struct WaveformDecoder {
    codec: Codec,
    inner: Box<dyn audio_codec::Decoder>,
}

impl WaveformDecoder {
    pub(super) fn new(codec: Codec) -> Self {
        WaveformDecoder {
            codec,
            inner: audio_codec::create_decoder(codec_type(codec)),
        }
    }

    pub(super) fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        let per_octet = samples_per_octet(self.codec);
        let longest = self.codec.sample_rate() as usize * MAX_PACKET_MS / 1_000;
        let samples = payload.len() * per_octet;
        if samples > longest.min(out.len()) {
            return Err(CodecError::TooLong { codec: self.codec });
        }
        let mut pcm = [0_i16; BLOCK];
        let mut written = 0;
        for block in payload.chunks(BLOCK / per_octet) {
            let len =
                self.inner
                    .decode_into(block, &mut pcm)
                    .map_err(|source| CodecError::Waveform {
                        codec: self.codec,
                        source,
                    })?;
            for (sample, pcm) in out[written..].iter_mut().zip(&pcm[..len]) {
                *sample = f32::from(*pcm) / 32_768.0;
            }
            written += len;
        }
        Ok(written)
    }
}
