//! One call: its parties, its state and its times. It knows no feature.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ringbook_media::engine::StreamId;
use ringbook_media::stream::{MediaPath, StreamStats};
use ringbook_sip::message::Uri;
use ringbook_sip::sdp::MediaPlan;
use ringbook_sip::user_agent::{CallHandle, End};

use super::account::LineInfo;
use super::media::{codec_word, encryption};
use super::nat::Candidates;
use super::view::CallPhase;
use crate::automation::{self, SoundPath};
use crate::model::{
    CallId, CallLeg, CallOrigin, CallQuality, CallRecord, CallStatus, Direction, EndReason,
    LegOutcome, Party, PhoneNumber,
};
use crate::now::Now;

/// A call.
#[derive(Debug)]
pub struct Call {
    /// Its id outwards and in the call log.
    pub id: CallId,
    /// Its name in the user agent; none while an outgoing call has no ports yet.
    pub handle: Option<CallHandle>,
    /// Its `Call-ID`; none while no INVITE of ours has left.
    pub call_id: Option<String>,
    /// Its name in the media thread.
    pub stream: StreamId,
    /// Who called whom.
    pub direction: Direction,
    /// The line; none for a call to our bare address.
    pub line: Option<Arc<LineInfo>>,
    /// The other party.
    pub remote: Remote,
    /// Our side, as the log keeps it.
    pub local: Party,
    /// The caller's address.
    pub from: String,
    /// The called address.
    pub to: String,
    /// Where it stands.
    pub state: State,
    /// When the INVITE arrived or left.
    pub began: Now,
    /// When it first rang.
    pub ringing: Option<Now>,
    /// When it was answered.
    pub answered: Option<Now>,
    /// When the present phase began, for people.
    pub since: Timestamp,
    /// Nobody decides about this call: it was answered by itself.
    pub automatic: bool,
    /// Our microphone is off.
    pub muted: bool,
    /// Which sides hold, and for how long they have.
    pub hold: Hold,
    /// Its sound.
    pub media: Media,
    /// Our own reason to end it, where SIP has no word for it.
    pub intent: Option<EndReason>,
    /// What led to a call of ours.
    pub origin: Option<CallOrigin>,
    /// A mailbox has it: the other party's answers, or we have sent the caller to our own.
    pub mailbox: bool,
    /// The call whose other party asked for this one.
    pub referrer: Option<CallId>,
    /// The call with whoever the other party is being connected with.
    pub connecting: Option<CallId>,
    /// Who sent it on to us: number, internal number or user.
    pub diverted_by: Option<String>,
    /// The other party is not told who calls.
    pub anonymous: bool,
    /// Whose leg it is; none of a call that is somebody's own.
    pub leg_of: Option<LegOf>,
    /// Where a scenario has led it.
    pub led: Led,
    /// The calls whose other parties it hears, and they it: those of the same conference.
    pub joined_with: Vec<CallId>,
}

/// Which call a leg rings for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegOf {
    /// The caller's.
    pub call: CallId,
    /// Its place among those who ring, or rang.
    pub place: usize,
}

/// Where a call of somebody who calls us has been led.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Led {
    /// It is nothing to the person here: others ring, or talk, or are about to.
    pub elsewhere: bool,
    /// The leg whose other party has the caller.
    pub with: Option<CallId>,
    /// Who rang for it, in their order; empty where it follows no scenario.
    pub legs: Vec<CallLeg>,
}

impl Led {
    /// Who took the call last.
    fn taken_by(&self) -> Option<&CallLeg> {
        let answered = |leg: &&CallLeg| leg.outcome == LegOutcome::Answered;
        self.legs.iter().rev().find(answered)
    }

    /// The internal numbers that ring.
    pub fn rings_at(&self) -> Vec<String> {
        let rings = |leg: &&CallLeg| leg.outcome == LegOutcome::Ringing;
        let ringing = self.legs.iter().filter(rings);
        ringing.map(|leg| leg.extension.clone()).collect()
    }
}

