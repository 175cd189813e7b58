//! A generated tablet: a real key, a real log, pushed through the store's own door.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, OfficerId, RecordId, RevisionId, StationId};
use ailchin_core::record::{Checkpoint, Entry, Fields, Kind, Revision, genesis};
use ailchin_core::sync::{EnrolRequest, PushHeader, Verdict};
use ailchin_core::time::{Hlc, Instant};
use ailchin_core::world::{Seeded, World};
use ed25519_dalek::SigningKey;

use crate::store::{Store, StoreError};

/// A tablet with revisions that wait to be pushed.
pub(super) struct DemoTablet {
    station: StationId,
    epoch: EpochId,
    device: DeviceId,
    officer: OfficerId,
    key: SigningKey,
    seq: u64,
    link: Hash,
    hlc: Hlc,
    waiting: Vec<String>,
}

/// What is written down.
pub(super) struct Writing {
    pub(super) record: RecordId,
    pub(super) kind: Kind,
    pub(super) area: AreaId,
    pub(super) parents: Vec<RevisionId>,
    pub(super) fields: Fields,
    pub(super) at: Instant,
}

impl DemoTablet {
    /// Enrols with an invite like any tablet.
    pub(super) fn enrol(
        store: &Store,
        station: StationId,
        epoch: EpochId,
        officer: OfficerId,
        world: &dyn World,
    ) -> Result<Self, StoreError> {
        let mut secret = [0; 32];
        world.fill_random(&mut secret);
        let key = SigningKey::from_bytes(&secret);
        let device = DeviceId::new(world);
        let token = store.invite(station, officer, 1, world)?;
        store.enrol(&EnrolRequest { token, device, key: key.verifying_key() }, world)?;
        let link = genesis(device);
        Ok(Self { station, epoch, device, officer, key, seq: 0, link, hlc: Hlc::ZERO, waiting: Vec::new() })
    }

    /// Saves a revision.
    pub(super) fn write(&mut self, writing: Writing, world: &dyn World) -> Result<RevisionId, StoreError> {
        self.hlc = self.hlc.tick(writing.at);
        let id = RevisionId::new(world);
        let entry = Entry::write(Revision {
            id,
            record: writing.record,
            kind: writing.kind,
            area: writing.area,
            device: self.device,
            seq: self.seq + 1,
            officer: self.officer,
            at_ms: writing.at,
            hlc: self.hlc,
            parents: writing.parents,
            fields: writing.fields,
            erased: None,
        })
        .map_err(|_| StoreError::Unreadable { doing: "writing a generated revision" })?;
        self.seq += 1;
        self.link = entry.chain_after(self.link);
        self.waiting.push(entry.body);
        Ok(id)
    }

    pub(super) fn waits(&self) -> usize {
        self.waiting.len()
    }

    /// Pushes what waits, and returns how many revisions that was.
    pub(super) fn push(&mut self, store: &Store, now: Instant) -> Result<u64, StoreError> {
        let count = self.waiting.len() as u64;
        if count == 0 {
            return Ok(0);
        }
        let checkpoint = Checkpoint::sign(&self.key, self.device, self.seq, self.link);
        let header = PushHeader { epoch: self.epoch, from: self.seq + 1 - count, checkpoint };
        let bodies: Vec<&[u8]> = self.waiting.iter().map(String::as_bytes).collect();
        let answer = store.push(self.station, self.device, &header, &bodies, &Seeded::new(self.seq, now))?;
        let refused = answer.items.iter().find_map(|item| match item.verdict {
            Verdict::Refused(code) => Some(code),
            Verdict::Stored(_) | Verdict::Duplicate(_) => None,
        });
        self.waiting.clear();
        // Data that the store refuses would be a fault of the generator.
        refused.map_or(Ok(count), |code: Code| Err(StoreError::Refused(code)))
    }
}
