//! What a record is: immutable revisions, their merge into a state, and the kinds the product knows.
//!
//! Pure: no file, no clock, no randomness. How revisions are stored is [`crate::replica`]'s, how they travel [`crate::sync`]'s.

mod ancestry;
mod conflict;
mod erase;
mod history;
mod kinds;
mod log;
mod merge;
mod revision;

pub use conflict::{AreaDispute, Dispute, Move, Side, area_dispute, area_of, disputes, disputes_seen, parents_of};
pub use erase::{BLOBS, REASON, body_hash};
pub use history::{FieldChange, Step, history};
pub use kinds::{
    Activity, Area, Case, Device, EraseReason, FieldWrong, Grade, Household, Kind, Level, Names, Officer, Person,
    Place, Role, Season, Task, Visit, blobs, check_fields,
};
pub use log::{Checkpoint, CheckpointWrong, Entry, EntryUnreadable, Stretch, chain, genesis};
pub use merge::{State, Write, fold};
pub use revision::{Fields, MAX_BODY_BYTES, MAX_PARENTS, Revision};
