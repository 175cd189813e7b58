//! Identifiers: one type for each kind of thing, all UUIDv7, so that they sort by the time they were made.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::World;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $brand:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ts_rs::TS)]
        #[serde(transparent)]
        #[ts(export, type = $brand)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new identifier from the world's clock and randomness.
            #[must_use]
            pub fn new(world: &dyn World) -> Self {
                let mut random = [0; 10];
                world.fill_random(&mut random);
                let at_ms = u64::try_from(world.now().as_ms()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(at_ms, &random).into_uuid())
            }

            /// Wraps 16 bytes that already are an identifier.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// Reads the hyphenated form.
            ///
            /// # Errors
            /// [`NotAnId`] for anything else.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Self::parse(text)
            }
        }

        impl rusqlite::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(rusqlite::types::ToSqlOutput::from(self.as_bytes().as_slice()))
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                <[u8; 16]>::column_result(value).map(Self::from_bytes)
            }
        }
    )*};
}

ids! {
    /// One saved change.
    RevisionId, "string & { readonly __id: \"RevisionId\" }";
    /// Anything that has revisions: a household, a visit, an area …
    RecordId, "string & { readonly __id: \"RecordId\" }";
    /// An author of a log: a tablet, or a station's console.
    DeviceId, "string & { readonly __id: \"DeviceId\" }";
    /// A station: the owner of a feed.
    StationId, "string & { readonly __id: \"StationId\" }";
    /// An officer; the same bytes as the [`RecordId`] of the officer's record.
    OfficerId, "string & { readonly __id: \"OfficerId\" }";
    /// An area; the same bytes as the [`RecordId`] of the area's record.
    AreaId, "string & { readonly __id: \"AreaId\" }";
    /// A form being filled in, on one tablet only.
    DraftId, "string & { readonly __id: \"DraftId\" }";
    /// A receipt.
    ReceiptId, "string & { readonly __id: \"ReceiptId\" }";
    /// A bundle: one export of a tablet; the answer to it has the same name.
    BundleId, "string & { readonly __id: \"BundleId\" }";
    /// The life of a station's store; a restored store begins a new one.
    EpochId, "string & { readonly __id: \"EpochId\" }";
}

impl From<AreaId> for RecordId {
    fn from(id: AreaId) -> Self {
        Self(id.0)
    }
}

impl From<OfficerId> for RecordId {
    fn from(id: OfficerId) -> Self {
        Self(id.0)
    }
}

impl From<RecordId> for AreaId {
    fn from(id: RecordId) -> Self {
        Self(id.0)
    }
}

impl From<RecordId> for OfficerId {
    fn from(id: RecordId) -> Self {
        Self(id.0)
    }
}

/// The text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identifier is a hyphenated UUID")]
pub struct NotAnId;
