//! The walls of docs/ARCHITECTURE.md, and the habits a compiler does not check.
//!
//! A rule is a function from the tree of files to what breaks it, one line each. Every rule is tried
//! on a planted fault as well, so that none of them can pass by being blind.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

/// A file of the repository: its path from the root, with `/`, and its text.
struct File {
    path: String,
    text: String,
}

type Tree = Vec<File>;

/// Longer files hide what they hold; a list of tests may be longer.
const MAX_LINES: usize = 600;
const MAX_TEST_LINES: usize = 1000;

/// The promises of this version, each of which docs/BEHAVIOR.md must tie to a test.
const PROMISES: &str = "S1.1 S1.2 S1.3 S1.4 S1.5 S1.6 S1.7 S1.8 S1.10 S1.11 S1.12 S1.13 S1.14 S1.15 S1.16 \
     S1.17 S1.18 S1.19 S1.20 S1.21 S1.22 S1.23 S1.24 S1.25 S1.26 S1.27 S1.28 S1.29 \
     S2.1 S2.2 S2.3 S2.4 S2.5 S2.6 S2.7 S2.8 S2.10 S2.11 S2.12 S2.13 S2.14 S2.15 S2.16 S2.17 S2.18 S2.19 S2.20 \
     S2.21 S2.22 S2.23 S2.24 S2.25 S2.26 S2.27 S4.3 S4.20 S4.21 S4.22 S4.23 S4.24 S4.25 S4.26 S4.27 S4.28 \
     S5.1 S5.2 S5.3 S5.4 S5.5 S5.6 S5.7 S5.8 S5.9 S5.10 S5.11 S5.12 S5.13 S5.14 S5.15 S5.16 S5.17 S5.18 S5.19 S5.20 S5.21 S5.22 \
     S5.23 S5.24 S5.25 S5.26 S5.27 S5.28 S5.29 S5.30 S5.31 S5.32 S5.33";

const BEHAVIOR: &str = "docs/BEHAVIOR.md";

#[test]
fn each_library_stays_in_its_room() {
    holds(
        libraries_in_rooms,
        &[
            ("src/phone/call.rs", "use rusqlite::Connection;"),
            (
                "src/driver/mod.rs",
                "fn f() { slint::invoke_from_event_loop(g); }",
            ),
            ("src/main.rs", "use ringbook_ui::MainWindow;"),
            ("src/ui/tray.rs", "use ringbook_markup::Tray;"),
            ("sip/src/dialog.rs", "use rsip::Header;"),
            ("src/phone/account.rs", "fn f(m: rsip::SipMessage) {}"),
            ("src/dav/server.rs", "use ureq::Agent;"),
            ("src/driver/sources.rs", "use tokio_postgres::Client;"),
            ("src/export/page.rs", "use pdf_writer::Pdf;"),
            ("src/driver/mod.rs", "use hyper::StatusCode;"),
        ],
        &[
            ("src/store/calls.rs", "use rusqlite::Connection;"),
            ("src/api/server.rs", "use hyper::StatusCode;"),
            ("src/ui/card_adapter.rs", "use slint::ModelRc;"),
            ("sip/src/message/parse.rs", "use rsip::Header;"),
            (
                "src/phone/call.rs",
                "// not even rusqlite's errors come here",
            ),
        ],
    );
}

#[test]
fn the_phone_and_the_protocol_do_no_io_and_are_not_async() {
    holds(
        pure_core,
        &[
            ("src/phone/call.rs", "async fn ring() {}"),
            ("src/phone/call.rs", "use tokio::sync::mpsc;"),
            ("src/app.rs", "use std::net::{IpAddr, UdpSocket};"),
            ("src/office/queue.rs", "std::fs::write(path, text)?;"),
            ("src/dav/sync.rs", "let now = Timestamp::now();"),
            ("src/webhooks/courier.rs", "let now = Instant::now();"),
            ("sip/src/dialog.rs", "let now = Instant::now();"),
            ("sip/src/auth.rs", "println!(\"{nonce}\");"),
            ("media/src/jitter_buffer.rs", "std::thread::spawn(run);"),
        ],
        &[
            ("src/phone/call.rs", "use std::net::SocketAddr;"),
            ("src/driver/mod.rs", "use tokio::net::UdpSocket;"),
            ("media/src/engine.rs", "let now = Instant::now();"),
            ("media/src/device/file.rs", "std::fs::File::open(path)"),
            (
                "sip/src/dialog.rs",
                "fn f() {}\n#[cfg(test)]\nmod tests { fn t() { Instant::now(); } }",
            ),
        ],
    );
}

