//! What the program asks of calls.

use std::time::Instant;

use super::endpoint::{ALLOW, ANONYMOUS, Endpoint, SUPPORTED};
use super::{AccountId, CallHandle, CallOptions, CommandError, LedOn, UserAgent};
use crate::call::{Call, Invitation, Replaces};
use crate::dialog::{as_request_uri, new_request};
use crate::message::{Host, Method, NameAddr, Request, SipUri, Uri};
use crate::sdp::{LocalMedia, MediaPlan};

impl UserAgent {
    /// Calls `target`. An unspecified `media.address` stands for the address that the
    /// signalling leaves from; session id and version are the user agent's to choose.
    pub fn invite(
        &mut self,
        now: Instant,
        account: AccountId,
        target: &Uri,
        media: LocalMedia,
    ) -> Result<CallHandle, CommandError> {
        self.invite_with(now, account, target, media, CallOptions::default())
    }

    /// Calls `target`, with options.
    pub fn invite_with(
        &mut self,
        now: Instant,
        account: AccountId,
        target: &Uri,
        media: LocalMedia,
        options: CallOptions,
    ) -> Result<CallHandle, CommandError> {
        let terms = Terms {
            options,
            ..Terms::default()
        };
        self.place(now, account, target, media, terms)
    }

    fn place(
        &mut self,
        now: Instant,
        account: AccountId,
        target: &Uri,
        media: LocalMedia,
        terms: Terms,
    ) -> Result<CallHandle, CommandError> {
        let line = self
            .endpoint
            .line(account)
            .ok_or(CommandError::NoSuchAccount)?;
        if self.calls.len() >= self.endpoint.config.max_calls {
            return Err(CommandError::TooManyCalls);
        }
        let target = callable(target, &line.config.aor).ok_or(CommandError::BadTarget)?;
        let mut from = match terms.options.anonymous {
            true => anonymous(),
            false => line.address(),
        };
        let (routes, aor) = (line.routes(), line.config.aor.clone());
        let led_on = terms.options.led_on.as_deref();
        if let Some(display) = led_on.and_then(|caller| caller.display.as_ref()) {
            from.display = Some(display.clone());
        }
        from.set_tag(&self.endpoint.random.tag());
        let call_id = self.endpoint.random.call_id();
        // Headers that a URI carries are not copied: whoever wrote it is not who calls.
        let uri = as_request_uri(target);
        let to = NameAddr::new(uri.clone());
        let mut request = new_request(Method::Invite, uri, from, to, call_id, 1);
        for route in routes {
            request.headers.push("Route", route.to_string());
        }
        request.headers.push("Allow", ALLOW);
        request.headers.push("Supported", SUPPORTED);
        if terms.options.anonymous {
            // RFC 3325 §9.3: the proxy knows who we are, and keeps it to itself.
            request.headers.push("Privacy", "id");
        }
        if let Some(caller) = led_on {
            assert_caller(&mut request, &aor, caller);
        }
        if let Some(replaces) = terms.replaces {
            request.headers.push("Replaces", replaces.to_string());
        }
        if let Some(by) = terms.referred_by {
            request.headers.push("Referred-By", by);
        }
        self.last_call += 1;
        let handle = CallHandle(self.last_call);
        let invitation = Invitation {
            handle,
            account,
            request,
            media,
            referrer: terms.referrer,
        };
        let call = Call::outgoing(now, &mut self.endpoint, invitation);
        self.calls.insert(handle, call);
        self.handle_notices(now);
        Ok(handle)
    }

    /// Tells the caller that it rings (180).
    pub fn ring(&mut self, now: Instant, call: CallHandle) -> Result<(), CommandError> {
        self.command(now, call, |call, endpoint| call.ring(now, endpoint))
    }

    /// Begins to send and receive media before the answer (183), so that the caller hears an
    /// announcement. The plan, if the INVITE carried the offer; else it comes with
    /// `MediaChanged`. The later `answer` goes on with these media.
    pub fn begin_media(
        &mut self,
        now: Instant,
        call: CallHandle,
        media: LocalMedia,
    ) -> Result<Option<MediaPlan>, CommandError> {
        self.command(now, call, |call, endpoint| {
            call.begin_media(now, endpoint, media)
        })
    }

