//! Scenarios: a caller is led from one phone of the office to the next until somebody answers (S5.17, S5.18).
//!
//! The caller's call stays a call like any other. Another phone rings by a *leg*, a call of ours through
//! the line's registrar, which no feature hears of: it has no row, no card and no bell of its own. Whoever
//! answers first is connected with the caller at the media thread; either side's BYE ends the other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use jiff::tz::TimeZone;
use ringbook_media::engine::MediaCommand;
use ringbook_sip::user_agent::{CallerIdentity, LedOn};

use super::Phone;
use super::account::LineInfo;
use super::call::{Call, LegOf, State};
use super::command::CommandError;
use super::effect::Effect;
use super::listener::CallEvent;
use super::requests::{Done, refused};
use super::target::Target;
use crate::automation::{Body, NoticeKind};
use crate::model::{
    Arrived, CallId, CallLeg, EndReason, Fit, Known, LegOutcome, Party, PhoneNumber, Scenario,
    ScenarioStep, choose,
};
use crate::now::Now;

/// Nobody is there (RFC 3261 §21.4.18).
const UNAVAILABLE: u16 = 480;

/// The calls that are being led.
#[derive(Debug)]
pub(super) struct Leading {
    /// By whose clock the hours of scenarios are.
    zone: TimeZone,
    runs: BTreeMap<CallId, Run>,
}

/// A call on its way through a scenario.
#[derive(Debug, Default)]
struct Run {
    /// The client book has to say first who calls.
    asks_who: bool,
    /// The steps to come.
    steps: VecDeque<ScenarioStep>,
    otherwise: Option<String>,
    /// When the present step is over; none: it has no end, or no step has begun.
    until: Option<Instant>,
    /// The place of this phone among the legs, while it rings here.
    here: Option<usize>,
}

impl Run {
    fn of(scenario: &Scenario) -> Self {
        Self {
            steps: scenario.steps.iter().cloned().collect(),
            otherwise: scenario.otherwise.clone(),
            ..Self::default()
        }
    }
}

impl Leading {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            runs: BTreeMap::new(),
        }
    }

    /// Whether the call is on its way.
    pub(super) fn has(&self, call: CallId) -> bool {
        self.runs.contains_key(&call)
    }

    /// When the next step begins, over all calls.
    pub(super) fn due(&self) -> Option<Instant> {
        self.runs.values().filter_map(|run| run.until).min()
    }
}

/// Which scenario a call follows.
impl Phone {
    fn fit(
        &self,
        now: Now,
        line: Option<&LineInfo>,
        number: Option<PhoneNumber>,
        caller: Option<Known<'_>>,
    ) -> Fit<'_> {
        let Some(line) = line.filter(|_| !self.settings.scenarios.is_empty()) else {
            return Fit::Nothing;
        };
        let at = now.wall.to_zoned(self.leading.zone.clone()).datetime();
        let line = line.aor.as_str();
        let arrived = Arrived {
            line,
            at,
            number,
            caller,
        };
        choose(&self.settings.scenarios, &arrived)
    }

    /// Whether a new call may be one for others: this phone's being busy is no reason to refuse it. Where
    /// there are no scenarios, nothing is read before the caller hears that it rings.
    pub(super) fn may_be_led(
        &self,
        now: Now,
        line: Option<&LineInfo>,
        caller: &CallerIdentity,
    ) -> bool {
        if self.settings.scenarios.is_empty() {
            return false;
        }
        let text = caller.number_text.as_deref().unwrap_or_default();
        let number = Party::parse(text, self.country_of(line)).number;
        !matches!(self.fit(now, line, number, None), Fit::Nothing)
    }

    /// What the client book says of the caller; none while it has not answered.
    fn known(&self, call: CallId) -> Option<Known<'_>> {
        let cards = &self.features.caller_card;
        let Some(card) = cards.card(call) else {
            // Without cards nobody is asked.
            return Some(Known::default());
        };
        cards.is_looked_up(call).then(|| Known {
            is_client: card.known,
            category: card.category.as_ref().map(|category| &category.id),
        })
    }

    /// A call arrives that is to ring. For one that follows a scenario, nobody hears a bell before its
    /// first step.
    pub(super) fn begin_leading(&mut self, now: Now, call: &mut Call) {
        let run = match self.fit(now, call.line.as_deref(), call.number(), None) {
            Fit::Nothing => return,
            Fit::Depends => Run {
                asks_who: true,
                ..Run::default()
            },
            Fit::Follows(scenario) => Run::of(scenario),
        };
        call.led.elsewhere = true;
        self.leading.runs.insert(call.id, run);
    }

    /// The call's features know of it; or the client book has said who calls, or is not waited for.
    pub(super) fn go_on_leading(&mut self, now: Now, id: CallId) {
        let Some(run) = self.leading.runs.get(&id) else {
            return;
        };
        let Some(call) = self.calls.get(id).filter(|call| call.led.legs.is_empty()) else {
            return;
        };
        if !run.asks_who {
            return self.begin_step(now, id);
        }
        let (line, number) = (call.line.as_deref(), call.number());
        match self.fit(now, line, number, self.known(id)) {
            Fit::Depends => {}
            Fit::Follows(scenario) => {
                let run = Run::of(scenario);
                self.leading.runs.insert(id, run);
                self.begin_step(now, id);
            }
            Fit::Nothing => {
                self.leading.runs.remove(&id);
                match self.is_free(id) {
                    true => self.ring_here(now, id, true),
                    false => self.turn_away(now, id),
                }
            }
        }
    }

    /// Whether the person here is to be rung for this call.
    fn is_free(&self, id: CallId) -> bool {
        let is_other = |call: &Call| call.id != id && call.is_here();
        let has_room = self.settings.phone.call_waiting || !self.calls.live().any(is_other);
        has_room && !self.absence.do_not_disturb
    }
}

