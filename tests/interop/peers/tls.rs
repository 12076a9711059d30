//! TLS: whom the phone believes, what it says when it does not, and that it never goes without.

use std::path::Path;

use rcgen::{BasicConstraints, DnType, ExtendedKeyUsagePurpose, IsCa, SanType, date_time_ymd};
use serde_json::Value;

use crate::support::{
    Authority, Certificate, Kamailio, NameServer, Office, Phone, Registrar, Setup, Transport,
    together,
};

/// One server with a certificate, and whether the phone may believe it.
struct Case {
    /// The host of the line's registrar.
    host: &'static str,
    certificate: Certificate,
    /// None where it is to register; else what the phone has to say.
    complaint: Option<&'static str>,
}

fn cases(authority: &Authority, stranger: &Authority) -> Vec<Case> {
    let right = |host, certificate| Case {
        host,
        certificate,
        complaint: None,
    };
    let wrong = |host, complaint, certificate| Case {
        host,
        certificate,
        complaint: Some(complaint),
    };
    let year = |from, to| {
        move |params: &mut rcgen::CertificateParams| {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(to, 1, 1);
        }
    };
    vec![
        right("a.office.test", authority.certify(&["a.office.test"])),
        right(
            "b.office.test",
            authority.certify(&["x.test", "B.Office.test", "y.test"]),
        ),
        right("c.office.test", authority.certify(&["*.office.test"])),
        right("127.0.0.1", authority.certify(&["127.0.0.1"])),
        wrong(
            "d.office.test",
            "not for d.office.test but for e.office.test",
            authority.certify(&["e.office.test"]),
        ),
        wrong("f.office.test", "expired on 2020-01-01", {
            authority.certify_with(&["f.office.test"], year(2019, 2020))
        }),
        wrong("g.office.test", "valid from 2090-01-01 only", {
            authority.certify_with(&["g.office.test"], year(2090, 2091))
        }),
        wrong("h.office.test", "Nobody this computer trusts", {
            authority.self_signed(&["h.office.test"])
        }),
        wrong("i.office.test", "Nobody this computer trusts", {
            stranger.certify(&["i.office.test"])
        }),
        wrong("j.office.test", "not for j.office.test", {
            authority.certify_with(&[], |params| {
                params
                    .distinguished_name
                    .push(DnType::CommonName, "j.office.test");
            })
        }),
        wrong("k.deep.office.test", "not for k.deep.office.test", {
            authority.certify(&["*.office.test"])
        }),
        wrong(
            "127.0.0.1",
            "not for 127.0.0.1",
            authority.certify(&["l.office.test"]),
        ),
        wrong("m.office.test", "cannot be used", {
            authority.certify_with(&["m.office.test"], |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            })
        }),
        wrong("n.office.test", "cannot be used", {
            authority.certify_with(&["n.office.test"], |params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            })
        }),
        // RFC 5922 §7.2 knows a name in a URI, too; it is not the domain's.
        wrong("o.office.test", "not for o.office.test", {
            authority.certify_with(&[], |params| {
                let uri = "sip:p.office.test".try_into().unwrap();
                params.subject_alt_names.push(SanType::URI(uri));
            })
        }),
    ]
}

