//! How the entities of a submission become changes of records.

use serde_json::{Value, json};

use super::DeviceError;
use crate::form::Entity;
use crate::ids::{AreaId, RecordId};
use crate::record::{Fields, Kind};
use crate::replica::{Change, DraftRow, Replica, ReplicaError};
use crate::world::World;

/// What came of an entity.
pub(super) enum Said {
    /// A record is made or changed; of one that was there, how many revisions the officer saw.
    Change { change: Change, base: Option<u64> },
    /// It speaks of a record that is not here any more.
    LeftOut(String),
}

impl Said {
    pub(super) fn left_out(&self) -> Option<String> {
        match self {
            Self::LeftOut(id) => Some(id.clone()),
            Self::Change { .. } => None,
        }
    }
}

/// The changes that entities of a form about `draft`'s subject make; what they make anew is filed in `area` unless it belongs to a
/// household elsewhere.
pub(super) fn changes(
    replica: &Replica,
    world: &dyn World,
    draft: &DraftRow,
    visit: RecordId,
    area: AreaId,
    entities: &[Entity],
) -> Result<Vec<Said>, DeviceError> {
    entities.iter().map(|entity| change(replica, world, draft, visit, area, entity)).collect()
}

fn change(
    replica: &Replica,
    world: &dyn World,
    draft: &DraftRow,
    visit: RecordId,
    area: AreaId,
    entity: &Entity,
) -> Result<Said, DeviceError> {
    let kind = Kind::named(&entity.dataset);
    let record = RecordId::parse(&entity.id).map_err(|_| DeviceError::Field("entity".to_owned()))?;
    let known = match replica.place_of(record) {
        Ok((found, area)) if found == kind => Some(area),
        Ok(_) => return Err(DeviceError::Field("entity".to_owned())),
        Err(ReplicaError::NotFound { .. }) => None,
        Err(other) => return Err(other.into()),
    };
    if known.is_none() && !entity.create {
        return Ok(Said::LeftOut(entity.id.clone()));
    }
    let before = if known.is_some() { replica.fields_of(record)? } else { Fields::new() };
    let mut fields = Fields::new();
    for (property, value) in &entity.properties {
        let (field, value) = field(&kind, property, value, &before, world)?;
        fields.insert(field, value);
    }
    name(&kind, &entity.label, &mut fields, known.is_some());
    if known.is_none() {
        belongs(&kind, draft, visit, &mut fields);
    }
    let area = match (known, fields.get("household").and_then(Value::as_str)) {
        (Some(area), _) => area,
        (None, Some(household)) => {
            let household = RecordId::parse(household).map_err(|_| DeviceError::Field("household".to_owned()))?;
            replica.place_of(household)?.1
        }
        (None, None) => area,
    };
    let base = known.and(entity.base_version);
    Ok(Said::Change { change: Change { record, kind, area, fields }, base })
}

/// The field that a property is, with the value as the field has it.
fn field(
    kind: &Kind,
    property: &str,
    value: &Value,
    before: &Fields,
    world: &dyn World,
) -> Result<(String, Value), DeviceError> {
    let same = || Ok((property.to_owned(), value.clone()));
    match (kind, property) {
        (Kind::Household, "name_zh" | "name_mong" | "name_cyrl" | "phone" | "note")
        | (Kind::Person, "name_zh" | "name_mong" | "name_cyrl" | "phone" | "role" | "household")
        | (Kind::Case, "type" | "note" | "state" | "household" | "grade" | "outcome")
        | (Kind::Task, "note" | "household" | "case") => match value {
            Value::Number(number) => Ok((property.to_owned(), Value::from(number.to_string()))),
            _ => same(),
        },
        (Kind::Case, "area_m2") => match value.as_str().map(str::parse::<f64>) {
            Some(Ok(area)) => Ok((property.to_owned(), json!(area))),
            Some(Err(_)) => Err(DeviceError::Field(property.to_owned())),
            None => same(),
        },
        (Kind::Case | Kind::Task, "due") => {
            let day = value.as_str().and_then(|text| text.get(..10));
            let day = day.ok_or_else(|| DeviceError::Field(property.to_owned()))?;
            Ok((property.to_owned(), json!(day)))
        }
        (Kind::Household, "winter_camp" | "summer_camp" | "house") | (Kind::Case, "place") => {
            let mut place = before.get(property).and_then(Value::as_object).cloned().unwrap_or_default();
            for part in ["lat", "lon"] {
                let found = value.get(part).ok_or_else(|| DeviceError::Field(property.to_owned()))?;
                place.insert(part.to_owned(), found.clone());
            }
            Ok((property.to_owned(), Value::Object(place)))
        }
        (Kind::Task, "done") => {
            let is_done = value.as_str().is_some_and(|text| matches!(text, "yes" | "true" | "1" | "OK"));
            Ok(("done_at_ms".to_owned(), if is_done { json!(world.now()) } else { Value::Null }))
        }
        _ => Err(DeviceError::Field(property.to_owned())),
    }
}

/// A label is what a record is called.
fn name(kind: &Kind, label: &str, fields: &mut Fields, known: bool) {
    let field = match kind {
        Kind::Case => "title",
        Kind::Task => "note",
        Kind::Household | Kind::Person => "name_zh",
        _ => return,
    };
    let keeps = matches!(kind, Kind::Task | Kind::Household | Kind::Person) && (known || fields.contains_key(field));
    if !label.trim().is_empty() && !keeps {
        fields.insert(field.to_owned(), json!(label.trim()));
    }
}

/// What is made anew belongs to what the form is about.
fn belongs(kind: &Kind, draft: &DraftRow, visit: RecordId, fields: &mut Fields) {
    let mut set = |field: &str, value: Value| {
        fields.entry(field.to_owned()).or_insert(value);
    };
    if let (Kind::Person | Kind::Case | Kind::Task, Some(household)) = (kind, draft.household) {
        set("household", json!(household));
    }
    if *kind == Kind::Task {
        set("visit", json!(visit));
        if draft.subject.about == crate::pack::About::Case {
            set("case", json!(draft.subject.id));
        }
    }
}
