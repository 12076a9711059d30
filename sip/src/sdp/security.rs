//! Keys for SRTP in session descriptions (RFC 4568) or from DTLS (RFC 5763), and what our policy
//! makes of an offer.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdp_types::{
    Attribute, Crypto, CryptoSuite as Name, Fingerprint as Print, HashFunc, Media, Session, Setup,
    SrtpKeyParam, SrtpSessionParam,
};

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

    /// What we offer: the strongest, and what every peer speaks. Each line takes a hundred octets
    /// of a datagram that ought to pass unfragmented.
    const OFFERED: [Self; 2] = [Self::AeadAes256Gcm, Self::AesCm128Sha1_80];

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
    /// By SRTP with keys from a DTLS handshake on the media path (RFC 5763).
    Dtls {
        /// We begin the handshake.
        active: bool,
        /// The peer's certificate is one of these.
        fingerprints: Vec<Fingerprint>,
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

/// A hash of a certificate (RFC 8122 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Which hash.
    pub hash: HashFunction,
    /// [`HashFunction::size`] octets.
    pub octets: Vec<u8>,
}

/// The hashes that tell certificates apart safely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashFunction {
    /// `sha-256`: what everybody says.
    Sha256,
    /// `sha-384`
    Sha384,
    /// `sha-512`
    Sha512,
}

impl HashFunction {
    /// Octets of a hash.
    pub fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// What we need for keys from a DTLS handshake on the media path (RFC 5763).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dtls {
    /// The SHA-256 of our certificate.
    pub fingerprint: [u8; 32],
    /// Who is the client of the present association; the user agent's to know.
    pub active: Option<bool>,
    /// Keys stand in our offers beside the certificate where the signalling can be read, too.
    pub keys_in_clear: bool,
}

/// What the peer's description says about DTLS.
struct RemoteDtls {
    fingerprints: Vec<Fingerprint>,
    setup: Option<Setup>,
}

impl RemoteDtls {
    /// Reads the stream's attributes, or the session's (RFC 8122 §5). `None`: the peer does not
    /// speak of it, or of hashes that nobody should trust.
    fn read(session: &Session, media: &Media) -> Option<Self> {
        let of_media = || media.attributes_typed::<Print>().flatten();
        let of_session = || session.attributes_typed::<Print>().flatten();
        let mut fingerprints: Vec<_> = of_media().filter_map(known_hash).collect();
        if !media.has_attribute("fingerprint") {
            fingerprints = of_session().filter_map(known_hash).collect();
        }
        let setup = media.get_first_attribute_typed::<Setup>();
        let setup = setup.or_else(|| session.get_first_attribute_typed::<Setup>());
        let setup = setup.and_then(Result::ok);
        let usable = !fingerprints.is_empty() && setup != Some(Setup::HoldConn);
        usable.then_some(Self {
            fingerprints,
            setup,
        })
    }
}

fn known_hash(print: Print) -> Option<Fingerprint> {
    let hash = match print.hash_func {
        HashFunc::Sha256 => HashFunction::Sha256,
        HashFunc::Sha384 => HashFunction::Sha384,
        HashFunc::Sha512 => HashFunction::Sha512,
        _ => return None,
    };
    let octets = print.fingerprint;
    (octets.len() == hash.size()).then_some(Fingerprint { hash, octets })
}

/// The lines that say which certificate we have and which part we take.
fn dtls_lines(dtls: &Dtls, setup: Setup) -> [Attribute; 2] {
    let print = Print::with_fingerprint(HashFunc::Sha256, dtls.fingerprint);
    [print.into(), setup.into()]
}

fn crypto_lines(media: &Media) -> impl Iterator<Item = Crypto> {
    media.attributes_typed::<Crypto>().flatten()
}

/// What a profile asks of its stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Profile {
    Plain,
    /// SRTP, wherever the keys come from.
    Secure,
    /// SRTP with keys from DTLS.
    Dtls,
}

impl Profile {
    fn of(media: &Media) -> Self {
        match media.proto.as_str() {
            "RTP/SAVP" | "RTP/SAVPF" => Self::Secure,
            "UDP/TLS/RTP/SAVP" | "UDP/TLS/RTP/SAVPF" => Self::Dtls,
            _ => Self::Plain,
        }
    }
}

impl LocalMedia {
    /// Takes our keys out of an offer that others can read: they would be keys for everybody on
    /// the way (RFC 4568 §7.2), and a certificate does without them. Where there is no certificate,
    /// or the program wants them all the same, they stay.
    pub(crate) fn withhold_keys(&mut self) {
        if self.dtls.as_ref().is_some_and(|dtls| !dtls.keys_in_clear) {
            self.keys.clear();
        }
    }
}

