//! The forms there are.

use jiff::tz::TimeZone;

use super::FieldKind::{Choice, Day, Number, Text, Texts};
use super::{Field, FieldKind, Form};
use crate::settings::Settings;
use crate::tariffs::Tariffs;

const fn field(key: &'static str, kind: FieldKind) -> Field {
    Field { key, kind }
}

/// `[[tariff]]` of `tariffs.toml`: what calls cost.
pub static TARIFFS: Form = Form {
    section: "tariff",
    fields: &[
        field("name", Text),
        field("prefix", Texts),
        field("line", Text),
        field("direction", Choice(&["outgoing", "incoming"])),
        field("days", Text),
        field("hours", Text),
        field("from", Day),
        field("until", Day),
        field("price", Text),
        field("currency", Text),
        field("connection", Text),
        field("free_s", Number),
        field("minimum_s", Number),
        field("step", Text),
        field("rounding", Choice(&["half_up", "up", "down"])),
        field("rate_at", Choice(&["start", "step"])),
    ],
    // Whose clock it is changes nothing about what is allowed.
    check: |text, file| Tariffs::parse(text, file, TimeZone::UTC).map(drop),
};

/// `[[too_long]]` of `settings.toml`: how long conversations of some kind may last.
pub static LIMITS: Form = Form {
    section: "too_long",
    fields: &[
        field("minutes", Number),
        field("seconds", Number),
        field("direction", Choice(&["", "incoming", "outgoing"])),
        field("prefix", Text),
        field("category", Text),
        field("extension", Text),
    ],
    check: |text, file| Settings::parse(text, file).map(drop),
};
