//! Business records, the office's lists, changes and the timeline.

use jiff::{Timestamp, ToSpan};

use super::WHO;
use crate::i18n;
use crate::model::{
    Block, CallId, CallRecord, CardLayout, Client, ClientId, Direction, Employee, EmployeeId, Kind,
    Money, PhoneNumber, Position, Record, RecordingId, RecordingRow, RecordingState, Value,
    ValueType,
};
use crate::store::{CallerQuery, Happening, Store, StoreError, TimelineFilter, sample};

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::from_e164(e164).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn money(minor: i64, currency: &str) -> Value {
    let currency = currency.to_owned();
    Value::Money(Money { minor, currency })
}

/// A store with one client.
fn with_ivan() -> (Store, Client) {
    let mut store = Store::in_memory().unwrap();
    let mut ivan = Client::named("Ivan Petrov", Timestamp::now()).with_phone(number(sample::IVAN));
    ivan.language = "ru".into();
    store.write(|w| w.save_client(&ivan)).unwrap();
    (store, ivan)
}

fn save(store: &mut Store, record: &Record) {
    store.write(|w| w.save_record(record)).unwrap();
}

fn of(kind: &'static Kind, client: &Client, key: Value) -> Record {
    Record::new(kind, Some(client.id), Timestamp::now()).with(kind.key().name, key)
}

fn office(kind: &'static Kind, key: &str) -> Record {
    Record::new(kind, None, Timestamp::now()).with(kind.key().name, text(key))
}

fn branch(name: &str, city: &str, place: Option<(f64, f64)>) -> Record {
    office(Kind::BRANCH, name)
        .with("city", text(city))
        .with("latitude", place.map(|place| Value::Number(place.0)))
        .with("longitude", place.map(|place| Value::Number(place.1)))
}

fn about(store: &Store, client: ClientId, now: &str) -> crate::model::AboutClient {
    let about = store.read(|r| r.about(&r.load_client(client)?, at(now)));
    about.unwrap()
}

#[test]
fn every_kind_of_record_comes_back_with_every_value_and_goes() {
    let (mut store, ivan) = with_ivan();
    let anna = Employee {
        id: EmployeeId::new(),
        name: "Anna".into(),
        extension: "101".into(),
    };
    store.write(|w| w.save_employee(&anna)).unwrap();
    for kind in Kind::ALL {
        let owner = kind.of_client.then_some(ivan.id);
        let mut record = Record::new(kind, owner, Timestamp::now());
        for column in kind.columns {
            record.set(
                column.name,
                match column.holds {
                    ValueType::Text | ValueType::Stage | ValueType::Link => {
                        text(&format!("{} of it", column.name))
                    }
                    ValueType::Number => Value::Number(12.5),
                    ValueType::Whole => Value::Whole(7),
                    ValueType::Date => Value::Date("2026-11-20".parse().unwrap()),
                    ValueType::Moment => Value::Moment(at("2026-11-20T10:00:00Z")),
                    ValueType::Money | ValueType::Debt => money(-1_250_050, "KZT"),
                    ValueType::Flag => Value::Flag(true),
                    ValueType::Employee => Value::Employee(anna.clone()),
                    ValueType::Choice(words) => text(words[0]),
                },
            );
        }
        if kind == Kind::CARD {
            record.set("blocks", text("note; field:Level"));
        }
        if kind == Kind::VIEW {
            record.set("columns", text("status 120; talk 80"));
            record.set("sort", text("talk:down; client"));
            record.set("filter", text("status: missed, busy; talk: > 5:00"));
        }
        if kind == Kind::LOOK {
            record.set("value", text("missed"));
            record.set("icon", text("bell-ring"));
            record.set("colour", text("#b91c1c"));
        }
        save(&mut store, &record);
        let stored = store.read(|r| r.find_record(kind, record.id)).unwrap();
        let stored = stored.unwrap();
        assert_eq!(stored.values, record.values, "{}", kind.name);
        assert_eq!(stored.client, owner);

        // Nothing but the key: every other value is taken away again.
        let mut bare = Record {
            values: vec![None; kind.columns.len()],
            ..record.clone()
        };
        bare.values[0] = record.values[0].clone();
        save(&mut store, &bare);
        let stored = store.read(|r| r.find_record(kind, record.id)).unwrap();
        if kind != Kind::FIELD {
            assert_eq!(stored.unwrap().values, bare.values, "{}", kind.name);
        }
        store.write(|w| w.delete_record(kind, record.id)).unwrap();
        assert!(store.read(|r| r.records(kind, owner)).unwrap().is_empty());
        let gone = store.write(|w| w.delete_record(kind, record.id));
        assert!(matches!(gone, Err(StoreError::Missing { .. })));
    }
}

