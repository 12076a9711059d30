//! Offer and answer (RFC 3264).

use std::net::SocketAddr;

use sdp_types::{
    Attribute, Connection, Fmtp, FmtpParam, Media, MediaType, Origin, Rtcp, Session, Time,
    TransportProto,
};

use super::beside::{Beside, refused};
use super::codec::{Format, Payload};
use super::remote::{RTCP_XR, RemoteAudio, is_live_audio, read_session};
use super::{
    Codec, Direction, ExtendedReports, IcePlan, LocalIce, LocalMedia, MediaPlan, Protection,
    SdpError, ice, security,
};

/// The extended reports that we read and, where we are asked for them, write (RFC 3611 §5.1).
const EXTENDED_REPORTS: &str = "rcvr-rtt=all voip-metrics";
/// RFC 3551 §6: numbers from here on mean nothing by themselves.
const FIRST_DYNAMIC: u8 = 35;

/// Our offer: one audio stream with all our codecs, the preferred first (RFC 3264 §5), among the
/// streams that were refused before.
/// [`LocalMedia::codecs`] must not be empty.
pub fn offer(local: &LocalMedia) -> Vec<u8> {
    to_bytes(&our_offer(local, &offered_formats(local)))
}

/// The same without what goes without saying or can be done without, for a message that has to be
/// small.
pub fn brief_offer(local: &LocalMedia) -> Vec<u8> {
    let formats = offered_formats(local).into_iter();
    let formats = formats.filter(|format| format.payload != Payload::ComfortNoise);
    let mut session = our_offer(local, &formats.collect::<Vec<_>>());
    for media in &mut session.medias {
        media.attributes.retain(|attribute| !is_implied(attribute));
    }
    to_bytes(&session)
}

/// Static payload types are what they are (RFC 8866 §6.6, RFC 3551 §6), a stream goes both ways
/// (RFC 8866 §6.7), and events are the sixteen keys (RFC 4733 §2.4.1).
fn is_implied(attribute: &Attribute) -> bool {
    let value = attribute.value.as_deref().unwrap_or_default();
    let is_static = |value: &str| {
        let number = value
            .split(' ')
            .next()
            .and_then(|number| number.parse().ok());
        number.is_some_and(|number: u8| number < FIRST_DYNAMIC)
    };
    match attribute.attribute.as_str() {
        "rtpmap" => is_static(value),
        "fmtp" => value.ends_with(" 0-16"),
        RTCP_XR => true,
        name => name == Direction::SendRecv.as_str(),
    }
}

fn our_offer(local: &LocalMedia, formats: &[Format]) -> Session {
    let mut session = our_session(local);
    session.times.push(Time::new(0, 0));
    let (profile, keys) = security::offer(local);
    let lines = [keys, ice::offer(local)].concat();
    let mut audio = our_audio(local, profile, formats, local.direction, lines);
    // RFC 5761 §5.1.1. Until the answer, RTCP is taken at both ports.
    audio.add_attribute_from_str("rtcp-mux");
    audio.add_attribute_with_value(RTCP_XR, EXTENDED_REPORTS);
    for media in local.beside.around(audio) {
        session.add_media(media);
    }
    session
}

/// The streams beside our audio in a description of ours, for the next one.
pub fn beside(ours: &[u8]) -> Beside {
    read_session(ours).map_or_else(|_| Beside::default(), |session| Beside::of(&session))
}

/// Our answer to a peer's offer, and what both together say (RFC 3264 §6). The first audio
/// stream that we can take is taken, one that can be encrypted before any other; every other
/// stream is refused.
pub fn answer(local: &LocalMedia, remote_offer: &[u8]) -> Result<(Vec<u8>, MediaPlan), SdpError> {
    let offer = read_session(remote_offer)?;
    let (taken, choice) = choose_stream(local, &offer)?;
    let direction = local.direction.beside(choice.remote.direction);
    let mut session = our_session(local);
    // The time line is the offer's (RFC 3264 §6).
    session.times.clone_from(&offer.times);
    for (at, media) in offer.medias.iter().enumerate() {
        session.add_media(if at == taken {
            our_answer(local, &media.proto, &choice, direction)
        } else {
            refused(media)
        });
    }
    let Choice {
        remote,
        formats,
        protection,
        ice,
        ..
    } = choice;
    let plan = plan(&remote, &formats, &formats, direction).ok_or(SdpError::NoCommonCodec)?;
    Ok((
        to_bytes(&session),
        MediaPlan {
            remote_hold: !remote.direction.receives(),
            protection,
            ice: ice.map(Box::new),
            ..plan
        },
    ))
}

