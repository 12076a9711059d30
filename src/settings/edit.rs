//! Writing settings back: only what changed, every comment and the order kept.

use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value};

use super::audio;
use super::nat;
use super::notifications as told;
use super::read::{
    CALLER_ID, CODECS, INTERCOM, LANGUAGES, POLICIES, RECORDING_FORMATS, RECORDING_MODES,
    RINGTONES, SRTP, THEMES, TRANSPORTS,
};
use super::ringtone;
use super::{Account, Password, Settings, SettingsError, SettingsFault, every_interface};

/// A key and its value; `None` where the key is to be absent.
pub(super) type Entry = (&'static str, Option<Value>);

/// Writes `settings` to `path`: keys whose value differs from the file's are set, all else stays
/// as it stands. The file appears whole or not at all and is readable by its owner alone.
pub fn save(path: &Path, settings: &Settings) -> Result<(), SettingsError> {
    let before = Settings::load(path)?;
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.map_err(|source| SettingsFault::Unreadable {
            file: path.to_owned(),
            source,
        })?,
    };
    let mut document: DocumentMut =
        text.parse()
            .map_err(|error: toml_edit::TomlError| SettingsFault::Syntax {
                file: path.to_owned(),
                line: 1,
                message: error.message().to_owned(),
            })?;
    for ((name, old), (_, new)) in sections(&before).into_iter().zip(sections(settings)) {
        if old.iter().zip(&new).any(|(old, new)| differ(old, new)) {
            let section = document
                .entry(name)
                .or_insert_with(|| Item::Table(Table::new()));
            if let Some(table) = section.as_table_like_mut() {
                set_changed(table, &old, new);
            }
        }
    }
    accounts().set(&mut document, &before.accounts, &settings.accounts);
    ringtone::list().set(&mut document, &before.ringtones, &settings.ringtones);
    write_whole(path, &document.to_string()).map_err(|source| {
        let file = path.to_owned();
        SettingsFault::Unwritable { file, source }.into()
    })
}

/// A list of tables of the file, such as `[[account]]`.
pub(super) struct List<T> {
    pub(super) name: &'static str,
    /// What tells one of them from the others.
    pub(super) key: fn(&T) -> &str,
    pub(super) entries: fn(&T) -> Vec<Entry>,
    /// One whose table is empty.
    pub(super) empty: T,
}

impl<T: PartialEq> List<T> {
    fn set(&self, document: &mut DocumentMut, before: &[T], after: &[T]) {
        if before == after {
            return;
        }
        let section = document
            .entry(self.name)
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        if let Ok(tables) = std::mem::take(section).into_array_of_tables() {
            *section = Item::ArrayOfTables(self.merged(&tables, before, after));
        }
    }

    /// The tables of `after`, each made from the one it came from: that of the same key, or, where none
    /// was added or removed, the one in the same place.
    fn merged(&self, tables: &ArrayOfTables, before: &[T], after: &[T]) -> ArrayOfTables {
        let mut merged = ArrayOfTables::new();
        for (place, item) in after.iter().enumerate() {
            let origin = before
                .iter()
                .position(|old| (self.key)(old) == (self.key)(item))
                .or((before.len() == after.len()).then_some(place));
            let (mut table, old) =
                match origin.and_then(|at| Some((tables.get(at)?, before.get(at)?))) {
                    Some((table, old)) => (table.clone(), old),
                    None => (Table::new(), &self.empty),
                };
            set_changed(&mut table, &(self.entries)(old), (self.entries)(item));
            merged.push(table);
        }
        merged
    }
}

fn accounts() -> List<Account> {
    List {
        name: "account",
        key: |account| account.aor.as_str(),
        entries: account_entries,
        empty: Account::new(""),
    }
}

fn set_changed(table: &mut dyn toml_edit::TableLike, old: &[Entry], new: Vec<Entry>) {
    for (old, new) in old.iter().zip(new) {
        if !differ(old, &new) {
            continue;
        }
        match (table.get_mut(new.0), new.1) {
            (Some(item), Some(mut value)) => {
                // The comment behind the value belongs to the key, not to the old value.
                if let Some(decor) = item.as_value().map(|old| old.decor().clone()) {
                    *value.decor_mut() = decor;
                }
                *item = Item::Value(value);
            }
            (None, Some(value)) => drop(table.insert(new.0, Item::Value(value))),
            (_, None) => drop(table.remove(new.0)),
        }
    }
}

