//! Generated data of a whole station, determined by a seed.

pub mod names;

use ailchin_core::ids::StationId;
use ailchin_core::time::Instant;

use crate::store::{Store, StoreError};

/// How much is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Households.
    pub households: u32,
    /// Visits.
    pub visits: u32,
    /// Months over which they are spread.
    pub months: u32,
}

/// What was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Made {
    /// The station.
    pub station: StationId,
    /// Areas.
    pub areas: u64,
    /// Officers.
    pub officers: u64,
    /// Households.
    pub households: u64,
    /// Persons.
    pub persons: u64,
    /// Visits.
    pub visits: u64,
    /// Tasks.
    pub tasks: u64,
    /// Later changes of households and tasks.
    pub amendments: u64,
    /// Revisions in all.
    pub revisions: u64,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is a station already.
    #[error("the store holds a station already: demo data goes into an empty folder")]
    NotEmpty,
    /// The store failed or refused.
    #[error("storing generated data")]
    Store(#[from] StoreError),
}

/// Fills an empty store.
///
/// # Errors
/// [`DemoError`].
pub fn fill(_store: &Store, _seed: u64, _size: Size, _now: Instant) -> Result<Made, DemoError> {
    Err(DemoError::NotEmpty)
}
