//! Reports as PDF files, read back by another program (poppler's `pdftotext`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use ringbook::model::{CallId, CallRecord, CallStatus, Direction, EndReason, KnownAs};
use ringbook::store::Store;
use tempfile::TempDir;

use super::{SETTINGS, profile, ringbook};

const REPORTS: [&str; 4] = ["lost", "service", "busiest", "handling"];
const PERIOD: [&str; 4] = ["--from", "2026-08-01", "--to", "2026-10-25"];

/// A call of one of the operators, every five hours and a bit; their names are of four scripts.
fn call(n: i64) -> CallRecord {
    let started_at: Timestamp = "2026-08-01T05:00:00Z".parse().unwrap();
    let started_at = started_at + (n * 317).minutes();
    let direction = [
        Direction::Incoming,
        Direction::Incoming,
        Direction::Outgoing,
    ][n as usize % 3];
    let mut call = CallRecord::begin(CallId::new(), direction, started_at);
    let names = ["Anna", "Шаров Глеб", "प्रकाश गिरि", "مريم حسن", "=1+1"];
    call.extension = (101 + n % 5).to_string();
    call.employee = names[n as usize % 5].to_owned();
    let lines = [
        "sip:101@office.example",
        "sip:sales@very-long-name.example.com",
    ];
    call.account = lines[n as usize % 2].to_owned();
    call.ring = Duration::from_secs(3 + n.unsigned_abs() % 40);
    call.ended_at = Some(started_at + 5.minutes());
    if n % 4 == 0 {
        (call.status, call.end_reason) = (CallStatus::Missed, Some(EndReason::Cancelled));
        return call;
    }
    (call.status, call.end_reason) = (CallStatus::Answered, Some(EndReason::RemoteHangup));
    call.answered_at = Some(started_at + 5.seconds());
    call.talk = Duration::from_secs(30 + n.unsigned_abs() * 7 % 200);
    call.known_as = Some(KnownAs::Client);
    call.identified = Some(Duration::ZERO);
    call
}

fn office() -> TempDir {
    let dir = profile(SETTINGS);
    let mut store = Store::open(&dir.path().join("ringbook.db")).unwrap();
    store
        .write(|w| (0..385).try_for_each(|n| w.save_call(&call(n))))
        .unwrap();
    dir
}

fn report(locale: &str, profile: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = ringbook(profile, &[&["report"], arguments, &PERIOD].concat())
        .env("TZ", "Europe/Budapest")
        .env("LC_ALL", locale)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// The report as a file.
fn sheets(locale: &str, office: &TempDir, name: &str) -> PathBuf {
    let file = office.path().join(format!("{name}-{locale}.pdf"));
    report(locale, office.path(), &[name, file.to_str().unwrap()]);
    file
}

/// What the file says, as another program reads it; none where it is not installed here.
fn read(file: &Path, options: &[&str]) -> Option<String> {
    let output = Command::new("pdftotext")
        .args(options)
        .arg(file)
        .arg("-")
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: pdftotext is not installed here (package poppler-utils)");
        return None;
    };
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The words, without what tells directions and what draws shades. In words from the right the reader
/// puts letters that are written as one, and marks, into another order: of those it is told which there are.
fn words(text: &str) -> BTreeSet<String> {
    let shown = |c: &char| {
        !"\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}".contains(*c)
    };
    let text: String = text
        .chars()
        .map(|c| if shown(&c) { c } else { ' ' })
        .collect();
    text.split(|c: char| c.is_whitespace() || "░▒▓█\u{c}".contains(c))
        .map(|word| word.trim_matches(['.', '،', '؛', ':']))
        .filter(|word| !word.is_empty())
        .map(|word| {
            let is_from_the_right = word.chars().any(|c| ('\u{600}'..'\u{700}').contains(&c));
            let mut letters: Vec<char> = word.chars().collect();
            if is_from_the_right {
                letters.retain(|c| c.is_alphanumeric() && !('\u{64b}'..'\u{660}').contains(c));
                letters.sort_unstable();
            }
            letters.into_iter().collect()
        })
        .collect()
}

#[test]
fn s4_28_a_report_on_paper_has_every_word_and_figure_of_the_one_on_the_screen_in_every_script() {
    let office = office();
    for locale in [
        "C.UTF-8",
        "ru_RU.UTF-8",
        "hi_IN.UTF-8",
        "ar_EG.UTF-8",
        "hu_HU.UTF-8",
    ] {
        for name in REPORTS {
            let file = sheets(locale, &office, name);
            let Some(text) = read(&file, &[]) else { return };
            let on_paper = words(&text);
            let screen = report(locale, office.path(), &[name, "--format", "table"]);
            let screen = words(&String::from_utf8(screen).unwrap());
            let missing: Vec<_> = screen.difference(&on_paper).collect();
            assert!(missing.is_empty(), "{locale} {name}: {missing:?}\n{text}");
        }
    }
}

#[test]
fn s4_28_nothing_on_paper_is_cut_off_and_a_long_table_goes_on_with_its_heads() {
    let office = office();
    for locale in ["C.UTF-8", "ar_EG.UTF-8"] {
        for name in REPORTS {
            let file = sheets(locale, &office, name);
            let Some(boxes) = read(&file, &["-bbox"]) else {
                return;
            };
            let placed = boxes.lines().filter(|line| line.contains("<word "));
            let edge = |line: &str, name: &str| -> f64 {
                let value = line.split(&format!("{name}=\"")).nth(1).unwrap();
                value.split('"').next().unwrap().parse().unwrap()
            };
            let mut words = 0;
            for line in placed {
                let inside = edge(line, "xMin") >= 40.0
                    && edge(line, "xMax") <= 555.0
                    && edge(line, "yMin") >= 20.0
                    && edge(line, "yMax") <= 825.0;
                assert!(inside, "{locale} {name}: {line}");
                words += 1;
            }
            assert!(words > 100, "{locale} {name}: {words}");
        }
    }
    let lost = sheets("C.UTF-8", &office, "lost");
    let Some(text) = read(&lost, &["-layout"]) else {
        return;
    };
    let pages: Vec<&str> = text
        .split('\u{c}')
        .filter(|page| !page.trim().is_empty())
        .collect();
    assert!(pages.len() >= 3, "{text}");
    for (at, page) in pages.iter().enumerate() {
        assert!(
            page.contains(&format!("Page {} of {}", at + 1, pages.len())),
            "{page}"
        );
        assert!(
            page.contains("Offered") && page.contains("Lost calls from"),
            "{page}"
        );
    }
}

#[test]
fn s4_28_a_split_report_has_sheets_of_its_own_for_each_period() {
    let office = office();
    let file = office.path().join("split.pdf");
    let arguments = ["lost", file.to_str().unwrap(), "--split", "2026-10-01"];
    report("C.UTF-8", office.path(), &arguments);
    assert!(fs::read(&file).unwrap().starts_with(b"%PDF-1.7"));
    let Some(text) = read(&file, &[]) else { return };
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for heading in [
        "Lost calls from 2026-08-01 00:00 to 2026-10-01 00:00",
        "Lost calls from 2026-10-01 00:00 to 2026-10-26 00:00",
    ] {
        assert!(flat.contains(heading), "{text}");
    }
}
