//! What the commands of a tablet ask and answer: the types that cross to the interface.
//!
//! Only shapes; the queries that fill them are in [`crate::replica`].

mod bundles;
mod cases;
mod conflicts;
mod differences;
mod forms;
mod history;
mod households;
mod nearby;
mod paper;
mod refused;
mod shut_out;
mod sync;
mod tablet;
mod today;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Code;
use crate::ids::RecordId;
use crate::sync::Older;

pub use crate::record::Names;
pub use bundles::{AnswerTaken, BundleExport, BundleExported, BundleImport, BundleLine, BundleStatus, Shelf};
pub use cases::{ActivityLine, CaseLine, CaseList, CasePage};
pub use conflicts::{
    ConflictField, ConflictLine, ConflictList, ConflictPage, ConflictSide, ConflictValue, ConflictView, Decide,
    Decided, FieldInput, PageOf, RecordTitle, WriteLine,
};
pub use differences::Difference;
pub use forms::{
    Addendum, AddendumView, Attach, AttachmentRef, AttachmentView, BeginForm, BlobRef, Bytes, ChoiceView, DraftRef,
    FinishForm, Finished, FormLine, FormResource, OpenForm, QuestionView, SaveDraft, Texts, VisitPage,
};
pub use history::{HistoryChange, HistoryEntry, Moved, RecordHistory};
pub use households::{
    AreaLine, Edit, HouseholdLine, HouseholdList, HouseholdPage, HouseholdQuery, PersonView, PlaceView, Saved,
    TimelineEntry,
};
pub use nearby::{
    CarriedLine, HandedOver, Moving, NearbyCall, NearbyConfirm, NearbyStage, NearbyStatus, NeighbourLine,
};
pub use paper::{PageSize, Paper, PrintFile, Printed};
pub use refused::{Correct, ExportTo, Exported, RefusedField, RefusedLine, RefusedList, RevisionRef, TriedAgain};
pub use shut_out::{ShutOutStage, ShutOutStatus};
pub use sync::{
    Erasures, FreeSpace, Freed, Probe, Progress, ReceiptLine, ReceiptPaper, ReceiptRef, ReceiptView, ScopeLine,
    SelfSync, Space, Stage, Standing, SyncSettings, SyncStatus, Tally,
};
pub use tablet::{Enrol, Fix, InviteText, InviteView, OfficerLine, Phase, Picture, TabletState, Unlock};
pub use today::{DraftLine, TaskLine, Today, Waiting};

/// A request without content.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Nothing {}

/// Why a command was not done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Refusal {
    /// What the interface has a sentence for.
    pub code: Code,
    /// Milliseconds to wait before asking again; for `pin_delayed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub wait_ms: Option<i64>,
    /// The field or question that is wrong; for `field_wrong` and `form_unreadable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
    /// Whose program is to be updated; for `protocol_unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub older: Option<Older>,
}

/// Names one record.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RecordRef {
    /// The record.
    pub id: RecordId,
}
