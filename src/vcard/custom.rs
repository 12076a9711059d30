//! Fields of the office's own that vCard has a property for, and those that it has none for.

use jiff::civil::Date;

use super::line::ContentLine;
use super::text::{escaped, is_beyond, parts, plain, unescaped};
use super::{FIELD, Version, exact};
use crate::model::ClientField;

/// The field that the units of `ORG` are kept in.
pub(super) const DEPARTMENT: &str = "Department";

/// How a property's value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Words,
    Day,
    Link,
}

/// Properties, the fields that hold them, and how.
const NAMED: [(&str, &str, Form); 8] = [
    ("TITLE", "Title", Form::Text),
    ("ROLE", "Role", Form::Text),
    ("NICKNAME", "Nickname", Form::Words),
    ("BDAY", "Birthday", Form::Day),
    ("ANNIVERSARY", "Anniversary", Form::Day),
    ("URL", "Website", Form::Link),
    ("IMPP", "Messenger", Form::Link),
    ("X-SIP", "SIP address", Form::Link),
];

/// The name and the text of the field that the line says; none where it is no such line.
pub(super) fn read(line: &ContentLine) -> Option<(String, String)> {
    if line.name == FIELD {
        let mut parts = parts(&line.value, ';').into_iter();
        return Some((parts.next()?, parts.next()?));
    }
    let mut known = NAMED.iter();
    let (_, name, form) = known.find(|(property, _, _)| *property == line.name)?;
    let text = match form {
        Form::Words => parts(&line.value, ',').join(", "),
        Form::Text | Form::Link => unescaped(&line.value),
        Form::Day => {
            let day = line
                .value
                .split('T')
                .next()
                .and_then(|day| day.parse::<Date>().ok());
            day.map_or_else(|| unescaped(&line.value), |day| day.to_string())
        }
    };
    Some(((*name).to_owned(), text))
}

/// The line of a field. It has the property that other programs know where the text fits.
pub(super) fn line(name: &str, text: &str, version: Version) -> String {
    let exact = exact::line(&ClientField::Custom(name.to_owned()), text);
    exact.unwrap_or_else(|| {
        let native = NAMED.iter().find(|(_, field, _)| *field == name);
        native
            .and_then(|(property, _, form)| native_value(property, *form, text, version))
            .unwrap_or_else(|| format!("{FIELD}:{};{}", escaped(name), escaped(text)))
    })
}

fn native_value(property: &str, form: Form, text: &str, version: Version) -> Option<String> {
    let value = match form {
        Form::Text | Form::Words => escaped(text),
        Form::Day => {
            let day = text
                .parse::<Date>()
                .ok()
                .filter(|day| day.to_string() == text)?;
            match version {
                Version::V4 => day.strftime("%Y%m%d").to_string(),
                Version::V3 if property == "BDAY" => text.to_owned(),
                Version::V3 => return None,
            }
        }
        Form::Link => {
            let is_link = text.split_once(':').is_some_and(|(scheme, rest)| {
                !rest.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric())
            });
            let is_bare = text.chars().all(|c| c.is_ascii_graphic() && c != '\\');
            (is_link && is_bare).then(|| text.to_owned())?
        }
    };
    Some(format!("{property}:{value}"))
}

/// The unit of `ORG`, where it can be written and read again as what it is: the first field.
pub(super) fn department(custom: &[(String, String)], company: &str) -> Option<String> {
    let (name, text) = custom.first()?;
    let fits =
        name == DEPARTMENT && !text.is_empty() && !is_beyond(text) && !plain(company).is_empty();
    fits.then(|| escaped(text))
}
