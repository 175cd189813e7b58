//! Own changes that the station refused: what they were, and what the officer decided about them.
//!
//! A refused revision goes on to count on this tablet until the officer decides. Then it is answered by another revision
//! that says it anew, or discarded; either way it no longer counts here, as it never did anywhere else. It stays in the
//! log, for the chain and for an export, and a discarded one can be taken back.

use std::collections::HashSet;
use std::io::Write;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde_json::{Value, json};

use super::append::append_seen;
use super::screens::{area_lines, rows};
use super::{Author, Change, Replica, ReplicaError, exchange, fold, handover, inputs, naming};
use crate::error::Code;
use crate::ids::{AreaId, DeviceId, RecordId, RevisionId};
use crate::record::{Entry, Fields, Revision, history};
use crate::view::{RefusedField, RefusedLine, RefusedList};
use crate::world::World;

const MAX_LINES: usize = 200;

/// A refused revision, in the list of which nobody has decided unless said otherwise.
struct Open {
    revision: Revision,
    code: Code,
}

impl Replica {
    /// The changes that the station refused and nobody has decided about, the oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn refused_list(&self, device: DeviceId) -> Result<RefusedList, ReplicaError> {
        self.reading(|connection| {
            let open = open(connection, device)?;
            let scopes = exchange::scope_ids(connection)?;
            let mut lines = Vec::new();
            for one in open.iter().take(MAX_LINES) {
                lines.push(line(connection, one, &scopes)?);
            }
            let mut areas = Vec::new();
            for area in &scopes {
                areas.extend(area_lines(connection, "a.id = ?1", [area])?);
            }
            areas.sort_by(|a, b| (a.level.as_str(), &a.name.zh).cmp(&(b.level.as_str(), &b.name.zh)));
            let links =
                naming::links(connection, lines.iter().flat_map(|line| &line.fields).map(|field| &field.value))?;
            let mut dropped = Vec::new();
            for one in &discarded(connection, device)? {
                dropped.push(line(connection, one, &scopes)?);
            }
            let total = u32::try_from(open.len()).unwrap_or(u32::MAX);
            Ok(RefusedList { total, lines, discarded: dropped, areas, links })
        })
    }

    /// Says a refused change anew, in another area or with other values where they are given; the refused one is answered
    /// by it. Values that a later change of this tablet has replaced are left out unless they are given.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not refused or was decided about; [`ReplicaError::Field`] for a value that may not
    /// be typed, or if nothing is left to say.
    pub fn correct(
        &mut self,
        author: Author,
        world: &dyn World,
        refused: RevisionId,
        area: Option<AreaId>,
        fields: &Fields,
    ) -> Result<RevisionId, ReplicaError> {
        self.writing(|tx| {
            let one = one(tx, author.device, refused)?;
            correct(tx, author, world, &one.revision, area, fields)
        })
    }

    /// Says all refused changes anew whose reason is gone, the oldest first. Gives back how many.
    ///
    /// # Errors
    /// What SQLite says; nothing is saved then.
    pub fn try_refused_again(&mut self, author: Author, world: &dyn World) -> Result<u32, ReplicaError> {
        self.writing(|tx| {
            let scopes = exchange::scope_ids(tx)?;
            let mut saved = 0;
            for one in open(tx, author.device)? {
                // An answer to one may have answered this one too.
                if may_go_now(&one, &scopes) && !is_decided(tx, one.revision.id)? && stands(tx, &one.revision)? {
                    correct(tx, author, world, &one.revision, None, &Fields::new())?;
                    saved += 1;
                }
            }
            Ok(saved)
        })
    }

    /// Decides that a refused change shall not count.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not refused or was decided about.
    pub fn discard_refused(
        &mut self,
        device: DeviceId,
        world: &dyn World,
        refused: RevisionId,
    ) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            let one = one(tx, device, refused)?;
            decide(tx, &one.revision, None, world)?;
            if !exchange::scope_ids(tx)?.contains(&one.revision.area) {
                handover::leaves(tx, one.revision.record)?;
            }
            fold::refresh(tx, one.revision.record)
        })
    }

    /// Takes the decision back that a refused change shall not count.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it was not discarded.
    pub fn take_refused_back(&mut self, refused: RevisionId) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            let record: Option<RecordId> = tx
                .prepare_cached("DELETE FROM decision WHERE revision = ?1 AND answer IS NULL RETURNING record")
                .and_then(|mut from| from.query_row([refused], |row| row.get(0)).optional())
                .map_err(ReplicaError::sql("taking a decision back"))?;
            fold::refresh(tx, record.ok_or(ReplicaError::NotFound { what: "revision" })?)
        })
    }

    /// Writes every own refused revision as a line of JSON: the reason, what was decided, and the body byte for byte as a
    /// string. Gives back how many.
    ///
    /// # Errors
    /// What SQLite or the writer says.
    pub fn export_refused(&self, device: DeviceId, out: &mut dyn Write) -> Result<u32, ReplicaError> {
        self.reading(|connection| {
            let lines = rows(
                connection,
                "SELECT l.body, l.refused, d.revision IS NOT NULL, d.answer FROM log l
                 LEFT JOIN decision d ON d.revision = l.id
                 WHERE l.device = ?1 AND l.refused <> 'revision_known' ORDER BY l.seq",
                [device],
                |row| {
                    let (body, code): (String, String) = (row.get(0)?, row.get(1)?);
                    let (decided, answer): (bool, Option<RevisionId>) = (row.get(2)?, row.get(3)?);
                    let decision = match (decided, answer) {
                        (false, _) => Value::Null,
                        (true, None) => json!({ "discarded": true }),
                        (true, Some(answer)) => json!({ "answered_by": answer }),
                    };
                    Ok(json!({ "reason": code, "decision": decision, "body": body }))
                },
            )?;
            for line in &lines {
                writeln!(out, "{line}").map_err(ReplicaError::Copy)?;
            }
            Ok(u32::try_from(lines.len()).unwrap_or(u32::MAX))
        })
    }
}

