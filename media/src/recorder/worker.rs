//! The recorder's thread: writes all recordings.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, Sender, TryRecvError, channel},
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};

use super::{
    Finished, RecordingError, RecordingFormat,
    recording::{Closing, Progress, Recording},
    tap::{Tap, TapEnd},
};

/// How often the files grow. With a block of the tap (60 ms) this is what a crash of ours can take.
const PERIOD: Duration = Duration::from_millis(200);
/// What was written is put on the disk after this time: every second period. So a power cut takes less than half a
/// second.
const SYNC_AFTER: Duration = Duration::from_millis(300);
/// How much of a period may go into waiting for the disk; if it is too slow the recordings take turns.
const SYNC_BUDGET: Duration = Duration::from_millis(150);
/// From so many recordings on it is cheaper to sync the whole disk.
const MANY: usize = 8;

/// What a recording says about itself, on the recorder's thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The file exists and grows.
    Started,
    /// The file is complete.
    Finished(Finished),
    /// The recording ended early. What could be saved is a file that plays.
    Failed {
        /// Why.
        error: RecordingError,
        /// `None`: there is no file of ours.
        saved: Option<Finished>,
    },
}

/// A recording to be made.
pub struct RecordingRequest {
    /// The file; its folder is created if need be.
    pub path: PathBuf,
    /// How to store it.
    pub format: RecordingFormat,
    /// 2: agent and client; 1: what was heard.
    pub channels: u16,
    /// Samples a second in the file.
    pub rate: u32,
    /// Whether an existing file may be replaced.
    pub overwrite: bool,
    /// Told what becomes of it.
    pub report: Box<dyn Fn(Report) + Send>,
}

