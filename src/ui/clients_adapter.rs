//! The client book's page: clients → rows, one client's page, the form → a stored client.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{ComponentHandle, Image, ModelRc, SharedString, VecModel, Weak};
use ringbook_ui::{
    ClientData, ClientForm, ClientNumber, ClientRow, ClientsAdapter, MainWindow,
    OrderLine as OrderData, Page, PhoneAdapter, WindowAdapter,
};

use super::asking::{self, spawn};
use super::card_adapter::{Photos, map_order};
use super::link::PhoneLink;
use super::listing::by_day;
use super::log_adapter::Calls;
use super::paged::{PAGE, Paged};
use super::text;
use super::window_adapter::{complain, tell};
use crate::model::{
    CallId, CallLine, Category, CategoryId, Client, ClientId, ClientPhone, ClientSummary, Country,
    Order, OrderLine, PhoneNumber,
};
use crate::store::CallFilter;
use crate::tr;

/// Clients that a search shows; who looks for more types more.
const FOUND: usize = 200;
/// Calls on a client's page.
const CALLS: usize = 20;

/// The page's state.
pub struct ClientsPage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    photos: Rc<Photos>,
    zone: TimeZone,
    rows: Rc<Paged<ClientRow>>,
    categories: RefCell<Vec<Category>>,
    /// The client that is shown, whole: what the form does not know of is kept.
    client: RefCell<Option<Client>>,
    /// Counts the questions: a late answer to an older one is dropped.
    asked: Cell<u64>,
}

/// A client with everything its page shows.
type Whole = (Client, Vec<Order>, Vec<CallLine>);

