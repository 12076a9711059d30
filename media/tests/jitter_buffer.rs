//! The jitter buffer by itself: one packet, one decision.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use ringbook_media::jitter_buffer::{Demand, JitterBuffer, Next, Pace, Slot};
use ringbook_media::rtp::Packet;

/// 20 ms at 8000 Hz.
const FRAME: i64 = 160;
const DEMAND: Demand = Demand {
    held: 0,
    wanted: FRAME,
    pull: FRAME,
    reserve: 0,
};

fn number(slot: &Slot) -> u16 {
    u16::from_be_bytes(slot.payload[..].try_into().unwrap())
}

/// What was decided, without the borrow.
#[derive(Debug, PartialEq)]
enum Did {
    /// The packet with this number, and the pace it should have.
    Play(u16, Pace),
    /// So many units, knowing the packet with this number next.
    Conceal(i64, Option<u16>),
    Silence(i64),
}

struct Bench {
    start: Instant,
    buffer: JitterBuffer,
}

impl Bench {
    fn new() -> Self {
        Bench {
            start: Instant::now(),
            buffer: JitterBuffer::new(8_000),
        }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    /// Packet `number` of a steady sender arrives.
    fn insert(&mut self, ms: u64, number: u16) {
        let packet = Packet {
            marker: false,
            payload_type: 0,
            sequence: number,
            timestamp: 1_000 + u32::from(number) * FRAME as u32,
            ssrc: 1,
            payload: &number.to_be_bytes(),
        };
        self.buffer
            .insert(self.at(ms), 1 + u64::from(number), &packet);
    }

    fn pull(&mut self, ms: u64) -> Did {
        let now = self.at(ms);
        let did = match self.buffer.next(now, DEMAND) {
            Next::Play(slot, pace) => Did::Play(number(slot), pace),
            Next::Conceal(units, following) => {
                Did::Conceal(units, following.map(|following| number(following.slot)))
            }
            Next::Silence(units) => Did::Silence(units),
        };
        if let Did::Play(..) = did {
            self.buffer.played(now, 0, FRAME);
        }
        did
    }

    /// The packets that were discarded since it was last asked.
    fn unheard(&mut self) -> Vec<u16> {
        let numbers = self.buffer.drain_discarded();
        numbers.map(|sequence| sequence as u16 - 1).collect()
    }

    fn plays(&mut self, ms: u64) -> Option<u16> {
        match self.pull(ms) {
            Did::Play(number, _) => Some(number),
            _ => None,
        }
    }
}

#[test]
fn packets_play_in_order_however_they_come() {
    let mut bench = Bench::new();
    for (ms, number) in [(0, 0), (20, 2), (21, 1), (22, 3)] {
        bench.insert(ms, number);
    }
    assert_eq!(bench.pull(5), Did::Play(0, Pace::Even));
    for (ms, number) in [(25, 1), (45, 2), (65, 3)] {
        assert_eq!(bench.plays(ms), Some(number));
    }
}

#[test]
fn before_anything_came_there_is_silence() {
    assert_eq!(Bench::new().pull(0), Did::Silence(FRAME));
}

#[test]
fn a_lost_packet_is_concealed_once_and_the_next_one_is_at_hand_if_it_came() {
    let mut bench = Bench::new();
    bench.insert(0, 0);
    assert_eq!(bench.plays(5), Some(0));
    bench.insert(21, 2);
    assert_eq!(bench.pull(25), Did::Conceal(FRAME, Some(2)));
    assert_eq!(bench.plays(45), Some(2));
    // Packet 3 is lost, and 4 is not there yet when its turn comes.
    assert_eq!(bench.pull(65), Did::Conceal(FRAME, None));
    bench.insert(80, 4);
    assert_eq!(bench.plays(85), Some(4));
    bench.insert(90, 3);
    assert_eq!(bench.buffer.discarded().late, 1);
    assert_eq!(bench.unheard(), [3]);
    assert!(bench.unheard().is_empty(), "told once");
}

#[test]
fn what_a_stall_held_back_is_all_played_and_then_caught_up_with() {
    let mut bench = Bench::new();
    for number in 0..50 {
        bench.insert(u64::from(number) * 20, number);
        assert_eq!(bench.plays(u64::from(number) * 20 + 5), Some(number));
    }
    for frame in 0..5 {
        assert_eq!(bench.pull(1_005 + frame * 20), Did::Conceal(FRAME, None));
    }
    for number in 50..56 {
        bench.insert(1_100, number);
    }
    let mut shorter = false;
    for number in 50..1_500 {
        let ms = 1_105 + u64::from(number - 50) * 20;
        match bench.pull(ms) {
            Did::Play(played, pace) => {
                assert_eq!(played, number);
                shorter |= matches!(pace, Pace::Shorter { in_voice: true, .. });
            }
            other => panic!("{other:?} for {number}"),
        }
        let next = number + 6;
        bench.insert(ms + 15, next);
    }
    assert!(shorter, "asks to be brought back in time");
    assert_eq!(bench.buffer.discarded().late, 0);
}

#[test]
fn a_long_gap_turns_to_silence_and_the_voice_after_it_starts_at_once() {
    let mut bench = Bench::new();
    bench.insert(0, 0);
    assert_eq!(bench.plays(5), Some(0));
    let mut concealed = 0;
    for frame in 0..100 {
        match bench.pull(25 + frame * 20) {
            Did::Conceal(..) => concealed += 1,
            Did::Silence(_) => {}
            Did::Play(..) => panic!("nothing came"),
        }
    }
    assert_eq!(concealed, 6, "120 ms");
    bench.insert(101 * 20, 101);
    let played = (0..3).find_map(|frame| bench.plays(2_025 + frame * 20));
    assert_eq!(played, Some(101));
}

#[test]
fn a_buffer_not_pulled_from_holds_the_newest_and_goes_on_near_live() {
    let mut bench = Bench::new();
    for number in 0..200 {
        bench.insert(u64::from(number) * 20, number);
    }
    let first = bench.plays(4_000).unwrap();
    assert!(first >= 195, "{first}");
    assert!(bench.buffer.discarded().skipped >= 190);
    let skipped: Vec<_> = (0..first).collect();
    assert_eq!(bench.unheard(), skipped);
    assert!(bench.buffer.delay_ms() <= 40.0);
}

#[test]
fn lookahead_asks_for_time_to_see_the_next_packet() {
    let mut bench = Bench::new();
    bench.buffer.set_lookahead(FRAME);
    bench.insert(0, 0);
    match bench.pull(5) {
        Did::Play(
            0,
            Pace::Longer {
                units,
                in_voice: true,
            },
        ) => assert!(units >= 120, "{units}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reserve_is_built_up_and_kept_and_given_back() {
    let mut bench = Bench::new();
    bench.insert(0, 0);
    let now = bench.at(5);
    let mut pace = |held, reserve| {
        let demand = Demand {
            held,
            wanted: FRAME - held,
            pull: FRAME,
            reserve,
        };
        match bench.buffer.next(now, demand) {
            Next::Play(_, pace) => pace,
            other => panic!("{other:?}"),
        }
    };
    let longer = |units| Pace::Longer {
        units,
        in_voice: true,
    };
    assert_eq!(pace(0, 96), longer(96));
    assert_eq!(pace(60, 96), longer(36));
    assert_eq!(pace(96, 96), Pace::Even);
    let shorter = Pace::Shorter {
        units: 96,
        in_voice: false,
    };
    assert_eq!(pace(96, 0), shorter);
}

proptest! {
    #[test]
    fn each_packet_is_played_once_in_order_or_counted_as_discarded(
        arrivals in proptest::collection::vec((0_u16..200, 0_u64..4_000), 1..200),
    ) {
        let mut bench = Bench::new();
        let mut arrivals: Vec<_> = arrivals
            .into_iter()
            .map(|(number, delay)| (u64::from(number) * 20 + delay, number))
            .collect();
        arrivals.sort_unstable();
        let mut seen = std::collections::HashSet::new();
        arrivals.retain(|(_, number)| seen.insert(*number));
        let mut inserted = 0;
        let mut played = Vec::new();
        let mut coming = arrivals.iter().peekable();
        for frame in 0..500 {
            let now = frame * 20 + 7;
            while let Some((ms, number)) = coming.next_if(|(ms, _)| *ms <= now) {
                bench.insert(*ms, *number);
                inserted += 1;
            }
            played.extend(bench.plays(now));
        }
        let played_once: std::collections::HashSet<_> = played.iter().collect();
        prop_assert_eq!(played_once.len(), played.len(), "none twice");
        let discarded = bench.buffer.discarded();
        // A leap empties the buffer without counting: what came is at most what is accounted for.
        prop_assert!(played.len() as u64 + discarded.late + discarded.skipped <= inserted);
    }
}
