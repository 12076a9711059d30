//! `ringbook check` where names and certificates decide.

use rcgen::date_time_ymd;

use crate::support::{
    Authority, Certificate, Input, NameServer, Registrar, Setup, Transport, check, together,
};

/// What the check says of a line at `secure.test`, whose server proves itself like this.
fn checked(authority: &Authority, certificate: &Certificate) -> String {
    let names = NameServer::start();
    let registrar = Registrar::secure(certificate);
    let service = "_sips._tcp.secure.test";
    names.service(service, (1, 0), registrar.port(), "pbx.secure.test");
    names.host("pbx.secure.test", "127.0.0.1");
    check(&line(&names, authority))
}

fn line(names: &NameServer, authority: &Authority) -> Setup {
    Setup {
        sip: names.setting(),
        ca_file: Some(authority.file()),
        input: Input::Silence,
        hears: false,
        ..Setup::registered("101", "secure.test", Transport::Tls)
    }
}

#[test]
fn a_line_over_tls_is_told_from_its_name_to_its_registration() {
    let _turn = together();
    let authority = Authority::new();
    let text = checked(&authority, &authority.certify(&["secure.test"]));
    for step in [
        "ok      Server's name: SRV _sips._tcp.secure.test → pbx.secure.test:",
        "pbx.secure.test → 127.0.0.1",
        "takes TLS connections and has a certificate this computer trusts",
        "ok      Server: 127.0.0.1:",
        "ok      Registration: accepted",
    ] {
        assert!(text.contains(step), "{step}\n{text}");
    }
}

#[test]
fn a_certificate_that_cannot_be_believed_is_the_step_that_failed() {
    let _turn = together();
    let authority = Authority::new();
    let expired = authority.certify_with(&["secure.test"], |params| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    for (certificate, why) in [
        (expired, "expired on 2020-01-01"),
        (authority.certify(&["other.test"]), "not for secure.test"),
        (
            Authority::new().certify(&["secure.test"]),
            "Nobody this computer trusts",
        ),
    ] {
        let text = checked(&authority, &certificate);
        let failed = text
            .lines()
            .find(|line| line.contains("FAILED  Connection:"));
        assert!(
            failed.is_some_and(|line| line.contains(why)),
            "{why}\n{text}"
        );
        assert!(!text.contains("Registration"), "{text}");
    }
}

#[test]
fn a_name_that_nobody_knows_is_the_step_that_failed() {
    let _turn = together();
    let (names, authority) = (NameServer::start(), Authority::new());
    let text = check(&line(&names, &authority));
    assert!(
        text.contains("FAILED  Server's name: secure.test cannot be found"),
        "{text}"
    );
}
