//! What is new among the tasks: told by the difference between two readings of the open ones.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Kind, Notification, Subject, Tone};
use crate::model::{TaskId, TaskLine};
use crate::{tr, trn};

/// More news than this at once are told as one.
const AT_ONCE: usize = 3;

/// What is known of the open tasks.
#[derive(Debug, Default)]
pub struct TaskWatch {
    /// How many calls were lost, and whether it is overdue; none before the first reading.
    known: Option<BTreeMap<TaskId, (u32, bool)>>,
}

/// What changed between two readings.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TaskChanges {
    /// To be told.
    pub news: Vec<Notification>,
    /// Not open any more.
    pub settled: Vec<Subject>,
}

impl TaskWatch {
    /// Takes in the tasks that are open now. The first reading tells only how many are overdue.
    pub fn read(&mut self, now: Timestamp, zone: &TimeZone, open: &[TaskLine]) -> TaskChanges {
        let state = |line: &TaskLine| (line.task.calls, line.task.is_overdue(now));
        let present = open.iter().map(|line| (line.task.id, state(line)));
        let present: BTreeMap<_, _> = present.collect();
        let Some(before) = self.known.replace(present.clone()) else {
            let overdue = open.iter().filter(|line| line.task.is_overdue(now));
            return TaskChanges {
                news: Vec::from_iter(many_overdue(overdue.count())),
                settled: Vec::new(),
            };
        };
        let settled = before.keys().filter(|id| !present.contains_key(id));
        let settled = settled.map(|id| Subject::Task(*id)).collect();
        let (mut lost, mut overdue) = (Vec::new(), Vec::new());
        for line in open {
            let (calls, was_overdue) = before.get(&line.task.id).copied().unwrap_or_default();
            if line.task.is_overdue(now) && !was_overdue {
                overdue.push(line);
            } else if line.task.calls > calls {
                lost.push(line);
            }
        }
        let mut news = Vec::new();
        match lost.len() {
            0..=AT_ONCE => news.extend(lost.into_iter().map(|line| of_lost(line, zone))),
            count => news.push(of_many(trn!(
                "{n} caller more is owed a call",
                "{n} callers more are owed a call",
                n = count
            ))),
        }
        match overdue.len() {
            0..=AT_ONCE => news.extend(overdue.into_iter().map(|line| of_overdue(line, zone))),
            count => news.extend(many_overdue(count)),
        }
        TaskChanges { news, settled }
    }
}

fn of_lost(line: &TaskLine, zone: &TimeZone) -> Notification {
    let (caller, time) = (whose(line), clock(line.task.due_at, zone));
    let text = match line.task.calls {
        0..=1 => tr!(
            "{caller} called in vain: a call is owed by {time}",
            caller = caller,
            time = time
        ),
        calls => trn!(
            "{caller} has called in vain {n} time: a call is owed by {time}",
            "{caller} has called in vain {n} times: a call is owed by {time}",
            n = calls,
            caller = caller,
            time = time
        ),
    };
    of_task(line, Tone::Info, tr!("Lost call"), text)
}

fn of_overdue(line: &TaskLine, zone: &TimeZone) -> Notification {
    let text = tr!(
        "{caller} should have been called by {time}",
        caller = whose(line),
        time = clock(line.task.due_at, zone)
    );
    of_task(line, Tone::Warning, tr!("Call overdue"), text)
}

fn of_task(line: &TaskLine, tone: Tone, title: String, text: String) -> Notification {
    Notification {
        kind: Kind::Task,
        subject: Subject::Task(line.task.id),
        tone,
        title,
        text,
        action: tr!("Show"),
    }
}

fn many_overdue(count: usize) -> Option<Notification> {
    let text = trn!("{n} call is overdue", "{n} calls are overdue", n = count);
    (count > 0).then(|| Notification {
        tone: Tone::Warning,
        ..of_many(text)
    })
}

