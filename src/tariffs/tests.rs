//! Prices, each computed by hand.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Charged, Price, Tariffs};
use crate::model::{CallId, CallRecord, Direction};

const ALMATY: &str = "Asia/Almaty";
const BUDAPEST: &str = "Europe/Budapest";
/// A Tuesday, noon in Almaty.
const NOON: &str = "2026-11-24T07:00:00Z";

fn tariffs(zone: &str, text: &str) -> Tariffs {
    let zone = TimeZone::get(zone).unwrap();
    Tariffs::parse(text, Path::new("tariffs.toml"), zone).unwrap()
}

/// One rule for every number, in euros: what is given, and a price of 0.10 where it has none.
fn one(more: &str) -> Tariffs {
    let text = format!(
        "currency = \"EUR\"\n[[tariff]]\nname = \"All\"\n{}\n{more}",
        if more.contains("price") {
            ""
        } else {
            "price = \"0.10\""
        }
    );
    tariffs(ALMATY, &text)
}

fn call(number: &'static str, at: &str, talk: Duration) -> Charged<'static> {
    Charged {
        direction: Direction::Outgoing,
        line: "sip:101@office.example",
        number,
        answered_at: Some(at.parse().unwrap()),
        talk,
    }
}

fn after(tariffs: &Tariffs, talk: Duration) -> Price {
    tariffs.price(&call("+77011112233", NOON, talk)).unwrap()
}

/// The cost of a call of so many milliseconds, in the currency's smallest unit.
fn cost(tariffs: &Tariffs, talk_ms: u64) -> i64 {
    after(tariffs, Duration::from_millis(talk_ms)).cost.minor
}

#[test]
fn s5_20_of_a_tenth_a_started_minute_61_seconds_cost_two() {
    let tariffs = one("prefix = [\"+7701\"]");
    let price = after(&tariffs, Duration::from_secs(61));
    assert_eq!(price.cost.to_string().replace('\u{a0}', " "), "0.20 €");
    assert_eq!((price.talk_s, price.charged_s), (61, 61));
    assert_eq!((price.parts[0].steps, price.parts[0].step_s), (2, 60));
    for (talk_ms, cents) in [
        (0, 0),
        (1, 10),
        (59_999, 10),
        (60_000, 10),
        (60_001, 20),
        (60_200, 20),
        (61_000, 20),
        (120_000, 20),
        (120_001, 30),
    ] {
        assert_eq!(cost(&tariffs, talk_ms), cents, "{talk_ms} ms");
    }
    // What the log does not keep does not count: a row has the same price as its call had.
    let talk = Duration::from_micros(60_000_900);
    assert_eq!(after(&tariffs, talk).cost.minor, 10);
}

#[test]
fn s5_20_each_notation_of_steps_charges_started_steps_whole() {
    for (more, talk_s, cents) in [
        // 60/1: the first minute whole, then seconds: 61/60 of 0.10 is 0.101666…
        ("step = \"60/1\"", 1, 10),
        ("step = \"60/1\"", 61, 10),
        ("step = \"60/1\"", 90, 15),
        // 92/60 is 0.15333…, 93/60 exactly 0.155.
        ("step = \"60/1\"", 92, 15),
        ("step = \"60/1\"", 93, 16),
        // By the second: 2/60 is 0.00333…, 3/60 exactly half a cent.
        ("step = \"1/1\"", 2, 0),
        ("step = \"1/1\"", 3, 1),
        ("step = \"1/1\"", 61, 10),
        // 30/6: 31 s are 36 s, 0.06; 61 s are 66 s, 0.11.
        ("step = \"30/6\"", 30, 5),
        ("step = \"30/6\"", 31, 6),
        ("step = \"30/6\"", 61, 11),
        ("step = \"60/60\"", 3600, 600),
        // A day by the hour: 24 of 6.00.
        ("step = \"3600/3600\"", 86_400, 14_400),
    ] {
        assert_eq!(cost(&one(more), talk_s * 1000), cents, "{more} {talk_s} s");
    }
}

#[test]
fn s5_20_the_sum_is_rounded_once_and_as_the_rule_says() {
    for (more, talk_s, cents) in [
        ("step = \"60/1\"\nrounding = \"half_up\"", 61, 10),
        ("step = \"60/1\"\nrounding = \"up\"", 61, 11),
        ("step = \"60/1\"\nrounding = \"down\"", 119, 19),
        ("step = \"60/1\"\nrounding = \"up\"", 60, 10),
        // 0.0149 a minute: 100 minutes are 1.49, not a hundred times 0.01.
        ("price = \"0.0149\"", 6000, 149),
        ("price = \"0.0149\"", 60, 1),
        // Steps and connection together are 0.01 and not twice half a cent rounded up.
        ("price = \"0.005\"\nconnection = \"0.005\"", 60, 1),
        // Three times 0.0333: 0.0999.
        ("price = \"0.0333\"", 180, 10),
        ("price = \"0.0333\"\nrounding = \"down\"", 180, 9),
    ] {
        assert_eq!(cost(&one(more), talk_s * 1000), cents, "{more} {talk_s} s");
    }
}

#[test]
fn s5_20_connection_free_seconds_and_the_least_that_is_charged() {
    for (more, talk_s, cents) in [
        ("connection = \"0.05\"", 61, 25),
        // Answered and hung up at once: the connection alone.
        ("connection = \"0.05\"", 0, 5),
        ("free_s = 5", 5, 0),
        ("free_s = 5", 6, 10),
        ("free_s = 5", 65, 10),
        ("free_s = 5", 66, 20),
        ("free_s = 5\nconnection = \"0.05\"", 3, 5),
        ("minimum_s = 120", 0, 0),
        ("minimum_s = 120", 1, 20),
        ("minimum_s = 120", 121, 30),
        // 15 s at least, by the second: 0.025.
        ("minimum_s = 15\nstep = \"1/1\"", 4, 3),
        ("minimum_s = 15\nstep = \"1/1\"", 30, 5),
        ("minimum_s = 30\nfree_s = 10\nstep = \"1/1\"", 10, 0),
        ("minimum_s = 30\nfree_s = 10\nstep = \"1/1\"", 11, 5),
        ("price = \"0\"", 3600, 0),
    ] {
        assert_eq!(cost(&one(more), talk_s * 1000), cents, "{more} {talk_s} s");
    }
}

#[test]
fn s5_20_a_call_of_a_day_and_one_that_never_was() {
    let day = 24 * 60 * 60 * 1000;
    assert_eq!(cost(&one(""), day), 14_400);
    assert_eq!(cost(&one(""), day + 1), 14_410);
    assert_eq!(
        cost(&one("step = \"1/1\"\nrate_at = \"step\""), day),
        14_400
    );
    // 31 days at most: 44 640 minutes.
    assert_eq!(cost(&one(""), 31 * day), 446_400);
    let damaged = call("+77011112233", NOON, Duration::MAX);
    assert_eq!(one("").price(&damaged), None);
    // At the highest price there is.
    let dear = one("price = \"1000000\"\nconnection = \"1000000\"");
    assert_eq!(cost(&dear, 31 * day), 4_464_100_000_000);
}

#[test]
fn s5_20_currencies_without_and_with_three_decimals() {
    for (more, talk_s, minor) in [
        ("currency = \"JPY\"\nprice = \"8.5\"", 61, 17),
        ("currency = \"JPY\"\nprice = \"8.5\"", 60, 9),
        ("currency = \"JPY\"\nprice = \"8.4\"", 60, 8),
        ("currency = \"KWD\"\nprice = \"0.0125\"", 60, 13),
        ("currency = \"KWD\"\nprice = \"0.0125\"", 120, 25),
        ("currency = \"KZT\"\nprice = \"12\"", 61, 2400),
    ] {
        let price = after(&one(more), Duration::from_secs(talk_s));
        assert_eq!(price.cost.minor, minor, "{more} {talk_s} s");
        assert!(more.contains(&price.cost.currency), "{more}");
    }
}

const PREFIXES: &str = r#"
currency = "EUR"
[[tariff]]
name = "World"
price = "0.30"
[[tariff]]
name = "Zone 7"
prefix = "+7"
price = "0.10"
[[tariff]]
name = "Mobile"
prefix = ["+7701", "+7702"]
price = "0.05"
[[tariff]]
name = "Friends"
prefix = "+77017"
price = "0.02"
[[tariff]]
name = "House"
prefix = "internal"
price = "0"
[[tariff]]
name = "Mobile of line 2"
prefix = "+7701"
line = "sip:102@office.example"
price = "0.04"
[[tariff]]
name = "Line 2"
line = "sip:102@office.example"
price = "0.20"
[[tariff]]
name = "Free number"
prefix = "+7701"
direction = "incoming"
price = "0.01"
"#;

#[test]
fn s5_20_the_longest_prefix_wins_and_the_lines_own_rule_beats_a_general_one() {
    let tariffs = tariffs(ALMATY, PREFIXES);
    let named = |number, line, direction| {
        let call = Charged {
            line,
            direction,
            ..call(number, NOON, Duration::from_secs(60))
        };
        tariffs.price(&call).map(|price| price.tariff)
    };
    for (number, first, second) in [
        ("+49301234567", "World", "Line 2"),
        ("+77271234567", "Zone 7", "Zone 7"),
        ("+77021112233", "Mobile", "Mobile"),
        ("+77011112233", "Mobile", "Mobile of line 2"),
        ("+77017112233", "Friends", "Friends"),
        ("102", "House", "House"),
        ("bob@office.example", "House", "House"),
        ("", "World", "Line 2"),
    ] {
        let outgoing = |line| named(number, line, Direction::Outgoing).unwrap();
        assert_eq!(outgoing("sip:101@office.example"), first, "{number}");
        assert_eq!(outgoing("sip:102@Office.example"), second, "{number}");
    }
    let incoming = |number| named(number, "sip:101@office.example", Direction::Incoming);
    assert_eq!(incoming("+77011112233").unwrap(), "Free number");
    assert_eq!(incoming("+77271234567"), None);
    let unanswered = Charged {
        answered_at: None,
        ..call("+77011112233", NOON, Duration::ZERO)
    };
    assert_eq!(tariffs.price(&unanswered), None);
    assert_eq!(
        Tariffs::default().price(&call("1", NOON, Duration::ZERO)),
        None
    );
}

#[test]
fn s5_20_of_rules_that_fit_as_well_the_first_that_is_in_force_counts() {
    let text = r#"
        currency = "EUR"
        [[tariff]]
        name = "Night"
        prefix = "+7701"
        hours = "22:00-06:00"
        price = "0.05"
        [[tariff]]
        name = "Always"
        prefix = "+7701"
        price = "0.10"
        [[tariff]]
        name = "Never reached"
        prefix = "+7701"
        price = "0.99"
        [[tariff]]
        name = "Sunday"
        prefix = "+77011"
        days = "sun"
        price = "0.01"
    "#;
    let tariffs = tariffs(ALMATY, text);
    let at = |moment: &str| {
        let call = call("+77011112233", moment, Duration::from_secs(1));
        tariffs.price(&call).unwrap().tariff
    };
    assert_eq!(at("2026-11-24T16:59:59Z"), "Always");
    assert_eq!(at("2026-11-24T17:00:00Z"), "Night");
    assert_eq!(at("2026-11-25T00:59:59Z"), "Night");
    assert_eq!(at("2026-11-25T01:00:00Z"), "Always");
    // The longer prefix holds on Sundays alone; whose Sunday, the zone tells.
    assert_eq!(at("2026-11-28T19:00:00Z"), "Sunday");
    assert_eq!(at("2026-11-29T19:00:00Z"), "Night");
}

/// A cheap night and a dear day, each step at its own rate or all at that of the answer.
fn day_and_night(hours: &str, rate_at: &str, zone: &str) -> Tariffs {
    let text = format!(
        "currency = \"EUR\"\n\
         [[tariff]]\nname = \"Special\"\nhours = \"{hours}\"\nprice = \"0.30\"\nrate_at = \"{rate_at}\"\n\
         [[tariff]]\nname = \"Usual\"\nprice = \"0.10\"\nrate_at = \"{rate_at}\"\n"
    );
    tariffs(zone, &text)
}

fn cents(tariffs: &Tariffs, at: &str, minutes: u64) -> i64 {
    let call = call("+77011112233", at, Duration::from_secs(60 * minutes));
    tariffs.price(&call).unwrap().cost.minor
}

#[test]
fn s5_20_a_step_is_charged_at_the_rate_in_force_when_it_begins_or_all_at_the_answers() {
    // 21:58:30 in Almaty: steps at 21:58:30 and 21:59:30, then at 22:00:30 and 22:01:30.
    let late = "2026-11-24T16:58:30Z";
    let stepwise = day_and_night("22:00-06:00", "step", ALMATY);
    assert_eq!(cents(&stepwise, late, 4), 10 + 10 + 30 + 30);
    assert_eq!(
        cents(&day_and_night("22:00-06:00", "start", ALMATY), late, 4),
        40
    );
    // 05:58:30: two steps of the night, two of the day; the night is past midnight.
    assert_eq!(
        cents(&stepwise, "2026-11-25T00:58:30Z", 4),
        30 + 30 + 10 + 10
    );
    // A step that begins at the stroke is the new rate's.
    assert_eq!(cents(&stepwise, "2026-11-24T16:59:00Z", 2), 10 + 30);
    let price = stepwise.price(&call("+77011112233", late, Duration::from_secs(240)));
    let price = price.unwrap();
    let parts: Vec<_> = price
        .parts
        .iter()
        .map(|part| (part.steps, &*part.tariff))
        .collect();
    assert_eq!(parts, [(2, "Usual"), (2, "Special")]);
    assert_eq!(price.tariff, "Usual");
}

#[test]
fn s5_20_free_seconds_move_the_steps_and_with_them_their_rates() {
    let text = r#"
        currency = "EUR"
        [[tariff]]
        name = "Night"
        hours = "22:00-06:00"
        price = "0.30"
        [[tariff]]
        name = "Day"
        price = "0.10"
        free_s = 30
        rate_at = "step"
    "#;
    // From 21:59:00 with 30 s free: steps at 21:59:30 and 22:00:30.
    assert_eq!(
        cents(&tariffs(ALMATY, text), "2026-11-24T16:59:00Z", 2),
        10 + 30
    );
}

#[test]
fn s5_20_the_night_in_which_clocks_are_put_back_has_an_hour_twice() {
    // Budapest, 25 October 2026: 02:00 to 03:00 comes twice. From 01:30 for three hours: half an hour
    // before, two hours within, half an hour after.
    let tariffs = day_and_night("02:00-03:00", "step", BUDAPEST);
    let expected = 30 * 10 + 120 * 30 + 30 * 10;
    assert_eq!(cents(&tariffs, "2026-10-24T23:30:00Z", 180), expected);
}

#[test]
fn s5_20_the_night_in_which_clocks_are_put_forward_lacks_an_hour() {
    // 29 March 2026: 02:00 to 03:00 never is. From 01:30 for three hours.
    let tariffs = day_and_night("02:00-03:00", "step", BUDAPEST);
    assert_eq!(cents(&tariffs, "2026-03-29T00:30:00Z", 180), 180 * 10);
    // 01:00 to 04:00 is two hours long: from 00:30 for three, half an hour stands before and after.
    let tariffs = day_and_night("01:00-04:00", "step", BUDAPEST);
    let expected = 30 * 10 + 120 * 30 + 30 * 10;
    assert_eq!(cents(&tariffs, "2026-03-28T23:30:00Z", 180), expected);
}

#[test]
fn s5_20_prices_change_with_the_month_at_midnight_of_the_zone() {
    let with = |rate_at: &str| {
        let text = format!(
            "currency = \"EUR\"\ntime_zone = \"Asia/Almaty\"\n\
             [[tariff]]\nname = \"Old\"\nuntil = 2026-11-30\nprice = \"0.10\"\nrate_at = \"{rate_at}\"\n\
             [[tariff]]\nname = \"New\"\nfrom = \"2026-12-01\"\nuntil = \"2026-12-01\"\nprice = \"0.12\"\n"
        );
        tariffs("UTC", &text)
    };
    // 23:58:30 in Almaty on the last day of November.
    let late = "2026-11-30T18:58:30Z";
    assert_eq!(cents(&with("step"), late, 4), 10 + 10 + 12 + 12);
    assert_eq!(cents(&with("start"), late, 4), 40);
    assert_eq!(cents(&with("start"), "2026-11-30T19:00:00Z", 4), 48);
    let after = call(
        "+77011112233",
        "2026-12-01T19:00:00Z",
        Duration::from_secs(1),
    );
    assert_eq!(with("step").price(&after), None);
    // Into a day without a rate the last one goes on.
    let text = "currency = \"EUR\"\n[[tariff]]\nname = \"Old\"\nuntil = 2026-11-30\nprice = \"0.10\"\nrate_at = \"step\"\n\
        [[tariff]]\nname = \"Dollars\"\nfrom = 2026-12-01\nprice = \"0.70\"\ncurrency = \"USD\"\n";
    assert_eq!(cents(&tariffs(ALMATY, text), late, 4), 40);
}

#[test]
fn s5_20_days_of_the_week_count_where_the_hours_begin() {
    let text = r#"
        currency = "EUR"
        [[tariff]]
        name = "Friday night"
        days = "fri"
        hours = "22:00-06:00"
        price = "0.05"
        [[tariff]]
        name = "Weekend"
        days = "sat,sun"
        price = "0.07"
        [[tariff]]
        name = "Week"
        price = "0.10"
    "#;
    let tariffs = tariffs(ALMATY, text);
    for (at, minor) in [
        ("2026-11-27T16:59:00Z", 10), // Friday 21:59
        ("2026-11-27T17:00:00Z", 5),  // Friday 22:00
        ("2026-11-28T00:30:00Z", 5),  // Saturday 05:30
        ("2026-11-28T01:00:00Z", 7),  // Saturday 06:00
        ("2026-11-28T17:30:00Z", 7),  // Saturday 22:30
        ("2026-11-29T19:00:00Z", 10), // Monday 00:00
    ] {
        assert_eq!(cents(&tariffs, at, 1), minor, "{at}");
    }
}

#[test]
fn s5_20_a_row_is_charged_by_its_other_party() {
    let tariffs = tariffs(ALMATY, PREFIXES);
    let at: Timestamp = NOON.parse().unwrap();
    let mut row = CallRecord::begin(CallId::new(), Direction::Outgoing, at);
    row.account = "sip:102@office.example".to_owned();
    (row.caller, row.callee) = ("101".to_owned(), "+77011112233".to_owned());
    row.talk = Duration::from_secs(61);
    assert_eq!(tariffs.cost(&row), None);
    row.answered_at = Some(at);
    let cost = tariffs.cost(&row).unwrap();
    assert_eq!((cost.amount.minor, &*cost.tariff), (8, "Mobile of line 2"));
    row.direction = Direction::Incoming;
    (row.caller, row.callee) = (row.callee, row.caller);
    assert_eq!(tariffs.cost(&row).unwrap().amount.minor, 2);
    // Who hides the number has no prefix.
    row.hidden = true;
    assert_eq!(tariffs.cost(&row), None);
}

#[test]
fn s5_20_what_is_wrong_in_the_file_is_said_with_line_and_what_is_allowed() {
    let good = "currency = \"EUR\"\n[[tariff]]\nname = \"All\"\nprice = \"0.10\"\n";
    let zone = TimeZone::UTC;
    let read = |text: &str| Tariffs::parse(text, Path::new("tariffs.toml"), zone.clone());
    assert_eq!(read(good).unwrap().rules().len(), 1);
    assert_eq!(read("").unwrap(), Tariffs::default());
    for (line, error) in [
        (
            "price_per_minute = \"1\"",
            "tariffs.toml:5: unknown key \"price_per_minute\" in [[tariff]]; allowed: ",
        ),
        (
            "connection = 0.05",
            "tariffs.toml:5: connection = 0.05 in [[tariff]]: allowed: a price in quotes",
        ),
        (
            "connection = \"0,05\"",
            "tariffs.toml:5: connection = \"0,05\"",
        ),
        (
            "prefix = \"7701\"",
            "tariffs.toml:5: prefix = \"7701\" in [[tariff]]: allowed: the beginning of",
        ),
        ("prefix = []", "tariffs.toml:5: prefix = []"),
        (
            "prefix = [\"+7701\",\n \"+7 702\"]",
            "tariffs.toml:6: prefix = \"+7 702\"",
        ),
        (
            "direction = \"both\"",
            "tariffs.toml:5: direction = \"both\" in [[tariff]]: allowed: \"outgoing\", \"incoming\"",
        ),
        ("days = \"Monday\"", "tariffs.toml:5: days = \"Monday\""),
        ("hours = \"8-20\"", "tariffs.toml:5: hours = \"8-20\""),
        (
            "from = 2026-11-01T00:00:00",
            "tariffs.toml:5: from = 2026-11-01T00:00:00 in [[tariff]]: allowed: a day",
        ),
        (
            "from = 2026-11-02\nuntil = 2026-11-01",
            "tariffs.toml:6: until = 2026-11-01",
        ),
        ("currency = \"euro\"", "tariffs.toml:5: currency = \"euro\""),
        (
            "free_s = -1",
            "tariffs.toml:5: free_s = -1 in [[tariff]]: allowed: a whole number from 0 to 86400",
        ),
        ("step = \"60\"", "tariffs.toml:5: step = \"60\""),
        ("step = \"0/1\"", "tariffs.toml:5: step = \"0/1\""),
        ("step = \"+60/1\"", "tariffs.toml:5: step = \"+60/1\""),
        (
            "rounding = \"bankers\"",
            "tariffs.toml:5: rounding = \"bankers\"",
        ),
        ("rate_at = \"end\"", "tariffs.toml:5: rate_at = \"end\""),
        (
            "[tarif]",
            "tariffs.toml:5: unknown key \"tarif\" at the top level; allowed: time_zone, currency, tariff",
        ),
        ("name = \"Twice\"", "tariffs.toml:5: not valid TOML"),
    ] {
        let told = read(&format!("{good}{line}\n")).unwrap_err().to_string();
        assert!(told.starts_with(error), "{told}");
    }
    for (text, error) in [
        (
            "time_zone = \"Mars/Base\"",
            "tariffs.toml:1: time_zone = \"Mars/Base\" at the top level: allowed: a time zone's name",
        ),
        (
            "tariff = 1",
            "tariffs.toml:1: tariff = 1 at the top level: allowed: at most 2000 sections [[tariff]]",
        ),
        (
            "[[tariff]]\nname = \"A\"\nprice = \"1\"",
            "tariffs.toml:1: currency is missing in [[tariff]]",
        ),
        (
            "[[tariff]]\nprice = \"1\"\ncurrency = \"EUR\"",
            "tariffs.toml:1: name is missing in [[tariff]]",
        ),
        (
            "[[tariff]]\nname = \"A\"\ncurrency = \"EUR\"",
            "tariffs.toml:1: price is missing in [[tariff]]",
        ),
    ] {
        let told = read(text).unwrap_err().to_string();
        assert!(told.starts_with(error), "{told}");
    }
}

#[test]
fn s5_20_lines_of_tariffs_that_no_account_has_are_named_once() {
    let rule = |line: &str| format!("[[tariff]]\nname = \"A\"\nprice = \"1\"\nline = \"{line}\"\n");
    let lines = ["sip:b@x", "sip:a@x", "sip:b@x", "sip:c@x"];
    let text = lines.map(rule).concat();
    let tariffs = tariffs("UTC", &format!("currency = \"EUR\"\n{text}"));
    assert_eq!(tariffs.lines_of_none(&["sip:c@x"]), ["sip:a@x", "sip:b@x"]);
    assert!(
        tariffs
            .lines_of_none(&["sip:a@x", "sip:b@x", "sip:c@x"])
            .is_empty()
    );
}
