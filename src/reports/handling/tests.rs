#![allow(clippy::unwrap_used)]
use super::*;

const NINE: &str = "2026-11-20T09:00:00Z";

/// An incoming conversation that Anna had with a stranger.
fn talk(started_at: &str, seconds: u64) -> Conversation<'static> {
    Conversation {
        started_at: started_at.parse().unwrap(),
        direction: Direction::Incoming,
        known_as: Some(KnownAs::Nobody),
        extension: "101",
        employee: "Anna",
        cut_off: false,
        ring: Duration::from_secs(4),
        hold: Duration::ZERO,
        talk: Duration::from_secs(seconds),
        identified: None,
    }
}

fn known(started_at: &str, seconds: u64) -> Conversation<'static> {
    Conversation {
        known_as: Some(KnownAs::Client),
        identified: Some(Duration::ZERO),
        ..talk(started_at, seconds)
    }
}

fn figures(talks: &[Conversation<'_>]) -> Handling {
    figures_in(TimeZone::UTC, talks)
}

fn figures_in(zone: TimeZone, talks: &[Conversation<'_>]) -> Handling {
    let mut tally = HandlingTally::new(zone);
    talks.iter().for_each(|talk| tally.add(talk));
    tally.finish()
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn s1_6_s2_6_s2_7_a_small_log_has_the_figures_that_a_hand_computes() {
    let talks = [
        known(NINE, 60),
        talk("2026-11-20T09:10:00Z", 130),
        Conversation {
            hold: seconds(30.0),
            ..known("2026-11-20T09:59:59Z", 90)
        },
        Conversation {
            known_as: None,
            direction: Direction::Outgoing,
            ..talk("2026-11-20T10:00:00Z", 120)
        },
        Conversation {
            extension: "102",
            employee: "Bek",
            ..talk("2026-11-20T10:30:00Z", 70)
        },
        known("2026-11-21T10:05:00Z", 75),
        Conversation {
            known_as: Some(KnownAs::Colleague),
            ..talk("2026-11-21T11:00:00Z", 600)
        },
        Conversation {
            cut_off: true,
            ..talk("2026-11-21T12:00:00Z", 700)
        },
    ];
    let figures = figures(&talks);
    let identified = &figures.incoming.identified;
    assert_eq!(
        *identified,
        Lengths {
            conversations: 3,
            talk: seconds(225.0),
            hold: seconds(30.0),
            ring: seconds(12.0),
            median: Some(seconds(75.0)),
            short: 3,
        }
    );
    assert_eq!(identified.mean(), Some(seconds(75.0)));
    assert_eq!(identified.mean_hold(), Some(seconds(10.0)));
    assert_eq!(identified.mean_ring(), Some(seconds(4.0)));
    let others = &figures.incoming.unidentified;
    assert_eq!((others.conversations, others.short), (2, 1));
    assert_eq!(
        (others.mean(), others.median),
        (Some(seconds(100.0)), Some(seconds(100.0)))
    );
    assert_eq!(others.short_share(), Some(0.5));
    assert_eq!(figures.outgoing.unclear.mean(), Some(seconds(120.0)));
    let all = &figures.together.all;
    assert_eq!((all.conversations, all.short), (6, 5));
    assert_eq!(all.median, Some(seconds(82.5)));
    assert_eq!((figures.colleagues, figures.cut_off), (1, 1));

    // Anna worked in three hours: at nine and ten of the first day, at ten of the second.
    let [anna, bek] = &figures.operators[..] else {
        panic!("{:?}", figures.operators);
    };
    assert_eq!((&*anna.extension, &*anna.employee), ("101", "Anna"));
    let work = anna.work();
    assert_eq!((work.conversations, work.hours), (5, 3));
    assert_eq!(work.talk, seconds(475.0));
    assert_eq!(work.mean(), Some(seconds(95.0)));
    assert_eq!(work.per_hour(), Some(5.0 / 3.0));
    assert_eq!(
        (anna.by_hour[9].conversations, anna.by_hour[9].hours),
        (3, 1)
    );
    assert_eq!(
        (anna.by_hour[10].conversations, anna.by_hour[10].hours),
        (2, 2)
    );
    assert_eq!(bek.work().per_hour(), Some(1.0));
    let ten = figures.by_hour[10];
    assert_eq!(
        (ten.conversations, ten.hours, ten.talk),
        (3, 3, seconds(265.0))
    );
}

#[test]
fn s4_27_saved_seconds_times_calls_are_hours() {
    // 25 s × 5 760 conversations = 40 h
    let mut talks = vec![known(NINE, 95); 5760];
    talks.extend(vec![talk(NINE, 120); 40]);
    let Saving::Saved {
        each,
        together,
        share,
    } = figures(&talks).incoming.saving()
    else {
        panic!("nothing saved");
    };
    assert_eq!((each, together), (seconds(25.0), Duration::from_hours(40)));
    assert!((share - 25.0 / 120.0).abs() < 1e-12, "{share}");
}

#[test]
fn s1_6_what_is_not_saved_and_what_cannot_be_compared_is_said() {
    let mut talks = vec![known(NINE, 100); 30];
    talks.extend(vec![talk(NINE, 90); 29]);
    assert_eq!(figures(&talks).incoming.saving(), Saving::TooFew);
    talks.push(talk(NINE, 90));
    let longer = seconds(10.0);
    let figures = figures(&talks);
    assert_eq!(figures.incoming.saving(), Saving::Nothing { longer });
    assert_eq!(figures.together.saving(), Saving::Nothing { longer });
    assert_eq!(figures.outgoing.saving(), Saving::TooFew);
}

#[test]
fn s1_6_an_empty_log_and_one_without_a_side_have_no_averages() {
    let nothing = figures(&[]);
    assert_eq!(nothing, Handling::default());
    assert_eq!(nothing.together.all.mean(), None);
    assert_eq!(nothing.together.all.short_share(), None);
    assert_eq!(nothing.together.saving(), Saving::TooFew);
    assert_eq!(nothing.together.identification.mean(), None);
    assert_eq!(nothing.by_hour[0].per_hour(), None);
    let strangers = figures(&vec![talk(NINE, 50); 100]);
    assert_eq!(strangers.incoming.identified, Lengths::default());
    assert_eq!(strangers.incoming.saving(), Saving::TooFew);
    assert_eq!(strangers.incoming.unidentified.mean(), Some(seconds(50.0)));
}

#[test]
fn s4_26_it_is_told_how_long_people_talk_until_the_card_names_the_client() {
    let after = |seconds| Conversation {
        identified: Some(Duration::from_secs(seconds)),
        ..talk(NINE, 90)
    };
    let figures = figures(&[
        known(NINE, 60),
        after(20),
        known(NINE, 60),
        after(40),
        talk(NINE, 300),
    ]);
    let identification = figures.incoming.identification;
    assert_eq!((identification.at_once, identification.later), (2, 2));
    assert_eq!(identification.mean(), Some(seconds(15.0)));
    assert_eq!(figures.incoming.all.short_share(), Some(0.8));
    // Who was named only during the conversation was a stranger when it began.
    assert_eq!(figures.incoming.identified.conversations, 2);
}

#[test]
fn s2_7_an_hour_that_a_change_of_clocks_repeats_is_two_hours_of_work() {
    let zone = TimeZone::get("Europe/Budapest").unwrap();
    let figures = figures_in(
        zone,
        &[
            talk("2026-10-25T00:10:00Z", 60),
            talk("2026-10-25T00:50:00Z", 60),
            talk("2026-10-25T01:10:00Z", 60),
            talk("2026-10-25T02:10:00Z", 60),
        ],
    );
    let hours = |hour: usize| {
        (
            figures.by_hour[hour].conversations,
            figures.by_hour[hour].hours,
        )
    };
    assert_eq!((hours(1), hours(2), hours(3)), ((0, 0), (3, 2), (1, 1)));
    assert_eq!(figures.operators[0].work().per_hour(), Some(4.0 / 3.0));
}
