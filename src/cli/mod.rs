//! The command line: one program, its sub-commands mounted here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::profile::Profile;

/// A phone with a client book inside.
#[derive(Debug, Parser)]
#[command(name = "ringbook", version, about, max_term_width = 100)]
pub struct Cli {
    /// The directory that holds all of one user's state
    /// [default: the platform's data directory; RINGBOOK_PROFILE overrides]
    #[arg(long, value_name = "DIR", global = true)]
    pub profile: Option<PathBuf>,
    /// The phone without a window: one JSON object a line for every event, until SIGTERM
    #[arg(long)]
    pub headless: bool,
    /// Somebody to call at once: a tel: or sip: address
    #[arg(value_name = "TARGET")]
    pub target: Option<String>,
    /// What to do instead of being a phone.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {}

impl Cli {
    /// The profile asked for: `--profile`, else `RINGBOOK_PROFILE`, else the platform's.
    fn profile(&self) -> anyhow::Result<Profile> {
        let from_environment = || std::env::var_os("RINGBOOK_PROFILE").map(PathBuf::from);
        Ok(Profile::locate(
            self.profile.clone().or_else(from_environment),
        )?)
    }
}

/// Runs the program with these arguments.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and versions come this way too; they belong on standard output.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ringbook: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let profile = cli.profile()?;
    match &cli.command {
        None => phone(cli, &profile),
        Some(command) => match *command {},
    }
}

fn phone(_cli: &Cli, profile: &Profile) -> anyhow::Result<()> {
    profile.create()?;
    Ok(())
}
