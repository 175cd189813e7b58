//! The headers of tus 1.0.0, read and written.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::sync::{Media, UPLOAD_HASH, UPLOAD_MEDIA_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::answer::Refusal;

pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
pub(super) const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(super) const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub(super) const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

/// The checksums that are understood.
pub(super) const CHECKSUMS: &str = "sha1,sha256,blake3";

/// What a creation says of the blob.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    pub(super) hash: Hash,
    pub(super) media: &'static Media,
    pub(super) size_bytes: u64,
}

impl Wanted {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let size_bytes = number(headers, &UPLOAD_LENGTH).ok_or(Code::Malformed)?;
        let metadata = text(headers, &UPLOAD_METADATA).ok_or(Code::Malformed)?;
        let hash = value(metadata, UPLOAD_HASH).and_then(|hash| Hash::parse(&hash).ok()).ok_or(Code::Malformed)?;
        let media_type = value(metadata, UPLOAD_MEDIA_TYPE).ok_or(Code::Malformed)?;
        let media = Media::named(&media_type).ok_or(Code::Malformed)?;
        match size_bytes {
            0 => Err(Refusal::from(Code::Malformed)),
            size if size > media.max_bytes => Err(Refusal::from(Code::TooLarge)),
            size_bytes => Ok(Self { hash, media, size_bytes }),
        }
    }
}

/// The metadata of an upload as the creation said it.
pub(super) fn metadata(hash: Hash, media_type: &str) -> String {
    let encoded = |text: &str| STANDARD.encode(text);
    format!("{UPLOAD_HASH} {},{UPLOAD_MEDIA_TYPE} {}", encoded(&hash.to_string()), encoded(media_type))
}

/// The value of a key of `Upload-Metadata`.
fn value(metadata: &str, key: &str) -> Option<String> {
    let pairs = metadata.split(',').map(|pair| pair.trim().split_once(' ').unwrap_or((pair.trim(), "")));
    let (_, encoded) = pairs.into_iter().find(|(name, _)| *name == key)?;
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

/// A header that is a number.
pub(super) fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let text = text(headers, name)?;
    // `parse` takes a sign too.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// A header that is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A sum over the bytes of one request.
pub(super) struct Checksum {
    sum: Sum,
    expected: Vec<u8>,
}

enum Sum {
    Ring(Box<ring::digest::Context>),
    Blake3(Box<blake3::Hasher>),
}

impl Checksum {
    /// What `Upload-Checksum` says; `None` if it is not there.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let Some(header) = headers.get(UPLOAD_CHECKSUM) else { return Ok(None) };
        let (algorithm, expected) =
            header.to_str().ok().and_then(|text| text.trim().split_once(' ')).ok_or(Code::Malformed)?;
        let ring = |algorithm| Sum::Ring(Box::new(ring::digest::Context::new(algorithm)));
        let sum = match algorithm {
            "sha1" => ring(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY),
            "sha256" => ring(&ring::digest::SHA256),
            "blake3" => Sum::Blake3(Box::default()),
            _ => return Err(Refusal::from(Code::Malformed)),
        };
        let expected = STANDARD.decode(expected).map_err(|_| Code::Malformed)?;
        Ok(Some(Self { sum, expected }))
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        match &mut self.sum {
            Sum::Ring(context) => context.update(bytes),
            Sum::Blake3(hasher) => {
                hasher.update(bytes);
            }
        }
    }

    /// 460 if the bytes were others.
    pub(super) fn check(self) -> Result<(), Refusal> {
        let same = match self.sum {
            Sum::Ring(context) => context.finish().as_ref() == self.expected,
            Sum::Blake3(hasher) => hasher.finalize().as_bytes().as_slice() == self.expected,
        };
        if same { Ok(()) } else { Err(Refusal::with(Code::BlobWrong, checksum_mismatch())) }
    }
}

/// What tus answers where a checksum is not that of the bytes.
fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_as_it_is_written_whatever_else_is_said() {
        let hash = Hash::of(b"x");
        let said = format!("filename d29ybGQ=,is_confidential, {}", metadata(hash, "image/png"));
        let headers =
            HeaderMap::from_iter([(UPLOAD_LENGTH, "12".parse().unwrap()), (UPLOAD_METADATA, said.parse().unwrap())]);
        let wanted = Wanted::read(&headers).unwrap();
        assert_eq!((wanted.hash, wanted.media.media_type, wanted.size_bytes), (hash, "image/png", 12));
    }

    #[test]
    fn a_number_has_digits_only() {
        let read = |text: &str| number(&HeaderMap::from_iter([(UPLOAD_OFFSET, text.parse().unwrap())]), &UPLOAD_OFFSET);
        assert_eq!((read("7"), read("+7"), read("-7"), read("7.0"), read("")), (Some(7), None, None, None, None));
    }

    #[test]
    fn a_checksum_is_that_of_the_bytes_or_not() {
        // The sums of "abc".
        for said in [
            "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
            "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            "blake3 ZDezrDhGUTP/tjt1JzqNtUjFWEZdedsD/TWcbNW9nYU=",
        ] {
            let headers = HeaderMap::from_iter([(UPLOAD_CHECKSUM, said.parse().unwrap())]);
            let of = |bytes: [&[u8]; 2]| {
                let mut sum = Checksum::read(&headers).unwrap().unwrap();
                bytes.iter().for_each(|bytes| sum.add(bytes));
                sum.check().is_ok()
            };
            assert_eq!((of([b"a", b"bc"]), of([b"a", b"bd"])), (true, false), "{said}");
        }
        let unknown = HeaderMap::from_iter([(UPLOAD_CHECKSUM, "crc32 AAAA".parse().unwrap())]);
        assert!(Checksum::read(&unknown).is_err());
    }
}
