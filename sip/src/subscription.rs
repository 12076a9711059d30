//! A subscription to somebody's state (RFC 6665): kept alive, and begun anew when it breaks.
//!
//! The notifier's word counts: a NOTIFY may come before the response to its SUBSCRIBE, and what
//! is `active` there is active here. Whoever does not know our tag is not in the dialog.

use std::time::{Duration, Instant};

use crate::dialog::{Dialog, new_request};
use crate::message::{Method, NameAddr, Params, Request, Response, Uri};
use crate::refresh::{
    RETRY_AFTER_MOST, back_off, is_passing, raise_expires, refresh_after, retry_after,
};
use crate::user_agent::{
    AccountId, ContactForm, Endpoint, Event, EventPackage, Failure, Outgoing, Owner, RequestId,
    ServerId, SubscriptionId, SubscriptionState, Timer,
};

/// RFC 6665 §4.1.2.4, timer N: how long the first NOTIFY may take behind the 2xx.
const FIRST_NOTIFY: Duration = Duration::from_secs(32);
/// The notifier ended the subscription for a reason of the moment: not at once again, lest both
/// sides go round in a circle.
const AGAIN: Duration = Duration::from_secs(2);

/// One subscription.
pub(crate) struct Subscription {
    id: SubscriptionId,
    account: AccountId,
    target: Uri,
    package: EventPackage,
    /// In seconds; raised by 423.
    expires: u32,
    call_id: String,
    local_tag: String,
    seq: u32,
    dialog: Option<Dialog>,
    under_way: Option<RequestId>,
    wanted: bool,
    failures: u32,
    next: Next,
    told: Option<SubscriptionState>,
}

/// What the timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    /// The 2xx came, the NOTIFY has not.
    FirstNotify(Instant),
    /// `at` is in time for the notifier, who forgets us at `ends`.
    Refresh {
        at: Instant,
        ends: Instant,
    },
    /// Begins anew.
    Retry(Instant),
}

impl Subscription {
    pub(crate) fn new(
        endpoint: &mut Endpoint,
        (id, account): (SubscriptionId, AccountId),
        target: Uri,
        package: EventPackage,
    ) -> Self {
        let expires = u32::try_from(package.expires.as_secs()).unwrap_or(u32::MAX);
        Subscription {
            id,
            account,
            target,
            package,
            expires: expires.max(1),
            call_id: endpoint.random.call_id(),
            local_tag: endpoint.random.tag(),
            seq: 0,
            dialog: None,
            under_way: None,
            wanted: true,
            failures: 0,
            next: Next::Nothing,
            told: None,
        }
    }

    /// Whether a request that no dialog of a call wants is meant for this subscription.
    pub(crate) fn is_meant(&self, request: &Request) -> bool {
        request.call_id == self.call_id && request.to.tag() == Some(&self.local_tag)
    }

    /// Whether nothing more will come of it.
    pub(crate) fn is_over(&self) -> bool {
        !self.wanted && self.under_way.is_none() && self.dialog.is_none()
    }

    pub(crate) fn start(&mut self, now: Instant, endpoint: &mut Endpoint) {
        self.send(now, endpoint, self.expires);
        self.arm(endpoint);
    }

    /// Ends it; the notifier is told, and nobody waits for its last word.
    pub(crate) fn stop(&mut self, now: Instant, endpoint: &mut Endpoint) {
        self.wanted = false;
        self.next = Next::Nothing;
        if self.dialog.is_some() && self.under_way.is_none() {
            self.send(now, endpoint, 0);
        }
        self.arm(endpoint);
    }

    pub(crate) fn note_seq(&mut self, seq: u32) {
        self.seq = self.seq.max(seq);
        if let Some(dialog) = &mut self.dialog {
            dialog.note_local_seq(seq);
        }
    }

