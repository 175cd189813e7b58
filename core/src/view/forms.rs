//! Forms being filled in, their files, and finished visits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Names;
use crate::hash::Hash;
use crate::ids::{DraftId, RecordId};
use crate::time::Instant;

/// Begins a form for a household, or goes on with the draft that is there.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BeginForm {
    /// The household.
    pub household: RecordId,
    /// The form's id.
    pub form: String,
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
    /// The household it is about.
    pub household: RecordId,
    /// That household's name.
    pub household_name: Names,
    /// The form's id.
    pub form: String,
    /// The `XForm`.
    pub xform: String,
    /// The answers so far, as an ODK submission; `None` for a form just begun.
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
}

/// What finishing a form made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Finished {
    /// The visit.
    pub visit: RecordId,
    /// The task, if a follow-up is wanted.
    pub task: Option<RecordId>,
    /// The household.
    pub household: RecordId,
}

/// A visit to look at.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct VisitPage {
    /// The visit.
    pub id: RecordId,
    /// The household.
    pub household: RecordId,
    /// That household's name.
    pub household_name: Names,
    /// When it took place.
    pub at: Instant,
    /// Who visited.
    pub officer_name: Names,
    /// The form's id.
    pub form: String,
    /// The answers by question name.
    #[ts(type = "Record<string, unknown>")]
    pub answers: BTreeMap<String, serde_json::Value>,
    /// Its photos and signature.
    pub attachments: Vec<AttachmentView>,
    /// Whether it still waits to be sent.
    pub waiting: bool,
}
