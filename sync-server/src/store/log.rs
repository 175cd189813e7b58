//! The log's rows and their places in the feed: appending at the next position, moving to another area, and what is held of
//! an area as of a position.

use std::collections::{BTreeMap, HashMap};

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, RecordId, StationId};
use ailchin_core::record::{Entry, blobs};
use ailchin_core::sync::{Digest, PushItem, Verdict};
use ailchin_core::time::Instant;

use super::error::Fault;
use super::place;
use super::sql::{Cell, Tx, cells};
use super::station::{self, StationRow};

/// Whose place a row of the feed names that is about a record.
const NOBODY: (DeviceId, u64) = (DeviceId::from_bytes([0; 16]), 0);

/// Appends to one station's log within one transaction. What [`Appender::finish`] was not called for has no positions.
pub(super) struct Appender<'a, 't> {
    pub(super) tx: &'a Tx<'t>,
    pub(super) station: StationId,
    pub(super) now: Instant,
    next: u64,
    held: HashMap<AreaId, Digest>,
    /// Rows of the feed that are not written yet.
    feed: Vec<FeedRow>,
    /// Whether revisions moved on to other positions.
    moved: bool,
}

/// How many rows of the feed are written with one statement, as long as so many are left.
const FEED_ROWS: [usize; 3] = [32, 8, 1];

const FEED_COLUMNS: [&str; 10] =
    ["station", "position", "area", "what", "device", "seq", "record", "body_hash", "area_count", "area_digest"];

/// A row of the feed.
struct FeedRow {
    position: u64,
    area: AreaId,
    what: u32,
    place: (DeviceId, u64),
    record: RecordId,
    body_hash: Hash,
    held: (u64, Hash),
}

impl FeedRow {
    fn cells<'r>(&'r self, station: &'r StationId) -> [Cell<'r>; FEED_COLUMNS.len()] {
        *cells![
            *station,
            self.position,
            self.area,
            self.what,
            self.place.0,
            self.place.1,
            self.record,
            self.body_hash,
            self.held.0,
            self.held.1
        ]
    }
}

/// The statement that writes so many rows.
fn insert_feed(rows: usize) -> String {
    let columns = FEED_COLUMNS.len();
    let row = |n: usize| {
        let cells: Vec<String> = (1..=columns).map(|column| format!("${}", n * columns + column)).collect();
        format!("({})", cells.join(", "))
    };
    let values: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO feed ({}) VALUES {}", FEED_COLUMNS.join(", "), values.join(", "))
}

/// What stands at a position of the feed.
#[derive(Clone, Copy)]
enum What {
    Revision = 0,
    Left = 2,
    Moved = 3,
}

impl<'a, 't> Appender<'a, 't> {
    pub(super) fn begin(tx: &'a Tx<'t>, station: &StationRow, now: Instant) -> Self {
        let next = station.next_position;
        Self { tx, station: station.id, now, next, held: HashMap::new(), feed: Vec::new(), moved: false }
    }

    /// Stores an entry with its chain hash, filed in an area, and the blobs it names; its position, or `None` if a revision of
    /// its name is stored already.
    pub(super) fn store(&mut self, entry: &Entry, chain: Hash, filed: AreaId) -> Result<Option<u64>, Fault> {
        let revision = &entry.revision;
        let stored = self.tx.execute(
            "INSERT INTO log (station, device, seq, id, record, kind, area, filed, position, body_hash, chain, stored_at, body)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (station, id) DO NOTHING",
            cells![
                self.station,
                revision.device,
                revision.seq,
                revision.id,
                revision.record,
                revision.kind.as_str(),
                revision.area,
                filed,
                self.next,
                entry.body_hash,
                chain,
                self.now,
                entry.body
            ],
        )?;
        if stored == 0 {
            return Ok(None);
        }
        for (blob, _) in blobs(&revision.fields) {
            self.tx.execute(
                "INSERT INTO blob_named (station, device, hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                cells![self.station, revision.device, blob],
            )?;
        }
        let mut digest = self.held(filed)?;
        digest.add(entry.body_hash);
        let position = self.next;
        self.feed(filed, What::Revision, (revision.device, revision.seq), revision.record, entry.body_hash, digest)?;
        Ok(Some(position))
    }

