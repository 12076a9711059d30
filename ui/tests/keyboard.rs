//! The main window by keyboard alone.

use crate::support;

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use ringbook_ui::slint::platform::{Key, PointerEventButton, WindowEvent};
use ringbook_ui::slint::{ComponentHandle, LogicalPosition, SharedString};
use ringbook_ui::*;
use support::{press, sample, tasks};

/// A main window and what was asked of the phone.
fn window() -> (MainWindow, Rc<RefCell<Vec<String>>>) {
    support::start();
    let window = MainWindow::new().unwrap();
    sample::fill(&window);
    support::show(&window, 1080.0, 720.0);
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let phone = window.global::<PhoneAdapter>();
    let log = asked.clone();
    phone.on_answer(move |call| log.borrow_mut().push(format!("answer {call}")));
    let log = asked.clone();
    phone.on_reject(move |call| log.borrow_mut().push(format!("reject {call}")));
    let log = asked.clone();
    phone.on_hang_up(move |call| log.borrow_mut().push(format!("hang up {call}")));
    let log = asked.clone();
    phone.on_hold(move |call, on| log.borrow_mut().push(format!("hold {call} {on}")));
    let log = asked.clone();
    phone.on_mute(move |call, on| log.borrow_mut().push(format!("mute {call} {on}")));
    let log = asked.clone();
    phone.on_record(move |call, phase| log.borrow_mut().push(format!("record {call} {phase:?}")));
    let log = asked.clone();
    phone.on_dial(move |target, line| log.borrow_mut().push(format!("dial {target} {line}")));
    let log = asked.clone();
    phone.on_digit(move |call, digit| log.borrow_mut().push(format!("digit {call} {digit}")));
    (window, asked)
}

fn control(window: &MainWindow, key: &str) {
    window.window().dispatch_event(WindowEvent::KeyPressed {
        text: Key::Control.into(),
    });
    press(window, key);
    window.window().dispatch_event(WindowEvent::KeyReleased {
        text: Key::Control.into(),
    });
    support::settle();
}

#[test]
fn enter_answers_and_escape_rejects_a_call_that_rings() {
    let (window, asked) = window();
    sample::put_up(&window, sample::ringing(), sample::vip());
    support::settle();
    press(&window, Key::Return);
    press(&window, Key::Escape);
    assert_eq!(*asked.borrow(), ["answer c1", "reject c1"]);
}

#[test]
fn hold_mute_and_record_have_their_keys_during_a_call_only() {
    let (window, asked) = window();
    for key in ["h", "m", "r", "t"] {
        control(&window, key);
    }
    assert_eq!(*asked.borrow(), [""; 0]);
    sample::put_up(&window, sample::call(), sample::vip());
    support::settle();
    for key in ["h", "m", "r"] {
        control(&window, key);
    }
    assert_eq!(
        *asked.borrow(),
        ["hold c1 true", "mute c1 true", "record c1 Paused"]
    );
}

#[test]
fn escape_never_ends_a_conversation() {
    let (window, asked) = window();
    sample::put_up(&window, sample::call(), sample::vip());
    support::settle();
    press(&window, Key::Escape);
    assert_eq!(*asked.borrow(), [""; 0]);
}

#[test]
fn control_k_opens_the_search_and_escape_closes_it() {
    let (window, _) = window();
    let shell = window.global::<WindowAdapter>();
    let typed: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = typed.clone();
    shell.on_search(move |query| log.borrow_mut().push(query.into()));
    control(&window, "k");
    assert!(shell.get_searching());
    press(&window, "i");
    press(&window, "v");
    assert_eq!(*typed.borrow(), ["", "i", "iv"]);
    press(&window, Key::Escape);
    assert!(!shell.get_searching());
}

#[test]
fn the_search_is_walked_with_the_arrows_and_taken_with_enter() {
    let (window, _) = window();
    let shell = window.global::<WindowAdapter>();
    let taken: Rc<RefCell<Vec<i32>>> = Rc::default();
    let log = taken.clone();
    shell.on_take(move |index| log.borrow_mut().push(index));
    control(&window, "k");
    press(&window, Key::DownArrow);
    press(&window, Key::Return);
    assert_eq!(*taken.borrow(), [1]);
}

