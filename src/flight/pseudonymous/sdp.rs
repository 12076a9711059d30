//! A session description: the media's form stays, everything that is somebody's goes.

use super::super::redact::GONE;
use super::stand_ins::{Kind, StandIns};
use super::words::{is_word, short_number, word_or_gone};

/// Attributes that are a word alone.
const FLAGS: [&str; 12] = [
    "sendrecv",
    "sendonly",
    "recvonly",
    "inactive",
    "rtcp-mux",
    "rtcp-rsize",
    "ice-lite",
    "ice-mismatch",
    "end-of-candidates",
    "extmap-allow-mixed",
    "setup:actpass",
    "setup:active",
];
/// Attributes whose value is a short number.
const NUMBERS: [&str; 4] = ["ptime", "maxptime", "minptime", "framerate"];
/// Suites of SDES (RFC 4568, RFC 6188, RFC 7714).
const SUITES: [&str; 8] = [
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
    "AES_192_CM_HMAC_SHA1_80",
    "AES_256_CM_HMAC_SHA1_80",
    "AES_256_CM_HMAC_SHA1_32",
    "AEAD_AES_128_GCM",
    "AEAD_AES_256_GCM",
    "F8_128_HMAC_SHA1_80",
];
/// Clock rates and channels of codecs.
const RATES: [&str; 9] = [
    "8000", "16000", "24000", "32000", "44100", "48000", "90000", "1", "2",
];
const PROFILES: [&str; 6] = [
    "RTP/AVP",
    "RTP/AVPF",
    "RTP/SAVP",
    "RTP/SAVPF",
    "UDP/TLS/RTP/SAVP",
    "UDP/TLS/RTP/SAVPF",
];
/// Parameters of codecs, whose values are numbers.
const FORMAT_PARAMETERS: [&str; 10] = [
    "useinbandfec",
    "usedtx",
    "stereo",
    "sprop-stereo",
    "cbr",
    "maxplaybackrate",
    "sprop-maxcapturerate",
    "maxaveragebitrate",
    "minptime",
    "ptime",
];

impl StandIns {
    pub(super) fn sdp(&mut self, body: &str) -> String {
        let lines: Vec<String> = body.lines().map(|line| self.sdp_line(line)).collect();
        lines.concat()
    }

    fn sdp_line(&mut self, line: &str) -> String {
        let Some((kind, value)) = line.split_once('=') else {
            return String::new();
        };
        let shown = match kind {
            "v" => short_number(value),
            "o" => self.origin(value),
            "s" => "-".to_owned(),
            "c" => self.connection(value),
            "t" => "0 0".to_owned(),
            "m" => media(value),
            "a" => self.attribute(value),
            "b" | "e" | "i" | "k" | "p" | "r" | "u" | "z" => GONE.to_owned(),
            _ => return String::new(),
        };
        format!("{kind}={shown}\r\n")
    }

    /// `o=user id version IN IP4 address`; how the version grows tells of re-INVITEs.
    fn origin(&mut self, value: &str) -> String {
        let words: Vec<&str> = value.split(' ').collect();
        let [_, id, version, net, family, host] = words[..] else {
            return GONE.to_owned();
        };
        let id = self.of(Kind::Id, id);
        let version = self.of(Kind::Id, version);
        let host = self.host(host);
        format!(
            "- {id} {version} {} {} {host}",
            word_or_gone(net),
            word_or_gone(family)
        )
    }

    fn connection(&mut self, value: &str) -> String {
        let words: Vec<&str> = value.split(' ').collect();
        let [net, family, host] = words[..] else {
            return GONE.to_owned();
        };
        let host = self.host(host.split('/').next().unwrap_or_default());
        format!("{} {} {host}", word_or_gone(net), word_or_gone(family))
    }

    fn attribute(&mut self, value: &str) -> String {
        if FLAGS.contains(&value) || value == "setup:passive" {
            return value.to_owned();
        }
        let Some((name, value)) = value.split_once(':') else {
            return GONE.to_owned();
        };
        let shown = match name {
            "rtpmap" => rtpmap(value),
            "fmtp" => fmtp(value),
            "rtcp" => self.rtcp(value),
            "candidate" => self.candidate(value),
            "crypto" => crypto(value),
            "fingerprint" | "ice-ufrag" | "ice-pwd" | "ssrc" | "mid" | "msid" | "extmap"
            | "label" | "group" => GONE.to_owned(),
            name if NUMBERS.contains(&name) => short_number(value),
            _ => return GONE.to_owned(),
        };
        format!("{name}:{shown}")
    }

