//! The command line: one program, its sub-commands mounted here.

mod analysis;
mod api;
mod audit;
mod backup;
mod bill;
mod bill_texts;
mod check;
mod client;
mod client_fields;
mod client_files;
mod contacts;
mod ctl;
pub(crate) mod data;
mod entries;
mod headless;
mod journal;
mod links;
mod log;
mod log_groups;
mod log_import;
mod log_marks;
pub(crate) mod log_options;
mod office;
mod play;
mod recording;
mod records;
mod report;
mod source;
mod tariff;
mod tariff_texts;
mod task;
mod timeline;
mod webhook;
#[cfg(feature = "gui")]
mod window;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::control::{self, Request};
use crate::demo;
use crate::i18n::{self, Language};
use crate::phone::links::is_link;
use crate::profile::{Profile, ProfileError};
use crate::settings::Settings;

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
pub enum Command {
    /// Steers the running phone; prints JSON
    Ctl(ctl::Ctl),
    /// Tries names, servers, registrations and sound; says what is wrong and what to do
    Check(check::Check),
    /// A sample office calls you: a throw-away profile, nothing of yours is touched
    Demo(Demo),
    /// Links of other programs: tel:, sip:, sips:, callto:
    #[command(subcommand)]
    Links(links::LinksCommand),
    /// What works with or without a running phone.
    #[command(flatten)]
    Data(data::DataCommand),
}

/// `ringbook demo`
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// In the terminal; the phone answers by itself and the demo ends within a minute
    #[arg(long)]
    headless: bool,
    /// Keep running after the last caller, and keep the profile
    #[arg(long)]
    keep: bool,
}

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
    i18n::set_language(Language::of_environment());
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
    match &cli.command {
        None => phone(cli, cli.profile()?),
        Some(Command::Ctl(ctl)) => ctl::run(ctl, &cli.profile()?),
        Some(Command::Links(command)) => {
            let named = cli.profile.is_some().then(|| cli.profile()).transpose()?;
            links::run(*command, named.as_ref(), &mut std::io::stdout())
        }
        Some(Command::Check(check)) => check::run(check, &cli.profile()?),
        Some(Command::Data(command)) => data::run(command, &cli.profile()?, &mut std::io::stdout()),
        Some(Command::Demo(Demo { headless, keep })) => demo::run(demo::Demo {
            headless: *headless || cli.headless,
            keep: *keep,
        }),
    }
}

/// Runs a sub-command over the store as if it had been typed, and shows what was typed.
pub(crate) fn show(profile: &Profile, words: &[&str]) -> anyhow::Result<()> {
    let typed = || ["ringbook"].into_iter().chain(words.iter().copied());
    print_line(&format!("\n$ {}", typed().collect::<Vec<_>>().join(" ")))?;
    match Cli::try_parse_from(typed())?.command {
        Some(Command::Data(command)) => data::run(&command, profile, &mut std::io::stdout()),
        _ => Ok(()),
    }
}

/// Is a phone: with a window, or without.
fn phone(cli: &Cli, profile: Profile) -> anyhow::Result<()> {
    profile.create()?;
    let target = cli.target.as_deref();
    let _lock = match (profile.lock(), target) {
        (Err(ProfileError::InUse { .. }), Some(target)) => return hand_over(&profile, target),
        (lock, _) => lock?,
    };
    journal::begin(&profile);
    let settings = Settings::load(&profile.settings())?;
    if let Some(language) = settings.window.language {
        i18n::set_language(language);
    }
    if cli.headless {
        return headless::run(profile, settings, target);
    }
    window(profile, settings, target)
}

/// Another phone has the profile: it does what was asked of this one.
fn hand_over(profile: &Profile, target: &str) -> anyhow::Result<()> {
    let target = target.to_owned();
    let request = match is_link(&target) {
        true => Request::Link { uri: target },
        false => Request::Dial {
            target,
            account: None,
            anonymous: false,
        },
    };
    let answer = control::ask(profile, &request)?;
    print_line(&answer.to_string())
}

#[cfg(not(feature = "gui"))]
pub(crate) fn window(
    _profile: Profile,
    _settings: Settings,
    _target: Option<&str>,
) -> anyhow::Result<()> {
    anyhow::bail!("this Ringbook was built without its window; start it with --headless")
}

#[cfg(feature = "gui")]
pub(crate) use self::window::run as window;

/// Prints a line; a reader that went away is no failure of ours.
pub(crate) fn print_line(line: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