#[test]
fn unsafe_code_is_nowhere() {
    holds(
        no_unsafe,
        &[("media/src/device/alsa.rs", "let x = unsafe { *p };")],
        &[(
            "sip/src/lib.rs",
            "#![forbid(unsafe_code)] // unsafe is refused",
        )],
    );
}

#[test]
fn the_crates_sip_and_media_depend_on_none_of_the_others() {
    holds(
        free_crates,
        &[
            ("sip/Cargo.toml", "[dependencies]\ntokio = \"1\""),
            ("sip/Cargo.toml", "ringbook-media = { path = \"../media\" }"),
            ("media/Cargo.toml", "rusqlite.workspace = true"),
            ("media/Cargo.toml", "[dependencies.slint]"),
        ],
        &[(
            "media/Cargo.toml",
            "name = \"ringbook-media\"\n[dependencies]\nhound = \"3\"",
        )],
    );
}

#[test]
fn no_file_is_too_long_to_find_ones_way_in() {
    let long = "\n".repeat(MAX_LINES + 1);
    let fair = "\n".repeat(MAX_LINES);
    holds(
        short_files,
        &[("src/phone.rs", &long), ("ui/markup/app.slint", &long)],
        &[
            ("src/phone.rs", &fair),
            ("tests/walk.rs", &long),
            ("docs/RFC.md", &long),
        ],
    );
}

#[test]
fn tests_wait_for_events_and_never_sleep() {
    holds(
        no_sleep,
        &[
            ("tests/walk.rs", "std::thread::sleep(pause);"),
            ("sip/tests/pairs.rs", "tokio::time::sleep(pause).await;"),
            (
                "media/src/rtp.rs",
                "#[cfg(test)]\nmod tests { fn t() { sleep(pause) } }",
            ),
        ],
        &[
            ("tests/interop/support/program.rs", "thread::sleep(pause);"),
            ("media/src/engine.rs", "thread::sleep(until_next_tick);"),
        ],
    );
}

#[test]
fn no_file_of_tests_is_left_out_of_its_program() {
    let main = || file("sip/tests/main.rs", "mod dialing;\nmod support;");
    let manifest = || file("sip/Cargo.toml", "[[test]]\nname = \"slow\"");
    let with = |path| unlisted_tests(&vec![main(), manifest(), file(path, "")]);
    assert!(!with("sip/tests/forgotten.rs").is_empty());
    for listed in [
        "sip/tests/dialing.rs",
        "sip/tests/slow.rs",
        "sip/tests/support/peer.rs",
        "sip/src/dialog.rs",
    ] {
        assert_none(with(listed));
    }
    assert_none(unlisted_tests(&repository()));
}

