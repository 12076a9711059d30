//! Devices, what is done to the voice, tones, pauses: `[audio]`, and what of `[media]` belongs to it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ringbook_media::tone::TonePlan;
use ringbook_ui::slint::{ComponentHandle, ModelRc, SharedString, VecModel};
use ringbook_ui::{
    AudioAdapter, AudioDevice, AudioForm, AudioLevel, AudioSwitch, CategoryRingtone, DeviceChoice,
    MainWindow,
};

use super::SettingsPage;
use crate::i18n::country_name;
use crate::model::{Category, CategoryId, Country};
use crate::settings::{Audio, NoiseSuppression, Settings};
use crate::tr;
use crate::ui::asking::spawn;
use crate::ui::text;

/// In the order of the list.
const NOISE_SUPPRESSION: [NoiseSuppression; 4] = [
    NoiseSuppression::Off,
    NoiseSuppression::Low,
    NoiseSuppression::Moderate,
    NoiseSuppression::High,
];

/// What the part has found out, in the order in which it is offered.
#[derive(Default)]
pub(super) struct AudioLists {
    /// Microphones and loudspeakers that are plugged in.
    present: RefCell<(Vec<String>, Vec<String>)>,
    /// What can be chosen for each [`AudioDevice`].
    names: RefCell<[Vec<String>; 4]>,
    countries: RefCell<Vec<Country>>,
    pub(super) categories: RefCell<Vec<Category>>,
    /// Categories without a ringtone.
    pub(super) others: RefCell<Vec<CategoryId>>,
    pub(super) ringtones: Rc<VecModel<CategoryRingtone>>,
    /// Somebody hears themselves because they asked for it here.
    pub(super) hears: Cell<bool>,
}

impl SettingsPage {
    pub(super) fn take_audio(self: &Rc<Self>, window: &MainWindow) {
        let adapter = window.global::<AudioAdapter>();
        let page = self.clone();
        adapter.on_viewed(move || page.view_audio());
        let page = self.clone();
        adapter.on_set_device(move |which, index| {
            let name = at(&page.audio.names.borrow()[which as usize], index).cloned();
            if let Some(name) = name {
                page.change_audio(|settings| *device(&mut settings.audio, which) = name);
            }
        });
        let page = self.clone();
        adapter.on_set_switch(move |which, on| {
            page.change_audio(|settings| *switch(settings, which) = on);
        });
        let page = self.clone();
        adapter.on_set_level(move |which, to| {
            let percent = u8::try_from(to.clamp(0, 100)).unwrap_or(100);
            page.change_audio(|settings| *level(&mut settings.audio, which) = percent);
        });
        let page = self.clone();
        adapter.on_set_noise_suppression(move |index| {
            if let Some(strength) = at(&NOISE_SUPPRESSION, index).copied() {
                page.change_audio(|settings| settings.audio.voice.noise_suppression = strength);
            }
        });
        let page = self.clone();
        adapter.on_set_tones(move |index| {
            let country = at(&page.audio.countries.borrow(), index - 1).copied();
            page.change_audio(|settings| settings.audio.tones = country);
        });
        self.take_ringtones(&adapter);
        self.take_trials(&adapter);
    }

    /// Shows what the file says at once, and what has to be asked for when it is known.
    pub fn view_audio(self: &Rc<Self>) {
        self.list_countries();
        self.show_audio();
        spawn(self.clone().load_devices());
        spawn(self.clone().load_categories());
    }

    async fn load_devices(self: Rc<Self>) {
        let (done, waiting) = tokio::sync::oneshot::channel();
        // Asking the sound system may take a second.
        std::thread::spawn(move || drop(done.send(ringbook_media::device::present())));
        let present = waiting.await.unwrap_or_default();
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let problem = match present.0.is_empty() || present.1.is_empty() {
            true => tr!(
                "No sound device was found. Calls work, but without sound, until one is plugged in."
            ),
            false => String::new(),
        };
        window.global::<AudioAdapter>().set_problem(problem.into());
        *self.audio.present.borrow_mut() = present;
        self.show_audio();
    }

    /// The countries whose tones are known, and the one of the file, by their names.
    fn list_countries(&self) {
        let chosen = self
            .phone
            .settings()
            .ok()
            .and_then(|settings| settings.audio.tones);
        let known = TonePlan::countries().filter_map(|code| code.parse().ok());
        let mut countries: Vec<Country> = known.collect();
        countries.extend(chosen.filter(|chosen| !countries.contains(chosen)));
        let name = |country: &Country| country_name(&country.code()).to_owned();
        countries.sort_by_cached_key(|country| name(country).to_lowercase());
        let mut names = vec![tr!("As for the line").into()];
        names.extend(countries.iter().map(|country| name(country).into()));
        *self.audio.countries.borrow_mut() = countries;
        if let Some(window) = self.window.upgrade() {
            window.global::<AudioAdapter>().set_countries(list(names));
        }
    }

    pub(super) fn change_audio(&self, change: impl FnOnce(&mut Settings)) {
        self.change(change);
        self.show_audio();
    }

