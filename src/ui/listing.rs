//! The list of a page: what the page's fields find, read page by page, a heading where a day begins.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{Model, ModelRc, SharedString};

use super::asking::{self, spawn};
use super::link::PhoneLink;
use super::paged::{PAGE, Paged};
use super::text;
use crate::store::{Reader, Result};

/// How often and how long apart a row is looked for that is being read.
const ROW_TRIES: usize = 100;
const ROW_WAIT: Duration = Duration::from_millis(10);

/// What a list shows: what the store finds, as rows of the window.
pub trait Source: 'static {
    /// What is looked for.
    type Filter: Clone + Default + Send + 'static;
    /// What the window shows.
    type Row: Clone + Default + PartialEq + Send + 'static;

    /// How many rows there are.
    fn count(store: &Reader<'_>, filter: &Self::Filter) -> Result<u64>;
    /// Some of the rows.
    fn rows(
        store: &Reader<'_>,
        filter: &Self::Filter,
        offset: usize,
        limit: usize,
        calendar: &Calendar,
    ) -> Result<Vec<Self::Row>>;
}

/// By which days are told.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// The time zone of the days.
    pub zone: TimeZone,
    /// The present one.
    pub today: Date,
}

/// Lines of the store that are shown under the days on which they were.
pub trait ByDay: 'static {
    /// What the store answers.
    type Line;
    /// What the window shows.
    type Row;

    /// When it was.
    fn moment(line: &Self::Line) -> Timestamp;
    /// The line, ready to be shown.
    fn row(line: &Self::Line, zone: &TimeZone) -> Self::Row;
    /// Begins a day.
    fn set_heading(row: &mut Self::Row, day: SharedString);
}

/// A list's state.
pub struct Listing<S: Source> {
    phone: Rc<dyn PhoneLink>,
    zone: TimeZone,
    rows: Rc<Paged<S::Row>>,
    /// What the rows were found by.
    filter: RefCell<S::Filter>,
    /// Counts the questions: a late answer to an older one is dropped.
    asked: Cell<u64>,
}

impl<S: Source> Listing<S> {
    /// A list that shows nothing yet.
    pub fn new(phone: Rc<dyn PhoneLink>) -> Rc<Self> {
        Rc::new_cyclic(|this: &std::rc::Weak<Self>| {
            let this = this.clone();
            Self {
                phone,
                zone: TimeZone::system(),
                rows: Paged::new(move |number| {
                    if let Some(list) = this.upgrade() {
                        spawn(list.load(number));
                    }
                }),
                filter: RefCell::default(),
                asked: Cell::new(0),
            }
        })
    }

    /// The rows, for the window.
    pub fn model(&self) -> ModelRc<S::Row> {
        ModelRc::from(self.rows.clone())
    }

    /// The row that `wanted` says yes to, among those that were read.
    pub fn find(&self, wanted: impl Fn(&S::Row) -> bool) -> Option<S::Row> {
        let known = self.rows.known().into_iter();
        known.map(|(_, row)| row).find(|row| wanted(row))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.row_count()
    }

    /// The row in this place; an empty one where it was not read yet.
    pub fn row(&self, place: usize) -> S::Row {
        self.rows.row_data(place).unwrap_or_default()
    }

    /// Where the row stands that `wanted` says yes to, among those that were read.
    pub fn place_of(&self, wanted: impl Fn(&S::Row) -> bool) -> Option<usize> {
        let mut known = self.rows.known().into_iter();
        known.find(|(_, row)| wanted(row)).map(|(place, _)| place)
    }

    /// The row in this place, read if it was not; an empty one where that takes too long.
    pub async fn read_row(&self, place: usize) -> S::Row {
        for _ in 0..ROW_TRIES {
            let row = self.row(place);
            if row != S::Row::default() {
                return row;
            }
            asking::pause(ROW_WAIT).await;
        }
        S::Row::default()
    }

    /// What the rows were found by.
    pub fn filter(&self) -> S::Filter {
        self.filter.borrow().clone()
    }

    /// The time zone of the days.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn calendar(&self) -> Calendar {
        Calendar {
            zone: self.zone.clone(),
            today: text::today(&self.zone),
        }
    }

    /// Shows what `question` makes the filter of, and hands on what else it found out. None where
    /// another question was asked meanwhile: this answer is too late to be shown.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader<'_>) -> Result<(S::Filter, T)> + Send + 'static,
    ) -> Option<Result<T>> {
        self.asked.set(self.asked.get() + 1);
        let asked = self.asked.get();
        let calendar = self.calendar();
        let answer = asking::read(&self.phone, move |store| {
            let (filter, rest) = question(store)?;
            let count = S::count(store, &filter)?;
            let first = S::rows(store, &filter, 0, PAGE, &calendar)?;
            Ok((filter, count, first, rest))
        });
        let answer = answer.await;
        if asked != self.asked.get() {
            return None;
        }
        Some(answer.map(|(filter, count, first, rest)| {
            *self.filter.borrow_mut() = filter;
            self.rows
                .begin(usize::try_from(count).unwrap_or(usize::MAX), first);
            rest
        }))
    }

    async fn load(self: Rc<Self>, number: usize) {
        let edition = self.rows.edition();
        let (filter, calendar) = (self.filter(), self.calendar());
        let rows = asking::read(&self.phone, move |store| {
            S::rows(store, &filter, number * PAGE, PAGE, &calendar)
        });
        if let Ok(rows) = rows.await {
            self.rows.put(edition, number, rows);
        }
    }
}

/// A page of the lines that `read` gives from a place on, with a heading wherever a day begins.
pub fn page_by_day<D: ByDay>(
    offset: usize,
    limit: usize,
    calendar: &Calendar,
    read: impl FnOnce(usize, usize) -> Result<Vec<D::Line>>,
) -> Result<Vec<D::Row>> {
    // The row before the page tells whether the page begins a day.
    let skipped = usize::from(offset > 0);
    let lines = read(offset - skipped, limit + skipped)?;
    let mut rows = by_day::<D>(&lines, &calendar.zone, calendar.today);
    rows.drain(..skipped.min(rows.len()));
    Ok(rows)
}

/// Rows with a heading wherever a day begins.
pub fn by_day<D: ByDay>(lines: &[D::Line], zone: &TimeZone, today: Date) -> Vec<D::Row> {
    let mut before = None;
    let row = |line| {
        let date = D::moment(line).to_zoned(zone.clone()).date();
        let mut row = D::row(line, zone);
        if before.replace(date) != Some(date) {
            D::set_heading(&mut row, text::day(date, today));
        }
        row
    };
    lines.iter().map(row).collect()
}
