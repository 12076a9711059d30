//! The phone page and the call bar: the view's calls → `PhoneAdapter`, its callbacks → commands.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook_ui::slint::{ComponentHandle, Model, ModelRc, SharedString, VecModel, Weak};
use ringbook_ui::{
    CallItem, CallPhase, CardData, ClientsAdapter, MainWindow, Page, PhoneAdapter, Privacy,
    RecordPhase, WindowAdapter,
};

use super::asking::{self, spawn};
use super::card_adapter::{Photos, map_card, photo_of, same_card};
use super::link::PhoneLink;
use super::text;
use crate::automation::Encryption;
use crate::model::{CallId, Category, ClientField, Direction};
use crate::phone::command::{Command, RecordAction};
use crate::phone::view::{AccountView, CallPhase as Phase, CallView, RecordingView, View};
use crate::tr;

/// The phone page's state beyond what the view says.
pub struct PhonePage {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    photos: Rc<Photos>,
    zone: TimeZone,
    calls: Rc<VecModel<CallItem>>,
    lines: RefCell<Vec<String>>,
    categories: RefCell<Vec<Category>>,
    selected: Cell<Option<CallId>>,
    latest: RefCell<Vec<CallView>>,
}

impl PhonePage {
    /// Ties the page to the phone.
    pub fn start(window: &MainWindow, phone: Rc<dyn PhoneLink>, photos: Rc<Photos>) -> Rc<Self> {
        let page = Rc::new(Self {
            window: window.as_weak(),
            phone,
            photos,
            zone: TimeZone::system(),
            calls: Rc::default(),
            lines: RefCell::default(),
            categories: RefCell::default(),
            selected: Cell::new(None),
            latest: RefCell::default(),
        });
        let adapter = window.global::<PhoneAdapter>();
        adapter.set_calls(ModelRc::from(page.calls.clone()));
        page.take_commands(&adapter);
        page.take_callers(&adapter);
        spawn(page.clone().load_categories());
        page
    }

    fn take_commands(self: &Rc<Self>, adapter: &PhoneAdapter<'_>) {
        let page = self.clone();
        adapter.on_dial(move |target, line| spawn(page.clone().dial(target.into(), line)));
        let page = self.clone();
        adapter.on_answer(move |call| page.order(&call, Command::Answer));
        let page = self.clone();
        adapter.on_reject(move |call| page.order(&call, Command::Reject));
        let page = self.clone();
        adapter.on_hang_up(move |call| page.order(&call, Command::Hangup));
        let page = self.clone();
        adapter.on_hold(move |call, on| {
            page.order(&call, if on { Command::Hold } else { Command::Resume });
        });
        let page = self.clone();
        adapter.on_mute(move |call, on| page.order(&call, |call| Command::Mute { call, on }));
        let page = self.clone();
        adapter.on_digit(move |call, digit| {
            page.order(&call, |call| Command::Dtmf {
                call,
                digits: digit.into(),
            });
        });
        let page = self.clone();
        adapter.on_transfer(move |call, target| {
            page.order(&call, |call| Command::TransferBlind {
                call,
                target: target.into(),
            });
        });
        let page = self.clone();
        adapter.on_connect(move |call, other| {
            if let Ok(to) = other.parse() {
                page.order(&call, |call| Command::TransferAttended { call, to });
            }
        });
        let page = self.clone();
        adapter.on_join(move |call, other| {
            if let Ok(with) = other.parse() {
                page.order(&call, |call| Command::Conference { call, with });
            }
        });
        let page = self.clone();
        adapter.on_split(move |call| page.order(&call, Command::Split));
        let page = self.clone();
        adapter.on_record(move |call, wanted| page.record(&call, wanted));
    }

    fn take_callers(self: &Rc<Self>, adapter: &PhoneAdapter<'_>) {
        adapter.on_shorten(|text| {
            let mut text = String::from(text);
            text.pop();
            text.into()
        });
        let page = self.clone();
        adapter.on_select(move |call| {
            page.selected.set(call.parse().ok());
            page.refresh();
        });
        let page = self.clone();
        adapter.on_open_client(move |call| page.open_client(&call));
        let page = self.clone();
        adapter.on_acknowledge(move |call| page.order(&call, Command::NoteRead));
        let page = self.clone();
        adapter.on_choose_client(move |call, client| {
            if let Ok(client) = client.parse() {
                page.order(&call, |call| Command::LinkCaller { call, client });
            }
        });
        let page = self.clone();
        adapter.on_save_caller(move |call, name, firm, category| {
            if let Ok(call) = call.parse() {
                spawn(
                    page.clone()
                        .save_caller(call, name.into(), firm.into(), category),
                );
            }
        });
    }

