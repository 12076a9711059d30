//! A million clients: how fast they come in and go out, how soon one of them is found, and what a page
//! of them costs. The store is asked as the phone and the window ask it.

use std::env;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ringbook::import::{Options, import_clients};
use ringbook::model::{CallId, Client, PhoneNumber};
use ringbook::store::{CallerQuery, Reader, Result, Store, StoreCommand, StoreHandle, StoreReply};

use super::agent::RINGBOOK;
use super::people::{People, Person, number};
use super::process::memory_peak_mb;
use super::statistics::p50_p99;
use super::table::{Row, Table};

/// How many clients there are, where [`FEWER`] does not say it.
const CLIENTS: u32 = 1_000_000;
/// The variable of the environment that says how many, for a try.
const FEWER: &str = "RINGBOOK_BENCH_CLIENTS";
const CALLS: u32 = 5_000;
/// Clients who are looked for, and the most that one search shows.
const SOUGHT: usize = 200;
const FOUND: usize = 50;
const PAGES: u32 = 200;
const PAGE: usize = 50;
/// Between two looks at how much memory an export takes.
const LOOK: Duration = Duration::from_millis(5);

fn clients() -> u32 {
    let fewer = env::var(FEWER).ok();
    fewer
        .and_then(|count| count.parse().ok())
        .unwrap_or(CLIENTS)
}

pub fn measure(table: &mut Table) {
    let profile = tempfile::tempdir().unwrap();
    let file = profile.path().join("clients.csv");
    let mut people = People::of(1);
    write_clients(&file, &mut people);
    let database = profile.path().join("ringbook.db");
    import(table, &file, &database);
    start(table, &database, &mut people);
    let (store, _) = StoreHandle::open(&database).unwrap();
    look_up(table, &store, &mut people);
    search(table, &store, &mut people);
    pages(table, &store, &mut people);
    drop(store);
    export(table, profile.path());
}

fn note(table: &mut Table, name: &str, goal: &'static str, figure: String) {
    table.note(RINGBOOK.name, &Row::new(name, goal), figure);
}

fn write_clients(file: &Path, people: &mut People) {
    let mut output = BufWriter::new(File::create(file).unwrap());
    writeln!(output, "{}", Person::COLUMNS).unwrap();
    for at in 0..clients() {
        writeln!(output, "{}", people.person(at)).unwrap();
    }
    output.flush().unwrap();
}

fn import(table: &mut Table, file: &Path, database: &Path) {
    let mut store = Store::open(database).unwrap();
    let began = Instant::now();
    let input = File::open(file).unwrap();
    let report = import_clients(&mut store, input, Options::default()).unwrap();
    let rate = f64::from(clients()) / began.elapsed().as_secs_f64();
    assert_eq!(report.refused, 0, "{report}");
    let name = format!("{} clients: imported, a second", clients());
    note(table, &name, "≥ 20 000", format!("{rate:.0}"));
}

/// From nothing to the first caller's name, as at the start of the phone.
fn start(table: &mut Table, database: &Path, people: &mut People) {
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let began = Instant::now();
            let (store, _) = StoreHandle::open(database).unwrap();
            find_caller(&store, somebody(people));
            began.elapsed()
        })
        .collect();
    let name = "  open, first caller found, ms (p50 / p99)";
    note(table, name, "≤ 2000", p50_p99(&mut times));
}

fn look_up(table: &mut Table, store: &StoreHandle, people: &mut People) {
    let mut times: Vec<Duration> = (0..CALLS)
        .map(|_| find_caller(store, somebody(people)))
        .collect();
    let name = "  caller found, ms (p50 / p99)";
    note(table, name, "p99 ≤ 5", p50_p99(&mut times));
}

/// A number that some client has.
fn somebody(people: &mut People) -> PhoneNumber {
    number(people.dice(clients() as usize) as u32)
}

