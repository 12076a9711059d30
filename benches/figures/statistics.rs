//! What is said of many measurements of one thing.

use std::time::Duration;

/// The median and the 99th of a hundred, in milliseconds, as `p50 / p99`. Puts the times in order.
pub fn p50_p99(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share| percentile(times, share).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0);
    format!("{:.2} / {:.2}", at(0.5), at(0.99))
}

/// The time that this share of times in order do not exceed.
pub fn percentile(times: &[Duration], share: f64) -> Option<Duration> {
    let index = (share * (times.len() as f64 - 1.0)).round() as usize;
    times.get(index).copied()
}

/// As [`p50_p99`], and the longest of them.
#[cfg(feature = "gui")]
pub fn p50_p99_max(times: &mut [Duration]) -> String {
    let most = times.iter().max().copied().unwrap_or_default();
    format!("{} / {:.2}", p50_p99(times), most.as_secs_f64() * 1000.0)
}

/// How much the second of each pair grows by when the first grows by one: least squares.
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let shared: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    shared / spread
}
