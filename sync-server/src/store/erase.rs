//! Erasing records: what the station writes about it, and what it leaves of them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, RecordId, StationId};
use ailchin_core::record::{BLOBS, Entry, EraseReason, Fields, Kind, REASON, Revision, blobs};
use ailchin_core::time::Instant;
use ailchin_core::world::World;
use serde_json::Value;

use super::error::Fault;
use super::log::Appender;
use super::records::RecordRow;
use super::sql::{Tx, cells};
use super::station::{self, ConsoleChange};
use super::{Store, StoreError, findings, records};

/// So many blobs are looked at in one transaction: whoever syncs waits no longer than that.
const AT_ONCE: usize = 200;

/// So many hashes an erasure tells at most: then it is far from being too large.
const MOST_BLOBS: usize = 2_000;

impl Store {
    /// Erases records, and with a household that asked for it everything that belongs to it: an erasure is written about each,
    /// bodies are replaced by tombstones, and blobs that nothing else names are let go. Erased twice is erased once. Which
    /// records were erased now.
    ///
    /// # Errors
    /// `not_found` for a record that is not here, `malformed` for one of a kind that only the station writes, or an area.
    pub fn erase(
        &self,
        station: StationId,
        which: &[RecordId],
        reason: EraseReason,
        world: &dyn World,
    ) -> Result<Vec<RecordId>, StoreError> {
        let console = self.console(station, world);
        let erased = self.write("erasing records", |tx| {
            station::require(tx, station)?;
            let mut erasing = BTreeSet::new();
            for record in which {
                if records::find(tx, station, *record)?.is_none() {
                    return Err(Code::NotFound.into());
                }
                let kinds: Vec<String> = tx.all(
                    "SELECT DISTINCT kind FROM log WHERE station = $1 AND record = $2",
                    cells![station, *record],
                    |row| row.get("kind"),
                )?;
                if kinds.iter().map(|kind| Kind::named(kind)).any(|kind| kind == Kind::Area || kind == Kind::Device) {
                    return Err(Code::Malformed.into());
                }
                erasing.insert(*record);
                if reason == EraseReason::Request {
                    erasing.extend(followers(tx, station, *record)?);
                }
            }
            write_erasures(tx, console, station, erasing, reason, world)
        })?;
        if !erased.is_empty() {
            self.overwrite_what_was_erased()?;
        }
        Ok(erased)
    }

    /// Lets blobs go that came before `then` and that no revision names: parts of a bundle whose rest never came, or came only
    /// as tombstones. A tablet keeps the bytes of a blob until a receipt states it, and a receipt states only what is named.
    /// How many.
    ///
    /// # Errors
    /// What the database says.
    pub fn let_unnamed_blobs_go(&self, station: StationId, then: Instant) -> Result<usize, StoreError> {
        let old: Vec<Hash> = self.read("looking for old blobs", |tx| {
            let sql = "SELECT hash FROM blob WHERE station = $1 AND stored_at < $2 ORDER BY hash";
            tx.all(sql, cells![station, then], |row| row.get("hash"))
        })?;
        let mut gone = 0;
        for some in old.chunks(AT_ONCE) {
            gone += self.write("letting blobs go that nothing names", |tx| {
                station::require(tx, station)?;
                let mut gone = 0;
                for hash in some {
                    if !is_named(tx, station, *hash)? {
                        doom(tx, station, *hash, false)?;
                        gone += 1;
                    }
                }
                Ok(gone)
            })?;
        }
        Ok(gone)
    }

    /// Blobs whose bytes are to go, each at most once.
    ///
    /// # Errors
    /// What the database says.
    pub fn doomed_blobs(&self) -> Result<Vec<Hash>, StoreError> {
        self.read("listing blobs that are to go", |tx| {
            tx.all("SELECT DISTINCT hash FROM doomed WHERE gone = 0 ORDER BY hash", &[], |row| row.get("hash"))
        })
    }

    /// Lets the bytes of a blob go by `remove`, unless some station has the blob after all. Whoever keeps the blob meanwhile waits
    /// until this is done, and looks afterwards whether the bytes are there.
    ///
    /// # Errors
    /// What the database or `remove` says; the blob stays on the list then.
    pub fn let_blob_go(
        &self,
        hash: Hash,
        mut remove: impl FnMut() -> Result<(), std::io::Error>,
    ) -> Result<(), StoreError> {
        self.write("letting the bytes of a blob go", |tx| {
            if tx.execute("UPDATE doomed SET gone = 1 WHERE hash = $1 AND gone = 0", cells![hash])? == 0 {
                return Ok(());
            }
            let kept = tx.exists(
                "SELECT 1 FROM station JOIN blob ON blob.station = station.station AND blob.hash = $1 LIMIT 1",
                cells![hash],
            )?;
            if kept { Ok(()) } else { remove().map_err(Fault::Sink) }
        })
    }
}

