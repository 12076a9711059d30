//! Scenarios: who of the office rings first for a call, and who after that (S5.17, S5.18).

use std::time::Duration;

use jiff::civil::DateTime;

use super::{CategoryId, Days, Hours, PhoneNumber, is_within};

/// `[[scenario]]`: which calls it is for, and who rings for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The address of record of the line that is called; none for every line.
    pub line: Option<String>,
    /// On which days of the week; with hours past midnight, the days on which they begin.
    pub days: Days,
    /// Within which hours.
    pub hours: Hours,
    /// How the caller's number begins, E.164; empty for any, also hidden ones.
    pub prefix: String,
    /// For clients of this category alone.
    pub category: Option<CategoryId>,
    /// For clients alone, or for all others.
    pub callers: Option<Callers>,
    /// Who rings, one step after the other; at least one.
    pub steps: Vec<ScenarioStep>,
    /// Where a caller is sent on to whom nobody has answered; none: the caller hears that nobody is there.
    pub otherwise: Option<String>,
}

/// `[[scenario.step]]`: who rings at once, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioStep {
    /// This phone does.
    pub here: bool,
    /// These internal numbers do.
    pub extensions: Vec<String>,
    /// For how long; none: until somebody answers or the caller gives up.
    pub patience: Option<Duration>,
}

/// Whom a scenario is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// Clients of the office.
    Known,
    /// Everybody else.
    Unknown,
}

/// What is known of a call that has arrived.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrived<'a> {
    /// The address of record of the line.
    pub line: &'a str,
    /// By the clock on the wall.
    pub at: DateTime,
    /// The caller's.
    pub number: Option<PhoneNumber>,
    /// What the client book says of the caller; none while it has not answered.
    pub caller: Option<Known<'a>>,
}

/// What the client book says of a caller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known<'a> {
    /// It is a client.
    pub is_client: bool,
    /// Of this category.
    pub category: Option<&'a CategoryId>,
}

/// Which scenario a call follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit<'a> {
    /// This one.
    Follows(&'a Scenario),
    /// The client book has to say first who calls.
    Depends,
    /// None.
    Nothing,
}

/// The first of the scenarios that is for the call.
pub fn choose<'a>(scenarios: &'a [Scenario], call: &Arrived<'_>) -> Fit<'a> {
    let mut possible = scenarios.iter().filter(|one| one.may_be_for(call));
    possible
        .find_map(|scenario| match (scenario.asks_who(), call.caller) {
            (false, _) => Some(Fit::Follows(scenario)),
            (true, None) => Some(Fit::Depends),
            (true, Some(caller)) => scenario.is_for(caller).then_some(Fit::Follows(scenario)),
        })
        .unwrap_or(Fit::Nothing)
}

impl Scenario {
    /// Whether line, time and number are its own.
    fn may_be_for(&self, call: &Arrived<'_>) -> bool {
        let number = call.number.map(|number| number.e164());
        let begins = |prefix: &str| number.is_some_and(|number| number.starts_with(prefix));
        self.line.as_deref().is_none_or(|line| line == call.line)
            && (self.prefix.is_empty() || begins(&self.prefix))
            && is_within(self.days, self.hours, call.at)
    }

    fn asks_who(&self) -> bool {
        self.category.is_some() || self.callers.is_some()
    }

    fn is_for(&self, caller: Known<'_>) -> bool {
        let category = self.category.as_ref();
        category.is_none_or(|category| Some(category) == caller.category)
            && self
                .callers
                .is_none_or(|callers| caller.is_client == (callers == Callers::Known))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn scenario(place: usize) -> Scenario {
        Scenario {
            line: None,
            days: Days::ALL,
            hours: Hours::ALL,
            prefix: String::new(),
            category: None,
            callers: None,
            steps: Vec::new(),
            otherwise: Some(place.to_string()),
        }
    }

    fn call(at: &str) -> Arrived<'static> {
        Arrived {
            line: "sip:100@office.example",
            at: at.parse().unwrap(),
            number: PhoneNumber::from_e164("+77011112233"),
            caller: None,
        }
    }

    /// The place of the scenario that the call follows.
    fn chosen(scenarios: &[Scenario], call: &Arrived<'_>) -> Option<usize> {
        match choose(scenarios, call) {
            Fit::Follows(one) => one.otherwise.as_ref().unwrap().parse().ok(),
            Fit::Depends => panic!("the client book was not to be asked"),
            Fit::Nothing => None,
        }
    }

    #[test]
    fn s5_17_the_first_scenario_whose_days_and_hours_it_is_is_followed() {
        let day = Scenario {
            days: Days::parse("mon-fri").unwrap(),
            hours: Hours::parse("09:00-18:00").unwrap(),
            ..scenario(0)
        };
        let night = Scenario {
            hours: Hours::parse("18:00-09:00").unwrap(),
            ..scenario(1)
        };
        let both = [day, night];
        // 2026-11-27 is a Friday.
        for (at, place) in [
            ("2026-11-27T08:59:59", Some(1)),
            ("2026-11-27T09:00:00", Some(0)),
            ("2026-11-27T17:59:59", Some(0)),
            ("2026-11-27T18:00:00", Some(1)),
            ("2026-11-28T03:00:00", Some(1)),
            ("2026-11-28T12:00:00", None),
        ] {
            assert_eq!(chosen(&both, &call(at)), place, "{at}");
        }
    }

    #[test]
    fn s5_17_line_and_number_decide_and_who_hides_has_no_number() {
        let own = Scenario {
            line: Some("sip:100@office.example".into()),
            prefix: "+7701".into(),
            ..scenario(0)
        };
        let at = "2026-11-27T12:00:00";
        let both = [own, scenario(1)];
        assert_eq!(chosen(&both, &call(at)), Some(0));
        let elsewhere = Arrived {
            line: "sip:200@office.example",
            ..call(at)
        };
        let abroad = Arrived {
            number: PhoneNumber::from_e164("+3612345678"),
            ..call(at)
        };
        let hidden = Arrived {
            number: None,
            ..call(at)
        };
        for other in [elsewhere, abroad, hidden] {
            assert_eq!(chosen(&both, &other), Some(1));
        }
        assert_eq!(choose(&[], &call(at)), Fit::Nothing);
    }

    #[test]
    fn s5_17_who_calls_decides_once_the_client_book_has_said_it() {
        let vip = CategoryId::new("vip");
        let scenarios = [
            Scenario {
                category: Some(vip.clone()),
                ..scenario(0)
            },
            Scenario {
                callers: Some(Callers::Unknown),
                ..scenario(1)
            },
            scenario(2),
        ];
        let of = |caller| Arrived {
            caller,
            ..call("2026-11-27T12:00:00")
        };
        assert_eq!(choose(&scenarios, &of(None)), Fit::Depends);
        let client = |category| {
            Some(Known {
                is_client: true,
                category,
            })
        };
        assert_eq!(chosen(&scenarios, &of(client(Some(&vip)))), Some(0));
        assert_eq!(chosen(&scenarios, &of(client(None))), Some(2));
        assert_eq!(chosen(&scenarios, &of(Some(Known::default()))), Some(1));
        // Nobody is asked for what an earlier scenario has decided.
        let reversed = [scenario(0), scenarios[0].clone()];
        assert_eq!(chosen(&reversed, &of(None)), Some(0));
    }
}
