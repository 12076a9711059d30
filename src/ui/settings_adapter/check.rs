//! The connection check: the steps of `ringbook check`, shown as they are tried.

use std::rc::Rc;

use ringbook_ui::slint::{ComponentHandle, ModelRc, VecModel};
use ringbook_ui::{CheckStep, SettingsAdapter, StepState};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::SettingsPage;
use crate::automation::RegistrationState;
use crate::check::{Outcome, Progress, Report, check_caller_id, check_line};
use crate::phone::command::Command;
use crate::settings::{Account, Settings};
use crate::tr;
use crate::ui::window_adapter::complain;

impl SettingsPage {
    /// Tries the line as it stands in the form, saved or not.
    pub(super) async fn check(self: Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<SettingsAdapter>();
        let Some((account, saved)) = self.take_form(&adapter).await else {
            return;
        };
        let settings = match self.phone.settings() {
            Ok(settings) => settings,
            Err(error) => return complain(&self.window, error.to_string()),
        };
        if saved.as_ref() == Some(&account) {
            self.wake_line(&account, &settings);
        }
        let number = self.begin_check();
        adapter.set_checking(true);
        let database = self.phone.profile().database();
        let progress = run(tr!("Connection check"), move |report| {
            check_line(&account, &settings, report)?;
            check_caller_id(&account, &database, report)
        });
        show_steps(progress, |steps| {
            let is_latest = self.checked.get() == number;
            if is_latest {
                adapter.set_check(steps);
            }
            is_latest
        })
        .await;
        if self.checked.get() == number {
            adapter.set_checking(false);
        }
    }

    /// What an earlier check still finds is shown no more.
    pub(super) fn begin_check(&self) -> u64 {
        self.checked.set(self.checked.get() + 1);
        self.checked.get()
    }

    /// Whoever asks for the check of a line that has failed does not want to wait until it tries again
    /// by itself.
    fn wake_line(&self, account: &Account, settings: &Settings) {
        let lines = self.lines.borrow();
        let line = lines.iter().find(|line| line.aor == account.aor);
        if self.in_call.get() || line.is_none_or(|line| line.state != RegistrationState::Failed) {
            return;
        }
        let mut without = settings.clone();
        without.accounts.retain(|other| other.aor != account.aor);
        for settings in [without, settings.clone()] {
            let command = Command::SetSettings(Box::new(settings));
            self.phone.command(command, Box::new(|_| {}));
        }
    }
}

/// Checks on a thread of its own; tells how far it has come. What could not be checked at all is a step
/// of this title.
pub(super) fn run(
    title: String,
    checks: impl FnOnce(&mut Report<'_>) -> anyhow::Result<()> + Send + 'static,
) -> UnboundedReceiver<Progress> {
    let (send, progress) = unbounded_channel();
    std::thread::spawn(move || {
        let mut tell = |progress| drop(send.send(progress));
        if let Err(error) = checks(&mut Report::new(&mut tell)) {
            let outcome = Outcome::Failed {
                what: format!("{error:#}"),
                remedy: String::new(),
            };
            tell(Progress::Done(title, outcome));
        }
    });
    progress
}

/// Shows the steps so far whenever there is news, until the end or until nobody wants to know any more.
pub(super) async fn show_steps(
    mut progress: UnboundedReceiver<Progress>,
    show: impl Fn(ModelRc<CheckStep>) -> bool,
) {
    let mut steps = Vec::new();
    while let Some(progress) = progress.recv().await {
        follow(&mut steps, progress);
        if !show(ModelRc::from(Rc::new(VecModel::from(steps.clone())))) {
            return;
        }
    }
}

/// Adds what has become of a step. The one that was being tried gives way to what was found.
fn follow(steps: &mut Vec<CheckStep>, progress: Progress) {
    steps.retain(|step| step.state != StepState::Running);
    steps.push(match progress {
        Progress::Begun(title) => step(title, StepState::Running, String::new(), String::new()),
        Progress::Done(title, Outcome::Passed(how)) => {
            step(title, StepState::Passed, how, String::new())
        }
        Progress::Done(title, Outcome::Failed { what, remedy }) => {
            step(title, StepState::Failed, what, remedy)
        }
        Progress::Done(title, Outcome::Skipped(why)) => {
            step(title, StepState::Skipped, why, String::new())
        }
    });
}

fn step(title: String, state: StepState, text: String, remedy: String) -> CheckStep {
    CheckStep {
        title: title.into(),
        text: text.into(),
        remedy: remedy.into(),
        state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(steps: &[CheckStep]) -> Vec<(&str, StepState, &str, &str)> {
        fn text(step: &CheckStep) -> (&str, StepState, &str, &str) {
            (&step.title, step.state, &step.text, &step.remedy)
        }
        steps.iter().map(text).collect()
    }

    #[test]
    fn a_step_runs_until_its_outcome_takes_its_place() {
        let mut steps = Vec::new();
        follow(&mut steps, Progress::Begun("Server".into()));
        assert_eq!(texts(&steps), [("Server", StepState::Running, "", "")]);
        let passed = Outcome::Passed("it answers".into());
        follow(&mut steps, Progress::Done("Server".into(), passed));
        let failed = Outcome::Failed {
            what: "it says no".into(),
            remedy: "Ask the provider.".into(),
        };
        follow(&mut steps, Progress::Done("Registration".into(), failed));
        let expected = [
            ("Server", StepState::Passed, "it answers", ""),
            (
                "Registration",
                StepState::Failed,
                "it says no",
                "Ask the provider.",
            ),
        ];
        assert_eq!(texts(&steps), expected);
    }

    #[test]
    fn a_line_is_checked_as_it_is_typed() {
        let mut account = Account::new("sip:101@nowhere.invalid");
        account.register = false;
        let mut progress = run("Connection check".into(), move |report| {
            check_line(&account, &Settings::default(), report)
        });
        let mut steps = Vec::new();
        while let Some(told) = progress.blocking_recv() {
            follow(&mut steps, told);
        }
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert_eq!(steps[0].state, StepState::Failed);
        assert!(steps[0].text.contains("nowhere.invalid cannot be found"));
        assert!(steps[0].remedy.contains("spelling"));
    }
}
