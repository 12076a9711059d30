//! What the columns of a PBX's call log hold: known by the file's shape, by their names, or as somebody says.

use csv::StringRecord;
use jiff::tz::TimeZone;

use super::CallLogError;
use super::names::{NAMES, Names};
use super::status::disposition;
use crate::import::cells::{moment, words_of};
use crate::import::columns::REASON;
use crate::import::preview::ColumnRead;

/// What a column of a call log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Date,
    Time,
    Answer,
    End,
    Caller,
    Called,
    Name,
    Direction,
    Status,
    Duration,
    Talk,
    Ring,
    Extension,
    Context,
    Channel,
    DstChannel,
    Application,
    Id,
}

impl Field {
    /// Every field, with its name on the command line.
    pub(super) const ALL: [(Self, &'static str); 18] = [
        (Self::Date, "date"),
        (Self::Time, "time"),
        (Self::Answer, "answer"),
        (Self::End, "end"),
        (Self::Caller, "caller"),
        (Self::Called, "called"),
        (Self::Name, "name"),
        (Self::Direction, "direction"),
        (Self::Status, "status"),
        (Self::Duration, "duration"),
        (Self::Talk, "talk"),
        (Self::Ring, "ring"),
        (Self::Extension, "extension"),
        (Self::Context, "context"),
        (Self::Channel, "channel"),
        (Self::DstChannel, "dstchannel"),
        (Self::Application, "application"),
        (Self::Id, "id"),
    ];

    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(field, _)| *field == self);
        known.map_or("", |(_, name)| name)
    }

    /// The names of all fields.
    pub(super) fn names() -> String {
        Self::ALL.map(|(_, name)| name).join(", ")
    }
}

/// The columns of Asterisk's `Master.csv`, which has no line that names them.
const ASTERISK: [(&str, Option<Field>); 18] = [
    ("accountcode", None),
    ("src", Some(Field::Caller)),
    ("dst", Some(Field::Called)),
    ("dcontext", Some(Field::Context)),
    ("clid", Some(Field::Name)),
    ("channel", Some(Field::Channel)),
    ("dstchannel", Some(Field::DstChannel)),
    ("lastapp", Some(Field::Application)),
    ("lastdata", None),
    ("start", Some(Field::Date)),
    ("answer", Some(Field::Answer)),
    ("end", Some(Field::End)),
    ("duration", Some(Field::Duration)),
    ("billsec", Some(Field::Talk)),
    ("disposition", Some(Field::Status)),
    ("amaflags", None),
    ("uniqueid", Some(Field::Id)),
    ("userfield", None),
];
/// The fewest cells of its lines: `uniqueid` and `userfield` can be switched off.
const ASTERISK_CELLS: usize = 16;
/// Where its lines have the start and the disposition.
const START: usize = 9;
const DISPOSITION: usize = 14;

/// A column: its name, and what it holds.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    holds: Option<Field>,
    is_guess: bool,
}

