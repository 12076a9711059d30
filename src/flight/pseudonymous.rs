//! A flight with nothing in it that says who called whom, from where, or through whom.
//!
//! Nothing is searched for and struck out. Each message is written anew from what is known to be
//! harmless: the words of the protocol, and stand-ins for everything else. The same thing has the
//! same stand-in throughout, so that the ladder can still be followed; a stand-in for an address
//! is an address of the same kind.

mod sdp;
mod stand_ins;
mod words;

use ringbook_sip::message::{NameAddr, Params, Uri, Via, reason_phrase, split_commas};

use self::stand_ins::{Kind, StandIns};
use self::words::{Header, canonical, is_method, is_word, word_or_gone};
use super::record::{Flight, Happening, Message, Note};
use super::redact::GONE;
use super::sip_text;

/// The flight for a stranger to read.
pub fn pseudonymous(flight: &Flight) -> Flight {
    let mut names = StandIns::default();
    let messages = flight.messages.iter().map(|message| {
        let local = names.socket(message.local);
        let remote = names.socket(message.remote);
        Message {
            local,
            remote,
            text: names.message(&message.text),
            ..message.clone()
        }
    });
    let messages = messages.collect();
    let notes = flight.notes.iter().map(|note| Note {
        at_ms: note.at_ms,
        what: names.happening(&note.what),
    });
    let notes = notes.collect();
    Flight {
        call_id: names.of(Kind::Id, &flight.call_id),
        messages,
        notes,
        ..flight.clone()
    }
}

impl StandIns {
    fn happening(&mut self, what: &Happening) -> Happening {
        let gone = GONE.to_owned();
        match what {
            Happening::Media {
                codec,
                remote,
                send,
                receive,
            } => Happening::Media {
                codec: word_or_gone(codec),
                remote: self.socket(*remote),
                send: *send,
                receive: *receive,
            },
            // A device is called after its owner, now and then.
            Happening::DeviceLost { device, .. } => Happening::DeviceLost {
                device: word_or_gone(device),
                reason: gone,
            },
            Happening::DeviceReplaced { device, .. } => Happening::DeviceReplaced {
                device: word_or_gone(device),
                by: gone,
            },
            Happening::DeviceBack { device } => Happening::DeviceBack {
                device: word_or_gone(device),
            },
            Happening::Refused { .. } => Happening::Refused { error: gone },
            harmless @ (Happening::Held { .. }
            | Happening::Resumed { .. }
            | Happening::FirstPacket
            | Happening::RecordingPaused
            | Happening::RecordingResumed
            | Happening::NoRtp { .. }) => harmless.clone(),
        }
    }

    fn message(&mut self, text: &str) -> String {
        let mut shown = self.start_line(sip_text::first_line(text));
        shown.push_str("\r\n");
        for (name, value) in sip_text::headers(text) {
            shown.push_str(&self.header(name, value));
            shown.push_str("\r\n");
        }
        shown.push_str("\r\n");
        let body = sip_text::body(text);
        let is_sdp = sip_text::header(text, "Content-Type", "c")
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/sdp"));
        match (body.is_empty(), is_sdp) {
            (true, _) => {}
            (false, true) => shown.push_str(&self.sdp(body)),
            (false, false) => shown.push_str(GONE),
        }
        shown
    }

    fn start_line(&mut self, line: &str) -> String {
        if let Some(status) = sip_text::status(line).filter(|status| (100..700).contains(status)) {
            let phrase = line.splitn(3, ' ').nth(2).unwrap_or_default();
            let usual = reason_phrase(status);
            let phrase = if phrase.eq_ignore_ascii_case(usual) {
                usual
            } else {
                GONE
            };
            return format!("SIP/2.0 {status} {phrase}");
        }
        let mut words = line.split(' ');
        let method = words.next().filter(|method| is_method(method));
        let uri = words.next().map_or(GONE.to_owned(), |uri| self.uri(uri));
        format!("{} {uri} SIP/2.0", method.unwrap_or(GONE))
    }

    fn header(&mut self, name: &str, value: &str) -> String {
        let Some((name, kind)) = canonical(name) else {
            // Its name may be a secret, too: `X-Customer-42: yes`.
            return format!("X-Other: {GONE}");
        };
        let shown = match kind {
            Header::Address => self.list(value, Self::name_addr),
            Header::Via => self.list(value, Self::via),
            Header::Id => self.of(Kind::Id, value),
            Header::Replaces => self.replaces(value),
            Header::Words => words::only_words(value),
            Header::Number => words::number_and_words(value),
            Header::Digest => self.digest(value),
            Header::Opaque => GONE.to_owned(),
        };
        format!("{name}: {shown}")
    }