#[test]
fn s5_7_a_look_that_no_call_can_have_is_refused_with_what_is_allowed() {
    let mut store = Store::in_memory().unwrap();
    let mut refused = |value: &str, field: &str, colour: &str| {
        let look = office(Kind::LOOK, value)
            .with("field", text(field))
            .with("colour", text(colour));
        store
            .write(|w| w.save_record(&look))
            .map_err(|e| e.to_string())
    };
    assert_eq!(refused("incoming", "direction", "#b91c1c"), Ok(()));
    assert_eq!(refused("Anything at all", "tags", ""), Ok(()));
    assert!(
        refused("lost", "status", "")
            .unwrap_err()
            .contains("missed")
    );
    assert!(
        refused("perhaps", "too_long", "")
            .unwrap_err()
            .contains("yes, no")
    );
    assert!(
        refused("0:48", "talk", "")
            .unwrap_err()
            .contains("category")
    );
    assert!(
        refused("missed", "status", "red")
            .unwrap_err()
            .contains("#0f766e")
    );
}

#[test]
fn s1_2_a_clients_records_are_read_by_an_index() {
    let store = Store::in_memory().unwrap();
    for kind in Kind::of_clients() {
        let plan = crate::store::records::plan(&store.connection, kind, "t.client = ?1");
        let plan = plan.unwrap();
        let by_index = format!("SEARCH t USING INDEX {}_by_client (client=?)", kind.table);
        assert_eq!(plan[0], by_index, "{plan:?}");
        assert!(plan.iter().all(|step| !step.contains("SCAN")), "{plan:?}");
    }
}

#[test]
fn a_record_needs_its_key_and_a_client_that_is_there() {
    let (mut store, ivan) = with_ivan();
    let nameless = Record::new(Kind::REQUEST, Some(ivan.id), Timestamp::now());
    let error = store.write(|w| w.save_record(&nameless)).unwrap_err();
    assert!(error.to_string().starts_with("number: "), "{error}");
    let nobody = Client::named("Nobody", Timestamp::now());
    let stray = of(Kind::REQUEST, &nobody, text("R-1"));
    let error = store.write(|w| w.save_record(&stray)).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    let kept = of(Kind::REQUEST, &ivan, text("R-2"));
    save(&mut store, &kept);
    let everybodys = |store: &Store| store.read(|r| r.records(Kind::REQUEST, None)).unwrap();
    assert_eq!(everybodys(&store).len(), 1);
    store.write(|w| w.delete_client(WHO, ivan.id)).unwrap();
    assert!(everybodys(&store).is_empty(), "whose client is gone");
    let lost = branch("North", "Astana", Some((91.0, 0.0)));
    let error = store.write(|w| w.save_record(&lost)).unwrap_err();
    assert!(error.to_string().contains("-90 to 90"), "{error}");
}

