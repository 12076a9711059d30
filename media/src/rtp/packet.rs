//! One RTP packet (RFC 3550 §5.1), read and written through rtp-rs.

use rtp_rs::{RtpPacketBuilder, RtpReader, Seq};

/// Octets of the header we write: no CSRC, no extension.
pub const HEADER_LEN: usize = 12;

/// The longest packet we write, octets: what an Ethernet frame carries.
pub const MAX_PACKET_LEN: usize = 1_472;

/// A received packet's fields that matter to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// First of a talkspurt, or of an event.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// Wraps at 65536.
    pub sequence: u16,
    /// In units of the payload type's clock; wraps.
    pub timestamp: u32,
    /// Who sent it.
    pub ssrc: u32,
    /// Without padding.
    pub payload: &'a [u8],
}

/// The datagram is no RTP packet, or cannot be written as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Short, of another version, or with lengths that do not add up.
    #[error("not an RTP packet")]
    Malformed,
    /// The payload type is above 127 or the payload above [`MAX_PACKET_LEN`].
    #[error("payload type or length out of range")]
    OutOfRange,
}

impl<'a> Packet<'a> {
    /// Reads a datagram. CSRCs and header extensions are passed over.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, PacketError> {
        let reader = RtpReader::new(datagram).map_err(|_| PacketError::Malformed)?;
        Ok(Packet {
            marker: reader.mark(),
            payload_type: reader.payload_type(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
            payload: reader.payload(),
        })
    }
}

/// Writes a packet to the front of `out` and tells its length.
pub fn write_packet(packet: &Packet<'_>, out: &mut [u8]) -> Result<usize, PacketError> {
    RtpPacketBuilder::new()
        .marked(packet.marker)
        .payload_type(packet.payload_type)
        .sequence(Seq::from(packet.sequence))
        .timestamp(packet.timestamp)
        .ssrc(packet.ssrc)
        .payload(packet.payload)
        .build_into(out)
        .map_err(|_| PacketError::OutOfRange)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            marker: bool, payload_type in 0_u8..128, sequence: u16, timestamp: u32, ssrc: u32,
            payload in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let packet = Packet { marker, payload_type, sequence, timestamp, ssrc, payload: &payload };
            let mut wire = [0; MAX_PACKET_LEN];
            let len = write_packet(&packet, &mut wire).unwrap();
            prop_assert_eq!(len, HEADER_LEN + payload.len());
            prop_assert_eq!(Packet::parse(&wire[..len]).unwrap(), packet);
        }

        #[test]
        fn no_datagram_panics(datagram in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&datagram);
        }

        #[test]
        fn no_damaged_packet_panics(
            payload in proptest::collection::vec(any::<u8>(), 0..60),
            damage in proptest::collection::vec((0_usize..72, any::<u8>()), 1..6),
            cut in 0_usize..72,
        ) {
            let packet = Packet {
                marker: true, payload_type: 0, sequence: 1, timestamp: 2, ssrc: 3, payload: &payload,
            };
            let mut wire = [0; 72];
            let len = write_packet(&packet, &mut wire).unwrap();
            for (at, value) in damage {
                wire[at] ^= value;
            }
            if let Ok(packet) = Packet::parse(&wire[..len.min(cut)]) {
                prop_assert!(packet.payload.len() + HEADER_LEN <= len);
            }
        }
    }

    #[test]
    fn csrcs_extension_and_padding_are_left_out_of_the_payload() {
        let mut wire = vec![0xb1, 0x80, 0, 7, 0, 0, 0, 160, 0, 0, 0, 9];
        wire.extend([0, 0, 0, 42]); // one CSRC
        wire.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]); // extension of one word
        wire.extend([10, 20, 30, 0, 0, 3]); // three of payload, three of padding
        let packet = Packet::parse(&wire).unwrap();
        assert_eq!(packet.payload, [10, 20, 30]);
        assert!(packet.marker);
    }

    #[test]
    fn another_version_and_a_payload_type_beyond_seven_bits_are_refused() {
        assert_eq!(Packet::parse(&[0x40; 20]), Err(PacketError::Malformed));
        let packet = Packet {
            marker: false,
            payload_type: 200,
            sequence: 0,
            timestamp: 0,
            ssrc: 0,
            payload: &[],
        };
        assert_eq!(
            write_packet(&packet, &mut [0; 20]),
            Err(PacketError::OutOfRange)
        );
    }
}
