//! One file per thing to show. The name `peers::` lets a run leave all of them out.

mod calls;
mod crash;
mod rig;
mod scenarios;
mod torture;
