//! The receipts that are kept: the last one, all of them, and the paper of one with its signature.

use ed25519_dalek::Signature;
use rusqlite::{Connection, params};

use super::households::area_lines;
use super::rows;
use crate::ids::{EpochId, ReceiptId};
use crate::replica::differences::differences;
use crate::replica::{Replica, ReplicaError, StationNote, notes};
use crate::sync::{Digest, Receipt, ReceiptBody, from_hex, to_hex};
use crate::view::{Difference, ReceiptLine, ReceiptPaper, ReceiptView, ScopeLine};

/// More receipts than anybody looks back over.
const MAX_RECEIPTS: u32 = 200;

impl Replica {
    /// The last receipt.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn receipt(&self) -> Result<Option<ReceiptView>, ReplicaError> {
        self.reading(receipt)
    }

    /// The difference between tablet and station that no receipt has settled, or that the last one has.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn difference(&self) -> Result<Option<Difference>, ReplicaError> {
        self.reading(|connection| {
            let Some(last) = differences(connection)?.pop() else { return Ok(None) };
            let newest = kept(connection, "1 ORDER BY n DESC LIMIT 1", [])?.pop();
            let newest = newest.map(|one| one.body()).transpose()?.map(|body| body.id);
            Ok(Some(last).filter(|last| last.settled_by.is_none() || last.settled_by == newest))
        })
    }

    /// The receipts that are kept, the newest first; at most 200.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn receipts(&self) -> Result<Vec<ReceiptLine>, ReplicaError> {
        self.reading(|connection| {
            let station = station(connection)?;
            let kept = kept(connection, "1 ORDER BY n DESC LIMIT ?1", params![MAX_RECEIPTS])?;
            let differences = differences(connection)?;
            let line = |one: &Kept| {
                let body = one.body()?;
                Ok(ReceiptLine {
                    id: body.id,
                    at: body.at_ms,
                    position: body.position,
                    own_stored: body.own_stored,
                    own_total: one.own_total,
                    blobs_stored: body.blobs_stored,
                    blobs_total: one.blobs_total,
                    count: whole(&body).count,
                    genuine: one.is_genuine(station.as_ref()),
                    difference: differences.iter().find(|each| each.settled_by == Some(body.id)).copied(),
                })
            };
            kept.iter().map(line).collect()
        })
    }

    /// One kept receipt as it was signed.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn receipt_paper(&self, id: ReceiptId) -> Result<ReceiptPaper, ReplicaError> {
        self.reading(|connection| {
            let kept = kept(connection, "json_extract(body, '$.id') = ?1", [id.to_string()])?;
            let one = kept.first().ok_or(ReplicaError::NotFound { what: "receipt" })?;
            let station = station(connection)?;
            Ok(ReceiptPaper {
                receipt: one.view(connection, station.as_ref())?,
                text: one.body.clone(),
                signature: one.signature.clone(),
                station_key: station.map(|note| to_hex(note.station_key.as_bytes())).unwrap_or_default(),
            })
        })
    }
}

pub(super) fn receipt(connection: &Connection) -> Result<Option<ReceiptView>, ReplicaError> {
    let Some(newest) = kept(connection, "1 ORDER BY n DESC LIMIT 1", [])?.pop() else { return Ok(None) };
    newest.view(connection, station(connection)?.as_ref()).map(Some)
}

/// What the last receipt states, if it is of this life of the station's store.
pub(super) fn stated(connection: &Connection) -> Result<Option<ReceiptBody>, ReplicaError> {
    let epoch: Option<EpochId> = notes::meta(connection, "epoch")?;
    let Some(newest) = kept(connection, "1 ORDER BY n DESC LIMIT 1", [])?.pop() else { return Ok(None) };
    Ok(Some(newest.body()?).filter(|body| Some(body.epoch) == epoch))
}

/// A receipt as the file keeps it.
struct Kept {
    body: String,
    signature: String,
    own_total: u64,
    blobs_total: u64,
}

impl Kept {
    fn body(&self) -> Result<ReceiptBody, ReplicaError> {
        serde_json::from_str(&self.body).map_err(ReplicaError::Stored)
    }

    /// Whether it is signed by the station that this tablet is enrolled at.
    fn is_genuine(&self, station: Option<&StationNote>) -> bool {
        let signature = from_hex(&self.signature).and_then(|bytes| Signature::from_slice(&bytes).ok());
        let (Some(signature), Some(station)) = (signature, station) else { return false };
        Receipt { body: self.body.clone(), signature }.read(&station.station_key).is_ok()
    }

    fn view(&self, connection: &Connection, station: Option<&StationNote>) -> Result<ReceiptView, ReplicaError> {
        let body = self.body()?;
        let sum = whole(&body);
        let mut scopes = Vec::with_capacity(body.scopes.len());
        for scope in &body.scopes {
            let name = area_lines(connection, "a.id = ?1", [scope.area])?.pop().map(|line| line.name);
            scopes.push(ScopeLine {
                area: scope.area,
                name: name.unwrap_or_default(),
                count: scope.digest.count,
                digest: scope.digest.sum(),
            });
        }
        Ok(ReceiptView {
            id: body.id,
            at: body.at_ms,
            position: body.position,
            own_stored: body.own_stored,
            own_total: self.own_total,
            blobs_stored: body.blobs_stored,
            blobs_total: self.blobs_total,
            count: sum.count,
            digest: sum.sum(),
            scopes,
            genuine: self.is_genuine(station),
        })
    }
}

fn whole(body: &ReceiptBody) -> Digest {
    body.scopes.iter().fold(Digest::default(), |sum, scope| sum.with(scope.digest))
}

fn station(connection: &Connection) -> Result<Option<StationNote>, ReplicaError> {
    let json: Option<String> = notes::meta(connection, "station")?;
    json.map(|json| serde_json::from_str(&json).map_err(ReplicaError::Stored)).transpose()
}

fn kept(connection: &Connection, wanted: &str, values: impl rusqlite::Params) -> Result<Vec<Kept>, ReplicaError> {
    let sql = format!("SELECT body, signature, own_total, blobs_total FROM receipt WHERE {wanted}");
    rows(connection, &sql, values, |row| {
        Ok(Kept { body: row.get(0)?, signature: row.get(1)?, own_total: row.get(2)?, blobs_total: row.get(3)? })
    })
}
