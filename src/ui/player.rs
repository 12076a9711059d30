//! A recording on the loudspeaker, on a thread of its own: the window gives orders and hears how far it is.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use ringbook_media::device::OutputDevice;
use ringbook_media::engine::{self, PlayError, PlayOrder, Playback};

/// Ticks of 20 ms between two places that are told.
const TELL_EVERY: u32 = 5;

/// What a playing recording tells.
#[derive(Debug)]
pub enum Heard {
    /// It is so long.
    Length(Duration),
    /// Up to where it was heard, when so many orders had been obeyed.
    Place(Duration, u32),
    /// It was heard to its end.
    End,
    /// It cannot be played on.
    Failed(PlayError),
}

/// Where a recording begins to be heard, and how fast it goes.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// The place in it.
    pub from: Duration,
    /// How much faster than in its own time, the pitch kept.
    pub speed: f32,
}

/// A recording that goes on until it ends or this is dropped.
pub struct Playing {
    orders: Sender<PlayOrder>,
    given: u32,
}

impl Playing {
    /// Begins; `tell` is called on the thread that plays, and must not wait.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        file: PathBuf,
        device: OutputDevice,
        start: Start,
        tell: impl Fn(Heard) + Send + 'static,
    ) -> io::Result<Self> {
        let (orders, asked) = channel();
        let thread = thread::Builder::new().name("player".to_owned());
        thread.spawn(move || match play(&file, &device, start, &asked, &tell) {
            Ok(true) => tell(Heard::End),
            Ok(false) => {}
            Err(error) => tell(Heard::Failed(error)),
        })?;
        Ok(Self { orders, given: 0 })
    }

    /// Has it obey, from the next tick on.
    pub fn order(&mut self, order: PlayOrder) {
        self.given += 1;
        // One that has ended obeys no more; its end is on its way.
        let _ = self.orders.send(order);
    }

    /// How many orders were given: a place told before the last one was obeyed is of no use any more.
    pub fn given(&self) -> u32 {
        self.given
    }
}

/// Plays until the end, true, or until nobody can give orders any more.
fn play(
    file: &std::path::Path,
    device: &OutputDevice,
    start: Start,
    asked: &Receiver<PlayOrder>,
    tell: &impl Fn(Heard),
) -> Result<bool, PlayError> {
    let mut sound = Playback::open(file)?;
    tell(Heard::Length(sound.length()));
    sound.obey(PlayOrder::Speed(start.speed))?;
    sound.obey(PlayOrder::Seek(start.from))?;
    let (mut ticks, mut obeyed, mut wanted) = (0_u32, 0, true);
    engine::play(sound, device, |sound| {
        loop {
            match asked.try_recv() {
                Ok(order) => {
                    sound.obey(order)?;
                    obeyed += 1;
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    wanted = false;
                    return Ok(false);
                }
            }
        }
        if ticks.is_multiple_of(TELL_EVERY) {
            tell(Heard::Place(sound.position(), obeyed));
        }
        ticks += 1;
        Ok(true)
    })?;
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(20);

    /// Two voices, so many seconds of silence.
    fn recording(folder: &Path, seconds: u32) -> PathBuf {
        let file = folder.join("call.wav");
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&file, spec).unwrap();
        for _ in 0..seconds * 8000 * 2 {
            writer.write_sample(0_i16).unwrap();
        }
        writer.finalize().unwrap();
        file
    }

    fn start(file: PathBuf, from: u64) -> (Playing, Receiver<Heard>) {
        let (told, heard) = channel();
        let start = Start {
            from: Duration::from_secs(from),
            speed: 1.0,
        };
        let tell = move |what| drop(told.send(what));
        let device = OutputDevice::File(file.with_extension("heard.wav"));
        (Playing::start(file, device, start, tell).unwrap(), heard)
    }

    #[test]
    fn s5_30_the_windows_player_begins_anywhere_is_sent_elsewhere_and_says_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (mut playing, heard) = start(recording(folder.path(), 60), 20);
        let next = || heard.recv_timeout(DEADLINE).unwrap();
        let minute = Duration::from_secs(60);
        assert!(matches!(next(), Heard::Length(length) if length == minute));
        let Heard::Place(place, 0) = next() else {
            panic!("no place")
        };
        assert!((20..22).contains(&place.as_secs()), "{place:?}");
        playing.order(PlayOrder::Seek(Duration::from_secs(59)));
        playing.order(PlayOrder::Speed(2.0));
        assert_eq!(playing.given(), 2);
        let places: Vec<Duration> = heard
            .iter()
            .take_while(|what| !matches!(what, Heard::End))
            .filter_map(|what| match what {
                Heard::Place(place, 2) => Some(place),
                _ => None,
            })
            .collect();
        assert!(places.iter().all(|place| place.as_secs() >= 59));
        // A second at twice the speed is told of five times, and not often more.
        assert!((2..9).contains(&places.len()), "{places:?}");
    }

    #[test]
    fn s5_30_a_player_that_is_let_go_tells_no_end_and_what_cannot_be_played_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let (playing, heard) = start(recording(folder.path(), 60), 0);
        assert!(heard.recv_timeout(DEADLINE).is_ok());
        drop(playing);
        // The thread lets go of its end of the channel when it is over.
        let last = heard.iter().last();
        assert!(!matches!(last, Some(Heard::End | Heard::Failed(_))));
        let (_playing, heard) = start(folder.path().join("gone.wav"), 0);
        let told = heard.recv_timeout(DEADLINE).unwrap();
        assert!(matches!(told, Heard::Failed(PlayError::Sound(_))));
    }
}