#[test]
fn typing_on_the_phone_page_dials() {
    let (window, asked) = window();
    for digit in ["1", "0", "2"] {
        press(&window, digit);
    }
    press(&window, Key::Return);
    assert_eq!(*asked.borrow(), ["dial 102 0"]);
}

#[test]
fn digits_typed_in_a_conversation_are_sent() {
    let (window, asked) = window();
    sample::put_up(&window, sample::call(), sample::vip());
    support::settle();
    press(&window, "5");
    press(&window, "#");
    assert_eq!(*asked.borrow(), ["digit c1 5", "digit c1 #"]);
}

#[test]
fn control_n_opens_the_form_of_a_new_client() {
    let (window, _) = window();
    let added = Rc::new(RefCell::new(0));
    let count = added.clone();
    window
        .global::<ClientsAdapter>()
        .on_add(move || *count.borrow_mut() += 1);
    control(&window, "n");
    assert_eq!(window.global::<WindowAdapter>().get_page(), Page::Clients);
    assert_eq!(*added.borrow(), 1);
}

#[test]
fn s1_26_s2_25_an_unknown_caller_is_named_with_five_keys_beside_typing() {
    let (window, asked) = window();
    let phone = window.global::<PhoneAdapter>();
    phone.set_categories(sample::words(&["Ordinary", "VIP", "Problem"]));
    let log = asked.clone();
    phone.on_save_caller(move |call, name, firm, category| {
        log.borrow_mut()
            .push(format!("save {call} {name} {firm} {category}"));
    });
    let ringing = CallItem {
        id: "c3".into(),
        ..sample::ringing()
    };
    sample::put_up(&window, ringing, sample::unknown());
    support::settle();
    let mut keys = 0;
    let mut key = |name: Key| {
        keys += 1;
        press(&window, name);
    };
    key(Key::Return);
    let talking = CallItem {
        id: "c3".into(),
        ..sample::call()
    };
    sample::put_up(&window, talking, sample::unknown());
    support::settle();
    // The form has not taken the keyboard: what is typed are digits for the other side.
    press(&window, "5");
    control(&window, "n");
    for letter in "Dana".chars() {
        press(&window, letter);
    }
    key(Key::Tab);
    key(Key::DownArrow);
    key(Key::Return);
    let expected = ["answer c3", "digit c3 5", "save c3 Dana  1"];
    assert_eq!(*asked.borrow(), expected);
    let with_control_n = keys + 1;
    assert!(with_control_n <= 6, "{with_control_n}");

    // The caller has a name now, the form is gone, and the keys are the call's again.
    asked.borrow_mut().clear();
    let talking = CallItem {
        id: "c3".into(),
        ..sample::call()
    };
    sample::put_up(&window, talking, sample::vip());
    support::settle();
    control(&window, "m");
    assert_eq!(*asked.borrow(), ["mute c3 true"]);
}

#[test]
fn s1_15_a_key_says_that_the_note_was_read() {
    let (window, asked) = window();
    let phone = window.global::<PhoneAdapter>();
    let log = asked.clone();
    phone.on_acknowledge(move |call| log.borrow_mut().push(format!("read {call}")));
    sample::put_up(&window, sample::ringing(), sample::vip());
    control(&window, "g");
    sample::put_up(&window, sample::ringing(), sample::full());
    control(&window, "g");
    press(&window, Key::Return);
    assert_eq!(*asked.borrow(), ["read c1", "answer c1"]);
}

#[test]
fn a_key_opens_the_client_who_is_on_the_phone() {
    let (window, asked) = window();
    let phone = window.global::<PhoneAdapter>();
    let log = asked.clone();
    phone.on_open_client(move |call| log.borrow_mut().push(format!("open {call}")));
    control(&window, "o");
    sample::put_up(&window, sample::call(), sample::unknown());
    control(&window, "o");
    sample::put_up(&window, sample::call(), sample::vip());
    control(&window, "o");
    assert_eq!(*asked.borrow(), ["open c1"]);
}

