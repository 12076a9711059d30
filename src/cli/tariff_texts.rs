//! Tariffs, prices and totals, for people.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use crate::model::Money;
use crate::store::{CostTotal, Unpriced};
use crate::table::write_table;
use crate::tariffs::{Price, Tariff, Tariffs};
use crate::words::{self, clock};
use crate::{tr, trn};

/// Writes the rules, in the file's order.
pub fn list(tariffs: &Tariffs, output: &mut dyn Write) -> anyhow::Result<()> {
    let rows: Vec<_> = tariffs.rules().iter().enumerate().map(row).collect();
    let headings = [
        tr!("place in a list" => "No."),
        tr!("Tariff"),
        tr!("Numbers"),
        tr!("Line"),
        tr!("Direction"),
        tr!("When"),
        tr!("price" => "A minute"),
        tr!("price" => "Connection"),
        tr!("Steps"),
    ];
    Ok(write_table(output, headings, &rows)?)
}

fn row((at, tariff): (usize, &Tariff)) -> [String; 9] {
    let prefixes = tariff.prefixes.iter().map(ToString::to_string);
    let connection = Some(tariff.connection).filter(|price| !price.is_zero());
    [
        (at + 1).to_string(),
        tariff.name.clone(),
        prefixes.collect::<Vec<_>>().join(" "),
        tariff.line.clone().unwrap_or_default(),
        tariff.direction.to_string(),
        when(tariff),
        format!("{} {}", tariff.price, tariff.currency),
        connection
            .map(|price| price.to_string())
            .unwrap_or_default(),
        tariff.step.to_string(),
    ]
}

/// The times at which it holds, as the file has them.
fn when(tariff: &Tariff) -> String {
    let from = tariff.from.map(|day| format!("{day}…"));
    let until = tariff.until.map(|day| format!("…{day}"));
    let parts = [
        tariff.days.to_string(),
        tariff.hours.to_string(),
        from.unwrap_or_default(),
        until.unwrap_or_default(),
    ];
    let said = parts.into_iter().filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join(" ")
}

/// Writes a price and how it comes about.
pub fn explain(price: &Price, output: &mut dyn Write) -> anyhow::Result<()> {
    let mut lines = words::costs::price(price).into_iter();
    Ok(lines.try_for_each(|line| writeln!(output, "{line}"))?)
}

/// Writes what the calls cost, by currency and line, each currency with its sum.
pub fn totals(
    totals: &[CostTotal],
    unpriced: Unpriced,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    if totals.is_empty() {
        writeln!(output, "{}", tr!("No calls with a cost."))?;
    } else {
        let headings = [
            tr!("Currency"),
            tr!("Line"),
            tr!("Calls"),
            tr!("Talk"),
            tr!("Cost"),
        ];
        write_table(output, headings, &total_rows(totals))?;
    }
    if unpriced.calls > 0 {
        let text = trn!(
            "Not counted: {n} answered call without a tariff, {talk}.",
            "Not counted: {n} answered calls without a tariff, {talk}.",
            n = unpriced.calls,
            talk = clock(unpriced.talk)
        );
        writeln!(output, "{text}")?;
    }
    Ok(())
}

fn total_rows(totals: &[CostTotal]) -> Vec<[String; 5]> {
    let mut by_currency: BTreeMap<&str, Vec<&CostTotal>> = BTreeMap::new();
    for total in totals {
        by_currency
            .entry(&total.cost.currency)
            .or_default()
            .push(total);
    }
    let mut rows = Vec::new();
    for (currency, lines) in by_currency {
        rows.extend(
            lines
                .iter()
                .map(|line| total_row(line.line.clone(), line.calls, line.talk, &line.cost)),
        );
        if lines.len() > 1 {
            let calls = lines.iter().map(|line| line.calls).sum();
            let talk = lines.iter().map(|line| line.talk).sum();
            let cost = Money {
                minor: lines.iter().map(|line| line.cost.minor).sum(),
                currency: currency.to_owned(),
            };
            rows.push(total_row(tr!("lines" => "Together"), calls, talk, &cost));
        }
    }
    rows
}

fn total_row(line: String, calls: u64, talk: Duration, cost: &Money) -> [String; 5] {
    [
        cost.currency.clone(),
        line,
        calls.to_string(),
        clock(talk),
        cost.amount(),
    ]
}
