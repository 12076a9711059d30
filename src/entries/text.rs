//! Values of TOML as they are typed, and back.

use toml_edit::{Array, Datetime, Item, Table, Value};

use super::{Field, FieldKind};

/// The value as it would be typed.
pub(super) fn shown(item: &Item) -> String {
    let Some(value) = item.as_value() else {
        return String::new();
    };
    match value {
        Value::String(text) => text.value().clone(),
        Value::Integer(number) => number.value().to_string(),
        Value::Datetime(day) => day.value().to_string(),
        Value::Array(list) => {
            let texts = list.iter().filter_map(Value::as_str);
            texts.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string().trim().to_owned(),
    }
}

/// Puts what was typed into the table, in the place and with the comment of what stood there.
pub(super) fn set_field(table: &mut Table, field: Field, text: &str) {
    if text.is_empty() {
        table.remove(field.key);
        return;
    }
    let mut value = read(field.kind, text);
    match table.get_mut(field.key) {
        Some(item) => {
            if let Some(decor) = item.as_value().map(|old| old.decor().clone()) {
                *value.decor_mut() = decor;
            }
            *item = Item::Value(value);
        }
        None => drop(table.insert(field.key, Item::Value(value))),
    }
}

/// What was typed, as a value. What is no number or day stays a text, so that the reader says what is
/// allowed.
fn read(kind: FieldKind, text: &str) -> Value {
    match kind {
        FieldKind::Text | FieldKind::Choice(_) => text.into(),
        FieldKind::Number => match text.parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => text.into(),
        },
        FieldKind::Day => match text.parse::<Datetime>() {
            Ok(day) => day.into(),
            Err(_) => text.into(),
        },
        FieldKind::Texts => {
            let texts = text.split(',').map(str::trim);
            let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
            match texts[..] {
                [one] => one.into(),
                _ => Value::Array(texts.into_iter().collect::<Array>()),
            }
        }
    }
}

/// What stands above a section: what is parted from it by an empty line, and what belongs to it.
pub(super) fn split_comments(table: &Table) -> (String, String) {
    let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str());
    let prefix = prefix.unwrap_or_default();
    // Without a comment there is nothing to part.
    let end = match prefix.contains('#') {
        true => prefix.rfind("\n\n").map_or(0, |at| at + 2),
        false => 0,
    };
    let (above, own) = prefix.split_at(end);
    match above.contains('#') {
        true => (above.to_owned(), own.to_owned()),
        false => (String::new(), prefix.to_owned()),
    }
}
