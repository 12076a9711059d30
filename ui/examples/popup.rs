//! Shows a caller card over whatever has the focus, for the test that the focus stays there.

use std::time::{Duration, Instant};

use ringbook_ui::slint::{self, ComponentHandle};
use ringbook_ui::{CallPhase, CardData, MainWindow, backend};

fn main() -> Result<(), slint::PlatformError> {
    backend::select()?;
    ringbook_ui::fonts::install();
    let main = MainWindow::new()?;
    main.show()?;
    let popup = backend::CardPopup::new()?;
    let card = popup.window.clone_strong();
    card.set_card(CardData {
        company: "Alfa LLC".into(),
        incoming: true,
        known: true,
        name: "Ivan Petrov".into(),
        category: "vip".into(),
        ..CardData::default()
    });
    card.set_phase(CallPhase::Incoming);
    backend::warm_up(&card, || false)?;
    let weak = main.as_weak();
    slint::Timer::single_shot(Duration::from_secs(3), move || {
        let Some(main) = weak.upgrade() else { return };
        backend::place_card(&card, main.window(), 0.0);
        let asked = Instant::now();
        popup.on_next_frame(move || {
            println!(
                "painted after {:.1} ms",
                asked.elapsed().as_secs_f64() * 1e3
            );
        });
        let _ = card.show();
        let hide = card.as_weak();
        slint::Timer::single_shot(Duration::from_secs(6), move || {
            let _ = hide.upgrade().map(|card| card.hide());
            let _ = slint::quit_event_loop();
        });
        std::mem::forget(popup);
    });
    main.run()
}
