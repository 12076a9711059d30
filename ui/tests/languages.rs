//! The window in every language: the bundled translations are found, and pictures show how they fit.

use crate::support;

use i_slint_backend_testing::ElementHandle;
use ringbook_ui::slint::{ComponentHandle, select_bundled_translation};
use ringbook_ui::*;
use support::{audio, book, sample, tasks};

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
        tasks::put(&window);
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
            (Page::Tasks, "tasks"),
            (Page::Settings, "settings"),
        ] {
            shell.set_page(page);
            support::picture(&window, &format!("{name}-{code}"), 1080.0, 720.0);
            support::picture(&window, &format!("{name}-{code}-compact"), 320.0, 640.0);
        }
        let clients = window.global::<ClientsAdapter>();
        clients.set_selected("k1".into());
        shell.set_page(Page::Clients);
        clients.set_editing(true);
        support::picture(&window, &format!("client-edit-{code}"), 1080.0, 1100.0);
        clients.set_editing(false);
        window.global::<Theme>().set_text_scale(2.0);
        window.global::<Theme>().invoke_choose(ThemeChoice::Dark);
        support::picture(&window, &format!("client-{code}-large"), 320.0, 2600.0);
        window.global::<Theme>().set_text_scale(1.0);
        window.global::<Theme>().invoke_choose(ThemeChoice::Light);
        clients.set_selected("".into());
        sample::put_up(&window, sample::call(), sample::vip());
        shell.set_page(Page::Phone);
        support::picture(&window, &format!("call-{code}"), 1080.0, 720.0);
        support::picture(&window, &format!("call-{code}-compact"), 320.0, 640.0);
    }
}

/// Everything is told in every way.
fn told(window: &MainWindow) {
    let ways = || ToldIn {
        window: true,
        desktop: true,
        sound: true,
    };
    let adapter = window.global::<NotificationsAdapter>();
    window.global::<TasksAdapter>().set_present(true);
    adapter.set_calls(ways());
    adapter.set_tasks(ways());
    adapter.set_long_calls(ways());
    adapter.set_long_call(2);
    adapter.set_alerts(ways());
}

#[test]
fn no_language_pushes_a_text_out_of_the_narrowest_window() {
    support::start();
    let mut outside = Vec::new();
    for (code, ..) in LANGUAGES {
        for scale in [1.0, 2.0] {
            let window = MainWindow::new().unwrap();
            select_bundled_translation(code).unwrap();
            window.global::<Reading>().set_rtl(code == "ar");
            window.global::<Theme>().set_text_scale(scale);
            sample::fill(&window);
            sample::put_colleagues(&window);
            sample::put_away(&window);
            sample::put_line(&window);
            window
                .window()
                .set_size(slint::LogicalSize::new(320.0, 4000.0));
            window.show().unwrap();
            let shell = window.global::<WindowAdapter>();
            let settings = window.global::<SettingsAdapter>();
            let mut check = |page: &str| {
                support::settle();
                for what in support::outside(&window, 320.0) {
                    outside.push(format!("{page}, {code}, text {scale}: {what}"));
                }
            };
            shell.set_page(Page::Phone);
            check("phone");
            shell.set_page(Page::Settings);
            check("line");
            settings.set_part(SettingsPart::Absence);
            check("availability");
            // What fits with large texts fits with small ones.
            if scale > 1.0 {
                audio::put(&window);
                audio::put_trial(&window);
                check("audio");
                settings.set_part(SettingsPart::Office);
                check("office");
                let clients = window.global::<ClientsAdapter>();
                clients.set_selected("k1".into());
                shell.set_page(Page::Clients);
                check("client");
                clients.set_tab(ClientTab::Records);
                window.global::<RecordsAdapter>().set_editing(true);
                check("form of a record");
                window.global::<RecordsAdapter>().set_editing(false);
                clients.set_editing(true);
                check("form of a client");
                clients.set_editing(false);
                book::put_merge(&window, true);
                check("merge");
            }
            shell.set_page(Page::Settings);
            told(&window);
            shell.set_link("+7 701 111 22 33".into());
            settings.set_part(SettingsPart::Notifications);
            check("notifications");
            sample::put_flight(&window);
            check("messages");
            window.global::<FlightAdapter>().set_part(1);
            check("sound");
            window.global::<FlightAdapter>().set_open(false);
            check("call");
            tasks::put(&window);
            let owed = window.global::<TasksAdapter>();
            owed.set_closing(true);
            shell.set_page(Page::Tasks);
            check("task");
            owed.set_selected("".into());
            check("tasks");
        }
    }
    assert!(outside.is_empty(), "{outside:#?}");
}
