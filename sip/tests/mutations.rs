//! Damaged messages: whatever arrives, nothing panics, and what is accepted survives the wire.

use crate::corpora;

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use ringbook_sip::auth::Challenge;
use ringbook_sip::message::{
    Headers, Host, Message, NameAddr, Params, StreamReader, Uri, Via, parse_datagram, quote,
    unquote,
};
use ringbook_sip::sdp::{
    self, Beside, Codec, CryptoKey, CryptoSuite, Direction, Dtls, LocalMedia, Protection,
    SrtpPolicy,
};

const MESSAGES: usize = 20_000;
const DESCRIPTIONS: usize = 5_000;

const INVITE: &str = "INVITE sip:bob%20b@[2001:db8::1]:5070;transport=tcp SIP/2.0\r\n\
    Via: SIP/2.0/TCP [::1]:5070;branch=z9hG4bK1;rport, SIP / 2.0 / UDP a.example;received=192.0.2.1\r\n\
    v: SIP/2.0/TLS b.example\r\nMax-Forwards: 70\r\n\
    f: \"Al \\\"ice\\\"\" <sip:alice@example.com;x=%41>;tag=a\r\nTo :\r\n <tel:+7-701-111>\r\n\
    i: 1@example.com\r\nCSeq: 1 INVITE\r\nm: <sip:a@[::1];ob>;q=0.5, \"b, c\" <sip:b@c?d=e>\r\n\
    Record-Route: <sip:p;lr>,<sip:q;lr>\r\nc: application/sdp\r\nl: 3\r\n\r\nv=0";

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=audio 5000 RTP/AVP 96 0 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1;stereo=1\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=rtcp:5009 IN IP4 192.0.2.9\r\na=ptime:20\r\na=sendonly\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^31\r\n\
    a=setup:actpass\r\na=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\
    10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n\
    m=video 0 RTP/AVP 31\r\n";

/// Octets that mean something to some parser.
const TELLING: &[u8] = b"\r\n \t\",;:<>@%\\[]/?=&.*0\0\xff";

/// Changes one to four places: an octet replaced, put in, taken out, a piece doubled or cut off.
fn damage(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    for _ in 0..1 + rng.next_u32() % 4 {
        if bytes.is_empty() {
            return;
        }
        let at = rng.next_u32() as usize % bytes.len();
        let octet = match rng.next_u32() % 2 {
            0 => TELLING[rng.next_u32() as usize % TELLING.len()],
            _ => rng.next_u32() as u8,
        };
        match rng.next_u32() % 5 {
            0 => bytes[at] = octet,
            1 => bytes.insert(at, octet),
            2 => drop(bytes.remove(at)),
            3 => {
                let end = (at + 1 + rng.next_u32() as usize % 40).min(bytes.len());
                bytes.splice(at..at, bytes[at..end].to_vec());
            }
            _ => bytes.truncate(at),
        }
    }
}

fn corpus(name: &str, extension: &str, own: &str) -> Vec<Vec<u8>> {
    let others = corpora::folder(name).map(|folder| corpora::files(&folder, extension));
    let others = others
        .unwrap_or_default()
        .into_iter()
        .map(|(_, bytes)| bytes);
    others.chain([own.as_bytes().to_vec()]).collect()
}

#[test]
fn damaged_messages_are_refused_or_survive_the_wire() {
    let seeds = corpus("rfc4475", "dat", INVITE);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut accepted = 0;
    for round in 0..MESSAGES {
        let mut bytes = seeds[round % seeds.len()].clone();
        damage(&mut rng, &mut bytes);
        let read = parse_datagram(&bytes);
        let mut stream = StreamReader::new();
        stream.push(&bytes);
        while stream.next().is_some() {}
        match read {
            Ok(message) => {
                accepted += 1;
                let again = parse_datagram(&message.to_bytes());
                assert_eq!(again.as_ref(), Ok(&message), "{}", bytes.escape_ascii());
                message
                    .as_request()
                    .map(|request| &request.headers)
                    .map(look_at);
            }
            Err(error) => {
                let answer = error
                    .respond_to()
                    .map(|partial| partial.response(400, "x", "t"));
                let answer = answer.map(|bytes| parse_datagram(&bytes));
                // No answer of ours is mistaken for a request.
                assert!(!matches!(answer, Some(Ok(Message::Request(_)))));
            }
        }
    }
    assert!(accepted > MESSAGES / 20, "{accepted}");
}

fn key(suite: CryptoSuite) -> CryptoKey {
    CryptoKey {
        suite,
        octets: vec![7; suite.key_len()],
    }
}

