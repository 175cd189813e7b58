//! The station's doors: bytes in, bytes out.
//!
//! What `ailchin_server`'s HTTP handlers do between a request and the store is done here once more, without HTTP.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::DeviceId;
use ailchin_core::sync::{
    ErrorBody, IdentityRequest, LoginProof, LoginRequest, MAX_BLOB_BYTES, ReceiptRequest, StateQuery,
};
use ailchin_core::world::World as _;
use ailchin_server::batch::{Gift, MAX_PUSH_BYTES, Push, pack_fetch, pack_pull};
use ailchin_server::blobs::Blobs;
use ailchin_server::store::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::station::Station;

/// Hours for which a login is good.
const SESSION_HOURS: u32 = 12;

/// A door of `core/PROTOCOL.md`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Door {
    Login,
    Proof,
    State(StateQuery),
    Ranges,
    Places,
    Fetch,
    Give,
    Rollback,
    Identity,
    Enrolment,
    Push,
    Pull {
        after: u64,
    },
    Receipt,
    /// Brings a blob's first bytes or none.
    BeginBlob {
        hash: Hash,
        media_type: String,
        size: u64,
    },
    BlobAt(Hash),
    /// Brings the bytes from there on.
    AddToBlob {
        hash: Hash,
        offset: u64,
    },
}

/// A blob under way: its media type, its size, and what has arrived.
pub(super) type Upload = (String, u64, Vec<u8>);

impl Door {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Proof => "proof",
            Self::State(_) => "state",
            Self::Ranges => "ranges",
            Self::Places => "places",
            Self::Fetch => "fetch",
            Self::Give => "give",
            Self::Rollback => "rollback",
            Self::Identity => "identity",
            Self::Enrolment => "enrolment",
            Self::Push => "push",
            Self::Pull { .. } => "pull",
            Self::Receipt => "receipt",
            Self::BeginBlob { .. } => "begin blob",
            Self::BlobAt(_) => "blob at",
            Self::AddToBlob { .. } => "add to blob",
        }
    }
}

/// What travels to the station.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) door: Door,
    pub(super) device: DeviceId,
    pub(super) token: Option<String>,
    pub(super) body: Vec<u8>,
}

/// What travels back: bytes, of an `ErrorBody` if it is a refusal.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) refused: bool,
    pub(super) body: Vec<u8>,
}

impl Station {
    /// Answers a request; `None` if the power failed.
    pub(super) fn serve(&mut self, request: &Request) -> Option<Answer> {
        self.under_power(|station| station.answer(request))
    }

    fn answer(&self, request: &Request) -> Answer {
        match self.try_answer(request) {
            Ok(body) => Answer { refused: false, body },
            Err(refusal) => Answer { refused: true, body: serde_json::to_vec(&refusal).unwrap() },
        }
    }

    fn try_answer(&self, request: &Request) -> Result<Vec<u8>, ErrorBody> {
        let (store, world) = (self.store(), &self.world);
        let now = world.now();
        match &request.door {
            Door::Login => json_of(store.challenge(&read::<LoginRequest>(&request.body)?, world)),
            Door::Proof => json_of(store.prove(&read::<LoginProof>(&request.body)?, SESSION_HOURS, world)),
            Door::State(query) => json_of(store.state(self.id, self.device(request)?, *query, now)),
            Door::Ranges => json_of(store.ranges(self.id, self.device(request)?, &read(&request.body)?)),
            Door::Places => json_of(store.places(self.id, self.device(request)?, &read(&request.body)?)),
            Door::Fetch => pack_fetch(store, self.id, self.device(request)?, &read(&request.body)?).map_err(failed),
            Door::Give => {
                let device = self.device(request)?;
                let gift = Gift::unpack(&request.body).map_err(refusal)?;
                let (header, logs) = (gift.header().map_err(refusal)?, gift.logs().map_err(refusal)?);
                json_of(store.give(self.id, device, &header, &logs, world))
            }
            Door::Rollback => {
                self.device(request)?;
                json_of(store.show_receipt(self.id, &read(&request.body)?, world))
            }
            Door::Identity => {
                let device = self.device(request)?;
                let asked: IdentityRequest = read(&request.body)?;
                json_of(store.take_name(self.id, device, asked.device, world))
            }
            Door::Enrolment => {
                let gift = Gift::unpack(&request.body).map_err(refusal)?;
                json_of(store.learn_enrolment(&gift.logs().map_err(refusal)?, now))
            }
            Door::Push => {
                let device = self.device(request)?;
                if request.body.len() > MAX_PUSH_BYTES {
                    return Err(refusal(Code::TooLarge));
                }
                let push = Push::unpack(&request.body).map_err(refusal)?;
                let bodies: Vec<&[u8]> = push.bodies().collect();
                json_of(store.push(self.id, device, &push.header, &bodies, world))
            }
            Door::Pull { after } => pack_pull(store, self.id, self.device(request)?, *after).map_err(failed),
            Door::Receipt => {
                let device = self.device(request)?;
                let asked: ReceiptRequest = read(&request.body)?;
                let stated = store.receipt(self.id, device, &asked, world);
                let missing = stated.as_ref().ok().and_then(|receipt| receipt.blobs_missing().ok());
                match self.finds(&missing.unwrap_or_default())? {
                    true => json_of(store.receipt(self.id, device, &asked, world)),
                    false => json_of(stated),
                }
            }
            Door::BeginBlob { hash, media_type, size } => {
                let device = self.device(request)?;
                if let Some(size) = self.holds(*hash)? {
                    return Ok(written(size));
                }
                if *size > MAX_BLOB_BYTES as u64 {
                    return Err(refusal(Code::TooLarge));
                }
                let begun = (media_type.clone(), *size, Vec::new());
                let here = self.uploads.borrow_mut().entry((device, *hash)).or_insert(begun).2.len();
                // What it brings is for the beginning.
                let bytes = if here == 0 { request.body.as_slice() } else { &[] };
                self.arrived(device, *hash, here as u64, bytes).map(written)
            }
            Door::BlobAt(hash) => {
                let device = self.device(request)?;
                if let Some(size) = self.holds(*hash)? {
                    return Ok(written(size));
                }
                let uploads = self.uploads.borrow();
                uploads
                    .get(&(device, *hash))
                    .map(|upload| written(upload.2.len() as u64))
                    .ok_or(refusal(Code::NotFound))
            }
            Door::AddToBlob { hash, offset } => {
                let device = self.device(request)?;
                match self.holds(*hash)? {
                    Some(_) => Err(refusal(Code::OffsetWrong)),
                    None => self.arrived(device, *hash, *offset, &request.body).map(written),
                }
            }
        }
    }

