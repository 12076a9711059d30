//! Keys for SRTP from a DTLS handshake on the media path (RFC 5763, RFC 5764).
//!
//! Pure: datagrams and the time come in, datagrams and one outcome go out. The signalling says
//! which certificate the peer has; nothing else makes it the peer.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::crypto::Certificate as KeyPair;
use rtc_dtls::crypto_provider::{RTCCryptoProvider, default_provider};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile as Profile;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::srtp::{MasterKey, Suite};

/// What we can do, the preferred first.
const PROFILES: [Profile; 3] = [
    Profile::Srtp_Aead_Aes_256_Gcm,
    Profile::Srtp_Aead_Aes_128_Gcm,
    Profile::Srtp_Aes128_Cm_Hmac_Sha1_80,
];
/// RFC 5764 §4.2
const EXPORTER: &str = "EXTRACTOR-dtls_srtp";
/// Lost datagrams are repeated after this time. RFC 6347 §4.2.4.1 has a second for networks it
/// knows nothing of; a person waits for this one.
const REPEAT: Duration = Duration::from_millis(250);
/// Each time it is twice as long, up to this.
const SLOWEST: Duration = Duration::from_secs(2);
/// A handshake that is not done by then has failed.
const PATIENCE: Duration = Duration::from_secs(15);
/// There is one peer, wherever its datagrams come from.
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// A hash of a certificate, as SDP says it (RFC 8122 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fingerprint {
    /// `sha-256`
    Sha256([u8; 32]),
    /// `sha-384`
    Sha384([u8; 48]),
    /// `sha-512`
    Sha512([u8; 64]),
}

impl Fingerprint {
    fn fits(&self, certificate: &[u8]) -> bool {
        match self {
            Self::Sha256(hash) => Sha256::digest(certificate)[..] == hash[..],
            Self::Sha384(hash) => Sha384::digest(certificate)[..] == hash[..],
            Self::Sha512(hash) => Sha512::digest(certificate)[..] == hash[..],
        }
    }
}

/// Why there are no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DtlsError {
    /// The peer has another certificate than the signalling says: somebody is in between.
    #[error("the certificate is not the one that the signalling names")]
    WrongCertificate,
    /// The peer does not answer, or not to the end.
    #[error("the handshake has not come to its end in time")]
    Timeout,
    /// The peer broke it off, or there is nothing that both sides can do.
    #[error("the handshake has failed")]
    Failed,
    /// This computer makes no keys.
    #[error("no certificate can be made")]
    NoCertificate,
}

/// Our certificate: made once a run, signed by nobody, known by its fingerprint.
pub struct Certificate {
    provider: Arc<dyn RTCCryptoProvider>,
    pair: KeyPair,
    fingerprint: [u8; 32],
}

impl Certificate {
    /// A new key and its certificate, which says nothing about the person.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn generate() -> Result<Self, DtlsError> {
        let provider = default_provider().map_err(|_| DtlsError::NoCertificate)?;
        let pair = KeyPair::generate_self_signed(vec!["ringbook".to_owned()], provider.crypto())
            .map_err(|_| DtlsError::NoCertificate)?;
        let octets = pair.certificate.first().ok_or(DtlsError::NoCertificate)?;
        let fingerprint = Sha256::digest(octets).into();
        Ok(Self {
            provider,
            pair,
            fingerprint,
        })
    }

    /// Its SHA-256.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate(…)")
    }
}

/// The keys of both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// What we send with.
    pub send: MasterKey,
    /// What the peer sends with.
    pub receive: MasterKey,
}

/// One association with the peer.
pub struct Handshake {
    endpoint: Endpoint,
    is_client: bool,
    wrong_certificate: Arc<AtomicBool>,
    outbox: VecDeque<BytesMut>,
    /// What we sent last, until the peer has answered. The library forgets its own clock when the
    /// peer repeats itself, so the repeating is done here: octet for octet, which a peer takes
    /// that has not had them.
    flight: Vec<BytesMut>,
    repeat_at: Instant,
    interval: Duration,
    give_up_at: Instant,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    UnderWay,
    /// Over; only repeated datagrams of the peer are still answered.
    Over,
}

