//! In which area a record is filed: a household's persons, visits and tasks go where the household goes.

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, RecordId, StationId};
use ailchin_core::record::{Entry, EraseReason, Kind, Names, REASON, Revision, area_of, fold};
use serde_json::Value;

use super::erase;
use super::error::Fault;
use super::log::Appender;
use super::sql::{Row, Tx, cells};
use super::{Store, StoreError};

/// Where a record is.
#[derive(Clone, Copy)]
pub(super) struct RecordRow {
    /// The area that its own revisions put it in.
    pub(super) area: AreaId,
    pub(super) household: Option<RecordId>,
    /// The area in whose scope it counts.
    pub(super) filed: AreaId,
    /// Why it was erased, if it was.
    pub(super) erased: Option<EraseReason>,
}

/// The field that ties a record to a household.
const HOUSEHOLD: &str = "household";

pub(super) fn find(tx: &Tx<'_>, station: StationId, record: RecordId) -> Result<Option<RecordRow>, Fault> {
    tx.optional("SELECT * FROM record WHERE station = $1 AND record = $2", cells![station, record], from_row)
}

/// A household or person that was looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundRecord {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: Names,
    /// Its telephone.
    pub phone: String,
    /// The household it belongs to.
    pub household: Option<RecordId>,
}

/// The most records that one search finds.
const MOST_FOUND: usize = 100;

impl Store {
    /// Households and persons in whose name or telephone number a text stands, a hundred at most.
    ///
    /// # Errors
    /// What the database says.
    pub fn find_records(&self, station: StationId, text: &str) -> Result<Vec<FoundRecord>, StoreError> {
        self.read("looking for records", |tx| {
            let candidates: Vec<RecordId> = tx.all(
                "SELECT DISTINCT record FROM log
                 WHERE station = $1 AND kind IN ('household', 'person') AND body LIKE $2 ORDER BY record",
                cells![station, format!("%{}%", text.replace(['%', '_', '"'], ""))],
                |row| row.get("record"),
            )?;
            let mut found = Vec::new();
            for record in candidates {
                let Some(state) = fold(&revisions(tx, station, record)?) else { continue };
                let fields = state.shown();
                let (name, phone) = (Names::read(&fields), fields.get("phone").and_then(Value::as_str).unwrap_or(""));
                if [&name.zh, &name.mong, &name.cyrl].iter().any(|name| name.contains(text)) || phone.contains(text) {
                    let household = household_of(&state.kind, fields.get(HOUSEHOLD));
                    found.push(FoundRecord { record, kind: state.kind, name, phone: phone.to_owned(), household });
                }
                if found.len() == MOST_FOUND {
                    break;
                }
            }
            Ok(found)
        })
    }
}

/// The revisions of a record that were not erased.
fn revisions(tx: &Tx<'_>, station: StationId, record: RecordId) -> Result<Vec<Revision>, Fault> {
    let bodies: Vec<String> =
        tx.all("SELECT body FROM log WHERE station = $1 AND record = $2", cells![station, record], |row| {
            row.get("body")
        })?;
    let mut revisions: Vec<Revision> = bodies
        .iter()
        .map(|body| serde_json::from_str(body))
        .collect::<Result<_, _>>()
        .map_err(|_| Fault::Unreadable)?;
    revisions.retain(|revision| !revision.is_tombstone());
    Ok(revisions)
}

/// Where an entry stood when it was stored: its position, and its area if that is not its own. It may have moved on since
/// ([`Appender::restate`]).
pub(super) type Stands = (u64, Option<AreaId>);

