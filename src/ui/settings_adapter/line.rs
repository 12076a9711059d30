//! What else a line can be told: whom it trusts, how it is encrypted, its codecs, what it dials
//! and whom it watches. Whatever is typed is taken only where the settings' reader would.

use std::collections::HashSet;

use ringbook_ui::slint::{Model, ModelRc, SharedString, VecModel};
use ringbook_ui::{AccountFaults, AccountForm, CodecItem};

use crate::driver::check_authorities;
use crate::settings::{
    Account, Codec, MAX_EMERGENCY, MAX_LAMPS, Nat, Password, Server, Srtp, Transport, is_dialled,
};
use crate::tr;
use crate::ui::text;

/// Every codec, as the settings name it.
const CODECS: [(&str, Codec); 4] = [
    ("opus", Codec::Opus),
    ("g722", Codec::G722),
    ("pcma", Codec::Pcma),
    ("pcmu", Codec::Pcmu),
];
/// The choices of transport and of encryption, in the order of their lists; the first is none.
const TRANSPORTS: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];
const SRTP: [Srtp; 3] = [Srtp::Off, Srtp::Optional, Srtp::Mandatory];

/// Fills the fields of the form that this file reads.
pub(super) fn map_line(account: &Account, form: &mut AccountForm) {
    let place = |at: Option<usize>| at.map_or(0, |at| i32::try_from(at + 1).unwrap_or(0));
    let transport = account.transport;
    form.transport = place(transport.and_then(|it| TRANSPORTS.iter().position(|t| *t == it)));
    form.srtp = place(
        account
            .srtp
            .and_then(|it| SRTP.iter().position(|s| *s == it)),
    );
    form.ca_file = account.ca_file.as_deref().unwrap_or_default().into();
    form.anonymous = account.anonymous;
    form.own_codecs = account.codecs.is_some();
    form.prefix = account.dialing.prefix.as_str().into();
    form.strip = account.dialing.strip.as_str().into();
    form.emergency = account.dialing.emergency.join(", ").into();
    form.lamps = account.lamps.join(", ").into();
    form.voicemail = account.voicemail;
    form.keys_in_clear = account.keys_in_clear;
    let nat = &account.nat;
    let server = |server: &Option<Server>| {
        server
            .as_ref()
            .map(Server::to_string)
            .unwrap_or_default()
            .into()
    };
    form.ice = nat.ice;
    form.stun_server = server(&nat.stun_server);
    form.turn_server = server(&nat.turn_server);
    form.turn_user = nat.turn_user.as_deref().unwrap_or_default().into();
    let password = nat.turn_password.as_ref().map(Password::reveal);
    form.turn_password = password.unwrap_or_default().into();
}

/// All codecs, those of the line first and switched on.
pub(super) fn map_codecs(account: Option<&Account>) -> Vec<CodecItem> {
    let all = CODECS.map(|(_, codec)| codec);
    let own = account.and_then(|account| account.codecs.as_deref());
    let own = own.unwrap_or(&all);
    let others = all.iter().filter(|codec| !own.contains(codec));
    let item = |codec: &Codec| {
        let key = CODECS.iter().find(|(_, known)| known == codec);
        let key = key.map_or("", |(key, _)| *key);
        CodecItem {
            key: key.into(),
            title: text::codec(key).into(),
            on: own.contains(codec),
        }
    };
    own.iter().chain(others).map(item).collect()
}

/// Switches a codec of the list.
pub(super) fn set_codec(codecs: &ModelRc<CodecItem>, index: i32, on: bool) {
    if let Some((at, mut item)) = row(codecs, index) {
        item.on = on;
        codecs.set_row_data(at, item);
    }
}

/// Moves a codec to another place of the list.
pub(super) fn move_codec(codecs: &ModelRc<CodecItem>, index: i32, to: i32) {
    let (from, to) = (row(codecs, index), row(codecs, to));
    let list = codecs.as_any().downcast_ref::<VecModel<CodecItem>>();
    if let (Some((from, item)), Some((to, _)), Some(list)) = (from, to, list) {
        list.remove(from);
        list.insert(to, item);
    }
}

fn row(codecs: &ModelRc<CodecItem>, index: i32) -> Option<(usize, CodecItem)> {
    let at = usize::try_from(index).ok()?;
    codecs.row_data(at).map(|item| (at, item))
}

