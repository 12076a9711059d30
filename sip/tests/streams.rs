//! Streams that others recorded, and messages made to exhaust a reader.

// The clock measures the reader; nothing under test sees it.

use crate::corpora;

use std::time::{Duration, Instant};

use ringbook_sip::message::{Fault, Message, ParseError, StreamReader, parse_datagram};

/// What comes out of a stream that arrives in pieces of `size` octets.
fn read_in_pieces(bytes: &[u8], size: usize) -> Vec<Result<Message, ParseError>> {
    let mut reader = StreamReader::new();
    let mut results = Vec::new();
    for piece in bytes.chunks(size) {
        reader.push(piece);
        results.extend(std::iter::from_fn(|| reader.next()));
    }
    results
}

/// The samples were stored with bare line feeds; on the wire lines end with CR LF.
fn with_line_ends(bytes: &[u8]) -> Vec<u8> {
    bytes
        .split(|&byte| byte == b'\n')
        .collect::<Vec<_>>()
        .join(&b"\r\n"[..])
}

#[test]
fn recorded_streams_give_the_same_messages_however_they_arrive() {
    let Some(folder) = corpora::folder("sip2json-samples") else {
        return;
    };
    let files = corpora::files(&folder, "sip");
    assert_eq!(files.len(), 34);
    let mut count = 0;
    for (name, bytes) in files {
        let bytes = with_line_ends(&bytes);
        let whole = read_in_pieces(&bytes, usize::MAX);
        assert!(read_in_pieces(&bytes, 1400) == whole, "{name}");
        if bytes.len() < 20_000 {
            assert!(read_in_pieces(&bytes, 1) == whole, "{name}");
        }
        for message in whole.iter().flatten() {
            let again = parse_datagram(&message.to_bytes());
            assert_eq!(again.as_ref(), Ok(message), "{name}");
            count += 1;
        }
        // Nothing follows a fatal error.
        let fatal = whole
            .iter()
            .position(|r| r.as_ref().is_err_and(|e| e.is_fatal_for_stream()));
        assert!(fatal.is_none_or(|at| at + 1 == whole.len()), "{name}");
        // Framed or refused; waiting only where the rest is yet to come.
        let is_cut_short = name.contains("incomplete") || name.contains("chunked");
        assert!(!whole.is_empty() || is_cut_short, "{name}");
    }
    assert!(count >= 20, "{count}");
}

#[test]
fn a_stream_with_bare_line_feeds_is_refused_at_its_first_line() {
    let Some(folder) = corpora::folder("sip2json-samples") else {
        return;
    };
    for (name, bytes) in corpora::files(&folder, "sip") {
        let results = read_in_pieces(&bytes, 1400);
        let [Err(error)] = results.as_slice() else {
            panic!("{name}: {results:?}")
        };
        assert!(
            matches!(error.fault(), Fault::HeaderLine | Fault::NotSip),
            "{name}: {error}"
        );
    }
}

#[test]
fn bombs_are_refused_cheaply_as_datagrams_and_as_streams() {
    let Some(folder) = corpora::folder("sip-bombs") else {
        return;
    };
    let files = corpora::files(&folder, "sip");
    assert_eq!(files.len(), 10);
    for (name, bytes) in files {
        let started = Instant::now();
        let error = parse_datagram(&bytes).expect_err(&name);
        assert_eq!(error.status(), Some(513), "{name}: {error}");
        assert!(
            started.elapsed() < Duration::from_millis(100),
            "{name}: {:?}",
            started.elapsed()
        );

        let started = Instant::now();
        let results = read_in_pieces(&bytes, 1400);
        assert!(
            started.elapsed() < Duration::from_millis(100),
            "{name}: {:?}",
            started.elapsed()
        );
        let error = results.last().unwrap().as_ref().unwrap_err();
        assert_eq!(results.len(), 1, "{name}");
        assert!(error.is_fatal_for_stream(), "{name}: {error}");
    }
}

#[test]
fn a_bomb_is_answered_along_its_via() {
    let Some(folder) = corpora::folder("sip-bombs") else {
        return;
    };
    let bytes = std::fs::read(folder.join("many_via_1500.sip")).unwrap();
    let error = parse_datagram(&bytes).unwrap_err();
    assert_eq!(error.fault(), Fault::TooManyHeaders);
    let answer = error
        .respond_to()
        .unwrap()
        .response(513, "Message Too Large", "t");
    assert!(answer.len() < bytes.len());
}
