//! One session key at work: AES in counter mode with HMAC-SHA1 (RFC 3711 §4.1.1, §4.2.1), or
//! AES-GCM (RFC 7714).

use aes::cipher::{BlockCipherEncrypt, InnerIvInit, StreamCipherCore};
use aes::{Aes128, Aes256};
use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::{U16, U32};
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::{RTCP_HEADER, RtpHeader, SrtpError};

/// Octets of the GCM tag, never truncated (RFC 7714 §13.2).
const GCM_TAG: usize = 16;
/// Octets of the SRTCP index with its E flag.
const WORD: usize = 4;
/// The E flag: the packet is encrypted (RFC 3711 §3.4).
const ENCRYPTED: u32 = 0x8000_0000;

/// A cipher with a key of either length.
pub(super) enum Either<Short, Long> {
    Short(Box<Short>),
    Long(Box<Long>),
}

/// An AES key.
pub(super) type Key = Either<[u8; 16], [u8; 32]>;
/// AES as a keystream.
pub(super) type Counter = Either<Aes128, Aes256>;
type Gcm = Either<Aes128Gcm, Aes256Gcm>;

impl Key {
    /// The octets.
    pub(super) fn octets(&mut self) -> &mut [u8] {
        match self {
            Self::Short(key) => &mut key[..],
            Self::Long(key) => &mut key[..],
        }
    }

    fn cipher<Short, Long>(&self) -> Either<Short, Long>
    where
        Short: KeyInit<KeySize = U16>,
        Long: KeyInit<KeySize = U32>,
    {
        match self {
            Self::Short(key) => Either::Short(Box::new(Short::new((&**key).into()))),
            Self::Long(key) => Either::Long(Box::new(Long::new((&**key).into()))),
        }
    }

    /// The keystream of the key.
    pub(super) fn counter(&self) -> Counter {
        self.cipher()
    }
}

impl Counter {
    pub(super) fn apply_keystream(&self, iv: &[u8; 16], data: &mut [u8]) {
        match self {
            Self::Short(aes) => keystream(&**aes, iv, data),
            Self::Long(aes) => keystream(&**aes, iv, data),
        }
    }
}

impl Gcm {
    /// Encrypts `data` in place. A packet is far below the length that GCM refuses.
    fn seal(&self, iv: &[u8; 12], aad: &[u8], data: &mut [u8]) -> Option<[u8; GCM_TAG]> {
        let iv = iv.into();
        let tag = match self {
            Self::Short(gcm) => gcm.encrypt_inout_detached(iv, aad, data.into()),
            Self::Long(gcm) => gcm.encrypt_inout_detached(iv, aad, data.into()),
        };
        tag.ok().map(Into::into)
    }

    /// Decrypts `data` in place, if the tag is right.
    fn open(&self, iv: &[u8; 12], aad: &[u8], data: &mut [u8], tag: &[u8; GCM_TAG]) -> bool {
        let (iv, tag) = (iv.into(), tag.into());
        let opened = match self {
            Self::Short(gcm) => gcm.decrypt_inout_detached(iv, aad, data.into(), tag),
            Self::Long(gcm) => gcm.decrypt_inout_detached(iv, aad, data.into(), tag),
        };
        opened.is_ok()
    }
}

/// What protects the packets of one kind, RTP or RTCP, in one direction.
pub(super) struct Transform {
    cipher: Cipher,
    salt: [u8; 14],
}

enum Cipher {
    CounterMode {
        aes: Counter,
        mac: Hmac<Sha1>,
        tag_len: usize,
    },
    Gcm(Gcm),
}

impl Transform {
    /// AES-CM with HMAC-SHA1.
    pub(super) fn counter_mode(
        key: &Key,
        salt: [u8; 14],
        auth_key: &[u8; 20],
        tag_len: usize,
    ) -> Self {
        // RFC 2104 §2: a key shorter than a block is padded with zeros.
        let mut block = [0; 64];
        block[..20].copy_from_slice(auth_key);
        let cipher = Cipher::CounterMode {
            aes: key.counter(),
            mac: Hmac::new(&block.into()),
            tag_len,
        };
        Self { cipher, salt }
    }

    /// AES-GCM; the salt's last two octets are not used.
    pub(super) fn gcm(key: &Key, salt: [u8; 14]) -> Self {
        let cipher = Cipher::Gcm(key.cipher());
        Self { cipher, salt }
    }

    /// RFC 3711 §4.1.1
    fn counter_iv(&self, ssrc: u32, index: u64) -> [u8; 16] {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        xor(&mut iv[4..8], &ssrc.to_be_bytes());
        xor(&mut iv[8..14], &index.to_be_bytes()[2..]);
        iv
    }

