//! A sample office: the callers that the promises name.

use std::rc::Rc;

use ringbook_ui::slint::{Image, ModelRc, Rgb8Pixel, SharedPixelBuffer, SharedString, VecModel};
use ringbook_ui::*;

pub fn model<T: Clone + 'static>(rows: Vec<T>) -> ModelRc<T> {
    ModelRc::from(Rc::new(VecModel::from(rows)))
}

pub fn words(words: &[&str]) -> ModelRc<SharedString> {
    model(words.iter().map(|word| (*word).into()).collect())
}

/// The colours of [`photo`].
pub const PHOTO: [(&str, [u8; 3]); 3] = [
    ("skin", [222, 178, 148]),
    ("cloth", [52, 78, 120]),
    ("wall", [196, 210, 222]),
];

/// A drawn face: enough to see that a photo fills its bounds.
pub fn photo() -> Image {
    let mut pixels = SharedPixelBuffer::<Rgb8Pixel>::new(160, 160);
    for (index, pixel) in pixels.make_mut_slice().iter_mut().enumerate() {
        let (x, y) = ((index % 160) as f32 - 80.0, (index / 160) as f32 - 80.0);
        let head = (x / 30.0).powi(2) + ((y + 14.0) / 36.0).powi(2) < 1.0;
        let body = (x / 62.0).powi(2) + ((y - 82.0) / 50.0).powi(2) < 1.0;
        let (_, colour) = PHOTO[if head {
            0
        } else if body {
            1
        } else {
            2
        }];
        *pixel = colour.into();
    }
    Image::from_rgb8(pixels)
}

pub fn order() -> OrderLine {
    OrderLine {
        number: "1001".into(),
        stage: "Cutting".into(),
        responsible: "Anna".into(),
        due: "20.11.2026".into(),
        debt: "12 500 ₸".into(),
        overdue_days: 2,
    }
}

/// A block of the card whose content the card itself has.
pub fn part(part: CardPart) -> CardBlock {
    CardBlock {
        part,
        ..Default::default()
    }
}

/// A block of the card: lines under a name, each with what of it presses.
pub fn facts(caption: &str, lines: &[(&str, &str)]) -> CardBlock {
    let line = |(text, pressing): &(&str, &str)| CardLine {
        text: (*text).into(),
        pressing: (*pressing).into(),
    };
    CardBlock {
        part: CardPart::Facts,
        caption: caption.into(),
        lines: model(lines.iter().map(line).collect()),
        more: 0,
    }
}

/// A client of whom everything is known that a card can show, and a note that must be read.
pub fn full() -> CardData {
    let requests = [
        (
            "R-7 · Delivery on Saturday · In work · Anna",
            "overdue 3 days",
        ),
        ("R-9 · Second cut · Open", ""),
    ];
    let purchases = [
        ("12.11.2026 · Steel sheet, 3 mm · 48 000 ₸", ""),
        ("02.10.2026 · Cutting · 12 500 ₸", ""),
    ];
    CardData {
        greeting: "Hello, Ivan!".into(),
        note_unread: true,
        blocks: model(vec![
            part(CardPart::Greeting),
            part(CardPart::Note),
            part(CardPart::Orders),
            CardBlock {
                more: 4,
                ..facts("Requests", &requests)
            },
            facts("Purchases", &purchases),
            facts("Balance", &[("", "−12 500 ₸"), ("340 €", "")]),
            facts(
                "Appointment",
                &[("Tue 24.11.2026 10:00 · Measuring · Anna", "")],
            ),
            facts(
                "Nearest branch",
                &[("Centre, Abay 10, Almaty · 2.4 km · +7 727 250 00 00", "")],
            ),
            facts("Address", &[("Satpayev 22, Almaty, KZ", "")]),
            facts("Tags", &[("steel, wholesale", "")]),
            facts("Contract", &[("2026/17", "")]),
        ]),
        ..vip()
    }
}

