//! Conflicts: the list, the page of one record, and a decision.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use serde_json::Value;

use super::fold::{AREA, Row};
use super::read::officer_name;
use super::screens::rows;
use super::{Author, Change, Replica, ReplicaError, append, exchange, fold, history, inputs, naming};
use crate::ids::{AreaId, DeviceId, RecordId, RevisionId};
use crate::record::{Dispute, FieldWrong, Fields, Revision, Write, area_dispute, disputes, disputes_seen};
use crate::time::Instant;
use crate::view::{
    ConflictField, ConflictLine, ConflictList, ConflictPage, ConflictSide, ConflictValue, Decided, FieldInput, PageOf,
    WriteLine,
};
use crate::world::World;

const MAX_LINES: u32 = 500;

impl Replica {
    /// The records with undecided fields, the one changed last first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn conflicts(&self, page: PageOf, now: Instant) -> Result<ConflictList, ReplicaError> {
        self.reading(|connection| {
            let found = rows(
                connection,
                "SELECT id FROM record WHERE conflicts IS NOT NULL ORDER BY last_ms DESC, r LIMIT ?1 OFFSET ?2",
                params![page.limit.min(MAX_LINES), page.offset],
                |row| row.get::<_, RecordId>(0),
            )?;
            let mut lines = Vec::with_capacity(found.len());
            for record in found {
                let Some((_, row)) = fold::load(connection, record)? else { continue };
                let fields = row.conflicts.keys().cloned().collect();
                lines.push(ConflictLine { title: naming::title(connection, &row)?, fields, last: row.last });
            }
            let total = exchange::count(connection, "SELECT count(*) FROM record WHERE conflicts IS NOT NULL", [])?;
            Ok(ConflictList {
                total: u32::try_from(total).unwrap_or(u32::MAX),
                decided_this_month: history::decided_this_month(connection, now)?,
                lines,
            })
        })
    }

    /// A record's undecided fields; none if it has none any more. `me` tells own values from others'.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn conflict(&self, record: RecordId, me: DeviceId) -> Result<ConflictPage, ReplicaError> {
        self.reading(|connection| {
            let (_, row) = fold::load(connection, record)?.ok_or(ReplicaError::NotFound { what: "record" })?;
            let revisions = fold::revisions(connection, record)?;
            let desk = Desk { connection, row: &row, me, devices: devices(&revisions) };
            let mut fields = Vec::new();
            for dispute in disputes(&revisions) {
                fields.push(desk.field(&dispute)?);
            }
            if let Some(of_area) = desk.area(&revisions)? {
                fields.push(of_area);
            }
            let bases = fields.iter().filter_map(|field| field.base.as_ref()).map(|base| &base.value);
            let sides = fields.iter().flat_map(|field| &field.sides).map(|side| &side.value);
            let links = naming::links(connection, bases.chain(sides))?;
            Ok(ConflictPage { title: naming::title(connection, &row)?, seen: row.heads.clone(), fields, links })
        })
    }

    /// Decides undecided fields of a record in one revision. Fields that are not named stay undecided; a value that came
    /// after what the officer saw is not overwritten but stands against the decision.
    ///
    /// # Errors
    /// [`ReplicaError::Field`] for a field that was not undecided, or a value that is neither one of its sides nor may be
    /// typed; [`ReplicaError::NotFound`] if the record or what was seen of it is not here.
    pub fn decide(
        &mut self,
        author: Author,
        world: &dyn World,
        record: RecordId,
        seen: &[RevisionId],
        mut fields: Fields,
    ) -> Result<Decided, ReplicaError> {
        self.writing(|tx| {
            let (_, row) = fold::load(tx, record)?.ok_or(ReplicaError::NotFound { what: "record" })?;
            let revisions = fold::revisions(tx, record)?;
            let area = decided_area(&row, &revisions, fields.remove(AREA))?;
            let seen_then = disputes_seen(&revisions, seen).ok_or(ReplicaError::NotFound { what: "revision" })?;
            for (field, value) in &fields {
                check(tx, &row, &seen_then, field, value)?;
            }
            let change = Change { record, kind: row.kind, area, fields };
            let revision = append::append_seen(tx, author, world, &change, seen)?;
            let left = fold::load(tx, record)?.map_or(0, |(_, row)| row.conflicts.len());
            Ok(Decided { revision, left: u32::try_from(left).unwrap_or(u32::MAX) })
        })
    }
}

