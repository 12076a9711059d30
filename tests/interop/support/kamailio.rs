//! Kamailio: a registrar with digest authentication and a record-routing proxy.

use std::fs;

use tempfile::TempDir;

use super::{Program, Transport, free_port};

const SCRIPT: &str = include_str!("kamailio.cfg");

pub struct Kamailio {
    program: Program,
    port: u16,
    _folder: TempDir,
}

/// The digest password of one of the users 101 to 105.
pub fn password(user: &str) -> String {
    format!("secret-{user}")
}

impl Kamailio {
    /// Starts it with UDP and TCP on one port and waits until it serves.
    pub fn start() -> Kamailio {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let script = folder.path().join("kamailio.cfg");
        fs::write(&script, SCRIPT.replace("PORT", &port.to_string())).unwrap();
        let folder_name = folder.path().display().to_string();
        let script = script.display().to_string();
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
        let program = Program::start("/usr/sbin/kamailio", &arguments, folder.path());
        program.wait_line(&program.errors, "registrar is ready");
        Kamailio {
            program,
            port,
            _folder: folder,
        }
    }

    /// Its address as `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
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
