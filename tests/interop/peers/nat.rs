//! Calls through NATs: with baresip by ICE, and between two homes behind routers, each in networks of its own, with
//! coturn and Kamailio on the internet between them.

use serde_json::Value;

use crate::support::{
    Baresip, Coturn, Input, Kamailio, Line, Networks, Office, Phone, Place, Router, SERVERS, Setup,
    Transport, alone, together,
};

const PHONE_HZ: f64 = 440.0;
const PEER_HZ: f64 = 1000.0;
/// Calls last until this much has been heard; most of it must be the tone.
const TALK_S: f64 = 2.0;
const FOUND_S: f64 = 1.2;
/// After how long at most a call that lost its way is heard again.
const BACK_S: f64 = 5.0;

#[test]
fn ringbook_calls_baresip_by_ice() {
    with_baresip("", true);
}

#[test]
fn baresip_calls_ringbook_by_ice() {
    with_baresip("", false);
}

#[test]
fn keys_are_agreed_on_over_the_pair_that_ice_has_found() {
    with_baresip("dtls_srtp", false);
}

#[test]
fn a_peer_that_does_not_speak_ice_is_called_without_delay() {
    let _turn = together();
    let kamailio = Kamailio::start();
    let coturn = Coturn::start(&Place::here(), "127.0.0.1");
    let (phone, mut peer) = phone_and_baresip(&kamailio, coturn.keys(true), "", "");
    phone.dial(&kamailio.aor("103"));
    phone.wait_call("established");
    coturn.wait_allocated();
    peer.wait_heard(TALK_S);
    assert_eq!(path(&phone), Value::Null, "ICE is not used");
    peer.hang_up();
    check_tones(phone, &peer);
}

/// Both speak ICE on one computer.
fn with_baresip(encryption: &str, phone_calls: bool) {
    let _turn = together();
    let kamailio = Kamailio::start();
    let (phone, mut peer) =
        phone_and_baresip(&kamailio, "ice = \"on\"\n".to_owned(), encryption, "ice");
    if phone_calls {
        phone.dial(&kamailio.aor("103"));
    } else {
        peer.dial(&kamailio.aor("101"));
    }
    phone.wait_call("established");
    peer.wait_heard(TALK_S);
    phone.wait_recorded(TALK_S);
    assert_eq!(path(&phone), "direct");
    peer.hang_up();
    check_tones(phone, &peer);
}

fn phone_and_baresip(
    kamailio: &Kamailio,
    line: String,
    encryption: &str,
    nat: &str,
) -> (Phone, Baresip) {
    let phone = Phone::start(&Setup {
        account: line,
        ..Setup::registered("101", &kamailio.address(), Transport::Udp)
    });
    phone.wait_registered();
    let peer = Baresip::start(&Line {
        user: "103",
        registrar: &kamailio.address(),
        transport: Transport::Udp,
        codec: "PCMU/8000/1",
        tone_hz: PEER_HZ as u32,
        answers_itself: true,
        encryption,
        nat,
    });
    kamailio.wait_registered("103", Transport::Udp);
    (phone, peer)
}

/// Each has heard the other.
fn check_tones(mut phone: Phone, peer: &Baresip) {
    phone.wait_call("ended");
    assert!(phone.recording().seconds_of_tone(1, PEER_HZ) >= FOUND_S);
    peer.wait("CALL_CLOSED");
    assert!(peer.heard().seconds_of_tone(0, PHONE_HZ) >= FOUND_S);
    phone.quit();
}

/// The way of the sound of the phone's one call.
fn path(phone: &Phone) -> Value {
    let calls = phone.must(&["calls"]);
    calls[0]["path"].clone()
}

#[test]
fn two_homes_hear_each_other_by_the_addresses_that_a_stun_server_sees() {
    let Some(homes) = Homes::open(Router::KeepsPorts, false) else {
        return;
    };
    homes.call();
    assert_eq!(homes.paths(), ["direct", "direct"]);
    homes.end(None);
}

#[test]
fn two_homes_with_symmetric_routers_hear_each_other_by_a_turn_server() {
    let Some(homes) = Homes::open(Router::Symmetric, true) else {
        return;
    };
    homes.call();
    assert!(
        homes.paths().contains(&"relayed".to_owned()),
        "{:?}",
        homes.paths()
    );
    homes.end(None);
}

