//! The window on a desktop: a real X server and window manager, a real call, a real keyboard.
//!
//! The pictures are written to `target/screenshots/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use ringbook::model::Photo;
use ringbook::store::sample::IVAN;
use ringbook::store::{Store, StoreError};
use serde_json::Value;
use tempfile::TempDir;
use zbus::blocking::{Connection, connection};

use crate::support::{PATIENCE, Phone, Program, Setup, Sipp, alone, eventually, free_port, pause};

const RINGBOOK: &str = env!("CARGO_BIN_EXE_ringbook");

/// A screen with a window manager.
pub(super) struct Desktop {
    display: String,
    folder: TempDir,
    /// What becomes of the windows, told by the X server as it happens.
    windows: Program,
    /// The address of its session's bus.
    pub bus: String,
    _server: Program,
    _manager: Program,
    _bus: Program,
}

impl Desktop {
    pub fn start() -> Desktop {
        let folder = tempfile::tempdir().unwrap();
        let size = ["-screen", "0", "1400x900x24", "-nolisten", "tcp"];
        let arguments = [&["-displayfd", "1"], &size[..]].concat();
        let server = Program::start("Xvfb", &arguments, folder.path());
        let number = server
            .output
            .wait(0, PATIENCE, |line| line.trim().parse::<u32>().ok());
        let number = number.unwrap_or_else(|| server.fail("tells no display"));
        let display = format!("DISPLAY=:{number}");
        let manager = Program::start("env", &[&display, "openbox"], folder.path());
        // What the session starts by itself keeps its sockets here.
        let runtime = format!("XDG_RUNTIME_DIR={}", folder.path().display());
        let session = [
            &*runtime,
            &display,
            "dbus-daemon",
            "--session",
            "--nofork",
            "--nopidfile",
            "--print-address=1",
        ];
        let bus = Program::start("env", &session, folder.path());
        let address = bus
            .output
            .wait(0, PATIENCE, |line| Some(line.trim().to_owned()));
        let address = address.unwrap_or_else(|| bus.fail("tells no address"));
        let watch = ["stdbuf", "-oL", "xev", "-root", "-event", "substructure"];
        let watch = [&[display.as_str()], &watch[..]].concat();
        let windows = Program::start("env", &watch, folder.path());
        Desktop {
            display,
            folder,
            windows,
            bus: address,
            _server: server,
            _manager: manager,
            _bus: bus,
        }
    }

    fn start_program(&self, arguments: &[&str]) -> Program {
        let arguments = [&[self.display.as_str()], arguments].concat();
        Program::start("env", &arguments, self.folder.path())
    }

    /// What `xdotool` prints; empty where it finds nothing.
    pub fn ask(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("env");
        command.arg(&self.display).arg("xdotool").args(arguments);
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The window of this name, as soon as it can be seen.
    pub fn window(&self, name: &str) -> String {
        eventually(&format!("a window {name}"), || {
            let found = self.ask(&["search", "--onlyvisible", "--name", name]);
            found.lines().next().map(str::to_owned)
        })
    }

    pub fn is_visible(&self, name: &str) -> bool {
        !self
            .ask(&["search", "--onlyvisible", "--name", name])
            .is_empty()
    }

    /// The window the keyboard writes into.
    fn focus(&self) -> String {
        self.ask(&["getwindowfocus"])
    }

    pub fn take_focus(&self, window: &str) {
        eventually("the focus", || {
            self.ask(&["windowactivate", window]);
            (self.focus() == window).then_some(())
        });
    }

    /// Left edge, top edge, width and height.
    fn bounds(&self, window: &str) -> [i32; 4] {
        let shell = self.ask(&["getwindowgeometry", "--shell", window]);
        let value = |key: &str| {
            let line = shell.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|value| value.parse().ok())
                .unwrap_or_else(|| panic!("no {key} in {shell}"))
        };
        ["X=", "Y=", "WIDTH=", "HEIGHT="].map(value)
    }

