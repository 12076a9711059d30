//! Every Slint file of Ringbook, compiled. The markup holds no logic; `ringbook::ui` fills it.

// Clippy leaves a pass out where all of its lints are allowed in the whole crate. What Slint generates takes it ten minutes
// otherwise.
#![allow(clippy::all)]

pub mod backend;
pub mod fonts;

pub use slint;

#[allow(missing_docs)]
mod markup {
    slint::include_modules!();
}
pub use markup::*;
