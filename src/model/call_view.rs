//! Views of the table of calls: which columns it has, in which order its calls stand, which they are.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::call_column::{read_sort, write_sort};
use super::{CallColumn, ColumnTest, NotAllowed, Record, Turn, Value};

/// A view of the table of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallView {
    /// The columns in their order, the first one first.
    pub columns: Vec<ShownColumn>,
    /// By what the calls are sorted; by nothing: the latest first.
    pub sort: Vec<(CallColumn, Turn)>,
    /// What is asked of columns, as it was typed, words as the program names them.
    pub filter: Vec<(CallColumn, String)>,
    /// What calls are put together by: a name of the store's groupings; empty for nothing.
    pub grouping: String,
    /// Which days: one of [`PERIODS`].
    pub period: String,
}

/// A column in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownColumn {
    /// Which.
    pub column: CallColumn,
    /// How wide it is, logical pixels at a text of 100 %.
    pub width: u16,
}

/// The periods of views, in the order of the window's choice.
pub const PERIODS: &[&str] = &["today", "yesterday", "week", "month", "all"];

/// The first and the last day of a period of [`PERIODS`]; none: no end on that side. A week begins on
/// Monday (ISO 8601).
pub fn days_of(period: &str, today: Date) -> (Option<Date>, Option<Date>) {
    let since = |from: Date| (Some(from), Some(today));
    match period {
        "yesterday" => {
            let yesterday = today.yesterday().ok();
            (yesterday, yesterday)
        }
        "week" => {
            let days = today.weekday().since(Weekday::Monday);
            since(today.saturating_sub(i64::from(days).days()))
        }
        "month" => since(today.first_of_month()),
        "all" => (None, None),
        _ => since(today),
    }
}

/// What calls can be put together by, by the names of the store's groupings.
pub const GROUPINGS: &[&str] = &["day", "client", "employee", "line"];

/// How narrow and how wide a column can be.
const WIDTHS: std::ops::RangeInclusive<u16> = 40..=800;

impl ShownColumn {
    /// A column of this width, or as near to it as columns can be.
    pub fn new(column: CallColumn, width: u16) -> Self {
        let width = width.clamp(*WIDTHS.start(), *WIDTHS.end());
        Self { column, width }
    }

    /// A column as wide as what usually stands in it.
    pub fn usual(column: CallColumn) -> Self {
        let width = match column {
            CallColumn::Started => 96,
            CallColumn::TimeOfDay => 64,
            CallColumn::Status => 216,
            CallColumn::Direction => 104,
            CallColumn::Caller | CallColumn::Callee => 150,
            CallColumn::Extension => 130,
            CallColumn::Client => 180,
            CallColumn::Category | CallColumn::CategoryThen => 120,
            CallColumn::Line => 170,
            CallColumn::Talk | CallColumn::Ring | CallColumn::Hold => 96,
            CallColumn::Quality => 80,
            CallColumn::TooLong => 128,
            CallColumn::Recorded => 170,
            CallColumn::Cost => 96,
            CallColumn::Tags => 140,
            CallColumn::Note => 220,
        };
        Self { column, width }
    }
}

impl Default for CallView {
    /// What the window shows before anybody has chosen anything.
    fn default() -> Self {
        let columns = [
            CallColumn::Status,
            CallColumn::Started,
            CallColumn::TimeOfDay,
            CallColumn::Direction,
            CallColumn::Caller,
            CallColumn::Callee,
            CallColumn::Client,
            CallColumn::Extension,
            CallColumn::Talk,
            CallColumn::Ring,
            CallColumn::TooLong,
            CallColumn::Recorded,
            CallColumn::Note,
        ];
        Self {
            columns: columns.map(ShownColumn::usual).to_vec(),
            sort: Vec::new(),
            filter: Vec::new(),
            grouping: "day".to_owned(),
            period: "today".to_owned(),
        }
    }
}

impl CallView {
    /// The name under which the table is kept as it was left; no view of a person's has it.
    pub const AS_LEFT: &'static str = "standard";

    /// Whether that is what the name means, however it is spelt.
    pub fn is_as_left(name: &str) -> bool {
        name.trim().to_lowercase() == Self::AS_LEFT
    }

