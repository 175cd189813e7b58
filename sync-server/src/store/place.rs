//! What stands at a place of a device's log: a stored entry or a refusal.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, StationId};
use ailchin_core::sync::Verdict;
use rusqlite::{Connection, OptionalExtension as _};

use super::cells::{cell, hash, number};

/// A place that is taken.
pub(super) struct Place {
    pub(super) body_hash: Hash,
    pub(super) chain: Hash,
    /// What to say when it is sent again.
    pub(super) verdict: Verdict,
}

/// The place at `seq`, if it is taken.
pub(super) fn find(
    connection: &Connection,
    station: StationId,
    device: DeviceId,
    seq: u64,
) -> rusqlite::Result<Option<Place>> {
    let mut stored = connection
        .prepare_cached("SELECT body_hash, chain, position FROM log WHERE station = ?1 AND device = ?2 AND seq = ?3")?;
    let place = stored
        .query_row((station, device, cell(seq)), |row| {
            let verdict = Verdict::Duplicate(number(row, "position")?);
            Ok(Place { body_hash: hash(row, "body_hash")?, chain: hash(row, "chain")?, verdict })
        })
        .optional()?;
    if place.is_some() {
        return Ok(place);
    }
    let mut refused = connection
        .prepare_cached("SELECT body_hash, chain, code FROM refused WHERE station = ?1 AND device = ?2 AND seq = ?3")?;
    refused
        .query_row((station, device, cell(seq)), |row| {
            let code: String = row.get("code")?;
            let code = Code::ALL.iter().copied().find(|known| known.as_str() == code).unwrap_or(Code::Unknown);
            Ok(Place {
                body_hash: hash(row, "body_hash")?,
                chain: hash(row, "chain")?,
                verdict: Verdict::Refused(code),
            })
        })
        .optional()
}
