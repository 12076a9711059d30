//! Pictures of every window and page, light and dark, written to `target/screenshots/`.

use crate::support;

use i_slint_backend_testing::ElementHandle;
use ringbook_ui::slint::{ComponentHandle, select_bundled_translation};
use ringbook_ui::*;
use support::calls::Words as Said;
use support::{audio, book, calls, sample, table, tasks};

#[test]
fn pictures_of_every_window() {
    support::start();

    for (theme, suffix) in [(ThemeChoice::Light, ""), (ThemeChoice::Dark, "-dark")] {
        for (name, card) in [
            ("vip", sample::vip()),
            ("full", sample::full()),
            ("problem", sample::problem()),
            ("unknown", sample::unknown()),
            ("hidden", sample::hidden()),
            ("arabic", sample::arabic()),
            ("endless", sample::endless()),
            (
                "diverted",
                CardData {
                    diverted_by: "+7 727 250 00 00".into(),
                    ..sample::unknown()
                },
            ),
        ] {
            let window = CardWindow::new().unwrap();
            window.global::<Theme>().invoke_choose(theme);
            window.set_card(card);
            window.set_phase(CallPhase::Incoming);
            window.set_elapsed("00:07".into());
            support::settle();
            let height = window.get_needed_height();
            support::picture(&window, &format!("card-{name}{suffix}"), 360.0, height);
        }

        let gallery = GalleryWindow::new().unwrap();
        gallery.global::<Theme>().invoke_choose(theme);
        support::picture(&gallery, &format!("gallery{suffix}"), 1160.0, 900.0);

        let window = MainWindow::new().unwrap();
        window.global::<Theme>().invoke_choose(theme);
        sample::fill(&window);
        let shell = window.global::<WindowAdapter>();
        support::picture(&window, &format!("phone{suffix}"), 1080.0, 720.0);

        shell.set_page(Page::Clients);
        window.global::<ClientsAdapter>().set_selected("k1".into());
        support::picture(&window, &format!("client{suffix}"), 1080.0, 720.0);
        let clients = window.global::<ClientsAdapter>();
        clients.set_editing(true);
        support::picture(&window, &format!("client-edit{suffix}"), 1080.0, 1200.0);
        clients.set_editing(false);
        clients.set_tab(ClientTab::Records);
        support::picture(&window, &format!("client-orders{suffix}"), 1080.0, 1000.0);
        window.global::<RecordsAdapter>().set_editing(true);
        support::picture(&window, &format!("client-order{suffix}"), 1080.0, 1200.0);
        window.global::<RecordsAdapter>().set_editing(false);
        clients.set_tab(ClientTab::Timeline);
        book::put_merge(&window, true);
        support::picture(&window, &format!("client-merge{suffix}"), 1080.0, 800.0);
        window.global::<MergeAdapter>().set_open(false);

        shell.set_page(Page::Calls);
        window.global::<LogAdapter>().set_selected("4".into());
        support::picture(&window, &format!("log{suffix}"), 1080.0, 720.0);
        table::put(&window);
        window.global::<LogAdapter>().set_selected("".into());
        support::picture(&window, &format!("table{suffix}"), 1280.0, 720.0);
        let adapter = window.global::<TableAdapter>();
        adapter.set_asking(true);
        window.global::<LogAdapter>().set_selected("4".into());
        support::picture(&window, &format!("table-asked{suffix}"), 1280.0, 720.0);
        adapter.set_choosing(true);
        adapter.set_naming(true);
        support::picture(&window, &format!("table-columns{suffix}"), 1080.0, 720.0);
        adapter.set_choosing(false);
        adapter.set_naming(false);
        adapter.set_asking(false);
        adapter.set_open(false);

        sample::put_flight(&window);
        support::picture(&window, &format!("flight{suffix}"), 1080.0, 900.0);
        window.global::<FlightAdapter>().set_part(1);
        support::picture(&window, &format!("flight-sound{suffix}"), 1080.0, 900.0);
        window.global::<FlightAdapter>().set_open(false);
        support::picture(&window, &format!("log-flight{suffix}"), 1080.0, 720.0);

        shell.set_page(Page::Recordings);
        window
            .global::<RecordingsAdapter>()
            .set_selected("r3".into());
        support::picture(&window, &format!("recordings{suffix}"), 1080.0, 720.0);

        tasks::put(&window);
        shell.set_page(Page::Tasks);
        support::picture(&window, &format!("tasks{suffix}"), 1080.0, 720.0);
        let owed = window.global::<TasksAdapter>();
        owed.set_closing(true);
        support::picture(&window, &format!("tasks-closing{suffix}"), 1080.0, 900.0);
        owed.set_kind(1);
        owed.set_rows(sample::model(tasks::done()));
        owed.set_selected("t8".into());
        owed.set_task(tasks::done()[1].clone());
        support::picture(&window, &format!("tasks-done{suffix}"), 1080.0, 720.0);

        sample::put_colleagues(&window);
        sample::put_away(&window);
        sample::put_layouts(&window);
        book::put_costs(&window, false);
        shell.set_page(Page::Phone);
        support::picture(&window, &format!("colleagues{suffix}"), 1080.0, 900.0);
        shell.set_page(Page::Settings);
        for part in [
            SettingsPart::Account,
            SettingsPart::Card,
            SettingsPart::Absence,
            SettingsPart::Audio,
            SettingsPart::Recording,
            SettingsPart::Office,
            SettingsPart::Costs,
            SettingsPart::Notifications,
            SettingsPart::Appearance,
            SettingsPart::About,
        ] {
            window.global::<SettingsAdapter>().set_part(part);
            support::picture(
                &window,
                &format!("settings-{part:?}{suffix}").to_lowercase(),
                1080.0,
                720.0,
            );
        }

        sample::put_line(&window);
        support::picture(&window, &format!("settings-line{suffix}"), 1080.0, 1900.0);

        sample::put_up(&window, sample::call(), sample::vip());
        shell.set_page(Page::Phone);
        support::picture(&window, &format!("call{suffix}"), 1080.0, 720.0);
        support::picture(&window, &format!("call-compact{suffix}"), 320.0, 640.0);
        sample::put_up(&window, sample::ringing(), sample::problem());
        support::picture(&window, &format!("ringing{suffix}"), 1080.0, 720.0);
        sample::put_up(&window, sample::call(), sample::unknown());
        shell.set_page(Page::Clients);
        support::picture(&window, &format!("client-in-call{suffix}"), 1080.0, 720.0);
        shell.set_searching(true);
        support::picture(&window, &format!("search{suffix}"), 1080.0, 720.0);
        shell.set_searching(false);
    }
}

