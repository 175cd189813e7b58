//! What a replica notes about itself and its station.

use rusqlite::types::{FromSql, ToSql};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{Replica, ReplicaError};

pub(super) fn meta<T: FromSql>(connection: &Connection, key: &str) -> Result<Option<T>, ReplicaError> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")
        .and_then(|mut from| from.query_row([key], |row| row.get(0)).optional())
        .map_err(ReplicaError::sql("reading a note"))
}

pub(super) fn set_meta(tx: &Transaction<'_>, key: &str, value: &dyn ToSql) -> Result<(), ReplicaError> {
    tx.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")
        .and_then(|mut to| to.execute(params![key, value]))
        .map_err(ReplicaError::sql("writing a note"))?;
    Ok(())
}

/// Which station this replica belongs to, and how to reach it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct StationNote {
    /// The station.
    pub station: crate::ids::StationId,
    /// Its address.
    pub address: String,
    /// SHA-256 of its certificate; `None` for plain HTTP on loopback.
    pub fingerprint: Option<String>,
    /// The key that signs its receipts.
    #[serde(with = "crate::sync::key_hex")]
    pub station_key: ed25519_dalek::VerifyingKey,
}

impl Replica {
    /// The station this replica belongs to.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn station(&self) -> Result<Option<StationNote>, ReplicaError> {
        let json: Option<String> = self.reading(|connection| meta(connection, "station"))?;
        json.map(|json| serde_json::from_str(&json).map_err(ReplicaError::Stored)).transpose()
    }

    /// Notes the station this replica belongs to.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_station(&mut self, note: &StationNote) -> Result<(), ReplicaError> {
        let json = serde_json::to_string(note).map_err(ReplicaError::Stored)?;
        self.writing(|tx| set_meta(tx, "station", &json))
    }

    /// The token to try first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn token(&self) -> Result<Option<String>, ReplicaError> {
        self.reading(|connection| meta(connection, "token"))
    }

    /// Keeps the token to try first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep_token(&mut self, token: &str) -> Result<(), ReplicaError> {
        self.writing(|tx| set_meta(tx, "token", &token))
    }
}
