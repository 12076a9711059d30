//! Records of the office that are neither clients nor calls: orders, requests, branches and so on.
//!
//! A kind of record is a table and a description here. The store, the command line, the files and
//! the timeline serve every kind by its description alone.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::call_view::{GROUPINGS, PERIODS};
use super::{
    CallColumn, ClientId, Employee, FieldType, Money, Order, OrderId, RecordId, Value, ValueType,
};

/// A kind of record.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// What people, files and changes call one of them.
    pub name: &'static str,
    /// Its table; in JSON the name of a list of them.
    pub table: &'static str,
    /// What it is, for the command line's help.
    pub about: &'static str,
    /// Whether each belongs to a client; the others are the office's.
    pub of_client: bool,
    /// Its columns. The first is what people call a record by.
    pub columns: &'static [Column],
    /// The column with the time that counts in lists; else when it was entered.
    pub when: Option<&'static str>,
}

/// A column of a kind of record.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the table, in files and as an option.
    pub name: &'static str,
    /// What it holds.
    pub holds: ValueType,
    /// What it is, for the command line's help.
    pub about: &'static str,
}

const fn column(name: &'static str, holds: ValueType, about: &'static str) -> Column {
    Column { name, holds, about }
}

const RESPONSIBLE: Column = column(
    "responsible",
    ValueType::Employee,
    "Who answers for it: an extension or a name; empty for nobody",
);
const DUE: Column = column("due", ValueType::Date, "The day it is due");
const CLOSED: Column = column("closed", ValueType::Flag, "It is done");
const AMOUNT: Column = column(
    "amount",
    ValueType::Money,
    "The sum, such as 12500 or \"12 500.50 EUR\"",
);
const RANK: Column = column("rank", ValueType::Whole, "Its place, the smallest first");
const STREET: Column = column("street", ValueType::Text, "Street and house");
const CITY: Column = column("city", ValueType::Text, "City");
const COUNTRY: Column = column("country", ValueType::Text, "Country, such as KZ");

impl Kind {
    /// What clients have ordered.
    pub const ORDER: &Self = &Self {
        name: "order",
        table: "orders",
        about: "What clients have ordered",
        of_client: true,
        columns: &[
            column("number", ValueType::Text, "The number people call it by"),
            column("stage", ValueType::Stage, "How far it has come"),
            RESPONSIBLE,
            DUE,
            AMOUNT,
            column(
                "debt",
                ValueType::Debt,
                "What the client still owes for it, such as 12500 or \"12 500.50 EUR\"; 0 for nothing",
            ),
            CLOSED,
        ],
        when: None,
    };

    /// What clients have asked for.
    pub const REQUEST: &Self = &Self {
        name: "request",
        table: "requests",
        about: "What clients have asked for, and what became of it",
        of_client: true,
        columns: &[
            column("number", ValueType::Text, "The number people call it by"),
            column("subject", ValueType::Text, "What it is about"),
            column("state", ValueType::Stage, "How far it has come"),
            RESPONSIBLE,
            DUE,
            CLOSED,
        ],
        when: None,
    };

    /// What clients have bought.
    pub const PURCHASE: &Self = &Self {
        name: "purchase",
        table: "purchases",
        about: "What clients have bought",
        of_client: true,
        columns: &[
            column(
                "number",
                ValueType::Text,
                "The number of the invoice or receipt",
            ),
            column("day", ValueType::Date, "The day it was bought"),
            column("item", ValueType::Text, "What was bought"),
            AMOUNT,
        ],
        when: Some("day"),
    };

    /// What clients have on account.
    pub const ACCOUNT: &Self = &Self {
        name: "account",
        table: "accounts",
        about: "What clients have on account",
        of_client: true,
        columns: &[
            column("number", ValueType::Text, "The account's number or name"),
            column(
                "balance",
                ValueType::Money,
                "What is on it, such as \"-12 500 KZT\"; below zero where the client owes",
            ),
        ],
        when: None,
    };