#[test]
fn s1_16_an_order_takes_a_stage_of_the_offices_own_list_and_the_last_one_closes_it() {
    let (mut store, ivan) = with_ivan();
    let order = |stage: &str| of(Kind::ORDER, &ivan, text("1001")).with("stage", text(stage));
    save(&mut store, &order("Anything at all"));
    for (name, kind, closes) in [
        ("Cutting", "order", false),
        ("Done", "", true),
        ("Answered", "request", true),
    ] {
        let stage = office(Kind::STAGE, name)
            .with("kind", Some(kind).filter(|k| !k.is_empty()).map(text))
            .with("closes", closes.then_some(Value::Flag(true)));
        save(&mut store, &stage);
    }
    let error = store
        .write(|w| w.save_record(&order("Painting")))
        .unwrap_err();
    assert!(error.to_string().contains("Cutting, Done"), "{error}");
    assert!(!error.to_string().contains("Answered"), "{error}");
    let cutting = order("CUTTING");
    save(&mut store, &cutting);
    let stored = |store: &Store| {
        store
            .read(|r| r.find_record(Kind::ORDER, cutting.id))
            .unwrap()
    };
    assert_eq!(stored(&store).unwrap().text("stage"), "Cutting");
    assert!(!stored(&store).unwrap().is("closed"));

    let done = stored(&store).unwrap().with("stage", text("Done"));
    save(&mut store, &done);
    assert!(stored(&store).unwrap().is("closed"));
    let open = store.read(|r| r.open_orders(ivan.id)).unwrap();
    assert_eq!(open.len(), 1, "the one from before there were stages");

    // A stage by another name is the same stage.
    let stages = store.read(|r| r.stages(Kind::ORDER)).unwrap();
    let stage = stages
        .iter()
        .find(|stage| stage.text("name") == "Done")
        .unwrap();
    save(&mut store, &stage.clone().with("name", text("Delivered")));
    assert_eq!(stored(&store).unwrap().text("stage"), "Delivered");
}

#[test]
fn a_custom_field_takes_what_its_definition_allows_and_stands_in_the_offices_order() {
    let (mut store, mut ivan) = with_ivan();
    let fields = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    };
    // Before there are definitions every field is a text.
    ivan.custom = fields(&[("Level", "Tin"), ("Remark", "x"), ("Since", "2020-01-31")]);
    store.write(|w| w.save_client(&ivan)).unwrap();
    for (name, holds, choices, rank) in [
        ("Since", "date", "", 20),
        ("Level", "choice", "Gold; Silver", 10),
    ] {
        let field = office(Kind::FIELD, name)
            .with("type", text(holds))
            .with("choices", Some(choices).filter(|c| !c.is_empty()).map(text))
            .with("rank", Value::Whole(rank));
        save(&mut store, &field);
    }
    let stored = |store: &Store| store.read(|r| r.load_client(ivan.id)).unwrap();
    let order = [("Level", "Tin"), ("Since", "2020-01-31"), ("Remark", "x")];
    assert_eq!(stored(&store).custom, fields(&order));

    // What stood there before may stay while something else changes; a new value must fit.
    let mut changed = stored(&store);
    changed.note = "Speak slowly".into();
    store.write(|w| w.save_client(&changed)).unwrap();
    changed.set_custom("Level", "Bronze");
    let error = store.write(|w| w.save_client(&changed)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Level: \"Bronze\" is not allowed; allowed: Gold, Silver"
    );
    changed.set_custom("Level", "gold");
    store.write(|w| w.save_client(&changed)).unwrap();
    assert_eq!(stored(&store).custom[0].1, "Gold");
    let shown = about(&store, ivan.id, "2026-11-22T09:00:00Z").custom;
    assert_eq!(shown[1].kind.to_string(), "date");

    // Renamed, it is the same field of every client.
    let all = store.read(|r| r.records(Kind::FIELD, None)).unwrap();
    save(&mut store, &all[0].clone().with("name", text("Rank")));
    assert_eq!(stored(&store).custom[0], ("Rank".into(), "Gold".into()));
    let taken = office(Kind::FIELD, "Phone2");
    assert!(store.write(|w| w.save_record(&taken)).is_err());
    let empty = office(Kind::FIELD, "Colour").with("type", text("choice"));
    let error = store.write(|w| w.save_record(&empty)).unwrap_err();
    assert!(error.to_string().starts_with("choices: "), "{error}");
}

