//! Texts for people outside the window, in the user's language.

/// Marks a text for a person and translates it; `{name}` placeholders are filled from `name = value` pairs.
///
/// The window's texts use Slint's `@tr`; this is its counterpart for the command line and for
/// notices that the core produces. JSON of the automation contract is never translated.
#[macro_export]
macro_rules! tr {
    ($text:literal) => {
        $crate::i18n::translate($text, &[])
    };
    ($text:literal, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::i18n::translate($text, &[$((stringify!($name), &$value.to_string())),+])
    };
}

/// The translation of `text` with its placeholders filled; `text` itself where there is none.
pub fn translate(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = text.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("{{{name}}}"), value);
    }
    filled
}