/// Clicks into the middle of it.
fn click(window: &MainWindow, element: &ElementHandle) {
    let (place, size) = (element.absolute_position(), element.size());
    let position = LogicalPosition::new(place.x + size.width / 2.0, place.y + size.height / 2.0);
    let button = PointerEventButton::Left;
    for event in [
        WindowEvent::PointerPressed { position, button },
        WindowEvent::PointerReleased { position, button },
    ] {
        window.window().dispatch_event(event);
    }
    support::settle();
}

#[test]
fn the_keys_are_the_windows_when_a_page_has_taken_its_field_with_it() {
    let (window, asked) = tasks_page();
    let shell = window.global::<WindowAdapter>();
    shell.set_page(Page::Clients);
    support::settle();
    let field = support::control(
        &window,
        AccessibleRole::TextInput,
        "Name, company or number",
    );
    click(&window, &field);
    press(&window, "x");
    assert_eq!(window.global::<ClientsAdapter>().get_query(), "x");
    click(
        &window,
        &support::control(&window, AccessibleRole::Tab, "Tasks"),
    );
    press(&window, Key::DownArrow);
    assert_eq!(asked.borrow().last().unwrap(), "step 1");
}

#[test]
fn the_keys_are_the_windows_when_a_drawer_has_closed_and_no_other_call_finds_it_open() {
    let (window, asked) = window();
    sample::put_up(&window, sample::call(), sample::vip());
    support::settle();
    control(&window, "t");
    support::control(&window, AccessibleRole::TextInput, "Transfer to");
    press(&window, Key::Escape);
    press(&window, "5");
    assert_eq!(*asked.borrow(), ["digit c1 5"]);

    control(&window, "t");
    let next = CallItem {
        id: "c2".into(),
        ..sample::call()
    };
    sample::put_up(&window, next, sample::vip());
    support::settle();
    press(&window, "6");
    assert_eq!(*asked.borrow(), ["digit c1 5", "digit c2 6"]);
}

#[test]
fn enter_calls_nobody_back_while_somebody_rings_and_with_control_it_answers() {
    let (window, asked) = tasks_page();
    sample::put_up(&window, sample::call(), sample::vip());
    window.global::<PhoneAdapter>().set_knocking("c2".into());
    support::settle();
    press(&window, Key::Return);
    assert_eq!(*asked.borrow(), [""; 0]);
    control(&window, SharedString::from(Key::Return).as_str());
    assert_eq!(*asked.borrow(), ["answer c2"]);
}

/// The page of tasks, and what was asked for there.
fn tasks_page() -> (MainWindow, Rc<RefCell<Vec<String>>>) {
    let (window, asked) = window();
    tasks::put(&window);
    window.global::<WindowAdapter>().set_page(Page::Tasks);
    support::settle();
    let owed = window.global::<TasksAdapter>();
    let log = asked.clone();
    owed.on_step(move |by| log.borrow_mut().push(format!("step {by}")));
    let log = asked.clone();
    owed.on_close(move |task, reason| log.borrow_mut().push(format!("close {task} {reason}")));
    let log = asked.clone();
    let calls = window.global::<LogAdapter>();
    calls.on_call_back(move |number| log.borrow_mut().push(format!("call {number}")));
    (window, asked)
}

#[test]
fn the_arrows_choose_a_task_and_enter_calls_back() {
    let (window, asked) = tasks_page();
    press(&window, Key::DownArrow);
    press(&window, Key::UpArrow);
    press(&window, Key::Return);
    assert_eq!(*asked.borrow(), ["step 1", "step -1", "call +77011112233"]);

    // The same from within the list, where the tabulator leads.
    asked.borrow_mut().clear();
    for _ in 0..30 {
        press(&window, Key::Tab);
        press(&window, Key::DownArrow);
    }
    let steps = asked.borrow().len();
    assert_eq!(steps, 30, "the arrows choose wherever the focus is");
}

#[test]
fn where_the_chosen_task_is_done_enter_goes_on_to_the_next_and_calls_nobody() {
    let (window, asked) = tasks_page();
    let owed = window.global::<TasksAdapter>();
    owed.set_task(tasks::done()[0].clone());
    press(&window, Key::Return);
    owed.set_selected("".into());
    press(&window, Key::Return);
    assert_eq!(*asked.borrow(), ["step 0", "step 0"]);
}

