//! From what people write to digits: the characters of any script, the parts of a `tel:` URI, and the
//! extension behind the number. Which number the digits are is the numbering plans' business.

/// The most characters a phone number is typed with: 15 digits, separators, parameters, an extension.
const MAX_TYPED: usize = 64;
/// The fewest digits before an extension.
const MIN_BEFORE_EXTENSION: usize = 3;
/// The longest extension behind a word for it.
const MAX_EXTENSION: usize = 15;
/// The longest extension behind nothing but pauses: a longer one is another number.
const MAX_AFTER_PAUSE: usize = 6;

/// Words that introduce an extension after a number, in lower case.
const EXTENSION_WORDS: &[&str] = &[
    "ext",
    "extn",
    "extension",
    "x",
    "ｘ",
    "#",
    "int",
    "interno",
    "anexo",
    "ramal",
    "poste",
    "доб",
    "добавочный",
    "вн",
    "внутр",
    "внутренний",
    "mellék",
    "mell",
    "m",
    "एक्सटेंशन",
    "एक्सटेन्सन",
    "تحويلة",
    "داخلي",
];

/// Where the ten decimal digits of a script begin.
const ZEROS: &[char] = &[
    '0', '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}',
    '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{e50}', '\u{ed0}', '\u{f20}', '\u{1040}',
    '\u{17e0}', '\u{1810}', '\u{ff10}',
];

/// A number as it was written, without everything that is only for the eye.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// ASCII digits; a plus before them where one was written.
    pub digits: String,
    /// The same without a trunk prefix in brackets, where there is one: `+44 (0)20`.
    pub without_trunk_zero: Option<String>,
    /// The digits of the extension.
    pub extension: Option<String>,
}

/// Reads the text's characters; none where it is more than one number and its extension.
pub(super) fn written(text: &str) -> Option<Written> {
    if text.len() > MAX_TYPED * 4 {
        return None;
    }
    let seen = seen(text);
    let seen = without_scheme(seen.trim());
    if seen.chars().count() > MAX_TYPED {
        return None;
    }
    let (number, parameters) = match seen.split_once(';') {
        // No list of parameters: people part an extension by a semicolon, too.
        Some((number, behind)) => match Parameters::read(behind) {
            Some(parameters) => (number.to_owned(), parameters),
            None => (format!("{number},{behind}"), Parameters::default()),
        },
        None => (seen.to_owned(), Parameters::default()),
    };
    let (number, extension) = split_extension(&number)?;
    let mut digits = digits(number)?;
    let mut without_trunk_zero = number
        .contains("(0)")
        .then(|| self::digits(&number.replacen("(0)", "", 1)))
        .flatten();
    if let Some(context) = parameters.context.filter(|_| !digits.starts_with('+')) {
        digits.insert_str(0, &context);
        without_trunk_zero = None;
    }
    Some(Written {
        digits,
        without_trunk_zero,
        extension: extension.or(parameters.extension),
    })
}

/// The characters that are seen, each as its plainest relative: one kind of digit, space, dash, plus
/// and bracket. What copying brings along unseen (bidi marks, zero-width marks, soft hyphens) is gone.
fn seen(text: &str) -> String {
    let is_unseen = |c: &char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().filter(|c| !is_unseen(c)).map(plain).collect()
}

fn plain(c: char) -> char {
    if let Some(digit) = decimal(c) {
        return digit;
    }
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{ff0d}' => '-',
        '\u{ff0b}' => '+',
        '\u{ff08}' => '(',
        '\u{ff09}' => ')',
        '\u{ff3b}' => '[',
        '\u{ff3d}' => ']',
        '\u{ff0e}' | '\u{b7}' | '\u{2022}' => '.',
        '\u{ff0f}' => '/',
        '\u{2053}' | '\u{223c}' | '\u{ff5e}' => '~',
        '\u{ff0c}' | '\u{60c}' => ',',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// The ASCII digit that a decimal digit of any script is.
fn decimal(c: char) -> Option<char> {
    let value = ZEROS
        .iter()
        .filter_map(|&zero| u32::from(c).checked_sub(u32::from(zero)))
        .find(|value| *value < 10)?;
    char::from_digit(value, 10)
}

fn without_scheme(text: &str) -> &str {
    match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => text[4..].trim_start(),
        _ => text,
    }
}

/// What RFC 3966 §3 lets follow a number. Where a call may go besides (`isub`, carriers, ported
/// numbers) makes it no other number.
#[derive(Default)]
struct Parameters {
    extension: Option<String>,
    /// The beginning that a local number lacks; a domain says nothing about the number.
    context: Option<String>,
}

impl Parameters {
    /// None where this is no list of parameters.
    fn read(text: &str) -> Option<Self> {
        let mut read = Self::default();
        for parameter in text.split(';').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
            if name.is_empty() || !name.chars().all(is_name) || value.contains(' ') {
                return None;
            }
            match name.to_ascii_lowercase().as_str() {
                "ext" => read.extension = Some(extension(value, MAX_EXTENSION)?),
                "phone-context" if value.starts_with('+') => read.context = Some(digits(value)?),
                _ => {}
            }
        }
        Some(read)
    }
}