#[test]
fn two_homes_with_a_cable_of_their_own_hear_each_other_by_it() {
    // Nothing else gets through: symmetric routers, and no relay.
    let lay = |networks: &Networks| networks.join_homes();
    let Some(homes) = Homes::open_over(Router::Symmetric, false, lay) else {
        return;
    };
    homes.call();
    assert_eq!(homes.paths(), ["direct", "direct"]);
    homes.end(None);
}

#[test]
fn a_router_that_forgets_a_call_interrupts_it_for_five_seconds_at_most() {
    for (router, relays) in [(Router::KeepsPorts, false), (Router::Symmetric, true)] {
        let Some(homes) = Homes::open(router, relays) else {
            return;
        };
        homes.call();
        homes.networks.forget(1);
        homes.end(Some(BACK_S));
    }
}

#[test]
fn a_phone_that_changes_its_network_in_a_call_is_heard_again_within_five_seconds() {
    for (router, relays) in [(Router::KeepsPorts, false), (Router::Symmetric, true)] {
        let Some(homes) = Homes::open(router, relays) else {
            return;
        };
        homes.call();
        homes.networks.move_phone(1);
        homes.end(Some(BACK_S));
    }
}

/// A phone in each of two homes, and servers between them.
struct Homes {
    phones: [Phone; 2],
    kamailio: Kamailio,
    _coturn: Coturn,
    networks: Networks,
    _turn: std::sync::RwLockWriteGuard<'static, ()>,
}

impl Homes {
    /// `None` where this computer cannot make networks.
    fn open(router: Router, relays: bool) -> Option<Homes> {
        Homes::open_over(router, relays, |_| {})
    }

    /// The same, over networks that `lay` has changed before anybody uses them.
    fn open_over(router: Router, relays: bool, lay: impl FnOnce(&Networks)) -> Option<Homes> {
        // It measures lengths of time.
        let turn = alone();
        let networks = Networks::new(router)?;
        lay(&networks);
        let kamailio = Kamailio::start_as(&Office {
            host: SERVERS,
            place: networks.internet.clone(),
            ..Office::default()
        });
        let coturn = Coturn::start(&networks.internet, SERVERS);
        let start = |user, home: usize, hz| {
            let phone = Phone::start(&Setup {
                place: networks.homes[home].clone(),
                account: coturn.keys(relays),
                input: Input::Tone(hz),
                ..Setup::registered(user, &kamailio.address(), Transport::Udp)
            });
            phone.wait_registered();
            phone
        };
        Some(Homes {
            phones: [start("101", 0, PHONE_HZ), start("102", 1, PEER_HZ)],
            kamailio,
            _coturn: coturn,
            networks,
            _turn: turn,
        })
    }

    /// The first calls the second, and they talk for a while.
    fn call(&self) {
        self.phones[0].dial(&self.kamailio.aor("102"));
        for phone in &self.phones {
            phone.wait_call("established");
            phone.wait_recorded(TALK_S);
        }
    }

    fn paths(&self) -> [String; 2] {
        let path = |phone| path(phone).as_str().unwrap_or("none").to_owned();
        [path(&self.phones[0]), path(&self.phones[1])]
    }

    /// They talk on and hang up; where the call was interrupted, `back` says for how long at most. Each has one
    /// recording, with the other's voice almost all the time.
    fn end(self, back: Option<f64>) {
        let rest = TALK_S + back.map_or(0.0, |back| back + TALK_S);
        for phone in &self.phones {
            phone.wait_recorded(rest);
        }
        let call = self.phones[0].wait_call("established")["call"].clone();
        self.phones[0].must(&["hangup", call.as_str().unwrap()]);
        for (phone, theirs) in self.phones.iter().zip([PEER_HZ, PHONE_HZ]) {
            phone.wait_call("ended");
            let recording = phone.recording();
            let (length, gap) = (recording.seconds(), recording.longest_gap(1, theirs));
            println!("{length:.1} s recorded, {gap:.2} s at most without the other side");
            assert!(gap <= back.unwrap_or(0.5), "{gap} s of {length} s");
            assert!(recording.seconds_of_tone(1, theirs) >= FOUND_S);
        }
    }
}
