//! What lies between a tablet and the station: real bytes, that are cut, lost, repeated and late where the dice say so.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use ailchin_core::device::{DeviceError, StationDoors, Upload};
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::DeviceId;
use ailchin_core::replica::WaitingBlob;
use ailchin_core::sync::{
    Challenge, ErrorBody, FetchRequest, GiveAnswer, IdentityRequest, LoginProof, LoginRequest, PlacesAnswer,
    PlacesRequest, PushAnswer, RangesAnswer, RangesRequest, Receipt, ReceiptRequest, Session, StateAnswer, StateQuery,
    login_message,
};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Sim;
use super::disk::Files;
use super::doors::{Answer, Door, Request};
use super::plan::Fault;
use super::planted::Planted;

use crate::Dice;

/// The requests of one sync that something may happen to.
const CALLS: u64 = 12;

/// The station as one sync of one tablet reaches it.
pub(super) struct Wire<'s> {
    sim: &'s Sim,
    tablet: usize,
    token: Option<String>,
    /// Under which name it logged in last.
    device: Cell<DeviceId>,
    calls: Cell<u64>,
    weather: RefCell<Weather>,
}

/// What will happen to the requests of one sync.
#[derive(Default)]
pub(super) struct Weather {
    fates: BTreeMap<u64, (Fault, Dice)>,
    /// The power of the tablet fails after the answer to this request, at a byte of what the tablet then writes.
    kill: Option<(u64, Dice)>,
    before: Option<Files>,
    after: Option<Files>,
}

impl Weather {
    /// Nothing happens.
    pub(super) fn calm() -> Self {
        Self::default()
    }

    pub(super) fn of(dice: &mut Dice, faults: &std::collections::BTreeSet<Fault>) -> Self {
        use Fault as F;
        let on_wire = [F::CutRequest, F::CutAnswer, F::LostRequest, F::LostAnswer, F::Repeat, F::Reorder, F::Delay];
        let possible: Vec<Fault> = on_wire.into_iter().filter(|fault| faults.contains(fault)).collect();
        let mut weather = Self::default();
        if possible.is_empty() || dice.below(3) == 0 {
            return weather;
        }
        for _ in 0..=dice.below(3) {
            let fault = possible[usize::try_from(dice.below(possible.len() as u64)).unwrap()];
            weather.fates.insert(dice.below(CALLS), (fault, Dice::new(dice.below(u64::MAX))));
        }
        weather
    }

    pub(super) fn kills(mut self, dice: &mut Dice) -> Self {
        self.kill = Some((dice.below(CALLS), Dice::new(dice.below(u64::MAX))));
        self
    }

    /// What lies on the tablet's disk after its power failed; `None` if it did not. To be asked when the sync is over.
    pub(super) fn killed(&mut self, now: impl FnOnce() -> Files) -> Option<Files> {
        let before = self.before.take()?;
        let after = self.after.take().unwrap_or_else(now);
        let (_, dice) = self.kill.as_mut()?;
        Some(before.killed_before(&after, dice))
    }
}

const UNREACHABLE: DeviceError = DeviceError::Station(Code::StationUnreachable);

impl<'s> Wire<'s> {
    pub(super) fn new(sim: &'s Sim, tablet: usize, token: Option<String>, weather: Weather) -> Self {
        let device = Cell::new(sim.tablets[tablet].borrow().device);
        Self { sim, tablet, token, device, calls: Cell::new(0), weather: RefCell::new(weather) }
    }

    pub(super) fn into_weather(self) -> Weather {
        self.weather.into_inner()
    }

