//! Callers who are owed a call.

use ringbook_ui::slint::ComponentHandle;
use ringbook_ui::*;

use super::sample::{log, model};

fn row(id: &str, heading: &str, title: &str, phase: TaskPhase, time: &str, calls: i32) -> TaskRow {
    TaskRow {
        id: id.into(),
        heading: heading.into(),
        title: title.into(),
        number: "+7 701 111 22 33".into(),
        target: "+77011112233".into(),
        phase,
        time: time.into(),
        moment: format!("Sun 22.11.2026 {time}").into(),
        calls,
        ..Default::default()
    }
}

/// Open tasks, the first of them overdue.
pub fn open() -> Vec<TaskRow> {
    let client = |row: TaskRow, client: &str, category: &str| TaskRow {
        client: client.into(),
        category: category.into(),
        ..row
    };
    vec![
        client(
            row(
                "t1",
                "Yesterday",
                "Olga Sidorova",
                TaskPhase::Overdue,
                "17:40",
                3,
            ),
            "k2",
            "problem",
        ),
        client(
            row("t2", "Today", "Ivan Petrov", TaskPhase::Overdue, "09:05", 1),
            "k1",
            "vip",
        ),
        row("t3", "", "+7 702 999 88 77", TaskPhase::Open, "11:30", 2),
        client(
            row("t4", "", "عبد الرحمن الفارسي", TaskPhase::Open, "12:15", 1),
            "k3",
            "potential",
        ),
        row("t5", "", "104", TaskPhase::Open, "12:20", 1),
        row(
            "t6",
            "",
            "Wolfeschlegelsteinhausenbergerdorff & Söhne, Einkauf",
            TaskPhase::Open,
            "12:21",
            12,
        ),
    ]
}

/// Tasks that are done: people talked, or somebody gave a reason.
pub fn done() -> Vec<TaskRow> {
    vec![
        row("t7", "Today", "Nagy Katalin", TaskPhase::Closed, "08:40", 1),
        TaskRow {
            reason: "Wrong number or advertising".into(),
            ..row("t8", "", "+7 727 250 00 00", TaskPhase::Closed, "08:12", 4)
        },
    ]
}

/// Fills the page, the first task chosen.
pub fn put(window: &MainWindow) {
    let tasks = window.global::<TasksAdapter>();
    tasks.set_present(true);
    tasks.set_open(6);
    tasks.set_overdue(2);
    tasks.set_rows(model(open()));
    tasks.set_selected("t1".into());
    tasks.set_task(open()[0].clone());
    tasks.set_lost(model(vec![log()[1].clone(), log()[2].clone()]));
}
