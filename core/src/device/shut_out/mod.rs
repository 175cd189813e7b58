//! A tablet that was shut out: it hands over what the station does not have, sealed, and erases itself.
//!
//! ```text
//! refused as revoked ─▶ the station states it ─▶ marked, locked ─▶ sealed ─▶ handed over ─▶ acknowledged ─▶ erased
//! ```
//!
//! | file | what |
//! |---|---|
//! | `marker` | the file that says how far it is; each arrow is one durable write of it |
//! | `sealing` | the work in files that only the station opens, signed in advance |
//! | `erasing` | the keys, then the files |
//!
//! From the mark on nothing of the records is shown. Nothing is erased before the station's acknowledgement was verified. A
//! program that ends anywhere goes on where it was; only if it ended before the work was sealed an officer's PIN is needed
//! once more, because the keys went with it. A station that lets the tablet in again takes all of it back until it erases.

mod erasing;
pub(super) mod marker;
mod sealing;

use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};

use marker::{Erased, Marker, SealedWork, ShutOut};

use super::bundles::shelves;
use super::syncing::SyncRun;
use super::transport::{Transport, json};
use super::{DeviceError, Tablet};
use crate::bundle::ACKNOWLEDGED;
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::DeviceId;
use crate::sync::{
    Acknowledgement, Admission, AdmissionBody, AdmissionRequest, Event, LastParts, LastPartsAnswer, PART_SIGNATURE,
    UPLOAD_BYTES, to_hex,
};
use crate::time::Instant;
use crate::view::{Exported, Refusal, ShutOutStage, ShutOutStatus};

/// What is known of it only as long as the program runs.
#[derive(Default)]
pub(super) struct Leaving {
    /// The keys and the replica, until its work is sealed.
    run: Option<SyncRun>,
    handing: bool,
    bytes_done: u64,
    last_error: Option<Refusal>,
    last_tried: Option<Instant>,
}

/// What one step of going came to.
enum Went {
    On,
    Over,
}

impl Tablet {
    /// How far a tablet that was shut out is with going; `None` for any other.
    ///
    /// # Errors
    /// If its files cannot be read.
    pub fn shut_out(&self) -> Result<Option<ShutOutStatus>, DeviceError> {
        let status = match self.marker()? {
            None => return Ok(None),
            Some(Marker::Erased(erased)) => ShutOutStatus {
                stage: ShutOutStage::Erased,
                station: erased.station_name,
                revoked_at: erased.revoked_at,
                erased_at: Some(erased.erased_at),
                revisions: erased.counts.revisions,
                refused: erased.counts.refused,
                drafts: erased.counts.drafts,
                blobs: erased.counts.blobs,
                parts: erased.parts,
                bytes: erased.size_bytes,
                bytes_done: erased.size_bytes,
                address: String::new(),
                running: false,
                last_error: None,
                last_tried: None,
                next_in_ms: None,
                shelves: Vec::new(),
            },
            Some(Marker::ShutOut(shut_out)) => self.status_of(*shut_out)?,
        };
        Ok(Some(status))
    }

    fn status_of(&self, shut_out: ShutOut) -> Result<ShutOutStatus, DeviceError> {
        let leaving = self.lock_leaving();
        let counts = shut_out.sealed.as_ref().map(|sealed| sealed.counts).unwrap_or_default();
        let bytes = shut_out.sealed.as_ref().map_or(0, SealedWork::size_bytes);
        let stage = match (&shut_out.acknowledged, &shut_out.sealed) {
            (Some(_), _) => ShutOutStage::Erasing,
            (None, Some(_)) => ShutOutStage::HandingOver,
            (None, None) if leaving.run.is_some() => ShutOutStage::Sealing,
            (None, None) => ShutOutStage::NeedsPin,
        };
        Ok(ShutOutStatus {
            stage,
            revoked_at: shut_out.revoked_at,
            erased_at: None,
            revisions: counts.revisions,
            refused: counts.refused,
            drafts: counts.drafts,
            blobs: counts.blobs,
            parts: shut_out.sealed.as_ref().map_or(0, |sealed| sealed.files.len() as u64),
            bytes,
            bytes_done: leaving.bytes_done.min(bytes),
            running: leaving.handing,
            last_error: leaving.last_error.clone(),
            last_tried: leaving.last_tried,
            next_in_ms: self.by_itself.shown(true).next_in_ms,
            address: shut_out.station.address,
            station: shut_out.station_name,
            shelves: match stage {
                ShutOutStage::HandingOver => shelves(self.folder(), |path| acknowledgements(path, shut_out.device)),
                _ => Vec::new(),
            },
        })
    }

