#![allow(clippy::unwrap_used)]
use super::*;
use crate::export::page::{Bars, Heat, HeatCell, Table};

fn made(at: &str) -> Zoned {
    format!("{at}[Europe/Budapest]").parse().unwrap()
}

fn table(rows: usize, bars: bool) -> Part {
    let row = |n: usize| vec![format!("sip:{n}@office.example"), format!("{n}.5 %")];
    Part::Table(Table {
        title: "By line".to_owned(),
        headings: vec!["Line".to_owned(), "Lost rate".to_owned()],
        rows: (0..rows).map(row).collect(),
        bars: bars.then(|| Bars {
            column: 1,
            values: (0..rows).map(|n| n as f64).collect(),
        }),
    })
}

fn file(parts: Vec<Part>, language: Language) -> Vec<u8> {
    let page = Page {
        heading: "Lost calls".to_owned(),
        parts,
    };
    pages_as_pdf(&[page], language, &made("2026-11-22T09:00:00+01:00")).unwrap()
}

fn count(file: &[u8], what: &str) -> usize {
    let windows = file.windows(what.len());
    windows.filter(|part| *part == what.as_bytes()).count()
}

fn sheets(file: &[u8]) -> usize {
    count(file, "/Type /Page\n")
}

#[test]
fn s4_28_the_same_report_at_the_same_time_is_the_same_file() {
    let parts = || {
        vec![
            table(30, true),
            Part::Text(vec!["Шаров, مريم, प्रकाश".to_owned()]),
        ]
    };
    let first = file(parts(), Language::English);
    assert_eq!(first, file(parts(), Language::English));
    assert_eq!(count(&first, "(D:20261122090000+01'00)"), 1);
    let page = Page {
        heading: "Lost calls".to_owned(),
        parts: parts(),
    };
    let later = made("2026-11-22T09:00:01+01:00");
    assert_ne!(
        first,
        pages_as_pdf(&[page], Language::English, &later).unwrap()
    );
}

#[test]
fn s4_28_what_does_not_fit_on_a_sheet_goes_on_upon_the_next() {
    assert_eq!(sheets(&file(vec![table(3, false)], Language::English)), 1);
    let long = file(vec![table(200, true)], Language::English);
    assert!((5..8).contains(&sheets(&long)), "{}", sheets(&long));
    let empty = pages_as_pdf(&[], Language::English, &made("2026-11-22T09:00:00+01:00"));
    assert_eq!(sheets(&empty.unwrap()), 0);
    let nothing = Part::Heat(Heat {
        title: String::new(),
        columns: (String::new(), Vec::new()),
        rows: vec![(String::new(), Vec::<HeatCell>::new())],
    });
    assert_eq!(
        sheets(&file(vec![nothing, table(0, true)], Language::English)),
        1
    );
}

#[test]
fn s4_28_fonts_are_inside_as_far_as_they_are_used() {
    let latin = file(vec![table(3, false)], Language::English);
    assert_eq!(count(&latin, "/FontFile2"), 2, "regular and bold");
    assert!(latin.len() < 60_000, "{}", latin.len());
    let all = file(
        vec![Part::Text(vec!["Шаров, مريم, प्रकाश".to_owned()])],
        Language::English,
    );
    assert_eq!(count(&all, "/FontFile2"), 4, "{}", all.len());
    let mirrored = file(vec![table(3, false)], Language::Arabic);
    assert_eq!((count(&latin, "/R2L"), count(&mirrored, "/R2L")), (0, 1));
}

#[test]
fn s4_28_a_table_too_wide_for_any_letters_is_broken_within_its_cells() {
    let cell = |n: usize| format!("{n}-{}", "Donaudampfschifffahrtsgesellschaft".repeat(3));
    let wide = Part::Table(Table {
        title: "Wide".to_owned(),
        headings: (0..10).map(cell).collect(),
        rows: vec![(0..10).map(cell).collect()],
        bars: None,
    });
    assert_eq!(sheets(&file(vec![wide], Language::English)), 1);
}
