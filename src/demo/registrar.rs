//! The registrar of the sample office: REGISTER with digest, one contact a user (RFC 3261 §10.3).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use ringbook_sip::auth::{Algorithm, Verdict, Verifier};
use ringbook_sip::message::{NameAddr, Request, Response, Uri};

/// The longest registration that is granted, in seconds.
const EXPIRES_S: u32 = 120;

/// Where a registered user can be called.
#[derive(Debug, Clone)]
pub(super) struct Location {
    /// The Contact of the REGISTER.
    pub(super) contact: Uri,
}

/// Knows who is where. Users and their passwords are given; there are no others.
pub(super) struct Registrar {
    verifier: Verifier,
    passwords: HashMap<String, String>,
    locations: HashMap<String, Location>,
    rng: ChaCha8Rng,
}

impl Registrar {
    /// A registrar for `realm`. `seed` feeds nonces and tags.
    pub(super) fn new(
        realm: &str,
        passwords: impl IntoIterator<Item = (String, String)>,
        seed: [u8; 32],
    ) -> Self {
        Self {
            verifier: Verifier::new(realm, Algorithm::Sha256),
            passwords: passwords.into_iter().collect(),
            locations: HashMap::new(),
            rng: ChaCha8Rng::from_seed(seed),
        }
    }

    /// Where `user` is registered.
    pub(super) fn find(&self, user: &str) -> Option<&Location> {
        self.locations.get(user)
    }

    /// The response to a REGISTER that came from `source`.
    pub(super) fn handle_register(
        &mut self,
        now: Instant,
        request: &Request,
        source: SocketAddr,
    ) -> Response {
        let mut response = match self.authenticate(now, request) {
            Ok(user) => self.bind(&user, request),
            Err(stale) => self.challenge(now, request, stale),
        };
        let tag = format!("{:016x}", self.rng.next_u64());
        response.to.params.set("tag", Some(&tag));
        // RFC 3581 §4: the response goes back to where the request came from.
        let via = &mut response.top_via;
        via.params.set("received", Some(&source.ip().to_string()));
        via.params.set("rport", Some(&source.port().to_string()));
        response
    }

    /// The user who proves the password, or whether the nonce was merely stale.
    fn authenticate(&mut self, now: Instant, request: &Request) -> Result<String, bool> {
        let answer = request.headers.get("Authorization").ok_or(false)?;
        let passwords = &self.passwords;
        let verdict =
            self.verifier
                .verify(now, answer, &request.method, &request.body, |user: &str| {
                    passwords.get(user).cloned()
                });
        match verdict {
            Verdict::Accepted { username } => Ok(username),
            Verdict::Stale => Err(true),
            Verdict::Refused => Err(false),
        }
    }

    fn challenge(&mut self, now: Instant, request: &Request, stale: bool) -> Response {
        let nonce = format!("{:016x}{:016x}", self.rng.next_u64(), self.rng.next_u64());
        let challenge = self.verifier.challenge(now, &nonce, stale);
        let mut response = Response::new(request, 401);
        response
            .headers
            .push("WWW-Authenticate", challenge.to_string());
        response
    }

    fn bind(&mut self, user: &str, request: &Request) -> Response {
        if request.to.uri.user().as_deref() != Some(user) {
            return Response::new(request, 403);
        }
        let mut response = Response::new(request, 200);
        match request.headers.contacts().into_iter().next() {
            Some(contact) => {
                let expires = wished_expiry(&contact, request).min(EXPIRES_S);
                if expires == 0 {
                    self.locations.remove(user);
                    return response;
                }
                let location = Location {
                    contact: contact.uri.clone(),
                };
                self.locations.insert(user.to_owned(), location);
                let mut granted = NameAddr::new(contact.uri);
                granted.params.set("expires", Some(&expires.to_string()));
                response.headers.push("Contact", granted.to_string());
            }
            // `Contact: *` with Expires 0 removes every binding (RFC 3261 §10.2.2).
            None if request.headers.has_wildcard_contact() => {
                self.locations.remove(user);
            }
            None => {}
        }
        response
    }
}

/// RFC 3261 §10.2.1.1: the contact's own `expires` before the header field.
fn wished_expiry(contact: &NameAddr, request: &Request) -> u32 {
    contact
        .params
        .get("expires")
        .and_then(|text| text.parse().ok())
        .or_else(|| request.headers.number("Expires"))
        .unwrap_or(EXPIRES_S)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use ringbook_sip::auth::{Attempt, Challenge, Credentials};
    use ringbook_sip::message::{Message, Method, parse_datagram};

    fn register(contact: &str, expires: u32, authorization: Option<&str>) -> Request {
        let authorization = authorization
            .map(|value| format!("Authorization: {value}\r\n"))
            .unwrap_or_default();
        let text = format!(
            "REGISTER sip:127.0.0.1:5070 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKone;rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:101@127.0.0.1>;tag=a\r\nTo: <sip:101@127.0.0.1>\r\n\
             Call-ID: c\r\nCSeq: 1 REGISTER\r\nContact: {contact}\r\nExpires: {expires}\r\n\
             {authorization}Content-Length: 0\r\n\r\n"
        );
        match parse_datagram(text.as_bytes()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => unreachable!(),
        }
    }

    fn registrar() -> Registrar {
        Registrar::new("office", [("101".to_owned(), "secret".to_owned())], [7; 32])
    }

    fn answer(challenged: &Response, password: &str) -> String {
        let challenge =
            Challenge::parse(challenged.headers.get("WWW-Authenticate").unwrap()).unwrap();
        let credentials = Credentials {
            username: "101".to_owned(),
            password: password.to_owned(),
        };
        challenge.answer(
            &credentials,
            &Attempt {
                method: &Method::Register,
                uri: "sip:127.0.0.1:5070",
                body: b"",
                nonce_count: 1,
                cnonce: "xyz",
            },
        )
    }

    const SOURCE: ([u8; 4], u16) = ([127, 0, 0, 1], 5062);

    #[test]
    fn a_user_with_the_password_is_found_at_the_contact_and_gone_after_unregistering() {
        let mut registrar = registrar();
        let now = Instant::now();
        let contact = "<sip:101@127.0.0.1:5062>";
        let challenged =
            registrar.handle_register(now, &register(contact, 60, None), SOURCE.into());
        assert_eq!(challenged.status, 401);
        assert_eq!(challenged.top_via.rport(), Some(5062));
        assert!(registrar.find("101").is_none());

        let right = answer(&challenged, "secret");
        let granted =
            registrar.handle_register(now, &register(contact, 60, Some(&right)), SOURCE.into());
        assert_eq!(granted.status, 200);
        assert_eq!(
            registrar.find("101").unwrap().contact.to_string(),
            "sip:101@127.0.0.1:5062"
        );

        let challenged = registrar.handle_register(now, &register(contact, 0, None), SOURCE.into());
        let right = answer(&challenged, "secret");
        registrar.handle_register(now, &register(contact, 0, Some(&right)), SOURCE.into());
        assert!(registrar.find("101").is_none());
    }

    #[test]
    fn a_wrong_password_is_challenged_again() {
        let mut registrar = registrar();
        let now = Instant::now();
        let contact = "<sip:101@127.0.0.1:5062>";
        let challenged =
            registrar.handle_register(now, &register(contact, 60, None), SOURCE.into());
        let wrong = answer(&challenged, "guess");
        let again =
            registrar.handle_register(now, &register(contact, 60, Some(&wrong)), SOURCE.into());
        assert_eq!(again.status, 401);
        assert!(registrar.find("101").is_none());
    }
}
