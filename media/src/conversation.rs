//! Who spoke how much in a conversation, from the energy of its two voices: no word is understood, and nothing is kept
//! but counters and the last seconds' levels, however long it lasts.
//!
//! Each side is judged every 20 ms: it speaks where it is louder than its own noise by [`ABOVE_NOISE`]. The noise is the
//! quietest frame of the last five seconds; silence without any noise (hold, a pause of the recording, lost packets) says
//! nothing about it. Gaps up to [`HANG_OVER`] frames, between words and syllables, belong to what is said; sounds
//! shorter than [`SHORTEST`] frames do not. Music and dialling tones count as a voice.

use std::collections::VecDeque;
use std::time::Duration;

/// Length of a frame.
pub const FRAME: Duration = Duration::from_millis(20);
/// How much louder than its noise a voice is, in dB.
pub const ABOVE_NOISE: f32 = 9.0;
/// The noise is taken to lie between these, in dB of full scale: a quieter one does not make a rustle a voice, and a long
/// loud word is no noise.
pub const NOISE: (f32, f32) = (-65.0, -45.0);
/// Frames below are silence that was put in, not a room's, in dB of full scale.
pub const NO_NOISE: f32 = -80.0;
/// Frames that a voice may pause for and goes on: 300 ms.
pub const HANG_OVER: usize = 15;
/// Frames that the shortest word lasts: 60 ms.
pub const SHORTEST: usize = 3;
/// From so many frames at once on, who began second has interrupted the other: half a second.
pub const INTERRUPTION: u64 = 25;
/// So many frames of one voice are more than a "yes, yes" and end the other's monologue: a second.
pub const REMARK: u64 = 50;
/// So many frames of silence end a monologue: three seconds.
pub const BREAK: u64 = 150;

/// Frames from which one stretch of the noise's memory is made, and stretches in it: ten halves of a second.
const STRETCH: usize = 25;
const STRETCHES: usize = 10;
/// Frames until nothing can change a decision any more.
const DELAY: usize = HANG_OVER + SHORTEST + 1;

/// What was found. `agent` + `client` - `overlap` + `silence` = `frames`, all counted in frames of [`FRAME`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// All of it.
    pub frames: u64,
    /// The agent speaks.
    pub agent: u64,
    /// The client speaks.
    pub client: u64,
    /// Both speak.
    pub overlap: u64,
    /// Nobody speaks.
    pub silence: u64,
    /// The longest silence.
    pub longest_silence: u64,
    /// The longest stretch in which the agent speaks and the client puts in less than [`REMARK`].
    pub longest_monologue: u64,
    /// How often the agent began while the client spoke, and both went on for [`INTERRUPTION`].
    pub interrupted_by_agent: u64,
    /// How often the client did.
    pub interrupted_by_client: u64,
}

/// Listens to a conversation, frame by frame.
#[derive(Default)]
pub struct Listener {
    agent: Voice,
    client: Voice,
    tally: Tally,
}

impl Listener {
    /// Hears 20 ms of both sides, samples between -1 and 1.
    pub fn hear(&mut self, agent: &[f32], client: &[f32]) {
        let decided = (
            self.agent.judge(level(agent)),
            self.client.judge(level(client)),
        );
        if let (Some(agent), Some(client)) = decided {
            self.tally.count(agent, client);
        }
    }

    /// What was found until the end.
    pub fn finish(mut self) -> Conversation {
        self.agent.end();
        self.client.end();
        for (agent, client) in self.agent.recent.iter().zip(&self.client.recent) {
            self.tally.count(*agent, *client);
        }
        self.tally.found
    }
}

/// Mean energy in dB of full scale.
fn level(frame: &[f32]) -> f32 {
    let energy: f32 = frame.iter().map(|sample| sample * sample).sum();
    10.0 * (energy / frame.len().max(1) as f32 + 1e-10).log10()
}

/// One side: whether it speaks, decided [`DELAY`] frames later.
#[derive(Default)]
struct Voice {
    noise: Noise,
    /// Decisions that may change, the oldest first.
    recent: VecDeque<bool>,
    /// Frames since the word began, its gaps included; 0 where there is none.
    word: usize,
    /// Frames since it was last loud.
    gap: usize,
}

impl Voice {
    /// Takes a frame's level and tells what the frame [`DELAY`] before it was.
    fn judge(&mut self, level: f32) -> Option<bool> {
        let loud = self.noise.is_exceeded(level);
        self.recent.push_back(loud);
        if loud {
            self.bridge();
            self.word += self.gap + 1;
            self.gap = 0;
        } else if self.word > 0 {
            self.gap += 1;
            if self.gap > HANG_OVER {
                self.end();
            }
        }
        match self.recent.len() > DELAY {
            true => self.recent.pop_front(),
            false => None,
        }
    }

