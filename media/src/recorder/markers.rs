//! Where a recording was paused, kept in its file, so that it goes wherever the file goes: a WAV file has cue points
//! with labels (Multimedia Programming Interface and Data Specifications 1.0, "cue" and "adtl"), an Ogg Opus file has
//! chapters among its comments (RFC 7845 §5.2). Players of either show them.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use super::{ReadError, duration};

/// What a place is called at which a recording was paused, and one at which it went on.
const PAUSED: &str = "Recording paused";
const RESUMED: &str = "Recording resumed";

/// Octets of a chunk that is looked into at most: some ten thousand pauses.
const LONGEST_CHUNK: u32 = 1 << 20;

/// A stretch of a recording that is silent because somebody paused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since the beginning of the recording.
    pub from: Duration,
    /// Since the beginning of the recording.
    pub to: Duration,
}

/// The pauses of a recording, in their order, as its file has them. A recording that was cut off by a crash has its
/// silence, but nothing that says why.
///
/// # Errors
/// The file cannot be read.
pub fn pauses(path: &Path) -> Result<Vec<Pause>, ReadError> {
    let mut file = BufReader::new(File::open(path)?);
    let mut magic = [0; 4];
    let read = file.read(&mut magic)?;
    file.rewind()?;
    if magic[..read] == *b"OggS" {
        let mut packets = ogg::PacketReader::new(file);
        let mut packet = || packets.read_packet_expected();
        let damaged = |error: ogg::OggReadError| ReadError::Damaged(error.to_string());
        packet().map_err(damaged)?;
        return Ok(of_comments(&packet().map_err(damaged)?.data));
    }
    Ok(of_chunks(&mut file)?)
}

/// What follows the sound of a WAV file at `rate` Hz with these pauses, given in samples; nothing where there are none.
pub fn chunks(pauses: &[(u64, u64)]) -> Vec<u8> {
    if pauses.is_empty() {
        return Vec::new();
    }
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    let mut points = number(pauses.len() as u64).to_vec();
    let mut labels = b"adtl".to_vec();
    for (id, (from, to)) in (1..).zip(pauses) {
        let point = [
            number(id),
            number(*from),
            *b"data",
            [0; 4],
            [0; 4],
            number(*from),
        ];
        points.extend(point.concat());
        let length = [number(id), number(to - from), *b"rgn ", [0; 4], [0; 4]].concat();
        labels.extend(chunk(b"ltxt", &length));
        let label = [&number(id)[..], PAUSED.as_bytes(), b"\0"].concat();
        labels.extend(chunk(b"labl", &label));
    }
    [chunk(b"cue ", &points), chunk(b"LIST", &labels)].concat()
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u32).to_le_bytes();
    let padding = &[0][..body.len() % 2];
    [name, &len[..], body, padding].concat()
}

/// The pauses that the chunks of a WAV file tell of.
fn of_chunks(file: &mut (impl Read + Seek)) -> io::Result<Vec<Pause>> {
    let (mut rate, mut points, mut lengths) = (0, Vec::new(), Vec::new());
    file.seek(SeekFrom::Start(12))?;
    while let Some((name, len)) = read_header(file)? {
        let begin = file.stream_position()?;
        let mut body = Vec::new();
        if matches!(&name, b"fmt " | b"cue " | b"LIST") && len <= LONGEST_CHUNK {
            file.take(len.into()).read_to_end(&mut body)?;
        }
        match &name {
            b"fmt " => rate = number(&body, 4).unwrap_or(0),
            b"cue " => points.extend(
                body.get(4..)
                    .unwrap_or_default()
                    .chunks_exact(24)
                    .map(point),
            ),
            b"LIST" => lengths.extend(labelled(&body)),
            _ => {}
        }
        file.seek(SeekFrom::Start(begin + u64::from(len) + u64::from(len % 2)))?;
    }
    let pause = |(id, len): (u32, u32)| {
        let (_, from) = points.iter().find(|(point, _)| *point == id)?;
        let [from, to] = [u64::from(*from), u64::from(*from) + u64::from(len)];
        Some(Pause {
            from: duration(from, rate),
            to: duration(to, rate),
        })
    };
    Ok(lengths.into_iter().filter_map(pause).collect())
}

/// The name and the length of the next chunk.
fn read_header(file: &mut impl Read) -> io::Result<Option<([u8; 4], u32)>> {
    let mut header = Vec::new();
    file.take(8).read_to_end(&mut header)?;
    let name = header.first_chunk().copied();
    Ok(name.zip(number(&header, 4)))
}

fn number(octets: &[u8], at: usize) -> Option<u32> {
    let number = octets.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*number))
}

/// A cue point's name and the sample at which it is.
fn point(octets: &[u8]) -> (u32, u32) {
    (
        number(octets, 0).unwrap_or(0),
        number(octets, 20).unwrap_or(0),
    )
}

/// The names of the cue points that begin a stretch, and how many samples it has.
fn labelled(list: &[u8]) -> Vec<(u32, u32)> {
    let mut lengths = Vec::new();
    let mut rest = list.strip_prefix(b"adtl").unwrap_or_default();
    while let (Some(name), Some(len)) = (rest.get(..4), number(rest, 4)) {
        let body = &rest[8..];
        if let (b"ltxt", Some(id), Some(length)) = (name, number(body, 0), number(body, 4)) {
            lengths.push((id, length));
        }
        rest = body
            .get(len as usize + len as usize % 2..)
            .unwrap_or_default();
    }
    lengths
}

