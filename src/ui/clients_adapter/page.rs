//! A client, ready to be shown on its page.

use jiff::civil::Date;
use ringbook_ui::slint::{Image, SharedString};
use ringbook_ui::{ClientData, ClientFact, ClientNumber, ClientRow, RecordKind};

use crate::i18n::country_name;
use crate::model::{
    AboutClient, Address, Category, Client, ClientEmail, ClientKind, ClientPhone, ClientSummary,
    Consent, FieldType, Kind, NearestBranch, Order, Record, is_link,
};
use crate::ui::text;
use crate::{tr, words};

/// A client with everything that the page shows beside the timeline.
pub struct Whole {
    /// The client.
    pub client: Client,
    /// How the client is treated.
    pub category: Option<Category>,
    /// What is found out about the client.
    pub about: AboutClient,
    /// The open orders.
    pub orders: Vec<Order>,
    /// The client's records of every kind.
    pub records: Vec<Record>,
}

/// A line of the client book.
pub fn map_row(client: &ClientSummary) -> ClientRow {
    ClientRow {
        id: client.id.to_string().into(),
        name: text::line(&client.name),
        firm: text::line(&client.company),
        number: client
            .number
            .map(|number| number.international().into())
            .unwrap_or_default(),
        category: client.category.as_str().into(),
        initials: text::initials(&client.name),
    }
}

/// A number that can be called.
pub fn map_number(phone: &ClientPhone) -> ClientNumber {
    ClientNumber {
        number: text::line(&phone.shown()),
        plain: phone.number.e164().into(),
        label: text::line(&phone.label),
    }
}

/// The page's head, without the photo.
pub fn map_client(client: &Client, category: Option<&Category>, today: Date) -> ClientData {
    let firm = match client.kind {
        ClientKind::Company if client.company.is_empty() => words::chosen("company"),
        _ => client.company.clone(),
    };
    ClientData {
        id: client.id.to_string().into(),
        name: text::line(&client.name),
        firm: text::line(&firm),
        category: client.category.as_str().into(),
        category_name: category.map(|c| text::line(&c.name)).unwrap_or_default(),
        note: text::lines(&client.note),
        note_terms: note_terms(client, today).into(),
        do_not_call: client.do_not_call,
        initials: text::initials(&client.name),
        photo: Image::default(),
        original: Image::default(),
    }
}

fn note_terms(client: &Client, today: Date) -> String {
    let until = client.note_until.map(|last| match today <= last {
        true => tr!("until {day}", day = text::date(last)),
        false => tr!("until {day}: no longer on the card", day = text::date(last)),
    });
    let acknowledge = client.note_acknowledge.then(|| tr!("must be acknowledged"));
    let terms: Vec<String> = until.into_iter().chain(acknowledge).collect();
    terms.join(" · ")
}

/// What is known of the client, what is looked for most first.
pub fn facts(client: &Client, about: &AboutClient) -> Vec<ClientFact> {
    let mut facts: Vec<ClientFact> = Vec::new();
    let mut say = |name: String, value: &str| {
        if !value.trim().is_empty() {
            facts.push(fact(name, value));
        }
    };
    for address in &client.addresses {
        say(named(&address.label, tr!("Address")), &place(address));
    }
    let branch = about.nearest_branch.as_ref();
    say(
        tr!("Nearest branch"),
        &branch.map(map_branch).unwrap_or_default(),
    );
    let balance: Vec<String> = about.balance.iter().map(ToString::to_string).collect();
    say(tr!("Balance"), &balance.join(" · "));
    let responsible = client.responsible.as_ref();
    let responsible = responsible.map(|employee| employee.plain());
    say(
        words::column("responsible"),
        &responsible.unwrap_or_default(),
    );
    say(tr!("Language"), &client.language);
    say(
        tr!("Greeting"),
        client.greeting.as_deref().unwrap_or_default(),
    );
    say(tr!("Tags"), &client.tags.join(", "));
    let consent = client.consent.as_ref().map(map_consent);
    say(tr!("Consent"), &consent.unwrap_or_default());
    let emails = client.emails.iter().map(map_email);
    let custom = about.custom.iter().map(|field| ClientFact {
        link: match field.kind {
            FieldType::Link if is_link(&field.value) => field.value.as_str().into(),
            _ => SharedString::new(),
        },
        ..fact(field.name.clone(), &field.value)
    });
    emails.chain(facts).chain(custom).collect()
}

