//! From the text of `settings.toml` to [`Settings`].

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::Path;

use ringbook_sip::message::Uri;
use toml::Spanned;
use toml::de::DeValue;

use super::audio;
use super::carddav;
use super::nat;
use super::notifications;
use super::office;
use super::programs;
use super::scenario;
use super::section::{Section, Source};
use super::too_long;
use super::{
    Account, Codec, Dialing, IdentityHeader, Intercom, Log, Media, Modules, Password, Phone,
    Policy, Recording, RecordingFormat, RecordingMode, Ringtone, Settings, SettingsError, Sip,
    Srtp, Tasks, Transport, Window, WindowTheme, every_interface,
};
use crate::i18n::Language;
use crate::model::{CardSource, Country};

/// More lines than anybody has; a bound on what one file can ask for.
const MAX_ACCOUNTS: usize = 100;

pub(super) const CODECS: [(&str, Codec); 4] = [
    ("opus", Codec::Opus),
    ("g722", Codec::G722),
    ("pcma", Codec::Pcma),
    ("pcmu", Codec::Pcmu),
];
pub(super) const SRTP: [(&str, Srtp); 3] = [
    ("off", Srtp::Off),
    ("optional", Srtp::Optional),
    ("mandatory", Srtp::Mandatory),
];
pub(super) const CALLER_ID: [(&str, IdentityHeader); 3] = [
    ("p-asserted-identity", IdentityHeader::Asserted),
    ("remote-party-id", IdentityHeader::RemoteParty),
    ("from", IdentityHeader::From),
];
pub(super) const TRANSPORTS: [(&str, Option<Transport>); 4] = [
    ("auto", None),
    ("udp", Some(Transport::Udp)),
    ("tcp", Some(Transport::Tcp)),
    ("tls", Some(Transport::Tls)),
];
pub(super) const RINGTONES: [(&str, Ringtone); 6] = [
    ("marimba", Ringtone::Marimba),
    ("chimes", Ringtone::Chimes),
    ("telephone", Ringtone::Telephone),
    ("pulse", Ringtone::Pulse),
    ("deep", Ringtone::Deep),
    ("silent", Ringtone::Silent),
];
pub(super) const RECORDING_MODES: [(&str, RecordingMode); 3] = [
    ("always", RecordingMode::Always),
    ("never", RecordingMode::Never),
    ("on-demand", RecordingMode::OnDemand),
];
pub(super) const RECORDING_FORMATS: [(&str, RecordingFormat); 2] = [
    ("wav", RecordingFormat::Wav),
    ("opus", RecordingFormat::Opus),
];
pub(super) const LANGUAGES: [(&str, Option<Language>); 7] = [
    ("system", None),
    ("en", Some(Language::English)),
    ("ru", Some(Language::Russian)),
    ("hi", Some(Language::Hindi)),
    ("ne", Some(Language::Nepali)),
    ("hu", Some(Language::Hungarian)),
    ("ar", Some(Language::Arabic)),
];
pub(super) const THEMES: [(&str, WindowTheme); 3] = [
    ("system", WindowTheme::System),
    ("light", WindowTheme::Light),
    ("dark", WindowTheme::Dark),
];

pub(super) const POLICIES: [(&str, Policy); 2] =
    [("follow", Policy::Follow), ("refuse", Policy::Refuse)];
pub(super) const INTERCOM: [(&str, Intercom); 2] =
    [("never", Intercom::Never), ("trusted", Intercom::Trusted)];

pub(super) fn settings(text: &str, file: &Path) -> Result<Settings, SettingsError> {
    let source = Source { file, text };
    let document = source.document()?;
    let mut top = Section::new(
        source,
        "at the top level",
        document.span(),
        document.get_ref(),
    );
    let accounts = accounts(&mut top, source)?;
    let settings = Settings {
        sip: section(&mut top, source, "sip", sip)?,
        media: section(&mut top, source, "media", media)?,
        audio: section(&mut top, source, "audio", audio::read)?,
        phone: section(&mut top, source, "phone", phone)?,
        recording: section(&mut top, source, "recording", recording)?,
        log: section(&mut top, source, "log", log)?,
        tasks: section(&mut top, source, "tasks", tasks)?,
        carddav: section(&mut top, source, "carddav", carddav::read)?,
        notifications: section(&mut top, source, "notifications", notifications::read)?,
        office: section(&mut top, source, "office", office::read)?,
        modules: section(&mut top, source, "modules", modules)?,
        window: section(&mut top, source, "window", window)?,
        sources: sources(&mut top)?,
        too_long: too_long::limits(&mut top)?,
        ringtones: super::ringtone::ringtones(&mut top)?,
        scenarios: scenario::scenarios(&mut top, &accounts)?,
        api: section(&mut top, source, "api", programs::api)?,
        webhooks: programs::webhooks(&mut top)?,
        hooks: programs::hooks(&mut top)?,
        accounts,
    };
    top.finish()?;
    Ok(settings)
}

