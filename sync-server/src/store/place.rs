//! What stands at a place of a device's log: a stored entry or a refusal.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, StationId};
use ailchin_core::sync::Verdict;

use super::error::Fault;
use super::sql::{Tx, cells};

/// A place that is taken.
pub(super) struct Place {
    pub(super) body_hash: Hash,
    pub(super) chain: Hash,
    /// What to say when it is sent again.
    pub(super) verdict: Verdict,
    /// The area it is filed in, if that is not its own.
    pub(super) filed: Option<AreaId>,
}

impl Place {
    /// The position of what is stored.
    pub(super) const fn position(&self) -> Option<u64> {
        match self.verdict {
            Verdict::Stored(position) | Verdict::Duplicate(position) => Some(position),
            Verdict::Refused(_) => None,
        }
    }
}

/// The place at `seq`, if it is taken.
pub(super) fn find(tx: &Tx<'_>, station: StationId, device: DeviceId, seq: u64) -> Result<Option<Place>, Fault> {
    let stored = tx.optional(
        "SELECT body_hash, chain, position, area, filed FROM log WHERE station = $1 AND device = $2 AND seq = $3",
        cells![station, device, seq],
        |row| {
            let verdict = Verdict::Duplicate(row.get("position")?);
            let (area, filed): (AreaId, AreaId) = (row.get("area")?, row.get("filed")?);
            let filed = (filed != area).then_some(filed);
            Ok(Place { body_hash: row.get("body_hash")?, chain: row.get("chain")?, verdict, filed })
        },
    )?;
    if stored.is_some() {
        return Ok(stored);
    }
    tx.optional(
        "SELECT body_hash, chain, code FROM refused WHERE station = $1 AND device = $2 AND seq = $3",
        cells![station, device, seq],
        |row| {
            let code = row.text("code")?;
            let code = Code::ALL.iter().copied().find(|known| known.as_str() == code).unwrap_or(Code::Unknown);
            let verdict = Verdict::Refused(code);
            Ok(Place { body_hash: row.get("body_hash")?, chain: row.get("chain")?, verdict, filed: None })
        },
    )
}