    /// Shows the calls of a new view.
    pub fn show(&self, view: &View) {
        self.show_lines(&view.accounts);
        *self.latest.borrow_mut() = view.calls.clone();
        self.refresh();
    }

    fn show_lines(&self, accounts: &[AccountView]) {
        let lines: Vec<String> = accounts.iter().map(|account| account.aor.clone()).collect();
        let Some(window) = self.window.upgrade() else {
            return;
        };
        if *self.lines.borrow() == lines {
            return;
        }
        let titles: Vec<SharedString> = accounts.iter().map(line_title).collect();
        let adapter = window.global::<PhoneAdapter>();
        adapter.set_lines(ModelRc::from(Rc::new(VecModel::from(titles))));
        let last = i32::try_from(lines.len()).unwrap_or(0) - 1;
        adapter.set_line(adapter.get_line().clamp(0, last.max(0)));
        *self.lines.borrow_mut() = lines;
    }

    /// Draws the calls anew: after a view, a choice, or a second.
    pub fn refresh(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let calls = self.latest.borrow();
        let selected = choose(&calls, self.selected.get());
        self.selected.set(selected);
        let now = Timestamp::now();
        let items: Vec<CallItem> = calls
            .iter()
            .map(|call| map_call(call, now, selected == Some(call.id)))
            .collect();
        update(&self.calls, &items);
        let mut others = items.iter().filter(|item| !item.selected);
        let knocking = others.find(|item| item.phase == CallPhase::Incoming);
        let adapter = window.global::<PhoneAdapter>();
        adapter.set_knocking(knocking.map(|item| item.id.clone()).unwrap_or_default());
        match calls
            .iter()
            .zip(&items)
            .find(|(call, _)| selected == Some(call.id))
        {
            Some((call, item)) => {
                adapter.set_call(item.clone());
                self.show_card(&adapter, call);
                adapter.set_has_call(true);
            }
            None => adapter.set_has_call(false),
        }
    }

    fn show_card(&self, adapter: &PhoneAdapter<'_>, call: &CallView) {
        let mut data = card_of(call, &self.zone);
        if let Some(photo) = call.card.as_deref().and_then(photo_of) {
            match self.photos.known(photo) {
                Some(image) => data.photo = image,
                None => spawn(load_photo(self.photos.clone(), self.phone.clone(), photo)),
            }
        }
        // The models are others each time; the same card is not drawn again.
        if !same_card(&adapter.get_card(), &data) {
            adapter.set_card(data);
        }
    }

    fn order(&self, call: &SharedString, command: impl FnOnce(CallId) -> Command) {
        let Ok(call) = call.parse::<CallId>() else {
            return;
        };
        let (command, phone) = (command(call), self.phone.clone());
        let window = self.window.clone();
        spawn(async move {
            if let Err(error) = asking::command(&phone, command).await {
                super::window_adapter::complain(&window, error.to_string());
            }
        });
    }

    fn record(&self, call: &SharedString, wanted: RecordPhase) {
        let now = self
            .calls
            .iter()
            .find(|item| item.id == *call)
            .map(|item| item.recording);
        let action = match (now, wanted) {
            (_, RecordPhase::Off) => RecordAction::Stop,
            (_, RecordPhase::Paused) => RecordAction::Pause,
            (Some(RecordPhase::Paused), RecordPhase::On) => RecordAction::Resume,
            (_, RecordPhase::On) => RecordAction::Start,
        };
        self.order(call, |call| Command::Record { call, action });
    }

    /// Calls a number, an address, or the client of this name.
    pub async fn dial(self: Rc<Self>, typed: String, line: i32) {
        let target = self
            .number_of(&typed)
            .await
            .unwrap_or_else(|| typed.clone());
        let account = usize::try_from(line).ok();
        let account = account.and_then(|line| self.lines.borrow().get(line).cloned());
        let answer = asking::command(&self.phone, Command::Dial { target, account }).await;
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<PhoneAdapter>();
        match answer {
            Ok(_) => {
                adapter.set_dial_error(SharedString::new());
                adapter.set_target(SharedString::new());
            }
            Err(error) => {
                adapter.set_target(typed.into());
                adapter.set_dial_error(error.to_string().into());
            }
        }
    }