/// One step after the other.
impl Phone {
    /// Begins the steps that are due.
    pub(super) fn lead_on(&mut self, now: Now) {
        let is_due = |run: &Run| run.until.is_some_and(|until| until <= now.instant);
        let runs = self.leading.runs.iter();
        let due: Vec<CallId> = runs
            .filter(|(_, run)| is_due(run))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.end_step(now, id, LegOutcome::NoAnswer);
            self.begin_step(now, id);
        }
    }

    /// Begins the next step in which anybody can be rung.
    fn begin_step(&mut self, now: Now, id: CallId) {
        let is_free = self.is_free(id);
        while let Some(run) = self.leading.runs.get_mut(&id) {
            let Some(step) = run.steps.pop_front() else {
                return self.leave_caller(now, id);
            };
            run.until = step.patience.map(|patience| now.instant + patience);
            if step.here && is_free {
                let extension = self.calls.get(id).and_then(|call| call.line.as_ref());
                let extension = extension.map(|line| line.extension.clone());
                let place = self.add_leg(now, id, extension.unwrap_or_default());
                if let Some(run) = self.leading.runs.get_mut(&id) {
                    run.here = place;
                }
                self.ring_here(now, id, true);
            }
            for extension in &step.extensions {
                self.ring_at(now, id, extension);
            }
            if self.is_ringing(id) {
                return;
            }
        }
    }

    /// Nobody else is to be rung: the caller is sent on, or hears that nobody is there.
    fn leave_caller(&mut self, now: Now, id: CallId) {
        let run = self.leading.runs.remove(&id);
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let (handle, line) = (call.handle, call.line.clone());
        let otherwise = run.and_then(|run| run.otherwise);
        let target = self.forward_to(now, otherwise.as_deref(), line.as_deref());
        let (Some(handle), Some(target)) = (handle, target) else {
            return self.turn_away(now, id);
        };
        let mailbox = self.is_mailbox(line.as_deref(), &target);
        if let Some(call) = self.calls.get_mut(id) {
            call.mailbox = mailbox;
        }
        self.forward(now, handle, &target);
    }

    fn turn_away(&mut self, now: Now, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        call.intent = Some(EndReason::NoAnswer);
        if let Some(handle) = call.handle {
            // It fails only when the call is over already; that event follows.
            let _ = self.user_agent.reject(now.instant, handle, UNAVAILABLE);
        }
    }

    /// Nobody rings for the call any longer.
    fn end_step(&mut self, now: Now, id: CallId, outcome: LegOutcome) {
        if let Some(place) = self.take_here(id) {
            self.close_leg(now, id, place, outcome);
            self.ring_here(now, id, false);
        }
        for (leg, place) in self.ringing_legs(id) {
            self.close_leg(now, id, place, outcome);
            self.end_leg(now, leg, outcome);
        }
    }

    fn take_here(&mut self, id: CallId) -> Option<usize> {
        self.leading.runs.get_mut(&id)?.here.take()
    }

    fn is_ringing(&self, id: CallId) -> bool {
        let run = self.leading.runs.get(&id);
        run.is_some_and(|run| run.here.is_some()) || !self.ringing_legs(id).is_empty()
    }

    fn ring_here(&mut self, now: Now, id: CallId, on: bool) {
        if let Some(call) = self.calls.get_mut(id) {
            call.led.elsewhere = !on;
        }
        self.tell(now, id, CallEvent::Led);
    }
}