    /// RFC 7714 §8.1 for RTP, §9.1 for RTCP, whose index is shorter.
    fn gcm_iv(&self, ssrc: u32, index: u64) -> [u8; 12] {
        let mut iv = [0; 12];
        iv.copy_from_slice(&self.salt[..12]);
        xor(&mut iv[2..6], &ssrc.to_be_bytes());
        xor(&mut iv[6..12], &index.to_be_bytes()[2..]);
        iv
    }

    /// Writes `packet`, protected under its 48-bit index, to the front of `out`.
    pub(super) fn protect_rtp(
        &self,
        packet: &[u8],
        header: RtpHeader,
        index: u64,
        out: &mut [u8],
    ) -> Option<usize> {
        let (tag, len) = (self.rtp_tag_len(), packet.len());
        let out = out.get_mut(..len + tag)?;
        let (body, tag) = out.split_at_mut(len);
        body.copy_from_slice(packet);
        match &self.cipher {
            Cipher::CounterMode { aes, mac, .. } => {
                let iv = self.counter_iv(header.ssrc, index);
                aes.apply_keystream(&iv, &mut body[header.len..]);
                let full = rtp_mac(mac, body, index).finalize().into_bytes();
                tag.copy_from_slice(&full[..tag.len()]);
            }
            Cipher::Gcm(gcm) => {
                let (aad, data) = body.split_at_mut(header.len);
                tag.copy_from_slice(&gcm.seal(&self.gcm_iv(header.ssrc, index), aad, data)?);
            }
        }
        Some(out.len())
    }

    /// Writes the plain packet to the front of `out`, if it was protected under `index`.
    pub(super) fn unprotect_rtp(
        &self,
        packet: &[u8],
        header: RtpHeader,
        index: u64,
        out: &mut [u8],
    ) -> Result<usize, SrtpError> {
        let len = packet.len().checked_sub(self.rtp_tag_len());
        let len = len.filter(|len| *len >= header.len);
        let (body, tag) = packet.split_at(len.ok_or(SrtpError::Malformed)?);
        let out = out.get_mut(..body.len()).ok_or(SrtpError::Malformed)?;
        match &self.cipher {
            Cipher::CounterMode { aes, mac, .. } => {
                let mac = rtp_mac(mac, body, index);
                mac.verify_truncated_left(tag)
                    .map_err(|_| SrtpError::Forged)?;
                out.copy_from_slice(body);
                let iv = self.counter_iv(header.ssrc, index);
                aes.apply_keystream(&iv, &mut out[header.len..]);
            }
            Cipher::Gcm(gcm) => {
                out.copy_from_slice(body);
                let (aad, data) = out.split_at_mut(header.len);
                let iv = self.gcm_iv(header.ssrc, index);
                let tag = tag.first_chunk().ok_or(SrtpError::Malformed)?;
                if !gcm.open(&iv, aad, data, tag) {
                    return Err(SrtpError::Forged);
                }
            }
        }
        Ok(out.len())
    }

    /// Writes the RTCP packet, protected under its 31-bit index, to the front of `out`.
    pub(super) fn protect_rtcp(
        &self,
        packet: &[u8],
        ssrc: u32,
        index: u32,
        out: &mut [u8],
    ) -> Option<usize> {
        let word = (index | ENCRYPTED).to_be_bytes();
        let len = packet.len();
        let whole = len + self.rtcp_trailer_len();
        let out = out.get_mut(..whole)?;
        out[..len].copy_from_slice(packet);
        match &self.cipher {
            Cipher::CounterMode { aes, mac, .. } => {
                let iv = self.counter_iv(ssrc, u64::from(index));
                aes.apply_keystream(&iv, &mut out[RTCP_HEADER..len]);
                out[len..len + WORD].copy_from_slice(&word);
                let (body, tag) = out.split_at_mut(len + WORD);
                let full = mac.clone().chain_update(body).finalize().into_bytes();
                tag.copy_from_slice(&full[..tag.len()]);
            }
            Cipher::Gcm(gcm) => {
                let aad = encrypted_aad(packet, word)?;
                let iv = self.gcm_iv(ssrc, u64::from(index));
                let tag = gcm.seal(&iv, &aad, &mut out[RTCP_HEADER..len])?;
                out[len..len + GCM_TAG].copy_from_slice(&tag);
                out[len + GCM_TAG..].copy_from_slice(&word);
            }
        }
        Some(whole)
    }

    /// The index that an RTCP packet says it was protected under.
    pub(super) fn rtcp_index(&self, packet: &[u8]) -> Result<u32, SrtpError> {
        Ok(self.rtcp_parts(packet)?.word & !ENCRYPTED)
    }

