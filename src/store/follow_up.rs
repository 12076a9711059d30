//! What a call that is over, or a client who becomes known, does to the tasks: the rule of
//! [`crate::model::Outcome`] and [`crate::model::Task`] upon the rows, in the writer's transaction.

use rusqlite::{OptionalExtension, ToSql, params};

use super::calls::{COLUMNS as CALL, call_record};
use super::tasks::{COLUMNS, task};
use super::values::millis;
use super::{Reader, Result, TaskFilter, TaskState, Writer};
use crate::model::{
    CallId, CallRecord, Client, ClientId, Direction, Outcome, Task, TaskChange, TaskId, TaskNews,
    TaskTerms,
};

/// How many of a caller's latest calls are looked through for one in which people talked. Rows are
/// written in an order of their own only when calls overlap, or after the database was away.
const LATEST: u32 = 20;

/// The other party of a call, as tasks know it.
struct Party {
    client: Option<ClientId>,
    /// As in the log: E.164, an internal number or a user.
    text: String,
}

impl Reader<'_> {
    /// Who was at the other end; none where nobody can tell, or call them: a hidden caller.
    fn party(&self, call: &CallRecord) -> Result<Option<Party>> {
        let text = match call.direction {
            Direction::Incoming => &call.caller,
            Direction::Outgoing => &call.callee,
        };
        if text.is_empty() || (call.hidden && call.number.is_none()) {
            return Ok(None);
        }
        let known = call.client.map(|client| self.present_client(client));
        let mut client = known.transpose()?.flatten();
        // Without the caller card nobody was looked up.
        if let (None, Some(number)) = (client, call.number) {
            client = self.clients_with_number(number)?.first().copied();
        }
        Ok(Some(Party {
            client,
            text: text.clone(),
        }))
    }

    /// The open task that a lost call of this party joins: the client's, else the number's.
    fn task_to_join(&self, party: &Party) -> Result<Option<Task>> {
        let mut statement = self.connection.prepare_cached(&joined_task())?;
        let client = party.client.as_ref().map(ClientId::as_bytes);
        Ok(statement
            .query_row(params![client, party.text], task)
            .optional()?)
    }

    /// The open tasks of whoever was spoken with: the client's, the number's, and those of
    /// everybody who has the number.
    fn tasks_with(&self, party: &Party) -> Result<Vec<Task>> {
        let mut statement = self.connection.prepare_cached(&tasks_of_party())?;
        let client = party.client.as_ref().map(ClientId::as_bytes);
        let rows = statement.query_map(params![client, party.text], task)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether the other party of a call has an open task.
    pub(super) fn is_owed_a_call(&self, call: &CallRecord) -> Result<bool> {
        let party = self.party(call)?;
        let tasks = party.map(|party| self.tasks_with(&party)).transpose()?;
        Ok(tasks.is_some_and(|tasks| !tasks.is_empty()))
    }

    /// The client's open tasks, the first opened first.
    fn tasks_of(&self, client: ClientId) -> Result<Vec<Task>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM tasks t
             WHERE t.client = ?1 AND t.closed_at IS NULL AND t.deleted_at IS NULL
             ORDER BY t.opened_at, t.id"
        ))?;
        let rows = statement.query_map([client.as_bytes()], task)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// A talk with the task's caller that was over no earlier than its latest lost call.
    fn find_contact(&self, task: &Task) -> Result<Option<CallRecord>> {
        let mut numbers = Vec::from_iter(task.number);
        if let Some(client) = task.client {
            numbers.extend(self.client_phones(client)?.iter().map(|phone| phone.number));
            let with_client = self.latest_calls("client", client.as_bytes(), task)?;
            if with_client.is_some() {
                return Ok(with_client);
            }
        }
        for number in numbers {
            let with_number = self.latest_calls("number", number.e164(), task)?;
            if with_number.is_some() {
                return Ok(with_number);
            }
        }
        Ok(None)
    }

    /// Of the latest calls whose `column` is `value`, one that settles the task.
    fn latest_calls(
        &self,
        column: &str,
        value: impl ToSql,
        task: &Task,
    ) -> Result<Option<CallRecord>> {
        let mut statement = self.connection.prepare_cached(&talks(column))?;
        let rows = statement.query_map(params![value, millis(task.last_at)], call_record)?;
        let calls: Vec<CallRecord> = rows.collect::<rusqlite::Result<_>>()?;
        Ok(calls.into_iter().find(|call| task.is_settled_by(call)))
    }

    fn is_counted(&self, call: CallId) -> Result<bool> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM task_calls WHERE call = ?1")?;
        Ok(statement.exists([call.as_bytes()])?)
    }

    fn news(&self, change: TaskChange, call: CallId, task: TaskId) -> Result<TaskNews> {
        Ok(TaskNews {
            change,
            call,
            line: self.load_task(task)?,
        })
    }
}

