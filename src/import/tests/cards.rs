//! Business cards, and the contacts of other softphones.

use super::*;
use crate::export::clients_as_cards;
use crate::vcard::Version;

fn cards(store: &mut Store, file: impl AsRef<[u8]>) -> Report {
    import_file(store, file.as_ref(), options()).unwrap()
}

fn exported(store: &Store, version: Version) -> String {
    let mut file = Vec::new();
    store
        .read(|reader| clients_as_cards(reader, version, &mut file))
        .unwrap();
    String::from_utf8(file).unwrap()
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand so on";

#[test]
fn a_book_goes_out_as_cards_and_in_again_octet_for_octet() {
    for version in [Version::V3, Version::V4] {
        let (mut store, _) = import_new(EVERYTHING);
        let ivan = everybody(&store).remove(1).id;
        store.write(|writer| writer.set_photo(ivan, PNG)).unwrap();
        let out = exported(&store, version);
        let mut again = Store::in_memory().unwrap();
        let report = cards(&mut again, &out);
        assert_eq!((report.added, report.refused), (2, 0), "{report}");
        assert_eq!(exported(&again, version), out);
        assert_eq!(carried(&again), carried(&store));
        let back = everybody(&again).remove(1);
        assert_eq!(back.id, ivan);
        let photo = again
            .read(|reader| reader.load_photo(back.photo.unwrap()))
            .unwrap();
        assert_eq!(photo.bytes, PNG);
        // And once more into the store it came from: nothing is new.
        let report = cards(&mut store, &out);
        assert_eq!((report.unchanged, report.remarks.len()), (2, 0), "{report}");
    }
}

#[test]
fn a_card_is_about_the_client_of_its_name_number_or_uid() {
    let (mut store, _) = import_new("name,phone\nIvan Petrov,+77011112233\n");
    let id = everybody(&store)[0].id;
    let card = |lines: &str| format!("BEGIN:VCARD\nVERSION:4.0\n{lines}\nEND:VCARD\n");
    let report = cards(
        &mut store,
        card("FN:IVAN PETROV\nTEL:8 701 111 22 33\nNOTE:VIP"),
    );
    assert_eq!((report.added, report.updated), (0, 1));
    let report = cards(
        &mut store,
        card(&format!("FN:Ivan Ivanovich\nUID:urn:uuid:{id}")),
    );
    assert_eq!((report.added, report.updated), (0, 1));
    let ivan = everybody(&store).remove(0);
    assert_eq!(
        (&*ivan.name, &*ivan.note, ivan.phones.len()),
        ("Ivan Ivanovich", "VIP", 1)
    );
    let other = card("FN:Olga\nTEL:+77011112233\nUID:olga@a.example\nGENDER:F");
    let report = cards(&mut store, &other);
    assert_eq!(report.added, 1);
    assert_eq!(
        report.remarks,
        [
            "line 1: not kept, because clients have no such field: GENDER",
            "line 1: phone: +77011112233 is also a number of Ivan Ivanovich",
        ]
    );
    let moved = other.replace("FN:Olga", "FN:Olga P.");
    assert_eq!(cards(&mut store, moved).updated, 1);
}

#[test]
fn bad_cards_are_told_by_line_and_kept_and_come_in_once_they_are_right() {
    let file = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Good\r\nTEL:+77011112233\r\nEND:VCARD\r\n\
        junk\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bad\r\nTEL:ask Olga\r\nEND:VCARD\r\n\
        BEGIN:VCARD\r\nFN:Cut off\r\n";
    let mut store = Store::in_memory().unwrap();
    let mut rejected = Vec::new();
    let with = Options {
        rejected: Some(&mut rejected),
        ..options()
    };
    let report = import_file(&mut store, file.as_bytes(), with).unwrap();
    assert_eq!((report.added, report.refused), (1, 3));
    let told: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 6: line: \"junk\\r\\n\" is not allowed; allowed: cards, from BEGIN:VCARD to END:VCARD",
            "line 7: TEL: \"ask Olga\" is not allowed; allowed: numbers of KZ and international ones \
             such as +77011112233",
            "line 12: card: \"BEGIN:VCARD\\r\\nFN:Cut off\\r\\n\" is not allowed; allowed: cards that end \
             with END:VCARD",
        ]
    );
    let kept = String::from_utf8(rejected).unwrap();
    assert!(
        kept.contains("TEL:ask Olga\r\nX-RINGBOOK-REJECTED:line 7: TEL:"),
        "{kept}"
    );
    let from = kept.find("BEGIN:VCARD\r\nVERSION").unwrap();
    let right = kept[from..].replace("ask Olga", "+77011112234");
    let report = cards(&mut store, right);
    assert_eq!((report.added, report.refused), (1, 1), "{report}");
}

