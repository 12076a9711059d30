//! TLS: whom we believe, how we prove ourselves, and what goes wrong, in words.
//!
//! Nothing is read or made before the first connection needs it: a phone that registers without
//! TLS pays nothing for it.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use jiff::Timestamp;
use ringbook_sip::user_agent::TlsIdentity;
use rustls::client::{Resumption, WebPkiServerVerifier, danger::ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client};

use crate::tr;

/// Sessions of one client that may be resumed.
const SESSIONS: usize = 16;

/// The configurations of our own connections, by the file that names whom we believe; each is made
/// when the first connection needs it.
#[derive(Clone, Default)]
pub(super) struct Clients {
    configs: Arc<Mutex<HashMap<Option<String>, Arc<ClientConfig>>>>,
}

impl Clients {
    /// Makes a connection secret, once the far end has proved to be `identity`; why not, in words.
    pub async fn secure(
        &self,
        stream: TcpStream,
        remote: SocketAddr,
        identity: &TlsIdentity,
    ) -> Result<client::TlsStream<TcpStream>, String> {
        let trouble = |error: &anyhow::Error| format!("{error:#}");
        let config = self
            .config(&identity.trust)
            .await
            .map_err(|e| trouble(&e))?;
        let name = server_name(identity).map_err(|e| trouble(&e))?;
        let connected = TlsConnector::from(config).connect(name, stream).await;
        connected.map_err(|error| {
            // Authorities may be exchanged while the phone runs: they are read anew next time.
            self.configs().remove(&identity.trust);
            explain(&error, identity, remote)
        })
    }

    async fn config(&self, trust: &Option<String>) -> anyhow::Result<Arc<ClientConfig>> {
        if let Some(known) = self.configs().get(trust) {
            return Ok(known.clone());
        }
        let file = trust.clone();
        // Some hundred certificates are read from the disk: not on the phone's thread.
        let made = tokio::task::spawn_blocking(move || client_config(file.as_deref()));
        let config = Arc::new(made.await??);
        self.configs().insert(trust.clone(), config.clone());
        Ok(config)
    }

    fn configs(&self) -> std::sync::MutexGuard<'_, HashMap<Option<String>, Arc<ClientConfig>>> {
        self.configs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// TLS that believes the system's authorities, or those of a file alone.
pub(crate) fn client_config(trust: Option<&str>) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(trust, provider.clone())?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}

/// The system's own judgement, or that of a file's authorities alone.
fn verifier(
    trust: Option<&str>,
    provider: Arc<CryptoProvider>,
) -> anyhow::Result<Arc<dyn ServerCertVerifier>> {
    let Some(file) = trust else {
        let system = rustls_platform_verifier::Verifier::new(provider);
        let system = system.with_context(|| {
            tr!("The system's certificates cannot be read; install ca-certificates or set ca_file")
        })?;
        return Ok(Arc::new(system));
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(Path::new(file))? {
        roots.add(certificate).with_context(|| unusable(file))?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    Ok(verifier.build().with_context(|| unusable(file))?)
}

/// How we prove ourselves to those who connect to us.
pub(super) fn acceptor(certificate: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let chain = certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| tr!("{file} holds no private key in PEM", file = key.display()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .with_context(|| unusable(&certificate.display().to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The listener's certificate and key, where a certificate is set.
pub(super) fn own_certificate(sip: &crate::settings::Sip) -> Option<(PathBuf, PathBuf)> {
    let certificate = PathBuf::from(sip.tls_certificate.as_ref()?);
    let key = sip.tls_key.as_ref().map(PathBuf::from);
    Some((certificate.clone(), key.unwrap_or(certificate)))
}

/// Whether the file holds authorities that can be believed.
///
/// # Errors
/// Why it does not.
pub fn check_authorities(file: &str) -> anyhow::Result<()> {
    verifier(Some(file), Arc::new(ring::default_provider())).map(drop)
}

/// The certificates of a PEM file, one at least.
pub(crate) fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let unreadable = || tr!("{file} holds no certificate in PEM", file = file.display());
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let found = found.with_context(unreadable)?;
    anyhow::ensure!(!found.is_empty(), unreadable());
    Ok(found)
}

fn unusable(file: &str) -> String {
    tr!(
        "{file} holds a certificate that cannot be used",
        file = file
    )
}

fn server_name(identity: &TlsIdentity) -> anyhow::Result<ServerName<'static>> {
    if let Ok(ip) = identity.host.parse::<IpAddr>() {
        return Ok(ServerName::IpAddress(ip.into()));
    }
    ServerName::try_from(identity.host.clone())
        .with_context(|| tr!("{name} cannot stand in a certificate", name = identity.host))
}

/// What went wrong, and what to do about it.
fn explain(error: &io::Error, identity: &TlsIdentity, remote: SocketAddr) -> String {
    let host = &identity.host;
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(bad)) => explain_certificate(bad, host),
        Some(rustls::Error::InvalidMessage(_)) => tr!(
            "{remote} does not speak TLS; check the port, or set transport = \"tcp\"",
            remote = remote
        ),
        Some(other) => tr!(
            "No TLS connection to {remote}: {error}",
            remote = remote,
            error = other
        ),
        None => tr!(
            "No TLS connection to {remote}: {error}",
            remote = remote,
            error = error
        ),
    }
}

/// What is wrong with the certificate that `host` shows, and what to do about it.
pub(crate) fn explain_certificate(bad: &CertificateError, host: &str) -> String {
    use CertificateError as Bad;
    match bad {
        Bad::ExpiredContext { not_after, .. } => tr!(
            "The certificate of {host} expired on {date}; the provider has to renew it, or this computer's clock is wrong",
            host = host,
            date = day(*not_after)
        ),
        Bad::NotValidYetContext { not_before, .. } => tr!(
            "The certificate of {host} is valid from {date} only; check this computer's clock",
            host = host,
            date = day(*not_before)
        ),
        Bad::NotValidForNameContext { presented, .. } => tr!(
            "The server's certificate is not for {host} but for {names}; check the line's registrar",
            host = host,
            names = listed(presented)
        ),
        // The signature is another's where an authority has the name of a trusted one.
        Bad::UnknownIssuer | Bad::BadSignature => tr!(
            "Nobody this computer trusts issued the certificate of {host}; if it is your own server, set ca_file to its authority's certificate",
            host = host
        ),
        other => tr!(
            "The certificate of {host} cannot be used: {error}",
            host = host,
            error = other
        ),
    }
}

/// The names of a certificate, which come as `DnsName("office.example")`.
fn listed(names: &[String]) -> String {
    let bare = |name: &String| {
        let inner = name
            .split_once('(')
            .map_or(name.as_str(), |(_, inner)| inner);
        inner.trim_matches(['(', ')', '"']).to_owned()
    };
    match names {
        [] => tr!("nobody"),
        names => names.iter().map(bare).collect::<Vec<_>>().join(", "),
    }
}

/// A day, in UTC as certificates count.
fn day(at: UnixTime) -> String {
    i64::try_from(at.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map(|at| at.strftime("%Y-%m-%d").to_string())
        .unwrap_or_default()
}
