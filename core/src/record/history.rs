//! A record's past, step by step: what each revision changed, as its author saw it.

use serde_json::Value;

use super::Revision;
use super::ancestry::Ancestry;
use crate::ids::AreaId;

/// One revision, and what was there before it.
#[derive(Clone, PartialEq, Debug)]
pub struct Step<'a> {
    /// The revision.
    pub revision: &'a Revision,
    /// Whether nothing was there before it.
    pub first: bool,
    /// The area the record left, if it was moved.
    pub moved_from: Option<AreaId>,
    /// What it wrote, in order of the fields' names.
    pub changes: Vec<FieldChange>,
}

/// One field that a revision wrote.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// What was shown to its author; `null` for nothing.
    pub from: Value,
    /// What it says now; `null` for nothing.
    pub to: Value,
    /// Whether it decided between values that did not know each other.
    pub settled: bool,
}

impl Step<'_> {
    /// Whether it decided a conflict.
    #[must_use]
    pub fn settles(&self) -> bool {
        self.changes.iter().any(|change| change.settled)
    }
}

/// The steps of a record, the first one first: each stands after everything its author knew.
#[must_use]
pub fn history<'a>(revisions: impl IntoIterator<Item = &'a Revision>) -> Vec<Step<'a>> {
    let ancestry = Ancestry::of(revisions);
    let steps = ancestry.revisions().iter().enumerate();
    steps
        .map(|(index, revision)| {
            let known = ancestry.known_to(index);
            let before = ancestry.area(&known);
            let change = |(field, to): (&String, &Value)| {
                let standing = ancestry.standing(field, &known);
                let mut values = standing.iter().filter_map(|place| ancestry.revisions()[*place].fields.get(field));
                let from = values.next().cloned().unwrap_or(Value::Null);
                let settled = values.any(|other| *other != from);
                FieldChange { field: field.clone(), from, to: to.clone(), settled }
            };
            Step {
                revision,
                first: before.is_none(),
                moved_from: before.filter(|area| *area != revision.area),
                changes: revision.fields.iter().map(change).collect(),
            }
        })
        .collect()
}
