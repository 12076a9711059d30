//! Clients from a file: the page by keyboard and on a screen reader, in narrow and in large.

use crate::support;

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use ringbook_ui::slint::platform::Key;
use ringbook_ui::slint::{ComponentHandle, Model, select_bundled_translation};
use ringbook_ui::*;
use support::{book, press, sample};

fn window(width: f32, height: f32) -> MainWindow {
    support::start();
    let window = MainWindow::new().unwrap();
    select_bundled_translation("en").unwrap();
    sample::fill(&window);
    window.global::<WindowAdapter>().set_page(Page::Clients);
    support::show(&window, width, height);
    window
}

fn importing(width: f32, phase: ImportPhase) -> MainWindow {
    let window = window(width, 1600.0);
    book::put_import(&window, phase);
    support::settle();
    window
}

fn has(window: &MainWindow, label: &str) -> bool {
    let mut found = ElementHandle::find_by_accessible_label(window, label);
    found.next().is_some()
}

fn log(of: &Rc<RefCell<Vec<String>>>) -> impl Fn(String) + 'static {
    let of = of.clone();
    move |said| of.borrow_mut().push(said)
}

#[test]
fn a_new_office_begins_with_an_import_and_any_other_finds_it_in_the_lists_head() {
    for (is_empty, width) in [(true, 1080.0), (false, 1080.0), (false, 320.0)] {
        let window = window(width, 720.0);
        if is_empty {
            book::put_empty(&window);
            support::settle();
        }
        let begun = Rc::new(RefCell::new(0));
        let count = begun.clone();
        let import = window.global::<ImportAdapter>();
        import.on_begin(move || *count.borrow_mut() += 1);
        let labels = ["Import clients", "Import…"].into_iter();
        let buttons: Vec<ElementHandle> = labels
            .flat_map(|label| ElementHandle::find_by_accessible_label(&window, label))
            .filter(|element| element.accessible_role() == Some(AccessibleRole::Button))
            .collect();
        assert_eq!(buttons.len(), if is_empty { 2 } else { 1 });
        for button in &buttons {
            button.invoke_accessible_default_action();
        }
        assert_eq!(*begun.borrow(), buttons.len());
    }
}

#[test]
fn a_path_is_typed_and_read_by_the_keyboard_alone() {
    let window = window(1080.0, 720.0);
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let import = window.global::<ImportAdapter>();
    let say = log(&asked);
    import.on_read(move |path| say(format!("read {path}")));
    let say = log(&asked);
    import.on_closed(move || say("closed".into()));
    import.set_phase(ImportPhase::File);
    import.set_open(true);
    support::settle();
    let read = support::button(&window, "Read the file");
    assert_eq!(
        read.accessible_enabled(),
        Some(false),
        "nothing is named yet"
    );
    for letter in "~/a.csv".chars() {
        press(&window, letter.to_string());
    }
    press(&window, Key::Return);
    import.set_error("The file cannot be read: there is no such file".into());
    support::settle();
    let field = support::control(&window, AccessibleRole::TextInput, "File");
    let why = field.accessible_description().unwrap();
    assert!(why.contains("no such file"));
    press(&window, Key::Escape);
    assert!(!import.get_open());
    assert_eq!(*asked.borrow(), ["read ~/a.csv", "closed"]);
}

#[test]
fn what_a_column_holds_is_said_a_guess_is_called_one_and_can_be_changed() {
    let window = importing(1080.0, ImportPhase::Ready);
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let import = window.global::<ImportAdapter>();
    let say = log(&asked);
    import.on_take_column(move |column, option| say(format!("column {column} {option}")));
    let say = log(&asked);
    import.on_take_charset(move |index| say(format!("charset {index}")));
    let say = log(&asked);
    import.on_start(move || say("start".into()));
    let choice = |label: &str| support::control(&window, AccessibleRole::Combobox, label);
    let phone = choice("“Телефон” holds (a guess)");
    assert_eq!(phone.accessible_value().unwrap(), "Phone");
    choice("“Договор” holds");
    // From the path past the button that chooses one to the charset, and on to the second column.
    press(&window, Key::Tab);
    press(&window, Key::Tab);
    press(&window, Key::DownArrow);
    press(&window, Key::Tab);
    press(&window, Key::Tab);
    press(&window, Key::Tab);
    press(&window, Key::DownArrow);
    assert_eq!(import.get_columns().row_data(1).unwrap().current, 1);
    support::button(&window, "Import").invoke_accessible_default_action();
    assert_eq!(*asked.borrow(), ["charset 1", "column 1 1", "start"]);
    for said in [
        "An import would make: 1204 new clients, 1 changed, 0 unchanged, 13 left out.",
        "Line 4: Телефон: нет",
        "and 12 more",
        "Иван Петров",
    ] {
        assert!(has(&window, said), "{said}");
    }
}

