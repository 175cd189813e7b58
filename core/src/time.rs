//! When things happened: wall-clock instants, days at the station, and the hybrid logical clock that orders ties.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, as the device's own clock showed them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ts_rs::TS)]
#[serde(transparent)]
#[ts(export, type = "number & { readonly __unit: \"ms\" }")]
pub struct Instant(i64);

/// A calendar day at the station, `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ts_rs::TS)]
#[serde(transparent)]
#[ts(export, type = "string & { readonly __unit: \"day\" }")]
pub struct Day(NaiveDate);

/// All of China keeps one time, UTC+8, without summer time since 1991.
const STATION_OFFSET_S: i32 = 8 * 3600;

impl Instant {
    /// Wraps milliseconds since the epoch.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// This instant moved by `ms`, at the ends of the range if it would leave it.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative if the clock went back.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The day at the station; 1970-01-01 for an instant no calendar has.
    #[must_use]
    pub fn day(self) -> Day {
        Day(self.local().map_or(NaiveDate::default(), |at| at.date_naive()))
    }

    /// ISO 8601 with the station's offset, as ODK submissions write it.
    #[must_use]
    pub fn to_iso(self) -> String {
        self.local().map_or_else(String::new, |at| at.format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string())
    }

    /// As HTTP writes it, in Greenwich time.
    #[must_use]
    pub fn to_http_date(self) -> String {
        let at = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    fn local(self) -> Option<DateTime<FixedOffset>> {
        let offset = FixedOffset::east_opt(STATION_OFFSET_S)?;
        Some(DateTime::from_timestamp_millis(self.0)?.with_timezone(&offset))
    }
}

impl Day {
    /// Reads `YYYY-MM-DD`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self)
    }

    /// The day `days` later, at the ends of the calendar if it would leave it.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        let step = chrono::Duration::days(i64::from(days));
        Self(self.0.checked_add_signed(step).unwrap_or(self.0))
    }

    /// The same day of the month `months` later, or the last of that month.
    #[must_use]
    pub fn plus_months(self, months: u16) -> Self {
        Self(self.0.checked_add_months(chrono::Months::new(months.into())).unwrap_or(NaiveDate::MAX))
    }

    /// The first day of this day's month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        use chrono::Datelike as _;
        Self(self.0.with_day(1).unwrap_or(self.0))
    }

    /// The instant at which this day begins at the station.
    #[must_use]
    pub fn start(self) -> Instant {
        let utc = self.0.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
        Instant(utc.saturating_sub(i64::from(STATION_OFFSET_S) * 1000))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A hybrid logical clock reading: greater than every reading the device had seen, close to its wall clock.
///
/// Orders only writes that did not know each other; `parents` order the rest. In JSON: `[ms, n]`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Hlc(i64, u32);

/// A reading further ahead of the own clock than this is not followed, so that one wrong clock does not move all others.
const MAX_AHEAD_MS: i64 = 24 * 3600 * 1000;

impl Hlc {
    /// Before every reading.
    pub const ZERO: Self = Self(0, 0);

    /// Wraps the two parts.
    #[must_use]
    pub const fn new(ms: i64, n: u32) -> Self {
        Self(ms, n)
    }

    /// Milliseconds of the reading.
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Counter among readings of the same millisecond.
    #[must_use]
    pub const fn n(self) -> u32 {
        self.1
    }

    /// The next reading after `self` at wall-clock time `now`.
    #[must_use]
    pub const fn tick(self, now: Instant) -> Self {
        if now.0 > self.0 {
            return Self(now.0, 0);
        }
        match self.1.checked_add(1) {
            Some(n) => Self(self.0, n),
            None => Self(self.0.saturating_add(1), 0),
        }
    }

    /// What to remember after seeing `other` at `now`.
    #[must_use]
    pub fn seen(self, other: Self, now: Instant) -> Self {
        if other.0 > now.0.saturating_add(MAX_AHEAD_MS) {
            return self;
        }
        self.max(other)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_day_at_the_station_begins_at_sixteen_hours_utc() {
        let late = Instant::from_ms(1_782_835_199_999); // 2026-06-30T15:59:59.999Z
        assert_eq!(late.day().to_string(), "2026-06-30");
        assert_eq!(late.plus_ms(1).day().to_string(), "2026-07-01");
        assert_eq!(late.plus_ms(1).day().start(), late.plus_ms(1));
    }

    #[test]
    fn a_tick_is_always_greater_even_when_the_clock_goes_back() {
        let first = Hlc::ZERO.tick(Instant::from_ms(1_000));
        let second = first.tick(Instant::from_ms(10));
        assert!(second > first);
        assert!(Hlc::new(5, u32::MAX).tick(Instant::from_ms(0)) > Hlc::new(5, u32::MAX));
    }

    #[test]
    fn a_clock_years_ahead_is_not_followed() {
        let now = Instant::from_ms(1_000);
        assert_eq!(Hlc::ZERO.seen(Hlc::new(i64::MAX, 0), now), Hlc::ZERO);
        assert_eq!(Hlc::ZERO.seen(Hlc::new(2_000, 0), now), Hlc::new(2_000, 0));
    }
}