#[test]
fn every_text_of_the_window_can_be_translated() {
    holds(
        translated_texts,
        &[
            ("ui/markup/app.slint", r#"Text { text: "Ringing"; }"#),
            (
                "ui/markup/app.slint",
                r#"text: held ? @tr("On hold") : "Talking";"#,
            ),
            (
                "ui/markup/app.slint",
                r#"accessible-label: "Answer " + root.name;"#,
            ),
        ],
        &[
            (
                "ui/markup/app.slint",
                r#"text: @tr("Calls ({})", root.count);"#,
            ),
            (
                "ui/markup/app.slint",
                r#"text: state == "held" ? @tr("On hold") : root.state-text;"#,
            ),
            (
                "ui/markup/app.slint",
                r#"text: root.debt + " · " + root.due;"#,
            ),
            (
                "ui/markup/app.slint",
                r#"text: @tr("{n} call" | "{n} calls" % Log.today(true));"#,
            ),
            ("ui/markup/app.slint", r#"text: Words.category("vip", "");"#),
            (
                "ui/markup/app.slint",
                r#"font-family: "Noto Sans"; title: "Ringbook";"#,
            ),
        ],
    );
}

#[test]
fn every_promise_is_tied_to_a_test_that_exists() {
    let all_but_one = PROMISES.replace("S5.29", "");
    let test = "#[test]\nfn a_call_is_recorded() {}";
    let line = |promise: &str| format!("- {promise} Given… `tests/walk.rs::a_call_is_recorded`\n");
    let complete: String = PROMISES.split_whitespace().map(line).collect();
    let incomplete: String = all_but_one.split_whitespace().map(line).collect();
    let invented = complete.replace("a_call_is_recorded", "a_call_is_imagined");
    let nameless = format!("{complete}- S1.2 Given… it simply works\n");
    let untested = test.replace("#[test]", "");
    let tree =
        |behavior: &str, test: &str| vec![file(BEHAVIOR, behavior), file("tests/walk.rs", test)];
    assert!(kept_promises(&tree(&complete, test)).is_empty());
    assert_eq!(
        kept_promises(&tree(&incomplete, test)),
        ["docs/BEHAVIOR.md: S5.29 is missing"]
    );
    assert!(!kept_promises(&tree(&invented, test)).is_empty());
    assert!(!kept_promises(&tree(&nameless, test)).is_empty());
    assert!(!kept_promises(&tree(&complete, &untested)).is_empty());

    assert_none(kept_promises(&repository()));
}

// ---- the rules ---------------------------------------------------------------------------------

fn libraries_in_rooms(tree: &Tree) -> Vec<String> {
    const ROOMS: [(&str, &[&str]); 9] = [
        ("rusqlite", &["src/store"]),
        ("slint", &["src/ui", "ui/"]),
        ("ringbook_ui", &["src/ui", "ui/"]),
        ("ringbook_markup", &["ui/"]),
        ("rsip", &["sip/src/message"]),
        ("ureq", &["src/http"]),
        ("tokio_postgres", &["src/sources"]),
        ("pdf_writer", &["src/export/pdf"]),
        ("hyper", &["src/api"]),
    ];
    let mut broken = Vec::new();
    for (library, rooms) in ROOMS {
        for file in sources(tree).filter(|file| !in_any(&file.path, rooms)) {
            broken.extend(lines_with(file, &code(&file.text), |line| {
                has_word(line, library)
            }));
        }
    }
    broken
}

fn pure_core(tree: &Tree) -> Vec<String> {
    const PURE: [&str; 9] = [
        "src/phone",
        "src/office",
        "src/app",
        "src/dav",
        "src/bills",
        "src/headset",
        "src/webhooks",
        "sip/src",
        "media/src",
    ];
    const EDGES: [&str; 3] = ["media/src/engine", "media/src/device", "media/src/recorder"];
    const WORDS: [&str; 9] = [
        "tokio",
        "async",
        "await",
        "UdpSocket",
        "TcpStream",
        "TcpListener",
        "SystemTime",
        "println",
        "eprintln",
    ];
    const PATHS: [&str; 6] = [
        "std::fs",
        "std::thread",
        "std::process",
        "std::env",
        "Instant::now",
        "Timestamp::now",
    ];
    let mut broken = Vec::new();
    let pure = |file: &&File| in_any(&file.path, &PURE) && !in_any(&file.path, &EDGES);
    for file in sources(tree).filter(pure) {
        broken.extend(lines_with(file, &shipped(&file.text), |line| {
            WORDS.iter().any(|word| has_word(line, word))
                || PATHS.iter().any(|path| line.contains(path))
        }));
    }
    broken
}

fn no_unsafe(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for file in tree.iter().filter(|file| file.path.ends_with(".rs")) {
        broken.extend(lines_with(file, &code(&file.text), |line| {
            has_word(line, "unsafe")
        }));
    }
    broken
}

fn free_crates(tree: &Tree) -> Vec<String> {
    const STRANGERS: [&str; 5] = [
        "tokio",
        "rusqlite",
        "slint",
        "ringbook-ui",
        "ringbook-markup",
    ];
    let mut broken = Vec::new();
    for (manifest, sibling) in [
        ("sip/Cargo.toml", "ringbook-media"),
        ("media/Cargo.toml", "ringbook-sip"),
    ] {
        for file in tree.iter().filter(|file| file.path == manifest) {
            broken.extend(lines_with(file, &file.text, |line| {
                let key = line.split(['=', '.', ' ']).next().unwrap_or_default();
                let table = line
                    .trim_start_matches("[dependencies.")
                    .trim_end_matches(']');
                [key, table]
                    .iter()
                    .any(|name| STRANGERS.contains(name) || *name == sibling)
            }));
        }
    }
    broken
}

fn short_files(tree: &Tree) -> Vec<String> {
    let written = |file: &&File| file.path.ends_with(".rs") || file.path.ends_with(".slint");
    let mut broken = Vec::new();
    for file in tree.iter().filter(written) {
        let allowed = if is_test_file(&file.path) {
            MAX_TEST_LINES
        } else {
            MAX_LINES
        };
        let lines = file.text.lines().count();
        if lines > allowed {
            broken.push(format!(
                "{}: {lines} lines, {allowed} are allowed",
                file.path
            ));
        }
    }
    broken
}

fn no_sleep(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for file in tree.iter().filter(|file| file.path.ends_with(".rs")) {
        if in_any(&file.path, &["tests/interop", "benches"]) {
            continue;
        }
        let whole = code(&file.text);
        let tests = if is_test_file(&file.path) {
            &whole
        } else {
            test_module(&whole)
        };
        let sleeps = |line: &str| line.contains("sleep(") || line.contains("sleep_until(");
        broken.extend(lines_with(file, tests, sleeps));
    }
    broken
}

/// Files beside a `main.rs` of tests that are neither modules of it nor programs of their own: nobody would run them.
fn unlisted_tests(tree: &Tree) -> Vec<String> {
    let text = |path: &str| tree.iter().find(|file| file.path == path);
    let mut broken = Vec::new();
    for file in tree.iter().filter(|file| is_test_file(&file.path)) {
        let Some((folder, name)) = file.path.rsplit_once('/') else {
            continue;
        };
        let (Some(name), Some(main)) = (
            name.strip_suffix(".rs").filter(|name| *name != "main"),
            text(&format!("{folder}/main.rs")),
        ) else {
            continue;
        };
        let is_module = main
            .text
            .lines()
            .any(|line| line.ends_with(&format!("mod {name};")));
        let manifest = text(&folder.replace("tests", "Cargo.toml"));
        let is_program =
            manifest.is_some_and(|file| file.text.contains(&format!("name = \"{name}\"")));
        if !is_module && !is_program {
            broken.push(format!("{}: {folder}/main.rs does not name it", file.path));
        }
    }
    broken
}

fn translated_texts(tree: &Tree) -> Vec<String> {
    const TEXTS: [&str; 9] = [
        "text:",
        "title:",
        "label:",
        "placeholder-text:",
        "accessible-label:",
        "accessible-description:",
        "caption:",
        "hint:",
        "message:",
    ];
    let mut broken = Vec::new();
    // The gallery shows the widgets to those who build them; no user sees it.
    let shown = |file: &&File| file.path.ends_with(".slint") && !file.path.contains("/gallery_");
    for file in tree.iter().filter(shown) {
        broken.extend(lines_with(file, &code(&file.text), |line| {
            // A property's value ends at its semicolon; several may share a line.
            line.split(';').any(|statement| {
                let value = TEXTS.iter().find_map(|name| {
                    let start = statement.find(name)?;
                    let before = statement[..start].chars().next_back();
                    let whole_name = before.is_none_or(|c| !c.is_alphanumeric() && c != '-');
                    whole_name.then(|| &statement[start + name.len()..])
                });
                value.is_some_and(has_untranslated_text)
            })
        }));
    }
    broken
}

/// Each line of BEHAVIOR.md that speaks of a promise names a test as `path/file.rs::name`.
fn kept_promises(tree: &Tree) -> Vec<String> {
    let Some(behavior) = tree.iter().find(|file| file.path == BEHAVIOR) else {
        return vec![format!("{BEHAVIOR} is missing")];
    };
    let mut broken = Vec::new();
    let mut held: Vec<&str> = Vec::new();
    for (number, line) in behavior.text.lines().enumerate() {
        let promises: Vec<&str> = line
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
            .map(|word| word.trim_matches('.'))
            .filter(|word| is_promise(word))
            .collect();
        let tests: Vec<&str> = line
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|quote| quote.contains(".rs::"))
            .collect();
        for test in &tests {
            if !test_exists(tree, test) {
                broken.push(format!(
                    "{BEHAVIOR}:{}: there is no test {test}",
                    number + 1
                ));
            }
        }
        if !promises.is_empty() && tests.is_empty() {
            broken.push(format!("{BEHAVIOR}:{}: names no test: {line}", number + 1));
        }
        held.extend(promises);
    }
    let missing = PROMISES
        .split_whitespace()
        .filter(|promise| !held.contains(promise));
    broken.extend(missing.map(|promise| format!("{BEHAVIOR}: {promise} is missing")));
    broken
}

// ---- reading code ------------------------------------------------------------------------------

/// `text` without comments, line by line, so that numbers of lines stay right.
fn code(text: &str) -> String {
    let bare = |line: &str| match comment_start(line) {
        Some(at) => line[..at].to_owned(),
        None => line.to_owned(),
    };
    text.lines().map(bare).collect::<Vec<_>>().join("\n")
}

fn comment_start(line: &str) -> Option<usize> {
    let mut quoted = false;
    let mut previous = ' ';
    for (at, c) in line.char_indices() {
        match c {
            '"' if previous != '\\' => quoted = !quoted,
            '/' if previous == '/' && !quoted => return Some(at - 1),
            _ => {}
        }
        previous = c;
    }
    None
}

/// The code of a file without its test module, which stands at the end.
fn shipped(text: &str) -> String {
    let code = code(text);
    let end = code.find("#[cfg(test)]").unwrap_or(code.len());
    code[..end].to_owned()
}

/// The test module at the end of a file, its lines in their places.
fn test_module(code: &str) -> &str {
    code.find("#[cfg(test)]").map_or("", |start| &code[start..])
}

fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("tests.rs")
}

