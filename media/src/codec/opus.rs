//! Opus by libopus: 48 kHz, one channel, tuned for speech.

use opus::{Application, Bitrate, Channels, Signal, SoftClip};

use super::{CodecError, OpusParams};

const SAMPLE_RATE: u32 = 48_000;
/// Bits a second when the peer asks for no limit: full-band speech with room for FEC.
const BITRATE: u32 = 32_000;
/// RFC 7587 §6.1: maxaveragebitrate lies between these.
const BITRATE_RANGE: std::ops::RangeInclusive<u32> = 6_000..=510_000;
/// 0 to 10; above 5 the processor's time doubles for what no ear hears in speech.
const COMPLEXITY: i32 = 5;
/// The loss expected in any case, percent. At our bitrate libopus writes no FEC below this, and a
/// report that tells of loss comes seconds after it.
const MIN_EXPECTED_LOSS: u8 = 10;
/// Beyond this the copies would eat the voice itself.
const MAX_EXPECTED_LOSS: u8 = 30;

pub(super) struct OpusEncoder {
    inner: opus::Encoder,
    expected_loss: u8,
}

impl OpusEncoder {
    pub(super) fn new(params: &OpusParams) -> Result<Self, CodecError> {
        let mut inner = opus::Encoder::new(SAMPLE_RATE, Channels::Mono, Application::Voip)?;
        let bitrate = BITRATE
            .min(params.max_bitrate.unwrap_or(BITRATE))
            .clamp(*BITRATE_RANGE.start(), *BITRATE_RANGE.end());
        inner.set_bitrate(Bitrate::Bits(bitrate as i32))?;
        inner.set_complexity(COMPLEXITY)?;
        inner.set_signal(Signal::Voice)?;
        inner.set_inband_fec(params.fec)?;
        inner.set_dtx(params.dtx)?;
        inner.set_packet_loss_perc(i32::from(MIN_EXPECTED_LOSS))?;
        Ok(OpusEncoder {
            inner,
            expected_loss: MIN_EXPECTED_LOSS,
        })
    }

    pub(super) fn encode(
        &mut self,
        samples: &[f32],
        payload: &mut [u8],
    ) -> Result<usize, CodecError> {
        Ok(self.inner.encode_float(samples, payload)?)
    }

    pub(super) fn expect_loss(&mut self, percent: u8) -> Result<(), CodecError> {
        let percent = percent.clamp(MIN_EXPECTED_LOSS, MAX_EXPECTED_LOSS);
        if percent != self.expected_loss {
            self.inner.set_packet_loss_perc(i32::from(percent))?;
            self.expected_loss = percent;
        }
        Ok(())
    }
}

pub(super) struct OpusDecoder {
    inner: opus::Decoder,
    /// libopus gives floats beyond full scale, by far for a packet made for it.
    clip: SoftClip,
}

impl OpusDecoder {
    pub(super) fn new() -> Result<Self, CodecError> {
        Ok(OpusDecoder {
            inner: opus::Decoder::new(SAMPLE_RATE, Channels::Mono)?,
            clip: SoftClip::new(Channels::Mono),
        })
    }

    pub(super) fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        if payload.is_empty() {
            // libopus would take it for a loss.
            return Ok(0);
        }
        let written = self.inner.decode_float(payload, out, false)?.min(out.len());
        self.clip.apply(&mut out[..written]);
        Ok(written)
    }

    /// `out` is a multiple of 2.5 ms long.
    pub(super) fn conceal(
        &mut self,
        next: Option<&[u8]>,
        out: &mut [f32],
    ) -> Result<(), CodecError> {
        let (payload, fec) = next.map_or((&[][..], false), |next| (next, true));
        let written = self.inner.decode_float(payload, out, fec)?.min(out.len());
        out[written..].fill(0.0);
        self.clip.apply(&mut out[..written]);
        Ok(())
    }
}

/// Whether the packet's first frame holds a low-rate copy of the frame before (LBRR).
///
/// RFC 6716 §3.1 (TOC) and §4.2.3: a SILK frame starts with one VAD bit for each 20 ms, then the
/// LBRR bit; both have even odds, so that the range coder leaves them as plain bits.
pub(super) fn carries_fec(packet: &[u8]) -> bool {
    let (Some(&toc), Some(&first)) = (packet.first(), packet.get(1)) else {
        return false;
    };
    let (config, stereo, code) = (toc >> 3, toc & 0x04 != 0, toc & 0x03);
    if stereo || code > 1 {
        return false;
    }
    let vad_bits = match config {
        0..=11 => [1, 1, 2, 3][usize::from(config & 3)],
        12..=15 => 1,
        _ => return false, // CELT alone has none
    };
    first >> (7 - vad_bits) & 1 == 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::signal;

    fn speech_like(len: usize) -> Vec<f32> {
        let carrier = signal::tone(SAMPLE_RATE, 220.0, 0.3, len);
        let wobble = signal::tone(SAMPLE_RATE, 3.0, 0.9, len);
        carrier
            .iter()
            .zip(&wobble)
            .map(|(a, b)| a * (1.0 + b))
            .collect()
    }

    #[test]
    fn with_loss_expected_packets_carry_the_frame_before_and_a_lost_one_comes_back() {
        let params = OpusParams {
            fec: true,
            ..OpusParams::default()
        };
        let mut encoder = OpusEncoder::new(&params).unwrap();
        encoder.expect_loss(20).unwrap();
        let voice = speech_like(960 * 50);
        let packets: Vec<Vec<u8>> = voice
            .chunks_exact(960)
            .map(|frame| {
                let mut payload = [0; 400];
                let len = encoder.encode(frame, &mut payload).unwrap();
                payload[..len].to_vec()
            })
            .collect();
        assert!(packets.iter().filter(|packet| carries_fec(packet)).count() > 30);

        // The same loss, once recovered and once extrapolated, against the undisturbed decoding.
        let decode = |lost: usize, fec: bool| {
            let mut decoder = OpusDecoder::new().unwrap();
            let mut heard = Vec::new();
            for (index, packet) in packets.iter().enumerate() {
                let mut out = [0.0; 960];
                if index == lost {
                    let next = fec.then_some(&packets[index + 1][..]);
                    decoder.conceal(next, &mut out).unwrap();
                } else {
                    decoder.decode(packet, &mut out).unwrap();
                }
                heard.extend_from_slice(&out);
            }
            heard
        };
        let whole = decode(usize::MAX, false);
        let error = |heard: &[f32], lost: usize| {
            let range = lost * 960..(lost + 1) * 960;
            let difference: Vec<f32> = heard[range.clone()]
                .iter()
                .zip(&whole[range])
                .map(|(heard, whole)| heard - whole)
                .collect();
            signal::power(&difference)
        };
        let (mut recovered, mut guessed) = (0.0, 0.0);
        for lost in (10..48).filter(|lost| carries_fec(&packets[lost + 1])) {
            recovered += error(&decode(lost, true), lost);
            guessed += error(&decode(lost, false), lost);
        }
        assert!(
            recovered < guessed,
            "recovered {recovered}, guessed {guessed}"
        );
    }

    #[test]
    fn no_copy_is_seen_in_celt_packets_or_scraps() {
        assert!(!carries_fec(&[]));
        assert!(!carries_fec(&[0x08]));
        assert!(!carries_fec(&[31 << 3, 0xff]));
    }
}
