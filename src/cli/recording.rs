//! `ringbook recording`: recordings, as files for other people too.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use ringbook_media::tempo::SPEEDS;

use super::audit::{audited, audited_export};
use super::data::{home_country, meant_clients, open_store, period};
use super::play;
use crate::export::{
    Health, INDEX_COLUMNS, export_recording, health, index_line, look_for, recording_json,
    recording_path, why_missing,
};
use crate::model::{Act, CallId, Deed, Missing, RecordingId, RecordingRow, Right};
use crate::profile::Profile;
use crate::settings::Settings;
use crate::store::{Reader, RecordingFilter, RecordingLine};
use crate::table::write_table;
use crate::words::clock;
use crate::{tr, trn, words};

/// Recordings.
#[derive(Debug, Subcommand)]
pub enum RecordingCommand {
    /// The recordings, the latest first
    List {
        /// Which recordings.
        #[command(flatten)]
        which: Which,
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// table or json
        #[arg(long, value_enum, default_value = "table")]
        format: ListFormat,
    },
    /// Who spoke how much in the recordings, the latest first
    Analysis {
        /// Which recordings.
        #[command(flatten)]
        which: Which,
        /// At most so many; 0 for all
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Play a recording; Ctrl+C ends it
    Play {
        /// The recording's or the call's id.
        id: String,
        /// default, a loudspeaker's name, or file:PATH.wav [default: the settings' audio.output]
        #[arg(long, value_name = "DEVICE")]
        output: Option<String>,
        /// From this place on: 1:30, 90s, 1m 30s
        #[arg(long, value_name = "TIME", value_parser = place, default_value = "0s")]
        from: Duration,
        /// How much faster or slower, the pitch kept: 0.5 to 3
        #[arg(long, value_name = "FACTOR", value_parser = speed, default_value = "1")]
        speed: f32,
    },
    /// Copy recordings into a folder, each with a JSON sidecar, and an index.csv
    Export {
        /// The folder; it is made where it is not there
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Which recordings.
        #[command(flatten)]
        which: Which,
    },
    /// Compare files with what they were when the call ended
    Verify {
        /// Recordings' or calls' ids; all recordings where none is given.
        ids: Vec<String>,
    },
    /// Remove a recording and its file
    Delete {
        /// The recording's or the call's id.
        id: String,
    },
}

/// How recordings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ListFormat {
    /// Columns for people.
    Table,
    /// An array of objects.
    Json,
}

/// Which recordings.
#[derive(Debug, Default, Args)]
pub struct Which {
    /// From this day or moment on: 2026-11-22, today, yesterday, 2026-11-22T09:00
    #[arg(long, value_name = "WHEN")]
    pub from: Option<String>,
    /// Up to and with this day, or before this moment
    #[arg(long, value_name = "WHEN")]
    pub to_date: Option<String>,
    /// Of calls with these clients: an id, a number, or a part of the name
    #[arg(long, value_name = "CLIENT")]
    pub client: Option<String>,
    /// Of this call
    #[arg(long, value_name = "ID")]
    pub call: Option<CallId>,
}

