//! What the user agent tells of lines and calls, and what the phone does about it.

use std::net::IpAddr;

use ringbook_media::engine::MediaCommand;
use ringbook_sip::message::Uri;
use ringbook_sip::sdp::MediaPlan;
use ringbook_sip::user_agent::{
    AccountId, CallHandle, CallerIdentity, Event as SipEvent, Output, RegistrationState,
};

use super::account::LineInfo;
use super::call::{Call, Hold, Led, Media, Ports, Remote, State};
use super::effect::Effect;
use super::encryption::{encryption_trouble, may_be_taken};
use super::flight_recorder::Passed;
use super::listener::CallEvent;
use super::media::{encryption, stream_config};
use super::nat::Candidates;
use super::reception::{Facts, Reception};
use super::{Phone, PhoneOutput};
use crate::automation::{Body, CallState, Encryption, NoticeKind, Side};
use crate::model::{CallId, Country, Direction, EndReason, Party};
use crate::now::Now;
use crate::tr;

/// An incoming call whose caller has been answered and that nobody here knows of yet.
#[derive(Debug)]
pub(super) struct Arrival {
    at: Now,
    handle: CallHandle,
    account: Option<AccountId>,
    caller: CallerIdentity,
    called: Uri,
    /// What it met.
    reception: Reception,
    /// Our address where it arrived: its sound belongs there too.
    ip: Option<IpAddr>,
    /// The caller speaks ICE, as far as is known.
    ice_ok: bool,
    call_id: Option<String>,
}

impl Phone {
    /// Takes everything the user agent has to say, and what that leads to.
    pub fn pump(&mut self, now: Now) {
        self.drain(now);
        while let Some(event) = self.heard.pop_front() {
            self.on_sip(now, event);
            self.publish_changes(now);
            self.drain(now);
        }
    }

    /// Passes on what the user agent wants done; its events wait. Called between an order to the
    /// user agent and the features, it puts the 180 before everybody's look-up.
    pub(super) fn drain(&mut self, now: Now) {
        loop {
            match self.user_agent.poll_output() {
                Output::Transmit(transmit) => {
                    self.passed.push((now, Passed::Sent(transmit.clone())));
                    self.outputs.push_back(PhoneOutput::Transmit(transmit));
                }
                Output::Received(received) => {
                    self.passed.push((now, Passed::Received(received)));
                }
                Output::Connect {
                    connection,
                    transport,
                    remote,
                    identity,
                } => {
                    self.ways.connect(connection, transport, remote);
                    self.effect(Effect::Connect {
                        connection,
                        transport,
                        remote,
                        identity,
                    });
                }
                Output::Close(connection) => self.effect(Effect::CloseConnection(connection)),
                Output::Resolve { query, question } => {
                    self.ways.ask(query, &question);
                    self.effect(Effect::Resolve { query, question });
                }
                Output::Event(event) => self.heard.push_back(event),
                Output::Timeout(due) => {
                    self.wake_up = due;
                    return;
                }
            }
        }
    }

