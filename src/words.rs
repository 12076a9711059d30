//! What fields of clients and records are called, in the reader's language.

use jiff::tz::TimeZone;

use crate::model::{ClientField, Kind, Record, Value};
use crate::tr;

/// What a field of a client is called.
pub fn client_field(field: &ClientField) -> String {
    let (name, at) = match field {
        ClientField::Custom(name) => return name.clone(),
        ClientField::Once(name) => (*name, 0),
        ClientField::At(name, at) => (*name, *at),
    };
    let word = match name {
        "name" => tr!("Name"),
        "company" => tr!("Company"),
        "category" => tr!("Category"),
        "note" => tr!("Note"),
        "note_until" => tr!("Note valid until"),
        "note_acknowledge" => tr!("Note must be acknowledged"),
        "language" => tr!("Language"),
        "greeting" => tr!("Greeting"),
        "kind" => tr!("Kind"),
        "tags" => tr!("Tags"),
        "consent" => tr!("Consent"),
        "consent_at" => tr!("Consent on"),
        "consent_how" => tr!("Consent how"),
        "do_not_call" => tr!("Do not call"),
        "phone" => tr!("Phone"),
        "phone_label" => tr!("Phone label"),
        "email" => tr!("E-mail"),
        "email_label" => tr!("E-mail label"),
        "address_label" => tr!("Address label"),
        other => column(other),
    };
    match at {
        0 => word,
        at => format!("{word} {}", at + 1),
    }
}

/// What a kind of record is called: one of them.
pub fn kind(kind: &Kind) -> String {
    match kind.name {
        "order" => tr!("Order"),
        "request" => tr!("Request"),
        "purchase" => tr!("Purchase"),
        "account" => tr!("money" => "Account"),
        "appointment" => tr!("Appointment"),
        "note" => tr!("Written down"),
        "branch" => tr!("Branch"),
        "stage" => tr!("Stage"),
        "field" => tr!("Field"),
        "greeting" => tr!("Greeting"),
        "card" => tr!("Card layout"),
        other => other.to_owned(),
    }
}

/// What a column of a kind of record is called.
pub fn column(name: &str) -> String {
    match name {
        "number" => tr!("Number"),
        "stage" => tr!("Stage"),
        "state" => tr!("State"),
        "responsible" => tr!("Responsible"),
        "author" => tr!("Author"),
        "due" => tr!("Due"),
        "day" => tr!("Date"),
        "at" => tr!("Time"),
        "amount" => tr!("Amount"),
        "debt" => tr!("Debt"),
        "balance" => tr!("Balance"),
        "closed" => tr!("Closed"),
        "cancelled" => tr!("Cancelled"),
        "subject" => tr!("Subject"),
        "item" => tr!("Item"),
        "text" => tr!("Text"),
        "place" => tr!("Place"),
        "name" => tr!("Name"),
        "street" => tr!("Street"),
        "city" => tr!("City"),
        "country" => tr!("Country"),
        "phone" => tr!("Phone"),
        "position" => tr!("Position"),
        "latitude" => tr!("Latitude"),
        "longitude" => tr!("Longitude"),
        "kind" => tr!("Kind"),
        "type" => tr!("Type"),
        "choices" => tr!("Choices"),
        "rank" => tr!("Order of lists"),
        "closes" => tr!("Closes"),
        "blocks" => tr!("Blocks"),
        "language" => tr!("Language"),
        other => other.to_owned(),
    }
}

/// A value as people read it: an amount with its sign, a moment by the clock on the wall.
pub fn value(value: &Value) -> String {
    match value {
        Value::Moment(at) => {
            let local = at.to_zoned(TimeZone::system());
            local.strftime("%Y-%m-%d %H:%M").to_string()
        }
        Value::Money(money) => money.to_string(),
        Value::Employee(employee) => employee.name.clone(),
        Value::Flag(true) => tr!("yes"),
        Value::Flag(false) => tr!("no"),
        other => other.plain(),
    }
}

/// A record on one line: its values, a flag by its name.
pub fn line(record: &Record) -> String {
    let values = record.kind.columns.iter().zip(&record.values);
    let parts = values.filter_map(|(of, given)| match given.as_ref()? {
        Value::Flag(true) => Some(column(of.name).to_lowercase()),
        given if matches!(of.name, "due" | "debt" | "balance") => Some(format!(
            "{} {}",
            column(of.name).to_lowercase(),
            value(given)
        )),
        given => Some(value(given)),
    });
    parts.collect::<Vec<_>>().join(" · ")
}
