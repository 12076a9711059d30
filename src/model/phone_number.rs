//! Phone numbers: E.164 inside, the reader's way outside; and what is dialled but is no phone number.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most characters a phone number is typed with: 15 digits, separators and an extension.
const MAX_TYPED: usize = 64;
/// ITU-T E.164 §6: an international number has at most 15 digits.
const MAX_DIGITS: usize = 15;
/// Words that introduce an extension after a number, as `libphonenumber` reads them.
const EXTENSION_WORDS: &[&str] = &["ext", "extn", "extension", "x", "доб", "вн", "int", "anexo"];

/// A phone number of the world, E.164: up to 15 digits, the first never 0. Without an extension.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(u64);

/// Why a text is no phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a phone number{}; allowed are international numbers such as +77011112233{}",
    .country.map(|c| format!(" in {c}")).unwrap_or_default(),
    if .country.is_some() { " and the country's own" } else { "" })]
pub struct PhoneNumberError {
    /// What was given, shortened to 64 characters.
    pub text: String,
    /// The country whose numbers were allowed beside international ones.
    pub country: Option<Country>,
}

impl PhoneNumber {
    /// Reads a number as people type it: international, with `00`, or as it is dialled inside
    /// `country`; with spaces, brackets, an extension, `tel:`, in the digits of any script.
    ///
    /// A number counts when it has a length that its country uses; whether the exchange has given
    /// it to somebody is not asked, because numbering plans change faster than programs.
    /// Internal numbers (`101`), emergency numbers and SIP users (`bob`) are no phone numbers.
    pub fn parse(text: &str, country: Option<Country>) -> Result<Self, PhoneNumberError> {
        let error = || PhoneNumberError {
            text: text.chars().take(MAX_TYPED).collect(),
            country,
        };
        let typed = visible(text).ok_or_else(error)?;
        if !looks_dialled(&typed) {
            return Err(error());
        }
        let possible = |text: &str, region| {
            let number = rlibphonenumber::PhoneNumber::parse(text, region).ok()?;
            match number.is_possible_with_reason() {
                Ok(NumberLengthType::IsPossible) => Some(number),
                _ => None,
            }
        };
        let region = country.map(|c| c.0);
        possible(&typed, region)
            .or_else(|| {
                // The prefix 00 (ITU-T E.164 annex) is not every country's own, but gateways send it.
                let rest = typed.strip_prefix("00")?;
                possible(&format!("+{rest}"), None)
            })
            .or_else(|| {
                // Trunks often leave the plus away; believed only where the number is a real one.
                (!typed.starts_with(['+', '\u{ff0b}', '0']))
                    .then(|| possible(&format!("+{typed}"), None))
                    .flatten()
                    .filter(rlibphonenumber::PhoneNumber::is_valid)
            })
            .and_then(|number| Self::from_e164(&number.format_as(PhoneNumberFormat::E164)))
            .ok_or_else(error)
    }

    /// The number that `+77011112233` is, exactly so written; none where it is anything else.
    pub fn from_e164(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let fits = (2..=MAX_DIGITS).contains(&digits.len()) && !digits.starts_with('0');
        (fits && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse().ok().map(Self))
            .flatten()
    }

    /// `+77011112233`.
    pub fn e164(&self) -> String {
        format!("+{}", self.0)
    }

    /// `+7 701 111 2233`: grouped as its country groups it.
    pub fn international(&self) -> String {
        self.formatted(PhoneNumberFormat::International)
    }

    /// As people inside its own country write it: `8 (701) 111 2233`.
    pub fn national(&self) -> String {
        self.formatted(PhoneNumberFormat::National)
    }

    /// The country it belongs to, where the numbering plan tells.
    pub fn country(&self) -> Option<Country> {
        let number = rlibphonenumber::PhoneNumber::parse(self.e164(), None).ok()?;
        number.get_region_code().map(Country)
    }

    fn formatted(&self, format: PhoneNumberFormat) -> String {
        let e164 = self.e164();
        match PHONE_NUMBER_UTIL.parse(&e164, None) {
            Ok(number) => PHONE_NUMBER_UTIL.format(&number, format).into_owned(),
            Err(_) => e164,
        }
    }
}

/// `text` without what copying brings along unseen (spaces around, bidi marks, zero-width marks)
/// and without `tel:`; none where it is empty or too long.
fn visible(text: &str) -> Option<String> {
    let unseen = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    if text.len() > MAX_TYPED * 4 {
        return None;
    }
    let seen: String = text.chars().filter(|&c| !unseen(c)).collect();
    let seen = seen.trim();
    let seen = match seen.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &seen[4..],
        _ => seen,
    };
    (!seen.is_empty() && seen.chars().count() <= MAX_TYPED).then(|| seen.to_owned())
}

