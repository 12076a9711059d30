//! Between the stream's plain packets and those on the wire.

use crate::rtp::MAX_PACKET_LEN;
use crate::srtp::{MAX_GROWTH, MasterKey, Receiver, Sender, SrtpError};

/// How the packets of a stream are protected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Protection {
    /// Not at all.
    #[default]
    None,
    /// By SRTP, with keys from the signalling. A plain packet is neither sent nor heard.
    Srtp {
        /// What our packets are protected with.
        send: MasterKey,
        /// What the peer's are.
        receive: MasterKey,
    },
}

/// Room for one packet on its way through the cipher.
pub(super) type Room = Box<[u8]>;

/// Keys of one direction that are remembered; a call hardly ever sees a third one.
const MAX_KEYS: usize = 8;

/// The ciphers of one direction by their keys, the present one last. A key that comes back in a
/// change of the call goes on where it was: no index is used or taken a second time.
struct Keyring<Cipher>(Vec<(MasterKey, Cipher)>);

impl<Cipher> Keyring<Cipher> {
    const EMPTY: Self = Keyring(Vec::new());

    fn turn_to(&mut self, key: &MasterKey, make: impl FnOnce(Option<&Cipher>) -> Cipher) {
        let known = self.0.iter().position(|(known, _)| known == key);
        let entry = match known {
            Some(at) => self.0.remove(at),
            None => (key.clone(), make(self.0.last().map(|(_, cipher)| cipher))),
        };
        if self.0.len() == MAX_KEYS {
            self.0.remove(0);
        }
        self.0.push(entry);
    }
}

/// The stream's ciphers.
pub(super) struct Security {
    encrypts: bool,
    senders: Keyring<Sender>,
    receivers: Keyring<Receiver>,
    /// Nothing has come under the peer's present key yet: what comes under the one before it was
    /// on the way.
    changing: bool,
}

impl Default for Security {
    fn default() -> Self {
        Self {
            encrypts: false,
            senders: Keyring::EMPTY,
            receivers: Keyring::EMPTY,
            changing: false,
        }
    }
}

impl Security {
    pub(super) fn room() -> Room {
        vec![0; MAX_PACKET_LEN + MAX_GROWTH].into()
    }

    pub(super) fn configure(&mut self, protection: &Protection) {
        let Protection::Srtp { send, receive } = protection else {
            self.encrypts = false;
            return;
        };
        let present = self.receivers.0.last().map(|(key, _)| key);
        self.changing |= self.encrypts && present != Some(receive);
        self.encrypts = true;
        self.senders.turn_to(send, |_| Sender::new(send));
        self.receivers.turn_to(receive, |former| match former {
            Some(former) => Receiver::after(former, receive),
            None => Receiver::new(receive),
        });
    }

    /// An RTP packet as it goes onto the wire; `None`: it must not.
    pub(super) fn protect_rtp<'a>(
        &mut self,
        packet: &'a [u8],
        room: &'a mut Room,
    ) -> Option<&'a [u8]> {
        if !self.encrypts {
            return Some(packet);
        }
        let (_, sender) = self.senders.0.last_mut()?;
        let len = sender.protect_rtp(packet, room).ok()?;
        Some(&room[..len])
    }

    /// An RTCP packet as it goes onto the wire; `None`: it must not.
    pub(super) fn protect_rtcp<'a>(
        &mut self,
        packet: &'a [u8],
        room: &'a mut Room,
    ) -> Option<&'a [u8]> {
        if !self.encrypts {
            return Some(packet);
        }
        let (_, sender) = self.senders.0.last_mut()?;
        let len = sender.protect_rtcp(packet, room).ok()?;
        Some(&room[..len])
    }

    /// The RTP packet that came as `datagram`, if it is the peer's.
    pub(super) fn unprotect_rtp<'a>(
        &mut self,
        datagram: &'a [u8],
        room: &'a mut Room,
    ) -> Option<&'a [u8]> {
        if !self.encrypts {
            return Some(datagram);
        }
        let len = self.unprotect(|receiver| receiver.unprotect_rtp(datagram, room))?;
        Some(&room[..len])
    }

    /// The RTCP packet that came as `datagram`, if it is the peer's.
    pub(super) fn unprotect_rtcp<'a>(
        &mut self,
        datagram: &'a [u8],
        room: &'a mut Room,
    ) -> Option<&'a [u8]> {
        if !self.encrypts {
            return Some(datagram);
        }
        let len = self.unprotect(|receiver| receiver.unprotect_rtcp(datagram, room))?;
        Some(&room[..len])
    }

    fn unprotect(
        &mut self,
        mut with: impl FnMut(&mut Receiver) -> Result<usize, SrtpError>,
    ) -> Option<usize> {
        let (_, present) = self.receivers.0.last_mut()?;
        match with(present) {
            Ok(len) => {
                self.changing = false;
                Some(len)
            }
            Err(SrtpError::Forged) if self.changing => {
                let former = self.receivers.0.iter_mut().nth_back(1);
                former.and_then(|(_, former)| with(former).ok())
            }
            Err(_) => None,
        }
    }
}
