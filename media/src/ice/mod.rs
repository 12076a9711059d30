//! The way to a peer behind NATs: a full ICE agent (RFC 8445) for one stream whose RTCP shares the RTP port.
//!
//! Pure: the time and datagrams come in as arguments, datagrams go out. First [`Ice::gather`] finds out under which
//! addresses we may be reached; when the other side's are known, [`Ice::connect`] tries every pair of them. Checks go
//! on as long as the call does, so that a pair that fails is left (RFC 7675) and a better one is taken.

mod candidate;
mod query;
mod relay;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use is::stun::{StunMessage, StunPacket};
use is::{Candidate, IceAgent, IceAgentEvent, IceConnectionState, IceCreds, Protocol};

pub use self::candidate::{IceCandidate, IceCandidateKind, IceCredentials, IceSession, TurnServer};
pub use self::query::Query;

use self::relay::{Relay, Relayed};

/// How long a call waits for its candidates.
pub const GATHERING: Duration = Duration::from_millis(500);
/// Sources that have proven to be the peer's; no peer has as many ways.
const MAX_ROUTES: usize = 32;
/// Candidates of the peer that are tried; more cost more checks than a call has time for.
const MAX_CANDIDATES: usize = 20;
/// After so long without anything of the peer's, be it an answer to a check (every three seconds), a way is lost. Who
/// does not lead is the first to look for other candidates, so that it has them when the offer of the other side comes;
/// where none comes, it offers them itself.
const LOST_TO_FOLLOWER: Duration = Duration::from_millis(3_400);
const LOST_TO_LEADER: Duration = Duration::from_millis(3_900);
/// Whoever was heard within this time is there.
const RECENT: Duration = Duration::from_millis(500);
const GIVEN_UP: Duration = Duration::from_millis(6_000);
/// Steps of the agent on one tick.
const MAX_STEPS: usize = 16;

/// Where to gather candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceConfig {
    /// The address and port that the stream's datagrams leave from.
    pub host: SocketAddr,
    /// Other addresses of ours at which the same port is open (RFC 8445 §5.1.1.1): peers in those networks reach us
    /// there. Which of them our datagrams leave from, the system decides.
    pub others: Vec<IpAddr>,
    /// A STUN server, by UDP.
    pub stun: Option<SocketAddr>,
    /// A TURN server.
    pub turn: Option<TurnServer>,
    /// Candidates that have not come by then are not waited for.
    pub deadline: Instant,
}

/// What to do about a way that is lost: a NAT may have forgotten it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// To look for other candidates, and to have them ready for the offer of the other side.
    Prepare,
    /// To look for other candidates, and to offer them.
    Offer,
}

/// A way between the peer and us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    /// By our TURN server.
    pub relayed: bool,
    /// The peer's end.
    pub peer: SocketAddr,
}

/// Whether a datagram belongs to STUN (RFC 7983 §7).
pub(crate) fn is_stun(datagram: &[u8]) -> bool {
    matches!(datagram, [0..=3, ..])
}

/// The ICE side of a stream.
pub(crate) struct Ice {
    config: IceConfig,
    queries: Vec<Query>,
    relay: Option<Relay>,
    /// What the first STUN server that answered sees.
    mapped: Option<SocketAddr>,
    told: bool,
    agent: Option<IceAgent>,
    session: Option<IceSession>,
    nominated: Option<Route>,
    /// Ways by which the peer has proven itself, and when it was last heard of by each.
    routes: Vec<(Route, Instant)>,
    /// When the peer was last heard of by any of them, in this session.
    heard: Option<Instant>,
    /// What was told of the way.
    loss: Option<Loss>,
    /// The time that was last told: packets are stamped with times before it.
    latest: Instant,
}