    /// The gap before this frame belongs to what is said.
    fn bridge(&mut self) {
        for decided in self.recent.iter_mut().rev().skip(1).take(self.gap) {
            *decided = true;
        }
    }

    /// The word is over; one that was too short was none.
    fn end(&mut self) {
        if self.word < SHORTEST {
            let newest_first = self.recent.iter_mut().rev();
            for decided in newest_first.skip(self.gap).take(self.word) {
                *decided = false;
            }
        }
        self.word = 0;
        self.gap = 0;
    }
}

/// The quietest levels of the last seconds.
#[derive(Default)]
struct Noise {
    stretches: VecDeque<f32>,
    /// Frames in the newest stretch.
    filled: usize,
}

impl Noise {
    /// Learns from the level, and says whether it is a voice's.
    fn is_exceeded(&mut self, level: f32) -> bool {
        if level > NO_NOISE {
            self.learn(level);
        }
        let quietest = self.stretches.iter().copied().fold(NOISE.1, f32::min);
        level > quietest.max(NOISE.0) + ABOVE_NOISE
    }

    fn learn(&mut self, level: f32) {
        self.filled %= STRETCH;
        if self.filled == 0 {
            self.stretches.push_back(level);
            if self.stretches.len() > STRETCHES {
                self.stretches.pop_front();
            }
        }
        if let Some(newest) = self.stretches.back_mut() {
            *newest = newest.min(level);
        }
        self.filled += 1;
    }
}

/// Counts decided frames.
#[derive(Default)]
struct Tally {
    found: Conversation,
    silence: u64,
    overlap: u64,
    /// Who spoke in the frame before.
    before: (bool, bool),
    /// Who began while the other spoke.
    second: Option<Side>,
    monologue: Monologue,
}

#[derive(Clone, Copy)]
enum Side {
    Agent,
    Client,
}

impl Tally {
    fn count(&mut self, agent: bool, client: bool) {
        let found = &mut self.found;
        found.frames += 1;
        found.agent += u64::from(agent);
        found.client += u64::from(client);
        self.silence = if agent || client { 0 } else { self.silence + 1 };
        found.silence += u64::from(self.silence > 0);
        found.longest_silence = found.longest_silence.max(self.silence);
        found.longest_monologue = found
            .longest_monologue
            .max(self.monologue.go_on(agent, client));
        self.count_overlap(agent && client);
        self.before = (agent, client);
    }

    fn count_overlap(&mut self, both: bool) {
        if !both {
            self.overlap = 0;
            return;
        }
        if self.overlap == 0 {
            self.second = match self.before {
                (false, true) => Some(Side::Agent),
                (true, false) => Some(Side::Client),
                _ => None,
            };
        }
        self.overlap += 1;
        self.found.overlap += 1;
        if self.overlap == INTERRUPTION {
            match self.second {
                Some(Side::Agent) => self.found.interrupted_by_agent += 1,
                Some(Side::Client) => self.found.interrupted_by_client += 1,
                None => {}
            }
        }
    }
}

/// The agent's present monologue.
#[derive(Default)]
struct Monologue {
    /// Frames since it began; 0 where there is none.
    lasts: u64,
    /// Of these, up to the agent's last word.
    said: u64,
    /// Frames that the client has been speaking for.
    remark: u64,
}

impl Monologue {
    /// Goes on by a frame and tells how long it is up to the agent's last word.
    fn go_on(&mut self, agent: bool, client: bool) -> u64 {
        self.remark = if client { self.remark + 1 } else { 0 };
        if self.lasts > 0 || agent {
            self.lasts += 1;
        }
        if agent {
            self.said = self.lasts;
        }
        if self.remark >= REMARK || self.lasts - self.said >= BREAK {
            self.lasts = 0;
            self.said = 0;
        }
        self.said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples of a frame at 8 kHz.
    const LEN: usize = 160;
    const SECOND: usize = 50;

    /// A side: noise of this amplitude throughout, and speech in these seconds.
    struct Talk<'a> {
        noise: f32,
        loudness: f32,
        words: &'a [(usize, usize)],
    }

    /// Noise that swells and fades four times a second, as syllables do.
    fn frame(talk: &Talk<'_>, at: usize, random: &mut impl FnMut() -> f32) -> Vec<f32> {
        let speaks = talk
            .words
            .iter()
            .any(|(from, to)| (from * SECOND..to * SECOND).contains(&at));
        let syllable = 0.15 + (at as f32 / 50.0 * 4.0 * std::f32::consts::PI).sin().abs();
        let loudness = match speaks {
            true => talk.loudness * syllable,
            false => 0.0,
        };
        (0..LEN)
            .map(|_| (random() * (loudness + talk.noise)).clamp(-1.0, 1.0))
            .collect()
    }

