//! From RTP to the loudspeaker and back.

pub mod codec;
pub mod device;
pub mod engine;
pub mod recorder;
pub mod signal;
pub mod stream;
pub mod tone;