    /// Takes a call (200). The plan of the media, if the INVITE carried the offer: media may
    /// start at once; otherwise it comes with `Established`.
    pub fn answer(
        &mut self,
        now: Instant,
        call: CallHandle,
        media: LocalMedia,
    ) -> Result<Option<MediaPlan>, CommandError> {
        let plan = self.command(now, call, |call, endpoint| {
            call.answer(now, endpoint, media)
        })?;
        let replaced = self
            .calls
            .get_mut(&call)
            .and_then(|call| call.replaces.take());
        if let Some(replaced) = replaced {
            // RFC 3891 §3: the 200 first, then the BYE or CANCEL.
            self.with_call(replaced, |call, endpoint| {
                call.end_replaced(endpoint);
                call.hangup(now, endpoint);
            });
            self.handle_notices(now);
        }
        Ok(plan)
    }

    /// Refuses a call with a final status (486, 480, 603, …). `Ended` follows.
    pub fn reject(
        &mut self,
        now: Instant,
        call: CallHandle,
        status: u16,
    ) -> Result<(), CommandError> {
        self.command(now, call, |call, endpoint| {
            call.reject(now, endpoint, status)
        })
    }

    /// Sends a caller on to somebody else (302). `Ended` follows.
    pub fn forward(
        &mut self,
        now: Instant,
        call: CallHandle,
        target: &Uri,
    ) -> Result<(), CommandError> {
        self.command(now, call, |call, endpoint| {
            call.forward(now, endpoint, target)
        })
    }

    /// Ends a call in any state with what fits: CANCEL, BYE, 486, or nothing yet. `Ended`
    /// follows at once; the signalling winds up behind it.
    pub fn hangup(&mut self, now: Instant, call: CallHandle) -> Result<(), CommandError> {
        self.command(now, call, |call, endpoint| {
            call.hangup(now, endpoint);
            Ok(())
        })
    }

    /// Ends a call of ours because somebody else has answered: while it rings, the CANCEL says so
    /// (RFC 3326), and the phone that rang has missed nothing. `Ended` follows at once.
    pub fn take_back(&mut self, now: Instant, call: CallHandle) -> Result<(), CommandError> {
        self.command(now, call, |call, endpoint| {
            call.take_back(now, endpoint);
            Ok(())
        })
    }

    /// Puts the other party on hold (re-INVITE, `sendonly`). `MediaChanged` or `HoldFailed`
    /// follows.
    pub fn hold(&mut self, now: Instant, call: CallHandle) -> Result<(), CommandError> {
        self.command(now, call, |call, endpoint| {
            call.set_hold(now, endpoint, true)
        })
    }

    /// Takes the other party back (re-INVITE, `sendrecv`).
    pub fn resume(&mut self, now: Instant, call: CallHandle) -> Result<(), CommandError> {
        self.command(now, call, |call, endpoint| {
            call.set_hold(now, endpoint, false)
        })
    }

    /// Offers other media of ours, for instance from a new address: by re-INVITE, before the
    /// answer by UPDATE where that is possible. `MediaChanged` follows; refused, the media go on
    /// as they were.
    pub fn renew_media(
        &mut self,
        now: Instant,
        call: CallHandle,
        media: LocalMedia,
    ) -> Result<(), CommandError> {
        self.command(now, call, |call, endpoint| {
            call.renew_media(now, endpoint, media)
        })
    }

    /// Takes over other media of ours without offering them: the next offer or answer of a call that
    /// stands tells of them.
    pub fn prepare_media(
        &mut self,
        now: Instant,
        call: CallHandle,
        media: LocalMedia,
    ) -> Result<(), CommandError> {
        self.command(now, call, |call, _| call.prepare_media(media))
    }

    /// Asks the other party to call `target` anew (blind), or to take the place we have in the
    /// call `replaces` (attended; `target` is then not used). `Transfer` events follow; the call
    /// stands until someone hangs up.
    pub fn refer(
        &mut self,
        now: Instant,
        call: CallHandle,
        target: &Uri,
        replaces: Option<CallHandle>,
    ) -> Result<(), CommandError> {
        let other = |other| {
            self.calls
                .get(&other)
                .ok_or(CommandError::NoSuchCall)?
                .to_replace()
        };
        let replaces = replaces.map(other).transpose()?;
        let account = self.calls.get(&call).and_then(|call| call.account);
        let line = account.and_then(|account| self.endpoint.line(account));
        let (target, replaces) = match (replaces, line) {
            (Some((target, replaces)), _) => (target, Some(replaces)),
            (None, Some(line)) => {
                let target = callable(target, &line.config.aor);
                (target.ok_or(CommandError::BadTarget)?, None)
            }
            (None, None) => (target.clone(), None),
        };
        self.command(now, call, |call, endpoint| {
            call.refer(now, endpoint, target, replaces.as_ref())
        })
    }

