//! From RTP to the loudspeaker and back.

mod activity;
pub mod calibration;
pub mod codec;
mod concealment;
pub mod conversation;
pub mod device;
pub mod dtls;
mod dtmf;
pub mod engine;
pub mod filter;
pub mod ice;
pub mod jitter_buffer;
pub mod mixer;
mod pitch;
pub mod quality;
mod random;
pub mod recorder;
pub mod resample;
pub mod rtp;
pub mod signal;
pub mod srtp;
pub mod stream;
pub mod tempo;
mod time_stretch;
pub mod tone;
pub mod voice_processing;
