//! Pop-ups of the desktop over D-Bus: by the portal where there is one, else by the notification
//! service itself. On a thread of its own: a desktop that hangs or is not there keeps nobody waiting.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use zbus::blocking::{Connection, connection};
use zbus::zvariant::Value;

use super::{Order, Popup};
use crate::printable::printable_sentence;

/// Orders that wait; more are of no use to anybody by the time they would be shown.
const WAITING: usize = 64;
/// How long the desktop may take for one order.
const PATIENCE: Duration = Duration::from_secs(5);
/// More letters of one text than this no pop-up shows.
const MAX_LETTERS: usize = 300;

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PORTAL_PATH: &str = "/org/freedesktop/portal/desktop";
const PORTAL_NOTIFICATION: &str = "org.freedesktop.portal.Notification";
/// The portal's version from which on it can be told whether to sound.
const PORTAL_WITH_SOUND: u32 = 2;
const TRAY: &str = "org.kde.StatusNotifierWatcher";
const SERVICE: &str = "org.freedesktop.Notifications";
const SERVICE_PATH: &str = "/org/freedesktop/Notifications";

/// The desktop that this program runs on.
pub struct Desktop {
    orders: Option<SyncSender<Order>>,
}

impl Desktop {
    /// The desktop of the session.
    pub fn of_session() -> Self {
        Self::start(connection::Builder::session)
    }

    /// The desktop whose bus `find` finds.
    fn start(
        find: impl Fn() -> zbus::Result<connection::Builder<'static>> + Send + 'static,
    ) -> Self {
        let (orders, given) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().name("notifications".to_owned());
        match thread.spawn(move || work(&given, find)) {
            Ok(_) => Self {
                orders: Some(orders),
            },
            Err(error) => {
                tracing::debug!(%error, "no thread for the desktop's notifications");
                Self { orders: None }
            }
        }
    }

    /// Has it done, at some time.
    pub fn order(&self, order: Order) {
        let sent = self.orders.as_ref().map(|orders| orders.try_send(order));
        if let Some(Err(error)) = sent {
            tracing::debug!(%error, "the desktop does not keep up with the notifications");
        }
    }
}

fn work(orders: &Receiver<Order>, find: impl Fn() -> zbus::Result<connection::Builder<'static>>) {
    let connect = || -> zbus::Result<Bus> {
        let connection = find()?.method_timeout(PATIENCE).build()?;
        Ok(Bus::new(connection))
    };
    let mut bus = None;
    while let Ok(order) = orders.recv() {
        let done = match &mut bus {
            Some(bus) => Bus::carry_out(bus, order),
            none => connect().and_then(|found| none.insert(found).carry_out(order)),
        };
        if let Err(error) = done {
            tracing::debug!(%error, "the desktop shows no notification");
            // The session may have another bus by the next time.
            bus = None;
        }
    }
}

struct Bus {
    connection: Connection,
    /// The portal's version, where there is one.
    portal: Option<u32>,
    /// What the notification service calls our pop-ups.
    shown: HashMap<u32, u32>,
}

impl Bus {
    fn new(connection: Connection) -> Self {
        Self {
            portal: portal_version(&connection)
                .inspect_err(|error| tracing::debug!(%error, "there is no portal"))
                .ok(),
            connection,
            shown: HashMap::new(),
        }
    }

    fn carry_out(&mut self, order: Order) -> zbus::Result<()> {
        match (order, self.portal) {
            (Order::Show(popup), Some(version)) => self.add_by_portal(&popup, version),
            (Order::Show(popup), None) => self.notify(&popup),
            (Order::Withdraw(id), Some(_)) => {
                self.call_portal("RemoveNotification", &(portal_id(id),))
            }
            (Order::Withdraw(id), None) => self.close(id),
        }
    }

