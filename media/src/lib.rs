//! From RTP to the loudspeaker and back.

pub mod codec;
pub mod device;
pub mod engine;
pub mod filter;
pub mod mixer;
pub mod recorder;
pub mod resample;
pub mod signal;
pub mod stream;
pub mod tone;