    fn list(&mut self, value: &str, shown: fn(&mut Self, &str) -> String) -> String {
        let elements: Vec<String> = split_commas(value)
            .map(|element| shown(self, element))
            .collect();
        elements.join(", ")
    }

    fn name_addr(&mut self, text: &str) -> String {
        if text == "*" {
            return "*".to_owned();
        }
        let Ok(address) = NameAddr::parse(text) else {
            return GONE.to_owned();
        };
        let display = address.display.filter(|display| !display.is_empty());
        let display = display.map(|display| format!("\"{}\" ", self.of(Kind::Name, &display)));
        let uri = self.uri(&address.uri.to_string());
        let params = self.params(&address.params);
        format!("{}<{uri}>{params}", display.unwrap_or_default())
    }

    fn uri(&mut self, text: &str) -> String {
        let Ok(uri) = Uri::parse(text) else {
            return GONE.to_owned();
        };
        let user = uri.user().map(|user| self.user(&user));
        if let Uri::Tel(_) = uri {
            return format!("tel:{}", user.unwrap_or_else(|| GONE.to_owned()));
        }
        let Some(sip) = uri.as_sip() else {
            return GONE.to_owned();
        };
        let scheme = if sip.secure { "sips" } else { "sip" };
        let user = user.map_or(String::new(), |user| format!("{user}@"));
        let host = self.host(&sip.host.to_string());
        let port = sip.port.map_or(String::new(), |port| format!(":{port}"));
        let params = self.params(&sip.params);
        format!("{scheme}:{user}{host}{port}{params}")
    }

    fn user(&mut self, user: &str) -> String {
        let is_number = |c: char| c.is_ascii_digit() || "+-.()*# ".contains(c);
        let kind = match !user.is_empty() && user.chars().all(is_number) {
            true => Kind::Number,
            false => Kind::User,
        };
        self.of(kind, user)
    }

    fn via(&mut self, text: &str) -> String {
        let Ok(via) = Via::parse(text) else {
            return GONE.to_owned();
        };
        let transport = word_or_gone(&via.transport);
        let host = self.host(&via.host.to_string());
        let port = via.port.map_or(String::new(), |port| format!(":{port}"));
        let params = self.params(&via.params);
        format!("SIP/2.0/{transport} {host}{port}{params}")
    }

    fn params(&mut self, params: &Params) -> String {
        let shown: Vec<String> = params
            .iter()
            .map(|(name, value)| self.param(name, value))
            .collect();
        shown.concat()
    }

    /// A parameter that the protocol knows; of any other not even the name is left.
    fn param(&mut self, name: &str, value: Option<&str>) -> String {
        let name = name.trim().to_ascii_lowercase();
        if !is_word(&name) {
            return String::new();
        }
        let Some(value) = value else {
            return format!(";{name}");
        };
        let value = match name.as_str() {
            "tag" | "branch" | "to-tag" | "from-tag" => self.of(Kind::Id, value),
            "received" | "maddr" => self.host(value),
            // A port, seconds, a share, a count: never as long as a telephone number.
            "rport" | "expires" | "ttl" | "q" | "reg-id" => words::short_number(value),
            _ => word_or_gone(value),
        };
        format!(";{name}={value}")
    }

    fn replaces(&mut self, value: &str) -> String {
        let (id, params) = value.split_once(';').unwrap_or((value, ""));
        let mut shown = self.of(Kind::Id, id.trim());
        for param in params.split(';') {
            let (name, value) = param.split_once('=').unwrap_or((param, ""));
            shown.push_str(&self.param(name, Some(value)));
        }
        shown
    }

    /// `Digest realm=…, algorithm=MD5, qop=auth`
    fn digest(&mut self, value: &str) -> String {
        let (scheme, params) = value.trim().split_once(' ').unwrap_or((value, ""));
        let mut shown: Vec<String> = Vec::new();
        for param in split_commas(params) {
            let (name, value) = param.split_once('=').unwrap_or((param, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if !is_word(name) {
                continue;
            }
            let value = match name.to_ascii_lowercase().as_str() {
                "realm" => self.of(Kind::Host, value),
                "username" => self.user(value),
                "uri" => self.uri(value),
                "algorithm" | "qop" | "stale" => words::only_words(value),
                _ => GONE.to_owned(),
            };
            shown.push(format!("{name}=\"{value}\""));
        }
        format!("{} {}", word_or_gone(scheme), shown.join(", "))
    }
}

#[cfg(test)]
mod tests;
