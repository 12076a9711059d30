//! RTCP sender and receiver reports (RFC 3550 §6) for a call of two.

use std::time::{Duration, Instant};

use rtcp_types::prelude::*;
use rtcp_types::{
    Bye, Compound, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, RtcpWriteError, Sdes,
    SdesChunk, SdesItem, SenderReport,
};

use super::Source;
use crate::random::Random;

/// RFC 3550 §6.2: the least time between reports, before it is randomised.
const INTERVAL: Duration = Duration::from_secs(5);
/// The first comes sooner, so that short calls have a round trip, too.
const FIRST_INTERVAL: Duration = Duration::from_secs(1);
/// SDES item type CNAME (RFC 3550 §6.5.1) and its longest value.
const CNAME: u8 = 1;
const MAX_CNAME: usize = 255;
/// Our NTP clock counts from the first report's time; the offset keeps it off zero, which in
/// LSR would mean "none yet". RFC 3550 §6.4.1 allows a clock without the date.
const NTP_OFFSET: Duration = Duration::from_secs(3_600);

/// What we have sent, for the sender report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SentSoFar {
    pub(crate) ssrc: u32,
    pub(crate) packets: u64,
    pub(crate) octets: u64,
    /// The RTP timestamp that stands for now.
    pub(crate) timestamp: u32,
}

/// What the peer's reports say of us.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Feedback {
    pub(crate) round_trip: Option<Duration>,
    /// Packets of ours that never reached it.
    pub(crate) lost: u32,
    /// The share lost lately, 256ths.
    pub(crate) fraction_lost: u8,
    /// In units of our RTP clock.
    pub(crate) jitter: u32,
}

/// When to report, and what was heard from the peer's reports.
#[derive(Debug)]
pub(crate) struct Reports {
    cname: String,
    random: Random,
    epoch: Option<Instant>,
    next: Option<Instant>,
    /// The middle of the peer's last NTP timestamp and when it came (RFC 3550 §6.4.1: LSR, DLSR).
    last_sender_report: Option<(u32, Instant)>,
    packets_reported: u64,
    feedback: Feedback,
}

/// What a compound packet from the peer brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// A report about our packets.
    pub(crate) report: bool,
    /// The peer's source has left.
    pub(crate) bye: bool,
}

impl Reports {
    pub(crate) fn new(mut cname: String, random: Random) -> Self {
        while cname.len() > MAX_CNAME {
            cname.pop();
        }
        Reports {
            cname,
            random,
            epoch: None,
            next: None,
            last_sender_report: None,
            packets_reported: 0,
            feedback: Feedback::default(),
        }
    }

    pub(crate) fn feedback(&self) -> &Feedback {
        &self.feedback
    }

