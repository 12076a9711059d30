//! What the program tells the user agent about itself and its accounts.

use std::fmt;
use std::time::Duration;

use super::Transport;
use crate::message::Uri;
use crate::transaction::Timers;

/// Settings of the whole user agent.
#[derive(Clone, Debug)]
pub struct Config {
    /// `User-Agent` and `Server` header, for instance `Ringbook/0.1`.
    pub product: String,
    /// The protocol's timers; change them only in tests.
    pub timers: Timers,
    /// An incoming call nobody answers ends with 480 after this time.
    pub ring_timeout: Duration,
    /// An outgoing call nobody answers is cancelled after this time.
    pub answer_timeout: Duration,
    /// How long a session lasts without a refresh, where both sides keep timers (RFC 4028); zero
    /// asks for none.
    pub session_expires: Duration,
    /// Whether our calls go on where a 3xx sends them (RFC 3261 §8.1.3.4).
    pub follow_redirects: bool,
    /// Calls at one time, in all states; an INVITE above the limit gets 486.
    pub max_calls: usize,
    /// Server transactions at one time; a request above the limit gets 503 without state.
    pub max_transactions: usize,
    /// Octets for requests that were answered for good and are kept for repetitions alone, beside
    /// those transactions.
    pub max_past_octets: usize,
    /// How often an idle registered flow is kept open through a NAT (RFC 5626 §3.5.1).
    pub keepalive: Duration,
    /// Hand out every message that comes in as [`Output::Received`](super::Output), too.
    pub witness: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            product: concat!("Ringbook/", env!("CARGO_PKG_VERSION")).to_owned(),
            timers: Timers::default(),
            ring_timeout: Duration::from_secs(180),
            answer_timeout: Duration::from_secs(180),
            session_expires: Duration::from_secs(1800),
            follow_redirects: false,
            max_calls: 256,
            max_transactions: 8192,
            max_past_octets: 48 * 1024 * 1024,
            keepalive: Duration::from_secs(25),
            witness: false,
        }
    }
}

/// What a subscription is about (RFC 6665 §7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPackage {
    /// `dialog`, `message-summary`.
    pub name: String,
    /// The format of its documents.
    pub accept: String,
    /// Wished life of a subscription.
    pub expires: Duration,
}

/// One line of the user at one registrar.
#[derive(Clone, Debug)]
pub struct AccountConfig {
    /// Address of record, also the `From` of calls.
    pub aor: Uri,
    /// Name shown to the other party.
    pub display_name: Option<String>,
    /// Digest user.
    pub username: String,
    /// Digest password.
    pub password: Secret,
    /// Where REGISTER goes: `sip:office.example;transport=tcp`.
    pub registrar: Uri,
    /// First hop of every request of this account, the REGISTER included.
    pub outbound_proxy: Option<Uri>,
    /// Whether the account registers at all.
    pub register: bool,
    /// Wished life of a registration.
    pub expires: Duration,
    /// Transport for targets that name none; by default whatever the target's resolution says.
    pub transport: Option<Transport>,
    /// What names the authorities this account believes, for the driver to understand (a file,
    /// say); none for the system's. A connection is shared only among accounts that agree.
    pub trust: Option<String>,
    /// Whether an address that leads here from everywhere is asked for and used (RFC 5627). Many
    /// a proxy gives one that its own routing does not know, hence by wish only.
    pub gruu: bool,
    /// Which headers say who calls: the first that is there counts. Those that a caller cannot write
    /// (`P-Asserted-Identity`, `Remote-Party-ID`) are believed of the account's own proxy alone.
    pub caller_id: Vec<IdentityHeader>,
    /// `+sip.instance` of RFC 5626, a URN such as `urn:uuid:…`; empty for none.
    pub instance_id: String,
}

impl AccountConfig {
    /// An account that registers as its address says, without a password.
    pub fn new(aor: Uri, registrar: Uri) -> Self {
        AccountConfig {
            username: aor.user().unwrap_or_default().into_owned(),
            aor,
            display_name: None,
            password: Secret::default(),
            registrar,
            outbound_proxy: None,
            register: true,
            expires: Duration::from_secs(300),
            transport: None,
            trust: None,
            gruu: false,
            caller_id: IdentityHeader::ALL.to_vec(),
            instance_id: String::new(),
        }
    }
}

/// A header that says who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityHeader {
    /// `P-Asserted-Identity` (RFC 3325).
    Asserted,
    /// `Remote-Party-ID`, its forerunner.
    RemoteParty,
    /// `From`, which every request has and every caller can write.
    From,
}

impl IdentityHeader {
    /// Every one, in the order in which they are tried where nobody says another.
    pub const ALL: [Self; 3] = [Self::Asserted, Self::RemoteParty, Self::From];
}

/// A password: never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The password in clear, for the digest alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
