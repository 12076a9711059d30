//! Ten thousand random scripts of calls against one sentence: every INVITE that the phone has seen is
//! one row of the log, whatever becomes of the call, the network, the clock, the disk and the program.
//!
//! What is seen is told by the wire, not by the phone. A program that is killed loses what no
//! transaction had yet, and nothing else: the rows of its last milliseconds.
#![allow(clippy::unwrap_used)]

mod chance;
mod disk;
mod others;
mod script;
mod world;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use self::chance::Chance;
use self::disk::Disk;
use self::script::{Script, Step};
use self::world::{Seen, Weather, World};
use crate::model::CallStatus::{
    self, Answered, AnsweredElsewhere, Busy, Cancelled, Failed, Interrupted, Missed, OneWay,
    Rejected, Voicemail,
};
use crate::model::{CallRecord, Direction};
use crate::phone::command::Command;
use crate::settings::Settings;

/// In each of them one to four scripts run at once.
const WORLDS: u64 = 5_000;
const SCRIPTS: u64 = 10_000;
const FIRST_SEED: u64 = 0x1477_0000;
/// How long calls go on once a script is over: longer than anybody rings, and less where many calls
/// would go on.
const PLAIN_LINGERING: Duration = Duration::from_secs(200);
const LINGERING: Duration = Duration::from_secs(5);
/// How long an INVITE that was lost comes again (RFC 3261 §17.1.1.2, timer B).
const REPEATING: Duration = Duration::from_secs(34);
/// How long it may then take until the last call has been ended and none comes any more.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the phone may take to write down a call that is over.
const CLOSING: Duration = Duration::from_secs(15);

/// What settings say of calls in some of the worlds.
const HOUSES: [&str; 11] = [
    "",
    "",
    "",
    "do_not_disturb = true",
    "forward_always = \"+77017777777\"",
    "forward_busy = \"+77017777777\"\ncall_waiting = false",
    "forward_no_answer = \"+77017777777\"\nforward_after_s = 2",
    "forward_no_answer = \"*97\"\nforward_after_s = 1",
    "max_calls = 1",
    "auto_answer = true",
    "transfers = \"refuse\"\nredirects = \"refuse\"",
];

fn house(rules: &str) -> Settings {
    let text = format!(
        "[[account]]\naor = \"sip:101@127.0.0.2:5060\"\nregister = false\npassword = \"secret\"\n\
         extension = \"101\"\nmailbox = \"*97\"\ncountry = \"KZ\"\n[sip]\nbind = \"127.0.0.1\"\n\
         [media]\ncodecs = [\"pcma\"]\nsrtp = \"off\"\n[recording]\nmode = \"never\"\n[phone]\n{rules}\n"
    );
    Settings::parse(&text, Path::new("settings.toml")).unwrap()
}

#[test]
fn s1_5_every_invite_seen_is_one_row_over_ten_thousand_scripts_with_crashes() {
    let threads = thread::available_parallelism().map_or(2, |n| n.get() as u64);
    let lives = thread::scope(|scope| {
        let play = |first| {
            let seeds = (first..WORLDS).step_by(threads as usize);
            scope.spawn(move || play_all(seeds.map(|n| FIRST_SEED + n)))
        };
        let playing: Vec<_> = (0..threads).map(play).collect();
        let lives = playing.into_iter().map(|thread| thread.join().unwrap());
        lives.fold(Lives::default(), Lives::and)
    });
    // What never happened was not tried.
    assert!(lives.scripts >= SCRIPTS, "{lives:?}");
    assert!(
        lives.rows >= SCRIPTS && lives.kills > WORLDS / 2,
        "{lives:?}"
    );
    let ends = incoming()
        .into_iter()
        .chain(outgoing())
        .chain([Interrupted]);
    for status in ends {
        assert!(
            lives.ends.contains(&status),
            "no call was {status}: {lives:?}"
        );
    }
}

/// What has happened in all worlds together.
#[derive(Debug, Default)]
struct Lives {
    scripts: u64,
    rows: u64,
    kills: u64,
    ends: HashSet<CallStatus>,
}

