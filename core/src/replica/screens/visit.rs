//! A finished form: a visit or an activity.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::standing::is_waiting;
use crate::form::{AnswerType, FormModel};
use crate::ids::{DraftId, OfficerId, RecordId};
use crate::record::{Activity, Fields, Kind, Visit, blobs};
use crate::replica::fold::Row;
use crate::replica::read::officer_name;
use crate::replica::{Replica, ReplicaError, fold, packs, tablet};
use crate::time::Instant;
use crate::view::{AddendumView, AttachmentView, ChoiceView, QuestionView, VisitPage};

impl Replica {
    /// A finished form with its answers, as `me` may see and change it.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn visit(&self, id: RecordId, me: OfficerId) -> Result<VisitPage, ReplicaError> {
        self.reading(|connection| {
            let row = finished(connection, id)?;
            let (household, case, officer, at, form) = said(&row);
            let officer_name = officer.map(|officer| officer_name(connection, officer)).transpose()?;
            let version = row.fields.get("form_version").and_then(Value::as_str).unwrap_or_default();
            let known = packs::form(connection, &form, version)?;
            let subject = household.or(case).unwrap_or_else(|| row.area.into());
            let sealed = known.as_ref().is_some_and(|form| is_signed(&form.model, &row.fields));
            let of_a_gathering = row.fields.contains_key("gathering");
            Ok(VisitPage {
                id,
                household,
                case,
                household_name: tablet::subject_name(connection, subject)?,
                at,
                officer_name: officer_name.unwrap_or_default(),
                form,
                form_names: known.as_ref().map(|form| form.names.clone()).unwrap_or_default(),
                questions: known.as_ref().map(|form| questions(&form.model)).unwrap_or_default(),
                attachments: attachments(&row.fields),
                sealed,
                may_amend: officer == Some(me) && !sealed && known.is_some() && !of_a_gathering,
                amended_because: row.fields.get("amended_because").and_then(Value::as_str).map(str::to_owned),
                addenda: addenda(connection, &row.fields)?,
                kept_months: packs::current(connection)?.rule(&row.kind).and_then(|rule| rule.retention_months),
                answers: row
                    .fields
                    .into_iter()
                    .filter_map(|(field, value)| Some((field.strip_prefix("answer.")?.to_owned(), value)))
                    .collect(),
                waiting: is_waiting(connection, id)?,
            })
        })
    }

    /// The submission of a finished form, as it was written last.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn submission(&self, id: RecordId) -> Result<String, ReplicaError> {
        self.reading(|connection| {
            let revisions = fold::revisions(connection, id)?;
            let state = crate::record::fold(&revisions);
            let shown = state.map(|state| state.shown()).and_then(|mut fields| fields.remove("submission"));
            let text = shown.as_ref().and_then(Value::as_str).map(str::to_owned);
            text.ok_or(ReplicaError::NotFound { what: "submission" })
        })
    }

    /// The shown fields of a record; none if it is not here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn fields_of(&self, id: RecordId) -> Result<Fields, ReplicaError> {
        self.reading(|connection| Ok(fold::load(connection, id)?.map(|(_, row)| row.fields).unwrap_or_default()))
    }

    /// The submission of the form that an officer finished last with this id on this tablet.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn last_submission(&self, form: &str, officer: OfficerId) -> Result<Option<String>, ReplicaError> {
        let record: Option<RecordId> = self.reading(|connection| {
            connection
                .prepare_cached(
                    "SELECT id FROM (SELECT id, at_ms FROM visit WHERE form = ?1 AND officer = ?2
                                     UNION ALL SELECT id, at_ms FROM activity WHERE form = ?1 AND officer = ?2)
                     ORDER BY at_ms DESC LIMIT 1",
                )
                .and_then(|mut from| from.query_row(params![form, officer], |row| row.get(0)).optional())
                .map_err(ReplicaError::sql("looking for the last form"))
        })?;
        match record.map(|record| self.submission(record)) {
            Some(Err(ReplicaError::NotFound { .. })) | None => Ok(None),
            Some(found) => found.map(Some),
        }
    }

    /// The files that a draft may name: its own, and those of the finished form that it changes.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn files_of(&self, draft: DraftId, amends: Option<RecordId>) -> Result<Vec<AttachmentView>, ReplicaError> {
        let mut files = self.attachments(draft)?;
        if let Some(record) = amends {
            let before = attachments(&self.fields_of(record)?);
            let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
            files.extend(before.into_iter().filter(|file| !names.contains(&file.name)));
        }
        Ok(files)
    }
}

