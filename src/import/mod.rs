//! Clients from files, of whatever program wrote them: tables as CSV, and business cards.
//!
//! The first line of a table names the columns: those of [`ClientField`](crate::model::ClientField) in any order,
//! case and subset, `phone4`, `email2`, `city2` and so on for further ones; every other column is a
//! field of the office's own. Cells are parted by commas, semicolons or tabs; the text is UTF-8,
//! UTF-16 with its mark, or in a charset of old, which is guessed.
//!
//! A line, or a card, is about a client of the store when they share a number and the name, or, where
//! it has no number, name and company; a card also where its `UID` is the client's. Then a filled cell
//! replaces, a blank cell leaves what is there, and numbers are added. Any other line is a new client;
//! where its number is somebody else's too, the report says whose. A line with a mistake is left out,
//! and the report names line, field and what is allowed.

mod ahead;
mod calls;
mod cards;
pub(crate) mod cells;
mod columns;
mod contacts;
mod error;
mod format;
mod guess;
mod left_out;
mod line;
mod lines;
mod linphone;
mod preview;
mod records;
mod report;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use encoding_rs::Encoding;

use crate::model::{Country, Lists};
use crate::store::{Store, Writer};

use ahead::{Batch, Batches, each_batch};
pub use calls::{
    CallLogError, CallLogOptions, CallPreview, Extensions, import_calls, preview_calls,
};
use cards::CardFile;
use contacts::ContactFile;
pub use error::ImportError;
use format::Format;
pub use left_out::LeftOutFile;
use line::{Line, Refusal, Refused};
pub(crate) use lines::Lines;
use linphone::FriendFile;
pub use preview::{ColumnRead, Entry, Preview};
pub use records::import_records;
pub use report::{Change, Problem, Report};
use table::Table;
pub(crate) use text::Text;

/// Entries that are shown before an import.
const PREVIEWED: usize = 5;
/// The most columns.
const MAX_COLUMNS: usize = 250;

/// Hears how far an import is after each batch, and says whether it goes on.
pub type Watch<'a> = &'a mut dyn FnMut(&Report) -> ControlFlow<()>;

/// How to read the file.
#[derive(Default)]
pub struct Options<'a> {
    /// Whose numbers are written without a country code, where the line's own column `country`
    /// is no ISO code.
    pub country: Option<Country>,
    /// The charset; none: it is found out.
    pub encoding: Option<&'static Encoding>,
    /// Change nothing; report what would change.
    pub dry_run: bool,
    /// Columns of a table of clients, and the fields that they hold; an empty field: nothing that
    /// is kept. Others are known by their names, or guessed at.
    pub map: Vec<(String, String)>,
    /// Where clients that are left out are written, as they stand in the file, with the reason.
    pub rejected: Option<&'a mut dyn Write>,
    /// Told what was done after every few thousand entries; whether to go on.
    pub on_progress: Option<Watch<'a>>,
}

/// An entry of a file.
struct Sourced {
    /// The line where it begins.
    line: u64,
    /// What it says, or why it is left out.
    said: Result<Line, Refusal>,
    /// It, as it stands in the file.
    written: Box<dyn Written>,
}

/// A file of clients, one entry after the other.
trait Source: Send {
    /// The next entry; none at the end.
    fn next(&mut self) -> Result<Option<Sourced>, ImportError>;

    /// An error where no column says anything that clients are known by.
    fn is_of_use(&self) -> Result<(), ImportError> {
        Ok(())
    }

    /// Whether no column can say who an entry is about.
    fn is_nameless(&self) -> bool {
        false
    }

    /// What the columns hold, where it has any.
    fn columns(&self) -> Vec<ColumnRead> {
        Vec::new()
    }
}

/// An entry as it stands in the file.
trait Written: Send {
    /// About how much it takes in memory, octets.
    fn octets(&self) -> usize;

    /// Writes it, and why it was left out.
    fn reject(&self, why: &str, output: &mut dyn Write) -> io::Result<()>;
}

/// A file that was opened: its entries, and the charset it was in where that is not UTF-8.
struct Opened<'i> {
    source: Box<dyn Source + 'i>,
    charset: Option<&'static str>,
}

/// Imports the clients of a file of any format that is known; its beginning tells which.
pub fn import_file(
    store: &mut Store,
    input: impl Read + Send,
    options: Options<'_>,
) -> Result<Report, ImportError> {
    let mut opened = opened(store, input, &options)?;
    opened.source.is_of_use()?;
    import(store, &mut *opened.source, opened.charset, options)
}

