//! What a tablet that was shut out has to hand over: everything that the station has not said it has, whatever the reason.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::exchange::code_of;
use super::screens::rows;
use super::{Replica, ReplicaError, WaitingBlob};
use crate::bundle::{Aside, LeftDraft};
use crate::hash::Hash;
use crate::ids::{DeviceId, RevisionId};
use crate::sync::{Has, ReceiptBody};
use crate::time::Instant;

/// What is to be handed over.
#[derive(Clone, PartialEq, Debug)]
pub struct LastWork {
    /// The first place of the own log that is handed over …
    pub first: u64,
    /// … and the chain hash before it: a station that has less of the log needs more.
    pub before: Hash,
    /// Own revisions from there on.
    pub revisions: u64,
    /// Refused ones that nobody decided about, wherever they stand.
    pub refused: Vec<Aside>,
    /// Forms that were not finished.
    pub drafts: Vec<LeftDraft>,
    /// Photos and signatures that the station has not said it has.
    pub blobs: Vec<WaitingBlob>,
    /// Those that are here and that it has.
    pub kept_back: Vec<Hash>,
}

impl Replica {
    /// Whether a revision is here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn has_revision(&self, revision: RevisionId) -> Result<bool, ReplicaError> {
        self.reading(|connection| {
            connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM log WHERE id = ?1)")
                .and_then(|mut from| from.query_row([revision], |row| row.get(0)))
                .map_err(ReplicaError::sql("looking for a revision"))
        })
    }

    /// What a tablet hands over whose station has this of its work.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn last_work(&self, device: DeviceId, has: &Has) -> Result<LastWork, ReplicaError> {
        let covered = self.reading(|connection| covered_to(connection, device))?;
        let same = self.chain_at(device, has.seq)? == Some(has.chain);
        // A station that holds another log than this one has nothing of it for certain.
        let held = if same { covered.min(has.seq) } else { 0 };
        let before = self.chain_at(device, held)?.ok_or(ReplicaError::NotFound { what: "place of the log" })?;
        self.reading(|connection| {
            let revisions = connection
                .prepare_cached("SELECT count(*) FROM log WHERE device = ?1 AND seq > ?2")
                .and_then(|mut from| from.query_row(params![device, held], |row| row.get(0)))
                .map_err(ReplicaError::sql("counting what is handed over"))?;
            let lacking: BTreeSet<Hash> = has.blobs_missing.iter().copied().collect();
            let (blobs, kept_back) = blobs(connection, &lacking)?;
            let (refused, drafts) = (refused(connection, device)?, drafts(connection)?);
            Ok(LastWork { first: held + 1, before, revisions, refused, drafts, blobs, kept_back })
        })
    }
}

/// The place up to which a receipt states that the station holds the own log.
fn covered_to(connection: &Connection, device: DeviceId) -> Result<u64, ReplicaError> {
    let newest: Option<String> = connection
        .prepare_cached("SELECT body FROM receipt ORDER BY n DESC LIMIT 1")
        .and_then(|mut from| from.query_row([], |row| row.get(0)).optional())
        .map_err(ReplicaError::sql("reading the receipt"))?;
    let body: Option<ReceiptBody> =
        newest.map(|body| serde_json::from_str(&body).map_err(ReplicaError::Stored)).transpose()?;
    Ok(body.filter(|body| body.device == device).map_or(0, |body| body.own_seq))
}

fn refused(connection: &Connection, device: DeviceId) -> Result<Vec<Aside>, ReplicaError> {
    rows(
        connection,
        "SELECT seq, refused, body FROM log
         WHERE device = ?1 AND position IS NULL AND refused IS NOT NULL AND refused <> 'revision_known'
           AND NOT EXISTS (SELECT 1 FROM decision WHERE revision = log.id) ORDER BY seq",
        [device],
        |row| Ok(Aside { seq: row.get(0)?, code: code_of(&row.get::<_, String>(1)?), body: row.get(2)? }),
    )
}

fn drafts(connection: &Connection) -> Result<Vec<LeftDraft>, ReplicaError> {
    let mut drafts = rows(
        connection,
        "SELECT id, household, form, begun_ms, submission FROM draft WHERE deleted_ms IS NULL ORDER BY begun_ms, id",
        [],
        |row| {
            let (id, household, form) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let begun_ms = Instant::from_ms(row.get(3)?);
            Ok(LeftDraft { id, household, form, begun_ms, submission: row.get(4)?, files: Vec::new() })
        },
    )?;
    for draft in &mut drafts {
        draft.files =
            rows(connection, "SELECT name, hash FROM attachment WHERE draft = ?1 ORDER BY name", [draft.id], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
    }
    Ok(drafts)
}

/// The blobs that the station has not said it has, what is small first, and the others.
fn blobs(connection: &Connection, lacking: &BTreeSet<Hash>) -> Result<(Vec<WaitingBlob>, Vec<Hash>), ReplicaError> {
    let all = rows(
        connection,
        "SELECT hash, media_type, size_bytes, state IN ('waiting', 'draft') OR (state = 'stored' AND covered = 0)
         FROM blob WHERE bytes IS NOT NULL ORDER BY size_bytes, rowid",
        [],
        |row| {
            let blob =
                WaitingBlob { hash: row.get(0)?, media_type: row.get(1)?, size_bytes: row.get(2)?, upload: None };
            Ok((blob, row.get::<_, bool>(3)?))
        },
    )?;
    let (mut waiting, mut kept_back) = (Vec::new(), Vec::new());
    for (blob, unsure) in all {
        if unsure || lacking.contains(&blob.hash) {
            waiting.push(blob);
        } else {
            kept_back.push(blob.hash);
        }
    }
    Ok((waiting, kept_back))
}
