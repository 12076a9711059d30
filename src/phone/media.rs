//! Between what offer and answer agreed on and what the media thread runs.

use ringbook_media::codec;
use ringbook_media::stream::{OpusParams, StreamConfig};
use ringbook_sip::sdp::{self, Direction, MediaPlan};

/// The codec's word in the settings, the log and the events.
pub(super) fn codec_word(codec: sdp::Codec) -> &'static str {
    match codec {
        sdp::Codec::Opus => "opus",
        sdp::Codec::G722 => "g722",
        sdp::Codec::Pcma => "pcma",
        sdp::Codec::Pcmu => "pcmu",
    }
}

fn map_codec(codec: sdp::Codec) -> codec::Codec {
    match codec {
        sdp::Codec::Opus => codec::Codec::Opus,
        sdp::Codec::G722 => codec::Codec::G722,
        sdp::Codec::Pcma => codec::Codec::Pcma,
        sdp::Codec::Pcmu => codec::Codec::Pcmu,
    }
}

/// The media thread's orders for `plan`.
pub(crate) fn stream_config(plan: &MediaPlan) -> StreamConfig {
    StreamConfig {
        codec: map_codec(plan.codec),
        send_pt: plan.send_pt,
        receive_pts: plan
            .receive_pts
            .iter()
            .map(|&(pt, codec)| (pt, map_codec(codec)))
            .collect(),
        dtmf_send_pt: plan.dtmf_send_pt,
        dtmf_receive_pt: plan.dtmf_receive_pt,
        ptime_ms: plan.ptime_ms,
        opus: OpusParams {
            fec: plan.opus.fec,
            dtx: plan.opus.dtx,
            stereo: plan.opus.stereo,
            max_bitrate: plan.opus.max_bitrate,
        },
        remote_rtp: plan.remote_rtp,
        remote_rtcp: plan.remote_rtcp,
        send: matches!(plan.direction, Direction::SendRecv | Direction::SendOnly),
        receive: matches!(plan.direction, Direction::SendRecv | Direction::RecvOnly),
    }
}
