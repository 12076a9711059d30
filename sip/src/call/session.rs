//! Offer and answer within one call (RFC 3264, RFC 6337).

use std::net::IpAddr;

use crate::sdp::{self, Direction, LocalMedia, MediaPlan, SdpError};

/// Our side of the media session, and what both sides agreed on.
#[derive(Clone, Debug)]
pub(super) struct Session {
    media: LocalMedia,
    /// Our last description. A new one that differs gets the next version (RFC 3264 §8).
    sent: Option<Vec<u8>>,
    /// A first description went out whose bytes we do not have.
    described: bool,
    plan: Option<MediaPlan>,
}

impl Session {
    /// Takes the program's media. Session id and version are ours to count.
    pub(super) fn new(media: LocalMedia, id: u64) -> Self {
        // Some peers read the session id into 63 bits or less.
        let media = LocalMedia {
            session_id: id >> 16,
            version: 1,
            ..media
        };
        Session {
            media,
            sent: None,
            described: false,
            plan: None,
        }
    }

    /// The media of the first offer, which is written when its flow is known.
    pub(super) fn first_offer(&mut self) -> LocalMedia {
        self.described = true;
        self.media.clone()
    }

    /// The signalling leaves from there: where the program left the address open, so do media.
    pub(super) fn locate(&mut self, ip: IpAddr) {
        if self.media.address.is_unspecified() {
            self.media.address = ip;
        }
    }

    /// Other media of the program's; session id, version and direction stay ours.
    pub(super) fn replace(&mut self, media: LocalMedia) {
        self.media = LocalMedia {
            session_id: self.media.session_id,
            version: self.media.version,
            direction: self.media.direction,
            ..media
        };
    }

    /// Our offer in the present direction.
    pub(super) fn offer(&mut self) -> Vec<u8> {
        let mut bytes = sdp::offer(&self.media);
        if self.is_changed(&bytes) {
            bytes = sdp::offer(&self.media);
        }
        self.sent = Some(bytes.clone());
        bytes
    }

    /// Our answer to the peer's offer; the plan is in force at once.
    pub(super) fn answer(&mut self, offer: &[u8]) -> Result<Vec<u8>, SdpError> {
        let (mut bytes, mut plan) = sdp::answer(&self.media, offer)?;
        if self.is_changed(&bytes) {
            (bytes, plan) = sdp::answer(&self.media, offer)?;
        }
        self.sent = Some(bytes.clone());
        self.plan = Some(plan);
        Ok(bytes)
    }

    /// The peer's answer to our offer.
    pub(super) fn accept(&mut self, answer: &[u8]) -> Result<MediaPlan, SdpError> {
        let plan = sdp::accept(&self.media, answer)?;
        self.plan = Some(plan.clone());
        Ok(plan)
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
