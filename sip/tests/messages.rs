//! Rules of the wire, one small message each: RFC 3261 §7, §18.3, §19.1, §20, §25.

use ringbook_sip::message::{
    CSeq, Fault, Headers, Message, Method, Names, ParseError, Request, Response, SyntaxError,
    limits, parse_datagram, reason_phrase,
};

/// A request with everything it must have; `extra` are further header lines, each with CR LF.
fn options(extra: &str) -> String {
    format!(
        "OPTIONS sip:bob@example.com SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
         From: <sip:alice@example.com>;tag=a\r\n\
         To: <sip:bob@example.com>\r\n\
         Call-ID: 1@example.com\r\n\
         CSeq: 1 OPTIONS\r\n{extra}\r\n"
    )
}

/// The same with one line in the place of the one that starts alike.
fn options_with(line: &str) -> String {
    let name = line.split(':').next().unwrap();
    let lines = options("").replace("\r\n\r\n", "");
    let lines: Vec<&str> = lines
        .split("\r\n")
        .map(|old| if old.starts_with(name) { line } else { old })
        .collect();
    lines.join("\r\n") + "\r\n\r\n"
}

fn read(text: impl AsRef<[u8]>) -> Request {
    match parse_datagram(text.as_ref()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn refused(text: impl AsRef<[u8]>) -> ParseError {
    parse_datagram(text.as_ref()).expect_err("an error")
}

fn fault(text: impl AsRef<[u8]>) -> Fault {
    refused(text).fault()
}

// Lines and names: RFC 3261 §7.3.1.

#[test]
fn a_folded_header_is_one_line() {
    let request = read(options("Subject: one\r\n two\r\n\t three \r\n"));
    assert_eq!(request.headers.get("Subject"), Some("one two three"));
}

#[test]
fn a_fold_in_front_of_every_header_is_a_fault() {
    let text = options("").replacen("Via", " Via", 1);
    assert_eq!(fault(text), Fault::HeaderLine);
}

#[test]
fn compact_names_are_the_long_ones() {
    let request = read(
        "INVITE sip:b@example.com SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
         f: <sip:a@example.com>;tag=1\r\nt: <sip:b@example.com>\r\ni: 1\r\nCSeq: 1 INVITE\r\n\
         m: <sip:a@192.0.2.1>\r\nk: 100rel, timer\r\nc: application/sdp\r\nr: <sip:c@example.com>\r\n\
         x: 1800\r\no: dialog\r\nl: 3\r\n\r\nv=0",
    );
    assert_eq!(request.headers.contacts().len(), 1);
    assert!(request.headers.list_has("Supported", "TIMER"));
    assert_eq!(request.headers.media_type(), Some("application/sdp"));
    assert_eq!(request.headers.addresses("Refer-To").len(), 1);
    assert_eq!(request.headers.number("Session-Expires"), Some(1800));
    assert_eq!(request.headers.get("Event"), Some("dialog"));
    assert_eq!(request.body, b"v=0");
}

#[test]
fn names_are_shortened_first_where_everybody_reads_it() {
    let request = read(options("Supported: timer\r\nSession-Expires: 1800\r\n"));
    let common = String::from_utf8(request.to_brief_bytes(Names::Common)).unwrap();
    assert!(common.contains("\r\nf: <sip:alice@example.com>;tag=a\r\n"));
    assert!(common.contains("\r\nSupported: timer\r\nSession-Expires: 1800\r\nl: 0\r\n"));
    let compact = String::from_utf8(request.to_brief_bytes(Names::Compact)).unwrap();
    assert!(compact.contains("\r\nk: timer\r\nx: 1800\r\nl: 0\r\n"));
}

#[test]
fn names_are_equal_whatever_their_case_and_space_before_the_colon() {
    let request = read(options("uSeR-aGeNt \t: one\r\nX-Own: two\r\n"));
    assert_eq!(request.headers.get("User-Agent"), Some("one"));
    assert_eq!(request.headers.get("x-own"), Some("two"));
}

#[test]
fn lines_that_are_no_header_are_refused() {
    for line in [
        "no colon",
        ": no name",
        "bad name: x",
        "Sub\"ject: x",
        "X: a\rb",
        "X: a\nb",
    ] {
        assert_eq!(
            fault(options(&format!("{line}\r\n"))),
            Fault::HeaderLine,
            "{line:?}"
        );
    }
}

#[test]
fn bare_line_feeds_end_no_line() {
    assert_eq!(fault(options("").replace("\r\n", "\n")), Fault::HeaderLine);
    assert_eq!(
        fault(options("X: 1\nVia: SIP/2.0/UDP evil\r\n")),
        Fault::HeaderLine
    );
}

#[test]
fn octets_that_are_no_utf8_do_not_lose_the_message() {
    let mut text = options("Subject: ?\r\n").into_bytes();
    let at = text.iter().position(|&byte| byte == b'?').unwrap();
    text[at] = 0xfc;
    assert_eq!(read(text).headers.get("Subject"), Some("\u{fffd}"));
}

// Start lines: RFC 3261 §7.1, §7.2.

#[test]
fn the_request_line_has_three_parts_and_two_spaces() {
    for line in [
        "OPTIONS  sip:bob@example.com SIP/2.0",
        "OPTIONS sip:bob@example.com  SIP/2.0",
        "OPTIONS sip:bob@example.com SIP/2.0 ",
        "OPTIONS\tsip:bob@example.com SIP/2.0",
        "OPTIONS sip:bob@example.com",
        "OPTIONS sip:bob@example.com SIP/2",
        "OPT(ONS sip:bob@example.com SIP/2.0",
    ] {
        let text = options("").replacen("OPTIONS sip:bob@example.com SIP/2.0", line, 1);
        assert_eq!(fault(text), Fault::RequestLine, "{line:?}");
    }
}

#[test]
fn the_version_is_read_in_any_case_and_another_one_is_505() {
    read(options("").replacen("SIP/2.0", "sip/2.0", 1));
    let error = refused(options("").replacen("SIP/2.0", "SIP/3.0", 1));
    assert_eq!((error.fault(), error.status()), (Fault::Version, Some(505)));
    let via = refused(options_with("Via: SIP/3.0/UDP 192.0.2.1;branch=z9hG4bK1"));
    assert_eq!(via.status(), Some(505));
}

#[test]
fn methods_are_told_apart_by_case_and_unknown_ones_are_kept() {
    let text = options("").replace("OPTIONS", "options");
    assert_eq!(read(text).method, Method::Other("options".to_owned()));
    let names = "INVITE ACK BYE CANCEL OPTIONS REGISTER PRACK UPDATE INFO REFER NOTIFY SUBSCRIBE \
                 MESSAGE PUBLISH";
    for name in names.split(' ') {
        let method = Method::parse(name).unwrap();
        assert!(!matches!(method, Method::Other(_)), "{name}");
        assert_eq!(method.as_str(), name);
    }
}

#[test]
fn a_request_uri_of_any_scheme_is_read_and_one_without_is_not() {
    let with_uri = |uri: &str| options("").replacen("sip:bob@example.com", uri, 1);
    assert_eq!(
        read(with_uri("tel:+7-701-111")).uri.user().unwrap(),
        "+7-701-111"
    );
    assert_eq!(read(with_uri("http://example.com/")).uri.scheme(), "http");
    assert_eq!(
        fault(with_uri("bob")),
        Fault::RequestUri(SyntaxError::Scheme)
    );
    let headers = with_uri("sip:bob@example.com?Subject=x");
    assert_eq!(
        fault(headers),
        Fault::RequestUri(SyntaxError::UriHeadersInRequest)
    );
}

#[test]
fn a_status_line_has_three_digits_and_any_phrase() {
    let response =
        |line: &str| options("").replacen("OPTIONS sip:bob@example.com SIP/2.0", line, 1);
    for (line, status, reason) in [
        ("SIP/2.0 200 OK", 200, "OK"),
        ("SIP/2.0 486 Занято  тут", 486, "Занято  тут"),
        ("SIP/2.0 100 ", 100, ""),
        ("SIP/2.0 699", 699, ""),
    ] {
        let Ok(Message::Response(read)) = parse_datagram(response(line).as_bytes()) else {
            panic!("{line}")
        };
        assert_eq!((read.status, read.reason.as_str()), (status, reason));
    }
    for line in [
        "SIP/2.0 99 x",
        "SIP/2.0 700 x",
        "SIP/2.0 0200 x",
        "SIP/2.0 2a0 x",
        "SIP/2.0",
    ] {
        let error = refused(response(line));
        assert_eq!(
            (error.fault(), error.status()),
            (Fault::StatusLine, None),
            "{line}"
        );
    }
}

// Mandatory and single header fields: RFC 3261 §8.1.1, §7.3.1.

#[test]
fn a_mandatory_header_that_is_missing_is_named() {
    for name in ["From", "To", "Call-ID", "CSeq"] {
        let text = options("");
        let without: String = text
            .split_inclusive("\r\n")
            .filter(|line| !line.starts_with(name))
            .collect();
        let error = refused(without);
        assert_eq!(error.to_string(), format!("Missing {name} header field"));
        assert_eq!(error.status(), Some(400));
    }
}

#[test]
fn without_a_via_nobody_can_be_answered() {
    let text = options("").replacen("Via", "X-Via", 1);
    let error = refused(text);
    assert_eq!(
        (error.fault(), error.status()),
        (Fault::Missing("Via"), None)
    );
}

#[test]
fn single_headers_that_stand_twice_are_refused_even_when_they_agree() {
    for line in [
        "From: <sip:alice@example.com>;tag=a",
        "t: <sip:bob@example.com>",
        "i: 1@example.com",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 70\r\nMax-Forwards: 70",
        "l: 0\r\nContent-Length: 0",
    ] {
        let error = refused(options(&format!("{line}\r\n")));
        assert!(
            matches!(error.fault(), Fault::Repeated(_)),
            "{line}: {error}"
        );
        assert_eq!(error.status(), Some(400));
    }
}

#[test]
fn a_tag_or_branch_that_stands_twice_is_refused() {
    let from = options_with("From: <sip:alice@example.com>;tag=a;tag=b");
    assert_eq!(
        fault(from),
        Fault::Field("From", SyntaxError::RepeatedParam)
    );
    let via = options_with("Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;branch=z9hG4bK2");
    assert_eq!(fault(via), Fault::Field("Via", SyntaxError::RepeatedParam));
}

#[test]
fn a_cseq_is_a_number_of_32_bits_and_the_method() {
    assert_eq!(CSeq::parse("4294967295 \t INVITE").unwrap().seq, u32::MAX);
    for text in [
        "4294967296 INVITE",
        "-1 INVITE",
        "+1 INVITE",
        "INVITE",
        "1",
        "1INVITE",
        "",
    ] {
        assert_eq!(CSeq::parse(text), Err(SyntaxError::CSeq), "{text}");
    }
    assert_eq!(fault(options_with("CSeq: 1 INVITE")), Fault::CSeqMethod);
}

#[test]
fn max_forwards_is_at_most_255() {
    assert_eq!(
        read(options("Max-Forwards: 0255\r\n")).max_forwards,
        Some(255)
    );
    for value in ["256", "-1", "", "7O"] {
        let found = fault(options(&format!("Max-Forwards: {value}\r\n")));
        assert_eq!(
            found,
            Fault::Field("Max-Forwards", SyntaxError::MaxForwards),
            "{value}"
        );
    }
}

#[test]
fn a_call_id_is_one_visible_word() {
    for value in ["", "two words", "na\u{ef}ve", "a\u{7f}"] {
        let found = fault(options_with(&format!("Call-ID: {value}")));
        assert_eq!(
            found,
            Fault::Field("Call-ID", SyntaxError::CallId),
            "{value:?}"
        );
    }
}

#[test]
fn a_malformed_contact_or_route_is_refused_and_a_star_is_not() {
    for line in [
        "Contact: <sip:a@b",
        "Route: sip:a@b?x=y",
        "Record-Route: <sip:a@b>,",
        "m: ",
    ] {
        let found = fault(options(&format!("{line}\r\n")));
        assert!(matches!(found, Fault::Field(_, _)), "{line}: {found}");
    }
    let star = read(options("Contact: *\r\n"));
    assert!(star.headers.has_wildcard_contact());
    assert_eq!(star.headers.contacts(), []);
}

// Bodies: RFC 3261 §18.3.

#[test]
fn a_datagram_ends_with_content_length_whatever_follows() {
    let text = options("Content-Length: 2\r\n") + "abINVITE sip:x SIP/2.0\r\n\r\n";
    assert_eq!(read(text).body, b"ab");
    assert_eq!(read(options("") + "all the rest").body, b"all the rest");
    assert_eq!(
        fault(options("Content-Length: 3\r\n") + "ab"),
        Fault::BodyTooShort
    );
}

#[test]
fn a_content_length_that_is_no_number_is_refused() {
    for value in ["-1", "+1", "1,1", "0x1", "", "1 1"] {
        let found = fault(options(&format!("Content-Length: {value}\r\n")));
        assert_eq!(found, Fault::ContentLength, "{value}");
    }
    let huge = options("Content-Length: 99999999999999999999999999\r\n");
    assert_eq!(fault(huge), Fault::BodyTooShort);
}

#[test]
fn keep_alives_are_empty_and_get_no_answer() {
    for bytes in [&b""[..], b"\r\n", b"\r\n\r\n"] {
        let error = refused(bytes);
        assert_eq!((error.fault(), error.status()), (Fault::Empty, None));
    }
    read(format!("\r\n\r\n{}", options("")));
}

// Limits.

#[test]
fn every_size_has_its_limit() {
    let at = |extra: &str| parse_datagram(options(extra).as_bytes()).map_err(|e| e.fault());
    let header = |length: usize| format!("X: {}\r\n", "a".repeat(length - "X: ".len()));
    assert!(at(&header(limits::HEADER)).is_ok());
    assert_eq!(at(&header(limits::HEADER + 1)), Err(Fault::HeaderTooLarge));
    let folded = format!("X: {}\r\n {}\r\n", "a".repeat(5000), "b".repeat(5000));
    assert_eq!(at(&folded), Err(Fault::HeaderTooLarge));
    assert!(at(&"X: y\r\n".repeat(limits::HEADERS - 5)).is_ok());
    assert_eq!(
        at(&"X: y\r\n".repeat(limits::HEADERS - 4)),
        Err(Fault::TooManyHeaders)
    );
    let long_line = options("").replacen("bob", &"b".repeat(limits::HEADER), 1);
    assert_eq!(fault(long_line), Fault::HeaderTooLarge);
    let vias = |count: usize| format!("Via: {}\r\n", ["SIP/2.0/UDP a"].repeat(count).join(","));
    assert!(at(&vias(limits::VIAS - 1)).is_ok());
    assert_eq!(at(&vias(limits::VIAS)), Err(Fault::TooManyVias));
    let params = |count: usize| format!("Contact: <sip:a@b>{}\r\n", ";a=b".repeat(count));
    assert!(at(&params(limits::PARAMS)).is_ok());
    let too_many = Fault::Field("Contact", SyntaxError::TooManyParams);
    assert_eq!(at(&params(limits::PARAMS + 1)), Err(too_many));
}

#[test]
fn a_message_beyond_its_limit_is_answered_with_513() {
    let head = options("");
    let body = "b".repeat(limits::MESSAGE - head.len());
    read(format!("{head}{body}"));
    let error = refused(format!("{head}{body}b"));
    assert_eq!(
        (error.fault(), error.status()),
        (Fault::MessageTooLarge, Some(513))
    );
    let endless = options("").trim_end().to_owned() + "\r\n" + &"X: y\r\n".repeat(20_000);
    assert_eq!(refused(endless).status(), Some(513));
}

// What a refused message is answered with.

#[test]
fn nothing_answers_an_ack_or_a_response_or_what_is_not_sip() {
    let ack = options("")
        .replace("OPTIONS", "ACK")
        .replace("CSeq: 1", "CSeq: x");
    assert_eq!(refused(ack).status(), None);
    let response = options("").replacen("OPTIONS sip:bob@example.com SIP/2.0", "SIP/2.0 200 OK", 1);
    assert_eq!(
        refused(response.replace("CSeq: 1", "CSeq: x")).status(),
        None
    );
    for text in [
        "GET / HTTP/1.1\r\nVia: SIP/2.0/UDP a\r\n\r\n",
        "\0\0\0\0",
        "hello\r\n\r\n",
    ] {
        assert_eq!(refused(text).status(), None, "{text:?}");
    }
}

#[test]
fn the_answer_to_a_refused_request_copies_it_and_adds_a_tag() {
    let text = options("X\r\n").replace("192.0.2.1;", "192.0.2.1:5062;;;;");
    let error = refused(text.replace("CSeq: 1", "Via: SIP/2.0/TCP lower;x, ,junk\r\nCSeq: x"));
    let partial = error.respond_to().unwrap();
    assert_eq!(partial.method(), Some(&Method::Options));
    assert_eq!(partial.call_id(), Some("1@example.com"));
    assert_eq!(partial.top_via.port, Some(5062));
    let mut partial = partial.clone();
    partial.top_via.params.set("received", Some("127.0.0.1"));
    let answer = String::from_utf8(partial.response(400, "Bad\r\nX: y", "t1")).unwrap();
    assert_eq!(
        answer,
        "SIP/2.0 400 Bad  X: y\r\n\
         Via: SIP/2.0/UDP 192.0.2.1:5062;received=127.0.0.1\r\n\
         Via: SIP/2.0/TCP lower;x\r\n\
         Via: junk\r\n\
         From: <sip:alice@example.com>;tag=a\r\n\
         To: <sip:bob@example.com>;tag=t1\r\n\
         Call-ID: 1@example.com\r\n\
         CSeq: x OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
}

// Writing.

#[test]
fn what_is_read_and_printed_is_read_the_same() {
    let text = options(
        "Max-Forwards: 70\r\nContact: <sip:a@[::1]:5080;transport=tcp;ob>;+sip.instance=\"<urn:x>\"\r\n\
         Subject: \r\nSupported: a, b\r\nX-Own: c\r\n",
    ) + "\0\r\n\r\nä body";
    let request = read(&text);
    let printed = Message::Request(request.clone()).to_bytes();
    assert_eq!(read(printed), request);
}

#[test]
fn no_value_can_add_a_line() {
    let mut request = read(options(""));
    request.headers.push("Subject", "a\r\nX-Evil: b\n\nc");
    request.from.display = Some("a\r\nX-Evil: b".to_owned());
    request.call_id = "x\r\nX-Evil: y".to_owned();
    let text = String::from_utf8(request.to_bytes()).unwrap();
    assert!(!text.contains("\nX-Evil"), "{text}");
}

#[test]
fn a_response_copies_what_the_request_says() {
    let request = read(options(
        "v: SIP/2.0/TCP lower\r\nTimestamp: 54\r\nRoute: <sip:r;lr>\r\n",
    ));
    let trying = Response::new(&request, 100);
    assert_eq!((trying.status, trying.reason.as_str()), (100, "Trying"));
    assert_eq!(trying.headers.get("Timestamp"), Some("54"));
    assert!(!trying.headers.has("Route"));
    let busy = Response::new(&request, 486);
    assert_eq!(busy.headers, Headers::new());
    let copied = (
        &busy.top_via,
        &busy.lower_vias,
        &busy.from,
        &busy.to,
        &busy.call_id,
        &busy.cseq,
    );
    let said = (
        &request.top_via,
        &request.lower_vias,
        &request.from,
        &request.to,
        &request.call_id,
        &request.cseq,
    );
    assert_eq!(copied, said);
    assert_eq!(
        parse_datagram(&busy.to_bytes()),
        Ok(Message::Response(busy))
    );
}

#[test]
fn every_status_has_a_phrase() {
    assert_eq!(reason_phrase(481), "Call/Transaction Does Not Exist");
    assert!((100..=699).all(|status| !reason_phrase(status).is_empty()));
}

// Headers.

#[test]
fn headers_are_found_set_and_removed_by_any_of_their_names() {
    let mut headers = Headers::new();
    headers.push("s", "one");
    headers.push("X-Own", "2");
    headers.push_front("Allow", "INVITE, ACK");
    headers.push("Allow", "BYE,,");
    let names: Vec<_> = headers.iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["Allow", "Subject", "X-Own", "Allow"]);
    assert_eq!(
        headers.list("allow").collect::<Vec<_>>(),
        ["INVITE", "ACK", "BYE"]
    );
    headers.set("Subject", "three");
    assert_eq!(headers.get_all("s").collect::<Vec<_>>(), ["three"]);
    headers.remove("SUBJECT");
    assert!(!headers.has("s"));
    assert_eq!(headers.len(), 3);
}

#[test]
fn numbers_are_read_up_to_what_follows_and_never_wrap() {
    let mut headers = Headers::new();
    headers.push("Retry-After", "18000;duration=3600");
    headers.push("Expires", "99999999999999999999");
    headers.push("Min-Expires", "soon");
    assert_eq!(headers.number("Retry-After"), Some(18_000));
    assert_eq!(headers.number("Expires"), Some(u32::MAX));
    assert_eq!(headers.number("Min-Expires"), None);
}
