//! The file: schema, versions, damage, power cuts, backups.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

use crate::model::{Client, ClientKind, Seat};
use crate::store::{Store, StoreError};

fn one_client(path: &Path) {
    let mut store = Store::open(path).unwrap();
    store
        .write(|w| w.save_client(&Client::named("Ivan Petrov", Timestamp::now())))
        .unwrap();
}

fn clients(path: &Path) -> u64 {
    Store::open(path)
        .unwrap()
        .read(|r| r.count_clients())
        .unwrap()
}

/// The schema as SQLite holds it, statement after statement, without SQLite's and FTS5's own tables.
fn schema(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
             AND name NOT GLOB 'clients_search_*'
             ORDER BY rowid",
        )
        .unwrap();
    let rows = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    rows.map(|sql| sql.unwrap() + ";\n").collect()
}

/// The rows that a new store begins with, as statements.
fn rows(connection: &Connection) -> Vec<String> {
    let columns = "id, name, colour, icon, rank, deleted_at";
    let values = columns.replace(", ", ") || ', ' || quote(");
    let mut statement = connection
        .prepare(&format!(
            "SELECT quote({values}) FROM categories ORDER BY rank"
        ))
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(|values: rusqlite::Result<String>| {
        format!(
            "INSERT INTO categories ({columns}) VALUES ({});\n",
            values.unwrap()
        )
    })
    .collect()
}

#[test]
fn an_empty_store_is_made_as_the_migrations_make_it() {
    let stepped = crate::store::open::step_by_step().unwrap();
    let version = crate::store::open::version(&stepped).unwrap();
    let made = format!(
        "-- The client store, ringbook.db, as the migrations up to {version:04} make it; an empty one \
         is made of\n-- this file. A test compares the two; RINGBOOK_BLESS=1 writes this one anew.\n\n\
         PRAGMA application_id = 0x52494e47; -- 'RING'\n\n{}\n{}",
        schema(&stepped).join("\n"),
        rows(&stepped).concat()
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SCHEMA.sql");
    if std::env::var_os("RINGBOOK_BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        made,
        "docs/SCHEMA.sql is out of date"
    );

    let whole = crate::store::open::in_memory().unwrap();
    assert_eq!(schema(&whole), schema(&stepped));
    assert_eq!(everything(&whole), everything(&stepped));
}

/// Every table with every row, and what the file says of itself.
fn everything(connection: &Connection) -> Vec<String> {
    let strings = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    };
    let mut all = Vec::new();
    for table in strings("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
        let columns = strings(&format!(
            "SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')"
        ));
        let values = columns.join(" || ', ' || ");
        let rows = strings(&format!("SELECT {values} FROM \"{table}\" ORDER BY 1"));
        all.push(format!("{table}: {rows:?}"));
    }
    for pragma in ["application_id", "user_version"] {
        all.extend(strings(&format!(
            "SELECT '{pragma} ' || {pragma} FROM pragma_{pragma}"
        )));
    }
    all
}

#[test]
fn a_new_file_is_made_with_wal_full_sync_and_foreign_keys() {
    let dir = tempfile::tempdir().unwrap();
    let connection =
        crate::store::open::writer(&dir.path().join("a.db"), std::time::Duration::ZERO).unwrap();
    let pragma = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
            .unwrap()
    };
    assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
    assert_eq!(pragma("synchronous"), 2.into());
    assert_eq!(pragma("foreign_keys"), 1.into());
}

#[test]
fn what_was_written_is_there_when_the_file_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    one_client(&path);
    assert_eq!(clients(&path), 1);
}