    /// Carries a request there and the answer back. A refusal comes back as the station's code.
    fn carry(&self, door: Door, body: Vec<u8>) -> Result<Vec<u8>, DeviceError> {
        let call = self.calls.get();
        self.calls.set(call + 1);
        if self.has_no_power() {
            return Err(UNREACHABLE);
        }
        let device = self.device.get();
        let request = Request { door, device, token: self.token.clone(), body };
        let fate = self.weather.borrow_mut().fates.remove(&call);
        let answer = match fate {
            Some((fault, mut dice)) => self.under(fault, &request, &mut dice),
            None => self.asked(&request),
        };
        self.note_power(call);
        let answer = answer.ok_or(UNREACHABLE)?;
        if !answer.refused {
            return Ok(answer.body);
        }
        match serde_json::from_slice::<ErrorBody>(&answer.body) {
            Ok(refusal) => Err(DeviceError::Station(refusal.code)),
            Err(_) => Err(DeviceError::Station(Code::AnswerUnreadable)),
        }
    }

    /// Asks the station, if the tablet reaches it.
    fn asked(&self, request: &Request) -> Option<Answer> {
        if self.sim.has_broken() || !self.sim.tablets[self.tablet].borrow().reaches {
            return None;
        }
        self.sim.serve(request)
    }

    fn under(&self, fault: Fault, request: &Request, dice: &mut Dice) -> Option<Answer> {
        self.sim.count(fault);
        self.sim.say(|| format!("  {} of tablet {}: {}", request.door.name(), self.tablet, fault.name()));
        match fault {
            Fault::CutRequest => {
                let mut cut = request.clone();
                cut.body.truncate(below(dice, cut.body.len()));
                self.asked(&cut)?;
                None
            }
            Fault::CutAnswer => {
                let mut answer = self.asked(request)?;
                // An answer without a body has nothing to cut: it is lost.
                let end = below(dice, answer.body.len());
                (!answer.body.is_empty()).then(|| {
                    answer.body.truncate(end);
                    answer
                })
            }
            Fault::LostRequest => None,
            Fault::LostAnswer => {
                self.asked(request)?;
                None
            }
            Fault::Repeat => {
                let first = self.asked(request);
                let second = self.asked(request);
                if dice.below(2) == 0 { first } else { second }
            }
            Fault::Reorder => {
                self.sim.keep_for_later(request.clone());
                self.asked(request)
            }
            Fault::Delay => {
                let before = dice.below(2) == 0;
                if before {
                    self.sim.meanwhile(dice);
                }
                let answer = self.asked(request);
                if !before {
                    self.sim.meanwhile(dice);
                }
                answer
            }
            _ => self.asked(request),
        }
    }

    /// Whether the tablet's power failed since the last answer: then nothing more is sent.
    fn has_no_power(&self) -> bool {
        let mut weather = self.weather.borrow_mut();
        if weather.before.is_some() && weather.after.is_none() {
            weather.after = Some(Files::at(&self.sim.tablets[self.tablet].borrow().path));
        }
        weather.before.is_some()
    }

    fn note_power(&self, call: u64) {
        let mut weather = self.weather.borrow_mut();
        if weather.kill.as_ref().is_some_and(|(at, _)| *at == call) {
            weather.before = Some(Files::at(&self.sim.tablets[self.tablet].borrow().path));
        }
    }
}

fn below(dice: &mut Dice, length: usize) -> usize {
    if length == 0 { 0 } else { usize::try_from(dice.below(length as u64)).unwrap() }
}

