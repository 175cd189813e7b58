//! Which areas an officer's tablets hold, given and taken after the officer was made.
//!
//! The officer's tablets are logged out with the change: at their next contact they log in anew and are told their areas.

use ailchin_core::error::Code;
use ailchin_core::ids::{AreaId, OfficerId, StationId};

use super::accounts::{OfficerRow, require_officer};
use super::error::Fault;
use super::sql::{Tx, cells};
use super::{Store, StoreError, area, station};

impl Store {
    /// Gives an officer areas, by code or identifier; one that is held already, as the root always is, is held once.
    ///
    /// # Errors
    /// `not_found` for an officer or an area that is not here; nothing is given then.
    pub fn give_areas(
        &self,
        station: StationId,
        officer: OfficerId,
        areas: &[String],
    ) -> Result<OfficerRow, StoreError> {
        self.write("giving an officer areas", |tx| {
            change(tx, station, officer, areas, |area| {
                tx.execute(
                    "INSERT INTO officer_area (station, officer, area) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                    cells![station, officer, area],
                )
                .map(|_| ())
            })
        })
    }

    /// Takes areas from an officer, by code or identifier; one that is not held stays so. What the officer's tablets hold of
    /// them goes once the station has all of it.
    ///
    /// # Errors
    /// `not_found` for an officer or an area that is not here; `out_of_scope` for the root, which every tablet holds. Nothing is
    /// taken then.
    pub fn take_areas(
        &self,
        station: StationId,
        officer: OfficerId,
        areas: &[String],
    ) -> Result<OfficerRow, StoreError> {
        self.write("taking areas from an officer", |tx| {
            let root = station::require(tx, station)?.root;
            change(tx, station, officer, areas, |area| {
                if area == root {
                    return Err(Fault::Refused(Code::OutOfScope));
                }
                tx.execute(
                    "DELETE FROM officer_area WHERE station = $1 AND officer = $2 AND area = $3",
                    cells![station, officer, area],
                )
                .map(|_| ())
            })
        })
    }
}

fn change(
    tx: &Tx<'_>,
    station: StationId,
    officer: OfficerId,
    areas: &[String],
    each: impl Fn(AreaId) -> Result<(), Fault>,
) -> Result<OfficerRow, Fault> {
    station::require(tx, station)?;
    require_officer(tx, station, officer)?;
    for text in areas {
        each(area::find(tx, station, text)?.ok_or(Code::NotFound)?.id)?;
    }
    tx.execute(
        "DELETE FROM session WHERE station = $1
         AND device IN (SELECT device FROM device WHERE station = $1 AND officer = $2)",
        cells![station, officer],
    )?;
    require_officer(tx, station, officer)
}