fn of_many(text: String) -> Notification {
    Notification {
        kind: Kind::Task,
        subject: Subject::Tasks,
        tone: Tone::Info,
        title: tr!("Tasks"),
        text,
        action: String::new(),
    }
}

/// The client, or where the call came from.
fn whose(line: &TaskLine) -> String {
    let name = line.client_name.clone().filter(|name| !name.is_empty());
    name.unwrap_or_else(|| match line.task.number {
        Some(number) => number.international(),
        None => line.task.caller.clone(),
    })
}

fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::model::{CallId, CallRecord, CallStatus, Direction, Task, TaskTerms};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(60 * minute).unwrap()
    }

    /// Whoever called in vain at this minute, and is to be called within the hour.
    fn line(caller: &str, minute: i64) -> TaskLine {
        let mut lost = CallRecord::begin(CallId::new(), Direction::Incoming, at(minute));
        lost.status = CallStatus::Missed;
        lost.ended_at = Some(at(minute));
        lost.caller = caller.into();
        TaskLine {
            task: Task::open(TaskId::new(), &lost, None, TaskTerms::minutes(60)),
            client_name: None,
            category: None,
        }
    }

    fn texts(changes: &TaskChanges) -> Vec<&str> {
        changes.news.iter().map(|news| &*news.text).collect()
    }

    #[test]
    fn s1_9_a_lost_call_and_one_that_is_overdue_are_told_once_each() {
        let (mut watch, zone) = (TaskWatch::default(), TimeZone::UTC);
        assert_eq!(watch.read(at(0), &zone, &[]), TaskChanges::default());
        let mut task = line("104", 1);
        let read = |watch: &mut TaskWatch, minute, open: &[TaskLine]| {
            let changes = watch.read(at(minute), &zone, open);
            let texts = changes.news.into_iter().map(|news| news.text);
            (texts.collect::<Vec<_>>(), changes.settled)
        };
        let nothing = (Vec::new(), Vec::new());
        let told = read(&mut watch, 1, std::slice::from_ref(&task)).0;
        assert_eq!(told, ["104 called in vain: a call is owed by 01:01"]);
        assert_eq!(read(&mut watch, 2, std::slice::from_ref(&task)), nothing);
        task.task.calls = 2;
        let told = read(&mut watch, 3, std::slice::from_ref(&task)).0;
        assert_eq!(
            told,
            ["104 has called in vain 2 times: a call is owed by 01:01"]
        );
        assert_eq!(read(&mut watch, 61, std::slice::from_ref(&task)), nothing);
        let told = read(&mut watch, 62, std::slice::from_ref(&task)).0;
        assert_eq!(told, ["104 should have been called by 01:01"]);
        assert_eq!(read(&mut watch, 63, std::slice::from_ref(&task)), nothing);
        let settled = vec![Subject::Task(task.task.id)];
        assert_eq!(read(&mut watch, 64, &[]), (Vec::new(), settled));
    }

    #[test]
    fn what_was_open_at_the_start_is_told_in_one_sentence_where_it_is_overdue() {
        let zone = TimeZone::UTC;
        let open: Vec<TaskLine> = (0..9).map(|minute| line("104", minute)).collect();
        let first = TaskWatch::default().read(at(62), &zone, &open);
        assert_eq!(texts(&first), ["2 calls are overdue"]);
        let in_time = TaskWatch::default().read(at(10), &zone, &open);
        assert_eq!(in_time, TaskChanges::default());
    }

    #[test]
    fn a_flood_is_told_in_one_sentence() {
        let (mut watch, zone) = (TaskWatch::default(), TimeZone::UTC);
        watch.read(at(0), &zone, &[]);
        let open: Vec<TaskLine> = (0..40).map(|_| line("104", 1)).collect();
        let flood = watch.read(at(1), &zone, &open);
        assert_eq!(texts(&flood), ["40 callers more are owed a call"]);
        let late = watch.read(at(62), &zone, &open);
        assert_eq!(texts(&late), ["40 calls are overdue"]);
    }
}