    /// `a=rtcp:53020 IN IP4 126.16.64.4` (RFC 3605)
    fn rtcp(&mut self, value: &str) -> String {
        let (port, rest) = value.split_once(' ').unwrap_or((value, ""));
        match rest.is_empty() {
            true => short_number(port),
            false => format!("{} {}", short_number(port), self.connection(rest)),
        }
    }

    /// `1 1 UDP 2130706431 10.0.1.1 8998 typ host` (RFC 8839 §5.1)
    fn candidate(&mut self, value: &str) -> String {
        let words: Vec<&str> = value.split(' ').collect();
        let [
            _,
            component,
            transport,
            _,
            host,
            port,
            "typ",
            kind,
            rest @ ..,
        ] = &words[..]
        else {
            return GONE.to_owned();
        };
        let kind = ["host", "srflx", "prflx", "relay"]
            .iter()
            .find(|known| *known == kind);
        let mut shown = format!(
            "{GONE} {} {} {GONE} {} {} typ {}",
            short_number(component),
            word_or_gone(transport),
            self.host(host),
            short_number(port),
            kind.unwrap_or(&GONE)
        );
        if let ["raddr", host, "rport", port, ..] = rest {
            let (host, port) = (self.host(host), short_number(port));
            shown.push_str(&format!(" raddr {host} rport {port}"));
        }
        shown
    }
}

/// `audio 40000 RTP/AVP 96 8 0`
fn media(value: &str) -> String {
    let words: Vec<&str> = value.split(' ').collect();
    let [kind, port, profile, types @ ..] = &words[..] else {
        return GONE.to_owned();
    };
    let kind = ["audio", "video", "image", "text", "application", "message"]
        .iter()
        .find(|known| *known == kind);
    let profile = PROFILES.iter().find(|known| *known == profile);
    let types: Vec<&str> = types.iter().map(|word| payload_type(word)).collect();
    format!(
        "{} {} {} {}",
        kind.unwrap_or(&GONE),
        short_number(port),
        profile.unwrap_or(&GONE),
        types.join(" ")
    )
}

fn payload_type(word: &str) -> &str {
    match word.parse::<u8>() {
        Ok(number) if number < 128 && !word.starts_with('+') && word.len() <= 3 => word,
        _ => GONE,
    }
}

/// `96 opus/48000/2`
fn rtpmap(value: &str) -> String {
    let (number, codec) = value.split_once(' ').unwrap_or((value, ""));
    let parts = codec
        .split('/')
        .map(|part| match RATES.contains(&part) || is_word(part) {
            true => part,
            false => GONE,
        });
    format!(
        "{} {}",
        payload_type(number),
        parts.collect::<Vec<_>>().join("/")
    )
}

/// `96 useinbandfec=1;maxaveragebitrate=24000`, `101 0-16`
fn fmtp(value: &str) -> String {
    let (number, params) = value.split_once(' ').unwrap_or((value, ""));
    if ["0-15", "0-16"].contains(&params) {
        return format!("{} {params}", payload_type(number));
    }
    let known = params.split(';').filter_map(|param| {
        let (name, value) = param.trim().split_once('=')?;
        let number = value.len() <= 6 && value.bytes().all(|byte| byte.is_ascii_digit());
        (FORMAT_PARAMETERS.contains(&name) && number).then(|| format!("{name}={value}"))
    });
    format!(
        "{} {}",
        payload_type(number),
        known.collect::<Vec<_>>().join(";")
    )
}

/// `1 AES_CM_128_HMAC_SHA1_80 inline:…`
fn crypto(value: &str) -> String {
    let mut words = value.split(' ');
    let tag = short_number(words.next().unwrap_or_default());
    let suite = words.next().filter(|suite| SUITES.contains(suite));
    format!("{tag} {} inline:{GONE}", suite.unwrap_or(GONE))
}
