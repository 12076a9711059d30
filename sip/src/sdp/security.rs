//! Keys for SRTP in session descriptions (RFC 4568), and what our policy makes of an offer.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdp_types::{Crypto, CryptoSuite as Name, Media, SrtpKeyParam, SrtpSessionParam};

use super::{LocalMedia, SdpError};

/// Whether a call's audio is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SrtpPolicy {
    /// Never.
    #[default]
    Off,
    /// When the peer can.
    Optional,
    /// Or there is no call.
    Mandatory,
}

/// A cipher and an authentication tag for SRTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CryptoSuite {
    /// RFC 4568 §6.2.1: what every peer speaks.
    AesCm128Sha1_80,
    /// RFC 4568 §6.2.2
    AesCm128Sha1_32,
    /// RFC 6188 §4
    AesCm256Sha1_80,
    /// RFC 6188 §4
    AesCm256Sha1_32,
    /// RFC 7714 §14.1
    AeadAes128Gcm,
    /// RFC 7714 §14.1
    AeadAes256Gcm,
}

impl CryptoSuite {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AeadAes256Gcm,
        Self::AesCm256Sha1_80,
        Self::AesCm128Sha1_80,
        Self::AeadAes128Gcm,
        Self::AesCm256Sha1_32,
        Self::AesCm128Sha1_32,
    ];

    /// What we offer, the strongest first. Three are enough for every peer: each takes a hundred
    /// octets of a datagram that ought to pass unfragmented.
    const OFFERED: [Self; 3] = [
        Self::AeadAes256Gcm,
        Self::AesCm256Sha1_80,
        Self::AesCm128Sha1_80,
    ];

    /// The name in `a=crypto`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AesCm128Sha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128Sha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AesCm256Sha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::AesCm256Sha1_32 => "AES_256_CM_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// Octets of master key and salt together.
    pub fn key_len(self) -> usize {
        match self {
            Self::AesCm128Sha1_80 | Self::AesCm128Sha1_32 => 16 + 14,
            Self::AesCm256Sha1_80 | Self::AesCm256Sha1_32 => 32 + 14,
            Self::AeadAes128Gcm => 16 + 12,
            Self::AeadAes256Gcm => 32 + 12,
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|suite| suite.name().eq_ignore_ascii_case(name))
    }
}

/// A master key with its salt, for what one side sends.
#[derive(Clone, PartialEq, Eq)]
pub struct CryptoKey {
    /// What it is a key for.
    pub suite: CryptoSuite,
    /// Key and salt, [`CryptoSuite::key_len`] octets.
    pub octets: Vec<u8>,
}

impl fmt::Debug for CryptoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CryptoKey({}, …)", self.suite.name())
    }
}

/// How the audio is protected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Protection {
    /// Not at all.
    #[default]
    None,
    /// By SRTP with keys from the session descriptions (RFC 4568).
    Sdes {
        /// What we send with.
        send: CryptoKey,
        /// What the peer sends with.
        receive: CryptoKey,
        /// The descriptions travelled encrypted, so that nobody on the way has read the keys.
        private: bool,
    },
}

/// A key of the peer's, with the tag that names the line it stands on.
#[derive(Debug)]
struct Offered {
    tag: u32,
    key: CryptoKey,
}

impl Offered {
    /// What a line offers, if it is something that we can do. A lifetime is the peer's to keep:
    /// it is its own key that ages (RFC 4568 §6.1).
    fn read(line: &Crypto) -> Option<Self> {
        let suite = CryptoSuite::of_name(line.crypto_suite.as_str())?;
        // Several keys, or a master key identifier, which stands in every packet, are for senders
        // that change keys under way (RFC 4568 §6.1).
        let [param] = &line.key_params[..] else {
            return None;
        };
        let octets = STANDARD.decode(&param.key_and_salt).ok()?;
        let usable = param.mki_and_length.is_none()
            && octets.len() == suite.key_len()
            && line.session_params.iter().all(is_harmless);
        usable.then_some(Self {
            tag: line.tag,
            key: CryptoKey { suite, octets },
        })
    }
}

