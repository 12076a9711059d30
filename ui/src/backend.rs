//! The windowing backend, and what it must know about the caller card's window.

use std::cell::Cell;
use std::rc::Rc;

use slint::winit_030::winit::dpi::PhysicalPosition;
use slint::winit_030::winit::event::WindowEvent;
use slint::winit_030::winit::monitor::MonitorHandle;
use slint::winit_030::winit::window::{Window as WinitWindow, WindowAttributes, WindowLevel};
use slint::winit_030::{EventResult, WinitWindowAccessor as _};
use slint::{ComponentHandle, PlatformError, RenderingState};

use crate::CardWindow;

/// How wide a card is, in logical pixels.
const WIDTH: f32 = 360.0;
/// Space between the card and the edges of the screen, in logical pixels.
const MARGIN: f64 = 16.0;
/// A card has so much height even where the screen ends before, in logical pixels.
const LEAST_HEIGHT: f32 = 240.0;

thread_local! {
    /// The next window to be made is a card's.
    static MAKING_CARD: Cell<bool> = const { Cell::new(false) };
}

/// Chooses the backend for a desktop. Call it once, before anything else of the window.
///
/// # Errors
/// Where there is no display.
pub fn select() -> Result<(), PlatformError> {
    slint::BackendSelector::new()
        .backend_name("winit".into())
        .with_winit_window_attributes_hook(|attributes| {
            if MAKING_CARD.get() {
                card_attributes(attributes)
            } else {
                attributes
            }
        })
        .select()
}

/// A window for a caller card, which never takes the keyboard's focus (S1.8).
pub struct CardPopup {
    /// The window.
    pub window: CardWindow,
    painted: Rc<Cell<Option<Painted>>>,
}

/// What waits for a paint.
type Painted = Box<dyn FnOnce()>;

impl CardPopup {
    /// Makes the window, hidden.
    ///
    /// # Errors
    /// Where the window system refuses another window.
    pub fn new() -> Result<Self, PlatformError> {
        MAKING_CARD.set(true);
        let window = CardWindow::new().inspect(|card| {
            // Asking for the window makes the backend create it now, while the mark stands.
            let _ = card.window().scale_factor();
        });
        MAKING_CARD.set(false);
        let window = window?;
        let painted: Rc<Cell<Option<Painted>>> = Rc::default();
        let waiting = painted.clone();
        let drawn = window.window().set_rendering_notifier(move |state, _| {
            if matches!(state, RenderingState::AfterRendering) {
                waiting.take().into_iter().for_each(|painted| painted());
            }
        });
        if drawn.is_err() {
            Self::watch_redraws(&window, painted.clone());
        }
        Ok(Self { window, painted })
    }

    /// The software renderer tells nobody when it has drawn.
    fn watch_redraws(window: &CardWindow, painted: Rc<Cell<Option<Painted>>>) {
        window.window().on_winit_window_event(move |_, event| {
            if matches!(event, WindowEvent::RedrawRequested)
                && let Some(painted) = painted.take()
            {
                // The frame is drawn while this event is handled; the timer fires after it.
                slint::Timer::single_shot(std::time::Duration::ZERO, painted);
            }
            EventResult::Propagate
        });
    }

    /// Calls `painted` once, right after the next frame is drawn.
    pub fn on_next_frame(&self, painted: impl FnOnce() + 'static) {
        self.painted.set(Some(Box::new(painted)));
        self.window.window().request_redraw();
    }
}

fn card_attributes(attributes: WindowAttributes) -> WindowAttributes {
    let attributes = attributes
        .with_active(false)
        .with_decorations(false)
        .with_resizable(false)
        .with_window_level(WindowLevel::AlwaysOnTop);
    #[cfg(all(unix, not(target_vendor = "apple")))]
    let attributes = {
        use slint::winit_030::winit::platform::x11::{WindowAttributesExtX11 as _, WindowType};
        // The type alone is not enough: Openbox focuses a notification of the program in front.
        attributes
            .with_x11_window_type(vec![WindowType::Notification])
            .with_override_redirect(true)
    };
    attributes
}

/// Has the window system make the card's window beforehand, out of sight, so that it is painted
/// at once when a call comes. It is hidden again unless it is `taken` by then.
///
/// # Errors
/// Where the window system refuses it.
pub fn warm_up(card: &CardWindow, taken: impl Fn() -> bool + 'static) -> Result<(), PlatformError> {
    card.window()
        .set_position(slint::PhysicalPosition::new(-4000, -4000));
    card.show()?;
    let weak = card.as_weak();
    slint::Timer::single_shot(std::time::Duration::ZERO, move || {
        if let Some(card) = weak.upgrade().filter(|_| !taken()) {
            let _ = card.hide();
        }
    });
    Ok(())
}

/// Gives a filled card its size and puts it at the top right of the screen that `main` is on, below
/// the `above` pixels (logical) that other cards take. What the rest of the screen has no room for
/// scrolls.
pub fn place_card(card: &CardWindow, main: &slint::Window, above: f32) {
    let monitor = main.with_winit_window(screen_of).flatten();
    if let Some(monitor) = &monitor {
        let screen = f64::from(monitor.size().height) / monitor.scale_factor();
        let room = screen as f32 - above - 2.0 * MARGIN as f32;
        card.set_most_height(room.max(LEAST_HEIGHT));
    }
    // Before it is shown: a window that comes up again has the size it had the last time, and the
    // event loop would adapt it after the first paint only.
    let size = slint::LogicalSize::new(WIDTH, card.get_needed_height());
    card.window().set_size(size);
    let Some(monitor) = monitor else {
        return;
    };
    let scale = monitor.scale_factor();
    let (corner, size) = (monitor.position(), monitor.size());
    let width = f64::from(WIDTH) * scale;
    let x = f64::from(corner.x) + f64::from(size.width) - width - MARGIN * scale;
    let y = f64::from(corner.y) + (MARGIN + f64::from(above)) * scale;
    let place = PhysicalPosition::new(x.round() as i32, y.round() as i32);
    card.window()
        .set_position(slint::PhysicalPosition::new(place.x, place.y));
}

fn screen_of(window: &WinitWindow) -> Option<MonitorHandle> {
    window
        .current_monitor()
        .or_else(|| window.primary_monitor())
        .or_else(|| window.available_monitors().next())
}
