//! Who can be reached: this phone, and the colleagues'.

use crate::support;

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use ringbook_ui::slint::platform::{Key, WindowEvent};
use ringbook_ui::slint::{ComponentHandle, SharedString};
use ringbook_ui::*;
use support::sample;

fn window((width, height): (f32, f32)) -> MainWindow {
    support::start();
    let window = MainWindow::new().unwrap();
    sample::fill(&window);
    support::show(&window, width, height);
    window
}

fn has(window: &MainWindow, label: &str) -> bool {
    ElementHandle::find_by_accessible_label(window, label)
        .next()
        .is_some()
}

fn asked(window: &MainWindow) -> Rc<RefCell<Vec<String>>> {
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let absence = window.global::<AbsenceAdapter>();
    let log = asked.clone();
    absence.on_set_do_not_disturb(move |on| log.borrow_mut().push(format!("dnd {on}")));
    let log = asked.clone();
    absence.on_set_forward(move |when, to| log.borrow_mut().push(format!("{when:?} {to}")));
    let log = asked.clone();
    let phone = window.global::<PhoneAdapter>();
    phone.on_dial(move |to, line| log.borrow_mut().push(format!("dial {to} {line}")));
    asked
}

#[test]
fn do_not_disturb_is_seen_on_every_page_and_switched_there() {
    let window = window((1080.0, 720.0));
    let asked = asked(&window);
    let switch = || support::control(&window, AccessibleRole::Switch, "Do not disturb");
    for page in [Page::Phone, Page::Clients, Page::Calls, Page::Recordings] {
        window.global::<WindowAdapter>().set_page(page);
        support::settle();
        assert_eq!(switch().accessible_checked(), Some(false), "{page:?}");
    }
    switch().invoke_accessible_default_action();
    window.global::<AbsenceAdapter>().set_do_not_disturb(true);
    support::settle();
    assert_eq!(switch().accessible_checked(), Some(true));
    switch().invoke_accessible_default_action();
    let press = |text: SharedString| {
        window
            .window()
            .dispatch_event(WindowEvent::KeyPressed { text });
    };
    press(Key::Control.into());
    press("d".into());
    assert_eq!(*asked.borrow(), ["dnd true", "dnd false", "dnd false"]);
}

#[test]
fn what_is_in_force_is_seen_in_a_compact_window_too_and_leads_to_its_settings() {
    let window = window((320.0, 640.0));
    assert!(!has(&window, "All calls go to 102"));
    window.global::<AbsenceAdapter>().set_always("102".into());
    support::settle();
    support::button(&window, "All calls go to 102").invoke_accessible_default_action();
    support::settle();
    assert_eq!(
        window.global::<SettingsAdapter>().get_part(),
        SettingsPart::Absence
    );
    assert_eq!(window.global::<WindowAdapter>().get_page(), Page::Settings);
    window.global::<AbsenceAdapter>().set_do_not_disturb(true);
    support::settle();
    assert!(has(&window, "Do not disturb"));
    assert!(!has(&window, "All calls go to 102"), "nobody is sent on");
}

#[test]
fn each_forwarding_has_its_field_and_says_what_is_wrong_with_it() {
    let window = window((1080.0, 900.0));
    let asked = asked(&window);
    window.global::<WindowAdapter>().set_page(Page::Settings);
    window
        .global::<SettingsAdapter>()
        .set_part(SettingsPart::Absence);
    let absence = window.global::<AbsenceAdapter>();
    absence.set_busy("103".into());
    absence.set_always_error("That is nothing that can be called.".into());
    support::settle();
    let field = |label: &str| support::control(&window, AccessibleRole::TextInput, label);
    assert_eq!(
        field("Who would hear busy, to").accessible_value().unwrap(),
        "103"
    );
    assert!(has(&window, "That is nothing that can be called."));
    field("Send every caller on to").set_accessible_value("102");
    support::settle();
    support::button(&window, "Forward").invoke_accessible_default_action();
    field("Who would hear busy, to").set_accessible_value("");
    support::settle();
    assert_eq!(*asked.borrow(), ["Always 102", "Busy "]);
    // What the phone says takes the place of what was typed.
    absence.set_always("102".into());
    absence.set_always("".into());
    absence.set_always("104".into());
    support::settle();
    let value = field("Send every caller on to").accessible_value();
    assert_eq!(value.unwrap(), "104");
}

#[test]
fn lamps_are_told_apart_by_word_and_shape_and_pressing_one_calls() {
    let window = window((1080.0, 1200.0));
    let asked = asked(&window);
    sample::put_colleagues(&window);
    support::settle();
    let lamp = |label: &str| support::control(&window, AccessibleRole::ListItem, label);
    let rows = [
        "102 Bek · Free",
        "103 Chen · Ringing",
        "104 Dana Akhmetova · In a call",
        "105 Wolfeschlegelsteinhausenbergerdorff · Not reachable",
        "106 · Nothing known yet",
    ];
    let shapes = rows.map(|row| {
        let row = lamp(row);
        // The icon alone, at the row's beginning.
        let width = row.size().width as usize;
        let shape = support::shape(&window, &row);
        shape
            .chunks(width)
            .flat_map(|line| line[..34].to_vec())
            .collect::<Vec<_>>()
    });
    for (at, shape) in shapes.iter().enumerate() {
        assert!(shape.contains(&true), "{}", rows[at]);
        assert!(!shapes[..at].contains(shape), "{}", rows[at]);
    }
    lamp(rows[0]).invoke_accessible_default_action();
    assert_eq!(*asked.borrow(), ["dial 102 1"]);
    assert!(has(&window, "101 · Alfa LLC · 3 new messages"));
    assert!(has(&window, "201 · Beta · No new messages"));
}

#[test]
fn nothing_of_colleagues_and_absence_leaves_the_window() {
    for width in [320.0, 1080.0] {
        for (scale, rtl) in [(1.0, false), (2.0, false), (2.0, true)] {
            let window = window((width, 2000.0));
            window.global::<Theme>().set_text_scale(scale);
            window.global::<Reading>().set_rtl(rtl);
            sample::put_colleagues(&window);
            sample::put_away(&window);
            for page in [Page::Phone, Page::Settings] {
                window.global::<WindowAdapter>().set_page(page);
                window
                    .global::<SettingsAdapter>()
                    .set_part(SettingsPart::Absence);
                support::settle();
                let name = format!("{page:?}, {width} px, text {scale}, rtl {rtl}");
                support::assert_within(&window, width, &name);
            }
        }
    }
}
