//! What the media thread tells of calls and devices, and what the phone does about it.

use ringbook_media::dtls::DtlsError;
use ringbook_media::engine::{DeviceRole, MediaCommand, MediaEvent, StreamId};
use ringbook_sip::user_agent::{End, EndCause, EndedBy};

use super::call::{Call, Ports, State};
use super::command::CommandError;
use super::effect::Effect;
use super::listener::{CallEvent, Reactions};
use super::requests::Done;
use super::ringer::Ring;
use super::{Phone, PhoneOutput};
use crate::automation::{AudioTestState, Body, NoticeKind};
use crate::model::{CallId, EndReason};
use crate::now::Now;
use crate::tr;

/// Without a packet for this long a call is ended.
const SILENCE_ENDS_S: u32 = 30;

impl Phone {
    /// The ports of a call's sound are bound, or cannot be.
    pub fn handle_media_bound(
        &mut self,
        now: Now,
        id: CallId,
        bound: Result<(u16, u16), std::io::ErrorKind>,
        fingerprint: Option<[u8; 32]>,
    ) {
        let Some(call) = self.calls.get_mut(id).filter(|call| call.ended().is_none()) else {
            return;
        };
        match bound {
            Ok((rtp, rtcp)) => {
                call.media.ports = Ports::Bound { rtp, rtcp };
                call.media.fingerprint = fingerprint;
                if !self.gather(id, true) {
                    self.go_on(now, id);
                }
            }
            Err(error) => self.no_ports(now, id, error),
        }
        self.pump(now);
    }

    /// What waited for the ports, or for what is known of them outside, goes on: the INVITE, or the answer somebody gave
    /// already.
    pub(super) fn go_on(&mut self, now: Now, id: CallId) {
        let Some(call) = self.calls.get(id) else {
            return;
        };
        match call.state.clone() {
            State::Dialing { target } if call.handle.is_none() => self.invite(now, id, &target),
            State::Incoming { wanted: true } => {
                let _ = self.answer_now(now, id);
            }
            _ => {}
        }
    }

    /// Calls that waited for this line go on.
    pub(super) fn go_on_by(&mut self, now: Now, aor: &str) {
        for id in self.calls.ids() {
            let call = self.calls.get(id);
            let line = call.and_then(|call| call.line.as_ref());
            if line.is_some_and(|line| line.aor == aor) {
                self.go_on(now, id);
            }
        }
    }

    fn no_ports(&mut self, now: Now, id: CallId, error: std::io::ErrorKind) {
        let text = tr!(
            "A call has no ports for its sound ({error}): see [media] rtp_ports",
            error = error
        );
        self.notice(now, NoticeKind::Media, text);
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        call.media.ports = Ports::Closed;
        call.intent = Some(EndReason::Failed);
        match call.handle {
            Some(handle) => {
                let _ = self.user_agent.reject(now.instant, handle, 500);
            }
            None => self.end(now, id, local_failure()),
        }
    }

    pub(super) fn on_media(&mut self, now: Now, event: MediaEvent) {
        let Some(stream) = stream_of(&event) else {
            return self.on_device(now, &event);
        };
        let Some(id) = self.calls.by_stream(stream) else {
            return;
        };
        let Some(call) = self.calls.get_mut(id) else {
            return;
        };
        match &event {
            MediaEvent::Levels { input, output, .. } => call.media.levels = Some((*input, *output)),
            MediaEvent::Stats { stats, .. } => call.media.stats = Some(*stats),
            MediaEvent::Closed { stats, .. } => {
                call.media.stats = Some(*stats);
                call.media.ports = Ports::Closed;
            }
            MediaEvent::Gathered { candidates, .. } => self.on_gathered(now, id, candidates),
            MediaEvent::Lost { loss, .. } => self.on_lost(id, *loss),
            MediaEvent::Digit { digit, .. } => self.on_digit(now, id, *digit),
            MediaEvent::NoRtp { for_s, .. } => self.on_silence(now, id, *for_s),
            MediaEvent::NoKeys { error, .. } => self.on_no_keys(now, id, *error),
            MediaEvent::SpokenMuted { .. } => {
                let text = tr!("You are speaking, but the microphone is muted: nobody hears you");
                self.notice(now, NoticeKind::Media, text);
            }
            MediaEvent::Refused { error, .. } => {
                let text = tr!("The call's sound cannot run: {error}", error = error);
                self.notice(now, NoticeKind::Media, text);
            }
            _ => {}
        }
        self.changed = true;
        self.tell_media(now, id, &event);
        self.settle(now, id);
    }

    fn tell_media(&mut self, now: Now, id: CallId, event: &MediaEvent) {
        let Some(call) = self.calls.get(id).filter(|call| call.leg_of.is_none()) else {
            return;
        };
        let mut reactions = Reactions::default();
        for listener in self.features.all() {
            listener.on_media(now, call, event, &mut reactions);
        }
        self.react(now, id, reactions);
    }

    /// Lets a person hear how a line would ring.
    pub(super) fn try_ringtone(&mut self, ringtone: Option<Ring>) {
        let mut reactions = Reactions::default();
        self.features.ringer.try_out(ringtone, &mut reactions);
        let effects = reactions.effects.into_iter().map(PhoneOutput::Effect);
        self.outputs.extend(effects);
    }

    /// Lets a person hear themselves, or no longer.
    pub(super) fn audio_test(&mut self, now: Now, on: bool) -> Done {
        if on && self.own_calls() > 0 {
            return Err(CommandError::TestInCall);
        }
        if on != self.audio_test.is_some() {
            self.effect(Effect::Media(MediaCommand::EchoTest { on }));
            self.tell_audio_test(now, on.then_some((0.0, 0.0)));
        }
        Ok(())
    }

