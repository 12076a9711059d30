//! An account as its requests see it: who we are there, and how we prove it.

use std::net::SocketAddr;

use super::{AccountConfig, random::Random};
use crate::auth::{Attempt, Challenge, Credentials};
use crate::message::{NameAddr, Request, Response, Uri};

/// Realms remembered for one account.
const MAX_REALMS: usize = 4;

/// What an account contributes to every request of its own.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) config: AccountConfig,
    credentials: Credentials,
    /// The user part of our Contact: stable over restarts, different for every account.
    pub(crate) contact_user: String,
    /// Our address as the registrar sees it, and the local one it stands for (RFC 3581).
    pub(crate) public: Option<(SocketAddr, SocketAddr)>,
    challenges: Vec<Known>,
}

/// A challenge that has been answered; its nonce serves until the server says otherwise.
#[derive(Debug)]
struct Known {
    challenge: Challenge,
    by_proxy: bool,
    count: u32,
}

/// A nonce that credentials were made with, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UsedNonce {
    by_proxy: bool,
    nonce: String,
}

impl Line {
    pub(crate) fn new(config: AccountConfig) -> Self {
        let credentials = Credentials {
            username: config.username.clone(),
            password: config.password.expose().to_owned(),
        };
        let contact_user = contact_user(&config);
        Line {
            config,
            credentials,
            contact_user,
            public: None,
            challenges: Vec::new(),
        }
    }

    /// From, and To of a REGISTER.
    pub(crate) fn address(&self) -> NameAddr {
        let mut address = NameAddr::new(self.config.aor.clone());
        address.display = self
            .config
            .display_name
            .clone()
            .filter(|name| !name.is_empty());
        address
    }

    /// Whether an incoming Request-URI names this account: its user, or the one of our Contact.
    pub(crate) fn is_called_by(&self, uri: &Uri) -> bool {
        let Some(user) = uri.user() else { return false };
        user == self.contact_user.as_str() || Some(user) == self.config.aor.user()
    }

    /// Keeps the challenges of a 401 or 407. False: there is none that can be answered.
    pub(super) fn learn(&mut self, response: &Response) -> bool {
        let mut learnt = false;
        for (name, by_proxy) in [("WWW-Authenticate", false), ("Proxy-Authenticate", true)] {
            for challenge in Challenge::choose(response.headers.get_all(name)) {
                self.challenges.retain(|known| {
                    known.by_proxy != by_proxy || known.challenge.realm != challenge.realm
                });
                if self.challenges.len() >= MAX_REALMS {
                    self.challenges.remove(0);
                }
                self.challenges.push(Known {
                    challenge,
                    by_proxy,
                    count: 0,
                });
                learnt = true;
            }
        }
        learnt
    }

    /// Whether the server says that only the nonce was old.
    pub(super) fn is_stale(response: &Response) -> bool {
        let names = ["WWW-Authenticate", "Proxy-Authenticate"];
        let values = names
            .into_iter()
            .flat_map(|name| response.headers.get_all(name));
        Challenge::choose(values)
            .iter()
            .any(|challenge| challenge.stale)
    }

    /// Whether the challenge brings a nonce that the refused request did not use.
    /// A server that is registrar and proxy may give both the same nonce; used with the one,
    /// it is new to the other.
    pub(super) fn is_excused(&self, response: &Response, used: &[UsedNonce]) -> bool {
        let names = [("WWW-Authenticate", false), ("Proxy-Authenticate", true)];
        names.into_iter().any(|(name, by_proxy)| {
            Challenge::choose(response.headers.get_all(name))
                .into_iter()
                .any(|challenge| {
                    let nonce = challenge.nonce;
                    !used.contains(&UsedNonce { by_proxy, nonce })
                })
        })
    }

    /// Forgets every nonce: the credentials are refused.
    pub(super) fn forget_challenges(&mut self) {
        self.challenges.clear();
    }

    /// Adds credentials for every known challenge (RFC 3261 §22.2, §22.3); the nonces used.
    pub(super) fn authorize(
        &mut self,
        random: &mut Random,
        request: &mut Request,
    ) -> Vec<UsedNonce> {
        let uri = request.uri.to_string();
        let mut nonces = Vec::new();
        for known in &mut self.challenges {
            known.count += 1;
            let attempt = Attempt {
                method: &request.method,
                uri: &uri,
                body: &request.body,
                nonce_count: known.count,
                cnonce: &random.token(),
            };
            let name = if known.by_proxy {
                "Proxy-Authorization"
            } else {
                "Authorization"
            };
            request
                .headers
                .push(name, known.challenge.answer(&self.credentials, &attempt));
            nonces.push(UsedNonce {
                by_proxy: known.by_proxy,
                nonce: known.challenge.nonce.clone(),
            });
        }
        nonces
    }
}

/// A user part that names the account within this phone, the same after every start: a new
/// binding then replaces the old one at the registrar instead of standing beside it.
fn contact_user(config: &AccountConfig) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (config.instance_id.as_str(), config.aor.to_string()).hash(&mut hasher);
    let user = config.aor.user().unwrap_or_default();
    format!("{user}-{:08x}", hasher.finish() as u32)
}
