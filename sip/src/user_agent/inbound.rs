//! Requests from the network: which call they are for, or how the user agent answers them
//! itself (RFC 3261 §8.2).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::endpoint::{ALLOW, Endpoint, SUPPORTED};
use super::network::Flow;
use super::servers::{Received, ServerId};
use super::{AccountId, CallHandle, Event, IdentityHeader, UserAgent};
use crate::call::{Call, Origin, Replaces, asks_for_answer, caller, is_too_short};
use crate::dialog::DialogId;
use crate::message::{Headers, Message, Method, ParseError, Request, Uri};
use crate::sdp::{
    self, Beside, Codec, CryptoKey, CryptoSuite, Direction, Dtls, LocalMedia, SdpError, SrtpPolicy,
};

/// What bodies we read.
const ACCEPT: &str = "application/sdp";

impl UserAgent {
    /// Takes what arrived over a flow.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        flow: Flow,
        message: Result<Message, ParseError>,
    ) {
        match message {
            Ok(Message::Response(response)) => self.endpoint.receive_response(now, response),
            Ok(Message::Request(request)) => self.receive_request(now, flow, request),
            Err(error) => {
                if let (Some(status), Some(request)) = (error.status(), error.respond_to()) {
                    let reason = error.fault().to_string();
                    self.endpoint
                        .refuse_unreadable(now, &flow, request, (status, &reason));
                }
            }
        }
    }

    fn receive_request(&mut self, now: Instant, flow: Flow, request: Request) {
        match self.endpoint.receive_request(now, flow, request) {
            Received::Handled => {}
            Received::Ack(ack) => self.receive_ack(now, &ack),
            Received::New(id, request) if request.method == Method::Cancel => {
                self.receive_cancel(now, id, &request);
            }
            Received::New(id, request) if request.to.tag().is_some() => {
                self.receive_in_dialog(now, id, &request);
            }
            Received::New(id, request) => self.receive_outside(now, flow, id, &request),
        }
    }

    fn receive_ack(&mut self, now: Instant, ack: &Request) {
        let dialog = DialogId::of_request(ack);
        if let Some(&handle) = self.endpoint.dialogs.get(&dialog) {
            self.with_call(handle, |call, endpoint| call.handle_ack(now, endpoint, ack));
        }
    }

    /// RFC 3261 §9.2
    fn receive_cancel(&mut self, now: Instant, id: ServerId, cancel: &Request) {
        let Some(invite) = self.endpoint.cancelled_invite(cancel) else {
            return self.endpoint.reply(now, id, 481);
        };
        let tag = self.endpoint.to_tag(invite);
        if let Some(mut response) = self.endpoint.response(id, 200) {
            response.to.set_tag(&tag);
            self.endpoint.respond(now, id, response);
        }
        let dialog = DialogId {
            local_tag: tag,
            ..DialogId::of_request(cancel)
        };
        if let Some(&handle) = self.endpoint.dialogs.get(&dialog) {
            self.with_call(handle, |call, endpoint| {
                call.handle_cancel(now, endpoint, invite, cancel);
            });
        }
    }

    /// RFC 3261 §12.2.2. Who does not know both tags is not in the dialog.
    fn receive_in_dialog(&mut self, now: Instant, id: ServerId, request: &Arc<Request>) {
        let dialog = DialogId::of_request(request);
        let Some(&handle) = self.endpoint.dialogs.get(&dialog) else {
            return self.receive_for_subscription(now, id, request);
        };
        if self.endpoint.refuse_extensions(now, id, request) {
            return;
        }
        let carries_offer = matches!(
            request.method,
            Method::Invite | Method::Update | Method::Prack
        );
        if carries_offer && self.endpoint.refuse_content(now, id, request) {
            return;
        }
        self.with_call(handle, |call, endpoint| {
            call.handle_request(now, endpoint, id, request)
        });
    }

    /// A request outside any dialog, checked in the order of RFC 3261 §8.2.
    fn receive_outside(&mut self, now: Instant, flow: Flow, id: ServerId, request: &Arc<Request>) {
        let endpoint = &mut self.endpoint;
        match request.method {
            Method::Invite | Method::Options => {}
            Method::Refer => return endpoint.reply(now, id, 603),
            Method::Bye | Method::Info | Method::Prack | Method::Update | Method::Notify => {
                return endpoint.reply(now, id, 481);
            }
            Method::Other(_) => return endpoint.reply_with(now, id, 501, &[("Allow", ALLOW)]),
            _ => return endpoint.reply_with(now, id, 405, &[("Allow", ALLOW)]),
        }
        if matches!(request.uri, Uri::Other { .. }) {
            return endpoint.reply(now, id, 416);
        }
        let account = endpoint.account_called(flow, &request.uri);
        let is_invite = request.method == Method::Invite;
        // RFC 3891 §3: no other request replaces anything.
        if !is_invite && request.headers.has("Replaces") {
            return endpoint.reply(now, id, 400);
        }
        if is_invite && account.is_none() && !endpoint.lines.is_empty() {
            return endpoint.reply(now, id, 404);
        }
        if endpoint.refuse_extensions(now, id, request) {
            return;
        }
        if !is_invite {
            return endpoint.answer_options(now, id);
        }
        if endpoint.refuse_content(now, id, request) {
            return;
        }
        self.receive_call(now, flow, id, request, account);
    }

    fn receive_call(
        &mut self,
        now: Instant,
        flow: Flow,
        id: ServerId,
        request: &Arc<Request>,
        account: Option<AccountId>,
    ) {
        if self.calls.len() >= self.endpoint.config.max_calls {
            return self.endpoint.reply(now, id, 486);
        }
        if is_too_short(&request.headers) {
            return self.endpoint.refuse_short_session(now, id);
        }
        let offer = (!request.body.is_empty()).then_some(&request.body[..]);
        let takes = |srtp| offer.map_or(Ok(()), |offer| probe(flow.local.ip(), offer, srtp));
        let plain = takes(SrtpPolicy::Off);
        if plain == Err(SdpError::Malformed) {
            return self.endpoint.reply(now, id, 400);
        }
        let replaces = match self.replaced_by(&flow, request) {
            Ok(replaces) => replaces,
            Err(status) => return self.endpoint.reply(now, id, status),
        };
        let handle = self.new_call();
        let trusted = account.is_some_and(|account| self.endpoint.is_home(account, &flow));
        let line = account.and_then(|account| self.endpoint.line(account));
        let order = line.map_or(IdentityHeader::ALL.to_vec(), |line| {
            line.config.caller_id.clone()
        });
        let origin = Origin {
            home: trusted,
            remote: Some(flow.remote),
        };
        let invite = (id, request);
        match Call::incoming(now, &mut self.endpoint, handle, account, origin, invite) {
            Err(_) => self.endpoint.reply(now, id, 400),
            Ok(mut call) => {
                call.replaces = replaces;
                self.calls.insert(handle, call);
                self.endpoint.emit(Event::Incoming {
                    call: handle,
                    account,
                    caller: caller(request, trusted, &order),
                    called: request.uri.clone(),
                    has_offer: offer.is_some(),
                    plain_ok: plain.is_ok(),
                    encrypted_ok: takes(SrtpPolicy::Mandatory).is_ok(),
                    ice_ok: offer.is_none_or(sdp::is_ice_offered),
                    replaces,
                    trusted,
                    answer_asked: asks_for_answer(&request.headers),
                });
            }
        }
    }

    /// The call that an INVITE is to take the place of, or the status to refuse it with
    /// (RFC 3891 §3). Who takes over a call has to come the way its other party came, or by the
    /// proxy of its account: knowing the tags is not enough.
    fn replaced_by(&self, flow: &Flow, request: &Request) -> Result<Option<CallHandle>, u16> {
        let Some(replaces) = Replaces::of(&request.headers).map_err(|()| 400u16)? else {
            return Ok(None);
        };
        let handle = self.endpoint.dialogs.get(&replaces.dialog());
        let call = handle
            .and_then(|handle| self.calls.get(handle))
            .ok_or(481u16)?;
        let is_home = |account| self.endpoint.is_home(account, flow);
        if !call.account.is_some_and(is_home) && call.origin.remote != Some(flow.remote) {
            return Err(403);
        }
        call.may_be_replaced(&replaces).map(|()| Some(call.handle))
    }

    fn new_call(&mut self) -> CallHandle {
        self.last_call += 1;
        CallHandle(self.last_call)
    }
}

