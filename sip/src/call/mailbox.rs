//! Whether whoever answers our call takes messages for somebody, as far as its words say so. What is
//! not said is not guessed: a voice that asks for a message is not heard here.

use crate::message::{Request, Response, Uri};

/// Whether the party behind this 2xx takes messages: it says so of itself, or the call was sent to an
/// address that is a mailbox's.
pub(super) fn takes_messages(request: &Request, response: &Response) -> bool {
    is_message_taker(response) || is_mailbox(&request.uri) || was_sent_to_mailbox(response)
}

/// RFC 3840 §10 (`sip.actor`): a device that takes messages on behalf of its principal.
fn is_message_taker(response: &Response) -> bool {
    response.headers.contacts().iter().any(|contact| {
        let actor = contact.params.get_unquoted("actor");
        actor.is_some_and(|actor| actor.eq_ignore_ascii_case("msg-taker"))
    })
}

/// RFC 4458 §2: the address of a mailbox names whose it is, and why the call comes there.
fn is_mailbox(uri: &Uri) -> bool {
    uri.has_param("target") && uri.has_param("cause")
}

/// RFC 7044 §10.3: where the call was sent last stands at the end.
fn was_sent_to_mailbox(response: &Response) -> bool {
    let history = response.headers.addresses("History-Info");
    history.last().is_some_and(|last| is_mailbox(&last.uri))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::message::{Message, parse_datagram};

    fn takes(uri: &str, headers: &str) -> bool {
        let message = |start: &str, headers: &str| {
            let text = format!(
                "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b.example>;tag=1\r\n\
                 To: <sip:bob@b.example>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n{headers}\
                 Content-Length: 0\r\n\r\n"
            );
            parse_datagram(text.as_bytes()).unwrap()
        };
        let request = message(&format!("INVITE {uri} SIP/2.0"), "Max-Forwards: 70\r\n");
        let response = message("SIP/2.0 200 OK", headers);
        match (request, response) {
            (Message::Request(request), Message::Response(response)) => {
                takes_messages(&request, &response)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn s5_5_a_mailbox_is_known_by_what_it_or_its_address_says() {
        let bob = "sip:bob@b.example";
        assert!(takes(
            bob,
            "Contact: <sip:vm@b.example>;automata;actor=\"msg-taker\"\r\n"
        ));
        assert!(takes(
            "sip:voicemail@b.example;target=bob%40b.example;cause=486",
            ""
        ));
        let history = "History-Info: <sip:bob@b.example?Reason=SIP%3Bcause%3D480>;index=1, \
                       <sip:vm@b.example;target=bob%40b.example;cause=408>;index=1.1\r\n";
        assert!(takes(bob, history));
    }

    #[test]
    fn s5_5_what_does_not_say_so_is_no_mailbox() {
        let bob = "sip:bob@b.example";
        assert!(!takes(bob, ""));
        // An announcement, a conference, a robot: none of them is known to take messages.
        assert!(!takes(bob, "Contact: <sip:x@b.example>;automata\r\n"));
        assert!(!takes(
            bob,
            "Contact: <sip:x@b.example>;actor=\"attendant\"\r\n"
        ));
        // RFC 7544 gives the cause of any diversion, to people as well.
        assert!(!takes("sip:carol@b.example;cause=302", ""));
        let history = "History-Info: <sip:vm@b.example;target=bob;cause=408>;index=1, \
                       <sip:carol@b.example>;index=1.1\r\n";
        assert!(!takes(bob, history));
    }
}
