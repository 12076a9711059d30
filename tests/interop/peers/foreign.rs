//! Hold, keys and transfers with phones of other houses, through Kamailio: each of them as the one
//! who transfers, who is transferred, and who takes over. Every call leaves its one right row.

use serde_json::Value;

use super::steps::{call_id, check, row_of};
use crate::support::{Baresip, Foreign, Kamailio, Linphone, Phone, Setup, Transport, together};

const FOREIGN_HZ: u32 = 1000;

/// Our phone (101), another Ringbook (102) and a foreign one (103), all registered and answering.
struct Office<P> {
    kamailio: Kamailio,
    phone: Phone,
    other: Phone,
    foreign: P,
}

impl<P: Foreign> Office<P> {
    fn open() -> Office<P> {
        let kamailio = Kamailio::start();
        let foreign = P::start("103", &kamailio, FOREIGN_HZ);
        let ringbook = |user| {
            let phone = Phone::start(&Setup {
                // Linphone forgets the port of those who call it when it names them to others.
                proxy: Some(format!("sip:{}", kamailio.address())),
                ..Setup::registered(user, &kamailio.address(), Transport::Udp)
            });
            kamailio.wait_registered(user, Transport::Udp);
            phone
        };
        Office {
            phone: ringbook("101"),
            other: ringbook("102"),
            foreign,
            kamailio,
        }
    }

    /// Our phone's call to this user, once it stands.
    fn call(&self, user: &str) -> String {
        let call = self.phone.dial(&self.kamailio.aor(user));
        wait_state(&self.phone, &call, "established");
        call
    }
}

fn wait_state(phone: &Phone, call: &str, state: &str) -> Value {
    phone.wait("call", |event| {
        event["state"] == state && event["call"] == call
    })
}

/// The call that this phone has beside `known`, once it stands.
fn other_call(phone: &Phone, known: &str) -> String {
    let wanted = |event: &Value| event["state"] == "established" && event["call"] != known;
    call_id(&phone.wait("call", wanted))
}

fn holds_and_presses_keys<P: Foreign>() {
    let _turn = together();
    let mut office = Office::<P>::open();
    let call = office.call("103");
    let phone = &office.phone;
    office.foreign.wait_heard(0.5);
    office.foreign.hold();
    assert_eq!(wait_state(phone, &call, "held")["by"], "remote");
    office.foreign.resume();
    assert_eq!(wait_state(phone, &call, "resumed")["by"], "remote");
    // Not after our own hold: nobody here sees when it is over at the other end, and whoever is held sends no keys.
    office.foreign.press('5');
    phone.wait("dtmf", |event| event["digit"] == "5");
    let before = phone.events();
    phone.must(&["hold", &call]);
    phone.wait_from(before, "call", |event| event["state"] == "held");
    phone.must(&["resume", &call]);
    phone.wait_from(before, "call", |event| event["state"] == "resumed");
    phone.must(&["dtmf", &call, "9"]);
    office.foreign.wait_pressed('9');
    office.foreign.hang_up();
    check(&row_of(phone, &call), "answered", "remote_hangup");
    assert_eq!(phone.log().len(), 1);
}

/// The foreign phone calls ours and sends it to the other one.
fn sends_the_phone_on<P: Foreign>() {
    let _turn = together();
    let mut office = Office::<P>::open();
    office.foreign.dial(&office.kamailio.aor("101"));
    let first = call_id(&office.phone.wait_call("established"));
    office.foreign.send_on(&office.kamailio.aor("102"));
    let second = other_call(&office.phone, &first);
    check(&row_of(&office.phone, &first), "answered", "transferred");
    office.foreign.wait_ended();
    office.other.wait_recorded(0.5);
    office.phone.must(&["hangup", &second]);
    check(&row_of(&office.phone, &second), "answered", "local_hangup");
    assert_eq!(office.phone.log().len(), 2);
    office.other.wait_call("ended");
    check(&office.other.only_row(), "answered", "remote_hangup");
}

/// Our phone sends the foreign one to the other one.
fn is_sent_on<P: Foreign>() {
    let _turn = together();
    let mut office = Office::<P>::open();
    let call = office.call("103");
    office
        .phone
        .must(&["transfer", &call, &office.kamailio.aor("102")]);
    check(&row_of(&office.phone, &call), "answered", "transferred");
    assert_eq!(office.phone.log().len(), 1);
    office.other.wait_call("established");
    office.other.wait_recorded(0.5);
    office.foreign.hang_up();
    office.other.wait_call("ended");
    check(&office.other.only_row(), "answered", "remote_hangup");
}

/// Our phone sends the foreign one to somebody who is not there: they talk on (S4.3).
fn is_sent_on_in_vain<P: Foreign>() {
    let _turn = together();
    let mut office = Office::<P>::open();
    let call = office.call("103");
    office.phone.must(&["hold", &call]);
    wait_state(&office.phone, &call, "held");
    office
        .phone
        .must(&["transfer", &call, &office.kamailio.aor("105")]);
    wait_state(&office.phone, &call, "transfer_failed");
    wait_state(&office.phone, &call, "resumed");
    office.foreign.hang_up();
    check(&row_of(&office.phone, &call), "answered", "remote_hangup");
    assert_eq!(office.phone.log().len(), 1);
}