impl StationDoors for Wire<'_> {
    fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    fn log_in(&mut self, device: DeviceId, key: &SigningKey) -> Result<Session, DeviceError> {
        let challenge: Challenge = read(&self.carry(Door::Login, write(&LoginRequest { device }))?)?;
        let signature = key.sign(&login_message(device, challenge.challenge));
        let proof = LoginProof { device, challenge: challenge.challenge, signature };
        let session: Session = read(&self.carry(Door::Proof, write(&proof))?)?;
        self.token = Some(session.token.clone());
        self.device.set(device);
        Ok(session)
    }

    fn state(&self, query: StateQuery) -> Result<StateAnswer, DeviceError> {
        let mut answer: StateAnswer = read(&self.carry(Door::State(query), Vec::new())?)?;
        if self.sim.planted == Some(Planted::NeverQuiet) {
            answer.held.add(Hash::of(b"never quiet"));
        }
        Ok(answer)
    }

    fn push(&self, batch: Vec<u8>) -> Result<PushAnswer, DeviceError> {
        if self.sim.strikes(Planted::PushRefusedWhole) {
            return Err(DeviceError::Station(Code::Malformed));
        }
        read(&self.carry(Door::Push, batch)?)
    }

    fn pack(&self, _hash: Hash) -> Result<Vec<u8>, DeviceError> {
        // The simulation's station publishes none.
        Err(DeviceError::Station(Code::NotFound))
    }

    fn pull(&self, after: u64) -> Result<Vec<u8>, DeviceError> {
        let packed = self.carry(Door::Pull { after }, Vec::new())?;
        Ok(match self.sim.planted {
            Some(bug) if self.sim.strikes(bug) => bug.on_pull(packed),
            _ => packed,
        })
    }

    fn receipt(&self, request: &ReceiptRequest) -> Result<Option<Receipt>, DeviceError> {
        match self.carry(Door::Receipt, write(request)) {
            Ok(answer) => read(&answer).map(Some),
            Err(DeviceError::Station(Code::DigestMismatch)) => {
                self.sim.differs(self.tablet);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn places(&self, request: &PlacesRequest) -> Result<PlacesAnswer, DeviceError> {
        read(&self.carry(Door::Places, write(request))?)
    }

    fn take_name(&self, request: IdentityRequest) -> Result<(), DeviceError> {
        self.carry(Door::Identity, write(&request)).map(|_| ())
    }

    fn show_receipt(&self, receipt: &Receipt) -> Result<(), DeviceError> {
        self.carry(Door::Rollback, write(receipt)).map(|_| ())
    }

    fn ranges(&self, request: &RangesRequest) -> Result<RangesAnswer, DeviceError> {
        self.sim.compares(self.tablet);
        read(&self.carry(Door::Ranges, write(request))?)
    }

    fn fetch(&self, request: &FetchRequest) -> Result<Vec<u8>, DeviceError> {
        self.carry(Door::Fetch, write(request))
    }

    fn give(&self, batch: Vec<u8>) -> Result<GiveAnswer, DeviceError> {
        read(&self.carry(Door::Give, batch)?)
    }

    fn show_enrolment(&self, batch: Vec<u8>) -> Result<(), DeviceError> {
        self.carry(Door::Enrolment, batch).map(|_| ())
    }

    fn begin_blob(&self, blob: &WaitingBlob, whole: Option<&[u8]>) -> Result<Upload, DeviceError> {
        let (hash, media_type, size) = (blob.hash, blob.media_type.clone(), blob.size_bytes);
        let bytes = whole.unwrap_or_default().to_vec();
        let [offset] = read(&self.carry(Door::BeginBlob { hash, media_type, size }, bytes)?)?;
        Ok(Upload { address: hash.to_string(), offset })
    }

    fn blob_at(&self, address: &str) -> Result<Option<Upload>, DeviceError> {
        match self.carry(Door::BlobAt(Hash::parse(address).unwrap()), Vec::new()) {
            Ok(answer) => {
                let [offset] = read(&answer)?;
                Ok(Some(Upload { address: address.to_owned(), offset }))
            }
            Err(DeviceError::Station(Code::NotFound)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    fn send_part(&self, upload: &Upload, bytes: &[u8]) -> Result<u64, DeviceError> {
        let (hash, offset) = (Hash::parse(&upload.address).unwrap(), upload.offset);
        let [offset] = read(&self.carry(Door::AddToBlob { hash, offset }, bytes.to_vec())?)?;
        Ok(offset)
    }
}

fn write<T: Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).unwrap()
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DeviceError> {
    serde_json::from_slice(body).map_err(|_| DeviceError::Station(Code::AnswerUnreadable))
}