    /// Promises the other party to call whom it wants called (202). Continue with
    /// `follow_transfer`.
    pub fn accept_transfer(&mut self, now: Instant, call: CallHandle) -> Result<(), CommandError> {
        self.command(now, call, |call, endpoint| {
            call.accept_transfer(now, endpoint)
        })
    }

    /// Does not call whom the other party wants called: refuses with a final status, or, after
    /// `accept_transfer`, tells that it came to nothing. The call goes on.
    pub fn refuse_transfer(
        &mut self,
        now: Instant,
        call: CallHandle,
        status: u16,
    ) -> Result<(), CommandError> {
        self.command(now, call, |call, endpoint| {
            call.refuse_transfer(now, endpoint, status)
        })
    }

    /// Calls whom the other party wants called, from the same account. The other party is told
    /// how it goes; when it stands and nobody has hung up the old call, that ends by itself.
    pub fn follow_transfer(
        &mut self,
        now: Instant,
        call: CallHandle,
        media: LocalMedia,
    ) -> Result<CallHandle, CommandError> {
        let asked = self.command(now, call, |call, _| call.take_asked())?;
        let account = self.calls.get(&call).and_then(|call| call.account);
        let terms = Terms {
            replaces: asked.replaces,
            referred_by: asked.referred_by,
            options: CallOptions::default(),
            referrer: Some(call),
        };
        let account = account.ok_or(CommandError::NoSuchAccount);
        let placed =
            account.and_then(|account| self.place(now, account, &asked.target, media, terms));
        if placed.is_err() {
            self.refuse_transfer(now, call, 503)?;
        }
        placed
    }

    fn command<T>(
        &mut self,
        now: Instant,
        handle: CallHandle,
        run: impl FnOnce(&mut Call, &mut Endpoint) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let result = self
            .with_call(handle, run)
            .unwrap_or(Err(CommandError::NoSuchCall));
        self.handle_notices(now);
        result
    }
}

/// On what terms a call is made.
#[derive(Default)]
struct Terms {
    options: CallOptions,
    replaces: Option<Replaces>,
    referred_by: Option<String>,
    referrer: Option<CallHandle>,
}

/// Names the caller whom a call is made for, and how the call came from `aor` to its target: whoever
/// believes our proxy sees the caller (RFC 3325 §9.1) and who was called at first (RFC 7044 §10.1).
fn assert_caller(request: &mut Request, aor: &Uri, caller: &LedOn) {
    if let Some(identity) = caller
        .identity
        .as_deref()
        .and_then(|uri| Uri::parse(uri).ok())
    {
        let asserted = NameAddr {
            display: caller.display.clone(),
            ..NameAddr::new(as_request_uri(identity))
        };
        request
            .headers
            .push("P-Asserted-Identity", asserted.to_string());
    }
    let called = as_request_uri(aor.clone());
    let history = format!(
        "<{called}?Reason=SIP%3Bcause%3D302>;index=1, <{target}>;index=1.1",
        target = request.uri
    );
    request.headers.push("History-Info", history);
}

/// RFC 3323 §4.1.1.3
fn anonymous() -> NameAddr {
    let host = Host::Domain(ANONYMOUS.to_owned());
    NameAddr {
        display: Some("Anonymous".to_owned()),
        ..NameAddr::new(Uri::sip(Some("anonymous"), host, None))
    }
}

/// A URI that can be called. A telephone number goes to the account's own domain
/// (RFC 3261 §19.1.6).
pub(crate) fn callable(target: &Uri, aor: &Uri) -> Option<Uri> {
    match target {
        Uri::Sip(_) => Some(target.clone()),
        Uri::Tel(tel) => {
            let aor = aor.as_sip()?;
            let mut uri = SipUri::new(Some(&tel.number), aor.host.clone(), aor.port);
            uri.secure = aor.secure;
            uri.params.set("user", Some("phone"));
            Some(uri.into())
        }
        Uri::Other { .. } => None,
    }
}
