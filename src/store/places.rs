//! The time of day at a client's place.

use std::path::Path;

use jiff::tz::TimeZone;

/// The time zones that are named after a city: `Asia/Almaty`, one a line (IANA `zone.tab`).
const ZONES: &str = include_str!("zones.txt");

/// The time zone of `city`, where one is named after it.
pub(super) fn time_zone(city: &str) -> Option<TimeZone> {
    let wanted = city.trim().replace(' ', "_");
    if wanted.is_empty() {
        return None;
    }
    let zone = ZONES.lines().find(|zone| {
        zone.rsplit_once('/')
            .is_some_and(|(_, last)| last.eq_ignore_ascii_case(&wanted))
    })?;
    // The one file is read at once; the library would first look through all of them.
    std::fs::read(Path::new("/usr/share/zoneinfo").join(zone))
        .ok()
        .and_then(|data| TimeZone::tzif(zone, &data).ok())
        .or_else(|| TimeZone::get(zone).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_17_a_city_with_a_zone_of_its_name_has_its_time() {
        assert!(time_zone("Almaty").is_some());
        assert!(time_zone(" new york ").is_some());
        assert!(time_zone("Oberammergau").is_none());
        assert!(time_zone("").is_none());
        assert!(time_zone("../../etc/passwd").is_none());
    }
}
