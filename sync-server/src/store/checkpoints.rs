//! The newest checkpoint of each device, kept so that anybody can prove its log later.

use ailchin_core::ids::StationId;
use ailchin_core::record::Checkpoint;

use super::error::Fault;
use super::sql::{Tx, cells};

/// Keeps a verified checkpoint unless a newer one is kept already.
pub(super) fn keep(tx: &Tx<'_>, station: StationId, checkpoint: &Checkpoint) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO checkpoint (station, device, seq, chain, signature) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (station, device) DO UPDATE SET seq = excluded.seq, chain = excluded.chain,
             signature = excluded.signature WHERE excluded.seq > checkpoint.seq",
        cells![station, checkpoint.device, checkpoint.seq, checkpoint.hash, checkpoint.signature.to_bytes()],
    )
    .map(|_| ())
}
