//! Getting back what one side has lost: what is held of a range, stretches that prove logs of others, revisions that the
//! station is given back, and going on under another name.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signature, SigningKey};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::append::{Head, add_new_to_log};
use super::notes::{meta, set_meta};
use super::sums::Sums;
use super::{Replica, ReplicaError, blobs, erase, exchange, fold, handover};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, EpochId, OfficerId, RecordId};
use crate::record::{Checkpoint, Device, Entry, Kind, Revision, Stretch, genesis};
use crate::sync::{
    Detail, GiveItem, Held, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, Proof, Range, RangeHeld, Receipt, Tally, Verdict,
};
use crate::world::World;

/// Revisions of others to be given to the station, log by log.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Gift {
    /// For each log how its bodies can be proved, and the bodies in the order of places.
    pub logs: Vec<(Proof, Vec<String>)>,
    /// How many bodies.
    pub count: usize,
}

impl Replica {
    /// The name under which this device writes, if it took another one than it was enrolled with.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn name_taken(&self) -> Result<Option<DeviceId>, ReplicaError> {
        self.reading(|connection| meta(connection, "device"))
    }

    /// The name that this device had before it took another one.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn former_name(&self) -> Result<Option<DeviceId>, ReplicaError> {
        self.reading(|connection| meta(connection, "former_device"))
    }

    /// The chain hash at a place of the own log; `None` if there is no such place.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn chain_at(&self, device: DeviceId, seq: u64) -> Result<Option<Hash>, ReplicaError> {
        if seq == 0 {
            return Ok(Some(genesis(device)));
        }
        self.reading(|connection| {
            connection
                .prepare_cached(
                    "SELECT chain FROM log WHERE device = ?1 AND seq = ?2
                     UNION ALL SELECT chain FROM gone WHERE device = ?1 AND seq = ?2",
                )
                .and_then(|mut from| from.query_row(params![device, seq], |row| row.get(0)).optional())
                .map_err(ReplicaError::sql("reading a chain hash"))
        })
    }

    /// The greatest place of the own log.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn log_end(&self, device: DeviceId) -> Result<u64, ReplicaError> {
        self.reading(|connection| Ok(Head::read(connection, device)?.seq))
    }

    /// From now on positions are of this life of the station's store. It holds the own log up to `seq`: what comes after waits
    /// to be sent again.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn adopt(&mut self, device: DeviceId, epoch: EpochId, seq: u64) -> Result<(), ReplicaError> {
        let doing = ReplicaError::sql;
        self.writing(|tx| {
            let mut sums = Sums::default();
            let mut from = tx
                .prepare("SELECT filed, body_hash FROM log WHERE device = ?1 AND seq > ?2 AND filed IS NOT NULL")
                .map_err(doing("reading what waits again"))?;
            let mut rows = from.query(params![device, seq]).map_err(doing("reading what waits again"))?;
            while let Some(row) = rows.next().map_err(doing("reading what waits again"))? {
                let read = || Ok((row.get::<_, AreaId>(0)?, row.get::<_, Hash>(1)?));
                let (area, hash) = read().map_err(doing("reading what waits again"))?;
                sums.remove(area, hash);
            }
            sums.write(tx)?;
            tx.execute(
                "UPDATE log SET position = NULL, refused = NULL, filed = NULL WHERE device = ?1 AND seq > ?2",
                params![device, seq],
            )
            .and_then(|_| tx.execute("UPDATE gone SET lost = 1 WHERE device = ?1 AND seq > ?2", params![device, seq]))
            .map_err(doing("letting revisions wait again"))?;
            let before: Option<EpochId> = meta(tx, "epoch")?;
            if before.is_some() {
                handover::set_to_be_compared(tx, true)?;
            }
            if before != Some(epoch) {
                set_meta(tx, "epoch", &epoch)?;
                // A position of the other life says nothing in this one.
                set_meta(tx, "cursor", &0_u64)?;
                tx.execute_batch("UPDATE blob SET covered = 0 WHERE covered = 1")
                    .map_err(doing("asking about blobs again"))?;
            }
            super::refused::count_again(tx)
        })
    }

    /// The station's record of this device and what proves it, to be shown to a station that has lost it.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn enrolment(&self, device: DeviceId) -> Result<Option<Gift>, ReplicaError> {
        self.reading(|connection| {
            let read = || {
                let mut from =
                    connection.prepare_cached("SELECT device, seq, body FROM log WHERE record = ?1 ORDER BY n")?;
                let record = RecordId::from_bytes(*device.as_bytes());
                from.query_map([record], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
                    .collect::<Result<Vec<_>, _>>()
            };
            let placed: Vec<Placed> = read().map_err(ReplicaError::sql("reading the enrolment"))?;
            let mut gift = Gift::default();
            for (place, body) in placed {
                let Some(stretch) = stretch_at(connection, place)? else { continue };
                gift.logs.push((Proof::of(&stretch, |seq| seq == place.1), vec![body]));
                gift.count += 1;
            }
            Ok((gift.count > 0).then_some(gift))
        })
    }

    /// The newest receipt that was kept.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if there is none.
    pub fn newest_receipt(&self) -> Result<Receipt, ReplicaError> {
        self.reading(|connection| {
            let kept = connection
                .prepare_cached("SELECT body, signature FROM receipt ORDER BY n DESC LIMIT 1")
                .and_then(|mut from| {
                    from.query_row([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).optional()
                })
                .map_err(ReplicaError::sql("reading the receipt"))?;
            let (body, signature) = kept.ok_or(ReplicaError::NotFound { what: "receipt" })?;
            serde_json::from_value(serde_json::json!({ "body": body, "signature": signature }))
                .map_err(ReplicaError::Stored)
        })
    }

    /// What is held of some ranges: listed or in parts, as it is asked for.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn tally(&self, ranges: &[(Range, Detail)]) -> Result<Vec<RangeHeld>, ReplicaError> {
        let doing = ReplicaError::sql;
        self.reading(|connection| {
            let mut told: BTreeMap<usize, RangeHeld> = BTreeMap::new();
            let areas: BTreeSet<AreaId> = ranges.iter().map(|(range, _)| range.area).collect();
            for area in areas {
                let mine: Vec<(usize, &(Range, Detail))> =
                    ranges.iter().enumerate().filter(|(_, (range, _))| range.area == area).collect();
                let mut tally = Tally::of(mine.iter().map(|(_, (range, detail))| (range, *detail)));
                let mut from = connection
                    .prepare_cached("SELECT body_hash, device, seq FROM log WHERE filed = ?1")
                    .map_err(doing("reading a range"))?;
                let mut rows = from.query([area]).map_err(doing("reading a range"))?;
                while let Some(row) = rows.next().map_err(doing("reading a range"))? {
                    let read = || Ok(Held { hash: row.get(0)?, device: row.get(1)?, seq: row.get(2)? });
                    tally.add(read().map_err(doing("reading a range"))?);
                }
                told.extend(mine.iter().map(|(index, _)| *index).zip(tally.tell()));
            }
            Ok(told.into_values().collect())
        })
    }

    /// Everything up to a position of the feed was compared.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn is_compared_to(&mut self, position: u64) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            handover::set_to_be_compared(tx, false)?;
            set_meta(tx, "cursor", &position)
        })
    }

    /// The feed is to be read from a position on.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn feed_is_known_to(&mut self, position: u64) -> Result<(), ReplicaError> {
        self.writing(|tx| set_meta(tx, "cursor", &position))
    }

    /// The station does not hold these where this device thought: own ones wait to be sent again, others to be given back.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn unplace(&mut self, extra: &BTreeSet<Held>) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            let mut sums = Sums::default();
            // What is leaving is in no range that was compared: it is offered once more before it goes.
            tx.execute("UPDATE log SET position = NULL WHERE filed IS NULL AND position IS NOT NULL", [])
                .map_err(ReplicaError::sql("letting revisions wait again"))?;
            for held in extra {
                unplace(tx, (held.device, held.seq), &mut sums)?;
            }
            super::refused::count_again(tx)?;
            sums.write(tx)
        })
    }

    /// The next revisions of others that have no position: at most 1,000 and 4 MiB, after those of these places. Of one that
    /// nobody could prove the content is written anew as this device's own.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn gift(&mut self, device: DeviceId, given: &BTreeSet<(DeviceId, u64)>) -> Result<Gift, ReplicaError> {
        self.writing(|tx| {
            let mut by_log: BTreeMap<(DeviceId, u64), (Stretch, BTreeMap<u64, String>)> = BTreeMap::new();
            let (mut count, mut bytes) = (0, 0);
            let mut waiting = unplaced_of_others(tx, device)?;
            waiting.retain(|(place, _)| !given.contains(place));
            // The station takes a tombstone only of what it knows to be erased.
            if waiting.iter().any(|(_, body)| is_erasure(body)) {
                waiting.retain(|(_, body)| is_erasure(body));
            }
            for (place, body) in waiting {
                let Some(stretch) = stretch_at(tx, place)? else {
                    write_anew(tx, device, &[(place, body)])?;
                    continue;
                };
                bytes += body.len() + 1 + 70 * stretch.hashes.len();
                if count == MAX_BATCH_ENTRIES || (count > 0 && bytes > MAX_BATCH_BYTES) {
                    break;
                }
                count += 1;
                let log = by_log.entry((place.0, stretch.to())).or_insert_with(|| (stretch, BTreeMap::new()));
                log.1.insert(place.1, body);
            }
            let logs = by_log.into_values().map(|(stretch, bodies)| {
                let proof = Proof::of(&stretch, |seq| bodies.contains_key(&seq));
                (proof, bodies.into_values().collect())
            });
            Ok(Gift { logs: logs.collect(), count })
        })
    }

    /// Keeps what became of revisions that were given to the station. Of one that it does not take the content is written anew
    /// as this device's own, unless the station has it already.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep_given(&mut self, device: DeviceId, items: &[GiveItem]) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            let mut sums = Sums::default();
            let scopes = exchange::scope_ids(tx)?;
            for GiveItem { device: author, item } in items {
                let place = (*author, item.seq);
                match item.verdict {
                    Verdict::Stored(position) | Verdict::Duplicate(position) => {
                        exchange::arrived(tx, place, position, item.filed, &scopes, &mut sums)?;
                    }
                    // It is at the station under another place, and comes from there.
                    Verdict::Refused(Code::RevisionKnown) => remove(tx, place)?,
                    Verdict::Refused(_) => {
                        if let Some(body) = body_at(tx, place)? {
                            write_anew(tx, device, &[(place, body)])?;
                        }
                    }
                }
            }
            sums.write(tx)
        })
    }

    /// The name that this device will go on under, the same whenever it is asked until it is taken.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn next_name(&mut self, world: &dyn World) -> Result<DeviceId, ReplicaError> {
        self.writing(|tx| match meta(tx, "next_device")? {
            Some(next) => Ok(next),
            None => {
                let next = DeviceId::new(world);
                set_meta(tx, "next_device", &next)?;
                Ok(next)
            }
        })
    }

    /// Goes on under another name: up to `common` the log is the one that the station holds; what comes after it is written
    /// anew, with the same names of revisions, so that it counts once wherever it may also have come from.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn take_name(
        &mut self,
        before: DeviceId,
        next: DeviceId,
        common: u64,
        key: &SigningKey,
    ) -> Result<(), ReplicaError> {
        let doing = ReplicaError::sql;
        self.writing(|tx| {
            prove_own(tx, before, common, key)?;
            set_meta(tx, "device", &next)?;
            set_meta(tx, "former_device", &before)?;
            tx.execute("DELETE FROM meta WHERE key IN ('next_device', 'token')", [])
                .map_err(doing("forgetting the former name"))?;
            let mut sums = Sums::default();
            let mut bodies = Vec::new();
            {
                let mut from = tx
                    .prepare(
                        "SELECT seq, body FROM log WHERE device = ?1 AND (seq > ?2 OR refused IS NOT NULL) ORDER BY seq",
                    )
                    .map_err(doing("reading what is written anew"))?;
                let rows = from
                    .query_map(params![before, common], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)))
                    .map_err(doing("reading what is written anew"))?;
                for row in rows {
                    let (seq, body) = row.map_err(doing("reading what is written anew"))?;
                    bodies.push(((before, seq), body));
                }
            }
            for (place, _) in &bodies {
                unplace(tx, *place, &mut sums)?;
            }
            sums.write(tx)?;
            tx.execute("DELETE FROM gone WHERE device = ?1", [before]).map_err(doing("forgetting the former name"))?;
            write_anew(tx, next, &bodies)
        })
    }
}

