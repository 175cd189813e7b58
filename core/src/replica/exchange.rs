//! What a sync reads from a replica and keeps in it.

use std::collections::{BTreeMap, HashSet};

use rusqlite::types::{FromSql, ToSql};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::append::{add_to_log, seen_hlc};
use super::{Replica, ReplicaError, blobs, fold};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, EpochId, RecordId, RevisionId};
use crate::record::{Entry, Kind};
use crate::sync::{
    Digest, Holdings, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, PushItem, Receipt, ReceiptBody, ScopeDigest, Verdict,
};
use crate::time::Instant;

/// Own entries to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxBatch {
    /// The place of the first.
    pub from: u64,
    /// The place of the last.
    pub to: u64,
    /// The chain hash of the last.
    pub chain: Hash,
    /// The bodies.
    pub bodies: Vec<String>,
}

/// What a pull brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Received {
    /// Revisions that were not here.
    pub new: u64,
    /// Revisions that were here already.
    pub known: u64,
}

/// An own revision that the station refused.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct RefusedEntry {
    /// Its place in the own log.
    pub seq: u64,
    /// The revision.
    pub revision: RevisionId,
    /// The record it changes.
    pub record: RecordId,
    /// Why.
    pub code: Code,
}

impl Replica {
    /// Notes which areas this device holds.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_scopes(&mut self, scopes: &[AreaId]) -> Result<(), ReplicaError> {
        let json = serde_json::to_string(scopes).map_err(ReplicaError::Stored)?;
        self.writing(|tx| set_meta(tx, "scopes", &json))
    }

    /// What is held, as far as a sync is concerned.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn holdings(&self, device: DeviceId) -> Result<Holdings, ReplicaError> {
        self.reading(|connection| {
            let cursor = meta(connection, "cursor")?.unwrap_or(0);
            let scopes = scope_digests(connection)?;
            let unsent = count(
                connection,
                "SELECT count(*) FROM log WHERE device = ?1 AND position IS NULL AND refused IS NULL",
                [device],
            )?;
            let unsent_blobs = count(connection, "SELECT count(*) FROM blob WHERE state = 'waiting'", [])?;
            let covered = match newest_receipt(connection)? {
                Some((mut body, ..)) => {
                    body.scopes.sort_unstable_by_key(|scope| scope.area);
                    let blobs = unsent_blobs == 0 && body.blobs_named == body.blobs_stored;
                    unsent == 0 && blobs && body.position == cursor && body.scopes == scopes
                }
                None => false,
            };
            Ok(Holdings { epoch: meta(connection, "epoch")?, cursor, unsent, unsent_blobs, scopes, covered })
        })
    }

    /// The next own entries without a verdict, at most 1,000 and 4 MiB; `None` if there are none.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn outbox(&self, device: DeviceId) -> Result<Option<OutboxBatch>, ReplicaError> {
        self.reading(|connection| match first_unsent(connection, device)? {
            Some(first) => outbox_from(connection, device, first),
            None => Ok(None),
        })
    }

    /// Keeps the station's verdicts on own entries.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep_verdicts(&mut self, device: DeviceId, items: &[PushItem]) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            let mut sums = Sums::default();
            for item in items {
                match item.verdict {
                    Verdict::Stored(position) | Verdict::Duplicate(position) => {
                        confirm(tx, device, item.seq, position, &mut sums)?;
                    }
                    Verdict::Refused(code) => {
                        tx.prepare_cached("UPDATE log SET refused = ?3 WHERE device = ?1 AND seq = ?2")
                            .and_then(|mut to| to.execute(params![device, item.seq, code.as_str()]))
                            .map_err(ReplicaError::sql("setting a refused revision aside"))?;
                    }
                }
            }
            super::refused::count_again(tx)?;
            sums.write(tx)
        })
    }

    /// Keeps what a pull brought and that the feed is known up to `end`, all or nothing.
    ///
    /// # Errors
    /// [`ReplicaError::Forked`] if a place of a log holds something else here; otherwise what SQLite says.
    pub fn receive(&mut self, entries: &[(u64, Entry)], end: u64, now: Instant) -> Result<Received, ReplicaError> {
        self.writing(|tx| {
            let mut received = Received::default();
            let mut sums = Sums::default();
            let mut hlc = seen_hlc(tx)?;
            for (position, entry) in entries {
                let revision = &entry.revision;
                hlc = hlc.seen(revision.hlc, now);
                if let Some(known) = known_hash(tx, revision.device, revision.seq)? {
                    if known != entry.body_hash {
                        return Err(ReplicaError::Forked);
                    }
                    received.known += 1;
                    confirm(tx, revision.device, revision.seq, *position, &mut sums)?;
                    continue;
                }
                add_to_log(tx, entry, None, Some(*position))?;
                sums.add(revision.area, entry.body_hash);
                fold::apply_received(tx, revision)?;
                received.new += 1;
            }
            super::refused::count_again(tx)?;
            sums.write(tx)?;
            set_meta(tx, "hlc_seen", &serde_json::to_string(&hlc).map_err(ReplicaError::Stored)?)?;
            set_meta(tx, "cursor", &end)?;
            Ok(received)
        })
    }

    /// Forgets positions, verdicts and the place in the feed: the next sync offers and asks for everything again.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn start_over(&mut self, epoch: EpochId) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            tx.execute_batch(
                "UPDATE log SET position = NULL, refused = NULL WHERE position IS NOT NULL OR refused IS NOT NULL;
                 DELETE FROM scope;
                 UPDATE blob SET state = 'waiting' WHERE state = 'stored';
                 UPDATE blob SET covered = 0, upload = NULL WHERE covered = 1 OR upload IS NOT NULL;",
            )
            .map_err(ReplicaError::sql("starting the feed over"))?;
            set_meta(tx, "cursor", &0_u64)?;
            set_meta(tx, "epoch", &epoch)
        })
    }

    /// Keeps a receipt that was checked, with what this device had in all when it was signed. If it names the same blobs as
    /// the tablet does, those that it states are covered from now on.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep_receipt(&mut self, device: DeviceId, receipt: &Receipt) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            let own_total = count(tx, "SELECT count(*) FROM log WHERE device = ?1", [device])?;
            let blobs_total = count(tx, "SELECT count(*) FROM blob WHERE state IN ('waiting', 'stored', 'freed')", [])?;
            let signature = crate::sync::to_hex(&receipt.signature.to_bytes());
            tx.execute(
                "INSERT INTO receipt (body, signature, own_total, blobs_total) VALUES (?1, ?2, ?3, ?4)",
                params![receipt.body, signature, own_total, blobs_total],
            )
            .map_err(ReplicaError::sql("keeping a receipt"))?;
            let body: ReceiptBody = serde_json::from_str(&receipt.body).map_err(ReplicaError::Stored)?;
            if body.agrees_on_blobs(blobs::named(tx, device)?) {
                blobs::cover(tx, device)?;
            }
            Ok(())
        })
    }

    /// Own revisions that the station refused, the oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn refused(&self, device: DeviceId) -> Result<Vec<RefusedEntry>, ReplicaError> {
        let doing = ReplicaError::sql;
        self.reading(|connection| {
            let mut statement = connection
                .prepare_cached(
                    "SELECT seq, id, record, refused FROM log WHERE device = ?1 AND refused IS NOT NULL ORDER BY seq",
                )
                .map_err(doing("reading refused revisions"))?;
            let rows = statement
                .query_map([device], |row| {
                    let code: String = row.get(3)?;
                    let code = code_of(&code);
                    Ok(RefusedEntry { seq: row.get(0)?, revision: row.get(1)?, record: row.get(2)?, code })
                })
                .map_err(doing("reading refused revisions"))?;
            rows.collect::<Result<_, _>>().map_err(doing("reading refused revisions"))
        })
    }

    /// Count and digest of every scope, counted anew from the log: equal to what is kept, or something is broken.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn recount(&self) -> Result<Vec<ScopeDigest>, ReplicaError> {
        self.reading(|connection| {
            let mut sums = Sums::default();
            confirmed(connection, |area, hash| sums.add(area, hash))?;
            let scopes = scope_ids(connection)?;
            Ok(scopes
                .into_iter()
                .map(|area| ScopeDigest { area, digest: sums.0.get(&area).copied().unwrap_or_default() })
                .collect())
        })
    }

    /// Makes every view anew from the log.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn rebuild(&mut self) -> Result<(), ReplicaError> {
        let doing = ReplicaError::sql;
        self.writing(|tx| {
            super::project::clear(tx)?;
            let mut statement =
                tx.prepare("SELECT DISTINCT record FROM log ORDER BY n").map_err(doing("listing the records"))?;
            let records = statement
                .query_map([], |row| row.get::<_, RecordId>(0))
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(doing("listing the records"))?;
            let mut seen = HashSet::with_capacity(records.len());
            for record in records.into_iter().filter(|record| seen.insert(*record)) {
                fold::refresh(tx, record)?;
            }
            let mut sums = Sums::default();
            confirmed(tx, |area, hash| sums.add(area, hash))?;
            sums.write(tx)
        })
    }
}