#[test]
fn of_fifteen_certificates_only_the_right_ones_register() {
    let _turn = together();
    let (authority, stranger) = (Authority::new(), Authority::new());
    let names = NameServer::start();
    let cases = cases(&authority, &stranger);
    let servers: Vec<Registrar> = cases
        .iter()
        .map(|case| Registrar::secure(&case.certificate))
        .collect();
    let mut lines = String::new();
    for (number, (case, server)) in cases.iter().zip(&servers).enumerate() {
        if !case.host.starts_with("127") {
            names.host(case.host, "127.0.0.1");
        }
        lines += &line(number, case.host, server.port(), &authority.file());
    }
    let phone = Phone::start(&Setup {
        sip: names.setting(),
        more: String::leak(lines),
        ..Setup::unregistered("127.0.0.1")
    });
    for (number, (case, server)) in cases.iter().zip(&servers).enumerate() {
        let aor = aor(number, case.host, server.port());
        let told = |event: &Value| event["account"] == *aor && event["state"] != "registering";
        let event = phone.wait("registration", told);
        match case.complaint {
            None => assert_eq!(event["state"], "registered", "{event}"),
            Some(complaint) => {
                assert_eq!(event["state"], "failed", "{event}");
                let reason = event["reason"].as_str().unwrap();
                assert!(
                    reason.contains(complaint),
                    "{complaint:?} is not in {reason:?}"
                );
                assert!(
                    server.heard().is_empty(),
                    "it was told {:?}",
                    server.heard()
                );
            }
        }
    }
}

fn aor(number: usize, host: &str, port: u16) -> String {
    format!("sip:{}@{host}:{port}", 200 + number)
}

fn line(number: usize, host: &str, port: u16, trust: &Path) -> String {
    format!(
        "[[account]]\naor = \"{}\"\npassword = \"secret\"\n\
         registrar = \"sip:{host}:{port};transport=tls\"\nca_file = \"{}\"\n",
        aor(number, host, port),
        trust.display()
    )
}

#[test]
fn a_server_without_tls_gets_nothing_in_clear() {
    let _turn = together();
    let authority = Authority::new();
    let plain = Registrar::plain();
    let domain = format!("localhost:{}", plain.port());
    let phone = Phone::start(&Setup {
        ca_file: Some(authority.file()),
        ..Setup::registered("101", &domain, Transport::Tls)
    });
    phone.wait("registration", |event| event["state"] == "failed");
    assert!(plain.heard().is_empty(), "{:?}", plain.heard());
}

#[test]
fn two_names_at_one_address_get_a_connection_each() {
    let _turn = together();
    let authority = Authority::new();
    let names = NameServer::start();
    let server = Registrar::secure(&authority.certify(&["a.office.test"]));
    names.host("a.office.test", "127.0.0.1");
    names.host("b.office.test", "127.0.0.1");
    let lines = line(1, "a.office.test", server.port(), &authority.file())
        + &line(2, "b.office.test", server.port(), &authority.file());
    let phone = Phone::start(&Setup {
        sip: names.setting(),
        more: String::leak(lines),
        ..Setup::unregistered("127.0.0.1")
    });
    let of = |host: &str, state: &str| {
        let (host, state) = (host.to_owned(), state.to_owned());
        move |event: &Value| {
            event["state"] == *state && event["account"].as_str().is_some_and(|a| a.contains(&host))
        }
    };
    phone.wait("registration", of("a.office.test", "registered"));
    phone.wait("registration", of("b.office.test", "failed"));
    assert_eq!(server.heard().len(), 1, "{:?}", server.heard());
}

#[test]
fn ringbook_calls_ringbook_over_tls_by_kamailio() {
    call_over_tls("127.0.0.1", "localhost");
}

#[test]
fn ringbook_calls_ringbook_over_tls_and_ipv6_by_kamailio() {
    call_over_tls("[::1]", "[::1]");
}

fn call_over_tls(host: &'static str, name: &str) {
    let _turn = together();
    let authority = Authority::new();
    let certificate = authority.certify(&[name.trim_matches(['[', ']'])]);
    let kamailio = Kamailio::start_as(&Office {
        host,
        certificate: Some(certificate),
        ..Office::default()
    });
    let domain = format!("{name}:{}", kamailio.tls_port());
    let start = |user| {
        let phone = Phone::start(&Setup {
            ca_file: Some(authority.file()),
            ..Setup::registered(user, &domain, Transport::Tls)
        });
        phone.wait_registered();
        kamailio.wait_registered(user, Transport::Tls);
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
    }
}