    /// Goes on with going in the background; [`Tablet::shut_out`] tells how it goes.
    ///
    /// # Errors
    /// [`Code::SyncRunning`] if that is under way.
    pub fn shut_out_start(self: &Arc<Self>) -> Result<(), DeviceError> {
        self.begin_leaving(true)?;
        let tablet = Arc::clone(self);
        // The outcome is kept for the page.
        std::thread::spawn(move || drop(tablet.leave()));
        Ok(())
    }

    /// Goes on with going as far as it can and waits for the end of that.
    ///
    /// # Errors
    /// Why it did not come to the end: what was done stays done. [`Code::Locked`] if an officer's PIN is needed,
    /// [`Code::StationUnreachable`] …, [`Code::TooLarge`] if the station has no room.
    pub fn hand_over_last_work(&self) -> Result<(), DeviceError> {
        self.begin_leaving(true)?;
        self.leave()
    }

    /// Copies the sealed work into a folder that is there, or into `exports` beside the tablet's files: for a stick.
    ///
    /// # Errors
    /// [`Code::NotFound`] if nothing is sealed or there is no such folder, [`Code::FileFailed`], [`Code::DiskFull`].
    pub fn export_last_work(&self, folder: Option<&str>) -> Result<Exported, DeviceError> {
        let folder = match folder {
            Some(folder) if Path::new(folder).is_dir() => PathBuf::from(folder),
            Some(_) => return Err(DeviceError::Refused(Code::NotFound)),
            None => self.own_folder("exports")?,
        };
        let sealed = self.gone()?.and_then(|shut_out| shut_out.sealed).ok_or(DeviceError::Refused(Code::NotFound))?;
        for (file, hash) in sealed.files.iter().zip(&sealed.list.parts) {
            let bytes = sealing::part(self.folder(), file, *hash).ok_or(DeviceError::Refused(Code::FileFailed))?;
            super::files::write_whole(&folder.join(&file.name), &bytes)
                .map_err(DeviceError::file("copying a part of the last work"))?;
        }
        let count = u32::try_from(sealed.files.len()).unwrap_or(u32::MAX);
        Ok(Exported { path: folder.to_string_lossy().into_owned(), count })
    }

    /// Takes in the station's acknowledgement of what was brought to it, from files or from all of this tablet in folders, and
    /// erases.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is none, [`Code::BundleElsewhere`] if it is about something else or not the station's,
    /// [`Code::DigestMismatch`] if the station has lost what it had before.
    pub fn import_acknowledgement(&self, paths: &[String]) -> Result<(), DeviceError> {
        let shut_out = self.gone()?.ok_or(DeviceError::Refused(Code::NotFound))?;
        let mut files = Vec::new();
        for path in paths.iter().map(PathBuf::from) {
            if path.is_dir() { files.extend(acknowledgements(&path, shut_out.device)) } else { files.push(path) }
        }
        let mut wrong = DeviceError::Refused(Code::NotFound);
        for file in files {
            let text = std::fs::read(&file).map_err(DeviceError::file("reading an acknowledgement"))?;
            let read = serde_json::from_slice::<Acknowledgement>(&text).ok();
            let taken = read.ok_or(DeviceError::Refused(Code::BundleUnreadable)).and_then(|acknowledgement| {
                self.begin_leaving(true)?;
                let kept = self.keep_acknowledgement(acknowledgement);
                self.lock_leaving().handing = false;
                kept
            });
            match taken {
                Ok(()) => return self.hand_over_last_work(),
                Err(cause) => wrong = cause,
            }
        }
        Err(wrong)
    }

    /// The officer has seen that the tablet is erased: it is a new one from now on.
    ///
    /// # Errors
    /// [`Code::DeviceRevoked`] if it is not erased.
    pub fn forget_being_shut_out(&self) -> Result<(), DeviceError> {
        match self.marker()? {
            Some(Marker::ShutOut(_)) => Err(DeviceError::Refused(Code::DeviceRevoked)),
            Some(Marker::Erased(_)) => Marker::remove(self.folder()),
            None => Ok(()),
        }
    }

