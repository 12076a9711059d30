//! What lives at a server for a while (registrations, subscriptions, publications): when it is
//! refreshed, and when what has failed is tried again.

use std::time::Duration;

use crate::message::Response;
use crate::user_agent::Endpoint;

/// The first wait after a failure, and the longest.
const RETRY_BASE: Duration = Duration::from_secs(30);
const RETRY_MOST: Duration = Duration::from_secs(1800);
/// A Retry-After beyond this is cut.
pub(crate) const RETRY_AFTER_MOST: Duration = Duration::from_secs(3600);

/// A tenth of the time is left for a server that is slow, half of it when it is short.
pub(crate) fn refresh_after(granted: Duration) -> Duration {
    match granted.as_secs() {
        60.. => granted - (granted / 10).max(Duration::from_secs(10)),
        _ => granted / 2,
    }
}

/// How long to wait after one more failure in a row.
pub(crate) fn back_off(failures: &mut u32, endpoint: &mut Endpoint) -> Duration {
    let most = (RETRY_BASE * 2u32.pow((*failures).min(6))).min(RETRY_MOST);
    *failures += 1;
    endpoint.random.between(most / 2, most)
}

/// Whether the same request may be taken later.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 480 | 486 | 491 | 500 | 502..=504 | 600)
}

/// When the server wants to be asked again, if it says so.
pub(crate) fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers.number("Retry-After")?;
    Some(Duration::from_secs(u64::from(seconds)).min(RETRY_AFTER_MOST))
}

/// Takes the shortest time that a server bears, where it is longer than ours (423, RFC 3261 §10.3).
/// Whether it was: otherwise asking again would change nothing.
pub(crate) fn raise_expires(expires: &mut u32, response: &Response) -> bool {
    match response.headers.number("Min-Expires") {
        Some(least) if least > *expires => {
            *expires = least;
            true
        }
        _ => false,
    }
}
