//! SRTP and SRTCP (RFC 3711, RFC 6188, RFC 7714): from a master key and plain packets to
//! protected ones, and back.
//!
//! Pure, and without allocation once a source is known. What is forged, replayed or malformed is
//! an error and changes nothing.

mod keys;
mod receiver;
mod sender;
mod transform;
mod window;

pub use self::keys::{MasterKey, Suite};
pub use self::receiver::Receiver;
pub use self::sender::Sender;

/// Octets by which a protected packet is longer at most: a tag of 16 and the SRTCP index.
pub const MAX_GROWTH: usize = 20;

/// Why a packet is not protected or not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// No RTP or RTCP packet, or longer than the room for it.
    #[error("not a packet that SRTP can carry")]
    Malformed,
    /// The tag is not of our peer's key.
    #[error("the authentication tag is wrong")]
    Forged,
    /// It came before, or is too old to tell.
    #[error("the packet came before or is too old")]
    Replayed,
    /// The peer has changed its SSRC too often under one key.
    #[error("too many sources under one key")]
    TooManySources,
    /// Sending it would use a packet index a second time, or the key beyond its lifetime.
    #[error("the key has no index for the packet")]
    NoIndex,
}

/// Octets of the fixed RTP header.
const RTP_HEADER: usize = 12;
/// Octets of RTCP that are never encrypted (RFC 3711 §3.4).
const RTCP_HEADER: usize = 8;

/// The fields of an RTP header that SRTP needs.
#[derive(Debug, Clone, Copy)]
struct RtpHeader {
    ssrc: u32,
    sequence: u16,
    /// With CSRCs and extension: what is authenticated but not encrypted (RFC 3711 §3.1).
    len: usize,
}

impl RtpHeader {
    fn read(packet: &[u8]) -> Result<Self, SrtpError> {
        let fixed = packet.first_chunk::<RTP_HEADER>();
        let fixed = fixed.ok_or(SrtpError::Malformed)?;
        let mut len = RTP_HEADER + 4 * usize::from(fixed[0] & 0x0f);
        if fixed[0] & 0x10 != 0 {
            let extension = packet.get(len..len + 4).ok_or(SrtpError::Malformed)?;
            len += 4 + 4 * usize::from(u16::from_be_bytes([extension[2], extension[3]]));
        }
        if fixed[0] >> 6 != 2 || len > packet.len() {
            return Err(SrtpError::Malformed);
        }
        Ok(Self {
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            len,
        })
    }
}

/// The SSRC of an RTCP packet's sender.
fn rtcp_ssrc(packet: &[u8]) -> Result<u32, SrtpError> {
    match packet.first_chunk::<RTCP_HEADER>() {
        Some([first, .., a, b, c, d]) if first >> 6 == 2 => {
            Ok(u32::from_be_bytes([*a, *b, *c, *d]))
        }
        _ => Err(SrtpError::Malformed),
    }
}

#[cfg(test)]
mod tests;
