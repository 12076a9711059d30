//! Bounds on what is read from the network.

/// Octets of one message, header fields and body together.
pub const MESSAGE: usize = 64 * 1024;
/// Header fields of one message.
pub const HEADERS: usize = 256;
/// Octets of one header field, unfolded, and of the start line.
pub const HEADER: usize = 8 * 1024;
/// Via values of one message. A request may pass no more hops than this by default
/// (RFC 3261 §8.1.1.6).
pub const VIAS: usize = 70;
/// Parameters of one header field value or URI.
pub const PARAMS: usize = 128;
