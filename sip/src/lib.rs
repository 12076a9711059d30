//! SIP as state machines: bytes, commands and the time go in; datagrams and events come out.
//!
//! No sockets, no clock, no threads. The driver of a program owns those.

pub mod auth;
mod call;
pub mod dialog;
pub mod message;
mod publication;
mod refresh;
mod registration;
pub mod resolve;
pub mod sdp;
mod subscription;
pub mod transaction;
pub mod user_agent;
