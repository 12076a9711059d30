//! RTP and RTCP (RFC 3550): packets, the peer's source and its statistics, reports, and whose
//! datagrams we heed.

mod latch;
mod packet;
mod rtcp;
mod source;

pub(crate) use self::latch::{Latch, Origin};
pub use self::packet::{HEADER_LEN, MAX_PACKET_LEN, Packet, PacketError, write_packet};
pub(crate) use self::rtcp::{Reports, SentSoFar};
pub(crate) use self::source::{Arrival, Source};

/// Whether a datagram on the RTP port is RTCP: the types of its packets begin where the payload
/// types with a marker that nobody uses would be (RFC 5761 §4).
pub(crate) fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [_, 192..=223, ..])
}
