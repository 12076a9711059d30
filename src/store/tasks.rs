//! Tables `tasks` and `task_calls`: calls that are owed, listed and closed. What calls do to them is
//! in [`super::follow_up`].

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::values::{count, hex_ids, id, id_or_none, millis, number_or_none, time, time_or_none};
use super::{Reader, Result, StoreError, Writer};
use crate::model::{CallId, CallLine, CategoryId, ClientId, Closed, Task, TaskId, TaskLine};

/// The longest reason.
const MAX_REASON: usize = 1024;

/// What a task is read from: eleven columns of `tasks t`.
pub(super) const COLUMNS: &str = "t.id, t.client, t.caller, t.number, t.opened_at, t.last_at,
    t.due_at, t.calls, t.closed_at, t.contact, t.reason";

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// A call is owed.
    Open,
    /// People have talked, or somebody gave a reason.
    Closed,
}

/// Which tasks. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Only those that stand so. Of open ones the first due stands first, of closed ones the one
    /// closed last, of all the one opened last.
    pub state: Option<TaskState>,
    /// Only those of these clients.
    pub clients: Option<Vec<ClientId>>,
    /// Only those of callers whom the log calls so: E.164, an internal number or a user.
    pub caller: Option<String>,
}

impl TaskFilter {
    fn condition(&self) -> (String, Vec<Value>) {
        let mut conditions = vec!["t.deleted_at IS NULL"];
        let mut values: Vec<Value> = Vec::new();
        match self.state {
            Some(TaskState::Open) => conditions.push("t.closed_at IS NULL"),
            Some(TaskState::Closed) => conditions.push("t.closed_at IS NOT NULL"),
            None => {}
        }
        if let Some(clients) = &self.clients {
            conditions.push("t.client IN (SELECT unhex(value) FROM json_each(?))");
            values.push(hex_ids(clients).into());
        }
        if let Some(caller) = &self.caller {
            conditions.push("t.caller = ?");
            values.push(caller.clone().into());
        }
        (conditions.join(" AND "), values)
    }

    /// Open ones by what is to be done next, others by what happened last.
    fn order(&self) -> &'static str {
        match self.state {
            Some(TaskState::Open) => "t.due_at, t.id",
            Some(TaskState::Closed) => "t.closed_at DESC, t.id DESC",
            None => "t.opened_at DESC, t.id DESC",
        }
    }
}

/// How many calls are owed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owed {
    /// Open tasks.
    pub open: u64,
    /// Those of them whose time is up.
    pub overdue: u64,
    /// When the next one will be overdue; none where none is in time.
    pub next_due: Option<Timestamp>,
}

impl Reader<'_> {
    /// Hands every task to `each`, one at a time: what an export streams from. Not more than
    /// `limit`, where there is one.
    pub fn each_task<E: From<StoreError>>(
        &self,
        filter: &TaskFilter,
        limit: Option<usize>,
        each: impl FnMut(TaskLine) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each_task_of(filter, 0, limit.unwrap_or(usize::MAX), each)
    }

    fn each_task_of<E: From<StoreError>>(
        &self,
        filter: &TaskFilter,
        offset: usize,
        limit: usize,
        mut each: impl FnMut(TaskLine) -> Result<(), E>,
    ) -> Result<(), E> {
        let (condition, mut values) = filter.condition();
        values.push(count(limit).into());
        values.push(count(offset).into());
        let order = filter.order();
        let mut statement = self
            .connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS}, k.name, k.category FROM tasks t
                 LEFT JOIN clients k ON k.id = t.client AND k.deleted_at IS NULL
                 WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?"
            ))
            .map_err(StoreError::from)?;
        let mut rows = statement
            .query(params_from_iter(values))
            .map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            each(task_line(row).map_err(StoreError::from)?)?;
        }
        Ok(())
    }

    /// The tasks.
    pub fn tasks(&self, filter: &TaskFilter, limit: Option<usize>) -> Result<Vec<TaskLine>> {
        self.tasks_from(filter, 0, limit.unwrap_or(usize::MAX))
    }

    /// A page of the tasks.
    pub fn tasks_from(
        &self,
        filter: &TaskFilter,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<TaskLine>> {
        let mut lines = Vec::new();
        self.each_task_of(filter, offset, limit, |line| -> Result<()> {
            lines.push(line);
            Ok(())
        })?;
        Ok(lines)
    }

    /// How many tasks there are.
    pub fn count_tasks(&self, filter: &TaskFilter) -> Result<u64> {
        let (condition, values) = filter.condition();
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT count(*) FROM tasks t WHERE {condition}"))?;
        let tasks: i64 = statement.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(tasks.unsigned_abs())
    }

    /// How many calls are owed now.
    pub fn owed(&self, now: Timestamp) -> Result<Owed> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*), count(*) FILTER (WHERE due_at < ?1),
                 min(due_at) FILTER (WHERE due_at >= ?1)
             FROM tasks WHERE closed_at IS NULL AND deleted_at IS NULL",
        )?;
        Ok(statement.query_row([millis(now)], |row| {
            Ok(Owed {
                open: row.get::<_, i64>(0)?.unsigned_abs(),
                overdue: row.get::<_, i64>(1)?.unsigned_abs(),
                next_due: time_or_none(row, 2)?,
            })
        })?)
    }

    /// The task; the one that took it in where it was one of two of the same client.
    pub fn find_task(&self, task: TaskId) -> Result<Option<TaskLine>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS}, k.name, k.category FROM tasks t
             LEFT JOIN clients k ON k.id = t.client AND k.deleted_at IS NULL
             WHERE t.id = (WITH RECURSIVE heirs (id) AS (
                     SELECT ?1 UNION SELECT m.merged_into FROM heirs h JOIN tasks m ON m.id = h.id
                     WHERE m.merged_into IS NOT NULL)
                 SELECT h.id FROM heirs h JOIN tasks m ON m.id = h.id WHERE m.deleted_at IS NULL)"
        ))?;
        Ok(statement
            .query_row([task.as_bytes()], task_line)
            .optional()?)
    }

    /// The task; an error where there is none.
    pub fn load_task(&self, task: TaskId) -> Result<TaskLine> {
        self.find_task(task)?.ok_or_else(|| StoreError::Missing {
            what: "task",
            id: task.to_string(),
        })
    }

    /// The calls that were lost, the first first.
    pub fn task_calls(&self, task: TaskId) -> Result<Vec<CallLine>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT call FROM task_calls WHERE task = ?1 ORDER BY call")?;
        let calls: Vec<CallId> = statement
            .query_map([task.as_bytes()], |row| id(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        let lines = calls.into_iter().map(|call| self.find_call(call));
        lines.filter_map(Result::transpose).collect()
    }
}

