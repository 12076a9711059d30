//! The form of a client: opened, set aside, stored, taken back.

use std::rc::Rc;

use jiff::Timestamp;
use ringbook_ui::slint::{ComponentHandle, SharedString};
use ringbook_ui::{ClientsAdapter, FormAdapter, Page, WindowAdapter};

use super::ClientsPage;
use super::client_form::{self, new_line};
use super::typed::{PhotoChange, Typed};
use crate::model::{Client, ClientId, Country, Lists};
use crate::store::{self, StoreError};
use crate::tr;
use crate::ui::asking::{self, spawn};
use crate::ui::file_choice::choose_file;
use crate::ui::text;
use crate::ui::window_adapter::{complain, tell};

impl ClientsPage {
    pub(super) fn take_form_callbacks(self: &Rc<Self>, adapter: &ClientsAdapter<'_>) {
        let page = self.clone();
        adapter.on_add(move || spawn(page.clone().edit(None)));
        let page = self.clone();
        adapter.on_edit(move || {
            let client = page.client.borrow().clone();
            spawn(page.clone().edit(client));
        });
        let page = self.clone();
        adapter.on_save(move || spawn(page.clone().save()));
        let page = self.clone();
        adapter.on_cancel(move || page.close());
        let page = self.clone();
        adapter.on_start_over(move || {
            let open = page.open.take();
            if let Some((client, _)) = open {
                spawn(page.clone().edit(client));
            }
        });
        let page = self.clone();
        adapter.on_delete(move || {
            let open = page.open.borrow();
            let client = open.as_ref().and_then(|(client, _)| client.clone());
            drop(open);
            if let Some(client) = client {
                spawn(page.clone().delete(client));
            }
        });
        let page = self.clone();
        adapter.on_add_line(move |section| {
            let place = usize::try_from(section).unwrap_or(usize::MAX);
            if let (Some((_, form)), Some(line)) = (&*page.open.borrow(), new_line(place)) {
                form.add_line(place, line);
            }
        });
        self.offer_file_choice();
        let page = self.clone();
        adapter.on_remove_line(move |section, line| {
            if let (Some((_, form)), Ok(section), Ok(line)) = (
                &*page.open.borrow(),
                usize::try_from(section),
                usize::try_from(line),
            ) {
                form.remove_line(section, line);
            }
        });
    }

    fn offer_file_choice(self: &Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let page = self.clone();
        window.global::<FormAdapter>().on_choose_file(move |key| {
            let page = page.clone();
            spawn(async move { page.choose_file(&key).await });
        });
    }

    /// Has the system ask for the file of a field, where that still is in the form by then.
    async fn choose_file(&self, key: &str) {
        match choose_file(tr!("Photo")).await {
            Ok(Some(path)) => {
                if let Some((_, form)) = &*self.open.borrow() {
                    form.write(key, &path.display().to_string());
                }
            }
            Ok(None) => {}
            Err(why) => complain(&self.window, why),
        }
    }

    /// Opens the form: for a client, or for a new one. What was typed before is there again.
    async fn edit(self: Rc<Self>, client: Option<Client>) {
        self.close();
        let key = client.as_ref().map(|client| client.id);
        let kept = self.aside.take(&key);
        let draft = kept.is_some();
        let form = match kept {
            Some(form) => form,
            None => {
                let Some(lists) = self.lists().await else {
                    return;
                };
                let nobody = || Client::named("", Timestamp::now());
                client_form::form_of(&client.clone().unwrap_or_else(nobody), &lists)
            }
        };
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<ClientsAdapter>();
        adapter.set_form(form.sections());
        adapter.set_fresh(client.is_none());
        adapter.set_draft(draft);
        adapter.set_editing(true);
        *self.open.borrow_mut() = Some((client, form));
    }

    /// What the form's texts are read with; what goes wrong is told.
    async fn lists(&self) -> Option<Lists> {
        match asking::read(&self.phone, |store| store.lists()).await {
            Ok(lists) => Some(Lists {
                country: self.country(),
                ..lists
            }),
            Err(error) => {
                complain(&self.window, error.to_string());
                None
            }
        }
    }

    /// Closes the form. What was typed in it is set aside, and a way back is offered.
    pub(super) fn close(self: &Rc<Self>) {
        self.hide_form();
        let Some((client, form)) = self.open.take() else {
            return;
        };
        let key = client.as_ref().map(|client| client.id);
        if !self.aside.keep(key, form) {
            return;
        }
        let this = self.clone();
        let text = tr!("What you typed is kept until you come back to it.");
        self.bell.offer(&text, tr!("Go on"), move || {
            if let Some(window) = this.window.upgrade() {
                window.global::<WindowAdapter>().set_page(Page::Clients);
            }
            spawn(this.edit(client));
        });
    }

    fn hide_form(&self) {
        if let Some(window) = self.window.upgrade() {
            window.global::<ClientsAdapter>().set_editing(false);
        }
    }

