//! Scripts of calls, made up at random.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use super::chance::Chance;
use super::others::{Act, Manner};
use crate::model::{CallId, CallStatus};
use crate::phone::command::Command;

/// What happens, and to the call with whose number.
#[derive(Debug, Clone)]
pub enum Step {
    /// We call a number, which behaves like this.
    Dial(String, Manner),
    /// A number behaves like this, should anybody call it.
    Somebody(String, Manner),
    /// A user agent calls.
    CallIn(String),
    /// Somebody calls with words of their own.
    CallRaw(String, &'static str),
    /// Somebody wants the place of the second number.
    Replace(String, String),
    /// The person at the phone does something.
    Phone(String, Doing),
    /// The other party does something.
    Other(String, Act),
    /// The database refuses rows, or takes them again.
    Disk(bool),
    /// The clock on the wall is set.
    Clock(SignedDuration),
    /// The program is killed and started again so much later.
    Crash(Duration),
    /// The program ends as it should and is started again so much later.
    Restart(Duration),
}

/// What the person at the phone does.
#[derive(Debug, Clone)]
pub enum Doing {
    Answer,
    Reject,
    HangUp,
    Hold,
    Resume,
    SendOn(String),
    ConnectWith(String),
    Join(String),
}

impl Doing {
    /// The command for it; none where there is no such call.
    pub fn command(&self, calls: &BTreeMap<String, CallId>, number: &str) -> Option<Command> {
        let call = *calls.get(number)?;
        Some(match self {
            Self::Answer => Command::Answer(call),
            Self::Reject => Command::Reject(call),
            Self::HangUp => Command::Hangup(call),
            Self::Hold => Command::Hold(call),
            Self::Resume => Command::Resume(call),
            Self::SendOn(target) => Command::TransferBlind {
                call,
                target: target.clone(),
            },
            Self::ConnectWith(other) => Command::TransferAttended {
                call,
                to: *calls.get(other)?,
            },
            Self::Join(other) => Command::Conference {
                call,
                with: *calls.get(other)?,
            },
        })
    }
}

/// What happens when, in the order of time.
pub struct Script {
    pub steps: Vec<(Duration, Step)>,
    /// How many calls it has a script for.
    pub calls: u64,
    /// One call in fair weather: what is to become of it.
    pub is_plain: bool,
    pub expected: BTreeMap<String, Vec<CallStatus>>,
}

const ELSEWHERE: &str = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n";
const GIVEN_UP: &str = "Reason: SIP;cause=487\r\n";
const ANSWERED: [CallStatus; 2] = [CallStatus::Answered, CallStatus::OneWay];

impl Script {
    pub fn random(chance: &mut Chance) -> Self {
        let is_plain = chance.below(4) == 0;
        let mut making = Making {
            chance,
            steps: Vec::new(),
            expected: BTreeMap::new(),
            numbers: 0,
            at: 0,
        };
        let calls = if is_plain {
            1
        } else {
            1 + making.chance.below(4)
        };
        for _ in 0..calls {
            making.at = making.chance.below(4_000);
            making.call();
        }
        let end = making.end();
        if is_plain {
            making.expected.retain(|_, statuses| !statuses.is_empty());
        } else {
            making.expected.clear();
            making.disasters(end);
        }
        let mut steps = making.steps;
        steps.sort_by_key(|(at, _)| *at);
        let expected = making.expected;
        Self {
            steps,
            calls,
            is_plain,
            expected,
        }
    }
}

struct Making<'c> {
    chance: &'c mut Chance,
    steps: Vec<(Duration, Step)>,
    expected: BTreeMap<String, Vec<CallStatus>>,
    numbers: u32,
    /// Where the script stands, in milliseconds.
    at: u64,
}

