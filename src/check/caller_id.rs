//! Whether callers on a line are told (CLIP): by the calls that came lately, since only a caller can try it.

use std::path::Path;

use jiff::{Timestamp, ToSpan};

use super::Outcome::Passed;
use super::{Outcome, Report, failed};
use crate::model::Direction;
use crate::settings::Account;
use crate::store::{CallFilter, Store};
use crate::{tr, trn};

/// How many of the latest calls are looked at, and of how many days.
const LATEST: usize = 20;
const DAYS: i64 = 30;
/// Fewer hidden numbers say nothing of a line: anybody may hide theirs.
const TELLING: usize = 3;

/// Looks whether calls came with their callers' numbers; says nothing where none came, or there is no
/// log yet.
///
/// # Errors
/// The store cannot be read.
pub fn check_caller_id(
    account: &Account,
    database: &Path,
    report: &mut Report<'_>,
) -> anyhow::Result<()> {
    if !database.exists() {
        return Ok(());
    }
    let lately = CallFilter {
        from: Timestamp::now().checked_sub((DAYS * 24).hours()).ok(),
        direction: Some(Direction::Incoming),
        account: Some(account.aor.clone()),
        ..CallFilter::default()
    };
    let calls = Store::open(database)?.read(|reader| reader.calls(&lately, 0, LATEST))?;
    let is_nameless = |caller: &str, hidden: bool| hidden || caller.is_empty();
    let nameless = calls
        .iter()
        .filter(|line| is_nameless(&line.record.caller, line.record.hidden));
    if let Some(outcome) = outcome(calls.len(), nameless.count()) {
        let title = tr!("Callers' numbers");
        report.begin(&title);
        report.done(&title, outcome);
    }
    Ok(())
}

/// What it means that of so many calls so many came without a number; none where that says nothing.
fn outcome(calls: usize, nameless: usize) -> Option<Outcome> {
    if calls == 0 || (nameless == calls && calls < TELLING) {
        return None;
    }
    if nameless < calls {
        let text = trn!(
            "{known} of the last {n} call on this line came with a number",
            "{known} of the last {n} calls on this line came with a number",
            n = calls,
            known = calls - nameless
        );
        return Some(Passed(text));
    }
    let what = trn!(
        "the last {n} call on this line came without a number",
        "the last {n} calls on this line came without a number",
        n = calls
    );
    let remedy = tr!(
        "Ask the provider to switch on CLIP (calling line identification presentation) for this line, and in which header the number comes: P-Asserted-Identity, Remote-Party-ID or From. caller_id in the settings says in which order they are tried."
    );
    Some(failed(what, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_15_only_a_line_on_which_every_caller_is_hidden_wants_clip() {
        assert_eq!(outcome(0, 0), None);
        assert_eq!(outcome(2, 2), None, "two people may hide their numbers");
        assert!(matches!(outcome(3, 2), Some(Passed(_))));
        match outcome(3, 3) {
            Some(Outcome::Failed { what, remedy }) => {
                assert_eq!(what, "the last 3 calls on this line came without a number");
                assert!(remedy.contains("CLIP"), "{remedy}");
            }
            other => panic!("{other:?}"),
        }
    }
}
