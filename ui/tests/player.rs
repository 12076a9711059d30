//! Listening to a recording in the window: by button, keyboard, pointer and screen reader.

use crate::support;

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use ringbook_ui::slint::platform::{Key, PointerEventButton, WindowEvent};
use ringbook_ui::slint::{ComponentHandle, LogicalPosition};
use ringbook_ui::*;
use support::{button, control, press, sample};

const SLIDER: &str = "Place in the recording";

/// A window with this page, and what its player has asked for.
fn opened(page: Page, rtl: bool) -> (MainWindow, Rc<RefCell<Vec<String>>>) {
    support::start();
    let window = MainWindow::new().unwrap();
    window.global::<Reading>().set_rtl(rtl);
    sample::fill(&window);
    window
        .global::<RecordingsAdapter>()
        .set_selected("r3".into());
    window.global::<LogAdapter>().set_selected("4".into());
    window.global::<WindowAdapter>().set_page(page);
    support::show(&window, 1280.0, 900.0);
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let player = window.global::<PlayerAdapter>();
    let write = asked.clone();
    player.on_toggle(move |id| write.borrow_mut().push(format!("recording {id}")));
    let write = asked.clone();
    player.on_toggle_call(move |id| write.borrow_mut().push(format!("call {id}")));
    let write = asked.clone();
    player.on_seek(move |to| write.borrow_mut().push(format!("seek {to}")));
    let (write, weak) = (asked.clone(), window.as_weak());
    player.on_speed_chosen(move || {
        let speed = weak.unwrap().global::<PlayerAdapter>().get_speed();
        write.borrow_mut().push(format!("speed {speed}"));
    });
    let write = asked.clone();
    player.on_left(move || write.borrow_mut().push("left".to_owned()));
    (window, asked)
}

/// The recording is being heard, twelve seconds of 3:40 of it.
fn play(window: &MainWindow) {
    let player = window.global::<PlayerAdapter>();
    player.set_recording("r3".into());
    player.set_call("4".into());
    player.set_playing(true);
    player.set_length(220.0);
    player.set_position(12.0);
    player.set_place("0:12 / 3:40".into());
    support::settle();
}

fn slider(window: &MainWindow) -> ElementHandle {
    control(window, AccessibleRole::Slider, SLIDER)
}

/// Walks by keyboard until the slider has the focus, and leaves it a step further on.
fn walk_to_the_slider(window: &MainWindow, asked: &RefCell<Vec<String>>, ahead: Key) {
    for _ in 0..80 {
        press(window, Key::Tab);
        press(window, ahead);
        let stepped = asked.borrow().iter().any(|what| what.starts_with("seek"));
        if stepped {
            return;
        }
    }
    panic!("the slider takes no key");
}

#[test]
fn s5_30_a_recording_is_played_and_rests_by_its_button() {
    for (page, expected) in [(Page::Recordings, "recording r3"), (Page::Calls, "call 4")] {
        let (window, asked) = opened(page, false);
        // Before it is played nothing can be sought in it.
        assert_eq!(slider(&window).accessible_enabled(), Some(false));
        button(&window, "Play").invoke_accessible_default_action();
        assert_eq!(asked.take(), [expected]);
        play(&window);
        assert_eq!(slider(&window).accessible_enabled(), Some(true));
        button(&window, "Pause").invoke_accessible_default_action();
        assert_eq!(asked.take(), [expected]);
    }
}

#[test]
fn s5_30_the_place_is_told_and_moved_by_keys_whichever_way_people_read() {
    for (rtl, ahead, back) in [
        (false, Key::RightArrow, Key::LeftArrow),
        (true, Key::LeftArrow, Key::RightArrow),
    ] {
        let (window, asked) = opened(Page::Recordings, rtl);
        play(&window);
        let told = slider(&window);
        assert_eq!(told.accessible_value().as_deref(), Some("12"));
        assert_eq!(
            told.accessible_description().as_deref(),
            Some("0:12 / 3:40")
        );
        assert_eq!(told.accessible_value_maximum(), Some(220.0));
        walk_to_the_slider(&window, &asked, ahead);
        assert_eq!(asked.take(), ["seek 17"]);
        for (key, expected) in [
            (back, "seek 7"),
            (Key::UpArrow, "seek 17"),
            (Key::DownArrow, "seek 7"),
            (Key::Home, "seek 0"),
            (Key::End, "seek 220"),
        ] {
            press(&window, key);
            assert_eq!(asked.take(), [expected], "read from the right: {rtl}");
        }
        window.global::<PlayerAdapter>().set_position(2.0);
        press(&window, back);
        assert_eq!(asked.take(), ["seek 0"]);
        told.invoke_accessible_increment_action();
        assert_eq!(asked.take(), ["seek 7"]);
        press(&window, Key::Tab);
        press(&window, Key::DownArrow);
        assert_eq!(asked.take(), ["speed 2"]);
    }
}

#[test]
fn s5_30_the_place_is_pulled_by_pointer_and_taken_when_it_is_let_go() {
    for (rtl, expected) in [(false, 166.0), (true, 54.0)] {
        let (window, asked) = opened(Page::Recordings, rtl);
        play(&window);
        let (at, size) = (slider(&window).absolute_position(), slider(&window).size());
        let place = |share: f32| LogicalPosition {
            x: at.x + size.width * share,
            y: at.y + size.height / 2.0,
        };
        let event = |event| {
            window.window().dispatch_event(event);
            support::settle();
        };
        let left = PointerEventButton::Left;
        event(WindowEvent::PointerPressed {
            position: place(0.5),
            button: left,
        });
        event(WindowEvent::PointerMoved {
            position: place(0.75),
        });
        assert!(asked.borrow().is_empty(), "pulled, not let go");
        event(WindowEvent::PointerReleased {
            position: place(0.75),
            button: left,
        });
        let asked = asked.take();
        let [seek] = asked.as_slice() else {
            panic!("{asked:?}")
        };
        let to: f32 = seek.strip_prefix("seek ").unwrap().parse().unwrap();
        assert!(
            (to - expected).abs() < 8.0,
            "{to}, read from the right: {rtl}"
        );
    }
}

#[test]
fn s5_30_what_went_out_of_sight_rests_and_another_call_has_a_player_of_its_own() {
    let (window, asked) = opened(Page::Calls, false);
    play(&window);
    let calls = window.global::<LogAdapter>();
    calls.set_call(sample::log()[4].clone());
    calls.set_selected("5".into());
    support::settle();
    assert_eq!(asked.take(), ["left"]);
    button(&window, "Play").invoke_accessible_default_action();
    assert_eq!(asked.take(), ["call 5"]);
    assert_eq!(slider(&window).accessible_enabled(), Some(false));
    calls.set_call(sample::log()[1].clone());
    calls.set_selected("2".into());
    support::settle();
    assert_eq!(asked.take(), ["left"]);
    // Nothing was recorded.
    let mut sliders = ElementHandle::find_by_accessible_label(&window, SLIDER);
    assert!(sliders.next().is_none());
    window.global::<WindowAdapter>().set_page(Page::Phone);
    support::settle();
    assert_eq!(asked.take(), ["left"]);
}
