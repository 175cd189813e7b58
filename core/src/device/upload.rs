//! One blob on its way to the station: it goes on at the byte where an earlier attempt ended, also after the program was
//! killed, the connection cut or the reply lost.
//!
//! The order is [`crate::replica::Replica::next_blob`]'s: what is small first, then the newest photo. A blob goes in parts; between parts an
//! officer's stop is heard and the cap on bytes a second is kept.

use super::sync_run::Sides;
use super::{DeviceError, StationDoors};
use crate::error::Code;
use crate::replica::WaitingBlob;
use crate::sync::SMALL_BLOB_BYTES;
use crate::time::Instant;

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
    /// Where it stood when a request failed.
    failed_at: Option<u64>,
}

#[derive(Clone, Debug)]
enum Place {
    Ask(String),
    Begin,
    At(Upload),
}

impl std::fmt::Debug for Sending<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sending").field("photos", &self.photos).finish_non_exhaustive()
    }
}

impl Way {
    /// The way of a blob that was perhaps begun before; `bytes_a_second` is the cap, `None` for none.
    pub(super) fn of(blob: &WaitingBlob, bytes_a_second: Option<u64>) -> Self {
        let place = blob.upload.clone().map_or(Place::Begin, Place::Ask);
        let part = bytes_a_second.map_or(PART_BYTES, |cap| cap.clamp(LEAST_PART_BYTES, PART_BYTES));
        Self { size: blob.size_bytes, part, place, failed_at: None }
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

    /// A request failed. Whether asking where the upload stands may help: if anything came on since it was asked last.
    fn failed(&mut self, failed: DeviceError) -> Result<(), DeviceError> {
        let helps = match failed {
            DeviceError::Http(_) => true,
            DeviceError::Station(code) => matches!(code, Code::BlobWrong | Code::OffsetWrong | Code::NotFound),
            _ => false,
        };
        match &self.place {
            Place::At(upload) if helps && self.failed_at.is_none_or(|offset| offset < upload.offset) => {
                self.failed_at = Some(upload.offset);
                self.place = Place::Ask(upload.address.clone());
                Ok(())
            }
            _ => Err(failed),
        }
    }
}

/// How blobs may be sent.
#[derive(Clone, Copy)]
pub struct Sending<'a> {
    /// Photos too, or only what is small.
    pub photos: bool,
    /// The most bytes in a second; `None` for as many as go.
    pub bytes_a_second: Option<u64>,
    /// Waits so many milliseconds, or until the sync is to stop.
    pub pause: &'a dyn Fn(i64),
}

/// Keeps a cap on bytes a second: a part goes when the time that the parts before it take is over.
#[derive(Debug)]
pub(super) struct Pace {
    bytes_a_second: Option<u64>,
    free_at: Option<Instant>,
}

impl Pace {
    pub(super) const fn of(bytes_a_second: Option<u64>) -> Self {
        Self { bytes_a_second, free_at: None }
    }

    /// How many milliseconds to wait before so many bytes go.
    fn wait_ms(&mut self, now: Instant, bytes: u64) -> i64 {
        let Some(cap) = self.bytes_a_second else { return 0 };
        let takes = i64::try_from(bytes.saturating_mul(1_000) / cap.max(1)).unwrap_or(i64::MAX);
        // A clock that went back must not hold anything up for longer than a part takes.
        let wait = self.free_at.map_or(0, |at| at.since(now)).clamp(0, takes.max(1_000));
        self.free_at = Some(now.plus_ms(wait.saturating_add(takes)));
        wait
    }
}

