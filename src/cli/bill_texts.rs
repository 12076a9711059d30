//! What a bill and the log differ in, for people.

use std::io::Write;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::bills::{BillCheck, BillTotal, BilledCall, LeftOut, NotBilled, Pair};
use crate::model::{CallRecord, Money};
use crate::table::{printable, write_table};
use crate::words::clock;
use crate::{tr, trn};

/// Writes the comparison: what is wrong first, then what it comes to.
pub fn write(
    check: &BillCheck<'_>,
    left_out: &[LeftOut],
    zone: &TimeZone,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    if let Some(text) = skew(check.ahead) {
        writeln!(output, "{text}")?;
    }
    write_mistakes(check, zone, output)?;
    let text = trn!(
        "{n} call is billed as it was made.",
        "{n} calls are billed as they were made.",
        n = check.right.len()
    );
    writeln!(output, "{text}")?;
    let unpriced = check.right.iter().filter(|pair| pair.expected.is_none());
    let unpriced = unpriced.count();
    if unpriced > 0 {
        let text = trn!(
            "No tariff is for {n} of them; its price is believed.",
            "No tariff is for {n} of them; their prices are believed.",
            n = unpriced
        );
        writeln!(output, "{text}")?;
    }
    for total in check.totals() {
        writeln!(output, "{}", sums(&total))?;
    }
    write_left_out(check.outside, left_out, output)
}

fn write_mistakes(
    check: &BillCheck<'_>,
    zone: &TimeZone,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let at = |billed: &BilledCall| billed.at.checked_sub(check.ahead).unwrap_or(billed.at);
    let mut rows: Vec<[String; 8]> = Vec::new();
    for billed in &check.not_made {
        let what = tr!("bill" => "not made");
        rows.push(row(what, at(billed), zone, Some(billed), None, None));
    }
    for NotBilled { made, expected } in &check.not_billed {
        let what = tr!("bill" => "not billed");
        rows.push(row(
            what,
            began(made),
            zone,
            None,
            Some(made),
            expected.as_ref(),
        ));
    }
    let mut pairs = |what: &dyn Fn() -> String, list: &[Pair<'_>]| {
        for Pair {
            billed,
            made,
            expected,
        } in list
        {
            let (billed, made) = (Some(*billed), Some(*made));
            let at = made.map_or(Timestamp::MIN, began);
            rows.push(row(what(), at, zone, billed, made, expected.as_ref()));
        }
    };
    pairs(&|| tr!("bill" => "wrong length"), &check.wrong_length);
    pairs(&|| tr!("bill" => "wrong price"), &check.wrong_price);
    if rows.is_empty() {
        return Ok(writeln!(output, "{}", tr!("Bill and log agree."))?);
    }
    let headings = [
        tr!("bill" => "Mistake"),
        tr!("bill" => "Line"),
        tr!("Date"),
        tr!("Number"),
        tr!("bill" => "Billed"),
        tr!("bill" => "Made"),
        tr!("bill" => "Asked"),
        tr!("bill" => "Due"),
    ];
    Ok(write_table(output, headings, &rows)?)
}

fn began(call: &CallRecord) -> Timestamp {
    call.answered_at.unwrap_or(call.started_at)
}

/// What was billed beside what was made, as far as there is either.
fn row(
    what: String,
    at: Timestamp,
    zone: &TimeZone,
    billed: Option<&BilledCall>,
    made: Option<&CallRecord>,
    expected: Option<&Money>,
) -> [String; 8] {
    let at = at.to_zoned(zone.clone());
    let number = billed.map(|billed| &billed.number);
    let number = number.or(made.map(|call| &call.callee));
    let asked = billed.map(|billed| format!("{} {}", billed.cost, billed.currency));
    [
        what,
        billed
            .map(|billed| billed.line.to_string())
            .unwrap_or_default(),
        at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        number.cloned().unwrap_or_default(),
        billed
            .map(|billed| clock(Duration::from_secs(billed.length_s)))
            .unwrap_or_default(),
        made.map(|call| clock(call.talk)).unwrap_or_default(),
        asked.unwrap_or_default().trim().to_owned(),
        expected.map(plain).unwrap_or_default(),
    ]
}

fn sums(total: &BillTotal) -> String {
    let difference = Money {
        minor: total.billed.minor - total.expected.minor,
        currency: total.billed.currency.clone(),
    };
    tr!(
        "Billed: {billed}; by log and tariffs: {expected}; difference: {difference}",
        billed = plain(&total.billed),
        expected = plain(&total.expected),
        difference = plain(&difference)
    )
}

fn write_left_out(
    outside: usize,
    left_out: &[LeftOut],
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    if outside > 0 {
        let text = trn!(
            "{n} call of the bill is outside the period.",
            "{n} calls of the bill are outside the period.",
            n = outside
        );
        writeln!(output, "{text}")?;
    }
    for line in left_out {
        let text = tr!(
            "Line {line} is no call: {column} = {found}; allowed: {allowed}",
            line = line.line,
            column = printable(&line.column),
            found = printable(&line.found),
            allowed = line.allowed
        );
        writeln!(output, "{text}")?;
    }
    Ok(())
}

/// `0.20 EUR`.
fn plain(cost: &Money) -> String {
    format!("{} {}", cost.amount(), cost.currency)
        .trim()
        .to_owned()
}

/// How far the provider's clock is off.
fn skew(ahead: SignedDuration) -> Option<String> {
    let time = clock(ahead.unsigned_abs());
    match ahead.signum() {
        0 => None,
        1 => Some(tr!(
            "The provider's clock is ahead of ours by {time}; that is taken off here.",
            time = time
        )),
        _ => Some(tr!(
            "The provider's clock is behind ours by {time}; that is added here.",
            time = time
        )),
    }
}
