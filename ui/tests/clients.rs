//! The client book's page: a client's page, its lists, the form, by keyboard and on a screen reader.

use crate::support;

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use ringbook_ui::slint::platform::{Key, WindowEvent};
use ringbook_ui::slint::{ComponentHandle, Model, ModelRc, SharedString, VecModel};
use ringbook_ui::*;
use support::{book, press, sample};

/// A client's page.
fn page(width: f32, height: f32) -> MainWindow {
    support::start();
    let window = MainWindow::new().unwrap();
    sample::fill(&window);
    window.global::<ClientsAdapter>().set_selected("k1".into());
    window.global::<WindowAdapter>().set_page(Page::Clients);
    support::show(&window, width, height);
    window
}

/// A client's page, and this card of a call that is up.
fn page_in_call(card: CardData, width: f32) -> MainWindow {
    let window = page(width, 720.0);
    sample::put_up(&window, sample::call(), card);
    support::settle();
    window
}

fn control(window: &MainWindow, key: &str) {
    let event = |event| window.window().dispatch_event(event);
    let text: SharedString = Key::Control.into();
    event(WindowEvent::KeyPressed { text: text.clone() });
    press(window, key);
    event(WindowEvent::KeyReleased { text });
    support::settle();
}

fn type_in(window: &MainWindow, text: &str) {
    for letter in text.chars() {
        press(window, letter.to_string());
    }
}

fn has(window: &MainWindow, label: &str) -> bool {
    ElementHandle::find_by_accessible_label(window, label)
        .next()
        .is_some()
}

fn offers(window: &MainWindow) -> bool {
    ElementHandle::find_by_accessible_label(window, "Add this number")
        .any(|element| element.accessible_role() == Some(AccessibleRole::Button))
}

fn text_of(form: &ModelRc<FormSection>, key: &str) -> String {
    let lines = form.iter().flat_map(|section| {
        let lines: Vec<FormLine> = section.lines.iter().collect();
        lines
    });
    let mut fields = lines.flat_map(|line| {
        let fields: Vec<FormField> = line.fields.iter().chain(line.more.iter()).collect();
        fields
    });
    let found = fields.find(|field| field.key == key);
    found.unwrap().text.into()
}

#[test]
fn s1_28_the_number_of_an_unknown_caller_is_added_to_the_open_client_at_one_press() {
    let window = page_in_call(sample::unknown(), 1080.0);
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
    let known = page_in_call(sample::vip(), 1080.0);
    assert!(!offers(&known), "whose number it is is known");
    let nameless = CardData {
        number_plain: "".into(),
        ..sample::unknown()
    };
    let nameless = page_in_call(nameless, 1080.0);
    assert!(!offers(&nameless), "there is no number");
}

#[test]
fn the_category_is_told_before_the_name_and_everything_known_after_it() {
    let window = page(1080.0, 1600.0);
    let told: Vec<String> = support::told(&window)
        .into_iter()
        .map(|told| told.0)
        .collect();
    let at = |label: &str| {
        let at = told.iter().position(|told| told == label);
        at.unwrap_or_else(|| panic!("{label} is not told: {told:#?}"))
    };
    // The name stands in the list as well.
    let later = &told[at("VIP")..];
    let name = later.iter().position(|told| told == "Ivan Petrov");
    let name = at("VIP") + name.expect("the name follows");
    assert!(name < at("Speak slowly"));
    for fact in [
        "Address: Abay 1, Almaty, KZ",
        "Consent: given on 22.11.2026, on the phone",
        "until 31.12.2026 · must be acknowledged",
        "Orders 3",
    ] {
        assert!(at(fact) > name, "{fact}");
    }
    window.global::<ClientsAdapter>().set_client(ClientData {
        do_not_call: true,
        ..book::client()
    });
    support::settle();
    assert!(has(&window, "This client wants no calls."));
}

