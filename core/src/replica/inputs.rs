//! What may be typed into a field, so that a page can offer the right keys and a decision can be checked.

use rusqlite::Connection;
use serde_json::Value;

use super::fold::{AREA, Row};
use super::{ReplicaError, packs};
use crate::form::{AnswerType, Question};
use crate::record::{FieldWrong, Grade, Kind, Level, Role, check_fields};
use crate::view::FieldInput;

/// The longest answer to a question, in bytes.
const ANSWER_MAX: usize = 4_000;

/// What may be typed into a field of a record.
pub(super) fn input_of(connection: &Connection, row: &Row, field: &str) -> Result<FieldInput, ReplicaError> {
    Ok(match (&row.kind, field) {
        (_, "name_zh" | "name_mong" | "name_cyrl") | (Kind::Area, "code") => FieldInput::Text,
        (Kind::Household | Kind::Person, "phone") => FieldInput::Phone,
        (Kind::Household, "winter_camp" | "summer_camp" | "house") => FieldInput::Place,
        (Kind::Person, "role") => FieldInput::Choice { of: "role".to_owned(), names: words(Role::ALL, Role::as_str) },
        (Kind::Area, "level") => FieldInput::Choice { of: "level".to_owned(), names: words(Level::ALL, Level::as_str) },
        (Kind::Task | Kind::Household, "note") | (Kind::Case, "title" | "note" | "outcome") => FieldInput::Lines,
        (Kind::Task | Kind::Case, "due") => FieldInput::Day,
        (Kind::Case, "grade") => FieldInput::Choice { of: "grade".to_owned(), names: words(Grade::ALL, Grade::as_str) },
        (Kind::Visit | Kind::Activity, field) => {
            question(connection, row, field)?.map_or(FieldInput::Fixed, |question| asked(&question))
        }
        _ => FieldInput::Fixed,
    })
}

/// Checks a typed value.
///
/// # Errors
/// [`FieldWrong`] for a value that is not of the field's type, or a field that nothing can be typed into.
pub(super) fn check_typed(connection: &Connection, row: &Row, field: &str, value: &Value) -> Result<(), ReplicaError> {
    let wrong = || ReplicaError::Field(FieldWrong { field: field.to_owned() });
    let names = [(field.to_owned(), value.clone())].into();
    check_fields(&row.kind, &names)?;
    let right = value.is_null()
        || match input_of(connection, row, field)? {
            FieldInput::Text | FieldInput::Phone => value.is_string(),
            FieldInput::Lines => value.as_str().is_some_and(|text| text.len() <= ANSWER_MAX),
            FieldInput::Day => value.as_str().is_some_and(|text| crate::time::Day::parse(text).is_some()),
            FieldInput::Whole => value.is_i64(),
            FieldInput::Number => value.is_number(),
            FieldInput::Choice { names, .. } => {
                value.as_str().is_some_and(|name| names.iter().any(|known| known == name))
            }
            FieldInput::Choices { names, .. } => value.as_array().is_some_and(|chosen| {
                chosen.iter().all(|one| one.as_str().is_some_and(|name| names.iter().any(|known| known == name)))
            }),
            FieldInput::Place => value.is_object(),
            FieldInput::Fixed => false,
        };
    if right && field != AREA { Ok(()) } else { Err(wrong()) }
}

fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> Vec<String> {
    all.iter().map(|one| word(*one).to_owned()).collect()
}

fn question(connection: &Connection, row: &Row, field: &str) -> Result<Option<Question>, ReplicaError> {
    let Some(name) = field.strip_prefix("answer.") else { return Ok(None) };
    let text = |name: &str| row.fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let form = packs::form(connection, text("form"), text("form_version"))?;
    Ok(form.and_then(|form| form.model.question(name).cloned()))
}

fn asked(question: &Question) -> FieldInput {
    let of = || format!("choice.{}", question.name);
    let names = || question.choices.iter().map(|choice| choice.value.clone()).collect();
    match question.answer_type {
        AnswerType::Text => FieldInput::Lines,
        AnswerType::Integer => FieldInput::Whole,
        AnswerType::Decimal => FieldInput::Number,
        AnswerType::Date => FieldInput::Day,
        AnswerType::SelectOne if !question.choices_elsewhere => FieldInput::Choice { of: of(), names: names() },
        AnswerType::SelectMany if !question.choices_elsewhere => FieldInput::Choices { of: of(), names: names() },
        _ => FieldInput::Fixed,
    }
}