#[test]
fn s1_21_a_client_is_greeted_in_the_clients_own_language_and_by_the_offices_words() {
    let (mut store, mut ivan) = with_ivan();
    let id = ivan.id;
    let greeting = |store: &Store| about(store, id, "2026-11-22T09:00:00Z").greeting;
    let russian = i18n::translate_into(i18n::Language::Russian, "Hello, {first_name}!");
    assert_ne!(russian, "Hello, {first_name}!");
    assert_eq!(greeting(&store), russian.replace("{first_name}", "Ivan"));
    let office_words = office(Kind::GREETING, "RU").with("text", text("Рады слышать, {name}!"));
    save(&mut store, &office_words);
    assert_eq!(greeting(&store), "Рады слышать, Ivan Petrov!");
    ivan.greeting = Some("Good day, Mr {last_name}.".into());
    store.write(|w| w.save_client(&ivan)).unwrap();
    assert_eq!(greeting(&store), "Good day, Mr Petrov.");
}

#[test]
fn s4_24_the_nearest_branch_is_named_and_without_a_place_the_one_in_the_city() {
    let (mut store, mut ivan) = with_ivan();
    let id = ivan.id;
    let nearest = |store: &Store| about(store, id, "2026-11-22T09:00:00Z").nearest_branch;
    assert_eq!(nearest(&store), None);
    for found in [
        branch("Zenith", "Almaty", Some((43.25, 76.95))),
        branch("Astana", "Astana", Some((51.17, 71.45))),
        branch("Alatau", "Almaty", Some((43.25, 76.95))),
        branch("Nowhere", "Shymkent", None),
    ] {
        save(&mut store, &found);
    }
    assert_eq!(
        nearest(&store),
        None,
        "nothing is known of the client's place"
    );
    ivan.change_address(|address| address.city = "ALMATY".into());
    store.write(|w| w.save_client(&ivan)).unwrap();
    let in_city = nearest(&store).unwrap();
    assert_eq!((&*in_city.name, in_city.distance_km), ("Alatau", None));
    ivan.change_address(|address| address.position = Position::new(50.0, 72.0));
    store.write(|w| w.save_client(&ivan)).unwrap();
    let by_place = nearest(&store).unwrap();
    assert_eq!(by_place.name, "Astana");
    assert!(
        (120.0..145.0).contains(&by_place.distance_km.unwrap()),
        "{by_place:?}"
    );
    ivan.change_address(|address| address.position = Position::new(43.2, 76.9));
    store.write(|w| w.save_client(&ivan)).unwrap();
    assert_eq!(
        nearest(&store).unwrap().name,
        "Alatau",
        "of two as near the first"
    );
}