/// A revision has no position any more.
fn unplace(tx: &Transaction<'_>, place: (DeviceId, u64), sums: &mut Sums) -> Result<(), ReplicaError> {
    let before: Option<(Option<AreaId>, Hash)> = tx
        .prepare_cached("SELECT filed, body_hash FROM log WHERE device = ?1 AND seq = ?2")
        .and_then(|mut from| from.query_row(params![place.0, place.1], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(ReplicaError::sql("reading where a revision is filed"))?;
    if let Some((Some(area), hash)) = before {
        sums.remove(area, hash);
    }
    tx.prepare_cached("UPDATE log SET position = NULL, filed = NULL, refused = NULL WHERE device = ?1 AND seq = ?2")
        .and_then(|mut to| to.execute(params![place.0, place.1]))
        .map_err(ReplicaError::sql("letting a revision wait again"))?;
    Ok(())
}

/// Something else stands at this place of another's log: the content of what stood here goes on under the own name.
pub(super) fn make_room(
    tx: &Transaction<'_>,
    place: (DeviceId, u64),
    device: DeviceId,
    sums: &mut Sums,
) -> Result<(), ReplicaError> {
    unplace(tx, place, sums)?;
    match body_at(tx, place)? {
        Some(body) => write_anew(tx, device, &[(place, body)]),
        None => Ok(()),
    }
}

/// A revision came from the station at its place: where else it stood in logs of others it stands no more.
pub(super) fn only_here(
    tx: &Transaction<'_>,
    came: &Revision,
    device: DeviceId,
    sums: &mut Sums,
) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql("looking where a revision stands");
    let read = || {
        let mut from = tx.prepare_cached(
            "SELECT device, seq FROM log
             WHERE record = ?1 AND id = ?2 AND device <> ?3 AND NOT (device = ?4 AND seq = ?5)",
        )?;
        from.query_map(params![came.record, came.id, device, came.device, came.seq], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<Vec<(DeviceId, u64)>, _>>()
    };
    for place in read().map_err(doing)? {
        unplace(tx, place, sums)?;
        remove(tx, place)?;
    }
    Ok(())
}

fn body_at(connection: &Connection, place: (DeviceId, u64)) -> Result<Option<String>, ReplicaError> {
    connection
        .prepare_cached("SELECT body FROM log WHERE device = ?1 AND seq = ?2")
        .and_then(|mut from| from.query_row(params![place.0, place.1], |row| row.get(0)).optional())
        .map_err(ReplicaError::sql("reading a revision"))
}

fn remove(tx: &Transaction<'_>, place: (DeviceId, u64)) -> Result<(), ReplicaError> {
    let record = tx
        .prepare_cached("DELETE FROM log WHERE device = ?1 AND seq = ?2 RETURNING record")
        .and_then(|mut from| from.query_row(params![place.0, place.1], |row| row.get(0)).optional())
        .map_err(ReplicaError::sql("removing a revision"))?;
    unname(tx, place)?;
    record.map_or(Ok(()), |record| {
        erase::note_anew(tx, record)?;
        fold::refresh(tx, record)
    })
}

/// A place of a log, and what stands there.
type Placed = ((DeviceId, u64), String);

fn unplaced_of_others(connection: &Connection, device: DeviceId) -> Result<Vec<Placed>, ReplicaError> {
    let read = || {
        let mut from = connection.prepare_cached(
            "SELECT device, seq, body FROM log WHERE position IS NULL AND device <> ?1 ORDER BY device, seq",
        )?;
        from.query_map([device], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?.collect::<Result<Vec<_>, _>>()
    };
    read().map_err(ReplicaError::sql("reading what others lack"))
}

fn is_erasure(body: &str) -> bool {
    serde_json::from_str::<Revision>(body).is_ok_and(|revision| revision.kind == Kind::Erasure)
}

/// What stood at a place names no blobs there any more. Whether the station has those that are here is asked anew: it may have
/// lost them with the place.
fn unname(tx: &Transaction<'_>, place: (DeviceId, u64)) -> Result<(), ReplicaError> {
    blobs::ask_again(tx, place)?;
    tx.prepare_cached("DELETE FROM blob_named WHERE device = ?1 AND seq = ?2")
        .and_then(|mut from| from.execute(params![place.0, place.1]))
        .map_err(ReplicaError::sql("forgetting the blobs of a place"))?;
    Ok(())
}

/// Writes bodies of other logs anew at the end of the own one, under the names they have. Of what was erased, and of
/// what only the station says, there is nothing to say anew.
fn write_anew(tx: &Transaction<'_>, device: DeviceId, bodies: &[Placed]) -> Result<(), ReplicaError> {
    let mut head = Head::read(tx, device)?;
    for (place, body) in bodies {
        tx.prepare_cached("DELETE FROM log WHERE device = ?1 AND seq = ?2")
            .and_then(|mut to| to.execute(params![place.0, place.1]))
            .map_err(ReplicaError::sql("writing a revision anew"))?;
        unname(tx, *place)?;
        let old: Revision = serde_json::from_str(body).map_err(ReplicaError::Stored)?;
        let record = old.record;
        let sql = "SELECT count(*) FROM log WHERE record = ?1 AND id = ?2";
        if old.is_tombstone() || old.kind.is_the_stations() {
            erase::note_anew(tx, record)?;
        } else if exchange::count(tx, sql, params![record, old.id])? == 0 {
            let entry = match own_officer(tx, device)? {
                Some(own) if own != old.officer => vouched_for(&old, body, device, head.seq + 1, own)?,
                _ => Entry::write(Revision { device, seq: head.seq + 1, ..old })?,
            };
            head.follow(&entry);
            add_new_to_log(tx, &entry, head.chain)?;
        }
        fold::refresh(tx, record)?;
    }
    head.keep_clock(tx)
}

/// Whose tablet this is, as the station wrote it down; `None` before the first sync.
fn own_officer(connection: &Connection, device: DeviceId) -> Result<Option<OfficerId>, ReplicaError> {
    for name in [Some(device), meta(connection, "former_device")?].into_iter().flatten() {
        let record = RecordId::from_bytes(*name.as_bytes());
        if let Some(known) = fold::load(connection, record)?.and_then(|(_, row)| Device::read(&row.fields)) {
            return Ok(Some(known.officer));
        }
    }
    Ok(None)
}

/// What another officer's tablet wrote and nobody can prove any more, as this one's: its officer answers for it, and it says who
/// wrote it where (`wrote`).
fn vouched_for(old: &Revision, body: &str, device: DeviceId, seq: u64, own: OfficerId) -> Result<Entry, ReplicaError> {
    let mut members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(body).map_err(ReplicaError::Stored)?;
    let wrote = serde_json::json!({ "officer": old.officer, "device": old.device, "seq": old.seq });
    members.entry("wrote").or_insert(wrote);
    members.insert("device".to_owned(), serde_json::json!(device));
    members.insert("seq".to_owned(), serde_json::json!(seq));
    members.insert("officer".to_owned(), serde_json::json!(own));
    let text = serde_json::to_string(&members).map_err(ReplicaError::Stored)?;
    Ok(Entry::read(text)?)
}

/// Keeps how a log can be proved.
pub(super) fn keep_stretch(tx: &Transaction<'_>, stretch: &Stretch) -> Result<(), ReplicaError> {
    let checkpoint = &stretch.checkpoint;
    let hashes: Vec<u8> = stretch.hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    tx.prepare_cached(
        "INSERT OR IGNORE INTO stretch (device, seq_to, seq_from, previous, hashes, chain, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .and_then(|mut to| {
        let signature = checkpoint.signature.to_bytes().to_vec();
        to.execute(params![
            checkpoint.device,
            checkpoint.seq,
            stretch.from,
            stretch.previous,
            hashes,
            checkpoint.hash,
            signature
        ])
    })
    .map_err(ReplicaError::sql("keeping how a log is proved"))?;
    Ok(())
}

/// The stretch that proves a place.
fn stretch_at(connection: &Connection, place: (DeviceId, u64)) -> Result<Option<Stretch>, ReplicaError> {
    let found = connection
        .prepare_cached(
            "SELECT seq_to, seq_from, previous, hashes, chain, signature FROM stretch
             WHERE device = ?1 AND seq_to >= ?2 ORDER BY seq_to LIMIT 1",
        )
        .and_then(|mut from| {
            from.query_row(params![place.0, place.1], |row| {
                let hashes: Vec<u8> = row.get(3)?;
                let signature: [u8; 64] = row.get(5)?;
                let checkpoint = Checkpoint {
                    device: place.0,
                    seq: row.get(0)?,
                    hash: row.get(4)?,
                    signature: Signature::from_bytes(&signature),
                };
                let hashes = hashes.as_chunks::<32>().0.iter().map(|bytes| Hash::from_bytes(*bytes)).collect();
                Ok(Stretch { from: row.get(1)?, previous: row.get(2)?, hashes, checkpoint })
            })
            .optional()
        })
        .map_err(ReplicaError::sql("reading how a log is proved"))?;
    Ok(found.filter(|stretch| stretch.from <= place.1))
}

/// Keeps how the own log can be proved after this device has another name.
fn prove_own(tx: &Transaction<'_>, device: DeviceId, common: u64, key: &SigningKey) -> Result<(), ReplicaError> {
    let read = || {
        let mut from = tx.prepare(
            "SELECT seq, body_hash, chain FROM log WHERE device = ?1 AND seq <= ?2 AND chain IS NOT NULL
             UNION ALL SELECT seq, body_hash, chain FROM gone WHERE device = ?1 AND seq <= ?2 ORDER BY seq",
        )?;
        let rows = from.query_map(params![device, common], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, Hash>(1)?, row.get::<_, Hash>(2)?))
        })?;
        rows.collect::<Result<Vec<_>, _>>()
    };
    let own = read().map_err(ReplicaError::sql("reading the own log"))?;
    let mut previous = genesis(device);
    for part in own.chunks(MAX_BATCH_ENTRIES) {
        let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
        let checkpoint = Checkpoint::sign(key, device, last.0, last.2);
        let hashes = part.iter().map(|(_, hash, _)| *hash).collect();
        keep_stretch(tx, &Stretch { from: first.0, previous, hashes, checkpoint })?;
        previous = last.2;
    }
    Ok(())
}
