//! `settings.toml`: what a person may decide, every key with a default.
//!
//! Reading is strict (an unknown key or a bad value is refused with file, line and what is
//! allowed), writing keeps the file's comments and order.

mod audio;
mod carddav;
mod edit;
mod error;
mod nat;
mod notifications;
mod office;
mod programs;
mod read;
mod ringtone;
mod scenario;
mod section;
mod source;
mod too_long;

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::Path;

pub use audio::Audio;
pub use carddav::CardDav;
pub use edit::save;
pub(crate) use edit::write_whole;
pub use error::{SettingsError, SettingsFault};
pub use nat::{Nat, Server};
pub use notifications::{LongCallTold, Notifications, Ways};
pub use office::{Office, POLICY, Sees};
pub use programs::{Api, Hook, Webhook};
pub use read::{MAX_EMERGENCY, MAX_LAMPS, is_dialled};
pub use ringbook_media::tone::Bell as Ringtone;
pub use ringbook_media::voice_processing::{NoiseSuppression, VoiceSettings};
pub use ringbook_sip::sdp::{Codec, SrtpPolicy as Srtp};
pub use ringbook_sip::user_agent::{IdentityHeader, Transport};

pub(crate) use programs::signing_key;
pub(crate) use section::{Section, Source};

use crate::flight::Retention;
use crate::i18n::Language;
pub use crate::model::Password;
use crate::model::{CardSource, CategoryId, Country, Scenario, TalkLimit, TalkLimits, TaskTerms};

/// Everything in `settings.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The lines, in the file's order; the first is the one calls are made from by default.
    pub accounts: Vec<Account>,
    /// `[sip]`
    pub sip: Sip,
    /// `[media]`
    pub media: Media,
    /// `[audio]`
    pub audio: Audio,
    /// `[phone]`
    pub phone: Phone,
    /// `[recording]`
    pub recording: Recording,
    /// `[log]`
    pub log: Log,
    /// `[tasks]`
    pub tasks: Tasks,
    /// `[carddav]`
    pub carddav: Option<CardDav>,
    /// `[notifications]`
    pub notifications: Notifications,
    /// `[office]`
    pub office: Office,
    /// `[modules]`
    pub modules: Modules,
    /// `[window]`
    pub window: Window,
    /// `[[source]]`: fields of the card that come from outside, in the file's order.
    pub sources: Vec<CardSource>,
    /// `[[too_long]]`: how long conversations of some kind may last, in the file's order.
    pub too_long: Vec<TalkLimit>,
    /// `[[ringtone]]`: how the phone rings for clients of some categories, in the file's order.
    pub ringtones: Vec<CategoryRingtone>,
    /// `[[scenario]]`: who rings for which calls, in the file's order.
    pub scenarios: Vec<Scenario>,
    /// `[api]`
    pub api: Api,
    /// `[[webhook]]`: who is told of events, in the file's order.
    pub webhooks: Vec<Webhook>,
    /// `[[hook]]`: what is run for events, in the file's order.
    pub hooks: Vec<Hook>,
}

impl Settings {
    /// Reads the file; the defaults where there is none. What the administrator decides in
    /// [`POLICY`] stands above it.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        Self::parse(&file_text(path)?, path)?.under(Path::new(POLICY))
    }

    /// On which terms callers who got no conversation are owed a call; none where the module is
    /// absent. Tasks follow from rows of the call log: without the one there are none of the other.
    pub fn task_terms(&self) -> Option<TaskTerms> {
        let present = self.modules.tasks && self.modules.call_log;
        present.then(|| TaskTerms::minutes(self.tasks.due_minutes))
    }

    /// How long conversations may last.
    pub fn talk_limits(&self) -> TalkLimits {
        TalkLimits {
            limits: self.too_long.clone(),
            otherwise: self.notifications.long_call(),
        }
    }

    /// Reads `text`; `file` is what errors name.
    pub fn parse(text: &str, file: &Path) -> Result<Self, SettingsError> {
        read::settings(text, file)
    }
}

/// The text of a file that a person writes; empty where there is none.
pub(crate) fn file_text(path: &Path) -> Result<String, SettingsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => {
            let file = path.to_owned();
            Err(SettingsFault::Unreadable { file, source }.into())
        }
    }
}

