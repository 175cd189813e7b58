//! First replication, beside the bare SQLite work under it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ailchin_core::device::StationDoors as _;
use ailchin_core::replica::{FileKey, Replica};
use ailchin_core::world::{Machine, World as _};

use crate::measure::Samples;
use crate::rows::{KEY, Rows};
use crate::station::{DemoStation, Door};
use crate::{Failure, note};

pub(crate) struct Replicated {
    pub(crate) path: PathBuf,
    pub(crate) replica: Replica,
    pub(crate) door: Door,
    pub(crate) records: u32,
    pub(crate) revisions: u32,
    pub(crate) persons: u32,
    pub(crate) whole: Samples,
    pub(crate) receive: Samples,
    pub(crate) insert: Samples,
    pub(crate) wire_bytes: u64,
    pub(crate) zstd_bytes: u64,
}

/// Replicates the station several times, each time beside the bare insert of the same rows; keeps the last replica.
pub(crate) fn measure(station: &DemoStation, folder: &Path, times: usize) -> Result<Replicated, Failure> {
    let (mut whole, mut receive, mut insert) = (Samples::default(), Samples::default(), Samples::default());
    let mut last = None;
    for time in 0..times {
        let path = folder.join(format!("replica-{time}.db"));
        let door = station.enrol()?;
        let mut replica = Replica::open(&path, Some(&FileKey::new(KEY)))?;
        replica.set_scopes(&door.scopes)?;
        let begun = Instant::now();
        let mut receiving = Duration::ZERO;
        let (mut after, mut wire_bytes) = (0, 0);
        loop {
            let packed = door.transport.pull(after)?;
            wire_bytes += packed.len() as u64;
            let unpacking = Instant::now();
            let pulled = ailchin_core::sync::read_batch(&packed)?;
            replica.receive(door.device, &pulled, Some(pulled.end.end), Machine.now())?;
            receiving += unpacking.elapsed();
            after = pulled.end.end;
            if !pulled.end.more {
                break;
            }
        }
        whole.add(begun.elapsed());
        receive.add(receiving);

        let rows = Rows::of(&path)?;
        insert.add(rows.insert_into(&folder.join(format!("bare-{time}.db")))?);
        note(&format!("replication {} of {times}", time + 1));
        last = Some((path, replica, door, wire_bytes, rows));
    }
    let (path, replica, door, wire_bytes, rows) = last.ok_or("nothing was replicated")?;
    let (records, revisions, persons) = (rows.count("record")?, rows.count("log")?, rows.count("person")?);
    let zstd_bytes = rows.packed_bytes()?;
    Ok(Replicated { path, replica, door, records, revisions, persons, whole, receive, insert, wire_bytes, zstd_bytes })
}