    /// The first number of the one client who has this name; none where it is no name.
    async fn number_of(&self, typed: &str) -> Option<String> {
        let is_name = typed.contains(char::is_alphabetic) && !typed.contains(['@', ':']);
        if !is_name {
            return None;
        }
        let name = typed.to_owned();
        let found = asking::read(&self.phone, move |store| store.find_clients(&name, 2)).await;
        match found.ok()?.as_slice() {
            [client] => client.number.map(|number| number.e164()),
            _ => None,
        }
    }

    async fn load_categories(self: Rc<Self>) {
        let Ok(categories) = asking::read(&self.phone, |store| store.categories()).await else {
            return;
        };
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let names: Vec<SharedString> = categories.iter().map(|c| text::line(&c.name)).collect();
        window
            .global::<PhoneAdapter>()
            .set_categories(ModelRc::from(Rc::new(VecModel::from(names))));
        *self.categories.borrow_mut() = categories;
    }

    /// Makes a client of an unknown caller, during the call (S1.26).
    async fn save_caller(self: Rc<Self>, call: CallId, name: String, firm: String, category: i32) {
        let category = usize::try_from(category).ok();
        let chosen = category.and_then(|at| self.categories.borrow().get(at).cloned());
        let mut fields = vec![
            (ClientField::Once("name"), name),
            (ClientField::Once("company"), firm),
        ];
        let category = chosen.map(|chosen| chosen.id.as_str().to_owned());
        fields.extend(category.map(|key| (ClientField::Once("category"), key)));
        match asking::command(&self.phone, Command::SaveCaller { call, fields }).await {
            Ok(_) => super::window_adapter::tell(&self.window, tr!("Client saved.")),
            Err(error) => super::window_adapter::complain(&self.window, error.to_string()),
        }
    }

    /// The page of the client who calls.
    fn open_client(&self, call: &SharedString) {
        let calls = self.latest.borrow();
        let id = call.parse::<CallId>().ok();
        let up = calls.iter().find(|up| Some(up.id) == id);
        let client = up.and_then(|up| up.card.as_ref()?.client);
        if let (Some(window), Some(client)) = (self.window.upgrade(), client) {
            drop(calls);
            window.global::<WindowAdapter>().set_page(Page::Clients);
            window
                .global::<ClientsAdapter>()
                .invoke_select(client.to_string().into());
        }
    }
}

async fn load_photo(photos: Rc<Photos>, phone: Rc<dyn PhoneLink>, id: crate::model::PhotoId) {
    // The next second's refresh finds it.
    photos.load(&phone, id).await;
}

/// The call in front: the chosen one while it is up, else one that rings, else the newest.
pub(super) fn choose(calls: &[CallView], chosen: Option<CallId>) -> Option<CallId> {
    let up = |id: &CallId| calls.iter().any(|call| call.id == *id);
    chosen.filter(up).or_else(|| {
        let rings = calls.iter().find(|call| call.state == Phase::Incoming);
        rings.or(calls.last()).map(|call| call.id)
    })
}

/// Makes the model equal to the rows, touching only what differs.
fn update(model: &VecModel<CallItem>, rows: &[CallItem]) {
    for (index, row) in rows.iter().enumerate() {
        match model.row_data(index) {
            Some(old) if old == *row => {}
            Some(_) => model.set_row_data(index, row.clone()),
            None => model.push(row.clone()),
        }
    }
    while model.row_count() > rows.len() {
        model.remove(model.row_count() - 1);
    }
}

/// `101 · Alfa LLC`
pub fn line_title(account: &AccountView) -> SharedString {
    let user = account
        .aor
        .split_once(':')
        .map_or(account.aor.as_str(), |(_, rest)| rest);
    let user = user.split('@').next().unwrap_or(user);
    let short = if account.extension.is_empty() {
        user
    } else {
        &account.extension
    };
    let name = if account.company.is_empty() {
        &account.name
    } else {
        &account.company
    };
    if name.is_empty() {
        text::line(short)
    } else {
        text::line(&format!("{short} · {name}"))
    }
}