impl Endpoint {
    /// The account an INVITE is for: one whose own proxy sent it, rather than another of the
    /// same user name.
    fn account_called(&self, flow: Flow, uri: &Uri) -> Option<AccountId> {
        let called = self.lines.iter().filter(|(_, line)| line.is_called_by(uri));
        let called: Vec<AccountId> = called.map(|(account, _)| *account).collect();
        let home = called
            .iter()
            .copied()
            .find(|account| self.is_home(*account, &flow));
        home.or(called.first().copied())
    }

    /// RFC 3261 §8.2.2.3: an extension that the request insists on and that we do not speak.
    pub(super) fn refuse_extensions(
        &mut self,
        now: Instant,
        id: ServerId,
        request: &Request,
    ) -> bool {
        let known = |tag: &str| {
            SUPPORTED
                .split(", ")
                .any(|ours| ours.eq_ignore_ascii_case(tag))
        };
        let required = request.headers.list("Require");
        let unknown: Vec<&str> = required.filter(|tag| !known(tag)).collect();
        if unknown.is_empty() {
            return false;
        }
        self.reply_with(now, id, 420, &[("Unsupported", &unknown.join(", "))]);
        true
    }

    /// RFC 3261 §8.2.3: a body we cannot read, or no way to answer with one the caller can.
    fn refuse_content(&mut self, now: Instant, id: ServerId, request: &Request) -> bool {
        let headers = &request.headers;
        if !request.body.is_empty() && !is_readable(headers) {
            let accept = [("Accept", ACCEPT), ("Accept-Encoding", "identity")];
            self.reply_with(now, id, 415, &accept);
            return true;
        }
        if headers.has("Accept") && !accepts_sdp(headers) {
            self.reply(now, id, 406);
            return true;
        }
        false
    }