/// TOML values have no equality of their own; their text without decoration has.
fn differ(old: &Entry, new: &Entry) -> bool {
    let text = |entry: &Entry| entry.1.as_ref().map(|value| value.to_string());
    text(old) != text(new)
}

fn sections(settings: &Settings) -> Vec<(&'static str, Vec<Entry>)> {
    let Settings {
        accounts: _,
        ringtones: _,
        // Nothing in the window changes it.
        carddav: _,
        // Written by hand alone.
        office: _,
        sources: _,
        too_long: _,
        scenarios: _,
        api: _,
        webhooks: _,
        hooks: _,
        sip,
        media,
        audio,
        phone,
        recording,
        log,
        tasks,
        notifications,
        modules,
        window,
    } = settings;
    let ports = &media.rtp_ports;
    vec![
        (
            "sip",
            vec![
                ("udp_port", integer(sip.udp_port)),
                ("tcp_port", integer(sip.tcp_port)),
                ("tls_port", integer(sip.tls_port)),
                ("bind", Some(bind(&sip.bind))),
                (
                    "tls_certificate",
                    sip.tls_certificate.as_ref().map(Value::from),
                ),
                ("tls_key", sip.tls_key.as_ref().map(Value::from)),
                ("dns", sip.dns.map(|dns| dns.to_string().into())),
            ],
        ),
        (
            "media",
            vec![
                ("codecs", Some(words(&CODECS, &media.codecs))),
                (
                    "rtp_ports",
                    Some(format!("{}-{}", ports.start(), ports.end()).into()),
                ),
                ("srtp", Some(word(&SRTP, &media.srtp).into())),
                ("opus_dtx", Some(media.opus_dtx.into())),
                (
                    "silence_suppression",
                    Some(media.silence_suppression.into()),
                ),
            ],
        ),
        ("audio", audio::write(audio)),
        (
            "phone",
            vec![
                ("auto_answer", Some(phone.auto_answer.into())),
                (
                    "max_calls",
                    integer(u32::try_from(phone.max_calls).unwrap_or(u32::MAX)),
                ),
                ("call_waiting", Some(phone.call_waiting.into())),
                ("do_not_disturb", Some(phone.do_not_disturb.into())),
                (
                    "forward_always",
                    phone.forward_always.as_ref().map(Value::from),
                ),
                ("forward_busy", phone.forward_busy.as_ref().map(Value::from)),
                (
                    "forward_no_answer",
                    phone.forward_no_answer.as_ref().map(Value::from),
                ),
                ("forward_after_s", integer(phone.forward_after_s)),
                ("transfers", Some(word(&POLICIES, &phone.transfers).into())),
                ("redirects", Some(word(&POLICIES, &phone.redirects).into())),
                ("intercom", Some(word(&INTERCOM, &phone.intercom).into())),
                ("ask_links", Some(phone.ask_links.into())),
            ],
        ),
        (
            "recording",
            vec![
                ("mode", Some(word(&RECORDING_MODES, &recording.mode).into())),
                (
                    "format",
                    Some(word(&RECORDING_FORMATS, &recording.format).into()),
                ),
            ],
        ),
        (
            "log",
            vec![
                ("ladders", integer(log.ladders)),
                ("ladder_days", integer(log.ladder_days)),
            ],
        ),
        ("tasks", vec![("due_minutes", integer(tasks.due_minutes))]),
        ("notifications", told::write(*notifications)),
        (
            "modules",
            vec![
                ("caller_card", Some(modules.caller_card.into())),
                ("call_log", Some(modules.call_log.into())),
                ("recording", Some(modules.recording.into())),
                ("tasks", Some(modules.tasks.into())),
                ("register_callers", Some(modules.register_callers.into())),
            ],
        ),
        (
            "window",
            vec![
                ("language", Some(word(&LANGUAGES, &window.language).into())),
                ("theme", Some(word(&THEMES, &window.theme).into())),
                ("text_percent", integer(window.text_percent)),
                ("high_contrast", Some(window.high_contrast.into())),
            ],
        ),
    ]
}

