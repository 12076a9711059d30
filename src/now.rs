//! The time as an argument.

use std::time::Instant;

use jiff::Timestamp;

/// One moment by both clocks: durations are taken from the monotonic one, which no clock jump
/// touches; the wall clock is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Monotonic.
    pub instant: Instant,
    /// For people.
    pub wall: Timestamp,
}
