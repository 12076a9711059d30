//! Phone numbers as people write them, against Google's own library: more than fifty thousand valid
//! numbers of every region in ten spellings each. What is read otherwise is told with its share, and
//! each kind of it has its reason in docs/DATA.md.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod google;
#[path = "../support/python.rs"]
mod python;

use std::collections::BTreeMap;

use ringbook::model::{Country, PhoneNumber};

use google::{Line, Python};

const SEED: u64 = 20_261_128;
/// Some regions have fewer numbers than their share, so that a few more are asked for.
const NUMBERS: u64 = 51_000;
const AT_LEAST: usize = 500_000;

/// How the spellings of one kind were read.
#[derive(Debug, Default)]
struct Share {
    all: usize,
    ours: usize,
    googles: usize,
    /// What we read otherwise, by its reason.
    reasons: BTreeMap<&'static str, usize>,
    unexplained: Vec<String>,
}

#[test]
fn s1_2_fifty_thousand_numbers_of_all_regions_are_read_in_ten_spellings_each() {
    let Some(python) = Python::with_phonenumbers() else {
        return;
    };
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();
    let halves = python.spellings(SEED, NUMBERS, |lines| {
        let mut shares = BTreeMap::new();
        lines.for_each(|line| count(&line, &mut shares));
        shares
    });
    for (kind, half) in halves.into_iter().flatten() {
        shares.entry(kind).or_default().add(half);
    }
    let all: usize = shares.values().map(|share| share.all).sum();
    let ours: usize = shares.values().map(|share| share.ours).sum();
    let googles: usize = shares.values().map(|share| share.googles).sum();
    eprintln!(
        "{:>14} {:>8} {:>16} {:>16}",
        "", "all", "otherwise", "Google's library"
    );
    for (kind, share) in &shares {
        eprintln!("{}", share.told(kind));
    }
    let total = Share {
        all,
        ours,
        googles,
        ..Share::default()
    };
    eprintln!("{}", total.told("all"));
    assert!(all >= AT_LEAST, "only {all} spellings were made");
    assert!(
        ours * 400 <= all,
        "more than a quarter percent is read otherwise: {ours}"
    );
    let unexplained: Vec<&String> = shares.values().flat_map(|s| &s.unexplained).collect();
    assert!(
        unexplained.is_empty(),
        "{} more: {unexplained:#?}",
        unexplained.len()
    );
}

impl Share {
    fn add(&mut self, other: Self) {
        self.all += other.all;
        self.ours += other.ours;
        self.googles += other.googles;
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        self.unexplained.extend(other.unexplained);
    }

    fn told(&self, kind: &str) -> String {
        let percent = |count: usize| 100.0 * count as f64 / self.all as f64;
        format!(
            "{kind:>14} {:>8} {:>6} {:>7.3} % {:>6} {:>7.3} %  {:?}",
            self.all,
            self.ours,
            percent(self.ours),
            self.googles,
            percent(self.googles),
            self.reasons
        )
    }
}

fn count(line: &Line, shares: &mut BTreeMap<String, Share>) {
    let share = shares.entry(line.kind.clone()).or_default();
    share.all += 1;
    share.googles += usize::from(line.google != line.is);
    let country: Option<Country> = Some(line.country.parse().unwrap());
    let read = PhoneNumber::read(&line.text, country).ok();
    let read = read.map(|read| (read.number.e164(), read.extension.unwrap_or_default()));
    let read = read.unwrap_or_default();
    if read == line.is {
        return;
    }
    share.ours += 1;
    match why(line, &read.0) {
        Some(reason) => *share.reasons.entry(reason).or_default() += 1,
        None => share
            .unexplained
            .push(format!("{line:?} is read as {read:?}")),
    }
}

/// Why a text means another number, too, and is read as that one.
fn why(line: &Line, read: &str) -> Option<&'static str> {
    let (kind, country, is) = (&*line.kind, &*line.country, &*line.is.0);
    // ITU-T E.164 §6.
    if is.len() > "+123456789012345".len() {
        return read.is_empty().then_some("more than fifteen digits");
    }
    let national = ["national", "dialled", "extension", "digits"].contains(&kind);
    match country {
        // By the old plan +241 6 52 84 02 is written 06 52 84 02, by the new one +241 06 52 84 02.
        "GA" if national && read == is.replacen("+241", "+2410", 1) => Some("Gabon, old and new"),
        // Thailand's 001 800 numbers begin with its international prefix.
        "TH" if national && is.starts_with("+66001800") => Some("Thailand, 001 800"),
        // Behind Hong Kong's 00 may stand a digit for the carrier.
        "HK" if kind == "from abroad" && line.text.starts_with("00") => Some("Hong Kong, carriers"),
        // Seven digits after a 1: an island reads the ten of a number of its own.
        _ if kind == "from abroad" && is.starts_with("+1310") && is.len() == 9 => {
            Some("Canada, 310 from its neighbours")
        }
        _ => None,
    }
}
