//! What reaches the loop from other tasks and threads.

use std::net::SocketAddr;
use std::sync::Arc;

use ringbook_media::engine::{MediaCommand, MediaEvent};
use ringbook_sip::resolve::{self, ResolveError};
use ringbook_sip::user_agent::{ConnectionId, QueryId, Transport};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::tcp::TcpEvent;
use crate::automation::{Body, NoticeKind};
use crate::headset::News;
use crate::model::{CallRecord, SourceAnswer};
use crate::phone::command::{Command, CommandError, Reply};
use crate::phone::view::View;
use crate::settings::Whose;
use crate::store::{StoreHandle, StoreReply};
use crate::tariffs::Tariffs;

/// Whoever waits for a command's answer.
pub(super) type Answer = Box<dyn FnOnce(Result<Reply, CommandError>) + Send>;
/// Whoever watches the phone.
pub(super) type Watcher = Box<dyn Fn(Arc<View>) + Send>;

/// One thing for the loop to deal with.
pub(super) enum Message {
    /// Of the media thread.
    Media(MediaEvent),
    /// Of the headsets with buttons.
    Headset(News),
    /// Of the store.
    Stored(StoreReply),
    /// A recording has its row in the store.
    Recorded,
    /// Of a source outside the store.
    Sourced(SourceAnswer),
    /// The store is open, or never will be.
    StoreOpened(Result<StoreHandle, String>),
    /// A call that a crash cut off, with its repaired recordings.
    Recovered(Box<CallRecord>, Vec<crate::model::RecordingRow>),
    /// Somebody connected.
    Accepted(Transport, TcpStream, SocketAddr),
    /// A connection has news.
    Tcp(ConnectionId, TcpEvent),
    /// A question about a name was answered.
    Resolved(QueryId, Result<resolve::Answer, ResolveError>),
    /// A password was found, or why not.
    Password(String, Whose, Result<String, String>),
    /// The servers are known that tell how a call's sound may be reached.
    Gather(MediaCommand),
    /// A request.
    Command(Command, Answer),
    /// What calls cost.
    Tariffs(Tariffs),
    /// Somebody watches from now on.
    Watch(Watcher),
    /// For scripts.
    Tell(Body),
    /// For people.
    Notice(NoticeKind, String),
}

/// The way to the loop.
///
/// Unbounded, because whoever puts something in is bounded itself: the store and the resolver
/// answer what they were asked, connections hold permits for what they read, the control socket
/// waits for its answers, and the media thread speaks of the calls that are up.
#[derive(Clone)]
pub(super) struct Inbox(mpsc::UnboundedSender<Message>);

impl Inbox {
    /// An inbox and where its messages come out.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Message>) {
        let (send, receive) = mpsc::unbounded_channel();
        (Self(send), receive)
    }

    /// Puts a message in; when the loop has ended there is nobody to read it.
    pub fn put(&self, message: Message) {
        let _ = self.0.send(message);
    }

    /// Whether the loop still runs.
    pub fn is_open(&self) -> bool {
        !self.0.is_closed()
    }
}
