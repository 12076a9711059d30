//! Keys as telephone events (RFC 4733), both ways.

use std::collections::VecDeque;

/// The events of RFC 4733 §3.2 in order of their codes.
const KEYS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];
/// Keys waiting to be sent; more are dropped.
const MAX_QUEUED: usize = 128;
/// How long a key sounds, in frames of 20 ms.
const KEY_FRAMES: u16 = 5;
/// The last packet of an event goes out three times (RFC 4733 §2.5.1.4) ...
const END_PACKETS: u16 = 3;
/// ... and with this many frames after it makes the gap of 60 ms between keys.
const GAP_FRAMES: u16 = 1;
/// -10 dBm0, as most phones send.
const VOLUME: u8 = 10;
/// Octets of an event's payload.
const PAYLOAD_LEN: usize = 4;
const END_BIT: u8 = 0x80;

fn code_of(key: char) -> Option<u8> {
    let key = key.to_ascii_uppercase();
    KEYS.iter()
        .position(|known| *known == key)
        .map(|code| code as u8)
}

/// An event packet to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventPacket {
    /// Set on the first packet of an event.
    pub(crate) marker: bool,
    /// Of the event's start, in every packet of it.
    pub(crate) timestamp: u32,
    pub(crate) payload: [u8; PAYLOAD_LEN],
}

/// The keys we send, one packet each 20 ms while one sounds.
#[derive(Debug, Default)]
pub(crate) struct KeySender {
    queue: VecDeque<u8>,
    present: Option<Sounding>,
}

#[derive(Debug)]
struct Sounding {
    event: u8,
    timestamp: u32,
    frame: u16,
}

impl KeySender {
    /// Queues the keys among `digits`; anything else is passed over.
    pub(crate) fn queue(&mut self, digits: &str) {
        let room = MAX_QUEUED - self.queue.len();
        self.queue
            .extend(digits.chars().filter_map(code_of).take(room));
    }

    /// Forgets what waits and what sounds: pressed while nothing can be sent, a key must not be heard
    /// minutes later.
    pub(crate) fn clear(&mut self) {
        self.queue.clear();
        self.present = None;
    }

    /// The packet in place of the audio frame that starts at `timestamp` and lasts `frame_units`
    /// of the clock; `None` lets the audio through.
    pub(crate) fn next(&mut self, timestamp: u32, frame_units: u32) -> Option<EventPacket> {
        if self.present.is_none() {
            let event = self.queue.pop_front()?;
            self.present = Some(Sounding {
                event,
                timestamp,
                frame: 0,
            });
        }
        let sounding = self.present.as_mut()?;
        sounding.frame += 1;
        let frame = sounding.frame;
        let (event, timestamp) = (sounding.event, sounding.timestamp);
        if frame >= KEY_FRAMES + END_PACKETS {
            if frame + 1 >= KEY_FRAMES + END_PACKETS + GAP_FRAMES {
                self.present = None;
            }
            return None;
        }
        let end = if frame >= KEY_FRAMES { END_BIT } else { 0 };
        let duration = u32::from(frame.min(KEY_FRAMES)) * frame_units;
        let duration = duration.min(u32::from(u16::MAX)) as u16;
        let [high, low] = duration.to_be_bytes();
        Some(EventPacket {
            marker: frame == 1,
            timestamp,
            payload: [event, end | VOLUME, high, low],
        })
    }
}

/// The keys the peer presses, each told once.
#[derive(Debug, Default)]
pub(crate) struct KeyReceiver {
    last: Option<LastEvent>,
}

#[derive(Debug, Clone, Copy)]
struct LastEvent {
    event: u8,
    timestamp: u32,
    duration: u16,
    ended: bool,
}

impl KeyReceiver {
    /// Takes an event packet and tells the key if this is the first of it: an event is known by
    /// its timestamp, so that lost, repeated and late packets of it change nothing.
    pub(crate) fn receive(&mut self, marker: bool, timestamp: u32, payload: &[u8]) -> Option<char> {
        let &[event, flags, high, low] = payload.first_chunk::<PAYLOAD_LEN>()?;
        let key = *KEYS.get(usize::from(event))?;
        let duration = u16::from_be_bytes([high, low]);
        let ended = flags & END_BIT != 0;
        if let Some(last) = &mut self.last {
            let ahead = timestamp.wrapping_sub(last.timestamp) as i32;
            if ahead < 0 {
                return None; // a late packet of an event gone by
            }
            if ahead == 0 {
                last.duration = last.duration.max(duration);
                last.ended |= ended;
                return None;
            }
            // RFC 4733 §2.5.1.3: a key held longer than the field can tell goes on in a new
            // segment that starts where the last one stopped.
            let goes_on = !marker
                && !last.ended
                && last.event == event
                && ahead as u32 <= u32::from(last.duration);
            if goes_on {
                *last = LastEvent {
                    event,
                    timestamp,
                    duration,
                    ended,
                };
                return None;
            }
        }
        self.last = Some(LastEvent {
            event,
            timestamp,
            duration,
            ended,
        });
        Some(key)
    }

    /// The peer's source began anew: its timestamps say nothing of the events before.
    pub(crate) fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME: u32 = 160;

