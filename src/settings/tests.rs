#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use super::*;
use crate::model::{Fact, SourcePlace};

fn parse(text: &str) -> Result<Settings, String> {
    Settings::parse(text, Path::new("settings.toml")).map_err(|error| error.to_string())
}

fn refusal(text: &str) -> String {
    parse(text).expect_err("these settings must be refused")
}

/// The file of the automation contract, to the letter.
const CONTRACT: &str = r#"
[[account]]
aor = "sip:101@office.example"       # also the From
display_name = "Anna"
extension = "101"
company = "Alfa LLC"                 # shown on the card for calls on this line
username = "101"
password = "secret"
registrar = "sip:office.example;transport=tcp"
outbound_proxy = "sip:proxy.example"
register = true
expires_s = 300

[sip]
udp_port = 5060                      # 0 = any free port
bind = "0.0.0.0"                     # and [::]
[media]
codecs = ["opus", "g722", "pcma", "pcmu"]
rtp_ports = "40000-40999"
srtp = "optional"                    # off | optional | mandatory
opus_dtx = false
silence_suppression = false
[audio]
input = "default"
output = "default"
ring = "default"
[phone]
auto_answer = false
max_calls = 10
[recording]
mode = "always"                      # always | never | on-demand
format = "wav"                       # wav | opus
[modules]
caller_card = true
call_log = true
recording = true
"#;

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(parse("").unwrap(), Settings::default());
}

#[test]
fn the_contracts_file_is_read_and_its_general_part_equals_the_defaults() {
    let settings = parse(CONTRACT).unwrap();
    let account = &settings.accounts[0];
    assert_eq!(account.extension.as_deref(), Some("101"));
    assert_eq!(account.password.as_ref().unwrap().reveal(), "secret");
    assert_eq!(
        account.registrar.as_deref(),
        Some("sip:office.example;transport=tcp")
    );
    assert_eq!(
        Settings {
            accounts: Vec::new(),
            ..settings
        },
        Settings::default()
    );
}

#[test]
fn an_unknown_key_is_refused_with_file_line_and_what_is_allowed() {
    let message = refusal("[[account]]\naor = \"sip:101@office.example\"\nexpire_s = 300\n");
    assert!(
        message
            .starts_with("settings.toml:3: unknown key \"expire_s\" in [[account]]; allowed: aor"),
        "{message}"
    );
    assert!(message.contains("expires_s"), "{message}");
}

#[test]
fn an_unknown_section_is_refused_with_the_sections_that_exist() {
    let message = refusal("\n[sips]\nudp_port = 5060\n");
    assert!(
        message.starts_with("settings.toml:2: unknown key \"sips\" at the top level"),
        "{message}"
    );
    assert!(
        message.ends_with("log, tasks, carddav, notifications, office, modules, window, source, too_long, ringtone, scenario, api, webhook, hook"),
        "{message}"
    );
}