impl ClientsPage {
    /// Ties the page to the store and reads it for the first time.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>, photos: Rc<Photos>) -> Rc<Self> {
        let page = Rc::new_cyclic(|this: &std::rc::Weak<Self>| {
            let this = this.clone();
            Self {
                window: window.as_weak(),
                phone,
                photos,
                zone: TimeZone::system(),
                rows: Paged::new(move |number| {
                    if let Some(page) = this.upgrade() {
                        spawn(page.load(number));
                    }
                }),
                categories: RefCell::default(),
                client: RefCell::default(),
                asked: Cell::new(0),
            }
        });
        let adapter = window.global::<ClientsAdapter>();
        adapter.set_loaded(false);
        adapter.set_rows(ModelRc::from(page.rows.clone()));
        page.take_callbacks(&adapter);
        spawn(page.clone().load_categories());
        spawn(page.clone().search(String::new()));
        page
    }

    fn take_callbacks(self: &Rc<Self>, adapter: &ClientsAdapter<'_>) {
        let page = self.clone();
        adapter.on_search(move |query| spawn(page.clone().search(query.into())));
        let page = self.clone();
        adapter.on_select(move |id| {
            if let Ok(client) = id.parse() {
                spawn(page.clone().open(client));
            }
        });
        let page = self.clone();
        adapter.on_add(move || page.edit(None));
        let page = self.clone();
        adapter.on_edit(move || {
            let client = page.client.borrow().clone();
            page.edit(client);
        });
        let page = self.clone();
        adapter.on_save(move || spawn(page.clone().save()));
        let window = self.window.clone();
        adapter.on_cancel(move || {
            if let Some(window) = window.upgrade() {
                window.global::<ClientsAdapter>().set_editing(false);
            }
        });
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
    }

    async fn load_categories(self: Rc<Self>) {
        let Ok(categories) = asking::read(&self.phone, |store| store.categories()).await else {
            return;
        };
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let names: Vec<SharedString> = categories.iter().map(|c| text::line(&c.name)).collect();
        let model = ModelRc::from(Rc::new(VecModel::from(names)));
        window.global::<ClientsAdapter>().set_categories(model);
        *self.categories.borrow_mut() = categories;
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

    /// Shows one client's page.
    pub async fn open(self: Rc<Self>, id: ClientId) {
        let whole = asking::read(&self.phone, move |store| {
            let client = store.load_client(id)?;
            let orders = store.open_orders(id)?;
            let filter = CallFilter {
                clients: Some(vec![id]),
                ..CallFilter::default()
            };
            Ok((client, orders, store.calls(&filter, 0, CALLS)?))
        });
        match whole.await {
            Ok(whole) => self.show(whole).await,
            Err(error) => complain(&self.window, error.to_string()),
        }
    }

    async fn show(&self, (client, orders, calls): Whole) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<ClientsAdapter>();
        let today = text::today(&self.zone);
        let orders: Vec<OrderData> = orders
            .iter()
            .map(|order| map_order(&OrderLine::of(order, today)))
            .collect();
        let calls = by_day::<Calls>(&calls, &self.zone, today);
        let numbers: Vec<ClientNumber> = client.phones.iter().map(map_number).collect();
        let photo = client.photo;
        let mut data = map_client(&client, &self.categories.borrow());
        data.photo = photo
            .and_then(|id| self.photos.known(id))
            .unwrap_or_default();
        let missing = photo.filter(|_| data.photo == Image::default());
        adapter.set_client(data);
        adapter.set_numbers(ModelRc::from(Rc::new(VecModel::from(numbers))));
        adapter.set_orders(ModelRc::from(Rc::new(VecModel::from(orders))));
        adapter.set_calls(ModelRc::from(Rc::new(VecModel::from(calls))));
        adapter.set_selected(client.id.to_string().into());
        adapter.set_editing(false);
        let id = client.id;
        *self.client.borrow_mut() = Some(client);
        if let Some(photo) = missing
            && let Some(image) = self.photos.load(&self.phone, photo).await
            && self
                .client
                .borrow()
                .as_ref()
                .is_some_and(|client| client.id == id)
        {
            let mut data = adapter.get_client();
            data.photo = image;
            adapter.set_client(data);
        }
    }

    /// Opens the form: for a client, or for a new one.
    fn edit(&self, client: Option<Client>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<ClientsAdapter>();
        let form = client
            .as_ref()
            .map(|client| self.map_form(client))
            .unwrap_or_default();
        adapter.set_form(form);
        adapter.set_name_error(SharedString::new());
        adapter.set_phone_error(SharedString::new());
        adapter.set_editing(true);
    }

    fn map_form(&self, client: &Client) -> ClientForm {
        let phone = |at: usize| {
            client
                .phones
                .get(at)
                .map(|p| p.number.international().into())
                .unwrap_or_default()
        };
        let categories = self.categories.borrow();
        let category = categories
            .iter()
            .position(|c| c.id == client.category)
            .unwrap_or(0);
        ClientForm {
            id: client.id.to_string().into(),
            name: client.name.as_str().into(),
            firm: client.company.as_str().into(),
            category: i32::try_from(category).unwrap_or(0),
            phone1: phone(0),
            phone2: phone(1),
            phone3: phone(2),
            email: client.email().into(),
            city: client.city().into(),
            country: client.country().into(),
            note: client.note.as_str().into(),
        }
    }

    /// Stores what the form holds; what is wrong is said beside its field.
    async fn save(self: Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<ClientsAdapter>();
        let form = adapter.get_form();
        let name_error = if form.name.trim().is_empty() {
            tr!("A client needs a name.")
        } else {
            String::new()
        };
        let country = self.country();
        let phones = read_phones(&form, country);
        let phone_error = phones.as_ref().err().cloned().unwrap_or_default();
        adapter.set_name_error(name_error.as_str().into());
        adapter.set_phone_error(phone_error.into());
        let Ok(phones) = phones else { return };
        if !name_error.is_empty() {
            return;
        }
        let client = self.take_form(&form, phones);
        let id = client.id;
        let saved = asking::write(&self.phone, move |store| store.save_client(&client)).await;
        match saved {
            Ok(()) => {
                asking::clients_changed(&self.phone);
                adapter.set_editing(false);
                tell(&self.window, tr!("Client saved."));
                spawn(self.clone().search(adapter.get_query().into()));
                self.open(id).await;
            }
            Err(error) => complain(&self.window, error.to_string()),
        }
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

    /// The country whose rules read a number typed without one: the first line's, else the system's.
    fn country(&self) -> Option<Country> {
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

    fn take_form(&self, form: &ClientForm, phones: Vec<PhoneNumber>) -> Client {
        let shown = self.client.borrow();
        let edited = shown
            .as_ref()
            .filter(|client| form.id == client.id.to_string().as_str());
        let mut client = edited
            .cloned()
            .unwrap_or_else(|| Client::named("", Timestamp::now()));
        let text = |text: &SharedString| text.trim().to_owned();
        client.name = text(&form.name);
        client.company = text(&form.firm);
        client.set_email(&text(&form.email));
        client.change_address(|address| {
            address.city = text(&form.city);
            address.country = text(&form.country);
        });
        client.note = text(&form.note);
        let category = usize::try_from(form.category).unwrap_or(0);
        let category = self.categories.borrow().get(category).map(|c| c.id.clone());
        client.category = category.unwrap_or_else(CategoryId::ordinary);
        // The form shows three numbers; further ones, labels and extensions stay.
        let known = |number: PhoneNumber| {
            let mut known = client.phones.iter();
            known.find(|phone| phone.number == number).cloned()
        };
        let written = phones
            .iter()
            .map(|&number| known(number).unwrap_or_else(|| ClientPhone::new(number)));
        let further = client.phones.iter().skip(3).cloned();
        client.phones = written.chain(further).collect();
        client
    }
}

/// The numbers of the form; the first that is none is named.
fn read_phones(form: &ClientForm, country: Option<Country>) -> Result<Vec<PhoneNumber>, String> {
    let typed = [&form.phone1, &form.phone2, &form.phone3];
    let typed = typed
        .into_iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty());
    let mut numbers = Vec::new();
    for text in typed {
        let number = PhoneNumber::parse(text, country).map_err(|error| error.to_string())?;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    Ok(numbers)
}

fn map_row(client: &ClientSummary) -> ClientRow {
    ClientRow {
        id: client.id.to_string().into(),
        name: text::line(&client.name),
        firm: text::line(&client.company),
        number: client
            .number
            .map(|number| number.international().into())
            .unwrap_or_default(),
        category: client.category.as_str().into(),
        initials: text::initials(&client.name),
    }
}

fn map_number(phone: &ClientPhone) -> ClientNumber {
    ClientNumber {
        number: phone.number.international().into(),
        plain: phone.number.e164().into(),
        label: text::line(&phone.label),
    }
}

fn map_client(client: &Client, categories: &[Category]) -> ClientData {
    let category = categories.iter().find(|c| c.id == client.category);
    let place: Vec<&str> = [client.city(), client.country()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    ClientData {
        id: client.id.to_string().into(),
        name: text::line(&client.name),
        firm: text::line(&client.company),
        category: client.category.as_str().into(),
        category_name: category.map(|c| text::line(&c.name)).unwrap_or_default(),
        note: text::lines(&client.note),
        place: text::line(&place.join(", ")),
        local_time: SharedString::new(),
        language: text::line(&client.language),
        email: text::line(client.email()),
        initials: text::initials(&client.name),
        photo: Image::default(),
    }
}