impl Lives {
    fn and(mut self, other: Self) -> Self {
        self.scripts += other.scripts;
        self.rows += other.rows;
        self.kills += other.kills;
        self.ends.extend(other.ends);
        self
    }
}

fn play_all(seeds: impl Iterator<Item = u64>) -> Lives {
    let houses = HOUSES.map(house);
    let mut disk = Disk::new(Instant::now());
    let mut lives = Lives::default();
    for seed in seeds {
        lives = lives.and(play(seed, &houses, &mut disk));
        disk.clear();
    }
    lives
}

fn play(seed: u64, houses: &[Settings], disk: &mut Disk) -> Lives {
    let mut chance = Chance(seed);
    let script = Script::random(&mut chance);
    let rules = match script.is_plain {
        true => 0,
        false => chance.below(HOUSES.len() as u64) as usize,
    };
    let weather = match script.is_plain {
        true => Weather::default(),
        false => Weather {
            lost: chance.pick(&[0, 0, 5, 25]),
            doubled: chance.pick(&[0, 10]),
            disk: chance.pick(&[0, 5, 40]),
            clock_jumps: chance.below(4) == 0,
            portless: chance.pick(&[0, 0, 10]),
            deaf: chance.below(10) == 0,
        },
    };
    let settings = houses[rules].clone();
    let mut world = World::new(chance.next(), settings, weather, disk);
    for (at, step) in &script.steps {
        let until = world.begin + *at;
        world.run(until.saturating_duration_since(world.now));
        do_step(&mut world, step);
    }
    // Those that nobody ends in the script go on for a while.
    world.run(match script.is_plain {
        true => PLAIN_LINGERING,
        false => LINGERING,
    });
    let over = world.now + PATIENCE;
    let mut last = world.now;
    while world.now < last + REPEATING {
        assert!(world.now < over, "seed {seed:#x}: a call never ends");
        if world.hang_up_all() > 0 {
            last = world.now;
        }
        world.run(Duration::from_secs(2));
    }
    world.run(CLOSING);
    let told = || {
        format!(
            "seed {seed:#x}: {:?}; {weather:?}\n{:#?}",
            HOUSES[rules], script.steps
        )
    };
    check_count(&world, &told);
    let rows = world.disk.rows();
    for row in &rows {
        let may_be_cut_off = !world.killed.is_empty();
        check_row(row, weather, may_be_cut_off).unwrap_or_else(|fault| {
            panic!("{fault}: {row:#?}\n{}", told());
        });
        if let Some(expected) = script.expected.get(&number(row)) {
            assert!(expected.contains(&row.status), "{row:#?}\n{}", told());
        }
    }
    Lives {
        scripts: script.calls,
        rows: rows.len() as u64,
        kills: world.killed.len() as u64,
        ends: rows.iter().map(|row| row.status).collect(),
    }
}

fn do_step(world: &mut World<'_>, step: &Step) {
    let now = world.now;
    match step {
        Step::Dial(number, manner) => {
            world.others.is(number, manner.clone());
            world.command(Command::Dial {
                target: number.clone(),
                account: None,
            });
        }
        Step::Somebody(number, manner) => world.others.is(number, manner.clone()),
        Step::CallIn(number) => world.others.call(now, number),
        Step::CallRaw(number, headers) => world.others.call_raw(number, headers),
        Step::Replace(number, old) => {
            let stale = "Replaces: none;to-tag=a;from-tag=b\r\n".to_owned();
            let headers = world.others.replaces(old).unwrap_or(stale);
            world.others.call_raw(number, &headers);
        }
        Step::Phone(number, act) => {
            // Who is in no call is asked for nothing.
            if let Some(command) = act.command(&world.calls, number) {
                world.command(command);
            }
        }
        Step::Other(number, act) => world.others.act(now, number, act),
        Step::Disk(refuses) => world.disk.refuse(now, *refuses),
        Step::Clock(by) if world.weather.clock_jumps => world.set_clock(*by),
        Step::Clock(_) => {}
        Step::Crash(pause) => world.crash(*pause),
        Step::Restart(pause) => world.restart(*pause),
    }
}