/// Takes the fields over, but the authorities' file, which [`untrusted`] reads first.
///
/// # Errors
/// What is wrong with which field, and what is allowed.
pub(super) fn take_line(
    form: &AccountForm,
    codecs: &ModelRc<CodecItem>,
    account: &mut Account,
) -> Result<(), AccountFaults> {
    let own: Vec<Codec> = codecs
        .iter()
        .filter(|item| item.on)
        .filter_map(codec)
        .collect();
    let emergency = list(&form.emergency);
    let lamps = list(&form.lamps);
    let faults = AccountFaults {
        ringtone_file: SharedString::new(),
        ca_file: SharedString::new(),
        codecs: match form.own_codecs && own.is_empty() {
            true => tr!("At least one codec is needed: switch one on.").into(),
            false => SharedString::new(),
        },
        prefix: dialled_fault(&form.prefix),
        strip: dialled_fault(&form.strip),
        emergency: emergency_fault(&emergency),
        lamps: lamps_fault(&lamps),
        stun_server: server_fault(&form.stun_server),
        turn_server: server_fault(&form.turn_server),
    };
    if faults != AccountFaults::default() {
        return Err(faults);
    }
    let ca_file = form.ca_file.trim();
    account.ca_file = (!ca_file.is_empty()).then(|| ca_file.to_owned());
    account.transport = chosen(&TRANSPORTS, form.transport);
    account.srtp = chosen(&SRTP, form.srtp);
    account.anonymous = form.anonymous;
    account.codecs = form.own_codecs.then_some(own);
    account.dialing.prefix = form.prefix.trim().to_owned();
    account.dialing.strip = form.strip.trim().to_owned();
    account.dialing.emergency = emergency;
    account.lamps = lamps;
    account.voicemail = form.voicemail;
    account.keys_in_clear = form.keys_in_clear;
    take_nat(form, &mut account.nat);
    Ok(())
}

fn take_nat(form: &AccountForm, nat: &mut Nat) {
    let typed = |text: &SharedString| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    nat.ice = form.ice;
    nat.stun_server = Server::parse(form.stun_server.trim());
    nat.turn_server = Server::parse(form.turn_server.trim());
    nat.turn_user = typed(&form.turn_user);
    nat.turn_password = typed(&form.turn_password).map(Password::new);
    if nat.turn_password.is_some() {
        nat.turn_password_command = None;
    }
}

fn codec(item: CodecItem) -> Option<Codec> {
    let known = CODECS.iter().find(|(key, _)| item.key == *key);
    known.map(|(_, codec)| *codec)
}

fn chosen<T: Copy>(choices: &[T], index: i32) -> Option<T> {
    let at = usize::try_from(index).ok()?.checked_sub(1)?;
    choices.get(at).copied()
}

