//! The HTTP client: whatever the program asks of a web server goes out here.
//!
//! It waits, with a bound on time and size: to be used on a thread that may wait. It knows one server
//! and never leaves it, whatever that server says; a password is shown to nobody else.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ringbook_sip::auth::{Attempt, Challenge, Credentials};
use ringbook_sip::message::Method;
use rustls::CertificateError;
use ureq::http::header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use ureq::http::{self, HeaderMap, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use crate::driver::{certificates, explain_certificate};
use crate::tr;

/// How long a server may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(10);
/// Steps of one request from address to address.
const MAX_REDIRECTS: usize = 5;
/// Nonces that a server may call old, one after the other.
const MAX_STALE: usize = 2;
/// The longest head of a response.
const MAX_HEAD: usize = 64 * 1024;

/// Whom to ask, and within which bounds.
#[derive(Debug, Clone)]
pub struct Server {
    /// An address of the server, with its scheme.
    pub url: String,
    /// Who we are there; none where nobody asks.
    pub login: Option<Credentials>,
    /// A PEM file with the authorities believed for TLS; none for the system's.
    pub ca_file: Option<String>,
    /// How long one request may take with all its answer.
    pub patience: Duration,
    /// The most octets of a response's body.
    pub largest: u64,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `PROPFIND` and so on.
    pub method: &'static str,
    /// The whole address, or its path on the server.
    pub target: String,
    /// Header fields, beside those that the client sets itself.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty where there is none.
    pub body: Vec<u8>,
}

/// What the server answered, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The path it came from in the end.
    pub path: String,
    /// The value of `ETag`.
    pub etag: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer that could be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// An address that cannot be used.
    #[error("{}", tr!("{url} is no address of a web server; write it as https://dav.office.example/", url = .0))]
    Address(String),
    /// Nobody answers there.
    #[error("{}", tr!("{host} cannot be reached: {why}; check the address and the network", host = .host, why = .why))]
    Unreachable {
        /// The server.
        host: String,
        /// Why.
        why: String,
    },
    /// The server takes too long.
    #[error("{}", tr!("{host} has not answered within {s} s; try again later", host = .host, s = .patience.as_secs_f64()))]
    TimedOut {
        /// The server.
        host: String,
        /// How long was waited.
        patience: Duration,
    },
    /// The connection cannot be trusted.
    #[error("{0}")]
    Tls(String),
    /// More than anybody needs.
    #[error("{}", tr!("{host} sends more than {mib} MiB; this is not taken", host = .host, mib = .mib))]
    TooLarge {
        /// The server.
        host: String,
        /// The bound.
        mib: u64,
    },
    /// The server sends us to another one.
    #[error("{}", tr!("The server sends us on to {to}; if that is right, set url to it", to = .0))]
    Elsewhere(String),
    /// User name or password are wrong.
    #[error("{}", tr!("{host} does not take user name and password; check both", host = .0))]
    Refused(String),
    /// The server asks who we are, and nothing is set.
    #[error("{}", tr!("{host} asks for user name and password; set both", host = .0))]
    NoLogin(String),
    /// Everybody on the way could read the password.
    #[error("{}", tr!("{host} wants the password in clear; use an address with https://", host = .0))]
    InClear(String),
    /// A way of asking for the password that we do not know.
    #[error("{}", tr!("{host} asks for the password in a way that is not known here; Basic and Digest are", host = .0))]
    Scheme(String),
    /// Certificates that cannot be read.
    #[error("{0:#}")]
    Authorities(anyhow::Error),
}

/// Asks one server.
#[derive(Debug)]
pub struct HttpClient {
    agent: ureq::Agent,
    home: Uri,
    host: String,
    login: Option<Credentials>,
    /// How the server wants to be told who we are, once it has said so.
    scheme: Option<Scheme>,
    patience: Duration,
    largest: u64,
}

/// How the server is told who we are.
#[derive(Debug)]
enum Scheme {
    /// RFC 7617.
    Basic,
    /// RFC 7616, and how often the nonce was used.
    Digest(Box<Challenge>, u32),
}

