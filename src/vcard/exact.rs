//! Texts with what vCard cannot carry: CR and control characters. The property that has the text
//! has it without them, for every program; beside it stands `X-RINGBOOK-EXACT`, base64 of the
//! field's name and of the text as it is.

use super::photo::{base64, octets};
use super::text::{is_beyond, plain};
use super::{CardField, OWN};
use crate::model::ClientField;

/// The property.
pub(super) const EXACT: &str = "X-RINGBOOK-EXACT";
/// What stands between name and text. A name may have anything but this in it.
const BETWEEN: char = '\0';

/// The line beside the property; none where the property says it all.
pub(super) fn line(field: &ClientField, text: &str) -> Option<String> {
    let name = field.to_string();
    let needed = is_beyond(text) || is_beyond(&name);
    // A name that cannot be told apart from its text is not worth a format of its own.
    (needed && !name.contains(BETWEEN)).then(|| {
        let exact = format!("{name}{BETWEEN}{text}");
        format!("{EXACT}:{}", base64(exact.as_bytes()))
    })
}

/// The field and the text that the value of the property stands for.
pub(super) fn read(value: &str) -> Option<(ClientField, String)> {
    let exact = String::from_utf8(octets(value)?).ok()?;
    let (name, text) = exact.split_once(BETWEEN)?;
    let field = match ClientField::named(name) {
        ClientField::Custom(_) => ClientField::Custom(name.to_owned()),
        field => field,
    };
    Some((field, text.to_owned()))
}

/// Puts the exact text in the place of the property's; not where another program has changed that
/// since.
pub(super) fn apply(fields: &mut Vec<CardField>, field: ClientField, text: String) {
    let said = fields.iter_mut().find(|said| said.field == field);
    match said {
        Some(said) if said.text == plain(&text) => said.text = text,
        None if plain(&text).is_empty() => fields.push(CardField {
            field,
            property: format!("{OWN}EXACT"),
            text,
        }),
        _ => {}
    }
}
