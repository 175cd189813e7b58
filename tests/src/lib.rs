//! The kit in which stories of tablets and a station are told, with a wire between them that fails where it is told to.
//!
//! | part | what it gives |
//! |---|---|
//! | [`station`] | a [`Station`]: real server, real store, a little generated data; beside the test or as a process |
//! | [`tablet`] | a [`Tablet`] beside the test, with a seeded clock; a [`TabletProgram`] whose every command is a process |
//! | [`yesterday`] | a [`Yesterday`]: a station that can be put back to a copy of its file |
//! | [`packs`] | packs with forms of a test, published by a station |
//! | [`proxy`] | a [`FaultProxy`]: counts, cuts after exactly a byte, does something at a byte |
//! | [`window`] | the tablet's real window, driven by an officer's hands and eyes |
//! | [`sim`] | whole stories that a seed decides, in virtual time, with every kind of fault |
//! | [`fuzz`] | damaged bytes for every parser that meets the outside |
//! | [`Dice`] | choices that a seed determines |
//! | [`cluster`] | a throw-away PostgreSQL; what really stands in a store |
//! | [`programs`] | the programs under test, built and started |
//!
//! ```no_run
//! use ailchin_tests::{Land, Station, Tablet};
//!
//! let station = Station::here(Land::default());
//! let tablet = Tablet::enrolled(1, &station.invite(0));
//! tablet.syncs();
//! tablet.writes(station.households[0], "phone", "13900000001");
//! assert_eq!(tablet.syncs().pushed, 1);
//! ```
//! Time and seeds are arguments, ports are free ones, nothing sleeps to be ready, and processes end with the value that
//! started them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what is not as expected ends the test")]

pub mod cluster;
pub mod fuzz;
pub mod packs;
pub mod programs;
pub mod proxy;
pub mod sim;
pub mod station;
pub mod tablet;
pub mod window;
pub mod yesterday;

use ailchin_core::time::Instant;
use ailchin_core::world::{Seeded, World as _};

pub use proxy::{FaultProxy, Passed, Way};
pub use station::{Land, Station};
pub use tablet::{Tablet, TabletProgram};
pub use yesterday::Yesterday;

/// When stories begin: 2026-07-01, 09:00 at the station.
pub const NOW: Instant = Instant::from_ms(1_782_867_600_000);

/// Choices that a seed determines.
#[derive(Debug)]
pub struct Dice(Seeded);

impl Dice {
    /// The choices of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Seeded::new(seed, NOW))
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill_random(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }
}
