//! `ringbook client import` and `export`: clients from files and as files.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use encoding_rs::Encoding;

use super::audit::audited_export;
use super::data::{home_country, open_store, to_file_or};
use crate::export::{clients_as_cards, clients_as_csv};
use crate::import::{self, ImportError, LeftOutFile, Options, Report};
use crate::model::{Client, Country, Deed, Right};
use crate::profile::Profile;
use crate::vcard::Version;
use crate::{tr, trn};

/// Read clients from a file: CSV, vCard, MicroSIP's Contacts.xml or a linphonerc.
#[derive(Debug, clap::Args)]
pub struct ImportFile {
    /// The file
    file: PathBuf,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Only show what the columns are taken for, and the first clients as they would be read
    #[arg(long, conflicts_with_all = ["dry_run", "rejected"])]
    preview: bool,
    /// What a column of a table holds, such as "Telefon=phone"; nothing behind the = is not kept
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping)]
    map: Vec<(String, String)>,
    /// Keep what is left out in a file, as it stands in the other, with the reason
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// The charset of the file, such as windows-1251 [default: it is found out]
    #[arg(long, value_name = "CHARSET", value_parser = charset)]
    encoding: Option<&'static Encoding>,
    /// Whose numbers are written without a country code, such as KZ [default: the first line's]
    #[arg(long, value_name = "COUNTRY")]
    region: Option<Country>,
}

/// Write all clients.
#[derive(Debug, clap::Args)]
pub struct ExportFile {
    /// The file
    file: Option<PathBuf>,
    /// As vCard of this version, whatever the file is called [default for .vcf: 4]
    #[arg(long, value_name = "VERSION", value_parser = clap::builder::PossibleValuesParser::new(["3", "4"]))]
    vcard: Option<String>,
}

impl ExportFile {
    /// The version of vCard that is asked for; none for CSV.
    fn cards(&self) -> Option<Version> {
        let ending = self.file.as_deref().and_then(Path::extension);
        let is_card = ending.is_some_and(|ending| {
            ending.eq_ignore_ascii_case("vcf") || ending.eq_ignore_ascii_case("vcard")
        });
        match self.vcard.as_deref() {
            Some("3") => Some(Version::V3),
            Some(_) => Some(Version::V4),
            None => is_card.then_some(Version::V4),
        }
    }
}

/// Writes every client.
pub fn export(file: &ExportFile, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let mut store = open_store(profile)?;
    let deed = Deed::export("clients", file.file.as_deref());
    audited_export(&mut store, profile, Right::ExportClients, &deed)?;
    to_file_or(file.file.as_deref(), output, |output| {
        store.read(|reader| match file.cards() {
            Some(version) => clients_as_cards(reader, version, output),
            None => clients_as_csv(reader, output),
        })?;
        Ok(())
    })
}

/// Reads the file into the store and tells what it did.
pub fn import(it: &ImportFile, profile: &Profile, output: &mut dyn Write) -> anyhow::Result<()> {
    let mut rejected = it.rejected.as_deref().map(left_out).transpose()?;
    let options = Options {
        country: home_country(profile, it.region)?,
        dry_run: it.dry_run,
        encoding: it.encoding,
        map: it.map.clone(),
        rejected: rejected.as_mut().map(|file| file as &mut dyn Write),
        on_progress: None,
    };
    let mut store = open_store(profile)?;
    let named = || it.file.display().to_string();
    if it.preview {
        let preview = import::preview_file(&store, opened(&it.file)?, &options);
        return Ok(writeln!(
            output,
            "{}",
            preview.map_err(explained).with_context(named)?
        )?);
    }
    let report = import::import_file(&mut store, opened(&it.file)?, options);
    let report = report.map_err(explained).with_context(named)?;
    told(&report, &named(), output)
}

/// The error, and what to do about it here.
fn explained(error: ImportError) -> anyhow::Error {
    match &error {
        ImportError::NoColumns { .. } => {
            let fields = Client::FIELDS.join(", ");
            let hint = tr!(
                "say which one is with --map \"COLUMN=FIELD\"; known fields: {fields}, others become \
                 custom fields",
                fields = fields
            );
            anyhow!("{error}; {hint}")
        }
        _ => error.into(),
    }
}

/// The charset of this name.
pub(super) fn charset(label: &str) -> Result<&'static Encoding, String> {
    let encoding = Encoding::for_label(label.trim().as_bytes());
    encoding.ok_or_else(|| tr!("a charset such as windows-1251, windows-1250, utf-16le or utf-8"))
}

/// A column and the field that it holds.
pub(super) fn mapping(text: &str) -> Result<(String, String), String> {
    let parts = text.rsplit_once('=');
    let parts = parts.map(|(column, field)| (column.to_owned(), field.to_owned()));
    parts.ok_or_else(|| tr!("a column and a field such as Telefon=phone"))
}

/// The file, or standard input for `-`.
pub(super) fn opened(file: &Path) -> anyhow::Result<Box<dyn Read + Send>> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let input = File::open(file).with_context(|| file.display().to_string())?;
    Ok(Box::new(BufReader::new(input)))
}

/// Prints what an import did; lines that were left out are a failure.
pub fn told(report: &Report, file: &str, output: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(output, "{report}")?;
    if report.refused > 0 {
        bail!(trn!(
            "{file}: {n} line was left out",
            "{file}: {n} lines were left out",
            n = report.refused,
            file = file
        ));
    }
    Ok(())
}

/// The file for what is left out, whose name must be free.
pub(super) fn left_out(path: &Path) -> anyhow::Result<LeftOutFile> {
    if path.exists() {
        bail!(tr!(
            "--rejected: {file} is there already; give a name that is free",
            file = path.display()
        ));
    }
    Ok(LeftOutFile::at(path))
}
