//! The REST API of a running phone, as other programs meet it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::analysis::converse;
use super::tasks::Caller;
use super::{Phone, SETTINGS, ctl, profile, python, run};

const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const API: &str = "[api]\nenabled = true\n";
const NOBODY: &str = "01a20180-1f58-7a54-aaba-bcbf22d44cd2";

/// A phone with the API, and the way to it.
struct Served {
    dir: TempDir,
    phone: Phone,
    address: String,
    token: String,
}

/// What came back.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// What is wrong, as a problem of the standard tells it.
    fn problem(&self, status: u16) -> String {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let problem = self.json();
        assert_eq!(problem["status"], status);
        problem["detail"].as_str().unwrap().to_owned()
    }
}

/// Sends octets and reads what comes until the other side hangs up.
fn exchange(address: &str, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    // Whoever has heard enough does not read to the end.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer[end + 4..].to_vec();
    Answer { status, head, body }
}

impl Served {
    fn start() -> Self {
        Self::on(profile(&format!("{SETTINGS}{API}")))
    }

    fn on(dir: TempDir) -> Self {
        let phone = Phone::start(dir.path());
        let address = phone.ready["api"][0].as_str().unwrap().to_owned();
        let token = fs::read_to_string(dir.path().join("api-token")).unwrap();
        Self {
            address,
            token: token.trim().to_owned(),
            phone,
            dir,
        }
    }

    fn ask_with(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let (address, token) = (&self.address, &self.token);
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        exchange(address, request.as_bytes())
    }

    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        match body {
            Some(body) => {
                let kind = "Content-Type: application/json\r\n";
                self.ask_with(method, path, kind, &body.to_string())
            }
            None => self.ask_with(method, path, "", ""),
        }
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, None);
        assert_eq!(
            answer.status,
            200,
            "{path}: {}",
            String::from_utf8_lossy(&answer.body)
        );
        answer.json()
    }

    fn profile(&self) -> &Path {
        self.dir.path()
    }
}