/// Runs the command on the profile's store and prints to `output`.
pub fn run(
    command: &RecordingCommand,
    profile: &Profile,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let recordings = profile.recordings();
    let mut store = open_store(profile)?;
    match command {
        RecordingCommand::List {
            which,
            limit,
            format,
        } => {
            let deed = Deed::export("recordings", None);
            audited_export(&mut store, profile, Right::See, &deed)?;
            let lines = store.read(|reader| which.lines(profile, reader, at_most(*limit)))?;
            let files: Vec<_> = lines.iter().map(RecordingLine::file).collect();
            let lines = match look_for(&mut store, &recordings, &files)? {
                true => store.read(|reader| which.lines(profile, reader, at_most(*limit)))?,
                false => lines,
            };
            list(&lines, *format, output)
        }
        RecordingCommand::Analysis { which, limit } => {
            let lines = store.read(|reader| which.lines(profile, reader, at_most(*limit)))?;
            super::analysis::print(&lines, output)
        }
        RecordingCommand::Play {
            id,
            output: named,
            from,
            speed,
        } => {
            let recording = store.read(|reader| one_recording(reader, id))?;
            let path = recording_path(&recordings, &recording.file)?;
            let files = store.read(|reader| reader.recording_files_of(recording.call))?;
            look_for(&mut store, &recordings, &files)?;
            if let Some(why) = why_missing(&recordings, &recording.file, recording.size) {
                bail!("{}: {}", path.display(), words::missing(why));
            }
            audited(&mut store, profile, |writer, who| {
                writer.audit_recording(who, Act::Listen, recording.id, "")
            })?;
            let device = match named {
                Some(name) => name.clone(),
                None => Settings::load(&profile.settings())?.audio.output,
            };
            let how = play::How {
                from: *from,
                speed: *speed,
            };
            play::run(&path, &device, how, &clock(recording.duration), output)
        }
        RecordingCommand::Export { to, which } => {
            let lines = store.read(|reader| which.lines(profile, reader, usize::MAX))?;
            let folder = to.display().to_string();
            audited(&mut store, profile, |writer, who| {
                let mut ids = lines.iter().map(|line| line.recording.id);
                ids.try_for_each(|id| {
                    let written = writer.audit_recording(who, Act::Export, id, &folder);
                    written.map(drop)
                })
            })?;
            export(&lines, &recordings, to, output)
        }
        RecordingCommand::Verify { ids } => {
            let rows = store.read(|reader| rows(reader, ids))?;
            verify(&rows, &recordings, output)
        }
        RecordingCommand::Delete { id } => {
            let recording = store.read(|reader| one_recording(reader, id))?;
            audited(&mut store, profile, |writer, who| {
                writer.delete_recording(who, recording.id)
            })?;
            let path = recording_path(&recordings, &recording.file)?;
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(error).with_context(|| path.display().to_string())
                }
                _ => Ok(()),
            }
        }
    }
}

/// A place in a recording: minutes and seconds, or a length of time.
fn place(text: &str) -> Result<Duration, String> {
    let clock = || {
        let mut parts = text.split(':').map(|part| part.parse::<u64>().ok());
        let first = parts.next()??;
        let seconds = parts.try_fold(first, |sum, part| {
            part.filter(|part| *part < 60)
                .map(|part| sum.saturating_mul(60) + part)
        });
        seconds.map(Duration::from_secs)
    };
    let length = || Duration::try_from(text.parse::<SignedDuration>().ok()?).ok();
    clock()
        .or_else(length)
        .ok_or_else(|| "allowed: 1:30, 90s, 1m 30s, or seconds alone".to_owned())
}

fn speed(text: &str) -> Result<f32, String> {
    let read: Option<f32> = text.parse().ok();
    let (slowest, fastest) = (SPEEDS.start(), SPEEDS.end());
    read.filter(|speed| SPEEDS.contains(speed))
        .ok_or_else(|| format!("allowed: {slowest} to {fastest}"))
}

/// 0 is for all.
fn at_most(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}

impl Which {
    fn lines(
        &self,
        profile: &Profile,
        reader: &Reader<'_>,
        limit: usize,
    ) -> anyhow::Result<Vec<RecordingLine>> {
        let country = home_country(profile, None)?;
        let (from, to) = period(self.from.as_deref(), self.to_date.as_deref())?;
        let meant = meant_clients(reader, self.client.as_deref(), country)?;
        let filter = RecordingFilter {
            from,
            to,
            clients: meant,
            call: self.call,
        };
        Ok(reader.recordings(&filter, 0, limit)?)
    }
}

/// The recording with this id, or the only one of the call with this id.
fn one_recording(reader: &Reader<'_>, id: &str) -> anyhow::Result<RecordingRow> {
    let mut of_call = rows(reader, &[id.to_owned()])?;
    match of_call.len() {
        1 => Ok(of_call.remove(0)),
        count => bail!(trn!(
            "{n} recording belongs to the call {id}; name it by its own id",
            "{n} recordings belong to the call {id}; name one by its own id",
            n = count,
            id = id
        )),
    }
}

/// The recordings with these ids or of these calls; all where none is given.
fn rows(reader: &Reader<'_>, ids: &[String]) -> anyhow::Result<Vec<RecordingRow>> {
    let of = |filter: &RecordingFilter| -> anyhow::Result<Vec<RecordingRow>> {
        let lines = reader.recordings(filter, 0, usize::MAX)?;
        Ok(lines.into_iter().map(|line| line.recording).collect())
    };
    if ids.is_empty() {
        return of(&RecordingFilter::default());
    }
    let mut rows = Vec::new();
    for text in ids {
        let id: RecordingId = text.parse()?;
        let found = match reader.find_recording(id)? {
            Some(row) => vec![row],
            None => of(&RecordingFilter {
                call: text.parse().ok(),
                ..RecordingFilter::default()
            })?,
        };
        if found.is_empty() {
            bail!(tr!(
                "no recording and no recorded call has the id {id}",
                id = text
            ));
        }
        rows.extend(found);
    }
    Ok(rows)
}

