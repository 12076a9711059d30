//! What is written is read as it was.

use jiff::Timestamp;
use proptest::prelude::*;

use crate::model::{
    Address, Client, ClientEmail, ClientKind, ClientPhone, Consent, Employee, EmployeeId, Lists,
    PhoneNumber, Photo, PhotoId, Position,
};
use crate::vcard::{Version, Writing, read_card, write_card};

const VERSIONS: [Version; 2] = [Version::V3, Version::V4];

fn anna() -> Employee {
    Employee {
        id: EmployeeId::from_bytes([1; 16]),
        name: "Anna".into(),
        extension: "101".into(),
    }
}

fn lists() -> Lists {
    let category = |key: &str| crate::model::Category {
        id: crate::model::CategoryId::new(key),
        name: key.to_uppercase(),
        colour: String::new(),
        icon: String::new(),
        rank: 0,
    };
    Lists {
        categories: ["ordinary", "vip"].map(category).to_vec(),
        employees: vec![anna()],
        ..Lists::default()
    }
}

/// A client with everything that there is.
fn everything() -> Client {
    let number = |e164: &str| PhoneNumber::from_e164(e164).unwrap();
    let phone = |e164, label: &str, extension: &str| ClientPhone {
        number: number(e164),
        label: label.into(),
        extension: extension.into(),
    };
    let email = |address: &str, label: &str| ClientEmail {
        address: address.into(),
        label: label.into(),
    };
    Client {
        kind: ClientKind::Company,
        company: "Steppe, Sons; and \\ Co".into(),
        category: crate::model::CategoryId::new("vip"),
        responsible: Some(anna()),
        note: "Speak slowly,\nplease; \\n is no line end".into(),
        note_until: Some("2026-12-31".parse().unwrap()),
        note_acknowledge: true,
        greeting: Some("Good day, {first_name}!".into()),
        language: "ru".into(),
        phones: vec![
            phone("+77271234567", "work fax", "12"),
            phone("+77011112233", "mobile", ""),
            phone("+77012223344", "Neighbour, at night", "7"),
            phone("+77013334455", "fax work", ""),
        ],
        emails: vec![
            email("ivan@a.example", "work"),
            email("b@a.example", "Büro"),
        ],
        addresses: vec![
            Address {
                label: "home".into(),
                street: "Abay 1; flat 2".into(),
                city: "Almaty".into(),
                country: "KZ".into(),
                position: Position::new(43.2389, 76.8897),
            },
            Address {
                label: "склад".into(),
                position: Position::new(-51.5, -0.25),
                ..Address::default()
            },
        ],
        tags: vec!["steel, pipes".into(), "late payer".into()],
        consent: Some(Consent {
            given: false,
            at: Some("2026-11-01".parse().unwrap()),
            how: "on paper; signed".into(),
        }),
        do_not_call: true,
        custom: [
            ("Department", "Sales; North"),
            ("Title", "Director, acting"),
            ("Birthday", "1980-02-29"),
            ("Website", "https://a.example/?q=a,b;c"),
            ("Contract; No.", "17/2026, old"),
            ("Nickname", "Vanya, Ваня"),
            ("Anniversary", "some day"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .to_vec(),
        ..Client::named("Ivan Ivanovich Petrov", Timestamp::UNIX_EPOCH)
    }
}

/// The client as it comes back from a card.
fn again(client: &Client, version: Version) -> (String, Client) {
    let how = Writing {
        version,
        ..Writing::default()
    };
    let card = write_card(client, &how);
    let read = read_card(card.as_bytes()).unwrap();
    assert_eq!(read.others, [""; 0], "{card}");
    let back = read.client(&lists(), client.created_at).unwrap();
    (card, back)
}

#[test]
fn a_client_with_everything_comes_back_from_its_card_in_both_versions() {
    for version in VERSIONS {
        let client = everything();
        let (card, back) = again(&client, version);
        assert_eq!(back, client, "{card}");
    }
}

#[test]
fn a_card_of_version_4_stands_as_rfc_6350_has_it() {
    let client = Client {
        id: "019312d0-7c1e-7a52-9d0b-3f1f0a7f55aa".parse().unwrap(),
        kind: ClientKind::Person,
        ..everything()
    };
    let (card, _) = again(&client, Version::V4);
    let expected = "BEGIN:VCARD\r\n\
        VERSION:4.0\r\n\
        UID:urn:uuid:019312d0-7c1e-7a52-9d0b-3f1f0a7f55aa\r\n\
        FN:Ivan Ivanovich Petrov\r\n\
        N:Petrov;Ivan;Ivanovich;;\r\n\
        ORG:Steppe\\, Sons\\; and \\\\ Co;Sales\\; North\r\n\
        TEL;VALUE=uri;PREF=1;TYPE=work,fax:tel:+77271234567;ext=12\r\n\
        TEL;VALUE=uri;TYPE=cell:tel:+77011112233\r\n\
        item1.TEL;VALUE=uri:tel:+77012223344;ext=7\r\n\
        item1.X-ABLabel:Neighbour\\, at night\r\n\
        item2.TEL;VALUE=uri:tel:+77013334455\r\n\
        item2.X-ABLabel:fax work\r\n\
        EMAIL;PREF=1;TYPE=work:ivan@a.example\r\n\
        item3.EMAIL:b@a.example\r\n\
        item3.X-ABLabel:Büro\r\n\
        ADR;GEO=\"geo:43.2389,76.8897\";PREF=1;TYPE=home:;;Abay 1\\; flat 2;Almaty;;;K\r\n Z\r\n\
        item4.ADR;GEO=\"geo:-51.5,-0.25\":;;;;;;\r\n\
        item4.X-ABLabel:склад\r\n\
        LANG:ru\r\n\
        CATEGORIES:steel\\, pipes,late payer\r\n\
        NOTE:Speak slowly\\,\\nplease\\; \\\\n is no line end\r\n\
        TITLE:Director\\, acting\r\n\
        BDAY:19800229\r\n\
        URL:https://a.example/?q=a,b;c\r\n\
        X-RINGBOOK-FIELD:Contract\\; No.;17/2026\\, old\r\n\
        NICKNAME:Vanya\\, Ваня\r\n\
        X-RINGBOOK-FIELD:Anniversary;some day\r\n\
        X-RINGBOOK-CATEGORY:vip\r\n\
        X-RINGBOOK-GREETING:Good day\\, {first_name}!\r\n\
        X-RINGBOOK-RESPONSIBLE:101 Anna\r\n\
        X-RINGBOOK-NOTE-UNTIL:2026-12-31\r\n\
        X-RINGBOOK-NOTE-ACKNOWLEDGE:yes\r\n\
        X-RINGBOOK-CONSENT:no\r\n\
        X-RINGBOOK-CONSENT-AT:2026-11-01\r\n\
        X-RINGBOOK-CONSENT-HOW:on paper\\; signed\r\n\
        X-RINGBOOK-DO-NOT-CALL:yes\r\n\
        END:VCARD\r\n";
    assert_eq!(card, expected);
}

#[test]
fn no_line_is_longer_than_75_octets_and_no_character_is_cut() {
    let mut client = Client::named("Ж".repeat(400), Timestamp::UNIX_EPOCH);
    client.note = "👩‍👩‍👧‍👦x".repeat(100);
    for version in VERSIONS {
        let (card, back) = again(&client, version);
        assert_eq!((&back.name, &back.note), (&client.name, &client.note));
        for line in card.split("\r\n") {
            assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line:?}");
        }
    }
}

#[test]
fn a_photo_keeps_its_octets() {
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    for (version, mime) in [(Version::V3, "image/jpeg"), (Version::V4, "image/png")] {
        let photo = Photo {
            id: PhotoId::new(),
            mime: mime.into(),
            bytes: bytes.clone(),
            sha256: [0; 32],
        };
        let how = Writing {
            version,
            photo: Some(&photo),
            ..Writing::default()
        };
        let card = write_card(&everything(), &how);
        assert_eq!(
            read_card(card.as_bytes()).unwrap().photo.as_ref(),
            Some(&bytes)
        );
    }
}

#[test]
fn lines_of_another_program_and_the_time_of_the_last_change_are_kept() {
    let others = [
        "X-PHONETIC:a\\,b",
        "item7.X-ABDATE;TYPE=\"a;b\":2026",
        "GENDER:F",
    ];
    let others = others.map(str::to_owned);
    let how = Writing {
        rev: Some("2026-11-22T10:00:00Z".parse().unwrap()),
        others: &others,
        ..Writing::default()
    };
    let client = everything();
    let card = write_card(&client, &how);
    let read = read_card(card.as_bytes()).unwrap();
    assert_eq!((read.rev, &*read.others), (how.rev, &others[..]));
    assert_eq!(read.client_id(), Some(client.id));
    assert!(card.contains("item8.TEL"), "{card}");
}

#[test]
fn what_another_program_changed_counts_more_than_what_it_was_exactly() {
    let mut client = everything();
    client.note = "one\r\ntwo".into();
    let (card, back) = again(&client, Version::V4);
    assert_eq!(back.note, "one\r\ntwo");
    let changed = card.replace("NOTE:one\\ntwo", "NOTE:three");
    let read = read_card(changed.as_bytes()).unwrap();
    assert_eq!(
        read.client(&lists(), client.created_at).unwrap().note,
        "three"
    );
}

/// Texts of all kinds: what vCard escapes and what it cannot carry among them.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z ,;:\\\\\"'\\n^=]{0,40}",
        "\\PC{0,200}",
        "[\\x00-\\x20\\x7f;,\\\\n]{0,10}",
    ]
}