    /// When clients are expected.
    pub const APPOINTMENT: &Self = &Self {
        name: "appointment",
        table: "appointments",
        about: "When clients are expected",
        of_client: true,
        columns: &[
            column("at", ValueType::Moment, "When, such as 2026-11-25T10:00"),
            column("subject", ValueType::Text, "What it is about"),
            column("place", ValueType::Text, "Where"),
            RESPONSIBLE,
            column("cancelled", ValueType::Flag, "It does not take place"),
        ],
        when: Some("at"),
    };

    /// What was written down of clients, day by day.
    pub const NOTE: &Self = &Self {
        name: "note",
        table: "notes",
        about: "What was written down of clients, each with its time",
        of_client: true,
        columns: &[
            column(
                "at",
                ValueType::Moment,
                "When, such as now or 2026-11-25T10:00",
            ),
            column("text", ValueType::Text, "What was written down"),
            column(
                "author",
                ValueType::Employee,
                "Who wrote it: an extension or a name",
            ),
        ],
        when: Some("at"),
    };

    /// Where the company has its branches.
    pub const BRANCH: &Self = &Self {
        name: "branch",
        table: "branches",
        about: "The company's branches; the nearest to a client stands on the card",
        of_client: false,
        columns: &[
            column("name", ValueType::Text, "What people call it"),
            STREET,
            CITY,
            COUNTRY,
            column("phone", ValueType::Text, "Its number"),
            column(
                "latitude",
                ValueType::Number,
                "Degrees north, such as 43.2389",
            ),
            column(
                "longitude",
                ValueType::Number,
                "Degrees east, such as 76.8897",
            ),
        ],
        when: None,
    };

    /// How far orders and requests come.
    pub const STAGE: &Self = &Self {
        name: "stage",
        table: "stages",
        about: "How far orders and requests come; with none for them, any text is a stage",
        of_client: false,
        columns: &[
            column("name", ValueType::Text, "What people call it"),
            column(
                "kind",
                ValueType::Choice(&["order", "request"]),
                "Whose stage it is: order or request; empty for both",
            ),
            column("closes", ValueType::Flag, "What has come so far is closed"),
            RANK,
        ],
        when: None,
    };

    /// Fields of the office's own.
    pub const FIELD: &Self = &Self {
        name: "field",
        table: "fields",
        about: "The office's own fields of clients: what they hold, and in which order they stand",
        of_client: false,
        columns: &[
            column("name", ValueType::Text, "Its name"),
            column(
                "type",
                ValueType::Choice(FieldType::WORDS),
                "What it holds: text, number, date, choice, money or link",
            ),
            column(
                "choices",
                ValueType::Text,
                "Of a choice: what is allowed, parted by semicolons",
            ),
            RANK,
        ],
        when: None,
    };

    /// The words to greet clients with.
    pub const GREETING: &Self = &Self {
        name: "greeting",
        table: "greetings",
        about: "The words to greet clients with, by the client's language",
        of_client: false,
        columns: &[
            column("language", ValueType::Text, "A language such as ru"),
            column(
                "text",
                ValueType::Text,
                "The words; {first_name}, {last_name}, {name} and {company} are filled in",
            ),
        ],
        when: None,
    };

    /// What stands on the caller card.
    pub const CARD: &Self = &Self {
        name: "card",
        table: "card_layouts",
        about: "What stands on the caller card, in which order; a line chooses its layout by name",
        of_client: false,
        columns: &[
            column(
                "name",
                ValueType::Text,
                "What lines choose it by; \"standard\" is for those that choose none",
            ),
            column(
                "blocks",
                ValueType::Text,
                "The blocks in their order, parted by semicolons, such as \"photo; note; field:Contract\"",
            ),
        ],
        when: None,
    };

    /// Views of the table of calls.
    pub const VIEW: &Self = &Self {
        name: "view",
        table: "call_views",
        about: "Views of the table of calls: columns, order, which calls; log list --view shows one",
        of_client: false,
        columns: &[
            column("name", ValueType::Text, "What people call it"),
            column(
                "columns",
                ValueType::Text,
                "The columns in their order, each with its width or without, such as \"status; client 240; talk\"",
            ),
            column(
                "sort",
                ValueType::Text,
                "By what calls are sorted, such as \"talk:down; client\"; empty: the latest first",
            ),
            column(
                "filter",
                ValueType::Text,
                "What is asked of columns, such as \"status: missed, busy; talk: > 5:00; time: 9:00-10:00\"",
            ),
            column(
                "grouping",
                ValueType::Choice(GROUPINGS),
                "What calls are put together by: day, client, employee or line; empty for nothing",
            ),
            column(
                "period",
                ValueType::Choice(PERIODS),
                "Which days: today, yesterday, week, month or all",
            ),
            column(
                "as_table",
                ValueType::Flag,
                "The page of calls shows the table, not the list",
            ),
        ],
        when: None,
    };