impl Writer<'_> {
    /// Puts the store in order for a phone that starts: rows that a crash left open are closed, and
    /// whoever was ringing then is owed a call on these terms, where there are any.
    pub(super) fn take_over(
        &mut self,
        terms: Option<TaskTerms>,
    ) -> Result<(Vec<CallRecord>, Vec<TaskNews>)> {
        let interrupted = self.close_interrupted()?;
        let mut news = Vec::new();
        if let Some(terms) = terms {
            for call in &interrupted {
                news.extend(self.follow_up(call.call, terms)?);
            }
            news.extend(self.settle_tasks()?);
        }
        Ok((interrupted, news))
    }

    /// Draws the consequences of a call whose row is written. Doing so again changes nothing.
    pub fn follow_up(&mut self, call: CallId, terms: TaskTerms) -> Result<Vec<TaskNews>> {
        let Some(call) = self.any_call(call)?.map(|line| line.record) else {
            return Ok(Vec::new());
        };
        let outcome = Outcome::of(&call);
        if outcome == Outcome::Neither {
            return Ok(Vec::new());
        }
        let Some(party) = self.party(&call)? else {
            return Ok(Vec::new());
        };
        match outcome {
            Outcome::Contact => self.note_contact(&call, &party),
            _ => self.note_lost(&call, &party, terms),
        }
    }

    /// Closes the open tasks that a talk has settled while the module was off.
    fn settle_tasks(&mut self) -> Result<Vec<TaskNews>> {
        let open = TaskFilter {
            state: Some(TaskState::Open),
            ..TaskFilter::default()
        };
        let mut news = Vec::new();
        for line in self.tasks(&open, None)? {
            let mut task = line.task;
            if let Some(contact) = self.find_contact(&task)? {
                task.settle(&contact);
                self.save_task(&task)?;
                news.push(self.news(TaskChange::Closed, contact.call, task.id)?);
            }
        }
        Ok(news)
    }

    fn note_contact(&mut self, call: &CallRecord, party: &Party) -> Result<Vec<TaskNews>> {
        let mut news = Vec::new();
        for mut task in self.tasks_with(party)? {
            if task.is_settled_by(call) {
                task.settle(call);
                self.save_task(&task)?;
                news.push(self.news(TaskChange::Closed, call.call, task.id)?);
            }
        }
        Ok(news)
    }

    fn note_lost(
        &mut self,
        call: &CallRecord,
        party: &Party,
        terms: TaskTerms,
    ) -> Result<Vec<TaskNews>> {
        if self.is_counted(call.call)? {
            return Ok(Vec::new());
        }
        let owed = Task::open(TaskId::new(), call, party.client, terms);
        if self.find_contact(&owed)?.is_some() {
            return Ok(Vec::new());
        }
        let (task, change) = match self.task_to_join(party)? {
            Some(mut open) => {
                open.join(call, party.client);
                (open, TaskChange::Joined)
            }
            None => (owed, TaskChange::Opened),
        };
        self.save_task(&task)?;
        self.connection
            .prepare_cached("INSERT INTO task_calls (call, task) VALUES (?1, ?2)")?
            .execute(params![call.call.as_bytes(), task.id.as_bytes()])?;
        Ok(vec![self.news(change, call.call, task.id)?])
    }

    /// Gives a client the tasks of its numbers that were nobody's. With the `calls` that it was
    /// given before, a talk may have become one with this client.
    pub(super) fn give_tasks_of_numbers(&mut self, client: &Client, calls: usize) -> Result<()> {
        let mut given = calls;
        for phone in &client.phones {
            given += self
                .connection
                .prepare_cached(
                    "UPDATE tasks SET client = ?2 WHERE caller = ?1 AND client IS NULL",
                )?
                .execute(params![phone.number.e164(), client.id.as_bytes()])?;
        }
        match given {
            0 => Ok(()),
            _ => self.unite_tasks(client.id),
        }
    }

    /// Gives the client the task that this call opened or joined.
    pub(super) fn give_task_of_call(&mut self, call: CallId, client: ClientId) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE tasks SET client = ?2
                 WHERE id = (SELECT task FROM task_calls WHERE call = ?1)",
            )?
            .execute(params![call.as_bytes(), client.as_bytes()])?;
        self.unite_tasks(client)
    }

    /// Makes the open tasks of a client who is deleted those of an unknown caller.
    pub(super) fn orphan_tasks(&mut self, client: ClientId) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE tasks SET client = NULL WHERE client = ?1 AND closed_at IS NULL",
            )?
            .execute([client.as_bytes()])?;
        Ok(())
    }

    /// Gives `into` the tasks of `from`.
    pub(super) fn merge_tasks(&mut self, into: ClientId, from: ClientId) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE tasks SET client = ?1 WHERE client = ?2")?
            .execute(params![into.as_bytes(), from.as_bytes()])?;
        self.unite_tasks(into)
    }

    /// Brings the client's open tasks in order after it got others: those that a talk has settled
    /// by what is known now are closed, and of the rest the first takes in the others.
    fn unite_tasks(&mut self, client: ClientId) -> Result<()> {
        let mut kept: Option<Task> = None;
        for mut task in self.tasks_of(client)? {
            if let Some(contact) = self.find_contact(&task)? {
                task.settle(&contact);
                self.save_task(&task)?;
            } else if let Some(kept) = &mut kept {
                kept.absorb(&task);
                self.save_task(kept)?;
                self.retire_task(task.id, kept.id)?;
            } else {
                kept = Some(task);
            }
        }
        Ok(())
    }

    fn retire_task(&mut self, task: TaskId, into: TaskId) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE task_calls SET task = ?2 WHERE task = ?1")?
            .execute(params![task.as_bytes(), into.as_bytes()])?;
        self.connection
            .prepare_cached("UPDATE tasks SET deleted_at = ?3, merged_into = ?2 WHERE id = ?1")?
            .execute(params![task.as_bytes(), into.as_bytes(), millis(self.now)])?;
        Ok(())
    }
}