    fn listened(seconds: usize, agent: &Talk<'_>, client: &Talk<'_>) -> Conversation {
        let mut state = 7_u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        let mut listener = Listener::default();
        for at in 0..seconds * SECOND {
            let left = frame(agent, at, &mut random);
            let right = frame(client, at, &mut random);
            listener.hear(&left, &right);
        }
        listener.finish()
    }

    fn assert_share(what: &str, found: u64, frames: u64, expected: f64) {
        let share = found as f64 / frames as f64;
        assert!(
            (share - expected).abs() <= 0.02,
            "{what}: {share}, {expected} is true"
        );
    }

    /// One hundred seconds: the agent speaks in 45 of them, the client in 40, both in 10, nobody in 25.
    fn assert_true_shares(noise: f32, loudness: f32) {
        let agent = Talk {
            noise,
            loudness,
            words: &[(2, 12), (30, 50), (70, 85)],
        };
        let client = Talk {
            noise,
            loudness,
            words: &[(12, 27), (45, 55), (80, 95)],
        };
        let found = listened(100, &agent, &client);
        assert_eq!(found.frames, 5_000);
        assert_share("agent", found.agent, 5_000, 0.45);
        assert_share("client", found.client, 5_000, 0.40);
        assert_share("overlap", found.overlap, 5_000, 0.10);
        assert_share("silence", found.silence, 5_000, 0.25);
        assert_share("longest silence", found.longest_silence, 5_000, 0.15);
        assert_eq!(
            found.agent + found.client - found.overlap + found.silence,
            5_000
        );
        assert_eq!(
            (found.interrupted_by_agent, found.interrupted_by_client),
            (0, 2)
        );
    }

    #[test]
    fn s1_29_shares_are_true_whatever_the_noise() {
        for noise in [0.0, 0.001, 0.004, 0.01] {
            assert_true_shares(noise, 0.2);
        }
    }

    #[test]
    fn quiet_and_clipped_voices_have_their_shares_too() {
        assert_true_shares(0.0005, 0.03);
        assert_true_shares(0.004, 8.0);
    }

    #[test]
    fn a_side_that_is_missing_and_one_that_only_rustles_never_speak() {
        let words = Talk {
            noise: 0.002,
            loudness: 0.2,
            words: &[(0, 30)],
        };
        for noise in [0.0, 0.004] {
            let missing = Talk {
                noise,
                loudness: 0.0,
                words: &[],
            };
            let found = listened(60, &words, &missing);
            assert_share("agent", found.agent, found.frames, 0.5);
            assert_eq!((found.client, found.overlap), (0, 0));
            assert_share("monologue", found.longest_monologue, found.frames, 0.5);
            let found = listened(60, &missing, &words);
            assert_eq!((found.agent, found.longest_monologue), (0, 0));
        }
    }

    #[test]
    fn nothing_and_silence_are_no_voice() {
        assert_eq!(Listener::default().finish(), Conversation::default());
        let mut listener = Listener::default();
        for _ in 0..100 {
            listener.hear(&[0.0; LEN], &[0.0; LEN]);
        }
        let found = listener.finish();
        assert_eq!((found.frames, found.silence), (100, 100));
        assert_eq!(found.longest_silence, 100);
    }

    #[test]
    fn clicks_are_no_words_and_gaps_within_words_belong_to_them() {
        let loud = [0.3; LEN];
        let quiet = [0.0; LEN];
        let hear = |loudness: &dyn Fn(usize) -> bool| {
            let mut listener = Listener::default();
            for at in 0..200 {
                let side = if loudness(at) { &loud } else { &quiet };
                listener.hear(side, &quiet);
            }
            listener.finish().agent
        };
        // A click every second, then a word whose gaps are as long as they may be.
        assert_eq!(hear(&|at| at % 50 == 10), 0);
        assert_eq!(hear(&|at| (20..=180).contains(&at) && at % 16 == 4), 161);
        assert_eq!(hear(&|at| at >= 197), 3);
    }

    #[test]
    fn a_yes_yes_of_the_client_does_not_end_a_monologue_and_an_answer_does() {
        let mut tally = Tally::default();
        let mut go_on = |seconds: f32, agent: bool, client: bool| {
            for _ in 0..(seconds * SECOND as f32) as usize {
                tally.count(agent, client);
            }
            tally.found.longest_monologue
        };
        go_on(5.0, true, false);
        go_on(0.5, false, true);
        assert_eq!(go_on(5.0, true, false), 525);
        go_on(2.0, false, true);
        assert_eq!(go_on(6.0, true, false), 525);
        // A long silence ends one, too.
        go_on(4.0, false, false);
        assert_eq!(go_on(6.0, true, false), 525);
    }
}