    /// The view that a record of this kind keeps; what cannot be read in it is left out.
    pub fn of(record: &Record) -> Self {
        let columns = parts(record.text("columns")).filter_map(|part| read_column(part).ok());
        let columns: Vec<ShownColumn> = columns.collect();
        let sort = parts(record.text("sort")).filter_map(|part| read_sort(part).ok());
        let filter = parts(record.text("filter")).filter_map(|part| read_filter(part).ok());
        let usual = Self::default();
        let period = record.text("period");
        Self {
            columns: match columns.is_empty() {
                true => usual.columns,
                false => columns,
            },
            sort: sort.collect(),
            filter: filter.collect(),
            grouping: record.text("grouping").to_owned(),
            period: match period.is_empty() {
                true => usual.period,
                false => period.to_owned(),
            },
        }
    }

    /// Writes the view into a record of this kind.
    pub fn write(&self, record: &mut Record) {
        let columns = self.columns.iter().map(|shown| {
            let (name, width) = (shown.column.name(), shown.width);
            format!("{name} {width}")
        });
        record.set("columns", text(columns.collect()));
        let sort = self.sort.iter();
        record.set("sort", text(sort.map(|&(c, t)| write_sort(c, t)).collect()));
        let filter = self.filter.iter();
        let filter = filter.map(|(column, asked)| format!("{}: {asked}", column.name()));
        record.set("filter", text(filter.collect()));
        let word = |word: &str| (!word.is_empty()).then(|| Value::Text(word.to_owned()));
        record.set("grouping", word(&self.grouping));
        record.set("period", word(&self.period));
    }

    /// Refuses a record in which something cannot be read.
    ///
    /// # Errors
    /// The column's name, and what it does not take.
    pub fn check(record: &Record) -> Result<(), (&'static str, NotAllowed)> {
        for part in parts(record.text("columns")) {
            read_column(part).map_err(|refused| ("columns", refused))?;
        }
        for part in parts(record.text("sort")) {
            read_sort(part).map_err(|refused| ("sort", refused))?;
        }
        for part in parts(record.text("filter")) {
            read_filter(part).map_err(|refused| ("filter", refused))?;
        }
        Ok(())
    }

    /// What is asked of the column; empty for nothing.
    pub fn asked_of(&self, column: CallColumn) -> &str {
        let asked = self.filter.iter().find(|(asked, _)| *asked == column);
        asked.map_or("", |(_, asked)| asked)
    }

    /// All that is asked; what cannot be read is not.
    pub fn asked(&self) -> Vec<(CallColumn, ColumnTest)> {
        let tests = self.filter.iter().filter_map(|(column, asked)| {
            let test = ColumnTest::read(*column, asked).ok()??;
            Some((*column, test))
        });
        tests.collect()
    }

    /// Asks this of the column. A semicolon, which parts what is asked, becomes a space.
    pub fn ask(&mut self, column: CallColumn, asked: &str) {
        self.filter.retain(|(other, _)| *other != column);
        let asked = asked.replace([';', '\n'], " ").trim().to_owned();
        if !asked.is_empty() {
            self.filter.push((column, asked));
        }
    }

    /// Sorts by this column alone, or, where `also`, by it after the others. By a column that is sorted by
    /// already it turns round, and the third time it is sorted by no more.
    pub fn sort_by(&mut self, column: CallColumn, also: bool) {
        if !column.is_sorted() {
            return;
        }
        let place = self.sort.iter().position(|(sorted, _)| *sorted == column);
        let before = place.map(|place| self.sort[place].1);
        let next = match before {
            None => Some(Turn::Up),
            Some(Turn::Up) => Some(Turn::Down),
            Some(Turn::Down) => None,
        };
        if !also {
            self.sort.retain(|(sorted, _)| *sorted == column);
        }
        let place = self.sort.iter().position(|(sorted, _)| *sorted == column);
        match (place, next) {
            (Some(place), Some(turn)) => self.sort[place].1 = turn,
            (Some(place), None) => drop(self.sort.remove(place)),
            (None, Some(turn)) => self.sort.push((column, turn)),
            (None, None) => {}
        }
    }

    /// Moves a column to another place; both are counted from nought.
    pub fn move_column(&mut self, from: usize, to: usize) {
        if from < self.columns.len() {
            let column = self.columns.remove(from);
            self.columns.insert(to.min(self.columns.len()), column);
        }
    }

