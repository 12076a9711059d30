//! `ringbook webhook`: web servers that are told of events.

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;

use super::data::password_from_input;
use crate::profile::Profile;
use crate::secrets;
use crate::settings::{Settings, signing_key};
use crate::tr;

/// Web servers that are told of events.
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Keep the line on standard input as the secret of a webhook, in the system's keyring
    KeepSecret {
        /// The webhook's name
        name: String,
    },
}

/// Runs the command.
pub fn run(command: &WebhookCommand, profile: &Profile) -> anyhow::Result<()> {
    let WebhookCommand::KeepSecret { name } = command;
    let settings = Settings::load(&profile.settings())?;
    let mut webhooks = settings.webhooks.iter();
    let webhook = webhooks.find(|webhook| webhook.name == *name);
    let webhook = webhook.with_context(|| tr!("no webhook is called {name}", name = name))?;
    let secret = password_from_input()?;
    if signing_key(&secret).is_none() {
        bail!(tr!("the secret is not 24 to 64 octets in Base64"));
    }
    let kept = secrets::keep(&webhook.keyring_name(), &secret);
    kept.map_err(|why| anyhow!(why))
}
