//! Who calls, by which header (RFC 3261 §20.20, RFC 3325), and whether a mailbox answers.

use crate::support;

use ringbook_sip::user_agent::{AccountConfig, Event, IdentityHeader};
use support::peer::{Peer, sdp};
use support::*;

const BOB: usize = 0;

fn bob() -> World {
    World::new(vec![Agent::new("bob", "10.0.0.2:5060", 2)])
}

#[test]
fn s5_15_who_calls_is_told_by_the_first_header_of_the_accounts_order() {
    use IdentityHeader::{Asserted, From, RemoteParty};
    let told = |order: &[IdentityHeader], headers: &str| {
        let mut world = bob();
        world.agents[BOB].ua.add_account(AccountConfig {
            caller_id: order.to_vec(),
            ..account("101", "sip:10.0.0.9")
        });
        let mut peer = Peer::calling("101", addr("10.0.0.2:5060"));
        let invite = peer.request("INVITE", headers, &sdp(5000, 1, "sendrecv"));
        peer.send(&mut world, invite);
        world.run(ms(10));
        match world.agents[BOB].events.pop() {
            Some(Event::Incoming { caller, .. }) => caller.number_text.unwrap_or_default(),
            other => panic!("{other:?}"),
        }
    };
    let (pai, rpid) = (
        "P-Asserted-Identity: <sip:1@office.example>\r\n",
        "Remote-Party-ID: <sip:2@office.example>;party=calling\r\n",
    );
    let both = format!("{rpid}{pai}");
    assert_eq!(told(&IdentityHeader::ALL, &both), "1");
    assert_eq!(told(&IdentityHeader::ALL, rpid), "2");
    assert_eq!(told(&IdentityHeader::ALL, ""), "peer");
    assert_eq!(told(&[RemoteParty, Asserted, From], &both), "2");
    assert_eq!(told(&[RemoteParty], pai), "peer", "From is always there");
    assert_eq!(told(&[From, Asserted], &both), "peer");
}