/// Lets revisions count again that the station has taken after all, whatever was decided when it had refused them.
pub(super) fn count_again(tx: &Transaction<'_>) -> Result<(), ReplicaError> {
    let taken = rows(
        tx,
        "DELETE FROM decision WHERE EXISTS (SELECT 1 FROM log WHERE log.record = decision.record
           AND log.id = decision.revision AND log.position IS NOT NULL) RETURNING record",
        [],
        |row| row.get::<_, RecordId>(0),
    )?;
    taken.into_iter().try_for_each(|record| fold::refresh(tx, record))
}

fn correct(
    tx: &Transaction<'_>,
    author: Author,
    world: &dyn World,
    refused: &Revision,
    area: Option<AreaId>,
    instead: &Fields,
) -> Result<RevisionId, ReplicaError> {
    let (_, row) = fold::load(tx, refused.record)?.ok_or(ReplicaError::NotFound { what: "record" })?;
    let replaced = replaced(tx, refused)?;
    let mut fields: Fields = refused
        .fields
        .iter()
        .filter(|(field, _)| !replaced.contains(*field))
        .map(|(f, v)| (f.clone(), v.clone()))
        .collect();
    for (field, value) in instead {
        if refused.fields.get(field) != Some(value) {
            inputs::check_typed(tx, &row, field, value)?;
        }
        fields.insert(field.clone(), value.clone());
    }
    let change =
        Change { record: refused.record, kind: refused.kind.clone(), area: area.unwrap_or(refused.area), fields };
    let answer = append_seen(tx, author, world, &change, &row.heads)?;
    decide(tx, refused, Some(answer), world)?;
    // What an earlier refused change said and nothing is left of, this answer answers as well.
    for other in open(tx, author.device)?.iter().filter(|other| other.revision.record == refused.record) {
        if !stands(tx, &other.revision)? {
            decide(tx, &other.revision, Some(answer), world)?;
        }
    }
    fold::refresh(tx, refused.record)?;
    Ok(answer)
}

