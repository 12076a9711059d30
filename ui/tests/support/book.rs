//! A client of the sample office: the page, its lists, the form.

use ringbook_ui::slint::{ComponentHandle, SharedString};
use ringbook_ui::*;

use super::sample::{model, order, photo, words};

/// The client that the promises name.
pub fn client() -> ClientData {
    ClientData {
        id: "k1".into(),
        name: "Ivan Petrov".into(),
        firm: "Steppe LLP".into(),
        category: "vip".into(),
        note: "Speak slowly".into(),
        note_terms: "until 31.12.2026 · must be acknowledged".into(),
        initials: "IP".into(),
        photo: photo(),
        ..Default::default()
    }
}

fn fact(name: &str, value: &str) -> ClientFact {
    ClientFact {
        name: name.into(),
        value: value.into(),
        link: SharedString::new(),
    }
}

/// Everything that the page of [`client`] shows.
pub fn fill(window: &MainWindow) {
    let book = window.global::<ClientsAdapter>();
    book.set_client(client());
    let number = |number: &str, plain: &str, label: &str| ClientNumber {
        number: number.into(),
        plain: plain.into(),
        label: label.into(),
    };
    book.set_numbers(model(vec![
        number("+7 701 111 22 33", "+77011112233", "mobile"),
        number("+7 727 250 00 00 ext. 12", "+77272500000", "office"),
    ]));
    book.set_facts(model(vec![
        fact("Address", "Abay 1, Almaty, KZ"),
        fact("E-mail", "petrov@steppe.example"),
        fact("Responsible", "101 Anna"),
        fact("Tags", "steel, late payer"),
        fact("Consent", "given on 22.11.2026, on the phone"),
        ClientFact {
            link: "https://office.example/contracts/17".into(),
            ..fact("Contract", "https://office.example/contracts/17")
        },
    ]));
    book.set_orders(model(vec![order()]));
    let kind = |key: &str, title: &str, count| RecordKind {
        key: key.into(),
        title: title.into(),
        count,
    };
    book.set_kinds(model(vec![
        kind("order", "Orders", 3),
        kind("request", "Requests", 1),
        kind("purchase", "Purchases", 0),
        kind("account", "Accounts", 1),
        kind("appointment", "Appointments", 0),
    ]));
    book.set_form(model(client_form()));
    window
        .global::<TimelineAdapter>()
        .set_rows(model(timeline()));
    window.global::<TimelineAdapter>().set_more(true);
    window.global::<OfficeAdapter>().set_kinds(model(vec![
        kind("category", "Categories", 5),
        kind("stage", "Stages", 4),
        kind("field", "Fields of your own", 2),
        kind("employee", "Employees", 3),
        kind("branch", "Branches", 0),
        kind("greeting", "Greetings", 0),
    ]));
    let records = window.global::<RecordsAdapter>();
    records.set_kind("order".into());
    records.set_noun("Order".into());
    records.set_rows(model(orders()));
    records.set_form(model(order_form()));
}

/// What happened with the client.
pub fn timeline() -> Vec<TimelineRow> {
    let row = |id: &str, kind, title: &str, text: &str, time: &str| TimelineRow {
        id: id.into(),
        kind,
        title: title.into(),
        text: text.into(),
        time: time.into(),
        opens: kind != HappeningKind::Change,
        ..Default::default()
    };
    let call = |id: &str, title: &str, text: &str, time: &str, incoming, outcome| TimelineRow {
        incoming,
        outcome,
        ..row(id, HappeningKind::Call, title, text, time)
    };
    let day = |heading: &str, row: TimelineRow| TimelineRow {
        heading: heading.into(),
        ..row
    };
    vec![
        day(
            "Today",
            call(
                "t1",
                "Incoming, answered",
                "4:11 · 101 Anna",
                "09:05",
                true,
                Outcome::Answered,
            ),
        ),
        row("t2", HappeningKind::Recording, "Recording", "4:11", "09:05"),
        row(
            "t3",
            HappeningKind::Note,
            "Note",
            "Wants the steel cut to 40 cm. Will send a drawing by e-mail and asks to be called back before noon.",
            "09:10",
        ),
        row(
            "t4",
            HappeningKind::Change,
            "Changed: Company",
            "Steppe → Steppe LLP",
            "09:11",
        ),
        day(
            "Yesterday",
            call("t5", "Incoming, missed", "", "17:55", true, Outcome::Missed),
        ),
        row(
            "t6",
            HappeningKind::Record,
            "Order 1001",
            "Cutting · Anna · due 20.11.2026",
            "11:00",
        ),
    ]
}

