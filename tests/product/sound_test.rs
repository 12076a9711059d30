//! A person hears themselves, without any call.

use ringbook::app::Input;
use ringbook::phone::command::{Command, CommandError};
use ringbook_media::engine::{MediaEvent, StreamId};
use ringbook_media::stream::{RemoteOpinion, StreamStats};

use crate::office::{Office, settings, stats};

fn states(office: &Office) -> Vec<&str> {
    let told = office.told("audio_test");
    told.iter()
        .map(|test| test["state"].as_str().unwrap())
        .collect()
}

#[test]
fn the_sound_is_tried_with_its_levels_until_it_is_ended() {
    let mut office = Office::open(settings(""));
    office.input(Input::Watch(true));
    office.command(Command::AudioTest(true)).unwrap();
    assert!(office.effects.contains(&"EchoTest".to_owned()));
    let levels = Some((0.5, 0.25));
    office.input(Input::Media(MediaEvent::EchoTest { levels }));
    let levels_shown = |office: &Office| office.view.as_ref().unwrap().audio_test;
    assert_eq!(levels_shown(&office), levels);
    let told = office.told("audio_test");
    assert_eq!(
        (&told[1]["input"], &told[1]["output"]),
        (&0.5.into(), &0.25.into())
    );
    office.command(Command::AudioTest(false)).unwrap();
    // Levels that were on their way.
    office.input(Input::Media(MediaEvent::EchoTest { levels }));
    assert_eq!(states(&office), ["started", "levels", "ended"]);
    assert_eq!(levels_shown(&office), None);
}

#[test]
fn a_call_ends_the_test_and_allows_none() {
    let mut office = Office::open(settings(""));
    office.command(Command::AudioTest(true)).unwrap();
    office.input(Input::Media(MediaEvent::EchoTest { levels: None }));
    assert_eq!(states(&office), ["started", "ended"]);
    office.dial("200");
    assert_eq!(
        office.command(Command::AudioTest(true)),
        Err(CommandError::TestInCall)
    );
    // To end what is not there is no error.
    office.command(Command::AudioTest(false)).unwrap();
}

#[test]
fn how_the_other_side_hears_us_stands_beside_our_own_score() {
    let mut office = Office::open(settings(""));
    office.input(Input::Watch(true));
    office.dial("200");
    office.peer_answers();
    let told = StreamStats {
        remote_opinion: Some(RemoteOpinion {
            listening: Some(4.0),
            conversational: Some(3.5),
        }),
        ..stats()
    };
    for (stats, there) in [(told, Some(3.5)), (stats(), None)] {
        let stream = StreamId(1);
        office.input(Input::Media(MediaEvent::Stats { stream, stats }));
        let call = office.only_view();
        assert_eq!((call.quality, call.quality_there), (Some(4.25), there));
    }
}
