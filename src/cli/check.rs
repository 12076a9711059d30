//! `ringbook check`: name, server, registration and sound, each step in plain words.

use std::fmt::Display;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use clap::Args;
use ringbook_media::device::{DeviceReport, DeviceRole, InputDevice, Keeper, OutputDevice, Wanted};
use ringbook_sip::message::Uri;

use super::print_line;
use crate::automation::{Body, Registration, RegistrationState};
use crate::driver::Launch;
use crate::phone::command::Command;
use crate::profile::{Profile, ScratchProfile};
use crate::settings::{Account, Audio, Settings};
use crate::{tr, trn};

/// How long a server may take to answer.
const SERVER: Duration = Duration::from_secs(6);
/// How long a sound device may take to open.
const DEVICE: Duration = Duration::from_secs(3);

/// Whether names, servers, registrations and sound work; exit code 1 where one does not
#[derive(Debug, Args)]
pub struct Check {
    /// Only this line, by its address; default: all
    #[arg(value_name = "AOR")]
    aor: Option<String>,
}

/// What a step found.
enum Outcome {
    Passed(String),
    /// What is wrong, and what to do about it.
    Failed(String, String),
    /// Not to be tried, and why.
    Skipped(String),
}

use Outcome::{Failed, Passed, Skipped};

/// Prints steps and remembers whether all passed.
struct Report {
    failures: u32,
}

impl Report {
    fn step(&mut self, title: &str, outcome: Outcome) -> anyhow::Result<()> {
        match outcome {
            Passed(text) => print_line(&format!("  ok      {title}: {text}")),
            Skipped(text) => print_line(&format!("  –       {title}: {text}")),
            Failed(what, remedy) => {
                self.failures += 1;
                print_line(&format!("  FAILED  {title}: {what}"))?;
                print_line(&format!("          {remedy}"))
            }
        }
    }
}

/// Tries everything, prints each step.
pub fn run(check: &Check, profile: &Profile) -> anyhow::Result<()> {
    let settings = Settings::load(&profile.settings())?;
    let accounts = chosen(&settings, check.aor.as_deref())?;
    let mut report = Report { failures: 0 };
    if accounts.is_empty() {
        print_line(&tr!("Lines"))?;
        let add = tr!(
            "Add an [[account]] to {file}.",
            file = profile.settings().display()
        );
        report.step(&tr!("Settings"), Failed(tr!("there is no line"), add))?;
    }
    for account in accounts {
        print_line(&account.aor)?;
        check_line(account, &settings, &mut report)?;
    }
    print_line(&tr!("Sound"))?;
    check_sound(&settings.audio, &mut report)?;
    match report.failures {
        0 => print_line(&tr!("Everything works.")),
        n => anyhow::bail!(trn!("{n} step failed", "{n} steps failed", n = n)),
    }
}

fn chosen<'a>(settings: &'a Settings, aor: Option<&str>) -> anyhow::Result<Vec<&'a Account>> {
    let accounts: Vec<_> = settings.accounts.iter().collect();
    let Some(aor) = aor else { return Ok(accounts) };
    let named = |account: &&&Account| {
        account.aor == aor
            || account
                .aor
                .split_once(':')
                .is_some_and(|(_, bare)| bare == aor)
    };
    if let Some(account) = accounts.iter().find(named) {
        return Ok(vec![account]);
    }
    let lines: Vec<_> = accounts
        .iter()
        .map(|account| account.aor.as_str())
        .collect();
    anyhow::bail!(tr!(
        "there is no line {aor}; allowed: {lines}",
        aor = aor,
        lines = lines.join(", ")
    ))
}

fn check_line(account: &Account, settings: &Settings, report: &mut Report) -> anyhow::Result<()> {
    let Some(server) = Server::of(account) else {
        return Ok(());
    };
    let name = tr!("Name");
    let addresses = match server.addresses() {
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
            report.step(&name, Passed(text))?;
            addresses
        }
        Err(error) => {
            let what = tr!(
                "{host} cannot be found ({error})",
                host = server.host,
                error = error
            );
            let remedy =
                tr!("Check the spelling of registrar and aor, and the network's name server.");
            return report.step(&name, Failed(what, remedy));
        }
    };
    if server.is_tcp && !reach_by_tcp(&server, &addresses, report)? {
        return Ok(());
    }
    if !account.register {
        let text = tr!("not wanted (register = false)");
        return report.step(&tr!("Registration"), Skipped(text));
    }
    let told = register(account, settings)?;
    report_registration(&server, told, report)
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

