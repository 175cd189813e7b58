//! Saving: one use case is one transaction that adds revisions to the own log and brings everything up to them.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::notes::{meta, set_meta};
use super::{Replica, ReplicaError, erase, fold, lists, tablet};
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, OfficerId, RecordId, RevisionId};
use crate::record::{Entry, Fields, Kind, MAX_BODY_BYTES, Revision, blobs, check_fields, genesis, parents_of};
use crate::time::Hlc;
use crate::world::World;

/// On which device, and who.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Author {
    /// The device whose log grows.
    pub device: DeviceId,
    /// Who makes the change.
    pub officer: OfficerId,
}

/// A change to be saved.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// The record, new or known.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// The scope it belongs to from now on.
    pub area: AreaId,
    /// What changes.
    pub fields: Fields,
}

impl Replica {
    /// Saves changes, all or none: after this returns they survive a power cut.
    ///
    /// # Errors
    /// [`ReplicaError::Field`] or [`ReplicaError::TooLarge`] if a change may not be saved, otherwise what SQLite says. Nothing is saved then.
    pub fn save(
        &mut self,
        author: Author,
        world: &dyn World,
        changes: &[Change],
    ) -> Result<Vec<RevisionId>, ReplicaError> {
        self.writing(|tx| append(tx, author, world, changes))
    }

    /// Saves a change whose author saw these revisions of the record, and perhaps not the ones that came since: what was
    /// not seen is not overwritten, but stands beside the change.
    ///
    /// # Errors
    /// As [`Replica::save`]; [`ReplicaError::NotFound`] if a revision that was seen is not here.
    pub fn save_seen(
        &mut self,
        author: Author,
        world: &dyn World,
        change: &Change,
        seen: &[RevisionId],
    ) -> Result<RevisionId, ReplicaError> {
        self.writing(|tx| append_seen(tx, author, world, change, seen))
    }

    /// Saves changes and makes the draft they came from disappear, all or none.
    pub(super) fn save_finished(
        &mut self,
        author: Author,
        world: &dyn World,
        finished: &tablet::FinishedForm,
    ) -> Result<Vec<RevisionId>, ReplicaError> {
        let (changes, draft) = (&finished.changes, finished.draft);
        self.writing(|tx| {
            let mut made = Vec::with_capacity(changes.len());
            for change in changes {
                made.push(match finished.based.get(&change.record) {
                    Some(seen) => append_seen(tx, author, world, change, &lists::heads_of(tx, change.record, *seen)?)?,
                    None => append(tx, author, world, std::slice::from_ref(change))?.remove(0),
                });
            }
            let named = changes.iter().flat_map(|change| blobs(&change.fields)).map(|(hash, _)| hash);
            tablet::close_draft(tx, draft, named)?;
            Ok(made)
        })
    }
}

fn append(
    tx: &Transaction<'_>,
    author: Author,
    world: &dyn World,
    changes: &[Change],
) -> Result<Vec<RevisionId>, ReplicaError> {
    let author = now_named(tx, author)?;
    let mut head = Head::read(tx, author.device)?;
    let mut made = Vec::with_capacity(changes.len());
    for change in changes {
        let heads = fold::load(tx, change.record)?.map(|(_, row)| row.heads).unwrap_or_default();
        let parents = parents(tx, change.record, Seen::Heads(heads))?;
        made.push(append_one(tx, author, world, &mut head, change, parents)?);
    }
    Ok(made)
}

/// Adds one change by an author who saw these revisions.
pub(super) fn append_seen(
    tx: &Transaction<'_>,
    author: Author,
    world: &dyn World,
    change: &Change,
    seen: &[RevisionId],
) -> Result<RevisionId, ReplicaError> {
    let author = now_named(tx, author)?;
    let mut head = Head::read(tx, author.device)?;
    let parents = parents(tx, change.record, Seen::These(seen))?;
    append_one(tx, author, world, &mut head, change, parents)
}

/// The author under the name that the device has now: a sync may have given it another one meanwhile.
fn now_named(connection: &Connection, author: Author) -> Result<Author, ReplicaError> {
    Ok(Author { device: meta(connection, "device")?.unwrap_or(author.device), ..author })
}

fn append_one(
    tx: &Transaction<'_>,
    author: Author,
    world: &dyn World,
    head: &mut Head,
    change: &Change,
    parents: Vec<RevisionId>,
) -> Result<RevisionId, ReplicaError> {
    check_fields(&change.kind, &change.fields)?;
    erase::check(tx, change)?;
    head.hlc = head.hlc.tick(world.now());
    let entry = Entry::write(Revision {
        id: RevisionId::new(world),
        record: change.record,
        kind: change.kind.clone(),
        area: change.area,
        device: author.device,
        seq: head.seq + 1,
        officer: author.officer,
        at_ms: world.now(),
        hlc: head.hlc,
        parents,
        fields: change.fields.clone(),
        erased: None,
    })?;
    if entry.body.len() > MAX_BODY_BYTES {
        return Err(ReplicaError::TooLarge { bytes: entry.body.len() });
    }
    head.follow(&entry);
    add_new_to_log(tx, &entry, head.chain)?;
    fold::apply(tx, &entry.revision)?;
    Ok(entry.revision.id)
}

/// What an author saw of a record.
enum Seen<'a> {
    /// All that is here, of which these are the heads.
    Heads(Vec<RevisionId>),
    /// These and what was before them.
    These(&'a [RevisionId]),
}

