//! A registrar that goes down and comes back without its memory.

use std::time::{Duration, Instant};

use super::steps::{check, row_of};
use crate::support::{Kamailio, Phone, Setup, Transport, eventually, together};

/// RFC 5626 §4.5: how long after its first failure a registration is tried again, in seconds, and
/// what a busy machine adds.
const BACK_OFF: std::ops::Range<f64> = 14.5..33.0;

#[test]
fn a_registrar_that_restarts_is_found_again_and_the_call_lives_meanwhile() {
    let _turn = together();
    let mut kamailio = Kamailio::start();
    let [caller, callee] = ["101", "102"].map(|user| {
        let phone = Phone::start(&Setup::registered(
            user,
            &kamailio.address(),
            Transport::Tcp,
        ));
        kamailio.wait_registered(user, Transport::Tcp);
        phone
    });
    let call = caller.dial(&kamailio.aor("102"));
    caller.wait_call("established");
    let called = callee.wait_call("established")["call"].clone();

    let seen = [caller.events(), callee.events()];
    kamailio.kill();
    for (phone, seen) in [&caller, &callee].into_iter().zip(seen) {
        phone.wait_from(seen, "registration", |event| event["state"] == "failed");
    }
    let failed = Instant::now();
    kamailio.restart();
    // The sound never went through it.
    let before = callee.recording_seconds();
    eventually("two more seconds of the call", || {
        (callee.recording_seconds() > before + 2.0).then_some(())
    });
    for (phone, seen) in [&caller, &callee].into_iter().zip(seen) {
        let patience = Duration::from_secs(40);
        phone.wait_within(patience, seen, "registration", |event| {
            event["state"] == "registered"
        });
    }
    let after = failed.elapsed().as_secs_f64();
    assert!(
        BACK_OFF.contains(&after),
        "registered again after {after} s"
    );

    caller.must(&["hangup", &call]);
    check(&row_of(&caller, &call), "answered", "local_hangup");
    check(
        &row_of(&callee, called.as_str().unwrap()),
        "answered",
        "remote_hangup",
    );
    assert_eq!([caller.log().len(), callee.log().len()], [1, 1]);
}
