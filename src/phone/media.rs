//! Between what offer and answer agreed on and what the media thread runs.

use ringbook_media::codec;
use ringbook_media::dtls::Fingerprint;
use ringbook_media::ice::{IceCandidate, IceCandidateKind, IceCredentials, IceSession};
use ringbook_media::srtp::{MasterKey, Suite};
use ringbook_media::stream::{ExtendedReports, OpusParams, Protection, StreamConfig};
use ringbook_sip::sdp::{self, CryptoKey, CryptoSuite, Direction, HashFunction, MediaPlan};

use crate::automation::Encryption;

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

fn map_suite(suite: CryptoSuite) -> Suite {
    match suite {
        CryptoSuite::AesCm128Sha1_80 => Suite::AesCm128Sha1_80,
        CryptoSuite::AesCm128Sha1_32 => Suite::AesCm128Sha1_32,
        CryptoSuite::AesCm256Sha1_80 => Suite::AesCm256Sha1_80,
        CryptoSuite::AesCm256Sha1_32 => Suite::AesCm256Sha1_32,
        CryptoSuite::AeadAes128Gcm => Suite::AeadAes128Gcm,
        CryptoSuite::AeadAes256Gcm => Suite::AeadAes256Gcm,
    }
}

fn map_key(key: &CryptoKey) -> Option<MasterKey> {
    MasterKey::new(map_suite(key.suite), &key.octets)
}

/// `None`: it is not as long as its hash, which the readers of descriptions refuse.
fn map_fingerprint(fingerprint: &sdp::Fingerprint) -> Option<Fingerprint> {
    let octets = &fingerprint.octets[..];
    Some(match fingerprint.hash {
        HashFunction::Sha256 => Fingerprint::Sha256(octets.try_into().ok()?),
        HashFunction::Sha384 => Fingerprint::Sha384(octets.try_into().ok()?),
        HashFunction::Sha512 => Fingerprint::Sha512(octets.try_into().ok()?),
    })
}

/// `None`: a key is not as long as its suite's, which the readers of descriptions refuse.
fn map_protection(protection: &sdp::Protection) -> Option<Protection> {
    Some(match protection {
        sdp::Protection::None => Protection::None,
        sdp::Protection::Sdes { send, receive, .. } => Protection::Srtp {
            send: map_key(send)?,
            receive: map_key(receive)?,
        },
        sdp::Protection::Dtls {
            active,
            fingerprints,
        } => Protection::Dtls {
            active: *active,
            fingerprints: fingerprints.iter().filter_map(map_fingerprint).collect(),
        },
    })
}

/// How far others are kept from listening in.
pub(super) fn encryption(plan: &MediaPlan) -> Encryption {
    match plan.protection {
        sdp::Protection::None => Encryption::None,
        sdp::Protection::Sdes { private: false, .. } => Encryption::KeysInClear,
        sdp::Protection::Sdes { private: true, .. } | sdp::Protection::Dtls { .. } => {
            Encryption::Encrypted
        }
    }
}

fn map_ice(plan: &sdp::IcePlan) -> IceSession {
    let credentials = |of: &sdp::IceCredentials| IceCredentials {
        ufrag: of.ufrag.clone(),
        password: of.password.clone(),
    };
    IceSession {
        controlling: plan.controlling,
        local: credentials(&plan.local),
        remote: credentials(&plan.remote),
        candidates: plan.candidates.iter().map(map_candidate).collect(),
    }
}

fn map_candidate(candidate: &sdp::Candidate) -> IceCandidate {
    IceCandidate {
        kind: match candidate.kind {
            sdp::CandidateKind::Host => IceCandidateKind::Host,
            sdp::CandidateKind::ServerReflexive => IceCandidateKind::ServerReflexive,
            sdp::CandidateKind::PeerReflexive => IceCandidateKind::PeerReflexive,
            sdp::CandidateKind::Relayed => IceCandidateKind::Relayed,
        },
        address: candidate.address,
        priority: candidate.priority,
    }
}

/// The candidates that the media thread has found, for the other side.
pub(super) fn map_found(found: &[IceCandidate]) -> Vec<sdp::Candidate> {
    let map = |found: &IceCandidate| sdp::Candidate {
        kind: match found.kind {
            IceCandidateKind::Host => sdp::CandidateKind::Host,
            IceCandidateKind::ServerReflexive => sdp::CandidateKind::ServerReflexive,
            IceCandidateKind::PeerReflexive => sdp::CandidateKind::PeerReflexive,
            IceCandidateKind::Relayed => sdp::CandidateKind::Relayed,
        },
        address: found.address,
        priority: found.priority,
    };
    found.iter().map(map).collect()
}

fn map_extended_reports(asked: sdp::ExtendedReports) -> ExtendedReports {
    ExtendedReports {
        voip_metrics: asked.voip_metrics,
        receiver_rtt: asked.receiver_rtt,
    }
}

/// The media thread's orders for `plan`. `None`: they would send in clear what must not be.
pub(crate) fn stream_config(plan: &MediaPlan, silence_suppression: bool) -> Option<StreamConfig> {
    Some(StreamConfig {
        codec: map_codec(plan.codec),
        send_pt: plan.send_pt,
        receive_pts: plan
            .receive_pts
            .iter()
            .map(|&(pt, codec)| (pt, map_codec(codec)))
            .collect(),
        dtmf_send_pt: plan.dtmf_send_pt,
        dtmf_receive_pt: plan.dtmf_receive_pt,
        comfort_noise_send_pt: plan.comfort_noise_send_pt,
        comfort_noise_receive_pt: plan.comfort_noise_receive_pt,
        silence_suppression,
        extended_reports: map_extended_reports(plan.extended_reports),
        ptime_ms: plan.ptime_ms,
        opus: OpusParams {
            fec: plan.opus.fec,
            dtx: plan.opus.dtx,
            stereo: plan.opus.stereo,
            cbr: plan.opus.cbr,
            max_bitrate: plan.opus.max_bitrate,
            max_playback_rate: plan.opus.max_playback_rate,
        },
        remote_rtp: plan.remote_rtp,
        remote_rtcp: plan.remote_rtcp,
        rtcp_mux: plan.rtcp_mux,
        send: matches!(plan.direction, Direction::SendRecv | Direction::SendOnly),
        receive: matches!(plan.direction, Direction::SendRecv | Direction::RecvOnly),
        protection: map_protection(&plan.protection)?,
        ice: plan.ice.as_deref().map(map_ice).map(Box::new),
    })
}
