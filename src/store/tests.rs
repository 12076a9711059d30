//! Tests of the store against real files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod analyses;
mod callers;
mod calls;
mod clients;
mod contacts;
mod costs;
mod files;
mod flights;
mod handle;
mod records;
mod reports;
mod tasks;
