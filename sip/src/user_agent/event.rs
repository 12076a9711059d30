//! What the user agent hands out: datagrams, wishes to the network, and events.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{
    AccountId, CallHandle, ConnectionId, PublicationId, QueryId, SubscriptionId, Transport,
};
use crate::message::Uri;
use crate::resolve::Question;
use crate::sdp::{MediaPlan, SdpError};

/// One thing for the driver to do; drain until [`Output::Timeout`].
#[derive(Clone, Debug)]
pub enum Output {
    /// Send these bytes.
    Transmit(Transmit),
    /// These bytes came in; nothing is to be done. Only where [`Config::witness`](super::Config)
    /// asks for it, and before everything the message leads to.
    Received(Received),
    /// Open a connection; report `StreamEvent::Connected` or `Closed`.
    Connect {
        /// The id under which its events are reported.
        connection: ConnectionId,
        /// TCP or TLS.
        transport: Transport,
        /// The peer.
        remote: SocketAddr,
        /// Whom the far end's certificate has to name; none where there is no TLS.
        identity: Option<TlsIdentity>,
    },
    /// Close a connection.
    Close(ConnectionId),
    /// Ask DNS, or the system; answer with `handle_resolved`.
    Resolve {
        /// The id to answer with.
        query: QueryId,
        /// What to ask.
        question: Question,
    },
    /// Something the program wants to know.
    Event(Event),
    /// Nothing more to do until then.
    Timeout(Option<Instant>),
}

/// Whom the far end of a TLS connection has to prove to be, and to whom (RFC 5922 §7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The host of the URI that led there, before any DNS: a domain, or an address without
    /// brackets.
    pub host: String,
    /// Whose certificates are believed: [`AccountConfig::trust`](super::AccountConfig::trust).
    pub trust: Option<String>,
}

/// Bytes for the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// UDP, or the connection's transport.
    pub transport: Transport,
    /// The listener to send from (UDP).
    pub local: SocketAddr,
    /// The peer.
    pub remote: SocketAddr,
    /// The connection to write to (TCP, TLS).
    pub connection: Option<ConnectionId>,
    /// One or more whole messages, or a keep-alive.
    pub bytes: Vec<u8>,
}

/// A message as it came in, whole and for itself whatever the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// UDP, or the connection's transport.
    pub transport: Transport,
    /// Where it arrived.
    pub local: SocketAddr,
    /// Who sent it.
    pub remote: SocketAddr,
    /// The message.
    pub bytes: Vec<u8>,
}

