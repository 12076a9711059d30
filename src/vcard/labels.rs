//! What a number, an e-mail or an address is: types of vCard as labels of a client, and back.

/// Types that have a word of their own, in the order of the words.
const WORDS: [(&str, &str); 6] = [
    ("home", "home"),
    ("work", "work"),
    ("cell", "mobile"),
    ("fax", "fax"),
    ("pager", "pager"),
    ("car", "car"),
];
/// Types that say nothing of use to people.
const SILENT: [&str; 17] = [
    "pref",
    "voice",
    "internet",
    "msg",
    "text",
    "video",
    "textphone",
    "dom",
    "intl",
    "postal",
    "parcel",
    "x400",
    "isdn",
    "pcs",
    "modem",
    "bbs",
    "",
];
/// The types that e-mails and addresses have.
const PLACES: [&str; 2] = ["home", "work"];

/// The label that these types, in lower case, are.
pub(super) fn label(types: impl Iterator<Item = String>) -> String {
    let types: Vec<String> = types.collect();
    let known = WORDS
        .iter()
        .filter(|(kind, _)| types.iter().any(|t| t == kind));
    let mut words: Vec<&str> = known.map(|(_, word)| *word).collect();
    for other in &types {
        let is_known = WORDS.iter().any(|(kind, _)| kind == other);
        if !is_known && !SILENT.contains(&&**other) {
            words.push(other.strip_prefix("x-").unwrap_or(other));
        }
    }
    words.join(" ")
}

/// The types that this label is; none where they would not be read as the same label.
pub(super) fn types(label: &str, property: &str) -> Option<Vec<&'static str>> {
    let kind = |word: &str| WORDS.iter().find(|(_, known)| *known == word);
    let words = label.split(' ').map(kind);
    let types: Vec<&str> = words
        .map(|found| found.map(|(kind, _)| *kind))
        .collect::<Option<_>>()?;
    let fit = property == "TEL" || types.iter().all(|kind| PLACES.contains(kind));
    let same = self::label(types.iter().map(|kind| (*kind).to_owned())) == label;
    (fit && same).then_some(types)
}

/// The label that an address book's own word is: `_$!<Mobile>!$_` is Apple's for one that it
/// translates.
pub(super) fn own_label(text: &str) -> String {
    let inner = text
        .strip_prefix("_$!<")
        .and_then(|t| t.strip_suffix(">!$_"));
    inner.map_or_else(|| text.to_owned(), str::to_lowercase)
}
