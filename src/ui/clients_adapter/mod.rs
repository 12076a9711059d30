//! The client book's page: clients → rows, one client's page, the form → a stored client.

mod client_form;
mod editing;
mod importing;
mod merging;
mod page;
mod timeline;
mod typed;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{ComponentHandle, Image, ModelRc, Weak};
use ringbook_ui::{
    ClientRow, ClientTab, ClientsAdapter, ImportAdapter, MainWindow, MergeAdapter,
    OrderLine as OrderData, Page, PhoneAdapter, WindowAdapter,
};

use self::importing::Importing;
use self::merging::Merging;
use self::page::{Whole, facts, map_client, map_kinds, map_number, map_row};
use self::timeline::Timeline;
use super::asking::{self, spawn};
use super::card_adapter::{Photos, decode_whole, map_order};
use super::form::{Aside, Form, model};
use super::link::PhoneLink;
use super::notifications_adapter::Bell;
use super::paged::{PAGE, Paged};
use super::records::Records;
use super::text;
use super::window_adapter::{complain, tell};
use crate::model::{CallId, Client, ClientId, Kind, OrderLine, PhoneNumber, Record, is_link};
use crate::tr;

/// Clients that a search shows; who looks for more types more.
const FOUND: usize = 200;

/// The page's state.
pub struct ClientsPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    bell: Rc<Bell>,
    photos: Rc<Photos>,
    zone: TimeZone,
    rows: Rc<Paged<ClientRow>>,
    records: Rc<Records>,
    timeline: Rc<Timeline>,
    /// The client that is shown.
    client: RefCell<Option<Client>>,
    /// The records of the client that is shown, of every kind.
    of_client: RefCell<Vec<Record>>,
    /// The kind whose records are shown.
    kind: Cell<&'static Kind>,
    /// The form that is open, and the client it began with; none for a new one.
    open: RefCell<Option<(Option<Client>, Form)>>,
    aside: Aside<Option<ClientId>>,
    importing: RefCell<Option<Rc<Importing>>>,
    /// Counts the questions: a late answer to an older one is dropped.
    asked: Cell<u64>,
}

impl ClientsPage {
    /// Ties the page to the store and reads it for the first time.
    pub fn start(
        window: &MainWindow,
        phone: Rc<dyn PhoneLink>,
        photos: Rc<Photos>,
        records: Rc<Records>,
        bell: Rc<Bell>,
    ) -> Rc<Self> {
        let page = Rc::new_cyclic(|this: &std::rc::Weak<Self>| {
            let this = this.clone();
            Self {
                window: window.as_weak(),
                timeline: Timeline::start(window, phone.clone(), records.clone()),
                phone,
                bell,
                photos,
                zone: TimeZone::system(),
                rows: Paged::new(move |number| {
                    if let Some(page) = this.upgrade() {
                        spawn(page.load(number));
                    }
                }),
                records,
                client: RefCell::default(),
                of_client: RefCell::default(),
                kind: Cell::new(Kind::ORDER),
                open: RefCell::default(),
                aside: Aside::default(),
                importing: RefCell::default(),
                asked: Cell::new(0),
            }
        });
        let adapter = window.global::<ClientsAdapter>();
        adapter.set_loaded(false);
        adapter.set_rows(ModelRc::from(page.rows.clone()));
        page.take_list_callbacks(&adapter);
        page.take_page_callbacks(&adapter);
        page.take_form_callbacks(&adapter);
        page.offer_merging(window);
        page.offer_importing(window);
        let this = page.clone();
        page.records.on_change(move || this.refresh());
        spawn(page.clone().search(String::new()));
        page
    }

    fn offer_merging(self: &Rc<Self>, window: &MainWindow) {
        let page = self.clone();
        let merging = Merging::start(window, self.phone.clone(), move |client| {
            page.changed();
            spawn(page.clone().open(client));
        });
        let page = self.clone();
        window.global::<MergeAdapter>().on_begin(move || {
            if let Some(client) = page.client.borrow().clone() {
                merging.begin(client);
            }
        });
    }

    fn offer_importing(self: &Rc<Self>, window: &MainWindow) {
        let page = self.clone();
        let importing = Importing::start(window, self.phone.clone(), move || page.changed());
        let page = self.clone();
        let of_page = importing.clone();
        window.global::<ImportAdapter>().on_begin(move || {
            page.close();
            page.stop_merging();
            of_page.begin(page.country());
        });
        *self.importing.borrow_mut() = Some(importing);
    }

