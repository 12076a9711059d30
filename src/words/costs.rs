//! What prices, tariffs and limits are called, in the reader's language.

use crate::tariffs::{Part, Price};
use crate::{tr, trn};

/// A price and how it comes about, line by line.
pub fn price(price: &Price) -> Vec<String> {
    let mut lines = vec![
        tr!("Tariff: {name}", name = price.tariff),
        tr!(
            "Whole seconds: {talk}, free: {free}, charged: {charged}",
            talk = price.talk_s,
            free = price.free_s,
            charged = price.charged_s
        ),
    ];
    lines.extend(price.parts.iter().map(|part| steps(part, price)));
    if !price.connection.is_zero() {
        lines.push(tr!(
            "Connection: {price} {currency}",
            price = price.connection,
            currency = price.cost.currency
        ));
    }
    let cost = format!("{} {}", price.cost.amount(), price.cost.currency);
    lines.push(tr!("Cost: {cost}", cost = cost));
    lines
}

fn steps(part: &Part, price: &Price) -> String {
    trn!(
        "{n} step of {seconds} s at {price} {currency} a minute ({tariff})",
        "{n} steps of {seconds} s at {price} {currency} a minute ({tariff})",
        n = part.steps,
        seconds = part.step_s,
        price = part.price,
        currency = price.cost.currency,
        tariff = part.tariff
    )
}

/// What a field of a tariff or of a limit is called, by its key in the file.
pub fn rule_field(key: &str) -> String {
    match key {
        "name" => tr!("Name"),
        "prefix" => tr!("Numbers that begin so"),
        "line" => tr!("Line"),
        "direction" => tr!("Direction"),
        "days" => tr!("Days"),
        "hours" => tr!("Hours"),
        "from" => tr!("From"),
        "until" => tr!("Until"),
        "price" => tr!("price" => "A minute"),
        "currency" => tr!("Currency"),
        "connection" => tr!("price" => "Connection"),
        "free_s" => tr!("Seconds that cost nothing"),
        "minimum_s" => tr!("Least seconds charged"),
        "step" => tr!("Steps, in seconds"),
        "rounding" => tr!("Rounding"),
        "rate_at" => tr!("Rate"),
        "minutes" => tr!("Minutes"),
        "seconds" => tr!("Seconds"),
        "category" => tr!("Category"),
        "extension" => tr!("Internal number"),
        other => other.to_owned(),
    }
}

/// How a field of a tariff or of a limit is written; empty where it says itself.
pub fn rule_example(key: &str) -> &'static str {
    match key {
        "prefix" => "+7701, +7702",
        "line" => "sip:101@office.example",
        "days" => "mon-fri",
        "hours" => "08:00-20:00",
        "from" | "until" => "2026-11-22",
        "price" | "connection" => "0.10",
        "currency" => "EUR",
        "step" => "60/60",
        "category" => "vip",
        "extension" => "101",
        _ => "",
    }
}

/// A word of a tariff or of a limit; what is none of them is what holds for all.
pub fn rule_word(word: &str) -> String {
    match word {
        "incoming" => tr!("Incoming"),
        "outgoing" => tr!("Outgoing"),
        "half_up" => tr!("rounding" => "To the nearest"),
        "up" => tr!("rounding" => "Up"),
        "down" => tr!("rounding" => "Down"),
        "start" => tr!("rate" => "That of the beginning"),
        "step" => tr!("rate" => "That of each step"),
        _ => tr!("Both directions"),
    }
}
