//! The REST API: clients, calls, recordings and the phone's verbs for other programs on this computer.
//!
//! It is served on loopback alone, to whoever shows the token that is kept in the profile, and never to
//! a browser. `docs/openapi.json` describes it; [`routes::ROUTES`] is the same as a table.

mod audio;
mod calls;
mod clients;
mod guard;
mod problem;
mod range;
mod recordings;
mod request;
mod routes;
mod server;
mod token;
mod worker;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use tokio::sync::oneshot;

pub use self::token::{TokenError, token_path};

use self::server::Shared;
use crate::driver::AppHandle;
use crate::settings::Api;
use crate::tr;

/// The description of the API (OpenAPI 3.1).
pub const OPENAPI: &str = include_str!("../../docs/openapi.json");

/// The sockets of the API, bound; nobody is answered yet.
pub struct Bound {
    listeners: Vec<TcpListener>,
    token: String,
}

/// The API is served until this is dropped.
pub struct Serving {
    _end: oneshot::Sender<()>,
}

/// Why the API is not served.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The port.
    #[error("{}", tr!("TCP port {port} cannot be used: {why}; set [api] port, 0 for any free port", port = .0, why = .1))]
    Port(u16, io::Error),
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The thread.
    #[error("{0}")]
    Thread(#[from] io::Error),
}

impl Bound {
    /// Binds the sockets and reads the token, which is made where there is none. Nothing where the API
    /// is off.
    ///
    /// # Errors
    /// The port is taken, or the token cannot be kept from others.
    pub fn new(settings: Api, phone: &AppHandle) -> Result<Option<Self>, ApiError> {
        if !settings.enabled {
            return Ok(None);
        }
        let token = token::load(phone.profile())?;
        let listeners = bind(settings).map_err(|error| ApiError::Port(settings.port, error))?;
        Ok(Some(Self { listeners, token }))
    }

    /// Where it will be served.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let listeners = self.listeners.iter();
        listeners
            .filter_map(|listener| listener.local_addr().ok())
            .collect()
    }

    /// Serves the phone behind `phone`, on a thread of its own.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn serve(self, phone: AppHandle) -> Result<Serving, ApiError> {
        let (end, ended) = oneshot::channel();
        let worker = worker::start(phone.profile().clone())?;
        let shared = Shared::new(phone, worker, self.token);
        let thread = std::thread::Builder::new().name("api".to_owned());
        thread.spawn(move || server::run(self.listeners, shared, ended))?;
        Ok(Serving { _end: end })
    }
}

/// Loopback and nothing else; both families at the same port.
fn bind(settings: Api) -> io::Result<Vec<TcpListener>> {
    let one = |ip: IpAddr, port: u16| -> io::Result<TcpListener> {
        let listener = TcpListener::bind(SocketAddr::new(ip, port))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    let first = one(Ipv4Addr::LOCALHOST.into(), settings.port)?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    if settings.ipv6 {
        listeners.push(one(Ipv6Addr::LOCALHOST.into(), port)?);
    }
    Ok(listeners)
}
