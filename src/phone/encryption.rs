//! Whether calls are encrypted: the line's policy, and what is told where it keeps a call from
//! coming about.

use ringbook_sip::user_agent::{End, EndCause};

use super::Phone;
use super::account::LineInfo;
use crate::model::{CallId, Direction};
use crate::settings::Srtp;
use crate::tr;

impl Phone {
    /// Whether calls of the line are encrypted; `None` is a call to our bare address.
    pub(super) fn srtp_of(&self, line: Option<&LineInfo>) -> Srtp {
        let own = line.and_then(|line| line.srtp);
        own.unwrap_or(self.settings.media.srtp)
    }

    /// Whether a call of ours came to nothing because the other side does not encrypt as it has to:
    /// it answered plain, or could take nothing of the offer (RFC 3261 §21.4.26).
    pub(super) fn is_unencrypted(&self, id: CallId, end: &End) -> bool {
        let call = self.calls.get(id).filter(|call| call.answered.is_none());
        let called = call.filter(|call| call.direction == Direction::Outgoing);
        let mandatory = called.is_some_and(|c| self.srtp_of(c.line.as_deref()) == Srtp::Mandatory);
        end.cause == EndCause::NotEncrypted || (mandatory && end.status == Some(488))
    }
}

/// Whether the policy lets an offer be taken that can be taken plain, and encrypted.
pub(super) fn may_be_taken(srtp: Srtp, [plain, encrypted]: [bool; 2]) -> bool {
    match srtp {
        Srtp::Off => plain,
        Srtp::Optional => plain || encrypted,
        Srtp::Mandatory => encrypted,
    }
}

/// Why there is no call with `party`, and what to do.
pub(super) fn encryption_trouble(srtp: Srtp, party: &str) -> String {
    match srtp {
        Srtp::Mandatory => tr!(
            "No call with {party}: it does not encrypt its calls, and this line asks for it (srtp = \"mandatory\")",
            party = party
        ),
        Srtp::Off | Srtp::Optional => tr!(
            "No call with {party}: it encrypts its calls, and this line does not (srtp = \"off\")",
            party = party
        ),
    }
}

/// Why our call to `party` came to nothing, and what may help.
pub(super) fn unencrypted_trouble(party: &str) -> String {
    tr!(
        "No call with {party}: it takes none of the ways in which this line encrypts (srtp = \"mandatory\"). If it knows keys in the signalling alone, keys_in_clear = true allows them",
        party = party
    )
}
