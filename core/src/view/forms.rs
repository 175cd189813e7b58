//! Forms being filled in, their files, and finished visits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Names;
use crate::hash::Hash;
use crate::ids::{DraftId, RecordId};
use crate::pack::About;
use crate::time::Instant;

/// A text by language code: `zh-Hans`, `mn-Mong`, `mn-Cyrl`, `en`.
pub type Texts = BTreeMap<String, String>;

/// A form that can be begun.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FormLine {
    /// The form's id.
    pub id: String,
    /// What has to be chosen before it is begun.
    pub about: About,
    /// Its name.
    #[ts(type = "Record<string, string>")]
    pub names: Texts,
}

/// Begins a form about a household, a case or an area, or goes on with the draft that is there.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BeginForm {
    /// The household, …
    #[serde(default)]
    #[ts(optional)]
    pub household: Option<RecordId>,
    /// … the case …
    #[serde(default)]
    #[ts(optional)]
    pub case: Option<RecordId>,
    /// … or the area; exactly one of the three.
    #[serde(default)]
    #[ts(optional)]
    pub area: Option<RecordId>,
    /// The form's id.
    pub form: String,
}

/// Asks for a file that a form shows or chooses from.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FormResource {
    /// The draft.
    pub id: DraftId,
    /// As the form names it: `jr://images/map.png`, `jr://file-csv/household.csv`, `jr://instance/last-saved`.
    pub url: String,
}

/// Adds to a finished form without changing it.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Addendum {
    /// The visit or activity.
    pub id: RecordId,
    /// What is added, at most 4,000 bytes.
    pub text: String,
}

/// Names one draft.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DraftRef {
    /// The draft.
    pub id: DraftId,
}

/// Everything needed to draw a form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OpenForm {
    /// The draft that keeps its answers.
    pub draft: DraftId,
    /// What kind of thing it is about.
    pub about: About,
    /// The household, case or area that it is about.
    pub subject: RecordId,
    /// The household behind it.
    pub household: Option<RecordId>,
    /// What the household, case or area is called.
    pub household_name: Names,
    /// The form's id.
    pub form: String,
    /// Its name.
    #[ts(type = "Record<string, string>")]
    pub form_names: Texts,
    /// Whether a finished form is changed and `submission` is as it was finished; from the first save on `submission` is the draft.
    pub amends: bool,
    /// Whether nothing was saved yet.
    pub fresh: bool,
    /// The `XForm`.
    pub xform: String,
    /// The answers so far, as an ODK submission; `None` for a form just begun that changes nothing.
    pub submission: Option<String>,
    /// The page that was open; 0 for a form just begun.
    pub page: u32,
    /// Files attached so far.
    pub attachments: Vec<AttachmentView>,
}

/// A file attached to a draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AttachmentView {
    /// The name by which the submission refers to it.
    pub name: String,
    /// Its hash.
    pub hash: Hash,
    /// Size in bytes, after scaling.
    pub size_bytes: u64,
    /// Media type.
    pub media_type: String,
}

/// Saves the answers so far.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SaveDraft {
    /// The draft.
    pub id: DraftId,
    /// All answers, as an ODK submission; at most 1 MiB.
    pub submission: String,
    /// The page that is open.
    pub page: u32,
}

/// Attaches a file to a draft.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Attach {
    /// The draft.
    pub id: DraftId,
    /// The name by which the submission will refer to it; at most 200 bytes, no path.
    pub name: String,
    /// Media type: `image/jpeg` or `image/png`.
    pub media_type: String,
    /// The bytes, at most 16 MiB, base64.
    pub bytes_base64: String,
}

/// Names a file attached to a draft.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AttachmentRef {
    /// The draft.
    pub id: DraftId,
    /// The file's name.
    pub name: String,
}

/// Names a blob.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BlobRef {
    /// Its hash.
    pub hash: Hash,
}

/// The bytes of a blob or attachment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Bytes {
    /// Media type.
    pub media_type: String,
    /// The bytes, base64.
    pub bytes_base64: String,
}

/// Finishes a form: the draft becomes a visit.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FinishForm {
    /// The draft.
    pub id: DraftId,
    /// All answers, as an ODK submission; at most 1 MiB.
    pub submission: String,
    /// Why a finished form was changed.
    #[serde(default)]
    #[ts(optional)]
    pub because: Option<String>,
}

/// What finishing a form made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Finished {
    /// The visit or activity.
    pub visit: RecordId,
    /// The task, if a follow-up is wanted.
    pub task: Option<RecordId>,
    /// The household.
    pub household: Option<RecordId>,
    /// Households, persons, cases and tasks that were made or changed.
    pub records: Vec<RecordId>,
    /// Those of them that are not here any more; the form keeps what it said about them.
    pub left_out: Vec<String>,
}

/// A question as a finished form shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct QuestionView {
    /// Its name: the key of its answer.
    pub name: String,
    /// The form's word for its type.
    pub answer_type: String,
    /// The name of the repeat around it.
    pub within: Option<String>,
    /// Its words.
    #[ts(type = "Record<string, string>")]
    pub label: Texts,
    /// Its choices.
    pub choices: Vec<ChoiceView>,
}

/// A choice as a finished form shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ChoiceView {
    /// What an answer holds.
    pub value: String,
    /// What is shown.
    #[ts(type = "Record<string, string>")]
    pub label: Texts,
}

/// Something that was added to a finished form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AddendumView {
    /// What.
    pub text: String,
    /// When.
    pub at: Instant,
    /// By whom.
    pub officer_name: Names,
}

/// A finished form to look at: a visit or an activity.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VisitPage {
    /// The visit or activity.
    pub id: RecordId,
    /// The household.
    pub household: Option<RecordId>,
    /// The case.
    pub case: Option<RecordId>,
    /// What the household, else the case, else the area is called.
    pub household_name: Names,
    /// When it took place.
    pub at: Instant,
    /// Who visited.
    pub officer_name: Names,
    /// The form's id.
    pub form: String,
    /// Its name; empty if the form is not here in that version.
    #[ts(type = "Record<string, string>")]
    pub form_names: Texts,
    /// What it asks and makes known, in its order; empty if the form is not here in that version.
    pub questions: Vec<QuestionView>,
    /// The answers by question name.
    #[ts(type = "Record<string, unknown>")]
    pub answers: BTreeMap<String, serde_json::Value>,
    /// Its photos and signature.
    pub attachments: Vec<AttachmentView>,
    /// Whether it still waits to be sent.
    pub waiting: bool,
    /// Whether somebody signed it: it is not changed any more, only added to.
    pub sealed: bool,
    /// Whether this officer may change it.
    pub may_amend: bool,
    /// Why it was changed last.
    pub amended_because: Option<String>,
    /// What was added, the oldest first.
    pub addenda: Vec<AddendumView>,
    /// Months after the last change until it is erased, as the station's pack says; `None` if it is kept.
    pub kept_months: Option<u16>,
}
