//! A call as the log keeps it.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{CallId, CallLeg, CategoryId, ClientId, Missing, Money, PhoneNumber};

/// A row of the call log: exactly one for each call, opened at the first ring or dial.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// The call.
    pub call: CallId,
    /// Who called whom.
    pub direction: Direction,
    /// What became of it.
    pub status: CallStatus,
    /// When the INVITE arrived or left.
    pub started_at: Timestamp,
    /// When it first rang: here, or at the other end.
    pub ringing_at: Option<Timestamp>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// The last moment the phone is known to have had the call: what an interrupted call's
    /// duration is taken from. Refreshed with [`StoreCommand::UpdateCall`](crate::store::StoreCommand),
    /// about once a second.
    pub last_seen_at: Timestamp,
    /// *Which number called*: E.164, or the text where it is no phone number.
    pub caller: String,
    /// *Which number was called*: E.164, or the text where it is no phone number.
    pub callee: String,
    /// The other party's number.
    pub number: Option<PhoneNumber>,
    /// The name the network gave for the other party; may be empty.
    pub remote_name: String,
    /// The caller asked not to be shown.
    pub hidden: bool,
    /// Who sent the call on to us: number, internal number or user; may be empty.
    pub diverted_by: String,
    /// What led to a call of ours; none of a call to us, and in rows of before this was kept.
    pub origin: Option<CallOrigin>,
    /// The client this call is with.
    pub client: Option<ClientId>,
    /// The client's name at the time of the call; empty where unknown.
    pub client_name: String,
    /// The client's category at the time of the call; none where there is no client, and in rows of
    /// before this was kept.
    pub category: Option<CategoryId>,
    /// Whom the card named when the call was taken; none in rows of before this was kept.
    pub known_as: Option<KnownAs>,
    /// How long after the answer the card named the client; zero where it did before, none where
    /// it never did.
    pub identified: Option<Duration>,
    /// The internal number that took or made the call; may be empty.
    pub extension: String,
    /// The name of the employee behind the extension; may be empty.
    pub employee: String,
    /// The address of record of the line.
    pub account: String,
    /// People talked for longer than they should (S5.21).
    pub too_long: bool,
    /// How long it rang.
    pub ring: Duration,
    /// How long it was on hold, both sides' holds together.
    pub hold: Duration,
    /// From answer to end.
    pub talk: Duration,
    /// Why it is over; none while it is not.
    pub end_reason: Option<EndReason>,
    /// The SIP status that ended it, where one did.
    pub sip_status: Option<u16>,
    /// The codec last in use: `opus`, `g722`, `pcma`, `pcmu`.
    pub codec: Option<String>,
    /// What the network did to the audio.
    pub quality: Option<CallQuality>,
    /// What it costs; none where it was not answered or no tariff is for it.
    pub cost: Option<Cost>,
    /// Who rang for it, in their order, where it followed a scenario; lists of calls are read without.
    pub legs: Vec<CallLeg>,
}

impl CallRecord {
    /// A call that begins now, with nothing else known.
    pub fn begin(call: CallId, direction: Direction, now: Timestamp) -> Self {
        Self {
            call,
            direction,
            status: CallStatus::InProgress,
            started_at: now,
            ringing_at: None,
            answered_at: None,
            ended_at: None,
            last_seen_at: now,
            caller: String::new(),
            callee: String::new(),
            number: None,
            remote_name: String::new(),
            hidden: false,
            diverted_by: String::new(),
            origin: None,
            client: None,
            client_name: String::new(),
            category: None,
            known_as: None,
            identified: None,
            extension: String::new(),
            employee: String::new(),
            account: String::new(),
            too_long: false,
            ring: Duration::ZERO,
            hold: Duration::ZERO,
            talk: Duration::ZERO,
            end_reason: None,
            sip_status: None,
            codec: None,
            quality: None,
            cost: None,
            legs: Vec::new(),
        }
    }

