//! Whose datagrams are the peer's: symmetric RTP, latched once.
//!
//! SDP says where the peer hears. Behind a NAT its packets come from elsewhere, and only the
//! way back to that source reaches it. A stranger who sprays the port must gain nothing by this
//! door, so: the address of the SDP always counts and closes the door for good; else the first
//! source that sends a few packets in order is taken, once.

use std::net::SocketAddr;

use super::Packet;

/// Packets in a row, of one SSRC, before another address than the SDP's is believed.
const PROOF: u8 = 3;

/// Where a datagram comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The peer.
    Peer,
    /// The peer, at an address found just now.
    Latched,
    /// Anybody: neither heard nor answered.
    Stranger,
}

/// The peer's media address as known so far.
#[derive(Debug)]
pub(crate) struct Latch {
    signalled: SocketAddr,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing has come from the signalled address yet.
    Open(Option<Candidate>),
    /// The signalled address has sent: no other will do.
    Confirmed,
    /// Another address proved itself first.
    Latched(SocketAddr),
}

#[derive(Debug)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    next_sequence: u16,
    proven: u8,
}

impl Latch {
    pub(crate) fn new(signalled: SocketAddr) -> Self {
        Latch {
            signalled,
            state: State::Open(None),
        }
    }

    /// The address after a new offer and answer; the same address keeps what is known.
    pub(crate) fn signal(&mut self, signalled: SocketAddr) {
        if signalled != self.signalled {
            *self = Latch::new(signalled);
        }
    }

    /// Where our media goes.
    pub(crate) fn remote(&self) -> SocketAddr {
        match self.state {
            State::Latched(source) => source,
            State::Open(_) | State::Confirmed => self.signalled,
        }
    }

    /// The latched address, when it is not the signalled one.
    pub(crate) fn latched(&self) -> Option<SocketAddr> {
        match self.state {
            State::Latched(source) => Some(source),
            State::Open(_) | State::Confirmed => None,
        }
    }

    /// Judges a packet of valid form and expected payload type.
    pub(crate) fn judge(&mut self, source: SocketAddr, packet: &Packet<'_>) -> Origin {
        if source == self.signalled {
            // Signalling vouches for it, so that it also takes back what a stranger latched.
            self.state = State::Confirmed;
            return Origin::Peer;
        }
        match &mut self.state {
            State::Confirmed => Origin::Stranger,
            State::Latched(latched) if *latched == source => Origin::Peer,
            State::Latched(_) => Origin::Stranger,
            State::Open(candidate) => {
                let proven = match candidate {
                    Some(candidate) => candidate.prove(source, packet),
                    None => {
                        *candidate = Some(Candidate::new(source, packet));
                        false
                    }
                };
                if proven {
                    self.state = State::Latched(source);
                    Origin::Latched
                } else {
                    Origin::Stranger
                }
            }
        }
    }
}

impl Candidate {
    fn new(source: SocketAddr, packet: &Packet<'_>) -> Self {
        Candidate {
            source,
            ssrc: packet.ssrc,
            next_sequence: packet.sequence.wrapping_add(1),
            proven: 1,
        }
    }

    /// Whether the source has now sent enough in order; anything else starts the proof anew.
    fn prove(&mut self, source: SocketAddr, packet: &Packet<'_>) -> bool {
        let follows = self.source == source
            && self.ssrc == packet.ssrc
            && self.next_sequence == packet.sequence;
        if follows {
            self.proven += 1;
            self.next_sequence = packet.sequence.wrapping_add(1);
        } else {
            *self = Candidate::new(source, packet);
        }
        self.proven >= PROOF
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 4_000))
    }

    fn packet(ssrc: u32, sequence: u16) -> Packet<'static> {
        Packet {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp: 0,
            ssrc,
            payload: &[0; 160],
        }
    }

    #[test]
    fn another_address_is_taken_after_three_packets_in_order_and_then_for_good() {
        let mut latch = Latch::new(address(1));
        assert_eq!(latch.judge(address(2), &packet(7, 1)), Origin::Stranger);
        assert_eq!(latch.judge(address(2), &packet(7, 2)), Origin::Stranger);
        assert_eq!(latch.remote(), address(1));
        assert_eq!(latch.judge(address(2), &packet(7, 3)), Origin::Latched);
        assert_eq!(latch.remote(), address(2));
        for sequence in 0..100 {
            assert_eq!(
                latch.judge(address(3), &packet(9, sequence)),
                Origin::Stranger
            );
        }
        assert_eq!(latch.judge(address(2), &packet(7, 4)), Origin::Peer);
        assert_eq!(latch.remote(), address(2));
    }

    #[test]
    fn once_the_signalled_address_has_sent_no_other_is_taken() {
        let mut latch = Latch::new(address(1));
        assert_eq!(latch.judge(address(1), &packet(7, 1)), Origin::Peer);
        for sequence in 0..100 {
            assert_eq!(
                latch.judge(address(2), &packet(9, sequence)),
                Origin::Stranger
            );
        }
        assert_eq!(latch.remote(), address(1));
    }

    #[test]
    fn the_signalled_address_takes_the_call_back_from_a_stranger_who_was_first() {
        let mut latch = Latch::new(address(1));
        for sequence in 0..5 {
            latch.judge(address(66), &packet(9, sequence));
        }
        assert_eq!(latch.remote(), address(66));
        assert_eq!(latch.judge(address(1), &packet(7, 1)), Origin::Peer);
        assert_eq!(latch.remote(), address(1));
        assert_eq!(latch.judge(address(66), &packet(9, 6)), Origin::Stranger);
    }

    #[test]
    fn sequences_that_do_not_follow_prove_nothing() {
        let mut latch = Latch::new(address(1));
        for sequence in (0..300).step_by(3) {
            assert_eq!(
                latch.judge(address(2), &packet(7, sequence)),
                Origin::Stranger
            );
        }
    }

    #[test]
    fn a_new_address_in_sdp_opens_the_latch_and_the_same_one_keeps_it() {
        let mut latch = Latch::new(address(1));
        for sequence in 0..3 {
            latch.judge(address(2), &packet(7, sequence));
        }
        latch.signal(address(1));
        assert_eq!(latch.remote(), address(2));
        latch.signal(address(4));
        assert_eq!(latch.remote(), address(4));
    }
}
