//! What the calls send: the microphone of the one in focus, or a source of each call's own.

use std::sync::Arc;

use crate::device::{Clip, ClipPlayer, InputDevice, Wanted};

/// The input that the settings name.
pub enum Input {
    /// Every call sends silence.
    Silence,
    /// Every call sends what it hears.
    Loop,
    /// Every call sends a file from its beginning; `None` until it is read.
    Clip(Option<Arc<Clip>>),
    /// The call in focus sends what the microphone hears.
    Microphone,
}

impl Input {
    /// The input for a setting. What has to be opened for it comes later, by [`Input::wanted`].
    pub fn new(device: &InputDevice) -> Self {
        match device {
            InputDevice::Silence => Self::Silence,
            InputDevice::Loop => Self::Loop,
            InputDevice::File(_) => Self::Clip(None),
            InputDevice::Default | InputDevice::Named(_) => Self::Microphone,
        }
    }

    /// What the device thread has to open for a setting.
    pub fn wanted(device: &InputDevice) -> Option<Wanted> {
        match device {
            InputDevice::Silence | InputDevice::Loop => None,
            InputDevice::File(path) => Some(Wanted::Clip(path.clone())),
            InputDevice::Default | InputDevice::Named(_) => None,
        }
    }
}

/// One call's own place in the input.
#[derive(Default)]
pub struct Place {
    player: Option<ClipPlayer>,
}

impl Place {
    /// The next 20 ms the call sends, at `rate`. `heard` is what it hears on this tick;
    /// `microphone` is there for the call in focus.
    pub fn read(
        &mut self,
        input: &Input,
        rate: u32,
        heard: &[f32],
        microphone: Option<&[f32]>,
        said: &mut [f32],
    ) {
        match (input, microphone) {
            (Input::Loop, _) => said.copy_from_slice(heard),
            (Input::Clip(Some(clip)), _) => self.player(clip).read(rate, said),
            (Input::Microphone, Some(frame)) => said.copy_from_slice(frame),
            (Input::Silence | Input::Clip(None) | Input::Microphone, _) => said.fill(0.0),
        }
    }

    fn player(&mut self, clip: &Arc<Clip>) -> &mut ClipPlayer {
        let player = self.player.take().filter(|player| player.plays(clip));
        self.player
            .insert(player.unwrap_or_else(|| ClipPlayer::new(clip.clone())))
    }
}
