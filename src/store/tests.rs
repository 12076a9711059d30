//! Tests of the store against real files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod analyses;
mod callers;
mod calls;
mod clients;
mod contacts;
mod files;
mod flights;
mod handle;
mod records;
mod reports;
mod reports_in_sql;
mod tasks;
