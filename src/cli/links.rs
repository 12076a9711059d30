//! `ringbook links`: the desktop hands `tel:`, `sip:`, `sips:` and `callto:` links to this program.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use crate::profile::Profile;
use crate::tr;

/// The entry's file, which is also its id.
const ENTRY: &str = "ringbook.desktop";
const SCHEMES: [&str; 4] = ["tel", "sip", "sips", "callto"];
const SECTION: &str = "[Default Applications]";

/// Links that other programs hand over.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum LinksCommand {
    /// Have the desktop hand tel:, sip:, sips: and callto: links to this program
    Install,
    /// Undo that
    Remove,
}

/// Where one user's desktop keeps its programs and its choices.
struct Desktop {
    applications: PathBuf,
    choices: PathBuf,
}

/// Runs the command. A profile that was named is named to the program that is to be started, too.
pub fn run(
    command: LinksCommand,
    named: Option<&Profile>,
    output: &mut dyn Write,
) -> anyhow::Result<()> {
    let base = directories::BaseDirs::new();
    let base = base.context("there is no home directory")?;
    let desktop = Desktop {
        applications: base.data_dir().join("applications"),
        choices: base.config_dir().join("mimeapps.list"),
    };
    match command {
        LinksCommand::Install => {
            let program = std::env::current_exe().context("this program's file is not known")?;
            desktop.install(&program, named.map(Profile::dir))?;
            let text = tr!(
                "Links go to this program now: {schemes}",
                schemes = SCHEMES.map(|scheme| format!("{scheme}:")).join(" ")
            );
            writeln!(output, "{text}")?;
        }
        LinksCommand::Remove => {
            desktop.remove()?;
            writeln!(output, "{}", tr!("Links no longer go to this program."))?;
        }
    }
    Ok(())
}

impl Desktop {
    fn install(&self, program: &Path, profile: Option<&Path>) -> anyhow::Result<()> {
        let entry = entry(program, profile)?;
        write_whole(&self.applications.join(ENTRY), &entry)?;
        self.choose(|text| chosen(text, true))
    }

    fn remove(&self) -> anyhow::Result<()> {
        let file = self.applications.join(ENTRY);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| file.display().to_string());
            }
            _ => {}
        }
        self.choose(|text| chosen(text, false))
    }

    fn choose(&self, change: impl FnOnce(&str) -> String) -> anyhow::Result<()> {
        let text = match fs::read_to_string(&self.choices) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.with_context(|| self.choices.display().to_string())?,
        };
        let changed = change(&text);
        if changed == text {
            return Ok(());
        }
        write_whole(&self.choices, &changed)
    }
}

fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        let beside = path.with_extension("ringbook-new");
        fs::write(&beside, text)?;
        fs::rename(&beside, path)
    };
    write().with_context(|| path.display().to_string())
}

/// The desktop entry (Desktop Entry Specification 1.5).
fn entry(program: &Path, profile: Option<&Path>) -> anyhow::Result<String> {
    let mut command = quoted(program)?;
    if let Some(profile) = profile {
        command = format!("{command} --profile {}", quoted(profile)?);
    }
    let types = SCHEMES.map(|scheme| format!("x-scheme-handler/{scheme};"));
    // Behind the two dashes nothing is an option, whatever a page writes into its link.
    Ok(format!(
        "[Desktop Entry]\nType=Application\nName=Ringbook\nGenericName=Softphone\n\
         Comment=A phone with a client book inside\nExec={command} -- %u\nIcon=ringbook\n\
         Terminal=false\nCategories=Network;Telephony;\nMimeType={}\n",
        types.concat()
    ))
}

/// A path as an argument in `Exec`.
fn quoted(path: &Path) -> anyhow::Result<String> {
    let text = path
        .to_str()
        .filter(|text| !text.contains(char::is_control));
    let text = text.with_context(|| {
        tr!(
            "{path} cannot stand in a desktop entry: its name is no plain text",
            path = path.display()
        )
    })?;
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            // Once for the argument, once more for the string that holds it.
            '"' | '`' | '$' => quoted.push_str("\\\\"),
            '\\' => quoted.push_str("\\\\\\"),
            '%' => quoted.push('%'),
            _ => {}
        }
        quoted.push(c);
    }
    quoted.push('"');
    Ok(quoted)
}

