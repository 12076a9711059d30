//! A seat of the sample office: a desktop, a phone whose windows are read as a screen reader does, and
//! callers.

use ringbook::store::sample::IVAN;

use super::desktop::{Desktop, Window};
use crate::support::{ScreenReader, Sipp, Sound, eventually, pause};

/// How far left of its switch a block's grip is, in pixels.
const BESIDE: i32 = 20;

/// A desktop whose windows are read, with the sample office's phone.
pub(super) struct Seat {
    pub desktop: Desktop,
    pub reader: ScreenReader,
    pub phone: Window,
}

impl Seat {
    pub fn start(more: &str) -> Seat {
        let desktop = Desktop::start();
        let reader = ScreenReader::start(&desktop.bus);
        let phone = Window::start_with(&desktop, more);
        Seat {
            desktop,
            reader,
            phone,
        }
    }

    /// The client with this number calls.
    pub fn is_called_by(&self, number: &str) -> (Sipp, Sound) {
        let sound = Sound::new();
        let blanks = [("caller", number)];
        let peer = Sipp::call_with("a-client-calls", self.phone.port, sound.port(), &blanks);
        (peer, sound)
    }

    /// Answers with the card's button, and waits for the conversation.
    pub fn answer(&self, peer: &Sipp) -> String {
        let ringing = self.phone.wait_call_of(peer, "ringing");
        self.reader.press("Caller", "Answer");
        self.phone.wait_state(&ringing, "established");
        ringing
    }

    pub fn hang_up(&self, call: &str, peer: Sipp) {
        self.phone.ctl(&["hangup", call]);
        peer.finish();
        eventually("the card to go", || {
            (!self.desktop.is_visible("Caller")).then_some(())
        });
    }

    /// Waits until the card is on the screen and says this; all that is read on it.
    pub fn wait_card(&self, words: &str) -> Vec<String> {
        eventually("the card", || {
            self.desktop.is_visible("Caller").then_some(())
        });
        self.reader.wait("Caller", words);
        let read = self.reader.read("Caller");
        read.into_iter().map(|element| element.name).collect()
    }

    /// Types into the main window.
    pub fn key(&self, key: &str) {
        self.desktop.ask(&["key", key]);
        pause(std::time::Duration::from_millis(300));
    }

    pub fn take_keyboard(&self) {
        let main = self.desktop.window("Ringbook");
        self.desktop.take_focus(&main);
    }

    /// Ivan Petrov calls, is read out with these words, is answered and hung up on; all that is read.
    pub fn has_a_call_of_ivan(&self, words: &[&str]) -> Vec<String> {
        let (peer, _sound) = self.is_called_by(IVAN);
        self.wait_card("VIP, Ivan Petrov");
        for words in words {
            self.reader.wait("Caller", words);
        }
        let read = self.reader.read("Caller");
        let call = self.answer(&peer);
        self.hang_up(&call, peer);
        read.into_iter().map(|element| element.name).collect()
    }

    /// Walks through the main window by keyboard until this comes into sight: what is scrolled away is
    /// not read.
    pub fn walk_to(&self, name: &str) {
        let is_there = || {
            let all = self.reader.read("Ringbook");
            all.iter().any(|found| found.name == name)
        };
        for _ in 0..60 {
            if is_there() {
                return;
            }
            self.key("Tab");
        }
        panic!("{name} does not come into sight");
    }

    /// Writes this into the main window's field, in place of what is there.
    pub fn write(&self, field: &str, text: &str) {
        self.walk_to(field);
        self.reader.focus("Ringbook", field);
        pause(std::time::Duration::from_millis(300));
        self.key("ctrl+a");
        self.desktop.ask(&["type", "--delay", "20", text]);
    }

    /// Drags a block of the card's editor by its grip to where another one stands.
    pub fn drag_block(&self, block: &str, to: &str) {
        let grip = |block: &str| {
            let all = self.reader.read("Ringbook");
            let switch = all.iter().find(|found| found.name == block).unwrap();
            let [x, y, _, height] = self.reader.bounds(switch);
            [x - BESIDE, y + height / 2].map(|place| place.to_string())
        };
        let ([x, y], [to_x, to_y]) = (grip(block), grip(to));
        self.desktop.ask(&["mousemove", &x, &y, "mousedown", "1"]);
        self.desktop.ask(&["mousemove", &to_x, &to_y]);
        self.key("shift");
        self.desktop.ask(&["mouseup", "1"]);
    }
}

pub(super) fn says(all: &[String], words: &str) -> bool {
    all.iter().any(|said| said.contains(words))
}
