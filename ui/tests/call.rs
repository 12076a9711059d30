//! What the main window says of a call that is up.

use crate::support;

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::ElementHandle;
use ringbook_ui::slint::{ComponentHandle, LogicalSize};
use ringbook_ui::*;
use support::sample;

/// A main window of this width with this call up.
fn window(call: CallItem, width: f32) -> MainWindow {
    support::start();
    let window = MainWindow::new().unwrap();
    sample::fill(&window);
    sample::put_up(&window, call, sample::vip());
    window.window().set_size(LogicalSize::new(width, 1600.0));
    window.show().unwrap();
    support::settle();
    window
}

/// The elements with this label, from the top.
fn labelled(window: &MainWindow, label: &str) -> Vec<ElementHandle> {
    let mut found: Vec<_> = ElementHandle::find_by_accessible_label(window, label).collect();
    found.sort_by(|a, b| a.absolute_position().y.total_cmp(&b.absolute_position().y));
    found
}

#[test]
fn whether_others_can_listen_in_is_told_in_words_and_by_the_locks_shape() {
    for width in [320.0, 1080.0] {
        let mut shapes = Vec::new();
        for (privacy, sentence) in [
            (
                Privacy::Open,
                "Not encrypted: whoever is on the way can listen in.",
            ),
            (
                Privacy::KeysInClear,
                "Encrypted, but the keys travelled readable: whoever sees the signalling can listen in.",
            ),
            (
                Privacy::Encrypted,
                "Encrypted: nobody on the way to the server can listen in.",
            ),
        ] {
            let call = CallItem {
                privacy,
                ..sample::call()
            };
            let window = window(call, width);
            let told = labelled(&window, sentence);
            // In the call bar, and beside the sound.
            assert!(told.len() >= 2, "{privacy:?} at {width}: {}", told.len());
            let bar = told[0].absolute_position();
            assert!(bar.y < 120.0 && bar.x >= 0.0 && bar.x < width, "{bar:?}");
            shapes.push(support::shape(&window, &told[0]));
        }
        assert!(shapes[0] != shapes[1] && shapes[1] != shapes[2] && shapes[0] != shapes[2]);
    }
}

#[test]
fn who_sent_a_call_on_is_on_the_card_and_in_the_rows() {
    let call = CallItem {
        diverted_by: "104".into(),
        ..sample::call()
    };
    let window = window(call, 1080.0);
    let card = CardData {
        diverted_by: "104".into(),
        ..sample::vip()
    };
    window.global::<PhoneAdapter>().set_card(card);
    support::settle();
    assert!(!labelled(&window, "Sent on by 104").is_empty());
    assert!(!labelled(&window, "Ivan Petrov · Talking · Sent on by 104").is_empty());
    window.global::<WindowAdapter>().set_page(Page::Calls);
    support::settle();
    let row = "Ivan Petrov, Answered, 17:55, Sent on by 104";
    assert!(!labelled(&window, row).is_empty());
}

#[test]
fn s5_22_a_call_that_lasts_too_long_is_marked_in_the_bar_and_in_the_log() {
    for (too_long, row) in [
        (false, "Ivan Petrov, Answered, 17:55, Sent on by 104"),
        (true, "Bek, warehouse, Answered, 08:14, Too long"),
    ] {
        let call = CallItem {
            too_long,
            ..sample::call()
        };
        let window = window(call, 1080.0);
        assert_eq!(labelled(&window, "Too long").len(), usize::from(too_long));
        window.global::<WindowAdapter>().set_page(Page::Calls);
        support::settle();
        assert!(!labelled(&window, row).is_empty(), "{row}");
    }
}

#[test]
fn s5_11_the_head_of_a_group_says_what_is_in_it_and_is_pressed_to_close_it() {
    let window = window(sample::call(), 1080.0);
    window.global::<WindowAdapter>().set_page(Page::Calls);
    let toggled = Rc::new(RefCell::new(Vec::new()));
    let log = toggled.clone();
    let adapter = window.global::<LogAdapter>();
    adapter.on_toggle_group(move |group| log.borrow_mut().push(group));
    support::settle();
    let head = labelled(&window, "Yesterday, 5 calls · 12:04");
    assert_eq!(head[0].accessible_expanded(), Some(true));
    head[0].invoke_accessible_default_action();
    assert_eq!(*toggled.borrow(), ["Yesterday"]);

    // A closed group is its head alone.
    let mut closed = sample::log()[0].clone();
    (closed.id, closed.group_open) = ("".into(), false);
    adapter.set_rows(slint::ModelRc::new(slint::VecModel::from(vec![closed])));
    support::settle();
    let head = labelled(&window, "Today, 5 calls · 12:04");
    assert_eq!(head[0].accessible_expanded(), Some(false));
    assert!(labelled(&window, "Ivan Petrov, In progress, 09:05").is_empty());
}