/// Writes that records were erased, which erases them here. Those that were erased before are left out.
fn write_erasures(
    tx: &Tx<'_>,
    console: DeviceId,
    station: StationId,
    which: BTreeSet<RecordId>,
    reason: EraseReason,
    world: &dyn World,
) -> Result<Vec<RecordId>, Fault> {
    let (mut changes, mut erased) = (Vec::new(), Vec::new());
    for record in which {
        let Some(row) = records::find(tx, station, record)?.filter(|row| row.erased.is_none()) else { continue };
        // Where it is filed now it stays, whatever may come of it later.
        let mut fields = Fields::from([(REASON.to_owned(), reason.as_str().into())]);
        let named = named_by(tx, station, record)?;
        if !named.is_empty() {
            fields.insert(BLOBS.to_owned(), named.into_iter().take(MOST_BLOBS).map(|hash| hash.to_string()).collect());
        }
        changes.push(ConsoleChange { record, kind: Kind::Erasure, area: row.filed, parents: Vec::new(), fields });
        erased.push(record);
    }
    station::author(tx, console, station, &changes, world)?;
    Ok(erased)
}

/// Erases what came for a household after it was erased on request.
pub(super) fn follow_households(
    tx: &Tx<'_>,
    store: &Store,
    station: StationId,
    came: &[RecordId],
    world: &dyn World,
) -> Result<(), Fault> {
    let late: BTreeSet<RecordId> = tx
        .all(
            "SELECT late.record AS record FROM record AS household
             JOIN record AS late ON late.station = household.station AND late.household = household.record
             WHERE household.station = $1 AND household.erased = $2 AND late.erased IS NULL",
            cells![station, EraseReason::Request.as_str()],
            |row| row.get("record"),
        )?
        .into_iter()
        .filter(|record| came.contains(record))
        .collect();
    if late.is_empty() {
        return Ok(());
    }
    let console = store.console(station, world);
    write_erasures(tx, console, station, late, EraseReason::Request, world).map(|_| ())
}

fn followers(tx: &Tx<'_>, station: StationId, household: RecordId) -> Result<Vec<RecordId>, Fault> {
    tx.all(
        "SELECT record FROM record WHERE station = $1 AND household = $2 ORDER BY record",
        cells![station, household],
        |row| row.get("record"),
    )
}