/// The phones that ring for a call.
impl Phone {
    /// The legs of a call that are not over, and their places.
    fn legs(&self, id: CallId) -> impl Iterator<Item = (&Call, usize)> {
        self.calls.live().filter_map(move |call| {
            let leg = call.leg_of.filter(|leg| leg.call == id)?;
            Some((call, leg.place))
        })
    }

    fn ringing_legs(&self, id: CallId) -> Vec<(CallId, usize)> {
        let with = self.calls.get(id).and_then(|call| call.led.with);
        let legs = self.legs(id);
        legs.filter(|(leg, _)| Some(leg.id) != with && leg.answered.is_none())
            .map(|(leg, place)| (leg.id, place))
            .collect()
    }

    /// Notes that a phone begins to ring; its place among the call's legs.
    fn add_leg(&mut self, now: Now, id: CallId, extension: String) -> Option<usize> {
        let call = self.calls.get_mut(id)?;
        let place = call.led.legs.len();
        call.led.legs.push(CallLeg {
            extension,
            employee: String::new(),
            rang_at: now.wall,
            ended_at: None,
            outcome: LegOutcome::Ringing,
        });
        self.tell_leg(now, id, place);
        Some(place)
    }

    fn tell_leg(&mut self, now: Now, id: CallId, place: usize) {
        let leg = self.calls.get(id).and_then(|call| call.led.legs.get(place));
        let Some(leg) = leg else {
            return;
        };
        let body = Body::Leg {
            call: id,
            extension: leg.extension.clone(),
            state: leg.outcome,
        };
        self.event(now, body);
        self.tell(now, id, CallEvent::Led);
    }

    /// Calls another phone for the caller.
    fn ring_at(&mut self, now: Now, id: CallId, extension: &str) {
        let Some(line) = self.calls.get(id).and_then(|call| call.line.clone()) else {
            return;
        };
        let Some(place) = self.add_leg(now, id, extension.to_owned()) else {
            return;
        };
        match Target::parse(extension, &line) {
            Ok(target) => self.call_leg(now, LegOf { call: id, place }, target, line),
            Err(error) => {
                self.notice(now, NoticeKind::Call, error.to_string());
                self.close_leg(now, id, place, LegOutcome::Failed);
            }
        }
    }

    fn call_leg(&mut self, now: Now, leg_of: LegOf, target: Target, line: Arc<LineInfo>) {
        let leg = Call {
            leg_of: Some(leg_of),
            ..self.outgoing_call(now, target, line)
        };
        let id = leg.id;
        self.calls.insert(leg);
        self.bind_media(id);
    }

    /// A colleague who has the caller sends the caller on: one more phone rings.
    pub(super) fn leg_for(&mut self, now: Now, referrer: CallId, to: &Target) -> Option<LegOf> {
        let call = self.calls.get(referrer)?.leg_of?.call;
        let place = self.add_leg(now, call, to.party.shown())?;
        Some(LegOf { call, place })
    }

    /// For whom a leg is made, for the phone that rings.
    pub(super) fn led_on(&self, leg: &Call) -> Option<Box<LedOn>> {
        let caller = self.calls.get(leg.leg_of?.call)?;
        if caller.remote.hidden {
            return Some(Box::default());
        }
        let card = self.features.caller_card.card(caller.id);
        let name = card.map_or(&caller.remote.display, |card| &card.name);
        Some(Box::new(LedOn {
            display: Some(match name.is_empty() {
                true => caller.remote.party.shown(),
                false => name.clone(),
            }),
            identity: Some(caller.from.clone()),
        }))
    }

