//! One call's audio path between the network and 20 ms frames.
//!
//! Pure: the time, packets and frames come in as arguments, packets and frames go out.

mod incoming;
mod noise;
mod outgoing;
mod outlook;
mod playout;
mod security;
mod silence;
mod statistics;
mod voice;
mod way;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use self::incoming::{Brought, Incoming};
use self::outgoing::Outgoing;
use self::outlook::LossOutlook;
use self::security::{Room, Security};
use self::way::{Out, Source, is_by_ice};
use crate::dtls::{self, Certificate, DtlsError};
use crate::ice::{Ice, IceCandidate, IceConfig, IceSession, Loss, is_stun};
use crate::random::Random;
use crate::rtp::{self, Latch, Origin, Packet, Report, Reports};

pub use self::security::Protection;
pub use self::statistics::{MediaPath, RemoteOpinion, StreamStats};
pub use crate::codec::{Codec, CodecError, OpusParams};
pub use crate::rtp::ExtendedReports;

/// What the offer and the answer agreed on.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamConfig {
    /// The codec we send with; it also gives the sample rate of the frames.
    pub codec: Codec,
    /// The payload type we send with.
    pub send_pt: u8,
    /// The payload types the peer may send with.
    pub receive_pts: Vec<(u8, Codec)>,
    /// The payload type of our telephone events (RFC 4733), if the peer takes them.
    pub dtmf_send_pt: Option<u8>,
    /// The payload type of the peer's telephone events.
    pub dtmf_receive_pt: Option<u8>,
    /// The payload type of our comfort noise (RFC 3389), if the peer takes it.
    pub comfort_noise_send_pt: Option<u8>,
    /// The payload type of the peer's comfort noise.
    pub comfort_noise_receive_pt: Option<u8>,
    /// Whether pauses of the microphone are described in place of being sent, where the peer takes
    /// that.
    pub silence_suppression: bool,
    /// Which extended reports the peer asks for.
    pub extended_reports: ExtendedReports,
    /// Milliseconds of audio in a packet we send.
    pub ptime_ms: u32,
    /// The peer's wishes for our Opus encoder.
    pub opus: OpusParams,
    /// Where SDP says that the peer hears RTP.
    pub remote_rtp: SocketAddr,
    /// Where the peer hears RTCP.
    pub remote_rtcp: SocketAddr,
    /// RTCP goes over the RTP port, both ways (RFC 5761).
    pub rtcp_mux: bool,
    /// Whether we may send audio.
    pub send: bool,
    /// Whether we want to hear.
    pub receive: bool,
    /// How packets are protected.
    pub protection: Protection,
    /// What both sides said of ICE. Where it is used, it alone decides where packets go and whose
    /// are heard (RFC 8445 §12).
    pub ice: Option<Box<IceSession>>,
}

impl StreamConfig {
    /// The plainest of calls: one codec both ways under this payload type, in clear and in packets of 20 ms, RTCP
    /// beside RTP, and nothing besides.
    pub fn plain(codec: Codec, payload_type: u8, remote: SocketAddr) -> Self {
        StreamConfig {
            codec,
            send_pt: payload_type,
            receive_pts: vec![(payload_type, codec)],
            dtmf_send_pt: None,
            dtmf_receive_pt: None,
            comfort_noise_send_pt: None,
            comfort_noise_receive_pt: None,
            silence_suppression: false,
            extended_reports: ExtendedReports::default(),
            ptime_ms: 20,
            opus: OpusParams::default(),
            remote_rtp: remote,
            remote_rtcp: SocketAddr::new(remote.ip(), remote.port().saturating_add(1)),
            rtcp_mux: false,
            send: true,
            receive: true,
            protection: Protection::None,
            ice: None,
        }
    }
}

/// Where the samples of a pulled frame come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// The peer's voice.
    Voice,
    /// A guess in place of what was lost or is late.
    Concealed,
    /// The peer pauses: noise as it told (RFC 3389), or as its codec makes it.
    ComfortNoise,
    /// Nothing has come: zeros.
    Silence,
}

/// What the stream has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEvent {
    /// The peer pressed a key: one of `0-9*#A-D`.
    Digit(char),
    /// The peer's first audio packet arrived.
    FirstPacket,
    /// The peer's media comes from another address than SDP said; we send there from now on.
    Latched(SocketAddr),
    /// The peer's RTCP said BYE.
    Bye,
    /// The peer and we have agreed on no keys: nothing will be sent or heard.
    NoKeys(DtlsError),
}

