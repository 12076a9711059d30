//! The window over a real store, without a display: what the markup asks for, the program does.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/desk.rs"]
mod desk;

use std::fs;
use std::path::Path;
use std::time::Duration;

use desk::{Shown, on_the_windows_thread};
use jiff::Timestamp;
use ringbook::model::{
    Act, CallId, CallLeg, CallRecord, CallStatus, Direction, LegOutcome, RecordingId, RecordingRow,
    RecordingState,
};
use ringbook::phone::command::Command;
use ringbook::phone::view::View;
use ringbook::profile::Profile;
use ringbook::settings::{NoiseSuppression, Ringtone, Settings};
use ringbook::store::{AuditFilter, Store};
use ringbook_ui::slint::{ComponentHandle, Model};
use ringbook_ui::{
    AudioAdapter, AudioDevice, AudioLevel, AudioSwitch, CostsAdapter, LogAdapter, Page,
    PlayerAdapter, ReportsAdapter, SettingsAdapter, SettingsPart, StepState, TableAdapter,
    WindowAdapter,
};

const LENGTH: Duration = Duration::from_secs(60);

/// A profile whose loudspeaker is a file.
fn profile(folder: &Path) -> Profile {
    let heard = folder.join("heard.wav");
    let settings = format!("[audio]\noutput = \"file:{}\"\n", heard.display());
    fs::write(folder.join("settings.toml"), settings).unwrap();
    Profile::locate(Some(folder.to_owned())).unwrap()
}

/// A call of a minute, recorded.
fn write_recorded_call(profile: &Profile) -> CallId {
    let began = Timestamp::now() - LENGTH;
    let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, began);
    call.status = CallStatus::Answered;
    call.answered_at = Some(began);
    call.ended_at = Some(Timestamp::now());
    call.talk = LENGTH;
    let recording = RecordingRow {
        id: RecordingId::new(),
        call: call.call,
        file: RecordingRow::file_name(call.call, began, "wav"),
        started_at: began,
        duration: LENGTH,
        channels: 2,
        sample_rate: 8000,
        codec: "pcm_s16le".into(),
        size: 0,
        sha256: None,
        state: RecordingState::Finished,
    };
    let file = profile.recordings().join(&recording.file);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec).unwrap();
    for _ in 0..LENGTH.as_secs() * 8000 * 2 {
        writer.write_sample(0_i16).unwrap();
    }
    writer.finalize().unwrap();
    let mut store = Store::open(&profile.database()).unwrap();
    store
        .write(|writer| {
            writer.save_call(&call)?;
            writer.save_recording(&recording)
        })
        .unwrap();
    call.call
}

/// How often somebody has listened, as the audit has it.
fn listened(profile: &Profile) -> usize {
    let filter = AuditFilter {
        act: Some(Act::Listen),
        ..AuditFilter::default()
    };
    let store = Store::open(&profile.database()).unwrap();
    store
        .read(|reader| reader.audit(&filter, 100))
        .unwrap()
        .len()
}