    fn on_sip(&mut self, now: Now, event: SipEvent) {
        if !matches!(event, SipEvent::Incoming { .. }) {
            self.take_in_arrivals();
        }
        match event {
            SipEvent::Registration {
                account,
                state,
                status,
                reason,
            } => {
                self.on_registration(now, account, state, status, reason);
            }
            SipEvent::Incoming {
                call,
                account,
                caller,
                called,
                plain_ok,
                encrypted_ok,
                ice_ok,
                replaces,
                trusted,
                answer_asked,
                ..
            } => {
                let (at, ip) = (now, self.arrived_at);
                let call_id = self.user_agent.call_id(call).map(str::to_owned);
                let arrival = Arrival {
                    at,
                    handle: call,
                    account,
                    caller,
                    called,
                    reception: Reception::Ring,
                    ip,
                    ice_ok,
                    call_id,
                };
                let takes = [plain_ok, encrypted_ok];
                let line = account.and_then(|account| self.info_of(account));
                let srtp = self.srtp_of(line.as_deref());
                let led = self.may_be_led(now, line.as_deref(), &arrival.caller);
                let facts = Facts {
                    line: line.as_deref(),
                    led,
                    acceptable: may_be_taken(srtp, takes),
                    replaces: replaces.is_some(),
                    answer_asked: trusted && answer_asked,
                };
                self.on_incoming(now, arrival, facts, takes);
            }
            SipEvent::Ringing { call, media, .. } => self.on_ringing(now, call, media),
            SipEvent::Mailbox { call } => self.on_mailbox(call),
            SipEvent::Established { call, media } => self.on_established(now, call, media),
            SipEvent::MediaChanged { call, media } => self.on_media_changed(now, call, media),
            SipEvent::Relocated { call } => self.on_relocated(call),
            SipEvent::HoldFailed { call, status } => self.on_hold_failed(now, call, status),
            SipEvent::Digit { call, digit } => {
                if let Some(id) = self.calls.by_handle(call) {
                    self.on_digit(now, id, digit);
                }
            }
            SipEvent::Transfer { call, status, done } => self.on_transfer(now, call, status, done),
            SipEvent::Subscription {
                subscription,
                state,
                ..
            } => self.on_subscription(now, subscription, state),
            SipEvent::Notified { subscription, body } => self.on_notified(now, subscription, &body),
            SipEvent::Publication {
                publication,
                state,
                status,
            } => self.on_publication(now, publication, state, status),
            SipEvent::TransferAsked { call, target, .. } => {
                self.on_transfer_asked(now, call, &target);
            }
            SipEvent::Redirected { call, target } => self.on_redirected(now, call, &target),
            SipEvent::Ended { call, end } => {
                if let Some(id) = self.calls.by_handle(call) {
                    self.end(now, id, end);
                }
            }
        }
    }
}

/// Lines.
impl Phone {
    fn on_registration(
        &mut self,
        now: Now,
        account: AccountId,
        state: RegistrationState,
        status: Option<u16>,
        reason: String,
    ) {
        let Some(line) = self
            .line_of(account)
            .and_then(|place| self.lines.get_mut(place))
        else {
            return self.on_leaving(now, account, state);
        };
        line.set_registration(state, status, reason);
        let event = line.event();
        let refused = matches!(status, Some(401 | 403 | 407));
        let trouble = line.password_trouble.take_if(|_| refused);
        self.event(now, Body::Registration(event));
        if matches!(state, RegistrationState::Registered { .. })
            && let Some(place) = self.line_of(account)
        {
            self.watch(now, place);
            self.publish(now, place);
        }
        if let Some(trouble) = trouble {
            let aor = self
                .line_of(account)
                .and_then(|place| self.lines.get(place));
            let aor = aor.map(|line| line.account.aor.clone()).unwrap_or_default();
            let text = tr!(
                "{aor} needs a password and has none: {trouble}",
                aor = aor,
                trouble = trouble
            );
            self.notice(now, NoticeKind::Password, text);
        }
    }

    fn on_leaving(&mut self, now: Now, account: AccountId, state: RegistrationState) {
        use RegistrationState::{Failed, Unregistered};
        if matches!(state, Unregistered | Failed { .. }) && self.leaving.contains(&account) {
            self.leaving.retain(|&id| id != account);
            self.user_agent.remove_account(now.instant, account);
        }
    }
}

/// Calls.
impl Phone {
    /// The caller hears that it rings before anything else about the call is done: the rest
    /// waits until that is on its way.
    fn on_incoming(&mut self, now: Now, arrival: Arrival, facts: Facts<'_>, takes: [bool; 2]) {
        let reception = self.reception(now, facts);
        let answered = match &reception {
            Reception::Refuse(status, _) => {
                self.user_agent.reject(now.instant, arrival.handle, *status)
            }
            Reception::Forward(target) => {
                self.forward(now, arrival.handle, target);
                Ok(())
            }
            Reception::Answer => Ok(()),
            // RFC 3261 §13.3.1.1
            Reception::Ring => self.user_agent.ring(now.instant, arrival.handle),
        };
        // It fails only when the call is over already; that event follows.
        let _ = answered;
        if matches!(reception, Reception::Refuse(488, _)) && takes.contains(&true) {
            let srtp = self.srtp_of(facts.line);
            let text = encryption_trouble(srtp, &arrival.caller.uri);
            self.notice(now, NoticeKind::Call, text);
        }
        self.arrivals.push_back(Arrival {
            reception,
            ..arrival
        });
    }

