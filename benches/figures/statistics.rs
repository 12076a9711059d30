//! What is said of many measurements of one thing.

use std::time::Duration;

/// The median and the 99th of a hundred, in milliseconds, as `p50 / p99`.
pub fn p50_p99(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: f64| {
        let index = (share * (times.len() as f64 - 1.0)).round() as usize;
        times
            .get(index)
            .map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    };
    format!("{:.2} / {:.2}", at(0.5), at(0.99))
}
