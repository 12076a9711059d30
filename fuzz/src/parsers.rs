//! What strangers can send to the program, one function a parser. Each takes any octets and has to
//! come back soon, whatever they are.
//!
//! The fuzz targets of this folder look for inputs that break one (README.md); `tests/hostile` tries damaged
//! samples of each in every run of the tests.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use ringbook::headset::descriptor::Telephone;
use ringbook::headset::{Headset, Lamps};
use ringbook::import::{Options, import_clients, import_file};
use ringbook::model::Lists;
use ringbook::presence::{DialogInfo, Dialogs, MessagesWaiting};
use ringbook::store::Store;
use ringbook::vcard::{Cards, Piece, Writing, read_card, write_card};
use ringbook_media::codec::Codec as MediaCodec;
use ringbook_media::ice::{IceConfig, TurnServer};
use ringbook_media::recorder::{RecordingReader, pauses, repair};
use ringbook_media::rtp::Packet;
use ringbook_media::stream::{ExtendedReports, Stream, StreamConfig};
use ringbook_sip::auth::{Algorithm, Attempt, Challenge, Credentials, Verifier};
use ringbook_sip::message::{
    Headers, Host, Message, Method, NameAddr, StreamReader, Uri, Via, parse_datagram,
};
use ringbook_sip::sdp::{
    self, Codec, CryptoKey, CryptoSuite, Direction, Dtls, LocalMedia, SrtpPolicy,
};

/// A parser with samples of what it reads.
pub struct Parser {
    /// The fuzz target of this name tries it.
    pub name: &'static str,
    /// Reads any octets.
    pub read: fn(&[u8]),
    /// What it is meant to read.
    pub samples: &'static [&'static [u8]],
    /// Octets that it gets at a time: a message, or as many packets or lines as take no longer.
    pub largest: usize,
}

/// The most that one input may cost, at best of [`TRIES`]: the machine may have other things to do.
const LONGEST: Duration = Duration::from_millis(100);
const TRIES: usize = 10;

impl Parser {
    /// Reads one input; a long while is a panic like any other.
    pub fn try_on(&self, octets: &[u8]) {
        let mut best = Duration::MAX;
        for _ in 0..TRIES {
            let begin = Instant::now();
            (self.read)(octets);
            best = best.min(begin.elapsed());
            if best <= LONGEST {
                return;
            }
        }
        panic!("{} took {best:?} for {} octets", self.name, octets.len());
    }
}

/// The parser of this name.
pub fn parser(name: &str) -> &'static Parser {
    let parser = PARSERS.iter().find(|parser| parser.name == name);
    parser.unwrap_or_else(|| panic!("no parser {name}"))
}

/// What comes in one piece is no larger (docs/RFC.md, limits).
const MESSAGE: usize = 65_536;

/// All of them.
pub static PARSERS: [Parser; 15] = [
    Parser {
        name: "sip",
        read: sip,
        samples: &[INVITE, RESPONSE],
        largest: MESSAGE,
    },
    Parser {
        name: "header",
        read: header,
        samples: &[
            ADDRESS,
            VIA,
            b"sips:+7-701%20a:b@[2001:db8::1]:5061;lr;maddr=1.2.3.4?Subject=x",
        ],
        largest: MESSAGE,
    },
    Parser {
        name: "digest",
        read: digest,
        samples: &[CHALLENGE, AUTHORIZATION],
        largest: MESSAGE,
    },
    Parser {
        name: "sdp",
        read: sdp,
        samples: &[OFFER],
        largest: MESSAGE,
    },
    Parser {
        name: "dialog_info",
        read: dialog_info,
        samples: &[DIALOG_INFO],
        largest: MESSAGE,
    },
    Parser {
        name: "message_summary",
        read: message_summary,
        samples: &[MESSAGE_SUMMARY],
        largest: MESSAGE,
    },
    Parser {
        name: "rtp",
        read: rtp,
        samples: &[RTP_PACKETS],
        largest: 1_500,
    },
    Parser {
        name: "stun",
        read: stun,
        samples: &[STUN_MESSAGES],
        largest: 1_500,
    },
    Parser {
        name: "rtcp",
        read: rtcp,
        samples: &[RTCP_PACKETS],
        largest: 1_500,
    },
    Parser {
        name: "wav",
        read: recording,
        samples: &[WAV],
        largest: MESSAGE,
    },
    Parser {
        name: "ogg",
        read: recording,
        samples: &[OGG],
        largest: MESSAGE,
    },
    Parser {
        name: "headset",
        read: headset,
        samples: &[TELEPHONE],
        largest: 4_096,
    },
    Parser {
        name: "csv",
        read: csv,
        samples: &[CSV],
        largest: 2_048,
    },
    Parser {
        name: "vcard",
        read: vcard,
        samples: &[CARDS, OLD_CARD],
        largest: 16_384,
    },
    Parser {
        name: "contacts",
        read: contacts,
        samples: &[CONTACTS, FRIENDS],
        largest: 4_096,
    },
];

