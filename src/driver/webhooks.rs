//! The threads that tell web servers of events: one puts them into the outbox, one a server sends them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel,
};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::message::{Inbox, Message};
use crate::automation::{Event, NoticeKind};
use crate::http::{HttpClient, HttpError, Server};
use crate::secrets;
use crate::settings::{Webhook, signing_key};
use crate::store::{self, Store};
use crate::tr;
use crate::webhooks::{Courier, Outcome, Verdict, request};

/// Events that wait for the outbox; it is a matter of milliseconds, but for a disk that hangs.
const WAITING: usize = 2000;
/// How long one server may take for one event.
const PATIENCE: Duration = Duration::from_secs(15);
/// The most octets of an answer; nobody reads them.
const LARGEST: u64 = 1024 * 1024;
/// Between two attempts to write where the database cannot be written.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the end of the phone waits for the last events to be in the outbox.
const LAST_EVENTS: Duration = Duration::from_millis(500);

/// An event for those who want it.
#[derive(Debug, Clone)]
struct Told {
    name: &'static str,
    at: Timestamp,
    line: String,
}

/// What the outbox's thread is to do.
enum Order {
    Put(Vec<Told>),
    Set(Vec<Webhook>),
    /// Say when everything before is done.
    Finish(Sender<()>),
}

/// The way to the threads, once there is a store and somebody to tell.
pub(super) struct Webhooks {
    settings: Vec<Webhook>,
    /// What happened before there was a store.
    early: Vec<Told>,
    database: Option<PathBuf>,
    orders: Option<SyncSender<Order>>,
    inbox: Inbox,
}

impl Webhooks {
    pub fn new(settings: &[Webhook], inbox: Inbox) -> Self {
        Self {
            settings: settings.to_vec(),
            early: Vec::new(),
            database: None,
            orders: None,
            inbox,
        }
    }

    /// The store is there: begin.
    pub fn begin(&mut self, database: PathBuf) {
        self.database = Some(database);
        if !self.settings.is_empty() {
            self.start();
        }
    }

    /// Other settings hold.
    pub fn set(&mut self, settings: &[Webhook]) {
        if self.settings == settings {
            return;
        }
        self.settings = settings.to_vec();
        match &self.orders {
            Some(orders) => drop(orders.try_send(Order::Set(settings.to_vec()))),
            None => self.start(),
        }
    }

    /// Hands on what somebody wants to know; never waits.
    pub fn tell(&mut self, events: &[Event]) {
        let wanted = |event: &&Event| wants(&self.settings, event.body.name());
        let told = events.iter().filter(wanted).map(|event| Told {
            name: event.body.name(),
            at: event.at,
            line: event.to_line(),
        });
        let told: Vec<Told> = told.collect();
        if told.is_empty() {
            return;
        }
        let Some(orders) = &self.orders else {
            let room = WAITING.saturating_sub(self.early.len());
            return self.early.extend(told.into_iter().take(room));
        };
        if let Err(TrySendError::Full(_)) = orders.try_send(Order::Put(told)) {
            tracing::warn!("the outbox cannot be written: events for webhooks were dropped");
        }
    }

    /// Waits for a moment until the last events are in the outbox; the next start sends them.
    pub fn finish(&mut self) {
        let (done, finished) = channel();
        if let Some(orders) = self.orders.take()
            && orders.try_send(Order::Finish(done)).is_ok()
        {
            let _ = finished.recv_timeout(LAST_EVENTS);
        }
    }

    fn start(&mut self) {
        let Some(database) = self.database.clone() else {
            return;
        };
        let (orders, due) = sync_channel(WAITING);
        let mut outbox = Outbox {
            database,
            webhooks: Vec::new(),
            couriers: BTreeMap::new(),
            waiting: Vec::new(),
            inbox: self.inbox.clone(),
        };
        let settings = self.settings.clone();
        let early = std::mem::take(&mut self.early);
        let thread = thread::Builder::new().name("outbox".to_owned());
        let started = thread.spawn(move || {
            outbox.set(settings);
            outbox.put(early);
            outbox.run(&due);
        });
        match started {
            Ok(_) => self.orders = Some(orders),
            Err(error) => {
                let trouble = Message::Notice(NoticeKind::Webhook, error.to_string());
                self.inbox.put(trouble);
            }
        }
    }
}

fn wants(webhooks: &[Webhook], name: &str) -> bool {
    webhooks.iter().any(|webhook| wants_it(webhook, name))
}

fn wants_it(webhook: &Webhook, name: &str) -> bool {
    webhook.events.iter().any(|wanted| wanted == name)
}

/// The thread that keeps events until they are taken. It has connections to the store of its own, as a
/// command would have.
struct Outbox {
    database: PathBuf,
    webhooks: Vec<Webhook>,
    /// Who wakes whoever sends, by the names of the webhooks.
    couriers: BTreeMap<String, Sender<()>>,
    /// What could not be written yet.
    waiting: Vec<Told>,
    inbox: Inbox,
}