    /// Notes what came of a phone's ringing, once; of one that answered, that it is over. Whether it is news.
    fn close_leg(&mut self, now: Now, id: CallId, place: usize, outcome: LegOutcome) -> bool {
        let call = self.calls.get_mut(id);
        let leg = call.and_then(|call| call.led.legs.get_mut(place));
        let Some(leg) = leg.filter(|leg| leg.ended_at.is_none()) else {
            return false;
        };
        leg.ended_at = Some(now.wall.max(leg.rang_at));
        if leg.outcome == LegOutcome::Ringing {
            leg.outcome = outcome;
        }
        self.tell_leg(now, id, place);
        true
    }

    fn end_leg(&mut self, now: Now, leg: CallId, outcome: LegOutcome) {
        let handle = self.calls.get(leg).and_then(|leg| leg.handle);
        // Either fails only when the leg is over already; that event follows.
        let _ = match handle.filter(|_| outcome == LegOutcome::Elsewhere) {
            Some(handle) => refused(self.user_agent.take_back(now.instant, handle)),
            None => self.hang_up(now, leg),
        };
    }
}

/// Somebody answers, or nobody does.
impl Phone {
    /// The person here takes the call, whoever else rings.
    pub(super) fn taken_here(&mut self, now: Now, id: CallId) {
        if !self.leading.has(id) {
            return;
        }
        let place = self.take_here(id).or_else(|| {
            let line = self.calls.get(id)?.line.clone()?;
            self.add_leg(now, id, line.extension.clone())
        });
        self.end_step(now, id, LegOutcome::Elsewhere);
        self.leading.runs.remove(&id);
        if let Some(place) = place {
            self.leg_answers(now, id, place);
        }
        self.ring_here(now, id, true);
    }

    fn leg_answers(&mut self, now: Now, id: CallId, place: usize) {
        let call = self.calls.get_mut(id);
        if let Some(leg) = call.and_then(|call| call.led.legs.get_mut(place)) {
            leg.outcome = LegOutcome::Answered;
        }
        self.tell_leg(now, id, place);
    }

    /// The person here turns the call away: it rings elsewhere, if anybody else is to be rung. Whether it
    /// does.
    pub(super) fn pass_on(&mut self, now: Now, id: CallId) -> bool {
        let Some(run) = self.leading.runs.get(&id) else {
            return false;
        };
        let goes_on = !run.steps.is_empty() || run.otherwise.is_some();
        let rings = !self.ringing_legs(id).is_empty();
        if !goes_on && !rings {
            return false;
        }
        let Some(place) = self.take_here(id) else {
            return false;
        };
        self.close_leg(now, id, place, LegOutcome::Declined);
        self.ring_here(now, id, false);
        if !rings {
            self.begin_step(now, id);
        }
        true
    }

    /// A colleague has answered: the first one gets the caller.
    pub(super) fn leg_established(&mut self, now: Now, leg: CallId) {
        let Some(found) = self.calls.get(leg) else {
            return;
        };
        let (Some(LegOf { call: id, place }), stream) = (found.leg_of, found.stream) else {
            return;
        };
        let Some(call) = self.calls.get_mut(id).filter(|call| call.ended().is_none()) else {
            return self.end_leg(now, leg, LegOutcome::GaveUp);
        };
        let is_first = call.state == State::Incoming { wanted: false };
        // Nobody but the colleague who has the caller sends the caller on.
        let is_next = call.led.with.is_some() && call.is_established();
        if !is_first && !is_next {
            self.close_leg(now, id, place, LegOutcome::Elsewhere);
            return self.end_leg(now, leg, LegOutcome::Elsewhere);
        }
        let before = call.led.with.replace(leg);
        call.led.elsewhere = true;
        let streams = [call.stream, stream];
        if is_first {
            call.state = State::Incoming { wanted: true };
        }
        self.leg_answers(now, id, place);
        self.end_step(now, id, LegOutcome::Elsewhere);
        self.leading.runs.remove(&id);
        if let Some(before) = before.and_then(|before| self.calls.get(before)?.leg_of) {
            self.close_leg(now, id, before.place, LegOutcome::Answered);
        }
        self.effect(Effect::Media(MediaCommand::Patch(streams)));
        if is_first {
            // It fails only when the caller is gone; that event follows.
            let _ = self.answer_now(now, id);
        }
    }

