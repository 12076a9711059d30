//! Where and how it rings: on one device or on two, by a bell of ours or by a sound file.

use std::{path::PathBuf, sync::Arc};

use super::{Events, output::Output};
use crate::{
    device::{Clip, ClipPlayer, DeviceRole, DeviceSettings, Opened, OutputDevice},
    filter::Fader,
    mixer,
    recorder::Recorder,
    tone::{Bell, Tone, ToneGenerator},
};

/// The rate of a bell with a device of its own, in Hz.
const RATE: u32 = 16_000;
/// Ticks that a ringtone's file is waited for; then the bell rings until it is there.
const PATIENCE: u32 = 15;
/// Ticks for which a device stays open after the ringing, so that its end is heard and not cut off.
const AFTERGLOW: u32 = 10;

/// What rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RingSound {
    /// A tone of ours.
    Tone(Tone),
    /// A sound file, again and again; the bell where it cannot be played.
    File {
        /// WAV or Ogg Opus.
        file: PathBuf,
        /// In its place.
        otherwise: Bell,
    },
}

/// The bells and what rings on them.
pub struct Bells {
    places: [Place; 2],
    score: Score,
    /// Ticks until the devices may be closed after the ringing.
    left: u32,
    just_ended: bool,
    gain: f32,
    /// Room for what rings on the loudspeaker.
    frame: Vec<f32>,
}

/// What is to be played.
#[derive(Default)]
struct Score {
    sound: Option<RingSound>,
    /// The sound's file, once it is read.
    clip: Option<Arc<Clip>>,
    /// Ticks since the ringing began.
    since: u32,
}

/// Where it rings.
struct Place {
    role: DeviceRole,
    wanted: Wanted,
    device: Device,
    player: Option<Player>,
    fader: Fader,
}

/// What a place shall be.
#[derive(PartialEq)]
enum Wanted {
    Nothing,
    Loudspeaker,
    Own(OutputDevice),
}

enum Device {
    /// Not here.
    None,
    /// Where calls are heard.
    Loudspeaker,
    Own(Output),
}

enum Player {
    Tone(ToneGenerator),
    Clip(Box<ClipPlayer>),
}

impl Default for Bells {
    fn default() -> Self {
        Self {
            places: [DeviceRole::Ring, DeviceRole::RingAlso].map(|role| Place {
                role,
                wanted: Wanted::Nothing,
                device: Device::None,
                player: None,
                fader: Fader::default(),
            }),
            score: Score::default(),
            left: 0,
            just_ended: false,
            gain: 1.0,
            frame: Vec::new(),
        }
    }
}

impl Bells {
    /// From now on it rings as these settings say.
    pub fn configure(&mut self, settings: &DeviceSettings) {
        self.set_volume(settings.ring_volume_percent);
        self.set_devices(&settings.ring, &settings.ring_also, &settings.output);
    }

    /// One of the devices may be where calls are heard.
    fn set_devices(&mut self, ring: &OutputDevice, also: &OutputDevice, output: &OutputDevice) {
        let first = Wanted::of(ring, output);
        let second = match also == ring {
            true => Wanted::Nothing,
            false => Wanted::of(also, output),
        };
        for (place, device) in self.places.iter_mut().zip([first, second]) {
            // What stays the same stays open.
            if place.wanted != device {
                place.device = device.open(place.role);
                place.wanted = device;
            }
        }
    }

    /// How loud it rings, in percent: the half of it seems half as loud.
    fn set_volume(&mut self, percent: u8) {
        let share = f32::from(percent.min(100)) / 100.0;
        self.gain = share * share;
        if self.score.sound.is_some() {
            self.fade_to(self.gain);
        }
    }

    /// Rings from the beginning, or fades out.
    pub fn ring(&mut self, sound: Option<RingSound>) {
        self.left = if self.is_ringing() { AFTERGLOW } else { 0 };
        if sound.is_none() {
            self.fade_to(0.0);
            self.score.sound = None;
            return;
        }
        // The same file again is not read again.
        let file = match &sound {
            Some(RingSound::File { file, .. }) => Some(file),
            _ => None,
        };
        let clip = self.score.clip.take();
        let clip = clip.filter(|_| self.file() == file);
        self.score = Score {
            sound,
            clip,
            since: 0,
        };
        for place in &mut self.places {
            place.player = None;
            place.fader = Fader::new(self.gain);
        }
    }

