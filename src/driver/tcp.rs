//! Stream connections, with their limits: the far end can be anybody.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ringbook_sip::user_agent::ConnectionId;
use socket2::Type;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::message::{Inbox, Message};

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
}

struct Connection {
    send: mpsc::Sender<Vec<u8>>,
    peer: IpAddr,
    local: Option<SocketAddr>,
    /// It has got an answer of ours: a whole message came.
    proven: Arc<AtomicBool>,
    task: tokio::task::AbortHandle,
}

impl Connections {
    pub fn new(inbox: Inbox) -> Self {
        Self {
            open: HashMap::new(),
            inbox,
            chunks: Arc::new(Semaphore::new(CHUNKS)),
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

    /// Serves a connection somebody made to us.
    pub fn accept(&mut self, id: ConnectionId, stream: TcpStream, local: SocketAddr, peer: IpAddr) {
        let proven = Arc::new(AtomicBool::new(false));
        let (send, unsent) = mpsc::channel(UNSENT);
        let serve = serve(
            id,
            stream,
            unsent,
            proven.clone(),
            self.inbox.clone(),
            self.chunks.clone(),
        );
        let task = tokio::spawn(serve).abort_handle();
        self.open.insert(
            id,
            Connection {
                send,
                peer,
                local: Some(local),
                proven,
                task,
            },
        );
    }

    /// Opens a connection to `remote`.
    pub fn connect(&mut self, id: ConnectionId, remote: SocketAddr) {
        let proven = Arc::new(AtomicBool::new(true));
        let (send, unsent) = mpsc::channel(UNSENT);
        let (inbox, chunks, flag) = (self.inbox.clone(), self.chunks.clone(), proven.clone());
        let task = tokio::spawn(async move {
            match timeout(CONNECT, TcpStream::connect(remote)).await {
                Ok(Ok(stream)) => {
                    if let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) {
                        inbox.put(Message::Tcp(id, TcpEvent::Connected { local, peer }));
                        return serve(id, stream, unsent, flag, inbox, chunks).await;
                    }
                    inbox.put(Message::Tcp(id, TcpEvent::Closed));
                }
                _ => inbox.put(Message::Tcp(id, TcpEvent::Closed)),
            }
        });
        let task = task.abort_handle();
        self.open.insert(
            id,
            Connection {
                send,
                peer: remote.ip(),
                local: None,
                proven,
                task,
            },
        );
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
                    Ok((stream, peer)) => inbox.put(Message::Accepted(stream, peer)),
                    // Out of descriptors, most likely: the next one may find room.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        });
    }
    Ok(addresses)
}

async fn serve(
    id: ConnectionId,
    stream: TcpStream,
    unsent: mpsc::Receiver<Vec<u8>>,
    proven: Arc<AtomicBool>,
    inbox: Inbox,
    chunks: Arc<Semaphore>,
) {
    // A response must not wait for an ACK of the network's.
    let _ = stream.set_nodelay(true);
    let (read, write) = stream.into_split();
    tokio::select! {
        () = read_all(id, read, &proven, &inbox, chunks) => {}
        () = write_all(write, unsent) => {}
    }
    inbox.put(Message::Tcp(id, TcpEvent::Closed));
}

async fn read_all(
    id: ConnectionId,
    mut read: OwnedReadHalf,
    proven: &AtomicBool,
    inbox: &Inbox,
    chunks: Arc<Semaphore>,
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

async fn write_all(mut write: OwnedWriteHalf, mut unsent: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = unsent.recv().await {
        if write.write_all(&bytes).await.is_err() {
            return;
        }
    }
    let _ = write.shutdown().await;
}