#[test]
fn s4_20_and_s4_22_purchases_balance_requests_and_the_next_appointment_are_found_for_the_card() {
    let (mut store, ivan) = with_ivan();
    for (n, day) in ["2026-01-10", "2026-03-10", "2026-02-10", "2025-12-31"]
        .iter()
        .enumerate()
    {
        let purchase = of(Kind::PURCHASE, &ivan, text(&format!("P-{n}")))
            .with("day", Value::Date(day.parse().unwrap()))
            .with("amount", money(100, "EUR"));
        save(&mut store, &purchase);
    }
    for (account, balance) in [
        ("main", money(1_250_000, "KZT")),
        ("credit", money(-2_000_000, "KZT")),
        ("travel", money(5_000, "EUR")),
    ] {
        let account = of(Kind::ACCOUNT, &ivan, text(account)).with("balance", balance);
        save(&mut store, &account);
    }
    for (when, cancelled) in [
        ("2026-11-21T10:00:00Z", false),
        ("2026-11-23T10:00:00Z", true),
        ("2026-11-25T10:00:00Z", false),
        ("2026-11-24T10:00:00Z", false),
    ] {
        let visit = of(Kind::APPOINTMENT, &ivan, Value::Moment(at(when)))
            .with("cancelled", cancelled.then_some(Value::Flag(true)));
        save(&mut store, &visit);
    }
    let open = of(Kind::REQUEST, &ivan, text("R-1")).with("subject", text("Late delivery"));
    save(&mut store, &open);
    let closed = of(Kind::REQUEST, &ivan, text("R-2")).with("closed", Value::Flag(true));
    save(&mut store, &closed);

    let now = at("2026-11-22T09:00:00Z");
    let asked = CallerQuery {
        number: Some(number(sample::IVAN)),
        text: String::new(),
        extension: None,
        at: now,
        client: None,
    };
    let found = store.read(|r| r.look_up(&asked)).unwrap();
    let about = found.unwrap().about;
    let keys = |records: &[Record]| -> Vec<String> {
        let key = |record: &Record| record.values[0].as_ref().map(Value::plain);
        records.iter().filter_map(key).collect()
    };
    assert_eq!(keys(&about.purchases), ["P-1", "P-2", "P-0"]);
    assert_eq!(keys(&about.requests), ["R-1"]);
    let next = about.next_appointment.unwrap().moment("at").unwrap();
    assert_eq!(next, at("2026-11-24T10:00:00Z"));
    let balance: Vec<String> = about.balance.iter().map(Money::plain).collect();
    assert_eq!(balance, ["50 EUR", "-7500 KZT"]);

    // S4.5: a request that is closed is no longer on the card.
    save(&mut store, &open.with("closed", Value::Flag(true)));
    let found = store.read(|r| r.look_up(&asked));
    assert!(found.unwrap().unwrap().about.requests.is_empty());
}

#[test]
fn s5_32_the_timeline_has_everything_of_all_numbers_the_latest_first_by_pages() {
    let (mut store, mut ivan) = with_ivan();
    ivan = ivan.with_phone(number("+77770000000"));
    store.write(|w| w.save_client(&ivan)).unwrap();
    let began = at("2030-01-01T09:00:00Z");
    for (n, e164) in [sample::IVAN, "+77770000000"].iter().enumerate() {
        let mut call = CallRecord::begin(
            CallId::new(),
            Direction::Incoming,
            began + (n as i64).hours(),
        );
        call.number = Some(number(e164));
        call.client = Some(ivan.id);
        call.ended_at = Some(call.started_at);
        let recording = RecordingRow {
            id: RecordingId::new(),
            call: call.call,
            file: format!("{n}.wav"),
            started_at: call.started_at + 1.second(),
            duration: std::time::Duration::ZERO,
            channels: 2,
            sample_rate: 8_000,
            codec: "pcm_s16le".into(),
            size: 44,
            sha256: None,
            state: RecordingState::Finished,
        };
        store
            .write(|w| {
                w.save_call(&call)?;
                w.save_recording(&recording)
            })
            .unwrap();
    }
    let old = of(Kind::PURCHASE, &ivan, text("P-1"))
        .with("day", Value::Date("2001-01-01".parse().unwrap()));
    save(&mut store, &old);
    let visit = of(
        Kind::APPOINTMENT,
        &ivan,
        Value::Moment(at("2031-01-01T09:00:00Z")),
    );
    save(&mut store, &visit);
    save(
        &mut store,
        &of(Kind::NOTE, &ivan, Value::Moment(at("2000-01-01T09:00:00Z"))),
    );
    let other = Client::named("Olga", Timestamp::now());
    store.write(|w| w.save_client(&other)).unwrap();
    save(&mut store, &of(Kind::ORDER, &other, text("7")));

    let page = |offset, limit| {
        store
            .read(|r| r.timeline(ivan.id, TimelineFilter::All, offset, limit))
            .unwrap()
    };
    let words = |offset, limit| -> Vec<String> {
        let entries = page(offset, limit).into_iter();
        entries.map(|entry| entry.what.word().to_owned()).collect()
    };
    let all = [
        "appointment",
        "recording",
        "call",
        "recording",
        "call",
        "change",
        "purchase",
        "note",
    ];
    assert_eq!(words(0, 50), all);
    let by_pages: Vec<String> = (0..4).flat_map(|page| words(page * 2, 2)).collect();
    assert_eq!(by_pages, all);
    let entries = page(0, 50);
    assert!(entries.is_sorted_by(|one, other| one.at >= other.at));
    let Happening::Change(change) = &entries[5].what else {
        panic!("{:?}", entries[5]);
    };
    assert_eq!((&*change.of, &*change.field), ("client", "phone2"));
    assert_eq!((&*change.before, &*change.after), ("", "+77770000000"));

    let mut filtered: Vec<String> = Vec::new();
    for filter in &TimelineFilter::ALL[1..] {
        let some = store.read(|r| r.timeline(ivan.id, *filter, 0, 50)).unwrap();
        filtered.extend(some.into_iter().map(|entry| entry.what.word().to_owned()));
    }
    assert_eq!(filtered.len(), all.len(), "each belongs to one part");
    assert_eq!(filtered[..2], ["call", "call"]);
    assert_eq!(filtered[4..6], ["note", "appointment"]);

    let plan = crate::store::timeline::plan(&store.connection).unwrap();
    let scans = |step: &&String| step.starts_with("SCAN") && !step.contains("(subquery");
    assert_eq!(plan.iter().find(scans), None, "{plan:?}");
}

