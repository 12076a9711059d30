//! Prices as they are written, without a float on the way.

use std::fmt;

/// An exact price, in billionths of the currency's unit: what a minute costs may be a part of a cent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(u64);

impl Exact {
    /// What one of the currency's unit is.
    pub(crate) const UNIT: u64 = 1_000_000_000;
    /// Digits behind the point.
    const DECIMALS: usize = 9;
    /// The most that may be asked for a minute.
    const MOST: u64 = 1_000_000;
    /// What may be written.
    pub(super) const ALLOWED: &'static str = "a price in quotes with at most nine digits behind the point, such as \"0.10\", up to \"1000000\"";

    /// Reads `0.10`; none where it is not so written.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(rest) || rest.len() > Self::DECIMALS {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let rest: u64 = format!("{rest:0<width$}", width = Self::DECIMALS)
            .parse()
            .ok()?;
        let billionths = whole.checked_mul(Self::UNIT)?.checked_add(rest)?;
        (billionths <= Self::MOST * Self::UNIT).then_some(Self(billionths))
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// How many billionths it is.
    pub(crate) fn billionths(self) -> u128 {
        self.0.into()
    }
}

impl fmt::Display for Exact {
    /// With two digits behind the point, or as many as it takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = format!("{:09}", self.0 % Self::UNIT);
        let (first, behind) = rest.split_at(2);
        write!(f, "{}.{first}", self.0 / Self::UNIT)?;
        f.write_str(behind.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_20_a_price_is_as_it_is_written_and_nothing_else_is_one() {
        for (text, shown) in [
            ("0.10", "0.10"),
            ("0.1", "0.10"),
            ("12", "12.00"),
            ("0.0125", "0.0125"),
            ("0.000000001", "0.000000001"),
            ("1000000", "1000000.00"),
        ] {
            let price = Exact::parse(text).map(|price| price.to_string());
            assert_eq!(price.as_deref(), Some(shown), "{text}");
        }
        for text in [
            "",
            ".",
            ".5",
            "5.",
            "-1",
            "+1",
            "1,5",
            "1e3",
            "0.0000000001",
            "1000000.01",
            "99999999999999999999",
            " 1",
            "١",
        ] {
            assert_eq!(Exact::parse(text), None, "{text}");
        }
    }
}
