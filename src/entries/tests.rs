#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::*;
use crate::settings::Settings;
use crate::tariffs::Tariffs;

const FILE: &str = r#"# What the provider charges.
# Asked on 1 November.

time_zone = "Asia/Almaty" # theirs
currency = 'EUR'

# Everywhere else.
[[tariff]]
name = "World"
price = "0.30" # raised in May

# --- the country ---

# By day.
[[tariff]]
price = "0.10"
name  = "Zone 7"
prefix = ["+7701",
          "+7702"] # mobiles
from = 2026-11-01
free_s = 1_0

[[tariff]]
name = "House"
prefix = "internal"
price = "0"
# The end.
"#;

fn tariffs(text: &str) -> (TempDir, PathBuf, Entries) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tariffs.toml");
    fs::write(&file, text).unwrap();
    let entries = Entries::load(&TARIFFS, &file).unwrap();
    (dir, file, entries)
}

fn entry(fields: &[(&'static str, &str)]) -> Entry {
    let mut entry = Entry::default();
    for (key, text) in fields {
        entry.set(key, text);
    }
    entry
}

fn names(entries: &Entries) -> Vec<String> {
    let all = entries.all();
    all.iter()
        .map(|entry| entry.get("name").to_owned())
        .collect()
}

/// The lines of one text that another has not.
fn only_in(one: &str, other: &str) -> Vec<String> {
    let there: Vec<&str> = other.lines().collect();
    let missing = one.lines().filter(|line| !there.contains(line));
    missing.map(str::to_owned).collect()
}

#[test]
fn s5_20_entries_are_read_as_they_are_typed() {
    let (_dir, _file, entries) = tariffs(FILE);
    let zone = &entries.all()[1];
    assert_eq!(
        *zone,
        entry(&[
            ("name", "Zone 7"),
            ("prefix", "+7701, +7702"),
            ("from", "2026-11-01"),
            ("price", "0.10"),
            ("free_s", "10"),
        ])
    );
    assert_eq!(names(&entries), ["World", "Zone 7", "House"]);
}

#[test]
fn s5_20_what_is_not_changed_stays_letter_by_letter() {
    let (_dir, file, mut entries) = tariffs(FILE);
    for (at, entry) in entries.all().iter().enumerate() {
        entries.set(at, entry).unwrap();
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), FILE);

    let mut world = entries.all()[0].clone();
    world.set("price", "0.35");
    entries.set(0, &world).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(only_in(FILE, &text), [r#"price = "0.30" # raised in May"#]);
    assert_eq!(only_in(&text, FILE), [r#"price = "0.35" # raised in May"#]);

    let mut zone = entries.all()[1].clone();
    zone.set("prefix", "+7701");
    zone.set("until", "2026-12-31");
    zone.set("free_s", "");
    entries.set(1, &zone).unwrap();
    let changed = fs::read_to_string(&file).unwrap();
    assert_eq!(
        only_in(&changed, &text),
        [r#"prefix = "+7701" # mobiles"#, "until = 2026-12-31"]
    );
    assert!(!changed.contains("free_s"));
    assert_eq!(entries.all()[1], zone);
}

#[test]
fn s5_20_an_entry_is_added_moved_and_removed_with_what_belongs_to_it() {
    let (_dir, file, mut entries) = tariffs(FILE);
    let mobile = entry(&[
        ("name", "Mobile"),
        ("price", "0.05"),
        ("prefix", "+7705, +7707"),
    ]);
    entries.add(usize::MAX, &mobile).unwrap();
    entries
        .add(1, &entry(&[("name", "Second"), ("price", "1")]))
        .unwrap();
    let all = ["World", "Second", "Zone 7", "House", "Mobile"];
    assert_eq!(names(&entries), all);
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(only_in(FILE, &text), [""; 0], "nothing is lost:\n{text}");
    // The program reads them in the same order.
    let read = Tariffs::parse(&text, &file, TimeZone::UTC).unwrap();
    let order: Vec<&str> = read.rules().iter().map(|rule| &*rule.name).collect();
    assert_eq!(order, all);

    entries.move_to(4, 0).unwrap();
    entries.move_to(1, 2).unwrap();
    assert_eq!(
        names(&entries),
        ["Mobile", "Second", "World", "Zone 7", "House"]
    );
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(only_in(FILE, &text), [""; 0], "nothing is lost:\n{text}");

    // The comment right above goes with it, the one of the whole part stays.
    entries.remove(3).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("# --- the country ---"), "{text}");
    assert!(!text.contains("# By day."), "{text}");
    for at in (0..4).rev() {
        entries.remove(at).unwrap();
    }
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        entries.all().is_empty() && !text.contains("[[tariff]]"),
        "{text}"
    );
    for kept in [
        "# What the provider charges.",
        "# theirs",
        "# --- the country ---",
        "# The end.",
    ] {
        assert!(text.contains(kept), "{kept} in\n{text}");
    }
    entries.add(0, &mobile).unwrap();
    assert_eq!(names(&entries), ["Mobile"]);
    entries.remove(7).unwrap();
    assert_eq!(names(&entries), ["Mobile"]);
}

#[test]
fn s5_20_an_entry_before_the_first_one_leaves_the_files_own_words_on_top() {
    let text = "# The provider's list.\n\n# Everywhere.\n[[tariff]]\nname = \"World\"\nprice = \"1\"\ncurrency = \"EUR\"\n";
    let (_dir, file, mut entries) = tariffs(text);
    let first = entry(&[("name", "First"), ("price", "2"), ("currency", "EUR")]);
    entries.add(0, &first).unwrap();
    let written = fs::read_to_string(&file).unwrap();
    assert!(
        written.starts_with("# The provider's list.\n\n[[tariff]]\nname = \"First\""),
        "{written}"
    );
    assert!(
        written.contains("\n# Everywhere.\n[[tariff]]\nname = \"World\""),
        "{written}"
    );
}

#[test]
fn s5_20_what_the_reader_would_refuse_is_not_written_and_the_reader_says_why() {
    let (_dir, file, mut entries) = tariffs(FILE);
    let good = entries.all()[1].clone();
    for (key, text, why) in [
        ("price", "", "price is missing in [[tariff]]"),
        ("price", "dear", "price = \"dear\" in [[tariff]]: allowed: "),
        (
            "free_s",
            "ten",
            "free_s = \"ten\" in [[tariff]]: allowed: a whole number",
        ),
        (
            "free_s",
            "-1",
            "free_s = -1 in [[tariff]]: allowed: a whole number",
        ),
        (
            "from",
            "soon",
            "from = \"soon\" in [[tariff]]: allowed: a day such as",
        ),
        ("until", "2026-10-31", "a day that is not before \"from\""),
        ("prefix", "7701", "prefix = \"7701\""),
        ("prefix", "+7701, x", "prefix = \"x\""),
        ("direction", "up", "allowed: \"outgoing\", \"incoming\""),
        ("days", "someday", "days such as"),
    ] {
        let mut bad = good.clone();
        bad.set(key, text);
        let refused = entries.set(1, &bad).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
        assert!(refused.contains("tariffs.toml:"), "{refused}");
        assert!(entries.add(0, &bad).is_err());
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), FILE);
    assert_eq!(entries.all()[1], good);

    // A file that is wrong already is not touched either.
    fs::write(&file, "[[tariff]]\nprize = 1\n").unwrap();
    let wrong = Entries::load(&TARIFFS, &file).unwrap_err().to_string();
    assert!(wrong.contains("tariffs.toml:1: name is missing"), "{wrong}");
}

#[test]
fn s5_20_what_somebody_else_wrote_meanwhile_is_not_lost() {
    let (dir, file, mut entries) = tariffs(FILE);
    let theirs = format!("{FILE}# theirs\n");
    fs::write(&file, &theirs).unwrap();
    let refused = entries.remove(0).unwrap_err().to_string();
    assert!(refused.contains("changed meanwhile"), "{refused}");
    assert_eq!(fs::read_to_string(&file).unwrap(), theirs);
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[cfg(unix)]
#[test]
fn s5_20_a_file_that_is_a_link_stays_one() {
    let (dir, file, _entries) = tariffs(FILE);
    let link = dir.path().join("link.toml");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    Entries::load(&TARIFFS, &link).unwrap().remove(0).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(!fs::read_to_string(&file).unwrap().contains("World"));
}

#[test]
fn s5_21_limits_are_entries_of_the_settings() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("settings.toml");
    let ours = "# ours\n[[account]]\naor = \"sip:101@office.example\" # me\n\n[window]\ntheme = \"dark\"\n";
    fs::write(&file, ours).unwrap();
    let mut entries = Entries::load(&LIMITS, &file).unwrap();
    assert!(entries.all().is_empty());
    entries
        .add(0, &entry(&[("minutes", "10"), ("category", "vip")]))
        .unwrap();
    entries
        .add(0, &entry(&[("seconds", "30"), ("direction", "incoming")]))
        .unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(only_in(ours, &text), [""; 0], "{text}");
    let limits = Settings::load(&file).unwrap().too_long;
    let lengths: Vec<u64> = limits.iter().map(|limit| limit.talk.as_secs()).collect();
    assert_eq!(lengths, [30, 600]);
    let none = entries.set(1, &entry(&[("category", "vip")])).unwrap_err();
    assert!(
        none.to_string()
            .contains("minutes is missing in [[too_long]]"),
        "{none}"
    );
    entries.remove(0).unwrap();
    entries.remove(0).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), ours);
}

#[test]
fn every_field_of_the_file_is_a_field_of_its_form() {
    // What is no key there is refused with all that are.
    for form in [&TARIFFS, &LIMITS] {
        let file = Path::new("file.toml");
        let sample = match form.section {
            "tariff" => "name = \"A\"\nprice = \"1\"\ncurrency = \"EUR\"",
            _ => "minutes = 1",
        };
        let text = format!("[[{}]]\n{sample}\nnonsense = 1\n", form.section);
        let told = (form.check)(&text, file).unwrap_err();
        let SettingsFault::UnknownKey { allowed, .. } = told.fault() else {
            panic!("{told}");
        };
        let mut allowed: Vec<&str> = allowed.clone();
        let mut keys: Vec<&str> = form.fields.iter().map(|field| field.key).collect();
        allowed.sort_unstable();
        allowed.dedup();
        keys.sort_unstable();
        assert_eq!(keys, allowed);
    }
}
