//! `ringbook log import`: call logs of PBXs.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use encoding_rs::Encoding;
use jiff::tz::TimeZone;

use super::bill::zone;
use super::client_files::{charset, left_out, mapping, opened, told};
use super::data::{home_country, open_store};
use crate::import::{CallLogOptions, Extensions, import_calls, preview_calls};
use crate::profile::Profile;
use crate::settings::Settings;
use crate::tariffs::Tariffs;

/// Bring in the call log of a PBX.
#[derive(Debug, Args)]
pub struct ImportCalls {
    /// The file
    file: PathBuf,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Only show what the columns are taken for, and the first calls as they would be read
    #[arg(long, conflicts_with_all = ["dry_run", "rejected"])]
    preview: bool,
    /// What a column holds, as often as needed: "Wer=caller"; date, time, answer, end, caller, called, name,
    /// direction, status, duration, talk, ring, extension, context, channel, dstchannel, application, id; nothing behind
    /// the = is not kept
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping)]
    map: Vec<(String, String)>,
    /// Whose clock the file shows, such as Europe/Budapest or UTC [default: the system's]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    time_zone: Option<TimeZone>,
    /// The charset of the file, such as windows-1251 [default: it is found out]
    #[arg(long, value_name = "CHARSET", value_parser = charset)]
    encoding: Option<&'static Encoding>,
    /// Keep what is left out in a file, as it stands in the other, with the reason
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// The office's own numbers, such as 100-199,201 [default: the employees', and all of 2 to 5 digits]
    #[arg(long, value_name = "NUMBERS", value_parser = extensions)]
    extensions: Option<Extensions>,
    /// The line on which the calls were
    #[arg(long, value_name = "AOR")]
    line: Option<String>,
}

fn extensions(text: &str) -> Result<Extensions, String> {
    let read = Extensions::parse(text);
    read.ok_or_else(|| "allowed: numbers and ranges such as 100-199,201".to_owned())
}

/// Reads the file into the store and tells what it did.
pub fn run(it: &ImportCalls, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let mut rejected = it.rejected.as_deref().map(left_out).transpose()?;
    let options = CallLogOptions {
        zone: it.time_zone.clone().unwrap_or_else(TimeZone::system),
        country: home_country(profile, None)?,
        encoding: it.encoding,
        map: it.map.clone(),
        extensions: it.extensions.clone().unwrap_or_default(),
        line: it.line.clone().unwrap_or_default(),
        tariffs: Tariffs::load(&profile.tariffs())?,
        limits: Settings::load(&profile.settings())?.talk_limits(),
        dry_run: it.dry_run,
        rejected: rejected.as_mut().map(|file| file as &mut dyn Write),
    };
    let named = || it.file.display().to_string();
    let mut store = open_store(profile)?;
    let input = opened(&it.file)?;
    if it.preview {
        let preview = preview_calls(&store, input, options).with_context(named)?;
        return Ok(writeln!(output, "{preview}")?);
    }
    let report = import_calls(&mut store, input, options).with_context(named)?;
    told(&report, &named(), output)
}
