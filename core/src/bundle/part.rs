//! One part: written, sealed and signed; opened, verified and read.

use std::io::{self, Read, Write};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, EncryptError, Encryptor};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::frame::{from_json, json, kind};
use super::{Content, FORMAT, Frame, Head, MAX_PART_BYTES, SealingKey};
use crate::error::Code;
use crate::hash::Hash;

/// The longest frame: a page of the feed with room to spare.
const MAX_FRAME_BYTES: u32 = 24 * 1024 * 1024;

/// The longest head.
const MAX_HEAD_BYTES: u32 = 64 * 1024;

/// Why a part cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleUnreadable {
    /// Sealed to somebody else, or the line that says to whom was changed.
    #[error("the bundle is sealed to somebody else")]
    Elsewhere,
    /// No age file, or cut or changed.
    #[error("opening a sealed bundle")]
    Opening(#[source] DecryptError),
    /// It cannot be sealed to this recipient.
    #[error("sealing a bundle")]
    Sealing(#[source] EncryptError),
    /// The recipient is none.
    #[error("there is no such recipient")]
    Recipient,
    /// The bytes end early, were changed, or cannot be written.
    #[error("reading or writing a bundle")]
    Io(#[source] io::Error),
    /// What should be JSON is none.
    #[error("reading a message in a bundle")]
    Json(#[source] serde_json::Error),
    /// Frames are missing, too long, or in another order.
    #[error("the bundle is not made as it should be")]
    Shape,
    /// The signature is not that of who is said to have made it.
    #[error("the bundle is not signed by who is said to have made it")]
    Signature,
    /// Made by a newer program.
    #[error("the bundle has format {0}")]
    TooNew(u32),
    /// More bytes than are taken.
    #[error("the bundle is too large")]
    TooLarge,
    /// The own key is none.
    #[error("the sealing key is none")]
    Key,
}

impl BundleUnreadable {
    /// The code for whoever brought it.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Elsewhere => Code::BundleElsewhere,
            Self::TooNew(_) => Code::FileTooNew,
            Self::TooLarge => Code::TooLarge,
            Self::Io(cause) if cause.kind() == io::ErrorKind::StorageFull => Code::DiskFull,
            Self::Key | Self::Recipient | Self::Sealing(_) => Code::FileFailed,
            Self::Opening(_) | Self::Io(_) | Self::Json(_) | Self::Shape | Self::Signature => Code::BundleUnreadable,
        }
    }
}

/// Writes a part.
pub struct PartWriter<W: Write> {
    sealed: StreamWriter<W>,
    hasher: blake3::Hasher,
    domain: &'static str,
}

impl<W: Write> std::fmt::Debug for PartWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PartWriter")
    }
}

impl<W: Write> PartWriter<W> {
    /// Begins a part, sealed to `recipient`.
    ///
    /// # Errors
    /// If the recipient is none, or `out` fails.
    pub fn begin(out: W, recipient: &str, head: &Head) -> Result<Self, BundleUnreadable> {
        let recipient: age::x25519::Recipient = recipient.parse().map_err(|_| BundleUnreadable::Recipient)?;
        let sealing = Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
            .map_err(BundleUnreadable::Sealing)?;
        let sealed = sealing.wrap_output(out).map_err(BundleUnreadable::Io)?;
        let mut part = Self { sealed, hasher: blake3::Hasher::new(), domain: domain(&head.content) };
        part.frame(kind::HEAD, &json(head)?, &[])?;
        Ok(part)
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// If it is too long, or `out` fails.
    pub fn add(&mut self, frame: &Frame) -> Result<(), BundleUnreadable> {
        let (kind, line, bytes) = frame.pieces()?;
        self.frame(kind, &line, bytes)
    }

    /// Signs the part and ends it.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn finish(mut self, key: &SigningKey) -> Result<W, BundleUnreadable> {
        let signature = key.sign(&message(self.domain, &self.hasher)).to_bytes();
        self.frame(kind::SIGNATURE, &signature, &[])?;
        self.sealed.finish().map_err(BundleUnreadable::Io)
    }

    #[cfg(test)]
    pub(super) fn domain_for_tests(&mut self, domain: &'static str) {
        self.domain = domain;
    }

    #[cfg(test)]
    pub(super) fn raw_for_tests(&mut self, kind: u8, bytes: &[u8]) {
        self.frame(kind, bytes, &[]).unwrap();
    }

    fn frame(&mut self, kind: u8, line: &[u8], bytes: &[u8]) -> Result<(), BundleUnreadable> {
        let length = u32::try_from(line.len() + bytes.len()).map_err(|_| BundleUnreadable::TooLarge)?;
        if length > MAX_FRAME_BYTES {
            return Err(BundleUnreadable::TooLarge);
        }
        for piece in [&[kind][..], &length.to_be_bytes(), line, bytes] {
            self.hasher.update(piece);
            self.sealed.write_all(piece).map_err(BundleUnreadable::Io)?;
        }
        Ok(())
    }
}

