//! Passwords in the system's keyring: found for the phone, moved there by the window.

use crate::driver::password_of_command;
use crate::settings::{Account, Password, Whose};
use crate::tr;

/// A place outside the settings that keeps passwords, by a line's address of record, or by the name of
/// [`Whose`] for that of its TURN server.
///
/// It may ask a person before it answers: ask it on a thread that may wait.
pub trait Secrets {
    /// The line's password; none where it keeps none.
    ///
    /// # Errors
    /// Why it cannot be asked, in words for a person.
    fn find(&self, aor: &str) -> Result<Option<String>, String>;

    /// Keeps the line's password, in place of an earlier one.
    ///
    /// # Errors
    /// Why it is not kept, in words for a person.
    fn put(&self, aor: &str, password: &str) -> Result<(), String>;
}

/// Moves the passwords of `account`, its own and that of its TURN server, out of the settings into
/// `secrets`. Those that a line had there under its `former` address of record come along to the new one.
///
/// The password leaves the settings only after it was read back: whatever fails, one of the two
/// places has it.
///
/// # Errors
/// Why it stays in the settings, in words for a person.
pub fn move_passwords(
    account: &mut Account,
    former: Option<&str>,
    secrets: &impl Secrets,
) -> Result<(), String> {
    let former = former.filter(|former| *former != account.aor);
    let names = |whose: Whose| (whose.name(&account.aor), former.map(|aor| whose.name(aor)));
    let (line, turn) = (names(Whose::Line), names(Whose::Turn));
    let is_sought = account.password_command.is_none();
    move_password(&mut account.password, is_sought, line, secrets)?;
    let nat = &mut account.nat;
    // Without a user of its own the TURN server gets the line's password.
    let is_sought = nat.turn_user.is_some() && nat.turn_password_command.is_none();
    move_password(&mut nat.turn_password, is_sought, turn, secrets)
}

/// Moves one password to its name in `secrets`; one that is sought there may have a former name.
fn move_password(
    kept: &mut Option<Password>,
    is_sought: bool,
    (name, former): (String, Option<String>),
    secrets: &impl Secrets,
) -> Result<(), String> {
    if kept.is_none() && is_sought {
        let found = former.map(|former| secrets.find(&former)).transpose()?;
        *kept = found.flatten().map(Password::new);
    }
    let Some(password) = kept.as_ref() else {
        return Ok(());
    };
    secrets.put(&name, password.reveal())?;
    if secrets.find(&name)?.as_deref() != Some(password.reveal()) {
        return Err(tr!("it does not give back what it was given"));
    }
    *kept = None;
    Ok(())
}

/// A password that the settings tell of: `written` there, printed by `command`, or else in the keyring
/// under `name`. It waits.
///
/// # Errors
/// Why there is none, in words for a person.
pub fn look_up(
    written: Option<&Password>,
    command: Option<&str>,
    name: &str,
) -> Result<String, String> {
    match (written, command) {
        (Some(password), _) => Ok(password.reveal().to_owned()),
        (None, Some(command)) => password_of_command(command),
        (None, None) => from_keyring(name),
    }
}

/// Keeps a password in the system's keyring, where [`look_up`] finds it.
///
/// # Errors
/// Why it is not kept, in words for a person.
#[cfg(feature = "gui")]
pub fn keep(name: &str, password: &str) -> Result<(), String> {
    SystemKeyring.put(name, password)
}

/// There is no keyring in this build.
///
/// # Errors
/// Always, in words for a person.
#[cfg(not(feature = "gui"))]
pub fn keep(_name: &str, _password: &str) -> Result<(), String> {
    Err(tr!(
        "this Ringbook was built without the system's keyring; set password_command"
    ))
}

#[cfg(feature = "gui")]
fn from_keyring(name: &str) -> Result<String, String> {
    match SystemKeyring.find(name) {
        Ok(Some(password)) => Ok(password),
        Ok(None) => Err(tr!(
            "the system's keyring has none under the name {name}",
            name = name
        )),
        Err(error) => Err(tr!("the system's keyring: {error}", error = error)),
    }
}

#[cfg(not(feature = "gui"))]
fn from_keyring(_name: &str) -> Result<String, String> {
    Err(tr!(
        "settings.toml has neither password nor password_command"
    ))
}

/// The keyring of the desktop.
#[cfg(feature = "gui")]
#[derive(Debug, Clone, Copy)]
pub struct SystemKeyring;

#[cfg(feature = "gui")]
impl SystemKeyring {
    fn entry(aor: &str) -> Result<keyring::Entry, String> {
        keyring::Entry::new("ringbook", aor).map_err(|error| error.to_string())
    }
}

