//! A client as one card.

use super::text::{escaped, plain};
use super::{OWN, Version, Writing, custom, exact, labels, line, names, photo};
use crate::model::{Address, Client, ClientField, ClientKind, ClientPhone};

/// Fields that stand in a property of vCard's.
const NATIVE: [&str; 6] = ["name", "company", "note", "tags", "kind", "language"];

/// The longest extension that is read behind a pause.
const AFTER_PAUSE: usize = 6;

/// The client as a card, with its last line end.
pub fn write_card(client: &Client, how: &Writing<'_>) -> String {
    let mut card = Card {
        text: String::new(),
        version: how.version,
        groups: groups(how.others),
    };
    card.head(client, how);
    card.reached(client);
    card.known(client);
    if let Some(photo) = how.photo {
        card.line(&photo::line(photo, how.version));
    }
    for other in how.others {
        card.line(other);
    }
    card.line("END:VCARD");
    card.text
}

/// The highest number of a group among lines that are kept: `item3.X-ABDATE`.
fn groups(others: &[String]) -> usize {
    let number = |line: &String| line.strip_prefix("item")?.split('.').next()?.parse().ok();
    others.iter().filter_map(number).max().unwrap_or(0)
}

/// A card on its way.
struct Card {
    text: String,
    version: Version,
    groups: usize,
}

/// A number, an e-mail or an address on its way.
struct Labelled<'a> {
    property: &'static str,
    params: String,
    value: String,
    label: &'a str,
    /// It stands before others of its kind.
    is_first: bool,
    /// A line of the same group.
    beside: Option<String>,
}

impl Card {
    fn line(&mut self, text: &str) {
        line::fold(text, &mut self.text);
    }

    fn is_old(&self) -> bool {
        self.version == Version::V3
    }

    fn head(&mut self, client: &Client, how: &Writing<'_>) {
        self.line("BEGIN:VCARD");
        self.line(if self.is_old() {
            "VERSION:3.0"
        } else {
            "VERSION:4.0"
        });
        self.line(&format!("UID:urn:uuid:{}", client.id));
        if let Some(rev) = how.rev {
            let utc = rev.strftime("%Y%m%dT%H%M%SZ");
            self.line(&format!("REV:{utc}"));
        }
        if client.kind == ClientKind::Company {
            let kind = if self.is_old() {
                "X-ABShowAs:COMPANY"
            } else {
                "KIND:org"
            };
            self.line(kind);
        }
        let [full, parts] = names::values(client);
        self.line(&format!("FN:{full}"));
        self.line(&format!("N:{parts}"));
        if !plain(&client.company).is_empty() {
            let unit = custom::department(&client.custom, &client.company);
            let unit = unit.map_or_else(String::new, |unit| format!(";{unit}"));
            self.line(&format!("ORG:{}{unit}", escaped(&client.company)));
        }
    }

    fn reached(&mut self, client: &Client) {
        for (at, phone) in client.phones.iter().enumerate() {
            let (params, value) = self.number(phone);
            self.labelled(Labelled {
                property: "TEL",
                params,
                value,
                label: &phone.label,
                is_first: at == 0 && client.phones.len() > 1,
                beside: None,
            });
        }
        for (at, email) in client.emails.iter().enumerate() {
            self.labelled(Labelled {
                property: "EMAIL",
                params: String::new(),
                value: escaped(&email.address),
                label: &email.label,
                is_first: at == 0 && client.emails.len() > 1,
                beside: None,
            });
        }
        for (at, address) in client.addresses.iter().enumerate() {
            let (params, beside) = self.position(address);
            let parts = [&address.street, &address.city, &address.country].map(|t| escaped(t));
            let [street, city, country] = parts;
            self.labelled(Labelled {
                property: "ADR",
                params,
                value: format!(";;{street};{city};;;{country}"),
                label: &address.label,
                is_first: at == 0 && client.addresses.len() > 1,
                beside,
            });
        }
    }

