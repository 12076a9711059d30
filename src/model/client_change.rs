//! What became of a client: field by field, before and after.

use std::collections::BTreeMap;

use super::{Client, ClientField};

impl Client {
    /// The fields whose texts differ: what this client has, and what the other has instead; an
    /// empty text where one of them says nothing.
    pub fn differences(&self, after: &Self) -> Vec<(ClientField, String, String)> {
        let mut new: BTreeMap<ClientField, String> = after.texts().into_iter().collect();
        let old: BTreeMap<ClientField, String> = self.texts().into_iter().collect();
        let mut differences = Vec::new();
        for (field, before) in old {
            let after = new.remove(&field).unwrap_or_default();
            if before != after {
                differences.push((field, before, after));
            }
        }
        let added = new.into_iter();
        differences.extend(added.map(|(field, after)| (field, String::new(), after)));
        differences
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn differences_are_what_changed_what_went_and_what_came() {
        let before = Client {
            company: "Steppe".into(),
            note: "Speak slowly".into(),
            ..Client::named("Ivan", Timestamp::UNIX_EPOCH)
        };
        let mut after = Client {
            company: "Duna".into(),
            note: String::new(),
            ..before.clone()
        };
        after.set_custom("Contract", "17");
        let told: Vec<String> = before
            .differences(&after)
            .into_iter()
            .map(|(field, before, after)| format!("{field}: {before:?} → {after:?}"))
            .collect();
        assert_eq!(
            told,
            [
                "company: \"Steppe\" → \"Duna\"",
                "note: \"Speak slowly\" → \"\"",
                "Contract: \"\" → \"17\""
            ]
        );
        assert!(before.differences(&before).is_empty());
    }
}