    /// Whether a report is due. The first question starts the clock.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        match self.next {
            Some(next) => now >= next,
            None => {
                self.next = Some(now + self.randomised(FIRST_INTERVAL));
                false
            }
        }
    }

    /// RFC 3550 §6.3.1: between half and one and a half of the interval, so that reports of many
    /// calls do not fall on one moment.
    fn randomised(&mut self, interval: Duration) -> Duration {
        interval.mul_f32(0.5 + self.random.next_f32())
    }

    /// 64-bit NTP time of a clock of our own.
    fn ntp(&mut self, now: Instant) -> u64 {
        let epoch = *self.epoch.get_or_insert(now);
        let time = now.saturating_duration_since(epoch) + NTP_OFFSET;
        (time.as_secs() << 32) | ((u64::from(time.subsec_nanos()) << 32) / 1_000_000_000)
    }

    /// Writes the compound packet that is due: SR or RR, CNAME, and BYE at the end.
    pub(crate) fn write(
        &mut self,
        now: Instant,
        sent: SentSoFar,
        source: &mut Source,
        bye: bool,
        out: &mut [u8],
    ) -> Result<usize, RtcpWriteError> {
        self.next = Some(now + self.randomised(INTERVAL));
        let ntp_timestamp = self.ntp(now);
        let block = self.report_block(now, source);
        // RFC 3550 §6.4: who has sent since the last report is a sender.
        let is_sender = sent.packets > self.packets_reported;
        self.packets_reported = sent.packets;
        let mut len = if is_sender {
            let mut report = SenderReport::builder(sent.ssrc)
                .ntp_timestamp(ntp_timestamp)
                .rtp_timestamp(sent.timestamp)
                .packet_count(sent.packets as u32)
                .octet_count(sent.octets as u32);
            if let Some(block) = block {
                report = report.add_report_block(block);
            }
            report.write_into(out)?
        } else {
            let mut report = ReceiverReport::builder(sent.ssrc);
            if let Some(block) = block {
                report = report.add_report_block(block);
            }
            report.write_into(out)?
        };
        let cname = SdesChunk::builder(sent.ssrc).add_item(SdesItem::builder(CNAME, &self.cname));
        len += Sdes::builder()
            .add_chunk(cname)
            .write_into(&mut out[len..])?;
        if bye {
            len += Bye::builder()
                .add_source(sent.ssrc)
                .write_into(&mut out[len..])?;
        }
        Ok(len)
    }

    fn report_block(&self, now: Instant, source: &mut Source) -> Option<ReportBlockBuilder> {
        let ssrc = source.ssrc()?;
        let jitter = source.jitter() as u32;
        let (highest, lost, fraction_lost) = source.report()?;
        let (last, delay) = match self.last_sender_report {
            Some((last, at)) => (last, to_ntp_short(now.saturating_duration_since(at))),
            None => (0, 0),
        };
        Some(
            ReportBlock::builder(ssrc)
                .extended_sequence_number(highest)
                .cumulative_lost(lost)
                .fraction_lost(fraction_lost)
                .interarrival_jitter(jitter)
                .last_sender_report_timestamp(last)
                .delay_since_last_sender_report_timestamp(delay),
        )
    }

    /// Takes the peer's compound packet; `ours` and `theirs` are the SSRCs. Anything malformed
    /// is passed over.
    pub(crate) fn handle(
        &mut self,
        now: Instant,
        datagram: &[u8],
        ours: u32,
        theirs: Option<u32>,
    ) -> Heard {
        let mut heard = Heard::default();
        let Ok(compound) = Compound::parse(datagram) else {
            return heard;
        };
        for packet in compound {
            match packet {
                Ok(Packet::Sr(report)) => {
                    if theirs.is_none_or(|theirs| theirs == report.ssrc()) {
                        self.last_sender_report =
                            Some(((report.ntp_timestamp() >> 16) as u32, now));
                    }
                    for block in report.report_blocks().filter(|block| block.ssrc() == ours) {
                        self.take_block(now, &block);
                        heard.report = true;
                    }
                }
                Ok(Packet::Rr(report)) => {
                    for block in report.report_blocks().filter(|block| block.ssrc() == ours) {
                        self.take_block(now, &block);
                        heard.report = true;
                    }
                }
                Ok(Packet::Bye(bye)) => {
                    heard.bye |= bye.ssrcs().any(|ssrc| Some(ssrc) == theirs);
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        heard
    }

    fn take_block(&mut self, now: Instant, block: &ReportBlock<'_>) {
        self.feedback.lost = signed_24(block.cumulative_lost()).max(0) as u32;
        self.feedback.fraction_lost = block.fraction_lost();
        self.feedback.jitter = block.interarrival_jitter();
        let last = block.last_sender_report_timestamp();
        if last == 0 {
            return; // none of ours has reached it
        }
        // RFC 3550 §6.4.1: A - LSR - DLSR, in units of 1/65536 s, modulo 2^32.
        let now_short = (self.ntp(now) >> 16) as u32;
        let elapsed = now_short
            .wrapping_sub(last)
            .wrapping_sub(block.delay_since_last_sender_report_timestamp());
        // A peer's clock may run a little fast: what comes out below zero is none.
        let elapsed = if elapsed > u32::MAX / 2 { 0 } else { elapsed };
        let round_trip = Duration::from_micros(u64::from(elapsed) * 1_000_000 / 65_536);
        if round_trip < Duration::from_secs(60) {
            self.feedback.round_trip = Some(round_trip);
        }
    }
}

/// In units of 1/65536 s.
fn to_ntp_short(duration: Duration) -> u32 {
    (duration.as_micros() * 65_536 / 1_000_000).min(u128::from(u32::MAX)) as u32
}

fn signed_24(value: u32) -> i32 {
    ((value << 8) as i32) >> 8
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods)]
    use super::*;
    use proptest::prelude::*;

    fn reports(seed: u64) -> Reports {
        Reports::new("alice@example.org".into(), Random::new(seed))
    }

    fn sent(ssrc: u32, packets: u64) -> SentSoFar {
        SentSoFar {
            ssrc,
            packets,
            octets: packets * 160,
            timestamp: 0,
        }
    }

    #[test]
    fn the_round_trip_is_found_from_the_reports_of_both() {
        let start = Instant::now();
        let ms = |ms: u64| start + Duration::from_millis(ms);
        let (mut alice, mut bob) = (reports(1), reports(2));
        let (mut from_bob, mut from_alice) = (Source::default(), Source::default());
        from_bob.receive(0xb0b, 1);
        from_alice.receive(0xa11ce, 1);
        let mut wire = [0; 200];
        let len = alice
            .write(ms(0), sent(0xa11ce, 50), &mut from_bob, false, &mut wire)
            .unwrap();
        bob.handle(ms(40), &wire[..len], 0xb0b, Some(0xa11ce));
        let len = bob
            .write(
                ms(2_040),
                sent(0xb0b, 50),
                &mut from_alice,
                false,
                &mut wire,
            )
            .unwrap();
        let heard = alice.handle(ms(2_100), &wire[..len], 0xa11ce, Some(0xb0b));
        assert_eq!(
            heard,
            Heard {
                report: true,
                bye: false
            }
        );
        let round_trip = alice.feedback().round_trip.unwrap();
        assert!(
            (99..=101).contains(&round_trip.as_millis()),
            "{round_trip:?}"
        );
    }

    #[test]
    fn the_loss_we_suffer_reaches_the_peer() {
        let start = Instant::now();
        let (mut alice, mut bob) = (reports(1), reports(2));
        let mut source = Source::default();
        for sequence in (0..200).filter(|sequence| sequence % 10 != 5) {
            source.receive(0xa11ce, sequence);
        }
        let mut wire = [0; 200];
        let len = bob
            .write(start, sent(0xb0b, 0), &mut source, false, &mut wire)
            .unwrap();
        assert_eq!(
            wire[1], 201,
            "who has sent nothing writes a receiver report"
        );
        alice.handle(start, &wire[..len], 0xa11ce, Some(0xb0b));
        assert_eq!(alice.feedback().lost, 20);
        assert_eq!(alice.feedback().fraction_lost, 25);
        assert_eq!(alice.feedback().round_trip, None);
    }

    #[test]
    fn a_bye_of_the_peers_source_is_heard_and_of_another_not() {
        let start = Instant::now();
        let (mut alice, mut bob) = (reports(1), reports(2));
        let mut wire = [0; 200];
        let len = bob
            .write(
                start,
                sent(0xb0b, 1),
                &mut Source::default(),
                true,
                &mut wire,
            )
            .unwrap();
        assert_eq!(wire[1], 200, "who has sent writes a sender report");
        assert!(alice.handle(start, &wire[..len], 0xa11ce, Some(0xb0b)).bye);
        assert!(!alice.handle(start, &wire[..len], 0xa11ce, Some(0xcab)).bye);
    }

    #[test]
    fn reports_come_about_every_five_seconds_never_in_step() {
        let start = Instant::now();
        let mut alice = reports(3);
        let mut source = Source::default();
        let mut at = Vec::new();
        let mut wire = [0; 200];
        for tick in 0..50 * 120 {
            let now = start + Duration::from_millis(tick * 20);
            if alice.is_due(now) {
                alice
                    .write(now, sent(1, tick), &mut source, false, &mut wire)
                    .unwrap();
                at.push(tick as f32 / 50.0);
            }
        }
        assert!(at[0] <= 1.6, "first after {} s", at[0]);
        let gaps: Vec<f32> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| (2.4..=7.6).contains(gap)), "{gaps:?}");
        let mean = gaps.iter().sum::<f32>() / gaps.len() as f32;
        assert!((4.0..=6.0).contains(&mean), "mean {mean}");
        assert!(gaps.iter().any(|gap| (gap - gaps[0]).abs() > 0.5));
    }

    proptest! {
        #[test]
        fn no_datagram_panics(datagram in proptest::collection::vec(any::<u8>(), 0..120)) {
            reports(1).handle(Instant::now(), &datagram, 1, Some(2));
        }

        #[test]
        fn no_damaged_report_panics(
            damage in proptest::collection::vec((0_usize..104, any::<u8>()), 1..6),
            cut in 0_usize..104,
        ) {
            let now = Instant::now();
            let mut wire = [0; 104];
            let mut source = Source::default();
            source.receive(2, 9);
            let len = reports(1).write(now, sent(1, 5), &mut source, true, &mut wire).unwrap();
            for (at, value) in damage {
                wire[at] ^= value;
            }
            reports(2).handle(now, &wire[..len.min(cut)], 2, Some(1));
        }
    }
}
