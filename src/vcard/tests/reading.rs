//! Cards as other programs and telephones write them.

use jiff::Timestamp;

use crate::model::{Client, ClientKind, Lists};
use crate::vcard::{Card, Cards, Piece, read_card};

fn card(lines: &str) -> Card {
    read_card(format!("BEGIN:VCARD\r\n{lines}\r\nEND:VCARD\r\n").as_bytes()).unwrap()
}

fn client(lines: &str) -> Client {
    let lists = Lists {
        country: Some("KZ".parse().unwrap()),
        ..Lists::default()
    };
    card(lines).client(&lists, Timestamp::UNIX_EPOCH).unwrap()
}

fn pieces(file: &[u8]) -> Vec<Piece> {
    let mut cards = Cards::new(file);
    std::iter::from_fn(|| cards.read_next().unwrap()).collect()
}

#[test]
fn a_card_of_an_old_telephone_is_read_in_its_encodings_and_character_set() {
    let ivan = client(
        "VERSION:2.1\r\n\
         N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=9F=D0=B5=D1=82=D1=80=D0=BE=D0=B2;=D0=98=\r\n\
         =D0=B2=D0=B0=D0=BD;;;\r\n\
         TEL;CELL;PREF:8 701 111 22 33\r\n\
         TEL;WORK;VOICE:(727) 250-00-00\r\n\
         TEL;WORK;FAX:+7 727 250 00 01\r\n\
         NOTE:A long\r\n  note with\r\n\tfolds\r\n\
         ORG;CHARSET=WINDOWS-1251;ENCODING=QUOTED-PRINTABLE:=D1=F2=E5=EF=FC\r\n\
         PHOTO;ENCODING=BASE64;JPEG:\r\n /9j/4AAQ\r\n SkZJRg\r\n\r\n\
         ADR;HOME:;;Abay 1;Almaty;;050000;Kazakhstan",
    );
    assert_eq!((&*ivan.name, &*ivan.company), ("Иван Петров", "Степь"));
    let phones: Vec<(String, &str)> = ivan
        .phones
        .iter()
        .map(|phone| (phone.plain(), &*phone.label))
        .collect();
    assert_eq!(
        phones,
        [
            ("+77011112233".to_owned(), "mobile"),
            ("+77272500000".to_owned(), "work"),
            ("+77272500001".to_owned(), "work fax"),
        ]
    );
    assert_eq!(ivan.note, "A long  note with\tfolds");
    let home = &ivan.addresses[0];
    assert_eq!(
        [&*home.label, &*home.street, &*home.city, &*home.country],
        ["home", "Abay 1, 050000", "Almaty", "Kazakhstan"]
    );
    let photo =
        card("VERSION:2.1\r\nFN:I\r\nPHOTO;JPEG;ENCODING=BASE64:/9j/\r\n4AAQ\r\nTEL:1").photo;
    assert_eq!(photo.unwrap(), [0xff, 0xd8, 0xff, 0xe0, 0, 0x10]);
}

#[test]
fn a_card_of_apples_address_book_is_read_with_its_groups_and_labels() {
    let duna = client(
        "VERSION:3.0\r\nPRODID:-//Apple Inc.//macOS//EN\r\nN:;;;;\r\nFN:Duna Kft.\r\nORG:Duna Kft.;\r\n\
         item1.TEL;type=pref:+36 30 555 0101\r\nitem1.X-ABLabel:_$!<Main>!$_\r\n\
         TEL;type=CELL;type=VOICE:+36305550102\r\n\
         item2.EMAIL;type=INTERNET:a@duna.example\r\nitem2.X-ABLabel:könyvelés\r\n\
         item3.ADR;type=WORK:;;Fő utca 1\\, 2.;Budapest;;1011;Magyarország\r\nitem3.X-ABADR:hu\r\n\
         item4.URL:https\\://duna.example\r\nitem4.X-ABLabel:_$!<HomePage>!$_\r\n\
         X-ABShowAs:COMPANY\r\nCATEGORIES:myContacts,acél\r\nUID:abc-123@icloud",
    );
    assert_eq!((&*duna.name, &*duna.company), ("", "Duna Kft."));
    assert_eq!(duna.kind, ClientKind::Company);
    assert_eq!(
        (&*duna.phones[0].label, &*duna.phones[1].label),
        ("main", "mobile")
    );
    assert_eq!(duna.emails[0].label, "könyvelés");
    assert_eq!(duna.addresses[0].street, "Fő utca 1, 2., 1011");
    assert_eq!(
        duna.custom,
        [("Website".to_owned(), "https://duna.example".to_owned())]
    );
    assert_eq!(duna.tags, ["acél"]);
    let again = card("VERSION:3.0\r\nFN:Duna\r\nUID:abc-123@icloud");
    assert_eq!(again.client_id(), Some(duna.id));
    assert_ne!(
        card("FN:Duna\r\nUID:abc-124@icloud").client_id(),
        Some(duna.id)
    );
}

#[test]
fn what_a_client_has_no_field_for_is_handed_out() {
    let card = card(
        "VERSION:4.0\r\nFN:Ivan\r\nGENDER:M\r\nitem1.X-ABDATE:2020\r\nitem1.X-ABLabel:Met\r\n\
        PHOTO:https://a.example/i.jpg\r\nTZ;VALUE=text;X-A=\"b;c\":Asia/Almaty",
    );
    assert_eq!(
        card.others,
        [
            "GENDER:M",
            "item1.X-ABDATE:2020",
            "item1.X-ABLABEL:Met",
            "PHOTO:https://a.example/i.jpg",
            "TZ;VALUE=text;X-A=\"b;c\":Asia/Almaty"
        ]
    );
}

