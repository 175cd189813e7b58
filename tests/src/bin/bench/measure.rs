//! Samples, medians and how figures are written.

use std::time::{Duration, Instant};

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

    pub(crate) fn p95(&mut self) -> f64 {
        self.quantile(95)
    }

    fn quantile(&mut self, percent: usize) -> f64 {
        self.0.sort_by(f64::total_cmp);
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * percent / 100).copied().unwrap_or(f64::NAN)
    }
}

pub(crate) fn ms(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}

pub(crate) fn us(seconds: f64) -> String {
    if seconds >= 0.01 { ms(seconds) } else { format!("{:.1} µs", seconds * 1e6) }
}

pub(crate) fn ratio(ratio: f64) -> String {
    format!("**{ratio:.2} ×**")
}

/// One line about the machine.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    format!("Machine: {cores} cores, {}.", model.trim_start_matches([':', ' ', '\t']))
}
