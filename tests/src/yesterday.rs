//! A station that can be put back to yesterday's copy of its file, and tablets that find it again wherever it listens.

use std::path::Path;

use crate::{FaultProxy, Land, Station, Tablet};

/// A station, the ways of its tablets, and a copy of its file.
#[derive(Debug)]
pub struct Yesterday {
    /// The station.
    pub station: Station,
    wires: Vec<FaultProxy>,
}

impl Yesterday {
    /// A station that serves beside the test.
    #[must_use]
    pub fn new(land: Land) -> Self {
        Self { station: Station::here(land), wires: Vec::new() }
    }

    /// A tablet of an officer that goes on finding the station.
    ///
    /// # Panics
    /// If the station does not let it in.
    pub fn tablet(&mut self, seed: u64, officer: usize) -> Tablet {
        let wire = FaultProxy::to(&self.station.address());
        let tablet = Tablet::enrolled(seed, &self.station.invite_by(officer, &wire.address()));
        self.wires.push(wire);
        tablet
    }

    /// Keeps a copy of the station's file.
    ///
    /// # Panics
    /// If it cannot be copied.
    pub fn backs_up(&mut self) {
        self.closed(|store| std::fs::copy(store, store.with_extension("copy")));
    }

    /// Puts the station back to the copy. Nobody tells it.
    ///
    /// # Panics
    /// If there is none.
    pub fn is_put_back(&mut self) {
        self.closed(|store| std::fs::copy(store.with_extension("copy"), store));
    }

    /// Works on the station's file while nobody has it open.
    ///
    /// # Panics
    /// If that fails.
    pub fn closed(&mut self, copy: impl FnOnce(&Path) -> std::io::Result<u64>) {
        self.station.close();
        copy(&self.station.folder().join("station.db")).unwrap();
        self.station.open_here();
        self.wires.iter().for_each(|wire| wire.turn_to(&self.station.address()));
    }
}
