//! What strangers can do to the phone, and what much work leaves behind: a flood of INVITEs beside
//! ten conversations, a crowd of connections that say nothing whole, and a long run of ten calls a
//! second. Everything stays on loopback.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::agent::{RINGBOOK, start_phone};
use super::process::{descriptors, memory_mb, threads};
use super::statistics::{p50_p99, slope};
use super::support::{Phone, RawPeer, Setup, pause};
use super::table::{Row, Table};

/// Conversations beside a flood.
const CONVERSATIONS: usize = 10;
const FLOOD: Duration = Duration::from_secs(60);
const INVITES_A_SECOND: u32 = 1000;
/// INVITEs are sent in portions, so often.
const PORTION: Duration = Duration::from_millis(10);

/// Connections, and how many of one address.
const CROWD: u16 = 1000;
const OF_ONE: u16 = 20;
const CROWD_CALLS: usize = 20;

/// Who call in the long run: each twice a second.
const STEADY_CALLERS: usize = 5;
const TALK: Duration = Duration::from_millis(400);
const TURN: Duration = Duration::from_millis(500);
/// Between two looks at the phone.
const LOOK: Duration = Duration::from_secs(5);
/// The last transaction of a call is forgotten by then (RFC 3261, 64 × T1).
const FORGOTTEN: Duration = Duration::from_secs(40);

/// All of it; the long run lasts for `soak`.
pub fn measure(soak: Duration, table: &mut Table) {
    flood(table);
    crowd(table);
    long_run(soak, table);
}

fn note(table: &mut Table, name: &str, goal: &'static str, figure: String) {
    table.note(RINGBOOK.name, &Row::new(name, goal), figure);
}

fn phone(answers_itself: bool) -> (Phone, SocketAddr) {
    let phone = start_phone(&Setup {
        hears: false,
        records: false,
        answers_itself,
        ..Setup::unregistered("127.0.0.1")
    });
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, phone.port()));
    (phone, target)
}

fn flood(table: &mut Table) {
    let (phone, target) = phone(true);
    let conversations: Vec<_> = (0..CONVERSATIONS)
        .map(|_| Conversation::begin(target))
        .collect();
    let before = memory_mb(phone.pid());
    let mut most = before;
    let sender = thread::spawn(move || send_invites(target));
    while !sender.is_finished() {
        pause(Duration::from_secs(1));
        most = most.max(memory_mb(phone.pid()));
    }
    let sent = sender.join().unwrap();
    let gaps = conversations.into_iter().map(Conversation::end);
    let worst = gaps.max().unwrap_or_default();
    let rate = sent as f64 / FLOOD.as_secs_f64();
    note(
        table,
        "flood: INVITE a second",
        "1000",
        format!("{rate:.0}"),
    );
    let grown = format!("{:.1}", most - before);
    note(table, "flood: memory grown by (PSS), MB", "≤ 64", grown);
    let gap = format!("{:.0}", worst.as_secs_f64() * 1000.0);
    note(
        table,
        "flood: longest gap in ten calls' sound, ms",
        "≤ 100",
        gap,
    );
}

/// INVITEs of callers who never acknowledge anything; returns how many.
fn send_invites(target: SocketAddr) -> u64 {
    let mut peer = RawPeer::new();
    let begin = Instant::now();
    let mut sent = 0;
    while begin.elapsed() < FLOOD {
        let due = begin.elapsed().as_secs_f64() * f64::from(INVITES_A_SECOND);
        while sent < due as u64 {
            let invite = peer.call("flood", target).invite(9);
            peer.send(&invite, target);
            sent += 1;
        }
        pause(PORTION);
    }
    sent
}

/// A call whose sound comes back to it, and how long it was ever silent.
struct Conversation {
    listener: JoinHandle<Duration>,
    ended: Arc<AtomicBool>,
}

impl Conversation {
    fn begin(target: SocketAddr) -> Conversation {
        let sound = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut peer = RawPeer::new();
        let mut call = peer.call("talk", target);
        peer.send(&call.invite(sound.local_addr().unwrap().port()), target);
        let answer = peer.expect("SIP/2.0 200");
        peer.send(&call.ack(&answer), target);
        let there = answer.sound_address();
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let listener = thread::spawn(move || {
            let worst = echo(&sound, there, &end);
            peer.send(&call.bye(), target);
            worst
        });
        Conversation { listener, ended }
    }

    /// Hangs up; the longest time between two packets.
    fn end(self) -> Duration {
        self.ended.store(true, Ordering::Relaxed);
        self.listener.join().unwrap()
    }
}

/// Sends each packet back until the end, so that the phone hears something; the longest gap.
fn echo(sound: &UdpSocket, there: SocketAddr, end: &AtomicBool) -> Duration {
    sound
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let mut packet = [0; 2048];
    let (mut last, mut worst) = (None, Duration::ZERO);
    while !end.load(Ordering::Relaxed) {
        let received = sound.recv(&mut packet);
        let now = Instant::now();
        worst = worst.max(last.map_or(Duration::ZERO, |last| now - last));
        if let Ok(length) = received {
            last = Some(now);
            let _ = sound.send_to(&packet[..length], there);
        }
    }
    worst
}

