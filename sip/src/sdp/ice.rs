//! ICE in session descriptions (RFC 8839): under which addresses both sides may be reached.
//!
//! Candidates are those of the RTP port alone, which RTCP shares.

use std::fmt;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sdp_types::{
    Attribute, Candidate as Line, CandidateAddress, CandidateType, IcePwd, IceUfrag, Media,
    Session, TypedAttribute,
};

use super::remote::RemoteAudio;
use super::{LocalMedia, SdpError};
use crate::user_agent::Random;

/// The component of RTP (RFC 8445 §4).
const RTP: u32 = 1;
/// Candidates of a peer's that are read; more are passed over.
const MAX_CANDIDATES: usize = 64;

/// A user name fragment and a password for connectivity checks (RFC 8445 §5.3).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// `a=ice-ufrag`
    pub ufrag: String,
    /// `a=ice-pwd`
    pub password: String,
}

impl IceCredentials {
    /// Credentials that nobody can guess: 48 bits and 144 bits, where RFC 8445 §5.3 asks for 24
    /// and 128.
    pub(crate) fn generate(random: &mut Random) -> Self {
        // The characters of base64 are those of ICE (RFC 8839 §5.1), six bits each.
        let mut octets = [0; 24];
        random.fill(&mut octets);
        let mut ufrag = STANDARD_NO_PAD.encode(octets);
        let password = ufrag.split_off(8);
        Self { ufrag, password }
    }
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IceCredentials({}, …)", self.ufrag)
    }
}

/// How an address was found (RFC 8445 §5.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CandidateKind {
    /// `host`: the computer's own.
    Host,
    /// `srflx`: what a STUN server sees.
    ServerReflexive,
    /// `prflx`: what the other side sees.
    PeerReflexive,
    /// `relay`: a TURN server's.
    Relayed,
}

impl CandidateKind {
    fn of(line: &Line) -> Option<Self> {
        match line.typ {
            CandidateType::Host => Some(Self::Host),
            CandidateType::Srflx => Some(Self::ServerReflexive),
            CandidateType::Prflx => Some(Self::PeerReflexive),
            CandidateType::Relay => Some(Self::Relayed),
            CandidateType::Other(_) => None,
        }
    }

    fn name(self) -> CandidateType {
        match self {
            Self::Host => CandidateType::Host,
            Self::ServerReflexive => CandidateType::Srflx,
            Self::PeerReflexive => CandidateType::Prflx,
            Self::Relayed => CandidateType::Relay,
        }
    }
}

/// An address at which a side may be reached by UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// How it was found.
    pub kind: CandidateKind,
    /// Where datagrams have to go.
    pub address: SocketAddr,
    /// RFC 8445 §5.1.2: the higher, the better.
    pub priority: u32,
}

impl Candidate {
    /// A candidate that we can try: of RTP, by UDP, with an address. Names are ignored
    /// (RFC 8839 §5.1).
    fn read(line: &Line) -> Option<Self> {
        let CandidateAddress::IpAddr(ip) = line.address else {
            return None;
        };
        let is_ours = line.component_id == RTP && line.transport.eq_ignore_ascii_case("udp");
        let is_usable = !ip.is_multicast() && !ip.is_unspecified() && line.port != 0;
        (is_ours && is_usable).then_some(Self {
            kind: CandidateKind::of(line)?,
            address: SocketAddr::new(ip.to_canonical(), line.port),
            priority: u32::try_from(line.priority).unwrap_or(u32::MAX >> 1),
        })
    }

    fn line(&self, all: &[Candidate]) -> Line {
        let kind = self.kind.name();
        let mut line = Line::new(
            self.foundation(all),
            RTP,
            "UDP",
            u64::from(self.priority),
            CandidateAddress::IpAddr(self.address.ip()),
            self.address.port(),
            kind,
        );
        // RFC 8839 §5.1: for people who look for faults.
        let host = all.iter().find(|one| one.kind == CandidateKind::Host);
        let base = host.unwrap_or(self).address;
        if self.kind != CandidateKind::Host {
            line.set_rel_addr(base.ip());
            line.set_rel_port(base.port());
        }
        line
    }

    /// The kind, and a number for the further ones of a kind: they have other bases (RFC 8445 §5.1.1.3).
    fn foundation(&self, all: &[Candidate]) -> String {
        let kind = self.kind.name();
        let mut same = all.iter().filter(|one| one.kind == self.kind);
        match same.position(|one| one == self) {
            None | Some(0) => kind.as_str().to_owned(),
            Some(before) => format!("{}{}", kind.as_str(), before + 1),
        }
    }
}

/// Our side of ICE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalIce {
    /// Where we may be reached.
    pub candidates: Vec<Candidate>,
    /// The user agent's to choose.
    pub credentials: Option<IceCredentials>,
    /// Whether we choose the pair; the user agent's to know (RFC 8445 §6.1.1).
    pub controlling: Option<bool>,
}

impl LocalIce {
    /// These candidates; the rest is the user agent's to choose.
    pub fn new(candidates: Vec<Candidate>) -> Self {
        Self {
            candidates,
            credentials: None,
            controlling: None,
        }
    }

    /// Where a peer without ICE sends to: the address seen from outside, where it is known. A relay
    /// is for those alone who can do no better (it costs its owner, and the way is longer).
    pub(super) fn default(&self) -> Option<SocketAddr> {
        let of = |kind| self.candidates.iter().find(move |one| one.kind == kind);
        let best = of(CandidateKind::ServerReflexive).or_else(|| of(CandidateKind::Host));
        best.map(|candidate| candidate.address)
    }

