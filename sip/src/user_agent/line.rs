//! An account as its requests see it: who we are there, and how we prove it.

use std::net::SocketAddr;

use super::{AccountConfig, random::Random};
use crate::auth::{Attempt, Challenge, Credentials};
use crate::message::{Method, NameAddr, Request, Response, SipUri, Uri};
use crate::resolve::Target;

/// Realms remembered for one account.
const MAX_REALMS: usize = 4;

/// What an account contributes to every request of its own.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) config: AccountConfig,
    credentials: Credentials,
    /// The user part of our Contact: stable over restarts, different for every account.
    pub(crate) contact_user: String,
    /// What the registrar has told us.
    pub(crate) binding: Binding,
    /// Our address as the registrar sees it, and the local one it stands for (RFC 3581).
    pub(crate) public: Option<(SocketAddr, SocketAddr)>,
    challenges: Vec<Known>,
}

/// What a registrar says of a registration that it holds.
#[derive(Debug, Default)]
pub(crate) struct Binding {
    /// The server that holds it.
    pub(crate) home: Option<Target>,
    /// The way that our requests have to take (RFC 3608).
    pub(crate) service_routes: Vec<NameAddr>,
    /// An address of ours that leads here from everywhere (RFC 5627).
    pub(crate) gruu: Option<SipUri>,
    /// The first hop keeps the flow for us (RFC 5626 §6).
    pub(crate) is_outbound: bool,
    /// Another server of the same domain to which we were sent.
    pub(crate) moved: Option<Uri>,
    /// A first hop on the way would not have `reg-id` (RFC 5626 §11.6).
    pub(crate) is_plain: bool,
}

/// A challenge that has been answered; its nonce serves until the server says otherwise.
#[derive(Debug)]
struct Known {
    challenge: Challenge,
    by_proxy: bool,
    /// No other request has been asked for it.
    by_registration: bool,
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
            binding: Binding::default(),
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

    /// Where REGISTER goes, and what goes to the account's own domain.
    pub(crate) fn registrar(&self) -> &Uri {
        self.binding
            .moved
            .as_ref()
            .unwrap_or(&self.config.registrar)
    }

    /// The URIs of the account's own servers.
    pub(super) fn homes(&self) -> impl Iterator<Item = &Uri> {
        let routes = self.binding.service_routes.iter().map(|route| &route.uri);
        let moved = self.binding.moved.iter();
        std::iter::once(&self.config.registrar)
            .chain(moved)
            .chain(&self.config.outbound_proxy)
            .chain(routes)
    }

    /// The way of a new request: the outbound proxy, then what the registrar asks for
    /// (RFC 3608 §6.1).
    pub(crate) fn routes(&self) -> Vec<NameAddr> {
        let proxy = self.config.outbound_proxy.as_ref().map(loose_route);
        let routes = &self.binding.service_routes;
        let again = |proxy: &NameAddr| {
            let first = routes.first();
            first.is_some_and(|route| {
                (route.uri.host(), route.uri.port()) == (proxy.uri.host(), proxy.uri.port())
            })
        };
        let proxy = proxy.filter(|proxy| !again(proxy));
        proxy.into_iter().chain(routes.iter().cloned()).collect()
    }

    /// Whether an incoming Request-URI names this account: its user, or the one of our Contact.
    pub(crate) fn is_called_by(&self, uri: &Uri) -> bool {
        let Some(user) = uri.user() else { return false };
        user == self.contact_user.as_str() || Some(user) == self.config.aor.user()
    }

    /// Keeps the challenges of a 401 or 407. False: there is none that can be answered.
    pub(super) fn learn(&mut self, response: &Response) -> bool {
        let mut learnt = false;
        let by_registration = response.cseq.method == Method::Register;
        for (name, by_proxy) in [("WWW-Authenticate", false), ("Proxy-Authenticate", true)] {
            for challenge in Challenge::choose(response.headers.get_all(name)) {
                let is_same = |known: &Known| {
                    known.by_proxy == by_proxy && known.challenge.realm == challenge.realm
                };
                let by_others = self
                    .challenges
                    .iter()
                    .any(|known| is_same(known) && !known.by_registration);
                self.challenges.retain(|known| !is_same(known));
                if self.challenges.len() >= MAX_REALMS {
                    self.challenges.remove(0);
                }
                self.challenges.push(Known {
                    challenge,
                    by_proxy,
                    by_registration: by_registration && !by_others,
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

    /// Adds credentials for every challenge that may be meant (RFC 3261 §22.2, §22.3); the nonces used.
    pub(super) fn authorize(
        &mut self,
        random: &mut Random,
        request: &mut Request,
    ) -> Vec<UsedNonce> {
        let uri = request.uri.to_string();
        let mut nonces = Vec::new();
        let by_others = self
            .challenges
            .iter()
            .filter(|known| !known.by_registration);
        let by_others: Vec<String> = by_others
            .map(|known| known.challenge.realm.clone())
            .collect();
        let is_register = request.method == Method::Register;
        for known in &mut self.challenges {
            // A registrar that is a proxy, too, is answered once, as what it asks.
            let is_asked_anew = known.by_registration && by_others.contains(&known.challenge.realm);
            if is_asked_anew && !is_register {
                continue;
            }
            known.count += 1;
            let attempt = Attempt {
                method: &request.method,
                uri: &uri,
                body: &request.body,
                nonce_count: known.count,
                cnonce: &random.tag(),
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

/// A proxy as a Route; it is a loose router, said or not.
pub(crate) fn loose_route(proxy: &Uri) -> NameAddr {
    let mut proxy = proxy.clone();
    if let Some(sip) = proxy.as_sip_mut() {
        sip.params.set("lr", None);
    }
    NameAddr::new(proxy)
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
