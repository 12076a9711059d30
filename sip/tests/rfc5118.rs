//! The IPv6 torture messages of RFC 5118.

use crate::corpora;

use std::net::{IpAddr, Ipv6Addr};

use ringbook_sip::message::{Fault, Host, Message, Request, SyntaxError, parse_datagram};
use ringbook_sip::sdp::{self, Beside, Codec, Direction, LocalMedia, SdpError, SrtpPolicy};

fn read(name: &str) -> Option<Result<Message, Fault>> {
    let folder = corpora::folder("rfc5118/wire_fixedcl")?;
    let bytes = std::fs::read(folder.join(format!("{name}.dat"))).unwrap();
    Some(parse_datagram(&bytes).map_err(|error| error.fault()))
}

fn request(name: &str) -> Option<Request> {
    Some(read(name)?.unwrap().as_request().unwrap().clone())
}

fn ip6(text: &str) -> Host {
    Host::Ip6(text.parse::<Ipv6Addr>().unwrap())
}

#[test]
fn all_but_one_are_accepted_and_printed_and_read_again_unchanged() {
    let Some(folder) = corpora::folder("rfc5118/wire_fixedcl") else {
        return;
    };
    let files = corpora::files(&folder, "dat");
    assert_eq!(files.len(), 12);
    for (name, bytes) in files.iter().filter(|(name, _)| name != "ipv6-bad.dat") {
        let message = parse_datagram(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            parse_datagram(&message.to_bytes()).unwrap(),
            message,
            "{name}"
        );
    }
}

#[test]
fn an_address_stands_in_brackets_everywhere() {
    let Some(register) = request("ipv6-good") else {
        return;
    };
    assert_eq!(register.uri.host(), Some(&ip6("2001:db8::10")));
    assert_eq!(register.top_via.host, ip6("2001:db8::9:1"));
    assert_eq!(
        register.headers.contacts()[0].uri.to_string(),
        "sip:caller@[2001:db8::1]"
    );
}

#[test]
fn an_address_without_brackets_is_refused() {
    let Some(result) = read("ipv6-bad") else {
        return;
    };
    assert_eq!(result, Err(Fault::RequestUri(SyntaxError::Port)));
}

#[test]
fn a_port_is_one_only_outside_the_brackets() {
    let Some(inside) = request("port-ambiguous") else {
        return;
    };
    assert_eq!(inside.uri.host(), Some(&ip6("2001:db8::10:5070")));
    assert_eq!(inside.uri.port(), None);
    let outside = request("port-unambiguous").unwrap();
    assert_eq!(outside.uri.host(), Some(&ip6("2001:db8::10")));
    assert_eq!(outside.uri.port(), Some(5070));
}

#[test]
fn received_is_read_with_brackets_and_without() {
    let expected: IpAddr = "2001:db8::9:255".parse().unwrap();
    for name in [
        "via-received-param-with-delim",
        "via-received-param-no-delim",
    ] {
        let Some(request) = request(name) else { return };
        assert_eq!(request.top_via.received(), Some(expected), "{name}");
    }
}

#[test]
fn both_families_stand_in_one_message() {
    let Some(bye) = request("mult-ip-in-header") else {
        return;
    };
    assert_eq!(bye.top_via.host, ip6("2001:db8::9:1"));
    assert_eq!(bye.top_via.port, Some(6050));
    assert_eq!(
        bye.lower_vias[0].host.ip(),
        Some("192.0.2.1".parse().unwrap())
    );
    assert_eq!(
        bye.lower_vias[1].received(),
        Some("192.0.2.200".parse().unwrap())
    );
}

#[test]
fn three_colons_of_a_mistaken_grammar_are_two() {
    let Some(mistaken) = request("ipv6-bug-abnf-3-colons") else {
        return;
    };
    let correct = request("ipv6-correct-abnf-2-colons").unwrap();
    assert_eq!(mistaken.uri, correct.uri);
    assert!(mistaken.to.uri.is_equivalent(&correct.to.uri));
}

#[test]
fn mapped_addresses_are_kept() {
    let Some(invite) = request("ipv4-mapped-ipv6") else {
        return;
    };
    assert_eq!(invite.top_via.host, ip6("::ffff:192.0.2.10"));
    assert_eq!(invite.top_via.port, Some(19823));
}

fn local(address: &str) -> LocalMedia {
    LocalMedia {
        address: address.parse().unwrap(),
        rtp_port: 4000,
        rtcp_port: None,
        codecs: vec![Codec::Pcmu],
        opus_dtx: false,
        direction: Direction::SendRecv,
        srtp: SrtpPolicy::Off,
        dtls: None,
        keys: Vec::new(),
        ice: None,
        session_id: 1,
        version: 1,
        beside: Beside::default(),
    }
}

#[test]
fn session_descriptions_are_answered_in_their_family() {
    let Some(mixed) = request("mult-ip-in-sdp") else {
        return;
    };
    // The audio is IPv4, the video IPv6.
    let (_, plan) = sdp::answer(&local("192.0.2.9"), &mixed.body).unwrap();
    assert_eq!(plan.remote_rtp, "192.0.2.1:22334".parse().unwrap());
    assert_eq!(
        sdp::answer(&local("2001:db8::9"), &mixed.body),
        Err(SdpError::Address)
    );
    // IPv6, but with a codec that we lack.
    let six = request("ipv6-in-sdp").unwrap();
    assert_eq!(
        sdp::answer(&local("2001:db8::9"), &six.body),
        Err(SdpError::NoCommonCodec)
    );
    // An IPv4 address written as IPv6 is an IPv4 address.
    let mapped = request("ipv4-mapped-ipv6").unwrap();
    assert_eq!(
        sdp::answer(&local("192.0.2.9"), &mapped.body),
        Err(SdpError::NoCommonCodec)
    );
}