    pub(crate) fn handle_response(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        id: RequestId,
        request: &Request,
        response: &Response,
    ) {
        if self.under_way != Some(id) || response.status < 200 {
            return;
        }
        self.under_way = None;
        self.note_seq(response.cseq.seq);
        match response.status {
            200..300 if !self.wanted => self.leave(now, endpoint, request, response),
            _ if !self.wanted => self.dialog = None,
            200..300 => self.accepted(now, request, response),
            423 if raise_expires(&mut self.expires, response) => {
                self.send(now, endpoint, self.expires)
            }
            status => self.refused(now, endpoint, status, retry_after(response)),
        }
        self.arm(endpoint);
    }

    pub(crate) fn handle_failure(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        id: RequestId,
        failure: Failure,
    ) {
        if self.under_way != Some(id) {
            return;
        }
        self.under_way = None;
        if self.wanted {
            self.refused(now, endpoint, failure.status(), None);
        } else {
            self.dialog = None;
        }
        self.arm(endpoint);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, endpoint: &mut Endpoint) {
        match self.next {
            Next::FirstNotify(at) if at <= now && !self.wanted => self.over(),
            // RFC 6665 §4.1.2.4: the subscription has failed.
            Next::FirstNotify(at) if at <= now => self.fail(now, endpoint, None, None),
            Next::Refresh { ends, .. } if ends <= now => self.anew(now, endpoint),
            Next::Refresh { at, .. } if at <= now && self.under_way.is_none() => {
                self.send(now, endpoint, self.expires);
            }
            Next::Retry(at) if at <= now => self.anew(now, endpoint),
            _ => {}
        }
        self.arm(endpoint);
    }

    /// A NOTIFY that carries our tag (RFC 6665 §4.1.3).
    pub(crate) fn handle_notify(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        server: ServerId,
        notify: &Request,
    ) {
        if !self.is_in_dialog(notify) {
            return endpoint.reply(now, server, 481);
        }
        let event = notify.headers.get("Event").unwrap_or_default();
        let event = event.split(';').next().unwrap_or_default().trim();
        if !event.eq_ignore_ascii_case(&self.package.name) {
            let allowed = [("Allow-Events", self.package.name.as_str())];
            return endpoint.reply_with(now, server, 489, &allowed);
        }
        let Some(state) = State::of(notify) else {
            return endpoint.reply(now, server, 400);
        };
        let kind = notify.headers.media_type();
        let is_readable = kind.is_some_and(|kind| kind.eq_ignore_ascii_case(&self.package.accept));
        if !notify.body.is_empty() && !is_readable {
            let accept = [("Accept", self.package.accept.as_str())];
            return endpoint.reply_with(now, server, 415, &accept);
        }
        match &mut self.dialog {
            Some(dialog) => {
                if !dialog.accept_seq(notify.cseq.seq) {
                    return endpoint.reply(now, server, 500);
                }
                dialog.refresh_target(&notify.headers);
            }
            None => match Dialog::of_callee(notify, &self.local_tag) {
                Ok(mut dialog) => {
                    dialog.note_local_seq(self.seq);
                    self.dialog = Some(dialog);
                }
                Err(_) => return endpoint.reply(now, server, 400),
            },
        }
        endpoint.reply(now, server, 200);
        match state {
            _ if self.wanted => self.notified(now, endpoint, state, notify),
            State::Terminated { .. } => self.over(),
            _ => {}
        }
        self.arm(endpoint);
    }

    /// Of the dialogs that a forked SUBSCRIBE makes, the first alone is ours.
    fn is_in_dialog(&self, notify: &Request) -> bool {
        let tag = notify.from.tag();
        match &self.dialog {
            Some(dialog) => tag == Some(&dialog.id.remote_tag),
            None => tag.is_some() && self.wanted,
        }
    }

    /// Nothing more is waited for.
    fn over(&mut self) {
        self.dialog = None;
        self.next = Next::Nothing;
    }

