//! What the caller card says, as a screen reader and a test program find it.

use crate::support;

use std::collections::HashMap;

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use ringbook_ui::slint::{ComponentHandle, SharedString, select_bundled_translation};
use ringbook_ui::*;
use support::sample;

/// A card's window that rings.
fn ringing(card: CardData) -> CardWindow {
    support::start();
    let window = CardWindow::new().unwrap();
    window.set_card(card);
    window.set_phase(CallPhase::Incoming);
    window.set_elapsed("00:07".into());
    let height = window.get_needed_height();
    window
        .window()
        .set_size(slint::LogicalSize::new(360.0, height));
    window.show().unwrap();
    support::settle();
    window
}

/// The card's elements in the order of the tree. A query meets one several times, once for each
/// component around it.
fn elements(window: &CardWindow) -> Vec<ElementHandle> {
    let mut known = Vec::new();
    let all = ElementQuery::from_root(window)
        .match_descendants()
        .find_all();
    let mut is_new = |element: &ElementHandle| {
        let (at, size) = (element.absolute_position(), element.size());
        let mark = (
            element.accessible_role(),
            element.accessible_label(),
            [at.x, at.y, size.width, size.height].map(f32::to_bits),
        );
        let new = !known.contains(&mark);
        known.push(mark);
        new
    };
    all.into_iter().filter(|element| is_new(element)).collect()
}

/// Every text of the card in the order of the tree, without those of decoration.
fn texts(window: &CardWindow) -> Vec<String> {
    let text = |element: &ElementHandle| {
        (element.accessible_role() == Some(AccessibleRole::Text))
            .then(|| element.accessible_label())
            .flatten()
            .map(String::from)
            .filter(|text| !text.is_empty())
    };
    elements(window).iter().filter_map(text).collect()
}

fn has(window: &CardWindow, text: &str) -> bool {
    ElementHandle::find_by_accessible_label(window, text)
        .next()
        .is_some()
}

fn group(window: &CardWindow) -> String {
    let group = elements(window)
        .into_iter()
        .find(|element| element.accessible_role() == Some(AccessibleRole::Groupbox));
    group
        .and_then(|group| group.accessible_label())
        .map(String::from)
        .unwrap()
}

#[test]
fn s1_11_the_company_is_the_first_text() {
    assert_eq!(texts(&ringing(sample::vip()))[0], "Alfa LLC");
}

#[test]
fn s1_12_s1_13_date_time_and_the_direction_in_capitals_are_in_the_header() {
    let window = ringing(sample::vip());
    let texts = texts(&window);
    assert_eq!(texts[1], "INCOMING");
    assert_eq!(texts[2], "Sun 22.11.2026 09:05");
    let outgoing = ringing(CardData {
        incoming: false,
        ..sample::vip()
    });
    assert!(has(&outgoing, "OUTGOING"));
    assert!(!has(&outgoing, "INCOMING"));
}

#[test]
fn s2_13_the_direction_is_at_least_a_fifth_larger_than_the_body() {
    let window = ringing(sample::vip());
    let theme = window.global::<Theme>();
    assert!(theme.get_emphasis() >= 1.2 * theme.get_body() - 0.001);
}

#[test]
fn s1_14_the_category_is_announced_first_and_shown_as_a_word() {
    for (card, word) in [(sample::vip(), "VIP"), (sample::problem(), "Problem")] {
        let window = ringing(card);
        assert!(
            group(&window).starts_with(&format!("{word}, ")),
            "{}",
            group(&window)
        );
        assert!(has(&window, word));
    }
}

#[test]
fn s1_15_the_note_is_shown_in_full() {
    let window = ringing(sample::problem());
    assert!(has(
        &window,
        "Did not pay for order 877. Agree on nothing by telephone; offer an e-mail."
    ));
}

