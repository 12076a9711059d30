//! What the media thread tells the phone.

use std::path::PathBuf;

use super::StreamId;
use crate::{
    calibration::Calibration,
    codec::CodecError,
    device::DeviceRole,
    dtls::DtlsError,
    ice::{IceCandidate, Loss},
    recorder::{Finished, RecordingError},
    stream::StreamStats,
};

/// Something happened to the audio of a call or to a device.
#[derive(Debug)]
pub enum MediaEvent {
    /// The addresses under which the other side may reach the stream.
    Gathered {
        /// Which stream.
        stream: StreamId,
        /// At least the computer's own; the best first.
        candidates: Vec<IceCandidate>,
    },
    /// Nothing comes any more by the way that ICE had found: both sides need to look for another one.
    Lost {
        /// Which stream.
        stream: StreamId,
        /// What to do about it.
        loss: Loss,
    },
    /// The first packet of the other side was accepted.
    FirstPacket {
        /// Which stream.
        stream: StreamId,
    },
    /// The stream cannot be run as configured; it goes on as before.
    Refused {
        /// Which stream.
        stream: StreamId,
        /// What the codec says.
        error: CodecError,
    },
    /// The other side and we have agreed on no keys: nothing is sent or heard.
    NoKeys {
        /// Which stream.
        stream: StreamId,
        /// Why.
        error: DtlsError,
    },
    /// The other side pressed a key (RFC 4733).
    Digit {
        /// Which stream.
        stream: StreamId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// How loud it is, about ten times a second while [`Levels`](super::MediaCommand::Levels) is on.
    Levels {
        /// Which stream.
        stream: StreamId,
        /// Peak of what we send, 0.0–1.0.
        input: f32,
        /// Peak of what we hear, 0.0–1.0.
        output: f32,
    },
    /// How loud the [test](super::MediaCommand::EchoTest) is, about ten times a second: peaks of what is said and what
    /// is heard, 0.0–1.0. `None`: a call has begun, or five minutes are over, and so is the test.
    EchoTest {
        /// Said and heard.
        levels: Option<(f32, f32)>,
    },
    /// Once a second.
    Stats {
        /// Which stream.
        stream: StreamId,
        /// Since the call began.
        stats: StreamStats,
    },
    /// Something happened to the recording of a call.
    Recording {
        /// Which stream.
        stream: StreamId,
        /// What happened.
        state: RecordingState,
        /// The recording's file.
        file: PathBuf,
    },
    /// Nothing has come from the other side for this long although we would hear it: told at 5, 30 and 300 seconds.
    NoRtp {
        /// Which stream.
        stream: StreamId,
        /// How long, in seconds.
        for_s: u32,
    },
    /// Somebody has been speaking for half a second into a microphone that is muted; told once each time it is.
    SpokenMuted {
        /// Which stream.
        stream: StreamId,
    },
    /// What was found out about microphone and loudspeaker; `None`: nothing, since there are calls.
    Calibrated(Option<Calibration>),
    /// The stream is closed. Its recording, if any, may still be finishing: it has events of its own.
    Closed {
        /// Which stream.
        stream: StreamId,
        /// Of the whole call.
        stats: StreamStats,
    },
    /// A device is absent or has failed, and no other one can serve; calls go on without it and it is tried again
    /// every second.
    DeviceLost {
        /// Which one.
        which: DeviceRole,
        /// What the system says.
        reason: String,
    },
    /// The device that the settings name is absent or has failed; the system's default serves until it is back.
    DeviceReplaced {
        /// Which one.
        which: DeviceRole,
        /// The name in the settings.
        wanted: String,
        /// The default's name.
        by: String,
    },
    /// The system has another default device now, and calls have followed it.
    DeviceMoved {
        /// Which one.
        which: DeviceRole,
        /// The new default's name.
        to: String,
    },
    /// The lost or replaced device works again.
    DeviceBack {
        /// Which one.
        which: DeviceRole,
    },
}

/// The life of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingState {
    /// The file exists and grows.
    Started,
    /// Only silence is written.
    Paused,
    /// Sound is written again.
    Resumed,
    /// The file is complete.
    Finished(Finished),
    /// The recording ended early; the call goes on.
    Failed {
        /// Why.
        error: RecordingError,
        /// What could be saved: a file that plays. `None`: there is no file.
        saved: Option<Finished>,
    },
}