/// The profile and the lines of our offer.
///
/// Where encryption is optional, keys and certificate stand beside the plain profile (RFC 8643): a
/// peer that knows one of them answers with its own, any other one as if they were not there. A
/// second media line, or the secure profile first and the plain one after a refusal, would confuse
/// or lose more peers. Where it is mandatory, the profile says where keys can come from: from a
/// handshake alone (RFC 5764 §8), or from the signalling, too.
pub(super) fn offer(local: &LocalMedia) -> (&'static str, Vec<Attribute>) {
    let keys = (1..).zip(offered_keys(local));
    let mut lines: Vec<Attribute> = keys.map(|(tag, key)| line(tag, key).into()).collect();
    let dtls = local.dtls.iter();
    lines.extend(dtls.flat_map(|dtls| dtls_lines(dtls, Setup::ActPass)));
    match local.srtp {
        SrtpPolicy::Off => ("RTP/AVP", Vec::new()),
        SrtpPolicy::Optional => ("RTP/AVP", lines),
        SrtpPolicy::Mandatory if local.keys.is_empty() => ("UDP/TLS/RTP/SAVP", lines),
        SrtpPolicy::Mandatory => ("RTP/SAVP", lines),
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

/// How we take an offered stream, and the lines of our answer. Keys from a handshake go before
/// keys in the signalling (RFC 8643 §3.2): nobody on the way has read them.
pub(super) fn answer(
    local: &LocalMedia,
    session: &Session,
    media: &Media,
) -> Result<(Protection, Vec<Attribute>), SdpError> {
    if local.srtp == SrtpPolicy::Off {
        return Ok((without_keys(local, media)?, Vec::new()));
    }
    if let (Some(ours), Some(theirs)) = (&local.dtls, RemoteDtls::read(session, media)) {
        // RFC 5763 §5: the answerer is active where it may choose. An association that stands
        // keeps its parts.
        let active = match theirs.setup {
            Some(Setup::ActPass) => ours.active.unwrap_or(true),
            Some(Setup::Passive) => true,
            // RFC 4145 §4: what an offer without a word means.
            _ => false,
        };
        let setup = if active {
            Setup::Active
        } else {
            Setup::Passive
        };
        let protection = Protection::Dtls {
            active,
            fingerprints: theirs.fingerprints,
        };
        return Ok((protection, dtls_lines(ours, setup).into()));
    }
    if Profile::of(media) == Profile::Dtls {
        return Err(SdpError::Encryption);
    }
    let ours = |theirs: &Offered| local.keys.iter().find(|key| key.suite == theirs.key.suite);
    // The first that we can do, as the offerer prefers it (RFC 4568 §5.1.2).
    let both = crypto_lines(media)
        .filter_map(|line| Offered::read(&line))
        .find_map(|theirs| Some((ours(&theirs)?, theirs)));
    match both {
        Some((send, Offered { tag, key })) => {
            let protection = Protection::Sdes {
                send: send.clone(),
                receive: key,
                private: false,
            };
            Ok((protection, vec![line(tag, send).into()]))
        }
        None => Ok((without_keys(local, media)?, Vec::new())),
    }
}

/// What the answer to our offer has chosen: our certificate, one of our lines (RFC 4568 §5.1.3),
/// or nothing.
pub(super) fn accept(
    local: &LocalMedia,
    session: &Session,
    media: &Media,
) -> Result<Protection, SdpError> {
    if local.srtp == SrtpPolicy::Off {
        return without_keys(local, media);
    }
    // Some peers answer with a key to an offer that has none: it opens nothing.
    let chosen = crypto_lines(media).next();
    if let Some(chosen) = chosen.filter(|_| !local.keys.is_empty()) {
        return accept_key(local, &chosen);
    }
    match (&local.dtls, RemoteDtls::read(session, media)) {
        (Some(_), Some(theirs)) => Ok(Protection::Dtls {
            // An answer without a word is passive (RFC 4145 §4).
            active: theirs.setup != Some(Setup::Active),
            fingerprints: theirs.fingerprints,
        }),
        _ => without_keys(local, media),
    }
}

fn accept_key(local: &LocalMedia, chosen: &Crypto) -> Result<Protection, SdpError> {
    let theirs = Offered::read(chosen).ok_or(SdpError::Encryption)?;
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
    match (local.srtp, Profile::of(media)) {
        (SrtpPolicy::Off | SrtpPolicy::Optional, Profile::Plain) => Ok(Protection::None),
        (SrtpPolicy::Off, _) => Err(SdpError::Transport),
        _ => Err(SdpError::Encryption),
    }
}