/// The other party.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Whom to call or to refer to.
    pub uri: Option<Uri>,
    /// The number, the internal number or the user.
    pub party: Party,
    /// The name the network gave; may be empty.
    pub display: String,
    /// It asked not to be shown.
    pub hidden: bool,
}

/// Where a call stands.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It rings here. `wanted`: answer as soon as there are ports.
    Incoming {
        /// Somebody said yes already.
        wanted: bool,
    },
    /// The 200 is out, the ACK is not here yet.
    Answering,
    /// We call.
    Dialing {
        /// The Request-URI.
        target: Uri,
    },
    /// It rings at the other end.
    Ringing,
    /// The other side sends sound before it answers.
    Early,
    /// People talk.
    Established,
    /// The other party is being sent to somebody else.
    Transferring,
    /// Over; sound, recording and row are closing.
    Ended(Box<Ended>),
}

/// How and when a call ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// When.
    pub at: Now,
    /// The user agent's words.
    pub end: End,
    /// The log's words.
    pub status: CallStatus,
    /// The log's words.
    pub reason: EndReason,
    /// Whether the features were told that everything is closed.
    pub closed: bool,
}

/// Which sides hold a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hold {
    /// We hold.
    pub local: bool,
    /// The other side holds.
    pub remote: bool,
    since: Option<Instant>,
    total: Duration,
}

impl Hold {
    /// Sets who holds and keeps the time.
    pub fn set(&mut self, now: Instant, local: bool, remote: bool) {
        self.local = local;
        self.remote = remote;
        match (local || remote, self.since) {
            (true, None) => self.since = Some(now),
            (false, Some(since)) => {
                self.total += now.saturating_duration_since(since);
                self.since = None;
            }
            _ => {}
        }
    }

    /// Both sides' holds together, so far.
    pub fn total(&self, now: Instant) -> Duration {
        self.total
            + self
                .since
                .map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

/// A call's sound.
#[derive(Debug, Default)]
pub struct Media {
    /// How far it is.
    pub ports: Ports,
    /// Our address that the signalling uses, where it is known.
    pub signalling: Option<IpAddr>,
    /// The SHA-256 of our certificate for agreeing on keys.
    pub fingerprint: Option<[u8; 32]>,
    /// Under which addresses it may be reached, where ICE is used.
    pub candidates: Candidates,
    /// What offer and answer agreed on.
    pub plan: Option<MediaPlan>,
    /// What the network did to it.
    pub stats: Option<StreamStats>,
    /// Peaks of what we send and hear, 0 to 1.
    pub levels: Option<(f32, f32)>,
}

/// The ports of a call's sound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ports {
    /// Asked for.
    #[default]
    Wanted,
    /// Bound.
    Bound {
        /// Even.
        rtp: u16,
        /// The next.
        rtcp: u16,
    },
    /// The media thread has them.
    Open {
        /// Even.
        rtp: u16,
        /// The next.
        rtcp: u16,
    },
    /// The media thread is closing them.
    Closing {
        /// How long to wait for its word.
        until: Instant,
    },
    /// Gone.
    Closed,
}

impl Call {
    /// Whether it waits for somebody here to answer.
    pub fn rings_here(&self) -> bool {
        // One that was turned away on arrival never did.
        matches!(self.state, State::Incoming { wanted: false })
            && self.intent.is_none()
            && self.is_here()
    }

    /// Whether the person at this phone has to do with it.
    pub fn is_here(&self) -> bool {
        self.leg_of.is_none() && !self.led.elsewhere
    }

    /// The internal number that has it: a colleague's, where a scenario has led it there.
    pub fn extension(&self) -> &str {
        let own = self.line.as_ref().map(|line| line.extension.as_str());
        let taken_by = self.led.taken_by().map(|leg| leg.extension.as_str());
        taken_by.or(own).unwrap_or_default()
    }

