//! The torture messages of RFC 4475: what the reader makes of each.

use crate::corpora;

use ringbook_sip::message::{
    Fault, Message, Method, Request, Response, StreamReader, SyntaxError, Uri, parse_datagram,
};

/// What the reader makes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Refused(u16),
    Dropped,
}
use Verdict::{Accepted, Dropped, Refused};

/// Every message of the RFC, by section.
const VERDICTS: [(&str, Verdict); 49] = [
    ("wsinv", Accepted),
    ("intmeth", Accepted),
    ("esc01", Accepted),
    ("escnull", Accepted),
    ("esc02", Accepted),
    ("lwsdisp", Accepted),
    ("longreq", Accepted),
    ("dblreq", Accepted),
    ("semiuri", Accepted),
    ("transports", Accepted),
    ("mpart01", Accepted),
    ("unreason", Accepted),
    ("noreason", Accepted),
    ("badinv01", Refused(400)),
    ("clerr", Refused(400)),
    ("ncl", Refused(400)),
    ("scalar02", Refused(400)),
    ("scalarlg", Dropped),
    ("quotbal", Refused(400)),
    ("ltgtruri", Refused(400)),
    ("lwsruri", Refused(400)),
    ("lwsstart", Refused(400)),
    ("trws", Refused(400)),
    ("escruri", Refused(400)),
    // The date is read by nobody.
    ("baddate", Accepted),
    ("regbadct", Refused(400)),
    // Spaces within the brackets are ignored.
    ("badaspec", Accepted),
    // The message lacks its empty line.
    ("baddn", Refused(400)),
    ("badvers", Refused(505)),
    ("mismatch01", Refused(400)),
    ("mismatch02", Refused(400)),
    ("bigcode", Dropped),
    ("badbranch", Accepted),
    ("insuf", Refused(400)),
    // Unknown schemes, extensions, bodies and methods are for the user agent to answer.
    ("unkscm", Accepted),
    ("novelsc", Accepted),
    ("unksm2", Accepted),
    ("bext01", Accepted),
    ("invut", Accepted),
    ("regaut01", Accepted),
    ("multi01", Refused(400)),
    ("mcl01", Refused(400)),
    ("bcast", Accepted),
    ("zeromf", Accepted),
    ("cparam01", Accepted),
    ("cparam02", Accepted),
    ("regescrt", Accepted),
    ("sdp01", Accepted),
    ("inv2543", Accepted),
];

fn verdict(bytes: &[u8]) -> Verdict {
    match parse_datagram(bytes) {
        Ok(_) => Accepted,
        Err(error) => error.status().map_or(Dropped, Refused),
    }
}

fn bytes_of(name: &str) -> Option<Vec<u8>> {
    let folder = corpora::folder("rfc4475")?;
    Some(std::fs::read(folder.join(format!("{name}.dat"))).unwrap())
}

fn request(name: &str) -> Option<Request> {
    match parse_datagram(&bytes_of(name)?) {
        Ok(Message::Request(request)) => Some(request),
        other => panic!("{name}: {other:?}"),
    }
}

fn response(name: &str) -> Option<Response> {
    match parse_datagram(&bytes_of(name)?) {
        Ok(Message::Response(response)) => Some(response),
        other => panic!("{name}: {other:?}"),
    }
}

fn fault(name: &str) -> Option<Fault> {
    Some(parse_datagram(&bytes_of(name)?).expect_err(name).fault())
}

#[test]
fn every_torture_message_is_judged_as_listed() {
    let Some(folder) = corpora::folder("rfc4475") else {
        return;
    };
    let files = corpora::files(&folder, "dat");
    assert_eq!(files.len(), VERDICTS.len());
    for (name, expected) in VERDICTS {
        assert_eq!(verdict(&bytes_of(name).unwrap()), expected, "{name}");
    }
}

#[test]
fn no_verdict_contradicts_the_manifest() {
    let Some(folder) = corpora::folder("rfc4475") else {
        return;
    };
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let entries = manifest.as_array().unwrap();
    assert_eq!(entries.len(), 49);
    for entry in entries {
        let file = entry["file"].as_str().unwrap();
        let found = verdict(&std::fs::read(folder.join(file)).unwrap());
        let allowed: Vec<&str> = entry["udp_reaction_allowed"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|v| v.as_str())
            .collect();
        match (entry["parser"].as_str().unwrap(), found) {
            ("accept", found) => assert_eq!(found, Accepted, "{file}"),
            ("reject", Accepted) => panic!("{file} was accepted"),
            (_, Accepted) => {}
            (_, Refused(status)) => {
                assert!(
                    allowed.contains(&status.to_string().as_str()),
                    "{file}: {status}"
                );
            }
            (_, Dropped) => assert!(allowed.contains(&"silent"), "{file} was dropped"),
        }
    }
}