/// Stores an entry where its record is filed, which [`find`] has found `before`, and moves the record if the entry does. `None`
/// if a revision of its name is stored already.
pub(super) fn store(
    appender: &mut Appender<'_, '_>,
    entry: &Entry,
    chain: Hash,
    before: Option<RecordRow>,
) -> Result<Option<Stands>, Fault> {
    let (tx, station) = (appender.tx, appender.station);
    let revision = &entry.revision;
    let (household, filed_in) = match before {
        Some(row) => (row.household, row.filed),
        None => {
            let household = household_of(&revision.kind, revision.fields.get(HOUSEHOLD));
            (household, filed(tx, station, revision.area, household)?)
        }
    };
    let erased = before.and_then(|row| row.erased);
    let left = erased.filter(|_| revision.kind != Kind::Erasure).map(|_| entry.erase());
    let Some(position) = appender.store(left.as_ref().unwrap_or(entry), chain, filed_in)? else { return Ok(None) };
    let stands = (position, (filed_in != revision.area).then_some(filed_in));
    if revision.kind == Kind::Erasure {
        let reason = revision.fields.get(REASON).and_then(Value::as_str).and_then(EraseReason::named);
        let reason = erased.or(reason).ok_or(Fault::Unreadable)?;
        let row = before.unwrap_or(RecordRow { area: revision.area, household: None, filed: filed_in, erased: None });
        write(tx, station, revision.record, RecordRow { erased: Some(reason), ..row })?;
        erase::leave_tombstones(appender, revision)?;
        return Ok(Some(stands));
    }
    if erased.is_some() {
        erase::doom_blobs_of(tx, station, revision)?;
        return Ok(Some(stands));
    }
    match before {
        None => {
            let row = RecordRow { area: revision.area, household, filed: filed_in, erased: None };
            write(tx, station, revision.record, row)?;
            if revision.kind == Kind::Household {
                followers_move(appender, revision.record, filed_in)?;
            }
        }
        // A change that says of the area what holds already cannot move the record.
        Some(row) if revision.area != row.area || revision.fields.contains_key(HOUSEHOLD) => {
            place_anew(appender, revision.record, Some(row))?;
        }
        Some(_) => {}
    }
    Ok(Some(stands))
}

/// Finds out anew where a record belongs, and moves it and what follows it there.
fn place_anew(appender: &mut Appender<'_, '_>, record: RecordId, before: Option<RecordRow>) -> Result<(), Fault> {
    let (tx, station) = (appender.tx, appender.station);
    let revisions = revisions(tx, station, record)?;
    let (Some(state), Some(area)) = (fold(&revisions), area_of(&revisions)) else { return Ok(()) };
    let household = household_of(&state.kind, state.shown().get(HOUSEHOLD));
    let filed = filed(tx, station, area, household)?;
    write(tx, station, record, RecordRow { area, household, filed, erased: None })?;
    if before.is_none_or(|before| before.filed != filed) {
        appender.refile(record, filed)?;
        followers_move(appender, record, filed)?;
    }
    Ok(())
}

/// Files every record of a log that was written by a station of the first form.
pub(super) fn place_all(appender: &mut Appender<'_, '_>) -> Result<(), Fault> {
    let (tx, station) = (appender.tx, appender.station);
    let records: Vec<RecordId> = tx.all(
        "SELECT record FROM log WHERE station = $1 GROUP BY record ORDER BY min(position)",
        cells![station],
        |row| row.get("record"),
    )?;
    records.into_iter().try_for_each(|record| place_anew(appender, record, None))
}

/// What belongs to a household goes where it goes.
fn followers_move(appender: &mut Appender<'_, '_>, household: RecordId, filed: AreaId) -> Result<(), Fault> {
    let (tx, station) = (appender.tx, appender.station);
    let followers: Vec<RecordId> = tx.all(
        "SELECT record FROM record WHERE station = $1 AND household = $2 AND filed <> $3 ORDER BY record",
        cells![station, household, filed],
        |row| row.get("record"),
    )?;
    for record in followers {
        tx.execute("UPDATE record SET filed = $1 WHERE station = $2 AND record = $3", cells![filed, station, record])?;
        appender.refile(record, filed)?;
    }
    Ok(())
}

fn household_of(kind: &Kind, field: Option<&Value>) -> Option<RecordId> {
    let household = RecordId::parse(field?.as_str()?).ok()?;
    (*kind != Kind::Household).then_some(household)
}

/// A household of which nothing is here yet takes its records with it when it comes.
fn filed(tx: &Tx<'_>, station: StationId, area: AreaId, household: Option<RecordId>) -> Result<AreaId, Fault> {
    let Some(household) = household else { return Ok(area) };
    Ok(find(tx, station, household)?.filter(|row| row.household.is_none()).map_or(area, |row| row.filed))
}

fn write(tx: &Tx<'_>, station: StationId, record: RecordId, row: RecordRow) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO record (station, record, area, household, filed, erased) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (station, record) DO UPDATE SET area = excluded.area, household = excluded.household,
             filed = excluded.filed, erased = excluded.erased",
        cells![station, record, row.area, row.household, row.filed, row.erased.map(EraseReason::as_str)],
    )
    .map(|_| ())
}

fn from_row(row: &Row<'_>) -> Result<RecordRow, Fault> {
    let erased: Option<String> = row.get("erased")?;
    Ok(RecordRow {
        area: row.get("area")?,
        household: row.get("household")?,
        filed: row.get("filed")?,
        erased: erased.as_deref().and_then(EraseReason::named),
    })
}