pub fn vip() -> CardData {
    CardData {
        call: "c1".into(),
        company: "Alfa LLC".into(),
        incoming: true,
        when: "Sun 22.11.2026 09:05".into(),
        known: true,
        name: "Ivan Petrov".into(),
        firm: "Steppe LLP".into(),
        place: "Almaty, Kazakhstan".into(),
        local_time: "14:05".into(),
        number: "+7 701 111 22 33".into(),
        number_plain: "+77011112233".into(),
        trusted: true,
        note: "Speak slowly".into(),
        category: "vip".into(),
        initials: "IP".into(),
        photo: photo(),
        photo_slot: true,
        orders: model(vec![order()]),
        blocks: model(vec![part(CardPart::Note), part(CardPart::Orders)]),
        employee: "101 Anna".into(),
        ..Default::default()
    }
}

pub fn problem() -> CardData {
    CardData {
        call: "c2".into(),
        name: "Olga Sidorova".into(),
        firm: SharedString::new(),
        place: "Astana, Kazakhstan".into(),
        number: "+7 702 222 33 44".into(),
        number_plain: "+77022223344".into(),
        trusted: false,
        note: "Did not pay for order 877. Agree on nothing by telephone; offer an e-mail.".into(),
        category: "problem".into(),
        initials: "OS".into(),
        photo: Image::default(),
        orders: model(vec![
            OrderLine {
                number: "1007".into(),
                stage: "Waiting for payment".into(),
                responsible: "Bek".into(),
                debt: "240 000 ₸".into(),
                overdue_days: 16,
                ..Default::default()
            },
            OrderLine {
                number: "1012".into(),
                stage: "Measuring".into(),
                responsible: "Chen".into(),
                ..Default::default()
            },
        ]),
        ..vip()
    }
}

pub fn unknown() -> CardData {
    CardData {
        call: "c3".into(),
        company: "Alfa LLC".into(),
        incoming: true,
        when: "Sun 22.11.2026 09:05".into(),
        number: "+36 30 555 0101".into(),
        number_plain: "+36305550101".into(),
        photo_slot: true,
        employee: "101 Anna".into(),
        ..Default::default()
    }
}

pub fn hidden() -> CardData {
    CardData {
        hidden: true,
        number: SharedString::new(),
        number_plain: SharedString::new(),
        ..unknown()
    }
}

pub fn arabic() -> CardData {
    CardData {
        name: "عبد الرحمن بن محمد الفارسي".into(),
        firm: "\u{2068}شركة النور للتجارة\u{2069}".into(),
        place: "Dubai, UAE".into(),
        number: "+971 50 123 4567".into(),
        number_plain: "+971501234567".into(),
        category: "potential".into(),
        initials: "ع".into(),
        photo: Image::default(),
        note: "يفضل اللغة العربية".into(),
        orders: model(vec![]),
        ..vip()
    }
}

/// Words that no line has room for, and more orders than a screen.
pub fn endless() -> CardData {
    CardData {
        name: "Wolfeschlegelsteinhausenbergerdorff".repeat(6).as_str()[..200].into(),
        company: "Gesellschaft für internationale Zusammenarbeit und Beratung mbH".into(),
        firm: "Donaudampfschifffahrtsgesellschaft".repeat(3).into(),
        note: "Rindfleischetikettierungsüberwachung".repeat(16).into(),
        orders: model(vec![order(); 20]),
        blocks: model(vec![
            part(CardPart::Note),
            part(CardPart::Orders),
            facts(
                &"Donaudampfschifffahrtsgesellschaft".repeat(2),
                &[(&"Donaudampfschifffahrtsgesellschaft".repeat(8), "")],
            ),
        ]),
        ..vip()
    }
}

