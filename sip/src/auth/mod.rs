//! Digest authentication: RFC 2617, RFC 7616, RFC 8760.

mod challenge;
mod digest;
mod verifier;

use std::fmt;

pub use challenge::Challenge;
pub use digest::{Algorithm, Attempt, Qop};
pub use verifier::{Verdict, Verifier};

/// A user name and its password. Its Debug shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            username,
            password: _,
        } = self;
        f.debug_struct("Credentials")
            .field("username", username)
            .finish_non_exhaustive()
    }
}

/// Why a challenge or an answer cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A scheme other than Digest.
    #[error("the authentication scheme is not Digest")]
    Scheme,
    /// A parameter that cannot be read, or stands twice.
    #[error("an authentication parameter is malformed")]
    Malformed,
    /// A parameter that has to be there is not.
    #[error("the authentication parameter {0} is missing")]
    Missing(&'static str),
    /// An algorithm we do not know.
    #[error("the digest algorithm is not supported")]
    Algorithm,
    /// No quality of protection that we know.
    #[error("the quality of protection is not supported")]
    Qop,
}