/// Events kept for [`Stream::poll_event`]; more push the oldest out.
const MAX_EVENTS: usize = 64;
/// An RTCP compound packet of ours is far below this, octets.
const MAX_REPORT_LEN: usize = 512;

/// One call's audio path.
pub struct Stream {
    config: Option<StreamConfig>,
    latch: Option<Latch>,
    /// Where the peer's RTCP came from, if it was not where SDP said.
    rtcp_source: Option<SocketAddr>,
    /// From the moment at which candidates are looked for.
    ice: Option<Box<Ice>>,
    security: Security,
    room: Room,
    outgoing: Outgoing,
    incoming: Incoming,
    reports: Reports,
    outlook: LossOutlook,
    events: VecDeque<StreamEvent>,
    heard_first: bool,
    closed: bool,
}

impl Stream {
    /// A stream that is silent until configured. SSRC, first sequence number and timestamp come
    /// from `seed`; `cname` names us in RTCP.
    pub fn new(seed: u64, cname: String) -> Self {
        let mut random = Random::new(seed);
        Stream {
            config: None,
            latch: None,
            rtcp_source: None,
            ice: None,
            security: Security::default(),
            room: Security::room(),
            outgoing: Outgoing::new(&mut random),
            incoming: Incoming::new(Random::new(random.next_u64())),
            reports: Reports::new(cname, Random::new(random.next_u64())),
            outlook: LossOutlook::default(),
            events: VecDeque::new(),
            heard_first: false,
            closed: false,
        }
    }

    /// The certificate with which the stream agrees on keys by DTLS.
    pub fn set_certificate(&mut self, certificate: Arc<Certificate>) {
        self.security.set_certificate(certificate);
    }

    /// Sets or changes what the stream sends and hears; our SSRC, sequence and clock go on.
    pub fn configure(&mut self, now: Instant, config: StreamConfig) -> Result<(), CodecError> {
        self.outgoing.configure(&config)?;
        self.outgoing.expect_loss(self.outlook.percent());
        self.incoming.configure(&config);
        self.security.configure(now, &config.protection);
        if let (Some(ice), Some(session)) = (&mut self.ice, &config.ice) {
            ice.connect(now, session);
        }
        match &mut self.latch {
            Some(latch) => latch.signal(config.remote_rtp),
            None => self.latch = Some(Latch::new(config.remote_rtp)),
        }
        if self
            .config
            .as_ref()
            .is_some_and(|former| former.remote_rtcp != config.remote_rtcp)
        {
            self.rtcp_source = None;
        }
        self.config = Some(config);
        Ok(())
    }

    /// Samples a second of the frames: of the present codec, 8000 before one is configured.
    pub fn sample_rate(&self) -> u32 {
        self.config
            .as_ref()
            .map_or(8_000, |config| config.codec.sample_rate())
    }

    /// Samples of a 20 ms frame at [`Stream::sample_rate`].
    pub fn frame_len(&self) -> usize {
        self.sample_rate() as usize / 50
    }