    /// The heights a window has had since it last came up, the one it came up with first.
    fn heights_since_it_came_up(&self, window: &str) -> Vec<u32> {
        let window = format!("window {:#x},", window.parse::<u32>().unwrap());
        let (mut kind, mut heights) = (String::new(), vec![0]);
        for line in self.windows.output.all() {
            if let Some((event, _)) = line.split_once(" event, serial") {
                event.clone_into(&mut kind);
            } else if line.contains(&window) && kind == "ConfigureNotify" {
                let height = line.split("height ").nth(1).unwrap().trim_end_matches(',');
                heights.push(height.parse().unwrap());
            } else if line.contains(&window) && kind == "MapNotify" {
                heights = heights.split_off(heights.len() - 1);
            }
        }
        heights.dedup();
        heights
    }

    /// Waits until the window shows more than its background.
    pub fn wait_painted(&self, window: &str) {
        eventually("paint in the window", || {
            let mut command = Command::new("env");
            command.arg(&self.display);
            command.args(["import", "-window", window, "-format", "%k", "info:"]);
            let output = command.output().unwrap();
            let colours = String::from_utf8_lossy(&output.stdout);
            let colours: u32 = colours.trim().parse().unwrap_or(0);
            (colours > 50).then_some(())
        });
    }

    /// What the window shows, pixel by pixel.
    pub fn pixels(&self, window: &str) -> image::RgbImage {
        let mut command = Command::new("env");
        command.arg(&self.display);
        command.args(["import", "-window", window, "png:-"]);
        let picture = command.output().unwrap().stdout;
        image::load_from_memory(&picture).unwrap().to_rgb8()
    }

    /// Writes the whole screen to `target/screenshots/NAME.png`.
    fn picture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let file: PathBuf = folder.join(format!("{name}.png"));
        let mut command = Command::new("env");
        command
            .arg(&self.display)
            .args(["import", "-window", "root"]);
        assert!(command.arg(file).status().unwrap().success());
    }
}

/// A phone with its window, in the sample office.
pub(super) struct Window {
    program: Program,
    profile: TempDir,
    pub port: u16,
}

impl Window {
    pub fn start(desktop: &Desktop) -> Window {
        Window::start_with(desktop, "")
    }

    /// The same with more settings.
    pub fn start_with(desktop: &Desktop, more: &str) -> Window {
        let profile = tempfile::tempdir().unwrap();
        let port = free_port();
        let settings = format!(
            "[[account]]\n\
             aor = \"sip:101@127.0.0.1\"\n\
             display_name = \"Anna\"\n\
             extension = \"101\"\n\
             company = \"Alfa LLC\"\n\
             country = \"KZ\"\n\
             register = false\n\
             [sip]\n\
             bind = \"127.0.0.1\"\n\
             udp_port = {port}\n\
             tcp_port = {port}\n\
             [audio]\n\
             input = \"silence\"\n\
             output = \"null\"\n\
             ring = \"null\"\n\
             [window]\n\
             theme = \"light\"\n\
             {more}"
        );
        std::fs::write(profile.path().join("settings.toml"), settings).unwrap();
        let mut store = Store::open(&profile.path().join("ringbook.db")).unwrap();
        let today = jiff::Zoned::now().date();
        store.write(|store| store.add_sample_office(today)).unwrap();
        drop(store);
        let folder = profile.path().display().to_string();
        let bus = format!("DBUS_SESSION_BUS_ADDRESS={}", desktop.bus);
        let program = desktop.start_program(&[&bus, RINGBOOK, "--profile", &folder]);
        let window = Window {
            program,
            profile,
            port,
        };
        window.wait(|event| event["event"] == "ready");
        window
    }

    pub fn wait(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let pick = |line: &String| {
            let event: Value = serde_json::from_str(line).ok()?;
            wanted(&event).then_some(event)
        };
        let found = self.program.output.wait(0, PATIENCE, pick);
        found.unwrap_or_else(|| self.program.fail("has not told of the awaited event"))
    }

