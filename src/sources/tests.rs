//! Tests of the sources against files and servers of their own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::*;
use crate::model::Fact;

/// Nothing in these tests is waited for as long as this.
const PATIENCE: Duration = Duration::from_secs(60);
/// A patience that is to run out.
const SHORT: Duration = Duration::from_millis(50);

fn facts(known: &[(Fact, &str)]) -> Facts {
    let known = known.iter();
    known
        .map(|(fact, text)| (*fact, (*text).to_owned()))
        .collect()
}

fn ask(source: &CardSource, facts: &Facts, folder: &Path) -> Result<Option<String>, SourceError> {
    Asker::new(Arc::new(source.clone()), folder).ask(facts)
}

fn source(place: SourcePlace) -> CardSource {
    CardSource {
        name: "Limit".to_owned(),
        place,
        patience: PATIENCE,
    }
}

fn csv(file: &str, by: Fact) -> CardSource {
    source(SourcePlace::Csv {
        file: PathBuf::from(file),
        key: "phone".to_owned(),
        by,
        field: "limit".to_owned(),
    })
}

#[test]
fn s4_25_a_csv_file_has_the_value_in_the_line_about_the_caller_as_it_stands_now() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("limits.csv");
    fs::write(
        &file,
        "\u{feff}name;phone;limit\nOlga;8 727 250 00 01;100\n\"Petrov; Ivan\";8 (701) 111-22-33; 500 EUR \nAnna;+7 701 111 22 34;\n",
    )
    .unwrap();
    let by_number = csv("limits.csv", Fact::Number);
    let asked = |number: &str| {
        let facts = facts(&[(Fact::Number, number)]);
        ask(&by_number, &facts, folder.path()).unwrap()
    };
    assert_eq!(asked("+77011112233").as_deref(), Some("500 EUR"));
    assert_eq!(asked("+77011112234"), None, "a blank is no value");
    assert_eq!(asked("+77010000000"), None);
    // A number and a value as spreadsheets are to take them for no formula.
    fs::write(&file, "phone,limit\n'+77011112233,'-600\n").unwrap();
    assert_eq!(asked("+77011112233").as_deref(), Some("-600"));
    // Windows-1251, as Excel writes it in Kazakhstan: "Предел", "Сто тысяч".
    fs::write(
        &file,
        b"phone;limit;\xcf\xf0\xe5\xe4\xe5\xeb\n87011112233;\xd1\xf2\xee \xf2\xfb\xf1\xff\xf7;\n",
    )
    .unwrap();
    assert_eq!(asked("+77011112233").as_deref(), Some("Сто тысяч"));

    fs::write(&file, "phone,limit\n0190ab,700\n").unwrap();
    let by_client = csv("limits.csv", Fact::ClientId);
    let facts = facts(&[(Fact::ClientId, "0190AB")]);
    let value = ask(&by_client, &facts, folder.path()).unwrap();
    assert_eq!(value.as_deref(), Some("700"));
}

/// Why the file in `folder` has no value for the caller.
fn trouble(source: &CardSource, folder: &Path) -> String {
    let facts = facts(&[(Fact::Number, "+77011112233")]);
    ask(source, &facts, folder).unwrap_err().to_string()
}

