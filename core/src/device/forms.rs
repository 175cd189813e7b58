//! How a form is opened, and how it becomes records: its answers a visit or an activity, its entities households, persons, cases
//! and tasks.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::entities::{self, Said};
use super::{DeviceError, photo};
use crate::error::Code;
use crate::form::{AnswerType, Answers, FormModel, MAX_SUBMISSION_BYTES, Submission};
use crate::hash::Hash;
use crate::ids::{AreaId, OfficerId, RecordId};
use crate::pack::{About, Form};
use crate::record::{Fields, Kind, Visit};
use crate::replica::{Change, DraftRow, Replica, StoredBlob, Subject};
use crate::sync::Media;
use crate::time::Instant;
use crate::view::{AttachmentView, BeginForm, Finished, FormLine, OpenForm};
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
    pub(super) changes: Vec<Change>,
    /// How many revisions of a record the officer saw.
    pub(super) based: BTreeMap<RecordId, u64>,
    pub(super) finished: Finished,
}

/// What a form is to be begun about.
pub(super) fn subject(asked: &BeginForm) -> Result<Subject, DeviceError> {
    match (asked.household, asked.case, asked.area) {
        (Some(id), None, None) => Ok(Subject { about: About::Household, id }),
        (None, Some(id), None) => Ok(Subject { about: About::Case, id }),
        (None, None, Some(id)) => Ok(Subject { about: About::Area, id }),
        _ => Err(DeviceError::Refused(Code::Malformed)),
    }
}

/// The forms that can be begun.
pub(super) fn lines(replica: &Replica) -> Result<Vec<FormLine>, DeviceError> {
    let pack = replica.pack()?;
    let line = |form: &Arc<Form>| FormLine { id: form.model.id.clone(), about: form.about, names: form.names.clone() };
    Ok(pack.forms.iter().map(line).collect())
}

/// The form that is begun under this name about such a thing.
pub(super) fn form(replica: &Replica, id: &str, about: About) -> Result<Arc<Form>, DeviceError> {
    let pack = replica.pack()?;
    let form = pack.form(id).filter(|form| form.about == about);
    form.cloned().ok_or(DeviceError::Refused(Code::NotFound))
}

/// Everything needed to draw a draft.
pub(super) fn open(replica: &Replica, draft: DraftRow) -> Result<OpenForm, DeviceError> {
    let (_, form) = replica.form_of(&draft)?;
    let fresh = draft.submission.is_none();
    let submission = match (draft.submission, draft.amends) {
        (None, Some(record)) => Some(replica.submission(record)?),
        (submission, _) => submission,
    };
    Ok(OpenForm {
        draft: draft.id,
        about: draft.subject.about,
        subject: draft.subject.id,
        household: draft.household,
        household_name: replica.subject_name(draft.household.unwrap_or(draft.subject.id))?,
        form: draft.form,
        form_names: form.names.clone(),
        amends: draft.amends.is_some(),
        fresh,
        xform: form.xform.clone(),
        submission,
        page: draft.page,
        attachments: replica.files_of(draft.id, draft.amends)?,
    })
}

/// A file that a form shows or chooses from.
pub(super) fn resource(
    replica: &Replica,
    draft: &DraftRow,
    url: &str,
    officer: OfficerId,
    now: Instant,
) -> Result<Option<(&'static str, Vec<u8>)>, DeviceError> {
    let Some(path) = url.strip_prefix("jr://") else { return Ok(None) };
    if path == "instance/last-saved" {
        let last = replica.last_submission(&draft.form, officer)?;
        return Ok(last.map(|xml| ("text/xml", xml.into_bytes())));
    }
    let name = path.split_once('/').map_or(path, |(_, name)| name);
    if let Some(list) = replica.list(name, draft, officer, now)? {
        return Ok(Some(("text/csv", list.into_bytes())));
    }
    let (pack, _) = replica.form_of(draft)?;
    Ok(pack.media(name).map(|bytes| (media_type(name), bytes.to_vec())))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "csv" => "text/csv",
        "xml" => "text/xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        _ => "application/octet-stream",
    }
}

/// Takes a file in: a picture is made smaller and loses what the camera wrote into it.
pub(super) fn take_in(bytes: &[u8]) -> Result<StoredBlob, DeviceError> {
    let media = Media::of(bytes).filter(|media| !media.media_type.starts_with("image/"));
    match media {
        None => photo::take_in(bytes),
        Some(media) if bytes.len() as u64 > media.max_bytes => Err(DeviceError::Refused(Code::TooLarge)),
        Some(media) => {
            let (hash, media_type) = (Hash::of(bytes), media.media_type.to_owned());
            Ok(StoredBlob { hash, media_type, bytes: bytes.to_vec() })
        }
    }
}

