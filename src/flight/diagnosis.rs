//! Why a call was bad, in one sentence.
//!
//! Each rule looks for one thing; they stand in the order in which a person wants to hear of them,
//! the cause before its effects.

use serde::Serialize;

use super::ladder::device_name;
use super::record::{Flight, Happening};
use super::statistics::{self, Interval};
use super::status;
use crate::flight::Message;
use crate::model::{CallRecord, Direction, EndReason};
use crate::tr;

/// From here on a listener notices (ITU-T G.113, appendix I).
const LOSS: f32 = 0.02;
const LATE: f32 = 0.02;
/// More than a jitter buffer of ordinary size takes without being heard, ms.
const JITTER_MS: f32 = 40.0;
/// Talkers begin to interrupt each other (ITU-T G.114): 400 ms one way, at the very most.
const RTT_MS: f32 = 600.0;
/// Time made up that neither loss nor lateness explains.
const STARVED: f32 = 0.02;
/// Below this share of the packets that were due, the sender was not given the time.
const UNSENT: f32 = 0.9;
/// A caller begins to wonder, ms.
const SLOW_MS: u32 = 5_000;
/// Speech at the beginning is missed, ms.
const SILENT_START_MS: u32 = 1_500;
/// A sound that was never long enough to be judged, ms.
const TOO_SHORT_MS: u32 = 3_000;
/// An opinion score below this is a bad call whatever the reason.
const POOR: f32 = 3.0;

/// Something that was wrong with a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Our name and password were not accepted.
    AuthTrouble {
        /// 401, 403, 407.
        status: u16,
    },
    /// A final status other than success.
    Refused {
        /// The status.
        status: u16,
        /// We sent it.
        by_us: bool,
    },
    /// Not a single answer came.
    NoAnswer {
        /// How often the request went out.
        tries: u32,
    },
    /// Nothing could be sent, or the name was not found.
    NeverSent,
    /// A device failed.
    DeviceLost {
        /// `input`, `output`, `ring`.
        device: String,
        /// Milliseconds since the call began.
        at_ms: u32,
    },
    /// Our address changed during the call.
    NetworkChanged {
        /// Milliseconds since the call began.
        at_ms: u32,
    },
    /// No packet came and none was received there.
    NoSound,
    /// The other side heard us, we heard nothing.
    NothingHeard,
    /// We heard the other side, it heard nothing.
    NothingSaid,
    /// The sound stopped and did not come back.
    SoundStopped {
        /// Milliseconds since the call began.
        at_ms: u32,
    },
    /// Packets were lost on the way to us.
    Loss {
        /// Percent.
        percent: f32,
    },
    /// Packets of ours were lost on the way there.
    RemoteLoss {
        /// Percent.
        percent: f32,
    },
    /// Packets came too late to be heard.
    Late {
        /// Percent.
        percent: f32,
    },
    /// Packets came at uneven times.
    Jitter {
        /// Milliseconds.
        ms: f32,
    },
    /// This computer or its sound device did not keep time.
    Starved {
        /// Percent of the time.
        percent: f32,
    },
    /// The way there and back is long.
    Delay {
        /// Round trip, milliseconds.
        ms: f32,
    },
    /// It took long until something rang.
    SlowSetup {
        /// Milliseconds.
        ms: u32,
    },
    /// The sound began long after the answer.
    SilentStart {
        /// Milliseconds.
        ms: u32,
    },
    /// The codec changed during the call.
    CodecChanged {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// A codec that leaves out half of the voice.
    NarrowBand {
        /// `pcma`, `pcmu`.
        codec: String,
    },
}

impl Finding {
    /// Whether it made the call worse; the others only explain how it sounded.
    pub fn is_trouble(&self) -> bool {
        !matches!(self, Self::NarrowBand { .. } | Self::CodecChanged { .. })
    }