    /// What goes on the wire for the keys, frame by frame; `None` is an audio frame.
    fn sent(digits: &str, first_timestamp: u32, frames: u32) -> Vec<Option<EventPacket>> {
        let mut sender = KeySender::default();
        sender.queue(digits);
        (0..frames)
            .map(|frame| sender.next(first_timestamp.wrapping_add(frame * FRAME), FRAME))
            .collect()
    }

    fn heard(packets: impl IntoIterator<Item = EventPacket>) -> String {
        let mut receiver = KeyReceiver::default();
        packets
            .into_iter()
            .filter_map(|packet| receiver.receive(packet.marker, packet.timestamp, &packet.payload))
            .collect()
    }

    #[test]
    fn a_key_is_five_growing_packets_with_the_last_three_times_and_a_gap_of_60_ms() {
        let frames = sent("5", 1_000, 10);
        let packets: Vec<_> = frames.iter().flatten().collect();
        assert_eq!(packets.len(), 7);
        assert!(
            packets
                .iter()
                .all(|packet| packet.timestamp == 1_000 && packet.payload[0] == 5)
        );
        let markers: Vec<_> = packets.iter().map(|packet| packet.marker).collect();
        assert_eq!(markers, [true, false, false, false, false, false, false]);
        let ends: Vec<_> = packets
            .iter()
            .map(|packet| packet.payload[1] & END_BIT != 0)
            .collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
        let durations: Vec<_> = packets
            .iter()
            .map(|packet| u16::from_be_bytes([packet.payload[2], packet.payload[3]]))
            .collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
        assert!(
            packets
                .iter()
                .all(|packet| packet.payload[1] & 0x3f == VOLUME)
        );
        assert!(
            frames[7..].iter().all(Option::is_none),
            "audio goes on after the key"
        );
    }

    #[test]
    fn keys_follow_each_other_100_ms_long_and_60_ms_apart() {
        let frames = sent("12", 0, 20);
        let starts: Vec<_> = frames
            .iter()
            .enumerate()
            .filter(|(_, packet)| packet.is_some_and(|packet| packet.marker))
            .map(|(frame, _)| frame)
            .collect();
        assert_eq!(starts, [0, 8], "160 ms from start to start");
        assert!(frames[7].is_none(), "one audio frame between them");
    }

    #[test]
    fn all_sixteen_keys_arrive_and_nothing_else_is_taken_for_one() {
        let frames = sent("0123456789*#ABCD", 0, 200);
        assert_eq!(heard(frames.into_iter().flatten()), "0123456789*#ABCD");
        assert_eq!(heard(sent("1 x2-d", 0, 60).into_iter().flatten()), "12D");
        let mut receiver = KeyReceiver::default();
        assert_eq!(
            receiver.receive(true, 0, &[16, 10, 0, 160]),
            None,
            "flash is no key"
        );
        assert_eq!(receiver.receive(true, 0, &[1, 10, 0]), None, "too short");
    }

    #[test]
    fn each_key_is_heard_once_whichever_six_of_its_seven_packets_are_lost() {
        let packets: Vec<_> = sent("77", 0, 20).into_iter().flatten().collect();
        for first in 0..7 {
            for second in 7..14 {
                assert_eq!(
                    heard([packets[first], packets[second]]),
                    "77",
                    "{first} and {second}"
                );
            }
        }
    }

    #[test]
    fn a_late_end_of_the_key_before_is_not_a_key() {
        let packets: Vec<_> = sent("12", 0, 20).into_iter().flatten().collect();
        let mut order = packets.clone();
        order.swap(6, 7); // the last packet of 1 after the first of 2
        assert_eq!(heard(order), "12");
    }

    #[test]
    fn a_key_held_beyond_the_duration_field_is_one_key() {
        let mut receiver = KeyReceiver::default();
        assert_eq!(receiver.receive(true, 0, &[3, 10, 0, 160]), Some('3'));
        assert_eq!(receiver.receive(false, 0, &[3, 10, 0xff, 0xff]), None);
        assert_eq!(receiver.receive(false, 0xffff, &[3, 10, 0, 160]), None);
        assert_eq!(receiver.receive(false, 0xffff, &[3, 0x8a, 1, 0]), None);
        assert_eq!(
            receiver.receive(true, 0x1_8000, &[3, 10, 0, 160]),
            Some('3')
        );
    }

    proptest! {
        #[test]
        fn keys_survive_loss_duplication_and_the_wrap_of_the_clock(
            digits in "[0-9*#A-D]{1,12}",
            first_timestamp: u32,
            fate in proptest::collection::vec(0_u8..4, 7 * 12),
        ) {
            let packets: Vec<_> = sent(&digits, first_timestamp, 150).into_iter().flatten().collect();
            let mut arrived = Vec::new();
            for (key, packets) in packets.chunks(7).enumerate() {
                for (index, packet) in packets.iter().enumerate() {
                    // Of each key's packets any may be lost but one.
                    let copies = if index == key % 7 { 1 } else { fate[key * 7 + index] };
                    arrived.extend(std::iter::repeat_n(*packet, usize::from(copies)));
                }
            }
            prop_assert_eq!(heard(arrived), digits);
        }

        #[test]
        fn no_payload_panics(
            packets in proptest::collection::vec(
                (any::<bool>(), any::<u32>(), proptest::collection::vec(any::<u8>(), 0..6)), 0..40,
            ),
        ) {
            let mut receiver = KeyReceiver::default();
            for (marker, timestamp, payload) in packets {
                receiver.receive(marker, timestamp, &payload);
            }
        }
    }
}
