//! The thread that listens to finished recordings, and looks whether their files are still there: nobody
//! waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ringbook_media::conversation::{Conversation, FRAME};
use ringbook_media::recorder::analyse;

use super::message::{Inbox, Message};
use crate::automation::{Analysed, Body, NoticeKind};
use crate::export::{look_for, look_for_all, recording_path};
use crate::model::{Analysis, Findings, RecordingRow};
use crate::profile::Profile;
use crate::store::{self, Store};
use crate::tr;

/// Recordings that are listened to at one look. What is left over is for the next one.
const AT_ONE_LOOK: usize = 500;

/// How long the files of all recordings are taken to be as they were found.
const KNOWN_FOR: Duration = Duration::from_secs(60 * 60);

/// The way to the thread, once there is a store.
pub(super) struct Analyst {
    looks: Option<Sender<()>>,
    inbox: Inbox,
}

impl Analyst {
    pub fn new(inbox: Inbox) -> Self {
        Self { looks: None, inbox }
    }

    /// The store is there: listen to what nobody has listened to.
    ///
    /// The thread gets a connection to the store of its own, as a command would have, so that the end of
    /// the phone does not wait for a long recording: the next start goes on with it.
    pub fn begin(&mut self, profile: &Profile) {
        let (send, looks) = channel();
        let (database, recordings) = (profile.database(), profile.recordings());
        let inbox = self.inbox.clone();
        let thread = thread::Builder::new().name("analyst".to_owned());
        match thread.spawn(move || run(&looks, &database, &recordings, &inbox)) {
            Ok(_) => {
                self.looks = Some(send);
                self.look();
            }
            Err(error) => {
                let trouble = Message::Notice(NoticeKind::Recording, error.to_string());
                self.inbox.put(trouble);
            }
        }
    }

    /// There are recordings in the store that nobody has listened to.
    pub fn look(&self) {
        if let Some(looks) = &self.looks {
            let _ = looks.send(());
        }
    }
}

fn run(looks: &Receiver<()>, database: &Path, recordings: &Path, inbox: &Inbox) {
    let mut trouble = None;
    let mut known: Option<Instant> = None;
    while !matches!(
        looks.recv_timeout(KNOWN_FOR),
        Err(RecvTimeoutError::Disconnected)
    ) {
        // One look finds what came meanwhile, too.
        while looks.try_recv().is_ok() {}
        let looked = match known {
            Some(since) if since.elapsed() < KNOWN_FOR => Ok(()),
            _ => {
                known = Some(Instant::now());
                look_around(database, recordings, inbox)
            }
        };
        let looked = looked.and_then(|()| look(database, recordings, inbox));
        let error = looked.err().map(|error| error.to_string());
        if error != trouble
            && let Some(why) = &error
        {
            let text = tr!("Recordings were not analysed: {why}", why = why);
            inbox.put(Message::Notice(NoticeKind::Recording, text));
        }
        trouble = error;
    }
}

/// Looks for the files of all recordings: a disk may be connected or not, a file may have come or gone.
fn look_around(database: &Path, recordings: &Path, inbox: &Inbox) -> store::Result<()> {
    let mut store = Store::open(database)?;
    look_for_all(&mut store, recordings, || inbox.is_open())
}

/// Listens to one recording after the other, the latest first.
fn look(database: &Path, recordings: &Path, inbox: &Inbox) -> store::Result<()> {
    let mut store = Store::open(database)?;
    for _ in 0..AT_ONE_LOOK {
        let next = store.read(|reader| reader.recording_to_analyse())?;
        let Some(row) = next.filter(|_| inbox.is_open()) else {
            break;
        };
        let files = store.read(|reader| reader.recording_files_of(row.call))?;
        look_for(&mut store, recordings, &files)?;
        let analysis = Analysis {
            recording: row.id,
            found: listened(recordings, &row),
            analysed_at: Timestamp::now(),
        };
        store.write(|writer| writer.save_analysis(&analysis))?;
        let told = Analysed::new(&row, analysis.found);
        inbox.put(Message::Tell(Body::Analysis(Box::new(told))));
    }
    Ok(())
}

