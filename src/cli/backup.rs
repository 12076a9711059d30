//! `ringbook backup` and `ringbook restore`: the store as one file.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;

use super::data::open_store;
use crate::profile::Profile;
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
    open_store(profile)?
        .backup_to(&command.file)
        .with_context(|| file.to_string())?;
    Ok(writeln!(
        output,
        "{}",
        tr!("The store is in {file}", file = file)
    )?)
}

/// Makes the backup the profile's store.
pub fn restore(
    command: &RestoreCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    profile.create()?;
    let _alone = profile
        .lock()
        .context(tr!("the store cannot be replaced"))?;
    let aside = Store::restore(&command.file, &profile.database(), Timestamp::now())?;
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
