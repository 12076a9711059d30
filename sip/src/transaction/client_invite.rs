//! The INVITE client transaction: RFC 3261 figure 5 as amended by RFC 6026 figure 5.

use std::time::{Duration, Instant};

use super::{Expiry, Timers};

/// One INVITE on its way out.
#[derive(Clone, Debug)]
pub struct ClientInvite {
    timers: Timers,
    reliable: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No response yet. Timer A retransmits (`resend_at`), Timer B gives up.
    Calling {
        interval: Duration,
        resend_at: Option<Instant>,
        give_up_at: Instant,
    },
    /// A provisional response came; how long to ring is the caller's decision.
    Proceeding,
    /// A final failure came; its retransmissions are acknowledged until Timer D.
    Completed {
        until: Instant,
    },
    /// A 2xx came; further ones go up until Timer M (RFC 6026 §7.2).
    Accepted {
        until: Instant,
    },
    Terminated,
}

/// What to do with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteReaction {
    /// Pass it up.
    Deliver,
    /// Pass it up and send the ACK of RFC 3261 §17.1.1.3.
    DeliverAndAck,
    /// Send that ACK again; the response is a retransmission.
    Ack,
    /// Drop it.
    Absorb,
}

impl ClientInvite {
    /// The INVITE has just been sent.
    pub fn new(now: Instant, timers: Timers, reliable: bool) -> Self {
        let state = State::Calling {
            interval: timers.t1,
            resend_at: (!reliable).then(|| now + timers.t1),
            give_up_at: now + timers.transaction(),
        };
        ClientInvite {
            timers,
            reliable,
            state,
        }
    }

    /// A response that matches.
    pub fn handle_response(&mut self, now: Instant, status: u16) -> InviteReaction {
        match (self.state, status) {
            (State::Calling { .. } | State::Proceeding, 100..200) => {
                self.state = State::Proceeding;
                InviteReaction::Deliver
            }
            (State::Calling { .. } | State::Proceeding, 200..300) => {
                self.state = State::Accepted {
                    until: now + self.timers.transaction(),
                };
                InviteReaction::Deliver
            }
            (State::Calling { .. } | State::Proceeding, _) => {
                // Timer D is zero where the network itself retransmits.
                self.state = match self.reliable {
                    true => State::Terminated,
                    false => State::Completed {
                        until: now + self.timers.d,
                    },
                };
                InviteReaction::DeliverAndAck
            }
            (State::Completed { .. }, 300..) => InviteReaction::Ack,
            (State::Accepted { .. }, 200..300) => InviteReaction::Deliver,
            _ => InviteReaction::Absorb,
        }
    }

    /// The earliest timer has fired.
    pub fn handle_timeout(&mut self, now: Instant) -> Expiry {
        match &mut self.state {
            State::Calling { give_up_at, .. } if *give_up_at <= now => {
                self.state = State::Terminated;
                Expiry::TimedOut
            }
            State::Calling {
                interval,
                resend_at: Some(at),
                ..
            } if *at <= now => {
                // Unlike every other message, an INVITE doubles without the cap of T2.
                *interval *= 2;
                *at = now + *interval;
                Expiry::Retransmit
            }
            State::Completed { until } | State::Accepted { until } if *until <= now => {
                self.state = State::Terminated;
                Expiry::Nothing
            }
            _ => Expiry::Nothing,
        }
    }

    /// The next timer.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Calling {
                resend_at,
                give_up_at,
                ..
            } => Some(resend_at.map_or(give_up_at, |at| at.min(give_up_at))),
            State::Completed { until } | State::Accepted { until } => Some(until),
            State::Proceeding | State::Terminated => None,
        }
    }

    /// No response yet: a CANCEL has to wait (RFC 3261 §9.1).
    pub fn is_calling(&self) -> bool {
        matches!(self.state, State::Calling { .. })
    }

    /// A provisional response came and no final one.
    pub fn is_proceeding(&self) -> bool {
        self.state == State::Proceeding
    }

    /// A 2xx came and another may still follow.
    pub fn is_accepted(&self) -> bool {
        matches!(self.state, State::Accepted { .. })
    }

    /// Nothing more will happen.
    pub fn is_terminated(&self) -> bool {
        self.state == State::Terminated
    }
}
