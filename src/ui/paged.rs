//! A list of any length of which only the pages in sight are ever read.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use ringbook_ui::slint::{Model, ModelNotify, ModelTracker};

/// Rows read at once.
pub const PAGE: usize = 64;
/// Pages kept; more are dropped, those farthest from sight first.
const KEPT: usize = 16;

/// A list whose rows arrive page by page. A row that is not there yet is an empty one.
pub struct Paged<T> {
    count: Cell<usize>,
    pages: RefCell<BTreeMap<usize, Option<Vec<T>>>>,
    /// Asks for a page; the answer comes by [`Paged::put`].
    ask: Box<dyn Fn(usize)>,
    /// Counts what was shown: an answer for an older list is dropped.
    edition: Cell<u64>,
    notify: ModelNotify,
}

impl<T: Clone + Default + PartialEq + 'static> Paged<T> {
    /// An empty list. `ask` is called with a page's number when it comes into sight.
    pub fn new(ask: impl Fn(usize) + 'static) -> Rc<Self> {
        Rc::new(Self {
            count: Cell::new(0),
            pages: RefCell::default(),
            ask: Box::new(ask),
            edition: Cell::new(0),
            notify: ModelNotify::default(),
        })
    }

    /// Begins another list: this many rows, of which the first page is here already. Where there are
    /// as many as before, what is on the screen stays and is only filled anew.
    pub fn begin(&self, count: usize, first: Vec<T>) {
        self.edition.set(self.edition.get() + 1);
        if self.count.replace(count) == count {
            return self.renew(first);
        }
        let mut pages = self.pages.borrow_mut();
        pages.clear();
        pages.insert(0, Some(first));
        drop(pages);
        self.notify.reset();
    }

    fn renew(&self, first: Vec<T>) {
        let mut pages = self.pages.borrow_mut();
        let before = std::mem::take(&mut *pages);
        pages.insert(0, Some(first.clone()));
        drop(pages);
        for (page, rows) in before {
            let rows = rows.unwrap_or_default();
            for (at, row) in rows.iter().enumerate() {
                if page > 0 || first.get(at) != Some(row) {
                    self.notify.row_changed(page * PAGE + at);
                }
            }
        }
    }

    /// The rows that are here, with their places: none is read for it.
    pub fn known(&self) -> Vec<(usize, T)> {
        let pages = self.pages.borrow();
        let read = pages
            .iter()
            .filter_map(|(page, rows)| Some((*page, rows.as_ref()?)));
        let placed = read.flat_map(|(page, rows)| {
            let rows = rows.iter().enumerate();
            rows.map(move |(at, row)| (page * PAGE + at, row.clone()))
        });
        placed.collect()
    }

    /// Which list this is: to be given back with [`Paged::put`].
    pub fn edition(&self) -> u64 {
        self.edition.get()
    }

    /// Takes a page that was asked for.
    pub fn put(&self, edition: u64, page: usize, rows: Vec<T>) {
        if edition != self.edition.get() {
            return;
        }
        let count = rows.len();
        self.pages.borrow_mut().insert(page, Some(rows));
        self.forget_far_from(page);
        for row in 0..count {
            self.notify.row_changed(page * PAGE + row);
        }
    }

    fn forget_far_from(&self, page: usize) {
        let mut pages = self.pages.borrow_mut();
        while pages.len() > KEPT {
            let farthest = pages.keys().copied().max_by_key(|kept| kept.abs_diff(page));
            farthest.map(|page| pages.remove(&page));
        }
    }
}

impl<T: Clone + Default + 'static> Model for Paged<T> {
    type Data = T;

    fn row_count(&self) -> usize {
        self.count.get()
    }

    fn row_data(&self, row: usize) -> Option<T> {
        if row >= self.count.get() {
            return None;
        }
        let page = row / PAGE;
        let known = self.pages.borrow().get(&page).cloned();
        match known {
            Some(Some(rows)) => Some(rows.get(row % PAGE).cloned().unwrap_or_default()),
            Some(None) => Some(T::default()),
            None => {
                self.pages.borrow_mut().insert(page, None);
                (self.ask)(page);
                Some(T::default())
            }
        }
    }

    fn model_tracker(&self) -> &dyn ModelTracker {
        &self.notify
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_reads_only_what_is_looked_at() {
        let asked: Rc<RefCell<Vec<usize>>> = Rc::default();
        let log = asked.clone();
        let list = Paged::<String>::new(move |page| log.borrow_mut().push(page));
        list.begin(100_000, vec!["first".to_owned()]);
        assert_eq!(list.row_count(), 100_000);
        assert_eq!(list.row_data(0), Some("first".to_owned()));
        assert_eq!(list.row_data(99_999), Some(String::new()));
        assert_eq!(list.row_data(99_990), Some(String::new()));
        assert_eq!(*asked.borrow(), [99_999 / PAGE]);
        assert_eq!(list.row_data(100_000), None);
        assert_eq!(list.known(), [(0, "first".to_owned())]);
        assert_eq!(*asked.borrow(), [99_999 / PAGE]);
    }

    #[test]
    fn an_answer_for_an_older_list_is_dropped_and_far_pages_are_forgotten() {
        let list = Paged::<usize>::new(|_| {});
        list.begin(10_000, vec![7]);
        let old = list.edition();
        list.begin(10_000, vec![8]);
        list.put(old, 1, vec![99; PAGE]);
        assert_eq!(list.row_data(PAGE), Some(0));
        for page in 0..100 {
            list.put(list.edition(), page, vec![page; PAGE]);
        }
        assert!(list.pages.borrow().len() <= KEPT);
        assert_eq!(list.row_data(99 * PAGE), Some(99));
    }
}