    fn take_list_callbacks(self: &Rc<Self>, adapter: &ClientsAdapter<'_>) {
        let page = self.clone();
        adapter.on_search(move |query| spawn(page.clone().search(query.into())));
        let page = self.clone();
        adapter.on_select(move |id| {
            if let Ok(client) = id.parse() {
                page.close();
                page.stop_merging();
                page.leave_import();
                spawn(page.clone().open(client));
            }
        });
        let page = self.clone();
        adapter.on_viewed(move || {
            // An import, a synchronisation or another program may have added clients meanwhile.
            page.reload();
            page.show_records();
        });
    }

    fn take_page_callbacks(self: &Rc<Self>, adapter: &ClientsAdapter<'_>) {
        let page = self.clone();
        adapter.on_add_number(move |call, number| {
            if let (Ok(call), Some(number)) = (call.parse(), PhoneNumber::from_e164(&number)) {
                spawn(page.clone().add_number(call, number));
            }
        });
        let window = self.window.clone();
        adapter.on_call(move |number| {
            let Some(window) = window.upgrade() else {
                return;
            };
            window.global::<WindowAdapter>().set_page(Page::Phone);
            let phone = window.global::<PhoneAdapter>();
            phone.invoke_dial(number, phone.get_line());
        });
        adapter.on_open_link(|link| {
            if is_link(&link) || link.starts_with("mailto:") {
                super::open(std::path::Path::new(link.as_str()));
            }
        });
        let page = self.clone();
        adapter.on_open_photo(move || spawn(page.clone().open_photo()));
        let page = self.clone();
        adapter.on_show_kind(move |kind| {
            if let Some(kind) = Kind::named(&kind) {
                page.kind.set(kind);
                page.show_records();
            }
            if let Some(window) = page.window.upgrade() {
                let adapter = window.global::<ClientsAdapter>();
                adapter.set_tab(ClientTab::Records);
            }
        });
    }

    fn stop_merging(&self) {
        if let Some(window) = self.window.upgrade() {
            window.global::<MergeAdapter>().set_open(false);
        }
    }

    fn leave_import(&self) {
        if let Some(window) = self.window.upgrade() {
            window.global::<ImportAdapter>().invoke_close();
        }
    }