    /// What values of the call log stand out by.
    pub const LOOK: &Self = &Self {
        name: "look",
        table: "call_looks",
        about: "Icons and colours by which values of the call log stand out",
        of_client: false,
        columns: &[
            column(
                "value",
                ValueType::Text,
                "The value, as files have it: incoming, missed, vip, 101, yes",
            ),
            column("field", ValueType::Choice(CallColumn::LOOKED), "The column"),
            column("icon", ValueType::Text, "The icon, such as bell-ring"),
            column("colour", ValueType::Text, "The colour, such as #b91c1c"),
            column("off", ValueType::Flag, "It is switched off"),
        ],
        when: None,
    };

    /// Every kind.
    pub const ALL: [&Self; 13] = [
        Self::ORDER,
        Self::REQUEST,
        Self::PURCHASE,
        Self::ACCOUNT,
        Self::APPOINTMENT,
        Self::NOTE,
        Self::BRANCH,
        Self::STAGE,
        Self::FIELD,
        Self::GREETING,
        Self::CARD,
        Self::VIEW,
        Self::LOOK,
    ];

    /// The kinds that belong to a client.
    pub fn of_clients() -> impl Iterator<Item = &'static Self> {
        Self::ALL.into_iter().filter(|kind| kind.of_client)
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|kind| kind.name == name)
    }

    /// The column that people call a record by.
    pub fn key(&self) -> &'static Column {
        &self.columns[0]
    }

    /// Where the column of this name stands.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The column that holds how far a record has come.
    pub fn stage(&self) -> Option<&'static Column> {
        let mut columns = self.columns.iter();
        columns.find(|column| column.holds == ValueType::Stage)
    }
}

/// A record: its kind's columns, each with a value or with none.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is.
    pub kind: &'static Kind,
    /// Its id.
    pub id: RecordId,
    /// Whose it is; none where it is the office's.
    pub client: Option<ClientId>,
    /// The values, in the order of the kind's columns.
    pub values: Vec<Option<Value>>,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When something of it last changed.
    pub updated_at: Timestamp,
}

impl Record {
    /// A record with nothing in it.
    pub fn new(kind: &'static Kind, client: Option<ClientId>, now: Timestamp) -> Self {
        Self {
            kind,
            id: RecordId::new(),
            client,
            values: vec![None; kind.columns.len()],
            created_at: now,
            updated_at: now,
        }
    }

    /// The value of a column.
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.values.get(self.kind.place(column)?)?.as_ref()
    }

    /// Gives a column a value; a column that the kind does not have is left alone.
    pub fn set(&mut self, column: &str, value: impl Into<Option<Value>>) {
        let place = self.kind.place(column);
        if let Some(slot) = place.and_then(|place| self.values.get_mut(place)) {
            *slot = value.into();
        }
    }

    /// The same record with this value.
    pub fn with(mut self, column: &str, value: impl Into<Option<Value>>) -> Self {
        self.set(column, value);
        self
    }

    /// A text; empty where none was given.
    pub fn text(&self, column: &str) -> &str {
        self.get(column)
            .and_then(Value::as_text)
            .unwrap_or_default()
    }

    /// A flag: whether it is set.
    pub fn is(&self, column: &str) -> bool {
        self.get(column) == Some(&Value::Flag(true))
    }

    /// A day.
    pub fn day(&self, column: &str) -> Option<Date> {
        match self.get(column) {
            Some(Value::Date(day)) => Some(*day),
            _ => None,
        }
    }

    /// A moment.
    pub fn moment(&self, column: &str) -> Option<Timestamp> {
        match self.get(column) {
            Some(Value::Moment(at)) => Some(*at),
            _ => None,
        }
    }

    /// An amount of money.
    pub fn money(&self, column: &str) -> Option<&Money> {
        match self.get(column) {
            Some(Value::Money(money)) => Some(money),
            _ => None,
        }
    }

    /// Somebody who works in the office.
    pub fn employee(&self, column: &str) -> Option<&Employee> {
        match self.get(column) {
            Some(Value::Employee(employee)) => Some(employee),
            _ => None,
        }
    }

    /// Whole days since the due day; none where it is closed, or not overdue on the day `today`.
    pub fn overdue_days(&self, today: Date) -> Option<u32> {
        let due = self.day("due").filter(|_| !self.is("closed"))?;
        overdue_days(due, today)
    }
}

