//! One sync, driven: the conversation says what to do, the replica and the transport do it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::Serialize;

use super::upload::{self, Pace};
use super::{DeviceError, Sending, StationDoors, repairing};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId};
use crate::record::Checkpoint;
use crate::replica::{Found, Replica, ReplicaError};
use crate::sync::{
    Conversation, IdentityRequest, Outcome, PackNotice, PushHeader, Receipt, ReceiptBody, Session, Step, Told,
    read_batch, write_batch, write_line,
};
use crate::view::{Progress, Stage};
use crate::world::World;

/// What a sync works with.
pub struct Sides<'a, S> {
    /// The tablet's side.
    pub replica: &'a mut Replica,
    /// The station's side.
    pub station: &'a mut S,
    /// Clock and randomness.
    pub world: &'a dyn World,
    /// Who this tablet is; another one if it takes a new name.
    pub device: DeviceId,
    /// Its key.
    pub signing: &'a SigningKey,
    /// The key that signs the station's receipts.
    pub station_key: &'a VerifyingKey,
    /// Set by whoever wants the sync to end after the step it is in.
    pub stop: &'a AtomicBool,
    /// How photos and signatures may be sent.
    pub sending: Sending<'a>,
    /// Told how it goes.
    pub progress: &'a dyn Fn(Progress),
}

impl<S> std::fmt::Debug for Sides<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sides").field("device", &self.device).finish_non_exhaustive()
    }
}

/// What a sync did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct SyncReport {
    /// What was exchanged.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How far this clock is ahead of the station's, in ms.
    pub clock_ahead_ms: Option<i64>,
}

/// Runs a conversation to its end. Whatever was kept before an error stays kept; the next sync goes on from there.
///
/// # Errors
/// Why it ended early.
pub fn run<S: StationDoors>(sides: &mut Sides<'_, S>) -> Result<SyncReport, DeviceError> {
    let mut conversation = Conversation::default();
    let mut clock_ahead_ms = None;
    let mut counts = Counts::default();
    let mut published = None;
    loop {
        sides.go_on()?;
        let step = conversation.next();
        let told = match step {
            Step::Done(outcome) => {
                sides.replica.let_go(sides.device, sides.world.now())?;
                sides.take_pack(published)?;
                return Ok(SyncReport { outcome, clock_ahead_ms });
            }
            Step::Failed(code) => return Err(DeviceError::Station(code)),
            step => sides.take(step, &mut counts),
        };
        let told = match told {
            Err(DeviceError::Station(code @ (Code::EpochChanged | Code::LogGap | Code::LogForked))) => {
                Told::Refused(code)
            }
            Err(DeviceError::Replica(ReplicaError::Forked)) => Told::Refused(Code::LogForked),
            other => other?,
        };
        if let Told::State { answer, .. } = &told {
            clock_ahead_ms = Some(sides.world.now().since(answer.at_ms));
            published = answer.pack;
        }
        conversation.told(told);
    }
}

/// Keeps what the station told with a login.
pub(super) fn learn(replica: &mut Replica, session: &Session) -> Result<(), DeviceError> {
    replica.set_scopes(&session.scopes)?;
    replica.keep_token(&session.token)?;
    if let (Some(sealing), Some(note)) = (&session.sealing, replica.station()?) {
        let recipient = sealing.read(&note.station_key, note.station);
        replica.keep_sealing(recipient.map_err(|_| DeviceError::Station(Code::AnswerUnreadable))?)?;
    }
    Ok(())
}

/// Totals for the progress, all known.
#[derive(Default)]
struct Counts {
    unsent: u64,
    pushed: u64,
    pulled: u64,
    blob_bytes: u64,
    blob_bytes_sent: u64,
    pace: Option<Pace>,
    /// Blobs that the station did not take.
    aside: Vec<Hash>,
}

