//! The product's languages: texts outside the window, and which language everything speaks.
//!
//! `ui/markup/lang/<language>/LC_MESSAGES/ringbook-markup.po` holds every translation once: Slint compiles
//! the files into the window, [`tr!`] and [`trn!`] read them here. Nothing is read while the
//! language is English, the language of the sources.

mod catalogue;
mod countries;
mod language;

use std::sync::atomic::{AtomicUsize, Ordering};

pub use countries::country_name;
pub use language::Language;

/// Marks a text for a person and translates it; `{name}` placeholders are filled from `name = value` pairs.
///
/// A word that one language says differently in different places has a context before it:
/// `tr!("verb" => "Record")`.
///
/// The window's texts use Slint's `@tr`; this is its counterpart for the command line and for
/// notices that the core produces. JSON of the automation contract is never translated.
#[macro_export]
macro_rules! tr {
    ($context:literal => $text:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::i18n::translate($context, $text, &[$((stringify!($name), &$value.to_string())),*])
    };
    ($text:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::i18n::translate("", $text, &[$((stringify!($name), &$value.to_string())),*])
    };
}

/// As [`tr!`], in the language given instead of the current one, and with its placeholders left as
/// they are: `tr_in!("Hello, {first_name}!", language)`.
#[macro_export]
macro_rules! tr_in {
    ($text:literal, $language:expr) => {
        $crate::i18n::translate_into($language, $text)
    };
}

/// As [`tr!`], for a text with a count in it: `trn!("{n} call", "{n} calls", n = count)`.
///
/// The first text is for one, the second for any other number; other languages have up to six.
#[macro_export]
macro_rules! trn {
    ($one:literal, $many:literal, n = $count:expr $(, $name:ident = $value:expr)* $(,)?) => {{
        let count = $count as u64;
        $crate::i18n::translate_count($one, $many, count, &[("n", &count.to_string()) $(, (stringify!($name), &$value.to_string()))*])
    }};
}

/// The place of the current language in [`Language::ALL`].
static CURRENT: AtomicUsize = AtomicUsize::new(0);

/// From now on every text is in this language.
pub fn set_language(language: Language) {
    CURRENT.store(language as usize, Ordering::Relaxed);
}

/// The language that texts are in.
pub fn language() -> Language {
    let current = CURRENT.load(Ordering::Relaxed);
    Language::ALL.get(current).copied().unwrap_or_default()
}

/// What [`tr!`] calls: the text in the current language, its placeholders filled.
pub fn translate(context: &str, text: &str, values: &[(&str, &str)]) -> String {
    let language = language();
    let text = language.translated(context, text).unwrap_or(text);
    fill(text, values, language.reads_from_the_right())
}

/// What [`tr_in!`] calls: the text, a short one without quotes, in this language.
pub fn translate_into(language: Language, text: &str) -> String {
    language.glimpsed(text).unwrap_or(text).to_owned()
}

/// What [`trn!`] calls: the form for this count in the current language, its placeholders filled.
pub fn translate_count(one: &str, many: &str, count: u64, values: &[(&str, &str)]) -> String {
    let language = language();
    let text = language.translated_count(one, many, count);
    let text = text.unwrap_or(if count == 1 { one } else { many });
    fill(text, values, language.reads_from_the_right())
}

/// First strong isolate and pop directional isolate (UAX #9 2.4).
const ISOLATE: (char, char) = ('\u{2068}', '\u{2069}');

/// `text` with each `{name}` replaced by its value; what a value holds is never looked into.
/// A value is `isolated` where it would turn around in a line from the right, as the groups of a
/// phone number would.
fn fill(text: &str, values: &[(&str, &str)], isolated: bool) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let found = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, after))
        });
        rest = match found {
            Some((value, after)) => {
                if isolated {
                    filled.push(ISOLATE.0);
                }
                filled.push_str(value);
                if isolated {
                    filled.push(ISOLATE.1);
                }
                after
            }
            None => {
                filled.push('{');
                after
            }
        };
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    fn fill(text: &str, values: &[(&str, &str)]) -> String {
        super::fill(text, values, false)
    }

    #[test]
    fn placeholders_are_filled_in_any_order_and_values_are_taken_as_they_are() {
        let values = [("a", "{b}"), ("b", "2")];
        assert_eq!(fill("{b} before {a}", &values), "2 before {b}");
        assert_eq!(fill("{a}{a}", &values), "{b}{b}");
    }

    #[test]
    fn s1_21_a_greeting_is_found_in_every_language() {
        for language in super::Language::ALL {
            let greeting = crate::tr_in!("Hello, {first_name}!", language);
            let translated = language.translated("", "Hello, {first_name}!");
            assert_eq!(translated.unwrap_or("Hello, {first_name}!"), greeting);
            let is_english = language == super::Language::English;
            assert_eq!(translated.is_none(), is_english, "{language:?}");
        }
    }

    #[test]
    fn braces_that_name_no_value_stay() {
        let values = [("a", "1")];
        assert_eq!(fill("{c} { {a} }{", &values), "{c} { 1 }{");
        assert_eq!(fill("nothing", &values), "nothing");
        assert_eq!(fill("", &values), "");
    }

    #[test]
    fn values_in_a_line_from_the_right_keep_their_own_order() {
        let filled = super::fill("اتصال بـ {number}", &[("number", "+7 701")], true);
        assert_eq!(filled, "اتصال بـ \u{2068}+7 701\u{2069}");
    }
}
