//! Content lines: `group.NAME;PARAM=value:value`, folded at 75 octets (RFC 6350 §3.2, §3.3).

use encoding_rs::Encoding;

use super::CardError;

/// The longest line written, octets without its end.
const WIDTH: usize = 75;
/// The most lines of one card.
const MAX_LINES: usize = 2000;
/// What a value may be.
const READABLE: &str = "text in UTF-8, or in the CHARSET that it names";

/// One property.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ContentLine {
    /// What ties it to other lines, in lower case; may be empty.
    pub(super) group: String,
    /// In capitals.
    pub(super) name: String,
    /// Names in capitals, and values.
    pub(super) params: Vec<(String, String)>,
    /// As it stands there, but for the encodings of vCard 2.1.
    pub(super) value: String,
}

impl ContentLine {
    /// The lines of one card.
    pub(super) fn all(octets: &[u8]) -> Result<Vec<Self>, CardError> {
        let lines = unfolded(octets);
        if lines.len() > MAX_LINES {
            let (count, most) = (lines.len().to_string(), format!("at most {MAX_LINES}"));
            return Err(CardError::new("lines", &count, &most));
        }
        let own = own_lines(lines);
        own.iter().map(|line| Self::read(line)).collect()
    }

    fn read(line: &[u8]) -> Result<Self, CardError> {
        let lossy = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let Some(colon) = colon(line) else {
            let allowed = "a property, a colon and a value, such as FN:Ivan";
            return Err(CardError::new("line", &lossy(line), allowed));
        };
        let head = lossy(&line[..colon]);
        let mut parts = outside_quotes(&head, ';').into_iter();
        let name = parts.next().unwrap_or_default();
        let (group, name) = name.rsplit_once('.').unwrap_or(("", name));
        let mut read = Self {
            group: group.trim().to_ascii_lowercase(),
            name: name.trim().to_ascii_uppercase(),
            params: parts.map(param).collect(),
            value: String::new(),
        };
        read.value = read.decoded(&line[colon + 1..])?;
        Ok(read)
    }

    /// The value without the encodings of vCard 2.1, which are no longer among the parameters.
    fn decoded(&mut self, octets: &[u8]) -> Result<String, CardError> {
        let is_quoted = self
            .params_of("ENCODING")
            .any(|e| e.eq_ignore_ascii_case("QUOTED-PRINTABLE"));
        let octets = match is_quoted {
            true => from_quoted_printable(octets),
            false => octets.to_vec(),
        };
        let charset = self.params_of("CHARSET").next();
        let charset = charset.and_then(|name| Encoding::for_label(name.as_bytes()));
        let value = match charset {
            Some(charset) => charset.decode_without_bom_handling_and_without_replacement(&octets),
            None => std::str::from_utf8(&octets).ok().map(Into::into),
        };
        let value = value.map(std::borrow::Cow::into_owned).ok_or_else(|| {
            CardError::new(&self.name, &String::from_utf8_lossy(&octets), READABLE)
        })?;
        self.params
            .retain(|(name, _)| name != "CHARSET" && !(name == "ENCODING" && is_quoted));
        Ok(value)
    }

    /// The values of the parameter of this name.
    pub(super) fn params_of<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = &'a str> {
        let params = self.params.iter().filter(move |(name, _)| name == wanted);
        params.map(|(_, value)| &**value)
    }

    /// The types that the line says of itself, in lower case.
    pub(super) fn types(&self) -> impl Iterator<Item = String> {
        let lists = self.params_of("TYPE").flat_map(|list| list.split(','));
        lists.map(|word| word.trim().to_ascii_lowercase())
    }

    /// Where the line stands among those of its kind: the smallest first.
    pub(super) fn preference(&self) -> u8 {
        let given = self.params_of("PREF").next();
        let given = given.and_then(|text| text.parse().ok());
        let by_type = self.types().any(|word| word == "pref").then_some(1);
        given.or(by_type).unwrap_or(u8::MAX)
    }

    /// The line, unfolded.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        if !self.group.is_empty() {
            text.extend([&*self.group, "."]);
        }
        text.push_str(&self.name);
        for (name, value) in &self.params {
            text.extend([";", name, "=", &param_text(value)]);
        }
        // Quoted-printable may have had line ends in it.
        let value = self.value.replace("\r\n", "\n");
        text + ":" + &value.replace(['\r', '\n'], "\\n")
    }
}

