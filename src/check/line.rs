//! A line: its server's name, whether the server answers, what it says to a registration.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use ringbook_sip::message::Uri;

use super::Outcome::{Passed, Skipped};
use super::{Outcome, Report, failed};
use crate::automation::{Body, Registration, RegistrationState};
use crate::driver::Launch;
use crate::phone::command::Command;
use crate::profile::ScratchProfile;
use crate::settings::{Account, Settings};
use crate::tr;

/// How long a server may take to answer.
const SERVER: Duration = Duration::from_secs(6);

/// Checks a line with these settings, as they are typed or saved.
///
/// # Errors
/// The registration cannot be tried at all: no room for a throw-away profile, no free port.
pub fn check_line(
    account: &Account,
    settings: &Settings,
    report: &mut Report<'_>,
) -> anyhow::Result<()> {
    let Some(server) = Server::of(account) else {
        return Ok(());
    };
    let Some(addresses) = find(&server, report) else {
        return Ok(());
    };
    if server.is_tcp && !reach_by_tcp(&server, &addresses, report) {
        return Ok(());
    }
    if !account.register {
        let text = tr!("not wanted: this line does not register");
        report.done(&tr!("Registration"), Skipped(text));
        return Ok(());
    }
    report.begin(&match server.is_tcp {
        true => tr!("Registration"),
        false => tr!("Server"),
    });
    let told = register(account, settings)?;
    if !server.is_tcp {
        report.done(&tr!("Server"), answer_over_udp(&server, told.as_ref()));
    }
    report.done(&tr!("Registration"), verdict(told.as_ref()));
    Ok(())
}

fn find(server: &Server, report: &mut Report<'_>) -> Option<Vec<SocketAddr>> {
    let title = tr!("Server's name");
    report.begin(&title);
    match server.addresses() {
        Ok(addresses) => {
            let list: Vec<_> = addresses
                .iter()
                .map(|address| address.ip().to_string())
                .collect();
            let text = tr!(
                "{host} is {list}",
                host = server.host,
                list = list.join(", ")
            );
            report.done(&title, Passed(text));
            Some(addresses)
        }
        Err(error) => {
            let what = tr!(
                "{host} cannot be found ({error})",
                host = server.host,
                error = error
            );
            let remedy = tr!(
                "Check the spelling of the line's address and server, and the network's name server."
            );
            report.done(&title, failed(what, remedy));
            None
        }
    }
}

/// Whom a line's requests go to first.
struct Server {
    host: String,
    port: u16,
    is_tcp: bool,
}

impl Server {
    fn of(account: &Account) -> Option<Self> {
        let text = account
            .outbound_proxy
            .as_ref()
            .or(account.registrar.as_ref());
        let uri = Uri::parse(text.unwrap_or(&account.aor)).ok()?;
        let is_tcp = uri
            .param("transport")
            .is_some_and(|name| name.eq_ignore_ascii_case("tcp"));
        let host = uri.host()?.to_string();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        Some(Self {
            host,
            port: uri.port().unwrap_or(5060),
            is_tcp,
        })
    }

    fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        let mut addresses: Vec<_> = (self.host.as_str(), self.port).to_socket_addrs()?.collect();
        addresses.dedup();
        Ok(addresses)
    }
}

fn reach_by_tcp(server: &Server, addresses: &[SocketAddr], report: &mut Report<'_>) -> bool {
    let title = tr!("Server");
    report.begin(&title);
    let mut trouble = String::new();
    for address in addresses {
        match TcpStream::connect_timeout(address, SERVER) {
            Ok(_) => {
                let text = tr!("{address} takes TCP connections", address = address);
                report.done(&title, Passed(text));
                return true;
            }
            Err(error) => trouble = error.to_string(),
        }
    }
    let what = tr!(
        "port {port} takes no TCP connection ({trouble})",
        port = server.port,
        trouble = trouble
    );
    let remedy = tr!("Check the port and the firewall, or use UDP.");
    report.done(&title, failed(what, remedy));
    false
}

/// Registers the line from a throw-away profile, as a phone would, and unregisters again. The
/// line's other registrations stay as they are.
fn register(account: &Account, settings: &Settings) -> anyhow::Result<Option<Registration>> {
    let scratch = ScratchProfile::new("check")?;
    let mut trial = Settings {
        accounts: vec![account.clone()],
        ..settings.clone()
    };
    (trial.sip.udp_port, trial.sip.tcp_port, trial.sip.tls_port) = (0, 0, 0);
    trial.modules.call_log = false;
    let (send, told) = channel();
    let launch = Launch::new(
        scratch.profile().clone(),
        trial,
        Box::new(move |event| {
            if let Body::Registration(registration) = &event.body {
                let _ = send.send(registration.clone());
            }
        }),
    );
    let phone = launch.handle();
    std::thread::scope(|scope| {
        let running = scope.spawn(move || launch.run());
        let answer = last_word(&told);
        phone.command(Command::Quit, |_| {});
        match running.join() {
            Ok(ended) => ended.map(|()| answer),
            Err(_) => Ok(answer),
        }
    })
}

/// The registrar's verdict; none where it gave none in time.
fn last_word(told: &Receiver<Registration>) -> Option<Registration> {
    let deadline = Instant::now() + SERVER;
    loop {
        match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(registration) if registration.state == RegistrationState::Registering => {}
            Ok(registration) => return Some(registration),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
        }
    }
}

fn answer_over_udp(server: &Server, told: Option<&Registration>) -> Outcome {
    match told.and_then(|told| told.status) {
        Some(_) => Passed(tr!("it answers over UDP")),
        None => failed(
            tr!(
                "it does not answer over UDP on port {port}",
                port = server.port
            ),
            tr!("Check the server's name, the port and the firewall, or try TCP."),
        ),
    }
}

/// What the registrar's answer means.
fn verdict(told: Option<&Registration>) -> Outcome {
    let Some((told, status)) = told.and_then(|told| Some((told, told.status?))) else {
        return Skipped(tr!("not possible without an answer of the server"));
    };
    let said = format!("{status} {}", told.reason);
    match (told.state, status) {
        (RegistrationState::Registered, _) => Passed(tr!(
            "accepted for {s} s",
            s = told.expires_s.unwrap_or_default()
        )),
        (_, 401 | 403 | 407) => failed(
            tr!("the server refuses name and password ({said})", said = said),
            tr!("Check username and password, or ask the provider for them."),
        ),
        (_, 404 | 604) => failed(
            tr!("the server does not know this line ({said})", said = said),
            tr!("Check the line's address."),
        ),
        _ => failed(
            tr!("the server says no ({said})", said = said),
            tr!("Ask the provider what this answer means; try again later."),
        ),
    }
}
