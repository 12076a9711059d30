//! The table of calls: its heads, its rows, by pointer and by keyboard.

use crate::support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use i_slint_backend_testing::ElementHandle;
use ringbook_ui::slint::platform::{Key, PointerEventButton, WindowEvent};
use ringbook_ui::slint::{
    self, Color, ComponentHandle, Model, ModelRc, ModelTracker, SharedString,
};
use ringbook_ui::*;
use support::{sample, table};

/// A main window with the table of calls, and what the table has asked for.
fn opened() -> (MainWindow, Rc<RefCell<Vec<String>>>) {
    support::start();
    let window = MainWindow::new().unwrap();
    sample::fill(&window);
    table::put(&window);
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let adapter = window.global::<TableAdapter>();
    let log = |asked: &Rc<RefCell<Vec<String>>>| {
        let asked = asked.clone();
        move |text: String| asked.borrow_mut().push(text)
    };
    let write = log(&asked);
    adapter.on_sort(move |column, also| write(format!("sort {column:?} {also}")));
    let write = log(&asked);
    adapter.on_step(move |column, by| write(format!("step {column:?} {by}")));
    let write = log(&asked);
    adapter.on_resize(move |column, width| write(format!("resize {column:?} {width}")));
    let write = log(&asked);
    adapter.on_ask(move |column, text, done| write(format!("ask {column:?} {text} {done}")));
    let write = log(&asked);
    let calls = window.global::<LogAdapter>();
    calls.on_call_back(move |number| write(format!("call {number}")));
    let write = log(&asked);
    calls.on_step(move |by| write(format!("row {by}")));
    window.global::<WindowAdapter>().set_page(Page::Calls);
    support::show(&window, 1600.0, 900.0);
    support::settle();
    (window, asked)
}

fn labelled(window: &MainWindow, label: &str) -> ElementHandle {
    let mut found = ElementHandle::find_by_accessible_label(window, label);
    found.next().unwrap_or_else(|| panic!("no {label}"))
}

#[test]
fn s5_10_a_head_is_pressed_to_sort() {
    let (window, asked) = opened();
    let head = labelled(&window, "Client, the smallest first");
    head.invoke_accessible_default_action();
    assert_eq!(asked.take(), ["sort Client false"]);
    labelled(&window, "Talk, the largest first");
    let field = labelled(&window, "Which number called");
    field.invoke_accessible_default_action();
    assert_eq!(asked.take(), ["sort Caller false"]);
}

/// A key with another one held down.
fn press_with(window: &MainWindow, held: Key, key: Key) {
    let held = SharedString::from(held);
    let event = |event| window.window().dispatch_event(event);
    event(WindowEvent::KeyPressed { text: held.clone() });
    support::press(window, key);
    event(WindowEvent::KeyReleased { text: held });
}

#[test]
fn s5_10_by_keyboard_a_column_is_sorted_after_the_others_moved_and_resized() {
    let (window, asked) = opened();
    for _ in 0..80 {
        support::press(&window, Key::Tab);
        press_with(&window, Key::Shift, Key::RightArrow);
        if !asked.borrow().is_empty() {
            break;
        }
    }
    assert_eq!(asked.take(), ["resize Status 206"]);
    press_with(&window, Key::Shift, Key::LeftArrow);
    press_with(&window, Key::Alt, Key::RightArrow);
    support::press(&window, Key::Return);
    press_with(&window, Key::Shift, Key::Return);
    let expected = [
        "resize Status 174",
        "step Status 1",
        "sort Status false",
        "sort Status true",
    ];
    assert_eq!(asked.take(), expected);
}

#[test]
fn s5_10_keys_that_no_field_takes_choose_a_row_and_call_back() {
    let (window, asked) = opened();
    window.global::<LogAdapter>().set_selected("4".into());
    window
        .global::<LogAdapter>()
        .set_call(sample::log()[3].clone());
    for (key, expected) in [
        (Key::DownArrow, "row 1"),
        (Key::UpArrow, "row -1"),
        (Key::Home, "row -1000000000"),
        (Key::End, "row 1000000000"),
        (Key::Return, "call +971 50 123 4567"),
    ] {
        support::press(&window, key);
        assert_eq!(asked.take(), [expected]);
    }
}

