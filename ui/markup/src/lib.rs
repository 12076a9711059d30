//! What Slint makes of the markup: half a million lines that nobody reads.
//!
//! A crate of its own, so that lints pass over it, and that it stays as it is where the Rust beside it changes.

#[allow(missing_docs, clippy::all)]
mod markup {
    slint::include_modules!();
}
pub use markup::*;
