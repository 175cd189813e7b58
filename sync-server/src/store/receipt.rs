//! Receipts: comparing what both hold, and stating it under the station's key.

use std::ops::ControlFlow;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, ReceiptId, StationId};
use ailchin_core::sync::{
    Digest, MAX_BLOBS_ASKED, MAX_BLOBS_MISSING, Receipt, ReceiptBody, ReceiptRequest, ScopeDigest,
};
use ailchin_core::world::World;

use super::error::Fault;
use super::sql::{Tx, cells};
use super::{Store, StoreError, device, erase, log, station};

impl Store {
    /// Compares, states and keeps.
    ///
    /// # Errors
    /// [`StoreError::Mismatch`] with what the station holds; `epoch_changed`, `device_unknown`, `device_revoked`.
    pub fn receipt(
        &self,
        station: StationId,
        device: DeviceId,
        request: &ReceiptRequest,
        world: &dyn World,
    ) -> Result<Receipt, StoreError> {
        self.write("stating a receipt", |tx| receipt(tx, station, device, request, world))
    }
}

impl Store {
    /// The blobs that a device's stored revisions name and of which there is no row, as a receipt names them.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) fn blobs_missing(&self, station: StationId, device: DeviceId) -> Result<Vec<Hash>, StoreError> {
        self.read("looking for missing blobs", |tx| blobs_missing(tx, station, device))
    }

    /// Is shown a receipt. One of this life of the store that the station signed and does not know proves that the store was put
    /// back to an older copy: a new life begins.
    ///
    /// # Errors
    /// `receipt_wrong` if the station did not sign it.
    pub fn show_receipt(&self, station: StationId, receipt: &Receipt, world: &dyn World) -> Result<(), StoreError> {
        self.write("looking at a receipt", |tx| {
            let station = station::require(tx, station)?;
            let key = station.signing_key.key().verifying_key();
            let body = receipt.read(&key).map_err(|_| Code::ReceiptWrong)?;
            let lost = body.station == station.id && body.epoch == station.epoch && !is_known(tx, station.id, body.id)?;
            if lost { station::begin_life(tx, station.id, world) } else { Ok(()) }
        })
    }
}

fn receipt(
    tx: &Tx<'_>,
    station: StationId,
    device: DeviceId,
    request: &ReceiptRequest,
    world: &dyn World,
) -> Result<Receipt, Fault> {
    let station = station::require(tx, station)?;
    let author = device::require(tx, station.id, device)?;
    if request.epoch != station.epoch {
        return Err(Fault::Refused(Code::EpochChanged));
    }
    let areas = device::scopes(tx, station.id, &author)?.unwrap_or_default();
    let mut scopes = Vec::with_capacity(areas.len());
    for area in areas {
        scopes.push(ScopeDigest { area, digest: log::held(tx, station.id, area, request.position)? });
    }
    // A position beyond the feed: the tablet has seen what is no longer here.
    if request.position >= station.next_position || !agree(&scopes, &request.scopes) {
        return Err(Fault::Mismatch(scopes));
    }
    let blobs = Blobs::of(tx, station.id, device)?;
    let asked = Asked::of(tx, station.id, device, &request.blobs)?;
    let body = ReceiptBody {
        id: ReceiptId::new(world),
        station: station.id,
        device,
        epoch: station.epoch,
        at_ms: world.now(),
        position: request.position,
        own_seq: author.seq,
        own_stored: author.seq - author.refused,
        own_refused: author.refused,
        blobs_named: blobs.named,
        blobs_stored: blobs.stored.count,
        blobs_digest: Some(blobs.stored.sum()),
        blobs_missing: blobs.missing,
        blobs_asked_stored: asked.stored,
        blobs_asked_erased: asked.erased,
        scopes,
    };
    let receipt = Receipt::sign(&station.signing_key.key(), &body).map_err(|_| Fault::Unreadable)?;
    keep(tx, &body, &receipt)?;
    Ok(receipt)
}

/// The blobs that a device's stored revisions name and of which there is no row, as far as they are told.
pub(super) fn blobs_missing(tx: &Tx<'_>, station: StationId, device: DeviceId) -> Result<Vec<Hash>, Fault> {
    Ok(Blobs::of(tx, station, device)?.missing)
}

/// Whether a receipt that was stated once is still here.
pub(super) fn is_known(tx: &Tx<'_>, station: StationId, receipt: ReceiptId) -> Result<bool, Fault> {
    tx.exists("SELECT 1 FROM receipt WHERE station = $1 AND receipt = $2", cells![station, receipt])
}

/// The tablet says the same of every scope; a scope it does not mention it holds nothing of.
fn agree(ours: &[ScopeDigest], theirs: &[ScopeDigest]) -> bool {
    let told = |scope: &ScopeDigest| theirs.iter().filter(|other| other.area == scope.area).collect::<Vec<_>>();
    let same = ours.iter().all(|scope| match told(scope).as_slice() {
        [] => scope.digest.count == 0,
        [one] => one.digest == scope.digest,
        _ => false,
    });
    let strange = theirs.iter().any(|scope| scope.digest.count > 0 && ours.iter().all(|own| own.area != scope.area));
    same && !strange
}

/// The blobs that a device's stored revisions name.
#[derive(Default)]
struct Blobs {
    named: u64,
    stored: Digest,
    missing: Vec<Hash>,
}

impl Blobs {
    fn of(tx: &Tx<'_>, station: StationId, device: DeviceId) -> Result<Self, Fault> {
        let mut blobs = Self::default();
        tx.each(
            "SELECT blob_named.hash AS hash, blob.size_bytes AS size_bytes FROM blob_named
             LEFT JOIN blob ON blob.station = blob_named.station AND blob.hash = blob_named.hash
             WHERE blob_named.station = $1 AND blob_named.device = $2 ORDER BY blob_named.hash",
            cells![station, device],
            |row| {
                let hash = row.get("hash")?;
                blobs.named += 1;
                match row.get::<Option<u64>>("size_bytes")? {
                    Some(_) => blobs.stored.add(hash),
                    None if blobs.missing.len() < MAX_BLOBS_MISSING => blobs.missing.push(hash),
                    None => {}
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        Ok(blobs)
    }
}

/// What the station says of blobs that it was asked about, whoever's revisions name them now.
#[derive(Default)]
struct Asked {
    stored: Vec<Hash>,
    erased: Vec<Hash>,
}

impl Asked {
    fn of(tx: &Tx<'_>, station: StationId, device: DeviceId, hashes: &[Hash]) -> Result<Self, Fault> {
        let mut asked = Self::default();
        for hash in hashes.iter().take(MAX_BLOBS_ASKED) {
            let stored = "SELECT 1 FROM blob WHERE station = $1 AND hash = $2";
            let named = "SELECT 1 FROM blob_named WHERE station = $1 AND device = $2 AND hash = $3";
            if !tx.exists(stored, cells![station, *hash])? {
                if erase::is_erased(tx, station, *hash)? {
                    asked.erased.push(*hash);
                }
            // What nothing names goes after a while.
            } else if tx.exists(named, cells![station, device, *hash])? || erase::is_named(tx, station, *hash)? {
                asked.stored.push(*hash);
            }
        }
        Ok(asked)
    }
}

fn keep(tx: &Tx<'_>, body: &ReceiptBody, receipt: &Receipt) -> Result<(), Fault> {
    let signature = receipt.signature.to_bytes();
    tx.execute(
        "INSERT INTO receipt (station, receipt, device, at, position, body, signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        cells![body.station, body.id, body.device, body.at_ms, body.position, receipt.body, signature],
    )
    .map(|_| ())
}