/// What happened to accounts and calls.
#[derive(Clone, Debug)]
pub enum Event {
    /// A registration changed.
    Registration {
        /// The account.
        account: AccountId,
        /// Its state now.
        state: RegistrationState,
        /// The registrar's last status, none if it did not answer.
        status: Option<u16>,
        /// The registrar's reason phrase, or ours.
        reason: String,
    },
    /// A call comes in; 100 has been sent. Continue with `ring`, `answer` or `reject`.
    Incoming {
        /// The new call.
        call: CallHandle,
        /// The account called; none for a direct call to our address.
        account: Option<AccountId>,
        /// Who calls.
        caller: CallerIdentity,
        /// The Request-URI.
        called: Uri,
        /// The INVITE carries an offer (no: ours goes out in the 200).
        has_offer: bool,
        /// The offer has an audio stream with a codec we know that need not be encrypted.
        plain_ok: bool,
        /// The offer has an audio stream with a codec we know that can be encrypted.
        encrypted_ok: bool,
        /// The offer speaks of ICE, or is ours to make: candidates are of use.
        ice_ok: bool,
        /// It is to take the place of this call (RFC 3891), as the last step of a transfer:
        /// answer it at once. That ends the other one with [`EndCause::Replaced`].
        replaces: Option<CallHandle>,
        /// It came by the account's own proxy.
        trusted: bool,
        /// It asks to be answered without anybody's doing (RFC 5373, `answer-after`); whether it
        /// is, the program decides.
        answer_asked: bool,
    },
    /// An outgoing call's provisional response.
    Ringing {
        /// The call.
        call: CallHandle,
        /// 180, 183, …
        status: u16,
        /// Early media: listen to this, and play no ringback tone of our own.
        media: Option<MediaPlan>,
    },
    /// An outgoing call was redirected and goes on to there.
    Redirected {
        /// The call.
        call: CallHandle,
        /// The new Request-URI.
        target: Uri,
    },
    /// Whoever answers an outgoing call takes messages for somebody, by its own words (RFC 3840) or by
    /// its address (RFC 4458). `Established` follows.
    Mailbox {
        /// The call.
        call: CallHandle,
    },
    /// The call stands: the 2xx came (outgoing) or its ACK (incoming).
    Established {
        /// The call.
        call: CallHandle,
        /// How media flow.
        media: MediaPlan,
    },
    /// A re-INVITE, UPDATE or PRACK of either side changed the media, perhaps before the answer.
    MediaChanged {
        /// The call.
        call: CallHandle,
        /// How media flow now; `remote_hold` inside.
        media: MediaPlan,
    },
    /// The address that the call's media came to is gone: offer media with new candidates, by
    /// `renew_media`. Where ICE is not used, the user agent does so by itself.
    Relocated {
        /// The call.
        call: CallHandle,
    },
    /// A hold or resume of ours was refused; the media go on as they were.
    HoldFailed {
        /// The call.
        call: CallHandle,
        /// The refusing status.
        status: u16,
    },
    /// The other party pressed a key and told by INFO (`application/dtmf-relay`).
    Digit {
        /// The call.
        call: CallHandle,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// Progress of a transfer we asked for. The call stands until someone hangs up.
    Transfer {
        /// The call that is transferred.
        call: CallHandle,
        /// Status of the transferred call (sipfrag), or of the refused REFER; 202 with `done` where
        /// the other party will call and tell nothing more (RFC 4488).
        status: u16,
        /// Nothing more will come; `status` is final.
        done: bool,
    },
    /// A subscription changed.
    Subscription {
        /// Which.
        subscription: SubscriptionId,
        /// Its state now.
        state: SubscriptionState,
        /// The status that refused it, 408 and 503 for silence and an unreachable server.
        status: Option<u16>,
    },
    /// The state that was subscribed to, in the format that was asked for. From the network: any
    /// octets.
    Notified {
        /// Which.
        subscription: SubscriptionId,
        /// The document.
        body: Vec<u8>,
    },
    /// What is published of us is known to the server, or not any more.
    Publication {
        /// Which.
        publication: PublicationId,
        /// Its state now.
        state: PublicationState,
        /// The status that refused it, 408 and 503 for silence and an unreachable server.
        status: Option<u16>,
    },
    /// The other party wants us to call somebody else instead of it (RFC 3515). Continue with
    /// `accept_transfer` and `follow_transfer`, or `refuse_transfer`.
    TransferAsked {
        /// The call.
        call: CallHandle,
        /// Whom to call.
        target: Uri,
        /// It has announced us: our call takes the place of one that stands (RFC 3891).
        attended: bool,
        /// In whose name, as the other party says (RFC 3892).
        by: Option<String>,
    },
    /// The call is over; the handle is dead.
    Ended {
        /// The call.
        call: CallHandle,
        /// Why.
        end: End,
    },
}

/// A registration as the user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationState {
    /// REGISTER is on its way.
    Registering,
    /// Calls reach us.
    Registered {
        /// As granted by the registrar.
        expires: Duration,
    },
    /// Refused or no answer.
    Failed {
        /// The next try; none when trying again is useless.
        retry_in: Option<Duration>,
    },
    /// Ended by us, or never begun.
    Unregistered,
}

/// A subscription as the program sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionState {
    /// Somebody has to agree first; nothing is known until then.
    Pending,
    /// Changes are told.
    Active,
    /// Refused, ended by the notifier, or no answer: nothing is known any more.
    Failed {
        /// The next try; none when trying again is useless.
        retry_in: Option<Duration>,
    },
}

/// A publication as the program sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicationState {
    /// The server has it.
    Active,
    /// Refused, or no answer.
    Failed {
        /// The next try; none when trying again is useless, and the publication is forgotten.
        retry_in: Option<Duration>,
    },
}

/// Who calls, by what right (RFC 3325, RFC 3323).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerIdentity {
    /// Display name as sent: show it as text, never trust it.
    pub display: Option<String>,
    /// The URI, printed; empty when hidden.
    pub uri: String,
    /// The user part or telephone number, unescaped; none when hidden.
    pub number_text: Option<String>,
    /// From `P-Asserted-Identity` of the account's own proxy, not merely from `From`.
    pub asserted: bool,
    /// The caller asked for privacy.
    pub hidden: bool,
    /// Who sent the call on to us last, as the account's own proxy says.
    pub diverted_by: Option<Box<Diversion>>,
}

/// A party that sent a call on (RFC 5806, RFC 7044).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diversion {
    /// Display name as sent.
    pub display: Option<String>,
    /// The URI, printed.
    pub uri: String,
    /// The user part or telephone number, unescaped.
    pub number_text: Option<String>,
    /// In the words of RFC 5806: `user-busy`, `no-answer`, `unconditional`, …
    pub reason: Option<String>,
}