    /// What says how far the tablet is with going. A tablet that was enrolled again is no erased one.
    pub(super) fn marker(&self) -> Result<Option<Marker>, DeviceError> {
        let marker = Marker::load(self.folder())?;
        Ok(marker.filter(|marker| matches!(marker, Marker::ShutOut(_)) || !self.is_enrolled()))
    }

    /// Whether it is shut out and not erased yet, as far as its files can be read.
    pub(super) fn is_gone(&self) -> bool {
        self.gone().is_ok_and(|gone| gone.is_some())
    }

    /// Address and certificate of the station that a tablet is leaving.
    pub(super) fn station_left(&self) -> Result<Option<(String, Option<String>)>, DeviceError> {
        Ok(self.gone()?.map(|shut_out| (shut_out.station.address, shut_out.station.fingerprint)))
    }

    /// How far it is with going, unless it is not shut out or erased already.
    pub(super) fn gone(&self) -> Result<Option<ShutOut>, DeviceError> {
        Ok(match Marker::load(self.folder())? {
            Some(Marker::ShutOut(shut_out)) => Some(*shut_out),
            _ => None,
        })
    }

    /// The station has refused this tablet as a revoked one: asks for its own statement, and believes nothing else. Whether the
    /// tablet is shut out from now on.
    pub(super) fn is_told_to_go(&self, run: &mut SyncRun) -> Result<bool, DeviceError> {
        run.device = run.replica.name_taken()?.unwrap_or(run.device);
        let station = Transport::to(&run.note.address, run.note.fingerprint.as_deref(), None)?;
        let stated = match self.admission(&station, run.device, &run.note.station_key, run.note.station) {
            // A station of an older program states nothing; its word alone erases nothing.
            Err(DeviceError::Station(Code::NotFound)) => return Ok(false),
            stated => stated?,
        };
        let Some(revoked) = stated.revoked else { return Ok(false) };
        if let Some(revision) = revoked.revision
            && run.replica.has_revision(revision)?
        {
            return Err(DeviceError::Refused(Code::RevocationUnproven));
        }
        let shut_out = ShutOut {
            station: run.note.clone(),
            station_name: self.station_name()?,
            device: run.device,
            revoked_at: revoked.at_ms,
            recipient: stated.recipient,
            has: stated.has,
            sealed: None,
            acknowledged: None,
        };
        shut_out.save(self.folder())?;
        // Whatever is being saved now is saved before this returns, and nothing after it.
        self.lock();
        Ok(true)
    }

    /// Keeps what is needed to seal, of the sync that learned of it, or from an officer's PIN.
    pub(super) fn keep_to_seal(&self, run: SyncRun) {
        self.lock_leaving().run = Some(run);
    }

    /// Seals, if that is what is to be done next, and lets the driver go on.
    pub(super) fn seal_now(&self) -> Result<(), DeviceError> {
        // Whoever is at it already seals with what was kept.
        if !std::mem::replace(&mut self.lock_leaving().handing, true) {
            let sealed =
                self.gone().and_then(|gone| gone.filter(ShutOut::needs_keys).map_or(Ok(()), |out| self.seal(out)));
            self.lock_leaving().handing = false;
            sealed?;
        }
        self.by_itself.told(Event::Opened { on: true, waits: true }, &*self.world);
        Ok(())
    }

    /// Begins to go on; one at a time.
    pub(super) fn begin_leaving(&self, by_hand: bool) -> Result<(), DeviceError> {
        let mut leaving = self.lock_leaving();
        if std::mem::replace(&mut leaving.handing, true) {
            return Err(DeviceError::Refused(Code::SyncRunning));
        }
        drop(leaving);
        self.by_itself.told(Event::Opened { on: true, waits: true }, &*self.world);
        self.by_itself.told(Event::Began { by_hand }, &*self.world);
        Ok(())
    }

