//! Opus by libopus: one channel, tuned for speech, within what the peer's decoder wants.

use opus::{Application, Bandwidth, Bitrate, Channels, Signal, SoftClip};

use super::{CodecError, OpusParams};

const SAMPLE_RATE: u32 = 48_000;
/// RFC 7587 §6.1: maxaveragebitrate lies between these.
const BITRATE_RANGE: std::ops::RangeInclusive<u32> = 6_000..=510_000;
/// 0 to 10. Up to 5 speech gains at no cost worth counting; 6 costs an eighth more for a hundredth of a point of opinion.
const COMPLEXITY: i32 = 5;
/// Without libopus' own high-pass filter, for which voices are judged less like themselves: the microphone has ours.
const APPLICATION: Application = Application::Audio;
/// The loss expected before any report, percent. Above it, the bits of the highest frequencies are
/// better spent on the voice and its copies: 16 kHz are enough.
const FIRST_EXPECTED_LOSS: u8 = 5;
const LOSSY_PLAYBACK_RATE: u32 = 16_000;
/// Samples of the longest frame of more than wide band. Longer packets have several of those, and the copy
/// in the first one stands for a part of the packet before only (RFC 6716 §3.1).
const LONGEST_HYBRID: usize = 960;
/// Beyond this the copies eat the voice itself.
const MAX_EXPECTED_LOSS: u8 = 15;

/// The audio bandwidths of RFC 6716 §2 with the bit rate that speech takes in each (RFC 7587 §3.1.1), and
/// room for the copies, bits a second. Where losses narrow the band, its bits are left to the copies.
const BANDS: [(Bandwidth, u32, u32); 5] = [
    // Bandwidth, its highest frequency in Hz, bit rate.
    (Bandwidth::Fullband, 20_000, 64_000),
    (Bandwidth::Superwideband, 12_000, 40_000),
    (Bandwidth::Wideband, 8_000, 32_000),
    (Bandwidth::Mediumband, 6_000, 22_000),
    (Bandwidth::Narrowband, 4_000, 18_000),
];

/// The widest band that a player of this sampling rate can play whole, Hz (RFC 7587 §6.1).
fn band(max_playback_rate: u32) -> (Bandwidth, u32) {
    let fits = |(_, highest, _): &&(Bandwidth, u32, u32)| 2 * highest <= max_playback_rate;
    let (band, _, bitrate) = BANDS.iter().find(fits).unwrap_or(&BANDS[BANDS.len() - 1]);
    (*band, *bitrate)
}

pub(super) struct OpusEncoder {
    inner: opus::Encoder,
    max_playback_rate: u32,
    expected_loss: u8,
    /// Packets are longer than one frame of more than wide band.
    is_long: bool,
}

impl OpusEncoder {
    pub(super) fn new(params: &OpusParams) -> Result<Self, CodecError> {
        let mut inner = opus::Encoder::new(SAMPLE_RATE, Channels::Mono, APPLICATION)?;
        let (band, bitrate) = band(params.max_playback_rate);
        let bitrate = bitrate
            .min(params.max_bitrate.unwrap_or(bitrate))
            .clamp(*BITRATE_RANGE.start(), *BITRATE_RANGE.end());
        inner.set_max_bandwidth(band)?;
        inner.set_bitrate(Bitrate::Bits(bitrate as i32))?;
        inner.set_vbr(!params.cbr)?;
        inner.set_complexity(COMPLEXITY)?;
        inner.set_signal(Signal::Voice)?;
        inner.set_inband_fec(params.fec)?;
        inner.set_dtx(params.dtx)?;
        inner.set_packet_loss_perc(i32::from(FIRST_EXPECTED_LOSS))?;
        Ok(OpusEncoder {
            inner,
            max_playback_rate: params.max_playback_rate,
            expected_loss: FIRST_EXPECTED_LOSS,
            is_long: false,
        })
    }

    pub(super) fn encode(
        &mut self,
        samples: &[f32],
        payload: &mut [u8],
    ) -> Result<usize, CodecError> {
        let is_long = samples.len() > LONGEST_HYBRID;
        if is_long != self.is_long {
            self.is_long = is_long;
            self.limit_band()?;
        }
        Ok(self.inner.encode_float(samples, payload)?)
    }

    pub(super) fn expect_loss(&mut self, percent: u8) -> Result<(), CodecError> {
        let percent = percent.min(MAX_EXPECTED_LOSS);
        if percent != self.expected_loss {
            self.expected_loss = percent;
            self.inner.set_packet_loss_perc(i32::from(percent))?;
            self.limit_band()?;
        }
        Ok(())
    }

