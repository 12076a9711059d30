//! After a crash: recordings that were cut off play again and stand in the log.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use ringbook_media::recorder::{RepairError, repair};
use sha2::{Digest, Sha256};

use super::message::{Inbox, Message};
use crate::automation::{Body, NoticeKind, RecordingState};
use crate::model::{self, CallRecord, RecordingId, RecordingRow};
use crate::{tr, trn};

/// Days a call may have gone on for; nobody talks longer.
const MAX_DAYS: usize = 7;

/// Repairs the recordings of every call that was cut off, and tells.
pub(super) fn recover(folder: &Path, interrupted: Vec<CallRecord>, inbox: &Inbox) {
    if interrupted.is_empty() {
        return;
    }
    let text = trn!(
        "The phone was cut off during {n} call; it is in the log as interrupted",
        "The phone was cut off during {n} calls; they are in the log as interrupted",
        n = interrupted.len()
    );
    inbox.put(Message::Notice(NoticeKind::Interrupted, text));
    for mut record in interrupted {
        let rows = repaired(folder, &record, inbox);
        let heard = rows
            .iter()
            .map(|row| row.duration)
            .max()
            .unwrap_or_default();
        // The recording was durable more often than the row.
        record.talk = record.talk.max(heard);
        if !rows.is_empty() {
            inbox.put(Message::Recovered(Box::new(record), rows));
        }
    }
}

fn repaired(folder: &Path, record: &CallRecord, inbox: &Inbox) -> Vec<RecordingRow> {
    let mut rows = Vec::new();
    for file in files_of(folder, record) {
        let path = folder.join(&file);
        match repair_one(&path, &file, record) {
            Ok(row) => {
                inbox.put(Message::Tell(Body::Recording {
                    call: record.call,
                    state: RecordingState::Repaired,
                    file: path.display().to_string(),
                    error: None,
                }));
                rows.push(row);
            }
            // Cut off before its header was written: nothing is lost, so nobody need hear of it.
            Err(RepairError::NoSound { .. }) => drop(fs::remove_file(&path)),
            Err(error) => {
                let text = tr!(
                    "{file} could not be repaired: {error}",
                    file = path.display(),
                    error = error
                );
                inbox.put(Message::Notice(NoticeKind::Recording, text));
            }
        }
    }
    rows
}

fn repair_one(path: &Path, file: &str, record: &CallRecord) -> Result<RecordingRow, RepairError> {
    let repaired = repair(path)?;
    let (size, sha256) = measure(path)?;
    let codec = if file.ends_with(".opus") {
        "opus"
    } else {
        "pcm_s16le"
    };
    Ok(RecordingRow {
        id: RecordingId::new(),
        call: record.call,
        file: file.to_owned(),
        started_at: started_at(file).unwrap_or(record.started_at),
        duration: repaired.duration(),
        channels: 2,
        sample_rate: repaired.rate,
        codec: codec.to_owned(),
        size,
        sha256: Some(sha256),
        state: model::RecordingState::Repaired,
    })
}

/// The moment that [`RecordingRow::file_name`] wrote into the name.
fn started_at(file: &str) -> Option<Timestamp> {
    let name = file.rsplit('/').next()?;
    let (time, _) = name.split_once('-')?;
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?;
    civil
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

/// The files of a call, relative to `folder`: those of the days it went on that bear its id.
fn files_of(folder: &Path, record: &CallRecord) -> Vec<String> {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let (first, last) = (day(record.started_at), day(record.last_seen_at));
    let next = |day: &Date| day.checked_add(Span::new().days(1)).ok();
    let days = std::iter::successors(Some(first), next).take_while(|day| *day <= last.max(first));
    let mut files = Vec::new();
    for day in days.take(MAX_DAYS) {
        let relative = day.strftime("%Y/%m/%d").to_string();
        let Ok(entries) = fs::read_dir(folder.join(&relative)) else {
            continue;
        };
        for name in entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
        {
            if RecordingRow::call_of_file(&name) == Some(record.call) {
                files.push(format!("{relative}/{name}"));
            }
        }
    }
    files.sort();
    files
}

/// Octets and SHA-256 of a file.
fn measure(path: &Path) -> io::Result<(u64, [u8; 32])> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((size, hash.finalize().into())),
            read => {
                size += read as u64;
                hash.update(buffer.get(..read).unwrap_or_default());
            }
        }
    }
}

/// The octets of every recording, which the media thread does not tell.
pub(super) fn fill_sizes(folder: &Path, recordings: &mut [RecordingRow]) {
    for recording in recordings
        .iter_mut()
        .filter(|recording| recording.size == 0)
    {
        let path: PathBuf = folder.join(&recording.file);
        recording.size = fs::metadata(path).map_or(0, |file| file.len());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tempfile::TempDir;

    use super::*;
    use crate::model::{CallId, Direction};

    /// What the next start tells after a crash in a call whose recording is `bytes`; and the folder.
    fn told_of(bytes: &[u8]) -> (Vec<Message>, TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let began = "2026-11-22T09:05:07Z".parse().unwrap();
        let record = CallRecord::begin(CallId::new(), Direction::Incoming, began);
        let file = RecordingRow::file_name(record.call, began, "wav");
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let (inbox, mut messages) = Inbox::new();
        recover(folder.path(), vec![record], &inbox);
        let told = std::iter::from_fn(|| messages.try_recv().ok()).collect();
        (told, folder, path)
    }

    fn complains(told: &[Message]) -> bool {
        let complaint = |m: &Message| matches!(m, Message::Notice(NoticeKind::Recording, _));
        told.iter().any(complaint)
    }

    #[test]
    fn a_recording_cut_off_before_its_header_was_written_goes_without_a_word() {
        let header = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0";
        for bytes in [&b""[..], b"RIFF", header] {
            let (told, _folder, path) = told_of(bytes);
            assert!(!complains(&told) && !path.exists(), "{bytes:?}");
            assert!(!told.iter().any(|m| matches!(m, Message::Recovered(..))));
        }
    }

    #[test]
    fn a_file_that_may_hold_sound_stays_and_is_told_of() {
        let mut damaged = b"RIFF\x24\0\0\0WAVELIST\xff\xff\xff\x7f".to_vec();
        damaged.resize(100, 7);
        for bytes in [&damaged[..], &[0; 3_000]] {
            let (told, _folder, path) = told_of(bytes);
            assert!(complains(&told));
            assert_eq!(fs::read(path).unwrap(), bytes);
        }
    }
}