    /// Whether it is a conversation: answered and not over.
    pub fn is_established(&self) -> bool {
        matches!(self.state, State::Established | State::Transferring)
    }

    /// Whether it is over.
    pub fn ended(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            _ => None,
        }
    }

    /// The other party's number.
    pub fn number(&self) -> Option<PhoneNumber> {
        self.remote.party.number
    }

    /// Its state for people and for JSON.
    pub fn phase(&self) -> CallPhase {
        match self.state {
            State::Incoming { .. } | State::Answering => CallPhase::Incoming,
            State::Dialing { .. } => CallPhase::Dialing,
            State::Ringing => CallPhase::Ringing,
            State::Early => CallPhase::Early,
            State::Established => CallPhase::Established,
            State::Transferring => CallPhase::Transferring,
            State::Ended(_) => CallPhase::Ended,
        }
    }

    /// The last moment it is known to have had: its end, or `now`.
    fn latest(&self, now: Now) -> Now {
        self.ended().map_or(now, |ended| ended.at)
    }

    /// From answer to end, so far.
    pub fn talk(&self, now: Now) -> Duration {
        let from = self.answered.map(|answered| answered.instant);
        from.map_or(Duration::ZERO, |from| {
            self.latest(now).instant.saturating_duration_since(from)
        })
    }

    /// How long it rang, so far.
    pub fn ring(&self, now: Now) -> Duration {
        let until = self.answered.unwrap_or_else(|| self.latest(now)).instant;
        let from = self.ringing.map(|ringing| ringing.instant);
        from.map_or(Duration::ZERO, |from| until.saturating_duration_since(from))
    }

    /// The codec in use.
    pub fn codec(&self) -> Option<&'static str> {
        self.media.plan.as_ref().map(|plan| codec_word(plan.codec))
    }

    /// How far others are kept from listening in, once there is sound.
    pub fn encryption(&self) -> Option<automation::Encryption> {
        self.media.plan.as_ref().map(encryption)
    }

    /// Its row of the log as far as the call itself knows it.
    pub fn record(&self, now: Now) -> CallRecord {
        let remote = self.remote.party.logged();
        let local = self.local.logged();
        let (caller, callee) = match self.direction {
            Direction::Incoming => (remote, local),
            Direction::Outgoing => (local, remote),
        };
        let ended = self.ended();
        let mut moments = Moments::from(self.began.wall);
        CallRecord {
            status: ended.map_or(CallStatus::InProgress, |ended| self.status(ended)),
            ringing_at: self.ringing.map(|at| moments.next(at)),
            answered_at: self.answered.map(|at| moments.next(at)),
            ended_at: ended.map(|ended| moments.next(ended.at)),
            last_seen_at: moments.next(self.latest(now)),
            caller,
            callee,
            number: self.number(),
            remote_name: self.remote.display.clone(),
            hidden: self.remote.hidden,
            diverted_by: self.diverted_by.clone().unwrap_or_default(),
            origin: self.origin,
            extension: self.extension().to_owned(),
            legs: self.led.legs.clone(),
            account: self
                .line
                .as_ref()
                .map(|line| line.aor.clone())
                .unwrap_or_default(),
            ring: self.ring(now),
            hold: self.hold.total(self.latest(now).instant),
            talk: self.talk(now),
            end_reason: ended.map(|ended| ended.reason),
            sip_status: ended.and_then(|ended| ended.end.status),
            codec: self.codec().map(str::to_owned),
            quality: self.media.stats.as_ref().map(quality),
            ..CallRecord::begin(self.id, self.direction, self.began.wall)
        }
    }

    /// What became of it: people talked where somebody answered who is no mailbox, and the sound went
    /// both ways, as far as is known.
    fn status(&self, ended: &Ended) -> CallStatus {
        let silent = |stats: &StreamStats| stats.packets_sent == 0 || stats.packets_received == 0;
        let answered_there = self.direction == Direction::Outgoing || self.led.with.is_some();
        match ended.status {
            CallStatus::Answered if self.mailbox && answered_there => CallStatus::Voicemail,
            CallStatus::Missed if self.mailbox && ended.reason == EndReason::Transferred => {
                CallStatus::Voicemail
            }
            CallStatus::Answered if self.media.stats.as_ref().is_some_and(silent) => {
                CallStatus::OneWay
            }
            status => status,
        }
    }

    /// Its event for scripts.
    pub fn event(&self, now: Now, state: automation::CallState) -> automation::Call {
        let ended = self
            .ended()
            .filter(|_| state == automation::CallState::Ended);
        automation::Call {
            call: self.id,
            direction: self.direction,
            state,
            from: self.from.clone(),
            to: self.to.clone(),
            number: self.number(),
            account: self.line.as_ref().map(|line| line.aor.clone()),
            diverted_by: self.diverted_by.clone(),
            by: None,
            joined_with: self.joined_with.clone(),
            srtp: self.encryption(),
            ended: ended.map(|ended| self.ended_event(now, ended)),
        }
    }

    /// The way that ICE has found for its sound.
    pub fn path(&self) -> Option<SoundPath> {
        Some(match self.media.stats?.path? {
            MediaPath::Direct => SoundPath::Direct,
            MediaPath::Relayed => SoundPath::Relayed,
        })
    }

    fn ended_event(&self, now: Now, ended: &Ended) -> automation::CallEnded {
        let quality = self.media.stats.as_ref().map(quality);
        automation::CallEnded {
            end_reason: ended.reason,
            sip_status: ended.end.status,
            talk_s: seconds(self.talk(now)),
            ring_s: seconds(self.ring(now)),
            codec: self.codec().map(str::to_owned),
            loss: quality.as_ref().map(CallQuality::loss),
            jitter_ms: quality.as_ref().map(|quality| quality.jitter_ms),
            mos: quality.as_ref().and_then(|quality| quality.mos),
            path: self.path(),
            cost: None,
        }
    }
}

