//! Who calls, and why a call ended, as the peer's headers tell.

use super::wishes::diversion;
use crate::message::{Headers, NameAddr, Request};
use crate::user_agent::{CallerIdentity, IdentityHeader};

/// The caller of an INVITE, by the first of these headers that is there. `trusted`: it came from the
/// account's own proxy, whose assertions count (RFC 3325 §5).
pub(crate) fn caller(request: &Request, trusted: bool, order: &[IdentityHeader]) -> CallerIdentity {
    let asserted = trusted.then(|| asserted(&request.headers, order)).flatten();
    let diverted_by = trusted
        .then(|| diversion(&request.headers))
        .flatten()
        .map(Box::new);
    if is_hidden(request) {
        return CallerIdentity {
            hidden: true,
            asserted: asserted.is_some(),
            diverted_by,
            ..Default::default()
        };
    }
    let is_asserted = asserted.is_some();
    let address = asserted.unwrap_or_else(|| request.from.clone());
    CallerIdentity {
        // An asserted identity often comes without the name that From carries.
        display: address.display.or_else(|| request.from.display.clone()),
        number_text: address.uri.user().map(|user| user.into_owned()),
        uri: address.uri.to_string(),
        asserted: is_asserted,
        hidden: false,
        diverted_by,
    }
}

/// What a proxy asserts, unless From comes first.
fn asserted(headers: &Headers, order: &[IdentityHeader]) -> Option<NameAddr> {
    let before_from = order
        .iter()
        .take_while(|header| **header != IdentityHeader::From);
    let mut names = before_from.map(|header| match header {
        IdentityHeader::RemoteParty => "Remote-Party-ID",
        _ => "P-Asserted-Identity",
    });
    names.find_map(|name| headers.addresses(name).into_iter().next())
}

/// What stands in From for a caller who is not to be known: by RFC 3323 §4.1.1.3 the first, by
/// gateways to the telephone network the others.
const NOBODIES: [&str; 6] = [
    "anonymous",
    "restricted",
    "unavailable",
    "private",
    "withheld",
    "unknown",
];

/// RFC 3323 §4: the caller asked not to be named.
fn is_hidden(request: &Request) -> bool {
    let headers = &request.headers;
    let mut privacy = headers
        .get_all("Privacy")
        .flat_map(|value| value.split([';', ',']));
    let asks = |value: &str| {
        ["id", "user", "header"]
            .iter()
            .any(|known| value.trim().eq_ignore_ascii_case(known))
    };
    let restricted = headers.addresses("Remote-Party-ID").iter().any(|address| {
        address
            .params
            .get("privacy")
            .is_some_and(|value| value.eq_ignore_ascii_case("full"))
    });
    let anonymous = request.from.uri.user().is_some_and(|user| {
        let mut nobodies = NOBODIES.iter();
        nobodies.any(|nobody| user.eq_ignore_ascii_case(nobody))
    });
    let invalid = request
        .from
        .uri
        .host()
        .is_some_and(|host| host.to_string().eq_ignore_ascii_case("anonymous.invalid"));
    privacy.any(asks) || restricted || anonymous || invalid
}

/// A `Reason` header of the protocol SIP: cause and text (RFC 3326).
pub(super) fn sip_reason(headers: &Headers) -> Option<(u16, Option<String>)> {
    headers.list("Reason").find_map(|value| {
        // As an address's parameters, quoted strings are split and read right.
        let (protocol, _) = value.split_once(';')?;
        if !protocol.trim().eq_ignore_ascii_case("SIP") {
            return None;
        }
        let params = NameAddr::parse(&format!("<sip:reason.invalid>{}", &value[protocol.len()..]))
            .ok()?
            .params;
        let text = params.get_unquoted("text").map(|text| text.into_owned());
        Some((params.get("cause")?.parse().ok()?, text))
    })
}