/// `[[account]]`: one line at one registrar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Address of record, also the From: `sip:101@office.example`.
    pub aor: String,
    /// The name callees see.
    pub display_name: Option<String>,
    /// Internal number of the person at this seat.
    pub extension: Option<String>,
    /// Shown on the card for calls on this line.
    pub company: Option<String>,
    /// The office's layout of the card for calls on this line; default: the standard.
    pub card_layout: Option<String>,
    /// How the phone rings for calls on this line.
    pub ringtone: Ringtone,
    /// A sound file that rings in its place: WAV or Ogg Opus, two minutes at most.
    pub ringtone_file: Option<String>,
    /// The country whose rules make a typed number an E.164 one; default: the system locale's.
    pub country: Option<Country>,
    /// Digest user; default: the AOR's user.
    pub username: Option<String>,
    /// Digest password, when it stands in the file.
    pub password: Option<Password>,
    /// A command whose first line of output is the password.
    pub password_command: Option<String>,
    /// Default: the AOR's domain, by RFC 3263.
    pub registrar: Option<String>,
    /// Where every request of this line goes first.
    pub outbound_proxy: Option<String>,
    /// How the server is reached where its address names no transport; default: as DNS says.
    pub transport: Option<Transport>,
    /// A PEM file with the authorities believed for TLS; default: the system's.
    pub ca_file: Option<String>,
    /// Whether to use an address that the registrar says leads here from everywhere (GRUU).
    pub gruu: bool,
    /// Codecs of this line, preferred first; default: those of `[media]`.
    pub codecs: Option<Vec<Codec>>,
    /// How what is typed becomes what is dialled.
    pub dialing: Dialing,
    /// Whether to register at all.
    pub register: bool,
    /// Registration interval asked for, in seconds.
    pub expires_s: u32,
    /// Whether this line's calls are encrypted; default: as `[media]` says.
    pub srtp: Option<Srtp>,
    /// Whether its calls offer keys in the signalling where others can read them, too.
    pub keys_in_clear: bool,
    /// How this line's calls get through NATs.
    pub nat: Nat,
    /// Whose telephones to watch: internal numbers or addresses.
    pub lamps: Vec<String>,
    /// Whether to watch the line's mailbox.
    pub voicemail: bool,
    /// The number or address of the line's mailbox: calls that come or are sent there are voicemail.
    pub mailbox: Option<String>,
    /// Which headers say who calls, the first that is there.
    pub caller_id: Vec<IdentityHeader>,
    /// Whether the server is told, for others, that this phone is busy.
    pub publish: bool,
    /// Whether callees are not told who calls.
    pub anonymous: bool,
}

impl Account {
    /// A line with this address of record and every other key at its default.
    pub fn new(aor: impl Into<String>) -> Self {
        Self {
            aor: aor.into(),
            display_name: None,
            extension: None,
            company: None,
            card_layout: None,
            ringtone: Ringtone::Marimba,
            ringtone_file: None,
            country: None,
            username: None,
            password: None,
            password_command: None,
            registrar: None,
            outbound_proxy: None,
            transport: None,
            ca_file: None,
            gruu: false,
            codecs: None,
            dialing: Dialing::default(),
            register: true,
            expires_s: 300,
            srtp: None,
            keys_in_clear: false,
            nat: Nat::default(),
            lamps: Vec::new(),
            voicemail: false,
            mailbox: None,
            caller_id: IdentityHeader::ALL.to_vec(),
            publish: false,
            anonymous: false,
        }
    }

    /// The user part of the address of record, as written.
    pub fn user(&self) -> &str {
        let rest = self
            .aor
            .split_once(':')
            .map_or(self.aor.as_str(), |(_, rest)| rest);
        rest.split_once('@').map_or("", |(user, _)| user)
    }

    /// The digest user.
    pub fn digest_user(&self) -> &str {
        self.username.as_deref().unwrap_or_else(|| self.user())
    }
}

/// What a line dials for what is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialing {
    /// Put before outside numbers: an exchange's `9`.
    pub prefix: String,
    /// Taken from the beginning of outside numbers first: a `+` that the provider does not read.
    pub strip: String,
    /// Numbers that are dialled as they are, by the first line that works.
    pub emergency: Vec<String>,
}

impl Default for Dialing {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            strip: String::new(),
            emergency: vec!["112".to_owned()],
        }
    }
}

/// For which of a line's servers a password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Its registrar.
    Line,
    /// Its TURN server.
    Turn,
}

impl Whose {
    /// Under which name the keyring keeps the password of the line `aor`.
    pub fn name(self, aor: &str) -> String {
        match self {
            Self::Line => aor.to_owned(),
            Self::Turn => format!("{aor} turn"),
        }
    }
}

/// `[sip]`: where signalling listens. Port 0 is any free port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sip {
    /// UDP port.
    pub udp_port: u16,
    /// TCP port.
    pub tcp_port: u16,
    /// TLS port.
    pub tls_port: u16,
    /// Addresses to listen on.
    pub bind: Vec<IpAddr>,
    /// A PEM file with our own certificate and those that vouch for it: who may connect by TLS.
    pub tls_certificate: Option<String>,
    /// A PEM file with its private key; default: the certificate's file.
    pub tls_key: Option<String>,
    /// The name server to ask; default: the system's.
    pub dns: Option<SocketAddr>,
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            udp_port: 5060,
            tcp_port: 5060,
            tls_port: 5061,
            bind: every_interface(),
            tls_certificate: None,
            tls_key: None,
            dns: None,
        }
    }
}

/// `bind = "0.0.0.0"`: every interface of both families.
fn every_interface() -> Vec<IpAddr> {
    vec![
        std::net::Ipv4Addr::UNSPECIFIED.into(),
        std::net::Ipv6Addr::UNSPECIFIED.into(),
    ]
}