/// What our offer and the peer's answer together say (RFC 3264 §7).
pub fn accept(local: &LocalMedia, remote_answer: &[u8]) -> Result<MediaPlan, SdpError> {
    let session = read_session(remote_answer)?;
    // The answer has our stream at its place in the offer (RFC 3264 §6).
    let media = session.medias.get(local.beside.place());
    let media = media.filter(|media| is_live_audio(media));
    let media = media.ok_or(SdpError::NoAudio)?;
    let remote = RemoteAudio::read(&session, media, local.address)?;
    let protection = security::accept(local, &session, media)?;
    let ice = ice::accept(local, &session, media, &remote);
    let sending = common_formats(local, &remote.formats);
    let mut receiving = offered_formats(local);
    // A peer that gave a codec another number should still send with ours (RFC 3264 §6.1), but
    // some send with their own.
    for format in &sending {
        if receiving
            .iter()
            .all(|known| known.payload_type != format.payload_type)
        {
            receiving.push(*format);
        }
    }
    let direction = local.direction.beside(remote.direction);
    let plan = plan(&remote, &sending, &receiving, direction).ok_or(SdpError::NoCommonCodec)?;
    let remote_hold = local.direction.sends() && !remote.direction.receives();
    Ok(MediaPlan {
        remote_hold,
        protection,
        ice: ice.map(Box::new),
        ..plan
    })
}

/// The plan for a stream; `None` when no codec is left to send with.
fn plan(
    remote: &RemoteAudio,
    sending: &[Format],
    receiving: &[Format],
    direction: Direction,
) -> Option<MediaPlan> {
    let (send_pt, codec) = sending.iter().find_map(with_codec)?;
    Some(MediaPlan {
        remote_rtp: remote.rtp,
        remote_rtcp: remote.rtcp,
        rtcp_mux: remote.rtcp_mux,
        codec,
        send_pt,
        receive_pts: receiving.iter().filter_map(with_codec).collect(),
        dtmf_send_pt: events_beside(codec, sending),
        dtmf_receive_pt: events_beside(codec, receiving),
        comfort_noise_send_pt: comfort_noise(sending).filter(|_| codec.has_comfort_noise()),
        comfort_noise_receive_pt: comfort_noise(receiving),
        extended_reports: remote.extended_reports,
        ptime_ms: remote.ptime_ms,
        opus: remote.opus,
        direction,
        remote_hold: false,
        protection: Protection::None,
        ice: None,
    })
}

fn with_codec(format: &Format) -> Option<(u8, Codec)> {
    Some((format.payload_type, format.codec()?))
}

/// The payload type of telephone events beside a codec: on its clock (RFC 4733 §2.1), else the
/// one there is, because many peers offer 8000 Hz beside Opus and look at the number only.
fn events_beside(codec: Codec, formats: &[Format]) -> Option<u8> {
    let is_event = |format: &&Format| matches!(format.payload, Payload::Events(_));
    let events = || formats.iter().filter(is_event);
    let on_clock = events().find(|format| format.payload == Payload::Events(codec.rtp_clock()));
    on_clock
        .or_else(|| events().next())
        .map(|format| format.payload_type)
}

fn comfort_noise(formats: &[Format]) -> Option<u8> {
    let noise = |format: &&Format| format.payload == Payload::ComfortNoise;
    formats.iter().find(noise).map(|format| format.payload_type)
}

/// A stream that we can take, and how.
struct Choice {
    remote: RemoteAudio,
    formats: Vec<Format>,
    protection: Protection,
    ice: Option<IcePlan>,
    /// The lines of our answer with our key or certificate, and our candidates.
    lines: Vec<Attribute>,
}

impl Choice {
    fn of_stream(local: &LocalMedia, offer: &Session, media: &Media) -> Result<Self, SdpError> {
        let remote = RemoteAudio::read(offer, media, local.address)?;
        let formats = common_formats(local, &remote.formats);
        if formats.iter().all(|format| format.codec().is_none()) {
            return Err(SdpError::NoCommonCodec);
        }
        let (protection, mut lines) = security::answer(local, offer, media)?;
        let (ice, candidates) = ice::answer(local, offer, media, &remote);
        lines.extend(candidates);
        Ok(Self {
            remote,
            formats,
            protection,
            ice,
            lines,
        })
    }
}

/// The first stream of an offer that we can take, or why there is none. Some peers offer the same
/// audio twice, plain and encrypted.
fn choose_stream(local: &LocalMedia, offer: &Session) -> Result<(usize, Choice), SdpError> {
    let mut best = Err(SdpError::NoAudio);
    let streams = offer.medias.iter().enumerate();
    for (at, media) in streams.filter(|(_, media)| is_live_audio(media)) {
        match (Choice::of_stream(local, offer, media), &best) {
            (Ok(choice), _) if choice.protection != Protection::None => return Ok((at, choice)),
            (Ok(choice), Err(_)) => best = Ok((at, choice)),
            (Err(error), Err(SdpError::NoAudio)) => best = Err(error),
            _ => {}
        }
    }
    best
}

