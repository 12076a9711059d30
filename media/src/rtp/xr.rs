//! The VoIP metrics of extended reports (RFC 3611 §4.7), which `rtcp-types` does not know.

use rtcp_types::prelude::*;
use rtcp_types::{RtcpParseError, RtcpWriteError};

/// Octets of the block, and 32-bit words behind its first one.
const LEN: usize = 36;
const WORDS: u16 = 8;
/// "Unavailable" where an octet has no other way to say so.
const UNAVAILABLE: u8 = 127;
/// How lost packets are replaced: by more than silence or repetition (§4.7.6).
pub(crate) const CONCEALS: u8 = 0b1000_0000;
/// The jitter buffer adapts itself (§4.7.6).
pub(crate) const ADAPTS: u8 = 0b0011_0000;

/// What a receiver thinks of a voice, in the units of the wire (§4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VoipMetrics {
    /// The source it is about.
    pub(crate) ssrc: u32,
    /// Shares of packets since the beginning, 256ths.
    pub(crate) loss_rate: u8,
    pub(crate) discard_rate: u8,
    pub(crate) burst_density: u8,
    pub(crate) gap_density: u8,
    /// Mean durations, ms.
    pub(crate) burst_ms: u16,
    pub(crate) gap_ms: u16,
    pub(crate) round_trip_ms: u16,
    pub(crate) end_system_ms: u16,
    /// dBm0; `None`: not known.
    pub(crate) signal_level: Option<i8>,
    pub(crate) noise_level: Option<i8>,
    /// So many packets heard in a row end a burst.
    pub(crate) gmin: u8,
    /// Rating of the conversation, 0 to 100.
    pub(crate) r_factor: Option<u8>,
    /// Opinion scores, tenths: of who listens, and of who talks, too.
    pub(crate) mos_listening: Option<u8>,
    pub(crate) mos_conversational: Option<u8>,
    /// [`CONCEALS`], [`ADAPTS`], and four bits of how fast.
    pub(crate) config: u8,
    /// What the jitter buffer delays: at present, at most at present, at most ever, ms.
    pub(crate) buffer_ms: u16,
    pub(crate) buffer_max_ms: u16,
    pub(crate) buffer_limit_ms: u16,
}

impl XrBlockStaticType for VoipMetrics {
    const BLOCK_TYPE: u8 = 7;
}

impl<'a> XrBlockParser<'a> for VoipMetrics {
    fn parse(data: &'a [u8]) -> Result<Self, RtcpParseError> {
        let Some(data) = data.first_chunk::<LEN>() else {
            return Err(RtcpParseError::Truncated {
                expected: LEN,
                actual: data.len(),
            });
        };
        if data[2..4] != WORDS.to_be_bytes() {
            // The rest of the packet is others' (rtcp-types hands it over, too).
            return Err(RtcpParseError::Truncated {
                expected: LEN,
                actual: usize::from(u16::from_be_bytes([data[2], data[3]])) * 4 + 4,
            });
        }
        let short = |at: usize| u16::from_be_bytes([data[at], data[at + 1]]);
        let level = |at: usize| (data[at] != UNAVAILABLE).then_some(data[at] as i8);
        let known = |at: usize, range: std::ops::RangeInclusive<u8>| {
            Some(data[at]).filter(|value| range.contains(value))
        };
        Ok(VoipMetrics {
            ssrc: u32::from_be_bytes([data[4], data[5], data[6], data[7]]),
            loss_rate: data[8],
            discard_rate: data[9],
            burst_density: data[10],
            gap_density: data[11],
            burst_ms: short(12),
            gap_ms: short(14),
            round_trip_ms: short(16),
            end_system_ms: short(18),
            signal_level: level(20),
            noise_level: level(21),
            gmin: data[23],
            r_factor: known(24, 0..=100),
            mos_listening: known(26, 10..=50),
            mos_conversational: known(27, 10..=50),
            config: data[28],
            buffer_ms: short(30),
            buffer_max_ms: short(32),
            buffer_limit_ms: short(34),
        })
    }

    fn header_data(&self) -> [u8; 4] {
        let [high, low] = WORDS.to_be_bytes();
        [Self::BLOCK_TYPE, 0, high, low]
    }
}

impl XrBlockBuilder<'_> for VoipMetrics {
    fn type_specific_byte(&self) -> u8 {
        0
    }
}

impl RtcpPacketWriter for VoipMetrics {
    fn calculate_size(&self) -> Result<usize, RtcpWriteError> {
        Ok(LEN)
    }

