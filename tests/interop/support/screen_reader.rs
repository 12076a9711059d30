//! A screen reader: what it would read out of a real window, over AT-SPI, and what it would press.

use zbus::blocking::{Connection, connection};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::eventually;

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const COMPONENT: &str = "org.a11y.atspi.Component";
/// The roles of what is written in: text of several lines, and of one.
const FIELDS: [u32; 2] = [61, 79];
const REGISTRY: &str = "org.a11y.atspi.Registry";
const ROOT: &str = "/org/a11y/atspi/accessible/root";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

pub struct ScreenReader {
    bus: Connection,
}

/// An element, and where its program has it.
#[derive(Debug, Clone)]
pub struct Element {
    pub name: String,
    owner: String,
    path: OwnedObjectPath,
}

/// What was read last: told where a test fails.
struct Heard(Vec<Element>);

impl Drop for Heard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let names = self.0.iter().map(|element| element.name.as_str());
            eprintln!("read instead: {:#?}", names.collect::<Vec<_>>());
        }
    }
}

impl ScreenReader {
    /// Switches on reading for the programs of a session that start from now on.
    pub fn start(session: &str) -> ScreenReader {
        let session = connect(session);
        let (service, path) = (Some("org.a11y.Bus"), "/org/a11y/bus");
        for status in ["IsEnabled", "ScreenReaderEnabled"] {
            let on = ("org.a11y.Status", status, Value::from(true));
            session
                .call_method(service, path, Some(PROPERTIES), "Set", &on)
                .expect("AT-SPI is there: it is in the package at-spi2-core");
        }
        let address = session.call_method(service, path, Some("org.a11y.Bus"), "GetAddress", &());
        let address: String = address.unwrap().body().deserialize().unwrap();
        ScreenReader {
            bus: connect(&address),
        }
    }

    /// What it reads in the window of this title, in its order; nothing where there is none.
    pub fn read(&self, window: &str) -> Vec<Element> {
        let programs = self.children(REGISTRY, ROOT);
        let windows = programs.iter().flat_map(|program| self.below(program));
        let found = windows.into_iter().find(|found| found.name == window);
        let mut all = Vec::new();
        if let Some(window) = found {
            self.collect(&window, &mut all);
        }
        all
    }

    /// Waits until it reads an element of the window whose name has these words.
    pub fn wait(&self, window: &str, words: &str) -> Element {
        self.wait_for(window, words, |found| found.name.contains(words))
    }

    /// Waits until it reads such an element; tells what it reads where none comes.
    fn wait_for(&self, window: &str, words: &str, is_it: impl Fn(&Element) -> bool) -> Element {
        let mut last = Heard(Vec::new());
        eventually(&format!("{words:?} in the window {window:?}"), || {
            last.0 = self.read(window);
            last.0.iter().find(|found| is_it(found)).cloned()
        })
    }

    /// Presses the first element whose name begins so and that takes a press, once there is one. What is a mere text, or is
    /// gone by the time it is pressed, because a list was just written anew, is passed over.
    pub fn press(&self, window: &str, name: &str) {
        let mut last = Heard(Vec::new());
        eventually(
            &format!("{name:?} pressed in the window {window:?}"),
            || {
                last.0 = self.read(window);
                let mut named = last.0.iter().filter(|found| found.name.starts_with(name));
                named.any(|found| self.is_pressed(found)).then_some(())
            },
        );
    }

    /// Presses an element; false where it is a mere text or no longer there.
    fn is_pressed(&self, element: &Element) -> bool {
        let (owner, action) = (Some(&*element.owner), Some("org.a11y.atspi.Action"));
        let asked = self
            .bus
            .call_method(owner, &element.path, action, "DoAction", &(0_i32,));
        match asked {
            Ok(answer) => {
                let pressed: bool = answer.body().deserialize().unwrap();
                assert!(pressed, "{} takes no press", element.name);
                true
            }
            Err(zbus::Error::MethodError(error, ..)) if is_of_another_kind(&error) => false,
            Err(error) => panic!("{}: {error}", element.name),
        }
    }

    /// Gives the keyboard to the field of this label.
    pub fn focus(&self, window: &str, label: &str) {
        let takes_text = |found: &Element| FIELDS.contains(&self.role(found));
        let is_field = |found: &Element| found.name == label && takes_text(found);
        let field = self.wait_for(window, label, is_field);
        let (owner, component) = (Some(&*field.owner), Some(COMPONENT));
        let focused = self
            .bus
            .call_method(owner, &field.path, component, "GrabFocus", &());
        let focused: bool = focused.unwrap().body().deserialize().unwrap();
        assert!(focused, "{label} takes no keyboard");
    }

    /// Where the element stands on the screen: left edge, top edge, width and height.
    pub fn bounds(&self, element: &Element) -> [i32; 4] {
        let (owner, component) = (Some(&*element.owner), Some(COMPONENT));
        let of_screen = (0_u32,);
        let asked = self
            .bus
            .call_method(owner, &element.path, component, "GetExtents", &of_screen);
        let bounds: (i32, i32, i32, i32) = asked.unwrap().body().deserialize().unwrap();
        bounds.into()
    }

    fn role(&self, element: &Element) -> u32 {
        let (owner, accessible) = (Some(&*element.owner), Some(ACCESSIBLE));
        let asked = self
            .bus
            .call_method(owner, &element.path, accessible, "GetRole", &());
        asked
            .ok()
            .and_then(|role| role.body().deserialize().ok())
            .unwrap_or_default()
    }

    fn collect(&self, element: &Element, all: &mut Vec<Element>) {
        all.push(element.clone());
        for child in self.below(element) {
            self.collect(&child, all);
        }
    }

    fn below(&self, element: &Element) -> Vec<Element> {
        self.children(&element.owner, &element.path)
    }

    /// What stands below an element. One that is gone meanwhile has nothing below it.
    fn children(&self, owner: &str, path: &str) -> Vec<Element> {
        let asked = self
            .bus
            .call_method(Some(owner), path, Some(ACCESSIBLE), "GetChildren", &());
        let Ok(answer) = asked else { return Vec::new() };
        let children: Vec<(String, OwnedObjectPath)> = answer.body().deserialize().unwrap();
        let named = children.into_iter().map(|(owner, path)| Element {
            name: self.name(&owner, &path),
            owner,
            path,
        });
        named.collect()
    }

    fn name(&self, owner: &str, path: &str) -> String {
        let asked = (ACCESSIBLE, "Name");
        let answer = self
            .bus
            .call_method(Some(owner), path, Some(PROPERTIES), "Get", &asked);
        let value = answer.and_then(|answer| answer.body().deserialize::<OwnedValue>());
        value
            .ok()
            .and_then(|value| String::try_from(value).ok())
            .unwrap_or_default()
    }
}

/// Whether an element says that it has no such thing as a press, or that it is no more.
fn is_of_another_kind(error: &str) -> bool {
    let kinds = ["UnknownObject", "UnknownInterface", "UnknownMethod"];
    kinds.iter().any(|kind| error.ends_with(kind))
}

fn connect(address: &str) -> Connection {
    let bus = connection::Builder::address(address).and_then(connection::Builder::build);
    bus.unwrap()
}