    /// The size of a blob that counts.
    fn holds(&self, hash: Hash) -> Result<Option<u64>, ErrorBody> {
        let here = self.store().has_blob(self.id, hash).map_err(failed)?;
        let size = || std::fs::metadata(self.folder.join(Blobs::path(hash))).ok().map(|file| file.len());
        Ok(here.then(size).flatten())
    }

    /// Notes blobs of which only the rows were lost; whether there are any.
    fn finds(&self, missing: &[Hash]) -> Result<bool, ErrorBody> {
        let mut found = false;
        for hash in missing {
            let bytes = std::fs::read(self.folder.join(Blobs::path(*hash))).unwrap_or_default();
            if Hash::of(&bytes) == *hash {
                let size = bytes.len() as u64;
                self.store().keep_blob(self.id, *hash, size, "image/png", self.world.now()).map_err(failed)?;
                found = true;
            }
        }
        Ok(found)
    }

    /// Keeps bytes of an upload, however many of them came; verifies it when it is whole.
    fn arrived(&self, device: DeviceId, hash: Hash, offset: u64, bytes: &[u8]) -> Result<u64, ErrorBody> {
        let mut uploads = self.uploads.borrow_mut();
        let (media_type, size, here) = uploads.get_mut(&(device, hash)).ok_or(refusal(Code::NotFound))?;
        if here.len() as u64 != offset {
            return Err(refusal(Code::OffsetWrong));
        }
        here.extend_from_slice(bytes);
        let (came, size) = (here.len() as u64, *size);
        if came < size {
            return Ok(came);
        }
        let (whole, media_type) = (std::mem::take(here), media_type.clone());
        uploads.remove(&(device, hash));
        if Hash::of(&whole) != hash {
            return Err(refusal(Code::BlobWrong));
        }
        self.blobs.keep_and_wait(hash, whole).unwrap();
        self.store().keep_blob(self.id, hash, size, &media_type, self.world.now()).map_err(failed)?;
        Ok(size)
    }

    /// Who asks.
    fn device(&self, request: &Request) -> Result<DeviceId, ErrorBody> {
        let token = request.token.as_deref().ok_or_else(|| refusal(Code::NotLoggedIn))?;
        let access = self.store().access(token, self.world.now()).map_err(failed)?;
        let device = access.device.ok_or_else(|| refusal(Code::NotLoggedIn))?;
        if access.note_contact {
            self.store().seen(access.station, device, self.world.now()).map_err(failed)?;
        }
        Ok(device)
    }
}

fn refusal(code: Code) -> ErrorBody {
    ErrorBody::from(code)
}

fn failed(error: StoreError) -> ErrorBody {
    let code = error.code();
    match error {
        StoreError::Mismatch(scopes) => ErrorBody { scopes, ..ErrorBody::from(code) },
        _ => refusal(code),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorBody> {
    serde_json::from_slice(body).map_err(|_| refusal(Code::Malformed))
}

fn json_of<T: Serialize>(answer: Result<T, StoreError>) -> Result<Vec<u8>, ErrorBody> {
    answer.map(|answer| serde_json::to_vec(&answer).unwrap()).map_err(failed)
}

fn written(offset: u64) -> Vec<u8> {
    serde_json::to_vec(&[offset]).unwrap()
}
