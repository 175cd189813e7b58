//! Officers, households and persons who do not exist.

use ailchin_core::ids::{AreaId, RecordId, RevisionId, StationId};
use ailchin_core::record::{Fields, Kind, Names, Role};
use ailchin_core::world::World;
use serde_json::{Value, json};

use super::chance::Chance;
use super::land::{Gacha, Spot, three};
use super::names::{self, PersonName};
use crate::store::{ConsoleChange, NewOfficer, OfficerRow, Store, StoreError};

/// Officers of the station.
const OFFICERS: usize = 12;

/// Console changes in one transaction.
const AT_ONCE: usize = 5_000;

/// A household, as far as its visits need it.
#[derive(Clone, Copy)]
pub(super) struct Home {
    pub(super) record: RecordId,
    /// Its newest revision.
    pub(super) head: RevisionId,
    pub(super) gacha: usize,
    pub(super) winter: Spot,
    pub(super) summer: Spot,
}

/// How many were made.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) persons: u64,
    pub(super) revisions: u64,
}

fn names_of(name: &PersonName) -> Names {
    name.mongolian.map_or_else(|| Names { zh: name.zh.clone(), ..Names::default() }, three)
}

/// A made-up telephone number. No number of a telephone in China begins with 100 and has eleven digits, so nobody has it.
pub(super) fn phone(chance: Chance<'_>) -> String {
    format!("100-0{:03}-{:04}", chance.below(1_000), chance.below(10_000))
}

/// Makes the officers. The first, the chief, has all gacha, the others two to four, every gacha at least one of them.
pub(super) fn hire(
    store: &Store,
    station: StationId,
    gacha: &[Gacha],
    world: &dyn World,
) -> Result<Vec<(OfficerRow, Vec<usize>)>, StoreError> {
    let chance = Chance(world);
    let mut hired = Vec::with_capacity(OFFICERS);
    let mut areas_of = Vec::with_capacity(OFFICERS);
    for index in 0..OFFICERS {
        let mut mine: Vec<usize> = (0..gacha.len()).collect();
        if index > 0 {
            let wanted = 2 + chance.below(3);
            mine = (0..wanted).map(|step| (index - 1 + step * 3) % gacha.len().max(1)).collect();
        }
        let role = match index {
            0 => "chief",
            1..=7 => "officer",
            _ => "auxiliary",
        };
        hired.push(NewOfficer {
            name: names_of(&names::person(|below| chance.below(below))),
            role: role.to_owned(),
            areas: mine.iter().filter_map(|at| gacha.get(*at)).map(|gacha| gacha.area.to_string()).collect(),
            password_hash: None,
        });
        areas_of.push(mine);
    }
    let rows = store.add_officers(station, &hired, world)?;
    Ok(rows.into_iter().zip(areas_of).collect())
}

/// Makes households with their persons, in big transactions.
pub(super) fn move_in(
    store: &Store,
    station: StationId,
    gacha: &[Gacha],
    households: u32,
    world: &dyn World,
) -> Result<(Vec<Home>, Counted), StoreError> {
    let chance = Chance(world);
    let wanted = usize::try_from(households).unwrap_or(0);
    let mut homes: Vec<Home> = Vec::with_capacity(wanted);
    let mut counted = Counted::default();
    while homes.len() < wanted {
        let mut changes = Vec::with_capacity(AT_ONCE + 8);
        let mut places = Vec::new();
        while homes.len() + places.len() < wanted && changes.len() < AT_ONCE {
            let at = (homes.len() + places.len()) % gacha.len().max(1);
            let Some(here) = gacha.get(at) else { return Ok((homes, counted)) };
            let winter = here.middle.near(chance, 6.0);
            let summer = winter.near(chance, 8.0);
            let record = RecordId::new(world);
            places.push((changes.len(), record, at, winter, summer));
            counted.persons += household(record, (winter, summer), here.area, chance, world, &mut changes);
        }
        let written = store.author(station, &changes, world)?;
        counted.revisions += written.len() as u64;
        for (place, record, gacha, winter, summer) in places {
            let Some(head) = written.get(place).copied() else { continue };
            homes.push(Home { record, head, gacha, winter, summer });
        }
    }
    Ok((homes, counted))
}

/// One household and its grown members; returns how many these are.
fn household(
    record: RecordId,
    (winter, summer): (Spot, Spot),
    area: AreaId,
    chance: Chance<'_>,
    world: &dyn World,
    changes: &mut Vec<ConsoleChange>,
) -> u64 {
    let head = names::person(|below| chance.below(below));
    let number = phone(chance);
    let mut fields = Fields::new();
    names_of(&head).write(&mut fields);
    if chance.percent(92) {
        fields.insert("phone".to_owned(), Value::from(number.as_str()));
    }
    for (season, spot, list) in
        [("winter_camp", winter, names::winter_camps()), ("summer_camp", summer, names::summer_camps())]
    {
        // One household in five stays at its winter camp all year.
        if season == "summer_camp" && chance.percent(20) {
            continue;
        }
        if let Some(name) = chance.one(list) {
            fields.insert(season.to_owned(), spot.place(*name));
        }
    }
    changes.push(new(record, Kind::Household, area, fields));

    let members = chance.weighted(&[(1, 6), (2, 26), (3, 28), (4, 20), (5, 14), (6, 6)]).unwrap_or(1);
    for index in 0..members {
        let name = if index == 0 { head.clone() } else { names::person(|below| chance.below(below)) };
        let role = match index {
            0 => Role::Head,
            1 => chance.weighted(&[(Role::Spouse, 9), (Role::Adult, 1)]).unwrap_or(Role::Spouse),
            _ => chance
                .weighted(&[(Role::Adult, 5), (Role::Parent, 4), (Role::Herder, 1), (Role::Other, 1)])
                .unwrap_or(Role::Adult),
        };
        let mut fields =
            Fields::from([("household".to_owned(), json!(record)), ("role".to_owned(), Value::from(role.as_str()))]);
        names_of(&name).write(&mut fields);
        if index == 0 || chance.percent(60) {
            let own = if index == 0 { number.clone() } else { phone(chance) };
            fields.insert("phone".to_owned(), Value::from(own));
        }
        changes.push(new(RecordId::new(world), Kind::Person, area, fields));
    }
    members
}

fn new(record: RecordId, kind: Kind, area: AreaId, fields: Fields) -> ConsoleChange {
    ConsoleChange { record, kind, area, parents: Vec::new(), fields }
}

/// Officers other than the chief who have this gacha.
pub(super) fn officers_of(gacha: usize, officers: &[(OfficerRow, Vec<usize>)]) -> Vec<usize> {
    let has = |(_, areas): &(OfficerRow, Vec<usize>)| areas.contains(&gacha);
    let found: Vec<usize> = (1..officers.len()).filter(|index| officers.get(*index).is_some_and(has)).collect();
    if found.is_empty() { vec![0] } else { found }
}
