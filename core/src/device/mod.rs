//! What makes a replica a tablet: the vault, drafts and forms, the transport, pictures, and the table of commands.

mod bundles;
mod bundling;
mod by_itself;
mod carrying;
pub mod commands;
mod doors;
mod entities;
mod error;
mod exports;
mod files;
mod forms;
mod nearby;
mod photo;
mod repairing;
pub mod services;
mod shut_out;
mod sync_run;
mod syncing;
mod tablet;
mod transport;
mod upload;
mod vault;

pub use bundling::Bundling;
pub use carrying::CarriedFor;
pub use doors::StationDoors;
pub use error::DeviceError;
pub use forms::Attached;
pub use nearby::{Announcement, LocalNetwork, Look, Meeting, Neighbour, Neighbourhood, SetNeighbours};
pub use photo::{MAX_PICTURE_BYTES, read_qr};
pub use sync_run::{Sides, SyncReport, run};
pub use tablet::{Services, Tablet};
pub use transport::Transport;
pub use upload::{Sending, Upload};
pub use vault::{Keys, Vault, check_pin};
