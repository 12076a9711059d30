//! What a bill and the log differ in, as JSON: the keys are a contract and never translated.

use serde_json::{Value, json};

use super::calls::{seconds, utc};
use crate::bills::{BillCheck, BillTotal, BilledCall, LeftOut, NotBilled, Pair};
use crate::model::{CallRecord, Money};

/// The comparison of a bill with the log. Times are UTC, those of the bill by the provider's clock.
pub fn bill_json(check: &BillCheck<'_>, left_out: &[LeftOut]) -> Value {
    let pairs = |list: &[Pair<'_>]| list.iter().map(pair).collect::<Vec<_>>();
    let not_billed = |call: &NotBilled<'_>| json!({ "made": made(call.made), "expected": amount(call.expected.as_ref()) });
    json!({
        "ahead_s": check.ahead.as_secs(),
        "right": check.right.len(),
        "not_made": check.not_made.iter().map(|call| billed(call)).collect::<Vec<_>>(),
        "not_billed": check.not_billed.iter().map(not_billed).collect::<Vec<_>>(),
        "wrong_length": pairs(&check.wrong_length),
        "wrong_price": pairs(&check.wrong_price),
        "totals": check.totals().iter().map(total).collect::<Vec<_>>(),
        "outside": check.outside,
        "left_out": left_out.iter().map(line).collect::<Vec<_>>(),
    })
}

fn pair(pair: &Pair<'_>) -> Value {
    json!({
        "billed": billed(pair.billed),
        "made": made(pair.made),
        "expected": amount(pair.expected.as_ref()),
    })
}

fn billed(call: &BilledCall) -> Value {
    json!({
        "line": call.line,
        "at": utc(call.at),
        "number": call.number,
        "length_s": call.length_s,
        "cost": call.cost.to_string(),
        "currency": call.currency,
    })
}

fn made(call: &CallRecord) -> Value {
    json!({
        "call": call.call,
        "answered_at": call.answered_at.map(utc),
        "number": call.callee,
        "talk_s": seconds(call.talk),
    })
}

fn amount(cost: Option<&Money>) -> Value {
    let amount = cost.map(|cost| json!({ "amount": cost.amount(), "currency": cost.currency }));
    amount.unwrap_or(Value::Null)
}

fn total(total: &BillTotal) -> Value {
    json!({
        "currency": total.billed.currency,
        "billed": total.billed.amount(),
        "expected": total.expected.amount(),
    })
}

fn line(line: &LeftOut) -> Value {
    json!({ "line": line.line, "column": line.column, "found": line.found })
}
