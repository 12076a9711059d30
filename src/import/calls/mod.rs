//! Call logs of PBXs: `Master.csv` of Asterisk, and any other table whose columns are known.
//!
//! A line is one call and becomes one row of the log, with an id that is the same however often the file is read.
//! Asterisk writes a line for each phone that rang: of several with one `uniqueid` the call has what the one says
//! that was answered, else the first. A row that a phone of ours has written is never changed.

mod columns;
mod error;
mod line;
mod names;
mod parties;
mod preview;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::{Read, Write};

use csv::StringRecord;
use encoding_rs::Encoding;
use jiff::tz::TimeZone;

use super::ahead::{BATCH, BATCH_OCTETS};
use super::line::Refusal;
use super::lines::Lines;
use super::report::{Problem, Report};
use super::table::{Cells, Heading};
use super::text::Text;
use super::{ImportError, PREVIEWED, Written};
use crate::model::{CallRecord, CategoryId, ClientId, Country, PhoneNumber, TalkLimits};
use crate::store::{BroughtCall, Reader, Store, StoreError, Writer};
use crate::tariffs::Tariffs;
use columns::Columns;
pub use error::CallLogError;
use line::Reading;
pub use parties::Extensions;
use parties::House;
pub use preview::CallPreview;

/// How a call log is read.
pub struct CallLogOptions<'a> {
    /// Whose clock the file shows, where a time does not say.
    pub zone: TimeZone,
    /// Whose numbers are written without a country code.
    pub country: Option<Country>,
    /// The charset; none: it is found out.
    pub encoding: Option<&'static Encoding>,
    /// Columns by name, and the fields that they hold; an empty field: nothing that is kept.
    pub map: Vec<(String, String)>,
    /// The office's own numbers; none: those of the employees, and all of two to five digits.
    pub extensions: Extensions,
    /// The address of record of the line on which the calls were; may be empty.
    pub line: String,
    /// What calls cost.
    pub tariffs: Tariffs,
    /// How long they may last.
    pub limits: TalkLimits,
    /// Change nothing; report what would change.
    pub dry_run: bool,
    /// Where lines that are left out are written, as they stand in the file, with the reason.
    pub rejected: Option<&'a mut dyn Write>,
}

/// Imports the calls of a file.
pub fn import_calls(
    store: &mut Store,
    input: impl Read,
    mut options: CallLogOptions<'_>,
) -> Result<Report, CallLogError> {
    let mut file = CallFile::open(store, input, &mut options)?;
    let mut import = Import {
        report: Report {
            dry_run: options.dry_run,
            charset: file.charset,
            ..Report::default()
        },
        rejected: options.rejected,
        known: Known {
            tariffs: options.tariffs,
            limits: options.limits,
            ..Known::default()
        },
    };
    store.expect_much()?;
    let read = match options.dry_run {
        // One transaction for all, so that lines see those before them.
        true => store.try_out(|writer| {
            while import.keep(&file.batch()?, writer)? {}
            Ok(())
        }),
        false => import.each(&mut file, store),
    };
    if !options.dry_run {
        // What was kept before an error stays too.
        store.settle()?;
    }
    read.map(|()| import.report)
}

/// Reads the beginning of a file, as an import would.
pub fn preview_calls(
    store: &Store,
    input: impl Read,
    mut options: CallLogOptions<'_>,
) -> Result<CallPreview, CallLogError> {
    let mut file = CallFile::open(store, input, &mut options)?;
    let mut calls = Vec::new();
    while calls.len() < PREVIEWED
        && let Some(entry) = file.next()?
    {
        let said = entry.said.map(Box::new);
        calls.push((
            entry.line,
            said.map_err(|why| Problem::new(entry.line, why)),
        ));
    }
    Ok(CallPreview {
        columns: file.reading.columns.read(),
        charset: file.charset,
        zone: file.reading.zone,
        calls,
    })
}

/// A line of the file.
struct Entry {
    line: u64,
    /// The call, or why it is none.
    said: Result<CallRecord, Refusal>,
    written: Cells,
}

/// The file and what its columns hold.
struct CallFile<R> {
    lines: Lines<R>,
    /// The first line, where it is a call as well.
    first: Option<StringRecord>,
    heading: std::sync::Arc<Heading>,
    charset: Option<&'static str>,
    reading: Reading,
}

impl<R: Read> CallFile<Text<R>> {
    fn open(
        store: &Store,
        input: R,
        options: &mut CallLogOptions<'_>,
    ) -> Result<Self, CallLogError> {
        let text =
            Text::new(input, options.encoding, options.country).map_err(ImportError::Read)?;
        let charset = text.charset();
        let lines = Lines::new(text)?;
        let asterisk = Columns::of_asterisk(&lines.header);
        let is_asterisk = asterisk.is_some();
        let columns = match asterisk {
            Some(columns) => columns.mapped(&options.map)?,
            None => Columns::named(&lines.header, &options.map)?,
        };
        let employees = store.read(|reader| reader.employees())?;
        let reading = Reading {
            columns,
            zone: options.zone.clone(),
            country: options.country,
            house: House {
                named: std::mem::take(&mut options.extensions),
                employees: employees.into_iter().map(|one| one.extension).collect(),
            },
            line: std::mem::take(&mut options.line),
        };
        Ok(Self {
            first: is_asterisk.then(|| lines.header.clone()),
            heading: match is_asterisk {
                true => Heading::none(lines.delimiter),
                false => Heading::of(lines.header.clone(), lines.delimiter),
            }
            .into(),
            lines,
            charset,
            reading,
        })
    }
}

