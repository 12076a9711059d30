//! The server's side: giving out nonces and checking answers.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::digest::{Algorithm, Attempt, Basis, DigestParams, Qop, response};
use super::{AuthError, Challenge, Credentials};
use crate::message::Method;

/// How many nonces are remembered; the oldest are forgotten first.
const NONCES: usize = 1024;
/// How long a nonce serves.
const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// Challenges requests and checks the answers, for a registrar.
#[derive(Debug)]
pub struct Verifier {
    realm: String,
    algorithm: Algorithm,
    nonces: VecDeque<Nonce>,
}

#[derive(Debug)]
struct Nonce {
    value: String,
    issued: Instant,
    /// The highest count it was used with.
    count: u32,
}

/// What an answer to a challenge is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The user knows the password.
    Accepted {
        /// Who it is.
        username: String,
    },
    /// The password is right, but the nonce is old or its count was used: challenge again with
    /// `stale`.
    Stale,
    /// Wrong or unreadable.
    Refused,
}

impl Verifier {
    /// A verifier for one realm.
    pub fn new(realm: &str, algorithm: Algorithm) -> Self {
        Self {
            realm: realm.to_owned(),
            algorithm,
            nonces: VecDeque::new(),
        }
    }

    /// A new challenge. `nonce` must be random and never used before.
    pub fn challenge(&mut self, now: Instant, nonce: &str, stale: bool) -> Challenge {
        if self.nonces.len() == NONCES {
            self.nonces.pop_front();
        }
        self.nonces.push_back(Nonce {
            value: nonce.to_owned(),
            issued: now,
            count: 0,
        });
        Challenge {
            realm: self.realm.clone(),
            nonce: nonce.to_owned(),
            opaque: None,
            algorithm: self.algorithm,
            qop: Some(Qop::Auth),
            stale,
        }
    }

    /// Checks the value of an Authorization header field. `password` gives a user's password.
    pub fn verify(
        &mut self,
        now: Instant,
        authorization: &str,
        method: &Method,
        body: &[u8],
        password: impl FnOnce(&str) -> Option<String>,
    ) -> Verdict {
        match self.check(authorization, method, body, password) {
            Ok(Some((username, nonce, count))) if self.use_nonce(now, &nonce, count) => {
                Verdict::Accepted { username }
            }
            Ok(Some(_)) => Verdict::Stale,
            Ok(None) | Err(_) => Verdict::Refused,
        }
    }

    /// User, nonce and count of an answer that shows knowledge of the password.
    fn check(
        &self,
        authorization: &str,
        method: &Method,
        body: &[u8],
        password: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Option<(String, String, u32)>, AuthError> {
        let params = DigestParams::parse(authorization)?;
        let username = params.require("username")?.to_owned();
        let nonce = params.require("nonce")?;
        if params.require("realm")? != self.realm || params.algorithm()? != self.algorithm {
            return Ok(None);
        }
        let count = u32::from_str_radix(params.require("nc")?, 16);
        let nonce_count = count.map_err(|_| AuthError::Malformed)?;
        let attempt = Attempt {
            method,
            uri: params.require("uri")?,
            body,
            nonce_count,
            cnonce: params.require("cnonce")?,
        };
        let basis = Basis {
            realm: &self.realm,
            nonce,
            algorithm: self.algorithm,
            qop: Some(Qop::parse(params.require("qop")?)?),
        };
        let Some(password) = password(&username) else {
            return Ok(None);
        };
        let credentials = Credentials { username, password };
        let is_right = response(&basis, &credentials, &attempt) == params.require("response")?;
        Ok(is_right.then(|| (credentials.username, nonce.to_owned(), nonce_count)))
    }

    /// Whether the nonce is ours and fresh, and the count higher than any before (RFC 7616 §3.3).
    fn use_nonce(&mut self, now: Instant, value: &str, count: u32) -> bool {
        let Some(nonce) = self.nonces.iter_mut().find(|nonce| nonce.value == value) else {
            return false;
        };
        let is_fresh = now.saturating_duration_since(nonce.issued) < NONCE_LIFETIME;
        if !is_fresh || count <= nonce.count {
            return false;
        }
        nonce.count = count;
        true
    }
}
