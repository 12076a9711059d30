//! What a person or a script asks of the phone, carried out.

use std::sync::Arc;

use ringbook_media::engine::{MediaCommand, ToneTarget};
use ringbook_media::tone::Tone;
use ringbook_sip::message::Uri;
use ringbook_sip::sdp::{Beside, Direction as Flow, Dtls, LocalMedia};
use ringbook_sip::user_agent::{self, CallHandle, CallOptions};

use super::account::{Line, LineInfo};
use super::call::{Call, Hold, Led, Media, Ports, Remote, State};
use super::command::{CommandError, Reply};
use super::effect::Effect;
use super::listener::CallEvent;
use super::nat::Candidates;
use super::sound::local_failure;
use super::target::Target;
use super::view::Absence;
use super::{Answer, Phone};
use crate::automation::{CallState, Side};
use crate::model::{CallId, CallOrigin, Direction, EndReason};
use crate::now::Now;
use crate::settings::{Policy, Settings};
use crate::tariffs::Tariffs;

pub(super) type Done = Result<(), CommandError>;

/// A person turns a call away: at every phone of the line (RFC 3261 §21.6.2).
const DECLINE: u16 = 603;
/// Keys in one request.
const MAX_DIGITS: usize = 64;

impl Phone {
    pub(super) fn live(&self, id: CallId) -> Result<&Call, CommandError> {
        let call = self.calls.get(id).filter(|call| call.ended().is_none());
        call.ok_or(CommandError::NoSuchCall(id))
    }

    pub(super) fn live_mut(&mut self, id: CallId) -> Result<&mut Call, CommandError> {
        let call = self.calls.get_mut(id).filter(|call| call.ended().is_none());
        call.ok_or(CommandError::NoSuchCall(id))
    }

    /// The call, where it is a conversation, with its name in the user agent.
    pub(super) fn conversation(
        &mut self,
        id: CallId,
        verb: &'static str,
    ) -> Result<(&mut Call, CallHandle), CommandError> {
        self.ours(id)?;
        let call = self.live_mut(id)?;
        match call.handle {
            Some(handle) if call.state == State::Established => Ok((call, handle)),
            _ => Err(wrong_state(call, verb)),
        }
    }
}

/// Making and taking calls.
impl Phone {
    /// How many calls are up; legs belong to others.
    pub(super) fn own_calls(&self) -> usize {
        let calls = self.calls.live();
        calls.filter(|call| call.leg_of.is_none()).count()
    }

    pub(super) fn dial(
        &mut self,
        now: Now,
        target: &str,
        account: Option<&str>,
        anonymous: bool,
    ) -> Answer {
        let origin = match self.links.is_asked(target) {
            true => CallOrigin::Link,
            false => CallOrigin::Dialled,
        };
        let dialed = self.place_call(now, target, account, anonymous, origin)?;
        self.dialled = Some((target.to_owned(), account.map(str::to_owned), anonymous));
        Ok(dialed)
    }

    pub(super) fn place_call(
        &mut self,
        now: Now,
        target: &str,
        account: Option<&str>,
        anonymous: bool,
        origin: CallOrigin,
    ) -> Answer {
        if self.ending {
            return Err(CommandError::Ending);
        }
        let emergency = self.emergency_line(target, account);
        // Who helps has to know whom.
        let hidden = emergency.is_none();
        let line = match emergency {
            Some(line) => line,
            None => self.line_to_call_from(account)?,
        };
        let anonymous = hidden && (anonymous || line.account.anonymous);
        let info = line.info.clone();
        let target = Target::parse(target, &info)?;
        if self.own_calls() >= self.settings.phone.max_calls {
            return Err(CommandError::TooManyCalls(self.settings.phone.max_calls));
        }
        let call = Call {
            anonymous,
            origin: Some(origin),
            ..self.outgoing_call(now, target, info)
        };
        let id = call.id;
        self.calls.insert(call);
        self.make_room(now, id);
        self.bind_media(id);
        self.tell_state(now, id, CallState::Dialing);
        self.tell(now, id, CallEvent::Dialing);
        Ok(Reply::Dialed { call: id })
    }

    /// A call of ours that has no ports yet.
    pub(super) fn outgoing_call(&mut self, now: Now, target: Target, line: Arc<LineInfo>) -> Call {
        let mailbox = self.is_mailbox(Some(&line), &target.uri);
        Call {
            id: self.new_call_id(now),
            handle: None,
            call_id: None,
            stream: self.calls.next_stream(),
            direction: Direction::Outgoing,
            from: line.aor.clone(),
            to: target.uri.to_string(),
            remote: Remote {
                uri: Some(target.uri.clone()),
                party: target.party,
                display: String::new(),
                hidden: false,
            },
            local: line.own(),
            media: Media {
                candidates: Candidates::wanted(line.nat.ice),
                ..Media::default()
            },
            line: Some(line),
            state: State::Dialing { target: target.uri },
            began: now,
            ringing: None,
            answered: None,
            since: now.wall,
            automatic: false,
            muted: false,
            hold: Hold::default(),
            intent: None,
            origin: Some(CallOrigin::Dialled),
            mailbox,
            referrer: None,
            connecting: None,
            diverted_by: None,
            anonymous: false,
            leg_of: None,
            led: Led::default(),
            joined_with: Vec::new(),
        }
    }

