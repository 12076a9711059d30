//! The form of a record, made of its kind's description.

use jiff::tz::TimeZone;
use ringbook_ui::{FieldKind, FormField, FormLine, FormSection};

use super::form::{choice, field, line, section};
use super::office;
use crate::model::{Category, Column, Employee, Kind, Lists, Record, Value, ValueType};
use crate::{tr, words};

/// A value as it is typed.
fn typed(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::Moment(at) => {
            let local = at.to_zoned(zone.clone());
            local.strftime("%Y-%m-%d %H:%M").to_string()
        }
        other => other.plain(),
    }
}

/// The form of a kind of record: what is short stands two by two, what may be long alone.
pub fn form_of(
    kind: &'static Kind,
    record: Option<&Record>,
    lists: &Lists,
    stages: &[Record],
    zone: &TimeZone,
) -> Vec<FormSection> {
    let mut lines: Vec<FormLine> = Vec::new();
    let mut pair: Vec<FormField> = Vec::new();
    for column in kind
        .columns
        .iter()
        .filter(|column| column.name != office::KEY)
    {
        let value = record.and_then(|record| record.get(column.name));
        let text = value.map(|value| typed(value, zone)).unwrap_or_default();
        let input = input(column, &text, lists, stages);
        if matches!(input.kind, FieldKind::Lines | FieldKind::Flag) {
            lines.extend((!pair.is_empty()).then(|| line(std::mem::take(&mut pair))));
            lines.push(line(vec![input]));
        } else {
            pair.push(input);
            if pair.len() == 2 {
                lines.push(line(std::mem::take(&mut pair)));
            }
        }
    }
    lines.extend((!pair.is_empty()).then(|| line(pair)));
    vec![section(String::new(), lines)]
}

fn input(column: &Column, text: &str, lists: &Lists, stages: &[Record]) -> FormField {
    let (key, label) = (column.name, words::column(column.name));
    let plain = |kind| field(key, label.clone(), kind, text);
    let none = || [("–".to_owned(), String::new())].into_iter();
    match column.holds {
        ValueType::Text if key == "text" => plain(FieldKind::Lines),
        ValueType::Text if key == "colour" => looks(key, label, &Category::COLOURS, text),
        ValueType::Text if key == "icon" => looks(key, label, &Category::ICONS, text),
        ValueType::Text => plain(FieldKind::Text),
        ValueType::Number => plain(FieldKind::Number),
        ValueType::Whole => plain(FieldKind::Whole),
        ValueType::Date => plain(FieldKind::Date),
        ValueType::Moment => plain(FieldKind::Moment),
        ValueType::Money | ValueType::Debt => plain(FieldKind::Money),
        ValueType::Link => plain(FieldKind::Link),
        ValueType::Flag => plain(FieldKind::Flag),
        ValueType::Stage if stages.is_empty() => plain(FieldKind::Text),
        ValueType::Stage => {
            let all = stages.iter().map(|stage| stage.text("name").to_owned());
            let all = all.map(|name| (name.clone(), name));
            choice(key, label, none().chain(all).collect(), text)
        }
        ValueType::Employee => choice(key, label, employees(&lists.employees), text),
        ValueType::Choice(words) => {
            let all = words.iter();
            let all = all.map(|word| (words::chosen(word), (*word).to_owned()));
            choice(key, label, none().chain(all).collect(), text)
        }
    }
}

/// How a category may look, in words.
fn looks(key: &str, label: String, all: &[&str], text: &str) -> FormField {
    let all = all
        .iter()
        .map(|word| (words::chosen(word), (*word).to_owned()));
    choice(key, label, all.collect(), text)
}

/// Everybody who works here, and nobody.
pub fn employees(all: &[Employee]) -> Vec<(String, String)> {
    let nobody = [(tr!("Nobody"), String::new())];
    let all = all.iter().map(|one| (one.plain(), one.plain()));
    nobody.into_iter().chain(all).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::{Timestamp, Zoned};
    use ringbook_ui::slint::{Model as _, SharedString};

    use super::*;
    use crate::model::Money;
    use crate::ui::form::Form;

    #[test]
    fn the_form_of_every_kind_has_a_field_for_every_column_and_reads_back_what_it_shows() {
        let (lists, zone) = (Lists::default(), TimeZone::UTC);
        let now = Zoned::now().with_time_zone(zone.clone());
        for kind in Kind::ALL {
            let mut record = Record::new(kind, None, Timestamp::UNIX_EPOCH);
            for column in kind.columns {
                record.set(
                    column.name,
                    match column.holds {
                        ValueType::Text | ValueType::Stage => Value::Text("x".into()),
                        ValueType::Link => Value::Text("https://a".into()),
                        ValueType::Choice(words) => Value::Text(words[0].into()),
                        ValueType::Number => Value::Number(1.5),
                        ValueType::Whole => Value::Whole(3),
                        ValueType::Date => Value::Date("2026-11-20".parse().unwrap()),
                        ValueType::Moment => Value::Moment("2026-11-20T10:00:00Z".parse().unwrap()),
                        ValueType::Money | ValueType::Debt => Value::Money(Money {
                            minor: 150,
                            currency: "EUR".into(),
                        }),
                        ValueType::Flag => Value::Flag(true),
                        ValueType::Employee => continue,
                    },
                );
            }
            let form = Form::new(form_of(kind, Some(&record), &lists, &[], &zone));
            let fields = form.fields();
            assert_eq!(fields.len(), kind.columns.len(), "{}", kind.name);
            for placed in fields {
                let key = placed.field.key.clone();
                let column = kind
                    .columns
                    .iter()
                    .find(|column| key == column.name)
                    .unwrap();
                let read = Value::read(column.holds, &placed.field.text, None, &lists, &now);
                assert_eq!(read.unwrap().as_ref(), record.get(column.name), "{key}");
            }
        }
    }

    #[test]
    fn a_stage_is_chosen_from_the_offices_list_where_there_is_one() {
        let stage = Record::new(Kind::STAGE, None, Timestamp::UNIX_EPOCH)
            .with("name", Value::Text("Cutting".into()));
        let form = |stages: &[Record]| {
            let sections = form_of(Kind::ORDER, None, &Lists::default(), stages, &TimeZone::UTC);
            let fields = Form::new(sections).fields().into_iter();
            fields
                .map(|placed| placed.field)
                .find(|field| field.key == "stage")
                .unwrap()
        };
        assert_eq!(form(&[]).kind, FieldKind::Text);
        let choice = form(&[stage]);
        assert_eq!(choice.kind, FieldKind::Choice);
        let values: Vec<SharedString> = choice.values.iter().collect();
        assert_eq!(values, ["", "Cutting"]);
    }
}
