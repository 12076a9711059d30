//! What a person or a script asks, told to whoever carries it out, and answered: at once, or when the
//! store has answered.

use super::account::Line;
use super::command::{Command, CommandError, Reply, Status};
use super::effect::Effect;
use super::listener::CallEvent;
use super::requests::Done;
use super::{Phone, PhoneOutput};
use crate::automation::{Body, RegistrationState};
use crate::flight::way::Way;
use crate::model::{CallId, CallerMatch, ClientField, ClientId, RequestId, SourceAnswer};
use crate::now::Now;
use crate::store::{CallerQuery, StoreCommand};

/// The answer to a command.
pub type Answer = Result<Reply, CommandError>;

impl Phone {
    /// A person or a script asks for something. Without an answer here it comes as an output.
    pub fn handle_command(
        &mut self,
        now: Now,
        request: RequestId,
        command: Command,
    ) -> Option<Answer> {
        let answer = self.request(now, request, command);
        self.publish_changes(now);
        self.pump(now);
        self.changed = true;
        answer
    }

    /// None where the store has to answer first.
    fn request(&mut self, now: Now, request: RequestId, command: Command) -> Option<Answer> {
        let done = match command {
            Command::Status => return Some(Ok(Reply::Status(self.status()))),
            Command::Accounts => {
                return Some(Ok(Reply::Accounts(self.account_views())));
            }
            Command::Calls => return Some(Ok(Reply::Calls(self.call_views()))),
            Command::Card(call) => return Some(self.card(call)),
            Command::LinkCaller { call, client } => {
                return self.link_caller(now, request, call, client).err().map(Err);
            }
            Command::SaveCaller { call, fields } => {
                return self.save_caller(now, request, call, fields).err().map(Err);
            }
            Command::Lamps => return Some(Ok(Reply::Lamps(self.lamp_views()))),
            Command::Ladder { account } => return Some(self.ladder(account.as_deref())),
            Command::Dial { target, account } => {
                return Some(self.dial(now, &target, account.as_deref(), false));
            }
            Command::DialAnonymously { target, account } => {
                return Some(self.dial(now, &target, account.as_deref(), true));
            }
            Command::DoNotDisturb(on) => {
                self.absence.do_not_disturb = on;
                self.changed = true;
                Ok(())
            }
            Command::Forward { when, target } => self.set_forward(when, target),
            Command::TryRingtone(ringtone) => {
                self.try_ringtone(ringtone);
                Ok(())
            }
            Command::AudioTest(on) => self.audio_test(now, on),
            Command::Answer(call) => self.answer(now, call),
            Command::Reject(call) => self.reject(now, call),
            Command::Hangup(call) => self.hang_up(now, call),
            Command::Hold(call) => self.set_hold(now, call, true),
            Command::Resume(call) => self.resume(now, call),
            Command::Conference { call, with } => self.join(now, call, with),
            Command::Split(call) => self.split(now, call),
            Command::TransferBlind { call, target } => self.transfer_blind(now, call, &target),
            Command::TransferAttended { call, to } => self.transfer_attended(now, call, to),
            Command::Dtmf { call, digits } => self.dtmf(call, &digits),
            Command::Mute { call, on } => self.mute(call, on),
            Command::Record { call, action } => self.record(now, call, action),
            Command::NoteRead(call) => self.note_read(now, call),
            Command::CardShown { call, ms } => {
                self.event(now, Body::CardShown { call, ms });
                Ok(())
            }
            Command::ClientsChanged => {
                self.news.tasks += 1;
                for id in self.calls.ids() {
                    self.tell(now, id, CallEvent::ClientsChanged);
                }
                Ok(())
            }
            Command::SetSettings(settings) => {
                self.set_settings(now, *settings);
                Ok(())
            }
            Command::Link(text) => return Some(self.take_link(now, &text)),
            Command::ForgetLink => self.forget_link(),
            Command::Quit => {
                self.quit(now);
                Ok(())
            }
        };
        Some(done.map(|()| Reply::Done {}))
    }

    fn status(&self) -> Status {
        let registered = |line: &&Line| line.state == RegistrationState::Registered;
        Status {
            version: env!("CARGO_PKG_VERSION"),
            accounts: self.lines.len(),
            registered: self.lines.iter().filter(registered).count(),
            calls: self.own_calls(),
            // Known to whoever serves it.
            api: Vec::new(),
            absence: self.absence.clone(),
        }
    }

    fn card(&self, call: CallId) -> Answer {
        self.live(call)?;
        let card = self.features.caller_card.card(call).cloned();
        let card = card.ok_or(CommandError::ModuleOff {
            module: "caller_card",
        })?;
        Ok(Reply::Card(Box::new(card)))
    }

    fn ladder(&self, account: Option<&str>) -> Answer {
        let line = self.line_to_call_from(account)?;
        let recorder = &self.features.flight_recorder;
        Ok(Reply::Ladder(Way {
            messages: recorder.registration(&line.account.aor),
            ..self.ways.way.clone()
        }))
    }
}

/// Who the other party is, said by a person.
impl Phone {
    fn link_caller(
        &mut self,
        now: Now,
        request: RequestId,
        call: CallId,
        client: ClientId,
    ) -> Done {
        let asked = CallerQuery {
            client: Some(client),
            ..self.asked(now, call)?
        };
        self.effect(Effect::Store(StoreCommand::LinkCaller {
            request,
            call,
            asked,
        }));
        Ok(())
    }

    fn save_caller(
        &mut self,
        now: Now,
        request: RequestId,
        call: CallId,
        fields: Vec<(ClientField, String)>,
    ) -> Done {
        let asked = self.asked(now, call)?;
        self.effect(Effect::Store(StoreCommand::SaveCaller {
            request,
            call,
            asked,
            fields,
        }));
        Ok(())
    }

    fn asked(&self, now: Now, call: CallId) -> Result<CallerQuery, CommandError> {
        let asked = self.features.caller_card.asked(now, self.live(call)?);
        asked.ok_or(CommandError::ModuleOff {
            module: "caller_card",
        })
    }

    /// A source outside the store has answered for a call's card.
    pub fn handle_sourced(&mut self, now: Now, answer: SourceAnswer) {
        self.tell(now, answer.call, CallEvent::Sourced(Box::new(answer)));
    }

    /// The store has said who the other party is now, or why not: whoever asked is answered, whether
    /// the call is still up or not.
    pub(super) fn answer_linked(
        &mut self,
        request: RequestId,
        found: &Result<Option<Box<CallerMatch>>, String>,
    ) {
        let answer = match found {
            Ok(found) => {
                let client = found.as_ref().and_then(|found| found.client.as_ref());
                let client = client.map(|client| client.id);
                // The call's task goes along.
                self.news.tasks += 1;
                Ok(Reply::Linked { client })
            }
            Err(error) => Err(CommandError::Refused(error.clone())),
        };
        self.outputs.push_back(PhoneOutput::Reply(request, answer));
    }
}