impl Outbox {
    fn run(&mut self, orders: &Receiver<Order>) {
        loop {
            let order = match self.waiting.is_empty() {
                true => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => orders.recv_timeout(PAUSE),
            };
            match order {
                Ok(Order::Put(events)) => self.put(events),
                Ok(Order::Set(webhooks)) => self.set(webhooks),
                Ok(Order::Finish(done)) => drop(done.send(())),
                Err(RecvTimeoutError::Timeout) => self.put(Vec::new()),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Writes down what is to be told, and wakes those who tell it.
    fn put(&mut self, events: Vec<Told>) {
        self.waiting.extend(events);
        if self.waiting.is_empty() {
            return;
        }
        match self.write() {
            Ok(dropped) => {
                self.waiting.clear();
                if dropped > 0 {
                    tracing::warn!(
                        dropped,
                        "the outbox is full: the oldest events were dropped"
                    );
                }
                for courier in self.couriers.values() {
                    // Its thread ends with its settings alone.
                    let _ = courier.send(());
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be written");
                let surplus = self.waiting.len().saturating_sub(store::MOST_WAITING);
                self.waiting.drain(..surplus);
            }
        }
    }

    fn write(&self) -> store::Result<usize> {
        let mut store = Store::open(&self.database)?;
        store.write(|writer| {
            let mut dropped = 0;
            for event in &self.waiting {
                for webhook in self.webhooks.iter().filter(|it| wants_it(it, event.name)) {
                    dropped += writer.put_in_outbox(&webhook.name, event.at, &event.line)?;
                }
            }
            Ok(dropped)
        })
    }

    /// Other settings hold: a webhook that has changed is told by a new thread.
    fn set(&mut self, webhooks: Vec<Webhook>) {
        let kept = |name: &str| webhooks.iter().find(|webhook| webhook.name == name);
        let before = std::mem::take(&mut self.webhooks);
        let same = |name: &str| {
            before
                .iter()
                .any(|old| Some(old) == kept(name) && old.name == name)
        };
        self.couriers.retain(|name, _| same(name));
        let names: Vec<&str> = webhooks.iter().map(|webhook| &*webhook.name).collect();
        let forgotten = Store::open(&self.database)
            .and_then(|mut store| store.write(|writer| writer.keep_outbox_of(&names)));
        if let Err(error) = forgotten {
            tracing::warn!(%error, "the outbox cannot be written");
        }
        for webhook in &webhooks {
            if !self.couriers.contains_key(&webhook.name) {
                let courier = self.start(webhook.clone());
                self.couriers
                    .extend(courier.map(|it| (webhook.name.clone(), it)));
            }
        }
        self.webhooks = webhooks;
    }

    fn start(&self, webhook: Webhook) -> Option<Sender<()>> {
        let (wake, woken) = channel();
        let route = Route {
            webhook,
            client: None,
            courier: Courier::default(),
            trouble: None,
            inbox: self.inbox.clone(),
        };
        let database = self.database.clone();
        let thread = thread::Builder::new().name("webhook".to_owned());
        let started = thread.spawn(move || route.run(&woken, &database));
        started.ok().map(|_| wake)
    }
}

/// The thread that sends one web server its events.
struct Route {
    webhook: Webhook,
    /// Whom to ask, and the key to sign with, once both are known.
    client: Option<(HttpClient, Vec<u8>)>,
    courier: Courier,
    /// What people were told of last.
    trouble: Option<String>,
    inbox: Inbox,
}

impl Route {
    /// Sends what waits, one after the other, until nobody can wake it any more.
    fn run(mut self, woken: &Receiver<()>, database: &Path) {
        loop {
            let pause = match self.send_next(database) {
                Ok(true) => Duration::ZERO,
                Ok(false) => match woken.recv() {
                    Ok(()) => continue,
                    Err(_) => return,
                },
                Err(pause) => pause,
            };
            // Being woken is no reason to be earlier.
            let until = Instant::now() + pause;
            loop {
                let left = until.saturating_duration_since(Instant::now());
                match woken.recv_timeout(left) {
                    Ok(()) if !left.is_zero() => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                    _ => break,
                }
            }
        }
    }

    /// Sends the next event, where there is one; else how long to wait.
    fn send_next(&mut self, database: &Path) -> Result<bool, Duration> {
        let failed = |error: store::StoreError| {
            tracing::warn!(%error, "the outbox cannot be read");
            PAUSE
        };
        let mut store = Store::open(database).map_err(failed)?;
        let next = store.read(|reader| reader.next_in_outbox(&self.webhook.name));
        let Some(event) = next.map_err(failed)? else {
            return Ok(false);
        };
        let url = self.webhook.url.clone();
        let outcome = match self.client() {
            Ok((client, key)) => {
                let request = request(&url, key, &event, Timestamp::now());
                Outcome::of(client.send(&request))
            }
            Err(why) => Outcome::Away(why),
        };
        let now = Instant::now();
        let verdict = self.courier.note(&outcome, now);
        self.tell(&outcome, &verdict);
        if verdict == Verdict::Again {
            let due = self.courier.due(now).unwrap_or(now);
            return Err(due - now);
        }
        let taken = store.write(|writer| writer.take_from_outbox(event.id));
        taken.map(|()| true).map_err(failed)
    }

    /// Whom to ask; what is found is kept.
    fn client(&mut self) -> Result<(&mut HttpClient, &[u8]), String> {
        if self.client.is_none() {
            let webhook = &self.webhook;
            let secret = secrets::look_up(
                webhook.secret.as_ref(),
                webhook.secret_command.as_deref(),
                &webhook.keyring_name(),
            );
            let secret = secret.map_err(|why| {
                tr!(
                    "no secret to sign with: {why}; set secret or secret_command",
                    why = why
                )
            })?;
            let key = signing_key(&secret);
            let key = key.ok_or_else(|| tr!("the secret is not 24 to 64 octets in Base64"))?;
            self.client = Some((http(webhook).map_err(|error| error.to_string())?, key));
        }
        match &mut self.client {
            Some((client, key)) => Ok((client, key)),
            None => Err(String::new()),
        }
    }

    /// Tells people what they should know; the same trouble once.
    fn tell(&mut self, outcome: &Outcome, verdict: &Verdict) {
        let name = &self.webhook.name;
        let trouble = match (outcome, verdict) {
            (Outcome::Taken, _) => None,
            (Outcome::Refused(status), Verdict::GiveUp) => Some(tr!(
                "The webhook {name} refuses an event: HTTP {status}; it was left out",
                name = name,
                status = status
            )),
            // It may be taken yet.
            (Outcome::Refused(_), _) => return,
            (Outcome::Away(why), _) => Some(tr!(
                "The webhook {name} cannot be told of events: {why}. They wait",
                name = name,
                why = why
            )),
        };
        if let Some(text) = trouble.clone().filter(|_| self.trouble.is_none()) {
            self.inbox.put(Message::Notice(NoticeKind::Webhook, text));
        }
        self.trouble = trouble;
    }
}

fn http(webhook: &Webhook) -> Result<HttpClient, HttpError> {
    HttpClient::new(Server {
        url: webhook.url.clone(),
        login: None,
        ca_file: webhook.ca_file.clone(),
        patience: PATIENCE,
        largest: LARGEST,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::automation::{Body, Notice};
    use crate::settings::Password;

    /// A web server that takes everything, and what it is told.
    fn server() -> (String, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (send, told) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut text = String::new();
                while !text.ends_with('}') {
                    let mut octets = [0; 4096];
                    let length = stream.read(&mut octets).unwrap();
                    text.push_str(std::str::from_utf8(&octets[..length]).unwrap());
                }
                let taken = b"HTTP/1.1 204 Taken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                stream.write_all(taken).unwrap();
                send.send(text).unwrap();
            }
        });
        (url, told)
    }

    fn event(text: &str) -> Event {
        Event {
            at: Timestamp::now(),
            body: Body::Notice(Notice::new(NoticeKind::Store, text.to_owned())),
        }
    }

    #[test]
    fn a_webhook_is_told_from_when_the_settings_have_it_until_they_have_it_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("ringbook.db");
        let (url, told) = server();
        let webhook = Webhook {
            name: "crm".to_owned(),
            url,
            secret: Some(Password::new("a2tra2tra2tra2tra2tra2tra2tra2tr")),
            secret_command: None,
            events: vec!["notice".to_owned()],
            ca_file: None,
        };
        let (inbox, _messages) = Inbox::new();
        let mut webhooks = Webhooks::new(&[], inbox);
        webhooks.tell(&[event("nobody wants it")]);
        webhooks.begin(database.clone());
        webhooks.set(std::slice::from_ref(&webhook));
        webhooks.tell(&[event("first"), event("second")]);
        for text in ["first", "second"] {
            let told = told.recv_timeout(Duration::from_secs(60)).unwrap();
            assert!(told.contains(&format!("\"text\":\"{text}\"")), "{told}");
        }
        webhooks.set(&[]);
        webhooks.tell(&[event("nobody wants it any more")]);
        webhooks.finish();
        let store = Store::open(&database).unwrap();
        let waiting = store.read(|reader| reader.next_in_outbox("crm")).unwrap();
        assert_eq!(waiting, None);
        assert!(told.try_recv().is_err());
    }
}
