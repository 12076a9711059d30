//! How the phone rings for a line and for clients of a category, and hearing it beforehand.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use ringbook_media::device::Clip;
use ringbook_ui::slint::{ComponentHandle, Model, ModelRc, SharedString, VecModel};
use ringbook_ui::{AudioAdapter, CategoryRingtone, SettingsAdapter};

use super::SettingsPage;
use super::audio::at;
use crate::model::CategoryId;
use crate::phone::command::Command;
use crate::phone::ringer::Ring;
use crate::settings::{self, Ringtone, Settings};
use crate::tr;
use crate::ui::asking::{self, pause, spawn};
use crate::ui::file_choice::{choose_file, path_of};
use crate::ui::text;
use crate::ui::window_adapter::complain;

/// How long one is heard: once through the longest.
const TRIAL: Duration = Duration::from_secs(3);

/// The ringtone's place in the list of the markup, which has them in the order of [`Ringtone::ALL`].
pub(super) fn place_of(ringtone: Ringtone) -> i32 {
    let place = Ringtone::ALL.iter().position(|known| *known == ringtone);
    place.and_then(|at| i32::try_from(at).ok()).unwrap_or(0)
}

/// The ringtone at a place of the list.
pub(super) fn ringtone_at(place: i32) -> Ringtone {
    at(&Ringtone::ALL, place)
        .copied()
        .unwrap_or(Ringtone::Marimba)
}

/// The file that was typed, by its whole path.
pub(super) fn file_at(typed: &str) -> Option<String> {
    let is_there = !typed.trim().is_empty();
    is_there.then(|| path_of(typed).display().to_string())
}

/// Why a sound file cannot ring; none where it can. It is read on a thread of its own.
pub(super) async fn unplayable(file: &str) -> Option<String> {
    let (done, waiting) = tokio::sync::oneshot::channel();
    let file = PathBuf::from(file);
    std::thread::spawn(move || drop(done.send(Clip::load_ringtone(&file).err())));
    let error = waiting.await.ok()??;
    Some(tr!(
        "This file cannot ring: {error}. Choose another one, or leave this empty.",
        error = error
    ))
}

impl SettingsPage {
    pub(super) fn take_ringtones(self: &Rc<Self>, adapter: &AudioAdapter<'_>) {
        adapter.set_ringtones(ModelRc::from(self.audio.ringtones.clone()));
        let page = self.clone();
        adapter.on_add_ringtone(move |index| {
            let category = at(&page.audio.others.borrow(), index).cloned();
            page.change_ringtones(|settings| {
                let new = category.map(|category| settings::CategoryRingtone {
                    category,
                    ringtone: Ringtone::Marimba,
                    file: None,
                });
                settings.ringtones.extend(new);
            });
        });
        let page = self.clone();
        adapter.on_remove_ringtone(move |category| {
            page.change_ringtones(|settings| {
                let goes = CategoryId::new(category.as_str());
                settings.ringtones.retain(|known| known.category != goes);
            });
        });
        let page = self.clone();
        adapter.on_set_ringtone(move |category, ringtone| {
            page.change_ringtones(|settings| {
                if let Some(found) = of_category(settings, &category) {
                    found.ringtone = ringtone_at(ringtone);
                }
            });
        });
        let page = self.clone();
        adapter.on_set_ringtone_file(move |category, file| {
            spawn(page.clone().set_ringtone_file(category, file));
        });
        let page = self.clone();
        adapter.on_choose_ringtone_file(move |category| {
            spawn(page.clone().choose_ringtone_file(Some(category)));
        });
    }

    /// Rings for a moment. Another one that is asked for meanwhile takes its place.
    pub(super) async fn try_ringtone(self: Rc<Self>, ring: Ring) {
        let trial = self.trials.get().wrapping_add(1);
        self.trials.set(trial);
        let try_out = |ring| {
            let command = Command::TryRingtone(ring);
            self.phone.command(command, Box::new(|_| {}));
        };
        try_out(Some(ring));
        pause(TRIAL).await;
        if self.trials.get() == trial {
            try_out(None);
        }
    }

