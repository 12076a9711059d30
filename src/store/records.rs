//! Orders, requests, branches and every other kind of record: one table each, all served here by
//! the kind's description.

use rusqlite::types::Value as Cell;
use rusqlite::{Row, ToSql, params, params_from_iter};

use super::employees::employee_or_none;
use super::search::fold;
use super::values::{date, id, id_or_none, millis, one, time, time_or_none};
use super::{Reader, Result, StoreError, Writer};
use crate::model::{
    ClientId, FieldDefinition, FieldType, Kind, Lists, Money, Record, RecordId, Value, ValueType,
};

/// Columns before a kind's own: `id`, `client`, `created_at`, `updated_at`.
const OWN: usize = 4;

impl Reader<'_> {
    /// Every record of the client, kind by kind.
    pub fn records_of_client(&self, client: ClientId) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        for kind in Kind::of_clients() {
            records.extend(self.records(kind, Some(client))?);
        }
        Ok(records)
    }

    /// A client's records of a kind, the open ones first, the latest first; the office's own where
    /// they do not belong to clients, in their order. With no client, everybody's.
    pub fn records(&self, kind: &'static Kind, client: Option<ClientId>) -> Result<Vec<Record>> {
        let order = order(kind);
        match client {
            Some(client) => {
                let condition = format!("t.client = ?1 ORDER BY {order}");
                self.select(kind, &condition, &[client.as_bytes()])
            }
            None => {
                let lives = match kind.of_client {
                    true => "t.client IN (SELECT id FROM clients WHERE deleted_at IS NULL)",
                    false => "TRUE",
                };
                self.select(kind, &format!("{lives} ORDER BY {order}"), &[])
            }
        }
    }

    /// The record with this id.
    pub fn find_record(&self, kind: &'static Kind, record: RecordId) -> Result<Option<Record>> {
        let found = self.select(kind, "t.id = ?1", &[record.as_bytes()])?;
        Ok(found.into_iter().next())
    }

    /// The record of the client, or of the office, that people call by this key; the latest of several.
    pub fn find_record_called(
        &self,
        kind: &'static Kind,
        client: Option<ClientId>,
        key: &Value,
    ) -> Result<Option<Record>> {
        let same = |record: &Record| match (&record.values[0], key) {
            (Some(Value::Text(known)), Value::Text(wanted)) => fold(known) == fold(wanted),
            (known, wanted) => known.as_ref() == Some(wanted),
        };
        let mut all = self.records(kind, client)?;
        all.retain(same);
        Ok(all.into_iter().max_by_key(|record| record.id))
    }

    /// What the texts of clients and records are read with.
    pub fn lists(&self) -> Result<Lists> {
        Ok(Lists {
            categories: self.categories()?,
            employees: self.employees()?,
            fields: self.fields()?,
            country: None,
        })
    }

    /// The office's own fields, in their order.
    pub fn fields(&self) -> Result<Vec<FieldDefinition>> {
        let definition = |record: Record| FieldDefinition {
            kind: FieldType::from_word(record.text("type")).unwrap_or(FieldType::Text),
            choices: choices(record.text("choices")),
            name: record.text("name").to_owned(),
        };
        let all = self.records(Kind::FIELD, None)?;
        Ok(all.into_iter().map(definition).collect())
    }

    /// The records that `condition`, which may end in an order and a limit, is true of.
    pub(super) fn select(
        &self,
        kind: &'static Kind,
        condition: &str,
        values: &[&dyn ToSql],
    ) -> Result<Vec<Record>> {
        let mut statement = self.connection.prepare_cached(&select(kind, condition))?;
        let rows = statement.query_map(values, |row| record(kind, row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Writer<'_> {
    /// Adds the record or changes it; what changed of a client's is written down.
    pub fn save_record(&mut self, record: &Record) -> Result<()> {
        let before = self.find_record(record.kind, record.id)?;
        let record = self.ruled(record, before.as_ref())?;
        self.connection
            .prepare_cached(&upsert(record.kind))?
            .execute(params_from_iter(self.cells(&record)))
            .map_err(|error| missing(error, &record))?;
        match before {
            Some(before) => {
                self.follow(&before, &record)?;
                self.write_record_changes(&before, &record)
            }
            None => Ok(()),
        }
    }

    /// Marks the record deleted; of a client's it is written down what it was.
    pub fn delete_record(&mut self, kind: &'static Kind, id: RecordId) -> Result<()> {
        let before = self.find_record(kind, id)?;
        let changed = self
            .connection
            .prepare_cached(&format!(
                "UPDATE {} SET deleted_at = ?2, updated_at = ?2
                 WHERE id = ?1 AND deleted_at IS NULL",
                kind.table
            ))?
            .execute(params![id.as_bytes(), millis(self.now)])?;
        one(changed, kind.name, id)?;
        match before {
            Some(before) => self.write_record_end(&before),
            None => Ok(()),
        }
    }

    /// A record's values in the order of [`upsert`].
    fn cells(&self, record: &Record) -> Vec<Cell> {
        let mut cells: Vec<Cell> = vec![record.id.as_bytes().to_vec().into()];
        if record.kind.of_client {
            let client = record.client.as_ref();
            cells.push(client.map(|client| client.as_bytes().to_vec()).into());
        }
        for (column, value) in record.kind.columns.iter().zip(&record.values) {
            push_cells(&mut cells, column.holds, value.as_ref());
        }
        cells.push(millis(self.now).into());
        cells
    }
}

fn push_cells(cells: &mut Vec<Cell>, holds: ValueType, value: Option<&Value>) {
    let cell: Cell = match (holds, value) {
        (ValueType::Money | ValueType::Debt, Some(Value::Money(money))) => {
            cells.push(money.minor.into());
            money.currency.clone().into()
        }
        (ValueType::Money | ValueType::Debt, _) => {
            cells.push(Cell::Null);
            Cell::Null
        }
        (_, Some(Value::Text(text))) => text.clone().into(),
        (_, Some(Value::Number(number))) => (*number).into(),
        (_, Some(Value::Whole(number))) => (*number).into(),
        (_, Some(Value::Date(day))) => day.to_string().into(),
        (_, Some(Value::Moment(at))) => millis(*at).into(),
        (_, Some(Value::Flag(set))) => (*set).into(),
        (_, Some(Value::Employee(employee))) => employee.id.as_bytes().to_vec().into(),
        (ValueType::Flag, _) => false.into(),
        (holds, _) if is_text(holds) => String::new().into(),
        _ => Cell::Null,
    };
    cells.push(cell);
}

fn is_text(holds: ValueType) -> bool {
    matches!(
        holds,
        ValueType::Text | ValueType::Stage | ValueType::Link | ValueType::Choice(_)
    )
}

/// The columns of a table that a kind's values stand in.
fn stored(kind: &Kind) -> impl Iterator<Item = String> {
    kind.columns.iter().flat_map(|column| match column.holds {
        ValueType::Money | ValueType::Debt => vec![
            format!("{}_minor", column.name),
            format!("{}_currency", column.name),
        ],
        _ => vec![format!("\"{}\"", column.name)],
    })
}

fn upsert(kind: &Kind) -> String {
    let client = kind.of_client.then(|| "client".to_owned());
    let columns: Vec<String> = client.into_iter().chain(stored(kind)).collect();
    let marks: Vec<String> = (2..columns.len() + 2).map(|n| format!("?{n}")).collect();
    let now = columns.len() + 2;
    let updates: Vec<String> = columns
        .iter()
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    format!(
        "INSERT INTO {table} (id, {columns}, created_at, updated_at)
         VALUES (?1, {marks}, ?{now}, ?{now})
         ON CONFLICT (id) DO UPDATE SET {updates}, updated_at = excluded.updated_at,
             deleted_at = NULL",
        table = kind.table,
        columns = columns.join(", "),
        marks = marks.join(", "),
        updates = updates.join(", "),
    )
}

fn select(kind: &Kind, condition: &str) -> String {
    let client = if kind.of_client { "t.client" } else { "NULL" };
    let mut columns = String::new();
    let mut join = String::new();
    for column in kind.columns {
        let name = column.name;
        columns.push_str(&match column.holds {
            ValueType::Money | ValueType::Debt => format!(", t.{name}_minor, t.{name}_currency"),
            ValueType::Employee => {
                join = format!("LEFT JOIN employees e ON e.id = t.{name}");
                ", e.id, e.name, e.extension".to_owned()
            }
            _ => format!(", t.\"{name}\""),
        });
    }
    format!(
        "SELECT t.id, {client}, t.created_at, t.updated_at{columns} FROM {table} t {join}
         WHERE t.deleted_at IS NULL AND {condition}",
        table = kind.table
    )
}

/// The order of a list.
fn order(kind: &Kind) -> String {
    let mut parts = Vec::new();
    if kind.place("closed").is_some() {
        parts.push("t.closed".to_owned());
    }
    if kind.place("rank").is_some() {
        parts.push("t.rank IS NULL, t.rank".to_owned());
    }
    parts.extend(kind.when.map(|when| format!("t.\"{when}\" DESC")));
    parts.push(match kind.of_client {
        true => "t.id DESC".to_owned(),
        false => format!("t.\"{}\"", kind.key().name),
    });
    parts.join(", ")
}

/// The time that counts of a row of `t`, in milliseconds.
pub(super) fn moment(kind: &Kind) -> String {
    let Some(when) = kind.when else {
        return "t.created_at".to_owned();
    };
    let holds = kind.place(when).map(|at| kind.columns[at].holds);
    match holds {
        Some(ValueType::Date) => format!("ifnull(unixepoch(t.\"{when}\") * 1000, t.created_at)"),
        _ => format!("ifnull(t.\"{when}\", t.created_at)"),
    }
}

fn record(kind: &'static Kind, row: &Row<'_>) -> rusqlite::Result<Record> {
    let mut at = OWN;
    let values = kind.columns.iter().map(|column| {
        let value = value(column.holds, row, at);
        at += match column.holds {
            ValueType::Money | ValueType::Debt => 2,
            ValueType::Employee => 3,
            _ => 1,
        };
        value
    });
    let values = values.collect::<rusqlite::Result<_>>()?;
    Ok(Record {
        kind,
        id: id(row, 0)?,
        client: id_or_none(row, 1)?,
        values,
        created_at: time(row, 2)?,
        updated_at: time(row, 3)?,
    })
}

fn value(holds: ValueType, row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Value>> {
    Ok(match holds {
        ValueType::Text | ValueType::Stage | ValueType::Link | ValueType::Choice(_) => {
            let text: String = row.get(at)?;
            Some(text).filter(|text| !text.is_empty()).map(Value::Text)
        }
        ValueType::Number => row.get::<_, Option<f64>>(at)?.map(Value::Number),
        ValueType::Whole => row.get::<_, Option<i64>>(at)?.map(Value::Whole),
        ValueType::Date => date(row, at)?.map(Value::Date),
        ValueType::Moment => time_or_none(row, at)?.map(Value::Moment),
        ValueType::Flag => row.get::<_, bool>(at)?.then_some(Value::Flag(true)),
        ValueType::Employee => employee_or_none(row, at)?.map(Value::Employee),
        ValueType::Money | ValueType::Debt => {
            let currency: Option<String> = row.get(at + 1)?;
            let currency = currency.unwrap_or_default();
            let minor: Option<i64> = row.get(at)?;
            minor.map(|minor| Value::Money(Money { minor, currency }))
        }
    })
}

/// What the office wrote as the choices of a field.
pub(super) fn choices(text: &str) -> Vec<String> {
    text.split(';')
        .map(|choice| choice.trim().to_owned())
        .filter(|choice| !choice.is_empty())
        .collect()
}

/// The foreign keys that a caller can miss are the client's and the employee's: says so in words.
fn missing(error: rusqlite::Error, record: &Record) -> StoreError {
    match (error.sqlite_error(), record.client) {
        (Some(cause), Some(client))
            if cause.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY =>
        {
            StoreError::Missing {
                what: "client, or employee, for it:",
                id: client.to_string(),
            }
        }
        _ => StoreError::Sqlite(error),
    }
}

/// How SQLite goes about a client's records, step by step.
#[cfg(test)]
pub(super) fn plan(
    connection: &rusqlite::Connection,
    kind: &'static Kind,
    condition: &str,
) -> Result<Vec<String>> {
    let explained = format!("EXPLAIN QUERY PLAN {}", select(kind, condition));
    let mut statement = connection.prepare(&explained)?;
    let values = vec![Cell::Null; statement.parameter_count()];
    let rows = statement.query_map(params_from_iter(values), |row| row.get("detail"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
