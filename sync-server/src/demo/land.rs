//! An invented sumu: the station, ten gacha 30–75 km around it, camps around each gacha.
//!
//! The middle lies in open grassland; no settlement is meant.

use std::f64::consts::TAU;

use ailchin_core::ids::{AreaId, StationId};
use ailchin_core::record::{Level, Names};
use ailchin_core::world::World;
use serde_json::{Value, json};

use super::chance::Chance;
use super::names::{self, Name};
use crate::store::{AreaRow, NewStation, Store, StoreError};

/// Degrees.
const STATION_LAT: f64 = 42.3;
const STATION_LON: f64 = 109.4;

/// Kilometres in a degree of latitude.
const DEGREE_KM: f64 = 111.2;

/// A road is so much longer than the straight line.
const ROAD: f64 = 1.2;

/// Codes below the autonomous region that the national standard has not given to any league.
const LEAGUE_CODE: &str = "159800";
const BANNER_CODE: &str = "159824";
const SUMU_CODE: &str = "159824201";

/// Where something is, in kilometres east and north of the station.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    east_km: f64,
    north_km: f64,
}

impl Spot {
    fn polar(km: f64, turn: f64) -> Self {
        Self { east_km: km * (turn * TAU).sin(), north_km: km * (turn * TAU).cos() }
    }

    /// Another spot up to `km` away.
    pub(super) fn near(self, chance: Chance<'_>, km: f64) -> Self {
        let step = Self::polar(km * chance.fraction().sqrt(), chance.fraction());
        Self { east_km: self.east_km + step.east_km, north_km: self.north_km + step.north_km }
    }

    /// Latitude and longitude in degrees, to about a metre.
    pub(super) fn degrees(self) -> (f64, f64) {
        let lat = STATION_LAT + self.north_km / DEGREE_KM;
        let lon = STATION_LON + self.east_km / (DEGREE_KM * STATION_LAT.to_radians().cos());
        (round(lat, 1e5), round(lon, 1e5))
    }

    /// By road from the station.
    pub(super) fn road_km(self) -> f64 {
        round(self.east_km.hypot(self.north_km) * ROAD, 10.0)
    }

    /// The value of a household's place.
    pub(super) fn place(self, name: Name) -> Value {
        let (lat, lon) = self.degrees();
        json!({ "name": three(name), "lat": lat, "lon": lon, "distance_km": self.road_km() })
    }
}

fn round(number: f64, steps: f64) -> f64 {
    (number * steps).round() / steps
}

/// A name in three scripts.
pub(super) fn three(name: Name) -> Names {
    Names { zh: name.zh.to_owned(), mong: name.mong.to_owned(), cyrl: name.cyrl.to_owned() }
}

/// A gacha and its middle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gacha {
    pub(super) area: AreaId,
    pub(super) middle: Spot,
}

/// The station with its areas.
pub(super) struct Land {
    pub(super) station: StationId,
    pub(super) gacha: Vec<Gacha>,
    pub(super) areas: u64,
}

const GACHA: usize = 10;

/// Makes the station and its areas.
pub(super) fn settle(store: &Store, world: &dyn World) -> Result<Land, StoreError> {
    let upper = |index: usize| names::upper_areas().get(index).copied().map(three).unwrap_or_default();
    let (league, banner) = (AreaId::new(world), AreaId::new(world));
    let station = store.create_station(
        &NewStation {
            name: names::station().first().copied().map(three).unwrap_or_default(),
            root_name: upper(2),
            root_level: Level::Sumu,
            root_code: SUMU_CODE.to_owned(),
            root_parent: Some(banner),
        },
        world,
    )?;
    let area = |id, parent, level, code: &str, name| AreaRow { id, parent, level, code: code.to_owned(), name };
    let mut areas = vec![
        area(league, None, Level::League, LEAGUE_CODE, upper(0)),
        area(banner, Some(league), Level::Banner, BANNER_CODE, upper(1)),
    ];
    let chance = Chance(world);
    let mut gacha = Vec::with_capacity(GACHA);
    for (index, name) in names::gacha().iter().take(GACHA).enumerate() {
        let id = AreaId::new(world);
        let code = format!("{SUMU_CODE}{}", 201 + index);
        areas.push(area(id, Some(station.root), Level::Gacha, &code, three(*name)));
        // The nearest 30 km by road, the farthest 75, one in each direction.
        let share = |n: usize| f64::from(u32::try_from(n).unwrap_or(0)) / f64::from(u32::try_from(GACHA).unwrap_or(1));
        let road_km = 30.0 + 45.0 * f64::from(u32::try_from(index).unwrap_or(0)) / 9.0;
        let turn = share((index * 7) % GACHA) + 0.05 * chance.fraction();
        gacha.push(Gacha { area: id, middle: Spot::polar(road_km / ROAD, turn) });
    }
    store.add_areas(station.id, &areas, world)?;
    Ok(Land { station: station.id, gacha, areas: areas.len() as u64 + 1 })
}
