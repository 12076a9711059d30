//! Signal tones, synthesised.

/// A tone or melody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The other side rings: 425 Hz, 1 s on, 4 s off (ITU-T E.180, most of the world).
    Ringback,
    /// The other side rings, as in North America: 440 + 480 Hz, 2 s on, 4 s off.
    RingbackUs,
    /// The other side is busy: 425 Hz, 0.5 s on, 0.5 s off.
    Busy,
    /// A second call waits: two short beeps every few seconds.
    CallWaiting,
    /// Our own bell.
    Ringing,
}
