//! The `.po` files, read when their language is first spoken.

use std::sync::OnceLock;

use polib::catalog::Catalog;
use polib::po_file::{POParseOptions, parse_from_reader_with_option};

use super::Language;

impl Language {
    /// The text in this language, where there is a translation.
    pub(super) fn translated(self, context: &str, text: &str) -> Option<&'static str> {
        let context = (!context.is_empty()).then_some(context);
        let message = self.catalogue()?.find_message(context, text, None)?;
        message.msgstr().ok()
    }

    /// A text that stands on one line, found without reading the rest of the file: a language that
    /// only clients speak costs no memory.
    pub(super) fn glimpsed(self, text: &str) -> Option<&'static str> {
        let entry = format!("msgid \"{text}\"\nmsgstr \"");
        let (_, behind) = self.po_file()?.split_once(entry.as_str())?;
        let (found, _) = behind.split_once("\"\n")?;
        (!found.is_empty()).then_some(found)
    }

    /// The form for this count in this language, where there is a translation.
    pub(super) fn translated_count(
        self,
        one: &str,
        many: &str,
        count: u64,
    ) -> Option<&'static str> {
        let message = self.catalogue()?.find_message(None, one, Some(many))?;
        let forms = message.msgstr_plural().ok()?;
        forms.get(self.plural_form(count)).map(String::as_str)
    }

    fn catalogue(self) -> Option<&'static Catalog> {
        static READ: [OnceLock<Option<Catalog>>; Language::ALL.len()] =
            [const { OnceLock::new() }; Language::ALL.len()];
        let text = self.po_file()?;
        READ.get(self as usize)?
            .get_or_init(|| read(self, text))
            .as_ref()
    }

    const fn po_file(self) -> Option<&'static str> {
        macro_rules! po {
            ($code:literal) => {
                Some(include_str!(concat!(
                    "../../ui/markup/lang/",
                    $code,
                    "/LC_MESSAGES/ringbook-markup.po"
                )))
            };
        }
        match self {
            Self::English => None,
            Self::Russian => po!("ru"),
            Self::Hindi => po!("hi"),
            Self::Nepali => po!("ne"),
            Self::Hungarian => po!("hu"),
            Self::Arabic => po!("ar"),
        }
    }
}

fn read(language: Language, text: &str) -> Option<Catalog> {
    let options = POParseOptions {
        message_body_only: true,
        translated_only: true,
        unsafe_utf8_decode: false,
    };
    parse_from_reader_with_option(text.as_bytes(), &options)
        .inspect_err(|error| tracing::error!("{}.po: {error}", language.code()))
        .ok()
}
