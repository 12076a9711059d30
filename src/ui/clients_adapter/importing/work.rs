//! The work of an import, on threads of its own with a connection of its own to the store: reading
//! the file's beginning, trying it out, bringing it in.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use encoding_rs::Encoding;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::import::{self, ImportError, LeftOutFile, Options, Preview, Report};
use crate::model::Country;
use crate::store::Store;
use crate::tr;

/// The most entries that are tried out: the store takes no other writes meanwhile.
const TRIED: u64 = 50_000;
/// News that wait for the window.
const WAITING: usize = 16;

/// What is to be read, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// The file.
    pub path: PathBuf,
    /// Its charset; none: it is found out.
    pub encoding: Option<&'static Encoding>,
    /// Whose numbers are written without a country code.
    pub country: Option<Country>,
    /// What columns are said to hold.
    pub map: Vec<(String, String)>,
}

/// How far it is.
#[derive(Debug)]
pub enum News {
    /// How the file would be read, and what the office's own fields are called.
    Read(Preview, Vec<String>),
    /// Entries so far.
    Counted(u64),
    /// What came of it, and where what was left out stands.
    Ended(Report, Option<PathBuf>),
    /// Why nothing, or no more, came of it.
    Failed(ImportError),
}

/// How a thread tells what it does, and learns that nobody wants it any more.
pub struct Line {
    news: Sender<News>,
    stop: Stop,
}

/// Brings the work on a line to an end, once a batch is whole.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks for the end.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Line {
    /// A line, where what is told on it arrives, and what ends it.
    pub fn new() -> (Self, Receiver<News>, Stop) {
        let (news, told) = channel(WAITING);
        let stop = Stop::default();
        let line = Self {
            news,
            stop: stop.clone(),
        };
        (line, told, stop)
    }

    fn is_over(&self) -> bool {
        self.stop.is_asked() || self.news.is_closed()
    }

    /// Tells what must not be lost.
    fn tell(&self, news: News) {
        // Nobody listens where the window is gone.
        let _ = self.news.blocking_send(news);
    }

    /// Tells how far it is, where somebody has ears for it; whether to go on.
    fn count(&self, entries: u64) -> ControlFlow<()> {
        let _ = self.news.try_send(News::Counted(entries));
        match self.is_over() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// Does the work on a thread of its own.
    pub fn run(self, work: impl FnOnce(&Self) -> Result<(), ImportError> + Send + 'static) {
        let news = self.news.clone();
        let done = move || {
            if let Err(error) = work(&self) {
                self.tell(News::Failed(error));
            }
        };
        let thread = std::thread::Builder::new().name("import".to_owned());
        if let Err(error) = thread.spawn(done) {
            let _ = news.try_send(News::Failed(error.into()));
        }
    }
}

/// Tells how the file would be read, and then what an import of it would do.
pub fn look(database: &Path, wanted: &Wanted, line: &Line) -> Result<(), ImportError> {
    let mut store = Store::open(database)?;
    let preview = import::preview_file(&store, opened(&wanted.path)?, &options(wanted))?;
    let lists = store.read(|reader| reader.lists())?;
    let is_of_use = preview.is_of_use;
    let fields = lists.fields.into_iter().map(|field| field.name).collect();
    line.tell(News::Read(preview, fields));
    if !is_of_use || line.is_over() {
        return Ok(());
    }
    let mut on_progress = |report: &Report| match report.entries() >= TRIED {
        true => ControlFlow::Break(()),
        false => line.count(report.entries()),
    };
    let options = Options {
        dry_run: true,
        on_progress: Some(&mut on_progress),
        ..options(wanted)
    };
    let report = import::import_file(&mut store, opened(&wanted.path)?, options)?;
    line.tell(News::Ended(report, None));
    Ok(())
}

/// Brings the file's clients in. What is left out is kept beside the file, or in `home`.
pub fn bring_in(
    database: &Path,
    wanted: &Wanted,
    home: Option<PathBuf>,
    line: &Line,
) -> Result<(), ImportError> {
    let mut store = Store::open(database)?;
    let mut left_out = LeftOutFile::beside(&wanted.path, home);
    let mut on_progress = |report: &Report| line.count(report.entries());
    let options = Options {
        rejected: Some(&mut left_out as &mut dyn Write),
        on_progress: Some(&mut on_progress),
        ..options(wanted)
    };
    let report = import::import_file(&mut store, opened(&wanted.path)?, options)?;
    let left_out = left_out.path().map(Path::to_owned);
    line.tell(News::Ended(report, left_out));
    Ok(())
}

fn options<'a>(wanted: &Wanted) -> Options<'a> {
    Options {
        country: wanted.country,
        encoding: wanted.encoding,
        map: wanted.map.clone(),
        ..Options::default()
    }
}

