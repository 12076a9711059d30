//! One account: its form, what is wrong with it, saving it, its password into the keyring.

use std::rc::Rc;
use std::time::Duration;

use ringbook_sip::message::Uri;
use ringbook_ui::slint::{ComponentHandle, ModelRc, SharedString, VecModel};
use ringbook_ui::{AccountFaults, AccountForm, SettingsAdapter};

use super::{SettingsPage, line, ringtone};
use crate::secrets::{self, SystemKeyring};
use crate::settings::{Account, Dialing, Password};
use crate::tr;
use crate::ui::asking::pause;
use crate::ui::text;
use crate::ui::window_adapter::{complain, tell};

/// How long the keyring may ask a person for its own password.
const KEYRING: Duration = Duration::from_secs(60);

impl SettingsPage {
    /// An empty form.
    pub(super) fn begin_account(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<SettingsAdapter>();
        adapter.set_account_index(-1);
        adapter.set_account(AccountForm {
            register: true,
            emergency: Dialing::default().emergency.join(", ").into(),
            ..AccountForm::default()
        });
        self.show_codecs(&adapter, None);
        adapter.set_faults(AccountFaults::default());
        adapter.set_check(ModelRc::default());
    }

    /// Fills the list of codecs.
    pub(super) fn show_codecs(&self, adapter: &SettingsAdapter<'_>, account: Option<&Account>) {
        let codecs = line::map_codecs(account);
        adapter.set_codecs(ModelRc::from(Rc::new(VecModel::from(codecs))));
    }

    /// Writes the form into the file, its password into the keyring.
    pub(super) async fn save_account(self: Rc<Self>) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<SettingsAdapter>();
        let Some((account, former)) = self.take_form(&adapter).await else {
            return;
        };
        let index = usize::try_from(adapter.get_account_index()).ok();
        let former = former.map(|former| former.aor);
        let (account, moved) = put_password_away(account, former).await;
        let in_file = account.password.is_some() || account.nat.turn_password.is_some();
        let mut at = 0;
        let saved = self.change(|settings| {
            let existing = index.filter(|&index| index < settings.accounts.len());
            at = existing.unwrap_or(settings.accounts.len());
            match settings.accounts.get_mut(at) {
                Some(place) => *place = account,
                None => settings.accounts.push(account),
            }
        });
        if !saved {
            return;
        }
        self.load(i32::try_from(at).unwrap_or(0));
        match moved {
            Ok(()) => tell(&self.window, tr!("Account saved.")),
            Err(why) => complain(&self.window, not_moved(&why, in_file)),
        }
        self.check().await;
    }

    /// The account that the form describes, and what it was in the file until now. None where the
    /// form cannot be taken; why stands beside its fields.
    pub(super) async fn take_form(
        &self,
        adapter: &SettingsAdapter<'_>,
    ) -> Option<(Account, Option<Account>)> {
        let form = adapter.get_account();
        let aor_error = address_error(&form.aor, true);
        let registrar_error = address_error(&form.registrar, false);
        adapter.set_aor_error(aor_error.as_str().into());
        adapter.set_registrar_error(registrar_error.as_str().into());
        if !aor_error.is_empty() || !registrar_error.is_empty() {
            return None;
        }
        let settings = self.phone.settings();
        let settings = settings.map_err(|error| complain(&self.window, error.to_string()));
        let index = usize::try_from(adapter.get_account_index()).ok();
        let former = index.and_then(|index| settings.ok()?.accounts.into_iter().nth(index));
        let mut account = former.clone().unwrap_or_else(|| Account::new(""));
        take_account(&form, &mut account);
        let mut faults = AccountFaults::default();
        match line::take_line(&form, &adapter.get_codecs(), &mut account) {
            Ok(()) => {
                let untrusted = line::untrusted(&account).await;
                faults.ca_file = untrusted.unwrap_or_default().into();
                if let Some(file) = &account.ringtone_file {
                    let unplayable = ringtone::unplayable(file).await;
                    faults.ringtone_file = unplayable.unwrap_or_default().into();
                }
            }
            Err(found) => faults = found,
        }
        adapter.set_faults(faults.clone());
        (faults == AccountFaults::default()).then_some((account, former))
    }

    /// Takes the account that is shown out of the file.
    pub(super) fn remove_account(&self) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let index = window.global::<SettingsAdapter>().get_account_index();
        let removed = self.change(|settings| {
            if let Some(index) = usize::try_from(index)
                .ok()
                .filter(|&i| i < settings.accounts.len())
            {
                settings.accounts.remove(index);
            }
        });
        if removed {
            self.load(0);
        }
    }
}

/// Moves the account's password into the system's keyring, on a thread of its own: its service may
/// ask a person. A keyring that does not answer leaves it where it is.
async fn put_password_away(
    account: Account,
    former: Option<String>,
) -> (Account, Result<(), String>) {
    let (done, waiting) = tokio::sync::oneshot::channel();
    let mut changed = account.clone();
    std::thread::spawn(move || {
        let moved = secrets::move_passwords(&mut changed, former.as_deref(), &SystemKeyring);
        drop(done.send((changed, moved)));
    });
    let answer = tokio::select! {
        answer = waiting => answer.ok(),
        () = pause(KEYRING) => None,
    };
    answer.unwrap_or_else(|| (account, Err(tr!("it did not answer"))))
}