#[test]
fn bad_values_are_refused_with_line_value_and_what_is_allowed() {
    let cases = [
        (
            "[carddav]\nusername = \"anna\"",
            "settings.toml:1: url is missing in [carddav]: an address such as",
        ),
        (
            "[carddav]\nurl = \"dav.office.example\"",
            "settings.toml:2: url = … in [carddav]: allowed: an address such as",
        ),
        (
            "[carddav]\nurl = \"https://a.example\"\npassword_command = \"pass\"",
            "settings.toml:3: password_command = \"pass\" in [carddav]: allowed: a username",
        ),
        (
            "[carddav]\nurl = \"https://a.example\"\nusername = \"anna\"\npassword = \"x\"\n\
             password_command = \"pass\"",
            "settings.toml:5: password_command = \"pass\" in [carddav]: allowed: either",
        ),
        (
            "[carddav]\nurl = \"https://a.example\"\ninterval_minutes = 1441",
            "settings.toml:3: interval_minutes = 1441 in [carddav]: allowed: a whole number from 0 to 1440",
        ),
        (
            "[sip]\nudp_port = 70000",
            "settings.toml:2: udp_port = 70000 in [sip]: allowed: a whole number from 0 to 65535",
        ),
        (
            "[sip]\nudp_port = \"5060\"",
            "settings.toml:2: udp_port = \"5060\" in [sip]: allowed: a whole number",
        ),
        (
            "[sip]\nbind = \"localhost\"",
            "settings.toml:2: bind = \"localhost\" in [sip]: allowed: an IP address",
        ),
        (
            "[media]\ncodecs = [\"g729\"]",
            "settings.toml:2: codecs = \"g729\" in [media]: allowed: \"opus\", \"g722\", \"pcma\", \"pcmu\"",
        ),
        (
            "[media]\ncodecs = []",
            "settings.toml:2: codecs = [] in [media]: allowed: a list of",
        ),
        (
            "[media]\nrtp_ports = \"5\"",
            "settings.toml:2: rtp_ports = \"5\" in [media]: allowed: a range",
        ),
        (
            "[media]\nsrtp = \"yes\"",
            "settings.toml:2: srtp = \"yes\" in [media]: allowed: \"off\", \"optional\", \"mandatory\"",
        ),
        (
            "[audio]\nnoise_suppression = \"strong\"",
            "settings.toml:2: noise_suppression = \"strong\" in [audio]: allowed: \"off\", \"low\", \"moderate\", \"high\"",
        ),
        (
            "[audio]\nsidetone = 101",
            "settings.toml:2: sidetone = 101 in [audio]: allowed: a whole number from 0 to 100",
        ),
        (
            "[audio]\necho_cancellation = \"yes\"",
            "settings.toml:2: echo_cancellation = \"yes\" in [audio]: allowed: true, false",
        ),
        (
            "[phone]\nauto_answer = 1",
            "settings.toml:2: auto_answer = 1 in [phone]: allowed: true, false",
        ),
        (
            "[phone]\nmax_calls = 0",
            "settings.toml:2: max_calls = 0 in [phone]: allowed: a whole number from 1",
        ),
        (
            "[recording]\nmode = \"sometimes\"",
            "settings.toml:2: mode = \"sometimes\" in [recording]: allowed: \"always\", \"never\", \"on-demand\"",
        ),
        (
            "[notifications]\ncalls = [\"window\", \"lamp\"]",
            "settings.toml:2: calls = \"lamp\" in [notifications]: allowed: a list of \"window\", \"desktop\", \"sound\"",
        ),
        (
            "[notifications]\ntasks = true",
            "settings.toml:2: tasks = true in [notifications]: allowed: a list of \"window\"",
        ),
        (
            "[modules]\ncall_log = \"off\"",
            "settings.toml:2: call_log = \"off\" in [modules]: allowed: true, false",
        ),
        (
            "[window]\nlanguage = \"fr\"",
            "settings.toml:2: language = \"fr\" in [window]: allowed: \"system\", \"en\", \"ru\"",
        ),
        (
            "[window]\ntheme = \"pink\"",
            "settings.toml:2: theme = \"pink\" in [window]: allowed: \"system\", \"light\", \"dark\"",
        ),
        (
            "[window]\ntext_percent = 50",
            "settings.toml:2: text_percent = 50 in [window]: allowed: a whole number from 100 to 200",
        ),
        (
            "[[account]]\naor = \"101\"",
            "settings.toml:2: aor = \"101\" in [[account]]: allowed: an address such as",
        ),
        (
            "[[account]]\nregister = true",
            "settings.toml:1: aor is missing in [[account]]",
        ),
        (
            "[[account]]\naor = \"sip:a@b\"\ncountry = \"Kazakhstan\"",
            "settings.toml:3: country = \"Kazakhstan\" in [[account]]: allowed: a country's two letters",
        ),
        (
            "[[account]]\naor = \"sip:a@b\"\nexpires_s = 1",
            "settings.toml:3: expires_s = 1 in [[account]]: allowed: a whole number from 10",
        ),
        (
            "[[account]]\naor = \"sip:a@b\"\n[[account]]\naor = \"sip:a@b\"",
            "settings.toml:4: aor = \"sip:a@b\" in [[account]]: allowed: each aor once",
        ),
        (
            "account = 5",
            "settings.toml:1: account = 5 at the top level: allowed",
        ),
        (
            "sip = 5",
            "settings.toml:1: sip = 5 at the top level: allowed: a section [sip]",
        ),
    ];
    for (text, expected) in cases {
        let message = refusal(text);
        assert!(
            message.starts_with(expected),
            "{text:?}\n  gave     {message}\n  expected {expected}"
        );
    }
}

