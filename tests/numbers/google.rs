//! Google's libphonenumber, as its port to Python has it, in a virtual environment below `target/`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::thread;

use super::python;

/// The numbering plans that our own library has, too.
const PACKAGE: &str = "phonenumbers==9.0.42";

/// One spelling of one number.
#[derive(Debug)]
pub struct Line {
    /// In which way it is spelt.
    pub kind: String,
    /// The country whose rules read it.
    pub country: String,
    /// The number as E.164 and its extension.
    pub is: (String, String),
    /// The same as Google's library reads them; empty where it reads none.
    pub google: (String, String),
    /// What is written.
    pub text: String,
}

impl Line {
    fn read(line: &str) -> Self {
        let mut cells = line.splitn(7, '\t').map(str::to_owned);
        let mut next = || cells.next().expect("seven cells a line");
        Self {
            kind: next(),
            country: next(),
            is: (next(), next()),
            google: (next(), next()),
            text: next(),
        }
    }
}

/// A Python that has the library.
pub struct Python(PathBuf);

impl Python {
    /// None, and a line that says so, where Python or its packages are out of reach.
    pub fn with_phonenumbers() -> Option<Self> {
        python::with(&[PACKAGE]).map(Self)
    }

    /// Has two processes write numbers in all their spellings, and hands each one's lines to `each`.
    pub fn spellings<T: Send>(
        &self,
        seed: u64,
        numbers: u64,
        each: impl Fn(&mut dyn Iterator<Item = Line>) -> T + Sync,
    ) -> Vec<T> {
        let half = |part: u32| {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/numbers/spellings.py");
            let mut child = Command::new(&self.0)
                .arg(script)
                .args([
                    seed.to_string(),
                    numbers.to_string(),
                    part.to_string(),
                    "2".to_owned(),
                ])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let done = each(&mut lines(child.stdout.take().unwrap()));
            assert!(child.wait().unwrap().success());
            done
        };
        thread::scope(|scope| {
            let halves: Vec<_> = [0, 1].map(|part| scope.spawn(move || half(part))).into();
            halves
                .into_iter()
                .map(|half| half.join().unwrap())
                .collect()
        })
    }
}

fn lines(output: ChildStdout) -> impl Iterator<Item = Line> {
    let lines = BufReader::new(output).lines();
    lines.map(|line| Line::read(&line.unwrap()))
}