/// Writes recordings on a thread of its own. Dropping it waits until all are closed; their taps must be gone by then.
pub struct Recorder {
    requests: Option<Sender<(RecordingRequest, TapEnd)>>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Starts the thread; it sleeps until there is something to record.
    ///
    /// # Errors
    /// The system gives us no thread.
    pub fn start() -> io::Result<Self> {
        let (requests, inbox) = channel();
        let thread = thread::Builder::new()
            .name("recorder".into())
            .spawn(move || Worker::default().run(&inbox))?;
        Ok(Self {
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// Begins a recording. The file is created on the recorder's thread; what becomes of it is reported.
    pub fn record(&self, request: RecordingRequest) -> Option<Tap> {
        let thread = self.thread()?.clone();
        let (tap, end) = Tap::new(thread.clone());
        self.requests.as_ref()?.send((request, end)).ok()?;
        thread.unpark();
        Some(tap)
    }

    fn thread(&self) -> Option<&Thread> {
        self.thread.as_ref().map(JoinHandle::thread)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// A recording and whom to tell about it.
struct Job {
    stage: Stage,
    report: Box<dyn Fn(Report) + Send>,
    failed: Option<RecordingError>,
}

enum Stage {
    Growing(Box<Recording<File>>),
    Closing(Closing<File>),
    Over,
}

#[derive(Default)]
struct Worker {
    jobs: Vec<Job>,
}

impl Worker {
    fn run(mut self, inbox: &Receiver<(RecordingRequest, TapEnd)>) {
        loop {
            let open = loop {
                match inbox.try_recv() {
                    Ok((request, tap)) => self.begin(request, tap),
                    Err(TryRecvError::Empty) => break true,
                    Err(TryRecvError::Disconnected) => break false,
                }
            };
            for job in &mut self.jobs {
                job.advance();
            }
            self.sync();
            self.jobs.retain(|job| !matches!(job.stage, Stage::Over));
            if self
                .jobs
                .iter()
                .any(|job| matches!(job.stage, Stage::Closing(_)))
            {
                continue;
            }
            match (self.jobs.is_empty(), open) {
                (true, false) => return,
                (true, true) => thread::park(),
                (false, _) => thread::park_timeout(PERIOD),
            }
        }
    }

    fn begin(&mut self, request: RecordingRequest, tap: TapEnd) {
        let begun = create(&request.path, request.overwrite).and_then(|file| {
            Recording::begin(
                request.format,
                file,
                tap,
                request.channels,
                request.rate,
                Instant::now(),
            )
        });
        match begun {
            Ok(recording) => {
                (request.report)(Report::Started);
                self.jobs.push(Job {
                    stage: Stage::Growing(Box::new(recording)),
                    report: request.report,
                    failed: None,
                });
            }
            Err(error) => (request.report)(Report::Failed {
                error: error.into(),
                saved: None,
            }),
        }
    }

    /// Puts the files on the disk, those that have waited longest first.
    fn sync(&mut self) {
        let begin = Instant::now();
        self.jobs.sort_by_key(Job::unsynced_since);
        let mut due: Vec<&mut Job> = self
            .jobs
            .iter_mut()
            .filter(|job| {
                job.unsynced_since()
                    .is_some_and(|since| begin.duration_since(since) >= SYNC_AFTER)
            })
            .collect();
        if due.len() >= MANY && sync_disks(&mut due, begin) {
            return;
        }
        for job in due {
            if begin.elapsed() > SYNC_BUDGET {
                return;
            }
            job.sync();
        }
    }
}

/// Syncs the disks of all these recordings. False: it is not possible here, or a disk has reported an error; then each
/// file has to be asked.
fn sync_disks(due: &mut [&mut Job], begin: Instant) -> bool {
    let mut disks = Vec::new();
    for job in due.iter_mut() {
        let Stage::Growing(recording) = &mut job.stage else {
            continue;
        };
        let Ok(Some(disk)) = recording.checkpoint() else {
            return false;
        };
        disks.push(disk);
    }
    for (index, job) in due.iter_mut().enumerate() {
        let first = disks.iter().position(|disk| *disk == disks[index]) == Some(index);
        if let Stage::Growing(recording) = &mut job.stage
            && first
            && recording.sync_disk().is_err()
        {
            return false;
        }
    }
    for job in due {
        if let Stage::Growing(recording) = &mut job.stage {
            recording.synced(begin);
        }
    }
    true
}

impl Job {
    fn advance(&mut self) {
        match &mut self.stage {
            Stage::Growing(recording) => match recording.write() {
                Ok(Progress::Growing) => {}
                Ok(Progress::Complete) => self.close(None),
                Err(error) => self.close(Some(error)),
            },
            Stage::Closing(closing) => match closing.hash() {
                Ok(None) => {}
                Ok(Some(finished)) => self.finish(finished),
                Err(error) => self.give_up(error),
            },
            Stage::Over => {}
        }
    }

    fn unsynced_since(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Growing(recording) => recording.unsynced_since(),
            _ => None,
        }
    }

    fn sync(&mut self) {
        if let Stage::Growing(recording) = &mut self.stage
            && recording.unsynced_since().is_some()
            && let Err(error) = recording.sync(Instant::now())
        {
            self.close(Some(error));
        }
    }

    fn close(&mut self, failed: Option<RecordingError>) {
        self.failed = failed;
        if let Stage::Growing(recording) = std::mem::replace(&mut self.stage, Stage::Over) {
            match recording.close(self.failed.is_some()) {
                Ok(closing) => self.stage = Stage::Closing(closing),
                Err(error) => self.give_up(error),
            }
        }
    }

    fn finish(&mut self, finished: Finished) {
        self.stage = Stage::Over;
        (self.report)(match self.failed.take() {
            None => Report::Finished(finished),
            Some(error) => Report::Failed {
                error,
                saved: Some(finished),
            },
        });
    }

    /// Not even closing worked: the file is as it was a moment ago, and a repair makes the best of it.
    fn give_up(&mut self, error: RecordingError) {
        self.stage = Stage::Over;
        let error = self.failed.take().unwrap_or(error);
        (self.report)(Report::Failed { error, saved: None });
    }
}

/// Creates the file so that only its owner can read it.
fn create(path: &Path, overwrite: bool) -> io::Result<File> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    if overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    if let Some(folder) = folder {
        // The file's name must survive a power cut too.
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}
