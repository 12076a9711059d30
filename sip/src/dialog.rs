//! Dialogs (RFC 3261 §12): what both ends of a call remember of each other.

use crate::message::{CSeq, Headers, Host, Method, NameAddr, Request, Response, Uri, Via};

/// What names a dialog from our side.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialogId {
    /// Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// The peer's tag; empty for a peer of RFC 2543 that has none.
    pub remote_tag: String,
}

impl DialogId {
    /// The dialog a request from the peer belongs to: our tag stands in To.
    pub fn of_request(request: &Request) -> DialogId {
        DialogId {
            call_id: request.call_id.clone(),
            local_tag: request.to.tag().unwrap_or_default().to_owned(),
            remote_tag: request.from.tag().unwrap_or_default().to_owned(),
        }
    }

    /// The dialog a response to our request belongs to: our tag stands in From.
    pub fn of_response(response: &Response) -> DialogId {
        DialogId {
            call_id: response.call_id.clone(),
            local_tag: response.from.tag().unwrap_or_default().to_owned(),
            remote_tag: response.to.tag().unwrap_or_default().to_owned(),
        }
    }
}

/// A peer-to-peer relationship between us and one remote user agent.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// Its name.
    pub id: DialogId,
    local: NameAddr,
    remote: NameAddr,
    local_seq: u32,
    remote_seq: Option<u32>,
    target: Uri,
    routes: Vec<NameAddr>,
    allows_update: bool,
}

/// A message that cannot make a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialogError {
    /// RFC 3261 §12.1 asks for exactly one Contact with a SIP URI.
    #[error("the Contact header is missing or malformed")]
    Contact,
}

impl Dialog {
    /// The caller's side (RFC 3261 §12.1.2): from a response with a To tag to our INVITE. A
    /// peer that forgets its Contact is taken to be where the INVITE went.
    pub fn of_caller(invite: &Request, response: &Response) -> Dialog {
        let mut routes = response.headers.record_routes();
        routes.reverse();
        Dialog {
            id: DialogId::of_response(response),
            local: response.from.clone(),
            remote: response.to.clone(),
            local_seq: response.cseq.seq,
            remote_seq: None,
            target: contact(&response.headers).unwrap_or_else(|_| invite.uri.clone()),
            routes,
            allows_update: allows_update(&response.headers),
        }
    }

    /// The callee's side (RFC 3261 §12.1.1): from the INVITE and the tag we put into To.
    pub fn of_callee(request: &Request, local_tag: &str) -> Result<Dialog, DialogError> {
        let mut local = request.to.clone();
        local.params.set("tag", Some(local_tag));
        Ok(Dialog {
            id: DialogId {
                local_tag: local_tag.to_owned(),
                ..DialogId::of_request(request)
            },
            local,
            remote: request.from.clone(),
            local_seq: 0,
            remote_seq: Some(request.cseq.seq),
            target: contact(&request.headers)?,
            routes: request.headers.record_routes(),
            allows_update: allows_update(&request.headers),
        })
    }

    /// A new request within the dialog (RFC 3261 §12.2.1.1), without Via and Contact.
    pub fn request(&mut self, method: Method) -> Request {
        self.local_seq += 1;
        self.request_numbered(method, self.local_seq)
    }

    /// The ACK of a 2xx: it has the number of its INVITE (RFC 3261 §13.2.2.4).
    pub fn ack(&self, invite_seq: u32) -> Request {
        self.request_numbered(Method::Ack, invite_seq)
    }

    fn request_numbered(&self, method: Method, seq: u32) -> Request {
        let (uri, routes) = self.route();
        let (local, remote) = (self.local.clone(), self.remote.clone());
        let mut request = new_request(method, uri, local, remote, self.id.call_id.clone(), seq);
        for route in &routes {
            request.headers.push("Route", route.to_string());
        }
        request
    }

