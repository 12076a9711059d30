//! `application/dialog-info+xml` (RFC 4235): the dialogs of a user agent, whole or what changed.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::LampState;

/// The most octets of a document, the deepest nesting, the most dialogs of one phone.
const LONGEST: usize = 64 * 1024;
const DEEPEST: usize = 16;
const DIALOGS: usize = 256;
/// The longest id that is told apart from others.
const ID: usize = 256;

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DialogInfo {
    /// Rises by one with each.
    pub version: u32,
    /// It names every dialog; otherwise only those that changed.
    pub full: bool,
    /// Dialogs by their id.
    pub dialogs: Vec<(String, DialogState)>,
}

/// Where a dialog stands (RFC 4235 §3.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialogState {
    /// trying, proceeding, early
    Early,
    /// confirmed
    Confirmed,
    /// terminated
    Terminated,
}

/// Why a document is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Larger, deeper or longer than any that is meant well.
    #[error("the document is too large")]
    TooLarge,
    /// No well-formed XML, or with a document type, which may hold anything.
    #[error("the document cannot be read")]
    Malformed,
    /// Something else.
    #[error("the document is no dialog-info")]
    Other,
}

impl DialogInfo {
    /// Reads a document.
    pub fn read(document: &[u8]) -> Result<Self, DocumentError> {
        if document.len() > LONGEST {
            return Err(DocumentError::TooLarge);
        }
        let text = std::str::from_utf8(document).map_err(|_| DocumentError::Malformed)?;
        let mut reader = Reader::from_str(text);
        let mut reading = Reading::default();
        loop {
            match reader.read_event().map_err(|_| DocumentError::Malformed)? {
                Event::Start(element) => reading.begin(&element, false)?,
                Event::Empty(element) => reading.begin(&element, true)?,
                Event::End(_) => reading.end(),
                Event::Text(text) => reading.text(&text),
                // RFC 4235 needs no document type; entities of one's own come with it.
                Event::DocType(_) => return Err(DocumentError::Malformed),
                Event::Eof => return reading.finish(),
                _ => {}
            }
        }
    }
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    depth: usize,
    found: Option<DialogInfo>,
    /// In a `state` of a `dialog`.
    in_state: bool,
}

impl Reading {
    fn begin(&mut self, element: &BytesStart<'_>, is_empty: bool) -> Result<(), DocumentError> {
        let name = element.local_name();
        match (self.depth, name.as_ref(), &mut self.found) {
            (0, b"dialog-info", None) => {
                self.found = Some(DialogInfo {
                    version: attribute(element, "version")
                        .and_then(|text| text.trim().parse().ok())
                        .unwrap_or(0),
                    full: attribute(element, "state").is_none_or(|state| state != "partial"),
                    dialogs: Vec::new(),
                });
            }
            (0, ..) => return Err(DocumentError::Other),
            (1, b"dialog", Some(info)) => {
                if info.dialogs.len() == DIALOGS {
                    return Err(DocumentError::TooLarge);
                }
                let mut id = attribute(element, "id").unwrap_or_default();
                id.truncate(id.floor_char_boundary(ID));
                // A dialog that does not say how it stands is about to be.
                info.dialogs.push((id, DialogState::Early));
            }
            (2, b"state", Some(_)) => self.in_state = !is_empty,
            _ => {}
        }
        if !is_empty {
            self.depth += 1;
        }
        match self.depth > DEEPEST {
            true => Err(DocumentError::TooLarge),
            false => Ok(()),
        }
    }

    fn end(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.in_state = false;
    }

    fn text(&mut self, text: &[u8]) {
        let dialog = self.found.as_mut().and_then(|info| info.dialogs.last_mut());
        if let (true, Some((_, state))) = (self.in_state, dialog) {
            *state = match text.trim_ascii() {
                b"confirmed" => DialogState::Confirmed,
                b"terminated" => DialogState::Terminated,
                _ => DialogState::Early,
            };
        }
    }

