//! When a web server is told again, and when an event is given up.

use std::time::{Duration, Instant};

use crate::http::{HttpError, Response};

/// The pause after the first failure; each further one is four times as long.
const PAUSE: Duration = Duration::from_secs(1);
const GROWTH: u32 = 4;
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(3600);
/// So often one event may be refused.
const REFUSALS: u32 = 5;

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has the event.
    Taken,
    /// The receiver does not want this event: others may fare better.
    Refused(u16),
    /// The receiver is away, or wants nothing at the moment: every event would fare so. Why, for a person.
    Away(String),
}

impl Outcome {
    /// What an answer, or that there was none, means.
    pub fn of(answer: Result<Response, HttpError>) -> Self {
        match answer {
            Ok(Response { status, .. }) => match status {
                200..=299 => Self::Taken,
                // Content that cannot be read, is too large, of the wrong kind, or makes no sense there.
                400 | 413 | 415 | 422 => Self::Refused(status),
                _ => Self::Away(format!("HTTP {status}")),
            },
            Err(error) => Self::Away(error.to_string()),
        }
    }
}

/// What is to be done after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Take the event out and go on with the next.
    Next,
    /// Try the same event again when it is time.
    Again,
    /// Take the event out, which nobody wants, and go on with the next.
    GiveUp,
}

/// One web server's affairs: events go to it in their order, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Courier {
    /// Attempts that failed since one succeeded.
    failures: u32,
    /// How often the event in hand was refused.
    refusals: u32,
    /// Before that nothing is sent.
    due: Option<Instant>,
}

impl Courier {
    /// When the next attempt may be; none: now.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        self.due.filter(|due| *due > now)
    }

    /// An attempt at the moment `now` went so.
    pub fn note(&mut self, outcome: &Outcome, now: Instant) -> Verdict {
        let refused = match outcome {
            Outcome::Taken => {
                *self = Self::default();
                return Verdict::Next;
            }
            Outcome::Refused(_) => true,
            Outcome::Away(_) => false,
        };
        self.refusals += u32::from(refused);
        if self.refusals >= REFUSALS {
            *self = Self::default();
            return Verdict::GiveUp;
        }
        self.due = Some(now + pause(self.failures));
        self.failures += 1;
        Verdict::Again
    }
}

/// How long to wait after so many failures before this one.
fn pause(failures: u32) -> Duration {
    GROWTH
        .checked_pow(failures)
        .and_then(|times| PAUSE.checked_mul(times))
        .map_or(LONGEST, |pause| pause.min(LONGEST))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn answer(status: u16) -> Outcome {
        Outcome::of(Ok(Response {
            status,
            path: "/".to_owned(),
            etag: None,
            body: Vec::new(),
        }))
    }

    /// The pauses between attempts that all go like this, the first of them now.
    fn pauses(
        courier: &mut Courier,
        now: &mut Instant,
        outcome: &Outcome,
        attempts: usize,
    ) -> Vec<u64> {
        let mut pauses = Vec::new();
        for _ in 0..attempts {
            assert_eq!(courier.due(*now), None);
            assert_eq!(courier.note(outcome, *now), Verdict::Again);
            let due = courier.due(*now).unwrap();
            pauses.push((due - *now).as_secs());
            assert_eq!(courier.due(due - Duration::from_millis(1)), Some(due));
            *now = due;
        }
        pauses
    }

    #[test]
    fn a_receiver_who_is_away_is_asked_again_with_growing_pauses_and_nothing_is_given_up() {
        let mut courier = Courier::default();
        let (mut now, away) = (Instant::now(), answer(503));
        let first = pauses(&mut courier, &mut now, &away, 8);
        assert_eq!(first, [1, 4, 16, 64, 256, 1024, 3600, 3600]);
        // However long it takes.
        assert_eq!(pauses(&mut courier, &mut now, &away, 100), [3600; 100]);
        assert_eq!(courier.note(&Outcome::Taken, now), Verdict::Next);
        assert_eq!(courier.due(now), None);
        assert_eq!(pauses(&mut courier, &mut now, &away, 1), [1]);
    }

    #[test]
    fn an_event_that_is_refused_five_times_is_given_up_and_the_next_is_tried_at_once() {
        let mut courier = Courier::default();
        let (mut now, refused) = (Instant::now(), answer(422));
        let first = pauses(&mut courier, &mut now, &refused, 4);
        assert_eq!(first, [1, 4, 16, 64]);
        assert_eq!(courier.note(&refused, now), Verdict::GiveUp);
        assert_eq!(courier.due(now), None);
        let second = pauses(&mut courier, &mut now, &refused, 4);
        assert_eq!(second, [1, 4, 16, 64]);
    }

    #[test]
    fn statuses_mean_what_they_say() {
        for status in [200, 204, 299] {
            assert_eq!(answer(status), Outcome::Taken, "{status}");
        }
        for status in [400, 413, 415, 422] {
            assert_eq!(answer(status), Outcome::Refused(status), "{status}");
        }
        for status in [302, 401, 404, 410, 429, 500, 503] {
            assert_eq!(answer(status), Outcome::Away(format!("HTTP {status}")));
        }
        let elsewhere = HttpError::Elsewhere("https://b.example/".to_owned());
        let Outcome::Away(why) = Outcome::of(Err(elsewhere)) else {
            panic!("a receiver who sends us away has not taken the event");
        };
        assert!(why.contains("https://b.example/"), "{why}");
    }
}
