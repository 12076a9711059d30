//! What the flight recorder keeps of a call, and what can be told from it.
//!
//! The phone's listener writes a [`Flight`]; the store keeps it beside the call's row. From a
//! flight and that row come the ladder, the sentence on what was wrong, and the bundle for the
//! provider.

pub mod diagnosis;
pub mod ladder;
pub mod pseudonymous;
pub mod record;
pub mod redact;
pub mod report;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod sample;
pub mod sip_text;
pub mod statistics;
pub mod status;
pub mod way;

pub use record::{Flight, Happening, Landed, Message, Note, Retention, Sample};
