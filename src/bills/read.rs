//! A bill as providers hand it out: a CSV file, its columns known by their names.

use std::io::Read;

use csv::ByteRecord;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::BilledCall;
use crate::export::cell::restored;
use crate::import::cells::{length, moment, words_of};
use crate::import::{ImportError, Lines, Text};
use crate::model::{Country, PhoneNumber};
use crate::tariffs::Exact;
use crate::tr;

/// Words in the names of columns that hold a field, and words that make a column another one.
struct Names {
    field: Field,
    words: &'static [&'static str],
    others: &'static [&'static str],
}

/// What a column of a bill holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Date,
    Time,
    Number,
    Duration,
    Cost,
    Currency,
}

/// In the order in which a name is tried.
#[rustfmt::skip]
const NAMES: [Names; 6] = [
    Names {
        field: Field::Currency,
        words: &["currency", "валюта", "pénznem", "deviza", "العملة", "मुद्रा"],
        others: &[],
    },
    Names {
        field: Field::Duration,
        words: &[
            "duration", "billsec", "seconds", "sec", "length", "talk", "длительность", "продолжительность",
            "секунд", "сек", "időtartam", "hossz", "المدة", "अवधि",
        ],
        others: &[],
    },
    Names {
        field: Field::Cost,
        words: &[
            "cost", "amount", "charge", "price", "total", "sum", "стоимость", "сумма", "цена", "költség", "díj",
            "összeg", "ár", "التكلفة", "المبلغ", "लागत", "मूल्य", "राशि", "शुल्क",
        ],
        others: &["per", "rate", "minute", "min", "за", "мин", "тариф", "perc", "percdíj"],
    },
    Names {
        field: Field::Number,
        words: &[
            "number", "destination", "dst", "to", "called", "callee", "phone", "telephone", "dialled", "dialed",
            "номер", "куда", "телефон", "szám", "telefonszám", "hívott", "الرقم", "رقم", "नंबर", "नम्बर",
        ],
        others: &[
            "from", "src", "source", "calling", "caller", "account", "invoice", "откуда", "вызывающий", "договор",
            "hívó", "számla",
        ],
    },
    Names {
        field: Field::Date,
        words: &[
            "date", "datetime", "calldate", "timestamp", "start", "started", "begin", "connect", "answer", "дата",
            "начало", "dátum", "kezdet", "kezdete", "التاريخ", "तारीख", "मिति", "दिनांक",
        ],
        others: &["end", "stop", "конец", "окончание", "vége"],
    },
    Names {
        field: Field::Time,
        words: &["time", "время", "idő", "időpont", "الوقت", "समय"],
        others: &["end", "stop", "конец", "окончание", "vége", "zone"],
    },
];

/// How the cells of a bill are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Whose clock the bill shows, where a time does not say.
    pub zone: TimeZone,
    /// Whose rules national numbers follow.
    pub country: Option<Country>,
    /// What amounts are in that name no currency.
    pub currency: Option<String>,
    /// Columns by name: what each holds, `date`, `time`, `number`, `duration`, `cost` or `currency`.
    pub map: Vec<(String, String)>,
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BillReading {
    /// Its calls, in the file's order.
    pub calls: Vec<BilledCall>,
    /// Its lines that are none.
    pub left_out: Vec<LeftOut>,
}

/// A line that is no call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// 1-based.
    pub line: u64,
    /// The column's name.
    pub column: String,
    /// What stands there, shortened.
    pub found: String,
    /// What may stand there.
    pub allowed: &'static str,
}

/// Why a bill cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    /// The file.
    #[error(transparent)]
    File(#[from] ImportError),
    /// No column holds what is needed.
    #[error("{}", tr!("line 1: no column seems to hold {field} (found: {found}); name it with --map COLUMN={field}", field = .field, found = .found))]
    NoColumn {
        /// `date`, `number`, `duration` or `cost`.
        field: &'static str,
        /// The columns' names as they stand there.
        found: String,
    },
    /// A column is said to hold what no bill has.
    #[error("{}", tr!("--map: {name} is nothing that a bill holds; allowed are date, time, number, duration, cost, currency", name = .name))]
    UnknownField {
        /// What was given.
        name: String,
    },
}

