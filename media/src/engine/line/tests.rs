//! Calls in virtual time, with a network, two sound cards whose clocks are off, and a recording.
#![allow(clippy::unwrap_used)]

mod hour;
mod world;