fn fact(name: String, value: &str) -> ClientFact {
    ClientFact {
        name: text::line(&name),
        value: text::lines(value),
        link: SharedString::new(),
    }
}

fn named(label: &str, otherwise: String) -> String {
    match label {
        "" => otherwise,
        label => label.to_owned(),
    }
}

fn map_email(email: &ClientEmail) -> ClientFact {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@.-_+".contains(c);
    let writable = email.address.contains('@') && email.address.chars().all(plain);
    let fact = fact(named(&email.label, tr!("E-mail")), &email.address);
    match writable {
        true => ClientFact {
            link: format!("mailto:{}", email.address).into(),
            ..fact
        },
        false => fact,
    }
}

fn place(address: &Address) -> String {
    let country = country_name(&address.country);
    let parts = [address.street.as_str(), &address.city, country];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    match (parts.is_empty(), address.position) {
        (true, Some(position)) => position.plain(),
        _ => parts.join(", "),
    }
}

fn map_branch(branch: &NearestBranch) -> String {
    match branch.distance_km {
        Some(far) => format!("{} · {far:.0} km", branch.name),
        None => branch.name.clone(),
    }
}

fn map_consent(consent: &Consent) -> String {
    let answer = match consent.given {
        true => tr!("consent" => "given"),
        false => tr!("consent" => "refused"),
    };
    let parts = [
        answer,
        consent.at.map(text::date).unwrap_or_default(),
        consent.how.clone(),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

/// The kinds that have a list on the page, and how many there are of each.
pub fn map_kinds(records: &[Record]) -> Vec<RecordKind> {
    let map = |kind: &'static Kind| {
        let count = records.iter().filter(|record| record.kind == kind).count();
        RecordKind {
            key: kind.name.into(),
            title: words::kinds(kind).into(),
            count: i32::try_from(count).unwrap_or(i32::MAX),
        }
    };
    Kind::of_clients().map(map).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;

    use super::*;

    fn client() -> Client {
        let mut client = Client::named("Ivan Petrov", Timestamp::UNIX_EPOCH);
        client.emails = ["ivan@a.example", "x y@a.example"]
            .map(|address| ClientEmail {
                address: address.into(),
                label: String::new(),
            })
            .to_vec();
        client.consent = Some(Consent {
            given: true,
            at: Some("2026-11-22".parse().unwrap()),
            how: "on the phone".into(),
        });
        client
    }

    #[test]
    fn what_is_known_is_told_and_what_is_not_is_left_out() {
        let facts = facts(&client(), &AboutClient::default());
        let told: Vec<(&str, &str, &str)> = facts
            .iter()
            .map(|fact| (&*fact.name, &*fact.value, &*fact.link))
            .collect();
        assert_eq!(
            told,
            [
                ("E-mail", "ivan@a.example", "mailto:ivan@a.example"),
                ("E-mail", "x y@a.example", ""),
                ("Consent", "given · 22.11.2026 · on the phone", ""),
            ]
        );
    }

    #[test]
    fn s1_15_the_page_says_how_long_a_note_holds_and_that_it_must_be_acknowledged() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let mut client = client();
        assert_eq!(note_terms(&client, day("2026-11-22")), "");
        client.note_until = Some(day("2026-11-22"));
        client.note_acknowledge = true;
        assert_eq!(
            note_terms(&client, day("2026-11-22")),
            "until 22.11.2026 · must be acknowledged"
        );
        let over = note_terms(&client, day("2026-11-23"));
        assert!(over.contains("no longer on the card"), "{over}");
    }
}
