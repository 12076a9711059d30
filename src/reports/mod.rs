//! Reports of the call log: rows go in, in the order of time, and figures come out. Where the rows
//! come from is the store's business, and how figures are shown that of whoever asks.

mod busiest;
mod by_pair;
mod clock_hours;
mod concurrency;
mod fate;
mod handling;
mod lost;
mod service;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};

pub use busiest::{Busiest, BusiestTally, Busy};
pub use fate::{Fate, LoggedCall, Offered, SHORT_ABANDON};
pub use handling::{
    Callers, Conversation, ENOUGH, Handling, HandlingTally, Identification, Lengths, Operator,
    SHORT, Saving, Work,
};
pub use lost::{Lost, LostTally};
pub use service::{Level, Load, SERVICE_GOAL, SERVICE_WITHIN, Service, ServiceTally};

/// What a report is about: the calls that began in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Period {
    /// The period of the same length that ends where this one begins: as many days of the calendar
    /// of `zone`, however long they are, and what is left in hours.
    pub fn before(self, zone: &TimeZone) -> Self {
        let [from, to] = [self.from, self.to].map(|moment| moment.to_zoned(zone.clone()));
        let length = from.until((Unit::Day, &to));
        let before = length.and_then(|length| from.checked_sub(length));
        Self {
            from: before.map_or(Timestamp::MIN, |before| before.timestamp()),
            to: self.from,
        }
    }
}

/// Changes what stands under a text in a map, which copies the text only where it is new.
fn under<T: Default>(map: &mut BTreeMap<String, T>, text: &str, change: impl FnOnce(&mut T)) {
    match map.get_mut(text) {
        Some(there) => change(there),
        None => change(map.entry(text.to_owned()).or_default()),
    }
}

fn mean(sum: Duration, count: u64) -> Option<Duration> {
    let nanos = sum.as_nanos().checked_div(count.into())?;
    Some(Duration::from_nanos_u128(nanos))
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