    /// Stores what the form holds; what is wrong is said beside its field, and the form stays open.
    async fn save(self: Rc<Self>) {
        let Some(lists) = self.lists().await else {
            return;
        };
        let Some((before, typed)) = self.read_form(&lists) else {
            return;
        };
        let photo = match self.read_photo(&typed.photo).await {
            Ok(photo) => photo,
            Err(error) => return self.complain_of_photo(&error),
        };
        let with_photo = typed.photo != PhotoChange::None;
        let fresh = before.is_none();
        let saved = asking::write(&self.phone, move |store| {
            // As it is now: somebody else may have changed another field meanwhile.
            let known = match &before {
                Some(before) => store
                    .find_client(before.id)?
                    .or_else(|| Some(before.clone())),
                None => None,
            };
            let nobody = || Client::named("", Timestamp::now());
            let mut client = known.clone().unwrap_or_else(nobody);
            typed
                .apply(&mut client, &lists)
                .map_err(|error| StoreError::NotAllowed {
                    field: String::new(),
                    value: error.value,
                    allowed: error.allowed,
                })?;
            store.save_client(&client)?;
            match (&typed.photo, &photo) {
                (PhotoChange::None, _) => {}
                (PhotoChange::Clear, _) => store.clear_photo(client.id)?,
                (PhotoChange::File(_), bytes) => {
                    store.set_photo(client.id, bytes)?;
                }
            }
            Ok((client.id, known))
        });
        match saved.await {
            Ok((id, before)) => {
                self.open.take();
                self.hide_form();
                let text = if fresh {
                    tr!("Client added.")
                } else {
                    tr!("Client saved.")
                };
                match with_photo {
                    // What was there before is not taken back by the fields alone.
                    true => tell(&self.window, text),
                    false => self.offer_undo(&text, id, before),
                }
                self.changed();
                self.open(id).await;
            }
            Err(error) => self.refuse(&error),
        }
    }

    fn read_form(&self, lists: &Lists) -> Option<(Option<Client>, Typed)> {
        let open = self.open.borrow();
        let (client, form) = open.as_ref()?;
        let nobody = || Client::named("", Timestamp::now());
        let base = client.clone().unwrap_or_else(nobody);
        Typed::read(form, &base, lists).map(|typed| (client.clone(), typed))
    }

    /// The octets of the photo's file, read where nobody waits.
    async fn read_photo(&self, change: &PhotoChange) -> store::Result<Vec<u8>> {
        let PhotoChange::File(path) = change.clone() else {
            return Ok(Vec::new());
        };
        let octets = asking::read(&self.phone, move |_| {
            std::fs::read(&path).map_err(|source| StoreError::Io { path, source })
        });
        octets.await
    }

    fn complain_of_photo(&self, error: &StoreError) {
        if let Some((_, form)) = &*self.open.borrow() {
            form.complain("photo", &tr!("The file cannot be read: {why}", why = error));
        }
    }

    fn refuse(&self, error: &StoreError) {
        let open = self.open.borrow();
        let told = open.as_ref().is_some_and(|(_, form)| form.refuse(error));
        drop(open);
        if !told {
            complain(&self.window, error.to_string());
        }
    }

    async fn delete(self: Rc<Self>, client: Client) {
        let id = client.id;
        let done = asking::audited(&self.phone, move |store, who| store.delete_client(who, id));
        match done.await {
            Ok(()) => {
                self.open.take();
                self.client.take();
                self.hide_form();
                if let Some(window) = self.window.upgrade() {
                    let adapter = window.global::<ClientsAdapter>();
                    adapter.set_selected(SharedString::new());
                }
                let text = tr!("Deleted: {what}", what = text::line(&client.name));
                self.offer_undo(&text, id, Some(client));
                self.changed();
            }
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    /// Offers to make the client again what it was, or to take it out where it was not there.
    fn offer_undo(self: &Rc<Self>, text: &str, id: ClientId, before: Option<Client>) {
        let this = self.clone();
        self.bell.offer(text, tr!("Undo"), move || {
            spawn(async move {
                let back = before.is_some();
                let undone = asking::audited(&this.phone, move |store, who| match &before {
                    Some(before) => store.save_client(before),
                    None => store.delete_client(who, id),
                });
                if let Err(error) = undone.await {
                    return complain(&this.window, error.to_string());
                }
                this.changed();
                if back {
                    this.open(id).await;
                } else if let Some(window) = this.window.upgrade() {
                    this.client.take();
                    let adapter = window.global::<ClientsAdapter>();
                    adapter.set_selected(SharedString::new());
                }
            });
        });
    }

    /// The country whose rules read a number typed without one: the first line's, else the system's.
    pub(super) fn country(&self) -> Option<Country> {
        let accounts = self
            .phone
            .settings()
            .map(|settings| settings.accounts)
            .unwrap_or_default();
        let system = || Country::from_locale(&std::env::var("LANG").unwrap_or_default());
        accounts
            .iter()
            .find_map(|account| account.country)
            .or_else(system)
    }
}
