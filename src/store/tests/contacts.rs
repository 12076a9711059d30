//! What is the same here and on a CardDAV server.

use jiff::Timestamp;

use crate::dav::{Clash, Fetched, Href, Kept, Meeting, Pair};
use crate::model::{CategoryId, Client, ClientId};
use crate::store::{Change, Happening, Store, TimelineFilter};

const BOOK: &str = "anna https://dav.office.example/";

fn card(etag: &str) -> Fetched {
    Fetched {
        href: Href::new("/anna/book/1.vcf").unwrap(),
        etag: etag.to_owned(),
        card: format!("card {etag}"),
        modified: None,
    }
}

fn met(client: &Client, stamp: Option<Timestamp>, clashes: Vec<Clash>) -> Meeting {
    Meeting::Met {
        client: client.id,
        card: card("a"),
        stamp,
        save: Some(Box::new(client.clone())),
        clashes,
    }
}

fn keep(store: &mut Store, meeting: &Meeting) -> Kept {
    store.write(|w| w.keep_contact(BOOK, meeting)).unwrap()
}

fn pairs(store: &Store) -> Vec<Pair> {
    store.read(|r| r.contact_pairs(BOOK)).unwrap()
}

fn loaded(store: &Store, client: ClientId) -> Option<Client> {
    store.read(|r| r.find_client(client)).unwrap()
}

fn new_store() -> Store {
    let mut store = Store::in_memory().unwrap();
    let known = |w: &mut crate::store::Writer<'_>| w.save_contact_book(BOOK, "/anna/book/");
    store.write(known).unwrap();
    store
}

#[test]
fn a_contact_is_kept_with_its_card_and_goes_only_as_it_was_seen() {
    let mut store = new_store();
    let mut ivan = Client::named("Ivan", Timestamp::now());
    assert_eq!(keep(&mut store, &met(&ivan, None, Vec::new())), Kept::Done);
    let stamps = store.read(|r| r.client_stamps()).unwrap();
    let pair = pairs(&store).remove(0);
    assert_eq!((pair.client, stamps[&ivan.id]), (ivan.id, pair.stamp));
    let kept = store.read(|r| r.contact_card(BOOK, ivan.id)).unwrap();
    assert_eq!(kept.as_deref(), Some("card a"));

    // Somebody was faster: neither the client nor what is known of its card changes.
    let before = Some(Timestamp::UNIX_EPOCH);
    ivan.note = "Late".to_owned();
    assert_eq!(
        keep(&mut store, &met(&ivan, before, Vec::new())),
        Kept::Changed
    );
    assert_eq!(
        keep(&mut store, &met(&ivan, None, Vec::new())),
        Kept::Changed
    );
    assert_eq!(loaded(&store, ivan.id).unwrap().note, "");
    let stale = Pair {
        stamp: Timestamp::UNIX_EPOCH,
        ..pair.clone()
    };
    assert_eq!(keep(&mut store, &Meeting::DeleteHere(stale)), Kept::Changed);
    assert_eq!(pairs(&store), std::slice::from_ref(&pair));

    assert_eq!(keep(&mut store, &Meeting::DeleteHere(pair)), Kept::Done);
    assert_eq!((loaded(&store, ivan.id), pairs(&store)), (None, Vec::new()));
}

#[test]
fn one_contact_that_is_not_taken_keeps_no_other_from_being_kept() {
    let mut store = new_store();
    let mut strange = Client::named("Strange", Timestamp::now());
    strange.category = CategoryId::new("nobody knows it");
    let sound = Client::named("Sound", Timestamp::now());
    let kept = store.write(|w| {
        [&strange, &sound]
            .map(|client| w.keep_contact(BOOK, &met(client, None, Vec::new())))
            .into_iter()
            .collect::<crate::store::Result<Vec<_>>>()
    });
    let kept = kept.unwrap();
    assert!(
        matches!(&kept[0], Kept::Refused(why) if why.contains("nobody knows it")),
        "{kept:?}"
    );
    assert_eq!(kept[1], Kept::Done);
    assert_eq!(loaded(&store, strange.id), None);
    assert!(loaded(&store, sound.id).is_some());
}

#[test]
fn what_gave_way_is_in_the_timeline_once() {
    let mut store = new_store();
    let ivan = Client::named("Ivan", Timestamp::now());
    let clash = Clash {
        field: "note".to_owned(),
        kept: "B".to_owned(),
        lost: "A".to_owned(),
    };
    keep(&mut store, &met(&ivan, None, vec![clash.clone()]));
    store.write(|w| w.note_clashes(ivan.id, &[clash])).unwrap();
    let timeline = store
        .read(|r| r.timeline(ivan.id, TimelineFilter::All, 0, 10))
        .unwrap();
    let [entry] = &timeline[..] else {
        panic!("{timeline:?}");
    };
    let Happening::Change(change) = &entry.what else {
        panic!("{entry:?}");
    };
    assert_eq!(change.of, Change::CONFLICT);
    let texts = (&*change.field, &*change.before, &*change.after);
    assert_eq!(texts, ("note", "A", "B"));
}

#[test]
fn a_book_that_lies_elsewhere_is_another_book() {
    let mut store = new_store();
    let ivan = Client::named("Ivan", Timestamp::now());
    keep(&mut store, &met(&ivan, None, Vec::new()));
    store.write(|w| w.finish_contacts(BOOK, Some("7"))).unwrap();
    store
        .write(|w| w.save_contact_book(BOOK, "/anna/book/"))
        .unwrap();
    let book = |store: &Store| store.read(|r| r.contact_book(BOOK)).unwrap().unwrap();
    assert_eq!(
        (book(&store).token.as_deref(), pairs(&store).len()),
        (Some("7"), 1)
    );
    store
        .write(|w| w.save_contact_book(BOOK, "/anna/other/"))
        .unwrap();
    assert_eq!((book(&store).token, pairs(&store).len()), (None, 0));
    assert!(loaded(&store, ivan.id).is_some());
}
