//! Who may sync: one at a time, whatever threads and processes have the replica open.
//!
//! The row in `sync_lease` decides: whoever syncs looks at each step whether it still bears his name. A lock on an empty
//! database beside the replica, taken by SQLite as on every system it runs on, tells whether the holder still lives, because
//! the system lets go of it when a process ends, however it ends. No clock is asked, so none that jumps can keep the lease
//! for ever or give it to two.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};

use super::{Replica, ReplicaError};
use crate::world::World;

/// The right to sync.
#[derive(Debug)]
pub(super) struct Lease {
    holder: [u8; 16],
    /// Locked as long as the holder lives; `None` for a replica in memory, which nobody else can open.
    _life: Option<Connection>,
}

impl Replica {
    /// Takes the lease; it ends with [`Replica::give_lease_back`], with the replica, or with the process.
    ///
    /// # Errors
    /// [`ReplicaError::Leased`] if somebody who lives has it.
    pub fn take_lease(&mut self, world: &dyn World) -> Result<(), ReplicaError> {
        let mut holder = [0; 16];
        world.fill_random(&mut holder);
        let path = self.life_path();
        let life = self.writing(|tx| {
            let life = path.as_deref().map(locked).transpose()?;
            tx.execute("INSERT OR REPLACE INTO sync_lease VALUES (1, ?1)", [holder])
                .map_err(ReplicaError::sql("taking the lease"))?;
            Ok(life)
        })?;
        self.lease = Some(Lease { holder, _life: life });
        Ok(())
    }

    /// Looks whether the lease is still held by whoever took it here; a replica that never took one needs none.
    ///
    /// # Errors
    /// [`ReplicaError::Leased`] if somebody else has it.
    pub fn keeps_lease(&self) -> Result<(), ReplicaError> {
        let Some(lease) = &self.lease else { return Ok(()) };
        let holder: Option<[u8; 16]> = self.reading(|connection| {
            connection
                .prepare_cached("SELECT holder FROM sync_lease")
                .and_then(|mut from| from.query_row([], |row| row.get(0)).optional())
                .map_err(ReplicaError::sql("looking who has the lease"))
        })?;
        if holder == Some(lease.holder) { Ok(()) } else { Err(ReplicaError::Leased) }
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// What SQLite says; the next one finds then that the holder is gone.
    pub fn give_lease_back(&mut self) -> Result<(), ReplicaError> {
        let Some(lease) = self.lease.take() else { return Ok(()) };
        self.writing(|tx| {
            tx.execute("DELETE FROM sync_lease WHERE holder = ?1", params![lease.holder])
                .map_err(ReplicaError::sql("giving the lease back"))?;
            Ok(())
        })
    }

    /// The database whose lock tells that a holder lives.
    fn life_path(&self) -> Option<String> {
        self.connection.path().filter(|path| !path.is_empty()).map(|path| format!("{path}.sync"))
    }
}

fn locked(path: &str) -> Result<Connection, ReplicaError> {
    let life = Connection::open(path).map_err(ReplicaError::sql("looking whether a sync lives"))?;
    let locked = life.busy_timeout(Duration::ZERO).and_then(|()| life.execute_batch("BEGIN EXCLUSIVE"));
    match locked {
        Ok(()) => Ok(life),
        Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Err(ReplicaError::Leased),
        Err(cause) => Err(ReplicaError::sql("looking whether a sync lives")(cause)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::time::Instant;
    use crate::world::Seeded;

    fn opened(folder: &Path) -> Replica {
        Replica::open(&folder.join("replica.db"), None).unwrap()
    }

    #[test]
    fn one_at_a_time_has_the_lease_and_the_next_one_after_it_was_given_back_or_its_holder_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let world = Seeded::new(1, Instant::from_ms(1_000));
        let (mut one, mut other) = (opened(folder.path()), opened(folder.path()));
        one.take_lease(&world).unwrap();
        assert!(matches!(other.take_lease(&world), Err(ReplicaError::Leased)));
        one.keeps_lease().unwrap();
        one.give_lease_back().unwrap();
        other.take_lease(&world).unwrap();
        assert!(matches!(one.take_lease(&world), Err(ReplicaError::Leased)));
        // As a process that ends: the row stays, the lock does not.
        drop(other);
        one.take_lease(&world).unwrap();
        one.keeps_lease().unwrap();
    }

    #[test]
    fn a_clock_that_jumps_years_keeps_nobody_out_and_lets_nobody_in() {
        const YEARS_MS: i64 = 20 * 365 * 86_400_000;
        let folder = tempfile::tempdir().unwrap();
        let world = Seeded::new(1, Instant::from_ms(1_000));
        let mut one = opened(folder.path());
        for jump in [YEARS_MS, -2 * YEARS_MS, YEARS_MS] {
            one.take_lease(&world).unwrap();
            world.advance_ms(jump);
            let mut other = opened(folder.path());
            assert!(matches!(other.take_lease(&world), Err(ReplicaError::Leased)), "still held");
            one.keeps_lease().unwrap();
            one = opened(folder.path());
            other.take_lease(&world).unwrap();
            other.give_lease_back().unwrap();
        }
    }

    #[test]
    fn whoever_lost_the_lease_is_told_at_the_next_step_and_does_not_end_the_one_of_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let world = Seeded::new(1, Instant::from_ms(1_000));
        let (mut one, mut other) = (opened(folder.path()), opened(folder.path()));
        one.take_lease(&world).unwrap();
        // Somebody tidies the folder under a running sync.
        std::fs::remove_file(folder.path().join("replica.db.sync")).unwrap();
        other.take_lease(&world).unwrap();
        assert!(matches!(one.keeps_lease(), Err(ReplicaError::Leased)));
        one.give_lease_back().unwrap();
        other.keeps_lease().unwrap();
    }

    #[test]
    fn a_replica_in_memory_is_its_own() {
        let world = Seeded::new(1, Instant::from_ms(1_000));
        let mut replica = Replica::in_memory().unwrap();
        replica.keeps_lease().unwrap();
        replica.take_lease(&world).unwrap();
        replica.keeps_lease().unwrap();
        replica.give_lease_back().unwrap();
    }
}