impl BillReading {
    /// Reads a file in whatever charset it is.
    pub fn read(input: impl Read, reading: &Reading) -> Result<Self, BillError> {
        let text = Text::new(input, None, reading.country).map_err(ImportError::Read)?;
        let mut lines = Lines::new(text)?;
        let names: Vec<String> = lines
            .header
            .iter()
            .map(|name| name.trim().to_owned())
            .collect();
        let columns = Columns::of(&names, reading)?;
        let mut read = Self::default();
        while let Some(line) = lines.advance()? {
            let row = Row {
                cells: lines.cells(),
                names: &names,
                line,
            };
            match columns.call(&row, reading) {
                Ok(call) => read.calls.push(call),
                Err(left_out) => read.left_out.push(left_out),
            }
        }
        Ok(read)
    }
}

/// Where each field stands.
struct Columns {
    date: usize,
    time: Option<usize>,
    number: usize,
    duration: usize,
    cost: usize,
    currency: Option<usize>,
}

/// A line of the file.
struct Row<'a> {
    cells: &'a ByteRecord,
    names: &'a [String],
    line: u64,
}

impl Columns {
    fn of(names: &[String], reading: &Reading) -> Result<Self, BillError> {
        let held = held(names, reading)?;
        let nth = |field: Field, n: usize| {
            let mut places = held
                .iter()
                .enumerate()
                .filter(|(_, held)| **held == Some(field));
            places.nth(n).map(|(place, _)| place)
        };
        let missing = |field| BillError::NoColumn {
            field,
            found: names.join(", "),
        };
        let time = nth(Field::Time, 0);
        let (date, second) = (nth(Field::Date, 0), nth(Field::Date, 1));
        Ok(Self {
            // A column `Time` alone may hold the day as well.
            date: date.or(time).ok_or_else(|| missing("date"))?,
            time: time.filter(|_| date.is_some()).or(second),
            number: nth(Field::Number, 0).ok_or_else(|| missing("number"))?,
            duration: nth(Field::Duration, 0).ok_or_else(|| missing("duration"))?,
            cost: nth(Field::Cost, 0).ok_or_else(|| missing("cost"))?,
            currency: nth(Field::Currency, 0),
        })
    }

    fn call(&self, row: &Row<'_>, reading: &Reading) -> Result<BilledCall, LeftOut> {
        let at = self.at(row, reading)?;
        let number = row.text(self.number);
        if number.is_empty() {
            return Err(row.left_out(self.number, "the number that was called"));
        }
        let parsed = PhoneNumber::parse(&number, reading.country);
        let length_s = length(&row.text(self.duration));
        let cost = amount(&row.text(self.cost));
        let currency = self.currency.map(|place| row.text(place).to_uppercase());
        let currency = currency
            .filter(|text| text.len() == 3)
            .or_else(|| reading.currency.clone());
        Ok(BilledCall {
            line: row.line,
            at,
            number: parsed.map_or(number, |number| number.e164()),
            length_s: length_s
                .ok_or_else(|| row.left_out(self.duration, "seconds, 1:01 or 00:01:01"))?,
            cost: cost.ok_or_else(|| row.left_out(self.cost, "an amount such as 0.20"))?,
            currency: currency.unwrap_or_default(),
        })
    }

    fn at(&self, row: &Row<'_>, reading: &Reading) -> Result<Timestamp, LeftOut> {
        let date = row.text(self.date);
        let time = self.time.map(|place| row.text(place)).unwrap_or_default();
        let at = moment(&date, &time, &reading.zone);
        at.ok_or_else(|| row.left_out(self.date, "a day with a time, such as 2026-11-22 09:00:00"))
    }
}

impl Row<'_> {
    fn text(&self, column: usize) -> String {
        let cell = String::from_utf8_lossy(self.cells.get(column).unwrap_or_default());
        restored(&cell).trim().to_owned()
    }

    fn left_out(&self, column: usize, allowed: &'static str) -> LeftOut {
        LeftOut {
            line: self.line,
            column: self.names.get(column).cloned().unwrap_or_default(),
            found: self.text(column).chars().take(60).collect(),
            allowed,
        }
    }
}

/// What each column holds: as it was said, else by its name.
fn held(names: &[String], reading: &Reading) -> Result<Vec<Option<Field>>, BillError> {
    let mut held: Vec<Option<Field>> = names.iter().map(|name| guess(name)).collect();
    for (column, field) in &reading.map {
        let known = fields().into_iter().find(|(name, _)| name == field);
        let (_, field) = known.ok_or_else(|| BillError::UnknownField {
            name: field.clone(),
        })?;
        let place = names.iter().position(|name| name == column);
        let place = place.ok_or_else(|| ImportError::NoSuchColumn {
            name: column.clone(),
            found: names.join(", "),
        })?;
        // What was said counts, and no guess beside it.
        for other in &mut held {
            if *other == Some(field) {
                *other = None;
            }
        }
        held[place] = Some(field);
    }
    Ok(held)
}

