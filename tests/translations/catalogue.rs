//! The catalogues `ui/markup/lang/<language>/LC_MESSAGES/ringbook-markup.po`: what can be wrong in one, and
//! how one is brought in line with the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use polib::catalog::Catalog;
use polib::message::{Message, MessageFlags, MessageView};
use polib::metadata::CatalogMetadata;
use polib::po_file;
use ringbook::i18n::Language;

use crate::source::{Text, Texts};

/// A language nobody speaks: every text 40 % longer, to see whether it still fits.
pub const PSEUDO: &str = "en-XA";

pub fn po_path(code: &str) -> PathBuf {
    Path::new("ui/markup/lang")
        .join(code)
        .join("LC_MESSAGES/ringbook-markup.po")
}

pub fn load(code: &str) -> Catalog {
    let path = po_path(code);
    po_file::parse(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn save(code: &str, catalogue: &Catalog) {
    let path = po_path(code);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    po_file::write_to_file(catalogue, &path).unwrap();
}

/// What is wrong in a catalogue, one line each.
pub fn faults(texts: &Texts, language: Language, catalogue: &Catalog) -> Vec<String> {
    let file = po_path(language.code()).display().to_string();
    let mut faults = Vec::new();
    let rules = metadata(language.code(), language.plural_forms()).plural_rules;
    if catalogue.metadata.plural_rules != rules {
        faults.push(format!("{file}: Plural-Forms is not {}", rules.dump()));
    }
    for (text, users) in texts {
        let of_text = match find(catalogue, text) {
            Some(message) => faults_of(message, language, rules.nplurals),
            None => vec!["has no entry: run the test `update`"],
        };
        let users: Vec<_> = users.iter().map(String::as_str).collect();
        let place = |fault| format!("{file}: \"{}\" ({}) {fault}", text.id, users.join(", "));
        faults.extend(of_text.into_iter().map(place));
    }
    let known: BTreeSet<&Text> = texts.iter().map(|(text, _)| text).collect();
    for message in catalogue.messages() {
        if !known.contains(&text_of(message)) {
            let id = message.msgid();
            faults.push(format!(
                "{file}: \"{id}\" has no use: run the test `update`"
            ));
        }
    }
    // Slint looks a text up by its context and singular alone.
    let mut seen = BTreeSet::new();
    for (text, _) in texts {
        if !seen.insert((&text.context, &text.id)) {
            let id = &text.id;
            faults.push(format!(
                "{file}: \"{id}\" is used with and without a plural"
            ));
        }
    }
    faults
}

fn faults_of(message: &dyn MessageView, language: Language, forms: usize) -> Vec<&'static str> {
    let id = message.msgid_plural().unwrap_or(message.msgid());
    let one = message.msgstr().map(|text| vec![text.to_owned()]);
    let translations = one.or_else(|_| message.msgstr_plural().cloned()).unwrap();
    let mut faults = Vec::new();
    if message.is_fuzzy() {
        faults.push("is fuzzy");
    }
    if message.is_plural() && translations.len() != forms {
        faults.push("has the wrong number of plural forms");
    }
    for translation in &translations {
        if translation.is_empty() {
            faults.push("is not translated");
            continue;
        }
        let (wanted, given) = (placeholders(id), placeholders(translation));
        // "one day" may say its number in a word.
        let without_count = |names: &[&str]| names.iter().all(|name| *name == "{n}");
        let missing: Vec<_> = subtract(&wanted, &given);
        if !subtract(&given, &wanted).is_empty()
            || !(missing.is_empty() || message.is_plural() && without_count(&missing))
        {
            faults.push("has other placeholders than its translation");
        }
        // `tr!` does it itself; in Slint the catalogue must.
        let bare = translation.replace("\u{2068}{}\u{2069}", "");
        if language.reads_from_the_right() && bare.contains("{}") {
            faults.push("has a {} that is not between U+2068 and U+2069 (see UAX #9)");
        }
        if edges(id) != edges(translation) {
            faults.push("begins or ends with other white space, colon or ellipsis");
        }
    }
    faults
}

/// `{…}`, in alphabetical order.
fn placeholders(text: &str) -> Vec<&str> {
    let mut names: Vec<_> = text
        .match_indices('{')
        .filter_map(|(at, _)| Some(&text[at..=at + text[at..].find('}')?]))
        .collect();
    names.sort_unstable();
    names
}

fn subtract<'a>(from: &[&'a str], names: &[&str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    let mut rest = from.to_vec();
    rest.retain(|name| match names.iter().position(|other| other == name) {
        Some(at) => {
            names.remove(at);
            false
        }
        None => true,
    });
    rest
}

