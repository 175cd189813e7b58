//! Photos and signatures on the tablet: what waits for the station and in which order, what a receipt covers, and what may
//! be dropped to free space.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::notes::{meta, set_meta};
use super::{Replica, ReplicaError};
use crate::hash::Hash;
use crate::ids::DeviceId;
use crate::sync::{Digest, MAX_BLOBS_ASKED, ReceiptBody, SMALL_BLOB_BYTES};
use crate::view::{Space, SyncSettings};

/// Bytes kept by their hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredBlob {
    /// Their hash.
    pub hash: Hash,
    /// Media type.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A blob that the station does not have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitingBlob {
    /// Its hash.
    pub hash: Hash,
    /// Media type.
    pub media_type: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// The address that the station gave an earlier attempt.
    pub upload: Option<String>,
}

/// A blob that is at the station, and a revision that names it: the station gives it to whoever may read the revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NamedBlob {
    /// Its hash.
    pub hash: Hash,
    /// The device in whose log the revision stands …
    pub device: DeviceId,
    /// … at this place.
    pub seq: u64,
}

impl Replica {
    /// The bytes behind a hash.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if they are not here, or not any more.
    pub fn blob(&self, hash: Hash) -> Result<StoredBlob, ReplicaError> {
        self.reading(|connection| {
            connection
                .prepare_cached("SELECT media_type, bytes FROM blob WHERE hash = ?1 AND bytes IS NOT NULL")
                .and_then(|mut from| {
                    from.query_row([hash], |row| Ok(StoredBlob { hash, media_type: row.get(0)?, bytes: row.get(1)? }))
                        .optional()
                })
                .map_err(ReplicaError::sql("reading a blob"))?
                .ok_or(ReplicaError::NotFound { what: "blob" })
        })
    }

