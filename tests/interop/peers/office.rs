//! What somebody of the office changes in the real window, and the next call shows.

use std::collections::HashMap;
use std::path::Path;

use super::seat::{Seat, says};
use crate::support::{alone, eventually};
use image::{Rgb, RgbImage};

/// Colours that nothing else on the screen has.
const PHOTO: [Rgb<u8>; 2] = [Rgb([255, 0, 255]), Rgb([0, 255, 1])];
/// The photo's width and height in pixels.
const SIZE: (u32, u32) = (300, 200);

/// Draws a photo whose neighbouring pixels differ: a scaled one has mixed colours.
fn draw_photo(file: &Path) {
    let dot = |x: u32, y: u32| PHOTO[((x + y) % 2) as usize];
    RgbImage::from_fn(SIZE.0, SIZE.1, dot).save(file).unwrap();
}

/// How many of the window's pixels have each of the photo's colours.
fn pixels_of_photo(seat: &Seat, window: &str) -> [u32; 2] {
    let picture = seat.desktop.pixels(window);
    let mut counts = HashMap::new();
    for pixel in picture.pixels() {
        *counts.entry(*pixel).or_insert(0) += 1;
    }
    PHOTO.map(|colour| counts.get(&colour).copied().unwrap_or(0))
}

#[test]
fn s1_15_s1_21_s1_22_s1_24_a_note_and_a_greeting_written_in_the_window_and_a_photo_are_on_the_next_card()
 {
    // S2.15, S2.21 to S2.23
    let _turn = alone();
    let seat = Seat::start("");
    seat.has_a_call_of_ivan(&["Speak slowly", "No photo"]);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ivan.png");
    draw_photo(&file);
    seat.phone.give_photo("Ivan Petrov", &file);
    seat.take_keyboard();
    seat.reader.press("Ringbook", "Clients");
    seat.reader.press("Ringbook", "VIP, Ivan Petrov");
    seat.reader.press("Ringbook", "Edit");
    seat.reader.wait("Ringbook", "Edit client");
    seat.write("Note", "Asks for the manager");
    seat.write("Greeting", "Good day, Ivan Petrovich!");
    seat.reader.press("Ringbook", "Save");
    seat.reader.wait("Ringbook", "Good day, Ivan Petrovich!");

    // Opened in full, each pixel is one on the screen.
    seat.reader.press("Ringbook", "Photo of Ivan Petrov");
    seat.reader.wait("Ringbook", "Close the photo");
    let main = seat.desktop.window("Ringbook");
    let each = SIZE.0 * SIZE.1 / 2;
    eventually("the photo pixel by pixel", || {
        (pixels_of_photo(&seat, &main) == [each, each]).then_some(())
    });

    let names = seat.has_a_call_of_ivan(&[
        "Asks for the manager",
        "Good day, Ivan Petrovich!",
        "Photo of Ivan Petrov",
    ]);
    assert!(!says(&names, "Speak slowly"), "{names:#?}");
    assert_eq!(
        seat.phone.photo_of("Ivan Petrov", "Steppe LLP"),
        std::fs::read(&file).unwrap()
    );
    seat.phone.ctl(&["quit"]);
}

#[test]
fn s2_21_a_photo_slot_is_put_on_the_card_in_the_editor_and_the_next_call_has_it() {
    // S1.10, S1.22
    let _turn = alone();
    let seat = Seat::start("");
    seat.take_keyboard();
    seat.reader.press("Ringbook", "Settings");
    seat.reader.press("Ringbook", "Caller card");
    seat.reader.press("Ringbook", "Photo");
    let names = seat.has_a_call_of_ivan(&["Speak slowly"]);
    assert!(!says(&names, "No photo"), "{names:#?}");

    // Back on the card, and dragged by its grip below the block that follows.
    seat.reader.press("Ringbook", "Settings");
    seat.reader.press("Ringbook", "Photo");
    let names = seat.has_a_call_of_ivan(&["Speak slowly", "No photo"]);
    let place = |names: &[String], words: &str| {
        let at = names.iter().position(|said| said.contains(words));
        at.unwrap_or_else(|| panic!("no {words} in {names:#?}"))
    };
    assert!(place(&names, "No photo") < place(&names, "Speak slowly"));
    seat.reader.press("Ringbook", "Settings");
    seat.drag_block("Photo", "Note");
    let names = seat.has_a_call_of_ivan(&["Speak slowly", "No photo"]);
    assert!(place(&names, "No photo") > place(&names, "Speak slowly"));
    seat.phone.ctl(&["quit"]);
}

