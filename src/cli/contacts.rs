//! `ringbook client sync`: the client book meets a CardDAV server.

use std::io::Write;

use anyhow::{Context, anyhow, bail};
use jiff::Timestamp;

use super::data::{home_country, open_store, password_from_input};
use crate::contacts::meet;
use crate::dav::Options;
use crate::profile::Profile;
use crate::settings::{CardDav, Settings};
use crate::{tr, trn};

/// Make clients and the address book of the CardDAV server in [carddav] the same.
#[derive(Debug, clap::Args)]
pub struct SyncContacts {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Delete here what is gone from the server, even where that is most of it
    #[arg(long)]
    accept_deletions: bool,
    /// First keep the line on standard input as the password, in the system's keyring
    #[arg(long)]
    keep_password: bool,
}

/// Lets both sides meet and prints what came, what went and what did not agree; contacts that were
/// left as they are, are a failure.
pub fn sync(how: &SyncContacts, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let carddav = carddav(profile)?;
    if how.keep_password {
        keep_password(&carddav)?;
    }
    let options = Options {
        now: Timestamp::now(),
        dry_run: how.dry_run,
        accept_deletions: how.accept_deletions,
    };
    let country = home_country(profile, None)?;
    let report = meet(&carddav, &mut open_store(profile)?, country, options)?;
    writeln!(output, "{report}")?;
    match report.problems.len() {
        0 => Ok(()),
        n => bail!(trn!(
            "{n} contact was left as it is",
            "{n} contacts were left as they are",
            n = n
        )),
    }
}

/// Keeps the first line of standard input as the password for the server.
fn keep_password(carddav: &CardDav) -> anyhow::Result<()> {
    let password = password_from_input()?;
    let kept = crate::contacts::keep_password(carddav, &password);
    kept.map_err(|why| anyhow!(why))
}

fn carddav(profile: &Profile) -> anyhow::Result<CardDav> {
    let file = profile.settings();
    let settings = Settings::load(&file)?;
    settings.carddav.with_context(|| {
        tr!(
            "there is no CardDAV server; add [carddav] with its url to {file}",
            file = file.display()
        )
    })
}