impl Handshake {
    /// Begins the handshake: with our first datagram when we are the client, else with the
    /// peer's.
    ///
    /// # Errors
    /// The configuration is refused, which cannot happen to a sound certificate.
    pub fn new(
        now: Instant,
        certificate: &Certificate,
        is_client: bool,
        fingerprints: Vec<Fingerprint>,
    ) -> Result<Self, DtlsError> {
        let wrong_certificate = Arc::new(AtomicBool::new(false));
        let wrong = Arc::clone(&wrong_certificate);
        // RFC 8122 §5.1: one of several is enough.
        let verify = move |chain: &[Vec<u8>], _: &[_]| match chain.first() {
            Some(leaf) if fingerprints.iter().any(|print| print.fits(leaf)) => Ok(()),
            _ => {
                wrong.store(true, Ordering::Relaxed);
                Err(Error::Other("fingerprint".to_owned()))
            }
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&certificate.provider))
            .with_certificates(vec![certificate.pair.clone()])
            .with_srtp_protection_profiles(PROFILES.to_vec())
            .with_extended_master_secret(ExtendedMasterSecretType::Request)
            // Nobody vouches for these certificates but the signalling.
            .with_insecure_skip_verify(true)
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            .with_verify_peer_certificate(Some(Arc::new(verify)))
            .build(is_client, None)
            .map_err(|_| DtlsError::Failed)?;
        let config = Arc::new(config);
        let server = (!is_client).then(|| Arc::clone(&config));
        let mut endpoint = Endpoint::new(PEER, TransportProtocol::UDP, server);
        if is_client {
            let begun = endpoint.connect(now, PEER, config, None);
            begun.map_err(|_| DtlsError::Failed)?;
        }
        let mut handshake = Self {
            endpoint,
            is_client,
            wrong_certificate,
            outbox: VecDeque::new(),
            flight: Vec::new(),
            repeat_at: now,
            interval: REPEAT,
            give_up_at: now + PATIENCE,
            state: State::UnderWay,
        };
        handshake.collect(now);
        Ok(handshake)
    }

    /// Takes over what the library has to send: the next flight.
    fn collect(&mut self, now: Instant) {
        let next = std::iter::from_fn(|| self.endpoint.poll_transmit());
        let next: Vec<BytesMut> = next.map(|transmit| transmit.message).collect();
        if !next.is_empty() {
            self.outbox.extend(next.iter().cloned());
            self.flight = next;
            self.interval = REPEAT;
            self.repeat_at = now + self.interval;
        }
    }

    fn repeat(&mut self, now: Instant) {
        self.outbox.extend(self.flight.iter().cloned());
        self.interval = (self.interval * 2).min(SLOWEST);
        self.repeat_at = now + self.interval;
    }

    /// Takes a datagram of the peer's.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) -> Option<Result<Keys, DtlsError>> {
        let events = self
            .endpoint
            .read(now, PEER, None, BytesMut::from(datagram));
        self.collect(now);
        if self.state == State::Over {
            // The peer has missed our last flight (RFC 6347 §4.2.4).
            if is_handshake(datagram) && self.repeat_at <= now {
                self.repeat(now);
            }
            return None;
        }
        let outcome = match events {
            Ok(events) if events.iter().any(is_complete) => self.keys(),
            Ok(_) => return None,
            Err(_) if self.wrong_certificate.load(Ordering::Relaxed) => {
                Err(DtlsError::WrongCertificate)
            }
            Err(_) => Err(DtlsError::Failed),
        };
        self.state = State::Over;
        Some(outcome)
    }

    /// Repeats what was lost, and gives up in the end; to be called about every 20 ms.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Result<Keys, DtlsError>> {
        if self.state == State::Over {
            return None;
        }
        if now < self.give_up_at {
            if self.repeat_at <= now {
                self.repeat(now);
            }
            return None;
        }
        self.state = State::Over;
        Some(Err(DtlsError::Timeout))
    }

    /// The next datagram for the peer.
    pub fn poll_transmit(&mut self) -> Option<BytesMut> {
        self.outbox.pop_front()
    }

    /// RFC 5764 §4.2: both keys, then both salts, the client's first.
    fn keys(&self) -> Result<Keys, DtlsError> {
        let state = self.endpoint.get_connection_state(PEER);
        let state = state.ok_or(DtlsError::Failed)?;
        let suite = match state.srtp_protection_profile() {
            Profile::Srtp_Aead_Aes_256_Gcm => Suite::AeadAes256Gcm,
            Profile::Srtp_Aead_Aes_128_Gcm => Suite::AeadAes128Gcm,
            Profile::Srtp_Aes128_Cm_Hmac_Sha1_80 => Suite::AesCm128Sha1_80,
            _ => return Err(DtlsError::Failed),
        };
        let (key, salt) = (suite.key_len(), suite.salt_len());
        let material = state.export_keying_material(EXPORTER, &[], 2 * (key + salt));
        let material = material.map_err(|_| DtlsError::Failed)?;
        let (keys, salts) = material.as_ref().split_at(2 * key);
        let of = |place: usize| {
            let both = [
                &keys[place * key..(place + 1) * key],
                &salts[place * salt..(place + 1) * salt],
            ];
            MasterKey::new(suite, &both.concat()).ok_or(DtlsError::Failed)
        };
        let (ours, theirs) = if self.is_client { (0, 1) } else { (1, 0) };
        Ok(Keys {
            send: of(ours)?,
            receive: of(theirs)?,
        })
    }
}

fn is_complete(event: &EndpointEvent) -> bool {
    matches!(event, EndpointEvent::HandshakeComplete)
}

/// Whether a datagram begins with a handshake message or a change of the cipher (RFC 5246 §6.2.1).
fn is_handshake(datagram: &[u8]) -> bool {
    matches!(datagram, [20 | 22, ..])
}