    /// Request-URI and Route of a request: the remote target behind a loose router, or, before
    /// a strict router, its URI with the target at the end (RFC 3261 §12.2.1.1).
    fn route(&self) -> (Uri, Vec<NameAddr>) {
        match self.routes.split_first() {
            Some((first, rest)) if !first.uri.has_param("lr") => {
                let mut routes = rest.to_vec();
                routes.push(NameAddr::new(self.target.clone()));
                (as_request_uri(first.uri.clone()), routes)
            }
            _ => (as_request_uri(self.target.clone()), self.routes.clone()),
        }
    }

    /// Takes a request's CSeq. False: it is out of order and gets 500 (RFC 3261 §12.2.2).
    pub fn accept_seq(&mut self, seq: u32) -> bool {
        if self.remote_seq.is_some_and(|last| seq <= last) {
            return false;
        }
        self.remote_seq = Some(seq);
        true
    }

    /// Another number was used up, by a request sent again with credentials.
    pub fn note_local_seq(&mut self, seq: u32) {
        self.local_seq = self.local_seq.max(seq);
    }

    /// Goes on where the early dialog of the same name stopped counting.
    pub fn succeed(&mut self, early: &Dialog) {
        self.local_seq = self.local_seq.max(early.local_seq);
        self.remote_seq = early.remote_seq;
    }

    /// A target refresh (re-INVITE, UPDATE, or a 2xx to one) moved the peer (RFC 3261 §12.2).
    pub fn refresh_target(&mut self, headers: &Headers) {
        if let Ok(target) = contact(headers) {
            self.target = target;
        }
        if headers.has("Allow") {
            self.allows_update = allows_update(headers);
        }
    }

    /// Whether the peer takes UPDATE (RFC 3311 §4).
    pub fn allows_update(&self) -> bool {
        self.allows_update
    }

    /// It has refused one.
    pub fn forbid_update(&mut self) {
        self.allows_update = false;
    }

    /// Where the peer said it can be reached.
    pub fn target(&self) -> &Uri {
        &self.target
    }

    /// The peer's From or To.
    pub fn remote(&self) -> &NameAddr {
        &self.remote
    }

    /// Our own From or To.
    pub fn local(&self) -> &NameAddr {
        &self.local
    }
}

/// A request of ours. Its Via is filled in when it is known where the request goes.
pub(crate) fn new_request(
    method: Method,
    uri: Uri,
    from: NameAddr,
    to: NameAddr,
    call_id: String,
    seq: u32,
) -> Request {
    Request {
        method: method.clone(),
        uri,
        top_via: Via::new("UDP", Host::Domain("invalid".to_owned()), None, ""),
        lower_vias: Vec::new(),
        // RFC 3261 §8.1.1.6
        max_forwards: Some(70),
        from,
        to,
        call_id,
        cseq: CSeq { seq, method },
        headers: Headers::new(),
        body: Vec::new(),
    }
}

fn allows_update(headers: &Headers) -> bool {
    headers.list_has("Allow", Method::Update.as_str())
}

fn contact(headers: &Headers) -> Result<Uri, DialogError> {
    let mut contacts = headers.contacts();
    match (contacts.pop(), contacts.is_empty()) {
        (Some(contact), true) if contact.uri.as_sip().is_some() => Ok(contact.uri),
        _ => Err(DialogError::Contact),
    }
}

/// A Request-URI carries no headers and no `method` (RFC 3261 §19.1.1, table 1).
pub(crate) fn as_request_uri(mut uri: Uri) -> Uri {
    if let Some(sip) = uri.as_sip_mut() {
        sip.headers.clear();
        sip.params.remove("method");
    }
    uri
}

/// The URI a request goes to next (RFC 3261 §8.1.2): the first Route, unless that is a strict
/// router's and therefore the Request-URI already.
pub(crate) fn next_hop(request: &Request) -> Uri {
    let first = request.headers.routes().into_iter().next();
    match first {
        Some(route) if route.uri.has_param("lr") => route.uri,
        _ => request.uri.clone(),
    }
}
