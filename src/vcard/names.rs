//! `FN` and `N`: the name as people say it, and its parts.

use super::text::{escaped, plain};
use crate::model::{Client, ClientKind, ClientPhone, own_and_family_name};

/// The values of `FN` and `N`. A client without a name is shown as company or number; its
/// `N` is empty, so that it comes back without a name.
pub(super) fn values(client: &Client) -> [String; 2] {
    let number = client.phones.first().map(ClientPhone::plain);
    let name = plain(&client.name);
    if name.is_empty() {
        let others = [plain(&client.company), number.unwrap_or_default()];
        let shown = others.into_iter().find(|text| !text.is_empty());
        return [escaped(&shown.unwrap_or_default()), ";;;;".to_owned()];
    }
    [escaped(&name), parts(client, &name)]
}

/// Family, own, further names, before and behind (RFC 6350 §6.2.2).
fn parts(client: &Client, name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let (own, family) = own_and_family_name(client);
    match *words {
        _ if client.kind == ClientKind::Company => format!("{};;;;", escaped(name)),
        [] | [_] => format!(";{};;;", escaped(name)),
        [_, ref middle @ .., _] => {
            let parts = [family, own, &middle.join(" ")].map(escaped);
            format!("{};;", parts.join(";"))
        }
    }
}

/// The client's name by `FN`, or by the parts of `N`; `is_other` tells of a text whether it only
/// repeats the company or a number.
pub(super) fn name(full: &str, parts: &[String], is_other: impl Fn(&str) -> bool) -> String {
    let part = |at: usize| parts.get(at).map_or("", |part| part.trim());
    let in_order = [3, 1, 2, 0, 4].map(part);
    let composed: Vec<&str> = in_order
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    match full {
        "" => composed.join(" "),
        full if parts.iter().all(String::is_empty) && is_other(full) => String::new(),
        full => full.to_owned(),
    }
}
