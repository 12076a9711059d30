//! The texts of the sources: `@tr(…)` in Slint, `tr!(…)`, `trn!(…)` and `tr_in!(…)` in Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What identifies a text in the catalogues.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    /// Empty where the text has none.
    pub context: String,
    pub id: String,
    pub plural: Option<String>,
}

/// Texts in the order of the sources, with the files that use them.
pub type Texts = Vec<(Text, BTreeSet<String>)>;

/// Every text of the program and its window.
pub fn texts_of_the_program() -> Texts {
    let mut files = Vec::new();
    for root in ["src", "ui"] {
        collect(Path::new(root), &mut files);
    }
    files.sort();
    let mut order = Vec::new();
    let mut users: BTreeMap<Text, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        for text in texts(&file, &fs::read_to_string(&file).unwrap()) {
            let files = users.entry(text.clone()).or_insert_with(|| {
                order.push(text);
                BTreeSet::new()
            });
            files.insert(file.clone());
        }
    }
    let with_users = |text: Text| {
        let users = users[&text].clone();
        (text, users)
    };
    order.into_iter().map(with_users).collect()
}

fn collect(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap().replace('\\', "/");
        if path.is_dir() {
            // The macros' own room and the window's tests show no texts to people.
            if !["src/i18n", "ui/tests", "ui/examples"].contains(&name.as_str()) {
                collect(&path, files);
            }
        } else if name.ends_with(".rs") || name.ends_with(".slint") {
            files.push(name);
        }
    }
}

/// The texts of one file. A text that is no literal is a mistake, and panics.
pub fn texts(file: &str, source: &str) -> Vec<Text> {
    let markers: &[&str] = if file.ends_with(".slint") {
        &["@tr("]
    } else {
        &["tr!(", "trn!(", "tr_in!("]
    };
    let mut found: Vec<(usize, Text)> = Vec::new();
    for marker in markers {
        for (at, _) in source.match_indices(marker) {
            let line_start = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let before = &source[line_start..at];
            let part_of_a_name = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if part_of_a_name || before.contains("//") {
                continue;
            }
            let text = text(&source[at + marker.len()..], marker).unwrap_or_else(|| {
                let line = source[..at].matches('\n').count() + 1;
                panic!("{file}:{line}: {marker}…) wants a text in quotes")
            });
            found.push((at, text));
        }
    }
    found.sort();
    found.into_iter().map(|(_, text)| text).collect()
}

/// What stands behind the marker: `"context" => "text"`, and the plural.
fn text(source: &str, marker: &str) -> Option<Text> {
    let (mut id, mut rest) = literal(source)?;
    let mut context = String::new();
    if let Some(behind) = rest.strip_prefix("=>") {
        context = id;
        (id, rest) = literal(behind)?;
    }
    let separator = match marker {
        "@tr(" => "|",
        "trn!(" => ",",
        _ => "\0",
    };
    let plural = rest.strip_prefix(separator).map(literal);
    let plural = match plural {
        None if marker == "trn!(" => return None,
        None => None,
        Some(plural) => Some(plural?.0),
    };
    Some(Text {
        context,
        id,
        plural,
    })
}

/// A string literal at the beginning, and what follows it and the white space behind it.
fn literal(source: &str) -> Option<(String, &str)> {
    let body = source.trim_start().strip_prefix('"')?;
    let mut text = String::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, body[at + 1..].trim_start())),
            '\\' => match chars.next()?.1 {
                'n' => text.push('\n'),
                // A Rust literal that goes on in the next line.
                '\n' => {
                    let ahead = chars.as_str();
                    let skipped = ahead.len() - ahead.trim_start().len();
                    for _ in ahead[..skipped].chars() {
                        chars.next();
                    }
                }
                'u' => {
                    let (code, _) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                    text.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
                    chars.by_ref().find(|(_, c)| *c == '}')?;
                }
                other => text.push(other),
            },
            c => text.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(id: &str) -> Text {
        Text {
            context: String::new(),
            id: id.into(),
            plural: None,
        }
    }

    #[test]
    fn texts_are_found_with_context_and_plural() {
        let slint = r#"text: a ? @tr("One") : @tr("verb" => "Two {}", b); // @tr("Three")
            n: @tr("{n} call" | "{n} calls" % Log.today(true));"#;
        let two = Text {
            context: "verb".into(),
            ..plain("Two {}")
        };
        let calls = Text {
            plural: Some("{n} calls".into()),
            ..plain("{n} call")
        };
        let found = texts("a.slint", slint);
        assert_eq!(found, [plain("One"), two.clone(), calls.clone()]);

        let rust = "tr!(\"One\"); /// tr!(…)\ntr!(\n  \"verb\" => \"Two {}\");
            trn!(\"{n} call\", \"{n} calls\", n = 3); str!(x); tr!(\"a \\\"\\u{41}\\n \\\n   b\")";
        let found = texts("a.rs", rust);
        assert_eq!(found, [plain("One"), two, calls, plain("a \"A\n b")]);
    }

    #[test]
    #[should_panic(expected = "a.rs:2: tr!(…) wants a text in quotes")]
    fn a_text_that_is_no_literal_is_a_mistake() {
        texts("a.rs", "\ntr!(text);");
    }
}