    fn add_by_portal(&mut self, popup: &Popup, version: u32) -> zbus::Result<()> {
        let (title, text) = (shown(&popup.title), shown(&popup.text));
        let priority = if popup.is_urgent { "urgent" } else { "normal" };
        let mut notification: HashMap<&str, Value<'_>> = HashMap::from([
            ("title", title.into()),
            ("body", text.into()),
            ("priority", priority.into()),
        ]);
        if version >= PORTAL_WITH_SOUND {
            let sound = if popup.has_sound { "default" } else { "silent" };
            notification.insert("sound", sound.into());
        }
        let added = self.call_portal("AddNotification", &(portal_id(popup.id), notification));
        if let Err(error) = added {
            // Such as one that knows no program outside a sandbox.
            tracing::debug!(%error, "the portal refuses; the notification service is asked");
            self.portal = None;
            return self.notify(popup);
        }
        Ok(())
    }

    fn call_portal<B>(&self, method: &str, body: &B) -> zbus::Result<()>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let (path, interface) = (PORTAL_PATH, Some(PORTAL_NOTIFICATION));
        self.connection
            .call_method(Some(PORTAL), path, interface, method, body)?;
        Ok(())
    }

    fn notify(&mut self, popup: &Popup) -> zbus::Result<()> {
        let replaces = self.shown.get(&popup.id).copied().unwrap_or(0);
        let urgency: u8 = if popup.is_urgent { 2 } else { 1 };
        let mut hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("urgency", urgency.into()),
            ("desktop-entry", "ringbook".into()),
        ]);
        match popup.has_sound {
            true => hints.insert("sound-name", "message-new-instant".into()),
            false => hints.insert("suppress-sound", true.into()),
        };
        let actions: [&str; 0] = [];
        let (title, text) = (shown(&popup.title), escaped(&shown(&popup.text)));
        let body = (
            "Ringbook",
            replaces,
            "ringbook",
            title,
            text,
            &actions[..],
            hints,
            -1_i32,
        );
        let interface = Some(SERVICE);
        let answer =
            self.connection
                .call_method(Some(SERVICE), SERVICE_PATH, interface, "Notify", &body)?;
        self.shown.insert(popup.id, answer.body().deserialize()?);
        Ok(())
    }

    fn close(&mut self, id: u32) -> zbus::Result<()> {
        let Some(shown) = self.shown.remove(&id) else {
            return Ok(());
        };
        let (interface, method) = (Some(SERVICE), "CloseNotification");
        self.connection
            .call_method(Some(SERVICE), SERVICE_PATH, interface, method, &(shown,))?;
        Ok(())
    }
}

/// Whether the desktop of the session has a tray. Waits for the desktop.
pub fn has_tray() -> bool {
    let asked = || -> zbus::Result<bool> {
        let connection = connection::Builder::session()?
            .method_timeout(PATIENCE)
            .build()?;
        let bus = zbus::blocking::fdo::DBusProxy::new(&connection)?;
        Ok(bus.name_has_owner(TRAY.try_into()?)?)
    };
    asked()
        .inspect_err(|error| tracing::debug!(%error, "there is no session to have a tray"))
        .unwrap_or(false)
}

fn portal_version(connection: &Connection) -> zbus::Result<u32> {
    let version = connection.call_method(
        Some(PORTAL),
        PORTAL_PATH,
        Some("org.freedesktop.DBus.Properties"),
        "Get",
        &(PORTAL_NOTIFICATION, "version"),
    )?;
    let body = version.body();
    let version: Value<'_> = body.deserialize()?;
    Ok(u32::try_from(version)?)
}

fn portal_id(id: u32) -> String {
    format!("ringbook-{id}")
}

/// A text as it may be shown: names are strangers' texts.
fn shown(text: &str) -> String {
    printable_sentence(&text.chars().take(MAX_LETTERS).collect::<String>())
}

