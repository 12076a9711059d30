//! Three-way merging of one client: what was the same when both sides last met, and what each has
//! made of it since.

use super::Side;
use crate::model::{Address, Client, ClientEmail, ClientPhone, Employee};

/// A field that both sides have changed, each in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The field's name in files.
    pub field: String,
    /// What holds now.
    pub kept: String,
    /// What was given up for it.
    pub lost: String,
}

/// One client of three, and the fields on which the two sides did not agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The client; of what no card carries, such as the photo, it is the one here.
    pub client: Client,
    /// Where the later side has won.
    pub clashes: Vec<Clash>,
}

/// What `here` and `there` have become since they were both `base`: a field that one side alone has
/// changed is as that side has it, and one that both have changed as `later` has it.
pub fn merge(base: &Client, here: &Client, there: &Client, later: Side) -> Merged {
    let mut merging = Merging {
        later,
        clashes: Vec::new(),
    };
    let m = &mut merging;
    let text = String::clone;
    let mut client = here.clone();
    client.name = m.one("name", [&base.name, &here.name, &there.name], text);
    client.company = m.one(
        "company",
        [&base.company, &here.company, &there.company],
        text,
    );
    client.kind = m.one("kind", [&base.kind, &here.kind, &there.kind], |kind| {
        kind.as_str().to_owned()
    });
    let categories = [&base.category, &here.category, &there.category];
    client.category = m.one("category", categories, ToString::to_string);
    let employees = [&base.responsible, &here.responsible, &there.responsible];
    client.responsible = m.one("responsible", employees, |employee| {
        employee.as_ref().map(Employee::plain).unwrap_or_default()
    });
    client.note = m.one("note", [&base.note, &here.note, &there.note], text);
    let days = [&base.note_until, &here.note_until, &there.note_until];
    client.note_until = m.one("note_until", days, |day| {
        day.map(|day| day.to_string()).unwrap_or_default()
    });
    let flags = [
        &base.note_acknowledge,
        &here.note_acknowledge,
        &there.note_acknowledge,
    ];
    client.note_acknowledge = m.one("note_acknowledge", flags, ToString::to_string);
    let greetings = [&base.greeting, &here.greeting, &there.greeting];
    client.greeting = m.one("greeting", greetings, |text| {
        text.clone().unwrap_or_default()
    });
    let languages = [&base.language, &here.language, &there.language];
    client.language = m.one("language", languages, text);
    let consents = [&base.consent, &here.consent, &there.consent];
    client.consent = m.one("consent", consents, |consent| {
        let given = consent.as_ref().map(|consent| consent.given);
        given.map(|given| given.to_string()).unwrap_or_default()
    });
    let flags = [&base.do_not_call, &here.do_not_call, &there.do_not_call];
    client.do_not_call = m.one("do_not_call", flags, ToString::to_string);
    client.phones = m.phones([base, here, there]);
    client.emails = m.emails([base, here, there]);
    client.addresses = m.addresses([base, here, there]);
    client.tags = m.tags([base, here, there]);
    client.custom = m.custom([base, here, there]);
    Merged {
        client,
        clashes: merging.clashes,
    }
}

/// What a part that is new was before.
static EMPTY: String = String::new();

struct Merging {
    later: Side,
    clashes: Vec<Clash>,
}

impl Merging {
    /// One value of three: base, here, there.
    fn one<T: Clone + PartialEq>(
        &mut self,
        field: &str,
        [base, here, there]: [&T; 3],
        text: impl Fn(&T) -> String,
    ) -> T {
        if here == there || there == base {
            return here.clone();
        }
        if here == base {
            return there.clone();
        }
        let (kept, lost) = self.later.of(here, there);
        self.clashes.push(Clash {
            field: field.to_owned(),
            kept: text(kept),
            lost: text(lost),
        });
        kept.clone()
    }

    fn phones(&mut self, [base, here, there]: [&Client; 3]) -> Vec<ClientPhone> {
        self.many(
            [&base.phones, &here.phones, &there.phones],
            |phone| phone.number,
            |m, was, here, there| {
                let mut phone = here.clone();
                let label = was.map_or(&EMPTY, |was| &was.label);
                let labels = [label, &here.label, &there.label];
                phone.label = m.one("phone_label", labels, String::clone);
                let extension = was.map_or(&EMPTY, |was| &was.extension);
                let extensions = [extension, &here.extension, &there.extension];
                phone.extension = m.one("phone", extensions, String::clone);
                phone
            },
        )
    }

