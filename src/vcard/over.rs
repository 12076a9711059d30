//! A client written over a card that another program may have made: what the card says otherwise
//! than the client is written anew, everything else stays as it stands.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::line::{ContentLine, fold};
use super::text::unescaped;
use super::{Card, CardError, CardField, Version, Writing, write_card};
use crate::model::{Client, ClientField, ClientPhone, Lists};

/// Properties whose lines others belong to.
const WITH_OTHERS: [&str; 3] = ["TEL", "EMAIL", "ADR"];
/// What every card has of its own.
const FRAME: [&str; 5] = ["BEGIN", "END", "VERSION", "UID", "REV"];

/// Writes `after` over `card`, which was read as `before`. Properties that say the same of both stay
/// as they are, and so does every property that a client has no field for.
///
/// # Errors
/// The card cannot be read.
pub fn write_over(
    card: &str,
    before: &Client,
    after: &Client,
    lists: &Lists,
    rev: Timestamp,
) -> Result<String, CardError> {
    let lines = ContentLine::all(card.as_bytes())?;
    let is_new = |line: &ContentLine| line.name == "VERSION" && line.value.trim() == "4.0";
    let version = match lines.iter().any(is_new) {
        true => Version::V4,
        false => Version::V3,
    };
    let (was, is) = (written(before, version)?, written(after, version)?);
    let changed: BTreeSet<&str> = sections(&was)
        .chain(sections(&is))
        .filter(|section| says(&was, section) != says(&is, section))
        .collect();
    let mut writing = Over {
        text: String::new(),
        groups: lines.iter().filter_map(group_number).max().unwrap_or(0),
        is: &is,
        left: changed,
    };
    for (line, section) in with_sections(&lines) {
        writing.line(line, section, lists, rev);
    }
    Ok(writing.text)
}

/// The card on its way.
struct Over<'a> {
    text: String,
    /// The highest number of a group in the card as it was.
    groups: usize,
    is: &'a [ContentLine],
    /// Sections that are written anew and are not yet.
    left: BTreeSet<&'a str>,
}

impl Over<'_> {
    fn line(&mut self, line: &ContentLine, section: &str, lists: &Lists, rev: Timestamp) {
        let is_changed = self.left.contains(section);
        match &*line.name {
            "REV" => {}
            "END" => {
                for section in std::mem::take(&mut self.left) {
                    self.section(section);
                }
                let utc = rev.strftime("%Y%m%dT%H%M%SZ");
                fold(&format!("REV:{utc}"), &mut self.text);
                fold("END:VCARD", &mut self.text);
            }
            _ if is_changed && !is_unreadable(line, lists) => {}
            _ => fold(&line.to_text(), &mut self.text),
        }
    }

    /// Writes a section as the client has it.
    fn section(&mut self, section: &str) {
        for (line, of) in with_sections(self.is) {
            if of == section {
                let mut line = line.clone();
                if let Some(number) = group_number(&line) {
                    line.group = format!("item{}", self.groups + number);
                }
                fold(&line.to_text(), &mut self.text);
            }
        }
    }
}

/// A number that a client cannot have is no reason to lose it.
fn is_unreadable(line: &ContentLine, lists: &Lists) -> bool {
    line.name == "TEL" && ClientPhone::parse(&unescaped(&line.value), lists.country).is_err()
}

fn written(client: &Client, version: Version) -> Result<Vec<ContentLine>, CardError> {
    let how = Writing {
        version,
        ..Writing::default()
    };
    ContentLine::all(write_card(client, &how).as_bytes())
}

/// The lines, each with the property that it says something of.
fn with_sections(lines: &[ContentLine]) -> impl Iterator<Item = (&ContentLine, &str)> {
    lines.iter().map(move |line| {
        let leads =
            |other: &&ContentLine| other.group == line.group && WITH_OTHERS.contains(&&*other.name);
        let leader = lines.iter().find(leads).filter(|_| !line.group.is_empty());
        let section = match (leader, &*line.name) {
            (Some(leader), _) => &*leader.name,
            // Both are of the first address.
            (None, "GEO" | "LABEL") => "ADR",
            (None, "X-ABSHOWAS" | "X-ADDRESSBOOKSERVER-KIND") => "KIND",
            (None, name) => name,
        };
        (line, section)
    })
}

fn sections(lines: &[ContentLine]) -> impl Iterator<Item = &str> {
    let all = with_sections(lines).map(|(_, section)| section);
    all.filter(|section| !FRAME.contains(section))
}

