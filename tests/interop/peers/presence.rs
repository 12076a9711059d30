//! Lamps between two Ringbooks, by a presence server: what one publishes of itself, the other shows.

use crate::support::{Kamailio, Office, Phone, Setup, Transport, together};

#[test]
fn what_one_phone_publishes_lights_the_lamp_of_another() {
    let _turn = together();
    let kamailio = Kamailio::start_as(&Office {
        presence: true,
        ..Office::default()
    });
    let start = |user, account: &str| {
        let phone = Phone::start(&Setup {
            account: account.to_owned(),
            ..Setup::registered(user, &kamailio.address(), Transport::Udp)
        });
        phone.wait_registered();
        phone
    };
    let mut busy = start("101", "publish = true");
    let mut caller = start("103", "");
    let mut watcher = start("102", "lamps = [\"101\"]");
    let lamp = |state: &str| watcher.wait("lamp", |event| event["state"] == state);
    lamp("idle");
    caller.dial(&kamailio.aor("101"));
    lamp("talking");
    let seen = watcher.events();
    let call = caller.wait_call("established")["call"].clone();
    caller.must(&["hangup", call.as_str().unwrap()]);
    watcher.wait_from(seen, "lamp", |event| event["state"] == "idle");
    let accounts = busy.must(&["accounts"]);
    assert_eq!(accounts[0]["published"], "dialog", "{accounts}");
    // It ends, and so does what it has published.
    busy.quit();
    caller.quit();
    watcher.quit();
}