#[test]
fn s5_32_what_happened_is_one_list_that_is_filtered_opened_and_read_on() {
    let window = page(1080.0, 1600.0);
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let timeline = window.global::<TimelineAdapter>();
    let log = asked.clone();
    timeline.on_open(move |index| log.borrow_mut().push(format!("open {index}")));
    let log = asked.clone();
    timeline.on_choose(move |filter| log.borrow_mut().push(format!("filter {filter}")));
    let log = asked.clone();
    timeline.on_read_more(move || log.borrow_mut().push("more".into()));
    let row = |label: &str| support::control(&window, AccessibleRole::ListItem, label);
    row("Incoming, missed, 17:55").invoke_accessible_default_action();
    let change = row("Changed: Company, Steppe → Steppe LLP, 09:11");
    assert_eq!(
        change.accessible_enabled(),
        Some(false),
        "a change is told and not opened"
    );
    let tab = |label: &str| support::control(&window, AccessibleRole::Tab, label);
    tab("Notes").invoke_accessible_default_action();
    support::button(&window, "Show earlier").invoke_accessible_default_action();
    // The tab with calls alone, between the rail's and the filter's.
    let calls = ElementHandle::find_by_accessible_label(&window, "Calls")
        .filter(|element| element.accessible_role() == Some(AccessibleRole::Tab));
    let all: Vec<ElementHandle> = calls.collect();
    all[all.len() - 2].invoke_accessible_default_action();
    assert_eq!(*asked.borrow(), ["open 4", "filter 3", "more", "filter 1"]);
}

#[test]
fn a_note_is_written_down_in_place_and_stays_until_it_is_kept() {
    let window = page(1080.0, 1600.0);
    let kept = Rc::new(RefCell::new(0));
    let timeline = window.global::<TimelineAdapter>();
    let count = kept.clone();
    timeline.on_add_note(move || *count.borrow_mut() += 1);
    let add = || support::button(&window, "Add note");
    assert_eq!(
        add().accessible_enabled(),
        Some(false),
        "nothing is written yet"
    );
    let field = support::control(&window, AccessibleRole::TextInput, "Note");
    field.set_accessible_value("Calls back at noon");
    support::settle();
    add().invoke_accessible_default_action();
    assert_eq!(*kept.borrow(), 1);
    assert_eq!(
        timeline.get_note(),
        "Calls back at noon",
        "the store may refuse it"
    );
}

#[test]
fn records_of_every_kind_are_listed_opened_and_written_in_one_form() {
    let window = page(1080.0, 1600.0);
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let clients = window.global::<ClientsAdapter>();
    let log = asked.clone();
    clients.on_show_kind(move |kind| log.borrow_mut().push(format!("show {kind}")));
    let tab = |label: &str| support::control(&window, AccessibleRole::Tab, label);
    tab("Requests 1").invoke_accessible_default_action();
    tab("Orders 3").invoke_accessible_default_action();
    clients.set_tab(ClientTab::Records);
    support::settle();
    let records = window.global::<RecordsAdapter>();
    let log = asked.clone();
    records.on_add(move || log.borrow_mut().push("add".into()));
    let log = asked.clone();
    records.on_edit(move |id| log.borrow_mut().push(format!("edit {id}")));
    let log = asked.clone();
    records.on_save(move || log.borrow_mut().push("save".into()));
    let log = asked.clone();
    records.on_delete(move || log.borrow_mut().push("delete".into()));
    support::button(&window, "Add: Order").invoke_accessible_default_action();
    let late = "1001 · Cutting · 40 000 ₸ · overdue 2 days · Responsible: Anna · Due: 20.11.2026 · Debt: 12 500 ₸";
    support::control(&window, AccessibleRole::ListItem, late).invoke_accessible_default_action();
    records.set_editing(true);
    support::settle();
    // The first field has the keyboard.
    type_in(&window, "7");
    assert!(text_of(&records.get_form(), "number").contains('7'));
    press(&window, Key::Return);
    let flag = || support::control(&window, AccessibleRole::Switch, "Closed");
    flag().invoke_accessible_default_action();
    support::settle();
    assert_eq!(text_of(&records.get_form(), "closed"), "yes");
    let debt = support::control(&window, AccessibleRole::TextInput, "Debt");
    let said = debt.accessible_description().unwrap();
    assert!(said.contains("12 500.50 KZT"), "{said}");
    support::button(&window, "Delete").invoke_accessible_default_action();
    assert_eq!(
        *asked.borrow(),
        [
            "show request",
            "show order",
            "add",
            "edit o1",
            "save",
            "delete"
        ]
    );
}

