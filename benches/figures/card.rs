//! How soon the caller card has its content: with ever more clients in the store, calls from numbers
//! picked all over it.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::agent::RINGBOOK;
use super::statistics::p50_p99;
use super::support::{Phone, RawPeer, Setup, pause};
use super::table::{Row, Table};

const CALLS: u32 = 100;
/// Calls whose cards are painted, after the first.
const PAINTED: u32 = 30;
const STORES: [u32; 3] = [1_000, 100_000, 1_000_000];
/// Between two calls, so that none meets what the one before left to do.
const GAP: Duration = Duration::from_millis(30);

pub fn measure(table: &mut Table) {
    for clients in STORES {
        let phone = Phone::start(&Setup {
            records: false,
            ..Setup::unregistered("127.0.0.1")
        });
        fill(&phone, clients);
        let (mut told, mut seen) = (Vec::new(), Vec::new());
        let mut peer = RawPeer::new();
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, phone.port()));
        for number in 0..CALLS {
            // A prime step scatters the calls over the store.
            let client = u64::from(number) * 7_919_171 % u64::from(clients);
            let mut call = peer.call(&phone_number(client as u32), target);
            let invite = call.invite(9);
            let from = phone.events();
            let sent = Instant::now();
            peer.send(&invite, target);
            let card = phone.wait_from(from, "caller_card", |_| true);
            seen.push(sent.elapsed());
            assert_eq!(card["card"]["name"], client_name(client as u32), "{card}");
            told.push(Duration::from_secs_f64(
                card["lookup_ms"].as_f64().unwrap() / 1000.0,
            ));
            peer.send(&call.cancel(), target);
            let refusal = peer.expect("SIP/2.0 487");
            peer.send(&call.ack(&refusal), target);
            pause(GAP);
        }
        let name = format!("INVITE → card content, {clients} clients, ms (p50 / p99)");
        table.note(
            RINGBOOK.name,
            &Row::new(name, "p99 ≤ 1"),
            p50_p99(&mut told),
        );
        let name = format!("  the same, seen by a script, {clients} clients");
        table.note(RINGBOOK.name, &Row::new(name, ""), p50_p99(&mut seen));
    }
    if cfg!(feature = "gui") {
        let (first, mut others) = painted();
        let name = "INVITE → card painted, ms (p50 / p99)";
        table.note(RINGBOOK.name, &Row::new(name, "≤ 50"), p50_p99(&mut others));
        let name = "  the same, while the program starts, ms";
        let first = format!("{:.2}", first.as_secs_f64() * 1000.0);
        table.note(RINGBOOK.name, &Row::new(name, ""), first);
    }
}

/// Until a card's first frame is on the screen, by the window itself: the first comes while the
/// main window opens.
fn painted() -> (Duration, Vec<Duration>) {
    let phone = Phone::start_windowed(&Setup {
        records: false,
        ..Setup::unregistered("127.0.0.1")
    });
    fill(&phone, STORES[0]);
    let mut peer = RawPeer::new();
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, phone.port()));
    let mut times = (0..=PAINTED).map(|client| {
        let mut call = peer.call(&phone_number(client), target);
        let from = phone.events();
        peer.send(&call.invite(9), target);
        let shown = phone.wait_from(from, "card_shown", |_| true);
        peer.send(&call.cancel(), target);
        let refusal = peer.expect("SIP/2.0 487");
        peer.send(&call.ack(&refusal), target);
        // The card leaves the screen with its call.
        pause(GAP * 10);
        Duration::from_secs_f64(shown["ms"].as_f64().unwrap() / 1000.0)
    });
    (times.next().unwrap(), times.collect())
}

fn fill(phone: &Phone, clients: u32) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clients.csv");
    let mut text = String::from("name,company,phone,category,note,city,country\n");
    for client in 0..clients {
        let (name, number) = (client_name(client), phone_number(client));
        writeln!(text, "{name},Company {client},{number},ordinary,,Almaty,KZ").unwrap();
    }
    fs::write(&file, text).unwrap();
    let began = Instant::now();
    let imported = phone.run(&["client", "import", &file.display().to_string()]);
    assert!(imported.ok, "{} {}", imported.json, imported.errors);
    eprintln!(
        "{clients} clients imported in {:.1} s",
        began.elapsed().as_secs_f64()
    );
}

fn client_name(client: u32) -> String {
    format!("Client {client}")
}

/// A mobile number of Kazakhstan.
fn phone_number(client: u32) -> String {
    format!("+7701{client:07}")
}
