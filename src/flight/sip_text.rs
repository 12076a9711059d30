//! What a ladder needs to know of a message's text. Far less than the reader of
//! `ringbook_sip::message`, and it never refuses: a message that cannot be read is on the ladder,
//! too.

/// The parts that say where a message belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Essentials<'a> {
    /// The status of a response.
    pub status: Option<u16>,
    /// The method of the request, or of the request that is answered; may be empty.
    pub method: &'a str,
    /// The `Call-ID`; may be empty.
    pub call_id: &'a str,
    /// The number of `CSeq`.
    pub seq: u32,
    /// The value of `To`; may be empty.
    pub to: &'a str,
}

impl<'a> Essentials<'a> {
    /// Reads them off the head of a message.
    pub fn of(text: &'a str) -> Self {
        let first = first_line(text);
        let status = status(first);
        let mut found = Self {
            status,
            method: match status {
                Some(_) => "",
                None => first.split(' ').next().unwrap_or_default(),
            },
            ..Self::default()
        };
        for (name, value) in headers(text) {
            if is(name, "Call-ID", "i") {
                found.call_id = value;
            } else if is(name, "To", "t") {
                found.to = value;
            } else if is(name, "CSeq", "CSeq") {
                let mut words = value.split_ascii_whitespace();
                found.seq = words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
                let method = words.next().unwrap_or_default();
                if status.is_some() {
                    found.method = method;
                }
            }
        }
        found
    }

    /// Whether it asks for a new dialog: a request without a tag in `To`.
    pub fn is_outside_dialog(&self) -> bool {
        self.status.is_none() && !self.to.to_ascii_lowercase().contains(";tag=")
    }

    /// The address in `To` without name and parameters: of a REGISTER, the address of record.
    pub fn to_address(&self) -> &'a str {
        let bare = match self.to.split_once('<') {
            Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
            None => self.to,
        };
        bare.split(';').next().unwrap_or_default().trim()
    }
}

/// The first line, without its end.
pub fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The status of a status line.
pub fn status(first_line: &str) -> Option<u16> {
    let rest = first_line.strip_prefix("SIP/2.0 ")?;
    rest.split(' ').next()?.parse().ok()
}

/// The header fields up to the empty line, names and values as written; folded lines are left out.
pub fn headers(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim_end(), value.trim()))
}

/// The value of the first header field of this name.
pub fn header<'a>(text: &'a str, long: &str, short: &str) -> Option<&'a str> {
    headers(text)
        .find(|(name, _)| is(name, long, short))
        .map(|(_, value)| value)
}

/// What stands behind the empty line.
pub fn body(text: &str) -> &str {
    text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

fn is(name: &str, long: &str, short: &str) -> bool {
    name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_its_response_are_found_by_the_same_essentials() {
        let request = "INVITE sip:b@c SIP/2.0\r\nVia: x\r\ni : 42@a\r\nt: \"B\" <sip:b@c;x>\r\n\
                       CSEQ:  7   INVITE\r\n\r\nCall-ID: of the body\r\n";
        let found = Essentials::of(request);
        assert_eq!(
            (found.status, found.method, found.call_id, found.seq),
            (None, "INVITE", "42@a", 7)
        );
        assert!(found.is_outside_dialog());
        assert_eq!(found.to_address(), "sip:b@c");

        let response = "SIP/2.0 486 Busy Here\r\nTo: <sip:b@c>;TAG=1\r\nCall-ID: 42@a\r\n\
                        CSeq: 7 INVITE\r\n\r\n";
        let found = Essentials::of(response);
        assert_eq!(
            (found.status, found.method, found.call_id, found.seq),
            (Some(486), "INVITE", "42@a", 7)
        );
        assert!(!found.is_outside_dialog());
    }

    #[test]
    fn rubbish_has_empty_essentials() {
        for text in ["", "\r\n", "SIP/2.0 abc", "no header here\r\nat all"] {
            let found = Essentials::of(text);
            assert_eq!((found.status, found.call_id, found.seq), (None, "", 0));
        }
    }
}
