//! The words of the protocol, which give nobody away.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::super::redact::GONE;

/// How a header field's value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// Addresses, joined by commas.
    Address,
    Via,
    /// An identifier as a whole.
    Id,
    /// An identifier with tags.
    Replaces,
    /// Known words alone.
    Words,
    /// A number, and known words behind it.
    Number,
    /// A challenge or a credential.
    Digest,
    /// Not at all: only that it is there.
    Opaque,
}

/// Header fields by their long and their compact name.
const HEADERS: [(&str, &str, Header); 71] = [
    ("From", "f", Header::Address),
    ("To", "t", Header::Address),
    ("Contact", "m", Header::Address),
    ("Route", "", Header::Address),
    ("Record-Route", "", Header::Address),
    ("Path", "", Header::Address),
    ("Service-Route", "", Header::Address),
    ("Reply-To", "", Header::Address),
    ("P-Asserted-Identity", "", Header::Address),
    ("P-Preferred-Identity", "", Header::Address),
    ("P-Associated-URI", "", Header::Address),
    ("P-Called-Party-ID", "", Header::Address),
    ("Remote-Party-ID", "", Header::Address),
    ("Diversion", "", Header::Address),
    ("History-Info", "", Header::Address),
    ("Refer-To", "r", Header::Address),
    ("Referred-By", "b", Header::Address),
    ("Via", "v", Header::Via),
    ("Call-ID", "i", Header::Id),
    ("In-Reply-To", "", Header::Id),
    ("SIP-ETag", "", Header::Id),
    ("SIP-If-Match", "", Header::Id),
    ("Replaces", "", Header::Replaces),
    ("Join", "", Header::Replaces),
    ("Target-Dialog", "", Header::Replaces),
    ("Allow", "", Header::Words),
    ("Allow-Events", "u", Header::Words),
    ("Supported", "k", Header::Words),
    ("Require", "", Header::Words),
    ("Proxy-Require", "", Header::Words),
    ("Unsupported", "", Header::Words),
    ("Accept", "", Header::Words),
    ("Accept-Encoding", "", Header::Words),
    ("Content-Type", "c", Header::Words),
    ("Content-Disposition", "", Header::Words),
    ("Content-Encoding", "e", Header::Words),
    ("Event", "o", Header::Words),
    ("Privacy", "", Header::Words),
    ("Refer-Sub", "", Header::Words),
    ("Answer-Mode", "", Header::Words),
    ("Priv-Answer-Mode", "", Header::Words),
    ("P-Early-Media", "", Header::Words),
    ("MIME-Version", "", Header::Opaque),
    ("User-Agent", "", Header::Words),
    ("Server", "", Header::Words),
    ("Subscription-State", "", Header::Words),
    ("CSeq", "", Header::Number),
    ("RAck", "", Header::Number),
    ("RSeq", "", Header::Number),
    ("Max-Forwards", "", Header::Number),
    ("Content-Length", "l", Header::Number),
    ("Expires", "", Header::Number),
    ("Min-Expires", "", Header::Number),
    ("Session-Expires", "x", Header::Number),
    ("Min-SE", "", Header::Number),
    ("Retry-After", "", Header::Number),
    ("Authorization", "", Header::Digest),
    ("Proxy-Authorization", "", Header::Digest),
    ("WWW-Authenticate", "", Header::Digest),
    ("Proxy-Authenticate", "", Header::Digest),
    ("Authentication-Info", "", Header::Opaque),
    ("Reason", "", Header::Words),
    ("Warning", "", Header::Opaque),
    ("Alert-Info", "", Header::Opaque),
    ("Call-Info", "", Header::Opaque),
    ("Error-Info", "", Header::Opaque),
    ("Date", "", Header::Opaque),
    ("Organization", "", Header::Opaque),
    ("Subject", "s", Header::Opaque),
    ("Timestamp", "", Header::Opaque),
    ("Identity", "y", Header::Opaque),
];

const METHODS: [&str; 14] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "UPDATE",
    "INFO",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "PUBLISH",
    "MESSAGE",
];

