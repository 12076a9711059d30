//! `ringbook check`: name, server, registration and sound, each step in plain words.

use clap::Args;

use super::print_line;
use crate::check::{
    Outcome, Progress, Report, check_caller_id, check_echo, check_headsets, check_line,
    check_ports, check_sound,
};
use crate::profile::Profile;
use crate::settings::{Account, Settings};
use crate::{tr, trn};

/// Whether names, servers, registrations and sound work; exit code 1 where one does not
#[derive(Debug, Args)]
pub struct Check {
    /// Only this line, by its address; default: all
    #[arg(value_name = "AOR")]
    aor: Option<String>,
    /// The sound alone; plays a short test signal and says what the microphone hears of it
    #[arg(long, conflicts_with = "aor")]
    audio: bool,
}

/// Tries everything, prints each step.
pub fn run(check: &Check, profile: &Profile) -> anyhow::Result<()> {
    let settings = Settings::load(&profile.settings())?;
    let mut printer = Printer::default();
    if !check.audio {
        check_lines(check, profile, &settings, &mut printer)?;
    }
    print_line(&tr!("Sound"))?;
    printer.follow(|report| {
        check_ports(&settings, report);
        Ok(())
    })?;
    printer.follow(|report| check_sound(&settings, report))?;
    printer.follow(|report| {
        check_headsets(&settings.audio, report);
        Ok(())
    })?;
    if check.audio {
        printer.follow(|report| check_echo(&settings.audio, report))?;
    }
    match printer.failures {
        0 => print_line(&tr!("Everything works.")),
        n => anyhow::bail!(trn!("{n} step failed", "{n} steps failed", n = n)),
    }
}

fn check_lines(
    check: &Check,
    profile: &Profile,
    settings: &Settings,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let accounts = chosen(settings, check.aor.as_deref())?;
    if accounts.is_empty() {
        print_line(&tr!("Lines"))?;
        let what = tr!("there is no line");
        let remedy = tr!(
            "Add an [[account]] to {file}.",
            file = profile.settings().display()
        );
        printer.print(&tr!("Settings"), &Outcome::Failed { what, remedy })?;
    }
    for account in accounts {
        print_line(&account.aor)?;
        printer.follow(|report| check_line(account, settings, report))?;
        printer.follow(|report| check_caller_id(account, &profile.database(), report))?;
    }
    Ok(())
}

/// Prints steps and counts those that failed.
#[derive(Default)]
struct Printer {
    failures: u32,
}

impl Printer {
    fn follow(
        &mut self,
        check: impl FnOnce(&mut Report<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut printed = Ok(());
        let mut tell = |progress| {
            if let (Progress::Done(title, outcome), Ok(())) = (progress, &printed) {
                printed = self.print(&title, &outcome);
            }
        };
        check(&mut Report::new(&mut tell))?;
        printed
    }

    fn print(&mut self, title: &str, outcome: &Outcome) -> anyhow::Result<()> {
        match outcome {
            Outcome::Passed(text) => print_line(&format!("  ok      {title}: {text}")),
            Outcome::Skipped(text) => print_line(&format!("  –       {title}: {text}")),
            Outcome::Failed { what, remedy } => {
                self.failures += 1;
                print_line(&format!("  FAILED  {title}: {what}"))?;
                print_line(&format!("          {remedy}"))
            }
        }
    }
}

fn chosen<'a>(settings: &'a Settings, aor: Option<&str>) -> anyhow::Result<Vec<&'a Account>> {
    let accounts: Vec<_> = settings.accounts.iter().collect();
    let Some(aor) = aor else { return Ok(accounts) };
    let named = |account: &&&Account| {
        account.aor == aor
            || account
                .aor
                .split_once(':')
                .is_some_and(|(_, bare)| bare == aor)
    };
    if let Some(account) = accounts.iter().find(named) {
        return Ok(vec![account]);
    }
    let lines: Vec<_> = accounts
        .iter()
        .map(|account| account.aor.as_str())
        .collect();
    anyhow::bail!(tr!(
        "there is no line {aor}; allowed: {lines}",
        aor = aor,
        lines = lines.join(", ")
    ))
}
