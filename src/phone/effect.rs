//! What the phone wants done in the world.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ringbook_media::engine::{MediaCommand, StreamId};
use ringbook_sip::resolve::Question;
use ringbook_sip::user_agent::{ConnectionId, QueryId, TlsIdentity, Transport};

use crate::headset::Lamps;
use crate::model::{CallId, CardSource, Facts};
use crate::settings::{Password, Server, Whose};
use crate::store::StoreCommand;

/// One thing for the driver to do; what comes of it returns as an input.
#[derive(Debug)]
pub enum Effect {
    /// Open a connection.
    Connect {
        /// The id under which its events are reported.
        connection: ConnectionId,
        /// TCP or TLS.
        transport: Transport,
        /// The peer.
        remote: SocketAddr,
        /// Whom its certificate has to name; none where there is no TLS.
        identity: Option<TlsIdentity>,
    },
    /// Close a connection.
    CloseConnection(ConnectionId),
    /// Ask about a name.
    Resolve {
        /// The id to answer with.
        query: QueryId,
        /// What to ask.
        question: Question,
    },
    /// Find out a password of a line.
    FindPassword {
        /// The line.
        aor: String,
        /// For which server.
        whose: Whose,
        /// Where it is.
        place: PasswordPlace,
    },
    /// Ask the store.
    Store(StoreCommand),
    /// Ask a source outside the store; it is answered within the source's patience.
    AskSource {
        /// The call whose card shows the value.
        call: CallId,
        /// The source.
        source: Arc<CardSource>,
        /// What it is asked with.
        facts: Facts,
    },
    /// Bind the ports for a call's sound.
    BindMedia {
        /// The call.
        call: CallId,
        /// The address to bind; unspecified for any.
        ip: IpAddr,
    },
    /// Hand a call's ports to the media thread.
    OpenMedia {
        /// The call.
        call: CallId,
        /// Its name there.
        stream: StreamId,
    },
    /// Find out under which addresses a call's sound may be reached; the media thread tells them
    /// within half a second.
    Gather {
        /// The call's name there.
        stream: StreamId,
        /// Where to look.
        gathering: Box<Gathering>,
    },
    /// Close a call's ports if the media thread never got them.
    ReleaseMedia(CallId),
    /// Ask the media thread.
    Media(MediaCommand),
    /// Show headsets with buttons what the phone does.
    Headset(Lamps),
    /// Everything is closed: end the program.
    Exit,
}

/// Where to look for the addresses of a call's sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathering {
    /// Our address; none: that from which the servers are reached.
    pub host: Option<IpAddr>,
    /// Whether the port is open at every other address of the computer, too.
    pub is_everywhere: bool,
    /// Which family.
    pub is_ipv6: bool,
    /// The RTP port.
    pub port: u16,
    /// A STUN server.
    pub stun: Option<Server>,
    /// A TURN server.
    pub turn: Option<TurnAccount>,
}

/// A TURN server and our account there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnAccount {
    /// Where it is.
    pub server: Server,
    /// The account's name.
    pub user: String,
    /// Its password.
    pub password: Password,
}

/// Where a password is kept when it is not in the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordPlace {
    /// The first line that this command prints.
    Command(String),
    /// The system's keyring.
    Keyring,
}
