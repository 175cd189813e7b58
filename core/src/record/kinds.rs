//! The kinds of record the product knows, and typed views over their fields.
//!
//! A view reads what it understands and leaves the rest alone: a field of a newer program stays in the record.
//! What may be *written* is held by [`check_fields`]; DOMAIN's ten lines are drawn there by what is absent.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::{Fields, REASON};
use crate::hash::Hash;
use crate::ids::{AreaId, OfficerId, RecordId};
use crate::time::{Day, Instant};

/// What kind of thing a record is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A league, banner, sumu, gacha, grid or camp.
    Area,
    /// A herder household.
    Household,
    /// A member of a household.
    Person,
    /// A visit to a household.
    Visit,
    /// A follow-up.
    Task,
    /// Something to be brought to an end: a dispute, a hazard, a request, an opinion.
    Case,
    /// What officers did that was no visit to one household: an outreach event, a patrol, a session of mediation.
    Activity,
    /// An officer of the station.
    Officer,
    /// A tablet of the station, written by the station when it lets one in or shuts one out.
    Device,
    /// That a record was erased, and why; it stands among the record's revisions and is written by the station.
    Erasure,
    /// A kind of a newer program: stored, forwarded, not shown.
    Other(Box<str>),
}

impl Kind {
    /// The word on the wire and in the file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Area => "area",
            Self::Household => "household",
            Self::Person => "person",
            Self::Visit => "visit",
            Self::Task => "task",
            Self::Case => "case",
            Self::Activity => "activity",
            Self::Officer => "officer",
            Self::Device => "device",
            Self::Erasure => "erasure",
            Self::Other(name) => name,
        }
    }

    /// Whether only the station itself writes such revisions.
    #[must_use]
    pub const fn is_the_stations(&self) -> bool {
        matches!(self, Self::Device | Self::Erasure)
    }

    /// Whether a finished form becomes such a record.
    #[must_use]
    pub const fn is_a_submission(&self) -> bool {
        matches!(self, Self::Visit | Self::Activity)
    }

    /// What a form's entities may say of such a record, and what its list tells forms.
    #[must_use]
    pub const fn properties(&self) -> &'static [&'static str] {
        match self {
            Self::Household => {
                &["name_zh", "name_mong", "name_cyrl", "phone", "note", "winter_camp", "summer_camp", "house"]
            }
            Self::Person => &["name_zh", "name_mong", "name_cyrl", "phone", "role", "household"],
            Self::Case => &["type", "note", "due", "state", "household", "grade", "place", "outcome", "area_m2"],
            Self::Task => &["note", "due", "done", "household", "case"],
            _ => &[],
        }
    }

    /// Reads the word; an unknown one is kept as it is.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "area" => Self::Area,
            "household" => Self::Household,
            "person" => Self::Person,
            "visit" => Self::Visit,
            "task" => Self::Task,
            "case" => Self::Case,
            "activity" => Self::Activity,
            "officer" => Self::Officer,
            "device" => Self::Device,
            "erasure" => Self::Erasure,
            other => Self::Other(other.into()),
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(Self::named(&name))
    }
}

/// A name in the scripts of the region; only Chinese is always there.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Names {
    /// Simplified Chinese.
    pub zh: String,
    /// Mongolian in the traditional script; empty if nobody has written it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(as = "Option<String>", optional)]
    pub mong: String,
    /// Mongolian in Cyrillic; empty if nobody has written it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(as = "Option<String>", optional)]
    pub cyrl: String,
}

impl Names {
    /// Reads `name_zh`, `name_mong` and `name_cyrl`.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { zh: text(fields, "name_zh"), mong: text(fields, "name_mong"), cyrl: text(fields, "name_cyrl") }
    }

    /// Writes the fields that [`Names::read`] reads; empty ones are left out.
    pub fn write(&self, fields: &mut Fields) {
        for (field, value) in [("name_zh", &self.zh), ("name_mong", &self.mong), ("name_cyrl", &self.cyrl)] {
            if !value.is_empty() {
                fields.insert(field.to_owned(), Value::from(value.as_str()));
            }
        }
    }
}

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, TS)]
        #[ts(export)]
        pub enum $name { $($(#[$item_doc])* #[serde(rename = $text)] $item,)* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$item,)*];

            /// The word in the file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$item => $text,)* }
            }

            /// Reads the word.
            #[must_use]
            pub fn named(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|item| item.as_str() == text)
            }
        }
    };
}

