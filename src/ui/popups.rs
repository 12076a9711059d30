//! The caller card as a window of its own: comes up with a call, goes when it is taken.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringbook_ui::backend::CardPopup;
use ringbook_ui::slint::winit_030::WinitWindowAccessor as _;
use ringbook_ui::slint::{ComponentHandle, Weak};
use ringbook_ui::{CardWindow, Categories, MainWindow, PhoneAdapter, Reading, Theme, backend};

use super::asking::{pause, spawn};
use super::card_adapter::{Photos, photo_of, same_card};
use super::category_looks::CategoryLooks;
use super::link::PhoneLink;
use super::notifications_adapter::Bell;
use super::phone_adapter::{card_of, choose, elapsed, map_phase};
use crate::model::{CallId, PhotoId};
use crate::phone::command::Command;
use crate::phone::view::{CallPhase as Phase, CallView, View};

/// Space between two cards, in logical pixels.
const GAP: f32 = 8.0;
/// Cards on the screen at once; further calls stand in the main window alone.
const MAX_CARDS: usize = 3;
/// How long a card waits for its content: what comes up has its size. A slower store is not waited for.
const PATIENCE: Duration = Duration::from_millis(100);

/// The cards on the screen.
pub struct Popups {
    main: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    bell: Rc<Bell>,
    photos: Rc<Photos>,
    looks: Rc<CategoryLooks>,
    zone: TimeZone,
    cards: RefCell<Vec<Popup>>,
    /// Calls whose first paint was told.
    told: RefCell<HashSet<CallId>>,
    latest: RefCell<Vec<CallView>>,
}

/// One window, shown for a call or waiting hidden for the next.
#[derive(Clone)]
struct Popup {
    shown: Rc<CardPopup>,
    call: Rc<Cell<Option<CallId>>>,
    /// The photo that belongs on it.
    photo: Rc<Cell<Option<PhotoId>>>,
}

impl Popups {
    /// Makes the first window beforehand, so that a call finds it ready.
    pub fn start(
        main: &MainWindow,
        phone: Rc<dyn PhoneLink>,
        photos: Rc<Photos>,
        bell: Rc<Bell>,
        looks: Rc<CategoryLooks>,
    ) -> Rc<Self> {
        let popups = Rc::new(Self {
            main: main.as_weak(),
            phone,
            bell,
            photos,
            looks,
            zone: TimeZone::system(),
            cards: RefCell::default(),
            told: RefCell::default(),
            latest: RefCell::default(),
        });
        if let Some(popup) = popups.make() {
            let call = popup.call.clone();
            let warmed = backend::warm_up(&popup.shown.window, move || call.get().is_some());
            tracing::debug!(?warmed, "the card's window is ready");
            popups.cards.borrow_mut().push(popup);
        }
        popups
    }

    fn make(&self) -> Option<Popup> {
        let shown = match CardPopup::new() {
            Ok(shown) => shown,
            Err(error) => {
                tracing::warn!(%error, "no window for the caller card");
                return None;
            }
        };
        let window = &shown.window;
        self.looks.attach(window);
        let phone = self.phone.clone();
        window.on_answer(move |call| {
            if let Ok(call) = call.parse() {
                phone.command(Command::Answer(call), Box::new(|_| {}));
            }
        });
        let phone = self.phone.clone();
        let weak = window.as_weak();
        window.on_reject(move |call| {
            let Ok(call) = call.parse() else { return };
            let incoming = weak.upgrade().is_some_and(|card| card.get_card().incoming);
            let command = if incoming {
                Command::Reject(call)
            } else {
                Command::Hangup(call)
            };
            phone.command(command, Box::new(|_| {}));
        });
        let phone = self.phone.clone();
        window.on_acknowledged(move |call| {
            if let Ok(call) = call.parse() {
                phone.command(Command::NoteRead(call), Box::new(|_| {}));
            }
        });
        let phone = self.phone.clone();
        window.on_chosen(move |call, client| {
            if let (Ok(call), Ok(client)) = (call.parse(), client.parse()) {
                phone.command(Command::LinkCaller { call, client }, Box::new(|_| {}));
            }
        });
        let main = self.main.clone();
        window.on_more(move |call| {
            if let Some(main) = main.upgrade() {
                main.global::<PhoneAdapter>().invoke_open_client(call);
                main.window()
                    .with_winit_window(|window| window.focus_window());
            }
        });
        Some(Popup {
            shown: Rc::new(shown),
            call: Rc::default(),
            photo: Rc::default(),
        })
    }

    /// Shows the cards of the calls that ring.
    pub fn show(self: &Rc<Self>, view: &View) {
        *self.latest.borrow_mut() = view.calls.clone();
        self.refresh();
        let now = Instant::now();
        let waiting = view.calls.iter().filter(|call| self.has_card(call));
        if let Some(rest) = waiting.filter_map(|call| still_waits(call, now)).max() {
            let popups = self.clone();
            spawn(async move {
                pause(rest).await;
                popups.refresh();
            });
        }
    }

