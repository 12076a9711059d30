//! Stream connections, with their limits: the far end can be anybody.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ringbook_sip::user_agent::{ConnectionId, TlsIdentity, Transport};
use socket2::Type;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use tokio_rustls::TlsAcceptor;

use super::message::{Inbox, Message};
use super::tls;
use crate::tr;

/// Connections at once.
const MAX_CONNECTIONS: usize = 512;
/// Connections of one address at once.
const MAX_FROM_ONE: usize = 20;
/// Until its first whole message a caller has this long.
const FIRST_MESSAGE: Duration = Duration::from_secs(10);
/// A connection that is not there by then is none.
const CONNECT: Duration = Duration::from_secs(10);
/// Messages that wait for a slow reader; one more and it is given up.
const UNSENT: usize = 256;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 128;
/// Octets read at once.
const CHUNK: usize = 16 * 1024;
/// Chunks that wait for the phone, of all connections together.
const CHUNKS: usize = 64;

/// What happened on a connection.
pub(super) enum TcpEvent {
    /// Our connection stands.
    Connected {
        /// Our end.
        local: SocketAddr,
        /// The other end.
        peer: SocketAddr,
    },
    /// Somebody's connection to us is secret now.
    Secured {
        /// The other end.
        peer: SocketAddr,
    },
    /// Our connection never came to be, for this reason.
    Refused(String),
    /// Octets; the permit bounds how many wait.
    Data(Vec<u8>, OwnedSemaphorePermit),
    /// It is gone.
    Closed,
}

/// The connections that are open.
pub(super) struct Connections {
    open: HashMap<ConnectionId, Connection>,
    inbox: Inbox,
    chunks: Arc<Semaphore>,
    tls: tls::Clients,
}

struct Connection {
    send: mpsc::Sender<Vec<u8>>,
    peer: IpAddr,
    local: Option<SocketAddr>,
    /// It has got an answer of ours: a whole message came.
    proven: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Connections {
    pub fn new(inbox: Inbox) -> Self {
        Self {
            open: HashMap::new(),
            inbox,
            chunks: Arc::new(Semaphore::new(CHUNKS)),
            tls: tls::Clients::default(),
        }
    }

    /// Whether one more connection of `peer` is welcome.
    pub fn welcomes(&self, peer: IpAddr) -> bool {
        let from_peer = self
            .open
            .values()
            .filter(|connection| connection.peer == peer)
            .count();
        self.open.len() < MAX_CONNECTIONS && from_peer < MAX_FROM_ONE
    }

    /// Our end of a connection.
    pub fn local(&self, id: ConnectionId) -> Option<SocketAddr> {
        self.open.get(&id)?.local
    }

    /// Serves a connection somebody made to us; with `acceptor`, once it is secret.
    pub fn accept(
        &mut self,
        id: ConnectionId,
        stream: TcpStream,
        (local, peer): (SocketAddr, SocketAddr),
        acceptor: Option<TlsAcceptor>,
    ) {
        let (line, connection) = self.line(id, false);
        let task = tokio::spawn(async move {
            // A response must not wait for an ACK of the network's.
            let _ = stream.set_nodelay(true);
            let Some(acceptor) = acceptor else {
                return line.serve(stream).await;
            };
            match timeout(FIRST_MESSAGE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    line.tell(TcpEvent::Secured { peer });
                    line.serve(stream).await;
                }
                _ => line.tell(TcpEvent::Closed),
            }
        });
        let (peer, task) = (peer.ip(), task.abort_handle());
        let local = Some(local);
        self.open.insert(id, connection(peer, local, task));
    }

    /// Opens a connection to `remote`; with `identity`, a secret one to whoever proves to be that.
    pub fn connect(&mut self, id: ConnectionId, remote: SocketAddr, identity: Option<TlsIdentity>) {
        let (line, connection) = self.line(id, true);
        let tls = self.tls.clone();
        let task = tokio::spawn(async move {
            if let Err((line, why)) = open(line, remote, identity, tls).await {
                line.tell(TcpEvent::Refused(why));
            }
        });
        let task = task.abort_handle();
        self.open.insert(id, connection(remote.ip(), None, task));
    }

    fn line(
        &self,
        id: ConnectionId,
        is_proven: bool,
    ) -> (
        Line,
        impl FnOnce(IpAddr, Option<SocketAddr>, AbortHandle) -> Connection + use<>,
    ) {
        let proven = Arc::new(AtomicBool::new(is_proven));
        let (send, unsent) = mpsc::channel(UNSENT);
        let line = Line {
            id,
            unsent,
            proven: proven.clone(),
            inbox: self.inbox.clone(),
            chunks: self.chunks.clone(),
        };
        let connection = move |peer, local, task| Connection {
            send,
            peer,
            local,
            proven,
            task,
        };
        (line, connection)
    }

    /// Notes our end of a connection that we made.
    pub fn connected(&mut self, id: ConnectionId, local: SocketAddr) {
        if let Some(connection) = self.open.get_mut(&id) {
            connection.local = Some(local);
        }
    }