    /// Whether people talked: answered by somebody, and sound went both ways.
    pub fn conversation_took_place(&self) -> bool {
        self.answered_at.is_some()
            && self.status != CallStatus::Voicemail
            && self
                .quality
                .as_ref()
                .is_some_and(|q| q.packets_sent > 0 && q.packets_received > 0)
    }
}

/// What a call costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// How much.
    pub amount: Money,
    /// The name of the tariff by which it was computed.
    pub tariff: String,
}

/// A row of the log with what stands beside it: the client's present name and category, the recording, and
/// what a person wrote of the call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallLine {
    /// The row.
    pub record: CallRecord,
    /// The client's name now; none where the client is unknown or was deleted and never named.
    pub client_name: Option<String>,
    /// The client's category now.
    pub category: Option<CategoryId>,
    /// The recording's file, relative to the profile's `recordings/`.
    pub recording: Option<String>,
    /// Why none of its recordings can be listened to; none where one can, or where there never was one.
    pub missing: Option<Missing>,
    /// What a person wrote down of the call; may be empty.
    pub note: String,
    /// What a person marked it with, in the order given.
    pub tags: Vec<String>,
}

impl CallLine {
    /// Whether it has a recording that can be listened to.
    pub const fn is_recorded(&self) -> bool {
        self.recording.is_some() && self.missing.is_none()
    }
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// We were called.
    Incoming,
    /// We called.
    Outgoing,
}

/// What led to a call of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOrigin {
    /// Somebody dialled it, here or by a script.
    Dialled,
    /// A link of another program was clicked.
    Link,
    /// Whoever was called was owed a call at that moment, however it was dialled.
    Callback,
    /// The other party of another call has sent us there.
    Transfer,
}

/// Whom the card of a call names. What is learned after the call was taken does not change whom it
/// named then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownAs {
    /// A client. A draft, which the program itself has entered, is nobody yet.
    Client,
    /// Somebody in the house.
    Colleague,
    /// Nobody: no client has the number, or the card was too late or switched off.
    #[default]
    Nobody,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// Not over yet.
    InProgress,
    /// Answered and ended: people talked.
    Answered,
    /// Answered and ended, but the sound did not go both ways.
    OneWay,
    /// Incoming, and nobody answered.
    Missed,
    /// Turned away: by us, or by the other side.
    Rejected,
    /// Outgoing, and the other side was busy.
    Busy,
    /// It could not be connected.
    Failed,
    /// Outgoing, and given up before the answer.
    Cancelled,
    /// Incoming, and taken at another phone of the line.
    AnsweredElsewhere,
    /// A mailbox has taken it: the other party's answered us, or we have sent the caller to our own.
    Voicemail,
    /// The program ended in the middle of it.
    Interrupted,
    /// A row from elsewhere that does not say.
    Unknown,
}

/// Why a call is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// We hung up.
    LocalHangup,
    /// The other side hung up.
    RemoteHangup,
    /// We turned it away.
    Rejected,
    /// The other side is busy.
    Busy,
    /// The other side turned it away.
    Declined,
    /// Given up before the answer, by whoever called.
    Cancelled,
    /// Taken at another phone of the line.
    AnsweredElsewhere,
    /// Nobody answered in time.
    NoAnswer,
    /// No such number.
    NotFound,
    /// The network could not reach the other side.
    Unreachable,
    /// The other side's phone stopped answering the signalling.
    Timeout,
    /// The provider did not accept our name and password.
    AuthFailed,
    /// No common codec or transport.
    NotAcceptable,
    /// No sound arrived for too long.
    NoAudio,
    /// Handed over to somebody else.
    Transferred,
    /// The program ended in the middle of it.
    Interrupted,
    /// Anything else; `sip_status` says more.
    Failed,
}

/// What the network did to a call's audio.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CallQuality {
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP packets received.
    pub packets_received: u64,
    /// RTP packets that never came.
    pub packets_lost: u64,
    /// Interarrival jitter, milliseconds (RFC 3550 §6.4.1).
    pub jitter_ms: f64,
    /// Round trip, milliseconds, where RTCP measured one.
    pub rtt_ms: Option<f64>,
    /// Estimated opinion score, 1 to 4.5.
    pub mos: Option<f64>,
}

