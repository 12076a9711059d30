#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::*;

/// A zone in short: `naptr`, `srv` and `a` lines.
#[derive(Default)]
struct Zone(BTreeMap<Question, Result<Records, ResolveError>>);

impl Zone {
    fn naptr(mut self, host: &str, records: &[(u16, u16, &str, &str)]) -> Zone {
        let record = |&(order, preference, service, replacement): &(u16, u16, &str, &str)| Naptr {
            order,
            preference,
            flags: "s".to_owned(),
            service: service.to_owned(),
            replacement: replacement.to_owned(),
        };
        let records = Records::Naptr(records.iter().map(record).collect());
        self.0.insert(Question::Naptr(host.to_owned()), Ok(records));
        self
    }

    fn srv(mut self, name: &str, records: &[(u16, u16, u16, &str)]) -> Zone {
        let record = |&(priority, weight, port, target): &(u16, u16, u16, &str)| Srv {
            priority,
            weight,
            port,
            target: target.to_owned(),
        };
        let records = Records::Srv(records.iter().map(record).collect());
        self.0.insert(Question::Srv(name.to_owned()), Ok(records));
        self
    }

    fn a(mut self, host: &str, addresses: &[&str]) -> Zone {
        let addresses = addresses.iter().map(|ip| ip.parse().unwrap()).collect();
        let records = Records::Addresses(addresses);
        self.0
            .insert(Question::Addresses(host.to_owned()), Ok(records));
        self
    }

    fn known(&self, question: &Question) -> Known<'_> {
        self.0
            .get(question)
            .map(|records| records.as_ref().map_err(|e| *e))
    }

    /// Asks until nothing is missing; what the zone does not have is not found.
    fn resolve(&mut self, uri: &str, preferred: Option<Transport>) -> Vec<String> {
        self.resolve_with(uri, preferred, |_| 0)
    }

    fn resolve_with(
        &mut self,
        uri: &str,
        preferred: Option<Transport>,
        mut dice: impl FnMut(u64) -> u64,
    ) -> Vec<String> {
        let place = match destination(&Uri::parse(uri).unwrap(), preferred).unwrap() {
            Destination::Address(target) => return vec![shown(&target)],
            Destination::Name(place) => place,
        };
        for _ in 0..5 {
            let finding = find(&place, |question| self.known(question), &mut dice);
            if finding.missing.is_empty() {
                return finding.targets.iter().map(shown).collect();
            }
            for question in finding.missing {
                self.0.insert(question, Err(ResolveError::NotFound));
            }
        }
        panic!("it never has enough");
    }

    /// What is asked before anything is known.
    fn first_questions(&self, uri: &str) -> Vec<Question> {
        match destination(&Uri::parse(uri).unwrap(), None).unwrap() {
            Destination::Address(_) => Vec::new(),
            Destination::Name(place) => find(&place, |q| self.known(q), |_| 0).missing,
        }
    }
}

fn shown(target: &Target) -> String {
    format!("{:?} {}", target.transport, target.address).to_lowercase()
}

/// The example of RFC 3263 §4.1.
fn example() -> Zone {
    Zone::default()
        .naptr(
            "example.com",
            &[
                (90, 50, "SIP+D2U", "_sip._udp.example.com"),
                (50, 50, "SIPS+D2T", "_sips._tcp.example.com"),
                (90, 40, "SIP+D2T", "_sip._tcp.example.com"),
                (10, 10, "SIP+D2S", "_sip._sctp.example.com"),
            ],
        )
        .srv("_sips._tcp.example.com", &[(0, 1, 5061, "s.example.com")])
        .srv(
            "_sip._tcp.example.com",
            &[(1, 0, 5062, "b.example.com"), (0, 0, 5060, "a.example.com")],
        )
        .srv("_sip._udp.example.com", &[(0, 0, 5070, "a.example.com")])
        .a("a.example.com", &["192.0.2.1", "2001:db8::1"])
        .a("b.example.com", &["192.0.2.2"])
        .a("s.example.com", &["192.0.2.3"])
        .a("example.com", &["192.0.2.9"])
}

#[test]
fn the_uri_alone_decides_where_it_can() {
    let mut zone = Zone::default();
    for (uri, target) in [
        ("sip:192.0.2.1", "udp 192.0.2.1:5060"),
        ("sip:192.0.2.1:7;transport=tcp", "tcp 192.0.2.1:7"),
        ("sips:192.0.2.1", "tls 192.0.2.1:5061"),
        ("sips:192.0.2.1;transport=tcp", "tls 192.0.2.1:5061"),
        ("sip:[2001:db8::1]", "udp [2001:db8::1]:5060"),
        ("sip:a.example;maddr=192.0.2.7", "udp 192.0.2.7:5060"),
    ] {
        assert_eq!(zone.resolve(uri, None), [target], "{uri}");
    }
    assert_eq!(
        zone.resolve("sip:192.0.2.1", Some(Transport::Tls)),
        ["tls 192.0.2.1:5061"]
    );
}

#[test]
fn a_port_or_a_bare_name_asks_for_addresses_only() {
    let zone = example();
    assert!(zone.first_questions("sip:example.com:5080").is_empty());
    assert_eq!(
        zone.first_questions("sip:pbx"),
        [Question::Addresses("pbx".to_owned())]
    );
    let mut zone = zone.a("pbx", &["192.0.2.4"]);
    assert_eq!(
        zone.resolve("sip:example.com:5080", None),
        ["udp 192.0.2.9:5080"]
    );
    assert_eq!(zone.resolve("sip:PBX.", None), ["udp 192.0.2.4:5060"]);
}