    fn finish(self) -> Result<DialogInfo, DocumentError> {
        match self.depth {
            0 => self.found.ok_or(DocumentError::Other),
            _ => Err(DocumentError::Malformed),
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    std::str::from_utf8(&attribute.value)
        .ok()
        .map(str::to_owned)
}

/// The dialogs of one phone, from document to document.
#[derive(Debug, Clone, Default)]
pub struct Dialogs {
    version: Option<u32>,
    known: BTreeMap<String, DialogState>,
}

impl Dialogs {
    /// Takes the next document. One that is older than what is known says nothing (RFC 4235 §4.4).
    pub fn take(&mut self, info: DialogInfo) {
        if self.version.is_some_and(|known| info.version <= known) {
            return;
        }
        self.version = Some(info.version);
        if info.full {
            self.known.clear();
        }
        for (id, state) in info.dialogs {
            match state {
                DialogState::Terminated => drop(self.known.remove(&id)),
                _ if self.known.len() >= DIALOGS => {}
                state => drop(self.known.insert(id, state)),
            }
        }
    }

    /// What they come to.
    pub fn lamp(&self) -> LampState {
        let any = |wanted| self.known.values().any(|state| *state == wanted);
        if any(DialogState::Confirmed) {
            LampState::Talking
        } else if any(DialogState::Early) {
            LampState::Ringing
        } else {
            LampState::Idle
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn document(version: u32, state: &str, dialogs: &[(&str, &str)]) -> String {
        let dialogs = dialogs.iter().map(|(id, state)| {
            format!("<dialog id=\"{id}\" direction=\"initiator\"><state code=\"1\">{state}</state></dialog>")
        });
        format!(
            "<?xml version=\"1.0\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" \
             version=\"{version}\" state=\"{state}\" entity=\"sip:102@office\">{}</dialog-info>",
            dialogs.collect::<String>()
        )
    }

    fn lamp_after(documents: &[String]) -> LampState {
        let mut dialogs = Dialogs::default();
        for document in documents {
            dialogs.take(DialogInfo::read(document.as_bytes()).unwrap());
        }
        dialogs.lamp()
    }

    #[test]
    fn a_phones_states_make_its_lamp() {
        for (state, lamp) in [
            ("trying", LampState::Ringing),
            ("proceeding", LampState::Ringing),
            ("early", LampState::Ringing),
            (" confirmed\n", LampState::Talking),
            ("terminated", LampState::Idle),
        ] {
            assert_eq!(lamp_after(&[document(0, "full", &[("a", state)])]), lamp);
        }
        assert_eq!(lamp_after(&[document(0, "full", &[])]), LampState::Idle);
        let two = document(0, "full", &[("a", "early"), ("b", "confirmed")]);
        assert_eq!(lamp_after(&[two]), LampState::Talking);
    }

    #[test]
    fn a_partial_document_changes_what_it_names_and_a_full_one_replaces_all() {
        let begin = document(1, "full", &[("a", "confirmed"), ("b", "early")]);
        let partial = document(2, "partial", &[("a", "terminated")]);
        assert_eq!(
            lamp_after(&[begin.clone(), partial.clone()]),
            LampState::Ringing
        );
        let full = document(3, "full", &[]);
        assert_eq!(lamp_after(&[begin, partial, full]), LampState::Idle);
    }

    #[test]
    fn an_older_document_says_nothing() {
        let now = document(7, "full", &[("a", "confirmed")]);
        let old = document(6, "full", &[]);
        assert_eq!(lamp_after(&[now.clone(), old, now]), LampState::Talking);
    }

    #[test]
    fn prefixes_empty_elements_and_strangers_elements_are_read_over() {
        let text = "<d:dialog-info xmlns:d=\"x\" version=\"1\" state=\"full\"><d:dialog id=\"a\">\
                    <d:state>confirmed</d:state><x:state>terminated</x:state><d:local><d:state>terminated</d:state>\
                    </d:local></d:dialog><other/></d:dialog-info>";
        let info = DialogInfo::read(text.as_bytes()).unwrap();
        assert_eq!(info.dialogs.len(), 1);
        let bare = DialogInfo::read(b"<dialog-info><dialog/></dialog-info>").unwrap();
        assert_eq!(bare.dialogs, [(String::new(), DialogState::Early)]);
    }

    #[test]
    fn hostile_documents_are_refused_and_cost_little() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]>\
                    <dialog-info>&c;</dialog-info>";
        assert_eq!(
            DialogInfo::read(bomb.as_bytes()),
            Err(DocumentError::Malformed)
        );
        let deep = "<dialog-info>".to_owned() + &"<a>".repeat(1000);
        assert_eq!(
            DialogInfo::read(deep.as_bytes()),
            Err(DocumentError::TooLarge)
        );
        let many = document(1, "full", &[("a", "early"); 300]);
        assert_eq!(
            DialogInfo::read(many.as_bytes()),
            Err(DocumentError::TooLarge)
        );
        let long = " ".repeat(LONGEST + 1);
        assert_eq!(
            DialogInfo::read(long.as_bytes()),
            Err(DocumentError::TooLarge)
        );
        for text in [
            "<dialog-info>",
            "<a/>",
            "",
            "no xml",
            "<dialog-info></a>",
            "\u{0}",
        ] {
            assert!(DialogInfo::read(text.as_bytes()).is_err(), "{text:?}");
        }
        let endless: Vec<String> = (0..100)
            .map(|n| {
                let ids: Vec<String> = (0..100).map(|m| format!("{n}-{m}")).collect();
                let dialogs: Vec<(&str, &str)> =
                    ids.iter().map(|id| (id.as_str(), "early")).collect();
                document(n, "partial", &dialogs)
            })
            .collect();
        let mut dialogs = Dialogs::default();
        for document in &endless {
            dialogs.take(DialogInfo::read(document.as_bytes()).unwrap());
        }
        assert_eq!(dialogs.known.len(), DIALOGS);
    }

    proptest! {
        #[test]
        fn no_document_panics(document in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = DialogInfo::read(&document);
        }

        #[test]
        fn no_damaged_document_panics(at in 0usize..200, octet in any::<u8>()) {
            let mut bytes = document(1, "full", &[("a", "early")]).into_bytes();
            let place = at % bytes.len();
            bytes[place] = octet;
            let _ = DialogInfo::read(&bytes);
        }
    }
}
