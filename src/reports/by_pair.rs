//! Figures of each of many pairs of texts.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Figures by two texts: an extension and a name. They are found without copying the texts, which a
/// million calls would notice.
#[derive(Debug)]
pub(super) struct ByPair<T> {
    all: Vec<([String; 2], T)>,
    /// Where those with a first text stand: mostly one.
    places: HashMap<String, Vec<usize>, RandomState>,
}

impl<T> Default for ByPair<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            places: HashMap::default(),
        }
    }
}

impl<T: Default> ByPair<T> {
    /// The figures of a pair.
    pub(super) fn of(&mut self, first: &str, second: &str) -> &mut T {
        let mut known = self.places.get(first).into_iter().flatten().copied();
        let place = known.find(|&place| self.all[place].0[1] == second);
        let place = place.unwrap_or_else(|| {
            let pair = [first, second].map(str::to_owned);
            self.all.push((pair, T::default()));
            let place = self.all.len() - 1;
            self.places.entry(first.to_owned()).or_default().push(place);
            place
        });
        &mut self.all[place].1
    }

    /// All pairs, in the order of their texts.
    pub(super) fn sorted(mut self) -> Vec<([String; 2], T)> {
        self.all.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.all
    }
}
