//! What is to be done with each contact: a function of what is here, what is there, and what was the
//! same when the two last met.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Href;
use crate::model::ClientId;

/// A client and a card that are one contact, as they were when the two sides last met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The client.
    pub client: ClientId,
    /// The card.
    pub href: Href,
    /// The card's version.
    pub etag: String,
    /// When the client was last changed.
    pub stamp: Timestamp,
}

/// The clients that there are, and when each was last changed.
pub type Here = BTreeMap<ClientId, Timestamp>;
/// The cards that there are, and the version of each.
pub type There = BTreeMap<Href, String>;

/// What is to be done, each contact in one list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Cards that were changed, with their clients, which may be gone: fetch, and make one of both.
    pub fetch: Vec<Pair>,
    /// Cards that nobody here knows: fetch, and find or enter their clients.
    pub enter: Vec<Href>,
    /// Clients that were changed while their cards were not: send.
    pub send: Vec<Pair>,
    /// Clients without a card: send, where no card of `enter` is theirs.
    pub add: Vec<ClientId>,
    /// Clients that were changed while their cards were deleted: send as new ones.
    pub send_again: Vec<Pair>,
    /// Cards whose clients were deleted.
    pub delete_there: Vec<Pair>,
    /// Clients whose cards were deleted.
    pub delete_here: Vec<Pair>,
    /// Both are gone.
    pub forget: Vec<Pair>,
}

impl Plan {
    /// What is to be done. A deletion gives way to a change.
    pub fn new(here: &Here, pairs: &[Pair], there: &There) -> Self {
        let mut plan = Self::default();
        let mut known = (BTreeSet::new(), BTreeSet::new());
        for pair in pairs {
            known.0.insert(pair.client);
            known.1.insert(pair.href.clone());
            let stamp = here.get(&pair.client);
            let etag = there.get(&pair.href);
            let is_same_here = stamp.is_none_or(|stamp| *stamp == pair.stamp);
            let is_same_there = etag.is_none_or(|etag| *etag == pair.etag);
            let list = match (stamp, etag) {
                (_, Some(_)) if !is_same_there => &mut plan.fetch,
                (Some(_), Some(_)) if !is_same_here => &mut plan.send,
                (Some(_), Some(_)) => continue,
                (None, Some(_)) => &mut plan.delete_there,
                (Some(_), None) if !is_same_here => &mut plan.send_again,
                (Some(_), None) => &mut plan.delete_here,
                (None, None) => &mut plan.forget,
            };
            list.push(pair.clone());
        }
        let clients = here.keys().filter(|client| !known.0.contains(client));
        plan.add = clients.copied().collect();
        let cards = there.keys().filter(|href| !known.1.contains(*href));
        plan.enter = cards.cloned().collect();
        plan
    }

    /// Whether so many clients would go that the server, or the way to it, is likelier to be wrong
    /// than everybody who deleted them: more than half, and more than ten.
    pub fn empties_the_book(&self, pairs: &[Pair]) -> bool {
        let gone = self.delete_here.len();
        gone > MANY && gone * 2 > pairs.len()
    }
}

/// So many clients may go without a question.
const MANY: usize = 10;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_change_on_either_side_has_its_step_and_a_deletion_gives_way_to_a_change() {
        let client = ClientId::from_bytes([1; 16]);
        let href = Href::new("/book/1.vcf").unwrap();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let pair = Pair {
            client,
            href: href.clone(),
            etag: "a".to_owned(),
            stamp: at(1),
        };
        let plan = |here: Option<i64>, there: Option<&str>| {
            let here = here.map(|second| (client, at(second)));
            let there = there.map(|etag| (href.clone(), etag.to_owned()));
            let (here, there) = (here.into_iter().collect(), there.into_iter().collect());
            Plan::new(&here, std::slice::from_ref(&pair), &there)
        };
        let expected = |change: fn(&mut Plan, Pair)| {
            let mut plan = Plan::default();
            change(&mut plan, pair.clone());
            plan
        };
        assert_eq!(plan(Some(1), Some("a")), Plan::default());
        assert_eq!(
            plan(Some(2), Some("a")),
            expected(|plan, p| plan.send.push(p))
        );
        for here in [Some(1), Some(2), None] {
            assert_eq!(
                plan(here, Some("b")),
                expected(|plan, p| plan.fetch.push(p))
            );
        }
        assert_eq!(
            plan(None, Some("a")),
            expected(|plan, p| plan.delete_there.push(p))
        );
        assert_eq!(
            plan(Some(1), None),
            expected(|plan, p| plan.delete_here.push(p))
        );
        assert_eq!(
            plan(Some(2), None),
            expected(|plan, p| plan.send_again.push(p))
        );
        assert_eq!(plan(None, None), expected(|plan, p| plan.forget.push(p)));
    }

    #[test]
    fn what_only_one_side_knows_is_new_to_the_other() {
        let (client, href) = (ClientId::from_bytes([1; 16]), Href::new("/b/1").unwrap());
        let here = [(client, Timestamp::UNIX_EPOCH)].into();
        let there = [(href.clone(), "a".to_owned())].into();
        let plan = Plan::new(&here, &[], &there);
        assert_eq!((plan.add, plan.enter), (vec![client], vec![href]));
    }

    #[test]
    fn a_server_that_has_suddenly_nothing_is_not_believed() {
        let pair = |n: u8| Pair {
            client: ClientId::from_bytes([n; 16]),
            href: Href::new(&format!("/b/{n}")).unwrap(),
            etag: String::new(),
            stamp: Timestamp::UNIX_EPOCH,
        };
        let pairs: Vec<Pair> = (0..40).map(pair).collect();
        let here: Here = pairs.iter().map(|pair| (pair.client, pair.stamp)).collect();
        let left = |count: usize| -> There {
            let left = pairs.iter().take(count);
            left.map(|pair| (pair.href.clone(), String::new()))
                .collect()
        };
        let empties =
            |count: usize| Plan::new(&here, &pairs, &left(count)).empties_the_book(&pairs);
        assert!(empties(0) && empties(19));
        assert!(!empties(20) && !empties(40));
        assert!(!Plan::new(&here, &pairs[..10], &left(0)).empties_the_book(&pairs[..10]));
    }
}
