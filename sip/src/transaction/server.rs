//! The non-INVITE server transaction: RFC 3261 figure 8, with an end for requests that nobody here
//! answers.

use std::time::Instant;

use super::{Expiry, ServerReaction, Timers};

/// One request other than INVITE and ACK that came in.
#[derive(Clone, Debug)]
pub struct Server {
    timers: Timers,
    reliable: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing sent yet.
    Trying {
        until: Instant,
    },
    /// A provisional response was sent.
    Proceeding {
        until: Instant,
    },
    /// The final response was sent; Timer J answers repeated requests with it.
    Completed {
        until: Instant,
    },
    Terminated,
}

impl Server {
    /// The request has just come in. Its sender gives up by Timer F (RFC 3261 §17.1.2.2), so that
    /// an answer makes sense no longer than that (RFC 4320 §4.2).
    pub fn new(now: Instant, timers: Timers, reliable: bool) -> Self {
        Server {
            timers,
            reliable,
            state: State::Trying {
                until: now + timers.transaction(),
            },
        }
    }

    /// The request came again.
    pub fn handle_request(&self) -> ServerReaction {
        match self.state {
            State::Proceeding { .. } | State::Completed { .. } => ServerReaction::Retransmit,
            State::Trying { .. } | State::Terminated => ServerReaction::Absorb,
        }
    }

    /// A response is about to be sent; false forbids it.
    pub fn handle_send(&mut self, now: Instant, status: u16) -> bool {
        match (self.state, status) {
            (State::Trying { until } | State::Proceeding { until }, 100..200) => {
                self.state = State::Proceeding { until };
                true
            }
            (State::Trying { .. } | State::Proceeding { .. }, _) => {
                // Timer J is zero where the network itself retransmits.
                self.state = match self.reliable {
                    true => State::Terminated,
                    false => State::Completed {
                        until: now + self.timers.transaction(),
                    },
                };
                true
            }
            _ => false,
        }
    }

    /// The earliest timer has fired.
    pub fn handle_timeout(&mut self, now: Instant) -> Expiry {
        if self.deadline().is_some_and(|until| until <= now) {
            self.state = State::Terminated;
        }
        Expiry::Nothing
    }

    /// The next timer.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Trying { until } | State::Proceeding { until } | State::Completed { until } => {
                Some(until)
            }
            State::Terminated => None,
        }
    }

    /// The final response went out: repetitions get it again, and nothing else will happen.
    pub fn is_completed(&self) -> bool {
        matches!(self.state, State::Completed { .. })
    }

    /// Nothing more will happen.
    pub fn is_terminated(&self) -> bool {
        self.state == State::Terminated
    }
}
