//! Our packets, protected.

use super::transform::Transform;
use super::window::nearest_index;
use super::{MasterKey, RtpHeader, SrtpError, rtcp_ssrc};

/// RTP packets under one key (RFC 3711 §9.2).
const LAST_INDEX: u64 = (1 << 48) - 1;
/// RTCP packets under one key.
const LAST_RTCP_INDEX: u32 = (1 << 31) - 1;

/// Protects the packets of one source with one key. No index is ever used twice: with counter
/// modes that would give both packets away (RFC 3711 §9.1).
pub struct Sender {
    rtp: Transform,
    rtcp: Transform,
    /// The only source: another one would need indices of its own.
    ssrc: Option<u32>,
    newest: Option<u64>,
    next_rtcp: u32,
}

impl Sender {
    /// A sender with a key that nobody has used yet.
    pub fn new(key: &MasterKey) -> Self {
        Self {
            rtp: key.rtp(),
            rtcp: key.rtcp(),
            ssrc: None,
            newest: None,
            next_rtcp: 1,
        }
    }

    /// Writes an RTP packet, protected, to the front of `out`, and tells its length.
    /// Sequence numbers must go up; the first is below 2^15, so that a peer who misses the first
    /// packets does not miss a wrap (RFC 3711 §3.3.1).
    pub fn protect_rtp(&mut self, packet: &[u8], out: &mut [u8]) -> Result<usize, SrtpError> {
        let header = RtpHeader::read(packet)?;
        let index = match self.newest {
            None => u64::from(header.sequence),
            Some(newest) => nearest_index(newest, header.sequence)
                .filter(|index| *index > newest && *index <= LAST_INDEX)
                .ok_or(SrtpError::NoIndex)?,
        };
        self.take_source(header.ssrc)?;
        // The index is spent, whatever comes of it.
        self.newest = Some(index);
        let len = self.rtp.protect_rtp(packet, header, index, out);
        len.ok_or(SrtpError::Malformed)
    }

    /// Writes a compound RTCP packet, protected, to the front of `out`, and tells its length.
    pub fn protect_rtcp(&mut self, packet: &[u8], out: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_ssrc(packet)?;
        self.take_source(ssrc)?;
        let index = self.next_rtcp;
        if index > LAST_RTCP_INDEX {
            return Err(SrtpError::NoIndex);
        }
        self.next_rtcp += 1;
        let len = self.rtcp.protect_rtcp(packet, ssrc, index, out);
        len.ok_or(SrtpError::Malformed)
    }

    fn take_source(&mut self, ssrc: u32) -> Result<(), SrtpError> {
        match *self.ssrc.get_or_insert(ssrc) == ssrc {
            true => Ok(()),
            false => Err(SrtpError::NoIndex),
        }
    }
}
