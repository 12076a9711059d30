//! What the office makes values of the call log stand out by: an icon and a colour (S5.7, S5.13).

use super::{CallColumn, Category, Holds, NotAllowed, Record};

/// An icon and a colour for calls with this value in this column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLook {
    /// The column.
    pub column: CallColumn,
    /// The value, as files have it.
    pub value: String,
    /// The icon's name.
    pub icon: String,
    /// The colour, `#RRGGBB`.
    pub colour: String,
}

impl CallLook {
    /// The look that a record of this kind keeps; none where it is switched off or of no column.
    pub fn of(record: &Record) -> Option<Self> {
        let column = CallColumn::named(record.text("field"))?;
        let or = |column: &str, usual: &str| match record.text(column) {
            "" => usual.to_owned(),
            given => given.to_owned(),
        };
        (!record.is("off")).then(|| Self {
            column,
            value: record.text("value").to_owned(),
            icon: or("icon", "tag"),
            colour: or("colour", Category::COLOURS[0]),
        })
    }

    /// Refuses a column that has no looks, and a value that no call has in its column.
    ///
    /// # Errors
    /// The column's name, and what it does not take.
    pub fn check(record: &Record) -> Result<(), (&'static str, NotAllowed)> {
        let (field, value) = (record.text("field"), record.text("value"));
        if !field.is_empty() && !CallColumn::LOOKED.contains(&field) {
            let allowed = CallColumn::LOOKED.join(", ");
            return Err(("field", NotAllowed::new(field, allowed)));
        }
        let words: &[&str] = match CallColumn::named(field).map(CallColumn::holds) {
            Some(Holds::Word(words)) => words,
            Some(Holds::Flag) => &["yes", "no"],
            _ => return Ok(()),
        };
        match words.contains(&value) {
            true => Ok(()),
            false => Err(("value", NotAllowed::new(value, words.join(", ")))),
        }
    }
}
