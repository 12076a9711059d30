//! The blocks of the card below its header, in the office's order.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{ModelRc, SharedString};
use ringbook_ui::{CardBlock, CardLine, CardPart};

use super::text;
use crate::model::{
    Block, CallerCard, FieldType, FieldValue, Money, NearestBranch, Record, SourceState,
};
use crate::{tr, trn};

/// Orders, requests and other lines that a block shows; the rest stands on the client's page.
const MOST_LINES: usize = 5;
/// The letters of a note that the card shows.
const MOST_LETTERS: usize = 400;
/// The lines of a note that the card shows.
const MOST_NOTE_LINES: usize = 8;

/// How many of the first blocks stand in the header, beside the name: photo and location.
pub fn in_header(blocks: &[Block]) -> usize {
    let beside = |block: &&Block| matches!(block, Block::Photo | Block::Location);
    blocks.iter().take_while(beside).count()
}

/// The blocks below the header that this client has something for; of a caller whom nobody knows, what
/// stands outside the store.
pub fn map_blocks(card: &CallerCard, zone: &TimeZone) -> Vec<CardBlock> {
    let below = &card.blocks[in_header(&card.blocks)..];
    let is_said = |block: &&Block| card.known || matches!(block, Block::Source(_));
    let known = below.iter().filter(is_said);
    known
        .filter_map(|block| map_block(card, block, zone))
        .collect()
}

/// What a block is called.
pub fn title(block: &Block) -> String {
    match block {
        Block::Photo => tr!("Photo"),
        Block::Location => tr!("Location"),
        Block::Greeting => tr!("Greeting"),
        Block::Note => tr!("Note"),
        Block::Orders => tr!("Open orders"),
        Block::Requests => tr!("Open requests"),
        Block::Purchases => tr!("Last purchases"),
        Block::Balance => tr!("Balance"),
        Block::Appointment => tr!("Next appointment"),
        Block::Branch => tr!("Nearest branch"),
        Block::Address => tr!("Address"),
        Block::Tags => tr!("Tags"),
        Block::Field(name) | Block::Source(name) => name.clone(),
    }
}

/// The orders that the card has room for.
pub fn shown<T>(all: &[T]) -> &[T] {
    &all[..all.len().min(MOST_LINES)]
}

/// As much of the note as the card has room for, and whether there is more.
pub fn beginning(note: &str) -> (String, bool) {
    let lines: usize = note
        .split_inclusive('\n')
        .take(MOST_NOTE_LINES)
        .map(str::len)
        .sum();
    let letters = note
        .char_indices()
        .nth(MOST_LETTERS)
        .map_or(note.len(), |(at, _)| at);
    let end = lines.min(letters);
    if note[end..].trim().is_empty() {
        return (note.to_owned(), false);
    }
    let room = &note[..end];
    // Not in the middle of a word, where words are as long as words are.
    let at = room
        .rfind(char::is_whitespace)
        .filter(|at| end - at < MOST_LETTERS / 4);
    (format!("{}…", room[..at.unwrap_or(end)].trim_end()), true)
}

fn map_block(card: &CallerCard, block: &Block, zone: &TimeZone) -> Option<CardBlock> {
    let about = &card.about;
    let today = card.at.to_zoned(zone.clone()).date();
    let part = |part, there: bool| {
        there.then(|| CardBlock {
            part,
            ..CardBlock::default()
        })
    };
    match block {
        Block::Photo => part(CardPart::Photo, true),
        Block::Greeting => part(CardPart::Greeting, !about.greeting.is_empty()),
        Block::Note => part(CardPart::Note, !card.note.is_empty()),
        Block::Orders => Some(CardBlock {
            more: more(&card.orders),
            ..part(CardPart::Orders, !card.orders.is_empty())?
        }),
        Block::Location => {
            let time = card.local_time.as_deref().unwrap_or_default();
            let place = format!("{} {time}", card.location);
            facts(block, vec![plain(&place)])
        }
        Block::Requests => records(block, &about.requests, |record| request(record, today)),
        Block::Purchases => records(block, &about.purchases, purchase),
        Block::Balance => facts(block, about.balance.iter().map(amount).collect()),
        Block::Appointment => {
            let next = about.next_appointment.iter();
            let lines = next.map(|next| appointment(next, today, zone)).collect();
            facts(block, lines)
        }
        Block::Branch => {
            let nearest = about.nearest_branch.iter();
            facts(block, nearest.map(branch).collect())
        }
        Block::Address => facts(block, vec![plain(&card.address)]),
        Block::Tags => facts(block, vec![joined(&about.tags, ", ")]),
        Block::Field(name) => {
            let wanted = name.to_lowercase();
            let mut all = about.custom.iter();
            let field = all.find(|field| field.name.to_lowercase() == wanted)?;
            facts(block, vec![plain(&value(field))])
        }
        Block::Source(name) => facts(block, vec![plain(&sourced(card, name)?)]),
    }
}