    /// Has the system ask for a sound file: for a category, or for the line that is shown.
    pub(super) async fn choose_ringtone_file(self: Rc<Self>, category: Option<SharedString>) {
        let file = match choose_file(tr!("Choose a sound file")).await {
            Ok(Some(path)) => path.display().to_string().into(),
            Ok(None) => return,
            Err(why) => return complain(&self.window, why),
        };
        match (category, self.window.upgrade()) {
            (Some(category), _) => self.set_ringtone_file(category, file).await,
            (None, Some(window)) => {
                let adapter = window.global::<SettingsAdapter>();
                let mut form = adapter.get_account();
                form.ringtone_file = file;
                adapter.set_account(form);
            }
            (None, None) => {}
        }
    }

    /// Keeps a category's file where it can ring.
    async fn set_ringtone_file(self: Rc<Self>, category: SharedString, typed: SharedString) {
        let file = file_at(&typed);
        let fault = match &file {
            Some(file) => unplayable(file).await,
            None => None,
        };
        let Some(fault) = fault else {
            return self.change_ringtones(|settings| {
                if let Some(found) = of_category(settings, &category) {
                    found.file = file;
                }
            });
        };
        let rows = &self.audio.ringtones;
        if let Some(at) = rows.iter().position(|row| row.category == category)
            && let Some(mut row) = rows.row_data(at)
        {
            row.file = typed;
            row.fault = fault.into();
            rows.set_row_data(at, row);
        }
    }

    pub(super) async fn load_categories(self: Rc<Self>) {
        match asking::read(&self.phone, |store| store.categories()).await {
            Ok(categories) => *self.audio.categories.borrow_mut() = categories,
            Err(error) => complain(&self.window, error.to_string()),
        }
        self.show_ringtones();
    }

    fn change_ringtones(&self, change: impl FnOnce(&mut Settings)) {
        self.change(change);
        self.show_ringtones();
    }

    fn show_ringtones(&self) {
        let (Some(window), Ok(settings)) = (self.window.upgrade(), self.phone.settings()) else {
            return;
        };
        let categories = self.audio.categories.borrow();
        let rows: Vec<_> = settings
            .ringtones
            .iter()
            .map(|ringtone| {
                let mut known = categories.iter();
                let known = known.find(|category| category.id == ringtone.category);
                CategoryRingtone {
                    category: ringtone.category.as_str().into(),
                    name: text::line(known.map_or(ringtone.category.as_str(), |it| &it.name)),
                    ringtone: place_of(ringtone.ringtone),
                    file: ringtone.file.as_deref().unwrap_or_default().into(),
                    fault: SharedString::new(),
                }
            })
            .collect();
        show_rows(&self.audio.ringtones, rows);
        let has_none =
            |id: &CategoryId| settings.ringtones.iter().all(|known| known.category != *id);
        // Without cards nobody knows whose category it is.
        let others = categories
            .iter()
            .filter(|category| settings.modules.caller_card && has_none(&category.id));
        let (ids, names): (Vec<_>, Vec<_>) = others
            .map(|category| (category.id.clone(), text::line(&category.name)))
            .unzip();
        *self.audio.others.borrow_mut() = ids;
        let names = ModelRc::from(Rc::new(VecModel::from(names)));
        window.global::<AudioAdapter>().set_other_categories(names);
    }
}

fn of_category<'a>(
    settings: &'a mut Settings,
    category: &str,
) -> Option<&'a mut settings::CategoryRingtone> {
    let mut ringtones = settings.ringtones.iter_mut();
    ringtones.find(|known| known.category.as_str() == category)
}

/// Rows that stay are changed where they are, so that the keyboard stays in them.
fn show_rows(shown: &VecModel<CategoryRingtone>, rows: Vec<CategoryRingtone>) {
    let are_the_same = shown.row_count() == rows.len()
        && shown
            .iter()
            .zip(&rows)
            .all(|(one, other)| one.category == other.category);
    if !are_the_same {
        return shown.set_vec(rows);
    }
    for (at, row) in rows.into_iter().enumerate() {
        if shown.row_data(at).as_ref() != Some(&row) {
            shown.set_row_data(at, row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ringtone_has_its_place() {
        for (at, ringtone) in (0..).zip(Ringtone::ALL) {
            assert_eq!((place_of(ringtone), ringtone_at(at)), (at, ringtone));
        }
        assert_eq!(ringtone_at(-1), Ringtone::Marimba);
        assert_eq!(ringtone_at(99), Ringtone::Marimba);
    }
}
