//! The wallboard: how the office does at this moment and has done today, in figures that are read from
//! across the room.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::handling::to_the_second;
use super::lost::share;
use super::service::Aim;
use crate::model::Direction;
use crate::reports::{Fate, Period, SHORT_ABANDON, Service};
use crate::store::{Reader, Result, TaskFilter};
use crate::tr;

/// What a wallboard is made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Moment {
    /// Callers whom nobody has answered yet, at every seat that shares the store.
    pub waiting: u64,
    /// How long the first of them has waited.
    pub longest_wait: Option<Duration>,
    /// Conversations that go on.
    pub talking: u64,
    /// Callers who are owed a call.
    pub owed: u64,
    /// Today so far.
    pub today: Service,
}

/// A figure with what it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// What it is of.
    pub title: String,
    /// The figure; a dash where there is none yet.
    pub figure: String,
    /// Whether it is as it should be; none where there is no goal.
    pub is_good: Option<bool>,
}

/// Reads how things stand `now`, and the service of `today`.
///
/// # Errors
/// What the store cannot read, or whoever sits here may not.
pub fn read(
    store: &Reader<'_>,
    now: Timestamp,
    today: Period,
    zone: &TimeZone,
    aim: Aim,
) -> Result<Moment> {
    let mut moment = Moment {
        owed: store.count_tasks(&TaskFilter::default())?,
        today: store.service(today, zone.clone(), SHORT_ABANDON, aim.within)?,
        ..Moment::default()
    };
    for call in store.calls_going_on()? {
        match (call.answered_at, call.direction) {
            (Some(_), _) => moment.talking += 1,
            (None, Direction::Incoming) => {
                moment.waiting += 1;
                let since = call.ringing_at.unwrap_or(call.started_at);
                let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
                moment.longest_wait = moment.longest_wait.max(Some(waited));
            }
            (None, Direction::Outgoing) => {}
        }
    }
    Ok(moment)
}

/// The figures, the most urgent first.
pub fn tiles(moment: &Moment, aim: Aim) -> Vec<Tile> {
    let all = &moment.today.all;
    let level = all.service_level();
    let answered = all.offered.of(Fate::Answered) + all.offered.of(Fate::Elsewhere);
    let figure = |title: String, figure: String| Tile {
        title,
        figure: if figure.is_empty() {
            "–".to_owned()
        } else {
            figure
        },
        is_good: None,
    };
    let count = |title: String, count: u64| figure(title, count.to_string());
    vec![
        Tile {
            is_good: (moment.waiting > 0)
                .then(|| moment.longest_wait.is_none_or(|wait| wait <= aim.within)),
            ..count(tr!("callers" => "Waiting"), moment.waiting)
        },
        figure(tr!("Longest wait now"), to_the_second(moment.longest_wait)),
        count(tr!("people" => "Talking"), moment.talking),
        Tile {
            is_good: (moment.owed > 0).then_some(false),
            ..count(tr!("Owed a call"), moment.owed)
        },
        Tile {
            is_good: level.map(|level| level * 100.0 >= f64::from(aim.percent)),
            ..figure(tr!("Service level"), level.map(share).unwrap_or_default())
        },
        figure(tr!("Speed of answer"), to_the_second(all.speed_of_answer())),
        count(tr!("calls" => "Offered"), all.offered.calls()),
        count(tr!("calls" => "Answered"), answered),
        count(tr!("calls" => "Lost"), all.offered.lost()),
        figure(
            tr!("Abandonment"),
            all.offered
                .abandonment_rate()
                .map(share)
                .unwrap_or_default(),
        ),
        figure(tr!("Handling time"), to_the_second(all.handling_time())),
        figure(tr!("Occupancy"), occupancy(&moment.today)),
    ]
}