    fn tell_audio_test(&mut self, now: Now, levels: Option<(f32, f32)>) {
        let state = match (self.audio_test.is_some(), levels.is_some()) {
            (false, true) => AudioTestState::Started,
            (true, true) => AudioTestState::Levels,
            (true, false) => AudioTestState::Ended,
            // Levels that were on their way when it ended.
            (false, false) => return,
        };
        self.audio_test = levels;
        let (input, output) = levels.unzip();
        self.event(
            now,
            Body::AudioTest {
                state,
                input,
                output,
            },
        );
    }

    /// The other party pressed a key, in the sound (RFC 4733) or by INFO.
    pub(super) fn on_digit(&mut self, now: Now, id: CallId, digit: char) {
        self.pass_digit(id, digit);
        if self.calls.get(id).is_some_and(|call| call.leg_of.is_some()) {
            return;
        }
        self.event(now, Body::Dtmf { call: id, digit });
        self.tell(now, id, CallEvent::Digit(digit));
    }

    fn on_silence(&mut self, now: Now, id: CallId, for_s: u32) {
        let is_leg = self.calls.get(id).is_some_and(|call| call.leg_of.is_some());
        if for_s < SILENCE_ENDS_S && !is_leg {
            let text = tr!(
                "Nothing has been heard from the other side for {for_s} s",
                for_s = for_s
            );
            return self.notice(now, NoticeKind::Media, text);
        }
        let is_over = |call: &&mut Call| call.is_established() && for_s >= SILENCE_ENDS_S;
        let Some(call) = self.calls.get_mut(id).filter(is_over) else {
            return;
        };
        call.intent = Some(EndReason::NoAudio);
        if let Some(handle) = call.handle {
            let _ = self.user_agent.hangup(now.instant, handle);
        }
    }

    /// Without keys there is no sound, whatever the policy: both sides have agreed to encrypt.
    fn on_no_keys(&mut self, now: Now, id: CallId, error: DtlsError) {
        let Some(call) = self.calls.get_mut(id).filter(|call| call.ended().is_none()) else {
            return;
        };
        call.intent = Some(EndReason::NotAcceptable);
        let handle = call.handle;
        let text = match error {
            DtlsError::WrongCertificate => tr!(
                "The call was ended: somebody may be listening. The other side has not the certificate that it announced"
            ),
            _ => tr!("The call was ended: no keys could be agreed on to encrypt it"),
        };
        self.notice(now, NoticeKind::Media, text);
        if let Some(handle) = handle {
            let _ = self.user_agent.hangup(now.instant, handle);
        }
    }

    fn on_device(&mut self, now: Now, event: &MediaEvent) {
        if let MediaEvent::EchoTest { levels } = event {
            if self.audio_test.is_some() {
                self.tell_audio_test(now, *levels);
            }
            return;
        }
        for id in self.calls.ids() {
            self.tell_media(now, id, event);
        }
        let name = |which: &DeviceRole| match which {
            DeviceRole::Input => tr!("microphone"),
            DeviceRole::Output => tr!("loudspeaker"),
            DeviceRole::Ring => tr!("bell"),
            DeviceRole::RingAlso => tr!("second bell"),
            DeviceRole::Ringtone => tr!("ringtone"),
        };
        let text = match event {
            MediaEvent::DeviceLost { which, reason } => {
                let device = name(which);
                tr!(
                    "The {device} does not work: {reason}. The phone goes on without it.",
                    device = device,
                    // Some systems end it with a full stop of their own.
                    reason = reason.trim_end_matches('.')
                )
            }
            MediaEvent::DeviceReplaced { which, wanted, by } => tr!(
                "The {device} {wanted} is not there; {default} serves until it is",
                device = name(which),
                wanted = wanted,
                default = by
            ),
            MediaEvent::DeviceMoved { which, to } => tr!(
                "The {device} is {name} now, as the system says",
                device = name(which),
                name = to
            ),
            MediaEvent::DeviceBack { which } => {
                tr!("The {device} works again", device = name(which))
            }
            _ => return,
        };
        self.notice(now, NoticeKind::Audio, text);
    }
}

/// The end of a call that never left the house.
pub(super) fn local_failure() -> End {
    End {
        by: EndedBy::Local,
        status: None,
        reason: None,
        cause: EndCause::Failed,
    }
}

fn stream_of(event: &MediaEvent) -> Option<StreamId> {
    match event {
        MediaEvent::FirstPacket { stream }
        | MediaEvent::Gathered { stream, .. }
        | MediaEvent::Lost { stream, .. }
        | MediaEvent::Refused { stream, .. }
        | MediaEvent::Digit { stream, .. }
        | MediaEvent::Levels { stream, .. }
        | MediaEvent::Stats { stream, .. }
        | MediaEvent::Recording { stream, .. }
        | MediaEvent::NoRtp { stream, .. }
        | MediaEvent::NoKeys { stream, .. }
        | MediaEvent::SpokenMuted { stream }
        | MediaEvent::Closed { stream, .. } => Some(*stream),
        MediaEvent::DeviceLost { .. }
        | MediaEvent::DeviceReplaced { .. }
        | MediaEvent::DeviceMoved { .. }
        | MediaEvent::DeviceBack { .. }
        | MediaEvent::EchoTest { .. }
        | MediaEvent::Calibrated(_) => None,
    }
}
