//! The phone: lines, calls, and one listener per feature. Pure: no I/O, no clock.

pub mod command;
pub mod target;
pub mod view;
