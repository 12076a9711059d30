//! The client book's page while somebody is on the phone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use ringbook_ui::slint::ComponentHandle;
use ringbook_ui::*;
use support::sample;

/// A client's page, and this card of a call that is up.
fn page(card: CardData, width: f32) -> MainWindow {
    support::start();
    let window = MainWindow::new().unwrap();
    sample::fill(&window);
    sample::put_up(&window, sample::call(), card);
    window.global::<ClientsAdapter>().set_selected("k1".into());
    window.global::<WindowAdapter>().set_page(Page::Clients);
    support::show(&window, width, 720.0);
    window
}

fn offers(window: &MainWindow) -> bool {
    ElementHandle::find_by_accessible_label(window, "Add this number")
        .any(|element| element.accessible_role() == Some(AccessibleRole::Button))
}

#[test]
fn s1_28_the_number_of_an_unknown_caller_is_added_to_the_open_client_at_one_press() {
    let window = page(sample::unknown(), 1080.0);
    let added: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = added.clone();
    let clients = window.global::<ClientsAdapter>();
    clients.on_add_number(move |call, number| log.borrow_mut().push(format!("{call} {number}")));
    support::button(&window, "Add this number").invoke_accessible_default_action();
    let phone = window.global::<PhoneAdapter>();
    let expected = format!("{} {}", phone.get_call().id, phone.get_card().number_plain);
    assert_eq!(*added.borrow(), [expected]);

    phone.set_has_call(false);
    support::settle();
    assert!(!offers(&window), "nobody is on the phone");
    let known = page(sample::vip(), 1080.0);
    assert!(!offers(&known), "whose number it is is known");
    let nameless = CardData {
        number_plain: "".into(),
        ..sample::unknown()
    };
    assert!(!offers(&page(nameless, 1080.0)), "there is no number");
}

#[test]
fn what_a_call_adds_to_a_clients_page_stays_within_the_window() {
    for scale in [1.0, 2.0] {
        let window = page(sample::unknown(), 1080.0);
        window.global::<Theme>().set_text_scale(scale);
        support::settle();
        support::assert_within(&window, 1080.0, &format!("text times {scale}"));
    }
}