impl HttpClient {
    /// Prepares to ask `server`; nothing goes out yet.
    ///
    /// # Errors
    /// The address is none, or its authorities cannot be read.
    pub fn new(server: Server) -> Result<Self, HttpError> {
        let home = address(&server.url)?;
        let host = home.host().unwrap_or_default().to_owned();
        let config = ureq::Agent::config_builder()
            .tls_config(tls(server.ca_file.as_deref())?)
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("Ringbook/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECTING))
            .timeout_global(Some(server.patience))
            .max_response_header_size(MAX_HEAD)
            .build();
        Ok(Self {
            agent: config.new_agent(),
            home,
            host,
            login: server.login,
            scheme: None,
            patience: server.patience,
            largest: server.largest,
        })
    }

    /// Asks, says who we are where that is wanted, and follows the server to its own other addresses.
    ///
    /// # Errors
    /// There is no answer, or it asks for something that we do not do. Any status is an answer, but
    /// for one that does not let us in.
    pub fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        let mut target = join(&self.home, &request.target)?;
        let mut refusals = 0;
        let mut redirects = 0;
        loop {
            self.stay_at_home(&target)?;
            let (head, body) = self.exchange(request, &target)?;
            if head.status == 401 {
                self.choose_scheme(&head.headers, refusals)?;
                refusals += 1;
                continue;
            }
            let location = head.headers.get(LOCATION).and_then(|to| to.to_str().ok());
            if let (301 | 302 | 307 | 308, Some(to)) = (head.status, location)
                && redirects < MAX_REDIRECTS
            {
                target = join(&target, to)?;
                redirects += 1;
                continue;
            }
            let etag = head.headers.get("etag").and_then(|etag| etag.to_str().ok());
            return Ok(Response {
                status: head.status,
                path: target.path().to_owned(),
                etag: etag.map(str::to_owned),
                body,
            });
        }
    }

    fn stay_at_home(&self, target: &Uri) -> Result<(), HttpError> {
        let same = target.scheme() == self.home.scheme()
            && target
                .host()
                .is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
            && port(target) == port(&self.home);
        match same {
            true => Ok(()),
            false => Err(HttpError::Elsewhere(target.to_string())),
        }
    }

    /// One request and its answer.
    fn exchange(&mut self, request: &Request, target: &Uri) -> Result<(Head, Vec<u8>), HttpError> {
        let mut made = http::Request::builder()
            .method(request.method)
            .uri(target.clone());
        for (name, value) in &request.headers {
            made = made.header(*name, value);
        }
        if let Some(authorization) = self.authorization(request, target) {
            made = made.header(AUTHORIZATION, authorization);
        }
        let made = made.body(request.body.clone());
        let made = made.map_err(|_| HttpError::Address(target.to_string()))?;
        let mut answer = self.agent.run(made).map_err(|error| self.explain(error))?;
        let body = answer.body_mut().with_config().limit(self.largest);
        let body = body.read_to_vec().map_err(|error| self.explain(error))?;
        let head = Head {
            status: answer.status().as_u16(),
            headers: std::mem::take(answer.headers_mut()),
        };
        Ok((head, body))
    }

    /// Who we are, in the way that the server wants.
    fn authorization(&mut self, request: &Request, target: &Uri) -> Option<String> {
        let login = self.login.as_ref()?;
        match self.scheme.as_mut()? {
            Scheme::Basic => {
                let both = format!("{}:{}", login.username, login.password);
                Some(format!("Basic {}", STANDARD.encode(both)))
            }
            Scheme::Digest(challenge, count) => {
                *count += 1;
                let attempt = Attempt {
                    method: &Method::Other(request.method.to_owned()),
                    uri: target.path_and_query().map_or("/", |path| path.as_str()),
                    body: &request.body,
                    nonce_count: *count,
                    cnonce: &uuid::Uuid::now_v7().simple().to_string(),
                };
                Some(challenge.answer(login, &attempt))
            }
        }
    }

    /// How to answer a 401; one that comes upon an answer is a refusal, but for a nonce that grew old.
    fn choose_scheme(&mut self, headers: &HeaderMap, refusals: usize) -> Result<(), HttpError> {
        let host = || self.host.clone();
        if self.login.is_none() {
            return Err(HttpError::NoLogin(host()));
        }
        let values: Vec<&str> = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let digest = Challenge::choose(values.iter().copied()).pop();
        let stale = digest.as_ref().is_some_and(|challenge| challenge.stale);
        let is_refusal = match &self.scheme {
            None => false,
            Some(Scheme::Basic) => true,
            // The nonce may have grown old since the last request.
            Some(Scheme::Digest(..)) => refusals > 0 && !(stale && refusals < MAX_STALE),
        };
        if is_refusal {
            return Err(HttpError::Refused(host()));
        }
        let basic = |value: &&str| {
            let scheme = value.trim_start().get(..5);
            scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
        };
        self.scheme = Some(match digest {
            Some(challenge) => Scheme::Digest(Box::new(challenge), 0),
            None if !values.iter().any(basic) => {
                return Err(HttpError::Scheme(host()));
            }
            None if !self.is_private() => return Err(HttpError::InClear(host())),
            None => Scheme::Basic,
        });
        Ok(())
    }