#[test]
fn an_accepted_message_is_printed_and_read_again_unchanged() {
    for (name, _) in VERDICTS.iter().filter(|(_, verdict)| *verdict == Accepted) {
        let Some(bytes) = bytes_of(name) else { return };
        let message = parse_datagram(&bytes).unwrap();
        assert_eq!(
            parse_datagram(&message.to_bytes()).unwrap(),
            message,
            "{name}"
        );
    }
}

#[test]
fn a_refused_request_is_answered_with_what_it_said_of_itself() {
    for (name, verdict) in VERDICTS {
        let Refused(status) = verdict else { continue };
        let Some(bytes) = bytes_of(name) else { return };
        let error = parse_datagram(&bytes).unwrap_err();
        let answer = error.respond_to().unwrap().response(status, "No", "ours");
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.starts_with(&format!("SIP/2.0 {status} No\r\nVia: SIP/2.0/")),
            "{answer}"
        );
        let text = String::from_utf8_lossy(&bytes);
        for header in ["Call-ID: ", "CSeq: "] {
            let said = text.lines().find_map(|line| line.strip_prefix(header));
            let copied = answer.lines().find_map(|line| line.strip_prefix(header));
            assert_eq!(copied, said.map(str::trim), "{name} {header}");
        }
    }
}

#[test]
fn wsinv_is_read_through_folds_compact_names_and_odd_spaces() {
    let Some(invite) = request("wsinv") else {
        return;
    };
    assert_eq!(invite.max_forwards, Some(68));
    assert_eq!((invite.cseq.seq, &invite.cseq.method), (9, &Method::Invite));
    assert_eq!(invite.to.tag(), Some("1918181833n"));
    assert_eq!(invite.from.display.as_deref(), Some("J Rosenberg \\\""));
    assert_eq!(invite.from.tag(), Some("98asjd8"));
    assert_eq!(invite.top_via.branch(), Some("390skdjuw"));
    assert_eq!(invite.top_via.unique_branch(), None);
    let lower: Vec<_> = invite
        .lower_vias
        .iter()
        .map(|via| via.branch().unwrap())
        .collect();
    assert_eq!(lower, ["z9hG4bK9ikj8", "z9hG4bK30239"]);
    assert_eq!(invite.headers.get("Subject"), Some(""));
    let folded = invite.headers.get("newfangledheader");
    assert_eq!(folded, Some("newfangled value continued newfangled value"));
    let contacts = invite.headers.contacts();
    assert_eq!(contacts[0].display.as_deref(), Some("Quoted string \"\""));
    assert_eq!(contacts[0].params.get("newparam"), Some("newvalue"));
    assert_eq!(contacts[0].params.get("q"), Some("0.33"));
    assert!(invite.headers.routes()[0].uri.has_param("unknown-no-value"));
    assert_eq!(invite.body.len(), 150);
}

#[test]
fn intmeth_keeps_its_method_user_and_display_name_whole() {
    let Some(request) = request("intmeth") else {
        return;
    };
    let method = "!interesting-Method0123456789_*+`.%indeed'~";
    assert_eq!(request.method, Method::Other(method.to_owned()));
    let user = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*";
    assert_eq!(request.uri.user().unwrap(), user);
    assert_eq!(
        request.to.display.as_deref(),
        Some("BEL:\x07 NUL:\0 DEL:\x7f")
    );
    let display = "token1~` token2'+_ token3*%!.-";
    assert_eq!(request.from.display.as_deref(), Some(display));
    let param = request.from.params.get_unquoted("fromParam''~+*_!.-%");
    assert_eq!(param.as_deref(), Some("работающий"));
    assert_eq!(
        request.headers.get("extensionHeader-!.%*+_`'~"),
        Some("\u{feff}大停電")
    );
}

#[test]
fn esc01_compares_escapes_as_what_they_stand_for() {
    let Some(invite) = request("esc01") else {
        return;
    };
    assert_eq!(invite.uri.user().unwrap(), "sips:user@example.com");
    assert_eq!(invite.to.uri.user().unwrap(), "user");
    assert!(
        invite
            .to
            .uri
            .is_equivalent(&Uri::parse("sip:user@EXAMPLE.com").unwrap())
    );
    assert_eq!(invite.from.uri.user().unwrap(), "I have spaces");
    let contact = &invite.headers.contacts()[0].uri;
    assert!(contact.has_param("lr"));
    assert_eq!(contact.param("name"), Some("value%2541"));
}