fn list(lines: &[RecordingLine], format: ListFormat, output: &mut dyn Write) -> anyhow::Result<()> {
    if format == ListFormat::Json {
        let json: Vec<_> = lines.iter().map(recording_json).collect();
        serde_json::to_writer_pretty(&mut *output, &json)?;
        return Ok(writeln!(output)?);
    }
    if lines.is_empty() {
        return Ok(writeln!(output, "{}", tr!("No recordings."))?);
    }
    let zone = TimeZone::system();
    let row = |line: &RecordingLine| {
        let recording = &line.recording;
        [
            recording.id.to_string(),
            began(line, &zone),
            clock(recording.duration),
            line.call.record.direction.to_string(),
            with(line),
            line.missing
                .map_or(recording.state.as_str(), Missing::as_str)
                .to_owned(),
        ]
    };
    write_table(
        output,
        [
            tr!("Id"),
            tr!("Began"),
            tr!("Length"),
            tr!("Direction"),
            tr!("With"),
            tr!("State"),
        ],
        &lines.iter().map(row).collect::<Vec<_>>(),
    )?;
    Ok(())
}

/// When the recording began, for people.
pub(super) fn began(line: &RecordingLine, zone: &TimeZone) -> String {
    let local = line.recording.started_at.to_zoned(zone.clone());
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// With whom it is: the client, the number, or what the network gave.
pub(super) fn with(line: &RecordingLine) -> String {
    let call = &line.call;
    let unnamed = || match call.record.number {
        Some(number) => number.e164(),
        None => call.record.caller.clone(),
    };
    call.client_name.clone().unwrap_or_else(unnamed)
}

fn export(
    lines: &[RecordingLine],
    recordings: &Path,
    to: &Path,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    let index = to.join("index.csv");
    let mut csv = csv::Writer::from_path(&index).with_context(|| index.display().to_string())?;
    csv.write_record(INDEX_COLUMNS)?;
    let mut failed = 0;
    for line in lines {
        match export_recording(recordings, line, to) {
            Ok(exported) => {
                if exported.intact == Some(false) {
                    failed += 1;
                    let text = tr!(
                        "{file}: not what it was when the call ended",
                        file = line.recording.file
                    );
                    writeln!(output, "{text}")?;
                }
                csv.write_record(index_line(line, &exported))?;
            }
            Err(error) => {
                failed += 1;
                writeln!(output, "{}: {error:#}", line.recording.id)?;
            }
        }
    }
    csv.flush()?;
    if failed > 0 {
        bail!(tr!(
            "{bad} of {count} recordings are missing or changed",
            bad = failed,
            count = lines.len()
        ));
    }
    let dir = to.display();
    Ok(writeln!(
        output,
        "{}",
        trn!(
            "{n} recording in {dir}",
            "{n} recordings in {dir}",
            n = lines.len(),
            dir = dir
        )
    )?)
}

fn verify(rows: &[RecordingRow], recordings: &Path, output: &mut dyn Write) -> anyhow::Result<()> {
    let mut bad = 0;
    for row in rows {
        let word = match health(recordings, row) {
            Ok(Health::Intact) => tr!("intact"),
            Ok(Health::Unknown) => tr!("there, but its hash was never known"),
            Ok(Health::Changed) => {
                bad += 1;
                tr!("CHANGED")
            }
            Ok(Health::Missing) => {
                bad += 1;
                tr!("MISSING")
            }
            Err(error) => {
                bad += 1;
                error.to_string()
            }
        };
        writeln!(output, "{} {}: {word}", row.id, row.file)?;
    }
    if bad > 0 {
        bail!(tr!(
            "{bad} of {count} recordings are missing or changed",
            bad = bad,
            count = rows.len()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_30_a_place_and_a_speed_are_read_as_people_write_them() {
        for text in ["1:30", "90", "90s", "1m 30s", "00:01:30", "0:01:30"] {
            assert_eq!(place(text), Ok(Duration::from_secs(90)), "{text}");
        }
        for text in ["", ":", "1:60", "-1", "1:-1", "soon"] {
            assert!(place(text).is_err(), "{text}");
        }
        assert_eq!((speed("1.5"), speed("3")), (Ok(1.5), Ok(3.0)));
        for text in ["0", "0.4", "3.1", "NaN", "fast"] {
            assert!(speed(text).is_err(), "{text}");
        }
    }
}
