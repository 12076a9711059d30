//! What this phone tells of itself, as a document for the server.

use std::fmt::Write as _;

/// Where a call of ours stands (RFC 4235 §3.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnDialog {
    /// Something rings, here or there.
    Early {
        /// We call.
        outgoing: bool,
    },
    /// People talk.
    Confirmed {
        /// We called.
        outgoing: bool,
    },
}

/// What others may know of this phone: that it is busy, never with whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnState {
    /// Its calls, each under a name that stays the same and says nothing of the other party.
    pub dialogs: Vec<(u64, OwnDialog)>,
    /// Nobody rings.
    pub do_not_disturb: bool,
}

impl OwnState {
    /// An `application/dialog-info+xml` of the address `entity` (RFC 4235 §4), its `version` one
    /// more than that of the document before.
    pub fn dialog_info(&self, entity: &str, version: u32) -> Vec<u8> {
        let mut text = format!(
            "<?xml version=\"1.0\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" \
             version=\"{version}\" state=\"full\" entity=\"{}\">\n",
            quick_xml::escape::escape(entity)
        );
        for (name, dialog) in &self.dialogs {
            let (state, outgoing) = match *dialog {
                OwnDialog::Early { outgoing } => ("early", outgoing),
                OwnDialog::Confirmed { outgoing } => ("confirmed", outgoing),
            };
            let direction = if outgoing { "initiator" } else { "recipient" };
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "<dialog id=\"d{name}\" direction=\"{direction}\"><state>{state}</state></dialog>"
            );
        }
        text.push_str("</dialog-info>\n");
        text.into_bytes()
    }

    /// An `application/pidf+xml` of the address `entity` (RFC 3863), with what the person does
    /// (RFC 4480 §3.2).
    pub fn pidf(&self, entity: &str) -> Vec<u8> {
        let talks = |(_, dialog): &(u64, OwnDialog)| matches!(dialog, OwnDialog::Confirmed { .. });
        let basic = if self.do_not_disturb {
            "closed"
        } else {
            "open"
        };
        let activity = match self.dialogs.iter().any(talks) {
            true => "<rpid:on-the-phone/>",
            false => "",
        };
        format!(
            "<?xml version=\"1.0\"?>\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
             xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
             xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"{}\">\n\
             <tuple id=\"phone\"><status><basic>{basic}</basic></status></tuple>\n\
             <dm:person id=\"person\"><rpid:activities>{activity}</rpid:activities></dm:person>\n\
             </presence>\n",
            quick_xml::escape::escape(entity)
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::presence::{DialogInfo, Dialogs, LampState};

    fn state(dialogs: &[OwnDialog]) -> OwnState {
        OwnState {
            dialogs: (1..).zip(dialogs.iter().copied()).collect(),
            do_not_disturb: false,
        }
    }

    #[test]
    fn our_own_lamps_read_what_we_publish() {
        let outgoing = true;
        let mut lamp = Dialogs::default();
        for (version, (dialogs, expected)) in (1..).zip([
            (&[][..], LampState::Idle),
            (&[OwnDialog::Early { outgoing }], LampState::Ringing),
            (
                &[
                    OwnDialog::Early { outgoing: false },
                    OwnDialog::Confirmed { outgoing },
                ],
                LampState::Talking,
            ),
            (&[], LampState::Idle),
        ]) {
            let document = state(dialogs).dialog_info("sip:a&\"b\"@c", version);
            lamp.take(DialogInfo::read(&document).unwrap());
            assert_eq!(lamp.lamp(), expected);
        }
    }

    #[test]
    fn presence_says_whether_calls_are_welcome_and_whether_somebody_talks() {
        let confirmed = OwnDialog::Confirmed { outgoing: false };
        let early = OwnDialog::Early { outgoing: false };
        let text = |state: &OwnState| String::from_utf8(state.pidf("sip:a@b")).unwrap();
        for (mut state, talks) in [
            (state(&[]), false),
            (state(&[early]), false),
            (state(&[early, confirmed]), true),
        ] {
            assert!(text(&state).contains("<basic>open</basic>"));
            assert_eq!(text(&state).contains("<rpid:on-the-phone/>"), talks);
            state.do_not_disturb = true;
            assert!(text(&state).contains("<basic>closed</basic>"));
        }
    }
}
