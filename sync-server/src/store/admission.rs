//! Whether a device is let in, as the station states it; shutting out undone; what a device that was shut out handed over, noted
//! and taken in.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{BundleId, DeviceId, RecordId, RevisionId, StationId};
use ailchin_core::record::{Fields, Kind, Revision};
use ailchin_core::sync::{
    Acknowledgement, AcknowledgementBody, Admission, AdmissionBody, AdmissionRequest, Has, PushAnswer, PushHeader,
    Revocation,
};
use ailchin_core::time::{Hlc, Instant};
use ailchin_core::world::World;
use serde_json::Value;

use super::device::DeviceRow;
use super::error::Fault;
use super::sql::{Tx, cells};
use super::station::{ConsoleChange, StationRow};
use super::{Store, StoreError, bundle, device, erase, push, receipt, station};

/// What became of the work that a device which was shut out handed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LastWork {
    /// It is kept, sealed, and acknowledged.
    Kept,
    /// Somebody took it in.
    TakenIn,
    /// Somebody discarded it.
    Discarded,
}

impl LastWork {
    /// The field of the device's record that says so.
    const fn field(self) -> &'static str {
        match self {
            Self::Kept => "last_work_kept",
            Self::TakenIn => "last_work_taken_in",
            Self::Discarded => "last_work_discarded",
        }
    }
}

impl Store {
    /// States whether a device is let in, and what is here of its work.
    ///
    /// # Errors
    /// `device_unknown`.
    pub fn admission(&self, asked: &AdmissionRequest, world: &dyn World) -> Result<Admission, StoreError> {
        self.write("stating whether a device is let in", |tx| {
            let station = station::require(tx, device::station_of(tx, asked.device)?)?;
            let row = device::find(tx, station.id, asked.device)?.ok_or(Code::DeviceUnknown)?;
            let revoked = match row.revoked_at {
                Some(at_ms) => Some(Revocation { at_ms, revision: revocation(tx, station.id, row.id)? }),
                None => None,
            };
            let body = AdmissionBody {
                station: station.id,
                device: row.id,
                nonce: asked.nonce,
                at_ms: world.now(),
                has: has(tx, &station, &row)?,
                recipient: bundle::sealing(tx, station.id, world)?.recipient,
                revoked,
            };
            Admission::sign(&station.signing_key.key(), &body).map_err(|_| Fault::Unreadable)
        })
    }

    /// The station of a device, and the device, which was shut out.
    ///
    /// # Errors
    /// `device_unknown`; `already_enrolled` for one that is let in.
    pub fn shut_out(&self, device: DeviceId) -> Result<(StationId, DeviceRow), StoreError> {
        self.read("finding a device that was shut out", |tx| {
            let station = device::station_of(tx, device)?;
            let row = device::find(tx, station, device)?.ok_or(Code::DeviceUnknown)?;
            if row.revoked_at.is_none() { Err(Code::AlreadyEnrolled.into()) } else { Ok((station, row)) }
        })
    }

    /// Acknowledges that these parts are kept. The caller has seen that they are.
    ///
    /// # Errors
    /// `device_unknown`.
    pub fn acknowledge(
        &self,
        station: StationId,
        device: DeviceId,
        bundle: BundleId,
        parts: &[Hash],
        now: Instant,
    ) -> Result<Acknowledgement, StoreError> {
        self.read("acknowledging what was handed over", |tx| {
            let station = station::require(tx, station)?;
            let row = device::find(tx, station.id, device)?.ok_or(Code::DeviceUnknown)?;
            let has = has(tx, &station, &row)?;
            let (at_ms, parts) = (now, parts.to_vec());
            let body = AcknowledgementBody { station: station.id, device, at_ms, has, bundle, parts };
            Acknowledgement::sign(&station.signing_key.key(), &body).map_err(|_| Fault::Unreadable)
        })
    }

    /// Lets a device in again that was shut out. One that has erased itself has no key any more and needs a new invite.
    ///
    /// # Errors
    /// `not_found` for a device that is not here.
    pub fn let_in_again(&self, station: StationId, device: DeviceId, world: &dyn World) -> Result<(), StoreError> {
        let console = self.console(station, world);
        self.write("letting a device in again", |tx| {
            station::require(tx, station)?;
            let row = device::find(tx, station, device)?.ok_or(Code::NotFound)?;
            if row.revoked_at.is_none() {
                return Ok(());
            }
            set(tx, station, device, None)?;
            device::note(tx, console, station, &row, false, world)
        })
    }