#[test]
fn the_preferred_number_stands_first_and_a_place_goes_to_its_address() {
    let ivan = client(
        "VERSION:4.0\r\nFN:Ivan\r\nTEL;PREF=2:+77011112233\r\nTEL;PREF=1;VALUE=uri:tel:+77011112234\r\n\
         TEL:87011112234\r\nGEO:geo:43.25,76.9;u=10\r\nADR:;;;Almaty;;;KZ\r\nBDAY:19800229T000000Z\r\n\
         TITLE:Boss\r\nTITLE:Chef",
    );
    let numbers: Vec<String> = ivan.phones.iter().map(|phone| phone.plain()).collect();
    assert_eq!(numbers, ["+77011112234", "+77011112233"]);
    assert_eq!(ivan.addresses[0].position.unwrap().plain(), "43.25, 76.9");
    let custom = [
        ("Birthday", "1980-02-29"),
        ("Title", "Boss"),
        ("Title 2", "Chef"),
    ];
    assert_eq!(
        ivan.custom,
        custom.map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
}

#[test]
fn a_name_that_only_repeats_company_or_number_is_none() {
    assert_eq!(client("FN:Steppe\r\nN:;;;;\r\nORG:Steppe").name, "");
    assert_eq!(
        client("FN:Steppe\r\nN:Steppe;;;;\r\nORG:Steppe").name,
        "Steppe"
    );
    assert_eq!(client("FN:+77011112233\r\nTEL:+7 701 111 22 33").name, "");
    assert_eq!(
        client("N:Petrov;Ivan;I.;Dr.;jr.\r\nTEL:8 701 111 22 33").name,
        "Dr. Ivan I. Petrov jr."
    );
}

#[test]
fn a_card_of_no_client_is_refused_with_the_property_and_what_is_allowed() {
    for (lines, told) in [
        (
            "KIND:group\r\nFN:All",
            "KIND: \"group\" is not allowed; allowed: cards of persons and companies",
        ),
        (
            "FN:Ivan\r\nno colon here",
            "line: \"no colon here\" is not allowed; allowed: a property, a colon and a value, such as FN:Ivan",
        ),
        (
            "FN:Ivan\r\nPHOTO;ENCODING=b:%%%",
            "PHOTO: \"%%%\" is not allowed; allowed: base64",
        ),
    ] {
        let text = format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}\r\nEND:VCARD\r\n");
        assert_eq!(read_card(text.as_bytes()).unwrap_err().to_string(), told);
    }
    let latin = b"BEGIN:VCARD\r\nFN:J\xf3zsef\r\nEND:VCARD\r\n";
    assert!(
        read_card(latin)
            .unwrap_err()
            .to_string()
            .starts_with("FN: \"J\u{fffd}zsef\"")
    );
    let error = card("FN:Ivan\r\nTEL:ask Olga").client(&Lists::default(), Timestamp::UNIX_EPOCH);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("TEL: \"ask Olga\" is not allowed")
    );
    let many = format!(
        "BEGIN:VCARD\r\nFN:I\r\n{}END:VCARD\r\n",
        "TEL:+77011112233\r\n".repeat(10_000)
    );
    assert!(
        read_card(many.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("at most 2000")
    );
}

#[test]
fn a_file_is_parted_into_cards_and_what_is_none() {
    let file = b"\xef\xbb\xbfBEGIN:VCARD\nFN:A\nEND:VCARD\n\nstray\nlines\nbegin:vcard\r\nFN:B\r\nAGENT:\r\n\
        BEGIN:VCARD\r\nFN:C\r\nEND:VCARD\r\nTEL:1\r\nend:vcard \r\nBEGIN:VCARD\nFN:D\nBEGIN:VCARD\nFN:E";
    let all = pieces(file);
    let shown: Vec<(&str, u64)> = all
        .iter()
        .map(|piece| match piece {
            Piece::Card(at, _) => ("card", *at),
            Piece::Unfinished(at, _) => ("unfinished", *at),
            Piece::TooLong(at, _) => ("long", *at),
            Piece::Stray(at, _) => ("stray", *at),
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("card", 1),
            ("stray", 5),
            ("card", 7),
            ("unfinished", 15),
            ("unfinished", 17)
        ]
    );
    let Piece::Card(_, octets) = &all[2] else {
        panic!()
    };
    let read = read_card(octets).unwrap();
    assert_eq!(
        (read.fields[0].text.as_str(), read.fields[1].text.as_str()),
        ("B", "1")
    );
}

#[test]
fn a_card_without_end_and_a_line_without_end_fill_no_memory() {
    let mut file = b"BEGIN:VCARD\nNOTE:".to_vec();
    file.extend(vec![b'x'; 60 << 20]);
    file.extend(b"\nEND:VCARD\nBEGIN:VCARD\nFN:A\nEND:VCARD\n");
    let all = pieces(&file);
    assert!(
        matches!(&all[0], Piece::TooLong(1, kept) if kept.len() <= 1024),
        "{}",
        all.len()
    );
    assert!(matches!(&all[1], Piece::Card(4, _)));
}
