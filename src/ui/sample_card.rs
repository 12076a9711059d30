//! A made-up call, for looking at a layout of the card.

use jiff::{Timestamp, ToSpan, Zoned};

use crate::model::{
    AboutClient, Block, CallId, CallerCard, Category, CategoryId, ClientId, Direction,
    FieldDefinition, FieldType, FieldValue, Kind, Money, NearestBranch, OrderLine, PhoneNumber,
    Record, SourceState, SourcedField, Value,
};
use crate::tr;

/// Somebody of whom everything is known calls, and the card has these blocks.
pub fn sample(blocks: Vec<Block>, fields: &[FieldDefinition], now: Timestamp) -> CallerCard {
    let number = PhoneNumber::from_e164("+77011112233");
    CallerCard {
        call: CallId::new(),
        company: "Alfa LLC".into(),
        at: now,
        direction: Direction::Incoming,
        known: true,
        draft: false,
        hidden: false,
        client: None,
        others: Vec::new(),
        name: "Ivan Petrov".into(),
        client_company: "Steppe LLP".into(),
        category: Some(vip()),
        number,
        number_display: number
            .map(|number| number.international())
            .unwrap_or_default(),
        diverted_by: String::new(),
        location: "Almaty, Kazakhstan".into(),
        local_time: Some("14:05".into()),
        address: "Satpayev 22, Almaty, Kazakhstan".into(),
        note: tr!("Speak slowly"),
        note_read_at: None,
        about: about(&blocks, fields, now),
        orders: vec![order()],
        sourced: blocks.iter().filter_map(sourced).collect(),
        extension: "101".into(),
        employee: "Anna".into(),
        photo: None,
        line: String::new(),
        blocks,
    }
}

fn about(blocks: &[Block], fields: &[FieldDefinition], now: Timestamp) -> AboutClient {
    let client = Some(ClientId::new());
    let of = |kind| Record::new(kind, client, now);
    let day = |days: i64| {
        let day = Zoned::now().date().saturating_add(days.days());
        Value::Date(day)
    };
    let request = of(Kind::REQUEST)
        .with("number", Value::Text("R-7".into()))
        .with("subject", Value::Text(tr!("Delivery")))
        .with("due", day(-1));
    let purchase = of(Kind::PURCHASE)
        .with("item", Value::Text(tr!("Steel sheet")))
        .with("day", day(-30))
        .with("amount", Value::Money(tenge(4_800_000)));
    let appointment = of(Kind::APPOINTMENT)
        .with("at", now.checked_add(25.hours()).ok().map(Value::Moment))
        .with("subject", Value::Text(tr!("Measuring")));
    let greeting = tr!("Hello, {first_name}!").replace("{first_name}", "Ivan");
    AboutClient {
        greeting,
        tags: vec![tr!("wholesale")],
        requests: vec![request],
        next_appointment: Some(appointment),
        balance: vec![tenge(-1_250_000)],
        purchases: vec![purchase],
        nearest_branch: Some(NearestBranch {
            name: "Alfa".into(),
            street: "Abay 10".into(),
            city: "Almaty".into(),
            phone: String::new(),
            distance_km: Some(2.4),
        }),
        custom: blocks
            .iter()
            .filter_map(|block| value(block, fields))
            .collect(),
        ..AboutClient::default()
    }
}

fn vip() -> Category {
    Category {
        id: CategoryId::new("vip"),
        name: String::new(),
        colour: String::new(),
        icon: String::new(),
        rank: 0,
    }
}

fn order() -> OrderLine {
    OrderLine {
        number: "1001".into(),
        stage: tr!("Cutting"),
        responsible: "Anna".into(),
        due: None,
        amount: None,
        debt: Some(tenge(1_250_000)),
        overdue_days: Some(2),
    }
}

/// Something that a source could say.
fn sourced(block: &Block) -> Option<SourcedField> {
    let Block::Source(name) = block else {
        return None;
    };
    Some(SourcedField {
        name: name.clone(),
        state: SourceState::Here,
        value: "A-17".to_owned(),
    })
}

/// Something that a field of the office's own could hold.
fn value(block: &Block, fields: &[FieldDefinition]) -> Option<FieldValue> {
    let Block::Field(name) = block else {
        return None;
    };
    let defined = fields.iter().find(|field| field.name == *name);
    let kind = defined.map_or(FieldType::Text, |field| field.kind);
    let value = match kind {
        FieldType::Text => "A-17".to_owned(),
        FieldType::Number => "17".to_owned(),
        FieldType::Date => Zoned::now().date().to_string(),
        FieldType::Choice => defined?.choices.first()?.clone(),
        FieldType::Money => tenge(1_250_000).plain(),
        FieldType::Link => "https://example.org".to_owned(),
    };
    let name = name.clone();
    Some(FieldValue { name, kind, value })
}

fn tenge(minor: i64) -> Money {
    Money {
        minor,
        currency: "KZT".into(),
    }
}