    fn notified(&mut self, now: Instant, endpoint: &mut Endpoint, state: State, notify: &Request) {
        self.failures = 0;
        if !notify.body.is_empty() {
            endpoint.emit(Event::Notified {
                subscription: self.id,
                body: notify.body.clone(),
            });
        }
        match state {
            State::Active { expires } => {
                self.lives(now, expires);
                self.tell(endpoint, SubscriptionState::Active, None);
            }
            State::Pending { expires } => {
                self.lives(now, expires);
                self.tell(endpoint, SubscriptionState::Pending, None);
            }
            State::Terminated { again } => {
                self.dialog = None;
                let wait = match again {
                    Again::Never => None,
                    Again::Soon => Some(AGAIN),
                    Again::In(wait) => Some(wait),
                    Again::Later => Some(back_off(&mut self.failures, endpoint)),
                };
                self.next = wait.map_or(Next::Nothing, |wait| Next::Retry(now + wait));
                self.tell(endpoint, SubscriptionState::Failed { retry_in: wait }, None);
            }
        }
    }

    /// The notifier keeps us for so long; what a NOTIFY does not say, the 2xx said.
    fn lives(&mut self, now: Instant, expires: Option<Duration>) {
        let known = match self.next {
            Next::Refresh { ends, .. } => Some(ends.saturating_duration_since(now)),
            _ => None,
        };
        let wish = Duration::from_secs(u64::from(self.expires));
        let lasts = expires
            .or(known)
            .unwrap_or(wish)
            .max(Duration::from_secs(1));
        self.next = Next::Refresh {
            at: now + refresh_after(lasts),
            ends: now + lasts,
        };
    }

    fn accepted(&mut self, now: Instant, request: &Request, response: &Response) {
        self.failures = 0;
        let granted = response.headers.number("Expires").unwrap_or(self.expires);
        let granted = Duration::from_secs(u64::from(granted));
        match &mut self.dialog {
            Some(dialog) => {
                dialog.refresh_target(&response.headers);
                self.lives(now, Some(granted));
            }
            None if response.to.tag().is_some() => {
                self.dialog = Some(Dialog::of_caller(request, response));
                self.next = Next::FirstNotify(now + FIRST_NOTIFY);
            }
            None => self.next = Next::FirstNotify(now + FIRST_NOTIFY),
        }
    }

    fn refused(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        status: u16,
        retry_after: Option<Duration>,
    ) {
        match (status, self.next) {
            // RFC 6665 §4.1.2.2: the notifier has forgotten us.
            (481, _) if self.dialog.is_some() => self.anew(now, endpoint),
            // What was refused is the refresh: the subscription stands to its end.
            (_, Next::Refresh { ends, .. }) if ends > now && is_passing(status) => {
                let wait = retry_after.unwrap_or_else(|| back_off(&mut self.failures, endpoint));
                self.next = Next::Refresh {
                    at: (now + wait).min(ends),
                    ends,
                };
            }
            _ => self.fail(now, endpoint, Some(status), retry_after),
        }
    }

    fn fail(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        status: Option<u16>,
        retry_after: Option<Duration>,
    ) {
        self.dialog = None;
        let lasting = status.is_some_and(|status| !is_passing(status));
        let wait = match retry_after {
            Some(wait) => Some(wait),
            None if lasting => None,
            None => Some(back_off(&mut self.failures, endpoint)),
        };
        self.next = wait.map_or(Next::Nothing, |wait| Next::Retry(now + wait));
        self.tell(
            endpoint,
            SubscriptionState::Failed { retry_in: wait },
            status,
        );
    }

    /// A new subscription in place of the one that broke: another dialog, another Call-ID.
    fn anew(&mut self, now: Instant, endpoint: &mut Endpoint) {
        self.dialog = None;
        self.under_way = None;
        self.call_id = endpoint.random.call_id();
        self.local_tag = endpoint.random.tag();
        self.seq = 0;
        self.next = Next::Nothing;
        self.send(now, endpoint, self.expires);
    }

