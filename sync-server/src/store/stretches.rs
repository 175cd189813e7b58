//! Stretches of logs that a checkpoint covers: how anybody can prove a revision later, and what proves a batch of them.

use std::collections::BTreeSet;

use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, StationId};
use ailchin_core::record::{Checkpoint, Stretch};
use ailchin_core::sync::{MAX_PROOF_PLACES, Proof};
use ed25519_dalek::Signature;

use super::error::Fault;
use super::sql::{Row, Tx, cells};

/// Keeps a verified stretch; one that ends at the same place is kept already.
pub(super) fn keep(tx: &Tx<'_>, station: StationId, stretch: &Stretch) -> Result<(), Fault> {
    let checkpoint = &stretch.checkpoint;
    let hashes: Vec<u8> = stretch.hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    tx.execute(
        "INSERT INTO stretch (station, device, seq_to, seq_from, previous, hashes, chain, signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        cells![
            station,
            checkpoint.device,
            checkpoint.seq,
            stretch.from,
            stretch.previous,
            hashes,
            checkpoint.hash,
            checkpoint.signature.to_bytes()
        ],
    )
    .map(|_| ())
}

/// What proves the revisions at these places, as far as it is known. Their bodies travel along.
pub(super) fn proofs(tx: &Tx<'_>, station: StationId, places: &BTreeSet<(DeviceId, u64)>) -> Result<Vec<Proof>, Fault> {
    let mut proofs = Vec::new();
    let mut proved: Option<(DeviceId, u64)> = None;
    for place in places {
        if proved.is_some_and(|(device, to)| device == place.0 && place.1 <= to) {
            continue;
        }
        let Some(stretch) = covering(tx, station, *place)? else { continue };
        proved = Some((place.0, stretch.to()));
        if stretch.hashes.len() <= MAX_PROOF_PLACES {
            proofs.push(Proof::of(&stretch, |seq| places.contains(&(place.0, seq))));
        }
    }
    Ok(proofs)
}

fn covering(tx: &Tx<'_>, station: StationId, (device, seq): (DeviceId, u64)) -> Result<Option<Stretch>, Fault> {
    let found = tx.optional(
        "SELECT * FROM stretch WHERE station = $1 AND device = $2 AND seq_to >= $3 ORDER BY seq_to LIMIT 1",
        cells![station, device, seq],
        |row| from_row(row, device),
    )?;
    Ok(found.filter(|stretch| stretch.from <= seq))
}

fn from_row(row: &Row<'_>, device: DeviceId) -> Result<Stretch, Fault> {
    let hashes: Vec<u8> = row.get("hashes")?;
    let signature: [u8; 64] = row.get("signature")?;
    Ok(Stretch {
        from: row.get("seq_from")?,
        previous: row.get("previous")?,
        hashes: hashes.as_chunks::<32>().0.iter().map(|bytes| Hash::from_bytes(*bytes)).collect(),
        checkpoint: Checkpoint {
            device,
            seq: row.get("seq_to")?,
            hash: row.get("chain")?,
            signature: Signature::from_bytes(&signature),
        },
    })
}
