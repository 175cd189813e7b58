//! One blob on its way to the station: it goes on at the byte where an earlier attempt ended, also after the program was
//! killed, the connection cut or the reply lost.
//!
//! The order is [`Replica::next_blob`]'s: what is small first, then the newest photo. A blob goes in parts; between parts an
//! officer's stop is heard and the cap on bytes a second is kept.

use super::{DeviceError, StationDoors};
use crate::error::Code;
use crate::hash::Hash;
use crate::replica::WaitingBlob;

/// The most bytes of one request: an answer comes soon enough on a slow wire.
const PART_BYTES: u64 = 1024 * 1024;

/// The fewest, however low the cap is: each request has half a kilobyte of headers.
const LEAST_PART_BYTES: u64 = 16 * 1024;

/// How far a blob has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upload {
    /// The address that the station gave it.
    pub address: String,
    /// So many bytes are at the station.
    pub offset: u64,
}

/// What to do next for a blob.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// Ask how far this address came.
    Ask(String),
    /// Begin, or find what was begun.
    Begin,
    /// Send so many bytes from an offset on.
    Send(Upload, u64),
    /// It is at the station.
    Done,
}

/// A blob on its way, without I/O.
#[derive(Debug)]
pub(super) struct Way {
    size: u64,
    part: u64,
    place: Place,
    anew: u32,
}

#[derive(Clone, Debug)]
enum Place {
    Ask(String),
    Begin,
    At(Upload),
}

impl Way {
    /// The way of a blob that was perhaps begun before; `bytes_a_second` is the cap, `None` for none.
    pub(super) fn of(blob: &WaitingBlob, bytes_a_second: Option<u64>) -> Self {
        let place = blob.upload.clone().map_or(Place::Begin, Place::Ask);
        let part = bytes_a_second.map_or(PART_BYTES, |cap| cap.clamp(LEAST_PART_BYTES, PART_BYTES));
        Self { size: blob.size_bytes, part, place, anew: 0 }
    }

    /// What to do next.
    pub(super) fn next(&self) -> Next {
        match &self.place {
            Place::Ask(address) => Next::Ask(address.clone()),
            Place::Begin => Next::Begin,
            Place::At(upload) if upload.offset == self.size => Next::Done,
            Place::At(upload) => Next::Send(upload.clone(), self.part.min(self.size - upload.offset)),
        }
    }

    /// The station told where it stands: `None` if it knows nothing of it.
    pub(super) fn stands(&mut self, upload: Option<Upload>) -> Result<(), DeviceError> {
        self.place = match upload {
            Some(upload) if upload.offset <= self.size => Place::At(upload),
            Some(_) => return Err(DeviceError::Station(Code::AnswerUnreadable)),
            None => Place::Begin,
        };
        Ok(())
    }

    /// The station did not take a part. Whether it may be tried again after asking: once.
    pub(super) fn refused(&mut self, code: Code, address: &str) -> Result<(), DeviceError> {
        self.anew += 1;
        match code {
            Code::BlobWrong | Code::OffsetWrong | Code::NotFound if self.anew == 1 => {
                self.place = Place::Ask(address.to_owned());
                Ok(())
            }
            code => Err(DeviceError::Station(code)),
        }
    }
}
