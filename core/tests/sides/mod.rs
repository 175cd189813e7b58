//! A tablet and a station as small as they can be, and a wire between them that loses and repeats: for [`Conversation`] alone.
#![allow(unreachable_pub, reason = "a module of tests")]

use std::collections::{BTreeMap, BTreeSet};

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, ReceiptId, StationId};
use ailchin_core::sync::{
    Conversation, Digest, Holdings, Outcome, PushAnswer, PushItem, Receipt, ReceiptBody, ReceiptRequest, ScopeDigest,
    StateAnswer, Step, Told, Verdict,
};
use ailchin_core::time::Instant;
use ed25519_dalek::SigningKey;

/// Own items in one push.
const PUSH: usize = 3;
/// Items in one pull.
const PULL: usize = 4;

/// One revision, as far as a sync is concerned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Item {
    pub device: u8,
    pub seq: u64,
    /// The station will refuse it.
    pub bad: bool,
}

impl Item {
    fn hash(self) -> Hash {
        Hash::of(&[&[self.device, u8::from(self.bad)][..], &self.seq.to_be_bytes()].concat())
    }
}

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It arrives, and so does the answer.
    Whole,
    /// It does not arrive.
    RequestLost,
    /// It arrives, the answer does not.
    AnswerLost,
    /// It arrives twice, the second answer comes back.
    Repeated,
}

pub const FATES: [Fate; 4] = [Fate::Whole, Fate::RequestLost, Fate::AnswerLost, Fate::Repeated];

/// The wire failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lost;

/// A station.
#[derive(Clone, Debug, Default)]
pub struct Station {
    pub epoch: u8,
    pub feed: Vec<Item>,
    pub refused: BTreeSet<Item>,
    pub blobs: BTreeSet<u64>,
    /// The receipts it knows, with the length of its feed when it gave them.
    pub receipts: BTreeMap<ReceiptId, usize>,
    /// Receipts given in all its lives.
    pub given: u8,
    /// It signs nothing any more: a fault inside.
    pub disagrees: bool,
    /// It answers this instead, so many times.
    pub refusing: Option<(Code, u32)>,
}

impl Station {
    fn digest(&self, position: u64) -> Digest {
        let mut digest = Digest::default();
        self.feed.iter().take(usize::try_from(position).unwrap()).for_each(|item| digest.add(item.hash()));
        digest
    }

    fn held(&self, device: u8) -> u64 {
        let own = self.feed.iter().chain(&self.refused).filter(|item| item.device == device);
        own.map(|item| item.seq).max().unwrap_or(0)
    }

    fn push(&mut self, items: &[Item]) -> PushAnswer {
        let verdicts = items
            .iter()
            .map(|item| {
                let verdict = match self.feed.iter().position(|known| known == item) {
                    Some(at) => Verdict::Duplicate(at as u64 + 1),
                    None if item.bad => {
                        self.refused.insert(*item);
                        Verdict::Refused(Code::OutOfScope)
                    }
                    None => {
                        self.feed.push(*item);
                        Verdict::Stored(self.feed.len() as u64)
                    }
                };
                PushItem { seq: item.seq, verdict, filed: None }
            })
            .collect();
        PushAnswer { seq: items.last().map_or(0, |item| item.seq), items: verdicts }
    }

    /// Loses everything after a position, as after a restore, and begins a new life.
    pub fn restore(&mut self, position: usize) {
        self.put_back(position);
        self.epoch += 1;
    }

    /// Loses everything after a position, and does not know it.
    pub fn put_back(&mut self, position: usize) {
        self.feed.truncate(position);
        let held: BTreeSet<(u8, u64)> = self.feed.iter().map(|item| (item.device, item.seq)).collect();
        self.refused.retain(|item| held.contains(&(item.device, item.seq + 1)));
        self.receipts.retain(|_, length| *length <= position);
    }
}

/// What a tablet knows of an own item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    Nothing,
    At(u64),
    Refused,
}