impl Ice {
    /// Begins to look for our candidates.
    pub fn gather(now: Instant, config: IceConfig) -> Self {
        let of_family = |server: &SocketAddr| server.is_ipv4() == config.host.is_ipv4();
        let turn = config.turn.as_ref();
        let turn = turn.filter(|turn| of_family(&turn.address));
        // A TURN server is a STUN server, and the way to it needs to be kept open as well.
        let mut servers: Vec<_> = config.stun.into_iter().filter(of_family).collect();
        servers.extend(turn.map(|turn| turn.address));
        servers.dedup();
        Self {
            queries: servers.into_iter().map(|at| Query::new(now, at)).collect(),
            relay: turn.map(|turn| Relay::new(now, config.host, turn)),
            config,
            mapped: None,
            told: false,
            agent: None,
            session: None,
            nominated: None,
            routes: Vec::new(),
            heard: None,
            loss: None,
            latest: now,
        }
    }

    /// Looks for candidates anew, for instance from another network; what is agreed on serves until there is a new
    /// session with them (RFC 8445 §9).
    pub fn gather_again(
        &mut self,
        now: Instant,
        config: IceConfig,
        transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
        // A server grants one address at a time to a port of ours (RFC 8656 §7.2).
        self.close(now, transmit);
        let former = std::mem::replace(self, Self::gather(now, config));
        self.agent = former.agent;
        self.session = former.session;
        self.nominated = former.nominated;
        self.routes = former.routes;
        (self.heard, self.loss) = (former.heard, former.loss);
    }

    /// Our candidates, once, when all servers have answered or the time is over.
    pub fn take_gathered(&mut self, now: Instant) -> Option<Vec<IceCandidate>> {
        let reflexive = self.queries.is_empty() || self.queries.iter().any(Query::is_answered);
        let relayed = self.relay.as_ref().is_none_or(Relay::is_settled);
        let is_over = (reflexive && relayed) || self.config.deadline <= now;
        if self.told || !is_over {
            return None;
        }
        self.told = true;
        let mut agent = IceAgent::new(no_credentials());
        self.add_candidates(&mut agent);
        for ip in &self.config.others {
            let at = SocketAddr::new(*ip, self.config.host.port());
            if let Ok(candidate) = Candidate::host(at, Protocol::Udp) {
                agent.add_local_candidate(candidate);
            }
        }
        let candidates = agent.local_candidates();
        Some(candidates.map(|one| IceCandidate::of_agent(&one)).collect())
    }

    /// Gives the agent our candidates; it refuses those that say nothing new (RFC 8445 §5.1.3).
    fn add_candidates(&self, agent: &mut IceAgent) {
        let host = self.config.host;
        let relayed = self.relay.as_ref().and_then(Relay::address);
        let mapped = self.mapped.filter(|mapped| *mapped != host);
        let all = [
            Candidate::host(host, Protocol::Udp).ok(),
            mapped.and_then(|at| Candidate::server_reflexive(at, host, Protocol::Udp).ok()),
            relayed.and_then(|at| Candidate::relayed(at, host, Protocol::Udp).ok()),
        ];
        for candidate in all.into_iter().flatten() {
            agent.add_local_candidate(candidate);
        }
    }

    /// Begins the checks with the peer. The same session goes on; another one is a restart, until whose end the former
    /// pair serves (RFC 8445 §9).
    pub fn connect(&mut self, now: Instant, session: &IceSession) {
        if self.session.as_ref() == Some(session) {
            return;
        }
        let mut agent = IceAgent::new(credentials(&session.local));
        agent.set_controlling(session.controlling);
        agent.set_remote_credentials(credentials(&session.remote));
        self.add_candidates(&mut agent);
        let of_family = |one: &&IceCandidate| one.address.is_ipv4() == self.config.host.is_ipv4();
        let remote = session.candidates.iter().filter(of_family);
        for (number, candidate) in remote.take(MAX_CANDIDATES).enumerate() {
            agent.add_remote_candidate(candidate.to_agent(number));
            if let Some(relay) = &mut self.relay {
                relay.permit(now, candidate.address.ip());
            }
        }
        agent.handle_timeout(now);
        self.agent = Some(agent);
        self.session = Some(session.clone());
        // A way that was lost is lost no longer, and a new one is heard of first.
        (self.heard, self.loss) = (None, None);
    }