fn fields() -> [(&'static str, Field); 6] {
    [
        ("date", Field::Date),
        ("time", Field::Time),
        ("number", Field::Number),
        ("duration", Field::Duration),
        ("cost", Field::Cost),
        ("currency", Field::Currency),
    ]
}

fn guess(name: &str) -> Option<Field> {
    let words = words_of(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    let found = NAMES
        .iter()
        .find(|names| has(names.words) && !has(names.others));
    found.map(|names| names.field)
}

/// `0.20`, `0,20`, `1 234,50`, `€0.20`.
fn amount(text: &str) -> Option<Exact> {
    let of_number = |c: char| c.is_ascii_digit() || c == '.' || c == ',' || c == '-';
    let bare = text
        .trim_matches(|c: char| !of_number(c))
        .trim_matches(['.', ',']);
    let mut digits: String = bare.chars().filter(|c| !c.is_whitespace()).collect();
    // Of two marks the last one parts the decimals.
    if let Some(point) = digits.rfind(['.', ',']) {
        let rest = digits.split_off(point);
        let whole: String = digits.chars().filter(|c| !matches!(c, '.' | ',')).collect();
        digits = format!("{whole}.{}", &rest[1..]);
    }
    Exact::parse(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_20_columns_are_known_by_their_names_in_many_languages() {
        for (name, field) in [
            ("Date", Some(Field::Date)),
            ("Call date", Some(Field::Date)),
            ("Start time", Some(Field::Date)),
            ("Time", Some(Field::Time)),
            ("End time", None),
            ("Called number", Some(Field::Number)),
            ("Calling number", None),
            ("Destination", Some(Field::Number)),
            ("Duration (sec)", Some(Field::Duration)),
            ("billsec", Some(Field::Duration)),
            ("Cost, EUR", Some(Field::Cost)),
            ("Price per minute", None),
            ("Currency", Some(Field::Currency)),
            ("Дата", Some(Field::Date)),
            ("Набранный номер", Some(Field::Number)),
            ("Длительность", Some(Field::Duration)),
            ("Стоимость", Some(Field::Cost)),
            ("Hívott szám", Some(Field::Number)),
            ("Időtartam", Some(Field::Duration)),
            ("المدة", Some(Field::Duration)),
            ("मूल्य", Some(Field::Cost)),
            ("Comment", None),
        ] {
            assert_eq!(guess(name), field, "{name}");
        }
    }

    #[test]
    fn s5_20_times_lengths_and_amounts_are_read_as_providers_write_them() {
        let zone = TimeZone::fixed(jiff::tz::offset(5));
        let expected: Option<Timestamp> = "2026-11-24T07:00:05Z".parse().ok();
        for (date, time) in [
            ("2026-11-24 12:00:05", ""),
            ("2026-11-24T12:00:05", ""),
            ("2026-11-24T07:00:05Z", ""),
            ("2026-11-24", "12:00:05"),
            ("24.11.2026", "12:00:05"),
            ("24/11/2026 12:00:05", ""),
            ("2026/11/24", "12:00:05"),
        ] {
            assert_eq!(moment(date, time, &zone), expected, "{date} {time}");
        }
        for date in [
            "",
            "2026-11-24",
            "12:00:05",
            "today 12:00",
            "yesterday",
            "total",
        ] {
            assert_eq!(moment(date, "", &zone), None, "{date}");
        }
        for (text, seconds) in [
            ("61", 61),
            ("61 s", 61),
            ("1:01", 61),
            ("00:01:01", 61),
            ("0", 0),
        ] {
            assert_eq!(length(text), Some(seconds), "{text}");
        }
        for text in ["", "-1", "1.5", "1:2:3:4", "x", "1::2"] {
            assert_eq!(length(text), None, "{text}");
        }
        for (text, shown) in [
            ("0.20", "0.20"),
            ("0,2", "0.20"),
            ("€0.1017", "0.1017"),
            ("1 234,50 Ft", "1234.50"),
            ("1,234.50", "1234.50"),
            ("12", "12.00"),
        ] {
            let read = amount(text).map(|amount| amount.to_string());
            assert_eq!(read.as_deref(), Some(shown), "{text}");
        }
        for text in ["", "free", "-0.20", "1-2"] {
            assert_eq!(amount(text), None, "{text}");
        }
    }
}
