//! Phone numbers: E.164 inside, the reader's way outside; and what is dialled but is no phone number.

mod reading;

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::reading::Written;

/// The most characters of a text that an error quotes.
const MAX_QUOTED: usize = 64;
/// ITU-T E.164 §6: an international number has at most 15 digits.
const MAX_DIGITS: usize = 15;

/// A phone number of the world, E.164: up to 15 digits, the first never 0. Without an extension.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(u64);

/// A phone number and what was written behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedNumber {
    /// The number, by which callers are matched.
    pub number: PhoneNumber,
    /// The digits of the extension, ASCII; none where none was written.
    pub extension: Option<String>,
}

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
        Self::read(text, country).map(|read| read.number)
    }

    /// As [`PhoneNumber::parse`], with the extension that stands behind the number.
    pub fn read(text: &str, country: Option<Country>) -> Result<ParsedNumber, PhoneNumberError> {
        let read = || {
            let written = reading::written(text)?;
            let number = meant(&written, country.map(|country| country.0))?;
            Some(ParsedNumber {
                number: Self::from_e164(&number.format_as(PhoneNumberFormat::E164))?,
                extension: written.extension,
            })
        };
        read().ok_or_else(|| PhoneNumberError {
            text: text.chars().take(MAX_QUOTED).collect(),
            country,
        })
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

/// A number with its parts, as the numbering plans know it.
type Planned = rlibphonenumber::PhoneNumber;

/// The number that the digits are inside `region`.
fn meant(written: &Written, region: Option<Region>) -> Option<Planned> {
    let digits = &*written.digits;
    // Not everywhere is a 0 in brackets a trunk prefix: in Italy it belongs to the number.
    let without_zero = written.without_trunk_zero.as_deref();
    let bare = without_zero.and_then(|digits| possible(digits, region));
    if let Some(number) = bare.filter(Planned::is_valid) {
        return Some(number);
    }
    let own = possible(digits, region);
    if let Some(rest) = digits.strip_prefix("00") {
        return beyond_double_zero(own, digits, rest, region);
    }
    own.or_else(|| {
        // Trunks often leave the plus away; believed only where the number is a real one.
        (!digits.starts_with(['+', '0']))
            .then(|| possible(&format!("+{digits}"), None))
            .flatten()
            .filter(Planned::is_valid)
    })
}

/// A number with a length that its country uses; one that is dialled in its area alone, only where
/// it is a real one.
fn possible(digits: &str, region: Option<Region>) -> Option<Planned> {
    let number = Planned::parse(digits, region).ok()?;
    match number.is_possible_with_reason() {
        Ok(NumberLengthType::IsPossible) => Some(number),
        Ok(NumberLengthType::IsPossibleLocalOnly) => Some(number).filter(Planned::is_valid),
        _ => None,
    }
}

/// What `00` begins. It is the international prefix of most countries (ITU-T E.164 annex), and
/// gateways write it everywhere; in some a carrier's number follows it, and some have numbers of their own that
/// begin so. `own` is what the country reads.
fn beyond_double_zero(
    own: Option<Planned>,
    digits: &str,
    rest: &str,
    region: Option<Region>,
) -> Option<Planned> {
    let code = region.and_then(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region));
    let plain = possible(&format!("+{rest}"), None);
    let real = plain.as_ref().filter(|number| number.is_valid());
    if real.is_some_and(|number| Some(number.country_code) == code) {
        return plain;
    }
    if own.as_ref().is_some_and(Planned::is_valid) {
        return own;
    }
    if real.is_some() {
        return plain;
    }
    let home = code.and_then(|code| possible(&format!("+{code}{digits}"), None));
    home.filter(Planned::is_valid).or(own).or(plain)
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
        let mut known = COUNTRIES.as_bytes().chunks(3);
        if code.len() != 2 || !known.any(|known| known.starts_with(code.as_bytes())) {
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
    fn a_double_zero_begins_what_most_probably_was_meant() {
        for (text, code, expected) in [
            // A gateway's 00, where the country has another international prefix.
            ("001 268 484 0795", "AG", "+12684840795"),
            ("0044 20 7946 0958", "US", "+442079460958"),
            // In Brazil and Colombia a carrier's number may follow, but this is a number at home.
            ("0055 48 3644 8500", "BR", "+554836448500"),
            ("0057 3021276026", "CO", "+573021276026"),
            // Free numbers of Bulgaria begin so themselves.
            ("008004247017", "BG", "+359008004247017"),
        ] {
            assert_eq!(e164(text, code).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_zero_in_brackets_is_a_trunk_prefix_where_the_country_has_one() {
        for (text, expected) in [
            ("+44 (0)20 7946 0958", "+442079460958"),
            ("+57 (0)901 0793609", "+579010793609"),
            ("0049 (0)30 123456", "+4930123456"),
            ("+39 (0)6 1234 5678", "+390612345678"),
        ] {
            assert_eq!(e164(text, "KZ").as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_extension_is_no_part_of_the_number() {
        let read = PhoneNumber::read("8 (701) 111-22-33, доб. १२", country("KZ")).unwrap();
        assert_eq!(read.number.e164(), "+77011112233");
        assert_eq!(read.extension.as_deref(), Some("12"));
        let read = PhoneNumber::read("+7 701 111 22 33", None).unwrap();
        assert_eq!(read.extension, None);
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
