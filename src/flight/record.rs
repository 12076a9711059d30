//! The recorder's nouns, as they are kept.

use std::borrow::Cow;
use std::net::SocketAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::sip_text;

/// Of a call with very many messages, so many from its beginning are kept; the others are its latest.
pub const FIRST_MESSAGES: usize = 100;

/// Everything that is kept of one call besides its row of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flight {
    /// The call's SIP `Call-ID`; empty where no INVITE ever left.
    pub call_id: String,
    /// What every `at_ms` counts from: when the INVITE arrived or somebody dialled.
    pub began: Timestamp,
    /// The messages, in order.
    pub messages: Vec<Message>,
    /// Messages from the middle that there was no room for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped: u32,
    /// The sound's counters, in order; their distance grows with the call's length.
    pub samples: Vec<Sample>,
    /// What else happened, in order.
    pub notes: Vec<Note>,
}

/// A SIP message that came in or went out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Milliseconds since the call began.
    pub at_ms: u32,
    /// It left here.
    pub sent: bool,
    /// `UDP`, `TCP`, `TLS`.
    pub transport: Cow<'static, str>,
    /// Our end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
    /// How long it was on the wire.
    pub octets: u32,
    /// The message without its secrets; cut off where it is very long.
    pub text: String,
}

impl Message {
    /// The request line or the status line.
    pub fn first_line(&self) -> &str {
        sip_text::first_line(&self.text)
    }

    /// The status, where it is a response.
    pub fn status(&self) -> Option<u16> {
        sip_text::status(self.first_line())
    }

    /// The method of the request, or of the request that is answered.
    pub fn method(&self) -> &str {
        sip_text::Essentials::of(&self.text).method
    }
}

/// The counters of the sound at one moment, all since the call began.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Milliseconds since the call began.
    pub at_ms: u32,
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets received.
    pub received: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that came too late to be heard.
    pub late: u64,
    /// 20 ms frames made up in place of what was missing.
    pub concealed: u64,
    /// Interarrival jitter, ms.
    pub jitter_ms: f32,
    /// Round trip by RTCP, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f32>,
    /// What the jitter buffer adds, ms.
    pub delay_ms: f32,
    /// Share of our packets that the other side lost of late.
    pub remote_loss: f32,
    /// The jitter the other side sees, ms.
    pub remote_jitter_ms: f32,
    /// Opinion score by the E-model (ITU-T G.107), 1 to 4.5, of the conversation so far.
    pub mos: f32,
    /// The same of one who only listens: what delays are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos_listening: Option<f32>,
    /// What the other side says of our voice (RFC 3611 §4.7), 1 to 5: of the conversation so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_mos: Option<f32>,
    /// The same of one who only listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_mos_listening: Option<f32>,
}

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Milliseconds since the call began.
    pub at_ms: u32,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// What can happen to a call's sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happening {
    /// Offer and answer agreed, for the first time or anew.
    Media {
        /// `opus`, `g722`, `pcma`, `pcmu`.
        codec: String,
        /// Where the other side hears.
        remote: SocketAddr,
        /// We may send.
        send: bool,
        /// We want to hear.
        receive: bool,
    },
    /// A side put the other on hold.
    Held {
        /// We did.
        by_us: bool,
    },
    /// A side took the other back.
    Resumed {
        /// We did.
        by_us: bool,
    },
    /// The other side's first packet arrived.
    FirstPacket,
    /// Nothing has come for this long although it should.
    NoRtp {
        /// Seconds.
        for_s: u32,
    },
    /// Somebody paused the recording: what is said now is in no file.
    RecordingPaused,
    /// It is recorded again.
    RecordingResumed,
    /// The sound cannot run as agreed.
    Refused {
        /// Why.
        error: String,
    },
    /// A device failed or is absent.
    DeviceLost {
        /// `input`, `output`, `ring`.
        device: String,
        /// What the system says.
        reason: String,
    },
    /// The default of the system serves in place of a device.
    DeviceReplaced {
        /// `input`, `output`, `ring`.
        device: String,
        /// The default's name.
        by: String,
    },
    /// The device works again.
    DeviceBack {
        /// `input`, `output`, `ring`.
        device: String,
    },
}

/// How many flights are kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The latest so many calls.
    pub ladders: u32,
    /// Not older than so many days.
    pub days: u32,
}

/// A flight on its way to the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Landed {
    /// What was recorded.
    pub flight: Flight,
    /// What is kept of the flights that are there already.
    pub retention: Retention,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}
