//! A provider's bill beside the call log: what was billed and not made, made and not billed, and what has
//! another length or price in the bill than by the log and the tariffs.
//!
//! A pure function of the two. The bill's clock need not be right: how far it is ahead is found out first.

mod expected;
mod matching;
mod read;
mod skew;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

pub use read::{BillError, BillReading, LeftOut, Reading};

use crate::model::{CallRecord, Money};
use crate::tariffs::{Exact, Tariffs};

/// How far a call of the bill may begin from the one that it is, once the clocks agree.
const NEAR: SignedDuration = SignedDuration::from_mins(3);
/// How many seconds the provider may have heard of the answer or the end sooner or later than we did.
const TOLERANCE_S: u64 = 2;

/// A call as the bill has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledCall {
    /// Its line in the file, 1-based.
    pub line: u64,
    /// When it began, by the provider's clock.
    pub at: Timestamp,
    /// Who was called: E.164, or what stands there.
    pub number: String,
    /// How long it was, seconds: to the second, or as it was charged.
    pub length_s: u64,
    /// What it costs.
    pub cost: Exact,
    /// ISO 4217.
    pub currency: String,
}

/// What a bill is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// The answered outgoing calls of the log; more than the bill is about do no harm.
    pub calls: &'a [CallRecord],
    /// What they cost.
    pub tariffs: &'a Tariffs,
    /// Those before it are not looked for; none for what the bill itself begins with.
    pub from: Option<Timestamp>,
    /// Those from it on are not looked for; none for what the bill itself ends with.
    pub to: Option<Timestamp>,
}

/// A call of the bill and the one of the log that it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair<'a> {
    /// As it was billed.
    pub billed: &'a BilledCall,
    /// As it was made.
    pub made: &'a CallRecord,
    /// What it should cost; none where no tariff is for it.
    pub expected: Option<Money>,
}

/// A call of the log that is not in the bill.
#[derive(Debug, Clone, PartialEq)]
pub struct NotBilled<'a> {
    /// As it was made.
    pub made: &'a CallRecord,
    /// What it should cost; none where no tariff is for it.
    pub expected: Option<Money>,
}

/// What came out. Each call is in one of the lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BillCheck<'a> {
    /// How far the provider's clock is ahead of ours.
    pub ahead: SignedDuration,
    /// Billed as they were made.
    pub right: Vec<Pair<'a>>,
    /// Billed, and not made.
    pub not_made: Vec<&'a BilledCall>,
    /// Made, and not billed; those that cost nothing are not missed.
    pub not_billed: Vec<NotBilled<'a>>,
    /// Billed with another length.
    pub wrong_length: Vec<Pair<'a>>,
    /// Billed with the right length, and another price.
    pub wrong_price: Vec<Pair<'a>>,
    /// How many calls of the bill are outside the period.
    pub outside: usize,
}

/// What the bill and the log come to in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillTotal {
    /// What the bill asks for.
    pub billed: Money,
    /// What the calls should cost.
    pub expected: Money,
}

/// Compares a bill with the log.
pub fn check<'a>(billed: &'a [BilledCall], made: Made<'a>) -> BillCheck<'a> {
    let ahead = skew::ahead(billed, made);
    matching::compare(billed, made, ahead)
}

impl BillCheck<'_> {
    /// The sums of bill and log by currency. What is in none of the lists of mistakes is the same on both
    /// sides, so that they explain the difference to the cent.
    pub fn totals(&self) -> Vec<BillTotal> {
        expected::totals(self)
    }
}