/// Reads the table `[name]` with `read`; its defaults where the file has none.
fn section<'a, T: Default>(
    top: &mut Section<'a>,
    source: Source<'a>,
    name: &'static str,
    read: fn(&mut Section<'a>) -> Result<T, SettingsError>,
) -> Result<T, SettingsError> {
    let Some(value) = top.value(name) else {
        return Ok(T::default());
    };
    let table = value
        .get_ref()
        .as_table()
        .ok_or_else(|| top.bad(name, value, &format!("a section [{name}]")))?;
    let mut section = Section::new(source, format!("in [{name}]"), value.span(), table);
    let read = read(&mut section)?;
    section.finish()?;
    Ok(read)
}

fn accounts<'a>(top: &mut Section<'a>, source: Source<'a>) -> Result<Vec<Account>, SettingsError> {
    let Some(value) = top.value("account") else {
        return Ok(Vec::new());
    };
    let array = value
        .get_ref()
        .as_array()
        .filter(|array| array.len() <= MAX_ACCOUNTS)
        .ok_or_else(|| {
            top.bad(
                "account",
                value,
                &format!("at most {MAX_ACCOUNTS} sections [[account]]"),
            )
        })?;
    let mut accounts: Vec<Account> = Vec::with_capacity(array.len());
    for item in array.iter() {
        let table = item
            .get_ref()
            .as_table()
            .ok_or_else(|| top.bad("account", item, "a section [[account]]"))?;
        let mut section = Section::new(source, "in [[account]]", item.span(), table);
        let account = account(&mut section)?;
        if accounts.iter().any(|other| other.aor == account.aor)
            && let Some(aor) = section.value("aor")
        {
            return Err(section.bad("aor", aor, "each aor once"));
        }
        section.finish()?;
        accounts.push(account);
    }
    Ok(accounts)
}

/// More fields of the card than anybody reads.
const MAX_SOURCES: usize = 20;

fn sources(top: &mut Section<'_>) -> Result<Vec<CardSource>, SettingsError> {
    let mut sources: Vec<CardSource> = Vec::new();
    for mut section in top.tables("source", "in [[source]]", MAX_SOURCES)? {
        let read = super::source::source(&mut section)?;
        if sources.iter().any(|other| other.name == read.name)
            && let Some(name) = section.value("name")
        {
            return Err(section.bad("name", name, "each name once"));
        }
        section.finish()?;
        sources.push(read);
    }
    Ok(sources)
}

const AOR: &str = "an address such as \"sip:101@office.example\"";