    /// Accepted after it was given up: the notifier is told so, and has one last word.
    fn leave(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        request: &Request,
        response: &Response,
    ) {
        let asked = request.headers.number("Expires").unwrap_or(0);
        if asked > 0 {
            self.dialog
                .get_or_insert_with(|| Dialog::of_caller(request, response));
            self.send(now, endpoint, 0);
        } else {
            self.next = Next::FirstNotify(now + FIRST_NOTIFY);
        }
    }

    fn send(&mut self, now: Instant, endpoint: &mut Endpoint, expires: u32) {
        let mut request = match &mut self.dialog {
            Some(dialog) => dialog.request(Method::Subscribe),
            None => match self.first_request(endpoint) {
                Some(request) => request,
                None => return,
            },
        };
        request.headers.push("Event", self.package.name.as_str());
        request.headers.push("Accept", self.package.accept.as_str());
        request.headers.push("Expires", expires.to_string());
        let outgoing = Outgoing {
            request,
            owner: Owner::Subscription(self.id),
            account: Some(self.account),
            contact: ContactForm::Dialog,
            offer: None,
        };
        self.under_way = Some(endpoint.send(now, outgoing));
    }

    fn first_request(&mut self, endpoint: &Endpoint) -> Option<Request> {
        let line = endpoint.line(self.account)?;
        let mut from = line.address();
        from.set_tag(&self.local_tag);
        let to = NameAddr::new(self.target.clone());
        self.seq += 1;
        let (uri, call_id) = (self.target.clone(), self.call_id.clone());
        let routes = line.routes();
        let mut request = new_request(Method::Subscribe, uri, from, to, call_id, self.seq);
        for route in routes {
            request.headers.push("Route", route.to_string());
        }
        Some(request)
    }

    /// Tells what has changed; a status is news each time.
    fn tell(&mut self, endpoint: &mut Endpoint, state: SubscriptionState, status: Option<u16>) {
        if self.told == Some(state) && status.is_none() {
            return;
        }
        self.told = Some(state);
        endpoint.emit(Event::Subscription {
            subscription: self.id,
            state,
            status,
        });
    }

    fn arm(&self, endpoint: &mut Endpoint) {
        let at = match self.next {
            Next::Nothing => None,
            Next::FirstNotify(at) | Next::Retry(at) => Some(at),
            Next::Refresh { ends, .. } if self.under_way.is_some() => Some(ends),
            Next::Refresh { at, .. } => Some(at),
        };
        endpoint.set_timer(Timer::Subscription(self.id), at);
    }
}

/// What a NOTIFY says of the subscription (RFC 6665 §4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active { expires: Option<Duration> },
    Pending { expires: Option<Duration> },
    Terminated { again: Again },
}

/// Whether to subscribe again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Never,
    Soon,
    In(Duration),
    Later,
}

impl State {
    /// `Subscription-State: active;expires=600`; none where it is missing or unknown.
    fn of(notify: &Request) -> Option<Self> {
        let value = notify.headers.get("Subscription-State")?;
        let (word, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        let params = Params::parse_leniently(params);
        let number = |name: &str| params.get(name).and_then(|text| text.trim().parse().ok());
        let seconds = |name: &str| number(name).map(Duration::from_secs);
        match word.trim().to_ascii_lowercase().as_str() {
            "active" => Some(Self::Active {
                expires: seconds("expires"),
            }),
            "pending" => Some(Self::Pending {
                expires: seconds("expires"),
            }),
            "terminated" => {
                let asked = seconds("retry-after").map(|wait| wait.clamp(AGAIN, RETRY_AFTER_MOST));
                let reason = params
                    .get("reason")
                    .unwrap_or_default()
                    .to_ascii_lowercase();
                let again = match (reason.as_str(), asked) {
                    ("rejected" | "noresource" | "invariant", _) => Again::Never,
                    ("deactivated" | "timeout", _) => Again::Soon,
                    (_, Some(wait)) => Again::In(wait),
                    (_, None) => Again::Later,
                };
                Some(Self::Terminated { again })
            }
            _ => None,
        }
    }
}
