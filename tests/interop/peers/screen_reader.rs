//! What is promised of the card, read out of the real window as a screen reader does while SIPp calls:
//! by one who sees nothing of it.

use ringbook::store::sample::{IVAN, OLGA, STRANGER};

use super::desktop::{Desktop, Window};
use crate::support::{ScreenReader, Sipp, Sound, alone, eventually, pause};

/// A desktop whose windows are read, with the sample office's phone.
struct Seat {
    desktop: Desktop,
    reader: ScreenReader,
    phone: Window,
}

impl Seat {
    fn start(more: &str) -> Seat {
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
    fn is_called_by(&self, number: &str) -> (Sipp, Sound) {
        let sound = Sound::new();
        let blanks = [("caller", number)];
        let peer = Sipp::call_with("a-client-calls", self.phone.port, sound.port(), &blanks);
        (peer, sound)
    }

    /// Answers with the card's button, and waits for the conversation.
    fn answer(&self, peer: &Sipp) -> String {
        let ringing = self.phone.wait_call_of(peer, "ringing");
        self.reader.press("Caller", "Answer");
        self.phone.wait_state(&ringing, "established");
        ringing
    }

    fn hang_up(&self, call: &str, peer: Sipp) {
        self.phone.ctl(&["hangup", call]);
        peer.finish();
        eventually("the card to go", || {
            (!self.desktop.is_visible("Caller")).then_some(())
        });
    }

    /// Waits until the card is on the screen and says this; all that is read on it.
    fn wait_card(&self, words: &str) -> Vec<String> {
        eventually("the card", || {
            self.desktop.is_visible("Caller").then_some(())
        });
        self.reader.wait("Caller", words);
        let read = self.reader.read("Caller");
        read.into_iter().map(|element| element.name).collect()
    }

    /// Types into the main window.
    fn key(&self, key: &str) {
        self.desktop.ask(&["key", key]);
        pause(std::time::Duration::from_millis(300));
    }

    fn take_keyboard(&self) {
        let main = self.desktop.window("Ringbook");
        self.desktop.take_focus(&main);
    }
}

fn says(all: &[String], words: &str) -> bool {
    all.iter().any(|said| said.contains(words))
}

#[test]
fn s1_2_s1_8_s1_10_to_s1_20_s1_23_the_card_of_a_known_caller_is_read_out_while_it_rings() {
    // S2.2, S2.10 to S2.20, S2.22
    let _turn = alone();
    let seat = Seat::start("");
    for (number, first, content) in [
        (
            IVAN,
            "VIP, Ivan Petrov",
            &[
                "Alfa LLC",
                "INCOMING",
                "VIP",
                "Ivan Petrov",
                "Steppe LLP",
                "Almaty, Kazakhstan",
                "+7 701 111",
                "Speak slowly",
                "1001",
                "Cutting",
                "Anna",
                "overdue 2 days",
                "101 Anna",
                "No photo",
            ][..],
        ),
        (
            OLGA,
            "Problem, Olga Sidorova",
            &["Problem", "Two complaints", "1014", "Assembly", "Bek"],
        ),
    ] {
        let (peer, _sound) = seat.is_called_by(number);
        let names = seat.wait_card(first);
        // The window's title, then the card: its category before everything else.
        assert!(names[1].starts_with(first), "{names:#?}");
        assert!(names[1].ends_with("INCOMING"), "{names:#?}");
        for words in content {
            seat.reader.wait("Caller", words);
        }
        let year = jiff::Zoned::now().strftime(".%Y ").to_string();
        assert!(says(&names, &year), "no date in {names:#?}");

        // The same in the main window while people talk.
        let call = seat.answer(&peer);
        seat.reader.wait("Ringbook", first);
        seat.hang_up(&call, peer);
    }
    seat.phone.ctl(&["quit"]);
}

#[test]
fn s1_25_s1_26_s1_27_a_stranger_is_named_by_keyboard_and_known_at_the_next_call() {
    // S2.24 to S2.26
    let _turn = alone();
    let seat = Seat::start("");
    let (peer, _sound) = seat.is_called_by(STRANGER);
    let names = seat.wait_card("unknown caller");
    for absent in ["VIP", "Ordinary", "Address", "overdue", "Copy name"] {
        assert!(!says(&names, absent), "{absent} is in {names:#?}");
    }
    let call = seat.answer(&peer);
    seat.take_keyboard();
    seat.reader.wait("Ringbook", "Save this caller");
    seat.key("ctrl+n");
    seat.desktop.ask(&["type", "--delay", "30", "Eva Kovacs"]);
    for key in ["Tab", "Down", "Return"] {
        seat.key(key);
    }
    seat.reader.wait("Ringbook", "VIP, Eva Kovacs");
    seat.hang_up(&call, peer);

    let (peer, _sound) = seat.is_called_by(STRANGER);
    seat.wait_card("VIP, Eva Kovacs");
    let call = seat.answer(&peer);
    seat.hang_up(&call, peer);
    seat.phone.ctl(&["quit"]);
}

#[test]
fn s1_28_a_new_number_is_added_to_the_open_page_and_known_at_the_next_call() {
    // S2.27
    let _turn = alone();
    let seat = Seat::start("");
    let (peer, _sound) = seat.is_called_by("+77770000000");
    seat.wait_card("unknown caller");
    let call = seat.answer(&peer);
    seat.reader.press("Ringbook", "Clients");
    seat.reader.press("Ringbook", "VIP, Ivan Petrov");
    seat.reader.press("Ringbook", "Add this number");
    seat.phone
        .wait(|event| event["event"] == "caller_card" && event["card"]["name"] == "Ivan Petrov");
    seat.hang_up(&call, peer);

    let (peer, _sound) = seat.is_called_by("+77770000000");
    seat.wait_card("VIP, Ivan Petrov");
    let call = seat.answer(&peer);
    seat.hang_up(&call, peer);
    seat.phone.ctl(&["quit"]);
}

#[test]
fn s2_3_the_card_of_whom_we_call_is_read_out_too() {
    let _turn = alone();
    let seat = Seat::start("");
    let peer = Sipp::wait_for_call("rings-until-cancelled", Sound::new().port());
    let address = format!("sip:{IVAN}@{}", peer.address());
    seat.phone.ctl(&["dial", &address]);
    seat.phone.wait(|event| event["event"] == "card_shown");
    let names = seat.wait_card("VIP, Ivan Petrov");
    assert_eq!(names[1], "VIP, Ivan Petrov, OUTGOING");
    seat.phone.ctl(&["quit"]);
    peer.finish();
}

#[test]
fn s1_1_without_the_module_there_is_a_plain_ringing_window_and_no_card() {
    // S2.1
    let _turn = alone();
    let seat = Seat::start("[modules]\ncaller_card = false\n");
    let (peer, _sound) = seat.is_called_by(IVAN);
    seat.reader.wait("Ringbook", "Incoming call");
    let main = seat.reader.read("Ringbook");
    assert!(main.iter().all(|said| !said.name.contains("Ivan Petrov")));
    assert!(!seat.desktop.is_visible("Caller"));
    let hidden = seat.reader.read("Caller");
    assert!(hidden.iter().all(|said| !said.name.contains("Ivan Petrov")));
    drop(peer);
    seat.phone.ctl(&["quit"]);
}
