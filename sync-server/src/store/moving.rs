//! Moving a station to another store, whole: every row of every table, byte for byte. Blobs lie elsewhere and stay there.

use std::ops::ControlFlow;

use ailchin_core::error::Code;
use ailchin_core::ids::StationId;

use super::error::Fault;
use super::sql::{Cell, Tx, cells};
use super::{Store, StoreError, station};

/// Parameters of one statement; PostgreSQL takes 65,535, SQLite 32,766.
const PARAMETERS: usize = 1_000;

/// Bytes of one statement, about.
const BYTES: usize = 4 << 20;

/// What was moved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moved {
    /// The station.
    pub station: StationId,
    /// How many rows of each table.
    pub rows: Vec<(String, u64)>,
}

impl Store {
    /// Writes stations of this store into another one: all of them or, on an error, nothing. This one stays as it is and cannot
    /// be written to meanwhile; afterwards it must not be served any more.
    ///
    /// # Errors
    /// [`StoreError::StationThere`] if the other one holds such a station already; `not_found` for one that is not here.
    pub fn copy_to(&self, other: &Self, stations: &[StationId]) -> Result<Vec<Moved>, StoreError> {
        // Known before anything is locked: the other one may be this one.
        for row in other.stations()? {
            if stations.contains(&row.id) {
                return Err(StoreError::StationThere(row.id));
            }
        }
        self.write("moving a station out", |from| {
            other.database.write(|to| stations.iter().map(|station| copy(from, to, *station)).collect())
        })
    }
}

fn copy(from: &Tx<'_>, to: &Tx<'_>, station: StationId) -> Result<Moved, Fault> {
    station::require(from, station)?;
    match station::require(to, station) {
        Ok(_) => return Err(Fault::StationThere(station)),
        Err(Fault::Refused(Code::NotFound)) => {}
        Err(fault) => return Err(fault),
    }
    let rows = from.tables()?.into_iter().map(|table| {
        let rows = copy_table(from, to, &table, station)?;
        Ok((table, rows))
    });
    Ok(Moved { station, rows: rows.collect::<Result<_, Fault>>()? })
}

fn copy_table(from: &Tx<'_>, to: &Tx<'_>, table: &str, station: StationId) -> Result<u64, Fault> {
    let columns = from.columns(table)?;
    let mut rows = Rows { table, columns: &columns, cells: Vec::new(), bytes: 0, written: 0 };
    from.each(&format!("SELECT {} FROM {table} WHERE station = $1", columns.join(", ")), cells![station], |row| {
        for column in &columns {
            rows.take(row.cell(column)?);
        }
        if rows.cells.len() + columns.len() > PARAMETERS || rows.bytes > BYTES {
            rows.write(to)?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    rows.write(to)?;
    Ok(rows.written)
}

/// Rows that are read and not yet written.
struct Rows<'t> {
    table: &'t str,
    columns: &'t [String],
    cells: Vec<Kept>,
    bytes: usize,
    written: u64,
}

/// A cell that outlives its row.
enum Kept {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Rows<'_> {
    fn take(&mut self, cell: Cell<'_>) {
        self.cells.push(match cell {
            Cell::Null => Kept::Null,
            Cell::Number(number) => Kept::Number(number),
            Cell::Text(text) => {
                self.bytes += text.len();
                Kept::Text(text.to_owned())
            }
            Cell::Bytes(bytes) => {
                self.bytes += bytes.len();
                Kept::Bytes(bytes.to_owned())
            }
        });
    }

    fn write(&mut self, to: &Tx<'_>) -> Result<(), Fault> {
        if self.cells.is_empty() {
            return Ok(());
        }
        let cells: Vec<Cell<'_>> = self.cells.iter().map(Kept::cell).collect();
        let mut sql = format!("INSERT INTO {} ({}) VALUES ", self.table, self.columns.join(", "));
        for place in 1..=cells.len() {
            let first = place % self.columns.len() == 1 || self.columns.len() == 1;
            sql.push_str(match (first, place) {
                (true, 1) => "(",
                (true, _) => "), (",
                (false, _) => ", ",
            });
            sql.push_str(&format!("${place}"));
        }
        sql.push(')');
        self.written += to.execute(&sql, &cells)?;
        self.cells.clear();
        self.bytes = 0;
        Ok(())
    }
}

impl Kept {
    fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Number(number) => Cell::Number(*number),
            Self::Text(text) => Cell::Text(text),
            Self::Bytes(bytes) => Cell::Bytes(bytes),
        }
    }
}
