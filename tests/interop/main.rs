//! The phone against the real world: Kamailio as registrar and proxy, baresip and SIPp as peers.
//!
//! Each test starts its own programs in its own folder on its own loopback ports and ends them again.
//! Nothing here sleeps for luck: every wait is for an event, with a deadline that fails loudly.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod peers;
// The benchmark uses it too, and more of it.
#[allow(dead_code, unused_imports)]
mod support;