/// What the lines of a section say, whatever their groups are called.
fn says(lines: &[ContentLine], section: &str) -> Vec<String> {
    let own = with_sections(lines).filter(|(_, of)| *of == section);
    own.map(|(line, _)| {
        let bare = ContentLine {
            group: String::new(),
            ..line.clone()
        };
        bare.to_text()
    })
    .collect()
}

/// The number of a group as we write it: `item3`.
fn group_number(line: &ContentLine) -> Option<usize> {
    line.group.strip_prefix("item")?.parse().ok()
}

impl Card {
    /// As [`Card::client`], without what the lists do not take: another program's card is not refused
    /// for an internal number.
    ///
    /// # Errors
    /// There is nothing of a client in it.
    pub fn client_as_far(&self, lists: &Lists, now: Timestamp) -> Result<Client, CardError> {
        match self.client(lists, now) {
            Ok(client) => Ok(client),
            Err(_) => self.fitting(lists, now).client(lists, now),
        }
    }

    /// The fields that fit, numbers closed up.
    fn fitting(&self, lists: &Lists, now: Timestamp) -> Self {
        let mut scratch = Client::named("", now);
        let mut dropped = BTreeSet::new();
        let mut fitting = Self {
            fields: Vec::new(),
            ..self.clone()
        };
        for said in &self.fields {
            let field = match said.field {
                ClientField::At("phone" | "phone_label", at) if dropped.contains(&at) => continue,
                ClientField::At(name @ ("phone" | "phone_label"), at) => {
                    ClientField::At(name, at - dropped.range(..at).count())
                }
                ref field => field.clone(),
            };
            if scratch.set(&field, &said.text, lists).is_ok() {
                fitting.fields.push(CardField {
                    field,
                    ..said.clone()
                });
            } else if let ClientField::At("phone", at) = said.field {
                dropped.insert(at);
            }
        }
        fitting
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::vcard::read_card;

    const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Other//EN\r\nUID:other-7\r\n\
        N:Petrov;Ivan;;Dr.;\r\nFN:Dr. Ivan Petrov\r\nTEL;TYPE=CELL:+7 701 111-22-33\r\n\
        TEL;TYPE=WORK:101\r\nitem1.ADR:;;Abay 1;Almaty;;050000;Kazakhstan\r\n\
        item1.X-ABLabel:Warehouse\r\nitem2.X-ABDATE:1990-01-01\r\nitem2.X-ABLabel:Wedding\r\n\
        X-SOCIALPROFILE;TYPE=x:https://x.example/ivan\r\nNOTE:Old\\, old\r\n\
        REV:20200101T000000Z\r\nEND:VCARD\r\n";

    fn at() -> Timestamp {
        "2026-11-28T10:00:00Z".parse().unwrap()
    }

    fn client(card: &str) -> Client {
        let read = read_card(card.as_bytes()).unwrap();
        read.client_as_far(&Lists::default(), at()).unwrap()
    }

    fn over(after: &Client) -> String {
        let lists = Lists::default();
        write_over(CARD, &client(CARD), after, &lists, at()).unwrap()
    }

    #[test]
    fn what_did_not_change_stays_as_another_program_wrote_it() {
        let mut after = client(CARD);
        let untouched = CARD.replace("20200101T000000Z", "20261128T100000Z");
        assert_eq!(over(&after).to_uppercase(), untouched.to_uppercase());

        after.note = "New".to_owned();
        let text = over(&after);
        let expected = untouched.replace("NOTE:Old\\, old\r\n", "");
        let expected = expected.replace("REV:", "NOTE:New\r\nREV:");
        assert_eq!(text.to_uppercase(), expected.to_uppercase());
        let read = client(&text);
        assert_eq!(read.texts(), after.texts());
    }

    #[test]
    fn a_number_that_no_client_can_have_stays_in_the_card() {
        let mut after = client(CARD);
        assert_eq!(after.phones.len(), 1);
        after.phones[0].label = "private".to_owned();
        let text = over(&after);
        assert!(text.contains("TEL;TYPE=WORK:101\r\n"), "{text}");
        assert_eq!(client(&text).texts(), after.texts());
    }

    #[test]
    fn groups_of_ours_do_not_meet_those_of_others() {
        let mut after = client(CARD);
        after.addresses[0].label = "Shop".to_owned();
        let text = over(&after);
        assert!(text.contains("item2.X-ABLABEL:Wedding\r\n"), "{text}");
        assert!(
            !text.contains("Warehouse") && text.contains("X-ABLABEL:Shop"),
            "{text}"
        );
        assert_eq!(client(&text).addresses, after.addresses);
        after.addresses.clear();
        assert_eq!(client(&over(&after)).addresses, []);
    }
}