/// The user's choices with ours among them or without: every other line as it stands.
fn chosen(text: &str, ours: bool) -> String {
    let key = |line: &str| {
        let name = line.split('=').next().unwrap_or_default().trim();
        SCHEMES
            .iter()
            .any(|scheme| name == format!("x-scheme-handler/{scheme}"))
    };
    let is_ours = |line: &str| {
        let value = line
            .split_once('=')
            .map(|(_, value)| value)
            .unwrap_or_default();
        value.split(';').any(|entry| entry.trim() == ENTRY)
    };
    let mut lines = Vec::new();
    let mut within = false;
    for line in text.lines() {
        if line.trim_start().starts_with('[') {
            within = line.trim() == SECTION;
        }
        let replaced = within && key(line) && (ours || is_ours(line));
        if !replaced {
            lines.push(line.to_owned());
        }
    }
    if ours {
        let place = match lines.iter().position(|line| line.trim() == SECTION) {
            Some(place) => place + 1,
            None => {
                lines.push(SECTION.to_owned());
                lines.len()
            }
        };
        let choices = SCHEMES.map(|scheme| format!("x-scheme-handler/{scheme}={ENTRY};"));
        lines.splice(place..place, choices);
    }
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_users_other_choices_stay_as_they_are() {
        let before = "[Added Associations]\nx-scheme-handler/tel=other.desktop;\n\n\
                      [Default Applications]\ntext/html=firefox.desktop\n\
                      x-scheme-handler/tel=other.desktop\n# mine\n";
        let after = chosen(before, true);
        assert_eq!(
            after,
            "[Added Associations]\nx-scheme-handler/tel=other.desktop;\n\n\
             [Default Applications]\nx-scheme-handler/tel=ringbook.desktop;\n\
             x-scheme-handler/sip=ringbook.desktop;\nx-scheme-handler/sips=ringbook.desktop;\n\
             x-scheme-handler/callto=ringbook.desktop;\ntext/html=firefox.desktop\n# mine\n"
        );
        assert_eq!(chosen(&after, true), after, "twice is once");
        let removed = chosen(&after, false);
        assert!(
            !removed.contains(ENTRY) && removed.contains("# mine\n"),
            "{removed}"
        );
        assert_eq!(chosen(&removed, false), removed);
        assert!(chosen("", true).starts_with("[Default Applications]\nx-scheme-handler/tel="));
        assert_eq!(chosen("", false), "");
    }

    #[test]
    fn paths_are_quoted_as_the_specification_says() {
        let quoted = |path: &str| quoted(Path::new(path)).unwrap();
        assert_eq!(
            quoted("/opt/ring book/ringbook"),
            "\"/opt/ring book/ringbook\""
        );
        assert_eq!(quoted("/a$b`c\"d"), "\"/a\\\\$b\\\\`c\\\\\"d\"");
        assert_eq!(quoted("/a\\b%"), "\"/a\\\\\\\\b%%\"");
        assert!(super::quoted(Path::new("/a\nExec=evil")).is_err());
    }

    #[test]
    fn the_entry_and_the_choices_are_written_and_taken_away_again() {
        let dir = tempfile::tempdir().unwrap();
        let desktop = Desktop {
            applications: dir.path().join("share/applications"),
            choices: dir.path().join("config/mimeapps.list"),
        };
        desktop.remove().unwrap();
        assert!(
            !desktop.choices.exists(),
            "nothing was chosen: nothing is written"
        );
        let profile = Some(Path::new("/home/anna/office"));
        desktop
            .install(Path::new("/usr/bin/ringbook"), profile)
            .unwrap();
        let entry = fs::read_to_string(desktop.applications.join(ENTRY)).unwrap();
        let exec = "Exec=\"/usr/bin/ringbook\" --profile \"/home/anna/office\" -- %u\n";
        assert!(entry.contains(exec), "{entry}");
        let types = "MimeType=x-scheme-handler/tel;x-scheme-handler/sip;x-scheme-handler/sips;\
                     x-scheme-handler/callto;\n";
        assert!(entry.contains(types), "{entry}");
        desktop.remove().unwrap();
        assert!(!desktop.applications.join(ENTRY).exists());
        assert_eq!(
            fs::read_to_string(&desktop.choices).unwrap(),
            "[Default Applications]\n"
        );
    }
}
