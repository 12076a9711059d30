//! Who rang for the chosen call, where it followed a scenario.

use std::rc::Rc;
use std::time::Duration;

use ringbook_ui::LogAdapter;
use ringbook_ui::slint::{ComponentHandle, SharedString};

use super::LogPage;
use crate::model::{CallId, CallLeg};
use crate::ui::asking;
use crate::ui::text;
use crate::words::{self, clock};

impl LogPage {
    /// Reads who rang for the call, and shows it while the call is the chosen one. Lists do not have it.
    pub(super) async fn show_legs(self: Rc<Self>, id: SharedString) {
        let show = |legs: SharedString| {
            if let Some(window) = self.window.upgrade() {
                let adapter = window.global::<LogAdapter>();
                if adapter.get_selected() == id {
                    adapter.set_legs(legs);
                }
            }
        };
        show(SharedString::new());
        let Ok(call) = id.parse::<CallId>() else {
            return;
        };
        let line = asking::read(&self.phone, move |store| store.find_call(call)).await;
        if let Ok(Some(line)) = line {
            let told: Vec<String> = line.record.legs.iter().map(told).collect();
            show(told.join("\n").into());
        }
    }
}

/// `102 Bek: answered, 00:01:04`.
fn told(leg: &CallLeg) -> String {
    let who = format!("{} {}", leg.extension, leg.employee);
    let lasted = leg.ended_at.map(|ended| ended.duration_since(leg.rang_at));
    let lasted = lasted.and_then(|lasted| Duration::try_from(lasted).ok());
    let lasted = lasted.map(|lasted| format!(", {}", clock(lasted)));
    let told = format!(
        "{}: {}{}",
        who.trim(),
        words::leg_outcome(leg.outcome),
        lasted.unwrap_or_default()
    );
    text::line(&told).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::{Timestamp, ToSpan};

    use super::*;
    use crate::model::LegOutcome;

    #[test]
    fn s5_18_each_phone_that_rang_is_a_line_with_its_outcome() {
        let began: Timestamp = "2026-11-27T09:00:00Z".parse().unwrap();
        let leg = |extension: &str, employee: &str, seconds: Option<i64>, outcome| CallLeg {
            extension: extension.into(),
            employee: employee.into(),
            rang_at: began,
            ended_at: seconds.map(|seconds| began + seconds.seconds()),
            outcome,
        };
        for (leg, expected) in [
            (
                leg("101", "Anna", Some(15), LegOutcome::NoAnswer),
                "101 Anna: no answer, 00:00:15",
            ),
            (
                leg("102", "", Some(64), LegOutcome::Answered),
                "102: answered, 00:01:04",
            ),
            (
                leg("103", "Bek", None, LegOutcome::Ringing),
                "103 Bek: rings",
            ),
        ] {
            assert_eq!(told(&leg), expected);
        }
    }
}
