//! The lines: accounts of the settings as the user agent runs them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ringbook_sip::message::{Host, Uri};
use ringbook_sip::user_agent::{
    AccountConfig, AccountId, RegistrationState as SipState, Secret, Transport,
};

use super::effect::{PasswordPlace, TurnAccount};
use super::view::AccountView;
use crate::automation::{Registration, RegistrationState};
use crate::model::{Country, Party};
use crate::settings::{Account, Codec, Dialing, Nat, Password, Ringtone, Srtp, Whose};

/// What calls need to know of their line.
#[derive(Debug, Clone, PartialEq)]
pub struct LineInfo {
    /// Address of record, as in the settings.
    pub aor: String,
    /// The organisation; may be empty.
    pub company: String,
    /// The name of its card layout; empty for the standard.
    pub card_layout: String,
    /// How the phone rings for its calls.
    pub ringtone: Ringtone,
    /// The sound file that rings in its place.
    pub ringtone_file: Option<PathBuf>,
    /// The internal number; may be empty.
    pub extension: String,
    /// The number or address of its mailbox, where the settings say it.
    pub mailbox: Option<String>,
    /// Whose rules make a typed number an E.164 one.
    pub country: Option<Country>,
    /// The user of the address of record.
    pub user: String,
    /// What that is as a number.
    own: Party,
    /// Where names without a domain are.
    pub domain: Host,
    /// The domain's port, where the address of record has one.
    pub port: Option<u16>,
    /// What is dialled for what is typed.
    pub dialing: Dialing,
    /// Codecs of its calls, where they are not everybody's.
    pub codecs: Option<Vec<Codec>>,
    /// Whether the server is reached over IPv6.
    pub ipv6: bool,
    /// Whether its calls are encrypted, where it says so itself.
    pub srtp: Option<Srtp>,
    /// Whether its offers have keys where others can read them, too.
    pub keys_in_clear: bool,
    /// How its calls get through NATs.
    pub nat: Nat,
}

impl LineInfo {
    /// Whether what was typed is a number that is dialled as it is and has to get through.
    pub fn is_emergency(&self, typed: &str) -> bool {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        self.dialing.emergency.contains(&digits)
    }

    /// What is dialled for an outside number: stripped of what the provider does not read, behind
    /// what the exchange wants first.
    pub fn outside(&self, number: &str) -> String {
        let Dialing { prefix, strip, .. } = &self.dialing;
        let bare = number.strip_prefix(strip.as_str()).unwrap_or(number);
        format!("{prefix}{bare}")
    }

    /// Our own number, as the log keeps it.
    pub fn own(&self) -> Party {
        self.own.clone()
    }
}

/// A line.
#[derive(Debug)]
pub struct Line {
    /// Its settings.
    pub account: Account,
    /// For its calls.
    pub info: Arc<LineInfo>,
    /// In the user agent; none while its password is being found out.
    pub id: Option<AccountId>,
    /// Its password is being found out: calls by it wait.
    pub is_sought: bool,
    /// Where its registration stands.
    pub state: RegistrationState,
    /// The registrar's last status.
    pub status: Option<u16>,
    /// The registrar's words, or ours.
    pub reason: String,
    /// Granted by the registrar.
    pub expires_s: Option<u64>,
    /// For its TURN server, once known.
    turn_password: Option<Password>,
    /// Why there is no password, where there is none.
    pub password_trouble: Option<String>,
}

impl Line {
    /// The line of these settings; none where its address of record is no SIP URI, which the
    /// reader of the settings refuses.
    pub fn new(account: &Account, default_country: Option<Country>) -> Option<Self> {
        let aor = Uri::parse(&account.aor).ok()?;
        let domain = aor.host()?.clone();
        let country = account.country.or(default_country);
        let server = [&account.outbound_proxy, &account.registrar]
            .into_iter()
            .flatten()
            .find_map(|text| Uri::parse(text).ok()?.host().cloned())
            .unwrap_or_else(|| domain.clone());
        let user = aor.user().unwrap_or_default().into_owned();
        let info = LineInfo {
            aor: account.aor.clone(),
            company: account.company.clone().unwrap_or_default(),
            card_layout: account.card_layout.clone().unwrap_or_default(),
            ringtone: account.ringtone,
            ringtone_file: account.ringtone_file.as_ref().map(PathBuf::from),
            extension: account.extension.clone().unwrap_or_default(),
            mailbox: account.mailbox.clone(),
            country,
            own: Party::parse(&user, country),
            user,
            dialing: account.dialing.clone(),
            codecs: account.codecs.clone(),
            ipv6: server.ip().is_some_and(|ip| ip.is_ipv6()),
            port: aor.port(),
            domain,
            srtp: account.srtp,
            keys_in_clear: account.keys_in_clear,
            nat: account.nat.clone(),
        };
        Some(Self {
            account: account.clone(),
            info: Arc::new(info),
            id: None,
            is_sought: false,
            state: RegistrationState::Unregistered,
            status: None,
            reason: String::new(),
            expires_s: None,
            turn_password: account.nat.turn_password.clone(),
            password_trouble: None,
        })
    }