/// What of the peer's formats is ours too, in the peer's order and with its numbers
/// (RFC 3264 §6.1). Telephone events always are, comfort noise beside what it is for.
fn common_formats(local: &LocalMedia, remote: &[Format]) -> Vec<Format> {
    let has_comfort_noise = remote
        .iter()
        .filter_map(Format::codec)
        .any(|codec| codec.has_comfort_noise() && local.codecs.contains(&codec));
    let is_common = |format: &&Format| match format.payload {
        Payload::Audio(codec) => local.codecs.contains(&codec),
        Payload::Events(clock) => clock == 8_000 || clock == 48_000,
        Payload::ComfortNoise => has_comfort_noise,
    };
    remote.iter().filter(is_common).copied().collect()
}

/// Our codecs, comfort noise where one of them needs it, and telephone events on each clock that
/// they need.
fn offered_formats(local: &LocalMedia) -> Vec<Format> {
    let mut formats: Vec<Format> = Vec::new();
    let events = local
        .codecs
        .iter()
        .map(|codec| Format::events(codec.rtp_clock()));
    let with_noise = local
        .codecs
        .iter()
        .filter(|codec| codec.has_comfort_noise());
    let noise = with_noise.map(|_| Format::comfort_noise());
    for format in local
        .codecs
        .iter()
        .copied()
        .map(Format::audio)
        .chain(noise)
        .chain(events)
    {
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    formats
}

/// Where a peer sends to that does not use ICE (RFC 8839 §4.2.1.2), or before it has found a way.
fn where_we_hear(local: &LocalMedia) -> SocketAddr {
    let ice = local.ice.as_ref().and_then(LocalIce::default);
    ice.unwrap_or(SocketAddr::new(local.address, local.rtp_port))
}

fn our_session(local: &LocalMedia) -> Session {
    let origin = Origin::with_ip_addr(local.session_id, local.version, local.address);
    let mut session = Session::new(origin, "-");
    session.connection = Some(Connection::from_ip_addr(where_we_hear(local).ip()));
    session
}

fn our_audio(
    local: &LocalMedia,
    proto: &str,
    formats: &[Format],
    direction: Direction,
    lines: Vec<Attribute>,
) -> Media {
    let numbers: Vec<String> = formats.iter().map(|f| f.payload_type.to_string()).collect();
    let proto = TransportProto::from(proto);
    let here = where_we_hear(local);
    let mut media = Media::new(MediaType::Audio, here.port(), proto, numbers.join(" "));
    for format in formats {
        media.add_attribute(format.rtpmap());
        media
            .attributes
            .extend(our_fmtp(local, *format).map(Attribute::from));
    }
    media.add_attribute_with_value("ptime", 20);
    // Behind a NAT nobody knows the port of RTCP; whoever speaks of ICE shares the other one.
    if let Some(port) = local
        .rtcp_port
        .filter(|port| Some(*port) != local.rtp_port.checked_add(1) && local.ice.is_none())
    {
        media.add_attribute(Rtcp::with_port(port));
    }
    media.attributes.extend(lines);
    media.add_attribute_from_str(direction.as_str());
    media
}

/// The stream that we take, with RTCP on the RTP port if the offerer can do that.
fn our_answer(local: &LocalMedia, proto: &str, choice: &Choice, direction: Direction) -> Media {
    let shared = LocalMedia {
        rtcp_port: None,
        ..local.clone()
    };
    let mux = choice.remote.rtcp_mux;
    let local = if mux { &shared } else { local };
    let mut media = our_audio(
        local,
        proto,
        &choice.formats,
        direction,
        choice.lines.clone(),
    );
    if mux {
        media.add_attribute_from_str("rtcp-mux");
    }
    // What the offerer asks for we can tell, and want to be told, too (RFC 3611 §5.2).
    if choice.remote.extended_reports != ExtendedReports::default() {
        media.add_attribute_with_value(RTCP_XR, EXTENDED_REPORTS);
    }
    media
}

/// What our decoder wants. What it does not say is as RFC 7587 §6.1 takes it to be: every bandwidth,
/// one channel, any bit rate.
fn our_fmtp(local: &LocalMedia, format: Format) -> Option<Fmtp> {
    let mut fmtp = Fmtp::new(format.payload_type);
    match format.payload {
        Payload::Audio(Codec::Opus) => {
            fmtp.add_format_specific_param(FmtpParam::with_value("useinbandfec", 1));
            if local.opus_dtx {
                fmtp.add_format_specific_param(FmtpParam::with_value("usedtx", 1));
            }
        }
        // The sixteen keys and the hook flash (RFC 4733 §2.4.1).
        Payload::Events(_) => fmtp.add_format_specific_param(FmtpParam::new("0-16")),
        Payload::Audio(_) | Payload::ComfortNoise => return None,
    }
    Some(fmtp)
}

fn to_bytes(session: &Session) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    // Writing to a vector cannot fail.
    let _ = session.write(&mut bytes);
    bytes
}