/// What became of a password that the keyring did not take.
fn not_moved(why: &str, in_file: bool) -> String {
    if in_file {
        tr!(
            "Account saved. The system's keyring is not available ({why}), so the password stands in settings.toml, which only you can read.",
            why = why
        )
    } else {
        tr!(
            "Account saved. The system's keyring is not available ({why}): type the password and save again.",
            why = why
        )
    }
}

/// What an account is called in a list of lines.
pub(super) fn title(account: &Account) -> SharedString {
    let short = account
        .extension
        .as_deref()
        .unwrap_or_else(|| account.user());
    match account
        .company
        .as_deref()
        .or(account.display_name.as_deref())
    {
        Some(name) => text::line(&format!("{short} · {name}")),
        None => text::line(&account.aor),
    }
}

/// An account, ready to be edited.
pub(super) fn map_account(account: &Account) -> AccountForm {
    let text = |text: &Option<String>| text.as_deref().unwrap_or_default().into();
    let mut form = AccountForm {
        aor: account.aor.as_str().into(),
        display_name: text(&account.display_name),
        extension: text(&account.extension),
        company: text(&account.company),
        card_layout: text(&account.card_layout),
        ringtone: ringtone::place_of(account.ringtone),
        ringtone_file: text(&account.ringtone_file),
        username: text(&account.username),
        password: account
            .password
            .as_ref()
            .map(|p| p.reveal().into())
            .unwrap_or_default(),
        registrar: text(&account.registrar),
        register: account.register,
        ..AccountForm::default()
    };
    line::map_line(account, &mut form);
    // A transport in the address stands in its list, too.
    if let Some((server, word)) = form.registrar.clone().split_once(";transport=") {
        let known = ["udp", "tcp", "tls"]
            .iter()
            .position(|known| *known == word);
        if let Some(at) = known {
            form.registrar = server.into();
            form.transport = i32::try_from(at + 1).unwrap_or(0);
        }
    }
    form
}

/// Takes the form over; what it does not show stays.
fn take_account(form: &AccountForm, account: &mut Account) {
    let text = |text: &SharedString| {
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    account.aor = with_scheme(&form.aor);
    account.display_name = text(&form.display_name);
    account.extension = text(&form.extension);
    account.company = text(&form.company);
    account.card_layout = text(&form.card_layout);
    account.ringtone = ringtone::ringtone_at(form.ringtone);
    account.ringtone_file = ringtone::file_at(&form.ringtone_file);
    account.username = text(&form.username);
    account.password = text(&form.password).map(Password::new);
    if account.password.is_some() {
        account.password_command = None;
    }
    account.register = form.register;
    account.registrar = text(&form.registrar).map(|server| with_scheme(&server));
}

fn with_scheme(address: &str) -> String {
    let address = address.trim();
    if address.starts_with("sip:") || address.starts_with("sips:") {
        address.to_owned()
    } else {
        format!("sip:{address}")
    }
}

/// What is wrong with an address, and what is allowed; empty where nothing is.
fn address_error(typed: &str, needs_user: bool) -> String {
    if typed.trim().is_empty() {
        return if needs_user {
            tr!("An address is needed, such as sip:101@office.example")
        } else {
            String::new()
        };
    }
    match Uri::parse(&with_scheme(typed)) {
        Ok(uri) if needs_user && uri.user().is_none() => {
            tr!("The part before the @ is missing: sip:101@office.example")
        }
        Ok(_) => String::new(),
        Err(error) => tr!(
            "This is no SIP address ({error}); allowed: sip:101@office.example",
            error = error
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_address_is_named_beside_its_field() {
        assert_eq!(address_error("101@a.example", true), "");
        assert!(address_error("", true).contains("sip:101@office.example"));
        assert!(address_error("sip:a.example", true).contains("before the @"));
        assert_eq!(address_error("", false), "");
    }

    #[test]
    fn an_account_comes_back_from_its_form_as_it_was() {
        let mut account = Account::new("sip:101@a.example");
        account.company = Some("Alfa LLC".into());
        account.registrar = Some("sip:pbx.a.example".into());
        account.password_command = Some("pass show sip".into());
        account.ringtone_file = Some("/home/anna/bell.opus".into());
        account.expires_s = 600;
        let mut copy = account.clone();
        take_account(&map_account(&account), &mut copy);
        assert_eq!(copy, account);
    }

    #[test]
    fn a_transport_in_the_address_stands_in_its_list() {
        let mut account = Account::new("sip:101@a.example");
        account.registrar = Some("sip:pbx.a.example;transport=tls".into());
        let form = map_account(&account);
        assert_eq!(
            (form.registrar.as_str(), form.transport),
            ("sip:pbx.a.example", 3)
        );
        account.registrar = Some("sip:pbx.a.example;transport=ws".into());
        let form = map_account(&account);
        assert_eq!(form.registrar, "sip:pbx.a.example;transport=ws");
        assert_eq!(form.transport, 0);
    }

    #[test]
    fn a_typed_password_takes_the_place_of_the_command_that_found_one() {
        let mut account = Account::new("sip:101@a.example");
        account.password_command = Some("pass show sip".into());
        let form = AccountForm {
            password: "s3cret".into(),
            ..map_account(&account)
        };
        take_account(&form, &mut account);
        assert_eq!(account.password, Some(Password::new("s3cret")));
        assert_eq!(account.password_command, None);
    }

    #[test]
    fn where_the_password_is_now_is_said() {
        assert!(not_moved("it is locked", true).contains("settings.toml"));
        assert!(not_moved("it is locked", false).contains("type the password"));
    }
}
