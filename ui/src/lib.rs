//! Every Slint file of Ringbook, compiled. The markup holds no logic; `ringbook::ui` fills it.

pub mod backend;
pub mod fonts;

pub use slint;

#[allow(missing_docs, clippy::all)]
mod markup {
    slint::include_modules!();
}
pub use markup::*;