/// Whether `text` is digits and separators, with letters at most in an extension at its end.
/// `libphonenumber` alone would find a number inside `agent7011112233` and read letters as keys.
fn looks_dialled(text: &str) -> bool {
    let starts_well =
        text.starts_with(|c: char| c.is_numeric() || "+\u{ff0b}(\u{ff08}[".contains(c));
    let Some(letters_from) = text.find(|c: char| c.is_alphabetic()) else {
        return starts_well && !text.contains(['@', '*', '_', ':']);
    };
    let (head, tail) = text.split_at(letters_from);
    let word: String = tail.chars().take_while(|c| c.is_alphabetic()).collect();
    let after = tail[word.len()..].trim_start_matches(['.', ':', '=', ' ', '#', '\u{a0}']);
    starts_well
        && head.chars().filter(|c| c.is_numeric()).count() >= 3
        && EXTENSION_WORDS.contains(&word.to_lowercase().as_str())
        && !after.is_empty()
        && after.chars().all(char::is_numeric)
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.e164())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber(+{})", self.0)
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_e164(&text).ok_or_else(|| {
            serde::de::Error::custom(format_args!(
                "{text:?} is not an E.164 number such as +77011112233"
            ))
        })
    }
}

/// The countries that have a numbering plan. A list of our own, because reading the plans takes
/// milliseconds and megabytes, and a phone that only waits for calls needs none of them.
const COUNTRIES: &str = "\
    AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI \
    BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO \
    CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM \
    FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT \
    HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW \
    KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN \
    MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ \
    OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD \
    SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK \
    TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK \
    YE YT ZA ZM ZW";

/// A country with a numbering plan: ISO 3166 alpha-2.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country(Region);

/// A text that is no country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a country; allowed are ISO 3166 codes of two letters such as KZ, HU, IN")]
pub struct CountryError {
    /// What was given, shortened to 64 characters.
    pub text: String,
}

impl Country {
    /// The two capital letters.
    pub fn code(&self) -> String {
        self.0.as_region_str().as_str().to_owned()
    }

    /// The country of a locale's name, `hu_HU.UTF-8` or `ru-KZ`, where it names one.
    pub fn from_locale(locale: &str) -> Option<Self> {
        let name = locale.split(['.', '@']).next()?;
        name.split(['_', '-'])
            .skip(1)
            .find(|part| part.len() == 2)?
            .parse()
            .ok()
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        let code = text.trim().to_ascii_uppercase();
        let error = || CountryError {
            text: text.chars().take(64).collect(),
        };
        if !COUNTRIES.split(' ').any(|known| known == code) {
            return Err(error());
        }
        Region::from_code(&code).map(Self).map_err(|_| error())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.code())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Whoever is at the other end, as dialled or as the network gave it: a phone number,
/// an internal number, or a SIP user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The text, trimmed.
    pub text: String,
    /// The phone number it is, where it is one.
    pub number: Option<PhoneNumber>,
}

impl Party {
    /// Reads `text` as a number where it is one and keeps it as it is where not.
    pub fn parse(text: &str, country: Option<Country>) -> Self {
        let number = PhoneNumber::parse(text, country).ok();
        Self {
            text: text.trim().to_owned(),
            number,
        }
    }

