//! What the commands of a tablet ask and answer: the types that cross to the interface.
//!
//! Only shapes; the queries that fill them are in [`crate::replica`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, DraftId, OfficerId, ReceiptId, RecordId, RevisionId};
use crate::time::{Day, Instant};

pub use crate::record::Names;

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
}

/// Where the tablet stands between unpacked and in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Phase {
    /// Not enrolled at a station.
    New,
    /// Enrolled; the replica is closed until a PIN opens it.
    Locked,
    /// An officer is at work.
    Open,
}

/// What every screen needs to know of the tablet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TabletState {
    /// Where the tablet stands.
    pub phase: Phase,
    /// The station, once enrolled.
    pub station: Option<Names>,
    /// Who may unlock it.
    pub officers: Vec<OfficerLine>,
    /// Who is at work.
    pub officer: Option<OfficerId>,
    /// Milliseconds until the next PIN is taken; 0 if at once.
    pub pin_wait_ms: i64,
    /// Version of the program.
    pub version: String,
}

/// An officer to choose at the lock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OfficerLine {
    /// The officer.
    pub id: OfficerId,
    /// The officer's name.
    pub name: Names,
}

/// An invite as pasted or typed.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InviteText {
    /// The text of the invite, `ailchin1:…`.
    pub invite: String,
}

/// A picture of an invite's QR code.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Picture {
    /// The picture's bytes (PNG or JPEG, at most 16 MiB), base64.
    pub bytes_base64: String,
}

/// What an invite says before it is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InviteView {
    /// The text of the invite.
    pub invite: String,
    /// The station's address.
    pub address: String,
    /// The certificate's SHA-256 fingerprint, hexadecimal; `None` for plain HTTP on loopback.
    pub fingerprint: Option<String>,
}

/// Enrols this tablet and sets the PIN of the invited officer.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Enrol {
    /// The text of the invite.
    pub invite: String,
    /// The new PIN: 6 to 12 digits.
    pub pin: String,
}

/// Opens the replica.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Unlock {
    /// Whose PIN it is.
    pub officer: OfficerId,
    /// The PIN.
    pub pin: String,
}

/// The first screen of a day.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Today {
    /// Today at the station.
    pub day: Day,
    /// The officer at work.
    pub officer: OfficerLine,
    /// Open tasks due within seven days or overdue, the oldest first; at most 200.
    pub due: Vec<TaskLine>,
    /// Open tasks in all.
    pub open_tasks: u32,
    /// Forms begun and not finished, the newest first.
    pub drafts: Vec<DraftLine>,
    /// Visits recorded today on this tablet, among its last 500 changes.
    pub visits_today: u32,
    /// What the station does not have yet.
    pub waiting: Waiting,
    /// Records with an undecided conflict.
    pub conflicts: u32,
    /// The last receipt.
    pub receipt: Option<ReceiptView>,
}

/// What the station does not have yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Waiting {
    /// Saved changes without a position in the station's feed.
    pub revisions: u32,
    /// Records with such changes.
    pub records: u32,
    /// Photos and signatures not yet at the station.
    pub blobs: u32,
    /// Their size in bytes.
    pub blob_bytes: u64,
    /// Changes that the station refused.
    pub refused: u32,
}

/// A task in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TaskLine {
    /// The task.
    pub id: RecordId,
    /// The household it is about.
    pub household: Option<RecordId>,
    /// That household's name.
    pub household_name: Names,
    /// Its area's name.
    pub area_name: Names,
    /// What is to be done, in the officer's words.
    pub note: String,
    /// When it is due.
    pub due: Option<Day>,
    /// Whether the day has passed.
    pub overdue: bool,
    /// Whether it is done.
    pub done: bool,
}

/// A form begun and not finished.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DraftLine {
    /// The draft.
    pub id: DraftId,
    /// The household it is about.
    pub household: RecordId,
    /// That household's name.
    pub household_name: Names,
    /// The form's id.
    pub form: String,
    /// When it was begun.
    pub begun_at: Instant,
    /// When the last answer was saved.
    pub saved_at: Instant,
}

