//! A finished visit.

use super::standing::is_waiting;
use crate::ids::RecordId;
use crate::record::{Fields, Kind, Visit, blobs};
use crate::replica::read::officer_name;
use crate::replica::{Replica, ReplicaError, fold, tablet};
use crate::view::{AttachmentView, VisitPage};

impl Replica {
    /// A visit with its answers.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn visit(&self, id: RecordId) -> Result<VisitPage, ReplicaError> {
        self.reading(|connection| {
            let row = match fold::load(connection, id)? {
                Some((_, row)) if row.kind == Kind::Visit => row,
                _ => return Err(ReplicaError::NotFound { what: "visit" }),
            };
            let visit = Visit::read(&row.fields);
            let household = visit.household.ok_or(ReplicaError::NotFound { what: "household" })?;
            let officer = visit.officer.map(|officer| officer_name(connection, officer)).transpose()?;
            Ok(VisitPage {
                id,
                household,
                household_name: tablet::household_name(connection, household)?,
                at: visit.visited_at.unwrap_or(row.first),
                officer_name: officer.unwrap_or_default(),
                form: visit.form,
                attachments: attachments(&row.fields),
                answers: row
                    .fields
                    .into_iter()
                    .filter_map(|(field, value)| Some((field.strip_prefix("answer.")?.to_owned(), value)))
                    .collect(),
                waiting: is_waiting(connection, id)?,
            })
        })
    }
}

fn attachments(fields: &Fields) -> Vec<AttachmentView> {
    blobs(fields)
        .map(|(hash, value)| {
            let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            AttachmentView {
                name: text("name"),
                hash,
                size_bytes: value.get("size_bytes").and_then(serde_json::Value::as_u64).unwrap_or(0),
                media_type: text("media_type"),
            }
        })
        .collect()
}
