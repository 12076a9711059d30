//! Files that are not UTF-8, and imports that are watched and stopped.

use encoding_rs::{WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1256};

use super::*;

/// The names of a file's clients, and the charset that it was read in.
fn read(octets: &[u8], options: Options<'_>) -> (Vec<String>, Option<&'static str>, Store) {
    let mut store = Store::in_memory().unwrap();
    let report = import_file(&mut store, octets, options).unwrap();
    let everybody = everybody(&store);
    let names = everybody.iter().map(|client| client.name.clone());
    (names.collect(), report.charset, store)
}

#[test]
fn a_table_as_excel_writes_it_anywhere_comes_in_as_it_is_read_on_the_screen() {
    let files = [
        (
            "ФИО;Телефон\nИван Петров;87011112233\n",
            WINDOWS_1251,
            "KZ",
            "Иван Петров",
        ),
        (
            "Név;Telefon\nSzűcs Győző;06305550101\n",
            WINDOWS_1250,
            "HU",
            "Szűcs Győző",
        ),
        (
            "الاسم;الهاتف\nليلى حداد;0501234567\n",
            WINDOWS_1256,
            "AE",
            "ليلى حداد",
        ),
    ];
    for (text, encoding, country, name) in files {
        let options = Options {
            country: country.parse().ok(),
            ..options()
        };
        let (names, charset, store) = read(&encoding.encode(text).0, options);
        assert_eq!(names, [name]);
        assert!(charset.is_some_and(|charset| charset != "UTF-8"));
        assert_eq!(everybody(&store)[0].phones.len(), 1, "{text}");
    }
    let mut octets = vec![0xff, 0xfe];
    let text = "Имя\tТелефон\r\nИван Петров\t87011112233\r\n";
    octets.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let (names, charset, _) = read(&octets, options());
    assert_eq!((&*names[0], charset), ("Иван Петров", Some("UTF-16LE")));
}

#[test]
fn the_charset_that_was_taken_is_told_and_another_can_be_given() {
    let octets = WINDOWS_1250
        .encode("név,telefon\nŐri Ágnes,+36305550101\n")
        .0;
    let store = Store::in_memory().unwrap();
    let mut options = options();
    options.encoding = Some(WINDOWS_1252);
    let preview = preview_file(&store, &octets[..], &options).unwrap();
    let told = preview.to_string();
    assert!(
        told.starts_with("Read as windows-1252.\n") && told.contains("Õri"),
        "{told}"
    );
    options.encoding = Some(WINDOWS_1250);
    let preview = preview_file(&store, &octets[..], &options).unwrap();
    assert!(preview.to_string().contains("Őri"), "{preview}");
    let mut store = store;
    let report = import_file(&mut store, &octets[..], options).unwrap();
    assert!(
        report.to_string().starts_with("Read as windows-1250.\n"),
        "{report}"
    );
}

#[test]
fn what_is_left_out_of_such_a_file_is_written_in_utf_8() {
    let octets = WINDOWS_1251.encode("Имя;Телефон\nИван;нет\n").0;
    let mut rejected = Vec::new();
    let options = Options {
        rejected: Some(&mut rejected),
        ..options()
    };
    let (names, ..) = read(&octets, options);
    assert!(names.is_empty());
    let kept = String::from_utf8(rejected).unwrap();
    assert!(
        kept.starts_with("Имя;Телефон;left_out_because\nИван;нет;"),
        "{kept}"
    );
}

#[test]
fn a_broken_line_far_below_does_not_make_a_file_another_charset() {
    let mut csv = String::from("name,note\n");
    for n in 0..4000 {
        csv.push_str(&format!("Client {n},{}\n", "x".repeat(20)));
    }
    let mut octets = csv.into_bytes();
    octets.extend(b"Latin\xe9,\n");
    octets.extend("Zoë,\n".as_bytes());
    let mut store = Store::in_memory().unwrap();
    let report = import_file(&mut store, &octets[..], options()).unwrap();
    assert_eq!(
        (report.added, report.refused, report.charset),
        (4001, 1, None)
    );
    assert_eq!(report.problems[0].allowed, "text in UTF-8");
}

#[test]
fn cards_and_friends_in_a_charset_of_old_are_read_and_cards_that_name_theirs_by_it() {
    let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Иван Петров\r\nTEL:+77011112233\r\nEND:VCARD\r\n";
    let (names, charset, _) = read(&WINDOWS_1251.encode(card).0, options());
    assert_eq!((&*names[0], charset), ("Иван Петров", Some("windows-1251")));
    let old = card
        .replace("3.0", "2.1")
        .replace("FN:", "FN;CHARSET=windows-1251:");
    let (names, charset, _) = read(&WINDOWS_1251.encode(&old).0, options());
    assert_eq!((&*names[0], charset), ("Иван Петров", None));
    let friend = "[friend_0]\nurl=\"Ольга Иванова\" <sip:+77011112234@a.example>\n";
    let (names, ..) = read(&WINDOWS_1251.encode(friend).0, options());
    assert_eq!(names, ["Ольга Иванова"]);
    let contacts = "<?xml version=\"1.0\"?>\n<contacts><contact name=\"Ольга Иванова\" number=\"+77011112234\"/></contacts>";
    let (names, ..) = read(&WINDOWS_1251.encode(contacts).0, options());
    assert_eq!(names, ["Ольга Иванова"]);
}

#[test]
fn an_import_that_is_stopped_leaves_what_it_has_told_of() {
    let rows: String = (0..12_000)
        .map(|n| format!("Client {n},+7701{n:07}\n"))
        .collect();
    let csv = format!("name,phone\n{rows}");
    for (dry_run, kept) in [(false, 10_000), (true, 0)] {
        let mut store = Store::in_memory().unwrap();
        let mut told = Vec::new();
        let mut on_progress = |report: &Report| {
            told.push(report.entries());
            match told.len() {
                2 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        };
        let options = Options {
            dry_run,
            on_progress: Some(&mut on_progress),
            ..options()
        };
        let report = import_file(&mut store, csv.as_bytes(), options).unwrap();
        assert!(report.was_stopped);
        assert_eq!(told, [5000, 10_000]);
        assert_eq!(everybody(&store).len(), kept);
    }
}

#[test]
fn a_file_whose_columns_say_nobody_is_shown_all_the_same() {
    let store = Store::in_memory().unwrap();
    let csv = "Farbe,Größe\nrot,1\n".as_bytes();
    let preview = preview_file(&store, csv, &options()).unwrap();
    assert!(!preview.is_of_use && preview.columns.len() == 2);
    let refused = import_file(&mut Store::in_memory().unwrap(), csv, options()).unwrap_err();
    assert!(matches!(refused, ImportError::NoColumns { found } if found == "Farbe, Größe"));
}
