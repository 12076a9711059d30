//! What happens on connections.

use std::time::Instant;

use super::endpoint::{Endpoint, Notice, Timer};
use super::network::{Flow, MESSAGE_TIME};
use super::{ConnectionId, Output, StreamEvent};
use crate::message::{Message, ParseError};

/// A message out of a stream, and where it came from.
pub(super) struct Arrived {
    pub(super) flow: Flow,
    pub(super) message: Result<Message, ParseError>,
    /// As it stood in the stream; empty where nobody witnesses, or where it has no end.
    pub(super) bytes: Vec<u8>,
}

impl Endpoint {
    /// Takes an event of a connection; the messages that it completed.
    pub(super) fn receive_stream(
        &mut self,
        now: Instant,
        id: ConnectionId,
        event: StreamEvent<'_>,
    ) -> Vec<Arrived> {
        match event {
            StreamEvent::Accepted {
                transport,
                local,
                peer,
            } => {
                if !self.network.accept(now, id, transport, (local, peer)) {
                    self.close_connection(id);
                }
                self.watch_connection(id);
            }
            StreamEvent::Connected { local, .. } => {
                self.network.connected(now, id, local);
                self.watch_connection(id);
                self.flush_requests(now, id);
                self.flush_responses(now, id);
            }
            StreamEvent::Data(bytes) => return self.receive_bytes(now, id, bytes),
            StreamEvent::Refused(why) => {
                self.note_trouble(id, why);
                self.connection_closed(now, id);
            }
            StreamEvent::Closed => self.connection_closed(now, id),
        }
        Vec::new()
    }

    fn receive_bytes(&mut self, now: Instant, id: ConnectionId, bytes: &[u8]) -> Vec<Arrived> {
        let Some(flow) = self.network.flow_of(id) else {
            return Vec::new();
        };
        let Some(connection) = self.network.connection(id) else {
            return Vec::new();
        };
        connection.last_used = now;
        // Whatever comes shows that the flow lives.
        let pinged = connection.pinged.take().is_some();
        if bytes == b"\r\n" && pinged {
            connection.answers_pings = true;
            self.watch_connection(id);
            return Vec::new();
        }
        connection.reader.push(bytes);
        let mut arrived = Vec::new();
        let mut fatal = false;
        while let Some(message) = connection.reader.next() {
            fatal = matches!(&message, Err(error) if error.is_fatal_for_stream());
            let bytes = match self.config.witness {
                true => connection.reader.taken().to_vec(),
                false => Vec::new(),
            };
            arrived.push(Arrived {
                flow,
                message,
                bytes,
            });
        }
        // RFC 5626 §3.5.1: a double CRLF is answered with a single one.
        let pings = connection.reader.take_pings();
        let begun = connection.reader.is_in_message();
        connection.message_since = match (begun, arrived.is_empty()) {
            (false, _) => None,
            (true, false) => Some(now),
            (true, true) => connection.message_since.or(Some(now)),
        };
        for _ in 0..pings.min(8) {
            self.network
                .send(now, &flow, b"\r\n".to_vec(), &mut self.outputs);
        }
        if fatal {
            // The error's own answer goes out first.
            self.unreadable.push(id);
        }
        self.watch_connection(id);
        arrived
    }

    /// Closes what cannot be read any further.
    pub(super) fn close_unreadable(&mut self, now: Instant) {
        while let Some(id) = self.unreadable.pop() {
            self.close_connection(id);
            self.connection_closed(now, id);
        }
    }

    pub(super) fn connection_closed(&mut self, now: Instant, id: ConnectionId) {
        let Some(connection) = self.network.closed(id) else {
            return;
        };
        self.set_timer(Timer::Connection(id), None);
        if connection.ours {
            self.notices.push_back(Notice::Closed { connection: id });
        }
        self.fail_connection(now, id);
    }

    /// Looks after a connection: unfinished messages, failed attempts, idleness.
    pub(super) fn connection_timeout(&mut self, now: Instant, id: ConnectionId) {
        let Some(connection) = self.network.connection(id) else {
            return;
        };
        let stuck = connection
            .message_since
            .is_some_and(|since| since + MESSAGE_TIME <= now);
        if stuck || connection.deadline() <= now {
            self.close_connection(id);
            self.connection_closed(now, id);
        } else {
            self.watch_connection(id);
        }
    }

    pub(super) fn watch_connection(&mut self, id: ConnectionId) {
        let at = self
            .network
            .connection(id)
            .map(|connection| connection.deadline());
        self.set_timer(Timer::Connection(id), at);
    }

    /// Nothing more is written to the connection.
    pub(super) fn close_connection(&mut self, connection: ConnectionId) {
        self.outputs.push_back(Output::Close(connection));
    }
}
