//! Every text that people read is translated into every language, and nothing else is.
//!
//! After a text was added, changed or removed:
//! `cargo test --no-default-features --test translations -- --ignored update`
//! brings the catalogues in line; what it adds is empty and waits for its translation.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod catalogue;
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use catalogue::{PSEUDO, faults, load, po_path, save, stretched, updated};
use ringbook::i18n::{self, Language};
use ringbook::{tr, trn};
use source::texts_of_the_program;

fn translated_languages() -> impl Iterator<Item = Language> {
    let all = Language::ALL.into_iter();
    all.filter(|language| *language != Language::English)
}

#[test]
fn every_text_is_translated_into_every_language_with_its_placeholders_and_plural_forms() {
    let texts = texts_of_the_program();
    assert!(texts.len() > 100, "only {} texts found", texts.len());
    let mut wrong = Vec::new();
    for language in translated_languages() {
        wrong.extend(faults(&texts, language, &load(language.code())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_is_a_folder_for_each_language_and_no_other() {
    let folders: BTreeSet<String> = fs::read_dir(Path::new("ui/markup/lang"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let languages = translated_languages().map(|language| language.code().to_owned());
    assert_eq!(
        folders,
        languages
            .chain([PSEUDO.to_owned()])
            .collect::<BTreeSet<_>>()
    );
}

#[test]
fn the_pseudo_translation_is_up_to_date() {
    let expected = stretched(&texts_of_the_program());
    let written = load(PSEUDO);
    assert!(written == expected, "run the test `update`");
}

#[test]
fn s1_13_the_direction_of_a_call_is_in_capitals_where_the_script_has_them() {
    for language in translated_languages() {
        let catalogue = load(language.code());
        let text = |id| {
            let message = catalogue.find_message(None, id, None).unwrap();
            message.msgstr().unwrap().to_owned()
        };
        for (capitals, word) in [("INCOMING", "Incoming"), ("OUTGOING", "Outgoing")] {
            assert_eq!(
                text(capitals),
                text(word).to_uppercase(),
                "{}",
                language.code()
            );
        }
    }
}

#[test]
fn texts_speak_the_language_that_was_set() {
    let count = |n: u32| trn!("Today {n} call", "Today {n} calls", n = n);
    assert_eq!(tr!("Ordinary"), "Ordinary");
    assert_eq!(
        (count(1), count(2)),
        ("Today 1 call".into(), "Today 2 calls".into())
    );

    i18n::set_language(Language::Russian);
    assert_eq!(i18n::language(), Language::Russian);
    assert_eq!(tr!("Ordinary"), "Обычный");
    assert_eq!(
        tr!("The {device} works again", device = "X"),
        "Снова работает X"
    );
    assert_eq!(
        [1, 2, 5, 11, 21].map(count),
        [
            "Сегодня 1 звонок",
            "Сегодня 2 звонка",
            "Сегодня 5 звонков",
            "Сегодня 11 звонков",
            "Сегодня 21 звонок"
        ]
    );

    i18n::set_language(Language::Arabic);
    assert_eq!(tr!("Ordinary"), "عادي");

    i18n::set_language(Language::English);
    assert_eq!(tr!("Ordinary"), "Ordinary");
}

#[test]
#[ignore = "writes the catalogues: for people who changed a text"]
fn update() {
    let texts = texts_of_the_program();
    for language in translated_languages() {
        save(language.code(), &updated(&texts, language));
    }
    save(PSEUDO, &stretched(&texts));
    let places: Vec<_> = translated_languages()
        .map(|language| po_path(language.code()).display().to_string())
        .collect();
    eprintln!("translate what is empty in\n{}", places.join("\n"));
}
