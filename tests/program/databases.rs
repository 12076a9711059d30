//! Fields of the card from a real PostgreSQL server.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use ringbook::model::{Fact, Facts};
use ringbook::settings::Settings;
use ringbook::sources::Asker;

use super::postgres::Postgres;
use super::sources::{call, fields, hear_ringing, peer};
use super::{Phone, SETTINGS, profile, run};

/// A server with clients, and a user who can read them.
fn server() -> Option<Postgres> {
    let server = Postgres::start()?;
    server.sql(
        "create role ringbook login password 's3cret'; \
         create table clients (id int, phone text, digits bigint, debt numeric(10, 2), since date, vip bool); \
         insert into clients values \
         (101, '+77011112233', 77011112233, 500.50, '2026-11-22', true), \
         (102, '+77019998877', 77019998877, null, null, false), \
         (103, '+77010000000', 77010000000, 1, null, false), \
         (104, '+77010000000', 77010000000, 2, null, false); \
         create function note() returns text language sql volatile as \
         $$ insert into clients values (1); select 'noted'::text $$; \
         grant all on clients to ringbook; create role nobody login",
    );
    Some(server)
}

/// A source that asks by the network, without TLS, unless `more` says something else.
fn section(server: &Postgres, name: &str, query: &str, more: &str) -> String {
    let mut text =
        format!("[[source]]\nname = \"{name}\"\ntype = \"postgres\"\nquery = '''{query}'''\n");
    for (key, value) in [
        ("host", "\"127.0.0.1\"".to_owned()),
        ("port", server.port.to_string()),
        ("database", "\"postgres\"".to_owned()),
        ("username", "\"ringbook\"".to_owned()),
        ("timeout_ms", "1000".to_owned()),
    ] {
        if !more.contains(&format!("{key} = ")) {
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    if !more.contains("password") {
        text.push_str("password = \"s3cret\"\n");
    }
    format!("{text}{more}\n")
}

fn asker(section: &str) -> Asker {
    let settings = Settings::parse(section, Path::new("settings.toml")).unwrap();
    let mut source = settings.sources.into_iter().next().unwrap();
    // A machine that does much else answers in its own time, too; patience is tried by itself.
    if source.patience == Duration::from_secs(1) {
        source.patience = Duration::from_secs(60);
    }
    Asker::new(Arc::new(source), Path::new("/"))
}

fn facts(number: &str) -> Facts {
    let known = [(Fact::Number, number), (Fact::Extension, "101")];
    known.map(|(fact, text)| (fact, text.to_owned())).into()
}

/// What is found of this caller, or why nothing is.
fn asked(asker: &Asker, number: &str) -> Result<Option<String>, String> {
    asker.ask(&facts(number)).map_err(|error| error.to_string())
}

const IVAN: &str = "+77011112233";

#[test]
fn s4_25_a_database_is_asked_for_one_value_and_what_is_known_of_the_caller_is_a_parameter() {
    let Some(server) = server() else { return };
    let find = |query: &str, number: &str| asked(&asker(&section(&server, "a", query, "")), number);
    for (query, found) in [
        (
            "select debt from clients where phone = {number}",
            Some("500.50"),
        ),
        (
            "select since from clients where phone = {number} -- a comment",
            Some("2026-11-22"),
        ),
        (
            "select vip from clients where phone = {number};",
            Some("true"),
        ),
        // A parameter is of the type that the query has there.
        (
            "select debt from clients where digits = ltrim({number}, '+')::bigint",
            Some("500.50"),
        ),
        (
            "select phone from clients where id = {extension}",
            Some(IVAN),
        ),
        ("select {number}", Some(IVAN)),
        ("select repeat('x', 10000000)", Some(&"x".repeat(200))),
        (
            "select debt from clients where phone = {number} and id = 7",
            None,
        ),
    ] {
        assert_eq!(find(query, IVAN).unwrap().as_deref(), found, "{query}");
    }
    let debt = "select debt from clients where phone = {number}";
    assert_eq!(find(debt, "+77019998877"), Ok(None), "null is no value");
    assert!(
        find(debt, "+77010000000")
            .unwrap_err()
            .contains("several rows")
    );

    let attack = "' or 1 = 1; drop table clients; --";
    assert_eq!(find(debt, attack), Ok(None));
    assert_eq!(
        find("select {number}", attack).unwrap().as_deref(),
        Some(attack)
    );
    let quoted = "select debt from clients where phone = '{number}'";
    assert!(
        find(quoted, attack)
            .unwrap_err()
            .contains("the database says")
    );
    assert_eq!(server.sql("select count(*) from clients"), "4");
    let log = server.log();
    assert!(!log.contains("unexpected EOF"), "{log}");
}

#[test]
fn a_database_is_only_read_and_what_it_refuses_is_told_without_the_caller() {
    let Some(server) = server() else { return };
    let trouble = |query: &str, more: &str| {
        asked(&asker(&section(&server, "a", query, more)), IVAN).unwrap_err()
    };
    for query in [
        "select note()",
        "with gone as (delete from clients returning id) select id from gone",
        "delete from clients returning id",
        "select 1; delete from clients",
        "select 1) as a(value); delete from clients; select ((1)",
    ] {
        let said = trouble(query, "");
        assert!(said.contains("the database says: "), "{query}: {said}");
    }
    assert_eq!(server.sql("select count(*) from clients"), "4");
    for (query, more, why) in [
        (
            "select debt from debts",
            "",
            "relation \"debts\" does not exist",
        ),
        (
            "select 1",
            "database = \"crm\"",
            "database \"crm\" does not exist",
        ),
        (
            "select debt from clients",
            "username = \"nobody\"\nhost = \"SOCKET\"",
            "permission denied",
        ),
        (
            "select id from clients where id = {number}::int / 0",
            "",
            "SQLSTATE 22",
        ),
        (
            "select 1",
            "password = \"wrong\"",
            "does not take user name and password",
        ),
        (
            "select 1",
            "username = \"stranger\"",
            "does not take user name and password",
        ),
        (
            "select 1",
            "password_command = \"false\"",
            "no password: false ended with",
        ),
        ("select 1", "port = 1", "cannot be reached"),
        (
            "select 1",
            "host = \"nowhere.invalid\"\ntls = false",
            "nowhere.invalid cannot be reached",
        ),
    ] {
        let said = trouble(query, &more.replace("SOCKET", &server.folder()));
        assert!(said.contains(why), "{query}, {more}: {said}");
        assert!(!said.contains("7701111"), "{said}");
    }
    // Nobody says a password, and the server asks for one.
    let unsaid = section(&server, "a", "select 1", "").replace("password = \"s3cret\"", "");
    let said = asked(&asker(&unsaid), IVAN).unwrap_err();
    assert!(said.contains("asks for a password"), "{said}");
    // By the socket it does not.
    let socket = unsaid.replace("127.0.0.1", &server.folder());
    assert_eq!(asked(&asker(&socket), IVAN).unwrap().as_deref(), Some("1"));
}

#[test]
fn s4_25_a_database_that_takes_too_long_is_given_up_and_stops() {
    let Some(server) = server() else { return };
    let asleep = "select pg_sleep_for('10 min')";
    let slow = asker(&section(&server, "a", asleep, "timeout_ms = 900"));
    assert_eq!(asked(&slow, IVAN), Err("no answer within 0.9 s".to_owned()));
    let begun = Instant::now();
    let running =
        "select count(*) from pg_stat_activity where usename = 'ringbook' and state = 'active'";
    while server.sql(running) != "0" {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the server goes on"
        );
    }

    // One that takes connections and says nothing, and one that talks of something else.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mute = asker(&section(
        &server,
        "a",
        "select 1",
        &format!("port = {port}\ntimeout_ms = 100"),
    ));
    assert_eq!(asked(&mute, IVAN), Err("no answer within 0.1 s".to_owned()));
    let rubbish = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = rubbish.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = rubbish.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let wrong = asker(&section(
        &server,
        "a",
        "select 1",
        &format!("port = {port}"),
    ));
    let said = asked(&wrong, IVAN).unwrap_err();
    assert!(said.contains("cannot be reached"), "{said}");
}