/// Whole days since the due day; none where it is not over.
pub fn overdue_days(due: Date, today: Date) -> Option<u32> {
    u32::try_from((today - due).get_days())
        .ok()
        .filter(|&days| days > 0)
}

/// In JSON a flag is true or false, a text that was not given is empty, any other such value null.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        if self.kind.of_client {
            map.serialize_entry("client", &self.client)?;
        }
        for (column, value) in self.kind.columns.iter().zip(&self.values) {
            match (value, column.holds) {
                (Some(value), _) => map.serialize_entry(column.name, value)?,
                (None, ValueType::Flag) => map.serialize_entry(column.name, &false)?,
                (None, ValueType::Text | ValueType::Stage | ValueType::Choice(_)) => {
                    map.serialize_entry(column.name, "")?;
                }
                (None, _) => map.serialize_entry(column.name, &None::<()>)?,
            }
        }
        map.serialize_entry("created_at", &self.created_at)?;
        map.serialize_entry("updated_at", &self.updated_at)?;
        map.end()
    }
}

impl From<&Order> for Record {
    fn from(order: &Order) -> Self {
        let text = |text: &String| {
            Some(text.clone())
                .filter(|t| !t.is_empty())
                .map(Value::Text)
        };
        let money = |money: &Option<Money>| money.clone().map(Value::Money);
        let id = RecordId::from_bytes(*order.id.as_bytes());
        let record = Self::new(Kind::ORDER, Some(order.client), Timestamp::UNIX_EPOCH);
        Self { id, ..record }
            .with("number", text(&order.number))
            .with("stage", text(&order.stage))
            .with(
                "responsible",
                order.responsible.clone().map(Value::Employee),
            )
            .with("due", order.due.map(Value::Date))
            .with("amount", money(&order.amount))
            .with("debt", money(&order.debt))
            .with("closed", order.closed.then_some(Value::Flag(true)))
    }
}

impl Order {
    /// The order that this record is; none where it is another kind, or nobody's.
    pub fn of(record: &Record) -> Option<Self> {
        let client = record.client.filter(|_| record.kind == Kind::ORDER)?;
        Some(Self {
            id: OrderId::from_bytes(*record.id.as_bytes()),
            client,
            number: record.text("number").to_owned(),
            stage: record.text("stage").to_owned(),
            responsible: record.employee("responsible").cloned(),
            due: record.day("due"),
            amount: record.money("amount").cloned(),
            debt: record.money("debt").cloned(),
            closed: record.is("closed"),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_kind_names_each_column_once_and_its_time_is_one_of_them() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name), Some(kind));
            for (place, column) in kind.columns.iter().enumerate() {
                assert_eq!(kind.place(column.name), Some(place), "{}", kind.name);
            }
            let employees = kind.columns.iter();
            let employees = employees.filter(|column| column.holds == ValueType::Employee);
            assert!(employees.count() <= 1, "{}: one join each", kind.name);
            assert!(kind.when.is_none_or(|when| kind.place(when).is_some()));
        }
    }

    #[test]
    fn s2_16_a_request_is_overdue_until_it_is_closed() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let request = Record::new(Kind::REQUEST, Some(ClientId::new()), Timestamp::UNIX_EPOCH)
            .with("due", Value::Date(day("2026-11-20")));
        assert_eq!(request.overdue_days(day("2026-11-22")), Some(2));
        assert_eq!(request.overdue_days(day("2026-11-20")), None);
        let closed = request.with("closed", Value::Flag(true));
        assert_eq!(closed.overdue_days(day("2026-11-22")), None);
    }
}
