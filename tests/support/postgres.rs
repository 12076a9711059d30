//! A real PostgreSQL server in a folder of its own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Who may do everything on the server.
const ADMINISTRATOR: &str = "admin";

/// A server that ends with the test. By its socket everybody is let in, over the network those who know
/// the password.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    pub port: u16,
}

impl Postgres {
    /// Starts a server whose certificate is for `localhost`. None, and a line that says so, where
    /// PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: PostgreSQL is not installed here (package postgresql)");
            return None;
        };
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            folder: tempfile::tempdir().unwrap(),
            programs,
            port: free.local_addr().unwrap().port(),
        };
        drop(free);
        server.make_certificate();
        server.run(
            "initdb",
            &[
                "-D",
                &server.path("data"),
                "-U",
                ADMINISTRATOR,
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
        );
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c ssl=on \
             -c ssl_cert_file={} -c ssl_key_file={}",
            server.port,
            server.folder(),
            server.certificate(),
            server.path("key.pem")
        );
        server.run(
            "pg_ctl",
            &[
                "-D",
                &server.path("data"),
                "-w",
                "-t",
                "120",
                "-l",
                &server.path("log"),
                "-o",
                &options,
                "start",
            ],
        );
        Some(server)
    }

    /// The folder of the server's socket.
    pub fn folder(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// What the server has written down.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// The authority that vouches for the server.
    pub fn certificate(&self) -> String {
        self.path("certificate.pem")
    }

    /// Does what the administrator says; what came of it.
    pub fn sql(&self, sql: &str) -> String {
        let port = self.port.to_string();
        let output = self.run(
            "psql",
            &[
                "-h",
                &self.folder(),
                "-p",
                &port,
                "-U",
                ADMINISTRATOR,
                "-d",
                "postgres",
                "-v",
                "ON_ERROR_STOP=1",
                "-A",
                "-t",
                "-q",
                "-c",
                sql,
            ],
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn make_certificate(&self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(self.certificate(), made.cert.pem()).unwrap();
        let key = self.path("key.pem");
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        if self.is_root() {
            let owned = Command::new("chown")
                .args(["-R", "postgres", &self.folder()])
                .status();
            assert!(owned.unwrap().success());
        }
    }

    /// Runs one of the server's programs; as root they refuse.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let output = self.command(program).args(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {told}");
        output
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match self.is_root() {
            false => Command::new(program),
            true => {
                let mut command = Command::new("setpriv");
                command
                    .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                    .arg(program);
                command
            }
        };
        command.stdin(Stdio::null()).current_dir("/");
        command
    }

    fn is_root(&self) -> bool {
        fs::metadata("/proc/self").unwrap().uid() == 0
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.path("data");
        let stop = ["-D", &data, "-m", "immediate", "-w", "stop"];
        let _ = self
            .command("pg_ctl")
            .args(stop)
            .stdout(Stdio::null())
            .status();
    }
}

/// Where Debian has the server's programs; they are in nobody's path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let has_all = |folder: &PathBuf| {
        let has = |name: &&str| Path::new(folder).join(name).exists();
        ["initdb", "pg_ctl", "psql"].iter().all(has)
    };
    folders.filter(has_all).max()
}