/// Reads a submission and says which records it becomes.
///
/// A file that the submission names must be among those attached.
pub(super) fn becomes(
    replica: &Replica,
    world: &dyn World,
    draft: &DraftRow,
    officer: OfficerId,
    submission: &str,
) -> Result<Becomes, DeviceError> {
    let (_, form) = replica.form_of(draft)?;
    let read = form.model.read(submission)?;
    let area = match draft.subject.about {
        About::Area => draft.subject.id.into(),
        About::Household | About::Case => replica.place_of(draft.subject.id)?.1,
    };
    let record = RecordId::new(world);
    let mut fields = answers(&form.model, &read, submission, &replica.attachments(draft.id)?)?;
    let at = if form.kind == Kind::Visit { "visited_at_ms" } else { "held_at_ms" };
    fields.insert(at.to_owned(), json!(draft.begun));
    fields.insert("officer".to_owned(), json!(officer));
    if let Some(household) = draft.household {
        fields.insert("household".to_owned(), json!(household));
    }
    if draft.subject.about == About::Case {
        fields.insert("case".to_owned(), json!(draft.subject.id));
    }
    let task = follow_up(world, draft, record, area, &read);
    let task_id = task.as_ref().map(|change| change.record);
    let entities = entities::changes(replica, world, draft, record, area, &read.entities)?;
    let left_out: Vec<String> = entities.iter().filter_map(Said::left_out).collect();
    if !left_out.is_empty() {
        fields.insert("left_out".to_owned(), json!(left_out));
    }
    let covered = covered(replica, world, &form, record, officer, draft, &read)?;
    let mut changes = vec![Change { record, kind: form.kind.clone(), area, fields }];
    changes.extend(task);
    let mut finished =
        Finished { visit: record, task: task_id, household: draft.household, records: Vec::new(), left_out };
    let mut based = BTreeMap::new();
    for said in entities {
        let Said::Change { change, base } = said else { continue };
        finished.records.push(change.record);
        based.extend(base.map(|base| (change.record, base)));
        changes.push(change);
    }
    changes.extend(covered);
    Ok(Becomes { changes, based, finished })
}

/// Whether an officer may change a finished form: the author, as long as nobody signed it.
pub(super) fn may_amend(replica: &Replica, record: RecordId, officer: OfficerId) -> Result<(), DeviceError> {
    let page = replica.visit(record, officer)?;
    match (page.sealed, page.may_amend) {
        (true, _) => Err(DeviceError::Refused(Code::FormSealed)),
        (false, false) => Err(DeviceError::Refused(Code::OfficerWrong)),
        (false, true) => Ok(()),
    }
}

/// What a finished form becomes that was changed: what is answered otherwise, and why.
pub(super) fn amended(
    replica: &Replica,
    draft: &DraftRow,
    record: RecordId,
    submission: &str,
    because: Option<&str>,
) -> Result<Becomes, DeviceError> {
    let because = because.map(str::trim).filter(|because| !because.is_empty());
    let because = because.ok_or_else(|| DeviceError::Field("amended_because".to_owned()))?;
    let (_, form) = replica.form_of(draft)?;
    let read = form.model.read(submission)?;
    let (kind, area) = replica.place_of(record)?;
    let mut fields = answers(&form.model, &read, submission, &replica.files_of(draft.id, Some(record))?)?;
    let before = replica.fields_of(record)?;
    for (field, value) in &before {
        let is_answer = field.starts_with("answer.") || field.starts_with("file.");
        match fields.get(field) {
            Some(same) if same == value => drop(fields.remove(field)),
            None if is_answer => drop(fields.insert(field.clone(), Value::Null)),
            _ => {}
        }
    }
    fields.insert("amended_because".to_owned(), json!(because));
    let finished =
        Finished { visit: record, task: None, household: draft.household, records: Vec::new(), left_out: Vec::new() };
    Ok(Becomes { changes: vec![Change { record, kind, area, fields }], based: BTreeMap::new(), finished })
}

/// What is added to a finished form, under a name of its own.
pub(super) fn addendum(officer: OfficerId, world: &dyn World, text: &str) -> Result<Fields, DeviceError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DeviceError::Field("text".to_owned()));
    }
    let value = json!({ "text": text, "at_ms": world.now(), "officer": officer });
    Ok(Fields::from([(format!("addendum.{}", RecordId::new(world)), value)]))
}