#[test]
fn s5_30_a_recording_is_heard_from_the_row_of_its_call_and_each_listening_is_audited() {
    on_the_windows_thread(|| {
        let folder = tempfile::tempdir().unwrap();
        let profile = profile(folder.path());
        let call = write_recorded_call(&profile).to_string();
        let mut shown = Shown::open(folder.path(), 1280, 900);
        let window = shown.window.clone_strong();
        window.global::<WindowAdapter>().set_page(Page::Calls);
        let log = window.global::<LogAdapter>();
        log.set_period(4);
        log.invoke_period_chosen();
        shown.until("the call is in the log", |window| {
            let rows = window.global::<LogAdapter>().get_rows();
            rows.row_data(0).is_some_and(|row| row.recording)
        });
        log.invoke_select(call.as_str().into());
        let chosen = call.clone();
        shown.until("the call is chosen", move |window| {
            window.global::<LogAdapter>().get_selected() == chosen.as_str()
        });
        let player = window.global::<PlayerAdapter>();
        let place = |from: f32| {
            move |window: &ringbook_ui::MainWindow| {
                let player = window.global::<PlayerAdapter>();
                player.get_playing() && player.get_position() > from
            }
        };
        let rests =
            |window: &ringbook_ui::MainWindow| !window.global::<PlayerAdapter>().get_playing();

        player.invoke_toggle_call(call.as_str().into());
        shown.until("it is heard", place(0.05));
        assert_eq!(player.get_call(), call.as_str());
        assert_eq!((player.get_length(), listened(&profile)), (60.0, 1));

        player.invoke_seek(30.0);
        // At once, before anything was heard there.
        assert_eq!(player.get_position(), 30.0);
        assert_eq!(player.get_place(), "0:30 / 1:00");
        shown.until("it goes on from there", place(30.1));

        player.invoke_toggle_call(call.as_str().into());
        shown.until("it rests", rests);
        let rested = player.get_position();
        assert!((30.0..50.0).contains(&rested), "{rested}");
        player.set_speed(4);
        player.invoke_speed_chosen();
        player.invoke_toggle_call(call.as_str().into());
        shown.until("it goes on where it rested", place(rested + 0.1));
        assert_eq!(listened(&profile), 1, "one listening, with a rest");

        player.invoke_seek(59.8);
        shown.until("it is over", rests);
        assert_eq!(player.get_place(), "1:00 / 1:00");
        player.invoke_toggle_call(call.as_str().into());
        shown.until("it begins anew", place(0.05));
        assert!(player.get_position() < 30.0);
        assert_eq!(listened(&profile), 2);

        window.global::<WindowAdapter>().set_page(Page::Phone);
        shown.until("out of sight it rests", rests);
    });
}

#[test]
fn s5_10_no_view_is_called_what_the_table_is_called_as_it_was_left() {
    on_the_windows_thread(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut shown = Shown::open(folder.path(), 1280, 900);
        let window = shown.window.clone_strong();
        let table = window.global::<TableAdapter>();
        for (name, refused) in [("Standard", true), ("Long calls", false)] {
            table.set_name_error("".into());
            table.set_naming(true);
            table.set_view_name(name.into());
            table.invoke_keep_view();
            shown.until("it is kept, or says why not", |window| {
                let table = window.global::<TableAdapter>();
                !table.get_naming() || table.get_name_error() != ""
            });
            assert_eq!(table.get_naming(), refused, "{name}");
            assert_eq!(table.get_name_error().contains("“standard”"), refused);
        }
    });
}

/// Types into a field of the open form.
fn type_into(costs: &CostsAdapter<'_>, key: &str, text: &str) {
    let lines = costs.get_form().row_data(0).unwrap().lines;
    for line in lines.iter() {
        for (at, mut field) in line.fields.iter().enumerate() {
            if field.key == key {
                field.text = text.into();
                return line.fields.set_row_data(at, field);
            }
        }
    }
    panic!("the form has no field {key}");
}

