//! Whether the sound files that are to ring can: looked into when the settings name them, not when somebody calls.

use std::path::{Path, PathBuf};
use std::thread;

use ringbook_media::device::Clip;

use super::message::{Inbox, Message};
use crate::automation::NoticeKind;
use crate::settings::Settings;
use crate::tr;

/// Reads the settings' ringtones on a thread of its own, which nobody waits for; what cannot ring is told.
pub(super) fn look_into(settings: &Settings, inbox: &Inbox) {
    let files: Vec<PathBuf> = settings
        .ringtone_files()
        .into_iter()
        .map(Path::to_owned)
        .collect();
    if files.is_empty() {
        return;
    }
    let inbox = inbox.clone();
    // Without a thread it is told when it is to ring.
    let _ = thread::Builder::new()
        .name("ringtones".into())
        .spawn(move || {
            for text in files.iter().filter_map(|file| trouble(file)) {
                inbox.put(Message::Notice(NoticeKind::Audio, text));
            }
        });
}

/// Why a file cannot ring.
fn trouble(file: &Path) -> Option<String> {
    let error = Clip::load_ringtone(file).err()?;
    Some(tr!(
        "The ringtone {file} cannot ring: {error}. The bell rings in its place.",
        file = file.display(),
        error = error
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_that_cannot_ring_is_told_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bell.mp3");
        let text = trouble(&file).unwrap();
        assert!(
            text.contains("bell.mp3") && text.contains("No such file"),
            "{text}"
        );
        std::fs::write(&file, b"ID3 is no WAV").unwrap();
        assert!(trouble(&file).is_some());
    }
}