/// Asks for a page of households.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HouseholdQuery {
    /// What the officer typed: Han, pinyin, initials, Mongolian, Latin, digits. Empty: all. At most 64 characters count.
    pub query: String,
    /// Only this area.
    #[ts(optional)]
    pub area: Option<AreaId>,
    /// Lines to skip.
    pub offset: u32,
    /// Lines wanted, at most 500.
    pub limit: u32,
}

/// A page of households.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HouseholdList {
    /// Households that match in all.
    pub total: u32,
    /// This page.
    pub lines: Vec<HouseholdLine>,
}

/// A household in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HouseholdLine {
    /// The household.
    pub id: RecordId,
    /// Its name (usually the contact person's).
    pub name: Names,
    /// Its area's name.
    pub area_name: Names,
    /// Telephone.
    pub phone: String,
    /// Name of the current camp.
    pub camp: String,
    /// Day of the last visit.
    pub last_visit: Option<Day>,
    /// Open tasks.
    pub open_tasks: u32,
    /// Whether a conflict is undecided.
    pub conflict: bool,
}

/// An area to filter by, with its households counted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AreaLine {
    /// The area.
    pub id: AreaId,
    /// The area it lies in.
    pub parent: Option<AreaId>,
    /// `league`, `banner`, `sumu`, `gacha`, `grid` or `camp`.
    pub level: String,
    /// Its name.
    pub name: Names,
    /// Households in it.
    pub households: u32,
}

/// Names one record.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RecordRef {
    /// The record.
    pub id: RecordId,
}

/// All that a household's page shows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HouseholdPage {
    /// The household.
    pub id: RecordId,
    /// Its name.
    pub name: Names,
    /// Its area and the areas above it, the smallest first.
    pub areas: Vec<AreaLine>,
    /// Telephone.
    pub phone: String,
    /// Winter camp, summer camp …
    pub places: Vec<PlaceView>,
    /// Who lives there.
    pub persons: Vec<PersonView>,
    /// Visits and tasks, the newest first; at most 200.
    pub timeline: Vec<TimelineEntry>,
    /// Visits in all.
    pub visits: u32,
    /// Forms begun and not finished.
    pub drafts: Vec<DraftLine>,
    /// Fields with undecided values.
    pub conflicts: Vec<ConflictView>,
    /// Whether changes of it wait to be sent.
    pub waiting: bool,
}

/// A place of a household.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PlaceView {
    /// `winter_camp`, `summer_camp` or `house`.
    pub season: String,
    /// Its name.
    pub name: Names,
    /// Latitude in degrees (WGS-84).
    pub lat: Option<f64>,
    /// Longitude in degrees (WGS-84).
    pub lon: Option<f64>,
    /// Road distance from the station in km, as recorded.
    pub distance_km: Option<f64>,
}

/// A person of a household.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PersonView {
    /// The person.
    pub id: RecordId,
    /// Name.
    pub name: Names,
    /// Telephone.
    pub phone: String,
    /// `head`, `spouse`, `parent`, `adult`, `herder` or `other`.
    pub role: String,
}

/// One line of a household's history.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "what", rename_all = "snake_case")]
#[ts(export)]
pub enum TimelineEntry {
    /// A visit.
    Visit {
        /// The visit.
        id: RecordId,
        /// When it took place.
        at: Instant,
        /// Who visited.
        officer_name: Names,
        /// `visited`, `declined` or `nobody_home`.
        outcome: String,
        /// The choice names of the purposes.
        purpose: String,
        /// The choice names of the topics.
        topics: Vec<String>,
        /// Whether it still waits to be sent.
        waiting: bool,
    },
    /// A task.
    Task {
        /// The task.
        #[serde(flatten)]
        task: TaskLine,
        /// When it was set.
        at: Instant,
        /// Whether it still waits to be sent.
        waiting: bool,
    },
}

