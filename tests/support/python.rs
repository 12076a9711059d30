//! Packages of Python's, each in a virtual environment of its own below `target/`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Python that has these packages, each named with its version: `radicale==3.5.7`. They are installed once.
/// None, and a line that says so, where Python or a package is out of reach.
pub fn with(packages: &[&str]) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = packages.join("-").replace("==", "-");
    let lock = File::create(folder.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let (environment, ready) = (folder.join(&name), folder.join(format!("{name}.ready")));
    let python = environment.join("bin/python");
    if !ready.exists() {
        if let Err(trouble) = install(packages, &environment, &python) {
            eprintln!(
                "skipped: {} cannot be installed here: {trouble}",
                packages.join(" ")
            );
            return None;
        }
        fs::write(&ready, "").unwrap();
    }
    Some(python)
}

fn install(packages: &[&str], environment: &Path, python: &Path) -> Result<(), String> {
    let venv = ["-m", "venv", "--clear", environment.to_str().unwrap()];
    run(Command::new("python3").args(venv))?;
    let pip =
        "-m pip install --quiet --disable-pip-version-check --no-input --retries 1 --timeout 15";
    run(Command::new(python).args(pip.split(' ')).args(packages))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stderr);
    match output.status.success() {
        true => Ok(()),
        false => Err(told
            .lines()
            .last()
            .unwrap_or("no reason was given")
            .to_owned()),
    }
}