#[test]
fn a_change_is_written_with_what_it_changes_and_goes_with_it() {
    let (mut store, ivan) = with_ivan();
    let id = ivan.id;
    let request = of(Kind::REQUEST, &ivan, text("R-1")).with("subject", text("Late"));
    save(&mut store, &request);
    let changes = |store: &Store| -> Vec<[String; 4]> {
        let entries = store
            .read(|r| r.timeline(id, TimelineFilter::All, 0, 50))
            .unwrap();
        let mut changes: Vec<[String; 4]> = entries
            .into_iter()
            .filter_map(|entry| match entry.what {
                Happening::Change(c) => Some([c.of, c.field, c.before, c.after]),
                _ => None,
            })
            .collect();
        changes.sort();
        changes
    };
    assert!(changes(&store).is_empty(), "entering is no change");
    let mut after = ivan;
    after.note = "Speak slowly".into();
    let half: Result<(), StoreError> = store.write(|w| {
        w.save_client(&after)?;
        Err(StoreError::Overloaded)
    });
    assert!(half.is_err() && changes(&store).is_empty());

    store.write(|w| w.save_client(&after)).unwrap();
    let urgent = request.with("subject", text("Very late"));
    save(&mut store, &urgent);
    save(&mut store, &urgent);
    store
        .write(|w| w.delete_record(Kind::REQUEST, urgent.id))
        .unwrap();
    let told = |row: [&str; 4]| row.map(str::to_owned);
    assert_eq!(
        changes(&store),
        [
            told(["client", "note", "", "Speak slowly"]),
            told(["request", "", "R-1", ""]),
            told(["request", "subject", "Late", "Very late"]),
        ]
    );
    let same = store.read(|r| r.load_client(id)).unwrap();
    store.write(|w| w.save_client(&same)).unwrap();
    assert_eq!(changes(&store).len(), 3, "what is the same is no change");
}

