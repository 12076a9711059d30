//! Local time in SQL. SQLite knows no time zones; a zone is a step function of the time, and a span of
//! time has few of its steps.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// SQL for what the clock of `zone` shows at `column`, milliseconds since 1970, as if it were UTC.
/// Right for moments from `from` to `to`; both ends are included.
pub(super) fn local_millis(
    column: &str,
    zone: &TimeZone,
    from: Timestamp,
    to: Timestamp,
) -> String {
    let offset = |at: Timestamp| i64::from(zone.to_offset(at).seconds()) * 1000;
    let steps = zone.following(from).map(|step| step.timestamp());
    let steps: Vec<Timestamp> = steps.take_while(|step| *step <= to).collect();
    if steps.is_empty() {
        return format!("({column} + {})", offset(from));
    }
    // The latest first: most that is asked about is recent.
    let cases: String = steps
        .iter()
        .rev()
        .map(|step| {
            format!(
                " WHEN {column} >= {} THEN {}",
                step.as_millisecond(),
                offset(*step)
            )
        })
        .collect();
    format!("({column} + CASE{cases} ELSE {} END)", offset(from))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::ToSpan;
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn every_hour_of_years_with_summer_time_is_as_the_clock_shows_it() {
        let connection = Connection::open_in_memory().unwrap();
        let from: Timestamp = "2024-12-31T12:00:00Z".parse().unwrap();
        let to = from + (24 * 800).hours();
        for name in ["Europe/Budapest", "Australia/Lord_Howe", "Asia/Kathmandu"] {
            let zone = TimeZone::get(name).unwrap();
            let sql = local_millis("?1", &zone, from, to);
            let mut statement = connection.prepare(&format!("SELECT {sql}")).unwrap();
            let mut at = from;
            while at <= to {
                let shown: i64 = statement
                    .query_row([at.as_millisecond()], |row| row.get(0))
                    .unwrap();
                let clock = zone.to_datetime(at);
                let expected = clock.to_zoned(TimeZone::UTC).unwrap().timestamp();
                assert_eq!(shown, expected.as_millisecond(), "{name} {at}");
                at += 1.hours();
            }
        }
    }
}
