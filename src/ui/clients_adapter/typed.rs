//! What was typed in a client's form, as changes of the client as it is when they are kept.

use std::path::PathBuf;

use ringbook_ui::FieldKind;

use super::client_form::{CUSTOM, EXTENSION, NO_PHOTO, PHOTO};
use crate::model::{
    Address, Client, ClientEmail, ClientField, ClientPhone, Lists, NotAllowed, Position,
};
use crate::tr;
use crate::ui::file_choice::path_of;
use crate::ui::form::{Form, Placed, fault};

/// What was typed in a client's form: changes of the client as it is when they are kept.
pub struct Typed {
    once: Vec<(ClientField, String)>,
    phones: Option<Vec<ClientPhone>>,
    emails: Option<Vec<ClientEmail>>,
    addresses: Option<Vec<Address>>,
    /// What becomes of the photo.
    pub photo: PhotoChange,
}

/// What becomes of a client's photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhotoChange {
    /// It stays.
    None,
    /// It goes.
    Clear,
    /// A file takes its place.
    File(PathBuf),
}

impl Typed {
    /// What was typed; none where something is wrong, which is said beside its field by then.
    pub fn read(form: &Form, client: &Client, lists: &Lists) -> Option<Self> {
        form.forgive();
        let typed = Self {
            once: read_once(form, client, lists),
            phones: read_phones(form, lists),
            emails: read_emails(form),
            addresses: read_addresses(form),
            photo: read_photo(form),
        };
        if form.is_wrong() {
            form.show_wrong();
            return None;
        }
        Some(typed)
    }

    /// Changes the client so.
    ///
    /// # Errors
    /// A list has changed meanwhile, and a value fits no more.
    pub fn apply(&self, client: &mut Client, lists: &Lists) -> Result<(), NotAllowed> {
        for (field, text) in &self.once {
            client.set(field, text, lists)?;
        }
        if let Some(phones) = &self.phones {
            client.phones.clone_from(phones);
        }
        if let Some(emails) = &self.emails {
            client.emails.clone_from(emails);
        }
        if let Some(addresses) = &self.addresses {
            client.addresses.clone_from(addresses);
        }
        Ok(())
    }
}

fn read_once(form: &Form, client: &Client, lists: &Lists) -> Vec<(ClientField, String)> {
    let mut trial = client.clone();
    let mut typed = Vec::new();
    if form.text("consent").is_empty() && !is_consent_plain(form) {
        let text = tr!("Choose first what the client said.");
        form.complain("consent", &text);
        return typed;
    }
    for placed in form.fields() {
        let key = placed.field.key.clone();
        let Some(field) = once_field(&key).filter(|_| form.has_changed(&key)) else {
            continue;
        };
        let text = placed.text().to_owned();
        match trial.set(&field, &text, lists) {
            Ok(()) => typed.push((field, text)),
            Err(error) => {
                let text = fault(placed.field.kind, &error);
                placed.complain(text);
            }
        }
    }
    typed
}

/// Whether nothing is said of a consent beside that there is none.
fn is_consent_plain(form: &Form) -> bool {
    form.text("consent_at").is_empty() && form.text("consent_how").is_empty()
}

/// The field of the client that a field of the form is, where there is one of it.
fn once_field(key: &str) -> Option<ClientField> {
    if let Some(name) = key.strip_prefix(CUSTOM) {
        return Some(ClientField::Custom(name.to_owned()));
    }
    match ClientField::named(key) {
        field @ ClientField::Once(_) => Some(field),
        _ => None,
    }
}

/// The lines that have a field of this name, where one of `keys` was typed in.
fn changed_lines(form: &Form, keys: &[&str]) -> Option<Vec<Vec<Placed>>> {
    if !keys.iter().any(|key| form.has_changed(key)) {
        return None;
    }
    let mut lines = form.lines();
    lines.retain(|line| line.iter().any(|placed| placed.field.key == keys[0]));
    Some(lines)
}

fn text_of(line: &[Placed], key: &str) -> String {
    let field = line.iter().find(|placed| placed.field.key == key);
    field
        .map(|placed| placed.text().to_owned())
        .unwrap_or_default()
}

fn complain_of(line: Vec<Placed>, key: &str, text: String) {
    let field = line.into_iter().find(|placed| placed.field.key == key);
    if let Some(field) = field {
        field.complain(text);
    }
}