fn find_caller(store: &StoreHandle, caller: PhoneNumber) -> Duration {
    let (send, receive) = mpsc::channel();
    let asked = Instant::now();
    let command = StoreCommand::FindCaller {
        call: CallId::new(),
        asked: CallerQuery {
            number: Some(caller),
            text: caller.e164(),
            extension: Some("101".to_owned()),
            at: Timestamp::now(),
            client: None,
        },
        layout: String::new(),
    };
    store.submit(command, move |reply| send.send(reply).unwrap());
    let reply = receive.recv().unwrap();
    let took = asked.elapsed();
    let StoreReply::Caller {
        found: Some(found), ..
    } = reply
    else {
        panic!("{caller:?}: {reply:?}");
    };
    assert!(found.client.is_some());
    took
}

/// What somebody types, letter after letter, who looks for a client by one of its fields.
fn search(table: &mut Table, store: &StoreHandle, people: &mut People) {
    let clients = some_clients(store, people);
    let mut all = Vec::new();
    for (field, text) in FIELDS {
        let mut times = Vec::new();
        for client in &clients {
            let text = text(client);
            let words: Vec<&str> = text.split_whitespace().collect();
            if words.is_empty() {
                continue;
            }
            let word = words[people.dice(words.len())];
            let letters: Vec<char> = word.chars().take(12).collect();
            for length in 1..=letters.len() {
                let typed = String::from_iter(&letters[..length]);
                times.push(asked(store, move |reader| reader.find_clients(&typed, FOUND)).1);
            }
        }
        let name = format!("  search by {field} as one types, ms (p50 / p99)");
        note(table, &name, "p99 ≤ 100", p50_p99(&mut times));
        all.append(&mut times);
    }
    let name = "  search, all fields, ms (p50 / p99)";
    note(table, name, "p99 ≤ 100", p50_p99(&mut all));
}

type Text = fn(&Client) -> String;
const FIELDS: [(&str, Text); 5] = [
    ("name", |client| client.name.clone()),
    ("company", |client| client.company.clone()),
    ("number", |client| {
        let number = client.phones.first().map(|phone| phone.number.e164());
        number.unwrap_or_default()
    }),
    ("e-mail", |client| client.email().to_owned()),
    ("note", |client| client.note.clone()),
];

fn some_clients(store: &StoreHandle, people: &mut People) -> Vec<Client> {
    let numbers = (0..SOUGHT).map(|_| somebody(people));
    let numbers: Vec<PhoneNumber> = numbers.collect();
    let (clients, _) = asked(store, move |reader| {
        let holder = |number: &PhoneNumber| {
            let id = reader.clients_with_number(*number)?[0];
            reader.load_client(id)
        };
        numbers.iter().map(holder).collect()
    });
    clients
}

fn pages(table: &mut Table, store: &StoreHandle, people: &mut People) {
    let mut times: Vec<Duration> = (0..PAGES)
        .map(|_| {
            let offset = people.dice(clients() as usize);
            asked(store, move |reader| reader.clients(offset, PAGE)).1
        })
        .collect();
    let name = "  a page of the list, ms (p50 / p99)";
    note(table, name, "p99 ≤ 100", p50_p99(&mut times));
}

/// Asks as the window does; with how long the answer took.
fn asked<T: Send + 'static>(
    store: &StoreHandle,
    query: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static,
) -> (T, Duration) {
    let (send, receive) = mpsc::channel();
    let began = Instant::now();
    store.read(query, move |answer| drop(send.send(answer)));
    let answer = receive.recv().unwrap().unwrap();
    (answer, began.elapsed())
}

fn export(table: &mut Table, profile: &Path) {
    let file: PathBuf = profile.join("exported.csv");
    let began = Instant::now();
    let mut program = Command::new(env!("CARGO_BIN_EXE_ringbook"))
        .args(["client", "export"])
        .arg(&file)
        .arg("--profile")
        .arg(profile)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0.0_f64;
    let ended = loop {
        peak = peak.max(memory_peak_mb(program.id()).unwrap_or(0.0));
        if let Some(ended) = program.try_wait().unwrap() {
            break ended;
        }
        thread::sleep(LOOK);
    };
    assert!(ended.success());
    let rate = f64::from(clients()) / began.elapsed().as_secs_f64();
    note(table, "  exported, a second", "", format!("{rate:.0}"));
    let name = "  memory of the export at most, RSS, MB";
    note(table, name, "constant", format!("{peak:.1}"));
}