#[test]
fn a_database_over_the_network_has_to_prove_itself() {
    let Some(server) = server() else { return };
    let query = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    let ask = |more: &str| asked(&asker(&section(&server, "a", query, more)), IVAN);
    let trusted = format!("ca_file = \"{}\"", server.certificate());
    assert_eq!(ask("").unwrap().as_deref(), Some("false"));
    let secret = ask(&format!("host = \"localhost\"\ntls = true\n{trusted}"));
    assert_eq!(secret.unwrap().as_deref(), Some("true"));
    for (more, why) in [
        (
            "host = \"localhost\"\ntls = true".to_owned(),
            "Nobody this computer trusts",
        ),
        (format!("tls = true\n{trusted}"), "is not for 127.0.0.1"),
        (
            "tls = true\nca_file = \"/nowhere.pem\"".to_owned(),
            "/nowhere.pem holds no certificate",
        ),
    ] {
        let said = ask(&more).unwrap_err();
        assert!(said.contains(why), "{more}: {said}");
    }
}

#[test]
fn a_password_that_has_changed_is_asked_for_again() {
    let Some(server) = server() else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, "s3cret\n").unwrap();
    let command = format!("password_command = \"cat {}\"", file.display());
    let asker = asker(&section(&server, "a", "select 1", &command));
    assert_eq!(asked(&asker, IVAN).unwrap().as_deref(), Some("1"));
    // It is kept, so that a command that asks a person asks once.
    fs::remove_file(&file).unwrap();
    assert_eq!(asked(&asker, IVAN).unwrap().as_deref(), Some("1"));
    server.sql("alter role ringbook password 'an0ther'");
    fs::write(&file, "an0ther\n").unwrap();
    assert!(asked(&asker, IVAN).unwrap_err().contains("does not take"));
    assert_eq!(asked(&asker, IVAN).unwrap().as_deref(), Some("1"));
}

#[test]
fn s4_25_a_phone_shows_what_a_database_has_and_its_card_waits_for_no_query() {
    let Some(server) = server() else { return };
    let sources = [
        section(
            &server,
            "Debt",
            "select debt from clients where phone = {number}",
            "",
        ),
        section(&server, "Asleep", "select pg_sleep_for('10 min')", ""),
        section(&server, "Wrong", "select debt from debts", ""),
    ];
    let dir = profile(&format!("{SETTINGS}{}", sources.concat()));
    let told = run(dir.path(), &["source", "ask", IVAN]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(
        text.contains("Debt: 500.50\n") && text.contains("Asleep: no answer within 1 s\n"),
        "{text}"
    );
    assert_eq!(told.status.code(), Some(1));

    let mut phone = Phone::start(dir.path());
    let peer = peer();
    call(&peer, &phone, 1);
    hear_ringing(&peer);
    let mut card = phone.wait("caller_card");
    // The query that sleeps has not ended, and yet the card is there.
    let state = |card: &serde_json::Value, n: usize| fields(card)[n].1.clone();
    assert_eq!(state(&card, 1), "waiting");
    while (0..3).any(|n| state(&card, n) == "waiting") {
        card = phone.wait("caller_card");
    }
    let expected = [
        ("Debt", "here", "500.50"),
        ("Asleep", "no_data", ""),
        ("Wrong", "no_data", ""),
    ];
    let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
    assert_eq!(fields(&card), expected);
}
