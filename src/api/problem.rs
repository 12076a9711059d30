//! What is said when a request is not carried out (RFC 9457).

use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::phone::command::CommandError;
use crate::settings::SettingsError;
use crate::store::StoreError;

/// Why a request was not carried out, for a program and for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// The status.
    pub status: StatusCode,
    /// What is wrong and what to do.
    pub detail: String,
    /// When it may be tried again.
    pub retry_after: Option<Duration>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// A request that cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// A request that can be understood and makes no sense.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// The role of the seat does not allow it.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// What was asked for is not there.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// Something failed that is not the fault of whoever asks.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// There is too much to do at the moment.
    pub fn busy(detail: impl Into<String>) -> Self {
        Self {
            retry_after: Some(Duration::from_secs(1)),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }

    /// As it is sent.
    pub fn json(&self) -> Value {
        json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        })
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        match error {
            StoreError::Missing { .. } => Self::not_found(detail),
            StoreError::NotAllowed { .. } => Self::unprocessable(detail),
            StoreError::Refused { .. } => Self::forbidden(detail),
            error if error.may_pass() => Self::busy(detail),
            _ => Self::internal(detail),
        }
    }
}

impl From<anyhow::Error> for Problem {
    /// Where it is neither the store's nor the settings', it is what was asked.
    fn from(error: anyhow::Error) -> Self {
        if error.is::<SettingsError>() {
            return Self::internal(error.to_string());
        }
        match error.downcast::<StoreError>() {
            Ok(error) => error.into(),
            Err(other) => Self::unprocessable(undashed(format!("{other:#}"))),
        }
    }
}

/// Options of the command line as the words that they are here.
fn undashed(text: String) -> String {
    let options = ["--from", "--to", "--client", "--number", "--category"];
    options
        .iter()
        .fold(text, |text, option| text.replace(option, &option[2..]))
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        let detail = error.to_string();
        match error {
            CommandError::NoSuchCall(_) => Self::not_found(detail),
            CommandError::Ending => Self::busy(detail),
            CommandError::BadTarget(_)
            | CommandError::BadDigits(_)
            | CommandError::OneCall
            | CommandError::NoSuchAccount { .. } => Self::unprocessable(detail),
            _ => Self::new(StatusCode::CONFLICT, detail),
        }
    }
}
