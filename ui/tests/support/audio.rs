//! The settings of the sound.

use ringbook_ui::slint::ComponentHandle;
use ringbook_ui::*;

use super::sample::{model, words};

fn choice(names: &[&str], current: i32) -> DeviceChoice {
    DeviceChoice {
        names: words(names),
        current,
    }
}

/// Opens the part, with something in each of its lists.
pub fn put(window: &MainWindow) {
    let outputs = ["As the system", "Jabra Evolve2 65", "Built-in speakers"];
    let audio = window.global::<AudioAdapter>();
    audio.set_microphone(choice(&["As the system", "Jabra Evolve2 65"], 1));
    audio.set_loudspeaker(choice(&outputs, 1));
    audio.set_bell(choice(&outputs, 1));
    let also = ["Nowhere", "As the system", "Built-in speakers"];
    audio.set_second_bell(choice(&also, 2));
    audio.set_countries(words(&["As for the line", "Hungary", "Kazakhstan"]));
    audio.set_form(AudioForm {
        echo_cancellation: true,
        gain_control: true,
        high_pass: true,
        key_tones: true,
        headset_buttons: true,
        ring_volume: 70,
        sidetone: 20,
        noise_suppression: 2,
        tones: 1,
        ..AudioForm::default()
    });
    audio.set_ringtones(model(vec![
        CategoryRingtone {
            category: "vip".into(),
            name: "VIP".into(),
            ringtone: 1,
            ..CategoryRingtone::default()
        },
        CategoryRingtone {
            category: "problem".into(),
            name: "Problem".into(),
            ringtone: 4,
            file: "/home/anna/Music/storm.mp3".into(),
            fault: "This file cannot ring: it is neither WAV nor Ogg Opus. Choose another one, or leave this empty.".into(),
        },
    ]));
    audio.set_other_categories(words(&["Ordinary", "Potential"]));
    let shell = window.global::<WindowAdapter>();
    window
        .global::<SettingsAdapter>()
        .set_part(SettingsPart::Audio);
    shell.set_page(Page::Settings);
}

/// Somebody hears themselves, and devices and echo were checked before.
pub fn put_trial(window: &MainWindow) {
    let audio = window.global::<AudioAdapter>();
    audio.set_hearing(true);
    audio.set_spoken(0.6);
    audio.set_heard(0.35);
    let step = |title: &str, text: &str, state| CheckStep {
        title: title.into(),
        text: text.into(),
        state,
        ..CheckStep::default()
    };
    audio.set_check(model(vec![
        step("Microphone", "default works", StepState::Passed),
        CheckStep {
            remedy: "Plug it in, or name another one in [audio] output; calls go on without it."
                .into(),
            ..step("Loudspeaker", "USB phone does not open", StepState::Failed)
        },
        step("Second bell", "none is chosen", StepState::Skipped),
        step("Echo", "", StepState::Running),
    ]));
}
