//! `ringbook recording play`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use ringbook_media::device::OutputDevice;
use ringbook_media::engine::{self, PlayError, PlayOrder, Playback};
use tokio::task::spawn_blocking;

use crate::tr;

/// How a recording is played.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// From this place on.
    pub from: Duration,
    /// How much faster than in its own time, the pitch kept.
    pub speed: f32,
}

/// Plays the file on the device that `device` names, until it ends or somebody presses Ctrl+C.
pub fn run(
    file: &Path,
    device: &str,
    how: How,
    length: &str,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let named: OutputDevice = device.parse()?;
    let text = tr!(
        "{file}, {length}; Ctrl+C ends it",
        file = file.display(),
        length = length
    );
    writeln!(output, "{text}")?;
    output.flush()?;
    match until_interrupted(file.to_owned(), named, how)? {
        Err(PlayError::Device(reason)) => Err(anyhow!(tr!(
            "{device} does not play: {reason}. Plug in a loudspeaker, or name another one with --output",
            device = device,
            reason = reason.trim_end_matches('.')
        ))),
        Err(error) => Err(anyhow!("{}: {error}", file.display())),
        Ok(()) => Ok(()),
    }
}

fn until_interrupted(
    file: std::path::PathBuf,
    device: OutputDevice,
    how: How,
) -> anyhow::Result<Result<(), PlayError>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let play = move || {
            let mut playback = Playback::open(&file)?;
            playback.obey(PlayOrder::Seek(how.from))?;
            playback.obey(PlayOrder::Speed(how.speed))?;
            engine::play(playback, &device, |_| Ok(!stop.load(Ordering::Relaxed)))
        };
        let mut playing = spawn_blocking(play);
        tokio::select! {
            played = &mut playing => return Ok(played?),
            _ = tokio::signal::ctrl_c() => stopped.store(true, Ordering::Relaxed),
        }
        Ok(playing.await?)
    })
}
