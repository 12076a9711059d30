//! The settings of the sound.

use crate::support;

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use ringbook_ui::slint::platform::{Key, PointerEventButton, WindowEvent};
use ringbook_ui::slint::{ComponentHandle, LogicalPosition};
use ringbook_ui::*;
use support::{audio, sample};

/// What the part has asked for.
type Asked = Rc<RefCell<Vec<String>>>;

fn window(width: f32) -> (MainWindow, Asked) {
    support::start();
    let window = MainWindow::new().unwrap();
    sample::fill(&window);
    audio::put(&window);
    let asked = Asked::default();
    let note = |asked: &Asked| {
        let asked = asked.clone();
        move |what: String| asked.borrow_mut().push(what)
    };
    let adapter = window.global::<AudioAdapter>();
    let log = note(&asked);
    adapter.on_set_device(move |which, index| log(format!("{which:?} {index}")));
    let log = note(&asked);
    adapter.on_set_switch(move |which, on| log(format!("{which:?} {on}")));
    let log = note(&asked);
    adapter.on_set_level(move |which, to| log(format!("{which:?} {to}")));
    let log = note(&asked);
    adapter.on_set_noise_suppression(move |index| log(format!("noise {index}")));
    let log = note(&asked);
    adapter.on_set_tones(move |index| log(format!("tones {index}")));
    let log = note(&asked);
    adapter.on_add_ringtone(move |index| log(format!("add {index}")));
    let log = note(&asked);
    adapter.on_remove_ringtone(move |category| log(format!("remove {category}")));
    let log = note(&asked);
    adapter.on_set_ringtone(move |category, index| log(format!("{category} {index}")));
    let log = note(&asked);
    adapter.on_set_ringtone_file(move |category, file| log(format!("{category} {file:?}")));
    let log = note(&asked);
    adapter.on_choose_ringtone_file(move |category| log(format!("choose {category}")));
    let log = note(&asked);
    adapter.on_hear_yourself(move |on| log(format!("hear {on}")));
    let log = note(&asked);
    adapter.on_run_check(move || log("check".into()));
    let log = note(&asked);
    let settings = window.global::<SettingsAdapter>();
    settings.on_try_ringtone(move |index, file| log(format!("try {index} {file:?}")));
    support::show(&window, width, 2400.0);
    (window, asked)
}

fn press(window: &MainWindow, role: AccessibleRole, label: &str) {
    support::control(window, role, label).invoke_accessible_default_action();
    support::settle();
}

fn is_enabled(window: &MainWindow, button: &str) -> Option<bool> {
    support::button(window, button).accessible_enabled()
}

fn all(window: &MainWindow, label: &str) -> Vec<ElementHandle> {
    ElementHandle::find_by_accessible_label(window, label).collect()
}

/// Presses the pointer in the middle of an element.
fn click(window: &MainWindow, element: &ElementHandle) {
    let (at, size) = (element.absolute_position(), element.size());
    let position = LogicalPosition::new(at.x + size.width / 2.0, at.y + size.height / 2.0);
    let button = PointerEventButton::Left;
    for event in [
        WindowEvent::PointerMoved { position },
        WindowEvent::PointerPressed { position, button },
        WindowEvent::PointerReleased { position, button },
    ] {
        window.window().dispatch_event(event);
    }
    support::settle();
}

#[test]
fn each_switch_slider_and_button_of_the_sound_asks_for_its_own_setting() {
    let (window, asked) = window(1080.0);
    for switch in [
        "Take out the echo",
        "Even out the volume",
        "Cut rumble",
        "Key tones in a call",
        "Headset buttons",
        "Others send little while they are silent",
        "Send little while you are silent",
    ] {
        press(&window, AccessibleRole::Switch, switch);
    }
    for (slider, to) in [
        ("Volume of the bell", "40"),
        ("Your own voice in the headset", "0"),
    ] {
        support::control(&window, AccessibleRole::Slider, slider).set_accessible_value(to);
    }
    press(&window, AccessibleRole::Button, "Hear the bell");
    press(&window, AccessibleRole::Button, "Hear yourself");
    press(&window, AccessibleRole::Button, "Check devices and echo");
    let expected = [
        "EchoCancellation false",
        "GainControl false",
        "HighPass false",
        "KeyTones false",
        "HeadsetButtons false",
        "OpusDtx true",
        "SilenceSuppression true",
        "RingVolume 40",
        "Sidetone 0",
        "try 0 \"\"",
        "hear true",
        "check",
    ];
    assert_eq!(*asked.borrow(), expected);
}

#[test]
fn each_list_and_slider_of_the_sound_is_reached_and_changed_by_keyboard() {
    let (window, asked) = window(1080.0);
    for (label, value) in [
        ("Microphone", "Jabra Evolve2 65"),
        ("Loudspeaker or headset", "Jabra Evolve2 65"),
        ("It rings on", "Jabra Evolve2 65"),
        ("It also rings on", "Built-in speakers"),
        ("Noise suppression", "Moderate"),
        ("Tones of", "Hungary"),
    ] {
        let list = support::control(&window, AccessibleRole::Combobox, label);
        assert_eq!(list.accessible_value().unwrap(), value, "{label}");
    }
    for _ in 0..80 {
        support::press(&window, Key::Tab);
        support::press(&window, Key::UpArrow);
        if asked.borrow().iter().any(|what| what == "tones 0") {
            break;
        }
    }
    let expected = [
        "Microphone 0",
        "Loudspeaker 0",
        "noise 1",
        "Sidetone 25",
        "Bell 0",
        "SecondBell 1",
        "RingVolume 75",
        "vip 0",
        "problem 3",
        "tones 0",
    ];
    assert_eq!(*asked.borrow(), expected);
}

