//! Tables of other programs: columns that are mapped, known by their names, or guessed at.

use super::*;

/// The texts of everybody that a file brings, by name.
fn texts(csv: &str, map: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut store = Store::in_memory().unwrap();
    let map = map
        .iter()
        .map(|(column, field)| ((*column).to_owned(), (*field).to_owned()));
    let options = Options {
        map: map.collect(),
        ..options()
    };
    let report = import_clients(&mut store, csv.as_bytes(), options).unwrap();
    assert_eq!(report.refused, 0, "{report}");
    let all = everybody(&store).into_iter();
    let shown = |client: Client| {
        let texts = client.texts().into_iter();
        let texts = texts.filter(|(field, _)| field.to_string() != "category");
        texts
            .map(|(field, text)| format!("{field}={text}"))
            .collect()
    };
    all.map(shown).collect()
}

#[test]
fn columns_named_in_six_languages_are_known() {
    for (csv, expected) in [
        (
            "ФИО;Организация;Телефон;Сотовый;Эл. почта;Город;Договор\n\
             Иван Петров;Степь;+7 727 250-00-00;8 701 111 22 33;i@a.example;Алматы;17\n",
            vec![
                "name=Иван Петров",
                "company=Степь",
                "phone=+77272500000",
                "phone2=+77011112233",
                "phone2_label=mobile",
                "email=i@a.example",
                "city=Алматы",
                "Договор=17",
            ],
        ),
        (
            "नाम,फ़ोन\nकिशोर,+9779841234567\n",
            vec!["name=किशोर", "phone=+9779841234567"],
        ),
        (
            "Név;Telefonszám;Cégnév\nNagy Anna;+36305550101;Duna\n",
            vec!["name=Nagy Anna", "company=Duna", "phone=+36305550101"],
        ),
        (
            "الاسم,رقم الهاتف\nمحمد,+966501234567\n",
            vec!["name=محمد", "phone=+966501234567"],
        ),
        (
            "Фамилия,Имя,Отчество,Номер\nПетров,Иван,Ильич,+77011112233\n",
            vec!["name=Петров Иван Ильич", "phone=+77011112233"],
        ),
    ] {
        assert_eq!(texts(csv, &[]), [expected], "{csv}");
    }
}

#[test]
fn exports_of_google_and_outlook_and_microsip_are_known() {
    let google = "First Name,Middle Name,Last Name,Organization Name,Notes,Labels,E-mail 1 - Label,\
        E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - Label,Address 1 - Formatted,\
        Address 1 - Street,Address 1 - City\n\
        Ivan,,Petrov,Steppe,Speak slowly,* myContacts ::: steel,* Work,i@a.example,Mobile,\
        +77011112233 ::: +77011112234,* Home,all of it,Abay 1,Almaty\n";
    assert_eq!(
        texts(google, &[]),
        [[
            "name=Ivan Petrov",
            "company=Steppe",
            "note=Speak slowly",
            "tags=steel",
            "phone=+77011112233",
            "phone_label=Mobile",
            "phone2=+77011112234",
            "phone2_label=Mobile",
            "email=i@a.example",
            "email_label=Work",
            "street=Abay 1",
            "city=Almaty",
            "address_label=Home",
        ]
        .to_vec()]
    );
    let outlook = "First Name,Last Name,Company,Business Phone,Mobile Phone,E-mail Address,\
        E-mail 2 Address,Business City,Home Street,Home City,Categories\n\
        Ivan,Petrov,Steppe,+77272500000,+77011112233,i@a.example,j@a.example,Almaty,Abay 1,Astana,\
        VIP;steel\n";
    assert_eq!(
        texts(outlook, &[]),
        [[
            "name=Ivan Petrov",
            "company=Steppe",
            "tags=VIP; steel",
            "phone=+77272500000",
            "phone_label=work",
            "phone2=+77011112233",
            "phone2_label=mobile",
            "email=i@a.example",
            "email2=j@a.example",
            "city=Almaty",
            "address_label=work",
            "street2=Abay 1",
            "city2=Astana",
            "address2_label=home",
        ]
        .to_vec()]
    );
    let microsip = "Name,Number,Presence,Directory\nIvan,+77011112233,0,0\n";
    let texts = texts(microsip, &[("Presence", ""), ("directory", "")]);
    assert_eq!(texts, [["name=Ivan", "phone=+77011112233"].to_vec()]);
}

#[test]
fn a_mapping_goes_before_every_name() {
    let csv = "name,Kód,Egyéb,phone\nIvan,+77011112233,17,drop\n";
    let map = [
        ("name", "company"),
        ("kód", "phone"),
        ("Egyéb", "Contract"),
        ("phone", ""),
    ];
    assert_eq!(
        texts(csv, &map),
        [["company=Ivan", "phone=+77011112233", "Contract=17"].to_vec()]
    );
    let mut store = Store::in_memory().unwrap();
    let options = Options {
        map: vec![("Nope".into(), "phone".into())],
        ..options()
    };
    let error = import_clients(&mut store, &b"name\nIvan\n"[..], options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1: no column is called \"Nope\" (found: name)"
    );
}

