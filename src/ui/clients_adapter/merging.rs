//! Making one client of two: finding the other, what will be, doing it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ringbook_ui::slint::{ComponentHandle, SharedString, Weak};
use ringbook_ui::{MainWindow, MergeAdapter, MergeLine};

use super::page::map_row;
use crate::model::{Client, ClientField, ClientId, ClientSummary, Kind, Value};
use crate::store::CallFilter;
use crate::ui::asking::{self, spawn};
use crate::ui::form::model;
use crate::ui::link::PhoneLink;
use crate::ui::text;
use crate::ui::window_adapter::{complain, tell};
use crate::{tr, trn, words};

/// Clients that a search shows.
const FOUND: usize = 20;

/// The state of a merge.
pub struct Merging {
    window: Weak<MainWindow>,
    phone: Rc<dyn PhoneLink>,
    /// The client that stays, and the other one once it was chosen.
    client: RefCell<Option<Client>>,
    other: Cell<Option<ClientId>>,
    /// Called with the client that two have become.
    merged: Box<dyn Fn(ClientId)>,
    /// Counts the questions: a late answer to an older one is dropped.
    asked: Cell<u64>,
}

/// How many of what comes along.
struct ComesAlong {
    calls: u64,
    records: usize,
}

impl Merging {
    /// Ties it to the store; `merged` is called with the client that two have become.
    pub fn start(
        window: &MainWindow,
        phone: Rc<dyn PhoneLink>,
        merged: impl Fn(ClientId) + 'static,
    ) -> Rc<Self> {
        let merging = Rc::new(Self {
            window: window.as_weak(),
            phone,
            client: RefCell::default(),
            other: Cell::default(),
            merged: Box::new(merged),
            asked: Cell::default(),
        });
        let adapter = window.global::<MergeAdapter>();
        let this = merging.clone();
        adapter.on_search(move |query| spawn(this.clone().search(query.into())));
        let this = merging.clone();
        adapter.on_choose(move |id| {
            if let Ok(other) = id.parse() {
                spawn(this.clone().choose(other));
            }
        });
        let this = merging.clone();
        adapter.on_merge(move || spawn(this.clone().merge()));
        merging
    }

    /// Begins: whoever is looked for next is the same as this client.
    pub fn begin(self: &Rc<Self>, client: Client) {
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<MergeAdapter>();
        // Doubles mostly bear the same name.
        let query: SharedString = client.name.as_str().into();
        adapter.set_query(query.clone());
        adapter.set_found(model(Vec::new()));
        adapter.set_chosen(false);
        adapter.set_open(true);
        *self.client.borrow_mut() = Some(client);
        spawn(self.clone().search(query.into()));
    }

    async fn search(self: Rc<Self>, query: String) {
        let stays = self.client.borrow().as_ref().map(|client| client.id);
        self.asked.set(self.asked.get() + 1);
        let asked = self.asked.get();
        let found = asking::read(&self.phone, move |store| match query.trim() {
            "" => Ok(Vec::new()),
            query => store.find_clients(query, FOUND),
        });
        let mut found: Vec<ClientSummary> = found.await.unwrap_or_default();
        let Some(window) = self.window.upgrade() else {
            return;
        };
        if asked == self.asked.get() {
            found.retain(|other| Some(other.id) != stays);
            let rows = found.iter().map(map_row).collect();
            window.global::<MergeAdapter>().set_found(model(rows));
        }
    }

    /// Shows what becomes of the client and this other one.
    async fn choose(self: Rc<Self>, other: ClientId) {
        let stays = self.client.borrow().as_ref().map(|client| client.id);
        let Some(stays) = stays else { return };
        let answer = asking::read(&self.phone, move |store| {
            let calls = CallFilter {
                clients: Some(vec![other]),
                ..CallFilter::default()
            };
            let mut records = 0;
            for kind in Kind::of_clients() {
                records += store.records(kind, Some(other))?.len();
            }
            let along = ComesAlong {
                calls: store.count_calls(&calls)?,
                records,
            };
            Ok((store.load_client(stays)?, store.load_client(other)?, along))
        });
        let (mine, theirs, along) = match answer.await {
            Ok(answer) => answer,
            Err(error) => return complain(&self.window, error.to_string()),
        };
        let Some(window) = self.window.upgrade() else {
            return;
        };
        let adapter = window.global::<MergeAdapter>();
        adapter.set_lines(model(lines(&mine, &theirs)));
        adapter.set_comes_along(comes_along(&along).into());
        adapter.set_chosen(true);
        self.other.set(Some(other));
    }