fn cli(profile: &Path, arguments: &[&str]) -> String {
    let output = run(profile, arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_api_is_off_until_somebody_wants_it() {
    let dir = profile(SETTINGS);
    let phone = Phone::start(dir.path());
    assert_eq!(phone.ready.get("api"), None);
    assert!(!dir.path().join("api-token").exists());
    assert_eq!(ctl(dir.path(), &["status"]).unwrap().get("api"), None);
}

#[test]
fn the_api_is_served_on_loopback_alone_and_says_where() {
    let served = Served::on(profile(&format!("{SETTINGS}{API}ipv6 = true\n")));
    let told = &served.phone.ready["api"];
    let port = served.address.strip_prefix("127.0.0.1:").unwrap();
    assert_eq!(told, &json!([served.address, format!("[::1]:{port}")]));
    assert_eq!(&ctl(served.profile(), &["status"]).unwrap()["api"], told);
    assert_eq!(&served.get("/v1/status")["api"], told);
    let token = served.profile().join("api-token");
    let mode = fs::metadata(&token).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let named = cli(served.profile(), &["api", "token"]);
    assert_eq!(Path::new(named.trim()), token);
    let document = include_str!("../../docs/openapi.json");
    assert_eq!(cli(served.profile(), &["api", "openapi"]), document);
    assert_eq!(
        served.get("/openapi.json"),
        serde_json::from_str::<Value>(document).unwrap()
    );
}

#[test]
fn a_port_that_is_taken_is_told_and_the_phone_runs_without_the_api() {
    let first = Served::start();
    let port = first.address.split(':').next_back().unwrap();
    let dir = profile(&format!("{SETTINGS}{API}port = {port}\n"));
    let mut phone = Phone::start(dir.path());
    assert_eq!(phone.ready.get("api"), None);
    let notice = phone.wait("notice");
    assert_eq!(notice["kind"], "api");
    let text = notice["text"].as_str().unwrap();
    assert!(
        text.contains(&format!("TCP port {port} cannot be used")),
        "{text}"
    );
}

#[test]
fn nobody_is_answered_without_the_token_under_another_name_or_from_a_web_page() {
    let served = Served::start();
    let (address, token) = (&served.address, &served.token);
    let port = address.split(':').next_back().unwrap();
    let with = |headers: &str| {
        let request = format!("GET /v1/status HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
        exchange(address, request.as_bytes())
    };
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let none = with(&format!("Host: {address}\r\n"));
    assert!(none.problem(401).contains("ringbook api token"));
    assert_eq!(none.header("www-authenticate"), Some("Bearer"));
    let wrong = with(&format!(
        "Host: {address}\r\nAuthorization: Bearer {token}x\r\n"
    ));
    wrong.problem(401);
    let named = with(&format!("Host: evil.example:{port}\r\n{bearer}"));
    assert!(named.problem(403).contains("the Host is another"));
    let page = with(&format!(
        "Host: {address}\r\nOrigin: https://evil.example\r\n{bearer}"
    ));
    assert!(page.problem(403).contains("not for web pages"));
    let absolute = format!(
        "GET http://evil.example/v1/status HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{bearer}\r\n"
    );
    exchange(address, absolute.as_bytes()).problem(403);
    assert_eq!(
        with(&format!("Host: localhost:{port}\r\n{bearer}")).status,
        200
    );
    // What opens the door stands nowhere else.
    let journal = served.profile().join("log/ringbook.log");
    let journal = fs::read_to_string(journal).unwrap_or_default();
    assert!(!journal.contains(token.as_str()));
}

#[test]
fn what_is_not_there_not_allowed_or_too_large_is_refused_with_what_to_do() {
    let served = Served::start();
    let nowhere = served.ask("GET", "/v1/nothing", None);
    assert!(
        nowhere
            .problem(404)
            .contains("there is nothing at /v1/nothing")
    );
    let put = served.ask("PUT", "/v1/clients", None);
    assert!(put.problem(405).contains("allowed: GET, POST, HEAD"));
    assert_eq!(put.header("allow"), Some("GET, POST, HEAD"));
    assert_eq!(served.ask("HEAD", "/v1/status", None).status, 200);
    let query = served.ask("GET", "/v1/clients?colour=red", None);
    assert!(query.problem(400).contains("allowed: text, offset, limit"));
    let plain = served.ask_with("POST", "/v1/clients", "Content-Type: text/plain\r\n", "{}");
    plain.problem(415);
    let json = "Content-Type: application/json\r\n";
    served
        .ask_with("POST", "/v1/clients", json, "{")
        .problem(400);
    served
        .ask_with("POST", "/v1/clients", json, "[]")
        .problem(422);
    let large = "x".repeat(1024 * 1024 + 1);
    served
        .ask_with("POST", "/v1/clients", json, &large)
        .problem(413);
    let head = format!("X-Long: {}\r\n", "x".repeat(64 * 1024));
    assert_eq!(served.ask_with("GET", "/v1/status", &head, "").status, 431);
    let many = "X-Many: 1\r\n".repeat(200);
    assert_eq!(served.ask_with("GET", "/v1/status", &many, "").status, 431);
    assert_eq!(served.get("/v1/status")["accounts"], 1);
}

#[test]
fn whoever_connects_and_says_nothing_keeps_nobody_out_for_long() {
    let served = Served::start();
    let connect = |_| TcpStream::connect(&served.address).unwrap();
    let silent: Vec<TcpStream> = (0..40).map(connect).collect();
    let slow = TcpStream::connect(&served.address).unwrap();
    (&slow).write_all(b"GET /v1/status HTTP/1.1\r\n").unwrap();
    let begin = Instant::now();
    assert_eq!(served.get("/v1/status")["accounts"], 1);
    // There was no place, until the silent ones were let go.
    assert!(
        begin.elapsed() > Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    assert!(
        begin.elapsed() < Duration::from_secs(40),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(ctl(served.profile(), &["status"]).unwrap()["accounts"], 1);
    drop((silent, slow));
}

#[test]
fn clients_are_entered_found_changed_and_deleted_by_the_rules_of_the_book() {
    let served = Served::start();
    let made = served.ask(
        "POST",
        "/v1/clients",
        Some(json!({
            "name": "Ivan Petrov", "category": "vip", "tags": ["north"], "do_not_call": true,
            "phones": [{"number": "+7 701 111 22 33", "label": "mobile", "extension": "12"}],
            "emails": [{"address": "ivan@a.example"}],
            "addresses": [{"city": "Almaty", "position": {"latitude": 43.2, "longitude": 76.9}}],
            "consent": {"given": true, "at": "2026-11-22", "how": "on paper"},
            "custom": {"Contract": "17"},
        })),
    );
    assert_eq!(made.status, 201);
    let client = made.json();
    let id = client["id"].as_str().unwrap();
    let path = format!("/v1/clients/{id}");
    assert_eq!(made.header("location"), Some(&*path));
    assert_eq!(client["phones"][0]["number"], "+77011112233");
    assert_eq!(client["phones"][0]["extension"], "12");
    assert_eq!(client["custom"]["Contract"], "17");
    assert_eq!(client["consent"]["how"], "on paper");
    let shown = cli(served.profile(), &["client", "show", id, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(served.get(&path), shown);

    let changed = served.ask(
        "PATCH",
        &path,
        Some(json!({"note": "Pays late", "custom": {"Contract": ""}})),
    );
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["note"], "Pays late");
    assert_eq!(changed.json()["custom"], json!({}));
    assert_eq!(changed.json()["phones"], client["phones"]);
    let timeline = cli(served.profile(), &["client", "timeline", id]);
    assert!(timeline.contains("Pays late"), "{timeline}");

    let refused = |body: Value| served.ask("POST", "/v1/clients", Some(body)).problem(422);
    assert!(refused(json!({})).contains("a name, a company or a number"));
    assert!(refused(json!({"name": "A", "category": "royal"})).contains("ordinary, vip"));
    assert!(refused(json!({"name": "A", "phones": [{"number": "bob"}]})).starts_with("phones: "));
    assert!(refused(json!({"nom": "A"})).contains("no field \"nom\"; allowed: name"));
    assert!(refused(json!({"name": 5})).starts_with("name: "));

    for n in 0..5 {
        let body = json!({"name": format!("Olga {n}")});
        assert_eq!(served.ask("POST", "/v1/clients", Some(body)).status, 201);
    }
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = served.get("/v1/clients?limit=4");
    assert_eq!(names(&first), ["Ivan Petrov", "Olga 0", "Olga 1", "Olga 2"]);
    assert_eq!((&first["offset"], &first["next"]), (&json!(0), &json!(4)));
    let last = served.get("/v1/clients?limit=4&offset=4");
    assert_eq!(names(&last), ["Olga 3", "Olga 4"]);
    assert_eq!(last["next"], Value::Null);
    let found = served.get("/v1/clients?text=olga&offset=3");
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
    assert_eq!(names(&served.get("/v1/clients?text=late")), ["Ivan Petrov"]);

    assert_eq!(served.ask("DELETE", &path, None).status, 204);
    served.ask("GET", &path, None).problem(404);
    served.ask("DELETE", &path, None).problem(404);
    served.ask("GET", "/v1/clients/Ivan", None).problem(400);
    assert_eq!(served.get("/v1/clients?text=Ivan")["items"], json!([]));
}

#[test]
fn calls_that_go_on_are_steered_and_those_of_the_log_listed_and_marked() {
    let mut served = Served::start();
    let caller = Caller::new(&served.phone, "+77011112233");
    let call = caller.ring(&mut served.phone, served.dir.path());
    let call = call.as_str().unwrap();
    let active = served.get("/v1/active-calls");
    assert_eq!(
        (&active[0]["call"], &active[0]["state"]),
        (&json!(call), &json!("incoming"))
    );
    let card = served.get(&format!("/v1/active-calls/{call}/card"));
    assert_eq!(card["number"], "+77011112233");
    let verb = |verb: &str, body: Option<Value>| {
        served.ask("POST", &format!("/v1/active-calls/{call}/{verb}"), body)
    };
    assert!(
        verb("hold", None)
            .problem(409)
            .contains("cannot be held now: it is ringing here")
    );
    assert!(verb("mute", Some(json!({}))).problem(422).contains("on"));
    assert!(
        verb("mute", Some(json!({"on": true, "off": 1})))
            .problem(422)
            .contains("off")
    );
    assert!(
        verb("hangup", Some(json!({"call": NOBODY})))
            .problem(422)
            .contains("no field call")
    );
    served
        .ask("POST", &format!("/v1/active-calls/{NOBODY}/answer"), None)
        .problem(404);
    assert_eq!(verb("reject", None).status, 204);
    served.phone.wait("task");

    let listed = served.get("/v1/calls?status=rejected,missed&direction=incoming");
    let shown = cli(served.profile(), &["log", "show", call]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(listed["items"], json!([shown]));
    assert_eq!(
        served.get("/v1/calls?direction=outgoing")["items"],
        json!([])
    );
    assert_eq!(
        served.get("/v1/calls?unknown=true&number=%2B77011112233")["items"][0],
        shown
    );
    let path = format!("/v1/calls/{call}");
    assert_eq!(served.get(&path), shown);
    let marks = json!({"note": "Wants a discount", "tags": ["lead", "urgent"]});
    let marked = served.ask("PATCH", &path, Some(marks));
    assert_eq!(marked.json()["tags"], json!(["lead", "urgent"]));
    assert_eq!(served.phone.wait("marks")["note"], "Wants a discount");
    let marked = served.ask("PATCH", &path, Some(json!({"tags": ["later"]})));
    assert_eq!(marked.json()["tags"], json!(["later"]));
    assert_eq!(marked.json()["note"], "Wants a discount");
    let semicolon = served.ask("PATCH", &path, Some(json!({"note": "x", "tags": ["a;b"]})));
    assert!(semicolon.problem(422).contains("without a semicolon"));
    assert_eq!(
        served.get(&path)["note"],
        "Wants a discount",
        "nothing of it was written"
    );
    served
        .ask("GET", &format!("/v1/calls/{NOBODY}"), None)
        .problem(404);
    let wrong = served
        .ask("GET", "/v1/calls?status=lost", None)
        .problem(400);
    assert!(wrong.contains("allowed: in_progress"), "{wrong}");

    let dialed = served.ask(
        "POST",
        "/v1/active-calls",
        Some(json!({"target": "sip:1@127.0.0.1:9"})),
    );
    assert_eq!(dialed.status, 201);
    let dialed = dialed.json()["call"].clone();
    assert_eq!(served.phone.wait("call")["call"], dialed);
    let path = format!("/v1/active-calls/{}/hangup", dialed.as_str().unwrap());
    assert_eq!(served.ask("POST", &path, None).status, 204);
    let words = served.ask(
        "POST",
        "/v1/active-calls",
        Some(json!({"target": "two words"})),
    );
    assert!(
        words
            .problem(422)
            .contains("neither a number nor a user name")
    );
    assert_eq!(
        served
            .ask("POST", "/v1/dnd", Some(json!({"on": true})))
            .status,
        204
    );
    assert_eq!(served.get("/v1/status")["do_not_disturb"], true);
}

#[test]
fn recordings_are_listed_and_got_whole_or_in_part_and_each_time_is_a_line_of_the_audit() {
    let mut served = Served::start();
    let call = converse(&mut served.phone, served.dir.path());
    served.phone.wait("analysis");
    let listed = served.get(&format!("/v1/recordings?call={}", call.as_str().unwrap()));
    let recording = &listed["items"][0];
    assert_eq!(recording["call"]["call"], call);
    let path = format!(
        "/v1/recordings/{}",
        recording["recording"].as_str().unwrap()
    );
    assert_eq!(&served.get(&path), recording);
    let file = served
        .profile()
        .join("recordings")
        .join(recording["file"].as_str().unwrap());
    let octets = fs::read(file).unwrap();

    let audio = format!("{path}/audio");
    let whole = served.ask("GET", &audio, None);
    assert_eq!(
        (whole.status, whole.header("content-type")),
        (200, Some("audio/wav"))
    );
    assert!(whole.body == octets);
    let tag = whole.header("etag").unwrap().to_owned();
    assert_eq!(
        tag,
        format!("\"{}\"", recording["sha256"].as_str().unwrap())
    );
    let part = served.ask_with("GET", &audio, "Range: bytes=44-1043\r\n", "");
    assert_eq!(part.status, 206);
    assert_eq!(
        part.header("content-range"),
        Some(&*format!("bytes 44-1043/{}", octets.len()))
    );
    assert!(part.body == octets[44..1044]);
    let stale = "Range: bytes=0-1\r\nIf-Range: \"another\"\r\n";
    assert_eq!(served.ask_with("GET", &audio, stale, "").status, 200);
    let fresh = format!("Range: bytes=0-1\r\nIf-Range: {tag}\r\n");
    assert_eq!(served.ask_with("GET", &audio, &fresh, "").body, octets[..2]);
    let beyond = served.ask_with("GET", &audio, "Range: bytes=99999999-\r\n", "");
    beyond.problem(416);
    assert_eq!(
        beyond.header("content-range"),
        Some(&*format!("bytes */{}", octets.len()))
    );
    served
        .ask("GET", &format!("/v1/recordings/{NOBODY}/audio"), None)
        .problem(404);

    let audit = cli(served.profile(), &["audit", "list", "--format", "json"]);
    let audit: Value = serde_json::from_str(&audit).unwrap();
    let lines = audit.as_array().unwrap();
    assert_eq!(lines.len(), 5);
    assert!(
        lines
            .iter()
            .all(|line| line["act"] == "export" && line["detail"] == "API")
    );
    assert!(
        lines
            .iter()
            .all(|line| line["recording"] == recording["recording"])
    );
}

#[test]
fn s5_1_without_the_module_the_api_has_no_log() {
    let off = format!("{SETTINGS}{API}[modules]\ncall_log = false\n");
    let served = Served::on(profile(&off));
    let call = "/v1/calls/01936b6e-7b1c-7000-8000-000000000001";
    for (method, path) in [("GET", "/v1/calls"), ("GET", call)] {
        let problem = served.ask(method, path, None).problem(404);
        assert!(problem.contains("call_log"), "{problem}");
    }
    let marked = served.ask("PATCH", call, Some(json!({"note": "text"})));
    assert!(marked.problem(404).contains("call_log"));
    assert_eq!(served.get("/v1/active-calls"), json!([]));
}

/// What the fuzzer is to find everywhere: no 5xx, answers as the document has them, nobody let in
/// without the token, nonsense refused.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,ignored_auth,\
    unsupported_method,allow_header_conformance";

/// What it may be refused with.
const CONFIG: &str = "[checks.negative_data_rejection]\n\
    expected-statuses = [400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 431]\n";

#[test]
fn the_api_withstands_a_fuzzer_that_knows_its_description() {
    let Some(python) = python::with(&[SCHEMATHESIS]) else {
        return;
    };
    let mut served = Served::start();
    let call = converse(&mut served.phone, served.dir.path());
    served.phone.wait("analysis");
    cli(
        served.profile(),
        &["client", "add", "--name", "Ivan", "--phone", "+77011112233"],
    );
    let url = format!("http://{}", served.address);
    let config = served.profile().join("schemathesis.toml");
    fs::write(&config, CONFIG).unwrap();
    let begin = Instant::now();
    let output = Command::new(python.with_file_name("schemathesis"))
        .arg("--config-file")
        .arg(&config)
        .arg("run")
        .arg(format!("{url}/openapi.json"))
        .args(["--url", &url, "--header"])
        .arg(format!("Authorization: Bearer {}", served.token))
        .args([
            "--checks",
            CHECKS,
            "--phases",
            "examples,coverage,fuzzing,stateful",
        ])
        .args(["--max-examples", "10", "--seed", "1", "--workers", "1"])
        .args(["--generation-database", "none", "--no-color"])
        .args(["--request-timeout", "30"])
        .current_dir(served.profile())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("Fuzzing"), "the fuzzer has not begun: {told}");
    eprintln!("fuzzed for {:.0} s", begin.elapsed().as_secs_f64());
    // Nothing of it broke the phone, or what it had.
    assert_eq!(
        served.get("/v1/calls?recorded=yes")["items"][0]["call"],
        call
    );
    ctl(served.profile(), &["quit"]).unwrap();
    let Served { phone, dir, .. } = served;
    assert!(phone.wait_exit().success());
    drop(dir);
}