    fn write_into_unchecked(&self, out: &mut [u8]) -> usize {
        self.write_header_unchecked(out, Self::BLOCK_TYPE, WORDS);
        let octet = |value: Option<u8>| value.unwrap_or(UNAVAILABLE);
        let level = |value: Option<i8>| value.map_or(UNAVAILABLE, |value| value as u8);
        out[4..8].copy_from_slice(&self.ssrc.to_be_bytes());
        out[8..12].copy_from_slice(&[
            self.loss_rate,
            self.discard_rate,
            self.burst_density,
            self.gap_density,
        ]);
        out[12..14].copy_from_slice(&self.burst_ms.to_be_bytes());
        out[14..16].copy_from_slice(&self.gap_ms.to_be_bytes());
        out[16..18].copy_from_slice(&self.round_trip_ms.to_be_bytes());
        out[18..20].copy_from_slice(&self.end_system_ms.to_be_bytes());
        out[20..30].copy_from_slice(&[
            level(self.signal_level),
            level(self.noise_level),
            UNAVAILABLE, // RERL: no echo canceller tells
            self.gmin,
            octet(self.r_factor),
            UNAVAILABLE, // no other network behind us
            octet(self.mos_listening),
            octet(self.mos_conversational),
            self.config,
            0,
        ]);
        out[30..32].copy_from_slice(&self.buffer_ms.to_be_bytes());
        out[32..34].copy_from_slice(&self.buffer_max_ms.to_be_bytes());
        out[34..36].copy_from_slice(&self.buffer_limit_ms.to_be_bytes());
        LEN
    }

    fn get_padding(&self) -> Option<u8> {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use rtcp_types::Xr;

    fn metrics() -> VoipMetrics {
        VoipMetrics {
            ssrc: 0x0102_0304,
            loss_rate: 5,
            discard_rate: 6,
            burst_density: 7,
            gap_density: 8,
            burst_ms: 0x0910,
            gap_ms: 0x1112,
            round_trip_ms: 0x1314,
            end_system_ms: 0x1516,
            signal_level: Some(-17),
            noise_level: Some(-60),
            gmin: 16,
            r_factor: Some(88),
            mos_listening: Some(41),
            mos_conversational: Some(40),
            config: CONCEALS | ADAPTS,
            buffer_ms: 0x1718,
            buffer_max_ms: 0x1920,
            buffer_limit_ms: 0x2122,
        }
    }

    #[test]
    fn the_block_is_as_section_4_7_draws_it() {
        let mut out = [0xee; LEN];
        assert_eq!(metrics().write_into_unchecked(&mut out), LEN);
        let expected = [
            7, 0, 0, 8, // BT, reserved, block length
            1, 2, 3, 4, // SSRC
            5, 6, 7, 8, // loss, discard, burst density, gap density
            9, 0x10, 0x11, 0x12, // burst duration, gap duration
            0x13, 0x14, 0x15, 0x16, // round trip, end system delay
            0xef, 0xc4, 127, 16, // signal level, noise level, RERL, Gmin
            88, 127, 41, 40, // R, external R, MOS-LQ, MOS-CQ
            0xb0, 0, 0x17, 0x18, // RX config, reserved, JB nominal
            0x19, 0x20, 0x21, 0x22, // JB maximum, JB abs max
        ];
        assert_eq!(out, expected);
        assert_eq!(VoipMetrics::parse(&out).unwrap(), metrics());
    }

    #[test]
    fn what_is_unavailable_or_out_of_its_range_is_none() {
        let mut out = [0; LEN];
        metrics().write_into_unchecked(&mut out);
        (out[20], out[21]) = (127, 127);
        (out[24], out[26], out[27]) = (101, 9, 51);
        let read = VoipMetrics::parse(&out).unwrap();
        assert_eq!((read.signal_level, read.noise_level), (None, None));
        assert_eq!(read.r_factor, None);
        assert_eq!((read.mos_listening, read.mos_conversational), (None, None));
    }

    proptest! {
        #[test]
        fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(read) = VoipMetrics::parse(&octets) {
                let mut out = [0; LEN];
                read.write_into_unchecked(&mut out);
                prop_assert_eq!(VoipMetrics::parse(&out).unwrap(), read);
            }
        }

        #[test]
        fn no_extended_report_panics(blocks in proptest::collection::vec(any::<u8>(), 0..120)) {
            let words = 1 + blocks.len().div_ceil(4);
            let mut wire = vec![0x80, 207, 0, words as u8, 0, 0, 0, 1];
            wire.extend(&blocks);
            wire.resize(4 + 4 * words, 0);
            if let Ok(report) = Xr::parse(&wire) {
                for block in report.block_iter() {
                    let _ = block.parse_into::<VoipMetrics>();
                }
            }
        }
    }
}