    /// A sentence for a person.
    pub fn text(&self) -> String {
        match self {
            Self::AuthTrouble { status } => tr!(
                "The server did not accept the line's user name or password ({status}): check them in the settings.",
                status = status
            ),
            Self::Refused {
                status,
                by_us: false,
            } => tr!(
                "The call was refused: {meaning} ({status}).",
                meaning = status::meaning(*status),
                status = status
            ),
            Self::Refused {
                status,
                by_us: true,
            } => tr!(
                "This phone refused the call: {meaning} ({status}).",
                meaning = status::meaning(*status),
                status = status
            ),
            Self::NoAnswer { tries } => tr!(
                "The server did not answer (requests sent: {tries}). It is down, or a firewall is in the way.",
                tries = tries
            ),
            Self::NeverSent => tr!(
                "The call never left this phone: the server's name was not found, or there is no network."
            ),
            Self::DeviceLost { device, at_ms } => tr!(
                "The {device} failed {at} into the call.",
                device = device_name(device),
                at = moment(*at_ms)
            ),
            Self::NetworkChanged { at_ms } => tr!(
                "This computer's network address changed {at} into the call.",
                at = moment(*at_ms)
            ),
            Self::NoSound => tr!(
                "No sound went either way: a firewall or a router between the two phones lets signalling through, but no audio."
            ),
            Self::NothingHeard => tr!(
                "Nothing was heard of the other side: none of its audio arrived here. A router or firewall on the way is the usual reason."
            ),
            Self::NothingSaid => tr!(
                "The other side heard nothing: none of our audio arrived there. A router or firewall on the way is the usual reason."
            ),
            Self::SoundStopped { at_ms } => tr!(
                "The other side's sound stopped {at} into the call.",
                at = moment(*at_ms)
            ),
            Self::Loss { percent } => tr!(
                "{percent} % of what the other side said was lost on the network.",
                percent = tenths(*percent)
            ),
            Self::RemoteLoss { percent } => tr!(
                "{percent} % of what we said was lost on the network.",
                percent = tenths(*percent)
            ),
            Self::Late { percent } => tr!(
                "{percent} % of what the other side said came too late to be heard: the network delays packets unevenly.",
                percent = tenths(*percent)
            ),
            Self::Jitter { ms } => tr!(
                "The network delivered the sound unevenly (jitter {ms} ms).",
                ms = ms.round()
            ),
            Self::Starved { percent } => tr!(
                "This computer or its sound device did not keep up: {percent} % of the sound is missing although the network delivered it.",
                percent = tenths(*percent)
            ),
            Self::Delay { ms } => tr!(
                "The way to the other side and back took {ms} ms: people interrupt each other.",
                ms = ms.round()
            ),
            Self::SlowSetup { ms } => tr!(
                "It took {seconds} s until the other side rang.",
                seconds = tenths(*ms as f32 / 1000.0)
            ),
            Self::SilentStart { ms } => tr!(
                "The first {seconds} s after the answer were silent: the other side's sound began late.",
                seconds = tenths(*ms as f32 / 1000.0)
            ),
            Self::CodecChanged { from, to } => tr!(
                "The codec changed during the call, from {from} to {to}.",
                from = from.to_uppercase(),
                to = to.to_uppercase()
            ),
            Self::NarrowBand { codec } => tr!(
                "The call used {codec}, which sounds like an old telephone.",
                codec = codec.to_uppercase()
            ),
        }
    }
}

/// Everything that was wrong with the call, the weightiest first.
pub fn findings(call: &CallRecord, flight: &Flight) -> Vec<Finding> {
    let case = Case::new(call, flight);
    let rules: [fn(&Case<'_>) -> Option<Finding>; 16] = [
        auth_trouble,
        refused,
        no_answer,
        device_lost,
        network_changed,
        one_way,
        sound_stopped,
        loss,
        remote_loss,
        late,
        starved,
        jitter,
        delay,
        slow_setup,
        silent_start,
        codec,
    ];
    rules.iter().filter_map(|rule| rule(&case)).collect()
}

/// The one sentence.
pub fn sentence(call: &CallRecord, flight: &Flight) -> String {
    let findings = findings(call, flight);
    let trouble = findings.iter().find(|finding| finding.is_trouble());
    if let Some(finding) = trouble {
        return finding.text();
    }
    let mos = statistics::total(flight).and_then(|total| total.mos);
    match (mos, call.answered_at) {
        (Some(mos), _) if mos < POOR => findings.first().map_or_else(
            || {
                tr!(
                    "The sound was poor (opinion score {mos}), for no reason that was seen.",
                    mos = tenths(mos)
                )
            },
            Finding::text,
        ),
        (Some(mos), _) => tr!(
            "Nothing was wrong with this call (opinion score {mos}).",
            mos = tenths(mos)
        ),
        (None, Some(_)) => {
            tr!("Nothing was seen to be wrong with this call; it was too short to judge its sound.")
        }
        (None, None) => tr!("The call was not answered; nothing was wrong with it."),
    }
}

/// What the rules look at.
struct Case<'c> {
    call: &'c CallRecord,
    flight: &'c Flight,
    total: Option<Interval>,
    intervals: Vec<Interval>,
}

impl<'c> Case<'c> {
    fn new(call: &'c CallRecord, flight: &'c Flight) -> Self {
        Self {
            call,
            flight,
            total: statistics::total(flight),
            intervals: statistics::intervals(flight),
        }
    }

    fn is_outgoing(&self) -> bool {
        self.call.direction == Direction::Outgoing
    }