pub fn call() -> CallItem {
    CallItem {
        id: "c1".into(),
        phase: CallPhase::Talking,
        incoming: true,
        title: "Ivan Petrov".into(),
        number: "+7 701 111 22 33".into(),
        line: "101 · Alfa LLC".into(),
        state: "Talking".into(),
        elapsed: "03:12".into(),
        category: "vip".into(),
        initials: "IP".into(),
        recording: RecordPhase::On,
        can_record: true,
        codec: "Opus 48 kHz · 1 % lost · 24 ms jitter".into(),
        quality: 5,
        quality_text: "very good".into(),
        quality_there: 4,
        quality_there_text: "good".into(),
        privacy: Privacy::Encrypted,
        heard: 0.62,
        spoken: 0.35,
        selected: true,
        ..Default::default()
    }
}

pub fn ringing() -> CallItem {
    CallItem {
        phase: CallPhase::Incoming,
        state: "Incoming call".into(),
        elapsed: "00:07".into(),
        recording: RecordPhase::Off,
        quality: 0,
        privacy: Privacy::Unknown,
        ..call()
    }
}

pub fn log() -> Vec<LogRow> {
    let row = |id: &str,
               heading: &str,
               title: &str,
               number: &str,
               incoming: bool,
               outcome: Outcome,
               time: &str,
               duration: &str,
               category: &str,
               recording: bool| LogRow {
        id: id.into(),
        heading: heading.into(),
        title: title.into(),
        number: number.into(),
        incoming,
        callback: false,
        outcome,
        time: time.into(),
        duration: duration.into(),
        category: category.into(),
        recording,
        line: "101 · Alfa LLC".into(),
        employee: "101 Anna".into(),
        client: "k1".into(),
        group: heading.into(),
        group_sum: "5 calls · 12:04".into(),
        group_open: true,
        too_long: id == "5",
        cost: "0.20 EUR".into(),
        diverted_by: if id == "6" {
            "104".into()
        } else {
            SharedString::new()
        },
        status: format!("{outcome:?}").to_lowercase().into(),
        date: "22.11.2026".into(),
        caller: if incoming { number } else { "101" }.into(),
        callee: if incoming { "101" } else { number }.into(),
        extension: "101".into(),
        category_name: category.into(),
        category_then: category.into(),
        category_then_name: category.into(),
        ring: "0:04".into(),
        quality: "4.3".into(),
        tags: if id == "4" { "complaint; invoice" } else { "" }.into(),
        note: if id == "4" {
            "Calls again on Monday"
        } else {
            ""
        }
        .into(),
        ..LogRow::default()
    };
    vec![
        row(
            "1",
            "Today",
            "Ivan Petrov",
            "+7 701 111 22 33",
            true,
            Outcome::Active,
            "09:05",
            "",
            "vip",
            true,
        ),
        row(
            "2",
            "",
            "+36 30 555 0101",
            "+36 30 555 0101",
            true,
            Outcome::Missed,
            "08:51",
            "",
            "",
            false,
        ),
        row(
            "3",
            "",
            "Olga Sidorova",
            "+7 702 222 33 44",
            false,
            Outcome::Busy,
            "08:40",
            "",
            "problem",
            false,
        ),
        row(
            "4",
            "",
            "عبد الرحمن الفارسي",
            "+971 50 123 4567",
            true,
            Outcome::Answered,
            "08:22",
            "3:12",
            "potential",
            true,
        ),
        row(
            "5",
            "",
            "Bek, warehouse",
            "102",
            false,
            Outcome::Answered,
            "08:14",
            "0:48",
            "",
            true,
        ),
        row(
            "6",
            "Yesterday",
            "Ivan Petrov",
            "+7 701 111 22 33",
            false,
            Outcome::Answered,
            "17:55",
            "12:04",
            "vip",
            true,
        ),
        row(
            "7",
            "",
            "Steppe LLP, accounts",
            "+7 701 111 22 34",
            false,
            Outcome::Missed,
            "16:30",
            "",
            "",
            false,
        ),
        row(
            "8",
            "",
            "Hidden number",
            "",
            true,
            Outcome::Rejected,
            "15:12",
            "",
            "",
            false,
        ),
        row(
            "9",
            "",
            "प्रिया शर्मा",
            "+91 98765 43210",
            true,
            Outcome::Elsewhere,
            "14:08",
            "",
            "ordinary",
            false,
        ),
        row(
            "10",
            "Friday 20 November",
            "Olga Sidorova",
            "+7 702 222 33 44",
            true,
            Outcome::Interrupted,
            "11:20",
            "5:41",
            "problem",
            true,
        ),
        row(
            "11",
            "",
            "Kovács Béla",
            "+36 30 123 4567",
            false,
            Outcome::Voicemail,
            "10:02",
            "0:18",
            "ordinary",
            false,
        ),
    ]
}