/// Whether a session parameter asks for nothing that we would have to do (RFC 4568 §6.3): what
/// takes protection away is refused with its line, what we do not know counts only if it says
/// that it may be passed over.
fn is_harmless(param: &SrtpSessionParam) -> bool {
    match param {
        SrtpSessionParam::Kdr(rate) => *rate == 0,
        SrtpSessionParam::Wsh(_) => true,
        SrtpSessionParam::Extension(text) => text.is_empty() || text.starts_with('-'),
        _ => false,
    }
}

fn lines(media: &Media) -> impl Iterator<Item = Crypto> {
    media.attributes_typed::<Crypto>().flatten()
}

fn is_secure_profile(media: &Media) -> bool {
    ["RTP/SAVP", "RTP/SAVPF"].contains(&media.proto.as_str())
}

/// The profile and the lines of our offer.
///
/// Where encryption is optional, keys stand beside the plain profile (RFC 8643): a peer that knows
/// them answers with its own, any other one as if they were not there. A second media line, or the
/// secure profile first and the plain one after a refusal, would confuse or lose more peers.
pub(super) fn offer(local: &LocalMedia) -> (&'static str, Vec<Crypto>) {
    let lines = (1..)
        .zip(offered_keys(local))
        .map(|(tag, key)| line(tag, key));
    match local.srtp {
        SrtpPolicy::Off => ("RTP/AVP", Vec::new()),
        SrtpPolicy::Optional => ("RTP/AVP", lines.collect()),
        SrtpPolicy::Mandatory => ("RTP/SAVP", lines.collect()),
    }
}

fn offered_keys(local: &LocalMedia) -> impl Iterator<Item = &CryptoKey> {
    let key_of = |suite| local.keys.iter().find(move |key| key.suite == suite);
    CryptoSuite::OFFERED.into_iter().filter_map(key_of)
}

fn line(tag: u32, key: &CryptoKey) -> Crypto {
    let mut line = Crypto::new(tag, Name::new(key.suite.name()));
    line.add_key_param(SrtpKeyParam::new(STANDARD.encode(&key.octets)));
    line
}

/// How we take an offered stream, and the line of our answer: the first that we can do, as the
/// offerer prefers it (RFC 4568 §5.1.2).
pub(super) fn answer(
    local: &LocalMedia,
    media: &Media,
) -> Result<(Protection, Option<Crypto>), SdpError> {
    if local.srtp == SrtpPolicy::Off {
        return Ok((without_keys(local, media)?, None));
    }
    let ours = |theirs: &Offered| local.keys.iter().find(|key| key.suite == theirs.key.suite);
    let both = lines(media)
        .filter_map(|line| Offered::read(&line))
        .find_map(|theirs| Some((ours(&theirs)?, theirs)));
    match both {
        Some((send, Offered { tag, key })) => {
            let protection = Protection::Sdes {
                send: send.clone(),
                receive: key,
                private: false,
            };
            Ok((protection, Some(line(tag, send))))
        }
        None => Ok((without_keys(local, media)?, None)),
    }
}

/// What the answer to our offer has chosen (RFC 4568 §5.1.3): one of our lines, or none.
pub(super) fn accept(local: &LocalMedia, media: &Media) -> Result<Protection, SdpError> {
    if local.srtp == SrtpPolicy::Off {
        return without_keys(local, media);
    }
    let Some(chosen) = lines(media).next() else {
        return without_keys(local, media);
    };
    let theirs = Offered::read(&chosen).ok_or(SdpError::Encryption)?;
    let ours = (1..)
        .zip(offered_keys(local))
        .find(|(tag, key)| *tag == theirs.tag && key.suite == theirs.key.suite);
    let (_, send) = ours.ok_or(SdpError::Encryption)?;
    Ok(Protection::Sdes {
        send: send.clone(),
        receive: theirs.key,
        private: false,
    })
}

fn without_keys(local: &LocalMedia, media: &Media) -> Result<Protection, SdpError> {
    match (local.srtp, is_secure_profile(media)) {
        (SrtpPolicy::Off | SrtpPolicy::Optional, false) => Ok(Protection::None),
        (SrtpPolicy::Off, true) => Err(SdpError::Transport),
        _ => Err(SdpError::Encryption),
    }
}
