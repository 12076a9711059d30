//! One card as the fields of a client.

use jiff::Timestamp;

use super::custom::{self, DEPARTMENT};
use super::exact::{self, EXACT};
use super::line::ContentLine;
use super::text::{parts, unescaped};
use super::{AB_LABEL, Card, CardError, CardField, OWN, REJECTED, labels, names, photo};
use crate::model::{ClientField, ClientPhone};

/// Properties that say nothing of the client.
const SILENT: [&str; 12] = [
    "BEGIN",
    "END",
    "VERSION",
    "PRODID",
    "PROFILE",
    "MAILER",
    "CLASS",
    "SORT-STRING",
    "AGENT",
    "LABEL",
    "X-ABSHOWAS",
    REJECTED,
];
/// A group of people that Google's address book puts everybody in.
const EVERYBODY: &str = "myContacts";

/// Reads one card, from `BEGIN` to `END`.
pub fn read_card(octets: &[u8]) -> Result<Card, CardError> {
    let mut lines = ContentLine::all(octets)?;
    // What is preferred stands first.
    lines.sort_by_key(ContentLine::preference);
    let mut reading = Reading {
        lines: &lines,
        ..Reading::default()
    };
    for line in &lines {
        reading.take(line)?;
    }
    Ok(reading.finish())
}

/// A card on its way.
#[derive(Default)]
struct Reading<'a> {
    lines: &'a [ContentLine],
    card: Card,
    full_name: String,
    name_parts: Vec<String>,
    notes: Vec<String>,
    tags: Vec<String>,
    phones: usize,
    emails: usize,
    addresses: usize,
    exact: Vec<(ClientField, String)>,
}

