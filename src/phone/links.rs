//! Links that other programs hand over are dialled once a person has said so.

mod link;

pub use self::link::{Link, LinkError, is_link};

use super::command::{CommandError, Reply};
use super::target::Target;
use super::view::LinkView;
use super::{Answer, Phone};
use crate::model::CallOrigin;
use crate::now::Now;

/// What is known of links.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Somebody looks: there is a person who can be asked.
    watched: bool,
    /// What the person is asked about, the latest.
    pub(super) asked: Option<LinkView>,
}

impl Links {
    /// Whether a person is asked about this link, and dials it by saying yes.
    pub(super) fn is_asked(&self, target: &str) -> bool {
        self.asked
            .as_ref()
            .is_some_and(|asked| asked.target == target)
    }
}

impl Phone {
    /// Whether somebody looks. Whoever begins to look sees everything.
    pub fn set_watched(&mut self, on: bool) {
        self.links.watched = on;
        self.changed = true;
    }

    /// Asks about a link, or dials it where nobody is to be asked. A code, or a number for
    /// emergencies, never goes out by itself.
    pub(super) fn take_link(&mut self, now: Now, text: &str) -> Answer {
        let link = Link::parse(text)?;
        let line = self.lines.first().ok_or(CommandError::NoAccount)?;
        let party = Target::parse(&link.target, &line.info)?.party;
        let bare = link.target.strip_prefix("tel:").unwrap_or(&link.target);
        let is_emergency = self.lines.iter().any(|line| line.info.is_emergency(bare));
        let is_delicate = link.is_code || is_emergency;
        if !self.links.watched && is_delicate {
            return Err(CommandError::NobodyToAsk);
        }
        if !self.links.watched || !(is_delicate || self.settings.phone.ask_links) {
            return self.place_call(now, &link.target, None, false, CallOrigin::Link);
        }
        let is_address = bare.contains('@');
        let number = party.number.filter(|_| !is_address);
        let text = number.map_or_else(|| bare.to_owned(), |number| number.international());
        self.links.asked = Some(LinkView {
            target: link.target.clone(),
            text,
        });
        Ok(Reply::Asked { asked: link.target })
    }

    /// A person has answered.
    pub(super) fn forget_link(&mut self) -> Result<(), CommandError> {
        self.links.asked = None;
        Ok(())
    }
}
