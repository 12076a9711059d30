//! The settings of a line.

use crate::support;

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use ringbook_ui::slint::{ComponentHandle, LogicalSize, SharedString};
use ringbook_ui::*;
use support::sample;

fn window((width, height): (f32, f32)) -> MainWindow {
    support::start();
    let window = MainWindow::new().unwrap();
    sample::fill(&window);
    window.global::<WindowAdapter>().set_page(Page::Settings);
    sample::put_line(&window);
    window.window().set_size(LogicalSize::new(width, height));
    window.show().unwrap();
    support::settle();
    window
}

fn has(window: &MainWindow, label: &str) -> bool {
    ElementHandle::find_by_accessible_label(window, label)
        .next()
        .is_some()
}

fn field(window: &MainWindow, label: &str) -> ElementHandle {
    support::control(window, AccessibleRole::TextInput, label)
}

#[test]
fn a_lines_protection_dial_rules_and_lamps_are_typed_into_the_form() {
    let window = window((1080.0, 2400.0));
    for (label, text) in [
        ("File of trusted authorities", "/tmp/other.pem"),
        ("Put before outside numbers", "9"),
        ("Taken from their beginning", "+"),
        ("Emergency numbers", "112"),
        ("Whose telephones to watch", "105"),
        ("Company", "Beta"),
    ] {
        field(&window, label).set_accessible_value(text);
    }
    for switch in ["Withhold the number", "Watch the mailbox"] {
        support::control(&window, AccessibleRole::Switch, switch)
            .invoke_accessible_default_action();
    }
    let form = window.global::<SettingsAdapter>().get_account();
    let typed = [
        form.ca_file,
        form.prefix,
        form.strip,
        form.emergency,
        form.lamps,
        form.company,
    ];
    assert_eq!(typed, ["/tmp/other.pem", "9", "+", "112", "105", "Beta"]);
    assert!(form.anonymous && !form.voicemail);
    for (choice, value) in [
        ("Transport", "TLS"),
        ("Encryption of calls", "Always, or no call"),
    ] {
        let choice = support::control(&window, AccessibleRole::Combobox, choice);
        assert_eq!(choice.accessible_value().unwrap(), value);
    }
}

#[test]
fn what_is_wrong_with_a_field_stands_below_it() {
    let window = window((1080.0, 2400.0));
    for (label, fault) in [
        (
            "File of trusted authorities",
            "/etc/ringbook/office.pem holds no certificate in PEM. Choose a file that begins with -----BEGIN CERTIFICATE-----, or leave this empty.",
        ),
        (
            "Put before outside numbers",
            "“nine” cannot be dialled; allowed: at most 16 of 0-9 + * #",
        ),
    ] {
        let field = field(&window, label);
        assert_eq!(field.accessible_description().unwrap(), fault);
        let told = ElementHandle::find_by_accessible_label(&window, fault);
        let told = told.last().unwrap().absolute_position().y;
        let below = field.absolute_position().y + field.size().height;
        assert!((below..below + 16.0).contains(&told), "{label}: {told}");
    }
}

#[test]
fn codecs_are_switched_and_moved_and_hidden_where_the_line_has_none_of_its_own() {
    let window = window((1080.0, 2400.0));
    let settings = window.global::<SettingsAdapter>();
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = asked.clone();
    settings.on_set_codec(move |index, on| log.borrow_mut().push(format!("{index} {on}")));
    let log = asked.clone();
    settings.on_move_codec(move |from, to| log.borrow_mut().push(format!("{from} to {to}")));
    let press = |role, label: &str| {
        support::control(&window, role, label).invoke_accessible_default_action();
    };
    press(AccessibleRole::Switch, "G.711 µ-law");
    press(AccessibleRole::Button, "Prefer G.722");
    press(AccessibleRole::Button, "Put Opus behind");
    press(AccessibleRole::Button, "Prefer Opus");
    assert_eq!(*asked.borrow(), ["3 true", "1 to 0", "0 to 1"]);
    let form = AccountForm {
        own_codecs: false,
        ..settings.get_account()
    };
    settings.set_account(form);
    support::settle();
    assert!(!has(&window, "Prefer G.722"));
}

#[test]
fn another_line_takes_the_place_of_what_was_typed_for_the_one_before() {
    let window = window((1080.0, 2400.0));
    let settings = window.global::<SettingsAdapter>();
    field(&window, "Company").set_accessible_value("Typed");
    settings.set_account(AccountForm {
        company: "Beta".into(),
        ..settings.get_account()
    });
    support::settle();
    assert_eq!(
        field(&window, "Company").accessible_value().unwrap(),
        "Beta"
    );
}

#[test]
fn nothing_of_a_lines_settings_leaves_the_window() {
    for width in [320.0, 1080.0] {
        for (scale, rtl) in [(1.0, false), (2.0, false), (2.0, true)] {
            let window = window((width, 4000.0));
            window.global::<Theme>().set_text_scale(scale);
            window.global::<Reading>().set_rtl(rtl);
            support::settle();
            support::assert_within(&window, width, &format!("{width} px, {scale}, {rtl}"));
        }
    }
}

/// The settings' page at the caller card, with these blocks in the layout *Sales*.
fn layouts(size: (f32, f32)) -> (MainWindow, Rc<RefCell<Vec<String>>>) {
    let window = window(size);
    let settings = window.global::<SettingsAdapter>();
    settings.set_part(SettingsPart::Card);
    sample::put_layouts(&window);
    support::settle();
    let layouts = window.global::<LayoutAdapter>();
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = asked.clone();
    layouts.on_set_block(move |index, on| log.borrow_mut().push(format!("{index} {on}")));
    let log = asked.clone();
    layouts.on_move_block(move |from, to| log.borrow_mut().push(format!("{from} to {to}")));
    let log = asked.clone();
    layouts.on_rename(move |name| log.borrow_mut().push(format!("name {name}")));
    let log = asked.clone();
    layouts.on_add(move || log.borrow_mut().push("add".into()));
    let log = asked.clone();
    layouts.on_remove(move || log.borrow_mut().push("remove".into()));
    (window, asked)
}

