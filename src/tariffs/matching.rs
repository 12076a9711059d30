//! Which calls a rule is for.

use std::fmt;

use jiff::civil::DateTime;

use super::{Charged, Tariff};
use crate::model::{PhoneNumber, is_within};

/// Which numbers a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prefix {
    /// E.164 numbers that begin so: `+7701`.
    Number(String),
    /// What is no phone number: internal numbers, users, emergency numbers.
    Internal,
    /// Every number that no other rule is for, hidden ones too.
    Any,
}

impl Prefix {
    pub(super) const ALLOWED: &'static str = "the beginning of international numbers such as \"+7701\", \"internal\", or \"\" for all others";

    /// Reads `+7701`, `internal` or an empty text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "" => Some(Self::Any),
            "internal" => Some(Self::Internal),
            text => {
                let digits = text.strip_prefix('+')?;
                let fits = (1..=15).contains(&digits.len()) && !digits.starts_with('0');
                let fits = fits && digits.bytes().all(|b| b.is_ascii_digit());
                fits.then(|| Self::Number(text.to_owned()))
            }
        }
    }

    /// How much of the number it says, where it fits: more counts before less.
    fn rank(&self, number: &str) -> Option<usize> {
        match self {
            Self::Number(prefix) => number.starts_with(prefix.as_str()).then_some(prefix.len()),
            Self::Internal => {
                (!number.is_empty() && PhoneNumber::from_e164(number).is_none()).then_some(1)
            }
            Self::Any => Some(0),
        }
    }
}

impl fmt::Display for Prefix {
    /// As it is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number(prefix) => prefix,
            Self::Internal => "internal",
            Self::Any => "",
        })
    }
}

impl Tariff {
    /// How closely the rule fits the call, at whatever time: by the longest of its prefixes, and where those
    /// are as long as each other, by whether it is the line's own. None where it does not fit.
    pub(super) fn rank(&self, call: &Charged<'_>) -> Option<(usize, bool)> {
        if self.direction != call.direction {
            return None;
        }
        if let Some(line) = &self.line
            && !line.eq_ignore_ascii_case(call.line)
        {
            return None;
        }
        let ranks = self.prefixes.iter();
        let longest = ranks.filter_map(|prefix| prefix.rank(call.number)).max()?;
        Some((longest, self.line.is_some()))
    }
}
impl Tariff {
    /// Whether it holds at a time of its clock.
    pub(super) fn is_in_force(&self, local: DateTime) -> bool {
        let day = local.date();
        let is_valid =
            self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until);
        is_valid && is_within(self.days, self.hours, local)
    }
}