    /// The internal number it may be: up to six digits (or `*` and `#` codes) that are no phone number.
    pub fn extension(&self) -> Option<&str> {
        let short = (1..=6).contains(&self.text.len());
        let dialled = self
            .text
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'*' || b == b'#');
        (self.number.is_none() && short && dialled).then_some(&*self.text)
    }

    /// What the call log keeps: E.164, or the text where it is no phone number.
    pub fn logged(&self) -> String {
        self.number
            .map_or_else(|| self.text.clone(), |number| number.e164())
    }

    /// What people read: the number grouped, or the text.
    pub fn shown(&self) -> String {
        self.number
            .map_or_else(|| self.text.clone(), |number| number.international())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn country(code: &str) -> Option<Country> {
        Some(code.parse().unwrap())
    }

    fn e164(text: &str, code: &str) -> Option<String> {
        PhoneNumber::parse(text, country(code))
            .ok()
            .map(|number| number.e164())
    }

    #[test]
    fn s1_2_a_number_is_the_same_however_it_is_written() {
        for text in [
            "+77011112233",
            "+7 701 111 22 33",
            "8 701 111 22 33",
            "87011112233",
            "8 (701) 111-22-33",
            "77011112233",
            "7011112233",
            "0077011112233",
            "8107 701 111 22 33",
            "tel:+7-701-111-22-33",
            "TEL:+77011112233",
            "+7 701 111 22 33 ext. 12",
            "+7 701 111 22 33 доб. 12",
            "+77011112233;ext=12",
            "\u{202a}+7\u{a0}701\u{a0}111\u{a0}22\u{a0}33\u{202c}",
            "+٧٧٠١١١١٢٢٣٣",
            "+۷۷۰۱۱۱۱۲۲۳۳",
            "+७७०११११२२३३",
            "＋７７０１１１１２２３３",
            "८ ७०१ १११ २२ ३३",
        ] {
            assert_eq!(
                e164(text, "KZ").as_deref(),
                Some("+77011112233"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn national_numbers_are_read_by_the_accounts_country() {
        assert_eq!(
            e164("06 30 555 0101", "HU").as_deref(),
            Some("+36305550101")
        );
        assert_eq!(
            e164("00 36 30 555 0101", "HU").as_deref(),
            Some("+36305550101")
        );
        assert_eq!(e164("0036305550101", "KZ").as_deref(), Some("+36305550101"));
        assert_eq!(e164("36305550101", "KZ").as_deref(), Some("+36305550101"));
        assert_eq!(e164("098765 43210", "IN").as_deref(), Some("+919876543210"));
        assert_eq!(
            e164("(650) 253-0000", "US").as_deref(),
            Some("+16502530000")
        );
        assert_eq!(e164("02 3661 8300", "IT").as_deref(), Some("+390236618300"));
        assert_eq!(PhoneNumber::parse("06 30 555 0101", None).ok(), None);
    }

    #[test]
    fn what_is_no_phone_number_stays_text() {
        for text in [
            "",
            " ",
            "101",
            "112",
            "bob",
            "agent7011112233",
            "7011112233bob",
            "1-800-FLOWERS",
            "*97#",
            "+",
            "7 701 111 22 33 or 7 701 111 22 34",
            "sip:87011112233@example",
            "87011112233@office.example",
            "12345678901234567890",
            "' OR 1=1 --",
            "𝟟𝟘𝟙",
            "½½½½½½½½½½",
        ] {
            assert_eq!(e164(text, "KZ"), None, "{text:?}");
        }
        assert_eq!(e164(&"7".repeat(10_000), "KZ"), None);
    }

    #[test]
    fn a_refused_number_says_what_is_allowed() {
        let error = PhoneNumber::parse("bob", country("KZ"))
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "\"bob\" is not a phone number in KZ; allowed are international numbers \
             such as +77011112233 and the country's own"
        );
    }

    #[test]
    fn s1_18_a_number_is_shown_grouped_and_copied_as_e164() {
        let number = PhoneNumber::from_e164("+36305550101").unwrap();
        assert_eq!(number.international(), "+36 30 555 0101");
        assert_eq!(number.e164(), "+36305550101");
        assert_eq!(number.country(), country("HU"));
        let json = serde_json::to_string(&number).unwrap();
        assert_eq!(json, "\"+36305550101\"");
        assert_eq!(serde_json::from_str::<PhoneNumber>(&json).unwrap(), number);
    }

    #[test]
    fn only_the_exact_form_is_e164() {
        for text in [
            "77011112233",
            "+0701",
            "+7701 111",
            "+1234567890123456",
            "+",
            "+٧٧٠١١١١٢٢٣٣",
        ] {
            assert_eq!(PhoneNumber::from_e164(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_party_is_a_number_an_extension_or_a_user() {
        let colleague = Party::parse(" 102 ", country("KZ"));
        assert_eq!(
            (colleague.extension(), colleague.logged()),
            (Some("102"), "102".to_owned())
        );
        let client = Party::parse("8 701 111 22 33", country("KZ"));
        assert_eq!(
            (client.extension(), client.logged()),
            (None, "+77011112233".to_owned())
        );
        let user = Party::parse("bob", country("KZ"));
        assert_eq!((user.extension(), user.shown()), (None, "bob".to_owned()));
    }

    #[test]
    fn the_list_of_countries_is_the_numbering_plans_own() {
        let mut plans: Vec<_> = PHONE_NUMBER_UTIL
            .get_supported_regions()
            .map(|region| region.as_region_str().as_str().to_owned())
            .collect();
        plans.sort();
        assert_eq!(plans.join(" "), COUNTRIES);
    }

    #[test]
    fn a_country_is_two_letters_and_a_locale_may_name_one() {
        assert_eq!("kz".parse::<Country>().unwrap().code(), "KZ");
        assert!("XX".parse::<Country>().is_err());
        assert!(
            "Kazakhstan"
                .parse::<Country>()
                .unwrap_err()
                .to_string()
                .contains("ISO 3166")
        );
        assert_eq!(Country::from_locale("hu_HU.UTF-8"), country("HU"));
        assert_eq!(Country::from_locale("zh-Hans-CN"), country("CN"));
        assert_eq!(Country::from_locale("C.UTF-8"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic_and_what_it_reads_it_reads_again(text in "\\PC{0,80}") {
            if let Ok(number) = PhoneNumber::parse(&text, country("KZ")) {
                proptest::prop_assert_eq!(PhoneNumber::from_e164(&number.e164()), Some(number));
            }
        }
    }
}
