//! The dialog that a call is to take over (RFC 3891).

use std::fmt;

use super::{Call, State};
use crate::dialog::DialogId;
use crate::message::{Headers, NameAddr, Uri};
use crate::user_agent::{CommandError, End, EndCause, EndedBy, Endpoint};

/// A `Replaces` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replaces {
    call_id: String,
    to_tag: String,
    from_tag: String,
    early_only: bool,
}

impl Replaces {
    /// The header of an INVITE. The error: there are several, or it cannot be read: 400.
    pub(crate) fn of(headers: &Headers) -> Result<Option<Replaces>, ()> {
        let mut values = headers.get_all("Replaces");
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => Replaces::parse(value).map(Some).ok_or(()),
            (Some(_), Some(_)) => Err(()),
        }
    }

    pub(super) fn parse(value: &str) -> Option<Replaces> {
        let (call_id, params) = value.split_once(';')?;
        // As an address's parameters, they are read with all their rules.
        let params = NameAddr::parse(&format!("<sip:replaces.invalid>;{params}"));
        let params = params.ok()?.params;
        let once = |name: &str| {
            let mut values = params
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name));
            match (values.next(), values.next()) {
                (Some((_, value)), None) => value.map(str::to_owned),
                _ => None,
            }
        };
        let call_id = call_id.trim();
        (!call_id.is_empty() && !call_id.contains(' ')).then_some(())?;
        Some(Replaces {
            call_id: call_id.to_owned(),
            to_tag: once("to-tag")?,
            from_tag: once("from-tag")?,
            early_only: params.has("early-only"),
        })
    }

    /// RFC 3891 §3: the to-tag is ours, the from-tag the peer's, never the other way round.
    pub(crate) fn dialog(&self) -> DialogId {
        DialogId {
            call_id: self.call_id.clone(),
            local_tag: self.to_tag.clone(),
            remote_tag: self.from_tag.clone(),
        }
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Replaces {
            call_id,
            to_tag,
            from_tag,
            early_only,
        } = self;
        write!(f, "{call_id};to-tag={to_tag};from-tag={from_tag}")?;
        if *early_only {
            write!(f, ";early-only")?;
        }
        Ok(())
    }
}

impl Call {
    /// This call's dialog as another party has to name it, the tags seen from our peer's side,
    /// and where that peer is. Behind our own proxy it is found by its address of record: its
    /// Contact may lie behind a NAT (RFC 5589 §7.3).
    pub(crate) fn to_replace(&self) -> Result<(Uri, Replaces), CommandError> {
        let State::Talking(talking) = &self.state else {
            return Err(CommandError::WrongState);
        };
        let target = match self.origin.home {
            true => talking.dialog.remote().uri.clone(),
            false => talking.dialog.target().clone(),
        };
        let id = &talking.dialog.id;
        let replaces = Replaces {
            call_id: id.call_id.clone(),
            to_tag: id.remote_tag.clone(),
            from_tag: id.local_tag.clone(),
            early_only: false,
        };
        Ok((target, replaces))
    }

    /// Whether a new call may take this one's place, or the status to refuse it with
    /// (RFC 3891 §3).
    pub(crate) fn may_be_replaced(&self, replaces: &Replaces) -> Result<(), u16> {
        match &self.state {
            _ if self.ended => Err(603),
            State::Talking(_) if replaces.early_only => Err(486),
            // An early dialog only where we are the caller.
            State::Talking(_) | State::Inviting(_) => Ok(()),
            State::Offered(_) => Err(481),
            State::Leaving(_) | State::Over => Err(603),
        }
    }

    /// Another call has taken its place: the program is told so, then it is hung up.
    pub(crate) fn end_replaced(&mut self, endpoint: &mut Endpoint) {
        self.end(
            endpoint,
            End {
                by: EndedBy::Remote,
                status: None,
                reason: None,
                cause: EndCause::Replaced,
            },
        );
    }
}
