//! From RTP to the loudspeaker and back.