    /// Final and provisional answers to the INVITE that opened the call.
    fn answers(&self) -> impl Iterator<Item = &'c Message> {
        let answered_by_us = !self.is_outgoing();
        let of_invite = move |message: &&Message| {
            message.sent == answered_by_us
                && message.status().is_some()
                && message.method() == "INVITE"
        };
        self.flight.messages.iter().filter(of_invite)
    }

    /// The status that ended the call before anybody talked.
    fn refusal(&self) -> Option<u16> {
        let unanswered = self.call.answered_at.is_none();
        let status = self.call.sip_status.or_else(|| {
            let last = self.answers().last();
            last.and_then(Message::status)
        });
        status.filter(|status| unanswered && *status >= 300)
    }

    /// The sound, where there was enough of it.
    fn sound(&self) -> Option<Interval> {
        let long = |total: &Interval| total.to_ms.saturating_sub(total.from_ms) >= TOO_SHORT_MS;
        self.total
            .filter(|total| long(total) && self.call.answered_at.is_some())
    }

    /// What offer and answer said last: may we send, do we hear?
    fn directions(&self) -> (bool, bool) {
        let agreed = |note: &super::Note| match note.what {
            Happening::Media { send, receive, .. } => Some((send, receive)),
            _ => None,
        };
        self.flight
            .notes
            .iter()
            .filter_map(agreed)
            .fold((false, false), |(sent, received), (send, receive)| {
                (sent || send, received || receive)
            })
    }

    fn answered_ms(&self) -> Option<u32> {
        let answered = self.call.answered_at?;
        let passed = answered.duration_since(self.flight.began).as_millis();
        u32::try_from(passed.max(0)).ok()
    }
}

fn auth_trouble(case: &Case<'_>) -> Option<Finding> {
    let challenged = |message: &Message| matches!(message.status(), Some(401 | 407));
    let status = case.refusal().filter(|_| case.is_outgoing())?;
    match status {
        401 | 407 => Some(Finding::AuthTrouble { status }),
        // A 403 to a request that carried a password speaks of that password.
        403 if case.answers().any(challenged) => Some(Finding::AuthTrouble { status }),
        _ => None,
    }
}

fn refused(case: &Case<'_>) -> Option<Finding> {
    if auth_trouble(case).is_some() {
        return None;
    }
    // Who took the call back, and who turned it away, knows why.
    let own = matches!(
        case.call.end_reason,
        Some(EndReason::Cancelled | EndReason::Rejected | EndReason::LocalHangup)
    );
    let status = case.refusal().filter(|_| !own)?;
    // 408 of our own making: nobody said it.
    let said = case
        .answers()
        .any(|message| message.status() == Some(status));
    said.then_some(Finding::Refused {
        status,
        by_us: !case.is_outgoing(),
    })
}

fn no_answer(case: &Case<'_>) -> Option<Finding> {
    let silent = case.is_outgoing()
        && case.call.answered_at.is_none()
        && case.call.end_reason != Some(EndReason::Cancelled)
        && case.answers().next().is_none();
    if !silent {
        return None;
    }
    let invites = case.flight.messages.iter();
    let tries = invites.filter(|m| m.sent && m.method() == "INVITE").count();
    Some(match u32::try_from(tries) {
        Ok(0) => Finding::NeverSent,
        Ok(tries) => Finding::NoAnswer { tries },
        Err(_) => Finding::NoAnswer { tries: u32::MAX },
    })
}

fn device_lost(case: &Case<'_>) -> Option<Finding> {
    case.flight.notes.iter().find_map(|note| match &note.what {
        Happening::DeviceLost { device, .. } if !device.starts_with("ring") => {
            Some(Finding::DeviceLost {
                device: device.clone(),
                at_ms: note.at_ms,
            })
        }
        _ => None,
    })
}

/// Our end of the messages moved to another address.
fn network_changed(case: &Case<'_>) -> Option<Finding> {
    let mut messages = case.flight.messages.iter();
    let first = messages.next()?.local.ip();
    let moved = messages.find(|message| message.local.ip() != first)?;
    Some(Finding::NetworkChanged { at_ms: moved.at_ms })
}

fn one_way(case: &Case<'_>) -> Option<Finding> {
    let total = case.sound()?;
    let (may_send, may_hear) = case.directions();
    let nothing_came = may_hear && total.received == 0;
    // RTCP tells of our packets only where it comes through; then all of them were lost.
    let nothing_went = may_send && (total.sent == 0 || total.remote_loss > 0.95);
    match (nothing_came, nothing_went) {
        (true, true) => Some(Finding::NoSound),
        (true, false) => Some(Finding::NothingHeard),
        (false, true) => Some(Finding::NothingSaid),
        (false, false) => None,
    }
}