    /// A number's parameters and value.
    fn number(&self, phone: &ClientPhone) -> (String, String) {
        let number = phone.number.e164();
        match (&*phone.extension, self.version) {
            ("", Version::V3) => (String::new(), number),
            // The pause is what telephones dial an extension behind; more digits are a number.
            (extension, Version::V3) if extension.len() <= AFTER_PAUSE => {
                (String::new(), format!("{number}\\,{extension}"))
            }
            (_, Version::V3) => (String::new(), phone.plain()),
            ("", Version::V4) => (";VALUE=uri".to_owned(), format!("tel:{number}")),
            (extension, Version::V4) => {
                let uri = format!("tel:{number};ext={extension}");
                (";VALUE=uri".to_owned(), uri)
            }
        }
    }

    /// The parameter that tells where an address is, or the line.
    fn position(&self, address: &Address) -> (String, Option<String>) {
        let Some(place) = address.position else {
            return (String::new(), None);
        };
        let (latitude, longitude) = (place.latitude, place.longitude);
        match self.version {
            Version::V3 => (String::new(), Some(format!("GEO:{latitude};{longitude}"))),
            Version::V4 => (format!(";GEO=\"geo:{latitude},{longitude}\""), None),
        }
    }

    fn labelled(&mut self, it: Labelled<'_>) {
        let mut types = labels::types(it.label, it.property).unwrap_or_default();
        let is_own = types.is_empty() && !plain(it.label).is_empty();
        let mut params = it.params;
        match (it.is_first, self.version) {
            (true, Version::V3) => types.push("pref"),
            (true, Version::V4) => params.push_str(";PREF=1"),
            (false, _) => {}
        }
        if !types.is_empty() {
            params.push_str(&format!(";TYPE={}", types.join(",")));
        }
        let mut group = String::new();
        if is_own || it.beside.is_some() {
            self.groups += 1;
            group = format!("item{}.", self.groups);
        }
        self.line(&format!("{group}{}{params}:{}", it.property, it.value));
        if let Some(beside) = it.beside {
            self.line(&format!("{group}{beside}"));
        }
        if is_own {
            self.line(&format!("{group}X-ABLabel:{}", escaped(it.label)));
        }
    }

    /// What else is known of the client.
    fn known(&mut self, client: &Client) {
        self.language(&client.language);
        if !client.tags.is_empty() {
            let tags: Vec<String> = client.tags.iter().map(|tag| escaped(tag)).collect();
            self.line(&format!("CATEGORIES:{}", tags.join(",")));
        }
        if !plain(&client.note).is_empty() {
            self.line(&format!("NOTE:{}", escaped(&client.note)));
        }
        let unit = custom::department(&client.custom, &client.company);
        let custom = client.custom.iter().skip(usize::from(unit.is_some()));
        for (name, text) in custom.filter(|(_, text)| !text.is_empty()) {
            self.line(&custom::line(name, text, self.version));
        }
        let texts = client.texts();
        for (field, text) in &texts {
            if let ClientField::Once(name) = field
                && !NATIVE.contains(name)
            {
                let name = name.replace('_', "-").to_uppercase();
                self.line(&format!("{OWN}{name}:{}", escaped(text)));
            }
        }
        let own = |field: &ClientField| matches!(field, ClientField::Custom(_));
        for (field, text) in texts.iter().filter(|(field, _)| !own(field)) {
            if let Some(exact) = exact::line(field, text) {
                self.line(&exact);
            }
        }
    }

    /// vCard has languages since version 4, and only those of BCP 47.
    fn language(&mut self, language: &str) {
        let is_tag = language
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-');
        match language {
            "" => {}
            tag if is_tag && !self.is_old() => self.line(&format!("LANG:{tag}")),
            text => self.line(&format!("{OWN}LANGUAGE:{}", escaped(text))),
        }
    }
}