/// The fields that a submission's answers become. A file in a repeat has a field of its own, `file.<name>`.
fn answers(
    model: &FormModel,
    read: &Submission,
    submission: &str,
    attached: &[AttachmentView],
) -> Result<Fields, DeviceError> {
    let mut fields = Fields::from([
        ("form".to_owned(), json!(read.form_id)),
        ("form_version".to_owned(), json!(read.version)),
        ("instance".to_owned(), json!(read.instance_id)),
        ("submission".to_owned(), json!(submission)),
    ]);
    debug_assert!(submission.len() <= MAX_SUBMISSION_BYTES, "it was read");
    for (name, answer) in &read.answers {
        let value = match (is_file(model, name), answer.as_str()) {
            (true, Some(file)) => blob_value(name, file, attached)?,
            _ => answer.clone(),
        };
        fields.insert(Visit::answer_field(name), value);
    }
    for repeat in &model.repeats {
        for one in model.each(&read.answers, &repeat.name) {
            for (name, file) in files_in(model, one) {
                fields.insert(format!("file.{file}"), blob_value(name, file, attached)?);
            }
        }
    }
    Ok(fields)
}

fn is_file(model: &FormModel, question: &str) -> bool {
    model.question(question).is_some_and(|asked| asked.answer_type == AnswerType::Attachment)
}

fn files_in<'a>(model: &'a FormModel, answers: &'a Map<String, Value>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let files = answers.iter().filter(|(name, _)| is_file(model, name));
    files.filter_map(|(name, answer)| Some((name.as_str(), answer.as_str()?)))
}

fn blob_value(question: &str, name: &str, attached: &[AttachmentView]) -> Result<Value, DeviceError> {
    let file = attached.iter().find(|file| file.name == name);
    let file = file.ok_or_else(|| DeviceError::Field(question.to_owned()))?;
    Ok(json!({ "blob": file.hash, "name": file.name, "size_bytes": file.size_bytes, "media_type": file.media_type }))
}

fn follow_up(world: &dyn World, draft: &DraftRow, visit: RecordId, area: AreaId, read: &Submission) -> Option<Change> {
    let text = |answers: &Answers, name: &str| answers.get(name).and_then(Value::as_str).map(str::to_owned);
    if text(&read.answers, "follow_up").as_deref() != Some("yes") || read.entities.iter().any(|e| e.dataset == "task") {
        return None;
    }
    let mut fields = Fields::from([
        ("visit".to_owned(), json!(visit)),
        ("note".to_owned(), json!(text(&read.answers, "follow_up_note").unwrap_or_default())),
    ]);
    if let Some(household) = draft.household {
        fields.insert("household".to_owned(), json!(household));
    }
    if let Some(due) = text(&read.answers, "follow_up_by") {
        fields.insert("due".to_owned(), json!(due));
    }
    Some(Change { record: RecordId::new(world), kind: Kind::Task, area, fields })
}

/// The visits that a gathering is to the households that came, each in its household's area; each household once.
fn covered(
    replica: &Replica,
    world: &dyn World,
    form: &Form,
    gathering: RecordId,
    officer: OfficerId,
    draft: &DraftRow,
    read: &Submission,
) -> Result<Vec<Change>, DeviceError> {
    let question = form.covers.as_ref().and_then(|name| form.model.question(name));
    let Some((question, repeat)) = question.and_then(|question| Some((question, question.within.as_ref()?))) else {
        return Ok(Vec::new());
    };
    let mut households: Vec<(RecordId, &Map<String, Value>)> = Vec::new();
    for one in form.model.each(&read.answers, repeat) {
        let household = one.get(&question.name).and_then(Value::as_str).and_then(|id| RecordId::parse(id).ok());
        if let Some(household) = household.filter(|id| households.iter().all(|(known, _)| known != id)) {
            households.push((household, one));
        }
    }
    let mut visits = Vec::with_capacity(households.len());
    for (household, one) in households {
        let (kind, area) = replica.place_of(household)?;
        if kind != Kind::Household {
            return Err(DeviceError::Field(question.name.clone()));
        }
        // What was asked of each household by itself is called after the question that names it.
        let own = |what: &str| one.get(&format!("{}_{what}", question.name));
        let outcome = own("outcome").and_then(Value::as_str).unwrap_or("visited");
        let mut fields = Fields::from([
            ("household".to_owned(), json!(household)),
            ("gathering".to_owned(), json!(gathering)),
            ("officer".to_owned(), json!(officer)),
            ("visited_at_ms".to_owned(), json!(draft.begun)),
            ("form".to_owned(), json!(read.form_id)),
            ("form_version".to_owned(), json!(read.version)),
            (Visit::answer_field("outcome"), json!(outcome)),
        ]);
        if let Some(topics) = own("topics").or_else(|| read.answers.get("topics")).filter(|topics| topics.is_array()) {
            fields.insert(Visit::answer_field("topics"), topics.clone());
        }
        visits.push(Change { record: RecordId::new(world), kind: Kind::Visit, area, fields });
    }
    Ok(visits)
}