#[test]
fn pictures_of_narrow_large_and_mirrored_windows() {
    support::start();

    let window = MainWindow::new().unwrap();
    window.global::<Theme>().invoke_choose(ThemeChoice::Light);
    sample::fill(&window);
    let shell = window.global::<WindowAdapter>();
    support::picture(&window, "compact-phone", 320.0, 480.0);
    shell.set_page(Page::Calls);
    support::picture(&window, "compact-log", 320.0, 480.0);
    sample::put_away(&window);
    sample::put_colleagues(&window);
    shell.set_page(Page::Phone);
    support::picture(&window, "compact-colleagues", 320.0, 1000.0);
    shell.set_page(Page::Settings);
    window
        .global::<SettingsAdapter>()
        .set_part(SettingsPart::Absence);
    support::picture(&window, "compact-availability", 320.0, 800.0);
    sample::put_line(&window);
    support::picture(&window, "compact-line", 320.0, 2000.0);
    window.global::<AbsenceAdapter>().set_do_not_disturb(false);
    window.global::<AbsenceAdapter>().set_always("".into());
    window.global::<AbsenceAdapter>().set_busy("".into());
    sample::put_flight(&window);
    support::picture(&window, "compact-flight", 320.0, 1000.0);
    window.global::<FlightAdapter>().set_part(1);
    support::picture(&window, "compact-flight-sound", 320.0, 1000.0);
    window.global::<FlightAdapter>().set_open(false);
    support::picture(&window, "compact-log-flight", 320.0, 800.0);
    tasks::put(&window);
    shell.set_page(Page::Tasks);
    support::picture(&window, "compact-task", 320.0, 480.0);
    window.global::<TasksAdapter>().set_selected("".into());
    support::picture(&window, "compact-tasks", 320.0, 480.0);
    shell.set_page(Page::Clients);
    support::picture(&window, "compact-clients", 320.0, 480.0);
    window.global::<ClientsAdapter>().set_selected("k1".into());
    support::picture(&window, "compact-client", 320.0, 480.0);
    shell.set_page(Page::Settings);
    support::picture(&window, "compact-settings", 320.0, 480.0);
    window
        .global::<SettingsAdapter>()
        .set_part(SettingsPart::Costs);
    for (editing, name) in [(false, "compact-costs"), (true, "compact-tariff")] {
        book::put_costs(&window, editing);
        support::picture(&window, name, 320.0, 900.0);
    }
    shell.set_page(Page::Calls);
    calls::put_wallboard(&window, &Said::of("en"));
    support::picture(&window, "compact-wallboard", 320.0, 900.0);
    window.global::<ReportsAdapter>().set_open(false);

    sample::put_up(&window, sample::call(), sample::problem());
    shell.set_page(Page::Phone);
    support::picture(&window, "compact-call", 320.0, 1000.0);
    window.global::<PhoneAdapter>().set_has_call(false);
    shell.set_link("+7 701 111 22 33".into());
    support::picture(&window, "compact-link", 320.0, 640.0);
    support::picture(&window, "link", 1080.0, 720.0);
    shell.set_link("".into());
    shell.set_notices(sample::model(sample::notices()));
    support::picture(&window, "compact-notices", 320.0, 640.0);
    support::picture(&window, "notices", 1080.0, 720.0);
    window.global::<Theme>().set_text_scale(2.0);
    support::picture(&window, "large-notices", 1080.0, 900.0);
    support::picture(&window, "large-notices-compact", 320.0, 900.0);
    shell.set_notices(sample::model(vec![]));
    sample::put_up(&window, sample::call(), sample::problem());
    support::picture(&window, "large-call-compact", 320.0, 1600.0);
    window.global::<PhoneAdapter>().set_has_call(false);
    shell.set_page(Page::Phone);
    support::picture(&window, "large-phone", 1080.0, 900.0);
    shell.set_page(Page::Calls);
    support::picture(&window, "large-log", 1080.0, 900.0);
    table::put(&window);
    support::picture(&window, "large-table", 1400.0, 900.0);
    window.global::<TableAdapter>().set_open(false);
    tasks::put(&window);
    shell.set_page(Page::Tasks);
    support::picture(&window, "large-tasks", 1080.0, 900.0);
    support::picture(&window, "large-task-compact", 320.0, 900.0);
    window.global::<Theme>().set_text_scale(1.0);

    window.global::<Reading>().set_rtl(true);
    sample::put_up(&window, sample::call(), sample::arabic());
    shell.set_page(Page::Phone);
    support::picture(&window, "mirrored-call", 1080.0, 720.0);
    shell.set_page(Page::Clients);
    support::picture(&window, "mirrored-client", 1080.0, 720.0);
    table::put(&window);
    window.global::<TableAdapter>().set_asking(true);
    shell.set_page(Page::Calls);
    support::picture(&window, "mirrored-table", 1280.0, 720.0);
}