impl Writer<'_> {
    /// Closes an open task for a reason that somebody gives.
    pub fn close_task(&mut self, task: TaskId, reason: &str) -> Result<TaskLine> {
        let reason = reason.trim();
        let refuse = |field: &str, value: &str, allowed: String| {
            let value: String = value.chars().take(40).collect();
            Err(StoreError::not_allowed(field, value, allowed))
        };
        if reason.is_empty() || reason.len() > MAX_REASON {
            let allowed = format!("a text of at most {MAX_REASON} octets that is not empty");
            return refuse("reason", reason, allowed);
        }
        let mut line = self.load_task(task)?;
        if line.task.closed.is_some() {
            let allowed = "a task that is open".to_owned();
            return refuse("task", &task.to_string(), allowed);
        }
        line.task.closed = Some(Closed {
            at: timestamp_of(self.now),
            contact: None,
            reason: reason.to_owned(),
        });
        self.save_task(&line.task)?;
        Ok(line)
    }

    /// Adds the task or writes it anew.
    pub(super) fn save_task(&mut self, task: &Task) -> Result<()> {
        let closed = task.closed.as_ref();
        let contact = closed.and_then(|closed| closed.contact.as_ref());
        self.connection
            .prepare_cached(
                "INSERT INTO tasks (id, client, caller, number, opened_at, last_at, due_at, calls,
                     closed_at, contact, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (id) DO UPDATE SET client = excluded.client, caller = excluded.caller,
                     number = excluded.number, opened_at = excluded.opened_at,
                     last_at = excluded.last_at, due_at = excluded.due_at, calls = excluded.calls,
                     closed_at = excluded.closed_at, contact = excluded.contact,
                     reason = excluded.reason",
            )?
            .execute(params![
                task.id.as_bytes(),
                task.client.as_ref().map(ClientId::as_bytes),
                task.caller,
                task.number.map(|number| number.e164()),
                millis(task.opened_at),
                millis(task.last_at),
                millis(task.due_at),
                task.calls,
                closed.map(|closed| millis(closed.at)),
                contact.map(CallId::as_bytes),
                closed.map_or("", |closed| &closed.reason),
            ])?;
        Ok(())
    }
}

/// The moment as the database keeps it: to the millisecond.
fn timestamp_of(at: Timestamp) -> Timestamp {
    super::values::timestamp(millis(at))
}

fn task_line(row: &Row<'_>) -> rusqlite::Result<TaskLine> {
    let category: Option<String> = row.get(12)?;
    Ok(TaskLine {
        task: task(row)?,
        client_name: row.get(11)?,
        category: category.map(CategoryId::new),
    })
}

/// A task from the columns [`COLUMNS`].
pub(super) fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    let closed = |at| -> rusqlite::Result<Closed> {
        Ok(Closed {
            at,
            contact: id_or_none(row, 9)?,
            reason: row.get(10)?,
        })
    };
    Ok(Task {
        id: id(row, 0)?,
        client: id_or_none(row, 1)?,
        caller: row.get(2)?,
        number: number_or_none(row, 3)?,
        opened_at: time(row, 4)?,
        last_at: time(row, 5)?,
        due_at: time(row, 6)?,
        calls: row.get(7)?,
        closed: time_or_none(row, 8)?.map(closed).transpose()?,
    })
}