/// The head of a sealed part, as it says; nothing is verified.
///
/// # Errors
/// [`BundleUnreadable`].
pub fn head(sealed: &[u8], key: &SealingKey) -> Result<Head, BundleUnreadable> {
    Reading::begin(sealed, key).map(|reading| reading.head)
}

/// Opens a sealed part and verifies it to its end: `signer` has signed all of it, and nothing is missing. The frames.
///
/// # Errors
/// [`BundleUnreadable`].
pub fn open<'a>(sealed: &'a [u8], key: &SealingKey, signer: &VerifyingKey) -> Result<Frames<'a>, BundleUnreadable> {
    let mut reading = Reading::begin(sealed, key)?;
    while reading.next()?.is_some() {}
    let signed = message(domain(&reading.head.content), &reading.hasher);
    let signature = reading.signature.ok_or(BundleUnreadable::Shape)?;
    signer.verify_strict(&signed, &signature).map_err(|_| BundleUnreadable::Signature)?;
    Reading::begin(sealed, key).map(Frames)
}

/// The frames of a part that was verified, one in memory at a time.
pub struct Frames<'a>(Reading<'a>);

impl std::fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Frames").field(&self.0.head).finish()
    }
}

impl Frames<'_> {
    /// The head of the part.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.0.head
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<Frame, BundleUnreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.0.next() {
                Ok(Some(Some(frame))) => return Some(Ok(frame)),
                Ok(Some(None)) => {}
                Ok(None) => return None,
                Err(cause) => return Some(Err(cause)),
            }
        }
    }
}

/// A part being read.
struct Reading<'a> {
    plain: StreamReader<&'a [u8]>,
    hasher: blake3::Hasher,
    head: Head,
    signature: Option<Signature>,
}

impl<'a> Reading<'a> {
    fn begin(sealed: &'a [u8], key: &SealingKey) -> Result<Self, BundleUnreadable> {
        if sealed.len() as u64 > MAX_PART_BYTES {
            return Err(BundleUnreadable::TooLarge);
        }
        let identity = key.identity()?;
        let opening = |cause| match cause {
            DecryptError::NoMatchingKeys => BundleUnreadable::Elsewhere,
            other => BundleUnreadable::Opening(other),
        };
        let sealed = Decryptor::new_buffered(sealed).map_err(opening)?;
        let mut plain = sealed.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(opening)?;
        let mut hasher = blake3::Hasher::new();
        let (kind, bytes) = take(&mut plain, &mut hasher, MAX_HEAD_BYTES)?;
        if kind != kind::HEAD {
            return Err(BundleUnreadable::Shape);
        }
        let format = from_json::<Format>(&bytes)?.format;
        if format > FORMAT {
            return Err(BundleUnreadable::TooNew(format));
        }
        let head: Head = from_json(&bytes)?;
        if head.part == 0 || head.part > head.parts {
            return Err(BundleUnreadable::Shape);
        }
        Ok(Self { plain, hasher, head, signature: None })
    }

    /// The next frame; `Some(None)` for one of an unknown kind, `None` after the signature, which is the last.
    fn next(&mut self) -> Result<Option<Option<Frame>>, BundleUnreadable> {
        if self.signature.is_some() {
            return Ok(None);
        }
        let before = self.hasher.clone();
        let (kind, bytes) = take(&mut self.plain, &mut self.hasher, MAX_FRAME_BYTES)?;
        if kind != kind::SIGNATURE {
            return Frame::read(kind, bytes).map(Some);
        }
        self.signature = Some(Signature::from_slice(&bytes).map_err(|_| BundleUnreadable::Shape)?);
        self.hasher = before;
        match self.plain.read(&mut [0]) {
            Ok(0) => Ok(None),
            Ok(_) => Err(BundleUnreadable::Shape),
            Err(cause) => Err(BundleUnreadable::Io(cause)),
        }
    }
}

/// What can be read of the head of any format.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

fn take(plain: &mut impl Read, hasher: &mut blake3::Hasher, most: u32) -> Result<(u8, Vec<u8>), BundleUnreadable> {
    let mut front = [0; 5];
    plain.read_exact(&mut front).map_err(BundleUnreadable::Io)?;
    let [kind, length @ ..] = front;
    let length = u32::from_be_bytes(length);
    if length > most {
        return Err(BundleUnreadable::Shape);
    }
    // What is not there is not made room for.
    let mut bytes = Vec::new();
    let got = plain.take(length.into()).read_to_end(&mut bytes).map_err(BundleUnreadable::Io)?;
    if got as u64 != u64::from(length) {
        return Err(BundleUnreadable::Shape);
    }
    hasher.update(&front);
    hasher.update(&bytes);
    Ok((kind, bytes))
}

const fn domain(content: &Content) -> &'static str {
    match content {
        Content::Ask(_) => "ailchin bundle",
        Content::Reply(_) => "ailchin answer",
    }
}

fn message(domain: &str, hasher: &blake3::Hasher) -> Vec<u8> {
    let mut message = domain.as_bytes().to_vec();
    message.push(0);
    message.extend_from_slice(Hash::from_bytes(*hasher.finalize().as_bytes()).as_bytes());
    message
}
