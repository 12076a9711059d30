//! The INVITE server transaction: RFC 3261 figure 7 as amended by RFC 6026 figure 7.

use std::time::{Duration, Instant};

use super::{Expiry, Timers};

/// One INVITE that came in.
#[derive(Clone, Debug)]
pub struct ServerInvite {
    timers: Timers,
    reliable: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No final response yet. 100 goes out at `trying_at` if nothing else did before.
    Proceeding {
        trying_at: Option<Instant>,
    },
    /// A failure was sent: Timer G repeats it, Timer H gives up the wait for the ACK.
    Completed {
        interval: Duration,
        resend_at: Option<Instant>,
        give_up_at: Instant,
    },
    /// The ACK came; Timer I absorbs further ones.
    Confirmed {
        until: Instant,
    },
    /// A 2xx was sent; whoever sent it repeats it. Timer L absorbs repeated INVITEs.
    Accepted {
        until: Instant,
    },
    Terminated,
}

/// What to do with a request that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerReaction {
    /// Send the last response again.
    Retransmit,
    /// Pass the ACK up: it is the 2xx's.
    Deliver,
    /// Drop it.
    Absorb,
}

/// RFC 3261 §17.2.1: 100 unless the user answers within 200 ms.
const TRYING_AFTER: Duration = Duration::from_millis(200);

impl ServerInvite {
    /// The INVITE has just come in.
    pub fn new(now: Instant, timers: Timers, reliable: bool) -> Self {
        let state = State::Proceeding {
            trying_at: Some(now + TRYING_AFTER),
        };
        ServerInvite {
            timers,
            reliable,
            state,
        }
    }

    /// The INVITE came again.
    pub fn handle_invite(&mut self) -> ServerReaction {
        match self.state {
            State::Proceeding { .. } | State::Completed { .. } => ServerReaction::Retransmit,
            _ => ServerReaction::Absorb,
        }
    }

    /// An ACK with the INVITE's branch came.
    pub fn handle_ack(&mut self, now: Instant) -> ServerReaction {
        match self.state {
            State::Completed { .. } => {
                // Timer I is zero where the network itself retransmits.
                self.state = match self.reliable {
                    true => State::Terminated,
                    false => State::Confirmed {
                        until: now + self.timers.t4,
                    },
                };
                ServerReaction::Absorb
            }
            State::Accepted { .. } => ServerReaction::Deliver,
            _ => ServerReaction::Absorb,
        }
    }

    /// A response is about to be sent; false forbids it.
    pub fn handle_send(&mut self, now: Instant, status: u16) -> bool {
        match (self.state, status) {
            (State::Proceeding { .. }, 100..200) => {
                self.state = State::Proceeding { trying_at: None };
                true
            }
            (State::Proceeding { .. }, 200..300) => {
                self.state = State::Accepted {
                    until: now + self.timers.transaction(),
                };
                true
            }
            (State::Proceeding { .. }, _) => {
                self.state = State::Completed {
                    interval: self.timers.t1,
                    resend_at: (!self.reliable).then(|| now + self.timers.t1),
                    give_up_at: now + self.timers.transaction(),
                };
                true
            }
            (State::Accepted { .. }, 200..300) => true,
            _ => false,
        }
    }

    /// The earliest timer has fired.
    pub fn handle_timeout(&mut self, now: Instant) -> Expiry {
        match &mut self.state {
            State::Proceeding {
                trying_at: Some(at),
            } if *at <= now => {
                self.state = State::Proceeding { trying_at: None };
                Expiry::Trying
            }
            State::Completed { give_up_at, .. } if *give_up_at <= now => {
                self.state = State::Terminated;
                Expiry::TimedOut
            }
            State::Completed {
                interval,
                resend_at: Some(at),
                ..
            } if *at <= now => {
                *interval = self.timers.next_interval(*interval);
                *at = now + *interval;
                Expiry::Retransmit
            }
            State::Confirmed { until } | State::Accepted { until } if *until <= now => {
                self.state = State::Terminated;
                Expiry::Nothing
            }
            _ => Expiry::Nothing,
        }
    }

    /// The next timer.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Proceeding { trying_at } => trying_at,
            State::Completed {
                resend_at,
                give_up_at,
                ..
            } => Some(resend_at.map_or(give_up_at, |at| at.min(give_up_at))),
            State::Confirmed { until } | State::Accepted { until } => Some(until),
            State::Terminated => None,
        }
    }

    /// No final response was sent: a CANCEL still has an effect.
    pub fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    /// Nothing more will happen.
    pub fn is_terminated(&self) -> bool {
        self.state == State::Terminated
    }
}