    /// Notes in the device's record what became of the work it handed over: a line that nobody can change afterwards.
    ///
    /// # Errors
    /// `device_unknown`.
    pub fn note_last_work(
        &self,
        station: StationId,
        device: DeviceId,
        bundle: BundleId,
        what: LastWork,
        said: &Value,
        world: &dyn World,
    ) -> Result<RevisionId, StoreError> {
        let console = self.console(station, world);
        self.write("noting what became of the last work", |tx| {
            let root = station::require(tx, station)?.root;
            device::find(tx, station, device)?.ok_or(Code::DeviceUnknown)?;
            let record = RecordId::from_bytes(*device.as_bytes());
            let newest = tx.optional(
                "SELECT id FROM log WHERE station = $1 AND record = $2 ORDER BY position DESC LIMIT 1",
                cells![station, record],
                |row| row.get("id"),
            )?;
            let mut said = said.clone();
            if let Value::Object(members) = &mut said {
                members.insert("bundle".to_owned(), Value::from(bundle.to_string()));
            }
            let fields = Fields::from([(what.field().to_owned(), said)]);
            let parents = newest.into_iter().collect();
            let change = ConsoleChange { record, kind: Kind::Device, area: root, parents, fields };
            let written = station::author(tx, console, station, &[change], world)?;
            written.first().copied().ok_or(Fault::Unreadable)
        })
    }

    /// Stores what a device that was shut out handed over, because somebody decided so. As [`Store::push`] otherwise.
    ///
    /// # Errors
    /// As [`Store::push`].
    pub fn push_last(
        &self,
        station: StationId,
        device: DeviceId,
        header: &PushHeader,
        bodies: &[&[u8]],
        world: &dyn World,
    ) -> Result<PushAnswer, StoreError> {
        self.write("storing the last work of a device", |tx| {
            station::require(tx, station)?;
            let author = device::find(tx, station, device)?.ok_or(Code::DeviceUnknown)?;
            let (answer, came) = push::by(tx, station, &author, header, bodies, world.now())?;
            erase::follow_households(tx, self, station, &came, world)?;
            Ok(answer)
        })
    }
}

/// Whether a device is let in, after revisions of its record came back: what the console said last counts.
pub(super) fn settle(tx: &Tx<'_>, station: StationId, device: DeviceId, now: Instant) -> Result<(), Fault> {
    let said = said_of(tx, station, device)?;
    let last = said.iter().max_by_key(|(hlc, id, ..)| (*hlc, *id));
    match last {
        Some((.., true)) => tx
            .execute(
                "UPDATE device SET revoked_at = coalesce(revoked_at, $1) WHERE station = $2 AND device = $3",
                cells![now, station, device],
            )
            .map(|_| ()),
        Some((.., false)) => set(tx, station, device, None),
        None => Ok(()),
    }
}

fn set(tx: &Tx<'_>, station: StationId, device: DeviceId, revoked_at: Option<Instant>) -> Result<(), Fault> {
    tx.execute(
        "UPDATE device SET revoked_at = $1 WHERE station = $2 AND device = $3",
        cells![revoked_at, station, device],
    )
    .map(|_| ())
}

fn has(tx: &Tx<'_>, station: &StationRow, row: &DeviceRow) -> Result<Has, Fault> {
    let blobs_missing = receipt::blobs_missing(tx, station.id, row.id)?;
    Ok(Has { epoch: station.epoch, seq: row.seq, chain: row.chain, blobs_missing })
}

/// The revision that says last that a device was shut out.
fn revocation(tx: &Tx<'_>, station: StationId, device: DeviceId) -> Result<Option<RevisionId>, Fault> {
    let said = said_of(tx, station, device)?;
    let revoking = said.iter().filter(|(.., revoked)| *revoked);
    Ok(revoking.max_by_key(|(hlc, id, ..)| (*hlc, *id)).map(|(_, id, _)| *id))
}

/// What the console has said of a device, each time: whether it is shut out.
fn said_of(tx: &Tx<'_>, station: StationId, device: DeviceId) -> Result<Vec<(Hlc, RevisionId, bool)>, Fault> {
    let record = RecordId::from_bytes(*device.as_bytes());
    let bodies: Vec<String> = tx.all(
        "SELECT log.body AS body FROM log
         JOIN device ON device.station = log.station AND device.device = log.device
         WHERE log.station = $1 AND log.record = $2 AND device.officer IS NULL",
        cells![station, record],
        |row| row.get("body"),
    )?;
    let read = |body: &String| {
        let revision: Revision = serde_json::from_str(body).ok()?;
        let revoked = revision.fields.get("revoked")?.as_bool()?;
        Some((revision.hlc, revision.id, revoked))
    };
    Ok(bodies.iter().filter_map(read).collect())
}
