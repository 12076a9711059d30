//! Networks that lose and delay, seeded, so that every codec and every agent meets the same.

/// Random numbers that repeat.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Even in `0.0..1.0`.
    pub fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// What happens to the packet with this number, sent at this ms: its delays in ms, one for each
/// copy that arrives.
pub type Fate = Box<dyn FnMut(usize, f64) -> Vec<f64>>;

/// What every packet takes at least, ms.
pub const BASE_MS: f64 = 20.0;
/// A stall comes every so often, ms.
const STALL_EVERY_MS: f64 = 3_000.0;

/// How a network treats packets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Network {
    /// All come, evenly.
    Clean,
    /// This share is lost, each packet on its own.
    Random(f64),
    /// This share is lost, two and a half at a time in the mean (Gilbert).
    Bursts(f64),
    /// Each packet takes up to so many ms more than the quickest, evenly spread, and overtakes others; this share is
    /// lost.
    Jitter(f64, f64),
    /// As jitter, but with the long tail of a gamma distribution of shape 2 and this mean, ms; packets stay in
    /// order.
    Tail(f64),
    /// This share is up to so many ms late, the others come evenly: a sender on a machine that does other things as well.
    Hiccups(f64, f64),
    /// Every three seconds the network stands for so many ms, and then delivers all at once.
    Stall(f64),
}

impl Network {
    /// The fates of packets in it.
    pub fn fate(self, seed: u64) -> Fate {
        let mut dice = Dice::new(seed);
        for _ in 0..8 {
            dice.roll();
        }
        let (mut in_burst, mut last_arrival) = (false, 0.0_f64);
        Box::new(move |_, at| match self {
            Network::Clean => vec![BASE_MS],
            Network::Random(loss) => unless(dice.roll() < loss, BASE_MS),
            Network::Bursts(loss) => {
                // From bad to good with 0.4, so that a burst has 2.5 packets in the mean.
                let leave = 0.4;
                let enter = leave * loss / (1.0 - loss);
                let odds = if in_burst { 1.0 - leave } else { enter };
                in_burst = dice.roll() < odds;
                unless(in_burst, BASE_MS)
            }
            Network::Jitter(ms, loss) => {
                let delay = BASE_MS + ms * dice.roll();
                unless(dice.roll() < loss, delay)
            }
            Network::Hiccups(share, ms) => {
                let late = if dice.roll() < share {
                    ms * dice.roll()
                } else {
                    0.0
                };
                vec![BASE_MS + late]
            }
            Network::Tail(mean) => {
                let drawn = -(dice.roll().max(1e-12) * dice.roll().max(1e-12)).ln() * mean / 2.0;
                last_arrival = last_arrival.max(at + BASE_MS + drawn);
                vec![last_arrival - at]
            }
            Network::Stall(ms) => {
                let into = (at + STALL_EVERY_MS / 2.0) % STALL_EVERY_MS;
                vec![BASE_MS + (ms - into).max(0.0)]
            }
        })
    }
}

fn unless(lost: bool, delay: f64) -> Vec<f64> {
    if lost { Vec::new() } else { vec![delay] }
}