    /// Whether calls can leave by it, as far as is known.
    pub fn is_usable(&self) -> bool {
        self.id.is_some() && (!self.account.register || self.state == RegistrationState::Registered)
    }

    /// Where its password is, when it is not in the settings.
    pub fn password_place(&self) -> Option<PasswordPlace> {
        if self.account.password.is_some() {
            return None;
        }
        let command = self.account.password_command.clone();
        Some(command.map_or(PasswordPlace::Keyring, PasswordPlace::Command))
    }

    /// Where the password for its TURN server is, when that is another account's than the line's own and is not in the
    /// settings.
    pub fn turn_password_place(&self) -> Option<PasswordPlace> {
        let nat = &self.account.nat;
        if !nat.ice || nat.turn_server.is_none() || nat.turn_password.is_some() {
            return None;
        }
        let command = nat.turn_password_command.clone();
        let keyring = nat.turn_user.as_ref().map(|_| PasswordPlace::Keyring);
        command.map(PasswordPlace::Command).or(keyring)
    }

    /// A password was found that its TURN server may take: the line's own serves where nothing else is said.
    pub fn set_turn_password(&mut self, whose: Whose, password: &str) {
        let nat = &self.account.nat;
        let has_own = nat.turn_password.is_some()
            || nat.turn_password_command.is_some()
            || nat.turn_user.is_some();
        if has_own == (whose == Whose::Turn) {
            self.turn_password = Some(Password::new(password));
        }
    }

    /// Our account at its TURN server; none where there is no server, or no password yet.
    pub fn turn_account(&self) -> Option<TurnAccount> {
        let nat = &self.account.nat;
        let user = nat.turn_user.as_deref();
        Some(TurnAccount {
            server: nat.turn_server.clone()?,
            user: user.unwrap_or(self.account.digest_user()).to_owned(),
            password: self.turn_password.clone()?,
        })
    }

    /// The line as the user agent takes it.
    pub fn config(&self, password: &str, instance_id: &str) -> Option<AccountConfig> {
        let account = &self.account;
        let aor = Uri::parse(&account.aor).ok()?;
        let address = |text: &Option<String>| text.as_ref().and_then(|text| Uri::parse(text).ok());
        let registrar = address(&account.registrar)
            .or_else(|| Some(Uri::sip(None, aor.host()?.clone(), aor.port())))?;
        let named = registrar.param("transport").and_then(transport);
        Some(AccountConfig {
            username: account
                .username
                .clone()
                .or_else(|| Some(aor.user()?.into_owned()))?,
            aor,
            display_name: account.display_name.clone(),
            password: Secret::new(password),
            registrar,
            outbound_proxy: address(&account.outbound_proxy),
            register: account.register,
            expires: Duration::from_secs(u64::from(account.expires_s)),
            transport: account.transport.or(named),
            trust: account.ca_file.clone(),
            gruu: account.gruu,
            caller_id: account.caller_id.clone(),
            instance_id: instance_id.to_owned(),
        })
    }

    /// Takes over what the user agent tells of the registration.
    pub fn set_registration(&mut self, state: SipState, status: Option<u16>, reason: String) {
        self.expires_s = None;
        self.state = match state {
            SipState::Registering => RegistrationState::Registering,
            SipState::Registered { expires } => {
                self.expires_s = Some(expires.as_secs());
                RegistrationState::Registered
            }
            SipState::Failed { .. } => RegistrationState::Failed,
            SipState::Unregistered => RegistrationState::Unregistered,
        };
        self.status = status;
        self.reason = reason;
    }

    /// Its event for scripts.
    pub fn event(&self) -> Registration {
        Registration {
            account: self.account.aor.clone(),
            state: self.state,
            status: self.status,
            reason: self.reason.clone(),
            expires_s: self.expires_s,
        }
    }

    /// What the window shows of it.
    pub fn view(&self) -> AccountView {
        AccountView {
            aor: self.account.aor.clone(),
            name: self.account.display_name.clone().unwrap_or_default(),
            company: self.info.company.clone(),
            extension: self.info.extension.clone(),
            state: self.state,
            status: self.status,
            reason: self.reason.clone(),
            voicemail: None,
            published: None,
        }
    }
}

fn transport(name: &str) -> Option<Transport> {
    match name.to_ascii_lowercase().as_str() {
        "udp" => Some(Transport::Udp),
        "tcp" => Some(Transport::Tcp),
        "tls" => Some(Transport::Tls),
        _ => None,
    }
}
