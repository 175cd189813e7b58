//! The functions of XPath 1.0 and of ODK XForms that are evaluated here.

use std::f64::consts;

use chrono::{Datelike as _, Timelike as _};
use regex::Regex;

use super::eval::{Evaluated, Here, Unevaluated, World};
use super::geo;
use super::tree::Expr;
use super::value::{SPACES, Value};

/// Every function that [`call`] evaluates, in the order of the alphabet.
const KNOWN: &[&str] = &[
    "abs",
    "acos",
    "area",
    "asin",
    "atan",
    "atan2",
    "boolean",
    "boolean-from-string",
    "ceiling",
    "checklist",
    "coalesce",
    "concat",
    "contains",
    "cos",
    "count",
    "count-non-empty",
    "count-selected",
    "current",
    "date",
    "date-time",
    "decimal-date-time",
    "decimal-time",
    "distance",
    "ends-with",
    "exp",
    "exp10",
    "false",
    "floor",
    "format-date",
    "format-date-time",
    "geofence",
    "if",
    "indexed-repeat",
    "instance",
    "int",
    "join",
    "last",
    "local-name",
    "log",
    "log10",
    "max",
    "min",
    "name",
    "normalize-space",
    "not",
    "now",
    "number",
    "once",
    "pi",
    "position",
    "pow",
    "regex",
    "round",
    "selected",
    "selected-at",
    "sin",
    "sqrt",
    "starts-with",
    "string",
    "string-length",
    "substr",
    "substring",
    "substring-after",
    "substring-before",
    "sum",
    "tan",
    "today",
    "translate",
    "true",
    "weighted-checklist",
];

/// `YYYY-MM-DD`.
const DAY_LENGTH: usize = 10;

/// A pattern may not be longer.
const MAX_PATTERN_BYTES: usize = 2_000;

/// Functions whose value is another one every moment: what they gave cannot be computed again.
pub(in crate::form) const MOMENTARY: [&str; 3] = ["now", "random", "uuid"];

/// Whether a function is evaluated, or is known to be of its moment.
pub(in crate::form) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || MOMENTARY.contains(&name)
}

/// Evaluates a function.
pub(super) fn call(world: &World<'_>, name: &str, arguments: &[Expr], here: Here) -> Evaluated<Value> {
    let call = Call { world, name, arguments, here };
    match call.of_text().transpose().or_else(|| call.of_numbers().transpose()).or_else(|| call.of_time().transpose()) {
        Some(value) => value,
        None => call.of_logic_and_nodes(),
    }
}

struct Call<'c, 'w> {
    world: &'c World<'w>,
    name: &'c str,
    arguments: &'c [Expr],
    here: Here,
}

impl Call<'_, '_> {
    fn wrong(&self) -> Unevaluated {
        Unevaluated::Arguments(self.name.to_owned())
    }

    fn has(&self, least: usize, most: usize) -> Evaluated<()> {
        if (least..=most).contains(&self.arguments.len()) { Ok(()) } else { Err(self.wrong()) }
    }

    fn argument(&self, place: usize) -> Evaluated<&Expr> {
        self.arguments.get(place).ok_or_else(|| self.wrong())
    }

    fn value(&self, place: usize) -> Evaluated<Value> {
        self.world.value(self.argument(place)?, self.here)
    }

    fn text(&self, place: usize) -> Evaluated<String> {
        self.world.text(self.argument(place)?, self.here)
    }

    fn number(&self, place: usize) -> Evaluated<f64> {
        self.world.number(self.argument(place)?, self.here)
    }

    fn bool(&self, place: usize) -> Evaluated<bool> {
        self.world.bool(self.argument(place)?, self.here)
    }

    /// The text of an argument, or of the node that is asked about if there is none.
    fn text_or_here(&self) -> Evaluated<String> {
        self.has(0, 1)?;
        if self.arguments.is_empty() { Ok(self.world.tree().string_of(self.here.node)) } else { self.text(0) }
    }

    /// The texts of arguments from one on, of nodes each.
    fn texts(&self, from: usize) -> Evaluated<Vec<String>> {
        let mut texts = Vec::new();
        for argument in self.arguments.iter().skip(from) {
            match self.world.value(argument, self.here)? {
                Value::Nodes(nodes) => texts.extend(nodes.iter().map(|node| self.world.tree().string_of(*node))),
                other => texts.push(self.world.reader.text(&other)),
            }
        }
        Ok(texts)
    }