/// Nothing came for five seconds, and nothing after that.
fn sound_stopped(case: &Case<'_>) -> Option<Finding> {
    let total = case.sound().filter(|total| total.received > 0)?;
    let silence = case
        .flight
        .notes
        .iter()
        .rev()
        .find_map(|note| match note.what {
            Happening::NoRtp { for_s } => Some(note.at_ms.saturating_sub(for_s * 1000)),
            _ => None,
        })?;
    let at_that_time = case
        .flight
        .samples
        .iter()
        .rev()
        .find(|s| s.at_ms <= silence)?;
    let later = total.received.saturating_sub(at_that_time.received);
    (later < 250).then_some(Finding::SoundStopped { at_ms: silence })
}

fn loss(case: &Case<'_>) -> Option<Finding> {
    let total = case.sound().filter(|total| total.received > 0)?;
    (total.loss >= LOSS).then_some(Finding::Loss {
        percent: total.loss * 100.0,
    })
}

fn remote_loss(case: &Case<'_>) -> Option<Finding> {
    case.sound()?;
    if one_way(case).is_some() {
        return None;
    }
    let heard = case.intervals.iter().map(|interval| interval.remote_loss);
    let mean = heard.sum::<f32>() / case.intervals.len().max(1) as f32;
    (mean >= LOSS).then_some(Finding::RemoteLoss {
        percent: mean * 100.0,
    })
}

fn late(case: &Case<'_>) -> Option<Finding> {
    let total = case.sound()?;
    (total.late >= LATE).then_some(Finding::Late {
        percent: total.late * 100.0,
    })
}

/// Sound was made up, or not sent, for a reason that is not the network's.
fn starved(case: &Case<'_>) -> Option<Finding> {
    let total = case.sound().filter(|total| total.received > 0)?;
    let unexplained = total.concealed - total.loss - total.late;
    let unsent = unsent(case, &total);
    let missing = unexplained.max(unsent);
    (missing >= STARVED).then_some(Finding::Starved {
        percent: missing * 100.0,
    })
}

/// The share of packets that were due and not sent. Holds send nothing, Opus may fall silent.
fn unsent(case: &Case<'_>, total: &Interval) -> f32 {
    let (may_send, _) = case.directions();
    let held = case
        .flight
        .notes
        .iter()
        .any(|n| matches!(n.what, Happening::Held { .. }));
    let steady = matches!(
        statistics::codec_at(case.flight, total.to_ms),
        Some("pcma" | "pcmu" | "g722")
    );
    let seconds = total.to_ms.saturating_sub(total.from_ms) as f32 / 1000.0;
    // Packets of up to 30 ms are in use.
    let due = seconds * 1000.0 / 30.0;
    let share = total.sent as f32 / due;
    match may_send && !held && steady && total.sent > 0 && share < UNSENT {
        true => 1.0 - share,
        false => 0.0,
    }
}

fn jitter(case: &Case<'_>) -> Option<Finding> {
    case.sound()?;
    let worst = case.intervals.iter().map(|interval| interval.jitter_ms);
    let worst = worst.fold(0.0, f32::max);
    (worst >= JITTER_MS).then_some(Finding::Jitter { ms: worst })
}

fn delay(case: &Case<'_>) -> Option<Finding> {
    let ms = case.sound()?.rtt_ms?;
    (ms >= RTT_MS).then_some(Finding::Delay { ms })
}

/// From our INVITE to the first sign of the other phone.
fn slow_setup(case: &Case<'_>) -> Option<Finding> {
    if !case.is_outgoing() {
        return None;
    }
    let sign = |message: &&Message| message.status().is_some_and(|s| (180..300).contains(&s));
    let ms = case.answers().find(sign)?.at_ms;
    (ms >= SLOW_MS).then_some(Finding::SlowSetup { ms })
}

fn silent_start(case: &Case<'_>) -> Option<Finding> {
    case.sound()?;
    let first = |note: &&super::Note| note.what == Happening::FirstPacket;
    let first = case.flight.notes.iter().find(first)?.at_ms;
    let ms = first.saturating_sub(case.answered_ms()?);
    (ms >= SILENT_START_MS).then_some(Finding::SilentStart { ms })
}

fn codec(case: &Case<'_>) -> Option<Finding> {
    case.sound()?;
    let mut used: Vec<&str> = Vec::new();
    for note in &case.flight.notes {
        if let Happening::Media { codec, .. } = &note.what
            && used.last() != Some(&codec.as_str())
        {
            used.push(codec);
        }
    }
    match used[..] {
        [from, .., to] if from != to => Some(Finding::CodecChanged {
            from: from.to_owned(),
            to: to.to_owned(),
        }),
        [.., codec @ ("pcma" | "pcmu")] => Some(Finding::NarrowBand {
            codec: codec.to_owned(),
        }),
        _ => None,
    }
}

/// `2:05`: minutes and seconds.
fn moment(at_ms: u32) -> String {
    let seconds = at_ms / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// One place after the point, none where it is zero.
fn tenths(value: f32) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests;
