//! CSV files good and bad, and the way out and in again.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cards;
mod charsets;
mod mapping;

use std::path::Path;

use jiff::Timestamp;

use super::*;
use crate::export::{clients_as_csv, records_as_csv};
use crate::model::{CategoryId, Client, ClientPhone, Kind, PhoneNumber, Record, Value};
use crate::store::StoreError;

fn options<'a>() -> Options<'a> {
    Options {
        country: Some("KZ".parse().unwrap()),
        ..Options::default()
    }
}

fn import(store: &mut Store, csv: impl AsRef<[u8]>) -> Result<Report, ImportError> {
    import_clients(store, csv.as_ref(), options())
}

fn import_new(csv: impl AsRef<[u8]>) -> (Store, Report) {
    let mut store = Store::in_memory().unwrap();
    let report = import(&mut store, csv).unwrap();
    (store, report)
}

fn everybody(store: &Store) -> Vec<Client> {
    let mut all = Vec::new();
    store
        .read(|reader| {
            reader.each_client(|client| {
                all.push(client);
                Ok::<(), StoreError>(())
            })
        })
        .unwrap();
    all
}

/// What a file can carry of a client, in an order of its own.
fn carried(store: &Store) -> Vec<String> {
    let mut all: Vec<String> = everybody(store)
        .into_iter()
        .map(|mut client| {
            client.custom.sort();
            let numbers: Vec<String> = client.phones.iter().map(|p| p.number.e164()).collect();
            format!(
                "{:?}",
                (
                    &client.name,
                    &client.company,
                    numbers,
                    &client.category,
                    &client.note,
                    &client.greeting,
                    (
                        &client.addresses,
                        &client.language,
                        &client.emails,
                        &client.tags
                    ),
                    &client.custom
                )
            )
        })
        .collect();
    all.sort();
    all
}

fn exported(store: &Store) -> Vec<u8> {
    let mut csv = Vec::new();
    store
        .read(|reader| clients_as_csv(reader, &mut csv))
        .unwrap();
    csv
}

#[test]
fn every_known_column_is_read_and_the_others_become_custom_fields() {
    let (store, report) = import_new(
        "name,company,phone,phone2,phone3,email,category,note,city,country,language,Contract\n\
         Ivan Petrov,Steppe LLP,8 701 111 22 33,+77272500000,,ivan@a.example,VIP,\
         \"Speak slowly,\nplease\",Almaty,KZ,ru,17/2026\n",
    );
    assert_eq!((report.added, report.refused), (1, 0));
    let ivan = everybody(&store).remove(0);
    assert_eq!(ivan.name, "Ivan Petrov");
    assert_eq!(ivan.company, "Steppe LLP");
    let numbers: Vec<String> = ivan
        .phones
        .iter()
        .map(|phone| phone.number.e164())
        .collect();
    assert_eq!(numbers, ["+77011112233", "+77272500000"]);
    assert_eq!(ivan.email(), "ivan@a.example");
    assert_eq!(ivan.category, CategoryId::new("vip"));
    assert_eq!(ivan.note, "Speak slowly,\nplease");
    assert_eq!(
        (ivan.city(), ivan.country(), &*ivan.language),
        ("Almaty", "KZ", "ru")
    );
    assert_eq!(ivan.custom, [("Contract".to_owned(), "17/2026".to_owned())]);
}

#[test]
fn columns_come_in_any_order_case_and_subset_with_any_delimiter_and_mark() {
    for csv in [
        "phone,name\n+77011112233,Ivan\n",
        "PHONE;Name\n+77011112233;Ivan\n",
        "Name\tPhone\r\nIvan\t+77011112233\r\n",
        "\u{feff}name,phone\nIvan,+77011112233",
        "\"name\";\"phone\"\n\"Ivan\";\"+77011112233\"\n\n",
        "name,phone,\nIvan,+77011112233,\n",
    ] {
        let (store, report) = import_new(csv);
        assert_eq!((report.added, report.refused), (1, 0), "{csv:?}: {report}");
        let ivan = everybody(&store).remove(0);
        assert_eq!(
            (&*ivan.name, &*ivan.phones[0].number.e164()),
            ("Ivan", "+77011112233"),
            "{csv:?}"
        );
    }
}

