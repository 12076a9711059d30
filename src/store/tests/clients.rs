//! Clients: kept as given, found by number and by any part of what people know.

use std::time::Instant;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::WHO;
use crate::model::{
    Address, CallId, CallRecord, Category, CategoryId, Client, ClientEmail, ClientPhone, Consent,
    Direction, PhoneNumber, Position,
};
use crate::store::{CallFilter, Store, StoreError, sample};

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::from_e164(e164).unwrap()
}

fn client(name: &str) -> Client {
    Client::named(name, Timestamp::from_second(1_700_000_000).unwrap())
}

fn full_client() -> Client {
    Client {
        company: "Steppe LLP".into(),
        category: CategoryId::new("vip"),
        note: "Speak slowly\nand clearly".into(),
        greeting: Some("Good day, Ivan!".into()),
        responsible: None,
        note_until: Some("2026-12-31".parse().unwrap()),
        note_acknowledge: true,
        language: "ru".into(),
        phones: vec![
            ClientPhone {
                label: "mobile".into(),
                ..ClientPhone::new(number("+77011112233"))
            },
            ClientPhone {
                extension: "12".into(),
                ..ClientPhone::new(number("+77272500000"))
            },
        ],
        emails: vec![
            ClientEmail {
                address: "ivan@steppe.example".into(),
                label: "work".into(),
            },
            ClientEmail {
                address: "office@steppe.example".into(),
                label: String::new(),
            },
        ],
        addresses: vec![
            Address {
                street: "Abay 1".into(),
                city: "Almaty".into(),
                country: "KZ".into(),
                position: Position::new(43.2389, 76.8897),
                ..Address::default()
            },
            Address {
                label: "warehouse".into(),
                city: "Astana".into(),
                ..Address::default()
            },
        ],
        tags: vec!["steel".into(), "late payer".into()],
        consent: Some(Consent {
            given: true,
            at: Some("2026-11-01".parse().unwrap()),
            how: "on the phone".into(),
        }),
        do_not_call: true,
        custom: vec![
            ("Contract".into(), "17/2026".into()),
            ("Areas".into(), "قص، قطع".into()),
        ],
        ..client("Ivan Petrov")
    }
}

fn names(store: &Store, text: &str) -> Vec<String> {
    let found = store.read(|r| r.find_clients(text, 50)).unwrap();
    found.into_iter().map(|client| client.name).collect()
}

#[test]
fn s5_24_a_client_is_kept_changed_and_deleted_without_any_pbx() {
    let mut store = Store::in_memory().unwrap();
    let mut given = full_client();
    store.write(|w| w.save_client(&given)).unwrap();
    let read = |store: &Store| store.read(|r| r.find_client(given.id)).unwrap();
    let stored = read(&store).unwrap();
    let same = Client {
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        ..given.clone()
    };
    assert_eq!(stored, same);

    given.name = "Ivan S. Petrov".into();
    given.phones.remove(0);
    given.custom = vec![("Contract".into(), "18/2026".into())];
    store.write(|w| w.save_client(&given)).unwrap();
    let changed = read(&store).unwrap();
    assert_eq!(changed.phones, given.phones);
    assert_eq!(changed.custom, given.custom);
    assert_eq!(changed.created_at, stored.created_at);

    store.write(|w| w.delete_client(WHO, given.id)).unwrap();
    assert_eq!(read(&store), None);
    assert_eq!(names(&store, "petrov"), Vec::<String>::new());
    assert_eq!(
        store
            .read(|r| r.find_caller(Some(number("+77272500000")), "", None))
            .unwrap(),
        None
    );
    assert!(matches!(
        store.write(|w| w.delete_client(WHO, given.id)),
        Err(StoreError::Missing { what: "client", .. })
    ));
}

#[test]
fn s1_15_an_edited_note_is_on_the_next_look_up() {
    let mut store = Store::in_memory().unwrap();
    let mut ivan = full_client();
    store.write(|w| w.save_client(&ivan)).unwrap();
    ivan.note = "Call back after six".into();
    store.write(|w| w.save_client(&ivan)).unwrap();
    let found = store
        .read(|r| r.find_caller(Some(number("+77011112233")), "", None))
        .unwrap();
    assert_eq!(found.unwrap().client.unwrap().note, "Call back after six");
}

