//! How far the provider's clock is ahead: seconds of a clock that is wrong, hours of another time zone.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::expected::Expected;
use super::{BilledCall, Made, NEAR};

/// No two time zones are further apart, and no clock is that wrong.
const MOST_S: i64 = 27 * 60 * 60;
/// What a constant skew is looked for by: so many seconds apart is the same.
const WINDOW_S: i64 = 20;
/// With fewer calls that agree, the clocks are believed.
const ENOUGH: usize = 3;

/// A call of the bill and how many seconds it began later than one of the log that it may be.
struct Difference {
    seconds: i64,
    line: usize,
}

/// How far the provider's clock is ahead, by the calls to the same number with the same length. Hours are
/// believed only where most of the bill agrees; where nothing does, the clocks are right.
pub(super) fn ahead(billed: &[BilledCall], made: Made<'_>) -> SignedDuration {
    let mut differences = differences(billed, made);
    differences.sort_unstable_by_key(|difference| difference.seconds);
    let best = densest(&differences);
    let agree = best.map_or(0, |seconds| lines_near(&differences, seconds));
    let lines = distinct(differences.iter().map(|difference| difference.line));
    let seconds = match best {
        Some(seconds) if agree >= ENOUGH && 2 * agree > lines => seconds,
        _ => near_zero(&differences),
    };
    SignedDuration::from_secs(seconds)
}

fn differences(billed: &[BilledCall], made: Made<'_>) -> Vec<Difference> {
    let mut by_number: BTreeMap<&str, Vec<(Timestamp, Expected<'_>)>> = BTreeMap::new();
    for call in made.calls {
        if let Some(at) = call.answered_at {
            let expected = Expected::of(call, made.tariffs);
            by_number
                .entry(&call.callee)
                .or_default()
                .push((at, expected));
        }
    }
    for calls in by_number.values_mut() {
        calls.sort_by_key(|(at, _)| *at);
    }
    let mut differences = Vec::new();
    for (line, billed) in billed.iter().enumerate() {
        let calls = by_number
            .get(&*billed.number)
            .map_or(&[][..], Vec::as_slice);
        let seconds = |at: Timestamp| billed.at.as_second() - at.as_second();
        let first = calls.partition_point(|(at, _)| seconds(*at) > MOST_S);
        let near = calls[first..].iter();
        let near = near.take_while(|(at, _)| seconds(*at) >= -MOST_S);
        let alike = near.filter(|(_, expected)| expected.has_length(billed.length_s));
        differences.extend(alike.map(|(at, _)| Difference {
            seconds: seconds(*at),
            line,
        }));
    }
    differences
}

/// The middle of the twenty seconds in which most differences lie; of several, of those nearest to none.
fn densest(differences: &[Difference]) -> Option<i64> {
    let mut best: Option<(usize, i64)> = None;
    for (first, difference) in differences.iter().enumerate() {
        let rest = &differences[first..];
        let within = rest.partition_point(|other| other.seconds <= difference.seconds + WINDOW_S);
        let middle = rest[within / 2].seconds;
        let is_better = best.is_none_or(|(count, seconds)| {
            within > count || (within == count && middle.abs() < seconds.abs())
        });
        if is_better {
            best = Some((within, middle));
        }
    }
    best.map(|(_, middle)| middle)
}

/// How many calls of the bill have a difference near this one.
fn lines_near(differences: &[Difference], seconds: i64) -> usize {
    let near = NEAR.as_secs();
    let first = differences.partition_point(|other| other.seconds < seconds - near);
    let near = differences[first..]
        .iter()
        .take_while(|other| other.seconds <= seconds + near);
    distinct(near.map(|other| other.line))
}

fn distinct(lines: impl Iterator<Item = usize>) -> usize {
    let mut lines: Vec<usize> = lines.collect();
    lines.sort_unstable();
    lines.dedup();
    lines.len()
}

/// The middle of the differences of a few minutes.
fn near_zero(differences: &[Difference]) -> i64 {
    let near = NEAR.as_secs();
    let first = differences.partition_point(|other| other.seconds < -near);
    let count = differences[first..].partition_point(|other| other.seconds <= near);
    match count {
        0 => 0,
        count => differences[first + count / 2].seconds,
    }
}
