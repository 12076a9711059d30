//! What calls cost together, as CSV and JSON: the keys are a contract and never translated.

use std::io::Write;

use serde_json::{Value, json};

use super::ExportError;
use super::calls::{seconds, utc};
use super::cell::neutralised;
use crate::store::{CallFilter, CostTotal, Unpriced};

/// The columns of the totals' CSV.
pub const TOTAL_COLUMNS: [&str; 5] = ["line", "calls", "talk_s", "cost", "currency"];

/// The totals of a period, by currency and line; amounts are texts, so that no reader makes a float of one.
pub fn totals_json(filter: &CallFilter, totals: &[CostTotal], unpriced: Unpriced) -> Value {
    let total = |total: &CostTotal| {
        json!({
            "line": total.line,
            "calls": total.calls,
            "talk_s": seconds(total.talk),
            "cost": total.cost.amount(),
            "currency": total.cost.currency,
        })
    };
    json!({
        "from": filter.from.map(utc),
        "to": filter.to.map(utc),
        "totals": totals.iter().map(total).collect::<Vec<_>>(),
        "not_counted": { "calls": unpriced.calls, "talk_s": seconds(unpriced.talk) },
    })
}

/// Writes the totals as CSV.
pub fn totals_as_csv(totals: &[CostTotal], output: impl Write) -> Result<(), ExportError> {
    let mut csv = csv::Writer::from_writer(output);
    csv.write_record(TOTAL_COLUMNS)?;
    for total in totals {
        let cells = [
            neutralised(&total.line).into_owned(),
            total.calls.to_string(),
            seconds(total.talk).to_string(),
            total.cost.amount(),
            total.cost.currency.clone(),
        ];
        csv.write_record(cells)?;
    }
    Ok(csv.flush()?)
}
