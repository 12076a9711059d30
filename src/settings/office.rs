//! `[office]`: what whoever sits here may do, and the administrator's word on it.

use std::path::Path;

use super::section::{Section, Source};
use super::{Account, Settings, SettingsError, file_text};
use crate::model::{OwnCalls, Role, Seat};

/// `[office]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Office {
    /// What somebody at this seat may do.
    pub role: Role,
    /// Whose calls an agent sees.
    pub agent_sees: Sees,
}

/// Whose calls an agent sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sees {
    /// The seat's own.
    #[default]
    Own,
    /// All.
    All,
}

const ROLES: [(&str, Role); 3] = [
    ("manager", Role::Manager),
    ("reviewer", Role::Reviewer),
    ("agent", Role::Agent),
];
const SEES: [(&str, Sees); 2] = [("own", Sees::Own), ("all", Sees::All)];

/// Where an administrator writes what users cannot change: a file that they may only read.
pub const POLICY: &str = if cfg!(windows) {
    r"C:\ProgramData\Ringbook\policy.toml"
} else if cfg!(target_os = "macos") {
    "/Library/Application Support/Ringbook/policy.toml"
} else {
    "/etc/ringbook/policy.toml"
};

/// What a section says; nothing where it leaves a key out.
#[derive(Debug, Clone, Copy, Default)]
struct Wish {
    role: Option<Role>,
    agent_sees: Option<Sees>,
}

impl Wish {
    fn read(section: &mut Section<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            role: section.optional_choice("role", &ROLES)?,
            agent_sees: section.optional_choice("agent_sees", &SEES)?,
        })
    }

    fn over(self, office: Office) -> Office {
        Office {
            role: self.role.unwrap_or(office.role),
            agent_sees: self.agent_sees.unwrap_or(office.agent_sees),
        }
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Result<Office, SettingsError> {
    Ok(Wish::read(section)?.over(Office::default()))
}

impl Settings {
    /// The settings as the administrator's file has them: what stands there stands above the
    /// profile's own. No file changes nothing; one that cannot be read is an error, so that nobody
    /// gets more rights by damaging it.
    pub(super) fn under(mut self, policy: &Path) -> Result<Self, SettingsError> {
        let text = file_text(policy)?;
        let source = Source {
            file: policy,
            text: &text,
        };
        let document = source.document()?;
        let place = "at the top level";
        let mut top = Section::new(source, place, document.span(), document.get_ref());
        let wish = match top.value("office") {
            None => Wish::default(),
            Some(value) => {
                let table = value.get_ref().as_table();
                let table = table.ok_or_else(|| top.bad("office", value, "a section [office]"))?;
                let mut section = Section::new(source, "in [office]", value.span(), table);
                let wish = Wish::read(&mut section)?;
                section.finish()?;
                wish
            }
        };
        top.finish()?;
        self.office = wish.over(self.office);
        Ok(self)
    }

    /// Who works with the store: an agent whose own calls alone are to be seen sees those on the
    /// profile's lines and of their extensions.
    pub fn seat(&self) -> Seat {
        let is_narrow = self.office.role == Role::Agent && self.office.agent_sees == Sees::Own;
        let extension = |account: &Account| account.extension.clone();
        Seat {
            role: self.office.role,
            sees: is_narrow.then(|| OwnCalls {
                lines: self.accounts.iter().map(|line| line.aor.clone()).collect(),
                extensions: self.accounts.iter().filter_map(extension).collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    fn settings(text: &str) -> Settings {
        Settings::parse(text, Path::new("settings.toml")).unwrap()
    }

    const AGENT: &str = "[[account]]\naor = \"sip:101@office.example\"\nextension = \"101\"\n\
                         [office]\nrole = \"agent\"\n";

    #[test]
    fn s5_30_a_seat_is_the_managers_unless_the_settings_say_otherwise() {
        assert_eq!(settings("").seat(), Seat::default());
        let own = OwnCalls {
            lines: vec!["sip:101@office.example".to_owned()],
            extensions: vec!["101".to_owned()],
        };
        let seat = settings(AGENT).seat();
        assert_eq!((seat.role, seat.sees), (Role::Agent, Some(own)));
        let seat = settings(&format!("{AGENT}agent_sees = \"all\"\n")).seat();
        assert_eq!((seat.role, seat.sees), (Role::Agent, None));
        let seat = settings("[office]\nrole = \"reviewer\"\nagent_sees = \"own\"\n").seat();
        assert_eq!((seat.role, seat.sees), (Role::Reviewer, None));
        let error = Settings::parse("[office]\nrole = \"boss\"\n", Path::new("settings.toml"));
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("settings.toml:2") && error.contains("\"agent\""),
            "{error}"
        );
    }

    #[test]
    fn s5_30_the_administrators_file_stands_above_the_profiles_own() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policy.toml");
        let under = || settings("").under(&file);
        assert_eq!(under().unwrap().office, Office::default(), "no file");
        fs::write(&file, "[office]\nrole = \"reviewer\"\n").unwrap();
        assert_eq!(under().unwrap().office.role, Role::Reviewer);
        let narrow = settings(AGENT).under(&file).unwrap();
        assert_eq!(
            narrow.office.agent_sees,
            Sees::Own,
            "what it leaves out stays"
        );
        for damaged in ["[office", "[office]\nrole = 1", "[phone]\n", "office = 1"] {
            fs::write(&file, damaged).unwrap();
            let error = under().unwrap_err().to_string();
            assert!(error.contains("policy.toml"), "{error}");
        }
    }
}