#[test]
fn a_category_has_a_bell_and_a_file_which_are_heard_changed_and_taken_away() {
    let (window, asked) = window(1080.0);
    assert!(all(&window, "VIP").len() > 1, "the row and its chip");
    for (at, button) in [
        (0, "Hear the ringtone"),
        (1, "Hear the ringtone"),
        (1, "Choose a sound file"),
    ] {
        all(&window, button)[at].invoke_accessible_default_action();
    }
    press(
        &window,
        AccessibleRole::Button,
        "Remove the ringtone of Problem",
    );
    press(
        &window,
        AccessibleRole::Button,
        "Add a ringtone for this category",
    );
    let fields = || {
        let fields = all(&window, "Sound file").into_iter();
        let fields = fields.filter(|it| it.accessible_role() == Some(AccessibleRole::TextInput));
        fields.collect::<Vec<_>>()
    };
    assert_eq!(
        fields()[1].accessible_value().unwrap(),
        "/home/anna/Music/storm.mp3"
    );
    let fault = fields()[1].accessible_description().unwrap();
    assert!(fault.contains("cannot ring"), "{fault}");
    // What is typed is kept with Enter, not letter by letter.
    click(&window, &fields()[0]);
    support::press(&window, "b");
    support::press(&window, "c");
    support::press(&window, Key::Return);
    press(&window, AccessibleRole::Button, "Clear");
    let expected = [
        "try 1 \"\"",
        "try 4 \"/home/anna/Music/storm.mp3\"",
        "choose problem",
        "remove problem",
        "add 0",
        "vip \"bc\"",
    ];
    assert_eq!(asked.borrow()[..6], expected);
}

#[test]
fn who_hears_themselves_sees_two_levels_and_ends_it_by_the_same_button() {
    let (window, asked) = window(1080.0);
    let level = |label: &str| {
        support::control(&window, AccessibleRole::ProgressIndicator, label)
            .accessible_value()
            .unwrap()
    };
    assert!(all(&window, "What you say").is_empty());
    audio::put_trial(&window);
    support::settle();
    assert_eq!(
        (level("What you say"), level("What you hear")),
        ("60".into(), "35".into())
    );
    // Both want the microphone.
    assert_eq!(is_enabled(&window, "Check devices and echo"), Some(false));
    press(&window, AccessibleRole::Button, "Stop");
    assert_eq!(*asked.borrow(), ["hear false"]);
    let told = "Loudspeaker, failed. USB phone does not open. Plug it in, or name another one in [audio] output; calls go on without it.";
    assert_eq!(all(&window, told).len(), 1);
    let adapter = window.global::<AudioAdapter>();
    adapter.set_hearing(false);
    adapter.set_checking(true);
    support::settle();
    assert_eq!(is_enabled(&window, "Hear yourself"), Some(false));
}

#[test]
fn during_a_call_nothing_is_tried_and_it_is_said_why() {
    let (window, asked) = window(1080.0);
    window.global::<AudioAdapter>().set_in_call(true);
    support::settle();
    for label in ["Hear yourself", "Check devices and echo"] {
        let button = support::button(&window, label);
        assert_eq!(button.accessible_enabled(), Some(false), "{label}");
        assert_eq!(
            button.accessible_description().unwrap(),
            "Not during a call.",
            "{label}"
        );
        press(&window, AccessibleRole::Button, label);
    }
    assert!(asked.borrow().is_empty());
}

#[test]
fn a_line_gets_a_sound_file_and_loses_it_again() {
    let (window, _) = window(1080.0);
    let settings = window.global::<SettingsAdapter>();
    settings.set_part(SettingsPart::Account);
    support::settle();
    let field = || support::control(&window, AccessibleRole::TextInput, "Sound file");
    field().set_accessible_value("~/bell.wav");
    assert_eq!(settings.get_account().ringtone_file, "~/bell.wav");
    support::settle();
    press(&window, AccessibleRole::Button, "Clear");
    assert_eq!(settings.get_account().ringtone_file, "");
    settings.set_faults(AccountFaults {
        ringtone_file: "This file cannot ring".into(),
        ..AccountFaults::default()
    });
    support::settle();
    assert_eq!(
        field().accessible_description().unwrap(),
        "This file cannot ring"
    );
}

#[test]
fn nothing_of_the_sounds_settings_leaves_the_window() {
    for width in [320.0, 1080.0] {
        for (scale, rtl) in [(1.0, false), (2.0, false), (2.0, true)] {
            let (window, _) = window(width);
            audio::put_trial(&window);
            window.global::<Theme>().set_text_scale(scale);
            window.global::<Reading>().set_rtl(rtl);
            support::show(&window, width, 7000.0);
            let name = format!("{width} px, {scale}, {rtl}");
            support::assert_within(&window, width, &name);
            let covered = support::covered(&window);
            assert!(covered.is_empty(), "{name}: {covered:#?}");
        }
    }
}
