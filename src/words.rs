//! What fields of clients and records, and days of the week, are called, in the reader's language.

pub mod costs;

use std::time::Duration;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::model::{
    CallColumn, ClientField, Kind, LegOutcome, Missing, NOTE_READ, Record, Right, Role, Value,
};
use crate::settings::Settings;
use crate::store::Change;
use crate::tariffs::Tariffs;
use crate::tr;

/// A day of the week, as short as it is written.
pub fn weekday_short(weekday: Weekday) -> String {
    match weekday {
        Weekday::Monday => tr!("Mon"),
        Weekday::Tuesday => tr!("Tue"),
        Weekday::Wednesday => tr!("Wed"),
        Weekday::Thursday => tr!("Thu"),
        Weekday::Friday => tr!("Fri"),
        Weekday::Saturday => tr!("Sat"),
        Weekday::Sunday => tr!("Sun"),
    }
}

/// `00:01:01`.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Why no view of the table of calls can be called *standard*.
pub fn name_of_the_left_table() -> String {
    tr!("“standard” is what the table is called as it was left. Give the view another name.")
}

/// What a role is called.
pub fn role(role: Role) -> String {
    match role {
        Role::Agent => tr!("role" => "agent"),
        Role::Reviewer => tr!("role" => "reviewer"),
        Role::Manager => tr!("role" => "manager"),
    }
}

/// Why a recording cannot be listened to.
pub fn missing(missing: Missing) -> String {
    match missing {
        Missing::Gone => tr!("Its file is not there: it was moved or removed."),
        Missing::NoFolder => {
            tr!("The folder of its file is not there; perhaps a disk is not connected.")
        }
        Missing::Unfinished => {
            tr!("Its file is not complete: it was not finished, or is still being copied.")
        }
        Missing::Unreadable => tr!("Its file cannot be read."),
        Missing::Deleted => tr!("It was deleted; the audit says who did it."),
    }
}

/// That a role has not this right, and who has.
pub fn refusal(of: Role, right: Right) -> String {
    let what = match right {
        Right::See => tr!("seeing calls and clients"),
        Right::Listen => tr!("listening to recordings"),
        Right::Report => tr!("reports"),
        Right::ExportCalls => tr!("exporting calls"),
        Right::ExportRecordings => tr!("exporting recordings"),
        Right::ExportClients => tr!("exporting clients"),
        Right::DeleteRecordings => tr!("deleting recordings"),
        Right::DeleteClients => tr!("deleting and merging clients"),
        Right::ReadAudit => tr!("reading the audit"),
        Right::ApplyTariffs => tr!("recomputing costs and marks"),
        Right::ChangeTariffs => tr!("changing tariffs and limits"),
        Right::Backup => tr!("backing up and restoring"),
    };
    tr!(
        "Not allowed here: {what}. The role of this seat is {role}; it takes: {roles}.",
        what = what,
        role = role(of),
        roles = right.roles().map(role).collect::<Vec<_>>().join(", ")
    )
}

/// What to tell of tariffs for lines that there are not.
pub fn lines_of_none(tariffs: &Tariffs, settings: &Settings) -> impl Iterator<Item = String> {
    let lines = settings.accounts.iter().map(|line| line.aor.as_str());
    let absent = tariffs.lines_of_none(&lines.collect::<Vec<_>>());
    absent.into_iter().map(|line: String| {
        tr!(
            "A tariff is for the line {line}, but no account has that address",
            line = line
        )
    })
}

/// What came of a phone's ringing for a call.
pub fn leg_outcome(outcome: LegOutcome) -> String {
    match outcome {
        LegOutcome::Ringing => tr!("phone" => "rings"),
        LegOutcome::Answered => tr!("phone" => "answered"),
        LegOutcome::NoAnswer => tr!("phone" => "no answer"),
        LegOutcome::Busy => tr!("phone" => "busy"),
        LegOutcome::Declined => tr!("phone" => "turned away"),
        LegOutcome::Failed => tr!("phone" => "not reached"),
        LegOutcome::Elsewhere => tr!("phone" => "another was quicker"),
        LegOutcome::GaveUp => tr!("phone" => "the caller gave up"),
        LegOutcome::Interrupted => tr!("phone" => "cut off"),
    }
}

