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
use crate::hidraw::{self, Found, Places};
use crate::settings::{Audio, Settings};
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
            None if setting == "null" => Skipped(tr!("none is chosen")),
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

/// Whether the buttons of the headsets that are plugged in can be used.
pub fn check_headsets(audio: &Audio, report: &mut Report<'_>) {
    let title = tr!("Headset buttons");
    report.begin(&title);
    let places = Places::default();
    let ids = hidraw::ids(&places);
    let found: Vec<_> = ids
        .iter()
        .filter_map(|id| hidraw::look(&places, id))
        .collect();
    let outcome = match &found[..] {
        _ if !audio.headset_buttons => Skipped(tr!("[audio] headset_buttons = false")),
        [] => Skipped(tr!("no headset with buttons is plugged in")),
        headsets => headsets
            .iter()
            .find_map(unusable)
            .unwrap_or_else(|| Passed(names(headsets))),
    };
    report.done(&title, outcome);
}

/// Why a headset's buttons cannot be used, and what to do about it.
fn unusable(headset: &Found) -> Option<Outcome> {
    let error = hidraw::open(&headset.device).err()?;
    Some(failed(
        tr!(
            "{headset}: {device} may not be opened: {error}",
            headset = headset.name,
            device = headset.device.display(),
            error = error
        ),
        tr!(
            "Add the line {rule} to {file}, then plug it in again.",
            rule = headset.rule(),
            file = hidraw::RULES
        ),
    ))
}

fn names(headsets: &[Found]) -> String {
    let names: Vec<_> = headsets.iter().map(|headset| &*headset.name).collect();
    names.join(", ")
}

fn try_device(
    role: DeviceRole,
    wanted: Wanted,
    key: &str,
    setting: &impl Display,
) -> anyhow::Result<Outcome> {
    let (send, lost) = channel();
    let keeper = Keeper::start(move |report| {
        let reason = match report {
            DeviceReport::Lost { reason, .. } => reason,
            DeviceReport::Replaced { by, .. } => {
                tr!(
                    "it is not there; {default} serves until it is",
                    default = by
                )
            }
            DeviceReport::Back { .. } | DeviceReport::Moved { .. } => return,
        };
        let _ = send.send(reason);
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
        // What is wrong is told before anything serves.
        let opened = keeper.poll().is_some();
        let reason = lost.recv_timeout(Duration::from_millis(20));
        if opened && reason.is_err() {
            return Ok(Passed(tr!("{setting} works", setting = setting)));
        }
        if let Ok(reason) = reason {
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
