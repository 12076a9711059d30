//! The program's own journal, `log/ringbook.log` in the profile: what engineers read. What people
//! are to know comes as notices.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::profile::Profile;

/// A journal that has grown larger is kept once, as `ringbook.log.old`.
const LARGE: u64 = 4 * 1024 * 1024;

/// Begins the journal: warnings and errors, or what `RINGBOOK_LOG` asks for (`debug`,
/// `ringbook::store=trace`).
pub(super) fn begin(profile: &Profile) {
    let journal = Journal {
        folder: profile.log(),
        file: Arc::default(),
    };
    let format = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(journal);
    // A second one in the same process is refused, which changes nothing.
    let _ = match std::env::var("RINGBOOK_LOG") {
        Ok(asked) => format.with_env_filter(EnvFilter::new(asked)).try_init(),
        Err(_) => format.with_max_level(LevelFilter::WARN).try_init(),
    };
}

/// Opened by the first line: most runs have nothing to say.
#[derive(Clone)]
struct Journal {
    folder: PathBuf,
    file: Arc<Mutex<Option<File>>>,
}

impl Journal {
    fn open(&self) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        let path = self.folder.join("ringbook.log");
        if fs::metadata(&path).is_ok_and(|file| file.len() > LARGE) {
            fs::rename(&path, path.with_extension("log.old"))?;
        }
        File::options().create(true).append(true).open(path)
    }
}

impl Write for Journal {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.is_none() {
            *file = Some(self.open()?);
        }
        file.as_mut()
            .map_or(Ok(line.len()), |file| file.write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Journal {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