#[test]
fn a_line_with_a_mistake_is_left_out_with_line_field_and_what_is_allowed() {
    let mut csv = "name,phone,category\n\
        Gül,+77011112233,vip\n\
        \"Two\nlines\",bob,\n\
        Wrong,,royal\n\
        ,,\n\
        ,,vip\n\
        Wide,,,more\n"
        .as_bytes()
        .to_vec();
    // One octet beside letters that are UTF-8 is that line's mistake.
    csv.extend("Zoë,,\n".as_bytes());
    csv.extend(b"Latin\xe9,,\nAlso good,+77011112234,problem\n");
    let (store, report) = import_new(csv);
    assert_eq!((report.added, report.refused), (3, 5));
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 3: phone: \"bob\" is not allowed; allowed: numbers of KZ and international ones \
             such as +77011112233",
            "line 5: category: \"royal\" is not allowed; allowed: ordinary, vip, problem, potential, \
             active",
            "line 7: name: \"\" is not allowed; allowed: a client with a name, a company or a number",
            "line 8: column 4: \"more\" is not allowed; allowed: 3 cells, as the first line has names",
            "line 10: name: \"Latin\u{fffd}\" is not allowed; allowed: text in UTF-8",
        ]
    );
    let names: Vec<String> = everybody(&store)
        .into_iter()
        .map(|client| client.name)
        .collect();
    assert_eq!(names, ["Also good", "Gül", "Zoë"]);
}

#[test]
fn a_file_that_is_no_table_of_clients_is_refused_whole() {
    let mut store = Store::in_memory().unwrap();
    let mut refused = |csv: &[u8]| import(&mut store, csv).unwrap_err().to_string();
    assert!(refused(b"").contains("the file is empty"));
    assert!(
        refused(b"colour,size\nred,1\n").contains("no column is called name, company or phone")
    );
    assert!(refused(b"name,phone,Name\n").contains("two columns are called \"Name\""));
    assert!(refused(b"n\xc3\xa9v,n\xe9v\n\xc3\xa9,name\n").contains("CSV UTF-8"));
    for workbook in [
        &b"PK\x03\x04\x14\0"[..],
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ] {
        let mut store = Store::in_memory().unwrap();
        let refused = import_file(&mut store, workbook, options()).unwrap_err();
        assert!(refused.to_string().contains("save the sheet as CSV"));
    }
    assert!(refused(format!("name,{}\n", "x,".repeat(300)).as_bytes()).contains("columns"));
    let endless = format!("name\n\"{}", "never closed ".repeat(200_000));
    assert!(refused(endless.as_bytes()).contains("line 2: longer than"));
}

#[test]
fn a_line_about_a_client_of_the_store_changes_what_it_says_and_leaves_the_rest() {
    let mut store = Store::in_memory().unwrap();
    import(
        &mut store,
        "name,phone,note,city\nIvan Petrov,+77011112233,Speak slowly,Almaty\n",
    )
    .unwrap();
    let csv = "name,phone,phone2,note,city\nIVAN PETROV,87011112233,+77770000000,,Astana\n";
    let report = import(&mut store, csv).unwrap();
    assert_eq!((report.added, report.updated), (0, 1));
    let ivan = everybody(&store).remove(0);
    assert_eq!(
        (&*ivan.note, ivan.city(), ivan.phones.len()),
        ("Speak slowly", "Astana", 2)
    );
    let report = import(&mut store, csv).unwrap();
    assert_eq!((report.added, report.updated, report.unchanged), (0, 0, 1));
}

#[test]
fn a_number_of_somebody_else_is_shared_and_said() {
    let (store, report) =
        import_new("name,phone\nReception,+77272500000\nOlga,+77272500000\nOlga,+77272500000\n");
    assert_eq!((report.added, report.unchanged), (2, 1));
    assert_eq!(
        report.remarks,
        ["line 3: phone: +77272500000 is also a number of Reception"]
    );
    assert_eq!(everybody(&store).len(), 2);
}

#[test]
fn a_line_without_a_number_is_about_the_client_of_that_name_and_company() {
    let (store, report) = import_new("name,company\nOlga,Steppe\nolga,steppe\nOlga,Duna\n");
    assert_eq!((report.added, report.updated), (2, 1), "{report}");
    assert_eq!(everybody(&store).len(), 2);
}

