//! A line: its server's name, whether the server answers, what it says to a registration.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use ringbook_sip::message::Uri;

use super::Outcome::{Passed, Skipped};
use super::nat::check_nat;
use super::{Report, failed, way};
use crate::automation::{Body, Registration, RegistrationState};
use crate::driver::{AppHandle, Launch};
use crate::flight::way::Way;
use crate::phone::command::{Command, Reply};
use crate::profile::ScratchProfile;
use crate::settings::{Account, Settings};
use crate::tr;

/// How long a server may take to answer.
const SERVER: Duration = Duration::from_secs(6);
/// How long our own phone may take.
const ANSWER: Duration = Duration::from_secs(2);

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
    if !account.register {
        check_unregistered(&server, report);
        check_nat(account, report);
        return Ok(());
    }
    report.begin(&tr!("Server's name"));
    let (told, way) = register(account, settings)?;
    for (title, outcome) in way::steps(&server.host, &way, told.as_ref()) {
        report.begin(&title);
        report.done(&title, outcome);
    }
    check_nat(account, report);
    Ok(())
}

/// A line that does not register: whether its server is to be found.
fn check_unregistered(server: &Server, report: &mut Report<'_>) {
    if let Some(addresses) = find(server, report)
        && (!server.is_tcp || reach_by_tcp(server, &addresses, report))
    {
        let text = tr!("not wanted: this line does not register");
        report.done(&tr!("Registration"), Skipped(text));
    }
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
fn register(account: &Account, settings: &Settings) -> anyhow::Result<(Option<Registration>, Way)> {
    let scratch = ScratchProfile::new("check")?;
    let mut trial = Settings {
        accounts: vec![account.clone()],
        ..settings.clone()
    };
    (trial.sip.udp_port, trial.sip.tcp_port, trial.sip.tls_port) = (0, 0, 0);
    trial.modules.call_log = false;
    // It is nobody else's business.
    trial.api.enabled = false;
    trial.webhooks.clear();
    trial.hooks.clear();
    let (send, told) = channel();
    let launch = Launch::new(
        scratch.profile().clone(),
        trial,
        Box::new(move |turn| {
            for event in turn {
                if let Body::Registration(registration) = &event.body {
                    let _ = send.send(registration.clone());
                }
            }
        }),
    );
    let phone = launch.handle();
    std::thread::scope(|scope| {
        let running = scope.spawn(move || launch.run());
        let answer = last_word(&told);
        let way = way_of(&phone);
        phone.command(Command::Quit, |_| {});
        match running.join() {
            Ok(ended) => ended.map(|()| (answer, way)),
            Err(_) => Ok((answer, way)),
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

/// What the phone did so far; nothing where it has ended.
fn way_of(phone: &AppHandle) -> Way {
    let (send, told) = channel();
    let command = Command::Ladder { account: None };
    phone.command(command, move |answer| {
        if let Ok(Reply::Ladder(way)) = answer {
            let _ = send.send(way);
        }
    });
    told.recv_timeout(ANSWER).unwrap_or_default()
}
