//! All tests of the window in one program: linking one for each file took longer than most of them run.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod audio;
mod call;
mod calls_table;
mod card;
mod clients;
mod flight;
mod importing;
mod keyboard;
mod languages;
mod office;
mod pictures;
mod player;
mod settings;
mod support;
mod theme;
mod toasts;