#[test]
fn escnull_keeps_nulls_escaped_and_both_contacts_apart() {
    let Some(register) = request("escnull") else {
        return;
    };
    assert_eq!(register.from.uri.user().unwrap(), "null-\0-null");
    assert_eq!(
        register.from.uri.to_string(),
        "sip:null-%00-null@example.com"
    );
    let contacts = register.headers.contacts();
    assert_eq!(contacts.len(), 2);
    assert!(!contacts[0].uri.is_equivalent(&contacts[1].uri));
}

#[test]
fn esc02_unescapes_neither_methods_nor_names_of_header_fields() {
    let Some(request) = request("esc02") else {
        return;
    };
    assert_eq!(request.method, Method::Other("RE%47IST%45R".to_owned()));
    assert_eq!(request.headers.contacts().len(), 2);
    assert!(request.headers.has("C%6Fntact"));
    assert_eq!(request.to.display.as_deref(), Some("%Z%45"));
}

#[test]
fn lwsdisp_has_a_display_name_without_a_space_behind_it() {
    let Some(options) = request("lwsdisp") else {
        return;
    };
    assert_eq!(options.from.display.as_deref(), Some("caller"));
}

#[test]
fn longreq_is_cut_nowhere() {
    let Some(invite) = request("longreq") else {
        return;
    };
    assert_eq!(invite.lower_vias.len(), 33);
    assert_eq!(invite.to.uri.port(), Some(6000));
    assert!(
        invite.lower_vias[32]
            .branch()
            .unwrap()
            .ends_with("longbranchvalue")
    );
    assert_eq!(invite.body.len(), 150);
}

#[test]
fn dblreq_is_one_message_whatever_follows() {
    let Some(register) = request("dblreq") else {
        return;
    };
    assert_eq!(register.method, Method::Register);
    assert_eq!(register.body, b"");
}

#[test]
fn semiuri_has_a_semicolon_in_its_user_not_a_parameter() {
    let Some(options) = request("semiuri") else {
        return;
    };
    assert_eq!(options.uri.user().unwrap(), "user;par=u@example.net");
    assert!(!options.uri.has_param("par"));
    let accepted: Vec<_> = options.headers.list("Accept").collect();
    assert_eq!(accepted.len(), 6);
    assert_eq!(accepted[5], "message/sipfrag");
}

#[test]
fn transports_are_kept_known_or_not() {
    let Some(options) = request("transports") else {
        return;
    };
    let vias = std::iter::once(&options.top_via).chain(&options.lower_vias);
    let transports: Vec<_> = vias.map(|via| via.transport.as_str()).collect();
    assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
}

#[test]
fn mpart01_keeps_its_binary_body() {
    let Some(message) = request("mpart01") else {
        return;
    };
    assert_eq!(message.body.len(), 553);
    assert!(message.body.contains(&0));
    let printed = Message::Request(message.clone()).to_bytes();
    assert!(printed.ends_with(&message.body));
}

#[test]
fn unreason_and_noreason_keep_their_phrases() {
    let (Some(unusual), Some(none)) = (response("unreason"), response("noreason")) else {
        return;
    };
    assert!(
        unusual
            .reason
            .starts_with("= 2**3 * 5**2 но сто девяносто девять")
    );
    assert_eq!((none.status, none.reason.as_str()), (100, ""));
}

#[test]
fn broken_messages_are_refused_for_what_is_broken() {
    if bytes_of("ncl").is_none() {
        return;
    }
    let expected = [
        ("badinv01", Fault::Field("Via", SyntaxError::Param)),
        ("clerr", Fault::BodyTooShort),
        ("ncl", Fault::ContentLength),
        ("scalar02", Fault::Field("CSeq", SyntaxError::CSeq)),
        ("scalarlg", Fault::Field("CSeq", SyntaxError::CSeq)),
        ("quotbal", Fault::Field("To", SyntaxError::QuotedString)),
        ("ltgtruri", Fault::RequestUri(SyntaxError::Scheme)),
        ("lwsruri", Fault::RequestLine),
        ("lwsstart", Fault::RequestLine),
        ("trws", Fault::RequestLine),
        (
            "escruri",
            Fault::RequestUri(SyntaxError::UriHeadersInRequest),
        ),
        ("regbadct", Fault::Field("Contact", SyntaxError::Brackets)),
        ("baddn", Fault::Unterminated),
        ("badvers", Fault::Version),
        ("mismatch01", Fault::CSeqMethod),
        ("mismatch02", Fault::CSeqMethod),
        ("bigcode", Fault::StatusLine),
        ("insuf", Fault::Missing("From")),
        ("multi01", Fault::Repeated("From")),
        ("mcl01", Fault::Repeated("Content-Length")),
    ];
    for (name, expected) in expected {
        assert_eq!(fault(name), Some(expected), "{name}");
    }
}