#[test]
fn a_client_is_edited_and_saved_without_a_mouse() {
    let window = page(1080.0, 720.0);
    let clients = window.global::<ClientsAdapter>();
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = asked.clone();
    let weak = window.as_weak();
    clients.on_edit(move || {
        log.borrow_mut().push("edit".into());
        weak.unwrap().global::<ClientsAdapter>().set_editing(true);
    });
    let log = asked.clone();
    clients.on_save(move || log.borrow_mut().push("save".into()));
    let log = asked.clone();
    let weak = window.as_weak();
    clients.on_cancel(move || {
        log.borrow_mut().push("cancel".into());
        weak.unwrap().global::<ClientsAdapter>().set_editing(false);
    });
    control(&window, "e");
    assert!(clients.get_editing());
    type_in(&window, "Dr ");
    press(&window, Key::Tab);
    type_in(&window, "New ");
    let form = clients.get_form();
    assert!(
        text_of(&form, "name").contains("Dr "),
        "{}",
        text_of(&form, "name")
    );
    assert!(text_of(&form, "company").contains("New "));
    control(&window, "s");
    press(&window, Key::Escape);
    assert!(!clients.get_editing());
    assert_eq!(*asked.borrow(), ["edit", "save", "cancel"]);
    // The keys are the window's again.
    control(&window, "e");
    assert!(clients.get_editing());
}

#[test]
fn the_field_that_has_the_keyboard_is_in_sight() {
    let window = page(1080.0, 480.0);
    window.global::<ClientsAdapter>().set_editing(true);
    support::settle();
    let in_sight = || {
        // What is scrolled away is not told.
        let told = support::told(&window).into_iter();
        let mut street = told.filter(|(label, _)| label == "Street");
        street.any(|(_, at)| at.absolute_position().y + at.size().height < 480.0)
    };
    assert!(!in_sight(), "it is out of sight at first");
    for _ in 0..40 {
        press(&window, Key::Tab);
        if in_sight() {
            return;
        }
    }
    panic!("it never came into sight");
}

#[test]
fn lines_are_added_and_taken_away_by_keyboard() {
    let window = page(1080.0, 1600.0);
    let clients = window.global::<ClientsAdapter>();
    clients.set_editing(true);
    support::settle();
    let form = clients.get_form();
    let lines = || form.row_data(1).unwrap().lines;
    let of = lines();
    clients.on_add_line(move |section| {
        assert_eq!(section, 1);
        let phone = FormField {
            key: "phone".into(),
            label: "Number".into(),
            kind: FieldKind::Phone,
            ..Default::default()
        };
        let line = FormLine {
            fields: sample::model(vec![phone]),
            fresh: true,
            ..Default::default()
        };
        of.as_any()
            .downcast_ref::<VecModel<FormLine>>()
            .unwrap()
            .push(line);
    });
    let of = lines();
    clients.on_remove_line(move |_, line| {
        let lines = of.as_any().downcast_ref::<VecModel<FormLine>>().unwrap();
        lines.remove(usize::try_from(line).unwrap());
    });
    let number = |at: usize| {
        lines()
            .row_data(at)
            .unwrap()
            .fields
            .row_data(0)
            .unwrap()
            .text
    };
    support::button(&window, "Add a number").invoke_accessible_default_action();
    support::settle();
    type_in(&window, "112");
    assert_eq!(number(2), "112", "the new line has the keyboard");
    support::button(&window, "Remove this number").invoke_accessible_default_action();
    support::settle();
    assert_eq!((lines().row_count(), &*number(1)), (2, "112"));
    // The keyboard goes on at the button that adds a line.
    press(&window, Key::Return);
    assert_eq!(lines().row_count(), 3);
}

