//! A client's fields as options of `ringbook client add` and `edit`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::model::{
    Address, Client, ClientEmail, ClientField, ClientPhone, Country, Lists, NotAllowed, Position,
};
use crate::store::Reader;
use crate::tr;

/// A client's fields as options. An empty text clears a field.
#[derive(Debug, Default, Args)]
pub struct Fields {
    /// The client's name
    #[arg(long)]
    name: Option<String>,
    /// The company the client belongs to
    #[arg(long)]
    company: Option<String>,
    /// person or company
    #[arg(long)]
    kind: Option<String>,
    /// A phone number, such as "mobile=+7 701 111 22 33" or "+7 727 123 45 67 ext. 12"; may be
    /// given again. In `edit` it replaces all numbers
    #[arg(long, value_name = "[LABEL=]NUMBER")]
    phone: Vec<String>,
    /// An e-mail address; may be given again. In `edit` it replaces all addresses
    #[arg(long, value_name = "[LABEL=]ADDRESS")]
    email: Vec<String>,
    /// ordinary, vip, problem, potential, active, or one of the office's own
    #[arg(long)]
    category: Option<String>,
    /// Who answers for the client: an extension or a name; empty for nobody
    #[arg(long, value_name = "EMPLOYEE")]
    responsible: Option<String>,
    /// A warning or an instruction for whoever takes the call
    #[arg(long)]
    note: Option<String>,
    /// The last day on which the note holds
    #[arg(long, value_name = "DATE")]
    note_until: Option<String>,
    /// yes: whoever takes the call must say that the note was read
    #[arg(long, value_name = "YES|NO")]
    note_acknowledge: Option<String>,
    /// The words to greet this client with, such as "Hello, {first_name}!"
    #[arg(long)]
    greeting: Option<String>,
    /// Street and house of the first address
    #[arg(long)]
    street: Option<String>,
    /// City of the first address
    #[arg(long)]
    city: Option<String>,
    /// Country of the first address: a name or a code such as KZ
    #[arg(long)]
    country: Option<String>,
    /// Where the first address is, in degrees, such as "43.2389, 76.8897"
    #[arg(long, value_name = "LATITUDE,LONGITUDE", allow_hyphen_values = true)]
    position: Option<String>,
    /// An address, its parts parted by semicolons; may be given again. In `edit` it replaces all
    /// addresses
    #[arg(long, value_name = "[LABEL=]STREET;CITY;COUNTRY[;LATITUDE,LONGITUDE]")]
    address: Vec<String>,
    /// Language, such as ru
    #[arg(long)]
    language: Option<String>,
    /// Words by which clients are put together, parted by semicolons
    #[arg(long)]
    tags: Option<String>,
    /// What the client said to being called and written to; empty: nobody has asked
    #[arg(long, value_name = "YES|NO")]
    consent: Option<String>,
    /// The day the consent was given or refused
    #[arg(long, value_name = "DATE")]
    consent_at: Option<String>,
    /// How it was given or refused
    #[arg(long, value_name = "TEXT")]
    consent_how: Option<String>,
    /// yes: the client wants no calls
    #[arg(long, value_name = "YES|NO")]
    do_not_call: Option<String>,
    /// A field of the office's own; may be given again
    #[arg(long, value_name = "NAME=VALUE")]
    field: Vec<String>,
    /// A PNG or JPEG file
    #[arg(long, value_name = "FILE")]
    pub photo: Option<PathBuf>,
    /// Whose numbers are written without a country code, such as KZ [default: the first line's]
    #[arg(long, value_name = "COUNTRY")]
    pub region: Option<Country>,
}

impl Fields {
    /// Writes what was given into `client`.
    pub fn apply(
        &self,
        client: &mut Client,
        reader: &Reader<'_>,
        country: Option<Country>,
    ) -> anyhow::Result<()> {
        let lists = Lists {
            country,
            ..reader.lists()?
        };
        self.apply_lists(client, country)?;
        for (name, text) in self.given() {
            let field = ClientField::named(name);
            let set = client.set(&field, text, &lists);
            set.map_err(|error| refused(&option(name), error))?;
        }
        for field in &self.field {
            let Some((name, value)) = field.split_once('=') else {
                bail!(tr!(
                    "--field: {field} is not NAME=VALUE",
                    field = format!("{field:?}")
                ));
            };
            let field = ClientField::Custom(name.to_owned());
            let set = client.set(&field, value, &lists);
            set.map_err(|error| refused(&format!("--field {name}"), error))?;
        }
        Ok(())
    }