    /// The line for a number that must get through: the chosen one if it works, else the first
    /// that does. None where the number is an ordinary one, or no line is known to work.
    fn emergency_line(&self, target: &str, account: Option<&str>) -> Option<&Line> {
        let serves = |line: &&Line| line.info.is_emergency(target) && line.is_usable();
        let chosen = account.and_then(|aor| self.line_to_call_from(Some(aor)).ok());
        let chosen = chosen.filter(serves);
        chosen.or_else(|| self.lines.iter().find(serves))
    }

    pub(super) fn line_to_call_from(&self, account: Option<&str>) -> Result<&Line, CommandError> {
        let Some(aor) = account else {
            return self.lines.first().ok_or(CommandError::NoAccount);
        };
        let named = |line: &&Line| {
            line.account.aor == aor
                || line
                    .account
                    .aor
                    .split_once(':')
                    .is_some_and(|(_, a)| a == aor)
        };
        self.lines
            .iter()
            .find(named)
            .ok_or_else(|| CommandError::NoSuchAccount {
                aor: aor.to_owned(),
                allowed: self
                    .lines
                    .iter()
                    .map(|line| line.account.aor.clone())
                    .collect(),
            })
    }

    /// Sends the INVITE of a call that has its ports now.
    pub(super) fn invite(&mut self, now: Now, id: CallId, target: &Uri) {
        let Some(media) = self.local_media(id) else {
            return;
        };
        let aor = self
            .calls
            .get(id)
            .and_then(|call| call.line.as_ref())
            .map(|line| &line.aor);
        let line = self
            .lines
            .iter()
            .find(|line| Some(&line.account.aor) == aor);
        if line.is_some_and(|line| line.is_sought) {
            // Its password will be there in a moment, and the call goes on with it.
            return;
        }
        let account = line.and_then(|line| line.id);
        let call = self.calls.get(id);
        let referrer = call.and_then(|call| self.calls.get(call.referrer?)?.handle);
        let led_on = call.and_then(|call| self.led_on(call));
        let options = CallOptions {
            anonymous: call.is_some_and(|call| call.anonymous),
            led_on,
        };
        let asked_for = call.is_some_and(|call| call.referrer.is_some());
        let sent = match (account, referrer) {
            (_, Some(referrer)) => self
                .user_agent
                .follow_transfer(now.instant, referrer, media),
            // Who asked for it has hung up meanwhile.
            (_, None) if asked_for => Err(user_agent::CommandError::NoSuchCall),
            (Some(account), None) => {
                let now = now.instant;
                self.user_agent
                    .invite_with(now, account, target, media, options)
            }
            (None, None) => Err(user_agent::CommandError::NoSuchAccount),
        };
        match sent {
            Ok(handle) => {
                let call_id = self.user_agent.call_id(handle).map(str::to_owned);
                self.calls.set_handle(id, handle, call_id);
                if let Some(call) = self.calls.get(id) {
                    self.features.flight_recorder.tie(call);
                }
            }
            Err(error) => {
                self.notice(now, crate::automation::NoticeKind::Call, error.to_string());
                self.end(now, id, local_failure());
            }
        }
    }

    /// Our side of a call's sound; none while it is not known yet.
    pub(super) fn local_media(&self, id: CallId) -> Option<LocalMedia> {
        let call = self.calls.get(id)?;
        if matches!(
            call.media.candidates,
            Candidates::Wanted | Candidates::Sought(_)
        ) {
            return None;
        }
        let (Ports::Bound { rtp, rtcp } | Ports::Open { rtp, rtcp }) = call.media.ports else {
            return None;
        };
        let ipv6 = call.line.as_ref().is_some_and(|line| line.ipv6);
        let own_codecs = call.line.as_ref().and_then(|line| line.codecs.clone());
        Some(LocalMedia {
            address: self.media_ip(call.media.signalling, ipv6),
            rtp_port: rtp,
            rtcp_port: Some(rtcp),
            codecs: own_codecs.unwrap_or_else(|| self.settings.media.codecs.clone()),
            opus_dtx: self.settings.media.opus_dtx,
            direction: Flow::SendRecv,
            srtp: self.srtp_of(call.line.as_deref()),
            dtls: call.media.fingerprint.map(|fingerprint| Dtls {
                fingerprint,
                active: None,
                keys_in_clear: call.line.as_ref().is_some_and(|line| line.keys_in_clear),
            }),
            // The user agent's to choose.
            keys: Vec::new(),
            ice: call.media.candidates.local(),
            session_id: 0,
            version: 0,
            beside: Beside::default(),
        })
    }