    fn emails(&mut self, [base, here, there]: [&Client; 3]) -> Vec<ClientEmail> {
        self.many(
            [&base.emails, &here.emails, &there.emails],
            |email| email.address.clone(),
            |m, was, here, there| {
                let mut email = here.clone();
                let label = was.map_or(&EMPTY, |was| &was.label);
                let labels = [label, &here.label, &there.label];
                email.label = m.one("email_label", labels, String::clone);
                email
            },
        )
    }

    fn addresses(&mut self, [base, here, there]: [&Client; 3]) -> Vec<Address> {
        let three = [base, here, there].map(|client| numbered(&client.addresses));
        let merged = self.many(
            [&three[0], &three[1], &three[2]],
            |(key, _)| key.clone(),
            |m, was, (key, here), (_, there)| {
                let unknown = Address {
                    label: here.label.clone(),
                    ..Address::default()
                };
                let was = was.map_or(&unknown, |(_, was)| was);
                (
                    key.clone(),
                    m.one("street", [was, here, there], address_line),
                )
            },
        );
        merged.into_iter().map(|(_, address)| address).collect()
    }

    fn tags(&mut self, [base, here, there]: [&Client; 3]) -> Vec<String> {
        let three = [&base.tags, &here.tags, &there.tags];
        self.many(
            three,
            |tag| tag.to_lowercase(),
            |_, _, here, _| here.clone(),
        )
    }

    fn custom(&mut self, [base, here, there]: [&Client; 3]) -> Vec<(String, String)> {
        self.many(
            [&base.custom, &here.custom, &there.custom],
            |(name, _)| name.clone(),
            |m, was, (name, here), (_, there)| {
                let was = was.map_or(&EMPTY, |(_, was)| was);
                let value = m.one(name, [was, here, there], String::clone);
                (name.clone(), value)
            },
        )
    }

    /// Values that are told apart by a key: those that one side has added are there, those that one
    /// side has taken away are not unless the other has changed them. Where both have a value, `each`
    /// makes one of what it was, if anything, and what it is here and there.
    fn many<T: Clone + PartialEq, K: PartialEq>(
        &mut self,
        [base, here, there]: [&Vec<T>; 3],
        key: impl Fn(&T) -> K,
        each: impl Fn(&mut Self, Option<&T>, &T, &T) -> T,
    ) -> Vec<T> {
        if there == base || here == there {
            return here.clone();
        }
        if here == base {
            return there.clone();
        }
        let find = |list: &[T], wanted: &T| -> Option<T> {
            let wanted = key(wanted);
            list.iter().find(|one| key(one) == wanted).cloned()
        };
        // The later side's order, behind it what only the other has.
        let (first, second) = self.later.of(here, there);
        let is_new = |one: &&T| find(first, one).is_none();
        let all: Vec<&T> = first.iter().chain(second.iter().filter(is_new)).collect();
        let mut merged = Vec::with_capacity(all.len());
        for one in all {
            let was = find(base, one);
            match (find(here, one), find(there, one)) {
                (Some(here), Some(there)) => {
                    merged.push(each(self, was.as_ref(), &here, &there));
                }
                (Some(only), None) | (None, Some(only)) if was.as_ref() != Some(&only) => {
                    merged.push(only);
                }
                _ => {}
            }
        }
        merged
    }
}

/// Addresses by their label and their place among those of the same label.
fn numbered(addresses: &[Address]) -> Vec<((String, usize), Address)> {
    let place = |at: usize| {
        let before = addresses[..at].iter();
        before
            .filter(|one| one.label == addresses[at].label)
            .count()
    };
    let all = addresses.iter().enumerate();
    all.map(|(at, address)| ((address.label.clone(), place(at)), address.clone()))
        .collect()
}

fn address_line(address: &Address) -> String {
    let position = address.position.map(|position| position.plain());
    let parts = [
        &*address.street,
        &*address.city,
        &*address.country,
        position.as_deref().unwrap_or_default(),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}
