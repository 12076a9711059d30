//! What a call costs: the rules of `tariffs.toml`, and the arithmetic of providers, exact to the last digit.
//!
//! A pure function from a call and the rules to a price. No float, no clock; only [`Tariffs::load`]
//! touches the world, and reads the file.

mod exact;
mod matching;
mod read;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use exact::Exact;
pub use matching::Prefix;

use crate::model::{CallRecord, Cost, Days, Direction, Hours, Money};
use crate::settings::{SettingsError, file_text};

/// A call that lasts longer than 31 days is none: its row is damaged, and it has no price.
const LONGEST_S: u64 = 31 * 24 * 60 * 60;

/// Every rule of `tariffs.toml`, in the file's order. The default has none: nothing has a price.
#[derive(Debug, Clone, PartialEq)]
pub struct Tariffs {
    rules: Vec<Tariff>,
    /// Whose clock the hours and days of the rules are of.
    zone: TimeZone,
}

/// `[[tariff]]`: what calls cost that go there, on that line, at that time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tariff {
    /// What rows and explanations call it.
    pub name: String,
    /// Which numbers; one of them fits.
    pub prefixes: Vec<Prefix>,
    /// The address of record of the line; none for every line.
    pub line: Option<String>,
    /// Who called.
    pub direction: Direction,
    /// On which days of the week; with hours past midnight, the days on which they begin.
    pub days: Days,
    /// Within which hours.
    pub hours: Hours,
    /// The first day on which it holds.
    pub from: Option<Date>,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// For a minute.
    pub price: Exact,
    /// ISO 4217.
    pub currency: String,
    /// For being answered, however long people talk.
    pub connection: Exact,
    /// Seconds at the beginning that cost nothing.
    pub free_s: u32,
    /// Where anything is charged, at least so many seconds are.
    pub minimum_s: u32,
    /// In which steps time is charged.
    pub step: Step,
    /// How the sum becomes one of the currency's smallest units.
    pub rounding: Rounding,
    /// Whether a change of rates during the call counts.
    pub rate_at: RateAt,
}

/// In which steps time is charged, in seconds: one that has begun is charged whole. The trade's `60/60`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The first.
    pub first_s: u32,
    /// Each that follows.
    pub next_s: u32,
}

/// What becomes of a part of the currency's smallest unit; once for each call, of the sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rounding {
    /// Half a unit and more is one.
    #[default]
    HalfUp,
    /// Any part is one.
    Up,
    /// None is.
    Down,
}

/// Which moment's rate counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RateAt {
    /// That of the answer, for the whole call.
    #[default]
    Start,
    /// For each step that of its beginning.
    Step,
}

/// What a price depends on.
#[derive(Debug, Clone, Copy)]
pub struct Charged<'a> {
    /// Who called.
    pub direction: Direction,
    /// The address of record of the line.
    pub line: &'a str,
    /// The other party: E.164, or what was dialled where that is no phone number; empty where it is hidden.
    pub number: &'a str,
    /// When it was answered; none where it was not.
    pub answered_at: Option<Timestamp>,
    /// From answer to end. Parts of milliseconds do not count: the log does not keep them.
    pub talk: Duration,
}

/// A price, and how it comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The sum.
    pub cost: Money,
    /// The name of the rule that was in force at the answer.
    pub tariff: String,
    /// The talk in whole seconds; one that has begun counts.
    pub talk_s: u64,
    /// How many of them cost nothing.
    pub free_s: u64,
    /// For how many there is a charge before they become steps: the others, or the least that is charged.
    pub charged_s: u64,
    /// What is charged for them, in the order of time.
    pub parts: Vec<Part>,
    /// What is charged for being answered.
    pub connection: Exact,
}

/// Steps in a row that are as long as each other and at the same rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// How many.
    pub steps: u64,
    /// The length of each, seconds.
    pub step_s: u32,
    /// For a minute.
    pub price: Exact,
    /// The name of the rule whose rate it is.
    pub tariff: String,
}

impl Default for Tariffs {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            zone: TimeZone::UTC,
        }
    }
}

