//! The newest checkpoint of each device, kept so that anybody can prove its log later.

use ailchin_core::ids::StationId;
use ailchin_core::record::Checkpoint;
use rusqlite::{Transaction, named_params};

use super::cells::{HashCell, cell};

/// Keeps a verified checkpoint unless a newer one is kept already.
pub(super) fn keep(tx: &Transaction<'_>, station: StationId, checkpoint: &Checkpoint) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO checkpoint (station, device, seq, chain, signature) VALUES (:station, :device, :seq, :chain, :signature)
         ON CONFLICT (station, device) DO UPDATE SET seq = excluded.seq, chain = excluded.chain,
             signature = excluded.signature WHERE excluded.seq > checkpoint.seq",
    )?;
    let signature = checkpoint.signature.to_bytes();
    let row = named_params! {
        ":station": station, ":device": checkpoint.device, ":seq": cell(checkpoint.seq),
        ":chain": HashCell(checkpoint.hash), ":signature": signature.as_slice(),
    };
    statement.execute(row).map(|_| ())
}