/// A tablet.
#[derive(Clone, Debug)]
pub struct Tablet {
    pub device: u8,
    pub own: Vec<(Item, Known)>,
    /// Items of others, with a position if the station has confirmed them in this life.
    pub others: BTreeMap<Item, Option<u64>>,
    pub epoch: Option<u8>,
    pub cursor: u64,
    pub receipt: Option<ReceiptBody>,
    pub blobs: BTreeMap<u64, bool>,
    /// Requests sent in its life.
    pub requests: u64,
    /// Times it adopted a life of the station.
    pub starts: u32,
    /// Times it repaired.
    pub repairs: u32,
}

impl Tablet {
    pub fn new(device: u8) -> Self {
        Self {
            device,
            own: Vec::new(),
            others: BTreeMap::new(),
            epoch: None,
            cursor: 0,
            receipt: None,
            blobs: BTreeMap::new(),
            requests: 0,
            starts: 0,
            repairs: 0,
        }
    }

    /// Saves something.
    pub fn save(&mut self, bad: bool) {
        let item = Item { device: self.device, seq: self.own.len() as u64 + 1, bad };
        self.own.push((item, Known::Nothing));
    }

    /// Attaches a photo to what it saved last.
    pub fn photograph(&mut self) {
        self.blobs.insert(u64::from(self.device) * 1_000 + self.own.len() as u64, false);
    }

    /// All it holds that the station has confirmed, once each.
    pub fn confirmed(&self) -> BTreeSet<Item> {
        let own = self.own.iter().filter(|(_, known)| matches!(known, Known::At(_))).map(|(item, _)| *item);
        own.chain(self.others.iter().filter(|(_, at)| at.is_some()).map(|(item, _)| *item)).collect()
    }

    /// What it holds, as far as a sync is concerned.
    pub fn holdings(&self) -> Holdings {
        let mut digest = Digest::default();
        self.confirmed().iter().for_each(|item| digest.add(item.hash()));
        let scopes = vec![ScopeDigest { area: area(), digest }];
        let unsent = self.own.iter().filter(|(_, known)| *known == Known::Nothing).count() as u64;
        let unsent_blobs = self.blobs.values().filter(|sent| !**sent).count() as u64;
        let covered = unsent == 0
            && unsent_blobs == 0
            && self.receipt.as_ref().is_some_and(|body| body.position == self.cursor && body.scopes == scopes);
        let receipt =
            self.receipt.as_ref().filter(|body| Some(body.epoch) == self.epoch.map(epoch)).map(|body| body.id);
        let answered = self.own.iter().filter(|(_, known)| *known != Known::Nothing).map(|(item, _)| item.seq).max();
        Holdings {
            epoch: self.epoch.map(epoch),
            cursor: self.cursor,
            unsent,
            unsent_blobs,
            scopes,
            covered: covered && receipt.is_some(),
            settled: covered && receipt.is_some(),
            unplaced: 0,
            to_compare: false,
            receipt,
            blobs: Vec::new(),
            answered: answered.unwrap_or(0),
        }
    }

