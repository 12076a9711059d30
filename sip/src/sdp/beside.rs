//! The streams beside our audio: refused once, they keep their places in every later description
//! of the dialog (RFC 3264 §8).

use sdp_types::{Media, Session};

/// The refused streams of our last description, in front of our audio and behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    before: Vec<Stream>,
    after: Vec<Stream>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stream {
    media: String,
    proto: String,
    /// One format has to be listed; which one means nothing.
    format: String,
}

impl Beside {
    /// Those of a description of ours.
    pub(super) fn of(session: &Session) -> Beside {
        let live = session.medias.iter().position(|media| media.port != 0);
        let (before, rest) = session.medias.split_at(live.unwrap_or_default());
        Beside {
            before: before.iter().map(Stream::of).collect(),
            after: rest.iter().skip(1).map(Stream::of).collect(),
        }
    }

    /// The place of our audio.
    pub(super) fn place(&self) -> usize {
        self.before.len()
    }

    /// All streams, ours at its place.
    pub(super) fn around(&self, audio: Media) -> impl Iterator<Item = Media> {
        let before = self.before.iter().map(Stream::refused);
        before
            .chain([audio])
            .chain(self.after.iter().map(Stream::refused))
    }
}

impl Stream {
    fn of(media: &Media) -> Stream {
        let format = media.fmt.split_ascii_whitespace().next().unwrap_or("0");
        Stream {
            media: media.media.clone(),
            proto: media.proto.clone(),
            format: format.to_owned(),
        }
    }

    fn refused(&self) -> Media {
        Media {
            media: self.media.clone(),
            port: 0,
            num_ports: None,
            proto: self.proto.clone(),
            fmt: self.format.clone(),
            media_title: None,
            connections: Vec::new(),
            bandwidths: Vec::new(),
            key: None,
            attributes: Vec::new(),
        }
    }
}

/// A stream refused: port zero, at its place (RFC 3264 §6).
pub(super) fn refused(media: &Media) -> Media {
    Stream::of(media).refused()
}