    /// Whether nobody on the way can read along.
    fn is_private(&self) -> bool {
        let bare = self.host.trim_matches(['[', ']']);
        let ip: Option<IpAddr> = bare.parse().ok();
        self.home.scheme_str() == Some("https")
            || bare == "localhost"
            || ip.is_some_and(|ip| ip.is_loopback())
    }

    fn explain(&self, error: ureq::Error) -> HttpError {
        let host = self.host.clone();
        let why = match error {
            ureq::Error::Timeout(_) => {
                let patience = self.patience;
                return HttpError::TimedOut { host, patience };
            }
            ureq::Error::BodyExceedsLimit(limit) => {
                let mib = limit / (1024 * 1024);
                return HttpError::TooLarge { host, mib };
            }
            ureq::Error::Rustls(error) => return HttpError::Tls(explain_tls(&error, &host)),
            ureq::Error::HostNotFound => tr!("there is no such host"),
            ureq::Error::Io(error) => match inner_tls(&error) {
                Some(tls) => return HttpError::Tls(explain_tls(tls, &host)),
                None => error.to_string(),
            },
            other => other.to_string(),
        };
        HttpError::Unreachable { host, why }
    }
}

/// Status and header fields of an answer.
struct Head {
    status: u16,
    headers: HeaderMap,
}

fn inner_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What is wrong with the way a server speaks TLS, and what to do about it.
pub(crate) fn explain_tls(error: &rustls::Error, host: &str) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. }) => tr!(
            "The server's certificate is not for {host}; check the address",
            host = host
        ),
        rustls::Error::InvalidCertificate(bad) => explain_certificate(bad, host),
        rustls::Error::InvalidMessage(_) => {
            tr!(
                "{host} does not speak TLS there; check the address",
                host = host
            )
        }
        other => tr!(
            "No TLS connection to {host}: {error}",
            host = host,
            error = other
        ),
    }
}

/// TLS with ring, and the authorities of the system or those of a file alone.
fn tls(ca_file: Option<&str>) -> Result<TlsConfig, HttpError> {
    let roots = match ca_file {
        None => RootCerts::PlatformVerifier,
        Some(file) => {
            let found = certificates(Path::new(file)).map_err(HttpError::Authorities)?;
            let owned = found
                .iter()
                .map(|one| Certificate::from_der(one).to_owned());
            RootCerts::Specific(Arc::new(owned.collect()))
        }
    };
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(roots)
        .build())
}

/// Whether this is an address of a web server: with its scheme and a host, and no password in it.
pub fn is_address(url: &str) -> bool {
    address(url).is_ok()
}

fn address(url: &str) -> Result<Uri, HttpError> {
    let bad = || HttpError::Address(url.to_owned());
    let address: Uri = url.parse().map_err(|_| bad())?;
    let is_web = matches!(address.scheme_str(), Some("http" | "https"));
    let host = address.authority().map(http::uri::Authority::as_str);
    match host {
        Some(host) if is_web && !host.contains('@') => Ok(address),
        _ => Err(bad()),
    }
}

/// Where `reference` leads from `base` (RFC 3986 §5.2, without dots in paths).
fn join(base: &Uri, reference: &str) -> Result<Uri, HttpError> {
    let (scheme, host) = (
        base.scheme_str().unwrap_or("https"),
        base.authority().map_or("", http::uri::Authority::as_str),
    );
    let whole = if reference.contains("://") {
        reference.to_owned()
    } else if reference.starts_with("//") {
        format!("{scheme}:{reference}")
    } else if reference.starts_with('/') {
        format!("{scheme}://{host}{reference}")
    } else {
        let folder = base
            .path()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        format!("{scheme}://{host}{folder}/{reference}")
    };
    address(&whole)
}

fn port(address: &Uri) -> u16 {
    let usual = match address.scheme_str() {
        Some("http") => 80,
        _ => 443,
    };
    address.port_u16().unwrap_or(usual)
}

#[cfg(test)]
mod tests;