/// The open task of a client `?1` or a caller `?2`, the client's first.
fn joined_task() -> String {
    format!(
        "SELECT {COLUMNS} FROM tasks t
         WHERE t.closed_at IS NULL AND t.deleted_at IS NULL AND (t.client = ?1 OR t.caller = ?2)
         ORDER BY t.client IS ?1 DESC, t.opened_at, t.id LIMIT 1"
    )
}

/// The open tasks of a client `?1`, a caller `?2`, and everybody who has that number.
fn tasks_of_party() -> String {
    format!(
        "SELECT {COLUMNS} FROM tasks t
         WHERE t.closed_at IS NULL AND t.deleted_at IS NULL AND (t.client = ?1 OR t.caller = ?2
             OR t.client IN (SELECT n.client FROM client_numbers n
                             WHERE n.e164 = ?2 AND n.deleted_at IS NULL))
         ORDER BY t.opened_at, t.id"
    )
}

/// The latest calls whose `column` is `?1`, of which over at `?2` or later.
fn talks(column: &str) -> String {
    format!(
        "SELECT {CALL} FROM (SELECT * FROM calls WHERE {column} = ?1
             ORDER BY started_at DESC LIMIT {LATEST}) c
         WHERE c.ended_at >= ?2"
    )
}

/// How SQLite goes about all of these, step by step.
#[cfg(test)]
pub(super) fn plans(connection: &rusqlite::Connection) -> Result<Vec<String>> {
    let mut steps = Vec::new();
    for statement in [
        joined_task(),
        tasks_of_party(),
        talks("client"),
        talks("number"),
    ] {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
        let mut rows = plan.raw_query();
        while let Some(row) = rows.next()? {
            steps.push(row.get("detail")?);
        }
    }
    Ok(steps)
}