/// The sources of the program and its crates, without their tests.
fn sources(tree: &Tree) -> impl Iterator<Item = &File> {
    const ROOTS: [&str; 4] = ["src/", "sip/src/", "media/src/", "ui/"];
    tree.iter().filter(|file| {
        file.path.ends_with(".rs") && in_any(&file.path, &ROOTS) && !is_test_file(&file.path)
    })
}

fn in_any(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path.starts_with(place))
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|found| found == word)
}

fn lines_with(file: &File, text: &str, breaks: impl Fn(&str) -> bool) -> Vec<String> {
    text.lines()
        .filter(|line| breaks(line))
        .map(|line| format!("{}: {}", file.path, line.trim()))
        .collect()
}

/// Whether a Slint expression holds a literal with a letter that is neither translated, compared,
/// nor a key given to a function.
fn has_untranslated_text(value: &str) -> bool {
    const PROPER_NAMES: [&str; 1] = ["Ringbook"];
    let value = without_calls(value);
    let parts: Vec<&str> = value.split('"').collect();
    parts
        .iter()
        .enumerate()
        .skip(1)
        .step_by(2)
        .any(|(index, literal)| {
            let before = parts[index - 1].trim_end();
            let compared = before.ends_with("==") || before.ends_with("!=");
            let text = literal.chars().any(char::is_alphabetic);
            text && !compared && !PROPER_NAMES.contains(literal)
        })
}