    fn limit_band(&mut self) -> Result<(), CodecError> {
        let is_lossy =
            self.expected_loss > FIRST_EXPECTED_LOSS || self.is_long && self.expected_loss > 0;
        let most = match is_lossy {
            true => self.max_playback_rate.min(LOSSY_PLAYBACK_RATE),
            false => self.max_playback_rate,
        };
        Ok(self.inner.set_max_bandwidth(band(most).0)?)
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
/// RFC 6716 §4.2.3: the SILK layer starts, for each channel, with one VAD bit for each 20 ms, then
/// the LBRR bit; all have even odds, so that the range coder leaves them as plain bits.
pub(super) fn carries_fec(packet: &[u8]) -> bool {
    let Some((bits, header)) = silk_header(packet) else {
        return false;
    };
    let lbrr = |channel: u32| header << (channel * (bits + 1) + bits) & 0x80 != 0;
    lbrr(0) || is_stereo(packet) && lbrr(1)
}

/// Whether the packet says that its sender is silent, so that nothing may follow for a while: a
/// frame in which nobody speaks, or none at all (RFC 6716 §2.1.9, RFC 7587 §3.1.3).
pub(super) fn is_pause(packet: &[u8]) -> bool {
    let Some((bits, header)) = silk_header(packet) else {
        return packet.len() <= 2;
    };
    let speaks = |channel: u32| (header << (channel * (bits + 1))) >> (8 - bits) != 0;
    let is_single = packet[0] & 0x03 == 0;
    packet.len() <= 2 || is_single && !speaks(0) && !(is_stereo(packet) && speaks(1))
}

/// Clock units (1/48000 s) of each frame in the packet (RFC 6716 §3.1).
pub(super) fn frame_units(packet: &[u8]) -> Option<i64> {
    let config = packet.first()? >> 3;
    let step = usize::from(config & 3);
    Some(match config {
        0..=11 => [480, 960, 1_920, 2_880][step],
        12..=15 => [480, 960][step & 1],
        _ => [120, 240, 480, 960][step],
    })
}

fn is_stereo(packet: &[u8]) -> bool {
    packet.first().is_some_and(|toc| toc & 0x04 != 0)
}

/// The VAD bits a channel has in the SILK layer, and the octet they stand in; `None` where there is
/// no such layer.
fn silk_header(packet: &[u8]) -> Option<(u32, u8)> {
    let config = packet.first()? >> 3;
    let vad_bits = match config {
        0..=11 => [1, 1, 2, 3][usize::from(config & 3)],
        12..=15 => 1,
        _ => return None, // CELT alone
    };
    Some((vad_bits, *first_frame(packet)?.first()?))
}

/// The first frame, and what follows it (RFC 6716 §3.2).
fn first_frame(packet: &[u8]) -> Option<&[u8]> {
    match packet {
        [toc, rest @ ..] if toc & 0x03 < 2 => Some(rest),
        [toc, rest @ ..] if toc & 0x03 == 2 => after_length(rest),
        [_, count, rest @ ..] => {
            let mut rest = rest;
            if count & 0x40 != 0 {
                // Padding is as long as octets say, of which 255 goes on.
                let more = rest.iter().take_while(|octet| **octet == 255).count();
                rest = rest.get(more + 1..)?;
            }
            let lengths = if count & 0x80 != 0 {
                (count & 0x3f).saturating_sub(1)
            } else {
                0
            };
            for _ in 0..lengths {
                rest = after_length(rest)?;
            }
            Some(rest)
        }
        _ => None,
    }
}

/// What stands behind a frame's length, which has two octets from 252 on (RFC 6716 §3.2.1).
fn after_length(octets: &[u8]) -> Option<&[u8]> {
    octets.get(if *octets.first()? < 252 { 1 } else { 2 }..)
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
    fn speech_never_goes_without_the_layer_that_knows_pauses_and_copies() {
        let mut voice = speech_like(960 * 50);
        voice.resize(960 * 100, 0.0);
        for (fec, loss) in [(false, 0), (false, 5), (true, 0), (true, 15)] {
            let params = OpusParams {
                fec,
                ..OpusParams::default()
            };
            let mut encoder = OpusEncoder::new(&params).unwrap();
            encoder.expect_loss(loss).unwrap();
            for frame in voice.chunks_exact(960) {
                let mut payload = [0; 400];
                let len = encoder.encode(frame, &mut payload).unwrap();
                let layer = silk_header(&payload[..len]);
                assert!(layer.is_some(), "{fec} {loss}: {:?}", &payload[..1]);
            }
        }
    }

    #[test]
    fn no_copy_is_seen_in_celt_packets_or_scraps() {
        assert!(!carries_fec(&[]));
        assert!(!carries_fec(&[0x08]));
        assert!(!carries_fec(&[31 << 3, 0xff]));
    }
}