#[test]
fn broken_toml_is_refused_with_its_line() {
    let message = refusal("[sip]\nudp_port = = 5\n");
    assert!(
        message.starts_with("settings.toml:2: not valid TOML"),
        "{message}"
    );
}

#[test]
fn a_refused_password_is_not_printed() {
    for key in ["password", "turn_password"] {
        let message = refusal(&format!("[[account]]\naor = \"sip:a@b\"\n{key} = 12345\n"));
        assert!(!message.contains("12345"), "{message}");
    }
    let message = refusal("[carddav]\nurl = \"https://anna:12345@a.example/\"\n");
    assert!(!message.contains("12345"), "{message}");
    assert!(!format!("{:?}", Password::new("12345")).contains("12345"));
}

#[test]
fn a_carddav_server_is_read_and_another_users_book_is_another_book() {
    assert_eq!(parse("").unwrap().carddav, None);
    let read = |user: &str| {
        let text = format!("[carddav]\nurl = \"https://a.example\"\nusername = \"{user}\"\n");
        parse(&text).unwrap().carddav.unwrap()
    };
    let anna = read("anna");
    assert_eq!((anna.interval_minutes, &anna.password), (15, &None));
    assert_ne!(anna.book(), read("bela").book());
}

#[test]
fn one_bind_address_is_itself_and_the_ipv4_wildcard_means_both_families() {
    let bind = |text: &str| parse(&format!("[sip]\nbind = {text}")).unwrap().sip.bind;
    assert_eq!(
        bind("\"127.0.0.1\""),
        ["127.0.0.1".parse::<IpAddr>().unwrap()]
    );
    assert_eq!(bind("\"[::1]\""), ["::1".parse::<IpAddr>().unwrap()]);
    assert_eq!(bind("\"0.0.0.0\""), every_interface());
    assert_eq!(
        bind("[\"0.0.0.0\"]"),
        ["0.0.0.0".parse::<IpAddr>().unwrap()]
    );
}

#[test]
fn saving_changes_only_what_changed_and_keeps_comments() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings.toml");
    std::fs::write(&path, CONTRACT).unwrap();
    let mut settings = Settings::load(&path).unwrap();
    settings.media.srtp = Srtp::Off;
    settings.accounts[0].company = Some("Beta GmbH".into());
    settings.accounts[0].password = None;
    save(&path, &settings).unwrap();
    let expected = CONTRACT
        .replace("srtp = \"optional\"  ", "srtp = \"off\"  ")
        .replace("\"Alfa LLC\"", "\"Beta GmbH\"")
        .replace("password = \"secret\"\n", "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    assert_eq!(Settings::load(&path).unwrap(), settings);
}