/// Words parted by commas, semicolons or spaces.
fn list(typed: &str) -> Vec<String> {
    typed
        .split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn dialled_fault(typed: &str) -> SharedString {
    let typed = typed.trim();
    if typed.is_empty() || is_dialled(typed) {
        return SharedString::new();
    }
    tr!(
        "“{typed}” cannot be dialled; allowed: at most 16 of 0-9 + * #",
        typed = text::line(typed)
    )
    .into()
}

fn emergency_fault(numbers: &[String]) -> SharedString {
    if numbers.len() > MAX_EMERGENCY {
        let text = tr!("Too many numbers; allowed: {most}", most = MAX_EMERGENCY);
        return text.into();
    }
    let fault = numbers.iter().map(|number| dialled_fault(number));
    fault
        .into_iter()
        .find(|fault| !fault.is_empty())
        .unwrap_or_default()
}

fn server_fault(typed: &str) -> SharedString {
    let typed = typed.trim();
    if typed.is_empty() || Server::parse(typed).is_some() {
        return SharedString::new();
    }
    tr!(
        "“{typed}” is no server; allowed: a host with or without a port, such as stun.office.example:3478",
        typed = text::line(typed)
    )
    .into()
}

fn lamps_fault(lamps: &[String]) -> SharedString {
    if lamps.len() > MAX_LAMPS {
        let text = tr!("Too many telephones; allowed: {most}", most = MAX_LAMPS);
        return text.into();
    }
    let mut known = HashSet::new();
    let twice = lamps.iter().find(|lamp| !known.insert(lamp.as_str()));
    twice
        .map(|lamp| {
            let lamp = text::line(lamp);
            tr!("{lamp} is there twice; each is watched once.", lamp = lamp).into()
        })
        .unwrap_or_default()
}

/// Why the authorities' file of the account cannot be used; none where it can. It is read on a
/// thread of its own.
pub(super) async fn untrusted(account: &Account) -> Option<String> {
    let file = account.ca_file.clone()?;
    let (done, waiting) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || drop(done.send(check_authorities(&file))));
    let answer = waiting.await.ok()?;
    answer.err().map(|error| {
        tr!(
            "{error}. Choose a file that begins with -----BEGIN CERTIFICATE-----, or leave this empty.",
            error = format!("{error:#}")
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::rc::Rc;

    use super::*;
    use crate::settings::Dialing;

    fn model(items: Vec<CodecItem>) -> ModelRc<CodecItem> {
        ModelRc::from(Rc::new(VecModel::from(items)))
    }

    fn keys(codecs: &ModelRc<CodecItem>) -> Vec<(String, bool)> {
        let item = |item: CodecItem| (item.key.into(), item.on);
        codecs.iter().map(item).collect()
    }

    #[test]
    fn a_line_comes_back_from_its_form_as_it_was() {
        let mut account = Account::new("sip:101@a.example");
        account.transport = Some(Transport::Tls);
        account.srtp = Some(Srtp::Mandatory);
        account.ca_file = Some("office.pem".into());
        account.codecs = Some(vec![Codec::Pcmu, Codec::Opus]);
        account.dialing = Dialing {
            prefix: "9".into(),
            strip: "+".into(),
            emergency: vec!["112".into(), "102".into()],
        };
        account.lamps = vec!["102".into(), "sip:103@b.example".into()];
        account.voicemail = true;
        account.anonymous = true;
        account.keys_in_clear = true;
        account.nat = Nat {
            ice: true,
            stun_server: Server::parse("stun.a.example"),
            turn_server: Server::parse("[2001:db8::7]:5349"),
            turn_user: Some("relay".into()),
            turn_password: Some(Password::new("s3cret")),
            turn_password_command: None,
        };
        let mut form = AccountForm::default();
        map_line(&account, &mut form);
        let mut copy = Account::new("sip:101@a.example");
        take_line(&form, &model(map_codecs(Some(&account))), &mut copy).unwrap();
        assert_eq!(copy, account);
    }

    #[test]
    fn a_command_for_the_turn_password_stays_until_one_is_typed() {
        let mut account = Account::new("sip:101@a.example");
        account.nat.turn_password_command = Some("pass show turn".into());
        let mut form = AccountForm::default();
        map_line(&account, &mut form);
        let codecs = model(map_codecs(None));
        let mut copy = account.clone();
        take_line(&form, &codecs, &mut copy).unwrap();
        assert_eq!(copy, account);
        form.turn_password = "s3cret".into();
        take_line(&form, &codecs, &mut copy).unwrap();
        assert_eq!(copy.nat.turn_password, Some(Password::new("s3cret")));
        assert_eq!(copy.nat.turn_password_command, None);
    }

    #[test]
    fn a_line_without_wishes_stays_so() {
        let account = Account::new("sip:101@a.example");
        let mut form = AccountForm::default();
        map_line(&account, &mut form);
        let mut copy = account.clone();
        take_line(&form, &model(map_codecs(None)), &mut copy).unwrap();
        assert_eq!(copy, account);
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it_and_what_is_allowed() {
        let form = AccountForm {
            own_codecs: true,
            prefix: "nine".into(),
            strip: "00 11".into(),
            emergency: "112, fire".into(),
            lamps: "102; 103 102".into(),
            stun_server: "two words".into(),
            turn_server: "turn.a.example:port".into(),
            ..AccountForm::default()
        };
        let codecs = model(map_codecs(None));
        for index in 0..4 {
            set_codec(&codecs, index, false);
        }
        let mut account = Account::new("sip:101@a.example");
        let before = account.clone();
        let faults = take_line(&form, &codecs, &mut account).unwrap_err();
        assert_eq!(account, before, "nothing is taken by halves");
        assert!(faults.codecs.contains("switch one on"), "{}", faults.codecs);
        assert!(faults.prefix.contains("nine") && faults.prefix.contains("0-9 + * #"));
        assert!(faults.strip.contains("00 11"), "{}", faults.strip);
        assert!(faults.emergency.contains("fire"), "{}", faults.emergency);
        assert!(faults.lamps.contains("102"), "{}", faults.lamps);
        assert!(faults.stun_server.contains("two words") && faults.stun_server.contains(":3478"));
        assert!(faults.turn_server.contains("turn.a.example:port"));
    }

    #[test]
    fn codecs_are_switched_and_put_in_another_order() {
        let codecs = model(map_codecs(None));
        move_codec(&codecs, 3, 0);
        set_codec(&codecs, 1, false);
        move_codec(&codecs, 0, 9);
        let expected = [
            ("pcmu", true),
            ("opus", false),
            ("g722", true),
            ("pcma", true),
        ];
        assert_eq!(
            keys(&codecs),
            expected.map(|(key, on)| (key.to_owned(), on))
        );
    }
}