    /// Whether RTCP goes out from the RTP socket, too.
    pub fn shares_port(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.rtcp_mux)
    }

    /// Takes a datagram from the RTP socket. What is not the peer's, or not RTP of an agreed
    /// payload type, is passed over.
    pub fn handle_rtp(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) {
        if self.closed {
            return;
        }
        let Some(mut ice) = self.ice.take() else {
            return self.take_datagram(now, Source::Address(source), datagram);
        };
        ice.handle(now, source, datagram, &mut |ice, route, datagram| {
            if !is_by_ice(self.config.as_ref(), ice) {
                // Nobody has been told of the relay's address.
                if !route.relayed {
                    self.take_datagram(now, Source::Address(source), datagram);
                }
            } else if ice.is_peers(route) {
                self.take_datagram(now, Source::Peer, datagram);
            }
        });
        self.ice = Some(ice);
    }

    fn take_datagram(&mut self, now: Instant, source: Source, datagram: &[u8]) {
        if self.config.is_none() || is_stun(datagram) {
            return;
        }
        if dtls::is_dtls(datagram) {
            return self.handle_dtls(now, source, datagram);
        }
        if self.shares_port() && rtp::is_rtcp(datagram) {
            return match source {
                Source::Peer => self.take_report(now, None, datagram),
                Source::Address(source) => self.handle_rtcp(now, source, datagram),
            };
        }
        let mut room = std::mem::take(&mut self.room);
        let packet = self.security.unprotect_rtp(datagram, &mut room);
        if let Some(Ok(packet)) = packet.map(Packet::parse) {
            self.take_packet(now, source, packet);
        }
        self.room = room;
    }

    fn handle_dtls(&mut self, now: Instant, source: Source, datagram: &[u8]) {
        let Some(signalled) = self.config.as_ref().map(|config| config.remote_rtp) else {
            return;
        };
        let source = match source {
            // All the peer's ways are one to the handshake.
            Source::Peer => signalled,
            Source::Address(source) => source,
        };
        self.security
            .handle_dtls(now, (source, signalled), datagram);
        self.tell_failure();
    }

    /// Goes on with agreeing on keys; to be called about every 20 ms. With ICE that begins when
    /// there is a way to the peer (RFC 8842 §5.1).
    pub fn poll_dtls(&mut self, now: Instant, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        let Some(config) = self.config.as_ref().filter(|_| !self.closed) else {
            return;
        };
        let (signalled, ice) = (config.remote_rtp, self.ice.as_deref_mut());
        if let Some(ice) = ice.filter(|ice| is_by_ice(Some(config), ice)) {
            if ice.nominated().is_some() {
                self.security.poll_dtls(now, signalled, &mut |_, datagram| {
                    ice.send(now, datagram, transmit);
                });
            }
        } else {
            self.security.poll_dtls(now, signalled, transmit);
        }
        self.tell_failure();
    }

    /// Looks for addresses under which the peer may reach us, also while nothing is agreed on.
    pub fn gather(
        &mut self,
        now: Instant,
        config: IceConfig,
        transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
        match &mut self.ice {
            Some(ice) => ice.gather_again(now, config, transmit),
            None => self.ice = Some(Box::new(Ice::gather(now, config))),
        }
    }

    /// Our candidates, once they are known.
    pub fn take_candidates(&mut self, now: Instant) -> Option<Vec<IceCandidate>> {
        self.ice.as_mut()?.take_gathered(now)
    }

    /// Nothing has come any more by the way that ICE had found: both sides need another one. Each
    /// step told once.
    pub fn take_loss(&mut self, now: Instant) -> Option<Loss> {
        let ice = self.ice.as_mut();
        ice.filter(|ice| is_by_ice(self.config.as_ref(), ice))?
            .take_loss(now)
    }

    /// Goes on with ICE; to be called about every 20 ms.
    pub fn poll_ice(&mut self, now: Instant, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        if let Some(ice) = self.ice.as_mut().filter(|_| !self.closed) {
            ice.poll(now, transmit);
        }
    }

    fn tell_failure(&mut self) {
        if let Some(error) = self.security.take_failure() {
            self.tell(StreamEvent::NoKeys(error));
        }
    }

    fn take_packet(&mut self, now: Instant, source: Source, packet: Packet<'_>) {
        let (Some(config), Some(latch)) = (&self.config, &mut self.latch) else {
            return;
        };
        if !self.incoming.expects(packet.payload_type) {
            return;
        }
        let receive = config.receive;
        if let Source::Address(source) = source {
            match latch.judge(source, &packet) {
                Origin::Stranger => return,
                Origin::Latched => self.tell(StreamEvent::Latched(source)),
                Origin::Peer => {}
            }
        }
        if !receive {
            return;
        }
        match self.incoming.handle(now, &packet) {
            Brought::Digit(key) => self.tell(StreamEvent::Digit(key)),
            Brought::Audio if !self.heard_first => {
                self.heard_first = true;
                self.tell(StreamEvent::FirstPacket);
            }
            Brought::Audio | Brought::Nothing => {}
        }
    }

    /// Takes a datagram from the RTCP socket. Only the peer's is heeded.
    pub fn handle_rtcp(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) {
        let (Some(config), Some(latch)) = (&self.config, &self.latch) else {
            return;
        };
        let behind_nat = latch
            .latched()
            .is_some_and(|latched| latched.ip() == source.ip());
        if self.closed || (source != config.remote_rtcp && !behind_nat) {
            return;
        }
        self.take_report(now, Some(source).filter(|_| behind_nat), datagram);
    }

    /// Takes a report of the peer's; `elsewhere` is where it came from, if SDP says otherwise.
    fn take_report(&mut self, now: Instant, elsewhere: Option<SocketAddr>, datagram: &[u8]) {
        let Some(packet) = self.security.unprotect_rtcp(datagram, &mut self.room) else {
            return;
        };
        let theirs = self.incoming.source().ssrc();
        let heard = self
            .reports
            .handle(now, packet, self.outgoing.ssrc(), theirs);
        if elsewhere.is_some() && (heard.report || heard.bye) {
            self.rtcp_source = elsewhere;
        }
        if heard.report {
            let fraction_lost = self.reports.feedback().fraction_lost;
            self.outgoing
                .expect_loss(self.outlook.report(fraction_lost));
        }
        if heard.bye {
            self.tell(StreamEvent::Bye);
        }
    }

    fn tell(&mut self, event: StreamEvent) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Fills `out` with what is to be heard next: 20 ms ([`Stream::frame_len`] samples) as a rule,
    /// any length in truth.
    pub fn pull(&mut self, now: Instant, out: &mut [f32]) -> FrameKind {
        match &self.config {
            Some(config) if config.receive => self.incoming.pull(now, out),
            _ => {
                out.fill(0.0);
                FrameKind::Silence
            }
        }
    }

    /// Takes 20 ms from the microphone and hands out the packets that are due.
    pub fn push(
        &mut self,
        now: Instant,
        frame: &[f32],
        transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
        let Some(config) = self.config.as_ref().filter(|_| !self.closed) else {
            return;
        };
        let signalled = self.latch.as_ref().map(Latch::remote);
        let out = Out::new(config, self.ice.as_deref_mut(), signalled);
        let mut out = out.filter(|_| config.send);
        let to = out.as_ref().map(|out| out.to);
        let (security, room) = (&mut self.security, &mut self.room);
        self.outgoing.push(now, frame, to, &mut |_, packet| {
            if let (Some(out), Some(packet)) = (&mut out, security.protect_rtp(packet, room)) {
                out.send(now, packet, transmit);
            }
        });
    }

    /// Queues keys (`0-9*#A-D`; anything else is passed over) to be sent as telephone events.
    pub fn send_digits(&mut self, digits: &str) {
        self.outgoing.send_digits(digits);
    }

    /// The next thing to tell, oldest first.
    pub fn poll_event(&mut self) -> Option<StreamEvent> {
        self.events.pop_front()
    }

    /// Sends the RTCP report if one is due; to be called about every 20 ms.
    pub fn poll_rtcp(&mut self, now: Instant, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        if self.config.is_some() && !self.closed && self.reports.is_due(now) {
            self.report(now, false, transmit);
        }
    }

    /// Gives back what servers hold for the stream, by the RTP socket.
    pub fn release(&mut self, now: Instant, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        if let Some(ice) = &mut self.ice {
            ice.close(now, transmit);
        }
    }

    /// Ends the stream: a last report with BYE. Nothing is sent or heeded afterwards.
    pub fn close(&mut self, now: Instant, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        // RFC 3550 §6.3.7: who never sent anything leaves without a word.
        if !self.closed && self.outgoing.packets() > 0 {
            self.report(now, true, transmit);
        }
        self.closed = true;
    }

    fn report(&mut self, now: Instant, bye: bool, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        let metrics = self.voip_metrics();
        let Some(config) = &self.config else { return };
        let signalled = self.remote_rtcp();
        // ICE looks after the one port that both share.
        let out = match config.rtcp_mux {
            true => Out::new(config, self.ice.as_deref_mut(), signalled),
            false => signalled.and_then(Out::to),
        };
        let Some(mut out) = out else { return };
        let asked = config.extended_reports;
        let report = Report {
            sent: self.outgoing.sent_so_far(now),
            metrics: metrics.filter(|_| asked.voip_metrics),
            receiver_rtt: asked.receiver_rtt,
            bye,
        };
        let mut wire = [0; MAX_REPORT_LEN];
        let source = self.incoming.source();
        if let Ok(len) = self.reports.write(now, &report, source, &mut wire) {
            let packet = self.security.protect_rtcp(&wire[..len], &mut self.room);
            if let Some(packet) = packet {
                out.send(now, packet, transmit);
            }
        }
    }

    /// Where the peer's RTCP came from; else beside its latched RTP; else where SDP said.
    fn remote_rtcp(&self) -> Option<SocketAddr> {
        let config = self.config.as_ref()?;
        if config.rtcp_mux {
            return self.latch.as_ref().map(Latch::remote);
        }
        let latched = self.latch.as_ref().and_then(Latch::latched);
        let beside = latched.map(|rtp| SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1)));
        Some(
            self.rtcp_source
                .filter(|_| latched.is_some())
                .or(beside)
                .unwrap_or(config.remote_rtcp),
        )
    }

    /// How much earlier frames could be pulled, as things stand, without more packets coming too late, ms.
    /// `None` while nothing is heard.
    pub fn headroom_ms(&self) -> Option<f32> {
        self.incoming.jitter_buffer().headroom_ms()
    }
}