fn account_entries(account: &Account) -> Vec<Entry> {
    let text = |value: &Option<String>| value.as_ref().map(Value::from);
    let present = |value: &str| (!value.is_empty()).then(|| Value::from(value));
    let default = Account::new("");
    let mut entries = vec![
        ("aor", present(&account.aor)),
        ("display_name", text(&account.display_name)),
        ("extension", text(&account.extension)),
        ("company", text(&account.company)),
        ("card_layout", text(&account.card_layout)),
        (
            "ringtone",
            (account.ringtone != default.ringtone)
                .then(|| word(&RINGTONES, &account.ringtone).into()),
        ),
        ("ringtone_file", text(&account.ringtone_file)),
        (
            "country",
            account.country.map(|country| country.code().into()),
        ),
        ("username", text(&account.username)),
        (
            "password",
            account
                .password
                .as_ref()
                .map(Password::reveal)
                .map(Value::from),
        ),
        ("password_command", text(&account.password_command)),
        ("registrar", text(&account.registrar)),
        ("outbound_proxy", text(&account.outbound_proxy)),
        (
            "transport",
            account
                .transport
                .map(|_| word(&TRANSPORTS, &account.transport).into()),
        ),
        ("ca_file", text(&account.ca_file)),
        (
            "gruu",
            (account.gruu != default.gruu).then(|| account.gruu.into()),
        ),
        (
            "codecs",
            account.codecs.as_deref().map(|list| words(&CODECS, list)),
        ),
        ("srtp", account.srtp.map(|srtp| word(&SRTP, &srtp).into())),
        (
            "keys_in_clear",
            (account.keys_in_clear != default.keys_in_clear).then(|| account.keys_in_clear.into()),
        ),
        ("dial_prefix", present(&account.dialing.prefix)),
        ("strip", present(&account.dialing.strip)),
        (
            "emergency",
            (account.dialing.emergency != default.dialing.emergency)
                .then(|| account.dialing.emergency.iter().collect()),
        ),
        (
            "register",
            (account.register != default.register).then(|| account.register.into()),
        ),
        (
            "expires_s",
            (account.expires_s != default.expires_s).then(|| i64::from(account.expires_s).into()),
        ),
        (
            "lamps",
            (!account.lamps.is_empty())
                .then(|| Value::Array(account.lamps.iter().map(String::as_str).collect())),
        ),
        ("voicemail", account.voicemail.then(|| true.into())),
        ("mailbox", text(&account.mailbox)),
        (
            "caller_id",
            (account.caller_id != default.caller_id).then(|| words(&CALLER_ID, &account.caller_id)),
        ),
        ("publish", account.publish.then(|| true.into())),
        (
            "anonymous",
            (account.anonymous != default.anonymous).then(|| account.anonymous.into()),
        ),
    ];
    entries.extend(nat::write(&account.nat));
    entries
}

fn words<T: PartialEq>(words: &[(&'static str, T)], list: &[T]) -> Value {
    list.iter().map(|meaning| word(words, meaning)).collect()
}

fn integer(number: impl Into<i64>) -> Option<Value> {
    Some(number.into().into())
}

pub(super) fn word<T: PartialEq>(words: &[(&'static str, T)], meaning: &T) -> &'static str {
    words
        .iter()
        .find(|(_, known)| known == meaning)
        .map_or("", |(word, _)| word)
}

fn bind(addresses: &[IpAddr]) -> Value {
    if addresses == every_interface() {
        return "0.0.0.0".into();
    }
    match addresses {
        [one] if !one.is_unspecified() => one.to_string().into(),
        list => list.iter().map(IpAddr::to_string).collect::<Array>().into(),
    }
}

/// Writes the file, or the one that it is a link to, whole or not at all.
pub(crate) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = path.with_extension("toml.new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
