//! A peer made of a connection and plain text, over TCP or TLS, and a phone that takes both.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::{Domain, Socket, Type};

use super::{Authority, PATIENCE, Phone, Setup, free_port};

/// What octets go through.
trait Channel: Read + Write + Send {}

impl<T: Read + Write + Send> Channel for T {}

pub struct StreamPeer {
    channel: Box<dyn Channel>,
    socket: TcpStream,
    unread: Vec<u8>,
}

/// A connection from one of loopback's many addresses; none where nobody takes it.
pub fn connect(from: Ipv4Addr, to: SocketAddr) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    let from = SocketAddr::new(IpAddr::V4(from), 0);
    socket.bind(&from.into()).unwrap();
    socket
        .connect_timeout(&to.into(), Duration::from_secs(2))
        .ok()?;
    Some(socket.into())
}

impl StreamPeer {
    /// Over TCP.
    pub fn plain(socket: TcpStream) -> StreamPeer {
        let channel = Box::new(socket.try_clone().unwrap());
        StreamPeer::new(channel, socket)
    }

    /// Over TLS, to whom this authority vouches for. The handshake is made when first needed.
    pub fn secure(socket: TcpStream, authority: &Authority) -> StreamPeer {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_file(authority.file()).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::from(socket.peer_addr().unwrap().ip());
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = StreamOwned::new(connection, socket.try_clone().unwrap());
        StreamPeer::new(Box::new(stream), socket)
    }

    fn new(channel: Box<dyn Channel>, socket: TcpStream) -> StreamPeer {
        socket.set_nodelay(true).unwrap();
        StreamPeer {
            channel,
            socket,
            unread: Vec::new(),
        }
    }

    /// Sends octets. False: the phone has closed the connection.
    pub fn send(&mut self, octets: &[u8]) -> bool {
        let sent = self.channel.write_all(octets);
        sent.and_then(|()| self.channel.flush()).is_ok()
    }

    /// The next message from the phone; none where it closes the connection instead.
    pub fn next(&mut self) -> Option<String> {
        loop {
            if let Some(message) = self.take() {
                return Some(message);
            }
            self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut buffer = [0; 4096];
            match self.channel.read(&mut buffer) {
                Ok(0) => return None,
                Ok(length) => self.unread.extend(&buffer[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("neither a message nor an end within {PATIENCE:?}")
                }
                Err(_) => return None,
            }
        }
    }

    /// A whole message of those that were read. The phone's answers here have no bodies.
    fn take(&mut self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.unread);
        let end = text.find("\r\n\r\n")? + 4;
        let message = text[..end].to_owned();
        assert!(message.contains("\r\nContent-Length: 0\r\n"), "{message}");
        self.unread.drain(..end);
        Some(message)
    }
}

/// A phone that anybody can connect to, over TCP and TLS.
pub struct Door {
    pub phone: Phone,
    tls_port: u16,
    authority: Authority,
}

impl Door {
    pub fn open() -> Door {
        let authority = Authority::new();
        let files = authority.certify(&["127.0.0.1"]);
        let tls_port = free_port();
        let sip = format!(
            "tls_port = {tls_port}\ntls_certificate = \"{}\"\ntls_key = \"{}\"",
            files.certificate.display(),
            files.key.display()
        );
        let phone = Phone::start(&Setup {
            sip,
            ..Setup::unregistered("127.0.0.1")
        });
        Door {
            phone,
            tls_port,
            authority,
        }
    }

    /// Where it takes connections: TCP, TLS.
    pub fn addresses(&self) -> [SocketAddr; 2] {
        [self.phone.port(), self.tls_port].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    pub fn tcp(&self, from: Ipv4Addr) -> StreamPeer {
        StreamPeer::plain(connect(from, self.addresses()[0]).unwrap())
    }

    pub fn tls(&self, from: Ipv4Addr) -> StreamPeer {
        let socket = connect(from, self.addresses()[1]).unwrap();
        StreamPeer::secure(socket, &self.authority)
    }
}