#[test]
fn the_domain_chooses_among_the_transports_we_speak() {
    // TLS first, and then TLS alone: nobody falls back to what can be overheard.
    assert_eq!(
        example().resolve("sip:example.com", None),
        ["tls 192.0.2.3:5061"]
    );
    let plain = Zone::default()
        .naptr(
            "example.com",
            &[
                (2, 0, "SIPS+D2T", "_sips._tcp.example.com"),
                (1, 1, "sip+d2t", "_sip._tcp.example.com"),
                (1, 0, "SIP+D2U", "_sip._udp.example.com"),
            ],
        )
        .0;
    let mut zone = example();
    zone.0.extend(plain);
    assert_eq!(
        zone.resolve("sip:example.com", None),
        [
            "udp 192.0.2.1:5070",
            "udp [2001:db8::1]:5070",
            "tcp 192.0.2.1:5060",
            "tcp [2001:db8::1]:5060",
            "tcp 192.0.2.2:5062",
            "tls 192.0.2.3:5061",
        ]
    );
}

#[test]
fn a_transport_in_the_uri_or_the_account_is_not_left() {
    let mut zone = example();
    let tcp = [
        "tcp 192.0.2.1:5060",
        "tcp [2001:db8::1]:5060",
        "tcp 192.0.2.2:5062",
    ];
    assert_eq!(zone.resolve("sip:example.com;transport=tcp", None), tcp);
    assert_eq!(zone.resolve("sip:example.com", Some(Transport::Tcp)), tcp);
    let tls = ["tls 192.0.2.3:5061"];
    assert_eq!(zone.resolve("sips:example.com", None), tls);
    assert_eq!(zone.resolve("sip:example.com;transport=tls", None), tls);
}

#[test]
fn without_naptr_the_usual_services_are_tried_and_without_them_the_host() {
    let mut zone = example();
    zone.0.remove(&Question::Naptr("example.com".to_owned()));
    assert_eq!(
        zone.resolve("sip:example.com", None)[0],
        "udp 192.0.2.1:5070"
    );
    let mut zone = Zone::default().a("example.com", &["192.0.2.9"]);
    // All at once, not one after the other.
    assert_eq!(
        zone.first_questions("sip:example.com"),
        [
            Question::Naptr("example.com".to_owned()),
            Question::Srv("_sip._udp.example.com".to_owned()),
            Question::Srv("_sip._tcp.example.com".to_owned()),
        ]
    );
    assert_eq!(
        zone.resolve("sip:example.com", None),
        ["udp 192.0.2.9:5060"]
    );
    assert_eq!(
        zone.resolve("sips:example.com", None),
        ["tls 192.0.2.9:5061"]
    );
    assert!(
        Zone::default()
            .resolve("sip:nowhere.example", None)
            .is_empty()
    );
}

#[test]
fn weights_count_within_a_priority() {
    let records = [
        (1, 10, 1, "192.0.2.1"),
        (1, 30, 2, "192.0.2.1"),
        (0, 0, 3, "192.0.2.1"),
    ];
    let mut zone = Zone::default().srv("_sip._udp.example.com", &records);
    let mut seed: u64 = 7;
    let mut first = BTreeMap::new();
    for _ in 0..4000 {
        let dice = |sides: u64| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) % sides
        };
        let uri = "sip:example.com;transport=udp";
        let targets = zone.resolve_with(uri, None, dice);
        assert_eq!(targets.len(), 3);
        assert_eq!(targets[0], "udp 192.0.2.1:3", "the lowest priority");
        *first.entry(targets[1].clone()).or_insert(0) += 1;
    }
    let heavy = first["udp 192.0.2.1:2"];
    assert!(
        (2800..3200).contains(&heavy),
        "{heavy} of 4000, not three quarters"
    );
}

#[test]
fn a_service_that_is_not_to_be_had_leads_nowhere_else() {
    // RFC 2782: a dot as the target.
    let mut zone = Zone::default()
        .srv("_sip._tcp.example.com", &[(0, 0, 5060, ".")])
        .a("example.com", &["192.0.2.9"]);
    assert!(
        zone.resolve("sip:example.com;transport=tcp", None)
            .is_empty()
    );
}

#[test]
fn hostile_answers_are_bounded() {
    let many: Vec<_> = (0..1000).map(|n| (0, 1, 1000 + n, "192.0.2.1")).collect();
    let mut zone = Zone::default().srv("_sip._udp.example.com", &many);
    assert_eq!(
        zone.resolve("sip:example.com;transport=udp", None).len(),
        16
    );
    let hosts: Vec<_> = (0..1000)
        .map(|n| format!("192.0.{}.{}", n / 256, n % 256))
        .collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let mut zone = Zone::default().a("example.com", &hosts);
    assert_eq!(zone.resolve("sip:example.com", None).len(), 4);
    let long = format!("{}.example", "a".repeat(64));
    let odd = [
        "",
        "a\0b.example",
        "a b",
        "a/b",
        "*.example",
        "[::1]",
        &long,
        "ä.example",
    ];
    let odd: Vec<_> = odd.iter().map(|name| (0, 0, 5060, *name)).collect();
    let zone = Zone::default().srv("_sip._udp.example.com", &odd);
    let host = Question::Addresses("example.com".to_owned());
    assert_eq!(
        zone.first_questions("sip:example.com;transport=udp"),
        [host]
    );
}
