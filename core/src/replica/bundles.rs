//! What bundles read from a replica and keep in it.

use rusqlite::{OptionalExtension as _, params};

use super::exchange::{confirmed_as_of, first_unsent, newest_receipt, outbox_from, scope_ids};
use super::notes::{meta, set_meta};
use super::{OutboxBatch, Replica, ReplicaError, WaitingBlob, blobs, handover};
use crate::bundle::SealingKey;
use crate::ids::{AreaId, BundleId, DeviceId, EpochId};
use crate::sync::{Receipt, ReceiptBody, SMALL_BLOB_BYTES};
use crate::time::Instant;
use crate::view::BundleLine;
use crate::world::World;

/// So many bundles are shown.
const SHOWN: u32 = 20;

/// A bundle that was written into files.
pub type ExportNote = BundleLine;

impl Replica {
    /// To whom bundles for the station are sealed; `None` as long as the station has not told.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn sealing(&self) -> Result<Option<String>, ReplicaError> {
        self.reading(|connection| meta(connection, "sealing"))
    }

    /// Keeps to whom bundles for the station are sealed. The caller has checked that the station says so.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep_sealing(&mut self, recipient: &str) -> Result<(), ReplicaError> {
        self.writing(|tx| set_meta(tx, "sealing", &recipient))
    }

    /// The key that opens the station's answers. It is made if there is none.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn sealing_key(&mut self, world: &dyn World) -> Result<SealingKey, ReplicaError> {
        self.writing(|tx| {
            if let Some(kept) = meta::<[u8; 32]>(tx, "sealing_key")? {
                return Ok(SealingKey::from_bytes(kept));
            }
            let key = SealingKey::new(world);
            set_meta(tx, "sealing_key", key.expose())?;
            Ok(key)
        })
    }

    /// The first own place for which there is no verdict: of an entry, or of the next one to be written.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn first_unsent(&self, device: DeviceId) -> Result<u64, ReplicaError> {
        self.reading(|connection| match first_unsent(connection, device)? {
            Some(first) => Ok(first),
            None => connection
                .query_row(
                    "SELECT max(
                       (SELECT coalesce(max(seq), 0) FROM log WHERE device = ?1),
                       (SELECT coalesce(max(seq), 0) FROM gone WHERE device = ?1)) + 1",
                    [device],
                    |row| row.get(0),
                )
                .map_err(ReplicaError::sql("looking for the end of the log")),
        })
    }

    /// Own entries from a place on, at most 1,000 and 4 MiB; `None` if there are none.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn outbox_from(&self, device: DeviceId, from: u64) -> Result<Option<OutboxBatch>, ReplicaError> {
        self.reading(|connection| outbox_from(connection, device, from))
    }

    /// All blobs that the station does not have, what is small first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn waiting_blobs(&self) -> Result<Vec<WaitingBlob>, ReplicaError> {
        let doing = ReplicaError::sql;
        self.reading(|connection| {
            let mut from = connection
                .prepare_cached(
                    "SELECT hash, media_type, size_bytes, upload FROM blob WHERE state = 'waiting'
                     ORDER BY size_bytes > ?1, rowid",
                )
                .map_err(doing("listing blobs that wait"))?;
            let rows = from
                .query_map([SMALL_BLOB_BYTES], |row| {
                    let (hash, media_type) = (row.get(0)?, row.get(1)?);
                    Ok(WaitingBlob { hash, media_type, size_bytes: row.get(2)?, upload: row.get(3)? })
                })
                .map_err(doing("listing blobs that wait"))?;
            rows.collect::<Result<_, _>>().map_err(doing("listing blobs that wait"))
        })
    }

    /// Keeps that a bundle was written, under the life of the station's store and for the areas that were known then.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep_export(&mut self, note: &ExportNote, epoch: Option<EpochId>) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            let told = handover::scopes_told(tx)?;
            tx.execute(
                "INSERT INTO bundle (id, at_ms, epoch, scopes_told, parts, bytes, revisions, blobs)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![note.id, note.at.as_ms(), epoch, told, note.parts, note.bytes, note.revisions, note.blobs],
            )
            .map_err(ReplicaError::sql("noting a bundle"))?;
            Ok(())
        })
    }

    /// The bundles that were written, the newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn exports(&self) -> Result<Vec<ExportNote>, ReplicaError> {
        let doing = ReplicaError::sql;
        self.reading(|connection| {
            let mut from = connection
                .prepare_cached(
                    "SELECT id, at_ms, parts, bytes, revisions, blobs, answered_ms FROM bundle
                     ORDER BY at_ms DESC, id DESC LIMIT ?1",
                )
                .map_err(doing("listing bundles"))?;
            let rows = from
                .query_map([SHOWN], |row| {
                    Ok(ExportNote {
                        id: row.get(0)?,
                        at: Instant::from_ms(row.get(1)?),
                        parts: row.get(2)?,
                        bytes: row.get(3)?,
                        revisions: row.get(4)?,
                        blobs: row.get(5)?,
                        answered_at: row.get::<_, Option<i64>>(6)?.map(Instant::from_ms),
                    })
                })
                .map_err(doing("listing bundles"))?;
            rows.collect::<Result<_, _>>().map_err(doing("listing bundles"))
        })
    }

    /// Whether a bundle was written here, and nothing has been learned of another life of the station's store since.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn still_asks(&self, bundle: BundleId) -> Result<bool, ReplicaError> {
        self.reading(|connection| {
            let known: Option<EpochId> = meta(connection, "epoch")?;
            let asked: Option<Option<EpochId>> = connection
                .query_row("SELECT epoch FROM bundle WHERE id = ?1", [bundle], |row| row.get(0))
                .optional()
                .map_err(ReplicaError::sql("looking for a bundle"))?;
            Ok(asked == Some(known))
        })
    }

    /// Whether these are the areas of this device as far as is known: it holds just these, or has learned of no others since it
    /// asked.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn still_in(&self, bundle: BundleId, scopes: &[AreaId]) -> Result<bool, ReplicaError> {
        self.reading(|connection| {
            let mut named = scopes.to_vec();
            named.sort_unstable();
            if named == scope_ids(connection)? {
                return Ok(true);
            }
            let asked: Option<u64> = connection
                .query_row("SELECT scopes_told FROM bundle WHERE id = ?1", [bundle], |row| row.get(0))
                .optional()
                .map_err(ReplicaError::sql("looking for a bundle"))?;
            Ok(asked == Some(handover::scopes_told(connection)?))
        })
    }

    /// Whether there is a receipt already that states what this one does, or more.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn outdates(&self, stated: &ReceiptBody) -> Result<bool, ReplicaError> {
        self.reading(|connection| {
            let kept = newest_receipt(connection)?.map(|(body, ..)| body);
            let further = |kept: &ReceiptBody| kept.epoch == stated.epoch && kept.position > stated.position;
            Ok(kept.is_some_and(|kept| kept.id == stated.id || further(&kept)))
        })
    }

    /// Compares a receipt that came in an answer with what is held as of its position. If both are the same, it is kept, and
    /// with it that the station has the blobs it states.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn take_receipt(
        &mut self,
        device: DeviceId,
        bundle: BundleId,
        receipt: &Receipt,
        now: Instant,
    ) -> Result<bool, ReplicaError> {
        let body: ReceiptBody = serde_json::from_str(&receipt.body).map_err(ReplicaError::Stored)?;
        let agreed = self.writing(|tx| {
            let mut stated = body.scopes.clone();
            stated.sort_unstable_by_key(|scope| scope.area);
            if meta(tx, "epoch")? != Some(body.epoch) || confirmed_as_of(tx, &scope_ids(tx)?, body.position)? != stated
            {
                return Ok(false);
            }
            if body.agrees_on_blobs(blobs::named(tx, device)?) {
                blobs::came(tx, device, &body.blobs_missing)?;
            }
            tx.execute(
                "UPDATE bundle SET answered_ms = coalesce(answered_ms, ?2) WHERE id = ?1",
                params![bundle, now.as_ms()],
            )
            .map_err(ReplicaError::sql("noting that a bundle is answered"))?;
            Ok(true)
        })?;
        if agreed {
            self.keep_receipt(device, receipt)?;
        }
        Ok(agreed)
    }
}