const INVITE: &[u8] = b"INVITE sip:bob%20b@[2001:db8::1]:5070;transport=tcp SIP/2.0\r\n\
    Via: SIP/2.0/TCP [::1]:5070;branch=z9hG4bK1;rport, SIP / 2.0 / UDP a.example;received=192.0.2.1\r\n\
    v: SIP/2.0/TLS b.example\r\nMax-Forwards: 70\r\n\
    f: \"Al \\\"ice\\\"\" <sip:alice@example.com;x=%41>;tag=a\r\nTo :\r\n <tel:+7-701-111>\r\n\
    i: 1@example.com\r\nCSeq: 1 INVITE\r\nm: <sip:a@[::1];ob>;q=0.5, \"b, c\" <sip:b@c?d=e>\r\n\
    Record-Route: <sip:p;lr>,<sip:q;lr>\r\nc: application/sdp\r\nl: 3\r\n\r\nv=0";
const RESPONSE: &[u8] =
    b"SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
    From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 2 REGISTER\r\n\
    WWW-Authenticate: Digest realm=\"b\", nonce=\"n\", qop=\"auth,auth-int\"\r\n\
    Contact: <sip:a@192.0.2.1>;expires=60\r\nContent-Length: 0\r\n\r\n";
const ADDRESS: &[u8] =
    b"\"Al \\\"ice\\\"\" <sip:alice@example.com;x=%41?Replaces=1%3bto-tag=2>;tag=a;q=0.5";
const VIA: &[u8] = b"SIP / 2.0 / TLS [2001:db8::1]:5061;branch=z9hG4bK1;rport=5;received=::1";
const CHALLENGE: &[u8] = b"Digest realm=\"a, \\\"b\\\"\", nonce=\"n\", opaque=\"o\", stale=FALSE, \
    algorithm=SHA-256-sess, qop=\"auth,auth-int\"";
const AUTHORIZATION: &[u8] = b"Digest username=\"a\", realm=\"a\", nonce=\"n\", uri=\"sip:a\", \
    response=\"0123456789abcdef0123456789abcdef\", algorithm=MD5, cnonce=\"c\", qop=auth, nc=00000001";
const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=audio 5000 RTP/AVP 96 0 13 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1;stereo=1\r\n\
    a=rtcp-xr:rcvr-rtt=all:9 voip-metrics\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=rtcp:5009 IN IP4 192.0.2.9\r\na=ptime:20\r\na=sendonly\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^31\r\n\
    a=setup:actpass\r\na=ice-ufrag:them\r\na=ice-pwd:0123456789abcdefghijkl\r\n\
    a=candidate:1 1 UDP 2130706431 192.0.2.9 5000 typ host\r\na=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\
    10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\nm=video 0 RTP/AVP 31\r\n";
const DIALOG_INFO: &[u8] = b"<?xml version=\"1.0\"?><!-- x --><dialog-info \
    xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"3\" state=\"full\" entity=\"sip:a@b\">\
    <dialog id=\"1\" direction=\"recipient\"><state event=\"x\">early</state><remote><identity \
    display=\"A &amp; B\">sip:c@d</identity></remote></dialog><![CDATA[<dialog>]]></dialog-info>";
const MESSAGE_SUMMARY: &[u8] =
    b"Messages-Waiting: yes\r\nMessage-Account: sip:a@b\r\nVoice-Message: 2/8 (0/2)\r\n\r\nSubject: x\r\n";
