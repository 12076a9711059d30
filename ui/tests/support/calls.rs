//! The page of calls in every language: what the program says on it, from the program's catalogues.

use std::path::PathBuf;

use polib::catalog::Catalog;
use ringbook_ui::slint::{ComponentHandle, Model, SharedString};
use ringbook_ui::*;

use super::sample::{log, model};
use super::table;

/// The program's words in a language.
pub struct Words(Option<Catalog>);

impl Words {
    pub fn of(code: &str) -> Self {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(format!("markup/lang/{code}/LC_MESSAGES/ringbook-markup.po"));
        // The words of the sources are English.
        Self((code != "en").then(|| polib::po_file::parse(&file).unwrap()))
    }

    /// A text as the language has it.
    pub fn say(&self, text: &str) -> String {
        self.find(None, text)
    }

    /// How many calls there are, of a number that a few of languages have a word of their own for.
    fn five_calls(&self) -> String {
        let Some(catalogue) = &self.0 else {
            return "5 calls".to_owned();
        };
        let message = catalogue.find_message(None, "{n} call", Some("{n} calls"));
        let forms = message.unwrap().msgstr_plural().unwrap();
        let form = if forms.len() > 3 { 3 } else { forms.len() - 1 };
        forms[form].replace("{n}", "5")
    }

    fn calls(&self, text: &str) -> String {
        self.find(Some("calls"), text)
    }

    fn find(&self, context: Option<&str>, text: &str) -> String {
        let Some(catalogue) = &self.0 else {
            return text.to_owned();
        };
        let message = catalogue.find_message(context, text, None);
        let message = message.unwrap_or_else(|| panic!("{text} is in no catalogue"));
        let said = message.msgstr().unwrap();
        assert!(!said.is_empty(), "{text} is not translated");
        said.to_owned()
    }
}

/// The rows of the log, the program's words in them in the language.
pub fn rows(words: &Words) -> Vec<LogRow> {
    let known = |text: &SharedString| match text.as_str() {
        "Today" | "Yesterday" | "Hidden number" => words.say(text).into(),
        "Friday 20 November" => "20.11.2026".into(),
        _ => text.clone(),
    };
    let row = |row: LogRow| LogRow {
        heading: known(&row.heading),
        group_sum: format!("{} · 12:04", words.five_calls()).into(),
        group: known(&row.group),
        title: known(&row.title),
        ..row
    };
    log().into_iter().map(row).collect()
}

/// The lines beside the pages, as the language says how they are.
pub fn put_lines(window: &MainWindow, words: &Words) {
    let adapter = window.global::<WindowAdapter>();
    let lines = adapter.get_lines();
    let lines = lines.iter().map(|line| Line {
        text: words.say(&line.text).into(),
        ..line
    });
    adapter.set_lines(model(lines.collect()));
}

/// The table of calls, its columns and views called what the language calls them.
pub fn put_table(window: &MainWindow, words: &Words) {
    table::put(window);
    let adapter = window.global::<TableAdapter>();
    let columns = adapter.get_columns();
    let columns = columns.iter().map(|column| TableColumn {
        title: words.say(&column.title).into(),
        ..column
    });
    adapter.set_columns(model(columns.collect()));
    let views = [words.say("As it stands"), "Steppe".to_owned()];
    adapter.set_views(model(views.map(SharedString::from).to_vec()));
    window.global::<LogAdapter>().set_rows(model(rows(words)));
}

/// The calls put together by client; one of the groups is closed.
pub fn put_groups(window: &MainWindow, words: &Words) {
    let adapter = window.global::<LogAdapter>();
    adapter.set_grouping(1);
    let mut rows = rows(words);
    rows.sort_by_key(|row| row.title.clone());
    let mut before = SharedString::new();
    for row in &mut rows {
        let title = row.title.clone();
        (row.heading, row.group) = match before == title {
            true => Default::default(),
            false => (title.clone(), title.clone()),
        };
        row.group_sum = "12:04".into();
        before = title;
    }
    rows.insert(
        0,
        LogRow {
            heading: words.say("Unknown callers").into(),
            group: "unknown".into(),
            group_sum: "2:31".into(),
            ..LogRow::default()
        },
    );
    adapter.set_rows(model(rows));
}

fn texts(all: impl IntoIterator<Item = String>) -> slint::ModelRc<SharedString> {
    model(all.into_iter().map(SharedString::from).collect())
}

