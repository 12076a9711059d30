//! Who calls: found by number, learned from the log, entered by the program.

use std::time::Instant;

use jiff::Timestamp;

use super::WHO;
use crate::model::{CallId, CallRecord, Client, Direction, PhoneNumber};
use crate::store::{CallerQuery, Store, StoreError, sample};

fn number(e164: &str) -> PhoneNumber {
    PhoneNumber::from_e164(e164).unwrap()
}

fn client(name: &str) -> Client {
    Client::named(name, Timestamp::from_second(1_700_000_000).unwrap())
}

#[test]
fn a_number_of_several_clients_finds_whom_people_talked_with_last_and_the_others() {
    let mut store = Store::in_memory().unwrap();
    let shared = number("+77011112233");
    let family = ["Husband", "Wife", "Son"].map(|name| client(name).with_phone(shared));
    for client in &family {
        store.write(|w| w.save_client(client)).unwrap();
    }
    let order = |store: &Store| -> Vec<String> {
        let found = store.read(|r| r.find_caller(Some(shared), "", None));
        let found = found.unwrap().unwrap();
        let names = found.others.into_iter().map(|other| other.name);
        Vec::from_iter(
            found
                .client
                .map(|client| client.name)
                .into_iter()
                .chain(names),
        )
    };
    assert_eq!(
        order(&store),
        ["Son", "Wife", "Husband"],
        "the last changed"
    );
    let call = |store: &mut Store, of: &Client, minute: i64, answered: bool| {
        let begun = Timestamp::from_second(minute * 60).unwrap();
        let mut call = CallRecord::begin(CallId::new(), Direction::Outgoing, begun);
        (call.number, call.client) = (Some(shared), Some(of.id));
        call.answered_at = answered.then_some(begun);
        store.write(|w| w.save_call(&call)).unwrap();
        call.call
    };
    call(&mut store, &family[0], 1, true);
    assert_eq!(order(&store), ["Husband", "Son", "Wife"]);
    let nobody_talked = call(&mut store, &family[1], 2, false);
    assert_eq!(order(&store), ["Husband", "Son", "Wife"]);
    store
        .write(|w| w.link_call(nobody_talked, family[2].id))
        .unwrap();
    assert_eq!(
        order(&store),
        ["Son", "Husband", "Wife"],
        "named by a person"
    );
    let all = store.read(|r| r.clients_with_number(shared)).unwrap();
    assert_eq!(all, [2, 0, 1].map(|at: usize| family[at].id));
    store
        .write(|w| w.merge_clients(WHO, family[1].id, family[2].id))
        .unwrap();
    assert_eq!(
        order(&store),
        ["Wife", "Husband"],
        "with all that was the other's"
    );
}

#[test]
fn s5_25_a_draft_stays_one_until_it_is_saved_with_a_name_and_is_in_no_export() {
    let mut store = Store::in_memory().unwrap();
    let asked = CallerQuery {
        number: Some(number("+77011112233")),
        text: "87011112233".to_owned(),
        extension: None,
        at: Timestamp::now(),
        client: None,
    };
    for _ in 0..2 {
        store.write(|w| w.register_caller(&asked, " ")).unwrap();
    }
    let exported = |store: &Store| {
        let mut count = 0;
        let each = |_| {
            count += 1;
            Ok::<(), StoreError>(())
        };
        store.read(|r| r.each_client(each)).unwrap();
        count
    };
    let found = store.read(|r| r.find_clients("7011112233", 10)).unwrap();
    let [draft] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!((draft.draft, &*draft.name), (true, "+7 701 111 2233"));
    let mut client = store.read(|r| r.load_client(draft.id)).unwrap();
    client.note = "Asks for a price".to_owned();
    store.write(|w| w.save_client(&client)).unwrap();
    client = store.read(|r| r.load_client(draft.id)).unwrap();
    assert_eq!((client.draft, exported(&store)), (true, 0));
    client.name = "Dana".to_owned();
    store.write(|w| w.save_client(&client)).unwrap();
    client = store.read(|r| r.load_client(draft.id)).unwrap();
    assert_eq!((client.draft, exported(&store)), (false, 1));
}

#[test]
fn s1_2_the_look_up_reads_indexes_only() {
    let mut store = Store::in_memory().unwrap();
    store.write(|w| w.add_bulk_clients(0, 1000)).unwrap();
    let plans = crate::store::lookup::plans(&store.connection).unwrap();
    assert!(
        plans
            .iter()
            .any(|step| step.contains("SEARCH n USING PRIMARY KEY (e164=?)")),
        "{plans:?}"
    );
    let talks = "SEARCH k USING INDEX calls_by_talk (number=? AND client=?)";
    assert!(plans.iter().any(|step| step == talks), "{plans:?}");
    assert!(plans.iter().all(|step| !step.contains("SCAN")), "{plans:?}");

    let asked = Instant::now();
    for n in 0..1000 {
        let found = store
            .read(|r| r.find_caller(sample::bulk_number(n), "", Some("101")))
            .unwrap();
        assert_eq!(found.unwrap().client.unwrap().name, sample::bulk_name(n));
    }
    eprintln!(
        "look-up of one caller of 1 000, warm: {:?}",
        asked.elapsed() / 1000
    );
}
