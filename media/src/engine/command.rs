//! What the phone asks of the media thread.

use std::{net::UdpSocket, path::PathBuf, sync::Arc};

use crate::{
    device::DeviceSettings,
    dtls::Certificate,
    ice::IceConfig,
    recorder::RecordingFormat,
    stream::StreamConfig,
    tone::{Bell, Tone},
    voice_processing::VoiceSettings,
};

/// One call's audio, named by whoever opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// A request to the media thread. None of them is answered; what comes of it are [`MediaEvent`](super::MediaEvent)s.
/// A command for a stream that is not open is ignored, except [`RecordStart`](Self::RecordStart), which fails.
#[derive(Debug)]
pub enum MediaCommand {
    /// Take over a pair of sockets (see [`bind_rtp_pair`](super::bind_rtp_pair)); nothing is sent yet.
    Open {
        /// The new stream's name.
        stream: StreamId,
        /// Bound to the even port.
        rtp: UdpSocket,
        /// Bound to the odd port.
        rtcp: UdpSocket,
        /// For agreeing on keys by DTLS.
        certificate: Option<Arc<Certificate>>,
    },
    /// Look for addresses under which the other side may reach the stream (RFC 8445 §5.1);
    /// [`Gathered`](super::MediaEvent::Gathered) follows at the latest at the deadline.
    Gather {
        /// Which stream.
        stream: StreamId,
        /// Where to look.
        config: Box<IceConfig>,
    },
    /// Start the stream, or change it during the call (hold, another codec or address).
    /// The first packet of a call leaves at once, the others on the tick.
    Configure {
        /// Which stream.
        stream: StreamId,
        /// What offer and answer agreed on.
        config: StreamConfig,
    },
    /// Which stream the microphone and the loudspeaker serve; the others hear silence.
    /// Inputs that are no microphone (`silence`, `file:`, `loop`) serve every call regardless.
    Focus(Option<StreamId>),
    /// Let the other sides of these streams hear each other as well as us: a conference that is mixed here.
    /// It takes the place of the one before; fewer than two streams are none.
    Join(Vec<StreamId>),
    /// Let the other sides of two streams talk with each other, without us: either says what the other one
    /// has heard, in place of the microphone or the file. It lasts until another cord takes one of them, or
    /// both have closed: whoever is left hears silence.
    Patch([StreamId; 2]),
    /// Send silence in place of the microphone.
    Mute {
        /// Which stream.
        stream: StreamId,
        /// Silence, or not any more.
        on: bool,
    },
    /// We put the call on hold: silence goes out, nothing is heard.
    Hold {
        /// Which stream.
        stream: StreamId,
        /// On hold, or not any more.
        on: bool,
    },
    /// Send DTMF (RFC 4733).
    Digits {
        /// Which stream.
        stream: StreamId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digits: String,
    },
    /// Begin to record into a new file.
    RecordStart {
        /// Which stream.
        stream: StreamId,
        /// The file to create; an existing one is never overwritten.
        file: PathBuf,
        /// How to store it.
        format: RecordingFormat,
    },
    /// Go on recording silence, so that what is said now is in no file.
    RecordPause {
        /// Which stream.
        stream: StreamId,
    },
    /// Record again.
    RecordResume {
        /// Which stream.
        stream: StreamId,
    },
    /// Finish the recording; the call goes on.
    RecordStop {
        /// Which stream.
        stream: StreamId,
    },
    /// Play a tone until the next one, or stop it.
    Tone {
        /// Who shall hear it.
        to: ToneTarget,
        /// `None` stops it.
        tone: Option<Tone>,
    },
    /// Ring with a sound file, again and again, until the ring device plays another tone or none.
    RingFile {
        /// WAV or Ogg Opus.
        file: PathBuf,
        /// What rings where the file cannot be played, which is told.
        otherwise: Bell,
    },
    /// The call is over: finish its recording, report [`Closed`](super::MediaEvent::Closed), close the sockets.
    Close {
        /// Which stream.
        stream: StreamId,
    },
    /// Whether somebody looks at the levels; otherwise none are reported.
    Levels {
        /// Report [`Levels`](super::MediaEvent::Levels), or stop.
        on: bool,
    },
    /// Let the person at this phone hear themselves two seconds later, or no longer. A call ends the test.
    EchoTest {
        /// Begin, or end.
        on: bool,
    },
    /// Use other devices from now on. Calls go on.
    SetDevices(DeviceSettings),
    /// Do something else from now on to what the microphone hears.
    SetVoice(VoiceSettings),
    /// Play a short test signal and listen for it; [`Calibrated`](super::MediaEvent::Calibrated) follows within ten
    /// seconds, at once while there are calls. A call that begins meanwhile ends it.
    Calibrate,
    /// Close every stream and recording and end the thread.
    Shutdown,
}

/// Who hears a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToneTarget {
    /// The person at this phone, over the call in focus if there is one. A brief tone goes over
    /// another one.
    Loudspeaker,
    /// The ring device.
    Ring,
    /// The other side of a call, in place of the microphone.
    Stream(StreamId),
}
