//! What a peer's session description says about its audio.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Fmtp, Media, Rtcp, RtpMap, Session};

use super::codec::{Format, Payload};
use super::{Codec, Direction, ExtendedReports, OpusParams, SdpError};

/// Media lines of one session description; more are refused.
const STREAMS: usize = 32;
/// The packet length where the peer asks for none (RFC 3551 §4.2), in milliseconds.
const PTIME: u32 = 20;
/// The attribute of extended reports (RFC 3611 §5.1).
pub(super) const RTCP_XR: &str = "rtcp-xr";
/// The packet lengths we send, in milliseconds.
const PTIMES: std::ops::RangeInclusive<u32> = 10..=60;

/// Reads a session description, within the limit.
pub(super) fn read_session(bytes: &[u8]) -> Result<Session, SdpError> {
    let session = Session::parse(bytes).map_err(|_| SdpError::Malformed)?;
    if session.medias.len() > STREAMS {
        return Err(SdpError::Malformed);
    }
    Ok(session)
}

/// A peer's audio stream that we could take part in.
#[derive(Debug)]
pub(super) struct RemoteAudio {
    pub(super) rtp: SocketAddr,
    pub(super) rtcp: SocketAddr,
    /// RTCP may go over the RTP port.
    pub(super) rtcp_mux: bool,
    /// What the peer wants to do.
    pub(super) direction: Direction,
    /// The formats we know, in the peer's order.
    pub(super) formats: Vec<Format>,
    pub(super) opus: OpusParams,
    pub(super) extended_reports: ExtendedReports,
    pub(super) ptime_ms: u32,
}

/// Whether the line is an audio stream that is not refused (RFC 3264 §5.1, §6: port zero).
pub(super) fn is_live_audio(media: &Media) -> bool {
    media.media.eq_ignore_ascii_case("audio") && media.port != 0
}

impl RemoteAudio {
    /// Reads a live audio stream; `local` is where we receive ours.
    pub(super) fn read(session: &Session, media: &Media, local: IpAddr) -> Result<Self, SdpError> {
        // The feedback profile adds RTCP messages that nobody has to send (RFC 4585 §3.1).
        let profile = media.proto.strip_prefix("UDP/TLS/").unwrap_or(&media.proto);
        let is_dtls = profile.len() < media.proto.len();
        let known = match profile {
            "RTP/SAVP" | "RTP/SAVPF" => true,
            "RTP/AVP" | "RTP/AVPF" => !is_dtls,
            _ => false,
        };
        if !known {
            return Err(SdpError::Transport);
        }
        let address = connection_address(session, media)?;
        if !address.is_unspecified() && address.is_ipv4() != local.to_canonical().is_ipv4() {
            return Err(SdpError::Address);
        }
        let formats = formats(media);
        let opus = formats
            .iter()
            .find(|format| format.codec() == Some(Codec::Opus));
        let opus = opus.map_or(OpusParams::default(), |format| opus_params(media, *format));
        let rtp = SocketAddr::new(address, media.port);
        let rtcp_mux = may_share_port(media, &formats);
        Ok(Self {
            rtp,
            rtcp: match rtcp_mux {
                true => rtp,
                false => rtcp_address(media, address),
            },
            rtcp_mux,
            direction: direction(session, media, address),
            formats,
            opus,
            extended_reports: extended_reports(session, media),
            ptime_ms: ptime(media),
        })
    }
}

/// The address of the stream, or of the session (RFC 8866 §5.7). Names are not looked up,
/// multicast is not joined.
fn connection_address(session: &Session, media: &Media) -> Result<IpAddr, SdpError> {
    let line = media.connections.first().or(session.connection.as_ref());
    let address = line.and_then(|line| line.connection_address.parse::<IpAddr>().ok());
    match address.map(|address| address.to_canonical()) {
        Some(address) if !address.is_multicast() => Ok(address),
        _ => Err(SdpError::Address),
    }
}

/// Where the peer wants RTCP: said (RFC 3605), or one port above RTP (RFC 3550 §11).
fn rtcp_address(media: &Media, address: IpAddr) -> SocketAddr {
    let usual = SocketAddr::new(address, media.port.saturating_add(1));
    match media.get_first_attribute_typed::<Rtcp>() {
        Some(Ok(said)) if said.port != 0 => {
            let ip = said
                .connection_address
                .and_then(|text| text.parse::<IpAddr>().ok());
            let ip = ip.filter(|ip| ip.is_ipv4() == address.is_ipv4() && !ip.is_multicast());
            SocketAddr::new(ip.unwrap_or(address), said.port)
        }
        _ => usual,
    }
}

