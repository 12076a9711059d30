//! A conference: what each of some lines hears of the others.

use super::StreamId;
use crate::{mixer, resample::FrameConverter};

/// 20 ms of somebody.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// Samples a second.
    pub rate: u32,
    /// A fiftieth of them.
    pub frame: &'a [f32],
}

/// The lines that are joined. Each hears the others, never itself.
#[derive(Default)]
pub struct Bridge {
    shares: Vec<Share>,
}

/// What one line gets of the conference, at its own rate.
pub struct Share {
    stream: StreamId,
    others: Vec<f32>,
    microphone: Vec<f32>,
    /// From each of the others.
    paths: Vec<(StreamId, Path)>,
    from_microphone: Path,
}

/// A way on which a voice may have to change its rate.
#[derive(Default)]
pub struct Path {
    converter: Option<FrameConverter>,
    converted: Vec<f32>,
}

impl Bridge {
    /// Joins these streams and no others.
    pub fn join(&mut self, streams: Vec<StreamId>) {
        let path = |stream: &StreamId| (*stream, Path::default());
        let share = |stream: &StreamId| Share {
            stream: *stream,
            others: Vec::new(),
            microphone: Vec::new(),
            paths: streams.iter().filter(|s| *s != stream).map(path).collect(),
            from_microphone: Path::default(),
        };
        self.shares = match streams.len() {
            0 | 1 => Vec::new(),
            _ => streams.iter().map(share).collect(),
        };
    }

    /// Mixes what the other sides have said on this tick. The microphone, which serves the line in
    /// `focus`, serves those joined with it as well.
    pub fn mix<'a>(
        &mut self,
        voice_of: impl Fn(StreamId) -> Option<Voice<'a>>,
        focus: Option<StreamId>,
        microphone: Option<Voice<'_>>,
    ) {
        let shared = self.shares.iter().any(|share| Some(share.stream) == focus);
        for share in &mut self.shares {
            let rate = voice_of(share.stream).map_or(0, |voice| voice.rate);
            share.others.clear();
            share.others.resize(rate as usize / 50, 0.0);
            for (other, path) in &mut share.paths {
                if let Some(voice) = voice_of(*other) {
                    path.add(voice, rate, &mut share.others);
                }
            }
            share.microphone.clear();
            if let Some(voice) = microphone.filter(|_| shared) {
                share.microphone.resize(rate as usize / 50, 0.0);
                share
                    .from_microphone
                    .add(voice, rate, &mut share.microphone);
            }
        }
    }

    /// What the line gets; `None`: it is joined with nobody.
    pub fn share(&self, stream: StreamId) -> Option<&Share> {
        self.shares.iter().find(|share| share.stream == stream)
    }
}

impl Share {
    /// What the others say.
    pub fn others(&self) -> &[f32] {
        &self.others
    }

    /// What the microphone hears; `None` while the conference is not in focus.
    pub fn microphone(&self) -> Option<&[f32]> {
        Some(&self.microphone[..]).filter(|frame| !frame.is_empty())
    }
}

