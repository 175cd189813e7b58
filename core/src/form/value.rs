//! One answer: the text in a submission ↔ the JSON value.

use serde_json::{Map, Value};

use super::model::{AnswerType, Question};
use super::{FormError, xml};
use crate::time::Day;

const NAME_MAX_BYTES: usize = 255;
const POINT_PARTS: [&str; 4] = ["lat", "lon", "altitude_m", "accuracy_m"];

/// The value of a text that is not empty; `None` if it is not of the type.
pub(super) fn from_text(answer_type: AnswerType, text: &str) -> Option<Value> {
    match answer_type {
        AnswerType::Text | AnswerType::SelectOne | AnswerType::Note => Some(Value::from(text)),
        AnswerType::Integer => text.parse::<i64>().ok().map(Value::from),
        AnswerType::Decimal => number(text),
        AnswerType::Date => is_date(text).then(|| Value::from(text)),
        AnswerType::Time => is_time(text).then(|| Value::from(text)),
        AnswerType::DateTime => is_date_time(text).then(|| Value::from(text)),
        AnswerType::SelectMany => Some(text.split_ascii_whitespace().map(Value::from).collect()),
        AnswerType::Geopoint => point_from_text(text),
        AnswerType::Geotrace | AnswerType::Geoshape => {
            let points = text.strip_suffix(';').unwrap_or(text).split(';');
            points.map(|point| point_from_text(point.trim_matches(' '))).collect()
        }
        AnswerType::Attachment => is_file_name(text).then(|| Value::from(text)),
    }
}

/// The text of a value; empty for no answer (`null`, `""`, `[]`).
pub(super) fn to_text(question: &Question, value: &Value) -> Result<String, FormError> {
    let wrong = || FormError::WrongValue { name: question.name.clone(), expected: question.answer_type.as_str() };
    if is_empty(value) {
        return Ok(String::new());
    }
    let text = match question.answer_type {
        AnswerType::Integer => value.as_i64().map(|number| number.to_string()),
        AnswerType::Decimal => value.as_f64().map(|number| number.to_string()),
        AnswerType::SelectMany => Some(choices_to_text(question, value)?),
        AnswerType::Geopoint => point_to_text(value),
        AnswerType::Geotrace | AnswerType::Geoshape => points_to_text(value),
        AnswerType::SelectOne => {
            let text = value.as_str().ok_or_else(wrong)?;
            is_choice(question, text)?;
            Some(text.to_owned())
        }
        AnswerType::Text | AnswerType::Date | AnswerType::Time | AnswerType::DateTime | AnswerType::Attachment => {
            let text = value.as_str().filter(|text| from_text(question.answer_type, text).is_some());
            text.map(str::to_owned)
        }
        AnswerType::Note => None,
    };
    let text = text.ok_or_else(wrong)?;
    if xml::can_carry(&text) { Ok(text) } else { Err(FormError::NotACharacter(question.name.clone())) }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn is_choice(question: &Question, text: &str) -> Result<(), FormError> {
    if question.choices_elsewhere || question.choice(text).is_some() {
        return Ok(());
    }
    Err(FormError::NotAChoice { name: question.name.clone(), choice: text.to_owned() })
}

fn choices_to_text(question: &Question, value: &Value) -> Result<String, FormError> {
    let wrong = || FormError::WrongValue { name: question.name.clone(), expected: question.answer_type.as_str() };
    let mut chosen: Vec<&str> = Vec::new();
    for item in value.as_array().ok_or_else(wrong)? {
        let text = item.as_str().ok_or_else(wrong)?;
        is_choice(question, text)?;
        let is_one_word = !text.is_empty() && !text.contains(|c: char| c.is_ascii_whitespace());
        if !is_one_word || chosen.contains(&text) {
            return Err(wrong());
        }
        chosen.push(text);
    }
    Ok(chosen.join(" "))
}

fn number(text: &str) -> Option<Value> {
    let number = text.parse::<f64>().ok()?;
    serde_json::Number::from_f64(number).map(Value::Number)
}

fn is_date(text: &str) -> bool {
    Day::parse(text).is_some_and(|day| day.to_string() == text)
}

fn is_time(text: &str) -> bool {
    let end = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (time, offset) = text.split_at(end);
    let is_offset = matches!(offset, "" | "Z")
        || chrono::DateTime::parse_from_str(&format!("1970-01-01T00:00:00{offset}"), "%Y-%m-%dT%H:%M:%S%:z").is_ok();
    let is_clock =
        ["%H:%M:%S%.f", "%H:%M"].iter().any(|format| chrono::NaiveTime::parse_from_str(time, format).is_ok());
    is_offset && is_clock
}

fn is_date_time(text: &str) -> bool {
    text.split_once('T').is_some_and(|(date, time)| is_date(date) && is_time(time))
}

/// A file beside the submission: one name, never a path.
fn is_file_name(text: &str) -> bool {
    text.len() <= NAME_MAX_BYTES
        && !matches!(text, "." | "..")
        && !text.contains(|c: char| matches!(c, '/' | '\\' | ':') || c.is_control())
}

/// Reads `lat lon [altitude [accuracy]]`, degrees and metres.
fn point_from_text(text: &str) -> Option<Value> {
    let parts: Vec<f64> = text.split_ascii_whitespace().map(|part| part.parse().ok()).collect::<Option<_>>()?;
    if !(2..=POINT_PARTS.len()).contains(&parts.len()) || !is_on_earth(*parts.first()?, *parts.get(1)?) {
        return None;
    }
    let mut point = Map::new();
    for (name, part) in POINT_PARTS.iter().zip(parts) {
        point.insert((*name).to_owned(), serde_json::Number::from_f64(part)?.into());
    }
    Some(Value::Object(point))
}

fn is_on_earth(lat: f64, lon: f64) -> bool {
    (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)
}

/// Writes a point. An accuracy without an altitude stands after an altitude of 0, as ODK writes it. The point 0, 0 is
/// what devices without a receiver say, so it is not taken for an answer.
fn point_to_text(value: &Value) -> Option<String> {
    let point = value.as_object()?;
    let known = point.keys().all(|key| POINT_PARTS.contains(&key.as_str()));
    let part = |name: &str| match point.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(number) => number.as_f64().map(Some),
    };
    let (lat, lon) = (part("lat")??, part("lon")??);
    let (altitude_m, accuracy_m) = (part("altitude_m")?, part("accuracy_m")?);
    if !known || !is_on_earth(lat, lon) || (lat == 0.0 && lon == 0.0) {
        return None;
    }
    Some(match (altitude_m, accuracy_m) {
        (None, None) => format!("{lat} {lon}"),
        (Some(altitude), None) => format!("{lat} {lon} {altitude}"),
        (altitude, Some(accuracy)) => format!("{lat} {lon} {} {accuracy}", altitude.unwrap_or(0.0)),
    })
}

fn points_to_text(value: &Value) -> Option<String> {
    let points: Option<Vec<String>> = value.as_array()?.iter().map(point_to_text).collect();
    Some(points?.join(";"))
}