fn account(section: &mut Section<'_>) -> Result<Account, SettingsError> {
    let aor = uri(section, "aor", AOR, true)?.ok_or_else(|| section.missing("aor", AOR))?;
    let mut account = Account::new(aor);
    account.display_name = section.string("display_name")?;
    account.extension = section.string("extension")?;
    account.company = section.string("company")?;
    account.card_layout = section.string("card_layout")?;
    account.ringtone = section.choice("ringtone", account.ringtone, &RINGTONES)?;
    account.ringtone_file = section.string("ringtone_file")?;
    account.country = country(section, "country")?;
    account.username = section.string("username")?;
    account.password = section.string("password")?.map(Password::new);
    account.password_command = section.string("password_command")?;
    if account.password.is_some()
        && let Some(value) = section.value("password_command")
    {
        return Err(section.bad(
            "password_command",
            value,
            "either password or password_command",
        ));
    }
    let server = "an address such as \"sip:office.example;transport=tcp\"";
    account.registrar = uri(section, "registrar", server, false)?;
    account.outbound_proxy = uri(section, "outbound_proxy", server, false)?;
    account.transport = section.choice("transport", account.transport, &TRANSPORTS)?;
    account.ca_file = section.string("ca_file")?;
    account.gruu = section.bool("gruu", account.gruu)?;
    account.codecs = each_once(section, "codecs", &CODECS)?;
    account.dialing = dialing(section)?;
    account.register = section.bool("register", account.register)?;
    account.lamps = lamps(section)?;
    account.voicemail = section.bool("voicemail", account.voicemail)?;
    account.mailbox = section.string("mailbox")?;
    account.caller_id = each_once(section, "caller_id", &CALLER_ID)?.unwrap_or(account.caller_id);
    account.publish = section.bool("publish", account.publish)?;
    account.expires_s = section.integer("expires_s", account.expires_s, 10..=86_400)?;
    account.srtp = section.optional_choice("srtp", &SRTP)?;
    account.keys_in_clear = section.bool("keys_in_clear", account.keys_in_clear)?;
    account.nat = nat::read(section)?;
    account.anonymous = section.bool("anonymous", account.anonymous)?;
    Ok(account)
}

/// Lamps that one line can watch: a bound on the subscriptions that one file can ask for.
pub const MAX_LAMPS: usize = 200;

fn lamps(section: &mut Section<'_>) -> Result<Vec<String>, SettingsError> {
    let Some(value) = section.value("lamps") else {
        return Ok(Vec::new());
    };
    let allowed = format!(
        "a list of at most {MAX_LAMPS} internal numbers or addresses, each once, such as [\"102\", \"103\"]"
    );
    let list = value.get_ref().as_array();
    let Some(list) = list.filter(|list| list.len() <= MAX_LAMPS) else {
        return Err(section.bad("lamps", value, &allowed));
    };
    let mut lamps: Vec<String> = Vec::with_capacity(list.len());
    for item in list.iter() {
        let text = item.get_ref().as_str().map(str::trim).unwrap_or_default();
        if text.is_empty() || lamps.iter().any(|known| known == text) {
            return Err(section.bad("lamps", item, &allowed));
        }
        lamps.push(text.to_owned());
    }
    Ok(lamps)
}

fn dialing(section: &mut Section<'_>) -> Result<Dialing, SettingsError> {
    let default = Dialing::default();
    Ok(Dialing {
        prefix: digits(section, "dial_prefix")?.unwrap_or(default.prefix),
        strip: digits(section, "strip")?.unwrap_or(default.strip),
        emergency: emergency(section)?.unwrap_or(default.emergency),
    })
}

/// Emergency numbers that one line can have.
pub const MAX_EMERGENCY: usize = 16;

/// Whether it can be dialled: at most 16 of `0`–`9`, `+`, `*` and `#`.
pub fn is_dialled(text: &str) -> bool {
    let key = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    (1..=16).contains(&text.len()) && text.chars().all(key)
}

fn digits(section: &mut Section<'_>, key: &'static str) -> Result<Option<String>, SettingsError> {
    let Some(text) = section.string(key)? else {
        return Ok(None);
    };
    match section.value(key) {
        Some(value) if !is_dialled(&text) => Err(section.bad(
            key,
            value,
            "at most 16 of 0-9 + * #, such as \"9\" or \"+\"",
        )),
        _ => Ok(Some(text)),
    }
}

fn emergency(section: &mut Section<'_>) -> Result<Option<Vec<String>>, SettingsError> {
    let Some(value) = section.value("emergency") else {
        return Ok(None);
    };
    let allowed = "a list of at most 16 numbers, such as [\"112\", \"102\"]";
    let list = value
        .get_ref()
        .as_array()
        .filter(|list| list.len() <= MAX_EMERGENCY);
    let list = list.ok_or_else(|| section.bad("emergency", value, allowed))?;
    let number = |item: &Spanned<DeValue<'_>>| {
        let text = item.get_ref().as_str().filter(|text| is_dialled(text));
        text.map(str::to_owned)
            .ok_or_else(|| section.bad("emergency", item, allowed))
    };
    list.iter().map(number).collect::<Result<_, _>>().map(Some)
}

