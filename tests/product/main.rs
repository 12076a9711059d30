//! The program as one machine, in virtual time: the real phone and a real store in memory, a peer's
//! user agent over a simulated network, sound that is only played.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod call_log;
mod callers;
mod card;
mod conference;
mod costs;
mod encryption;
mod flight;
mod handing_over;
mod headset;
mod in_call;
mod incoming;
mod lamps;
mod lines;
mod marks;
mod modules;
mod nat;
mod naughty;
mod office;
mod outgoing;
mod publishing;
mod reception;
mod reports;
mod ringing;
mod scenarios;
mod sound_test;
mod sources;
mod tasks;