/// Lengths and messages: a Binding response, a check without integrity, an error of an allocation, channel data.
const STUN_MESSAGES: &[u8] =
    b"\x20\x01\x01\0\x0c\x21\x12\xa4\x42abcdefghijkl\0\x20\0\x08\0\x01\x58\x14\xe1\xba\xa4\x45\
    \x24\0\x01\0\x10\x21\x12\xa4\x42abcdefghijkl\0\x06\0\x04a:bc\0\x24\0\x04\x7f\0\0\x01\
    \x20\x01\x13\0\x0c\x21\x12\xa4\x42abcdefghijkl\0\x09\0\x08\0\0\x04\x01Nope\
    \x08\x40\0\0\x04abcd";
/// Lengths and packets: two of sound, one with an extension and padding, one key.
const RTP_PACKETS: &[u8] = b"\x0e\x80\x00\x00\x01\0\0\0\xa0\0\0\0\x07\xd5\xd5\
    \x0e\x80\x80\x00\x02\0\0\x01\x40\0\0\0\x07\x55\x55\
    \x1a\xb1\x00\x00\x03\0\0\x01\xe0\0\0\0\x07\0\0\0\x08\xbe\xde\0\x01\x10\0\0\0\xd5\0\x02\
    \x10\x80\xe5\x00\x04\0\0\x02\x80\0\0\0\x07\x05\x8a\x03\x20";
/// Lengths and packets: a sender's report with its name, an extended one with a time, an answer to one and
/// the metrics of a voice, and a goodbye.
const RTCP_PACKETS: &[u8] =
    b"\x44\x81\xc8\0\x0c\0\0\0\x07\x83\xaa\x7e\x80\0\0\0\0\0\0\0\xa0\0\0\0\x02\0\0\0\x04\
    \0\0\0\x01\0\0\0\0\0\0\0\x09\0\0\0\x05\0\0\0\0\0\0\0\0\x81\xca\0\x03\0\0\0\x07\x01\x04ring\0\0\
    \x48\x80\xcf\0\x11\0\0\0\x07\x04\0\0\x02\0\0\x0e\x10\x80\0\0\0\
    \x05\0\0\x03\0\0\0\x09\x0e\x10\x80\0\0\0\x40\0\
    \x07\0\0\x08\0\0\0\x09\x05\0\x20\x02\0\x64\x10\0\0\x28\0\x3c\xef\xc4\x7f\x10\x50\x7f\x29\x27\xb0\0\
    \0\x14\0\x1e\x01\xf4\
    \x08\x81\xcb\0\x01\0\0\0\x07";
const WAV: &[u8] =
    b"RIFF\x34\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0\0\x7d\0\0\x04\0\x10\0\
    data\x10\0\0\0\x01\0\x02\0\x03\0\x04\0\x05\0\x06\0\x07\0\x08\0LIST\x04\0\0\0INFO";
/// The two headers of an Opus stream, and a page of one packet whose checksum is wrong.
const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x4b\xd6\xbd\x62\x01\x13OpusHead\x01\x02\
    \x38\x01\x80\x3e\0\0\0\0\0OggS\0\0\0\0\0\0\0\0\0\0\x07\0\0\0\x01\0\0\0\0\0\0\0\x01\x10OpusTags\0\0\0\0\
    \0\0\0\0OggS\0\0\xc0\x03\0\0\0\0\0\0\x07\0\0\0\x02\0\0\0\0\0\0\0\x01\x03\xfc\xff\xfe";
/// Hook and mute, lamps off-hook, mute and ring; then its hook goes up, and down again.
const TELEPHONE: &[u8] = &[
    0x05, 0x0b, 0x09, 0x05, 0xa1, 0x01, 0x85, 0x02, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x09, 0x20,
    0x95, 0x01, 0x81, 0x22, 0x09, 0x2f, 0x95, 0x01, 0x81, 0x06, 0x95, 0x06, 0x81, 0x01, 0x05, 0x08,
    0x09, 0x17, 0x09, 0x09, 0x09, 0x18, 0x95, 0x03, 0x91, 0x22, 0x95, 0x05, 0x91, 0x01, 0xc0, 0x00,
    0x02, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
];
const CSV: &[u8] = b"\xef\xbb\xbfName;Phone;phone2;category;note;Colour\r\n\"Ivan \"\"I\"\" P\";8 (701) 111-22-33;\
    +36305550101;vip;\"two\nlines\";red\r\n;;;;;\r\nOlga;abc;;nobody;=1+1;\r\n";

