//! `ringbook ctl`: what the window can do, a script can do too.

use clap::Args;

use crate::control::{self, Request};
use crate::profile::Profile;

/// Steers the running phone; prints JSON.
#[derive(Debug, Args)]
pub struct Ctl {
    #[command(subcommand)]
    request: Request,
}

/// Asks, prints the answer.
pub fn run(ctl: &Ctl, profile: &Profile) -> anyhow::Result<()> {
    let answer = control::ask(profile, &ctl.request)?;
    super::print_line(&answer.to_string())
}