#[test]
fn s2_21_blocks_of_the_card_are_chosen_and_ordered_and_layouts_kept() {
    let (window, asked) = layouts((1080.0, 1200.0));
    let press = |role, label: &str| {
        support::control(&window, role, label).invoke_accessible_default_action();
    };
    press(AccessibleRole::Switch, "Photo");
    press(AccessibleRole::Button, "Move Note up");
    press(AccessibleRole::Button, "Move Photo down");

    press(AccessibleRole::Button, "Add layout");
    field(&window, "Name of the layout").set_accessible_value("Shop");
    press(AccessibleRole::Button, "Rename");
    press(AccessibleRole::Button, "Delete this layout");
    let expected = ["0 false", "1 to 0", "0 to 1", "add", "name Shop", "remove"];
    assert_eq!(*asked.borrow(), expected);
    // Beside it stands a call as it will be.
    assert!(has(&window, "Contract: 2026/17"));

    // The standard layout stays, under its name.
    window.global::<LayoutAdapter>().set_current(0);
    support::settle();
    assert!(!has(&window, "Delete this layout"));
}

#[test]
fn s2_21_a_block_is_moved_by_keyboard_and_by_dragging_its_grip() {
    use ringbook_ui::slint::LogicalPosition;
    use ringbook_ui::slint::platform::{Key, PointerEventButton, WindowEvent};

    let (window, asked) = layouts((1080.0, 1200.0));
    let event = |event| window.window().dispatch_event(event);
    let switch = |label: &str| {
        let switch = support::control(&window, AccessibleRole::Switch, label);
        (switch.absolute_position(), switch.size())
    };
    // The grip stands before the switch.
    let (note, size) = switch("Note");
    let at = LogicalPosition::new(note.x - 14.0, note.y + size.height / 2.0);
    let below = LogicalPosition::new(at.x, at.y + size.height + 8.0);
    let button = PointerEventButton::Left;
    event(WindowEvent::PointerMoved { position: at });
    event(WindowEvent::PointerPressed {
        position: at,
        button,
    });
    event(WindowEvent::PointerMoved { position: below });
    event(WindowEvent::PointerMoved { position: at });
    event(WindowEvent::PointerReleased {
        position: at,
        button,
    });
    support::settle();
    assert_eq!(*asked.borrow(), ["1 to 2", "2 to 1"]);

    asked.borrow_mut().clear();
    let key = |text: SharedString| {
        event(WindowEvent::KeyPressed { text: text.clone() });
        event(WindowEvent::KeyReleased { text });
        support::settle();
    };
    // Tab leads to the first block.
    for _ in 0..40 {
        if asked.borrow().is_empty() {
            key(Key::Tab.into());
            event(WindowEvent::KeyPressed {
                text: Key::Alt.into(),
            });
            key(Key::DownArrow.into());
            event(WindowEvent::KeyReleased {
                text: Key::Alt.into(),
            });
        }
    }
    assert_eq!(*asked.borrow(), ["0 to 1"]);
    // The keyboard has gone along.
    event(WindowEvent::KeyPressed {
        text: Key::Alt.into(),
    });
    key(Key::DownArrow.into());
    key(Key::UpArrow.into());
    event(WindowEvent::KeyReleased {
        text: Key::Alt.into(),
    });
    assert_eq!(*asked.borrow(), ["0 to 1", "1 to 2", "2 to 1"]);
}

#[test]
fn nothing_of_the_cards_editor_leaves_the_window() {
    for (width, scale, rtl) in [
        (320.0, 1.0, false),
        (320.0, 1.0, true),
        (320.0, 2.0, false),
        (320.0, 2.0, true),
        (1080.0, 2.0, false),
        (1080.0, 2.0, true),
    ] {
        let (window, _) = layouts((width, 4000.0));
        window.global::<Theme>().set_text_scale(scale);
        window.global::<Reading>().set_rtl(rtl);
        support::settle();
        support::assert_within(&window, width, &format!("{width} px, {scale}, {rtl}"));
    }
}

#[test]
fn s1_9_each_kind_of_news_is_switched_by_itself_and_the_sound_goes_with_the_desktop() {
    let window = window((1080.0, 1200.0));
    window
        .global::<SettingsAdapter>()
        .set_part(SettingsPart::Notifications);
    window.global::<TasksAdapter>().set_present(true);
    let adapter = window.global::<NotificationsAdapter>();
    adapter.set_tasks(ToldIn {
        window: true,
        desktop: true,
        sound: true,
    });
    let chosen: Rc<RefCell<Vec<ToldIn>>> = Rc::default();
    let log = chosen.clone();
    adapter.on_set_tasks(move |ways| log.borrow_mut().push(ways));
    support::settle();
    let tasks = |way: &str| format!("Lost and overdue calls: {way}");
    for way in [
        "In the window",
        "By the desktop",
        "With the desktop's sound",
    ] {
        let switch = support::control(&window, AccessibleRole::Switch, &tasks(way));
        switch.invoke_accessible_default_action();
    }
    let ways = |window, desktop, sound| ToldIn {
        window,
        desktop,
        sound,
    };
    let expected = [
        ways(false, true, true),
        ways(true, false, true),
        ways(true, true, false),
    ];
    assert_eq!(*chosen.borrow(), expected);
    assert!(!has(&window, "What fails: With the desktop's sound"));
}