    /// Writes the plain RTCP packet to the front of `out`. A packet that is authenticated only is
    /// the peer's, too: the E flag says which it is (RFC 3711 §3.4).
    pub(super) fn unprotect_rtcp(
        &self,
        packet: &[u8],
        ssrc: u32,
        out: &mut [u8],
    ) -> Result<usize, SrtpError> {
        let RtcpParts { body, tag, word } = self.rtcp_parts(packet)?;
        let (index, encrypted) = (u64::from(word & !ENCRYPTED), word & ENCRYPTED != 0);
        let word = word.to_be_bytes();
        let len = body.len();
        let out = out.get_mut(..len + WORD).ok_or(SrtpError::Malformed)?;
        out[..len].copy_from_slice(body);
        out[len..].copy_from_slice(&word);
        match &self.cipher {
            Cipher::CounterMode { aes, mac, .. } => {
                let mac = mac.clone().chain_update(&*out);
                mac.verify_truncated_left(tag)
                    .map_err(|_| SrtpError::Forged)?;
                if encrypted {
                    let iv = self.counter_iv(ssrc, index);
                    aes.apply_keystream(&iv, &mut out[RTCP_HEADER..len]);
                }
            }
            Cipher::Gcm(gcm) => {
                let tag = tag.first_chunk().ok_or(SrtpError::Malformed)?;
                let iv = self.gcm_iv(ssrc, index);
                let opened = if encrypted {
                    let aad = encrypted_aad(packet, word).ok_or(SrtpError::Malformed)?;
                    gcm.open(&iv, &aad, &mut out[RTCP_HEADER..len], tag)
                } else {
                    // RFC 7714 §9.3: the whole packet and the word are authenticated only.
                    gcm.open(&iv, out, &mut [], tag)
                };
                if !opened {
                    return Err(SrtpError::Forged);
                }
            }
        }
        Ok(len)
    }

    fn rtp_tag_len(&self) -> usize {
        match self.cipher {
            Cipher::CounterMode { tag_len, .. } => tag_len,
            Cipher::Gcm(_) => GCM_TAG,
        }
    }

    fn rtcp_trailer_len(&self) -> usize {
        self.rtp_tag_len() + WORD
    }

    /// AES-CM has the word before the tag (RFC 3711 §3.4), GCM behind it (RFC 7714 §9.2).
    fn rtcp_parts<'a>(&self, packet: &'a [u8]) -> Result<RtcpParts<'a>, SrtpError> {
        let len = packet.len().checked_sub(self.rtcp_trailer_len());
        let len = len.filter(|len| *len >= RTCP_HEADER);
        let (body, trailer) = packet.split_at(len.ok_or(SrtpError::Malformed)?);
        let (tag, word) = match self.cipher {
            Cipher::CounterMode { .. } => {
                let (word, tag) = trailer.split_at(WORD);
                (tag, word)
            }
            Cipher::Gcm(_) => trailer.split_at(GCM_TAG),
        };
        let word = word.first_chunk().ok_or(SrtpError::Malformed)?;
        let word = u32::from_be_bytes(*word);
        Ok(RtcpParts { body, tag, word })
    }
}

struct RtcpParts<'a> {
    body: &'a [u8],
    tag: &'a [u8],
    /// The E flag and the index.
    word: u32,
}

fn keystream<Aes>(aes: &Aes, iv: &[u8; 16], data: &mut [u8])
where
    Aes: BlockCipherEncrypt<BlockSize = U16>,
{
    CtrCore::<&Aes, Ctr128BE>::inner_iv_init(aes, iv.into()).apply_keystream_partial(data.into());
}

/// RFC 3711 §4.2: the packet and the roll-over counter.
fn rtp_mac(mac: &Hmac<Sha1>, body: &[u8], index: u64) -> Hmac<Sha1> {
    let roll_over = ((index >> 16) as u32).to_be_bytes();
    mac.clone().chain_update(body).chain_update(roll_over)
}

/// RFC 7714 §9.2
fn encrypted_aad(packet: &[u8], word: [u8; WORD]) -> Option<[u8; RTCP_HEADER + WORD]> {
    let mut aad = [0; RTCP_HEADER + WORD];
    let (header, end) = aad.split_at_mut(RTCP_HEADER);
    header.copy_from_slice(packet.get(..RTCP_HEADER)?);
    end.copy_from_slice(&word);
    Some(aad)
}

fn xor(into: &mut [u8], with: &[u8]) {
    for (octet, other) in into.iter_mut().zip(with) {
        *octet ^= other;
    }
}
