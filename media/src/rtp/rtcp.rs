//! RTCP sender and receiver reports (RFC 3550 §6) for a call of two, and extended ones (RFC 3611).

use std::time::{Duration, Instant};

use rtcp_types::prelude::*;
use rtcp_types::{
    Bye, Compound, DelaySinceLastReceiverReport, DelaySinceLastReceiverReportBlock, Packet,
    ReceiverReferenceTime, ReceiverReport, ReportBlock, ReportBlockBuilder, RtcpWriteError, Sdes,
    SdesChunk, SdesItem, SenderReport, Xr, XrBuilder,
};

use super::{Source, VoipMetrics};
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

/// Which extended reports the peer asks for (RFC 3611 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExtendedReports {
    /// How its voice is heard here (§4.7).
    pub voip_metrics: bool,
    /// The time here while we only receive, so that the round trip is known to us, too (§4.4).
    pub receiver_rtt: bool,
}

/// What a report of ours says, besides how the peer's packets fare.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    pub(crate) sent: SentSoFar,
    /// How the peer's voice is heard, if the peer asks for it.
    pub(crate) metrics: Option<VoipMetrics>,
    /// The peer answers those who do not send.
    pub(crate) receiver_rtt: bool,
    /// We leave.
    pub(crate) bye: bool,
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
    /// How our voice is heard there.
    pub(crate) metrics: Option<VoipMetrics>,
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
    /// Likewise the time of a peer that does not send, and who that is (RFC 3611 §4.4); to be
    /// answered once.
    /// Who has given the metrics of the feedback.
    metrics_from: Option<u32>,
    reference_time: Option<(u32, u32, Instant)>,
    packets_reported: u64,
    feedback: Feedback,
    /// Of all round trips found, and how many they are.
    round_trips: (Duration, u32),
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
            metrics_from: None,
            reference_time: None,
            packets_reported: 0,
            feedback: Feedback::default(),
            round_trips: (Duration::ZERO, 0),
        }
    }

    pub(crate) fn feedback(&self) -> &Feedback {
        &self.feedback
    }

    /// The round trip in the mean of the call.
    pub(crate) fn mean_round_trip(&self) -> Option<Duration> {
        let (sum, count) = self.round_trips;
        sum.checked_div(count)
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
        report: &Report,
        source: &mut Source,
        out: &mut [u8],
    ) -> Result<usize, RtcpWriteError> {
        let sent = report.sent;
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
        if let Some(extended) = self.extended_report(now, report, is_sender) {
            len += extended.write_into(&mut out[len..])?;
        }
        if report.bye {
            len += Bye::builder()
                .add_source(sent.ssrc)
                .write_into(&mut out[len..])?;
        }
        Ok(len)
    }

    /// The blocks of RFC 3611 that are due, if any.
    fn extended_report(
        &mut self,
        now: Instant,
        report: &Report,
        is_sender: bool,
    ) -> Option<XrBuilder> {
        let mut blocks = Xr::builder().sender_ssrc(report.sent.ssrc);
        let answered = self.reference_time.take();
        let is_asked = report.receiver_rtt && !is_sender;
        if report.metrics.is_none() && answered.is_none() && !is_asked {
            return None;
        }
        if is_asked {
            blocks =
                blocks.add_block(ReceiverReferenceTime::builder().ntp_timestamp(self.ntp(now)));
        }
        if let Some((ssrc, time, at)) = answered {
            let delay = to_ntp_short(now.saturating_duration_since(at));
            let block = DelaySinceLastReceiverReportBlock::builder()
                .ssrc(ssrc)
                .last_receiver_report(time)
                .delay_since_last_receiver_report_timestamp(delay);
            blocks = blocks.add_block(DelaySinceLastReceiverReport::builder().add_block(block));
        }
        if let Some(metrics) = report.metrics {
            blocks = blocks.add_block(metrics);
        }
        Some(blocks)
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
                        self.take_block(now, report.ssrc(), &block);
                        heard.report = true;
                    }
                }
                Ok(Packet::Rr(report)) => {
                    for block in report.report_blocks().filter(|block| block.ssrc() == ours) {
                        self.take_block(now, report.ssrc(), &block);
                        heard.report = true;
                    }
                }
                Ok(Packet::Xr(report)) => self.take_extended(now, &report, ours),
                Ok(Packet::Bye(bye)) => {
                    heard.bye |= bye.ssrcs().any(|ssrc| Some(ssrc) == theirs);
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        heard
    }

    /// Takes what `reporter` says of us.
    fn take_block(&mut self, now: Instant, reporter: u32, block: &ReportBlock<'_>) {
        if self.metrics_from.is_some_and(|from| from != reporter) {
            // Somebody else hears us now, and has an opinion of their own.
            (self.feedback.metrics, self.metrics_from) = (None, None);
        }
        self.feedback.lost = signed_24(block.cumulative_lost()).max(0) as u32;
        self.feedback.fraction_lost = block.fraction_lost();
        self.feedback.jitter = block.interarrival_jitter();
        self.take_round_trip(
            now,
            block.last_sender_report_timestamp(),
            block.delay_since_last_sender_report_timestamp(),
        );
    }

    /// Takes what is about us, or asks us (RFC 3611 §4.4, §4.5, §4.7); other blocks are passed over.
    fn take_extended(&mut self, now: Instant, report: &Xr<'_>, ours: u32) {
        for block in report.block_iter() {
            if let Ok(metrics) = block.parse_into::<VoipMetrics>() {
                if metrics.ssrc == ours {
                    self.feedback.metrics = Some(metrics);
                    self.metrics_from = Some(report.sender_ssrc());
                }
            } else if let Ok(time) = block.parse_into::<ReceiverReferenceTime<'_>>() {
                let middle = (time.ntp_timestamp() >> 16) as u32;
                self.reference_time = Some((report.sender_ssrc(), middle, now));
            } else if let Ok(delays) = block.parse_into::<DelaySinceLastReceiverReport<'_>>() {
                let own = delays.block_iter().find(|block| block.ssrc() == ours);
                if let Some(block) = own {
                    let delay = block.delay_since_last_receiver_report_timestamp();
                    self.take_round_trip(now, block.last_receiver_report(), delay);
                }
            }
        }
    }

    /// `last`: our time that the peer has seen, and how long before it answered, both in units of
    /// 1/65536 s.
    fn take_round_trip(&mut self, now: Instant, last: u32, delay: u32) {
        if last == 0 {
            return; // none of ours has reached it
        }
        // RFC 3550 §6.4.1: A - LSR - DLSR, modulo 2^32.
        let now_short = (self.ntp(now) >> 16) as u32;
        let elapsed = now_short.wrapping_sub(last).wrapping_sub(delay);
        // A peer's clock may run a little fast: what comes out below zero is none.
        let elapsed = if elapsed > u32::MAX / 2 { 0 } else { elapsed };
        let round_trip = Duration::from_micros(u64::from(elapsed) * 1_000_000 / 65_536);
        if round_trip < Duration::from_secs(60) {
            self.feedback.round_trip = Some(round_trip);
            let (sum, count) = self.round_trips;
            self.round_trips = (sum + round_trip, count.saturating_add(1));
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

    fn report(sent: SentSoFar, bye: bool) -> Report {
        Report {
            sent,
            metrics: None,
            receiver_rtt: false,
            bye,
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
            .write(
                ms(0),
                &report(sent(0xa11ce, 50), false),
                &mut from_bob,
                &mut wire,
            )
            .unwrap();
        bob.handle(ms(40), &wire[..len], 0xb0b, Some(0xa11ce));
        let len = bob
            .write(
                ms(2_040),
                &report(sent(0xb0b, 50), false),
                &mut from_alice,
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
            .write(
                start,
                &report(sent(0xb0b, 0), false),
                &mut source,
                &mut wire,
            )
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
                &report(sent(0xb0b, 1), true),
                &mut Source::default(),
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
                    .write(now, &report(sent(1, tick), false), &mut source, &mut wire)
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

    fn with_metrics(report: Report, ssrc: u32) -> Report {
        let metrics = VoipMetrics {
            ssrc,
            loss_rate: 9,
            discard_rate: 0,
            burst_density: 0,
            gap_density: 9,
            burst_ms: 0,
            gap_ms: 60_000,
            round_trip_ms: 40,
            end_system_ms: 60,
            signal_level: Some(-12),
            noise_level: None,
            gmin: 16,
            r_factor: Some(80),
            mos_listening: Some(41),
            mos_conversational: Some(39),
            config: 0xb0,
            buffer_ms: 20,
            buffer_max_ms: 30,
            buffer_limit_ms: 500,
        };
        Report {
            metrics: Some(metrics),
            ..report
        }
    }

    #[test]
    fn what_the_peer_thinks_of_our_voice_is_read_and_of_anothers_not() {
        let start = Instant::now();
        let mut wire = [0; 200];
        for (about, read) in [(0xa11ce, true), (0xcab, false)] {
            let (mut alice, mut bob) = (reports(1), reports(2));
            let said = with_metrics(report(sent(0xb0b, 5), true), about);
            let len = bob
                .write(start, &said, &mut Source::default(), &mut wire)
                .unwrap();
            let heard = alice.handle(start, &wire[..len], 0xa11ce, Some(0xb0b));
            assert!(heard.bye);
            assert_eq!(alice.feedback().metrics, said.metrics.filter(|_| read));
        }
    }

    #[test]
    fn who_only_receives_finds_the_round_trip_too() {
        let start = Instant::now();
        let ms = |ms: u64| start + Duration::from_millis(ms);
        let (mut alice, mut bob) = (reports(1), reports(2));
        let mut source = Source::default();
        let mut wire = [0; 200];
        let asking = Report {
            receiver_rtt: true,
            ..report(sent(0xa11ce, 0), false)
        };
        let len = alice.write(ms(0), &asking, &mut source, &mut wire).unwrap();
        bob.handle(ms(30), &wire[..len], 0xb0b, Some(0xa11ce));
        let answer = report(sent(0xb0b, 50), false);
        let len = bob
            .write(ms(1_030), &answer, &mut source, &mut wire)
            .unwrap();
        alice.handle(ms(1_080), &wire[..len], 0xa11ce, Some(0xb0b));
        let round_trip = alice.feedback().round_trip.unwrap().as_millis();
        assert!((79..=81).contains(&round_trip), "{round_trip}");
        // A time is answered once, and who sends has no need of it.
        assert!(bob.reference_time.is_none());
        let sending = Report {
            sent: sent(0xa11ce, 9),
            ..asking
        };
        let len = alice
            .write(ms(3_000), &sending, &mut source, &mut wire)
            .unwrap();
        bob.handle(ms(3_030), &wire[..len], 0xb0b, Some(0xa11ce));
        assert!(bob.reference_time.is_none());
    }

    proptest! {
        #[test]
        fn no_datagram_panics(datagram in proptest::collection::vec(any::<u8>(), 0..120)) {
            reports(1).handle(Instant::now(), &datagram, 1, Some(2));
        }

        #[test]
        fn no_damaged_report_panics(
            damage in proptest::collection::vec((0_usize..148, any::<u8>()), 1..6),
            cut in 0_usize..148,
        ) {
            let now = Instant::now();
            let mut wire = [0; 148];
            let mut source = Source::default();
            source.receive(2, 9);
            let len = reports(1).write(now, &with_metrics(report(sent(1, 5), true), 2), &mut source, &mut wire).unwrap();
            for (at, value) in damage {
                wire[at] ^= value;
            }
            reports(2).handle(now, &wire[..len.min(cut)], 2, Some(1));
        }
    }
}
