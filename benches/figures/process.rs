//! What the system knows of a running process.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Proportional share of memory: its own pages, and its part of those it shares.
pub fn memory_mb(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Pss:"))
        .unwrap();
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes / 1024.0
}

/// The most memory that it has had so far, its own pages and shared ones; none when it has ended.
pub fn memory_peak_mb(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// Processor time of all its present threads so far, to the nanosecond.
pub fn processor_time(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let spent = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

/// Processor time of all its threads so far, those that have ended too, to a hundredth of a second.
pub fn whole_processor_time(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The program's name may hold anything; the times are the 12th and 13th word behind it.
    let (_, behind) = text.rsplit_once(')').unwrap();
    let words = behind.split_whitespace().skip(11).take(2);
    let hundredths: u64 = words.map(|word| word.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * hundredths)
}

/// How often its present threads have gone to sleep or were sent to it.
pub fn context_switches(pid: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let switches = threads.flatten().filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("status")).ok()?;
        let counts = text
            .lines()
            .filter(|line| line.contains("voluntary_ctxt_switches"))
            .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        Some(counts.sum::<u64>())
    });
    switches.sum()
}

/// Open files and sockets.
pub fn descriptors(pid: u32) -> usize {
    entries(pid, "fd")
}

/// Its threads.
pub fn threads(pid: u32) -> usize {
    entries(pid, "task")
}

fn entries(pid: u32, folder: &str) -> usize {
    let entries = fs::read_dir(format!("/proc/{pid}/{folder}"));
    entries.map_or(0, Iterator::count)
}

/// Runs `start` on one core; the programs it starts inherit that. Without `taskset` the system
/// decides.
pub fn on_core<R>(core: &str, start: impl FnOnce() -> R) -> R {
    let before = fs::read_to_string("/proc/thread-self/status").unwrap();
    let allowed = before
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    pin(core);
    let started = start();
    pin(allowed.unwrap().trim());
    started
}

/// Keeps the present thread on these cores.
fn pin(cores: &str) {
    let thread = fs::read_link("/proc/thread-self").unwrap();
    let thread = thread.file_name().unwrap().to_string_lossy().into_owned();
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", "--pid", cores, &thread]);
    let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
}
