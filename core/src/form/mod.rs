//! What a form asks and what a submission says: XForm → [`FormModel`], ODK submission XML ↔ answers as JSON; and whether a
//! submission is what its form lets be said ([`FormRules`]).
//!
//! Pure. Drawing a form and evaluating it while somebody types is the window's; here a finished submission becomes data
//! ([`FormModel::read`]), data becomes a submission where there is no window ([`FormModel::fill`]), and a submission is
//! checked once more without the engine that filled it in ([`FormRules::check`]).
//!
//! # Answers
//!
//! A map from question name to value. Groups are pages and leave no trace in it; a question nobody answered is absent. A repeat is
//! an array under its own name, with a map of this kind for each time that it was answered.
//!
//! | question | value |
//! |---|---|
//! | text, select one | string, byte for byte |
//! | integer, decimal | number |
//! | date, time, dateTime | string, as ISO 8601 writes it |
//! | select many, rank | array of choice values in the order of the submission |
//! | geopoint | `{"lat", "lon", "altitude_m", "accuracy_m"}`; the last two are absent if the device did not say |
//! | geotrace, geoshape | array of such points |
//! | image, audio, video, file | the file's name |
//!
//! # What reading and filling do not evaluate
//!
//! No XPath: relevance, constraints, calculations and conditional `required`. [`FormModel::read`]
//! does not ask whether a choice is in the list, [`FormModel::fill`] asks only what needs no evaluation: names, types,
//! choices of lists inside the form, and answers that are required without any condition.

mod check;
mod entity;
mod error;
mod fill;
mod model;
mod parse;
mod read;
mod rules;
mod value;
mod xml;
mod xpath;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod check_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;

pub use check::{Difference, Findings, RuleKind, Unchecked, Violation};
pub use entity::Entity;
pub use error::FormError;
pub use model::{AnswerType, Answers, Choice, FormModel, Question, Repeat, Texts};
pub use read::Submission;
pub use rules::{FormRules, expression};

/// A submission may not be longer.
pub const MAX_SUBMISSION_BYTES: usize = 1 << 20;
/// A submission may not have more XML nodes.
pub const MAX_SUBMISSION_NODES: u32 = 50_000;
/// An XForm may not be longer.
pub const MAX_FORM_BYTES: usize = 8 << 20;
/// An XForm may not have more XML nodes.
pub const MAX_FORM_NODES: u32 = 500_000;
/// Groups may not be nested deeper.
pub const MAX_DEPTH: usize = 32;