pub fn clients() -> Vec<ClientRow> {
    let row = |id: &str, name: &str, firm: &str, number: &str, category: &str, initials: &str| {
        ClientRow {
            id: id.into(),
            name: name.into(),
            firm: firm.into(),
            number: number.into(),
            category: category.into(),
            initials: initials.into(),
        }
    };
    vec![
        row(
            "k1",
            "Ivan Petrov",
            "Steppe LLP",
            "+7 701 111 22 33",
            "vip",
            "IP",
        ),
        row(
            "k2",
            "Olga Sidorova",
            "",
            "+7 702 222 33 44",
            "problem",
            "OS",
        ),
        row(
            "k3",
            "عبد الرحمن الفارسي",
            "\u{2068}شركة النور\u{2069}",
            "+971 50 123 4567",
            "potential",
            "ع",
        ),
        row(
            "k4",
            "प्रिया शर्मा",
            "Sharma Textiles",
            "+91 98765 43210",
            "ordinary",
            "प",
        ),
        row(
            "k5",
            "Nagy Katalin",
            "Duna Kft.",
            "+36 30 555 0199",
            "ordinary",
            "NK",
        ),
        row(
            "k6",
            "Айгүл Қасымова",
            "Дала Logistics",
            "+7 705 333 44 55",
            "vip",
            "АҚ",
        ),
    ]
}