/// Brings a blob to the station; `came` is told how many bytes are there, as often as more are.
pub(super) fn bring<S: StationDoors>(
    sides: &mut Sides<'_, S>,
    blob: &WaitingBlob,
    pace: &mut Pace,
    came: &dyn Fn(u64),
) -> Result<(), DeviceError> {
    let bytes = sides.replica.blob(blob.hash)?.bytes;
    let part = |from: u64, length: u64| {
        let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
        &bytes[at(from)..at(from.saturating_add(length))]
    };
    let mut way = Way::of(blob, pace.bytes_a_second);
    loop {
        let next = way.next();
        if let Next::Send(_, length) = &next {
            (sides.sending.pause)(pace.wait_ms(sides.world.now(), *length));
        }
        sides.go_on()?;
        match next {
            Next::Done => return Ok(()),
            Next::Ask(address) => {
                let upload = sides.asking(|station| station.blob_at(&address))?;
                if upload.is_none() {
                    sides.replica.upload_is_at(blob.hash, None)?;
                }
                way.stands(upload)?;
            }
            Next::Begin => {
                let whole = (blob.size_bytes <= SMALL_BLOB_BYTES).then_some(bytes.as_slice());
                let upload = sides.asking(|station| station.begin_blob(blob, whole))?;
                if upload.offset < blob.size_bytes {
                    sides.replica.upload_is_at(blob.hash, Some(&upload.address))?;
                }
                way.stands(Some(upload))?;
            }
            Next::Send(upload, length) => {
                match sides.asking(|station| station.send_part(&upload, part(upload.offset, length))) {
                    Ok(offset) => way.stands(Some(Upload { offset, ..upload }))?,
                    Err(failed) => way.failed(failed)?,
                }
            }
        }
        if let Place::At(upload) = &way.place {
            came(upload.offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;

    fn blob(size_bytes: u64, upload: Option<&str>) -> WaitingBlob {
        let upload = upload.map(str::to_owned);
        WaitingBlob { hash: Hash::of(b"x"), media_type: "image/png".into(), size_bytes, upload }
    }

    fn at(offset: u64) -> Option<Upload> {
        Some(Upload { address: "a".to_owned(), offset })
    }

    #[test]
    fn a_blob_begun_before_goes_on_where_it_stands_and_one_forgotten_begins_anew() {
        let mut way = Way::of(&blob(10, Some("a")), None);
        assert_eq!(way.next(), Next::Ask("a".to_owned()));
        way.stands(at(7)).unwrap();
        assert_eq!(way.next(), Next::Send(at(7).unwrap(), 3));
        way.stands(at(10)).unwrap();
        assert_eq!(way.next(), Next::Done);

        let mut way = Way::of(&blob(10, Some("a")), None);
        way.stands(None).unwrap();
        assert_eq!(way.next(), Next::Begin);
        assert!(way.stands(at(11)).is_err(), "a station that has more than there is cannot be understood");
    }

    #[test]
    fn a_refused_part_is_asked_about_as_long_as_something_comes_on() {
        let refused = || DeviceError::Station(Code::OffsetWrong);
        let mut way = Way::of(&blob(10, None), None);
        way.stands(at(0)).unwrap();
        way.failed(refused()).unwrap();
        assert_eq!(way.next(), Next::Ask("a".to_owned()));
        way.stands(at(4)).unwrap();
        way.failed(refused()).unwrap();
        way.stands(at(4)).unwrap();
        assert!(way.failed(refused()).is_err());
        let mut way = Way::of(&blob(10, None), None);
        way.stands(at(0)).unwrap();
        assert!(way.failed(DeviceError::Station(Code::DeviceRevoked)).is_err());
    }

    #[test]
    fn parts_are_as_large_as_a_second_takes_within_reason() {
        let first = |cap| {
            let mut way = Way::of(&blob(5 << 20, None), cap);
            way.stands(at(0)).unwrap();
            match way.next() {
                Next::Send(_, length) => length,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((first(None), first(Some(100_000)), first(Some(1))), (1 << 20, 100_000, 16 << 10));
    }

    #[test]
    fn a_cap_is_kept_over_any_time_and_a_clock_set_back_holds_nothing_up() {
        let mut pace = Pace::of(Some(1_000));
        let mut now = Instant::from_ms(1_000_000);
        let began = now;
        for _ in 0..10 {
            now = now.plus_ms(pace.wait_ms(now, 500));
        }
        assert_eq!(now.since(began), 4_500, "the first goes at once");
        now = now.plus_ms(60_000);
        assert_eq!(pace.wait_ms(now, 500), 0, "what was not used is not owed");
        assert_eq!(pace.wait_ms(now.plus_ms(-1_000_000), 500), 1_000);
        assert_eq!(Pace::of(None).wait_ms(now, u64::MAX), 0);
    }
}
