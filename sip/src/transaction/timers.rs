//! Timer values of RFC 3261 §17 and RFC 6026, table 4 of appendix A.

use std::time::Duration;

/// The base values every other timer follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Round-trip estimate: the first retransmission.
    pub t1: Duration,
    /// The longest interval between retransmissions of non-INVITE requests and of responses.
    pub t2: Duration,
    /// How long a message stays in the network.
    pub t4: Duration,
    /// How long a client absorbs retransmitted final responses of a failed INVITE (Timer D).
    pub d: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Timers {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            d: Duration::from_secs(32),
        }
    }
}

impl Timers {
    /// Timers B, F, H, J, L and M: the life of a transaction, 64*T1.
    pub fn transaction(&self) -> Duration {
        self.t1 * 64
    }

    /// The next retransmission interval of everything but the INVITE request: doubling up to T2.
    pub fn next_interval(&self, interval: Duration) -> Duration {
        (interval * 2).min(self.t2)
    }
}