/// Fills the main window as it stands on a working morning.
pub fn fill(window: &MainWindow) {
    use ringbook_ui::slint::ComponentHandle;

    let shell = window.global::<WindowAdapter>();
    shell.set_lines(model(vec![
        Line {
            aor: "sip:101@alfa".into(),
            title: "101 · Alfa LLC".into(),
            state: LineState::Ready,
            text: "Ready".into(),
        },
        Line {
            aor: "sip:201@beta".into(),
            title: "201 · Beta".into(),
            state: LineState::Failing,
            text: "Password refused".into(),
        },
    ]));
    shell.set_missed(2);
    shell.set_found(model(vec![
        Found {
            kind: FoundKind::Number,
            id: "7011".into(),
            title: "Call 701 111".into(),
            subtitle: "101 · Alfa LLC".into(),
            keys: "⏎".into(),
        },
        Found {
            kind: FoundKind::Client,
            id: "k1".into(),
            title: "Ivan Petrov".into(),
            subtitle: "Steppe LLP · +7 701 111 22 33".into(),
            ..Default::default()
        },
        Found {
            kind: FoundKind::Call,
            id: "1".into(),
            title: "Ivan Petrov".into(),
            subtitle: "Answered · yesterday 17:55".into(),
            ..Default::default()
        },
        Found {
            kind: FoundKind::Command,
            id: "add".into(),
            title: "Add a client".into(),
            keys: "Ctrl N".into(),
            ..Default::default()
        },
    ]));

    let phone = window.global::<PhoneAdapter>();
    phone.set_lines(words(&["101 · Alfa LLC", "201 · Beta"]));
    phone.set_categories(words(&["Ordinary", "VIP", "Problem", "Potential"]));

    let log_page = window.global::<LogAdapter>();
    log_page.set_rows(model(log()));
    log_page.set_today(LogCounts {
        total: 5,
        outgoing: 2,
        answered: 2,
        unanswered: 1,
        talk: "12:04".into(),
        longest_wait: "0:48".into(),
        to_return: 1,
    });
    log_page.set_from("22.11.2026".into());
    log_page.set_to("22.11.2026".into());
    log_page.set_call(log()[3].clone());

    let book = window.global::<ClientsAdapter>();
    book.set_rows(model(clients()));
    book.set_total(6);
    super::book::fill(window);

    let recordings = window.global::<RecordingsAdapter>();
    let recording = |id: &str,
                     heading: &str,
                     title: &str,
                     time: &str,
                     duration: &str,
                     size: &str,
                     problem: &str| RecordingRow {
        id: id.into(),
        heading: heading.into(),
        title: title.into(),
        number: "+7 701 111 22 33".into(),
        incoming: true,
        time: time.into(),
        duration: duration.into(),
        size: size.into(),
        file: "recordings/2026-11/20261122T040512Z-019ab2.wav".into(),
        problem: problem.into(),
    };
    recordings.set_rows(model(vec![
        recording(
            "r1",
            "Today",
            "عبد الرحمن الفارسي",
            "08:22",
            "3:12",
            "6.1 MB",
            "",
        ),
        recording("r2", "", "Bek, warehouse", "08:14", "0:48", "1.5 MB", ""),
        recording(
            "r3",
            "Yesterday",
            "Ivan Petrov",
            "17:55",
            "12:04",
            "23 MB",
            "",
        ),
        recording(
            "r4",
            "",
            "Olga Sidorova",
            "11:20",
            "5:41",
            "10.9 MB",
            "The program ended during this call; the file was repaired.",
        ),
    ]));
    recordings.set_recording(recording(
        "r3",
        "",
        "Ivan Petrov",
        "Yesterday 17:55",
        "12:04",
        "23 MB",
        "",
    ));
    recordings
        .set_details("WAV, 2 channels: left your voice, right the client's · Opus 48 kHz".into());

    let settings = window.global::<SettingsAdapter>();
    settings.set_accounts(words(&["101 · Alfa LLC", "201 · Beta"]));
    settings.set_account(AccountForm {
        aor: "sip:101@office.example".into(),
        display_name: "Anna".into(),
        extension: "101".into(),
        company: "Alfa LLC".into(),
        password: "secret".into(),
        register: true,
        ..Default::default()
    });
    let codec = |key: &str, title: &str, on| CodecItem {
        key: key.into(),
        title: title.into(),
        on,
    };
    settings.set_codecs(model(vec![
        codec("opus", "Opus", true),
        codec("g722", "G.722", true),
        codec("pcma", "G.711 A-law", true),
        codec("pcmu", "G.711 µ-law", false),
    ]));
    settings.set_check(model(vec![
        CheckStep {
            title: "Server's name".into(),
            text: "office.example is 192.0.2.10".into(),
            state: StepState::Passed,
            ..Default::default()
        },
        CheckStep {
            title: "Server".into(),
            text: "it answers over UDP".into(),
            state: StepState::Passed,
            ..Default::default()
        },
        CheckStep {
            title: "Registration".into(),
            text: "the server refuses name and password (401 Unauthorized)".into(),
            remedy: "Check username and password, or ask the provider for them.".into(),
            state: StepState::Failed,
        },
    ]));
    settings.set_recording_folder("/home/anna/.local/share/ringbook/recordings".into());
    settings.set_languages(words(&["English"]));
    settings.set_version("0.1.0".into());
    settings.set_profile("/home/anna/.local/share/ringbook".into());
}

