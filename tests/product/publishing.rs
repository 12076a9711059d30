//! What the phone tells its server of itself (RFC 3903), where a line wants that.

use std::path::Path;

use ringbook::phone::command::{Command, Reply};
use ringbook::phone::publishing::PublishedView;
use ringbook::settings::Settings;
use ringbook_sip::message::{Message, Method, Request, Response};

use crate::office::{LINE, Office};

/// An office whose line publishes, at a server that says only what the test says.
fn office() -> Office {
    let text = format!(
        "[[account]]\naor = \"{LINE}\"\nregister = false\npublish = true\n\
         password = \"secret\"\n\
         [sip]\nbind = \"127.0.0.1\"\n"
    );
    let mut office = Office::open(Settings::parse(&text, Path::new("settings.toml")).unwrap());
    office.lose = |message| match message {
        Message::Response(response) => response.cseq.method == Method::Publish,
        Message::Request(_) => false,
    };
    office.ms(100);
    office
}

fn sent(office: &Office) -> Vec<Request> {
    let messages = office.wire.iter().map(|(_, _, message)| message);
    let mut requests: Vec<Request> = messages
        .filter_map(|message| message.as_request())
        .filter(|request| request.method == Method::Publish)
        .cloned()
        .collect();
    // What is repeated because nobody has answered yet is no other request.
    requests.dedup_by_key(|request| (request.call_id.clone(), request.cseq.seq));
    requests
}

/// The server answers the last PUBLISH.
fn answer(office: &mut Office, status: u16) {
    let request = sent(office).pop().expect("a PUBLISH was sent");
    let mut response = Response::new(&request, status);
    response.to.set_tag("server");
    response
        .headers
        .push("SIP-ETag", format!("tag-{}", request.cseq.seq));
    response.headers.push("Expires", "1800");
    office.hear(&String::from_utf8(response.to_bytes()).unwrap());
}

fn last_body(office: &Office) -> String {
    let last = sent(office).pop().unwrap();
    String::from_utf8(last.body).unwrap()
}

fn shown(office: &mut Office) -> Option<PublishedView> {
    match office.command(Command::Accounts) {
        Ok(Reply::Accounts(lines)) => lines[0].published,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_line_that_does_not_want_it_publishes_nothing() {
    let mut office = Office::open(crate::office::settings(""));
    office.call_in();
    office.ms(1000);
    assert!(sent(&office).is_empty());
    assert_eq!(shown(&mut office), None);
}

#[test]
fn others_learn_that_the_phone_rings_and_talks_and_never_with_whom() {
    let mut office = office();
    assert_eq!(sent(&office)[0].headers.get("Event"), Some("dialog"));
    assert_eq!(shown(&mut office), Some(PublishedView::Publishing));
    answer(&mut office, 200);
    assert_eq!(shown(&mut office), Some(PublishedView::Dialog));

    let mut told = vec![last_body(&office)];
    let peer = office.call_in();
    told.push(last_body(&office));
    answer(&mut office, 200);
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    told.push(last_body(&office));
    answer(&mut office, 200);
    office.peer_hangs_up(peer);
    office.ms(100);
    told.push(last_body(&office));
    answer(&mut office, 200);
    let states = ["early", "confirmed"].map(|state| format!("<state>{state}</state>"));
    let seen: Vec<_> = told
        .iter()
        .map(|document| states.each_ref().map(|state| document.contains(state)))
        .collect();
    assert_eq!(
        seen,
        [[false, false], [true, false], [false, true], [false, false]]
    );
    for (version, document) in (1..).zip(&told) {
        assert!(
            document.contains(&format!("version=\"{version}\"")),
            "{document}"
        );
        assert!(
            document.contains(&format!("entity=\"{LINE}\"")),
            "{document}"
        );
        assert!(
            !document.contains("200"),
            "no word of who calls: {document}"
        );
    }

    office.command(Command::Quit).unwrap();
    let last = sent(&office).pop().unwrap();
    assert_eq!(last.headers.number("Expires"), Some(0));
    assert_eq!(last.headers.get("SIP-If-Match"), Some("tag-4"));
}

#[test]
fn a_server_that_knows_presence_alone_is_told_presence() {
    let mut office = office();
    answer(&mut office, 489);
    let first = sent(&office).pop().unwrap();
    assert_eq!(first.headers.get("Event"), Some("presence"));
    assert_eq!(first.headers.media_type(), Some("application/pidf+xml"));
    answer(&mut office, 200);
    assert_eq!(shown(&mut office), Some(PublishedView::Presence));
    let published = sent(&office).len();
    // That it rings is no news in presence.
    office.call_in();
    assert_eq!(sent(&office).len(), published);
    let call = office.call();
    office.command(Command::Answer(call)).unwrap();
    assert!(last_body(&office).contains("<rpid:on-the-phone/>"));
    answer(&mut office, 200);
    office.command(Command::DoNotDisturb(true)).unwrap();
    assert!(last_body(&office).contains("<basic>closed</basic>"));
}

#[test]
fn a_server_that_takes_nothing_is_left_alone_and_it_can_be_seen() {
    for (answers, status) in [(&[405][..], 405), (&[489, 489], 489)] {
        let mut office = office();
        for status in answers {
            answer(&mut office, *status);
        }
        assert_eq!(shown(&mut office), Some(PublishedView::Refused(status)));
        let published = sent(&office).len();
        office.call_in();
        office.ms(3_600_000);
        assert_eq!(sent(&office).len(), published);
        assert!(office.told("notice").is_empty());
    }
}
