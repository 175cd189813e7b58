//! Whose the other tablets of the station are.

use rusqlite::OptionalExtension as _;

use crate::ids::{DeviceId, RecordId};
use crate::record::{self, Fields, Names};
use crate::replica::read::officer_name;
use crate::replica::{Replica, ReplicaError};

impl Replica {
    /// The name of the officer whose tablet this is; empty if that is not known here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn officer_of(&self, device: DeviceId) -> Result<Names, ReplicaError> {
        self.reading(|connection| {
            let fields: Option<String> = connection
                .prepare_cached("SELECT fields FROM record WHERE id = ?1 AND kind = 'device'")
                .and_then(|mut from| {
                    from.query_row([RecordId::from_bytes(*device.as_bytes())], |row| row.get(0)).optional()
                })
                .map_err(ReplicaError::sql("looking whose a tablet is"))?;
            let Some(fields) = fields else { return Ok(Names::default()) };
            let fields: Fields = serde_json::from_str(&fields).map_err(ReplicaError::Stored)?;
            match record::Device::read(&fields) {
                Some(device) => officer_name(connection, device.officer),
                None => Ok(Names::default()),
            }
        })
    }
}