impl CallQuality {
    /// The share of packets lost, 0 to 1.
    pub fn loss(&self) -> f64 {
        let expected = self.packets_received + self.packets_lost;
        if expected == 0 {
            0.0
        } else {
            self.packets_lost as f64 / expected as f64
        }
    }
}

/// Gives a closed set of words their names in the database, in JSON and on the command line.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Their names, in the same order.
            pub const WORDS: &[&str] = &[$($word),+];

            /// Its name in the database, in JSON and on the command line; never translated.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value with this name.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

pub(super) use words;

words!(Direction { Incoming = "incoming", Outgoing = "outgoing" });
words!(CallOrigin {
    Dialled = "dialled",
    Link = "link",
    Callback = "callback",
    Transfer = "transfer",
});
words!(KnownAs {
    Client = "client",
    Colleague = "colleague",
    Nobody = "nobody",
});
words!(CallStatus {
    InProgress = "in_progress",
    Answered = "answered",
    OneWay = "one_way",
    Missed = "missed",
    Rejected = "rejected",
    Busy = "busy",
    Failed = "failed",
    Cancelled = "cancelled",
    AnsweredElsewhere = "answered_elsewhere",
    Voicemail = "voicemail",
    Interrupted = "interrupted",
    Unknown = "unknown",
});
words!(EndReason {
    LocalHangup = "local_hangup",
    RemoteHangup = "remote_hangup",
    Rejected = "rejected",
    Busy = "busy",
    Declined = "declined",
    Cancelled = "cancelled",
    AnsweredElsewhere = "answered_elsewhere",
    NoAnswer = "no_answer",
    NotFound = "not_found",
    Unreachable = "unreachable",
    Timeout = "timeout",
    AuthFailed = "auth_failed",
    NotAcceptable = "not_acceptable",
    NoAudio = "no_audio",
    Transferred = "transferred",
    Interrupted = "interrupted",
    Failed = "failed",
});

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_word_comes_back_and_equals_its_json() {
        for &status in CallStatus::ALL {
            assert_eq!(CallStatus::from_word(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for &reason in EndReason::ALL {
            assert_eq!(EndReason::from_word(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
        for &origin in CallOrigin::ALL {
            assert_eq!(CallOrigin::from_word(origin.as_str()), Some(origin));
            assert_eq!(serde_json::to_value(origin).unwrap(), origin.as_str());
        }
        for &known_as in KnownAs::ALL {
            assert_eq!(KnownAs::from_word(known_as.as_str()), Some(known_as));
            assert_eq!(serde_json::to_value(known_as).unwrap(), known_as.as_str());
        }
        assert_eq!(Direction::from_word("sideways"), None);
    }

    #[test]
    fn s5_8_a_conversation_took_place_when_sound_went_both_ways_after_an_answer() {
        let now = Timestamp::UNIX_EPOCH;
        let mut record = CallRecord::begin(CallId::new(), Direction::Incoming, now);
        let sound = |sent, received| {
            Some(CallQuality {
                packets_sent: sent,
                packets_received: received,
                ..CallQuality::default()
            })
        };
        assert!(!record.conversation_took_place());
        record.quality = sound(50, 50);
        assert!(!record.conversation_took_place());
        record.answered_at = Some(now);
        assert!(record.conversation_took_place());
        record.quality = sound(50, 0);
        assert!(!record.conversation_took_place());
    }

    #[test]
    fn s5_5_nobody_talks_with_a_mailbox() {
        let now = Timestamp::UNIX_EPOCH;
        let mut record = CallRecord::begin(CallId::new(), Direction::Outgoing, now);
        record.answered_at = Some(now);
        record.quality = Some(CallQuality {
            packets_sent: 50,
            packets_received: 50,
            ..CallQuality::default()
        });
        assert!(record.conversation_took_place());
        record.status = CallStatus::Voicemail;
        assert!(!record.conversation_took_place());
    }
}