/// Our phone talks with both and connects the foreign one with the other one, for whom our call
/// ends for this reason.
fn is_connected<P: Foreign>(replaced: &str) {
    let _turn = together();
    let mut office = Office::<P>::open();
    connects(&office, ["103", "102"]);
    let first = call_id(&office.other.wait_call("established"));
    other_call(&office.other, &first);
    check(&row_of(&office.other, &first), "answered", replaced);
    office.foreign.hang_up();
    office.other.wait("call", |event| {
        event["state"] == "ended" && event["call"] != first.as_str()
    });
    assert_eq!(office.other.log().len(), 2);
}

/// Our phone talks with both and connects the other one with the foreign one.
fn takes_over<P: Foreign>() {
    let _turn = together();
    let office = Office::<P>::open();
    connects(&office, ["102", "103"]);
    let first = call_id(&office.other.wait_call("established"));
    check(&row_of(&office.other, &first), "answered", "transferred");
    let second = other_call(&office.other, &first);
    office.other.must(&["hangup", &second]);
    check(&row_of(&office.other, &second), "answered", "local_hangup");
    assert_eq!(office.other.log().len(), 2);
}

/// Our phone calls the two, the first one on hold meanwhile, and leaves them to each other.
fn connects<P: Foreign>(office: &Office<P>, [first, second]: [&str; 2]) {
    let first = office.call(first);
    office.phone.must(&["hold", &first]);
    wait_state(&office.phone, &first, "held");
    let second = office.call(second);
    office.phone.must(&["transfer", &first, "--to", &second]);
    check(&row_of(&office.phone, &first), "answered", "transferred");
    check(&row_of(&office.phone, &second), "answered", "transferred");
    assert_eq!(office.phone.log().len(), 2);
}

mod baresip {
    use super::*;

    #[test]
    fn holds_and_presses_keys() {
        super::holds_and_presses_keys::<Baresip>();
    }

    #[test]
    fn sends_the_phone_on() {
        super::sends_the_phone_on::<Baresip>();
    }

    #[test]
    fn is_sent_on() {
        super::is_sent_on::<Baresip>();
    }

    #[test]
    fn s4_3_is_sent_on_in_vain() {
        super::is_sent_on_in_vain::<Baresip>();
    }

    #[test]
    fn is_connected() {
        // It knows nothing of Replaces and calls anew.
        super::is_connected::<Baresip>("remote_hangup");
    }

    #[test]
    fn takes_over() {
        super::takes_over::<Baresip>();
    }
}

mod linphone {
    use super::*;

    #[test]
    fn holds_and_presses_keys() {
        super::holds_and_presses_keys::<Linphone>();
    }

    #[test]
    fn sends_the_phone_on() {
        super::sends_the_phone_on::<Linphone>();
    }

    #[test]
    fn is_sent_on() {
        super::is_sent_on::<Linphone>();
    }

    #[test]
    fn s4_3_is_sent_on_in_vain() {
        super::is_sent_on_in_vain::<Linphone>();
    }

    #[test]
    fn is_connected() {
        super::is_connected::<Linphone>("transferred");
    }

    #[test]
    fn takes_over() {
        super::takes_over::<Linphone>();
    }

    #[test]
    fn reads_every_header() {
        let _turn = together();
        let office = Office::<Linphone>::open();
        let call = office.call("103");
        office.phone.must(&["hangup", &call]);
        office.foreign.wait_ended();
        let unread = office.foreign.complaints("parser error");
        assert!(unread.is_empty(), "{unread:?}");
    }

    #[test]
    fn connects_the_phone_with_another() {
        let _turn = together();
        let mut office = Office::<Linphone>::open();
        office.foreign.dial(&office.kamailio.aor("101"));
        let first = call_id(&office.phone.wait_call("established"));
        office.foreign.hold();
        office.phone.wait_call("held");
        office.foreign.dial(&office.kamailio.aor("102"));
        let replaced = call_id(&office.other.wait_call("established"));
        office
            .foreign
            .wait_said("Media streams established with sip:102@");
        office.foreign.say("transfer 1 --to-call 2");
        let second = other_call(&office.phone, &first);
        check(&row_of(&office.phone, &first), "answered", "transferred");
        check(&row_of(&office.other, &replaced), "answered", "transferred");
        let taken = other_call(&office.other, &replaced);
        office.phone.must(&["hangup", &second]);
        check(&row_of(&office.phone, &second), "answered", "local_hangup");
        check(&row_of(&office.other, &taken), "answered", "remote_hangup");
        assert_eq!([office.phone.log().len(), office.other.log().len()], [2, 2]);
    }
}