/// Whether a datagram on the media port belongs to DTLS (RFC 7983 §7).
pub(crate) fn is_dtls(datagram: &[u8]) -> bool {
    matches!(datagram, [20..=63, ..])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods)]
    use super::*;

    type Outcome = Option<Result<Keys, DtlsError>>;

    fn print(certificate: &Certificate) -> Vec<Fingerprint> {
        vec![Fingerprint::Sha256(certificate.fingerprint())]
    }

    /// Both sides to their ends; `lost` says which datagrams never arrive.
    fn shake(
        client: &mut Handshake,
        server: &mut Handshake,
        mut lost: impl FnMut(usize) -> bool,
    ) -> (Outcome, Outcome, Duration) {
        let start = Instant::now();
        let (mut at_client, mut at_server) = (None, None);
        let mut number = 0;
        for tick in 0..2_000 {
            let now = start + Duration::from_millis(20 * tick);
            while let Some(datagram) = client.poll_transmit() {
                assert!(is_dtls(&datagram));
                number += 1;
                if !lost(number) {
                    at_server = at_server.or(server.handle(now, &datagram));
                }
            }
            while let Some(datagram) = server.poll_transmit() {
                number += 1;
                if !lost(number) {
                    at_client = at_client.or(client.handle(now, &datagram));
                }
            }
            at_client = at_client.or(client.handle_timeout(now));
            at_server = at_server.or(server.handle_timeout(now));
            if at_client.is_some() && at_server.is_some() {
                return (at_client, at_server, now - start);
            }
        }
        (at_client, at_server, Duration::MAX)
    }

    fn pair(theirs: Option<Vec<Fingerprint>>) -> (Handshake, Handshake) {
        let now = Instant::now();
        let (alice, bob) = (
            Certificate::generate().unwrap(),
            Certificate::generate().unwrap(),
        );
        let theirs = theirs.unwrap_or_else(|| print(&bob));
        (
            Handshake::new(now, &alice, true, theirs).unwrap(),
            Handshake::new(now, &bob, false, print(&alice)).unwrap(),
        )
    }

    #[test]
    fn both_sides_have_the_same_keys_and_each_its_own_direction() {
        let (mut client, mut server) = pair(None);
        let (at_client, at_server, took) = shake(&mut client, &mut server, |_| false);
        let (ours, theirs) = (at_client.unwrap().unwrap(), at_server.unwrap().unwrap());
        assert_eq!((&ours.send, &ours.receive), (&theirs.receive, &theirs.send));
        assert_ne!(ours.send, ours.receive);
        assert_eq!(ours.send.suite(), Suite::AeadAes256Gcm);
        assert!(took <= Duration::from_millis(100), "{took:?}");
    }

    #[test]
    fn lost_datagrams_are_repeated() {
        let singles = (1..12).map(|number| vec![number]);
        let more = [
            vec![1, 2, 3],
            vec![2, 5, 6],
            vec![4, 5, 6, 7],
            vec![3, 6, 9, 12],
        ];
        for lost in singles.chain(more) {
            let (mut client, mut server) = pair(None);
            let (at_client, at_server, took) =
                shake(&mut client, &mut server, |number| lost.contains(&number));
            let (ours, theirs) = (at_client.unwrap(), at_server.unwrap());
            assert_eq!(ours.unwrap().send, theirs.unwrap().receive, "{lost:?}");
            assert!(took <= Duration::from_secs(4), "{lost:?} {took:?}");
        }
    }

    #[test]
    fn another_certificate_than_the_signalled_one_gives_no_keys() {
        let other = Certificate::generate().unwrap();
        for wrong in [print(&other), Vec::new()] {
            let (mut client, mut server) = pair(Some(wrong));
            let (at_client, at_server, _) = shake(&mut client, &mut server, |_| false);
            assert_eq!(at_client.unwrap(), Err(DtlsError::WrongCertificate));
            assert!(at_server.unwrap().is_err());
        }
    }

    #[test]
    fn one_right_fingerprint_of_several_is_enough() {
        let other = print(&Certificate::generate().unwrap());
        let now = Instant::now();
        let (alice, bob) = (
            Certificate::generate().unwrap(),
            Certificate::generate().unwrap(),
        );
        let mut client = Handshake::new(now, &alice, true, [other, print(&bob)].concat()).unwrap();
        let mut server = Handshake::new(now, &bob, false, print(&alice)).unwrap();
        let (at_client, at_server, _) = shake(&mut client, &mut server, |_| false);
        assert!(at_client.unwrap().is_ok() && at_server.unwrap().is_ok());
    }

    #[test]
    fn a_silent_peer_is_given_up() {
        let (mut client, mut server) = pair(None);
        let (at_client, at_server, took) = shake(&mut client, &mut server, |_| true);
        assert_eq!(at_client.unwrap(), Err(DtlsError::Timeout));
        assert_eq!(at_server.unwrap(), Err(DtlsError::Timeout));
        assert!(took <= PATIENCE + Duration::from_millis(40), "{took:?}");
    }

    proptest::proptest! {
        #[test]
        fn no_datagram_panics(datagram in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120)) {
            let (mut client, mut server) = pair(None);
            let now = Instant::now();
            client.handle(now, &datagram);
            server.handle(now, &datagram);
        }
    }
}