#[test]
fn a_csv_file_that_is_no_good_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::create_dir(at.join("folder.csv")).unwrap();
    let pipe = Command::new("mkfifo").arg(at.join("pipe.csv")).status();
    assert!(pipe.unwrap().success());
    // UTF-8 but for one octet, in the names of columns and in the value.
    fs::write(at.join("names.csv"), b"phone;limit;\xc3\xa9\xc3\xa9\xe8\n").unwrap();
    fs::write(
        at.join("value.csv"),
        b"phone;limit;\xc3\xa9\xc3\xa9\n\xc3\x91;1\n87011112233;\xd1\n",
    )
    .unwrap();
    fs::write(at.join("columns.csv"), "phone,debt\n").unwrap();
    fs::write(at.join("empty.csv"), "").unwrap();
    let quote = format!("phone,limit\n1,\"{}", "x\n".repeat(1 << 20));
    fs::write(at.join("quote.csv"), quote).unwrap();
    // Sixteen gigabytes of nothing.
    let huge = fs::File::create(at.join("huge.csv")).unwrap();
    huge.set_len(16 << 30).unwrap();
    for (file, why) in [
        ("absent.csv", "No such file"),
        ("folder.csv", "it is no file"),
        ("pipe.csv", "it is no file"),
        ("names.csv", "save it as “CSV UTF-8”"),
        ("value.csv", "save it as “CSV UTF-8”"),
        ("columns.csv", "has no column “limit”; set key and field"),
        ("empty.csv", "its first line names the columns"),
        ("quote.csv", "line 2 is too long"),
        ("huge.csv", "line 1 is too long"),
    ] {
        let said = trouble(&csv(file, Fact::Number), at);
        assert!(said.contains(file) && said.contains(why), "{file}: {said}");
    }
}

#[test]
fn s4_25_a_csv_file_that_takes_too_long_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let lines = format!(
        "phone,limit\n{}",
        "+77019998877,100\n".repeat(4 * 1024 * 1024)
    );
    fs::write(folder.path().join("long.csv"), lines).unwrap();
    let mut long = csv("long.csv", Fact::Number);
    long.patience = Duration::from_millis(5);
    assert_eq!(trouble(&long, folder.path()), "no answer within 0.005 s");
}

/// What a server does with a caller, once it has read the request.
type Serve = fn(&mut TcpStream, Option<Vec<u8>>);

/// A server for `callers`, one after the other; gives their requests' first lines back.
fn server(
    serve: Serve,
    answer: Option<Vec<u8>>,
    callers: usize,
) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let one = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).unwrap();
        serve(&mut stream, answer.clone());
        let text = String::from_utf8_lossy(&request[..length]).into_owned();
        text.lines().next().unwrap_or_default().to_owned()
    };
    let served = thread::spawn(move || (0..callers).map(|_| one()).collect());
    (url, served)
}

fn answer(status: &str, body: &[u8]) -> Option<Vec<u8>> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    Some([head.as_bytes(), body].concat())
}

/// Says what it has to say.
fn say(stream: &mut TcpStream, answer: Option<Vec<u8>>) {
    let _ = stream.write_all(&answer.unwrap());
}

/// Says nothing until the other side gives up.
fn keep_silent(stream: &mut TcpStream, _: Option<Vec<u8>>) {
    let _ = stream.read(&mut [0]);
}