/// `[media]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Codecs to offer, preferred first.
    pub codecs: Vec<Codec>,
    /// Ports for RTP and RTCP.
    pub rtp_ports: RangeInclusive<u16>,
    /// Whether calls are encrypted, where the line does not say.
    pub srtp: Srtp,
    /// Whether others are asked to send next to nothing in Opus while they are silent.
    pub opus_dtx: bool,
    /// Whether pauses are described in place of being sent, with G.711 and where the other side takes
    /// that.
    pub silence_suppression: bool,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            codecs: vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu],
            rtp_ports: 40000..=40999,
            srtp: Srtp::Optional,
            opus_dtx: false,
            silence_suppression: false,
        }
    }
}

/// `[[ringtone]]`: how the phone rings for clients of a category, whichever line they call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRingtone {
    /// The category.
    pub category: CategoryId,
    /// The bell.
    pub ringtone: Ringtone,
    /// A sound file that rings in its place.
    pub file: Option<String>,
}

/// `[phone]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// Every call is answered at once.
    pub auto_answer: bool,
    /// Calls at once; one more hears busy.
    pub max_calls: usize,
    /// Whether a second caller is let through during a call.
    pub call_waiting: bool,
    /// Nobody rings; callers hear that nobody is there.
    pub do_not_disturb: bool,
    /// Where every caller is sent on to.
    pub forward_always: Option<String>,
    /// Where a caller is sent on to who would hear busy.
    pub forward_busy: Option<String>,
    /// Where a caller is sent on to whom nobody answers.
    pub forward_no_answer: Option<String>,
    /// After how many seconds nobody has answered.
    pub forward_after_s: u32,
    /// What becomes of a call whose other side sends us to somebody else.
    pub transfers: Policy,
    /// What becomes of a call of ours that is redirected.
    pub redirects: Policy,
    /// Which calls may have themselves answered.
    pub intercom: Intercom,
    /// A person is asked before a link of another program is dialled.
    pub ask_links: bool,
}

/// Whether a wish of the other side is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Yes.
    Follow,
    /// No.
    Refuse,
}

/// Which calls are answered because they ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intercom {
    /// None.
    Never,
    /// Those that come by the account's own proxy.
    Trusted,
}

impl Default for Phone {
    fn default() -> Self {
        Self {
            auto_answer: false,
            max_calls: 10,
            call_waiting: true,
            do_not_disturb: false,
            forward_always: None,
            forward_busy: None,
            forward_no_answer: None,
            forward_after_s: 20,
            transfers: Policy::Follow,
            redirects: Policy::Follow,
            intercom: Intercom::Never,
            ask_links: true,
        }
    }
}

/// `[recording]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Which calls are recorded.
    pub mode: RecordingMode,
    /// The file format.
    pub format: RecordingFormat,
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            mode: RecordingMode::Always,
            format: RecordingFormat::Wav,
        }
    }
}

/// Which calls are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingMode {
    /// Every conversation.
    Always,
    /// None.
    Never,
    /// Those for which somebody asks.
    OnDemand,
}

/// The format of recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingFormat {
    /// 16-bit PCM.
    Wav,
    /// Ogg Opus.
    Opus,
}

/// `[log]`: how much the flight recorder keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Of the latest so many calls.
    pub ladders: u32,
    /// Not older than so many days.
    pub ladder_days: u32,
}

impl Log {
    /// What is kept.
    pub fn retention(&self) -> Retention {
        Retention {
            ladders: self.ladders,
            days: self.ladder_days,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            ladders: 1000,
            ladder_days: 90,
        }
    }
}

/// `[tasks]`: calls that are owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tasks {
    /// Within how many minutes of a lost call its caller is to be spoken with.
    pub due_minutes: u32,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { due_minutes: 60 }
    }
}

/// `[modules]`: what can be ordered separately (S1.1, S5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modules {
    /// The client card on a call.
    pub caller_card: bool,
    /// The call log.
    pub call_log: bool,
    /// Recording.
    pub recording: bool,
    /// Tasks for lost calls.
    pub tasks: bool,
    /// Callers whom nobody knows are entered as drafts.
    pub register_callers: bool,
}

impl Default for Modules {
    fn default() -> Self {
        Self {
            caller_card: true,
            call_log: true,
            recording: true,
            tasks: true,
            register_callers: false,
        }
    }
}

/// `[window]`: how the window looks, and the language of everything that people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// `None` is the system's language.
    pub language: Option<Language>,
    /// Which colours.
    pub theme: WindowTheme,
    /// How large texts are, 100 as designed, to 200.
    pub text_percent: u32,
    /// Whether texts and borders stand out more than they have to.
    pub high_contrast: bool,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            language: None,
            theme: WindowTheme::System,
            text_percent: 100,
            high_contrast: false,
        }
    }
}

/// Which colours the window has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowTheme {
    /// Those of the desktop.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

#[cfg(test)]
mod tests;
