//! How hashes, positions and instants stand in a row.

use ailchin_core::hash::Hash;
use ailchin_core::time::Instant;
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A hash as a cell of 32 bytes.
#[derive(Clone, Copy)]
pub(super) struct HashCell(pub(super) Hash);

impl ToSql for HashCell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.as_bytes().as_slice()))
    }
}

impl FromSql for HashCell {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 32]>::column_result(value).map(|bytes| Self(Hash::from_bytes(bytes)))
    }
}

/// A position, place or count. SQLite's integers are signed: greater ones are never stored and compare as the greatest.
pub(super) fn cell(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A position, place or count of a row.
pub(super) fn number(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// A hash of a row.
pub(super) fn hash(row: &Row<'_>, column: &str) -> rusqlite::Result<Hash> {
    row.get::<_, HashCell>(column).map(|cell| cell.0)
}

/// An instant of a row.
pub(super) fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Instant> {
    row.get(column).map(Instant::from_ms)
}