#[test]
fn a_line_of_another_country_has_that_countrys_numbers() {
    let (store, _) = import_new("name,phone,country\nGergő,06 30 555 0101,HU\n");
    assert_eq!(everybody(&store)[0].phones[0].number.e164(), "+36305550101");
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let mut store = Store::in_memory().unwrap();
    import(&mut store, "name,phone\nIvan,+77011112233\n").unwrap();
    let before = carried(&store);
    let csv =
        "name,phone,city\nIvan,+77011112233,Almaty\nNew,+77011112234,\nNew,+77011112234,\nBad,x,\n";
    let options = Options {
        dry_run: true,
        ..options()
    };
    let report = import_clients(&mut store, csv.as_bytes(), options).unwrap();
    assert_eq!(
        (
            report.added,
            report.updated,
            report.unchanged,
            report.refused
        ),
        (1, 1, 1, 1)
    );
    assert!(
        report.to_string().contains("Nothing was changed"),
        "{report}"
    );
    assert_eq!(carried(&store), before);
}

#[test]
fn what_is_left_out_of_any_batch_is_told_and_kept_in_the_files_order() {
    let is_wrong = |n: usize| n.is_multiple_of(4_999);
    let row = |n: usize| match is_wrong(n) {
        true => format!("Nobody {n},12\n"),
        false => format!("Client {n},+7701{n:07}\n"),
    };
    let csv: String = (1..=12_000).map(row).collect();
    let csv = format!("name,phone\n{csv}");
    let mut store = Store::in_memory().unwrap();
    let mut rejected = Vec::new();
    let options = Options {
        rejected: Some(&mut rejected),
        ..options()
    };
    let report = import_clients(&mut store, csv.as_bytes(), options).unwrap();
    let lines: Vec<u64> = report.problems.iter().map(|problem| problem.line).collect();
    assert_eq!((report.added, lines), (11_998, vec![5_000, 9_999]));
    let rejected = String::from_utf8(rejected).unwrap();
    let names: Vec<&str> = rejected
        .lines()
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(names, ["name", "Nobody 4999", "Nobody 9998"]);
}

#[test]
fn what_stands_before_a_line_that_is_too_long_is_kept() {
    let mut store = Store::in_memory().unwrap();
    let known: String = (0..30).map(|n| format!("Client {n}\n")).collect();
    let csv = format!("name\n{known}{}\n", "x".repeat(2 << 20));
    let error = import(&mut store, csv).unwrap_err();
    let where_it_is = matches!(error, ImportError::LongLine { line: 32 });
    assert!(where_it_is, "{error}");
    assert_eq!(everybody(&store).len(), 30);
}

#[test]
fn many_lines_go_in_by_batches() {
    let mut csv = String::from("name,phone\n");
    for n in 0..5_000 {
        csv.push_str(&format!("Client {n},+7705{n:07}\n"));
    }
    let (store, report) = import_new(csv);
    assert_eq!(report.added, 5_000);
    assert_eq!(store.read(|reader| reader.count_clients()).unwrap(), 5_000);
}

/// Texts that have broken other programs: the corpus where it is, and cases of our own.
fn naughty() -> Vec<String> {
    let mut texts: Vec<String> = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@x",
        "'",
        "''",
        "'=1",
        "\t=1",
        "\"",
        "\"\"",
        "a,b;c\td",
        "a\nb",
        "a\r\nb",
        "\r",
        " leading",
        "trailing ",
        "Robert'); DROP TABLE clients;--",
        "../../etc/passwd",
        "NULL",
        "محمد الأحمد",
        "किशोर थापा",
        "\u{202e}evil\u{202c}",
        "\u{feff}bom",
        "👩‍👩‍👧‍👦",
        "＝1＋1",
        "\u{0}",
        "%s%n",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("Ж".repeat(200));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/blns/blns.json");
    match std::fs::read_to_string(&corpus) {
        Ok(json) => texts.extend(serde_json::from_str::<Vec<String>>(&json).unwrap()),
        Err(error) => eprintln!("SKIPPED: {}: {error}; own cases only", corpus.display()),
    }
    texts.retain(|text| !text.is_empty());
    texts
}

