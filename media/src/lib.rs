//! From RTP to the loudspeaker and back.

pub mod codec;
pub mod signal;
pub mod stream;