/// What is in the recording, or why that cannot be told. A file that breaks the decoder costs its own
/// analysis, not the thread.
fn listened(recordings: &Path, row: &RecordingRow) -> Result<Findings, String> {
    let path: PathBuf = recording_path(recordings, &row.file).map_err(|error| error.to_string())?;
    match catch_unwind(AssertUnwindSafe(|| analyse(&path))) {
        Ok(Ok(conversation)) => Ok(findings(&conversation)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(tr!("the file cannot be decoded")),
    }
}

/// Frames as shares and lengths of time, and what stands out.
fn findings(heard: &Conversation) -> Findings {
    // To four digits: what is behind them is less than a frame in minutes.
    let share = |frames: u64| {
        let share = frames as f64 / heard.frames.max(1) as f64;
        (share * 10_000.0).round() / 10_000.0
    };
    let findings = Findings {
        agent: share(heard.agent),
        client: share(heard.client),
        silence: share(heard.silence),
        overlap: share(heard.overlap),
        longest_silence: lasting(heard.longest_silence),
        longest_monologue: lasting(heard.longest_monologue),
        interrupted_by_agent: number(heard.interrupted_by_agent),
        interrupted_by_client: number(heard.interrupted_by_client),
        flags: Vec::new(),
    };
    findings.flagged(lasting(heard.frames))
}

/// How long so many frames are.
fn lasting(frames: u64) -> Duration {
    FRAME.saturating_mul(number(frames))
}

fn number(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::AnalysisFlag::{LongSilence, OneSided, TooShort};
    use crate::model::{CallId, CallRecord, Direction, Missing, RecordingId, RecordingState};

    /// A closed call whose recording of two channels holds these octets of sound; where none, no file.
    fn recorded(folder: &Path, store: &mut Store, sound: Option<&[u8]>) -> RecordingRow {
        let began = Timestamp::now();
        let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, began);
        call.ended_at = Some(began);
        let row = RecordingRow {
            id: RecordingId::new(),
            call: call.call,
            file: format!("{}.wav", call.call),
            started_at: began,
            duration: Duration::ZERO,
            channels: 2,
            sample_rate: 8_000,
            codec: "pcm_s16le".to_owned(),
            size: 0,
            sha256: None,
            state: RecordingState::Finished,
        };
        if let Some(sound) = sound {
            std::fs::write(folder.join(&row.file), wav(sound)).unwrap();
        }
        let written = store.write(|w| {
            w.save_call(&call)?;
            w.save_recording(&row)
        });
        written.unwrap();
        row
    }

    fn wav(sound: &[u8]) -> Vec<u8> {
        let length = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
        let mut file = b"RIFF".to_vec();
        file.extend(length(36 + sound.len()));
        file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0\0\x7d\0\0\x04\0\x10\0data");
        file.extend(length(sound.len()));
        file.extend(sound);
        file
    }

    #[test]
    fn s5_31_a_look_around_finds_what_has_gone_and_what_has_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("ringbook.db");
        let mut store = Store::open(&database).unwrap();
        let rows: Vec<_> = (0..3)
            .map(|_| recorded(folder.path(), &mut store, Some(&[0; 8])))
            .collect();
        let (inbox, _messages) = Inbox::new();
        let is_recorded = |row: &RecordingRow| {
            let line = store.read(|r| r.find_call(row.call)).unwrap().unwrap();
            line.is_recorded()
        };
        let path = folder.path().join(&rows[1].file);
        let sound = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        look_around(&database, folder.path(), &inbox).unwrap();
        assert_eq!(
            [0, 1, 2].map(|n| is_recorded(&rows[n])),
            [true, false, true]
        );
        std::fs::write(&path, sound).unwrap();
        look_around(&database, folder.path(), &inbox).unwrap();
        assert!(rows.iter().all(is_recorded));
    }

    #[test]
    fn s1_29_what_was_never_listened_to_is_and_what_cannot_be_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("ringbook.db");
        let mut store = Store::open(&database).unwrap();
        // Twelve seconds of nothing but zeros, a file without sound, and none.
        let silence = vec![0; 12 * 32_000];
        let quiet = recorded(folder.path(), &mut store, Some(&silence));
        let empty = recorded(folder.path(), &mut store, Some(&[]));
        let gone = recorded(folder.path(), &mut store, None);
        let (inbox, mut messages) = Inbox::new();
        look(&database, folder.path(), &inbox).unwrap();

        let found = |row: &RecordingRow| {
            let analysis = store.read(|r| r.find_analysis(row.id)).unwrap();
            analysis.unwrap().found
        };
        let silent = found(&quiet).unwrap();
        assert_eq!((silent.agent, silent.silence), (0.0, 1.0));
        assert_eq!(silent.longest_silence, Duration::from_secs(12));
        assert_eq!(silent.flags, [OneSided, LongSilence]);
        assert_eq!(found(&empty).unwrap().flags, [TooShort, OneSided]);
        assert!(!found(&gone).unwrap_err().is_empty());
        let line = store.read(|r| r.find_call(gone.call)).unwrap().unwrap();
        assert_eq!(line.missing, Some(Missing::Gone));

        let told = std::iter::from_fn(|| messages.try_recv().ok());
        let is_told = |m: &Message| matches!(m, Message::Tell(Body::Analysis(_)));
        assert_eq!(told.filter(is_told).count(), 3);
        // Nothing is left to do.
        look(&database, folder.path(), &inbox).unwrap();
        assert!(messages.try_recv().is_err());
    }
}
