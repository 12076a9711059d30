//! Texts that break other programs, through everything that keeps, shows and carries a client: back as
//! they were.

use std::fs;
use std::path::Path;

use ringbook::export::{clients_as_cards, clients_as_csv};
use ringbook::import::{Options, import_clients, import_file};
use ringbook::model::{Client, PhoneNumber};
use ringbook::phone::command::{Command, Reply};
use ringbook::store::Store;
use ringbook::vcard::Version;

use crate::office::{Office, settings};

/// Our own: quotes and line ends of CSV, formulas, SQL, markup, escapes of JSON and of terminals, other
/// directions, marks that are not seen, letters made of several, placeholders, what looks absent.
const OWN: &[&str] = &[
    "",
    " ",
    "\u{a0}",
    " leading and trailing ",
    "\ttab\t",
    "two\nlines",
    "two\r\nlines",
    "\r",
    "\"",
    "\"\"",
    "a\"b,c;d\te",
    "'",
    "''",
    "'=1+1",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "\u{ff1d}1",
    "'; DROP TABLE clients; --",
    "<b>&amp;</b><!-- -->",
    "\\\\n\\u0000\\",
    "{name} {} {0} %s %n $HOME `id`",
    "\u{1b}[31mred\u{7}",
    "\u{1}\u{2}\u{7f}",
    "\u{202e}evitator",
    "\u{2066}شركة\u{2069} ABC",
    "\u{feff}mark",
    "zero\u{200b}width",
    "e\u{301} é",
    "ﷺ﷽",
    "👩‍👩‍👧‍👦🏳️‍🌈🇰🇿",
    "Z̮̞̠͙͔ͅḀ̗̞͈̻̗Ḷ͙͎̯̹̞͓G̻O̭̗̮",
    "नेपाली ग्राहक",
    "İıſßẞ",
    "null",
    "NULL",
    "undefined",
    "true",
    "1e309",
    "0x0",
    "\u{fffd}\u{fffe}\u{ffff}",
    "\u{10ffff}",
];

/// The big list of naughty strings, where it is at hand, and our own.
fn naughty() -> Vec<String> {
    let mut texts: Vec<String> = OWN.iter().map(|text| (*text).to_owned()).collect();
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/blns/blns.json");
    match fs::read_to_string(list) {
        Ok(list) => texts.extend(serde_json::from_str::<Vec<String>>(&list).unwrap()),
        Err(_) => {
            eprintln!("skipped: no ../shared beside this clone, so no list of naughty strings")
        }
    }
    texts
}

/// A client who is called so, with a note and a field that say the same; its number is the `n`th.
fn client(n: usize, text: &str) -> Client {
    let number = PhoneNumber::from_e164(&format!("+7701{n:07}")).unwrap();
    Client {
        note: text.to_owned(),
        custom: vec![("Contract".to_owned(), text.to_owned())],
        ..Client::named(text, "2026-11-01T00:00:00Z".parse().unwrap()).with_phone(number)
    }
}

fn add(store: &mut Store, texts: &[String]) -> Vec<Client> {
    let clients: Vec<Client> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| client(n, text))
        .collect();
    for client in &clients {
        store.write(|w| w.save_client(client)).unwrap();
    }
    clients
}

#[test]
fn naughty_names_notes_and_fields_are_on_the_card_as_they_are() {
    let mut office = Office::open(settings(""));
    for client in add(&mut office.store, &naughty()) {
        let stored = office.store.read(|r| r.load_client(client.id)).unwrap();
        assert_eq!((&stored.name, &stored.note), (&client.name, &client.note));
        assert_eq!(stored.custom, client.custom);

        let peer = office.call_in_as(&client.phones[0].number.e164());
        let call = office.call();
        let Ok(card @ Reply::Card(_)) = office.command(Command::Card(call)) else {
            panic!("no card for {:?}", client.name)
        };
        // As `ringbook ctl card` prints it and a script reads it.
        let printed = serde_json::to_string(&card).unwrap();
        let read: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(read["name"], *client.name);
        assert_eq!(read["note"], *client.note);
        office.peer_hangs_up(peer);
        office.ms(1000);
    }
}

#[test]
fn naughty_names_notes_and_fields_go_out_as_csv_and_come_back_as_they_were() {
    let (mut from, mut to) = (Store::in_memory().unwrap(), Store::in_memory().unwrap());
    let clients = add(&mut from, &naughty());
    let mut csv = Vec::new();
    from.read(|r| clients_as_csv(r, &mut csv)).unwrap();
    let report = import_clients(&mut to, &*csv, Options::default()).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    for client in clients {
        let number = client.phones[0].number;
        let found = to.read(|r| r.clients_with_number(number)).unwrap();
        let back = to.read(|r| r.load_client(found[0])).unwrap();
        assert_eq!((&back.name, &back.note), (&client.name, &client.note));
        let empty = client.note.is_empty();
        let expected = if empty { Vec::new() } else { client.custom };
        assert_eq!(back.custom, expected);
    }
}

#[test]
fn naughty_names_notes_and_fields_go_out_as_cards_and_come_back_as_they_were() {
    for version in [Version::V3, Version::V4] {
        let (mut from, mut to) = (Store::in_memory().unwrap(), Store::in_memory().unwrap());
        let clients = add(&mut from, &naughty());
        let cards = |store: &Store| {
            let mut cards = Vec::new();
            let written = store.read(|r| clients_as_cards(r, version, &mut cards));
            written.unwrap();
            cards
        };
        let out = cards(&from);
        let report = import_file(&mut to, &*out, Options::default()).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        for client in clients {
            let back = to.read(|r| r.load_client(client.id)).unwrap();
            assert_eq!((&back.name, &back.note), (&client.name, &client.note));
            let empty = client.note.is_empty();
            let expected = if empty { Vec::new() } else { client.custom };
            assert_eq!(back.custom, expected);
        }
        assert!(
            cards(&to) == out,
            "the second export differs from the first"
        );
    }
}
