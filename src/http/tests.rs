//! The client against servers that answer what the test says.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ringbook_sip::auth::Credentials;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{HttpClient, HttpError, Request, Response, Server, is_address, join};

/// Answers one request after the other with what `answers` makes of it, each on a connection of its
/// own, and hands back the port.
fn serve(answers: impl Fn(&str) -> String + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = answer(stream.unwrap(), &answers);
        }
    });
    port
}

fn answer(mut stream: impl Read + Write, answers: &impl Fn(&str) -> String) -> std::io::Result<()> {
    let mut reader = BufReader::new(&mut stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
    }
    let length = |line: &str| line.strip_prefix("content-length: ")?.parse().ok();
    let length: usize = request.lines().find_map(length).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    request.push_str(&String::from_utf8_lossy(&body));
    stream.write_all(answers(&request).as_bytes())?;
    stream.flush()
}

fn status(line: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {line}\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    )
}

fn server(url: String) -> Server {
    Server {
        url,
        login: None,
        ca_file: None,
        patience: Duration::from_secs(20),
        largest: 1024 * 1024,
    }
}

fn anna(port: u16) -> Server {
    Server {
        login: Some(Credentials {
            username: "anna".to_owned(),
            password: "s3cret".to_owned(),
        }),
        ..server(format!("http://127.0.0.1:{port}/"))
    }
}

fn ask(server: Server, target: &str) -> Result<Response, HttpError> {
    HttpClient::new(server)?.send(&Request {
        method: "PROPFIND",
        target: target.to_owned(),
        headers: vec![("Depth", "0".to_owned())],
        body: b"<x/>".to_vec(),
    })
}

#[test]
fn a_request_goes_out_as_it_was_given_and_the_answer_comes_back() {
    let port = serve(|request| {
        assert!(
            request.starts_with("PROPFIND /a%20b HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(request.contains("depth: 0\r\n") || request.contains("Depth: 0\r\n"));
        assert!(request.ends_with("\r\n\r\n<x/>"));
        status("207 Multi-Status", "ETag: \"7\"\r\n", "all")
    });
    let answer = ask(server(format!("http://127.0.0.1:{port}")), "/a%20b").unwrap();
    let expected = Response {
        status: 207,
        path: "/a%20b".to_owned(),
        etag: Some("\"7\"".to_owned()),
        body: b"all".to_vec(),
    };
    assert_eq!(answer, expected);
}

#[test]
fn a_password_is_given_when_it_is_asked_for_and_once() {
    let port = serve(
        |request| match request.contains("uthorization: Basic YW5uYTpzM2NyZXQ=") {
            true => status("200 OK", "", "in"),
            false => status("401 No", "WWW-Authenticate: Basic realm=\"x\"\r\n", ""),
        },
    );
    assert_eq!(ask(anna(port), "/").unwrap().body, b"in");
    let mut wrong = anna(port);
    wrong.login.as_mut().unwrap().password = "other".to_owned();
    assert!(matches!(ask(wrong, "/"), Err(HttpError::Refused(_))));
    let nobody = server(format!("http://127.0.0.1:{port}/"));
    assert!(matches!(ask(nobody, "/"), Err(HttpError::NoLogin(_))));
}

#[test]
fn a_digest_is_preferred_and_a_nonce_that_grew_old_is_no_refusal() {
    let port = serve(|request| {
        let challenge = |nonce: &str, stale: &str| {
            let field = format!(
                "WWW-Authenticate: Basic realm=\"x\"\r\n\
                 WWW-Authenticate: Digest realm=\"x\", nonce=\"{nonce}\", qop=\"auth\"{stale}\r\n"
            );
            status("401 No", &field, "")
        };
        assert!(!request.contains("Basic "));
        match request {
            _ if request.contains("nonce=\"new\"") && request.contains("uri=\"/\"") => {
                status("200 OK", "", "in")
            }
            _ if request.contains("nonce=\"old\"") => challenge("new", ", stale=true"),
            _ => challenge("old", ""),
        }
    });
    assert_eq!(ask(anna(port), "/").unwrap().body, b"in");

    let port = serve(|_| {
        let challenge = "WWW-Authenticate: Digest realm=\"x\", nonce=\"n\", qop=\"auth\"\r\n";
        status("401 No", challenge, "")
    });
    assert!(matches!(ask(anna(port), "/"), Err(HttpError::Refused(_))));
}

#[test]
fn nobody_on_the_way_reads_the_password() {
    let mut client = HttpClient::new(Server {
        url: "http://dav.office.example/".to_owned(),
        ..anna(0)
    })
    .unwrap();
    let mut headers = ureq::http::HeaderMap::new();
    headers.insert("www-authenticate", "Basic realm=\"x\"".parse().unwrap());
    let refused = client.choose_scheme(&headers, 0).unwrap_err();
    assert!(refused.to_string().contains("https://"), "{refused}");
    headers.insert("www-authenticate", "Bearer".parse().unwrap());
    let refused = client.choose_scheme(&headers, 0).unwrap_err();
    assert!(matches!(refused, HttpError::Scheme(_)));
}

#[test]
fn a_server_leads_to_its_own_addresses_and_to_no_other() {
    let elsewhere = serve(|_| panic!("somebody came"));
    let port = serve(move |request| match request.split(' ').nth(1) {
        Some("/.well-known/carddav") => status("301 Moved", "Location: /books/\r\n", ""),
        Some("/books/") => status("200 OK", "", "here"),
        Some("/round") => status("302 Found", "Location: /round\r\n", ""),
        _ => {
            let to = format!("Location: http://127.0.0.1:{elsewhere}/\r\n");
            status("308 Moved", &to, "")
        }
    });
    let answer = ask(anna(port), "/.well-known/carddav").unwrap();
    assert_eq!((&*answer.path, &*answer.body), ("/books/", &b"here"[..]));
    assert_eq!(ask(anna(port), "/round").unwrap().status, 302);
    let refused = ask(anna(port), "/away").unwrap_err().to_string();
    assert!(
        refused.contains(&format!("http://127.0.0.1:{elsewhere}/")),
        "{refused}"
    );
}

#[test]
fn an_answer_without_end_or_beginning_is_given_up() {
    let port = serve(|_| status("200 OK", "", &"x".repeat(2000)));
    let small = Server {
        largest: 1000,
        ..anna(port)
    };
    assert!(matches!(ask(small, "/"), Err(HttpError::TooLarge { .. })));

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let impatient = Server {
        patience: Duration::from_millis(200),
        ..anna(silent.local_addr().unwrap().port())
    };
    assert!(matches!(
        ask(impatient, "/"),
        Err(HttpError::TimedOut { .. })
    ));

    let port = silent.local_addr().unwrap().port();
    drop(silent);
    assert!(matches!(
        ask(anna(port), "/"),
        Err(HttpError::Unreachable { .. })
    ));
}

/// Listens for TLS with a new certificate for `name`; the port, and the certificate as PEM.
fn serve_tls(name: &str) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let stream: TcpStream = stream.unwrap();
            let _ = answer(StreamOwned::new(connection, stream), &|_: &str| {
                status("200 OK", "", "secret")
            });
        }
    });
    (port, made.cert.pem())
}

