//! Amounts of money.

use std::fmt;

use serde::Serialize;

/// An amount of money. Printed as people write it: `12 500 ₸`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Money {
    /// In the currency's smallest unit: cents, fillér, tiyn.
    pub minor: i64,
    /// ISO 4217 code, `KZT`; empty where the office never said.
    pub currency: String,
}

/// A text that is no amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not an amount of money; allowed are digits, spaces between them and a point: \
     12 500.50 KZT"
)]
pub struct MoneyError {
    /// What was given, shortened to 64 characters.
    pub text: String,
}

impl Money {
    /// How many digits the currency has behind the point (ISO 4217): 2 for most.
    pub fn decimals(currency: &str) -> u32 {
        match currency {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }

    /// Reads `12 500`, `12500.50` or `-3.5 EUR`; a currency behind the amount counts before the
    /// one given.
    pub fn parse(text: &str, currency: &str) -> Result<Self, MoneyError> {
        let error = || MoneyError {
            text: text.chars().take(64).collect(),
        };
        let (amount, currency) = match text.trim().rsplit_once(' ') {
            Some((amount, code))
                if code.len() == 3 && code.bytes().all(|b| b.is_ascii_alphabetic()) =>
            {
                (amount, code.to_ascii_uppercase())
            }
            _ => (text.trim(), currency.to_owned()),
        };
        let decimals = Self::decimals(&currency);
        let (sign, digits) = amount
            .strip_prefix('-')
            .map_or((1, amount), |digits| (-1, digits));
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
        let whole: String = whole.split_whitespace().collect();
        let all = format!("{whole}{rest:0<width$}", width = decimals as usize);
        let fits = !whole.is_empty() && rest.len() <= decimals as usize;
        let minor = if fits && all.bytes().all(|b| b.is_ascii_digit()) {
            all.parse::<i64>().ok()
        } else {
            None
        };
        Ok(Self {
            minor: sign * minor.ok_or_else(error)?,
            currency,
        })
    }

    /// The amount alone, with all the decimals of its currency, as tables of other programs want it: `0.20`.
    pub fn amount(&self) -> String {
        let digits = Self::decimals(&self.currency) as usize;
        let all = format!("{:0width$}", self.minor.unsigned_abs(), width = digits + 1);
        let (whole, rest) = all.split_at(all.len() - digits);
        let sign = if self.minor < 0 { "-" } else { "" };
        let point = if rest.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{rest}")
    }

    /// As [`Money::parse`] reads it again, in no language: `12500.50 KZT`.
    pub fn plain(&self) -> String {
        let digits = Self::decimals(&self.currency);
        let per_unit = 10_u64.pow(digits);
        let minor = self.minor.unsigned_abs();
        let mut text = if self.minor < 0 { "-" } else { "" }.to_owned();
        text.push_str(&(minor / per_unit).to_string());
        if !minor.is_multiple_of(per_unit) {
            let rest = minor % per_unit;
            text.push_str(&format!(".{rest:0width$}", width = digits as usize));
        }
        if !self.currency.is_empty() {
            text.push(' ');
            text.push_str(&self.currency);
        }
        text
    }

    fn sign(&self) -> &str {
        match self.currency.as_str() {
            "KZT" => "₸",
            "EUR" => "€",
            "USD" => "$",
            "GBP" => "£",
            "RUB" => "₽",
            "HUF" => "Ft",
            "INR" => "₹",
            code => code,
        }
    }
}

impl fmt::Display for Money {
    /// Thousands apart by a space that does not break; the smaller unit only where there is any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = Self::decimals(&self.currency);
        let per_unit = 10_u64.pow(digits);
        let (whole, rest) = (
            self.minor.unsigned_abs() / per_unit,
            self.minor.unsigned_abs() % per_unit,
        );
        if self.minor < 0 {
            f.write_str("−")?;
        }
        f.write_str(&grouped(whole))?;
        if rest > 0 {
            write!(f, ".{rest:0width$}", width = digits as usize)?;
        }
        match self.sign() {
            "" => Ok(()),
            sign => write!(f, "\u{a0}{sign}"),
        }
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(minor: i64, currency: &str) -> String {
        let currency = currency.to_owned();
        Money { minor, currency }.to_string().replace('\u{a0}', " ")
    }

    #[test]
    fn an_amount_comes_back_from_its_plain_text() {
        for (minor, currency, plain) in [
            (1_250_000, "KZT", "12500 KZT"),
            (-99, "USD", "-0.99 USD"),
            (700, "JPY", "700 JPY"),
            (5, "", "0.05"),
        ] {
            let currency = currency.to_owned();
            let money = Money { minor, currency };
            assert_eq!(money.plain(), plain);
            assert_eq!(Money::parse(plain, ""), Ok(money));
        }
    }

    #[test]
    fn an_amount_alone_has_every_decimal_of_its_currency() {
        for (minor, currency, amount) in [
            (20, "EUR", "0.20"),
            (5, "EUR", "0.05"),
            (0, "EUR", "0.00"),
            (-1_250, "USD", "-12.50"),
            (700, "JPY", "700"),
            (0, "JPY", "0"),
            (13, "KWD", "0.013"),
            (1_500, "UGX", "1500"),
            (1_500, "LYD", "1.500"),
            (15_000, "CLF", "1.5000"),
            (i64::MIN, "USD", "-92233720368547758.08"),
        ] {
            let currency = currency.to_owned();
            assert_eq!(Money { minor, currency }.amount(), amount);
        }
    }

    #[test]
    fn s1_16_debts_read_as_people_write_them() {
        assert_eq!(printed(1_250_000, "KZT"), "12 500 ₸");
        assert_eq!(printed(1_250_005, "EUR"), "12 500.05 €");
        assert_eq!(printed(-99, "USD"), "−0.99 $");
        assert_eq!(printed(1_234, "JPY"), "1 234 JPY");
        assert_eq!(printed(1_234_567, "KWD"), "1 234.567 KWD");
        assert_eq!(printed(1_250_000, ""), "12 500");
        assert_eq!(printed(12_345_678_950, "EUR"), "123 456 789.50 €");
    }
}
