//! Orders, purchases, branches and every other kind of record from a CSV file.
//!
//! The columns are those of the kind, in any order and subset; `client` says whose a record is: a
//! number, an id, or a name that one client alone has. A line is about the record of that key; a
//! filled cell then replaces, a blank cell leaves what is there.

use std::io::Read;

use csv::StringRecord;
use jiff::{Timestamp, Zoned};

use super::ahead::BATCH;
use super::line::{Kept, Outcome, Refusal, Refused};
use super::lines::Lines;
use super::{ImportError, Options, Problem, Report, Text};
use crate::export::cell;
use crate::model::{ClientId, Country, Kind, Lists, NotAllowed, PhoneNumber, Record, Value};
use crate::store::{Reader, Store, Writer};

/// The column that says whose a record is.
const CLIENT: &str = "client";
/// A column for people: the client's name beside the number.
const CLIENT_NAME: &str = "client_name";
/// The most clients one name is looked for among.
const MAX_MEANT: usize = 50;

/// Imports the records of a CSV file.
pub fn import_records(
    store: &mut Store,
    kind: &'static Kind,
    input: impl Read,
    options: Options<'_>,
) -> Result<Report, ImportError> {
    let text = Text::new(input, options.encoding, options.country)?;
    let charset = text.charset();
    let mut lines = Lines::new(text)?;
    let mut import = Import {
        kind,
        columns: columns(kind, &lines.header)?,
        lists: store.read(|reader| reader.lists())?,
        country: options.country,
        now: Zoned::now(),
        report: Report {
            dry_run: options.dry_run,
            charset,
            ..Report::default()
        },
    };
    run(store, options.dry_run, |writer| {
        import.batch(&mut lines, writer)
    })?;
    Ok(import.report)
}

/// Does an import batch after batch, each in a transaction; or all of it, and takes it back.
fn run(
    store: &mut Store,
    dry_run: bool,
    mut batch: impl FnMut(&mut Writer<'_>) -> Result<bool, ImportError>,
) -> Result<(), ImportError> {
    if dry_run {
        // One transaction for all, so that lines see those before them.
        return store.try_out(|writer| {
            while batch(writer)? {}
            Ok(())
        });
    }
    while store.write(&mut batch)? {}
    Ok(())
}

/// What each column of the file is called.
fn columns(kind: &'static Kind, header: &StringRecord) -> Result<Vec<String>, ImportError> {
    let own = kind.columns.iter().map(|column| column.name);
    let of_client: &[&str] = if kind.of_client {
        &[CLIENT, CLIENT_NAME]
    } else {
        &[]
    };
    let known: Vec<&str> = of_client.iter().copied().chain(own).collect();
    let mut columns: Vec<String> = Vec::new();
    for name in header {
        let name = cell::restored(name).trim().to_ascii_lowercase();
        if columns.contains(&name) {
            return Err(ImportError::ColumnTwice { name });
        }
        if !known.contains(&name.as_str()) {
            let known = known.join(", ");
            return Err(ImportError::UnknownColumn { name, known });
        }
        columns.push(name);
    }
    let mut needed = kind
        .of_client
        .then_some(CLIENT)
        .into_iter()
        .chain([kind.key().name]);
    match needed.find(|name| !columns.iter().any(|column| column == name)) {
        Some(missing) => Err(ImportError::NoKey {
            missing,
            known: known.join(", "),
        }),
        None => Ok(columns),
    }
}

/// An import on its way.
struct Import {
    kind: &'static Kind,
    columns: Vec<String>,
    lists: Lists,
    country: Option<Country>,
    now: Zoned,
    report: Report,
}

impl Import {
    /// Imports the next lines; false when there are no more.
    fn batch<R: Read>(
        &mut self,
        lines: &mut Lines<R>,
        writer: &mut Writer<'_>,
    ) -> Result<bool, ImportError> {
        for _ in 0..BATCH {
            match lines.next()? {
                None => return Ok(false),
                Some((number, Ok(cells))) => match self.line(&cells, writer) {
                    Ok(outcome) => self.report.keep(number, Kept::of(outcome)),
                    Err(refused) => self.report.take(number, refused)?,
                },
                Some((number, Err(refusal))) => self.report.refuse(Problem::new(number, refusal)),
            }
        }
        Ok(true)
    }

    fn line(&self, cells: &StringRecord, writer: &mut Writer<'_>) -> Result<Outcome, Refused> {
        let client = match self.kind.of_client {
            true => Some(self.client(self.text(cells, CLIENT), writer)?),
            false => None,
        };
        let key = self.kind.key();
        let text = self.text(cells, key.name);
        let Some(value) = self.read(key.name, text, None)? else {
            return Err(refusal(key.name, NotAllowed::new(text, key.about)));
        };
        let known = writer.find_record_called(self.kind, client, &value)?;
        let is_new = known.is_none();
        let before = known.unwrap_or_else(|| Record::new(self.kind, client, Timestamp::now()));
        let mut after = before.clone();
        for column in self.kind.columns {
            let text = self.text(cells, column.name);
            if !text.is_empty() {
                let value = self.read(column.name, text, before.get(column.name))?;
                after.set(column.name, value);
            }
        }
        if after == before {
            return Ok(Outcome::Unchanged);
        }
        writer.save_record(&after)?;
        Ok(if is_new {
            Outcome::Added
        } else {
            Outcome::Updated
        })
    }

    fn read(
        &self,
        column: &str,
        text: &str,
        before: Option<&Value>,
    ) -> Result<Option<Value>, Refused> {
        let at = self.kind.place(column).unwrap_or_default();
        Value::read(
            self.kind.columns[at].holds,
            text,
            before,
            &self.lists,
            &self.now,
        )
        .map_err(|error| refusal(column, error))
    }

    /// What a line says in the column of this name.
    fn text<'c>(&self, cells: &'c StringRecord, column: &str) -> &'c str {
        let at = self.columns.iter().position(|known| known == column);
        at.and_then(|at| cells.get(at)).map_or("", cell::restored)
    }

    /// The one client that `text` means.
    fn client(&self, text: &str, reader: &Reader<'_>) -> Result<ClientId, Refused> {
        let meant = meant(text.trim(), self.country, reader)?;
        match meant[..] {
            [client] => Ok(client),
            _ => Err(refusal(
                CLIENT,
                NotAllowed::new(text, "a number, an id or a full name that one client has"),
            )),
        }
    }
}

fn meant(
    text: &str,
    country: Option<Country>,
    reader: &Reader<'_>,
) -> Result<Vec<ClientId>, Refused> {
    if let Ok(id) = text.parse::<ClientId>() {
        let found = reader.find_client(id)?;
        return Ok(found.into_iter().map(|client| client.id).collect());
    }
    if let Ok(number) = PhoneNumber::parse(text, country) {
        return Ok(reader.clients_with_number(number)?);
    }
    let found = reader.find_clients(text, MAX_MEANT)?.into_iter();
    let called = found.filter(|client| {
        reader.same_text(&client.name, text)
            || (client.name.is_empty() && reader.same_text(&client.company, text))
    });
    Ok(called.map(|client| client.id).collect())
}

fn refusal(column: &str, error: NotAllowed) -> Refused {
    Refused::Line(Refusal {
        field: column.to_owned(),
        value: error.value,
        allowed: error.allowed,
    })
}