/// A SIP address; `with_user` where it must name somebody.
fn uri(
    section: &mut Section<'_>,
    key: &'static str,
    allowed: &str,
    with_user: bool,
) -> Result<Option<String>, SettingsError> {
    let Some(text) = section.string(key)? else {
        return Ok(None);
    };
    let sound = Uri::parse(&text)
        .is_ok_and(|uri| uri.as_sip().is_some() && (!with_user || uri.user().is_some()));
    match section.value(key) {
        Some(value) if !sound => Err(section.bad(key, value, allowed)),
        _ => Ok(Some(text)),
    }
}

pub(super) fn country(
    section: &mut Section<'_>,
    key: &'static str,
) -> Result<Option<Country>, SettingsError> {
    let Some(text) = section.string(key)? else {
        return Ok(None);
    };
    match (text.parse(), section.value(key)) {
        (Ok(country), _) => Ok(Some(country)),
        (Err(_), None) => Ok(None),
        (Err(_), Some(value)) => Err(section.bad(
            key,
            value,
            "a country's two letters (ISO 3166), such as \"KZ\"",
        )),
    }
}

fn sip(section: &mut Section<'_>) -> Result<Sip, SettingsError> {
    let default = Sip::default();
    Ok(Sip {
        udp_port: section.port("udp_port", default.udp_port)?,
        tcp_port: section.port("tcp_port", default.tcp_port)?,
        tls_port: section.port("tls_port", default.tls_port)?,
        bind: bind(section)?,
        tls_certificate: section.string("tls_certificate")?,
        tls_key: tls_key(section)?,
        dns: dns(section)?,
    })
}

fn tls_key(section: &mut Section<'_>) -> Result<Option<String>, SettingsError> {
    let key = section.string("tls_key")?;
    match (section.value("tls_key"), section.value("tls_certificate")) {
        (Some(value), None) => {
            Err(section.bad("tls_key", value, "only together with tls_certificate"))
        }
        _ => Ok(key),
    }
}

/// A name server: an address, with a port where it is not 53.
fn dns(section: &mut Section<'_>) -> Result<Option<SocketAddr>, SettingsError> {
    let Some(text) = section.string("dns")? else {
        return Ok(None);
    };
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = |ip: IpAddr| SocketAddr::new(ip, 53);
    let address = text.parse().or_else(|_| bare.parse().map(with_port));
    match (address, section.value("dns")) {
        (Err(_), Some(value)) => Err(section.bad(
            "dns",
            value,
            "a name server's address such as \"192.0.2.1\" or \"127.0.0.1:5353\"",
        )),
        (address, _) => Ok(address.ok()),
    }
}

/// `"0.0.0.0"` alone means every interface of both families; a list means just what it says.
fn bind(section: &mut Section<'_>) -> Result<Vec<IpAddr>, SettingsError> {
    let Some(value) = section.value("bind") else {
        return Ok(every_interface());
    };
    let allowed = "an IP address such as \"0.0.0.0\", \"127.0.0.1\" or \"[::]\", or a list of them";
    let address = |item: &Spanned<DeValue<'_>>| -> Option<IpAddr> {
        let text = item.get_ref().as_str()?;
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        bare.parse().ok()
    };
    if let Some(list) = value.get_ref().as_array() {
        let addresses: Option<Vec<_>> = list.iter().map(address).collect();
        return addresses
            .filter(|list| (1..=16).contains(&list.len()))
            .ok_or_else(|| section.bad("bind", value, allowed));
    }
    match address(value) {
        Some(IpAddr::V4(any)) if any.is_unspecified() => Ok(every_interface()),
        Some(one) => Ok(vec![one]),
        None => Err(section.bad("bind", value, allowed)),
    }
}

fn media(section: &mut Section<'_>) -> Result<Media, SettingsError> {
    let default = Media::default();
    Ok(Media {
        codecs: each_once(section, "codecs", &CODECS)?.unwrap_or(default.codecs),
        rtp_ports: rtp_ports(section)?.unwrap_or(default.rtp_ports),
        srtp: section.choice("srtp", default.srtp, &SRTP)?,
        opus_dtx: section.bool("opus_dtx", default.opus_dtx)?,
        silence_suppression: section.bool("silence_suppression", default.silence_suppression)?,
    })
}

