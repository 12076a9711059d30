//! The client book: found, shown, entered, changed and deleted by the store's own rules.

use std::collections::BTreeMap;

use jiff::{Timestamp, Zoned};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::problem::Problem;
use super::request::Asked;
use super::server::{News, Reply};
use super::worker::who_asks;
use crate::cli::data::home_country;
use crate::export::client_json;
use crate::model::{
    Address, Client, ClientEmail, ClientField, ClientId, Lists, NotAllowed, Position,
};
use crate::profile::Profile;
use crate::store::{Reader, Store};

/// Fields of one text.
const TEXTS: [&str; 9] = [
    "name",
    "company",
    "kind",
    "category",
    "responsible",
    "note",
    "note_until",
    "greeting",
    "language",
];
/// Fields that are true or false.
const FLAGS: [&str; 2] = ["note_acknowledge", "do_not_call"];
/// Fields that are lists, and those that have parts of their own.
const OTHERS: [&str; 6] = ["phones", "emails", "addresses", "tags", "consent", "custom"];

pub(super) fn list(store: &mut Store, _: &Profile, asked: &Asked) -> Result<Reply, Problem> {
    let page = asked.page()?;
    // One more than is wanted tells whether there are more.
    let limit = page.limit + 1;
    let found = store.read(|reader| match asked.query("text") {
        None => reader.clients(page.offset, limit),
        Some(text) => {
            let mut found = reader.find_clients(text, page.offset + limit)?;
            Ok(found.split_off(page.offset.min(found.len())))
        }
    })?;
    Ok(Reply::page(page, found.iter().map(|client| json!(client))))
}

pub(super) fn get(store: &mut Store, _: &Profile, asked: &Asked) -> Result<Reply, Problem> {
    let id = asked.id("client")?;
    store.read(|reader| Ok(Reply::ok(shown(reader, id)?)))
}

pub(super) fn create(
    store: &mut Store,
    profile: &Profile,
    asked: &Asked,
) -> Result<Reply, Problem> {
    let client = Client::named("", Timestamp::now());
    let id = client.id;
    let shown = save(store, profile, asked, |_| Ok(client))?;
    Ok(Reply::created(format!("/v1/clients/{id}"), shown).with_news(News::Clients))
}

pub(super) fn change(
    store: &mut Store,
    profile: &Profile,
    asked: &Asked,
) -> Result<Reply, Problem> {
    let id: ClientId = asked.id("client")?;
    let shown = save(store, profile, asked, |reader| Ok(reader.load_client(id)?))?;
    Ok(Reply::ok(shown).with_news(News::Clients))
}

pub(super) fn delete(
    store: &mut Store,
    profile: &Profile,
    asked: &Asked,
) -> Result<Reply, Problem> {
    let id = asked.id("client")?;
    let who = who_asks(profile)?;
    store.write(|writer| writer.delete_client(&who, id))?;
    Ok(Reply::nothing().with_news(News::Clients))
}