fn look_at(headers: &Headers) {
    let _ = (
        headers.contacts(),
        headers.routes(),
        headers.record_routes(),
        headers.media_type(),
    );
    let _ = headers
        .get_all("Authorization")
        .map(Challenge::parse)
        .count();
}

#[test]
fn damaged_descriptions_are_refused_or_answered() {
    let seeds = corpus("webrtc-sdp", "sdp", OFFER);
    let local = LocalMedia {
        address: "192.0.2.1".parse().unwrap(),
        rtp_port: 4000,
        rtcp_port: None,
        codecs: vec![Codec::Opus, Codec::Pcmu],
        opus_dtx: false,
        direction: Direction::SendRecv,
        srtp: SrtpPolicy::Off,
        dtls: None,
        keys: Vec::new(),
        ice: None,
        session_id: 1,
        version: 1,
        beside: Beside::default(),
    };
    let encrypting = LocalMedia {
        srtp: SrtpPolicy::Mandatory,
        dtls: Some(Dtls {
            fingerprint: [7; 32],
            active: None,
            keys_in_clear: true,
        }),
        keys: CryptoSuite::ALL.map(key).into(),
        ice: None,
        ..local.clone()
    };
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (mut answered, mut encrypted) = (0, 0);
    for round in 0..DESCRIPTIONS {
        // Every other one is our own, the only one that can be answered.
        let seed = if round % 2 == 0 {
            seeds.len() - 1
        } else {
            round % seeds.len()
        };
        let mut bytes = seeds[seed].clone();
        damage(&mut rng, &mut bytes);
        let _ = sdp::accept(&local, &bytes);
        let _ = sdp::accept(&encrypting, &bytes);
        if let Ok((_, plan)) = sdp::answer(&encrypting, &bytes) {
            encrypted += 1;
            match plan.protection {
                Protection::None => panic!("plain: {}", bytes.escape_ascii()),
                Protection::Sdes { receive, .. } => {
                    assert_eq!(receive.octets.len(), receive.suite.key_len());
                }
                Protection::Dtls { fingerprints, .. } => assert!(!fingerprints.is_empty()),
            }
        }
        if let Ok((answer, plan)) = sdp::answer(&local, &bytes) {
            answered += 1;
            assert!(plan.receive_pts.contains(&(plan.send_pt, plan.codec)));
            let lines = |bytes: &[u8]| {
                bytes
                    .split(|b| *b == b'\n')
                    .filter(|l| l.starts_with(b"m="))
                    .count()
            };
            assert_eq!(lines(&answer), lines(&bytes), "{}", bytes.escape_ascii());
        }
    }
    assert!(answered > DESCRIPTIONS / 10, "{answered}");
    assert!(encrypted > DESCRIPTIONS / 10, "{encrypted}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_octets_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(parse_datagram(&bytes).is_err());
        let mut stream = StreamReader::new();
        stream.push(&bytes);
        while stream.next().is_some() {}
    }

    #[test]
    fn any_text_is_quoted_and_unquoted(text in "\\PC*") {
        let quoted = quote(&text);
        prop_assert_eq!(unquote(&quoted), text);
    }

    #[test]
    fn any_display_name_survives_the_wire(display in "\\PC+", tag in "[a-z0-9]{1,9}") {
        let mut address = NameAddr::new(Uri::parse("sip:a@b").unwrap());
        address.display = Some(display);
        address.set_tag(&tag);
        prop_assert_eq!(NameAddr::parse(&address.to_string()), Ok(address));
    }

    #[test]
    fn any_user_survives_the_wire(user in "\\PC+") {
        let uri = Uri::sip(Some(&user), Host::Domain("example.com".to_owned()), None);
        let read = Uri::parse(&uri.to_string()).unwrap();
        prop_assert_eq!(read.user().unwrap(), user);
        prop_assert_eq!(read, uri);
    }

    #[test]
    fn any_text_is_a_value_or_none_without_a_panic(text in "[\\PC\"<>;,=@%\\[\\]:]*") {
        let _ = (Uri::parse(&text), NameAddr::parse(&text), Via::parse(&text), Host::parse(&text));
        let _ = (Uri::parse(&format!("sip:{text}")), Challenge::parse(&format!("Digest {text}")));
    }

    #[test]
    fn parameters_keep_their_order(names in proptest::collection::btree_set("[a-z]{1,5}", 0..9)) {
        let mut params = Params::new();
        names.iter().for_each(|name| params.set(name, None));
        let read: Vec<_> = params.iter().map(|(name, _)| name.to_owned()).collect();
        prop_assert_eq!(read, names.into_iter().collect::<Vec<_>>());
    }
}
