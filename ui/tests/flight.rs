//! The page of a call's flight.

use crate::support;

use std::cell::Cell;
use std::rc::Rc;

use i_slint_backend_testing::ElementHandle;
use ringbook_ui::slint::ComponentHandle;
use ringbook_ui::slint::platform::Key;
use ringbook_ui::*;
use support::{press, sample};

fn window((width, height): (f32, f32), scale: f32, rtl: bool) -> MainWindow {
    support::start();
    let window = MainWindow::new().unwrap();
    window.global::<Theme>().set_text_scale(scale);
    window.global::<Reading>().set_rtl(rtl);
    sample::fill(&window);
    sample::put_flight(&window);
    support::show(&window, width, height);
    window
}

fn has(window: &MainWindow, label: &str) -> bool {
    ElementHandle::find_by_accessible_label(window, label)
        .next()
        .is_some()
}

#[test]
fn the_page_tells_what_was_wrong_and_each_message_with_its_direction() {
    let window = window((1080.0, 1400.0), 1.0, false);
    for label in [
        "7.3 % of what the other side said was lost on the network.",
        "The network delivered the sound unevenly (jitter 48 ms).",
        "0.001 s, sent: 100 Trying (INVITE)",
        "192.101 s, received: BYE sip:101@192.0.2.17:41734",
        "65.020 s, held by the other side",
        "messages that are not kept: 7",
    ] {
        assert!(has(&window, label), "{label}");
    }
    window.global::<FlightAdapter>().set_part(1);
    support::settle();
    assert!(has(&window, "Score: 3.1"));
    assert!(has(
        &window,
        "3:08: Lost 9.8 % · Late 0.4 % · Jitter 48 ms · Round trip 86 ms · Score 2.7"
    ));
}

#[test]
fn the_calls_facts_tell_the_sentence_and_lead_to_the_page() {
    let window = window((1080.0, 900.0), 1.0, false);
    let flight = window.global::<FlightAdapter>();
    flight.set_open(false);
    support::settle();
    assert!(has(
        &window,
        "7.3 % of what the other side said was lost on the network."
    ));
    assert!(!has(&window, "192.102 s, sent: 200 OK (BYE)"));
    support::button(&window, "Messages and sound").invoke_accessible_default_action();
    support::settle();
    assert!(flight.get_open());
    assert!(has(&window, "192.102 s, sent: 200 OK (BYE)"));
}

#[test]
fn the_copy_for_the_provider_is_a_button_and_escape_leads_back() {
    let window = window((1080.0, 900.0), 1.0, false);
    let flight = window.global::<FlightAdapter>();
    let saved = Rc::new(Cell::new(0));
    let count = saved.clone();
    flight.on_save(move || count.set(count.get() + 1));
    support::button(&window, "Save for the provider").invoke_accessible_default_action();
    assert_eq!(saved.get(), 1);
    press(&window, Key::Escape);
    assert!(!flight.get_open());
}

#[test]
fn the_page_is_scrolled_by_keys() {
    let window = window((320.0, 480.0), 1.0, false);
    let first = "7.3 % of what the other side said was lost on the network.";
    let last = "192.102 s, sent: 200 OK (BYE)";
    let place = |label: &str| {
        let element = ElementHandle::find_by_accessible_label(&window, label).next();
        element.map(|element| element.absolute_position().y)
    };
    let before = place(first).unwrap();
    // What is scrolled out of sight is not found.
    assert_eq!(place(last), None);
    press(&window, Key::DownArrow);
    assert_eq!(place(first).unwrap(), before - 70.0);
    press(&window, Key::PageDown);
    assert_eq!(place(first), None);
    press(&window, Key::End);
    assert!(place(last).unwrap() < 480.0);
    press(&window, Key::Home);
    assert_eq!(place(first), Some(before));
}

#[test]
fn nothing_of_the_page_leaves_the_window_or_covers_its_neighbour() {
    for width in [320.0, 700.0, 1080.0] {
        for (scale, rtl) in [(1.0, false), (2.0, false), (1.0, true), (2.0, true)] {
            let window = window((width, 2400.0), scale, rtl);
            let name = format!("{width} px, text {scale}, rtl {rtl}");
            for part in [0, 1] {
                window.global::<FlightAdapter>().set_part(part);
                support::settle();
                support::assert_within(&window, width, &name);
            }
            window.global::<FlightAdapter>().set_part(0);
            support::settle();
            let mut steps: Vec<(f32, f32)> = support::told(&window)
                .into_iter()
                .filter(|(label, _)| label.contains(" s, "))
                .map(|(_, step)| (step.absolute_position().y, step.size().height))
                .collect();
            steps.sort_by(|a, b| a.0.total_cmp(&b.0));
            steps.dedup();
            assert_eq!(steps.len(), 9, "{name}");
            for pair in steps.windows(2) {
                assert!(pair[0].0 + pair[0].1 <= pair[1].0 + 0.5, "{name}: {pair:?}");
            }
        }
    }
}
