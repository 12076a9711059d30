//! `ringbook api`: what programs need that ask the phone over HTTP.

use std::io::Write;

use clap::Subcommand;

use crate::api::{OPENAPI, token_path};
use crate::profile::Profile;

/// What programs need that ask the phone over HTTP.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ApiCommand {
    /// The file with the token, which the first start with [api] enabled = true makes
    Token,
    /// The description of the REST API (OpenAPI 3.1)
    Openapi,
}

/// Prints it.
pub fn run(command: ApiCommand, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    match command {
        ApiCommand::Token => writeln!(output, "{}", token_path(profile).display())?,
        ApiCommand::Openapi => output.write_all(OPENAPI.as_bytes())?,
    }
    Ok(())
}