/// The client's orders.
pub fn orders() -> Vec<RecordRow> {
    let row =
        |id: &str, title: &str, stage: &str, closed, facts: &str, amount: &str, late: &str| {
            RecordRow {
                id: id.into(),
                title: title.into(),
                stage: stage.into(),
                closed,
                facts: facts.into(),
                amount: amount.into(),
                late: late.into(),
            }
        };
    vec![
        row(
            "o1",
            "1001",
            "Cutting",
            false,
            "Responsible: Anna · Due: 20.11.2026 · Debt: 12 500 ₸",
            "40 000 ₸",
            "overdue 2 days",
        ),
        row("o2", "1002", "New", false, "", "7 000 ₸", ""),
        row("o3", "987", "Delivered", true, "closed", "1 200 000 ₸", ""),
    ]
}

fn field(key: &str, label: &str, kind: FieldKind, text: &str) -> FormField {
    FormField {
        key: key.into(),
        label: label.into(),
        kind,
        text: text.into(),
        ..Default::default()
    }
}

fn choice(key: &str, label: &str, options: &[&str]) -> FormField {
    FormField {
        options: words(options),
        values: words(options),
        ..field(key, label, FieldKind::Choice, options[0])
    }
}

fn short(field: FormField) -> FormField {
    FormField {
        short: true,
        ..field
    }
}

fn line(fields: Vec<FormField>) -> FormLine {
    FormLine {
        fields: model(fields),
        ..Default::default()
    }
}

fn removable(remove: &str, fields: Vec<FormField>) -> FormLine {
    FormLine {
        remove: remove.into(),
        ..line(fields)
    }
}

fn section(title: &str, lines: Vec<FormLine>) -> FormSection {
    FormSection {
        title: title.into(),
        lines: model(lines),
        ..Default::default()
    }
}

/// The form of an order.
pub fn order_form() -> Vec<FormSection> {
    vec![section(
        "",
        vec![
            line(vec![
                field("number", "Number", FieldKind::Text, "1001"),
                choice("stage", "Stage", &["Cutting", "New", "Delivered"]),
            ]),
            line(vec![
                choice("responsible", "Responsible", &["101 Anna", "nobody"]),
                FormField {
                    placeholder: "2026-11-22".into(),
                    ..field("due", "Due", FieldKind::Date, "2026-11-20")
                },
            ]),
            line(vec![
                field("amount", "Amount", FieldKind::Money, "40000 KZT"),
                FormField {
                    error: "That is no amount. Write it such as 12 500.50 KZT".into(),
                    ..field("debt", "Debt", FieldKind::Money, "much")
                },
            ]),
            line(vec![field("closed", "Closed", FieldKind::Flag, "")]),
        ],
    )]
}

/// Tariffs, the form of one of them with what is wrong with it, and what a call costs.
pub fn put_costs(window: &MainWindow, editing: bool) {
    let costs = window.global::<CostsAdapter>();
    let rule = |title: &str, facts: &str| RuleRow {
        title: title.into(),
        facts: facts.into(),
    };
    costs.set_rows(model(vec![
        rule("Mobile", "0.10 EUR · +7701, +7702"),
        rule(
            "Abroad at night",
            "0.25 EUR · +36 · mon-fri · 22:00-06:00 · 60/60",
        ),
        rule(&"A tariff with a name of its own ".repeat(6), "1 EUR"),
    ]));
    costs.set_selected(1);
    costs.set_form(model(vec![section(
        "",
        vec![
            line(vec![
                field("name", "Name", FieldKind::Text, "Abroad at night"),
                field("prefix", "Numbers that begin so", FieldKind::Text, "+36"),
            ]),
            line(vec![
                field("price", "A minute", FieldKind::Text, "dear"),
                choice("rounding", "Rounding", &["To the nearest", "Up"]),
            ]),
        ],
    )]));
    let fault = "tariffs.toml:9: price = \"dear\" in [[tariff]]: allowed: a price such as \"0.10\"";
    costs.set_fault(if editing { fault } else { "" }.into());
    costs.set_editing(editing);
    costs.set_number("+77011112233".into());
    costs.set_price(words(&[
        "Tariff: Mobile",
        "2 steps of 60 s at 0.10 EUR a minute (Mobile)",
        "Cost: 0.20 EUR",
    ]));
}

