//! The form of a client: every field of the record as a text.

use ringbook_ui::{FieldKind, FormField, FormLine, FormSection};

use crate::model::{
    Address, Category, Client, ClientEmail, ClientField, ClientKind, ClientPhone, FieldDefinition,
    FieldType, Lists,
};
use crate::tr;
use crate::ui::form::{Form, choice, field, line, model, removable, section};
use crate::ui::record_form::employees;
use crate::words;

/// The sections that can have one more line, by their places.
pub const NUMBERS: usize = 1;
pub const EMAILS: usize = 3;
pub const ADDRESSES: usize = 5;

/// Keys of fields that are no single field of a client.
pub const EXTENSION: &str = "phone_ext";
pub const PHOTO: &str = "photo";
pub const NO_PHOTO: &str = "photo_remove";
/// Before the names of the office's own fields, so that none of them is taken for another.
pub const CUSTOM: &str = "custom:";

/// The form of a client; of one that nothing is known of yet for a new one.
pub fn form_of(client: &Client, lists: &Lists) -> Form {
    Form::new(vec![
        who(client, lists),
        numbers(client),
        note(client),
        emails(client),
        own_fields(client, lists),
        addresses(client),
        care(client, lists),
        consent(client),
        photo(client),
    ])
}

/// An empty line for a section that can have one more.
pub fn new_line(section: usize) -> Option<FormLine> {
    Some(match section {
        NUMBERS => number_line(None),
        EMAILS => email_line(&ClientEmail::default()),
        ADDRESSES => address_line(&Address::default()),
        _ => return None,
    })
}

fn once(name: &'static str, kind: FieldKind, text: &str) -> FormField {
    field(
        name,
        words::client_field(&ClientField::Once(name)),
        kind,
        text,
    )
}

/// A section that is folded while nothing is in it.
fn rare(section: FormSection, used: bool) -> FormSection {
    FormSection {
        foldable: true,
        folded: !used,
        ..section
    }
}

fn who(client: &Client, lists: &Lists) -> FormSection {
    let categories = lists.categories.iter().map(category_option).collect();
    let label = |name| words::client_field(&ClientField::Once(name));
    let kinds = ClientKind::WORDS.map(|word| (words::chosen(word), word.to_owned()));
    let first = vec![
        once("name", FieldKind::Text, &client.name),
        once("company", FieldKind::Text, &client.company),
    ];
    let second = vec![
        choice(
            "category",
            label("category"),
            categories,
            client.category.as_str(),
        ),
        choice("kind", label("kind"), kinds.to_vec(), client.kind.as_str()),
    ];
    section(String::new(), vec![line(first), line(second)])
}

fn category_option(category: &Category) -> (String, String) {
    (category.name.clone(), category.id.to_string())
}

fn numbers(client: &Client) -> FormSection {
    let mut lines: Vec<FormLine> = client
        .phones
        .iter()
        .map(|phone| number_line(Some(phone)))
        .collect();
    if lines.is_empty() {
        lines.push(number_line(None));
    }
    FormSection {
        add: tr!("Add a number").into(),
        ..section(tr!("Numbers"), lines)
    }
}

fn number_line(phone: Option<&ClientPhone>) -> FormLine {
    let number = phone.map(|phone| phone.number.international());
    let extension = phone.map(|phone| phone.extension.as_str());
    let label = phone.map(|phone| phone.label.as_str());
    removable(
        tr!("Remove this number"),
        vec![
            field(
                "phone",
                tr!("Number"),
                FieldKind::Phone,
                &number.unwrap_or_default(),
            ),
            FormField {
                short: true,
                ..field(
                    EXTENSION,
                    tr!("Extension"),
                    FieldKind::Text,
                    extension.unwrap_or_default(),
                )
            },
            labelled("phone_label", label.unwrap_or_default()),
        ],
    )
}

fn labelled(key: &str, label: &str) -> FormField {
    FormField {
        placeholder: tr!("mobile, office…").into(),
        ..field(key, tr!("Label"), FieldKind::Text, label)
    }
}

fn note(client: &Client) -> FormSection {
    let until = client.note_until.map(|day| day.to_string());
    let acknowledge = if client.note_acknowledge { "yes" } else { "" };
    let terms = vec![
        once("note_until", FieldKind::Date, &until.unwrap_or_default()),
        once("note_acknowledge", FieldKind::Flag, acknowledge),
    ];
    let note = once("note", FieldKind::Lines, &client.note);
    section(tr!("Note on the card"), vec![line(vec![note]), line(terms)])
}

fn emails(client: &Client) -> FormSection {
    FormSection {
        add: tr!("Add an e-mail address").into(),
        ..section(
            tr!("E-mail"),
            client.emails.iter().map(email_line).collect(),
        )
    }
}

fn email_line(email: &ClientEmail) -> FormLine {
    let address = field("email", tr!("E-mail"), FieldKind::Text, &email.address);
    removable(
        tr!("Remove this e-mail address"),
        vec![address, labelled("email_label", &email.label)],
    )
}