#[test]
fn a_picture_that_is_none_is_told_and_its_client_is_kept() {
    let mut store = Store::in_memory().unwrap();
    let card = "BEGIN:VCARD\nFN:Ivan\nPHOTO;ENCODING=b;TYPE=GIF:R0lGODlh\nEND:VCARD\n";
    let report = cards(&mut store, card);
    assert_eq!((report.added, report.refused), (1, 0));
    assert_eq!(
        report.remarks,
        ["line 1: not kept, because clients have no such field: photo"]
    );
}

#[test]
fn contacts_of_microsip_are_read() {
    let mut store = Store::in_memory().unwrap();
    let file = "\u{feff}<?xml version=\"1.0\"?>\n<contacts>\n\
        <contact number=\"sip:+77011112233@a.example\" name=\"Ivan &amp; Co\" presence=\"0\" directory=\"0\"></contact>\n\
        <contact number=\"8 727 250 00 00\" name=\"\" firstname=\"Olga\" lastname=\"Kim\" mobile=\"+77011112234\" \
        email=\"o@a.example\" address=\"Abay 1\" city=\"Almaty\" zip=\"050000\" comment=\"VIP\" starred=\"1\"/>\n\
        <contact number=\"101\" name=\"Anna\"/>\n</contacts>\n";
    let mut rejected = Vec::new();
    let with = Options {
        rejected: Some(&mut rejected),
        ..options()
    };
    let report = import_file(&mut store, file.as_bytes(), with).unwrap();
    assert_eq!((report.added, report.refused), (2, 1), "{report}");
    assert_eq!(report.problems[0].line, 5);
    let all = everybody(&store);
    assert_eq!(all[0].name, "Ivan & Co");
    let olga = &all[1];
    assert_eq!(
        (&*olga.name, &*olga.note, olga.city()),
        ("Olga Kim", "VIP", "Almaty")
    );
    assert_eq!(
        (&*olga.addresses[0].street, &*olga.phones[1].label),
        ("Abay 1, 050000", "mobile")
    );
    let kept = String::from_utf8(rejected).unwrap();
    assert!(
        kept.starts_with("<contact number=\"101\" name=\"Anna\" left_out_because=\"line 5:"),
        "{kept}"
    );
    let right = kept.replace("\"101\"", "\"+77011112235\"");
    assert_eq!(cards(&mut store, right).added, 1);
}

#[test]
fn friends_of_linphone_are_read_and_its_database_is_refused_with_the_way_out() {
    let mut store = Store::in_memory().unwrap();
    let file = "[sip]\nsip_port=5060\n[friend_0]\nurl=\"Ivan\" <sip:+77011112233@a.example>\npol=accept\n\n\
        [friend_1]\nurl=\"Echo test\" <sip:echo@a.example>\n[friend_2]\nurl=<sip:nobody@a.example>\n";
    let report = cards(&mut store, file);
    assert_eq!((report.added, report.refused), (2, 1), "{report}");
    let told = report.problems[0].to_string();
    assert!(
        told.starts_with("line 9: url: \"<sip:nobody@a.example>\" is not allowed"),
        "{told}"
    );
    let all = everybody(&store);
    assert_eq!(
        all[0].custom,
        [("SIP address".to_owned(), "sip:echo@a.example".to_owned())]
    );
    assert_eq!(all[1].phones[0].number.e164(), "+77011112233");
    let database = b"SQLite format 3\0\x10\0\x01\x01";
    let error = import_file(&mut store, &database[..], options()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("export its clients there as vCard"),
        "{error}"
    );
}