#[test]
fn a_display_name_that_lacks_its_quotes_is_taken_as_it_is() {
    let Some(folder) = corpora::folder("rfc4475/extra") else {
        return;
    };
    let bytes = std::fs::read(folder.join("baddn_terminated.dat")).unwrap();
    let Ok(Message::Request(options)) = parse_datagram(&bytes) else {
        panic!()
    };
    assert_eq!(options.from.display.as_deref(), Some("Bell, Alexander"));
}

#[test]
fn badbranch_names_no_transaction() {
    let Some(options) = request("badbranch") else {
        return;
    };
    assert_eq!(options.top_via.branch(), Some("z9hG4bK"));
    assert_eq!(options.top_via.unique_branch(), None);
}

#[test]
fn unknown_schemes_are_kept_for_the_user_agent_to_refuse() {
    let Some(unknown) = request("unkscm") else {
        return;
    };
    assert_eq!(unknown.uri.scheme(), "nobodyknowsthisscheme");
    assert_eq!(request("novelsc").unwrap().uri.scheme(), "soap.beep");
    let register = request("unksm2").unwrap();
    assert_eq!(register.to.uri.scheme(), "isbn");
    assert_eq!(register.from.uri.to_string(), "http://www.example.com");
    assert_eq!(register.headers.contacts()[0].uri.scheme(), "name");
}

#[test]
fn bext01_lists_what_it_requires() {
    let Some(options) = request("bext01") else {
        return;
    };
    let required: Vec<_> = options.headers.list("Require").collect();
    assert_eq!(
        required,
        ["nothingSupportsThis", "nothingSupportsThisEither"]
    );
}

#[test]
fn parameters_belong_to_the_contact_outside_brackets_and_to_the_uri_inside() {
    let Some(outside) = request("cparam01") else {
        return;
    };
    let outside = &outside.headers.contacts()[0];
    assert!(outside.params.has("unknownparam") && !outside.uri.has_param("unknownparam"));
    let inside = &request("cparam02").unwrap().headers.contacts()[0];
    assert!(!inside.params.has("unknownparam") && inside.uri.has_param("unknownparam"));
}

#[test]
fn regescrt_keeps_its_escaped_route_inside_the_uri() {
    let Some(register) = request("regescrt") else {
        return;
    };
    let contact = &register.headers.contacts()[0];
    assert_eq!(
        contact.uri.to_string(),
        "sip:user@example.com?Route=%3Csip:sip.example.com%3E"
    );
    assert!(!register.headers.has("Route"));
}

#[test]
fn inv2543_is_accepted_without_branch_tag_length_and_hops() {
    let Some(invite) = request("inv2543") else {
        return;
    };
    assert_eq!(invite.top_via.branch(), None);
    assert_eq!(invite.from.tag(), None);
    assert_eq!(invite.max_forwards, None);
    assert!(invite.body.ends_with(b"m=audio 49217 RTP/AVP 0\r\n"));
}

#[test]
fn over_a_stream_broken_lengths_end_it_and_other_faults_do_not() {
    for (name, verdict) in VERDICTS {
        let Some(bytes) = bytes_of(name) else { return };
        let mut reader = StreamReader::new();
        reader.push(&bytes);
        let first = reader.next();
        match name {
            // More is to come.
            "clerr" | "baddn" => assert_eq!(first, None, "{name}"),
            "ncl" | "mcl01" | "inv2543" => {
                let error = first.unwrap().unwrap_err();
                assert!(error.is_fatal_for_stream(), "{name}");
                assert_eq!(error.status(), Some(400), "{name}");
                assert_eq!(reader.next(), None, "{name}");
            }
            _ if verdict == Accepted => {
                assert_eq!(first.unwrap(), parse_datagram(&bytes), "{name}");
            }
            _ => assert!(!first.unwrap().unwrap_err().is_fatal_for_stream(), "{name}"),
        }
    }
}

#[test]
fn over_a_stream_dblreq_is_two_requests_and_what_is_none_ends_it() {
    let Some(bytes) = bytes_of("dblreq") else {
        return;
    };
    let mut reader = StreamReader::new();
    reader.push(&bytes);
    let mut method = || {
        reader
            .next()
            .unwrap()
            .map(|message| message.as_request().unwrap().method.clone())
    };
    assert_eq!(method(), Ok(Method::Register));
    assert_eq!(method(), Ok(Method::Invite));
    // The second body is longer than its Content-Length says.
    assert!(method().unwrap_err().is_fatal_for_stream());
    assert_eq!(reader.next(), None);
}
