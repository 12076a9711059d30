//! Kamailio: a registrar with digest authentication and a record-routing proxy.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Certificate, Place, Program, Transport, free_port};

const SCRIPT: &str = include_str!("kamailio.cfg");

pub struct Kamailio {
    program: Program,
    place: Place,
    host: &'static str,
    port: u16,
    tls_port: u16,
    folder: TempDir,
}

/// Where and how Kamailio serves.
pub struct Office {
    /// A loopback address; an IPv6 one in brackets.
    pub host: &'static str,
    /// With one, it also takes TLS, on a port of its own.
    pub certificate: Option<Certificate>,
    /// It takes what its users publish of themselves, and tells it to those who subscribe.
    pub presence: bool,
    /// In which network.
    pub place: Place,
}

impl Default for Office {
    fn default() -> Office {
        Office {
            host: "127.0.0.1",
            certificate: None,
            presence: false,
            place: Place::here(),
        }
    }
}

/// The digest password of one of the users 101 to 105.
pub fn password(user: &str) -> String {
    format!("secret-{user}")
}

impl Kamailio {
    /// Starts it with UDP and TCP on one port and waits until it serves.
    pub fn start() -> Kamailio {
        Kamailio::start_as(&Office::default())
    }

    /// The same for an office of choice.
    pub fn start_as(office: &Office) -> Kamailio {
        let folder = tempfile::tempdir().unwrap();
        let (host, port, tls_port) = (office.host, free_port(), free_port());
        let mut text = settings(office, port, tls_port);
        if office.presence {
            copy_tables(folder.path());
            text = text
                .replacen("#!KAMAILIO", "#!KAMAILIO\n#!define PRESENCE", 1)
                .replace("TABLES", &folder.path().display().to_string());
        }
        fs::write(script(folder.path()), text).unwrap();
        Kamailio {
            program: run(&office.place, folder.path()),
            place: office.place.clone(),
            host,
            port,
            tls_port,
            folder,
        }
    }

    /// Ends it as a power cut would. It forgets who was registered.
    pub fn kill(&mut self) {
        self.program.kill();
    }

    /// Starts it again at the same address.
    pub fn restart(&mut self) {
        self.program = run(&self.place, self.folder.path());
    }

    /// Its address as `host:port`.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Where it takes UDP and TCP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it takes TLS.
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The address of record of one of its users.
    pub fn aor(&self, user: &str) -> String {
        format!("sip:{user}@{}", self.address())
    }

    /// Waits for a REGISTER of `user` that came with the right digest over `transport`.
    pub fn wait_registered(&self, user: &str, transport: Transport) {
        let line = format!("saved {user} over {}", transport.parameter());
        self.program.wait_line(&self.program.errors, &line);
    }
}

fn script(folder: &Path) -> PathBuf {
    folder.join("kamailio.cfg")
}

fn run(place: &Place, folder: &Path) -> Program {
    let script = script(folder).display().to_string();
    let folder_name = folder.display().to_string();
    // -DD: stay in the foreground; -E: log to standard error; -Y: run-time files.
    let arguments = [
        "-DD",
        "-E",
        "-f",
        &script,
        "-m",
        "32",
        "-M",
        "4",
        "-Y",
        &folder_name,
    ];
    let program = Program::start_at(place, "/usr/sbin/kamailio", &arguments, folder);
    program.wait_line(&program.errors, "registrar is ready");
    program
}

/// The empty tables of the presence server.
fn copy_tables(folder: &Path) {
    for table in ["version", "presentity", "active_watchers", "watchers"] {
        let packaged = Path::new("/usr/share/kamailio/dbtext/kamailio").join(table);
        fs::copy(packaged, folder.join(table)).unwrap();
    }
}

fn settings(office: &Office, port: u16, tls_port: u16) -> String {
    let script = match &office.certificate {
        None => SCRIPT.to_owned(),
        Some(files) => SCRIPT
            .replacen("#!KAMAILIO", "#!KAMAILIO\n#!define SECURE", 1)
            .replace("CERTIFICATE", &files.certificate.display().to_string())
            .replace("PRIVATE_KEY", &files.key.display().to_string()),
    };
    script
        .replace("TLS_PORT", &tls_port.to_string())
        .replace("HOST", office.host)
        .replace("PORT", &port.to_string())
}
