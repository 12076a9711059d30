//! `ringbook demo`: a throw-away profile and a sample office on loopback that calls you.

mod card_text;
mod host;
mod office;
mod registrar;
mod script;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Zoned;
use sha2::{Digest, Sha256};

use self::office::Office;
use crate::cli;
use crate::profile::Profile;
use crate::settings::{self, Account, Password, RecordingMode, Settings};
use crate::store::Store;
use crate::tr;

/// How the demo runs.
#[derive(Debug, Clone, Copy)]
pub struct Demo {
    /// In the terminal; the phone answers by itself.
    pub headless: bool,
    /// Keep running after the last caller, and keep the profile.
    pub keep: bool,
}

/// Runs the demo to its end.
///
/// # Errors
/// The profile cannot be written, loopback cannot be used, or the phone or its window fails.
pub fn run(demo: Demo) -> anyhow::Result<()> {
    let directory = Directory::make(demo.keep)?;
    let profile = Profile::locate(Some(directory.path.join("profile")))?;
    profile.create()?;
    let _lock = profile.lock()?;
    let pace = if demo.headless {
        script::HEADLESS
    } else {
        script::WINDOW
    };
    let office = Office::open(pace, &directory.path, seed())
        .with_context(|| tr!("the sample office cannot open on 127.0.0.1"))?;
    fill_store(&profile)?;
    let settings = sample_settings(&office, &directory.path, demo.headless)?;
    settings::save(&profile.settings(), &settings)?;
    if demo.headless {
        host::run(&profile, settings, &office, demo.keep)?;
    } else {
        cli::window(profile.clone(), settings, None)?;
    }
    if demo.keep {
        cli::print_line(&tr!(
            "The profile is kept in {directory}",
            directory = profile.dir().display()
        ))?;
    }
    Ok(())
}

/// The demo's directory, removed at the end unless it is to be kept.
struct Directory {
    path: PathBuf,
    keep: bool,
}

impl Directory {
    fn make(keep: bool) -> anyhow::Result<Self> {
        let name = format!("ringbook-demo-{}", uuid::Uuid::now_v7());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)
            .with_context(|| tr!("{path} cannot be made", path = path.display()))?;
        Ok(Self { path, keep })
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed stays in the system's directory for temporary files.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn fill_store(profile: &Profile) -> anyhow::Result<()> {
    let mut store = Store::open(&profile.database())?;
    store.write(|writer| writer.add_sample_office(Zoned::now().date()))?;
    Ok(())
}

/// Anna's line. Headless, she speaks from a file, and nobody's loudspeaker is disturbed.
fn sample_settings(office: &Office, directory: &Path, headless: bool) -> anyhow::Result<Settings> {
    let mut account = Account::new(format!("sip:{}@{}", office::USER, office.address()));
    account.display_name = Some("Anna".to_owned());
    account.extension = Some(office::USER.to_owned());
    account.company = Some("Alfa LLC".to_owned());
    account.country = "KZ".parse().ok();
    account.password = Some(Password::new(office::PASSWORD));
    let mut settings = Settings {
        accounts: vec![account],
        ..Settings::default()
    };
    settings.sip.bind = vec![office.address().ip()];
    settings.sip.udp_port = 0;
    settings.sip.tcp_port = 0;
    settings.recording.mode = RecordingMode::Always;
    if headless {
        let voice = directory.join("anna.wav");
        fs::write(&voice, script::AGENT_VOICE)?;
        settings.audio.input = format!("file:{}", voice.display());
        settings.audio.output = "null".to_owned();
        settings.audio.ring = "null".to_owned();
    }
    Ok(settings)
}

fn seed() -> [u8; 32] {
    Sha256::digest(uuid::Uuid::now_v7()).into()
}
