//! Whether recordings can be listened to. Lists do not look into folders: the store knows what was found
//! by whoever looked last, and whoever shows a row looks.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use super::recording_path;
use crate::model::{Missing, RecordingFile, RecordingId};
use crate::store::{Result, Store};

/// Files that are looked for between two looks into the store.
const BATCH: usize = 500;

/// Why the recording in this file, which had so many octets when the call ended, cannot be listened to;
/// none where it can.
pub fn why_missing(recordings: &Path, file: &str, size: u64) -> Option<Missing> {
    let Ok(path) = recording_path(recordings, file) else {
        return Some(Missing::Unreadable);
    };
    let is_there = |folder: &Path| folder.is_dir();
    match fs::metadata(&path) {
        Err(error) => Some(match error.kind() {
            ErrorKind::NotFound if path.parent().is_some_and(is_there) => Missing::Gone,
            ErrorKind::NotFound | ErrorKind::NotADirectory => Missing::NoFolder,
            _ => Missing::Unreadable,
        }),
        Ok(found) if !found.is_file() => Some(Missing::Unreadable),
        Ok(found) if found.len() == 0 || found.len() < size => Some(Missing::Unfinished),
        Ok(_) => File::open(&path).err().map(|_| Missing::Unreadable),
    }
}

/// What is other in the folder than the store knows, of these recordings.
pub fn news_of(recordings: &Path, files: &[RecordingFile]) -> Vec<(RecordingId, Option<Missing>)> {
    let looked = files.iter().map(|known| {
        let missing = why_missing(recordings, &known.file, known.size);
        (known, missing)
    });
    looked
        .filter(|(known, missing)| known.missing != *missing)
        .map(|(known, missing)| (known.recording, missing))
        .collect()
}

/// Looks for these files, and writes down what is other than the store knows: whether anything is.
pub fn look_for(store: &mut Store, recordings: &Path, files: &[RecordingFile]) -> Result<bool> {
    let news = news_of(recordings, files);
    if !news.is_empty() {
        store.write(|writer| writer.note_missing(&news))?;
    }
    Ok(!news.is_empty())
}

/// Looks for the files of all recordings, as long as `goes_on` says so.
pub fn look_for_all(
    store: &mut Store,
    recordings: &Path,
    goes_on: impl Fn() -> bool,
) -> Result<()> {
    let mut behind = None;
    while goes_on() {
        let files = store.read(|reader| reader.recording_files(behind, BATCH))?;
        let Some(last) = files.last() else { break };
        behind = Some(last.recording);
        look_for(store, recordings, &files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn s5_31_why_a_recording_cannot_be_heard_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = folder.path().join("recordings");
        let why = |file: &str| why_missing(&recordings, file, 4);
        assert_eq!(why("2026/11/22/a.wav"), Some(Missing::NoFolder));
        fs::create_dir_all(recordings.join("2026/11/22")).unwrap();
        assert_eq!(why("2026/11/22/a.wav"), Some(Missing::Gone));
        assert_eq!(why("2026/11/21/a.wav"), Some(Missing::NoFolder));

        let path = recordings.join("2026/11/22/a.wav");
        for (octets, expected) in [
            (&b""[..], Some(Missing::Unfinished)),
            (b"RIF", Some(Missing::Unfinished)),
            (b"RIFF", None),
            (b"RIFFx", None),
        ] {
            fs::write(&path, octets).unwrap();
            assert_eq!(why("2026/11/22/a.wav"), expected, "{octets:?}");
        }
        // A part of the path that is a file; a folder where the file should be; a path that leads out.
        assert_eq!(why("2026/11/22/a.wav/b.wav"), Some(Missing::NoFolder));
        assert_eq!(why("2026/11/22"), Some(Missing::Unreadable));
        assert_eq!(why("../a.wav"), Some(Missing::Unreadable));
    }

    #[cfg(unix)]
    #[test]
    fn s5_31_a_folder_on_a_disk_that_is_not_connected_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, recordings) = (folder.path().join("disk"), folder.path().join("recordings"));
        fs::create_dir(&disk).unwrap();
        fs::write(disk.join("a.wav"), b"RIFF").unwrap();
        std::os::unix::fs::symlink(&disk, &recordings).unwrap();
        assert_eq!(why_missing(&recordings, "a.wav", 4), None);
        fs::rename(&disk, folder.path().join("elsewhere")).unwrap();
        let why = why_missing(&recordings, "a.wav", 4);
        assert_eq!(why, Some(Missing::NoFolder));
    }
}