/// An expression without what stands between the brackets of `@tr(…)` and other calls.
fn without_calls(expression: &str) -> String {
    let mut outside = String::new();
    let mut call_depth = 0;
    for c in expression.chars() {
        let after_name = outside.ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
        match c {
            '(' if call_depth > 0 || after_name => call_depth += 1,
            ')' if call_depth > 0 => call_depth -= 1,
            _ if call_depth == 0 => outside.push(c),
            _ => {}
        }
    }
    outside
}

fn is_promise(word: &str) -> bool {
    word.strip_prefix('S')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(part, number)| {
            part.parse::<u8>().is_ok_and(|part| (1..=5).contains(&part))
                && number.parse::<u8>().is_ok()
        })
}

fn test_exists(tree: &Tree, test: &str) -> bool {
    let Some((path, name)) = test.split_once("::") else {
        return false;
    };
    let name = name.rsplit("::").next().unwrap_or(name);
    let Some(file) = tree.iter().find(|file| file.path == path) else {
        return false;
    };
    let Some(at) = file.text.find(&format!("fn {name}(")) else {
        return false;
    };
    // Its attributes stand between it and the end of what precedes it.
    let before = &file.text[..at];
    let attributes = &before[before.rfind(['}', ';']).unwrap_or(0)..];
    attributes.contains("#[test]") || attributes.contains("::test")
}

// ---- the trees ---------------------------------------------------------------------------------

/// The rule finds each of `faults`, none of `sound`, and nothing in the repository.
fn holds(rule: impl Fn(&Tree) -> Vec<String>, faults: &[(&str, &str)], sound: &[(&str, &str)]) {
    for (path, text) in faults {
        assert!(
            !rule(&vec![file(path, text)]).is_empty(),
            "blind to {path}: {text}"
        );
    }
    for (path, text) in sound {
        assert_none(rule(&vec![file(path, text)]));
    }
    assert_none(rule(&repository()));
}

fn assert_none(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn file(path: &str, text: &str) -> File {
    File {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

/// Every text file of the repository; a repository without any would be a blind test.
fn repository() -> Tree {
    let mut tree = Tree::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    collect(root, root, &mut tree);
    assert!(
        tree.iter().any(|file| file.path == "sip/src/lib.rs"),
        "no sources below {root:?}"
    );
    // This file plants faults on purpose.
    tree.retain(|file| file.path != "tests/tidy.rs");
    tree
}

fn collect(root: &Path, folder: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, tree);
        } else if [".rs", ".slint", ".toml", ".md"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            let local = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            tree.push(File {
                path: local,
                text: fs::read_to_string(&path).unwrap(),
            });
        }
    }
}
