//! The servers that help a line's calls through NATs: asked as a call would ask them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};

use ringbook_media::ice::{IceCandidateKind, IceConfig, Query, TurnServer};
use ringbook_media::stream::Stream;

use super::Outcome::{Passed, Skipped};
use super::{Outcome, Report, failed};
use crate::settings::{Account, Server};
use crate::tr;

/// How long the servers may take to answer: longer than a call waits, so that slowness is told from silence.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is looked whether they have.
const LOOK: Duration = Duration::from_millis(20);

/// Asks the STUN and TURN servers of a line that uses ICE, where it has any.
pub fn check_nat(account: &Account, report: &mut Report<'_>) {
    let nat = &account.nat;
    if let Some(server) = nat.stun_server.as_ref().filter(|_| nat.ice) {
        check_server(&tr!("STUN server"), server, report, |address| {
            ask_stun(server, address)
        });
    }
    if let Some(server) = nat.turn_server.as_ref().filter(|_| nat.ice) {
        check_server(&tr!("TURN server"), server, report, |address| {
            let user = nat.turn_user.as_deref();
            let user = user.unwrap_or(account.digest_user());
            match password(account) {
                Some(password) => ask_turn(server, address, user, &password),
                None => Skipped(tr!("not tried: its password is not in the settings")),
            }
        });
    }
}

fn check_server(
    title: &str,
    server: &Server,
    report: &mut Report<'_>,
    ask: impl FnOnce(SocketAddr) -> Outcome,
) {
    report.begin(title);
    let host = server.host.to_string();
    let host = host.trim_matches(['[', ']']);
    let found = (host, server.port).to_socket_addrs();
    let outcome = match found.ok().and_then(|mut found| found.next()) {
        Some(address) => ask(address),
        None => failed(
            tr!("{host} cannot be found", host = host),
            tr!("Check the server's name, and the network's name server."),
        ),
    };
    report.done(title, outcome);
}

/// The password for the TURN server, as far as the settings say it.
fn password(account: &Account) -> Option<String> {
    let nat = &account.nat;
    let lines = account
        .password
        .as_ref()
        .filter(|_| nat.turn_user.is_none());
    let password = nat.turn_password.as_ref().or(lines);
    password.map(|password| password.reveal().to_owned())
}

/// A socket that reaches `server`, and its address.
fn socket_to(server: SocketAddr) -> std::io::Result<(UdpSocket, SocketAddr)> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(LOOK))?;
    let host = socket.local_addr()?;
    Ok((socket, host))
}

/// Sends and receives for `work` until it is done, or the time is over.
fn converse<T>(
    socket: &UdpSocket,
    mut work: impl FnMut(Instant, Option<&[u8]>) -> (Vec<Vec<u8>>, Option<T>),
) -> Option<T> {
    let end = Instant::now() + PATIENCE;
    let mut buffer = [0; 2048];
    let mut length = None;
    while Instant::now() < end {
        let datagram = length.and_then(|length| buffer.get(..length));
        let (requests, done) = work(Instant::now(), datagram);
        for request in requests {
            // What does not leave is repeated.
            let _ = socket.send(&request);
        }
        if done.is_some() {
            return done;
        }
        length = socket.recv(&mut buffer).ok();
    }
    None
}

fn ask_stun(server: &Server, address: SocketAddr) -> Outcome {
    let seen = socket_to(address).ok().and_then(|(socket, host)| {
        let mut query = Query::new(Instant::now(), address);
        let seen = converse(&socket, |now, datagram| {
            let seen = datagram.and_then(|datagram| query.answer(address, datagram));
            (query.poll(now).into_iter().collect(), seen)
        });
        seen.map(|seen| (seen, host))
    });
    match seen {
        Some((seen, host)) if seen == host => Passed(tr!(
            "{server} sees this phone as it is: {here}",
            server = server,
            here = host
        )),
        Some((seen, host)) => Passed(tr!(
            "{server} sees this phone as {seen}, here it is {here}",
            server = server,
            seen = seen,
            here = host
        )),
        None => failed(
            tr!("{server} does not answer", server = server),
            tr!("Check stun_server, and whether a firewall lets UDP through."),
        ),
    }
}

fn ask_turn(server: &Server, address: SocketAddr, user: &str, password: &str) -> Outcome {
    let relay = socket_to(address).ok().and_then(|(socket, host)| {
        let now = Instant::now();
        let config = IceConfig {
            host,
            others: Vec::new(),
            stun: None,
            turn: Some(TurnServer {
                address,
                user: user.to_owned(),
                password: password.to_owned(),
            }),
            deadline: now + PATIENCE,
        };
        let mut stream = Stream::new(0, String::new());
        stream.gather(now, config, &mut |_, _| {});
        let found = converse(&socket, |now, datagram| {
            if let Some(datagram) = datagram {
                stream.handle_rtp(now, address, datagram);
            }
            let mut requests = Vec::new();
            stream.poll_ice(now, &mut |_, request: &[u8]| {
                requests.push(request.to_vec())
            });
            (requests, stream.take_candidates(now))
        });
        // The address is given back.
        stream.release(Instant::now(), &mut |_, request: &[u8]| {
            drop(socket.send(request))
        });
        let mut found = found?.into_iter();
        found.find(|candidate| candidate.kind == IceCandidateKind::Relayed)
    });
    match relay {
        Some(relay) => Passed(tr!(
            "{server} passes on what is sent to {address}",
            server = server,
            address = relay.address
        )),
        None => failed(
            tr!("{server} gives this phone no address", server = server),
            tr!(
                "Check turn_server, turn_user and its password, and whether a firewall lets UDP through."
            ),
        ),
    }
}