    /// Runs a conversation. `fates` says what happens to each request; when it has nothing more to say, all is whole.
    pub fn sync(
        &mut self,
        station: &mut Station,
        fates: &mut dyn Iterator<Item = Fate>,
    ) -> Result<Result<Outcome, Code>, Lost> {
        let mut conversation = Conversation::default();
        for _ in 0..10_000 {
            let step = conversation.next();
            assert_eq!(step, conversation.next(), "asking again gives the same step");
            let told = match step {
                Step::Done(outcome) => return Ok(Ok(outcome)),
                Step::Failed(code) => return Ok(Err(code)),
                Step::Look | Step::LookAgain => Told::Holdings(self.holdings()),
                Step::Adopt { epoch, seq } => self.adopt(epoch, seq),
                Step::Repair(epoch) => self.repair(epoch, station, fates)?,
                Step::TakeNewName => Told::Refused(Code::LogForked),
                Step::ShowReceipt(_) => self.ask(station, fates, |_, station| {
                    station.epoch += 1;
                    Told::Kept
                })?,
                Step::Keep(receipt) => {
                    self.receipt = Some(receipt.read(&key().verifying_key()).unwrap());
                    Told::Kept
                }
                Step::AskState(query) => self.ask(station, fates, |device, station| {
                    let answer = StateAnswer {
                        epoch: epoch(station.epoch),
                        at_ms: Instant::from_ms(0),
                        seq: station.held(device),
                        chain: Hash::of(b"chain"),
                        position: station.feed.len() as u64,
                        rolled_back: query.receipt.is_some_and(|receipt| !station.receipts.contains_key(&receipt)),
                        pack: None,
                        held: station.digest(query.after),
                    };
                    Told::State { answer, forked: false }
                })?,
                Step::Push(epoch) => self.push(epoch, station, fates)?,
                Step::Pull { after } => self.pull(after, station, fates)?,
                Step::SendBlob => self.send_blob(station, fates)?,
                Step::AskReceipt(request) => {
                    self.ask(station, fates, |device, station| compare(device, station, &request))?
                }
            };
            conversation.told(told);
        }
        panic!("a conversation without end");
    }

    fn adopt(&mut self, epoch: EpochId, seq: u64) -> Told {
        let later = self.own.iter_mut().filter(|(item, _)| item.seq > seq);
        later.for_each(|(_, known)| *known = Known::Nothing);
        self.epoch = Some(epoch.as_bytes()[0]);
        self.starts += 1;
        Told::Kept
    }

    /// What only one side holds goes to the other, in one request.
    fn repair(
        &mut self,
        of: EpochId,
        station: &mut Station,
        fates: &mut dyn Iterator<Item = Fate>,
    ) -> Result<Told, Lost> {
        self.repairs += 1;
        let others: Vec<Item> = self.others.keys().copied().collect();
        let mut newest = 0;
        let told = self.ask(station, fates, |_, station| {
            if of != epoch(station.epoch) {
                return Told::Refused(Code::EpochChanged);
            }
            let mut given = 0;
            for item in &others {
                if !station.feed.contains(item) {
                    station.feed.push(*item);
                    given += 1;
                }
            }
            newest = station.feed.len() as u64;
            Told::Repaired { newest, fetched: 0, given }
        })?;
        if let Told::Repaired { given, .. } = told {
            let mut fetched = 0;
            for (item, at) in station.feed.iter().zip(1_u64..) {
                match self.own.iter_mut().find(|(own, _)| own == item) {
                    Some((_, known)) => *known = Known::At(at),
                    None => fetched += u64::from(self.others.insert(*item, Some(at)).is_none()),
                }
            }
            for (item, known) in &mut self.own {
                if matches!(known, Known::At(_)) && !station.feed.contains(item) {
                    *known = Known::Nothing;
                }
            }
            self.cursor = newest;
            return Ok(Told::Repaired { newest, fetched, given });
        }
        Ok(told)
    }

    fn push(
        &mut self,
        of: EpochId,
        station: &mut Station,
        fates: &mut dyn Iterator<Item = Fate>,
    ) -> Result<Told, Lost> {
        let Some(from) = self.own.iter().position(|(_, known)| *known == Known::Nothing) else {
            return Ok(Told::NothingToPush);
        };
        let batch: Vec<Item> = self.own[from..].iter().take(PUSH).map(|(item, _)| *item).collect();
        let told = self.ask(station, fates, |device, station| {
            if of != epoch(station.epoch) {
                return Told::Refused(Code::EpochChanged);
            }
            if batch[0].seq > station.held(device) + 1 {
                return Told::Refused(Code::LogGap);
            }
            Told::Pushed(station.push(&batch))
        })?;
        if let Told::Pushed(answer) = &told {
            for item in &answer.items {
                self.own[usize::try_from(item.seq).unwrap() - 1].1 = match item.verdict {
                    Verdict::Stored(at) | Verdict::Duplicate(at) => Known::At(at),
                    Verdict::Refused(_) => Known::Refused,
                };
            }
        }
        Ok(told)
    }