/// Digests to be added to the scopes at the end of a transaction.
#[derive(Default)]
struct Sums(BTreeMap<AreaId, Digest>);

impl Sums {
    fn add(&mut self, area: AreaId, body_hash: Hash) {
        self.0.entry(area).or_default().add(body_hash);
    }

    fn write(self, tx: &Transaction<'_>) -> Result<(), ReplicaError> {
        for (area, added) in self.0 {
            let sum = scope_digest(tx, area)?.with(added);
            tx.prepare_cached("INSERT OR REPLACE INTO scope VALUES (?1, ?2, ?3)")
                .and_then(|mut to| to.execute(params![area, sum.count, sum.sum()]))
                .map_err(ReplicaError::sql("keeping a scope's digest"))?;
        }
        Ok(())
    }
}

/// The first own place without a verdict; `None` if there is none.
pub(super) fn first_unsent(connection: &Connection, device: DeviceId) -> Result<Option<u64>, ReplicaError> {
    connection
        .prepare_cached("SELECT min(seq) FROM log WHERE device = ?1 AND position IS NULL AND refused IS NULL")
        .and_then(|mut from| from.query_row([device], |row| row.get(0)))
        .map_err(ReplicaError::sql("looking for what is to be sent"))
}

/// Own entries from a place on, at most 1,000 and 4 MiB; `None` if there are none.
pub(super) fn outbox_from(
    connection: &Connection,
    device: DeviceId,
    from: u64,
) -> Result<Option<OutboxBatch>, ReplicaError> {
    let doing = ReplicaError::sql;
    let mut statement = connection
        .prepare_cached("SELECT seq, chain, body FROM log WHERE device = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3")
        .map_err(doing("reading the outbox"))?;
    let mut rows = statement.query(params![device, from, MAX_BATCH_ENTRIES]).map_err(doing("reading the outbox"))?;
    let mut batch: Option<OutboxBatch> = None;
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(doing("reading the outbox"))? {
        let read = || Ok((row.get::<_, u64>(0)?, row.get::<_, Hash>(1)?, row.get::<_, String>(2)?));
        let (seq, chain, body) = read().map_err(doing("reading the outbox"))?;
        bytes += body.len() + 1;
        if batch.is_some() && bytes > MAX_BATCH_BYTES {
            break;
        }
        let batch = batch.get_or_insert_with(|| OutboxBatch { from: seq, to: seq, chain, bodies: Vec::new() });
        (batch.to, batch.chain) = (seq, chain);
        batch.bodies.push(body);
    }
    Ok(batch)
}

