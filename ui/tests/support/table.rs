//! The table of calls, as the program fills it.

use ringbook_ui::slint::ComponentHandle;
use ringbook_ui::*;

use super::sample::model;

/// The table of calls, with its columns and a view chosen; sorted by two, asked of one.
pub fn put(window: &MainWindow) {
    let adapter = window.global::<TableAdapter>();
    let all = [
        (Column::Status, "Status", 190.0, "…"),
        (Column::Started, "Date", 96.0, ""),
        (Column::Time, "Time", 64.0, "9:00–10:00"),
        (Column::Direction, "Direction", 104.0, "…"),
        (Column::Caller, "Which number called", 150.0, "…"),
        (Column::Client, "Client", 180.0, "…"),
        (Column::Extension, "Employee", 110.0, "…"),
        (Column::Talk, "Talk", 104.0, "> 5:00"),
        (Column::TooLong, "Too long", 128.0, "…"),
        (Column::Note, "Note", 180.0, "…"),
    ];
    let mut x = 0.0;
    let columns = all.map(|(column, title, width, hint)| {
        let begins = x;
        x += width;
        TableColumn {
            column,
            title: title.into(),
            x: begins,
            width,
            sorted: match column {
                Column::Talk => 1,
                Column::Client => 2,
                _ => 0,
            },
            down: column == Column::Talk,
            can_sort: column != Column::Note,
            asked: if column == Column::Talk { "> 0:30" } else { "" }.into(),
            hint: hint.into(),
            ..TableColumn::default()
        }
    });
    adapter.set_columns(model(columns.to_vec()));
    adapter.set_width(x);
    let choice = |column: &TableColumn, shown| ColumnChoice {
        column: column.column,
        title: column.title.clone(),
        shown,
    };
    let choices = columns.iter().map(|column| choice(column, true));
    let hidden = ColumnChoice {
        column: Column::Cost,
        title: "Cost".into(),
        shown: false,
    };
    adapter.set_choices(model(choices.chain([hidden]).collect()));
    adapter.set_views(model(vec!["As it stands".into(), "Long calls".into()]));
    adapter.set_view(1);
    adapter.set_open(true);
}