    /// Shows what stands in the file.
    fn show_audio(&self) {
        let (Some(window), Ok(mut settings)) = (self.window.upgrade(), self.phone.settings())
        else {
            return;
        };
        let adapter = window.global::<AudioAdapter>();
        let mut on = |which| *switch(&mut settings, which);
        let form = AudioForm {
            echo_cancellation: on(AudioSwitch::EchoCancellation),
            gain_control: on(AudioSwitch::GainControl),
            high_pass: on(AudioSwitch::HighPass),
            key_tones: on(AudioSwitch::KeyTones),
            headset_buttons: on(AudioSwitch::HeadsetButtons),
            opus_dtx: on(AudioSwitch::OpusDtx),
            silence_suppression: on(AudioSwitch::SilenceSuppression),
            ..AudioForm::default()
        };
        let audio = &mut settings.audio;
        let countries = self.audio.countries.borrow();
        let country = |country| countries.iter().position(|known| *known == country);
        adapter.set_form(AudioForm {
            ring_volume: (*level(audio, AudioLevel::RingVolume)).into(),
            sidetone: (*level(audio, AudioLevel::Sidetone)).into(),
            noise_suppression: place(
                NOISE_SUPPRESSION
                    .iter()
                    .position(|known| *known == audio.voice.noise_suppression),
            ),
            tones: audio
                .tones
                .and_then(country)
                .map_or(0, |at| place(Some(at + 1))),
            ..form
        });
        let mut choice = |which| {
            let chosen = &*device(audio, which);
            let (inputs, outputs) = &*self.audio.present.borrow();
            let names = match which {
                AudioDevice::Microphone => device_list(&["default"], inputs, chosen),
                AudioDevice::SecondBell => device_list(&["null", "default"], outputs, chosen),
                AudioDevice::Loudspeaker | AudioDevice::Bell => {
                    device_list(&["default"], outputs, chosen)
                }
            };
            let choice = DeviceChoice {
                current: place(names.iter().position(|name| name == chosen)),
                names: list(names.iter().map(|name| title(name)).collect()),
            };
            self.audio.names.borrow_mut()[which as usize] = names;
            choice
        };
        adapter.set_microphone(choice(AudioDevice::Microphone));
        adapter.set_loudspeaker(choice(AudioDevice::Loudspeaker));
        adapter.set_bell(choice(AudioDevice::Bell));
        adapter.set_second_bell(choice(AudioDevice::SecondBell));
    }
}

fn switch(settings: &mut Settings, which: AudioSwitch) -> &mut bool {
    let (audio, media) = (&mut settings.audio, &mut settings.media);
    match which {
        AudioSwitch::EchoCancellation => &mut audio.voice.echo_cancellation,
        AudioSwitch::GainControl => &mut audio.voice.gain_control,
        AudioSwitch::HighPass => &mut audio.voice.high_pass,
        AudioSwitch::KeyTones => &mut audio.key_tones,
        AudioSwitch::HeadsetButtons => &mut audio.headset_buttons,
        AudioSwitch::OpusDtx => &mut media.opus_dtx,
        AudioSwitch::SilenceSuppression => &mut media.silence_suppression,
    }
}

fn level(audio: &mut Audio, which: AudioLevel) -> &mut u8 {
    match which {
        AudioLevel::RingVolume => &mut audio.ring_volume,
        AudioLevel::Sidetone => &mut audio.voice.sidetone,
    }
}

fn device(audio: &mut Audio, which: AudioDevice) -> &mut String {
    match which {
        AudioDevice::Microphone => &mut audio.input,
        AudioDevice::Loudspeaker => &mut audio.output,
        AudioDevice::Bell => &mut audio.ring,
        AudioDevice::SecondBell => &mut audio.ring_also,
    }
}

/// What always can be chosen, the devices present, and the one in the settings where it is neither.
fn device_list(always: &[&str], present: &[String], chosen: &str) -> Vec<String> {
    let mut names: Vec<String> = always.iter().map(|&name| name.to_owned()).collect();
    let chosen = [chosen.to_owned()];
    for name in present.iter().chain(&chosen) {
        if !name.is_empty() && !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn title(name: &str) -> SharedString {
    match name {
        "default" => tr!("As the system").into(),
        "null" => tr!("Nowhere").into(),
        name => text::line(name),
    }
}

fn list(names: Vec<SharedString>) -> ModelRc<SharedString> {
    ModelRc::from(Rc::new(VecModel::from(names)))
}

/// What stands at a place of a list.
pub(super) fn at<T>(list: &[T], index: i32) -> Option<&T> {
    list.get(usize::try_from(index).ok()?)
}

/// A place as the markup has it; the first one where there is none.
fn place(at: Option<usize>) -> i32 {
    at.and_then(|at| i32::try_from(at).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_gone_stays_chosen() {
        let names = device_list(&["default"], &["Headset".into()], "USB phone");
        assert_eq!(names, ["default", "Headset", "USB phone"]);
        let names = device_list(&["null", "default"], &["default".into()], "null");
        assert_eq!(names, ["null", "default"]);
    }
}