/// A field for which values did not know each other.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConflictView {
    /// The field's name.
    pub field: String,
    /// The values, the one shown first.
    pub values: Vec<ConflictValue>,
}

/// One of several values of a field.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConflictValue {
    /// The value; null for "removed".
    #[ts(type = "unknown")]
    pub value: serde_json::Value,
    /// The revision that wrote it.
    pub revision: RevisionId,
    /// Who wrote it.
    pub officer_name: Names,
    /// When, by the clock of the tablet it was written on.
    pub at: Instant,
    /// Whether it was written on this tablet.
    pub mine: bool,
}

/// Changes fields of a record.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Edit {
    /// The record.
    pub id: RecordId,
    /// New values by field name; null removes.
    #[ts(type = "Record<string, unknown>")]
    pub fields: BTreeMap<String, serde_json::Value>,
}

/// What a save made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Saved {
    /// The record.
    pub record: RecordId,
    /// The revision.
    pub revision: RevisionId,
}

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

/// Where the tablet is.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Fix {
    /// Latitude in degrees (WGS-84).
    pub lat: f64,
    /// Longitude in degrees (WGS-84).
    pub lon: f64,
    /// Altitude in metres, if known.
    pub altitude_m: Option<f64>,
    /// Radius in metres within which the device is sure.
    pub accuracy_m: f64,
}

/// Which part of a sync is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Stage {
    /// Asking what the station has.
    Ask,
    /// Sending changes.
    Push,
    /// Fetching changes.
    Pull,
    /// Sending photos and signatures.
    Blobs,
    /// Comparing counts and digests.
    Compare,
}

/// How far a sync is; totals are known, never estimated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Progress {
    /// The part under way.
    pub stage: Stage,
    /// Revisions (or bytes, for `blobs`) done in this stage.
    pub done: u64,
    /// Revisions (or bytes) of this stage in all; 0 while not yet known.
    pub total: u64,
}

/// The Sync screen.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SyncStatus {
    /// The sync under way.
    pub running: Option<Progress>,
    /// What the station does not have yet.
    pub waiting: Waiting,
    /// The last receipt.
    pub receipt: Option<ReceiptView>,
    /// Whether that receipt still covers everything on this tablet.
    pub covered: bool,
    /// Why the last sync ended early.
    pub last_error: Option<Refusal>,
    /// When the last sync ended, well or not.
    pub last_tried: Option<Instant>,
    /// Records with an undecided conflict.
    pub conflicts: u32,
    /// How far this clock is ahead of the station's, in ms, at the last sync.
    pub clock_ahead_ms: Option<i64>,
    /// The station's address.
    pub address: String,
    /// This tablet.
    pub device: DeviceId,
}

/// The station's signed statement of what it holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReceiptView {
    /// The receipt.
    pub id: ReceiptId,
    /// The station's clock when it was signed.
    pub at: Instant,
    /// Position in the station's feed up to which it holds.
    pub position: u64,
    /// Changes made on this tablet that the station holds.
    pub own_stored: u64,
    /// Changes made on this tablet in all, when it was signed.
    pub own_total: u64,
    /// Photos and signatures of this tablet that the station holds.
    pub blobs_stored: u64,
    /// Photos and signatures of this tablet in all, when it was signed.
    pub blobs_total: u64,
    /// Changes that both hold in this tablet's areas.
    pub count: u64,
    /// Digest over them.
    pub digest: Hash,
    /// The parts, by area.
    pub scopes: Vec<ScopeLine>,
}

/// Count and digest of one area.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ScopeLine {
    /// The area.
    pub area: AreaId,
    /// Its name.
    pub name: Names,
    /// Changes in it.
    pub count: u64,
    /// Digest over them.
    pub digest: Hash,
}
