//! The client's side: reading a challenge and answering it.

use std::fmt;

use super::digest::{Algorithm, Attempt, Basis, DigestParams, Qop, response};
use super::{AuthError, Credentials};
use crate::message::{quote, split_commas};

/// A challenge of a registrar or proxy: the value of WWW-Authenticate or Proxy-Authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Which password is asked for.
    pub realm: String,
    /// The server's value that goes into the digest.
    pub nonce: String,
    /// To be given back as it is.
    pub opaque: Option<String>,
    /// The digest algorithm; MD5 when the server names none.
    pub algorithm: Algorithm,
    /// What we answer with: `auth` where offered. `None` when the server offers nothing: the
    /// answer is then the one of RFC 2069.
    pub qop: Option<Qop>,
    /// Only the nonce was old: answer again with the same password, ask nobody.
    pub stale: bool,
}

impl Challenge {
    /// Reads a challenge. One that cannot be answered is an error.
    pub fn parse(text: &str) -> Result<Self, AuthError> {
        let params = DigestParams::parse(text)?;
        Ok(Self {
            realm: params.require("realm")?.to_owned(),
            nonce: params.require("nonce")?.to_owned(),
            opaque: params.get("opaque").map(str::to_owned),
            algorithm: params.algorithm()?,
            qop: params.get("qop").map(choose_qop).transpose()?,
            stale: params
                .get("stale")
                .is_some_and(|text| text.eq_ignore_ascii_case("true")),
        })
    }

    /// The challenges to answer among those of one response: for every realm the strongest
    /// algorithm we know, the topmost of equals (RFC 8760 §2.4).
    pub fn choose<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let mut chosen: Vec<Self> = Vec::new();
        for challenge in values.into_iter().filter_map(|text| Self::parse(text).ok()) {
            match chosen
                .iter_mut()
                .find(|known| known.realm == challenge.realm)
            {
                Some(known) if challenge.algorithm > known.algorithm => *known = challenge,
                Some(_) => {}
                None => chosen.push(challenge),
            }
        }
        chosen
    }

    /// The value of Authorization or Proxy-Authorization that answers the challenge.
    pub fn answer(&self, credentials: &Credentials, attempt: &Attempt<'_>) -> String {
        let Self {
            realm,
            nonce,
            algorithm,
            qop,
            ..
        } = self;
        let basis = Basis {
            realm,
            nonce,
            algorithm: *algorithm,
            qop: *qop,
        };
        let mut text = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{}\", algorithm={}",
            quote(&credentials.username),
            quote(realm),
            quote(nonce),
            quote(attempt.uri),
            response(&basis, credentials, attempt),
            algorithm.as_str(),
        );
        if let Some(qop) = qop {
            let (qop, count) = (qop.as_str(), attempt.nonce_count);
            text += &format!(
                ", qop={qop}, nc={count:08x}, cnonce={}",
                quote(attempt.cnonce)
            );
        } else if matches!(algorithm, Algorithm::Md5Sess | Algorithm::Sha256Sess) {
            // The server needs it for the session key.
            text += &format!(", cnonce={}", quote(attempt.cnonce));
        }
        if let Some(opaque) = &self.opaque {
            text += &format!(", opaque={}", quote(opaque));
        }
        text
    }
}

fn choose_qop(offered: &str) -> Result<Qop, AuthError> {
    let known: Vec<Qop> = split_commas(offered)
        .filter_map(|text| Qop::parse(text).ok())
        .collect();
    let auth = known.iter().copied().find(|qop| *qop == Qop::Auth);
    auth.or(known.first().copied()).ok_or(AuthError::Qop)
}

/// The value of WWW-Authenticate or Proxy-Authenticate.
impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Digest realm={}, nonce={}",
            quote(&self.realm),
            quote(&self.nonce)
        )?;
        write!(f, ", algorithm={}", self.algorithm.as_str())?;
        if let Some(qop) = self.qop {
            write!(f, ", qop=\"{}\"", qop.as_str())?;
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque={}", quote(opaque))?;
        }
        if self.stale {
            f.write_str(", stale=TRUE")?;
        }
        Ok(())
    }
}