choices! {
    /// The level of an area, the largest first.
    Level {
        /// League or city, 盟市.
        League = "league",
        /// Banner or county, 旗县.
        Banner = "banner",
        /// Sumu or town, 苏木镇.
        Sumu = "sumu",
        /// Gacha or village, 嘎查村.
        Gacha = "gacha",
        /// Group or grid, 网格.
        Grid = "grid",
        /// Camp, 营盘.
        Camp = "camp",
    }
}

choices! {
    /// Which of a household's places it is; also the name of the household's field that holds it.
    Season {
        /// Winter camp, 冬营盘.
        Winter = "winter_camp",
        /// Summer camp, 夏营盘.
        Summer = "summer_camp",
        /// House in a settlement.
        House = "house",
    }
}

choices! {
    /// A person's part in the household, and nothing more about them.
    Role {
        /// Who speaks for the household.
        Head = "head",
        /// Husband or wife of the head.
        Spouse = "spouse",
        /// Father or mother.
        Parent = "parent",
        /// Grown son or daughter.
        Adult = "adult",
        /// Hired herder.
        Herder = "herder",
        /// Anybody else.
        Other = "other",
    }
}

choices! {
    /// How grave a case is, and never a person or a household.
    Grade {
        /// Can wait, 蓝.
        Blue = "blue",
        /// To be watched, 黄.
        Yellow = "yellow",
        /// Soon, 橙.
        Orange = "orange",
        /// At once, 红.
        Red = "red",
    }
}

choices! {
    /// Why a record was erased.
    EraseReason {
        /// A person of the household asked for it.
        Request = "request",
        /// It was kept as long as its kind is kept.
        Retention = "retention",
    }
}

/// An area of the tree league → banner → sumu → gacha → grid → camp.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Area {
    /// Its name.
    pub name: Names,
    /// Its level.
    pub level: Option<Level>,
    /// Its code: GB/T 2260 (six digits) down to the banner, GB/T 10114 (nine) for the sumu, twelve for the gacha.
    pub code: String,
    /// The area it lies in.
    pub parent: Option<AreaId>,
}

impl Area {
    /// Reads the fields.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self {
            name: Names::read(fields),
            level: fields.get("level").and_then(Value::as_str).and_then(Level::named),
            code: text(fields, "code"),
            parent: record(fields, "parent").map(AreaId::from),
        }
    }
}

/// A herder household.
#[derive(Clone, PartialEq, Debug)]
pub struct Household {
    /// Its name, usually its head's.
    pub name: Names,
    /// Telephone.
    pub phone: String,
    /// Its places.
    pub places: Vec<Place>,
}

/// One of a household's places.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Which one; not part of the field's value, whose name says it.
    #[serde(skip, default = "Place::default_season")]
    pub season: Season,
    /// Its name.
    #[serde(default)]
    pub name: Names,
    /// Latitude in degrees, WGS-84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Longitude in degrees, WGS-84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Road distance from the station in km.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_km: Option<f64>,
}

impl Place {
    const fn default_season() -> Season {
        Season::House
    }
}

impl Household {
    /// Reads the fields.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        let places = Season::ALL.iter().filter_map(|season| {
            let place = Place::deserialize(fields.get(season.as_str())?).ok()?;
            Some(Place { season: *season, ..place })
        });
        Self { name: Names::read(fields), phone: text(fields, "phone"), places: places.collect() }
    }
}

/// A member of a household: name, telephone, part in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Name.
    pub name: Names,
    /// Telephone.
    pub phone: String,
    /// Part in the household.
    pub role: Option<Role>,
    /// The household.
    pub household: Option<RecordId>,
}

impl Person {
    /// Reads the fields.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self {
            name: Names::read(fields),
            phone: text(fields, "phone"),
            role: fields.get("role").and_then(Value::as_str).and_then(Role::named),
            household: record(fields, "household"),
        }
    }
}

/// A visit to a household. Answers stand in fields named `answer.<question>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Visit {
    /// The household.
    pub household: Option<RecordId>,
    /// Who visited.
    pub officer: Option<OfficerId>,
    /// When it took place.
    pub visited_at: Option<Instant>,
    /// The form's id.
    pub form: String,
    /// `visited`, `declined` or `nobody_home`.
    pub outcome: String,
    /// The purpose's choice name.
    pub purpose: String,
    /// The topics' choice names.
    pub topics: Vec<String>,
}