#[test]
fn naughty_strings_are_stored_exported_and_imported_unchanged() {
    let mut store = Store::in_memory().unwrap();
    let texts = naughty();
    for (n, text) in texts.iter().enumerate() {
        let mut client = Client::named(text, Timestamp::UNIX_EPOCH);
        client.company = text.clone();
        client.note = text.clone();
        client.change_address(|address| address.city = text.clone());
        client.greeting = Some(text.clone());
        client.custom = vec![
            ("Remark".into(), text.clone()),
            ("=Formula".into(), text.clone()),
        ];
        client.phones = (0..1 + n % 5)
            .map(|i| PhoneNumber::from_e164(&format!("+7705{n:06}{i}")).unwrap())
            .map(ClientPhone::new)
            .collect();
        store.write(|writer| writer.save_client(&client)).unwrap();
        let stored = store.read(|reader| reader.load_client(client.id)).unwrap();
        assert_eq!(
            (&stored.name, &stored.custom),
            (&client.name, &client.custom)
        );
    }
    let csv = exported(&store);
    for record in csv::Reader::from_reader(&*csv).records() {
        for cell in record.unwrap().iter() {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋']),
                "{cell:?}"
            );
        }
    }
    let (again, report) = import_new(&csv);
    assert_eq!(
        (report.added as usize, report.refused),
        (texts.len(), 0),
        "{report}"
    );
    assert_eq!(carried(&again), carried(&store));
    // And once more into the store it came from: nothing is new.
    let report = import(&mut store, &csv).unwrap();
    assert_eq!(report.unchanged as usize, texts.len(), "{report}");
}

/// A file with every column that there is.
const EVERYTHING: &str = "name,company,phone,phone2,phone3,email,category,note,city,country,\
    language,greeting,consent,consent_at,consent_how,do_not_call,kind,note_acknowledge,note_until,\
    responsible,tags,address_label,email_label,phone_label,position,street,address2_label,city2,\
    email2,position2,street2,phone4_label,phone4,Contract,'=Formula\n\
    Duna Kft.,,,,,,ordinary,,,,,,,,,,company,,,,,,,,,,,,,,,,,,\n\
    Ivan Petrov,Steppe LLP,'+77011112233,'+77271234567 ext. 12,'+77770000000,ivan@a.example,vip,\
    \"Speak slowly,\nplease\",Almaty,KZ,ru,\"Good day, {first_name}!\",yes,2026-11-01,on paper,yes,,\
    yes,2026-12-31,101 Anna,steel; late payer,home,work,mobile,\"43.2389, 76.8897\",Abay 1,warehouse,\
    Astana,office@a.example,\"'-51.5, -0.25\",Dostyk 2,neighbour,'+77012223344,17/2026,'=1\n";

#[test]
fn every_column_goes_out_and_in_again_octet_for_octet() {
    let (store, report) = import_new(EVERYTHING);
    assert_eq!((report.added, report.refused), (2, 0), "{report}");
    assert_eq!(
        report.remarks,
        ["line 3: responsible: 101 Anna was entered as an employee"]
    );
    let ivan = everybody(&store).remove(1);
    assert_eq!(ivan.phones[1].extension, "12");
    assert_eq!(ivan.phones[3].label, "neighbour");
    assert_eq!(ivan.addresses[1].label, "warehouse");
    assert_eq!(ivan.responsible.as_ref().unwrap().name, "Anna");
    assert_eq!(ivan.tags, ["steel", "late payer"]);
    let out = exported(&store);
    let (again, _) = import_new(&out);
    assert_eq!(
        String::from_utf8(exported(&again)).unwrap(),
        String::from_utf8(out).unwrap()
    );
    assert_eq!(carried(&again), carried(&store));
}

