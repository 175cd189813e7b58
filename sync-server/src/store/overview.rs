//! The chief's first look: which tablets were here when, and how much the station holds.

use ailchin_core::ids::{DeviceId, StationId};
use ailchin_core::record::Names;
use ailchin_core::time::Instant;
use serde::Serialize;

use super::accounts::require_officer;
use super::error::Fault;
use super::sql::{Tx, cells};
use super::{Store, StoreError, device, station};

/// What the console shows first.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Overview {
    /// The station's name.
    pub station_name: Names,
    /// Revisions stored.
    pub revisions: u64,
    /// One for each tablet that is let in.
    pub tablets: Vec<TabletOverview>,
}

/// A tablet as the console shows it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TabletOverview {
    /// The tablet.
    pub device: DeviceId,
    /// Its officer.
    pub officer_name: Names,
    /// Last contact.
    pub last_seen: Instant,
    /// Last receipt; `None` before the first.
    pub last_receipt: Option<Instant>,
    /// Revisions stored.
    pub stored: u64,
    /// Revisions refused.
    pub refused: u64,
}

impl Store {
    /// The chief's first look.
    ///
    /// # Errors
    /// What the database says.
    pub fn overview(&self, station: StationId) -> Result<Overview, StoreError> {
        self.read("looking over the station", |tx| {
            let station = station::require(tx, station)?;
            let mut tablets = Vec::new();
            for row in device::list(tx, station.id)? {
                let Some(officer) = row.officer.filter(|_| row.revoked_at.is_none()) else { continue };
                tablets.push(TabletOverview {
                    device: row.id,
                    officer_name: require_officer(tx, station.id, officer)?.name,
                    last_seen: row.last_seen,
                    last_receipt: last_receipt(tx, station.id, row.id)?,
                    stored: row.seq - row.refused,
                    refused: row.refused,
                });
            }
            Ok(Overview {
                station_name: station.name,
                revisions: tx
                    .one("SELECT count(*) AS n FROM log WHERE station = $1", cells![station.id], |row| row.get("n"))?,
                tablets,
            })
        })
    }
}

fn last_receipt(tx: &Tx<'_>, station: StationId, device: DeviceId) -> Result<Option<Instant>, Fault> {
    tx.one("SELECT max(at) AS last FROM receipt WHERE station = $1 AND device = $2", cells![station, device], |row| {
        row.get("last")
    })
}
