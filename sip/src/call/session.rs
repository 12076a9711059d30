//! Offer and answer within one call (RFC 3264, RFC 6337).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::sdp::{
    self, CryptoKey, CryptoSuite, Direction, Dtls, IceCredentials, LocalIce, LocalMedia, MediaPlan,
    Protection, SdpError, SrtpPolicy,
};
use crate::user_agent::{Flow, Random, Transport};

/// Our side of the media session, and what both sides agreed on.
#[derive(Clone, Debug)]
pub(super) struct Session {
    media: LocalMedia,
    /// Our last description. A new one that differs gets the next version (RFC 3264 §8).
    sent: Option<Vec<u8>>,
    /// A first description went out whose bytes we do not have.
    described: bool,
    /// Every description so far travelled encrypted.
    private: bool,
    plan: Option<MediaPlan>,
    /// For new credentials of ICE, where it is used.
    random: Option<Random>,
}

impl Session {
    /// Takes the program's media. Session id, version and keys are ours to choose.
    pub(super) fn new(media: LocalMedia, random: &mut Random) -> Self {
        let keys = match media.srtp {
            SrtpPolicy::Off => Vec::new(),
            _ => CryptoSuite::ALL.map(|suite| new_key(suite, random)).into(),
        };
        let mut own = media.ice.as_ref().map(|_| random.fork());
        let ice = media.ice.zip(own.as_mut());
        let ice = ice.map(|(ice, random)| with_credentials(ice, random));
        let media = LocalMedia {
            // Some peers read the session id into 63 bits or less.
            session_id: random.number() >> 16,
            version: 1,
            keys,
            ice,
            ..media
        };
        Session {
            media,
            sent: None,
            described: false,
            private: true,
            plan: None,
            random: own,
        }
    }

    /// The media of the first offer, which is written when its flow is known.
    pub(super) fn first_offer(&mut self) -> LocalMedia {
        self.described = true;
        self.offered()
    }

    /// The media as our offers say them: without keys where others could read them, except those
    /// that the call is encrypted with (RFC 4568 §7.1.4).
    fn offered(&self) -> LocalMedia {
        let mut media = self.media.clone();
        let agreed = self.plan.as_ref().map(|plan| &plan.protection);
        if let (Some(Protection::Sdes { .. }), Some(dtls)) = (agreed, &mut media.dtls) {
            dtls.keys_in_clear = true;
        }
        if !self.private {
            media.withhold_keys();
        }
        media
    }

    /// An offer that went this way was refused: offers our certificate without the keys that stood
    /// beside it. False: that would be nothing new.
    pub(super) fn leave_keys_out(&mut self, flow: &Flow) -> bool {
        self.locate(flow);
        let is_new = self.media.srtp == SrtpPolicy::Mandatory
            && self.media.dtls.is_some()
            && !self.offered().keys.is_empty();
        if is_new {
            self.media.keys.clear();
            self.media.version += 1;
        }
        is_new
    }

    /// The signalling goes this way: where the program left the address open, media leave from
    /// there, too; and who reads the way reads our keys.
    pub(super) fn locate(&mut self, flow: &Flow) {
        if self.media.address.is_unspecified() {
            self.media.address = flow.local.ip();
        }
        self.private &= flow.transport == Transport::Tls;
    }