    /// The next blob that the station does not have: what is small first, so that signatures go before photos, then the
    /// newest photo, which somebody may be waiting for. `photos`: whether photos may go now; `aside`: not these.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn next_blob(&self, photos: bool, aside: &[Hash]) -> Result<Option<WaitingBlob>, ReplicaError> {
        let doing = ReplicaError::sql("looking for a blob that waits");
        self.reading(|connection| {
            let next = |connection: &Connection| {
                let mut from = connection.prepare_cached(
                    "SELECT hash, media_type, size_bytes, upload FROM blob
                     WHERE state = 'waiting' AND (?2 OR size_bytes <= ?1)
                     ORDER BY size_bytes > ?1, iif(size_bytes > ?1, -rowid, size_bytes), rowid",
                )?;
                let mut rows = from.query(params![SMALL_BLOB_BYTES, photos])?;
                while let Some(row) = rows.next()? {
                    let hash = row.get(0)?;
                    if !aside.contains(&hash) {
                        let (media_type, size_bytes, upload) = (row.get(1)?, row.get(2)?, row.get(3)?);
                        return Ok(Some(WaitingBlob { hash, media_type, size_bytes, upload }));
                    }
                }
                Ok(None)
            };
            next(connection).map_err(doing)
        })
    }

    /// Notes the address of an upload, so that a later attempt goes on with it; `None`: there is none any more.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn upload_is_at(&mut self, hash: Hash, address: Option<&str>) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            tx.execute("UPDATE blob SET upload = ?2 WHERE hash = ?1", params![hash, address])
                .map_err(ReplicaError::sql("noting an upload"))?;
            Ok(())
        })
    }

    /// Notes that the station has verified a blob.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn blob_is_stored(&mut self, hash: Hash) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            tx.execute("UPDATE blob SET state = 'stored', upload = NULL WHERE hash = ?1 AND state = 'waiting'", [hash])
                .map_err(ReplicaError::sql("noting a stored blob"))?;
            Ok(())
        })
    }

    /// Lets blobs wait again that the station says it lacks. How many of them are still here to be sent.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn blobs_are_missing(&mut self, hashes: &[Hash]) -> Result<u64, ReplicaError> {
        self.writing(|tx| {
            let mut again = 0;
            for hash in hashes {
                let changed = tx
                    .prepare_cached(
                        "UPDATE blob SET state = 'waiting', covered = 0 WHERE hash = ?1 AND state = 'stored'",
                    )
                    .and_then(|mut to| to.execute([hash]))
                    .map_err(ReplicaError::sql("letting a blob wait again"))?;
                again += changed as u64;
            }
            Ok(again)
        })
    }

    /// How much could be freed.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn space(&self) -> Result<Space, ReplicaError> {
        self.reading(|connection| {
            connection
                .prepare_cached(&format!("SELECT coalesce(sum(size_bytes), 0), count(*) FROM blob WHERE {MAY_GO}"))
                .and_then(|mut from| {
                    from.query_row([], |row| Ok(Space { can_free_bytes: row.get(0)?, can_free: row.get(1)? }))
                })
                .map_err(ReplicaError::sql("counting what could be freed"))
        })
    }

    /// Drops bytes that can be had again: fetched ones and those that a receipt covers, the oldest first, until at least
    /// `target_bytes` are free or nothing more may go. Never what a draft or the station waits for. How many bytes.
    ///
    /// The file keeps its size; what is freed is used for what comes.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn free_space(&mut self, target_bytes: u64) -> Result<u64, ReplicaError> {
        let doing = ReplicaError::sql;
        self.writing(|tx| {
            let mut may_go = tx
                .prepare(&format!("SELECT hash, size_bytes FROM blob WHERE {MAY_GO} ORDER BY state, rowid"))
                .map_err(doing("looking for what may be freed"))?;
            let mut rows = may_go.query([]).map_err(doing("looking for what may be freed"))?;
            let mut going: Vec<Hash> = Vec::new();
            let mut freed = 0;
            while freed < target_bytes
                && let Some(row) = rows.next().map_err(doing("looking for what may be freed"))?
            {
                going.push(row.get(0).map_err(doing("looking for what may be freed"))?);
                freed += row.get::<_, u64>(1).map_err(doing("looking for what may be freed"))?;
            }
            for hash in going {
                tx.execute("DELETE FROM blob WHERE hash = ?1 AND state = 'fetched'", [hash])
                    .and_then(|_| {
                        tx.execute(
                            "UPDATE blob SET bytes = NULL, state = 'freed' WHERE hash = ?1 AND state = 'stored'",
                            [hash],
                        )
                    })
                    .map_err(doing("freeing space"))?;
            }
            Ok(freed)
        })
    }

    /// A revision that names a blob, to ask the station for it.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if none does.
    pub fn naming(&self, hash: Hash) -> Result<NamedBlob, ReplicaError> {
        self.reading(|connection| {
            connection
                .prepare_cached(
                    "SELECT device, seq FROM blob_named JOIN log USING (device, seq)
                     WHERE hash = ?1 AND position IS NOT NULL ORDER BY position DESC LIMIT 1",
                )
                .and_then(|mut from| {
                    from.query_row([hash], |row| Ok(NamedBlob { hash, device: row.get(0)?, seq: row.get(1)? }))
                        .optional()
                })
                .map_err(ReplicaError::sql("looking for who names a blob"))?
                .ok_or(ReplicaError::NotFound { what: "blob" })
        })
    }

    /// How many photos wait for the station, without what is small.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn photos_wait(&self) -> Result<u32, ReplicaError> {
        self.reading(|connection| {
            connection
                .prepare_cached("SELECT count(*) FROM blob WHERE state = 'waiting' AND size_bytes > ?1")
                .and_then(|mut from| from.query_row([SMALL_BLOB_BYTES], |row| row.get(0)))
                .map_err(ReplicaError::sql("counting photos that wait"))
        })
    }

    /// Whether changes made here wait for the station.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn has_unsent(&self, device: DeviceId) -> Result<bool, ReplicaError> {
        self.reading(|connection| {
            connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM log WHERE device = ?1 AND position IS NULL AND refused IS NULL)",
                )
                .and_then(|mut from| from.query_row([device], |row| row.get(0)))
                .map_err(ReplicaError::sql("looking whether anything waits"))
        })
    }

    /// How this tablet syncs.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn sync_settings(&self) -> Result<SyncSettings, ReplicaError> {
        let json: Option<String> = self.reading(|connection| meta(connection, "sync_settings"))?;
        json.map_or(Ok(SyncSettings::default()), |json| serde_json::from_str(&json).map_err(ReplicaError::Stored))
    }

    /// Sets how this tablet syncs.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_sync_settings(&mut self, settings: SyncSettings) -> Result<(), ReplicaError> {
        let json = serde_json::to_string(&settings).map_err(ReplicaError::Stored)?;
        self.writing(|tx| set_meta(tx, "sync_settings", &json))
    }

    /// Keeps bytes that were fetched from the station to be seen.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep_fetched(&mut self, blob: &StoredBlob) -> Result<(), ReplicaError> {
        self.writing(|tx| keep(tx, blob, "fetched"))
    }
}