#[test]
fn lines_can_be_added_and_removed_and_every_setting_survives_a_round_trip() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings.toml");
    let mut settings = Settings::default();
    for user in ["1", "2", "3"] {
        settings
            .accounts
            .push(Account::new(format!("sip:{user}@office.example")));
    }
    settings.accounts[1] = Account {
        expires_s: 60,
        card_layout: Some("Sales".into()),
        ringtone: Ringtone::Deep,
        ringtone_file: Some("sounds/bell.opus".into()),
        transport: Some(Transport::Tls),
        ca_file: Some("office.pem".into()),
        gruu: true,
        codecs: Some(vec![Codec::Pcma]),
        dialing: Dialing {
            prefix: "9".into(),
            strip: "+".into(),
            emergency: vec!["911".into(), "102".into()],
        },
        ..settings.accounts[1].clone()
    };
    settings.accounts[2].srtp = Some(Srtp::Mandatory);
    settings.accounts[2].keys_in_clear = true;
    settings.accounts[2].publish = true;
    settings.accounts[2].nat = Nat {
        ice: true,
        stun_server: Server::parse("stun.office.example"),
        turn_server: Server::parse("[2001:db8::1]:3479"),
        turn_user: Some("agent".into()),
        turn_password: Some(Password::new("secret")),
        turn_password_command: None,
    };
    settings.accounts[1].anonymous = true;
    settings.sip = Sip {
        udp_port: 0,
        tcp_port: 1,
        tls_port: 2,
        bind: vec!["::1".parse().unwrap(), "127.0.0.1".parse().unwrap()],
        tls_certificate: Some("own.pem".into()),
        tls_key: Some("own.key".into()),
        dns: Some("[::1]:5353".parse().unwrap()),
    };
    settings.media = Media {
        codecs: vec![Codec::Pcmu],
        rtp_ports: 2000..=3000,
        srtp: Srtp::Off,
        opus_dtx: true,
        silence_suppression: true,
    };
    settings.audio = Audio {
        input: "silence".into(),
        output: "null".into(),
        ring: "null".into(),
        ring_also: "default".into(),
        ring_volume: 40,
        tones: Some("RU".parse().unwrap()),
        key_tones: false,
        headset_buttons: false,
        voice: VoiceSettings {
            echo_cancellation: false,
            noise_suppression: NoiseSuppression::High,
            gain_control: false,
            high_pass: false,
            sidetone: 15,
        },
    };
    settings.phone = Phone {
        auto_answer: true,
        max_calls: 3,
        call_waiting: false,
        do_not_disturb: true,
        forward_always: Some("102".into()),
        forward_busy: Some("103".into()),
        forward_no_answer: Some("sip:104@office.example".into()),
        forward_after_s: 5,
        transfers: Policy::Refuse,
        redirects: Policy::Refuse,
        intercom: Intercom::Trusted,
        ask_links: false,
    };
    settings.recording = Recording {
        mode: RecordingMode::OnDemand,
        format: RecordingFormat::Opus,
    };
    settings.tasks = Tasks { due_minutes: 15 };
    settings.notifications = Notifications {
        calls: Ways::default(),
        tasks: Ways {
            desktop: true,
            ..Ways::default()
        },
        long_calls: Ways::default(),
        long_calls_told: LongCallTold::After,
        alerts: Ways {
            window: true,
            sound: true,
            ..Ways::default()
        },
        long_call_minutes: 20,
    };
    settings.modules = Modules {
        caller_card: false,
        call_log: false,
        recording: false,
        tasks: false,
        register_callers: true,
    };
    settings.window = Window {
        language: Some(Language::Arabic),
        theme: WindowTheme::Dark,
        text_percent: 150,
        high_contrast: true,
    };
    save(&path, &settings).unwrap();
    assert_eq!(Settings::load(&path).unwrap(), settings);
    settings.accounts.remove(0);
    settings.accounts.push(Account::new("sip:4@office.example"));
    save(&path, &settings).unwrap();
    assert_eq!(Settings::load(&path).unwrap(), settings);
}