#[test]
fn what_is_rarely_needed_is_folded_and_opens_at_a_press() {
    let window = page(1080.0, 1600.0);
    window.global::<ClientsAdapter>().set_editing(true);
    support::settle();
    let head = || support::button(&window, "Consent");
    assert!(!has(&window, "Consent how"));
    head().invoke_accessible_default_action();
    support::settle();
    assert!(has(&window, "Consent how"));
    head().invoke_accessible_default_action();
    support::settle();
    assert!(!has(&window, "Consent how"));
}

#[test]
fn the_photo_is_looked_at_whole_and_escape_closes_it() {
    let window = page(1080.0, 720.0);
    let clients = window.global::<ClientsAdapter>();
    let weak = window.as_weak();
    clients.on_open_photo(move || {
        weak.unwrap()
            .global::<ClientsAdapter>()
            .set_photo_open(true)
    });
    support::button(&window, "Photo of Ivan Petrov").invoke_accessible_default_action();
    support::settle();
    assert!(clients.get_photo_open());
    press(&window, Key::Escape);
    assert!(!clients.get_photo_open());
    assert_eq!(clients.get_selected(), "k1", "the page stays");
}

#[test]
fn what_a_merge_makes_is_seen_before_it_is_done() {
    let window = page(1080.0, 1600.0);
    let asked: Rc<RefCell<Vec<String>>> = Rc::default();
    let merge = window.global::<MergeAdapter>();
    let log = asked.clone();
    let weak = window.as_weak();
    merge.on_begin(move || {
        log.borrow_mut().push("begin".into());
        book::put_merge(&weak.unwrap(), false);
    });
    let log = asked.clone();
    merge.on_choose(move |id| log.borrow_mut().push(format!("choose {id}")));
    let log = asked.clone();
    merge.on_merge(move || log.borrow_mut().push("merge".into()));
    support::button(&window, "Merge with another client").invoke_accessible_default_action();
    support::settle();
    let rows = ElementHandle::find_by_accessible_label(&window, "Problem, Olga Sidorova");
    rows.last().unwrap().invoke_accessible_default_action();
    merge.set_chosen(true);
    support::settle();
    for said in ["Steppe LLP", "Steppe", "Comes along: 12 calls · 3 records"] {
        assert!(has(&window, said), "{said}");
    }
    let warning = support::told(&window).into_iter();
    let mut warning = warning.filter(|(label, _)| label.starts_with("This cannot be undone."));
    assert!(warning.next().is_some());
    press(&window, Key::Escape);
    assert!(
        merge.get_open() && !merge.get_chosen(),
        "back to the search"
    );
    merge.set_chosen(true);
    support::settle();
    support::button(&window, "Merge").invoke_accessible_default_action();
    assert_eq!(*asked.borrow(), ["begin", "choose k2", "merge"]);
}

#[test]
fn nothing_of_a_client_leaves_the_window() {
    for width in [320.0, 1080.0] {
        for (scale, rtl) in [(1.0, false), (2.0, true)] {
            let window = page_in_call(sample::unknown(), width);
            support::show(&window, width, 3000.0);
            window.global::<Theme>().set_text_scale(scale);
            window.global::<Reading>().set_rtl(rtl);
            let check = |what: &str| {
                support::settle();
                let name = format!("{what}, {width} px, text times {scale}, rtl {rtl}");
                support::assert_within(&window, width, &name);
            };
            check("page");
            let clients = window.global::<ClientsAdapter>();
            clients.set_tab(ClientTab::Records);
            check("records");
            window.global::<RecordsAdapter>().set_editing(true);
            window.global::<RecordsAdapter>().set_draft(true);
            check("form of a record");
            clients.set_editing(true);
            check("form");
            clients.set_client(book::endless());
            clients.set_editing(false);
            check("an endless name");
            book::put_merge(&window, false);
            check("whom to merge with");
            book::put_merge(&window, true);
            check("what a merge makes");
        }
    }
}