    /// Nothing has come any more by the way that was found, and what is to be done; each told once.
    pub fn take_loss(&mut self, now: Instant) -> Option<Loss> {
        let leads = self.session.as_ref()?.controlling;
        let silence = now.saturating_duration_since(self.heard?);
        let offers_at = if leads { LOST_TO_LEADER } else { GIVEN_UP };
        let loss = if silence >= offers_at {
            Loss::Offer
        } else if silence >= LOST_TO_FOLLOWER && !leads {
            Loss::Prepare
        } else {
            return None;
        };
        let is_new = self.loss != Some(loss);
        self.loss = Some(loss);
        is_new.then_some(loss)
    }

    fn note_heard(&mut self, now: Instant, route: Route) {
        self.heard = Some(now);
        self.loss = None;
        match self.routes.iter_mut().find(|(known, _)| *known == route) {
            Some((_, heard)) => *heard = now,
            None => {
                if self.routes.len() == MAX_ROUTES {
                    self.routes.remove(0);
                }
                self.routes.push((route, now));
            }
        }
    }

    /// Whether offer and answer have agreed on ICE.
    pub fn is_connected(&self) -> bool {
        self.session.is_some()
    }

    /// The way to the peer, once there is one.
    pub fn nominated(&self) -> Option<Route> {
        self.nominated
    }

    /// Whether the peer has proven itself there.
    pub fn is_peers(&self, route: Route) -> bool {
        self.routes.iter().any(|(known, _)| *known == route)
    }

    /// Looks at a datagram; what is neither ours nor a server's goes to `take`, with the way it came.
    pub fn handle(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &[u8],
        take: &mut impl FnMut(&Self, Route, &[u8]),
    ) {
        let now = self.latest.max(now);
        let server = self.relay.as_mut();
        if let Some(relay) = server.filter(|relay| relay.server() == source) {
            match relay.handle(now, datagram) {
                Relayed::Data(peer, data) => {
                    let relayed = true;
                    return self.handle_from(now, Route { relayed, peer }, data.data(), take);
                }
                Relayed::Handled => return,
                Relayed::Other => {}
            }
        }
        let (relayed, peer) = (false, source);
        self.handle_from(now, Route { relayed, peer }, datagram, take);
    }

    fn handle_from(
        &mut self,
        now: Instant,
        route: Route,
        datagram: &[u8],
        take: &mut impl FnMut(&Self, Route, &[u8]),
    ) {
        if !is_stun(datagram) {
            if self.is_peers(route) {
                self.note_heard(now, route);
            }
            return take(self, route, datagram);
        }
        if !route.relayed && self.is_answer(route.peer, datagram) {
            return;
        }
        self.check(now, route, datagram);
    }

    /// Whether it is a STUN server's answer.
    fn is_answer(&mut self, source: SocketAddr, datagram: &[u8]) -> bool {
        let mut queries = self.queries.iter_mut();
        let mapped = queries.find_map(|query| query.answer(source, datagram));
        self.mapped = self.mapped.or(mapped);
        mapped.is_some()
    }

    /// A connectivity check or its answer. The agent takes none whose integrity does not hold (RFC 8445 §7.3).
    fn check(&mut self, now: Instant, route: Route, datagram: &[u8]) {
        let relayed = self.relay.as_ref().and_then(Relay::address);
        let destination = match (route.relayed, relayed) {
            (false, _) => self.config.host,
            (true, Some(address)) => address,
            (true, None) => return,
        };
        let Some(agent) = &mut self.agent else { return };
        let Ok(message) = StunMessage::parse(datagram) else {
            return;
        };
        let packet = StunPacket {
            proto: Protocol::Udp,
            source: route.peer,
            destination,
            message,
        };
        if agent.handle_packet(now, packet) {
            self.note_heard(now, route);
        }
        self.note_events(now);
    }