impl Path {
    /// Adds a voice to a frame of 20 ms at `rate`. Rates that cannot be converted are silence.
    pub fn add(&mut self, voice: Voice<'_>, rate: u32, to: &mut [f32]) {
        if voice.rate == rate {
            return mixer::add(voice.frame, to);
        }
        let rates = (voice.rate, rate);
        let fits = |converter: &FrameConverter| (converter.from(), converter.to()) == rates;
        if !self.converter.as_ref().is_some_and(fits) {
            self.converter = FrameConverter::new(voice.rate, rate, 1).ok();
        }
        if let Some(converter) = &mut self.converter {
            self.converted.resize(to.len(), 0.0);
            converter.convert(voice.frame, &mut self.converted);
            mixer::add(&self.converted, to);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::signal::{power_at, tone};

    /// Three parties at the rates of three codecs, each with a tone of its own.
    const PARTIES: [(u64, u32, f32); 3] = [
        (1, 8_000, 500.0),
        (2, 16_000, 1_300.0),
        (3, 48_000, 2_100.0),
    ];
    const MICROPHONE: f32 = 900.0;

    /// What each party gets of `members` in one second with the focus on `focus`: others and microphone.
    fn a_second(bridge: &mut Bridge, focus: u64) -> Vec<(u64, Vec<f32>, Vec<f32>)> {
        let said = PARTIES.map(|(_, rate, hz)| tone(rate, hz, 0.2, rate as usize));
        let rate_of = |id: u64| PARTIES[id as usize - 1].1;
        let own = tone(rate_of(focus), MICROPHONE, 0.2, rate_of(focus) as usize);
        let mut got: Vec<_> = PARTIES.map(|(id, ..)| (id, Vec::new(), Vec::new())).into();
        for tick in 0..50 {
            let part = |rate: u32| tick * rate as usize / 50..(tick + 1) * rate as usize / 50;
            let voice_of = |stream: StreamId| {
                let place = PARTIES.iter().position(|(id, ..)| *id == stream.0)?;
                let rate = PARTIES[place].1;
                let frame = &said[place][part(rate)];
                Some(Voice { rate, frame })
            };
            let rate = rate_of(focus);
            let frame = &own[part(rate)];
            bridge.mix(voice_of, Some(StreamId(focus)), Some(Voice { rate, frame }));
            for (id, others, microphone) in &mut got {
                if let Some(share) = bridge.share(StreamId(*id)) {
                    others.extend_from_slice(share.others());
                    microphone.extend_from_slice(share.microphone().unwrap_or_default());
                }
            }
        }
        got
    }

    /// Whether the tone is there as loud as it was made, from the first tenth of a second on.
    fn hears(sound: &[f32], rate: u32, hz: f32) -> bool {
        let settled = sound.get(rate as usize / 10..).unwrap_or_default();
        let mut blocks = settled.chunks_exact(rate as usize / 50);
        blocks.len() > 0 && blocks.all(|block| power_at(block, rate, hz) > 0.018)
    }

    #[test]
    fn each_hears_the_others_and_never_itself() {
        let mut bridge = Bridge::default();
        bridge.join(PARTIES.map(|(id, ..)| StreamId(id)).into());
        for (id, others, microphone) in a_second(&mut bridge, 2) {
            let (_, rate, own) = PARTIES[id as usize - 1];
            for (other, _, hz) in PARTIES {
                assert_eq!(hears(&others, rate, hz), other != id, "{id} hears {other}");
            }
            assert!(!hears(&others, rate, MICROPHONE), "it goes its own way");
            assert!(hears(&microphone, rate, MICROPHONE) && !hears(&microphone, rate, own));
        }
    }

    #[test]
    fn who_is_not_joined_gets_nothing_and_the_microphone_stays_with_its_focus() {
        let mut bridge = Bridge::default();
        bridge.join(vec![StreamId(1), StreamId(2)]);
        let got = a_second(&mut bridge, 3);
        let (_, others, microphone) = &got[0];
        assert!(hears(others, 8_000, 1_300.0) && !hears(others, 8_000, 2_100.0));
        assert!(microphone.is_empty());
        assert!(got[2].1.is_empty() && got[2].2.is_empty());
        for few in [vec![], vec![StreamId(1)]] {
            bridge.join(few);
            assert!(bridge.share(StreamId(1)).is_none());
        }
    }

    #[test]
    fn a_line_that_is_gone_or_changes_its_rate_leaves_the_others_as_they_were() {
        let mut bridge = Bridge::default();
        bridge.join(vec![StreamId(1), StreamId(2)]);
        let frame = [0.1; 320];
        let at = |rate: u32| Voice {
            rate,
            frame: &frame[..rate as usize / 50],
        };
        for (rates, len) in [([8_000, 16_000], 160), ([16_000, 8_000], 320)] {
            bridge.mix(|s| Some(at(rates[s.0 as usize - 1])), None, None);
            assert_eq!(bridge.share(StreamId(1)).unwrap().others().len(), len);
        }
        bridge.mix(|s| (s.0 == 1).then(|| at(8_000)), None, None);
        let alone = bridge.share(StreamId(1)).unwrap();
        assert_eq!(alone.others(), [0.0; 160]);
    }
}