/// Appends a line, folded so that no character is cut in two.
pub(super) fn fold(line: &str, card: &mut String) {
    let mut width = 0;
    for c in line.chars() {
        if width + c.len_utf8() > WIDTH {
            card.push_str("\r\n ");
            width = 1;
        }
        card.push(c);
        width += c.len_utf8();
    }
    card.push_str("\r\n");
}

/// The card's lines with their continuations. vCard 2.1 folds before a space and keeps it, breaks
/// quoted-printable behind a `=`, and some telephones do not indent base64 at all.
fn unfolded(octets: &[u8]) -> Vec<Vec<u8>> {
    let physical = || {
        let lines = octets.split(|&octet| octet == b'\n');
        lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    };
    let is_old = physical().any(|line| line.eq_ignore_ascii_case(b"VERSION:2.1"));
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut is = Encoded::default();
    for line in physical() {
        match lines.last_mut() {
            Some(last) if is.quoted && last.ends_with(b"=") => {
                last.pop();
                last.extend(line);
            }
            Some(last) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                last.extend(&line[usize::from(!is_old || is.base64)..]);
            }
            Some(last) if is.base64 && !line.contains(&b':') => last.extend(line),
            _ if line.is_empty() => {}
            _ => {
                is = Encoded::of(line);
                lines.push(line.to_vec());
            }
        }
    }
    lines
}

/// How a line's value is encoded.
#[derive(Default)]
struct Encoded {
    quoted: bool,
    base64: bool,
}

impl Encoded {
    fn of(line: &[u8]) -> Self {
        let head = &line[..colon(line).unwrap_or(0)];
        let head = String::from_utf8_lossy(head).to_ascii_uppercase();
        let says = |word: &str| head.split([';', '=']).skip(1).any(|part| part == word);
        Self {
            quoted: says("QUOTED-PRINTABLE"),
            base64: says("BASE64") || says("B"),
        }
    }
}

/// The lines that are the card's own, without those of a card within it (2.1: `AGENT`).
fn own_lines(lines: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut depth = 0_usize;
    let mut own = lines;
    own.retain(|line| {
        let is = |wanted: &[u8]| line.trim_ascii().eq_ignore_ascii_case(wanted);
        depth += usize::from(is(b"BEGIN:VCARD"));
        let is_own = depth <= 1;
        depth = depth.saturating_sub(usize::from(is(b"END:VCARD")));
        is_own
    });
    own
}

/// Where the value begins: at the first colon outside quotes.
fn colon(line: &[u8]) -> Option<usize> {
    let mut is_quoted = false;
    let found = line.iter().position(|&octet| {
        is_quoted ^= octet == b'"';
        octet == b':' && !is_quoted
    });
    // A quote that is never closed quotes nothing.
    found.or_else(|| line.iter().position(|&octet| octet == b':'))
}

fn outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut is_quoted = false;
    text.split(|c| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
    .collect()
}

/// `NAME=value`; vCard 2.1 also has the value alone.
fn param(text: &str) -> (String, String) {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim(), value),
        None if is_encoding(text) => ("ENCODING", text),
        None => ("TYPE", text),
    };
    let value = value.trim().replace('"', "");
    (name.to_ascii_uppercase(), without_carets(&value))
}

/// RFC 6868: quotes, line ends and carets within a parameter.
fn without_carets(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '^' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('\'') => text.push('"'),
                Some('^') => text.push('^'),
                other => text.extend(std::iter::once('^').chain(other)),
            },
            c => text.push(c),
        }
    }
    text
}

fn param_text(value: &str) -> String {
    let value = value.replace('^', "^^").replace('\n', "^n");
    let value = value.replace('"', "^'");
    match value.contains([',', ';', ':']) {
        true => format!("\"{value}\""),
        false => value,
    }
}

fn is_encoding(word: &str) -> bool {
    ["QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"]
        .iter()
        .any(|known| word.trim().eq_ignore_ascii_case(known))
}

/// RFC 2045 §6.7; a `=` with no two digits behind it stands for itself.
fn from_quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let [first, tail @ ..] = rest {
        let digits = (*first == b'=').then(|| tail.get(..2)).flatten();
        let digits = digits.and_then(|two| std::str::from_utf8(two).ok());
        let octet = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        decoded.push(octet.unwrap_or(*first));
        rest = if octet.is_some() { &tail[2..] } else { tail };
    }
    decoded
}
