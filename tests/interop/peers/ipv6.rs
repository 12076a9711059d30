//! IPv6 alone: registering and calling through Kamailio over `[::1]`.

use crate::support::{Kamailio, Office, Phone, Setup, Transport, together};

#[test]
fn ringbook_calls_ringbook_over_ipv6_by_udp() {
    call(Transport::Udp);
}

#[test]
fn ringbook_calls_ringbook_over_ipv6_by_tcp() {
    call(Transport::Tcp);
}

fn call(transport: Transport) {
    let _turn = together();
    let kamailio = Kamailio::start_as(&Office {
        host: "[::1]",
        ..Office::default()
    });
    let start = |user| {
        let phone = Phone::start(&Setup::registered(user, &kamailio.address(), transport));
        phone.wait_registered();
        kamailio.wait_registered(user, transport);
        phone
    };
    let (mut caller, mut callee) = (start("101"), start("102"));
    let call = caller.dial("102");
    caller.wait_call("established");
    callee.wait_call("established");
    callee.wait_recorded(0.5);
    caller.must(&["hangup", &call]);
    for phone in [&mut caller, &mut callee] {
        phone.wait_call("ended");
        assert_eq!(phone.only_row()["status"], "answered");
        phone.quit();
        // The other one's tone, through the air of IPv6.
        assert!(phone.heard().seconds_of_tone(0, 440.0) > 0.2);
    }
}