/// The fields that the office has defined, and those that the client has beside them.
fn own_fields(client: &Client, lists: &Lists) -> FormSection {
    let text = |name: &str| {
        let mut custom = client.custom.iter();
        let known = custom.find(|(known, _)| known == name);
        known.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let defined = lists
        .fields
        .iter()
        .map(|definition| own_field(definition, text(&definition.name)));
    let is_defined = |name: &str| {
        lists
            .fields
            .iter()
            .any(|definition| definition.name == name)
    };
    let others = client.custom.iter().filter(|(name, _)| !is_defined(name));
    let others = others.map(|(name, value)| custom_field(name, FieldKind::Text, value));
    let fields: Vec<FormField> = defined.chain(others).collect();
    let used = !client.custom.is_empty();
    let lines = fields.chunks(2).map(|pair| line(pair.to_vec())).collect();
    rare(
        section(tr!("Fields of your own"), lines),
        used || !lists.fields.is_empty(),
    )
}

fn custom_field(name: &str, kind: FieldKind, text: &str) -> FormField {
    field(&format!("{CUSTOM}{name}"), name.to_owned(), kind, text)
}

fn own_field(definition: &FieldDefinition, text: &str) -> FormField {
    let kind = match definition.kind {
        FieldType::Text => FieldKind::Text,
        FieldType::Number => FieldKind::Number,
        FieldType::Date => FieldKind::Date,
        FieldType::Money => FieldKind::Money,
        FieldType::Link => FieldKind::Link,
        FieldType::Choice => {
            let options = definition
                .choices
                .iter()
                .map(|one| (one.clone(), one.clone()));
            let none = [("–".to_owned(), String::new())];
            let options = none.into_iter().chain(options).collect();
            let key = format!("{CUSTOM}{}", definition.name);
            return choice(&key, definition.name.clone(), options, text);
        }
    };
    custom_field(&definition.name, kind, text)
}

fn addresses(client: &Client) -> FormSection {
    let lines = client.addresses.iter().map(address_line).collect();
    let section = FormSection {
        add: tr!("Add an address").into(),
        ..section(tr!("Addresses"), lines)
    };
    rare(section, !client.addresses.is_empty())
}

fn address_line(address: &Address) -> FormLine {
    let text = |key: &str, text: &str| field(key, words::column(key), FieldKind::Text, text);
    let position = address.position.map(|position| position.plain());
    let position = position.unwrap_or_default();
    FormLine {
        more: model(vec![
            text("country", &address.country),
            field(
                "position",
                words::column("position"),
                FieldKind::Place,
                &position,
            ),
            FormField {
                placeholder: tr!("warehouse, office…").into(),
                ..field(
                    "address_label",
                    tr!("Label"),
                    FieldKind::Text,
                    &address.label,
                )
            },
        ]),
        ..removable(
            tr!("Remove this address"),
            vec![text("street", &address.street), text("city", &address.city)],
        )
    }
}

fn care(client: &Client, lists: &Lists) -> FormSection {
    let responsible = client.responsible.as_ref().map(|one| one.plain());
    let responsible = responsible.unwrap_or_default();
    let everybody = employees(&lists.employees);
    let greeting = client.greeting.as_deref().unwrap_or_default();
    let lines = vec![
        line(vec![
            choice(
                "responsible",
                words::column("responsible"),
                everybody,
                &responsible,
            ),
            FormField {
                placeholder: tr!("A code such as ru or kk").into(),
                ..once("language", FieldKind::Text, &client.language)
            },
        ]),
        line(vec![FormField {
            placeholder: tr!("Parted by semicolons").into(),
            ..once("tags", FieldKind::Text, &client.tags.join("; "))
        }]),
        line(vec![FormField {
            help: "{first_name}, {last_name}, {name}, {company}".into(),
            ..once("greeting", FieldKind::Text, greeting)
        }]),
    ];
    let used = !responsible.is_empty()
        || !greeting.is_empty()
        || !client.language.is_empty()
        || !client.tags.is_empty();
    rare(section(tr!("How to treat this client"), lines), used)
}

fn consent(client: &Client) -> FormSection {
    let given = client.consent.as_ref();
    let answer = match given.map(|consent| consent.given) {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    let answers = [
        (tr!("Nobody has asked"), ""),
        (tr!("Given"), "yes"),
        (tr!("Refused"), "no"),
    ];
    let answers = answers
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec();
    let at = given
        .and_then(|consent| consent.at)
        .map(|day| day.to_string());
    let how = given.map(|consent| consent.how.as_str());
    let block = if client.do_not_call { "yes" } else { "" };
    let label = words::client_field(&ClientField::Once("consent"));
    let lines = vec![
        line(vec![
            choice("consent", label, answers, answer),
            once("consent_at", FieldKind::Date, &at.unwrap_or_default()),
            once("consent_how", FieldKind::Text, how.unwrap_or_default()),
        ]),
        line(vec![once("do_not_call", FieldKind::Flag, block)]),
    ];
    let used = given.is_some() || client.do_not_call;
    rare(section(tr!("Consent"), lines), used)
}

fn photo(client: &Client) -> FormSection {
    let file = FormField {
        help: tr!("The path of a PNG or JPEG file of at most 16 MiB. The file is kept as it is.")
            .into(),
        ..field(PHOTO, tr!("Photo"), FieldKind::File, "")
    };
    let remove = field(NO_PHOTO, tr!("Take the photo away"), FieldKind::Flag, "");
    let remove = client.photo.map(|_| line(vec![remove]));
    let lines = [line(vec![file])].into_iter().chain(remove).collect();
    rare(section(tr!("Photo"), lines), false)
}