const CARDS: &[u8] = b"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:019312d0-7c1e-7a52-9d0b-3f1f0a7f55aa\r\n\
    FN:Ivan\\, P\r\nN:P;Ivan;;;\r\nORG:A;B\r\nTEL;VALUE=uri;PREF=1;TYPE=work,cell:tel:+77011112233;ext=1\r\n\
    item1.EMAIL:a@b.example\r\nitem1.X-ABLabel:_$!<Work>!$_\r\nADR;GEO=\"geo:1,2\":;;a;b;;;KZ\r\n\
    NOTE:a\\nb\r\n c\r\nBDAY:19800229\r\nCATEGORIES:a,b\r\nX-RINGBOOK-FIELD:a;b\r\n\
    X-RINGBOOK-EXACT:bm90ZQBhDWI=\r\nPHOTO:data:image/png;base64,iVBORw0KGgo=\r\nEND:VCARD\r\n\
    BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nGEO:1;2\r\nPHOTO;ENCODING=b:/9j/\r\n 4AAQ\r\nEND:VCARD\r\n";
const OLD_CARD: &[u8] = b"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=\n=D0=B2;a\n\
    TEL;CELL;PREF:8 701 111 22 33\nAGENT:\nBEGIN:VCARD\nFN:b\nEND:VCARD\nNOTE;CHARSET=WINDOWS-1251:\xd1\xf2\n\
    PHOTO;JPEG;ENCODING=BASE64:\n /9j/\n 4AAQ\n\nEND:VCARD\n";
const CONTACTS: &[u8] = b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<contacts><!-- x -->\n<contact number=\"101\" \
    name=\"A &amp; B\" presence=\"0\"/><contact number='sip:+77011112233@a' name=\"C\"></contact></contacts>";
const FRIENDS: &[u8] =
    b"[sip]\nport=1\n[friend_0]\nurl=\"A \\\"b\" <sip:+77011112233@a.example>\npol=accept\n\
    [friend_1]\nurl=sip:x@y\n";

/// A message, as a datagram and from a stream; what is accepted survives the wire.
pub fn sip(octets: &[u8]) {
    let mut stream = StreamReader::new();
    stream.push(octets);
    while stream.next().is_some() {}
    match parse_datagram(octets) {
        Ok(message) => {
            assert_eq!(parse_datagram(&message.to_bytes()).as_ref(), Ok(&message));
            match &message {
                Message::Request(request) => look_at(&request.headers),
                Message::Response(response) => look_at(&response.headers),
            }
        }
        Err(error) => {
            let refused = error.respond_to();
            let answer = refused.map(|request| request.response(400, "Bad Request", "tag"));
            let answer = answer.map(|octets| parse_datagram(&octets));
            // No answer of ours is mistaken for a request.
            assert!(!matches!(answer, Some(Ok(Message::Request(_)))));
        }
    }
}

fn look_at(headers: &Headers) {
    let _ = (
        headers.contacts(),
        headers.routes(),
        headers.record_routes(),
    );
    let _ = (headers.media_type(), headers.list("Supported").count());
    let _ = Challenge::choose(headers.get_all("WWW-Authenticate"));
}

/// URIs, addresses, hosts and Vias; what is accepted reads the same again.
pub fn header(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Ok(uri) = Uri::parse(&text) {
        assert_eq!(Uri::parse(&uri.to_string()).as_ref(), Ok(&uri));
        let _ = (uri.user(), uri.host().cloned(), uri.port());
    }
    if let Ok(address) = NameAddr::parse(&text) {
        assert_eq!(NameAddr::parse(&address.to_string()).as_ref(), Ok(&address));
    }
    let _ = (Via::parse(&text), Host::parse(&text));
}