/// What a source says; of a caller whom nobody knows only what it has.
fn sourced(card: &CallerCard, name: &str) -> Option<String> {
    let wanted = name.to_lowercase();
    let mut all = card.sourced.iter();
    let field = all.find(|field| field.name.to_lowercase() == wanted)?;
    match field.state {
        SourceState::Here => Some(field.value.clone()),
        SourceState::Waiting if card.known => Some("…".to_owned()),
        SourceState::NoData if card.known => Some(tr!("no data")),
        SourceState::Waiting | SourceState::NoData => None,
    }
}

/// Lines under a name; none where nothing stands in them.
fn facts(block: &Block, lines: Vec<CardLine>) -> Option<CardBlock> {
    let said = |line: &CardLine| !(line.text.is_empty() && line.pressing.is_empty());
    let lines: Vec<CardLine> = lines.into_iter().filter(said).collect();
    (!lines.is_empty()).then(|| CardBlock {
        part: CardPart::Facts,
        caption: text::line(&title(block)),
        lines: ModelRc::from(lines.as_slice()),
        more: 0,
    })
}

fn records(
    block: &Block,
    all: &[Record],
    line: impl FnMut(&Record) -> CardLine,
) -> Option<CardBlock> {
    let block = facts(block, shown(all).iter().map(line).collect())?;
    Some(CardBlock {
        more: more(all),
        ..block
    })
}

fn more<T>(all: &[T]) -> i32 {
    i32::try_from(all.len() - shown(all).len()).unwrap_or(i32::MAX)
}

/// "R-7 · Delivery · Open · Anna", and how late it is.
fn request(record: &Record, today: Date) -> CardLine {
    let responsible = record.employee("responsible");
    let parts = [
        record.text("number"),
        record.text("subject"),
        record.text("state"),
        responsible.map_or("", |employee| employee.name.as_str()),
    ];
    let late = record.overdue_days(today);
    CardLine {
        pressing: late.map(overdue).unwrap_or_default().into(),
        ..joined(&parts, SEPARATOR)
    }
}

/// "12.11.2026 · Steel sheet · 12 500 ₸"; by its number where nobody wrote what it was.
fn purchase(record: &Record) -> CardLine {
    let item = match record.text("item") {
        "" => record.text("number"),
        item => item,
    };
    let day = record.day("day").map(day).unwrap_or_default();
    let amount = record.money("amount").map(Money::to_string);
    joined(
        &[day.as_str(), item, amount.as_deref().unwrap_or_default()],
        SEPARATOR,
    )
}

/// What the client owes presses.
fn amount(money: &Money) -> CardLine {
    let amount = money.to_string().into();
    match money.minor < 0 {
        true => CardLine {
            pressing: amount,
            ..CardLine::default()
        },
        false => CardLine {
            text: amount,
            ..CardLine::default()
        },
    }
}

fn appointment(record: &Record, today: Date, zone: &TimeZone) -> CardLine {
    let at = record.moment("at");
    let at = at.map(|at| text::appointed(at, today, zone));
    let responsible = record.employee("responsible");
    let parts = [
        at.as_deref().unwrap_or_default(),
        record.text("subject"),
        record.text("place"),
        responsible.map_or("", |employee| employee.name.as_str()),
    ];
    joined(&parts, SEPARATOR)
}

/// "Centre, Abay 10, Almaty · 2.4 km · +7 727 250 00 00"
fn branch(branch: &NearestBranch) -> CardLine {
    let place = [&branch.name, &branch.street, &branch.city];
    let place: Vec<&str> = place
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    let distance = branch.distance_km.map(|km| tr!("{km} km", km = km));
    let parts = [
        place.join(", "),
        distance.unwrap_or_default(),
        branch.phone.clone(),
    ];
    joined(&parts, SEPARATOR)
}

/// A value as people read it: a day and an amount as everywhere on the card.
fn value(field: &FieldValue) -> String {
    match field.kind {
        FieldType::Date => field
            .value
            .parse()
            .map(day)
            .unwrap_or_else(|_| field.value.clone()),
        FieldType::Money => match Money::parse(&field.value, "") {
            Ok(money) => money.to_string(),
            Err(_) => field.value.clone(),
        },
        _ => field.value.clone(),
    }
}

fn day(day: Date) -> String {
    day.strftime("%d.%m.%Y").to_string()
}

fn overdue(days: u32) -> String {
    trn!("overdue {n} day", "overdue {n} days", n = days)
}

const SEPARATOR: &str = " · ";

fn plain(line: &str) -> CardLine {
    joined(&[line], "")
}