/// The card, with little on it and with all, and the client page: in every language, light and dark, small and large.
#[test]
fn pictures_of_the_card_and_the_client_page_in_every_language() {
    support::start();

    for code in ["en", "ru", "hi", "ne", "hu", "ar"] {
        for (theme, suffix) in [(ThemeChoice::Light, ""), (ThemeChoice::Dark, "-dark")] {
            for (scale, size) in [(1.0, ""), (2.0, "-large")] {
                let look = |theme_of: Theme<'_>, reading: Reading<'_>| {
                    reading.set_rtl(code == "ar");
                    theme_of.invoke_choose(theme);
                    theme_of.set_text_scale(scale);
                };
                for (name, card) in [("full", sample::full()), ("empty", sample::unknown())] {
                    let window = CardWindow::new().unwrap();
                    select_bundled_translation(code).unwrap();
                    look(window.global(), window.global());
                    window.set_card(card);
                    window.set_phase(CallPhase::Incoming);
                    window.set_elapsed("00:07".into());
                    support::settle();
                    let height = window.get_needed_height();
                    let name = format!("card-{name}-{code}{size}{suffix}");
                    support::picture(&window, &name, 360.0, height);
                }
                let window = MainWindow::new().unwrap();
                look(window.global(), window.global());
                sample::fill(&window);
                window.global::<WindowAdapter>().set_page(Page::Clients);
                window.global::<ClientsAdapter>().set_selected("k1".into());
                let name = format!("client-{code}{size}{suffix}");
                support::picture(&window, &name, 1080.0, 720.0 * scale);
            }
        }
    }
}