impl Making<'_> {
    fn number(&mut self) -> String {
        self.numbers += 1;
        format!("+7701{:07}", 1_000_000 + self.numbers)
    }

    fn push(&mut self, step: Step) {
        self.steps.push((Duration::from_millis(self.at), step));
    }

    fn wait(&mut self, least: u64, more: u64) {
        self.at += least + self.chance.below(more);
    }

    fn expect(&mut self, number: &str, statuses: &[CallStatus]) {
        self.expected.insert(number.to_owned(), statuses.to_vec());
    }

    fn end(&self) -> u64 {
        let last = self.steps.iter().map(|(at, _)| at.as_millis() as u64);
        last.max().unwrap_or(0)
    }

    fn call(&mut self) {
        match self.chance.below(8) {
            0 | 1 => self.incoming(),
            2 | 3 => self.incoming_raw(),
            4 => self.replaced(),
            5 | 6 => self.outgoing(),
            _ => self.two(),
        }
    }

    fn incoming(&mut self) {
        let number = self.number();
        self.push(Step::CallIn(number.clone()));
        self.wait(50, 3_000);
        match self.chance.below(6) {
            0 => {
                self.push(Step::Phone(number.clone(), Doing::Reject));
                self.expect(&number, &[CallStatus::Rejected]);
            }
            1 => {
                self.push(Step::Other(number.clone(), Act::HangUp));
                self.expect(&number, &[CallStatus::Missed]);
            }
            // Nobody does anything: the caller's patience ends, or the phone's.
            2 => self.expect(&number, &[CallStatus::Missed]),
            _ => {
                self.push(Step::Phone(number.clone(), Doing::Answer));
                self.expect(&number, &ANSWERED);
                self.talk(&number);
            }
        }
    }

    /// People talk, with everything that may happen meanwhile, and somebody hangs up.
    fn talk(&mut self, number: &str) {
        for _ in 0..self.chance.below(4) {
            self.wait(100, 2_000);
            let phone = |doing| Step::Phone(number.to_owned(), doing);
            let other = |act| Step::Other(number.to_owned(), act);
            let step = match self.chance.below(6) {
                0 => phone(Doing::Hold),
                1 => phone(Doing::Resume),
                2 => other(Act::Hold),
                3 => other(Act::Resume),
                4 => phone(Doing::SendOn(self.somebody())),
                _ => other(Act::Refer(self.somebody())),
            };
            self.push(step);
        }
        self.wait(200, 3_000);
        match self.chance.below(3) {
            0 => self.push(Step::Other(number.to_owned(), Act::HangUp)),
            _ => self.push(Step::Phone(number.to_owned(), Doing::HangUp)),
        }
        // Both at once, now and then.
        if self.chance.below(8) == 0 {
            self.push(Step::Other(number.to_owned(), Act::HangUp));
        }
    }

    /// A number that somebody is sent to.
    fn somebody(&mut self) -> String {
        let number = self.number();
        let manner = self.manner();
        self.push(Step::Somebody(number.clone(), manner));
        number
    }

    fn incoming_raw(&mut self) {
        let number = self.number();
        self.push(Step::CallRaw(number.clone(), ""));
        for _ in 0..self.chance.below(4) {
            self.wait(1, 600);
            let again = match self.chance.below(3) {
                0 => Act::Merge,
                _ => Act::Again,
            };
            self.push(Step::Other(number.clone(), again));
        }
        self.wait(1, 2_000);
        let (reason, status) = match self.chance.below(4) {
            0 => ("", CallStatus::Missed),
            1 => (GIVEN_UP, CallStatus::Missed),
            2 => (ELSEWHERE, CallStatus::AnsweredElsewhere),
            _ => {
                self.push(Step::Phone(number.clone(), Doing::Answer));
                return self.talk(&number);
            }
        };
        self.push(Step::Other(number.clone(), Act::Cancel(reason)));
        self.expect(&number, &[status]);
        // Answered at the very moment, now and then.
        if self.chance.below(4) == 0 {
            self.push(Step::Phone(number.clone(), Doing::Answer));
            self.expected.remove(&number);
        }
    }

    fn replaced(&mut self) {
        let (old, new) = (self.number(), self.number());
        self.push(Step::CallRaw(old.clone(), ""));
        self.wait(100, 500);
        if self.chance.below(4) > 0 {
            self.push(Step::Phone(old.clone(), Doing::Answer));
        }
        self.wait(100, 2_000);
        self.push(Step::Replace(new.clone(), old.clone()));
        self.wait(100, 3_000);
        self.push(Step::Other(new, Act::HangUp));
        self.push(Step::Phone(old, Doing::HangUp));
    }

    fn manner(&mut self) -> Manner {
        let (soon, long) = (self.chance.below(2_000), 200 + self.chance.below(3_000));
        let status = self.chance.pick(&[404, 480, 486, 488, 500, 503, 600, 603]);
        match self.chance.below(9) {
            0 => Manner::Silent,
            1 => Manner::Rings,
            2 | 3 => Manner::Refuses(soon, status),
            4 => Manner::Challenges,
            5 => Manner::Forks,
            6 => {
                let number = self.number();
                self.push(Step::Somebody(number.clone(), Manner::Answers(soon, long)));
                Manner::Redirects(number)
            }
            _ => Manner::Answers(soon, long),
        }
    }

    fn outgoing(&mut self) {
        let number = self.number();
        let manner = self.manner();
        self.expect(
            &number,
            match &manner {
                Manner::Refuses(_, 486 | 600) => &[CallStatus::Busy],
                Manner::Refuses(_, 603) => &[CallStatus::Rejected],
                Manner::Refuses(..) => &[CallStatus::Failed],
                Manner::Rings | Manner::Silent => &[CallStatus::Cancelled],
                _ => &[],
            },
        );
        self.push(Step::Dial(number.clone(), manner.clone()));
        match manner {
            Manner::Rings | Manner::Silent => {
                self.wait(0, 6_000);
                self.push(Step::Phone(number, Doing::HangUp));
            }
            Manner::Refuses(..) => {}
            _ => {
                self.wait(0, 2_500);
                self.talk(&number);
            }
        }
    }

    /// Two calls, and something made of both.
    fn two(&mut self) {
        let (first, second) = (self.number(), self.number());
        self.push(Step::CallIn(first.clone()));
        self.wait(100, 500);
        self.push(Step::Phone(first.clone(), Doing::Answer));
        self.wait(200, 1_000);
        let manner = Manner::Answers(self.chance.below(800), 6_000);
        self.push(Step::Dial(second.clone(), manner));
        self.wait(500, 2_000);
        let step = match self.chance.below(3) {
            0 => Doing::Join(second.clone()),
            _ => Doing::ConnectWith(second.clone()),
        };
        self.push(Step::Phone(first.clone(), step));
        self.wait(500, 2_000);
        self.push(Step::Phone(first, Doing::HangUp));
        self.push(Step::Phone(second, Doing::HangUp));
    }

    /// What happens to the program, the disk and the clock.
    fn disasters(&mut self, end: u64) {
        if self.chance.below(5) == 0 {
            self.at = self.chance.below(end + 1);
            self.push(Step::Disk(true));
            self.wait(10, 3_000);
            self.push(Step::Disk(false));
        }
        for _ in 0..self.chance.below(3) {
            self.at = self.chance.below(end + 1);
            let seconds = self.chance.below(7_200) as i64 - 3_600;
            self.push(Step::Clock(SignedDuration::from_secs(seconds)));
        }
        for _ in 0..self.chance.below(4) {
            self.at = self.chance.below(end + 500);
            let pause = Duration::from_millis(self.chance.below(2_000));
            let step = match self.chance.below(4) {
                0 => Step::Restart(pause),
                _ => Step::Crash(pause),
            };
            self.push(step);
        }
    }
}
