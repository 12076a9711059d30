//! What must hold of a record before it is kept, and what follows its change.

use rusqlite::params;

use super::card_layouts::rule_layout;
use super::categories::check_look;
use super::records::choices;
use super::search::fold;
use super::{Reader, Result, StoreError, Writer};
use crate::model::{
    CallLook, CallView, Category, Client, Kind, NotAllowed, Position, Record, Value,
};

/// The longest text of a record, octets.
const MAX_TEXT: usize = 64 * 1024;

impl Reader<'_> {
    /// The office's stages of a kind of record, in their order; none: any text is one.
    pub fn stages(&self, kind: &Kind) -> Result<Vec<Record>> {
        let mut all = self.records(Kind::STAGE, None)?;
        all.retain(|stage| matches!(stage.text("kind"), "") || stage.text("kind") == kind.name);
        Ok(all)
    }
}

impl Writer<'_> {
    /// The record as it is to be kept.
    pub(super) fn ruled(&self, record: &Record, before: Option<&Record>) -> Result<Record> {
        let mut ruled = record.clone();
        let key = record.kind.key();
        if record.values[0].is_none() {
            let allowed = format!("a {} with it", record.kind.name);
            return Err(StoreError::not_allowed(key.name, "", allowed));
        }
        for (column, value) in record.kind.columns.iter().zip(&record.values) {
            let length = value.as_ref().and_then(Value::as_text).map_or(0, str::len);
            if length > MAX_TEXT {
                let allowed = format!("at most {MAX_TEXT} octets");
                return Err(StoreError::not_allowed(column.name, "…", allowed));
            }
        }
        self.rule_stage(&mut ruled, before)?;
        if record.kind == Kind::BRANCH {
            rule_position(record)?;
        }
        if record.kind == Kind::FIELD {
            rule_field(&mut ruled)?;
        }
        if record.kind == Kind::CARD {
            rule_layout(&mut ruled)?;
        }
        if record.kind == Kind::VIEW {
            CallView::check(record).map_err(refuse)?;
        }
        if record.kind == Kind::LOOK {
            rule_look(record)?;
        }
        Ok(ruled)
    }

    /// A stage is one of the office's, where it has any for this kind; a new one says whether what
    /// has come so far is closed.
    fn rule_stage(&self, record: &mut Record, before: Option<&Record>) -> Result<()> {
        let Some(column) = record.kind.stage() else {
            return Ok(());
        };
        let given = record.text(column.name).to_owned();
        if given.is_empty() || before.is_some_and(|before| before.text(column.name) == given) {
            return Ok(());
        }
        let stages = self.stages(record.kind)?;
        if stages.is_empty() {
            return Ok(());
        }
        let found = stages
            .iter()
            .find(|stage| fold(stage.text("name")) == fold(&given));
        let Some(stage) = found else {
            let allowed: Vec<&str> = stages.iter().map(|stage| stage.text("name")).collect();
            return Err(StoreError::not_allowed(
                column.name,
                given,
                allowed.join(", "),
            ));
        };
        record.set(column.name, Value::Text(stage.text("name").to_owned()));
        record.set("closed", stage.is("closes").then_some(Value::Flag(true)));
        Ok(())
    }

    /// What bears the name of a stage or a field bears its new one.
    pub(super) fn follow(&mut self, before: &Record, after: &Record) -> Result<()> {
        let (old, new) = (before.text("name"), after.text("name"));
        if old == new {
            return Ok(());
        }
        if after.kind == Kind::STAGE {
            let kinds = Kind::ALL
                .into_iter()
                .filter_map(|kind| Some((kind, kind.stage()?)));
            for (kind, column) in kinds {
                if matches!(before.text("kind"), "") || before.text("kind") == kind.name {
                    self.rename(kind.table, column.name, old, new)?;
                }
            }
        }
        if after.kind == Kind::FIELD {
            self.rename("client_custom", "name", old, new)?;
            self.rename_in_layouts(old, new)?;
        }
        Ok(())
    }

    fn rename(&mut self, table: &str, column: &str, old: &str, new: &str) -> Result<()> {
        // A client who has both fields keeps the one that bears the new name already.
        self.connection
            .prepare_cached(&format!(
                "UPDATE OR IGNORE {table} SET {column} = ?2 WHERE {column} = ?1"
            ))?
            .execute(params![old, new])?;
        Ok(())
    }
}

fn rule_position(branch: &Record) -> Result<()> {
    let degrees = |column: &str| match branch.get(column) {
        Some(Value::Number(degrees)) => Some(*degrees),
        _ => None,
    };
    let place = (degrees("latitude"), degrees("longitude"));
    let fits = match place {
        (None, None) => true,
        (Some(latitude), Some(longitude)) => Position::new(latitude, longitude).is_some(),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let value = format!("{place:?}");
    let allowed = "both: -90 to 90 degrees north, -180 to 180 degrees east";
    Err(StoreError::not_allowed(
        "latitude, longitude",
        value,
        allowed,
    ))
}

fn rule_field(field: &mut Record) -> Result<()> {
    let name = field.text("name").trim().to_owned();
    if name.is_empty() || Client::is_field(&name) {
        let allowed = "a name that is none of the program's own";
        return Err(StoreError::not_allowed("name", name, allowed));
    }
    if field.text("type").is_empty() {
        field.set("type", Value::Text("text".to_owned()));
    }
    if field.text("type") == "choice" && choices(field.text("choices")).is_empty() {
        let allowed = "of a choice: words parted by semicolons";
        return Err(StoreError::not_allowed(
            "choices",
            field.text("choices"),
            allowed,
        ));
    }
    field.set("name", Value::Text(name));
    Ok(())
}

fn refuse((column, refused): (&str, NotAllowed)) -> StoreError {
    StoreError::not_allowed(column, refused.value, refused.allowed)
}

fn rule_look(look: &Record) -> Result<()> {
    CallLook::check(look).map_err(refuse)?;
    let or = |column: &str, usual: &'static str| match look.text(column) {
        "" => usual.to_owned(),
        given => given.to_owned(),
    };
    check_look(
        &or("colour", Category::COLOURS[0]),
        &or("icon", Category::ICONS[0]),
    )
}
