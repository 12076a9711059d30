//! How the loudspeaker is heard in the microphone.

use std::sync::mpsc::channel;
use std::time::Duration;

use ringbook_media::calibration::{Calibration, Echo, Microphone};
use ringbook_media::engine::{Engine, EngineConfig, MediaCommand, MediaEvent};

use super::Outcome::{Passed, Skipped};
use super::{Outcome, Report, failed};
use crate::settings::{Audio, VoiceSettings};
use crate::tr;

/// How long devices may take to open and the test signal to be played.
const DEADLINE: Duration = Duration::from_secs(15);
/// From this level on, in dBFS, what is heard in silence is noise that disturbs.
const NOISY_DBFS: f32 = -45.0;
/// The longest delay whose echo can be taken out, in ms.
const LATEST_MS: f32 = 450.0;

/// Plays a short test signal and tells what the microphone hears of it. It waits for the devices: some seconds.
///
/// # Errors
/// A setting names no device; the system gives no thread.
pub fn check_echo(audio: &Audio, report: &mut Report<'_>) -> anyhow::Result<()> {
    let (noise, echo) = (tr!("Noise"), tr!("Echo"));
    report.begin(&echo);
    let found = calibrate(audio)?;
    if let Some((outcome, found)) = found.as_ref().map(|found| (describe_noise(found), found)) {
        report.done(&noise, outcome);
        report.done(&echo, describe_echo(found));
    } else {
        report.done(
            &echo,
            failed(
                tr!("nothing could be measured"),
                tr!("Close what else uses the microphone or the loudspeaker, and try again."),
            ),
        );
    }
    Ok(())
}

fn calibrate(audio: &Audio) -> anyhow::Result<Option<Calibration>> {
    let (send, told) = channel();
    let config = EngineConfig {
        devices: audio.devices()?,
        voice: VoiceSettings::OFF,
        cname: String::new(),
        seed: 0,
    };
    let events = move |event| {
        if let MediaEvent::Calibrated(found) = event {
            // Nobody waits any more when it comes late.
            let _ = send.send(found);
        }
    };
    let engine = Engine::start(config, Box::new(events))?;
    engine.handle().send(MediaCommand::Calibrate);
    Ok(told.recv_timeout(DEADLINE).ok().flatten())
}

fn describe_noise(found: &Calibration) -> Outcome {
    match found.microphone {
        Microphone::Absent => Skipped(tr!("there is no microphone")),
        Microphone::Mute => failed(
            tr!("the microphone hears nothing at all"),
            tr!("Look whether it is switched off, at the headset or in the system's settings."),
        ),
        Microphone::Hears { clipped: true, .. } => failed(
            tr!("the microphone is overdriven"),
            tr!("Turn the microphone or the loudspeaker down."),
        ),
        Microphone::Hears { noise_dbfs, .. } => {
            let level = format!("{noise_dbfs:.0}");
            Passed(match noise_dbfs > NOISY_DBFS {
                true => tr!("{level} dBFS in silence, which is loud", level = level),
                false => tr!("{level} dBFS in silence", level = level),
            })
        }
    }
}

fn describe_echo(found: &Calibration) -> Outcome {
    match (found.microphone, found.loudspeaker, found.echo) {
        (Microphone::Absent, ..) => Skipped(tr!("there is no microphone")),
        (_, false, _) => Skipped(tr!("there is no loudspeaker")),
        (Microphone::Mute, ..) => Skipped(tr!("the microphone hears nothing at all")),
        (_, _, None) => Passed(tr!("the microphone does not hear the loudspeaker")),
        (_, _, Some(echo)) => describe(echo),
    }
}

fn describe(echo: Echo) -> Outcome {
    let (ms, level) = (
        format!("{:.0}", echo.delay_ms),
        format!("{:.0}", -echo.level_db),
    );
    let text = tr!(
        "the microphone hears the loudspeaker after {ms} ms, {level} dB quieter",
        ms = ms,
        level = level
    );
    match echo.delay_ms > LATEST_MS {
        true => failed(
            text,
            tr!(
                "That is too late for echo cancellation: use a headset, or a sound server with less delay."
            ),
        ),
        false => Passed(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn found(microphone: Microphone, echo: Option<Echo>) -> Calibration {
        Calibration {
            loudspeaker: true,
            microphone,
            echo,
        }
    }

    #[test]
    fn every_result_is_told_in_plain_words() {
        let hears = |noise_dbfs, clipped| Microphone::Hears {
            noise_dbfs,
            clipped,
        };
        let after = |delay_ms| {
            Some(Echo {
                delay_ms,
                level_db: -12.3,
            })
        };
        let quiet = found(hears(-62.4, false), after(83.0));
        assert_eq!(describe_noise(&quiet), Passed("-62 dBFS in silence".into()));
        assert_eq!(
            describe_echo(&quiet),
            Passed("the microphone hears the loudspeaker after 83 ms, 12 dB quieter".into())
        );
        let headset = found(hears(-30.0, false), None);
        assert_eq!(
            describe_noise(&headset),
            Passed("-30 dBFS in silence, which is loud".into())
        );
        assert!(matches!(describe_echo(&headset), Passed(_)));
        let late = found(hears(-60.0, true), after(480.0));
        assert!(matches!(describe_noise(&late), Outcome::Failed { .. }));
        assert!(matches!(describe_echo(&late), Outcome::Failed { .. }));
        let mute = found(Microphone::Mute, None);
        assert!(matches!(describe_noise(&mute), Outcome::Failed { .. }));
        assert!(matches!(describe_echo(&mute), Skipped(_)));
    }

    #[test]
    fn devices_that_are_not_there_are_a_result() {
        let audio = Audio {
            input: "silence".into(),
            output: "null".into(),
            ring: "null".into(),
            ..Audio::default()
        };
        let found = calibrate(&audio).unwrap().unwrap();
        assert_eq!(found.microphone, Microphone::Absent);
        assert_eq!(
            describe_echo(&found),
            Skipped("there is no microphone".into())
        );
    }
}