    pub(super) fn answer(&mut self, now: Now, id: CallId) -> Done {
        let call = self.live_mut(id)?;
        match call.state {
            State::Incoming { wanted: false } => {
                self.taken_here(now, id);
                let call = self.live_mut(id)?;
                call.state = State::Incoming { wanted: true };
                self.answer_now(now, id)
            }
            _ => Err(wrong_state(call, "answered")),
        }
    }

    /// Answers a call that has its ports; one that has none yet is answered when they come.
    pub(super) fn answer_now(&mut self, now: Now, id: CallId) -> Done {
        let Some(media) = self.local_media(id) else {
            return Ok(());
        };
        let call = self.live_mut(id)?;
        let Some(handle) = call.handle else {
            return Ok(());
        };
        let answered = self.user_agent.answer(now.instant, handle, media);
        let plan = answered.map_err(|error| CommandError::Refused(error.to_string()))?;
        let call = self.live_mut(id)?;
        call.state = State::Answering;
        self.make_room(now, id);
        self.drain(now);
        if let Some(plan) = plan {
            self.run_media(id, plan);
        }
        Ok(())
    }

    pub(super) fn reject(&mut self, now: Now, id: CallId) -> Done {
        let call = self.live_mut(id)?;
        let waiting = matches!(call.state, State::Incoming { .. });
        let Some(handle) = call.handle.filter(|_| waiting) else {
            return Err(wrong_state(call, "rejected"));
        };
        if self.pass_on(now, id) {
            return Ok(());
        }
        refused(self.user_agent.reject(now.instant, handle, DECLINE))
    }

    pub(super) fn hang_up(&mut self, now: Now, id: CallId) -> Done {
        let call = self.live_mut(id)?;
        match (call.handle, &call.state) {
            (Some(handle), State::Incoming { .. }) => {
                refused(self.user_agent.reject(now.instant, handle, DECLINE))
            }
            (Some(handle), _) => refused(self.user_agent.hangup(now.instant, handle)),
            (None, _) => {
                self.end(
                    now,
                    id,
                    user_agent::End {
                        cause: user_agent::EndCause::Cancelled,
                        ..local_failure()
                    },
                );
                Ok(())
            }
        }
    }
}

/// In a conversation.
impl Phone {
    pub(super) fn set_hold(&mut self, now: Now, id: CallId, on: bool) -> Done {
        let verb = if on { "held" } else { "resumed" };
        let (call, handle) = self.conversation(id, verb)?;
        if call.hold.local == on {
            return Err(CommandError::WrongState {
                verb,
                state: if on { "held already" } else { "not held" },
            });
        }
        let stream = call.stream;
        let asked = match on {
            true => self.user_agent.hold(now.instant, handle),
            false => self.user_agent.resume(now.instant, handle),
        };
        refused(asked)?;
        let call = self.live_mut(id)?;
        let remote = call.hold.remote;
        call.hold.set(now.instant, on, remote);
        self.effect(Effect::Media(MediaCommand::Hold { stream, on }));
        self.refocus();
        self.tell_hold(now, id, Side::Local, on);
        Ok(())
    }

    pub(super) fn resume(&mut self, now: Now, id: CallId) -> Done {
        self.conversation(id, "resumed")?;
        self.make_room(now, id);
        self.set_hold(now, id, false)
    }

    pub(super) fn dtmf(&mut self, id: CallId, digits: &str) -> Done {
        let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
        let digits = digits.to_ascii_uppercase();
        let key = |c: char| c.is_ascii_digit() || "*#ABCD".contains(c);
        if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.chars().all(key) {
            return Err(CommandError::BadDigits(
                digits.chars().take(MAX_DIGITS).collect(),
            ));
        }
        let (call, _) = self.conversation(id, "sent keys")?;
        let stream = call.stream;
        if call
            .media
            .plan
            .as_ref()
            .is_none_or(|plan| plan.dtmf_send_pt.is_none())
        {
            return Err(CommandError::NoDigits);
        }
        // Whoever presses a key hears it; what a script sends is many keys at once.
        let mut keys = digits.chars();
        if let (Some(key), None, true) = (keys.next(), keys.next(), self.settings.audio.key_tones) {
            self.effect(Effect::Media(MediaCommand::Tone {
                to: ToneTarget::Loudspeaker,
                tone: Some(Tone::Key(key)),
            }));
        }
        self.effect(Effect::Media(MediaCommand::Digits { stream, digits }));
        Ok(())
    }
}

