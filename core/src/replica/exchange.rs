//! What a sync reads from a replica and keeps in it.

use std::collections::HashSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::append::{Stands, add_to_log, keep_hlc, seen_hlc};
use super::notes::{meta, set_meta};
use super::sums::{self, Sums};
use super::{Replica, ReplicaError, blobs, erase, fold, handover, repair};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, EpochId, RecordId, RevisionId};
use crate::record::{Entry, Kind};
use crate::sync::{
    Arrival, Holdings, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, Pulled, PushItem, Receipt, ReceiptBody, Verdict,
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
    /// What is held, as far as a sync is concerned.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn holdings(&self, device: DeviceId) -> Result<Holdings, ReplicaError> {
        self.reading(|connection| {
            let cursor = meta(connection, "cursor")?.unwrap_or(0);
            let epoch: Option<EpochId> = meta(connection, "epoch")?;
            let scopes = sums::of_scopes(connection)?;
            let unsent = count(
                connection,
                "SELECT (SELECT count(*) FROM log WHERE device = ?1 AND position IS NULL AND refused IS NULL)
                      + (SELECT count(*) FROM gone WHERE device = ?1 AND lost)",
                [device],
            )?;
            let answered = count(
                connection,
                "SELECT max(
                   (SELECT coalesce(max(seq), 0) FROM log
                    WHERE device = ?1 AND (position IS NOT NULL OR refused IS NOT NULL)),
                   (SELECT coalesce(max(seq), 0) FROM gone WHERE device = ?1 AND NOT lost))",
                [device],
            )?;
            let unsent_blobs = count(connection, "SELECT count(*) FROM blob WHERE state = 'waiting'", [])?;
            let newest = newest_receipt(connection)?.map(|(body, ..)| body).filter(|body| Some(body.epoch) == epoch);
            let receipt = newest.as_ref().map(|body| body.id);
            let blobs = blobs::not_stated(connection, device)?;
            let unplaced =
                count(connection, "SELECT count(*) FROM log WHERE position IS NULL AND device <> ?1", [device])?;
            let to_compare = handover::is_to_be_compared(connection)?;
            let (settled, covered) = match newest {
                Some(mut body) => {
                    body.scopes.sort_unstable_by_key(|scope| scope.area);
                    let sent = unsent == 0 && unsent_blobs == 0 && unplaced == 0;
                    let settled = sent && body.position == cursor && body.scopes == scopes;
                    (settled, settled && body.blobs_named == body.blobs_stored)
                }
                None => (false, false),
            };
            Ok(Holdings {
                epoch,
                cursor,
                unsent,
                unsent_blobs,
                scopes,
                covered,
                settled,
                unplaced,
                to_compare,
                receipt,
                blobs,
                answered,
            })
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
            let scopes = scope_ids(tx)?;
            for item in items {
                tx.prepare_cached("UPDATE gone SET lost = 0 WHERE device = ?1 AND seq = ?2 AND lost")
                    .and_then(|mut to| to.execute(params![device, item.seq]))
                    .map_err(ReplicaError::sql("noting a verdict"))?;
                match item.verdict {
                    Verdict::Stored(position) | Verdict::Duplicate(position) => {
                        arrived(tx, (device, item.seq), position, item.filed, &scopes, &mut sums)?;
                    }
                    Verdict::Refused(code) => {
                        tx.prepare_cached(
                            "UPDATE log SET refused = ?3 WHERE device = ?1 AND seq = ?2 AND position IS NULL",
                        )
                        .and_then(|mut to| to.execute(params![device, item.seq, code.as_str()]))
                        .map_err(ReplicaError::sql("setting a refused revision aside"))?;
                        if code == Code::RevisionKnown {
                            blobs::ask_again(tx, (device, item.seq))?;
                        }
                    }
                }
            }
            super::refused::count_again(tx)?;
            sums.write(tx)
        })
    }

    /// Keeps what a pull or a fetch brought, and, if it was a pull, that the feed is known up to `end`: all or nothing.
    /// `device` is this one.
    ///
    /// # Errors
    /// [`ReplicaError::Forked`] if a place of the own log holds something else here; otherwise what SQLite says.
    pub fn receive(
        &mut self,
        device: DeviceId,
        pulled: &Pulled,
        end: Option<u64>,
        now: Instant,
    ) -> Result<Received, ReplicaError> {
        let received = self.writing(|tx| {
            let mut received = Received::default();
            let mut sums = Sums::default();
            let mut hlc = seen_hlc(tx)?;
            let scopes = scope_ids(tx)?;
            let mut newest = newest_record(tx)?;
            for arrival in &pulled.arrivals {
                let (at, filed, entry) = match arrival {
                    Arrival::Entry { at, filed, entry } => (*at, *filed, entry),
                    Arrival::Left { at, record, area } => {
                        handover::leave(tx, *record, *area, *at, &mut sums)?;
                        continue;
                    }
                };
                let revision = &entry.revision;
                hlc = hlc.seen(revision.hlc, now);
                let place = (revision.device, revision.seq);
                let held = scopes.contains(&filed);
                let stands = Stands { position: at, filed: held.then_some(filed) };
                // Most names are newer than all that are here; only the others are looked for.
                let fresh = newest.is_none_or(|newest| revision.record > newest) || !is_here(tx, revision.record)?;
                newest = newest.max(Some(revision.record));
                // Most are somebody else's and new.
                if revision.device == device || !add_to_log(tx, entry, None, Some(stands))? {
                    match known_hash(tx, place.0, place.1)? {
                        Some(known) if known == entry.body_hash => {
                            received.known += 1;
                            arrived(tx, place, at, Some(filed), &scopes, &mut sums)?;
                            continue;
                        }
                        Some(_) if revision.device == device => return Err(ReplicaError::Forked),
                        Some(_) => repair::make_room(tx, place, device, &mut sums)?,
                        None => {}
                    }
                    make_place(tx, entry, device, stands)?;
                }
                received.new += 1;
                if held {
                    sums.add(filed, entry.body_hash);
                }
                // Of a record of which nothing was here nothing stands elsewhere, was erased or leaves.
                if !fresh {
                    repair::only_here(tx, revision, device, &mut sums)?;
                }
                take_in(tx, entry, fresh)?;
                match (held, fresh) {
                    (true, true) => {}
                    (true, false) => handover::stays(tx, revision.record)?,
                    (false, _) => handover::leaves(tx, revision.record)?,
                }
            }
            for stretch in &pulled.stretches {
                repair::keep_stretch(tx, stretch)?;
            }
            super::refused::count_again(tx)?;
            sums.write(tx)?;
            keep_hlc(tx, hlc)?;
            if let Some(end) = end {
                set_meta(tx, "cursor", &end)?;
            }
            Ok(received)
        })?;
        self.sweep()?;
        Ok(received)
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
            blobs::are_stated(tx, &body)?;
            super::differences::settle(tx, &body)?;
            handover::forget_what_left(tx, device, body.at_ms)?;
            blobs::let_go(tx, device, &body.blobs_asked_erased)
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
                    "SELECT seq, id, record, refused FROM log WHERE device = ?1 AND refused <> 'revision_known' ORDER BY seq",
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

    /// Makes every view anew from the log.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn rebuild(&mut self) -> Result<(), ReplicaError> {
        let doing = ReplicaError::sql;
        self.writing(|tx| {
            super::project::clear(tx)?;
            erase::note_all(tx)?;
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
            sums::write_anew(tx)
        })
    }
}

