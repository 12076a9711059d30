//! What a person writes of a call in the window: its note and its tags.

use std::rc::Rc;

use ringbook_ui::slint::{ComponentHandle, SharedString};
use ringbook_ui::{LogAdapter, LogRow};

use super::LogPage;
use crate::model::CallId;
use crate::store::{Result, Writer};
use crate::ui::asking::{self, spawn};

impl LogPage {
    pub(super) fn take_marks(self: &Rc<Self>, adapter: &LogAdapter<'_>) {
        let page = self.clone();
        adapter.on_keep_marks(move || page.keep_marks());
    }

    /// Shows what is written of a call; what was typed of the one before is kept first. While
    /// somebody writes of this very call, nothing is taken away.
    pub(super) fn show_marks(self: &Rc<Self>, adapter: &LogAdapter<'_>, row: &LogRow) {
        self.keep_marks();
        adapter.set_marks_error(SharedString::new());
        adapter.set_note(row.typed_note.clone());
        adapter.set_tags(row.typed_tags.clone());
    }

    /// Keeps what was typed of the chosen call, where it is something else than before.
    fn keep_marks(self: &Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<LogAdapter>();
        let mut row = adapter.get_call();
        let (note, tags) = (adapter.get_note(), adapter.get_tags());
        let Ok(call) = row.id.parse::<CallId>() else {
            return;
        };
        if row.typed_note == note && row.typed_tags == tags {
            return;
        }
        let before = (row.typed_note.clone(), row.typed_tags.clone());
        row.typed_note = note.clone();
        row.typed_tags = tags.clone();
        adapter.set_call(row);
        let page = self.clone();
        spawn(async move {
            let typed = (note.to_string(), tags.to_string());
            let old = before.1.to_string();
            let kept = asking::write(&page.phone, move |store| {
                store.set_call_note(call, &typed.0)?;
                retag(store, call, &old, &typed.1)
            });
            match kept.await {
                Ok(()) => page.marks_kept(call, SharedString::new()),
                Err(error) => {
                    page.marks_refused(call, before);
                    page.marks_kept(call, error.to_string().into());
                }
            }
            page.reload().await;
        });
    }

    /// What was refused stays in the fields, and is not taken for what is kept.
    fn marks_refused(&self, call: CallId, (note, tags): (SharedString, SharedString)) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<LogAdapter>();
        let mut row = adapter.get_call();
        if row.id == call.to_string().as_str() {
            row.typed_note = note;
            row.typed_tags = tags;
            adapter.set_call(row);
        }
    }

    fn marks_kept(&self, call: CallId, error: SharedString) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<LogAdapter>();
        if adapter.get_call().id == call.to_string().as_str() {
            adapter.set_marks_error(error);
        }
    }
}

/// Takes away the tags that are no longer there, and gives those that are new.
fn retag(store: &mut Writer<'_>, call: CallId, old: &str, new: &str) -> Result<()> {
    for tag in tags(old).filter(|tag| !tags(new).any(|other| other == *tag)) {
        store.remove_call_tag(call, tag)?;
    }
    for tag in tags(new).filter(|tag| !tags(old).any(|other| other == *tag)) {
        store.add_call_tag(call, tag)?;
    }
    Ok(())
}

fn tags(text: &str) -> impl Iterator<Item = &str> {
    let tags = text.split(';').map(str::trim);
    tags.filter(|tag| !tag.is_empty())
}
