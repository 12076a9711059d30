//! Digest authentication: RFC 2617, RFC 7616, RFC 8760.

// The clock gives virtual time its origin.

use std::time::{Duration, Instant};

use ringbook_sip::auth::{
    Algorithm, Attempt, AuthError, Challenge, Credentials, Qop, Verdict, Verifier,
};
use ringbook_sip::message::Method;

fn credentials(username: &str, password: &str) -> Credentials {
    Credentials {
        username: username.to_owned(),
        password: password.to_owned(),
    }
}

/// The `response` that answers a challenge to `GET /dir/index.html`.
fn response(challenge: &str, password: &str, cnonce: &str) -> String {
    let method = Method::Other("GET".to_owned());
    let attempt = Attempt {
        method: &method,
        uri: "/dir/index.html",
        body: b"v=0",
        nonce_count: 1,
        cnonce,
    };
    let challenge = Challenge::parse(challenge).unwrap();
    let answer = challenge.answer(&credentials("Mufasa", password), &attempt);
    answer
        .split("response=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

const RFC_2617: &str = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
                        opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";

#[test]
fn the_example_of_rfc_2617() {
    let challenge = format!("{RFC_2617}, qop=\"auth,auth-int\"");
    let found = response(&challenge, "Circle Of Life", "0a4f113b");
    assert_eq!(found, "6629fae49393a05397450978507c4ef1");
}

#[test]
fn without_qop_the_answer_is_that_of_rfc_2069() {
    let found = response(RFC_2617, "Circle Of Life", "0a4f113b");
    assert_eq!(found, "670fd8c2df070c60b045671b8b24ff02");
}

#[test]
fn the_examples_of_rfc_7616() {
    let challenge = |algorithm: &str| {
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    };
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    for (algorithm, expected) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        (
            "SHA-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        assert_eq!(
            response(&challenge(algorithm), "Circle of Life", cnonce),
            expected
        );
    }
}

#[test]
fn session_keys_and_covered_bodies() {
    let session = format!("{RFC_2617}, qop=auth, algorithm=MD5-sess");
    let covered = format!("{RFC_2617}, qop=\"auth-int\"");
    assert_eq!(
        response(&session, "Circle Of Life", "0a4f113b"),
        "8e3825c57e897f5a0dec6c2d4e5059d0"
    );
    assert_eq!(
        response(&covered, "Circle Of Life", "0a4f113b"),
        "5db8f67ee86f54b921ff197961aee76e"
    );
}

#[test]
fn an_answer_carries_everything_the_server_needs() {
    let challenge = Challenge::parse(
        "digest  nonce = \"abc\" ,realm=\"exa\\\"mple.com\",QOP=\"auth\",opaque=\"\",\
         algorithm=sha-256,domain=\"sip:x,y\",stale=TRUE",
    )
    .unwrap();
    assert!(challenge.stale);
    let attempt = Attempt {
        method: &Method::Register,
        uri: "sip:example.com",
        body: b"",
        nonce_count: 10,
        cnonce: "xyz",
    };
    let plain = Challenge {
        realm: "example.com".to_owned(),
        ..challenge.clone()
    };
    assert_eq!(
        plain.answer(&credentials("bob", "zanzibar"), &attempt),
        "Digest username=\"bob\", realm=\"example.com\", nonce=\"abc\", uri=\"sip:example.com\", \
         response=\"f528a1a420193ef031e9e07c6268cc8b5c87c7ba45c4509eab4fe79a3f01602b\", \
         algorithm=SHA-256, qop=auth, nc=0000000a, cnonce=\"xyz\", opaque=\"\""
    );
    // Quotes stay quotes.
    let answer = challenge.answer(&credentials("DOMAIN\\bob", "x"), &attempt);
    assert!(
        answer.contains("username=\"DOMAIN\\\\bob\", realm=\"exa\\\"mple.com\""),
        "{answer}"
    );
}

#[test]
fn a_challenge_is_printed_as_it_is_read() {
    for text in [
        "Digest realm=\"a \\\"b\\\"\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\", opaque=\"o\", stale=TRUE",
        "Digest realm=\"\", nonce=\"n\", algorithm=MD5",
    ] {
        assert_eq!(Challenge::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn a_challenge_that_cannot_be_answered_says_why() {
    for (text, error) in [
        ("Basic realm=\"x\"", AuthError::Scheme),
        ("NoOneKnowsThisScheme opaque-data=here", AuthError::Scheme),
        ("Digest", AuthError::Scheme),
        ("", AuthError::Scheme),
        ("Digest nonce=\"n\"", AuthError::Missing("realm")),
        ("Digest realm=\"r\"", AuthError::Missing("nonce")),
        (
            "Digest realm=\"r\", nonce=\"n\", algorithm=AKAv1-MD5",
            AuthError::Algorithm,
        ),
        (
            "Digest realm=\"r\", nonce=\"n\", algorithm=SHA256",
            AuthError::Algorithm,
        ),
        (
            "Digest realm=\"r\", nonce=\"n\", qop=\"other\"",
            AuthError::Qop,
        ),
        ("Digest realm=\"r\", nonce=\"n", AuthError::Malformed),
        ("Digest realm=\"r\", nonce", AuthError::Malformed),
        (
            "Digest realm=\"r\", nonce=\"n\", Nonce=\"m\"",
            AuthError::Malformed,
        ),
    ] {
        assert_eq!(Challenge::parse(text), Err(error), "{text}");
    }
    let many = "a=b,".repeat(10).replace("a=", "a1=");
    assert_eq!(
        Challenge::parse(&format!("Digest {many}")),
        Err(AuthError::Malformed)
    );
}

#[test]
fn the_strongest_challenge_of_each_realm_is_answered() {
    let chosen = Challenge::choose([
        "Digest realm=\"a\", nonce=\"1\"",
        "Digest realm=\"a\", nonce=\"2\", algorithm=SHA-512-256",
        "Digest realm=\"a\", nonce=\"3\", algorithm=SHA-256",
        "Digest realm=\"a\", nonce=\"4\", algorithm=SHA-256",
        "Basic realm=\"a\"",
        "Digest realm=\"b\", nonce=\"5\", algorithm=MD5",
    ]);
    let nonces: Vec<_> = chosen
        .iter()
        .map(|challenge| challenge.nonce.as_str())
        .collect();
    assert_eq!(nonces, ["3", "5"]);
    assert_eq!(chosen[0].algorithm, Algorithm::Sha256);
}

#[test]
fn no_password_is_shown() {
    let shown = format!("{:?}", credentials("bob", "zanzibar"));
    assert_eq!(shown, "Credentials { username: \"bob\", .. }");
}

// The server's side.

struct Registrar {
    verifier: Verifier,
    now: Instant,
}

impl Registrar {
    fn new() -> Self {
        Self {
            verifier: Verifier::new("example.com", Algorithm::Sha256),
            now: Instant::now(),
        }
    }

    fn challenge(&mut self, nonce: &str) -> Challenge {
        self.verifier.challenge(self.now, nonce, false)
    }

    fn verify(&mut self, authorization: &str) -> Verdict {
        let password = |user: &str| (user == "bob").then(|| "zanzibar".to_owned());
        self.verifier
            .verify(self.now, authorization, &Method::Register, b"", password)
    }
}

fn answer(challenge: &Challenge, user: &str, password: &str, nonce_count: u32) -> String {
    let uri = "sip:example.com";
    let attempt = Attempt {
        method: &Method::Register,
        uri,
        body: b"",
        nonce_count,
        cnonce: "c",
    };
    challenge.answer(&credentials(user, password), &attempt)
}

fn accepted() -> Verdict {
    Verdict::Accepted {
        username: "bob".to_owned(),
    }
}

#[test]
fn the_right_password_is_accepted_again_and_again_with_a_higher_count() {
    let mut registrar = Registrar::new();
    // The challenge goes over the wire.
    let challenge = Challenge::parse(&registrar.challenge("n").to_string()).unwrap();
    assert_eq!(challenge.qop, Some(Qop::Auth));
    for count in 1..=3 {
        assert_eq!(
            registrar.verify(&answer(&challenge, "bob", "zanzibar", count)),
            accepted()
        );
    }
}

#[test]
fn an_answer_that_is_replayed_is_stale() {
    let mut registrar = Registrar::new();
    let challenge = registrar.challenge("n");
    let heard = answer(&challenge, "bob", "zanzibar", 1);
    assert_eq!(registrar.verify(&heard), accepted());
    assert_eq!(registrar.verify(&heard), Verdict::Stale);
}

#[test]
fn an_old_or_foreign_nonce_is_stale() {
    let mut registrar = Registrar::new();
    let challenge = registrar.challenge("n");
    registrar.now += Duration::from_secs(301);
    assert_eq!(
        registrar.verify(&answer(&challenge, "bob", "zanzibar", 1)),
        Verdict::Stale
    );
    let foreign = Challenge {
        nonce: "other".to_owned(),
        ..challenge
    };
    assert_eq!(
        registrar.verify(&answer(&foreign, "bob", "zanzibar", 1)),
        Verdict::Stale
    );
}

#[test]
fn the_oldest_nonces_are_forgotten() {
    let mut registrar = Registrar::new();
    let challenges: Vec<_> = (0..1025)
        .map(|n| registrar.challenge(&n.to_string()))
        .collect();
    let mut verdict = |at: usize| registrar.verify(&answer(&challenges[at], "bob", "zanzibar", 1));
    assert_eq!(verdict(0), Verdict::Stale);
    assert_eq!(verdict(1), accepted());
}

#[test]
fn anything_else_is_refused() {
    let mut registrar = Registrar::new();
    let challenge = registrar.challenge("n");
    let right = answer(&challenge, "bob", "zanzibar", 1);
    for wrong in [
        answer(&challenge, "bob", "wrong", 1),
        answer(&challenge, "eve", "zanzibar", 1),
        answer(
            &Challenge {
                realm: "x".to_owned(),
                ..challenge.clone()
            },
            "bob",
            "zanzibar",
            1,
        ),
        answer(
            &Challenge {
                algorithm: Algorithm::Md5,
                ..challenge.clone()
            },
            "bob",
            "zanzibar",
            1,
        ),
        answer(
            &Challenge {
                qop: None,
                ..challenge
            },
            "bob",
            "zanzibar",
            1,
        ),
        right.replace("nc=00000001", "nc=x"),
        right.replace("sip:example.com", "sip:other.example"),
        "Basic Ym9iOnphbnppYmFy".to_owned(),
        String::new(),
    ] {
        assert_eq!(registrar.verify(&wrong), Verdict::Refused, "{wrong}");
    }
    assert_eq!(registrar.verify(&right), accepted());
}