    pub fn wait_call(&self, state: &str) -> Value {
        self.wait(|event| event["event"] == "call" && event["state"] == state)
    }

    /// The call that a peer makes, once it stands so.
    pub fn wait_call_of(&self, peer: &Sipp, state: &str) -> String {
        let from = peer.address();
        let event = self.wait(|event| {
            let is_its = |from_uri: &str| from_uri.contains(&*from);
            event["event"] == "call"
                && event["state"] == state
                && event["from"].as_str().is_some_and(is_its)
        });
        event["call"].as_str().unwrap().to_owned()
    }

    /// Waits until the call stands so.
    pub fn wait_state(&self, call: &str, state: &str) {
        self.wait(|event| {
            event["event"] == "call" && event["call"] == call && event["state"] == state
        });
    }

    /// The photo of the client of this name and company, octet for octet as its store has it.
    pub fn photo_of(&self, name: &str, company: &str) -> Vec<u8> {
        let store = Store::open(&self.profile.path().join("ringbook.db")).unwrap();
        let photo: Result<Photo, StoreError> = store.read(|reader| {
            let client = reader.load_client(reader.clients_called(name, company)?[0])?;
            reader.load_photo(client.photo.unwrap())
        });
        photo.unwrap().bytes
    }

    pub fn ctl(&self, arguments: &[&str]) {
        self.run(&[&["ctl"], arguments].concat());
    }

    /// Gives the client of this name a photo, as from the command line.
    pub fn give_photo(&self, name: &str, file: &Path) {
        self.run(&[
            "client",
            "edit",
            name,
            "--photo",
            &file.display().to_string(),
        ]);
    }