    /// The numbers of all arguments, of nodes each.
    fn numbers(&self) -> Evaluated<Vec<f64>> {
        let mut numbers = Vec::new();
        for argument in self.arguments {
            match self.world.value(argument, self.here)? {
                Value::Nodes(nodes) => {
                    let of = |node: &_| self.world.reader.number_of(&self.world.tree().string_of(*node));
                    numbers.extend(nodes.iter().map(of));
                }
                other => numbers.push(self.world.reader.number(&other)),
            }
        }
        Ok(numbers)
    }

    fn of_text(&self) -> Evaluated<Option<Value>> {
        let text = match self.name {
            "string" => self.text_or_here()?,
            "normalize-space" => words(&self.text_or_here()?).join(" "),
            "concat" => self.texts(0)?.concat(),
            "join" => self.texts(1)?.join(&self.text(0)?),
            "translate" => {
                self.has(3, 3)?;
                translate(&self.text(0)?, &self.text(1)?, &self.text(2)?)
            }
            "substring-before" => self.split(|text, at| text.split_once(at).map(|(before, _)| before.to_owned()))?,
            "substring-after" => self.split(|text, at| text.split_once(at).map(|(_, after)| after.to_owned()))?,
            "substring" => self.substring()?,
            "substr" => self.substr()?,
            "coalesce" => {
                self.has(2, 2)?;
                let first = self.text(0)?;
                if first.is_empty() { self.text(1)? } else { first }
            }
            "once" => {
                self.has(1, 1)?;
                let here = self.world.tree().string_of(self.here.node);
                if here.is_empty() { self.text(0)? } else { here }
            }
            "selected-at" => {
                self.has(2, 2)?;
                let place = self.number(1)?;
                let list = self.text(0)?;
                let place = if place >= 0.0 { whole(place) } else { None };
                place.and_then(|place| words(&list).get(place).map(|word| (*word).to_owned())).unwrap_or_default()
            }
            _ => return Ok(None),
        };
        Ok(Some(Value::Text(text)))
    }

    fn split(&self, part: impl Fn(&str, &str) -> Option<String>) -> Evaluated<String> {
        self.has(2, 2)?;
        Ok(part(&self.text(0)?, &self.text(1)?).unwrap_or_default())
    }

    /// XPath's: from a place on, counted from 1, so many characters.
    fn substring(&self) -> Evaluated<String> {
        self.has(2, 3)?;
        let from = round(self.number(1)?);
        let end = if self.arguments.len() > 2 { from + round(self.number(2)?) } else { f64::INFINITY };
        let mut place = 0.0;
        let wanted = |_: &char| {
            place += 1.0;
            place >= from && place < end
        };
        Ok(self.text(0)?.chars().filter(wanted).collect())
    }

    /// ODK's: between two places, counted from 0, negative ones from the end.
    fn substr(&self) -> Evaluated<String> {
        self.has(2, 3)?;
        let text: Vec<char> = self.text(0)?.chars().collect();
        let length = text.len();
        let place = |number: f64| {
            let back = number < 0.0;
            let distance = whole(number.abs()).unwrap_or(if number.is_nan() { 0 } else { length });
            if back { length.saturating_sub(distance) } else { distance.min(length) }
        };
        let from = place(self.number(1)?);
        let end = if self.arguments.len() > 2 { place(self.number(2)?) } else { length };
        Ok(text.get(from..end).unwrap_or_default().iter().collect())
    }

