//! A link that another program hands over: `tel:`, `sip:`, `sips:`, `callto:`. It was written by a
//! stranger, so that nothing of it is dialled but whom to call, and nobody but a person dials a code.

use ringbook_sip::message::Uri;

/// The longest link, in octets.
const MAX_LINK: usize = 512;

/// Whom a link asks to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whom to call, to be dialled.
    pub target: String,
    /// Whether it is no plain number or address, but a code that does something: `*21*…#`.
    pub is_code: bool,
}

/// Why a link is nothing to call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Longer than any address.
    #[error("the link is too long to be an address ({0} octets, at most {MAX_LINK})")]
    TooLong(usize),
    /// It names nobody, or hides what it names.
    #[error(
        "the link cannot be called: {0}; allowed: tel:, sip:, sips: or callto: with a number or an \
         address"
    )]
    Unreadable(&'static str),
}

/// Whether a text begins as a link does.
pub fn is_link(text: &str) -> bool {
    split(text).is_some()
}

/// The scheme in lower case, and what it is about.
fn split(text: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = text.trim().split_once(':')?;
    let known = ["tel", "callto", "sip", "sips"];
    let known = known
        .into_iter()
        .find(|known| scheme.eq_ignore_ascii_case(known))?;
    Some((known, rest))
}

impl Link {
    /// Reads a link.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        if text.len() > MAX_LINK {
            return Err(LinkError::TooLong(text.len()));
        }
        let (scheme, rest) = split(text).ok_or(LinkError::Unreadable("it has another scheme"))?;
        // Some pages write tel://…
        let rest = rest.trim_start_matches('/');
        // Header fields of a sip: link go into requests; what others have behind the ? is not theirs.
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let named = unescaped(rest).ok_or(LinkError::Unreadable("it is not written in UTF-8"))?;
        if named.chars().any(is_hidden) {
            return Err(LinkError::Unreadable(
                "it holds characters that are not seen",
            ));
        }
        let (whom, params) = named.split_once(';').map_or((&*named, ""), |(a, b)| (a, b));
        let whom = whom.trim();
        if whom.is_empty() {
            return Err(LinkError::Unreadable("it names nobody"));
        }
        let user = whom.split('@').next().unwrap_or(whom);
        let target = match scheme {
            "tel" if !whom.chars().all(is_dialled) => {
                return Err(LinkError::Unreadable("it is no number"));
            }
            "tel" => number(whom, params),
            "callto" if !whom.contains(['@', ':']) => whom.to_owned(),
            "sips" => address("sips", rest)?,
            _ => address("sip", rest)?,
        };
        Ok(Self {
            target,
            is_code: user.contains(['*', '#']),
        })
    }
}

/// What a number is made of (RFC 3966 §3), and the spaces that people put into it.
fn is_dialled(c: char) -> bool {
    c.is_ascii_digit() || "+*#-.()/ ".contains(c)
}

/// A number with the extension behind it; other parameters are the network's.
fn number(whom: &str, params: &str) -> String {
    let extension = params.split(';').find_map(|param| {
        let (name, value) = param.split_once('=')?;
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        (name.eq_ignore_ascii_case("ext") && digits).then_some(value)
    });
    match extension {
        Some(extension) => format!("tel:{whom};ext={extension}"),
        None => whom.to_owned(),
    }
}

/// The address alone: a stranger's parameters do not choose the way of a call.
fn address(scheme: &str, rest: &str) -> Result<String, LinkError> {
    let unreadable = LinkError::Unreadable("it is no SIP address");
    let uri = Uri::parse(&format!("{scheme}:{rest}")).map_err(|_| unreadable.clone())?;
    let host = uri.host().ok_or(unreadable)?;
    let user = uri.user().map(|user| user.into_owned());
    let plain = Uri::sip(user.as_deref(), host.clone(), uri.port()).to_string();
    Ok(match scheme {
        "sips" => plain.replacen("sip:", "sips:", 1),
        _ => plain,
    })
}

/// Control characters, and those that turn the reading direction or are not seen at all.
fn is_hidden(c: char) -> bool {
    let unseen = matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    c.is_control() || unseen
}

/// `%2A` as `*`; none where that is no text.
fn unescaped(text: &str) -> Option<String> {
    let octets = text.as_bytes();
    let mut plain = Vec::with_capacity(octets.len());
    let mut at = 0;
    while let Some(&octet) = octets.get(at) {
        let digits = octets.get(at + 1..at + 3).filter(|_| octet == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                plain.push(escaped);
                at += 3;
            }
            None => {
                plain.push(octet);
                at += 1;
            }
        }
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn target(link: &str) -> String {
        Link::parse(link).unwrap().target
    }

    #[test]
    fn a_link_names_whom_to_call_and_nothing_else() {
        for (link, expected) in [
            ("tel:+7-701-111-22-33", "+7-701-111-22-33"),
            ("TEL:+77011112233", "+77011112233"),
            ("tel://+77011112233", "+77011112233"),
            ("tel:+7%20701%20111%2022%2033", "+7 701 111 22 33"),
            ("tel:+77011112233;ext=104", "tel:+77011112233;ext=104"),
            ("tel:104;phone-context=evil.example", "104"),
            ("tel:+77011112233?call", "+77011112233"),
            ("callto:+77011112233", "+77011112233"),
            ("callto://ivan", "ivan"),
            ("callto:ivan@office.example", "sip:ivan@office.example"),
            ("sip:ivan@office.example", "sip:ivan@office.example"),
            (
                "sips:ivan@office.example:5061",
                "sips:ivan@office.example:5061",
            ),
            (
                "sip:ivan@office.example;transport=tcp;lr",
                "sip:ivan@office.example",
            ),
            (
                "sip:ivan@office.example?Replaces=1%3Bto-tag%3D2&Route=%3Csip:x%3E",
                "sip:ivan@office.example",
            ),
            (
                "sip:ivan:secret@office.example;method=REFER",
                "sip:ivan@office.example",
            ),
        ] {
            assert_eq!(target(link), expected, "{link}");
        }
    }

    #[test]
    fn a_code_is_known_however_it_is_written() {
        for link in [
            "tel:*21*+77011112233",
            "tel:%2A21%2A104%23",
            "tel:*%2306%23",
            "callto:*98",
            "sip:*98@office.example",
            "sip:%2a98@office.example",
        ] {
            assert!(Link::parse(link).unwrap().is_code, "{link}");
        }
        assert!(!Link::parse("tel:+77011112233").unwrap().is_code);
    }

    #[test]
    fn a_hostile_link_is_refused_with_what_is_allowed() {
        let long = format!("tel:{}", "9".repeat(200_000));
        assert_eq!(Link::parse(&long), Err(LinkError::TooLong(200_004)));
        for link in [
            "",
            "tel:",
            "tel:%20",
            "tel:;ext=1",
            "http://office.example",
            "+77011112233",
            "--headless",
            "tel:+7701\n1112233",
            "tel:+7701%0d%0aEvil:1",
            "tel:+7701%00",
            "tel:%E2%80%AE33221",
            "tel:%ff%fe",
            "tel:sip:evil@office.example",
            "tel:ivan@office.example",
            "callto:sip:evil",
            "sip:",
            "sip:ivan@",
            "sip:i van@office.example",
            "sip:ivan@office.example\u{202e}",
        ] {
            let error = Link::parse(link).unwrap_err().to_string();
            assert!(error.contains("allowed: tel:"), "{link:?}: {error}");
        }
        assert!(is_link("SIPS:x") && is_link("tel:") && !is_link("office:1") && !is_link("104"));
    }
}