/// The blobs that the revisions of a record name.
fn named_by(tx: &Tx<'_>, station: StationId, record: RecordId) -> Result<BTreeSet<Hash>, Fault> {
    let mut named = BTreeSet::new();
    tx.each("SELECT body FROM log WHERE station = $1 AND record = $2", cells![station, record], |row| {
        let entry = Entry::read(row.get("body")?).map_err(|_| Fault::Unreadable)?;
        named.extend(blobs(&entry.revision.fields).map(|(hash, _)| hash));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(named)
}

/// A record was erased by this revision: leaves of its other revisions what their erasure leaves. Places, positions, hashes
/// and digests stay as they are. Of blobs this store may have the bytes and not the revisions, if it was put back to a copy.
pub(super) fn leave_tombstones(appender: &Appender<'_, '_>, erasure: &Revision) -> Result<(), Fault> {
    let (tx, station, record) = (appender.tx, appender.station, erasure.record);
    let bodies: Vec<String> =
        tx.all("SELECT body FROM log WHERE station = $1 AND record = $2", cells![station, record], |row| {
            row.get("body")
        })?;
    let mut named = BTreeSet::new();
    for body in bodies {
        let entry = Entry::read(body).map_err(|_| Fault::Unreadable)?;
        if entry.revision.kind == Kind::Erasure || entry.revision.is_tombstone() {
            continue;
        }
        let left = entry.erase();
        tx.execute(
            "UPDATE log SET id = $1, body = $2 WHERE station = $3 AND device = $4 AND seq = $5",
            cells![left.revision.id, left.body, station, left.revision.device, left.revision.seq],
        )?;
        named.extend(blobs(&entry.revision.fields).map(|(hash, _)| (entry.revision.device, hash)));
    }
    findings::forget(tx, station, record)?;
    for (device, hash) in named {
        unname(tx, station, device, hash)?;
    }
    let told = erasure.fields.get(BLOBS).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for hash in told.iter().filter_map(Value::as_str).filter_map(|hash| Hash::parse(hash).ok()) {
        doom(tx, station, hash, true)?;
    }
    Ok(())
}

/// Of a revision that came after its record was erased nothing is kept, nor the blobs that it names.
pub(super) fn doom_blobs_of(tx: &Tx<'_>, station: StationId, late: &Revision) -> Result<(), Fault> {
    blobs(&late.fields).try_for_each(|(hash, _)| doom(tx, station, hash, true))
}

/// A revision that named a blob was erased: the blob goes unless another one names it.
fn unname(tx: &Tx<'_>, station: StationId, device: DeviceId, hash: Hash) -> Result<(), Fault> {
    let mut still = false;
    // The hash is in the body of whatever names it; what it is there the body itself says.
    let text = format!("%{hash}%");
    tx.each(
        "SELECT body FROM log WHERE station = $1 AND device = $2 AND body LIKE $3",
        cells![station, device, text],
        |row| {
            let entry = Entry::read(row.get("body")?).map_err(|_| Fault::Unreadable)?;
            still = blobs(&entry.revision.fields).any(|(named, _)| named == hash);
            Ok(if still { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        },
    )?;
    if still {
        return Ok(());
    }
    tx.execute(
        "DELETE FROM blob_named WHERE station = $1 AND device = $2 AND hash = $3",
        cells![station, device, hash],
    )?;
    doom(tx, station, hash, true)
}

/// Lets a blob go, which an erased record named or nothing did for long, unless another one names it.
fn doom(tx: &Tx<'_>, station: StationId, hash: Hash, erased: bool) -> Result<(), Fault> {
    if is_named(tx, station, hash)? {
        return Ok(());
    }
    tx.execute("DELETE FROM blob WHERE station = $1 AND hash = $2", cells![station, hash])?;
    tx.execute(
        "INSERT INTO doomed (station, hash, erased, gone) VALUES ($1, $2, $3, 0)
         ON CONFLICT (station, hash) DO UPDATE SET gone = 0,
             erased = CASE excluded.erased WHEN 1 THEN 1 ELSE doomed.erased END",
        cells![station, hash, u32::from(erased)],
    )
    .map(|_| ())
}

/// Whether a blob that came may be kept: not if only erased records ever named it; then its bytes go again.
pub(super) fn lives(tx: &Tx<'_>, station: StationId, hash: Hash) -> Result<bool, Fault> {
    if !tx.exists("SELECT 1 FROM doomed WHERE station = $1 AND hash = $2", cells![station, hash])? {
        return Ok(true);
    }
    let named = is_named(tx, station, hash)?;
    let sql = match named {
        true => "DELETE FROM doomed WHERE station = $1 AND hash = $2",
        false => "UPDATE doomed SET gone = 0 WHERE station = $1 AND hash = $2",
    };
    tx.execute(sql, cells![station, hash])?;
    Ok(named)
}

/// Whether an erased record named a blob that nothing else names.
pub(super) fn is_erased(tx: &Tx<'_>, station: StationId, hash: Hash) -> Result<bool, Fault> {
    let erased = "SELECT 1 FROM doomed WHERE station = $1 AND hash = $2 AND erased = 1";
    Ok(tx.exists(erased, cells![station, hash])? && !is_named(tx, station, hash)?)
}

/// Whether a stored revision names a blob.
pub(super) fn is_named(tx: &Tx<'_>, station: StationId, hash: Hash) -> Result<bool, Fault> {
    // By its devices, because a blob_named row is found by its device.
    tx.exists(
        "SELECT 1 FROM device JOIN blob_named ON blob_named.station = device.station
             AND blob_named.device = device.device AND blob_named.hash = $1
         WHERE device.station = $2 LIMIT 1",
        cells![hash, station],
    )
}

/// Why an entry is not taken, although its author's log has it: only a tombstone came of what is not erased here.
pub(super) fn refusal(entry: &Entry, row: Option<&RecordRow>) -> Option<Code> {
    let erased = row.is_some_and(|row| row.erased.is_some());
    (entry.revision.is_tombstone() && !erased).then_some(Code::BodyGone)
}