fn by_day(words: &Words) -> ReportPart {
    let headings = [
        words.say("Day"),
        words.calls("Offered"),
        words.calls("Answered"),
        words.calls("Elsewhere"),
        words.calls("Lost"),
        words.calls("Given up"),
        words.calls("Turned away"),
        words.calls("Short"),
        words.calls("Passed on"),
        words.say("Lost rate"),
    ];
    let day = |day: u32| {
        let (offered, lost) = (30 + day * 7 % 23, day * 5 % 13);
        let share = lost as f32 / offered as f32;
        let counts = [offered, offered - lost - 1, 1, lost, lost / 2, 0, 1, 0];
        let cells = std::iter::once(format!("2026-11-{day:02}"))
            .chain(counts.map(|count| count.to_string()))
            .chain([format!("{:.1} %", share * 100.0)]);
        ReportRow {
            cells: texts(cells),
            bar: share * 2.5,
        }
    };
    ReportPart {
        kind: ReportPartKind::Table,
        title: words.say("By day").into(),
        headings: texts(headings),
        rows: model((16..23).map(day).collect()),
        bars: 9,
        ..ReportPart::default()
    }
}

fn week(words: &Words, title: &str) -> ReportPart {
    let row = |(day, name): (usize, &&str)| {
        let cell = |hour: usize| {
            let calls = match hour {
                8..19 => (hour * 7 + day * 5) % 23,
                _ => 0,
            };
            ReportCell {
                text: calls.to_string().into(),
                share: calls as f32 / 22.0,
            }
        };
        ReportHeat {
            name: words.say(name).into(),
            cells: model((0..24).map(cell).collect()),
        }
    };
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    ReportPart {
        kind: ReportPartKind::Heat,
        title: words.say(title).into(),
        headings: texts((0..24).map(|hour| format!("{hour:02}"))),
        heat: model(days.iter().enumerate().map(row).collect()),
        bars: -1,
        ..ReportPart::default()
    }
}

/// The page of reports, with lost calls by the day, or the busiest hours of the week.
pub fn put_report(window: &MainWindow, words: &Words, busiest: bool) {
    let adapter = window.global::<ReportsAdapter>();
    // As the program writes a value into a line from the right.
    let day = |day: &str| match window.global::<Reading>().get_rtl() {
        true => format!("\u{2068}{day}\u{2069}"),
        false => day.to_owned(),
    };
    let heading = match busiest {
        true => words.say("Busiest hours of the week, from {from} to {to}"),
        false => words.say("Lost calls from {from} to {to}"),
    };
    let heading = heading
        .replace("{from}", &day("2026-11-16"))
        .replace("{to}", &day("2026-11-22"));
    adapter.set_heading(heading.into());
    adapter.set_kind(if busiest { 2 } else { 0 });
    adapter.set_parts(model(match busiest {
        true => vec![week(words, "Incoming calls"), week(words, "Talk, minutes")],
        false => {
            let no_trend = ReportPart {
                lines: texts([words.say("Too few days with calls to tell a trend.")]),
                bars: -1,
                ..ReportPart::default()
            };
            vec![by_day(words), no_trend]
        }
    }));
    adapter.set_open(true);
}

/// What waits now and what was today, where the goal is missed.
pub fn put_wallboard(window: &MainWindow, words: &Words) {
    let tile = |context, title: &str, figure: &str, tone: Tone| ReportTile {
        title: words.find(context, title).into(),
        figure: figure.into(),
        tone,
    };
    let adapter = window.global::<ReportsAdapter>();
    adapter.set_tiles(model(vec![
        tile(Some("callers"), "Waiting", "2", Tone::Bad),
        tile(None, "Longest wait now", "00:00:25", Tone::Info),
        tile(Some("people"), "Talking", "3", Tone::Info),
        tile(None, "Owed a call", "1", Tone::Bad),
        tile(None, "Service level", "84.0 %", Tone::Good),
        tile(None, "Speed of answer", "00:00:14", Tone::Info),
        tile(Some("calls"), "Offered", "250", Tone::Info),
        tile(Some("calls"), "Answered", "233", Tone::Info),
        tile(Some("calls"), "Lost", "17", Tone::Info),
        tile(None, "Abandonment", "6.8 %", Tone::Info),
        tile(None, "Handling time", "00:02:40", Tone::Info),
        tile(None, "Occupancy", "51.0 %", Tone::Info),
    ]));
    adapter.set_kind(4);
    adapter.set_open(true);
}

/// A recording of the call with this id that is being listened to.
pub fn put_player(window: &MainWindow, call: &str) {
    let player = window.global::<PlayerAdapter>();
    player.set_recording("r1".into());
    player.set_call(call.into());
    player.set_playing(true);
    player.set_position(72.0);
    player.set_length(192.0);
    player.set_place("1:12 / 3:12".into());
}