/// The first own place without a verdict; `None` if there is none.
pub(super) fn first_unsent(connection: &Connection, device: DeviceId) -> Result<Option<u64>, ReplicaError> {
    connection
        .prepare_cached(
            "SELECT min(seq) FROM
               (SELECT min(seq) AS seq FROM log WHERE device = ?1 AND position IS NULL AND refused IS NULL
                UNION ALL SELECT min(seq) FROM gone WHERE device = ?1 AND lost)",
        )
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
        .prepare_cached(
            "SELECT seq, chain, body FROM log WHERE device = ?1 AND seq >= ?2
             UNION ALL SELECT seq, chain, body_hash FROM gone WHERE device = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
        )
        .map_err(doing("reading the outbox"))?;
    let mut rows = statement.query(params![device, from, MAX_BATCH_ENTRIES]).map_err(doing("reading the outbox"))?;
    let mut batch: Option<OutboxBatch> = None;
    let mut bytes = 0;
    while let Some(row) = rows.next().map_err(doing("reading the outbox"))? {
        let read = || {
            let body = match row.get_ref(2)? {
                ValueRef::Blob(_) => gone_body(row.get(2)?),
                _ => row.get(2)?,
            };
            Ok((row.get::<_, u64>(0)?, row.get::<_, Hash>(1)?, body))
        };
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

/// A revision stands at a position, filed in an area (its own, unless said otherwise). If that is not held here, its record
/// leaves.
pub(super) fn arrived(
    tx: &Transaction<'_>,
    place: (DeviceId, u64),
    position: u64,
    filed: Option<AreaId>,
    scopes: &[AreaId],
    sums: &mut Sums,
) -> Result<(), ReplicaError> {
    let found: Option<(AreaId, RecordId)> = tx
        .prepare_cached("SELECT area, record FROM log WHERE device = ?1 AND seq = ?2")
        .and_then(|mut from| from.query_row(params![place.0, place.1], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(ReplicaError::sql("looking a revision up"))?;
    let Some((own, record)) = found else { return Ok(()) };
    let filed = filed.unwrap_or(own);
    let held = scopes.contains(&filed);
    sums.place(tx, place, position, held.then_some(filed))?;
    if held { handover::stays(tx, record) } else { handover::leaves(tx, record) }
}

/// Adds a revision to the log that came back, or whose place is free now.
fn make_place(tx: &Transaction<'_>, entry: &Entry, device: DeviceId, stands: Stands) -> Result<(), ReplicaError> {
    let (author, seq) = (entry.revision.device, entry.revision.seq);
    let chain = match author == device {
        // A place of the own log that this device never wrote: it was put back to a copy.
        true => Some(handover::came_back(tx, author, seq)?.ok_or(ReplicaError::Forked)?),
        false => None,
    };
    if add_to_log(tx, entry, chain, Some(stands))? { Ok(()) } else { Err(ReplicaError::Forked) }
}

/// Brings everything up to a revision that is in the log now.
/// The record of which something is here whose name is the greatest.
fn newest_record(connection: &Connection) -> Result<Option<RecordId>, ReplicaError> {
    connection
        .query_row("SELECT max(record) FROM log", [], |row| row.get(0))
        .map_err(ReplicaError::sql("looking for the newest record"))
}

/// Whether any revision of a record is here.
fn is_here(connection: &Connection, record: RecordId) -> Result<bool, ReplicaError> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM log WHERE record = ?1)")
        .and_then(|mut from| from.query_row([record], |row| row.get(0)))
        .map_err(ReplicaError::sql("looking for a record"))
}

fn take_in(tx: &Transaction<'_>, entry: &Entry, fresh: bool) -> Result<(), ReplicaError> {
    let revision = &entry.revision;
    if revision.kind == Kind::Erasure || !fresh && erase::is_erased(tx, revision.record)? {
        erase::erase(tx, revision.record)
    } else if revision.is_tombstone() {
        Ok(())
    } else {
        fold::apply_received(tx, revision)
    }
}

/// How a place is told whose body is not here any more.
fn gone_body(hash: Hash) -> String {
    format!("\"{hash}\"")
}

fn known_hash(connection: &Connection, device: DeviceId, seq: u64) -> Result<Option<Hash>, ReplicaError> {
    connection
        .prepare_cached("SELECT body_hash FROM log WHERE device = ?1 AND seq = ?2")
        .and_then(|mut from| from.query_row(params![device, seq], |row| row.get(0)).optional())
        .map_err(ReplicaError::sql("looking a revision up"))
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

/// Count and digest of each area over entries that have a position up to this one, counted from the log.
#[cfg(feature = "bundle")]
pub(super) fn confirmed_as_of(
    connection: &Connection,
    areas: &[AreaId],
    position: u64,
) -> Result<Vec<crate::sync::ScopeDigest>, ReplicaError> {
    let doing = ReplicaError::sql;
    let mut statement = connection
        .prepare_cached("SELECT filed, body_hash FROM log WHERE filed IS NOT NULL AND position <= ?1")
        .map_err(doing("counting as of a position"))?;
    let mut rows = statement.query([position]).map_err(doing("counting as of a position"))?;
    let mut sums: std::collections::BTreeMap<AreaId, crate::sync::Digest> = std::collections::BTreeMap::new();
    while let Some(row) = rows.next().map_err(doing("counting as of a position"))? {
        let area = row.get(0).map_err(doing("counting as of a position"))?;
        sums.entry(area).or_default().add(row.get(1).map_err(doing("counting as of a position"))?);
    }
    let of =
        |area: &AreaId| crate::sync::ScopeDigest { area: *area, digest: sums.get(area).copied().unwrap_or_default() };
    Ok(areas.iter().map(of).collect())
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

/// The area, kind and heads of a record, to save a change of it.
pub(super) fn record_place(connection: &Connection, record: RecordId) -> Result<(Kind, AreaId), ReplicaError> {
    match fold::load(connection, record)? {
        Some((_, row)) => Ok((row.kind, row.area)),
        None => Err(ReplicaError::NotFound { what: "record" }),
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::ids::{ReceiptId, StationId};
    use crate::sync::{Digest, ScopeDigest};
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
        let epoch = EpochId::new(&world);
        replica.adopt(device, epoch, 0).unwrap();
        let mut body = ReceiptBody {
            id: ReceiptId::new(&world),
            station: StationId::new(&world),
            device,
            epoch,
            at_ms: world.now(),
            position: 0,
            own_seq: 0,
            own_stored: 0,
            own_refused: 0,
            blobs_named: 0,
            blobs_stored: 0,
            blobs_digest: None,
            blobs_missing: Vec::new(),
            blobs_asked_stored: Vec::new(),
            blobs_asked_erased: Vec::new(),
            scopes: scopes.collect(),
        };
        let receipt = Receipt::sign(&SigningKey::from_bytes(&[3; 32]), &body).unwrap();
        replica.keep_receipt(device, &receipt).unwrap();
        assert!(replica.holdings(device).unwrap().covered);
        // One of another life of the station covers nothing.
        body.epoch = EpochId::new(&world);
        let other = Receipt::sign(&SigningKey::from_bytes(&[3; 32]), &body).unwrap();
        replica.keep_receipt(device, &other).unwrap();
        assert!(!replica.holdings(device).unwrap().covered);
    }
}