/// A decision takes a side, goes back to what was before, or says something that may be typed.
fn check(connection: &Connection, row: &Row, seen: &[Dispute], field: &str, value: &Value) -> Result<(), ReplicaError> {
    let Some(dispute) = seen.iter().find(|dispute| dispute.field == field) else {
        return Err(ReplicaError::Field(FieldWrong { field: field.to_owned() }));
    };
    let is_base = dispute.base.as_ref().is_some_and(|base| base.value == *value);
    if is_base || dispute.sides.iter().any(|side| side.value == *value) {
        return Ok(());
    }
    inputs::check_typed(connection, row, field, value)
}

fn decided_area(row: &Row, revisions: &[Revision], said: Option<Value>) -> Result<AreaId, ReplicaError> {
    let Some(said) = said else { return Ok(row.area) };
    let wrong = || ReplicaError::Field(FieldWrong { field: AREA.to_owned() });
    let area = said.as_str().and_then(|text| AreaId::parse(text).ok()).ok_or_else(wrong)?;
    let is_side = area_dispute(revisions).is_some_and(|dispute| dispute.moves.iter().any(|side| side.area == area));
    if is_side || area == row.area { Ok(area) } else { Err(wrong()) }
}

fn devices(revisions: &[Revision]) -> HashMap<RevisionId, &Revision> {
    revisions.iter().map(|revision| (revision.id, revision)).collect()
}

/// What a page is made with.
struct Desk<'a> {
    connection: &'a Connection,
    row: &'a Row,
    me: DeviceId,
    devices: HashMap<RevisionId, &'a Revision>,
}

impl Desk<'_> {
    fn field(&self, dispute: &Dispute) -> Result<ConflictField, ReplicaError> {
        let mut sides = Vec::with_capacity(dispute.sides.len());
        for side in &dispute.sides {
            let writes = side.writes.iter().map(|write| self.line(write.revision));
            let writes = writes.collect::<Result<Vec<_>, _>>()?;
            let mine = writes.iter().any(|write| write.mine);
            sides.push(ConflictSide { value: side.value.clone(), mine, writes });
        }
        let base = dispute.base.as_ref().map(|write| self.value(write)).transpose()?;
        let input = inputs::input_of(self.connection, self.row, &dispute.field)?;
        Ok(ConflictField { field: dispute.field.clone(), input, base, sides })
    }

    fn area(&self, revisions: &[Revision]) -> Result<Option<ConflictField>, ReplicaError> {
        let Some(dispute) = area_dispute(revisions) else { return Ok(None) };
        let value = |area: AreaId| Value::from(area.to_string());
        let mut sides = Vec::new();
        for side in &dispute.moves {
            let write = self.line(side.revision)?;
            sides.push(ConflictSide { value: value(side.area), mine: write.mine, writes: vec![write] });
        }
        Ok(Some(ConflictField { field: AREA.to_owned(), input: FieldInput::Fixed, base: None, sides }))
    }

    fn value(&self, write: &Write) -> Result<ConflictValue, ReplicaError> {
        let line = self.line(write.revision)?;
        let (revision, officer_name, at, mine) = (line.revision, line.officer_name, line.at, line.mine);
        Ok(ConflictValue { value: write.value.clone(), revision, officer_name, at, mine })
    }

    fn line(&self, id: RevisionId) -> Result<WriteLine, ReplicaError> {
        let revision = self.devices.get(&id).ok_or(ReplicaError::NotFound { what: "revision" })?;
        Ok(WriteLine {
            revision: id,
            officer_name: officer_name(self.connection, revision.officer)?,
            at: revision.at_ms,
            device: revision.device,
            mine: revision.device == self.me,
        })
    }
}
