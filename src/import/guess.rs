//! What a column holds, by the name that somebody gave it, or by what stands in it.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::model::{Country, PhoneNumber};

use Meaning::{Address, Email, NamePart, Once, Phone, Tags};

/// What a column seems to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A field that there is once.
    Once(&'static str),
    /// A part of the name, joined with the others in the file's order.
    NamePart,
    /// The next number, and what it is.
    Phone(&'static str),
    /// The next e-mail address, and what it is.
    Email(&'static str),
    /// A part of the address at this place, and what that is.
    Address(usize, &'static str, &'static str),
    /// A numbered field at its place: Google's `Phone 2 - Value`.
    At(&'static str, usize),
    /// Words that put clients together.
    Tags,
    /// What other columns say too.
    Nothing,
}

/// Names of columns in the six languages, and those of the exports of Google, Outlook and MicroSIP.
/// What the program's own columns are called is no guess and not here.
const NAMES: [(Meaning, &[&str]); 25] = [
    (
        Once("name"),
        &[
            "full name",
            "display name",
            "contact name",
            "client",
            "client name",
            "customer",
            "customer name",
            "contact",
            "patient",
            "patient name",
            "guest",
            "guest name",
            "имя",
            "фио",
            "ф.и.о.",
            "имя и фамилия",
            "имя клиента",
            "клиент",
            "контакт",
            "контактное лицо",
            "пациент",
            "фио пациента",
            "гость",
            "नाम",
            "पूरा नाम",
            "ग्राहक",
            "ग्राहक का नाम",
            "ग्राहकको नाम",
            "मरीज़",
            "रोगी",
            "रोगी का नाम",
            "बिरामी",
            "बिरामीको नाम",
            "név",
            "teljes név",
            "ügyfél",
            "ügyfél neve",
            "kapcsolattartó",
            "beteg",
            "beteg neve",
            "páciens",
            "vendég",
            "الاسم",
            "اسم",
            "الاسم الكامل",
            "العميل",
            "اسم العميل",
            "المريض",
            "اسم المريض",
        ],
    ),
    (
        NamePart,
        &[
            "first name",
            "given name",
            "middle name",
            "additional name",
            "last name",
            "family name",
            "surname",
            "имя собственное",
            "фамилия",
            "отчество",
            "पहला नाम",
            "मध्य नाम",
            "उपनाम",
            "अंतिम नाम",
            "थर",
            "keresztnév",
            "utónév",
            "vezetéknév",
            "családnév",
            "családi név",
            "الاسم الأول",
            "الاسم الأوسط",
            "اسم العائلة",
            "اللقب",
        ],
    ),
    (
        Once("company"),
        &[
            "company name",
            "organization",
            "organisation",
            "organization name",
            "organization 1 name",
            "firm",
            "employer",
            "компания",
            "название компании",
            "организация",
            "фирма",
            "कंपनी",
            "कम्पनी",
            "संस्था",
            "cég",
            "cégnév",
            "vállalat",
            "szervezet",
            "الشركة",
            "شركة",
            "اسم الشركة",
            "المؤسسة",
        ],
    ),
    (
        Phone(""),
        &[
            "phone number",
            "telephone",
            "telephone number",
            "tel",
            "number",
            "primary phone",
            "other phone",
            "телефон",
            "номер",
            "номер телефона",
            "тел.",
            "फ़ोन",
            "फोन",
            "फ़ोन नंबर",
            "फोन नम्बर",
            "दूरभाष",
            "telefon",
            "telefonszám",
            "الهاتف",
            "هاتف",
            "رقم الهاتف",
        ],
    ),
    (
        Phone("mobile"),
        &[
            "mobile",
            "mobile phone",
            "mobile number",
            "cell",
            "cell phone",
            "мобильный",
            "мобильный телефон",
            "сотовый",
            "сотовый телефон",
            "मोबाइल",
            "मोबाइल नंबर",
            "मोबाइल नम्बर",
            "mobil",
            "mobiltelefon",
            "mobilszám",
            "الجوال",
            "جوال",
            "رقم الجوال",
            "الهاتف المحمول",
            "موبايل",
        ],
    ),
    (
        Phone("work"),
        &[
            "business phone",
            "business phone 2",
            "company main phone",
            "work phone",
            "office phone",
            "рабочий телефон",
            "рабочий",
            "कार्यालय फ़ोन",
            "कार्यालय फोन",
            "munkahelyi telefon",
            "هاتف العمل",
        ],
    ),
    (
        Phone("home"),
        &[
            "home phone",
            "home phone 2",
            "домашний телефон",
            "домашний",
            "घर का फ़ोन",
            "घरको फोन",
            "otthoni telefon",
            "هاتف المنزل",
        ],
    ),
    (
        Phone("fax"),
        &[
            "fax",
            "fax number",
            "other fax",
            "факс",
            "फ़ैक्स",
            "फ्याक्स",
            "telefax",
            "فاكس",
        ],
    ),
    (Phone("work fax"), &["business fax"]),
    (Phone("home fax"), &["home fax"]),
    (Phone("car"), &["car phone"]),
    (Phone("pager"), &["pager"]),
    (
        Email(""),
        &[
            "e-mail",
            "email address",
            "e-mail address",
            "e-mail 2 address",
            "e-mail 3 address",
            "mail",
            "почта",
            "эл. почта",
            "электронная почта",
            "ईमेल",
            "इमेल",
            "e-mail cím",
            "email cím",
            "البريد الإلكتروني",
            "بريد إلكتروني",
        ],
    ),
    (
        Once("note"),
        &[
            "notes",
            "comment",
            "comments",
            "memo",
            "remarks",
            "примечание",
            "примечания",
            "заметка",
            "заметки",
            "комментарий",
            "टिप्पणी",
            "नोट",
            "कैफियत",
            "megjegyzés",
            "jegyzet",
            "ملاحظة",
            "ملاحظات",
        ],
    ),
    (
        Address(0, "street", ""),
        &[
            "address",
            "street address",
            "postal address",
            "адрес",
            "улица",
            "पता",
            "ठेगाना",
            "cím",
            "utca",
            "العنوان",
            "عنوان",
            "الشارع",
        ],
    ),
    (
        Address(0, "city", ""),
        &[
            "town",
            "город",
            "शहर",
            "सहर",
            "नगर",
            "város",
            "település",
            "المدينة",
            "مدينة",
        ],
    ),
    (
        Address(0, "country", ""),
        &["страна", "देश", "ország", "الدولة", "البلد"],
    ),
    (
        Address(0, "street", "work"),
        &["business street", "work address"],
    ),
    (Address(0, "city", "work"), &["business city"]),
    (
        Address(0, "country", "work"),
        &["business country/region", "business country"],
    ),
    (
        Address(1, "street", "home"),
        &["home street", "home address"],
    ),
    (Address(1, "city", "home"), &["home city"]),
    (
        Address(1, "country", "home"),
        &["home country/region", "home country"],
    ),
    (
        Tags,
        &[
            "labels",
            "group membership",
            "groups",
            "categories",
            "теги",
            "метки",
            "группы",
            "टैग",
            "ट्याग",
            "címkék",
            "csoportok",
            "الوسوم",
            "المجموعات",
        ],
    ),
    (Once("language"), &["язык", "भाषा", "nyelv", "اللغة"]),
];

/// How many cells in ten must look alike.
const MOST: usize = 8;

/// The names that are known, as they are compared.
pub(super) struct Names(BTreeMap<String, Meaning>);

impl Names {
    pub(super) fn new() -> Self {
        let all = NAMES.iter();
        let pairs = all.flat_map(|(meaning, names)| {
            names.iter().map(|name| (sorted(&compared(name)), *meaning))
        });
        Self(pairs.collect())
    }

    /// What a column of this name holds.
    pub(super) fn meaning(&self, name: &str) -> Option<Meaning> {
        let name = compared(name);
        let known = self.0.get(&sorted(&name)).copied();
        known.or_else(|| numbered(&name))
    }
}

/// Without case, accents and punctuation.
fn compared(name: &str) -> String {
    let letters = name.nfkd().filter(|c| !is_combining_mark(*c));
    let letters = letters.flat_map(char::to_lowercase);
    let spaced: String = letters
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ")
}

/// Its words in one order: `Phone home` is `Home phone`.
fn sorted(name: &str) -> String {
    let mut words: Vec<&str> = name.split(' ').collect();
    words.sort_unstable();
    words.join(" ")
}

/// `Phone 2 - Value` and its like.
fn numbered(name: &str) -> Option<Meaning> {
    let words: Vec<&str> = name.split(' ').collect();
    let (kind, number, part) = match words[..] {
        ["e", "mail", number, part] => ("email", number, part),
        [kind, number, part] => (kind, number, part),
        _ => return None,
    };
    let at = number.parse::<usize>().ok()?.checked_sub(1)?;
    let field = match (kind, part) {
        ("phone", "value") => "phone",
        ("phone", "label" | "type") => "phone_label",
        ("email", "value") => "email",
        ("email", "label" | "type") => "email_label",
        ("address", "street") => "street",
        ("address", "city") => "city",
        ("address", "country") => "country",
        ("address", "label" | "type") => "address_label",
        ("address", "formatted") => return Some(Meaning::Nothing),
        _ => return None,
    };
    Some(Meaning::At(field, at))
}

/// What cells hold, where that can be seen; a name where `is_name` says that nothing else is one.
pub(super) fn by_content(
    cells: &[&str],
    country: Option<Country>,
    is_name: bool,
) -> Option<Meaning> {
    let filled: Vec<&str> = cells
        .iter()
        .copied()
        .filter(|cell| !cell.is_empty())
        .collect();
    let most = |holds: &dyn Fn(&str) -> bool| {
        let count = filled.iter().filter(|cell| holds(cell)).count();
        !filled.is_empty() && count * 10 >= filled.len() * MOST
    };
    let is_number = |cell: &str| PhoneNumber::parse(cell, country).is_ok();
    let is_email = |cell: &str| {
        let parts = cell.split_once('@');
        parts.is_some_and(|(user, host)| {
            !user.is_empty() && host.contains('.') && !host.contains(' ')
        })
    };
    let is_text = |cell: &str| cell.chars().any(char::is_alphabetic) && !cell.contains('@');
    if most(&is_number) {
        Some(Phone(""))
    } else if most(&is_email) {
        Some(Email(""))
    } else {
        (is_name && most(&is_text)).then_some(Once("name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_known_by_its_name_in_six_languages_and_in_the_exports_of_others() {
        let names = Names::new();
        for (name, meaning) in [
            ("Full Name", Once("name")),
            (" ФИО:", Once("name")),
            ("Név", Once("name")),
            ("nev", Once("name")),
            ("Last name", NamePart),
            ("Фамилия", NamePart),
            ("Организация", Once("company")),
            ("Organization Name", Once("company")),
            ("Номер телефона", Phone("")),
            ("Telefonszám", Phone("")),
            ("फ़ोन", Phone("")),
            ("رقم الهاتف", Phone("")),
            ("Mobile Phone", Phone("mobile")),
            ("Сотовый", Phone("mobile")),
            ("Business Phone 2", Phone("work")),
            ("E-mail 2 Address", Email("")),
            ("Эл. почта", Email("")),
            ("Примечание", Once("note")),
            ("Remarks", Once("note")),
            ("Patient", Once("name")),
            ("बिरामी", Once("name")),
            ("ठेगाना", Address(0, "street", "")),
            ("Город", Address(0, "city", "")),
            ("Home Country/Region", Address(1, "country", "home")),
            ("Phone 2 - Value", Meaning::At("phone", 1)),
            ("Phone 2 - Label", Meaning::At("phone_label", 1)),
            ("E-mail 1 - Value", Meaning::At("email", 0)),
            ("Address 1 - City", Meaning::At("city", 0)),
            ("Address 1 - Formatted", Meaning::Nothing),
            ("Labels", Tags),
            ("Phone home", Phone("home")),
        ] {
            assert_eq!(names.meaning(name), Some(meaning), "{name}");
        }
        for name in [
            "Contract",
            "Remark",
            "Level",
            "Phone 0 - Value",
            "Phone x - Value",
            "",
        ] {
            assert_eq!(names.meaning(name), None, "{name}");
        }
    }

    #[test]
    fn no_name_of_a_column_has_two_meanings() {
        let mut seen: BTreeMap<String, Meaning> = BTreeMap::new();
        for (meaning, names) in NAMES {
            for name in names {
                let before = seen.insert(sorted(&compared(name)), meaning);
                assert!(before.is_none_or(|before| before == meaning), "{name}");
            }
        }
    }

    #[test]
    fn a_column_without_a_name_is_known_by_what_stands_in_it() {
        let kz = "KZ".parse().ok();
        assert_eq!(
            by_content(&["8 701 111 22 33", "", "+36305550101"], kz, false),
            Some(Phone(""))
        );
        assert_eq!(
            by_content(&["a@a.example", "b@b.example"], kz, false),
            Some(Email(""))
        );
        assert_eq!(
            by_content(&["Ivan", "Olga 2"], kz, true),
            Some(Once("name"))
        );
        assert_eq!(by_content(&["Ivan", "Olga"], kz, false), None);
        assert_eq!(by_content(&["17/2026", ""], kz, true), None);
        assert_eq!(by_content(&[], kz, true), None);
    }
}