/// A challenge and the answer to it, and an answer to a challenge of ours.
pub fn digest(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Ok(challenge) = Challenge::parse(&text) {
        let credentials = Credentials {
            username: "101".to_owned(),
            password: "secret".to_owned(),
        };
        let attempt = Attempt {
            method: &Method::Invite,
            uri: "sip:office.example",
            body: b"",
            nonce_count: 1,
            cnonce: "c",
        };
        let answer = challenge.answer(&credentials, &attempt);
        assert!(answer.starts_with("Digest ") && !answer.contains(['\r', '\n']));
    }
    let mut verifier = Verifier::new("a", Algorithm::Md5);
    let now = Instant::now();
    verifier.challenge(now, "n", false);
    let password = |_: &str| Some("secret".to_owned());
    let _ = verifier.verify(now, &text, &Method::Invite, b"", password);
}

/// A description as an offer and as an answer, under one policy or another.
pub fn sdp(octets: &[u8]) {
    let key = |suite: CryptoSuite| CryptoKey {
        suite,
        octets: vec![7; suite.key_len()],
    };
    let mut local = LocalMedia {
        address: Ipv4Addr::new(192, 0, 2, 1).into(),
        rtp_port: 4000,
        rtcp_port: None,
        codecs: vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu],
        opus_dtx: false,
        direction: Direction::SendRecv,
        srtp: SrtpPolicy::Off,
        dtls: Some(Dtls {
            fingerprint: [7; 32],
            active: None,
            keys_in_clear: true,
        }),
        keys: CryptoSuite::ALL.map(key).into(),
        ice: Some(sdp::LocalIce {
            credentials: Some(sdp::IceCredentials {
                ufrag: "ufrag".to_owned(),
                password: "password-of-twenty-two".to_owned(),
            }),
            ..sdp::LocalIce::new(Vec::new())
        }),
        beside: sdp::Beside::default(),
        session_id: 1,
        version: 1,
    };
    let policies = [SrtpPolicy::Off, SrtpPolicy::Optional, SrtpPolicy::Mandatory];
    local.srtp = policies[octets.len() % policies.len()];
    let _ = sdp::accept(&local, octets);
    if let Ok((answer, plan)) = sdp::answer(&local, octets) {
        assert!(plan.receive_pts.contains(&(plan.send_pt, plan.codec)));
        assert!(answer.starts_with(b"v=0\r\n"));
    }
}

/// What somebody's telephone does (RFC 4235).
pub fn dialog_info(octets: &[u8]) {
    if let Ok(info) = DialogInfo::read(octets) {
        let mut dialogs = Dialogs::default();
        dialogs.take(info);
        let _ = dialogs.lamp();
    }
}

/// What is in a mailbox (RFC 3842).
pub fn message_summary(octets: &[u8]) {
    let _ = MessagesWaiting::read(octets);
}

/// Datagrams on the sound's port, each behind its length.
pub fn rtp(octets: &[u8]) {
    let mut call = Call::new();
    for datagram in datagrams(octets) {
        let _ = Packet::parse(datagram);
        call.stream.handle_rtp(call.now, call.peer, datagram);
        call.hear();
    }
}

/// Datagrams of peers and servers on the sound's port while ways are looked for, each behind its length.
pub fn stun(octets: &[u8]) {
    let mut call = Call::with_ice();
    for datagram in datagrams(octets) {
        call.stream.handle_rtp(call.now, call.peer, datagram);
        call.stream.poll_ice(call.now, &mut |_, _| {});
        let _ = call.stream.take_candidates(call.now);
        call.hear();
    }
}

/// Datagrams on the reports' port, each behind its length.
pub fn rtcp(octets: &[u8]) {
    let mut call = Call::new();
    for datagram in datagrams(octets) {
        call.stream.handle_rtcp(call.now, call.peer, datagram);
        call.stream.poll_rtcp(call.now, &mut |_, _| {});
        call.hear();
    }
}

fn datagrams(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let (len, behind) = rest.split_first()?;
        let (datagram, next) = behind.split_at(behind.len().min(usize::from(*len)));
        rest = next;
        Some(datagram)
    })
}

/// One call of PCMA and telephone events.
struct Call {
    stream: Stream,
    now: Instant,
    peer: SocketAddr,
}

