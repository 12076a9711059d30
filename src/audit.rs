//! Who does what the audit writes down.

use crate::settings::Settings;

/// Extension and name of the seat, by its first line; where it has neither, the system's user.
pub fn who(settings: &Settings) -> String {
    let line = settings.accounts.first();
    let parts = line.map(|line| [line.extension.as_deref(), line.display_name.as_deref()]);
    let parts = parts.into_iter().flatten().flatten().map(str::trim);
    let seat: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    if seat.is_empty() {
        return system_user();
    }
    seat.join(" ")
}

fn system_user() -> String {
    let named = |name: &str| std::env::var(name).ok().filter(|user| !user.is_empty());
    let user = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(named);
    user.unwrap_or_else(|| "?".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;

    fn who_of(text: &str) -> String {
        let text = format!("[[account]]\naor = \"sip:101@office.example\"\n{text}");
        who(&Settings::parse(&text, Path::new("settings.toml")).unwrap())
    }

    #[test]
    fn s5_30_the_audit_names_the_seat_else_the_systems_user() {
        assert_eq!(
            who_of("extension = \"101\"\ndisplay_name = \"Anna\""),
            "101 Anna"
        );
        assert_eq!(who_of("display_name = \"Anna\""), "Anna");
        assert_eq!(who_of(""), system_user());
        assert!(!system_user().is_empty());
    }
}