/// The moments of a call, each no earlier than the one before: somebody may set the clock meanwhile.
/// Lengths of time are measured and need no clock.
struct Moments(Timestamp);

impl Moments {
    fn from(first: Timestamp) -> Self {
        Self(first)
    }

    fn next(&mut self, at: Now) -> Timestamp {
        self.0 = self.0.max(at.wall);
        self.0
    }
}

/// Seconds with milliseconds: what is printed promises no more.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

fn quality(stats: &StreamStats) -> CallQuality {
    CallQuality {
        packets_sent: stats.packets_sent,
        packets_received: stats.packets_received,
        packets_lost: stats.lost,
        jitter_ms: f64::from(stats.jitter_ms),
        rtt_ms: stats.rtt_ms.map(f64::from),
        // Without a packet from the other side there is nothing to have an opinion of.
        mos: (stats.packets_received > 0).then(|| f64::from(stats.mos)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn a_clock_that_is_set_back_leaves_the_moments_of_a_call_in_order() {
        let begin = Now {
            instant: Instant::now(),
            wall: "2026-11-22T09:00:00Z".parse().unwrap(),
        };
        // So long after the beginning, by a clock that was set back by an hour meanwhile.
        let at = |seconds: u64| Now {
            instant: begin.instant + Duration::from_secs(seconds),
            wall: begin.wall - 1.hours() + Duration::from_secs(seconds),
        };
        let mut moments = Moments::from(begin.wall);
        let answered = moments.next(at(5));
        let ended = moments.next(at(66));
        assert_eq!((answered, ended), (begin.wall, begin.wall));
        let mut moments = Moments::from(begin.wall);
        let later = Now {
            wall: begin.wall + 1.hours(),
            ..at(5)
        };
        assert_eq!(moments.next(later), begin.wall + 1.hours());
        assert_eq!(moments.next(at(66)), begin.wall + 1.hours());
    }
}
