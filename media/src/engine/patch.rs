//! Two calls whose other sides talk with each other, without us.

use super::{
    StreamId,
    bridge::{Path, Voice},
};

/// A cord between two lines: what one has heard, the other one says.
pub struct Patch {
    ends: [End; 2],
}

/// What one line gets of the other, at its own rate.
struct End {
    stream: StreamId,
    path: Path,
    voice: Vec<f32>,
}

impl Patch {
    /// Connects two lines.
    pub fn new(streams: [StreamId; 2]) -> Self {
        let end = |stream| End {
            stream,
            path: Path::default(),
            voice: Vec::new(),
        };
        Self {
            ends: streams.map(end),
        }
    }

    /// Whether this line is one of the two.
    pub fn has(&self, stream: StreamId) -> bool {
        self.ends.iter().any(|end| end.stream == stream)
    }

    /// Carries 20 ms both ways. A line that is not there hears nothing and says nothing.
    pub fn carry<'a>(&mut self, voice_of: impl Fn(StreamId) -> Option<Voice<'a>>) {
        let [one, other] = self.ends.each_ref().map(|end| voice_of(end.stream));
        let heard = [(one, other), (other, one)];
        for (end, (own, other)) in self.ends.iter_mut().zip(heard) {
            let rate = own.map_or(0, |own| own.rate);
            end.voice.clear();
            end.voice.resize(rate as usize / 50, 0.0);
            if let Some(other) = other {
                end.path.add(other, rate, &mut end.voice);
            }
        }
    }

    /// What the line is to say; none where it is not one of the two.
    pub fn voice_for(&self, stream: StreamId) -> Option<&[f32]> {
        let end = self.ends.iter().find(|end| end.stream == stream)?;
        Some(&end.voice)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::signal::{power_at, tone};

    const CALLER: StreamId = StreamId(1);
    const COLLEAGUE: StreamId = StreamId(2);

    #[test]
    fn s5_18_each_hears_the_other_at_its_own_rate_and_never_itself() {
        let said = [
            (CALLER, 8_000, tone(8_000, 500.0, 0.2, 8_000)),
            (COLLEAGUE, 48_000, tone(48_000, 1_300.0, 0.2, 48_000)),
        ];
        let mut patch = Patch::new([CALLER, COLLEAGUE]);
        let mut heard = [Vec::new(), Vec::new()];
        for tick in 0..50 {
            patch.carry(|stream| {
                let (_, rate, said) = said.iter().find(|(id, ..)| *id == stream)?;
                let len = *rate as usize / 50;
                let frame = &said[tick * len..(tick + 1) * len];
                Some(Voice { rate: *rate, frame })
            });
            for (heard, stream) in heard.iter_mut().zip([CALLER, COLLEAGUE]) {
                heard.extend_from_slice(patch.voice_for(stream).unwrap());
            }
        }
        let [caller, colleague] = heard;
        assert_eq!((caller.len(), colleague.len()), (8_000, 48_000));
        let loud = |sound: &[f32], rate: u32, hz| power_at(&sound[rate as usize / 10..], rate, hz);
        assert!(loud(&caller, 8_000, 1_300.0) > 0.015 && loud(&caller, 8_000, 500.0) < 0.001);
        assert!(loud(&colleague, 48_000, 500.0) > 0.015);
        assert!(loud(&colleague, 48_000, 1_300.0) < 0.001);
    }

    #[test]
    fn s5_18_a_line_that_is_gone_leaves_silence() {
        let mut patch = Patch::new([CALLER, COLLEAGUE]);
        let frame = [0.1; 160];
        let voice = Voice {
            rate: 8_000,
            frame: &frame,
        };
        patch.carry(|_| Some(voice));
        assert_eq!(patch.voice_for(CALLER).unwrap(), frame);
        patch.carry(|stream| (stream == CALLER).then_some(voice));
        assert_eq!(patch.voice_for(CALLER).unwrap(), [0.0; 160]);
        assert!(patch.voice_for(COLLEAGUE).unwrap().is_empty());
        assert!(patch.voice_for(StreamId(3)).is_none());
        assert!(patch.has(COLLEAGUE) && !patch.has(StreamId(3)));
    }
}