    fn fade_to(&mut self, gain: f32) {
        self.places
            .iter_mut()
            .for_each(|place| place.fader.set(gain));
    }

    /// Whether it rings, or has just ended.
    pub fn is_ringing(&self) -> bool {
        self.score.sound.is_some() || self.left > 0
    }

    /// Whether its end has been heard on this very tick.
    pub fn has_just_ended(&self) -> bool {
        self.just_ended
    }

    /// The file that is to ring.
    pub fn file(&self) -> Option<&PathBuf> {
        match &self.score.sound {
            Some(RingSound::File { file, .. }) => Some(file),
            _ => None,
        }
    }

    /// Takes what was opened for a place, or read for the ringtone.
    pub fn take(&mut self, role: DeviceRole, opened: Opened) {
        match opened {
            Opened::Clip(clip) if self.file().is_some() => {
                self.score.clip = Some(clip);
                self.places.iter_mut().for_each(|place| place.player = None);
            }
            opened => {
                let own = self.places.iter_mut().find(|place| place.role == role);
                if let Some(Device::Own(output)) = own.map(|place| &mut place.device) {
                    output.take(opened);
                }
            }
        }
    }

    /// Adds the ringing to what the loudspeaker plays; false where it does not ring there.
    pub fn add_to_loudspeaker(&mut self, rate: u32, frame: &mut [f32]) -> bool {
        let rings = self.is_ringing();
        let here = |place: &&mut Place| rings && matches!(place.device, Device::Loudspeaker);
        let Some(place) = self.places.iter_mut().find(here) else {
            return false;
        };
        self.frame.clear();
        self.frame.resize(frame.len(), 0.0);
        place.play(&self.score, rate, &mut self.frame);
        mixer::add(&self.frame, frame);
        true
    }

    /// Rings on the devices that do nothing else, and ends the tick.
    pub fn sound(&mut self, recorder: &Recorder, events: &Events) {
        let rings = self.is_ringing();
        for place in &mut self.places {
            let mut frame = [0.0; RATE as usize / 50];
            if rings && matches!(place.device, Device::Own(_)) {
                place.play(&self.score, RATE, &mut frame);
            }
            match &mut place.device {
                Device::Own(output) if rings => output.write(RATE, &frame, recorder, events),
                Device::Own(output) => output.rest(),
                Device::None | Device::Loudspeaker => {}
            }
        }
        self.score.since = self.score.since.saturating_add(1);
        self.left = self.left.saturating_sub(1);
        self.just_ended = rings && !self.is_ringing();
        if self.just_ended {
            self.score = Score::default();
            self.places.iter_mut().for_each(|place| place.player = None);
        }
    }
}

impl Place {
    /// The next stretch of the ringing.
    fn play(&mut self, score: &Score, rate: u32, frame: &mut [f32]) {
        if self.player.is_none() {
            self.player = score.player();
        }
        match &mut self.player {
            Some(Player::Tone(tone)) => tone.add_to(rate, frame),
            Some(Player::Clip(clip)) => clip.read(rate, frame),
            None => {}
        }
        self.fader.apply(frame);
    }
}

impl Score {
    /// Plays it from the beginning; none while its file may still come.
    fn player(&self) -> Option<Player> {
        let tone = |tone| Some(Player::Tone(ToneGenerator::new(tone)));
        match (self.sound.as_ref()?, &self.clip) {
            (RingSound::Tone(sound), _) => tone(*sound),
            (RingSound::File { .. }, Some(clip)) => {
                Some(Player::Clip(Box::new(ClipPlayer::new(clip.clone()))))
            }
            (RingSound::File { otherwise, .. }, None) if self.since >= PATIENCE => {
                tone(Tone::Ringing(*otherwise))
            }
            (RingSound::File { .. }, None) => None,
        }
    }
}

