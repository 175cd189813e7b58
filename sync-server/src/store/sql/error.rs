//! What a database says when it does not do something.

/// Why a database failed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite says so.
    #[error("SQLite failed")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL says so, or it cannot be reached.
    #[error("PostgreSQL failed")]
    Postgres(#[from] postgres::Error),
    /// Something else stands in the cell than this program writes there.
    #[error("the column {column} holds something else than this program writes there")]
    Cell {
        /// The column.
        column: String,
    },
    /// A question that always has an answer had none.
    #[error("a row is missing")]
    NoRow,
    /// A statement failed, and with it all that was done before.
    #[error("PostgreSQL has undone the whole job")]
    RolledBack,
    /// A statement was begun before the rows of another were read.
    #[error("a statement within the rows of another")]
    RowsOpen,
}

impl DatabaseError {
    /// Whether another transaction was in the way, and the same job may succeed when it is begun anew.
    pub(in crate::store) fn is_passing(&self) -> bool {
        use postgres::error::SqlState;
        let Self::Postgres(error) = self else { return false };
        matches!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED))
    }
}