fn edges(text: &str) -> (bool, Option<char>) {
    let last = text.chars().last();
    let last = last.filter(|c| c.is_whitespace() || matches!(c, ':' | '…'));
    (text.starts_with(char::is_whitespace), last)
}

fn text_of(message: &dyn MessageView) -> Text {
    Text {
        context: message.msgctxt().unwrap_or_default().to_owned(),
        id: message.msgid().to_owned(),
        plural: message.msgid_plural().ok().map(str::to_owned),
    }
}

fn find<'a>(catalogue: &'a Catalog, text: &Text) -> Option<&'a dyn MessageView> {
    let context = (!text.context.is_empty()).then_some(text.context.as_str());
    catalogue.find_message(context, &text.id, text.plural.as_deref())
}

/// The language's catalogue with every text of the sources, in their order, and no other;
/// translations that were there stay.
pub fn updated(texts: &Texts, language: Language) -> Catalog {
    let old = load(language.code());
    let mut new = empty(language.code(), language.plural_forms());
    new.preheader.clone_from(&old.preheader);
    let forms = new.metadata.plural_rules.nplurals;
    for (text, users) in texts {
        let translations = match find(&old, text) {
            Some(message) => match message.msgstr() {
                Ok(translation) => vec![translation.to_owned()],
                Err(_) => message.msgstr_plural().unwrap().clone(),
            },
            None => vec![String::new(); text.plural.as_ref().map_or(1, |_| forms)],
        };
        let comments = find(&old, text).map(|message| message.translator_comments().to_owned());
        let comments = comments.unwrap_or_default();
        new.append_or_update(message(text, users, comments, translations));
    }
    new
}

/// The pseudo-translation.
pub fn stretched(texts: &Texts) -> Catalog {
    let mut new = empty(PSEUDO, Language::English.plural_forms());
    for (text, users) in texts {
        let mut translations = vec![stretch(&text.id)];
        translations.extend(text.plural.as_deref().map(stretch));
        new.append_or_update(message(text, users, String::new(), translations));
    }
    new
}

/// `Save client` → `Šàvé çlîéñt wörd`: accents show that a text went through the catalogue.
fn stretch(text: &str) -> String {
    let mut stretched = String::new();
    let mut in_placeholder = false;
    for c in text.chars() {
        in_placeholder = c == '{' || in_placeholder && c != '}';
        stretched.push(match c {
            _ if in_placeholder => c,
            'a' => 'à',
            'e' => 'é',
            'i' => 'î',
            'o' => 'ö',
            'u' => 'ü',
            'c' => 'ç',
            'n' => 'ñ',
            'A' => 'Å',
            'E' => 'É',
            'S' => 'Š',
            c => c,
        });
    }
    let more = (text.chars().count() * 2).div_ceil(5).max(2);
    let padding = "öñé twö thréé föür fîvé šîx šévéñ éîght ñîñé téñ élévéñ twélvé thîrtééñ";
    let padding: String = padding.chars().cycle().take(more - 1).collect();
    format!("{padding} {stretched}")
}

fn message(
    text: &Text,
    users: &BTreeSet<String>,
    comments: String,
    mut translations: Vec<String>,
) -> Message {
    let mut message = match &text.plural {
        Some(plural) => {
            let mut message = Message::build_plural();
            message.with_msgid_plural(plural.clone());
            message.with_msgstr_plural(translations);
            message
        }
        None => {
            let mut message = Message::build_singular();
            message.with_msgstr(translations.remove(0));
            message
        }
    };
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    message
        .with_translator_comments(comments)
        .with_source(users.join("\n"))
        .with_flags(MessageFlags::new())
        .with_msgctxt(text.context.clone())
        .with_msgid(text.id.clone())
        .done()
}

fn empty(code: &str, plural_forms: &str) -> Catalog {
    Catalog::new(metadata(code, plural_forms))
}