    /// Shows a column at the end, or takes it away; the last one stays.
    pub fn show(&mut self, column: CallColumn, shown: bool) {
        let place = self.columns.iter().position(|other| other.column == column);
        match (place, shown) {
            (None, true) => self.columns.push(ShownColumn::usual(column)),
            (Some(place), false) if self.columns.len() > 1 => {
                self.columns.remove(place);
                self.ask(column, "");
            }
            _ => {}
        }
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(';').map(str::trim);
    parts.filter(|part| !part.is_empty())
}

fn text(parts: Vec<String>) -> Option<Value> {
    (!parts.is_empty()).then(|| Value::Text(parts.join("; ")))
}

fn read_column(part: &str) -> Result<ShownColumn, NotAllowed> {
    let mut words = part.split_whitespace();
    let name = words.next().unwrap_or_default();
    let column = known(name)?;
    let shown = ShownColumn::usual(column);
    let Some(width) = words.next() else {
        return Ok(shown);
    };
    let read = width.parse().ok().filter(|width| WIDTHS.contains(width));
    match (read, words.next()) {
        (Some(width), None) => Ok(ShownColumn { column, width }),
        _ => Err(NotAllowed::new(
            part,
            format!("{name} {}, a width of 40 to 800", shown.width),
        )),
    }
}

fn read_filter(part: &str) -> Result<(CallColumn, String), NotAllowed> {
    let Some((name, asked)) = part.split_once(':') else {
        return Err(NotAllowed::new(part, "status: missed; talk: > 5:00"));
    };
    let column = known(name.trim())?;
    ColumnTest::read(column, asked)?;
    Ok((column, asked.trim().to_owned()))
}

fn known(name: &str) -> Result<CallColumn, NotAllowed> {
    CallColumn::named(name).ok_or_else(|| {
        let names: Vec<&str> = CallColumn::ALL.iter().map(|(_, name)| *name).collect();
        NotAllowed::new(name, names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;

    use super::super::Kind;
    use super::*;

    #[test]
    fn s5_10_a_view_comes_back_as_it_was_written() {
        let mut view = CallView::default();
        view.move_column(6, 0);
        view.columns[0].width = 333;
        view.show(CallColumn::Cost, true);
        view.show(CallColumn::Ring, false);
        view.sort_by(CallColumn::Talk, false);
        view.sort_by(CallColumn::Client, true);
        view.ask(CallColumn::Status, "missed, busy");
        view.ask(CallColumn::Note, "debt; urgent");
        view.ask(CallColumn::TimeOfDay, "9:00-10:00");
        let mut record = Record::new(Kind::VIEW, None, Timestamp::UNIX_EPOCH);
        view.write(&mut record);
        CallView::check(&record).unwrap();
        assert_eq!(CallView::of(&record), view);
        assert_eq!(view.columns[0], ShownColumn::new(CallColumn::Client, 333));
        assert_eq!(view.asked_of(CallColumn::Note), "debt  urgent");
        assert_eq!(view.asked_of(CallColumn::TimeOfDay), "9:00-10:00");
    }

    #[test]
    fn s5_10_a_column_is_sorted_by_turned_and_let_go() {
        let mut view = CallView::default();
        let sorted = |view: &CallView| view.sort.clone();
        view.sort_by(CallColumn::Talk, false);
        assert_eq!(sorted(&view), [(CallColumn::Talk, Turn::Up)]);
        view.sort_by(CallColumn::Client, true);
        view.sort_by(CallColumn::Talk, true);
        let both = [
            (CallColumn::Talk, Turn::Down),
            (CallColumn::Client, Turn::Up),
        ];
        assert_eq!(sorted(&view), both);
        view.sort_by(CallColumn::Client, false);
        assert_eq!(sorted(&view), [(CallColumn::Client, Turn::Down)]);
        view.sort_by(CallColumn::Client, false);
        view.sort_by(CallColumn::Note, false);
        assert!(view.sort.is_empty());
    }

    #[test]
    fn a_view_that_cannot_be_read_says_why() {
        let refused = |column: &'static str, text: &str| {
            let record = Record::new(Kind::VIEW, None, Timestamp::UNIX_EPOCH)
                .with(column, Value::Text(text.to_owned()));
            let (named, refused) = CallView::check(&record).unwrap_err();
            assert_eq!(named, column);
            refused.allowed
        };
        assert!(refused("columns", "status 90; shoes").contains("client"));
        assert!(refused("columns", "status 9000").contains("40 to 800"));
        assert!(refused("sort", "talk:sideways").contains("down"));
        assert!(refused("filter", "status: lost").contains("missed"));
        assert!(refused("filter", "status").contains("talk"));
    }

    #[test]
    fn the_last_column_stays() {
        let mut view = CallView::default();
        for &(column, _) in CallColumn::ALL {
            view.show(column, false);
        }
        assert_eq!(view.columns.len(), 1);
    }
}