    /// Takes in the calls whose callers have their answer.
    pub(super) fn take_in_arrivals(&mut self) {
        while let Some(arrival) = self.arrivals.pop_front() {
            let (now, reception) = (arrival.at, arrival.reception.clone());
            let mut call = self.incoming_call(arrival);
            let id = call.id;
            if reception == Reception::Ring {
                self.begin_leading(now, &mut call);
            }
            self.calls.insert(call);
            self.tell_state(now, id, CallState::Incoming);
            if reception == Reception::Ring {
                self.tell_state(now, id, CallState::Ringing);
            }
            self.tell(now, id, CallEvent::Incoming);
            if matches!(reception, Reception::Ring | Reception::Answer) {
                self.bind_media(id);
            }
            self.go_on_leading(now, id);
            self.publish_changes(now);
            self.drain(now);
        }
    }

    /// Takes down the messages that have passed. They go first: a caller waits for an answer, nobody
    /// for the ladder.
    pub(super) fn take_down(&mut self) {
        let mut silent = Vec::new();
        for (now, message) in std::mem::take(&mut self.passed) {
            let call = self.features.flight_recorder.note(now, &message);
            silent.extend(call.map(|call| (now, call)));
        }
        for (now, call) in silent {
            self.settle(now, call);
        }
    }

    /// Whose rules the numbers of a line's calls follow.
    pub(super) fn country_of(&self, line: Option<&LineInfo>) -> Option<Country> {
        line.map_or(self.default_country, |line| line.country)
    }

    fn incoming_call(&mut self, arrival: Arrival) -> Call {
        let Arrival {
            at: now,
            handle,
            account,
            caller,
            called,
            reception,
            ip,
            ice_ok,
            call_id,
        } = arrival;
        let line = account.and_then(|account| self.info_of(account));
        let country = self.country_of(line.as_deref());
        let text = caller.number_text.as_deref().unwrap_or_default();
        let called_party = || Party::parse(&called.user().unwrap_or_default(), country);
        let wanted = reception == Reception::Answer;
        let mailbox = match &reception {
            Reception::Forward(target) => self.is_mailbox(line.as_deref(), target),
            _ => false,
        };
        let refusal = match reception {
            Reception::Ring | Reception::Answer => None,
            Reception::Refuse(_, reason) => Some(reason),
            Reception::Forward(_) => Some(EndReason::Transferred),
        };
        let uses_ice = line.as_ref().is_some_and(|line| line.nat.ice);
        let mut media = Media {
            signalling: ip,
            candidates: Candidates::wanted(ice_ok && uses_ice),
            ..Media::default()
        };
        if refusal.is_some() {
            media.ports = Ports::Closed;
        }
        Call {
            id: self.new_call_id(now),
            handle: Some(handle),
            call_id,
            stream: self.calls.next_stream(),
            direction: Direction::Incoming,
            local: line.as_ref().map_or_else(called_party, |line| line.own()),
            remote: Remote {
                uri: Uri::parse(&caller.uri).ok(),
                party: Party::parse(text, country),
                display: caller.display.unwrap_or_default(),
                hidden: caller.hidden,
            },
            line,
            from: caller.uri,
            to: called.to_string(),
            state: State::Incoming { wanted },
            began: now,
            ringing: (!wanted && refusal.is_none()).then_some(now),
            answered: None,
            since: now.wall,
            automatic: wanted && self.settings.phone.auto_answer,
            muted: false,
            hold: Hold::default(),
            media,
            intent: refusal,
            origin: None,
            mailbox,
            referrer: None,
            connecting: None,
            diverted_by: caller
                .diverted_by
                .map(|by| by.number_text.unwrap_or(by.uri)),
            anonymous: false,
            leg_of: None,
            led: Led::default(),
            joined_with: Vec::new(),
        }
    }

    pub(super) fn bind_media(&mut self, id: CallId) {
        let Some(call) = self.calls.get(id) else {
            return;
        };
        let ipv6 = call.line.as_ref().is_some_and(|line| line.ipv6);
        let ip = self.media_ip(call.media.signalling, ipv6);
        self.effect(Effect::BindMedia { call: id, ip });
    }