    fn of_numbers(&self) -> Evaluated<Option<Value>> {
        let one = |function: fn(f64) -> f64| {
            self.has(1, 1)?;
            Ok(function(self.number(0)?))
        };
        let number = match self.name {
            "number" => match self.arguments.is_empty() {
                true => self.world.reader.number_of(&self.world.tree().string_of(self.here.node)),
                false => {
                    self.has(1, 1)?;
                    let number = self.number(0)?;
                    // The days of a day are whole, wherever its midnight is.
                    if self.text(0)?.len() == DAY_LENGTH
                        && number.fract() != 0.0
                        && self.world.reader.date_of(&self.text(0)?).is_some()
                    {
                        number.floor()
                    } else {
                        number
                    }
                }
            },
            "int" => one(f64::trunc)?,
            "abs" => one(f64::abs)?,
            "floor" => one(f64::floor)?,
            "ceiling" => one(f64::ceil)?,
            "sqrt" => one(f64::sqrt)?,
            "exp" => one(f64::exp)?,
            "exp10" => one(|power| 10_f64.powf(power))?,
            "log" => one(f64::ln)?,
            "log10" => one(f64::log10)?,
            "sin" => one(f64::sin)?,
            "cos" => one(f64::cos)?,
            "tan" => one(f64::tan)?,
            "asin" => one(f64::asin)?,
            "acos" => one(f64::acos)?,
            "atan" => one(f64::atan)?,
            "atan2" => self.number(0)?.atan2(self.number(1)?),
            "pow" => self.number(0)?.powf(self.number(1)?),
            "pi" => consts::PI,
            "round" => self.round()?,
            "sum" => {
                self.has(1, 1)?;
                let numbers = self.numbers()?;
                if numbers.is_empty() { f64::NAN } else { numbers.iter().sum() }
            }
            "max" => self.most(f64::max)?,
            "min" => self.most(f64::min)?,
            "count" => count_of(self.nodes(0)?.len()),
            "count-non-empty" => {
                let nodes = self.nodes(0)?;
                count_of(nodes.iter().filter(|node| !self.world.tree().string_of(**node).is_empty()).count())
            }
            "count-selected" => count_of(words(&self.text(0)?).len()),
            "string-length" => count_of(self.text_or_here()?.encode_utf16().count()),
            "position" => match self.arguments.is_empty() {
                true => count_of(self.here.place),
                false => self.nodes(0)?.first().map_or(f64::NAN, |node| count_of(self.world.tree().place(*node))),
            },
            "last" => count_of(self.here.size),
            "area" => geo::area(&self.points()?.unwrap_or_default()),
            "distance" => geo::distance(&self.points()?.ok_or_else(|| self.wrong())?),
            _ => return Ok(None),
        };
        Ok(Some(Value::Number(number)))
    }

    fn most(&self, of_two: fn(f64, f64) -> f64) -> Evaluated<f64> {
        let numbers = self.numbers()?;
        if numbers.iter().any(|number| number.is_nan()) {
            return Ok(f64::NAN);
        }
        Ok(numbers.into_iter().reduce(of_two).unwrap_or(f64::NAN))
    }

    /// Rounds a half away from zero, to so many places.
    fn round(&self) -> Evaluated<f64> {
        self.has(1, 2)?;
        let (value, places) = (self.number(0)?, if self.arguments.len() > 1 { self.number(1)? } else { 0.0 });
        let by = 10_f64.powf(places);
        Ok((value.abs() * by).round() / by * if value < 0.0 { -1.0 } else { 1.0 })
    }

    fn points(&self) -> Evaluated<Option<Vec<geo::Point>>> {
        let texts = self.texts(0)?;
        Ok(match texts.as_slice() {
            [one] => geo::points(one),
            several => several.iter().map(|text| geo::points(text)?.first().copied()).collect(),
        })
    }