/// The parents of a change by somebody who saw this. As long as one of the record's revisions may still be refused, they
/// must do also without it.
fn parents(tx: &Transaction<'_>, record: RecordId, seen: Seen<'_>) -> Result<Vec<RevisionId>, ReplicaError> {
    let doing = ReplicaError::sql;
    if matches!(&seen, Seen::Heads(heads) if heads.is_empty()) {
        return Ok(Vec::new());
    }
    let mut statement = tx
        .prepare_cached("SELECT id FROM log WHERE record = ?1 AND position IS NULL")
        .map_err(doing("reading what is not confirmed"))?;
    let unconfirmed = statement
        .query_map([record], |row| row.get(0))
        .and_then(Iterator::collect::<Result<HashSet<RevisionId>, _>>)
        .map_err(doing("reading what is not confirmed"))?;
    let seen = match seen {
        Seen::Heads(heads) if unconfirmed.is_empty() => return Ok(heads),
        Seen::Heads(heads) => heads,
        Seen::These(these) => these.to_vec(),
    };
    let revisions = fold::revisions(tx, record)?;
    parents_of(&revisions, &seen, |id| !unconfirmed.contains(&id)).ok_or(ReplicaError::NotFound { what: "revision" })
}

/// Where a revision stands at the station.
#[derive(Clone, Copy)]
pub(super) struct Stands {
    pub(super) position: u64,
    /// The area it counts in, if this device holds that.
    pub(super) filed: Option<AreaId>,
}

/// Adds an entry to the end of the own log.
pub(super) fn add_new_to_log(tx: &Transaction<'_>, entry: &Entry, chain: Hash) -> Result<(), ReplicaError> {
    if add_to_log(tx, entry, Some(chain), None)? { Ok(()) } else { Err(ReplicaError::Forked) }
}

/// Adds an entry, unless its place or its name is taken: then `false`.
pub(super) fn add_to_log(
    tx: &Transaction<'_>,
    entry: &Entry,
    chain: Option<Hash>,
    stands: Option<Stands>,
) -> Result<bool, ReplicaError> {
    let revision = &entry.revision;
    let added = tx
        .prepare_cached(
            "INSERT INTO log (id, record, area, device, seq, body_hash, chain, body, position, filed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
        )
        .and_then(|mut to| {
            to.execute(params![
                revision.id,
                revision.record,
                revision.area,
                revision.device,
                revision.seq,
                entry.body_hash,
                chain,
                entry.body,
                stands.map(|stands| stands.position),
                stands.and_then(|stands| stands.filed)
            ])
        })
        .map_err(ReplicaError::sql("adding to the log"))?;
    if added == 0 {
        return Ok(false);
    }
    for (hash, _) in blobs(&revision.fields) {
        tx.prepare_cached("INSERT OR IGNORE INTO blob_named VALUES (?1, ?2, ?3)")
            .and_then(|mut to| to.execute(params![revision.device, revision.seq, hash]))
            .map_err(ReplicaError::sql("noting the blobs of a revision"))?;
    }
    Ok(true)
}

/// The end of the own log.
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) chain: Hash,
    hlc: Hlc,
}

impl Head {
    pub(super) fn read(connection: &Connection, device: DeviceId) -> Result<Self, ReplicaError> {
        let doing = ReplicaError::sql;
        let last = connection
            .prepare_cached("SELECT seq, chain, body FROM log WHERE device = ?1 ORDER BY seq DESC LIMIT 1")
            .and_then(|mut from| {
                from.query_row([device], |row| {
                    Ok((row.get::<_, u64>(0)?, row.get::<_, Option<Hash>>(1)?, row.get::<_, String>(2)?))
                })
                .optional()
            })
            .map_err(doing("reading the end of the log"))?;
        let gone = connection
            .prepare_cached("SELECT seq, chain FROM gone WHERE device = ?1 ORDER BY seq DESC LIMIT 1")
            .and_then(|mut from| from.query_row([device], |row| Ok((row.get(0)?, row.get(1)?))).optional())
            .map_err(doing("reading the end of the log"))?;
        let seen = seen_hlc(connection)?;
        let mut head = Self { seq: 0, chain: genesis(device), hlc: seen };
        if let Some((seq, chain)) = gone {
            (head.seq, head.chain) = (seq, chain);
        }
        if let Some((seq, chain, body)) = last.filter(|(seq, ..)| *seq > head.seq) {
            let Stamp { hlc } = serde_json::from_str(&body).map_err(ReplicaError::Stored)?;
            head = Self { seq, chain: chain.ok_or(ReplicaError::Forked)?, hlc: hlc.max(seen) };
        }
        Ok(head)
    }

    /// An entry was added.
    pub(super) fn follow(&mut self, entry: &Entry) {
        self.seq = entry.revision.seq;
        self.chain = entry.chain_after(self.chain);
    }

    /// Keeps the reading, whatever the last entry of the log will be.
    pub(super) fn keep_clock(&self, tx: &Transaction<'_>) -> Result<(), ReplicaError> {
        keep_hlc(tx, self.hlc)
    }
}

#[derive(serde::Deserialize)]
struct Stamp {
    hlc: Hlc,
}

/// The greatest reading seen from others.
pub(super) fn seen_hlc(connection: &Connection) -> Result<Hlc, ReplicaError> {
    let text: Option<String> = meta(connection, "hlc_seen")?;
    match text {
        Some(json) => serde_json::from_str(&json).map_err(ReplicaError::Stored),
        None => Ok(Hlc::ZERO),
    }
}

/// Keeps the greatest reading.
pub(super) fn keep_hlc(tx: &Transaction<'_>, hlc: Hlc) -> Result<(), ReplicaError> {
    set_meta(tx, "hlc_seen", &serde_json::to_string(&hlc).map_err(ReplicaError::Stored)?)
}
