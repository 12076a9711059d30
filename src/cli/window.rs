//! `ringbook`: the phone on a thread of its own, the window on the main one.

use anyhow::Context as _;

use super::headless::{dial, printer};
use crate::driver::Launch;
use crate::phone::command::Command;
use crate::phone::links::is_link;
use crate::profile::Profile;
use crate::settings::Settings;
use crate::ui;

/// Runs the phone with its window. Events are printed as `--headless` prints them.
pub fn run(profile: Profile, settings: Settings, target: Option<&str>) -> anyhow::Result<()> {
    ui::find_display()?;
    let (events, _printed) = printer()?;
    let launch = Launch::new(profile, settings, events);
    let phone = launch.handle();
    // A link has to wait for somebody who can be asked.
    let (link, other) = match target {
        Some(target) if is_link(target) => (Some(target), None),
        other => (None, other),
    };
    if let Some(target) = other {
        dial(&phone, target);
    }
    let thread = std::thread::Builder::new().name("phone".to_owned());
    let running = thread.spawn(move || launch.run())?;
    let shown = ui::run(phone.clone(), link);
    phone.command(Command::Quit, |_| {});
    let ended = running
        .join()
        .ok()
        .context("the phone's thread broke off")?;
    // A phone that could not start closes its window at once: its reason is the one to tell.
    ended.and(shown)
}
