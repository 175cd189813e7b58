//! What stands in a cell of a row, on either database, and how the words of the domain become cells and come back.

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, BundleId, DeviceId, EpochId, OfficerId, ReceiptId, RecordId, RevisionId, StationId};
use ailchin_core::time::Instant;

/// A cell, on its way in or out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::store) enum Cell<'a> {
    Null,
    Number(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// What can be written into a cell.
pub(in crate::store) trait ToCell {
    fn cell(&self) -> Cell<'_>;
}

/// What can be read out of a cell; `None` if something else stands there.
pub(in crate::store) trait FromCell: Sized {
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

/// The cells of a statement, in the order of `$1`, `$2` …
macro_rules! cells {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::ToCell::cell(&$value)),*] };
}
pub(in crate::store) use cells;

impl<T: ToCell + ?Sized> ToCell for &T {
    fn cell(&self) -> Cell<'_> {
        (**self).cell()
    }
}

impl<T: ToCell> ToCell for Option<T> {
    fn cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, ToCell::cell)
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if cell == Cell::Null { Some(None) } else { T::from_cell(cell).map(Some) }
    }
}

impl ToCell for i64 {
    fn cell(&self) -> Cell<'_> {
        Cell::Number(*self)
    }
}

impl FromCell for i64 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Number(number) = cell { Some(number) } else { None }
    }
}

/// A position, place or count. Integers of databases are signed: greater ones are never stored and compare as the greatest.
impl ToCell for u64 {
    fn cell(&self) -> Cell<'_> {
        Cell::Number(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl FromCell for u64 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        i64::from_cell(cell)?.try_into().ok()
    }
}

impl ToCell for u32 {
    fn cell(&self) -> Cell<'_> {
        Cell::Number(i64::from(*self))
    }
}

impl FromCell for u32 {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        i64::from_cell(cell)?.try_into().ok()
    }
}

impl ToCell for Instant {
    fn cell(&self) -> Cell<'_> {
        Cell::Number(self.as_ms())
    }
}

impl FromCell for Instant {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        i64::from_cell(cell).map(Self::from_ms)
    }
}

impl ToCell for str {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(self)
    }
}

impl ToCell for String {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(self)
    }
}

impl FromCell for String {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Text(text) = cell { Some(text.to_owned()) } else { None }
    }
}

impl ToCell for [u8] {
    fn cell(&self) -> Cell<'_> {
        Cell::Bytes(self)
    }
}

impl ToCell for Vec<u8> {
    fn cell(&self) -> Cell<'_> {
        Cell::Bytes(self)
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Bytes(bytes) = cell { Some(bytes.to_owned()) } else { None }
    }
}

impl<const N: usize> ToCell for [u8; N] {
    fn cell(&self) -> Cell<'_> {
        Cell::Bytes(self)
    }
}

impl<const N: usize> FromCell for [u8; N] {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Bytes(bytes) = cell { bytes.try_into().ok() } else { None }
    }
}

impl ToCell for Hash {
    fn cell(&self) -> Cell<'_> {
        Cell::Bytes(self.as_bytes())
    }
}

impl FromCell for Hash {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        <[u8; 32]>::from_cell(cell).map(Self::from_bytes)
    }
}

macro_rules! ids {
    ($($id:ty),*) => {$(
        impl ToCell for $id {
            fn cell(&self) -> Cell<'_> {
                Cell::Bytes(self.as_bytes())
            }
        }

        impl FromCell for $id {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                <[u8; 16]>::from_cell(cell).map(Self::from_bytes)
            }
        }
    )*};
}

ids!(AreaId, BundleId, DeviceId, EpochId, OfficerId, ReceiptId, RecordId, RevisionId, StationId);