fn confirm(
    tx: &Transaction<'_>,
    device: DeviceId,
    seq: u64,
    position: u64,
    sums: &mut Sums,
) -> Result<(), ReplicaError> {
    let confirmed = tx
        .prepare_cached(
            "UPDATE log SET position = ?3, refused = NULL WHERE device = ?1 AND seq = ?2 AND position IS NULL
             RETURNING area, body_hash",
        )
        .and_then(|mut to| {
            to.query_row(params![device, seq, position], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(ReplicaError::sql("noting a position"))?;
    if let Some((area, body_hash)) = confirmed {
        sums.add(area, body_hash);
    }
    Ok(())
}

fn known_hash(connection: &Connection, device: DeviceId, seq: u64) -> Result<Option<Hash>, ReplicaError> {
    connection
        .prepare_cached("SELECT body_hash FROM log WHERE device = ?1 AND seq = ?2")
        .and_then(|mut from| from.query_row(params![device, seq], |row| row.get(0)).optional())
        .map_err(ReplicaError::sql("looking a revision up"))
}

fn scope_digest(connection: &Connection, area: AreaId) -> Result<Digest, ReplicaError> {
    let kept = connection
        .prepare_cached("SELECT count, digest FROM scope WHERE area = ?1")
        .and_then(|mut from| from.query_row([area], |row| Ok(Digest::from_parts(row.get(0)?, row.get(1)?))).optional())
        .map_err(ReplicaError::sql("reading a scope's digest"))?;
    Ok(kept.unwrap_or_default())
}

pub(super) fn scope_ids(connection: &Connection) -> Result<Vec<AreaId>, ReplicaError> {
    let json: Option<String> = meta(connection, "scopes")?;
    let mut scopes: Vec<AreaId> = match json {
        Some(json) => serde_json::from_str(&json).map_err(ReplicaError::Stored)?,
        None => Vec::new(),
    };
    scopes.sort_unstable();
    Ok(scopes)
}

fn scope_digests(connection: &Connection) -> Result<Vec<ScopeDigest>, ReplicaError> {
    scope_ids(connection)?
        .into_iter()
        .map(|area| Ok(ScopeDigest { area, digest: scope_digest(connection, area)? }))
        .collect()
}

/// Count and digest of each area over entries that have a position up to this one, counted from the log.
#[cfg(feature = "bundle")]
pub(super) fn confirmed_as_of(
    connection: &Connection,
    areas: &[AreaId],
    position: u64,
) -> Result<Vec<ScopeDigest>, ReplicaError> {
    let doing = ReplicaError::sql;
    let mut statement = connection
        .prepare_cached("SELECT area, body_hash FROM log WHERE position <= ?1")
        .map_err(doing("counting as of a position"))?;
    let mut rows = statement.query([position]).map_err(doing("counting as of a position"))?;
    let mut sums = Sums::default();
    while let Some(row) = rows.next().map_err(doing("counting as of a position"))? {
        let area = row.get(0).map_err(doing("counting as of a position"))?;
        sums.add(area, row.get(1).map_err(doing("counting as of a position"))?);
    }
    let of = |area: &AreaId| ScopeDigest { area: *area, digest: sums.0.get(area).copied().unwrap_or_default() };
    Ok(areas.iter().map(of).collect())
}

fn confirmed(connection: &Connection, mut each: impl FnMut(AreaId, Hash)) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql;
    let mut statement = connection
        .prepare("SELECT area, body_hash FROM log WHERE position IS NOT NULL")
        .map_err(doing("counting anew"))?;
    let mut rows = statement.query([]).map_err(doing("counting anew"))?;
    while let Some(row) = rows.next().map_err(doing("counting anew"))? {
        let area = row.get(0).map_err(doing("counting anew"))?;
        each(area, row.get(1).map_err(doing("counting anew"))?);
    }
    Ok(())
}

/// The newest receipt, with own revisions and blobs in all when it was signed.
pub(super) fn newest_receipt(connection: &Connection) -> Result<Option<(ReceiptBody, u64, u64)>, ReplicaError> {
    let kept: Option<(String, u64, u64)> = connection
        .prepare_cached("SELECT body, own_total, blobs_total FROM receipt ORDER BY n DESC LIMIT 1")
        .and_then(|mut from| from.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional())
        .map_err(ReplicaError::sql("reading the receipt"))?;
    match kept {
        Some((json, own, blobs)) => Ok(Some((serde_json::from_str(&json).map_err(ReplicaError::Stored)?, own, blobs))),
        None => Ok(None),
    }
}

/// The station's reason, as the log keeps it.
pub(super) fn code_of(word: &str) -> Code {
    serde_json::from_value(word.into()).unwrap_or(Code::Unknown)
}

pub(super) fn count<P: rusqlite::Params>(connection: &Connection, sql: &str, params: P) -> Result<u64, ReplicaError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut from| from.query_row(params, |row| row.get(0)))
        .map_err(ReplicaError::sql("counting"))
}

