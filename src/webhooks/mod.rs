//! How a web server is told of an event: what is sent, as Standard Webhooks 1.0 has it, and when the next
//! attempt is. No I/O: the time comes in as an argument.

mod courier;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

pub use self::courier::{Courier, Outcome, Verdict};

use crate::http::Request;
use crate::model::OutboxEvent;

/// The request that tells of `event` at the moment `now`, signed with `key`.
pub fn request(url: &str, key: &[u8], event: &OutboxEvent, now: Timestamp) -> Request {
    let id = format!("msg_{}", event.id);
    let timestamp = now.as_second();
    let signature = signature(key, &id, timestamp, &event.body);
    Request {
        method: "POST",
        target: url.to_owned(),
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ],
        body: event.body.clone().into_bytes(),
    }
}

/// `v1,` and the HMAC-SHA256 of id, seconds since 1970 and body, with dots between them.
fn signature(key: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::model::EventId;
    use crate::settings::signing_key;

    #[test]
    fn the_signature_is_that_of_the_specifications_example() {
        // The example of the reference libraries.
        let key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            "{\"test\": 2432232314}",
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_event_keeps_its_id_and_each_attempt_has_its_own_time() {
        let event = OutboxEvent {
            id: EventId::from_bytes([7; 16]),
            at: Timestamp::UNIX_EPOCH,
            body: "{\"event\":\"call\"}".to_owned(),
        };
        let at = |second| Timestamp::from_second(second).unwrap();
        let sent = |second| request("https://a.example/x", b"key", &event, at(second));
        let (first, second) = (sent(100), sent(160));
        assert_eq!(first.body, event.body.as_bytes());
        let header = |request: &Request, name: &str| {
            let mut headers = request.headers.iter();
            headers.find(|(known, _)| *known == name).unwrap().1.clone()
        };
        assert_eq!(header(&first, "webhook-timestamp"), "100");
        assert_eq!(header(&second, "webhook-timestamp"), "160");
        assert_eq!(header(&first, "webhook-id"), header(&second, "webhook-id"));
        assert_ne!(
            header(&first, "webhook-signature"),
            header(&second, "webhook-signature")
        );
    }
}
