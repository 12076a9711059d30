//! The sound devices of the settings.

use std::fmt::Display;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use ringbook_media::device::{
    Clip, DeviceReport, DeviceRole, InputDevice, Keeper, OutputDevice, Wanted,
};

use super::Outcome::{Passed, Skipped};
use super::{Outcome, Report, failed};
use crate::settings::Settings;
use crate::tr;

/// How long a sound device may take to open.
const DEVICE: Duration = Duration::from_secs(3);

/// Opens the microphone, the loudspeaker and the bell.
///
/// # Errors
/// A setting names no device; the sound system cannot be asked.
pub fn check_sound(settings: &Settings, report: &mut Report<'_>) -> anyhow::Result<()> {
    let audio = &settings.audio;
    let output = |text: &str| -> anyhow::Result<Option<Wanted>> {
        Ok(match text.parse::<OutputDevice>()? {
            OutputDevice::Default => Some(Wanted::Loudspeaker(None)),
            OutputDevice::Named(name) => Some(Wanted::Loudspeaker(Some(name))),
            OutputDevice::Null | OutputDevice::File(_) => None,
        })
    };
    let input = match audio.input.parse::<InputDevice>()? {
        InputDevice::Default => Some(Wanted::Microphone(None)),
        InputDevice::Named(name) => Some(Wanted::Microphone(Some(name))),
        InputDevice::File(file) => Some(Wanted::Clip(file)),
        InputDevice::Silence | InputDevice::Loop => None,
    };
    let roles = [
        (
            DeviceRole::Input,
            tr!("Microphone"),
            "input",
            &audio.input,
            input,
        ),
        (
            DeviceRole::Output,
            tr!("Loudspeaker"),
            "output",
            &audio.output,
            output(&audio.output)?,
        ),
        (
            DeviceRole::Ring,
            tr!("Bell"),
            "ring",
            &audio.ring,
            output(&audio.ring)?,
        ),
        (
            DeviceRole::RingAlso,
            tr!("Second bell"),
            "ring_also",
            &audio.ring_also,
            output(&audio.ring_also)?,
        ),
    ];
    for (role, title, key, setting, wanted) in roles {
        report.begin(&title);
        let outcome = match wanted {
            None => Skipped(tr!("{setting} needs no device", setting = setting)),
            Some(wanted) => try_device(role, wanted, key, setting)?,
        };
        report.done(&title, outcome);
    }
    for file in settings.ringtone_files() {
        let title = tr!("Ringtone");
        report.begin(&title);
        report.done(&title, try_ringtone(file));
    }
    Ok(())
}

fn try_ringtone(file: &Path) -> Outcome {
    let name = file.display();
    match Clip::load_ringtone(file) {
        Ok(_) => Passed(tr!("{setting} works", setting = name)),
        Err(error) => failed(
            tr!(
                "{setting} does not open: {reason}",
                setting = name,
                reason = error
            ),
            tr!("Name another file; until then the line's bell rings."),
        ),
    }
}

fn try_device(
    role: DeviceRole,
    wanted: Wanted,
    key: &str,
    setting: &impl Display,
) -> anyhow::Result<Outcome> {
    let (send, lost) = channel();
    let keeper = Keeper::start(move |report| {
        if let DeviceReport::Lost { reason, .. } = report {
            let _ = send.send(reason);
        }
    })?;
    keeper.want(role, Some(wanted));
    let deadline = Instant::now() + DEVICE;
    let remedy = || {
        tr!(
            "Plug it in, or name another one in [audio] {key}; calls go on without it.",
            key = key
        )
    };
    while Instant::now() < deadline {
        if keeper.poll().is_some() {
            return Ok(Passed(tr!("{setting} works", setting = setting)));
        }
        if let Ok(reason) = lost.recv_timeout(Duration::from_millis(20)) {
            return Ok(failed(
                tr!(
                    "{setting} does not open: {reason}",
                    setting = setting,
                    reason = reason
                ),
                remedy(),
            ));
        }
    }
    Ok(failed(
        tr!("{setting} does not open", setting = setting),
        remedy(),
    ))
}