#[test]
fn a_newer_schema_is_refused_with_a_message_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    one_client(&path);
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    let before = fs::read(&path).unwrap();

    let error = Store::open(&path).err().unwrap();
    assert!(
        matches!(error, StoreError::NewerSchema { found: 99, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("update Ringbook"), "{error}");
    assert!(crate::store::StoreHandle::open(&path).is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_an_error_for_the_tools_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    fs::write(&path, "this is my diary, please keep it ".repeat(200)).unwrap();
    let error = Store::open(&path).err().unwrap();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(fs::read(&path).unwrap().starts_with(b"this is my diary"));
}

#[test]
fn a_database_of_another_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE clients (id); PRAGMA user_version = 1;")
        .unwrap();
    drop(other);
    assert!(matches!(
        Store::open(&path),
        Err(StoreError::Foreign { .. })
    ));
}

#[test]
fn a_migration_that_fails_leaves_the_file_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    // A table in the way makes the first step fail near its end.
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE recordings (mine)")
        .unwrap();
    drop(other);
    assert!(matches!(
        Store::open(&path),
        Err(StoreError::Migration { .. })
    ));
    let other = Connection::open(&path).unwrap();
    let tables: i64 = other
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

/// A store as the program made it before the client record grew: after migration 0003.
fn store_of_migration_3(path: &Path) {
    let old = Connection::open(path).unwrap();
    for step in [
        include_str!("../../../migrations/client/0001_office.sql"),
        include_str!("../../../migrations/client/0002_flights.sql"),
        include_str!("../../../migrations/client/0003_diverted_by.sql"),
    ] {
        old.execute_batch(step).unwrap();
    }
    old.execute_batch(
        "PRAGMA user_version = 3;
         INSERT INTO employees VALUES (x'00000000000000000000000000000010', 'Anna', '101', 1, 1, NULL);
         INSERT INTO clients (row, id, name, company, category, note, greeting, city, country,
             language, email, created_at, updated_at, name_key)
         VALUES (1, x'00000000000000000000000000000001', 'Ivan Petrov', 'Steppe', 'vip',
             'Speak slowly', 'Hi', 'Almaty', 'KZ', 'ru', 'ivan@a.example', 5, 6, 'ivan petrov'),
             (2, x'00000000000000000000000000000002', '', 'Duna Kft.', 'ordinary', '', NULL, '',
             '', '', '', 5, 6, '');
         INSERT INTO client_texts VALUES (1, 'ivan petrov
steppe
ivan@a.example
+77011112233');
         INSERT INTO client_numbers VALUES
             ('+77011112233', x'00000000000000000000000000000001', 'mobile', 0, NULL);
         INSERT INTO client_custom VALUES
             (x'00000000000000000000000000000001', 'Contract', '17', 0, NULL),
             (x'00000000000000000000000000000001', 'Tags', 'mine', 1, NULL),
             (x'00000000000000000000000000000001', 'Email2', 'b@a.example', 2, NULL);
         INSERT INTO orders VALUES (x'00000000000000000000000000000003',
             x'00000000000000000000000000000001', '1001', 'Cutting',
             x'00000000000000000000000000000010', '2026-11-20', 1250000, 'KZT', 0, 5, 6, NULL);",
    )
    .unwrap();
}

#[test]
fn a_store_of_an_older_program_comes_along_without_loss() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ringbook.db");
    store_of_migration_3(&path);
    let mut store = Store::open(&path).unwrap();
    let mut everybody = Vec::new();
    store
        .read(|r| {
            r.each_client(|client| {
                everybody.push(client);
                Ok::<(), StoreError>(())
            })
        })
        .unwrap();
    let [duna, ivan] = &everybody[..] else {
        panic!("{everybody:?}");
    };
    assert_eq!(
        (&*duna.company, duna.kind),
        ("Duna Kft.", ClientKind::Company)
    );
    assert!(duna.emails.is_empty() && duna.addresses.is_empty());
    assert_eq!(
        (&*ivan.name, ivan.kind),
        ("Ivan Petrov", ClientKind::Person)
    );
    assert_eq!(
        (ivan.email(), ivan.city(), ivan.country()),
        ("ivan@a.example", "Almaty", "KZ")
    );
    assert_eq!((&*ivan.note, ivan.note_until), ("Speak slowly", None));
    assert_eq!(ivan.phones[0].label, "mobile");
    let custom: Vec<&str> = ivan.custom.iter().map(|(name, _)| &**name).collect();
    assert_eq!(custom, ["Contract", "Tags (own)", "Email2 (own)"]);
    let orders = store.read(|r| r.open_orders(ivan.id)).unwrap();
    assert_eq!(
        (&*orders[0].number, orders[0].amount.clone()),
        ("1001", None)
    );
    assert_eq!(orders[0].debt.clone().unwrap().plain(), "12500 KZT");
    for text in ["ivan@a", "speak", "slowly"] {
        let found = store.read(|r| r.find_clients(text, 5)).unwrap();
        assert_eq!((found.len(), &*found[0].city), (1, "Almaty"), "{text}");
    }
    assert!(store.read(|r| r.find_category("active")).unwrap().is_some());

    // And it is saved as it came.
    let (ivan, before) = (ivan.clone(), ivan.updated_at);
    store.write(|w| w.save_client(&ivan)).unwrap();
    let saved = store.read(|r| r.load_client(ivan.id)).unwrap();
    assert!(saved.updated_at > before);
    assert_eq!(
        Client {
            updated_at: before,
            ..saved
        },
        ivan
    );
}

#[test]
fn a_transaction_that_fails_half_way_leaves_nothing() {
    let mut store = Store::in_memory().unwrap();
    let result: Result<(), StoreError> = store.write(|w| {
        w.save_client(&Client::named("Ivan", Timestamp::now()))?;
        Err(StoreError::Overloaded)
    });
    assert!(result.is_err());
    assert_eq!(store.read(|r| r.count_clients()).unwrap(), 0);
}

#[test]
fn a_backup_is_complete_while_a_writer_writes_and_restores() {
    let dir = tempfile::tempdir().unwrap();
    let (path, backup) = (dir.path().join("ringbook.db"), dir.path().join("backup.db"));
    let mut store = Store::open(&path).unwrap();
    store.write(|w| w.add_bulk_clients(0, 500)).unwrap();
    let writing = std::thread::spawn({
        let path = path.clone();
        move || {
            let mut other = Store::open(&path).unwrap();
            for n in 0..20 {
                other
                    .write(|w| w.add_bulk_clients(1000 + n * 10, 10))
                    .unwrap();
            }
        }
    });
    store.backup_to(&backup).unwrap();
    writing.join().unwrap();
    drop(store);
    let copied = clients(&backup);
    assert!(
        (500..=700).contains(&copied) && copied.is_multiple_of(10),
        "{copied}"
    );

    let aside = Store::restore(&backup, &path, &Seat::FREE, Timestamp::now())
        .unwrap()
        .unwrap();
    assert_eq!(clients(&path), copied);
    assert_eq!(clients(&aside), 700, "what was there is kept aside");
}

#[test]
fn a_damaged_backup_is_refused_and_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let (path, backup) = (dir.path().join("ringbook.db"), dir.path().join("backup.db"));
    one_client(&path);
    Store::open(&path).unwrap().backup_to(&backup).unwrap();
    let mut bytes = fs::read(&backup).unwrap();
    bytes[8192..16384].fill(0xa5);
    fs::write(&backup, bytes).unwrap();
    let error = Store::restore(&backup, &path, &Seat::FREE, Timestamp::now()).unwrap_err();
    assert!(error.is_corruption(), "{error:?}");
    assert!(
        Store::restore(
            &dir.path().join("absent.db"),
            &path,
            &Seat::FREE,
            Timestamp::now()
        )
        .is_err()
    );
    assert_eq!(clients(&path), 1);
}

#[test]
fn programs_that_meet_at_a_new_file_all_open_it() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ringbook.db");
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            let open = || {
                start.wait();
                Store::open(&path).map(drop)
            };
            let openers: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            for opener in openers {
                opener.join().unwrap().unwrap();
            }
        });
    }
}
