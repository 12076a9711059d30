//! What the caller card shows, and what the store knows of a caller.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{
    CallId, Category, Client, ClientId, Direction, Employee, Money, Order, PhoneNumber, PhotoId,
};

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
    /// The caller asked not to be shown.
    pub hidden: bool,
    /// The client.
    pub client: Option<ClientId>,
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
    /// City and country.
    pub location: String,
    /// The time of day at the client's place, where it is known.
    pub local_time: Option<String>,
    /// The note on the client.
    pub note: String,
    /// The client's open orders.
    pub orders: Vec<OrderLine>,
    /// The internal number that takes or makes the call.
    pub extension: String,
    /// The name that follows the extension.
    pub employee: String,
    /// The client's photo.
    pub photo: Option<PhotoRef>,
    /// The address of record of the line.
    pub line: String,
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
    /// What the client still owes for it.
    pub debt: Option<Money>,
    /// Whole days since the due day; none where it is not overdue.
    pub overdue_days: Option<u32>,
}

impl OrderLine {
    /// The line for `order` on the day `today` of the agent's calendar.
    pub fn of(order: &Order, today: Date) -> Self {
        let overdue = order.due.map_or(0, |due| (today - due).get_days());
        Self {
            number: order.number.clone(),
            stage: order.stage.clone(),
            responsible: order
                .responsible
                .as_ref()
                .map(|e| e.name.clone())
                .unwrap_or_default(),
            due: order.due,
            debt: order.debt.clone(),
            overdue_days: u32::try_from(overdue).ok().filter(|&days| days > 0),
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
#[derive(Debug, Clone, PartialEq)]
pub struct CallerMatch {
    /// The client who has the number. The one last changed, where several have it.
    pub client: Option<Client>,
    /// How many other clients have the same number.
    pub others: usize,
    /// The client's category.
    pub category: Option<Category>,
    /// The client's open orders, the first due first.
    pub orders: Vec<Order>,
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