fn clients() -> impl Strategy<Value = Client> {
    let contacts = (
        prop::collection::vec((text(), "[0-9]{0,8}"), 0..4),
        prop::collection::vec((text(), text()), 0..3),
        prop::collection::vec((text(), text(), text(), any::<Option<(i8, i8)>>()), 0..3),
        prop::collection::vec((text(), text()), 0..4),
        prop::collection::vec(text(), 0..3),
    );
    (text(), text(), text(), text(), any::<bool>(), contacts).prop_map(
        |(name, company, note, language, is_company, contacts)| {
            let (phones, emails, addresses, custom, tags) = contacts;
            let mut client = Client {
                kind: if is_company {
                    ClientKind::Company
                } else {
                    ClientKind::Person
                },
                company,
                note,
                language,
                tags: tags
                    .iter()
                    .map(|t| t.replace(';', "").trim().to_owned())
                    .collect(),
                ..Client::named(name, Timestamp::UNIX_EPOCH)
            };
            for (at, (label, extension)) in phones.into_iter().enumerate() {
                let number = PhoneNumber::from_e164(&format!("+7701111220{at}")).unwrap();
                client.phones.push(ClientPhone {
                    number,
                    label,
                    extension,
                });
            }
            let email = |(address, label)| ClientEmail { address, label };
            client.emails = emails.into_iter().map(email).collect();
            for (label, street, city, place) in addresses {
                let position = place.and_then(|(north, east)| {
                    Position::new(f64::from(north) / 7.0, f64::from(east))
                });
                let country = String::new();
                client.addresses.push(Address {
                    label,
                    street,
                    city,
                    country,
                    position,
                });
            }
            for (name, text) in custom {
                if !Client::is_field(&name) && !name.trim().is_empty() && !name.contains('\0') {
                    client.set_custom(&name, &text);
                }
            }
            client.tidied()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 256 } else { 2000 }))]

    #[test]
    fn any_client_comes_back_from_its_card(client in clients()) {
        for version in VERSIONS {
            let (card, back) = again(&client, version);
            prop_assert_eq!(&back, &client, "{}", card);
            prop_assert_eq!(again(&back, version).0, card);
        }
    }
}