    fn note_events(&mut self, now: Instant) {
        let relayed = self.relay.as_ref().and_then(Relay::address);
        let Some(agent) = &mut self.agent else { return };
        let mut nominated = None;
        while let Some(event) = agent.poll_event() {
            match event {
                IceAgentEvent::NominatedSend {
                    source,
                    destination,
                    ..
                } => {
                    let route = Route {
                        relayed: Some(source) == relayed,
                        peer: destination,
                    };
                    nominated = Some(route);
                }
                // RFC 7675 §5.1: who does not answer any more does not want to hear us.
                IceAgentEvent::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                    self.nominated = None;
                }
                _ => {}
            }
        }
        if let Some(route) = nominated {
            self.nominate(now, route);
        }
    }

    fn nominate(&mut self, now: Instant, route: Route) {
        if let Some(relay) = self.relay.as_mut().filter(|_| route.relayed) {
            relay.bind(now, route.peer);
        }
        self.nominated = Some(route);
    }

    /// A NAT before the peer has forgotten it: what it sends comes from elsewhere, and the agent keeps to the pair that
    /// was nominated until that has failed, which takes too long. We answer where the peer is heard, if our own check
    /// has succeeded there.
    fn follow_peer(&mut self, now: Instant) {
        let age = |heard: &Instant| now.saturating_duration_since(*heard);
        let (Some(nominated), Some(agent)) = (self.nominated, &self.agent) else {
            return;
        };
        let mut routes = self.routes.iter();
        let is_silent =
            routes.any(|(known, heard)| *known == nominated && age(heard) >= LOST_TO_FOLLOWER);
        if !is_silent {
            return;
        }
        let latest = self.routes.iter().max_by_key(|(_, heard)| *heard);
        let is_valid = |route: Route| agent.has_viable_remote_candidate(route.peer);
        let latest = latest.filter(|(route, heard)| age(heard) < RECENT && is_valid(*route));
        if let Some(&(route, _)) = latest {
            self.nominate(now, route);
        }
    }

    /// Sends what is due; to be called about every 20 ms.
    pub fn poll(&mut self, now: Instant, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        self.latest = now;
        for query in &mut self.queries {
            if let Some(request) = query.poll(now) {
                transmit(query.server(), &request);
            }
        }
        if let Some(relay) = &mut self.relay {
            relay.poll(now, transmit);
        }
        self.poll_agent(now, transmit);
        self.note_events(now);
        self.follow_peer(now);
    }

    fn poll_agent(&mut self, now: Instant, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        let Some(agent) = &mut self.agent else { return };
        for _ in 0..MAX_STEPS {
            if agent.poll_timeout().is_none_or(|due| now < due) {
                break;
            }
            agent.handle_timeout(now);
            while let Some(check) = agent.poll_transmit() {
                if check.source == self.config.host {
                    transmit(check.destination, &check.contents);
                } else if let Some(relay) = &mut self.relay {
                    relay.send(now, check.destination, &check.contents, transmit);
                }
            }
        }
    }

    /// Sends a datagram to the peer; before there is a way it is lost.
    pub fn send(
        &mut self,
        now: Instant,
        datagram: &[u8],
        transmit: &mut impl FnMut(SocketAddr, &[u8]),
    ) {
        match (self.nominated, &mut self.relay) {
            (Some(route), _) if !route.relayed => transmit(route.peer, datagram),
            (Some(route), Some(relay)) => relay.send(now, route.peer, datagram, transmit),
            _ => {}
        }
    }

    /// Gives back what servers hold for us.
    pub fn close(&mut self, now: Instant, transmit: &mut impl FnMut(SocketAddr, &[u8])) {
        if let Some(relay) = &mut self.relay {
            relay.release(now, transmit);
        }
    }
}

fn credentials(of: &IceCredentials) -> IceCreds {
    IceCreds {
        ufrag: of.ufrag.clone(),
        pass: of.password.clone(),
    }
}

/// For an agent that checks nothing.
fn no_credentials() -> IceCreds {
    IceCreds {
        ufrag: String::new(),
        pass: String::new(),
    }
}