/// Whether the peer can take RTCP on its RTP port. A payload type that looks like RTCP there would
/// forbid it (RFC 5761 §4).
fn may_share_port(media: &Media, formats: &[Format]) -> bool {
    let is_ambiguous = |format: &Format| (64..96).contains(&format.payload_type);
    media.has_attribute("rtcp-mux") && !formats.iter().any(is_ambiguous)
}

/// The direction of the stream, or of the session, or both ways (RFC 8866 §6.7).
fn direction(session: &Session, media: &Media, address: IpAddr) -> Direction {
    let named = |attributes: &[Attribute]| {
        attributes
            .iter()
            .find_map(|attribute| Direction::parse(&attribute.attribute))
    };
    let said = named(&media.attributes)
        .or_else(|| named(&session.attributes))
        .unwrap_or_default();
    // The hold of RFC 2543: nowhere to send to (RFC 3264 §8.4).
    Direction::new(said.sends(), said.receives() && !address.is_unspecified())
}

/// The formats we know, in the order of the media line (RFC 3264 §5.1: the preferred first).
fn formats(media: &Media) -> Vec<Format> {
    let mut payloads: [Option<Option<Payload>>; 128] = [None; 128];
    for map in media.attributes_typed::<RtpMap>().flatten() {
        if let Some(slot) = payloads.get_mut(usize::from(map.payload_type)) {
            slot.get_or_insert(Payload::of_rtpmap(&map));
        }
    }
    let mut formats = Vec::new();
    for payload_type in media
        .fmt
        .split_ascii_whitespace()
        .filter_map(|text| text.parse().ok())
    {
        let Some(slot) = payloads.get_mut(usize::from(payload_type)) else {
            continue;
        };
        // A payload type listed twice counts once: the slot then says that it is nothing.
        let payload = slot
            .replace(None)
            .unwrap_or_else(|| Payload::of_static(payload_type));
        formats.extend(payload.map(|payload| Format {
            payload_type,
            payload,
        }));
    }
    formats
}

fn opus_params(media: &Media, format: Format) -> OpusParams {
    let mut params = OpusParams::default();
    let all = media.attributes_typed::<Fmtp>().flatten();
    let own = all.filter(|fmtp| fmtp.fmt == format.payload_type);
    for param in own.flat_map(|fmtp| fmtp.format_specific_params) {
        let value = param.val.as_deref().unwrap_or_default().trim();
        let number = value.parse::<u32>().ok();
        match param.param.trim().to_ascii_lowercase().as_str() {
            "useinbandfec" => params.fec = value == "1",
            "usedtx" => params.dtx = value == "1",
            "stereo" => params.stereo = value == "1",
            "cbr" => params.cbr = value == "1",
            // RFC 7587 §6.1 gives both ranges.
            "maxaveragebitrate" => params.max_bitrate = number.map(|n| n.clamp(6_000, 510_000)),
            "maxplaybackrate" => {
                params.max_playback_rate = number.unwrap_or(48_000).clamp(8_000, 48_000);
            }
            _ => {}
        }
    }
    params
}

/// What the peer asks for of RFC 3611: for the stream, and where it says nothing of that for the session (§5.1).
fn extended_reports(session: &Session, media: &Media) -> ExtendedReports {
    let mut asked = ExtendedReports::default();
    let is_xr = |line: &&Attribute| line.attribute.eq_ignore_ascii_case(RTCP_XR);
    let attributes = match media.attributes.iter().any(|line| is_xr(&line)) {
        true => &media.attributes,
        false => &session.attributes,
    };
    let lines = attributes.iter().filter(is_xr);
    for format in lines.flat_map(|line| line.value.iter().flat_map(|v| v.split_whitespace())) {
        let name = format.split(['=', ':']).next().unwrap_or_default();
        asked.voip_metrics |= name.eq_ignore_ascii_case("voip-metrics");
        asked.receiver_rtt |= name.eq_ignore_ascii_case("rcvr-rtt");
    }
    asked
}

/// The packet length the peer wants, no longer than it can take (RFC 8866 §6.4), in steps of ten
/// milliseconds.
fn ptime(media: &Media) -> u32 {
    let number = |name: &str| {
        let text = media.get_first_attribute_value(name).flatten()?.trim();
        // Some write fractions: 20.0
        text.split('.')
            .next()?
            .parse::<u32>()
            .ok()
            .filter(|ms| *ms > 0)
    };
    let wanted = number("ptime").unwrap_or(PTIME);
    let most = number("maxptime").unwrap_or(*PTIMES.end());
    (wanted.min(most) / 10 * 10).clamp(*PTIMES.start(), *PTIMES.end())
}