    /// Sends on a connection; false where it is gone or its reader too slow.
    pub fn send(&self, id: ConnectionId, bytes: Vec<u8>) -> bool {
        self.open.get(&id).is_some_and(|connection| {
            connection.proven.store(true, Ordering::Relaxed);
            connection.send.try_send(bytes).is_ok()
        })
    }

    /// Closes a connection once what was sent on it has left.
    pub fn close(&mut self, id: ConnectionId) {
        // Dropping the sender ends the writing half after its queue.
        drop(self.open.remove(&id));
    }

    /// Cuts a connection off.
    pub fn cut(&mut self, id: ConnectionId) {
        if let Some(connection) = self.open.remove(&id) {
            connection.task.abort();
        }
    }
}

/// Binds listeners and reports every connection made to them.
pub(super) fn listen(
    transport: Transport,
    addresses: &[IpAddr],
    port: u16,
    inbox: &Inbox,
) -> io::Result<Vec<SocketAddr>> {
    let listeners = super::system::bind_each(addresses, port, |address| {
        let socket = super::system::bound_socket(address, Type::STREAM)?;
        socket.listen(BACKLOG)?;
        let listener = std::net::TcpListener::from(socket);
        let bound = listener.local_addr()?;
        Ok(((TcpListener::from_std(listener)?, bound), bound.port()))
    })?;
    let mut addresses = Vec::new();
    for (listener, bound) in listeners {
        addresses.push(bound);
        let inbox = inbox.clone();
        tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, peer)) => inbox.put(Message::Accepted(transport, stream, peer)),
                    // Out of descriptors, most likely: the next one may find room.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        });
    }
    Ok(addresses)
}

/// Makes a connection of ours and serves it until it ends; why it never came to be.
async fn open(
    line: Line,
    remote: SocketAddr,
    identity: Option<TlsIdentity>,
    tls: tls::Clients,
) -> Result<(), (Line, String)> {
    let refused = |error: &dyn std::fmt::Display| {
        tr!(
            "{remote} takes no connection: {error}",
            remote = remote,
            error = error
        )
    };
    let stream = match timeout(CONNECT, TcpStream::connect(remote)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err((line, refused(&error))),
        Err(late) => return Err((line, refused(&late))),
    };
    let ends = stream
        .local_addr()
        .and_then(|local| Ok((local, stream.peer_addr()?)));
    let (local, peer) = match ends {
        Ok(ends) => ends,
        Err(error) => return Err((line, refused(&error))),
    };
    // A request must not wait for an ACK of the network's.
    let _ = stream.set_nodelay(true);
    let Some(identity) = identity else {
        line.tell(TcpEvent::Connected { local, peer });
        line.serve(stream).await;
        return Ok(());
    };
    match timeout(CONNECT, tls.secure(stream, remote, &identity)).await {
        Ok(Ok(stream)) => {
            line.tell(TcpEvent::Connected { local, peer });
            line.serve(stream).await;
            Ok(())
        }
        Ok(Err(why)) => Err((line, why)),
        Err(late) => Err((line, refused(&late))),
    }
}

/// One connection, as the task that serves it has it.
struct Line {
    id: ConnectionId,
    unsent: mpsc::Receiver<Vec<u8>>,
    proven: Arc<AtomicBool>,
    inbox: Inbox,
    chunks: Arc<Semaphore>,
}

impl Line {
    fn tell(&self, event: TcpEvent) {
        self.inbox.put(Message::Tcp(self.id, event));
    }

    async fn serve(mut self, stream: impl AsyncRead + AsyncWrite) {
        let (read, write) = tokio::io::split(stream);
        let (mut read, mut write) = (std::pin::pin!(read), std::pin::pin!(write));
        let unsent = &mut self.unsent;
        let reading = read_all(self.id, &mut read, &self.proven, &self.inbox, &self.chunks);
        tokio::select! {
            () = reading => {}
            () = write_all(&mut write, unsent) => {}
        }
        self.tell(TcpEvent::Closed);
    }
}

async fn read_all(
    id: ConnectionId,
    read: &mut (impl AsyncRead + Unpin),
    proven: &AtomicBool,
    inbox: &Inbox,
    chunks: &Arc<Semaphore>,
) {
    let deadline = tokio::time::Instant::now() + FIRST_MESSAGE;
    let mut buffer = vec![0; CHUNK];
    loop {
        let reading = read.read(&mut buffer);
        let received = if proven.load(Ordering::Relaxed) {
            reading.await
        } else {
            match tokio::time::timeout_at(deadline, reading).await {
                Ok(received) => received,
                // An answer of ours may have gone out while nothing was to be read.
                Err(_) if proven.load(Ordering::Relaxed) => continue,
                Err(_) => return,
            }
        };
        let Ok(length @ 1..) = received else { return };
        let Ok(permit) = chunks.clone().acquire_owned().await else {
            return;
        };
        let data = buffer.get(..length).unwrap_or_default().to_vec();
        inbox.put(Message::Tcp(id, TcpEvent::Data(data, permit)));
    }
}

async fn write_all(write: &mut (impl AsyncWrite + Unpin), unsent: &mut mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = unsent.recv().await {
        // What TLS has sealed leaves at once.
        if write.write_all(&bytes).await.is_err() || write.flush().await.is_err() {
            return;
        }
    }
    let _ = write.shutdown().await;
}