impl Call {
    fn new() -> Self {
        let peer = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4000);
        let now = Instant::now();
        let mut stream = Stream::new(7, "fuzz".to_owned());
        let config = StreamConfig {
            receive_pts: vec![(8, MediaCodec::Pcma), (0, MediaCodec::Pcmu)],
            dtmf_send_pt: Some(101),
            dtmf_receive_pt: Some(101),
            comfort_noise_send_pt: Some(13),
            comfort_noise_receive_pt: Some(13),
            silence_suppression: true,
            extended_reports: ExtendedReports {
                voip_metrics: true,
                receiver_rtt: true,
            },
            remote_rtcp: peer,
            ..StreamConfig::plain(MediaCodec::Pcma, 8, peer)
        };
        assert!(stream.configure(now, config).is_ok());
        Self { stream, now, peer }
    }

    /// The same with ICE, where the peer is the TURN server as well.
    fn with_ice() -> Self {
        let mut call = Self::new();
        let turn = TurnServer {
            address: call.peer,
            user: "user".to_owned(),
            password: "password".to_owned(),
        };
        let gathering = IceConfig {
            host: SocketAddr::new(call.peer.ip(), 5000),
            others: Vec::new(),
            stun: Some(call.peer),
            turn: Some(turn),
            deadline: call.now,
        };
        call.stream.gather(call.now, gathering, &mut |_, _| {});
        call
    }

    /// 20 ms go by.
    fn hear(&mut self) {
        let mut frame = [0.0; 160];
        self.stream.pull(self.now, &mut frame);
        assert!(frame.iter().all(|sample| sample.is_finite()));
        while self.stream.poll_event().is_some() {}
        assert!(self.stream.stats().mos.is_finite());
        self.now += std::time::Duration::from_millis(20);
    }
}

/// A recording that a crash has cut off: repaired, it is in order, and what cannot be repaired is
/// left as it was. Then it is played.
pub fn recording(octets: &[u8]) {
    let Ok(file) = tempfile::NamedTempFile::new() else {
        return;
    };
    if fs::write(file.path(), octets).is_err() {
        return;
    }
    match repair(file.path()) {
        Ok(repaired) => {
            let again = repair(file.path());
            assert!(again.is_ok_and(|again| !again.changed && again.frames == repaired.frames));
        }
        Err(_) => assert!(fs::read(file.path()).is_ok_and(|left| left == octets)),
    }
    if let Ok(pauses) = pauses(file.path()) {
        assert!(pauses.iter().all(|pause| pause.from <= pause.to));
    }
    if let Ok(mut reader) = RecordingReader::open(file.path()) {
        let mut frame = Vec::new();
        while matches!(reader.next_frame(&mut frame), Ok(true)) {
            assert!(frame.iter().all(|sample| sample.abs() <= 1.0));
        }
    }
}

/// A headset: what it says of its buttons and lamps, and then its reports of eight octets, while a call is up and not.
pub fn headset(octets: &[u8]) {
    let (descriptor, reports) = octets.split_at(octets.len().min(octets.len() / 2 + 64));
    let Some(telephone) = Telephone::read(descriptor) else {
        return;
    };
    let (mut headset, now) = (Headset::new(telephone), Instant::now());
    for lamps in [Lamps::RINGING, Lamps::TALKING] {
        headset.show(now, lamps);
        for report in reports.chunks(8) {
            headset.hear(now, report);
        }
    }
}

/// A file of clients into an empty book.
pub fn csv(octets: &[u8]) {
    if let Ok(mut store) = Store::in_memory() {
        let options = Options::default();
        let _ = import_clients(&mut store, octets, options);
    }
}

/// A file of business cards; a client that one of them is about can be written again.
pub fn vcard(octets: &[u8]) {
    let mut cards = Cards::new(octets);
    while let Ok(Some(piece)) = cards.read_next() {
        if let Piece::Card(_, card) = piece
            && let Ok(card) = read_card(&card)
            && let Ok(client) = card.client(&Lists::default(), Default::default())
        {
            let how = Writing {
                others: &card.others,
                ..Writing::default()
            };
            assert!(read_card(write_card(&client, &how).as_bytes()).is_ok());
        }
    }
}

/// A file of another softphone's contacts into an empty book.
pub fn contacts(octets: &[u8]) {
    if let Ok(mut store) = Store::in_memory() {
        let _ = import_file(&mut store, octets, Options::default());
    }
}
