//! A large import that is killed half-way.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ringbook::store::Store;

use super::{RINGBOOK, profile, run};

/// More than two of the batches that are kept together.
const CLIENTS: u64 = 12_000;
const DEADLINE: Duration = Duration::from_secs(60);

fn clients(folder: &Path) -> u64 {
    let store = Store::open(&folder.join("ringbook.db")).unwrap();
    store.read(|reader| reader.count_clients()).unwrap()
}

#[test]
fn a_killed_import_leaves_whole_clients_and_the_file_again_brings_the_rest() {
    let profile = profile("");
    let mut csv = String::from("name,phone,note\n");
    for n in 0..CLIENTS {
        writeln!(csv, "Client {n},+7701{n:07},Contract {n}").unwrap();
    }
    let file = profile.path().join("clients.csv");
    fs::write(&file, csv).unwrap();
    let file = file.to_str().unwrap();

    assert_eq!(clients(profile.path()), 0);
    let mut import = Command::new(RINGBOOK)
        .args(["client", "import", file, "--profile"])
        .arg(profile.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while clients(profile.path()) == 0 {
        assert!(begun.elapsed() < DEADLINE, "nothing comes in");
    }
    import.kill().unwrap();
    import.wait().unwrap();

    let kept = clients(profile.path());
    assert!(kept > 0 && kept < CLIENTS, "{kept}");
    let again = run(profile.path(), &["client", "import", file]);
    let told = String::from_utf8(again.stdout).unwrap();
    let rest = format!("{} added, 0 updated, {kept} unchanged", CLIENTS - kept);
    assert!(told.contains(&rest), "{told}");
    assert_eq!(clients(profile.path()), CLIENTS);
}