#[test]
fn merging_loses_nothing_of_the_double() {
    let (mut store, ivan) = with_ivan();
    let mut double = Client::named("I. Petrov", Timestamp::now());
    double.phones.push(crate::model::ClientPhone {
        extension: "12".into(),
        label: "work".into(),
        ..crate::model::ClientPhone::new(number(sample::IVAN))
    });
    double.set_email("ivan@a.example");
    double.change_address(|address| address.city = "Almaty".into());
    double.tags = vec!["steel".into()];
    double.do_not_call = true;
    double.language = "de".into();
    double.note = "Until spring".into();
    double.note_until = Some("2027-03-01".parse().unwrap());
    double.note_acknowledge = true;
    double.consent = Some(crate::model::Consent {
        given: false,
        at: Some("2026-11-01".parse().unwrap()),
        how: "by letter".into(),
    });
    store.write(|w| w.save_client(&double)).unwrap();
    let kinds: Vec<_> = Kind::of_clients().collect();
    for kind in &kinds {
        let key = match kind.when {
            Some("at") => Value::Moment(at("2026-11-22T09:00:00Z")),
            _ => text("1"),
        };
        save(&mut store, &of(kind, &double, key));
    }
    double.company = "Steppe".into();
    store.write(|w| w.save_client(&double)).unwrap();

    store
        .write(|w| w.merge_clients(WHO, ivan.id, double.id))
        .unwrap();
    let kept = store.read(|r| r.load_client(ivan.id)).unwrap();
    assert_eq!(kept.phones[0].plain(), "+77011112233 ext. 12");
    assert_eq!((kept.email(), kept.city()), ("ivan@a.example", "Almaty"));
    assert_eq!((kept.tags, kept.do_not_call), (double.tags, true));
    assert_eq!(
        (kept.note, kept.note_until),
        (double.note, double.note_until)
    );
    assert!(kept.note_acknowledge);
    assert_eq!(kept.consent, double.consent);
    for kind in kinds {
        let moved = store.read(|r| r.records(kind, Some(ivan.id))).unwrap();
        assert_eq!(moved.len(), 1, "{}", kind.name);
    }
    let timeline = store
        .read(|r| r.timeline(ivan.id, TimelineFilter::All, 0, 50))
        .unwrap();
    let has = |of: &str, field: &str, before: &str| {
        timeline.iter().any(|entry| match &entry.what {
            Happening::Change(c) => (&*c.of, &*c.field, &*c.before) == (of, field, before),
            _ => false,
        })
    };
    assert!(has("client", "company", ""), "the double's own changes");
    assert!(has("client", "", "I. Petrov"), "the merge itself");
    assert!(has("client", "language", "de"), "what gave way");
}

#[test]
fn a_category_that_clients_have_is_not_deleted() {
    let (mut store, mut ivan) = with_ivan();
    let vip = crate::model::CategoryId::new("vip");
    ivan.category = vip.clone();
    store.write(|w| w.save_client(&ivan)).unwrap();
    assert!(store.write(|w| w.delete_category(&vip)).is_err());
    ivan.category = crate::model::CategoryId::ordinary();
    store.write(|w| w.save_client(&ivan)).unwrap();
    store.write(|w| w.delete_category(&vip)).unwrap();
    assert!(store.write(|w| w.delete_category(&ivan.category)).is_err());
    let mut problem = store.read(|r| r.find_category("problem")).unwrap().unwrap();
    problem.colour = "red".into();
    let error = store.write(|w| w.save_category(&problem)).unwrap_err();
    assert!(error.to_string().contains("#0f766e"), "{error}");
}

#[test]
fn s1_10_a_layout_takes_blocks_alone_and_follows_a_field_that_gets_another_name() {
    let (mut store, _) = with_ivan();
    let level = office(Kind::FIELD, "Level");
    save(&mut store, &level);
    let layout = office(Kind::CARD, " Sales ").with("blocks", text("note;field:Level ; photo"));
    save(&mut store, &layout);
    let blocks = |store: &Store, name: &str| {
        let layout = store.read(|r| r.card_layout(name)).unwrap();
        Block::write_all(&layout.blocks)
    };
    assert_eq!(blocks(&store, "sales"), "note; field:Level; photo");
    assert_eq!(
        blocks(&store, "Support"),
        Block::write_all(&CardLayout::default().blocks)
    );
    save(&mut store, &level.with("name", text("Grade")));
    assert_eq!(blocks(&store, "sales"), "note; field:Grade; photo");

    let bad = layout.with("blocks", text("note; foto"));
    let error = store
        .write(|w| w.save_record(&bad))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("blocks: \"foto\" is not allowed"),
        "{error}"
    );
    assert!(error.contains("photo, location"), "{error}");
}
