//! The window in every language: the bundled translations are found, and pictures show how they fit.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use i_slint_backend_testing::ElementHandle;
use ringbook_ui::slint::{ComponentHandle, select_bundled_translation};
use ringbook_ui::*;
use support::sample;

/// A language, what its rail calls the clients, and how a day late reads.
const LANGUAGES: [(&str, &str, &str); 7] = [
    ("en", "Clients", "overdue 2 days"),
    ("ru", "Клиенты", "просрочен на 2 дня"),
    ("hi", "ग्राहक", "2 दिन की देरी"),
    ("ne", "ग्राहक", "2 दिन ढिलो"),
    ("hu", "Ügyfelek", "2 napja lejárt"),
    ("ar", "العملاء", "متأخر يومين"),
    ("en-XA", "öñ Clîéñts", "öñé tw övérdüé 2 dàys"),
];

#[test]
fn every_language_is_in_the_window_and_pictures_show_that_it_fits() {
    support::start();
    for (code, clients, late) in LANGUAGES {
        let window = MainWindow::new().unwrap();
        select_bundled_translation(code).unwrap();
        window.global::<Theme>().invoke_choose(ThemeChoice::Light);
        window.global::<Reading>().set_rtl(code == "ar");
        sample::fill(&window);
        support::settle();
        let found = ElementHandle::find_by_accessible_label(&window, clients).count();
        assert!(found > 0, "{code}: nothing is called {clients}");
        assert_eq!(window.global::<Words>().invoke_overdue(2), late);

        let shell = window.global::<WindowAdapter>();
        for (page, name) in [
            (Page::Phone, "phone"),
            (Page::Clients, "clients"),
            (Page::Calls, "calls"),
            (Page::Recordings, "recordings"),
            (Page::Settings, "settings"),
        ] {
            shell.set_page(page);
            support::picture(&window, &format!("{name}-{code}"), 1080.0, 720.0);
            support::picture(&window, &format!("{name}-{code}-compact"), 320.0, 640.0);
        }
        sample::put_up(&window, sample::call(), sample::vip());
        shell.set_page(Page::Phone);
        support::picture(&window, &format!("call-{code}"), 1080.0, 720.0);
        support::picture(&window, &format!("call-{code}-compact"), 320.0, 640.0);
    }
}