#[test]
fn s5_20_a_tariff_is_written_in_the_window_and_says_what_a_call_costs() {
    on_the_windows_thread(|| {
        let folder = tempfile::tempdir().unwrap();
        let profile = profile(folder.path());
        let before = "# Ours since May\n[[tariff]]\nname = \"Others\"\nprefix = \"\"\nprice = \"1\"\ncurrency = \"EUR\"\n";
        fs::write(profile.tariffs(), before).unwrap();
        let mut shown = Shown::open(folder.path(), 1280, 900);
        let window = shown.window.clone_strong();
        let costs = window.global::<CostsAdapter>();
        costs.invoke_viewed();
        assert_eq!(costs.get_rows().row_count(), 1);
        costs.invoke_add();
        type_into(&costs, "name", "Mobile");
        costs.invoke_save();
        shown.until("what is missing is said", |window| {
            let costs = window.global::<CostsAdapter>();
            costs.get_editing() && costs.get_fault().contains("price")
        });
        assert_eq!(fs::read_to_string(profile.tariffs()).unwrap(), before);
        for (key, text) in [("prefix", "+7701"), ("price", "0.10"), ("currency", "EUR")] {
            type_into(&costs, key, text);
        }
        costs.invoke_save();
        shown.until("the tariff is written", |window| {
            !window.global::<CostsAdapter>().get_editing()
        });
        assert_eq!(costs.get_rows().row_count(), 2);
        let after = fs::read_to_string(profile.tariffs()).unwrap();
        assert!(
            after.starts_with(before)
                && after.contains("\"+7701\"")
                && !after.contains("direction"),
            "{after}"
        );

        costs.set_number("+77011112233".into());
        costs.set_talk("1:01".into());
        costs.invoke_ask_price();
        let lines: Vec<String> = costs.get_price().iter().map(Into::into).collect();
        assert_eq!(lines[0], "Tariff: Mobile");
        assert_eq!(lines.last().unwrap(), "Cost: 0.20 EUR");
        costs.set_talk("long".into());
        costs.invoke_ask_price();
        assert!(costs.get_price_fault().contains("1:01") && costs.get_price().row_count() == 0);

        // The first goes up, and the other one out.
        costs.invoke_edit(1);
        costs.invoke_move(-1);
        shown.until("the tariff stands first", |window| {
            window.global::<CostsAdapter>().get_selected() == 0
        });
        costs.invoke_delete();
        shown.until("the tariff is gone", |window| {
            let costs = window.global::<CostsAdapter>();
            !costs.get_editing() && costs.get_rows().row_count() == 1
        });
        let left = costs.get_rows().row_data(0).unwrap();
        assert_eq!(left.title, "Others");
        costs.invoke_show(1);
        assert_eq!((costs.get_kind(), costs.get_rows().row_count()), (1, 0));
    });
}

#[test]
fn s4_29_s5_18_the_wallboard_stands_among_the_reports_and_a_call_says_who_rang() {
    on_the_windows_thread(|| {
        let folder = tempfile::tempdir().unwrap();
        let profile = profile(folder.path());
        let now = Timestamp::now();
        let mut call = CallRecord::begin(CallId::new(), Direction::Incoming, now);
        call.ringing_at = Some(now);
        call.legs = vec![CallLeg {
            extension: "102".into(),
            employee: String::new(),
            rang_at: now,
            ended_at: None,
            outcome: LegOutcome::Ringing,
        }];
        let mut shown = Shown::open(folder.path(), 1280, 900);
        // A call that was there before would be one that a crash cut off.
        let mut store = Store::open(&profile.database()).unwrap();
        store.write(|writer| writer.save_call(&call)).unwrap();
        let window = shown.window.clone_strong();
        window.global::<WindowAdapter>().set_page(Page::Calls);
        let reports = window.global::<ReportsAdapter>();
        reports.set_open(true);
        reports.set_kind(4);
        reports.invoke_chosen();
        shown.until("the wallboard has who waits", |window| {
            let tiles = window.global::<ReportsAdapter>().get_tiles();
            tiles.row_count() == 12 && tiles.row_data(0).is_some_and(|tile| tile.figure == "1")
        });
        reports.set_open(false);
        window
            .global::<LogAdapter>()
            .invoke_select(call.call.to_string().into());
        shown.until("the call says who rings", |window| {
            window.global::<LogAdapter>().get_legs() == "102: rings"
        });
    });
}

/// The window at the settings of the sound, with what its store has for them.
fn open_audio(folder: &Path) -> Shown {
    let mut shown = Shown::open(folder, 1280, 900);
    let window = shown.window.clone_strong();
    window
        .global::<SettingsAdapter>()
        .set_part(SettingsPart::Audio);
    window.global::<WindowAdapter>().set_page(Page::Settings);
    shown.until("the categories are there", |window| {
        let audio = window.global::<AudioAdapter>();
        audio.get_other_categories().row_count() > 0
    });
    shown
}

