//! G.711 and G.722: a fixed number of samples in an octet, no framing.

use audio_codec::Decoder as _;
use audio_codec::pcma::PcmaDecoder;
use audio_codec::pcmu::PcmuDecoder;

use super::{Codec, CodecError, MAX_PACKET_MS, g722};

/// Samples converted at a time, on the stack.
const BLOCK: usize = g722::BLOCK;

pub(super) enum WaveformEncoder {
    G711(Codec, Box<dyn audio_codec::Encoder>),
    G722(Box<g722::Encoder>),
}

fn law(codec: Codec) -> audio_codec::CodecType {
    if codec == Codec::Pcma {
        audio_codec::CodecType::PCMA
    } else {
        audio_codec::CodecType::PCMU
    }
}

impl WaveformEncoder {
    pub(super) fn new(codec: Codec) -> Self {
        match codec {
            Codec::G722 => WaveformEncoder::G722(Box::new(g722::Encoder::new())),
            _ => WaveformEncoder::G711(codec, audio_codec::create_encoder(law(codec))),
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
            let pcm = &pcm[..block.len()];
            let room = payload.get_mut(written..).unwrap_or_default();
            written +=
                match self {
                    WaveformEncoder::G711(codec, encoder) => encoder
                        .encode_into(pcm, room)
                        .map_err(|source| CodecError::G711 {
                            codec: *codec,
                            source,
                        })?,
                    WaveformEncoder::G722(encoder) => encoder.encode(pcm, room),
                };
        }
        Ok(written)
    }
}

pub(super) enum WaveformDecoder {
    G711(Codec),
    G722(Box<g722::Decoder>),
}

impl WaveformDecoder {
    pub(super) fn new(codec: Codec) -> Self {
        match codec {
            Codec::G722 => WaveformDecoder::G722(Box::new(g722::Decoder::new())),
            _ => WaveformDecoder::G711(codec),
        }
    }

    pub(super) fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        match self {
            WaveformDecoder::G711(codec) => decode_g711(*codec, payload, out),
            WaveformDecoder::G722(decoder) => decode_g722(decoder, payload, out),
        }
    }

    /// As [`WaveformDecoder::decode`], but leaves the decoder as it is.
    pub(super) fn preview(&self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        match self {
            WaveformDecoder::G711(codec) => decode_g711(*codec, payload, out),
            WaveformDecoder::G722(decoder) => {
                decode_g722(&mut g722::Decoder::clone(decoder), payload, out)
            }
        }
    }
}

fn decode_g711(codec: Codec, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
    decode_blocks(codec, 1, payload, out, |octets, pcm| {
        let decoded = match codec {
            Codec::Pcma => PcmaDecoder::new().decode_into(octets, pcm),
            _ => PcmuDecoder::new().decode_into(octets, pcm),
        };
        decoded.map_err(|source| CodecError::G711 { codec, source })
    })
}

fn decode_g722(
    decoder: &mut g722::Decoder,
    payload: &[u8],
    out: &mut [f32],
) -> Result<usize, CodecError> {
    decode_blocks(Codec::G722, 2, payload, out, |octets, pcm| {
        Ok(decoder.decode(octets, pcm))
    })
}

fn decode_blocks(
    codec: Codec,
    samples_per_octet: usize,
    payload: &[u8],
    out: &mut [f32],
    mut decode: impl FnMut(&[u8], &mut [i16]) -> Result<usize, CodecError>,
) -> Result<usize, CodecError> {
    let longest = codec.sample_rate() as usize * MAX_PACKET_MS / 1_000;
    if payload.len() * samples_per_octet > longest.min(out.len()) {
        return Err(CodecError::TooLong { codec });
    }
    let mut pcm = [0_i16; BLOCK];
    let mut written = 0;
    for octets in payload.chunks(BLOCK / samples_per_octet) {
        let len = decode(octets, &mut pcm)?;
        for (sample, pcm) in out[written..].iter_mut().zip(&pcm[..len]) {
            *sample = f32::from(*pcm) / 32_768.0;
        }
        written += len;
    }
    Ok(written)
}