    /// The fields that there is one of, under their names in files.
    fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("name", &self.name),
            ("company", &self.company),
            ("kind", &self.kind),
            ("category", &self.category),
            ("responsible", &self.responsible),
            ("note", &self.note),
            ("note_until", &self.note_until),
            ("note_acknowledge", &self.note_acknowledge),
            ("greeting", &self.greeting),
            ("street", &self.street),
            ("city", &self.city),
            ("country", &self.country),
            ("position", &self.position),
            ("language", &self.language),
            ("tags", &self.tags),
            ("consent", &self.consent),
            ("consent_at", &self.consent_at),
            ("consent_how", &self.consent_how),
            ("do_not_call", &self.do_not_call),
        ];
        let given = all.into_iter();
        given.filter_map(|(name, text)| Some((name, text.as_deref()?)))
    }

    /// What may be given again replaces what is there.
    fn apply_lists(&self, client: &mut Client, country: Option<Country>) -> anyhow::Result<()> {
        if !self.phone.is_empty() {
            client.phones.clear();
        }
        for text in &self.phone {
            add_phone(client, text, country).map_err(|error| error.context("--phone"))?;
        }
        if !self.email.is_empty() {
            let emails = self.email.iter().map(|text| labelled(text));
            let email = |(label, address): (&str, &str)| ClientEmail {
                address: address.trim().to_owned(),
                label: label.to_owned(),
            };
            client.emails = emails.map(email).collect();
        }
        if !self.address.is_empty() {
            let addresses = self.address.iter().map(|text| read_address(text));
            client.addresses = addresses.collect::<anyhow::Result<_>>()?;
        }
        Ok(())
    }
}

/// Adds a number with its label and extension; one that the client has already is changed.
pub fn add_phone(client: &mut Client, text: &str, country: Option<Country>) -> anyhow::Result<()> {
    let (label, number) = labelled(text);
    let phone = ClientPhone {
        label: label.to_owned(),
        ..ClientPhone::parse(number, country)?
    };
    let mut known = client.phones.iter_mut();
    match known.find(|known| known.number == phone.number) {
        Some(known) if label.is_empty() => known.extension = phone.extension,
        Some(known) => *known = phone,
        None => client.phones.push(phone),
    }
    Ok(())
}

/// `LABEL=REST`, or no label.
fn labelled(text: &str) -> (&str, &str) {
    let (label, rest) = text.split_once('=').unwrap_or(("", text));
    // `+77271234567;ext=12` has no label.
    if label.contains([';', '@']) {
        return ("", text);
    }
    (label.trim(), rest)
}

fn read_address(text: &str) -> anyhow::Result<Address> {
    let (label, rest) = labelled(text);
    let mut parts = rest.split(';').map(|part| part.trim().to_owned());
    let mut part = || parts.next().unwrap_or_default();
    let mut address = Address {
        label: label.to_owned(),
        street: part(),
        city: part(),
        country: part(),
        position: None,
    };
    let degrees = part();
    if !degrees.is_empty() {
        address.position = Position::parse(&degrees);
        if address.position.is_none() {
            return Err(refused(
                "--address",
                NotAllowed::new(&degrees, Position::ALLOWED),
            ));
        }
    }
    Ok(address)
}

/// The option that gives a field of this name.
pub fn option(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// Says for which option a text is not allowed, and what is.
pub fn refused(option: &str, error: NotAllowed) -> anyhow::Error {
    anyhow::anyhow!(tr!(
        "{option}: {value} is not allowed; allowed: {allowed}",
        option = option,
        value = format!("{:?}", error.value),
        allowed = error.allowed
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_label_stands_before_an_equals_sign() {
        assert_eq!(labelled("mobile=+7701"), ("mobile", "+7701"));
        assert_eq!(labelled("+7701"), ("", "+7701"));
        assert_eq!(labelled("+77271234567;ext=12"), ("", "+77271234567;ext=12"));
        assert_eq!(labelled("a@b.example"), ("", "a@b.example"));
        assert_eq!(labelled("=a=b@c.example"), ("", "a=b@c.example"));
    }

    #[test]
    fn an_address_is_read_part_by_part() {
        let address = read_address("warehouse=Abay 1; Almaty; KZ; 43.2,76.9").unwrap();
        assert_eq!(address.label, "warehouse");
        assert_eq!((&*address.street, &*address.city), ("Abay 1", "Almaty"));
        assert_eq!(address.position, Position::new(43.2, 76.9));
        assert_eq!(read_address("Abay 1").unwrap().street, "Abay 1");
        assert!(read_address("a;b;c;north").is_err());
    }
}
