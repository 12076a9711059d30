//! Clients as CSV, the same that the import reads, and as JSON.

use std::io::Write;

use serde_json::{Value, json};

use super::ExportError;
use super::cell::neutralised;
use crate::model::{Client, ClientSummary, Order};
use crate::store::Reader;

/// Writes every client as CSV: the columns of [`Client::FIELDS`], as many further `phone4`… as
/// needed, then a column for each custom field. Returns how many clients.
pub fn clients_as_csv(store: &Reader<'_>, output: impl Write) -> Result<u64, ExportError> {
    let custom = store.custom_fields()?;
    let phones = store.most_numbers()?.max(3);
    let mut csv = csv::Writer::from_writer(output);
    let further = (4..=phones).map(|n| format!("phone{n}"));
    let header = Client::FIELDS.map(str::to_owned).into_iter().chain(further);
    // A custom field's name is somebody's text as any cell is.
    let header = header.chain(custom.iter().map(|name| neutralised(name).into_owned()));
    csv.write_record(header)?;
    let mut count = 0;
    store.each_client(|client| -> Result<(), ExportError> {
        csv.write_record(
            cells(&client, phones, &custom)
                .iter()
                .map(|cell| neutralised(cell))
                .map(|cell| cell.into_owned()),
        )?;
        count += 1;
        Ok(())
    })?;
    csv.flush()?;
    Ok(count)
}

fn cells(client: &Client, phones: usize, custom: &[String]) -> Vec<String> {
    let phone = |n: usize| {
        client
            .phones
            .get(n)
            .map(|p| p.number.e164())
            .unwrap_or_default()
    };
    let mut cells = vec![
        client.name.clone(),
        client.company.clone(),
        phone(0),
        phone(1),
        phone(2),
        client.email.clone(),
        client.category.to_string(),
        client.note.clone(),
        client.city.clone(),
        client.country.clone(),
        client.language.clone(),
        client.greeting.clone().unwrap_or_default(),
    ];
    cells.extend((3..phones).map(phone));
    cells.extend(custom.iter().map(|name| {
        let field = client.custom.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.clone()).unwrap_or_default()
    }));
    cells
}

/// One client with its orders, complete.
pub fn client_json(client: &Client, orders: &[Order]) -> Value {
    let phones: Vec<Value> = client
        .phones
        .iter()
        .map(|phone| json!({ "number": phone.number, "label": phone.label }))
        .collect();
    let custom: serde_json::Map<String, Value> = client
        .custom
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    json!({
        "id": client.id,
        "name": client.name,
        "company": client.company,
        "category": client.category,
        "note": client.note,
        "greeting": client.greeting,
        "city": client.city,
        "country": client.country,
        "language": client.language,
        "email": client.email,
        "phones": phones,
        "photo": client.photo,
        "custom": custom,
        "orders": orders,
        "created_at": client.created_at,
        "updated_at": client.updated_at,
    })
}

/// Lines of a list as a JSON array.
pub fn summaries_as_json(clients: &[ClientSummary]) -> Value {
    json!(clients)
}