#[test]
fn s1_16_s2_16_an_open_order_tells_stage_responsible_debt_and_days_overdue() {
    let window = ringing(sample::vip());
    assert!(has(
        &window,
        "1001 · Cutting · Anna · debt 12 500 ₸ · overdue 2 days"
    ));
    let timely = OrderLine {
        overdue_days: 0,
        ..sample::order()
    };
    let window = ringing(CardData {
        orders: sample::model(vec![timely]),
        ..sample::vip()
    });
    assert!(has(&window, "1001 · Cutting · Anna · debt 12 500 ₸"));
    let late = OrderLine {
        overdue_days: 1,
        debt: SharedString::new(),
        ..sample::order()
    };
    let window = ringing(CardData {
        orders: sample::model(vec![late]),
        ..sample::vip()
    });
    assert!(has(&window, "1001 · Cutting · Anna · overdue 1 day"));
}

/// The order that owes `debt`, as drawn on a page of this size.
fn order_ink(
    page: Page,
    debt: &str,
    (width, height): (f32, f32),
    prepare: &dyn Fn(&MainWindow),
) -> usize {
    let window = MainWindow::new().unwrap();
    prepare(&window);
    window.global::<WindowAdapter>().set_page(page);
    window
        .window()
        .set_size(slint::LogicalSize::new(width, height));
    window.show().unwrap();
    support::settle();
    let debt = debt.to_owned();
    let order = ElementQuery::from_root(&window)
        .match_descendants()
        .match_accessible_role(AccessibleRole::ListItem)
        .match_predicate(move |element| {
            element
                .accessible_label()
                .is_some_and(|label| label.contains(&debt))
        })
        .find_first()
        .unwrap();
    let (at, size) = (order.absolute_position(), order.size());
    assert!(at.x >= 0.0 && at.x + size.width <= width, "{at:?} {size:?}");
    support::ink(&window, &order)
}

#[test]
fn a_debt_and_its_delay_are_read_to_the_end_on_the_narrowest_card() {
    support::start();
    let owing = OrderLine {
        stage: SharedString::new(),
        responsible: SharedString::new(),
        debt: "12 400 000 ₸".into(),
        overdue_days: 365,
        ..sample::order()
    };
    for code in ["en", "ru", "hi", "ne", "hu", "ar", "en-XA"] {
        for scale in [1.0, 2.0] {
            let prepare = |window: &MainWindow| {
                select_bundled_translation(code).unwrap();
                window.global::<Reading>().set_rtl(code == "ar");
                window.global::<Theme>().set_text_scale(scale);
                sample::fill(window);
                let orders = sample::model(vec![owing.clone()]);
                let book = window.global::<ClientsAdapter>();
                book.set_selected("k1".into());
                book.set_orders(orders.clone());
                let card = CardData {
                    orders,
                    ..sample::vip()
                };
                sample::put_up(window, sample::call(), card);
            };
            let wide = order_ink(Page::Clients, &owing.debt, (1600.0, 2400.0), &prepare);
            let narrow = order_ink(Page::Phone, &owing.debt, (320.0, 1400.0), &prepare);
            assert!(
                narrow as f32 >= 0.97 * wide as f32,
                "{code} at {scale}: {narrow} of {wide} pixels are left"
            );
        }
    }
}