pub(super) fn meta<T: FromSql>(connection: &Connection, key: &str) -> Result<Option<T>, ReplicaError> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")
        .and_then(|mut from| from.query_row([key], |row| row.get(0)).optional())
        .map_err(ReplicaError::sql("reading a note"))
}

pub(super) fn set_meta(tx: &Transaction<'_>, key: &str, value: &dyn ToSql) -> Result<(), ReplicaError> {
    tx.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")
        .and_then(|mut to| to.execute(params![key, value]))
        .map_err(ReplicaError::sql("writing a note"))?;
    Ok(())
}

/// The area, kind and heads of a record, to save a change of it.
pub(super) fn record_place(connection: &Connection, record: RecordId) -> Result<(Kind, AreaId), ReplicaError> {
    match fold::load(connection, record)? {
        Some((_, row)) => Ok((row.kind, row.area)),
        None => Err(ReplicaError::NotFound { what: "record" }),
    }
}

/// Which station this replica belongs to, and how to reach it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct StationNote {
    /// The station.
    pub station: crate::ids::StationId,
    /// Its address.
    pub address: String,
    /// SHA-256 of its certificate; `None` for plain HTTP on loopback.
    pub fingerprint: Option<String>,
    /// The key that signs its receipts.
    #[serde(with = "crate::sync::key_hex")]
    pub station_key: ed25519_dalek::VerifyingKey,
}

