//! The client book beside a real CardDAV server: Radicale.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ringbook::dav::{AddressBook, Href, Remote, There, Written};
use ringbook::http::{HttpClient, Request, Server};
use ringbook_sip::auth::Credentials;
use serde_json::Value;
use tempfile::TempDir;

use super::{Phone, SETTINGS, message, profile, python, run};

const RADICALE: &str = "radicale==3.5.7";
/// How long a real server may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with one user, anna, and her address book.
struct Radicale {
    child: Child,
    folder: TempDir,
    port: u16,
    python: std::path::PathBuf,
}

impl Radicale {
    /// None where it cannot be installed here.
    fn start() -> Option<Self> {
        let python = python::with(&[RADICALE])?;
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let at = folder.path().display();
        let config = format!(
            "[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\n\
             htpasswd_filename = {at}/users\nhtpasswd_encryption = plain\ndelay = 0\n\
             [storage]\nfilesystem_folder = {at}/collections\n"
        );
        fs::write(folder.path().join("config"), config).unwrap();
        fs::write(folder.path().join("users"), "anna:s3cret\n").unwrap();
        let child = Self::run(&python, folder.path());
        let mut server = Self {
            child,
            folder,
            port,
            python,
        };
        server.make_book();
        Some(server)
    }

    fn run(python: &Path, folder: &Path) -> Child {
        let mut child = Command::new(python)
            .args(["-m", "radicale", "--config"])
            .arg(folder.join("config"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = |line: std::io::Result<String>| line.unwrap().contains("server ready");
        assert!(lines.by_ref().any(ready), "Radicale did not start");
        // Whoever does not read what it prints holds it up.
        std::thread::spawn(move || lines.for_each(drop));
        child
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.child = Self::run(&self.python, self.folder.path());
    }

    fn http(&self) -> HttpClient {
        HttpClient::new(Server {
            url: format!("http://127.0.0.1:{}/", self.port),
            login: Some(Credentials {
                username: "anna".to_owned(),
                password: "s3cret".to_owned(),
            }),
            ca_file: None,
            patience: PATIENCE,
            largest: 64 * 1024 * 1024,
        })
        .unwrap()
    }

    fn make_book(&mut self) {
        let body = "<mkcol xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:carddav\"><set><prop>\
            <resourcetype><collection/><C:addressbook/></resourcetype></prop></set></mkcol>";
        let made = self.http().send(&Request {
            method: "MKCOL",
            target: "/anna/contacts/".to_owned(),
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        });
        assert_eq!(made.unwrap().status, 201);
    }

    /// The book as another program has it.
    fn book(&self) -> AddressBook<HttpClient> {
        AddressBook::known(self.http(), Href::new("/anna/contacts/").unwrap())
    }

    fn list(&self) -> There {
        self.book().list(&There::new(), None).unwrap().there
    }

    /// Every card.
    fn cards(&self) -> Vec<String> {
        let hrefs: Vec<Href> = self.list().into_keys().collect();
        let cards = self.book().fetch(&hrefs).unwrap();
        cards.into_iter().map(|card| card.card).collect()
    }

    /// The card that says so.
    fn card(&self, text: &str) -> String {
        let found = self.cards().into_iter().find(|card| card.contains(text));
        found.unwrap_or_else(|| panic!("no card says {text}"))
    }

    /// Puts a card as another program would, over what is there.
    fn put(&self, name: &str, card: &str) {
        let href = Href::new(&format!("/anna/contacts/{name}")).unwrap();
        let over = self.list().remove(&href);
        let put = self.book().put(&href, card, over.as_deref()).unwrap();
        assert!(matches!(put, Written::Done(_)), "{put:?}");
    }

    /// Changes a card as another program would.
    fn change(&self, name: &str, from: &str, to: &str) {
        let href = Href::new(&format!("/anna/contacts/{name}")).unwrap();
        let card = self.book().fetch(&[href]).unwrap().remove(0).card;
        assert!(card.contains(from), "{card}");
        self.put(name, &card.replace(from, to));
    }

    fn delete(&self, name: &str) {
        let href = Href::new(&format!("/anna/contacts/{name}")).unwrap();
        let etag = self.list().remove(&href).unwrap();
        let deleted = self.book().delete(&href, &etag).unwrap();
        assert_eq!(deleted, Written::Done(None));
    }

    /// A profile whose client book is this one, with this password.
    fn profile(&self, password: &str) -> TempDir {
        profile(&format!(
            "{SETTINGS}[carddav]\nurl = \"http://127.0.0.1:{}/\"\nusername = \"anna\"\n\
             password = \"{password}\"\n",
            self.port
        ))
    }
}

impl Drop for Radicale {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command that succeeds prints.
fn ok(profile: &Path, arguments: &[&str]) -> String {
    let output = run(profile, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn sync(profile: &Path) -> String {
    ok(profile, &["client", "sync"])
}

fn shown(profile: &Path, client: &str) -> Value {
    let json = ok(profile, &["client", "show", client, "--json"]);
    serde_json::from_str(&json).unwrap()
}

fn add(profile: &Path, name: &str, phone: &str) {
    ok(
        profile,
        &["client", "add", "--name", name, "--phone", phone],
    );
}

const OLGA: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:olga-7\r\nFN:Olga Kim\r\nN:Kim;Olga;;;\r\n\
    TEL;TYPE=CELL:+77012223344\r\nTEL;TYPE=WORK:102\r\nNOTE:From the server\r\n\
    X-SOCIALPROFILE;TYPE=x:https://x.example/olga\r\nEND:VCARD\r\n";

#[test]
fn contacts_go_both_ways_and_both_sides_changes_are_kept() {
    let Some(server) = Radicale::start() else {
        return;
    };
    let dir = server.profile("s3cret");
    let at = dir.path();
    add(at, "Ivan Petrov", "+77011112233");
    server.put("olga.vcf", OLGA);

    let dry = ok(at, &["client", "sync", "--dry-run"]);
    assert!(
        dry.contains("Came new: Olga Kim") && dry.contains("Went new: Ivan Petrov"),
        "{dry}"
    );
    assert_eq!(server.list().len(), 1);

    let told = sync(at);
    assert!(
        told.contains("Came new: Olga Kim") && told.contains("Went new: Ivan Petrov"),
        "{told}"
    );
    assert_eq!(shown(at, "Olga")["phones"][0]["number"], "+77012223344");
    assert!(server.card("FN:Ivan Petrov").contains("+77011112233"));
    let quiet =
        "Came: 0 new, 0 changed, 0 deleted. Went: 0 new, 0 changed, 0 deleted. 0 conflicts.\n";
    assert_eq!(sync(at), quiet);

    // Different fields on both sides are merged; what is not ours stays in the card.
    ok(at, &["client", "edit", "Olga", "--email", "olga@a.example"]);
    server.change("olga.vcf", "From the server", "Changed there");
    let told = sync(at);
    assert!(
        told.contains("Came changed: Olga Kim") && told.ends_with("0 conflicts.\n"),
        "{told}"
    );
    assert_eq!(shown(at, "Olga")["note"], "Changed there");
    let card = server.card("UID:olga-7");
    for line in [
        "olga@a.example",
        "NOTE:Changed there",
        "x.example/olga",
        ":102",
    ] {
        assert!(card.contains(line), "{line} in {card}");
    }

    // Deleted on one side, it goes from the other.
    server.delete("olga.vcf");
    ok(at, &["client", "delete", "Ivan"]);
    let told = sync(at);
    assert!(told.contains("Deleted here: Olga Kim"), "{told}");
    assert!(
        told.contains("Deleted on the server: Ivan Petrov"),
        "{told}"
    );
    assert_eq!(server.list().len(), 0);
    assert!(ok(at, &["client", "find", "a"]).contains("Nobody found"));
    assert_eq!(sync(at), quiet);
}

#[test]
fn of_two_changes_of_one_field_the_later_holds_and_the_other_is_in_the_timeline() {
    let Some(server) = Radicale::start() else {
        return;
    };
    let dir = server.profile("s3cret");
    let at = dir.path();
    server.put("olga.vcf", OLGA);
    sync(at);

    ok(at, &["client", "edit", "Olga", "--note", "Later"]);
    server.change("olga.vcf", "END:VCARD", "REV:20200101T000000Z\r\nEND:VCARD");
    server.change("olga.vcf", "From the server", "Earlier");
    let told = sync(at);
    assert!(
        told.contains("Olga Kim, Note: \"Earlier\" gave way to \"Later\""),
        "{told}"
    );
    assert!(server.card("UID:olga-7").contains("NOTE:Later"));
    let timeline = ok(at, &["client", "timeline", "Olga"]);
    assert!(
        timeline.contains("Conflict") && timeline.contains("Earlier → Later"),
        "{timeline}"
    );

    ok(at, &["client", "edit", "Olga", "--note", "Of before"]);
    server.change("olga.vcf", "NOTE:Later", "NOTE:Of the future");
    let future = "REV:20990101T000000Z";
    let card = server.card("UID:olga-7");
    let rev = card.lines().find(|line| line.starts_with("REV")).unwrap();
    server.change("olga.vcf", rev, future);
    let told = sync(at);
    assert!(
        told.contains("\"Of before\" gave way to \"Of the future\""),
        "{told}"
    );
    assert_eq!(shown(at, "Olga")["note"], "Of the future");

    // A deletion gives way to a change, on either side.
    ok(at, &["client", "delete", "Olga"]);
    server.change("olga.vcf", "Of the future", "Still there");
    assert!(sync(at).contains("the change was kept"));
    assert_eq!(shown(at, "Olga")["note"], "Still there");
    ok(at, &["client", "edit", "Olga", "--note", "Still here"]);
    server.delete("olga.vcf");
    assert!(sync(at).contains("the change was kept"));
    assert!(server.card("UID:olga-7").contains("Still here"));
}

#[test]
fn a_server_that_is_away_or_refuses_us_is_told_of_and_nothing_is_lost() {
    let Some(mut server) = Radicale::start() else {
        return;
    };
    let dir = server.profile("wrong");
    add(dir.path(), "Ivan Petrov", "+77011112233");
    let told = message(&run(dir.path(), &["client", "sync"]));
    assert!(
        told.contains("does not take user name and password"),
        "{told}"
    );
    let mut phone = Phone::start(dir.path());
    let notice = phone.wait("notice");
    assert_eq!(notice["kind"], "contacts");
    assert!(
        notice["text"]
            .as_str()
            .unwrap()
            .contains("user name and password")
    );
    drop(phone);

    let dir = server.profile("s3cret");
    let at = dir.path();
    add(at, "Ivan Petrov", "+77011112233");
    sync(at);
    server.stop();
    ok(
        at,
        &["client", "edit", "Ivan", "--note", "While it was away"],
    );
    let told = message(&run(at, &["client", "sync"]));
    assert!(told.contains("cannot be reached"), "{told}");
    server.start_again();
    assert!(sync(at).contains("Went changed: Ivan Petrov"));
    assert!(server.card("FN:Ivan Petrov").contains("While it was away"));

    // Twenty clients whose cards are suddenly gone are not believed to be deleted.
    for n in 10..30 {
        add(at, &format!("Client {n}"), &format!("+770111122{n}"));
    }
    sync(at);
    for href in server.list().into_keys() {
        server.delete(href.as_str().rsplit('/').next().unwrap());
    }
    let told = message(&run(at, &["client", "sync"]));
    assert!(told.contains("21 contacts of 21 are gone"), "{told}");
    assert_eq!(shown(at, "Client 12")["name"], "Client 12");
    let told = ok(at, &["client", "sync", "--accept-deletions"]);
    assert!(told.contains("21 deleted"), "{told}");
}

#[test]
fn a_running_phone_keeps_the_book_and_the_server_the_same() {
    let Some(server) = Radicale::start() else {
        return;
    };
    let dir = server.profile("s3cret");
    add(dir.path(), "Ivan Petrov", "+77011112233");
    let _phone = Phone::start(dir.path());
    let deadline = Instant::now() + PATIENCE;
    while server.list().is_empty() {
        assert!(Instant::now() < deadline, "the phone has sent nothing");
    }
    assert!(server.card("FN:Ivan Petrov").contains("+77011112233"));
}

/// Prints how long it takes; `cargo test --release --test program five_thousand -- --ignored`.
#[test]
#[ignore = "measures; it is no question of right and wrong"]
fn five_thousand_contacts_are_measured() {
    let Some(server) = Radicale::start() else {
        return;
    };
    let dir = server.profile("s3cret");
    let at = dir.path();
    let rows = (0..5000).map(|n| format!("Client {n},+7701{:07}\n", 1_000_000 + n));
    let file = at.join("clients.csv");
    fs::write(&file, format!("name,phone\n{}", rows.collect::<String>())).unwrap();
    ok(at, &["client", "import", file.to_str().unwrap()]);
    let other = server.profile("s3cret");
    let measure = |what: &str, profile: &Path| {
        let start = Instant::now();
        let told = sync(profile);
        let last = told.lines().last().unwrap_or_default().to_owned();
        println!("{what}: {:.1} s; {last}", start.elapsed().as_secs_f64());
    };
    measure("5000 to an empty server", at);
    measure("nothing new", at);
    measure("5000 from the server", other.path());
    ok(at, &["client", "edit", "Client 17", "--note", "Changed"]);
    measure("one changed here", at);
    measure("one changed there", other.path());
}