/// The card of a client of whom everything is known.
#[test]
fn s1_10_the_blocks_stand_in_the_offices_order_each_with_its_name() {
    let window = ringing(sample::full());
    let texts = texts(&window);
    let expected = [
        "Hello, Ivan!",
        "Speak slowly",
        "Requests: R-7 · Delivery on Saturday · In work · Anna · overdue 3 days",
        "Requests: R-9 · Second cut · Open",
        "Purchases: 12.11.2026 · Steel sheet, 3 mm · 48 000 ₸",
        "Purchases: 02.10.2026 · Cutting · 12 500 ₸",
        "Balance: −12 500 ₸",
        "Balance: 340 €",
        "Appointment: Tue 24.11.2026 10:00 · Measuring · Anna",
        "Nearest branch: Centre, Abay 10, Almaty · 2.4 km · +7 727 250 00 00",
        "Address: Satpayev 22, Almaty, KZ",
        "Tags: steel, wholesale",
        "Contract: 2026/17",
        "101 Anna",
    ];
    assert_eq!(texts[texts.len() - expected.len()..], expected);
    let other = [
        sample::facts("Contract", &[("2026/17", "")]),
        sample::part(CardPart::Note),
    ];
    let other = ringing(CardData {
        blocks: sample::model(other.into()),
        ..sample::full()
    });
    let texts = self::texts(&other);
    let expected = ["Contract: 2026/17", "Speak slowly", "101 Anna"];
    assert_eq!(texts[texts.len() - 3..], expected);
    assert!(!has(&other, "Hello, Ivan!"));
}

#[test]
fn s1_10_the_photo_stands_where_the_office_puts_it_or_not_at_all() {
    let at = |card: CardData| {
        let window = ringing(card);
        let photo = ElementHandle::find_by_accessible_label(&window, "Photo of Ivan Petrov");
        let note = ElementHandle::find_by_accessible_label(&window, "Speak slowly");
        let y = |mut found: Box<dyn Iterator<Item = ElementHandle>>| {
            found.next().map(|element| element.absolute_position().y)
        };
        (y(Box::new(photo)), y(Box::new(note)).unwrap())
    };
    let (beside_the_name, note) = at(sample::vip());
    assert!(beside_the_name.unwrap() < note);
    let below = CardData {
        photo_slot: false,
        blocks: sample::model(vec![
            sample::part(CardPart::Note),
            sample::part(CardPart::Photo),
        ]),
        ..sample::vip()
    };
    let (photo, note) = at(below.clone());
    assert!(photo.unwrap() > note);
    let none = CardData {
        blocks: sample::model(vec![sample::part(CardPart::Note)]),
        ..below
    };
    assert_eq!(at(none).0, None);
}

#[test]
fn what_the_card_has_no_room_for_is_one_press_away() {
    use std::cell::RefCell;
    use std::rc::Rc;

    let window = ringing(CardData {
        note_cut: true,
        ..sample::full()
    });
    let pressed: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = pressed.clone();
    window.on_more(move |call| log.borrow_mut().push(call.into()));
    for label in ["4 more", "Read the whole note"] {
        support::button(&window, label).invoke_accessible_default_action();
    }
    assert_eq!(*pressed.borrow(), ["c1", "c1"]);
}

#[test]
fn s1_15_a_note_that_must_be_read_is_marked_until_somebody_has_and_the_call_can_be_taken_before() {
    use std::cell::RefCell;
    use std::rc::Rc;

    let window = ringing(sample::full());
    assert!(
        support::button(&window, "Answer")
            .accessible_enabled()
            .unwrap_or(true)
    );
    let pressed: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = pressed.clone();
    window.on_acknowledged(move |call| log.borrow_mut().push(call.into()));
    support::button(&window, "I have read it").invoke_accessible_default_action();
    assert_eq!(*pressed.borrow(), ["c1"]);
    window.set_card(CardData {
        note_unread: false,
        note_read: "Read by Anna at 09:06".into(),
        ..sample::full()
    });
    support::settle();
    assert!(!has(&window, "I have read it"));
    assert!(has(&window, "Read by Anna at 09:06"));
}

#[test]
fn of_several_clients_with_the_number_another_one_is_chosen_by_one_press() {
    use std::cell::RefCell;
    use std::rc::Rc;

    let other = |id: &str, name: &str, firm: &str, category: &str| OtherClient {
        id: id.into(),
        name: name.into(),
        firm: firm.into(),
        category: category.into(),
        ..Default::default()
    };
    let window = ringing(CardData {
        others: sample::model(vec![
            other("k2", "Olga Sidorova", "Steppe LLP", "problem"),
            other("k3", "Bek", "", "ordinary"),
        ]),
        ..sample::vip()
    });
    let pressed: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = pressed.clone();
    window.on_chosen(move |call, client| log.borrow_mut().push(format!("{call} {client}")));
    for label in ["Ordinary, Bek", "Problem, Olga Sidorova · Steppe LLP"] {
        support::control(&window, AccessibleRole::ListItem, label)
            .invoke_accessible_default_action();
    }
    assert_eq!(*pressed.borrow(), ["c1 k3", "c1 k2"]);
}