    /// What the command prints of the same profile.
    pub fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(RINGBOOK);
        command
            .args(arguments)
            .arg("--profile")
            .arg(self.profile.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn s1_8_the_card_comes_up_over_a_minimised_window_and_leaves_the_focus_where_it_is() {
    let _turn = alone();
    let desktop = Desktop::start();
    let anna = Window::start(&desktop);
    let main = desktop.window("Ringbook");

    // Somebody works in another program; the phone is out of sight.
    let _other = desktop.start_program(&["display", "-size", "500x300", "xc:navy"]);
    let other = desktop.window("ImageMagick");
    desktop.take_focus(&other);
    desktop.ask(&["windowminimize", "--sync", &main]);
    desktop.take_focus(&other);

    let ivan = Phone::start(&Setup {
        user: IVAN,
        ..Setup::unregistered("127.0.0.1")
    });
    ivan.dial(&format!("sip:101@127.0.0.1:{}", anna.port));
    let shown = anna.wait(|event| event["event"] == "card_shown");
    eprintln!("the card was painted after {} ms", shown["ms"]);

    let card = desktop.window("Caller");
    desktop.wait_painted(&card);
    let [x, y, width, height] = desktop.bounds(&card);
    assert_eq!(width, 360);
    assert_eq!((x + width, y), (1400 - 16, 16), "top right of the screen");
    assert_eq!(desktop.focus(), other, "the card took the keyboard");
    desktop.picture("desktop-ringing");

    // Answered with the mouse, still without the focus.
    let [x, y] = [x + width * 3 / 4, y + height - 32];
    desktop.ask(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]);
    anna.wait_call("established");
    eventually("the card to go", || {
        (!desktop.is_visible("Caller")).then_some(())
    });
    assert_eq!(desktop.focus(), other, "answering took the keyboard");
    let heights = desktop.heights_since_it_came_up(&card);
    assert_eq!(heights, [height as u32], "the card jumped");

    // The call stands in the main window, and its keys work.
    desktop.ask(&["windowmap", "--sync", &main]);
    desktop.take_focus(&main);
    desktop.wait_painted(&main);
    desktop.picture("desktop-call");
    desktop.ask(&["key", "ctrl+h"]);
    anna.wait_call("held");
    ivan.must(&[
        "hangup",
        ivan.wait_call("established")["call"].as_str().unwrap(),
    ]);
    anna.wait_call("ended");

    // The one field leads to the log, where the call stands.
    desktop.ask(&["key", "ctrl+k"]);
    desktop.ask(&["type", "calls"]);
    desktop.ask(&["key", "Return"]);
    pause(Duration::from_secs(1));
    desktop.picture("desktop-log");
    anna.ctl(&["quit"]);
}

#[test]
fn the_card_comes_up_for_a_call_we_make_too() {
    // S2.3
    let _turn = alone();
    let desktop = Desktop::start();
    let anna = Window::start(&desktop);
    let main = desktop.window("Ringbook");
    desktop.take_focus(&main);
    desktop.wait_painted(&main);
    let ivan = Phone::start(&Setup {
        user: IVAN,
        ..Setup::unregistered("127.0.0.1")
    });
    // Typed without looking for a field.
    desktop.ask(&["key", "ctrl+k"]);
    desktop.ask(&["type", &format!("sip:{IVAN}@127.0.0.1:{}", ivan.port())]);
    desktop.ask(&["key", "Return"]);
    let card = anna.wait(|event| event["event"] == "caller_card");
    assert_eq!(card["card"]["name"], "Ivan Petrov");
    assert_eq!(card["card"]["direction"], "outgoing");
    anna.wait(|event| event["event"] == "card_shown");
    let card = desktop.window("Caller");
    desktop.wait_painted(&card);
    assert_eq!(desktop.focus(), main);
    desktop.picture("desktop-outgoing");
    anna.ctl(&["quit"]);
}

/// The tray of a desktop: takes icons in and tells their addresses.
struct Tray(mpsc::Sender<String>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Tray {
    fn register_status_notifier_item(&self, service: &str) {
        self.0.send(service.to_owned()).unwrap();
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// What stands over the icon at this address.
fn tooltip(connection: &Connection, icon: &str) -> String {
    let (path, properties) = ("/StatusNotifierItem", "org.freedesktop.DBus.Properties");
    let asked = ("org.kde.StatusNotifierItem", "ToolTip");
    let answer = connection.call_method(Some(icon), path, Some(properties), "Get", &asked);
    let body = answer.unwrap().body();
    let value: zbus::zvariant::Value<'_> = body.deserialize().unwrap();
    format!("{value:?}")
}

#[test]
fn the_icon_in_the_tray_tells_what_the_phone_is_about() {
    let _turn = alone();
    let desktop = Desktop::start();
    let (taken_in, icons) = mpsc::channel();
    let connection = connection::Builder::address(&*desktop.bus)
        .and_then(|bus| bus.serve_at("/StatusNotifierWatcher", Tray(taken_in)))
        .and_then(|bus| bus.name("org.kde.StatusNotifierWatcher"))
        .and_then(connection::Builder::build)
        .unwrap();
    let anna = Window::start(&desktop);
    let icon = icons.recv_timeout(PATIENCE).expect("the icon comes");
    let tells = |words: &str| {
        eventually(words, || {
            tooltip(&connection, &icon).contains(words).then_some(())
        });
    };
    tells("nobody can reach you");
    anna.ctl(&["dnd", "on"]);
    tells("do not disturb");
    anna.ctl(&["dnd", "off"]);
    tells("nobody can reach you");

    let ivan = Phone::start(&Setup {
        user: IVAN,
        ..Setup::unregistered("127.0.0.1")
    });
    ivan.dial(&format!("sip:101@127.0.0.1:{}", anna.port));
    tells("somebody is calling");
    let call = anna.wait_call("ringing")["call"].clone();
    anna.ctl(&["answer", call.as_str().unwrap()]);
    tells("in a call");
    anna.ctl(&["quit"]);
}
