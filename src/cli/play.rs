//! `ringbook recording play`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::anyhow;
use ringbook_media::device::OutputDevice;
use ringbook_media::engine::{self, PlayError};
use tokio::task::spawn_blocking;

use crate::tr;

/// Plays the file on the device that `device` names, until it ends or somebody presses Ctrl+C.
pub fn run(file: &Path, device: &str, length: &str, output: &mut dyn Write) -> anyhow::Result<()> {
    let named: OutputDevice = device.parse()?;
    let text = tr!(
        "{file}, {length}; Ctrl+C ends it",
        file = file.display(),
        length = length
    );
    writeln!(output, "{text}")?;
    output.flush()?;
    match until_interrupted(file.to_owned(), named)? {
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
) -> anyhow::Result<Result<(), PlayError>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let play = move || engine::play(&file, &device, || stop.load(Ordering::Relaxed));
        let mut playing = spawn_blocking(play);
        tokio::select! {
            played = &mut playing => return Ok(played?),
            _ = tokio::signal::ctrl_c() => stopped.store(true, Ordering::Relaxed),
        }
        Ok(playing.await?)
    })
}