/// Changes a client as the body says; gives it as it is then.
fn save(
    store: &mut Store,
    profile: &Profile,
    asked: &Asked,
    client: impl FnOnce(&Reader<'_>) -> Result<Client, Problem>,
) -> Result<Value, Problem> {
    let country = home_country(profile, None)?;
    let fields = asked.fields()?;
    store.write(|writer| {
        let mut client = client(writer)?;
        let lists = Lists {
            country,
            ..writer.lists()?
        };
        for (name, value) in fields {
            set(&mut client, name, value, &lists)?;
        }
        writer.save_client(&client)?;
        shown(writer, client.id)
    })
}

/// The client with everything that is linked to it, as `ringbook client show` has it.
fn shown(reader: &Reader<'_>, id: ClientId) -> Result<Value, Problem> {
    let now = Zoned::now();
    let client = reader.load_client(id)?;
    let about = reader.about(&client, now.timestamp())?;
    let records = reader.records_of_client(id)?;
    let json = client_json(&client, &about, &records, now.date());
    json.map_err(|error| Problem::internal(error.to_string()))
}

/// Gives one field of the body to the client.
fn set(client: &mut Client, name: &str, value: &Value, lists: &Lists) -> Result<(), Problem> {
    let refused = |error: NotAllowed| Problem::unprocessable(format!("{name}: {error}"));
    let mut set = |field: &ClientField, text: &str| client.set(field, text, lists).map_err(refused);
    match name {
        _ if TEXTS.contains(&name) => {
            let text: Option<String> = read(name, value)?;
            set(&ClientField::named(name), &text.unwrap_or_default())
        }
        _ if FLAGS.contains(&name) => {
            let flag: Option<bool> = read(name, value)?;
            let text = flag.map_or("", |flag| if flag { "yes" } else { "no" });
            set(&ClientField::named(name), text)
        }
        "phones" => {
            let phones: Vec<Phone> = read(name, value)?;
            client.phones.clear();
            for phone in phones {
                phone.add_to(client, lists).map_err(refused)?;
            }
            Ok(())
        }
        "emails" => {
            let emails: Vec<Email> = read(name, value)?;
            let emails = emails.into_iter().map(Email::into_model);
            client.emails = emails.collect::<Result<_, _>>().map_err(refused)?;
            Ok(())
        }
        "addresses" => {
            let places: Vec<Place> = read(name, value)?;
            let places = places.into_iter().map(Place::into_model);
            client.addresses = places.collect::<Result<_, _>>().map_err(refused)?;
            Ok(())
        }
        "tags" => {
            client.tags = read(name, value)?;
            Ok(())
        }
        "consent" => {
            let consent: Option<Consent> = read(name, value)?;
            let Some(consent) = consent else {
                return set(&ClientField::named("consent"), "");
            };
            let given = if consent.given { "yes" } else { "no" };
            set(&ClientField::named("consent"), given)?;
            set(
                &ClientField::named("consent_at"),
                &consent.at.unwrap_or_default(),
            )?;
            set(&ClientField::named("consent_how"), &consent.how)
        }
        "custom" => {
            let custom: BTreeMap<String, String> = read(name, value)?;
            let mut fields = custom.into_iter();
            fields.try_for_each(|(name, text)| set(&ClientField::Custom(name), &text))
        }
        _ => {
            let known: Vec<&str> = TEXTS.into_iter().chain(FLAGS).chain(OTHERS).collect();
            let known = known.join(", ");
            Err(Problem::unprocessable(format!(
                "the body has no field {name:?}; allowed: {known}"
            )))
        }
    }
}

fn read<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, Problem> {
    let read = serde_json::from_value(value.clone());
    read.map_err(|error| Problem::unprocessable(format!("{name}: {error}")))
}

/// One of a client's numbers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phone {
    number: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    extension: String,
}

impl Phone {
    fn add_to(self, client: &mut Client, lists: &Lists) -> Result<(), NotAllowed> {
        let text = match &*self.extension {
            "" => self.number,
            extension => format!("{} ext. {extension}", self.number),
        };
        let at = client.phones.len();
        // Nothing would be read as taking a number away.
        if text.trim().is_empty() {
            return Err(NotAllowed::new("", "a number"));
        }
        client.set(&ClientField::At("phone", at), &text, lists)?;
        client.set(&ClientField::At("phone_label", at), &self.label, lists)
    }
}

/// One of a client's e-mail addresses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Email {
    address: String,
    #[serde(default)]
    label: String,
}

impl Email {
    fn into_model(self) -> Result<ClientEmail, NotAllowed> {
        let address = self.address.trim().to_owned();
        if address.is_empty() {
            return Err(NotAllowed::new("", "an address"));
        }
        Ok(ClientEmail {
            address,
            label: self.label,
        })
    }
}

/// One of a client's addresses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Place {
    label: String,
    street: String,
    city: String,
    country: String,
    position: Option<Degrees>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Degrees {
    latitude: f64,
    longitude: f64,
}

impl Place {
    fn into_model(self) -> Result<Address, NotAllowed> {
        let position = |at: Degrees| {
            let position = Position::new(at.latitude, at.longitude);
            let text = format!("{}, {}", at.latitude, at.longitude);
            position.ok_or_else(|| NotAllowed::new(&text, Position::ALLOWED))
        };
        Ok(Address {
            label: self.label,
            street: self.street,
            city: self.city,
            country: self.country,
            position: self.position.map(position).transpose()?,
        })
    }
}

/// What a client said to being called and written to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consent {
    given: bool,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    how: String,
}
