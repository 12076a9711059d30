//! Clients as CSV, the same that the import reads, and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::ExportError;
use super::cell::neutralised;
use crate::model::{
    AboutClient, Client, ClientField, ClientSummary, FieldDefinition, Kind, Record,
};
use crate::store::{Reader, StoreError};

/// Where a column stands: first those of [`Client::FIELDS`], then the client's other fields,
/// further numbers, e-mails and addresses, and the office's own fields in the office's order.
type Place = (u8, usize, ClientField);

/// Writes every client as CSV: the columns of [`Client::FIELDS`], and as many others as some client
/// needs. Returns how many clients.
pub fn clients_as_csv(store: &Reader<'_>, output: impl Write) -> Result<u64, ExportError> {
    let columns = columns(store)?;
    let mut csv = csv::Writer::from_writer(output);
    // A custom field's name is somebody's text as any cell is.
    let names = columns.iter().map(|(_, _, field)| field.to_string());
    csv.write_record(names.map(|name| neutralised(&name).into_owned()))?;
    let mut count = 0;
    store.each_client(|client| -> Result<(), ExportError> {
        let texts: BTreeMap<ClientField, String> = client.texts().into_iter().collect();
        let cells = columns.iter().map(|(_, _, field)| {
            let text = texts.get(field).map_or("", String::as_str);
            neutralised(text).into_owned()
        });
        csv.write_record(cells)?;
        count += 1;
        Ok(())
    })?;
    csv.flush()?;
    Ok(count)
}

/// The columns of the file.
fn columns(store: &Reader<'_>) -> Result<BTreeSet<Place>, StoreError> {
    let fields = store.fields()?;
    let always = Client::FIELDS.into_iter().map(ClientField::named);
    let mut columns: BTreeSet<Place> = always.map(|field| place(field, &fields)).collect();
    store.each_client(|client| -> Result<(), StoreError> {
        let used = client.texts().into_iter();
        columns.extend(used.map(|(field, _)| place(field, &fields)));
        Ok(())
    })?;
    Ok(columns)
}

fn place(field: ClientField, fields: &[FieldDefinition]) -> Place {
    let name = field.to_string();
    match &field {
        ClientField::Custom(_) => {
            let at = fields.iter().position(|field| field.name == name);
            (3, at.unwrap_or(usize::MAX), field)
        }
        _ => match Client::FIELDS.iter().position(|known| *known == name) {
            Some(at) => (0, at, field),
            None => match field {
                ClientField::At(_, at) => (2, at, field),
                field => (1, 0, field),
            },
        },
    }
}

/// One client with everything that is linked to it, as of the day `today`.
pub fn client_json(
    client: &Client,
    about: &AboutClient,
    records: &[Record],
    today: Date,
) -> Result<Value, ExportError> {
    let mut json = json!({
        "id": client.id,
        "kind": client.kind,
        "name": client.name,
        "company": client.company,
        "category": client.category,
        "note": client.note_on(today),
        "note_until": client.note_until,
        "note_expired": client.note_on(today) != client.note,
        "greeting": client.greeting,
        "greeting_filled": about.greeting,
        "city": client.city(),
        "country": client.country(),
        "language": client.language,
        "email": client.email(),
        "phones": client.phones,
        "emails": client.emails,
        "addresses": client.addresses,
        "consent": client.consent,
        "photo": client.photo,
        "custom": Map::from_iter(client.custom.iter().map(|(name, value)| (name.clone(), json!(value)))),
        "draft": client.draft,
        "created_at": client.created_at,
        "updated_at": client.updated_at,
    });
    let Value::Object(all) = &mut json else {
        return Ok(json);
    };
    if let Value::Object(about) = serde_json::to_value(about)? {
        // Under these names the card has other things than the record: the words filled in, the
        // fields with their types, the open requests alone.
        let names = [
            ("greeting", ""),
            ("custom", "fields"),
            ("requests", "open_requests"),
            ("purchases", "last_purchases"),
        ];
        for (name, value) in about {
            let other = names.iter().find(|(known, _)| *known == name);
            match other.map_or(&*name, |(_, other)| other) {
                "" => {}
                name => drop(all.insert(name.to_owned(), value)),
            }
        }
    }
    all.insert(
        "note_must_acknowledge".to_owned(),
        json!(about.note_must_acknowledge && !client.note_on(today).is_empty()),
    );
    for kind in Kind::of_clients() {
        let of_kind = records.iter().filter(|record| record.kind == kind);
        let list = of_kind.map(|record| record_json(record, today));
        let list: Vec<Value> = list.collect::<Result<_, _>>()?;
        all.insert(kind.table.to_owned(), list.into());
    }
    Ok(json)
}

/// A record, and how many days it is overdue on the day `today`.
pub fn record_json(record: &Record, today: Date) -> Result<Value, serde_json::Error> {
    let mut json = serde_json::to_value(record)?;
    if let Value::Object(all) = &mut json
        && record.kind.place("due").is_some()
    {
        all.insert("overdue_days".to_owned(), json!(record.overdue_days(today)));
    }
    Ok(json)
}

/// Lines of a list as a JSON array.
pub fn summaries_as_json(clients: &[ClientSummary]) -> Value {
    json!(clients)
}
