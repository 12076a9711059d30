//! Other media of ours before the answer: UPDATE, where an offer and its answer have already been
//! exchanged reliably (RFC 3311 §5.1). Where they have not, or the UPDATE comes to nothing, a
//! re-INVITE makes the change once the call stands.

use std::time::Instant;

use super::outgoing::Early;
use super::session::Session;
use super::{Call, State, description};
use crate::dialog::Dialog;
use crate::message::{Method, Request, Response};
use crate::sdp::LocalMedia;
use crate::user_agent::{ALLOW, CommandError, ContactForm, Endpoint, Event, RequestId, SUPPORTED};

/// How far other media of ours are known to the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Renewal {
    /// Our media are those it knows.
    #[default]
    None,
    /// It is to be told when the call stands.
    Wanted,
    /// This UPDATE tells it.
    Sent(RequestId),
}

impl Renewal {
    /// An offer of ours is open.
    pub(super) fn offers(self) -> bool {
        matches!(self, Renewal::Sent(_))
    }

    /// Something is left for the re-INVITE.
    pub(super) fn is_owed(self) -> bool {
        self != Renewal::None
    }
}

impl Call {
    /// Other media of ours, offered as soon as it is possible.
    pub(crate) fn renew_media(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        media: LocalMedia,
    ) -> Result<(), CommandError> {
        match &mut self.state {
            State::Talking(_) => self.renew_talking(now, endpoint, media),
            State::Inviting(inviting) => {
                inviting.session.replace(media.clone());
                inviting.renewed = true;
                for at in 0..inviting.early.len() {
                    self.renew_branch(now, endpoint, at, media.clone());
                }
            }
            State::Offered(_) => self.renew_offered(now, endpoint, media)?,
            State::Leaving(_) | State::Over => return Err(CommandError::WrongState),
        }
        self.arm(endpoint);
        Ok(())
    }

    fn renew_branch(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        at: usize,
        media: LocalMedia,
    ) {
        let State::Inviting(inviting) = &mut self.state else {
            return;
        };
        let Some(early) = inviting.early.get_mut(at) else {
            return;
        };
        early.session.replace(media);
        early.renewal = Renewal::Wanted;
        if early.settled && early.dialog.allows_update() {
            let update = update(&mut early.dialog, &mut early.session);
            let id = self.send_in_dialog(now, endpoint, update, ContactForm::Dialog);
            if let State::Inviting(inviting) = &mut self.state
                && let Some(early) = inviting.early.get_mut(at)
            {
                early.renewal = Renewal::Sent(id);
            }
        }
    }

    fn renew_offered(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        media: LocalMedia,
    ) -> Result<(), CommandError> {
        let State::Offered(offered) = &mut self.state else {
            return Err(CommandError::WrongState);
        };
        let settled = offered.is_settled();
        let session = offered.session.as_mut().ok_or(CommandError::WrongState)?;
        session.replace(media);
        offered.renewal = Renewal::Wanted;
        if settled && offered.dialog.allows_update() {
            let update = update(&mut offered.dialog, session);
            let id = self.send_in_dialog(now, endpoint, update, ContactForm::Dialog);
            if let State::Offered(offered) = &mut self.state {
                offered.renewal = Renewal::Sent(id);
            }
        }
        Ok(())
    }

    /// The answer to such an UPDATE; none, where there was no response. False: it is another
    /// request's.
    pub(super) fn renewal_response(
        &mut self,
        endpoint: &mut Endpoint,
        id: RequestId,
        response: Option<&Response>,
    ) -> bool {
        let sent = Renewal::Sent(id);
        let (renewal, session, dialog) = match &mut self.state {
            State::Offered(offered) if offered.renewal == sent => {
                let Some(session) = &mut offered.session else {
                    return false;
                };
                (&mut offered.renewal, session, &mut offered.dialog)
            }
            State::Inviting(inviting) => {
                let early = inviting.early.iter_mut().find(|e| e.renewal == sent);
                let Some(Early {
                    renewal,
                    session,
                    dialog,
                    ..
                }) = early
                else {
                    return false;
                };
                (renewal, session, dialog)
            }
            _ => return false,
        };
        let status = response.map_or(408, |response| response.status);
        if status < 200 {
            return true;
        }
        *renewal = Renewal::Wanted;
        let accepted = response.filter(|_| status < 300).and_then(|response| {
            dialog.refresh_target(&response.headers);
            let answer = description(&response.headers, &response.body)?;
            session.accept(answer).ok()
        });
        if let Some(media) = accepted {
            *renewal = Renewal::None;
            let call = self.handle;
            endpoint.emit(Event::MediaChanged { call, media });
        }
        true
    }
}

fn update(dialog: &mut Dialog, session: &mut Session) -> Request {
    let mut update = dialog.request(Method::Update);
    update.headers.push("Allow", ALLOW);
    update.headers.push("Supported", SUPPORTED);
    update.headers.push("Content-Type", "application/sdp");
    update.body = session.offer();
    update
}