    fn of_time(&self) -> Evaluated<Option<Value>> {
        let read = &self.world.reader;
        let clock = || self.world.clock.ok_or(Unevaluated::Clock);
        Ok(Some(match self.name {
            "now" => Value::Date(Some(clock()?)),
            "today" => Value::Date(clock()?.with_time(chrono::NaiveTime::MIN).single()),
            "date" | "date-time" => {
                self.has(1, 1)?;
                match self.value(0)? {
                    Value::Bool(_) => Value::Text(String::new()),
                    Value::Number(days) => Value::Date(read.date_of_days(days)),
                    Value::Date(at) => Value::Date(at),
                    other => match read.text(&other) {
                        empty if empty.is_empty() => Value::Text(empty),
                        text => Value::Date(read.date_of(&text)),
                    },
                }
            }
            "decimal-date-time" => {
                self.has(1, 1)?;
                let value = self.value(0)?;
                Value::Number(match &value {
                    Value::Number(days) => *days,
                    Value::Date(at) => at.as_ref().map_or(f64::NAN, super::value::days),
                    other => read.date_of(&read.text(other)).as_ref().map_or(f64::NAN, super::value::days),
                })
            }
            "decimal-time" => {
                self.has(1, 1)?;
                let at = read.date_of(&format!("1970-01-01T{}", self.text(0)?));
                let seconds = |at: &chrono::DateTime<_>| {
                    f64::from(at.num_seconds_from_midnight()) + f64::from(at.nanosecond() / 1_000_000) / 1_000.0
                };
                Value::Number(at.as_ref().map_or(f64::NAN, |at| seconds(at) / 86_400.0))
            }
            "format-date" | "format-date-time" => {
                self.has(2, 2)?;
                let with_time = self.name == "format-date-time";
                let at = read.date_of(&self.text(0)?);
                let format = self.text(1)?;
                Value::Text(at.map_or_else(String::new, |at| formatted(&at, &format, with_time)))
            }
            _ => return Ok(None),
        }))
    }

    fn of_logic_and_nodes(&self) -> Evaluated<Value> {
        Ok(match self.name {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "not" => {
                self.has(1, 1)?;
                Value::Bool(!self.bool(0)?)
            }
            "boolean" => {
                self.has(1, 1)?;
                Value::Bool(self.bool(0)?)
            }
            "boolean-from-string" => Value::Bool(matches!(self.text(0)?.as_str(), "1" | "true")),
            "if" => {
                self.has(3, 3)?;
                let place = if self.bool(0)? { 1 } else { 2 };
                self.value(place)?
            }
            "contains" => self.two_texts(|text, part| text.contains(part))?,
            "starts-with" => self.two_texts(|text, part| text.starts_with(part))?,
            "ends-with" => self.two_texts(|text, part| text.ends_with(part))?,
            "selected" => self.two_texts(|list, value| words(list).contains(&value.trim_matches(SPACES)))?,
            "regex" => Value::Bool(self.regex()?),
            "checklist" => Value::Bool(self.checklist()?),
            "weighted-checklist" => Value::Bool(self.weighted_checklist()?),
            "geofence" => {
                self.has(2, 2)?;
                let (point, shape) = (geo::points(&self.text(0)?), geo::points(&self.text(1)?));
                let inside = point.and_then(|point| Some(geo::is_inside(*point.first()?, &shape?)));
                Value::Bool(inside.ok_or_else(|| self.wrong())?)
            }
            "current" => Value::Nodes(vec![self.here.about]),
            "instance" => {
                let id = self.text(0)?;
                match self.world.tree().lists.get(&id) {
                    Some(root) => Value::Nodes(vec![*root]),
                    None if self.world.outside.contains(&id) => return Err(Unevaluated::List(id)),
                    None => Value::Nodes(Vec::new()),
                }
            }
            "indexed-repeat" => Value::Nodes(self.indexed_repeat()?),
            "name" | "local-name" => {
                let node = match self.arguments.is_empty() {
                    true => Some(self.here.node),
                    false => self.nodes(0)?.first().copied(),
                };
                Value::Text(node.map(|node| self.world.tree().name(node).to_owned()).unwrap_or_default())
            }
            other => return Err(Unevaluated::Function(other.to_owned())),
        })
    }

    fn nodes(&self, place: usize) -> Evaluated<Vec<super::instance::NodeId>> {
        self.world.nodes(self.argument(place)?, self.here)
    }

    fn two_texts(&self, holds: impl Fn(&str, &str) -> bool) -> Evaluated<Value> {
        self.has(2, 2)?;
        Ok(Value::Bool(holds(&self.text(0)?, &self.text(1)?)))
    }