    fn on_ringing(&mut self, now: Now, handle: CallHandle, early: Option<MediaPlan>) {
        let Some(id) = self.calls.by_handle(handle) else {
            return;
        };
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let first = matches!(call.state, State::Dialing { .. });
        if !first && !matches!(call.state, State::Ringing) {
            return;
        }
        call.ringing.get_or_insert(now);
        match early {
            Some(plan) => {
                call.state = State::Early;
                call.since = now.wall;
                self.run_media(id, plan);
                self.tell_state(now, id, CallState::Early);
                self.tell(now, id, CallEvent::Early);
            }
            None if first => {
                call.state = State::Ringing;
                call.since = now.wall;
                self.tell_state(now, id, CallState::Ringing);
                self.tell(now, id, CallEvent::Ringing);
            }
            None => {}
        }
    }

    fn on_established(&mut self, now: Now, handle: CallHandle, plan: MediaPlan) {
        let Some(id) = self.calls.by_handle(handle) else {
            return;
        };
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        if call.is_established() || call.ended().is_some() {
            return;
        }
        call.state = State::Established;
        call.answered.get_or_insert(now);
        call.since = now.wall;
        let remote_hold = plan.remote_hold;
        call.hold.set(now.instant, false, remote_hold);
        if call.media.plan.as_ref() != Some(&plan)
            || matches!(call.media.ports, Ports::Bound { .. })
        {
            self.run_media(id, plan);
        }
        self.leave_referrer(id);
        self.make_room(now, id);
        self.refocus();
        self.tell_state(now, id, CallState::Established);
        self.tell(now, id, CallEvent::Established);
        self.leg_established(now, id);
    }

    fn on_media_changed(&mut self, now: Now, handle: CallHandle, plan: MediaPlan) {
        let Some(id) = self.calls.by_handle(handle) else {
            return;
        };
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let before = call.hold;
        let remote = plan.remote_hold;
        let exposed = encryption(&plan) == Encryption::None
            && call.encryption().is_some_and(|was| was != Encryption::None);
        call.hold.set(now.instant, before.local, remote);
        self.run_media(id, plan);
        if exposed {
            let text = tr!("The other side has ended the encryption; the call goes on without it");
            self.notice(now, NoticeKind::Call, text);
        }
        if before.remote != remote {
            self.tell_hold(now, id, Side::Remote, remote);
        }
    }

    fn on_hold_failed(&mut self, now: Now, handle: CallHandle, status: u16) {
        let Some(id) = self.calls.by_handle(handle) else {
            return;
        };
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let held = !call.hold.local;
        call.hold.set(now.instant, held, call.hold.remote);
        let stream = call.stream;
        self.effect(Effect::Media(MediaCommand::Hold { stream, on: held }));
        self.refocus();
        self.tell_hold(now, id, Side::Local, held);
        let text = tr!(
            "The other side refused to hold or resume the call ({status})",
            status = status
        );
        self.notice(now, NoticeKind::Call, text);
    }

    /// Starts a call's sound, or changes it.
    pub(super) fn run_media(&mut self, id: CallId, plan: MediaPlan) {
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        let stream = call.stream;
        let suppress = self.settings.media.silence_suppression;
        let Some(config) = stream_config(&plan, suppress) else {
            return;
        };
        call.media.plan = Some(plan);
        if let Ports::Bound { rtp, rtcp } = call.media.ports {
            call.media.ports = Ports::Open { rtp, rtcp };
            self.effect(Effect::OpenMedia { call: id, stream });
        }
        self.effect(Effect::Media(MediaCommand::Configure { stream, config }));
        self.refocus();
    }

    pub(super) fn tell_state(&mut self, now: Now, id: CallId, state: CallState) {
        if let Some(call) = self.calls.get(id).filter(|call| call.leg_of.is_none()) {
            let mut event = call.event(now, state);
            if let Some(ended) = &mut event.ended {
                ended.cost = self.features.call_log.cost(now, call).map(Into::into);
            }
            self.event(now, Body::Call(Box::new(event)));
        }
    }
}
