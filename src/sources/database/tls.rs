//! TLS for the connection to a database, as everywhere in the program.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::{TlsConnector, client};

use crate::driver::client_config;

/// Makes connections secret.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Believes the authorities of the file, or the system's.
    pub(super) fn new(ca_file: Option<&str>) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(client_config(ca_file)?)))
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Secret;
    type TlsConnect = ToServer;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<ToServer, InvalidDnsNameError> {
        let name = ServerName::try_from(host.to_owned())?;
        Ok(ToServer(Arc::clone(&self.0), name))
    }
}

/// One connection to be made.
pub(super) struct ToServer(Arc<ClientConfig>, ServerName<'static>);

impl TlsConnect<Socket> for ToServer {
    type Stream = Secret;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Secret>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        let connecting = TlsConnector::from(self.0).connect(self.1, stream);
        Box::pin(async { Ok(Secret(connecting.await?)) })
    }
}

/// A secret connection.
pub(super) struct Secret(client::TlsStream<Socket>);

impl TlsStream for Secret {
    /// None: the certificate is checked instead.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Secret {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Secret {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// What TLS has against the server, where it is that.
pub(super) fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = error.source();
    while let Some(cause) = next {
        let io = cause.downcast_ref::<io::Error>();
        if let Some(tls) = io.and_then(|io| io.get_ref()?.downcast_ref()) {
            return Some(tls);
        }
        next = cause.source();
    }
    None
}
