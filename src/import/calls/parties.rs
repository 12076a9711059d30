//! Who called whom: which side of a PBX's line is the office's.

use std::collections::HashSet;

use crate::model::{Country, Direction, Party};

/// How long internal numbers are where nobody says which they are.
const USUAL: std::ops::RangeInclusive<usize> = 2..=5;
/// The longest of them.
const LONGEST: usize = 6;
/// Technologies of Asterisk's channels whose device is called as the internal number; a channel of a trunk card
/// has a number, too.
const PHONES: [&str; 5] = ["SIP", "PJSIP", "IAX2", "SCCP", "Local"];
/// Where Asterisk begins when nothing was dialled: no number.
const NO_NUMBERS: [&str; 6] = ["s", "h", "i", "t", "~~s~~", "failed"];
/// What stands for a caller who hides.
const HIDDEN: [&str; 6] = [
    "",
    "anonymous",
    "unknown",
    "restricted",
    "private",
    "unavailable",
];

/// The office's own numbers: 100-199, 201, +77272000000.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions(Vec<Own>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Own {
    /// From one to another, with so many digits.
    Between(u64, u64, usize),
    One(String),
}

impl Extensions {
    /// Reads numbers and ranges with commas between them; none where a range ends before it begins.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = text.split(',').map(str::trim);
        let parts = parts.filter(|part| !part.is_empty()).map(Own::parse);
        parts.collect::<Option<Vec<_>>>().map(Self)
    }

    fn has(&self, text: &str) -> bool {
        self.0.iter().any(|own| own.is(text))
    }
}

impl Own {
    fn parse(text: &str) -> Option<Self> {
        let Some((from, to)) = text.split_once('-') else {
            return Some(Self::One(bare(text).to_owned()));
        };
        let (from, to) = (from.trim(), to.trim());
        let range = (from.parse().ok()?, to.parse().ok()?);
        let is_range = from.len() == to.len() && range.0 <= range.1;
        is_range.then_some(Self::Between(range.0, range.1, from.len()))
    }

    fn is(&self, text: &str) -> bool {
        match self {
            Self::One(own) => own == bare(text),
            Self::Between(from, to, digits) => {
                let number = text.parse::<u64>().ok();
                text.len() == *digits && number.is_some_and(|n| (*from..=*to).contains(&n))
            }
        }
    }
}

fn bare(number: &str) -> &str {
    number.trim().trim_start_matches('+')
}

/// Which numbers are internal.
#[derive(Debug, Default)]
pub(super) struct House {
    /// Those that were named.
    pub(super) named: Extensions,
    /// Those of the employees.
    pub(super) employees: HashSet<String>,
}

impl House {
    fn has(&self, text: &str) -> bool {
        let is_usual =
            || USUAL.contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
        match self.named.0.is_empty() {
            false => self.named.has(text),
            true => self.employees.contains(text) || is_usual(),
        }
    }

    /// The device of an Asterisk channel, where it is internal: that of `PJSIP/101-0000002a` is 101.
    fn device<'a>(&self, channel: &'a str) -> Option<&'a str> {
        let (technology, rest) = channel.split_once('/')?;
        let device = rest.rsplit_once('-').map_or(rest, |(device, _)| device);
        let device = device.split('@').next().unwrap_or(device);
        (PHONES.contains(&technology) && self.has(device)).then_some(device)
    }
}

/// What a line says of both sides.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sides<'a> {
    pub(super) direction: &'a str,
    pub(super) caller: &'a str,
    pub(super) called: &'a str,
    pub(super) extension: &'a str,
    pub(super) context: &'a str,
    pub(super) channel: &'a str,
    pub(super) dst_channel: &'a str,
}

/// Who called whom, as the log has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parties {
    pub(super) direction: Direction,
    /// Which number called.
    pub(super) caller: Party,
    /// Which number was called.
    pub(super) callee: Party,
    pub(super) extension: String,
    pub(super) is_hidden: bool,
}

impl Parties {
    /// Told by the direction where the line says one, by a context of trunks, by whose number is internal,
    /// by a context of phones; none where nothing tells.
    pub(super) fn of(sides: &Sides<'_>, house: &House, country: Option<Country>) -> Option<Self> {
        let own_caller = house.device(sides.channel);
        let own_caller = own_caller.or(Some(sides.caller).filter(|text| house.has(text)));
        let own_called = house.device(sides.dst_channel);
        let own_called = own_called.or(Some(sides.called).filter(|text| house.has(text)));
        let direction = direction(sides.direction)
            .or_else(|| from_outside(sides.context))
            .or(own_caller.map(|_| Direction::Outgoing))
            .or(own_called.map(|_| Direction::Incoming))
            .or_else(|| from_inside(sides.context))?;
        let own = match direction {
            Direction::Outgoing => own_caller,
            Direction::Incoming => own_called,
        };
        let said = Some(sides.extension).filter(|text| !text.is_empty());
        // A number of the whole office is nobody's internal one.
        let own = own.filter(|text| text.len() <= LONGEST);
        let extension = said.or(own).unwrap_or_default();
        let called = match NO_NUMBERS.contains(&sides.called) {
            true => extension,
            false => sides.called,
        };
        let is_hidden = HIDDEN.contains(&&*sides.caller.to_lowercase());
        Some(Self {
            direction,
            caller: Party::parse(sides.caller, country),
            callee: Party::parse(called, country),
            extension: extension.to_owned(),
            is_hidden: is_hidden && direction == Direction::Incoming,
        })
    }

