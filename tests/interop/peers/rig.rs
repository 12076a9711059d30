//! The instruments themselves: two foreign phones talk through the registrar, and what each says is
//! found at the other. A failure here is the rig's, not the phone's.

use crate::support::{Baresip, Kamailio, Line, Transport, together};

#[test]
fn two_foreign_phones_hear_each_other_through_the_registrar() {
    let _turn = together();
    let kamailio = Kamailio::start();
    let registrar = kamailio.address();
    let line = |user, transport, tone_hz| Line {
        user,
        registrar: &registrar,
        transport,
        codec: "PCMU/8000/1",
        tone_hz,
        answers_itself: true,
        encryption: "",
        nat: "",
    };
    let mut caller = Baresip::start(&line("101", Transport::Udp, 440));
    let callee = Baresip::start(&line("102", Transport::Tcp, 1000));
    kamailio.wait_registered("101", Transport::Udp);
    kamailio.wait_registered("102", Transport::Tcp);

    caller.dial(&kamailio.aor("102"));
    caller.wait("CALL_ESTABLISHED");
    caller.wait_heard(1.0);
    callee.wait_heard(1.0);
    caller.hang_up();
    caller.wait("CALL_CLOSED");
    callee.wait("CALL_CLOSED");

    assert!(caller.heard().seconds_of_tone(0, 1000.0) > 0.8);
    assert!(callee.heard().seconds_of_tone(0, 440.0) > 0.8);
    assert!(callee.heard().seconds_of_tone(0, 1000.0) < 0.1);
}