    /// Goes on step by step. The caller has begun it.
    pub(super) fn leave(&self) -> Result<(), DeviceError> {
        let result = loop {
            match self.step() {
                Ok(Went::On) => {}
                Ok(Went::Over) => break Ok(()),
                Err(cause) => break Err(cause),
            }
        };
        let mut leaving = self.lock_leaving();
        leaving.handing = false;
        leaving.last_tried = Some(self.world.now());
        leaving.last_error = result.as_ref().err().map(DeviceError::refusal);
        drop(leaving);
        self.by_itself.told(Event::Ended(result.as_ref().map(|_| ()).map_err(DeviceError::code)), &*self.world);
        // Nothing is left to do, or nothing can be done without an officer.
        if result.as_ref().map_or_else(|cause| cause.code() == Code::Locked, |()| true) {
            self.by_itself.told(Event::Locked, &*self.world);
        }
        result
    }

    fn step(&self) -> Result<Went, DeviceError> {
        let Some(shut_out) = self.gone()? else { return Ok(Went::Over) };
        if shut_out.acknowledged.is_some() {
            self.erase(&shut_out)?;
            return Ok(Went::Over);
        }
        let Some(sealed) = &shut_out.sealed else {
            self.seal(shut_out)?;
            return Ok(Went::On);
        };
        let note = &shut_out.station;
        let station = Transport::to(&note.address, note.fingerprint.as_deref(), None)?;
        let stated = self.admission(&station, shut_out.device, &note.station_key, note.station)?;
        if stated.revoked.is_none() {
            return self.is_let_in_again();
        }
        if !sealed.is_enough_for(&stated.has) {
            self.seal_anew(ShutOut { has: stated.has, recipient: stated.recipient, ..shut_out })?;
            return Ok(Went::On);
        }
        self.hand_over_sealed(&station, &shut_out, sealed)
    }

    fn seal(&self, shut_out: ShutOut) -> Result<(), DeviceError> {
        let taken = self.lock_leaving().run.take();
        let mut run = taken.ok_or(DeviceError::Refused(Code::Locked))?;
        match sealing::seal(&mut run, &shut_out, self.folder(), &*self.world) {
            Ok(sealed) => ShutOut { sealed: Some(sealed), ..shut_out }.save(self.folder()),
            Err(cause) => {
                // For the next try: the disk may have room then.
                self.lock_leaving().run = Some(run);
                Err(cause)
            }
        }
    }

    /// What is sealed is not enough any more, or is damaged: it is sealed once more. That needs an officer's PIN.
    fn seal_anew(&self, shut_out: ShutOut) -> Result<(), DeviceError> {
        ShutOut { sealed: None, ..shut_out }.save(self.folder())
    }

    /// Hands over the parts that are not there, and keeps the acknowledgement.
    fn hand_over_sealed(
        &self,
        station: &Transport,
        shut_out: &ShutOut,
        sealed: &SealedWork,
    ) -> Result<Went, DeviceError> {
        let total = sealed.size_bytes();
        for _ in 0..2 {
            let answer = station.hand_over_all(shut_out.device, &sealed.list)?;
            if let Some(acknowledgement) = answer.acknowledgement {
                self.keep_acknowledgement(acknowledgement)?;
                return Ok(Went::On);
            }
            let lacking: Vec<_> =
                sealed.files.iter().zip(&sealed.list.parts).filter(|(_, hash)| answer.missing.contains(hash)).collect();
            let mut left: u64 = lacking.iter().map(|(file, _)| file.size_bytes).sum();
            self.lock_leaving().bytes_done = total - left;
            for (file, hash) in lacking {
                let Some(bytes) = sealing::part(self.folder(), file, *hash) else {
                    self.seal_anew(shut_out.clone())?;
                    return Ok(Went::On);
                };
                station.hand_over_part(shut_out.device, *hash, to_hex(&file.signature.to_bytes()), bytes)?;
                left -= file.size_bytes;
                self.lock_leaving().bytes_done = total - left;
            }
        }
        Err(DeviceError::Station(Code::AnswerUnreadable))
    }

    /// Keeps the station's word that it keeps all; from here on the tablet erases.
    fn keep_acknowledgement(&self, acknowledgement: Acknowledgement) -> Result<(), DeviceError> {
        let shut_out = self.gone()?.ok_or(DeviceError::Refused(Code::NotFound))?;
        let sealed = shut_out.sealed.as_ref().ok_or(DeviceError::Refused(Code::BundleElsewhere))?;
        let note = &shut_out.station;
        let whose = (note.station, shut_out.device);
        let stated = acknowledgement
            .read(&note.station_key, whose, (sealed.list.bundle, &sealed.list.parts))
            .map_err(|_| DeviceError::Refused(Code::BundleElsewhere))?;
        if !sealed.is_enough_for(&stated.has) {
            self.seal_anew(ShutOut { has: stated.has, ..shut_out })?;
            return Err(DeviceError::Station(Code::DigestMismatch));
        }
        ShutOut { acknowledged: Some(acknowledgement), ..shut_out }.save(self.folder())
    }

