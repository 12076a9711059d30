//! Programs that are run for events.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::tasks::Caller;
use super::{Phone, SETTINGS, ctl, profile};

const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until the file has so many lines, and reads them.
fn lines(file: &Path, count: usize) -> Vec<String> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let text = fs::read_to_string(file).unwrap_or_default();
        if text.ends_with('\n') && text.lines().count() >= count {
            return text.lines().map(str::to_owned).collect();
        }
        assert!(Instant::now() < deadline, "the hook has written: {text:?}");
        std::thread::yield_now();
    }
}

fn missed(phone: &mut Phone, profile: &Path, number: &str) {
    let caller = Caller::new(phone, number);
    caller.ring(phone, profile);
    caller.give_up();
    phone.wait("task");
}

#[test]
fn a_program_gets_the_event_on_its_standard_input_and_its_words_and_no_shell_is_between() {
    let dir = profile("");
    let at = dir.path().display();
    let script = dir.path().join("hook.sh");
    let text = format!(
        "line=$(cat)\nprintf '%s|%s|%s|%s|%s\\n' \"$1\" \"$RINGBOOK_EVENT\" \"$RINGBOOK_STATE\" \
         \"$RINGBOOK_PROFILE\" \"$line\" >> {at}/told\n"
    );
    fs::write(&script, text).unwrap();
    let hook = format!(
        "[[hook]]\ncommand = [\"sh\", \"{at}/hook.sh\", \"$HOME; touch {at}/broken\"]\nevents = [\"task\"]\n"
    );
    fs::write(
        dir.path().join("settings.toml"),
        format!("{SETTINGS}{hook}"),
    )
    .unwrap();
    let mut phone = Phone::start(dir.path());
    let caller = Caller::new(&phone, "+77011112233");
    caller.ring(&mut phone, dir.path());
    caller.give_up();
    let event = phone.wait("task");
    let told = lines(&dir.path().join("told"), 1);
    let parts: Vec<&str> = told[0].splitn(5, '|').collect();
    let argument = format!("$HOME; touch {at}/broken");
    assert_eq!(parts[..4], [&*argument, "task", "opened", &*at.to_string()]);
    assert_eq!(serde_json::from_str::<Value>(parts[4]).unwrap(), event);
    assert!(!dir.path().join("broken").exists());
}

#[test]
fn a_program_that_hangs_is_stopped_and_one_that_fails_is_told_of_once() {
    let hooks = "[[hook]]\ncommand = [\"sleep\", \"600\"]\nevents = [\"call\"]\ntimeout_s = 1\n\
                 [[hook]]\ncommand = [\"/nowhere/hook\"]\nevents = [\"call\"]\n\
                 [[hook]]\ncommand = [\"false\"]\nevents = [\"task\"]\n";
    let dir = profile(&format!("{SETTINGS}{hooks}"));
    let mut phone = Phone::start(dir.path());
    let caller = Caller::new(&phone, "+77011112233");
    caller.ring(&mut phone, dir.path());
    caller.give_up();
    let mut told: Vec<String> = (0..3)
        .map(|_| {
            let notice = phone.wait("notice");
            assert_eq!(notice["kind"], "hook");
            notice["text"].as_str().unwrap().to_owned()
        })
        .collect();
    told.sort();
    assert!(
        told[0].starts_with("The hook /nowhere/hook fails: "),
        "{told:?}"
    );
    assert_eq!(
        told[1],
        "The hook false fails: it ended with exit status: 1"
    );
    assert_eq!(told[2], "The hook sleep fails: it was stopped after 1 s");
    // The next calls fail as well, and nobody is told again.
    missed(&mut phone, dir.path(), "+77011112244");
    missed(&mut phone, dir.path(), "+77011112255");
    let begin = Instant::now();
    ctl(dir.path(), &["quit"]).unwrap();
    assert!(!phone.rest().iter().any(|event| event["event"] == "notice"));
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn no_more_than_four_of_a_program_run_at_once() {
    let dir = profile("");
    let at = dir.path().display();
    // Each says that it has begun, and ends when the file is there.
    let script = format!(
        "echo begun >> {at}/told\nwhile [ ! -e {at}/go ]; do sleep 0.05; done\necho ended >> {at}/told\n"
    );
    fs::write(dir.path().join("hook.sh"), script).unwrap();
    let hook = format!(
        "[[hook]]\ncommand = [\"sh\", \"{at}/hook.sh\"]\nevents = [\"call\"]\ntimeout_s = 60\n"
    );
    fs::write(
        dir.path().join("settings.toml"),
        format!("{SETTINGS}{hook}"),
    )
    .unwrap();
    let mut phone = Phone::start(dir.path());
    // Three events each.
    missed(&mut phone, dir.path(), "+77011112233");
    missed(&mut phone, dir.path(), "+77011112244");
    let told = dir.path().join("told");
    assert_eq!(lines(&told, 4), ["begun"; 4]);
    fs::write(dir.path().join("go"), "").unwrap();
    let all = lines(&told, 12);
    assert_eq!(all.len(), 12);
    let mut running = 0;
    for line in all {
        running += if line == "begun" { 1 } else { -1 };
        assert!((0..=4).contains(&running));
    }
}
