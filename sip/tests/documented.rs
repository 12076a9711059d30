//! The list of what of which RFC is where.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let below = folders.iter().flat_map(|folder| rust_files(folder));
    files.into_iter().filter(is_rust).chain(below).collect()
}

/// `*names*` between single stars.
fn tests_named(text: &str) -> Vec<&str> {
    let is_name = |word: &&str| {
        word.contains('_')
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    text.split('*').filter(is_name).collect()
}

#[test]
fn every_test_that_the_list_of_rfcs_names_exists() {
    let list = std::fs::read_to_string(root().join("docs/RFC.md")).unwrap();
    let folders = ["sip", "media", "src", "tests"];
    let files = folders
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)));
    let code: String = files
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let named = tests_named(&list);
    assert!(named.len() > 50, "{}", named.len());
    let missing: Vec<_> = named
        .into_iter()
        .filter(|name| !code.contains(&format!("fn {name}(")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}
