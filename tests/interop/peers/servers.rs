//! Finding the server by DNS: order, fail-over, hostile answers.

use std::time::{Duration, Instant};

use crate::support::{Kamailio, NameServer, Phone, Registrar, Setup, Transport, together};

/// A line of this domain, which only DNS knows where to find.
fn setup(names: &NameServer, domain: &str, transport: Option<Transport>) -> Setup {
    Setup {
        sip: names.setting(),
        ..match transport {
            Some(transport) => Setup::registered("101", domain, transport),
            None => Setup {
                registrar: Some(format!("sip:{domain}")),
                ..Setup::registered("101", domain, Transport::Udp)
            },
        }
    }
}

#[test]
fn the_domain_names_the_transport_and_the_server() {
    let _turn = together();
    let kamailio = Kamailio::start();
    let names = NameServer::start();
    let port = kamailio.port();
    names.preference("office.test", 20, "SIP+D2U", "_sip._udp.office.test");
    names.preference("office.test", 10, "SIP+D2T", "_sip._tcp.office.test");
    names.service("_sip._udp.office.test", (0, 0), 9, "pbx.office.test");
    names.service("_sip._tcp.office.test", (0, 0), port, "pbx.office.test");
    names.host("pbx.office.test", "127.0.0.1");
    let phone = Phone::start(&setup(&names, "office.test", None));
    phone.wait_registered();
    kamailio.wait_registered("101", Transport::Tcp);
    // What was asked once is not asked again while it is fresh, however short it says it lives.
    let asked = names.asked();
    let again = phone.dial("102");
    phone.wait("call", |event| {
        event["call"] == *again && event["state"] == "ended"
    });
    assert_eq!(names.asked(), asked);
}

#[test]
fn a_dead_server_is_passed_over_at_once_and_a_silent_one_within_three_and_a_half_seconds() {
    let _turn = together();
    let names = NameServer::start();
    let (silent, works) = (Registrar::silent(), Registrar::plain());
    names.service("_sip._tcp.office.test", (1, 0), 1, "pbx.office.test");
    names.service(
        "_sip._tcp.office.test",
        (3, 0),
        works.port(),
        "pbx.office.test",
    );
    names.host("pbx.office.test", "127.0.0.1");
    let begin = Instant::now();
    let phone = Phone::start(&setup(&names, "office.test", Some(Transport::Tcp)));
    phone.wait_registered();
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    drop(phone);

    let authority = crate::support::Authority::new();
    let secure = Registrar::secure(&authority.certify(&["secure.test"]));
    names.service(
        "_sips._tcp.secure.test",
        (1, 0),
        silent.port(),
        "pbx.office.test",
    );
    names.service(
        "_sips._tcp.secure.test",
        (2, 0),
        secure.port(),
        "pbx.office.test",
    );
    let begin = Instant::now();
    let phone = Phone::start(&Setup {
        ca_file: Some(authority.file()),
        ..setup(&names, "secure.test", Some(Transport::Tls))
    });
    phone.wait_registered();
    let took = begin.elapsed();
    assert!(
        took >= Duration::from_secs(2),
        "the silent one was not tried: {took:?}"
    );
    assert!(took <= Duration::from_millis(4500), "{took:?}");
}

#[test]
fn the_certificate_has_to_name_the_domain_and_not_the_host_that_dns_names() {
    let _turn = together();
    let names = NameServer::start();
    let authority = crate::support::Authority::new();
    // RFC 5922 §4: whoever forges DNS has a certificate for a name of his own.
    let server = Registrar::secure(&authority.certify(&["pbx.office.test"]));
    names.service(
        "_sips._tcp.office.test",
        (0, 0),
        server.port(),
        "pbx.office.test",
    );
    names.host("pbx.office.test", "127.0.0.1");
    let phone = Phone::start(&Setup {
        ca_file: Some(authority.file()),
        ..setup(&names, "office.test", Some(Transport::Tls))
    });
    let event = phone.wait("registration", |event| event["state"] == "failed");
    let reason = event["reason"].as_str().unwrap();
    assert!(
        reason.contains("not for office.test but for pbx.office.test"),
        "{reason}"
    );
    assert!(server.heard().is_empty());
}

#[test]
fn hostile_answers_cost_nothing() {
    let _turn = together();
    let names = NameServer::start();
    let works = Registrar::plain();
    // Aliases in a circle, a thousand records, names that are none.
    names.alias("_sip._tcp.circle.test", "b.circle.test");
    names.alias("b.circle.test", "_sip._tcp.circle.test");
    names.host("circle.test", "127.0.0.1");
    for n in 0..40 {
        names.service("_sip._tcp.many.test", (0, n), 1 + n, "127.0.0.1");
    }
    names.service("_sip._tcp.odd.test", (0, 0), 5060, "a\0b.odd.test");
    names.service("_sip._tcp.odd.test", (1, 0), works.port(), "pbx.odd.test");
    names.host("pbx.odd.test", "127.0.0.1");
    for (domain, state) in [
        ("circle.test", "failed"),
        ("many.test", "failed"),
        ("odd.test", "registered"),
    ] {
        let begin = Instant::now();
        let phone = Phone::start(&setup(&names, domain, Some(Transport::Tcp)));
        phone.wait("registration", |event| event["state"] == state);
        assert!(
            begin.elapsed() < Duration::from_secs(8),
            "{domain}: {:?}",
            begin.elapsed()
        );
        phone.must(&["status"]);
    }
}
