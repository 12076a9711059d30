//! A recording that is being listened to: where it is, how fast it goes, and whether it rests. Reads no
//! clock: it goes on by 20 ms with each frame.

use std::path::Path;
use std::time::Duration;

use crate::recorder::{ReadError, RecordingReader};
use crate::tempo::Tempo;

/// What whoever listens wants of the player.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PlayOrder {
    /// It rests where it is.
    Pause,
    /// It goes on.
    Resume,
    /// It goes on from there; from the end where that is earlier.
    Seek(Duration),
    /// It goes so fast, its pitch kept: 0.5 to 3, 1 is its own time.
    Speed(f32),
}

/// A recording on its way to the loudspeaker.
pub struct Playback {
    sound: RecordingReader,
    length: Duration,
    tempo: Tempo,
    is_paused: bool,
}

impl Playback {
    /// A WAV or Ogg Opus file, from its beginning, in its own time.
    ///
    /// # Errors
    /// The file cannot be read, or is no recording.
    pub fn open(file: &Path) -> Result<Self, ReadError> {
        let sound = RecordingReader::open(file)?;
        Ok(Self {
            length: sound.length()?,
            tempo: Tempo::new(sound.rate()),
            sound,
            is_paused: false,
        })
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.sound.rate()
    }

    /// How long the recording is.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// Up to where it has been heard.
    pub fn position(&self) -> Duration {
        let waiting = self.tempo.waiting() as f64 / f64::from(self.rate());
        let read = self.sound.position();
        read.saturating_sub(Duration::from_secs_f64(waiting))
            .min(self.length)
    }

    /// How fast it goes.
    pub fn speed(&self) -> f32 {
        self.tempo.speed()
    }

    /// Whether it rests.
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Does what is wanted, from the next frame on.
    ///
    /// # Errors
    /// The file cannot be read there.
    pub fn obey(&mut self, order: PlayOrder) -> Result<(), ReadError> {
        match order {
            PlayOrder::Pause => self.is_paused = true,
            PlayOrder::Resume => self.is_paused = false,
            PlayOrder::Speed(speed) => self.tempo.set_speed(speed),
            PlayOrder::Seek(position) => {
                self.sound.seek(position.min(self.length))?;
                self.tempo.reset();
            }
        }
        Ok(())
    }

    /// The next 20 ms, both voices as one; silence while it rests. False at the end.
    ///
    /// # Errors
    /// The file cannot be read any further.
    pub fn next_frame(&mut self, frame: &mut Vec<f32>) -> Result<bool, ReadError> {
        frame.clear();
        frame.resize(self.rate() as usize / 50, 0.0);
        if self.is_paused {
            return Ok(true);
        }
        let (sound, mut block) = (&mut self.sound, Vec::new());
        let heard = self.tempo.next(frame, |input| {
            let present = sound.next_block(&mut block)?;
            input.extend(&block);
            Ok::<_, ReadError>(present)
        })?;
        Ok(heard > 0)
    }
}