/// The phone as a whole.
impl Phone {
    /// Takes over settings: lines that changed register anew, the others stay as they are.
    pub(super) fn set_settings(&mut self, now: Now, settings: Settings) {
        let mut kept = Vec::new();
        for line in std::mem::take(&mut self.lines) {
            match settings.accounts.contains(&line.account) {
                true => kept.push(line),
                false => self.drop_line(now, &line),
            }
        }
        for (place, mut line) in self.lines_of(&settings.accounts).into_iter().enumerate() {
            if let Some(at) = kept.iter().position(|old| old.account == line.account) {
                line = kept.swap_remove(at);
                self.lines.push(line);
            } else {
                self.lines.push(line);
                self.start_line(now, place);
            }
        }
        self.set_devices(&settings);
        self.features.caller_card.set(&settings);
        self.features
            .flight_recorder
            .set_retention(settings.log.retention());
        self.features.call_log.set(&settings);
        self.features.long_calls.set(&settings);
        self.features.recorder.set(&settings);
        self.features.ringer.set(&settings);
        let redirects = settings.phone.redirects == Policy::Follow;
        self.user_agent.set_follow_redirects(redirects);
        let (before, after) = (
            Absence::of(&self.settings.phone),
            Absence::of(&settings.phone),
        );
        self.absence.follow(&before, &after);
        self.settings = settings;
        self.changed = true;
    }

    /// Calls cost what these say from now on, those that are up too.
    pub fn set_tariffs(&mut self, tariffs: Tariffs) {
        self.features.call_log.set_tariffs(tariffs);
    }

    fn drop_line(&mut self, now: Now, line: &Line) {
        self.unwatch(now, &line.account.aor);
        self.unpublish(now, &line.account.aor);
        if let Some(id) = line.id {
            self.user_agent.unregister(now.instant, id);
            self.leaving.push(id);
        }
    }

    fn set_devices(&mut self, settings: &Settings) {
        let (audio, before) = (&settings.audio, &self.settings.audio);
        let voice = (audio.voice != before.voice).then_some(MediaCommand::SetVoice(audio.voice));
        let (devices, before) = (audio.devices(), before.devices());
        // The texts come from the settings' reader or from the list of devices.
        let devices = devices
            .ok()
            .filter(|devices| Ok(devices) != before.as_ref());
        let devices = devices.map(MediaCommand::SetDevices);
        for command in voice.into_iter().chain(devices) {
            self.effect(Effect::Media(command));
        }
    }

    /// Ends every call and every registration; [`Phone::is_quiet`] tells when that is done.
    pub(super) fn quit(&mut self, now: Now) {
        if std::mem::replace(&mut self.ending, true) {
            return;
        }
        for id in self.calls.ids() {
            let Some(call) = self.calls.get(id) else {
                continue;
            };
            match (call.handle, &call.state) {
                // Nobody turned it away: the caller hears that nobody is there.
                (Some(handle), State::Incoming { .. }) => {
                    if let Some(call) = self.calls.get_mut(id) {
                        call.intent = Some(EndReason::NoAnswer);
                    }
                    let _ = self.user_agent.reject(now.instant, handle, 480);
                }
                _ => {
                    let _ = self.hang_up(now, id);
                }
            }
        }
        let lines = self.lines.iter().map(|line| line.account.aor.clone());
        for account in lines.collect::<Vec<_>>() {
            self.unwatch(now, &account);
            self.unpublish(now, &account);
        }
        for line in self.lines.iter().filter(|line| line.account.register) {
            if let Some(id) = line.id {
                self.user_agent.unregister(now.instant, id);
            }
        }
    }
}

/// An end that nobody out there confirms.
impl Phone {
    /// Writes down every call that is still closing as it stands: there is no more time.
    pub fn abandon(&mut self, now: Now) {
        for id in self.calls.ids() {
            let cause = match self
                .calls
                .get(id)
                .is_some_and(|call| call.answered.is_some())
            {
                true => user_agent::EndCause::LocalHangup,
                false => user_agent::EndCause::Cancelled,
            };
            self.end(
                now,
                id,
                user_agent::End {
                    cause,
                    ..local_failure()
                },
            );
            if let Some(call) = self.calls.get_mut(id) {
                call.media.ports = Ports::Closed;
            }
            self.settle(now, id);
        }
    }
}

fn wrong_state(call: &Call, verb: &'static str) -> CommandError {
    let state = match call.state {
        State::Incoming { .. } => "ringing here",
        State::Answering => "being answered",
        State::Dialing { .. } => "being dialled",
        State::Ringing | State::Early => "ringing at the other end",
        State::Established => "established",
        State::Transferring => "being transferred",
        State::Ended(_) => "over",
    };
    CommandError::WrongState { verb, state }
}

pub(super) fn refused(done: Result<(), user_agent::CommandError>) -> Done {
    done.map_err(|error| CommandError::Refused(error.to_string()))
}