#[cfg(unix)]
#[test]
fn a_saved_file_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings.toml");
    save(
        &path,
        &Settings {
            accounts: vec![Account::new("sip:a@b")],
            ..Settings::default()
        },
    )
    .unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn every_language_can_be_chosen() {
    for language in Language::ALL {
        let text = format!("[window]\nlanguage = \"{}\"", language.code());
        let settings = parse(&text).unwrap();
        assert_eq!(settings.window.language, Some(language));
    }
}

#[test]
fn how_much_the_flight_recorder_keeps_can_be_said() {
    let log = parse("[log]\nladders = 0\nladder_days = 7\n").unwrap().log;
    assert_eq!((log.ladders, log.ladder_days), (0, 7));
    assert!(refusal("[log]\nladder_days = 0\n").contains("ladder_days"));
}

#[test]
fn how_soon_a_lost_call_is_to_be_answered_can_be_said() {
    let minutes = |text| parse(text).unwrap().task_terms().map(|terms| terms.due);
    let after = |minutes: u64| Some(std::time::Duration::from_secs(60 * minutes));
    assert_eq!(minutes(""), after(60));
    assert_eq!(minutes("[tasks]\ndue_minutes = 15\n"), after(15));
    assert_eq!(minutes("[modules]\ntasks = false\n"), None);
    assert_eq!(minutes("[modules]\ncall_log = false\n"), None);
    assert!(refusal("[tasks]\ndue_minutes = 0\n").contains("due_minutes"));
}

#[test]
fn s1_9_each_kind_of_news_has_its_ways() {
    let told = |text| parse(text).unwrap().notifications;
    let default = Notifications::default();
    assert!(default.calls.window && default.tasks.desktop && default.alerts.sound);
    let quiet = told("[notifications]\ncalls = []\ntasks = [\"sound\", \"desktop\"]\n");
    assert!(!quiet.calls.any());
    let desktop = Ways {
        window: false,
        ..default.tasks
    };
    assert_eq!((quiet.tasks, quiet.alerts), (desktop, default.alerts));
    assert_eq!(default.long_call(), None);
    let long = told("[notifications]\nlong_calls = []\nlong_call_minutes = 5\n");
    assert!(!long.long_calls.any());
    assert_eq!(long.long_call(), Some(std::time::Duration::from_secs(300)));
    assert!(refusal("[notifications]\nlong_call_minutes = -1\n").contains("long_call_minutes"));
}

#[test]
fn lamps_are_a_list_of_whom_to_watch_each_once() {
    let account = |more: &str| format!("[[account]]\naor = \"sip:101@office.example\"\n{more}\n");
    let settings = parse(&account(
        "lamps = [\"102\", \"sip:bob@b.example\"]\nvoicemail = true",
    ));
    let line = &settings.unwrap().accounts[0];
    assert_eq!(line.lamps, ["102", "sip:bob@b.example"]);
    assert!(line.voicemail);
    for wrong in [
        "lamps = \"102\"",
        "lamps = [102]",
        "lamps = [\"\"]",
        "lamps = [\"1\", \"1\"]",
    ] {
        assert!(
            refusal(&account(wrong)).contains("internal numbers or addresses"),
            "{wrong}"
        );
    }
}