/// The columns of a file.
#[derive(Debug, Clone)]
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Those of Asterisk's file, where this line is one of it.
    pub(super) fn of_asterisk(line: &StringRecord) -> Option<Self> {
        let cell = |at| line.get(at).unwrap_or_default();
        let fits = line.len() >= ASTERISK_CELLS
            && moment(cell(START), "", &TimeZone::UTC).is_some()
            && disposition(cell(DISPOSITION)).is_some();
        let columns = ASTERISK.map(|(name, holds)| Column {
            name: name.to_owned(),
            holds,
            is_guess: false,
        });
        fits.then(|| Self(columns.into()))
    }

    /// Those that the first line names.
    pub(super) fn named(
        names: &StringRecord,
        map: &[(String, String)],
    ) -> Result<Self, CallLogError> {
        let columns = names.iter().map(|name| {
            let name = name.trim();
            let holds = guess(name).filter(|_| name != REASON);
            Column {
                name: name.to_owned(),
                holds,
                is_guess: holds.is_some_and(|field| field.name() != name.to_lowercase()),
            }
        });
        Self(columns.collect()).mapped(map)?.of_use()
    }

    /// With what somebody says of them.
    pub(super) fn mapped(mut self, map: &[(String, String)]) -> Result<Self, CallLogError> {
        for (name, field) in map {
            let field = match field.trim() {
                "" => None,
                text => Some(named_field(text)?),
            };
            let Some(place) = self.0.iter().position(|column| column.name == *name) else {
                return Err(CallLogError::no_such_column(name, self.listed()));
            };
            // What was said counts, and no guess beside it.
            for other in &mut self.0 {
                if field.is_some() && other.holds == field {
                    other.holds = None;
                }
            }
            self.0[place].holds = field;
            self.0[place].is_guess = false;
        }
        Ok(self)
    }

    /// An error where what a call cannot be without is in no column.
    fn of_use(mut self) -> Result<Self, CallLogError> {
        // A column `Time` alone may hold the day as well.
        if self.place(Field::Date).is_none()
            && let Some(time) = self.place(Field::Time)
        {
            self.0[time].holds = Some(Field::Date);
        }
        let needed = [Field::Date, Field::Caller, Field::Called];
        match needed
            .into_iter()
            .find(|field| self.place(*field).is_none())
        {
            None => Ok(self),
            Some(field) => Err(CallLogError::NoColumn {
                field: field.name(),
                found: self.listed(),
            }),
        }
    }

    /// Where the field stands: in the first column that holds it.
    pub(super) fn place(&self, field: Field) -> Option<usize> {
        self.0.iter().position(|column| column.holds == Some(field))
    }

    /// The name of a column.
    pub(super) fn name(&self, place: usize) -> String {
        let column = self.0.get(place);
        column.map(|column| column.name.clone()).unwrap_or_default()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the column is one that an import has added.
    pub(super) fn is_reason(&self, place: usize) -> bool {
        self.0
            .get(place)
            .is_some_and(|column| column.name == REASON)
    }

    /// What each is taken for, for people.
    pub(super) fn read(&self) -> Vec<ColumnRead> {
        let columns = self.0.iter().map(|column| ColumnRead {
            name: column.name.clone(),
            holds: column.holds.map(Field::name).unwrap_or_default().to_owned(),
            is_guess: column.is_guess,
        });
        columns.collect()
    }

    fn listed(&self) -> String {
        let names = self.0.iter().map(|column| &*column.name);
        names.collect::<Vec<_>>().join(", ")
    }
}

fn named_field(text: &str) -> Result<Field, CallLogError> {
    let known = Field::ALL.iter().find(|(_, name)| *name == text);
    let unknown = || CallLogError::UnknownField {
        name: text.to_owned(),
    };
    known.map(|(field, _)| *field).ok_or_else(unknown)
}

/// What a column of this name holds.
fn guess(name: &str) -> Option<Field> {
    let words = words_of(name);
    let joined = words.concat();
    let has = |list: &[&str]| {
        list.contains(&&*joined) || words.iter().any(|word| list.contains(&&**word))
    };
    let fits = |names: &&Names| {
        names.whole.contains(&&*joined) || (has(names.words) && !has(names.others))
    };
    NAMES.iter().find(fits).map(|names| names.field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_pbxs_are_known_by_their_names_in_many_languages() {
        for (name, field) in [
            ("calldate", Some(Field::Date)),
            ("Start time", Some(Field::Date)),
            ("Time", Some(Field::Time)),
            ("End time", Some(Field::End)),
            ("answer", Some(Field::Answer)),
            ("src", Some(Field::Caller)),
            ("Calling number", Some(Field::Caller)),
            ("A-Number", Some(Field::Caller)),
            ("Caller name", Some(Field::Name)),
            ("clid", Some(Field::Name)),
            ("dst", Some(Field::Called)),
            ("Called party", Some(Field::Called)),
            ("dcontext", Some(Field::Context)),
            ("channel", Some(Field::Channel)),
            ("dstchannel", Some(Field::DstChannel)),
            ("Destination channel", Some(Field::DstChannel)),
            ("duration", Some(Field::Duration)),
            ("billsec", Some(Field::Talk)),
            ("Talk time", Some(Field::Talk)),
            ("ring_s", Some(Field::Ring)),
            ("Call status", Some(Field::Status)),
            ("disposition", Some(Field::Status)),
            ("Direction", Some(Field::Direction)),
            ("Extension", Some(Field::Extension)),
            ("uniqueid", Some(Field::Id)),
            ("call", Some(Field::Id)),
            ("Дата звонка", Some(Field::Date)),
            ("Кто звонил", Some(Field::Caller)),
            ("Кому", Some(Field::Called)),
            ("Длительность разговора", Some(Field::Talk)),
            ("Длительность", Some(Field::Duration)),
            ("Статус", Some(Field::Status)),
            ("Hívó szám", Some(Field::Caller)),
            ("Hívott szám", Some(Field::Called)),
            ("Irány", Some(Field::Direction)),
            ("المتصل", Some(Field::Caller)),
            ("समय", Some(Field::Time)),
            ("recordingfile", None),
            ("employee", None),
            ("sip_status", None),
            ("Comment", None),
        ] {
            assert_eq!(guess(name), field, "{name}");
        }
    }
}