/// A list of a few words, each at most once, in the order of preference; none where the key is absent.
fn each_once<T: Copy + PartialEq>(
    section: &mut Section<'_>,
    key: &'static str,
    words: &[(&str, T)],
) -> Result<Option<Vec<T>>, SettingsError> {
    let Some(value) = section.value(key) else {
        return Ok(None);
    };
    let known: Vec<_> = words
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect();
    let allowed = format!("a list of {}, each at most once", known.join(", "));
    let list = value.get_ref().as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| section.bad(key, value, &allowed))?;
    let mut chosen = Vec::new();
    for item in list.iter() {
        let one = section.word(key, item, words)?;
        if chosen.contains(&one) {
            return Err(section.bad(key, item, &allowed));
        }
        chosen.push(one);
    }
    Ok(Some(chosen))
}

fn rtp_ports(section: &mut Section<'_>) -> Result<Option<RangeInclusive<u16>>, SettingsError> {
    let Some(value) = section.value("rtp_ports") else {
        return Ok(None);
    };
    let range = value.get_ref().as_str().and_then(|text| {
        let (first, last) = text.split_once('-')?;
        let first: u16 = first.trim().parse().ok()?;
        let last: u16 = last.trim().parse().ok()?;
        // A call takes two ports, an even one and the odd one above it.
        (first >= 1024 && last > first).then_some(first..=last)
    });
    let allowed = "a range of at least two ports from 1024 to 65535, such as \"40000-40999\"";
    range
        .map(Some)
        .ok_or_else(|| section.bad("rtp_ports", value, allowed))
}

fn phone(section: &mut Section<'_>) -> Result<Phone, SettingsError> {
    let default = Phone::default();
    let max_calls = section.integer("max_calls", 10, 1..=10_000)?;
    Ok(Phone {
        auto_answer: section.bool("auto_answer", default.auto_answer)?,
        max_calls: usize::try_from(max_calls).unwrap_or(default.max_calls),
        call_waiting: section.bool("call_waiting", default.call_waiting)?,
        do_not_disturb: section.bool("do_not_disturb", default.do_not_disturb)?,
        forward_always: section.string("forward_always")?,
        forward_busy: section.string("forward_busy")?,
        forward_no_answer: section.string("forward_no_answer")?,
        forward_after_s: section.integer("forward_after_s", default.forward_after_s, 1..=170)?,
        transfers: section.choice("transfers", default.transfers, &POLICIES)?,
        redirects: section.choice("redirects", default.redirects, &POLICIES)?,
        intercom: section.choice("intercom", default.intercom, &INTERCOM)?,
        ask_links: section.bool("ask_links", default.ask_links)?,
    })
}

fn recording(section: &mut Section<'_>) -> Result<Recording, SettingsError> {
    let default = Recording::default();
    Ok(Recording {
        mode: section.choice("mode", default.mode, &RECORDING_MODES)?,
        format: section.choice("format", default.format, &RECORDING_FORMATS)?,
    })
}

fn log(section: &mut Section<'_>) -> Result<Log, SettingsError> {
    let default = Log::default();
    Ok(Log {
        ladders: section.integer("ladders", default.ladders, 0..=1_000_000)?,
        ladder_days: section.integer("ladder_days", default.ladder_days, 1..=36_500)?,
    })
}

fn tasks(section: &mut Section<'_>) -> Result<Tasks, SettingsError> {
    let default = Tasks::default();
    Ok(Tasks {
        due_minutes: section.integer("due_minutes", default.due_minutes, 1..=525_600)?,
    })
}

fn modules(section: &mut Section<'_>) -> Result<Modules, SettingsError> {
    let default = Modules::default();
    Ok(Modules {
        caller_card: section.bool("caller_card", default.caller_card)?,
        call_log: section.bool("call_log", default.call_log)?,
        recording: section.bool("recording", default.recording)?,
        tasks: section.bool("tasks", default.tasks)?,
        register_callers: section.bool("register_callers", default.register_callers)?,
    })
}

fn window(section: &mut Section<'_>) -> Result<Window, SettingsError> {
    let default = Window::default();
    Ok(Window {
        language: section.choice("language", default.language, &LANGUAGES)?,
        theme: section.choice("theme", default.theme, &THEMES)?,
        text_percent: section.integer("text_percent", default.text_percent, 100..=200)?,
        high_contrast: section.bool("high_contrast", default.high_contrast)?,
    })
}
