//! Mailboxes that take calls, as far as it is known: the line's own, and those that say what they are.
//!
//! Nothing is concluded from what merely may be: a message that waits in the line's mailbox after a
//! missed call may be another caller's.

use ringbook_sip::message::Uri;
use ringbook_sip::user_agent::CallHandle;

use super::Phone;
use super::account::LineInfo;
use super::target::Target;

impl Phone {
    /// Whether an address is the mailbox of this line: the one that the settings name, or the one that
    /// its server has told of (RFC 3842 §5.4 `Message-Account`).
    pub(super) fn is_mailbox(&self, line: Option<&LineInfo>, address: &Uri) -> bool {
        let first = self.lines.first().map(|line| line.info.as_ref());
        let Some(line) = line.or(first) else {
            return false;
        };
        let known = [line.mailbox.as_deref(), self.message_account(&line.aor)];
        let mut known = known.into_iter().flatten();
        known.any(|mailbox| {
            Target::parse(mailbox, line).is_ok_and(|target| leads_to_same(&target.uri, address))
        })
    }

    /// Whoever answers takes messages.
    pub(super) fn on_mailbox(&mut self, handle: CallHandle) {
        let id = self.calls.by_handle(handle);
        if let Some(call) = id.and_then(|id| self.calls.get_mut(id)) {
            call.mailbox = true;
        }
    }
}

/// Whether two addresses have the same user at the same host. Port and transport are the way there.
fn leads_to_same(one: &Uri, other: &Uri) -> bool {
    let host = |uri: &Uri| uri.host().map(|host| host.to_string().to_ascii_lowercase());
    one.user().is_some() && one.user() == other.user() && host(one) == host(other)
}
