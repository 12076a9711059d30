//! A message without its secrets: what a ladder keeps.
//!
//! Left out are digest responses and every other credential, passwords in addresses, keys of the
//! media (SDES, MIKEY, ICE) and keys that were pressed: a card's number goes by INFO. A line is
//! judged alike in the head and in the body, because a body may be a message (`message/sipfrag`).

use std::borrow::Cow;

use ringbook_sip::message::split_commas;

/// What stands in a secret's place.
pub const GONE: &str = "…";

/// Header fields whose value is a credential.
const CREDENTIALS: [&str; 4] = [
    "Authorization",
    "Proxy-Authorization",
    "Authentication-Info",
    "Proxy-Authentication-Info",
];
/// Parameters of a digest that give nothing away and tell what went wrong.
const HARMLESS: [&str; 6] = ["username", "realm", "uri", "algorithm", "qop", "nc"];
/// What a line begins with whose rest is a key of the media (RFC 4567, RFC 8839).
const KEYS: [&str; 2] = ["a=key-mgmt:", "a=ice-pwd:"];
/// Names whose value is a key: of the media (RFC 4566 §5.12), of a telephone.
const KEY_NAMES: [&str; 2] = ["k", "signal"];
/// Behind this stands the key of SDES (RFC 4568 §6.1).
const INLINE: &str = "inline:";
/// Addresses that may hold a password.
const SCHEMES: [&str; 4] = ["sip", "sips", "http", "https"];

/// The text of a message without its secrets, at most `limit` octets of it.
pub fn redacted(bytes: &[u8], limit: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::default();
    let mut kept = String::with_capacity(text.len().min(limit) + GONE.len());
    for line in text.split_inclusive(is_end) {
        let content = line.strip_suffix(is_end).unwrap_or(line);
        let end = &line[content.len()..];
        // The LF of a CR LF.
        if !(content.is_empty() && end == "\n" && kept.ends_with('\r')) {
            kept.push_str(&reader.shown(content));
        }
        kept.push_str(end);
        if kept.len() > limit {
            break;
        }
    }
    kept.truncate(kept.floor_char_boundary(limit));
    kept.shrink_to_fit();
    kept
}

fn is_end(c: char) -> bool {
    matches!(c, '\r' | '\n')
}

/// Goes through a message line by line.
#[derive(Default)]
struct Reader {
    /// The header field at hand is a credential: so are its folded lines.
    in_credential: bool,
    /// The body is a key that was pressed.
    has_digit: bool,
    in_body: bool,
}

impl Reader {
    fn shown<'l>(&mut self, line: &'l str) -> Cow<'l, str> {
        if line.is_empty() {
            self.in_body = true;
        }
        if self.in_body && self.has_digit && !line.is_empty() {
            return GONE.into();
        }
        if line.starts_with([' ', '\t']) && self.in_credential {
            return format!(" {GONE}").into();
        }
        let field = line
            .split_once(':')
            .map(|(name, value)| (name.trim(), value));
        self.in_credential = field.is_some_and(|(name, _)| is_one_of(name, &CREDENTIALS));
        match field {
            Some((name, value)) if self.in_credential => credential(name, value).into(),
            Some((name, value)) if is_one_of(name, &["Content-Type", "c"]) => {
                self.has_digit |= starts_with(value.trim_start(), "application/dtmf");
                line.into()
            }
            _ => without_keys(line),
        }
    }
}

