//! Where tablet and station were found to hold something else.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::ReceiptId;
use crate::time::Instant;

/// Tablet and station did not hold the same, and what became of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Difference {
    /// When it was found, by this clock.
    pub at: Instant,
    /// Changes that this tablet lacked and has fetched.
    pub fetched: u64,
    /// Changes that the station lacked and is given back.
    pub returned: u64,
    /// Photos and signatures that the station lacked and is sent again.
    pub photos: u64,
    /// The receipt that states that both hold the same again; `None` while none does.
    pub settled_by: Option<ReceiptId>,
    /// When the station signed that.
    pub settled_at: Option<Instant>,
}
