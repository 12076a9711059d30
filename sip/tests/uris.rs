//! URIs: RFC 3261 §19.1, RFC 3966.

use ringbook_sip::message::{Host, SyntaxError, Uri};

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The pairs of RFC 3261 §19.1.4.
#[test]
fn equivalent_uris_of_the_rfc_are_equivalent() {
    for (one, two) in [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtLanTa.CoM;Transport=tcp",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a@[2001:db8::1]", "SIP:a@[2001:DB8:0::0:1]"),
    ] {
        assert!(uri(one).is_equivalent(&uri(two)), "{one} {two}");
        assert!(uri(two).is_equivalent(&uri(one)), "{two} {one}");
    }
}

#[test]
fn different_uris_of_the_rfc_are_different() {
    for (one, two) in [
        (
            "SIP:ALICE@AtLanTa.CoM;Transport=udp",
            "sip:alice@AtLanTa.CoM;Transport=UDP",
        ),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        (
            "sip:bob@biloxi.com",
            "sip:bob@biloxi.com:6000;transport=tcp",
        ),
        (
            "sip:carol@chicago.com",
            "sip:carol@chicago.com?Subject=next%20meeting",
        ),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;security=off",
        ),
        ("sip:a@b;user=phone", "sip:a@b"),
        ("sip:a@b", "sip:a@b;maddr=192.0.2.1"),
        ("sip:a@b", "sips:a@b"),
        ("sip:a@b", "sip:b"),
        ("sip:a:1@b", "sip:a:2@b"),
        // A reserved character is not equal to its escape.
        ("sip:a%2Fb@c", "sip:a/b@c"),
        ("sip:a@b", "tel:1"),
    ] {
        assert!(!uri(one).is_equivalent(&uri(two)), "{one} {two}");
        assert!(!uri(two).is_equivalent(&uri(one)), "{two} {one}");
    }
}

#[test]
fn every_part_is_read() {
    let uri = uri("sips:al%20ice:pw@[2001:db8::1]:5061;transport=tls;lr;maddr=192.0.2.1?a=b&c=d");
    assert_eq!(uri.scheme(), "sips");
    assert_eq!(uri.user().unwrap(), "al ice");
    assert_eq!(uri.host(), Some(&Host::Ip6("2001:db8::1".parse().unwrap())));
    assert_eq!(uri.port(), Some(5061));
    assert_eq!(uri.param("TRANSPORT"), Some("tls"));
    assert!(uri.has_param("lr"));
    assert_eq!(uri.param("lr"), None);
    assert_eq!(uri.as_sip().unwrap().headers.len(), 2);
}

#[test]
fn a_uri_is_printed_as_it_is_read() {
    for text in [
        "sip:bob@example.com",
        "sip:bob:pw@example.com:5070;transport=tcp;lr?a=b&c=d%20e",
        "sips:[::1]",
        "sip:*21%23@192.0.2.1",
        "sip:%00@b",
        "sip:+7(701)@example.com;user=phone",
        "tel:+7-701-111-22-33;phone-context=example.com",
        "mailto:a@b",
        "urn:service:sos",
    ] {
        assert_eq!(uri(text).to_string(), text);
        assert_eq!(uri(&uri(text).to_string()), uri(text));
    }
}

#[test]
fn escapes_are_printed_in_one_way() {
    assert_eq!(
        uri("sip:%75se%72%2f%2F@b;%6Cr").to_string(),
        "sip:user%2F%2F@b;lr"
    );
}

#[test]
fn users_are_escaped_when_set() {
    for user in [
        "bob", "a b", "sip:x@y", "100%", "*21#", "Иван", "a;b=c?d", "\r\nX: y", "<>\"",
    ] {
        let made = Uri::sip(Some(user), Host::parse("example.com").unwrap(), None);
        let read = uri(&made.to_string());
        assert_eq!(read.user().unwrap(), user);
        assert_eq!(read.host(), made.host());
    }
}

#[test]
fn what_telephones_send_unescaped_is_taken() {
    assert_eq!(uri("sip:*21#@b").user().unwrap(), "*21#");
    assert_eq!(uri("sip:Иван@b").user().unwrap(), "Иван");
    assert_eq!(
        uri("sip:my_pc@my_host").host().unwrap().to_string(),
        "my_host"
    );
}

#[test]
fn malformed_uris_are_refused_for_what_is_wrong() {
    for (text, error) in [
        ("", SyntaxError::Scheme),
        ("bob@example.com", SyntaxError::Scheme),
        (":a@b", SyntaxError::Scheme),
        ("1sip:a@b", SyntaxError::Scheme),
        ("sip:", SyntaxError::Host),
        ("sip:@b", SyntaxError::User),
        ("sip:a@b@c", SyntaxError::User),
        ("sip:a@", SyntaxError::Host),
        ("sip:a@b c", SyntaxError::UriCharacter),
        ("sip:a@b\u{0}", SyntaxError::UriCharacter),
        ("sip:a<@b", SyntaxError::UriCharacter),
        ("sip:a@[::1", SyntaxError::Host),
        ("sip:a@[::g]", SyntaxError::Host),
        ("sip:a@[::1]x", SyntaxError::Host),
        ("sip:2001:db8::1", SyntaxError::Port),
        ("sip:a@b:", SyntaxError::Port),
        ("sip:a@b:65536", SyntaxError::Port),
        ("sip:a@b:+1", SyntaxError::Port),
        ("sip:a%2@b", SyntaxError::Escape),
        ("sip:a%zz@b", SyntaxError::Escape),
        ("sip:a%@b", SyntaxError::Escape),
        ("sip:a%é@b", SyntaxError::Escape),
        ("sip:a@b;", SyntaxError::Param),
        ("sip:a@b;=x", SyntaxError::Param),
        ("sip:a@b;x=", SyntaxError::Param),
        ("sip:a@b?x", SyntaxError::UriHeader),
        ("sip:a@b?=x", SyntaxError::UriHeader),
        ("tel:", SyntaxError::Number),
        ("tel:+", SyntaxError::Number),
        ("tel:bob!", SyntaxError::Number),
    ] {
        assert_eq!(Uri::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn telephone_numbers_are_equal_without_their_separators() {
    assert!(uri("tel:+7-701-111").is_equivalent(&uri("tel:+7(701)1.11")));
    assert!(!uri("tel:+7701111").is_equivalent(&uri("tel:7701111")));
    assert!(!uri("tel:111;phone-context=a.example").is_equivalent(&uri("tel:111")));
    let contexts = (
        "tel:111;phone-context=a.example",
        "tel:111;phone-context=A.EXAMPLE",
    );
    assert!(uri(contexts.0).is_equivalent(&uri(contexts.1)));
}