/// How a call is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// The other party is not to know who calls (RFC 3323): only the account's own proxy is told.
    pub anonymous: bool,
    /// The caller whom this call is made for.
    pub led_on: Option<Box<LedOn>>,
}

/// A caller of ours who is connected with somebody else by a call that we make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedOn {
    /// The caller's name, for `From`; none where there is none, or the caller hides.
    pub display: Option<String>,
    /// The caller's address, for `P-Asserted-Identity` (RFC 3325); none where the caller hides.
    pub identity: Option<String>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Who ended it.
    pub by: EndedBy,
    /// The status that ended it, if one did.
    pub status: Option<u16>,
    /// Reason phrase or the text of a `Reason` header.
    pub reason: Option<String>,
    /// In the words of the call log.
    pub cause: EndCause,
}

impl End {
    /// The nearest status, for whoever asked for the call.
    pub(crate) fn as_status(&self) -> u16 {
        match (self.status, self.cause) {
            (Some(status @ 300..), _) => status,
            (_, EndCause::Timeout) => 408,
            (_, EndCause::Unreachable) => 503,
            (_, EndCause::Cancelled) => 487,
            (_, EndCause::NoAnswer) => 480,
            (_, EndCause::NotAcceptable) => 488,
            _ => 500,
        }
    }
}

/// Which side ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The program.
    Local,
    /// The other party or a proxy.
    Remote,
    /// Nobody answered, or the network failed.
    Network,
}

/// Why a call ended, as the call log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndCause {
    /// We hung up an established call.
    LocalHangup,
    /// The other party hung up an established call.
    RemoteHangup,
    /// Refused: by us (incoming) or with a 4xx of no better name.
    Rejected,
    /// 486, 600.
    Busy,
    /// 603.
    Declined,
    /// Given up by the caller before an answer.
    Cancelled,
    /// We sent the caller on to somebody else (302).
    Forwarded,
    /// Another call took its place (RFC 3891): the other party has transferred us.
    Replaced,
    /// Another device took the call (RFC 3326 `cause=200` on the CANCEL).
    AnsweredElsewhere,
    /// Nobody answered in time: 408, 480, or our own ring timeout.
    NoAnswer,
    /// 404, 410, 484, 604.
    NotFound,
    /// Name not found, connection refused, 502, 503.
    Unreachable,
    /// No response at all.
    Timeout,
    /// 401, 403, 407 that our credentials do not satisfy.
    AuthFailed,
    /// No codec in common: 406, 415, 488, 606.
    NotAcceptable,
    /// The other party's answer is plain, or encrypted in a way we cannot do.
    NotEncrypted,
    /// Anything else.
    Failed,
}

impl EndCause {
    /// The cause that an answer we cannot use stands for.
    pub(crate) fn of_answer(error: SdpError) -> EndCause {
        match error {
            SdpError::Encryption => EndCause::NotEncrypted,
            _ => EndCause::NotAcceptable,
        }
    }

    /// The cause a final failure response of an INVITE stands for.
    pub fn of_status(status: u16) -> EndCause {
        match status {
            401 | 403 | 407 => EndCause::AuthFailed,
            404 | 410 | 484 | 604 => EndCause::NotFound,
            408 | 480 => EndCause::NoAnswer,
            486 | 600 => EndCause::Busy,
            406 | 415 | 488 | 606 => EndCause::NotAcceptable,
            487 => EndCause::Cancelled,
            502 | 503 => EndCause::Unreachable,
            504 => EndCause::Timeout,
            603 | 607 => EndCause::Declined,
            400..500 => EndCause::Rejected,
            _ => EndCause::Failed,
        }
    }
}

/// A command that does not fit the call's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The call is over or never was.
    #[error("there is no such call")]
    NoSuchCall,
    /// The account was removed.
    #[error("there is no such account")]
    NoSuchAccount,
    /// For instance `answer` on an outgoing call.
    #[error("the call is not in a state for this")]
    WrongState,
    /// A transfer or a hold is still under way.
    #[error("another change of the call is still under way")]
    Busy,
    /// `max_calls` is reached.
    #[error("there are too many calls")]
    TooManyCalls,
    /// No listener or connection fits the target's transport.
    #[error("no local address can reach the target")]
    NoRoute,
    /// The target is no SIP or tel URI.
    #[error("the target's URI scheme cannot be called")]
    BadTarget,
    /// The remote offer has nothing we can answer; the caller got 488.
    #[error("no codec in common with the caller")]
    NotAcceptable,
}