impl Tariffs {
    /// Reads the file, with the system's time zone where it names none; no rules where there is no file.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        Self::parse(&file_text(path)?, path, TimeZone::system())
    }

    /// Reads `text`; `file` is what errors name, `zone` is whose clock counts where the text does not say.
    pub fn parse(text: &str, file: &Path, zone: TimeZone) -> Result<Self, SettingsError> {
        read::tariffs(text, file, zone)
    }

    /// The rules, in the file's order.
    pub fn rules(&self) -> &[Tariff] {
        &self.rules
    }

    /// The lines that rules are for and that are none of these addresses of record, each once: no call
    /// is ever on one.
    pub fn lines_of_none(&self, lines: &[&str]) -> Vec<String> {
        let named = self.rules.iter().filter_map(|rule| rule.line.as_deref());
        let mut absent: Vec<&str> = named.filter(|line| !lines.contains(line)).collect();
        absent.sort_unstable();
        absent.dedup();
        absent.into_iter().map(str::to_owned).collect()
    }

    /// Whose clock their hours and days are of.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// What the call costs; none where it was not answered or no rule fits.
    pub fn price(&self, call: &Charged<'_>) -> Option<Price> {
        let answered = call.answered_at?;
        let talk_s = seconds_begun(call.talk);
        let candidates = self.candidates(call);
        let rule = self.in_force(&candidates, answered)?;
        if talk_s > LONGEST_S {
            return None;
        }
        let free_s = talk_s.min(rule.free_s.into());
        let charged_s = match talk_s - free_s {
            0 => 0,
            seconds => seconds.max(rule.minimum_s.into()),
        };
        let begin = later(answered, free_s);
        let parts = match rule.rate_at {
            RateAt::Start => parts(charged_s, rule.step, |_| rule),
            RateAt::Step => {
                let mut rates = Rates::new(self, &candidates, rule);
                parts(charged_s, rule.step, |at_s| rates.at(later(begin, at_s)))
            }
        };
        Some(Price {
            cost: rule.sum(&parts)?,
            tariff: rule.name.clone(),
            talk_s,
            free_s,
            charged_s,
            parts,
            connection: rule.connection,
        })
    }

    /// What the call of a row costs; none where it was not answered or no rule fits.
    pub fn cost(&self, call: &CallRecord) -> Option<Cost> {
        let price = self.price(&Charged::of(call))?;
        Some(Cost {
            amount: price.cost,
            tariff: price.tariff,
        })
    }

    /// The rules that fit the call at some time, the one that comes first before the others.
    fn candidates(&self, call: &Charged<'_>) -> Vec<&Tariff> {
        let fitting = self.rules.iter();
        let fitting = fitting.filter_map(|rule| Some((rule.rank(call)?, rule)));
        let mut ranked: Vec<_> = fitting.collect();
        // Stable: of rules that fit as well, the first of the file.
        ranked.sort_by_key(|&(rank, _)| std::cmp::Reverse(rank));
        ranked.into_iter().map(|(_, rule)| rule).collect()
    }

    fn in_force<'t>(&self, candidates: &[&'t Tariff], at: Timestamp) -> Option<&'t Tariff> {
        let local = self.zone.to_datetime(at);
        let mut candidates = candidates.iter();
        candidates.find(|rule| rule.is_in_force(local)).copied()
    }
}

/// The rates of one call, as the time goes on.
struct Rates<'t> {
    tariffs: &'t Tariffs,
    candidates: &'t [&'t Tariff],
    /// The rule of the answer: where another time has no rate in its currency, it goes on.
    first: &'t Tariff,
    /// No clock changes within a minute, and so does no rate.
    latest: Option<(i64, &'t Tariff)>,
}

impl<'t> Rates<'t> {
    fn new(tariffs: &'t Tariffs, candidates: &'t [&'t Tariff], first: &'t Tariff) -> Self {
        Self {
            tariffs,
            candidates,
            first,
            latest: None,
        }
    }

    fn at(&mut self, moment: Timestamp) -> &'t Tariff {
        let minute = moment.as_second().div_euclid(60);
        match self.latest {
            Some((latest, rule)) if latest == minute => rule,
            _ => {
                let found = self.tariffs.in_force(self.candidates, moment);
                let rule = found.filter(|rule| rule.currency == self.first.currency);
                let rule = rule.unwrap_or(self.first);
                self.latest = Some((minute, rule));
                rule
            }
        }
    }
}

impl Tariff {
    /// What the parts and the connection cost, rounded once.
    fn sum(&self, parts: &[Part]) -> Option<Money> {
        let rate_seconds = parts
            .iter()
            .map(|part| part.price.billionths() * u128::from(part.steps) * u128::from(part.step_s));
        // A rate is for a minute: the sum is in sixtieths of a billionth.
        let sum = rate_seconds.sum::<u128>() + self.connection.billionths() * 60;
        let decimals = Money::decimals(&self.currency);
        let unit = 60 * u128::from(Exact::UNIT) / 10_u128.pow(decimals);
        let rounded = match self.rounding {
            Rounding::HalfUp => (sum + unit / 2) / unit,
            Rounding::Up => sum.div_ceil(unit),
            Rounding::Down => sum / unit,
        };
        Some(Money {
            minor: i64::try_from(rounded).ok()?,
            currency: self.currency.clone(),
        })
    }
}

impl Price {
    /// How many seconds the steps are that are charged: what bills call the charged length.
    pub fn steps_s(&self) -> u64 {
        let lengths = self.parts.iter();
        lengths
            .map(|part| part.steps * u64::from(part.step_s))
            .sum()
    }
}

impl<'a> Charged<'a> {
    /// What the price of a row's call depends on.
    pub fn of(call: &'a CallRecord) -> Self {
        let number = match call.direction {
            _ if call.hidden && call.direction == Direction::Incoming => "",
            Direction::Incoming => &call.caller,
            Direction::Outgoing => &call.callee,
        };
        Self {
            direction: call.direction,
            line: &call.account,
            number,
            answered_at: call.answered_at,
            talk: call.talk,
        }
    }
}

/// The steps that so many seconds take, those that are alike together. `rule_at` says whose rate holds
/// so many seconds after the beginning of the first.
fn parts<'t>(charged_s: u64, step: Step, mut rule_at: impl FnMut(u64) -> &'t Tariff) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut at_s = 0;
    while at_s < charged_s {
        let step_s = if at_s == 0 { step.first_s } else { step.next_s };
        let rule = rule_at(at_s);
        match parts.last_mut() {
            Some(part) if part.step_s == step_s && part.is_of(rule) => part.steps += 1,
            _ => parts.push(Part {
                steps: 1,
                step_s,
                price: rule.price,
                tariff: rule.name.clone(),
            }),
        }
        at_s += u64::from(step_s);
    }
    parts
}

impl Part {
    fn is_of(&self, rule: &Tariff) -> bool {
        self.price == rule.price && self.tariff == rule.name
    }
}

/// Providers charge whole seconds, and one that has begun is one.
fn seconds_begun(talk: Duration) -> u64 {
    let seconds = talk.as_millis().div_ceil(1000);
    u64::try_from(seconds).unwrap_or(u64::MAX)
}

fn later(moment: Timestamp, seconds: u64) -> Timestamp {
    let by = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}