    /// Shows the clients a text finds; all of them where it is empty.
    async fn search(self: Rc<Self>, query: String) {
        self.asked.set(self.asked.get() + 1);
        let asked = self.asked.get();
        let answer = asking::read(&self.phone, move |store| {
            let total = store.count_clients()?;
            if query.trim().is_empty() {
                Ok((total, total, store.clients(0, PAGE)?))
            } else {
                let found = store.find_clients(&query, FOUND)?;
                Ok((total, found.len() as u64, found))
            }
        });
        let answer = answer.await;
        let Some(window) = self.window.upgrade() else {
            return;
        };
        if asked != self.asked.get() {
            return;
        }
        let adapter = window.global::<ClientsAdapter>();
        adapter.set_loaded(true);
        match answer {
            Ok((total, count, first)) => {
                let rows: Vec<ClientRow> = first.iter().map(map_row).collect();
                let first: Vec<ClientRow> = rows.iter().take(PAGE).cloned().collect();
                self.rows
                    .begin(usize::try_from(count).unwrap_or(usize::MAX), first);
                for (page, rows) in rows.chunks(PAGE).enumerate().skip(1) {
                    self.rows.put(self.rows.edition(), page, rows.to_vec());
                }
                adapter.set_total(i32::try_from(total).unwrap_or(i32::MAX));
            }
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    async fn load(self: Rc<Self>, number: usize) {
        let edition = self.rows.edition();
        let rows = asking::read(&self.phone, move |store| store.clients(number * PAGE, PAGE));
        if let Ok(rows) = rows.await {
            self.rows
                .put(edition, number, rows.iter().map(map_row).collect());
        }
    }

    /// Shows the list anew where it stands.
    fn reload(self: &Rc<Self>) {
        if let Some(window) = self.window.upgrade() {
            let query = window.global::<ClientsAdapter>().get_query();
            spawn(self.clone().search(query.into()));
        }
    }

    /// Shows one client's page.
    pub async fn open(self: Rc<Self>, id: ClientId) {
        let now = Timestamp::now();
        let whole = asking::read(&self.phone, move |store| {
            let client = store.load_client(id)?;
            let mut records = Vec::new();
            for kind in Kind::of_clients() {
                records.extend(store.records(kind, Some(id))?);
            }
            Ok(Whole {
                category: store.find_category(client.category.as_str())?,
                about: store.about(&client, now)?,
                orders: store.open_orders(id)?,
                records,
                client,
            })
        });
        match whole.await {
            Ok(whole) => self.show(whole).await,
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    async fn show(&self, whole: Whole) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<ClientsAdapter>();
        let today = text::today(&self.zone);
        let Whole { client, orders, .. } = &whole;
        let orders: Vec<OrderData> = orders
            .iter()
            .map(|order| map_order(&OrderLine::of(order, today)))
            .collect();
        let photo = client.photo;
        let mut data = map_client(client, whole.category.as_ref(), today);
        let known = photo.and_then(|id| self.photos.known(id));
        let missing = photo.filter(|_| known.is_none());
        data.photo = known.unwrap_or_default();
        adapter.set_client(data);
        adapter.set_numbers(model(client.phones.iter().map(map_number).collect()));
        adapter.set_facts(model(facts(client, &whole.about)));
        adapter.set_orders(model(orders));
        adapter.set_kinds(model(map_kinds(&whole.records)));
        adapter.set_selected(client.id.to_string().into());
        let id = client.id;
        *self.of_client.borrow_mut() = whole.records;
        *self.client.borrow_mut() = Some(whole.client);
        self.show_records();
        self.timeline.show(id);
        if let Some(photo) = missing
            && let Some(image) = self.photos.load(&self.phone, photo).await
            && self.is_shown(id)
        {
            let mut data = adapter.get_client();
            data.photo = image;
            adapter.set_client(data);
        }
    }

    fn is_shown(&self, id: ClientId) -> bool {
        let client = self.client.borrow();
        client.as_ref().is_some_and(|client| client.id == id)
    }

    /// Shows the list of the chosen kind: another page may have used the list meanwhile.
    fn show_records(&self) {
        let page = self.window.upgrade().map(|window| {
            let shell = window.global::<WindowAdapter>();
            shell.get_page()
        });
        if page != Some(Page::Clients) {
            return;
        }
        let Some(owner) = self.client.borrow().as_ref().map(|client| client.id) else {
            return;
        };
        let kind = self.kind.get();
        let mut records = self.of_client.borrow().clone();
        records.retain(|record| record.kind == kind);
        self.records.show(kind, Some(owner), records);
    }

    /// Reads the page anew, where there is one: something of the client was changed.
    fn refresh(self: &Rc<Self>) {
        let shown = self.client.borrow().as_ref().map(|client| client.id);
        let selected = self.window.upgrade().map(|window| {
            let adapter = window.global::<ClientsAdapter>();
            adapter.get_selected()
        });
        if let Some(id) = shown
            && selected.is_some_and(|selected| !selected.is_empty())
        {
            spawn(self.clone().open(id));
        }
    }

    /// Makes the texts anew that are made here and not in the markup.
    pub fn retell(self: &Rc<Self>) {
        self.refresh();
        if let Some(importing) = &*self.importing.borrow() {
            importing.retell();
        }
    }

    /// Shows the photo as it was given.
    async fn open_photo(self: Rc<Self>) {
        let photo = self
            .client
            .borrow()
            .as_ref()
            .and_then(|client| client.photo);
        let (Some(photo), Some(window)) = (photo, self.window.upgrade()) else {
            return;
        };
        let adapter = window.global::<ClientsAdapter>();
        adapter.set_photo_open(true);
        let pixels = asking::read(&self.phone, move |store| {
            Ok(decode_whole(&store.load_photo(photo)?.bytes))
        });
        if let Ok(Some(pixels)) = pixels.await {
            let mut data = adapter.get_client();
            data.original = Image::from_rgba8(pixels);
            adapter.set_client(data);
        }
    }

    fn changed(self: &Rc<Self>) {
        asking::clients_changed(&self.phone);
        self.reload();
    }

    /// Gives the client that is shown the number of a call, and the call (S1.28).
    async fn add_number(self: Rc<Self>, call: CallId, number: PhoneNumber) {
        let shown = self.client.borrow().as_ref().map(|client| client.id);
        let Some(id) = shown else { return };
        let saved = asking::write(&self.phone, move |store| {
            // As it is now: somebody else may have changed it since it was shown.
            let client = store.load_client(id)?.with_phone(number);
            store.save_client(&client)?;
            store.link_call(call, id)
        });
        match saved.await {
            Ok(()) => {
                asking::clients_changed(&self.phone);
                tell(&self.window, tr!("Number added."));
                self.open(id).await;
            }
            Err(error) => complain(&self.window, error.to_string()),
        }
    }
}