/// Of all who talked today together.
fn occupancy(today: &Service) -> String {
    let sum = |of: fn(&crate::reports::Load) -> Duration| today.employees.iter().map(of).sum();
    let (talk, worked): (Duration, Duration) = (sum(|load| load.talk), sum(|load| load.worked));
    match worked.is_zero() {
        true => String::new(),
        false => share(talk.as_secs_f64() / worked.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::ToSpan;

    use super::*;
    use crate::model::{CallId, CallRecord, CallStatus, EndReason, PhoneNumber, TaskTerms};
    use crate::store::Store;

    const AIM: Aim = Aim {
        within: Duration::from_secs(20),
        percent: 80,
    };

    /// A call of this day; `talk_s` none: nobody answered.
    fn call(begin: &str, ring_s: u64, talk_s: Option<u64>) -> CallRecord {
        let began: Timestamp = format!("2026-11-27T{begin}Z").parse().unwrap();
        let answered = talk_s.map(|_| began + Duration::from_secs(ring_s));
        let ended = began + Duration::from_secs(ring_s + talk_s.unwrap_or(0));
        CallRecord {
            status: match talk_s {
                Some(_) => CallStatus::Answered,
                None => CallStatus::Missed,
            },
            ringing_at: Some(began),
            answered_at: answered,
            ended_at: Some(ended),
            last_seen_at: ended,
            end_reason: Some(match talk_s {
                Some(_) => EndReason::RemoteHangup,
                None => EndReason::Cancelled,
            }),
            caller: "+77011112233".into(),
            number: PhoneNumber::from_e164("+77011112233"),
            extension: "101".into(),
            employee: "Anna".into(),
            ring: Duration::from_secs(ring_s),
            talk: Duration::from_secs(talk_s.unwrap_or(0)),
            ..CallRecord::begin(CallId::new(), Direction::Incoming, began)
        }
    }

    #[test]
    fn s4_29_the_wallboard_has_what_goes_on_now_and_the_service_of_today() {
        let mut store = Store::in_memory().unwrap();
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let going_on = |began: Timestamp, answered: bool| CallRecord {
            ringing_at: Some(began),
            answered_at: answered.then_some(began + 5.seconds()),
            extension: "101".into(),
            ..CallRecord::begin(CallId::new(), Direction::Incoming, began)
        };
        let missed = call("11:30:00", 40, None);
        let calls = [
            // Yesterday's is not today's.
            CallRecord {
                started_at: now - 26.hours(),
                ..call("10:00:00", 100, Some(10))
            },
            call("10:00:00", 10, Some(120)),
            call("10:30:00", 30, Some(240)),
            missed.clone(),
            going_on(now - 25.seconds(), false),
            going_on(now - 7.seconds(), false),
            going_on(now - 90.seconds(), true),
        ];
        store
            .write(|w| {
                calls.iter().try_for_each(|call| w.save_call(call))?;
                w.follow_up(missed.call, TaskTerms::minutes(60)).map(drop)
            })
            .unwrap();
        let today = Period {
            from: "2026-11-27T00:00:00Z".parse().unwrap(),
            to: "2026-11-28T00:00:00Z".parse().unwrap(),
        };
        let moment = store
            .read(|r| read(r, now, today, &TimeZone::UTC, AIM))
            .unwrap();
        let tiles = tiles(&moment, AIM);
        let told = tiles
            .iter()
            .map(|tile| (tile.title.as_str(), tile.figure.as_str(), tile.is_good));
        let told: Vec<_> = told.collect();
        assert_eq!(
            told,
            [
                ("Waiting", "2", Some(false)),
                ("Longest wait now", "00:00:25", None),
                ("Talking", "1", None),
                ("Owed a call", "1", Some(false)),
                // One of three was answered within 20 s.
                ("Service level", "33.3 %", Some(false)),
                ("Speed of answer", "00:00:20", None),
                ("Offered", "3", None),
                ("Answered", "2", None),
                ("Lost", "1", None),
                ("Abandonment", "33.3 %", None),
                ("Handling time", "00:03:00", None),
                // Six minutes of the two hours in which somebody talked.
                ("Occupancy", "10.0 %", None),
            ]
        );
    }

    #[test]
    fn s4_29_a_day_that_has_not_begun_has_no_figures_and_no_alarm() {
        let tiles = tiles(&Moment::default(), AIM);
        assert!(tiles.iter().all(|tile| tile.is_good.is_none()));
        let told: Vec<_> = tiles.iter().map(|tile| tile.figure.as_str()).collect();
        assert_eq!(
            told,
            ["0", "–", "0", "0", "–", "–", "0", "0", "0", "–", "–", "–"]
        );
    }
}
