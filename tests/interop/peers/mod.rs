//! One file per thing to show. The name `peers::` lets a run leave all of them out.

mod calls;
mod changes;
mod check;
mod conference;
mod crash;
mod crowds;
#[cfg(feature = "gui")]
mod desktop;
mod encryption;
mod foreign;
mod ipv6;
mod led;
mod nat;
#[cfg(feature = "gui")]
mod office;
mod presence;
mod provisional;
mod redirects;
mod restarts;
mod rig;
mod scenarios;
#[cfg(feature = "gui")]
mod screen_reader;
#[cfg(feature = "gui")]
mod seat;
mod servers;
mod sessions;
mod smuggling;
mod steps;
mod tls;
mod torture;
mod transfers;
