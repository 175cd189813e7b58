//! One way to speak to both databases: a transaction, its rows, their cells.
//!
//! Every query has one text for both. Parameters are `$1`, `$2` … and must first appear in this order: SQLite numbers
//! them as it meets them. What cannot be said in both dialects is said in a way that can (`CASE` for a greatest of two,
//! `ON CONFLICT DO NOTHING`, `NULLS FIRST`).

mod cell;
mod error;
mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::ops::ControlFlow;

use ailchin_core::error::Code;

use super::error::Fault;

pub(super) use cell::{Cell, FromCell, ToCell, cells};
pub use error::DatabaseError;
pub(super) use postgres::{PgTx, Pool};
pub(super) use sqlite::SqliteFile;

/// A transaction on either database.
pub(super) struct Tx<'t> {
    on: On<'t>,
    writes: bool,
}

enum On<'t> {
    Sqlite(&'t rusqlite::Transaction<'t>),
    Postgres(RefCell<PgTx<'t>>),
}

/// A row on either database, while it is read.
pub(super) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r ::postgres::Row),
}

impl<'t> Tx<'t> {
    fn sqlite(tx: &'t rusqlite::Transaction<'t>, writes: bool) -> Self {
        Self { on: On::Sqlite(tx), writes }
    }

    fn postgres(tx: PgTx<'t>, writes: bool) -> Self {
        Self { on: On::Postgres(RefCell::new(tx)), writes }
    }

    /// Whether PostgreSQL will undo the job, even if asked to commit it.
    fn has_failed(self) -> bool {
        matches!(self.on, On::Postgres(tx) if tx.borrow().has_failed())
    }

    /// Whether rows that others must not change meanwhile are read with `FOR UPDATE`. SQLite's writing transactions are
    /// alone anyway, and reading ones change nothing.
    pub(super) fn locks_rows(&self) -> bool {
        self.writes && matches!(self.on, On::Postgres(_))
    }

    /// The names of all tables that hold rows of stations.
    pub(super) fn tables(&self) -> Result<Vec<String>, Fault> {
        let text = match self.on {
            On::Sqlite(_) => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'
                 ORDER BY name"
            }
            On::Postgres(_) => {
                "SELECT table_name::text AS name FROM information_schema.tables
                 WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> 'store_form'
                 ORDER BY 1"
            }
        };
        self.all(text, &[], |row| row.get("name"))
    }

    /// The names of a table's columns.
    pub(super) fn columns(&self, table: &str) -> Result<Vec<String>, Fault> {
        let text = match self.on {
            On::Sqlite(_) => "SELECT name FROM pragma_table_info($1)",
            On::Postgres(_) => {
                "SELECT column_name::text AS name FROM information_schema.columns
                 WHERE table_schema = current_schema() AND table_name = $1::text ORDER BY ordinal_position"
            }
        };
        self.all(text, cells![table], |row| row.get("name"))
    }

    /// Does something to rows; how many there were.
    pub(super) fn execute(&self, sql: &str, cells: &[Cell<'_>]) -> Result<u64, Fault> {
        check(cells)?;
        match &self.on {
            On::Sqlite(tx) => Ok(sqlite::execute(tx, sql, cells)?),
            On::Postgres(tx) => Ok(tx.try_borrow_mut().map_err(|_| DatabaseError::RowsOpen)?.execute(sql, cells)?),
        }
    }

    /// Hands row after row to `take` until it breaks. No other statement may be begun meanwhile.
    pub(super) fn each(
        &self,
        sql: &str,
        cells: &[Cell<'_>],
        mut take: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        check(cells)?;
        match &self.on {
            On::Sqlite(tx) => sqlite::each(tx, sql, cells, &mut take),
            On::Postgres(tx) => tx.try_borrow_mut().map_err(|_| DatabaseError::RowsOpen)?.each(sql, cells, &mut take),
        }
    }

    /// All rows.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        cells: &[Cell<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut rows = Vec::new();
        self.each(sql, cells, |row| {
            rows.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// The first row, if there is one.
    pub(super) fn optional<T>(
        &self,
        sql: &str,
        cells: &[Cell<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let mut found = None;
        self.each(sql, cells, |row| {
            found = Some(read(row)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// The row of a question that always has one.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        cells: &[Cell<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.optional(sql, cells, read)?.ok_or(Fault::Sql(DatabaseError::NoRow))
    }

    /// Whether there is a row.
    pub(super) fn exists(&self, sql: &str, cells: &[Cell<'_>]) -> Result<bool, Fault> {
        self.optional(sql, cells, |_| Ok(())).map(|row| row.is_some())
    }
}

impl Row<'_> {
    /// What stands in a column.
    pub(super) fn get<T: FromCell>(&self, column: &str) -> Result<T, Fault> {
        T::from_cell(self.cell(column)?).ok_or_else(|| Fault::Sql(DatabaseError::Cell { column: column.to_owned() }))
    }

    /// The text of a column, where it lies.
    pub(super) fn text(&self, column: &str) -> Result<&str, Fault> {
        match self.cell(column)? {
            Cell::Text(text) => Ok(text),
            _ => Err(Fault::Sql(DatabaseError::Cell { column: column.to_owned() })),
        }
    }

    /// The cell of a column, where it lies.
    pub(super) fn cell(&self, column: &str) -> Result<Cell<'_>, Fault> {
        match self {
            Self::Sqlite(row) => Ok(sqlite::cell(row, column)?),
            Self::Postgres(row) => Ok(row.try_get(column).map_err(DatabaseError::from)?),
        }
    }
}

/// PostgreSQL cannot keep a NUL in a text: nobody keeps one.
fn check(cells: &[Cell<'_>]) -> Result<(), Fault> {
    let nul = cells.iter().any(|cell| matches!(cell, Cell::Text(text) if text.contains('\0')));
    if nul { Err(Fault::Refused(Code::Malformed)) } else { Ok(()) }
}