/// A layout of the card: chosen, with its blocks and a call that has it.
pub fn put_layouts(window: &MainWindow) {
    use ringbook_ui::slint::ComponentHandle;

    let block = |key: &str, title: &str, on| LayoutBlock {
        key: key.into(),
        title: title.into(),
        on,
    };
    let layouts = window.global::<LayoutAdapter>();
    layouts.set_layouts(words(&["Standard", "Sales"]));
    layouts.set_current(1);
    layouts.set_name("Sales".into());
    layouts.set_blocks(model(vec![
        block("photo", "Photo", true),
        block("note", "Note", true),
        block("orders", "Open orders", true),
        block("field:Contract", "Contract", true),
        block("location", "Location", false),
        block("greeting", "Greeting", false),
        block("requests", "Open requests", false),
        block("purchases", "Last purchases", false),
        block("balance", "Balance", false),
        block("appointment", "Next appointment", false),
        block("branch", "Nearest branch", false),
        block("address", "Address", false),
        block("tags", "Tags", false),
    ]));
    layouts.set_preview(CardData {
        place: SharedString::new(),
        local_time: SharedString::new(),
        blocks: model(vec![
            part(CardPart::Note),
            part(CardPart::Orders),
            facts("Contract", &[("2026/17", "")]),
        ]),
        ..vip()
    });
}

/// Colleagues whose phones are watched, in every state, and two mailboxes.
pub fn put_colleagues(window: &MainWindow) {
    use ringbook_ui::slint::ComponentHandle;

    let lamp = |title: &str, state| Lamp {
        target: title.split(' ').next().unwrap_or_default().into(),
        line: 1,
        title: title.into(),
        state,
    };
    let phone = window.global::<PhoneAdapter>();
    phone.set_lamps(model(vec![
        lamp("102 Bek", LampState::Idle),
        lamp("103 Chen", LampState::Ringing),
        lamp("104 Dana Akhmetova", LampState::Busy),
        lamp(
            "105 Wolfeschlegelsteinhausenbergerdorff",
            LampState::Unreachable,
        ),
        lamp("106", LampState::Unknown),
    ]));
    phone.set_mailboxes(model(vec![
        Mailbox {
            line: "101 · Alfa LLC".into(),
            fresh: 3,
            heard: 12,
            waiting: true,
        },
        Mailbox {
            line: "201 · Beta".into(),
            ..Default::default()
        },
    ]));
}

/// Nobody rings, and some callers are sent on.
pub fn put_away(window: &MainWindow) {
    use ringbook_ui::slint::ComponentHandle;

    let absence = window.global::<AbsenceAdapter>();
    absence.set_do_not_disturb(true);
    absence.set_always("102".into());
    absence.set_busy("+7 701 111 22 33".into());
}

/// A line with wishes of its own, some of them wrong.
pub fn put_line(window: &MainWindow) {
    use ringbook_ui::slint::ComponentHandle;

    let settings = window.global::<SettingsAdapter>();
    settings.set_part(SettingsPart::Account);
    settings.set_account(AccountForm {
        transport: 3,
        ca_file: "/etc/ringbook/office.pem".into(),
        srtp: 3,
        own_codecs: true,
        prefix: "nine".into(),
        emergency: "112, 102".into(),
        lamps: "102, 103, 104".into(),
        voicemail: true,
        ice: true,
        stun_server: "stun.office.example".into(),
        turn_server: "two words".into(),
        turn_user: "anna".into(),
        ..settings.get_account()
    });
    settings.set_faults(AccountFaults {
        ca_file: "/etc/ringbook/office.pem holds no certificate in PEM. Choose a file that begins with -----BEGIN CERTIFICATE-----, or leave this empty.".into(),
        prefix: "“nine” cannot be dialled; allowed: at most 16 of 0-9 + * #".into(),
        turn_server: "“two words” is no server; allowed: a host with or without a port, such as stun.office.example:3478".into(),
        ..Default::default()
    });
}

