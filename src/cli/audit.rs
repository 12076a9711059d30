//! `ringbook audit`: who listened to what, exported what and deleted what.

use std::io::Write;

use anyhow::Context;
use clap::Subcommand;
use jiff::tz::TimeZone;

use super::data::{Format, open_store, period};
use crate::audit::who;
use crate::export::{audit_as_csv, audit_json};
use crate::model::{Act, AuditLine, Deed, Right};
use crate::profile::Profile;
use crate::settings::Settings;
use crate::store::{AuditFilter, Result, Store, StoreError, Writer};
use crate::table::write_table;
use crate::tr;

/// Who listened to what, exported what and deleted what.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// The lines of the audit, the latest first
    List {
        /// From this day or moment on: 2026-11-22, today, yesterday, 2026-11-22T09:00
        #[arg(long, value_name = "WHEN")]
        from: Option<String>,
        /// Up to and with this day, or before this moment
        #[arg(long, value_name = "WHEN")]
        to: Option<String>,
        /// listen, export or delete
        #[arg(long, value_parser = act)]
        act: Option<Act>,
        /// How to print them
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}

fn act(text: &str) -> std::result::Result<Act, String> {
    let words: Vec<&str> = Act::ALL.iter().map(|act| act.as_str()).collect();
    Act::from_word(text).ok_or_else(|| format!("allowed: {}", words.join(", ")))
}

/// Runs the command on the profile's store and prints to `output`.
pub fn run(
    command: &AuditCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let AuditCommand::List {
        from,
        to,
        act,
        format,
    } = command;
    let (from, to) = period(from.as_deref(), to.as_deref())?;
    let filter = AuditFilter {
        from,
        to,
        act: *act,
    };
    let lines = open_store(profile)?.read(|reader| reader.audit(&filter, usize::MAX))?;
    match format {
        Format::Json => {
            let json: Vec<_> = lines.iter().map(audit_json).collect();
            serde_json::to_writer_pretty(&mut *output, &json)?;
            Ok(writeln!(output)?)
        }
        Format::Csv => Ok(audit_as_csv(&lines, output)?),
        Format::Table => table(&lines, output),
    }
}

fn table(lines: &[AuditLine], output: &mut dyn Write) -> anyhow::Result<()> {
    if lines.is_empty() {
        let text = tr!("Nothing was listened to, exported or deleted.");
        return Ok(writeln!(output, "{text}")?);
    }
    let zone = TimeZone::system();
    let row = |line: &AuditLine| {
        let local = line.at.to_zoned(zone.clone());
        [
            local.strftime("%Y-%m-%d").to_string(),
            local.strftime("%H:%M:%S").to_string(),
            line.who.clone(),
            format!("{} {}", line.deed.act, line.deed.what),
            line.deed.detail.clone(),
        ]
    };
    let headings = [
        tr!("Date"),
        tr!("Time"),
        tr!("Who"),
        tr!("What"),
        tr!("Details"),
    ];
    let rows: Vec<_> = lines.iter().map(row).collect();
    Ok(write_table(output, headings, &rows)?)
}

/// Writes down what is done here, before it is done: `write` gets who does it. An act that cannot be
/// written down is refused.
pub fn audited<T>(
    store: &mut Store,
    profile: &Profile,
    write: impl FnOnce(&mut Writer<'_>, &str) -> Result<T>,
) -> anyhow::Result<T> {
    let who = who(&Settings::load(&profile.settings())?);
    match store.write(|writer| write(writer, &who)) {
        // Whoever may not do it is told so alone.
        Err(refused @ StoreError::Refused { .. }) => Err(refused.into()),
        written => written.context(tr!("this is not done without a line in the audit")),
    }
}

/// As [`audited`], for an export that takes this right.
pub fn audited_export(
    store: &mut Store,
    profile: &Profile,
    right: Right,
    deed: &Deed,
) -> anyhow::Result<()> {
    audited(store, profile, |writer, who| writer.audit(who, right, deed))
}