#[test]
fn columns_whose_names_say_nothing_are_known_by_what_stands_in_them() {
    let csv = "名字,电话,邮件\nLi,+8613812345678,li@a.example\nWang,,w@a.example\n";
    assert_eq!(
        texts(csv, &[]),
        [
            ["name=Li", "phone=+8613812345678", "email=li@a.example"].to_vec(),
            ["name=Wang", "email=w@a.example"].to_vec()
        ]
    );
    assert_eq!(
        texts("name,\nIvan,+77011112233\n", &[]),
        [["name=Ivan", "phone=+77011112233"].to_vec()]
    );
}

#[test]
fn the_programs_own_export_is_not_guessed_at() {
    let (store, _) = import_new(
        "name,company,phone,phone2,phone3,email,category,note,city,country,language,greeting,Mobile\n\
         Ivan,,,,,,,,,,,,by night\n",
    );
    assert_eq!(
        everybody(&store)[0].custom,
        [("Mobile".to_owned(), "by night".to_owned())]
    );
}

#[test]
fn a_preview_shows_the_columns_and_the_first_lines_and_changes_nothing() {
    let store = Store::in_memory().unwrap();
    let csv = "ФИО;Мобильный;Договор\nИван;8 701 111 22 33;17\nОльга;bob;\n".to_owned()
        + &"И;;1\n".repeat(50);
    let preview = preview_file(&store, csv.as_bytes(), &options()).unwrap();
    assert_eq!(preview.entries.len(), 5);
    assert_eq!(
        preview.to_string().lines().take(9).collect::<Vec<_>>(),
        [
            "ФИО: Name (a guess)",
            "Мобильный: Phone (mobile) (a guess)",
            "Договор: Договор (a field of the office's own)",
            "line 2:",
            "  Name: \"Иван\"",
            "  Договор: \"17\"",
            "  Phone: \"+77011112233\"",
            "  Phone label: \"mobile\"",
            "line 3: Мобильный: \"bob\" is not allowed; allowed: numbers of KZ and international ones \
             such as +77011112233",
        ]
    );
    assert_eq!(store.read(|reader| reader.count_clients()).unwrap(), 0);
}

#[test]
fn a_preview_says_when_no_column_tells_who_a_line_is_about() {
    let store = Store::in_memory().unwrap();
    let shown = |csv: &str| {
        let preview = preview_file(&store, csv.as_bytes(), &options()).unwrap();
        preview.to_string()
    };
    assert!(shown("Owner;Phone\nIvan;87011112233\n").contains("--map"));
    assert!(!shown("Patient;Phone\nIvan;87011112233\n").contains("--map"));
    assert!(!shown("First name;Last name;Phone\nI;P;87011112233\n").contains("--map"));
}

#[test]
fn a_dry_run_tells_field_by_field_what_would_change() {
    let (mut store, _) =
        import_new("name,phone,city\nIvan,+77011112233,Almaty\nBek,+77011112234,\n");
    let options = Options {
        dry_run: true,
        ..options()
    };
    let csv = "name,phone,city,note\nIvan,+77011112233,Astana,VIP\nBek,+77011112234,,\n";
    let report = import_clients(&mut store, csv.as_bytes(), options).unwrap();
    assert!(
        report.to_string().starts_with(
            "line 2: Ivan\n  City: \"Almaty\" → \"Astana\"\n  Note: \"\" → \"VIP\"\nNothing was changed."
        ),
        "{report}"
    );
}

fn keeping(rejected: &mut Vec<u8>) -> Options<'_> {
    Options {
        rejected: Some(rejected),
        ..options()
    }
}

#[test]
fn lines_that_are_left_out_are_kept_with_the_reason_and_come_in_once_they_are_right() {
    let mut store = Store::in_memory().unwrap();
    let mut rejected = Vec::new();
    let csv = b"name;phone;Contract\nIv\xc3\xa1n \xc3\x9aj;+77011112233;1\n\"Two\nlines\";bob;'=2\nL\xe9;;3\nWide;;4;more\n";
    let report = import_clients(&mut store, &csv[..], keeping(&mut rejected)).unwrap();
    assert_eq!((report.added, report.refused), (1, 3));
    let kept = String::from_utf8_lossy(&rejected);
    let expected = "name;phone;Contract;left_out_because\n\
        \"Two\nlines\";bob;'=2;\"line 3: phone: \"\"bob\"\" is not allowed; allowed: numbers of KZ and \
        international ones such as +77011112233\"\n\
        L\u{fffd};;3;\"line 5: name: \"\"L\u{fffd}\"\" is not allowed; allowed: text in UTF-8\"\n\
        Wide;;4;more;\"line 6: column 4: \"\"more\"\" is not allowed; allowed: 3 cells, as the first line \
        has names\"\n";
    assert_eq!(kept, expected);
    let right = kept.replace("bob", "+77011112234").replace("more;", "");
    let mut again = Vec::new();
    let report = import_clients(&mut store, right.as_bytes(), keeping(&mut again)).unwrap();
    assert_eq!((report.added, report.refused), (3, 0), "{report}");
    assert!(again.is_empty());
}