#[test]
fn s1_17_the_location_comes_with_the_local_time_there() {
    assert!(has(
        &ringing(sample::vip()),
        "Steppe LLP · Almaty, Kazakhstan 14:05"
    ));
}

#[test]
fn s1_18_s1_19_the_number_and_extension_with_name_are_single_texts() {
    let window = ringing(sample::vip());
    assert!(has(&window, "+7 701 111 22 33"));
    assert!(has(&window, "101 Anna"));
}

#[test]
fn s1_18_copying_the_number_yields_e164() {
    let window = ringing(sample::vip());
    let copy = ElementHandle::find_by_accessible_label(&window, "Copy number")
        .next()
        .unwrap();
    copy.invoke_accessible_default_action();
    assert_eq!(support::clipboard(), "+77011112233");
}

#[test]
fn s1_20_the_clients_name_is_the_tallest_text_of_the_client() {
    let window = ringing(sample::vip());
    let height = |text: &str| {
        ElementHandle::find_by_accessible_label(&window, text)
            .next()
            .unwrap()
            .size()
            .height
    };
    for other in [
        "Sun 22.11.2026 09:05",
        "Steppe LLP · Almaty, Kazakhstan 14:05",
        "+7 701 111 22 33",
        "101 Anna",
    ] {
        assert!(height("Ivan Petrov") > height(other), "{other}");
    }
}

/// The colours of the picture with this label, and how many of its pixels have each.
fn colours(window: &CardWindow, label: &str) -> HashMap<[u8; 3], usize> {
    let slot = ElementHandle::find_by_accessible_label(window, label)
        .next()
        .unwrap();
    let (at, size) = (slot.absolute_position(), slot.size());
    let picture = window.window().take_snapshot().unwrap();
    let inside = |index: usize| {
        let (x, y) = (
            index as u32 % picture.width(),
            index as u32 / picture.width(),
        );
        let (x, y) = (x as f32 - at.x, y as f32 - at.y);
        (0.0..size.width).contains(&x) && (0.0..size.height).contains(&y)
    };
    let mut colours = HashMap::new();
    for (_, pixel) in picture
        .as_slice()
        .iter()
        .enumerate()
        .filter(|(index, _)| inside(*index))
    {
        *colours.entry([pixel.r, pixel.g, pixel.b]).or_default() += 1;
    }
    colours
}

#[test]
fn s1_22_a_photo_stands_in_its_slot() {
    let window = ringing(sample::vip());
    assert!(!has(&window, "No photo"));
    let photo = colours(&window, "Photo of Ivan Petrov");
    let placeholder = ringing(CardData {
        photo: Default::default(),
        ..sample::vip()
    });
    let placeholder = colours(&placeholder, "No photo");
    let all: usize = photo.values().sum();
    for (what, colour) in sample::PHOTO {
        let share = photo.get(&colour).copied().unwrap_or(0) as f32 / all as f32;
        assert!(share > 0.1, "{what} is {share} of the slot");
        assert!(
            !placeholder.contains_key(&colour),
            "{what} is in the placeholder"
        );
    }
}

#[test]
fn s1_23_the_placeholder_has_the_photos_bounds() {
    let bounds = |card: CardData, label: &str| {
        let window = ringing(card);
        let picture = ElementHandle::find_by_accessible_label(&window, label)
            .next()
            .unwrap();
        (picture.absolute_position(), picture.size())
    };
    let photo = bounds(sample::vip(), "Photo of Ivan Petrov");
    let none = bounds(
        CardData {
            photo: Default::default(),
            ..sample::vip()
        },
        "No photo",
    );
    assert_eq!(photo, none);
}

