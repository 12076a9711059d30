//! Two voices in one Opus packet, each coded by itself (RFC 7845 §5.1.1.2, mapping family 1 without coupled streams): what
//! one side says is not heard on the other's channel, as it is where both are coded as the sides of one stereo sound.

use std::io;

/// What the identification header says of it after the channels' number and rates: the family, streams, coupled ones,
/// and which stream each channel is.
pub const MAPPING: [u8; 5] = [1, 2, 0, 0, 1];

/// Octets before the first packet's end that tell its length, at most, and the longest frame (RFC 6716 §3.2.1).
const LONGEST: usize = 1_275;

/// Both packets in one, the first with its length (RFC 6716, appendix B).
///
/// # Errors
/// A packet holds more than one frame, which our encoders never give.
pub fn join(first: &[u8], second: &[u8]) -> io::Result<Vec<u8>> {
    let [toc, frame @ ..] = first else {
        return Err(io::Error::other("an empty Opus packet"));
    };
    if !is_single(*toc) || frame.len() > LONGEST {
        return Err(io::Error::other("an Opus packet of several frames"));
    }
    let mut packet = Vec::with_capacity(first.len() + 2 + second.len());
    packet.push(*toc);
    match frame.len() {
        len @ ..252 => packet.push(len as u8),
        len => {
            let low = 252 + (len & 3);
            packet.extend([low as u8, ((len - low) / 4) as u8]);
        }
    }
    packet.extend(frame);
    packet.extend(second);
    Ok(packet)
}

/// The two packets of one that [`join`] has made; the first one's octets are put into `first`. `None`: it is none.
pub fn split<'a>(packet: &'a [u8], first: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&toc, rest) = packet.split_first().filter(|(toc, _)| is_single(**toc))?;
    let (&low, rest) = rest.split_first()?;
    let (len, rest) = match usize::from(low) {
        len @ ..252 => (len, rest),
        low => {
            let (&high, rest) = rest.split_first()?;
            (low + 4 * usize::from(high), rest)
        }
    };
    let (frame, second) = rest.split_at_checked(len)?;
    first.clear();
    first.push(toc);
    first.extend(frame);
    Some(second)
}

/// Whether a packet holds one frame: code 0 (RFC 6716 §3.2.2).
fn is_single(toc: u8) -> bool {
    toc & 3 == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets_of_every_length_come_apart_as_they_were() {
        for len in 1..=LONGEST {
            let first: Vec<u8> = (0..=len).map(|at| (at * 4) as u8).collect();
            let second = [8, 1, 2, 3];
            let mut read = Vec::new();
            let rest = split(&join(&first, &second).unwrap(), &mut read).map(<[u8]>::to_vec);
            assert_eq!((read, rest), (first, Some(second.to_vec())));
        }
    }

    #[test]
    fn what_is_no_such_packet_is_refused() {
        assert!(join(&[], &[8]).is_err());
        assert!(join(&[1, 2], &[8]).is_err(), "two frames");
        for packet in [
            &[][..],
            &[8],
            &[9, 0],
            &[8, 3, 1, 2],
            &[8, 252],
            &[8, 252, 1],
        ] {
            assert_eq!(split(packet, &mut Vec::new()), None, "{packet:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_read_makes_it_fail(packet in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let mut first = Vec::new();
            if let Some(second) = split(&packet, &mut first) {
                prop_assert!(first.len() + second.len() < packet.len());
            }
        }
    }
}