fn read_phones(form: &Form, lists: &Lists) -> Option<Vec<ClientPhone>> {
    let lines = changed_lines(form, &["phone", EXTENSION, "phone_label"])?;
    let mut phones: Vec<ClientPhone> = Vec::new();
    for line in lines {
        let (number, extension) = (text_of(&line, "phone"), text_of(&line, EXTENSION));
        let label = text_of(&line, "phone_label");
        if number.is_empty() && extension.is_empty() && label.is_empty() {
            continue;
        }
        let whole = match extension.is_empty() {
            true => number.clone(),
            false => format!("{number} ext. {extension}"),
        };
        match ClientPhone::parse(&whole, lists.country) {
            Ok(phone) if phones.iter().any(|known| known.number == phone.number) => {
                complain_of(line, "phone", tr!("This number is here twice."));
            }
            Ok(phone) => phones.push(ClientPhone { label, ..phone }),
            Err(_) => {
                let error = NotAllowed::new(&whole, "");
                complain_of(line, "phone", fault(FieldKind::Phone, &error));
            }
        }
    }
    Some(phones)
}

fn read_emails(form: &Form) -> Option<Vec<ClientEmail>> {
    let lines = changed_lines(form, &["email", "email_label"])?;
    let read = |line: Vec<Placed>| ClientEmail {
        address: text_of(&line, "email"),
        label: text_of(&line, "email_label"),
    };
    Some(lines.into_iter().map(read).collect())
}

fn read_addresses(form: &Form) -> Option<Vec<Address>> {
    let keys = ["street", "city", "country", "position", "address_label"];
    let lines = changed_lines(form, &keys)?;
    let mut addresses = Vec::new();
    for line in lines {
        let place = text_of(&line, "position");
        let position = Position::parse(&place);
        addresses.push(Address {
            label: text_of(&line, "address_label"),
            street: text_of(&line, "street"),
            city: text_of(&line, "city"),
            country: text_of(&line, "country"),
            position,
        });
        if position.is_none() && !place.is_empty() {
            let error = NotAllowed::new(&place, Position::ALLOWED);
            complain_of(line, "position", fault(FieldKind::Place, &error));
        }
    }
    Some(addresses)
}