/// What may be dropped: it can be had again.
const MAY_GO: &str = "state = 'fetched' OR (state = 'stored' AND covered = 1)";

/// Keeps bytes under a state; what is here keeps its own unless its bytes were not, or only to be seen.
pub(super) fn keep(tx: &Transaction<'_>, blob: &StoredBlob, state: &str) -> Result<(), ReplicaError> {
    tx.prepare_cached(
        "INSERT INTO blob (hash, media_type, size_bytes, bytes, state) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (hash) DO UPDATE SET
           bytes = excluded.bytes,
           state = CASE state WHEN 'freed' THEN 'stored' WHEN 'fetched' THEN excluded.state ELSE state END
         WHERE state IN ('freed', 'fetched')",
    )
    .and_then(|mut to| to.execute(params![blob.hash, blob.media_type, blob.bytes.len(), blob.bytes, state]))
    .map_err(ReplicaError::sql("keeping a blob"))?;
    Ok(())
}

/// A file of a finished form waits for the station.
pub(super) fn release(tx: &Transaction<'_>, hash: Hash) -> Result<(), ReplicaError> {
    tx.execute("UPDATE blob SET state = 'waiting' WHERE hash = ?1 AND state = 'draft'", [hash])
        .map_err(ReplicaError::sql("releasing a draft's files"))?;
    Ok(())
}

/// What [`named`] reads: a revision that is not here any more was confirmed before it went.
const NAMED: &str = "FROM blob_named LEFT JOIN log USING (device, seq)
    WHERE blob_named.device = ?1 AND (log.n IS NULL OR log.position IS NOT NULL)";

/// Count and digest of the blobs that confirmed revisions of a device name.
pub(super) fn named(connection: &Connection, device: DeviceId) -> Result<Digest, ReplicaError> {
    let doing = ReplicaError::sql;
    let mut from = connection
        .prepare_cached(&format!("SELECT DISTINCT hash {NAMED}"))
        .map_err(doing("reading which blobs are named"))?;
    let mut rows = from.query([device]).map_err(doing("reading which blobs are named"))?;
    let mut digest = Digest::default();
    while let Some(row) = rows.next().map_err(doing("reading which blobs are named"))? {
        digest.add(row.get(0).map_err(doing("reading which blobs are named"))?);
    }
    Ok(digest)
}

/// Notes that the station has the blobs that confirmed revisions of a device name, but for those it says it lacks: these wait.
#[cfg(feature = "bundle")]
pub(super) fn came(tx: &Transaction<'_>, device: DeviceId, missing: &[Hash]) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql;
    tx.prepare_cached(&format!(
        "UPDATE blob SET state = 'stored', upload = NULL WHERE state = 'waiting' AND hash IN (SELECT hash {NAMED})"
    ))
    .and_then(|mut to| to.execute([device]))
    .map_err(doing("noting which blobs came"))?;
    for hash in missing {
        tx.prepare_cached("UPDATE blob SET state = 'waiting', covered = 0 WHERE hash = ?1 AND state = 'stored'")
            .and_then(|mut to| to.execute([hash]))
            .map_err(doing("letting a blob wait again"))?;
    }
    Ok(())
}

/// Asks anew about the blobs that stand at a place of which no receipt of this device will state them: somebody else has brought
/// the revision, or it stands elsewhere now.
pub(super) fn ask_again(tx: &Transaction<'_>, place: (DeviceId, u64)) -> Result<(), ReplicaError> {
    tx.prepare_cached(
        "UPDATE blob SET state = 'waiting', covered = 0 WHERE state = 'stored'
           AND hash IN (SELECT hash FROM blob_named WHERE device = ?1 AND seq = ?2)",
    )
    .and_then(|mut to| to.execute(params![place.0, place.1]))
    .map_err(ReplicaError::sql("asking about blobs again"))?;
    Ok(())
}