/// Reads the beginning of a file of any format that is known, as an import would.
pub fn preview_file(
    store: &Store,
    input: impl Read + Send,
    options: &Options<'_>,
) -> Result<Preview, ImportError> {
    let Opened {
        mut source,
        charset,
    } = opened(store, input, options)?;
    let mut entries = Vec::new();
    while entries.len() < PREVIEWED
        && let Some(Sourced { line, said, .. }) = source.next()?
    {
        let said = said.map(|said| said.shown());
        let said = said.map_err(|refusal| Problem::new(line, refusal));
        entries.push(Entry { line, said });
    }
    Ok(Preview {
        columns: source.columns(),
        charset,
        is_nameless: source.is_nameless(),
        is_of_use: source.is_of_use().is_ok(),
        entries,
    })
}

/// The file as what it is.
fn opened<'i>(
    store: &Store,
    input: impl Read + Send + 'i,
    options: &Options<'_>,
) -> Result<Opened<'i>, ImportError> {
    let country = options.country;
    let text = Text::new(input, options.encoding, country)?;
    let format = Format::of(&text)?;
    let text = match format {
        Format::Cards if options.encoding.is_none() => text.of_cards(),
        _ => text,
    };
    let charset = text.charset();
    let source: Box<dyn Source + 'i> = match format {
        Format::Table => {
            let lists = store.read(|reader| reader.lists())?;
            Box::new(Table::new(text, &options.map, country, &lists)?)
        }
        Format::Cards => Box::new(CardFile::new(text, country)),
        Format::MicroSip => Box::new(ContactFile::new(text, country)),
        Format::Linphone => Box::new(FriendFile::new(text, country)),
    };
    Ok(Opened { source, charset })
}

/// Imports the clients of a CSV file.
pub fn import_clients(
    store: &mut Store,
    input: impl Read + Send,
    options: Options<'_>,
) -> Result<Report, ImportError> {
    let lists = store.read(|reader| reader.lists())?;
    let text = Text::new(input, options.encoding, options.country)?;
    let charset = text.charset();
    let mut table = Table::new(text, &options.map, options.country, &lists)?;
    table.is_of_use()?;
    import(store, &mut table, charset, options)
}

fn import(
    store: &mut Store,
    source: &mut dyn Source,
    charset: Option<&'static str>,
    options: Options<'_>,
) -> Result<Report, ImportError> {
    let lists = store.read(|reader| reader.lists())?;
    let mut import = Import {
        lists: lists.clone(),
        rejected: options.rejected,
        on_progress: options.on_progress,
        report: Report {
            dry_run: options.dry_run,
            charset,
            ..Report::default()
        },
    };
    store.expect_much()?;
    let read = each_batch(source, &lists, |batches| match options.dry_run {
        // One transaction for all, so that lines see those before them.
        true => {
            store.try_out(|writer| import.each(batches, |import, batch| import.keep(batch, writer)))
        }
        false => import.each(batches, |import, batch| {
            store.write(|writer| import.keep(batch, writer))
        }),
    });
    if !import.report.dry_run {
        // What was kept before an error stays too.
        store.settle()?;
    }
    read?;
    Ok(import.report)
}

/// An import on its way.
struct Import<'r> {
    lists: Lists,
    rejected: Option<&'r mut dyn Write>,
    on_progress: Option<Watch<'r>>,
    report: Report,
}

impl Import<'_> {
    /// Does one batch after the other, until there are no more or somebody has had enough.
    fn each(
        &mut self,
        batches: Batches,
        mut keep: impl FnMut(&mut Self, &mut Batch) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        while let Some(batch) = batches.next() {
            let mut batch = batch?;
            keep(self, &mut batch)?;
            batches.give_back(batch);
            if let Some(tell) = &mut self.on_progress
                && tell(&self.report).is_break()
            {
                self.report.was_stopped = true;
                break;
            }
        }
        Ok(())
    }

    /// Keeps the entries of a batch.
    fn keep(&mut self, batch: &mut Batch, writer: &mut Writer<'_>) -> Result<(), ImportError> {
        writer.gather_texts();
        for entry in batch {
            let kept = match &mut entry.said {
                Ok(line) => line.keep(writer, &mut self.lists),
                Err(refusal) => Err(Refused::Line(refusal.clone())),
            };
            match kept {
                Ok(kept) => self.report.keep(entry.line, kept),
                Err(refused) => {
                    let problem = Problem::new(entry.line, refused.refusal()?);
                    self.reject(problem, &*entry.written)?;
                }
            }
        }
        Ok(())
    }

    fn reject(&mut self, problem: Problem, written: &dyn Written) -> Result<(), ImportError> {
        if let Some(output) = &mut self.rejected {
            let rejected = written.reject(&problem.to_string(), output);
            rejected.map_err(ImportError::Rejected)?;
        }
        self.report.refuse(problem);
        Ok(())
    }
}
