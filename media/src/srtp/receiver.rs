//! The peer's packets, back to what they were.

use super::transform::Transform;
use super::window::{Window, nearest_index};
use super::{MasterKey, RtpHeader, SrtpError, rtcp_ssrc};

/// Sources under one key: a peer may change its SSRC now and then. To forget one would open the
/// door to its packets of long ago.
const MAX_SOURCES: usize = 64;

/// Takes the packets of one peer under one key.
pub struct Receiver {
    rtp: Transform,
    rtcp: Transform,
    sources: Vec<Source>,
    /// Where the sources stood under the key before: a peer may keep its roll-over counter
    /// (RFC 3711 §3.3.1) or begin anew.
    before: Vec<(u32, u64)>,
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    rtp: Option<Window>,
    rtcp: Option<Window>,
}

impl Receiver {
    /// A receiver that has heard nothing.
    pub fn new(key: &MasterKey) -> Self {
        Self {
            rtp: key.rtp(),
            rtcp: key.rtcp(),
            sources: Vec::new(),
            before: Vec::new(),
        }
    }

    /// A receiver that takes over from another one, whose key the peer has replaced.
    pub fn after(former: &Receiver, key: &MasterKey) -> Self {
        let newest = |source: &Source| Some((source.ssrc, source.rtp?.newest()));
        Self {
            before: former.sources.iter().filter_map(newest).collect(),
            ..Self::new(key)
        }
    }

    /// Writes what an SRTP packet carries, an RTP packet, to the front of `out`, and tells its
    /// length. What is written after an error means nothing.
    pub fn unprotect_rtp(&mut self, packet: &[u8], out: &mut [u8]) -> Result<usize, SrtpError> {
        let header = RtpHeader::read(packet)?;
        let known = self.find(header.ssrc).and_then(|source| source.rtp);
        if let Some(window) = known {
            let index = nearest_index(window.newest(), header.sequence);
            let index = index.filter(|index| window.is_fresh(*index));
            let index = index.ok_or(SrtpError::Replayed)?;
            let len = self.rtp.unprotect_rtp(packet, header, index, out)?;
            self.note(header.ssrc, |source| &mut source.rtp, index)?;
            return Ok(len);
        }
        for index in self.first_indices(header).into_iter().flatten() {
            match self.rtp.unprotect_rtp(packet, header, index, out) {
                Ok(len) => {
                    self.note(header.ssrc, |source| &mut source.rtp, index)?;
                    return Ok(len);
                }
                Err(SrtpError::Forged) => {}
                Err(error) => return Err(error),
            }
        }
        Err(SrtpError::Forged)
    }

    /// The same for a compound RTCP packet. RTCP tells its index.
    pub fn unprotect_rtcp(&mut self, packet: &[u8], out: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_ssrc(packet)?;
        let index = u64::from(self.rtcp.rtcp_index(packet)?);
        let known = self.find(ssrc).and_then(|source| source.rtcp);
        if known.is_some_and(|window| !window.is_fresh(index)) {
            return Err(SrtpError::Replayed);
        }
        let len = self.rtcp.unprotect_rtcp(packet, ssrc, out)?;
        self.note(ssrc, |source| &mut source.rtcp, index)?;
        Ok(len)
    }

    /// What index the first packet of a source may have: where it stood under the key before;
    /// the first turn; the second, when the packets before the wrap were lost.
    fn first_indices(&self, header: RtpHeader) -> [Option<u64>; 3] {
        let before = self.before.iter().find(|(ssrc, _)| *ssrc == header.ssrc);
        let kept = before.and_then(|(_, newest)| nearest_index(*newest, header.sequence));
        let sequence = u64::from(header.sequence);
        let kept = kept.filter(|index| *index > 0x1_ffff);
        [Some(sequence), kept, Some(0x1_0000 | sequence)]
    }

    fn find(&self, ssrc: u32) -> Option<&Source> {
        self.sources.iter().find(|source| source.ssrc == ssrc)
    }

    /// Notes an authentic packet; only such a one makes a source known.
    fn note(
        &mut self,
        ssrc: u32,
        window: impl FnOnce(&mut Source) -> &mut Option<Window>,
        index: u64,
    ) -> Result<(), SrtpError> {
        let at = match self.sources.iter().position(|source| source.ssrc == ssrc) {
            Some(at) => at,
            None if self.sources.len() == MAX_SOURCES => return Err(SrtpError::TooManySources),
            None => {
                let (rtp, rtcp) = (None, None);
                self.sources.push(Source { ssrc, rtp, rtcp });
                self.sources.len() - 1
            }
        };
        match window(&mut self.sources[at]) {
            Some(window) => window.note(index),
            empty => *empty = Some(Window::new(index)),
        }
        Ok(())
    }
}
