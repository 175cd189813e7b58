//! Devices: whose log they write, how far the station holds it, and whether they are still let in.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, OfficerId, StationId};
use ailchin_core::time::Instant;
use ailchin_core::world::World;
use ed25519_dalek::VerifyingKey;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use super::cells::{HashCell, cell, hash, instant, number};
use super::error::Fault;
use super::{Store, StoreError, accounts, station};

/// A device.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Its identifier.
    pub id: DeviceId,
    /// Whose it is; `None` for the console.
    pub officer: Option<OfficerId>,
    /// Its public key.
    pub key: VerifyingKey,
    /// Its log is held up to and including this place …
    pub seq: u64,
    /// … whose chain hash this is …
    pub chain: Hash,
    /// … and of which so many places were refused.
    pub refused: u64,
    /// When it was let in.
    pub enrolled_at: Instant,
    /// When it last pushed, pulled or asked.
    pub last_seen: Instant,
    /// When it was shut out.
    pub revoked_at: Option<Instant>,
}

impl Store {
    /// All devices of a station, by officer.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn devices(&self, station: StationId) -> Result<Vec<DeviceRow>, StoreError> {
        self.read("listing devices", |tx| list(tx, station))
    }

    /// Shuts a device out: its sessions end, its next contact is answered with `device_revoked`.
    ///
    /// # Errors
    /// `not_found` for a device that is not here.
    pub fn revoke(&self, station: StationId, device: DeviceId, world: &dyn World) -> Result<(), StoreError> {
        self.write("revoking a device", |tx| {
            let changed = tx.execute(
                "UPDATE device SET revoked_at = coalesce(revoked_at, ?3) WHERE station = ?1 AND device = ?2",
                (station, device, world.now().as_ms()),
            )?;
            if changed == 1 { Ok(()) } else { Err(Fault::Refused(Code::NotFound)) }
        })
    }

    /// Notes that a device was in contact.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn seen(&self, station: StationId, device: DeviceId, at: Instant) -> Result<(), StoreError> {
        self.write("noting a contact", |tx| {
            let mut statement = tx.prepare_cached(
                "UPDATE device SET last_seen = max(last_seen, ?3) WHERE station = ?1 AND device = ?2",
            )?;
            statement.execute((station, device, at.as_ms()))?;
            Ok(())
        })
    }
}

pub(super) fn list(connection: &Connection, station: StationId) -> Result<Vec<DeviceRow>, Fault> {
    let mut statement =
        connection.prepare("SELECT * FROM device WHERE station = ?1 ORDER BY officer, enrolled_at, device")?;
    let rows = statement.query_map([station], |row| Ok(from_row(row)))?.collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().collect()
}

/// The device, whoever's it is, revoked or not.
pub(super) fn find(connection: &Connection, station: StationId, device: DeviceId) -> Result<Option<DeviceRow>, Fault> {
    let mut statement = connection.prepare_cached("SELECT * FROM device WHERE station = ?1 AND device = ?2")?;
    statement.query_row((station, device), |row| Ok(from_row(row))).optional()?.transpose()
}

/// The device, if it is still let in.
pub(super) fn require(connection: &Connection, station: StationId, device: DeviceId) -> Result<DeviceRow, Fault> {
    let row = find(connection, station, device)?.ok_or(Code::DeviceUnknown)?;
    if row.revoked_at.is_some() { Err(Fault::Refused(Code::DeviceRevoked)) } else { Ok(row) }
}

/// The station of a device that says only its own name.
pub(super) fn station_of(connection: &Connection, device: DeviceId) -> Result<StationId, Fault> {
    let mut statement = connection.prepare_cached("SELECT station FROM device WHERE device = ?1")?;
    let station = statement.query_row([device], |row| row.get(0)).optional()?;
    station.ok_or(Fault::Refused(Code::DeviceUnknown))
}

/// The areas whose revisions a device holds; `None` for the console, which holds all.
pub(super) fn scopes(
    connection: &Connection,
    station: StationId,
    device: &DeviceRow,
) -> Result<Option<Vec<AreaId>>, Fault> {
    let Some(officer) = device.officer else { return Ok(None) };
    let root = station::require(connection, station)?.root;
    Ok(Some(accounts::scopes(connection, station, root, officer)?))
}

pub(super) fn insert(
    tx: &Transaction<'_>,
    station: StationId,
    device: DeviceId,
    officer: Option<OfficerId>,
    key: &VerifyingKey,
    genesis: Hash,
    now: Instant,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO device (station, device, officer, key, seq, chain, refused, enrolled_at, last_seen)
         VALUES (:station, :device, :officer, :key, 0, :chain, 0, :now, :now)",
        named_params! {
            ":station": station, ":device": device, ":officer": officer, ":key": key.as_bytes().as_slice(),
            ":chain": HashCell(genesis), ":now": now.as_ms(),
        },
    )
    .map(|_| ())
}

pub(super) fn set_head(
    tx: &Transaction<'_>,
    station: StationId,
    device: DeviceId,
    seq: u64,
    chain: Hash,
    refused: u64,
    now: Instant,
) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(
        "UPDATE device SET seq = :seq, chain = :chain, refused = :refused, last_seen = max(last_seen, :now)
         WHERE station = :station AND device = :device",
    )?;
    let row = named_params! {
        ":station": station, ":device": device, ":seq": cell(seq), ":chain": HashCell(chain), ":refused": cell(refused),
        ":now": now.as_ms(),
    };
    statement.execute(row).map(|_| ())
}

fn from_row(row: &Row<'_>) -> Result<DeviceRow, Fault> {
    let key = VerifyingKey::from_bytes(&row.get("key")?).map_err(|_| Fault::Unreadable)?;
    Ok(DeviceRow {
        id: row.get("device")?,
        officer: row.get("officer")?,
        key,
        seq: number(row, "seq")?,
        chain: hash(row, "chain")?,
        refused: number(row, "refused")?,
        enrolled_at: instant(row, "enrolled_at")?,
        last_seen: instant(row, "last_seen")?,
        revoked_at: row.get::<_, Option<i64>>("revoked_at")?.map(Instant::from_ms),
    })
}
