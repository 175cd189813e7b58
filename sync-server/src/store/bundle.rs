//! Bundles: the key that opens them, which parts were taken, and what an answer is made of.

use ailchin_core::bundle::{Ask, Content, Head, SealingKey};
use ailchin_core::error::Code;
use ailchin_core::ids::{AreaId, BundleId, DeviceId, StationId};
use ailchin_core::sync::{PushItem, ScopeDigest, Sealing, Verdict};
use ailchin_core::time::Instant;
use ed25519_dalek::SigningKey;

use super::device::DeviceRow;
use super::error::Fault;
use super::sql::{Row, Tx, cells};
use super::station::StationRow;
use super::{Store, StoreError, device, log, station};

/// A bundle of which a part was taken.
#[derive(Clone, Debug)]
pub struct BundleRow {
    /// The tablet.
    pub device: DeviceId,
    /// The bundle.
    pub id: BundleId,
    /// So many parts it has.
    pub parts: u32,
    /// What the tablet wants to know.
    pub ask: Ask,
    /// When a part of it was last taken.
    pub came_at: Instant,
    /// Its parts that were never taken.
    pub missing: Vec<u32>,
}

impl Store {
    /// The key that opens what is sealed to a station, the same in every copy of its store.
    ///
    /// # Errors
    /// `not_found` for a station that is not here.
    pub fn sealing_key(&self, station: StationId) -> Result<SealingKey, StoreError> {
        self.read("finding the key of bundles", |tx| key(tx, &station::require(tx, station)?))
    }

    /// A device, whoever's it is, shut out or not.
    ///
    /// # Errors
    /// `device_unknown`.
    pub fn device(&self, station: StationId, device: DeviceId) -> Result<DeviceRow, StoreError> {
        self.read("finding a device", |tx| {
            device::find(tx, station, device)?.ok_or(Fault::Refused(Code::DeviceUnknown))
        })
    }

    /// Notes that a part was taken; noted twice is noted once.
    ///
    /// # Errors
    /// What the database says.
    pub fn keep_part(&self, head: &Head, now: Instant) -> Result<(), StoreError> {
        self.write("noting a part of a bundle", |tx| {
            let Content::Ask(ask) = &head.content else { return Err(Fault::Unreadable) };
            let ask = serde_json::to_string(ask).map_err(|_| Fault::Unreadable)?;
            station::require(tx, head.station)?;
            tx.execute(
                "INSERT INTO bundle (station, device, bundle, parts, ask, came_at) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (station, device, bundle) DO UPDATE SET came_at = excluded.came_at",
                cells![head.station, head.device, head.bundle, head.parts, ask, now],
            )?;
            tx.execute(
                "INSERT INTO bundle_part (station, device, bundle, part, came_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT DO NOTHING",
                cells![head.station, head.device, head.bundle, head.part, now],
            )
            .map(|_| ())
        })
    }

    /// The bundles of a station, the newest last.
    ///
    /// # Errors
    /// What the database says.
    pub fn bundles(&self, station: StationId) -> Result<Vec<BundleRow>, StoreError> {
        self.read("listing bundles", |tx| {
            let mut rows =
                tx.all("SELECT * FROM bundle WHERE station = $1 ORDER BY came_at, bundle", cells![station], from_row)?;
            rows.iter_mut().try_for_each(|row| find_missing(tx, station, row))?;
            Ok(rows)
        })
    }

    /// The bundle of a device of which a part was last taken.
    ///
    /// # Errors
    /// `not_found` if none ever came.
    pub fn last_bundle(&self, station: StationId, device: DeviceId) -> Result<BundleRow, StoreError> {
        self.read("finding a bundle", |tx| {
            let mut row = tx
                .optional(
                    "SELECT * FROM bundle WHERE station = $1 AND device = $2 ORDER BY came_at DESC, bundle DESC LIMIT 1",
                    cells![station, device],
                    from_row,
                )?
                .ok_or(Fault::Refused(Code::NotFound))?;
            find_missing(tx, station, &mut row)?;
            Ok(row)
        })
    }