#[test]
fn the_fields_of_the_office_take_what_they_allow_in_the_offices_spelling_and_order() {
    let mut store = Store::in_memory().unwrap();
    for (name, holds, choices, rank) in [
        ("Since", "date", "", 2),
        ("Level", "choice", "Gold; Silver", 1),
    ] {
        let field = Record::new(Kind::FIELD, None, Timestamp::now())
            .with("name", Value::Text(name.into()))
            .with("type", Value::Text(holds.into()))
            .with(
                "choices",
                Some(choices)
                    .filter(|c| !c.is_empty())
                    .map(|c| Value::Text(c.into())),
            )
            .with("rank", Value::Whole(rank));
        store.write(|writer| writer.save_record(&field)).unwrap();
    }
    let csv = "name,since,LEVEL,Remark\nIvan,2020-01-31,gold,free\nOlga,soon,Gold,\nBek,,Tin,\n";
    let report = import(&mut store, csv).unwrap();
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 3: since: \"soon\" is not allowed; allowed: a day such as 2026-11-22 or 22.11.2026",
            "line 4: LEVEL: \"Tin\" is not allowed; allowed: Gold, Silver",
        ]
    );
    assert_eq!(
        everybody(&store)[0].custom,
        [
            ("Level", "Gold"),
            ("Since", "2020-01-31"),
            ("Remark", "free")
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    let out = String::from_utf8(exported(&store)).unwrap();
    assert!(
        out.lines()
            .next()
            .unwrap()
            .ends_with("greeting,Level,Since,Remark"),
        "{out}"
    );
    let report = import(&mut store, csv).unwrap();
    assert_eq!((report.unchanged, report.refused), (1, 2));
}

#[test]
fn records_are_imported_by_the_clients_number_or_name_and_come_back_the_same() {
    let (mut store, _) =
        import_new("name,phone\nIvan Petrov,+77011112233\nOlga,+77011112234\nOlga,+77011112235\n");
    let csv = "client,number,day,item,amount\n\
        8 701 111 22 33,P-1,2026-01-10,Steel,12 500 KZT\n\
        ivan petrov,P-2,2026-02-10,\"Pipes, long\",-3.50 EUR\n\
        Olga,P-3,2026-02-10,,\n\
        Nobody,P-4,,,\n\
        Ivan Petrov,,2026-02-10,,\n\
        Ivan Petrov,P-5,someday,,\n";
    let options = Options {
        dry_run: true,
        ..options()
    };
    let tried = import_records(&mut store, Kind::PURCHASE, csv.as_bytes(), options).unwrap();
    assert_eq!((tried.added, tried.refused), (2, 4), "{tried}");
    let all = |store: &Store| {
        store
            .read(|reader| reader.records(Kind::PURCHASE, None))
            .unwrap()
    };
    assert!(all(&store).is_empty());
    let import = |store: &mut Store, csv: &[u8]| {
        import_records(store, Kind::PURCHASE, csv, super::tests::options()).unwrap()
    };
    let report = import(&mut store, csv.as_bytes());
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert!(
        told[0].starts_with("line 4: client: \"Olga\" is not allowed"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("line 5: client: \"Nobody\""),
        "{told:?}"
    );
    assert!(told[2].starts_with("line 6: number: \"\""), "{told:?}");
    assert!(told[3].starts_with("line 7: day: \"someday\""), "{told:?}");

    let mut out = Vec::new();
    let written = store.read(|reader| {
        let all = reader.records(Kind::PURCHASE, None)?;
        records_as_csv(reader, Kind::PURCHASE, &all, &mut out)
    });
    written.unwrap();
    assert!(
        out.starts_with(
            b"client,client_name,number,day,item,amount\n'+77011112233,Ivan Petrov,P-2,"
        )
    );
    let report = import(&mut store, &out);
    assert_eq!((report.unchanged, report.refused), (2, 0), "{report}");
    let (mut other, _) = import_new("name,phone\nIvan Petrov,+77011112233\n");
    assert_eq!(import(&mut other, &out).added, 2);
    let values =
        |store: &Store| -> Vec<_> { all(store).into_iter().map(|record| record.values).collect() };
    assert_eq!(values(&other).len(), values(&store).len());
    assert!(
        values(&store)
            .iter()
            .all(|value| values(&other).contains(value))
    );

    let mut refused = |csv: &str| {
        let read = import_records(
            &mut store,
            Kind::PURCHASE,
            csv.as_bytes(),
            Options::default(),
        );
        read.unwrap_err().to_string()
    };
    assert!(refused("number,day\n").contains("no column is called client"));
    assert!(refused("client,number,colour\n").contains("\"colour\" is no column"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_file_makes_the_import_panic(csv in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let mut store = Store::in_memory().unwrap();
        let _ = import(&mut store, &csv);
        let mut named = b"name,phone,category\n".to_vec();
        named.extend(&csv);
        proptest::prop_assert!(import(&mut store, &named).is_ok());
    }
}