    /// A leg is over: the caller's call with it, or the next phone rings when no other one does.
    pub(super) fn leg_ended(&mut self, now: Now, leg: CallId) {
        let Some(found) = self.calls.get(leg) else {
            return;
        };
        let Some(LegOf { call: id, place }) = found.leg_of else {
            return;
        };
        let outcome = match found.ended().map(|ended| ended.reason) {
            Some(EndReason::Busy) => LegOutcome::Busy,
            Some(EndReason::Declined | EndReason::Rejected) => LegOutcome::Declined,
            Some(EndReason::NoAnswer | EndReason::Cancelled) => LegOutcome::NoAnswer,
            Some(EndReason::AnsweredElsewhere) => LegOutcome::Elsewhere,
            _ => LegOutcome::Failed,
        };
        // One that was given up was noted before.
        let is_news = self.close_leg(now, id, place, outcome);
        let Some(call) = self.calls.get(id).filter(|call| call.ended().is_none()) else {
            return;
        };
        if call.led.with == Some(leg) {
            let _ = self.hang_up(now, id);
        } else if is_news && self.leading.has(id) && !self.is_ringing(id) {
            self.begin_step(now, id);
        }
    }

    /// The caller's call is over: nobody rings for it, and whoever had the caller is free again.
    pub(super) fn stop_leading(&mut self, now: Now, id: CallId, reason: EndReason) {
        self.leading.runs.remove(&id);
        let Some(led) = self.calls.get(id).map(|call| &call.led) else {
            return;
        };
        let (places, with) = (led.legs.len(), led.with);
        if places == 0 {
            return;
        }
        let with = with.and_then(|leg| self.calls.get(leg));
        let in_mailbox = with.is_some_and(|leg| leg.mailbox);
        if let Some(call) = self.calls.get_mut(id) {
            call.mailbox |= in_mailbox;
        }
        let outcome = match reason {
            EndReason::Transferred | EndReason::AnsweredElsewhere => LegOutcome::Elsewhere,
            EndReason::NoAnswer => LegOutcome::NoAnswer,
            EndReason::Rejected | EndReason::Declined => LegOutcome::Declined,
            _ => LegOutcome::GaveUp,
        };
        for place in 0..places {
            self.close_leg(now, id, place, outcome);
        }
        let legs: Vec<CallId> = self.legs(id).map(|(leg, _)| leg.id).collect();
        for leg in legs {
            self.end_leg(now, leg, outcome);
        }
    }

    /// The call whose other party hears what this one's says.
    pub(super) fn partner(&self, id: CallId) -> Option<&Call> {
        let call = self.calls.get(id)?;
        let other = match call.leg_of {
            Some(leg) => self
                .calls
                .get(leg.call)
                .filter(|call| call.led.with == Some(id)),
            None => call.led.with.and_then(|leg| self.calls.get(leg)),
        };
        other.filter(|other| other.is_established())
    }

    /// The other party pressed a key: its partner hears it. Whether it has one.
    pub(super) fn pass_digit(&mut self, id: CallId, digit: char) -> bool {
        let Some(partner) = self.partner(id) else {
            return false;
        };
        let stream = partner.stream;
        let plan = partner.media.plan.as_ref();
        if plan.is_some_and(|plan| plan.dtmf_send_pt.is_some()) {
            let digits = digit.to_string();
            self.effect(Effect::Media(MediaCommand::Digits { stream, digits }));
        }
        true
    }
}

/// What a person may do with a call that a colleague has.
impl Phone {
    /// It is the colleague's: only its end is ours, too.
    pub(super) fn ours(&self, id: CallId) -> Done {
        match self.live(id)?.led.with {
            Some(_) => Err(CommandError::Colleagues),
            None => Ok(()),
        }
    }
}