/// Octets of the comments of an Ogg Opus file, so that they can be written anew when the pauses are known: room for
/// some thirty of them. With both headers' pages around them they fit into one block of a disk, 4096 octets, so that
/// whoever writes them anew and loses power leaves the old ones or the new.
const COMMENTS: usize = 4_000;

/// The comment header of an Ogg Opus file (RFC 7845 §5.2): who wrote it, and two chapters a pause, which are as many
/// of the first as there is room for. It says nothing about whom the recording is of.
pub fn comments(pauses: &[Pause]) -> Vec<u8> {
    let vendor = b"Ringbook";
    let mut packet = b"OpusTags".to_vec();
    packet.extend((vendor.len() as u32).to_le_bytes());
    packet.extend(vendor);
    let count_at = packet.len();
    packet.extend([0; 4]);
    let mut count = 0_u32;
    let places = pauses
        .iter()
        .flat_map(|pause| [(pause.from, PAUSED), (pause.to, RESUMED)]);
    for (number, (at, name)) in (1..).zip(places) {
        let comments = [
            format!("CHAPTER{number:03}={}", clock(at)),
            format!("CHAPTER{number:03}NAME={name}"),
        ];
        let len: usize = comments.iter().map(|comment| 4 + comment.len()).sum();
        if packet.len() + len > COMMENTS {
            break;
        }
        for comment in comments {
            packet.extend((comment.len() as u32).to_le_bytes());
            packet.extend(comment.as_bytes());
            count += 1;
        }
    }
    packet[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
    packet.resize(COMMENTS, 0);
    packet
}

/// `01:02:03.004`
fn clock(at: Duration) -> String {
    let (seconds, ms) = (at.as_secs(), at.subsec_millis());
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{ms:03}", seconds % 60)
}

fn from_clock(text: &str) -> Option<Duration> {
    let mut parts = text.splitn(3, ':');
    let [hours, minutes] = [
        parts.next()?.parse::<u32>().ok()?,
        parts.next()?.parse::<u32>().ok()?,
    ];
    let whole = Duration::from_secs(u64::from(hours) * 3_600 + u64::from(minutes) * 60);
    let seconds = Duration::try_from_secs_f64(parts.next()?.parse().ok()?).ok()?;
    whole.checked_add(seconds)
}

/// The pauses that the comments of an Ogg Opus file tell of.
fn of_comments(packet: &[u8]) -> Vec<Pause> {
    let mut rest = packet.strip_prefix(b"OpusTags").unwrap_or_default();
    let text = |rest: &mut &[u8]| {
        let len = number(rest, 0)? as usize;
        let text = rest.get(4..)?.get(..len)?;
        *rest = &rest[4 + len..];
        Some(String::from_utf8_lossy(text).into_owned())
    };
    text(&mut rest);
    let count = number(rest, 0).unwrap_or(0);
    rest = rest.get(4..).unwrap_or_default();
    let (mut pauses, mut at, mut from) = (Vec::new(), None, None);
    for comment in (0..count).map_while(|_| text(&mut rest)) {
        match comment.split_once('=') {
            Some((key, name)) if key.ends_with("NAME") => match name {
                PAUSED => from = at,
                RESUMED => pauses.extend(from.take().zip(at).map(|(from, to)| Pause { from, to })),
                _ => {}
            },
            Some((_, time)) => at = from_clock(time),
            None => {}
        }
    }
    pauses
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    #[test]
    fn comments_come_back_as_they_were_written_as_many_as_there_is_room_for() {
        let pause = |second: u64| Pause {
            from: Duration::from_millis(second * 1_000 + 20),
            to: Duration::from_millis(second * 1_000 + 980),
        };
        for count in [0, 1, 5, 30, 200] {
            let pauses: Vec<_> = (0..count).map(|number| pause(number * 3_599)).collect();
            let packet = comments(&pauses);
            assert_eq!(packet.len(), COMMENTS);
            let read = of_comments(&packet);
            assert_eq!(read, pauses[..read.len()]);
            assert_eq!(read.len(), pauses.len().min(31), "{count}");
        }
    }

    #[test]
    fn chunks_come_back_as_they_were_written() {
        let header = super::super::wav::header(2, 8_000, 0);
        let pauses = [(8_000, 12_000), (80_160, 80_320)];
        let mut file = Cursor::new([&header[..], &chunks(&pauses)].concat());
        let ms = Duration::from_millis;
        let expected = [(1_000, 1_500), (10_020, 10_040)].map(|(from, to)| Pause {
            from: ms(from),
            to: ms(to),
        });
        assert_eq!(of_chunks(&mut file).unwrap(), expected);
        assert!(chunks(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn whatever_stands_there_reading_it_ends_without_a_panic(
            octets in proptest::collection::vec(any::<u8>(), 0..300),
            at in 0_usize..400,
        ) {
            of_comments(&octets);
            let header = super::super::wav::header(2, 8_000, 0);
            let mut file = [&header[..], &chunks(&[(8_000, 12_000), (16_000, 17_000)])].concat();
            let at = at.min(file.len());
            file.splice(at.., octets.iter().copied());
            of_chunks(&mut Cursor::new(file)).unwrap();
            let mut comments = comments(&[Pause { from: Duration::ZERO, to: Duration::from_secs(1) }]);
            comments.splice(at.., octets);
            of_comments(&comments);
        }
    }
}
