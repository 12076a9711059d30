//! What the calls send: the microphone of the one in focus, or a source of each call's own.

use std::sync::Arc;

use crate::device::{Capture, Clip, ClipPlayer, InputDevice, Opened};

/// The input that the settings name.
pub enum Input {
    /// Every call sends silence.
    Silence,
    /// Every call sends what it hears.
    Loop,
    /// Every call sends a file from its beginning; `None` until it is read.
    Clip(Option<Arc<Clip>>),
    /// The call in focus sends what the microphone hears; `None` while it is not open.
    Microphone(Option<Box<Capture>>),
}

impl Input {
    /// The input for a setting. What has to be opened for it comes later, by [`Input::take`].
    pub fn new(device: &InputDevice) -> Self {
        match device {
            InputDevice::Silence => Self::Silence,
            InputDevice::Loop => Self::Loop,
            InputDevice::File(_) => Self::Clip(None),
            InputDevice::Default | InputDevice::Named(_) => Self::Microphone(None),
        }
    }

    /// Takes what was opened for it.
    pub fn take(&mut self, opened: Opened) {
        match (self, opened) {
            (Self::Clip(clip), Opened::Clip(opened)) => *clip = Some(opened),
            (Self::Microphone(capture), Opened::Capture(opened)) => {
                *capture = Some(Box::new(opened))
            }
            // Opened for settings that have changed since.
            _ => {}
        }
    }

    /// Whether a microphone is open.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Microphone(Some(_)))
    }

    /// What the microphone hears on this tick, at the rate of the call in focus; empty if there is none.
    pub fn listen(&mut self, focused: Option<u32>, frame: &mut Vec<f32>) {
        frame.clear();
        let Self::Microphone(capture) = self else {
            return;
        };
        if capture.as_ref().is_some_and(|capture| !capture.is_alive()) {
            *capture = None;
        }
        match (capture, focused) {
            (Some(capture), Some(rate)) => {
                frame.resize(rate as usize / 50, 0.0);
                capture.read(rate, frame);
            }
            (Some(capture), None) => capture.discard(),
            (None, _) => {}
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
            (Input::Microphone(_), Some(frame)) => said.copy_from_slice(frame),
            (Input::Silence | Input::Clip(None) | Input::Microphone(_), _) => said.fill(0.0),
        }
    }

    fn player(&mut self, clip: &Arc<Clip>) -> &mut ClipPlayer {
        let player = self.player.take().filter(|player| player.plays(clip));
        self.player
            .insert(player.unwrap_or_else(|| ClipPlayer::new(clip.clone())))
    }
}