    /// What became of the places of a device's log from `first` on.
    ///
    /// # Errors
    /// What the database says.
    pub fn verdicts(&self, station: StationId, device: DeviceId, first: u64) -> Result<Vec<PushItem>, StoreError> {
        self.read("reading verdicts", |tx| {
            let asked = cells![station, device, first];
            let mut items = tx.all(
                "SELECT seq, position, area, filed FROM log WHERE station = $1 AND device = $2 AND seq >= $3",
                asked,
                |row| {
                    let (area, filed): (AreaId, AreaId) = (row.get("area")?, row.get("filed")?);
                    let filed = (filed != area).then_some(filed);
                    Ok(PushItem { seq: row.get("seq")?, verdict: Verdict::Duplicate(row.get("position")?), filed })
                },
            )?;
            items.extend(tx.all(
                "SELECT seq, code FROM refused WHERE station = $1 AND device = $2 AND seq >= $3",
                asked,
                |row| {
                    let code = row.text("code")?;
                    let code = Code::ALL.iter().copied().find(|known| known.as_str() == code).unwrap_or(Code::Unknown);
                    Ok(PushItem { seq: row.get("seq")?, verdict: Verdict::Refused(code), filed: None })
                },
            )?);
            items.sort_unstable_by_key(|item| item.seq);
            Ok(items)
        })
    }

    /// What a device that has the feed up to a position, and its verdicts, holds of each of its scopes.
    ///
    /// # Errors
    /// `device_unknown`, `device_revoked`.
    pub fn held_by(&self, station: StationId, device: DeviceId, position: u64) -> Result<Vec<ScopeDigest>, StoreError> {
        self.read("counting what a device will hold", |tx| {
            let author = device::require(tx, station, device)?;
            let areas: Vec<AreaId> = device::scopes(tx, station, &author)?.unwrap_or_default();
            let held = |area| Ok(ScopeDigest { area, digest: log::held(tx, station, area, position)? });
            areas.into_iter().map(held).collect()
        })
    }

    /// The key that signs what the station states.
    pub(crate) fn signing_key(&self, station: StationId) -> Result<SigningKey, StoreError> {
        self.read("finding the key of the station", |tx| Ok(station::require(tx, station)?.signing_key.key()))
    }
}

/// The station's statement to whom bundles are sealed. The caller holds the station's row.
pub(super) fn sealing(tx: &Tx<'_>, station: StationId) -> Result<Sealing, Fault> {
    let row = station::require(tx, station)?;
    let recipient = key(tx, &row)?.recipient().map_err(|_| Fault::Unreadable)?;
    Ok(Sealing::sign(&row.signing_key.key(), station, recipient))
}

/// Older programs made a key of its own and kept it.
fn key(tx: &Tx<'_>, station: &StationRow) -> Result<SealingKey, Fault> {
    let kept = tx.optional("SELECT key FROM sealing WHERE station = $1", cells![station.id], |row| row.get("key"))?;
    Ok(kept.map_or_else(|| SealingKey::of(&station.signing_key.key()), SealingKey::from_bytes))
}

fn from_row(row: &Row<'_>) -> Result<BundleRow, Fault> {
    Ok(BundleRow {
        device: row.get("device")?,
        id: row.get("bundle")?,
        parts: row.get("parts")?,
        ask: serde_json::from_str(row.text("ask")?).map_err(|_| Fault::Unreadable)?,
        came_at: row.get("came_at")?,
        missing: Vec::new(),
    })
}

fn find_missing(tx: &Tx<'_>, station: StationId, row: &mut BundleRow) -> Result<(), Fault> {
    let came: Vec<u32> = tx.all(
        "SELECT part FROM bundle_part WHERE station = $1 AND device = $2 AND bundle = $3",
        cells![station, row.device, row.id],
        |part| part.get("part"),
    )?;
    row.missing = (1..=row.parts).filter(|part| !came.contains(part)).collect();
    Ok(())
}
