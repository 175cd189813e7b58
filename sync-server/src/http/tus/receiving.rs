//! Bytes of an upload as they come: kept in parts, whatever becomes of the connection, and verified once all are here.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::sync::Media;
use axum::body::{Body, Bytes, HttpBody as _};
use tokio::time::Instant;

use super::super::App;
use super::super::answer::Refusal;
use super::headers::Checksum;
use super::turns::Turn;
use crate::blobs::uploads::{Arrived, Info, UploadName};

/// How many bytes are in memory before they become a part.
const PART_BYTES: usize = 1024 * 1024;

/// After so long without a byte, what is in memory becomes a part: another server may be asked for it.
const QUIET: Duration = Duration::from_secs(2);

/// Whoever is asked to give way takes what is still under way, but not for longer.
const GRACE: Duration = Duration::from_secs(2);

/// What a request brings to an upload.
pub(super) struct Receiving {
    pub(super) app: App,
    pub(super) turn: Turn,
    pub(super) name: UploadName,
    pub(super) info: Info,
    /// Whether the upload is known beyond this request.
    pub(super) begun: bool,
    pub(super) arrived: Arrived,
    pub(super) checksum: Option<Checksum>,
}

/// How a body ended.
#[derive(PartialEq, Eq)]
enum End {
    /// Properly, or with all the bytes that were missing.
    Whole,
    /// The connection broke, was quiet for too long, or somebody else wants the turn.
    Cut,
}

impl Receiving {
    /// Takes a body; the bytes that are here afterwards. If these are all, the blob is verified and counts.
    pub(super) async fn take(mut self, mut body: Body) -> Result<u64, Refusal> {
        let mut parts = Vec::new();
        let mut offset = self.arrived.bytes;
        let mut buffer = Vec::new();
        let mut give_way_at = None;
        let mut quiet_until = Instant::now() + self.patience();
        let end = loop {
            if offset + buffer.len() as u64 == self.info.size_bytes {
                break End::Whole;
            }
            if buffer.len() >= PART_BYTES {
                offset = self.keep(offset, std::mem::take(&mut buffer), &mut parts).await?;
            }
            let quiet = if buffer.is_empty() { quiet_until } else { quiet_until.min(Instant::now() + QUIET) };
            tokio::select! {
                biased;
                chunk = next(&mut body) => match chunk {
                    Some(Ok(chunk)) => {
                        let room = self.info.size_bytes - offset - buffer.len() as u64;
                        if chunk.len() as u64 > room {
                            return Err(Refusal::from(Code::TooLarge));
                        }
                        if let Some(sum) = &mut self.checksum {
                            sum.add(&chunk);
                        }
                        buffer.extend_from_slice(&chunk);
                        quiet_until = Instant::now() + self.patience();
                        if give_way_at.is_some_and(|at| at <= Instant::now()) {
                            break End::Cut;
                        }
                    }
                    Some(Err(_)) => break End::Cut,
                    None => break End::Whole,
                },
                () = self.turn.wanted(), if give_way_at.is_none() => give_way_at = Some(Instant::now() + GRACE),
                () = tokio::time::sleep_until(give_way_at.unwrap_or(quiet)) => {
                    if give_way_at.is_some() || Instant::now() >= quiet_until {
                        break End::Cut;
                    }
                    offset = self.keep(offset, std::mem::take(&mut buffer), &mut parts).await?;
                }
            }
        };
        if end == End::Whole
            && let Some(sum) = self.checksum.take()
            && let Err(refusal) = sum.check()
        {
            for offset in parts {
                self.app.blobs.drop_part(self.name, offset).await?;
            }
            return Err(refusal);
        }
        if offset == 0 && buffer.len() as u64 == self.info.size_bytes {
            // All at once, as most signatures come: nothing need be put together.
            self.verify(buffer.into()).await?;
            return Ok(self.info.size_bytes);
        }
        offset = self.keep(offset, buffer, &mut parts).await?;
        if offset == self.info.size_bytes {
            self.complete().await?;
        }
        Ok(offset)
    }

    /// Verifies what has arrived as a whole.
    pub(super) async fn complete(&self) -> Result<(), Refusal> {
        let arrived = self.app.blobs.arrived(self.name).await?;
        self.verify(self.app.blobs.together(&arrived).await?).await
    }

    /// Without a byte for so long a request is given up.
    fn patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.app.config.request_timeout_s.max(1)))
    }

    async fn keep(&mut self, offset: u64, bytes: Vec<u8>, parts: &mut Vec<u64>) -> Result<u64, Refusal> {
        if bytes.is_empty() {
            return Ok(offset);
        }
        if !self.begun {
            self.app.blobs.begin_upload(self.name, &self.info).await?;
            self.begun = true;
        }
        let end = offset + bytes.len() as u64;
        if !self.app.blobs.add_part(self.name, offset, bytes.into()).await? {
            return Err(Refusal::from(Code::OffsetWrong));
        }
        parts.push(offset);
        Ok(end)
    }

    /// The bytes are those that were named: the blob is kept and counts. Otherwise the upload is gone.
    async fn verify(&self, bytes: Bytes) -> Result<(), Refusal> {
        let (hash, size_bytes) = (self.name.hash, bytes.len() as u64);
        let sum = bytes.clone();
        let same = self.app.blocking(move || Ok(Hash::of(&sum) == hash)).await?;
        let media = Media::named(&self.info.media_type).filter(|media| bytes.starts_with(media.begins_with));
        let Some(media) = media.filter(|_| same && size_bytes == self.info.size_bytes) else {
            self.app.blobs.end_upload(self.name).await?;
            return Err(Refusal::from(Code::BlobWrong));
        };
        self.app.blobs.keep(hash, bytes.clone()).await?;
        let station = self.name.station;
        self.app
            .store(move |store, world| store.keep_blob(station, hash, size_bytes, media.media_type, world.now()))
            .await?;
        // One that only erased records named is not kept: its bytes go again.
        let kept = self.app.store(move |store, _| store.has_blob(station, hash)).await?;
        if kept && !self.app.blobs.has(hash).await? {
            self.app.blobs.keep(hash, bytes).await?;
        }
        if self.begun
            && let Err(failed) = self.app.blobs.end_upload(self.name).await
        {
            // It is swept later.
            tracing::warn!(error = %crate::causes(&failed), "a finished upload was not tidied up");
        }
        Ok(())
    }
}

async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await? {
            Ok(frame) => {
                if let Ok(bytes) = frame.into_data() {
                    return Some(Ok(bytes));
                }
            }
            Err(cause) => return Some(Err(cause)),
        }
    }
}
