//! Passwords that do not stand in the settings.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::message::{Inbox, Message};
use crate::phone::effect::PasswordPlace;
#[cfg(feature = "gui")]
use crate::secrets::{Secrets as _, SystemKeyring};
use crate::settings::Whose;
use crate::tr;

/// A command that asks a person for a passphrase needs a while; one that hangs needs an end.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer output is no password.
const MAX_OUTPUT: usize = 4096;

/// Finds a password of a line and puts it into the inbox.
pub(super) fn find((aor, whose): (String, Whose), place: PasswordPlace, inbox: Inbox) {
    match place {
        PasswordPlace::Command(command) => {
            tokio::spawn(async move {
                let found = from_command(&command).await;
                inbox.put(Message::Password(aor, whose, found));
            });
        }
        PasswordPlace::Keyring => find_in_keyring(aor, whose, inbox),
    }
}

/// As [`from_command`], on a thread that may wait.
pub(crate) fn password_of_command(command: &str) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(from_command(command))
}

/// The first line that the command prints. It is run as it stands, by no shell: nothing in it
/// is expanded.
async fn from_command(command: &str) -> Result<String, String> {
    let words = words(command).ok_or_else(|| tr!("password_command has an unclosed quote"))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(tr!("password_command is empty"));
    };
    let run = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = match tokio::time::timeout(PATIENCE, run).await {
        Err(_) => {
            return Err(tr!(
                "password_command took longer than {s} s",
                s = PATIENCE.as_secs()
            ));
        }
        Ok(Err(error)) => return Err(tr!("{program}: {error}", program = program, error = error)),
        Ok(Ok(output)) => output,
    };
    if !output.status.success() {
        return Err(tr!(
            "{program} ended with {status}",
            program = program,
            status = output.status
        ));
    }
    let text = String::from_utf8(output.stdout);
    let text = text.ok().filter(|text| text.len() <= MAX_OUTPUT);
    match text.as_deref().and_then(|text| text.lines().next()) {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(tr!("{program} printed no password", program = program)),
    }
}

/// The words of a command line; quotes keep spaces. None where a quote stays open.
fn words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in command.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(feature = "gui")]
fn find_in_keyring(aor: String, whose: Whose, inbox: Inbox) {
    // The keyring's service may ask a person, so it waits on a thread of its own.
    let asked = inbox.clone();
    let name = aor.clone();
    let thread = std::thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || {
            let found = match SystemKeyring.find(&whose.name(&aor)) {
                Ok(Some(password)) => Ok(password),
                Ok(None) => Err(tr!("the system's keyring has no password for this line")),
                Err(error) => Err(tr!("the system's keyring: {error}", error = error)),
            };
            asked.put(Message::Password(aor, whose, found));
        });
    if let Err(error) = thread {
        inbox.put(Message::Password(name, whose, Err(error.to_string())));
    }
}

#[cfg(not(feature = "gui"))]
fn find_in_keyring(aor: String, whose: Whose, inbox: Inbox) {
    let nowhere = match whose {
        Whose::Line => tr!("settings.toml has neither password nor password_command"),
        Whose::Turn => tr!("settings.toml has neither turn_password nor turn_password_command"),
    };
    inbox.put(Message::Password(aor, whose, Err(nowhere)));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::password_of_command as run;

    #[test]
    fn the_first_line_is_the_password_and_nothing_in_the_command_is_expanded() {
        assert_eq!(run("printf 'a b\\nsecond\\n'").unwrap(), "a b");
        assert_eq!(
            run("echo $HOME; false | true").unwrap(),
            "$HOME; false | true"
        );
    }

    #[test]
    fn a_command_without_a_password_says_why() {
        assert!(run("false").unwrap_err().starts_with("false ended with"));
        assert!(run("true").unwrap_err().contains("printed no password"));
        assert!(
            run("/nowhere/pass")
                .unwrap_err()
                .starts_with("/nowhere/pass: ")
        );
        assert!(run("echo 'open").unwrap_err().contains("unclosed quote"));
        assert!(run(" ").unwrap_err().contains("empty"));
    }
}
