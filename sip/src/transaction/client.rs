//! The non-INVITE client transaction: RFC 3261 figure 6.

use std::time::{Duration, Instant};

use super::{Expiry, Timers};

/// One request other than INVITE and ACK on its way out.
#[derive(Clone, Debug)]
pub struct Client {
    timers: Timers,
    reliable: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Timer E retransmits, Timer F gives up. After a provisional response Timer E runs at T2.
    Pending {
        proceeding: bool,
        interval: Duration,
        resend_at: Option<Instant>,
        give_up_at: Instant,
    },
    /// A final response came; Timer K absorbs its retransmissions.
    Completed {
        until: Instant,
    },
    Terminated,
}

/// What to do with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Pass it up.
    Deliver,
    /// Drop it: a retransmission.
    Absorb,
}

impl Client {
    /// The request has just been sent.
    pub fn new(now: Instant, timers: Timers, reliable: bool) -> Self {
        let state = State::Pending {
            proceeding: false,
            interval: timers.t1,
            resend_at: (!reliable).then(|| now + timers.t1),
            give_up_at: now + timers.transaction(),
        };
        Client {
            timers,
            reliable,
            state,
        }
    }

    /// A response that matches.
    pub fn handle_response(&mut self, now: Instant, status: u16) -> Reaction {
        let State::Pending { proceeding, .. } = &mut self.state else {
            return Reaction::Absorb;
        };
        if status < 200 {
            *proceeding = true;
        } else {
            self.state = match self.reliable {
                true => State::Terminated,
                false => State::Completed {
                    until: now + self.timers.t4,
                },
            };
        }
        Reaction::Deliver
    }

    /// The earliest timer has fired.
    pub fn handle_timeout(&mut self, now: Instant) -> Expiry {
        match &mut self.state {
            State::Pending { give_up_at, .. } if *give_up_at <= now => {
                self.state = State::Terminated;
                Expiry::TimedOut
            }
            State::Pending {
                proceeding,
                interval,
                resend_at: Some(at),
                ..
            } if *at <= now => {
                *interval = if *proceeding {
                    self.timers.t2
                } else {
                    self.timers.next_interval(*interval)
                };
                *at = now + *interval;
                Expiry::Retransmit
            }
            State::Completed { until } if *until <= now => {
                self.state = State::Terminated;
                Expiry::Nothing
            }
            _ => Expiry::Nothing,
        }
    }

    /// The next timer.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Pending {
                resend_at,
                give_up_at,
                ..
            } => Some(resend_at.map_or(give_up_at, |at| at.min(give_up_at))),
            State::Completed { until } => Some(until),
            State::Terminated => None,
        }
    }

    /// No final response yet.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending { .. })
    }

    /// Nothing more will happen.
    pub fn is_terminated(&self) -> bool {
        self.state == State::Terminated
    }
}
