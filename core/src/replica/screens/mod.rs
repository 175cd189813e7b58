//! The questions of the screens, one file each; shared here is how rows are read.

mod cases;
mod household;
mod households;
mod neighbours;
mod receipts;
mod standing;
mod tasks;
mod today;
mod visit;

pub(super) use households::area_lines;

use rusqlite::Connection;

use super::{Replica, ReplicaError, exchange};
use crate::ids::{AreaId, RecordId};
use crate::record::Kind;

pub(in crate::replica) fn small<P: rusqlite::Params>(
    connection: &Connection,
    sql: &str,
    values: P,
) -> Result<u32, ReplicaError> {
    Ok(u32::try_from(exchange::count(connection, sql, values)?).unwrap_or(u32::MAX))
}

pub(in crate::replica) fn rows<T>(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, ReplicaError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut from| from.query_map(values, read)?.collect())
        .map_err(ReplicaError::sql("reading for a screen"))
}

impl Replica {
    /// How many records have an undecided conflict.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn conflicted(&self) -> Result<u32, ReplicaError> {
        self.reading(conflicted)
    }

    /// The kind and scope of a record, to save a change of it.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn place_of(&self, record: RecordId) -> Result<(Kind, AreaId), ReplicaError> {
        self.reading(|connection| exchange::record_place(connection, record))
    }
}

fn conflicted(connection: &Connection) -> Result<u32, ReplicaError> {
    small(connection, "SELECT count(*) FROM record WHERE conflicts IS NOT NULL", [])
}