fn is_one_of(name: &str, known: &[&str]) -> bool {
    known.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn starts_with(text: &str, beginning: &str) -> bool {
    text.as_bytes()
        .get(..beginning.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(beginning.as_bytes()))
}

/// Where `needle` stands, whatever its case.
fn find(text: &str, needle: &str) -> Option<usize> {
    let mut windows = text.as_bytes().windows(needle.len());
    windows.position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// `Authorization: Digest username="101", realm="office", …`
fn credential(name: &str, value: &str) -> String {
    let digest = value.trim().split_once(' ');
    let Some((scheme, params)) = digest.filter(|(scheme, _)| is_one_of(scheme, &["Digest"])) else {
        return format!("{name}: {GONE}");
    };
    let harmless = |param: &&str| {
        let name = param.split('=').next().unwrap_or_default().trim();
        is_one_of(name, &HARMLESS)
    };
    let mut kept: Vec<&str> = split_commas(params).filter(harmless).collect();
    kept.push(GONE);
    format!("{name}: {scheme} {}", kept.join(", "))
}

fn without_keys(line: &str) -> Cow<'_, str> {
    let bare = line.trim_start();
    if let Some(key) = KEYS.iter().find(|key| starts_with(bare, key)) {
        return format!("{}{GONE}", &bare[..key.len()]).into();
    }
    if let Some((name, _)) = line
        .split_once('=')
        .filter(|(n, _)| is_one_of(n.trim(), &KEY_NAMES))
    {
        return format!("{name}={GONE}").into();
    }
    if let Some(at) = find(line, INLINE) {
        return format!("{}{GONE}", &line[..at + INLINE.len()]).into();
    }
    if line.contains(['@', '?']) {
        return without_passwords(line);
    }
    line.into()
}

/// `sip:bob:secret@office` and `sip:bob@office?Authorization=…`, wherever in the line.
fn without_passwords(line: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut changed = false;
    for word in line.split_inclusive([' ', '\t', '<', '>', '"', ',']) {
        let shown = word_without_password(word);
        changed |= matches!(shown, Cow::Owned(_));
        kept.push_str(&shown);
    }
    match changed {
        true => kept.into(),
        false => line.into(),
    }
}

fn word_without_password(word: &str) -> Cow<'_, str> {
    if let Some(at) = find(word, "authorization=") {
        let rest = &word[at..];
        let end = rest.find(['&', '>']).unwrap_or(rest.len());
        return format!("{}authorization={GONE}{}", &word[..at], &rest[end..]).into();
    }
    let Some((scheme, rest)) = word.split_once(':') else {
        return word.into();
    };
    // Behind `;` or `=` an address may begin, too.
    let scheme = scheme.rsplit([';', '=']).next().unwrap_or_default();
    let userinfo = rest.rsplit_once('@').map_or("", |(userinfo, _)| userinfo);
    match userinfo.find(':') {
        Some(at) if is_one_of(scheme, &SCHEMES) => {
            let start = word.len() - rest.len();
            let (user, host) = (&word[..start + at], &word[start + userinfo.len()..]);
            format!("{user}:{GONE}{host}").into()
        }
        _ => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> String {
        redacted(text.as_bytes(), usize::MAX)
    }

    /// Nothing of `secret` is left, however the message is written.
    fn assert_gone(text: &str) {
        let shown = whole(text);
        assert!(!shown.contains("S3CRET"), "{text:?} became {shown:?}");
    }

    #[test]
    fn a_digest_keeps_what_tells_of_the_trouble_and_nothing_to_guess_from() {
        let text = "REGISTER sip:o SIP/2.0\r\nAuthorization: Digest username=\"101\", \
                    realm=\"a, b\", nonce=\"S3CRET\", uri=\"sip:o\", response=\"S3CRET\", \
                    cnonce=\"S3CRET\", qop=auth, nc=00000001, algorithm=MD5\r\nTo: x\r\n\r\n";
        assert_eq!(
            whole(text),
            "REGISTER sip:o SIP/2.0\r\nAuthorization: Digest username=\"101\", realm=\"a, b\", \
             uri=\"sip:o\", qop=auth, nc=00000001, algorithm=MD5, …\r\nTo: x\r\n\r\n"
        );
    }

    #[test]
    fn no_credential_survives_however_it_is_written() {
        for text in [
            "A\r\nauthorization : Digest response=\"S3CRET\"\r\n\r\n",
            "A\r\nPROXY-AUTHORIZATION:Digest username=\"a\",response=S3CRET\r\n\r\n",
            "A\r\nAuthorization: Basic S3CRET\r\n\r\n",
            "A\r\nAuthorization: S3CRET\r\n\r\n",
            "A\r\nAuthorization: Digest\r\n response=\"S3CRET\",\r\n\t cnonce=\"S3CRET\"\r\n\r\n",
            "A\r\nAuthentication-Info: rspauth=\"S3CRET\"\r\n\r\n",
            "A\nAuthorization: Digest response=\"S3CRET\"\n\n",
            "A\r\r\nAuthorization: Digest response=\"S3CRET\"\r\n\r\n",
            "A\r\n\r\nSIP/2.0 200 OK\r\nAuthorization: Digest response=\"S3CRET\"\r\n",
            "A\r\nRefer-To: <sip:b@c?Authorization=Digest%20response%3DS3CRET&x=1>\r\n\r\n",
            "A\r\nContact: <sip:bob:S3CRET@host:5060>\r\n\r\n",
            "INVITE sip:bob:S3CRET@host SIP/2.0\r\n\r\n",
            "A\r\nFrom: \"x@y\" <SIPS:b;c=d:S3CRET@[::1]>;tag=1\r\n\r\n",
            "A\r\nCall-Info: <https://u:S3CRET@h/x>\r\n\r\n",
            "A\r\n\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:S3CRET|2^20|1:4\r\n",
            "A\r\n\r\na=crypto:1 AEAD_AES_256_GCM INLINE:S3CRET;inline:S3CRET\r\n",
            "A\r\n\r\nk=clear:S3CRET\r\n",
            "A\r\n\r\n a=key-mgmt:mikey S3CRET\r\n",
            "A\r\n\r\na=ice-pwd:S3CRET\r\n",
            "A\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=S3CRET\r\nDuration=160\r\n",
            "A\r\nc:application/dtmf\r\n\r\nS3CRET",
            "A\r\n\r\nsignal = S3CRET\r\nSignal= S3CRET",
        ] {
            assert_gone(text);
        }
    }

    #[test]
    fn everything_else_stays_to_the_octet() {
        let text = "INVITE sip:bob@host:5060;x=y SIP/2.0\r\nVia: SIP/2.0/UDP [::1]:5060;branch=z\r\n\
                    Call-ID: a:b:c@[::1]\r\nWWW-Authenticate: Digest nonce=\"n\"\r\n\
                    From: \"A: b@c\" <sip:a@b>;tag=1\r\nSubject: folded\r\n  line\r\n\r\n\
                    v=0\r\nm=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:…\r\n";
        assert_eq!(whole(text), text);
    }

    #[test]
    fn a_long_message_is_cut_between_two_characters() {
        let text = format!("A\r\nSubject: {}\r\n\r\n", "ä".repeat(100));
        let shown = redacted(text.as_bytes(), 50);
        assert!(shown.len() <= 50 && shown.len() >= 48, "{}", shown.len());
        assert!(text.starts_with(&shown));
        assert_eq!(redacted(b"A\r\n\xff\xfe", 1000), "A\r\n\u{fffd}\u{fffd}");
    }
}