/// The settings of the sound, at rest and while they are tried: light and dark, wide and narrow.
#[test]
fn pictures_of_the_settings_of_the_sound() {
    support::start();

    for code in ["en", "ru", "ar"] {
        for (theme, suffix) in [(ThemeChoice::Light, ""), (ThemeChoice::Dark, "-dark")] {
            let window = MainWindow::new().unwrap();
            select_bundled_translation(code).unwrap();
            window.global::<Theme>().invoke_choose(theme);
            window.global::<Reading>().set_rtl(code == "ar");
            sample::fill(&window);
            audio::put(&window);
            let name = format!("audio-{code}{suffix}");
            support::picture(&window, &name, 1080.0, 2100.0);
            support::assert_within(&window, 1080.0, &name);
            audio::put_trial(&window);
            let name = format!("audio-trial-{code}{suffix}");
            support::picture(&window, &name, 1080.0, 1000.0);
            let name = format!("audio-narrow-{code}{suffix}");
            support::picture(&window, &name, 320.0, 2800.0);
            support::assert_within(&window, 320.0, &name);
            assert!(support::covered(&window).is_empty(), "{name}");
        }
    }
}

/// Where what is told by this name begins.
fn place_of(window: &MainWindow, label: &str) -> f32 {
    let found = ElementHandle::find_by_accessible_label(window, label).next();
    let found = found.unwrap_or_else(|| panic!("nothing is called {label}"));
    found.absolute_position().x
}

/// Fails where something leaves the window, controls cover each other, or the first of two does not stand
/// where people begin to read.
fn assert_stands_well(window: &MainWindow, name: &str, [first, last]: [&str; 2], rtl: bool) {
    support::assert_within(window, 1600.0, name);
    let covered = support::covered(window);
    assert!(covered.is_empty(), "{name}: {covered:#?}");
    let (first, last) = (place_of(window, first), place_of(window, last));
    assert_eq!(first > last, rtl, "{name}: {first}, {last}");
}

/// The page of calls: the list, the table, calls put together, a recording in the player, and two
/// reports; in every language, light and dark. The words are there and each page begins where people
/// begin to read; nothing leaves the window, and no control covers another.
#[test]
fn s5_6_s5_9_s5_11_pictures_of_the_page_of_calls_in_every_language() {
    support::start();

    let mut english = Vec::new();
    for code in ["en", "ru", "hi", "ne", "hu", "ar"] {
        let said = Said::of(code);
        let mut light = Vec::new();
        for (theme, suffix) in [(ThemeChoice::Light, ""), (ThemeChoice::Dark, "-dark")] {
            let window = MainWindow::new().unwrap();
            select_bundled_translation(code).unwrap();
            window.global::<Theme>().invoke_choose(theme);
            window.global::<Reading>().set_rtl(code == "ar");
            sample::fill(&window);
            calls::put_lines(&window, &said);
            window.global::<WindowAdapter>().set_page(Page::Calls);
            window.global::<LogAdapter>().set_selected("".into());
            let mut drawn = Vec::new();
            let mut draw = |what: &str, first: &str, last: &str| {
                let name = format!("telephone-{what}-{code}{suffix}");
                drawn.push(support::picture(&window, &name, 1600.0, 900.0));
                // Nothing stands elsewhere in the dark.
                if theme == ThemeChoice::Light {
                    assert_stands_well(&window, &name, [first, last], code == "ar");
                }
            };
            let (calls_title, reports) = (said.say("Calls"), said.say("Reports"));
            window
                .global::<LogAdapter>()
                .set_rows(sample::model(calls::rows(&said)));
            draw("list", &calls_title, &reports);
            calls::put_table(&window, &said);
            draw("table", &said.say("Status"), &said.say("Note"));
            calls::put_groups(&window, &said);
            draw("groups", &said.say("Status"), &said.say("Note"));
            calls::put_report(&window, &said, false);
            draw("lost", &said.say("Day"), &said.say("Lost rate"));
            calls::put_report(&window, &said, true);
            draw("busiest", &said.say("Mon"), "23");
            calls::put_wallboard(&window, &said);
            let tile = |title: &str, figure: &str| format!("{}: {figure}", said.say(title));
            let (first, last) = (
                tile("Service level", "84.0 %"),
                tile("Speed of answer", "00:00:14"),
            );
            draw("wallboard", &first, &last);
            window.global::<ReportsAdapter>().set_open(false);
            calls::put_player(&window, "4");
            window.global::<TableAdapter>().set_open(false);
            window.global::<LogAdapter>().set_selected("4".into());
            draw("player", &calls_title, &said.say("Call back"));
            window.global::<TableAdapter>().set_open(true);
            let name = format!("telephone-detail-{code}{suffix}");
            support::picture(&window, &name, 1280.0, 900.0);
            match theme {
                ThemeChoice::Light => light = drawn,
                _ => assert!(light.iter().zip(&drawn).all(|(light, dark)| light != dark)),
            }
        }
        match code {
            "en" => english = light,
            _ => assert!(english.iter().zip(&light).all(|(one, other)| one != other)),
        }
    }
}