/// The form of a client.
pub fn client_form() -> Vec<FormSection> {
    let number = |number: &str, ext: &str, label: &str| {
        removable(
            "Remove this number",
            vec![
                field("phone", "Number", FieldKind::Phone, number),
                short(field("phone_ext", "Extension", FieldKind::Text, ext)),
                field("phone_label", "Label", FieldKind::Text, label),
            ],
        )
    };
    let text = |key: &str, label: &str, text: &str| field(key, label, FieldKind::Text, text);
    vec![
        section(
            "",
            vec![
                line(vec![
                    text("name", "Name", "Ivan Petrov"),
                    text("company", "Company", "Steppe LLP"),
                ]),
                line(vec![
                    choice("category", "Category", &["VIP", "Ordinary", "Problem"]),
                    choice("kind", "Kind", &["Person", "Company"]),
                ]),
            ],
        ),
        FormSection {
            add: "Add a number".into(),
            ..section(
                "Numbers",
                vec![
                    number("+7 701 111 22 33", "", "mobile"),
                    number("+7 727 250 00 00", "12", "office"),
                ],
            )
        },
        section(
            "Note on the card",
            vec![
                line(vec![field(
                    "note",
                    "Note",
                    FieldKind::Lines,
                    "Speak slowly",
                )]),
                line(vec![
                    field(
                        "note_until",
                        "Note valid until",
                        FieldKind::Date,
                        "2026-12-31",
                    ),
                    field(
                        "note_acknowledge",
                        "Note must be acknowledged",
                        FieldKind::Flag,
                        "yes",
                    ),
                ]),
            ],
        ),
        FormSection {
            foldable: true,
            add: "Add an address".into(),
            ..section(
                "Addresses",
                vec![removable(
                    "Remove this address",
                    vec![
                        text("street", "Street", "Abay 1"),
                        text("city", "City", "Almaty"),
                        text("country", "Country", "KZ"),
                    ],
                )],
            )
        },
        FormSection {
            foldable: true,
            folded: true,
            ..section(
                "Consent",
                vec![line(vec![text(
                    "consent_how",
                    "Consent how",
                    "on the phone",
                )])],
            )
        },
    ]
}

/// A client whose every text is too long.
pub fn endless() -> ClientData {
    ClientData {
        name: "Wolfeschlegelsteinhausenbergerdorff "
            .repeat(6)
            .trim()
            .into(),
        firm: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
            .into(),
        category: "ours".into(),
        category_name: "Kunden mit besonderen Vereinbarungen".into(),
        note: "Do not promise a date. ".repeat(20).into(),
        do_not_call: true,
        photo: Default::default(),
        ..client()
    }
}

/// Makes one client of two: looks for the other, or at what will be.
pub fn put_merge(window: &MainWindow, chosen: bool) {
    let merge = window.global::<MergeAdapter>();
    merge.set_query("Petrov".into());
    merge.set_found(model(super::sample::clients()));
    let line = |name: &str, mine: &str, theirs: &str, result: &str| MergeLine {
        name: name.into(),
        mine: mine.into(),
        theirs: theirs.into(),
        result: result.into(),
    };
    merge.set_lines(model(vec![
        line("Name", "Ivan Petrov", "I. Petrov", "Ivan Petrov"),
        line("Company", "Steppe LLP", "Steppe", "Steppe LLP"),
        line(
            "Phone",
            "+7 701 111 22 33",
            "+7 701 111 22 33",
            "+7 701 111 22 33",
        ),
        line(
            "Phone 2",
            "",
            "+7 727 250 00 00 ext. 12",
            "+7 727 250 00 00 ext. 12",
        ),
        line(
            "Note",
            "Speak slowly",
            "Is on holiday until the middle of December",
            "Speak slowly\nIs on holiday until the middle of December",
        ),
    ]));
    merge.set_comes_along("Comes along: 12 calls · 3 records".into());
    merge.set_chosen(chosen);
    merge.set_open(true);
}

