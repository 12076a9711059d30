//! The words to greet a client with.

use super::{Client, ClientKind};

/// Languages in which the family's name stands first.
const FAMILY_FIRST: [&str; 5] = ["hu", "ja", "ko", "vi", "zh"];

/// `template` with the client's names in the places of `{first_name}`, `{last_name}`, `{name}` and
/// `{company}`; empty where one that it asks for is not known.
pub fn greeted(template: &str, client: &Client) -> String {
    let (first, last) = own_and_family_name(client);
    let values = [
        ("{first_name}", first),
        ("{last_name}", last),
        ("{name}", client.name.trim()),
        ("{company}", client.company.trim()),
    ];
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        match values.iter().find(|(name, _)| from.starts_with(name)) {
            Some((_, "")) => return String::new(),
            Some((name, value)) => {
                filled.push_str(value);
                rest = &from[name.len()..];
            }
            None => {
                filled.push('{');
                rest = &from[1..];
            }
        }
    }
    filled + rest
}

/// The client's own name and the family's, by the order of the client's language. A name of one
/// word is both; a company has neither.
pub fn own_and_family_name(client: &Client) -> (&str, &str) {
    if client.kind == ClientKind::Company {
        return ("", "");
    }
    let mut words = client.name.split_whitespace();
    let first = words.next().unwrap_or_default();
    let last = words.next_back().unwrap_or(first);
    let language = client.language.split(['-', '_']).next().unwrap_or_default();
    let is_family_first = FAMILY_FIRST
        .iter()
        .any(|known| known.eq_ignore_ascii_case(language));
    if is_family_first {
        (last, first)
    } else {
        (first, last)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn client(name: &str, language: &str) -> Client {
        let mut client = Client::named(name, Timestamp::UNIX_EPOCH);
        client.language = language.to_owned();
        client
    }

    #[test]
    fn s1_21_a_client_is_greeted_by_name() {
        let ivan = client("Ivan Petrov", "ru");
        assert_eq!(greeted("Hello, {first_name}!", &ivan), "Hello, Ivan!");
        let template = "Mr {last_name} ({name}) {x} {";
        assert_eq!(greeted(template, &ivan), "Mr Petrov (Ivan Petrov) {x} {");
        let janos = client("Kovács János", "hu-HU");
        assert_eq!(greeted("Szia, {first_name}!", &janos), "Szia, János!");
        let maria = client("Maria", "");
        assert_eq!(greeted("{first_name} {last_name}", &maria), "Maria Maria");
    }

    #[test]
    fn s1_21_nobody_is_greeted_by_a_name_that_is_not_known() {
        let nobody = client(" ", "");
        assert_eq!(greeted("Hello, {first_name}!", &nobody), "");
        assert_eq!(greeted("Alfa, {company}", &client("Ivan", "")), "");
        assert_eq!(greeted("Good day!", &nobody), "Good day!");
        let mut duna = client("Duna Kft.", "hu");
        duna.kind = ClientKind::Company;
        assert_eq!(greeted("Hello, {first_name}!", &duna), "");
        assert_eq!(greeted("Hello, {name}!", &duna), "Hello, Duna Kft.!");
        // What a client is called is never looked into.
        let sly = client("{company}", "");
        assert_eq!(greeted("Hello, {name}!", &sly), "Hello, {company}!");
    }
}
