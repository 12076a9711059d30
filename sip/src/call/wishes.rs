//! What an INVITE says of how the call came here and how it wants to be taken.

use crate::message::{Headers, NameAddr};
use crate::user_agent::Diversion;

/// Who sent the call on to us last, by `Diversion` (RFC 5806) or `History-Info` (RFC 7044).
pub(super) fn diversion(headers: &Headers) -> Option<Diversion> {
    // RFC 5806 §4: the latest stands on top.
    let diverted = headers.addresses("Diversion").into_iter().next();
    if let Some(address) = diverted {
        let reason = address.params.get_unquoted("reason");
        let reason = reason.map(|reason| reason.into_owned());
        return Some(made(&address, reason));
    }
    // RFC 7044 §10.2: who was left says why; the latest stands at the end.
    let history = headers.addresses("History-Info");
    history.iter().rev().find_map(|address| {
        let reason = address.uri.as_sip()?.header("Reason")?;
        let cause = reason
            .split(';')
            .find_map(|p| p.trim().strip_prefix("cause="));
        let reason = match cause?.trim() {
            "302" | "301" => "unconditional",
            "486" | "600" => "user-busy",
            "408" | "480" => "no-answer",
            _ => "unknown",
        };
        Some(made(address, Some(reason.to_owned())))
    })
}

fn made(address: &NameAddr, reason: Option<String>) -> Diversion {
    let mut uri = address.uri.clone();
    if let Some(sip) = uri.as_sip_mut() {
        sip.headers.clear();
    }
    Diversion {
        display: address.display.clone(),
        number_text: uri.user().map(|user| user.into_owned()),
        uri: uri.to_string(),
        reason,
    }
}

/// Whether the caller asks that nobody has to lift the receiver: `Answer-Mode` (RFC 5373), and
/// the `Call-Info` and `Alert-Info` of the PBXs.
pub(crate) fn asks_for_answer(headers: &Headers) -> bool {
    let says = |name: &str, word: &str| {
        let mut values = headers.list(name);
        values.any(|value| value.to_ascii_lowercase().contains(word))
    };
    let automatic = |name: &str| {
        let value = headers.get(name).unwrap_or_default();
        let value = value.split(';').next().unwrap_or_default();
        value.trim().eq_ignore_ascii_case("auto")
    };
    automatic("Answer-Mode")
        || automatic("Priv-Answer-Mode")
        || says("Call-Info", "answer-after=0")
        || [
            "answer-after=0",
            "auto-answer",
            "autoanswer",
            "auto answer",
            "ring answer",
        ]
        .iter()
        .any(|word| says("Alert-Info", word))
}