fn number(row: &CallRecord) -> String {
    row.number
        .map(|number| number.e164().to_owned())
        .unwrap_or_default()
}

/// INVITEs seen = rows. Of a run that was killed, those of its last milliseconds may be missing.
fn check_count(world: &World<'_>, told: &dyn Fn() -> String) {
    let mut calls: BTreeMap<(u32, &str), &Seen> = BTreeMap::new();
    for seen in world.seen.values().chain(&world.promised) {
        let earliest = calls.entry((seen.run, &seen.number)).or_insert(seen);
        if seen.at < earliest.at {
            *earliest = seen;
        }
    }
    let mut expected: HashMap<(&str, Direction), (usize, usize)> = HashMap::new();
    for ((run, number), seen) in calls {
        if seen.refused {
            continue;
        }
        let killed = world.killed.get(&run);
        let is_safe = killed.is_none_or(|behind| seen.at < *behind);
        let (least, most) = expected.entry((number, seen.direction)).or_default();
        *least += usize::from(is_safe);
        *most += 1;
    }
    let mut rows: HashMap<(String, Direction), usize> = HashMap::new();
    for row in world.disk.rows() {
        *rows.entry((number(&row), row.direction)).or_default() += 1;
    }
    for ((number, direction), (least, most)) in &expected {
        let found = rows
            .remove(&((*number).to_owned(), *direction))
            .unwrap_or(0);
        assert!(
            (*least..=*most).contains(&found),
            "{direction} {number}: {found} rows, not {least} to {most}\n{}",
            told()
        );
    }
    assert!(
        rows.is_empty(),
        "nobody called like this: {rows:?}\n{}",
        told()
    );
}

/// How a call to us may end.
fn incoming() -> [CallStatus; 8] {
    [
        Answered,
        OneWay,
        Missed,
        Rejected,
        Busy,
        Failed,
        AnsweredElsewhere,
        Voicemail,
    ]
}

/// How a call of ours may end here; nobody has a mailbox whom we call.
fn outgoing() -> [CallStatus; 6] {
    [Answered, OneWay, Cancelled, Rejected, Busy, Failed]
}

/// What holds for every row of a call that is over.
fn check_row(row: &CallRecord, weather: Weather, may_be_cut_off: bool) -> Result<(), &'static str> {
    let holds = |so: bool, fault| if so { Ok(()) } else { Err(fault) };
    let final_ones = match row.direction {
        Direction::Incoming => incoming().to_vec(),
        Direction::Outgoing => outgoing().to_vec(),
    };
    let cut_off = row.status == Interrupted && may_be_cut_off;
    holds(
        cut_off || final_ones.contains(&row.status),
        "no status of this direction",
    )?;
    holds(row.end_reason.is_some(), "no reason")?;
    let taken = matches!(row.status, Answered | OneWay);
    let is_answered = row.answered_at.is_some();
    holds(cut_off || taken == is_answered, "answered or not?")?;
    let Some(ended_at) = row.ended_at else {
        return Err("it never ended");
    };
    let moments = [
        Some(row.started_at),
        row.ringing_at,
        row.answered_at,
        Some(ended_at),
    ];
    let moments: Vec<_> = moments.into_iter().flatten().collect();
    holds(moments.is_sorted(), "its moments are not in order")?;
    holds(row.last_seen_at >= row.started_at, "seen before it began")?;
    holds(
        is_answered || row.talk.is_zero(),
        "a talk without an answer",
    )?;
    holds(
        row.hold <= row.talk + Duration::from_millis(1),
        "more hold than talk",
    )?;
    let length = row.ended_at.map_or(Duration::ZERO, |ended| {
        (ended - row.started_at).try_into().unwrap_or_default()
    });
    let parts = row.ring + row.talk;
    let fits = weather.clock_jumps || parts <= length + Duration::from_millis(2);
    holds(fits, "longer in parts than as a whole")
}