impl Wanted {
    fn of(device: &OutputDevice, output: &OutputDevice) -> Self {
        match device {
            OutputDevice::Null => Self::Nothing,
            device if device == output => Self::Loudspeaker,
            device => Self::Own(device.clone()),
        }
    }

    fn open(&self, role: DeviceRole) -> Device {
        match self {
            Self::Nothing => Device::None,
            Self::Loudspeaker => Device::Loudspeaker,
            Self::Own(device) => Device::Own(Output::new(device, role)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::signal::{power, power_at, tone};

    const HEADSET: &str = "Headset";

    fn named(name: &str) -> OutputDevice {
        OutputDevice::Named(name.to_owned())
    }

    /// Bells whose second one is the loudspeaker.
    fn bells() -> Bells {
        let mut bells = Bells::default();
        bells.set_devices(&named("Speakers"), &named(HEADSET), &named(HEADSET));
        bells
    }

    /// So many ticks of the loudspeaker, at 16 kHz.
    fn hear(bells: &mut Bells, ticks: usize) -> Vec<f32> {
        let mut heard = vec![0.0; 320 * ticks];
        let recorder = Recorder::start().unwrap();
        let events: Events = Arc::new(|_| {});
        for frame in heard.chunks_mut(320) {
            bells.add_to_loudspeaker(RATE, frame);
            bells.sound(&recorder, &events);
        }
        heard
    }

    #[test]
    fn it_rings_where_calls_are_heard_until_it_fades() {
        let mut bells = bells();
        assert!(!bells.is_ringing());
        bells.ring(Some(RingSound::Tone(Tone::Ringing(Bell::Deep))));
        let loudspeaker = hear(&mut bells, 10);
        assert!(power(&loudspeaker) > 1e-3);
        bells.ring(None);
        assert!(bells.is_ringing(), "its end is to be heard");
        let end = hear(&mut bells, AFTERGLOW as usize);
        assert!(power(&end[..160]) > 1e-3 && end[319].abs() < 1e-3);
        assert_eq!(power(&end[320..]), 0.0);
        assert!(!bells.is_ringing());
    }

    #[test]
    fn the_volume_is_that_of_the_ear() {
        let level = |percent: u8| {
            let mut bells = bells();
            bells.set_volume(percent);
            bells.ring(Some(RingSound::Tone(Tone::Ringing(Bell::Pulse))));
            power(&hear(&mut bells, 5))
        };
        assert!((level(50) / level(100) - 1.0 / 16.0).abs() < 1e-3);
        assert_eq!(level(0), 0.0);
        assert_eq!(level(200), level(100));
    }

    #[test]
    fn a_file_rings_once_it_is_read_and_the_bell_when_it_takes_too_long() {
        let mut bells = bells();
        let file = || RingSound::File {
            file: "bell.wav".into(),
            otherwise: Bell::Pulse,
        };
        bells.ring(Some(file()));
        assert_eq!(power(&hear(&mut bells, PATIENCE as usize)), 0.0);
        let bell = hear(&mut bells, 5);
        assert!(power_at(&bell, RATE, 880.0) > 1e-3);
        let clip = Clip::of(8_000, &tone(8_000, 600.0, 0.4, 8_000)).unwrap();
        bells.take(DeviceRole::Ringtone, Opened::Clip(Arc::new(clip)));
        let file_heard = hear(&mut bells, 20);
        assert!(power_at(&file_heard[3_200..], RATE, 600.0) > 0.05);
        assert!(power_at(&file_heard[3_200..], RATE, 880.0) < 1e-4);
        bells.ring(Some(file()));
        let again = hear(&mut bells, 20);
        assert!(
            power_at(&again[3_200..], RATE, 600.0) > 0.05,
            "it is not read again"
        );
    }

    #[test]
    fn one_device_for_both_rings_once() {
        let mut bells = Bells::default();
        bells.set_devices(&named(HEADSET), &named(HEADSET), &named(HEADSET));
        assert!(matches!(bells.places[1].device, Device::None));
        bells.set_devices(&named("Speakers"), &OutputDevice::Null, &named(HEADSET));
        assert!(matches!(bells.places[0].device, Device::Own(_)));
        assert!(matches!(bells.places[1].device, Device::None));
    }
}