#[test]
fn s5_9_s5_14_date_and_time_and_the_two_numbers_are_columns_of_their_own() {
    let (window, _) = opened();
    for title in ["Date", "Time", "Which number called"] {
        labelled(&window, title);
    }
    let row = "Answered, عبد الرحمن الفارسي, 22.11.2026 08:22, 3:12, Calls again on Monday";
    labelled(&window, row);
}

/// WCAG 2.2: from 1 to 21.
fn contrast(a: Color, b: Color) -> f32 {
    let luminance = |colour: Color| {
        let parts = [colour.red(), colour.green(), colour.blue()];
        let [red, green, blue] = parts.map(|part| {
            let part = f32::from(part) / 255.0;
            match part <= 0.040_45 {
                true => part / 12.92,
                false => ((part + 0.055) / 1.055).powf(2.4),
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn s5_6_rows_differ_in_colour_by_status_and_every_text_on_them_can_be_read() {
    support::start();
    let window = MainWindow::new().unwrap();
    let all = [
        Outcome::Active,
        Outcome::Answered,
        Outcome::OneWay,
        Outcome::Missed,
        Outcome::Rejected,
        Outcome::Busy,
        Outcome::Failed,
        Outcome::Cancelled,
        Outcome::Elsewhere,
        Outcome::Voicemail,
        Outcome::Interrupted,
        Outcome::Unknown,
    ];
    for theme in [ThemeChoice::Light, ThemeChoice::Dark] {
        window.global::<Theme>().invoke_choose(theme);
        support::settle();
        let inks = window.global::<OutcomeInks>();
        let text = window.global::<Theme>().get_text();
        let mut grounds = Vec::new();
        for outcome in all {
            let ground = inks.invoke_ground(outcome, true);
            let ink = inks.invoke_ink(outcome, true);
            assert!(contrast(ink, ground) >= 4.5, "{theme:?} {outcome:?}");
            assert!(contrast(text, ground) >= 4.5, "{theme:?} {outcome:?}");
            grounds.push(ground);
        }
        let of = |outcome: Outcome| grounds[all.iter().position(|one| *one == outcome).unwrap()];
        assert!(of(Outcome::Missed) != of(Outcome::Answered));
        assert!(of(Outcome::Busy) != of(Outcome::Answered));
        assert!(of(Outcome::Busy) != of(Outcome::Missed));
        assert!(of(Outcome::Cancelled) != of(Outcome::Answered));
    }
}

#[test]
fn s5_7_s5_13_a_value_with_a_look_shows_its_icon_until_it_is_switched_off() {
    let (window, _) = opened();
    let looks = window.global::<CallLooks>();
    let star = window.global::<Icons>().get_star();
    let shape = |window: &MainWindow| {
        support::settle();
        let row = labelled(
            window,
            "Answered, عبد الرحمن الفارسي, 22.11.2026 08:22, 3:12, Calls again on Monday",
        );
        support::shape(window, &row)
    };
    let before = shape(&window);
    let columns = window.global::<TableAdapter>().get_columns();
    let mut columns: Vec<TableColumn> = columns.iter().collect();
    for column in &mut columns {
        if column.column == Column::Direction {
            column.looks = "direction".into();
        }
    }
    window
        .global::<TableAdapter>()
        .set_columns(sample::model(columns));
    assert!(shape(&window) == before, "no look, no icon");
    looks.on_look(
        move |column, value, _, _, _| match (column.as_str(), value.as_str()) {
            ("direction", "incoming") => CategoryLook {
                text: Color::from_rgb_u8(0xff, 0xff, 0xff),
                fill: Color::from_rgb_u8(0x1d, 0x4e, 0xd8),
                icon: star.clone(),
            },
            _ => CategoryLook::default(),
        },
    );
    looks.set_revision(1);
    assert!(shape(&window) != before);
    looks.on_look(|_, _, _, _, _| CategoryLook::default());
    looks.set_revision(2);
    assert!(shape(&window) == before);
}

#[test]
fn s5_10_a_line_shows_where_a_column_that_is_dragged_would_land() {
    for rtl in [false, true] {
        let (window, asked) = opened();
        window.global::<Reading>().set_rtl(rtl);
        let adapter = window.global::<TableAdapter>();
        let (write, weak) = (asked.clone(), window.as_weak());
        adapter.on_drag(move |column, x| {
            write.borrow_mut().push(format!("drag {column:?} {x}"));
            weak.unwrap().global::<TableAdapter>().set_landing(286.0);
        });
        let write = asked.clone();
        adapter.on_drop(move |column, x| write.borrow_mut().push(format!("drop {column:?} {x}")));
        support::settle();
        let head = labelled(&window, "Status");
        let (at, size) = (head.absolute_position(), head.size());
        let place = |by: f32| slint::LogicalPosition {
            x: at.x + size.width / 2.0 + if rtl { -by } else { by },
            y: at.y + size.height / 2.0,
        };
        let event = |event| {
            window.window().dispatch_event(event);
            support::settle();
        };
        let button = PointerEventButton::Left;
        let before = window.window().take_snapshot().unwrap();
        event(WindowEvent::PointerPressed {
            position: place(0.0),
            button,
        });
        event(WindowEvent::PointerMoved {
            position: place(120.0),
        });
        assert_eq!(asked.take(), ["drag Status 215"]);
        // The line stands from the heads to the last row, and nothing else is as strong there.
        let picture = window.window().take_snapshot().unwrap();
        let edge = at.x + if rtl { size.width - 286.0 } else { 286.0 };
        let pixel = |x: f32, y: u32, of: &slint::SharedPixelBuffer<slint::Rgba8Pixel>| {
            of.as_slice()[(y * of.width() + x as u32) as usize]
        };
        let accent = window.global::<Theme>().get_accent().to_argb_u8();
        for y in [at.y as u32 + 4, 600, 880] {
            let drawn = pixel(edge, y, &picture);
            let wanted = (accent.red, accent.green, accent.blue);
            assert_eq!((drawn.r, drawn.g, drawn.b), wanted, "{rtl}, {y}");
            assert!(pixel(edge, y, &before) != drawn);
        }
        event(WindowEvent::PointerReleased {
            position: place(120.0),
            button,
        });
        assert_eq!(asked.take(), ["drop Status 215"]);
        assert_eq!(adapter.get_landing(), -1.0);
    }
}

#[test]
fn s5_10_a_view_that_cannot_be_kept_says_why_until_its_name_is_changed() {
    let (window, _) = opened();
    let adapter = window.global::<TableAdapter>();
    labelled(&window, "Keep this view").invoke_accessible_default_action();
    let weak = window.as_weak();
    adapter.on_keep_view(move || {
        let adapter = weak.unwrap();
        adapter
            .global::<TableAdapter>()
            .set_name_error("It is taken.".into());
    });
    support::settle();
    labelled(&window, "Keep this view").invoke_accessible_default_action();
    support::settle();
    labelled(&window, "It is taken.");
    support::press(&window, "x");
    let mut found = ElementHandle::find_by_accessible_label(&window, "It is taken.");
    assert!(found.next().is_none());
}

/// A hundred thousand calls of which none is read yet; counts what is asked for.
struct Unread(Cell<usize>);

impl Model for Unread {
    type Data = LogRow;

    fn row_count(&self) -> usize {
        100_000
    }

    fn row_data(&self, _: usize) -> Option<LogRow> {
        self.0.set(self.0.get() + 1);
        Some(LogRow::default())
    }

    fn model_tracker(&self) -> &dyn ModelTracker {
        &()
    }
}

#[test]
fn s5_6_of_a_hundred_thousand_calls_only_those_in_sight_are_asked_for() {
    let (window, _) = opened();
    for table in [true, false] {
        window.global::<TableAdapter>().set_open(table);
        let calls = window.global::<LogAdapter>();
        let unread = Rc::new(Unread(Cell::new(0)));
        calls.set_place(0.0);
        calls.set_rows(ModelRc::from(unread.clone()));
        support::settle();
        window.window().take_snapshot().unwrap();
        let first = unread.0.take();
        assert!(
            (10..1_000).contains(&first),
            "{first} at the top, table: {table}"
        );
        calls.set_place(-1_000_000.0);
        support::settle();
        window.window().take_snapshot().unwrap();
        let there = unread.0.take();
        assert!(
            (10..1_000).contains(&there),
            "{there} far down, table: {table}"
        );
    }
}