#[test]
fn s1_16_closed_orders_are_not_found_for_the_card() {
    let mut store = Store::in_memory().unwrap();
    let today = "2026-11-22".parse().unwrap();
    let office = store.write(|w| w.add_sample_office(today)).unwrap();
    let mut orders = store.read(|r| r.open_orders(office.ivan)).unwrap();
    assert_eq!(orders[0].due.unwrap().to_string(), "2026-11-20");
    orders[0].closed = true;
    store.write(|w| w.save_order(&orders[0])).unwrap();
    let found = store
        .read(|r| r.find_caller(Some(number(sample::IVAN)), "", None))
        .unwrap();
    assert!(found.unwrap().orders.is_empty());
    assert_eq!(store.read(|r| r.orders(office.ivan)).unwrap(), orders);
}

#[test]
fn s1_24_a_photo_comes_back_octet_for_octet() {
    let mut store = Store::in_memory().unwrap();
    let ivan = full_client();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend((0..200_000u32).flat_map(u32::to_le_bytes));
    let photo = store.write(|w| {
        w.save_client(&ivan)
            .and_then(|()| w.set_photo(ivan.id, &png))
    });
    let photo = photo.unwrap();
    let stored = store.read(|r| r.load_photo(photo)).unwrap();
    assert_eq!(Sha256::digest(&stored.bytes), Sha256::digest(&png));
    assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(&png)));
    let found = store
        .read(|r| r.find_caller(Some(number("+77011112233")), "", None))
        .unwrap();
    let shown = found.unwrap().photo.unwrap();
    assert_eq!((shown.id, &*shown.mime), (photo, "image/png"));

    // Saving the client's texts leaves the photo.
    store.write(|w| w.save_client(&ivan)).unwrap();
    assert_eq!(
        store.read(|r| r.load_client(ivan.id)).unwrap().photo,
        Some(photo)
    );
    let refused = store
        .write(|w| w.set_photo(ivan.id, b"GIF89a"))
        .unwrap_err();
    assert!(refused.to_string().contains("PNG or JPEG"), "{refused}");
}

#[test]
fn s1_26_and_s1_28_a_saved_or_added_number_takes_the_calls_that_were_nobodys() {
    let mut store = Store::in_memory().unwrap();
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, Timestamp::UNIX_EPOCH);
    call.number = Some(number("+77770000000"));
    store.write(|w| w.save_call(&call)).unwrap();
    let ivan = full_client();
    store.write(|w| w.save_client(&ivan)).unwrap();
    store
        .write(|w| w.add_number(ivan.id, number("+77770000000"), ""))
        .unwrap();
    let line = store.read(|r| r.find_call(call.call)).unwrap().unwrap();
    assert_eq!(line.client_name.as_deref(), Some("Ivan Petrov"));
    let found = store
        .read(|r| r.find_caller(Some(number("+77770000000")), "", None))
        .unwrap();
    assert_eq!(found.unwrap().client.unwrap().phones.len(), 3);

    // The phone knows nothing of the link; what it writes later does not undo it.
    call.ended_at = Some(Timestamp::UNIX_EPOCH);
    store.write(|w| w.save_call(&call)).unwrap();
    let line = store.read(|r| r.find_call(call.call)).unwrap().unwrap();
    assert_eq!(line.record.client, Some(ivan.id));
}

#[test]
fn s1_19_an_internal_caller_is_found_among_the_employees() {
    let mut store = Store::in_memory().unwrap();
    store
        .write(|w| w.add_sample_office("2026-11-22".parse().unwrap()))
        .unwrap();
    let found = store
        .read(|r| r.find_caller(None, "102", Some("101")))
        .unwrap()
        .unwrap();
    assert_eq!(found.colleague.unwrap().name, "Bek");
    assert_eq!(found.employee.unwrap().name, "Anna");
    assert_eq!(
        store
            .read(|r| r.find_caller(None, "bob", Some("999")))
            .unwrap(),
        None
    );
}