fn decide(
    tx: &Transaction<'_>,
    refused: &Revision,
    answer: Option<RevisionId>,
    world: &dyn World,
) -> Result<(), ReplicaError> {
    tx.prepare_cached("INSERT INTO decision VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut to| to.execute(params![refused.id, refused.record, answer, world.now().as_ms()]))
        .map_err(ReplicaError::sql("noting a decision"))?;
    Ok(())
}

fn line(connection: &Connection, one: &Open, scopes: &[AreaId]) -> Result<RefusedLine, ReplicaError> {
    let revision = &one.revision;
    let row = match fold::load(connection, revision.record)? {
        Some((_, row)) => row,
        // The record consists of discarded changes only.
        None => fold::Row::of_one(revision).ok_or(ReplicaError::NotFound { what: "record" })?,
    };
    let replaced = replaced(connection, revision)?;
    let fields = revision.fields.iter().map(|(field, value)| {
        Ok(RefusedField {
            field: field.clone(),
            value: value.clone(),
            input: inputs::input_of(connection, &row, field)?,
            replaced: replaced.contains(field),
        })
    });
    let revisions = fold::revisions(connection, revision.record)?;
    let first = history(&revisions).iter().any(|step| step.revision.id == revision.id && step.first);
    Ok(RefusedLine {
        revision: revision.id,
        title: naming::title(connection, &row)?,
        code: one.code,
        at: revision.at_ms,
        officer_name: super::read::officer_name(connection, revision.officer)?,
        area: revision.area,
        in_scope: scopes.contains(&revision.area),
        may_go_now: may_go_now(one, scopes) && stands(connection, revision)?,
        first,
        fields: fields.collect::<Result<_, ReplicaError>>()?,
    })
}

/// Whether what was wrong is no longer so.
fn may_go_now(one: &Open, scopes: &[AreaId]) -> bool {
    one.code == Code::OutOfScope && scopes.contains(&one.revision.area)
}

/// Whether something of a revision is still shown or stands in a conflict.
fn stands(connection: &Connection, revision: &Revision) -> Result<bool, ReplicaError> {
    Ok(revision.fields.is_empty() || replaced(connection, revision)?.len() < revision.fields.len())
}

/// The fields of a revision that later ones have replaced.
fn replaced(connection: &Connection, revision: &Revision) -> Result<HashSet<String>, ReplicaError> {
    let revisions = fold::revisions(connection, revision.record)?;
    let Some(state) = crate::record::fold(&revisions) else { return Ok(HashSet::new()) };
    let stands = |field: &String| {
        state.fields.get(field).is_some_and(|writes| writes.iter().any(|write| write.revision == revision.id))
    };
    Ok(revision.fields.keys().filter(|field| !stands(field)).cloned().collect())
}

fn one(connection: &Connection, device: DeviceId, refused: RevisionId) -> Result<Open, ReplicaError> {
    let found = open(connection, device)?.into_iter().find(|one| one.revision.id == refused);
    found.ok_or(ReplicaError::NotFound { what: "revision" })
}

fn is_decided(connection: &Connection, revision: RevisionId) -> Result<bool, ReplicaError> {
    Ok(exchange::count(connection, "SELECT count(*) FROM decision WHERE revision = ?1", [revision])? > 0)
}

fn open(connection: &Connection, device: DeviceId) -> Result<Vec<Open>, ReplicaError> {
    refused(
        connection,
        "SELECT body, refused FROM log WHERE device = ?1 AND position IS NULL AND refused <> 'revision_known'
         AND NOT EXISTS (SELECT 1 FROM decision WHERE revision = log.id) ORDER BY seq",
        device,
    )
}

fn discarded(connection: &Connection, device: DeviceId) -> Result<Vec<Open>, ReplicaError> {
    refused(
        connection,
        "SELECT l.body, l.refused FROM log l JOIN decision d ON d.revision = l.id
         WHERE l.device = ?1 AND l.position IS NULL AND l.refused IS NOT NULL AND d.answer IS NULL ORDER BY d.at_ms DESC, l.seq DESC LIMIT 50",
        device,
    )
}

fn refused(connection: &Connection, sql: &str, device: DeviceId) -> Result<Vec<Open>, ReplicaError> {
    let found = rows(connection, sql, [device], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    found
        .into_iter()
        .map(|(body, code)| Ok(Open { revision: Entry::read(body)?.revision, code: exchange::code_of(&code) }))
        .collect()
}