    async fn merge(self: Rc<Self>) {
        let stays = self.client.borrow().as_ref().map(|client| client.id);
        let (Some(stays), Some(other)) = (stays, self.other.take()) else {
            return;
        };
        let done = asking::audited(&self.phone, move |store, who| {
            store.merge_clients(who, stays, other)
        });
        match done.await {
            Ok(()) => {
                if let Some(window) = self.window.upgrade() {
                    window.global::<MergeAdapter>().set_open(false);
                }
                tell(&self.window, tr!("The two are one client now."));
                (self.merged)(stays);
            }
            Err(error) => {
                self.other.set(Some(other));
                complain(&self.window, error.to_string());
            }
        }
    }
}

fn comes_along(along: &ComesAlong) -> String {
    let calls = (along.calls > 0).then(|| trn!("{n} call", "{n} calls", n = along.calls));
    let records = (along.records > 0).then(|| trn!("{n} record", "{n} records", n = along.records));
    let parts: Vec<String> = calls.into_iter().chain(records).collect();
    match parts.is_empty() {
        true => String::new(),
        false => tr!("Comes along: {what}", what = parts.join(" · ")),
    }
}

/// Every field of which either says something, and what stays of it.
fn lines(mine: &Client, theirs: &Client) -> Vec<MergeLine> {
    let mut result = mine.clone();
    result.absorb(theirs);
    let result = result.tidied();
    let [mine, theirs, result] = [mine, theirs, &result].map(Client::texts);
    let text = |of: &[(ClientField, String)], field: &ClientField| {
        let found = of.iter().find(|(known, _)| known == field);
        found
            .map(|(field, text)| shown(field, text))
            .unwrap_or_default()
    };
    let mut fields: Vec<ClientField> = result.iter().map(|(field, _)| field.clone()).collect();
    for (field, _) in mine.iter().chain(&theirs) {
        if !fields.contains(field) {
            fields.push(field.clone());
        }
    }
    let line = |field: &ClientField| MergeLine {
        name: text::line(&words::client_field(field)),
        mine: text::lines(&text(&mine, field)),
        theirs: text::lines(&text(&theirs, field)),
        result: text::lines(&text(&result, field)),
    };
    fields.iter().map(line).collect()
}

/// A field's text as people read it.
fn shown(field: &ClientField, text: &str) -> String {
    let flag = matches!(
        field,
        ClientField::Once("note_acknowledge" | "consent" | "do_not_call")
    );
    match field {
        _ if flag => words::value(&Value::Flag(text == "yes")),
        ClientField::Once("kind") => words::chosen(text),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_each_says_and_what_stays_stand_side_by_side() {
        let mut mine = Client::named("Ivan Petrov", Timestamp::UNIX_EPOCH);
        mine.company = "Steppe LLP".into();
        let mut theirs = Client::named("I. Petrov", Timestamp::UNIX_EPOCH);
        theirs.company = "Steppe".into();
        theirs.language = "ru".into();
        theirs.do_not_call = true;
        let lines = lines(&mine, &theirs);
        let line = |name: &str| {
            let line = lines.iter().find(|line| line.name == name).unwrap();
            [&*line.mine, &*line.theirs, &*line.result].map(str::to_owned)
        };
        assert_eq!(line("Company"), ["Steppe LLP", "Steppe", "Steppe LLP"]);
        assert_eq!(line("Language"), ["", "ru", "ru"]);
        assert_eq!(line("Do not call"), ["", "yes", "yes"]);
        let along = ComesAlong {
            calls: 12,
            records: 1,
        };
        assert_eq!(comes_along(&along), "Comes along: 12 calls · 1 record");
    }
}
