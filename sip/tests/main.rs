//! All tests of the protocol in one program: linking one for each file took longer than running them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod addresses;
mod answering;
mod auth;
mod call_flows;
mod calling;
mod changing;
mod corpora;
mod documented;
mod dtls;
mod flows;
mod framing;
mod ice;
mod identity;
mod messages;
mod mutations;
mod pairs;
mod provisional;
mod publishing;
mod redirecting;
mod referring;
mod registering;
mod repeating;
mod replacing;
mod rfc4475;
mod rfc5118;
mod sdp;
mod session_timer;
mod srtp;
mod streams;
mod subscribing;
mod support;
mod torture_reaction;
mod transaction_machines;
mod uris;
mod witness;