/// Everything else that may be shown as it stands.
const WORDS: &str = "
    udp tcp tls tls-sctp sctp ws wss ip4 ip6 in
    tag branch rport received maddr ttl transport lr ob user method expires q reg-id to-tag from-tag
    early-only alias comp keep index cause purpose screen party privacy counter limit reason-code
    phone ip dialog
    100rel timer replaces norefersub path outbound gub gruu pub-gruu temp-gruu tdialog join eventlist
    from-change answermode precondition histinfo early-session resource-priority sec-agree
    ice trickle-ice multiple-refer nosub recipient-list-invite record-aware siprec sdp-anat
    application sdp dtmf-relay dtmf pidf xml dialog-info simple-message-summary message sipfrag
    multipart mixed alternative text plain isup qsig resource-lists conference-info reginfo
    identity gzip deflate session render icon alert signal by-reference
    dialog presence message-summary refer reg conference kpml hold talk check-sync
    active pending terminated deactivated probation rejected timeout giveup noresource invariant reason
    id header session user none critical history
    true false auto manual required optional
    sendrecv sendonly recvonly inactive gated supported
    refresher uac uas yes no full off unavailable unavail
    digest basic realm nonce opaque algorithm qop stale uri username response cnonce nc domain
    md5 md5-sess sha-256 sha-256-sess sha-512-256 auth auth-int
    sip q.850 text sips tel
    ringbook asterisk pbx freeswitch kamailio opensips opensip fpbx freepbx 3cx 3cxphonesystem yealink
    cisco grandstream snom baresip linphone microsip zoiper mitel avaya polycom poly fanvil gigaset
    pjsip pjsua sofia-sip mod_sofia ser sems rtpengine oracle audiocodes ribbon sonus broadsoft broadworks
    metaswitch teams jami twinkle sipp
    opus g722 pcma pcmu g729 gsm ilbc speex l16 amr amr-wb cn telephone-event g726-32 red
    input output ring
";

static KNOWN: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| WORDS.split_ascii_whitespace().collect());

/// A header field the protocol knows: its long name, and how its value is shown.
pub(super) fn canonical(name: &str) -> Option<(&'static str, Header)> {
    HEADERS
        .iter()
        .find(|(long, short, _)| {
            name.eq_ignore_ascii_case(long)
                || (!short.is_empty() && name.eq_ignore_ascii_case(short))
        })
        .map(|(long, _, kind)| (*long, *kind))
}

/// Whether it is a method's name.
pub(super) fn is_method(word: &str) -> bool {
    METHODS.contains(&word)
}

/// Whether the protocol knows the word.
pub(super) fn is_word(word: &str) -> bool {
    is_method(word) || KNOWN.contains(word.to_ascii_lowercase().as_str())
}

/// The word, where the protocol knows it.
pub(super) fn word_or_gone(word: &str) -> String {
    match is_word(word) {
        true => word.to_owned(),
        false => GONE.to_owned(),
    }
}

/// A text's known words with what joins them; a run of other words is gone.
pub(super) fn only_words(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(joins).unwrap_or(rest.len());
        if end == 0 {
            let (joint, behind) = rest.split_at(first.len_utf8());
            shown.push_str(joint);
            rest = behind;
            continue;
        }
        let (word, behind) = rest.split_at(end);
        match is_word(word) {
            true => shown.push_str(word),
            // Not even how many words there were.
            false if shown.trim_end().ends_with(GONE) => {}
            false => shown.push_str(GONE),
        }
        rest = behind;
    }
    shown.trim_end().to_owned()
}

fn joins(c: char) -> bool {
    matches!(c, ' ' | ',' | ';' | '=' | '/' | '"' | '(' | ')')
}

/// `1800;refresher=uac`, `7 INVITE`: a number of at most five digits, and known words.
pub(super) fn number_and_words(text: &str) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    format!("{}{}", short_number(number), only_words(rest))
}

/// A number that is too short to call anybody from outside.
pub(super) fn short_number(text: &str) -> String {
    let short = text.len() <= 5
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    match short {
        true => text.to_owned(),
        false => GONE.to_owned(),
    }
}