#[test]
fn merging_moves_numbers_orders_and_calls_and_retires_the_double() {
    let mut store = Store::in_memory().unwrap();
    let office = store
        .write(|w| w.add_sample_office("2026-11-22".parse().unwrap()))
        .unwrap();
    let mut double = client("I. Petrov").with_phone(number("+77770000000"));
    double.note = "Prefers mornings".into();
    store.write(|w| w.save_client(&double)).unwrap();
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, Timestamp::UNIX_EPOCH);
    (call.number, call.client) = (Some(number("+77770000000")), Some(double.id));
    store.write(|w| w.save_call(&call)).unwrap();

    store
        .write(|w| w.merge_clients(WHO, double.id, office.ivan))
        .unwrap();
    let kept = store.read(|r| r.load_client(double.id)).unwrap();
    assert_eq!(kept.phones.len(), 2);
    assert_eq!(kept.name, "I. Petrov");
    assert_eq!(kept.company, "Steppe LLP");
    assert_eq!(kept.category.as_str(), "vip");
    assert_eq!(kept.note, "Prefers mornings\nSpeak slowly");
    assert_eq!(
        store.read(|r| r.open_orders(double.id)).unwrap()[0].number,
        "1001"
    );
    assert_eq!(store.read(|r| r.find_client(office.ivan)).unwrap(), None);
    let of_double = CallFilter {
        clients: Some(vec![double.id]),
        ..CallFilter::default()
    };
    assert_eq!(store.read(|r| r.count_calls(&of_double)).unwrap(), 1);
    assert!(
        store
            .write(|w| w.merge_clients(WHO, double.id, double.id))
            .is_err()
    );
}

#[test]
fn s5_27_the_five_categories_exist_and_can_be_renamed_and_extended() {
    let mut store = Store::in_memory().unwrap();
    let keys = |store: &Store| -> Vec<String> {
        let all = store.read(|r| r.categories()).unwrap();
        all.iter().map(|category| category.id.to_string()).collect()
    };
    assert_eq!(
        keys(&store),
        ["ordinary", "vip", "problem", "potential", "active"]
    );
    let dealer = Category {
        id: CategoryId::new("dealer"),
        name: "Dealer".into(),
        colour: "#0f766e".into(),
        icon: "store".into(),
        rank: 60,
    };
    let mut vip = store.read(|r| r.find_category("Vip")).unwrap().unwrap();
    vip.name = "Very important".into();
    store
        .write(|w| {
            w.save_category(&dealer)
                .and_then(|()| w.save_category(&vip))
        })
        .unwrap();
    assert_eq!(keys(&store).len(), 6);
    let found = store.read(|r| r.find_category("VERY IMPORTANT")).unwrap();
    assert_eq!(
        found.map(|category| category.id),
        Some(CategoryId::new("vip"))
    );

    let mut stray = client("Stray");
    stray.category = CategoryId::new("nonsense");
    let error = store.write(|w| w.save_client(&stray)).unwrap_err();
    assert_eq!(error.to_string(), "no category nonsense");
}

#[test]
fn a_client_must_have_something_to_be_known_by_and_keeps_within_its_limits() {
    let mut store = Store::in_memory().unwrap();
    let mut refused = |client: &Client| store.write(|w| w.save_client(client)).unwrap_err();
    assert!(
        refused(&client(""))
            .to_string()
            .contains("a name, a company or a number")
    );
    let mut wordy = client("Wordy");
    wordy.note = "x".repeat(64 * 1024 + 1);
    assert!(refused(&wordy).to_string().starts_with("note: "));
    let mut many = client("Many");
    many.phones = (0..101)
        .map(|n| ClientPhone::new(number(&format!("+7701000{n:04}"))))
        .collect();
    assert!(refused(&many).to_string().starts_with("phone: "));
}

