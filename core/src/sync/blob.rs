//! What a blob may be, and how its upload is named on the wire (tus 1.0.0).

/// What a kind of blob may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Media {
    /// Its media type.
    pub media_type: &'static str,
    /// The largest one.
    pub max_bytes: u64,
    /// What its bytes begin with.
    pub begins_with: &'static [u8],
}

/// Every kind of blob that a station takes.
pub const MEDIA: &[Media] = &[
    Media { media_type: "image/jpeg", max_bytes: MAX_BLOB_BYTES as u64, begins_with: b"\xff\xd8\xff" },
    Media { media_type: "image/png", max_bytes: MAX_BLOB_BYTES as u64, begins_with: b"\x89PNG\r\n\x1a\n" },
    Media { media_type: "audio/webm", max_bytes: MAX_BLOB_BYTES as u64, begins_with: b"\x1a\x45\xdf\xa3" },
    Media { media_type: "audio/ogg", max_bytes: MAX_BLOB_BYTES as u64, begins_with: b"OggS" },
    Media { media_type: "audio/wav", max_bytes: MAX_BLOB_BYTES as u64, begins_with: b"RIFF" },
    Media { media_type: "audio/mpeg", max_bytes: MAX_BLOB_BYTES as u64, begins_with: b"ID3" },
    Media { media_type: "audio/mp4", max_bytes: MAX_BLOB_BYTES as u64, begins_with: b"\0\0\0" },
    Media { media_type: "application/pdf", max_bytes: MAX_BLOB_BYTES as u64, begins_with: b"%PDF-" },
];

/// The largest blob of any kind.
pub const MAX_BLOB_BYTES: usize = 8 * 1024 * 1024;

/// A blob of at most so many bytes is a signature or as small as one: it goes before photos, also where photos wait for
/// Wi-Fi, and travels in the request that begins its upload.
pub const SMALL_BLOB_BYTES: u64 = 32 * 1024;

/// The version of tus that is spoken.
pub const TUS: &str = "1.0.0";

/// The key of `Upload-Metadata` for the hash, 64 hexadecimal digits.
pub const UPLOAD_HASH: &str = "blake3";

/// The key of `Upload-Metadata` for the media type.
pub const UPLOAD_MEDIA_TYPE: &str = "media_type";

/// The media type of the bytes of an upload.
pub const UPLOAD_BYTES: &str = "application/offset+octet-stream";

impl Media {
    /// The kind of this media type; `None` if no station takes it.
    #[must_use]
    pub fn named(media_type: &str) -> Option<&'static Self> {
        MEDIA.iter().find(|media| media.media_type == media_type)
    }

    /// The kind of these bytes; `None` if no station takes it.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<&'static Self> {
        MEDIA.iter().find(|media| bytes.starts_with(media.begins_with))
    }
}
