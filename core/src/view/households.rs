//! Finding households, and the page of one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ActivityLine, CaseLine, ConflictView, DraftLine, FormLine, Names, TaskLine};
use crate::ids::{AreaId, RecordId, RevisionId};
use crate::time::{Day, Instant};

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
    /// Cases about it, the open ones first; at most 200.
    pub cases: Vec<CaseLine>,
    /// Forms that can be begun about it.
    pub forms: Vec<FormLine>,
    /// Names of forms, by id.
    #[ts(type = "Record<string, Record<string, string>>")]
    pub form_names: BTreeMap<String, BTreeMap<String, String>>,
    /// Fields with undecided values.
    pub conflicts: Vec<ConflictView>,
    /// Whether changes of it wait to be sent.
    pub waiting: bool,
    /// What the officer sees here; goes back with an edit, so that nothing unseen is overwritten.
    pub seen: Vec<RevisionId>,
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
        /// The form's id.
        form: String,
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
    /// Something else that was done about it.
    Activity {
        /// The activity.
        #[serde(flatten)]
        activity: ActivityLine,
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

/// Changes fields of a record.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Edit {
    /// The record.
    pub id: RecordId,
    /// New values by field name; null removes.
    #[ts(type = "Record<string, unknown>")]
    pub fields: BTreeMap<String, serde_json::Value>,
    /// What the officer saw of the record; all of it if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seen: Option<Vec<RevisionId>>,
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
