//! Files that people name: by a path, or in the system's own window, which the desktop's portal
//! opens over D-Bus. That one waits for a person, so it is asked on a thread of its own; where there
//! is no portal, a typed path does.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use tokio::sync::oneshot;
use zbus::blocking::{Connection, Proxy, connection};
use zbus::zvariant::{OwnedValue, Value};

use crate::tr;

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PORTAL_PATH: &str = "/org/freedesktop/portal/desktop";
const CHOOSER: &str = "org.freedesktop.portal.FileChooser";
const REQUEST: &str = "org.freedesktop.portal.Request";
/// What the portal says where a file was chosen; anything else is a no.
const CHOSEN: u32 = 0;

/// Has the system ask for a file; none where the person thinks better of it.
///
/// # Errors
/// Why there is no such window, and what does instead.
pub async fn choose_file(title: String) -> Result<Option<PathBuf>, String> {
    let (done, waiting) = oneshot::channel();
    let thread = std::thread::Builder::new().name("file choice".to_owned());
    let asked = thread.spawn(move || {
        let connect = || connection::Builder::session()?.build();
        drop(done.send(connect().and_then(|bus| ask(&bus, &title))));
    });
    let answer = match asked {
        Ok(_) => waiting.await.ok(),
        Err(_) => None,
    };
    match answer {
        Some(Ok(chosen)) => Ok(chosen),
        Some(Err(error)) => {
            tracing::debug!(%error, "no window to choose a file in");
            Err(without_portal())
        }
        None => Err(without_portal()),
    }
}

fn without_portal() -> String {
    tr!("This desktop has no window to choose a file in; type where it lies.")
}

fn ask(bus: &Connection, title: &str) -> zbus::Result<Option<PathBuf>> {
    // The answer comes as a signal of an object whose path is known beforehand, so that it cannot
    // be missed.
    let token = "ringbook";
    let sender = bus.unique_name().map(|name| name.as_str()).unwrap_or(":");
    let sender = sender.trim_start_matches(':').replace('.', "_");
    let request = format!("{PORTAL_PATH}/request/{sender}/{token}");
    let request = Proxy::new(bus, PORTAL, request, REQUEST)?;
    let mut answers = request.receive_signal("Response")?;
    let options: HashMap<&str, Value<'_>> =
        HashMap::from([("handle_token", token.into()), ("modal", true.into())]);
    let body = ("", title, options);
    bus.call_method(Some(PORTAL), PORTAL_PATH, Some(CHOOSER), "OpenFile", &body)?;
    let Some(answer) = answers.next() else {
        return Ok(None);
    };
    let (said, results): (u32, HashMap<String, OwnedValue>) = answer.body().deserialize()?;
    let files = results.get("uris").filter(|_| said == CHOSEN);
    let files = files.and_then(|files| <Vec<String>>::try_from(files.try_clone().ok()?).ok());
    Ok(files.unwrap_or_default().first().map(|file| path_of(file)))
}

/// The file that is meant by what was typed or pasted: a path, `~` in front, or a `file:` address as
/// file managers put one on the clipboard.
pub fn path_of(text: &str) -> PathBuf {
    let text = text.trim();
    if let Some(path) = text.strip_prefix("file://") {
        return PathBuf::from(unescaped(path));
    }
    let in_home = match text {
        "~" => Some(""),
        text => text.strip_prefix("~/"),
    };
    match (in_home, home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(text).to_owned(),
    }
}

/// The person's own folder.
pub fn home() -> Option<PathBuf> {
    directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned())
}

/// The text of an address without its `%20`.
fn unescaped(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let digits = more.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| str::from_utf8(digits).ok());
        let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        octets.push(octet.unwrap_or(*first));
        rest = if octet.is_some() { &more[2..] } else { more };
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use zbus::zvariant::OwnedObjectPath;

    use super::*;
    use crate::session_bus::SessionBus;

    #[test]
    fn a_path_may_begin_at_home_or_be_an_address() {
        assert_eq!(path_of(" /tmp/a b.csv "), PathBuf::from("/tmp/a b.csv"));
        assert_eq!(path_of("~/a.csv"), home().unwrap().join("a.csv"));
        assert_eq!(path_of("~"), home().unwrap());
        assert_eq!(path_of("~other/a.csv"), PathBuf::from("~other/a.csv"));
        assert_eq!(
            path_of("file:///tmp/a%20%D0%B1%zz.csv"),
            PathBuf::from("/tmp/a б%zz.csv")
        );
    }

    /// The portal, with a person at it who answers at once.
    struct Portal {
        said: u32,
    }

    #[zbus::interface(name = "org.freedesktop.portal.FileChooser")]
    impl Portal {
        async fn open_file(
            &self,
            _parent: &str,
            _title: &str,
            options: HashMap<String, OwnedValue>,
            #[zbus(header)] header: zbus::message::Header<'_>,
            #[zbus(connection)] bus: &zbus::Connection,
        ) -> zbus::fdo::Result<OwnedObjectPath> {
            let sender = header.sender().unwrap().trim_start_matches(':');
            let token = String::try_from(options["handle_token"].try_clone().unwrap()).unwrap();
            let sender = sender.replace('.', "_");
            let path = format!("{PORTAL_PATH}/request/{sender}/{token}");
            let files = vec!["file:///home/me/%D0%BA.csv"];
            let results: HashMap<&str, Value<'_>> = HashMap::from([("uris", files.into())]);
            let to = header.sender().cloned();
            bus.emit_signal(to, &*path, REQUEST, "Response", &(self.said, results))
                .await?;
            Ok(OwnedObjectPath::try_from(path).unwrap())
        }
    }

    #[test]
    fn the_portal_is_asked_and_a_person_may_think_better_of_it() {
        for (said, chosen) in [(CHOSEN, Some("/home/me/к.csv")), (1, None)] {
            let session = SessionBus::start();
            let portal = session.builder().name(PORTAL).unwrap();
            let portal = portal.serve_at(PORTAL_PATH, Portal { said }).unwrap();
            let _serving = portal.build().unwrap();
            let bus = session.builder().build().unwrap();
            let answer = ask(&bus, "Import clients").unwrap();
            assert_eq!(answer, chosen.map(PathBuf::from));
        }
    }

    #[test]
    fn where_there_is_no_portal_that_is_an_error_at_once() {
        let session = SessionBus::start();
        let bus = session.builder().build().unwrap();
        assert!(ask(&bus, "Import clients").is_err());
    }
}