#[test]
fn a_certificate_is_believed_or_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let to = |port: u16, ca_file: bool| Server {
        ca_file: ca_file.then(|| file.to_str().unwrap().to_owned()),
        ..server(format!("https://localhost:{port}/"))
    };
    let told = |server: Server| ask(server, "/").unwrap_err().to_string();

    let (port, certificate) = serve_tls("localhost");
    std::fs::write(&file, certificate).unwrap();
    assert_eq!(ask(to(port, true), "/").unwrap().body, b"secret");
    let why = told(to(port, false));
    assert!(why.contains("set ca_file"), "{why}");

    let (port, certificate) = serve_tls("other.example");
    std::fs::write(&file, certificate).unwrap();
    let why = told(to(port, true));
    assert!(why.contains("not for localhost"), "{why}");

    let plain = serve(|_| "no TLS at all\r\n\r\n".to_owned());
    let why = told(to(plain, true));
    assert!(why.contains("localhost"), "{why}");
    std::fs::write(&file, "nothing").unwrap();
    let why = told(to(plain, true));
    assert!(why.contains("no certificate"), "{why}");
}

#[test]
fn addresses_are_told_from_other_texts_and_joined() {
    for url in [
        "https://a.example",
        "http://[::1]:5232/x/",
        "https://a.example/b?c=d",
    ] {
        assert!(is_address(url), "{url}");
    }
    for text in [
        "",
        "a.example",
        "ftp://a.example/",
        "https://",
        "https://u:p@a.example/",
    ] {
        assert!(!is_address(text), "{text}");
    }
    let base = "https://a.example:8443/dav/books/".parse().unwrap();
    for (reference, expected) in [
        ("/x/", "https://a.example:8443/x/"),
        ("one.vcf", "https://a.example:8443/dav/books/one.vcf"),
        ("//b.example/x", "https://b.example/x"),
        ("http://c.example/", "http://c.example/"),
    ] {
        assert_eq!(join(&base, reference).unwrap().to_string(), expected);
    }
}
