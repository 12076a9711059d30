//! What a call should look like in the bill.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{BillCheck, BillTotal, BilledCall, TOLERANCE_S};
use crate::model::{CallRecord, Money};
use crate::tariffs::{Charged, Exact, Price, Tariffs};

/// What may stand in the bill for one call of the log.
pub(super) struct Expected<'a> {
    call: &'a CallRecord,
    tariffs: &'a Tariffs,
}

/// What is to be said of a call of the bill that is one of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is as it should be, and costs that.
    Right(Option<Money>),
    /// It has another length.
    WrongLength,
    /// It has another price.
    WrongPrice,
}

impl<'a> Expected<'a> {
    pub(super) fn of(call: &'a CallRecord, tariffs: &'a Tariffs) -> Self {
        Self { call, tariffs }
    }

    /// What the call costs by the log.
    pub(super) fn cost(&self) -> Option<Money> {
        Some(self.price(self.talk_s())?.cost)
    }

    /// Whether the length fits: to the second, or as the tariff charges it.
    pub(super) fn has_length(&self, length_s: u64) -> bool {
        self.talks(length_s).next().is_some()
    }

    pub(super) fn verdict(&self, billed: &BilledCall) -> Verdict {
        let mut talks = self.talks(billed.length_s).peekable();
        if talks.peek().is_none() {
            return Verdict::WrongLength;
        }
        let amount = rounded(billed.cost, &billed.currency);
        let mut is_known = false;
        for talk_s in talks {
            let price = self.price(talk_s).map(|price| price.cost);
            is_known |= price.is_some();
            if price.as_ref() == Some(&amount) {
                return Verdict::Right(price);
            }
        }
        match is_known {
            true => Verdict::WrongPrice,
            false => Verdict::Right(None),
        }
    }

    /// The lengths of the talk that the provider may have measured, where it bills this one.
    fn talks(&self, length_s: u64) -> impl Iterator<Item = u64> {
        let talk_s = self.talk_s();
        let near = talk_s.saturating_sub(TOLERANCE_S)..=talk_s + TOLERANCE_S;
        near.filter(move |&talk_s| {
            let charged = || self.price(talk_s).map(|price| price.steps_s());
            talk_s == length_s || charged() == Some(length_s)
        })
    }

    fn price(&self, talk_s: u64) -> Option<Price> {
        let call = Charged::of(self.call);
        let talk = Duration::from_secs(talk_s);
        self.tariffs.price(&Charged { talk, ..call })
    }

    fn talk_s(&self) -> u64 {
        let seconds = self.call.talk.as_millis().div_ceil(1000);
        u64::try_from(seconds).unwrap_or(u64::MAX - TOLERANCE_S)
    }
}

/// In the currency's smallest unit, half of it up.
pub(super) fn rounded(amount: Exact, currency: &str) -> Money {
    of_billionths(amount.billionths(), currency)
}

fn of_billionths(billionths: u128, currency: &str) -> Money {
    let unit = u128::from(Exact::UNIT) / 10_u128.pow(Money::decimals(currency));
    let minor = (billionths + unit / 2) / unit;
    Money {
        minor: i64::try_from(minor).unwrap_or(i64::MAX),
        currency: currency.to_owned(),
    }
}

/// Sums by currency: billionths of the bill, smallest units of the log.
#[derive(Default)]
struct Sums<'a>(BTreeMap<&'a str, (u128, i64)>);

impl<'a> Sums<'a> {
    fn bill(&mut self, call: &'a BilledCall) {
        self.0.entry(&call.currency).or_default().0 += call.cost.billionths();
    }

    fn believe(&mut self, call: &'a BilledCall) {
        let cost = rounded(call.cost, &call.currency);
        self.0.entry(&call.currency).or_default().1 += cost.minor;
    }

    fn expect(&mut self, cost: Option<&'a Money>) {
        if let Some(cost) = cost {
            self.0.entry(&cost.currency).or_default().1 += cost.minor;
        }
    }
}

pub(super) fn totals(check: &BillCheck<'_>) -> Vec<BillTotal> {
    let mut sums = Sums::default();
    for pair in &check.right {
        sums.bill(pair.billed);
        match &pair.expected {
            Some(cost) => sums.expect(Some(cost)),
            // Without a tariff the bill is believed.
            None => sums.believe(pair.billed),
        }
    }
    for pair in check.wrong_length.iter().chain(&check.wrong_price) {
        sums.bill(pair.billed);
        sums.expect(pair.expected.as_ref());
    }
    for billed in &check.not_made {
        sums.bill(billed);
    }
    for call in &check.not_billed {
        sums.expect(call.expected.as_ref());
    }
    let total = |(currency, (billed, minor)): (&str, (u128, i64))| BillTotal {
        billed: of_billionths(billed, currency),
        expected: Money {
            minor,
            currency: currency.to_owned(),
        },
    };
    sums.0.into_iter().map(total).collect()
}
