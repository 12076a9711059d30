//! Which call of the bill is which of the log.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::expected::{Expected, Verdict};
use super::{BillCheck, BilledCall, Made, NEAR, NotBilled, Pair};
use crate::model::CallRecord;

/// Two calls to one number that may be the same.
struct Candidate {
    /// How far apart they begin, then by how much their lengths differ.
    distance: (SignedDuration, u64),
    billed: usize,
    made: usize,
}

pub(super) fn compare<'a>(
    billed: &'a [BilledCall],
    made: Made<'a>,
    ahead: SignedDuration,
) -> BillCheck<'a> {
    let at = |call: &BilledCall| call.at.checked_sub(ahead).unwrap_or(call.at);
    let is_inside = |call: &&BilledCall| {
        let at = at(call);
        made.from.is_none_or(|from| from <= at) && made.to.is_none_or(|to| at < to)
    };
    let lines: Vec<&BilledCall> = billed.iter().filter(is_inside).collect();
    let mut check = BillCheck {
        ahead,
        outside: billed.len() - lines.len(),
        ..BillCheck::default()
    };
    let pairs = pairs(&lines, made.calls, at);
    for (line, billed) in lines.iter().enumerate() {
        match pairs.get(&line) {
            Some(&made_at) => sort_in(&mut check, billed, &made.calls[made_at], made),
            None => check.not_made.push(billed),
        }
    }
    let taken: BTreeSet<usize> = pairs.into_values().collect();
    let begin = made
        .from
        .or_else(|| lines.iter().map(|call| at(call)).min());
    let end = lines.iter().map(|call| at(call)).max();
    let is_looked_for = |at: Timestamp| {
        let ended = match made.to {
            Some(to) => to <= at,
            None => end.is_none_or(|end| end < at),
        };
        !ended && begin.is_some_and(|begin| begin <= at)
    };
    for (place, call) in made.calls.iter().enumerate() {
        let expected = Expected::of(call, made.tariffs).cost();
        // What no tariff is for is missed only where it went to a number that somebody may charge for.
        let costs = match &expected {
            Some(cost) => cost.minor > 0,
            None => call.number.is_some(),
        };
        if costs && !taken.contains(&place) && call.answered_at.is_some_and(is_looked_for) {
            check.not_billed.push(NotBilled {
                made: call,
                expected,
            });
        }
    }
    check
}

/// Puts a pair into the list that it belongs to.
fn sort_in<'a>(
    check: &mut BillCheck<'a>,
    billed: &'a BilledCall,
    call: &'a CallRecord,
    made: Made<'a>,
) {
    let expected = Expected::of(call, made.tariffs);
    let (list, expected) = match expected.verdict(billed) {
        Verdict::Right(cost) => (&mut check.right, cost),
        Verdict::WrongLength => (&mut check.wrong_length, expected.cost()),
        Verdict::WrongPrice => (&mut check.wrong_price, expected.cost()),
    };
    list.push(Pair {
        billed,
        made: call,
        expected,
    });
}

/// For each call of the bill the one of the log to the same number that begins nearest, each once.
fn pairs(
    billed: &[&BilledCall],
    made: &[CallRecord],
    at: impl Fn(&BilledCall) -> Timestamp,
) -> BTreeMap<usize, usize> {
    let mut candidates = candidates(billed, made, at);
    candidates.sort_by_key(|candidate| candidate.distance);
    let mut pairs = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for candidate in candidates {
        if !pairs.contains_key(&candidate.billed) && taken.insert(candidate.made) {
            pairs.insert(candidate.billed, candidate.made);
        }
    }
    pairs
}

fn candidates(
    billed: &[&BilledCall],
    made: &[CallRecord],
    at: impl Fn(&BilledCall) -> Timestamp,
) -> Vec<Candidate> {
    let mut by_number: BTreeMap<&str, Vec<(Timestamp, usize)>> = BTreeMap::new();
    for (place, call) in made.iter().enumerate() {
        if let Some(answered) = call.answered_at {
            by_number
                .entry(&call.callee)
                .or_default()
                .push((answered, place));
        }
    }
    for calls in by_number.values_mut() {
        calls.sort_unstable();
    }
    let mut candidates = Vec::new();
    for (line, call) in billed.iter().enumerate() {
        let calls = by_number.get(&*call.number).map_or(&[][..], Vec::as_slice);
        let at = at(call);
        let first = calls.partition_point(|(answered, _)| at.duration_since(*answered) > NEAR);
        for &(answered, place) in &calls[first..] {
            let apart = at.duration_since(answered);
            if apart < -NEAR {
                break;
            }
            candidates.push(Candidate {
                distance: (
                    apart.abs(),
                    made[place].talk.as_secs().abs_diff(call.length_s),
                ),
                billed: line,
                made: place,
            });
        }
    }
    candidates
}