#[test]
fn each_setting_of_the_sound_stands_in_the_file_and_is_shown_as_it_stands_there() {
    on_the_windows_thread(|| {
        let folder = tempfile::tempdir().unwrap();
        let profile = profile(folder.path());
        let settings = || Settings::load(&profile.settings()).unwrap();
        let shown = open_audio(folder.path());
        let audio = shown.window.global::<AudioAdapter>();
        type Read = fn(&Settings) -> bool;
        let switches: [(AudioSwitch, Read); 7] = [
            (AudioSwitch::EchoCancellation, |it| {
                it.audio.voice.echo_cancellation
            }),
            (AudioSwitch::GainControl, |it| it.audio.voice.gain_control),
            (AudioSwitch::HighPass, |it| it.audio.voice.high_pass),
            (AudioSwitch::KeyTones, |it| it.audio.key_tones),
            (AudioSwitch::HeadsetButtons, |it| it.audio.headset_buttons),
            (AudioSwitch::OpusDtx, |it| it.media.opus_dtx),
            (AudioSwitch::SilenceSuppression, |it| {
                it.media.silence_suppression
            }),
        ];
        for (which, of) in switches {
            let before = of(&settings());
            audio.invoke_set_switch(which, !before);
            assert_eq!(of(&settings()), !before, "{which:?}");
        }
        let form = audio.get_form();
        assert!(!form.echo_cancellation && !form.gain_control && !form.high_pass);
        assert!(!form.key_tones && !form.headset_buttons);
        assert!(form.opus_dtx && form.silence_suppression);

        audio.invoke_set_level(AudioLevel::RingVolume, 40);
        audio.invoke_set_level(AudioLevel::Sidetone, 120);
        audio.invoke_set_noise_suppression(3);
        let form = audio.get_form();
        let levels = (form.ring_volume, form.sidetone, form.noise_suppression);
        assert_eq!(levels, (40, 100, 3));
        let (now, form) = (settings().audio, audio.get_form());
        assert_eq!((now.ring_volume, now.voice.sidetone), (40, 100));
        assert_eq!(now.voice.noise_suppression, NoiseSuppression::High);

        let countries: Vec<_> = audio.get_countries().iter().collect();
        assert!(countries.len() > 100, "{countries:?}");
        let hungary = countries.iter().position(|name| name == "Hungary").unwrap();
        assert_eq!(form.tones, 0);
        audio.invoke_set_tones(hungary as i32);
        assert_eq!(settings().audio.tones, Some("HU".parse().unwrap()));
        assert_eq!(audio.get_form().tones, hungary as i32);
        audio.invoke_set_tones(0);
        assert_eq!(settings().audio.tones, None);

        // The loudspeaker of the file is no device, and stays chosen.
        let choice = audio.get_loudspeaker();
        let chosen = choice.names.row_data(choice.current as usize).unwrap();
        assert!(chosen.ends_with("heard.wav"), "{chosen}");
        audio.invoke_set_device(AudioDevice::Loudspeaker, 0);
        assert_eq!(audio.get_second_bell().current, 0);
        audio.invoke_set_device(AudioDevice::SecondBell, 1);
        let now = settings().audio;
        assert_eq!((&*now.output, &*now.ring_also), ("default", "default"));
        assert_eq!(audio.get_second_bell().current, 1);
    });
}

#[test]
fn a_category_gets_a_ringtone_and_a_file_that_can_ring_and_loses_them() {
    on_the_windows_thread(|| {
        let folder = tempfile::tempdir().unwrap();
        let profile = profile(folder.path());
        let ringtones = || Settings::load(&profile.settings()).unwrap().ringtones;
        let mut shown = open_audio(folder.path());
        let window = shown.window.clone_strong();
        let audio = window.global::<AudioAdapter>();
        let others = audio.get_other_categories().row_count();
        audio.invoke_add_ringtone(1);
        assert_eq!(audio.get_other_categories().row_count(), others - 1);
        let key = audio.get_ringtones().row_data(0).unwrap().category;
        audio.invoke_set_ringtone(key.clone(), 2);
        assert_eq!(ringtones()[0].category.as_str(), key.as_str());
        assert_eq!(ringtones()[0].ringtone, Ringtone::Telephone);

        audio.invoke_set_ringtone_file(key.clone(), "/nowhere/bell.wav".into());
        shown.until("it is said why it cannot ring", |window| {
            let row = window.global::<AudioAdapter>().get_ringtones().row_data(0);
            row.is_some_and(|row| row.fault.contains("cannot ring"))
        });
        assert_eq!(ringtones()[0].file, None);
        let bell = folder.path().join("bell.wav");
        write_tone(&bell);
        let bell = bell.display().to_string();
        audio.invoke_set_ringtone_file(key.clone(), bell.as_str().into());
        shown.until("it is kept", |window| {
            let row = window.global::<AudioAdapter>().get_ringtones().row_data(0);
            row.is_some_and(|row| row.fault.is_empty())
        });
        assert_eq!(ringtones()[0].file, Some(bell));
        audio.invoke_set_ringtone_file(key.clone(), "".into());
        shown.until("it is taken away", |window| {
            let row = window.global::<AudioAdapter>().get_ringtones().row_data(0);
            row.is_some_and(|row| row.file.is_empty())
        });
        assert_eq!(ringtones()[0].file, None);
        audio.invoke_remove_ringtone(key);
        assert_eq!(audio.get_other_categories().row_count(), others);
        assert!(ringtones().is_empty());
    });
}