#[cfg(feature = "gui")]
impl Secrets for SystemKeyring {
    fn find(&self, aor: &str) -> Result<Option<String>, String> {
        match Self::entry(aor)?.get_password() {
            Ok(password) => Ok(Some(password)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn put(&self, aor: &str, password: &str) -> Result<(), String> {
        let kept = Self::entry(aor)?.set_password(password);
        kept.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::*;
    use crate::settings::{self, Settings};

    const AOR: &str = "sip:101@a.example";

    /// A keyring of the test's own making.
    #[derive(Default)]
    struct Fake {
        kept: RefCell<BTreeMap<String, String>>,
        /// Nothing can be asked of it.
        locked: bool,
        /// It says yes and keeps nothing.
        forgetful: bool,
    }

    impl Secrets for Fake {
        fn find(&self, aor: &str) -> Result<Option<String>, String> {
            if self.locked {
                return Err("it is locked".to_owned());
            }
            Ok(self.kept.borrow().get(aor).cloned())
        }

        fn put(&self, aor: &str, password: &str) -> Result<(), String> {
            if self.locked {
                return Err("it is locked".to_owned());
            }
            if !self.forgetful {
                let kept = (aor.to_owned(), password.to_owned());
                self.kept.borrow_mut().extend([kept]);
            }
            Ok(())
        }
    }

    /// Saves a line with this password as the window does; what the file then says, and whether the
    /// password was moved.
    fn save(password: &str, secrets: &Fake) -> (Settings, Result<(), String>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        let typed = format!("[[account]]\naor = \"{AOR}\"\npassword = \"{password}\"\n");
        std::fs::write(&file, typed).unwrap();
        let mut changed = Settings::load(&file).unwrap();
        let moved = move_passwords(&mut changed.accounts[0], Some(AOR), secrets);
        settings::save(&file, &changed).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.contains(password), moved.is_err(), "{text}");
        (Settings::load(&file).unwrap(), moved)
    }

    fn in_file(settings: &Settings) -> Option<&str> {
        settings.accounts[0].password.as_ref().map(Password::reveal)
    }

    #[test]
    fn a_password_moves_from_the_file_into_the_keyring() {
        let keyring = Fake::default();
        let (settings, moved) = save("s3cret", &keyring);
        assert_eq!(moved, Ok(()));
        assert_eq!(in_file(&settings), None);
        assert_eq!(keyring.find(AOR).unwrap().as_deref(), Some("s3cret"));
    }

    #[test]
    fn a_keyring_that_is_not_there_or_keeps_nothing_leaves_the_password_in_the_file() {
        let locked = Fake {
            locked: true,
            ..Fake::default()
        };
        let (settings, moved) = save("s3cret", &locked);
        assert_eq!(moved, Err("it is locked".to_owned()));
        assert_eq!(in_file(&settings), Some("s3cret"));

        let forgetful = Fake {
            forgetful: true,
            ..Fake::default()
        };
        let (settings, moved) = save("s3cret", &forgetful);
        assert!(moved.unwrap_err().contains("give back"));
        assert_eq!(in_file(&settings), Some("s3cret"));

        // An older password under the same name is not taken for the new one.
        forgetful.kept.borrow_mut().insert(AOR.into(), "old".into());
        let (settings, moved) = save("s3cret", &forgetful);
        assert!(moved.is_err());
        assert_eq!(in_file(&settings), Some("s3cret"));
    }

    #[test]
    fn a_line_that_changes_its_address_keeps_its_password() {
        let keyring = Fake::default();
        keyring.put("sip:101@old.example", "s3cret").unwrap();
        let mut account = Account::new(AOR);
        let moved = move_passwords(&mut account, Some("sip:101@old.example"), &keyring);
        assert_eq!(moved, Ok(()));
        assert_eq!(account.password, None);
        assert_eq!(keyring.find(AOR).unwrap().as_deref(), Some("s3cret"));

        // Saved again without typing it, it is still the same.
        assert_eq!(move_passwords(&mut account, Some(AOR), &keyring), Ok(()));
        assert_eq!(keyring.find(AOR).unwrap().as_deref(), Some("s3cret"));

        let locked = Fake {
            locked: true,
            ..keyring
        };
        let mut account = Account::new("sip:101@new.example");
        assert!(move_passwords(&mut account, Some(AOR), &locked).is_err());
        assert_eq!(locked.kept.borrow()[AOR], "s3cret");
    }

    #[test]
    fn the_password_of_a_turn_server_has_a_place_of_its_own() {
        let keyring = Fake::default();
        let mut account = Account::new("sip:101@old.example");
        account.nat.turn_user = Some("relay".to_owned());
        account.password = Some(Password::new("s3cret"));
        account.nat.turn_password = Some(Password::new("passed on"));
        assert_eq!(move_passwords(&mut account, None, &keyring), Ok(()));
        assert_eq!(
            (&account.password, &account.nat.turn_password),
            (&None, &None)
        );
        let kept = |whose: Whose, aor: &str| keyring.find(&whose.name(aor)).unwrap();
        assert_eq!(kept(Whose::Line, &account.aor).as_deref(), Some("s3cret"));
        assert_eq!(
            kept(Whose::Turn, &account.aor).as_deref(),
            Some("passed on")
        );

        // Both come along to a new address.
        account.aor = AOR.to_owned();
        let former = Some("sip:101@old.example");
        assert_eq!(move_passwords(&mut account, former, &keyring), Ok(()));
        assert_eq!(kept(Whose::Line, AOR).as_deref(), Some("s3cret"));
        assert_eq!(kept(Whose::Turn, AOR).as_deref(), Some("passed on"));
    }
}
