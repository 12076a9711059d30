#![allow(clippy::unwrap_used)]

mod reading;
mod round;