/// A quarter of a second that can ring.
fn write_tone(file: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec).unwrap();
    for at in 0..2000_i16 {
        writer.write_sample(at % 20 * 100).unwrap();
    }
    writer.finalize().unwrap();
}

#[test]
fn who_hears_themselves_sees_both_levels_until_the_page_is_left() {
    on_the_windows_thread(|| {
        let folder = tempfile::tempdir().unwrap();
        profile(folder.path());
        let mut shown = open_audio(folder.path());
        let window = shown.window.clone_strong();
        let audio = window.global::<AudioAdapter>();
        let testing = |levels| View {
            audio_test: Some(levels),
            ..View::default()
        };
        let told = |levels: (f32, f32)| {
            move |window: &ringbook_ui::MainWindow| {
                let audio = window.global::<AudioAdapter>();
                audio.get_hearing() && (audio.get_spoken(), audio.get_heard()) == levels
            }
        };
        // Somebody else began it: whoever looks elsewhere does not end it.
        window.global::<WindowAdapter>().set_page(Page::Phone);
        shown.show(testing((0.5, 0.25)));
        shown.until("the levels are there", told((0.5, 0.25)));
        shown.turn();
        assert!(!shown.asked(&Command::AudioTest(false)));

        window.global::<WindowAdapter>().set_page(Page::Settings);
        audio.invoke_hear_yourself(true);
        shown.turn();
        assert!(shown.asked(&Command::AudioTest(true)));
        shown.show(testing((0.75, 0.5)));
        shown.until("the levels follow", told((0.75, 0.5)));
        window.global::<WindowAdapter>().set_page(Page::Phone);
        shown.show(testing((0.0, 0.75)));
        shown.until("the levels follow", told((0.0, 0.75)));
        shown.turn();
        assert!(shown.asked(&Command::AudioTest(false)));
        shown.show(View::default());
        shown.until("it is over", |window| {
            !window.global::<AudioAdapter>().get_hearing()
        });
    });
}

#[test]
fn devices_and_echo_are_checked_step_by_step() {
    on_the_windows_thread(|| {
        let folder = tempfile::tempdir().unwrap();
        let settings = "[audio]\ninput = \"silence\"\noutput = \"null\"\nring = \"null\"\n";
        fs::write(folder.path().join("settings.toml"), settings).unwrap();
        let mut shown = open_audio(folder.path());
        let window = shown.window.clone_strong();
        let audio = window.global::<AudioAdapter>();
        audio.invoke_run_check();
        shown.until("the check is over", |window| {
            let audio = window.global::<AudioAdapter>();
            audio.get_check().row_count() > 0 && !audio.get_checking()
        });
        let steps: Vec<_> = audio.get_check().iter().collect();
        let titles: Vec<_> = steps.iter().map(|step| step.title.as_str()).collect();
        let expected = ["Microphone", "Loudspeaker", "Bell", "Second bell"];
        assert!(titles.starts_with(&expected), "{titles:?}");
        assert!(
            titles.ends_with(&["Headset buttons", "Noise", "Echo"]),
            "{titles:?}"
        );
        let last = steps.last().unwrap();
        assert_eq!(last.state, StepState::Skipped, "{}", last.text);
    });
}