fn read_photo(form: &Form) -> PhotoChange {
    let path = form.text(PHOTO);
    match (&*path, &*form.text(NO_PHOTO)) {
        ("", "yes") => PhotoChange::Clear,
        ("", _) => PhotoChange::None,
        (path, _) => PhotoChange::File(path_of(path)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;
    use ringbook_ui::slint::Model as _;

    use super::super::client_form::{ADDRESSES, EMAILS, NUMBERS, form_of, new_line};
    use super::*;
    use crate::model::{
        Category, CategoryId, Consent, Country, Employee, EmployeeId, FieldDefinition, FieldType,
    };

    fn lists() -> Lists {
        let category = |key: &str, name: &str| Category {
            id: CategoryId::new(key),
            name: name.into(),
            colour: String::new(),
            icon: String::new(),
            rank: 1,
        };
        let own = |name: &str, kind, choices: &[&str]| FieldDefinition {
            name: name.into(),
            kind,
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        };
        Lists {
            categories: vec![category("ordinary", "Ordinary"), category("vip", "VIP")],
            employees: vec![Employee {
                id: EmployeeId::new(),
                name: "Anna".into(),
                extension: "101".into(),
            }],
            fields: vec![
                own("Contract", FieldType::Number, &[]),
                own("Metal", FieldType::Choice, &["Gold", "Silver"]),
            ],
            country: "KZ".parse::<Country>().ok(),
        }
    }

    /// A client of whom everything is known.
    fn whole() -> Client {
        let lists = lists();
        let mut client = Client::named("Ivan Petrov", Timestamp::UNIX_EPOCH);
        client.company = "Steppe LLP".into();
        client.category = CategoryId::new("vip");
        client.responsible = lists.employees.first().cloned();
        client.note = "Speak\nslowly".into();
        client.note_until = Some("2026-12-31".parse().unwrap());
        client.note_acknowledge = true;
        client.greeting = Some("Good day!".into());
        client.language = "ru".into();
        client.phones = ["+77011112233", "+77272500000 ext. 12"]
            .map(|number| ClientPhone {
                label: "office".into(),
                ..ClientPhone::parse(number, None).unwrap()
            })
            .to_vec();
        client.emails = vec![ClientEmail {
            address: "a@a.example".into(),
            label: "work".into(),
        }];
        client.addresses = vec![Address {
            label: "warehouse".into(),
            street: "Abay 1".into(),
            city: "Almaty".into(),
            country: "KZ".into(),
            position: Position::parse("43.2389, 76.8897"),
        }];
        client.tags = vec!["steel".into(), "late".into()];
        client.consent = Some(Consent {
            given: false,
            at: Some("2026-11-22".parse().unwrap()),
            how: "on paper".into(),
        });
        client.do_not_call = true;
        client.custom = vec![
            ("Contract".into(), "17".into()),
            ("Metal".into(), "Gold".into()),
            ("Old".into(), "kept".into()),
        ];
        client
    }

    fn type_in(form: &Form, key: &str, nth: usize, text: &str) {
        let fields = form.fields().into_iter();
        let mut named = fields.filter(|placed| placed.field.key == key);
        named.nth(nth).unwrap().write(text);
    }

    fn errors(form: &Form) -> Vec<(String, String)> {
        let wrong = form.fields().into_iter();
        wrong
            .filter(|placed| !placed.field.error.is_empty())
            .map(|placed| (placed.field.key.to_string(), placed.field.error.to_string()))
            .collect()
    }

    #[test]
    fn every_field_is_in_the_form_and_comes_back_from_it() {
        let (client, lists) = (whole(), lists());
        let form = form_of(&client, &lists);
        let keys: Vec<String> = form
            .fields()
            .iter()
            .map(|p| p.field.key.to_string())
            .collect();
        for (field, text) in client.texts() {
            let key = match &field {
                ClientField::Custom(name) => format!("{CUSTOM}{name}"),
                ClientField::Once(name) | ClientField::At(name, _) => (*name).to_owned(),
            };
            assert!(keys.contains(&key), "{field} is not in the form: {text}");
        }
        // Typed anew in the form of an empty client, it is the same client.
        let mut copy = Client {
            id: client.id,
            ..Client::named("", Timestamp::UNIX_EPOCH)
        };
        let empty = form_of(&copy, &lists);
        for section in [NUMBERS, EMAILS, ADDRESSES] {
            empty.add_line(section, new_line(section).unwrap());
        }
        let mut seen: std::collections::BTreeMap<String, usize> = Default::default();
        for placed in form.fields() {
            let key = placed.field.key.to_string();
            let nth = seen.entry(key.clone()).or_default();
            if key != "custom:Old" && !placed.field.text.is_empty() {
                type_in(&empty, &key, *nth, &placed.field.text);
            }
            *nth += 1;
        }
        let typed = Typed::read(&empty, &copy, &lists).unwrap();
        typed.apply(&mut copy, &lists).unwrap();
        // What the office has not defined is kept, and not asked of others.
        copy.set_custom("Old", "kept");
        assert_eq!(copy.tidied().texts(), client.texts());
    }

    #[test]
    fn only_what_was_typed_is_changed() {
        let lists = lists();
        let form = form_of(&whole(), &lists);
        type_in(&form, "company", 0, "Steppe JSC");
        type_in(&form, "phone_label", 1, "gate");
        let typed = Typed::read(&form, &whole(), &lists).unwrap();
        // Meanwhile somebody has changed the note.
        let mut client = whole();
        client.note = "On holiday".into();
        typed.apply(&mut client, &lists).unwrap();
        assert_eq!(
            (&*client.company, &*client.note),
            ("Steppe JSC", "On holiday")
        );
        assert_eq!(client.phones[1].label, "gate");
        assert_eq!(client.phones[1].extension, "12");
        assert_eq!(client.emails, whole().emails);
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field_and_nothing_is_taken() {
        let lists = lists();
        for (key, text) in [
            ("phone", "bob"),
            ("phone_ext", "x!"),
            ("note_until", "tomorrow"),
            ("position", "north"),
            ("consent_at", "x"),
            ("custom:Contract", "much"),
        ] {
            let form = form_of(&whole(), &lists);
            type_in(&form, key, 0, text);
            assert!(Typed::read(&form, &whole(), &lists).is_none(), "{key}");
            let wrong = errors(&form);
            assert_eq!(wrong.len(), 1, "{key}: {wrong:?}");
            assert!(!wrong[0].1.contains("Possible: \u{2069}"), "{wrong:?}");
        }
        let form = form_of(&whole(), &lists);
        type_in(&form, "phone", 1, "8 701 111 22 33");
        assert!(Typed::read(&form, &whole(), &lists).is_none());
        assert!(errors(&form)[0].1.contains("twice"), "{:?}", errors(&form));
    }

    #[test]
    fn a_day_of_consent_needs_an_answer() {
        let lists = lists();
        let client = Client::named("Ivan", Timestamp::UNIX_EPOCH);
        let form = form_of(&client, &lists);
        type_in(&form, "consent_at", 0, "2026-11-22");
        assert!(Typed::read(&form, &client, &lists).is_none());
        assert_eq!(errors(&form)[0].0, "consent");
        let sections = form.sections();
        let folded = sections.iter().find(|section| section.title == "Consent");
        assert!(!folded.unwrap().folded, "what is wrong is in sight");
    }

    #[test]
    fn a_photo_is_taken_from_a_file_or_goes() {
        let lists = lists();
        let mut client = whole();
        client.photo = Some(crate::model::PhotoId::new());
        let change = |key: &str, text: &str| {
            let form = form_of(&client, &lists);
            type_in(&form, key, 0, text);
            Typed::read(&form, &client, &lists).unwrap().photo
        };
        assert_eq!(change(NO_PHOTO, "yes"), PhotoChange::Clear);
        let file = PhotoChange::File("/home/me/a b.png".into());
        assert_eq!(change(PHOTO, "file:///home/me/a b.png"), file);
        assert_eq!(change("company", "x"), PhotoChange::None);
    }
}