impl<R: Read> CallFile<R> {
    /// The next line; none at the end.
    fn next(&mut self) -> Result<Option<Entry>, ImportError> {
        let (line, cells) = match self.first.take() {
            Some(cells) => (1, Ok(cells)),
            None => match self.lines.next()? {
                Some(line) => line,
                None => return Ok(None),
            },
        };
        Ok(Some(Entry {
            line,
            said: cells.and_then(|cells| self.reading.call(&cells)),
            written: Cells::of(self.lines.cells().clone(), &self.heading),
        }))
    }

    /// The next lines that are kept together; none at the end.
    fn batch(&mut self) -> Result<Vec<Entry>, ImportError> {
        let (mut batch, mut octets) = (Vec::new(), 0);
        while batch.len() < BATCH
            && octets < BATCH_OCTETS
            && let Some(entry) = self.next()?
        {
            octets += entry.written.octets();
            batch.push(entry);
        }
        Ok(batch)
    }
}

/// An import on its way.
struct Import<'r> {
    report: Report,
    rejected: Option<&'r mut dyn Write>,
    known: Known,
}

impl Import<'_> {
    /// Does one batch after the other, each in a transaction of its own.
    fn each<R: Read>(
        &mut self,
        file: &mut CallFile<R>,
        store: &mut Store,
    ) -> Result<(), CallLogError> {
        loop {
            let batch = file.batch()?;
            if !store.write(|writer| self.keep(&batch, writer))? {
                return Ok(());
            }
        }
    }

    /// Keeps the lines of a batch; whether there were any.
    fn keep(&mut self, batch: &[Entry], writer: &mut Writer<'_>) -> Result<bool, CallLogError> {
        for entry in batch {
            match &entry.said {
                Ok(call) => {
                    let call = self.known.completed(call.clone(), writer)?;
                    self.count(writer.bring_call(&call)?);
                }
                Err(why) => self.refuse(entry, why)?,
            }
        }
        Ok(!batch.is_empty())
    }

    fn count(&mut self, brought: BroughtCall) {
        let counted = match brought {
            BroughtCall::Added => &mut self.report.added,
            BroughtCall::Answered => &mut self.report.updated,
            BroughtCall::Known => &mut self.report.unchanged,
        };
        *counted += 1;
    }

    fn refuse(&mut self, entry: &Entry, why: &Refusal) -> Result<(), ImportError> {
        let problem = Problem::new(entry.line, why.clone());
        if let Some(output) = &mut self.rejected {
            let rejected = entry.written.reject(&problem.to_string(), output);
            rejected.map_err(ImportError::Rejected)?;
        }
        self.report.refuse(problem);
        Ok(())
    }
}

/// What the store has of numbers, each looked up once, and what calls are judged by.
#[derive(Default)]
struct Known {
    clients: HashMap<PhoneNumber, Option<Named>>,
    employees: HashMap<String, String>,
    tariffs: Tariffs,
    limits: TalkLimits,
}

/// A client, as far as a row has it.
#[derive(Clone)]
struct Named {
    id: ClientId,
    name: String,
    category: CategoryId,
}

impl Known {
    /// The call with its client and the employee, its cost and its mark: as the phone closes one.
    fn completed(
        &mut self,
        mut call: CallRecord,
        reader: &Reader<'_>,
    ) -> Result<CallRecord, StoreError> {
        if let Some(number) = call.number
            && let Some(client) = self.client(number, reader)?
        {
            call.client = Some(client.id);
            call.client_name = client.name;
            call.category = Some(client.category);
        }
        call.employee = self.employee(&call.extension, reader)?;
        call.cost = self.tariffs.cost(&call);
        call.too_long = self.limits.is_too_long(&call);
        Ok(call)
    }

    fn client(
        &mut self,
        number: PhoneNumber,
        reader: &Reader<'_>,
    ) -> Result<Option<Named>, StoreError> {
        if let Some(known) = self.clients.get(&number) {
            return Ok(known.clone());
        }
        let found = reader.clients_with_number(number)?.first().copied();
        let found = found.map(|client| reader.load_client(client)).transpose()?;
        let found = found.map(|client| Named {
            id: client.id,
            name: client.name,
            category: client.category,
        });
        self.clients.insert(number, found.clone());
        Ok(found)
    }

    fn employee(&mut self, extension: &str, reader: &Reader<'_>) -> Result<String, StoreError> {
        if let Some(known) = self.employees.get(extension) {
            return Ok(known.clone());
        }
        let found = reader.find_employee(extension)?;
        let name = found.map(|employee| employee.name).unwrap_or_default();
        self.employees.insert(extension.to_owned(), name.clone());
        Ok(name)
    }
}
