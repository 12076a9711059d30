//! `[api]`, `[[webhook]]` and `[[hook]]`: what other programs ask of the phone, and hear from it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::section::Section;
use super::{Password, SettingsError};
use crate::automation::Body;
use crate::http::is_address;

/// More programs than anybody tells.
const MOST: usize = 20;

/// `[api]`: the REST API on this computer's own addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Api {
    /// Whether it is served.
    pub enabled: bool,
    /// The TCP port; 0 for any free one.
    pub port: u16,
    /// Whether it is served at `[::1]`, too.
    pub ipv6: bool,
}

/// `[[webhook]]`: a web server that is told of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// What people call it.
    pub name: String,
    /// Where events are posted to.
    pub url: String,
    /// What they are signed with, where it stands in the file.
    pub secret: Option<Password>,
    /// A command whose first line of output is the secret.
    pub secret_command: Option<String>,
    /// The names of the events that it is told of.
    pub events: Vec<String>,
    /// A PEM file with the authorities believed for TLS; default: the system's.
    pub ca_file: Option<String>,
}

impl Webhook {
    /// Under which name the keyring keeps the secret.
    pub fn keyring_name(&self) -> String {
        format!("webhook {}", self.name)
    }
}

/// `[[hook]]`: a program that is run for events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The program and its arguments, as they stand: no shell sees them.
    pub command: Vec<String>,
    /// The names of the events that it is run for.
    pub events: Vec<String>,
    /// How long one run may take.
    pub patience: Duration,
}

pub(super) fn api(section: &mut Section<'_>) -> Result<Api, SettingsError> {
    let default = Api::default();
    Ok(Api {
        enabled: section.bool("enabled", default.enabled)?,
        port: section.port("port", default.port)?,
        ipv6: section.bool("ipv6", default.ipv6)?,
    })
}

pub(super) fn webhooks(top: &mut Section<'_>) -> Result<Vec<Webhook>, SettingsError> {
    let mut webhooks: Vec<Webhook> = Vec::new();
    for mut section in top.tables("webhook", "in [[webhook]]", MOST)? {
        let read = webhook(&mut section)?;
        if webhooks.iter().any(|other| other.name == read.name)
            && let Some(name) = section.value("name")
        {
            return Err(section.bad("name", name, "each name once"));
        }
        section.finish()?;
        webhooks.push(read);
    }
    Ok(webhooks)
}

fn webhook(section: &mut Section<'_>) -> Result<Webhook, SettingsError> {
    const NAME: &str = "what you call it, such as \"crm\"";
    const URL: &str =
        "an address such as \"https://crm.office.example/calls\", without user and password";
    const SECRET: &str = "\"whsec_\" and 24 to 64 octets in Base64";
    let name = section.string("name")?;
    let name = name.ok_or_else(|| section.missing("name", NAME))?;
    let url = section.string("url")?;
    let url = url.ok_or_else(|| section.missing("url", URL))?;
    if let (false, Some(value)) = (is_address(&url), section.value("url")) {
        return Err(section.bad("url", value, URL));
    }
    let secret = section.string("secret")?;
    if let (Some(secret), Some(value)) = (&secret, section.value("secret"))
        && signing_key(secret).is_none()
    {
        return Err(section.bad("secret", value, SECRET));
    }
    let secret_command = section.string("secret_command")?;
    if let (Some(_), Some(value)) = (&secret, section.value("secret_command")) {
        return Err(section.bad("secret_command", value, "either secret or secret_command"));
    }
    Ok(Webhook {
        name,
        url,
        secret: secret.map(Password::new),
        secret_command,
        events: events(section)?,
        ca_file: section.string("ca_file")?,
    })
}