/// Parts a number from the extension behind it; none where something else is behind it.
fn split_extension(text: &str) -> Option<(&str, Option<String>)> {
    let Some(at) = text.find(|c: char| c.is_alphabetic() || matches!(c, '#' | ',')) else {
        return Some((text, None));
    };
    let (number, behind) = text.split_at(at);
    let behind = behind.trim_start_matches([',', ' ', '(']);
    if behind.is_empty() {
        return Some((number, None));
    }
    let length = behind.find(|c: char| c.is_ascii_digit() || " .:=-".contains(c))?;
    let word = match behind.strip_prefix('#') {
        Some(_) => "#".to_owned(),
        None => behind[..length].to_lowercase(),
    };
    // Pauses alone are what a telephone keeps of a number with an extension.
    let longest = match word.is_empty() {
        true => MAX_AFTER_PAUSE,
        false if EXTENSION_WORDS.contains(&word.as_str()) => MAX_EXTENSION,
        false => return None,
    };
    let enough = number.chars().filter(char::is_ascii_digit).count() >= MIN_BEFORE_EXTENSION;
    let number = number.trim_end_matches([' ', '-', '(', '/', '.']);
    enough.then_some((number, Some(extension(&behind[length..], longest)?)))
}

/// The digits of an extension, with what people put around them.
fn extension(text: &str, longest: usize) -> Option<String> {
    let digits = text
        .trim_start_matches(['.', ':', '=', ' ', '#', '-'])
        .trim_end_matches(['#', ')', ' ', '.']);
    let fits = (1..=longest).contains(&digits.len());
    (fits && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.to_owned())
}

/// The digits of a number that has nothing but separators beside them.
fn digits(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() => digits.push(c),
            '+' if digits == "+" => {}
            ' ' | '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~' => {}
            _ => return None,
        }
    }
    let starts_well = text.starts_with(|c: char| c.is_ascii_digit() || "+([".contains(c));
    (starts_well && digits.len() > 1).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Option<(String, Option<String>)> {
        written(text).map(|written| (written.digits, written.extension))
    }

    #[test]
    fn separators_marks_and_scripts_leave_the_digits() {
        for text in [
            "+77011112233",
            " (+7) 701.111-22/33 ",
            "\u{202b}+٧ ٧٠١ ١١١ ٢٢ ٣٣\u{202c}",
            "＋７（７０１）１１１－２２－３３",
            "\u{feff}+7\u{2009}701\u{202f}111\u{ad}22\u{2011}33",
            "++7 [701] 111~22~33.",
            "TEL:+7-701-111-22-33;isub=1;npdi;phone-context=office.example",
            "7011112233;phone-context=+7",
        ] {
            assert_eq!(parts(text), Some(("+77011112233".into(), None)), "{text:?}");
        }
    }

    #[test]
    fn an_extension_is_handed_out_beside_the_number() {
        for text in [
            "7011112233 ext. 12",
            "7011112233 ext12",
            "7011112233;ext=12",
            "tel:701-111-22-33;ext=12;isub=3",
            "7011112233 x12",
            "7011112233x 12",
            "7011112233#12",
            "7011112233 # 12",
            "7011112233, доб. 12",
            "7011112233; доб. 12",
            "7011112233 (доб. 12)",
            "7011112233 ДОБ.12",
            "7011112233 вн. 12",
            "7011112233 mellék: 12",
            "7011112233 تحويلة ١٢",
            "7011112233 एक्सटेंशन १२",
            "7011112233,,12#",
            "7011112233 Extension - 12",
        ] {
            let expected = Some(("7011112233".into(), Some("12".into())));
            assert_eq!(parts(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_trunk_prefix_in_brackets_may_be_left_out() {
        let london = written("+44 (0)20 7946 0958");
        let london = london.map(|written| (written.digits, written.without_trunk_zero));
        let expected = ("+4402079460958".into(), Some("+442079460958".into()));
        assert_eq!(london, Some(expected));
    }

    #[test]
    fn anything_else_beside_the_digits_is_no_number() {
        for text in [
            "",
            "+",
            "ext. 12",
            "7011112233 or 7011112234",
            "7011112233, 7011112234",
            "7011112233 ext. twelve",
            "7011112233 ext.",
            "7011112233; DROP TABLE clients",
            "7011112233;ext=",
            "12 ext. 7011112233",
            "*97#",
            "7*11",
            "7+7011112233",
            "1-800-FLOWERS",
            "½½½½½½½½½½",
            "𝟟𝟘𝟙𝟙𝟙𝟙𝟚𝟚𝟛𝟛",
            "-7011112233",
        ] {
            assert_eq!(parts(text), None, "{text:?}");
        }
    }
}