fn crowd(table: &mut Table) {
    let (_phone, target) = phone(false);
    let connect = |n| connect(Ipv4Addr::new(127, 0, 1, (n / OF_ONE) as u8), target);
    let mut crowd: Vec<TcpStream> = (0..CROWD).filter_map(connect).collect();
    for stream in &mut crowd {
        let _ = stream.write_all(b"INVITE sip:101@127.0.0.1 SIP/2.0\r\nVia: ");
    }
    let mut peer = RawPeer::new();
    let mut times: Vec<Duration> = (0..CROWD_CALLS)
        .map(|_| {
            // An octet more of each header, while somebody calls.
            for stream in &mut crowd {
                let _ = stream.write_all(b"x");
            }
            let mut call = peer.call("peer", target);
            let asked = Instant::now();
            peer.send(&call.invite(9), target);
            peer.expect("SIP/2.0 180");
            let rang = asked.elapsed();
            peer.send(&call.cancel(), target);
            let refusal = peer.expect("SIP/2.0 487");
            peer.send(&call.ack(&refusal), target);
            rang
        })
        .collect();
    let name = format!("INVITE → 180 beside {} slow connections, ms", crowd.len());
    note(table, &name, "≤ 1000", p50_p99(&mut times));
}

/// A connection from one of loopback's many addresses.
fn connect(from: Ipv4Addr, to: SocketAddr) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    socket
        .bind(&SocketAddr::new(IpAddr::V4(from), 0).into())
        .ok()?;
    socket
        .connect_timeout(&to.into(), Duration::from_secs(2))
        .ok()?;
    Some(socket.into())
}

/// One call from its INVITE to the answer to its BYE, with a conversation of this length.
pub fn call(peer: &mut RawPeer, target: SocketAddr, talk: Duration) -> bool {
    let patience = Duration::from_secs(5);
    let mut call = peer.call("peer", target);
    peer.send(&call.invite(9), target);
    let Some(answer) = peer.receive_within(patience, "SIP/2.0 200") else {
        return false;
    };
    peer.send(&call.ack(&answer), target);
    pause(talk);
    peer.send(&call.bye(), target);
    peer.receive_within(patience, "SIP/2.0 200").is_some()
}

fn long_run(soak: Duration, table: &mut Table) {
    let (phone, target) = phone(true);
    let pid = phone.pid();
    call(&mut RawPeer::new(), target, TALK);
    pause(FORGOTTEN);
    let rest = (descriptors(pid), threads(pid));
    let begin = Instant::now();
    let (made, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..STEADY_CALLERS)
        .map(|caller| {
            let (made, failed) = (Arc::clone(&made), Arc::clone(&failed));
            thread::spawn(move || {
                let mut peer = RawPeer::new();
                let first = TURN * caller as u32 / STEADY_CALLERS as u32;
                let turns = (0..).map(|turn| first + TURN * turn);
                for at in turns.take_while(|at| *at < soak) {
                    pause(at.saturating_sub(begin.elapsed()));
                    let count = match call(&mut peer, target, TALK) {
                        true => &made,
                        false => &failed,
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let mut memory = Vec::new();
    while callers.iter().any(|caller| !caller.is_finished()) {
        pause(LOOK);
        memory.push((begin.elapsed().as_secs_f64() / 3600.0, memory_mb(pid)));
    }
    callers
        .into_iter()
        .for_each(|caller| caller.join().unwrap());
    let lasted = begin.elapsed().as_secs_f64();
    pause(FORGOTTEN);
    let (made, failed) = (made.load(Ordering::Relaxed), failed.load(Ordering::Relaxed));
    let rate = made as f64 / lasted;
    let name = format!("long run of {:.0} s: calls a second", soak.as_secs_f64());
    note(table, &name, "10", format!("{rate:.1}"));
    note(
        table,
        "  calls made / failed",
        "",
        format!("{made} / {failed}"),
    );
    // The first third fills what stays filled: ladders that are kept, pages of the database.
    let warm = &memory[memory.len() / 3..];
    let grows = slope(warm);
    note(
        table,
        "  memory grows by, MB an hour",
        "< 1",
        format!("{grows:.2}"),
    );
    let after = (descriptors(pid), threads(pid));
    let name = "  descriptors, threads: before → after";
    let figure = format!("{}, {} → {}, {}", rest.0, rest.1, after.0, after.1);
    note(table, name, "the same", figure);
    let status = phone.must(&["status"]);
    note(
        table,
        "  calls that are left",
        "0",
        status["calls"].to_string(),
    );
    note(
        table,
        "  rows missing in the log",
        "0",
        missing_rows(&phone, made + failed + 1),
    );
}

/// How many of these calls have no row in the log.
fn missing_rows(phone: &Phone, calls: u64) -> String {
    let answer = phone.run(&["log", "export", "--format", "csv"]);
    let text = answer.json.as_str().unwrap_or_default().to_owned();
    let rows = text.lines().count().saturating_sub(1) as u64;
    calls.saturating_sub(rows).to_string()
}