/// A column of a file, and what it is taken for, the first of what it may hold.
fn column(name: &str, holds: &str, guess: bool) -> ImportColumn {
    let options = ["Name", "Company", "Phone", "Note", "not kept"];
    let others = options.iter().copied().filter(|other| *other != holds);
    let options: Vec<&str> = [holds].into_iter().chain(others).collect();
    ImportColumn {
        name: name.into(),
        options: words(&options),
        current: 0,
        guess,
    }
}

fn entry(title: &str, text: &str, wrong: bool) -> ImportEntry {
    ImportEntry {
        title: title.into(),
        text: text.into(),
        wrong,
    }
}

/// Brings clients in from a file, as far as this.
pub fn put_import(window: &MainWindow, phase: ImportPhase) {
    let import = window.global::<ImportAdapter>();
    let path = "~/Загрузки/Клиенты отделения на ноябрь 2026.csv";
    import.set_path(path.into());
    import.set_read_path(path.into());
    import.set_charsets(words(&[
        "windows-1251 (found out)",
        "UTF-8",
        "windows-1250",
    ]));
    import.set_country("KZ".into());
    import.set_country_name("Kazakhstan".into());
    import.set_columns(model(vec![
        column("ФИО клиента", "Name", true),
        column("Телефон", "Phone", true),
        column(
            "Мобильный телефон для сообщений и срочных звонков",
            "Phone 2 (mobile)",
            true,
        ),
        column("الملاحظات", "Note", true),
        column("Договор", "Договор (a field of the office's own)", false),
    ]));
    import.set_entries(model(vec![
        entry(
            "Иван Петров",
            "Phone: +7 701 111 22 33 · Note: Speak slowly · Договор: 17/2026",
            false,
        ),
        entry(
            "\u{2068}ليلى حداد\u{2069}",
            "Phone: +971 50 123 4567 · Note: \u{2068}تتحدث العربية\u{2069}",
            false,
        ),
        entry(
            "Line 4: Телефон: нет",
            "Allowed: numbers of KZ and international ones such as +77011112233",
            true,
        ),
    ]));
    import.set_left_out(model(vec![entry(
        "Line 4: Телефон: нет",
        "Allowed: numbers of KZ and international ones such as +77011112233",
        true,
    )]));
    import.set_more_left_out("and 12 more".into());
    import.set_changes(model(match phase {
        ImportPhase::Done => vec![],
        _ => vec![entry(
            "Ольга Сидорова",
            "City: – → Алматы\nNote: Steel → Steel and brass",
            false,
        )],
    }));
    import.set_remarks(model(vec![entry(
        "",
        "line 9: phone: +77272500000 is also a number of Reception",
        false,
    )]));
    import.set_summary(
        match phase {
            ImportPhase::Running => "The clients are coming in: 15000 entries so far…",
            ImportPhase::Done => "Done: 1204 new clients, 1 changed, 0 unchanged, 13 left out.",
            _ => "An import would make: 1204 new clients, 1 changed, 0 unchanged, 13 left out.",
        }
        .into(),
    );
    import.set_share(0.6);
    import.set_left_out_file(
        "/home/me/Загрузки/Клиенты отделения на ноябрь 2026.left-out.csv".into(),
    );
    import.set_phase(phase);
    import.set_open(true);
}

/// A book that nobody is in yet.
pub fn put_empty(window: &MainWindow) {
    let book = window.global::<ClientsAdapter>();
    book.set_rows(model(vec![]));
    book.set_query("".into());
    book.set_selected("".into());
    window.global::<WindowAdapter>().set_page(Page::Clients);
}
