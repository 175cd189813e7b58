//! What an expression comes to, and how one kind of value becomes another.
//!
//! Dates are what ODK adds to XPath 1.0: as a number a date is the days since 1970-01-01T00:00Z, and a text that is a date in
//! ISO 8601 counts as one wherever a number is wanted.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone as _};

use super::instance::{NodeId, Tree};

const DAY_MS: f64 = 86_400_000.0;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::form) enum Value {
    Nodes(Vec<NodeId>),
    Text(String),
    Number(f64),
    Bool(bool),
    /// A day (then it is midnight) or an instant; `None`: what should have been one is none.
    Date(Option<DateTime<FixedOffset>>),
}

/// How values are read: the documents, and the offset of days and times that say none.
#[derive(Clone, Copy)]
pub(in crate::form) struct Reader<'a> {
    pub(in crate::form) tree: &'a Tree,
    pub(in crate::form) offset: FixedOffset,
}

impl Reader<'_> {
    pub(in crate::form) fn text(&self, value: &Value) -> String {
        match value {
            Value::Nodes(nodes) => nodes.first().map(|node| self.tree.string_of(*node)).unwrap_or_default(),
            Value::Text(text) => text.clone(),
            Value::Number(number) => number_text(*number),
            Value::Bool(bool) => bool.to_string(),
            Value::Date(None) => "Invalid Date".to_owned(),
            Value::Date(Some(at)) => {
                let text = at.format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string();
                match text.split_once("T00:00:00.000") {
                    Some((day, _)) => day.to_owned(),
                    None => text,
                }
            }
        }
    }

    pub(in crate::form) fn number(&self, value: &Value) -> f64 {
        match value {
            Value::Number(number) => *number,
            Value::Bool(bool) => f64::from(u8::from(*bool)),
            Value::Date(at) => at.as_ref().map_or(f64::NAN, days),
            Value::Nodes(_) | Value::Text(_) => self.number_of(&self.text(value)),
        }
    }

    pub(in crate::form) fn bool(&self, value: &Value) -> bool {
        match value {
            Value::Nodes(nodes) => !nodes.is_empty(),
            Value::Text(text) => !text.is_empty(),
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Bool(bool) => *bool,
            Value::Date(at) => at.is_some(),
        }
    }

    /// The number that a text is, or the days that a date is.
    pub(in crate::form) fn number_of(&self, text: &str) -> f64 {
        let text = text.trim_matches(SPACES);
        let begins = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.');
        if !text.starts_with(begins) {
            return f64::NAN;
        }
        match text.parse() {
            Ok(number) => number,
            Err(_) => self.date_of(text).as_ref().map_or(f64::NAN, days),
        }
    }

    /// The day or instant that a text is.
    pub(in crate::form) fn date_of(&self, text: &str) -> Option<DateTime<FixedOffset>> {
        let date = text.split('T').next().filter(|date| date.len() == 10)?;
        let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
        if text.len() == 10 {
            return self.offset.from_local_datetime(&date.and_hms_opt(0, 0, 0)?).single();
        }
        let with_offset = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
        let at = with_offset.iter().find_map(|format| DateTime::parse_from_str(text, format).ok());
        if let Some(at) = at.or_else(|| DateTime::parse_from_rfc3339(text).ok()) {
            return Some(at.with_timezone(&self.offset));
        }
        let without = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        let at = without.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())?;
        self.offset.from_local_datetime(&at).single()
    }

    /// The instant that so many days are.
    pub(in crate::form) fn date_of_days(&self, days: f64) -> Option<DateTime<FixedOffset>> {
        let ms = (days * DAY_MS).round();
        // Far beyond any calendar a float is no millisecond any more.
        if ms.is_nan() || ms.abs() >= 1e17 {
            return None;
        }
        #[allow(clippy::cast_possible_truncation, reason = "bounded above")]
        DateTime::from_timestamp_millis(ms as i64).map(|at| at.with_timezone(&self.offset))
    }
}

/// What XML takes for spaces.
pub(in crate::form) const SPACES: [char; 4] = [' ', '\t', '\n', '\r'];

/// Days since the epoch.
pub(in crate::form) fn days(at: &DateTime<FixedOffset>) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of any calendar's year are exact")]
    let ms = at.timestamp_millis() as f64;
    ms / DAY_MS
}

/// A number as XPath writes it: without exponent, without `.0`.
pub(in crate::form) fn number_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}
