//! How a form becomes records: its answers a visit, the wish for a follow-up a task.

use serde_json::{Value, json};

use super::DeviceError;
use crate::error::Code;
use crate::form::{AnswerType, Answers, Submission};
use crate::ids::{AreaId, OfficerId, RecordId};
use crate::pack::{self, Form};
use crate::record::{Fields, Kind, Visit};
use crate::replica::{Change, DraftRow};
use crate::view::AttachmentView;
use crate::world::World;

/// A file to be attached to a form that is filled without a window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attached {
    /// The question it answers.
    pub question: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What finishing a draft will save.
pub(super) struct Becomes {
    pub(super) visit: RecordId,
    pub(super) task: Option<RecordId>,
    pub(super) changes: Vec<Change>,
}

/// The form of the built-in pack.
pub(super) fn form(id: &str) -> Result<&'static Form, DeviceError> {
    let pack = pack::builtin().map_err(|cause| DeviceError::Refused(cause.code()))?;
    pack.form(id).ok_or(DeviceError::Refused(Code::NotFound))
}

/// Reads a submission and says which records it becomes.
///
/// A picture that the submission names must be among `attached`.
pub(super) fn becomes(
    world: &dyn World,
    draft: &DraftRow,
    area: AreaId,
    officer: OfficerId,
    submission: &str,
    attached: &[AttachmentView],
) -> Result<Becomes, DeviceError> {
    let form = form(&draft.form)?;
    let read = form.model.read(submission)?;
    let visit = RecordId::new(world);
    let mut fields = Fields::from([
        ("household".to_owned(), json!(draft.household)),
        ("officer".to_owned(), json!(officer)),
        ("visited_at_ms".to_owned(), json!(draft.begun)),
        ("form".to_owned(), json!(read.form_id)),
        ("form_version".to_owned(), json!(read.version)),
        ("instance".to_owned(), json!(read.instance_id)),
        ("submission".to_owned(), json!(submission)),
    ]);
    for (question, answer) in &read.answers {
        let is_file = form.model.question(question).is_some_and(|asked| asked.answer_type == AnswerType::Attachment);
        let value = match (is_file, answer.as_str()) {
            (true, Some(name)) => blob_value(question, name, attached)?,
            _ => answer.clone(),
        };
        fields.insert(Visit::answer_field(question), value);
    }
    let mut changes = vec![Change { record: visit, kind: Kind::Visit, area, fields }];
    let task = follow_up(world, draft.household, visit, area, &read);
    let task_id = task.as_ref().map(|change| change.record);
    changes.extend(task);
    Ok(Becomes { visit, task: task_id, changes })
}

fn blob_value(question: &str, name: &str, attached: &[AttachmentView]) -> Result<Value, DeviceError> {
    let file = attached.iter().find(|file| file.name == name);
    let file = file.ok_or_else(|| DeviceError::Field(question.to_owned()))?;
    Ok(json!({ "blob": file.hash, "name": file.name, "size_bytes": file.size_bytes, "media_type": file.media_type }))
}

fn follow_up(
    world: &dyn World,
    household: RecordId,
    visit: RecordId,
    area: AreaId,
    read: &Submission,
) -> Option<Change> {
    let text = |answers: &Answers, name: &str| answers.get(name).and_then(Value::as_str).map(str::to_owned);
    if text(&read.answers, "follow_up").as_deref() != Some("yes") {
        return None;
    }
    let mut fields = Fields::from([
        ("household".to_owned(), json!(household)),
        ("visit".to_owned(), json!(visit)),
        ("note".to_owned(), json!(text(&read.answers, "follow_up_note").unwrap_or_default())),
    ]);
    if let Some(due) = text(&read.answers, "follow_up_by") {
        fields.insert("due".to_owned(), json!(due));
    }
    Some(Change { record: RecordId::new(world), kind: Kind::Task, area, fields })
}
