//! What a STUN server sees of us (RFC 8489), asked again and again: until it has answered, and afterwards so that NATs
//! on the way do not forget us (RFC 8445 §11).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stun_types::attribute::XorMappedAddress;
use stun_types::message::{
    BINDING, Message, MessageClass, MessageType, MessageWriteVec, TransactionId,
};
use stun_types::prelude::MessageWrite as _;

/// After how long a request is repeated first; then twice as long each time. RFC 8489 §6.2.1 begins at 500 ms where
/// nothing is known of the way; a call waits for this answer, and no more than a few requests go out.
const REPEAT: Duration = Duration::from_millis(100);
/// RFC 8445 §11: how often a way is kept open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A question to one server.
pub struct Query {
    server: SocketAddr,
    transaction: TransactionId,
    next: Instant,
    interval: Duration,
    answered: bool,
}

impl Query {
    /// To be asked from now on.
    pub fn new(now: Instant, server: SocketAddr) -> Self {
        Self {
            server,
            transaction: TransactionId::generate(),
            next: now,
            interval: REPEAT,
            answered: false,
        }
    }

    pub(super) fn server(&self) -> SocketAddr {
        self.server
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answered
    }

    /// The request that is due; to be asked for about every 20 ms.
    pub fn poll(&mut self, now: Instant) -> Option<Vec<u8>> {
        if now < self.next {
            return None;
        }
        if self.answered {
            self.transaction = TransactionId::generate();
        }
        self.next = now + self.interval;
        self.interval = (self.interval * 2).min(KEEP_ALIVE);
        let kind = MessageType::from_class_method(MessageClass::Request, BINDING);
        Some(Message::builder(kind, self.transaction, MessageWriteVec::new()).finish())
    }

    /// Our address as the server saw it, where `datagram` is its answer. Nobody else knows the transaction
    /// (RFC 8489 §6.3.3); what it says is no more than a candidate.
    pub fn answer(&mut self, source: SocketAddr, datagram: &[u8]) -> Option<SocketAddr> {
        if source != self.server {
            return None;
        }
        let message = Message::from_bytes(datagram).ok()?;
        let id = message.transaction_id();
        if id != self.transaction || !message.has_class(MessageClass::Success) {
            return None;
        }
        let mapped = message.attribute::<XorMappedAddress>().ok()?;
        self.answered = true;
        self.interval = KEEP_ALIVE;
        Some(mapped.addr(id))
    }
}