/// Opens what was kept of the call that is chosen in the log.
pub fn put_flight(window: &MainWindow) {
    use ringbook_ui::slint::ComponentHandle;

    let step = |kind, time: &str, text: &str| LadderStep {
        kind,
        time: time.into(),
        text: text.into(),
        ..Default::default()
    };
    let figure = |name: &str, value: &str| Figure {
        name: name.into(),
        value: value.into(),
    };
    let sound = |until: &str, lost: &str, jitter: &str, score: &str| SoundRow {
        until: until.into(),
        lost: lost.into(),
        late: "0.4 %".into(),
        jitter: jitter.into(),
        round_trip: "86 ms".into(),
        score: score.into(),
    };
    let flight = window.global::<FlightAdapter>();
    flight.set_trouble(true);
    flight.set_sentence("7.3 % of what the other side said was lost on the network.".into());
    flight.set_findings(words(&[
        "The network delivered the sound unevenly (jitter 48 ms).",
    ]));
    flight.set_steps(model(vec![
        LadderStep {
            other: "[2001:db8::1234:5678]:5061 · TLS".into(),
            ..step(StepKind::Ends, "", "this phone · [2001:db8::17]:41734")
        },
        step(
            StepKind::Received,
            "0.000 s",
            "INVITE sip:101@192.0.2.17:41734;transport=tls · SDP",
        ),
        step(StepKind::Sent, "0.001 s", "100 Trying (INVITE)"),
        step(StepKind::Sent, "0.002 s", "180 Ringing (INVITE)"),
        step(StepKind::Sent, "4.310 s", "200 OK (INVITE) · SDP"),
        step(
            StepKind::Note,
            "4.310 s",
            "sound: OPUS, both ways, with 192.0.2.2:40000",
        ),
        step(
            StepKind::Received,
            "4.388 s",
            "ACK sip:101@192.0.2.17:41734",
        ),
        step(StepKind::Gap, "", "messages that are not kept: 7"),
        step(StepKind::Note, "65.020 s", "held by the other side"),
        step(
            StepKind::Received,
            "192.101 s",
            "BYE sip:101@192.0.2.17:41734",
        ),
        step(StepKind::Sent, "192.102 s", "200 OK (BYE)"),
    ]));
    flight.set_figures(model(vec![
        figure("Codec", "Opus"),
        figure("Sent", "9610"),
        figure("Received", "8905"),
        figure("Lost", "7.3 %"),
        figure("Jitter", "48 ms"),
        figure("Round trip", "86 ms"),
        figure("Score", "3.1"),
    ]));
    flight.set_headings(SoundRow {
        until: "Until".into(),
        lost: "Lost".into(),
        late: "Late".into(),
        jitter: "Jitter".into(),
        round_trip: "Round trip".into(),
        score: "Score".into(),
    });
    flight.set_sound(model(vec![
        sound("0:16", "0.0 %", "4 ms", "4.3"),
        sound("0:32", "1.2 %", "12 ms", "4.0"),
        sound("3:08", "9.8 %", "48 ms", "2.7"),
    ]));
    flight.set_kept(true);
    window.global::<WindowAdapter>().set_page(Page::Calls);
    window.global::<LogAdapter>().set_selected("4".into());
    flight.set_open(true);
}

/// Messages of every tone, one of them long and with something to do.
pub fn notices() -> Vec<Notice> {
    let notice = |id, tone, text: &str, action: &str| Notice {
        id,
        tone,
        text: text.into(),
        action: action.into(),
    };
    vec![
        notice(1, Tone::Good, "Client saved.", ""),
        notice(2, Tone::Info, "The transfer to 102 was accepted.", ""),
        notice(
            3,
            Tone::Warning,
            "The headset was unplugged; the call goes on with the loudspeaker.",
            "Audio settings",
        ),
        notice(
            4,
            Tone::Bad,
            "The database cannot be written: the disk is full. Calls go on, and their rows are written when there is room again.",
            "",
        ),
    ]
}

/// Puts a call and its card up.
pub fn put_up(window: &MainWindow, call: CallItem, card: CardData) {
    use ringbook_ui::slint::ComponentHandle;

    let phone = window.global::<PhoneAdapter>();
    phone.set_calls(model(vec![call.clone()]));
    phone.set_call(call);
    phone.set_card(card);
    phone.set_has_call(true);
}
