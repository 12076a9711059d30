//! What an office shows of its callers: the blocks of the caller card, in the office's order.

use std::fmt;
use std::str::FromStr;

use serde::ser::{Serialize, Serializer};

use super::{NotAllowed, Record, Value};

/// A block of the caller card, below the header that every card has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// The client's photo, or its substitute.
    Photo,
    /// City and country, with the time of day there.
    Location,
    /// The words to greet the client with.
    Greeting,
    /// The note on the client.
    Note,
    /// The open orders.
    Orders,
    /// The open requests.
    Requests,
    /// What was bought last.
    Purchases,
    /// What is on account.
    Balance,
    /// When the client is expected next.
    Appointment,
    /// The branch that is nearest to the client.
    Branch,
    /// Where the client is.
    Address,
    /// The client's tags.
    Tags,
    /// A field of the office's own, by its name.
    Field(String),
    /// What a source outside the store says, by the source's name.
    Source(String),
}

/// What is written before the names of fields and of sources.
const FIELD: &str = "field:";
const SOURCE: &str = "source:";

impl Block {
    /// The blocks that every office has, with their words.
    pub const OWN: [(Self, &'static str); 12] = [
        (Self::Photo, "photo"),
        (Self::Location, "location"),
        (Self::Greeting, "greeting"),
        (Self::Note, "note"),
        (Self::Orders, "orders"),
        (Self::Requests, "requests"),
        (Self::Purchases, "purchases"),
        (Self::Balance, "balance"),
        (Self::Appointment, "appointment"),
        (Self::Branch, "branch"),
        (Self::Address, "address"),
        (Self::Tags, "tags"),
    ];

    /// Reads blocks parted by semicolons, each of them once.
    ///
    /// # Errors
    /// A word that is no block, or one that comes twice; says what is allowed.
    pub fn read_all(text: &str) -> Result<Vec<Self>, NotAllowed> {
        let mut blocks = Vec::new();
        for word in text.split(';').map(str::trim) {
            if word.is_empty() {
                continue;
            }
            let block = word.parse()?;
            if blocks.contains(&block) {
                return Err(NotAllowed::new(word, "each block once"));
            }
            blocks.push(block);
        }
        Ok(blocks)
    }

    /// As [`Block::read_all`] reads it again.
    pub fn write_all(blocks: &[Self]) -> String {
        let words: Vec<String> = blocks.iter().map(Self::to_string).collect();
        words.join("; ")
    }
}

impl FromStr for Block {
    type Err = NotAllowed;

    fn from_str(word: &str) -> Result<Self, NotAllowed> {
        let named = |prefix: &str| {
            let name = word.strip_prefix(prefix)?.trim();
            (!name.is_empty()).then(|| name.to_owned())
        };
        let own = Self::OWN.into_iter().find(|(_, own)| *own == word);
        own.map(|(block, _)| block)
            .or_else(|| named(FIELD).map(Self::Field))
            .or_else(|| named(SOURCE).map(Self::Source))
            .ok_or_else(|| {
                let own = Self::OWN.map(|(_, own)| own).join(", ");
                let allowed = format!("{own}, {FIELD}NAME, {SOURCE}NAME, parted by semicolons");
                NotAllowed::new(word, allowed)
            })
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, "{FIELD}{name}"),
            Self::Source(name) => write!(f, "{SOURCE}{name}"),
            own => {
                let mut all = Self::OWN.iter();
                let word = all.find(|(block, _)| block == own);
                f.write_str(word.map_or("", |(_, word)| word))
            }
        }
    }
}

impl Serialize for Block {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A layout of the caller card: a name, and the blocks in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardLayout {
    /// What lines choose it by.
    pub name: String,
    /// What stands below the header.
    pub blocks: Vec<Block>,
}

impl CardLayout {
    /// The layout of lines that choose none.
    pub const STANDARD: &'static str = "standard";

    /// The layout that this record is.
    pub fn of(record: &Record) -> Self {
        Self {
            name: record.text("name").to_owned(),
            // What the store keeps was read before.
            blocks: Block::read_all(record.text("blocks")).unwrap_or_default(),
        }
    }

    /// Puts blocks into the record of a layout, where [`CardLayout::of`] finds them.
    pub fn set_blocks(record: &mut Record, blocks: &[Block]) {
        let text = (!blocks.is_empty()).then(|| Value::Text(Block::write_all(blocks)));
        record.set("blocks", text);
    }

    /// Whether people mean it by this name; none means the standard.
    pub fn is_called(&self, name: &str) -> bool {
        let name = match name.trim() {
            "" => Self::STANDARD,
            name => name,
        };
        self.name.to_lowercase() == name.to_lowercase()
    }
}

impl Default for CardLayout {
    /// What an office sees that has said nothing: why somebody is likely to call. A block with
    /// nothing to say takes no room.
    fn default() -> Self {
        Self {
            name: Self::STANDARD.to_owned(),
            blocks: vec![
                Block::Photo,
                Block::Location,
                Block::Greeting,
                Block::Note,
                Block::Appointment,
                Block::Orders,
                Block::Requests,
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn s1_10_blocks_are_read_in_the_order_in_which_they_are_written() {
        let text = "note; field:Contract № 1; source:Debtors; photo";
        let blocks = Block::read_all(text).unwrap();
        let field = Block::Field("Contract № 1".into());
        let source = Block::Source("Debtors".into());
        assert_eq!(blocks, [Block::Note, field, source, Block::Photo]);
        assert_eq!(Block::write_all(&blocks), text);
        assert_eq!(Block::read_all(" ;; ").unwrap(), []);
        for (block, word) in Block::OWN {
            assert_eq!(block.to_string(), word);
            assert_eq!(word.parse::<Block>().unwrap(), block);
        }
    }

    #[test]
    fn what_is_no_block_is_refused_with_what_is_allowed() {
        for (text, said) in [
            ("photo; foto", "photo, location, greeting"),
            ("field:", "field:NAME"),
            ("note; note", "each block once"),
        ] {
            let refused = Block::read_all(text).unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}");
        }
    }

    #[test]
    fn a_line_without_a_layout_means_the_standard() {
        let layout = CardLayout::default();
        assert!(layout.is_called("") && layout.is_called("Standard"));
        assert!(!layout.is_called("Sales"));
    }
}