fn reach_by_tcp(
    server: &Server,
    addresses: &[SocketAddr],
    report: &mut Report,
) -> anyhow::Result<bool> {
    let mut trouble = String::new();
    for address in addresses {
        match TcpStream::connect_timeout(address, SERVER) {
            Ok(_) => {
                let text = tr!("{address} takes TCP connections", address = address);
                report.step(&tr!("Server"), Passed(text))?;
                return Ok(true);
            }
            Err(error) => trouble = error.to_string(),
        }
    }
    let what = tr!(
        "port {port} takes no TCP connection ({trouble})",
        port = server.port,
        trouble = trouble
    );
    let remedy = tr!("Check the port and the firewall, or leave ;transport=tcp out to use UDP.");
    report.step(&tr!("Server"), Failed(what, remedy))?;
    Ok(false)
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

fn report_registration(
    server: &Server,
    told: Option<Registration>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let answered = told.as_ref().is_some_and(|told| told.status.is_some());
    if !server.is_tcp {
        let outcome = match answered {
            true => Passed(tr!("it answers over UDP")),
            false => Failed(
                tr!(
                    "it does not answer over UDP on port {port}",
                    port = server.port
                ),
                tr!("Check the server's name, the port and the firewall; try ;transport=tcp."),
            ),
        };
        report.step(&tr!("Server"), outcome)?;
    }
    let title = tr!("Registration");
    let Some(told) = told.filter(|_| answered) else {
        return report.step(
            &title,
            Skipped(tr!("not possible without an answer of the server")),
        );
    };
    let said = format!("{} {}", told.status.unwrap_or_default(), told.reason);
    let outcome = match (told.state, told.status) {
        (RegistrationState::Registered, _) => Passed(tr!(
            "accepted for {s} s",
            s = told.expires_s.unwrap_or_default()
        )),
        (_, Some(401 | 403 | 407)) => Failed(
            tr!("the server refuses name and password ({said})", said = said),
            tr!("Check username and password, or ask the provider for them."),
        ),
        (_, Some(404 | 604)) => Failed(
            tr!("the server does not know this line ({said})", said = said),
            tr!("Check the aor."),
        ),
        _ => Failed(
            tr!("the server says no ({said})", said = said),
            tr!("Ask the provider what this answer means; try again later."),
        ),
    };
    report.step(&title, outcome)
}

fn check_sound(audio: &Audio, report: &mut Report) -> anyhow::Result<()> {
    let output = |text: &str| -> anyhow::Result<Option<Wanted>> {
        Ok(match text.parse::<OutputDevice>()? {
            OutputDevice::Default => Some(Wanted::Loudspeaker(None)),
            OutputDevice::Named(name) => Some(Wanted::Loudspeaker(Some(name))),
            OutputDevice::Null | OutputDevice::File(_) => None,
        })
    };
    let input = match audio.input.parse::<InputDevice>()? {
        InputDevice::Default => Some(Wanted::Microphone(None)),
        InputDevice::Named(name) => Some(Wanted::Microphone(Some(name))),
        InputDevice::File(file) => Some(Wanted::Clip(file)),
        InputDevice::Silence | InputDevice::Loop => None,
    };
    let roles = [
        (
            DeviceRole::Input,
            tr!("Microphone"),
            "input",
            &audio.input,
            input,
        ),
        (
            DeviceRole::Output,
            tr!("Loudspeaker"),
            "output",
            &audio.output,
            output(&audio.output)?,
        ),
        (
            DeviceRole::Ring,
            tr!("Bell"),
            "ring",
            &audio.ring,
            output(&audio.ring)?,
        ),
    ];
    for (role, title, key, setting, wanted) in roles {
        let outcome = match wanted {
            None => Skipped(tr!("{setting} needs no device", setting = setting)),
            Some(wanted) => try_device(role, wanted, key, setting)?,
        };
        report.step(&title, outcome)?;
    }
    Ok(())
}

fn try_device(
    role: DeviceRole,
    wanted: Wanted,
    key: &str,
    setting: &impl Display,
) -> anyhow::Result<Outcome> {
    let (send, lost) = channel();
    let keeper = Keeper::start(move |report| {
        if let DeviceReport::Lost { reason, .. } = report {
            let _ = send.send(reason);
        }
    })?;
    keeper.want(role, Some(wanted));
    let deadline = Instant::now() + DEVICE;
    let remedy = || {
        tr!(
            "Plug it in, or name another one in [audio] {key}; calls go on without it.",
            key = key
        )
    };
    while Instant::now() < deadline {
        if keeper.poll().is_some() {
            return Ok(Passed(tr!("{setting} works", setting = setting)));
        }
        if let Ok(reason) = lost.recv_timeout(Duration::from_millis(20)) {
            return Ok(Failed(
                tr!(
                    "{setting} does not open: {reason}",
                    setting = setting,
                    reason = reason
                ),
                remedy(),
            ));
        }
    }
    Ok(Failed(
        tr!("{setting} does not open", setting = setting),
        remedy(),
    ))
}
