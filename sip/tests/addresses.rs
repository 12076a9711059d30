//! Via, and the addresses in From, To, Contact and their like: RFC 3261 §20.10, §20.42.

use ringbook_sip::message::{
    Fault, Host, Message, NameAddr, Request, SyntaxError, Uri, Via, parse_datagram,
};

/// A request with further header lines, each with CR LF.
fn with_lines(lines: &str) -> String {
    format!(
        "OPTIONS sip:bob@example.com SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
         From: <sip:alice@example.com>;tag=a\r\n\
         To: <sip:bob@example.com>\r\n\
         Call-ID: 1@example.com\r\n\
         CSeq: 1 OPTIONS\r\n{lines}\r\n"
    )
}

fn read(text: impl AsRef<[u8]>) -> Request {
    match parse_datagram(text.as_ref()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

// Via: RFC 3261 §20.42.

#[test]
fn a_via_is_read_with_spaces_ports_and_both_families() {
    let via =
        Via::parse("SIP / 2.0 /\tudp  [2001:db8::1] : 5070 ; branch = z9hG4bKx ;rport").unwrap();
    assert_eq!(via.transport, "UDP");
    assert_eq!(via.host, Host::Ip6("2001:db8::1".parse().unwrap()));
    assert_eq!(via.port, Some(5070));
    assert_eq!(via.unique_branch(), Some("z9hG4bKx"));
    assert!(via.params.has("rport"));
    assert_eq!(via.rport(), None);
    assert_eq!(
        via.to_string(),
        "SIP/2.0/UDP [2001:db8::1]:5070;branch=z9hG4bKx;rport"
    );
}

#[test]
fn a_via_that_names_no_place_is_refused() {
    for text in [
        "",
        "UDP a",
        "SIP/2.0/UDP",
        "SIP/2.0/ a",
        "HTTP/2.0/UDP a",
        "SIP/2.0/UDP a:b:c",
    ] {
        assert!(Via::parse(text).is_err(), "{text}");
    }
    let torn = parse_datagram(with_lines("Via: SIP/2.0/UDP a,\r\n").as_bytes()).unwrap_err();
    assert_eq!(torn.fault(), Fault::Field("Via", SyntaxError::Via));
}

#[test]
fn vias_joined_by_commas_are_as_many_hops() {
    let request = read(with_lines(
        "v: SIP/2.0/TCP a;x=\",\" , SIP/2.0/TLS b\r\nVia: SIP/2.0/UDP c\r\n",
    ));
    let hosts: Vec<_> = request
        .lower_vias
        .iter()
        .map(|via| via.host.to_string())
        .collect();
    assert_eq!(hosts, ["a", "b", "c"]);
}

#[test]
fn only_a_branch_behind_the_cookie_names_a_transaction() {
    let branch = |text: &str| Via::parse(&format!("SIP/2.0/UDP a{text}")).unwrap();
    assert_eq!(
        branch(";branch=Z9HG4BKab").unique_branch(),
        Some("Z9HG4BKab")
    );
    for text in ["", ";branch", ";branch=z9hG4bK", ";branch=old"] {
        assert_eq!(branch(text).unique_branch(), None, "{text}");
    }
}

// Addresses: RFC 3261 §20.10.

#[test]
fn a_display_name_is_read_as_a_person_reads_it() {
    for (text, display) in [
        ("\"Bell, \\\"A\\\" \\\\\" <sip:a@b>", Some("Bell, \"A\" \\")),
        ("Иван Петров <sip:a@b>", Some("Иван Петров")),
        ("\"Иван\"<sip:a@b>", Some("Иван")),
        ("A. G. Bell <sip:a@b>", Some("A. G. Bell")),
        ("\"\r\\\n\\\"\" <sip:a@b>", Some("  \"")),
        ("A\r\nBell <sip:a@b>", Some("A  Bell")),
        ("\"\" <sip:a@b>", None),
        ("<sip:a@b>", None),
        ("sip:a@b", None),
    ] {
        let address = NameAddr::parse(text).unwrap();
        assert_eq!(address.display.as_deref(), display, "{text}");
        assert_eq!(
            NameAddr::parse(&address.to_string()).unwrap(),
            address,
            "{text}"
        );
    }
}

#[test]
fn malformed_addresses_are_refused() {
    for (text, error) in [
        ("\"open <sip:a@b>", SyntaxError::QuotedString),
        ("\"name\" sip:a@b", SyntaxError::Brackets),
        ("a \"b\" <sip:a@b>", SyntaxError::QuotedString),
        ("<sip:a@b", SyntaxError::Brackets),
        ("sip:a@b?x=y", SyntaxError::Brackets),
        ("<sip:a@b>tag=x", SyntaxError::Param),
        ("<sip:a@b>;", SyntaxError::Param),
        ("<sip:a@b>;x=", SyntaxError::Param),
        ("<sip:a@b>;x=\"y", SyntaxError::QuotedString),
        ("<>", SyntaxError::Scheme),
        ("", SyntaxError::Scheme),
    ] {
        assert_eq!(NameAddr::parse(text), Err(error), "{text}");
    }
}

#[test]
fn a_list_is_split_at_its_commas_only() {
    let line = "Contact: \"a,b\" <sip:a@x;p=1,2>;q=\"0,5\", <sip:b@x> ,sip:c@x;d\r\n";
    let contacts = read(with_lines(line)).headers.contacts();
    let users: Vec<_> = contacts
        .iter()
        .map(|c| c.uri.user().unwrap().into_owned())
        .collect();
    assert_eq!(users, ["a", "b", "c"]);
    assert_eq!(contacts[0].params.get_unquoted("q").unwrap(), "0,5");
    assert!(contacts[2].params.has("d"));
}

#[test]
fn tags_are_set_once() {
    let mut address = NameAddr::new(Uri::parse("sip:a@b").unwrap());
    address.set_tag("1");
    address.set_tag("2");
    assert_eq!(address.to_string(), "<sip:a@b>;tag=2");
}
