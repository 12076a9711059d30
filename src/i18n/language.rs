//! The languages there are, and what is known of each besides its words.

use std::env;

/// A language the program speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// The language of the sources.
    #[default]
    English,
    /// Русский
    Russian,
    /// हिन्दी
    Hindi,
    /// नेपाली
    Nepali,
    /// Magyar
    Hungarian,
    /// العربية
    Arabic,
}

impl Language {
    /// Every language, in the order of a list to choose from.
    pub const ALL: [Self; 6] = [
        Self::English,
        Self::Russian,
        Self::Hindi,
        Self::Nepali,
        Self::Hungarian,
        Self::Arabic,
    ];

    /// Its ISO 639-1 code: what settings, locales and the folders of `ui/markup/lang` call it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
            Self::Hindi => "hi",
            Self::Nepali => "ne",
            Self::Hungarian => "hu",
            Self::Arabic => "ar",
        }
    }

    /// Its name in the language itself, so that everybody finds the own one.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Russian => "Русский",
            Self::Hindi => "हिन्दी",
            Self::Nepali => "नेपाली",
            Self::Hungarian => "Magyar",
            Self::Arabic => "العربية",
        }
    }

    /// Whether lines begin at the right, and the window is mirrored.
    pub const fn reads_from_the_right(self) -> bool {
        matches!(self, Self::Arabic)
    }

    /// The `Plural-Forms` header of its `.po` file; [`Language::plural_form`] is the same rule.
    pub const fn plural_forms(self) -> &'static str {
        match self {
            Self::English | Self::Nepali | Self::Hungarian => "nplurals=2; plural=(n != 1);",
            Self::Hindi => "nplurals=2; plural=(n > 1);",
            Self::Russian => {
                "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : \
                 n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);"
            }
            Self::Arabic => {
                "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : \
                 n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);"
            }
        }
    }

    /// Which plural form goes with a count (CLDR, Language Plural Rules, cardinal).
    pub const fn plural_form(self, count: u64) -> usize {
        match (self, count % 10, count % 100) {
            (Self::English | Self::Nepali | Self::Hungarian, _, _) => (count != 1) as usize,
            (Self::Hindi, _, _) => (count > 1) as usize,
            (Self::Russian, _, 11..=14) => 2,
            (Self::Russian, 1, _) => 0,
            (Self::Russian, 2..=4, _) => 1,
            (Self::Russian, _, _) => 2,
            (Self::Arabic, _, _) if count < 3 => count as usize,
            (Self::Arabic, _, 3..=10) => 3,
            (Self::Arabic, _, 11..) => 4,
            (Self::Arabic, _, _) => 5,
        }
    }

    /// The language of a locale's name, `ru_RU.UTF-8` or `hi-IN`, where the program speaks it.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let name = locale.split(['_', '-', '.', '@']).next()?;
        if matches!(name, "C" | "POSIX") {
            return Some(Self::English);
        }
        Self::ALL
            .into_iter()
            .find(|language| language.code().eq_ignore_ascii_case(name))
    }

    /// The language that the environment asks for: `LC_ALL`, `LC_MESSAGES`, `LANG`, the first that
    /// is set (POSIX, Base Definitions 8.2).
    pub fn of_environment() -> Self {
        Self::of_variables(|name| env::var(name).ok())
    }

    fn of_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(variable)
            .find(|locale| !locale.is_empty())
            .and_then(|locale| Self::of_locale(&locale))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{self, Arabic, English, Hindi, Hungarian, Nepali, Russian};

    #[test]
    fn every_language_stands_at_its_own_place() {
        for (place, language) in Language::ALL.into_iter().enumerate() {
            assert_eq!(language as usize, place);
            assert_eq!(Language::of_locale(language.code()), Some(language));
        }
    }

    #[test]
    fn a_locale_names_its_language() {
        assert_eq!(Language::of_locale("ru_KZ.UTF-8"), Some(Russian));
        assert_eq!(Language::of_locale("hi-IN"), Some(Hindi));
        assert_eq!(Language::of_locale("ne@latin"), Some(Nepali));
        assert_eq!(Language::of_locale("C.UTF-8"), Some(English));
        assert_eq!(Language::of_locale("fr_FR.UTF-8"), None);
        assert_eq!(Language::of_locale("arn_CL"), None);
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let with = |set: &[(&str, &str)]| {
            Language::of_variables(|name| {
                let found = set.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, locale)| (*locale).to_owned())
            })
        };
        assert_eq!(with(&[]), English);
        assert_eq!(with(&[("LANG", "hu_HU.UTF-8")]), Hungarian);
        let set = [("LC_ALL", ""), ("LC_MESSAGES", "ar"), ("LANG", "ru")];
        assert_eq!(with(&set), Arabic);
        assert_eq!(with(&[("LC_ALL", "C"), ("LANG", "ru_RU.UTF-8")]), English);
        assert_eq!(with(&[("LC_ALL", "fr_FR"), ("LANG", "ru")]), English);
    }

    #[test]
    fn counts_take_the_forms_of_their_language() {
        let forms = |language: Language, counts: &[u64]| -> Vec<usize> {
            let form = |&count: &u64| language.plural_form(count);
            counts.iter().map(form).collect()
        };
        let counts = [0, 1, 2, 5, 11, 12, 14, 21, 22, 25, 100, 101, 102, 103, 111];
        let russian = [2, 0, 1, 2, 2, 2, 2, 0, 1, 2, 2, 0, 1, 1, 2];
        assert_eq!(forms(Russian, &counts), russian);
        let arabic = [0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 5, 5, 5, 3, 4];
        assert_eq!(forms(Arabic, &counts), arabic);
        assert_eq!(forms(Hindi, &[0, 1, 2]), [0, 0, 1]);
        for language in [English, Nepali, Hungarian] {
            assert_eq!(forms(language, &[0, 1, 2]), [1, 0, 1]);
        }
    }
}
