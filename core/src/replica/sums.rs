//! Count and digest of each scope, kept along with every change of what counts in it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{Replica, ReplicaError, exchange};
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId};
use crate::sync::{Digest, ScopeDigest};

/// What is to be added to and taken from the scopes at the end of a transaction.
#[derive(Default)]
pub(super) struct Sums(BTreeMap<AreaId, (Digest, Digest)>);

impl Sums {
    pub(super) fn add(&mut self, area: AreaId, body_hash: Hash) {
        self.0.entry(area).or_default().0.add(body_hash);
    }

    pub(super) fn remove(&mut self, area: AreaId, body_hash: Hash) {
        self.0.entry(area).or_default().1.add(body_hash);
    }

    pub(super) fn write(self, tx: &Transaction<'_>) -> Result<(), ReplicaError> {
        for (area, (added, taken)) in self.0 {
            let sum = of_area(tx, area)?.with(added).without(taken);
            let kept = if sum.count == 0 {
                tx.prepare_cached("DELETE FROM scope WHERE area = ?1").and_then(|mut to| to.execute([area]))
            } else {
                tx.prepare_cached("INSERT OR REPLACE INTO scope VALUES (?1, ?2, ?3)")
                    .and_then(|mut to| to.execute(params![area, sum.count, sum.sum()]))
            };
            kept.map_err(ReplicaError::sql("keeping a scope's digest"))?;
        }
        Ok(())
    }

    /// A revision stands at a position of the feed and counts in an area from now on, or in none.
    pub(super) fn place(
        &mut self,
        tx: &Transaction<'_>,
        place: (DeviceId, u64),
        position: u64,
        filed: Option<AreaId>,
    ) -> Result<(), ReplicaError> {
        let before = tx
            .prepare_cached("SELECT filed, body_hash FROM log WHERE device = ?1 AND seq = ?2")
            .and_then(|mut from| {
                from.query_row(params![place.0, place.1], |row| {
                    Ok((row.get::<_, Option<AreaId>>(0)?, row.get::<_, Hash>(1)?))
                })
                .optional()
            })
            .map_err(ReplicaError::sql("reading where a revision is filed"))?;
        let Some((before, body_hash)) = before else { return Ok(()) };
        if let Some(area) = before {
            self.remove(area, body_hash);
        }
        if let Some(area) = filed {
            self.add(area, body_hash);
        }
        tx.prepare_cached("UPDATE log SET position = ?3, filed = ?4, refused = NULL WHERE device = ?1 AND seq = ?2")
            .and_then(|mut to| to.execute(params![place.0, place.1, position, filed]))
            .map_err(ReplicaError::sql("noting a position"))?;
        Ok(())
    }
}

impl Replica {
    /// Count and digest of every scope, counted anew from the log: equal to what is kept, or something is broken.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn recount(&self) -> Result<Vec<ScopeDigest>, ReplicaError> {
        self.reading(|connection| {
            let counted = counted(connection)?;
            let digest = |area| counted.get(&area).copied().unwrap_or_default();
            Ok(exchange::scope_ids(connection)?
                .into_iter()
                .map(|area| ScopeDigest { area, digest: digest(area) })
                .collect())
        })
    }
}

/// Counts every scope anew.
pub(super) fn write_anew(tx: &Transaction<'_>) -> Result<(), ReplicaError> {
    tx.execute("DELETE FROM scope", []).map_err(ReplicaError::sql("counting anew"))?;
    let mut sums = Sums::default();
    sums.0.extend(counted(tx)?.into_iter().map(|(area, digest)| (area, (digest, Digest::default()))));
    sums.write(tx)
}

/// What is kept for each of the scopes held.
pub(super) fn of_scopes(connection: &Connection) -> Result<Vec<ScopeDigest>, ReplicaError> {
    exchange::scope_ids(connection)?
        .into_iter()
        .map(|area| Ok(ScopeDigest { area, digest: of_area(connection, area)? }))
        .collect()
}

fn of_area(connection: &Connection, area: AreaId) -> Result<Digest, ReplicaError> {
    let kept = connection
        .prepare_cached("SELECT count, digest FROM scope WHERE area = ?1")
        .and_then(|mut from| from.query_row([area], |row| Ok(Digest::from_parts(row.get(0)?, row.get(1)?))).optional())
        .map_err(ReplicaError::sql("reading a scope's digest"))?;
    Ok(kept.unwrap_or_default())
}

fn counted(connection: &Connection) -> Result<BTreeMap<AreaId, Digest>, ReplicaError> {
    let doing = ReplicaError::sql;
    let mut counted: BTreeMap<AreaId, Digest> = BTreeMap::new();
    let mut statement = connection
        .prepare("SELECT filed, body_hash FROM log WHERE filed IS NOT NULL")
        .map_err(doing("counting anew"))?;
    let mut rows = statement.query([]).map_err(doing("counting anew"))?;
    while let Some(row) = rows.next().map_err(doing("counting anew"))? {
        let area = row.get(0).map_err(doing("counting anew"))?;
        counted.entry(area).or_default().add(row.get(1).map_err(doing("counting anew"))?);
    }
    Ok(counted)
}