#[test]
fn while_somebody_calls_enter_answers_on_the_page_of_tasks_too() {
    let (window, asked) = tasks_page();
    sample::put_up(&window, sample::ringing(), sample::vip());
    support::settle();
    press(&window, Key::Return);
    assert_eq!(*asked.borrow(), ["answer c1"]);
}

#[test]
fn a_typed_reason_closes_the_task_and_escape_thinks_better_of_it() {
    let (window, asked) = tasks_page();
    let owed = window.global::<TasksAdapter>();
    owed.set_closing(true);
    support::settle();
    press(&window, Key::Return);
    for letter in ["s", "o", "l", "d"] {
        press(&window, letter);
    }
    press(&window, Key::Return);
    assert_eq!(*asked.borrow(), ["close t1 sold"]);
    press(&window, Key::Escape);
    assert!(!owed.get_closing());
}

#[test]
fn s1_1_without_the_module_there_is_no_page_of_tasks() {
    let (window, _) = tasks_page();
    for (width, height) in [(1080.0, 720.0), (320.0, 640.0)] {
        support::show(&window, width, height);
        for present in [true, false] {
            window.global::<TasksAdapter>().set_present(present);
            support::settle();
            let tab =
                |element: &ElementHandle| element.accessible_role() == Some(AccessibleRole::Tab);
            let tabs = ElementHandle::find_by_accessible_label(&window, "Tasks").filter(tab);
            assert_eq!(tabs.count(), usize::from(present), "{width} wide");
        }
    }
}

#[test]
fn s5_1_without_the_module_there_is_no_page_of_calls() {
    let (window, _) = tasks_page();
    for (width, height) in [(1080.0, 720.0), (320.0, 640.0)] {
        support::show(&window, width, height);
        for present in [true, false] {
            window.global::<LogAdapter>().set_present(present);
            support::settle();
            let tab =
                |element: &ElementHandle| element.accessible_role() == Some(AccessibleRole::Tab);
            let tabs = ElementHandle::find_by_accessible_label(&window, "Calls").filter(tab);
            assert_eq!(tabs.count(), usize::from(present), "{width} wide");
        }
    }
}

/// A window that asks about a link, and what was asked for there.
fn link_window() -> (MainWindow, Rc<RefCell<Vec<String>>>) {
    let (window, asked) = tasks_page();
    let shell = window.global::<WindowAdapter>();
    let log = asked.clone();
    shell.on_dial_link(move || log.borrow_mut().push("dial the link".to_owned()));
    let log = asked.clone();
    shell.on_forget_link(move || log.borrow_mut().push("forget the link".to_owned()));
    shell.set_link("+7 701 111 22 33".into());
    (window, asked)
}

#[test]
fn a_link_is_dialled_with_enter_but_not_by_one_that_was_meant_for_another_program() {
    for page in [Page::Phone, Page::Tasks] {
        let (window, asked) = link_window();
        let shell = window.global::<WindowAdapter>();
        shell.set_page(page);
        window.global::<PhoneAdapter>().set_target("104".into());
        let enter: SharedString = Key::Return.into();
        let pressed = WindowEvent::KeyPressed { text: enter };
        window.window().dispatch_event(pressed);
        assert_eq!(*asked.borrow(), [""; 0], "{page:?}: too soon");
        for _ in 0..3 {
            support::settle();
        }
        press(&window, Key::Return);
        press(&window, Key::Escape);
        assert_eq!(
            *asked.borrow(),
            ["dial the link", "forget the link"],
            "{page:?}"
        );
    }
}

#[test]
fn a_call_that_rings_goes_before_a_link() {
    let (window, asked) = link_window();
    sample::put_up(&window, sample::ringing(), sample::vip());
    for _ in 0..3 {
        support::settle();
    }
    press(&window, Key::Return);
    press(&window, Key::Escape);
    assert_eq!(*asked.borrow(), ["answer c1", "reject c1"]);
}
