//! Recordings as files for other people: the sound, its sidecar, and an index of all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use ringbook_media::recorder::pauses;
use sha2::{Digest, Sha256};

use super::calls::{seconds, utc};
use super::cell::neutralised;
use super::{ExportError, safe_name, sidecar};
use crate::model::RecordingRow;
use crate::store::RecordingLine;

/// What is wrong with a recording's file.
#[derive(Debug, thiserror::Error)]
pub enum RecordingFileError {
    /// The row names a file that is not below the recordings' folder.
    #[error("{file:?} is not a path below the recordings' folder")]
    Outside {
        /// As the row has it.
        file: String,
    },
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Whether a recording's file is what it was when the call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// The same octets.
    Intact,
    /// Other octets.
    Changed,
    /// The file is there, but its hash was never known.
    Unknown,
    /// The file is not there.
    Missing,
}

/// A recording that was exported.
#[derive(Debug)]
pub struct Exported {
    /// The sound's file name in the export's folder.
    pub file: String,
    /// Its octets are those of the end of the call; none where that is not known.
    pub intact: Option<bool>,
    /// SHA-256 of the exported file, hexadecimal.
    pub sha256: String,
}

/// The columns of an export's `index.csv`.
pub const INDEX_COLUMNS: [&str; 14] = [
    "file",
    "started_at",
    "duration_s",
    "direction",
    "status",
    "caller",
    "callee",
    "number",
    "client",
    "extension",
    "employee",
    "call",
    "recording",
    "sha256",
];

/// A recording's line of `index.csv`.
pub fn index_line(line: &RecordingLine, exported: &Exported) -> [String; INDEX_COLUMNS.len()] {
    let call = &line.call.record;
    [
        exported.file.clone(),
        utc(line.recording.started_at),
        seconds(line.recording.duration).to_string(),
        call.direction.to_string(),
        call.status.to_string(),
        call.caller.clone(),
        call.callee.clone(),
        call.number.map(|number| number.e164()).unwrap_or_default(),
        line.call.client_name.clone().unwrap_or_default(),
        call.extension.clone(),
        call.employee.clone(),
        call.call.to_string(),
        line.recording.id.to_string(),
        exported.sha256.clone(),
    ]
    .map(|cell| neutralised(&cell).into_owned())
}

/// Where a recording's file lies: always below `recordings`, whatever the row says.
pub fn recording_path(recordings: &Path, file: &str) -> Result<PathBuf, RecordingFileError> {
    let relative = Path::new(file);
    let below = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if file.is_empty() || !below || file.contains('\\') {
        return Err(RecordingFileError::Outside {
            file: file.to_owned(),
        });
    }
    Ok(recordings.join(relative))
}

/// Reads the recording's file and compares it with what the store knows.
pub fn health(recordings: &Path, recording: &RecordingRow) -> Result<Health, RecordingFileError> {
    let path = recording_path(recordings, &recording.file)?;
    let unreadable = |source| RecordingFileError::Unreadable {
        path: path.clone(),
        source,
    };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Health::Missing),
        Err(error) => return Err(unreadable(error)),
    };
    let (sha256, _) = copy_hashed(file, io::sink()).map_err(unreadable)?;
    Ok(match recording.sha256 {
        None => Health::Unknown,
        Some(stored) if stored == sha256 => Health::Intact,
        Some(_) => Health::Changed,
    })
}

/// Copies the recording into the folder `to`, with its JSON sidecar.
pub fn export_recording(
    recordings: &Path,
    line: &RecordingLine,
    to: &Path,
) -> anyhow::Result<Exported> {
    let from = recording_path(recordings, &line.recording.file)?;
    let extension = match from.extension().and_then(|extension| extension.to_str()) {
        Some("opus" | "ogg") => "opus",
        _ => "wav",
    };
    let stem = exported_stem(line);
    let name = format!("{stem}.{extension}");
    let unreadable = |source| RecordingFileError::Unreadable {
        path: from.clone(),
        source,
    };
    let source = File::open(&from).map_err(unreadable)?;
    let target = to.join(&name);
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        move |source| ExportError::Io { path, source }
    };
    let copy = File::create(&target).map_err(unwritable(&target))?;
    let (sha256, size) = copy_hashed(source, copy).map_err(unwritable(&target))?;
    let json = to.join(format!("{stem}.json"));
    // What cannot be read says nothing of pauses either.
    let pauses = pauses(&target).unwrap_or_default();
    let sidecar = sidecar(line, &name, (&sha256, size), &pauses);
    let mut text = serde_json::to_string_pretty(&sidecar)?;
    text.push('\n');
    fs::write(&json, text).map_err(unwritable(&json))?;
    Ok(Exported {
        file: name,
        intact: line.recording.sha256.map(|stored| stored == sha256),
        sha256: super::sidecar::hex(&sha256),
    })
}

/// When, which way, with whom, and the end of the recording's id, so that no two are the same:
/// `20261122T040507Z-incoming-77011112233-Ivan-Petrov-3f1f0a7f55aa`.
fn exported_stem(line: &RecordingLine) -> String {
    let call = &line.call.record;
    let at = utc(line.recording.started_at);
    let at: String = at
        .chars()
        .take(19)
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let party = match call.number {
        Some(number) => safe_name(&number.e164()),
        None if call.direction == crate::model::Direction::Incoming => safe_name(&call.caller),
        None => safe_name(&call.callee),
    };
    let name = line.call.client_name.as_deref().map(safe_name);
    let name = name.map(|name| format!("-{name}")).unwrap_or_default();
    let id = line.recording.id.to_string();
    let id = id.rsplit('-').next().unwrap_or_default();
    format!("{at}Z-{}-{party}{name}-{id}", call.direction)
}

fn copy_hashed(mut from: impl Read, mut to: impl Write) -> io::Result<([u8; 32], u64)> {
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        size += read as u64;
    }
    to.flush()?;
    Ok((hash.finalize().into(), size))
}