/// What a field of a client is called.
pub fn client_field(field: &ClientField) -> String {
    let (name, at) = match field {
        ClientField::Custom(name) if name == NOTE_READ => return tr!("Note read"),
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
        "view" => tr!("View of calls"),
        "look" => tr!("Look of calls"),
        "category" => tr!("Category"),
        "employee" => tr!("Employee"),
        other => other.to_owned(),
    }
}

/// What a kind of record is called: many of them.
pub fn kinds(kind: &Kind) -> String {
    match kind.name {
        "order" => tr!("Orders"),
        "request" => tr!("Requests"),
        "purchase" => tr!("Purchases"),
        "account" => tr!("money" => "Accounts"),
        "appointment" => tr!("Appointments"),
        "note" => tr!("Notes"),
        "branch" => tr!("Branches"),
        "stage" => tr!("Stages"),
        "field" => tr!("Fields of your own"),
        "greeting" => tr!("Greetings"),
        "look" => tr!("Looks of calls"),
        "category" => tr!("Categories"),
        "employee" => tr!("Employees"),
        other => other.to_owned(),
    }
}

/// What a word that stands for a choice is called.
pub fn chosen(word: &str) -> String {
    match word {
        "text" => tr!("Text"),
        "number" => tr!("Number"),
        "date" => tr!("Date"),
        "choice" => tr!("Choice"),
        "money" => tr!("Amount"),
        "link" => tr!("Link"),
        "person" | "user" => tr!("Person"),
        "company" => tr!("Company"),
        "user-check" => tr!("Person with a tick"),
        "user-plus" => tr!("Person with a plus"),
        "users" => tr!("People"),
        "star" => tr!("Star"),
        "crown" => tr!("Crown"),
        "heart" => tr!("Heart"),
        "triangle-alert" => tr!("Warning sign"),
        "ban" => tr!("No entry"),
        "sprout" => tr!("Sprout"),
        "tag" => tr!("Tag"),
        "building-2" => tr!("Building"),
        "store" => tr!("Shop"),
        "briefcase" => tr!("Briefcase"),
        "truck" => tr!("Truck"),
        "stethoscope" => tr!("Stethoscope"),
        "graduation-cap" => tr!("Graduation cap"),
        "gift" => tr!("Gift"),
        "handshake" => tr!("Handshake"),
        "wallet" => tr!("Wallet"),
        "clock" => tr!("Clock"),
        "phone" => tr!("Telephone"),
        "phone-incoming" => tr!("Incoming call"),
        "phone-outgoing" => tr!("Outgoing call"),
        "phone-missed" => tr!("Missed call"),
        "bell-ring" => tr!("Bell"),
        "clock-alert" => tr!("Clock with a warning"),
        "circle-alert" => tr!("Exclamation mark"),
        "circle-check" => tr!("Tick"),
        "badge-check" => tr!("Badge"),
        "voicemail" => tr!("Answering machine"),
        "eye-off" => tr!("Eye, crossed out"),
        "today" => tr!("Today"),
        "yesterday" => tr!("Yesterday"),
        "week" => tr!("This week"),
        "month" => tr!("This month"),
        "all" => tr!("All time"),
        "#475569" => tr!("Grey"),
        "#92400e" => tr!("Brown"),
        "#b91c1c" => tr!("Red"),
        "#1d4ed8" => tr!("Blue"),
        "#0b6b63" => tr!("Turquoise"),
        "#166534" => tr!("Green"),
        "#5f3aa3" => tr!("Violet"),
        "#be185d" => tr!("Pink"),
        other => match (CallColumn::named(other), Kind::named(other)) {
            (Some(column), _) => call_column(column),
            (None, Some(kind)) => self::kind(kind),
            (None, None) => other.to_owned(),
        },
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
        "value" => tr!("Value"),
        "field" => tr!("Column"),
        "off" => tr!("Switched off"),
        "colour" => tr!("Colour"),
        "icon" => tr!("Icon"),
        "extension" => tr!("Extension"),
        "language" => tr!("Language"),
        other => other.to_owned(),
    }
}