    /// Our address is gone: the next offer says the one that its signalling leaves from.
    ///
    /// False: only the program can tell where media reach us now, by other candidates of ICE.
    pub(super) fn leave(&mut self, gone: &[IpAddr]) -> bool {
        let is_gone = gone.contains(&self.media.address);
        if is_gone {
            self.media.address = match self.media.address {
                IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
        }
        !is_gone || self.media.ice.is_none()
    }

    /// The next offer where our address is not known before its flow is.
    pub(super) fn open_offer(&mut self) -> Option<LocalMedia> {
        if !self.media.address.is_unspecified() {
            return None;
        }
        self.media.version += 1;
        self.sent = None;
        Some(self.offered())
    }

    /// Other media of the program's; what is the dialog's own stays as it is: session id, version,
    /// direction, keys, the streams beside, and our parts of the handshake and of ICE. With candidates
    /// it is a restart of ICE, which needs other credentials (RFC 8445 §9).
    pub(super) fn replace(&mut self, media: LocalMedia) {
        let active = self.media.dtls.as_ref().and_then(|dtls| dtls.active);
        let ice = self.renewed_ice(media.ice);
        self.media = LocalMedia {
            session_id: self.media.session_id,
            version: self.media.version,
            direction: self.media.direction,
            keys: std::mem::take(&mut self.media.keys),
            beside: std::mem::take(&mut self.media.beside),
            dtls: media.dtls.map(|dtls| Dtls { active, ..dtls }),
            ice,
            ..media
        };
    }

    fn renewed_ice(&mut self, wanted: Option<LocalIce>) -> Option<LocalIce> {
        let former = self.media.ice.take();
        Some(LocalIce {
            controlling: former.and_then(|former| former.controlling),
            ..with_credentials(wanted?, self.random.as_mut()?)
        })
    }

    /// Our offer in the present direction.
    pub(super) fn offer(&mut self) -> Vec<u8> {
        let mut bytes = sdp::offer(&self.offered());
        if self.is_changed(&bytes) {
            bytes = sdp::offer(&self.offered());
        }
        self.sent = Some(bytes.clone());
        bytes
    }

    /// Our answer to the peer's offer; the plan is in force at once.
    pub(super) fn answer(&mut self, offer: &[u8]) -> Result<Vec<u8>, SdpError> {
        let ice = self.media.ice.clone();
        self.follow_restart(offer)?;
        let answered = self.answer_as_we_are(offer);
        if answered.is_err() {
            self.media.ice = ice;
        }
        answered
    }

    fn answer_as_we_are(&mut self, offer: &[u8]) -> Result<Vec<u8>, SdpError> {
        let (mut bytes, mut plan) = sdp::answer(&self.media, offer)?;
        if self.is_changed(&bytes) {
            (bytes, plan) = sdp::answer(&self.media, offer)?;
        }
        self.media.beside = sdp::beside(&bytes);
        self.sent = Some(bytes.clone());
        self.settle(plan);
        Ok(bytes)
    }

    /// The peer's answer to our offer.
    pub(super) fn accept(&mut self, answer: &[u8]) -> Result<MediaPlan, SdpError> {
        let plan = sdp::accept(&self.offered(), answer)?;
        Ok(self.settle(plan))
    }

    /// The peer has begun ICE anew: so do we (RFC 8839 §4.4.2).
    fn follow_restart(&mut self, offer: &[u8]) -> Result<(), SdpError> {
        let former = self.plan.as_ref().and_then(|plan| plan.ice.as_deref());
        let (Some(former), Some(ice), Some(random)) =
            (former, &mut self.media.ice, &mut self.random)
        else {
            return Ok(());
        };
        if sdp::restarts_ice(former, offer)? {
            ice.credentials = Some(IceCredentials::generate(random));
        }
        Ok(())
    }

    fn settle(&mut self, mut plan: MediaPlan) -> MediaPlan {
        if let (Some(ice), Some(agreed)) = (&mut self.media.ice, &plan.ice) {
            ice.controlling = Some(agreed.controlling);
        }
        match &mut plan.protection {
            Protection::Sdes { private, .. } => *private = self.private,
            Protection::Dtls { active, .. } => {
                if let Some(dtls) = &mut self.media.dtls {
                    dtls.active = Some(*active);
                }
            }
            Protection::None => {}
        }
        self.plan = Some(plan.clone());
        plan
    }

    /// Counts a version up if this description differs from the last.
    fn is_changed(&mut self, bytes: &[u8]) -> bool {
        let changed = self.described && self.sent.as_deref() != Some(bytes);
        if changed {
            self.media.version += 1;
        }
        self.described = true;
        changed
    }

    pub(super) fn plan(&self) -> Option<&MediaPlan> {
        self.plan.as_ref()
    }

    pub(super) fn set_direction(&mut self, direction: Direction) {
        self.media.direction = direction;
    }
}

fn with_credentials(ice: LocalIce, random: &mut Random) -> LocalIce {
    LocalIce {
        credentials: Some(IceCredentials::generate(random)),
        ..ice
    }
}

fn new_key(suite: CryptoSuite, random: &mut Random) -> CryptoKey {
    let mut octets = vec![0; suite.key_len()];
    random.fill(&mut octets);
    CryptoKey { suite, octets }
}