impl Visit {
    /// What the field of an answer is called.
    #[must_use]
    pub fn answer_field(question: &str) -> String {
        format!("answer.{question}")
    }

    /// Reads the fields.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        let topics = fields.get("answer.topics").and_then(Value::as_array);
        Self {
            household: record(fields, "household"),
            officer: record(fields, "officer").map(OfficerId::from),
            visited_at: instant(fields, "visited_at_ms"),
            form: text(fields, "form"),
            outcome: text(fields, "answer.outcome"),
            purpose: text(fields, "answer.purpose"),
            topics: topics
                .map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                .unwrap_or_default(),
        }
    }
}

/// A follow-up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Task {
    /// The household it is about.
    pub household: Option<RecordId>,
    /// The case it belongs to.
    pub case: Option<RecordId>,
    /// What is to be done.
    pub note: String,
    /// When it is due.
    pub due: Option<Day>,
    /// When it was done.
    pub done_at: Option<Instant>,
}

impl Task {
    /// Reads the fields.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self {
            household: record(fields, "household"),
            case: record(fields, "case"),
            note: text(fields, "note"),
            due: fields.get("due").and_then(Value::as_str).and_then(Day::parse),
            done_at: instant(fields, "done_at_ms"),
        }
    }
}

/// Something to be brought to an end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The household it is about, if it is about one.
    pub household: Option<RecordId>,
    /// What kind of case it is: `dispute`, `hazard`, `service`, `opinion` …, as the pack's forms write it.
    pub case_type: String,
    /// What it is called.
    pub title: String,
    /// How far it is, as the pack's forms write it; empty at first.
    pub state: String,
    /// How grave it is.
    pub grade: Option<Grade>,
    /// When the next thing is due.
    pub due: Option<Day>,
}

impl Case {
    /// The state in which a case is at its end.
    pub const CLOSED: &str = "closed";

    /// Reads the fields.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self {
            household: record(fields, "household"),
            case_type: text(fields, "type"),
            title: text(fields, "title"),
            state: text(fields, "state"),
            grade: fields.get("grade").and_then(Value::as_str).and_then(Grade::named),
            due: fields.get("due").and_then(Value::as_str).and_then(Day::parse),
        }
    }
}

/// What officers did that was no visit to one household. Answers stand in fields named `answer.<question>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activity {
    /// The household it is about, if it is about one.
    pub household: Option<RecordId>,
    /// The case it is about, if it is about one.
    pub case: Option<RecordId>,
    /// Who did it.
    pub officer: Option<OfficerId>,
    /// When it began.
    pub held_at: Option<Instant>,
    /// The form's id.
    pub form: String,
}

impl Activity {
    /// Reads the fields.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self {
            household: record(fields, "household"),
            case: record(fields, "case"),
            officer: record(fields, "officer").map(OfficerId::from),
            held_at: instant(fields, "held_at_ms"),
            form: text(fields, "form"),
        }
    }
}

/// An officer of the station.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Officer {
    /// Name.
    pub name: Names,
}

impl Officer {
    /// Reads the fields.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { name: Names::read(fields) }
    }
}

/// A field's value is not of its type, or too long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the field {field} has a value that is not allowed")]
pub struct FieldWrong {
    /// The field.
    pub field: String,
}

const NAME_MAX: usize = 200;
const TEXT_MAX: usize = 4_000;

/// A device's record: what a station needs to know it again. Its name is the record's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Its public Ed25519 key.
    pub key: Hash,
    /// Whose it is.
    pub officer: OfficerId,
    /// Whether it was shut out.
    pub revoked: bool,
}

