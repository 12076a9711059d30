//! `ringbook backup` and `ringbook restore`: the store as one file.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;

use super::audit::audited_export;
use super::data::open_store;
use crate::model::{Deed, Right};
use crate::profile::Profile;
use crate::settings::Settings;
use crate::store::Store;
use crate::tr;

/// A consistent copy of clients and call log, also while the phone runs. Recordings are files of
/// their own below the profile
#[derive(Debug, Args)]
pub struct BackupCommand {
    /// The file to write.
    pub file: PathBuf,
    /// Replace the file where there is one
    #[arg(long)]
    pub force: bool,
}

/// Make a backup the store; what is there is kept aside. The phone must not be running
#[derive(Debug, Args)]
pub struct RestoreCommand {
    /// The backup.
    pub file: PathBuf,
}

/// Writes the backup.
pub fn backup(
    command: &BackupCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let file = command.file.display();
    if command.file.exists() && !command.force {
        bail!(tr!(
            "{file} is there already; --force replaces it",
            file = file
        ));
    }
    let mut store = open_store(profile)?;
    let deed = Deed::export("backup", Some(&command.file));
    audited_export(&mut store, profile, Right::Backup, &deed)?;
    store
        .backup_to(&command.file)
        .with_context(|| file.to_string())?;
    Ok(writeln!(
        output,
        "{}",
        tr!("The store is in {file}", file = file)
    )?)
}

fn kept_as(aside: Option<&Path>) -> String {
    aside
        .map(|file| file.display().to_string())
        .unwrap_or_default()
}

/// Makes the backup the profile's store. That the one before it went is written into the new one.
pub fn restore(
    command: &RestoreCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    profile.create()?;
    let _alone = profile
        .lock()
        .context(tr!("the store cannot be replaced"))?;
    let settings = Settings::load(&profile.settings())?;
    let (database, seat) = (profile.database(), settings.seat());
    let aside = Store::restore(&command.file, &database, &seat, Timestamp::now())?;
    let deed = Deed::delete("store", &kept_as(aside.as_deref()));
    audited_export(&mut open_store(profile)?, profile, Right::Backup, &deed)?;
    writeln!(
        output,
        "{}",
        tr!("{file} is the store now", file = command.file.display())
    )?;
    if let Some(aside) = aside {
        writeln!(
            output,
            "{}",
            tr!("The store before it is {file}", file = aside.display())
        )?;
    }
    Ok(())
}
