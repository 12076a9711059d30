//! Views of the table: kept under names, brought back, deleted.

use std::rc::Rc;

use jiff::Timestamp;
use ringbook_ui::TableAdapter;
use ringbook_ui::slint::ComponentHandle;

use super::super::LogPage;
use crate::model::{CallView, Kind, Record, Value};
use crate::tr;
use crate::ui::asking::{self, spawn};
use crate::ui::window_adapter::complain;
use crate::words;

impl LogPage {
    pub(super) fn take_view_callbacks(self: &Rc<Self>, adapter: &TableAdapter<'_>) {
        let page = self.clone();
        adapter.on_choose_view(move |index| page.choose_view(index));
        let page = self.clone();
        adapter.on_keep_view(move || spawn(page.clone().keep_view()));
        let page = self.clone();
        adapter.on_delete_view(move || spawn(page.clone().delete_view()));
    }

    fn choose_view(self: &Rc<Self>, index: i32) {
        let chosen = usize::try_from(index - 1).ok();
        let view = chosen.and_then(|at| self.table.named.borrow().get(at).map(CallView::of));
        let Some(view) = view else { return };
        self.table.errors.borrow_mut().clear();
        self.change(|current| *current = view);
        self.show_fields_of_view();
        spawn(self.clone().reload());
    }

    fn show_fields_of_view(&self) {
        self.show_fields();
        if let Some(window) = self.window.upgrade() {
            window.global::<TableAdapter>().set_open(true);
        }
    }

    /// Keeps the table under the name that was typed, in place of the view that has it.
    async fn keep_view(self: Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<TableAdapter>();
        let name = adapter.get_view_name().trim().to_owned();
        if name.is_empty() {
            return;
        }
        if CallView::is_as_left(&name) {
            return adapter.set_name_error(words::name_of_the_left_table().into());
        }
        let same = |record: &&Record| record.text("name").to_lowercase() == name.to_lowercase();
        let known = self.table.named.borrow().iter().find(same).cloned();
        let mut record = known.unwrap_or_else(|| Record::new(Kind::VIEW, None, Timestamp::now()));
        record.set("name", Value::Text(name));
        self.table.view.borrow().write(&mut record);
        match asking::write(&self.phone, move |store| store.save_record(&record)).await {
            Ok(()) => adapter.set_naming(false),
            Err(error) => complain(&self.window, error.to_string()),
        }
        self.load_views(false).await;
    }

    async fn delete_view(self: Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let chosen = usize::try_from(window.global::<TableAdapter>().get_view() - 1).ok();
        let view = chosen.and_then(|at| self.table.named.borrow().get(at).cloned());
        let Some(view) = view else { return };
        let id = view.id;
        let deleted = asking::write(&self.phone, move |store| {
            store.delete_record(Kind::VIEW, id)
        });
        if let Err(error) = deleted.await {
            return complain(&self.window, error.to_string());
        }
        let page = self.clone();
        self.bell
            .offer(&tr!("View deleted."), tr!("Undo"), move || {
                spawn(page.clone().bring_back(view));
            });
        self.load_views(false).await;
    }

    async fn bring_back(self: Rc<Self>, view: Record) {
        let saved = asking::write(&self.phone, move |store| store.save_record(&view)).await;
        if let Err(error) = saved {
            complain(&self.window, error.to_string());
        }
        self.load_views(false).await;
    }
}
