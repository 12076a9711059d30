//! What the caller card shows, and what the store knows of a caller.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{
    Block, CallId, Category, Client, ClientId, Direction, Employee, FieldValue, Money, Order,
    PhoneNumber, PhotoId, Record, SourcedField, overdue_days,
};

/// Under this name stands in a client's changes that the note was read: the note, and by whom.
pub const NOTE_READ: &str = "note_read";

/// Everything the caller card shows. A text that is not known is empty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallerCard {
    /// The call.
    pub call: CallId,
    /// The organisation the line belongs to: the card's first line.
    pub company: String,
    /// When the call came in or went out.
    pub at: Timestamp,
    /// Incoming or outgoing.
    pub direction: Direction,
    /// The other party is a client of ours.
    pub known: bool,
    /// The program itself has entered the other party, and nobody has named it yet.
    pub draft: bool,
    /// The caller asked not to be shown.
    pub hidden: bool,
    /// The client.
    pub client: Option<ClientId>,
    /// Other clients who have the number, the one last spoken with first.
    pub others: Vec<OtherClient>,
    /// The client's name; for an unknown caller the name the network gave.
    pub name: String,
    /// The client's company.
    pub client_company: String,
    /// The client's category.
    pub category: Option<Category>,
    /// The other party's number.
    pub number: Option<PhoneNumber>,
    /// The number as people read it; the dialled text where it is no phone number.
    pub number_display: String,
    /// Who sent the call on to us: number, internal number or user; may be empty.
    pub diverted_by: String,
    /// The blocks below the header, in the office's order; one without content is not shown.
    pub blocks: Vec<Block>,
    /// City and country.
    pub location: String,
    /// The time of day at the client's place, where it is known.
    pub local_time: Option<String>,
    /// Street, city and country of the client's first address.
    pub address: String,
    /// The note on the client, while it holds.
    pub note: String,
    /// When whoever takes the call said that the note was read; none where nobody has.
    pub note_read_at: Option<Timestamp>,
    /// What else is known of the client.
    #[serde(flatten)]
    pub about: AboutClient,
    /// The client's open orders.
    pub orders: Vec<OrderLine>,
    /// What stands outside the store, in the settings' order.
    pub sourced: Vec<SourcedField>,
    /// The internal number that takes or makes the call.
    pub extension: String,
    /// The name that follows the extension.
    pub employee: String,
    /// The client's photo.
    pub photo: Option<PhotoRef>,
    /// The address of record of the line.
    pub line: String,
}

/// What the card shows of a client beside name, place, note and orders.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AboutClient {
    /// The words to greet the client with, filled in; empty where there are none.
    pub greeting: String,
    /// Whoever takes the call must say that the note was read.
    pub note_must_acknowledge: bool,
    /// Words by which clients are put together.
    pub tags: Vec<String>,
    /// The client wants no calls.
    pub do_not_call: bool,
    /// Who answers for the client.
    pub responsible: Option<Employee>,
    /// The client's open requests, the first due first.
    pub requests: Vec<Record>,
    /// When the client is expected next.
    pub next_appointment: Option<Record>,
    /// What is on the client's accounts, one amount a currency; below zero the client owes.
    pub balance: Vec<Money>,
    /// What the client bought last, the latest first.
    pub purchases: Vec<Record>,
    /// The branch that is nearest to the client.
    pub nearest_branch: Option<NearestBranch>,
    /// The office's own fields, in the office's order.
    pub custom: Vec<FieldValue>,
}

/// A client who has the same number as the one on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherClient {
    /// Its id.
    pub id: ClientId,
    /// The client's name.
    pub name: String,
    /// The client's company.
    pub company: String,
    /// The client's category.
    pub category: Category,
}

/// The branch that is nearest to a client.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearestBranch {
    /// What people call it.
    pub name: String,
    /// Street and house.
    pub street: String,
    /// City.
    pub city: String,
    /// Its number.
    pub phone: String,
    /// How far it is as the crow flies; none where it is only known to be in the client's city.
    pub distance_km: Option<f64>,
}

/// An open order on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderLine {
    /// The number people call it by.
    pub number: String,
    /// How far it has come.
    pub stage: String,
    /// Who answers for it; may be empty.
    pub responsible: String,
    /// The day it is due.
    pub due: Option<Date>,
    /// What it costs.
    pub amount: Option<Money>,
    /// What the client still owes for it.
    pub debt: Option<Money>,
    /// Whole days since the due day; none where it is not overdue.
    pub overdue_days: Option<u32>,
}

impl OrderLine {
    /// The line for `order` on the day `today` of the agent's calendar.
    pub fn of(order: &Order, today: Date) -> Self {
        Self {
            number: order.number.clone(),
            stage: order.stage.clone(),
            responsible: order
                .responsible
                .as_ref()
                .map(|e| e.name.clone())
                .unwrap_or_default(),
            due: order.due,
            amount: order.amount.clone(),
            debt: order.debt.clone(),
            overdue_days: order.due.and_then(|due| overdue_days(due, today)),
        }
    }
}

/// A stored photo, without its octets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhotoRef {
    /// Its id: the octets are read by it.
    pub id: PhotoId,
    /// `image/png` or `image/jpeg`.
    pub mime: String,
}

/// What the store found for a caller.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallerMatch {
    /// The client whom a person named, else the one who has the number. Where several have it, the one
    /// last spoken with or named on it, else the one last changed.
    pub client: Option<Client>,
    /// The other clients who have the number, in the same order.
    pub others: Vec<OtherClient>,
    /// The client's category.
    pub category: Option<Category>,
    /// The client's open orders, the first due first.
    pub orders: Vec<Order>,
    /// What else the card shows of the client.
    pub about: AboutClient,
    /// The client's photo.
    pub photo: Option<PhotoRef>,
    /// The time zone of the client's city, where it is known.
    pub time_zone: Option<TimeZone>,
    /// The colleague who has the caller's internal number.
    pub colleague: Option<Employee>,
    /// The employee behind our own extension, where one was asked for.
    pub employee: Option<Employee>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::OrderId;

    #[test]
    fn s2_16_an_order_is_overdue_by_whole_days_and_not_on_its_due_day() {
        let order = |due: &str| Order {
            id: OrderId::new(),
            client: ClientId::new(),
            number: "1001".into(),
            stage: "Cutting".into(),
            responsible: None,
            due: Some(due.parse().unwrap()),
            amount: None,
            debt: None,
            closed: false,
        };
        let today: Date = "2026-11-22".parse().unwrap();
        assert_eq!(
            OrderLine::of(&order("2026-11-20"), today).overdue_days,
            Some(2)
        );
        assert_eq!(
            OrderLine::of(&order("2026-11-22"), today).overdue_days,
            None
        );
        assert_eq!(
            OrderLine::of(&order("2026-11-23"), today).overdue_days,
            None
        );
        assert_eq!(
            OrderLine::of(&order("2025-11-22"), today).overdue_days,
            Some(365)
        );
    }
}