#[test]
fn s1_4_a_client_is_found_by_any_part_of_name_company_number_or_email() {
    let mut store = Store::in_memory().unwrap();
    store.write(|w| w.save_client(&full_client())).unwrap();
    let long = "Ж".repeat(200);
    for name in [
        "محمد الأحمد",
        "Őrsi Gergő",
        "王小明",
        "किशोर थापा",
        "O'Neil \"Quick\" 100%_*",
        &long,
    ] {
        store.write(|w| w.save_client(&client(name))).unwrap();
    }
    for text in [
        "Ivan",
        "PETROV",
        "trov",
        "petrov ivan",
        "ivan steppe",
        "stepp",
        "@steppe",
        "iv",
        "n p",
        "+7 701 111 22 33",
        "8 701 111 22 33",
        "1112233",
        "701 111",
        "22 33",
        "2725",
        "٧٠١١١١",
    ] {
        assert_eq!(names(&store, text), ["Ivan Petrov"], "{text:?}");
    }
    for (text, name) in [
        ("احمد", "محمد الأحمد"),
        ("orsi", "Őrsi Gergő"),
        ("ÖRSI", "Őrsi Gergő"),
        ("小", "王小明"),
        ("小明", "王小明"),
        ("王小明", "王小明"),
        ("थापा", "किशोर थापा"),
        ("o'neil", "O'Neil \"Quick\" 100%_*"),
        ("\"quick\"", "O'Neil \"Quick\" 100%_*"),
        ("0%_*", "O'Neil \"Quick\" 100%_*"),
        (&long, &long),
    ] {
        assert_eq!(names(&store, text), [name], "{text:?}");
    }
    for text in [
        "",
        "  ",
        "xyz",
        "petrovich",
        "ivan olga",
        "tsevan",
        "999",
        "*",
        "%%",
        "\" OR \"a",
    ] {
        let found = names(&store, text);
        let expected: &[&str] = if text == "*" {
            &["O'Neil \"Quick\" 100%_*"]
        } else {
            &[]
        };
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn s1_4_a_client_is_found_by_any_part_of_every_field_in_every_script_without_its_marks() {
    let mut store = Store::in_memory().unwrap();
    let people = [
        (
            "Zoë Brontë",
            "Café Crème",
            "zoe@cafe.example",
            "Prefers façades",
            "+33142685300",
        ),
        (
            "Пётр Королёв",
            "ООО «Зелёный дом»",
            "королёв@пример.рф",
            "Ждёт счёт",
            "+77011112233",
        ),
        (
            "مُحَمَّد الأحمد",
            "شركة الإمارات",
            "محمد@مثال.إختبار",
            "يفضّل الصباح",
            "+971501234567",
        ),
        (
            "क़ासिम हिन्दवाँ",
            "ज़मीन ट्रेडर्स",
            "क़ासिम@उदाहरण.भारत",
            "सुबह फ़ोन करें",
            "+9779812345678",
        ),
    ];
    for (name, company, email, note, phone) in people {
        let mut person = client(name).with_phone(number(phone));
        (person.company, person.note) = (company.into(), note.into());
        person.set_email(email);
        store.write(|w| w.save_client(&person)).unwrap();
        // Every run of characters of every word, shorter and longer than the index has.
        let words = [name, company, email, note, &phone[1..]].map(str::split_whitespace);
        for word in words.into_iter().flatten() {
            let plain = crate::store::search::fold(word);
            for text in [word, &plain] {
                let letters: Vec<char> = text.chars().collect();
                for length in [2, 3, 5, letters.len()].map(|length| length.min(letters.len())) {
                    for part in letters.windows(length).map(String::from_iter) {
                        let part: String = part;
                        // A mark alone is nothing to look for.
                        if crate::store::search::fold(&part).trim().chars().count() > 1 {
                            assert!(
                                names(&store, &part).contains(&name.to_owned()),
                                "{part}: {name}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_index_follows_every_change_of_a_client() {
    let mut store = Store::in_memory().unwrap();
    let mut ivan = full_client();
    store.write(|w| w.save_client(&ivan)).unwrap();
    ivan.name = "Sergey".into();
    store.write(|w| w.save_client(&ivan)).unwrap();
    assert!(names(&store, "petrov").is_empty());
    assert_eq!(names(&store, "sergey"), ["Sergey"]);
    store.write(|w| w.delete_client(WHO, ivan.id)).unwrap();
    assert!(names(&store, "sergey").is_empty());
    store.write(|w| w.save_client(&ivan)).unwrap();
    assert_eq!(names(&store, "sergey"), ["Sergey"], "entered again");
    let check = "INSERT INTO clients_search (clients_search) VALUES ('integrity-check')";
    store.connection.execute(check, []).unwrap();
}

#[test]
fn texts_that_are_left_to_the_end_are_found_after_it() {
    let mut store = Store::in_memory().unwrap();
    let known = client("Known before");
    store.write(|w| w.save_client(&known)).unwrap();
    let [kept, gone, odd] = ["Kept", "Gone", "Odd\0one \"quoted\""].map(client);
    let renamed = Client {
        name: "Renamed".into(),
        ..known
    };
    store
        .write(|w| {
            w.gather_texts();
            for client in [&kept, &gone, &odd, &renamed] {
                w.save_client(client)?;
            }
            w.delete_client(WHO, gone.id)
        })
        .unwrap();
    for (text, found) in [
        ("kept", 1),
        ("gone", 0),
        ("quoted", 1),
        ("renamed", 1),
        ("before", 0),
    ] {
        assert_eq!(names(&store, text).len(), found, "{text}");
    }
    let check = "INSERT INTO clients_search (clients_search) VALUES ('integrity-check')";
    store.connection.execute(check, []).unwrap();
}

#[test]
fn a_part_that_is_given_twice_or_comes_back_is_there_once() {
    let mut store = Store::in_memory().unwrap();
    let mut ivan = full_client();
    let phone = ivan.phones[0].clone();
    ivan.phones.push(ClientPhone {
        label: "again".into(),
        ..phone
    });
    store.write(|w| w.save_client(&ivan)).unwrap();
    let stored = store.read(|r| r.load_client(ivan.id)).unwrap();
    assert_eq!(stored.phones.len() + 1, ivan.phones.len());
    assert_eq!(stored.phones.last().unwrap().label, "again");
    store.write(|w| w.delete_client(WHO, ivan.id)).unwrap();
    store.write(|w| w.save_client(&stored)).unwrap();
    let back = store.read(|r| r.load_client(ivan.id)).unwrap();
    assert_eq!(back.phones, stored.phones);
    assert_eq!(back.emails, stored.emails);
    assert_eq!(back.addresses, stored.addresses);
    assert_eq!((back.tags, back.custom), (stored.tags, stored.custom));
}

#[test]
fn s1_4_search_over_100_000_clients_finds_exactly_what_a_walk_over_all_finds() {
    let mut store = Store::in_memory().unwrap();
    store.write(|w| w.add_bulk_clients(0, 100_000)).unwrap();
    let mut all = Vec::new();
    store
        .read(|r| {
            r.each_client(|client| {
                all.push(crate::store::search::searchable(&client));
                Ok::<(), StoreError>(())
            })
        })
        .unwrap();
    assert_eq!(all.len(), 100_000);
    for text in [
        "nagy",
        "petrov 99",
        "kovacs",
        "0012345",
        "himal traders 7",
        "لاحمد",
        "थापा",
        "ŁUKASZ",
        "e4",
    ] {
        let folded = crate::store::search::fold(text);
        let words: Vec<&str> = folded.split_whitespace().collect();
        let expected = all
            .iter()
            .filter(|line| words.iter().all(|w| line.contains(w)))
            .count();
        let asked = Instant::now();
        let first_page = store.read(|r| r.find_clients(text, 50)).unwrap();
        let took = asked.elapsed();
        eprintln!("{text:?}: {expected} of 100 000, first page in {took:?}");
        assert_eq!(first_page.len(), expected.min(50), "{text:?}");
        let found = store.read(|r| r.find_clients(text, 100_000)).unwrap();
        assert_eq!(found.len(), expected, "{text:?}");
    }
    let page = store.read(|r| r.clients(50_000, 3)).unwrap();
    assert_eq!(page.len(), 3);
    assert_eq!(store.read(|r| r.count_clients()).unwrap(), 100_000);
}