    fn pull(&mut self, after: u64, station: &mut Station, fates: &mut dyn Iterator<Item = Fate>) -> Result<Told, Lost> {
        let mut brought = Vec::new();
        let told = self.ask(station, fates, |device, station| {
            let numbered = station.feed.iter().zip(1_u64..).filter(|(item, at)| *at > after && item.device != device);
            let found: Vec<(Item, u64)> = numbered.map(|(item, at)| (*item, at)).collect();
            let more = found.len() > PULL;
            brought = found.into_iter().take(PULL).collect();
            let newest = station.feed.len() as u64;
            let end = if more { brought.last().map_or(newest, |(_, at)| *at) } else { newest.max(after) };
            Told::Pulled { new: 0, end, more }
        })?;
        match told {
            Told::Pulled { end, more, .. } => {
                let before = self.others.len();
                self.others.extend(brought.into_iter().map(|(item, at)| (item, Some(at))));
                self.cursor = end;
                Ok(Told::Pulled { new: (self.others.len() - before) as u64, end, more })
            }
            other => Ok(other),
        }
    }

    fn send_blob(&mut self, station: &mut Station, fates: &mut dyn Iterator<Item = Fate>) -> Result<Told, Lost> {
        let Some(blob) = self.blobs.iter().find(|(_, sent)| !**sent).map(|(blob, _)| *blob) else {
            return Ok(Told::NoBlobs);
        };
        let told = self.ask(station, fates, |_, station| {
            station.blobs.insert(blob);
            Told::BlobSent(Hash::of(&blob.to_be_bytes()))
        })?;
        self.blobs.insert(blob, true);
        Ok(told)
    }

    fn ask(
        &mut self,
        station: &mut Station,
        fates: &mut dyn Iterator<Item = Fate>,
        mut answer: impl FnMut(u8, &mut Station) -> Told,
    ) -> Result<Told, Lost> {
        self.requests += 1;
        let fate = fates.next().unwrap_or(Fate::Whole);
        if fate == Fate::RequestLost {
            return Err(Lost);
        }
        if let Some((code, times @ 1..)) = station.refusing {
            station.refusing = Some((code, times - 1));
            return Ok(Told::Refused(code));
        }
        if fate == Fate::Repeated {
            answer(self.device, station);
        }
        let told = answer(self.device, station);
        if fate == Fate::AnswerLost { Err(Lost) } else { Ok(told) }
    }
}

fn compare(device: u8, station: &mut Station, request: &ReceiptRequest) -> Told {
    let scopes = vec![ScopeDigest { area: area(), digest: station.digest(request.position) }];
    if request.epoch != epoch(station.epoch) {
        return Told::Refused(Code::EpochChanged);
    }
    if station.disagrees || scopes != request.scopes {
        return Told::Mismatch;
    }
    let stored = station.feed.iter().filter(|item| item.device == device).count() as u64;
    let refused = station.refused.iter().filter(|item| item.device == device).count() as u64;
    station.given += 1;
    let id = ReceiptId::from_bytes([station.given; 16]);
    station.receipts.insert(id, station.feed.len());
    let body = ReceiptBody {
        id,
        station: StationId::from_bytes([2; 16]),
        device: DeviceId::from_bytes([device; 16]),
        epoch: request.epoch,
        at_ms: Instant::from_ms(0),
        position: request.position,
        own_seq: stored + refused,
        own_stored: stored,
        own_refused: refused,
        blobs_named: 0,
        blobs_stored: station.blobs.len() as u64,
        blobs_digest: None,
        blobs_missing: Vec::new(),
        blobs_asked_stored: Vec::new(),
        blobs_asked_erased: Vec::new(),
        scopes,
    };
    Told::Receipt(Box::new(Receipt::sign(&key(), &body).unwrap()))
}

pub fn epoch(number: u8) -> EpochId {
    EpochId::from_bytes([number; 16])
}

pub fn area() -> AreaId {
    AreaId::from_bytes([3; 16])
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[4; 32])
}
