//! The digest itself, and the parameters it travels in.

use std::borrow::Cow;

use md5::Md5;
use sha2::{Digest, Sha256};

use super::{AuthError, Credentials};
use crate::message::{Method, split_commas, unquote};

/// Digest algorithms, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// RFC 2617.
    Md5,
    /// RFC 2617; the key is bound to nonce and cnonce.
    Md5Sess,
    /// RFC 8760.
    Sha256,
    /// RFC 7616; the key is bound to nonce and cnonce.
    Sha256Sess,
}

/// Quality of protection: what the digest covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qop {
    /// Method and URI.
    Auth,
    /// The body too.
    AuthInt,
}

/// One use of a challenge: the request it is for, and the client's part of the freshness.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The Request-URI as it goes onto the wire.
    pub uri: &'a str,
    /// The request's body.
    pub body: &'a [u8],
    /// How often this nonce has been used, this time included: 1, 2, …
    pub nonce_count: u32,
    /// The client's nonce: random, of token characters.
    pub cnonce: &'a str,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Md5, Self::Md5Sess, Self::Sha256, Self::Sha256Sess];

    pub(super) fn parse(text: &str) -> Result<Self, AuthError> {
        let known = Self::ALL
            .into_iter()
            .find(|one| one.as_str().eq_ignore_ascii_case(text));
        known.ok_or(AuthError::Algorithm)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
        }
    }

    fn is_session(self) -> bool {
        matches!(self, Self::Md5Sess | Self::Sha256Sess)
    }

    /// The hash of the parts joined by colons, in lower-case hexadecimal digits.
    fn hash(self, parts: &[&[u8]]) -> String {
        let joined = parts.join(&b':');
        match self {
            Self::Md5 | Self::Md5Sess => hex(&Md5::digest(joined)),
            Self::Sha256 | Self::Sha256Sess => hex(&Sha256::digest(joined)),
        }
    }
}

impl Qop {
    pub(super) fn parse(text: &str) -> Result<Self, AuthError> {
        match text {
            text if text.eq_ignore_ascii_case("auth") => Ok(Self::Auth),
            text if text.eq_ignore_ascii_case("auth-int") => Ok(Self::AuthInt),
            _ => Err(AuthError::Qop),
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }
}

/// What the server contributes to the digest.
pub(super) struct Basis<'a> {
    pub(super) realm: &'a str,
    pub(super) nonce: &'a str,
    pub(super) algorithm: Algorithm,
    pub(super) qop: Option<Qop>,
}

/// The `response` parameter (RFC 7616 §3.4.1; without qop RFC 2617 §3.2.2.1).
pub(super) fn response(
    basis: &Basis<'_>,
    credentials: &Credentials,
    attempt: &Attempt<'_>,
) -> String {
    let hash = |parts: &[&[u8]]| basis.algorithm.hash(parts);
    let nonce = basis.nonce.as_bytes();
    let cnonce = attempt.cnonce.as_bytes();
    let (username, password) = (&credentials.username, &credentials.password);
    let mut a1 = hash(&[
        username.as_bytes(),
        basis.realm.as_bytes(),
        password.as_bytes(),
    ]);
    if basis.algorithm.is_session() {
        a1 = hash(&[a1.as_bytes(), nonce, cnonce]);
    }
    let (method, uri) = (attempt.method.as_str().as_bytes(), attempt.uri.as_bytes());
    let a2 = match basis.qop {
        Some(Qop::AuthInt) => hash(&[method, uri, hash(&[attempt.body]).as_bytes()]),
        _ => hash(&[method, uri]),
    };
    let (a1, a2) = (a1.as_bytes(), a2.as_bytes());
    match basis.qop {
        None => hash(&[a1, nonce, a2]),
        Some(qop) => {
            let count = format!("{:08x}", attempt.nonce_count);
            hash(&[
                a1,
                nonce,
                count.as_bytes(),
                cnonce,
                qop.as_str().as_bytes(),
                a2,
            ])
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// The parameters behind `Digest`, quotes resolved.
pub(super) struct DigestParams<'a>(Vec<(&'a str, Cow<'a, str>)>);

impl<'a> DigestParams<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, AuthError> {
        let (scheme, rest) = text
            .trim()
            .split_once([' ', '\t'])
            .ok_or(AuthError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Err(AuthError::Scheme);
        }
        let mut params: Vec<(&str, Cow<'_, str>)> = Vec::new();
        for param in split_commas(rest).filter(|param| !param.is_empty()) {
            let (name, value) = param.split_once('=').ok_or(AuthError::Malformed)?;
            let (name, value) = (name.trim_end(), value.trim_start());
            let is_torn = value.starts_with('"') && (value.len() < 2 || !value.ends_with('"'));
            let is_repeated = params
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name));
            if is_torn || is_repeated || params.len() == 32 {
                return Err(AuthError::Malformed);
            }
            params.push((name, unquote(value)));
        }
        Ok(Self(params))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_ref())
    }

    pub(super) fn require(&self, name: &'static str) -> Result<&str, AuthError> {
        self.get(name).ok_or(AuthError::Missing(name))
    }

    /// The algorithm; MD5 when none is named (RFC 3261 §22.4).
    pub(super) fn algorithm(&self) -> Result<Algorithm, AuthError> {
        self.get("algorithm")
            .map_or(Ok(Algorithm::Md5), Algorithm::parse)
    }
}
