//! The file for what an import leaves out.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Names that are tried where the first is taken.
const NAMES: usize = 100;

/// A file that is made when something is written into it, and never in the place of another.
pub struct LeftOutFile {
    /// Where it may be made, what is wished first at the beginning.
    places: Box<dyn Iterator<Item = PathBuf> + Send>,
    made: Option<(PathBuf, File)>,
}

impl LeftOutFile {
    /// The file of this name.
    pub fn at(path: &Path) -> Self {
        Self::of(std::iter::once(path.to_owned()))
    }

    /// Beside the file that is imported, as `NAME.left-out.csv`; else in `home`, where that folder
    /// cannot be written.
    pub fn beside(source: &Path, home: Option<PathBuf>) -> Self {
        let beside = source.parent().map(Path::to_owned);
        let stem = source.file_stem().unwrap_or(OsStr::new("clients"));
        let stem = stem.to_string_lossy().into_owned();
        let ending = source.extension().map(OsStr::to_string_lossy);
        let ending = ending.map_or_else(String::new, |ending| format!(".{ending}"));
        let names = (1..=NAMES).map(move |n| match n {
            1 => format!("{stem}.left-out{ending}"),
            n => format!("{stem}.left-out-{n}{ending}"),
        });
        let folders = beside.into_iter().chain(home);
        Self::of(folders.flat_map(move |folder| {
            let names = names.clone();
            names.map(move |name| folder.join(name))
        }))
    }

    fn of(places: impl Iterator<Item = PathBuf> + Send + 'static) -> Self {
        Self {
            places: Box::new(places),
            made: None,
        }
    }

    /// The file, where something was written into it.
    pub fn path(&self) -> Option<&Path> {
        self.made.as_ref().map(|(path, _)| &**path)
    }

    /// Makes the file at the first place that is free.
    fn make(&mut self) -> io::Result<(PathBuf, File)> {
        let mut wrong = io::Error::from(ErrorKind::AlreadyExists);
        for path in &mut self.places {
            match File::create_new(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) => wrong = error,
            }
        }
        Err(wrong)
    }
}

impl Write for LeftOutFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.made.is_none() {
            self.made = Some(self.make()?);
        }
        match &mut self.made {
            Some((_, file)) => file.write(octets),
            None => Ok(0),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.made.as_mut().map_or(Ok(()), |(_, file)| file.flush())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    #[test]
    fn nothing_is_made_before_it_is_needed_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("clients.csv");
        let taken = folder.path().join("clients.left-out.csv");
        fs::write(&taken, "mine").unwrap();
        let mut file = LeftOutFile::beside(&source, None);
        assert_eq!(file.path(), None);
        file.write_all(b"bob").unwrap();
        file.write_all(b"by").unwrap();
        let made = folder.path().join("clients.left-out-2.csv");
        assert_eq!(file.path(), Some(&*made));
        assert_eq!(fs::read_to_string(made).unwrap(), "bobby");
        assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
        assert!(LeftOutFile::at(&taken).write_all(b"x").is_err());
    }

    #[test]
    fn where_the_folder_takes_nothing_it_lies_at_home() {
        let home = tempfile::tempdir().unwrap();
        let source = home.path().join("absent/clients");
        let mut file = LeftOutFile::beside(&source, Some(home.path().to_owned()));
        file.write_all(b"x").unwrap();
        assert_eq!(file.path(), Some(&*home.path().join("clients.left-out")));
    }
}