impl Replica {
    /// The station this replica belongs to.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn station(&self) -> Result<Option<StationNote>, ReplicaError> {
        let json: Option<String> = self.reading(|connection| meta(connection, "station"))?;
        json.map(|json| serde_json::from_str(&json).map_err(ReplicaError::Stored)).transpose()
    }

    /// Notes the station this replica belongs to.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_station(&mut self, note: &StationNote) -> Result<(), ReplicaError> {
        let json = serde_json::to_string(note).map_err(ReplicaError::Stored)?;
        self.writing(|tx| set_meta(tx, "station", &json))
    }

    /// The token to try first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn token(&self) -> Result<Option<String>, ReplicaError> {
        self.reading(|connection| meta(connection, "token"))
    }

    /// Keeps the token to try first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep_token(&mut self, token: &str) -> Result<(), ReplicaError> {
        self.writing(|tx| set_meta(tx, "token", &token))
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::ids::{ReceiptId, StationId};
    use crate::world::{Seeded, World as _};

    #[test]
    fn a_receipt_covers_whatever_the_order_of_its_scopes() {
        let world = Seeded::new(1, Instant::from_ms(1_000));
        let mut replica = Replica::in_memory().unwrap();
        let device = DeviceId::new(&world);
        let areas: Vec<AreaId> = (0..4).map(|_| AreaId::new(&world)).collect();
        replica.set_scopes(&areas).unwrap();
        assert!(!replica.holdings(device).unwrap().covered, "nothing is covered without a receipt");
        let scopes = areas.iter().rev().map(|area| ScopeDigest { area: *area, digest: Digest::default() });
        let body = ReceiptBody {
            id: ReceiptId::new(&world),
            station: StationId::new(&world),
            device,
            epoch: EpochId::new(&world),
            at_ms: world.now(),
            position: 0,
            own_seq: 0,
            own_stored: 0,
            own_refused: 0,
            blobs_named: 0,
            blobs_stored: 0,
            blobs_digest: None,
            blobs_missing: Vec::new(),
            scopes: scopes.collect(),
        };
        let receipt = Receipt::sign(&SigningKey::from_bytes(&[3; 32]), &body).unwrap();
        replica.keep_receipt(device, &receipt).unwrap();
        assert!(replica.holdings(device).unwrap().covered);
    }
}