    /// RFC 3261 §11.2
    fn answer_options(&mut self, now: Instant, id: ServerId) {
        let headers = [
            ("Allow", ALLOW),
            ("Supported", SUPPORTED),
            ("Accept", ACCEPT),
            ("Accept-Encoding", "identity"),
        ];
        self.reply_with(now, id, 200, &headers);
    }

    /// What every dialog answers alike.
    pub(crate) fn answer_in_dialog(&mut self, now: Instant, id: ServerId, request: &Request) {
        match request.method {
            Method::Options => self.answer_options(now, id),
            // Nobody makes us call by a REFER.
            Method::Refer => self.reply(now, id, 603),
            Method::Info | Method::Notify | Method::Prack => self.reply(now, id, 481),
            Method::Other(_) => self.reply_with(now, id, 501, &[("Allow", ALLOW)]),
            _ => self.reply_with(now, id, 405, &[("Allow", ALLOW)]),
        }
    }
}

fn is_readable(headers: &Headers) -> bool {
    let is_sdp = headers
        .media_type()
        .is_some_and(|kind| kind.eq_ignore_ascii_case(ACCEPT));
    let is_plain = headers
        .list("Content-Encoding")
        .all(|name| name.eq_ignore_ascii_case("identity"));
    is_sdp && is_plain
}

fn accepts_sdp(headers: &Headers) -> bool {
    headers.list("Accept").any(|range| {
        let range = range.split(';').next().unwrap_or_default().trim();
        ["application/sdp", "application/*", "*/*"]
            .iter()
            .any(|known| range.eq_ignore_ascii_case(known))
    })
}

/// Whether an offer could be answered with any codec at all, plain or encrypted, from the address
/// it came to.
fn probe(address: IpAddr, offer: &[u8], srtp: SrtpPolicy) -> Result<(), SdpError> {
    let key = |suite: CryptoSuite| CryptoKey {
        suite,
        octets: vec![0; suite.key_len()],
    };
    let media = LocalMedia {
        address,
        rtp_port: 9,
        rtcp_port: None,
        codecs: vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu],
        opus_dtx: false,
        direction: Direction::SendRecv,
        srtp,
        // Whatever ours is: only whether there is one counts here.
        dtls: Some(Dtls {
            fingerprint: [0; 32],
            active: None,
            keys_in_clear: false,
        }),
        keys: CryptoSuite::ALL.map(key).into(),
        ice: None,
        session_id: 0,
        version: 0,
        beside: Beside::default(),
    };
    sdp::answer(&media, offer).map(|_| ())
}
