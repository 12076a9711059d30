//! RTP and RTCP (RFC 3550): packets, the peer's source and its statistics, reports, and whose
//! datagrams we heed.

mod bursts;
mod latch;
mod packet;
mod rtcp;
mod source;
mod xr;

pub(crate) use self::bursts::{BurstSummary, GMIN};
pub(crate) use self::latch::{Latch, Origin};
pub use self::packet::{HEADER_LEN, MAX_PACKET_LEN, Packet, PacketError, write_packet};
pub use self::rtcp::ExtendedReports;
pub(crate) use self::rtcp::{Report, Reports, SentSoFar};
pub(crate) use self::source::{Arrival, Source};
pub(crate) use self::xr::{ADAPTS, CONCEALS, VoipMetrics};

/// Whether a datagram on the RTP port is RTCP: the types of its packets begin where the payload
/// types with a marker that nobody uses would be (RFC 5761 §4).
pub(crate) fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [_, 192..=223, ..])
}
