//! How the sound fared from one sample to the next.

use ringbook_media::codec::Codec;
use ringbook_media::quality::{self, Path};
use serde::Serialize;

use super::record::{Flight, Happening, Sample};

/// A voice waits for its frame to fill and to play, besides buffer and network.
const FRAMING_DELAY_MS: f32 = 20.0;

/// The sound between two samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Milliseconds since the call began.
    pub from_ms: u32,
    /// Milliseconds since the call began.
    pub to_ms: u32,
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets received.
    pub received: u64,
    /// Share of packets that never came.
    pub loss: f32,
    /// Share of packets that came too late to be heard.
    pub late: f32,
    /// Share of the time that was made up.
    pub concealed: f32,
    /// Interarrival jitter at its end, ms.
    pub jitter_ms: f32,
    /// Round trip at its end, ms.
    pub rtt_ms: Option<f32>,
    /// What the jitter buffer added at its end, ms.
    pub delay_ms: f32,
    /// Share of our packets that the other side lost.
    pub remote_loss: f32,
    /// Opinion score of this interval alone (ITU-T G.107), of the whole call in [`total`]; none where
    /// nothing was received.
    pub mos: Option<f32>,
    /// The same of one who only listens, of the call until then.
    pub mos_listening: Option<f32>,
    /// What the other side said of our voice by then (RFC 3611 §4.7): of the conversation, and of one who
    /// only listens.
    pub remote_mos: Option<f32>,
    /// See above.
    pub remote_mos_listening: Option<f32>,
}

/// Each interval between two samples of the flight; the first begins with the call.
pub fn intervals(flight: &Flight) -> Vec<Interval> {
    let begin = Sample {
        at_ms: media_began(flight),
        sent: 0,
        received: 0,
        lost: 0,
        late: 0,
        concealed: 0,
        jitter_ms: 0.0,
        rtt_ms: None,
        delay_ms: 0.0,
        remote_loss: 0.0,
        remote_jitter_ms: 0.0,
        mos: 0.0,
        mos_listening: None,
        remote_mos: None,
        remote_mos_listening: None,
    };
    let before = std::iter::once(&begin).chain(&flight.samples);
    before
        .zip(&flight.samples)
        .map(|(from, to)| interval(flight, from, to))
        .collect()
}

/// At most `rows` intervals that together are the whole call.
pub fn condensed(flight: &Flight, rows: usize) -> Vec<Interval> {
    let step = flight.samples.len().div_ceil(rows.max(1)).max(1);
    let last = flight.samples.len().checked_sub(1);
    let kept = |place: usize| (place + 1).is_multiple_of(step) || Some(place) == last;
    let samples = flight.samples.iter().enumerate();
    let few = Flight {
        samples: samples
            .filter(|(place, _)| kept(*place))
            .map(|(_, sample)| *sample)
            .collect(),
        messages: Vec::new(),
        ..flight.clone()
    };
    intervals(&few)
}

/// The whole call as one interval, with the score that the stream gave it: it knows in which pattern
/// packets were missing, and the delays of every moment.
pub fn total(flight: &Flight) -> Option<Interval> {
    let whole = condensed(flight, 1).into_iter().next()?;
    let score = flight.samples.last().map(|sample| sample.mos);
    Some(Interval {
        mos: whole.mos.and(score),
        ..whole
    })
}

/// When offer and answer first agreed.
fn media_began(flight: &Flight) -> u32 {
    let agreed = |note: &&super::Note| matches!(note.what, Happening::Media { .. });
    flight
        .notes
        .iter()
        .find(agreed)
        .map_or(0, |note| note.at_ms)
}

/// The codec agreed on at this moment.
pub fn codec_at(flight: &Flight, at_ms: u32) -> Option<&str> {
    let before = flight.notes.iter().filter(|note| note.at_ms <= at_ms);
    let codec = |what: &'_ Happening| matches!(what, Happening::Media { .. });
    before
        .rev()
        .map(|note| &note.what)
        .find(|what| codec(what))
        .and_then(|what| match what {
            Happening::Media { codec, .. } => Some(codec.as_str()),
            _ => None,
        })
}

fn codec_of(word: &str) -> Option<Codec> {
    Some(match word {
        "opus" => Codec::Opus,
        "g722" => Codec::G722,
        "pcma" => Codec::Pcma,
        "pcmu" => Codec::Pcmu,
        _ => return None,
    })
}

fn interval(flight: &Flight, from: &Sample, to: &Sample) -> Interval {
    let more = |of: fn(&Sample) -> u64| of(to).saturating_sub(of(from));
    let (received, lost, late) = (more(|s| s.received), more(|s| s.lost), more(|s| s.late));
    let share = |part: u64, of: u64| match of {
        0 => 0.0,
        of => (part as f32 / of as f32).min(1.0),
    };
    let expected = received + lost;
    let (loss, late) = (share(lost, expected), share(late, expected));
    let lasted = u64::from(to.at_ms.saturating_sub(from.at_ms));
    let codec = codec_at(flight, to.at_ms).and_then(codec_of);
    let mos = codec.filter(|_| received > 0).map(|codec| {
        quality::mos(&Path {
            codec,
            loss: (loss + late).min(1.0),
            // Of a stretch of the call the pattern is not kept.
            burst_ratio: 1.0,
            delay_ms: to.rtt_ms.unwrap_or(0.0) / 2.0 + to.delay_ms + FRAMING_DELAY_MS,
        })
    });
    Interval {
        from_ms: from.at_ms,
        to_ms: to.at_ms,
        sent: more(|s| s.sent),
        received,
        loss,
        late,
        concealed: share(more(|s| s.concealed) * 20, lasted),
        jitter_ms: to.jitter_ms,
        rtt_ms: to.rtt_ms,
        delay_ms: to.delay_ms,
        remote_loss: to.remote_loss,
        mos,
        mos_listening: to.mos_listening,
        remote_mos: to.remote_mos,
        remote_mos_listening: to.remote_mos_listening,
    }
}
