//! Whether the sound files that are to ring can: looked into when the settings name them, not when somebody calls.

use std::path::{Path, PathBuf};
use std::thread;

use ringbook_media::device::Clip;

use super::message::{Inbox, Message};
use crate::automation::NoticeKind;
use crate::settings::Settings;
use crate::tr;

/// The files that were looked into.
pub(super) struct Ringtones {
    files: Vec<PathBuf>,
    inbox: Inbox,
}

impl Ringtones {
    pub fn new(settings: &Settings, inbox: Inbox) -> Self {
        let files = Vec::new();
        let mut ringtones = Self { files, inbox };
        ringtones.set(settings);
        ringtones
    }

    /// Reads the files that the settings did not name before; what cannot ring is told.
    pub fn set(&mut self, settings: &Settings) {
        let files = settings.ringtone_files();
        let mut files: Vec<_> = files.into_iter().map(Path::to_owned).collect();
        std::mem::swap(&mut self.files, &mut files);
        let is_new = |file: &&PathBuf| !files.contains(file);
        look_into(
            self.files.iter().filter(is_new).cloned().collect(),
            self.inbox.clone(),
        );
    }
}

/// Reads the files on a thread of its own, which nobody waits for.
fn look_into(files: Vec<PathBuf>, inbox: Inbox) {
    if files.is_empty() {
        return;
    }
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
