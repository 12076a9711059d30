//! Crypto suites, master keys, and the session keys they stand for (RFC 3711 §4.3).

use std::fmt;

use super::transform::{Key, Transform};

/// A cipher and an authentication tag, as SDP names them (RFC 4568 §6.2, RFC 6188 §4, RFC 7714
/// §14.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`: what every peer speaks.
    AesCm128Sha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`
    AesCm128Sha1_32,
    /// `AES_256_CM_HMAC_SHA1_80`
    AesCm256Sha1_80,
    /// `AES_256_CM_HMAC_SHA1_32`
    AesCm256Sha1_32,
    /// `AEAD_AES_128_GCM`
    AeadAes128Gcm,
    /// `AEAD_AES_256_GCM`
    AeadAes256Gcm,
}

/// The longest master key with its salt, in octets.
const LONGEST: usize = 46;

impl Suite {
    /// Octets of the master key.
    pub fn key_len(self) -> usize {
        match self {
            Self::AesCm128Sha1_80 | Self::AesCm128Sha1_32 | Self::AeadAes128Gcm => 16,
            Self::AesCm256Sha1_80 | Self::AesCm256Sha1_32 | Self::AeadAes256Gcm => 32,
        }
    }

    /// Octets of the master salt.
    pub fn salt_len(self) -> usize {
        if self.is_gcm() { 12 } else { 14 }
    }

    pub(super) fn is_gcm(self) -> bool {
        matches!(self, Self::AeadAes128Gcm | Self::AeadAes256Gcm)
    }

    /// Octets of an RTP packet's HMAC tag. RTCP has 80 bits always (RFC 3711 §5.2, RFC 4568
    /// §6.2.2).
    fn rtp_tag_len(self) -> usize {
        match self {
            Self::AesCm128Sha1_32 | Self::AesCm256Sha1_32 => 4,
            _ => RTCP_TAG,
        }
    }
}

/// Octets of an RTCP packet's HMAC tag.
const RTCP_TAG: usize = 10;

/// A master key and salt, for one direction.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    octets: [u8; LONGEST],
}

impl MasterKey {
    /// Takes key and salt as SDES and DTLS hand them out, one behind the other. `None`: they are
    /// not as long as the suite's.
    pub fn new(suite: Suite, key_and_salt: &[u8]) -> Option<Self> {
        let mut octets = [0; LONGEST];
        let len = suite.key_len() + suite.salt_len();
        if key_and_salt.len() != len {
            return None;
        }
        octets[..len].copy_from_slice(key_and_salt);
        Some(Self { suite, octets })
    }

    /// What it is a key for.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    fn key(&self) -> Key {
        let mut key = match self.suite.key_len() {
            16 => Key::Short(Box::default()),
            _ => Key::Long(Box::default()),
        };
        let octets = key.octets();
        octets.copy_from_slice(&self.octets[..octets.len()]);
        key
    }

    /// The salt in the place that the key derivation has for it: one of 96 bits is padded on the
    /// right (RFC 7714 §11).
    fn salt(&self) -> [u8; 14] {
        let mut salt = [0; 14];
        let (from, len) = (self.suite.key_len(), self.suite.salt_len());
        salt[..len].copy_from_slice(&self.octets[from..from + len]);
        salt
    }

    /// The transform of RTP packets.
    pub(super) fn rtp(&self) -> Transform {
        self.derive(0x00, 0x01, 0x02, self.suite.rtp_tag_len())
    }

    /// The transform of RTCP packets.
    pub(super) fn rtcp(&self) -> Transform {
        self.derive(0x03, 0x04, 0x05, RTCP_TAG)
    }

    fn derive(&self, cipher: u8, auth: u8, salt: u8, tag_len: usize) -> Transform {
        let (mut auth_key, mut session_salt) = ([0; 20], [0; 14]);
        let mut key = self.key();
        self.expand(cipher, key.octets());
        self.expand(auth, &mut auth_key);
        self.expand(salt, &mut session_salt[..self.suite.salt_len()]);
        if self.suite.is_gcm() {
            Transform::gcm(&key, session_salt)
        } else {
            Transform::counter_mode(&key, session_salt, &auth_key, tag_len)
        }
    }

    /// RFC 3711 §4.3.3 with a key derivation rate of zero, in AES of the suite's key length
    /// (RFC 6188 §3).
    pub(super) fn expand(&self, label: u8, out: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt());
        iv[7] ^= label;
        out.fill(0);
        self.key().counter().apply_keystream(&iv, out);
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({:?}, …)", self.suite)
    }
}
