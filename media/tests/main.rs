//! The tests without devices, sockets or files, in virtual time: one program, for linking one for each file takes longer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod calibration;
mod comfort_noise;
mod extended_reports;
mod ice;
mod internet;
mod jitter_buffer;
mod opus;
#[path = "../../tests/support/python.rs"]
mod python;
mod rooms;
mod speech;
mod srtp;
mod stream;
mod support;
mod voice;
mod voice_processing;
