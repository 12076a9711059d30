//! `application/simple-message-summary` (RFC 3842 §5.2).

use super::MessagesWaiting;

/// The longest address that is kept, octets.
const MAX_ADDRESS: usize = 512;

pub(super) fn read(document: &[u8]) -> Option<MessagesWaiting> {
    let text = std::str::from_utf8(document).ok()?;
    let mut waiting = None;
    let mut counts = (0, 0);
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "messages-waiting" => waiting = Some(value.trim().eq_ignore_ascii_case("yes")),
            "voice-message" => counts = new_and_old(value).unwrap_or_default(),
            _ => {}
        }
    }
    // The status line alone is mandatory.
    Some(MessagesWaiting {
        waiting: waiting?,
        new: counts.0,
        old: counts.1,
    })
}

/// `Message-Account`: the mailbox, to be called or to be sent to.
pub(super) fn account(document: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(document).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, address) =
        lines.find(|(name, _)| name.trim().eq_ignore_ascii_case("message-account"))?;
    let address = address.trim();
    let is_fit = !address.is_empty() && address.len() <= MAX_ADDRESS;
    is_fit.then(|| address.to_owned())
}

/// `2/8 (0/2)`: new and old, of these urgent.
fn new_and_old(value: &str) -> Option<(u32, u32)> {
    let all = value.split('(').next()?;
    let (new, old) = all.split_once('/')?;
    Some((new.trim().parse().ok()?, old.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_of_rfc_3842_is_read() {
        let document = b"Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\n\
                         Voice-Message: 2/8 (0/2)\r\n";
        let expected = MessagesWaiting {
            waiting: true,
            new: 2,
            old: 8,
        };
        assert_eq!(read(document), Some(expected));
        let address = account(document);
        assert_eq!(address.as_deref(), Some("sip:alice@vmail.example.com"));
        assert_eq!(
            account(b"Messages-Waiting: yes\r\nMessage-Account:\r\n"),
            None
        );
        assert_eq!(
            read(b"messages-waiting : NO\n"),
            Some(MessagesWaiting::default())
        );
    }

    #[test]
    fn what_is_no_summary_is_none_and_absurd_counts_are_no_counts() {
        assert_eq!(read(b""), None);
        assert_eq!(read(b"\xff\xfe"), None);
        assert_eq!(read(b"Voice-Message: 1/2\r\n"), None);
        let absurd = b"Messages-Waiting: yes\r\nVoice-Message: 99999999999/-1\r\n";
        let waiting = MessagesWaiting {
            waiting: true,
            ..MessagesWaiting::default()
        };
        assert_eq!(read(absurd), Some(waiting));
    }
}