/// The text of the notification service is markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::sync::mpsc;

    use super::*;
    use crate::session_bus::SessionBus;

    fn desktop_of(session: &SessionBus) -> Desktop {
        let address = session.address().to_owned();
        Desktop::start(move || connection::Builder::address(&*address))
    }

    /// The notification service; tells what it was asked.
    struct Service(mpsc::Sender<String>);

    #[zbus::interface(name = "org.freedesktop.Notifications")]
    impl Service {
        #[allow(clippy::too_many_arguments)]
        fn notify(
            &self,
            _app: &str,
            replaces: u32,
            _icon: &str,
            summary: &str,
            body: &str,
            _actions: Vec<String>,
            hints: HashMap<String, Value<'_>>,
            _expires: i32,
        ) -> u32 {
            let urgency = u8::try_from(&hints["urgency"]).unwrap();
            let heard = hints.contains_key("sound-name");
            let told = format!("{replaces} {summary}: {body} {urgency} {heard}");
            self.0.send(told).unwrap();
            42
        }

        fn close_notification(&self, id: u32) {
            self.0.send(format!("close {id}")).unwrap();
        }
    }

    /// The portal; tells what it was asked, and refuses where it is to.
    struct Portal {
        told: mpsc::Sender<String>,
        refuses: bool,
    }

    #[zbus::interface(name = "org.freedesktop.portal.Notification")]
    impl Portal {
        #[zbus(property, name = "version")]
        fn version(&self) -> u32 {
            2
        }

        fn add_notification(
            &self,
            id: &str,
            notification: HashMap<String, Value<'_>>,
        ) -> zbus::fdo::Result<()> {
            if self.refuses {
                return Err(zbus::fdo::Error::AccessDenied("who are you?".to_owned()));
            }
            let word = |key: &str| String::try_from(notification[key].try_clone().unwrap());
            let words = ["title", "body", "priority", "sound"].map(|key| word(key).unwrap());
            self.told
                .send(format!("{id} {}", words.join(" | ")))
                .unwrap();
            Ok(())
        }

        fn remove_notification(&self, id: &str) {
            self.told.send(format!("remove {id}")).unwrap();
        }
    }

    fn popup(id: u32) -> Order {
        Order::Show(Popup {
            id,
            title: "Lost call".to_owned(),
            text: "<b>Ivan & sons</b>\u{1b}[2J".to_owned(),
            is_urgent: false,
            has_sound: true,
        })
    }

    fn hear(told: &mpsc::Receiver<String>) -> String {
        told.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    #[test]
    fn s1_9_the_notification_service_shows_replaces_and_takes_away() {
        let session = SessionBus::start();
        let (tell, told) = mpsc::channel();
        let service = session.builder().name(SERVICE).unwrap();
        let service = service.serve_at(SERVICE_PATH, Service(tell)).unwrap();
        let _serving = service.build().unwrap();
        let desktop = desktop_of(&session);
        for order in [
            popup(1),
            popup(1),
            Order::Withdraw(1),
            Order::Withdraw(7),
            popup(1),
        ] {
            desktop.order(order);
        }
        let text = "Lost call: &lt;b&gt;Ivan &amp; sons&lt;/b&gt;\\u{1b}[2J 1 true";
        assert_eq!(hear(&told), format!("0 {text}"));
        assert_eq!(hear(&told), format!("42 {text}"));
        assert_eq!(hear(&told), "close 42");
        assert_eq!(
            hear(&told),
            format!("0 {text}"),
            "what was never shown is not closed"
        );
    }

    #[test]
    fn s1_9_the_portal_is_asked_first_and_where_it_refuses_the_service() {
        for refuses in [false, true] {
            let session = SessionBus::start();
            let (tell, told) = mpsc::channel();
            let portal = Portal {
                told: tell.clone(),
                refuses,
            };
            let service = session
                .builder()
                .name(SERVICE)
                .unwrap()
                .name(PORTAL)
                .unwrap();
            let service = service.serve_at(SERVICE_PATH, Service(tell)).unwrap();
            let _serving = service
                .serve_at(PORTAL_PATH, portal)
                .unwrap()
                .build()
                .unwrap();
            let desktop = desktop_of(&session);
            desktop.order(popup(3));
            desktop.order(Order::Withdraw(3));
            let said = [hear(&told), hear(&told)];
            if refuses {
                assert!(said[0].starts_with("0 Lost call: "), "{said:?}");
                assert_eq!(said[1], "close 42");
            } else {
                let text = "Lost call | <b>Ivan & sons</b>\\u{1b}[2J | normal | default";
                assert_eq!(
                    said,
                    [format!("ringbook-3 {text}"), "remove ringbook-3".to_owned()]
                );
            }
        }
    }

    #[test]
    fn without_a_bus_nothing_happens_and_a_new_one_is_found() {
        let session = SessionBus::start();
        let (tell, told) = mpsc::channel();
        let service = session.builder().name(SERVICE).unwrap();
        let service = service.serve_at(SERVICE_PATH, Service(tell)).unwrap();
        let _serving = service.build().unwrap();
        let (asked, tries) = (
            std::sync::atomic::AtomicU32::new(0),
            session.address().to_owned(),
        );
        let desktop = Desktop::start(move || {
            match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => connection::Builder::address("unix:path=/nowhere/bus"),
                _ => connection::Builder::address(&*tries),
            }
        });
        desktop.order(popup(1));
        desktop.order(popup(2));
        assert!(hear(&told).starts_with("0 Lost call"));
        assert!(told.try_recv().is_err(), "the first one was lost");
    }
}
