//! The language of the window: the system's, or the one chosen in the settings.

use std::rc::Rc;

use ringbook_ui::slint::{
    ComponentHandle, ModelRc, SharedString, VecModel, select_bundled_translation,
};
use ringbook_ui::{MainWindow, Reading, SettingsAdapter};

use super::link::PhoneLink;
use super::window_adapter::complain;
use crate::i18n::{self, Language};
use crate::tr;

/// From now on the window speaks, and reads in the direction of, the language of the settings.
pub fn speak(window: &MainWindow, phone: &dyn PhoneLink) {
    let settings = phone.settings().unwrap_or_default();
    let chosen = settings.window.language;
    let language = chosen.unwrap_or_else(Language::of_environment);
    i18n::set_language(language);
    if let Err(error) = select_bundled_translation(language.code()) {
        tracing::error!(%error, "the window keeps its language");
    }
    let reading = window.global::<Reading>();
    reading.set_rtl(language.reads_from_the_right());

    let own_names = Language::ALL.map(|language| language.own_name().into());
    let mut names: Vec<SharedString> = vec![tr!("As the system").into()];
    names.extend(own_names);
    let place = Language::ALL
        .iter()
        .position(|language| Some(*language) == chosen);
    let adapter = window.global::<SettingsAdapter>();
    adapter.set_languages(ModelRc::from(Rc::new(VecModel::from(names))));
    adapter.set_language(place.map_or(0, |place| i32::try_from(place + 1).unwrap_or(0)));
}

/// Lets a person choose a language; `retell` then makes the texts anew that were made before.
pub fn offer(window: &MainWindow, phone: Rc<dyn PhoneLink>, retell: impl Fn() + 'static) {
    let weak = window.as_weak();
    let adapter = window.global::<SettingsAdapter>();
    adapter.on_set_language(move |index| {
        let Some(window) = weak.upgrade() else { return };
        let place = usize::try_from(index - 1).ok();
        let chosen = place.and_then(|place| Language::ALL.get(place)).copied();
        let kept = phone.settings().and_then(|mut settings| {
            settings.window.language = chosen;
            phone.save_settings(settings)
        });
        speak(&window, &*phone);
        retell();
        if let Err(error) = kept {
            complain(&weak, error.to_string());
        }
    });
}
