//! The window of Ringbook. The markup holds no logic; `ringbook::ui` fills it.

pub mod backend;
pub mod fonts;

pub use ringbook_markup::*;
pub use slint;
