//! What is promised of the card, read out of the real window as a screen reader does while SIPp calls:
//! by one who sees nothing of it.

use ringbook::store::sample::{IVAN, OLGA, STRANGER};

use super::seat::{Seat, says};
use crate::support::{Sipp, Sound, alone};

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
