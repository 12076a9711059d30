//! Between the stream's plain packets and those on the wire.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::dtls::{Certificate, DtlsError, Fingerprint, Handshake, Keys};
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
    /// By SRTP, with keys from a DTLS handshake with the peer. Before there are keys nothing is
    /// sent or heard.
    Dtls {
        /// We begin the handshake.
        active: bool,
        /// The peer's certificate is one of these.
        fingerprints: Vec<Fingerprint>,
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

impl<Cipher> Default for Keyring<Cipher> {
    fn default() -> Self {
        Keyring(Vec::new())
    }
}

/// What is done with packets.
#[derive(Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Plain,
    /// The keys are being agreed on: nothing goes out or in.
    Waiting,
    Encrypted,
}

/// A DTLS association, from its first datagram to the end of the call.
struct Association {
    active: bool,
    fingerprints: Vec<Fingerprint>,
    handshake: Handshake,
    keys: Option<Keys>,
    /// Where the peer's datagrams come from.
    source: Option<SocketAddr>,
}

/// The stream's ciphers.
#[derive(Default)]
pub(super) struct Security {
    mode: Mode,
    senders: Keyring<Sender>,
    receivers: Keyring<Receiver>,
    /// Nothing has come under the peer's present key yet: what comes under the one before it was
    /// on the way.
    changing: bool,
    certificate: Option<Arc<Certificate>>,
    association: Option<Association>,
    failure: Option<DtlsError>,
}

impl Security {
    pub(super) fn room() -> Room {
        vec![0; MAX_PACKET_LEN + MAX_GROWTH].into()
    }

    /// The certificate for handshakes.
    pub(super) fn set_certificate(&mut self, certificate: Arc<Certificate>) {
        self.certificate = Some(certificate);
    }

    pub(super) fn configure(&mut self, now: Instant, protection: &Protection) {
        match protection {
            Protection::None => self.mode = Mode::Plain,
            Protection::Srtp { send, receive } => self.turn_to(send, receive),
            Protection::Dtls {
                active,
                fingerprints,
            } => self.associate(now, *active, fingerprints),
        }
    }

    fn turn_to(&mut self, send: &MasterKey, receive: &MasterKey) {
        let present = self.receivers.0.last().map(|(key, _)| key);
        self.changing |= self.mode == Mode::Encrypted && present != Some(receive);
        self.mode = Mode::Encrypted;
        self.senders.turn_to(send, |_| Sender::new(send));
        self.receivers.turn_to(receive, |former| match former {
            Some(former) => Receiver::after(former, receive),
            None => Receiver::new(receive),
        });
    }

    /// Begins a handshake, or goes on with the one there is: the same certificate in the same
    /// part is the same association (RFC 5763 §6.6).
    fn associate(&mut self, now: Instant, active: bool, fingerprints: &[Fingerprint]) {
        let same =
            |known: &&Association| known.active == active && known.fingerprints == fingerprints;
        if let Some(known) = self.association.as_ref().filter(same) {
            match known.keys.clone() {
                Some(keys) => self.turn_to(&keys.send, &keys.receive),
                None => self.mode = Mode::Waiting,
            }
            return;
        }
        self.mode = Mode::Waiting;
        self.association = None;
        let handshake = match &self.certificate {
            Some(own) => Handshake::new(now, own, active, fingerprints.to_vec()),
            None => Err(DtlsError::NoCertificate),
        };
        match handshake {
            Ok(handshake) => {
                self.association = Some(Association {
                    active,
                    fingerprints: fingerprints.to_vec(),
                    handshake,
                    keys: None,
                    source: None,
                });
            }
            Err(error) => self.failure = Some(error),
        }
    }

    /// Takes a datagram of the handshake. Once something has come from the address that the
    /// signalling names, nobody else is heard; before that, a peer behind a NAT is.
    pub(super) fn handle_dtls(
        &mut self,
        now: Instant,
        (source, signalled): (SocketAddr, SocketAddr),
        datagram: &[u8],
    ) {
        let Some(association) = &mut self.association else {
            return;
        };
        let known = association.source;
        if source != signalled && known.is_some_and(|known| known != source) {
            return;
        }
        association.source = Some(source);
        let outcome = association.handshake.handle(now, datagram);
        self.conclude(outcome);
    }

    /// Sends what the handshake has to send, and looks at its clock.
    pub(super) fn poll_dtls(
        &mut self,
        now: Instant,
        signalled: SocketAddr,
        transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
        let Some(association) = &mut self.association else {
            return;
        };
        let outcome = association.handshake.handle_timeout(now);
        let to = association.source.unwrap_or(signalled);
        while let Some(datagram) = association.handshake.poll_transmit() {
            transmit(to, &datagram);
        }
        self.conclude(outcome);
    }

    fn conclude(&mut self, outcome: Option<Result<Keys, DtlsError>>) {
        match (outcome, &mut self.association) {
            (Some(Ok(keys)), Some(association)) => {
                association.keys = Some(keys.clone());
                if self.mode == Mode::Waiting {
                    self.turn_to(&keys.send, &keys.receive);
                }
            }
            (Some(Err(error)), _) => self.failure = Some(error),
            _ => {}
        }
    }

    /// Why there will be no keys; told once.
    pub(super) fn take_failure(&mut self) -> Option<DtlsError> {
        self.failure.take()
    }

    /// An RTP packet as it goes onto the wire; `None`: it must not.
    pub(super) fn protect_rtp<'a>(
        &mut self,
        packet: &'a [u8],
        room: &'a mut Room,
    ) -> Option<&'a [u8]> {
        self.protect(packet, room, Sender::protect_rtp)
    }

    /// An RTCP packet as it goes onto the wire; `None`: it must not.
    pub(super) fn protect_rtcp<'a>(
        &mut self,
        packet: &'a [u8],
        room: &'a mut Room,
    ) -> Option<&'a [u8]> {
        self.protect(packet, room, Sender::protect_rtcp)
    }

    /// What the mode makes of a packet of ours.
    fn protect<'a>(
        &mut self,
        packet: &'a [u8],
        room: &'a mut Room,
        with: impl FnOnce(&mut Sender, &[u8], &mut [u8]) -> Result<usize, SrtpError>,
    ) -> Option<&'a [u8]> {
        match self.mode {
            Mode::Plain => Some(packet),
            Mode::Waiting => None,
            Mode::Encrypted => {
                let (_, sender) = self.senders.0.last_mut()?;
                let len = with(sender, packet, room).ok()?;
                Some(&room[..len])
            }
        }
    }

    /// The RTP packet that came as `datagram`, if it is the peer's.
    pub(super) fn unprotect_rtp<'a>(
        &mut self,
        datagram: &'a [u8],
        room: &'a mut Room,
    ) -> Option<&'a [u8]> {
        match self.mode {
            Mode::Plain => return Some(datagram),
            Mode::Waiting => return None,
            Mode::Encrypted => {}
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
        match self.mode {
            Mode::Plain => return Some(datagram),
            Mode::Waiting => return None,
            Mode::Encrypted => {}
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
