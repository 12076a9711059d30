//! One file per thing to show. The name `peers::` lets a run leave all of them out.

mod calls;
mod check;
mod crash;
mod crowds;
#[cfg(feature = "gui")]
mod desktop;
mod encryption;
mod ipv6;
mod rig;
mod scenarios;
mod servers;
mod tls;
mod torture;