impl Reading<'_> {
    fn take(&mut self, line: &ContentLine) -> Result<(), CardError> {
        match &*line.name {
            "FN" if self.full_name.is_empty() => self.full_name = unescaped(&line.value),
            "N" if self.name_parts.is_empty() => self.name_parts = parts(&line.value, ';'),
            "ORG" => self.organisation(line),
            "TEL" => self.phone(line),
            "EMAIL" => self.email(line),
            "ADR" => self.address(line),
            "GEO" => self.position(line),
            "NOTE" => self.notes.push(unescaped(&line.value)),
            "LANG" => self.say_once("language", line, unescaped(&line.value)),
            "CATEGORIES" => self.tags.extend(parts(&line.value, ',')),
            "KIND" | "X-ADDRESSBOOKSERVER-KIND" => self.kind(line)?,
            "X-ABSHOWAS" if line.value.eq_ignore_ascii_case("COMPANY") => {
                self.say_once("kind", line, "company".to_owned());
            }
            "UID" => self.card.uid = unescaped(&line.value),
            "REV" => self.card.rev = line.value.trim().parse::<Timestamp>().ok(),
            "PHOTO" => match photo::read(line)? {
                Some(octets) => self.card.photo = Some(octets),
                None => self.other(line),
            },
            AB_LABEL if self.labels_something(&line.group) => {}
            EXACT => self.exact(line),
            name if SILENT.contains(&name) => {}
            name => match (custom::read(line), own_field(name)) {
                (Some((name, text)), _) => self.custom(&line.name, &name, text),
                (None, Some(field)) => self.say(field, &line.name, unescaped(&line.value)),
                (None, None) => self.other(line),
            },
        }
        Ok(())
    }

    fn finish(mut self) -> Card {
        let company = self.card.text(&ClientField::Once("company"));
        let is_other = |text: &str| company == Some(text) || self.is_number(text);
        let name = names::name(&self.full_name, &self.name_parts, is_other);
        let property = if self.full_name.is_empty() { "N" } else { "FN" };
        self.say(ClientField::Once("name"), property, name);
        self.tags.retain(|tag| tag != EVERYBODY);
        let (notes, tags) = (self.notes.join("\n"), self.tags.join("; "));
        self.say(ClientField::Once("note"), "NOTE", notes);
        self.say(ClientField::Once("tags"), "CATEGORIES", tags);
        for (field, text) in std::mem::take(&mut self.exact) {
            exact::apply(&mut self.card.fields, field, text);
        }
        // A consent is there before its day, whatever the card's order.
        self.card
            .fields
            .sort_by(|one, other| order(one).cmp(&order(other)));
        self.card
    }

    /// Whether the text is one of the card's numbers.
    fn is_number(&self, text: &str) -> bool {
        let number = |text: &str| ClientPhone::parse(text, None).ok();
        let Some(wanted) = number(text) else {
            return false;
        };
        let phones = self.card.fields.iter();
        let mut phones = phones.filter(|said| matches!(said.field, ClientField::At("phone", _)));
        phones.any(|said| number(&said.text).as_ref() == Some(&wanted))
    }

    fn organisation(&mut self, line: &ContentLine) {
        let mut units = parts(&line.value, ';').into_iter();
        self.say_once("company", line, units.next().unwrap_or_default());
        let units: Vec<String> = units.filter(|unit| !unit.is_empty()).collect();
        if !units.is_empty() {
            self.custom(&line.name, DEPARTMENT, units.join("; "));
        }
    }

    fn phone(&mut self, line: &ContentLine) {
        let text = unescaped(&line.value);
        if !text.trim().is_empty() {
            let (at, label) = (self.phones, self.label(line));
            self.phones += 1;
            self.say(ClientField::At("phone", at), &line.name, text);
            self.say(ClientField::At("phone_label", at), &line.name, label);
        }
    }

    fn email(&mut self, line: &ContentLine) {
        let (at, label) = (self.emails, self.label(line));
        self.emails += 1;
        self.say(
            ClientField::At("email", at),
            &line.name,
            unescaped(&line.value),
        );
        self.say(ClientField::At("email_label", at), &line.name, label);
    }

    fn address(&mut self, line: &ContentLine) {
        let (at, label) = (self.addresses, self.label(line));
        self.addresses += 1;
        let parts = parts(&line.value, ';');
        let part = |at: usize| parts.get(at).map_or("", |part| part);
        // A client has no box, region and code: they are told with the street.
        let street = [0, 1, 2, 4, 5].map(part);
        let street: Vec<&str> = street.into_iter().filter(|part| !part.is_empty()).collect();
        for (name, text) in [
            ("street", street.join(", ")),
            ("city", part(3).to_owned()),
            ("country", part(6).to_owned()),
            ("address_label", label),
        ] {
            self.say(ClientField::At(name, at), &line.name, text);
        }
        let in_group = |other: &&ContentLine| other.name == "GEO" && other.group == line.group;
        let grouped = self.lines.iter().find(in_group);
        let grouped = grouped
            .filter(|_| !line.group.is_empty())
            .map(|geo| &*geo.value);
        if let Some(place) = line.params_of("GEO").next().or(grouped) {
            self.say(ClientField::At("position", at), "GEO", degrees(place));
        }
    }

    /// A position that belongs to no address of its own is the first one's.
    fn position(&mut self, line: &ContentLine) {
        let is_address = |other: &ContentLine| other.name == "ADR" && other.group == line.group;
        let has_own = !line.group.is_empty() && self.lines.iter().any(is_address);
        let field = ClientField::At("position", 0);
        if !has_own && self.card.text(&field).is_none() {
            self.say(field, &line.name, degrees(&line.value));
        }
    }

    fn kind(&mut self, line: &ContentLine) -> Result<(), CardError> {
        match &*line.value.trim().to_ascii_lowercase() {
            "group" => {
                let allowed = "cards of persons and companies";
                return Err(CardError::new(&line.name, &line.value, allowed));
            }
            "org" | "organization" => self.say_once("kind", line, "company".to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn exact(&mut self, line: &ContentLine) {
        match exact::read(&line.value) {
            Some((ClientField::Custom(name), text)) => self.custom(&line.name, &name, text),
            Some((field, text)) => self.exact.push((field, text)),
            None => self.other(line),
        }
    }

    /// What the line is called: by its group's label, else by its types.
    fn label(&self, line: &ContentLine) -> String {
        let of_group = |other: &&ContentLine| other.name == AB_LABEL && other.group == line.group;
        let own = self.lines.iter().find(of_group);
        match own.filter(|_| !line.group.is_empty()) {
            Some(own) => labels::own_label(&unescaped(&own.value)),
            None => labels::label(line.types()),
        }
    }

    fn labels_something(&self, group: &str) -> bool {
        let is_ours = |line: &&ContentLine| ["TEL", "EMAIL", "ADR"].contains(&&*line.name);
        let mut ours = self.lines.iter().filter(is_ours);
        ours.any(|line| line.group == group)
    }

    /// Two properties of one name are two fields.
    fn custom(&mut self, property: &str, name: &str, text: String) {
        let mut field = ClientField::Custom(name.to_owned());
        if self.card.text(&field).is_some() {
            let same = |said: &&CardField| said.property == property;
            let count = self.card.fields.iter().filter(same).count();
            field = ClientField::Custom(format!("{name} {}", count + 1));
        }
        self.say(field, property, text);
    }

    fn say_once(&mut self, name: &'static str, line: &ContentLine, text: String) {
        let field = ClientField::Once(name);
        if self.card.text(&field).is_none() {
            self.say(field, &line.name, text);
        }
    }

    fn say(&mut self, field: ClientField, property: &str, text: String) {
        if !text.is_empty() {
            let property = property.to_owned();
            self.card.fields.push(CardField {
                field,
                property,
                text,
            });
        }
    }

    fn other(&mut self, line: &ContentLine) {
        self.card.others.push(line.to_text());
    }
}

/// The office's own fields stand behind the others, in the card's order.
fn order(said: &CardField) -> (bool, Option<&ClientField>) {
    let is_custom = matches!(said.field, ClientField::Custom(_));
    (is_custom, (!is_custom).then_some(&said.field))
}

/// The field that a property of our own holds: `X-RINGBOOK-NOTE-UNTIL`.
fn own_field(property: &str) -> Option<ClientField> {
    let name = property.strip_prefix(OWN)?.replace('-', "_");
    match ClientField::named(&name) {
        field @ ClientField::Once(_) => Some(field),
        _ => None,
    }
}

/// `geo:43.2389,76.8897;u=10` and `43.2389;76.8897` as a client has it.
fn degrees(value: &str) -> String {
    let value = value.trim().trim_start_matches("geo:");
    let value = unescaped(value);
    let mut degrees = value.split([',', ';']);
    let (latitude, longitude) = (degrees.next(), degrees.next());
    [latitude.unwrap_or_default(), longitude.unwrap_or_default()].join(", ")
}
