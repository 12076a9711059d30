//! From when on a conversation is too long.

use std::time::Duration;

use super::{CallRecord, CategoryId, Direction};

/// How long conversations of some kind may last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TalkLimit {
    /// What lasts longer is too long.
    pub talk: Duration,
    /// For calls in this direction alone.
    pub direction: Option<Direction>,
    /// For calls with numbers that begin so alone, E.164; empty: any, also internal ones.
    pub prefix: String,
    /// For clients of this category alone.
    pub category: Option<CategoryId>,
    /// For the employee with this internal number alone.
    pub extension: Option<String>,
}

/// How long conversations may last: the first limit that is for a call holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TalkLimits {
    /// The limits, in their order.
    pub limits: Vec<TalkLimit>,
    /// The limit of all other calls; none: they are never too long.
    pub otherwise: Option<Duration>,
}

impl TalkLimits {
    /// How long this call may last; none: as long as people like.
    pub fn limit(&self, call: &CallRecord) -> Option<Duration> {
        let own = self.limits.iter().find(|limit| limit.is_for(call));
        own.map(|limit| limit.talk).or(self.otherwise)
    }

    /// Whether this call is too long already.
    pub fn is_too_long(&self, call: &CallRecord) -> bool {
        self.limit(call).is_some_and(|limit| call.talk > limit)
    }
}

impl TalkLimit {
    fn is_for(&self, call: &CallRecord) -> bool {
        let number = call.number.map(|number| number.e164());
        let begins = |prefix: &str| number.is_some_and(|number| number.starts_with(prefix));
        self.direction.is_none_or(|one| one == call.direction)
            && (self.prefix.is_empty() || begins(&self.prefix))
            && (self.category.is_none() || self.category == call.category)
            && self
                .extension
                .as_ref()
                .is_none_or(|one| *one == call.extension)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{CallId, PhoneNumber};

    const MINUTE: Duration = Duration::from_secs(60);

    fn call() -> CallRecord {
        let mut call = CallRecord::begin(CallId::new(), Direction::Outgoing, Timestamp::UNIX_EPOCH);
        call.number = PhoneNumber::from_e164("+77011112233");
        call.category = Some(CategoryId::new("vip"));
        call.extension = "101".to_owned();
        call
    }

    fn any(minutes: u32) -> TalkLimit {
        TalkLimit {
            talk: MINUTE * minutes,
            direction: None,
            prefix: String::new(),
            category: None,
            extension: None,
        }
    }

    #[test]
    fn s5_21_ten_minutes_and_a_second_are_too_long_and_a_second_less_than_ten_is_not() {
        let limits = TalkLimits {
            limits: Vec::new(),
            otherwise: Some(10 * MINUTE),
        };
        let lasting = |seconds| CallRecord {
            talk: Duration::from_secs(seconds),
            ..call()
        };
        assert!(limits.is_too_long(&lasting(601)));
        assert!(!limits.is_too_long(&lasting(600)));
        assert!(!limits.is_too_long(&lasting(599)));
        assert!(!TalkLimits::default().is_too_long(&lasting(86_400)));
    }

    #[test]
    fn s5_21_the_first_limit_that_is_for_a_call_holds() {
        let of = |limits: Vec<TalkLimit>| {
            let otherwise = Some(60 * MINUTE);
            TalkLimits { limits, otherwise }
                .limit(&call())
                .map(|talk| talk.as_secs() / 60)
        };
        let vip = Some(CategoryId::new("vip"));
        let problem = Some(CategoryId::new("problem"));
        let (incoming, outgoing) = (Some(Direction::Incoming), Some(Direction::Outgoing));
        assert_eq!(of(vec![]), Some(60));
        assert_eq!(of(vec![any(5), any(3)]), Some(5));
        assert_eq!(
            of(vec![TalkLimit {
                direction: incoming,
                ..any(5)
            }]),
            Some(60)
        );
        assert_eq!(
            of(vec![TalkLimit {
                direction: outgoing,
                ..any(5)
            }]),
            Some(5)
        );
        assert_eq!(
            of(vec![TalkLimit {
                prefix: "+7702".into(),
                ..any(5)
            }]),
            Some(60)
        );
        assert_eq!(
            of(vec![TalkLimit {
                prefix: "+7701".into(),
                ..any(5)
            }]),
            Some(5)
        );
        assert_eq!(
            of(vec![TalkLimit {
                category: problem,
                ..any(5)
            }]),
            Some(60)
        );
        assert_eq!(
            of(vec![TalkLimit {
                category: vip.clone(),
                ..any(5)
            }]),
            Some(5)
        );
        assert_eq!(
            of(vec![TalkLimit {
                extension: Some("102".into()),
                ..any(5)
            }]),
            Some(60)
        );
        let all = TalkLimit {
            talk: 7 * MINUTE,
            direction: outgoing,
            prefix: "+7".into(),
            category: vip,
            extension: Some("101".into()),
        };
        assert_eq!(of(vec![all, any(5)]), Some(7));
        let mut internal = call();
        internal.number = None;
        let abroad = TalkLimit {
            prefix: "+".into(),
            ..any(5)
        };
        let limits = TalkLimits {
            limits: vec![abroad],
            otherwise: None,
        };
        assert_eq!(limits.limit(&internal), None);
    }
}
