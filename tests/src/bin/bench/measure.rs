//! Samples, medians, what the system says of a process, and how figures are written.

use std::time::{Duration, Instant};

use crate::Failure;

/// Seconds, many times.
#[derive(Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took.as_secs_f64());
    }

    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let made = work();
        self.add(begun.elapsed());
        made
    }

    pub(crate) fn median(&mut self) -> f64 {
        self.quantile(50)
    }

    pub(crate) fn quantile(&mut self, percent: usize) -> f64 {
        self.0.sort_by(f64::total_cmp);
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * percent / 100).copied().unwrap_or(f64::NAN)
    }
}

/// What a process has used so far.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    /// Processor time of all its threads, in seconds.
    pub(crate) processor: f64,
    /// The most memory it ever had, in MiB.
    pub(crate) peak_mib: u64,
}

/// What `/proc` says of a process; `self` is this one.
pub(crate) fn used(process: &str) -> Result<Used, Failure> {
    // `man 5 proc`: fields 14 and 15 after the name in brackets are user and system time, in hundredths of a second.
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|field| field.parse::<f64>().ok()).ok_or("no processor time");
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse()?;
    Ok(Used { processor: (ticks(11)? + ticks(12)?) / 100.0, peak_mib: kib / 1024 })
}

/// A span of time, in the unit that suits it.
pub(crate) fn span(seconds: f64) -> String {
    match seconds {
        seconds if seconds >= 10.0 => format!("{seconds:.1} s"),
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 0.01 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{:.1} µs", seconds * 1e6),
    }
}

pub(crate) fn ratio(ratio: f64) -> String {
    format!("**{ratio:.2} ×**")
}

/// A number with its thousands apart.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut written = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// One line about the machine.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    format!("{cores} cores, {}", model.trim_start_matches([':', ' ', '\t']))
}