    /// Nothing that was acknowledged is kept here any longer.
    fn erase(&self, shut_out: &ShutOut) -> Result<(), DeviceError> {
        self.lock_leaving().run = None;
        *self.lock_open() = None;
        erasing::erase(self.folder(), &*self.services.secrets, &mut || true)?;
        let sealed = shut_out.sealed.as_ref();
        let erased = Erased {
            station_name: shut_out.station_name.clone(),
            revoked_at: shut_out.revoked_at,
            erased_at: self.world.now(),
            parts: sealed.map_or(0, |sealed| sealed.files.len() as u64),
            size_bytes: sealed.map_or(0, SealedWork::size_bytes),
            counts: sealed.map(|sealed| sealed.counts).unwrap_or_default(),
        };
        Marker::Erased(erased).save(self.folder())
    }

    /// Brings an erasure to its end that a program began and did not end.
    pub(super) fn go_on_erasing(&self) -> Result<(), DeviceError> {
        if self.lock_leaving().handing {
            return Ok(());
        }
        match self.gone()? {
            Some(shut_out) if shut_out.acknowledged.is_some() => self.erase(&shut_out),
            _ => Ok(()),
        }
    }

    /// The station lets this tablet in: all is as it was.
    fn is_let_in_again(&self) -> Result<Went, DeviceError> {
        Marker::remove(self.folder())?;
        *self.lock_leaving() = Leaving { handing: true, ..Leaving::default() };
        erasing::remove_folder(&self.folder().join(sealing::FOLDER))?;
        Ok(Went::Over)
    }

    /// Asks whether a device is let in, and takes no answer but the station's own to this question.
    fn admission(
        &self,
        station: &Transport,
        device: DeviceId,
        key: &ed25519_dalek::VerifyingKey,
        id: crate::ids::StationId,
    ) -> Result<AdmissionBody, DeviceError> {
        let mut nonce = [0; 32];
        self.world.fill_random(&mut nonce);
        let asked = AdmissionRequest { device, nonce: Hash::from_bytes(nonce) };
        let stated = station.admission(&asked)?;
        stated.read(key, id, asked).map_err(|_| DeviceError::Refused(Code::RevocationUnproven))
    }

    fn lock_leaving(&self) -> MutexGuard<'_, Leaving> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport {
    /// Asks whether a device is let in.
    ///
    /// # Errors
    /// The station's code, or that it does not answer.
    pub fn admission(&self, asked: &AdmissionRequest) -> Result<Admission, DeviceError> {
        json(self.send(self.to_path(reqwest::Method::POST, "/v1/shut-out").json(asked))?)
    }

    /// Hands over one part.
    ///
    /// # Errors
    /// The station's code, or that it does not answer.
    pub fn hand_over_part(
        &self,
        device: DeviceId,
        part: Hash,
        signature: String,
        bytes: Vec<u8>,
    ) -> Result<(), DeviceError> {
        let request = self.to_path(reqwest::Method::PUT, &format!("/v1/shut-out/{device}/{part}"));
        let request = request.header("content-type", UPLOAD_BYTES).header(PART_SIGNATURE, signature);
        self.send(request.body(bytes)).map(|_| ())
    }

    /// Says what all the parts are; either some are missing, or the station acknowledges them.
    ///
    /// # Errors
    /// The station's code, or that it does not answer.
    pub fn hand_over_all(&self, device: DeviceId, parts: &LastParts) -> Result<LastPartsAnswer, DeviceError> {
        json(self.send(self.to_path(reqwest::Method::POST, &format!("/v1/shut-out/{device}")).json(parts))?)
    }
}

/// The files in a folder that acknowledge what a device handed over.
fn acknowledgements(folder: &Path, device: DeviceId) -> Vec<PathBuf> {
    let begins = device.to_string();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&begins) && name.ends_with(ACKNOWLEDGED)
        })
        .collect();
    files.sort();
    files
}