fn metadata(code: &str, plural_forms: &str) -> CatalogMetadata {
    let header = format!(
        "Project-Id-Version: Ringbook\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\
         Language: {code}\nPlural-Forms: {plural_forms}\n"
    );
    CatalogMetadata::parse(&header).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(id: &str, plural: Option<&str>) -> Text {
        Text {
            context: String::new(),
            id: id.into(),
            plural: plural.map(str::to_owned),
        }
    }

    /// The faults of a Hungarian catalogue with one entry, for sources with one text.
    fn faults_with(source: Text, entry: Text, translations: &[&str]) -> Vec<String> {
        let users = BTreeSet::from(["a.rs".to_owned()]);
        let translations = translations.iter().map(|text| (*text).to_owned()).collect();
        let mut catalogue = empty("hu", Language::Hungarian.plural_forms());
        catalogue.append_or_update(message(&entry, &users, String::new(), translations));
        faults(&vec![(source, users)], Language::Hungarian, &catalogue)
    }

    #[test]
    fn a_sound_entry_has_no_fault() {
        let calls = || text("{n} call", Some("{n} calls"));
        let forms = ["egy hívás", "{n} hívás"];
        assert_eq!(faults_with(calls(), calls(), &forms), Vec::<String>::new());
        let to = || text("{a} to {b}: ", None);
        let forms = ["{b} ← {a}: "];
        assert_eq!(faults_with(to(), to(), &forms), Vec::<String>::new());
    }

    #[test]
    fn every_kind_of_fault_is_seen() {
        let plain = || text("To {a}", None);
        let calls = || text("{n} call", Some("{n} calls"));
        let cases: [(Text, Text, &[&str], &str); 8] = [
            (plain(), text("Away", None), &["El"], "has no entry"),
            (plain(), text("Away", None), &["El"], "has no use"),
            (plain(), plain(), &[""], "is not translated"),
            (plain(), plain(), &["Neki"], "other placeholders"),
            (plain(), plain(), &["{a} {b}"], "other placeholders"),
            (plain(), plain(), &["{a} …"], "other white space"),
            (calls(), calls(), &["{n} hívás"], "number of plural forms"),
            (calls(), calls(), &["{n}", "{x}"], "other placeholders"),
        ];
        for (source, entry, translations, expected) in cases {
            let faults = faults_with(source, entry, translations);
            let seen = faults.iter().any(|fault| fault.contains(expected));
            assert!(seen, "{translations:?}: {faults:?}, not {expected}");
        }
    }

    #[test]
    fn what_slint_fills_into_a_line_from_the_right_must_be_isolated() {
        let text = text("Call {}", None);
        let users = BTreeSet::from(["a.slint".to_owned()]);
        for (translation, isolated) in [
            ("اتصال بـ {}", false),
            ("اتصال بـ \u{2068}{}\u{2069}", true),
        ] {
            let mut catalogue = empty("ar", Language::Arabic.plural_forms());
            let translations = vec![translation.to_owned()];
            catalogue.append_or_update(message(&text, &users, String::new(), translations));
            let texts = vec![(text.clone(), users.clone())];
            let faults = faults(&texts, Language::Arabic, &catalogue);
            assert_eq!(faults.is_empty(), isolated, "{faults:?}");
        }
    }

    #[test]
    fn one_singular_with_and_without_a_plural_is_a_fault() {
        let users = BTreeSet::from(["a.rs".to_owned()]);
        let texts = [text("Call", None), text("Call", Some("Calls"))];
        let texts = texts.map(|text| (text, users.clone())).to_vec();
        let catalogue = updated(&texts, Language::Hungarian);
        let faults = faults(&texts, Language::Hungarian, &catalogue);
        let last = faults.last().unwrap();
        assert!(last.contains("with and without a plural"), "{faults:?}");
    }

    #[test]
    fn stretched_texts_are_40_percent_longer_and_keep_their_placeholders() {
        let text = "No client called {name} in the book";
        let stretched = stretch(text);
        assert!(
            stretched.ends_with(" Nö çlîéñt çàlléd {name} îñ thé böök"),
            "{stretched}"
        );
        let ratio = stretched.chars().count() * 100 / text.chars().count();
        assert!((140..145).contains(&ratio), "{ratio} %");
    }
}