    /// Moves the revisions of a record to an area: each takes a new position there, and the areas where they stood are told
    /// that the record left.
    pub(super) fn refile(&mut self, record: RecordId, to: AreaId) -> Result<(), Fault> {
        let moving = self.tx.all(
            "SELECT device, seq, body_hash, filed, position FROM log WHERE station = $1 AND record = $2 AND filed <> $3
             ORDER BY position",
            cells![self.station, record, to],
            |row| {
                let place: (DeviceId, u64) = (row.get("device")?, row.get("seq")?);
                let (hash, filed): (Hash, AreaId) = (row.get("body_hash")?, row.get("filed")?);
                Ok((place, hash, filed, row.get::<u64>("position")?))
            },
        )?;
        self.moved |= !moving.is_empty();
        self.write_feed()?;
        let mut left: BTreeMap<AreaId, Digest> = BTreeMap::new();
        for ((device, seq), hash, from, before) in moving {
            left.entry(from).or_default().add(hash);
            self.tx.execute(
                "UPDATE feed SET what = 1 WHERE station = $1 AND position = $2",
                cells![self.station, before],
            )?;
            self.tx.execute(
                "UPDATE log SET filed = $1, position = $2 WHERE station = $3 AND device = $4 AND seq = $5",
                cells![to, self.next, self.station, device, seq],
            )?;
            let mut digest = self.held(to)?;
            digest.add(hash);
            self.feed(to, What::Moved, (device, seq), record, hash, digest)?;
        }
        for (area, gone) in left {
            let digest = self.held(area)?.without(gone);
            self.feed(area, What::Left, NOBODY, record, Hash::from_bytes([0; 32]), digest)?;
        }
        Ok(())
    }

    fn held(&self, area: AreaId) -> Result<Digest, Fault> {
        match self.held.get(&area) {
            Some(digest) => Ok(*digest),
            None => held(self.tx, self.station, area, u64::MAX),
        }
    }

    /// The next row of the feed. It stands there once [`Self::write_feed`] was called.
    fn feed(
        &mut self,
        area: AreaId,
        what: What,
        (device, seq): (DeviceId, u64),
        record: RecordId,
        body_hash: Hash,
        digest: Digest,
    ) -> Result<(), Fault> {
        self.feed.push(FeedRow {
            position: self.next,
            area,
            what: what as u32,
            place: (device, seq),
            record,
            body_hash,
            held: (digest.count, digest.sum()),
        });
        if self.feed.len() == FEED_ROWS[0] {
            self.write_feed()?;
        }
        self.held.insert(area, digest);
        self.next += 1;
        Ok(())
    }

    fn write_feed(&mut self) -> Result<(), Fault> {
        let rows = std::mem::take(&mut self.feed);
        let mut left = &rows[..];
        for at_once in FEED_ROWS {
            while let Some((now, rest)) = left.split_at_checked(at_once) {
                let cells: Vec<Cell<'_>> = now.iter().flat_map(|row| row.cells(&self.station)).collect();
                self.tx.execute(&insert_feed(at_once), &cells)?;
                left = rest;
            }
        }
        Ok(())
    }

    /// Takes a place in a device's log for a body that is not stored.
    pub(super) fn refuse(
        &self,
        device: DeviceId,
        seq: u64,
        body_hash: Hash,
        chain: Hash,
        code: Code,
    ) -> Result<(), Fault> {
        self.tx.execute(
            "INSERT INTO refused (station, device, seq, body_hash, chain, code, refused_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            cells![self.station, device, seq, body_hash, chain, code.as_str(), self.now],
        )?;
        Ok(())
    }

    /// What became of a place is told as it stands now: what came after it may have moved its record on.
    pub(super) fn restate(&self, device: DeviceId, item: &mut PushItem) -> Result<(), Fault> {
        if !self.moved || matches!(item.verdict, Verdict::Refused(_)) {
            return Ok(());
        }
        let place = place::find(self.tx, self.station, device, item.seq)?.ok_or(Fault::Unreadable)?;
        let at = place.position().ok_or(Fault::Unreadable)?;
        item.verdict = match item.verdict {
            Verdict::Stored(_) => Verdict::Stored(at),
            _ => Verdict::Duplicate(at),
        };
        item.filed = place.filed;
        Ok(())
    }

    /// Writes the next position down.
    pub(super) fn finish(mut self) -> Result<(), Fault> {
        self.write_feed()?;
        station::set_next_position(self.tx, self.station, self.next)
    }
}

/// Count and digest of an area as of `position`: one look into the index.
pub(super) fn held(tx: &Tx<'_>, station: StationId, area: AreaId, position: u64) -> Result<Digest, Fault> {
    let row = tx.optional(
        "SELECT area_count, area_digest FROM feed WHERE station = $1 AND area = $2 AND position <= $3
         ORDER BY position DESC LIMIT 1",
        cells![station, area, position],
        |row| Ok(Digest::from_parts(row.get("area_count")?, row.get("area_digest")?)),
    )?;
    Ok(row.unwrap_or_default())
}

/// The greatest position in an area; 0 if it is empty.
pub(super) fn newest(tx: &Tx<'_>, station: StationId, area: AreaId) -> Result<u64, Fault> {
    tx.one(
        "SELECT coalesce(max(position), 0) AS newest FROM feed WHERE station = $1 AND area = $2",
        cells![station, area],
        |row| row.get("newest"),
    )
}