    fn lines(&self, credentials: &IceCredentials) -> Vec<Attribute> {
        let ufrag = IceUfrag(credentials.ufrag.clone());
        let password = IcePwd(credentials.password.clone());
        let mut lines = vec![ufrag.into(), password.into()];
        let candidates = self.candidates.iter();
        lines.extend(candidates.map(|one| Attribute::from(one.line(&self.candidates))));
        lines
    }
}

/// What offer and answer together say of ICE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IcePlan {
    /// We choose the pair.
    pub controlling: bool,
    /// Our credentials.
    pub local: IceCredentials,
    /// The peer's.
    pub remote: IceCredentials,
    /// Where the peer may be reached.
    pub candidates: Vec<Candidate>,
}

/// What a peer's description says of ICE.
enum RemoteIce {
    /// Nothing that could be used.
    None,
    /// Somebody in between has changed the address and not the candidates (RFC 8839 §4.2.5).
    Mismatch,
    Usable {
        credentials: IceCredentials,
        candidates: Vec<Candidate>,
        /// It answers checks and makes none (RFC 8445 §2.5).
        lite: bool,
    },
}

impl RemoteIce {
    fn read(session: &Session, media: &Media, audio: &RemoteAudio) -> Self {
        let Some(credentials) = credentials(session, media) else {
            return Self::None;
        };
        let lines = || media.attributes_typed::<Line>().flatten();
        let candidates = lines().filter_map(|line| Candidate::read(&line));
        let candidates: Vec<_> = candidates.take(MAX_CANDIDATES).collect();
        if candidates.is_empty() || media.has_attribute("ice-mismatch") {
            return Self::None;
        }
        // A stream on hold in the manner of RFC 2543 has no address, and nothing to be compared.
        let is_held = audio.rtp.ip().is_unspecified();
        if !is_held && candidates.iter().all(|one| one.address != audio.rtp) {
            return Self::Mismatch;
        }
        Self::Usable {
            credentials,
            candidates,
            lite: session.has_attribute("ice-lite") || media.has_attribute("ice-lite"),
        }
    }

    /// What it comes to together with our side; `controlling` is our part in a new session.
    fn plan(self, local: &LocalIce, controlling: bool) -> Option<IcePlan> {
        let Self::Usable {
            credentials,
            candidates,
            lite,
        } = self
        else {
            return None;
        };
        Some(IcePlan {
            // RFC 8445 §6.1.1: a full agent leads a lite one, else who made the first offer.
            controlling: lite || local.controlling.unwrap_or(controlling),
            local: local.credentials.clone()?,
            remote: credentials,
            candidates,
        })
    }
}

/// The stream's credentials, or the session's (RFC 8839 §5.4).
fn credentials(session: &Session, media: &Media) -> Option<IceCredentials> {
    fn one<T: TypedAttribute>(session: &Session, media: &Media) -> Option<T> {
        let of_media = media.get_first_attribute_typed::<T>();
        let found = of_media.or_else(|| session.get_first_attribute_typed::<T>());
        found?.ok()
    }
    Some(IceCredentials {
        ufrag: one::<IceUfrag>(session, media)?.0,
        password: one::<IcePwd>(session, media)?.0,
    })
}

/// The lines of our offer.
pub(super) fn offer(local: &LocalMedia) -> Vec<Attribute> {
    let Some(ice) = &local.ice else {
        return Vec::new();
    };
    let credentials = ice.credentials.as_ref();
    credentials.map_or_else(Vec::new, |credentials| ice.lines(credentials))
}

/// What an offered stream and our side come to, and the lines of our answer.
pub(super) fn answer(
    local: &LocalMedia,
    session: &Session,
    media: &Media,
    audio: &RemoteAudio,
) -> (Option<IcePlan>, Vec<Attribute>) {
    let Some(ice) = &local.ice else {
        return (None, Vec::new());
    };
    match RemoteIce::read(session, media, audio) {
        RemoteIce::None => (None, Vec::new()),
        RemoteIce::Mismatch => (None, vec![Attribute::new("ice-mismatch")]),
        usable => match usable.plan(ice, false) {
            Some(plan) => {
                let lines = ice.lines(&plan.local);
                (Some(plan), lines)
            }
            None => (None, Vec::new()),
        },
    }
}

/// What our offer and the answer come to.
pub(super) fn accept(
    local: &LocalMedia,
    session: &Session,
    media: &Media,
    audio: &RemoteAudio,
) -> Option<IcePlan> {
    let ice = local.ice.as_ref()?;
    RemoteIce::read(session, media, audio).plan(ice, true)
}

/// Whether an offer asks for other credentials of ours: its own are not those of `plan`
/// (RFC 8839 §4.4.1.1.1).
pub(crate) fn restarts(plan: &IcePlan, offer: &[u8]) -> Result<bool, SdpError> {
    let session = super::remote::read_session(offer)?;
    let audio = session
        .medias
        .iter()
        .find(|media| super::remote::is_live_audio(media));
    let offered = audio.and_then(|media| credentials(&session, media));
    Ok(offered.is_some_and(|offered| offered != plan.remote))
}

/// Whether an offer speaks of ICE.
pub(crate) fn is_offered(offer: &[u8]) -> bool {
    super::remote::read_session(offer).is_ok_and(|session| {
        let mut audio = session.medias.iter();
        audio.any(|media| {
            super::remote::is_live_audio(media) && credentials(&session, media).is_some()
        })
    })
}
