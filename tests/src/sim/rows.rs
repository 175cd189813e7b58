//! What lies in the station's file and folder, read beside the store.

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, RecordId, RevisionId};
use ailchin_core::record::{Entry, blobs};
use ailchin_server::blobs::Blobs;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::station::Station;

/// A row of the station's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) position: u64,
    pub(super) id: RevisionId,
    pub(super) record: RecordId,
    /// Where it is filed.
    pub(super) area: AreaId,
    pub(super) device: DeviceId,
    pub(super) seq: u64,
    pub(super) hash: Hash,
    pub(super) body: String,
    pub(super) blobs: Vec<Hash>,
}

impl Station {
    /// Reads the file beside the store.
    pub(super) fn peek<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        read(&Connection::open(&self.path).unwrap()).unwrap()
    }

    /// The life of the store.
    pub(super) fn epoch(&self) -> EpochId {
        self.peek(|at| at.query_row("SELECT epoch FROM station", [], |row| row.get(0)))
    }

    /// The log in the order of positions.
    pub(super) fn rows(&self) -> Vec<Row> {
        self.peek(|at| {
            let sql = "SELECT position, id, record, filed, device, seq, body_hash, body FROM log ORDER BY position";
            let mut statement = at.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                let body: String = row.get(7)?;
                let named = Entry::read(body.clone())
                    .map(|entry| blobs(&entry.revision.fields).map(|(hash, _)| hash).collect());
                Ok(Row {
                    position: row.get(0)?,
                    id: row.get(1)?,
                    record: row.get(2)?,
                    area: row.get(3)?,
                    device: row.get(4)?,
                    seq: row.get(5)?,
                    hash: row.get(6)?,
                    body,
                    blobs: named.unwrap_or_default(),
                })
            })?;
            rows.collect()
        })
    }

    /// What stands at each position: the hash of a revision (of zeros for a record that left), its area, and whether it stands
    /// further on now.
    pub(super) fn feed(&self) -> Vec<(u64, Hash, AreaId, bool)> {
        self.peek(|at| {
            let mut from = at.prepare("SELECT position, body_hash, area, what = 1 FROM feed ORDER BY position")?;
            from.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
        })
    }

    /// What the station keeps as held of an area as of a position.
    pub(super) fn kept(&self, area: AreaId, position: u64) -> (u64, Hash) {
        let sql = "SELECT area_count, area_digest FROM feed WHERE area = ?1 AND position <= ?2
                   ORDER BY position DESC LIMIT 1";
        let kept =
            self.peek(|at| at.query_row(sql, params![area, position], |row| Ok((row.get(0)?, row.get(1)?))).optional());
        kept.unwrap_or((0, Hash::from_bytes([0; 32])))
    }

    /// The position of a place of a device's log.
    pub(super) fn stands_at(&self, device: DeviceId, seq: u64) -> Option<u64> {
        let sql = "SELECT position FROM log WHERE device = ?1 AND seq = ?2";
        self.peek(|at| at.query_row(sql, params![device, seq], |row| row.get(0)).optional())
    }

    /// Whether the bytes of a blob are here, and are those of its name.
    pub(super) fn has_bytes(&self, hash: Hash) -> bool {
        std::fs::read(self.folder.join(Blobs::path(hash))).is_ok_and(|bytes| Hash::of(&bytes) == hash)
    }
}