/// Opens a file; what would have to be waited for is none.
fn opened(path: &Path) -> io::Result<File> {
    let about = path.metadata().map_err(|error| match error.kind() {
        ErrorKind::NotFound => io::Error::new(ErrorKind::NotFound, tr!("there is no such file")),
        _ => error,
    })?;
    match about.is_file() {
        true => File::open(path),
        false => Err(io::Error::other(tr!("it is no file"))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// A folder with a store of one client and a file that is to be imported.
    struct Desk {
        folder: TempDir,
        wanted: Wanted,
    }

    impl Desk {
        fn new(file: impl AsRef<[u8]>) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("clients.csv");
            fs::write(&path, file).unwrap();
            let wanted = Wanted {
                path,
                country: Some("KZ".parse().unwrap()),
                ..Wanted::default()
            };
            let desk = Self { folder, wanted };
            let csv = "name,phone\nIvan,+77011112233\n".as_bytes();
            let mut store = Store::open(&desk.database()).unwrap();
            import::import_clients(&mut store, csv, Options::default()).unwrap();
            desk
        }

        fn database(&self) -> PathBuf {
            self.folder.path().join("ringbook.db")
        }

        fn clients(&self) -> u64 {
            let store = Store::open(&self.database()).unwrap();
            store.read(|reader| reader.count_clients()).unwrap()
        }

        /// What is told of the work, but for how far it is.
        fn told(
            &self,
            work: impl FnOnce(&Path, &Wanted, &Line) -> Result<(), ImportError>,
        ) -> Vec<News> {
            let (line, mut news, _) = Line::new();
            if let Err(error) = work(&self.database(), &self.wanted, &line) {
                line.tell(News::Failed(error));
            }
            let told = std::iter::from_fn(|| news.try_recv().ok());
            told.filter(|news| !matches!(news, News::Counted(_)))
                .collect()
        }
    }

    const FILE: &str =
        "ФИО;Телефон;Город\nIvan;87011112233;Алматы\nОльга;87011112234;\nПётр;нет;\n";

    #[test]
    fn a_file_is_read_and_tried_out_without_a_change_and_then_brought_in() {
        let (octets, ..) = encoding_rs::WINDOWS_1251.encode(FILE);
        let desk = Desk::new(octets);
        let told = desk.told(look);
        let [News::Read(preview, fields), News::Ended(tried, None)] = &told[..] else {
            panic!("{told:?}")
        };
        assert_eq!(preview.charset, Some("windows-1251"));
        assert!(preview.columns.iter().all(|column| column.is_guess) && fields.is_empty());
        assert_eq!((tried.added, tried.updated, tried.refused), (1, 1, 1));
        assert_eq!((tried.changes.len(), desk.clients()), (1, 1));

        let told = desk.told(|database, wanted, line| bring_in(database, wanted, None, line));
        let [News::Ended(done, Some(left_out))] = &told[..] else {
            panic!("{told:?}")
        };
        assert_eq!((done.added, done.updated, done.refused), (1, 1, 1));
        assert_eq!(desk.clients(), 2);
        assert_eq!(*left_out, desk.folder.path().join("clients.left-out.csv"));
        let kept = fs::read_to_string(left_out).unwrap();
        assert!(
            kept.starts_with("ФИО;Телефон;Город;left_out_because\nПётр;нет;;"),
            "{kept}"
        );
    }

    #[test]
    fn what_the_columns_are_said_to_hold_counts_and_without_a_name_nothing_is_tried() {
        let mut desk = Desk::new("Farbe,Größe\nrot,1\n");
        let told = desk.told(look);
        let [News::Read(preview, _)] = &told[..] else {
            panic!("{told:?}")
        };
        assert!(!preview.is_of_use);
        desk.wanted.map = vec![("Farbe".into(), "name".into())];
        let told = desk.told(look);
        assert!(
            matches!(&told[..], [News::Read(..), News::Ended(report, None)] if report.added == 1)
        );
    }

    #[test]
    fn an_import_that_is_stopped_keeps_whole_batches() {
        let rows: String = (0..12_000)
            .map(|n| format!("Client {n},+7701{n:07}\n"))
            .collect();
        let desk = Desk::new(format!("name,phone\n{rows}"));
        let told = desk.told(|database, wanted, line| {
            line.stop.ask();
            bring_in(database, wanted, None, line)
        });
        let [News::Ended(report, None)] = &told[..] else {
            panic!("{told:?}")
        };
        assert!(report.was_stopped);
        assert_eq!((report.added, desk.clients()), (5000, 5001));
    }

    #[test]
    fn what_is_no_file_is_refused_in_words() {
        let mut desk = Desk::new("");
        let failed = |desk: &Desk| match &desk.told(look)[..] {
            [News::Failed(error)] => error.to_string(),
            other => panic!("{other:?}"),
        };
        assert!(failed(&desk).contains("the file is empty"));
        desk.wanted.path = desk.folder.path().join("absent.csv");
        assert_eq!(
            failed(&desk),
            "the file cannot be read: there is no such file"
        );
        desk.wanted.path = desk.folder.path().to_owned();
        assert_eq!(failed(&desk), "the file cannot be read: it is no file");
    }
}