/// What a column of the call log is called.
pub fn call_column(of: CallColumn) -> String {
    match of {
        CallColumn::Started => tr!("Date"),
        CallColumn::TimeOfDay => tr!("Time"),
        CallColumn::Status => tr!("Status"),
        CallColumn::Direction => tr!("Direction"),
        CallColumn::Caller => tr!("Which number called"),
        CallColumn::Callee => tr!("Which number was called"),
        CallColumn::Extension => tr!("Employee"),
        CallColumn::Client => tr!("Client"),
        CallColumn::Category => tr!("Client type"),
        CallColumn::CategoryThen => tr!("Client type then"),
        CallColumn::Line => tr!("Line"),
        CallColumn::Talk => tr!("Talk"),
        CallColumn::Ring => tr!("Rang"),
        CallColumn::Hold => tr!("On hold"),
        CallColumn::Quality => tr!("Quality"),
        CallColumn::Recorded => tr!("Conversation downloaded"),
        CallColumn::Cost => tr!("Cost"),
        CallColumn::TooLong => tr!("Too long"),
        CallColumn::Tags => tr!("Tags"),
        CallColumn::Note => tr!("Note"),
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

/// The record on one line, without the time that stands beside it.
pub fn details(record: &Record) -> String {
    let mut record = record.clone();
    if let Some(when) = record.kind.when {
        record.set(when, None);
    }
    line(&record)
}

/// What was changed, on one line.
pub fn change(change: &Change) -> String {
    if change.of == Change::CONFLICT && change.field.is_empty() {
        return tr!("It was deleted on one side and changed on the other; the change was kept");
    }
    let of = Kind::named(&change.of);
    let field = match of {
        Some(_) => column(&change.field),
        None if change.field == "photo" => tr!("Photo"),
        None => client_field(&ClientField::named(&change.field)),
    };
    let what = of.map(kind).unwrap_or_default();
    if change.field.is_empty() {
        return match of {
            Some(_) => tr!(
                "{what} {name} was deleted",
                what = what,
                name = change.before
            ),
            None => tr!("{name} was merged into this client", name = change.before),
        };
    }
    let text = |text: &str| if text.is_empty() { "–" } else { text }.to_owned();
    if of.is_none() && change.field == "photo" {
        // Photos have ids, which say nothing to people.
        return match change.after.is_empty() {
            true => format!("{field}: {}", text("")),
            false => field,
        };
    }
    let values = format!(
        "{}: {} → {}",
        field,
        text(&change.before),
        text(&change.after)
    );
    match what.is_empty() {
        true => values,
        false => format!("{what} · {values}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_19_a_talk_of_61_seconds_is_shown_as_00_01_01() {
        assert_eq!(clock(Duration::from_secs(61)), "00:01:01");
        assert_eq!(clock(Duration::from_millis(3_599_999)), "00:59:59");
        assert_eq!(clock(Duration::from_secs(100 * 3600)), "100:00:00");
    }

    #[test]
    fn a_change_of_the_photo_is_told_without_the_ids_of_photos() {
        let photo = |before: &str, after: &str| {
            change(&Change {
                of: "client".to_owned(),
                record: crate::model::RecordId::new(),
                field: "photo".to_owned(),
                before: before.to_owned(),
                after: after.to_owned(),
            })
        };
        assert_eq!(photo("", "01a2262a"), "Photo");
        assert_eq!(photo("01a2262a", ""), "Photo: –");
    }
}
