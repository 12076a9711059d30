//! Messages in a stream: RFC 3261 §18.3, keep-alives of RFC 5626 §3.5.1.

// The clock measures the reader; nothing under test sees it.

use std::time::{Duration, Instant};

use ringbook_sip::message::{Fault, StreamReader, limits, parse_datagram};

fn options(call_id: &str, extra: &str, body: &str) -> String {
    format!(
        "OPTIONS sip:bob@example.com SIP/2.0\r\n\
         Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1\r\n\
         From: <sip:alice@example.com>;tag=a\r\n\
         To: <sip:bob@example.com>\r\n\
         Call-ID: {call_id}\r\n\
         CSeq: 1 OPTIONS\r\n{extra}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What a stream gives: Call-IDs, and faults with whether they end it.
fn drain(reader: &mut StreamReader) -> Vec<Result<String, (Fault, bool)>> {
    std::iter::from_fn(|| reader.next())
        .map(|result| match result {
            Ok(message) => Ok(message.call_id().to_owned()),
            Err(error) => Err((error.fault(), error.is_fatal_for_stream())),
        })
        .collect()
}

fn read(stream: impl AsRef<[u8]>) -> Vec<Result<String, (Fault, bool)>> {
    let mut reader = StreamReader::new();
    reader.push(stream.as_ref());
    drain(&mut reader)
}

fn ok(call_id: &str) -> Result<String, (Fault, bool)> {
    Ok(call_id.to_owned())
}

#[test]
fn messages_are_cut_by_their_lengths() {
    let stream = options("1", "", "") + &options("2", "", "body\r\n\r\n") + &options("3", "", "x");
    assert_eq!(read(&stream), [ok("1"), ok("2"), ok("3")]);
}

#[test]
fn a_message_is_given_once_its_last_octet_is_there() {
    let stream = options("1", "", "body") + &options("2", "", "");
    let mut reader = StreamReader::new();
    let mut given = Vec::new();
    for (at, byte) in stream.bytes().enumerate() {
        reader.push(&[byte]);
        given.extend(
            drain(&mut reader)
                .into_iter()
                .map(|result| (at + 1, result)),
        );
    }
    assert_eq!(
        given,
        [
            (options("1", "", "body").len(), ok("1")),
            (stream.len(), ok("2"))
        ]
    );
    assert!(!reader.is_in_message());
}

#[test]
fn a_message_that_has_begun_is_seen() {
    let mut reader = StreamReader::new();
    assert!(!reader.is_in_message());
    reader.push(b"OPT");
    assert_eq!(drain(&mut reader), []);
    assert!(reader.is_in_message());
}

#[test]
fn two_line_ends_are_a_ping_and_one_is_not() {
    let mut reader = StreamReader::new();
    for (bytes, pings) in [
        (&b"\r\n"[..], 0),
        (b"\r\n", 1),
        (b"\r\n\r\n", 1),
        (b"\r\n\r\n\r\n\r\n", 2),
        (b"\r", 0),
        (b"\n\r", 0),
        (b"\n", 1),
    ] {
        reader.push(bytes);
        assert_eq!(drain(&mut reader), []);
        assert_eq!(reader.take_pings(), pings, "{}", bytes.escape_ascii());
    }
}

#[test]
fn line_ends_on_both_sides_of_a_message_are_no_ping() {
    let mut reader = StreamReader::new();
    reader.push(format!("\r\n{}\r\n", options("1", "", "")).as_bytes());
    assert_eq!(drain(&mut reader), [ok("1")]);
    assert_eq!(reader.take_pings(), 0);
}

#[test]
fn without_a_length_nobody_knows_where_the_next_message_starts() {
    let stream = options("1", "", "").replace("Content-Length: 0\r\n", "");
    let stream = stream + &options("2", "", "");
    assert_eq!(
        read(stream),
        [Err((Fault::Missing("Content-Length"), true))]
    );
    for (length, fault) in [
        ("-1", Fault::ContentLength),
        ("0\r\nl: 0", Fault::Repeated("Content-Length")),
        ("65536", Fault::MessageTooLarge),
        ("18446744073709551615", Fault::MessageTooLarge),
        ("99999999999999999999999", Fault::MessageTooLarge),
    ] {
        let stream = options("1", "", "").replace("Length: 0", &format!("Length: {length}"));
        assert_eq!(
            read(stream + &options("2", "", "")),
            [Err((fault, true))],
            "{length}"
        );
    }
}

#[test]
fn a_message_that_is_wrong_inside_does_not_end_the_stream() {
    let wrong = options("1", "Max-Forwards: 300\r\n", "body");
    let results = read(wrong + &options("2", "", ""));
    assert_eq!(results.len(), 2);
    assert!(matches!(
        results[0],
        Err((Fault::Field("Max-Forwards", _), false))
    ));
    assert_eq!(results[1], ok("2"));
}

#[test]
fn lines_that_cannot_be_read_end_the_stream() {
    for line in ["no colon\r\n", "X: a\rb\r\n", "X: a\n"] {
        let stream = options("1", line, "") + &options("2", "", "");
        assert_eq!(read(stream), [Err((Fault::HeaderLine, true))], "{line:?}");
    }
}

#[test]
fn what_cannot_start_a_message_ends_the_stream_at_its_first_octet() {
    for byte in [b'\0', 0x16, 0x80, b'\n', b' ', b'<'] {
        assert_eq!(read([byte]), [Err((Fault::NotSip, true))], "{byte}");
    }
}

#[test]
fn the_answer_to_what_ends_a_stream_is_known() {
    let mut reader = StreamReader::new();
    reader.push(
        options("1", "", "")
            .replace("Length: 0", "Length: x")
            .as_bytes(),
    );
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(error.status(), Some(400));
    assert_eq!(error.respond_to().unwrap().call_id(), Some("1"));
    reader.push(options("2", "", "").as_bytes());
    assert_eq!(reader.next(), None);
    assert!(!reader.is_in_message());
}

#[test]
fn a_stream_holds_no_more_than_one_message() {
    let mut reader = StreamReader::new();
    let endless = "X: y\r\n".repeat(20_000);
    let head = options("1", "", "");
    reader.push(head.replace("\r\n\r\n", "\r\n").as_bytes());
    let mut pushed = head.len();
    let error = endless.as_bytes().chunks(1000).find_map(|piece| {
        reader.push(piece);
        pushed += piece.len();
        reader.next()
    });
    let error = error.unwrap().unwrap_err();
    assert_eq!(
        (error.fault(), error.status()),
        (Fault::MessageTooLarge, Some(513))
    );
    assert!(pushed <= limits::MESSAGE + 1000);
}

/// Inputs of one message's size on which a careless reader takes quadratic time.
#[test]
fn no_message_takes_long() {
    let fill = |piece: &str| piece.repeat((limits::MESSAGE - 1000) / piece.len());
    let longest_header = |piece: &str| piece.repeat((limits::HEADER - 100) / piece.len());
    for extra in [
        fill("X: y\r\n"),
        format!("Subject: a\r\n{}", fill(" b\r\n")),
        format!("Subject: {}\r\n", fill("(")),
        format!("Contact: {}<sip:a@b>\r\n", longest_header("<sip:a@b>,")),
        format!("Contact: <sip:a@b>{}\r\n", longest_header(";a=b")),
        format!("Contact: <sip:a@b{}>\r\n", longest_header(";a=b")),
        format!("Contact: \"{}\r\n", longest_header("\\")),
        format!("Contact: {}\r\n", longest_header("\"")),
        format!("Contact: {}\r\n", longest_header("<")),
        format!("Contact: <sip:{}@b>\r\n", longest_header("%41")),
        format!("Via: {}\r\n", longest_header("SIP/2.0/UDP a,")),
        format!("Route: {}\r\n", longest_header(",")),
    ] {
        let text = options("1", &extra, "");
        let started = Instant::now();
        let _ = parse_datagram(text.as_bytes());
        assert!(
            started.elapsed() < Duration::from_millis(100),
            "{}",
            &extra[..30]
        );
        let started = Instant::now();
        let mut reader = StreamReader::new();
        for piece in text.as_bytes().chunks(100) {
            reader.push(piece);
            drain(&mut reader);
        }
        assert!(
            started.elapsed() < Duration::from_millis(100),
            "{}",
            &extra[..30]
        );
    }
}