#[test]
fn before_there_is_sound_no_lock_is_shown() {
    let call = CallItem {
        privacy: Privacy::Unknown,
        ..sample::call()
    };
    let window = window(call, 1080.0);
    for privacy in [Privacy::Open, Privacy::KeysInClear, Privacy::Encrypted] {
        let sentence = window.global::<Words>().invoke_privacy_sentence(privacy);
        assert!(labelled(&window, &sentence).is_empty(), "{privacy:?}");
    }
}

#[test]
fn ten_calls_at_once_leave_room_for_the_pages_and_the_keypad() {
    let window = window(sample::call(), 1080.0);
    let waiting = (1..10).map(|number| CallItem {
        id: format!("w{number}").into(),
        title: format!("Caller {number}").into(),
        selected: false,
        ..sample::ringing()
    });
    let calls: Vec<_> = std::iter::once(sample::call()).chain(waiting).collect();
    window
        .global::<PhoneAdapter>()
        .set_calls(slint::ModelRc::new(slint::VecModel::from(calls)));
    window.window().set_size(LogicalSize::new(1080.0, 720.0));
    support::settle();
    let search = labelled(&window, "Search")[0].absolute_position().y;
    assert!(search < 240.0, "the pages begin at {search}");
    let call = labelled(&window, "Call").pop().unwrap();
    let end = call.absolute_position().y + call.size().height;
    assert!(end < 720.0, "the keypad ends at {end}");
    support::picture(&window, "call-ten", 1080.0, 720.0);
}

#[test]
fn two_conversations_are_joined_connected_and_parted_from_the_list_and_the_bar() {
    let window = window(sample::call(), 1080.0);
    let held = CallItem {
        id: "c2".into(),
        phase: CallPhase::Held,
        title: "Bek".into(),
        selected: false,
        ..sample::call()
    };
    let phone = window.global::<PhoneAdapter>();
    let both = [sample::call(), held];
    phone.set_calls(slint::ModelRc::new(slint::VecModel::from(both.to_vec())));
    let asked = Rc::new(RefCell::new(Vec::new()));
    let note = asked.clone();
    phone.on_join(move |call, other| note.borrow_mut().push(format!("join {call} {other}")));
    let note = asked.clone();
    phone.on_connect(move |call, other| note.borrow_mut().push(format!("connect {call} {other}")));
    let note = asked.clone();
    phone.on_split(move |call| note.borrow_mut().push(format!("split {call}")));
    support::settle();
    let press = |label: &str| support::button(&window, label).invoke_accessible_default_action();
    press("Talk with Ivan Petrov and Bek together");
    press("Connect Ivan Petrov with Bek and leave");

    let joined = both.map(|call| CallItem {
        conference: true,
        state: "In a conference".into(),
        ..call
    });
    phone.set_call(joined[0].clone());
    phone.set_calls(slint::ModelRc::new(slint::VecModel::from(joined.to_vec())));
    support::settle();
    assert!(labelled(&window, "Talk with Ivan Petrov and Bek together").is_empty());
    press("End the conference; go on with Ivan Petrov");
    assert_eq!(*asked.borrow(), ["join c1 c2", "connect c1 c2", "split c1"]);
    support::picture(&window, "call-conference", 1080.0, 720.0);
}

#[test]
fn how_the_other_side_hears_us_stands_below_how_we_hear_it() {
    let window = window(sample::call(), 1080.0);
    let score = |label: &str| labelled(&window, label).pop();
    let here = score("very good").unwrap().absolute_position().y;
    let there = score("At the other side: good").unwrap();
    assert!(there.absolute_position().y > here);
    window.global::<PhoneAdapter>().set_call(CallItem {
        quality_there: 0,
        ..sample::call()
    });
    support::settle();
    assert!(score("At the other side: good").is_none());
}