    /// The other party.
    pub(super) fn other(&self) -> &Party {
        match self.direction {
            Direction::Incoming => &self.caller,
            Direction::Outgoing => &self.callee,
        }
    }
}

/// Words that a column of directions has.
#[rustfmt::skip]
const INCOMING: [&str; 11] = [
    "incoming", "inbound", "in", "входящий", "входящие", "вх", "bejövő", "واردة", "وارد", "आने वाली", "इनकमिंग",
];
#[rustfmt::skip]
const OUTGOING: [&str; 11] = [
    "outgoing", "outbound", "out", "исходящий", "исходящие", "исх", "kimenő", "صادرة", "صادر", "जाने वाली", "आउटगोइंग",
];

fn direction(text: &str) -> Option<Direction> {
    let text = text.trim().to_lowercase();
    let text = text.trim_end_matches(" call").trim_end_matches('.');
    match (INCOMING.contains(&text), OUTGOING.contains(&text)) {
        (true, _) => Some(Direction::Incoming),
        (_, true) => Some(Direction::Outgoing),
        _ => None,
    }
}

/// A context that calls from outside come into.
fn from_outside(context: &str) -> Option<Direction> {
    let is_outside = ["trunk", "pstn", "from-did", "incoming", "inbound"];
    let fits = is_outside.iter().any(|part| context.contains(part));
    fits.then_some(Direction::Incoming)
}

/// A context that the office's phones dial in.
fn from_inside(context: &str) -> Option<Direction> {
    let is_inside = ["internal", "outgoing", "outbound"];
    let fits = is_inside.iter().any(|part| context.contains(part));
    fits.then_some(Direction::Outgoing)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(sides: Sides<'_>, named: &str) -> Option<(Direction, String, String, String)> {
        let house = House {
            named: Extensions::parse(named).unwrap(),
            employees: HashSet::new(),
        };
        let parties = Parties::of(&sides, &house, "KZ".parse().ok())?;
        let (caller, callee) = (parties.caller.logged(), parties.callee.logged());
        Some((parties.direction, caller, callee, parties.extension))
    }

    fn sides<'a>(caller: &'a str, called: &'a str) -> Sides<'a> {
        Sides {
            caller,
            called,
            ..Sides::default()
        }
    }

    fn expected(
        direction: Direction,
        texts: [&str; 3],
    ) -> Option<(Direction, String, String, String)> {
        let [caller, callee, extension] = texts.map(str::to_owned);
        Some((direction, caller, callee, extension))
    }

    #[test]
    fn s5_14_whose_number_is_internal_tells_who_called_whom() {
        let out = expected(Direction::Outgoing, ["101", "+77011112233", "101"]);
        assert_eq!(told(sides("101", "87011112233"), ""), out);
        let within = expected(Direction::Incoming, ["+77011112233", "101", "101"]);
        assert_eq!(told(sides("87011112233", "101"), ""), within);
        let house = expected(Direction::Outgoing, ["101", "102", "101"]);
        assert_eq!(told(sides("101", "102"), ""), house);
        assert_eq!(told(sides("87011112233", "87273332211"), ""), None);
        let did = expected(Direction::Incoming, ["+77011112233", "+77273332211", ""]);
        assert_eq!(
            told(sides("87011112233", "87273332211"), "87273332211"),
            did
        );
        assert_eq!(told(sides("87011112233", "101"), "200-299"), None);
    }

    #[test]
    fn s5_14_channels_and_contexts_of_asterisk_tell_it_where_numbers_do_not() {
        let out = Sides {
            channel: "PJSIP/101-0000002a",
            context: "from-internal",
            ..sides("87273332211", "87011112233")
        };
        let by_device = expected(Direction::Outgoing, ["+77273332211", "+77011112233", "101"]);
        assert_eq!(told(out, ""), by_device);
        let group = Sides {
            dst_channel: "SIP/102-00000001",
            context: "ext-group",
            channel: "DAHDI/23-1",
            ..sides("87011112233", "s")
        };
        let by_answer = expected(Direction::Incoming, ["+77011112233", "102", "102"]);
        assert_eq!(told(group, ""), by_answer);
        let short = Sides {
            context: "from-trunk",
            ..sides("112", "s")
        };
        let by_context = expected(Direction::Incoming, ["112", "", ""]);
        assert_eq!(told(short, ""), by_context);
    }

    #[test]
    fn what_a_column_says_of_the_direction_counts_first() {
        let said = Sides {
            direction: "Inbound",
            extension: "205",
            ..sides("101", "87011112233")
        };
        let taken = expected(Direction::Incoming, ["101", "+77011112233", "205"]);
        assert_eq!(told(said, ""), taken);
    }

    #[test]
    fn own_numbers_are_read_as_ranges_and_one_by_one() {
        let own = Extensions::parse("100-199, +77273332211,office").unwrap();
        for text in ["100", "150", "199", "77273332211", "office"] {
            assert!(own.has(text), "{text}");
        }
        for text in ["99", "200", "0150", "1500", ""] {
            assert!(!own.has(text), "{text}");
        }
        assert_eq!(Extensions::parse("199-100"), None);
        assert_eq!(Extensions::parse("1-x"), None);
    }
}
