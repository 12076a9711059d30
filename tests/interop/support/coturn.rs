//! coturn: a STUN and TURN server with one account.

use tempfile::TempDir;

use super::{Place, Program, free_port};

/// The account.
pub const USER: &str = "agent";
pub const PASSWORD: &str = "secret-agent";

pub struct Coturn {
    program: Program,
    address: String,
    _folder: TempDir,
}

impl Coturn {
    /// Starts it on `host` of `place` and waits until it serves.
    pub fn start(place: &Place, host: &str) -> Coturn {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port().to_string();
        let account = format!("{USER}:{PASSWORD}");
        let database = folder.path().join("turndb").display().to_string();
        let pid = folder.path().join("pid").display().to_string();
        let arguments = [
            "-n",
            "--verbose",
            "--listening-ip",
            host,
            "--relay-ip",
            host,
            "--listening-port",
            &port,
            "--min-port",
            "50000",
            "--max-port",
            "59999",
            "--lt-cred-mech",
            "--realm",
            "office.example",
            "--user",
            &account,
            "--userdb",
            &database,
            "--pidfile",
            &pid,
            "--log-file",
            "stdout",
            "--simple-log",
            "--allow-loopback-peers",
            "--no-tls",
            "--no-dtls",
            "--no-cli",
        ];
        let program = Program::start_at(place, "/usr/bin/turnserver", &arguments, folder.path());
        program.wait_line(&program.output, "UDP listener opened on");
        Coturn {
            program,
            address: format!("{host}:{port}"),
            _folder: folder,
        }
    }

    /// The keys of a line that uses it, by STUN alone or by TURN as well.
    pub fn keys(&self, relays: bool) -> String {
        let stun = format!("ice = \"on\"\nstun_server = \"{}\"\n", self.address);
        let turn = format!(
            "turn_server = \"{}\"\nturn_user = \"{USER}\"\nturn_password = \"{PASSWORD}\"\n",
            self.address
        );
        if relays { stun + &turn } else { stun }
    }

    /// Its address as `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until somebody has got a relay's address.
    pub fn wait_allocated(&self) {
        self.program
            .wait_line(&self.program.output, "ALLOCATE processed, success");
    }
}