#[test]
fn nothing_is_imported_from_a_file_that_names_nobody_or_was_not_read() {
    let window = importing(1080.0, ImportPhase::Ready);
    let import = window.global::<ImportAdapter>();
    let enabled = || support::button(&window, "Import").accessible_enabled();
    assert_eq!(enabled(), Some(true));
    import.set_obstacle("Nothing in this file says who the clients are.".into());
    support::settle();
    assert_eq!(enabled(), Some(false));
    import.set_obstacle("".into());
    import.set_country_error("A country is two letters.".into());
    support::settle();
    assert_eq!(enabled(), Some(false));
    import.set_country_error("".into());
    import.set_path("~/other.csv".into());
    support::settle();
    support::button(&window, "Read the file");
}

#[test]
fn an_import_that_runs_is_stopped_or_left_alone_and_tells_at_its_end_what_came_of_it() {
    let window = importing(1080.0, ImportPhase::Running);
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let import = window.global::<ImportAdapter>();
    let say = log(&asked);
    import.on_stop(move || say("stop".into()));
    let say = log(&asked);
    import.on_open_left_out(move || say("open".into()));
    let say = log(&asked);
    import.on_again(move || say("again".into()));
    let meter = support::control(&window, AccessibleRole::ProgressIndicator, "How much is in");
    assert_eq!(meter.accessible_value().unwrap(), "60");
    support::button(&window, "Stop").invoke_accessible_default_action();
    import.set_stopping(true);
    support::settle();
    let stop = support::button(&window, "Stop");
    assert_eq!(stop.accessible_enabled(), Some(false));

    book::put_import(&window, ImportPhase::Done);
    support::settle();
    support::button(&window, "Open that file").invoke_accessible_default_action();
    support::button(&window, "Another file").invoke_accessible_default_action();
    press(&window, Key::Return);
    assert!(
        !import.get_open(),
        "the keyboard is on what shows the clients"
    );
    assert_eq!(*asked.borrow(), ["stop", "open", "again"]);
}

#[test]
fn nothing_of_an_import_leaves_the_window() {
    for (code, rtl) in [("en", false), ("ru", false), ("hu", false), ("ar", true)] {
        for (width, scale) in [(320.0, 1.0), (320.0, 2.0), (1080.0, 1.0), (1080.0, 2.0)] {
            let window = window(width, 900.0);
            select_bundled_translation(code).unwrap();
            window.global::<Reading>().set_rtl(rtl);
            window.global::<Theme>().set_text_scale(scale);
            for phase in [
                ImportPhase::File,
                ImportPhase::Ready,
                ImportPhase::Running,
                ImportPhase::Done,
            ] {
                book::put_import(&window, phase);
                support::settle();
                let what = format!("{phase:?} in {code} at {width} and {scale}");
                support::assert_within(&window, width, &what);
            }
            window.global::<ImportAdapter>().set_open(false);
            book::put_empty(&window);
            support::settle();
            support::assert_within(
                &window,
                width,
                &format!("an empty book in {code} at {scale}"),
            );
        }
    }
    select_bundled_translation("en").unwrap();
}

/// Pictures for the eye, in `target/screenshots`.
#[test]
fn pictures_of_an_import() {
    for (code, rtl) in [("en", false), ("ru", false), ("ar", true)] {
        for (theme, suffix) in [(ThemeChoice::Light, ""), (ThemeChoice::Dark, "-dark")] {
            let window = window(1080.0, 900.0);
            select_bundled_translation(code).unwrap();
            window.global::<Reading>().set_rtl(rtl);
            window.global::<Theme>().invoke_choose(theme);
            book::put_import(&window, ImportPhase::Ready);
            support::picture(&window, &format!("import-{code}{suffix}"), 1080.0, 1300.0);
            for (phase, name) in [
                (ImportPhase::File, "file"),
                (ImportPhase::Running, "running"),
                (ImportPhase::Done, "done"),
            ] {
                book::put_import(&window, phase);
                let name = format!("import-{name}-{code}{suffix}");
                support::picture(&window, &name, 1080.0, 720.0);
            }
            book::put_import(&window, ImportPhase::Ready);
            support::picture(
                &window,
                &format!("import-compact-{code}{suffix}"),
                320.0,
                1800.0,
            );
            window.global::<Theme>().set_text_scale(2.0);
            support::picture(
                &window,
                &format!("import-large-{code}{suffix}"),
                320.0,
                3000.0,
            );
            book::put_import(&window, ImportPhase::Done);
            support::picture(
                &window,
                &format!("import-large-done-{code}{suffix}"),
                320.0,
                1600.0,
            );
            window.global::<Theme>().set_text_scale(1.0);
            window.global::<ImportAdapter>().set_open(false);
            book::put_empty(&window);
            support::picture(
                &window,
                &format!("no-clients-{code}{suffix}"),
                1080.0,
                720.0,
            );
            support::picture(
                &window,
                &format!("no-clients-compact-{code}{suffix}"),
                320.0,
                640.0,
            );
        }
    }
    select_bundled_translation("en").unwrap();
}