impl<S: StationDoors> Sides<'_, S> {
    fn take(&mut self, step: Step, counts: &mut Counts) -> Result<Told, DeviceError> {
        match step {
            Step::Look => {
                let holdings = self.replica.holdings(self.device)?;
                counts.unsent = holdings.unsent;
                counts.blob_bytes = self.replica.waiting(self.device)?.blob_bytes;
                self.show(Stage::Ask, 0, 0);
                Ok(Told::Holdings(holdings))
            }
            Step::LookAgain => {
                self.show(Stage::Compare, 0, 0);
                Ok(Told::Holdings(self.replica.holdings(self.device)?))
            }
            Step::AskState(query) => {
                let answer = self.asking(|station| station.state(query))?;
                let forked = self.replica.chain_at(self.device, answer.seq)? != Some(answer.chain);
                Ok(Told::State { answer, forked })
            }
            Step::TakeNewName => self.take_new_name(),
            Step::ShowReceipt(_) => {
                let receipt = self.replica.newest_receipt()?;
                self.asking(|station| station.show_receipt(&receipt))?;
                Ok(Told::Kept)
            }
            Step::Adopt { epoch, seq } => {
                // What the station says of a log that it has not seen before is no difference.
                let returned = self.replica.placed_after(self.device, seq)?;
                if returned > 0 {
                    self.differs(Found { returned, ..Found::default() })?;
                }
                self.replica.adopt(self.device, epoch, seq)?;
                counts.unsent = self.replica.holdings(self.device)?.unsent;
                Ok(Told::Kept)
            }
            Step::Repair(epoch) => {
                self.show(Stage::Compare, 0, 0);
                // Areas may have been given and taken since the login.
                self.log_in()?;
                repairing::repair(self, epoch)
            }
            Step::Push(epoch) => self.push(epoch, counts),
            Step::Pull { after } => self.pull(after, counts),
            Step::SendBlob => self.send_blob(counts),
            Step::AskReceipt(request) => match self.asking(|station| station.receipt(&request))? {
                Some(receipt) => self.compare_blobs(receipt),
                None => {
                    self.differs(Found::default())?;
                    Ok(Told::Mismatch)
                }
            },
            Step::Keep(receipt) => self.keep(&receipt),
            Step::Done(_) | Step::Failed(_) => Ok(Told::Kept),
        }
    }

    fn push(&mut self, epoch: crate::ids::EpochId, counts: &mut Counts) -> Result<Told, DeviceError> {
        self.show(Stage::Push, counts.pushed, counts.unsent);
        let Some(batch) = self.replica.outbox(self.device)? else { return Ok(Told::NothingToPush) };
        let checkpoint = Checkpoint::sign(self.signing, self.device, batch.to, batch.chain);
        let header = write_line(&PushHeader { epoch, from: batch.from, checkpoint })?;
        let lines = std::iter::once(header.as_str()).chain(batch.bodies.iter().map(String::as_str));
        let packed = write_batch(lines)?;
        let answer = self.asking(|station| station.push(packed.clone()))?;
        self.replica.keep_verdicts(self.device, &answer.items)?;
        counts.pushed += answer.items.len() as u64;
        self.show(Stage::Push, counts.pushed, counts.unsent);
        Ok(Told::Pushed(answer))
    }

    fn pull(&mut self, after: u64, counts: &mut Counts) -> Result<Told, DeviceError> {
        let pulled = read_batch(&self.asking(|station| station.pull(after))?)?;
        let came = pulled.arrivals.len() as u64;
        let total = counts.pulled + came + pulled.end.left;
        self.show(Stage::Pull, counts.pulled, total);
        let received = self.replica.receive(self.device, &pulled, Some(pulled.end.end), self.world.now())?;
        counts.pulled += came;
        self.show(Stage::Pull, counts.pulled, total);
        Ok(Told::Pulled { new: received.new, end: pulled.end.end, more: pulled.end.more })
    }

    fn send_blob(&mut self, counts: &mut Counts) -> Result<Told, DeviceError> {
        let Some(blob) = self.replica.next_blob(self.sending.photos, &counts.aside)? else {
            return Ok(Told::NoBlobs);
        };
        let pace = counts.pace.get_or_insert_with(|| Pace::of(self.sending.bytes_a_second));
        let (before, total, progress) = (counts.blob_bytes_sent, counts.blob_bytes, self.progress);
        let came = |bytes| progress(Progress { stage: Stage::Blobs, done: before + bytes, total });
        came(0);
        match upload::bring(self, &blob, pace, &came) {
            Ok(()) => self.replica.blob_is_stored(blob.hash)?,
            // One that the station does not take does not hold up the others.
            Err(DeviceError::Station(Code::BlobWrong | Code::Malformed | Code::TooLarge)) => {
                counts.aside.push(blob.hash);
                self.replica.upload_is_at(blob.hash, None)?;
                return self.send_blob(counts);
            }
            Err(other) => return Err(other),
        }
        counts.blob_bytes_sent += blob.size_bytes;
        Ok(Told::BlobSent(blob.hash))
    }

    /// Takes the pack that the station published last, if it is not here. One that this program cannot read, because it is of a
    /// newer one, holds nothing up: forms are begun with the pack before.
    fn take_pack(&mut self, published: Option<PackNotice>) -> Result<(), DeviceError> {
        let Some(PackNotice { hash, .. }) = published else { return Ok(()) };
        if self.replica.published_pack()? == Some(hash) || self.replica.is_unread(hash)? {
            return Ok(());
        }
        let bytes = self.asking(|station| station.pack(hash))?;
        match self.replica.take_pack(hash, &bytes, self.world.now()) {
            Err(ReplicaError::Pack(_)) => Ok(self.replica.note_unread(hash)?),
            other => Ok(other?),
        }
    }

    /// Lets blobs wait again that the station lacks although it was thought to have them.
    fn compare_blobs(&mut self, receipt: Receipt) -> Result<Told, DeviceError> {
        let body = self.stated(&receipt)?;
        match self.replica.blobs_are_missing(&body.blobs_missing)? {
            0 => Ok(Told::Receipt(Box::new(receipt))),
            photos => {
                self.differs(Found { photos, ..Found::default() })?;
                Ok(Told::BlobsMissing)
            }
        }
    }

    /// Notes that the station does not hold what this tablet holds.
    pub(super) fn differs(&mut self, found: Found) -> Result<(), DeviceError> {
        Ok(self.replica.note_difference(self.world.now(), found)?)
    }

    fn keep(&mut self, receipt: &Receipt) -> Result<Told, DeviceError> {
        let stated = self.stated(receipt)?;
        self.replica.keep_receipt(self.device, receipt)?;
        let areas: BTreeSet<AreaId> = stated.scopes.iter().map(|scope| scope.area).collect();
        let held: BTreeSet<AreaId> =
            self.replica.holdings(self.device)?.scopes.iter().map(|scope| scope.area).collect();
        // An area in which nothing is filed makes no other difference. If it fails the next receipt will say so again.
        if held != areas {
            self.log_in().or_else(|error| if error.code().retry_helps() { Ok(()) } else { Err(error) })?;
        }
        Ok(Told::Kept)
    }

    /// What a receipt states, if the station states it to this device.
    fn stated(&self, receipt: &Receipt) -> Result<ReceiptBody, DeviceError> {
        let body = receipt.read(self.station_key)?;
        if body.device == self.device { Ok(body) } else { Err(DeviceError::Station(Code::ReceiptWrong)) }
    }

    /// Goes on unless it was asked to stop, or another sync took over.
    pub(super) fn go_on(&self) -> Result<(), DeviceError> {
        self.replica.keeps_lease()?;
        if self.stop.load(Ordering::Relaxed) { Err(DeviceError::Refused(Code::SyncStopped)) } else { Ok(()) }
    }

    /// Asks the station, logging in anew once if the token is no longer good.
    pub(super) fn asking<T>(&mut self, ask: impl Fn(&S) -> Result<T, DeviceError>) -> Result<T, DeviceError> {
        if self.station.token().is_some() {
            match ask(self.station) {
                Err(DeviceError::Station(Code::NotLoggedIn)) => {}
                answer => return answer,
            }
        }
        self.log_in()?;
        ask(self.station)
    }

    /// Logs in. A station that has lost the enrolment is shown its own record of it, and asked once more.
    pub(super) fn log_in(&mut self) -> Result<(), DeviceError> {
        let session = match self.station.log_in(self.device, self.signing) {
            Err(DeviceError::Station(Code::DeviceUnknown)) => {
                self.be_known_again()?;
                self.station.log_in(self.device, self.signing)?
            }
            session => session?,
        };
        learn(self.replica, &session)
    }

    /// Shows the station its own record of this device. A name of which no record came back yet is asked for once more, under the
    /// former one.
    fn be_known_again(&mut self) -> Result<(), DeviceError> {
        if let Some(enrolment) = self.replica.enrolment(self.device)? {
            return self.station.show_enrolment(repairing::pack(None, &enrolment)?);
        }
        let unknown = DeviceError::Station(Code::DeviceUnknown);
        let former = self.replica.former_name()?.ok_or(unknown)?;
        self.station.log_in(former, self.signing)?;
        self.station.take_name(IdentityRequest { device: self.device })
    }

    fn take_new_name(&mut self) -> Result<Told, DeviceError> {
        let next = self.replica.next_name(self.world)?;
        let common = repairing::common(self)?;
        self.asking(|station| station.take_name(IdentityRequest { device: next }))?;
        self.replica.take_name(self.device, next, common, self.signing)?;
        self.device = next;
        self.log_in()?;
        Ok(Told::Kept)
    }

    fn show(&self, stage: Stage, done: u64, total: u64) {
        (self.progress)(Progress { stage, done, total });
    }
}