#[test]
fn s5_2_s5_3_the_page_of_calls_opens_on_today_and_turns_a_period_round_that_ends_before_it_begins()
{
    let _turn = alone();
    let seat = Seat::start("");
    seat.has_a_call_of_ivan(&[]);
    seat.take_keyboard();
    // Nothing but entering the module.
    seat.reader.press("Ringbook", "Calls");
    let read = |words: &str| seat.reader.wait("Ringbook", words);
    for words in [
        "Today 1 call",
        "Outgoing: 0",
        "Answered: 1",
        "Unanswered: 0",
    ] {
        read(words);
    }
    read("Ivan Petrov, ");

    seat.reader.press("Ringbook", "Today, 1 call");
    eventually("the group to close", || {
        let all = seat.reader.read("Ringbook");
        let is_row = |name: &str| name.starts_with("Ivan Petrov, ");
        (!all.iter().any(|found| is_row(&found.name))).then_some(())
    });
    seat.reader.press("Ringbook", "Today, 1 call");
    read("Ivan Petrov, ");

    // The form stands there with today in it: what begins later ends before it begins.
    seat.write("From", "1.1.2030");
    seat.key("Return");
    read("its ends were turned round");
    read("Ivan Petrov, ");
    seat.write("From", "soon");
    seat.key("Return");
    read("Not a day");
    seat.phone.ctl(&["quit"]);
}

#[test]
fn s5_9_s5_10_the_table_of_calls_is_asked_chosen_kept_and_written_in() {
    let _turn = alone();
    let seat = Seat::start("");
    seat.has_a_call_of_ivan(&[]);
    seat.take_keyboard();
    seat.reader.press("Ringbook", "Calls");
    seat.reader.press("Ringbook", "Show as a table");
    let read = |words: &str| seat.reader.wait("Ringbook", words);
    let gone = |words: &str| {
        eventually(&format!("{words} to go"), || {
            let all = seat.reader.read("Ringbook");
            (!all.iter().any(|found| found.name == words)).then_some(())
        });
    };
    // The caller has sent no sound.
    let row = "Sound one way only, Ivan Petrov, ";
    read(row);
    for column in [
        "Date",
        "Time",
        "Which number called",
        "Which number was called",
    ] {
        read(column);
    }

    // Typed as people read it; what no word begins with says which there are.
    seat.reader.press("Ringbook", "Ask something of columns");
    seat.write("Status: only", "mis");
    read("No such calls");
    seat.write("Status: only", "sou");
    read(row);
    seat.write("Status: only", "perhaps");
    seat.key("Return");
    read("Status: It must be one of these: In progress, Answered");
    seat.write("Status: only", "sou");
    seat.key("Return");

    // A column goes, and the table is kept under a name.
    seat.reader.press("Ringbook", "Columns");
    seat.reader.press("Ringbook", "Rang");
    seat.reader.press("Ringbook", "Close");
    gone("Rang");
    seat.reader.press("Ringbook", "Keep this view");
    seat.write("Name of the view", "Mine");
    seat.key("Return");
    eventually("the view to be kept", || {
        let views = seat.phone.run(&["view", "list", "--format", "json"]);
        (views.contains("Mine") && views.contains("status: one_way")).then_some(())
    });

    // What is written of a call stands in its row.
    seat.reader.press("Ringbook", row);
    seat.write("Note", "Wants the invoice");
    seat.write("Tags", "invoice; urgent");
    seat.key("Return");
    read("Wants the invoice");
    eventually("the tags to be kept", || {
        let log = seat
            .phone
            .run(&["log", "list", "--tag", "urgent", "--format", "json"]);
        log.contains("Wants the invoice").then_some(())
    });
    seat.phone.ctl(&["quit"]);
}

#[test]
fn s5_23_the_notification_of_a_call_that_lasted_too_long_leads_to_its_row() {
    let _turn = alone();
    let seat =
        Seat::start("[notifications]\nlong_calls_told = \"after\"\n[[too_long]]\nseconds = 2\n");
    let (peer, _sound) = seat.is_called_by(ringbook::store::sample::IVAN);
    let call = seat.answer(&peer);
    crate::support::pause(std::time::Duration::from_secs(3));
    seat.hang_up(&call, peer);
    seat.reader
        .wait("Ringbook", "The call with Ivan Petrov has lasted for ");
    seat.reader.press("Ringbook", "Show the call");
    seat.reader.wait("Ringbook", "Duration: 0:0");
    seat.reader.wait("Ringbook", "Too long");
    seat.phone.ctl(&["quit"]);
}
