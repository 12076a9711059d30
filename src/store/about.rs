//! What the card shows of a client beside the client's own row: one indexed read each.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::orders::OPEN;
use super::values::millis;
use super::{Reader, Result};
use crate::i18n::Language;
use crate::model::{
    AboutClient, Client, ClientId, FieldType, FieldValue, Kind, Money, NearestBranch, Position,
    Record, Value, greeted,
};
use crate::tr_in;

/// The purchases that the card shows.
const PURCHASES: usize = 3;

impl Reader<'_> {
    /// What the card shows of the client at the moment `now`.
    pub fn about(&self, client: &Client, now: Timestamp) -> Result<AboutClient> {
        Ok(AboutClient {
            greeting: greeted(&self.greeting(client)?, client),
            note_must_acknowledge: client.note_acknowledge && !client.note.is_empty(),
            tags: client.tags.clone(),
            do_not_call: client.do_not_call,
            responsible: client.responsible.clone(),
            requests: self.select(Kind::REQUEST, OPEN, &[client.id.as_bytes()])?,
            next_appointment: self.next_appointment(client.id, now)?,
            balance: self.balance(client.id)?,
            purchases: self.last_purchases(client.id)?,
            nearest_branch: self.nearest_branch(client)?,
            custom: self.field_values(client)?,
        })
    }

    /// The words to greet the client with, not filled in yet: the client's own, else the office's
    /// in the client's language, else the program's.
    fn greeting(&self, client: &Client) -> Result<String> {
        if let Some(own) = &client.greeting {
            return Ok(own.clone());
        }
        let spoken = Language::of_locale(&client.language);
        let language = match (&*client.language, spoken) {
            ("", _) => crate::i18n::language().code(),
            (_, Some(spoken)) => spoken.code(),
            (other, None) => other,
        };
        let all = self.records(Kind::GREETING, None)?;
        let of = |wanted: &str| {
            let mut all = all.iter();
            all.find(|greeting| greeting.text("language").eq_ignore_ascii_case(wanted))
        };
        let found = of(client.language.trim()).or_else(|| of(language));
        Ok(match found {
            Some(greeting) => greeting.text("text").to_owned(),
            None => tr_in!(
                "Hello, {first_name}!",
                spoken.unwrap_or_else(crate::i18n::language)
            ),
        })
    }

    fn next_appointment(&self, client: ClientId, now: Timestamp) -> Result<Option<Record>> {
        let next = "t.client = ?1 AND t.cancelled = 0 AND t.at >= ?2 ORDER BY t.at LIMIT 1";
        let values: [&dyn rusqlite::ToSql; 2] = [client.as_bytes(), &millis(now)];
        let found = self.select(Kind::APPOINTMENT, next, &values)?;
        Ok(found.into_iter().next())
    }

    /// What is on the client's accounts, one amount a currency.
    fn balance(&self, client: ClientId) -> Result<Vec<Money>> {
        let accounts = self.records(Kind::ACCOUNT, Some(client))?;
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for money in accounts
            .iter()
            .filter_map(|account| account.money("balance"))
        {
            let sum = sums.entry(money.currency.clone()).or_default();
            *sum = sum.saturating_add(money.minor);
        }
        let amount = |(currency, minor)| Money { minor, currency };
        Ok(sums.into_iter().map(amount).collect())
    }

    fn last_purchases(&self, client: ClientId) -> Result<Vec<Record>> {
        let last = format!("t.client = ?1 ORDER BY t.day DESC, t.id DESC LIMIT {PURCHASES}");
        self.select(Kind::PURCHASE, &last, &[client.as_bytes()])
    }

    /// The branch nearest to the client's first address that has a place on the earth; without one,
    /// a branch in the client's city.
    fn nearest_branch(&self, client: &Client) -> Result<Option<NearestBranch>> {
        if client.addresses.is_empty() {
            return Ok(None);
        }
        let branches = self.records(Kind::BRANCH, None)?;
        let home = client.addresses.iter().find_map(|address| address.position);
        Ok(match home {
            Some(home) => nearest(&branches, home),
            None => {
                let city = client.city();
                let mut branches = branches.iter();
                let here = branches
                    .find(|branch| !city.is_empty() && self.same_text(branch.text("city"), city));
                here.map(|branch| named(branch, None))
            }
        })
    }

    fn field_values(&self, client: &Client) -> Result<Vec<FieldValue>> {
        if client.custom.is_empty() {
            return Ok(Vec::new());
        }
        let fields = self.fields()?;
        let kind = |name: &str| {
            let field = fields.iter().find(|field| field.name == name);
            field.map_or(FieldType::Text, |field| field.kind)
        };
        let value = |(name, value): &(String, String)| FieldValue {
            kind: kind(name),
            name: name.clone(),
            value: value.clone(),
        };
        Ok(client.custom.iter().map(value).collect())
    }
}

/// The nearest of the branches, which are in the order of their names: of two as near the first.
fn nearest(branches: &[Record], home: Position) -> Option<NearestBranch> {
    let distance = |branch: &Record| place(branch).map(|place| home.distance_km(&place));
    let with_distance = branches
        .iter()
        .filter_map(|branch| Some((branch, distance(branch)?)));
    let (branch, km) = with_distance
        .min_by(|(_, one), (_, other)| one.partial_cmp(other).unwrap_or(Ordering::Equal))?;
    Some(named(branch, Some((km * 10.0).round() / 10.0)))
}

fn place(branch: &Record) -> Option<Position> {
    match (branch.get("latitude"), branch.get("longitude")) {
        (Some(Value::Number(latitude)), Some(Value::Number(longitude))) => {
            Position::new(*latitude, *longitude)
        }
        _ => None,
    }
}

fn named(branch: &Record, distance_km: Option<f64>) -> NearestBranch {
    let text = |column: &str| branch.text(column).to_owned();
    NearestBranch {
        name: text("name"),
        street: text("street"),
        city: text("city"),
        phone: text("phone"),
        distance_km,
    }
}
