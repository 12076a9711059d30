//! Session timers (RFC 4028): who refreshes a call, how often, and when it is dead.
//!
//! Only the time that is passed in counts: setting the clock of the machine moves nothing.

use std::time::{Duration, Instant};

use crate::message::Headers;

/// The option tag.
const TAG: &str = "timer";
/// RFC 4028 §4: the shortest interval anyone may ask for.
pub(crate) const LEAST: u32 = 90;
/// A peer that grants less than is allowed still gets its refreshes, but never a flood of them.
const LEAST_KEPT: u32 = 30;
/// A refresh that failed for a reason that may pass is tried again after this time.
const AGAIN: Duration = Duration::from_secs(10);

/// Which side refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refresher {
    Us,
    Them,
}

/// What this call asks for, and what both sides agreed on.
#[derive(Clone, Debug)]
pub(super) struct SessionTimer {
    /// In seconds, for our own requests; none: no timer by our wish.
    wanted: Option<u32>,
    /// The largest Min-SE that anyone on the way has told.
    least: u32,
    agreed: Option<Agreed>,
}

#[derive(Clone, Copy, Debug)]
struct Agreed {
    interval: u32,
    refresher: Refresher,
    refresh_at: Instant,
    expires_at: Instant,
}

/// What the answer to the peer's request says.
pub(super) struct Granted {
    interval: u32,
    refresher: Refresher,
    /// The peer speaks of timers itself.
    supported: bool,
}

impl SessionTimer {
    pub(super) fn new(wanted: Duration) -> SessionTimer {
        let seconds = u32::try_from(wanted.as_secs()).unwrap_or(u32::MAX);
        SessionTimer {
            wanted: (seconds > 0).then_some(seconds.max(LEAST)),
            least: LEAST,
            agreed: None,
        }
    }

    /// For our first INVITE (RFC 4028 §7.1).
    pub(super) fn ask(&self, headers: &mut Headers) {
        if let Some(wanted) = self.wanted {
            headers.set("Session-Expires", wanted.max(self.least).to_string());
            self.push_least(headers);
        }
    }

    /// For our requests within the dialog: who refreshes now goes on doing so (RFC 4028 §7.4).
    pub(super) fn ask_again(&self, headers: &mut Headers) {
        if let Some(agreed) = &self.agreed {
            let interval = agreed.interval.max(self.least);
            let refresher = match agreed.refresher {
                Refresher::Us => "uac",
                Refresher::Them => "uas",
            };
            headers.push(
                "Session-Expires",
                format!("{interval};refresher={refresher}"),
            );
            self.push_least(headers);
        }
    }

    fn push_least(&self, headers: &mut Headers) {
        if self.least > LEAST {
            headers.set("Min-SE", self.least.to_string());
        }
    }

    /// A 422 wants more. False: not more than was asked already (RFC 4028 §7.3).
    pub(super) fn raise(&mut self, headers: &Headers) -> bool {
        let asked = self.agreed.map(|agreed| agreed.interval).or(self.wanted);
        match (headers.number("Min-SE"), asked) {
            (Some(least), Some(asked)) if least > asked.max(self.least) => {
                self.least = least;
                true
            }
            _ => false,
        }
    }

    /// A 2xx to our INVITE or UPDATE: the interval begins anew, or there is none (RFC 4028 §7.2).
    pub(super) fn confirmed(&mut self, now: Instant, headers: &Headers) {
        self.agreed = read(headers).map(|(interval, refresher)| {
            // A 2xx has to say who; without a word it is who asked.
            let refresher = match refresher {
                Some(Side::Uas) => Refresher::Them,
                Some(Side::Uac) | None => Refresher::Us,
            };
            Agreed::new(now, interval.max(LEAST_KEPT), refresher)
        });
    }

    /// What the peer's INVITE or UPDATE gets (RFC 4028 §9). None: no timer.
    pub(super) fn grant(&self, headers: &Headers) -> Option<Granted> {
        let supported = is_supported(headers);
        let (interval, refresher) = match (read(headers), &self.agreed) {
            (Some((interval, asked)), _) => {
                let refresher = match asked {
                    Some(Side::Uas) => Refresher::Us,
                    _ if !supported => Refresher::Us,
                    _ => Refresher::Them,
                };
                (interval.max(LEAST), refresher)
            }
            // It changes something else; the timer goes on as it was.
            (None, Some(agreed)) if supported => (agreed.interval, agreed.refresher),
            (None, _) => return None,
        };
        Some(Granted {
            interval,
            refresher,
            supported,
        })
    }

    /// Our 2xx has gone out.
    pub(super) fn granted(&mut self, now: Instant, granted: Option<&Granted>) {
        self.agreed = granted.map(|granted| Agreed::new(now, granted.interval, granted.refresher));
    }

    /// It is on us to refresh, and time to.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.refresh_at().is_some_and(|at| at <= now)
    }

    pub(super) fn refresh_at(&self) -> Option<Instant> {
        let agreed = self.agreed.as_ref();
        let ours = agreed.filter(|agreed| agreed.refresher == Refresher::Us);
        ours.map(|agreed| agreed.refresh_at)
    }

    pub(super) fn expires_at(&self) -> Option<Instant> {
        self.agreed.as_ref().map(|agreed| agreed.expires_at)
    }

    /// The refresh was refused for a reason that may pass.
    pub(super) fn postpone(&mut self, now: Instant) {
        if let Some(agreed) = &mut self.agreed {
            agreed.refresh_at = now + AGAIN;
        }
    }
}

impl Agreed {
    /// RFC 4028 §10: refreshed at half time; without a refresh dead a little before the end.
    fn new(now: Instant, interval: u32, refresher: Refresher) -> Agreed {
        let whole = Duration::from_secs(u64::from(interval));
        Agreed {
            interval,
            refresher,
            refresh_at: now + whole / 2,
            expires_at: now + whole - (whole / 3).min(Duration::from_secs(32)),
        }
    }
}

impl Granted {
    pub(super) fn push(&self, headers: &mut Headers) {
        let refresher = match self.refresher {
            Refresher::Them => "uac",
            Refresher::Us => "uas",
        };
        let value = format!("{};refresher={refresher}", self.interval);
        headers.push("Session-Expires", value);
        if self.supported {
            headers.push("Require", TAG);
        }
    }
}

/// The side of a transaction that a `refresher` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Uac,
    Uas,
}

/// The seconds of a Session-Expires, and who shall refresh.
fn read(headers: &Headers) -> Option<(u32, Option<Side>)> {
    let value = headers.get("Session-Expires")?;
    let seconds = headers.number("Session-Expires")?;
    let side = value.split(';').skip(1).find_map(|param| {
        let (name, side) = param.split_once('=')?;
        match (name.trim(), side.trim()) {
            (name, _) if !name.eq_ignore_ascii_case("refresher") => None,
            (_, side) if side.eq_ignore_ascii_case("uac") => Some(Side::Uac),
            (_, side) if side.eq_ignore_ascii_case("uas") => Some(Side::Uas),
            _ => None,
        }
    });
    Some((seconds, side))
}

fn is_supported(headers: &Headers) -> bool {
    headers.list_has("Supported", TAG) || headers.list_has("Require", TAG)
}

/// Whether a request asks for an interval that gets 422 (RFC 4028 §9). One that does not speak
/// of timers itself would not understand that: a proxy put the interval in.
pub(crate) fn is_too_short(headers: &Headers) -> bool {
    is_supported(headers) && read(headers).is_some_and(|(seconds, _)| seconds < LEAST)
}
