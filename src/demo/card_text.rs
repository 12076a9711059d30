//! A caller card for the terminal.

use jiff::tz::TimeZone;

use crate::model::{CallerCard, Direction, OrderLine};
use crate::{tr, trn};

/// Inner width of the frame, in characters.
const WIDTH: usize = 60;

/// The card, framed, in the order the window shows it.
pub(super) fn card_text(card: &CallerCard) -> String {
    let edge = "─".repeat(WIDTH + 2);
    let mut text = format!("\n┌{edge}┐\n");
    for line in lines(card) {
        let room = WIDTH.saturating_sub(line.chars().count());
        text.push_str(&format!("│ {line}{} │\n", " ".repeat(room)));
    }
    text.push_str(&format!("└{edge}┘"));
    text
}

fn lines(card: &CallerCard) -> Vec<String> {
    let direction = match card.direction {
        Direction::Incoming => tr!("INCOMING"),
        Direction::Outgoing => tr!("OUTGOING"),
    };
    let at = card.at.to_zoned(TimeZone::system());
    let mut lines = vec![
        format!("{}   ● {direction}", card.company),
        at.strftime("%d.%m.%Y %H:%M").to_string(),
    ];
    if card.known {
        lines.extend(
            card.category
                .as_ref()
                .map(|category| format!("★ {}", category.name)),
        );
        lines.push(card.name.clone());
        lines.push(joined([&card.client_company, &card.location]));
    } else if card.hidden {
        lines.push(tr!("hidden number"));
    } else {
        lines.push(tr!("unknown caller"));
    }
    lines.push(card.number_display.clone());
    if !card.note.is_empty() {
        lines.push(format!("⚠ {}", card.note));
    }
    lines.extend(card.orders.iter().map(order_line));
    lines.push(format!("→ {} {}", card.extension, card.employee));
    lines.retain(|line| !line.trim().is_empty());
    lines.iter().flat_map(|line| wrap(line)).collect()
}

fn order_line(order: &OrderLine) -> String {
    let debt = order
        .debt
        .as_ref()
        .map(|debt| tr!("debt {amount}", amount = debt))
        .unwrap_or_default();
    let overdue = order
        .overdue_days
        .map(|days| trn!("overdue {n} day", "overdue {n} days", n = days))
        .unwrap_or_default();
    joined([
        &order.number,
        &order.stage,
        &order.responsible,
        &debt,
        &overdue,
    ])
}

fn joined<'a>(parts: impl IntoIterator<Item = &'a String>) -> String {
    let parts: Vec<&str> = parts
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(" · ")
}

/// Breaks a line between words where it is wider than the frame.
fn wrap(line: &str) -> Vec<String> {
    let mut wrapped = vec![String::new()];
    for word in line.split(' ') {
        let last = wrapped.len() - 1;
        let width = wrapped[last].chars().count();
        if width > 0 && width + 1 + word.chars().count() > WIDTH {
            wrapped.push(word.to_owned());
        } else {
            if width > 0 {
                wrapped[last].push(' ');
            }
            wrapped[last].push_str(word);
        }
    }
    wrapped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_long_note_is_wrapped_between_words_and_loses_none() {
        let note = "Two complaints about late delivery this month. Offer a call back, \
                    and promise no dates before the manager has seen the letter.";
        let wrapped = wrap(note);
        assert_eq!(wrapped.len(), 3);
        assert!(wrapped.iter().all(|line| line.chars().count() <= WIDTH));
        assert_eq!(wrapped.join(" "), note);
    }
}