/// Says more as long as anybody listens.
fn say_without_end(stream: &mut TcpStream, _: Option<Vec<u8>>) {
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[";
    let mut goes_on = stream.write_all(head).is_ok();
    while goes_on {
        goes_on = stream.write_all(&[b'['; 4096]).is_ok();
    }
}

/// Says an octet now and then as long as anybody listens.
fn trickle(stream: &mut TcpStream, _: Option<Vec<u8>>) {
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    let pause = Duration::from_millis(5);
    stream.set_read_timeout(Some(pause)).unwrap();
    let mut goes_on = stream.write_all(head).is_ok();
    while goes_on {
        // Somebody who hangs up is read as an end; nothing at all is an error.
        let hung_up = matches!(stream.read(&mut [0]), Ok(0));
        goes_on = !hung_up && stream.write_all(b" ").is_ok();
    }
}

fn limit_at(url: &str, patience: Duration) -> CardSource {
    let mut source = source(SourcePlace::Http {
        url: format!("{url}/clients/{{number}}?name={{name}}"),
        field: ["accounts", "0", "limit"].map(str::to_owned).to_vec(),
        ca_file: None,
    });
    source.patience = patience;
    source
}

/// What the server there says of the caller.
fn asked_at(url: &str, patience: Duration) -> Result<Option<String>, SourceError> {
    let facts = facts(&[
        (Fact::Number, "+77011112233"),
        (Fact::Name, "Пётр/../?a=b&c #{number}"),
    ]);
    ask(&limit_at(url, patience), &facts, &PathBuf::new())
}

/// What a server that answers this says of the caller.
fn asked(answer: Option<Vec<u8>>) -> Result<Option<String>, SourceError> {
    let (url, served) = server(say, answer, 1);
    let value = asked_at(&url, PATIENCE);
    served.join().unwrap();
    value
}

#[test]
fn s4_25_a_web_server_is_asked_with_what_can_mean_nothing_else_and_its_value_found() {
    let json = br#"{"accounts": [{"limit": 500.5}, {"limit": 1}]}"#;
    let (url, served) = server(say, answer("200 OK", json), 1);
    let value = asked_at(&url, PATIENCE).unwrap();
    assert_eq!(value.as_deref(), Some("500.5"));
    let name = "%D0%9F%D1%91%D1%82%D1%80%2F..%2F%3Fa%3Db%26c%20%23%7Bnumber%7D";
    assert_eq!(
        served.join().unwrap(),
        [format!("GET /clients/%2B77011112233?name={name} HTTP/1.1")]
    );
}

#[test]
fn a_web_server_that_knows_nothing_has_no_value_and_one_that_talks_rubbish_is_an_error() {
    let nested = "[".repeat(200_000);
    let huge = format!("{{\"accounts\": \"{}\"}}", "x".repeat(2 << 20));
    for (status, body, expected) in [
        ("404 Not Found", &b"{}"[..], None),
        ("200 OK", b"{}", None),
        ("200 OK", br#"{"accounts": [{"limit": {"a": 1}}]}"#, None),
        ("200 OK", br#"{"accounts": [{"limit": " \n"}]}"#, None),
        ("200 OK", b"<html>", Some("is no JSON; check url")),
        ("200 OK", &[0xff; 64], Some("is no JSON; check url")),
        ("200 OK", nested.as_bytes(), Some("is no JSON; check url")),
        ("200 OK", huge.as_bytes(), Some("sends more than 1 MiB")),
        ("500 Oops", b"{}", Some("answers with 500; check url")),
    ] {
        match (asked(answer(status, body)), expected) {
            (Ok(None), None) => {}
            (Err(error), Some(why)) => assert!(error.to_string().contains(why), "{error}"),
            (other, _) => panic!("{status}: {other:?}"),
        }
    }
    let (url, served) = server(say_without_end, None, 1);
    let error = asked_at(&url, PATIENCE).unwrap_err().to_string();
    assert!(error.contains("sends more than 1 MiB"), "{error}");
    served.join().unwrap();
}

#[test]
fn a_web_server_leads_nowhere_else_and_not_in_circles() {
    let leads = |to: &str| {
        let head = format!(
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        Some(head.into_bytes())
    };
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = format!("http://{}/", elsewhere.local_addr().unwrap());
    let error = asked(leads(&to)).unwrap_err().to_string();
    assert!(error.contains("sends us on to"), "{error}");
    assert!(elsewhere.accept().is_err(), "it was asked all the same");

    let (url, served) = server(say, leads("/clients/1"), 6);
    let error = asked_at(&url, PATIENCE).unwrap_err().to_string();
    assert!(error.contains("answers with 302"), "{error}");
    assert_eq!(served.join().unwrap().len(), 6);
}

#[test]
fn s4_25_a_web_server_that_never_answers_to_the_end_is_given_up() {
    for serve in [keep_silent, trickle] {
        let (url, served) = server(serve, None, 1);
        let error = asked_at(&url, SHORT).unwrap_err();
        assert_eq!(error.to_string(), "no answer within 0.05 s");
        served.join().unwrap();
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let error = asked_at(&url, PATIENCE).unwrap_err().to_string();
    assert!(error.contains("cannot be reached"), "{error}");
}