impl Device {
    /// Reads a device's fields; `None` without a key and an officer.
    #[must_use]
    pub fn read(fields: &Fields) -> Option<Self> {
        Some(Self {
            key: Hash::parse(fields.get("key")?.as_str()?).ok()?,
            officer: OfficerId::parse(fields.get("officer")?.as_str()?).ok()?,
            revoked: fields.get("revoked").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    /// Its fields.
    #[must_use]
    pub fn fields(&self) -> Fields {
        Fields::from([
            ("key".to_owned(), self.key.to_string().into()),
            ("officer".to_owned(), self.officer.to_string().into()),
            ("revoked".to_owned(), self.revoked.into()),
        ])
    }
}

/// Checks the fields that this program knows; fields it does not know pass.
///
/// # Errors
/// [`FieldWrong`] names the first field whose value is not of its type, or longer than is taken
/// (names 200 bytes, other text 4,000, a telephone number 40).
pub fn check_fields(kind: &Kind, fields: &Fields) -> Result<(), FieldWrong> {
    for (field, value) in fields {
        let right = value.is_null() || is_right(kind, field, value);
        if !right {
            return Err(FieldWrong { field: field.clone() });
        }
    }
    Ok(())
}

fn is_right(kind: &Kind, field: &str, value: &Value) -> bool {
    let text_within = |max: usize| value.as_str().is_some_and(|text| text.len() <= max);
    let a_record = || value.as_str().is_some_and(|id| RecordId::parse(id).is_ok());
    match (kind, field) {
        (_, "name_zh" | "name_mong" | "name_cyrl")
        | (Kind::Area, "code")
        | (Kind::Case, "type" | "state")
        | (Kind::Visit | Kind::Activity, "form" | "form_version" | "instance") => text_within(NAME_MAX),
        (Kind::Household | Kind::Person, "phone") => value.as_str().is_some_and(is_phone),
        (Kind::Household, "winter_camp" | "summer_camp" | "house") | (Kind::Case, "place") => is_place(value),
        (Kind::Person, "role") => value.as_str().is_some_and(|text| Role::named(text).is_some()),
        (Kind::Area, "level") => value.as_str().is_some_and(|text| Level::named(text).is_some()),
        (Kind::Area, "parent")
        | (Kind::Person | Kind::Visit | Kind::Task | Kind::Case | Kind::Activity, "household")
        | (Kind::Task, "visit")
        | (Kind::Task | Kind::Visit | Kind::Activity, "case")
        | (Kind::Visit, "gathering")
        | (Kind::Visit | Kind::Activity | Kind::Device, "officer") => a_record(),
        (Kind::Erasure, REASON) => value.as_str().is_some_and(|text| EraseReason::named(text).is_some()),
        (Kind::Device, "key") => value.as_str().is_some_and(|text| Hash::parse(text).is_ok()),
        (Kind::Device, "revoked") => value.is_boolean(),
        (Kind::Task | Kind::Household, "note")
        | (Kind::Case, "title" | "note" | "outcome")
        | (Kind::Visit | Kind::Activity, "amended_because") => text_within(TEXT_MAX),
        (Kind::Task | Kind::Case, "due") => value.as_str().is_some_and(|text| Day::parse(text).is_some()),
        (Kind::Case, "grade") => value.as_str().is_some_and(|text| Grade::named(text).is_some()),
        (Kind::Case, "area_m2") => value.as_f64().is_some_and(|area| area >= 0.0),
        (Kind::Task, "done_at_ms") | (Kind::Visit, "visited_at_ms") | (Kind::Activity, "held_at_ms") => value.is_i64(),
        (Kind::Visit | Kind::Activity, "submission") => value.is_string(),
        (Kind::Visit | Kind::Activity, field) if field.starts_with("addendum.") => {
            value.get("text").and_then(Value::as_str).is_some_and(|text| text.len() <= TEXT_MAX)
        }
        _ => true,
    }
}

fn is_phone(text: &str) -> bool {
    text.len() <= 40 && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')'))
}

fn is_place(value: &Value) -> bool {
    let Ok(place) = Place::deserialize(value) else { return false };
    let names = [&place.name.zh, &place.name.mong, &place.name.cyrl];
    names.iter().all(|name| name.len() <= NAME_MAX)
        && place.lat.is_none_or(|lat| (-90.0..=90.0).contains(&lat))
        && place.lon.is_none_or(|lon| (-180.0..=180.0).contains(&lon))
        && place.distance_km.is_none_or(|km| (0.0..=20_000.0).contains(&km))
}

/// The blobs that a record's fields name: objects with `blob` (hash), `size_bytes` and `media_type`.
pub fn blobs(fields: &Fields) -> impl Iterator<Item = (Hash, &Value)> {
    fields.values().filter_map(|value| {
        let hash = Hash::parse(value.get("blob")?.as_str()?).ok()?;
        Some((hash, value))
    })
}

fn text(fields: &Fields, name: &str) -> String {
    fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn record(fields: &Fields, name: &str) -> Option<RecordId> {
    RecordId::parse(fields.get(name)?.as_str()?).ok()
}

fn instant(fields: &Fields, name: &str) -> Option<Instant> {
    Some(Instant::from_ms(fields.get(name)?.as_i64()?))
}