/// The parts that there are, each by itself safe to show.
fn joined(parts: &[impl AsRef<str>], separator: &str) -> CardLine {
    let parts = parts.iter().map(|part| part.as_ref().trim());
    let given = parts.filter(|part| !part.is_empty()).map(text::line);
    let given: Vec<SharedString> = given.collect();
    CardLine {
        text: given.join(separator).into(),
        ..CardLine::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::Timestamp;
    use ringbook_ui::slint::Model as _;

    use super::*;
    use crate::ui::sample_card::sample;

    fn blocks(text: &str) -> Vec<CardBlock> {
        let now: Timestamp = "2026-11-22T09:05:00Z".parse().unwrap();
        let card = sample(Block::read_all(text).unwrap(), &[], now);
        map_blocks(&card, &TimeZone::UTC)
    }

    /// The lines of the only block, what presses in brackets.
    fn lines(text: &str) -> Vec<String> {
        let blocks = blocks(text);
        let line = |line: CardLine| match line.pressing.as_str() {
            "" => line.text.to_string(),
            pressing => format!("{}[{pressing}]", line.text),
        };
        blocks[0].lines.iter().map(line).collect()
    }

    #[test]
    fn s1_10_the_card_has_the_blocks_of_the_layout_in_its_order() {
        let parts =
            |text: &str| -> Vec<CardPart> { blocks(text).iter().map(|block| block.part).collect() };
        // Photo and location that come first stand beside the name.
        let expected = [CardPart::Note, CardPart::Photo, CardPart::Orders];
        assert_eq!(parts("location; note; photo; orders"), expected);
        assert_eq!(
            parts("orders; greeting"),
            [CardPart::Orders, CardPart::Greeting]
        );
        // What nothing is known of is not there.
        let now: Timestamp = "2026-11-22T09:05:00Z".parse().unwrap();
        let mut card = sample(Block::read_all("tags; note").unwrap(), &[], now);
        card.about.tags.clear();
        assert_eq!(map_blocks(&card, &TimeZone::UTC).len(), 1);
    }

    #[test]
    fn s4_25_a_source_says_its_value_or_that_it_is_waited_for_or_that_there_is_none() {
        let now: Timestamp = "2026-11-22T09:05:00Z".parse().unwrap();
        let blocks = Block::read_all("source:Debtors").unwrap();
        let mut card = sample(blocks, &[], now);
        let said = |card: &CallerCard| -> Vec<String> {
            let blocks = map_blocks(card, &TimeZone::UTC);
            let lines = blocks.iter().flat_map(|block| block.lines.iter());
            lines.map(|line| line.text.to_string()).collect()
        };
        for (state, known, expected) in [
            (SourceState::Here, true, &["A-17"][..]),
            (SourceState::Waiting, true, &["…"]),
            (SourceState::NoData, true, &["no data"]),
            (SourceState::Here, false, &["A-17"]),
            (SourceState::Waiting, false, &[]),
            (SourceState::NoData, false, &[]),
        ] {
            (card.sourced[0].state, card.known) = (state, known);
            assert_eq!(said(&card), expected, "{state:?}");
        }
        card.sourced.clear();
        assert_eq!(
            said(&card),
            [""; 0],
            "a source that the settings do not have"
        );
    }

    #[test]
    fn s4_20_to_s4_24_each_block_says_what_is_known_of_the_client() {
        for (block, said) in [
            ("note; location", ""),
            ("balance", "[−12\u{a0}500\u{a0}₸]"),
            ("appointment", "Tomorrow 10:05 · Measuring"),
            ("branch", "Alfa, Abay 10, Almaty · 2.4 km"),
            ("address", "Satpayev 22, Almaty, Kazakhstan"),
            ("tags", "wholesale"),
            ("field:Contract", "A-17"),
        ] {
            match said {
                "" => assert_eq!(
                    blocks(block)[1].lines.row_data(0).unwrap().text,
                    "Almaty, Kazakhstan 14:05"
                ),
                said => assert_eq!(lines(block), [said]),
            }
        }
        let captions: Vec<String> = blocks("field:Contract; requests; purchases")
            .iter()
            .map(|block| block.caption.to_string())
            .collect();
        assert_eq!(captions, ["Contract", "Open requests", "Last purchases"]);
    }

    #[test]
    fn what_there_is_too_much_of_is_counted() {
        let many: Vec<u8> = vec![0; 7];
        assert_eq!((shown(&many).len(), more(&many)), (MOST_LINES, 2));
        assert_eq!((shown(&many[..2]).len(), more(&many[..2])), (2, 0));
    }

    #[test]
    fn s1_15_a_note_is_cut_behind_a_word_and_says_so() {
        assert_eq!(beginning("Speak slowly"), ("Speak slowly".into(), false));
        let long = "word ".repeat(200);
        let (shown, cut) = beginning(&long);
        assert!(cut && shown.ends_with("word…") && shown.chars().count() <= MOST_LETTERS + 1);
        let (shown, cut) = beginning(&"ш".repeat(500));
        assert!(cut && shown.chars().count() == MOST_LETTERS + 1);
        let (shown, cut) = beginning(&"line\n".repeat(20));
        assert!(cut && shown.lines().count() == MOST_NOTE_LINES);
        assert!(!beginning(&format!("{}\n\n", "a\n".repeat(MOST_NOTE_LINES))).1);
    }
}
