//! Offer and answer of RFC 3264 over session descriptions of RFC 8866: one audio stream.

mod beside;
mod codec;
mod direction;
mod ice;
mod negotiate;
mod remote;
mod security;

use std::net::{IpAddr, SocketAddr};

pub use beside::Beside;
pub use direction::Direction;
pub use ice::{Candidate, CandidateKind, IceCredentials, IcePlan, LocalIce};
pub(crate) use ice::{is_offered as is_ice_offered, restarts as restarts_ice};
pub use negotiate::{accept, answer, beside, brief_offer, offer};
pub use security::{
    CryptoKey, CryptoSuite, Dtls, Fingerprint, HashFunction, Protection, SrtpPolicy,
};

/// The audio codecs we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// RFC 7587, dynamic payload type.
    Opus,
    /// RFC 3551, payload type 9. Sampled at 16 kHz, its RTP clock says 8000.
    G722,
    /// RFC 3551, payload type 8.
    Pcma,
    /// RFC 3551, payload type 0.
    Pcmu,
}

/// What we offer or answer with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where we receive.
    pub address: IpAddr,
    /// Our RTP port.
    pub rtp_port: u16,
    /// Our RTCP port, when it is not the one above.
    pub rtcp_port: Option<u16>,
    /// Our codecs, the preferred one first.
    pub codecs: Vec<Codec>,
    /// Whether the peer's Opus may say nothing in silence (RFC 7587 §6.1: `usedtx`).
    pub opus_dtx: bool,
    /// What we want to do.
    pub direction: Direction,
    /// Whether the audio is encrypted.
    pub srtp: SrtpPolicy,
    /// Our certificate for keys from a handshake, where we can do that.
    pub dtls: Option<Dtls>,
    /// What we encrypt with, a key for each suite we can do, the same throughout a dialog.
    pub keys: Vec<CryptoKey>,
    /// Under which addresses we may be reached, where ICE is used.
    pub ice: Option<LocalIce>,
    /// `o=` session id, the same throughout a dialog.
    pub session_id: u64,
    /// `o=` session version, one more with every change (RFC 3264 §8).
    pub version: u64,
    /// What stands beside our audio since an earlier description; the dialog's to know.
    pub beside: Beside,
}

/// What offer and answer together say: how to run the audio stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaPlan {
    /// Where to send RTP.
    pub remote_rtp: SocketAddr,
    /// Where to send RTCP.
    pub remote_rtcp: SocketAddr,
    /// RTCP goes over the RTP port, both ways (RFC 5761).
    pub rtcp_mux: bool,
    /// The codec to send with.
    pub codec: Codec,
    /// The payload type to send it with.
    pub send_pt: u8,
    /// The payload types that may arrive.
    pub receive_pts: Vec<(u8, Codec)>,
    /// The payload type to send telephone events with (RFC 4733), if the peer takes them.
    pub dtmf_send_pt: Option<u8>,
    /// The payload type in which telephone events arrive.
    pub dtmf_receive_pt: Option<u8>,
    /// The payload type to send comfort noise with (RFC 3389), if the peer takes it beside this codec.
    pub comfort_noise_send_pt: Option<u8>,
    /// The payload type in which comfort noise arrives, beside whichever codec has it.
    pub comfort_noise_receive_pt: Option<u8>,
    /// Which extended reports the peer asks for.
    pub extended_reports: ExtendedReports,
    /// Milliseconds of audio to send in a packet.
    pub ptime_ms: u32,
    /// How to encode Opus.
    pub opus: OpusParams,
    /// What we may do.
    pub direction: Direction,
    /// Whether the peer put us on hold.
    pub remote_hold: bool,
    /// How the audio is protected.
    pub protection: Protection,
    /// What both sides say of ICE; none where one of them does without.
    pub ice: Option<Box<IcePlan>>,
}

/// What the peer's decoder wants of our Opus encoder (RFC 7587 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusParams {
    /// Send in-band forward error correction.
    pub fec: bool,
    /// Discontinuous transmission.
    pub dtx: bool,
    /// The peer prefers stereo.
    pub stereo: bool,
    /// At a constant bit rate.
    pub cbr: bool,
    /// Bits per second at most.
    pub max_bitrate: Option<u32>,
    /// The peer plays nothing above this sampling rate, in Hz.
    pub max_playback_rate: u32,
}

impl Default for OpusParams {
    fn default() -> Self {
        Self {
            fec: false,
            dtx: false,
            stereo: false,
            cbr: false,
            max_bitrate: None,
            max_playback_rate: 48_000,
        }
    }
}

/// What `a=rtcp-xr` asks for (RFC 3611 §5.1), as far as we can tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExtendedReports {
    /// The quality of the voice (§4.7).
    pub voip_metrics: bool,
    /// The round trip for those who only receive (§4.4, §4.5).
    pub receiver_rtt: bool,
}

/// Why there is no audio stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// It cannot be read.
    #[error("the session description is malformed")]
    Malformed,
    /// No audio stream that is not refused.
    #[error("there is no audio stream")]
    NoAudio,
    /// None of our codecs.
    #[error("there is no common codec")]
    NoCommonCodec,
    /// A transport other than RTP, or encryption that is switched off here.
    #[error("the media transport is not supported")]
    Transport,
    /// Encryption that we cannot do, or none where there must be some.
    #[error("the audio cannot be encrypted as it has to be")]
    Encryption,
    /// No address to send to.
    #[error("the media address is not usable")]
    Address,
}

impl SdpError {
    /// The status to refuse an offer with.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed => 400,
            _ => 488,
        }
    }
}
