//! How calls get through NATs: what the media thread finds out before a call is offered, and what is done about it when
//! the phone moves.

use ringbook_media::ice::{IceCandidate, Loss};
use ringbook_sip::sdp::{Candidate, LocalIce};
use ringbook_sip::user_agent::CallHandle;

use super::Phone;
use super::call::{Call, Ports, State};
use super::effect::{Effect, Gathering};
use super::media::map_found;
use crate::model::CallId;
use crate::now::Now;

/// Under which addresses a call's sound may be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Candidates {
    /// Nobody asks.
    #[default]
    Unused,
    /// To be looked for as soon as there are ports.
    Wanted,
    /// Being looked for; whether the other side is to be told of them, once there is a call.
    Sought(bool),
    /// These.
    Known(Vec<Candidate>),
}

impl Candidates {
    /// Wanted, if `is_used`.
    pub fn wanted(is_used: bool) -> Self {
        match is_used {
            true => Self::Wanted,
            false => Self::Unused,
        }
    }

    /// Our side of ICE, where it is used.
    pub fn local(&self) -> Option<LocalIce> {
        match self {
            Self::Known(candidates) => Some(LocalIce::new(candidates.clone())),
            _ => None,
        }
    }
}

impl Phone {
    /// Hands a call's ports to the media thread and has it look for candidates, where the call is to have some; `is_told`: a call that
    /// stands offers them. False: it is not to have any.
    pub(super) fn gather(&mut self, id: CallId, is_told: bool) -> bool {
        let Some(call) = self.calls.get_mut(id) else {
            return false;
        };
        if call.media.candidates == Candidates::Unused {
            return false;
        }
        let (Ports::Bound { rtp, rtcp } | Ports::Open { rtp, rtcp }) = call.media.ports else {
            return false;
        };
        let (stream, is_bound) = (call.stream, matches!(call.media.ports, Ports::Bound { .. }));
        call.media.candidates = Candidates::Sought(is_told);
        call.media.ports = Ports::Open { rtp, rtcp };
        let gathering = self.gathering(id, rtp);
        if is_bound {
            self.effect(Effect::OpenMedia { call: id, stream });
        }
        if let Some(gathering) = gathering {
            let gathering = Box::new(gathering);
            self.effect(Effect::Gather { stream, gathering });
        }
        true
    }

    /// Where to look.
    fn gathering(&self, id: CallId, port: u16) -> Option<Gathering> {
        let call = self.calls.get(id)?;
        let info = call.line.as_ref()?;
        let line = self.lines.iter().find(|line| line.account.aor == info.aor);
        let bound = self.media_ip(call.media.signalling, info.ipv6);
        Some(Gathering {
            host: Some(bound)
                .filter(|ip| !ip.is_unspecified())
                .or(call.media.signalling),
            is_everywhere: bound.is_unspecified(),
            is_ipv6: bound.is_ipv6(),
            port,
            stun: info.nat.stun_server.clone(),
            turn: line.and_then(|line| line.turn_account()),
        })
    }

    /// The media thread knows where a call's sound may be reached.
    pub(super) fn on_gathered(&mut self, now: Now, id: CallId, found: &[IceCandidate]) {
        let candidates = map_found(found);
        let Some(call) = self.calls.get_mut(id).filter(|call| call.ended().is_none()) else {
            return;
        };
        let is_told = call.media.candidates == Candidates::Sought(true);
        call.media.candidates = match candidates.is_empty() {
            true => Candidates::Unused,
            false => Candidates::Known(candidates),
        };
        match (&call.state, call.handle) {
            (State::Dialing { .. } | State::Incoming { .. }, _) => self.go_on(now, id),
            (_, Some(handle)) => self.renew_candidates(now, id, handle, is_told),
            (_, None) => {}
        }
    }

    /// The other side is told of other candidates than it knows, or will be when it asks.
    fn renew_candidates(&mut self, now: Now, id: CallId, handle: CallHandle, is_told: bool) {
        let Some(media) = self.local_media(id) else {
            return;
        };
        // It fails only when the call is over already; that event follows.
        let _ = match is_told {
            true => self.user_agent.renew_media(now.instant, handle, media),
            false => self.user_agent.prepare_media(now.instant, handle, media),
        };
    }

    /// The address that a call's sound came to is gone: others are looked for.
    pub(super) fn on_relocated(&mut self, handle: CallHandle) {
        let Some(id) = self.calls.by_handle(handle) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(id) {
            call.media.signalling = None;
        }
        self.gather(id, true);
    }

    /// Nothing of a call's sound gets through any more, as when a NAT has forgotten it: both sides look for another way.
    pub(super) fn on_lost(&mut self, id: CallId, loss: Loss) {
        let talking = |call: &&Call| call.is_established() && call.ended().is_none();
        let known = |call: &Call| matches!(call.media.candidates, Candidates::Known(_));
        if self.calls.get(id).filter(talking).is_some_and(known) {
            self.gather(id, loss == Loss::Offer);
        }
    }
}
