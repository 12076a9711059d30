//! Ringbook as a library: the program's rooms, so that tests can walk through them.

pub mod i18n;
pub mod model;
pub mod profile;
pub mod settings;
