//! `[[scenario]]`: who rings for which calls.

use std::time::Duration;

use super::programs::texts;
use super::section::Section;
use super::too_long::prefix;
use super::{Account, SettingsError};
use crate::model::{Callers, CategoryId, Days, Hours, Scenario, ScenarioStep};

/// The most scenarios.
const MAX_SCENARIOS: usize = 100;
/// The most steps of one.
const MAX_STEPS: usize = 20;
/// The most phones that ring at once: each is a call of ours.
const MAX_AT_ONCE: usize = 16;
/// The word for this phone.
const HERE: &str = "here";
const CALLERS: [(&str, Callers); 2] = [("known", Callers::Known), ("unknown", Callers::Unknown)];

pub(super) fn scenarios(
    top: &mut Section<'_>,
    accounts: &[Account],
) -> Result<Vec<Scenario>, SettingsError> {
    let sections = top.tables("scenario", "in [[scenario]]", MAX_SCENARIOS)?;
    let sections = sections.into_iter();
    sections
        .map(|section| scenario(section, accounts))
        .collect()
}

fn scenario(mut section: Section<'_>, accounts: &[Account]) -> Result<Scenario, SettingsError> {
    let scenario = Scenario {
        line: line(&mut section, accounts)?,
        days: parsed(&mut section, "days", Days::parse, Days::ALLOWED)?.unwrap_or(Days::ALL),
        hours: parsed(&mut section, "hours", Hours::parse, Hours::ALLOWED)?.unwrap_or(Hours::ALL),
        prefix: prefix(&mut section)?,
        category: section.string("category")?.map(CategoryId::new),
        callers: section.optional_choice("callers", &CALLERS)?,
        steps: steps(&mut section)?,
        otherwise: section.string("otherwise")?,
    };
    section.finish()?;
    Ok(scenario)
}

/// One that no account has would never be called.
fn line(section: &mut Section<'_>, accounts: &[Account]) -> Result<Option<String>, SettingsError> {
    let aor = |account: &Account| format!("{:?}", account.aor);
    let allowed = accounts.iter().map(aor).collect::<Vec<_>>().join(", ");
    let known = |text: &str| accounts.iter().any(|account| account.aor == text);
    let parse = |text: &str| known(text).then(|| text.to_owned());
    parsed(
        section,
        "line",
        parse,
        &format!("the aor of an [[account]]: {allowed}"),
    )
}

/// A text that `parse` reads.
fn parsed<T>(
    section: &mut Section<'_>,
    key: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
    allowed: &str,
) -> Result<Option<T>, SettingsError> {
    let Some(text) = section.string(key)? else {
        return Ok(None);
    };
    match (parse(&text), section.value(key)) {
        (None, Some(value)) => Err(section.bad(key, value, allowed)),
        (parsed, _) => Ok(parsed),
    }
}

fn steps(scenario: &mut Section<'_>) -> Result<Vec<ScenarioStep>, SettingsError> {
    const ALLOWED: &str =
        "at least one [[scenario.step]] with ring = [\"here\"] or internal numbers";
    let sections = scenario.tables("step", "in [[scenario.step]]", MAX_STEPS)?;
    let last = sections.len().saturating_sub(1);
    let sections = sections.into_iter().enumerate();
    let steps = sections.map(|(place, section)| step(section, place == last));
    let steps = steps.collect::<Result<Vec<_>, _>>()?;
    match steps.is_empty() {
        true => Err(scenario.missing("step", ALLOWED)),
        false => Ok(steps),
    }
}

/// The last step alone may have no end.
fn step(mut section: Section<'_>, is_last: bool) -> Result<ScenarioStep, SettingsError> {
    const RING: &str = "a list of \"here\" and internal numbers, such as [\"here\", \"102\"]; at most 16, each once";
    let mut ring = texts(&mut section, "ring", RING)?;
    let mut seen = ring.clone();
    seen.sort_unstable();
    seen.dedup();
    let is_fair = seen.len() == ring.len() && ring.len() <= MAX_AT_ONCE;
    let is_fair = is_fair && ring.iter().all(|one| !one.trim().is_empty());
    if let Some(value) = section.value("ring").filter(|_| !is_fair) {
        return Err(section.bad("ring", value, RING));
    }
    let patience = match section.value("for_s") {
        Some(_) => Some(section.integer("for_s", 0, 1..=600)?),
        None if is_last => None,
        None => {
            const ALLOWED: &str = "for how many seconds it rings before the next step, 1 to 600";
            return Err(section.missing("for_s", ALLOWED));
        }
    };
    section.finish()?;
    let all = ring.len();
    ring.retain(|one| one != HERE);
    Ok(ScenarioStep {
        here: ring.len() < all,
        extensions: ring,
        patience: patience.map(|seconds| Duration::from_secs(seconds.into())),
    })
}