/// A call's phase as the window knows it.
pub fn map_phase(call: &CallView) -> CallPhase {
    match call.state {
        Phase::Incoming => CallPhase::Incoming,
        Phase::Dialing => CallPhase::Dialing,
        Phase::Ringing | Phase::Early => CallPhase::Ringing,
        Phase::Established | Phase::Transferring if call.on_hold => CallPhase::Held,
        Phase::Established | Phase::Transferring => CallPhase::Talking,
        Phase::Ended => CallPhase::Ended,
    }
}

/// The timer beside a call.
pub fn elapsed(call: &CallView, now: Timestamp) -> SharedString {
    text::timer(
        now.duration_since(call.since)
            .try_into()
            .unwrap_or(Duration::ZERO),
    )
}

fn map_call(call: &CallView, now: Timestamp, selected: bool) -> CallItem {
    let (quality, quality_text) = call.quality.map(text::quality).unwrap_or_default();
    let there = call.quality_there.map(text::quality);
    let (quality_there, quality_there_text) = there.unwrap_or_default();
    let (spoken, heard) = call.levels.unwrap_or_default();
    let card = call.card.as_ref();
    let category = card.and_then(|card| card.category.as_ref());
    let number = match (card, call.number) {
        (Some(card), _) => text::line(&card.number_display),
        (None, Some(number)) => number.international().into(),
        (None, None) => SharedString::new(),
    };
    CallItem {
        id: call.id.to_string().into(),
        phase: map_phase(call),
        incoming: call.direction == Direction::Incoming,
        title: text::line(&call.title),
        number,
        line: text::line(call.account.as_deref().unwrap_or_default()),
        state: state_text(call),
        elapsed: elapsed(call, now),
        category: category.map(|c| c.id.as_str().into()).unwrap_or_default(),
        initials: text::initials(&call.title),
        remote_hold: call.remote_hold,
        muted: call.muted,
        too_long: call.too_long,
        recording: match call.recording {
            RecordingView::Off => RecordPhase::Off,
            RecordingView::On => RecordPhase::On,
            RecordingView::Paused => RecordPhase::Paused,
        },
        can_record: call.state == Phase::Established,
        codec: call.codec.map(text::codec).unwrap_or_default().into(),
        quality,
        quality_text,
        quality_there,
        quality_there_text,
        privacy: map_privacy(call.srtp),
        diverted_by: text::line(call.diverted_by.as_deref().unwrap_or_default()),
        conference: !call.joined_with.is_empty(),
        heard,
        spoken,
        selected,
    }
}

fn map_privacy(srtp: Option<Encryption>) -> Privacy {
    match srtp {
        None => Privacy::Unknown,
        Some(Encryption::None) => Privacy::Open,
        Some(Encryption::KeysInClear) => Privacy::KeysInClear,
        Some(Encryption::Encrypted) => Privacy::Encrypted,
    }
}

fn state_text(call: &CallView) -> SharedString {
    match call.state {
        Phase::Incoming => tr!("Incoming call"),
        Phase::Dialing => tr!("Calling"),
        Phase::Ringing | Phase::Early => tr!("Ringing"),
        Phase::Established if call.on_hold => tr!("On hold"),
        Phase::Established if call.remote_hold => tr!("Put on hold by the other side"),
        Phase::Established if call.muted => tr!("Talking, muted"),
        Phase::Established if !call.joined_with.is_empty() => tr!("In a conference"),
        Phase::Established if call.too_long => tr!("Talking for too long"),
        Phase::Established => tr!("Talking"),
        Phase::Transferring => tr!("Transferring"),
        Phase::Ended => tr!("Ended"),
    }
    .into()
}

/// The card of a call; what the call itself says where the card's module is off.
pub fn card_of(call: &CallView, zone: &TimeZone) -> CardData {
    match &call.card {
        Some(card) => map_card(card, zone),
        None => CardData {
            call: call.id.to_string().into(),
            incoming: call.direction == Direction::Incoming,
            when: text::moment(call.started_at, zone),
            number: text::line(&call.title),
            number_plain: call
                .number
                .map(|number| number.e164().into())
                .unwrap_or_default(),
            photo_slot: true,
            ..CardData::default()
        },
    }
}