#[test]
fn s5_15_the_order_of_the_headers_that_say_who_calls_is_read_and_written() {
    use IdentityHeader::{Asserted, From, RemoteParty};
    let account = |more: &str| format!("[[account]]\naor = \"sip:101@office.example\"\n{more}\n");
    let order = |more: &str| parse(&account(more)).unwrap().accounts[0].caller_id.clone();
    assert_eq!(order(""), [Asserted, RemoteParty, From]);
    let line = "mailbox = \"*97\"\ncaller_id = [\"remote-party-id\", \"from\"]";
    assert_eq!(order(line), [RemoteParty, From]);
    for wrong in ["\"from\"", "[\"diversion\"]", "[\"from\", \"from\"]", "[]"] {
        let said = refusal(&account(&format!("caller_id = {wrong}")));
        assert!(said.contains("\"p-asserted-identity\""), "{said}");
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("settings.toml");
    let settings = parse(&account(line)).unwrap();
    save(&path, &settings).unwrap();
    assert_eq!(Settings::load(&path).unwrap().accounts, settings.accounts);
}

#[test]
fn s4_25_sources_of_the_card_are_read_and_what_cannot_be_asked_is_refused() {
    let csv = "[[source]]\nname = \"Limit\"\ntype = \"csv\"\nfile = \"a.csv\"\nkey = \"phone\"\n\
               field = \"limit\"\n";
    let http = "[[source]]\nname = \"Manager\"\ntype = \"http\"\nfield = \"a.0.b\"\n\
                url = \"https://erp.example/{client_id}?q={number}\"\ntimeout_ms = 200\n";
    let read = parse(&format!("{csv}{http}")).unwrap().sources;
    let [limit, manager] = &read[..] else {
        panic!("{read:?}");
    };
    assert_eq!(
        (limit.needs(), limit.patience.as_millis()),
        (vec![Fact::Number], 1000)
    );
    assert_eq!(
        (manager.needs(), manager.patience.as_millis()),
        (vec![Fact::Number, Fact::ClientId], 200)
    );
    let with = |from: &str, to: &str| refusal(&http.replace(from, to));
    for url in [
        "ftp://erp.example/",
        "https://{number}.example/",
        "https:///a",
        "https://anna:s3cret@erp.example/{number}",
        "https://erp.example/{phone}",
        "https://erp.example/a b",
    ] {
        let refused = with("https://erp.example/{client_id}?q={number}", url);
        assert!(refused.contains("{client_id}"), "{url}: {refused}");
    }
    assert!(with("200", "2000").contains("1000"));
    assert!(with("\"http\"", "\"ldap\"").contains("csv"));
    assert!(with("field", "fields").contains("field"));
    assert!(refusal(&format!("{csv}{csv}")).contains("each name once"));
}

#[test]
fn s4_25_a_database_is_asked_secretly_over_the_network_unless_the_settings_say_no() {
    let text = "[[source]]\nname = \"Debt\"\ntype = \"postgres\"\nhost = \"db.example\"\n\
                database = \"crm\"\nusername = \"ringbook\"\npassword = \"s3cret\"\n\
                query = \"select debt from clients where phone = {number} or name = {name}\"\n";
    let read = |text: &str| {
        let source = parse(text).unwrap().sources.remove(0);
        let SourcePlace::Postgres(database) = source.place.clone() else {
            panic!("{source:?}");
        };
        assert!(!format!("{source:?}").contains("s3cret"));
        (source.needs(), *database)
    };
    let (needs, database) = read(text);
    assert_eq!(needs, [Fact::Number, Fact::Name]);
    assert_eq!((database.port, database.tls), (5432, true));
    assert_eq!(
        database.keyring_name(),
        "postgresql ringbook@db.example:5432/crm"
    );
    for (host, tls) in [
        ("/run/postgresql", false),
        ("localhost", false),
        ("127.0.0.1", false),
        ("::1", false),
        ("192.0.2.1", true),
    ] {
        let here = text.replace("db.example", host);
        assert_eq!(read(&here).1.tls, tls, "{host}");
    }
    assert!(!read(&format!("{text}tls = false\n")).1.tls);
    for key in ["host", "database", "username", "query"] {
        let refused = refusal(&text.replace(&format!("{key} = "), "ca_file = "));
        assert!(refused.contains(key), "{refused}");
    }
    assert!(refusal(&format!("{text}password_command = \"pass\"\n")).contains("either"));
    assert!(refusal(&format!("{text}port = 0\n")).contains("port"));
}

#[test]
fn servers_for_nats_are_hosts_with_or_without_a_port() {
    let server = |text| Server::parse(text).map(|one| (one.host.to_string(), one.port));
    assert_eq!(
        server("stun.a.example"),
        Some(("stun.a.example".into(), 3478))
    );
    assert_eq!(server("192.0.2.1:99"), Some(("192.0.2.1".into(), 99)));
    assert_eq!(server("[::1]:99"), Some(("[::1]".into(), 99)));
    for text in [
        "",
        "a b",
        "me@a.example",
        "a.example;x=y",
        "stun:a.example",
        "a:99999",
    ] {
        assert_eq!(server(text), None, "{text}");
    }
    let message = refusal("[[account]]\naor = \"sip:a@b\"\nstun_server = \"stun:a\"\n");
    assert!(message.contains("stun_server = \"stun:a\""), "{message}");
    let both = "turn_password = \"x\"\nturn_password_command = \"y\"\n";
    let message = refusal(&format!("[[account]]\naor = \"sip:a@b\"\n{both}"));
    assert!(message.contains("either turn_password or"), "{message}");
}

#[test]
fn s5_21_limits_of_talks_are_read_and_what_is_wrong_is_named() {
    let settings = Settings::parse(
        "[[too_long]]\nminutes = 10\ndirection = \"outgoing\"\nprefix = \"+7701\"\n\
         category = \"vip\"\nextension = \"101\"\n[[too_long]]\nminutes = 1\nseconds = 30\n",
        Path::new("settings.toml"),
    );
    let settings = settings.unwrap();
    let talks = settings.too_long.iter().map(|limit| limit.talk.as_secs());
    assert_eq!(talks.collect::<Vec<_>>(), [600, 90]);
    assert_eq!(settings.too_long[0].prefix, "+7701");
    assert_eq!(settings.talk_limits().otherwise, None);
    for (text, word) in [
        ("[[too_long]]\n", "minutes"),
        ("[[too_long]]\nminutes = 0\n", "minutes"),
        ("[[too_long]]\nseconds = 60\n", "59"),
        ("[[too_long]]\nminutes = 5\nprefix = \"7701\"\n", "+7701"),
        (
            "[[too_long]]\nminutes = 5\ndirection = \"both\"\n",
            "outgoing",
        ),
        ("[[too_long]]\nminutes = 5\ncolour = \"red\"\n", "colour"),
        ("[too_long]\nminutes = 5\n", "[[too_long]]"),
    ] {
        assert!(refusal(text).contains(word), "{text}: {}", refusal(text));
    }
}

#[test]
fn s5_17_scenarios_are_read_and_what_is_wrong_is_named() {
    let step = "[[scenario.step]]\nring = [\"102\"]\n";
    let text = format!(
        "[[account]]\naor = \"sip:101@office.example\"\n\
         [[scenario]]\nline = \"sip:101@office.example\"\ndays = \"mon-fri\"\nhours = \"09:00-18:00\"\n\
         prefix = \"+7\"\ncategory = \"vip\"\ncallers = \"known\"\notherwise = \"*97\"\n\
         [[scenario.step]]\nring = [\"here\"]\nfor_s = 15\n\
         [[scenario.step]]\nring = [\"102\", \"here\", \"103\"]\nfor_s = 20\n[[scenario]]\n{step}"
    );
    let settings = Settings::parse(&text, Path::new("settings.toml")).unwrap();
    let [day, last] = &settings.scenarios[..] else {
        panic!("two scenarios")
    };
    assert_eq!(day.line.as_deref(), Some("sip:101@office.example"));
    assert_eq!(
        (day.days.to_string(), day.hours.to_string()),
        ("mon,tue,wed,thu,fri".into(), "09:00-18:00".into())
    );
    assert_eq!(
        (day.prefix.as_str(), day.otherwise.as_deref()),
        ("+7", Some("*97"))
    );
    assert_eq!(day.callers, Some(crate::model::Callers::Known));
    let steps = day.steps.iter().map(|step| {
        (
            step.here,
            step.extensions.join(" "),
            step.patience.map(|patience| patience.as_secs()),
        )
    });
    let steps: Vec<_> = steps.collect();
    assert_eq!(
        steps,
        [
            (true, String::new(), Some(15)),
            (true, "102 103".into(), Some(20))
        ]
    );
    assert_eq!((last.steps[0].here, last.steps[0].patience), (false, None));
    for (text, word) in [
        ("[[scenario]]\n".to_owned(), "[[scenario.step]]"),
        ("[[scenario]]\n[[scenario.step]]\n".to_owned(), "ring"),
        (
            "[[scenario]]\n[[scenario.step]]\nring = []\n".to_owned(),
            "102",
        ),
        (
            "[[scenario]]\n[[scenario.step]]\nring = [\"1\", \"1\"]\n".to_owned(),
            "each once",
        ),
        (
            format!("[[scenario]]\n{step}{step}"),
            "before the next step",
        ),
        (format!("[[scenario]]\n{step}for_s = 0\n"), "600"),
        (format!("[[scenario]]\nline = \"sip:x@y\"\n{step}"), "aor"),
        (
            format!("[[scenario]]\nhours = \"9-18\"\n{step}"),
            "08:00-20:00",
        ),
        (
            format!("[[scenario]]\ndays = \"monday\"\n{step}"),
            "mon-fri",
        ),
        (
            format!("[[scenario]]\ncallers = \"all\"\n{step}"),
            "unknown",
        ),
        (format!("[[scenario]]\nprefix = \"7\"\n{step}"), "+7701"),
        (format!("[[scenario]]\ncolour = \"red\"\n{step}"), "colour"),
    ] {
        assert!(refusal(&text).contains(word), "{text}: {}", refusal(&text));
    }
}

#[test]
fn categories_have_ringtones_of_their_own_each_once() {
    let read = |text: &str| Settings::parse(text, Path::new("settings.toml"));
    let settings = read(
        "[[ringtone]]\ncategory = \"vip\"\nringtone = \"chimes\"\n\
         [[ringtone]]\ncategory = \"problem\"\nfile = \"storm.wav\"\n",
    )
    .unwrap();
    assert_eq!(settings.ringtones[0].ringtone, Ringtone::Chimes);
    assert_eq!(settings.ringtones[1].file.as_deref(), Some("storm.wav"));
    assert_eq!(settings.ringtone_files(), [Path::new("storm.wav")]);
    for (text, told) in [
        (
            "[[ringtone]]\nringtone = \"chimes\"\n",
            "category is missing",
        ),
        (
            "[[ringtone]]\ncategory = \"vip\"\nringtone = \"loud\"\n",
            "\"marimba\"",
        ),
        (
            "[[ringtone]]\ncategory = \"vip\"\n[[ringtone]]\ncategory = \"vip\"\n",
            "each category once",
        ),
        ("[audio]\nring_volume = 101\n", "from 0 to 100"),
        ("[audio]\ntones = \"Russia\"\n", "two letters"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn the_ringtones_of_categories_are_written_and_what_stands_beside_them_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let before = "# Whom we know\n[[ringtone]]\ncategory = \"vip\"   # the best\nringtone = \"chimes\"\n\n[window]\ntext_percent = 125\n";
    std::fs::write(&file, before).unwrap();
    let mut settings = Settings::load(&file).unwrap();
    settings.ringtones[0].file = Some("/sounds/storm.wav".into());
    settings.ringtones.push(CategoryRingtone {
        category: CategoryId::new("problem"),
        ringtone: Ringtone::Marimba,
        file: None,
    });
    save(&file, &settings).unwrap();
    assert_eq!(Settings::load(&file).unwrap(), settings);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# Whom we know\n[[ringtone]]\ncategory = \"vip\"   # the best\n"));
    settings.ringtones.clear();
    save(&file, &settings).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("ringtone") && text.contains("text_percent = 125"));
}