/// The octets of a webhook's secret as it is written: `whsec_`, which may be left out, and 24 to 64
/// octets in Base64 (Standard Webhooks, "Signature scheme"). None where it is something else.
pub(crate) fn signing_key(secret: &str) -> Option<Vec<u8>> {
    let bare = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD.decode(bare.trim()).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

pub(super) fn hooks(top: &mut Section<'_>) -> Result<Vec<Hook>, SettingsError> {
    let sections = top.tables("hook", "in [[hook]]", MOST)?;
    sections.into_iter().map(hook).collect()
}

fn hook(mut section: Section<'_>) -> Result<Hook, SettingsError> {
    const COMMAND: &str =
        "a program and its arguments, such as [\"/usr/local/bin/on-call\", \"--log\"]";
    let command = texts(&mut section, "command", COMMAND)?;
    let hook = Hook {
        command,
        events: events(&mut section)?,
        patience: Duration::from_secs(section.integer("timeout_s", 10, 1..=300)?.into()),
    };
    section.finish()?;
    Ok(hook)
}

fn events(section: &mut Section<'_>) -> Result<Vec<String>, SettingsError> {
    const EVENTS: &str = "a list of events such as [\"call\", \"task\"]";
    let names: Vec<_> = Body::NAMES.iter().map(|name| format!("{name:?}")).collect();
    let allowed = format!("a list of {}", names.join(", "));
    let events = texts(section, "events", EVENTS)?;
    let known = |name: &String| Body::NAMES.contains(&name.as_str());
    match section.value("events") {
        Some(value) if !events.iter().all(known) => Err(section.bad("events", value, &allowed)),
        _ => Ok(events),
    }
}

/// A list of texts that has at least one.
pub(super) fn texts(
    section: &mut Section<'_>,
    key: &'static str,
    allowed: &'static str,
) -> Result<Vec<String>, SettingsError> {
    let Some(value) = section.value(key) else {
        return Err(section.missing(key, allowed));
    };
    let text = |item: &toml::Spanned<toml::de::DeValue<'_>>| {
        let text = item.get_ref().as_str()?;
        Some(text.to_owned())
    };
    let list = value.get_ref().as_array();
    let list: Option<Vec<String>> = list.and_then(|list| list.iter().map(text).collect());
    let is_fair = |list: &Vec<String>| list.first().is_some_and(|first| !first.trim().is_empty());
    list.filter(is_fair)
        .ok_or_else(|| section.bad(key, value, allowed))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::path::Path;

    use super::*;
    use crate::settings::Settings;

    const WEBHOOK: &str = "[[webhook]]\nname = \"crm\"\nurl = \"https://crm.example/calls\"\n\
        secret = \"whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=\"\nevents = [\"call\", \"task\"]\n";
    const HOOK: &str = "[[hook]]\ncommand = [\"on-call\", \"--log\"]\nevents = [\"call\"]\n";

    fn parse(text: &str) -> Result<Settings, String> {
        let read = Settings::parse(text, Path::new("settings.toml"));
        read.map_err(|error| error.to_string())
    }

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err()
    }

    #[test]
    fn the_api_is_off_at_any_port_unless_the_settings_say_otherwise() {
        assert_eq!(parse("").unwrap().api, Api::default());
        let read = parse("[api]\nenabled = true\nport = 8091\nipv6 = true\n").unwrap();
        let wanted = Api {
            enabled: true,
            port: 8091,
            ipv6: true,
        };
        assert_eq!(read.api, wanted);
        assert!(refusal("[api]\nbind = \"0.0.0.0\"\n").contains(
            "settings.toml:2: unknown key \"bind\" in [api]; allowed: enabled, port, ipv6"
        ));
    }

    #[test]
    fn webhooks_and_hooks_are_read_and_what_is_wrong_is_named_without_the_secret() {
        let read = parse(&format!("{WEBHOOK}{HOOK}")).unwrap();
        assert_eq!(read.webhooks[0].events, ["call", "task"]);
        assert_eq!(read.hooks[0].command, ["on-call", "--log"]);
        assert_eq!(read.hooks[0].patience, Duration::from_secs(10));
        let with = |from: &str, to: &str| refusal(&WEBHOOK.replace(from, to));
        assert!(with("\"task\"", "\"lunch\"").contains("\"registration\""));
        assert!(with("[\"call\", \"task\"]", "[]").contains("a list of events"));
        assert!(with("https://", "ftp://").contains("an address such as"));
        assert!(with("name", "nome").contains("name is missing"));
        let short = with("a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=", "c2hvcnQ=");
        assert!(short.contains("24 to 64 octets"), "{short}");
        assert!(!short.contains("c2hvcnQ"), "{short}");
        let both = refusal(&format!("{WEBHOOK}secret_command = \"pass crm\"\n"));
        assert!(both.contains("either secret or secret_command"), "{both}");
        assert!(refusal(&format!("{WEBHOOK}{WEBHOOK}")).contains("each name once"));
        for command in ["\"on-call\"", "[]", "[\"\"]", "[1]"] {
            let told = refusal(&HOOK.replace("[\"on-call\", \"--log\"]", command));
            assert!(
                told.contains("a program and its arguments"),
                "{command}: {told}"
            );
        }
        assert!(refusal(&format!("{HOOK}timeout_s = 0\n")).contains("from 1 to 300"));
    }

    #[test]
    fn a_secret_is_24_to_64_octets_in_base64_with_or_without_its_mark() {
        let octets = |count: usize| STANDARD.encode(vec![7; count]);
        assert_eq!(signing_key(&octets(24)), Some(vec![7; 24]));
        assert_eq!(
            signing_key(&format!("whsec_{}", octets(64))),
            Some(vec![7; 64])
        );
        for wrong in [
            octets(23),
            octets(65),
            "whsec_".to_owned(),
            "a secret!".to_owned(),
        ] {
            assert_eq!(signing_key(&wrong), None, "{wrong}");
        }
    }
}
