//! Tests of the store against real files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod analyses;
mod audit;
mod call_lists;
mod call_marks;
mod callers;
mod calls;
mod clients;
mod contacts;
mod costs;
mod files;
mod flights;
mod handle;
mod outbox;
mod records;
mod reports;
mod reports_in_sql;
mod roles;
mod tasks;

/// Who does what the audit writes down.
const WHO: &str = "101 Anna";

/// Makes the file one of before migration 0015, with the rows that it has.
fn take_back_call_lists(store: &super::Store) {
    let back = "
        DROP TRIGGER calls_kind_new; DROP TRIGGER calls_kind_changed; DROP INDEX calls_by_report;
        ALTER TABLE calls DROP COLUMN kind; DROP TABLE call_kinds;
        DROP TABLE call_legs; DROP TABLE call_views; DROP TABLE call_looks;
        ALTER TABLE calls DROP COLUMN origin;
        ALTER TABLE calls DROP COLUMN alike;
        CREATE INDEX calls_by_answer ON calls (started_at);
        DROP TABLE outbox;
        DROP TABLE audit;
        DROP TABLE call_tags; DROP INDEX calls_with_note; ALTER TABLE calls DROP COLUMN note;
        DROP TRIGGER calls_new; DROP TRIGGER calls_given; DROP TRIGGER clients_renamed;
        DROP TRIGGER recordings_new; DROP TRIGGER recordings_missed;
        ALTER TABLE recordings DROP COLUMN missing;
        DROP INDEX calls_by_time; CREATE INDEX calls_by_time ON calls (started_at);
        ALTER TABLE calls DROP COLUMN category_then; ALTER TABLE calls DROP COLUMN category_now;
        ALTER TABLE calls DROP COLUMN name_key; ALTER TABLE calls DROP COLUMN recorded;
        ALTER TABLE calls DROP COLUMN too_long;
        PRAGMA user_version = 14;";
    store.connection.execute_batch(back).unwrap();
}
