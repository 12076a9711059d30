//! Ringbook as a library: the program's rooms, so that tests can walk through them.

pub mod api;
pub mod app;
pub mod audit;
pub mod automation;
pub mod bills;
pub mod check;
pub mod cli;
pub mod contacts;
pub mod control;
pub mod dav;
pub mod demo;
pub mod driver;
pub mod entries;
pub mod export;
pub mod flight;
pub mod headset;
pub mod hidraw;
pub mod http;
pub mod i18n;
pub mod import;
pub mod model;
pub mod notifications;
pub mod now;
pub mod phone;
pub mod presence;
pub(crate) mod printable;
pub mod profile;
pub mod report_pages;
pub mod reports;
pub mod secrets;
#[cfg(all(test, feature = "gui"))]
mod session_bus;
pub mod settings;
pub mod sources;
pub mod store;
pub(crate) mod table;
pub mod tariffs;
#[cfg(feature = "gui")]
pub mod ui;
pub mod vcard;
pub mod webhooks;
pub mod words;