fn finished(connection: &Connection, id: RecordId) -> Result<Row, ReplicaError> {
    match fold::load(connection, id)? {
        Some((_, row)) if row.kind.is_a_submission() => Ok(row),
        _ => Err(ReplicaError::NotFound { what: "visit" }),
    }
}

type Said = (Option<RecordId>, Option<RecordId>, Option<OfficerId>, Instant, String);

fn said(row: &Row) -> Said {
    match row.kind {
        Kind::Visit => {
            let visit = Visit::read(&row.fields);
            (visit.household, None, visit.officer, visit.visited_at.unwrap_or(row.first), visit.form)
        }
        _ => {
            let done = Activity::read(&row.fields);
            (done.household, done.case, done.officer, done.held_at.unwrap_or(row.first), done.form)
        }
    }
}

/// Whether a question that asks for a signature was answered.
fn is_signed(model: &FormModel, fields: &Fields) -> bool {
    let asks = model.questions.iter().filter(|question| {
        question.answer_type == AnswerType::Attachment
            && question.appearance.split(' ').any(|appearance| appearance == "signature")
    });
    let answered = |name: &str| fields.get(&Visit::answer_field(name)).is_some_and(|answer| !answer.is_null());
    asks.into_iter().any(|question| match &question.within {
        None => answered(&question.name),
        Some(_) => {
            let answers = fields
                .iter()
                .filter_map(|(field, value)| Some((field.strip_prefix("answer.")?.to_owned(), value.clone())));
            let answers = answers.collect();
            let within = question.within.as_deref().unwrap_or_default();
            model.each(&answers, within).iter().any(|one| one.contains_key(&question.name))
        }
    })
}

fn questions(model: &FormModel) -> Vec<QuestionView> {
    let asked = model.questions.iter().filter(|question| question.answer_type != AnswerType::Note);
    asked
        .map(|question| QuestionView {
            name: question.name.clone(),
            answer_type: question.answer_type.as_str().to_owned(),
            within: question.within.clone(),
            label: question.label.clone(),
            choices: question
                .choices
                .iter()
                .map(|choice| ChoiceView { value: choice.value.clone(), label: choice.label.clone() })
                .collect(),
        })
        .collect()
}

fn addenda(connection: &Connection, fields: &Fields) -> Result<Vec<AddendumView>, ReplicaError> {
    let mut added = Vec::new();
    for value in fields.iter().filter(|(field, _)| field.starts_with("addendum.")).map(|(_, value)| value) {
        let text = value.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
        let at = Instant::from_ms(value.get("at_ms").and_then(Value::as_i64).unwrap_or_default());
        let officer = value.get("officer").and_then(Value::as_str).and_then(|id| OfficerId::parse(id).ok());
        let name = officer.map(|officer| officer_name(connection, officer)).transpose()?;
        added.push(AddendumView { text, at, officer_name: name.unwrap_or_default() });
    }
    added.sort_by_key(|one| one.at);
    Ok(added)
}

fn attachments(fields: &Fields) -> Vec<AttachmentView> {
    blobs(fields)
        .map(|(hash, value)| {
            let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            AttachmentView {
                name: text("name"),
                hash,
                size_bytes: value.get("size_bytes").and_then(Value::as_u64).unwrap_or(0),
                media_type: text("media_type"),
            }
        })
        .collect()
}