#[test]
fn s1_25_an_unknown_caller_is_a_number_and_no_empty_field() {
    let window = ringing(sample::unknown());
    let texts = texts(&window);
    let expected = [
        "Alfa LLC",
        "INCOMING",
        "Sun 22.11.2026 09:05",
        "00:07",
        "+36 30 555 0101",
        "unknown caller",
        "101 Anna",
    ];
    assert_eq!(texts, expected);
    assert_eq!(group(&window), "+36 30 555 0101, INCOMING");
}

#[test]
fn a_withheld_number_is_said_so() {
    let window = ringing(sample::hidden());
    assert!(has(&window, "Hidden number"));
    assert!(has(&window, "The caller withholds the number"));
    assert!(!has(&window, "unknown caller"));
}

#[test]
fn reject_and_answer_name_the_call() {
    use std::cell::RefCell;
    use std::rc::Rc;

    let window = ringing(sample::vip());
    let pressed: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = pressed.clone();
    window.on_answer(move |call| log.borrow_mut().push(format!("answer {call}")));
    let log = pressed.clone();
    window.on_reject(move |call| log.borrow_mut().push(format!("reject {call}")));
    for label in ["Answer", "Reject"] {
        let button = ElementQuery::from_root(&window)
            .match_descendants()
            .match_accessible_role(AccessibleRole::Button)
            .match_predicate(move |element| element.accessible_label().is_some_and(|l| l == label))
            .find_first();
        button.unwrap().invoke_accessible_default_action();
    }
    assert_eq!(*pressed.borrow(), ["answer c1", "reject c1"]);
}

#[test]
fn nothing_of_the_card_leaves_the_window_whatever_the_names() {
    for (name, card) in [
        ("vip", sample::vip()),
        ("full", sample::full()),
        ("endless", sample::endless()),
        ("arabic", sample::arabic()),
    ] {
        for scale in [1.0, 2.0] {
            let window = ringing(card.clone());
            window.global::<Theme>().set_text_scale(scale);
            support::settle();
            let height = window.get_needed_height();
            window
                .window()
                .set_size(slint::LogicalSize::new(360.0, height));
            support::settle();
            for element in elements(&window) {
                let (at, size) = (element.absolute_position(), element.size());
                let label = element.accessible_label().unwrap_or_default();
                if label.is_empty() || size.width == 0.0 {
                    continue;
                }
                assert!(
                    at.x >= -0.5 && at.x + size.width <= 360.5,
                    "{name} at {scale}: {label} at {at:?} {size:?}"
                );
                assert!(
                    at.y + size.height <= height + 0.5,
                    "{name} at {scale}: {label} ends below"
                );
            }
        }
    }
}

#[test]
fn a_card_taller_than_the_screen_scrolls_and_keeps_its_buttons() {
    for scale in [1.0, 2.0] {
        let window = ringing(sample::endless());
        window.global::<Theme>().set_text_scale(scale);
        window.set_most_height(700.0);
        support::settle();
        assert_eq!(window.get_needed_height(), 700.0);
        window
            .window()
            .set_size(slint::LogicalSize::new(360.0, 700.0));
        support::settle();
        let bottom_of = |label: &str| {
            let element = ElementHandle::find_by_accessible_label(&window, label)
                .find(|element| element.accessible_role() == Some(AccessibleRole::Button))
                .unwrap();
            element.absolute_position().y + element.size().height
        };
        let answer = bottom_of("Answer");
        assert!((600.0..=700.0).contains(&answer), "at {scale}: {answer}");
        assert_eq!(bottom_of("Reject"), answer);
        support::picture(&window, &format!("card-scrolls-{scale}"), 360.0, 700.0);
    }
}
