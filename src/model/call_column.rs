//! The columns of the call log: what it is sorted and filtered by, and shown in.

/// A column of the call log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallColumn {
    /// When it began; of a table's columns, the day.
    Started,
    /// At what time of the day it began.
    TimeOfDay,
    /// What became of it.
    Status,
    /// Who called whom.
    Direction,
    /// Which number called.
    Caller,
    /// Which number was called.
    Callee,
    /// The internal number that took or made it.
    Extension,
    /// The client's present name; calls with nobody come last, whichever way it goes.
    Client,
    /// The client's present category.
    Category,
    /// The client's category at the time of the call.
    CategoryThen,
    /// The line.
    Line,
    /// How long people talked.
    Talk,
    /// How long it rang.
    Ring,
    /// How long it was on hold.
    Hold,
    /// How good it sounded; calls without a figure come last, whichever way it goes.
    Quality,
    /// Whether it was recorded.
    Recorded,
    /// What it cost, in the currency's smallest unit; calls without a figure come last, whichever way
    /// it goes.
    Cost,
    /// Whether people talked for longer than they should.
    TooLong,
    /// What a person marked it with.
    Tags,
    /// What a person wrote down of it.
    Note,
}

/// What a column holds, and so what can be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A day: the period asks for it.
    Day,
    /// A time of the day.
    TimeOfDay,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A category of the office's, by its key.
    Category,
    /// Yes or no.
    Flag,
    /// A telephone number, or the text where it is none.
    Number,
    /// Any text.
    Text,
    /// A length of time.
    Length,
    /// An opinion score, 1 to 4.5.
    Score,
    /// An amount of money.
    Amount,
}

impl CallColumn {
    /// Every column, in the order of the documentation, with its name on the command line and in views.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Started, "started"),
        (Self::TimeOfDay, "time"),
        (Self::Status, "status"),
        (Self::Direction, "direction"),
        (Self::Caller, "caller"),
        (Self::Callee, "callee"),
        (Self::Extension, "extension"),
        (Self::Client, "client"),
        (Self::Category, "category"),
        (Self::CategoryThen, "category_then"),
        (Self::Line, "line"),
        (Self::Talk, "talk"),
        (Self::Ring, "ring"),
        (Self::Hold, "hold"),
        (Self::Quality, "mos"),
        (Self::Recorded, "recorded"),
        (Self::Cost, "cost"),
        (Self::TooLong, "too_long"),
        (Self::Tags, "tags"),
        (Self::Note, "note"),
    ];

    /// The names of the columns whose values the office can give a look: those that hold the same
    /// value more than once.
    pub const LOOKED: &[&str] = &[
        "status",
        "direction",
        "caller",
        "callee",
        "extension",
        "client",
        "category",
        "category_then",
        "line",
        "recorded",
        "too_long",
        "tags",
    ];

    /// Its name on the command line and in views.
    pub fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(column, _)| *column == self);
        known.map_or("", |(_, name)| name)
    }

    /// The column of this name.
    pub fn named(name: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|(_, known)| *known == name);
        known.map(|(column, _)| *column)
    }

    /// Whether calls can be sorted by it: what people write freely has no order that anybody looks for.
    pub fn is_sorted(self) -> bool {
        !matches!(self, Self::Tags | Self::Note)
    }

    /// What it holds.
    pub fn holds(self) -> Holds {
        match self {
            Self::Started => Holds::Day,
            Self::TimeOfDay => Holds::TimeOfDay,
            Self::Status => Holds::Word(super::CallStatus::WORDS),
            Self::Direction => Holds::Word(super::Direction::WORDS),
            Self::Caller | Self::Callee => Holds::Number,
            Self::Extension | Self::Client | Self::Line | Self::Tags | Self::Note => Holds::Text,
            Self::Category | Self::CategoryThen => Holds::Category,
            Self::Talk | Self::Ring | Self::Hold => Holds::Length,
            Self::Quality => Holds::Score,
            Self::Recorded | Self::TooLong => Holds::Flag,
            Self::Cost => Holds::Amount,
        }
    }
}

/// Which way a column goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    /// The smallest first.
    Up,
    /// The largest first.
    Down,
}

impl Turn {
    /// The other way.
    pub fn turned(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }
}

/// Reads a column to sort by and which way it goes: `talk`, `talk:up`, `talk:down`.
///
/// # Errors
/// What is no such column, or none that calls are sorted by; says which there are.
pub fn read_sort(text: &str) -> Result<(CallColumn, Turn), super::NotAllowed> {
    let (name, turn) = match text.trim().split_once(':') {
        None => (text.trim(), Turn::Up),
        Some((name, "up")) => (name, Turn::Up),
        Some((name, "down")) => (name, Turn::Down),
        Some(_) => return Err(super::NotAllowed::new(text, "behind the colon: up, down")),
    };
    let sorted = CallColumn::named(name).filter(|column| column.is_sorted());
    let column = sorted.ok_or_else(|| {
        let all = CallColumn::ALL.iter().filter(|(c, _)| c.is_sorted());
        let names: Vec<&str> = all.map(|(_, name)| *name).collect();
        super::NotAllowed::new(name, names.join(", "))
    })?;
    Ok((column, turn))
}

/// As [`read_sort`] reads it again.
pub fn write_sort(column: CallColumn, turn: Turn) -> String {
    match turn {
        Turn::Up => column.name().to_owned(),
        Turn::Down => format!("{}:down", column.name()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn s5_10_a_column_and_its_turn_come_back_as_they_were_written() {
        for &(column, name) in CallColumn::ALL {
            assert_eq!(CallColumn::named(name), Some(column));
            for turn in [Turn::Up, Turn::Down] {
                let written = write_sort(column, turn);
                match column.is_sorted() {
                    true => assert_eq!(read_sort(&written).unwrap(), (column, turn)),
                    false => assert!(read_sort(&written).is_err(), "{written}"),
                }
            }
        }
        assert_eq!(read_sort("talk:up").unwrap().1, Turn::Up);
        assert!(
            read_sort("talk:sideways")
                .unwrap_err()
                .allowed
                .contains("down")
        );
        assert!(read_sort("shoe_size").unwrap_err().allowed.contains("talk"));
    }
}