    /// Some engines look whether a pattern is in the text, others whether it is the text: only if both come to the same it
    /// is known.
    fn regex(&self) -> Evaluated<bool> {
        self.has(2, 2)?;
        let (text, pattern) = (self.text(0)?, self.text(1)?);
        let unread = || Unevaluated::Pattern(pattern.clone());
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(unread());
        }
        let inside = Regex::new(&pattern).map_err(|_| unread())?.is_match(&text);
        let whole = Regex::new(&format!("^(?:{pattern})$")).map_err(|_| unread())?.is_match(&text);
        if inside == whole { Ok(whole) } else { Err(unread()) }
    }

    fn checklist(&self) -> Evaluated<bool> {
        let (least, most) = (self.number(0)?, self.number(1)?);
        let held = count_of(self.arguments.iter().skip(2).map(|one| self.held(one)).sum::<Evaluated<usize>>()?);
        Ok(held >= least && (most < 0.0 || held <= most))
    }

    /// How many are true: of nodes those that hold something.
    fn held(&self, argument: &Expr) -> Evaluated<usize> {
        Ok(match self.world.value(argument, self.here)? {
            Value::Nodes(nodes) => nodes.iter().filter(|node| !self.world.tree().string_of(**node).is_empty()).count(),
            other => usize::from(self.world.reader.bool(&other)),
        })
    }

    fn weighted_checklist(&self) -> Evaluated<bool> {
        let (least, most) = (self.number(0)?, self.number(1)?);
        let mut weight = 0.0;
        for place in (2..self.arguments.len()).step_by(2) {
            if self.held(self.argument(place)?)? > 0 {
                weight += self.number(place + 1)?;
            }
        }
        Ok(weight >= least && (most < 0.0 || weight <= most))
    }

    fn indexed_repeat(&self) -> Evaluated<Vec<super::instance::NodeId>> {
        if self.arguments.len() < 3 || self.arguments.len().is_multiple_of(2) {
            return Err(self.wrong());
        }
        let tree = self.world.tree();
        let is_in = |node, around| std::iter::successors(Some(node), |node| tree.parent(*node)).any(|up| up == around);
        let mut found = self.world.nodes_everywhere(self.argument(0)?, self.here)?;
        let mut chosen = None;
        for place in (1..self.arguments.len()).step_by(2) {
            let mut repeats = self.world.nodes_everywhere(self.argument(place)?, self.here)?;
            repeats.retain(|repeat| chosen.is_none_or(|around| is_in(*repeat, around)));
            let number = self.number(place + 1)?;
            let one = whole(number).and_then(|number| repeats.get(number.checked_sub(1)?).copied());
            let Some(one) = one else { return Ok(Vec::new()) };
            found.retain(|node| is_in(*node, one));
            chosen = Some(one);
        }
        Ok(found)
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(SPACES).filter(|word| !word.is_empty()).collect()
}

fn round(number: f64) -> f64 {
    (number + 0.5).floor()
}

/// The whole number in front of a decimal point, if there is such a place.
fn whole(number: f64) -> Option<usize> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded here")]
    (0.0..1e9).contains(&number).then_some(number as usize)
}

fn count_of(count: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "documents are far smaller")]
    let count = count as f64;
    count
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let to: Vec<char> = to.chars().collect();
    let place = |c: char| from.chars().position(|known| known == c);
    text.chars().filter_map(|c| place(c).map_or(Some(c), |place| to.get(place).copied())).collect()
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

fn formatted(at: &chrono::DateTime<chrono::FixedOffset>, format: &str, with_time: bool) -> String {
    let mut text = String::new();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        let key = if c == '%' { rest.clone().next() } else { None };
        let part = key.and_then(|key| match key {
            'Y' => Some(format!("{:04}", at.year())),
            'y' => Some(format!("{:02}", at.year().rem_euclid(100))),
            'm' => Some(format!("{:02}", at.month())),
            'n' => Some(at.month().to_string()),
            'b' => MONTHS.get(at.month0() as usize).map(|name| (*name).to_owned()),
            'd' => Some(format!("{:02}", at.day())),
            'e' => Some(at.day().to_string()),
            'a' => DAYS.get(at.weekday().num_days_from_sunday() as usize).map(|name| (*name).to_owned()),
            'H' if with_time => Some(format!("{:02}", at.hour())),
            'h' if with_time => Some(at.hour().to_string()),
            'M' if with_time => Some(format!("{:02}", at.minute())),
            'S' if with_time => Some(format!("{:02}", at.second())),
            '3' if with_time => Some(format!("{:03}", at.nanosecond() / 1_000_000)),
            _ => None,
        });
        match part {
            Some(part) => {
                text.push_str(&part);
                rest.next();
            }
            None => text.push(c),
        }
    }
    text
}