/// Notes that a receipt states the named blobs that are at the station.
pub(super) fn cover(tx: &Transaction<'_>, device: DeviceId) -> Result<(), ReplicaError> {
    tx.prepare_cached(&format!(
        "UPDATE blob SET covered = 1 WHERE state = 'stored' AND covered = 0 AND hash IN (SELECT hash {NAMED})"
    ))
    .and_then(|mut to| to.execute([device]))
    .map_err(ReplicaError::sql("noting what a receipt covers"))?;
    Ok(())
}

/// So many photos of what this device handed over with its area stay here, the newest: the station may be put back to a copy.
const HANDED_OVER_KEPT: usize = MAX_BLOBS_ASKED / 2;

/// The blobs of revisions that went with their record to other tablets and of which the bytes are here still.
const HANDED_OVER: &str = "FROM gone JOIN blob_named USING (device, seq)
      JOIN blob INDEXED BY blob_as_it_stands ON blob.hash = blob_named.hash AND blob.state = 'stored' AND blob.covered = 1
    WHERE gone.device = ?1 AND NOT EXISTS (
      SELECT 1 FROM blob_named AS other JOIN log USING (device, seq) WHERE other.hash = blob.hash)";

/// What the station is asked about: blobs that no receipt has stated, then those handed over, because a tablet is not told what
/// is erased in areas that it does not hold.
pub(super) fn not_stated(connection: &Connection, device: DeviceId) -> Result<Vec<Hash>, ReplicaError> {
    let doing = ReplicaError::sql("looking for blobs to ask about");
    let read = || {
        let mut waiting = connection.prepare_cached(
            "SELECT hash FROM blob INDEXED BY blob_not_stated
             WHERE covered = 0 AND state IN ('waiting', 'stored') ORDER BY rowid DESC LIMIT ?1",
        )?;
        let mut asked = waiting.query_map([MAX_BLOBS_ASKED], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
        let mut handed_over =
            connection.prepare_cached(&format!("SELECT DISTINCT blob.hash {HANDED_OVER} LIMIT ?2"))?;
        let left = MAX_BLOBS_ASKED - asked.len();
        for hash in handed_over.query_map(params![device, left], |row| row.get(0))? {
            asked.push(hash?);
        }
        Ok(asked)
    };
    read().map_err(doing)
}

/// Notes what a receipt says about blobs that were asked about.
pub(super) fn are_stated(tx: &Transaction<'_>, said: &ReceiptBody) -> Result<(), ReplicaError> {
    for hash in &said.blobs_asked_stored {
        tx.prepare_cached(
            "UPDATE blob SET state = 'stored', upload = NULL, covered = 1
             WHERE hash = ?1 AND state IN ('waiting', 'stored')",
        )
        .and_then(|mut to| to.execute([hash]))
        .map_err(ReplicaError::sql("noting what a receipt states"))?;
    }
    Ok(())
}

/// Lets bytes go of what is not here any more: all of what was erased elsewhere, and of what was handed over the oldest of many.
pub(super) fn let_go(tx: &Transaction<'_>, device: DeviceId, erased: &[Hash]) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql;
    for hash in erased {
        tx.prepare_cached(
            "DELETE FROM blob_named WHERE device = ?1 AND hash = ?2
               AND seq IN (SELECT seq FROM gone WHERE gone.device = ?1)",
        )
        .and_then(|mut to| to.execute(params![device, hash]))
        .map_err(doing("forgetting what an erased revision named"))?;
        forget_unnamed(tx, *hash)?;
    }
    tx.prepare_cached(&format!(
        "DELETE FROM blob WHERE hash IN (
           SELECT hash FROM (SELECT DISTINCT blob.hash AS hash, blob.rowid AS r {HANDED_OVER})
           ORDER BY r DESC LIMIT -1 OFFSET ?2)"
    ))
    .and_then(|mut to| to.execute(params![device, HANDED_OVER_KEPT]))
    .map_err(doing("letting go of what was handed over"))?;
    Ok(())
}

/// Removes a blob that no revision names any more and no form has.
pub(super) fn forget_unnamed(tx: &Transaction<'_>, hash: Hash) -> Result<(), ReplicaError> {
    tx.prepare_cached(
        "DELETE FROM blob WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM blob_named WHERE hash = ?1)
         AND NOT EXISTS (SELECT 1 FROM attachment WHERE hash = ?1)",
    )
    .and_then(|mut to| to.execute([hash]))
    .map_err(ReplicaError::sql("erasing a blob"))?;
    Ok(())
}