    /// Draws the cards anew: after a view or a second.
    pub fn refresh(&self) {
        let calls = self.latest.borrow();
        let now = Instant::now();
        let ready = |call: &&CallView| self.has_card(call) && still_waits(call, now).is_none();
        let ringing: Vec<&CallView> = calls.iter().filter(ready).collect();
        self.hide_all_but(&ringing);
        let at_hand = self.under_keys(&calls);
        for call in ringing.iter().take(MAX_CARDS) {
            self.show_call(call, at_hand == Some(call.id));
        }
        let up = |id: &CallId| calls.iter().any(|call| call.id == *id);
        self.told.borrow_mut().retain(up);
    }

    /// A call has a card of its own while it rings, on either side, and the module is on; one that
    /// comes in, where the settings want it told in this way.
    fn has_card(&self, call: &CallView) -> bool {
        let wanted = match call.state {
            Phase::Incoming => self.bell.shows_card(call.id),
            Phase::Dialing | Phase::Ringing | Phase::Early => true,
            _ => false,
        };
        wanted && call.card.is_some()
    }

    /// The call that Enter and Esc are for. They are the main window's; a card never has the focus.
    fn under_keys(&self, calls: &[CallView]) -> Option<CallId> {
        let main = self.main.upgrade()?;
        let focused = main.window().with_winit_window(|window| window.has_focus());
        let shown = main.global::<PhoneAdapter>().get_call().id.parse().ok();
        focused
            .unwrap_or(false)
            .then(|| choose(calls, shown))
            .flatten()
    }

    fn hide_all_but(&self, ringing: &[&CallView]) {
        for popup in self.cards.borrow().iter() {
            let gone = |id: CallId| !ringing.iter().any(|call| call.id == id);
            if popup.call.get().is_some_and(gone) {
                popup.call.set(None);
                let _ = popup.shown.window.hide();
            }
        }
    }

    fn show_call(&self, call: &CallView, keys: bool) {
        let mut cards = self.cards.borrow_mut();
        let at = match cards
            .iter()
            .position(|popup| popup.call.get() == Some(call.id))
        {
            Some(at) => at,
            None => match cards.iter().position(|popup| popup.call.get().is_none()) {
                Some(at) => at,
                None => match self.make() {
                    Some(popup) => {
                        cards.push(popup);
                        cards.len() - 1
                    }
                    None => return,
                },
            },
        };
        let above = cards[..at]
            .iter()
            .filter(|popup| popup.call.get().is_some())
            .map(|popup| popup.shown.window.get_needed_height() + GAP)
            .sum();
        let popup = &cards[at];
        self.fill(popup, call);
        popup.shown.window.set_keys(keys);
        if popup.call.replace(Some(call.id)) != Some(call.id) {
            self.bring_up(popup, call, above);
        }
    }

    fn fill(&self, popup: &Popup, call: &CallView) {
        let mut data = card_of(call, &self.zone);
        let photo = call.card.as_deref().and_then(photo_of);
        popup.photo.set(photo);
        if let Some(photo) = photo {
            match self.photos.known(photo) {
                Some(image) => data.photo = image,
                None => spawn(load_photo(
                    self.photos.clone(),
                    self.phone.clone(),
                    popup.clone(),
                    photo,
                )),
            }
        }
        if !same_card(&popup.shown.window.get_card(), &data) {
            popup.shown.window.set_card(data);
        }
        popup.shown.window.set_phase(map_phase(call));
        popup
            .shown
            .window
            .set_elapsed(elapsed(call, Timestamp::now()));
    }

    fn bring_up(&self, popup: &Popup, call: &CallView, above: f32) {
        let Some(main) = self.main.upgrade() else {
            return;
        };
        let window = &popup.shown.window;
        dress(&main, window);
        backend::place_card(window, main.window(), above);
        if self.told.borrow_mut().insert(call.id) {
            let (phone, id, arrived) = (self.phone.clone(), call.id, call.arrived);
            popup.shown.on_next_frame(move || {
                let ms = arrived.elapsed().as_secs_f64() * 1000.0;
                phone.command(Command::CardShown { call: id, ms }, Box::new(|_| {}));
            });
        }
        if let Err(error) = window.show() {
            tracing::warn!(%error, "the caller card cannot be shown");
        }
    }
}

/// Shows the photo once it is read, if it still belongs to whom the card shows then.
async fn load_photo(photos: Rc<Photos>, phone: Rc<dyn PhoneLink>, popup: Popup, photo: PhotoId) {
    let image = photos.load(&phone, photo).await;
    if let Some(image) = image
        && popup.photo.get() == Some(photo)
    {
        let window = &popup.shown.window;
        let mut card = window.get_card();
        card.photo = image;
        window.set_card(card);
    }
}

/// How much longer the call's card waits for the look-up.
fn still_waits(call: &CallView, now: Instant) -> Option<Duration> {
    if call.looked_up {
        return None;
    }
    PATIENCE
        .checked_sub(now.saturating_duration_since(call.arrived))
        .filter(|rest| !rest.is_zero())
}

/// Each window has its own globals: colours, text size and direction are carried over.
fn dress(main: &MainWindow, card: &CardWindow) {
    let (from, to) = (main.global::<Theme>(), card.global::<Theme>());
    to.invoke_choose(from.get_choice());
    to.set_text_scale(from.get_text_scale());
    to.set_reduced_motion(from.get_reduced_motion());
    to.set_high_contrast(from.get_high_contrast());
    card.global::<Categories>()
        .set_revision(main.global::<Categories>().get_revision());
    card.global::<Reading>()
        .set_rtl(main.global::<Reading>().get_rtl());
}
